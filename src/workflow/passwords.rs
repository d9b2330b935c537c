//! Passwords: Argon2id, on threads of their own and only a few at a time.
//!
//! Every sign-in costs exactly one run, whether the user exists or not, so that its time tells nothing.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// 19 MiB, 2 passes, 1 lane: OWASP's first choice, about 30 ms.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Fewest and most characters of a password. The most bounds the work of hashing it.
pub const SHORTEST: usize = 10;
pub const LONGEST: usize = 200;

/// Runs at once in this process: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;

/// Hashes and checks passwords.
#[derive(Clone, Debug)]
pub struct Passwords {
    memory_kib: u32,
    places: Arc<Semaphore>,
    checked: Arc<AtomicUsize>,
}

/// Why hashing could not be done.
#[derive(Debug, thiserror::Error)]
#[error("hashing a password failed: {0}")]
pub struct HashFault(String);

fn fault(fault: impl Display) -> HashFault {
    HashFault(fault.to_string())
}

/// Blocks (of 1 KiB) that are asked for at once, of which only those are used that are needed: pieces beyond 32 MiB go back
/// to the system when they are freed. The C library keeps smaller ones for later, for each thread that ever hashed: some
/// sign-ins would leave hundreds of megabytes behind.
const ROOM: usize = 33 * 1024;

/// What Argon2id makes of a password.
fn run(password: &str, salt: &Salt, params: Params) -> Result<Output, HashFault> {
    let blocks = params.block_count();
    let mut memory = Vec::with_capacity(ROOM.max(blocks));
    memory.resize(blocks, Block::default());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, memory.as_mut_slice())
        .map_err(fault)?;
    Output::new(&output).map_err(fault)
}

/// Looks like a hash and is that of no known password: checked when there is no such user, at the price of any other.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn hash_now(password: &str, memory_kib: u32) -> Result<String, HashFault> {
    let params = Params::new(memory_kib, PASSES, LANES, Some(Params::DEFAULT_OUTPUT_LEN)).map_err(fault)?;
    let (salt, text) = (Salt::generate(), ParamsString::try_from(&params).map_err(fault)?);
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: text,
        hash: Some(run(password, &salt, params)?),
        salt: Some(salt),
    };
    Ok(hash.to_string())
}

fn verify_now(password: &str, hash: Option<&str>, checked: &AtomicUsize) -> bool {
    let known = hash.is_some();
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    let (Ok(params), Some(salt), Some(expected)) = (Params::try_from(&parsed), parsed.salt, parsed.hash) else {
        return false;
    };
    if parsed.algorithm != Algorithm::Argon2id.ident() || parsed.version != Some(Version::V0x13.into()) {
        return false;
    }
    checked.fetch_add(1, Ordering::Relaxed);
    // Compared in constant time.
    run(password, &salt, params).is_ok_and(|output| output == expected) && known
}

impl Passwords {
    #[must_use]
    pub fn new() -> Self {
        Self { memory_kib: MEMORY_KIB, checked: Arc::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Hashes that cost next to nothing, for companies that tests found by the hundred. Nothing sets it in a server.
    #[must_use]
    pub fn for_tests() -> Self {
        Self { memory_kib: Params::MIN_M_COST, ..Self::new() }
    }

    /// The hash to store for a password.
    pub async fn hash(&self, password: String) -> Result<String, HashFault> {
        let _place = self.places.acquire().await.map_err(fault)?;
        let memory_kib = self.memory_kib;
        tokio::task::spawn_blocking(move || hash_now(&password, memory_kib)).await.map_err(fault)?
    }

    /// Whether the password belongs to the hash. Without a hash the same work is done and the answer is no.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, HashFault> {
        let _place = self.places.acquire().await.map_err(fault)?;
        let checked = Arc::clone(&self.checked);
        tokio::task::spawn_blocking(move || verify_now(&password, hash.as_deref(), &checked)).await.map_err(fault)
    }
}

impl Passwords {
    /// How many runs of Argon2id were spent on checking passwords: one for each that was looked at.
    #[must_use]
    pub fn checked(&self) -> usize {
        self.checked.load(Ordering::Relaxed)
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let hash = hash_now("correct horse battery", MEMORY_KIB).unwrap();
        let runs = AtomicUsize::new(0);
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify_now("correct horse battery", Some(&hash), &runs));
        assert!(!verify_now("correct horse batterz", Some(&hash), &runs));
        assert!(!verify_now("a password that nobody has", None, &runs));
        assert!(!verify_now("x", Some("not a hash"), &runs));
        // Where there is nobody, as much is done as where there is somebody.
        assert_eq!(runs.load(Ordering::Relaxed), 3);
    }

    /// What the library itself makes of a password, as what was stored before.
    #[test]
    fn a_hash_of_the_library_is_one_of_ours() {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap();
        let library = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash: PasswordHash = library.hash_password(b"correct horse battery").unwrap();
        let runs = AtomicUsize::new(0);
        assert!(verify_now("correct horse battery", Some(&hash.to_string()), &runs));
        assert!(!verify_now("correct horse batterz", Some(&hash.to_string()), &runs));
        let ours = PasswordHash::new(&hash_now("correct horse battery", MEMORY_KIB).unwrap()).unwrap();
        assert!(library.verify_password(b"correct horse battery", &ours).is_ok());
    }

    #[test]
    fn the_hash_of_nobody_costs_what_any_other_costs() {
        let shape = |text: &str| {
            let hash = PasswordHash::new(text).unwrap();
            let parts = (hash.salt.map(|salt| salt.as_ref().len()), hash.hash.map(|hash| hash.as_bytes().len()));
            (hash.algorithm.to_string(), hash.version, hash.params.to_string(), parts)
        };
        assert_eq!(shape(NOBODY), shape(&hash_now("x", MEMORY_KIB).unwrap()));
    }
}

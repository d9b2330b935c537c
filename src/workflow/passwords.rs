//! Passwords: Argon2id, on threads of their own and only a few at a time.
//!
//! Every sign-in costs exactly one run, whether the user exists or not, so that its time tells nothing.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
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

fn argon2(memory_kib: u32) -> Result<Argon2<'static>, HashFault> {
    let params = Params::new(memory_kib, PASSES, LANES, None).map_err(|fault| HashFault(fault.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Looks like a hash and is that of no known password: checked when there is no such user, at the price of any other.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn hash_now(password: &str, memory_kib: u32) -> Result<String, HashFault> {
    argon2(memory_kib)?
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|fault| HashFault(fault.to_string()))
}

fn verify_now(password: &str, hash: Option<&str>, checked: &AtomicUsize) -> bool {
    let known = hash.is_some();
    let (Ok(parsed), Ok(argon2)) = (PasswordHash::new(hash.unwrap_or(NOBODY)), argon2(MEMORY_KIB)) else {
        return false;
    };
    checked.fetch_add(1, Ordering::Relaxed);
    argon2.verify_password(password.as_bytes(), &parsed).is_ok() && known
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
        let _place = self.places.acquire().await.map_err(|fault| HashFault(fault.to_string()))?;
        let memory_kib = self.memory_kib;
        tokio::task::spawn_blocking(move || hash_now(&password, memory_kib))
            .await
            .map_err(|fault| HashFault(fault.to_string()))?
    }

    /// Whether the password belongs to the hash. Without a hash the same work is done and the answer is no.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, HashFault> {
        let _place = self.places.acquire().await.map_err(|fault| HashFault(fault.to_string()))?;
        let checked = Arc::clone(&self.checked);
        tokio::task::spawn_blocking(move || verify_now(&password, hash.as_deref(), &checked))
            .await
            .map_err(|fault| HashFault(fault.to_string()))
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

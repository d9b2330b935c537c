//! The master key and what is derived from it. One file holds it; two keys may live while one replaces the other.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};

/// Fewest bytes of a master key.
pub const SHORTEST_KEY: usize = 32;

/// Bytes of a cursor's seal: 128 bits, which nobody guesses, in a text that stays short.
pub const SEAL_BYTES: usize = 16;

/// Keys derived from the master key, one for each purpose, so that what one leaks does not open another.
#[derive(Debug)]
pub struct Secrets {
    /// Signs access tokens; the first signs, all verify.
    pub token_keys: Vec<SecretSlice<u8>>,
    /// Seals cursors of lists; the first seals, all open.
    cursor_keys: Vec<SecretSlice<u8>>,
    /// Salts digests of personal values in the log.
    digest_key: SecretSlice<u8>,
    /// Makes the successor of a refresh token, so that a retry within its grace gets the same one.
    refresh_key: SecretSlice<u8>,
}

/// Why the master key cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyFault {
    #[error("the secret file holds no key")]
    None,
    #[error("a key of the secret file is shorter than {SHORTEST_KEY} bytes: it needs at least 64 hexadecimal digits")]
    Short,
    #[error("a key of the secret file is not hexadecimal")]
    NotHex,
    #[error("the secret file holds more than two keys")]
    TooMany,
}

impl Secrets {
    /// The text of a secret file: one or two lines of at least 64 hexadecimal digits; the first is the present key.
    pub fn from_text(text: &str) -> Result<Self, KeyFault> {
        let mut masters = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let key = hex::decode(line).map_err(|_| KeyFault::NotHex)?;
            if key.len() < SHORTEST_KEY {
                return Err(KeyFault::Short);
            }
            masters.push(key);
        }
        let first = masters.first().ok_or(KeyFault::None)?;
        if masters.len() > 2 {
            return Err(KeyFault::TooMany);
        }
        Ok(Self {
            token_keys: masters.iter().map(|key| derive(key, "access tokens")).collect(),
            cursor_keys: masters.iter().map(|key| derive(key, "cursors")).collect(),
            digest_key: derive(first, "digests of personal values"),
            refresh_key: derive(first, "refresh tokens"),
        })
    }

    /// A new secret file's text.
    #[must_use]
    pub fn fresh_text() -> String {
        let bytes: [u8; 32] = rand::random();
        format!(
            "# The master key of this installation. Keep it secret, back it up apart from the database.\n{}\n",
            hex::encode(bytes)
        )
    }

    /// A seal over the bytes of a cursor.
    #[must_use]
    pub fn seal_cursor(&self, bytes: &[u8]) -> Vec<u8> {
        self.cursor_keys.first().map(|key| seal(key, bytes)).unwrap_or_default()
    }

    /// Whether the seal is one of ours.
    #[must_use]
    pub fn is_cursor_seal(&self, bytes: &[u8], seal: &[u8]) -> bool {
        use subtle::ConstantTimeEq;
        self.cursor_keys.iter().any(|key| bool::from(self::seal(key, bytes).as_slice().ct_eq(seal)))
    }

    /// A salted digest of personal values: proves later what they were, tells nothing by itself.
    #[must_use]
    pub fn digest(&self, bytes: &[u8]) -> Vec<u8> {
        mac(&self.digest_key, bytes)
    }

    /// The refresh token that follows `token`: the same one each time it is asked for.
    #[must_use]
    pub fn successor(&self, token: &str) -> String {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(mac(&self.refresh_key, token.as_bytes()))
    }
}

/// A new opaque token: 256 random bits.
#[must_use]
pub fn fresh_token() -> String {
    use base64::Engine;
    let bytes: [u8; 32] = rand::random();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// What is stored of an opaque token. The token has 256 random bits, so a plain hash cannot be searched.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn derive(master: &[u8], purpose: &str) -> SecretSlice<u8> {
    let mut key = vec![0_u8; 32];
    // HKDF refuses only lengths over 8,160 bytes; a key that stayed zero would be found by the test.
    let filled = Hkdf::<Sha256>::new(Some(b"loudou"), master).expand(purpose.as_bytes(), &mut key);
    debug_assert!(filled.is_ok());
    key.into()
}

fn seal(key: &SecretSlice<u8>, bytes: &[u8]) -> Vec<u8> {
    let mut seal = mac(key, bytes);
    seal.truncate(SEAL_BYTES);
    seal
}

fn mac(key: &SecretSlice<u8>, bytes: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret()) else { return Vec::new() };
    mac.update(bytes);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_file_is_read_strictly() {
        let long = "ab".repeat(32);
        assert!(Secrets::from_text(&format!("# comment\n{long}\n")).is_ok());
        assert!(Secrets::from_text(&format!("{long}\n{long}\n")).is_ok());
        let cases = [
            (String::new(), KeyFault::None),
            ("ab".repeat(31), KeyFault::Short),
            ("zz".repeat(32), KeyFault::NotHex),
            (format!("{long}\n{long}\n{long}"), KeyFault::TooMany),
        ];
        for (text, fault) in cases {
            assert_eq!(Secrets::from_text(&text).unwrap_err(), fault);
        }
        assert!(Secrets::from_text(&Secrets::fresh_text()).is_ok());
    }

    #[test]
    fn each_purpose_has_its_own_key_and_an_old_key_still_opens() {
        let (old, new) = ("ab".repeat(32), "cd".repeat(32));
        let before = Secrets::from_text(&old).unwrap();
        let after = Secrets::from_text(&format!("{new}\n{old}")).unwrap();
        let seal = before.seal_cursor(b"x");
        assert_eq!(seal.len(), SEAL_BYTES);
        assert!(after.is_cursor_seal(b"x", &seal));
        assert!(!after.is_cursor_seal(b"y", &seal));
        assert_ne!(after.seal_cursor(b"x"), seal);
        assert_ne!(before.digest(b"x"), seal);
        assert_ne!(before.token_keys[0].expose_secret(), &[0_u8; 32][..]);
        assert_eq!(before.successor("t"), before.successor("t"));
        assert_ne!(before.successor("t"), before.successor("u"));
    }
}

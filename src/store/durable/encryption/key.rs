//! The host's keys of a store.

use super::cipher::Cipher;
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// How many bytes a key has.
pub(super) const KEY_BYTES: usize = 32;

/// What ids of keys are hashed with. It is part of the format.
const DOMAIN: &[u8] = b"onefold store key 1";

/// What a key is told from others by: the first bytes of a hash of it, from which nobody finds the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyId(pub(super) u64);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A key of the host's, under which a [`Durable`](crate::store::Durable) store keeps its data keys. `Debug` shows its
/// [`id`](Self::id), and it is wiped from memory when it is dropped.
///
/// Take 32 bytes from a generator of random numbers, keep them in a vault, and never beside the store: who has both
/// reads everything, and without the key nobody does.
///
/// # Examples
/// ```
/// use onefold::StoreKey;
///
/// let key = StoreKey::from_hex("7f6b1c03d4e5a69788f0e1d2c3b4a5968778695a4b3c2d1e0f1a2b3c4d5e6f70")?;
/// assert_eq!(format!("{key:?}"), format!("StoreKey({})", key.id()));
/// assert!(StoreKey::new([0; 32]).is_err() && StoreKey::from_hex("7f6b").is_err());
/// # Ok::<(), onefold::Error>(())
/// ```
pub struct StoreKey {
    id: KeyId,
    cipher: Cipher,
}

impl StoreKey {
    /// Takes a key of 32 bytes.
    ///
    /// # Errors
    /// `Config` where it has another length, or all its bytes are the same.
    pub fn new(key: impl AsRef<[u8]>) -> Result<Self> {
        let key = key.as_ref();
        let bytes = <&[u8; KEY_BYTES]>::try_from(key).map_err(|_| wrong("has to be 32 random bytes"))?;
        if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
            return Err(wrong("is one byte over and over; it has to be 32 random bytes"));
        }
        let hash = Sha256::new_with_prefix(DOMAIN).chain_update(bytes).finalize();
        let id = hash.iter().take(8).fold(0, |id, &byte| id << 8 | u64::from(byte));
        Ok(Self { id: KeyId(id), cipher: Cipher::new(bytes) })
    }

    /// Takes a key written as 64 hexadecimal digits.
    ///
    /// # Errors
    /// `Config` as [`new`](Self::new), and where there is anything else in it.
    pub fn from_hex(text: &str) -> Result<Self> {
        let digits = text.trim().as_bytes();
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        if digits.len() != 2 * KEY_BYTES {
            return Err(wrong("has to be 64 hexadecimal digits"));
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for &digit in pair {
                let digit = char::from(digit).to_digit(16).ok_or_else(|| wrong("has to be 64 hexadecimal digits"))?;
                *byte = *byte << 4 | digit as u8;
            }
        }
        Self::new(*bytes)
    }

    /// What the key is told from others by, as errors name it: a hash of 64 bits, which is no secret.
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    pub(super) fn key_id(&self) -> KeyId {
        self.id
    }

    pub(super) fn cipher(&self) -> &Cipher {
        &self.cipher
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreKey({})", self.id)
    }
}

fn wrong(reason: &str) -> Error {
    Error::option("store key", reason)
}

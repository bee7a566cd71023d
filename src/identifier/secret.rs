//! The secrets of tombstones: the host keeps them, no store sees them.

use crate::error::{Error, Result};
use crate::id::{TombstoneHash, write_parts};
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;
use zeroize::Zeroize;

/// What a secret is brought to 128 bits under. It is part of the format.
const BRINGS: (u64, u64) = (0x6f6e_6566_6f6c_645f, 0x7365_6372_6574_7331);

const NAME: u8 = 0;

/// A secret of the host's, under which tombstones are hashed: without it nobody can tell from a store who was erased,
/// by trying addresses and numbers. It has no `Debug` and is wiped when it is dropped.
///
/// Give it 16 random bytes at least, and keep it apart from the store: who has both can try.
#[expect(missing_debug_implementations, reason = "nothing of a secret is to be shown")]
pub struct Secret {
    key: [u8; 16],
}

impl Secret {
    /// Takes a secret of any length.
    ///
    /// # Errors
    /// `Config` where it is empty or blank.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self> {
        let secret = secret.as_ref();
        if secret.trim_ascii().is_empty() {
            return Err(Error::option("secret", "is blank"));
        }
        let mut hasher = SipHasher24::new_with_keys(BRINGS.0, BRINGS.1);
        hasher.write(secret);
        Ok(Self { key: hasher.finish128().as_u128().to_le_bytes() })
    }

    /// What the secret is told from others by.
    pub(crate) fn name(&self) -> u64 {
        self.hash(NAME, &[]).0 as u64
    }

    /// Hashes parts to 128 bits with SipHash-2-4 (Aumasson and Bernstein, 2012).
    pub(super) fn hash(&self, domain: u8, parts: &[&[u8]]) -> TombstoneHash {
        let mut hasher = SipHasher24::new_with_key(&self.key);
        write_parts(&mut hasher, domain, parts);
        TombstoneHash(hasher.finish128().as_u128())
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

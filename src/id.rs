//! Names of things: profiles to the outside, dense numbers inside.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::fmt;
use std::hash::Hasher;

/// The name of a profile: opaque, 128 bits, never derived from a personal value, never given twice.
///
/// Its text form is `p` and 26 characters of Crockford's base 32, upper case, fit for URLs and file names.
///
/// # Examples
/// ```
/// use onefold::ProfileId;
/// let id: ProfileId = "p00000000000000000000000042".parse()?;
/// assert_eq!(id.to_string(), "p00000000000000000000000042");
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileId(u128);

const BASE_32: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Writes 128 bits as 26 digits of Crockford's base 32.
pub(crate) fn base_32(bits: u128) -> String {
    let digit = |place: u32| BASE_32.get((bits >> (5 * place)) as usize & 31).map_or('0', |&byte| char::from(byte));
    (0..26).rev().map(digit).collect()
}

/// Reads what [`base_32`] writes.
pub(crate) fn from_base_32(digits: &str) -> Option<u128> {
    let read = |bits: u128, byte: u8| {
        let digit = BASE_32.iter().position(|&known| known == byte)?;
        Some(bits.checked_mul(32)? | digit as u128)
    };
    (digits.len() == 26).then(|| digits.bytes().try_fold(0, read)).flatten()
}

impl ProfileId {
    /// Names the profile of a number, under the seed of its tenant. Two rounds of a keyed permutation: names do not
    /// show their order, and a name that was never given is told from one that was.
    pub(crate) fn of(number: ProfileNumber, seed: Seed) -> Self {
        let low = seed.hash(1, number.0);
        Self((u128::from(number.0 ^ seed.hash(2, low)) << 64) | u128::from(low))
    }

    /// The number that the name was made of, or none if it was not made under this seed.
    pub(crate) fn number(self, seed: Seed) -> Option<ProfileNumber> {
        let low = self.0 as u64;
        let number = ProfileNumber((self.0 >> 64) as u64 ^ seed.hash(2, low));
        (seed.hash(1, number.0) == low).then_some(number)
    }

    /// The bits of the name, for storing.
    #[cfg(feature = "durable")]
    pub(crate) fn bits(self) -> u128 {
        self.0
    }

    /// The name that was stored as these bits.
    #[cfg(feature = "durable")]
    pub(crate) fn from_bits(bits: u128) -> Self {
        Self(bits)
    }
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", base_32(self.0))
    }
}

impl fmt::Debug for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for ProfileId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::input("profile id", "is not `p` and 26 characters of base 32");
        text.strip_prefix('p').and_then(from_base_32).map(Self).ok_or_else(wrong)
    }
}

impl TryFrom<String> for ProfileId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<ProfileId> for String {
    fn from(id: ProfileId) -> Self {
        id.to_string()
    }
}

/// The 128 bits that key a tenant's hashes and names. The host supplies them; onefold draws no random number.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seed(u64, u64);

impl Seed {
    /// Takes 128 bits of the host's choice.
    pub const fn new(bits: u128) -> Self {
        Self((bits >> 64) as u64, bits as u64)
    }

    fn hash(self, round: u8, value: u64) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.0, self.1);
        hasher.write_u8(round);
        hasher.write_u64(value);
        hasher.finish()
    }

    /// Hashes parts to 128 bits with SipHash-1-3 (Aumasson and Bernstein, 2012). The parts' lengths go in too, so that
    /// no two lists of parts run together.
    pub(crate) fn hash_parts(self, domain: u8, parts: &[&[u8]]) -> u128 {
        let mut hasher = siphasher::sip128::SipHasher13::new_with_keys(self.0, self.1);
        write_parts(&mut hasher, domain, parts);
        siphasher::sip128::Hasher128::finish128(&hasher).as_u128()
    }
}

impl Default for Seed {
    /// A fixed seed: the same input gives the same names everywhere. Give a secret one where names must not be guessed.
    fn default() -> Self {
        Self::new(0x6f6e_6566_6f6c_645f_6465_6661_756c_7431)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// Writes a domain, and parts with their lengths.
pub(crate) fn write_parts(hasher: &mut impl Hasher, domain: u8, parts: &[&[u8]]) {
    hasher.write_u8(domain);
    for part in parts {
        hasher.write_u32(part.len() as u32);
        hasher.write(part);
    }
}

/// A record's place in order of first arrival, dense and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordNumber(pub u64);

/// A cluster's number inside a store, never reused. Not a name: merges and splits change it at will.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClusterNumber(pub u64);

/// A profile's age: the lower, the older. [`ProfileId`] is its name to the outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProfileNumber(pub u64);

/// The keyed hash of a record's `(source, key)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyHash(pub u128);

/// The keyed hash of an identifier's `(kind, normalised value)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ValueHash(pub u128);

/// The keyed hash of what an event is looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicHash(pub u128);

/// The keyed hash of what was erased, under a secret of the host's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TombstoneHash(pub u128);

/// A usable identifier of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Link {
    /// The kind's place in the policy.
    pub kind: u16,
    /// The value's hash, which covers the kind's name.
    pub value: ValueHash,
}

//! Rows as bytes: a format byte, the row, and a checksum over key, format and row.

use crate::id::ProfileId;
use crate::issue::Reason;
use crate::store::rows::{ProfileChange, ProfileEvent};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

/// The format of rows that is written. Older ones are read by a branch of [`decode`] of their own.
const FORMAT: u8 = 1;
const CHECKSUM_BYTES: usize = 8;

/// Writes a row; none if it cannot be written, which no row of this crate is.
pub(crate) fn encode<T: Serialize>(key: &[u8], row: &T) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(128);
    bytes.push(FORMAT);
    Some(checked(key, postcard::to_extend(row, bytes).ok()?))
}

/// Adds the checksum to what stands under a key: [`verified`] takes it off.
pub(crate) fn checked(key: &[u8], mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = checksum(key, &bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Reads a row; none if it is not what was written under this key.
pub(crate) fn decode<T: DeserializeOwned>(key: &[u8], bytes: &[u8]) -> Option<T> {
    let row = verified(key, bytes)?;
    match row.split_first()? {
        (&FORMAT, row) => match postcard::take_from_bytes(row) {
            Ok((row, [])) => Some(row),
            _ => None,
        },
        _ => None,
    }
}

/// The bytes of a row without its checksum, if that is right.
pub(crate) fn verified<'a>(key: &[u8], bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (row, found) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
    (checksum(key, row) == u64::from_le_bytes(*found)).then_some(row)
}

fn checksum(key: &[u8], row: &[u8]) -> u64 {
    // The key's checksum seeds the row's, so that a row under another's key is found out.
    XxHash3_64::oneshot_with_seed(XxHash3_64::oneshot(key), row)
}

/// A change of a profile as it is stored: its sequence number follows from its place.
#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    policy_version: u64,
    event: Event,
}

// The order of these is part of the format.
#[derive(Serialize, Deserialize)]
enum Event {
    Created(u128),
    Extended(u128),
    Merged(Vec<u128>, u128),
    Split(u128, Vec<u128>),
    Moved(u128, u128, u64),
    Shrunk(u128),
    Erased(u128),
    Contested(Vec<u128>),
    Withheld(Vec<u128>, Reason),
    Restored(u128),
    Possible(Vec<u128>),
    Settled(Vec<u128>),
}

impl Entry {
    pub(crate) fn of(change: &ProfileChange) -> Self {
        let bits = |ids: &[ProfileId]| ids.iter().map(|id| id.bits()).collect();
        let event = match &change.event {
            ProfileEvent::Created { profile } => Event::Created(profile.bits()),
            ProfileEvent::Restored { profile } => Event::Restored(profile.bits()),
            ProfileEvent::Extended { profile } => Event::Extended(profile.bits()),
            ProfileEvent::Merged { from, into } => Event::Merged(bits(from), into.bits()),
            ProfileEvent::Split { from, into } => Event::Split(from.bits(), bits(into)),
            ProfileEvent::Moved { from, into, records } => Event::Moved(from.bits(), into.bits(), *records),
            ProfileEvent::Shrunk { profile } => Event::Shrunk(profile.bits()),
            ProfileEvent::Erased { profile } => Event::Erased(profile.bits()),
            ProfileEvent::Contested { profiles } => Event::Contested(bits(profiles)),
            ProfileEvent::Withheld { profiles, reason } => Event::Withheld(bits(profiles), *reason),
            ProfileEvent::Possible { profiles } => Event::Possible(bits(profiles)),
            ProfileEvent::Settled { profiles } => Event::Settled(bits(profiles)),
        };
        Self { policy_version: change.policy_version, event }
    }

    pub(crate) fn change(self, sequence: u64) -> ProfileChange {
        let one = ProfileId::from_bits;
        let all = |bits: Vec<u128>| bits.into_iter().map(ProfileId::from_bits).collect();
        let event = match self.event {
            Event::Created(profile) => ProfileEvent::Created { profile: one(profile) },
            Event::Restored(profile) => ProfileEvent::Restored { profile: one(profile) },
            Event::Extended(profile) => ProfileEvent::Extended { profile: one(profile) },
            Event::Merged(from, into) => ProfileEvent::Merged { from: all(from), into: one(into) },
            Event::Split(from, into) => ProfileEvent::Split { from: one(from), into: all(into) },
            Event::Moved(from, into, records) => ProfileEvent::Moved { from: one(from), into: one(into), records },
            Event::Shrunk(profile) => ProfileEvent::Shrunk { profile: one(profile) },
            Event::Erased(profile) => ProfileEvent::Erased { profile: one(profile) },
            Event::Contested(profiles) => ProfileEvent::Contested { profiles: all(profiles) },
            Event::Withheld(profiles, reason) => ProfileEvent::Withheld { profiles: all(profiles), reason },
            Event::Possible(profiles) => ProfileEvent::Possible { profiles: all(profiles) },
            Event::Settled(profiles) => ProfileEvent::Settled { profiles: all(profiles) },
        };
        ProfileChange { sequence, policy_version: self.policy_version, event }
    }
}

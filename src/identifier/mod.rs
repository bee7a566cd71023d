//! From values to the integers that resolution works on.

mod secret;
mod summary;
mod tombstone;
mod topic;

pub use secret::Secret;
pub use summary::Summary;
pub(crate) use tombstone::{
    hash_erased, hash_erased_identifier, hash_idle, hash_request, hash_wrong_identifier, hash_wrong_value,
};
pub(crate) use topic::{Topic, hash_topic, topics};

use crate::id::{KeyHash, Link, Seed, ValueHash};
use crate::policy::Rules;
use crate::record::{Identifier, RecordKey, What};
use smallvec::{SmallVec, smallvec};
use smol_str::SmolStr;

const VALUE: u8 = 16;
const KEY: u8 = 17;
const TRAIL: u8 = 18;
const EVENT: u8 = 19;
const HOME: u8 = 21;
const CONSENT: u8 = 22;

/// Hashes the value of a kind. The kind's name goes in, not its place: a policy may move it.
pub(crate) fn hash_value(seed: Seed, rules: &Rules, kind: u16, value: &str) -> ValueHash {
    let name = rules.kinds.get(usize::from(kind)).map_or("", |kind| kind.name.as_str());
    ValueHash(seed.hash_parts(VALUE, &[name.as_bytes(), value.as_bytes()]))
}

/// Hashes the key of a record.
pub(crate) fn hash_key(seed: Seed, key: &RecordKey) -> KeyHash {
    hash_of(seed, What::Record, key)
}

/// Hashes the key of a record, an event or a consent: of one source and key these are three things.
pub(crate) fn hash_of(seed: Seed, what: What, key: &RecordKey) -> KeyHash {
    let domain = match what {
        What::Record => KEY,
        What::Event => EVENT,
        What::Consent => CONSENT,
    };
    KeyHash(seed.hash_parts(domain, &[key.source.as_bytes(), key.key.as_bytes()]))
}

/// Hashes an attribute that says where somebody lives: it has nothing to do with any identifier.
pub(crate) fn hash_home(seed: Seed, attribute: &str, value: &str) -> ValueHash {
    ValueHash(seed.hash_parts(HOME, &[attribute.as_bytes(), value.as_bytes()]))
}

/// Hashes what makes a trail: its source, and its identifiers as sent, sorted, each once.
pub(crate) fn hash_trail<'a>(
    seed: Seed,
    source: &'a str,
    identifiers: impl IntoIterator<Item = &'a Identifier>,
) -> KeyHash {
    let mut parts: SmallVec<[&[u8]; 9]> = smallvec![source.as_bytes()];
    for Identifier { kind, value } in identifiers {
        parts.extend([kind.as_bytes(), value.as_bytes()]);
    }
    KeyHash(seed.hash_parts(TRAIL, &parts))
}

/// Turns normalised identifiers, sorted by kind and value, into links in the same order.
pub(crate) fn links(seed: Seed, rules: &Rules, identifiers: &[(u16, SmolStr)]) -> SmallVec<[Link; 2]> {
    let link = |(kind, value): &(u16, SmolStr)| Link { kind: *kind, value: hash_value(seed, rules, *kind, value) };
    identifiers.iter().map(link).collect()
}

//! The keys of rows: a table's byte, a tenant's number, a generation where the table is derived, and then a number or a
//! hash, largest byte first: what is numbered in order is appended.

use crate::error::{Error, Result};
use crate::id::{KeyHash, RecordNumber, TopicHash, ValueHash};
use crate::store::rows::{EventPlace, Generation, WithheldKey};
use std::ops::Range;

/// The tables. Their bytes are part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Table {
    /// The numbers of tenants, by name.
    Tenant = b'T',
    /// A tenant's revision and state.
    State = b'S',
    /// A tenant's policy.
    Policy = b'P',
    Number = b'k',
    Record = b'r',
    Assertion = b'a',
    /// Each assertion under its second key.
    Asserted = b'b',
    /// What was erased and is to stay away.
    Tombstone = b'x',
    Anchor = b'p',
    Feed = b'f',
    Trail = b't',
    /// The events of trails, the newest first.
    Event = b'e',
    /// The trails and times of events, by key.
    Place = b'y',
    /// The places of events, by what they are looked up by.
    Topic = b'o',
    /// What was done on trails, by month.
    Deeds = b'd',
    Node = b'n',
    Posting = b'v',
    Carrier = b'c',
    Cluster = b'C',
    Member = b'm',
    Withheld = b'w',
    /// The ids of the host's keys that something of the store is under.
    StoreKey = b'W',
    /// The keys that rows are sealed under, each wrapped under a key of the host's.
    DataKey = b'K',
    /// What no commit may be missing from; it is not copied.
    Mark = b'L',
}

impl Table {
    /// Those that hold what was committed.
    pub(super) const ALL: [Self; 23] = [
        Self::StoreKey,
        Self::DataKey,
        Self::Tenant,
        Self::State,
        Self::Policy,
        Self::Number,
        Self::Record,
        Self::Assertion,
        Self::Asserted,
        Self::Tombstone,
        Self::Anchor,
        Self::Feed,
        Self::Trail,
        Self::Event,
        Self::Place,
        Self::Topic,
        Self::Deeds,
        Self::Node,
        Self::Posting,
        Self::Carrier,
        Self::Cluster,
        Self::Member,
        Self::Withheld,
    ];

    /// Those whose rows belong to a generation.
    pub(super) const DERIVED: [Self; 6] =
        [Self::Node, Self::Posting, Self::Carrier, Self::Cluster, Self::Member, Self::Withheld];

    /// The table that a byte stands for.
    #[cfg(feature = "encryption")]
    pub(super) fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&table| table as u8 == byte)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenants",
            Self::State => "states",
            Self::Policy => "policies",
            Self::Number => "numbers",
            Self::Record => "records",
            Self::Assertion | Self::Asserted => "assertions",
            Self::Tombstone => "tombstones",
            Self::Anchor => "anchors",
            Self::Feed => "changes",
            Self::Trail => "trails",
            Self::Event | Self::Place | Self::Topic => "events",
            Self::Deeds => "deeds",
            Self::Node => "nodes",
            Self::Posting => "postings",
            Self::Carrier => "carriers",
            Self::Cluster => "clusters",
            Self::Member => "members",
            Self::Withheld => "withheld joins",
            Self::StoreKey => "store keys",
            Self::DataKey => "data keys",
            Self::Mark => "marks",
        }
    }

    /// All keys of the table.
    pub(super) fn all(self) -> Range<Vec<u8>> {
        vec![self as u8]..vec![self as u8 + 1]
    }

    pub(super) fn damaged(self) -> Error {
        Error::corrupt(format!("a row of the table of {}", self.name()))
    }
}

/// A tenant, and for derived tables a generation: what keys begin with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    pub(super) tenant: u32,
    pub(super) generation: Generation,
}

impl Keys {
    pub(super) fn tenant(name: &str) -> Vec<u8> {
        [&[Table::Tenant as u8], name.as_bytes()].concat()
    }

    pub(super) fn prefix(self, table: Table) -> Vec<u8> {
        let mut key = Vec::with_capacity(48);
        key.push(table as u8);
        key.extend_from_slice(&self.tenant.to_be_bytes());
        if Table::DERIVED.contains(&table) {
            key.extend_from_slice(&self.generation.0.to_be_bytes());
        }
        key
    }

    pub(super) fn number(self, table: Table, number: u64) -> Vec<u8> {
        let mut key = self.prefix(table);
        key.extend_from_slice(&number.to_be_bytes());
        key
    }

    pub(super) fn hash(self, table: Table, hash: u128) -> Vec<u8> {
        let mut key = self.prefix(table);
        key.extend_from_slice(&hash.to_be_bytes());
        key
    }

    pub(super) fn pair(self, table: Table, a: KeyHash, b: KeyHash) -> Vec<u8> {
        let mut key = self.hash(table, a.0);
        key.extend_from_slice(&b.0.to_be_bytes());
        key
    }

    /// What the keys of the events of a trail at a time begin with. The sign of a time is turned, so that bytes stand in
    /// the order of times, and then all bits: the newest is the first.
    pub(super) fn events(self, trail: RecordNumber, at: i64) -> Vec<u8> {
        let mut key = self.number(Table::Event, trail.0);
        key.extend_from_slice(&newest_first(at as u64).to_be_bytes());
        key
    }

    pub(super) fn event(self, place: EventPlace) -> Vec<u8> {
        let mut key = self.events(place.trail, place.at);
        key.extend_from_slice(&place.key.0.to_be_bytes());
        key
    }

    /// What the keys of the events under a topic begin with, on a trail.
    pub(super) fn topic_trail(self, topic: TopicHash, trail: RecordNumber) -> Vec<u8> {
        let mut key = self.hash(Table::Topic, topic.0);
        key.extend_from_slice(&trail.0.to_be_bytes());
        key
    }

    pub(super) fn topic(self, topic: TopicHash, place: EventPlace) -> Vec<u8> {
        let mut key = self.topic_trail(topic, place.trail);
        key.extend_from_slice(&newest_first(place.at as u64).to_be_bytes());
        key.extend_from_slice(&place.key.0.to_be_bytes());
        key
    }

    pub(super) fn deeds(self, trail: RecordNumber, month: i32) -> Vec<u8> {
        let mut key = self.number(Table::Deeds, trail.0);
        key.extend_from_slice(&((month as u32) ^ (1 << 31)).to_be_bytes());
        key
    }

    pub(super) fn carrier(self, value: ValueHash, number: RecordNumber) -> Vec<u8> {
        let mut key = self.hash(Table::Carrier, value.0);
        key.extend_from_slice(&number.0.to_be_bytes());
        key
    }

    pub(super) fn member(self, cluster: u64, number: RecordNumber) -> Vec<u8> {
        let mut key = self.number(Table::Member, cluster);
        key.extend_from_slice(&number.0.to_be_bytes());
        key
    }

    pub(super) fn withheld(self, key: WithheldKey) -> Vec<u8> {
        let mut bytes = self.prefix(Table::Withheld);
        match key {
            WithheldKey::Value(value) => {
                bytes.push(0);
                bytes.extend_from_slice(&value.0.to_be_bytes());
            }
            WithheldKey::Join(a, b) => {
                bytes.push(1);
                bytes.extend_from_slice(&a.0.to_be_bytes());
                bytes.extend_from_slice(&b.0.to_be_bytes());
            }
            WithheldKey::Link(a, b) => {
                bytes.push(2);
                bytes.extend_from_slice(&a.0.to_be_bytes());
                bytes.extend_from_slice(&b.0.to_be_bytes());
            }
        }
        bytes
    }
}

/// The bits of a time as they stand in a key, and back.
fn newest_first(at: u64) -> u64 {
    !(at ^ (1 << 63))
}

/// The first key after all that begin with a prefix.
pub(super) fn end(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            break;
        }
    }
    end
}

/// Reads a key from its end.
pub(super) struct Tail<'a>(pub(super) &'a [u8], pub(super) Table);

impl Tail<'_> {
    pub(super) fn u64(&mut self) -> Result<u64> {
        self.take().map(u64::from_be_bytes)
    }

    pub(super) fn u128(&mut self) -> Result<u128> {
        self.take().map(u128::from_be_bytes)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (rest, bytes) = self.0.split_last_chunk::<N>().ok_or_else(|| self.1.damaged())?;
        self.0 = rest;
        Ok(*bytes)
    }
}

/// The month of deeds, off the end of a key.
pub(super) fn month_of(key: &[u8]) -> Result<i32> {
    let bits = key.last_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
    bits.map(|bits| (bits ^ (1 << 31)) as i32).ok_or_else(|| Table::Deeds.damaged())
}

/// The place of an event, off the end of a key.
pub(super) fn event_of(key: &[u8], table: Table) -> Result<EventPlace> {
    let mut tail = Tail(key, table);
    let key = KeyHash(tail.u128()?);
    let at = newest_first(tail.u64()?) as i64;
    Ok(EventPlace { trail: RecordNumber(tail.u64()?), at, key })
}

/// The key of a withheld join.
pub(super) fn withheld_of(key: &[u8]) -> Result<WithheldKey> {
    // Table, tenant and generation come first.
    let rest = key.get(9..).unwrap_or_default();
    let mut tail = Tail(rest, Table::Withheld);
    match rest.first() {
        Some(0) => Ok(WithheldKey::Value(ValueHash(tail.u128()?))),
        Some(1) => {
            let b = KeyHash(tail.u128()?);
            Ok(WithheldKey::Join(KeyHash(tail.u128()?), b))
        }
        Some(2) => {
            let b = KeyHash(tail.u128()?);
            Ok(WithheldKey::Link(KeyHash(tail.u128()?), b))
        }
        _ => Err(Table::Withheld.damaged()),
    }
}

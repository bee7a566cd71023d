//! A batch as the writes of an engine.

use super::engine::Write;
use super::keys::{Keys, Table};
use crate::error::{Error, Result};
use crate::store::codec::{self, Entry};
use crate::store::contract::{Change, Revision};
use crate::store::rows::{Meta, ProfileChange};
use serde::{Deserialize, Serialize};

/// So many entries of the feed share a row.
pub(super) const FEED_CHUNK: usize = 1000;

/// The row of a tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) revision: Revision,
    pub(super) meta: Option<Meta>,
}

/// The writes of a batch, before its state is added.
pub(super) struct Writes {
    keys: Keys,
    list: Vec<Write>,
    meta: Option<Meta>,
}

impl Writes {
    pub(super) fn new(keys: Keys, changes: usize) -> Self {
        Self { keys, list: Vec::with_capacity(changes + changes / 2 + 8), meta: None }
    }

    pub(super) fn change(&mut self, change: Change) -> Result<()> {
        let keys = self.keys;
        match change {
            Change::PutMeta(meta) => {
                self.meta = Some(*meta);
                Ok(())
            }
            Change::PutPolicy(policy) => self.put(keys.prefix(Table::Policy), &policy),
            Change::PutRecord { number, key, record } => {
                self.put(keys.hash(Table::Number, key.0), &number)?;
                self.put(keys.number(Table::Record, number.0), &*record)
            }
            Change::DropRecord { number, key } => {
                self.remove(keys.hash(Table::Number, key.0))?;
                self.remove(keys.number(Table::Record, number.0))
            }
            Change::PutTrail { number, key, trail } => {
                self.put(keys.hash(Table::Number, key.0), &number)?;
                self.put(keys.number(Table::Trail, number.0), &*trail)
            }
            Change::DropTrail { number, key } => {
                self.remove(keys.hash(Table::Number, key.0))?;
                self.remove(keys.number(Table::Trail, number.0))
            }
            Change::PutEvent { place, event } => {
                self.put(keys.hash(Table::Place, place.key.0), &(place.trail, place.at))?;
                self.put(keys.event(place), &*event)
            }
            Change::DropEvent { place } => {
                self.remove(keys.hash(Table::Place, place.key.0))?;
                self.remove(keys.event(place))
            }
            Change::PutDeeds { trail, month, deeds } => self.put(keys.deeds(trail, month), &*deeds),
            Change::DropDeeds { trail, month } => self.remove(keys.deeds(trail, month)),
            Change::AddTopic { topic, place } => self.put(keys.topic(topic, place), &()),
            Change::DropTopic { topic, place } => self.remove(keys.topic(topic, place)),
            Change::PutAssertion(row) => {
                self.put(keys.pair(Table::Asserted, row.b, row.a), &())?;
                self.put(keys.pair(Table::Assertion, row.a, row.b), &*row)
            }
            Change::DropAssertion { a, b } => {
                self.remove(keys.pair(Table::Asserted, b, a))?;
                self.remove(keys.pair(Table::Assertion, a, b))
            }
            Change::AddTombstone { hash } => self.put(keys.hash(Table::Tombstone, hash.0), &()),
            Change::DropTombstone { hash } => self.remove(keys.hash(Table::Tombstone, hash.0)),
            Change::PutAnchor { profile, anchor } => self.put(keys.number(Table::Anchor, profile.0), &anchor),
            Change::PutNode { number, node } => self.put(keys.number(Table::Node, number.0), &*node),
            Change::DropNode { number } => self.remove(keys.number(Table::Node, number.0)),
            Change::PutPosting { value, posting } => self.put(keys.hash(Table::Posting, value.0), &*posting),
            Change::DropPosting { value } => self.remove(keys.hash(Table::Posting, value.0)),
            Change::AddCarrier { value, number } => self.put(keys.carrier(value, number), &()),
            Change::DropCarrier { value, number } => self.remove(keys.carrier(value, number)),
            Change::PutCluster { number, cluster } => self.put(keys.number(Table::Cluster, number.0), &*cluster),
            Change::DropCluster { number } => self.remove(keys.number(Table::Cluster, number.0)),
            Change::AddMember { cluster, number } => self.put(keys.member(cluster.0, number), &()),
            Change::DropMember { cluster, number } => self.remove(keys.member(cluster.0, number)),
            Change::PutWithheld { key, row } => self.put(keys.withheld(key), &*row),
            Change::DropWithheld { key } => self.remove(keys.withheld(key)),
        }
    }

    pub(super) fn feed(&mut self, feed: &[ProfileChange]) -> Result<()> {
        for chunk in feed.chunks(FEED_CHUNK) {
            let Some(first) = chunk.first() else { continue };
            let entries: Vec<Entry> = chunk.iter().map(Entry::of).collect();
            self.put(self.keys.number(Table::Feed, first.sequence), &entries)?;
        }
        Ok(())
    }

    /// Adds the state that the batch leads to: its own, or else the one from before.
    pub(super) fn finish(mut self, revision: Revision, before: Option<Meta>) -> Result<Vec<Write>> {
        let state = State { revision, meta: self.meta.take().or(before) };
        self.put(self.keys.prefix(Table::State), &state)?;
        Ok(self.list)
    }

    pub(super) fn put(&mut self, key: Vec<u8>, row: &impl Serialize) -> Result<()> {
        let value = codec::encode(&key, row).ok_or_else(|| Error::store("encode a row", "it has no binary form"))?;
        self.list.push(Write::Put(key, value));
        Ok(())
    }

    fn remove(&mut self, key: Vec<u8>) -> Result<()> {
        self.list.push(Write::Remove(key));
        Ok(())
    }
}

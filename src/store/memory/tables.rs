//! The tables of a tenant.

use super::history::{Live, Stamp};
use super::shared::Shared;
use super::table::{Dense, Hashed, Ordered};
use crate::event::Event;
use crate::id::{KeyHash, RecordNumber, TopicHash, ValueHash};
use crate::preference::DeedMonth;
use crate::record::Record;
use crate::store::contract::{Change, Revision};
use crate::store::rows::{
    Anchor, AssertionRow, Cluster, EventPlace, Generation, Meta, Node, Numbers, Posting, ProfileChange, Trail,
    ValueState, WithheldKey, WithheldRow,
};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// What does not depend on the generation, and the generations.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub(super) revision: Revision,
    pub(super) meta: Option<Arc<Meta>>,
    pub(super) policy: Option<Arc<str>>,
    pub(super) generations: BTreeMap<Generation, Arc<Shared<Derived>>>,
    pub(super) numbers: Hashed<RecordNumber>,
    pub(super) records: Dense<Arc<Record>>,
    pub(super) assertions: Ordered<(KeyHash, KeyHash), Arc<AssertionRow>>,
    // Each pair from both ends.
    pub(super) asserted: Ordered<(KeyHash, KeyHash), ()>,
    pub(super) tombstones: Hashed<()>,
    pub(super) anchors: Dense<Anchor>,
    pub(super) trails: Dense<Arc<Trail>>,
    pub(super) places: Hashed<EventPlace>,
    pub(super) events: Ordered<EventPlace, Arc<Event>>,
    pub(super) topics: Ordered<(TopicHash, EventPlace), ()>,
    pub(super) deeds: Ordered<(RecordNumber, i32), Arc<DeedMonth>>,
    // The entries of each commit that had any.
    pub(super) feed: Vec<Box<[ProfileChange]>>,
}

impl Evidence {
    /// The generation that readers see.
    pub(super) fn current(&self) -> Generation {
        self.meta.as_ref().map_or_else(Generation::default, |meta| meta.generation)
    }

    /// The tables of a generation, made if there are none.
    pub(super) fn generation(&mut self, generation: Generation) -> Arc<Shared<Derived>> {
        Arc::clone(self.generations.entry(generation).or_insert_with(|| Shared::new(Derived::prune)))
    }

    /// Says whether no older version is kept.
    #[cfg(test)]
    pub(super) fn is_lean(&self) -> bool {
        self.anchors.is_lean() && self.generations.values().all(|tables| tables.read().carriers.is_lean())
    }

    pub(super) fn prune(&mut self, commits: Range<u64>, live: &Live) {
        self.numbers.prune(commits.clone(), live);
        self.records.prune(commits.clone(), live);
        self.assertions.prune(commits.clone(), live);
        self.asserted.prune(commits.clone(), live);
        self.tombstones.prune(commits.clone(), live);
        self.anchors.prune(commits.clone(), live);
        self.trails.prune(commits.clone(), live);
        self.places.prune(commits.clone(), live);
        self.events.prune(commits.clone(), live);
        self.topics.prune(commits.clone(), live);
        self.deeds.prune(commits, live);
    }
}

/// The derived rows of a generation.
#[derive(Debug, Default)]
pub(super) struct Derived {
    pub(super) nodes: Dense<Arc<Node>>,
    pub(super) postings: Hashed<Carried>,
    pub(super) carriers: Ordered<(ValueHash, RecordNumber), ()>,
    pub(super) clusters: Dense<Arc<Cluster>>,
    pub(super) members: Ordered<(u64, RecordNumber), ()>,
    pub(super) withheld: Ordered<WithheldKey, Arc<WithheldRow>>,
}

impl Derived {
    pub(super) fn prune(&mut self, commits: Range<u64>, live: &Live) {
        self.nodes.prune(commits.clone(), live);
        self.postings.prune(commits.clone(), live);
        self.carriers.prune(commits.clone(), live);
        self.clusters.prune(commits.clone(), live);
        self.members.prune(commits.clone(), live);
        self.withheld.prune(commits, live);
    }
}

/// A posting. Most values have one carrier: that is kept without a row elsewhere.
#[derive(Debug)]
pub(super) enum Carried {
    One(RecordNumber),
    Row(Arc<Posting>),
}

impl Carried {
    fn of(posting: Arc<Posting>) -> Self {
        match (&posting.carriers, &posting.state) {
            (Numbers::Inline(numbers), ValueState::Clear) => match numbers.as_slice() {
                &[number] => Self::One(number),
                _ => Self::Row(posting),
            },
            _ => Self::Row(posting),
        }
    }

    pub(super) fn posting(&self) -> Arc<Posting> {
        match self {
            Self::One(number) => {
                let carriers = Numbers::Inline(SmallVec::from_iter([*number]));
                Arc::new(Posting { carriers, state: ValueState::Clear })
            }
            Self::Row(posting) => Arc::clone(posting),
        }
    }
}

/// Applies a change; the stamps are those of the evidence and of the generation.
pub(super) fn apply(evidence: &mut Evidence, derived: &mut Derived, change: Change, stamps: (Stamp, Stamp)) {
    let (told, made) = stamps;
    match change {
        Change::PutMeta(meta) => evidence.meta = Some(Arc::new(*meta)),
        Change::PutPolicy(policy) => evidence.policy = Some(policy),
        Change::PutRecord { number, key, record } => {
            evidence.numbers.put(key.0, number, told);
            evidence.records.put(number.0, record, told);
        }
        Change::DropRecord { number, key } => {
            evidence.numbers.remove(key.0, told);
            evidence.records.remove(number.0, told);
        }
        Change::PutTrail { number, key, trail } => {
            evidence.numbers.put(key.0, number, told);
            evidence.trails.put(number.0, trail, told);
        }
        Change::DropTrail { number, key } => {
            evidence.numbers.remove(key.0, told);
            evidence.trails.remove(number.0, told);
        }
        Change::PutEvent { place, event } => {
            evidence.places.put(place.key.0, place, told);
            evidence.events.put(place, event, told);
        }
        Change::DropEvent { place } => {
            evidence.places.remove(place.key.0, told);
            evidence.events.remove(place, told);
        }
        Change::AddTopic { topic, place } => evidence.topics.put((topic, place), (), told),
        Change::DropTopic { topic, place } => evidence.topics.remove((topic, place), told),
        Change::PutDeeds { trail, month, deeds } => evidence.deeds.put((trail, month), deeds, told),
        Change::DropDeeds { trail, month } => evidence.deeds.remove((trail, month), told),
        Change::PutAssertion(row) => {
            evidence.asserted.put((row.a, row.b), (), told);
            evidence.asserted.put((row.b, row.a), (), told);
            evidence.assertions.put((row.a, row.b), Arc::new(*row), told);
        }
        Change::DropAssertion { a, b } => {
            evidence.asserted.remove((a, b), told);
            evidence.asserted.remove((b, a), told);
            evidence.assertions.remove((a, b), told);
        }
        Change::AddTombstone { hash } => evidence.tombstones.put(hash.0, (), told),
        Change::DropTombstone { hash } => evidence.tombstones.remove(hash.0, told),
        Change::PutAnchor { profile, anchor } => evidence.anchors.put(profile.0, anchor, told),
        Change::PutNode { number, node } => derived.nodes.put(number.0, node, made),
        Change::DropNode { number } => derived.nodes.remove(number.0, made),
        Change::PutPosting { value, posting } => derived.postings.put(value.0, Carried::of(posting), made),
        Change::DropPosting { value } => derived.postings.remove(value.0, made),
        Change::AddCarrier { value, number } => derived.carriers.put((value, number), (), made),
        Change::DropCarrier { value, number } => derived.carriers.remove((value, number), made),
        Change::PutCluster { number, cluster } => derived.clusters.put(number.0, cluster, made),
        Change::DropCluster { number } => derived.clusters.remove(number.0, made),
        Change::AddMember { cluster, number } => derived.members.put((cluster.0, number), (), made),
        Change::DropMember { cluster, number } => derived.members.remove((cluster.0, number), made),
        Change::PutWithheld { key, row } => derived.withheld.put(key, row, made),
        Change::DropWithheld { key } => derived.withheld.remove(key, made),
    }
}

//! What a store is: two traits, and the batch that goes between them.

use super::rows::{
    Anchor, AssertionRow, Cluster, EventPlace, Generation, Meta, Node, Posting, ProfileChange, Trail, WithheldKey,
    WithheldRow,
};
use crate::error::Result;
use crate::event::Event;
use crate::id::{ClusterNumber, KeyHash, ProfileNumber, RecordNumber, TombstoneHash, TopicHash, ValueHash};
use crate::preference::DeedMonth;
use crate::record::Record;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// A count of commits. A tenant that was never written is at revision 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision(pub u64);

/// One of the customers of a store: nothing crosses from one to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(pub SmolStr);

impl Default for Tenant {
    fn default() -> Self {
        Self(SmolStr::new_static("default"))
    }
}

/// Keeps the evidence and the views of many tenants.
///
/// # Contract
///
/// - **Atomic**: a batch is applied whole or not at all, also across a crash.
/// - **Fenced**: a batch whose `expected` revision is not the tenant's is refused with `Conflict` and changes nothing.
/// - **Ordered**: a commit that succeeds makes the revision `expected + 1`; the feed grows by the batch's entries in order.
/// - **Isolated**: a snapshot shows one revision for as long as it lives; commits go on beside it.
/// - **Durable as configured**: what a commit acknowledged is there after a crash, as far as the store's setting promises.
/// - **Separate**: a tenant's reads and writes never touch another's.
///
/// A commit whose outcome is unknown is an error of kind `Store`: it may or may not be applied.
/// The suite in `store::conformance` (feature `conformance`) checks all of it.
pub trait ProfileStore: Send + Sync {
    /// Takes a view of the tenant as it is now. Cheap; a long-lived one does not stop the writer.
    fn snapshot(&self, tenant: &Tenant) -> Result<Arc<dyn Snapshot>>;

    /// Applies a batch.
    ///
    /// # Errors
    /// `Conflict` where the tenant is not at the batch's `expected` revision, `Store` where writing failed.
    fn commit(&self, tenant: &Tenant, batch: Batch) -> Result<Revision>;

    /// Removes what is left of generations that are neither the current one nor `keep`. Idempotent; readers of older
    /// snapshots may see their generation vanish only if the store cannot hold it for them, and then as `Conflict`.
    fn retire(&self, tenant: &Tenant, keep: Option<Generation>) -> Result<()>;

    /// Rewrites what the store holds until nothing that was removed is left in it, in any file. O(store). Snapshots from
    /// before may answer with `Conflict` from then on.
    fn scrub(&self) -> Result<()>;
}

/// One revision of a tenant. Reads take slices, so that a store across a network needs one round trip for many keys;
/// answers come in the order of the questions. Pages are ascending and begin after the given place.
///
/// Derived rows (nodes, postings, clusters, members, carriers, withheld) are those of the current generation.
pub trait Snapshot: Send + Sync {
    /// The revision that this is a view of.
    fn revision(&self) -> Revision;

    /// The tenant's state; none if it was never written.
    fn meta(&self) -> Result<Option<Meta>>;

    /// The policy under which the current generation stands, as JSON; none if the tenant was never written.
    fn policy(&self) -> Result<Option<Arc<str>>>;

    /// The numbers of records and trails, by the hashes of their keys.
    fn numbers(&self, keys: &[KeyHash]) -> Result<Vec<Option<RecordNumber>>>;

    /// The evidence.
    fn records(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Record>>>>;

    /// A page of the evidence, by number, from `from` on.
    fn record_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Record>)>>;

    /// The trails.
    fn trails(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Trail>>>>;

    /// A page of the trails, by number, from `from` on.
    fn trail_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Trail>)>>;

    /// Where events are, by the hashes of their keys.
    fn event_places(&self, keys: &[KeyHash]) -> Result<Vec<Option<EventPlace>>>;

    /// The events.
    fn events(&self, places: &[EventPlace]) -> Result<Vec<Option<Arc<Event>>>>;

    /// A page of the events on a trail, in the order of their places: the newest first. The times, in microseconds, are
    /// those of the oldest and the newest that are asked for; of the newest time, only what comes after the key `after`.
    ///
    /// O(log of what is stored + `limit`): the newest event at or before a time is a page of one.
    fn event_page(
        &self,
        trail: RecordNumber,
        times: RangeInclusive<i64>,
        after: Option<KeyHash>,
        limit: usize,
    ) -> Result<Vec<(EventPlace, Arc<Event>)>>;

    /// A page of the places of the events that stand under a topic, on trails of these numbers, in the order of places,
    /// after `after`.
    ///
    /// O(log of what is stored + `limit`): the newest event of a trail under a topic is a page of one.
    fn events_about(
        &self,
        topic: TopicHash,
        trails: RangeInclusive<RecordNumber>,
        after: Option<EventPlace>,
        limit: usize,
    ) -> Result<Vec<EventPlace>>;

    /// The first page of the places under each of some topics, on all trails: what
    /// [`events_about`](Self::events_about) says of one after the other, which is what this does where a store knows no
    /// shorter way.
    fn events_about_each(&self, topics: &[TopicHash], limit: usize) -> Result<Vec<Vec<EventPlace>>> {
        let all = RecordNumber(0)..=RecordNumber(u64::MAX);
        topics.iter().map(|topic| self.events_about(*topic, all.clone(), None, limit)).collect()
    }

    /// What was done on a trail in some months, ascending.
    fn deeds(&self, trail: RecordNumber, months: RangeInclusive<i32>) -> Result<Vec<(i32, Arc<DeedMonth>)>>;

    /// All assertions that name one of the keys, by the hashes of their pairs; one that names two of them comes once.
    fn assertions(&self, keys: &[KeyHash]) -> Result<Vec<AssertionRow>>;

    /// A page of all assertions, by the hashes of their pairs, after `after`.
    fn assertion_page(&self, after: Option<(KeyHash, KeyHash)>, limit: usize) -> Result<Vec<AssertionRow>>;

    /// Whether there are tombstones of these hashes.
    fn tombstones(&self, hashes: &[TombstoneHash]) -> Result<Vec<bool>>;

    /// Where profile ids are anchored; none for one that was never given.
    fn anchors(&self, profiles: &[ProfileNumber]) -> Result<Vec<Option<Anchor>>>;

    /// The change feed, from sequence number `from` on.
    fn changes(&self, from: u64, limit: usize) -> Result<Vec<ProfileChange>>;

    /// The nodes of live records.
    fn nodes(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Node>>>>;

    /// A page of nodes, by number, from `from` on.
    fn node_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Node>)>>;

    /// Who carries values.
    fn postings(&self, values: &[ValueHash]) -> Result<Vec<Option<Arc<Posting>>>>;

    /// A page of the carriers of a value whose posting is spilled, by number, from `from` on.
    fn carriers(&self, value: ValueHash, from: RecordNumber, limit: usize) -> Result<Vec<RecordNumber>>;

    /// Clusters.
    fn clusters(&self, numbers: &[ClusterNumber]) -> Result<Vec<Option<Arc<Cluster>>>>;

    /// The profiles of records: what [`nodes`](Self::nodes) and [`clusters`](Self::clusters) say together, which is what
    /// this does where a store knows no shorter way.
    fn profiles(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<ProfileNumber>>> {
        let nodes = self.nodes(numbers)?;
        let clusters: Vec<ClusterNumber> = nodes.iter().flatten().map(|node| node.cluster).collect();
        let mut rows = self.clusters(&clusters)?.into_iter();
        let profile =
            |node: &Option<Arc<Node>>| node.as_ref().and_then(|_| rows.next().flatten()).map(|row| row.profile);
        Ok(nodes.iter().map(profile).collect())
    }

    /// A page of clusters, by number, from `from` on.
    fn cluster_page(&self, from: ClusterNumber, limit: usize) -> Result<Vec<(ClusterNumber, Arc<Cluster>)>>;

    /// A page of the members of a cluster whose list is spilled, by number, from `from` on.
    fn members(&self, cluster: ClusterNumber, from: RecordNumber, limit: usize) -> Result<Vec<RecordNumber>>;

    /// A withheld join.
    fn withheld(&self, keys: &[WithheldKey]) -> Result<Vec<Option<Arc<WithheldRow>>>>;

    /// A page of withheld joins, by key, after `after`.
    fn withheld_page(&self, after: Option<WithheldKey>, limit: usize) -> Result<Vec<(WithheldKey, Arc<WithheldRow>)>>;
}

/// What one commit changes, as plain data.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The revision that it was planned on.
    pub expected: Revision,
    /// The generation that its derived rows belong to. It becomes current when a `Meta` in the batch names it.
    pub generation: Generation,
    /// The changes, to be made in order. A row is changed at most once, but for the number or place that stands under the
    /// hash of a key: what had the key may be dropped, and then be put elsewhere. Dropping what is not there changes
    /// nothing.
    pub changes: Vec<Change>,
    /// The entries that the feed grows by, numbered on from the last.
    pub feed: Vec<ProfileChange>,
}

/// One change of a store. Exhaustive: a store that ignores one does not compile.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the rows say it")]
pub enum Change {
    PutMeta(Box<Meta>),
    /// Writes the policy, as JSON. It may be megabytes, and is written only when it is another.
    PutPolicy(Arc<str>),
    /// Writes evidence, and its number under the hash of its key.
    PutRecord {
        number: RecordNumber,
        key: KeyHash,
        record: Arc<Record>,
    },
    DropRecord {
        number: RecordNumber,
        key: KeyHash,
    },
    /// Writes a trail, and its number under the hash of its key.
    PutTrail {
        number: RecordNumber,
        key: KeyHash,
        trail: Arc<Trail>,
    },
    DropTrail {
        number: RecordNumber,
        key: KeyHash,
    },
    /// Writes an event, and its place under the hash of its key.
    PutEvent {
        place: EventPlace,
        event: Arc<Event>,
    },
    DropEvent {
        place: EventPlace,
    },
    /// Puts the place of an event under what the event is looked up by: its order, or that it is a purchase.
    AddTopic {
        topic: TopicHash,
        place: EventPlace,
    },
    DropTopic {
        topic: TopicHash,
        place: EventPlace,
    },
    /// Writes what was done on a trail in a month. It follows from the events, under any policy.
    PutDeeds {
        trail: RecordNumber,
        month: i32,
        deeds: Arc<DeedMonth>,
    },
    DropDeeds {
        trail: RecordNumber,
        month: i32,
    },
    PutAssertion(Box<AssertionRow>),
    DropAssertion {
        a: KeyHash,
        b: KeyHash,
    },
    /// Keeps what was erased away, in every generation, until it is lifted.
    AddTombstone {
        hash: TombstoneHash,
    },
    DropTombstone {
        hash: TombstoneHash,
    },
    PutAnchor {
        profile: ProfileNumber,
        anchor: Anchor,
    },
    PutNode {
        number: RecordNumber,
        node: Arc<Node>,
    },
    DropNode {
        number: RecordNumber,
    },
    PutPosting {
        value: ValueHash,
        posting: Arc<Posting>,
    },
    DropPosting {
        value: ValueHash,
    },
    /// Adds to the carriers of a spilled posting.
    AddCarrier {
        value: ValueHash,
        number: RecordNumber,
    },
    DropCarrier {
        value: ValueHash,
        number: RecordNumber,
    },
    PutCluster {
        number: ClusterNumber,
        cluster: Arc<Cluster>,
    },
    DropCluster {
        number: ClusterNumber,
    },
    /// Adds to the members of a spilled cluster.
    AddMember {
        cluster: ClusterNumber,
        number: RecordNumber,
    },
    DropMember {
        cluster: ClusterNumber,
        number: RecordNumber,
    },
    PutWithheld {
        key: WithheldKey,
        row: Arc<WithheldRow>,
    },
    DropWithheld {
        key: WithheldKey,
    },
}

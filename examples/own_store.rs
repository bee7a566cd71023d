//! A store of one's own: plain ordered maps, copied when a snapshot still looks at them. It passes the suite.
//!
//! A store is rows under keys: nothing here knows what a profile is. For SQL, each map is a table, and a snapshot is a
//! read transaction.
//!
//! `cargo run --example own_store --features conformance` prints:
//!
//! ```text
//! the contract is kept
//! 2 records, 1 person
//! ```

use onefold::store::{
    Anchor, AssertionRow, Batch, Change, Cluster, DeedMonth, EventPlace, Generation, Meta, Node, Posting,
    ProfileChange, ProfileStore, Revision, Snapshot, Tenant, Trail, WithheldKey, WithheldRow, conformance,
};
use onefold::{
    ClusterNumber, Error, Event, KeyHash, Options, Policy, ProfileNumber, Record, RecordNumber, Resolver, Result,
    TombstoneHash, TopicHash, ValueHash,
};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    conformance::check(&|| Arc::new(MapStore::default()));
    let mut out = std::io::stdout().lock();
    writeln!(out, "the contract is kept")?;

    let resolver = Resolver::open(Arc::new(MapStore::default()), Policy::retail(), Options::default())?;
    let at = "2026-01-05T10:00:00Z".parse()?;
    resolver.add(Record::new("crm", "42", at).identifier("email", "ann@post.example.org"))?;
    resolver.add(Record::new("web", "7", at).identifier("email", "ANN@post.example.org"))?;
    let counts = resolver.stats()?.counts;
    assert_eq!((counts.records, counts.profiles), (2, 1));
    writeln!(out, "{} records, {} person", counts.records, counts.profiles)?;
    Ok(())
}

/// The tenants, each behind an `Arc`: a snapshot shares it, and a commit copies it only while one is held.
#[derive(Debug, Default)]
struct MapStore(Mutex<BTreeMap<Tenant, Arc<Rows>>>);

/// One tenant: what is kept as it was sent, and what is derived from it, by generation.
#[derive(Debug, Clone, Default)]
struct Rows {
    revision: u64,
    meta: Option<Meta>,
    policy: Option<Arc<str>>,
    numbers: BTreeMap<KeyHash, RecordNumber>,
    records: BTreeMap<RecordNumber, Arc<Record>>,
    trails: BTreeMap<RecordNumber, Arc<Trail>>,
    places: BTreeMap<KeyHash, EventPlace>,
    events: BTreeMap<EventPlace, Arc<Event>>,
    topics: BTreeSet<(TopicHash, EventPlace)>,
    deeds: BTreeMap<(RecordNumber, i32), Arc<DeedMonth>>,
    assertions: BTreeMap<(KeyHash, KeyHash), AssertionRow>,
    tombstones: BTreeSet<TombstoneHash>,
    anchors: BTreeMap<ProfileNumber, Anchor>,
    feed: Vec<ProfileChange>,
    generations: BTreeMap<Generation, Derived>,
}

#[derive(Debug, Clone, Default)]
struct Derived {
    nodes: BTreeMap<RecordNumber, Arc<Node>>,
    postings: BTreeMap<ValueHash, Arc<Posting>>,
    carriers: BTreeSet<(ValueHash, RecordNumber)>,
    clusters: BTreeMap<ClusterNumber, Arc<Cluster>>,
    members: BTreeSet<(ClusterNumber, RecordNumber)>,
    withheld: BTreeMap<WithheldKey, Arc<WithheldRow>>,
}

impl MapStore {
    /// Nothing in here panics while it holds the lock, so a poisoned one is as good as any.
    fn tenants(&self) -> MutexGuard<'_, BTreeMap<Tenant, Arc<Rows>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProfileStore for MapStore {
    fn snapshot(&self, tenant: &Tenant) -> Result<Arc<dyn Snapshot>> {
        let rows = self.tenants().get(tenant).cloned().unwrap_or_default();
        Ok(Arc::new(View { rows, nothing: Derived::default() }))
    }

    fn commit(&self, tenant: &Tenant, batch: Batch) -> Result<Revision> {
        let mut tenants = self.tenants();
        let found = tenants.get(tenant).map_or(0, |rows| rows.revision);
        if batch.expected != Revision(found) {
            return Err(Error::conflict(batch.expected.0, found));
        }
        let rows = Arc::make_mut(tenants.entry(tenant.clone()).or_default());
        rows.revision += 1;
        rows.feed.extend(batch.feed);
        for change in batch.changes {
            rows.apply(batch.generation, change);
        }
        Ok(Revision(rows.revision))
    }

    fn retire(&self, tenant: &Tenant, keep: Option<Generation>) -> Result<()> {
        if let Some(rows) = self.tenants().get_mut(tenant).map(Arc::make_mut) {
            let current = rows.current();
            rows.generations.retain(|&generation, _| generation == current || Some(generation) == keep);
        }
        Ok(())
    }

    fn scrub(&self) -> Result<()> {
        // There are no files; what was removed is gone with the last snapshot that shows it.
        Ok(())
    }
}

impl Rows {
    fn current(&self) -> Generation {
        self.meta.as_ref().map(|meta| meta.generation).unwrap_or_default()
    }

    /// A store that forgets a change does not compile.
    fn apply(&mut self, generation: Generation, change: Change) {
        let derived = self.generations.entry(generation).or_default();
        match change {
            Change::PutMeta(meta) => self.meta = Some(*meta),
            Change::PutPolicy(policy) => self.policy = Some(policy),
            Change::PutRecord { number, key, record } => {
                self.numbers.insert(key, number);
                self.records.insert(number, record);
            }
            Change::DropRecord { number, key } => {
                self.numbers.remove(&key);
                self.records.remove(&number);
            }
            Change::PutTrail { number, key, trail } => {
                self.numbers.insert(key, number);
                self.trails.insert(number, trail);
            }
            Change::DropTrail { number, key } => {
                self.numbers.remove(&key);
                self.trails.remove(&number);
            }
            Change::PutEvent { place, event } => {
                self.places.insert(place.key, place);
                self.events.insert(place, event);
            }
            Change::DropEvent { place } => {
                self.places.remove(&place.key);
                self.events.remove(&place);
            }
            Change::AddTopic { topic, place } => drop(self.topics.insert((topic, place))),
            Change::DropTopic { topic, place } => drop(self.topics.remove(&(topic, place))),
            Change::PutDeeds { trail, month, deeds } => drop(self.deeds.insert((trail, month), deeds)),
            Change::DropDeeds { trail, month } => drop(self.deeds.remove(&(trail, month))),
            Change::PutAssertion(row) => drop(self.assertions.insert((row.a, row.b), *row)),
            Change::DropAssertion { a, b } => drop(self.assertions.remove(&(a, b))),
            Change::AddTombstone { hash } => drop(self.tombstones.insert(hash)),
            Change::DropTombstone { hash } => drop(self.tombstones.remove(&hash)),
            Change::PutAnchor { profile, anchor } => drop(self.anchors.insert(profile, anchor)),
            Change::PutNode { number, node } => drop(derived.nodes.insert(number, node)),
            Change::DropNode { number } => drop(derived.nodes.remove(&number)),
            Change::PutPosting { value, posting } => drop(derived.postings.insert(value, posting)),
            Change::DropPosting { value } => drop(derived.postings.remove(&value)),
            Change::AddCarrier { value, number } => drop(derived.carriers.insert((value, number))),
            Change::DropCarrier { value, number } => drop(derived.carriers.remove(&(value, number))),
            Change::PutCluster { number, cluster } => drop(derived.clusters.insert(number, cluster)),
            Change::DropCluster { number } => drop(derived.clusters.remove(&number)),
            Change::AddMember { cluster, number } => drop(derived.members.insert((cluster, number))),
            Change::DropMember { cluster, number } => drop(derived.members.remove(&(cluster, number))),
            Change::PutWithheld { key, row } => drop(derived.withheld.insert(key, row)),
            Change::DropWithheld { key } => drop(derived.withheld.remove(&key)),
        }
    }
}

/// One revision of a tenant.
#[derive(Debug)]
struct View {
    rows: Arc<Rows>,
    nothing: Derived,
}

impl View {
    fn derived(&self) -> &Derived {
        self.rows.generations.get(&self.rows.current()).unwrap_or(&self.nothing)
    }
}

fn find<K: Ord, V: Clone>(rows: &BTreeMap<K, V>, keys: &[K]) -> Result<Vec<Option<V>>> {
    Ok(keys.iter().map(|key| rows.get(key).cloned()).collect())
}

fn page<K: Ord + Copy, V: Clone>(rows: &BTreeMap<K, V>, from: K, limit: usize) -> Result<Vec<(K, V)>> {
    Ok(rows.range(from..).take(limit).map(|(&key, row)| (key, row.clone())).collect())
}

fn second<K: Ord + Copy>(
    pairs: &BTreeSet<(K, RecordNumber)>,
    of: K,
    from: RecordNumber,
    limit: usize,
) -> Vec<RecordNumber> {
    pairs.range((of, from)..=(of, RecordNumber(u64::MAX))).take(limit).map(|&(_, number)| number).collect()
}

impl Snapshot for View {
    fn revision(&self) -> Revision {
        Revision(self.rows.revision)
    }

    fn meta(&self) -> Result<Option<Meta>> {
        Ok(self.rows.meta.clone())
    }

    fn policy(&self) -> Result<Option<Arc<str>>> {
        Ok(self.rows.policy.clone())
    }

    fn numbers(&self, keys: &[KeyHash]) -> Result<Vec<Option<RecordNumber>>> {
        find(&self.rows.numbers, keys)
    }

    fn records(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Record>>>> {
        find(&self.rows.records, numbers)
    }

    fn record_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Record>)>> {
        page(&self.rows.records, from, limit)
    }

    fn trails(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Trail>>>> {
        find(&self.rows.trails, numbers)
    }

    fn trail_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Trail>)>> {
        page(&self.rows.trails, from, limit)
    }

    fn event_places(&self, keys: &[KeyHash]) -> Result<Vec<Option<EventPlace>>> {
        find(&self.rows.places, keys)
    }

    fn events(&self, places: &[EventPlace]) -> Result<Vec<Option<Arc<Event>>>> {
        find(&self.rows.events, places)
    }

    fn event_page(
        &self,
        trail: RecordNumber,
        times: RangeInclusive<i64>,
        after: Option<KeyHash>,
        limit: usize,
    ) -> Result<Vec<(EventPlace, Arc<Event>)>> {
        // Places are ordered as the page is: the newest first.
        let first = EventPlace { trail, at: *times.end(), key: after.unwrap_or(KeyHash(0)) };
        let rows = self.rows.events.range(first..);
        let rows = rows.take_while(|(place, _)| place.trail == trail && place.at >= *times.start());
        let rows = rows.filter(|&(&place, _)| after.is_none() || place != first).take(limit);
        Ok(rows.map(|(&place, event)| (place, Arc::clone(event))).collect())
    }

    fn events_about(
        &self,
        topic: TopicHash,
        trails: RangeInclusive<RecordNumber>,
        after: Option<EventPlace>,
        limit: usize,
    ) -> Result<Vec<EventPlace>> {
        let first = EventPlace { trail: *trails.start(), at: i64::MAX, key: KeyHash(0) };
        let rows = self.rows.topics.range((topic, after.map_or(first, |after| after.max(first)))..);
        let rows = rows.take_while(|(of, place)| *of == topic && place.trail <= *trails.end());
        Ok(rows.map(|&(_, place)| place).filter(|&place| Some(place) != after).take(limit).collect())
    }

    fn deeds(&self, trail: RecordNumber, months: RangeInclusive<i32>) -> Result<Vec<(i32, Arc<DeedMonth>)>> {
        let rows = self.rows.deeds.range((trail, *months.start())..=(trail, *months.end()));
        Ok(rows.map(|(&(_, month), deeds)| (month, Arc::clone(deeds))).collect())
    }

    fn assertions(&self, keys: &[KeyHash]) -> Result<Vec<AssertionRow>> {
        // An index by either key would serve many stewards; a scan serves a few.
        let rows = self.rows.assertions.values();
        Ok(rows.filter(|row| keys.contains(&row.a) || keys.contains(&row.b)).cloned().collect())
    }

    fn assertion_page(&self, after: Option<(KeyHash, KeyHash)>, limit: usize) -> Result<Vec<AssertionRow>> {
        let rows = self.rows.assertions.iter().filter(|&(&pair, _)| after.is_none_or(|after| pair > after));
        Ok(rows.take(limit).map(|(_, row)| row.clone()).collect())
    }

    fn tombstones(&self, hashes: &[TombstoneHash]) -> Result<Vec<bool>> {
        Ok(hashes.iter().map(|hash| self.rows.tombstones.contains(hash)).collect())
    }

    fn anchors(&self, profiles: &[ProfileNumber]) -> Result<Vec<Option<Anchor>>> {
        find(&self.rows.anchors, profiles)
    }

    fn changes(&self, from: u64, limit: usize) -> Result<Vec<ProfileChange>> {
        Ok(self.rows.feed.iter().filter(|change| change.sequence >= from).take(limit).cloned().collect())
    }

    fn nodes(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Node>>>> {
        find(&self.derived().nodes, numbers)
    }

    fn node_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Node>)>> {
        page(&self.derived().nodes, from, limit)
    }

    fn postings(&self, values: &[ValueHash]) -> Result<Vec<Option<Arc<Posting>>>> {
        find(&self.derived().postings, values)
    }

    fn carriers(&self, value: ValueHash, from: RecordNumber, limit: usize) -> Result<Vec<RecordNumber>> {
        Ok(second(&self.derived().carriers, value, from, limit))
    }

    fn clusters(&self, numbers: &[ClusterNumber]) -> Result<Vec<Option<Arc<Cluster>>>> {
        find(&self.derived().clusters, numbers)
    }

    fn cluster_page(&self, from: ClusterNumber, limit: usize) -> Result<Vec<(ClusterNumber, Arc<Cluster>)>> {
        page(&self.derived().clusters, from, limit)
    }

    fn members(&self, cluster: ClusterNumber, from: RecordNumber, limit: usize) -> Result<Vec<RecordNumber>> {
        Ok(second(&self.derived().members, cluster, from, limit))
    }

    fn withheld(&self, keys: &[WithheldKey]) -> Result<Vec<Option<Arc<WithheldRow>>>> {
        find(&self.derived().withheld, keys)
    }

    fn withheld_page(&self, after: Option<WithheldKey>, limit: usize) -> Result<Vec<(WithheldKey, Arc<WithheldRow>)>> {
        let rows = self.derived().withheld.iter().filter(|&(&key, _)| after.is_none_or(|after| key > after));
        Ok(rows.take(limit).map(|(&key, row)| (key, Arc::clone(row))).collect())
    }
}

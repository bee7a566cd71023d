//! A snapshot with changes on top that nobody else sees yet: what planning the next record reads.

mod events;

use crate::error::Result;
use crate::event::Event;
use crate::id::{ClusterNumber, KeyHash, ProfileNumber, RecordNumber, TombstoneHash, TopicHash, ValueHash};
use crate::preference::DeedMonth;
use crate::record::Record;
use crate::store::contract::{Change, Revision, Snapshot};
use crate::store::rows::{
    Anchor, AssertionRow, Cluster, EventPlace, INLINE_MAX, Meta, Node, Numbers, Posting, ProfileChange, Trail,
    ValueState, WithheldKey, WithheldRow,
};
use ahash::{AHashMap, AHashSet};
use events::Events;
use std::collections::BTreeMap;
use std::hash::Hash;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// A snapshot over a snapshot and a pending batch.
///
/// Rows are put and dropped here; [`Overlay::into_changes`] gives each changed key once.
pub struct Overlay<'a> {
    base: &'a dyn Snapshot,
    meta: Option<Meta>,
    policy: Option<Arc<str>>,
    numbers: AHashMap<KeyHash, Option<RecordNumber>>,
    records: AHashMap<RecordNumber, Option<(KeyHash, Arc<Record>)>>,
    dropped_records: Vec<(RecordNumber, KeyHash)>,
    events: Events,
    assertions: BTreeMap<(KeyHash, KeyHash), Option<AssertionRow>>,
    tombstones: BTreeMap<TombstoneHash, bool>,
    anchors: AHashMap<ProfileNumber, Anchor>,
    nodes: AHashMap<RecordNumber, Option<Arc<Node>>>,
    postings: AHashMap<ValueHash, Option<Arc<Posting>>>,
    carriers: AHashMap<ValueHash, BTreeMap<RecordNumber, bool>>,
    clusters: AHashMap<ClusterNumber, Option<Arc<Cluster>>>,
    members: AHashMap<ClusterNumber, BTreeMap<RecordNumber, bool>>,
    withheld: BTreeMap<WithheldKey, Option<Arc<WithheldRow>>>,
    feed: Vec<ProfileChange>,
    warm: Warm,
}

/// Rows of the base that were read ahead.
#[derive(Default)]
struct Warm {
    numbers: AHashMap<KeyHash, Option<RecordNumber>>,
    nodes: AHashMap<RecordNumber, Option<Arc<Node>>>,
    postings: AHashMap<ValueHash, Option<Arc<Posting>>>,
    clusters: AHashMap<ClusterNumber, Option<Arc<Cluster>>>,
}

impl<'a> Overlay<'a> {
    /// Starts with nothing pending.
    pub fn new(base: &'a dyn Snapshot) -> Self {
        Self {
            base,
            meta: None,
            policy: None,
            numbers: AHashMap::new(),
            records: AHashMap::new(),
            dropped_records: Vec::new(),
            events: Events::default(),
            assertions: BTreeMap::new(),
            tombstones: BTreeMap::new(),
            anchors: AHashMap::new(),
            nodes: AHashMap::new(),
            postings: AHashMap::new(),
            carriers: AHashMap::new(),
            clusters: AHashMap::new(),
            members: AHashMap::new(),
            withheld: BTreeMap::new(),
            feed: Vec::new(),
            warm: Warm::default(),
        }
    }

    /// Reads ahead what placing records with these keys, values and blocks will ask for, in four round trips: numbers,
    /// postings, the nodes of their first carriers and holders (of a block, all that its row names), and the clusters
    /// of these.
    pub fn warm_up(&mut self, keys: &[KeyHash], values: &[ValueHash], blocks: &[ValueHash]) -> Result<()> {
        self.warm.numbers = keys.iter().copied().zip(self.base.numbers(keys)?).collect();
        let asked: Vec<ValueHash> = values.iter().chain(blocks).copied().collect();
        let mut postings = self.base.postings(&asked)?;
        let of_blocks = postings.split_off(values.len());
        let carriers = postings.iter().flatten().filter_map(|posting| match (&posting.state, &posting.carriers) {
            (ValueState::Clear, Numbers::Inline(list)) => list.first().copied(),
            (ValueState::Contested { holder }, _) => *holder,
            _ => None,
        });
        let mut carriers: Vec<RecordNumber> = carriers.collect();
        carriers.extend(of_blocks.iter().flatten().flat_map(|posting| match (&posting.state, &posting.carriers) {
            (ValueState::Clear, Numbers::Inline(list)) => list.as_slice(),
            _ => &[],
        }));
        self.warm.postings = asked.into_iter().zip(postings.into_iter().chain(of_blocks)).collect();
        carriers.sort_unstable();
        carriers.dedup();
        let nodes = self.base.nodes(&carriers)?;
        let mut clusters: Vec<ClusterNumber> = nodes.iter().flatten().map(|node| node.cluster).collect();
        self.warm.nodes = carriers.into_iter().zip(nodes).collect();
        clusters.sort_unstable();
        clusters.dedup();
        let rows = self.base.clusters(&clusters)?;
        self.warm.clusters = clusters.into_iter().zip(rows).collect();
        Ok(())
    }

    /// Says whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.meta.is_none()
    }

    /// The number of a record.
    pub fn number(&self, key: KeyHash) -> Result<Option<RecordNumber>> {
        one(&self.numbers, &self.warm.numbers, key, |keys| self.base.numbers(keys))
    }

    /// Fetches where events are, in one question.
    pub fn warm_up_events(&mut self, keys: &[KeyHash]) -> Result<()> {
        self.events.warm_up(self.base, keys)
    }

    /// Where an event is.
    pub fn event_place(&self, key: KeyHash) -> Result<Option<EventPlace>> {
        self.events.place(self.base, key)
    }

    /// A trail.
    pub fn trail(&self, number: RecordNumber) -> Result<Option<Arc<Trail>>> {
        self.events.trail(self.base, number)
    }

    /// The evidence of a record.
    pub fn record(&self, number: RecordNumber) -> Result<Option<Arc<Record>>> {
        match self.records.get(&number) {
            Some(row) => Ok(row.as_ref().map(|(_, record)| Arc::clone(record))),
            None => Ok(self.base.records(&[number])?.pop().flatten()),
        }
    }

    /// The node of a record.
    pub fn node(&self, number: RecordNumber) -> Result<Option<Arc<Node>>> {
        one(&self.nodes, &self.warm.nodes, number, |keys| self.base.nodes(keys))
    }

    /// The carriers of a value.
    pub fn posting(&self, value: ValueHash) -> Result<Option<Arc<Posting>>> {
        one(&self.postings, &self.warm.postings, value, |keys| self.base.postings(keys))
    }

    /// A cluster.
    pub fn cluster(&self, number: ClusterNumber) -> Result<Option<Arc<Cluster>>> {
        one(&self.clusters, &self.warm.clusters, number, |keys| self.base.clusters(keys))
    }

    /// A withheld join.
    pub fn withheld_row(&self, key: WithheldKey) -> Result<Option<Arc<WithheldRow>>> {
        match self.withheld.get(&key) {
            Some(row) => Ok(row.clone()),
            None => Ok(self.base.withheld(&[key])?.pop().flatten()),
        }
    }

    /// The withheld joins that were written, as they stood and as they stand, by key. O(those written).
    pub fn withheld_changes(&self) -> Result<Vec<[Option<Arc<WithheldRow>>; 2]>> {
        let keys: Vec<WithheldKey> = self.withheld.keys().copied().collect();
        let before = if keys.is_empty() { Vec::new() } else { self.base.withheld(&keys)? };
        Ok(before.into_iter().zip(self.withheld.values().cloned()).map(|(before, after)| [before, after]).collect())
    }

    /// Sets the tenant's state.
    pub fn put_meta(&mut self, meta: Meta) {
        self.meta = Some(meta);
    }

    /// Sets the tenant's policy, as JSON.
    pub fn put_policy(&mut self, policy: Arc<str>) {
        self.policy = Some(policy);
    }

    /// Writes evidence.
    pub fn put_record(&mut self, number: RecordNumber, key: KeyHash, record: Arc<Record>) {
        self.numbers.insert(key, Some(number));
        self.records.insert(number, Some((key, record)));
    }

    /// Removes evidence.
    pub fn drop_record(&mut self, number: RecordNumber, key: KeyHash) {
        self.numbers.insert(key, None);
        self.records.insert(number, None);
        self.dropped_records.push((number, key));
    }

    /// Writes a trail.
    pub fn put_trail(&mut self, number: RecordNumber, key: KeyHash, trail: Arc<Trail>) {
        self.numbers.insert(key, Some(number));
        self.events.set_trail(number, key, Some(trail));
    }

    /// Removes a trail.
    pub fn drop_trail(&mut self, number: RecordNumber, key: KeyHash) {
        self.numbers.insert(key, None);
        self.events.set_trail(number, key, None);
    }

    /// Writes an event. One that was at another place is to be dropped there first.
    pub fn put_event(&mut self, place: EventPlace, event: Arc<Event>) {
        self.events.put_event(place, event);
    }

    /// Removes an event.
    pub fn drop_event(&mut self, place: EventPlace) {
        self.events.drop_event(place);
    }

    /// Writes what was done on a trail in a month, or removes it.
    pub fn set_deeds(&mut self, trail: RecordNumber, month: i32, deeds: Option<Arc<DeedMonth>>) {
        self.events.set_deeds(trail, month, deeds);
    }

    /// Puts the place of an event under a topic, or takes it away.
    pub fn set_topic(&mut self, topic: TopicHash, place: EventPlace, present: Presence) {
        self.events.set_topic(topic, place, present == Presence::Present);
    }

    /// Writes or removes an assertion.
    pub fn put_assertion(&mut self, a: KeyHash, b: KeyHash, row: Option<AssertionRow>) {
        self.assertions.insert((a, b), row);
    }

    /// Puts a tombstone, or lifts it.
    pub fn set_tombstone(&mut self, hash: TombstoneHash, present: Presence) {
        self.tombstones.insert(hash, present == Presence::Present);
    }

    /// Says where a profile is anchored.
    pub fn put_anchor(&mut self, profile: ProfileNumber, anchor: Anchor) {
        self.anchors.insert(profile, anchor);
    }

    /// Writes or removes a node.
    pub fn put_node(&mut self, number: RecordNumber, node: Option<Arc<Node>>) {
        self.nodes.insert(number, node);
    }

    /// Writes or removes a cluster.
    pub fn put_cluster(&mut self, number: ClusterNumber, cluster: Option<Arc<Cluster>>) {
        self.clusters.insert(number, cluster);
    }

    /// Writes or removes a withheld join.
    pub fn put_withheld(&mut self, key: WithheldKey, row: Option<Arc<WithheldRow>>) {
        self.withheld.insert(key, row);
    }

    /// Adds to the feed.
    pub fn append(&mut self, change: ProfileChange) {
        self.feed.push(change);
    }

    /// What the feed is to grow by, so far.
    pub(crate) fn feed(&self) -> &[ProfileChange] {
        &self.feed
    }

    /// What stands without what is pending.
    pub(crate) fn base(&self) -> &'a dyn Snapshot {
        self.base
    }

    /// Sets how a value links its carriers.
    pub fn set_state(&mut self, value: ValueHash, state: ValueState) -> Result<()> {
        if let Some(mut posting) = self.posting(value)? {
            Arc::make_mut(&mut posting).state = state;
            self.postings.insert(value, Some(posting));
        }
        Ok(())
    }

    /// Adds a carrier of a value, whose posting is as given (none where nobody carried it).
    pub fn add_carrier(&mut self, value: ValueHash, posting: Option<Arc<Posting>>, number: RecordNumber) {
        let carriers = self.carriers.entry(value);
        let fresh = || Arc::new(Posting { carriers: Numbers::Inline(Default::default()), state: ValueState::Clear });
        let row = self.postings.entry(value).or_insert(None).get_or_insert_with(|| posting.unwrap_or_else(fresh));
        add(&mut Arc::make_mut(row).carriers, number, || carriers.or_default());
    }

    /// Takes a carrier from a value.
    pub fn drop_carrier(&mut self, value: ValueHash, number: RecordNumber) -> Result<()> {
        let Some(mut posting) = self.posting(value)? else { return Ok(()) };
        let carriers = self.carriers.entry(value);
        let row = Arc::make_mut(&mut posting);
        remove(&mut row.carriers, number, || carriers.or_default());
        let empty = row.carriers.is_empty();
        self.postings.insert(value, (!empty).then_some(posting));
        Ok(())
    }

    /// Adds a member to a cluster row that is not written yet.
    pub fn add_member(&mut self, number: ClusterNumber, cluster: &mut Cluster, member: RecordNumber) {
        let members = self.members.entry(number);
        add(&mut cluster.members, member, || members.or_default());
    }

    /// Takes a member from a cluster row that is not written yet.
    pub fn drop_member(&mut self, number: ClusterNumber, cluster: &mut Cluster, member: RecordNumber) {
        let members = self.members.entry(number);
        remove(&mut cluster.members, member, || members.or_default());
    }

    /// The rows of a spilled cluster's members, to be set one by one.
    pub fn set_member_row(&mut self, cluster: ClusterNumber, member: RecordNumber, present: Presence) {
        self.members.entry(cluster).or_default().insert(member, present == Presence::Present);
    }

    /// All carriers of a value, ascending.
    pub fn all_carriers(&self, value: ValueHash, posting: &Posting) -> Result<Vec<RecordNumber>> {
        all(&posting.carriers, |from, limit| self.carriers(value, from, limit))
    }

    /// The first carriers of a value, ascending.
    pub(crate) fn carriers_at_most(
        &self,
        value: ValueHash,
        posting: &Posting,
        limit: usize,
    ) -> Result<Vec<RecordNumber>> {
        match &posting.carriers {
            Numbers::Inline(list) => Ok(list.iter().copied().take(limit).collect()),
            Numbers::Spilled(_) => self.carriers(value, RecordNumber(0), limit),
        }
    }

    /// All members of a cluster, ascending.
    pub fn all_members(&self, number: ClusterNumber, cluster: &Cluster) -> Result<Vec<RecordNumber>> {
        all(&cluster.members, |from, limit| self.members(number, from, limit))
    }

    /// What is pending, each key once.
    pub fn into_changes(self) -> (Vec<Change>, Vec<ProfileChange>) {
        let mut changes = Vec::with_capacity(self.nodes.len() * 4 + self.postings.len() + self.clusters.len() + 8);
        // A record that was removed and sent again has a new number: what is dropped goes first.
        changes.extend(self.dropped_records.into_iter().map(|(number, key)| Change::DropRecord { number, key }));
        for (number, row) in self.records {
            changes.extend(row.map(|(key, record)| Change::PutRecord { number, key, record }));
        }
        self.events.append_to(&mut changes);
        for ((a, b), row) in self.assertions {
            changes.push(match row {
                Some(row) => Change::PutAssertion(Box::new(row)),
                None => Change::DropAssertion { a, b },
            });
        }
        changes.extend(self.tombstones.into_iter().map(|(hash, present)| match present {
            true => Change::AddTombstone { hash },
            false => Change::DropTombstone { hash },
        }));
        changes.extend(self.anchors.into_iter().map(|(profile, anchor)| Change::PutAnchor { profile, anchor }));
        for (number, row) in self.nodes {
            changes.push(match row {
                Some(node) => Change::PutNode { number, node },
                None => Change::DropNode { number },
            });
        }
        for (value, row) in self.postings {
            changes.push(match row {
                Some(posting) => Change::PutPosting { value, posting },
                None => Change::DropPosting { value },
            });
        }
        for (value, rows) in self.carriers {
            changes.extend(rows.into_iter().map(|(number, present)| match present {
                true => Change::AddCarrier { value, number },
                false => Change::DropCarrier { value, number },
            }));
        }
        for (number, row) in self.clusters {
            changes.push(match row {
                Some(cluster) => Change::PutCluster { number, cluster },
                None => Change::DropCluster { number },
            });
        }
        for (cluster, rows) in self.members {
            changes.extend(rows.into_iter().map(|(number, present)| match present {
                true => Change::AddMember { cluster, number },
                false => Change::DropMember { cluster, number },
            }));
        }
        for (key, row) in self.withheld {
            changes.push(match row {
                Some(row) => Change::PutWithheld { key, row },
                None => Change::DropWithheld { key },
            });
        }
        changes.extend(self.policy.map(Change::PutPolicy));
        changes.extend(self.meta.map(|meta| Change::PutMeta(Box::new(meta))));
        (changes, self.feed)
    }
}

/// Whether a row is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Present,
    /// It is not.
    Absent,
}

impl std::fmt::Debug for Overlay<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overlay").field("nodes", &self.nodes.len()).field("postings", &self.postings.len()).finish()
    }
}

/// A list is spilled into rows when it grows too long, and stays so until it is empty.
fn add<'r>(numbers: &mut Numbers, number: RecordNumber, rows: impl FnOnce() -> &'r mut BTreeMap<RecordNumber, bool>) {
    match numbers {
        Numbers::Inline(list) => {
            if let Err(place) = list.binary_search(&number) {
                list.insert(place, number);
            }
            if list.len() > INLINE_MAX {
                rows().extend(list.iter().map(|&number| (number, true)));
                *numbers = Numbers::Spilled(list.len() as u64);
            }
        }
        Numbers::Spilled(count) => {
            rows().insert(number, true);
            *count += 1;
        }
    }
}

fn remove<'r>(
    numbers: &mut Numbers,
    number: RecordNumber,
    rows: impl FnOnce() -> &'r mut BTreeMap<RecordNumber, bool>,
) {
    match numbers {
        Numbers::Inline(list) => list.retain(|known| *known != number),
        Numbers::Spilled(count) => {
            rows().insert(number, false);
            *count = count.saturating_sub(1);
        }
    }
}

/// Rows of a spilled list that are read at a time.
const PAGE: usize = 4096;

/// Reads all numbers of a list, by pages where it is spilled.
pub(crate) fn all(
    numbers: &Numbers,
    page: impl Fn(RecordNumber, usize) -> Result<Vec<RecordNumber>>,
) -> Result<Vec<RecordNumber>> {
    let count = match numbers {
        Numbers::Inline(list) => return Ok(list.to_vec()),
        Numbers::Spilled(count) => *count,
    };
    let mut found: Vec<RecordNumber> = Vec::with_capacity(count as usize);
    let mut from = RecordNumber(0);
    loop {
        let next = page(from, PAGE)?;
        let Some(last) = next.last() else { return Ok(found) };
        from = RecordNumber(last.0 + 1);
        found.extend(next);
    }
}

fn one<K: Copy + Eq + Hash, V: Clone>(
    pending: &AHashMap<K, Option<V>>,
    warm: &AHashMap<K, Option<V>>,
    key: K,
    base: impl FnOnce(&[K]) -> Result<Vec<Option<V>>>,
) -> Result<Option<V>> {
    match pending.get(&key).or_else(|| warm.get(&key)) {
        Some(row) => Ok(row.clone()),
        None => Ok(base(&[key])?.pop().flatten()),
    }
}

fn many<K: Copy + Eq + Hash, V: Clone>(
    pending: &AHashMap<K, Option<V>>,
    warm: &AHashMap<K, Option<V>>,
    keys: &[K],
    base: impl FnOnce(&[K]) -> Result<Vec<Option<V>>>,
) -> Result<Vec<Option<V>>> {
    if pending.is_empty() && warm.is_empty() {
        return base(keys);
    }
    each(keys, |key| pending.get(key).or_else(|| warm.get(key)).cloned(), base)
}

/// Answers for each key with what is pending, and for the others with what the base has.
fn each<K: Copy, V>(
    keys: &[K],
    known: impl Fn(&K) -> Option<Option<V>>,
    base: impl FnOnce(&[K]) -> Result<Vec<Option<V>>>,
) -> Result<Vec<Option<V>>> {
    let pending: Vec<Option<Option<V>>> = keys.iter().map(known).collect();
    let missing: Vec<K> = keys.iter().zip(&pending).filter(|(_, row)| row.is_none()).map(|(key, _)| *key).collect();
    let mut found = if missing.is_empty() { Vec::new() } else { base(&missing)? }.into_iter();
    Ok(pending.into_iter().map(|row| row.unwrap_or_else(|| found.next().flatten())).collect())
}

/// Merges a page of the base with pending rows. Both ascend; pending rows replace the base's, `None` removes.
fn page<K: Copy + Ord, V>(
    limit: usize,
    mut base: impl FnMut(Option<K>, usize) -> Result<Vec<(K, V)>>,
    pending: BTreeMap<K, Option<V>>,
) -> Result<Vec<(K, V)>> {
    let mut merged: Vec<(K, V)> = Vec::new();
    let mut pending = pending.into_iter().peekable();
    let mut after = None;
    while merged.len() < limit {
        let rows = base(after, limit)?;
        let end = rows.len() < limit;
        after = rows.last().map(|row| row.0).or(after);
        for (key, value) in rows {
            while let Some((early, row)) = pending.next_if(|(next, _)| *next < key) {
                merged.extend(row.map(|row| (early, row)));
            }
            match pending.next_if(|(next, _)| *next == key) {
                Some((_, row)) => merged.extend(row.map(|row| (key, row))),
                None => merged.push((key, value)),
            }
        }
        if end {
            merged.extend(pending.filter_map(|(key, row)| row.map(|row| (key, row))));
            break;
        }
    }
    merged.truncate(limit);
    Ok(merged)
}

impl Snapshot for Overlay<'_> {
    fn revision(&self) -> Revision {
        self.base.revision()
    }

    fn meta(&self) -> Result<Option<Meta>> {
        if self.meta.is_some() { Ok(self.meta.clone()) } else { self.base.meta() }
    }

    fn policy(&self) -> Result<Option<Arc<str>>> {
        if self.policy.is_some() { Ok(self.policy.clone()) } else { self.base.policy() }
    }

    fn numbers(&self, keys: &[KeyHash]) -> Result<Vec<Option<RecordNumber>>> {
        many(&self.numbers, &self.warm.numbers, keys, |keys| self.base.numbers(keys))
    }

    fn records(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Record>>>> {
        numbers.iter().map(|&number| self.record(number)).collect()
    }

    fn record_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Record>)>> {
        let pending = self.records.iter().filter(|(number, _)| **number >= from);
        let pending = pending.map(|(number, row)| (*number, row.as_ref().map(|(_, record)| Arc::clone(record))));
        let next = |after: Option<RecordNumber>, limit| {
            self.base.record_page(after.map_or(from, |after| RecordNumber(after.0 + 1)), limit)
        };
        page(limit, next, pending.collect())
    }

    fn trails(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Trail>>>> {
        self.events.trails(self.base, numbers)
    }

    fn trail_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Trail>)>> {
        self.events.trail_page(self.base, from, limit)
    }

    fn event_places(&self, keys: &[KeyHash]) -> Result<Vec<Option<EventPlace>>> {
        self.events.places(self.base, keys)
    }

    fn events(&self, places: &[EventPlace]) -> Result<Vec<Option<Arc<Event>>>> {
        self.events.events(self.base, places)
    }

    fn event_page(
        &self,
        trail: RecordNumber,
        times: RangeInclusive<i64>,
        after: Option<KeyHash>,
        limit: usize,
    ) -> Result<Vec<(EventPlace, Arc<Event>)>> {
        self.events.event_page(self.base, trail, times, after, limit)
    }

    fn events_about(
        &self,
        topic: TopicHash,
        trails: RangeInclusive<RecordNumber>,
        after: Option<EventPlace>,
        limit: usize,
    ) -> Result<Vec<EventPlace>> {
        self.events.events_about(self.base, topic, trails, after, limit)
    }

    fn deeds(&self, trail: RecordNumber, months: RangeInclusive<i32>) -> Result<Vec<(i32, Arc<DeedMonth>)>> {
        self.events.deeds(self.base, trail, months)
    }

    fn assertions(&self, keys: &[KeyHash]) -> Result<Vec<AssertionRow>> {
        let mut rows = self.base.assertions(keys)?;
        if self.assertions.is_empty() {
            return Ok(rows);
        }
        rows.retain(|row| !self.assertions.contains_key(&(row.a, row.b)));
        let asked: AHashSet<KeyHash> = keys.iter().copied().collect();
        let named = |row: &&AssertionRow| asked.contains(&row.a) || asked.contains(&row.b);
        rows.extend(self.assertions.values().flatten().filter(named).cloned());
        Ok(rows)
    }

    fn assertion_page(&self, after: Option<(KeyHash, KeyHash)>, limit: usize) -> Result<Vec<AssertionRow>> {
        let pending = self.assertions.iter().filter(|(pair, _)| after.is_none_or(|after| **pair > after));
        let next = |last: Option<(KeyHash, KeyHash)>, limit| {
            let rows = self.base.assertion_page(last.or(after), limit)?;
            Ok(rows.into_iter().map(|row| ((row.a, row.b), row)).collect())
        };
        let rows = page(limit, next, pending.map(|(pair, row)| (*pair, row.clone())).collect())?;
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    fn tombstones(&self, hashes: &[TombstoneHash]) -> Result<Vec<bool>> {
        let base = self.base.tombstones(hashes)?;
        Ok(hashes.iter().zip(base).map(|(hash, stood)| self.tombstones.get(hash).copied().unwrap_or(stood)).collect())
    }

    fn anchors(&self, profiles: &[ProfileNumber]) -> Result<Vec<Option<Anchor>>> {
        let base = self.base.anchors(profiles)?;
        Ok(profiles.iter().zip(base).map(|(profile, row)| self.anchors.get(profile).copied().or(row)).collect())
    }

    fn changes(&self, from: u64, limit: usize) -> Result<Vec<ProfileChange>> {
        let mut changes = self.base.changes(from, limit)?;
        changes.extend(self.feed.iter().filter(|change| change.sequence >= from).cloned());
        changes.truncate(limit);
        Ok(changes)
    }

    fn nodes(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Node>>>> {
        many(&self.nodes, &self.warm.nodes, numbers, |numbers| self.base.nodes(numbers))
    }

    fn node_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Node>)>> {
        let pending = self.nodes.iter().filter(|(number, _)| **number >= from);
        let next = |after: Option<RecordNumber>, limit| {
            self.base.node_page(after.map_or(from, |after| RecordNumber(after.0 + 1)), limit)
        };
        page(limit, next, pending.map(|(number, row)| (*number, row.clone())).collect())
    }

    fn postings(&self, values: &[ValueHash]) -> Result<Vec<Option<Arc<Posting>>>> {
        many(&self.postings, &self.warm.postings, values, |values| self.base.postings(values))
    }

    fn carriers(&self, value: ValueHash, from: RecordNumber, limit: usize) -> Result<Vec<RecordNumber>> {
        let next = |from: RecordNumber, limit| self.base.carriers(value, from, limit);
        number_page(self.carriers.get(&value), from, limit, next)
    }

    fn clusters(&self, numbers: &[ClusterNumber]) -> Result<Vec<Option<Arc<Cluster>>>> {
        many(&self.clusters, &self.warm.clusters, numbers, |numbers| self.base.clusters(numbers))
    }

    fn cluster_page(&self, from: ClusterNumber, limit: usize) -> Result<Vec<(ClusterNumber, Arc<Cluster>)>> {
        let pending = self.clusters.iter().filter(|(number, _)| **number >= from);
        let next = |after: Option<ClusterNumber>, limit| {
            self.base.cluster_page(after.map_or(from, |after| ClusterNumber(after.0 + 1)), limit)
        };
        page(limit, next, pending.map(|(number, row)| (*number, row.clone())).collect())
    }

    fn members(&self, cluster: ClusterNumber, from: RecordNumber, limit: usize) -> Result<Vec<RecordNumber>> {
        let next = |from: RecordNumber, limit| self.base.members(cluster, from, limit);
        number_page(self.members.get(&cluster), from, limit, next)
    }

    fn withheld(&self, keys: &[WithheldKey]) -> Result<Vec<Option<Arc<WithheldRow>>>> {
        each(keys, |key| self.withheld.get(key).cloned(), |keys| self.base.withheld(keys))
    }

    fn withheld_page(&self, after: Option<WithheldKey>, limit: usize) -> Result<Vec<(WithheldKey, Arc<WithheldRow>)>> {
        let pending = self.withheld.iter().filter(|(key, _)| after.is_none_or(|after| **key > after));
        let next = |last: Option<WithheldKey>, limit| self.base.withheld_page(last.or(after), limit);
        page(limit, next, pending.map(|(key, row)| (*key, row.clone())).collect())
    }
}

fn number_page(
    pending: Option<&BTreeMap<RecordNumber, bool>>,
    from: RecordNumber,
    limit: usize,
    base: impl Fn(RecordNumber, usize) -> Result<Vec<RecordNumber>>,
) -> Result<Vec<RecordNumber>> {
    let Some(pending) = pending else { return base(from, limit) };
    let next = |after: Option<RecordNumber>, limit| {
        let rows = base(after.map_or(from, |after| RecordNumber(after.0 + 1)), limit)?;
        Ok(rows.into_iter().map(|number| (number, ())).collect())
    };
    let pending = pending.range(from..).map(|(number, present)| (*number, present.then_some(())));
    Ok(page(limit, next, pending.collect())?.into_iter().map(|(number, ())| number).collect())
}

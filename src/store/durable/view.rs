//! A snapshot of a tenant over a view of the engine.

use super::engine::EngineView;
use super::keys::{self, Keys, Table, Tail};
use super::writes::{FEED_CHUNK, State};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{ClusterNumber, KeyHash, ProfileNumber, RecordNumber, TombstoneHash, TopicHash, ValueHash};
use crate::preference::DeedMonth;
use crate::record::Record;
use crate::store::codec::{self, Entry};
use crate::store::contract::{Revision, Snapshot};
use crate::store::rows::{
    Anchor, AssertionRow, Cluster, EventPlace, Meta, Node, Posting, ProfileChange, Trail, WithheldKey, WithheldRow,
};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range, RangeInclusive};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// From so many point reads on, all cores share them: a read is some microseconds, a thread some tens.
const ON_ALL_CORES: usize = 256;

/// Reads checked rows from a view of the engine, as long as its files are the store's.
pub(super) struct Rows {
    view: Arc<dyn EngineView>,
    // Which rewriting of the files the view is of, and the newest one.
    epoch: u64,
    newest: Arc<AtomicU64>,
}

impl Rows {
    pub(super) fn new(view: Arc<dyn EngineView>, newest: &Arc<AtomicU64>) -> Self {
        Self { view, epoch: newest.load(Ordering::Acquire), newest: Arc::clone(newest) }
    }

    pub(super) fn get<T: DeserializeOwned>(&self, table: Table, key: &[u8]) -> Result<Option<T>> {
        let mut row = None;
        let read = self.view.get(key, &mut |bytes| {
            row = Some(codec::decode(key, bytes).ok_or_else(|| table.damaged())?);
            Ok(())
        });
        self.checked(read)?;
        Ok(row)
    }

    /// Reads a page of rows.
    pub(super) fn page<T>(
        &self,
        keys: Range<Vec<u8>>,
        limit: usize,
        read: impl Fn(&[u8], &[u8]) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut page = Vec::new();
        self.each(keys, |key, bytes| {
            if page.len() == limit {
                return Ok(ControlFlow::Break(()));
            }
            page.push(read(key, bytes)?);
            Ok(if page.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(page)
    }

    pub(super) fn each(
        &self,
        keys: Range<Vec<u8>>,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        if keys.start >= keys.end {
            return Ok(());
        }
        let read = self.view.scan(keys, &mut each);
        self.checked(read)
    }

    // Files that a scrub replaced may be gone by now, whatever the engine made of that.
    fn checked<T>(&self, read: Result<T>) -> Result<T> {
        let newest = self.newest.load(Ordering::Acquire);
        if newest == self.epoch { read } else { Err(Error::conflict(self.epoch, newest)) }
    }
}

pub(super) struct View {
    rows: Rows,
    // None before the first commit.
    keys: Option<Keys>,
    state: State,
}

impl View {
    pub(super) fn new(rows: Rows, tenant: Option<u32>) -> Result<Self> {
        let nothing = State { revision: Revision(0), meta: None };
        let Some(tenant) = tenant else { return Ok(Self { rows, keys: None, state: nothing }) };
        let state = state(&rows, tenant)?.unwrap_or(nothing);
        let generation = state.meta.as_ref().map(|meta| meta.generation).unwrap_or_default();
        Ok(Self { rows, keys: Some(Keys { tenant, generation }), state })
    }

    fn all<K: Copy + Sync, T: DeserializeOwned + Send>(
        &self,
        table: Table,
        list: &[K],
        key: impl Fn(Keys, K) -> Vec<u8> + Sync,
    ) -> Result<Vec<Option<T>>> {
        let Some(keys) = self.keys else { return Ok(list.iter().map(|_| None).collect()) };
        on_all_cores(list, |one| self.rows.get(table, &key(keys, one)))
    }

    /// A page of the rows from a key on, to those that begin with a prefix: `range` gives the prefix, then the key.
    fn page<T>(
        &self,
        range: impl Fn(Keys) -> (Vec<u8>, Vec<u8>),
        limit: usize,
        read: impl Fn(&[u8], &[u8]) -> Result<T>,
    ) -> Result<Vec<T>> {
        let Some(keys) = self.keys.filter(|_| limit > 0) else { return Ok(Vec::new()) };
        let (prefix, from) = range(keys);
        self.rows.page(from..keys::end(&prefix), limit, read)
    }

    fn numbered<T: DeserializeOwned>(&self, table: Table, from: u64, limit: usize) -> Result<Vec<(u64, T)>> {
        self.page(
            |keys| (keys.prefix(table), keys.number(table, from)),
            limit,
            |key, bytes| {
                let row = codec::decode(key, bytes).ok_or_else(|| table.damaged())?;
                Ok((Tail(key, table).u64()?, row))
            },
        )
    }

    fn entries(&self, first: u64, limit: usize) -> Result<Vec<Vec<ProfileChange>>> {
        self.page(
            |keys| (keys.prefix(Table::Feed), keys.number(Table::Feed, first)),
            limit,
            |key, bytes| {
                let entries: Vec<Entry> = codec::decode(key, bytes).ok_or_else(|| Table::Feed.damaged())?;
                let first = Tail(key, Table::Feed).u64()?;
                Ok((first..).zip(entries).map(|(sequence, entry)| entry.change(sequence)).collect())
            },
        )
    }
}

/// Reads each of a list, where there are many on all cores.
fn on_all_cores<K: Copy + Sync, T: Send>(list: &[K], read: impl Fn(K) -> Result<T> + Sync) -> Result<Vec<T>> {
    let read = |list: &[K]| -> Result<Vec<T>> { list.iter().map(|&one| read(one)).collect() };
    if list.len() < ON_ALL_CORES {
        return read(list);
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let parts = std::thread::scope(|scope| {
        let read = &read;
        let chunks = list.chunks(list.len().div_ceil(threads));
        let work: Vec<_> = chunks.map(|chunk| scope.spawn(move || read(chunk))).collect();
        let joined = work.into_iter().map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.collect::<Result<Vec<_>>>()
    })?;
    Ok(parts.into_iter().flatten().collect())
}

/// The state of a tenant.
pub(super) fn state(rows: &Rows, tenant: u32) -> Result<Option<State>> {
    rows.get(Table::State, &Keys { tenant, generation: Default::default() }.prefix(Table::State))
}

/// Reads a number off the end of a key whose row holds nothing else.
fn number_of(table: Table) -> impl Fn(&[u8], &[u8]) -> Result<RecordNumber> {
    move |key, bytes| {
        codec::decode::<()>(key, bytes).ok_or_else(|| table.damaged())?;
        Tail(key, table).u64().map(RecordNumber)
    }
}

fn shared<T>(rows: Vec<Option<T>>) -> Vec<Option<Arc<T>>> {
    rows.into_iter().map(|row| row.map(Arc::new)).collect()
}

impl Snapshot for View {
    fn revision(&self) -> Revision {
        self.state.revision
    }

    fn meta(&self) -> Result<Option<Meta>> {
        Ok(self.state.meta.clone())
    }

    fn policy(&self) -> Result<Option<Arc<str>>> {
        let Some(keys) = self.keys else { return Ok(None) };
        self.rows.get(Table::Policy, &keys.prefix(Table::Policy))
    }

    fn numbers(&self, keys: &[KeyHash]) -> Result<Vec<Option<RecordNumber>>> {
        self.all(Table::Number, keys, |keys, key| keys.hash(Table::Number, key.0))
    }

    fn records(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Record>>>> {
        self.all(Table::Record, numbers, |keys, number| keys.number(Table::Record, number.0)).map(shared)
    }

    fn record_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Record>)>> {
        let rows = self.numbered(Table::Record, from.0, limit)?;
        Ok(rows.into_iter().map(|(number, record)| (RecordNumber(number), Arc::new(record))).collect())
    }

    fn trails(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Trail>>>> {
        self.all(Table::Trail, numbers, |keys, number| keys.number(Table::Trail, number.0)).map(shared)
    }

    fn trail_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Trail>)>> {
        let rows = self.numbered(Table::Trail, from.0, limit)?;
        Ok(rows.into_iter().map(|(number, trail)| (RecordNumber(number), Arc::new(trail))).collect())
    }

    fn event_places(&self, keys: &[KeyHash]) -> Result<Vec<Option<EventPlace>>> {
        let rows: Vec<Option<(RecordNumber, i64)>> =
            self.all(Table::Place, keys, |keys, key| keys.hash(Table::Place, key.0))?;
        let place = |(&key, row): (&KeyHash, Option<_>)| row.map(|(trail, at)| EventPlace { trail, at, key });
        Ok(keys.iter().zip(rows).map(place).collect())
    }

    fn events(&self, places: &[EventPlace]) -> Result<Vec<Option<Arc<Event>>>> {
        self.all(Table::Event, places, Keys::event).map(shared)
    }

    fn event_page(
        &self,
        trail: RecordNumber,
        times: RangeInclusive<i64>,
        after: Option<KeyHash>,
        limit: usize,
    ) -> Result<Vec<(EventPlace, Arc<Event>)>> {
        let (since, until) = times.into_inner();
        self.page(
            |keys| {
                let newest = after.map(|key| next(keys.event(EventPlace { trail, at: until, key })));
                (keys.events(trail, since), newest.unwrap_or_else(|| keys.events(trail, until)))
            },
            limit,
            |key, bytes| {
                let event = codec::decode(key, bytes).ok_or_else(|| Table::Event.damaged())?;
                Ok((keys::event_of(key, Table::Event)?, Arc::new(event)))
            },
        )
    }

    fn deeds(&self, trail: RecordNumber, months: RangeInclusive<i32>) -> Result<Vec<(i32, Arc<DeedMonth>)>> {
        let (first, last) = months.into_inner();
        self.page(
            |keys| (keys.deeds(trail, last), keys.deeds(trail, first)),
            usize::MAX,
            |key, bytes| {
                let deeds = codec::decode(key, bytes).ok_or_else(|| Table::Deeds.damaged())?;
                Ok((keys::month_of(key)?, Arc::new(deeds)))
            },
        )
    }

    fn events_about(
        &self,
        topic: TopicHash,
        trails: RangeInclusive<RecordNumber>,
        after: Option<EventPlace>,
        limit: usize,
    ) -> Result<Vec<EventPlace>> {
        self.page(
            |keys| {
                let (first, last) = (keys.topic_trail(topic, *trails.start()), keys.topic_trail(topic, *trails.end()));
                let after = after.map(|after| next(keys.topic(topic, after)));
                (last, after.map_or_else(|| first.clone(), |after| after.max(first.clone())))
            },
            limit,
            |key, bytes| {
                codec::decode::<()>(key, bytes).ok_or_else(|| Table::Topic.damaged())?;
                keys::event_of(key, Table::Topic)
            },
        )
    }

    fn events_about_each(&self, topics: &[TopicHash], limit: usize) -> Result<Vec<Vec<EventPlace>>> {
        let all = RecordNumber(0)..=RecordNumber(u64::MAX);
        on_all_cores(topics, |topic| self.events_about(topic, all.clone(), None, limit))
    }

    fn assertions(&self, keys: &[KeyHash]) -> Result<Vec<AssertionRow>> {
        let mut found = BTreeMap::new();
        for &key in keys {
            let first = |table| move |keys: Keys| (keys.hash(table, key.0), keys.hash(table, key.0));
            let rows = self.page(first(Table::Assertion), usize::MAX, assertion)?;
            found.extend(rows.into_iter().map(|row| ((row.a, row.b), row)));
            let others = self.page(first(Table::Asserted), usize::MAX, |key, bytes| {
                codec::decode::<()>(key, bytes).ok_or_else(|| Table::Asserted.damaged())?;
                Tail(key, Table::Asserted).u128().map(KeyHash)
            })?;
            let rows = self.all(Table::Assertion, &others, |keys, other| keys.pair(Table::Assertion, other, key))?;
            found.extend(rows.into_iter().flatten().map(|row: AssertionRow| ((row.a, row.b), row)));
        }
        Ok(found.into_values().collect())
    }

    fn assertion_page(&self, after: Option<(KeyHash, KeyHash)>, limit: usize) -> Result<Vec<AssertionRow>> {
        self.page(
            |keys| {
                let prefix = keys.prefix(Table::Assertion);
                let from = after.map_or_else(|| prefix.clone(), |(a, b)| next(keys.pair(Table::Assertion, a, b)));
                (prefix, from)
            },
            limit,
            assertion,
        )
    }

    fn tombstones(&self, hashes: &[TombstoneHash]) -> Result<Vec<bool>> {
        let rows: Vec<Option<()>> =
            self.all(Table::Tombstone, hashes, |keys, hash| keys.hash(Table::Tombstone, hash.0))?;
        Ok(rows.iter().map(Option::is_some).collect())
    }

    fn anchors(&self, profiles: &[ProfileNumber]) -> Result<Vec<Option<Anchor>>> {
        self.all(Table::Anchor, profiles, |keys, profile| keys.number(Table::Anchor, profile.0))
    }

    fn changes(&self, from: u64, limit: usize) -> Result<Vec<ProfileChange>> {
        let mut changes = Vec::new();
        // The row that holds `from` begins at most a chunk before it.
        let mut first = from.saturating_sub(FEED_CHUNK as u64 - 1);
        while changes.len() < limit {
            let chunks = self.entries(first, 16)?;
            let Some(last) = chunks.last().and_then(|chunk| chunk.last()) else { break };
            first = last.sequence.saturating_add(1);
            let rest = limit - changes.len();
            changes.extend(chunks.into_iter().flatten().filter(|change| change.sequence >= from).take(rest));
        }
        Ok(changes)
    }

    fn nodes(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<Arc<Node>>>> {
        self.all(Table::Node, numbers, |keys, number| keys.number(Table::Node, number.0)).map(shared)
    }

    fn node_page(&self, from: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Arc<Node>)>> {
        let rows = self.numbered(Table::Node, from.0, limit)?;
        Ok(rows.into_iter().map(|(number, node)| (RecordNumber(number), Arc::new(node))).collect())
    }

    fn postings(&self, values: &[ValueHash]) -> Result<Vec<Option<Arc<Posting>>>> {
        self.all(Table::Posting, values, |keys, value| keys.hash(Table::Posting, value.0)).map(shared)
    }

    fn carriers(&self, value: ValueHash, from: RecordNumber, limit: usize) -> Result<Vec<RecordNumber>> {
        let range = |keys: Keys| (keys.hash(Table::Carrier, value.0), keys.carrier(value, from));
        self.page(range, limit, number_of(Table::Carrier))
    }

    fn clusters(&self, numbers: &[ClusterNumber]) -> Result<Vec<Option<Arc<Cluster>>>> {
        self.all(Table::Cluster, numbers, |keys, number| keys.number(Table::Cluster, number.0)).map(shared)
    }

    fn cluster_page(&self, from: ClusterNumber, limit: usize) -> Result<Vec<(ClusterNumber, Arc<Cluster>)>> {
        let rows = self.numbered(Table::Cluster, from.0, limit)?;
        Ok(rows.into_iter().map(|(number, cluster)| (ClusterNumber(number), Arc::new(cluster))).collect())
    }

    fn members(&self, cluster: ClusterNumber, from: RecordNumber, limit: usize) -> Result<Vec<RecordNumber>> {
        let range = |keys: Keys| (keys.number(Table::Member, cluster.0), keys.member(cluster.0, from));
        self.page(range, limit, number_of(Table::Member))
    }

    fn withheld(&self, keys: &[WithheldKey]) -> Result<Vec<Option<Arc<WithheldRow>>>> {
        self.all(Table::Withheld, keys, Keys::withheld).map(shared)
    }

    fn withheld_page(&self, after: Option<WithheldKey>, limit: usize) -> Result<Vec<(WithheldKey, Arc<WithheldRow>)>> {
        self.page(
            |keys| {
                let prefix = keys.prefix(Table::Withheld);
                let from = after.map_or_else(|| prefix.clone(), |after| next(keys.withheld(after)));
                (prefix, from)
            },
            limit,
            |key, bytes| {
                let row = codec::decode(key, bytes).ok_or_else(|| Table::Withheld.damaged())?;
                Ok((keys::withheld_of(key)?, Arc::new(row)))
            },
        )
    }
}

fn assertion(key: &[u8], bytes: &[u8]) -> Result<AssertionRow> {
    codec::decode(key, bytes).ok_or_else(|| Table::Assertion.damaged())
}

/// The first key after this one.
fn next(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}

//! The three shapes of table: by ascending number, by hash, and in order.

use super::history::{History, Live, Row, Stamp};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

const PAGE_ROWS: usize = 1024;
const SHARD_BITS: u32 = 8;

/// Rows under numbers that ascend and are never reused: pages of slots, and no page where all rows are gone.
#[derive(Debug)]
pub(super) struct Dense<V> {
    pages: Vec<Option<Page<V>>>,
    history: History<u64, V>,
}

// Invariant: `used` counts the slots that hold a row, and is not 0.
#[derive(Debug)]
struct Page<V> {
    used: usize,
    slots: Box<[Option<Row<V>>]>,
}

impl<V> Default for Dense<V> {
    fn default() -> Self {
        Self { pages: Vec::new(), history: History::default() }
    }
}

impl<V> Dense<V> {
    pub(super) fn get(&self, number: u64, at: u64) -> Option<&V> {
        match self.row(number) {
            Some(row) if row.written <= at => Some(&row.value),
            _ => self.history.get(&number, at),
        }
    }

    pub(super) fn put(&mut self, number: u64, value: V, stamp: Stamp) {
        let (page, slot) = place(number);
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        let Some(page) = self.pages.get_mut(page) else { return };
        let page = page.get_or_insert_with(|| Page { used: 0, slots: (0..PAGE_ROWS).map(|_| None).collect() });
        let Some(slot) = page.slots.get_mut(slot) else { return };
        let old = slot.replace(Row { written: stamp.now, value });
        page.used += usize::from(old.is_none());
        self.history.keep(number, old, stamp);
    }

    pub(super) fn remove(&mut self, number: u64, stamp: Stamp) {
        let (at, slot) = place(number);
        let Some(Some(page)) = self.pages.get_mut(at) else { return };
        let Some(old) = page.slots.get_mut(slot).and_then(Option::take) else { return };
        page.used -= 1;
        if page.used == 0
            && let Some(page) = self.pages.get_mut(at)
        {
            *page = None;
        }
        self.history.keep(number, Some(old), stamp);
    }

    /// The rows from a number on, ascending.
    pub(super) fn page(&self, from: u64, at: u64) -> impl Iterator<Item = (u64, &V)> {
        merge(self.numbers(from), self.history.keys_from(from), |number| *number)
            .filter_map(move |number| Some((number, self.get(number, at)?)))
    }

    pub(super) fn prune(&mut self, commits: Range<u64>, live: &Live) {
        self.history.prune(commits, live);
    }

    #[cfg(test)]
    pub(super) fn is_lean(&self) -> bool {
        self.history.is_empty()
    }

    fn row(&self, number: u64) -> Option<&Row<V>> {
        let (page, slot) = place(number);
        self.pages.get(page)?.as_ref()?.slots.get(slot)?.as_ref()
    }

    fn numbers(&self, from: u64) -> impl Iterator<Item = u64> {
        let (first, _) = place(from);
        self.pages.iter().enumerate().skip(first).filter(|(_, page)| page.is_some()).flat_map(move |(page, _)| {
            let base = (page * PAGE_ROWS) as u64;
            (base.max(from)..base + PAGE_ROWS as u64).filter(|&number| self.row(number).is_some())
        })
    }
}

fn place(number: u64) -> (usize, usize) {
    // On a machine of 32 bits a number that does not fit is refused before it comes here.
    (usize::try_from(number / PAGE_ROWS as u64).unwrap_or(usize::MAX), (number % PAGE_ROWS as u64) as usize)
}

type Shard<V> = HashMap<Hash, Row<V>, BuildHasherDefault<Bits>>;

/// Rows under hashes: many maps, so that a commit never waits for one map of everything to grow.
#[derive(Debug)]
pub(super) struct Hashed<V> {
    shards: Box<[Shard<V>]>,
    history: History<u128, V>,
}

impl<V> Default for Hashed<V> {
    fn default() -> Self {
        Self { shards: (0..1 << SHARD_BITS).map(|_| HashMap::default()).collect(), history: History::default() }
    }
}

impl<V> Hashed<V> {
    pub(super) fn get(&self, key: u128, at: u64) -> Option<&V> {
        let hash = Hash::of(key);
        match self.shards.get(hash.shard()).and_then(|rows| rows.get(&hash)) {
            Some(row) if row.written <= at => Some(&row.value),
            _ => self.history.get(&key, at),
        }
    }

    pub(super) fn put(&mut self, key: u128, value: V, stamp: Stamp) {
        let hash = Hash::of(key);
        let Some(rows) = self.shards.get_mut(hash.shard()) else { return };
        let old = rows.insert(hash, Row { written: stamp.now, value });
        self.history.keep(key, old, stamp);
    }

    pub(super) fn remove(&mut self, key: u128, stamp: Stamp) {
        let hash = Hash::of(key);
        let Some(rows) = self.shards.get_mut(hash.shard()) else { return };
        self.history.keep(key, rows.remove(&hash), stamp);
    }

    pub(super) fn prune(&mut self, commits: Range<u64>, live: &Live) {
        self.history.prune(commits, live);
    }
}

/// A keyed hash of 128 bits, aligned as its halves: a row of a map is smaller by that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hash {
    high: u64,
    low: u64,
}

impl Hash {
    fn of(key: u128) -> Self {
        Self { high: (key >> 64) as u64, low: key as u64 }
    }

    // The first bits, which the map inside does not look at: rows that come in the order of their keys fill one map
    // after the other.
    fn shard(self) -> usize {
        (self.high >> (u64::BITS - SHARD_BITS)) as usize
    }
}

impl std::hash::Hash for Hash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.low);
    }
}

/// Rows in the order of their keys.
#[derive(Debug)]
pub(super) struct Ordered<K, V> {
    rows: BTreeMap<K, Row<V>>,
    history: History<K, V>,
}

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), history: History::default() }
    }
}

impl<K: Ord + Copy, V> Ordered<K, V> {
    pub(super) fn get(&self, key: &K, at: u64) -> Option<&V> {
        match self.rows.get(key) {
            Some(row) if row.written <= at => Some(&row.value),
            _ => self.history.get(key, at),
        }
    }

    pub(super) fn put(&mut self, key: K, value: V, stamp: Stamp) {
        let old = self.rows.insert(key, Row { written: stamp.now, value });
        self.history.keep(key, old, stamp);
    }

    pub(super) fn remove(&mut self, key: K, stamp: Stamp) {
        let old = self.rows.remove(&key);
        self.history.keep(key, old, stamp);
    }

    /// The rows from a key on, ascending.
    pub(super) fn page(&self, from: K, at: u64) -> impl Iterator<Item = (K, &V)> {
        let rows = self.rows.range(from..).map(|(&key, row)| (key, Some(row)));
        let replaced = self.history.keys_from(from).map(|key| (key, None));
        merge(rows, replaced, |(key, _)| *key).filter_map(move |(key, row)| {
            let value = match row {
                Some(row) if row.written <= at => Some(&row.value),
                _ => self.history.get(&key, at),
            };
            Some((key, value?))
        })
    }

    pub(super) fn prune(&mut self, commits: Range<u64>, live: &Live) {
        self.history.prune(commits, live);
    }

    #[cfg(test)]
    pub(super) fn is_lean(&self) -> bool {
        self.history.is_empty()
    }
}

/// Merges two lists that ascend by their keys; of what is in both, the left comes.
fn merge<T, K: Ord>(
    left: impl Iterator<Item = T>,
    right: impl Iterator<Item = T>,
    key: impl Fn(&T) -> K,
) -> impl Iterator<Item = T> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    std::iter::from_fn(move || match (left.peek(), right.peek()) {
        (Some(a), Some(b)) if key(a) == key(b) => {
            right.next();
            left.next()
        }
        (Some(a), Some(b)) if key(b) < key(a) => right.next(),
        (Some(_), _) => left.next(),
        (None, _) => right.next(),
    })
}

/// Hashes what is a keyed hash already: takes its bits.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Bits(u64);

impl Hasher for Bits {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(self.0.rotate_left(8) ^ u64::from(byte)));
    }

    fn write_u64(&mut self, bits: u64) {
        self.0 = bits;
    }
}

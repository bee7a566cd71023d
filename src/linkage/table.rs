//! Records as columns of numbers: each distinct value once, so that many pairs are compared by few looks at text.

use super::Row;
use super::compare::{Comparison, NULL, Values};
use crate::value::Fact;
use ahash::AHashMap;
use smallvec::SmallVec;
use smol_str::SmolStr;

/// Slots of the memory of a comparison: a power of two.
const MEMORY: usize = 1 << 14;

/// The compared columns of many records.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    /// The place of each column of the policy.
    places: AHashMap<u16, usize>,
    pub(crate) unique: Vec<Option<u16>>,
}

/// One column: for each record the number of its set of values; 0 is null.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) ids: Vec<u32>,
    pub(crate) sets: Vec<SmallVec<[SmolStr; 1]>>,
}

impl Table {
    /// Reads the columns that some comparisons ask for. O(facts).
    pub(crate) fn of(comparisons: &[Comparison], rows: &[Row<'_>]) -> Self {
        let mut table =
            Self { columns: Vec::new(), places: AHashMap::new(), unique: rows.iter().map(|row| row.unique).collect() };
        let asked = comparisons
            .iter()
            .flat_map(|comparison| comparison.columns.iter().copied().chain(comparison.swap.map(|(_, column)| column)));
        for column in asked {
            if !table.places.contains_key(&column) {
                table.places.insert(column, table.columns.len());
                table.columns.push(Column::of(column, rows));
            }
        }
        table
    }

    pub(crate) fn len(&self) -> usize {
        self.unique.len()
    }

    pub(crate) fn column(&self, column: u16) -> Option<&Column> {
        self.places.get(&column).and_then(|&place| self.columns.get(place))
    }

    /// Whether two rows may be a pair at all.
    pub(crate) fn may_pair(&self, a: u32, b: u32) -> bool {
        match (self.unique.get(a as usize), self.unique.get(b as usize)) {
            (Some(Some(one)), Some(Some(other))) => one != other,
            _ => true,
        }
    }
}

impl Column {
    fn of(column: u16, rows: &[Row<'_>]) -> Self {
        let mut numbers: AHashMap<SmallVec<[SmolStr; 1]>, u32> = AHashMap::new();
        let mut sets: Vec<SmallVec<[SmolStr; 1]>> = vec![SmallVec::new()];
        let mut ids = Vec::with_capacity(rows.len());
        for row in rows {
            let set: SmallVec<[SmolStr; 1]> =
                of_column(row.facts, column).iter().map(|fact| fact.value.clone()).collect();
            if set.is_empty() {
                ids.push(0);
                continue;
            }
            ids.push(*numbers.entry(set).or_insert_with_key(|set| {
                sets.push(set.clone());
                sets.len() as u32 - 1
            }));
        }
        Self { ids, sets }
    }

    pub(crate) fn id(&self, row: u32) -> u32 {
        self.ids.get(row as usize).copied().unwrap_or_default()
    }

    fn values(&self, id: u32) -> Values<'_> {
        self.sets.get(id as usize).map(|set| set.iter().map(SmolStr::as_str).collect()).unwrap_or_default()
    }

    /// How many records have each set of values.
    pub(crate) fn counts(&self) -> Vec<u32> {
        let mut counts = vec![0_u32; self.sets.len()];
        for &id in &self.ids {
            counts.get_mut(id as usize).into_iter().for_each(|count| *count += 1);
        }
        counts
    }
}

/// The facts of one column. Facts are sorted.
pub(crate) fn of_column(facts: &[Fact], column: u16) -> &[Fact] {
    let from = facts.partition_point(|fact| fact.attribute < column);
    let rest = facts.get(from..).unwrap_or_default();
    rest.get(..rest.partition_point(|fact| fact.attribute == column)).unwrap_or_default()
}

/// Compares rows of a table by one comparison, and remembers what it saw.
pub(crate) struct Comparer<'a> {
    comparison: &'a Comparison,
    columns: SmallVec<[&'a Column; 2]>,
    exact: bool,
    memory: Vec<(u64, u8)>,
}

impl<'a> Comparer<'a> {
    pub(crate) fn new(table: &'a Table, comparison: &'a Comparison) -> Self {
        let asked = comparison.columns.iter().copied().chain(comparison.swap.map(|(_, column)| column));
        let columns = asked.filter_map(|column| table.column(column)).collect();
        let exact = comparison.starts_exact() && comparison.columns.len() == 1;
        Self { comparison, columns, exact, memory: vec![(u64::MAX, NULL); MEMORY] }
    }

    /// The level of two rows.
    pub(crate) fn level(&mut self, a: u32, b: u32) -> u8 {
        let Some(first) = self.columns.first() else { return NULL };
        let (one, other) = (first.id(a), first.id(b));
        if one == 0 || other == 0 {
            return NULL;
        }
        if one == other && self.exact {
            return 0;
        }
        if self.columns.len() > 1 {
            return self.look(a, b);
        }
        let key = u64::from(one.min(other)) << 32 | u64::from(one.max(other));
        let slot = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 50) as usize % MEMORY;
        if let Some(&(known, level)) = self.memory.get(slot)
            && known == key
        {
            return level;
        }
        let level = self.look(a, b);
        if let Some(memory) = self.memory.get_mut(slot) {
            *memory = (key, level);
        }
        level
    }

    fn look(&self, a: u32, b: u32) -> u8 {
        let values = |row: u32| {
            move |place: usize| self.columns.get(place).map(|column| column.values(column.id(row))).unwrap_or_default()
        };
        self.comparison.level(&values(a), &values(b))
    }
}

impl Comparer<'_> {
    /// What a shared value on the best level adds for its rarity.
    pub(crate) fn rarity(&self, weights: &super::score::Weights, a: u32, b: u32) -> f64 {
        let Some(column) = self.columns.first() else { return 0.0 };
        let theirs = column.values(column.id(b));
        let shared = column.values(column.id(a)).into_iter().filter(|value| theirs.contains(value));
        shared.map(|value| weights.rarity(value)).reduce(f64::max).unwrap_or(0.0)
    }
}

//! Records as columns of numbers: each distinct value once, so that many pairs are compared by few looks at text.

use super::Row;
use super::block::Rule;
use super::compare::{self, Comparison, NULL, near};
use super::score::Weights;
use crate::parallel::change_in_parallel;
use crate::value::{Fact, of_column};
use ahash::AHashMap;
use indexmap::IndexSet;
use smallvec::SmallVec;
use smol_str::SmolStr;

/// Slots of the memory of a comparison: a power of two, and so few that the memories of all stay near the core.
const MEMORY: usize = 1 << 11;

/// The compared columns of many records.
#[derive(Debug)]
pub(crate) struct Table {
    /// Ascending by their places in the policy.
    columns: Vec<(u16, Column)>,
    pub(crate) unique: Vec<Option<u16>>,
}

/// One column: for each record the number of its set of values; 0 is null.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) ids: Vec<u32>,
    pub(crate) sets: Vec<Values>,
    /// Whether a set has more than one value.
    pub(crate) several: bool,
}

/// The values of one record in one column.
type Values = SmallVec<[SmolStr; 1]>;

/// The columns that some comparisons and rules ask for.
pub(crate) fn asked(comparisons: &[Comparison], rules: &[Rule]) -> Vec<u16> {
    let compared = comparisons.iter().flat_map(|comparison| {
        let besides = comparison.swap.map(|(_, column)| column).into_iter().chain(comparison.stand_ins.iter().copied());
        comparison.columns.iter().copied().chain(besides)
    });
    compared.chain(rules.iter().flat_map(Rule::columns)).collect()
}

/// A table to which rows are added.
pub(crate) struct Growing {
    columns: Vec<(u16, Vec<u32>, Numbered)>,
    unique: Vec<Option<u16>>,
}

/// Sets of values by number.
type Numbered = IndexSet<Values, ahash::RandomState>;

impl Growing {
    /// Starts a table of some columns, for about so many rows.
    pub(crate) fn new(mut asked: Vec<u16>, rows: usize) -> Self {
        asked.sort_unstable();
        asked.dedup();
        let column = |column| (column, Vec::with_capacity(rows), Numbered::from_iter([Values::new()]));
        Self { columns: asked.into_iter().map(column).collect(), unique: Vec::with_capacity(rows) }
    }

    /// Adds rows, the columns on all cores. O(facts).
    pub(crate) fn add(&mut self, rows: &[Row<'_>]) {
        self.unique.extend(rows.iter().map(|row| row.unique));
        change_in_parallel(&mut self.columns, |(column, ids, sets)| {
            for row in rows {
                let values: Values = of_column(row.facts, *column).iter().map(|fact| fact.value.clone()).collect();
                ids.push(if values.is_empty() { 0 } else { sets.insert_full(values).0 as u32 });
            }
        });
    }

    pub(crate) fn finish(self) -> Table {
        let column =
            |(place, ids, sets): (u16, Vec<u32>, Numbered)| (place, Column::new(ids, sets.into_iter().collect()));
        Table { columns: self.columns.into_iter().map(column).collect(), unique: self.unique }
    }
}

impl Table {
    /// The table of some of the rows.
    pub(crate) fn sample(&self, rows: &[u32]) -> Self {
        let unique = |row: &u32| self.unique.get(*row as usize).copied().flatten();
        let columns = self.columns.iter().map(|(place, column)| (*place, column.sample(rows))).collect();
        Self { columns, unique: rows.iter().map(unique).collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.unique.len()
    }

    pub(crate) fn column(&self, column: u16) -> Option<&Column> {
        let place = self.columns.binary_search_by_key(&column, |(place, _)| *place).ok()?;
        self.columns.get(place).map(|(_, column)| column)
    }

    /// What a row says in all columns, sorted.
    pub(crate) fn facts(&self, row: u32) -> Vec<Fact> {
        let mut facts = Vec::new();
        for (attribute, column) in &self.columns {
            let values = column.sets.get(column.id(row) as usize).map(SmallVec::as_slice).unwrap_or_default();
            facts.extend(values.iter().map(|value| Fact { attribute: *attribute, value: value.clone() }));
        }
        facts
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
    fn new(ids: Vec<u32>, sets: Vec<Values>) -> Self {
        let several = sets.iter().any(|values| values.len() > 1);
        Self { ids, sets, several }
    }

    fn sample(&self, rows: &[u32]) -> Self {
        let mut sets = vec![Values::new()];
        let mut numbers: AHashMap<u32, u32> = AHashMap::from_iter([(0, 0)]);
        let mut number = |row: &u32| {
            let id = self.id(*row);
            *numbers.entry(id).or_insert_with(|| {
                sets.extend(self.sets.get(id as usize).cloned());
                sets.len() as u32 - 1
            })
        };
        let ids = rows.iter().map(&mut number).collect();
        Self::new(ids, sets)
    }

    pub(crate) fn id(&self, row: u32) -> u32 {
        self.ids.get(row as usize).copied().unwrap_or_default()
    }

    /// The value of a set of one.
    fn single(&self, id: u32) -> Option<&str> {
        match self.sets.get(id as usize).map(SmallVec::as_slice) {
            Some([value]) => Some(value.as_str()),
            _ => None,
        }
    }

    fn values(&self, id: u32) -> compare::Values<'_> {
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

/// A memory of levels by two numbers, in a fixed number of slots.
#[derive(Default)]
struct Memory(Vec<(u64, u8)>);

impl Memory {
    fn get_or(&mut self, key: u64, find: impl FnOnce() -> u8) -> u8 {
        if self.0.is_empty() {
            self.0.resize(MEMORY, (u64::MAX, NULL));
        }
        let place = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 50) as usize % MEMORY;
        match self.0.get_mut(place) {
            Some((known, level)) if *known == key => *level,
            Some(slot) => {
                *slot = (key, find());
                slot.1
            }
            None => find(),
        }
    }
}

/// Compares rows of a table by one comparison, and remembers what it saw.
pub(crate) struct Comparer<'a> {
    comparison: &'a Comparison,
    columns: SmallVec<[&'a Column; 2]>,
    stand_ins: SmallVec<[&'a Column; 2]>,
    exact: bool,
    /// Two numbers say it all: equal or not.
    by_numbers: bool,
    memory: Memory,
    /// The level of swapped columns, and whether values of the one were near values of the other.
    crossed: (Option<u8>, Memory),
}

impl<'a> Comparer<'a> {
    pub(crate) fn new(table: &'a Table, comparison: &'a Comparison) -> Self {
        let asked = comparison.columns.iter().copied().chain(comparison.swap.map(|(_, column)| column));
        let columns: SmallVec<[&Column; 2]> = asked.filter_map(|column| table.column(column)).collect();
        let stand_ins = comparison.stand_ins.iter().filter_map(|&column| table.column(column)).collect();
        let exact = comparison.starts_exact() && comparison.columns.len() == 1;
        let several = columns.first().is_none_or(|column| column.several);
        let by_numbers = exact && !several && comparison.swap.is_none() && comparison.levels.len() == 2;
        let crossed = (comparison.crossed(), Memory::default());
        Self { comparison, columns, stand_ins, exact, by_numbers, memory: Memory::default(), crossed }
    }

    /// The level of two rows. Symmetric.
    pub(crate) fn level(&mut self, a: u32, b: u32) -> u8 {
        let Some(&first) = self.columns.first() else { return NULL };
        let (one, other) = (first.id(a), first.id(b));
        if one == 0 || other == 0 {
            return NULL;
        }
        if !self.stand_ins.is_empty() && self.yields(a, b) {
            return NULL;
        }
        if one == other && self.exact {
            return 0;
        }
        if self.by_numbers {
            return 1;
        }
        if self.comparison.columns.len() > 1 {
            return self.look(a, b);
        }
        let comparison = self.comparison;
        let key = u64::from(one.min(other)) << 32 | u64::from(one.max(other));
        let best = self.memory.get_or(key, || match (first.single(one), first.single(other)) {
            (Some(a), Some(b)) => comparison.level_of_lists(&[a], &[b]),
            _ => comparison.level_of_lists(&first.values(one), &first.values(other)),
        });
        match (self.crossed.0, self.columns.get(1)) {
            (Some(swapped), Some(&second)) if swapped < best => {
                let crossed =
                    self.near(first, second, one, second.id(b)) && self.near(first, second, other, second.id(a));
                if crossed { swapped } else { best }
            }
            _ => best,
        }
    }

    /// As [`Comparison::yields`].
    fn yields(&self, a: u32, b: u32) -> bool {
        let values = |row: u32| {
            move |place: usize| {
                let column = self.columns.first().into_iter().chain(&self.stand_ins).nth(place);
                column.map(|column| column.values(column.id(row))).unwrap_or_default()
            }
        };
        self.comparison.yields(&values(a), &values(b))
    }

    /// Whether a value of a set of the one column is near one of a set of the other.
    fn near(&mut self, first: &Column, second: &Column, one: u32, other: u32) -> bool {
        let near = || u8::from(near(&first.values(one), &second.values(other)));
        other != 0 && self.crossed.1.get_or(u64::from(one) << 32 | u64::from(other), near) == 1
    }

    fn look(&self, a: u32, b: u32) -> u8 {
        let values = |row: u32| {
            move |place: usize| self.columns.get(place).map(|column| column.values(column.id(row))).unwrap_or_default()
        };
        self.comparison.level(&values(a), &values(b))
    }

    /// What a shared value on the best level adds for its rarity; `of_set` says it of each whole set.
    pub(crate) fn rarity(&self, weights: &Weights, of_set: &[f64], a: u32, b: u32) -> f64 {
        let Some(column) = self.columns.first() else { return 0.0 };
        let (one, other) = (column.id(a), column.id(b));
        if let Some(&rarity) = of_set.get(one as usize).filter(|_| one == other) {
            return rarity;
        }
        let theirs = column.values(other);
        let shared = column.values(one).into_iter().filter(|value| theirs.contains(value));
        shared.map(|value| weights.rarity(value)).reduce(f64::max).unwrap_or(0.0)
    }
}

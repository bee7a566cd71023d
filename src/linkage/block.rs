//! Blocking: which pairs of records are worth comparing.
//!
//! A rule is a list of keys, and a record has a block for each combination of their values; two records of one block are
//! a candidate pair. A pair belongs to the first rule that finds it.

use super::Blocks;
use super::table::{Column, Table};
use crate::error::{Error, Result};
use crate::id::{Seed, ValueHash};
use crate::policy::{BlockPolicy, Key, KeyPart, Rules};
use crate::similarity::soundex;
use crate::value::{Fact, of_column};
use ahash::AHashMap;
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::borrow::Cow;

const BLOCK: u8 = 18;

/// The most values of one key of one record, and of blocks that one rule gives a record.
const VALUES_MAX: usize = 16;

/// A rule, compiled.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    keys: Vec<(u16, KeyPart)>,
    /// The rule as it is written: what its blocks are hashed with.
    pub(crate) text: String,
}

impl Rule {
    pub(crate) fn new(rules: &Rules, policy: &BlockPolicy) -> Result<Self> {
        let compile = |text: &SmolStr| -> Result<(u16, KeyPart)> {
            let key: Key = text.parse()?;
            let missing = || Error::policy("linkage.block.keys", format!("no attribute `{}` is declared", key.column));
            Ok((rules.column(&key.column).ok_or_else(missing)?, key.part))
        };
        let keys = policy.keys.iter().map(compile).collect::<Result<Vec<_>>>()?;
        Ok(Self { keys, text: policy.keys.join(" & ") })
    }

    /// The columns that its keys are of.
    pub(crate) fn columns(&self) -> impl Iterator<Item = u16> {
        self.keys.iter().map(|(column, _)| *column)
    }

    /// The hashes of the blocks of a record.
    pub(crate) fn blocks(&self, seed: Seed, facts: &[Fact], mut push: impl FnMut(ValueHash)) {
        let mut values: SmallVec<[SmallVec<[Cow<'_, str>; 2]>; 3]> = SmallVec::new();
        for &(column, part) in &self.keys {
            let of_key = keys_of(part, of_column(facts, column).iter().map(|fact| &fact.value));
            if of_key.is_empty() {
                return;
            }
            values.push(of_key);
        }
        let total = values.iter().map(SmallVec::len).product::<usize>().min(VALUES_MAX);
        for mut place in 0..total {
            let mut parts: SmallVec<[&[u8]; 4]> = SmallVec::new();
            parts.push(self.text.as_bytes());
            for of_key in &values {
                parts.extend(of_key.get(place % of_key.len()).map(|value| value.as_bytes()));
                place /= of_key.len();
            }
            push(ValueHash(seed.hash_parts(BLOCK, &parts)));
        }
    }
}

pub(crate) fn compile(rules: &Rules, block: &[BlockPolicy]) -> Result<Vec<Rule>> {
    block.iter().map(|rule| Rule::new(rules, rule)).collect()
}

/// The keys of the values of a record, ascending.
fn keys_of<'a>(part: KeyPart, values: impl Iterator<Item = &'a SmolStr>) -> SmallVec<[Cow<'a, str>; 2]> {
    let mut keys = SmallVec::new();
    values.for_each(|value| take(part, value, &mut keys));
    keys.sort_unstable();
    keys.dedup();
    keys.truncate(VALUES_MAX);
    keys
}

/// The keys of the sets of values of a column, as numbers: those of a set begin at its start and end at the next one's.
struct Numbered {
    starts: Vec<u32>,
    keys: Vec<u32>,
}

impl Numbered {
    fn of(column: &Column, part: KeyPart) -> Self {
        if part == KeyPart::Whole && !column.several {
            // No two sets have the same key.
            let keys = column.sets.len().saturating_sub(1) as u32;
            return Self { starts: std::iter::once(0).chain(0..=keys).collect(), keys: (0..keys).collect() };
        }
        let mut numbers: AHashMap<Cow<'_, str>, u32> = AHashMap::with_capacity(column.sets.len());
        let mut numbered = Self { starts: Vec::with_capacity(column.sets.len() + 1), keys: Vec::new() };
        for set in &column.sets {
            numbered.starts.push(numbered.keys.len() as u32);
            for key in keys_of(part, set.iter()) {
                let next = numbers.len() as u32;
                numbered.keys.push(*numbers.entry(key).or_insert(next));
            }
        }
        numbered.starts.push(numbered.keys.len() as u32);
        numbered
    }

    fn of_set(&self, set: u32) -> &[u32] {
        let (Some(&from), Some(&to)) = (self.starts.get(set as usize), self.starts.get(set as usize + 1)) else {
            return &[];
        };
        self.keys.get(from as usize..to as usize).unwrap_or_default()
    }
}

/// The words of more than one character.
fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split(' ').filter(|word| word.chars().nth(1).is_some())
}

/// Takes the keys of a value.
fn take<'a>(part: KeyPart, value: &'a SmolStr, keys: &mut SmallVec<[Cow<'a, str>; 2]>) {
    let value = value.as_str();
    let digits = |range: std::ops::Range<usize>| -> Option<&'a str> {
        value.get(range).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match part {
        KeyPart::Whole => keys.push(Cow::Borrowed(value)),
        KeyPart::First(length) => {
            let end = value.char_indices().nth(length as usize).map_or(value.len(), |(at, _)| at);
            keys.extend(value.get(..end).map(Cow::Borrowed));
        }
        KeyPart::Last(length) => {
            let from = value.char_indices().rev().nth((length as usize).saturating_sub(1)).map_or(0, |(at, _)| at);
            keys.extend(value.get(from..).map(Cow::Borrowed));
        }
        KeyPart::Year => keys.extend(digits(0..4).map(Cow::Borrowed)),
        KeyPart::Month => keys.extend(digits(0..4).and_then(|_| digits(5..7)).map(Cow::Borrowed)),
        KeyPart::Soundex => {
            let code = soundex(value);
            if !code.is_empty() {
                keys.push(Cow::Owned(code.to_string()));
            }
        }
        KeyPart::Words => keys.extend(words(value).map(Cow::Borrowed)),
        KeyPart::Sounds => {
            let codes = words(value).map(soundex).filter(|code| !code.is_empty());
            keys.extend(codes.map(|code| Cow::Owned(code.to_string())));
        }
        KeyPart::Numbers => {
            let numbers = value.split(' ').filter(|word| word.bytes().any(|byte| byte.is_ascii_digit()));
            keys.extend(numbers.map(Cow::Borrowed));
        }
    }
}

/// The blocks of a record under all rules, each once.
pub(crate) fn blocks(rules: &[Rule], seed: Seed, facts: &[Fact]) -> Blocks {
    let mut blocks = Blocks::new();
    for rule in rules {
        rule.blocks(seed, facts, |block| {
            if !blocks.contains(&block) {
                blocks.push(block);
            }
        });
    }
    blocks
}

const NONE: u32 = u32::MAX;

/// The blocks of all rows of a table under one rule.
#[derive(Debug, Default)]
pub(crate) struct Blocked {
    /// The first block of each row.
    first: Vec<u32>,
    /// All blocks of rows that have several, ascending.
    more: AHashMap<u32, Vec<u32>>,
    starts: Vec<u32>,
    members: Vec<u32>,
    /// Blocks over the limit, and the rows of the largest block.
    pub(crate) generic: u64,
    pub(crate) largest: u64,
}

impl Blocked {
    /// Groups rows by the blocks of a rule. Blocks of one row, and of more than `max`, are left out. O(n log n).
    pub(crate) fn of(rule: &Rule, table: &Table, max: u64) -> Self {
        let mut carried: Vec<(u64, u32)> = Vec::with_capacity(table.len());
        let columns: SmallVec<[&Column; 3]> = rule.columns().filter_map(|column| table.column(column)).collect();
        let parts = rule.keys.iter().zip(&columns);
        let numbered: SmallVec<[Numbered; 3]> = parts.map(|((_, part), column)| Numbered::of(column, *part)).collect();
        for row in 0..table.len() as u32 {
            let values: SmallVec<[&[u32]; 3]> =
                numbered.iter().zip(&columns).map(|(numbered, column)| numbered.of_set(column.id(row))).collect();
            // None where a key has no value.
            let total = values.iter().map(|keys| keys.len()).product::<usize>().min(VALUES_MAX);
            for mut place in 0..total {
                // Two keys are a number of their own; of more, equal numbers are as rare as equal hashes.
                let mut block = 0_u64;
                for (turn, keys) in values.iter().enumerate() {
                    let key = u64::from(keys.get(place % keys.len()).copied().unwrap_or_default());
                    block = if turn < 2 { block << 32 | key } else { scattered(block) ^ key };
                    place /= keys.len();
                }
                carried.push((block, row));
            }
        }
        carried.sort_unstable();
        carried.dedup();
        let mut blocked = Self { first: vec![NONE; table.len()], ..Self::default() };
        for block in carried.chunk_by(|a, b| a.0 == b.0) {
            blocked.largest = blocked.largest.max(block.len() as u64);
            if block.len() as u64 > max {
                blocked.generic += 1;
                continue;
            }
            if block.len() < 2 {
                continue;
            }
            let number = blocked.starts.len() as u32;
            blocked.starts.push(blocked.members.len() as u32);
            for &(_, row) in block {
                blocked.members.push(row);
                let Some(first) = blocked.first.get_mut(row as usize) else { continue };
                if *first == NONE {
                    *first = number;
                } else {
                    blocked.more.entry(row).or_insert_with(|| vec![*first]).push(number);
                }
            }
        }
        blocked.starts.push(blocked.members.len() as u32);
        blocked
    }

    /// How many pairs its blocks hold, those of several blocks counted as often.
    pub(crate) fn pairs(&self) -> u64 {
        let sizes = (0..self.len()).map(|block| self.members(block).len() as u64);
        sizes.map(|size| size * size.saturating_sub(1) / 2).sum()
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    fn members(&self, block: usize) -> &[u32] {
        let (Some(&from), Some(&to)) = (self.starts.get(block), self.starts.get(block + 1)) else { return &[] };
        self.members.get(from as usize..to as usize).unwrap_or_default()
    }

    fn of_row(&self, row: u32) -> &[u32] {
        if let Some(more) = self.more.get(&row).filter(|_| !self.more.is_empty()) {
            return more;
        }
        let first = self.first.get(row as usize).map(std::slice::from_ref).unwrap_or_default();
        if first == [NONE] { &[] } else { first }
    }

    /// The first block that two rows share.
    fn shared(&self, a: u32, b: u32) -> Option<u32> {
        if self.more.is_empty() {
            let (a, b) = (self.first.get(a as usize)?, self.first.get(b as usize)?);
            return (a == b && *a != NONE).then_some(*a);
        }
        let theirs = self.of_row(b);
        self.of_row(a).iter().copied().find(|block| theirs.contains(block))
    }
}

/// Scatters numbers over all numbers, no two to the same (Stafford's variant 13 of MurmurHash3's finaliser).
fn scattered(mut number: u64) -> u64 {
    number = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ number >> 31
}

/// Pieces of the blocks of all rules, of about the same number of pairs each.
pub(crate) fn pieces(blocked: &[Blocked], pieces: usize) -> Vec<(usize, std::ops::Range<usize>)> {
    let pairs = |members: usize| (members * members.saturating_sub(1) / 2) as u64;
    let total: u64 =
        blocked.iter().flat_map(|rule| (0..rule.len()).map(|block| pairs(rule.members(block).len()))).sum();
    let goal = total / pieces.max(1) as u64 + 1;
    let mut cut = Vec::new();
    for (place, rule) in blocked.iter().enumerate() {
        let (mut from, mut sum) = (0, 0);
        for block in 0..rule.len() {
            sum += pairs(rule.members(block).len());
            if sum >= goal {
                cut.push((place, from..block + 1));
                (from, sum) = (block + 1, 0);
            }
        }
        if from < rule.len() {
            cut.push((place, from..rule.len()));
        }
    }
    cut
}

/// Visits each candidate pair of some blocks of a rule that no earlier rule, and no earlier block, finds.
pub(crate) fn pairs(
    table: &Table,
    blocked: &[Blocked],
    rule: usize,
    blocks: std::ops::Range<usize>,
    visit: &mut dyn FnMut(u32, u32),
) {
    let (earlier, Some(own)) = (blocked.get(..rule).unwrap_or_default(), blocked.get(rule)) else { return };
    let several = !own.more.is_empty();
    for block in blocks {
        let members = own.members(block);
        for (place, &b) in members.iter().enumerate() {
            for &a in members.iter().take(place) {
                if !table.may_pair(a, b) || (several && own.shared(a, b) != Some(block as u32)) {
                    continue;
                }
                if earlier.iter().any(|rule| rule.shared(a, b).is_some()) {
                    continue;
                }
                visit(a, b);
            }
        }
    }
}

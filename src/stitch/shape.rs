//! What a cluster holds, as far as the constraints on joins ask for it.

use crate::issue::Reason;
use crate::policy::{Links, Role, Rules};
use ahash::AHashMap;
use smallvec::SmallVec;
use std::cmp::Reverse;

/// A value of a limited kind inside a region: kind, then the value's local number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    pub(super) kind: u16,
    pub(super) value: u32,
}

/// An exclusive attribute and the interned set of values that a record has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    pub(super) attribute: u16,
    pub(super) values: u32,
}

/// One end of a separation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct End {
    pub(super) separation: u32,
    pub(super) second: bool,
}

/// What a cluster holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// Sorted, each once.
    pub(super) held: Vec<Held>,
    /// Sorted, each once.
    pub(super) claims: SmallVec<[Claim; 2]>,
    /// Sorted.
    pub(super) ends: SmallVec<[End; 2]>,
    pub(super) known: bool,
    /// Kinds from this place on were not needed to hold it together.
    pub(super) level: u16,
}

impl Shape {
    pub(super) fn count(&self, kind: u16) -> usize {
        let from = self.held.partition_point(|held| held.kind < kind);
        let rest = self.held.get(from..).unwrap_or_default();
        rest.partition_point(|held| held.kind == kind)
    }

    /// Takes in another shape. O(smaller log larger) where one is small, else linear.
    pub(super) fn absorb(&mut self, mut other: Self) {
        if other.held.len() > self.held.len() {
            std::mem::swap(self, &mut other);
        }
        if other.held.len() * 8 < self.held.len() {
            for held in other.held {
                if let Err(place) = self.held.binary_search(&held) {
                    self.held.insert(place, held);
                }
            }
        } else if !other.held.is_empty() {
            self.held.append(&mut other.held);
            self.held.sort_unstable();
            self.held.dedup();
        }
        if !other.claims.is_empty() {
            self.claims.append(&mut other.claims);
            self.claims.sort_unstable();
            self.claims.dedup();
        }
        if !other.ends.is_empty() {
            self.ends.append(&mut other.ends);
            self.ends.sort_unstable();
        }
        self.known |= other.known;
        self.level = self.level.max(other.level);
    }
}

/// Sets of values of attributes, interned: equal sets have equal numbers. Two that differ may agree all the same.
#[derive(Debug, Default)]
pub(super) struct ValueSets<'a> {
    numbers: AHashMap<Vec<&'a str>, u32>,
    sets: Vec<Vec<&'a str>>,
}

impl<'a> ValueSets<'a> {
    pub(super) fn intern(&mut self, set: Vec<&'a str>) -> u32 {
        if let Some(&number) = self.numbers.get(&set) {
            return number;
        }
        let number = self.sets.len() as u32;
        self.sets.push(set.clone());
        self.numbers.insert(set, number);
        number
    }

    /// Two sets of values of an attribute contradict if no value of the one agrees or is compatible with one of the
    /// other.
    pub(super) fn contradict(&self, rules: &Rules, attribute: u16, a: u32, b: u32) -> bool {
        let (Some(one), Some(other)) = (self.sets.get(a as usize), self.sets.get(b as usize)) else { return false };
        a != b && !one.iter().any(|value| other.iter().any(|theirs| rules.allows(attribute, value, theirs)))
    }
}

/// Says why clusters may not be joined through a kind, if they may not (DESIGN 4.3).
///
/// O(total size of all but the largest, times the logarithm of the largest).
pub(super) fn judge(rules: &Rules, sets: &ValueSets<'_>, kind: u16, parts: &[&Shape]) -> Option<Reason> {
    let rule = rules.kinds.get(usize::from(kind))?;
    if separated(parts) {
        return Some(Reason::Separated);
    }
    if let Some(limited) = over_limit(rules, kind, parts) {
        return Some(Reason::Limit(limited));
    }
    if rule.links == Links::Anonymous && parts.iter().filter(|part| part.known).count() > 1 {
        return Some(Reason::TwoKnown);
    }
    if rule.role != Role::Person {
        return contradiction(rules, sets, parts).map(Reason::Exclusive);
    }
    None
}

/// Says why clusters may not be joined by a scored link, as far as their shapes tell (DESIGN 4.5).
pub(super) fn judge_link(rules: &Rules, sets: &ValueSets<'_>, parts: &[&Shape]) -> Option<Reason> {
    if separated(parts) {
        return Some(Reason::Separated);
    }
    let limit = over_limit(rules, u16::MAX, parts).map(Reason::Limit);
    limit.or_else(|| contradiction(rules, sets, parts).map(Reason::Exclusive))
}

/// Whether the two ends of a separation would come together.
pub(super) fn separated(parts: &[&Shape]) -> bool {
    let mut ends: SmallVec<[End; 8]> = parts.iter().flat_map(|part| part.ends.iter().copied()).collect();
    if ends.len() < 2 {
        return false;
    }
    ends.sort_unstable();
    ends.windows(2).any(|pair| match pair {
        [a, b] => a.separation == b.separation && a.second != b.second,
        _ => false,
    })
}

fn over_limit(rules: &Rules, kind: u16, parts: &[&Shape]) -> Option<u16> {
    let largest = (0..parts.len()).min_by_key(|&place| Reverse(parts.get(place).map_or(0, |part| part.held.len())))?;
    let base = parts.get(largest)?;
    let mut extra: SmallVec<[Held; 8]> = SmallVec::new();
    for (place, part) in parts.iter().enumerate() {
        if place != largest {
            let held = part.held.iter().take_while(|held| held.kind <= kind);
            extra.extend(held.filter(|held| base.held.binary_search(held).is_err()).copied());
        }
    }
    extra.sort_unstable();
    extra.dedup();
    let mut rest = extra.as_slice();
    while let Some(first) = rest.first() {
        let end = rest.partition_point(|held| held.kind == first.kind);
        let union = base.count(first.kind) + end;
        let limit = rules.kinds.get(usize::from(first.kind)).and_then(|rule| rule.max_per_profile);
        let over = limit.is_some_and(|limit| union as u64 > limit);
        if over && parts.iter().all(|part| part.count(first.kind) < union) {
            return Some(first.kind);
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    None
}

/// The attribute on which two records of different parts contradict.
fn contradiction(rules: &Rules, sets: &ValueSets<'_>, parts: &[&Shape]) -> Option<u16> {
    let mut seen: SmallVec<[Claim; 8]> = SmallVec::new();
    for part in parts {
        for claim in &part.claims {
            let against = |other: &Claim| {
                let attribute = claim.attribute;
                other.attribute == attribute && sets.contradict(rules, attribute, other.values, claim.values)
            };
            if seen.iter().any(against) {
                return Some(claim.attribute);
            }
        }
        seen.extend(part.claims.iter().copied());
        seen.sort_unstable();
        seen.dedup();
    }
    None
}

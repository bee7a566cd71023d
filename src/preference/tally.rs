//! Deeds, counted.

use super::signal::PARTS;
use crate::time::{DAY, Timestamp};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt;

/// How often which value of which facet was chosen, by UTC day: `brand` `Ferragamo` twice on the 5th of January.
///
/// Counts are whole numbers, so that the tally of a person is the sum of those of her records, bit for bit, however they
/// are added up. What is to be forgotten is left out of the sum: nothing is ever taken off.
///
/// # Examples
/// ```
/// use onefold::Tally;
/// let at = "2026-01-05T10:00:00Z".parse()?;
/// let (mut card, mut web) = (Tally::new(), Tally::new());
/// card.add("colour", "black", at, 2);
/// web.add("colour", "black", at, 1);
/// web.add("colour", "grey", at, 1);
/// web.merge(&card);
/// assert_eq!((web.count("colour", "black"), web.count("colour", "grey")), (3, 1));
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Tally {
    // Invariant: by facet and value: days, ascending, each once, with counts over 0.
    facets: BTreeMap<SmolStr, BTreeMap<SmolStr, Vec<(i32, u64)>>>,
    // Invariant: 1, or PARTS where deeds are weighed: so many counts are one deed.
    parts: u32,
}

impl Default for Tally {
    fn default() -> Self {
        Self { facets: BTreeMap::new(), parts: 1 }
    }
}

/// Deeds on the values of facets by day, in parts of a deed.
pub(crate) trait Counted<'a> {
    /// How many parts are one deed.
    fn parts(&self) -> u32;

    /// About how many days all values of a facet have.
    fn size(&self, facet: &str) -> usize;

    /// The values of a facet, ascending, each with its days, ascending.
    fn values_of(&self, facet: &str) -> impl Iterator<Item = (&'a SmolStr, impl Iterator<Item = (i32, u64)>)>;
}

impl<'a> Counted<'a> for &'a Tally {
    fn parts(&self) -> u32 {
        self.parts
    }

    fn size(&self, facet: &str) -> usize {
        self.values(facet).map(|(_, days)| days.len()).sum()
    }

    fn values_of(&self, facet: &str) -> impl Iterator<Item = (&'a SmolStr, impl Iterator<Item = (i32, u64)>)> {
        let tally: &'a Tally = self;
        tally.values(facet).map(|(value, days)| (value, days.iter().copied()))
    }
}

impl Tally {
    /// Makes one that has counted nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a value. O(log values); more where days come out of order. Counts stop at the largest number there is.
    pub fn add(&mut self, facet: impl Into<SmolStr>, value: impl Into<SmolStr>, at: Timestamp, count: u64) {
        self.add_parts(facet.into(), value.into(), day_of(at), count.saturating_mul(u64::from(self.parts)));
    }

    /// Adds all that another has counted. O(size of the other, times the logarithm of this one's).
    pub fn merge(&mut self, other: &Self) {
        if other.parts > self.parts {
            *self = self.divided();
        }
        let times = u64::from(self.parts / other.parts.max(1));
        for (facet, values) in &other.facets {
            let mine = self.facets.entry(facet.clone()).or_default();
            for (value, days) in values {
                let counted = mine.entry(value.clone()).or_default();
                days.iter().for_each(|&(day, count)| insert(counted, day, count.saturating_mul(times)));
            }
        }
    }

    /// How often a value was counted, on all days; where deeds are weighed ([`Deeds::tally`](crate::Deeds::tally)), their
    /// weights together, rounded up.
    pub fn count(&self, facet: &str, value: &str) -> u64 {
        let parts: u64 = self.days(facet, value).iter().fold(0, |sum, (_, count)| sum.saturating_add(*count));
        parts.div_ceil(u64::from(self.parts))
    }

    /// Makes one that counts in parts of a deed and has counted nothing.
    pub(super) fn of_parts() -> Self {
        Self { facets: BTreeMap::new(), parts: PARTS }
    }

    /// Counts parts of a deed.
    pub(super) fn add_parts(&mut self, facet: SmolStr, value: SmolStr, day: i32, count: u64) {
        // A count of none leaves no trace.
        if count > 0 {
            insert(self.facets.entry(facet).or_default().entry(value).or_default(), day, count);
        }
    }

    /// The same deeds, in parts.
    pub(super) fn divided(&self) -> Self {
        let mut divided = Self::of_parts();
        divided.merge(self);
        divided
    }

    /// The facets, ascending.
    pub(super) fn facets(&self) -> impl Iterator<Item = &SmolStr> {
        self.facets.keys()
    }

    /// The values of a facet, ascending, with their days.
    pub(super) fn values(&self, facet: &str) -> impl Iterator<Item = (&SmolStr, &[(i32, u64)])> {
        self.facets.get(facet).into_iter().flatten().map(|(value, days)| (value, days.as_slice()))
    }

    /// The days of a value, ascending.
    pub(super) fn days(&self, facet: &str, value: &str) -> &[(i32, u64)] {
        self.facets.get(facet).and_then(|values| values.get(value)).map_or(&[], Vec::as_slice)
    }
}

fn insert(days: &mut Vec<(i32, u64)>, day: i32, count: u64) {
    match days.binary_search_by_key(&day, |(day, _)| *day) {
        Ok(place) => days.get_mut(place).into_iter().for_each(|(_, sum)| *sum = sum.saturating_add(count)),
        Err(place) => days.insert(place, (day, count)),
    }
}

/// The UTC day, counted from 1970-01-01.
pub(crate) fn day_of(at: Timestamp) -> i32 {
    day_at(at.microseconds())
}

/// The UTC day of a time in microseconds.
pub(super) fn day_at(microseconds: i64) -> i32 {
    // 400 million days at most, by the range of a timestamp.
    microseconds.div_euclid(DAY) as i32
}

/// Shows how many facets and values, never which.
impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: usize = self.facets.values().map(BTreeMap::len).sum();
        write!(f, "Tally({} facets, {values} values)", self.facets.len())
    }
}

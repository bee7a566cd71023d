//! What one likes more than others do.

use super::population::Population;
use super::tally::{Tally, day_of};
use crate::statistics::beta_quantile;
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::fmt;

/// Mass of the posterior outside the bounds, on each side.
const TAIL: f64 = 0.05;

/// How much somebody likes a value of a facet, as far as deeds show.
///
/// The share of the value among the person's next deeds: a Dirichlet-multinomial whose prior is what everybody does.
/// Deeds fade by half-lives (forward decay: Cormode, Shkapenyuk, Srivastava and Xu, 2009), computed from whole counts when
/// it is read.
#[derive(Clone, PartialEq)]
pub struct Affinity {
    /// The value.
    pub value: SmolStr,
    /// The share that is expected, 0 to 1.
    pub score: f64,
    /// How many times that of everybody.
    pub lift: f64,
    /// The deeds on the facet that it rests on, faded.
    pub effective_n: f64,
    /// The share is greater than this with 95 % probability.
    pub lower: f64,
    /// The share is smaller than this with 95 % probability.
    pub upper: f64,
    /// After so many days a deed counts half; none where it never fades.
    pub half_life_days: Option<u32>,
    /// How often the value was chosen, nothing faded.
    pub count: u64,
}

/// Shows the numbers, not the value.
impl fmt::Debug for Affinity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Affinity({:.4}, lift {:.2}, n {:.1})", self.score, self.lift, self.effective_n)
    }
}

impl Population {
    /// How much the person of a tally likes a value; none where nobody was seen to choose on the facet. What is done after
    /// `now` does not count. O(values and days of the tally on the facet).
    pub fn affinity(&self, facet: &str, value: &str, tally: &Tally, now: Timestamp) -> Option<Affinity> {
        let reading = Reading::new(self, facet, tally, now)?;
        let (count, faded) = reading.of(tally.days(facet, value));
        Some(reading.affinity(value.into(), count, faded))
    }

    /// How much the person of a tally likes each value that was ever chosen, the best first; ties by the value. O(values
    /// and days of the tally on the facet), and a quantile for each value.
    pub fn affinities(&self, facet: &str, tally: &Tally, now: Timestamp) -> Vec<Affinity> {
        let Some(reading) = Reading::new(self, facet, tally, now) else { return Vec::new() };
        let mut found: Vec<Affinity> = tally
            .values(facet)
            .map(|(value, days)| (value, reading.of(days)))
            .filter(|(_, (count, _))| *count > 0)
            .map(|(value, (count, faded))| reading.affinity(value.clone(), count, faded))
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.value.cmp(&b.value)));
        found
    }
}

/// A facet of a tally on a day.
struct Reading<'a> {
    prior: &'a super::FacetPrior,
    today: i32,
    /// All deeds on the facet, faded.
    n: f64,
}

impl<'a> Reading<'a> {
    fn new(population: &'a Population, facet: &str, tally: &Tally, now: Timestamp) -> Option<Self> {
        let mut reading = Self { prior: population.facet(facet)?, today: day_of(now), n: 0.0 };
        reading.n = tally.values(facet).map(|(_, days)| reading.of(days).1).sum();
        Some(reading)
    }

    /// How often, and how much of it is left.
    fn of(&self, days: &[(i32, u64)]) -> (u64, f64) {
        let past = days.iter().take_while(|(day, _)| *day <= self.today);
        past.fold((0, 0.0), |(count, faded), &(day, more)| {
            let left = remains(self.today - day, self.prior.half_life_days);
            (count + more, faded + more as f64 * left)
        })
    }

    fn affinity(&self, value: SmolStr, count: u64, faded: f64) -> Affinity {
        let (share, strength) = (self.prior.share(&value), self.prior.strength);
        let (a, all) = (faded + strength * share, self.n + strength);
        let b = (all - a).max(f64::MIN_POSITIVE);
        let score = a / all;
        Affinity {
            value,
            score,
            lift: score / share,
            effective_n: self.n,
            lower: beta_quantile(TAIL, a, b),
            upper: beta_quantile(1.0 - TAIL, a, b),
            half_life_days: self.prior.half_life_days,
            count,
        }
    }
}

/// What a deed counts after so many days.
pub(super) fn remains(days: i32, half_life_days: Option<u32>) -> f64 {
    half_life_days.map_or(1.0, |half_life| (-f64::from(days) / f64::from(half_life)).exp2())
}

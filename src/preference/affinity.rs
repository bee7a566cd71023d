//! What one likes more than others do.

use super::population::{FacetPrior, Population};
use super::tally::{Counted, Tally, day_of};
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
        let reading = Reading::new(self, facet, tally, day_of(now))?;
        let found = reading.of(tally.days_of(facet, value));
        Some(reading.affinity(value.into(), found))
    }

    /// How much the person of a tally likes each value that was ever chosen, the best first; ties by the value. O(values
    /// and days of the tally on the facet), and a quantile for each value.
    pub fn affinities(&self, facet: &str, tally: &Tally, now: Timestamp) -> Vec<Affinity> {
        let Some(reading) = Reading::new(self, facet, tally, day_of(now)) else { return Vec::new() };
        let mut found: Vec<Affinity> = tally
            .values_of(facet)
            .map(|(value, days)| (value, reading.of(days)))
            .filter(|(_, chosen)| chosen.count > 0)
            .map(|(value, chosen)| reading.affinity(value.clone(), chosen))
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.value.cmp(&b.value)));
        found
    }
}

/// A facet of somebody's deeds on a day.
pub(crate) struct Reading<'a> {
    prior: &'a FacetPrior,
    today: i32,
    parts: u32,
    /// What a deed counts after so many days.
    fading: Vec<f64>,
    /// All deeds on the facet, faded.
    n: f64,
}

/// How often a value was chosen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chosen {
    /// In parts of a deed, nothing faded.
    pub(crate) count: u64,
    /// In deeds, faded.
    faded: f64,
}

impl Chosen {
    /// In deeds, rounded up.
    pub(crate) fn deeds(self, parts: u32) -> u64 {
        self.count.div_ceil(u64::from(parts.max(1)))
    }
}

/// Days whose fading is looked up: three years, in which nearly all deeds lie.
const FADING_DAYS: i32 = 1_096;

impl<'a> Reading<'a> {
    /// None where nobody was seen to choose on the facet. O(values and days of the deeds on the facet).
    pub(crate) fn new(population: &'a Population, facet: &str, deeds: &impl Counted, today: i32) -> Option<Self> {
        let prior = population.facet(facet)?;
        let mut reading = Self { prior, today, parts: deeds.parts(), fading: Vec::new(), n: 0.0 };
        for (_, days) in deeds.values_of(facet) {
            // Where there are few deeds, a table would cost more than it saves.
            if reading.fading.is_empty() {
                reading.fading.extend((0..FADING_DAYS).map(|days| remains(days, prior.half_life_days)));
            }
            reading.n += reading.of(days).faded;
        }
        Some(reading)
    }

    /// How often, and how much of it is left.
    pub(crate) fn of(&self, days: impl Iterator<Item = (i32, u64)>) -> Chosen {
        let past = days.take_while(|(day, _)| *day <= self.today);
        past.fold(Chosen::default(), |chosen, (day, more)| {
            let age = self.today.saturating_sub(day);
            let known = usize::try_from(age).ok().and_then(|age| self.fading.get(age));
            let left = known.copied().unwrap_or_else(|| remains(age, self.prior.half_life_days));
            Chosen {
                count: chosen.count.saturating_add(more),
                faded: chosen.faded + more as f64 / f64::from(self.parts) * left,
            }
        })
    }

    /// The share that is expected of a value, and of everybody.
    pub(crate) fn shares(&self, value: &str, chosen: Chosen) -> (f64, f64) {
        let (share, strength) = (self.prior.share(value), self.prior.strength);
        ((chosen.faded + strength * share) / (self.n + strength), share)
    }

    /// The deeds that a share rests on, those that the prior is worth included.
    pub(crate) fn weight(&self) -> f64 {
        self.n + self.prior.strength
    }

    /// Says whether the population names a value.
    pub(crate) fn is_named(&self, value: &str) -> bool {
        self.prior.named(value).is_some()
    }

    fn affinity(&self, value: SmolStr, chosen: Chosen) -> Affinity {
        let ((score, share), all) = (self.shares(&value, chosen), self.weight());
        let a = chosen.faded + self.prior.strength * share;
        let b = (all - a).max(f64::MIN_POSITIVE);
        Affinity {
            value,
            score,
            lift: score / share,
            effective_n: self.n,
            lower: beta_quantile(TAIL, a, b),
            upper: beta_quantile(1.0 - TAIL, a, b),
            half_life_days: self.prior.half_life_days,
            count: chosen.deeds(self.parts),
        }
    }
}

/// What a deed counts after so many days.
pub(super) fn remains(days: i32, half_life_days: Option<u32>) -> f64 {
    half_life_days.map_or(1.0, |half_life| (-f64::from(days) / f64::from(half_life)).exp2())
}

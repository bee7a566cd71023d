//! What one likes more than others do.

use super::deeds::{Deeds, Weighed};
use super::population::{FacetPrior, Population};
use super::signal::SignalWeights;
use super::tally::{Counted, Tally, day_of};
use crate::statistics::beta_quantile;
use crate::time::Timestamp;
use serde::Serialize;
use smol_str::SmolStr;
use std::fmt;

/// Mass of the posterior outside the bounds, on each side.
const TAIL: f64 = 0.05;

/// How much somebody likes a value of a facet, as far as deeds show.
///
/// The share of the value among the person's next deeds: a Dirichlet-multinomial whose prior is what everybody does.
/// Deeds fade by half-lives (forward decay: Cormode, Shkapenyuk, Srivastava and Xu, 2009), computed from whole counts when
/// it is read.
#[derive(Clone, PartialEq, Serialize)]
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
        let reading = Reading::new(self, facet, &tally, day_of(now))?;
        Some(reading.affinity(value.into(), reading.of(value)))
    }

    /// How much the person of a tally likes each value that was ever chosen, the best first; ties by the value. O(values
    /// and days of the tally on the facet), and a quantile for each value.
    pub fn affinities(&self, facet: &str, tally: &Tally, now: Timestamp) -> Vec<Affinity> {
        let Some(reading) = Reading::new(self, facet, &tally, day_of(now)) else { return Vec::new() };
        reading.best(usize::MAX)
    }

    /// The values that somebody likes best, as [`affinities`](Self::affinities) of what the deeds weigh, so many at the
    /// most. O(values and days of the deeds on the facet), and a quantile for each value that is answered.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, LearnOptions, Line, Population, SignalWeights, tallies};
    /// use std::sync::Arc;
    /// let viewed = |colour: &str| -> onefold::Result<_> {
    ///     let event = Event::new("web", colour, "2026-01-05T10:00:00Z".parse()?, EventKind::View);
    ///     Ok(Arc::new(event.line(Line::new("scarf").facet("colour", colour))))
    /// };
    /// let (hers, weights, now) = (tallies(&[viewed("grey")?]), SignalWeights::default(), "2026-01-06T00:00:00Z".parse()?);
    /// let all = vec![tallies(&[viewed("grey")?, viewed("red")?]); 20];
    /// let everybody = Population::learn_deeds(&all, &weights, &LearnOptions::until(now))?;
    /// let best = everybody.favourites("colour", &hers, &weights, now, 1);
    /// assert_eq!((best[0].value.as_str(), best[0].lift > 1.0), ("grey", true));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn favourites(
        &self,
        facet: &str,
        deeds: &Deeds,
        weights: &SignalWeights,
        now: Timestamp,
        limit: usize,
    ) -> Vec<Affinity> {
        let weighed = Weighed::new(deeds, weights);
        let reading = Reading::new(self, facet, &weighed, day_of(now));
        reading.map(|reading| reading.best(limit)).unwrap_or_default()
    }
}

/// A facet of somebody's deeds on a day.
pub(crate) struct Reading<'a> {
    prior: &'a FacetPrior,
    parts: u32,
    /// The values that were chosen, ascending.
    chosen: Vec<(&'a SmolStr, Chosen)>,
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

/// The share of a value that is expected, beside that of everybody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) share: f64,
    pub(crate) of_all: f64,
    /// Whether the population names the value.
    pub(crate) is_named: bool,
}

/// How deeds fade until a day.
struct Fading {
    today: i32,
    half_life_days: Option<u32>,
    parts: f64,
    /// What is left after so many days.
    table: Vec<f64>,
}

impl Fading {
    fn count(&self, days: impl Iterator<Item = (i32, u64)>) -> Chosen {
        let past = days.take_while(|(day, _)| *day <= self.today);
        past.fold(Chosen::default(), |chosen, (day, more)| {
            let age = self.today.saturating_sub(day);
            let known = usize::try_from(age).ok().and_then(|age| self.table.get(age));
            let left = known.copied().unwrap_or_else(|| remains(age, self.half_life_days));
            let faded = chosen.faded + more as f64 / self.parts * left;
            Chosen { count: chosen.count.saturating_add(more), faded }
        })
    }
}

/// Days whose fading is worked out once: three years, in which nearly all deeds lie.
const FADING_DAYS: usize = 1_096;

impl<'a> Reading<'a> {
    /// None where nobody was seen to choose on the facet. O(values and days of the deeds on the facet).
    pub(crate) fn new(population: &'a Population, facet: &str, deeds: &impl Counted<'a>, today: i32) -> Option<Self> {
        let prior = population.facet(facet)?;
        let parts = deeds.parts();
        // Where there are few deeds, a table would cost more than it saves.
        let days = if deeds.size(facet) > FADING_DAYS { 0..FADING_DAYS as i32 } else { 0..0 };
        let half_life_days = prior.half_life_days;
        let table = days.map(|age| remains(age, half_life_days)).collect();
        let fading = Fading { today, half_life_days, parts: f64::from(parts), table };
        let chosen: Vec<(&SmolStr, Chosen)> =
            deeds.values_of(facet).map(|(value, days)| (value, fading.count(days))).collect();
        let n = chosen.iter().map(|(_, chosen)| chosen.faded).sum();
        Some(Self { prior, parts, chosen, n })
    }

    /// How often a value was chosen, and how much of it is left. O(log values).
    pub(crate) fn of(&self, value: &str) -> Chosen {
        let place = self.chosen.binary_search_by(|(known, _)| known.as_str().cmp(value)).ok();
        place.and_then(|place| self.chosen.get(place)).map(|(_, chosen)| *chosen).unwrap_or_default()
    }

    /// The share that is expected of a value. O(log values of everybody).
    pub(crate) fn expected(&self, value: &str, chosen: Chosen) -> Expected {
        let (of_all, is_named) = self.prior.share_of(value);
        Expected { share: (chosen.faded + self.prior.strength * of_all) / self.weight(), of_all, is_named }
    }

    /// The deeds that a share rests on, those that the prior is worth included.
    pub(crate) fn weight(&self) -> f64 {
        self.n + self.prior.strength
    }

    /// How many values were chosen. O(values).
    pub(crate) fn values(&self) -> u64 {
        self.chosen.iter().filter(|(_, chosen)| chosen.count > 0).count() as u64
    }

    /// The values that were chosen and are liked best, ties by the value.
    pub(crate) fn best(&self, limit: usize) -> Vec<Affinity> {
        let chosen = self.chosen.iter().filter(|(_, chosen)| chosen.count > 0);
        let mut found: Vec<(f64, &SmolStr, Chosen)> =
            chosen.map(|(value, chosen)| (self.expected(value, *chosen).share, *value, *chosen)).collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        found.into_iter().take(limit).map(|(_, value, chosen)| self.affinity(value.clone(), chosen)).collect()
    }

    /// What everybody does on the facet.
    pub(crate) fn prior(&self) -> &'a FacetPrior {
        self.prior
    }

    fn affinity(&self, value: SmolStr, chosen: Chosen) -> Affinity {
        let (expected, all) = (self.expected(&value, chosen), self.weight());
        let a = chosen.faded + self.prior.strength * expected.of_all;
        let b = (all - a).max(f64::MIN_POSITIVE);
        Affinity {
            value,
            score: expected.share,
            lift: expected.share / expected.of_all,
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

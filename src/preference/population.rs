//! What everybody does: the prior of what one does.

use super::deeds::Deeds;
use super::learn;
use super::signal::SignalWeights;
use super::tally::{Counted, Tally, day_of};
use crate::error::Result;
use crate::statistics::PROFILES_MIN;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeSet;
use std::fmt;

/// The format of [`Population`] that this version writes.
pub const POPULATION_FORMAT: u32 = 1;

/// So many days what was shown is looked back at: a year. What was left alone longer ago may be liked by now.
pub const EXPOSURE_DAYS: i32 = 365;

/// Statistics of all profiles at one time, as plain data: what an [`Affinity`](super::Affinity) is measured against.
///
/// It is made when the host says so and changes by itself never, so an answer depends on nothing that moves unseen. A
/// value that fewer profiles than [`LearnOptions::profiles_min`] chose is in it only as a part of all the others.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// The format: [`POPULATION_FORMAT`].
    pub format: u32,
    /// What was done after this day's end was not looked at.
    pub until: Timestamp,
    /// How many profiles were looked at.
    pub profiles: u64,
    /// By facet, ascending.
    pub facets: Vec<FacetPrior>,
}

/// What everybody does on one facet.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FacetPrior {
    /// The facet.
    pub facet: SmolStr,
    /// After so many days a deed counts half; none where it never fades.
    pub half_life_days: Option<u32>,
    /// How many deeds of one's own weigh as much as all that is known of everybody.
    pub strength: f64,
    /// What the deeds of each day cost, predicted from those before them: nats a deed, less is better.
    pub log_loss: f64,
    /// The same, where everybody is taken for the average.
    pub popularity_log_loss: f64,
    /// The shares of the values, ascending by value.
    pub shares: Vec<(SmolStr, f64)>,
    /// The share of all other values together.
    pub other: f64,
    /// How many these are.
    pub other_values: u64,
    /// How often the values were shown and taken up; none where that was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Exposure>,
}

/// How often what was shown was taken up: in each profile, of the last [`EXPOSURE_DAYS`], what was done with the value (looked
/// at, searched for, put into the cart, bought), at most as often as it was shown.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    /// How often anything was shown on the facet.
    pub shown: u64,
    /// How often it was taken up.
    pub taken_up: u64,
    /// The values that enough profiles were shown, ascending: the value, how often it was shown and taken up.
    pub values: Vec<(SmolStr, u64, u64)>,
}

/// How a population is learned.
#[derive(Debug, Clone, PartialEq)]
pub struct LearnOptions {
    /// What was done after this day's end is not looked at.
    pub until: Timestamp,
    /// A value that fewer profiles chose is not named: [`PROFILES_MIN`], or more.
    pub profiles_min: u64,
    /// The half-lives to choose from, in days; none for counts that never fade.
    pub half_lives: Vec<Option<u32>>,
}

impl LearnOptions {
    /// Looks at all until the end of a UTC day; values on [`PROFILES_MIN`] profiles or more; half-lives of a quarter to two
    /// years, or none.
    pub fn until(until: Timestamp) -> Self {
        let half_lives = vec![None, Some(90), Some(180), Some(365), Some(730)];
        Self { until, profiles_min: PROFILES_MIN, half_lives }
    }
}

impl Population {
    /// Learns from the tallies of profiles, one each, in any order.
    ///
    /// By facet: shares by counting; the strength of the prior, and the half-life of those on offer, by what predicts
    /// each day of each profile best from the days before it (prequential likelihood, Dawid 1984: where nothing fades, that of
    /// the Dirichlet-multinomial, and so empirical Bayes). O(deeds times half-lives times about 40), by facet.
    ///
    /// # Errors
    /// `Input` where no half-life is offered, or one of no days, or where values on fewer than [`PROFILES_MIN`] profiles are
    /// to be named.
    ///
    /// # Examples
    /// ```
    /// use onefold::{LearnOptions, Population, Tally};
    /// let at = "2026-01-05T10:00:00Z".parse()?;
    /// let tallies: Vec<Tally> = (0..80)
    ///     .map(|person| {
    ///         let mut tally = Tally::new();
    ///         tally.add("colour", if person % 4 == 0 { "grey" } else { "black" }, at, 3);
    ///         tally
    ///     })
    ///     .collect();
    /// let population = Population::learn(&tallies, &LearnOptions::until(at))?;
    /// let grey = population.affinity("colour", "grey", &tallies[0], at).expect("colours were seen");
    /// assert!(grey.lift > 1.0 && grey.lower < grey.score && grey.score < grey.upper);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn learn(tallies: &[Tally], options: &LearnOptions) -> Result<Self> {
        learn::check(options)?;
        let until = day_of(options.until);
        let divided: Vec<Tally>;
        let mut tallies = tallies;
        // All are counted in the parts of the finest.
        let parts = tallies.iter().map(|tally| tally.parts()).max().unwrap_or(1);
        if tallies.iter().any(|tally| tally.parts() != parts) {
            divided = tallies.iter().map(Tally::divided).collect();
            tallies = &divided;
        }
        let facets: BTreeSet<&SmolStr> = tallies.iter().flat_map(Tally::facets).collect();
        let parts = f64::from(parts);
        let learned = facets.into_iter().filter_map(|facet| learn::facet(facet, tallies, parts, until, options));
        Ok(Self {
            format: POPULATION_FORMAT,
            until: options.until,
            profiles: tallies.len() as u64,
            facets: learned.collect(),
        })
    }

    /// Learns from the deeds of profiles, one each, in any order: as [`learn`](Self::learn) does from what they weigh, and how
    /// often what was shown is taken up.
    ///
    /// # Errors
    /// `Input` where no half-life is offered, or one of no days, or where values on fewer than [`PROFILES_MIN`] profiles are
    /// to be named.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, LearnOptions, Line, Population, SignalWeights, tallies};
    /// use std::sync::Arc;
    /// let at = "2026-01-05T10:00:00Z".parse()?;
    /// let scarf = |key: &str, kind| Arc::new(Event::new("web", key, at, kind).line(Line::new("1").facet("colour", "grey")));
    /// let deeds = [tallies(&[scarf("1", EventKind::Exposure), scarf("2", EventKind::Exposure), scarf("3", EventKind::View)])];
    /// let (everybody, options) = (vec![deeds; 20].concat(), LearnOptions::until(at));
    /// let population = Population::learn_deeds(&everybody, &SignalWeights::default(), &options)?;
    /// let colour = population.facet("colour").and_then(|prior| prior.exposure.as_ref()).expect("grey was shown");
    /// assert_eq!((colour.shown, colour.taken_up), (40, 20));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn learn_deeds(deeds: &[Deeds], weights: &SignalWeights, options: &LearnOptions) -> Result<Self> {
        let weighed: Vec<Tally> = deeds.iter().map(|deeds| deeds.tally(weights)).collect();
        let mut population = Self::learn(&weighed, options)?;
        for prior in &mut population.facets {
            prior.exposure = learn::exposure(&prior.facet, deeds, day_of(options.until), options.profiles_min);
        }
        Ok(population)
    }

    /// What everybody does on a facet, if it was seen.
    pub fn facet(&self, facet: &str) -> Option<&FacetPrior> {
        let place = self.facets.binary_search_by(|known| known.facet.as_str().cmp(facet)).ok()?;
        self.facets.get(place)
    }
}

impl FacetPrior {
    /// The share of a value; one that is not named has as much as each other that is not. O(log values).
    pub fn share(&self, value: &str) -> f64 {
        self.share_of(value).0
    }

    /// The share of a value, and whether it is named.
    pub(super) fn share_of(&self, value: &str) -> (f64, bool) {
        let place = self.shares.binary_search_by(|(known, _)| known.as_str().cmp(value)).ok();
        match place.and_then(|place| self.shares.get(place)) {
            Some((_, share)) => (*share, true),
            // One that nobody chose yet is among the others.
            None => (self.other / (self.other_values as f64 + 1.0), false),
        }
    }
}

/// Shows how much it holds.
impl fmt::Debug for Population {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Population({} profiles, {} facets)", self.profiles, self.facets.len())
    }
}

impl Exposure {
    /// The share of what was shown of a value that was taken up; of a value that is not named, of the facet. Of one more in
    /// two, so that it is never 0 (Jeffreys' prior). O(log values).
    pub fn rate(&self, value: &str) -> f64 {
        let place = self.values.binary_search_by(|(known, ..)| known.as_str().cmp(value)).ok();
        let named = place.and_then(|place| self.values.get(place)).map(|(_, shown, taken_up)| (*shown, *taken_up));
        let (shown, taken_up) = named.unwrap_or((self.shown, self.taken_up));
        (taken_up as f64 + 0.5) / (shown as f64 + 1.0)
    }
}

/// Shows how much it holds.
impl fmt::Debug for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exposure({} values)", self.values.len())
    }
}

/// Shows how much it holds.
impl fmt::Debug for FacetPrior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FacetPrior({} values)", self.shares.len())
    }
}

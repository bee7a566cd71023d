//! How moods are judged.

use super::population::MoodPopulation;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The most contacts a drop may have begun before.
const WINDOW_MAX: usize = 1_000;

/// How moods are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MoodRules {
    /// What people are like.
    pub population: MoodPopulation,
    /// The statistic above which a drop is told, in natural logarithms of odds: from
    /// [calibration](Self::calibrate); 4.1 gives about 5 % of false alarms over 30 contacts.
    pub threshold: f64,
    /// The drop that is looked for, in a person's own deviations. Drops of about twice this are found soonest: with a
    /// threshold h, one is most likely found within m contacts where the root of 2h/m is looked for (1.2 for 6 contacts).
    pub drop_deviations: f64,
    /// How many contacts ago a drop may have begun: with more, slow drops are found, and others later.
    pub window_contacts: usize,
    /// A contact with a score of no more than this is a bad experience by itself,
    pub bad_score: f64,
    /// where it is so many of the person's own deviations under their mean.
    pub bad_deviations: f64,
    /// In how many days a bad experience weighs half.
    pub half_life_days: f64,
    /// After how many days it weighs nothing.
    pub recent_days: f64,
}

impl Default for MoodRules {
    fn default() -> Self {
        Self {
            population: MoodPopulation::default(),
            threshold: 4.1,
            drop_deviations: 1.2,
            window_contacts: 6,
            bad_score: -0.6,
            bad_deviations: 1.5,
            half_life_days: 14.0,
            recent_days: 60.0,
        }
    }
}

impl MoodRules {
    /// Judges by a population, with the default settings.
    pub fn new(population: MoodPopulation) -> Self {
        Self { population, ..Self::default() }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// `Config` where one is out of its range.
    pub fn check(&self) -> Result<()> {
        self.population.check()?;
        let within = |number: f64, low: f64, high: f64| number > low && number <= high;
        let wrong = |option, reason: &str| Err(Error::option(option, reason));
        if !within(self.threshold, 0.0, 1e6) {
            return wrong("threshold", "must be a number over 0");
        }
        if !within(self.drop_deviations, 0.0, 100.0) {
            return wrong("drop_deviations", "must be a number over 0, to 100");
        }
        if !(1..=WINDOW_MAX).contains(&self.window_contacts) {
            return wrong("window_contacts", "must be 1 to 1000");
        }
        if !(-1.0..=1.0).contains(&self.bad_score) {
            return wrong("bad_score", "must be a number from -1 to 1");
        }
        if !(0.0..=100.0).contains(&self.bad_deviations) {
            return wrong("bad_deviations", "must be a number from 0 to 100");
        }
        if !within(self.half_life_days, 0.0, 36_525.0) {
            return wrong("half_life_days", "must be a number over 0, to a hundred years");
        }
        if !within(self.recent_days, 0.0, 36_525.0) {
            return wrong("recent_days", "must be a number over 0, to a hundred years");
        }
        Ok(())
    }
}

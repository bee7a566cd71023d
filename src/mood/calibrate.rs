//! The threshold that gives so many false alarms.

use super::cusum::Cusum;
use super::population::MoodPopulation;
use super::rules::MoodRules;
use crate::error::{Error, Result};
use crate::random::Random;

/// What a threshold is calibrated for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MoodCalibration {
    /// The share of people who are told to have fallen though they did not, 0 to 1.
    pub false_alarms: f64,
    /// Within so many contacts.
    pub contacts: usize,
    /// How many people are simulated: the share is kept to about the root of its variance over so many.
    pub people: usize,
    /// What the simulation is drawn from.
    pub seed: u64,
}

impl Default for MoodCalibration {
    /// One in twenty over 30 contacts, of 4,000 people.
    fn default() -> Self {
        Self { false_alarms: 0.05, contacts: 30, people: 4_000, seed: 0 }
    }
}

impl MoodRules {
    /// Sets the threshold so that, of people drawn from the population whose sentiment never falls, a share is told to have
    /// fallen within so many contacts. By simulation: people and their scores are drawn from the seed, scores cut off at -1
    /// and 1, and the threshold is the quantile of their largest statistics. O(people x contacts) steps of the CUSUM.
    ///
    /// # Errors
    /// `Config` where a setting is out of its range, or the people are too few for the share.
    ///
    /// # Examples
    /// ```
    /// use onefold::{MoodCalibration, MoodPopulation, MoodRules};
    /// let calibration = MoodCalibration { people: 400, ..MoodCalibration::default() };
    /// let rules = MoodRules::new(MoodPopulation::default()).calibrate(&calibration)?;
    /// assert!(rules.threshold > 3.0 && rules.threshold < 5.5);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn calibrate(self, calibration: &MoodCalibration) -> Result<Self> {
        let MoodCalibration { false_alarms, contacts, people, seed } = *calibration;
        if !(false_alarms > 0.0 && false_alarms < 1.0) {
            return Err(Error::option("false_alarms", "must lie between 0 and 1, as 0.05"));
        }
        if !(1..=100_000).contains(&contacts) {
            return Err(Error::option("contacts", "must be 1 to 100000"));
        }
        if !(20..=10_000_000).contains(&people) || (people as f64) * false_alarms < 1.0 {
            return Err(Error::option("people", "must be 20 to ten million, and one at the least of the share"));
        }
        let open = Self { threshold: 1e6, ..self };
        open.check()?;
        let mut random = Random(seed);
        let mut largest: Vec<f64> = (0..people).map(|_| largest(&open, contacts, &mut random)).collect();
        largest.sort_unstable_by(f64::total_cmp);
        let above = ((people as f64) * false_alarms).floor() as usize;
        let threshold = people.checked_sub(above + 1).and_then(|place| largest.get(place));
        // A statistic of nothing at all would be an alarm at the first contact.
        let threshold = threshold.copied().unwrap_or(f64::MAX).max(1e-6);
        Ok(Self { threshold, ..open })
    }
}

/// The largest statistic of somebody drawn from the population.
fn largest(rules: &MoodRules, contacts: usize, random: &mut Random) -> f64 {
    let MoodPopulation { mean, deviation, mean_contacts, deviation_contacts } = rules.population;
    let variance = deviation * deviation * deviation_contacts / (2.0 * random.gamma(deviation_contacts / 2.0));
    let own = mean + (variance / mean_contacts).sqrt() * random.normal();
    let mut cusum = Cusum::new(rules);
    (0..contacts).fold(0.0, |largest: f64, _| {
        cusum.hear((own + variance.sqrt() * random.normal()).clamp(-1.0, 1.0));
        largest.max(cusum.last)
    })
}

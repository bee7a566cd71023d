//! How everybody feels: what is taken of somebody of whom little is known.

use crate::error::{Error, Result};
use crate::statistics::PROFILES_MIN;
use serde::{Deserialize, Serialize};

/// Contacts of somebody from which a deviation says something.
const CONTACTS_MIN: usize = 3;

/// What people's sentiments are like: each has a mean and a deviation of their own, which come from here (a
/// normal-inverse-gamma prior). Whoever has few contacts is taken to be like all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoodPopulation {
    /// The mean of people's means, -1 to 1.
    pub mean: f64,
    /// The deviation within one person, on the scale of sentiments; over 0.
    pub deviation: f64,
    /// As how many contacts of a person the mean counts: their deviation over that of people's means, squared. Over 0.
    pub mean_contacts: f64,
    /// As how many contacts of a person the deviation counts: the more, the more alike people's deviations are. Over 2.
    pub deviation_contacts: f64,
}

impl Default for MoodPopulation {
    /// A guess, for want of people to [learn](Self::learn) from.
    fn default() -> Self {
        Self { mean: 0.2, deviation: 0.3, mean_contacts: 2.0, deviation_contacts: 16.0 }
    }
}

impl MoodPopulation {
    /// Learns from the scores of people, each a list, in any order: empirical Bayes by the method of moments (Casella: An
    /// introduction to empirical Bayes data analysis, The American Statistician 39, 1985). Who has fewer than three
    /// contacts says nothing. O(scores log scores).
    ///
    /// # Errors
    /// `Input` where a score is no number from -1 to 1, or fewer than 20 people say something.
    ///
    /// # Examples
    /// ```
    /// use onefold::MoodPopulation;
    /// // Half of them feel better than the others, and all vary alike.
    /// let people: Vec<Vec<f64>> = (0..40).map(|n| if n % 2 == 0 { vec![0.1, 0.3, 0.5] } else { vec![-0.1, 0.1, 0.3] }).collect();
    /// let population = MoodPopulation::learn(&people)?;
    /// assert!((population.mean - 0.2).abs() < 1e-12 && (population.deviation - 0.2).abs() < 1e-3);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn learn(people: &[Vec<f64>]) -> Result<Self> {
        for score in people.iter().flatten() {
            check_score(*score)?;
        }
        let mut each: Vec<(f64, f64, f64)> = people.iter().filter_map(|scores| moments(scores)).collect();
        if (each.len() as u64) < PROFILES_MIN {
            return Err(Error::input("people", "must be 20 at the least, each with three contacts"));
        }
        // Sums do not depend on who comes first.
        each.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2)));
        let people = each.len() as f64;
        let total = |of: &dyn Fn(&(f64, f64, f64)) -> f64| each.iter().map(of).sum::<f64>();
        let freedom = total(&|(n, _, _)| n - 1.0);
        let within = (total(&|(n, _, variance)| (n - 1.0) * variance) / freedom).max(1e-6);
        // A variance of n values squared is, on the average, the true one squared times (n + 1) / (n - 1).
        let squares = total(&|(n, _, variance)| (n - 1.0) * (n - 1.0) / (n + 1.0) * variance * variance) / freedom;
        let spread = (squares / (within * within) - 1.0).clamp(0.005, 2.0);
        let deviation_contacts = 4.0 + 2.0 / spread;
        let mean = total(&|(_, mean, _)| *mean) / people;
        let between = total(&|(_, own, _)| (own - mean) * (own - mean)) / (people - 1.0);
        let between = between - within * total(&|(n, _, _)| 1.0 / n) / people;
        let mean_contacts = within / between.clamp(within / 1_000.0, within * 20.0);
        let deviation = (within * (deviation_contacts - 2.0) / deviation_contacts).sqrt();
        Ok(Self { mean, deviation, mean_contacts, deviation_contacts })
    }

    /// Checks that it is one.
    ///
    /// # Errors
    /// `Config` where a field is out of its range.
    pub fn check(&self) -> Result<()> {
        let wrong = |option, reason: &str| Err(Error::option(option, reason));
        if !(-1.0..=1.0).contains(&self.mean) {
            return wrong("mean", "must be a number from -1 to 1");
        }
        if !(self.deviation > 1e-9 && self.deviation <= 2.0) {
            return wrong("deviation", "must be a number over 0, to 2");
        }
        if !(self.mean_contacts > 0.0 && self.mean_contacts <= 1e6) {
            return wrong("mean_contacts", "must be a number over 0, to a million");
        }
        if !(self.deviation_contacts > 2.0 && self.deviation_contacts <= 1e6) {
            return wrong("deviation_contacts", "must be a number over 2, to a million");
        }
        Ok(())
    }
}

/// How many scores, their mean and their variance.
fn moments(scores: &[f64]) -> Option<(f64, f64, f64)> {
    if scores.len() < CONTACTS_MIN {
        return None;
    }
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / count;
    let variance = sorted.iter().map(|score| (score - mean) * (score - mean)).sum::<f64>() / (count - 1.0);
    Some((count, mean, variance))
}

pub(super) fn check_score(score: f64) -> Result<()> {
    if (-1.0..=1.0).contains(&score) {
        return Ok(());
    }
    Err(Error::input("score", "is no number from -1 to 1"))
}

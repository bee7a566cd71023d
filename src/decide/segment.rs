//! How often an action pays in a segment, whatever the features.

use super::belief::Belief;
use super::exact::Exact;
use serde::{Deserialize, Serialize};

/// Outcomes of one action in one segment, and the sum of their rewards, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct SegmentSums {
    count: u64,
    rewards: Exact,
}

impl SegmentSums {
    pub(super) fn count(self) -> u64 {
        self.count
    }

    pub(super) fn add(&mut self, reward: f64) {
        self.count += 1;
        self.rewards = self.rewards.plus(Exact::of(reward));
    }

    pub(super) fn take_out(&mut self, reward: f64) {
        self.count = self.count.saturating_sub(1);
        self.rewards = self.rewards.minus(Exact::of(reward));
    }

    /// The posterior under a prior: Beta-Bernoulli Thompson sampling (Thompson 1933) draws of it; a reward between 0
    /// and 1 counts as that share of a success.
    pub(super) fn posterior(self, prior: (f64, f64)) -> Belief {
        let rewards = self.rewards.number();
        Belief::Beta { a: prior.0 + rewards, b: prior.1 + (self.count as f64 - rewards).max(0.0) }
    }

    /// The mean of the posterior.
    pub(super) fn mean(self, prior: (f64, f64)) -> Belief {
        Belief::Point(self.posterior(prior).mean())
    }
}

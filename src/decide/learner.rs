//! Which learner a model is, with its settings.

use super::features::{DIMENSIONS_MAX, FEATURE_MAX};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// How a reward is learned, and how much is tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Learner {
    /// LinUCB (Li, Chu, Langford and Schapire 2010): a regression for each action; the bound counts.
    LinUcb {
        /// How many deviations are added: alpha.
        width: f64,
        /// The ridge of the regression.
        ridge: f64,
    },
    /// Linear Thompson sampling (Agrawal and Goyal 2013): a regression for each action; a draw of its posterior counts.
    LinearThompson {
        /// By how much the deviation is scaled: v.
        width: f64,
        /// The ridge of the regression.
        ridge: f64,
    },
    /// A regression for each action; its mean counts. With an `explore_share` this is epsilon-greedy.
    LinearMean {
        /// The ridge of the regression.
        ridge: f64,
    },
    /// Beta-Bernoulli Thompson sampling (Thompson 1933) for each action and segment.
    SegmentThompson {
        /// The successes and failures before any outcome, each at least 1.
        prior: (f64, f64),
    },
    /// The mean of each action and segment. With an `explore_share` this is epsilon-greedy.
    SegmentMean {
        /// The successes and failures before any outcome, each at least 1.
        prior: (f64, f64),
    },
    /// Learns nothing: the expected rewards are given.
    Fixed {
        /// By action.
        rewards: BTreeMap<SmolStr, f64>,
        /// Of every other action.
        otherwise: f64,
    },
}

/// Whose outcomes a regression learns from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// Each action has its own.
    #[default]
    Disjoint,
    /// All actions have one: they differ by their features. Draws are made for each candidate by itself.
    Shared,
}

/// A learner and what holds for every kind of it.
///
/// # Examples
/// ```
/// use onefold::{Learner, LearnerPolicy};
/// let learner = LearnerPolicy::new(Learner::LinUcb { width: 1.0, ridge: 1.0 }).dimensions(32).explore_share(0.05);
/// let text = serde_json::to_string(&learner)?;
/// assert_eq!(serde_json::from_str::<LearnerPolicy>(&text)?, learner);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnerPolicy {
    /// The learner.
    pub learner: Learner,
    /// How many features a regression has; 0 for learners without.
    #[serde(default)]
    pub dimensions: usize,
    /// Whose outcomes a regression learns from.
    #[serde(default)]
    pub sharing: Sharing,
    /// The share of decisions that choose evenly among all candidates that may pay: the least propensity of any is
    /// this, divided by their number. 0 to 1.
    #[serde(default)]
    pub explore_share: f64,
    /// The least and the largest reward of a decision; a sum beyond is cut. Learners by segment need 0 and 1.
    #[serde(default = "unit")]
    pub reward_range: (f64, f64),
}

fn unit() -> (f64, f64) {
    (0.0, 1.0)
}

impl LearnerPolicy {
    /// Takes a learner, without features, without a share to explore, with rewards of 0 to 1.
    pub fn new(learner: Learner) -> Self {
        Self { learner, dimensions: 0, sharing: Sharing::Disjoint, explore_share: 0.0, reward_range: unit() }
    }

    /// Sets the number of features.
    #[must_use]
    pub fn dimensions(self, dimensions: usize) -> Self {
        Self { dimensions, ..self }
    }

    /// Sets whose outcomes a regression learns from.
    #[must_use]
    pub fn sharing(self, sharing: Sharing) -> Self {
        Self { sharing, ..self }
    }

    /// Sets the share of decisions that choose evenly.
    #[must_use]
    pub fn explore_share(self, explore_share: f64) -> Self {
        Self { explore_share, ..self }
    }

    /// Sets the least and the largest reward.
    #[must_use]
    pub fn reward_range(self, least: f64, most: f64) -> Self {
        Self { reward_range: (least, most), ..self }
    }

    /// Says whether the learner looks at features.
    pub(super) fn is_linear(&self) -> bool {
        matches!(self.learner, Learner::LinUcb { .. } | Learner::LinearThompson { .. } | Learner::LinearMean { .. })
    }

    /// The ridge of the regressions.
    pub(super) fn ridge(&self) -> f64 {
        match self.learner {
            Learner::LinUcb { ridge, .. } | Learner::LinearThompson { ridge, .. } | Learner::LinearMean { ridge } => {
                ridge
            }
            Learner::SegmentThompson { .. } | Learner::SegmentMean { .. } | Learner::Fixed { .. } => 1.0,
        }
    }

    /// Checks the settings.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |option, reason: &str| Err(Error::option(option, reason));
        let (least, most) = self.reward_range;
        let fits = |reward: f64| (-FEATURE_MAX..=FEATURE_MAX).contains(&reward);
        if !(fits(least) && fits(most) && least < most) {
            return wrong("reward_range", "must be two numbers of at most 1024 in size, the first below the second");
        }
        if !(0.0..=1.0).contains(&self.explore_share) {
            return wrong("explore_share", "must be a number from 0 to 1");
        }
        if self.is_linear() && !(1..=DIMENSIONS_MAX).contains(&self.dimensions) {
            return wrong("dimensions", "must be 1 to 256 for a learner with features");
        }
        if !self.is_linear() && self.dimensions != 0 {
            return wrong("dimensions", "must be 0 for a learner without features");
        }
        match &self.learner {
            Learner::LinUcb { width, ridge } | Learner::LinearThompson { width, ridge } => {
                check_ridge(*ridge)?;
                if !(0.0..=1e6).contains(width) {
                    return wrong("width", "must be a number from 0 to a million");
                }
            }
            Learner::LinearMean { ridge } => check_ridge(*ridge)?,
            Learner::SegmentThompson { prior } | Learner::SegmentMean { prior } => {
                let fits = |count: f64| (1.0..=1e9).contains(&count);
                if !(fits(prior.0) && fits(prior.1)) {
                    return wrong("prior", "must be two numbers from 1 to a milliard");
                }
                if self.reward_range != unit() {
                    return wrong("reward_range", "must be 0 and 1 for a learner by segment");
                }
            }
            Learner::Fixed { rewards, otherwise } => {
                if rewards.values().chain([otherwise]).any(|reward| !(-FEATURE_MAX..=FEATURE_MAX).contains(reward)) {
                    return wrong("rewards", "must be numbers of at most 1024 in size");
                }
            }
        }
        Ok(())
    }
}

fn check_ridge(ridge: f64) -> Result<()> {
    if (1e-6..=1e6).contains(&ridge) {
        return Ok(());
    }
    Err(Error::option("ridge", "must be a number from a millionth to a million"))
}

//! The rules that hold for every decision.

use super::features::FEATURE_MAX;
use crate::error::{Error, Result};
use crate::id::{Seed, base_32};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeMap;

const POLICY: u8 = 45;

/// The most days of a window.
const DAYS_MAX: u32 = 36_500;

/// How often is often enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExposureCap {
    /// What is counted.
    pub scope: CapScope,
    /// The one action, topic or placement that it is for; none for each by itself.
    #[serde(default)]
    pub name: Option<SmolStr>,
    /// So many in a window, and no more.
    pub count: u32,
    /// The days of the window, which ends now.
    pub days: u32,
}

/// What a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapScope {
    /// All that was done.
    Everything,
    /// What was done at the placement.
    Placement,
    /// What was done of the candidate's topic.
    Topic,
    /// What was done of the action.
    Action,
}

/// A kind of outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardPolicy {
    /// For how long after a decision it counts, in seconds.
    pub window_seconds: u32,
    /// What one is worth as a reward, per unit that is told.
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

/// What a recent bad experience changes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MoodPolicy {
    /// The value of a promotion is multiplied by this.
    pub promotion: f64,
    /// The value of a service is multiplied by this.
    pub service: f64,
}

impl Default for MoodPolicy {
    fn default() -> Self {
        Self { promotion: 0.25, service: 2.0 }
    }
}

/// The rules that hold for every decision: plain data, for TOML and JSON.
///
/// # Examples
/// ```
/// use onefold::{CapScope, DecisionPolicy};
/// let rules = DecisionPolicy::default()
///     .holdout("home", 0.05)
///     .cap(CapScope::Topic, 3, 7)
///     .reward("purchase", 7 * 86_400, 1.0)
///     .build()?;
/// assert_eq!(rules.policy().rewards["purchase"].window_seconds, 604_800);
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DecisionPolicy {
    /// The share of people for whom nothing is done, by placement: the control group, 0 to 1.
    pub holdout: BTreeMap<SmolStr, f64>,
    /// The caps.
    pub caps: Vec<ExposureCap>,
    /// What a recent bad experience changes.
    pub mood: MoodPolicy,
    /// The kinds of outcomes that are learned.
    pub rewards: BTreeMap<SmolStr, RewardPolicy>,
}

/// A [`DecisionPolicy`] that was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRules {
    // Invariant: it was checked, and the version is of it.
    policy: DecisionPolicy,
    version: SmolStr,
}

impl DecisionPolicy {
    /// Leaves a share of people alone at a placement.
    #[must_use]
    pub fn holdout(mut self, placement: impl Into<SmolStr>, share: f64) -> Self {
        self.holdout.insert(placement.into(), share);
        self
    }

    /// Adds a cap on each by itself.
    #[must_use]
    pub fn cap(mut self, scope: CapScope, count: u32, days: u32) -> Self {
        self.caps.push(ExposureCap { scope, name: None, count, days });
        self
    }

    /// Adds a kind of outcome.
    #[must_use]
    pub fn reward(mut self, kind: impl Into<SmolStr>, window_seconds: u32, weight: f64) -> Self {
        self.rewards.insert(kind.into(), RewardPolicy { window_seconds, weight });
        self
    }

    /// Checks the rules.
    ///
    /// # Errors
    /// `Config`, with the field that is wrong.
    pub fn build(self) -> Result<DecisionRules> {
        for (placement, share) in &self.holdout {
            if !(0.0..=1.0).contains(share) {
                return Err(Error::policy(format!("holdout.{placement}"), "must be a share from 0 to 1"));
            }
        }
        for (place, cap) in self.caps.iter().enumerate() {
            if cap.days == 0 || cap.days > DAYS_MAX {
                return Err(Error::policy(format!("caps[{place}].days"), "must be 1 to 36500"));
            }
            if cap.name.is_some() && cap.scope == CapScope::Everything {
                return Err(Error::policy(format!("caps[{place}].name"), "names one of everything"));
            }
        }
        for (name, factor) in [("promotion", self.mood.promotion), ("service", self.mood.service)] {
            if !(0.0..=FEATURE_MAX).contains(&factor) {
                return Err(Error::policy(format!("mood.{name}"), "must be a number from 0 to 1024"));
            }
        }
        for (kind, reward) in &self.rewards {
            if reward.window_seconds == 0 {
                return Err(Error::policy(format!("rewards.{kind}.window_seconds"), "must be at least 1"));
            }
            if !(-FEATURE_MAX..=FEATURE_MAX).contains(&reward.weight) {
                return Err(Error::policy(
                    format!("rewards.{kind}.weight"),
                    "must be a number of at most 1024 in size",
                ));
            }
        }
        let text = serde_json::to_vec(&self).map_err(|error| Error::input("decision policy", error.to_string()))?;
        let version = format!("r{}", base_32(Seed::new(0).hash_parts(POLICY, &[&text]))).into();
        Ok(DecisionRules { policy: self, version })
    }
}

impl DecisionRules {
    /// The rules as data.
    pub fn policy(&self) -> &DecisionPolicy {
        &self.policy
    }

    /// Names the rules: a hash of them.
    pub fn version(&self) -> &SmolStr {
        &self.version
    }

    /// The longest window, in microseconds: after it a decision without an outcome had none.
    pub(super) fn window(&self) -> i64 {
        let longest = self.policy.rewards.values().map(|reward| reward.window_seconds).max().unwrap_or(0);
        i64::from(longest) * 1_000_000
    }
}

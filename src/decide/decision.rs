//! What was decided, and why.

use super::features::Features;
use super::model::ModelVersion;
use crate::consent::PermissionReason;
use crate::error::{Error, Result};
use crate::id::{Seed, base_32, from_base_32};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, ToSmolStr};
use std::fmt;

const DECISION: u8 = 46;

/// The name of a decision: a hash of the person's key, the placement and the time, under the seed. What is asked again
/// is the same decision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "SmolStr", try_from = "SmolStr")]
pub struct DecisionId(u128);

impl DecisionId {
    pub(super) fn of(seed: Seed, subject: &str, placement: &str, now: Timestamp) -> Self {
        let at = now.microseconds().to_be_bytes();
        Self(seed.hash_parts(DECISION, &[subject.as_bytes(), placement.as_bytes(), &at]))
    }

    pub(super) fn bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d{}", base_32(self.0))
    }
}

impl fmt::Debug for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for DecisionId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bits = text.strip_prefix('d').and_then(from_base_32);
        bits.map(Self).ok_or_else(|| Error::input("decision id", "is not `d` and 26 characters of base 32"))
    }
}

impl From<DecisionId> for SmolStr {
    fn from(id: DecisionId) -> Self {
        id.to_smolstr()
    }
}

impl TryFrom<SmolStr> for DecisionId {
    type Error = Error;

    fn try_from(text: SmolStr) -> Result<Self> {
        text.parse()
    }
}

/// What was decided: enough to learn from it, to judge other policies by it, and to say why.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Its name.
    pub id: DecisionId,
    /// When.
    pub at: Timestamp,
    /// Where.
    pub placement: SmolStr,
    /// What the data was used for.
    pub purpose: SmolStr,
    /// What is to be done; none where nothing is worth it, nothing is left, or the person is in the control group.
    pub action: Option<SmolStr>,
    /// What would have been done, for the control group.
    pub withheld: Option<SmolStr>,
    /// Whether the person is in the control group of the placement.
    pub holdout: bool,
    /// The probability of this choice, given all that was known, before the control group: over all seeds so many of
    /// the decisions are this.
    pub propensity: f64,
    /// What it was reckoned to earn: value times reward less cost, the reward being drawn or bounded; 0 for nothing.
    pub score: f64,
    /// What it is expected to earn; 0 for nothing.
    pub expected: f64,
    /// Whether something else was expected to earn more.
    pub explored: bool,
    /// The segment that was asked for.
    pub segment: SmolStr,
    /// The features of what is, or would have been, done: numbers, of which nobody is told. None for nothing.
    pub features: Features,
    /// Which rules held.
    pub policy_version: SmolStr,
    /// Which model was asked.
    pub model_version: ModelVersion,
    /// Those that could have been chosen, with what they were reckoned to earn, by name.
    pub outscored: Vec<Outscored>,
    /// Those that could not, and why, by name.
    pub rejected: Vec<Rejected>,
}

/// A candidate that was not chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outscored {
    /// The action.
    pub action: SmolStr,
    /// What it was reckoned to earn.
    pub score: f64,
}

/// A candidate that could not be chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// The action.
    pub action: SmolStr,
    /// Why.
    pub reason: RejectReason,
}

/// Why a candidate could not be chosen: the first of these that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RejectReason {
    /// Its rule of eligibility does not hold.
    NotEligible,
    /// Its rule of eligibility reads this attribute, which is not there or is no number.
    Unknown {
        /// The attribute.
        attribute: SmolStr,
    },
    /// The purpose, or its channel, is not allowed.
    NotPermitted {
        /// Why not, in the words of [`PermissionReason`].
        reason: SmolStr,
    },
    /// It is not to be done.
    Suppressed {
        /// Why, as the request says.
        because: SmolStr,
    },
    /// The cap at this place of the rules is reached.
    Capped {
        /// The place.
        cap: usize,
    },
    /// Even the largest reward would not pay for it.
    NeverPays,
}

impl RejectReason {
    pub(super) fn not_permitted(reason: PermissionReason) -> Self {
        // The words that serde writes.
        let word = serde_json::to_value(reason).ok();
        let word = word.as_ref().and_then(serde_json::Value::as_str).unwrap_or("unknown");
        Self::NotPermitted { reason: word.into() }
    }
}

/// Shows what it is, not what is done: that says something of a person.
impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (outscored, rejected) = (self.outscored.len(), self.rejected.len());
        write!(f, "Decision({} at {}, {outscored} outscored, {rejected} rejected)", self.id, self.placement)
    }
}

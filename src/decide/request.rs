//! What is asked of a decision.

use super::eligible::{Eligibility, Facts};
use super::features::Features;
use crate::consent::PermissionReason;
use crate::id::Seed;
use crate::mood::Feeling;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt;

/// Something that may be done. To do nothing is one more candidate, if it is to be learned of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// Its name.
    pub action: SmolStr,
    /// What a reward of 1 is worth, in money; 0 or more.
    pub value: f64,
    /// What doing it costs, in money.
    #[serde(default)]
    pub cost: f64,
    /// Features of its own, which are added to those of the context; as many, or none.
    #[serde(default)]
    pub features: Features,
    /// The channel that it is told through, whose permission it needs.
    #[serde(default)]
    pub channel: Option<SmolStr>,
    /// What it is about, for caps.
    #[serde(default)]
    pub topic: Option<SmolStr>,
    /// What a bad experience does to it.
    #[serde(default)]
    pub nature: Nature,
    /// Who is eligible.
    #[serde(default)]
    pub eligible: Eligibility,
}

impl Candidate {
    /// Takes a name and what a reward of 1 is worth.
    pub fn new(action: impl Into<SmolStr>, value: f64) -> Self {
        Self {
            action: action.into(),
            value,
            cost: 0.0,
            features: Features::default(),
            channel: None,
            topic: None,
            nature: Nature::Other,
            eligible: Eligibility::Always,
        }
    }

    /// Sets what doing it costs.
    #[must_use]
    pub fn cost(self, cost: f64) -> Self {
        Self { cost, ..self }
    }

    /// Sets features of its own.
    #[must_use]
    pub fn features(self, features: Features) -> Self {
        Self { features, ..self }
    }

    /// Sets the channel.
    #[must_use]
    pub fn channel(self, channel: impl Into<SmolStr>) -> Self {
        Self { channel: Some(channel.into()), ..self }
    }

    /// Sets the topic.
    #[must_use]
    pub fn topic(self, topic: impl Into<SmolStr>) -> Self {
        Self { topic: Some(topic.into()), ..self }
    }

    /// Sets what a bad experience does to it.
    #[must_use]
    pub fn nature(self, nature: Nature) -> Self {
        Self { nature, ..self }
    }

    /// Sets who is eligible.
    #[must_use]
    pub fn eligible(self, eligible: Eligibility) -> Self {
        Self { eligible, ..self }
    }
}

/// What kind of action it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// It sells: a bad experience lowers it.
    Promotion,
    /// It mends: a bad experience raises it.
    Service,
    /// Neither.
    #[default]
    Other,
}

/// How somebody feels, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    /// Nothing is known to be wrong.
    #[default]
    Usual,
    /// There was a bad experience lately.
    Bad,
}

impl From<&Feeling> for Mood {
    /// Bad while a bad experience weighs.
    fn from(feeling: &Feeling) -> Self {
        if feeling.is_bad() { Self::Bad } else { Self::Usual }
    }
}

/// What must be earned for something to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Floor {
    /// More than nothing: otherwise nothing is done.
    #[default]
    Positive,
    /// Whatever: the best is done, also at a loss.
    Any,
}

/// What was done before, for caps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The action.
    pub action: SmolStr,
    /// Its topic.
    pub topic: Option<SmolStr>,
    /// The placement.
    pub placement: SmolStr,
    /// When.
    pub at: Timestamp,
}

/// What may be done, as [`View::may`](crate::View::may) answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allowed {
    /// For the purpose itself: what holds for candidates without a channel.
    pub purpose: Option<PermissionReason>,
    /// By channel; one that is not here is not allowed.
    pub channels: BTreeMap<SmolStr, PermissionReason>,
}

/// What is asked of a decision: whom it is for, where, from what, and what is known. `Debug` shows nothing of the
/// person.
#[derive(Clone)]
pub struct DecisionRequest<'a> {
    /// A stable key of the person. Draws and the control group hang on it: give one that survives, as the name of a
    /// profile does.
    pub subject: SmolStr,
    /// Where it would be done: a slot on a page, a message, a script of the call centre.
    pub placement: SmolStr,
    /// What the data is used for.
    pub purpose: SmolStr,
    /// The segment, for learners by segment.
    pub segment: SmolStr,
    /// The features of the person and the moment.
    pub context: Features,
    /// What may be done; no two of one name.
    pub candidates: &'a [Candidate],
    /// What is known, for rules of eligibility.
    pub facts: Facts,
    /// What consent and purpose allow.
    pub allowed: Allowed,
    /// Actions that are not to be done, each with why.
    pub suppressed: BTreeMap<SmolStr, SmolStr>,
    /// What was done before.
    pub done: Vec<Done>,
    /// How the person feels.
    pub mood: Mood,
    /// What must be earned.
    pub floor: Floor,
    /// The time of the decision.
    pub now: Timestamp,
    /// What chance hangs on.
    pub seed: Seed,
}

impl<'a> DecisionRequest<'a> {
    /// Asks for a decision, with nothing known and nothing allowed.
    pub fn new(
        subject: impl Into<SmolStr>,
        placement: impl Into<SmolStr>,
        purpose: impl Into<SmolStr>,
        candidates: &'a [Candidate],
        now: Timestamp,
    ) -> Self {
        Self {
            subject: subject.into(),
            placement: placement.into(),
            purpose: purpose.into(),
            segment: SmolStr::default(),
            context: Features::default(),
            candidates,
            facts: Facts::default(),
            allowed: Allowed::default(),
            suppressed: BTreeMap::new(),
            done: Vec::new(),
            mood: Mood::Usual,
            floor: Floor::Positive,
            now,
            seed: Seed::default(),
        }
    }

    /// Says what the purpose allows.
    #[must_use]
    pub fn allow(mut self, reason: PermissionReason) -> Self {
        self.allowed.purpose = Some(reason);
        self
    }

    /// Says what a channel allows.
    #[must_use]
    pub fn allow_channel(mut self, channel: impl Into<SmolStr>, reason: PermissionReason) -> Self {
        self.allowed.channels.insert(channel.into(), reason);
        self
    }

    /// Sets the features.
    #[must_use]
    pub fn context(self, context: Features) -> Self {
        Self { context, ..self }
    }

    /// Sets the segment.
    #[must_use]
    pub fn segment(self, segment: impl Into<SmolStr>) -> Self {
        Self { segment: segment.into(), ..self }
    }

    /// Sets what is known.
    #[must_use]
    pub fn facts(self, facts: Facts) -> Self {
        Self { facts, ..self }
    }

    /// Sets how the person feels.
    #[must_use]
    pub fn mood(self, mood: Mood) -> Self {
        Self { mood, ..self }
    }

    /// Sets what must be earned.
    #[must_use]
    pub fn floor(self, floor: Floor) -> Self {
        Self { floor, ..self }
    }

    /// Sets what chance hangs on.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Self {
        Self { seed, ..self }
    }
}

impl fmt::Debug for DecisionRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let candidates = self.candidates.len();
        write!(f, "DecisionRequest({candidates} candidates at {}, for {})", self.placement, self.purpose)
    }
}

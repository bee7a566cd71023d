//! What was learned, as a value that can be kept, compared and gone back to.

use super::belief::Belief;
use super::exact::COUNT_MAX;
use super::features::Features;
use super::learner::{Learner, LearnerPolicy, Sharing};
use super::linear::{LinearSums, Regression, bound, posterior};
use super::segment::SegmentSums;
use crate::error::{Error, Result};
use crate::id::{Seed, base_32};
use ahash::AHashMap;
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, ToSmolStr};
use std::collections::BTreeMap;
use std::fmt;

const LEARNER: u8 = 43;
const LEARNED: u8 = 44;

/// The one regression of all actions.
const ALL: &str = "";

/// The version of a model: the hash of its settings and of the set of outcomes that it learned.
///
/// The outcomes' hashes are added up (Bellare and Micciancio 1997): so the version, like what it names, does not depend
/// on the order, an outcome that is unlearned leaves the version of before, and it costs one hash an outcome. SipHash
/// is no protection against somebody who makes up outcomes to collide.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "SmolStr", try_from = "SmolStr")]
pub struct ModelVersion(u128);

impl fmt::Display for ModelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{}", base_32(self.0))
    }
}

impl fmt::Debug for ModelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<ModelVersion> for SmolStr {
    fn from(version: ModelVersion) -> Self {
        version.to_smolstr()
    }
}

impl TryFrom<SmolStr> for ModelVersion {
    type Error = Error;

    fn try_from(text: SmolStr) -> Result<Self> {
        let bits = text.strip_prefix('m').and_then(crate::id::from_base_32);
        bits.map(Self).ok_or_else(|| Error::input("model version", "is not `m` and 26 characters of base 32"))
    }
}

/// What a learner learned: exact sums over outcomes, and what is computed of them.
///
/// It is a function of its settings and of the set of outcomes that it learned. Keep a clone, or the JSON that serde
/// writes, to go back to it.
///
/// # Examples
/// ```
/// use onefold::{Belief, DecisionModel, Features, Learner, LearnerPolicy};
/// let policy = LearnerPolicy::new(Learner::LinUcb { width: 1.0, ridge: 1.0 }).dimensions(1);
/// let mut model = DecisionModel::new(policy)?;
/// let before = model.clone();
/// let always = Features::new([1.0]);
/// model.learn("coupon", "", &always, 1.0)?;
/// assert!((model.belief("coupon", "", &always)?.mean() - 0.5).abs() < 1e-15);
/// model.unlearn("coupon", "", &always, 1.0)?;
/// assert_eq!(model, before);
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "Stored", try_from = "Stored")]
pub struct DecisionModel {
    policy: LearnerPolicy,
    // The hash of the policy, and the sum of the hashes of what was learned.
    base: u128,
    learned: u128,
    linear: AHashMap<SmolStr, (LinearSums, Regression)>,
    segments: BTreeMap<SmolStr, BTreeMap<SmolStr, SegmentSums>>,
}

impl DecisionModel {
    /// Begins to learn.
    ///
    /// # Errors
    /// `Config` where a setting is wrong.
    pub fn new(policy: LearnerPolicy) -> Result<Self> {
        policy.check()?;
        let text = serde_json::to_vec(&policy).map_err(|error| Error::input("learner", error.to_string()))?;
        let base = Seed::new(0).hash_parts(LEARNER, &[&text]);
        Ok(Self { policy, base, learned: 0, linear: AHashMap::new(), segments: BTreeMap::new() })
    }

    /// The settings.
    pub fn policy(&self) -> &LearnerPolicy {
        &self.policy
    }

    /// Names what was learned.
    pub fn version(&self) -> ModelVersion {
        ModelVersion(self.base.wrapping_add(self.learned))
    }

    /// How many outcomes were learned of an action, over all segments.
    pub fn count(&self, action: &str) -> u64 {
        let linear = self.linear.get(self.arm(action)).map_or(0, |(sums, _)| sums.count());
        linear + self.segments.values().filter_map(|actions| actions.get(action)).map(|sums| sums.count()).sum::<u64>()
    }

    /// What is believed of an action's reward. O(features^2 / 2).
    ///
    /// # Errors
    /// `Input` where the features are not as many as the model has, or out of bounds.
    pub fn belief(&self, action: &str, segment: &str, features: &Features) -> Result<Belief> {
        if self.policy.is_linear() {
            features.check("features", self.policy.dimensions)?;
        }
        Ok(self.arms(segment).believe(action, features, &mut Vec::new()))
    }

    /// Learns that an action brought a reward. O(features^3 / 3).
    ///
    /// # Errors
    /// `Input` where the features or the reward are out of bounds; `Limit` after 2^32 outcomes of one action. Nothing
    /// is learned then.
    pub fn learn(&mut self, action: &str, segment: &str, features: &Features, reward: f64) -> Result<()> {
        self.relearn(action, segment, features, None, Some(reward))
    }

    /// Takes back what [`learn`](Self::learn) learned, to the last bit. O(features^3 / 3).
    ///
    /// # Errors
    /// `Input` where the features or the reward are out of bounds, or nothing was learned of the action. What is taken
    /// back must have been learned: a model does not keep what it learned, and cannot tell.
    pub fn unlearn(&mut self, action: &str, segment: &str, features: &Features, reward: f64) -> Result<()> {
        self.relearn(action, segment, features, Some(reward), None)
    }

    /// Takes back one reward and learns another, at the price of one.
    ///
    /// # Errors
    /// As [`learn`](Self::learn) and [`unlearn`](Self::unlearn).
    pub fn relearn(
        &mut self,
        action: &str,
        segment: &str,
        features: &Features,
        before: Option<f64>,
        after: Option<f64>,
    ) -> Result<()> {
        [before, after].into_iter().flatten().try_for_each(|reward| self.check(features, reward))?;
        let learns = !matches!(self.policy.learner, Learner::Fixed { .. });
        let held = self.held(action, segment);
        if before.is_some() && learns && held == 0 {
            return Err(Error::input("outcome", "was never learned"));
        }
        if after.is_some() && held >= COUNT_MAX {
            return Err(Error::limit("the number of outcomes of an action", COUNT_MAX));
        }
        let hash = |reward: Option<f64>| reward.map_or(0, |reward| hash(action, segment, features, reward));
        self.learned = self.learned.wrapping_sub(hash(before)).wrapping_add(hash(after));
        if self.policy.is_linear() {
            self.relearn_linear(action, features, before, after);
        } else if learns {
            self.relearn_segment(action, segment, before, after);
        }
        Ok(())
    }

    /// The reward that counts: cut to the range.
    pub(super) fn clamp(&self, reward: f64) -> f64 {
        let (least, most) = self.policy.reward_range;
        reward.clamp(least, most)
    }

    /// What is asked for a segment.
    pub(super) fn arms(&self, segment: &str) -> Arms<'_> {
        Arms { model: self, actions: self.segments.get(segment) }
    }

    /// How many outcomes the sums hold that an action's go to.
    fn held(&self, action: &str, segment: &str) -> u64 {
        let linear = self.linear.get(self.arm(action)).map(|(sums, _)| sums.count());
        let by_segment = || self.segments.get(segment)?.get(action).map(|sums| sums.count());
        linear.or_else(by_segment).unwrap_or(0)
    }

    /// The key of the regression of an action.
    fn arm<'a>(&self, action: &'a str) -> &'a str {
        match self.policy.sharing {
            Sharing::Disjoint => action,
            Sharing::Shared => ALL,
        }
    }

    /// Says whether a decision's features are such as the model learns from.
    pub(super) fn fits(&self, features: &Features) -> bool {
        !self.policy.is_linear() || features.check("features", self.policy.dimensions).is_ok()
    }

    fn check(&self, features: &Features, reward: f64) -> Result<()> {
        let (least, most) = self.policy.reward_range;
        if !(least..=most).contains(&reward) {
            return Err(Error::input("reward", format!("must be a number from {least} to {most}")));
        }
        if self.policy.is_linear() { features.check("features", self.policy.dimensions) } else { Ok(()) }
    }

    fn relearn_linear(&mut self, action: &str, features: &Features, before: Option<f64>, after: Option<f64>) {
        let arm = SmolStr::from(self.arm(action));
        let held = self.linear.remove(&arm);
        let mut sums = held.map_or_else(|| LinearSums::new(self.policy.dimensions), |(sums, _)| sums);
        if let Some(reward) = before {
            sums.take_out(features, reward);
        }
        if let Some(reward) = after {
            sums.add(features, reward);
        }
        // What holds nothing is not kept: unlearning leaves what was there before.
        if sums.count() > 0 {
            let regression = Regression::of(&sums, self.policy.ridge());
            self.linear.insert(arm, (sums, regression));
        }
    }

    fn relearn_segment(&mut self, action: &str, segment: &str, before: Option<f64>, after: Option<f64>) {
        let actions = self.segments.entry(segment.into()).or_default();
        let sums = actions.entry(action.into()).or_default();
        if let Some(reward) = before {
            sums.take_out(reward);
        }
        if let Some(reward) = after {
            sums.add(reward);
        }
        if sums.count() == 0 {
            actions.remove(action);
        }
        if actions.is_empty() {
            self.segments.remove(segment);
        }
    }
}

/// A model that is asked for one segment.
pub(super) struct Arms<'a> {
    model: &'a DecisionModel,
    actions: Option<&'a BTreeMap<SmolStr, SegmentSums>>,
}

impl Arms<'_> {
    /// What is believed, of features that were checked.
    pub(super) fn believe(&self, action: &str, features: &Features, room: &mut Vec<f64>) -> Belief {
        let model = self.model;
        let linear = || model.linear.get(model.arm(action)).map(|(_, regression)| regression);
        let sums = || self.actions.and_then(|actions| actions.get(action)).copied().unwrap_or_default();
        match &model.policy.learner {
            Learner::LinUcb { width, ridge } => bound(linear(), *ridge, *width, features, room),
            Learner::LinearThompson { width, ridge } => posterior(linear(), *ridge, *width, features, room),
            Learner::LinearMean { .. } => Belief::Point(linear().map_or(0.0, |regression| regression.mean(features))),
            Learner::SegmentThompson { prior } => sums().posterior(*prior),
            Learner::SegmentMean { prior } => sums().mean(*prior),
            Learner::Fixed { rewards, otherwise } => Belief::Point(*rewards.get(action).unwrap_or(otherwise)),
        }
    }
}

/// The hash of one thing that was learned.
fn hash(action: &str, segment: &str, features: &Features, reward: f64) -> u128 {
    let numbers: Vec<u8> = features.numbers().iter().flat_map(|number| number.to_bits().to_le_bytes()).collect();
    let parts: [&[u8]; 4] = [action.as_bytes(), segment.as_bytes(), &numbers, &reward.to_bits().to_le_bytes()];
    Seed::new(0).hash_parts(LEARNED, &parts)
}

/// Shows what it is and how much it knows.
impl fmt::Debug for DecisionModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arms = self.linear.len() + self.segments.values().map(BTreeMap::len).sum::<usize>();
        write!(f, "DecisionModel({:?}, {arms} arms, {})", self.policy.learner, self.version())
    }
}

/// What is written of a model: the sums, not what is computed of them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    policy: LearnerPolicy,
    learned: SmolStr,
    linear: BTreeMap<SmolStr, LinearSums>,
    segments: BTreeMap<SmolStr, BTreeMap<SmolStr, SegmentSums>>,
}

impl From<DecisionModel> for Stored {
    fn from(model: DecisionModel) -> Self {
        let linear = model.linear.into_iter().map(|(arm, (sums, _))| (arm, sums)).collect();
        Self { policy: model.policy, learned: base_32(model.learned).into(), linear, segments: model.segments }
    }
}

impl TryFrom<Stored> for DecisionModel {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let mut model = Self::new(stored.policy)?;
        let wrong = |reason: &str| Error::input("model", reason);
        model.learned = crate::id::from_base_32(&stored.learned).ok_or_else(|| wrong("has no hash"))?;
        if stored.linear.values().any(|sums| !sums.fits(model.policy.dimensions)) {
            return Err(wrong("has a regression of another size"));
        }
        let ridge = model.policy.ridge();
        let solve = |(arm, sums)| {
            let regression = Regression::of(&sums, ridge);
            (arm, (sums, regression))
        };
        model.linear = stored.linear.into_iter().map(solve).collect();
        model.segments = stored.segments;
        Ok(model)
    }
}

//! Learning from decisions and outcomes: from scratch, as the definition, and one by one.

use super::adwin::Adwin;
use super::decision::{Decision, DecisionId};
use super::learner::LearnerPolicy;
use super::model::DecisionModel;
use super::outcome::{Outcome, OutcomeStatus, Reckoned, closes, reckon};
use super::policy::DecisionRules;
use crate::error::Result;
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How much was told, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LearnedCounts {
    /// Decisions.
    pub decisions: u64,
    /// Those of the control group: nothing was done, and nothing is learned.
    pub holdout: u64,
    /// Those that chose to do nothing: nothing is learned.
    pub nothing: u64,
    /// Those of which a reward was learned, 0 or not.
    pub learned: u64,
    /// Those of which something may still come.
    pub open: u64,
    /// Those whose features the model cannot read: nothing is learned.
    pub unfit: u64,
    /// Outcomes that are part of a reward.
    pub counted: u64,
    /// Outcomes that came after their window.
    pub late: u64,
    /// Outcomes that were refused.
    pub refused: u64,
    /// Outcomes whose decision was not told.
    pub waiting: u64,
    /// Decisions that were let go of: see [`Learning::release`].
    pub released: u64,
    /// Decisions and outcomes that were told of what had been let go of: nothing is learned of them.
    pub missed: u64,
}

/// Learns everything from scratch: the definition of what a model knows.
///
/// Of each decision that did something, the reward that [`reckon`] finds until `now`, cut to the learner's range, is
/// learned once. The order of decisions and outcomes does not matter, nor how often they are told: the sums are exact,
/// and two versions under one name are told apart by a total order (the larger JSON of a decision, the later outcome).
///
/// O((decisions + outcomes) times features^2 / 2, sorted; and features^3 / 3 for each).
///
/// # Errors
/// `Config` where the learner's settings are wrong; `Limit` over 2^32 outcomes.
pub fn learn<'a>(
    rules: &DecisionRules,
    learner: &LearnerPolicy,
    decisions: impl IntoIterator<Item = &'a Decision>,
    outcomes: impl IntoIterator<Item = &'a Outcome>,
    now: Timestamp,
) -> Result<(DecisionModel, LearnedCounts)> {
    let mut model = DecisionModel::new(learner.clone())?;
    let mut standing: BTreeMap<DecisionId, &Decision> = BTreeMap::new();
    for decision in decisions {
        let held = standing.entry(decision.id).or_insert(decision);
        if later(decision, held) {
            *held = decision;
        }
    }
    let mut told: BTreeMap<DecisionId, BTreeMap<&SmolStr, &Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        let held = told.entry(outcome.decision).or_default().entry(&outcome.key).or_insert(outcome);
        if outcome.by_version(held) == Ordering::Greater {
            *held = outcome;
        }
    }
    let mut counts = LearnedCounts::default();
    for (id, decision) in &standing {
        let outcomes = told.remove(id).unwrap_or_default();
        let found = reckon(rules, decision, outcomes.into_values(), now);
        let reward = lesson(&model, decision, &found);
        counts.add(&model, decision, &found);
        if let (Some(action), Some(reward)) = (&decision.action, reward) {
            model.learn(action, &decision.segment, &decision.features, reward)?;
        }
    }
    counts.waiting = told.values().map(|outcomes| outcomes.len() as u64).sum();
    Ok((model, counts))
}

/// Whether a decision stands before another of its name.
fn later(decision: &Decision, held: &Decision) -> bool {
    let text = |decision: &Decision| serde_json::to_vec(decision).unwrap_or_default();
    decision != held && text(decision) > text(held)
}

/// What is learned of a decision.
fn lesson(model: &DecisionModel, decision: &Decision, found: &Reckoned) -> Option<f64> {
    let learns = decision.action.is_some() && model.fits(&decision.features);
    found.reward.filter(|_| learns).map(|reward| model.clamp(reward))
}

impl LearnedCounts {
    fn add(&mut self, model: &DecisionModel, decision: &Decision, found: &Reckoned) {
        self.decisions += 1;
        match (&decision.action, found.reward) {
            (None, _) if decision.holdout => self.holdout += 1,
            (None, _) => self.nothing += 1,
            _ if !model.fits(&decision.features) => self.unfit += 1,
            (Some(_), Some(_)) => self.learned += 1,
            (Some(_), None) => self.open += 1,
        }
        for status in found.outcomes.values() {
            match status {
                OutcomeStatus::Counted => self.counted += 1,
                OutcomeStatus::Late => self.late += 1,
                _ => self.refused += 1,
            }
        }
    }
}

/// Learning one by one. Whatever comes, in whatever order, is taken back or changed, the model is the one that
/// [`learn`] would find in what is told now.
///
/// It keeps the decisions and their outcomes until they are let go of ([`release`](Self::release)). Who has them elsewhere, as evidence, calls [`reckon`] before and after a
/// change, and [`DecisionModel::relearn`] with the two rewards.
#[derive(Clone)]
pub struct Learning {
    rules: DecisionRules,
    model: DecisionModel,
    now: Timestamp,
    entries: BTreeMap<DecisionId, Entry>,
    /// The last instants of the windows that are open.
    open: BTreeSet<(i64, DecisionId)>,
    /// What was let go of, and until when windows had closed.
    released: (LearnedCounts, i64),
}

/// What is told of one decision.
#[derive(Clone, Default)]
struct Entry {
    /// None while only outcomes were told.
    decision: Option<Decision>,
    outcomes: BTreeMap<SmolStr, Outcome>,
    /// What was learned of it.
    learned: Option<f64>,
}

impl Learning {
    /// Begins at a time.
    ///
    /// # Errors
    /// `Config` where the learner's settings are wrong.
    pub fn new(rules: DecisionRules, learner: LearnerPolicy, now: Timestamp) -> Result<Self> {
        let model = DecisionModel::new(learner)?;
        let released = (LearnedCounts::default(), i64::MIN);
        Ok(Self { rules, model, now, entries: BTreeMap::new(), open: BTreeSet::new(), released })
    }

    /// The model as it is now.
    pub fn model(&self) -> &DecisionModel {
        &self.model
    }

    /// The time until which windows are closed.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Takes a decision in; its outcomes may have come before it. O(features^3 / 3).
    ///
    /// # Errors
    /// `Limit` over 2^32 outcomes.
    pub fn decided(&mut self, decision: Decision) -> Result<()> {
        let id = decision.id;
        if closes(&self.rules, &decision) < self.released.1 {
            self.released.0.missed += 1;
            return Ok(());
        }
        if self.entries.get(&id).and_then(|entry| entry.decision.as_ref()).is_some_and(|held| !later(&decision, held)) {
            return Ok(());
        }
        self.withdraw(id)?;
        self.entries.entry(id).or_default().decision = Some(decision);
        self.settle(id).map(drop)
    }

    /// Takes an outcome in, whose decision may come after it: then there is no status yet. O(features^3 / 3).
    ///
    /// # Errors
    /// `Limit` over 2^32 outcomes.
    pub fn outcome(&mut self, outcome: Outcome) -> Result<Option<OutcomeStatus>> {
        let (id, key) = (outcome.decision, outcome.key.clone());
        let is_late = outcome.at.microseconds().saturating_add(self.rules.window()) < self.released.1;
        if is_late && !self.entries.contains_key(&id) {
            self.released.0.missed += 1;
            return Ok(None);
        }
        let entry = self.entries.entry(id).or_default();
        if entry.outcomes.get(&key).is_none_or(|held| outcome.by_version(held) == Ordering::Greater) {
            entry.outcomes.insert(key.clone(), outcome);
        }
        Ok(self.settle(id)?.outcomes.get(&key).copied())
    }

    /// Lets go of the decisions whose windows closed before a time, and says how many: what they taught stays in the model and
    /// in the [`counts`](Self::counts), and what is told of them afterwards is ignored and counted as missed. So what is kept
    /// is bounded by what is decided within a window; taking back, [`rewards`](Self::rewards) and [`drifts`](Self::drifts) reach
    /// no further. Windows that are open stay. O(decisions and outcomes).
    pub fn release(&mut self, until: Timestamp) -> u64 {
        let Self { rules, model, now, entries, released: (counts, before), .. } = self;
        *before = until.min(*now).microseconds().max(*before);
        let known = counts.released;
        entries.retain(|_, entry| match &entry.decision {
            Some(decision) if closes(rules, decision) < *before => {
                counts.add(model, decision, &reckon(rules, decision, entry.outcomes.values(), *now));
                counts.released += 1;
                false
            }
            Some(_) => true,
            None => {
                // No decision that is still to come can be theirs.
                let told = entry.outcomes.len();
                entry.outcomes.retain(|_, outcome| outcome.at.microseconds().saturating_add(rules.window()) >= *before);
                counts.missed += (told - entry.outcomes.len()) as u64;
                !entry.outcomes.is_empty()
            }
        });
        counts.released - known
    }

    /// Takes a decision out, as if it had never been told. Its outcomes wait for it.
    ///
    /// # Errors
    /// As [`DecisionModel::unlearn`], which a `Learning` does not let happen.
    pub fn forget_decision(&mut self, id: DecisionId) -> Result<()> {
        self.withdraw(id)?;
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.decision = None;
        }
        self.settle(id).map(drop)
    }

    /// Takes an outcome out, as if it had never been told.
    ///
    /// # Errors
    /// As [`forget_decision`](Self::forget_decision).
    pub fn forget_outcome(&mut self, id: DecisionId, key: &str) -> Result<()> {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.outcomes.remove(key);
        }
        self.settle(id).map(drop)
    }

    /// Closes the windows that are over: decisions without an outcome had none. A time before the last one changes
    /// nothing.
    ///
    /// # Errors
    /// `Limit` over 2^32 outcomes.
    pub fn close(&mut self, now: Timestamp) -> Result<()> {
        self.now = self.now.max(now);
        while let Some(&(last, id)) = self.open.first()
            && last < self.now.microseconds()
        {
            self.settle(id)?;
            self.open.remove(&(last, id));
        }
        Ok(())
    }

    /// How much was told, and what became of it. O(decisions and outcomes).
    pub fn counts(&self) -> LearnedCounts {
        let mut counts = self.released.0;
        for entry in self.entries.values() {
            match &entry.decision {
                Some(decision) => {
                    let found = reckon(&self.rules, decision, entry.outcomes.values(), self.now);
                    counts.add(&self.model, decision, &found);
                }
                None => counts.waiting += entry.outcomes.len() as u64,
            }
        }
        counts
    }

    /// The rewards that were learned, with the time and name of their decisions, in the order of time: what a detector
    /// of drift reads. O(decisions, sorted).
    pub fn rewards(&self) -> Vec<(Timestamp, DecisionId, f64)> {
        let learned = |(id, entry): (&DecisionId, &Entry)| Some((entry.decision.as_ref()?.at, *id, entry.learned?));
        let mut rewards: Vec<(Timestamp, DecisionId, f64)> = self.entries.iter().filter_map(learned).collect();
        rewards.sort_unstable_by_key(|(at, id, _)| (at.microseconds(), *id));
        rewards
    }

    /// The decisions at which an [`Adwin`](crate::Adwin) of this `delta` finds that the rewards changed: the model
    /// learned from what is no longer so. It reads [`rewards`](Self::rewards), so neither does this depend on the order
    /// of telling. O(decisions, sorted).
    ///
    /// # Errors
    /// `Config` where `delta` is not between 0 and 1.
    pub fn drifts(&self, delta: f64) -> Result<Vec<(Timestamp, DecisionId)>> {
        let mut detector = Adwin::new(delta)?;
        let mut found = Vec::new();
        for (at, id, reward) in self.rewards() {
            if detector.push(reward)? {
                found.push((at, id));
            }
        }
        Ok(found)
    }

    /// Unlearns what was learned of a decision.
    fn withdraw(&mut self, id: DecisionId) -> Result<()> {
        let Some(entry) = self.entries.get_mut(&id) else { return Ok(()) };
        let Some(decision) = &entry.decision else { return Ok(()) };
        self.open.remove(&(closes(&self.rules, decision), id));
        if let (Some(action), Some(reward)) = (&decision.action, entry.learned.take()) {
            self.model.unlearn(action, &decision.segment, &decision.features, reward)?;
        }
        Ok(())
    }

    /// Learns what is now to be learned of a decision, in the place of what was.
    fn settle(&mut self, id: DecisionId) -> Result<Reckoned> {
        let Some(entry) = self.entries.get_mut(&id) else { return Ok(Reckoned::default()) };
        let Some(decision) = &entry.decision else {
            if entry.outcomes.is_empty() {
                self.entries.remove(&id);
            }
            return Ok(Reckoned::default());
        };
        let found = reckon(&self.rules, decision, entry.outcomes.values(), self.now);
        let (before, after) = (entry.learned, lesson(&self.model, decision, &found));
        if let Some(action) = decision.action.as_ref().filter(|_| before != after) {
            self.model.relearn(action, &decision.segment, &decision.features, before, after)?;
            entry.learned = after;
        }
        if !found.closed {
            self.open.insert((closes(&self.rules, decision), id));
        }
        Ok(found)
    }
}

/// Shows how much there is.
impl fmt::Debug for Learning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Learning({} decisions, {} open, {:?})", self.entries.len(), self.open.len(), self.model)
    }
}

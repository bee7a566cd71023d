//! What came of a decision: which outcomes count, and what reward they make.

use super::decision::{Decision, DecisionId};
use super::exact::Exact;
use super::policy::DecisionRules;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// No outcome is larger in size.
pub const OUTCOME_MAX: f64 = 1_048_576.0;

/// Something that came of a decision, under a key: told twice it counts once, and of two versions the later stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The decision.
    pub decision: DecisionId,
    /// Its key: the order, the click.
    pub key: SmolStr,
    /// What kind it is, of those of the [`DecisionPolicy`](crate::DecisionPolicy).
    pub kind: SmolStr,
    /// How much of it.
    pub amount: f64,
    /// When it happened, not when it was told.
    pub at: Timestamp,
}

impl Outcome {
    /// Takes what happened.
    pub fn new(
        decision: DecisionId,
        key: impl Into<SmolStr>,
        kind: impl Into<SmolStr>,
        amount: f64,
        at: Timestamp,
    ) -> Self {
        Self { decision, key: key.into(), kind: kind.into(), amount, at }
    }

    /// Which of two versions of one key stands: the later, of one time the larger kind, then amount.
    pub(super) fn by_version(&self, other: &Self) -> Ordering {
        let rest = || self.kind.cmp(&other.kind).then_with(|| self.amount.total_cmp(&other.amount));
        self.at.cmp(&other.at).then_with(rest)
    }
}

/// What becomes of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OutcomeStatus {
    /// It is part of the reward.
    Counted,
    /// It came after the window of its kind: counted as late, not learned.
    Late,
    /// It is told to be of before the decision: refused.
    BeforeDecision,
    /// The rules know no such kind: refused.
    UnknownKind,
    /// It is no number, or over [`OUTCOME_MAX`]: refused.
    NotANumber,
}

/// What the outcomes of one decision come to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reckoned {
    /// The reward, cut to nothing yet: the sum of weight times amount of what counts; 0 where nothing came and the
    /// longest window is over; none while something may still come.
    pub reward: Option<f64>,
    /// Whether the longest window is over.
    pub closed: bool,
    /// What became of each outcome, by key.
    pub outcomes: BTreeMap<SmolStr, OutcomeStatus>,
}

/// Reckons what came of a decision until now: a pure function of the set of outcomes, in any order, told any number of
/// times. Those of other decisions are passed over.
///
/// While no outcome counts, and the longest window is not over, there is no reward; then it is 0. An outcome that
/// happened in its window counts whenever it is told, also after the window was over and the decision had been taken
/// for a 0. So as `now` grows a reward, once it is there, changes only by outcomes.
///
/// O(outcomes, sorted).
///
/// # Examples
/// ```
/// use onefold::{
///     Candidate, DecisionModel, DecisionPolicy, DecisionRequest, Learner, LearnerPolicy, Outcome, OutcomeStatus,
///     PermissionReason, decide, reckon,
/// };
/// let rules = DecisionPolicy::default().reward("purchase", 86_400, 1.0).build()?;
/// let model = DecisionModel::new(LearnerPolicy::new(Learner::SegmentThompson { prior: (1.0, 1.0) }))?;
/// let candidates = [Candidate::new("coupon", 8.0)];
/// let request = DecisionRequest::new("p-1", "home", "marketing", &candidates, "2026-01-05T10:00:00Z".parse()?);
/// let decision = decide(&rules, &model, &request.allow(PermissionReason::Granted))?;
/// let outcome = |key: &str, at: &str| -> onefold::Result<Outcome> {
///     Ok(Outcome::new(decision.id, key, "purchase", 1.0, at.parse()?))
/// };
/// let told = [outcome("o-1", "2026-01-05T18:00:00Z")?, outcome("o-2", "2026-01-07T18:00:00Z")?];
/// let found = reckon(&rules, &decision, &told, "2026-01-08T00:00:00Z".parse()?);
/// assert_eq!((found.reward, found.outcomes["o-2"]), (Some(1.0), OutcomeStatus::Late));
/// assert_eq!(reckon(&rules, &decision, &[], "2026-01-05T11:00:00Z".parse()?).reward, None);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn reckon<'a>(
    rules: &DecisionRules,
    decision: &Decision,
    outcomes: impl IntoIterator<Item = &'a Outcome>,
    now: Timestamp,
) -> Reckoned {
    let mut standing: BTreeMap<&SmolStr, &Outcome> = BTreeMap::new();
    for outcome in outcomes.into_iter().filter(|outcome| outcome.decision == decision.id) {
        let held = standing.entry(&outcome.key).or_insert(outcome);
        if outcome.by_version(held) == Ordering::Greater {
            *held = outcome;
        }
    }
    let (mut sum, mut counted) = (Exact::default(), false);
    let mut found = Reckoned { closed: closes(rules, decision) < now.microseconds(), ..Reckoned::default() };
    for (key, outcome) in standing {
        let (status, part) = judge(rules, decision, outcome);
        if status == OutcomeStatus::Counted {
            (sum, counted) = (sum.plus(Exact::of(part)), true);
        }
        found.outcomes.insert(key.clone(), status);
    }
    found.reward = if counted { Some(sum.number()) } else { found.closed.then_some(0.0) };
    found
}

/// What becomes of an outcome, and what it adds to the reward.
fn judge(rules: &DecisionRules, decision: &Decision, outcome: &Outcome) -> (OutcomeStatus, f64) {
    let Some(kind) = rules.policy().rewards.get(&outcome.kind) else { return (OutcomeStatus::UnknownKind, 0.0) };
    if !(-OUTCOME_MAX..=OUTCOME_MAX).contains(&outcome.amount) {
        return (OutcomeStatus::NotANumber, 0.0);
    }
    let after = outcome.at.microseconds().saturating_sub(decision.at.microseconds());
    if after < 0 {
        return (OutcomeStatus::BeforeDecision, 0.0);
    }
    let late = after > i64::from(kind.window_seconds) * 1_000_000;
    (if late { OutcomeStatus::Late } else { OutcomeStatus::Counted }, kind.weight * outcome.amount)
}

/// The last instant at which an outcome of the decision may happen.
pub(super) fn closes(rules: &DecisionRules, decision: &Decision) -> i64 {
    decision.at.microseconds().saturating_add(rules.window())
}

//! What somebody did, credited to what was decided for them.

use super::decision::Decision;
use super::outcome::Outcome;
use super::policy::DecisionRules;
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::fmt;

/// Something that somebody did: an order, a visit. `Debug` shows nothing of it.
#[derive(Clone, PartialEq)]
pub struct Deed {
    /// Its key.
    pub key: SmolStr,
    /// When.
    pub at: Timestamp,
    /// How much of it.
    pub amount: f64,
}

impl fmt::Debug for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deed")
    }
}

/// Credits each deed of a person to the last decision for them that did something, or withheld it from the control group,
/// at most the window of the kind before it: to one decision or none, so that no deed counts twice (last touch). Of two
/// decisions at one time it is the one with the larger name. A pure function of the two sets: after a merge or a split the
/// deeds are credited anew. Nothing where the rules do not know the kind.
///
/// O((decisions + deeds) log decisions).
///
/// # Examples
/// ```
/// use onefold::{
///     Candidate, DecisionModel, DecisionPolicy, DecisionRequest, Deed, Learner, LearnerPolicy, PermissionReason,
///     attribute, decide,
/// };
/// let rules = DecisionPolicy::default().reward("purchase", 86_400, 1.0).build()?;
/// let model = DecisionModel::new(LearnerPolicy::new(Learner::SegmentThompson { prior: (1.0, 1.0) }))?;
/// let candidates = [Candidate::new("coupon", 8.0)];
/// let decided = |now: &str| -> onefold::Result<_> {
///     let request = DecisionRequest::new("p-1", "home", "marketing", &candidates, now.parse()?);
///     decide(&rules, &model, &request.allow(PermissionReason::Granted))
/// };
/// let decisions = [decided("2026-01-05T10:00:00Z")?, decided("2026-01-05T12:00:00Z")?];
/// let deed = |key: &str, at: &str| -> onefold::Result<_> { Ok(Deed { key: key.into(), at: at.parse()?, amount: 1.0 }) };
/// let deeds = [deed("o-1", "2026-01-05T13:00:00Z")?, deed("o-2", "2026-01-09T13:00:00Z")?];
/// let outcomes = attribute(&rules, "purchase", &decisions, &deeds);
/// assert_eq!(outcomes.len(), 1);
/// assert_eq!((outcomes[0].decision, outcomes[0].key.as_str()), (decisions[1].id, "o-1"));
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn attribute(rules: &DecisionRules, kind: &str, decisions: &[Decision], deeds: &[Deed]) -> Vec<Outcome> {
    let Some(reward) = rules.policy().rewards.get(kind) else { return Vec::new() };
    let window = i64::from(reward.window_seconds) * 1_000_000;
    let mut decided: Vec<_> = decisions
        .iter()
        .filter(|decision| decision.action.is_some() || decision.withheld.is_some())
        .map(|decision| (decision.at.microseconds(), decision.id))
        .collect();
    decided.sort_unstable();
    let credit = |deed: &Deed| {
        let at = deed.at.microseconds();
        let before = decided.partition_point(|(time, _)| *time <= at);
        let (time, id) = decided.get(before.checked_sub(1)?)?;
        let in_time = at.saturating_sub(*time) <= window;
        in_time.then(|| Outcome::new(*id, deed.key.clone(), kind, deed.amount, deed.at))
    };
    let mut outcomes: Vec<Outcome> = deeds.iter().filter_map(credit).collect();
    outcomes.sort_by(|a, b| (a.decision, &a.key).cmp(&(b.decision, &b.key)));
    outcomes
}

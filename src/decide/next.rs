//! The decision itself: who may be chosen, what is chosen, and who is left alone.

use super::belief::Belief;
use super::choose::{Offer, choose, probabilities};
use super::decision::{Decision, DecisionId, Outscored, RejectReason, Rejected};
use super::eligible::Held;
use super::features::Features;
use super::model::DecisionModel;
use super::policy::{CapScope, DecisionRules, ExposureCap};
use super::request::{Candidate, DecisionRequest, Done, Floor, Mood, Nature};
use crate::consent::PermissionReason;
use crate::error::{Error, Result};
use crate::random::Random;
use crate::time::DAY;
use smol_str::SmolStr;
use std::borrow::Cow;
use std::collections::BTreeMap;

const HOLDOUT: u8 = 47;

/// The most candidates of a decision.
const CANDIDATES_MAX: usize = 10_000;

/// No value or cost is larger.
const MONEY_MAX: f64 = 1e12;

/// Decides what to do next for one person, at one place, now.
///
/// Of the candidates those remain that are eligible, permitted, not suppressed, under their caps, and that could pay.
/// Of each, `value * reward - cost` is reckoned with the reward that the model believes in, draws or bounds; the
/// largest is chosen, the first by name of equals, or nothing where none is over 0 (see [`Floor`]). With the model's
/// `explore_share`, any of those that remain is chosen, evenly. A person in the control group of the placement gets
/// nothing, and the decision says what was withheld.
///
/// It is a pure function: the order of the candidates does not matter, and what chance decides hangs on the seed, the
/// person, the placement and the time. `propensity` is exact to six digits, given what is known and without the seed.
///
/// O(candidates times features^2 / 2).
///
/// # Errors
/// `Input` where a number is none or out of bounds, features are not as many as the model has, or two candidates have
/// one name; `Limit` over 10,000 candidates or a rule too deep.
///
/// # Examples
/// ```
/// use onefold::{
///     Candidate, DecisionModel, DecisionPolicy, DecisionRequest, Eligibility, Facts, Learner, LearnerPolicy,
///     PermissionReason, decide,
/// };
/// let model = DecisionModel::new(LearnerPolicy::new(Learner::SegmentThompson { prior: (1.0, 1.0) }))?;
/// let rules = DecisionPolicy::default().build()?;
/// let candidates = [
///     Candidate::new("coupon", 8.0).cost(2.0),
///     Candidate::new("warranty", 5.0).eligible(Eligibility::AtLeast("orders".into(), 1.0)),
///     Candidate::new("call", 30.0).channel("phone"),
/// ];
/// let request = DecisionRequest::new("p-1", "home", "marketing", &candidates, "2026-01-05T10:00:00Z".parse()?)
///     .allow(PermissionReason::Granted)
///     .allow_channel("phone", PermissionReason::Refused)
///     .facts(Facts::default().attribute("orders", 3));
/// let decision = decide(&rules, &model, &request)?;
/// assert_eq!(decision.rejected[0].action, "call");
/// assert!(decision.propensity > 0.0 && decision.propensity < 1.0);
/// assert_eq!(decide(&rules, &model, &request)?, decision);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn decide(rules: &DecisionRules, model: &DecisionModel, request: &DecisionRequest<'_>) -> Result<Decision> {
    let id = DecisionId::of(request.seed, &request.subject, &request.placement, request.now);
    let Field { offers, mut chances, rejected } = Field::of(rules, model, request)?;
    let choice = choose(&offers, model.policy().explore_share, floor(request), request.seed, &id.bytes());
    let chosen = choice.place.and_then(|place| Some((offers.get(place)?, chances.get_mut(place)?)));
    let held = holdout(rules, request);
    let mut decision = Decision {
        id,
        at: request.now,
        placement: request.placement.clone(),
        purpose: request.purpose.clone(),
        action: None,
        withheld: None,
        holdout: held,
        propensity: choice.propensity,
        score: 0.0,
        expected: 0.0,
        explored: choice.explored,
        segment: request.segment.clone(),
        features: Features::default(),
        policy_version: rules.version().clone(),
        model_version: model.version(),
        outscored: Vec::new(),
        rejected,
    };
    if let Some((offer, (candidate, features))) = chosen {
        let action = Some(candidate.action.clone());
        (decision.action, decision.withheld) = if held { (None, action) } else { (action, None) };
        decision.score = choice.place.and_then(|place| choice.scores.get(place)).copied().unwrap_or_default();
        decision.expected = offer.at(offer.belief.mean());
        decision.features = std::mem::take(features).into_owned();
    }
    let others = chances.iter().zip(&choice.scores).enumerate().filter(|(place, _)| Some(*place) != choice.place);
    let outscored = |(_, ((candidate, _), score)): (usize, (&(&Candidate, _), &f64))| Outscored {
        action: candidate.action.clone(),
        score: *score,
    };
    decision.outscored = others.map(outscored).collect();
    Ok(decision)
}

/// The probability with which [`decide`] chooses each candidate, over all seeds, before the control group: what another
/// model would have done in a logged moment, for [`estimate`](super::estimate). Candidates that could not be chosen are
/// not in it; what is missing to 1 is the probability of doing nothing.
///
/// O(candidates^2 times 100) where numbers are drawn.
///
/// # Errors
/// As [`decide`].
pub fn chances(
    rules: &DecisionRules,
    model: &DecisionModel,
    request: &DecisionRequest<'_>,
) -> Result<BTreeMap<SmolStr, f64>> {
    let field = Field::of(rules, model, request)?;
    let found = probabilities(&field.offers, model.policy().explore_share, floor(request));
    Ok(field.chances.iter().map(|(candidate, _)| candidate.action.clone()).zip(found).collect())
}

fn floor(request: &DecisionRequest<'_>) -> f64 {
    if request.floor == Floor::Any { f64::NEG_INFINITY } else { 0.0 }
}

/// Who may be chosen, with what is believed of them, and who may not; by name.
struct Field<'a> {
    offers: Vec<Offer<'a>>,
    chances: Vec<(&'a Candidate, Cow<'a, Features>)>,
    rejected: Vec<Rejected>,
}

impl<'a> Field<'a> {
    fn of(rules: &DecisionRules, model: &DecisionModel, request: &'a DecisionRequest<'_>) -> Result<Self> {
        let candidates = sorted(request)?;
        let caps = Caps::reached(&rules.policy().caps, request);
        let most = model.policy().reward_range.1;
        let (mut offers, mut chances, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
        let mut room = Vec::new();
        let arms = model.arms(&request.segment);
        let mut plain = None;
        for candidate in candidates {
            let value = value(rules, request, candidate);
            let pays = request.floor == Floor::Any || value * most - candidate.cost > 0.0;
            let reason = match turned_away(&caps, request, candidate)? {
                None if !pays => Some(RejectReason::NeverPays),
                reason => reason,
            };
            if let Some(reason) = reason {
                rejected.push(Rejected { action: candidate.action.clone(), reason });
                continue;
            }
            let is_plain = candidate.features.numbers().is_empty();
            // The context alone is checked once.
            let features = match plain.filter(|_| is_plain) {
                Some(context) => Cow::Borrowed(context),
                None => features(model, request, candidate)?,
            };
            plain = plain.or(is_plain.then_some(&request.context));
            let belief: Belief = arms.believe(&candidate.action, &features, &mut room);
            offers.push(Offer { action: &candidate.action, belief, value, cost: candidate.cost });
            chances.push((candidate, features));
        }
        Ok(Self { offers, chances, rejected })
    }
}

/// The candidates by name, checked.
fn sorted<'a>(request: &'a DecisionRequest<'_>) -> Result<Vec<&'a Candidate>> {
    if request.candidates.len() > CANDIDATES_MAX {
        return Err(Error::limit("the number of candidates", CANDIDATES_MAX as u64));
    }
    // The first bytes of the names as a number: nearly all are told apart by it, and faster than by text.
    let mut keyed: Vec<(u128, &Candidate)> = request.candidates.iter().map(|one| (head(&one.action), one)).collect();
    keyed.sort_unstable_by(|(head, one), (other, next)| head.cmp(other).then_with(|| one.action.cmp(&next.action)));
    let sorted: Vec<&Candidate> = keyed.into_iter().map(|(_, candidate)| candidate).collect();
    let next = sorted.iter().skip(1);
    if let Some((one, _)) = sorted.iter().zip(next).find(|(one, next)| one.action == next.action) {
        return Err(Error::input("candidates", format!("hold `{}` twice", one.action)));
    }
    for candidate in &sorted {
        if !(0.0..=MONEY_MAX).contains(&candidate.value) || !(-MONEY_MAX..=MONEY_MAX).contains(&candidate.cost) {
            let reason = "has a value that is not a number from 0 to 10^12, or a cost that is not one of that size";
            return Err(Error::input(format!("candidate `{}`", candidate.action), reason));
        }
    }
    Ok(sorted)
}

/// The first 16 bytes of a name, in the order of names.
fn head(name: &str) -> u128 {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
    u128::from_be_bytes(bytes)
}

/// Why a candidate may not be chosen.
fn turned_away(caps: &Caps<'_>, request: &DecisionRequest<'_>, candidate: &Candidate) -> Result<Option<RejectReason>> {
    match candidate.eligible.judge(&request.facts)? {
        Held::Yes => {}
        Held::No => return Ok(Some(RejectReason::NotEligible)),
        Held::Unknown(attribute) => return Ok(Some(RejectReason::Unknown { attribute: attribute.clone() })),
    }
    let allowed = &request.allowed;
    let channel = candidate.channel.as_ref().map(|channel| allowed.channels.get(channel));
    let reasons = [Some(allowed.purpose), channel.map(|reason| reason.copied())];
    for reason in reasons.into_iter().flatten().map(|reason| reason.unwrap_or(PermissionReason::Unknown)) {
        if !allows(reason) {
            return Ok(Some(RejectReason::not_permitted(reason)));
        }
    }
    if let Some(because) = request.suppressed.get(&candidate.action) {
        return Ok(Some(RejectReason::Suppressed { because: because.clone() }));
    }
    Ok(caps.hit(request, candidate).map(|cap| RejectReason::Capped { cap }))
}

fn allows(reason: PermissionReason) -> bool {
    use PermissionReason::{Basis, Expired, Granted, NotAsked, Refused, Restricted, Unknown};
    match reason {
        Granted | Basis | NotAsked => true,
        Refused | Restricted | Expired | Unknown => false,
    }
}

/// What a reward of 1 is worth now.
fn value(rules: &DecisionRules, request: &DecisionRequest<'_>, candidate: &Candidate) -> f64 {
    let mood = rules.policy().mood;
    match (request.mood, candidate.nature) {
        (Mood::Bad, Nature::Promotion) => candidate.value * mood.promotion,
        (Mood::Bad, Nature::Service) => candidate.value * mood.service,
        _ => candidate.value,
    }
}

/// The features of a candidate in the context. A learner that does not look at them keeps them all the same: another
/// one may learn from the log.
fn features<'a>(
    model: &DecisionModel,
    request: &'a DecisionRequest<'_>,
    candidate: &'a Candidate,
) -> Result<Cow<'a, Features>> {
    let (context, own) = (&request.context, &candidate.features);
    let (there, more) = (context.numbers().len(), own.numbers().len());
    let dimensions = if model.policy().is_linear() { model.policy().dimensions } else { there.max(more) };
    if there > 0 || more == 0 {
        context.check("context", dimensions)?;
    }
    if more == 0 {
        return Ok(Cow::Borrowed(context));
    }
    own.check("candidate", dimensions)?;
    if there == 0 {
        return Ok(Cow::Borrowed(own));
    }
    let sum = context.plus(own);
    sum.check("candidate", dimensions)?;
    Ok(Cow::Owned(sum))
}

/// Whether the person is in the control group of the placement: by a hash of the person's key and the placement, so
/// that it is so whenever it is asked, and of different placements independently.
fn holdout(rules: &DecisionRules, request: &DecisionRequest<'_>) -> bool {
    let Some(share) = rules.policy().holdout.get(&request.placement) else { return false };
    let parts: [&[u8]; 2] = [request.subject.as_bytes(), request.placement.as_bytes()];
    Random::keyed(request.seed, HOLDOUT, &parts).uniform() < *share
}

/// The caps that are reached, each with the names for which it is: none of them, nearly always.
struct Caps<'a>(Vec<(usize, CapScope, Vec<&'a str>)>);

impl<'a> Caps<'a> {
    /// O(caps times what was done, sorted).
    fn reached(caps: &'a [ExposureCap], request: &'a DecisionRequest<'_>) -> Self {
        let reached = |(place, cap): (usize, &'a ExposureCap)| {
            let since = request.now.microseconds().saturating_sub(i64::from(cap.days) * DAY);
            let recent = request.done.iter().filter(|done| done.at.microseconds() > since);
            let name = |done: &'a Done| match cap.scope {
                CapScope::Everything => Some(""),
                CapScope::Placement => Some(done.placement.as_str()),
                CapScope::Topic => done.topic.as_deref(),
                CapScope::Action => Some(done.action.as_str()),
            };
            let mut names: Vec<&str> = recent.filter_map(name).collect();
            if cap.count == 0 {
                // What may never be done was done often enough by nobody having done it.
                names.extend(own_names(cap.scope, request));
            }
            // So few are not worth sorting.
            if names.len() < cap.count as usize {
                names.clear();
            }
            names.sort_unstable();
            let often = names.chunk_by(|one, next| one == next).filter(|same| same.len() >= cap.count as usize);
            let names: Vec<&str> = often.filter_map(|same| same.first().copied()).collect();
            let names = names.into_iter().filter(|own| cap.name.as_ref().is_none_or(|name| name == own)).collect();
            (place, cap.scope, names)
        };
        let caps = caps.iter().enumerate().map(reached);
        Self(caps.filter(|(_, _, names): &(usize, CapScope, Vec<&str>)| !names.is_empty()).collect())
    }

    /// The first cap that a candidate hits.
    fn hit(&self, request: &DecisionRequest<'_>, candidate: &Candidate) -> Option<usize> {
        let hits = |(_, scope, names): &&(usize, CapScope, Vec<&str>)| {
            own_name(*scope, request, candidate).is_some_and(|own| names.binary_search(&own).is_ok())
        };
        self.0.iter().find(hits).map(|(place, ..)| *place)
    }
}

/// What a candidate is counted under.
fn own_name<'a>(scope: CapScope, request: &'a DecisionRequest<'_>, candidate: &'a Candidate) -> Option<&'a str> {
    match scope {
        CapScope::Everything => Some(""),
        CapScope::Placement => Some(request.placement.as_str()),
        CapScope::Topic => candidate.topic.as_deref(),
        CapScope::Action => Some(candidate.action.as_str()),
    }
}

/// What all candidates are counted under.
fn own_names<'a>(scope: CapScope, request: &'a DecisionRequest<'_>) -> impl Iterator<Item = &'a str> {
    request.candidates.iter().filter_map(move |candidate| own_name(scope, request, candidate))
}

//! What to do next for a profile, what was decided, and what came of it, as evidence.
//!
//! A decision is kept as an event of the source [`Event::DECISIONS`], under one identifier that counts for the profile (as
//! in `offer`), and its outcomes beside it. So it is with whoever has the identifier, whatever is merged, split or removed,
//! it goes with them when they are erased, and is exported and replayed as any other event. Nobody is joined by it.

use super::Resolver;
use super::about::Subject;
use super::event::plan_events;
use super::moments::each_event;
use super::read::View;
use super::reading::EventReading;
use crate::consent::ConsentQuery;
use crate::decide::{
    Decision, DecisionId, DecisionLog, DecisionModel, DecisionRequest, DecisionRules, Deed, Done, LearnedCounts,
    LearnerPolicy, Outcome, OutcomeStatus, attribute, decide, learn, reckon,
};
use crate::error::{Error, Result};
use crate::event::{Event, EventKind};
use crate::id::{Link, ProfileId};
use crate::identifier::hash_trail;
use crate::journey::{Order, OrderStatus};
use crate::offer::Granted;
use crate::record::{Identifier, RecordKey};
use crate::time::{DAY, Timestamp};
use crate::value::Value;
use smol_str::{SmolStr, ToSmolStr, format_smolstr};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the events of decisions are told by.
const DECISION: &str = "decision";
const OUTCOME: &str = "outcome";
const ACTION: &str = "action";
const TOPIC: &str = "topic";
const PLACEMENT: &str = "placement";

/// A decision and what came of it. `Debug` shows neither whose it is nor what was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// What was decided; what was not chosen, and why, was told when it was decided, and is not kept.
    pub decision: Decision,
    /// What came of it, by key.
    pub outcomes: BTreeMap<SmolStr, Outcome>,
}

impl Resolver {
    /// Decides what to do next for whoever a profile is, as [`decide`], and keeps the decision.
    ///
    /// The request says where, for what purpose, out of what, and what is known of the moment. From the profile come: its
    /// name, on which draws and the control group hang, so that a merge leaves the older group to both and a split gives each
    /// its own again; what its consents allow, by the purpose and by the channels of the candidates; the facts that rules
    /// of eligibility read, as [`ForPurpose::facts`](crate::ForPurpose::facts) has them; and what was done before, for caps. What
    /// the request says of these beforehand is kept, but for the name and what is allowed.
    ///
    /// Asked again for the same profile, placement and time, it answers with the decision that was kept. O(members of
    /// the profile, and its decisions in the windows of the caps), and the cost of [`decide`].
    ///
    /// # Errors
    /// `Input` where the id leads nowhere; as [`decide`]; as [`View::for_purpose`] where the policy wants reads recorded.
    /// `Store` where writing failed; then call again.
    ///
    /// # Examples
    /// ```
    /// use onefold::{
    ///     Candidate, CapScope, Consent, ConsentStatus, DecisionModel, DecisionPolicy, DecisionRequest, Event, Learner,
    ///     LearnerPolicy, Outcome, OutcomeStatus, Policy, Record, Resolver,
    /// };
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let at = |time: &str| time.parse::<onefold::Timestamp>();
    /// let card = Record::new("crm", "42", at("2026-01-05T10:00:00Z")?).identifier("email", "ann@example.org");
    /// let ann = resolver.add(card)?.profile.unwrap();
    /// let consent = Consent::new("marketing", ConsentStatus::Granted);
    /// let granted = Event::of_consent("web", "1", at("2026-01-05T11:00:00Z")?, consent);
    /// resolver.add_event(granted.identifier("email", "ann@example.org"))?;
    ///
    /// let rules = DecisionPolicy::default().cap(CapScope::Action, 1, 7).reward("purchase", 86_400, 1.0).build()?;
    /// let model = DecisionModel::new(LearnerPolicy::new(Learner::SegmentThompson { prior: (1.0, 1.0) }))?;
    /// let candidates = [Candidate::new("coupon", 8.0)];
    /// let request = |now| DecisionRequest::new("", "home", "marketing", &candidates, now);
    /// let first = resolver.decide(ann, &rules, &model, &request(at("2026-01-06T10:00:00Z")?))?;
    /// assert_eq!(first.action.as_deref(), Some("coupon"));
    /// // Once a week is enough.
    /// let second = resolver.decide(ann, &rules, &model, &request(at("2026-01-07T10:00:00Z")?))?;
    /// assert_eq!((second.action, second.rejected.len()), (None, 1));
    ///
    /// let bought = Outcome::new(first.id, "o-7", "purchase", 1.0, at("2026-01-06T18:00:00Z")?);
    /// assert_eq!(resolver.outcome(&rules, bought)?, Some(OutcomeStatus::Counted));
    /// assert_eq!(resolver.view()?.decisions(ann)?.unwrap()[0].outcomes.len(), 1);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn decide(
        &self,
        id: ProfileId,
        rules: &DecisionRules,
        model: &DecisionModel,
        request: &DecisionRequest<'_>,
    ) -> Result<Decision> {
        let request = self.view()?.asked(id, request)?;
        self.write_seeing(|view, planner| {
            let counting =
                view.counting_for_decisions(id)?.ok_or_else(|| Error::input("profile", "leads to nobody"))?;
            let (mut decision, topic) = view.decide_for(&counting, rules, model, request.clone())?;
            if let Some(kept) = view.decision_event(decision.id)?.and_then(|event| decision_of(&event)) {
                return Ok(kept);
            }
            let event = event_of(&mut decision, topic, counting.first().map(|(_, identifier)| identifier))?;
            planner.lift_tombstone(event.what(), &event.key)?;
            let reading = EventReading::of(planner.rules, planner.seed, Arc::new(event), None);
            plan_events(planner, &[reading])?;
            Ok(decision)
        })
    }

    /// Keeps what came of a decision, and says what becomes of it under the rules; none where no such decision is kept: the
    /// outcome is, and counts when the decision comes. Told twice it counts once; of two versions under one key the later
    /// stands. O(log n).
    ///
    /// # Errors
    /// `Input` where the amount is no number; `Store` where writing failed; then call again.
    pub fn outcome(&self, rules: &DecisionRules, outcome: Outcome) -> Result<Option<OutcomeStatus>> {
        if !outcome.amount.is_finite() {
            return Err(Error::input("amount", "of an outcome is no number"));
        }
        self.write_seeing(|view, planner| {
            let kept = view.decision_event(outcome.decision)?;
            let key = format_smolstr!("{OUTCOME}:{}:{}", outcome.decision, outcome.key);
            let mut event = Event::new(Event::DECISIONS, key, outcome.at, EventKind::Outcome);
            event.identifiers = kept.as_ref().map(|kept| kept.identifiers.clone()).unwrap_or_default();
            event.attributes.push((OUTCOME.into(), Value::Text(json(&outcome)?)));
            planner.lift_tombstone(event.what(), &event.key)?;
            let reading = EventReading::of(planner.rules, planner.seed, Arc::new(event), None);
            plan_events(planner, &[reading])?;
            let decision = kept.and_then(|kept| decision_of(&kept));
            let status = decision.map(|decision| reckon(rules, &decision, [&outcome], outcome.at));
            Ok(status.and_then(|found| found.outcomes.get(&outcome.key).copied()))
        })
    }
}

impl View {
    /// What [`Resolver::decide`] would decide, kept nowhere: none if the id leads nowhere.
    ///
    /// # Errors
    /// As there.
    pub fn would_decide(
        &self,
        id: ProfileId,
        rules: &DecisionRules,
        model: &DecisionModel,
        request: &DecisionRequest<'_>,
    ) -> Result<Option<Decision>> {
        let Some(counting) = self.counting_for_decisions(id)? else { return Ok(None) };
        let request = self.asked(id, request)?;
        Ok(Some(self.decide_for(&counting, rules, model, request)?.0))
    }

    /// A decision that was kept, with what came of it as far as it was known then whose it is. None if there is none of
    /// this name. O(decisions under its identifier).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn decision(&self, id: DecisionId) -> Result<Option<Decided>> {
        let Some(event) = self.decision_event(id)? else { return Ok(None) };
        let Some(decision) = decision_of(&event) else { return Ok(None) };
        let mut outcomes = BTreeMap::new();
        let trail = [hash_trail(self.seed, Event::DECISIONS, &event.identifiers)];
        if let Some(trail) = self.snapshot.numbers(&trail)?.pop().flatten() {
            each_event(&*self.snapshot, trail, decision.at.microseconds()..=i64::MAX, &mut |_, event| {
                let outcome = outcome_of(&event).filter(|outcome| outcome.decision == id);
                outcomes.extend(outcome.map(|outcome| (outcome.key.clone(), outcome)));
                Ok(())
            })?;
        }
        Ok(Some(Decided { decision, outcomes }))
    }

    /// What was decided for whoever a profile is, the oldest first, with what came of it: each decision is with the profile
    /// that has the identifier under which it was kept, so a merge has those of both, and a split each its own. None if
    /// the id leads nowhere. O(decisions and outcomes).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed; `Limit` as for [`assigned`](Self::assigned).
    pub fn decisions(&self, id: ProfileId) -> Result<Option<Vec<Decided>>> {
        let Some(counting) = self.counting_for_decisions(id)? else { return Ok(None) };
        let mut found: BTreeMap<DecisionId, Decided> = BTreeMap::new();
        let mut told: Vec<Outcome> = Vec::new();
        self.each_of(&counting, i64::MIN..=i64::MAX, &mut |event| {
            if let Some(decision) = decision_of(event) {
                found.insert(decision.id, Decided { decision, outcomes: BTreeMap::new() });
            }
            told.extend(outcome_of(event));
        })?;
        for outcome in told {
            if let Some(decided) = found.get_mut(&outcome.decision) {
                decided.outcomes.insert(outcome.key.clone(), outcome);
            }
        }
        let mut found: Vec<Decided> = found.into_values().collect();
        found.sort_by_key(|decided| (decided.decision.at.microseconds(), decided.decision.id));
        Ok(Some(found))
    }

    /// Visits every decision and outcome that is kept, whoever's it is, trail by trail: what
    /// [`Learning::replay`](crate::Learning::replay) makes a model of, in any order. O(trails, and what is visited).
    ///
    /// # Errors
    /// Those of `visit`; `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// # use onefold::{DecisionPolicy, Learner, LearnerPolicy, Learning, Policy, Resolver};
    /// # let (resolver, now) = (Resolver::in_memory(Policy::retail())?, "2026-02-01T00:00:00Z".parse()?);
    /// let rules = DecisionPolicy::default().reward("purchase", 7 * 86_400, 1.0).build()?;
    /// let learner = LearnerPolicy::new(Learner::SegmentThompson { prior: (1.0, 1.0) });
    /// let mut learning = Learning::new(rules, learner, now)?;
    /// resolver.view()?.decision_log(&mut |line| learning.replay(line))?;
    /// assert_eq!(learning.counts().decisions, 0);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn decision_log(&self, visit: &mut dyn FnMut(DecisionLog) -> Result<()>) -> Result<()> {
        self.trail_pages(&mut |page| {
            for (number, _) in page.iter().filter(|(_, trail)| trail.source == Event::DECISIONS) {
                each_event(&*self.snapshot, *number, i64::MIN..=i64::MAX, &mut |_, event| {
                    let decision = || decision_of(&event).map(|decision| DecisionLog::Decision(Box::new(decision)));
                    decision().or_else(|| outcome_of(&event).map(DecisionLog::Outcome)).map_or(Ok(()), &mut *visit)
                })?;
            }
            Ok(())
        })
    }

    /// What came of the decisions for a profile, by the orders that it made and kept: each is credited to one decision at most,
    /// by [`attribute`], so a merge or a split credits anew. `currency` asks for what was paid, as far as that is known;
    /// without one an order counts as 1. None if the id leads nowhere. The key of an outcome is the order's id, or the key
    /// of the event that tells of it.
    ///
    /// # Errors
    /// As for [`decisions`](Self::decisions).
    pub fn attributed(
        &self,
        id: ProfileId,
        rules: &DecisionRules,
        kind: &str,
        currency: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Vec<Outcome>>> {
        let Some(decided) = self.decisions(id)? else { return Ok(None) };
        let decisions: Vec<Decision> = decided.into_iter().map(|decided| decided.decision).collect();
        if decisions.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let orders = self.orders(id, now)?.map(|found| found.orders).unwrap_or_default();
        let kept = orders.iter().filter(|order| order.status != OrderStatus::Returned);
        let deed = |order: &Order| {
            let amount = match currency {
                Some(currency) => order.kept_amount(currency)?.nearest(),
                None => 1.0,
            };
            let key = order.id.clone();
            let key = key.unwrap_or_else(|| format_smolstr!("{}/{}", order.because.source, order.because.key));
            Some(Deed { key, at: order.at, amount })
        };
        let deeds: Vec<Deed> = kept.filter_map(deed).collect();
        Ok(Some(attribute(rules, kind, &decisions, &deeds)))
    }

    /// Learns a model from scratch of all decisions that are kept: by the outcomes that were told, and by what those who
    /// were decided for bought, as [`attributed`](Self::attributed) has it. The same evidence gives the same bytes, in
    /// whatever order it came; a merge or a split since then shows as if it had always been so.
    ///
    /// O(decisions, outcomes, and the orders of those decided for), and the cost of [`learn`].
    ///
    /// # Errors
    /// As [`learn`] and [`decisions`](Self::decisions).
    pub fn learned(
        &self,
        rules: &DecisionRules,
        learner: &LearnerPolicy,
        (kind, currency): (&str, Option<&str>),
        now: Timestamp,
    ) -> Result<(DecisionModel, LearnedCounts)> {
        let (mut decisions, mut outcomes) = (Vec::new(), Vec::new());
        self.decision_log(&mut |line| {
            match line {
                DecisionLog::Decision(decision) => decisions.push(*decision),
                DecisionLog::Outcome(outcome) => outcomes.push(outcome),
                _ => {}
            }
            Ok(())
        })?;
        let mut decided_for: BTreeSet<ProfileId> = BTreeSet::new();
        self.trail_pages(&mut |page| {
            let trails = page.iter().filter(|(_, trail)| trail.source == Event::DECISIONS);
            for identifier in trails.flat_map(|(_, trail)| &trail.identifiers) {
                decided_for.extend(self.find(identifier)?.profile);
            }
            Ok(())
        })?;
        for id in decided_for {
            outcomes.extend(self.attributed(id, rules, kind, currency, now)?.unwrap_or_default());
        }
        learn(rules, learner, &decisions, &outcomes, now)
    }

    fn decision_event(&self, id: DecisionId) -> Result<Option<Arc<Event>>> {
        let key = RecordKey::new(Event::DECISIONS, format_smolstr!("{DECISION}:{id}"));
        Ok(self.event(&key)?.map(|stored| stored.event))
    }

    /// The identifiers under which decisions for a profile are kept.
    fn counting_for_decisions(&self, id: ProfileId) -> Result<Option<Vec<(Link, Identifier)>>> {
        let Some((number, cluster)) = self.cluster_of(id)? else { return Ok(None) };
        // As experiments: somebody is decided for before anybody knows who they are.
        let mut counting = self.counting(number, &cluster, Granted::Experiment(DECISION))?;
        counting.sort_unstable_by_key(|(link, _)| link.value);
        Ok(Some(counting))
    }

    /// Visits what was kept under some identifiers.
    fn each_of(
        &self,
        counting: &[(Link, Identifier)],
        times: std::ops::RangeInclusive<i64>,
        visit: &mut dyn FnMut(&Event),
    ) -> Result<()> {
        let trails = counting.iter().map(|(_, identifier)| hash_trail(self.seed, Event::DECISIONS, [identifier]));
        for trail in self.snapshot.numbers(&trails.collect::<Vec<_>>())?.into_iter().flatten() {
            each_event(&*self.snapshot, trail, times.clone(), &mut |_, event| {
                visit(&event);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// A request with what the profile says of itself.
    fn asked<'a>(&self, id: ProfileId, request: &DecisionRequest<'a>) -> Result<DecisionRequest<'a>> {
        let subject = self.subject(id)?.ok_or_else(|| Error::input("profile", "leads to nobody"))?;
        let mut request = request.clone();
        request.subject = ProfileId::of(subject.cluster.profile, self.seed).to_smolstr();
        self.allow(&subject, &mut request)?;
        let (mut missing, told) = (BTreeSet::new(), &request.facts.attributes);
        for candidate in request.candidates {
            candidate.eligible.each_read(&mut |name| {
                if !told.contains_key(name) {
                    missing.insert(name);
                }
            });
        }
        if !missing.is_empty() {
            let query = ConsentQuery::new(request.purpose.clone());
            let seen = self.for_purpose(id, &query, request.now)?.map(|seen| seen.facts()).transpose()?.flatten();
            let known = seen.into_iter().flat_map(|facts| facts.attributes);
            let known: Vec<(SmolStr, Value)> = known.filter(|(name, _)| missing.contains(name)).collect();
            request.facts.attributes.extend(known);
        }
        Ok(request)
    }

    /// Says what consents allow, for the purpose and by each channel.
    fn allow(&self, subject: &Subject, request: &mut DecisionRequest<'_>) -> Result<()> {
        let basis = crate::consent::basis_of(&self.rules.policy, &request.purpose);
        let heard = self.heard(subject)?;
        let query = ConsentQuery::new(request.purpose.clone());
        request.allowed.purpose = Some(heard.permission(self, basis, &query, request.now).reason);
        let channels: BTreeSet<&SmolStr> =
            request.candidates.iter().filter_map(|candidate| candidate.channel.as_ref()).collect();
        let ask =
            |channel: &SmolStr| heard.permission(self, basis, &query.clone().channel(channel.clone()), request.now);
        request.allowed.channels = channels.into_iter().map(|channel| (channel.clone(), ask(channel).reason)).collect();
        Ok(())
    }

    /// Decides, with what was done before, and says what the decision is about.
    fn decide_for(
        &self,
        counting: &[(Link, Identifier)],
        rules: &DecisionRules,
        model: &DecisionModel,
        mut request: DecisionRequest<'_>,
    ) -> Result<(Decision, Option<SmolStr>)> {
        let days = rules.policy().caps.iter().map(|cap| i64::from(cap.days)).max();
        if let Some(days) = days {
            let now = request.now.microseconds();
            self.each_of(counting, now.saturating_sub(days * DAY)..=now, &mut |event| {
                request.done.extend(done(event))
            })?;
        }
        let decision = decide(rules, model, &request)?;
        let chosen = request.candidates.iter().find(|candidate| Some(&candidate.action) == decision.action.as_ref());
        let topic = chosen.and_then(|candidate| candidate.topic.clone());
        Ok((decision, topic))
    }
}

/// The event that a decision is kept as, without what was not chosen.
fn event_of(decision: &mut Decision, topic: Option<SmolStr>, under: Option<&Identifier>) -> Result<Event> {
    let key = format_smolstr!("{DECISION}:{}", decision.id);
    let mut event = Event::new(Event::DECISIONS, key, decision.at, EventKind::Decision);
    event.identifiers.extend(under.cloned());
    let aside = (std::mem::take(&mut decision.outscored), std::mem::take(&mut decision.rejected));
    let kept = json(decision);
    (decision.outscored, decision.rejected) = aside;
    let action = decision.action.clone().map(|action| (ACTION, action));
    let told = [Some((PLACEMENT, decision.placement.clone())), action, topic.map(|topic| (TOPIC, topic))];
    let told = told.into_iter().flatten().chain([(DECISION, kept?)]);
    event.attributes.extend(told.map(|(name, value)| (SmolStr::new_static(name), Value::Text(value))));
    Ok(event)
}

fn json(value: &impl serde::Serialize) -> Result<SmolStr> {
    let text = serde_json::to_string(value);
    text.map(SmolStr::from).map_err(|_| Error::input(DECISION, "has a number that cannot be written"))
}

fn text<'a>(event: &'a Event, name: &str) -> Option<&'a SmolStr> {
    event.attributes.iter().find(|(known, _)| known == name).and_then(|(_, value)| match value {
        Value::Text(text) => Some(text),
        _ => None,
    })
}

/// What a decision did, for caps.
fn done(event: &Event) -> Option<Done> {
    let action = text(event, ACTION).filter(|_| event.kind == EventKind::Decision)?.clone();
    let placement = text(event, PLACEMENT).cloned().unwrap_or_default();
    Some(Done { action, topic: text(event, TOPIC).cloned(), placement, at: event.at })
}

/// The decision that an event tells of. What cannot be read tells of none: an import may bring anything.
fn decision_of(event: &Event) -> Option<Decision> {
    let told = text(event, DECISION).filter(|_| event.kind == EventKind::Decision)?;
    serde_json::from_str(told).ok()
}

fn outcome_of(event: &Event) -> Option<Outcome> {
    let told = text(event, OUTCOME).filter(|_| event.kind == EventKind::Outcome)?;
    serde_json::from_str(told).ok()
}

//! Decisions and what came of them, as evidence: with whoever has the identifier, through merges, splits, exports and
//! erasure.

use crate::properties::config;
use onefold::{
    Assertion, Candidate, CapScope, Consent, ConsentStatus, CustomerCounts, CustomerHistory, Decision, DecisionModel,
    DecisionPolicy, DecisionRequest, DecisionRules, Eligibility, Event, EventKind, Features, Group, Identifier,
    LearnedCounts, Learner, LearnerPolicy, Learning, LegalBasis, Line, Operation, Outcome, OutcomeStatus, Period,
    Policy, ProfileId, PurposePolicy, Record, RecordKey, RejectReason, Resolver, Secret, Timestamp, Verdict,
    measure_customers,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const HOUR: i64 = 3_600_000_000;

fn at(hours: i64) -> Timestamp {
    let start = "2026-01-05T00:00:00Z".parse::<Timestamp>().unwrap();
    Timestamp::from_microseconds(start.microseconds() + hours * HOUR).unwrap()
}

fn rules() -> DecisionRules {
    let policy = DecisionPolicy::default().cap(CapScope::Topic, 2, 2).reward("purchase", 24 * 3600, 1.0);
    policy.reward("click", 3600, 0.1).build().unwrap()
}

fn learner() -> LearnerPolicy {
    LearnerPolicy::new(Learner::SegmentThompson { prior: (1.0, 1.0) })
}

fn model() -> DecisionModel {
    DecisionModel::new(learner()).unwrap()
}

fn candidates() -> [Candidate; 3] {
    [
        Candidate::new("coupon", 8.0).topic("sale"),
        Candidate::new("flyer", 6.0).topic("sale").channel("post"),
        Candidate::new("call", 9.0).eligible(Eligibility::Equals("city".into(), "York".into())),
    ]
}

fn known(address: &str) -> Identifier {
    Identifier::new("email", address)
}

fn card(key: &str, addresses: &[&str]) -> Record {
    let record = Record::new("crm", key, at(0));
    addresses.iter().fold(record, |record, address| record.identifier("email", *address))
}

fn consent(resolver: &Resolver, key: &str, address: &str, status: ConsentStatus, hour: i64) {
    let event = Event::of_consent("web", key, at(hour), Consent::new("marketing", status));
    drop(resolver.add_event(event.identifier("email", address)).unwrap());
}

/// Ann and Bea, who allow marketing.
fn two() -> (Resolver, ProfileId, ProfileId) {
    let mut policy = Policy::retail();
    policy.purpose.push(PurposePolicy::new("marketing"));
    policy
        .attribute
        .iter_mut()
        .filter(|one| one.name == "city")
        .for_each(|one| one.purposes = vec!["marketing".into()]);
    let resolver = Resolver::in_memory(policy).unwrap();
    let resolver = resolver.with_secrets([Secret::new("a secret of thirty-two bytes or more").unwrap()]);
    let [ann, bea] = ["ann@x.org", "bea@x.org"].map(|address| {
        consent(&resolver, address, address, ConsentStatus::Granted, 0);
        let post = Consent::new("marketing", ConsentStatus::Denied).channel("post");
        let event = Event::of_consent("web", format!("{address} post"), at(0), post);
        drop(resolver.add_event(event.identifier("email", address)).unwrap());
        resolver.add(card(address, &[address])).unwrap().profile.unwrap()
    });
    (resolver, ann, bea)
}

fn decided(resolver: &Resolver, id: ProfileId, hour: i64) -> Decision {
    let candidates = candidates();
    let request = DecisionRequest::new("", "home", "marketing", &candidates, at(hour));
    resolver.decide(id, &rules(), &model(), &request).unwrap()
}

fn why<'a>(decision: &'a Decision, action: &str) -> Option<&'a RejectReason> {
    decision.rejected.iter().find(|rejected| rejected.action == action).map(|rejected| &rejected.reason)
}

fn bought(resolver: &Resolver, key: &str, address: &str, hour: i64) {
    let event = Event::new("web", key, at(hour), EventKind::Purchase).order(key).identifier("email", address);
    drop(resolver.add_event(event.line(Line::new("socks").amount("20.00", "EUR"))).unwrap());
}

fn learned(resolver: &Resolver) -> (String, u64) {
    let view = resolver.view().unwrap();
    let (model, counts) = view.learned(&rules(), &learner(), ("purchase", None), at(1000)).unwrap();
    (serde_json::to_string(&model).unwrap(), counts.counted)
}

#[test]
fn consent_by_channel_facts_by_purpose_and_caps_are_asked() {
    let (resolver, ann, _) = two();
    let first = decided(&resolver, ann, 1);
    assert_eq!(first.action.as_deref(), Some("coupon"));
    assert!(matches!(why(&first, "flyer"), Some(RejectReason::NotPermitted { .. })), "but not by post");
    assert_eq!(why(&first, "call"), Some(&RejectReason::Unknown { attribute: "city".into() }));
    drop(resolver.add(card("more", &["ann@x.org"]).attribute("city", "York")).unwrap());
    let second = decided(&resolver, ann, 2);
    assert_eq!(why(&second, "call"), None, "the golden record says where she lives");
    // Twice in two days is enough of one topic.
    let is_sale = |decision: &Decision| decision.action.as_deref() == Some("coupon");
    let mut sales: Vec<i64> =
        [(1, &first), (2, &second)].into_iter().filter(|(_, one)| is_sale(one)).map(|(hour, _)| hour).collect();
    for hour in 3..100 {
        let decision = decided(&resolver, ann, hour);
        let lately = sales.iter().filter(|sale| hour - **sale < 48).count();
        assert_eq!(
            matches!(why(&decision, "coupon"), Some(RejectReason::Capped { cap: 0 })),
            lately >= 2,
            "{hour}: {sales:?}"
        );
        sales.extend(is_sale(&decision).then_some(hour));
    }
    assert!(sales.len() > 3, "{sales:?}");
    consent(&resolver, "no", "ann@x.org", ConsentStatus::Withdrawn, 101);
    let last = decided(&resolver, ann, 102);
    assert_eq!((last.action.as_ref(), last.rejected.len()), (None, 3));
    assert!(matches!(why(&last, "coupon"), Some(RejectReason::NotPermitted { .. })));
    // What may not be used may not be read.
    assert_eq!(why(&last, "call"), Some(&RejectReason::Unknown { attribute: "city".into() }));
}

#[test]
fn the_feed_tells_of_a_decision_and_of_what_came_of_it() {
    let (resolver, ann, _) = two();
    let named = |call: &dyn Fn()| -> Vec<ProfileId> {
        let before = resolver.changes(0, usize::MAX).unwrap().len() as u64;
        call();
        let told = resolver.changes(before, usize::MAX).unwrap();
        told.iter().flat_map(|change| change.event.profiles()).collect()
    };
    let id = std::cell::Cell::new(None);
    assert_eq!(named(&|| id.set(Some(decided(&resolver, ann, 1).id))), [ann]);
    let click = || Outcome::new(id.get().unwrap(), "click", "click", 1.0, at(1));
    let clicked = || assert_eq!(resolver.outcome(&rules(), click()).unwrap(), Some(OutcomeStatus::Counted));
    assert_eq!(named(&clicked), [ann]);
    assert_eq!(resolver.view().unwrap().decisions(ann).unwrap().unwrap()[0].outcomes.len(), 1);
}

#[test]
fn what_a_purpose_may_not_see_makes_nobody_eligible() {
    let policy = r#"
identifier = [{ kind = "email", role = "contact", normalise = "email" }]
attribute = [{ name = "city", compare = "text", purposes = ["service"] }]
purpose = [{ name = "marketing", basis = "legitimate_interest" }, { name = "service", basis = "contract" }]
"#;
    let resolver = Resolver::in_memory(Policy::from_toml(policy).unwrap()).unwrap();
    let ann = resolver.add(card("1", &["ann@x.org"]).attribute("city", "York")).unwrap().profile.unwrap();
    let mut candidates = candidates();
    candidates[1] = Candidate::new("repair", 7.0).eligible(Eligibility::AtLeast("records".into(), 1.0));
    let ask = |purpose: &str| {
        let request = DecisionRequest::new("", "home", purpose, &candidates, at(1));
        resolver.view().unwrap().would_decide(ann, &rules(), &model(), &request).unwrap().unwrap()
    };
    assert_eq!(why(&ask("marketing"), "call"), Some(&RejectReason::Unknown { attribute: "city".into() }));
    assert_eq!(why(&ask("service"), "call"), None);
    assert_eq!(why(&ask("service"), "repair"), None, "what is counted is known, too");
    assert!(resolver.view().unwrap().decisions(ann).unwrap().unwrap().is_empty(), "asking keeps nothing");
}

#[test]
fn asked_again_it_is_the_decision_that_was_kept() {
    let (resolver, ann, _) = two();
    let (first, again) = (decided(&resolver, ann, 1), decided(&resolver, ann, 1));
    assert_eq!((first.id, &first.action, first.propensity), (again.id, &again.action, again.propensity));
    let kept = resolver.view().unwrap().decisions(ann).unwrap().unwrap();
    assert_eq!(
        (kept.len(), kept[0].decision.id, kept[0].decision.features == Features::default()),
        (1, first.id, true)
    );
    assert_ne!(decided(&resolver, ann, 2).id, first.id);
}

#[test]
fn caps_and_credit_follow_who_is_one_person_and_nothing_counts_twice() {
    let (resolver, ann, bea) = two();
    let (hers, other) = (decided(&resolver, ann, 1), decided(&resolver, bea, 3));
    assert!(hers.action.is_some() && other.action.is_some());
    bought(&resolver, "o-1", "ann@x.org", 5);
    let credited = |id| {
        let view = resolver.view().unwrap();
        let outcomes = view.attributed(id, &rules(), "purchase", None, at(100)).unwrap().unwrap();
        outcomes.iter().map(|outcome| (outcome.decision, outcome.key.to_string())).collect::<Vec<_>>()
    };
    assert_eq!((credited(ann), credited(bea)), (vec![(hers.id, "O1".to_owned())], vec![]));
    assert_eq!(learned(&resolver).1, 1);
    // They are one: the last decision before the purchase has the credit, once, and two coupons were enough.
    drop(resolver.add(card("both", &["ann@x.org", "bea@x.org"])).unwrap());
    assert_eq!(credited(ann), [(other.id, "O1".to_owned())]);
    assert_eq!((credited(bea), learned(&resolver).1), (credited(ann), 1));
    assert_eq!(resolver.view().unwrap().decisions(bea).unwrap().unwrap().len(), 2);
    assert!(matches!(why(&decided(&resolver, ann, 6), "coupon"), Some(RejectReason::Capped { .. })));
    // They are two again, as if it had never been.
    drop(resolver.remove(&RecordKey::new("crm", "both")).unwrap());
    assert_eq!((credited(ann), credited(bea)), (vec![(hers.id, "O1".to_owned())], vec![]));
    assert_eq!(why(&decided(&resolver, bea, 7), "coupon"), None, "she was given one");
}

#[test]
fn outcomes_count_once_in_their_time() {
    let (resolver, ann, _) = two();
    let decision = decided(&resolver, ann, 1);
    let told = |key: &str, kind: &str, hour| {
        resolver.outcome(&rules(), Outcome::new(decision.id, key, kind, 1.0, at(hour))).unwrap()
    };
    assert_eq!(told("o-1", "purchase", 5), Some(OutcomeStatus::Counted));
    assert_eq!(told("o-1", "purchase", 5), Some(OutcomeStatus::Counted));
    assert_eq!(told("o-2", "purchase", 30), Some(OutcomeStatus::Late));
    assert_eq!(told("c-1", "click", 3), Some(OutcomeStatus::Late));
    assert_eq!(told("c-2", "smile", 1), Some(OutcomeStatus::UnknownKind));
    assert_eq!(told("o-0", "purchase", 0), Some(OutcomeStatus::BeforeDecision));
    let none = "d00000000000000000000000000".parse().unwrap();
    assert_eq!(resolver.outcome(&rules(), Outcome::new(none, "o", "purchase", 1.0, at(1))).unwrap(), None);
    let wrong = Outcome::new(decision.id, "o", "purchase", f64::NAN, at(1));
    assert!(resolver.outcome(&rules(), wrong).unwrap_err().to_string().contains("amount"));
    let kept = resolver.view().unwrap().decision(decision.id).unwrap().unwrap();
    assert_eq!(kept.outcomes.len(), 4, "what came before it is kept, but not among them: {kept:?}");
    let mut learning = Learning::new(rules(), learner(), at(0)).unwrap();
    resolver.view().unwrap().decision_log(&mut |line| learning.replay(line)).unwrap();
    learning.close(at(1000)).unwrap();
    let counts = learning.counts();
    assert_eq!((counts.counted, counts.late, counts.refused, counts.waiting), (1, 2, 2, 1));
    assert_eq!(serde_json::to_string(learning.model()).unwrap(), learned(&resolver).0);
}

#[test]
fn an_export_in_any_order_teaches_the_same() {
    let (resolver, ann, bea) = two();
    for hour in 1..30 {
        let (one, other) = (decided(&resolver, ann, 49 * hour), decided(&resolver, bea, 50 * hour));
        if hour % 3 == 0 {
            bought(&resolver, &format!("a-{hour}"), "ann@x.org", 49 * hour + 2);
            let outcome = Outcome::new(other.id, format!("b-{hour}"), "purchase", 1.0, at(50 * hour + 1));
            assert_eq!(resolver.outcome(&rules(), outcome).unwrap(), Some(OutcomeStatus::Counted));
        }
        assert!(one.action.is_some());
    }
    let mut operations: Vec<Operation> = Vec::new();
    resolver.export(&mut |operation| operations.push(operation)).unwrap();
    let copy = Resolver::in_memory(resolver.policy()).unwrap();
    for operation in operations.iter().rev() {
        let line = operation.to_json();
        drop(copy.apply(Operation::from_json(line.as_bytes(), None).unwrap()).unwrap());
    }
    let view = |resolver: &Resolver| {
        let view = resolver.view().unwrap();
        let (model, counts) = view.learned(&rules(), &learner(), ("purchase", None), at(5000)).unwrap();
        (serde_json::to_string(&model).unwrap(), counts)
    };
    assert_eq!(view(&copy), view(&resolver));
    assert_eq!(view(&copy).1.counted, 18, "nine orders, nine outcomes");
    let profiles = |resolver: &Resolver| resolver.stats().unwrap().counts.profiles;
    assert_eq!((profiles(&copy), profiles(&resolver)), (2, 2), "decisions join nobody");
}

#[test]
fn who_is_erased_leaves_no_decision_and_who_asks_is_told_of_them() {
    let (resolver, ann, bea) = two();
    let (hers, other) = (decided(&resolver, ann, 1), decided(&resolver, bea, 1));
    let outcome = Outcome::new(hers.id, "o-1", "purchase", 1.0, at(2));
    assert_eq!(resolver.outcome(&rules(), outcome).unwrap(), Some(OutcomeStatus::Counted));
    let report = resolver
        .view()
        .unwrap()
        .access(&onefold::AccessRequest::new("dsr-0", at(3)).proved(known("ann@x.org")).signed_in())
        .unwrap();
    let told: Vec<&EventKind> = report.events.iter().map(|event| &event.kind).collect();
    assert!(told.contains(&&EventKind::Decision) && told.contains(&&EventKind::Outcome), "{told:?}");
    drop(resolver.erase(&known("ann@x.org"), "dsr-1").unwrap());
    let view = resolver.view().unwrap();
    assert!(view.decision(hers.id).unwrap().is_none());
    assert_eq!(view.decision(other.id).unwrap().unwrap().decision.id, other.id);
    let mut lines = 0;
    view.decision_log(&mut |_| {
        lines += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!(lines, 1, "hers, and what came of it, are gone");
}

/// What is done at random: who comes, goes, buys, is decided for, is told of.
#[derive(Debug, Clone)]
enum Act {
    Card(u8, Vec<u8>),
    Gone(u8),
    Word(u8, u8, Verdict),
    Buys(u8, u8, i64),
    Decide(u8, i64),
    Comes(u8, u8, i64),
}

fn act() -> impl Strategy<Value = Act> {
    let (card, who, hour) = (0..5_u8, 0..6_u8, 0..90_i64);
    let verdict = prop::sample::select(vec![Verdict::Join, Verdict::Separate]);
    prop_oneof![
        3 => (card.clone(), prop::collection::vec(who.clone(), 1..3)).prop_map(|(card, who)| Act::Card(card, who)),
        1 => card.clone().prop_map(Act::Gone),
        1 => (card.clone(), card, verdict).prop_map(|(a, b, verdict)| Act::Word(a, b, verdict)),
        3 => (0..8_u8, who.clone(), hour.clone()).prop_map(|(order, who, hour)| Act::Buys(order, who, hour)),
        4 => (who, hour.clone()).prop_map(|(who, hour)| Act::Decide(who, hour)),
        2 => (0..8_u8, 0..6_u8, hour).prop_map(|(decision, key, hour)| Act::Comes(decision, key, hour)),
    ]
}

/// Four addresses and two devices.
fn identifier(who: u8) -> Identifier {
    if who < 4 { known(&format!("p{who}@x.org")) } else { Identifier::new("device_id", format!("device {who}")) }
}

fn service() -> Policy {
    let mut policy = Policy::retail();
    policy.purpose.push(PurposePolicy::new("service").basis(LegalBasis::Contract));
    policy
}

fn acted(acts: &[Act]) -> Resolver {
    let resolver = Resolver::in_memory(service()).unwrap();
    let mut decisions = Vec::new();
    for act in acts {
        match act {
            Act::Card(key, who) => {
                let record = Record::new("crm", key.to_string(), at(i64::from(*key)));
                let named = who.iter().map(|who| identifier(*who));
                let record = named.fold(record, |record, one| record.identifier(one.kind, one.value));
                drop(resolver.add(record).unwrap());
            }
            Act::Gone(key) => drop(resolver.remove(&RecordKey::new("crm", key.to_string())).unwrap()),
            Act::Word(a, b, verdict) if a != b => {
                let [a, b] = [a, b].map(|key| RecordKey::new("crm", key.to_string()));
                let word = Assertion::new(*verdict, a, b, "steward", "").unwrap();
                drop(resolver.apply(Operation::Assert(word)).unwrap());
            }
            Act::Word(..) => {}
            Act::Buys(order, who, hour) => {
                let one = identifier(*who);
                let event = Event::new("web", order.to_string(), at(*hour), EventKind::Purchase);
                let event = event.order(order.to_string()).identifier(one.kind, one.value);
                drop(resolver.add_event(event.line(Line::new("socks").amount("20.00", "EUR"))).unwrap());
            }
            Act::Decide(who, hour) => {
                let Some(id) = resolver.find(&identifier(*who)).unwrap().profile else { continue };
                let candidates = [Candidate::new("coupon", 8.0).topic("sale"), Candidate::new("call", 5.0).cost(1.0)];
                let request = DecisionRequest::new("", "home", "service", &candidates, at(*hour));
                decisions.push(resolver.decide(id, &rules(), &model(), &request).unwrap().id);
            }
            Act::Comes(decision, key, hour) => {
                let Some(id) = decisions.get(usize::from(*decision)) else { continue };
                let outcome = Outcome::new(*id, key.to_string(), "click", 1.0, at(*hour));
                let _status = resolver.outcome(&rules(), outcome).unwrap();
            }
        }
    }
    resolver
}

/// All that decisions and measures show, whatever profiles are called.
#[derive(Debug, PartialEq)]
struct Shown {
    decisions: BTreeSet<Vec<String>>,
    credited: BTreeMap<String, String>,
    model: String,
    counts: LearnedCounts,
    customers: BTreeMap<Group, CustomerCounts>,
    unresolved: BTreeMap<Group, CustomerCounts>,
}

fn shown(resolver: &Resolver) -> Shown {
    let view = resolver.view().unwrap();
    let mut profiles: BTreeSet<ProfileId> = BTreeSet::new();
    view.live_records(&mut |_, profile| profiles.extend(profile)).unwrap();
    view.live_events(&mut |_, profile| profiles.extend([profile])).unwrap();
    let (mut decisions, mut credited, mut seen) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
    for id in profiles {
        let decided = view.decisions(id).unwrap().unwrap();
        for one in &decided {
            assert!(seen.insert(one.decision.id), "a decision is with one person");
        }
        if !decided.is_empty() {
            decisions.insert(decided.iter().map(|one| one.decision.id.to_string()).collect());
        }
        for outcome in view.attributed(id, &rules(), "purchase", None, at(500)).unwrap().unwrap() {
            let known = credited.insert(outcome.key.to_string(), outcome.decision.to_string());
            assert_eq!(known, None, "an order is credited once");
        }
    }
    let (model, counts) = view.learned(&rules(), &learner(), ("purchase", None), at(500)).unwrap();
    let found = view.customers("EUR", at(500), &|_, _| Ok(Vec::new())).unwrap();
    let period = Period::between(at(24), at(72)).unwrap();
    let measured = |customers: Vec<&CustomerHistory>| measure_customers(customers, period, &|_| None).unwrap();
    Shown {
        decisions,
        credited,
        model: serde_json::to_string(&model).unwrap(),
        counts,
        customers: measured(found.resolved.values().collect()),
        unresolved: measured(found.unresolved.iter().collect()),
    }
}

proptest! {
    #![proptest_config(config(48))]

    /// The laws with decisions, outcomes and measures among what happens: all of it is evidence, and shows alike in any
    /// order and told twice.
    #[test]
    fn decisions_outcomes_and_measures_are_evidence(
        acts in prop::collection::vec(act(), 1..24),
        order in any::<u64>(),
    ) {
        let resolver = acted(&acts);
        let mut operations: Vec<Operation> = Vec::new();
        resolver.export(&mut |operation| operations.push(operation)).unwrap();
        let copy = Resolver::in_memory(service()).unwrap();
        // Shuffled by a keyed order, and everything twice.
        let twice: Vec<&Operation> = operations.iter().chain(&operations).collect();
        let mut places: Vec<usize> = (0..twice.len()).collect();
        places.sort_by_key(|place| (*place as u64 + 1).wrapping_mul(order | 1).rotate_left(17).wrapping_mul(0x9e37_79b9));
        for place in places {
            drop(copy.apply(twice[place].clone()).unwrap());
        }
        prop_assert_eq!(shown(&copy), shown(&resolver));
    }
}

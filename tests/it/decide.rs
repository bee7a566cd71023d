//! Decisions: who may be chosen and why not, who is left alone, and what is learned of what came of it.

use crate::learners::{Dice, at};
use onefold::{
    Candidate, CapScope, Decision, DecisionLog, DecisionModel, DecisionPolicy, DecisionRequest, DecisionRules, Done,
    Eligibility, ErrorKind, ExposureCap, Facts, Features, Floor, LearnedCounts, Learner, LearnerPolicy, Learning, Mood,
    Nature, Outcome, OutcomeStatus, PermissionReason, RejectReason, Seed, Value, decide, learn, reckon,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const DAY: i64 = 86_400;

/// A model that expects a half of everything.
fn half() -> DecisionModel {
    DecisionModel::new(LearnerPolicy::new(Learner::Fixed { rewards: BTreeMap::new(), otherwise: 0.5 })).unwrap()
}

fn rules() -> DecisionRules {
    DecisionPolicy::default().build().unwrap()
}

fn request(candidates: &[Candidate]) -> DecisionRequest<'_> {
    DecisionRequest::new("p-1", "home", "marketing", candidates, at(0)).allow(PermissionReason::Granted)
}

/// Why a candidate was rejected.
fn reason(decision: &Decision, action: &str) -> Option<RejectReason> {
    decision.rejected.iter().find(|rejected| rejected.action == action).map(|rejected| rejected.reason.clone())
}

#[test]
fn the_best_is_done_and_ties_go_by_name() {
    let candidates = [Candidate::new("b", 4.0), Candidate::new("c", 6.0).cost(1.0), Candidate::new("a", 4.0)];
    let decision = decide(&rules(), &half(), &request(&candidates)).unwrap();
    assert_eq!((decision.action.as_deref(), decision.score, decision.propensity), (Some("a"), 2.0, 1.0));
    let others: Vec<&str> = decision.outscored.iter().map(|other| other.action.as_str()).collect();
    assert_eq!(others, ["b", "c"]);
    assert!(!decision.explored && !decision.holdout);
}

#[test]
fn nothing_is_done_where_nothing_is_worth_it() {
    let candidates = [Candidate::new("dear", 4.0).cost(3.0), Candidate::new("hopeless", 4.0).cost(4.0)];
    let decision = decide(&rules(), &half(), &request(&candidates)).unwrap();
    assert_eq!((decision.action.as_deref(), decision.score, decision.propensity), (None, 0.0, 1.0));
    assert_eq!(decision.outscored[0].score, -1.0);
    assert_eq!(reason(&decision, "hopeless"), Some(RejectReason::NeverPays));
    let any = decide(&rules(), &half(), &request(&candidates).floor(Floor::Any)).unwrap();
    assert_eq!(any.action.as_deref(), Some("dear"));
    let none = decide(&rules(), &half(), &request(&[])).unwrap();
    assert_eq!((none.action, none.propensity), (None, 1.0));
}

#[test]
fn rules_of_eligibility_have_three_values() {
    let facts = Facts::default()
        .attribute("tier", "gold")
        .attribute("orders", 3)
        .attribute("tags", Value::List(vec!["vip".into(), "early".into()]))
        .attribute("blank", " ")
        .segment("loyal");
    let is = |name: &str, value: Value| Eligibility::Equals(name.into(), value);
    let not = |rule: Eligibility| Eligibility::Not(Box::new(rule));
    let unknown = |name: &str| Some(RejectReason::Unknown { attribute: name.into() });
    let no = Some(RejectReason::NotEligible);
    let cases = [
        (Eligibility::Always, None),
        (is("tier", "gold".into()), None),
        (is("tier", "Gold".into()), no.clone()),
        (is("tags", "vip".into()), None),
        (is("orders", Value::Number(3.0)), None),
        (is("age", 30.into()), unknown("age")),
        (is("blank", " ".into()), unknown("blank")),
        (not(is("age", 30.into())), unknown("age")),
        (not(is("tier", "silver".into())), None),
        (Eligibility::OneOf("tier".into(), vec!["silver".into(), "gold".into()]), None),
        (Eligibility::Exists("age".into()), no.clone()),
        (not(Eligibility::Exists("age".into())), None),
        (Eligibility::AtLeast("orders".into(), 3.0), None),
        (Eligibility::AtLeast("orders".into(), 3.1), no.clone()),
        (Eligibility::AtMost("orders".into(), 2.0), no.clone()),
        (Eligibility::AtMost("tier".into(), 2.0), unknown("tier")),
        (Eligibility::Segment("loyal".into()), None),
        (Eligibility::Segment("new".into()), no.clone()),
        (Eligibility::All(vec![]), None),
        (Eligibility::Any(vec![]), no.clone()),
        (Eligibility::All(vec![is("age", 1.into()), Eligibility::Segment("new".into())]), no.clone()),
        (Eligibility::All(vec![Eligibility::Segment("loyal".into()), is("age", 1.into())]), unknown("age")),
        (Eligibility::Any(vec![is("age", 1.into()), Eligibility::Segment("loyal".into())]), None),
        (Eligibility::Any(vec![Eligibility::Segment("new".into()), is("age", 1.into())]), unknown("age")),
    ];
    for (rule, expected) in cases {
        let text = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<Eligibility>(&text).unwrap(), rule);
        let candidates = [Candidate::new("a", 4.0).eligible(rule)];
        let decision = decide(&rules(), &half(), &request(&candidates).facts(facts.clone())).unwrap();
        assert_eq!(reason(&decision, "a"), expected, "{text}");
        assert_eq!(decision.action.is_some(), expected.is_none(), "{text}");
    }
    let deep = (0..20).fold(Eligibility::Always, |rule, _| not(rule));
    let candidates = [Candidate::new("a", 4.0).eligible(deep)];
    assert_eq!(decide(&rules(), &half(), &request(&candidates)).unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn nothing_is_done_that_is_not_permitted() {
    use PermissionReason::{Basis, Expired, Granted, NotAsked, Refused, Restricted, Unknown};
    let candidates = [Candidate::new("banner", 4.0), Candidate::new("mail", 9.0).channel("email")];
    let not = |reason: &str| Some(RejectReason::NotPermitted { reason: reason.into() });
    let of = |purpose: Option<PermissionReason>, email: Option<PermissionReason>| {
        let mut request = DecisionRequest::new("p-1", "home", "marketing", &candidates, at(0));
        request.allowed.purpose = purpose;
        request.allowed.channels.extend(email.map(|reason| ("email".into(), reason)));
        let decision = decide(&rules(), &half(), &request).unwrap();
        (reason(&decision, "banner"), reason(&decision, "mail"))
    };
    for allowed in [Granted, Basis, NotAsked] {
        assert_eq!(of(Some(allowed), Some(allowed)), (None, None));
    }
    let refusals = [(Refused, "refused"), (Restricted, "restricted"), (Expired, "expired"), (Unknown, "unknown")];
    for (refused, word) in refusals {
        assert_eq!(of(Some(Granted), Some(refused)), (None, not(word)));
        assert_eq!(of(Some(refused), Some(Granted)), (not(word), not(word)));
    }
    assert_eq!(of(Some(Granted), None), (None, not("unknown")), "a channel of which nothing is said");
    assert_eq!(of(None, Some(Granted)), (not("unknown"), not("unknown")), "nothing is said");
}

#[test]
fn what_is_suppressed_or_capped_is_not_done() {
    let candidates = [
        Candidate::new("coupon", 9.0).topic("sale"),
        Candidate::new("flash", 8.0).topic("sale"),
        Candidate::new("guide", 7.0).topic("help"),
        Candidate::new("quiz", 6.0),
    ];
    let done = |action: &str, topic: &str, placement: &str, days: i64| Done {
        action: action.into(),
        topic: Some(topic.into()),
        placement: placement.into(),
        at: at(-days * DAY),
    };
    let history =
        [done("coupon", "sale", "home", 1), done("coupon", "sale", "mail", 2), done("guide", "help", "home", 9)];
    let with = |caps: &[ExposureCap]| {
        let rules = DecisionPolicy { caps: caps.to_vec(), ..DecisionPolicy::default() }.build().unwrap();
        let mut request = request(&candidates);
        request.done = history.to_vec();
        let decision = decide(&rules, &half(), &request).unwrap();
        decision.rejected.iter().map(|rejected| rejected.action.to_string()).collect::<Vec<_>>().join(" ")
    };
    let cap = |scope, count, days| ExposureCap { scope, name: None, count, days };
    let named = |scope, name: &str, count, days| ExposureCap { scope, name: Some(name.into()), count, days };
    let cases = [
        (vec![cap(CapScope::Action, 2, 7)], "coupon"),
        (vec![cap(CapScope::Action, 3, 7)], ""),
        (vec![cap(CapScope::Action, 2, 2)], ""),
        (vec![cap(CapScope::Action, 1, 2)], "coupon"),
        (vec![cap(CapScope::Topic, 2, 7)], "coupon flash"),
        (vec![named(CapScope::Topic, "help", 1, 30)], "guide"),
        (vec![cap(CapScope::Placement, 1, 7)], "coupon flash guide quiz"),
        (vec![named(CapScope::Placement, "mail", 1, 7)], ""),
        (vec![cap(CapScope::Everything, 3, 30)], "coupon flash guide quiz"),
        (vec![cap(CapScope::Everything, 3, 7)], ""),
        (vec![named(CapScope::Action, "quiz", 0, 1)], "quiz"),
    ];
    for (caps, expected) in cases {
        assert_eq!(with(&caps), expected, "{caps:?}");
    }
    let mut suppressed = request(&candidates);
    suppressed.suppressed.insert("coupon".into(), "owned".into());
    let decision = decide(&rules(), &half(), &suppressed).unwrap();
    assert_eq!(reason(&decision, "coupon"), Some(RejectReason::Suppressed { because: "owned".into() }));
    assert_eq!(decision.action.as_deref(), Some("flash"));
}

#[test]
fn after_a_bad_experience_service_comes_before_promotion() {
    let candidates = [
        Candidate::new("coupon", 8.0).nature(Nature::Promotion),
        Candidate::new("apology", 3.0).nature(Nature::Service),
        Candidate::new("news", 5.0),
    ];
    let of = |mood| decide(&rules(), &half(), &request(&candidates).mood(mood)).unwrap();
    assert_eq!(of(Mood::Usual).action.as_deref(), Some("coupon"));
    let bad = of(Mood::Bad);
    assert_eq!((bad.action.as_deref(), bad.score), (Some("apology"), 3.0));
    let scores: Vec<f64> = bad.outscored.iter().map(|other| other.score).collect();
    assert_eq!(scores, [1.0, 2.5]);
}

#[test]
fn the_control_group_is_a_share_that_lasts() {
    let candidates = [Candidate::new("coupon", 8.0)];
    let rules = DecisionPolicy::default().holdout("home", 0.2).holdout("mail", 0.2).build().unwrap();
    let held = |person: u32, placement: &str, day: i64| {
        let mut request = request(&candidates);
        (request.subject, request.placement, request.now) =
            (format!("p-{person}").into(), placement.into(), at(day * DAY));
        let decision = decide(&rules, &half(), &request).unwrap();
        assert_eq!(decision.holdout, decision.withheld.is_some());
        assert_ne!(decision.holdout, decision.action.is_some());
        assert_eq!((decision.score, decision.propensity), (4.0, 1.0));
        decision.holdout
    };
    let group =
        |placement: &str, day| (0..2_000).filter(|person| held(*person, placement, day)).collect::<BTreeSet<_>>();
    let home = group("home", 0);
    // 400, with a deviation of 18.
    assert!((346..=454).contains(&home.len()), "{}", home.len());
    assert_eq!(group("home", 30), home);
    assert!(group("cart", 0).is_empty());
    // Independent of the one elsewhere: 80 in both, with a deviation of 9.
    let both = group("mail", 0).intersection(&home).count();
    assert!((53..=107).contains(&both), "{both}");
}

#[test]
fn wrong_requests_are_refused() {
    let wrong = [
        vec![Candidate::new("a", f64::NAN)],
        vec![Candidate::new("a", -1.0)],
        vec![Candidate::new("a", f64::INFINITY)],
        vec![Candidate::new("a", 1.0).cost(f64::NAN)],
        vec![Candidate::new("a", 1.0), Candidate::new("a", 2.0)],
    ];
    for candidates in wrong {
        let error = decide(&rules(), &half(), &request(&candidates)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{candidates:?}");
    }
    let linear = LearnerPolicy::new(Learner::LinUcb { width: 1.0, ridge: 1.0 }).dimensions(2);
    let linear = DecisionModel::new(linear).unwrap();
    for features in [vec![], vec![1.0], vec![1.0, f64::NAN], vec![1.0, 2.0, 3.0]] {
        let candidates = [Candidate::new("a", 1.0)];
        let error = decide(&rules(), &linear, &request(&candidates).context(Features::new(features))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
    }
    for policy in [
        DecisionPolicy::default().holdout("home", 1.5),
        DecisionPolicy::default().cap(CapScope::Topic, 1, 0),
        DecisionPolicy::default().reward("click", 0, 1.0),
        DecisionPolicy::default().reward("click", 60, f64::NAN),
    ] {
        assert_eq!(policy.build().unwrap_err().kind(), ErrorKind::Config);
    }
}

#[test]
fn the_largest_and_the_smallest_are_decided_too() {
    let thompson = |width: f64| LearnerPolicy::new(Learner::LinearThompson { width, ridge: 1.0 }).dimensions(1);
    for width in [1e-9, 1e-6, 0.5, 1e6] {
        let mut model = DecisionModel::new(thompson(width)).unwrap();
        for n in 0..50_u8 {
            let action = ["a", "b"][usize::from(n % 2)];
            model.learn(action, "", &Features::new([1.0]), f64::from(n % 3) / 2.0).unwrap();
        }
        for value in [0.0, 1e-9, 1.0, 1e12] {
            let candidates = ["a", "b", "c"].map(|action| Candidate::new(action, value).cost(-1.0));
            let request = request(&candidates).context(Features::new([1.0])).floor(Floor::Any);
            let decision = decide(&rules(), &model, &request).unwrap();
            let chances = onefold::chances(&rules(), &model, &request).unwrap();
            let sum: f64 = chances.values().sum();
            assert!((sum - 1.0).abs() < 1e-5, "{width}, {value}: {chances:?}");
            assert!((decision.propensity - chances[&decision.action.unwrap()]).abs() < 1e-9);
        }
    }
}

#[test]
fn a_learner_without_features_keeps_them_for_others() {
    let candidates = [Candidate::new("a", 1.0).features(Features::new([0.0, 0.5]))];
    let ask = request(&candidates).context(Features::new([1.0, 0.25]));
    assert_eq!(decide(&rules(), &half(), &ask).unwrap().features, Features::new([1.0, 0.75]));
    let error = decide(&rules(), &half(), &request(&candidates).context(Features::new([1.0]))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
}

#[test]
fn debug_shows_nothing_of_the_person() {
    let candidates = [Candidate::new("diabetes guide", 1.0)];
    let request = request(&candidates).facts(Facts::default().attribute("name", "Ann")).context(Features::new([0.123]));
    let decision = decide(&rules(), &half(), &request).unwrap();
    let shown = format!("{request:?} {decision:?} {:?} {:?}", request.facts, request.context);
    for secret in ["p-1", "diabetes", "Ann", "0.123"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

// ---- what came of it -----------------------------------------------------------------------------------------------

fn rewarding() -> DecisionRules {
    let policy = DecisionPolicy::default().reward("click", 3_600, 0.25).reward("purchase", 86_400, 1.0);
    policy.holdout("mail", 0.5).build().unwrap()
}

/// A decision of one of many people at a time, as the rules and a fresh model make it.
fn decided(rules: &DecisionRules, model: &DecisionModel, person: u32, second: i64) -> Decision {
    let candidates = [Candidate::new("a", 1.0), Candidate::new("b", 1.0), Candidate::new("c", 1.0).cost(0.6)];
    let placement = if person.is_multiple_of(3) { "mail" } else { "home" };
    let request = DecisionRequest::new(person.to_string(), placement, "marketing", &candidates, at(second));
    let context = Features::new([1.0, Dice(u64::from(person)).normal()]);
    let request = request.allow(PermissionReason::Granted).segment(if person < 4 { "new" } else { "old" });
    decide(rules, model, &request.context(context)).unwrap()
}

#[test]
fn outcomes_count_once_in_their_window() {
    let (rules, model) = (rewarding(), linear());
    let decision = decided(&rules, &model, 1, 0);
    let outcome = |key: &str, kind: &str, amount: f64, second| Outcome::new(decision.id, key, kind, amount, at(second));
    let of = |outcomes: &[Outcome], now: i64| {
        let found = reckon(&rules, &decision, outcomes, at(now));
        let statuses: Vec<OutcomeStatus> = found.outcomes.values().copied().collect();
        (found.reward, found.closed, statuses)
    };
    use OutcomeStatus::{BeforeDecision, Counted, Late, NotANumber, UnknownKind};
    assert_eq!(of(&[], 86_400), (None, false, vec![]));
    assert_eq!(of(&[], 86_401), (Some(0.0), true, vec![]));
    let click = outcome("1", "click", 1.0, 3_600);
    assert_eq!(of(&[click.clone(), click.clone()], 4_000), (Some(0.25), false, vec![Counted]));
    assert_eq!(of(&[outcome("1", "click", 1.0, 3_601)], 4_000), (None, false, vec![Late]));
    assert_eq!(of(&[outcome("1", "click", 1.0, -1)], 4_000), (None, false, vec![BeforeDecision]));
    assert_eq!(of(&[outcome("1", "wink", 1.0, 1)], 4_000), (None, false, vec![UnknownKind]));
    assert_eq!(of(&[outcome("1", "click", f64::NAN, 1)], 4_000), (None, false, vec![NotANumber]));
    // Told after the window, of within it.
    let bought = outcome("2", "purchase", 1.0, 80_000);
    assert_eq!(of(&[bought, click.clone()], 10 * DAY), (Some(1.25), true, vec![Counted, Counted]));
    // A later version stands in the place of the earlier, in any order.
    let mended = outcome("1", "click", 2.0, 3_500);
    assert_eq!(of(&[click.clone(), mended.clone()], 4_000).0, Some(0.25), "the later is at 3600");
    assert_eq!(of(&[mended, click], 4_000).0, Some(0.25));
}

fn linear() -> DecisionModel {
    DecisionModel::new(linear_policy()).unwrap()
}

fn linear_policy() -> LearnerPolicy {
    LearnerPolicy::new(Learner::LinearThompson { width: 0.5, ridge: 1.0 }).dimensions(2).explore_share(0.1)
}

fn by_segment() -> LearnerPolicy {
    LearnerPolicy::new(Learner::SegmentThompson { prior: (1.0, 1.0) })
}

#[test]
fn a_log_gives_the_same_bytes_again() {
    let rules = rewarding();
    let mut learning = Learning::new(rules.clone(), linear_policy(), at(0)).unwrap();
    let mut lines = Vec::new();
    let mut told = |learning: &mut Learning, line: DecisionLog| {
        lines.push(line.to_line().unwrap());
        learning.replay(line).unwrap();
    };
    for person in 0..40_u32 {
        // Online: each decision is made by what was learned so far.
        let decision = decided(&rules, learning.model(), person, i64::from(person) * 60);
        let id = decision.id;
        told(&mut learning, DecisionLog::Decision(Box::new(decision)));
        if person % 3 == 1 {
            let outcome = Outcome::new(id, "o", "purchase", 1.0, at(i64::from(person) * 60 + 5));
            told(&mut learning, DecisionLog::Outcome(outcome));
        }
        if person % 7 == 1 {
            told(&mut learning, DecisionLog::ForgetOutcome(id, "o".into()));
        }
    }
    let early = learning.model().clone();
    told(&mut learning, DecisionLog::Close(at(3 * DAY)));
    let bytes = |model: &DecisionModel| serde_json::to_string(model).unwrap();
    let again = Learning::from_log(rules.clone(), linear_policy(), at(0), lines.iter().map(String::as_str)).unwrap();
    assert_eq!(bytes(again.model()), bytes(learning.model()));
    assert_eq!((again.counts(), again.rewards()), (learning.counts(), learning.rewards()));
    assert_ne!(early.version(), again.model().version());
    // Going back is using the older one: it decides as it did.
    let kept: DecisionModel = serde_json::from_str(&bytes(&early)).unwrap();
    assert_eq!(decided(&rules, &kept, 99, 9), decided(&rules, &early, 99, 9));
    let wrong = Learning::from_log(rules, linear_policy(), at(0), ["", "{\"decision\": 3}"]).unwrap_err();
    assert!(wrong.kind() == ErrorKind::Input && wrong.to_string().contains("line 2"), "{wrong}");
}

#[test]
fn rewards_that_drift_are_reported() {
    let rules = rewarding();
    let told = |order: &mut dyn Iterator<Item = u32>| {
        let mut learning = Learning::new(rules.clone(), by_segment(), at(0)).unwrap();
        let model = learning.model().clone();
        let mut dice = Dice(2);
        let bought: Vec<bool> = (0..600).map(|n| dice.uniform() < if n < 300 { 0.6 } else { 0.1 }).collect();
        for n in order {
            // Of the placement without a control group.
            let decision = decided(&rules, &model, 3 * n + 1, i64::from(n) * 60);
            let amount = f64::from(u8::from(bought[n as usize]));
            let at = at(i64::from(n) * 60 + 9);
            learning.outcome(Outcome::new(decision.id, "o", "purchase", amount, at)).unwrap();
            learning.decided(decision).unwrap();
        }
        learning.drifts(0.002).unwrap()
    };
    let found = told(&mut (0..600));
    let [(time, _)] = found.as_slice() else { panic!("{found:?}") };
    let place = (time.microseconds() - at(0).microseconds()) / 60_000_000;
    assert!((300..400).contains(&place), "{place}");
    assert_eq!(told(&mut (0..600).rev()), found);
}

/// What is told, or taken back.
#[derive(Debug, Clone)]
enum Told {
    Decision(u32),
    Outcome(u32, u8, u8, i64, f64),
    ForgetDecision(u32),
    ForgetOutcome(u32, u8),
    Close(i64),
}

fn told() -> impl Strategy<Value = Told> {
    let outcome = (0..6_u32, 0..3_u8, 0..4_u8, -100..100_000_i64, prop_oneof![Just(1.0), -2.0..3.0_f64]);
    prop_oneof![
        4 => (0..6_u32).prop_map(Told::Decision),
        6 => outcome.prop_map(|(person, key, kind, at, amount)| Told::Outcome(person, key, kind, at, amount)),
        1 => (0..6_u32).prop_map(Told::ForgetDecision),
        1 => (0..6_u32, 0..3_u8).prop_map(|(person, key)| Told::ForgetOutcome(person, key)),
        1 => (0..200_000_i64).prop_map(Told::Close),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// One by one, in whatever order and however often, with some taken back: what is learned from scratch of what is left.
    #[test]
    fn learning_one_by_one_is_learning_from_scratch(told in prop::collection::vec(told(), 0..40)) {
        let rules = rewarding();
        for policy in [linear_policy(), by_segment()] {
            let fresh = linear();
            let decisions: Vec<Decision> = (0..6).map(|person| decided(&rules, &fresh, person, i64::from(person) * 100)).collect();
            let mut learning = Learning::new(rules.clone(), policy.clone(), at(0)).unwrap();
            let mut kept: BTreeSet<u32> = BTreeSet::new();
            let mut outcomes: Vec<(u32, u8, Outcome)> = Vec::new();
            let mut now = 0;
            for told in &told {
                match *told {
                    Told::Decision(person) => {
                        learning.decided(decisions[person as usize].clone()).unwrap();
                        kept.insert(person);
                    }
                    Told::Outcome(person, key, kind, second, amount) => {
                        let kind = ["click", "purchase", "purchase", "wink"][kind as usize];
                        let id = decisions[person as usize].id;
                        let outcome = Outcome::new(id, key.to_string(), kind, amount, at(second));
                        learning.outcome(outcome.clone()).unwrap();
                        outcomes.push((person, key, outcome));
                    }
                    Told::ForgetDecision(person) => {
                        learning.forget_decision(decisions[person as usize].id).unwrap();
                        kept.remove(&person);
                    }
                    Told::ForgetOutcome(person, key) => {
                        learning.forget_outcome(decisions[person as usize].id, &key.to_string()).unwrap();
                        outcomes.retain(|(other, known, _)| (*other, *known) != (person, key));
                    }
                    Told::Close(second) => {
                        learning.close(at(second)).unwrap();
                        now = now.max(second);
                    }
                }
            }
            let left: Vec<&Decision> = kept.iter().rev().map(|person| &decisions[*person as usize]).collect();
            let twice = left.iter().copied().chain(left.iter().copied());
            let all = outcomes.iter().rev().chain(&outcomes).map(|(_, _, outcome)| outcome);
            let (model, counts) = learn(&rules, &policy, twice, all, at(now)).unwrap();
            prop_assert_eq!(serde_json::to_string(learning.model()).unwrap(), serde_json::to_string(&model).unwrap());
            prop_assert_eq!(learning.model(), &model);
            prop_assert_eq!(learning.model().version(), model.version());
            prop_assert_eq!(learning.counts(), counts);
            prop_assert_eq!(counts.decisions, counts.holdout + counts.nothing + counts.learned + counts.open + counts.unfit);
            let learned = learning.rewards();
            prop_assert_eq!(learned.len() as u64, counts.learned);
        }
    }

    /// What was let go of stays learned, and what is told of it afterwards changes nothing: the model is that of one who
    /// keeps everything, and to whom that is not told.
    #[test]
    fn what_was_let_go_of_stays_learned(
        told in prop::collection::vec((told(), prop::option::weighted(0.2, 0..400_000_i64)), 0..40),
    ) {
        let rules = rewarding();
        let fresh = linear();
        let second = |person: u32| i64::from(person) * 40_000;
        let decisions: Vec<Decision> = (0..6).map(|person| decided(&rules, &fresh, person, second(person))).collect();
        let new = || Learning::new(rules.clone(), linear_policy(), at(0)).unwrap();
        let (mut learning, mut whole) = (new(), new());
        let (mut kept, mut gone): (BTreeSet<u32>, BTreeSet<u32>) = Default::default();
        let (mut now, mut until) = (0, i64::MIN);
        let id = |person: u32| decisions[person as usize].id;
        for (told, release) in told {
            for (learning, is_whole) in [(&mut learning, false), (&mut whole, true)] {
                let heard = |person: u32| !is_whole || !gone.contains(&person);
                match told {
                    Told::Decision(person) if heard(person) && (!is_whole || second(person) + DAY >= until) => {
                        learning.decided(decisions[person as usize].clone()).unwrap();
                        if is_whole {
                            kept.insert(person);
                        }
                    }
                    Told::Outcome(person, key, kind, second, amount) if heard(person) => {
                        let kind = ["click", "purchase", "purchase", "wink"][kind as usize];
                        let outcome = Outcome::new(id(person), key.to_string(), kind, amount, at(3 * second));
                        learning.outcome(outcome).unwrap();
                    }
                    Told::ForgetDecision(person) if heard(person) => {
                        learning.forget_decision(id(person)).unwrap();
                        if is_whole {
                            kept.remove(&person);
                        }
                    }
                    Told::ForgetOutcome(person, key) if heard(person) => {
                        learning.forget_outcome(id(person), &key.to_string()).unwrap();
                    }
                    Told::Close(second) => {
                        learning.close(at(3 * second)).unwrap();
                        now = now.max(3 * second);
                    }
                    _ => {}
                }
            }
            if let Some(second_of_release) = release {
                until = until.max(second_of_release.min(now));
                let due: Vec<u32> = kept.iter().copied().filter(|person| second(*person) + DAY < until).collect();
                let due: Vec<u32> = due.into_iter().filter(|person| gone.insert(*person)).collect();
                prop_assert_eq!(learning.release(at(second_of_release)), due.len() as u64);
            }
            prop_assert_eq!(learning.model(), whole.model());
            let shown = |counts: LearnedCounts| {
                [counts.decisions, counts.learned, counts.holdout, counts.open, counts.counted, counts.late]
            };
            prop_assert_eq!(shown(learning.counts()), shown(whole.counts()));
            prop_assert_eq!(learning.counts().released, gone.len() as u64);
        }
    }

    /// Whatever is asked: every candidate is chosen, withheld, outscored or rejected, and once; nothing is done at a loss;
    /// the order of the candidates does not matter; asked twice, the same bytes come back.
    #[test]
    fn every_candidate_is_accounted_for(
        values in prop::collection::vec((0.0..10.0_f64, -1.0..8.0_f64, 0..4_u8), 0..12),
        person in 0..50_u32,
        seed in any::<u128>(),
        turn in 0..12_usize,
    ) {
        let one = |(number, (value, cost, kind)): (usize, &(f64, f64, u8))| {
            let candidate = Candidate::new(format!("a{number:02}"), *value).cost(*cost).topic("t");
            match kind {
                0 => candidate.channel("email"),
                1 => candidate.eligible(Eligibility::Segment("staff".into())),
                _ => candidate,
            }
        };
        let mut candidates: Vec<Candidate> = values.iter().enumerate().map(one).collect();
        let rules = rewarding();
        for policy in [linear_policy(), by_segment(), by_segment().explore_share(1.0)] {
            let model = DecisionModel::new(policy).unwrap();
            let ask = |candidates: &[Candidate]| {
                let request = DecisionRequest::new(person.to_string(), "mail", "marketing", candidates, at(5));
                let request = request.allow(PermissionReason::Granted).seed(Seed::new(seed));
                decide(&rules, &model, &request.context(Features::new([1.0, 0.3]))).unwrap()
            };
            let decision = ask(&candidates);
            let chosen = decision.action.iter().chain(&decision.withheld);
            let others = decision.outscored.iter().map(|other| &other.action);
            let rejected = decision.rejected.iter().map(|rejected| &rejected.action);
            let mut named: Vec<String> = chosen.chain(others).chain(rejected).map(ToString::to_string).collect();
            named.sort();
            let expected: Vec<String> = (0..values.len()).map(|number| format!("a{number:02}")).collect();
            prop_assert_eq!(named, expected);
            prop_assert!(decision.propensity > 0.0 && decision.propensity <= 1.0 + 1e-9);
            let acts = decision.action.is_some() || decision.withheld.is_some();
            prop_assert!(!acts || decision.score > 0.0 || model.policy().explore_share > 0.0);
            if acts && model.policy().explore_share == 0.0 {
                prop_assert!(decision.outscored.iter().all(|other| other.score <= decision.score));
            }
            if !candidates.is_empty() {
                let turn = turn % candidates.len();
                candidates.rotate_left(turn);
            }
            prop_assert_eq!(serde_json::to_string(&ask(&candidates)).unwrap(), serde_json::to_string(&decision).unwrap());
            let read: Decision = serde_json::from_str(&serde_json::to_string(&decision).unwrap()).unwrap();
            prop_assert_eq!(read, decision);
        }
    }
}

//! What does a decision among a hundred candidates of 32 features cost, beside the bare hundred quadratic forms; what does
//! an outcome cost, and what the judgement of ten thousand logged decisions?
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench")]

mod common;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use onefold::{
    Candidate, CapScope, Consent, ConsentStatus, DecisionModel, DecisionPolicy, DecisionRequest, DecisionRules, Done,
    Eligibility, Event, Facts, Features, Learner, LearnerPolicy, Learning, LoggedChoice, OffPolicyOptions, Outcome,
    PermissionReason, Policy, ProfileId, Record, Resolver, Timestamp, decide, estimate,
};
use std::hint::black_box;

const CANDIDATES: usize = 100;
const FEATURES: usize = 32;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_microseconds(1_767_607_200_000_000 + seconds * 1_000_000).unwrap()
}

/// A number from 0 to 1.
fn share(dice: &mut common::Dice) -> f64 {
    dice.below(1_000_000) as f64 / 1e6
}

fn features(dice: &mut common::Dice) -> Features {
    let numbers: Vec<f64> = (0..FEATURES).map(|_| share(dice) - 0.5).collect();
    Features::new(numbers)
}

/// A hundred candidates with rules, channels and topics, all of which may be chosen.
fn candidates() -> Vec<Candidate> {
    let one = |number: usize| {
        let rule = Eligibility::All(vec![
            Eligibility::AtLeast("orders".into(), 1.0),
            Eligibility::OneOf("tier".into(), vec!["silver".into(), "gold".into()]),
            Eligibility::Not(Box::new(Eligibility::Segment("staff".into()))),
        ]);
        let candidate =
            Candidate::new(format!("action {number}"), 10.0 + number as f64 / 50.0).cost(0.5).eligible(rule);
        candidate.channel(["email", "push", "web"][number % 3]).topic(format!("topic {}", number % 10))
    };
    (0..CANDIDATES).map(one).collect()
}

fn rules() -> DecisionRules {
    let policy = DecisionPolicy::default().holdout("home", 0.05).cap(CapScope::Action, 5, 7);
    let policy = policy.cap(CapScope::Topic, 50, 7).cap(CapScope::Everything, 500, 30);
    policy.reward("purchase", 86_400, 1.0).build().unwrap()
}

fn request<'a>(candidates: &'a [Candidate], context: &Features) -> DecisionRequest<'a> {
    let facts = Facts::default().attribute("orders", 3).attribute("tier", "gold").segment("loyal");
    let done = |number: i64| Done {
        action: format!("action {}", number % 40).into(),
        topic: Some(format!("topic {}", number % 10).into()),
        placement: "home".into(),
        at: at(-number * 3_600),
    };
    let mut request = DecisionRequest::new("p-1", "home", "marketing", candidates, at(0)).facts(facts);
    request.done = (0..20).map(done).collect();
    for channel in ["email", "push", "web"] {
        request = request.allow_channel(channel, PermissionReason::Granted);
    }
    request.allow(PermissionReason::Granted).context(context.clone()).segment("loyal")
}

/// A model that learned a hundred outcomes of each action.
fn model(learner: Learner) -> DecisionModel {
    let mut dice = common::Dice(3);
    let segment = matches!(learner, Learner::SegmentThompson { .. });
    let policy = LearnerPolicy::new(learner).dimensions(if segment { 0 } else { FEATURES });
    let mut model = DecisionModel::new(policy).unwrap();
    for number in 0..CANDIDATES * 100 {
        let reward = if share(&mut dice) < 0.2 { 1.0 } else { 0.0 };
        let action = format!("action {}", number % CANDIDATES);
        let x = if segment { Features::default() } else { features(&mut dice) };
        model.learn(&action, "loyal", &x, reward).unwrap();
    }
    model
}

/// Decisions for a thousand people, whose consents are asked and whose decisions are read and kept.
fn kept(criterion: &mut Criterion, rules: &DecisionRules, candidates: &[Candidate], model: &DecisionModel) {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let people: Vec<ProfileId> = (0..1_000)
        .map(|person| {
            let address = format!("p{person}@example.org");
            let consent = Consent::new("marketing", ConsentStatus::Granted);
            let granted = Event::of_consent("web", address.as_str(), at(-1), consent);
            drop(resolver.add_event(granted.identifier("email", address.as_str())).unwrap());
            let record = Record::new("crm", person.to_string(), at(-1)).identifier("email", address);
            resolver.add(record).unwrap().profile.unwrap()
        })
        .collect();
    let mut dice = common::Dice(7);
    let context = features(&mut dice);
    let mut told = 0_usize;
    let mut ids = Vec::new();
    let mut group = criterion.benchmark_group("kept in memory");
    group.bench_function("decide", |bencher| {
        bencher.iter(|| {
            told += 1;
            let mut request = request(candidates, &context);
            request.done.clear();
            request.now = at(told as i64);
            let decision = resolver.decide(people[told % people.len()], rules, model, &request).unwrap();
            ids.push(decision.id);
        });
    });
    group.bench_function("outcome", |bencher| {
        bencher.iter(|| {
            told += 1;
            let id = ids[told % ids.len()];
            resolver.outcome(rules, Outcome::new(id, told.to_string(), "purchase", 1.0, at(told as i64))).unwrap()
        });
    });
    group.finish();
}

fn bench(criterion: &mut Criterion) {
    let mut dice = common::Dice(5);
    let (rules, candidates, context) = (rules(), candidates(), features(&mut dice));
    let learners = [
        ("LinUCB", Learner::LinUcb { width: 0.5, ridge: 1.0 }),
        ("linear Thompson", Learner::LinearThompson { width: 0.5, ridge: 1.0 }),
        ("linear mean", Learner::LinearMean { ridge: 1.0 }),
        ("segment Thompson", Learner::SegmentThompson { prior: (1.0, 1.0) }),
    ];

    let mut group = criterion.benchmark_group("decide among 100 candidates of 32 features");
    // The same numbers of the same size, multiplied and added with nothing else: a triangle for each candidate.
    let triangles: Vec<Vec<f64>> =
        (0..CANDIDATES).map(|_| (0..FEATURES * (FEATURES + 1) / 2).map(|_| share(&mut dice)).collect()).collect();
    group.bench_function("bare: 100 quadratic forms", |bencher| {
        let x = context.numbers();
        let form = |triangle: &Vec<f64>| {
            let mut rest = triangle.as_slice();
            let mut out = [0.0; FEATURES];
            for (row, entry) in x.iter().enumerate() {
                let (column, tail) = rest.split_at(FEATURES - row);
                out[row..].iter_mut().zip(column).for_each(|(sum, number)| *sum += entry * number);
                rest = tail;
            }
            out.iter().map(|number| number * number).sum::<f64>()
        };
        bencher.iter(|| triangles.iter().map(form).fold(0.0, f64::max));
    });
    for (name, learner) in learners {
        let model = model(learner);
        let context = if model.policy().dimensions == 0 { Features::default() } else { context.clone() };
        let request = request(&candidates, &context);
        assert!(decide(&rules, &model, &request).unwrap().rejected.is_empty());
        group.bench_function(name, |bencher| bencher.iter(|| decide(&rules, &model, black_box(&request)).unwrap()));
    }
    group.finish();

    let mut group = criterion.benchmark_group("outcome of 32 features");
    let policy = LearnerPolicy::new(Learner::LinUcb { width: 0.5, ridge: 1.0 }).dimensions(FEATURES);
    let mut learning = Learning::new(rules.clone(), policy, at(0)).unwrap();
    let mut ids = Vec::new();
    for person in 0..1_000 {
        let mut request = request(&candidates, &features(&mut dice));
        (request.subject, request.placement) = (format!("p-{person}").into(), "cart".into());
        let decision = decide(&rules, learning.model(), &request).unwrap();
        ids.push(decision.id);
        learning.decided(decision).unwrap();
    }
    // Each told again at a later time, of another amount: the reward is taken back, and another is learned.
    let mut told = 0;
    group.bench_function("reward, attributed and learned", |bencher| {
        bencher.iter(|| {
            told += 1;
            let amount = if told / ids.len() % 2 == 0 { 1.0 } else { 0.5 };
            let time = Timestamp::from_microseconds(at(0).microseconds() + told as i64).unwrap();
            learning.outcome(Outcome::new(ids[told % ids.len()], "o", "purchase", amount, time)).unwrap()
        });
    });
    let model = model(Learner::LinUcb { width: 0.5, ridge: 1.0 });
    group.bench_function("learned alone", |bencher| {
        bencher.iter_batched_ref(
            || model.clone(),
            |model| model.learn("action 7", "", &context, 1.0).unwrap(),
            BatchSize::LargeInput,
        );
    });
    group.finish();

    kept(criterion, &rules, &candidates, &model);

    let mut group = criterion.benchmark_group("judge 10,000 logged decisions");
    let row = |_| LoggedChoice {
        propensity: 0.1 + 0.9 * share(&mut dice),
        target: share(&mut dice),
        reward: if share(&mut dice) < 0.1 { 1.0 } else { 0.0 },
        predicted: share(&mut dice),
        expected: share(&mut dice),
    };
    let rows: Vec<LoggedChoice> = (0..10_000).map(row).collect();
    group.bench_function("bare: the mean of weighted rewards", |bencher| {
        bencher.iter(|| rows.iter().map(|row| row.target / row.propensity * row.reward).sum::<f64>());
    });
    group.bench_function("IPS, SNIPS, direct and doubly robust, with intervals", |bencher| {
        bencher.iter(|| estimate(black_box(&rows), &OffPolicyOptions::default()).unwrap());
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);

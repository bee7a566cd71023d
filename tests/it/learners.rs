//! What learners learn: beside published values, on simulated customers, in any order, and with what propensities.

use crate::cases::shared;
use onefold::{
    Belief, Candidate, DecisionModel, DecisionPolicy, DecisionRequest, ErrorKind, Features, Floor, Learner,
    LearnerPolicy, PermissionReason, Seed, Sharing, Timestamp, chances, decide,
};
use proptest::prelude::*;

const LIN_UCB: Learner = Learner::LinUcb { width: 0.5, ridge: 1.0 };
const THOMPSON: Learner = Learner::LinearThompson { width: 0.5, ridge: 1.0 };
const BETA: Learner = Learner::SegmentThompson { prior: (1.0, 1.0) };

/// SplitMix64: the simulated customers.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_microseconds(1_767_607_200_000_000 + seconds * 1_000_000).unwrap()
}

fn model(learner: Learner, dimensions: usize) -> DecisionModel {
    DecisionModel::new(LearnerPolicy::new(learner).dimensions(dimensions)).unwrap()
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped check is said aloud")]
fn lin_ucb_expects_what_mabwiser_expects() {
    let Some(folder) = shared().map(|shared| shared.join("data/vectors")) else {
        eprintln!("skipped: data/vectors is not here");
        return;
    };
    let mut model = model(Learner::LinUcb { width: 1.25, ridge: 1.0 }, 4);
    for row in csv::Reader::from_path(folder.join("linucb_train.csv")).unwrap().deserialize() {
        let (arm, reward, x): (String, f64, [f64; 4]) = row.unwrap();
        model.learn(&arm, "", &Features::new(x), reward).unwrap();
    }
    let text = std::fs::read_to_string(folder.join("reference_vectors.json")).unwrap();
    let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_path(folder.join("linucb_test.csv")).unwrap();
    let expected = reference["linucb_expectations"].as_array().unwrap();
    assert_eq!(expected.len(), 10);
    for (row, expected) in rows.deserialize().zip(expected) {
        let x: [f64; 4] = row.unwrap();
        for arm in ["0", "1", "2"] {
            let Belief::Bound { mean, bonus } = model.belief(arm, "", &Features::new(x)).unwrap() else {
                panic!("LinUCB has bounds")
            };
            let expected = expected[arm].as_f64().unwrap();
            assert!((mean + bonus - expected).abs() < 1e-12, "{arm}: {}, not {expected}", mean + bonus);
        }
    }
}

/// A shop of five offers: what each brings hangs on four features of the customer, by a line that is cut at 0 and 1.
struct Shop {
    weights: Vec<[f64; 5]>,
    dice: Dice,
}

impl Shop {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let one = |dice: &mut Dice| [0.3, 0.0, 0.0, 0.0, 0.0].map(|mean| mean + 0.15 * dice.normal());
        Self { weights: (0..5).map(|_| one(&mut dice)).collect(), dice }
    }

    fn customer(&mut self) -> [f64; 5] {
        let dice = &mut self.dice;
        [1.0, dice.normal(), dice.normal(), dice.normal(), dice.normal()]
    }

    fn chance(&self, offer: usize, customer: &[f64; 5]) -> f64 {
        let line: f64 = self.weights[offer].iter().zip(customer).map(|(weight, x)| weight * x).sum();
        line.clamp(0.0, 1.0)
    }

    /// The offer that is best on average: what is fixed for everybody.
    fn best_on_average(&mut self) -> Learner {
        let customers: Vec<[f64; 5]> = (0..2_000).map(|_| self.customer()).collect();
        let mean = |offer: usize| customers.iter().map(|customer| self.chance(offer, customer)).sum::<f64>() / 2_000.0;
        Learner::Fixed {
            rewards: (0..5).map(|offer| (offer.to_string().into(), mean(offer))).collect(),
            otherwise: 0.0,
        }
    }
}

/// What a learner misses, over so many customers, of what the best offer for each would have brought, per customer.
fn regret(policy: LearnerPolicy, seed: u64, customers: u32) -> f64 {
    let mut shop = Shop::new(seed);
    drop(shop.best_on_average());
    let rules = DecisionPolicy::default().build().unwrap();
    let mut model = DecisionModel::new(policy).unwrap();
    let candidates: Vec<Candidate> = (0..5).map(|offer: u32| Candidate::new(offer.to_string(), 1.0)).collect();
    let mut missed = 0.0;
    for number in 0..customers {
        let customer = shop.customer();
        let context = if model.policy().dimensions > 0 { Features::new(customer) } else { Features::default() };
        let request = DecisionRequest::new(number.to_string(), "home", "marketing", &candidates, at(0));
        let request = request.allow(PermissionReason::Granted).floor(Floor::Any).context(context.clone());
        let decision = decide(&rules, &model, &request.seed(Seed::new(seed.into()))).unwrap();
        let offer: usize = decision.action.as_ref().unwrap().parse().unwrap();
        let best = (0..5).map(|offer| shop.chance(offer, &customer)).fold(0.0, f64::max);
        let chance = shop.chance(offer, &customer);
        missed += best - chance;
        let reward = f64::from(u8::from(shop.dice.uniform() < chance));
        model.learn(decision.action.as_ref().unwrap(), "", &context, reward).unwrap();
    }
    missed / f64::from(customers)
}

/// The bounds of a mean of 20, at 95 %: Student with 19 degrees of freedom.
fn interval(numbers: &[f64]) -> (f64, f64) {
    assert_eq!(numbers.len(), 20);
    let mean = numbers.iter().sum::<f64>() / 20.0;
    let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / 19.0;
    let half = 2.093 * (variance / 20.0).sqrt();
    (mean - half, mean + half)
}

#[test]
fn thompson_and_lin_ucb_beat_epsilon_greedy_and_fixed() {
    const CUSTOMERS: u32 = 1_000;
    // Of a reward of 0 or 1 the deviation is a half at most: that is the width, and nothing was tried.
    let linear = |learner| LearnerPolicy::new(learner).dimensions(5);
    let over = |policy: &(dyn Fn(u64) -> LearnerPolicy + Sync)| -> Vec<f64> {
        std::thread::scope(|scope| {
            let half = scope.spawn(|| (0..10).map(|seed| regret(policy(seed), seed, CUSTOMERS)).collect::<Vec<f64>>());
            let rest: Vec<f64> = (10..20).map(|seed| regret(policy(seed), seed, CUSTOMERS)).collect();
            half.join().unwrap().into_iter().chain(rest).collect()
        })
    };
    let greedy = over(&|_| linear(Learner::LinearMean { ridge: 1.0 }).explore_share(0.1));
    let fixed = over(&|seed| LearnerPolicy::new(Shop::new(seed).best_on_average()));
    for (name, learner) in [("LinUCB", LIN_UCB), ("Thompson", THOMPSON)] {
        let found = over(&|_| linear(learner.clone()));
        for (other, theirs) in [("epsilon-greedy", &greedy), ("fixed", &fixed)] {
            // Of the same customers under one seed.
            let less: Vec<f64> = theirs.iter().zip(&found).map(|(theirs, ours)| theirs - ours).collect();
            let (lower, upper) = interval(&less);
            assert!(lower > 0.0, "{name} misses {lower} to {upper} less than {other}");
        }
    }
}

/// Decides under many seeds, and compares how often each is chosen with the propensities: the chi-square statistic and its
/// degrees of freedom. What is logged must be one number for one choice.
fn chi_square(model: &DecisionModel, candidates: &[Candidate], context: &Features, floor: Floor) -> (f64, usize) {
    const DRAWS: u32 = 3_000;
    let rules = DecisionPolicy::default().build().unwrap();
    let request = |seed: u32| {
        let request = DecisionRequest::new("p-1", "home", "marketing", candidates, at(0)).segment("new");
        let request = request.allow(PermissionReason::Granted).floor(floor).context(context.clone());
        request.seed(Seed::new(u128::from(seed) + 1))
    };
    let mut expected = chances(&rules, model, &request(0)).unwrap();
    let nothing = 1.0 - expected.values().sum::<f64>();
    assert!(nothing > -1e-6, "the chances add up to {}", 1.0 - nothing);
    expected.insert("nothing".into(), nothing.max(0.0));
    let mut counts: std::collections::BTreeMap<_, u32> = expected.keys().map(|action| (action.clone(), 0)).collect();
    for seed in 0..DRAWS {
        let decision = decide(&rules, model, &request(seed)).unwrap();
        let action = decision.action.unwrap_or_else(|| "nothing".into());
        let logged = expected[&action];
        assert!((decision.propensity - logged).abs() < 1e-6, "{action}: {} and {logged}", decision.propensity);
        *counts.get_mut(&action).unwrap() += 1;
    }
    let (mut sum, mut cells) = (0.0, 0_usize);
    for (action, chance) in expected {
        let mean = chance * f64::from(DRAWS);
        let count = f64::from(counts[&action]);
        if mean < 5.0 {
            // Too rare for the statistic: no more than three times the root of what could be.
            assert!(count <= mean + 3.0 * mean.sqrt() + 3.0, "{action}: {count} times, not {mean}");
            continue;
        }
        sum += (count - mean).powi(2) / mean;
        cells += 1;
    }
    (sum, cells - 1)
}

/// The 99.9th percentile of chi-square, by degrees of freedom.
const PERCENTILES: [f64; 7] = [f64::NAN, 10.828, 13.816, 16.266, 18.467, 20.515, 22.458];

#[test]
fn logged_propensities_are_how_often_each_is_chosen() {
    let mut dice = Dice(3);
    let names = ["a", "b", "c", "d", "e"];
    for learner in [LIN_UCB, THOMPSON, Learner::LinearMean { ridge: 1.0 }, BETA] {
        for explore in [0.0, 0.2] {
            let dimensions = if learner == BETA { 0 } else { 3 };
            let policy = LearnerPolicy::new(learner.clone()).dimensions(dimensions).explore_share(explore);
            let mut model = DecisionModel::new(policy).unwrap();
            let features = |dice: &mut Dice| match dimensions {
                0 => Features::default(),
                _ => Features::new([1.0, dice.normal(), dice.normal()]),
            };
            for n in 0..60 {
                let reward = f64::from(u8::from(dice.uniform() < 0.3));
                model.learn(names[n % 4], "new", &features(&mut dice), reward).unwrap();
            }
            let candidates: Vec<Candidate> = (0_u8..5)
                .map(|n| Candidate::new(names[n as usize], 1.0 + f64::from(n)).cost(0.3 * f64::from(n)))
                .collect();
            for floor in [Floor::Positive, Floor::Any] {
                let (sum, freedom) = chi_square(&model, &candidates, &features(&mut dice), floor);
                assert!(freedom == 0 || sum < PERCENTILES[freedom], "{learner:?}, {explore}: {sum} at {freedom}");
                assert!(freedom > 0 || explore == 0.0);
            }
        }
    }
}

#[test]
fn a_shared_model_tells_actions_by_their_features() {
    let policy = LearnerPolicy::new(Learner::LinearMean { ridge: 1.0 }).dimensions(16).sharing(Sharing::Shared);
    let mut model = DecisionModel::new(policy).unwrap();
    let of = |colour: &str| Features::hashed(16).category("colour", colour);
    for n in 0..20 {
        model.learn(&format!("red {n}"), "", &of("red"), 1.0).unwrap();
        model.learn(&format!("blue {n}"), "", &of("blue"), 0.0).unwrap();
    }
    let mean = |colour| model.belief("never seen", "", &of(colour)).unwrap().mean();
    assert!(mean("red") > 0.9 && mean("blue").abs() < 1e-12, "{} and {}", mean("red"), mean("blue"));
}

#[test]
fn hashed_features_are_spread_evenly_and_the_same_for_ever() {
    let found = Features::hashed(64).number("always", 1.0).number("basket", 0.5).category("daypart", "evening");
    let placed = found.numbers().iter().enumerate().filter(|(_, number)| **number != 0.0);
    assert_eq!(placed.map(|(place, number)| (place, *number)).collect::<Vec<_>>(), [(21, 1.0), (24, 1.0), (30, 0.5)]);
    let (mut counts, mut sum) = ([0.0; 16], 0.0);
    for n in 0..1_600 {
        let one = Features::hashed(16).category("product", &n.to_string());
        let place = one.numbers().iter().position(|number| *number != 0.0).unwrap();
        (counts[place], sum) = (counts[place] + 1.0, sum + one.numbers()[place]);
    }
    // 100 in each place; the 99.9th percentile of chi-square of 15 degrees of freedom, and three deviations of the signs.
    let statistic: f64 = counts.iter().map(|count: &f64| (count - 100.0).powi(2) / 100.0).sum();
    assert!(statistic < 37.7 && sum.abs() < 120.0, "{statistic}, {sum}");
}

#[test]
fn wrong_numbers_are_refused_and_change_nothing() {
    let mut linear = model(LIN_UCB, 2);
    let before = linear.clone();
    for features in [vec![1.0], vec![1.0, f64::NAN], vec![f64::INFINITY, 0.0], vec![1e9, 0.0]] {
        let error = linear.learn("a", "", &Features::new(features), 1.0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
    }
    for reward in [f64::NAN, 1.5, -0.1] {
        assert_eq!(linear.learn("a", "", &Features::new([1.0, 0.0]), reward).unwrap_err().kind(), ErrorKind::Input);
    }
    assert_eq!(linear.unlearn("a", "", &Features::new([1.0, 0.0]), 1.0).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(linear, before);
    let wrong = [
        LearnerPolicy::new(LIN_UCB),
        LearnerPolicy::new(BETA).dimensions(3),
        LearnerPolicy::new(LIN_UCB).dimensions(300),
        LearnerPolicy::new(Learner::LinUcb { width: f64::NAN, ridge: 1.0 }).dimensions(2),
        LearnerPolicy::new(Learner::LinearMean { ridge: 0.0 }).dimensions(2),
        LearnerPolicy::new(Learner::SegmentMean { prior: (0.5, 1.0) }),
        LearnerPolicy::new(BETA).reward_range(0.0, 2.0),
        LearnerPolicy::new(BETA).explore_share(1.5),
        LearnerPolicy::new(LIN_UCB).dimensions(2).reward_range(1.0, 1.0),
    ];
    for policy in wrong {
        assert_eq!(DecisionModel::new(policy.clone()).unwrap_err().kind(), ErrorKind::Config, "{policy:?}");
    }
}

/// One thing to learn: action, segment, features, reward.
fn lessons() -> impl Strategy<Value = Vec<(u8, u8, [f64; 3], f64)>> {
    let number = prop_oneof![Just(0.0), -3.0..3.0_f64, -1e3..1e3_f64];
    let lesson = (0..3_u8, 0..2_u8, [number.clone(), number.clone(), number], 0.0..=1.0_f64);
    prop::collection::vec(lesson, 1..30)
}

fn bytes(model: &DecisionModel) -> String {
    serde_json::to_string(model).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In any order, and with things learned and unlearned between: the same bytes, and the same beliefs to the last bit.
    #[test]
    fn a_model_is_a_function_of_the_set_it_learned(lessons in lessons(), extra in lessons(), turn in 0..30_usize) {
        for (learner, dimensions) in [(LIN_UCB, 3), (THOMPSON, 3), (BETA, 0)] {
            let x = |x: &[f64; 3]| if dimensions == 0 { Features::default() } else { Features::new(*x) };
            let learn = |model: &mut DecisionModel, (action, segment, features, reward): &(u8, u8, [f64; 3], f64)| {
                model.learn(&action.to_string(), &segment.to_string(), &x(features), *reward).unwrap();
            };
            let mut straight = model(learner.clone(), dimensions);
            lessons.iter().for_each(|lesson| learn(&mut straight, lesson));
            let mut other = model(learner.clone(), dimensions);
            extra.iter().for_each(|lesson| learn(&mut other, lesson));
            let mut turned = lessons.clone();
            turned.rotate_left(turn % lessons.len());
            turned.reverse();
            turned.iter().for_each(|lesson| learn(&mut other, lesson));
            prop_assert_ne!(other.version(), straight.version());
            for (action, segment, features, reward) in &extra {
                other.unlearn(&action.to_string(), &segment.to_string(), &x(features), *reward).unwrap();
            }
            prop_assert_eq!(bytes(&other), bytes(&straight));
            prop_assert_eq!(&other, &straight);
            prop_assert_eq!(other.version(), straight.version());
            let read: DecisionModel = serde_json::from_str(&bytes(&straight)).unwrap();
            prop_assert_eq!(&read, &straight);
            prop_assert_eq!(read.version(), straight.version());
        }
    }
}

//! The cart that is about to be lost: a hazard that learns online and is calibrated, and coupons that earn what they cost.

use crate::simulated::Chance;
use onefold::{
    CartExample, CartFeatures, CartHazard, CartLearned, CouponExample, CouponGroup, CouponOutcome, CouponReason,
    CouponRequest, CouponRules, CouponUplift, ErrorKind, Ftrl, FtrlOptions, RecordKey, Seed, Timestamp, UpliftEstimate,
    measure_uplift,
};
use std::collections::BTreeMap;

const DAY: i64 = 86_400_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_microseconds(20_000 * DAY + seconds * 1_000_000).unwrap()
}

fn logistic(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

/// A step of a simulated session, and how likely its cart is truly given up.
fn step(chance: &mut Chance, number: usize) -> (CartExample, f64) {
    let (idle, items, returning) = (chance.below(4), chance.below(5), chance.below(2) == 1);
    let truth = logistic(-3.0 + 0.9 * idle as f64 - 0.3 * items as f64 - if returning { 0.7 } else { 0.0 });
    let features = CartFeatures::new().number("idle", idle as f64 / 3.0).number("items", items as f64 / 4.0);
    let features = if returning { features.flag("returning") } else { features };
    let abandoned = chance.share() < truth;
    let key = RecordKey::new("web", format!("{number:06}"));
    (CartExample { key, at: at(number as i64), features, abandoned }, truth)
}

fn steps(seed: u64, count: usize) -> (Vec<CartExample>, Vec<f64>) {
    let mut chance = Chance(seed);
    (0..count).map(|number| step(&mut chance, number)).unzip()
}

#[test]
fn the_steps_of_ftrl_are_those_of_the_paper() {
    // By hand: alpha 1/2, beta 1, l1 1/10, l2 1/4. Algorithm 1 of McMahan and others.
    let options = FtrlOptions { alpha: 0.5, beta: 1.0, l1: 0.1, l2: 0.25, ..FtrlOptions::default() };
    let mut model = Ftrl::new(options).unwrap();
    let features = CartFeatures::new().number("x", 2.0);
    assert_eq!(model.learn(&features, true).unwrap(), 0.5);
    // Gradients -1/2 and -1 from weights 0: z is the gradient, n its square.
    let weight = |z: f64, n: f64| -(z - z.signum() * 0.1) / ((1.0 + n.sqrt()) / 0.5 + 0.25);
    let (base, x) = (weight(-0.5, 0.25), weight(-1.0, 1.0));
    let found: BTreeMap<&str, f64> = model.weights().collect();
    assert!((found[""] - base).abs() < 1e-15 && (found["x"] - x).abs() < 1e-15, "{found:?}");
    let said = model.learn(&features, true).unwrap();
    assert!((said - logistic(base + 2.0 * x)).abs() < 1e-15);
    let after = |z: f64, n: f64, w: f64, g: f64| {
        let more = n + g * g;
        weight(z + g - (more.sqrt() - n.sqrt()) / 0.5 * w, more)
    };
    let found: BTreeMap<&str, f64> = model.weights().collect();
    assert!((found[""] - after(-0.5, 0.25, base, said - 1.0)).abs() < 1e-14, "{found:?}");
    assert!((found["x"] - after(-1.0, 1.0, x, 2.0 * (said - 1.0))).abs() < 1e-14, "{found:?}");
    // What nothing speaks for weighs exactly nothing.
    model.learn(&CartFeatures::new().number("y", 0.05), true).unwrap();
    assert_eq!(model.weights().find(|(name, _)| *name == "y").unwrap().1, 0.0);
}

#[test]
fn the_hazard_is_calibrated_and_near_the_truth() {
    let (learned, _) = steps(1, 30_000);
    let mut hazard = CartHazard::new(FtrlOptions::default()).unwrap();
    for example in &learned {
        assert_eq!(hazard.learn(example).unwrap(), CartLearned::InOrder);
    }
    let (fresh, truth) = steps(2, 20_000);
    let said: Vec<f64> = fresh.iter().map(|example| hazard.predict(&example.features).unwrap()).collect();
    let off = said.iter().zip(&truth).map(|(said, truth)| (said - truth).abs()).sum::<f64>() / said.len() as f64;
    assert!(off < 0.015, "off by {off} on the average");
    // In each tenth of what was said, what happened is within four standard errors of it.
    let mut order: Vec<usize> = (0..said.len()).collect();
    order.sort_by(|a, b| said[*a].total_cmp(&said[*b]));
    for tenth in order.chunks(fresh.len() / 10) {
        let count = tenth.len() as f64;
        let mean = tenth.iter().map(|place| said[*place]).sum::<f64>() / count;
        let happened = tenth.iter().filter(|place| fresh[**place].abandoned).count() as f64 / count;
        let error = (mean * (1.0 - mean) / count).sqrt();
        assert!((happened - mean).abs() < 4.0 * error + 0.01, "said {mean}, happened {happened}");
    }
    let sum: f64 = said.iter().sum();
    let happened = fresh.iter().filter(|example| example.abandoned).count() as f64;
    // The last few thousand steps weigh most: the level wavers by some hundredths of itself.
    assert!((sum / happened - 1.0).abs() < 0.15, "{sum} of {happened}");
}

#[test]
fn learning_in_order_is_the_fold_and_what_comes_late_is_told() {
    let (examples, _) = steps(3, 400);
    let options = FtrlOptions::default();
    let mut online = CartHazard::new(options).unwrap();
    for example in &examples {
        online.learn(example).unwrap();
        assert_eq!(online.learn(example).unwrap(), CartLearned::Repeated);
    }
    let mut shuffled = examples.clone();
    shuffled.extend_from_slice(&examples[..50]);
    Chance(9).shuffle(&mut shuffled);
    assert_eq!(CartHazard::refit(options, &shuffled).unwrap(), online);

    // One comes late: it is told, nothing changes, and refitting makes it as if it had always been there.
    let (late, mut rest) = (examples[200].clone(), examples.clone());
    rest.remove(200);
    let mut hazard = CartHazard::refit(options, &rest).unwrap();
    let before = hazard.model().clone();
    assert_eq!(hazard.learn(&late).unwrap(), CartLearned::Late);
    assert_eq!((hazard.model(), hazard.late(), hazard.learned()), (&before, 1, 399));
    rest.push(late);
    let refitted = CartHazard::refit(options, &rest).unwrap();
    assert_eq!(refitted, online);
    assert_ne!(refitted.model(), &before);

    // Of several versions the latest counts, whatever came first.
    let corrected = CartExample { at: at(1_000), abandoned: !examples[0].abandoned, ..examples[0].clone() };
    let both = [examples[0].clone(), corrected.clone()];
    let turned = [corrected.clone(), examples[0].clone()];
    let expected = CartHazard::refit(options, &[corrected]).unwrap();
    assert_eq!(CartHazard::refit(options, &both).unwrap(), expected);
    assert_eq!(CartHazard::refit(options, &turned).unwrap(), expected);

    // Kept and read back, it goes on as before.
    let text = serde_json::to_string(&online).unwrap();
    let mut read: CartHazard = serde_json::from_str(&text).unwrap();
    assert_eq!(read, online);
    let (next, _) = step(&mut Chance(4), 1_000);
    online.learn(&next).unwrap();
    read.learn(&next).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), serde_json::to_string(&online).unwrap());
}

#[test]
fn what_is_wrong_is_refused_and_limits_are_told() {
    let mut model = Ftrl::new(FtrlOptions { features_max: 1, ..FtrlOptions::default() }).unwrap();
    for wrong in [f64::NAN, f64::INFINITY, 2e6] {
        let features = CartFeatures::new().number("minutes", wrong);
        let error = model.learn(&features, true).unwrap_err();
        assert!(error.kind() == ErrorKind::Input && error.to_string().contains("minutes"), "{error}");
    }
    let many = (0..257).fold(CartFeatures::new(), |features, n| features.flag(n.to_string()));
    assert_eq!(model.predict(&many).unwrap_err().kind(), ErrorKind::Limit);
    model.learn(&CartFeatures::new().flag("a").flag("b"), true).unwrap();
    model.learn(&CartFeatures::new().flag("a").flag("b"), true).unwrap();
    assert_eq!((model.left_out(), model.weights().count()), (2, 2));
    assert!(Ftrl::new(FtrlOptions { alpha: 0.0, ..FtrlOptions::default() }).is_err());
    assert!(Ftrl::new(FtrlOptions { l1: f64::NAN, ..FtrlOptions::default() }).is_err());
    // Extreme numbers, many times, and still numbers.
    let mut model = Ftrl::new(FtrlOptions { beta: 0.0, l2: 0.0, ..FtrlOptions::default() }).unwrap();
    let far = CartFeatures::new().number("value", 1e6).number("other", -1e6).number("none", 0.0);
    for n in 0..200 {
        model.learn(&far, n % 3 == 0).unwrap();
    }
    assert!(model.predict(&far).unwrap().is_finite() && model.weights().all(|(_, weight)| weight.is_finite()));
    let broken = r#"{"options":{},"base":{"z":0.0,"n":-1.0},"named":{},"left_out":0}"#;
    assert!(serde_json::from_str::<Ftrl>(broken).is_err());
    let mut uplift = CouponUplift::new(FtrlOptions::default()).unwrap();
    let (example, _) = step(&mut Chance(1), 1);
    let wrong = CouponExample {
        key: example.key,
        at: example.at,
        features: example.features,
        group: CouponGroup::Control,
        bought: true,
        redeemed: true,
    };
    assert_eq!(uplift.learn(&wrong).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(uplift.learned(), 0);
}

/// Kinds of people: how likely they buy without a coupon and with one, and how likely they redeem it when they buy.
const KINDS: [(&str, f64, f64, f64); 4] =
    [("sure", 0.75, 0.77, 0.95), ("persuadable", 0.1, 0.5, 0.9), ("lost", 0.02, 0.03, 0.9), ("proud", 0.4, 0.3, 0.5)];

const MARGIN: f64 = 30.0;
const COST: f64 = 4.0;

/// A cart in danger: what is seen of it, which kind it is, and the dice that decide what comes of it.
struct Cart {
    features: CartFeatures,
    kind: usize,
    dice: (f64, f64),
}

fn cart(chance: &mut Chance) -> Cart {
    let kind = chance.below(4) as usize;
    // What is seen tells the kind in four of five cases.
    let seen = if chance.below(5) == 0 { chance.below(4) as usize } else { kind };
    let features = CartFeatures::new().class("looks", KINDS[seen].0).number("items", chance.below(4) as f64 / 4.0);
    Cart { features, kind, dice: (chance.share(), chance.share()) }
}

/// Whether it is bought, whether the coupon is redeemed, and what is earned.
fn outcome(cart: &Cart, group: CouponGroup) -> (bool, bool, f64) {
    let (_, without, with, redeem) = KINDS[cart.kind];
    let is_treated = group == CouponGroup::Treated;
    let bought = cart.dice.0 < if is_treated { with } else { without };
    let redeemed = bought && is_treated && cart.dice.1 < redeem;
    let earned = if bought { MARGIN } else { 0.0 } - if redeemed { COST } else { 0.0 };
    (bought, redeemed, earned)
}

fn learned(chance: &mut Chance, count: usize) -> CouponUplift {
    let mut uplift = CouponUplift::new(FtrlOptions::default()).unwrap();
    for number in 0..count {
        let cart = cart(chance);
        let group = if chance.below(2) == 0 { CouponGroup::Treated } else { CouponGroup::Control };
        let (bought, redeemed, _) = outcome(&cart, group);
        let key = RecordKey::new("web", format!("{number:06}"));
        let example = CouponExample { key, at: at(number as i64), features: cart.features, group, bought, redeemed };
        assert_eq!(uplift.learn(&example).unwrap(), CartLearned::InOrder);
    }
    uplift
}

fn rules(budget: f64) -> CouponRules {
    CouponRules::new(COST, budget, at(0), at(100_000))
}

/// The mean of differences, and the half width of its interval at 95 % (Student's t for 11 degrees).
fn interval(differences: &[f64]) -> (f64, f64) {
    let count = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / count;
    let squares = differences.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>();
    (mean, 2.201 * (squares / (count - 1.0) / count).sqrt())
}

#[test]
fn coupons_by_uplift_earn_more_than_coupons_for_all_and_these_more_than_none() {
    let (mut over_all, mut over_none, mut covered) = (Vec::new(), Vec::new(), 0);
    const SEEDS: u64 = 12;
    for seed in 0..SEEDS {
        let mut chance = Chance(1_000 + seed);
        let uplift = learned(&mut chance, 3_000);
        let rules = rules(1e9);
        let (mut by_uplift, mut all, mut none) = (0.0, 0.0, 0.0);
        let (mut outcomes, mut truth) = (Vec::new(), Vec::new());
        const CARTS: usize = 3_000;
        for number in 0..CARTS {
            let cart = cart(&mut chance);
            let group = CouponGroup::draw(Seed::new(seed.into()), "spring", &number.to_string(), 0.3).unwrap();
            let estimate = uplift.predict(&cart.features).unwrap();
            let request = |group| CouponRequest::new(estimate, MARGIN, group, at(10));
            let [with, without] = [CouponGroup::Treated, CouponGroup::Control].map(|group| outcome(&cart, group));
            all += with.2;
            none += without.2;
            let free = rules.decide(&request(CouponGroup::Treated)).unwrap();
            by_uplift += if free.is_granted() { with.2 } else { without.2 };
            // With a control group, what is measured is what coupons do to those who would get one.
            let decided = rules.decide(&request(group)).unwrap();
            if [CouponReason::Granted, CouponReason::Control].contains(&decided.reason) {
                assert_eq!(decided.is_granted(), group == CouponGroup::Treated);
                let (bought, _, earned) = if decided.is_granted() { with } else { without };
                outcomes.push(CouponOutcome { group, bought, earned });
                truth.push(KINDS[cart.kind].2 - KINDS[cart.kind].1);
            } else {
                assert_eq!(decided.reason, CouponReason::NotWorth);
            }
        }
        let measured = measure_uplift(&outcomes, 0.95).unwrap();
        let truth = truth.iter().sum::<f64>() / truth.len() as f64;
        covered += usize::from(measured.share.lower <= truth && truth <= measured.share.upper);
        assert!(measured.share.lower > 0.0 && measured.earned.value > 0.0, "{measured:?}");
        over_all.push((by_uplift - all) / CARTS as f64);
        over_none.push((all - none) / CARTS as f64);
    }
    let ((more, half), (least, error)) = (interval(&over_all), interval(&over_none));
    assert!(more - half > 0.0, "by uplift over all: {more} +- {half} a cart");
    assert!(least - error > 0.0, "all over none: {least} +- {error} a cart");
    // At 95 %, fewer than 9 of 12 are seen once in five thousand times.
    assert!(covered >= 9, "{covered} of {SEEDS} intervals cover the truth");
}

#[test]
fn a_budget_is_paced_and_never_overspent_and_goes_to_those_who_gain_most() {
    let mut chance = Chance(77);
    let uplift = learned(&mut chance, 3_000);
    let run = |pressure: f64, chance: &mut Chance| {
        let rules = CouponRules { pressure, ..rules(400.0) };
        let (mut spent, mut half, mut gained, mut last) = (0.0, 0.0, 0.0, 0);
        for number in 0..2_000 {
            let cart = cart(chance);
            let estimate = uplift.predict(&cart.features).unwrap();
            let (now, margin) = (at(number * 50), 10.0 + 10.0 * chance.below(5) as f64);
            let request = CouponRequest { spent, ..CouponRequest::new(estimate, margin, CouponGroup::Treated, now) };
            let decision = rules.decide(&request).unwrap();
            if decision.is_granted() {
                (spent, gained, last) = (spent + decision.cost, gained + decision.gain, number);
            }
            assert!(spent <= 400.0);
            if number == 1_000 {
                half = spent;
            }
        }
        (spent, half, gained, last)
    };
    let (greedy, early, first, ended) = run(0.0, &mut Chance(5));
    assert!(greedy > 390.0 && early > 390.0 && ended < 1_000, "first come: {greedy} {early} {ended}");
    let (paced, half, best, ended) = run(100.0, &mut Chance(5));
    assert!(paced > 380.0 && ended > 1_850, "paced: {paced}, the last at {ended}");
    assert!((180.0..240.0).contains(&half), "half of the time: {half}");
    assert!(best > 1.1 * first, "paced it gains {best}, first come first served {first}");
}

#[test]
fn a_cap_counts_its_window_and_control_groups_are_drawn_evenly() {
    let estimate = UpliftEstimate { treated: 0.5, control: 0.1, redeemed: 0.4 };
    let rules = CouponRules { cap: 2, cap_days: 7, ..CouponRules::new(COST, 1e6, at(0), at(100 * 86_400)) };
    let now = at(50 * 86_400);
    let why = |days: &[i64]| {
        let earlier = days.iter().map(|day| at((50 - day) * 86_400)).collect();
        let request = CouponRequest { earlier, ..CouponRequest::new(estimate, MARGIN, CouponGroup::Treated, now) };
        rules.decide(&request).unwrap().reason
    };
    assert_eq!(why(&[]), CouponReason::Granted);
    assert_eq!(why(&[0]), CouponReason::Granted);
    assert_eq!(why(&[0, 6]), CouponReason::CapReached);
    assert_eq!(why(&[0, 7]), CouponReason::Granted);
    // What is told of the future is not yet.
    assert_eq!(why(&[0, -1]), CouponReason::Granted);

    let draw = |seed: u128, campaign: &str, who: u64| {
        CouponGroup::draw(Seed::new(seed), campaign, &who.to_string(), 0.2).unwrap() == CouponGroup::Control
    };
    let control = (0..10_000).filter(|who| draw(1, "spring", *who)).count();
    // Five standard deviations of 40.
    assert!((1_800..=2_200).contains(&control), "{control}");
    let both = (0..10_000).filter(|who| draw(1, "spring", *who) && draw(1, "summer", *who)).count();
    assert!((300..=500).contains(&both), "{both}");
    assert!((0..100).all(|who| draw(1, "spring", who) == draw(1, "spring", who)));
    assert!((0..100).any(|who| draw(1, "spring", who) != draw(2, "spring", who)));
    let all = |share| CouponGroup::draw(Seed::new(1), "spring", "ann", share);
    assert_eq!((all(0.0).unwrap(), all(1.0).unwrap()), (CouponGroup::Treated, CouponGroup::Control));
    assert!(all(f64::NAN).is_err() && all(1.5).is_err());
}

#[test]
fn a_wrong_campaign_or_request_is_refused_by_name() {
    let estimate = UpliftEstimate { treated: 0.5, control: 0.1, redeemed: 0.4 };
    let request = CouponRequest::new(estimate, MARGIN, CouponGroup::Treated, at(10));
    let refuse = |rules: CouponRules, request: &CouponRequest, kind, name: &str| {
        let wrong = rules.decide(request).unwrap_err();
        assert!(wrong.kind() == kind && wrong.to_string().contains(name), "{wrong}");
    };
    refuse(CouponRules { cost: 0.0, ..rules(1.0) }, &request, ErrorKind::Config, "cost");
    refuse(CouponRules { budget: f64::NAN, ..rules(1.0) }, &request, ErrorKind::Config, "budget");
    refuse(CouponRules { until: at(0), ..rules(1.0) }, &request, ErrorKind::Config, "until");
    refuse(CouponRules { pressure: -1.0, ..rules(1.0) }, &request, ErrorKind::Config, "pressure");
    refuse(CouponRules { gain_min: f64::INFINITY, ..rules(1.0) }, &request, ErrorKind::Config, "gain_min");
    let asked = |change: fn(&mut CouponRequest), name: &str| {
        let mut wrong = request.clone();
        change(&mut wrong);
        refuse(rules(1e3), &wrong, ErrorKind::Input, name);
    };
    asked(|request| request.estimate.treated = f64::NAN, "treated");
    asked(|request| request.welcome = 1.5, "welcome");
    asked(|request| request.spent = -1.0, "spent");
    asked(|request| request.margin = f64::NAN, "margin");
    asked(|request| request.now = at(100_000), "now");
    let one = CouponOutcome { group: CouponGroup::Treated, bought: true, earned: 1.0 };
    assert!(measure_uplift(&[one, one], 0.95).is_err());
    assert!(measure_uplift(&[CouponOutcome { earned: f64::NAN, ..one }], 0.95).is_err());
}

#[test]
fn a_measured_uplift_is_that_of_the_paper() {
    // Newcombe 1998, method 10, example (a): 56 of 70 and 48 of 80, 0.0524 to 0.3339.
    let of = |group, count: usize, bought: usize| {
        (0..count).map(move |n| CouponOutcome { group, bought: n < bought, earned: f64::from(u8::from(n < bought)) })
    };
    let outcomes: Vec<_> = of(CouponGroup::Treated, 70, 56).chain(of(CouponGroup::Control, 80, 48)).collect();
    let measured = measure_uplift(&outcomes, 0.95).unwrap();
    assert!((measured.share.lower - 0.0524).abs() < 5e-5, "{measured:?}");
    assert!((measured.share.upper - 0.3339).abs() < 5e-5, "{measured:?}");
    let mut turned = outcomes;
    turned.reverse();
    assert_eq!(measure_uplift(&turned, 0.95).unwrap(), measured);
}

//! What the log of one policy says of another, and when rewards drift.

use crate::cases::shared;
use crate::learners::Dice;
use onefold::{
    Adwin, ErrorKind, LoggedChoice, OffPolicy, OffPolicyEstimates, OffPolicyOptions, PageHinkley, PageHinkleyOptions,
    estimate,
};
use std::collections::BTreeMap;

fn estimates(rows: &[LoggedChoice], options: &OffPolicyOptions) -> OffPolicyEstimates {
    match estimate(rows, options).unwrap() {
        OffPolicy::Estimated(found) => found,
        OffPolicy::NotEnough(support) => panic!("{support:?}"),
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped check is said aloud")]
fn open_bandit_is_estimated_as_its_authors_do() {
    let Some(folder) = shared().map(|shared| shared.join("data/bandit")) else {
        eprintln!("skipped: data/bandit is not here");
        return;
    };
    let mut target: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    for row in csv::Reader::from_path(folder.join("obd_men_bts_action_dist.csv")).unwrap().deserialize() {
        let (position, item, chance): (u32, u32, f64) = row.unwrap();
        target.insert((position, item), chance);
    }
    let mut rows = Vec::new();
    for row in csv::Reader::from_path(folder.join("random_men.csv")).unwrap().records() {
        let row = row.unwrap();
        let number = |place: usize| row[place].parse::<f64>().unwrap();
        let place = (number(3) as u32 - 1, number(2) as u32);
        let (propensity, reward) = (number(5), number(4));
        rows.push(LoggedChoice { propensity, target: target[&place], reward, predicted: 0.0, expected: 0.0 });
    }
    assert_eq!(rows.len(), 10_000);
    let found = estimates(&rows, &OffPolicyOptions::default());
    assert!((found.ips.value - 0.004_523_36).abs() < 5e-11, "{:?}", found.ips);
    // The reference is cut, not rounded, to its digits.
    assert!((found.snips.value - 0.004_595_199_95).abs() < 5e-11, "{:?}", found.snips);
    assert!(found.ips.lower < found.ips.value && found.ips.value < found.ips.upper);
    // Two thousand rows hold a fifth of the clicks: that is too few, and said so.
    let few = estimate(&rows[..2_000], &OffPolicyOptions::default()).unwrap();
    assert!(matches!(few, OffPolicy::NotEnough(support) if support.positives < 20), "{few:?}");
}

/// A world of three actions and two kinds of people, a policy that logs and one that is judged.
const LOGS: [[f64; 3]; 2] = [[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]];
const JUDGED: [[f64; 3]; 2] = [[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]];
const PAYS: [[f64; 3]; 2] = [[0.1, 0.2, 0.4], [0.3, 0.5, 0.1]];

fn truth() -> f64 {
    let of = |kind: usize| JUDGED[kind].iter().zip(PAYS[kind]).map(|(chance, pays)| chance * pays).sum::<f64>();
    f64::midpoint(of(0), of(1))
}

/// So many logged rows. The model of rewards is off by `wrong`; the propensities are told with an error where they are to be.
fn log(seed: u64, rows: usize, wrong: f64, mistold: bool) -> Vec<LoggedChoice> {
    let mut dice = Dice(seed.wrapping_mul(0x1234_5677) + 99);
    let one = |_| {
        let kind = usize::from(dice.uniform() < 0.5);
        let drawn = dice.uniform();
        let action = if drawn < LOGS[kind][0] { 0 } else { 1 + usize::from(drawn >= LOGS[kind][0] + LOGS[kind][1]) };
        let reward = f64::from(u8::from(dice.uniform() < PAYS[kind][action]));
        let predict = |action: usize| PAYS[kind][action] + wrong * (action as f64 - 0.5);
        let expected = (0..3).map(|action| JUDGED[kind][action] * predict(action)).sum();
        let propensity = if mistold { 1.0 / 3.0 } else { LOGS[kind][action] };
        LoggedChoice { propensity, target: JUDGED[kind][action], reward, predicted: predict(action), expected }
    };
    (0..rows).map(one).collect()
}

#[test]
fn intervals_cover_the_truth_as_often_as_they_say() {
    const WORLDS: u64 = 600;
    let mut covered = [0_u64; 3];
    for world in 0..WORLDS {
        let found = estimates(&log(world, 500, 0.2, false), &OffPolicyOptions::default());
        for (covered, estimate) in covered.iter_mut().zip([found.ips, found.snips, found.doubly_robust]) {
            *covered += u64::from(estimate.lower <= truth() && truth() <= estimate.upper);
        }
    }
    // 95 % of 600 is 570, with a deviation of 5.3: three of them each way.
    for (name, covered) in ["IPS", "SNIPS", "doubly robust"].iter().zip(covered) {
        assert!((554..=586).contains(&covered), "{name}: {covered} of {WORLDS}");
    }
}

#[test]
fn doubly_robust_is_right_if_either_part_is() {
    let options = OffPolicyOptions::default();
    let off = |estimate: onefold::OffPolicyEstimate| (estimate.value - truth()) / estimate.error;
    let propensities = estimates(&log(7, 20_000, 0.4, false), &options);
    assert!(off(propensities.doubly_robust).abs() < 3.0 && off(propensities.direct).abs() > 10.0);
    let model = estimates(&log(8, 20_000, 0.0, true), &options);
    assert!(off(model.doubly_robust).abs() < 3.0 && off(model.ips).abs() > 10.0);
    // A good model takes most of the noise away.
    let good = estimates(&log(9, 20_000, 0.0, false), &options);
    assert!(good.doubly_robust.error < 0.95 * good.ips.error, "{good:?}");
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let options = OffPolicyOptions::default();
    let row = LoggedChoice { propensity: 0.5, target: 0.5, reward: 1.0, predicted: 0.0, expected: 0.0 };
    assert!(matches!(estimate(&[], &options).unwrap(), OffPolicy::NotEnough(support) if support.rows == 0));
    assert!(
        matches!(estimate(&[row; 99], &options).unwrap(), OffPolicy::NotEnough(support) if support.effective == 99.0)
    );
    assert!(matches!(estimate(&[row; 100], &options).unwrap(), OffPolicy::Estimated(_)));
    // A single heavy row is worth one, however many light ones there are.
    let mut heavy = vec![LoggedChoice { target: 0.001, ..row }; 1_000];
    heavy.push(LoggedChoice { propensity: 0.000_01, target: 1.0, ..row });
    assert!(matches!(estimate(&heavy, &options).unwrap(), OffPolicy::NotEnough(support) if support.effective < 1.1));
    let wrong = [
        LoggedChoice { propensity: 0.0, ..row },
        LoggedChoice { propensity: f64::NAN, ..row },
        LoggedChoice { propensity: 1.1, ..row },
        LoggedChoice { target: -0.1, ..row },
        LoggedChoice { reward: f64::NAN, ..row },
        LoggedChoice { expected: f64::INFINITY, ..row },
    ];
    for row in wrong {
        assert_eq!(estimate(&[row], &options).unwrap_err().kind(), ErrorKind::Input, "{row:?}");
    }
    let level = OffPolicyOptions { level: 1.0, ..options };
    assert_eq!(estimate(&[row], &level).unwrap_err().kind(), ErrorKind::Config);
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped check is said aloud")]
fn drift_is_found_where_river_finds_it() {
    let Some(folder) = shared().map(|shared| shared.join("data/vectors")) else {
        eprintln!("skipped: data/vectors is not here");
        return;
    };
    let text = std::fs::read_to_string(folder.join("drift_stream.csv")).unwrap();
    let stream: Vec<f64> = text.lines().map(|line| line.parse().unwrap()).collect();
    let mut adwin = Adwin::new(0.002).unwrap();
    let mut page_hinkley = PageHinkley::new(PageHinkleyOptions::default()).unwrap();
    let alarms = |detect: &mut dyn FnMut(f64) -> bool| -> Vec<usize> {
        stream.iter().enumerate().filter(|(_, number)| detect(**number)).map(|(place, _)| place).collect()
    };
    assert_eq!(alarms(&mut |number| adwin.push(number).unwrap()), [1_023]);
    assert_eq!(alarms(&mut |number| page_hinkley.push(number).unwrap()), [1_006, 1_888]);
}

#[test]
fn detectors_are_silent_where_nothing_drifts_and_refuse_what_is_no_number() {
    let mut dice = Dice(17);
    let mut adwin = Adwin::new(0.002).unwrap();
    assert!(adwin.is_empty() && adwin.mean().is_none());
    assert!((0..20_000).all(|_| !adwin.push(f64::from(u8::from(dice.uniform() < 0.3))).unwrap()));
    assert!((adwin.mean().unwrap() - 0.3).abs() < 0.02 && adwin.len() == 20_000);
    let before = adwin.clone();
    assert_eq!(adwin.push(f64::NAN).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(adwin, before);
    // Ten ones after 54 zeros are too few to be sure: the bound has a term that does not hang on the variance.
    let mut young = Adwin::new(0.002).unwrap();
    assert!((0..64).all(|n| !young.push(f64::from(u8::from(n >= 54))).unwrap()));
    // A fall of the rate from 0.3 to 0.2 is found, and what came before it is let go.
    let place = (0..3_000).position(|_| adwin.push(f64::from(u8::from(dice.uniform() < 0.2))).unwrap());
    assert!(place.is_some_and(|place| place < 2_500), "{place:?}");
    assert_eq!(Adwin::new(1.0).unwrap_err().kind(), ErrorKind::Config);
    let wrong = PageHinkleyOptions { threshold: 0.0, ..PageHinkleyOptions::default() };
    assert_eq!(PageHinkley::new(wrong).unwrap_err().kind(), ErrorKind::Config);
}

//! When the next purchase or service comes: against simulations whose truth is known, groceries, and at the edges.

use crate::cases::shared;
use crate::simulated::Chance;
use onefold::{
    Due, DueRequest, ErrorKind, GapPrior, NoEvidence, Reading, Season, ServiceCause, ServiceDue, ServiceRule,
    learn_gaps, next_due,
};
use std::collections::{BTreeMap, BTreeSet};

/// How the gaps of the simulated go.
const TRUTH: [(&str, f64); 3] = [("regularity", 3.0), ("people", 5.0), ("scale", 60.0)];

/// Days of customers from their first purchase somewhere in the first year, over three years.
fn people(count: usize, seed: u64) -> Vec<Vec<i64>> {
    drifting(count, seed, None)
}

/// The same, the rate of each times a gamma of mean 1 and some shape after each gap.
fn drifting(count: usize, seed: u64, shape: Option<f64>) -> Vec<Vec<i64>> {
    let [(_, regularity), (_, people), (_, scale)] = TRUTH;
    let mut chance = Chance(seed);
    let one = |_| {
        let mut rate = chance.gamma(people) / scale;
        let mut time = 365.0 * chance.share();
        let mut days = Vec::new();
        while time < 1_095.0 {
            days.push(time.round() as i64);
            time += chance.gamma(regularity) / rate;
            rate *= shape.map_or(1.0, |shape| chance.gamma(shape) / shape);
        }
        days
    };
    (0..count).map(one).collect()
}

fn due(days: &[i64], prior: &GapPrior, request: &DueRequest<'_>) -> Due {
    next_due(days, Ok(prior), request).unwrap().unwrap()
}

#[test]
fn known_gaps_are_found_again() {
    let people = people(3_000, 7);
    let prior = learn_gaps(&people, 730, None).unwrap();
    for ((name, truth), found) in TRUTH.into_iter().zip([prior.regularity, prior.people, prior.scale]) {
        assert!((found / truth - 1.0).abs() < 0.1, "{name} is {found}, not {truth}");
    }
    assert!(prior.memory > 30.0, "nobody changed: {}", prior.memory);
    // Seen for one gap or two, most open ones are the long ones: without them everybody would look quick.
    let short = learn_gaps(&people, 380, None).unwrap();
    let mean = |prior: &GapPrior| prior.regularity * prior.scale / (prior.people - 1.0);
    assert!((mean(&short) / 45.0 - 1.0).abs() < 0.1, "{}", mean(&short));
}

/// Of 3,000 others the next purchase lies in an interval of 80 % for 80 % (to 2 in 100), and of 50 % for 50 %; the due date
/// halves them.
#[test]
fn intervals_hold_what_they_say() {
    let prior = learn_gaps(&people(3_000, 7), 730, None).unwrap();
    let others = people(3_000, 8);
    for level in [0.8, 0.5] {
        let (mut inside, mut asked, mut below) = (0.0, 0.0, 0.0);
        for days in &others {
            // Each is asked on another day, in the middle of a gap.
            let now = 380 + (asked as i64 * 37) % 300;
            let known: Vec<i64> = days.iter().copied().filter(|day| *day <= now).collect();
            let Some(next) = days.iter().find(|day| **day > now) else { continue };
            let due = due(&known, &prior, &DueRequest::new(now).level(level));
            asked += 1.0;
            inside += f64::from(u8::from((due.earliest..=due.latest).contains(&(*next as f64))));
            below += f64::from(u8::from((*next as f64) < due.earliest));
        }
        assert!(asked > 2_900.0);
        assert!((inside / asked - level).abs() < 0.02, "{level}: {}", inside / asked);
        assert!((below / asked - (1.0 - level) / 2.0).abs() < 0.02, "{level}: {}", below / asked);
    }
    // Asked on the day of a purchase, half come by the due date, and the probability by then is a half.
    let (mut early, mut asked) = (0.0, 0.0);
    for days in others.iter().filter(|days| days.len() > 4) {
        let answer = due(&days[..3], &prior, &DueRequest::new(days[2]));
        asked += 1.0;
        early += f64::from(u8::from(days[3] as f64 <= answer.day));
        let later = due(&days[..3], &prior, &DueRequest::new(answer.day.round() as i64));
        assert!(answer.probability_by_now < 1e-12 && (later.probability_by_now - 0.5).abs() < 0.05);
    }
    assert!((early / asked - 0.5).abs() < 0.03, "{}", early / asked);
}

/// Of customers whose rates wander, what is long ago tells little, and the intervals still hold what they say.
#[test]
fn rates_that_wander_are_forgotten() {
    let prior = learn_gaps(&drifting(2_000, 7, Some(30.0)), 730, None).unwrap();
    assert!((1.0..12.0).contains(&prior.memory), "{}", prior.memory);
    let steady = GapPrior { memory: 1e6, ..prior };
    let outside = |prior: &GapPrior| {
        let (mut early, mut late, mut asked) = (0.0, 0.0, 0.0);
        for days in drifting(2_000, 8, Some(30.0)).iter().filter(|days| days.len() > 8) {
            let (known, next) = (&days[..8], days[8] as f64);
            let due = due(known, prior, &DueRequest::new(known[7]));
            asked += 1.0;
            early += f64::from(u8::from(next < due.earliest));
            late += f64::from(u8::from(next > due.latest));
        }
        assert!(asked > 1_000.0);
        (early / asked, late / asked)
    };
    let (early, late) = outside(&prior);
    assert!((early - 0.1).abs() < 0.03 && (late - 0.1).abs() < 0.03, "{early} {late}");
    let (steady_early, steady_late) = outside(&steady);
    assert!(steady_early + steady_late > early + late + 0.01, "{steady_early} {steady_late}");
}

#[test]
fn own_gaps_move_what_is_usual() {
    let prior = learn_gaps(&people(1_000, 7), 730, None).unwrap();
    let answer = |days: &[i64], now| due(days, &prior, &DueRequest::new(now));
    let usual = answer(&[0], 0).day;
    let quick = |purchases: i64| answer(&(0..purchases).map(|n| n * 5).collect::<Vec<_>>(), (purchases - 1) * 5);
    let waits: Vec<f64> = (1..8).map(|n| quick(n).day - (n as f64 - 1.0) * 5.0).collect();
    assert!((waits[0] - usual).abs() < 1e-9 && waits.windows(2).all(|pair| pair[1] < pair[0]), "{waits:?}");
    assert!(waits[6] < 0.4 * usual);
    // With nothing new, the due date stays and all else moves on.
    let days = [0, 30, 66, 94];
    let silent: Vec<Due> = (94..300).map(|now| answer(&days, now)).collect();
    assert!(silent.windows(2).all(|pair| pair[0].day == pair[1].day));
    assert!(silent.windows(2).all(|pair| pair[0].probability_by_now < pair[1].probability_by_now));
    assert!(silent.windows(2).all(|pair| pair[0].latest < pair[1].latest && pair[0].earliest < pair[1].earliest));
    assert!(silent.iter().zip(94..).all(|(due, now)| due.earliest >= f64::from(now) && due.latest > due.earliest));
    assert_eq!(silent[0].own_gaps, 3);
    assert!(!format!("{:?}", silent[0]).contains('9'));
}

#[test]
fn neither_order_nor_repetition_shows() {
    let mut people = people(300, 5);
    let prior = learn_gaps(&people, 700, None).unwrap();
    let days = people[0].clone();
    let expected = due(&days, &prior, &DueRequest::new(700));
    let mut chance = Chance(1);
    chance.shuffle(&mut people);
    for days in &mut people {
        let again = days.clone();
        days.extend(again);
        chance.shuffle(days);
    }
    assert_eq!(learn_gaps(&people, 700, None).unwrap(), prior, "to the last bit");
    let mut twice = [days.clone(), days].concat();
    chance.shuffle(&mut twice);
    assert_eq!(due(&twice, &prior, &DueRequest::new(700)), expected);
}

#[test]
fn without_evidence_nothing_is_said() {
    let some = people(60, 3);
    let prior = learn_gaps(&some, 730, None);
    let ask = |days: &[i64], prior: &Result<GapPrior, NoEvidence>| {
        next_due(days, prior.as_ref(), &DueRequest::new(100)).unwrap()
    };
    assert_eq!(ask(&[], &prior), Err(NoEvidence::NeverBought));
    assert_eq!(ask(&[101], &prior), Err(NoEvidence::NeverBought), "not yet");
    assert!(ask(&[100], &prior).is_ok());
    let few = learn_gaps(&some[..19], 730, None);
    assert_eq!(few, Err(NoEvidence::TooFewCustomers(20)));
    assert_eq!(ask(&[10, 20], &few), Err(NoEvidence::TooFewCustomers(20)));
    assert_eq!(learn_gaps(&[], 730, None), Err(NoEvidence::TooFewCustomers(20)));
    // Everybody came twice, ten days apart, to the day: no distribution at all.
    let alike = vec![vec![0, 10, 20]; 50];
    assert_eq!(learn_gaps(&alike, 20, None), Err(NoEvidence::Degenerate));
    let prior = prior.unwrap();
    for level in [0.0, 1.0, f64::NAN] {
        let error = next_due(&[1], Ok(&prior), &DueRequest::new(100).level(level)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    let broken = GapPrior { scale: f64::NAN, ..prior };
    assert!(next_due(&[1], Ok(&broken), &DueRequest::new(100)).is_err());
    assert!(GapPrior { format: 9, ..prior }.check().is_err());
    let text = serde_json::to_string(&prior).unwrap();
    assert_eq!(serde_json::from_str::<GapPrior>(&text).unwrap(), prior);
}

#[test]
fn a_season_bends_time() {
    // January to March count, the rest is closed; day 0 is 1970-01-01.
    let winter = Season::closed(&[4, 5, 6, 7, 8, 9, 10, 11, 12]).unwrap();
    assert_eq!(winter.elapsed(0, 365), 90.0);
    assert_eq!((winter.day_after(0, 89.0), winter.day_after(0, 89.5)), (89.0, 364.5));
    let double = Season::new([2.0; 12]).unwrap();
    assert_eq!((double.elapsed(10, 20), double.day_after(10, 20.0), double.day_after(10, 1.0)), (20.0, 20.0, 10.5));
    for day in [0, 50, 89, 200, 400] {
        let there = winter.day_after(day, winter.elapsed(day, 500));
        assert!((there - 454.0).abs() < 1e-9, "the last of March 1971, not {there}");
    }

    // Bought every 30 days while it is open: the summer is no gap, and nothing is due in it.
    let people: Vec<Vec<i64>> = (0..40)
        .map(|start| {
            (0..6)
                .map(|n| {
                    winter.day_after(0, f64::from(start + 1 + n * (24 + start % 13) + n * (start + n) % 9)).ceil()
                        as i64
                })
                .collect()
        })
        .collect();
    let prior = learn_gaps(&people, 800, Some(&winter));
    let plain = learn_gaps(&people, 800, None);
    let days = [5, 35, 65];
    let in_season = |day: f64| (day % 365.25) < 91.0;
    let request = DueRequest::new(100);
    let seasonal = next_due(&days, prior.as_ref(), &request.season(&winter)).unwrap().unwrap();
    assert!(in_season(seasonal.day) && in_season(seasonal.latest) && in_season(seasonal.earliest), "{}", seasonal.day);
    let plain = next_due(&days, plain.as_ref(), &request).unwrap().unwrap();
    assert!(!in_season(plain.latest), "{}", plain.latest);
}

#[test]
fn a_season_is_learned_with_shrinkage() {
    let mut chance = Chance(12);
    let factors = [0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 0.2, 0.2, 1.0, 1.0, 1.6, 3.0];
    let truth = Season::new(factors).unwrap();
    let days = |count: usize, chance: &mut Chance| -> Vec<i64> {
        (0..count).map(|_| truth.day_after(-1, truth.elapsed(-1, 1_460) * chance.share()).ceil() as i64).collect()
    };
    let many = Season::learn(days(20_000, &mut chance), 0, 1_460, 20.0).unwrap().unwrap();
    for (found, truth) in many.months().iter().zip(factors) {
        assert!((found - truth).abs() < 0.12, "{found} {truth}");
    }
    let few = Season::learn(days(40, &mut chance), 0, 1_460, 200.0).unwrap().unwrap();
    assert!(few.months().iter().all(|factor| (factor - 1.0).abs() < 0.15), "{few:?}");
    assert_eq!(Season::learn([], 0, 1_460, 1.0).unwrap().unwrap().months(), &[1.0; 12]);
    assert_eq!(Season::learn([1, 2, 3], 0, 363, 1.0).unwrap(), None);
    assert!(Season::learn([1], 0, 400, 0.0).is_err());
    for wrong in [Season::new([0.0; 12]), Season::new([f64::NAN; 12]), Season::closed(&[13]), Season::closed(&[0])] {
        assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Input);
    }
    let text = serde_json::to_string(&many).unwrap();
    assert_eq!(serde_json::from_str::<Season>(&text).unwrap(), many);
    assert!(serde_json::from_str::<Season>("[0,0,0,0,0,0,0,0,0,0,0,0]").is_err());
}

#[test]
fn services_come_by_date_or_use() {
    let both = ServiceRule::months(12).or_usage(15_000.0);
    let by_usage = ServiceRule { months: None, usage: Some(15_000.0) };
    let reading = |day, meter| Reading { day, meter };
    // 2024-02-29, a leap day.
    let last = reading(19_782, 1_000.0);
    let ask = |rule: &ServiceRule, readings: &[Reading]| rule.due(last, readings, 19_900).unwrap();
    let told = |due: Option<ServiceDue>| due.map(|due| (due.day, due.cause, due.left_out));
    assert_eq!(told(ask(&both, &[])), Some((20_147.0, ServiceCause::Date, 0)), "2025-02-28");
    assert_eq!(told(ask(&by_usage, &[])), None);
    let slow = [reading(19_792, 1_100.0)];
    assert_eq!(told(ask(&both, &slow)), Some((20_147.0, ServiceCause::Date, 0)));
    assert_eq!(told(ask(&by_usage, &slow)), Some((21_282.0, ServiceCause::Usage, 0)));
    let quick = [reading(19_792, 2_500.0), reading(19_787, 1_700.0), reading(19_950, 99_000.0)];
    assert_eq!(told(ask(&both, &quick)), Some((19_882.0, ServiceCause::Usage, 0)), "later readings are not seen");
    let wrong = [reading(19_792, 2_500.0), reading(19_795, 900.0), reading(19_796, f64::NAN)];
    assert_eq!(told(ask(&both, &wrong)), Some((19_882.0, ServiceCause::Usage, 2)));
    // Readings before the service tell how much is used, too.
    assert_eq!(told(ask(&by_usage, &[reading(19_772, 0.0)])), Some((19_932.0, ServiceCause::Usage, 0)));

    let refuse = |rule: ServiceRule, last: Reading| rule.due(last, &[], 19_900).unwrap_err().kind();
    assert_eq!(refuse(ServiceRule { months: None, usage: None }, last), ErrorKind::Config);
    assert_eq!(refuse(ServiceRule::months(0), last), ErrorKind::Config);
    assert_eq!(refuse(ServiceRule::months(12).or_usage(-1.0), last), ErrorKind::Config);
    assert_eq!(refuse(both, reading(19_901, 0.0)), ErrorKind::Input);
    assert_eq!(refuse(both, reading(19_900, f64::NAN)), ErrorKind::Input);
    assert!(!format!("{last:?}{:?}", ask(&both, &slow)).contains(|c: char| c.is_ascii_digit()));
}

/// The departments and the most common categories of the groceries: of what was bought again, how much came before the
/// interval, and how much after, in the last months.
#[test]
#[expect(clippy::print_stderr, reason = "a skipped check is said aloud")]
fn grocery_comes_when_it_is_due() {
    let found = shared().map(|shared| shared.join("data/grocery")).filter(|folder| folder.is_dir());
    let Some(folder) = found else {
        eprintln!("skipped: data/grocery is not here");
        return;
    };
    let read = |name: &str| {
        let file = std::fs::File::open(folder.join(name)).unwrap();
        csv::Reader::from_reader(flate2::read::GzDecoder::new(file)).into_records().map(Result::unwrap)
    };
    let category: BTreeMap<String, String> =
        read("products.csv.gz").map(|line| (line[0].to_owned(), line[4].to_owned())).collect();
    let mut bought: BTreeMap<String, BTreeMap<String, BTreeSet<i64>>> = BTreeMap::new();
    for line in read("transactions_sample.csv.gz") {
        let Some(category) = category.get(&line[3]).filter(|category| !category.is_empty()) else { continue };
        let at: onefold::Timestamp = format!("{}Z", line[10].replace(' ', "T")).parse().unwrap();
        let day = at.microseconds().div_euclid(86_400_000_000);
        bought.entry(category.clone()).or_default().entry(line[0].to_owned()).or_default().insert(day);
    }
    let mut largest: Vec<_> = bought.into_values().collect();
    largest.sort_by_key(|people| std::cmp::Reverse(people.values().map(BTreeSet::len).sum::<usize>()));
    // 2017-04-30 and 2017-12-31.
    let (now, end) = (17_286, 17_531);
    let (mut early, mut asked, mut late, mut finished) = (0.0, 0.0, 0.0, 0.0);
    for people in &largest[..8] {
        let days: Vec<Vec<i64>> = people.values().map(|days| days.iter().copied().collect()).collect();
        let prior = learn_gaps(&days, now, None).unwrap();
        for days in days.iter().filter(|days| days[0] <= now) {
            let due = due(days, &prior, &DueRequest::new(now));
            let next = days.iter().find(|day| **day > now).map_or(f64::INFINITY, |day| *day as f64);
            if due.earliest < f64::from(end) {
                asked += 1.0;
                early += f64::from(u8::from(next < due.earliest));
            }
            if due.latest < f64::from(end) {
                finished += 1.0;
                late += f64::from(u8::from(next > due.latest));
            }
        }
    }
    let (early, late) = (early / asked, late / finished);
    eprintln!("groceries: {early:.3} early of {asked}, {late:.3} late of {finished}");
    // Frequent buyers alone have an interval that ends within the data, and now and then one of them pauses.
    assert!(asked > 3_000.0 && finished > 100.0, "{asked} {finished}");
    assert!((early - 0.1).abs() < 0.03 && (0.04..0.17).contains(&late), "{early} {late}");
}

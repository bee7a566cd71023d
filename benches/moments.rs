//! What does a moment cost: a step of a cart predicted and learned, beside look-ups of its features in a hash map; a text
//! scored, beside finding its words in a hash map; and how somebody feels after a hundred contacts?
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod common;

use ahash::AHashMap;
use criterion::{Criterion, criterion_group, criterion_main};
use onefold::{
    CartExample, CartFeatures, CartHazard, CouponGroup, CouponRequest, CouponRules, CouponUplift, FtrlOptions, Lexicon,
    MoodCalibration, MoodPopulation, MoodRules, RecordKey, Sentiment, SentimentSource, Timestamp, feel,
};
use std::hint::black_box;

const DAY: i64 = 86_400_000_000;

fn at(microseconds: i64) -> Timestamp {
    Timestamp::from_microseconds(20_454 * DAY + microseconds).unwrap()
}

/// Eight features of a step.
fn features(dice: &mut common::Dice) -> CartFeatures {
    CartFeatures::new()
        .number("items", dice.below(8) as f64 / 8.0)
        .number("value", dice.below(100) as f64 / 100.0)
        .number("idle", dice.below(30) as f64 / 30.0)
        .class("device", ["phone", "tablet", "computer"].get(dice.below(3) as usize).unwrap())
        .class("hour", &dice.below(24).to_string())
        .class("category", &dice.below(120).to_string())
        .class("campaign", &dice.below(40).to_string())
        .flag("returning")
}

fn carts(criterion: &mut Criterion) {
    let mut dice = common::Dice(5);
    let steps: Vec<CartExample> = (0..10_000)
        .map(|number| {
            let features = features(&mut dice);
            let key = RecordKey::new("web", number.to_string());
            CartExample { key, at: at(number), features, abandoned: dice.below(5) == 0 }
        })
        .collect();
    let mut hazard = CartHazard::refit(FtrlOptions::default(), &steps).unwrap();
    let weights: AHashMap<String, f64> = hazard.model().weights().map(|(name, weight)| (name.into(), weight)).collect();
    let mut group = criterion.benchmark_group("a step of a cart, 8 features");
    let mut places = (0..steps.len()).cycle();
    let mut next = || places.next().and_then(|place| steps.get(place)).unwrap();
    group.bench_function("bare: the look-ups", |bencher| {
        bencher.iter(|| black_box(next()).features.iter().filter_map(|(name, _)| weights.get(name)).sum::<f64>());
    });
    group.bench_function("predict", |bencher| bencher.iter(|| hazard.predict(&black_box(next()).features).unwrap()));
    let mut moment = 1_000_000;
    let mut example = steps.first().unwrap().clone();
    group.bench_function("predict and learn", |bencher| {
        bencher.iter(|| {
            let step = next();
            moment += 1;
            (example.at, example.abandoned) = (at(moment), step.abandoned);
            example.features.clone_from(&step.features);
            let said = hazard.predict(&example.features).unwrap();
            hazard.learn(&example).unwrap();
            said
        });
    });
    let uplift = CouponUplift::new(FtrlOptions::default()).unwrap();
    let rules = CouponRules::new(6.0, 1e6, at(0), at(DAY));
    group.bench_function("a coupon decided", |bencher| {
        bencher.iter(|| {
            let estimate = uplift.predict(&black_box(next()).features).unwrap();
            rules.decide(&CouponRequest::new(estimate, 30.0, CouponGroup::Treated, at(1))).unwrap()
        });
    });
    group.finish();
}

fn texts(criterion: &mut Criterion) {
    // 7,000 words that are invented, and some that are said.
    let mut words: String = (0..7_000).map(|n| format!("word{n}\t{}\t0.5\n", f64::from(n % 9) - 4.0)).collect();
    words.push_str("terrible\t-2.1\t0.9\nthanks\t1.9\t0.7\nwrong\t-2.1\t0.7\nhelpful\t1.8\t0.6\n");
    let lexicon = Lexicon::parse(&words).unwrap();
    let map: AHashMap<&str, f64> = words
        .lines()
        .filter_map(|line| Some((line.split('\t').next()?, line.split('\t').nth(1)?.parse().ok()?)))
        .collect();
    let text = "I ordered two of these a week ago and the wrong size came. Your colleague was really helpful on the phone, \
                but the second parcel is terrible as well!";
    let mut group = criterion.benchmark_group("a text of 27 words");
    group.bench_function("bare: its words in a hash map", |bencher| {
        bencher.iter(|| {
            let word = |word: &str| {
                map.get(word.trim_matches(|c: char| c.is_ascii_punctuation()).to_lowercase().as_str()).copied()
            };
            black_box(text).split_whitespace().filter_map(word).sum::<f64>()
        });
    });
    group.bench_function("scored, its language told", |bencher| {
        bencher.iter(|| lexicon.sentiment(black_box(text)).unwrap());
    });
    group.finish();
}

fn moods(criterion: &mut Criterion) {
    let mut dice = common::Dice(7);
    let contacts: Vec<Sentiment> = (0..100)
        .map(|number| {
            let score = 0.6 - dice.below(60) as f64 / 100.0;
            let key = RecordKey::new("calls", number.to_string());
            Sentiment { key, at: at(number * DAY), score, source: SentimentSource::Host }
        })
        .collect();
    let rules = MoodRules::new(MoodPopulation::default());
    let mut group = criterion.benchmark_group("100 contacts");
    group.bench_function("bare: sorted, mean and deviation", |bencher| {
        bencher.iter(|| {
            let mut sorted: Vec<&Sentiment> = black_box(&contacts).iter().collect();
            sorted.sort_by(|a, b| (a.at.microseconds(), &a.key).cmp(&(b.at.microseconds(), &b.key)));
            let mean = sorted.iter().map(|contact| contact.score).sum::<f64>() / 100.0;
            sorted.iter().map(|contact| (contact.score - mean).powi(2)).sum::<f64>()
        });
    });
    group.bench_function("how they feel", |bencher| {
        bencher.iter(|| feel(black_box(&contacts), &rules, at(101 * DAY)).unwrap());
    });
    group.sample_size(10);
    group.bench_function("a threshold calibrated by 4,000 people", |bencher| {
        bencher.iter(|| rules.clone().calibrate(&MoodCalibration::default()).unwrap().threshold);
    });
    group.finish();
}

criterion_group!(benches, carts, texts, moods);
criterion_main!(benches);

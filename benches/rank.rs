//! What does it cost to rank a thousand items for a shopper, beside a thousand times five look-ups in a hash map; and to
//! fold a shopper from her events?
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench")]

mod common;

use ahash::AHashMap;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use onefold::{
    Event, EventKind, Item, LearnOptions, Line, Population, RankRequest, Seed, Shopper, SignalWeights, SmolStr,
    Timestamp, rank, suppress, tallies,
};
use std::hint::black_box;
use std::sync::Arc;

/// The facets of an item, and how many values each has.
const FACETS: [(&str, u64); 5] = [("brand", 200), ("category", 120), ("colour", 20), ("department", 8), ("size", 15)];

const DAY: i64 = 86_400_000_000;

fn at(microseconds: i64) -> Timestamp {
    Timestamp::from_microseconds(20_454 * DAY + microseconds).unwrap()
}

/// A value of a facet, the lower ones more often.
fn value(dice: &mut common::Dice, facet: usize) -> SmolStr {
    let (name, values) = FACETS[facet];
    let drawn = dice.below(values).min(dice.below(values));
    SmolStr::from(format!("{name} {drawn}"))
}

fn values(dice: &mut common::Dice) -> [SmolStr; 5] {
    [0, 1, 2, 3, 4].map(|facet| value(dice, facet))
}

/// Events of three years, in the order of time: out of 100 are 60 views, 15 exposures, 10 searches, 10 carts, 5 purchases.
fn events(count: i64, seed: u64) -> Vec<Arc<Event>> {
    let mut dice = common::Dice(seed);
    let one = |n: i64| {
        let kind = match dice.below(100) {
            0..60 => EventKind::View,
            60..75 => EventKind::Exposure,
            75..85 => EventKind::Search,
            85..95 => EventKind::Cart,
            _ => EventKind::Purchase,
        };
        let event = Event::new("web", format!("{seed}-{n}"), at(n * (3 * 365 * DAY / count)), kind.clone());
        if kind == EventKind::Search {
            return Arc::new(event.facet("colour", value(&mut dice, 2)).facet("category", value(&mut dice, 1)));
        }
        let line = Line::new(format!("sku-{}", dice.below(20_000))).amount((5 + dice.below(300)).to_string(), "EUR");
        let line = FACETS.iter().zip(values(&mut dice)).fold(line, |line, ((name, _), value)| line.facet(*name, value));
        Arc::new(event.line(line))
    };
    (0..count).map(one).collect()
}

fn items(count: u64) -> Vec<Item> {
    let mut dice = common::Dice(11);
    let one = |_| {
        let item = Item::new(format!("sku-{}", dice.below(20_000)));
        let item = item.price((5 + dice.below(300)).to_string().parse().unwrap(), "EUR");
        FACETS.iter().zip(values(&mut dice)).fold(item, |item, ((name, _), value)| item.facet(*name, value))
    };
    (0..count).map(one).collect()
}

fn bench(criterion: &mut Criterion) {
    let now = at(3 * 365 * DAY);
    let people: Vec<_> = (0..300).map(|person| tallies(&events(200, 100 + person))).collect();
    let options = LearnOptions { half_lives: vec![Some(365)], ..LearnOptions::until(now) };
    let population = Population::learn_deeds(&people, &SignalWeights::default(), &options).unwrap();
    let items = items(1_000);
    let request = RankRequest::new(&population).explore_share(0.1).seed(Seed::new(7));

    let mut group = criterion.benchmark_group("rank 1,000 items of 5 facets");
    let mut map: AHashMap<&str, f64> = AHashMap::new();
    map.extend(items.iter().flat_map(|item| &item.facets).map(|facet| (facet.value.as_str(), 1.0)));
    group.bench_function("bare: 5,000 look-ups", |bencher| {
        bencher.iter(|| {
            let of = |item: &Item| item.facets.iter().filter_map(|facet| map.get(facet.value.as_str())).sum::<f64>();
            black_box(items.iter().map(of).collect::<Vec<f64>>())
        });
    });
    for count in [0, 200, 5_000, 100_000] {
        let shopper = Shopper::fold(&events(count.max(1), 5), now);
        group.bench_function(format!("for {count} events"), |bencher| {
            bencher.iter(|| rank(&shopper, &items, &request).unwrap());
        });
    }
    let shopper = Shopper::fold(&events(200, 5), now);
    let plain = RankRequest::new(&population);
    group.bench_function("for 200 events, nothing explored", |bencher| {
        bencher.iter(|| rank(&shopper, &items, &plain).unwrap());
    });
    group.finish();

    let mut group = criterion.benchmark_group("shopper");
    group.sample_size(10);
    for count in [200, 100_000] {
        let events = events(count, 5);
        group.bench_function(format!("bare: the keys of {count} events in a hash map"), |bencher| {
            bencher.iter(|| events.iter().map(|event| (&event.key, event.at)).collect::<AHashMap<_, _>>());
        });
        group.bench_function(format!("of {count} events"), |bencher| {
            bencher.iter_with_large_drop(|| Shopper::fold(&events, now));
        });
        let shopper = Shopper::fold(&events, now);
        group.bench_function(format!("of {count} events, one item suppressed"), |bencher| {
            bencher.iter(|| suppress(&shopper, &items[0], &request).unwrap());
        });
        let (left, right) = events.split_at(events.len() / 2);
        let (left, right) = (Shopper::fold(left, now), Shopper::fold(right, now));
        group.bench_function(format!("of {count} events, from two halves"), |bencher| {
            bencher.iter_batched(|| left.clone(), |mut both| both.merge(&right), BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);

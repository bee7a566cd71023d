//! What does it cost to measure 100,000 customers, beside a bare pass over what they bought; to judge a profile by twenty
//! segments, and to keep who is in them up to date; and to work out a tree of key figures?
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench")]

mod common;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use onefold::{
    CustomerHistory, Decimal, DueRequest, Eligibility, Event, EventKind, Facts, Good, Ingest, Kpi, KpiReading,
    KpiRegistry, LifetimeKind, Line, Period, Policy, Purchase, RecordKey, Resolver, RollUp, Segment, SegmentIndex,
    SegmentSet, TimeUnit, Timestamp, ValueModel, ValueRequest, View, lapse_judge, learn_gaps, measure_customers,
    measure_value,
};
use std::hint::black_box;

const CUSTOMERS: usize = 100_000;
const DAY: i64 = 86_400_000_000;
const END: i64 = 20_454;

/// Customers with a year of purchases: ten each on average.
fn customers(count: usize) -> Vec<CustomerHistory> {
    let mut dice = common::Dice(3);
    let one = |_| CustomerHistory {
        purchases: (0..1 + dice.below(19))
            .map(|_| Purchase {
                day: END - dice.below(365) as i64,
                amount: format!("{}.{:02}", 5 + dice.below(90), dice.below(100)).parse().ok(),
            })
            .collect(),
        segments: if dice.below(4) == 0 { vec!["vip".into()] } else { Vec::new() },
        first_channel: Some(if dice.below(2) == 0 { "web".into() } else { "shop".into() }),
    };
    (0..count).map(one).collect()
}

fn measured(criterion: &mut Criterion) {
    let customers = customers(CUSTOMERS);
    let period = Period::new(END - 90, END + 1).unwrap();
    let mut group = criterion.benchmark_group("100,000 customers, 1,000,000 purchases");
    group.sample_size(10);
    group.bench_function("bare: the sum of the amounts and the days of each", |bencher| {
        bencher.iter(|| {
            let (mut sum, mut days) = (Decimal::ZERO, 0);
            for customer in &customers {
                let mut own: Vec<i64> = customer.purchases.iter().map(|purchase| purchase.day).collect();
                own.sort_unstable();
                own.dedup();
                days += own.len();
                let amounts = customer.purchases.iter().filter_map(|purchase| purchase.amount);
                sum = amounts.fold(sum, |sum, amount| sum.checked_add(amount).unwrap());
            }
            black_box((sum, days))
        });
    });
    group.bench_function("measured, by group", |bencher| {
        bencher.iter(|| measure_customers(&customers, period, &|_| None).unwrap());
    });
    let days: Vec<Vec<i64>> =
        customers[..2_000].iter().map(|one| one.purchases.iter().map(|one| one.day).collect()).collect();
    let prior = learn_gaps(&days, END, None);
    let lapsed = lapse_judge(prior.as_ref(), DueRequest::new(END)).unwrap();
    group.bench_function("measured, by group, lapsed by own cadence", |bencher| {
        bencher.iter(|| measure_customers(&customers, period, &lapsed).unwrap());
    });
    let some = &customers[..1_000];
    let model = ValueModel::learn(some, END, LifetimeKind::ModifiedBetaGeometric, TimeUnit::Weeks).unwrap();
    let request = ValueRequest::new(13.0, 4).discount(0.02);
    group.bench_function("1,000 of them valued, a year ahead in quarters", |bencher| {
        bencher.iter(|| measure_value(some, &model, &request).unwrap());
    });
    group.finish();
}

/// Twenty segments of three parts each.
fn segments() -> SegmentSet {
    let one = |place: u32| {
        let rules = vec![
            Eligibility::AtLeast("orders".into(), f64::from(place % 5)),
            Eligibility::AtMost("days_since_purchase".into(), f64::from(30 * place)),
            Eligibility::Not(Box::new(Eligibility::Equals("city".into(), "Linz".into()))),
        ];
        Segment::new(format!("segment {place}"), Eligibility::All(rules))
    };
    SegmentSet::new((0..20).map(one)).unwrap()
}

fn at(day: i64) -> Timestamp {
    Timestamp::from_microseconds(day * DAY).unwrap()
}

fn bought(person: u64, order: u64, day: i64) -> Event {
    let event = Event::new("web", format!("{person}-{order}"), at(day), EventKind::Purchase);
    event.identifier("email", format!("p{person}@example.org")).line(Line::new("sku").amount("10.00", "EUR"))
}

fn segmented(criterion: &mut Criterion) {
    let set = segments();
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let events =
        (0..10_000_u64).flat_map(|person| (0..5).map(move |order| bought(person, order, END - 40 * order as i64)));
    drop(resolver.add_events(events.collect(), Ingest::default()).unwrap());
    let view = resolver.view().unwrap();
    let id = view.event(&RecordKey::new("web", "77-1")).unwrap().unwrap().profile.unwrap();
    let mut group = criterion.benchmark_group("20 segments");
    let facts = Facts::default().attribute("orders", 3).attribute("days_since_purchase", 99).attribute("city", "Graz");
    group.bench_function("bare: the orders of a profile", |bencher| bencher.iter(|| view.orders(id, at(END)).unwrap()));
    group.bench_function("of facts", |bencher| bencher.iter(|| set.judge(&facts)));
    group.bench_function("of a profile", |bencher| bencher.iter(|| view.segments(id, &set, at(END)).unwrap()));
    group.sample_size(10);
    group.bench_function("of 10,000 profiles, from scratch", |bencher| {
        bencher.iter(|| SegmentIndex::new(set.clone()).refresh(&view, at(END)).unwrap());
    });
    let mut index = SegmentIndex::new(set.clone());
    index.refresh(&view, at(END)).unwrap();
    let mut order = 5;
    group.bench_function("of 10,000 profiles, 10 of which changed", |bencher| {
        let change = || {
            order += 1;
            let events = (0..10).map(|n| bought((10 * order + n) % 10_000, order, END - 300)).collect();
            drop(resolver.add_events(events, Ingest::default()).unwrap());
            resolver.view().unwrap()
        };
        let refresh = |view: View| assert_eq!(index.refresh(&view, at(END)).unwrap().judged, 10);
        bencher.iter_batched(change, refresh, BatchSize::PerIteration);
    });
    group.finish();
}

fn figures(criterion: &mut Criterion) {
    let kpi = |place: u32| Kpi {
        name: format!("figure {place}").into(),
        definition: "of customers, who came back".to_owned(),
        unit: "share".into(),
        owner: "head of retail".into(),
        action: "write to who did not".to_owned(),
        target: 0.5,
        good: Good::High,
        parent: (place > 0).then(|| format!("figure {}", (place - 1) / 4).into()),
        roll_up: RollUp::Mean,
    };
    let registry = KpiRegistry::new((0..101).map(kpi)).unwrap();
    let names: Vec<String> = (26..101).map(|place| format!("figure {place}")).collect();
    let reading = KpiReading { value: 0.4, weight: 10.0 };
    criterion.bench_function("a tree of 101 figures", |bencher| {
        bencher.iter(|| registry.evaluate(names.iter().map(|name| (name.as_str(), reading))).unwrap());
    });
}

criterion_group!(benches, measured, segmented, figures);
criterion_main!(benches);

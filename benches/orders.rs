//! What do the orders of a profile cost, beside grouping its purchases by their ids?
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use ahash::AHashMap;
use criterion::{Criterion, criterion_group, criterion_main};
use onefold::{
    CardQuery, Event, EventKind, Identifier, Ingest, Line, OrderSearch, Policy, Resolver, SmolStr, Timestamp,
    Verification,
};
use std::hint::black_box;

const ORDERS: i64 = 1_000;
const DAY: i64 = 86_400_000_000;

fn at(day: i64) -> Timestamp {
    Timestamp::from_microseconds(20_454 * DAY + day * DAY).unwrap()
}

/// Orders of two lines, one in ten with a receipt under a card of the same person, one in ten given back.
fn events() -> Vec<Event> {
    let line = |number: i64| Line::new(format!("sku-{number}")).line(number.to_string()).amount("49.90", "EUR");
    let told = |source: &str, number: i64, day: i64, kind| {
        Event::new(source, number.to_string(), at(day), kind).order(format!("O-{number}"))
    };
    let one = |number: i64| {
        let bought = told("web", number, number, EventKind::Purchase).identifier("customer_id", "A");
        let receipt = told("pos", number, number + 1, EventKind::Purchase).identifier("loyalty_id", "L7");
        let back = told("shop", number, number + 2, EventKind::Return).identifier("loyalty_id", "L7");
        let bought = bought.line(line(1).facet("colour", "grey")).line(line(2).facet("colour", "red"));
        let receipt = (number % 10 == 0).then(|| receipt.line(line(1)));
        let back = (number % 10 == 5).then(|| back.line(line(2)));
        [Some(bought), receipt, back].into_iter().flatten()
    };
    (0..ORDERS).flat_map(one).collect()
}

fn bench(criterion: &mut Criterion) {
    let memory = Resolver::in_memory(Policy::retail()).unwrap();
    of_store(criterion, "memory", &memory);
    #[cfg(feature = "durable")]
    {
        let folder = tempfile::tempdir().unwrap();
        let store: std::sync::Arc<dyn onefold::store::ProfileStore> =
            std::sync::Arc::new(onefold::Durable::open(folder.path().join("store")).unwrap());
        let options = onefold::Options::default();
        of_store(criterion, "durable", &Resolver::open(store, Policy::retail(), options).unwrap());
    }
}

fn of_store(criterion: &mut Criterion, name: &str, resolver: &Resolver) {
    let events = events();
    let known = onefold::Record::new("crm", "A", at(0)).identifier("customer_id", "A").identifier("loyalty_id", "L7");
    let id = resolver.add(known).unwrap().profile.unwrap();
    resolver.add_events(events.clone(), Ingest::default()).unwrap();
    let now = at(ORDERS + 5);
    assert_eq!(resolver.orders(id, now).unwrap().unwrap().orders.len(), ORDERS as usize);

    let mut group = criterion.benchmark_group(format!("orders/{ORDERS} in {name}"));
    group.bench_function("bare", |bencher| {
        bencher.iter(|| {
            let mut of_id: AHashMap<SmolStr, Vec<&Event>> = AHashMap::new();
            for event in black_box(&events) {
                of_id.entry(event.order.clone().unwrap()).or_default().push(event);
            }
            of_id.len()
        });
    });
    group.bench_function("orders", |bencher| {
        bencher.iter(|| resolver.orders(id, now).unwrap().unwrap().orders.len());
    });
    let one = OrderSearch::Order("O-500".into());
    group.bench_function("find one by its id", |bencher| {
        bencher.iter(|| resolver.find_orders(&one, Verification::SignedIn, now).unwrap().orders.len());
    });
    let card = OrderSearch::Identifier(Identifier::new("loyalty_id", "L7"));
    group.bench_function("find all by a card", |bencher| {
        bencher.iter(|| resolver.find_orders(&card, Verification::SignedIn, now).unwrap().orders.len());
    });
    group.bench_function("the card of the profile", |bencher| {
        bencher.iter(|| resolver.card(id, &CardQuery::new(now)).unwrap().unwrap());
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);

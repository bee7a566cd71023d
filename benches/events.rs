//! What does it cost to take events in, beside inserting each key into a hash set and updating a map? And to read them?
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, reason = "a bench")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use onefold::{
    Event, EventKind, Identifier, Ingest, JourneyQuery, LearnOptions, Line, Policy, Population, PreferenceQuery,
    Resolver, SignalWeights, Timestamp,
};
use std::collections::{HashMap, HashSet};
use std::hint::black_box;

const EVENTS: usize = 200_000;

/// Four in five come on a trail that stands: every device has some.
const DEVICES: usize = 40_000;

/// The memory that the process has now, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() * 1024
}

fn at(second: usize) -> Timestamp {
    Timestamp::from_microseconds(1_767_225_600_000_000 + second as i64 * 1_000_000).unwrap()
}

/// Five minutes after each other: 100,000 are a year.
fn slowly(number: usize) -> Timestamp {
    at(number * 315)
}

/// Views on devices, one in ten logged in, one in twenty a purchase.
fn events(count: usize) -> Vec<Event> {
    let one = |number: usize| {
        let device = number.wrapping_mul(2_654_435_761) % DEVICES;
        let kind = if number.is_multiple_of(20) { EventKind::Purchase } else { EventKind::View };
        let line = Line::new(format!("sku-{}", number % 5_000))
            .facet("department", ["men", "women", "home"][number % 3])
            .facet("brand", format!("brand-{}", number % 200))
            .facet("colour", ["grey", "black", "red"][number / 3 % 3]);
        let line = if number.is_multiple_of(20) { line.quantity("1").amount("49.90", "EUR") } else { line };
        let event = Event::new("web", format!("e-{number}"), at(number), kind).channel("web").line(line);
        let event = event.identifier("device_id", format!("device-{device}"));
        if device.is_multiple_of(10) { event.identifier("customer_id", format!("c-{device}")) } else { event }
    };
    (0..count).map(one).collect()
}

/// The bare work: the key into a hash set, and a map updated.
fn bare(events: &[Event]) -> (HashSet<String>, HashMap<String, u64>) {
    let (mut keys, mut devices) = (HashSet::new(), HashMap::new());
    for event in events {
        if keys.insert(format!("{}/{}", event.key.source, event.key.key)) {
            *devices.entry(event.identifiers[0].value.to_string()).or_insert(0) += 1;
        }
    }
    (keys, devices)
}

fn ingest(criterion: &mut Criterion) {
    let events = events(EVENTS);
    let before = resident();
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let sent = events.clone();
    resolver.add_events(sent, Ingest::default()).unwrap();
    let counts = resolver.stats().unwrap().counts;
    let bytes = resident().saturating_sub(before);
    eprintln!(
        "{} events on {} trails of {} profiles: {} bytes an event, {} a profile, the evidence included",
        counts.events,
        counts.trails,
        counts.profiles,
        bytes / counts.events,
        bytes / counts.profiles
    );
    drop(resolver);
    let mut group = criterion.benchmark_group("events");
    group.sample_size(10).throughput(Throughput::Elements(EVENTS as u64));
    group.bench_function("bare", |bencher| bencher.iter_with_large_drop(|| bare(black_box(&events))));
    for batch in [1000, 1] {
        group.bench_function(format!("add_events by {batch}"), |bencher| {
            bencher.iter_batched(
                || (Resolver::in_memory(Policy::retail()).unwrap(), events.clone()),
                |(resolver, events)| {
                    let answers = resolver.add_events(events, Ingest { batch, ..Ingest::default() }).unwrap();
                    (resolver, answers)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn read(criterion: &mut Criterion) {
    of_profile(criterion, "a profile with 100,000 events, one in twenty a purchase", |event| event);
    of_profile(criterion, "the same, each purchase an order", with_orders);
    of_profile(criterion, "the same, of fifty orders one returned, one told twice", with_returns);
    let views = |event: Event| Event { kind: EventKind::View, ..event };
    of_profile(criterion, "a profile with 100,000 views", views);
}

fn number_of(event: &Event) -> usize {
    event.key.key.trim_start_matches("e-").parse().unwrap()
}

fn with_orders(event: Event) -> Event {
    let order = format!("o-{}", number_of(&event));
    if event.kind == EventKind::Purchase { event.order(order) } else { event }
}

/// Days after a purchase, a view is its return or its receipt.
fn with_returns(event: Event) -> Event {
    let number = number_of(&event);
    match number % 1_000 {
        501 => Event { kind: EventKind::Return, lines: Vec::new(), ..event.order(format!("o-{}", number - 501)) },
        721 => Event { kind: EventKind::Purchase, ..event.order(format!("o-{}", number - 701)) },
        _ => with_orders(event),
    }
}

fn of_profile(criterion: &mut Criterion, name: &str, told: fn(Event) -> Event) {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let busy = |(number, event): (usize, Event)| Event {
        identifiers: vec![Identifier::new("customer_id", "busy")],
        at: slowly(number),
        ..told(event)
    };
    resolver.add_events(events(100_000).into_iter().enumerate().map(busy).collect(), Ingest::default()).unwrap();
    let id = resolver.find(&Identifier::new("customer_id", "busy")).unwrap().profile.unwrap();
    let mut group = criterion.benchmark_group(name);
    group.bench_function("the newest 20 of its journey", |bencher| {
        bencher.iter(|| resolver.journey(id, &JourneyQuery::new().limit(20)).unwrap().unwrap().events.len());
    });
    let now = slowly(100_000);
    let deeds = resolver.deeds(id, now).unwrap().unwrap();
    let mut all = vec![deeds.clone()];
    all.resize(30, deeds);
    let everybody = Population::learn_deeds(&all, &SignalWeights::default(), &LearnOptions::until(now)).unwrap();
    group.bench_function("its deeds", |bencher| {
        bencher.iter(|| resolver.deeds(id, now).unwrap().unwrap());
    });
    let weights = SignalWeights::default();
    group.bench_function("its deeds, and of 200 brands the ten that it likes best", |bencher| {
        bencher.iter(|| {
            let deeds = resolver.deeds(id, now).unwrap().unwrap();
            everybody.favourites("brand", &deeds, &weights, now, 10).len()
        });
    });
    group.bench_function("the ten brands alone", |bencher| {
        let deeds = resolver.deeds(id, now).unwrap().unwrap();
        bencher.iter(|| everybody.favourites("brand", &deeds, &weights, now, 10).len());
    });
    group.bench_function("its stated preferences", |bencher| {
        bencher.iter(|| resolver.preferences(id, &PreferenceQuery::new(), now).unwrap().unwrap());
    });
    group.bench_function("all of its events", |bencher| {
        bencher.iter(|| resolver.events_of(id, None, None).unwrap().len());
    });
    group.finish();
}

criterion_group!(benches, ingest, read);
criterion_main!(benches);

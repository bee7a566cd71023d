//! What does one more purchase cost on a profile with a history, and reading what is liked after it, beside a map of
//! counts?
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench")]

mod common;

use ahash::AHashMap;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use onefold::{
    Event, EventKind, Identifier, Ingest, LearnOptions, Line, Policy, Population, Resolver, SignalWeights, Timestamp,
};
use std::hint::black_box;

/// Three years of one customer.
const DAYS: i64 = 1_095;
const EVENTS: i64 = 20_000;

const DAY: i64 = 86_400_000_000;
const FACETS: [(&str, u64); 3] = [("brand", 200), ("colour", 20), ("department", 8)];

fn at(microseconds: i64) -> Timestamp {
    Timestamp::from_microseconds(20_454 * DAY + microseconds).unwrap()
}

fn event(dice: &mut common::Dice, key: String, at: Timestamp, kind: EventKind) -> Event {
    let line = Line::new(format!("sku-{}", dice.below(5_000))).amount((5 + dice.below(300)).to_string(), "EUR");
    let line = FACETS.iter().fold(line, |line, (name, values)| {
        line.facet(*name, format!("{name} {}", dice.below(*values).min(dice.below(*values))))
    });
    let bought = kind == EventKind::Purchase;
    let event = Event::new("web", key.clone(), at, kind).identifier("customer_id", "busy").line(line);
    if bought { event.order(key) } else { event }
}

/// Views, one in twenty a purchase.
fn history(dice: &mut common::Dice) -> Vec<Event> {
    let kind = |number| if number % 20 == 0 { EventKind::Purchase } else { EventKind::View };
    let one = |number| event(dice, format!("e-{number}"), at(number * (DAYS * DAY / EVENTS)), kind(number));
    (0..EVENTS).map(one).collect()
}

/// The bare work: counts by facet, value and day.
#[derive(Clone, Default)]
struct Counts(AHashMap<String, AHashMap<String, Vec<(i64, f64)>>>);

impl Counts {
    fn add(&mut self, event: &Event) {
        let weight = if event.kind == EventKind::Purchase { 1.0 } else { 0.1 };
        let day = event.at.microseconds() / DAY;
        for facet in event.lines.iter().flat_map(|line| &line.facets) {
            let values = self.0.entry(facet.name.to_string()).or_default();
            values.entry(facet.value.to_string()).or_default().push((day, weight));
        }
    }

    fn best(&self, facet: &str, today: i64) -> Vec<(f64, &str)> {
        let faded = |days: &[(i64, f64)]| {
            days.iter().map(|(day, weight)| weight * (-(today - day) as f64 / 365.0).exp2()).sum::<f64>()
        };
        let values = self.0[facet].iter().map(|(value, days)| (faded(days), value.as_str()));
        let mut values: Vec<(f64, &str)> = values.collect();
        values.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        values.truncate(10);
        values
    }
}

fn bench(criterion: &mut Criterion) {
    let mut dice = common::Dice(7);
    let history = history(&mut dice);
    let now = at(DAYS * DAY);
    let today = now.microseconds() / DAY;
    let purchase = event(&mut dice, "one more".into(), at(DAYS * DAY - DAY / 2), EventKind::Purchase);
    let mut counts = Counts::default();
    history.iter().for_each(|event| counts.add(event));
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    resolver.add_events(history, Ingest::default()).unwrap();
    let id = resolver.find(&Identifier::new("customer_id", "busy")).unwrap().profile.unwrap();
    let weights = SignalWeights::default();
    let everybody = vec![resolver.deeds(id, now).unwrap().unwrap(); 30];
    let everybody = Population::learn_deeds(&everybody, &weights, &LearnOptions::until(now)).unwrap();
    let favourites = || {
        let deeds = resolver.deeds(id, now).unwrap().unwrap();
        everybody.favourites("brand", &deeds, &weights, now, 10).len()
    };
    let without = || {
        resolver.remove_event(&purchase.key).unwrap();
        purchase.clone()
    };

    let mut group = criterion.benchmark_group(format!("affinity/{EVENTS} events"));
    let mut grown = counts.clone();
    group.bench_function("bare, one more purchase", |bencher| {
        bencher.iter_batched(|| purchase.clone(), |event| grown.add(black_box(&event)), BatchSize::PerIteration);
    });
    group.bench_function("bare, the ten best brands", |bencher| {
        bencher.iter(|| counts.best(black_box("brand"), today).len());
    });
    group.bench_function("one more purchase", |bencher| {
        bencher.iter_batched(without, |event| resolver.add_event(event).unwrap(), BatchSize::PerIteration);
    });
    group.bench_function("the ten best brands", |bencher| bencher.iter(favourites));
    group.bench_function("one more purchase, then the ten best brands", |bencher| {
        bencher.iter_batched(
            without,
            |event| {
                resolver.add_event(event).unwrap();
                favourites()
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);

//! What does it take to erase one person among many, in memory and on disk, beside reading what is erased? Among the many
//! are records that were set aside and events that are nobody's, which have to be searched as well.
//!
//! `ONEFOLD_ROWS=1000000 cargo bench --bench erase -- --quick` erases among a million records.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod common;

use criterion::{Criterion, criterion_group, criterion_main};
use onefold::{
    AccessRequest, Consent, ConsentStatus, Event, EventKind, Identifier, Ingest, Record, Resolver, Secret, Timestamp,
    Verification,
};
use std::time::{Duration, Instant};

/// Who may be erased: so many people have events, and are asked for one after the other.
const KNOWN: usize = 5_000;

fn at(day: usize) -> Timestamp {
    format!("2026-01-{day:02}T10:00:00Z").parse().unwrap()
}

fn email(person: usize) -> Identifier {
    Identifier::new("email", format!("person{person}@example.org"))
}

/// Two records of each person; of some, events and a consent besides. Every hundredth record is set aside.
fn fill(resolver: &Resolver) {
    let people = common::rows() / 2;
    let records = (0..people).flat_map(|person| {
        let of = |source: &str| Record::new(source, person.to_string(), at(1)).identifier("email", email(person).value);
        let crm = of("crm").identifier("loyalty_id", format!("L{person}")).attribute("family_name", "Example");
        let web = of("web").identifier("device_id", format!("D{person}"));
        let web =
            if person % 50 == 49 { web.identifier("loyalty_id", "X1").identifier("loyalty_id", "X2") } else { web };
        [crm, web]
    });
    resolver.load(records.collect(), Ingest::default()).unwrap();
    let events = (0..KNOWN.min(people)).flat_map(|person| {
        let told = move |event: Event| event.identifier("email", email(person).value);
        let views = (0..10).map(move |n| told(Event::new("web", format!("{person}/{n}"), at(2 + n), EventKind::View)));
        let nobodys = Event::new("kiosk", person.to_string(), at(2), EventKind::View);
        let yes = Consent::new("marketing", ConsentStatus::Granted);
        views.chain([told(Event::of_consent("web", person.to_string(), at(3), yes)), nobodys])
    });
    resolver.add_events(events.collect(), Ingest::default()).unwrap();
}

fn measure(criterion: &mut Criterion, name: &str, resolver: &Resolver) {
    fill(resolver);
    let mut group = criterion.benchmark_group(format!("erase/{} records, {name}", common::rows()));
    group.bench_function("what is kept of one is told", |bencher| {
        let mut person = KNOWN;
        bencher.iter(|| {
            person = if person == 0 { KNOWN - 1 } else { person - 1 };
            let request = AccessRequest::new("dsr", at(20)).needed(Verification::None).proved(email(person));
            resolver.view().unwrap().access(&request).unwrap()
        });
    });
    let mut person = 0;
    group.bench_function("one is erased", |bencher| {
        bencher.iter_custom(|rounds| {
            let mut spent = Duration::ZERO;
            for _ in 0..rounds {
                let begun = Instant::now();
                let erased = resolver.erase(&email(person), "dsr").unwrap();
                spent += begun.elapsed();
                assert!(erased.records == 2 || person >= KNOWN, "person {person}: {erased:?}");
                person += 1;
            }
            spent
        });
    });
    group.finish();
}

fn erase(criterion: &mut Criterion) {
    let secret = || Secret::new("kept by the host").unwrap();
    measure(criterion, "memory", &Resolver::in_memory(common::policy()).unwrap().with_secrets([secret()]));
    #[cfg(feature = "durable")]
    {
        let place = tempfile::tempdir().unwrap();
        let store = std::sync::Arc::new(onefold::Durable::open(place.path().join("profiles")).unwrap());
        let resolver = Resolver::open(store, common::policy(), onefold::Options::default()).unwrap();
        measure(criterion, "disk, every commit synced", &resolver.with_secrets([secret()]));
    }
}

criterion_group!(benches, erase);
criterion_main!(benches);

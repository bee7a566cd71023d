//! What does it cost to ask whether somebody may be written to, beside the bare fold over the same words, and beside
//! reading the profile?
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod common;

use criterion::{Criterion, criterion_group, criterion_main};
use onefold::{
    Consent, ConsentQuery, ConsentStatus, Event, Identifier, Ingest, Policy, PurposePolicy, Record, Resolver,
    Timestamp, effective,
};
use std::hint::black_box;

const KINDS: [(&str, &str); 3] = [("loyalty_id", "L1"), ("email", "ann@example.org"), ("phone", "+15550000001")];

fn at(day: usize) -> Timestamp {
    format!("2026-01-{day:02}T10:00:00Z").parse().unwrap()
}

/// Somebody: so many records of one person, so many consents, each under another identifier of hers, and so many records
/// of others that carry her phone number, each with a loyalty card of its own.
#[derive(Clone, Copy)]
struct Somebody {
    records: usize,
    consents: usize,
    others: usize,
}

fn resolver(policy: Policy, Somebody { records, consents, others }: Somebody) -> Resolver {
    let resolver = Resolver::in_memory(policy).unwrap();
    let known = |record: Record| KINDS.iter().fold(record, |record, (kind, value)| record.identifier(*kind, *value));
    let record = |n: usize| {
        let record = known(Record::new("crm", n.to_string(), at(1)));
        record.attribute("given_name", "Ann").attribute("family_name", "Example").attribute("city", "Springfield")
    };
    let other = |n: usize| {
        let record = Record::new("pos", n.to_string(), at(1)).identifier("loyalty_id", format!("M{n}"));
        record.identifier(KINDS[2].0, KINDS[2].1)
    };
    resolver.load((0..records).map(record).chain((0..others).map(other)).collect(), Ingest::default()).unwrap();
    for (day, (kind, value)) in (2..).zip(KINDS).take(consents) {
        let consent = Consent::new("marketing", ConsentStatus::Granted);
        let consent = if kind == "email" { consent } else { consent.channel("sms") };
        let event = Event::of_consent("web", kind, at(day), consent).identifier(kind, value);
        resolver.add_event(event).unwrap();
    }
    resolver
}

fn consent(criterion: &mut Criterion) {
    let somebody = |records, consents, others| Somebody { records, consents, others };
    for somebody in [somebody(1, 1, 0), somebody(5, 3, 0), somebody(5, 3, 20)] {
        measure(criterion, "values come normalised", common::policy(), somebody);
    }
    let mut retail = Policy::retail();
    retail.purpose.push(PurposePolicy::new("marketing"));
    retail.attribute.iter_mut().for_each(|attribute| attribute.purposes.push("marketing".into()));
    retail.identifier.iter_mut().for_each(|kind| kind.purposes.push("marketing".into()));
    measure(criterion, "the policy for retail", retail, somebody(5, 3, 0));
}

fn measure(criterion: &mut Criterion, policy_name: &str, policy: Policy, somebody: Somebody) {
    let Somebody { records, consents, others } = somebody;
    let resolver = resolver(policy, somebody);
    let ann = Identifier::new(KINDS[0].0, KINDS[0].1);
    let id = resolver.find(&ann).unwrap().profile.unwrap();
    let now = at(20);
    let told = resolver.consents(id).unwrap().unwrap().told;
    assert_eq!(told.len(), consents);
    assert!(resolver.may(id, "marketing", "sms", now).unwrap().unwrap().allowed);
    let view = resolver.view().unwrap();
    let query = ConsentQuery::new("marketing").channel("sms");
    let name = format!("consent/{records} records, {consents} consents, {others} others, {policy_name}");
    let mut group = criterion.benchmark_group(name);
    group.bench_function("the bare fold", |bencher| bencher.iter(|| effective(black_box(&told), &query, now)));
    group.bench_function("profile in a view", |bencher| bencher.iter(|| view.profile(id).unwrap()));
    group.bench_function("profile for a purpose", |bencher| {
        bencher.iter(|| view.for_purpose(id, &query, now).unwrap().unwrap().profile().unwrap());
    });
    group.bench_function("may in a view", |bencher| {
        bencher.iter(|| view.may(id, "marketing", "sms", now).unwrap());
    });
    group.bench_function("may", |bencher| bencher.iter(|| resolver.may(id, "marketing", "sms", now).unwrap()));
    group.finish();
}

criterion_group!(benches, consent);
criterion_main!(benches);

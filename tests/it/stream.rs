//! Streams of events: what must cost the same at the end as at the beginning, and what must hold when it is cut.

use crate::subject;
use onefold::{Event, EventKind, Identifier, Operation, Policy, Record, RecordKey, Resolver, Timestamp};
use std::time::{Duration, Instant};

/// (events of a stream, events of one measured stretch)
const STREAM: (usize, usize) = if cfg!(debug_assertions) { (4_000, 400) } else { (200_000, 5_000) };

fn policy() -> Policy {
    let text = r#"{"identifier": [{"kind": "customer", "role": "person"}, {"kind": "device", "role": "device"}]}"#;
    serde_json::from_str(text).unwrap()
}

fn second(number: usize) -> Timestamp {
    Timestamp::from_milliseconds(1_700_000_000_000 + 1_000 * i64::try_from(number).unwrap()).unwrap()
}

fn view(number: usize) -> Event {
    Event::new("web", format!("{number:07}"), second(number), EventKind::View).identifier("device", "tablet")
}

/// Sends events one by one; the middle cost of the first stretch and of the last.
fn stretches(resolver: &Resolver, events: impl Iterator<Item = Event>) -> (Duration, Duration) {
    let costs: Vec<Duration> = events
        .map(|event| {
            let start = Instant::now();
            drop(resolver.add_event(event).unwrap());
            start.elapsed()
        })
        .collect();
    let middle = |costs: &[Duration]| {
        let mut costs = costs.to_vec();
        costs.sort_unstable();
        costs[costs.len() / 2]
    };
    let (total, stretch) = STREAM;
    // The very first ones find an empty resolver.
    (middle(&costs[stretch..2 * stretch]), middle(&costs[total - stretch..]))
}

#[test]
fn the_views_of_a_device_are_one_vertex_and_each_costs_the_same() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let (first, last) = stretches(&resolver, (0..STREAM.0).map(view));
    let counts = resolver.stats().unwrap().counts;
    assert_eq!((counts.events, counts.trails, counts.profiles), (STREAM.0 as u64, 1, 1));
    assert!(last < first * 8, "an event costs {last:?} at the end and {first:?} at the beginning");
    assert_eq!(resolver.changes(0, usize::MAX).unwrap().len(), STREAM.0, "the feed tells of each, once a commit");
    // From the beginning, from the middle and from the end.
    for gone in [0, STREAM.0 / 2, STREAM.0 - 1] {
        assert!(resolver.remove_event(&view(gone).key).unwrap().is_some());
    }
    let id = resolver.find(&Identifier::new("device", "tablet")).unwrap().profile.unwrap();
    let events = resolver.events_of(id, None, None).unwrap();
    let left = (0..STREAM.0).filter(|number| ![0, STREAM.0 / 2, STREAM.0 - 1].contains(number));
    assert!(events.iter().map(|event| event.key.clone()).eq(left.map(|number| view(number).key)));
}

/// Two people and nobody take turns on one tablet.
fn turn(number: usize) -> Event {
    match number % 4 {
        0 => view(number).identifier("customer", "ann"),
        2 => view(number).identifier("customer", "ben"),
        _ => view(number),
    }
}

#[test]
fn a_tablet_that_people_share_all_day_costs_each_of_them_the_same() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let (first, last) = stretches(&resolver, (0..STREAM.0).map(turn));
    assert!(last < first * 8, "an event costs {last:?} at the end and {first:?} at the beginning");
    let counts = resolver.stats().unwrap().counts;
    assert_eq!((counts.events, counts.trails, counts.profiles), (STREAM.0 as u64, 3, 2));
    for number in [1, 3, STREAM.0 - 3, STREAM.0 - 1] {
        let whose = if number % 4 == 1 { "ann" } else { "ben" };
        let whose = resolver.find(&Identifier::new("customer", whose)).unwrap().profile;
        assert_eq!(resolver.event(&view(number).key).unwrap().unwrap().profile, whose, "event {number}");
    }
    // One that comes late: Ben was there just before the third.
    let key = RecordKey::new("web", "late");
    let late = Event { key: key.clone(), at: second(0), ..turn(2) };
    drop(resolver.add_event(late).unwrap());
    let whose = |number| resolver.event(&view(number).key).unwrap().unwrap().profile;
    assert_eq!(whose(1), whose(2), "the newest claim of that second is Ben's");
    assert!(resolver.remove_event(&key).unwrap().is_some());
    assert_eq!(whose(1), whose(0));
}

#[test]
fn a_stream_in_batches_is_the_stream_one_by_one_and_backwards() {
    let events: Vec<Event> = (0..600).map(turn).collect();
    let resolvers = [0, 1, 2].map(|_| Resolver::in_memory(policy()).unwrap());
    let [one, batched, backwards] = &resolvers;
    events.iter().for_each(|event| drop(one.add_event(event.clone()).unwrap()));
    drop(batched.add_events(events.clone(), subject::ingest(64)).unwrap());
    events.iter().rev().for_each(|event| drop(backwards.add_event(event.clone()).unwrap()));
    let picture = subject::picture(one);
    assert_eq!(subject::picture(batched), picture);
    assert_eq!(subject::picture(backwards), picture);
}

#[test]
fn records_load_beside_events_that_are_there() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    drop(resolver.add_events((0..20).map(turn).collect(), subject::ingest(7)).unwrap());
    let records: Vec<Record> = (0..40)
        .map(|number| {
            Record::new("crm", number.to_string(), second(number)).identifier("customer", ["ann", "ben"][number % 2])
        })
        .collect();
    drop(resolver.load(records.clone(), subject::ingest(10)).unwrap());
    let added = Resolver::in_memory(policy()).unwrap();
    drop(added.add_all(records, subject::ingest(10)).unwrap());
    drop(added.add_events((0..20).map(turn).collect(), subject::ingest(1)).unwrap());
    assert_eq!(subject::picture(&resolver), subject::picture(&added));
    assert_eq!(resolver.stats().unwrap().counts, added.stats().unwrap().counts);
}

#[test]
fn an_event_of_the_future_or_of_nobody_is_told_and_kept() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let now = second(0);
    let event = Event::new("web", "1", second(100_000), EventKind::Purchase);
    let line = Operation::Event(Box::new(event.clone())).to_json();
    let ingest = onefold::Ingest { now: Some(now), ..onefold::Ingest::default() };
    let answer = resolver.add_events(vec![event.clone()], ingest).unwrap().pop().unwrap();
    let told: Vec<(&str, String)> =
        answer.issues.iter().map(|issue| (issue.field.as_str(), issue.reason.to_string())).collect();
    assert_eq!(answer.profile, None);
    assert_eq!(told.iter().map(|(field, _)| *field).collect::<Vec<_>>(), ["identifiers", "lines", "at"], "{told:?}");
    let stored = resolver.event(&event.key).unwrap().unwrap();
    assert_eq!(Operation::Event(Box::new((*stored.event).clone())).to_json(), line, "nothing is lost");
    assert_eq!((stored.profile, stored.trail), (None, None));
    let mut exported = Vec::new();
    resolver.export(&mut |operation| exported.push(operation.to_json())).unwrap();
    assert_eq!(exported, [line]);
}

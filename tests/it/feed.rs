//! The change feed: whoever reads it and nothing else knows all that profiles show.

use crate::script::{self, Call};
use crate::{consents, properties::config, subject, sweep, tablet};
use onefold::store::ProfileEvent;
use onefold::{
    Consent, ConsentStatus, Consents, Deeds, Event, EventKind, Facts, Ingest, Issued, Orders, Policy, ProfileId,
    Record, RecordKey, Resolver, Timestamp,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What a profile shows.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    facts: Facts,
    orders: Orders,
    consents: Consents,
    deeds: Deeds,
    events: Vec<Arc<Event>>,
    records: Vec<RecordKey>,
    issued: Option<Issued>,
}

impl Shown {
    fn of(resolver: &Resolver, id: ProfileId, now: Timestamp) -> Option<Self> {
        let view = resolver.view().unwrap();
        if view.resolve_id(id).unwrap() != Some(id) {
            return None;
        }
        Some(Self {
            facts: view.facts(id, now).unwrap().unwrap(),
            orders: view.orders(id, now).unwrap().unwrap(),
            consents: view.consents(id).unwrap().unwrap(),
            deeds: view.deeds(id, now).unwrap().unwrap(),
            events: view.events_of(id, None, None).unwrap(),
            records: view.profile(id).unwrap().unwrap().records,
            issued: view.issued(id, "tea").unwrap(),
        })
    }
}

/// Reads the feed, and again what it names.
#[derive(Default)]
struct Consumer {
    cursor: u64,
    known: BTreeMap<ProfileId, Shown>,
}

impl Consumer {
    fn read(&mut self, resolver: &Resolver, now: Timestamp) {
        let changes = resolver.changes(self.cursor, usize::MAX).unwrap();
        self.cursor = changes.last().map_or(self.cursor, |change| change.sequence);
        let named: BTreeSet<ProfileId> = changes.iter().flat_map(|change| change.event.profiles()).collect();
        for id in named {
            self.known.remove(&id);
            self.known.extend(Shown::of(resolver, id, now).map(|shown| (id, shown)));
        }
    }
}

fn all(resolver: &Resolver, now: Timestamp) -> BTreeMap<ProfileId, Shown> {
    let ids = subject::people(resolver).into_keys();
    ids.map(|id| (id, Shown::of(resolver, id, now).unwrap())).collect()
}

/// What is done beside a call of a script.
#[derive(Debug, Clone)]
enum Beside {
    Nothing,
    Sweep,
    Issue(usize),
    Tell(Box<Event>),
}

/// Whom the feed names after a call.
fn named(resolver: &Resolver, call: impl FnOnce()) -> BTreeSet<ProfileId> {
    let before = resolver.changes(0, usize::MAX).unwrap().len() as u64;
    call();
    let told = resolver.changes(before, usize::MAX).unwrap();
    told.iter().flat_map(|change| change.event.profiles()).collect()
}

fn on(minute: u32, kind: EventKind, identifiers: &[(&str, &str)]) -> Event {
    let event = Event::new("web", minute.to_string(), at(&format!("2026-01-05T10:{minute:02}:00Z")), kind);
    identifiers.iter().fold(event, |event, (kind, value)| event.identifier(*kind, *value))
}

#[test]
fn a_late_login_is_told_of_whom_it_takes_from() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let login = |minute, who| on(minute, EventKind::View, &[("customer_id", who), ("device_id", "tablet")]);
    let who = |event| resolver.add_event(event).unwrap().profile.unwrap();
    let (ann, bob) = (who(login(0, "ann")), who(login(2, "bob")));
    // The first view is older than all that follows, so that only the later claims decide.
    assert_eq!(who(on(1, EventKind::View, &[("device_id", "tablet")])), ann);
    assert_eq!(who(on(9, EventKind::View, &[("device_id", "tablet")])), bob);
    assert_eq!(named(&resolver, || assert_eq!(who(login(5, "ann")), ann)), [ann, bob].into());
    // What is newer than all of them takes nothing.
    assert_eq!(named(&resolver, || assert_eq!(who(login(20, "ann")), ann)), [ann].into());
    assert_eq!(
        named(&resolver, || assert_eq!(who(on(30, EventKind::View, &[("device_id", "tablet")])), ann)),
        [ann].into()
    );
    let gone = RecordKey::new("web", "5");
    assert_eq!(named(&resolver, || assert!(resolver.remove_event(&gone).unwrap().is_some())), [ann, bob].into());
}

#[test]
fn each_of_whom_something_came_in_one_commit_is_told() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let login = |minute, who| on(minute, EventKind::View, &[("customer_id", who), ("device_id", "tablet")]);
    let view = |minute| on(minute, EventKind::View, &[("device_id", "tablet")]);
    let who = |event| resolver.add_event(event).unwrap().profile.unwrap();
    let (ann, bob) = (who(login(0, "ann")), who(login(20, "bob")));
    assert_eq!((who(view(5)), who(view(30)), who(view(40))), (ann, bob, bob));
    let both = || drop(resolver.add_events(vec![view(10), view(31)], Ingest::default()).unwrap());
    assert_eq!(named(&resolver, both), [ann, bob].into());
    assert_eq!(named(&resolver, || assert_eq!(who(view(11)), ann)), [ann].into());
    let gone = [RecordKey::new("web", "10"), RecordKey::new("web", "31")];
    assert_eq!(named(&resolver, || assert_eq!(resolver.remove_events(&gone).unwrap(), 2)), [ann, bob].into());
}

#[test]
fn who_an_identifier_counts_for_no_more_is_told() {
    let policy = r#"{"identifier":[{"kind":"customer_id","role":"person"},
        {"kind":"email","role":"contact","max_per_profile":1,"max_records":4}]}"#;
    let resolver = Resolver::in_memory(serde_json::from_str(policy).unwrap()).unwrap();
    let card = |key: &str, minute: u32, who: &str| {
        let card = Record::new("crm", key, at(&format!("2026-01-05T10:{minute:02}:00Z")));
        card.identifier("customer_id", who).identifier("email", "family")
    };
    let who = |record| resolver.add(record).unwrap().profile.unwrap();
    let (ann, bob) = (who(card("1", 0, "ann")), who(card("2", 1, "bob")));
    // Ann has the address again: what was given under it is hers.
    assert!(named(&resolver, || assert_eq!(who(card("1", 2, "ann")), ann)).is_superset(&[ann, bob].into()));
    assert_ne!(who(card("3", 3, "carl")), who(card("4", 4, "dora")));
    // Now it is nobody's.
    assert!(named(&resolver, || assert_ne!(who(card("5", 5, "eve")), ann)).is_superset(&[ann, bob].into()));
    for (key, whose) in [("5", bob), ("4", ann), ("3", ann), ("2", ann)] {
        let gone = RecordKey::new("crm", key);
        let found = named(&resolver, || drop(resolver.remove(&gone).unwrap()));
        assert!(found.contains(&whose), "without {key}: {found:?}");
    }
}

#[test]
fn a_consent_is_told_of_all_who_hear_it() {
    let policy = r#"{"identifier":[{"kind":"customer_id","role":"person"},{"kind":"email","role":"contact","max_per_profile":1}]}"#;
    let resolver = Resolver::in_memory(serde_json::from_str(policy).unwrap()).unwrap();
    let who = |event| resolver.add_event(event).unwrap().profile.unwrap();
    let shares = |minute, who| on(minute, EventKind::View, &[("customer_id", who), ("email", "family")]);
    let (ann, bob) = (who(shares(0, "ann")), who(shares(1, "bob")));
    let carl = who(on(2, EventKind::View, &[("customer_id", "carl"), ("email", "own")]));
    // Ann holds the address, whatever is told before that.
    assert_eq!(who(shares(50, "ann")), ann);
    let told = |key: &str, identifiers: &[(&str, &str)]| {
        let no = Consent::new("marketing", ConsentStatus::Denied);
        let told = Event::of_consent("web", key, at("2026-01-05T10:30:00Z"), no);
        identifiers.iter().fold(told, |told, (kind, value)| told.identifier(*kind, *value))
    };
    let shared = || told("c1", &[("customer_id", "ann"), ("email", "family")]);
    drop(resolver.add_event(shared()).unwrap());
    assert_eq!(named(&resolver, || drop(resolver.remove_consent(&shared().key).unwrap())), [ann, bob].into());
    assert_eq!(named(&resolver, || assert_eq!(who(shared()), ann)), [ann, bob].into());
    assert_eq!(named(&resolver, || assert_eq!(who(told("c2", &[("customer_id", "carl")])), carl)), [carl].into());
}

proptest! {
    #![proptest_config(config(60))]

    /// Whatever happens, who reads again what the feed names has what everybody read from scratch would be.
    #[test]
    fn a_consumer_of_the_feed_misses_nothing(
        script in prop_oneof![
            2 => tablet::happenings(1..14).boxed(),
            1 => script::scripts_with_events(1..14).boxed(),
            1 => sweep::scripts(1..14).boxed(),
        ],
        beside in prop::collection::vec(
            prop_oneof![
                6 => Just(Beside::Nothing),
                1 => Just(Beside::Sweep),
                1 => (0..9_usize).prop_map(Beside::Issue),
                3 => consents::told_of_somebody().prop_map(|event| Beside::Tell(Box::new(event))),
            ],
            15,
        ),
    ) {
        let resolver = Resolver::in_memory(script.policy.clone()).unwrap();
        let mut consumer = Consumer::default();
        // Nothing of a script happens later: what only time changes, no feed tells.
        let now = at("2026-01-20T00:00:00Z");
        for (call, beside) in script.calls.iter().zip(beside) {
            let before = resolver.changes(0, usize::MAX).unwrap().len();
            subject::call(&resolver, call);
            if matches!(call, Call::Apply(_)) {
                let told = resolver.changes(before as u64, usize::MAX).unwrap();
                let extended: Vec<ProfileId> = told.iter().filter_map(|change| match change.event {
                    ProfileEvent::Extended { profile } => Some(profile),
                    _ => None,
                }).collect();
                let once: BTreeSet<&ProfileId> = extended.iter().collect();
                prop_assert_eq!(once.len(), extended.len(), "twice in one commit");
            }
            match beside.clone() {
                Beside::Tell(event) => drop(resolver.add_event(*event).unwrap()),
                Beside::Nothing => {}
                Beside::Sweep => drop(resolver.sweep(now).unwrap()),
                Beside::Issue(which) => {
                    let people: Vec<ProfileId> = subject::people(&resolver).into_keys().collect();
                    if let Some(id) = people.get(which) {
                        drop(resolver.issue(*id, "tea", now));
                    }
                }
            }
            if matches!(call, Call::SetPolicy(_)) {
                // Another policy reads everything anew, and the entries of the feed tell its version.
                consumer.known = all(&resolver, now);
            }
            consumer.read(&resolver, now);
            prop_assert_eq!(&consumer.known, &all(&resolver, now), "after {:?}, {:?}", call, beside);
        }
    }
}

//! The change feed: whoever reads it and nothing else knows all that profiles show.

use crate::script::{self, Call};
use crate::{properties::config, subject, sweep, tablet};
use onefold::store::ProfileEvent;
use onefold::{Consents, Deeds, Event, Facts, Issued, Orders, ProfileId, RecordKey, Resolver, Timestamp};
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
#[derive(Debug, Clone, Copy)]
enum Beside {
    Nothing,
    Sweep,
    Issue(usize),
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
            match beside {
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

//! The laws of section 2 as properties: whatever is sent, in whatever order, the resolver is the model.
//!
//! A few cases each by default; `PROPTEST_CASES` asks for more. A bug that one of them finds becomes a named test.

use crate::model::Key;
use crate::names::follow;
use crate::reads::{self, Reads};
use crate::script::{self, Call, Script};
use crate::subject;
use crate::tablet;
use crate::world::{self, Picture, World};
use onefold::{Assertion, Event, EventKind, Golden, Operation, Policy, ProfileId, Record, Resolver, Verdict};
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn config(cases: u32) -> Config {
    let told = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config {
        cases: told.unwrap_or(cases),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        max_global_rejects: u32::MAX,
        ..Config::default()
    }
}

/// All that a resolver shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) picture: Picture,
    homes: BTreeMap<Key, Option<ProfileId>>,
    golden: BTreeMap<BTreeSet<Key>, Golden>,
    reads: Reads,
}

impl State {
    pub(crate) fn of(resolver: &Resolver) -> Self {
        let (picture, homes, golden) =
            (subject::picture(resolver), subject::homes(resolver), subject::golden(resolver));
        Self { picture, homes, golden, reads: reads::of(resolver) }
    }

    /// What is the same whatever the order of arrival: all but the names.
    pub(crate) fn nameless(self) -> (Picture, BTreeMap<BTreeSet<Key>, Golden>, Reads) {
        (self.picture, self.golden, self.reads)
    }
}

fn fresh(policy: &Policy) -> Resolver {
    Resolver::in_memory(policy.clone()).unwrap()
}

/// A resolver and a model that a script happened to.
fn played(script: &Script) -> (Resolver, World) {
    let (resolver, mut world) = (fresh(&script.policy), World::new(script.policy.clone()));
    for call in &script.calls {
        subject::call(&resolver, call);
        world.call(call);
    }
    (resolver, world)
}

/// All that stands, as lines of a file.
fn exported(resolver: &Resolver) -> Vec<String> {
    let mut lines = Vec::new();
    resolver.export(&mut |operation| lines.push(operation.to_json())).unwrap();
    lines
}

/// How long the feed is.
fn feed(resolver: &Resolver) -> usize {
    resolver.changes(0, usize::MAX).unwrap().len()
}

/// Records, events and assertions on pairs that differ, in one order and in another.
fn two_orders() -> impl Strategy<Value = (Vec<Operation>, Vec<Operation>)> {
    let evidence = prop_oneof![
        script::records(0..14).prop_map(|records| records.into_iter().map(Operation::Add).collect()).boxed(),
        tablet::evidence().boxed(),
    ];
    let words = proptest::collection::vec(script::assertion(), 0..4);
    (evidence, words).prop_flat_map(|(mut sent, words): (Vec<Operation>, Vec<Assertion>)| {
        let mut seen = BTreeSet::new();
        let words = words.into_iter().filter(move |word| seen.insert(world::pair(&word.a, &word.b)));
        sent.extend(words.map(Operation::Assert));
        (Just(sent.clone()), Just(sent).prop_shuffle())
    })
}

/// Sends operations with the records, and the events, between two assertions in one call each.
fn send_batched(resolver: &Resolver, operations: &[Operation], batch: usize) {
    let (mut records, mut events) = (Vec::new(), Vec::new());
    let flush = |records: &mut Vec<Record>, events: &mut Vec<Event>| {
        drop(resolver.add_events(std::mem::take(events), subject::ingest(batch)).unwrap());
        drop(resolver.add_all(std::mem::take(records), subject::ingest(batch)).unwrap());
    };
    for operation in operations {
        match operation {
            Operation::Add(record) => records.push(record.clone()),
            Operation::Event(event) => events.push((**event).clone()),
            other => {
                flush(&mut records, &mut events);
                drop(resolver.apply(other.clone()).unwrap());
            }
        }
    }
    flush(&mut records, &mut events);
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_resolver_is_the_model_after_every_call(script in script::of_any_kind(1..14)) {
        follow(&script.policy, &script.calls);
    }

    #[test]
    fn order_and_batches_never_show(policy in tablet::any_policy(), (sent, shuffled) in two_orders(), batch in 1..6_usize) {
        let (one, other) = (fresh(&policy), fresh(&policy));
        for operation in &sent {
            drop(one.apply(operation.clone()).unwrap());
        }
        send_batched(&other, &shuffled, batch);
        prop_assert_eq!(State::of(&one).nameless(), State::of(&other).nameless());
        prop_assert_eq!(subject::withheld(&one), subject::withheld(&other), "what is withheld, and why");
    }

    #[test]
    fn loading_is_adding(policy in script::policies(), records in script::records(0..14)) {
        let (added, loaded) = (fresh(&policy), fresh(&policy));
        for record in &records {
            drop(added.add(record.clone()).unwrap());
        }
        drop(loaded.load(records, subject::ingest(3)).unwrap());
        prop_assert_eq!(State::of(&added).nameless(), State::of(&loaded).nameless());
    }

    #[test]
    fn deduplicating_is_loading(policy in script::policies(), records in script::records(0..14)) {
        let loaded = fresh(&policy);
        drop(loaded.load(records.clone(), subject::ingest(3)).unwrap());
        let found = onefold::deduplicate(policy, records.clone()).unwrap();
        let mut people: BTreeMap<u32, BTreeSet<Key>> = BTreeMap::new();
        for (record, person) in records.iter().zip(&found.person_of) {
            let key = Key(record.key.source.to_string(), record.key.key.to_string());
            person.map(|person| people.entry(person).or_default().insert(key));
        }
        prop_assert!(people.keys().copied().eq(0..found.people));
        let stored: BTreeSet<BTreeSet<Key>> = subject::profiles(&loaded).into_values().collect();
        prop_assert_eq!(people.into_values().collect::<BTreeSet<_>>(), stored);
        let withheld: u64 = found.withheld.values().sum();
        prop_assert_eq!(withheld, loaded.withheld(None, 1000).unwrap().len() as u64);
    }

    #[test]
    fn what_is_exported_is_all_that_stands(script in script::of_any_kind(1..14)) {
        let (resolver, world) = played(&script);
        let lines = exported(&resolver);
        let copy = fresh(&world.policy);
        for line in lines.iter().rev() {
            drop(copy.apply(Operation::from_json(line.as_bytes(), None).unwrap()).unwrap());
        }
        prop_assert_eq!(State::of(&copy).nameless(), State::of(&resolver).nameless());
        prop_assert_eq!(subject::withheld(&copy), subject::withheld(&resolver));
        let sorted = |mut lines: Vec<String>| { lines.sort(); lines };
        prop_assert_eq!(sorted(exported(&copy)), sorted(lines));
    }

    #[test]
    fn twice_is_once(script in script::of_any_kind(1..10)) {
        let (resolver, world) = played(&script);
        let (before, length) = (State::of(&resolver), feed(&resolver));
        for record in world.records.values() {
            drop(resolver.add(record.clone()).unwrap());
        }
        let again: Vec<Record> = world.records.values().cloned().collect();
        drop(resolver.add_all(again.clone(), subject::ingest(2)).unwrap());
        drop(resolver.load(again, subject::ingest(2)).unwrap());
        drop(resolver.add_events(world.events.values().cloned().collect(), subject::ingest(2)).unwrap());
        prop_assert_eq!(State::of(&resolver), before);
        prop_assert_eq!(feed(&resolver), length, "nothing happened, and the feed says so");
    }

    #[test]
    fn adding_is_undone_by_removing(script in script::of_any_kind(0..12), record in script::record()) {
        let (resolver, _) = played(&script);
        let before = State::of(&resolver);
        let mut record = record;
        record.key.source = "new".into();
        drop(resolver.add(record.clone()).unwrap());
        prop_assert!(resolver.remove(&record.key).unwrap().is_some());
        prop_assert_eq!(State::of(&resolver), before);
        prop_assert!(resolver.remove(&record.key).unwrap().is_none());
    }

    #[test]
    fn an_event_is_undone_by_removing(script in script::of_any_kind(0..12), event in tablet::event()) {
        let (resolver, _) = played(&script);
        let (before, export) = (State::of(&resolver), exported(&resolver));
        let event = Event { key: onefold::RecordKey::new("new", event.key.key.clone()), ..event };
        let answer = resolver.add_event(event.clone()).unwrap();
        let is_consent = event.kind == EventKind::Consent;
        let stored = if is_consent { resolver.consent(&event.key) } else { resolver.event(&event.key) };
        let stored = stored.unwrap().unwrap();
        let remove = || if is_consent { resolver.remove_consent(&event.key) } else { resolver.remove_event(&event.key) };
        prop_assert_eq!(answer.profile, stored.profile, "an answer names the profile whose the event is");
        prop_assert!(!answer.because.is_empty(), "every answer says why");
        prop_assert!(remove().unwrap().is_some());
        prop_assert_eq!(State::of(&resolver), before);
        prop_assert_eq!(exported(&resolver), export);
        prop_assert!(remove().unwrap().is_none());
    }

    #[test]
    fn asserting_is_undone_by_lifting(script in script::of_any_kind(1..12), said in script::assertion()) {
        let (resolver, world) = played(&script);
        prop_assume!(!world.words.contains_key(&world::pair(&said.a, &said.b)));
        let before = State::of(&resolver);
        drop(resolver.assert(said.clone()).unwrap());
        let opposite = match said.verdict { Verdict::Join => Verdict::Separate, Verdict::Separate => Verdict::Join };
        drop(resolver.assert(Assertion { verdict: opposite, ..said.clone() }).unwrap());
        prop_assert!(resolver.lift(&said.b, &said.a).unwrap().is_some());
        prop_assert_eq!(State::of(&resolver), before);
        prop_assert!(resolver.lift(&said.a, &said.b).unwrap().is_none());
    }

    #[test]
    fn a_new_policy_is_as_if_it_had_always_been(script in script::of_any_kind(1..12), policy in script::policies()) {
        let (resolver, world) = played(&script);
        let before = (State::of(&resolver), feed(&resolver));
        let told = format!("{:?}", resolver.preview_policy(policy.clone()).unwrap());
        prop_assert_eq!((State::of(&resolver), feed(&resolver)), before, "a preview writes nothing");
        prop_assert_eq!(format!("{:?}", resolver.set_policy(policy.clone()).unwrap()), told);

        let always = fresh(&policy);
        for record in world.records.values() {
            drop(always.add(record.clone()).unwrap());
        }
        drop(always.add_events(world.events.values().cloned().collect(), subject::ingest(3)).unwrap());
        for ((a, b), verdict) in &world.words {
            let key = |key: &Key| onefold::RecordKey::new(key.0.as_str(), key.1.as_str());
            drop(always.assert(Assertion::new(*verdict, key(a), key(b), "steward", "").unwrap()).unwrap());
        }
        prop_assert_eq!(State::of(&resolver).nameless(), State::of(&always).nameless());
    }

    #[test]
    fn a_preview_tells_what_adding_does_and_writes_nothing(script in script::of_any_kind(0..12), record in script::record()) {
        let (resolver, world) = played(&script);
        let before = (State::of(&resolver), feed(&resolver));
        let told = resolver.preview(record.clone()).unwrap();
        prop_assert_eq!((State::of(&resolver), feed(&resolver)), before);
        subject::audit(&resolver, &world);
        prop_assert_eq!(format!("{:?}", resolver.add(record).unwrap()), format!("{told:?}"));
    }

    #[test]
    fn an_answer_names_the_profile_of_its_record(policy in script::policies(), records in script::records(1..12)) {
        let resolver = fresh(&policy);
        for record in records {
            let before = subject::homes(&resolver).get(&world::key(&record.key)).copied().flatten();
            let answer = resolver.add(record.clone()).unwrap();
            let now = resolver.profile_of(&record.key).unwrap();
            prop_assert_eq!(answer.profile, now);
            for gone in &answer.joined {
                prop_assert_eq!(resolver.resolve_id(*gone).unwrap(), now, "a joined id leads to the profile");
            }
            prop_assert!(!answer.because.is_empty(), "every answer says why");
            prop_assert!(before.is_none() || resolver.resolve_id(before.unwrap()).is_ok());
        }
    }
}

#[cfg(feature = "durable")]
proptest! {
    #![proptest_config(config(8))]

    /// The same calls on two stores, the one on disk opened again after each: the same bytes of an answer, names too.
    #[test]
    fn on_disk_is_as_in_memory(script in script::of_any_kind(1..8)) {
        let folder = tempfile::tempdir().unwrap();
        let memory = fresh(&script.policy);
        let mut policy = script.policy.clone();
        for call in &script.calls {
            let durable = Resolver::open(on_disk(folder.path()), policy.clone(), onefold::Options::default()).unwrap();
            subject::call(&memory, call);
            subject::call(&durable, call);
            policy = durable.policy();
            prop_assert_eq!(State::of(&durable), State::of(&memory), "after {:?}", call);
            prop_assert_eq!(durable.changes(0, usize::MAX).unwrap(), memory.changes(0, usize::MAX).unwrap());
        }
        let again = Resolver::open_as_stored(on_disk(folder.path()), onefold::Options::default()).unwrap();
        if let Some(again) = again {
            prop_assert_eq!(State::of(&again), State::of(&memory), "opened again");
        }
    }
}

#[cfg(feature = "durable")]
fn on_disk(folder: &std::path::Path) -> std::sync::Arc<onefold::Durable> {
    let options = onefold::Durable::options(folder).durability(onefold::Durability::System);
    std::sync::Arc::new(options.open().unwrap())
}

#[test]
fn the_calls_are_shown_in_full() {
    let call = Call::Apply(Operation::Remove(onefold::RecordKey::new("a", "1")));
    assert_eq!(format!("{call:?}"), r#"{"key":"1","op":"remove","source":"a"}"#);
}

/// More records than are read at a time.
#[test]
fn deduplicating_many_numbers_people_by_their_first_records() {
    let at = "2026-01-05T10:00:00Z".parse().unwrap();
    let many = 20_000;
    let record = |place: usize| {
        let whose = if place < many / 2 { place } else { many - 1 - place };
        let mail = if place % 1000 == 7 { "nobody".to_owned() } else { format!("p{whose}@example.org") };
        Record::new("crm", place.to_string(), at).identifier("email", mail)
    };
    let found = onefold::deduplicate(Policy::retail(), (0..many).map(record).collect()).unwrap();
    let wrong: Vec<&str> =
        found.issues.iter().filter(|issue| issue.field == "email").map(|issue| issue.key.key.as_str()).collect();
    assert!(wrong.iter().map(|key| key.parse::<usize>().unwrap()).eq((7..many).step_by(1000)));
    let mut next = 0;
    for (place, person) in found.person_of.iter().enumerate() {
        let partner = many - 1 - place;
        let alone = place % 1000 == 7 || partner % 1000 == 7;
        if alone || place < many / 2 {
            assert_eq!(*person, Some(next), "{place}");
            next += 1;
        } else {
            assert_eq!(*person, found.person_of[partner], "{place}");
        }
    }
    assert_eq!(found.people, next);
}

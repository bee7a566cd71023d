//! Scripts in which several people use one device: what trails, and events of their own time, are there for.
//!
//! How often each state is reached is counted, so that the properties cannot come to prove less without a word.

use crate::consents;
use crate::deeds::home;
use crate::model::{Evidence, Key, Person, Standing};
use crate::script::{self, Call, Script};
use crate::world::{self, World};
use onefold::{
    Contested, Event, EventKind, Line, Links, Operation, Policy, Record, RecordKey, Role, SmolStr, Timestamp,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, BTreeSet};

/// Scripts with events: any, or those of people who share devices.
pub(crate) fn happenings(calls: std::ops::Range<usize>) -> impl Strategy<Value = Script> {
    prop_oneof![1 => script::scripts_with_events(calls.clone()).boxed(), 2 => tablets(calls).boxed()]
}

/// Scripts in which people log in to few devices, and things happen on them while nobody is known.
pub(crate) fn tablets(calls: std::ops::Range<usize>) -> impl Strategy<Value = Script> {
    (policies(), vec(call(), calls)).prop_map(|(policy, calls)| Script { policy, calls })
}

pub(crate) fn any_policy() -> impl Strategy<Value = Policy> {
    prop_oneof![1 => script::policies().boxed(), 2 => policies().boxed()]
}

/// Records and events, in one order and in another.
pub(crate) fn two_orders() -> impl Strategy<Value = (Vec<Operation>, Vec<Operation>)> {
    evidence().prop_flat_map(|sent| (Just(sent.clone()), Just(sent).prop_shuffle()))
}

/// Records and events.
pub(crate) fn evidence() -> impl Strategy<Value = Vec<Operation>> {
    let record = prop_oneof![1 => script::record().boxed(), 2 => record().boxed()];
    let event = prop_oneof![1 => script::event().boxed(), 2 => event().boxed()];
    (vec(record, 0..8), vec(event, 0..14)).prop_map(|(records, events)| {
        let events = events.into_iter().map(|event| Operation::Event(Box::new(event)));
        records.into_iter().map(Operation::Add).chain(events).collect()
    })
}

/// The policies of [`script::policies`] with a number of a person, an address, a device and a session, in this order.
fn policies() -> impl Strategy<Value = Policy> {
    let drawn = prop::array::uniform4(script::kind().boxed());
    let plain = prop::array::uniform4(any::<prop::sample::Index>());
    (script::policies().boxed(), drawn, plain).prop_map(|(mut policy, mut kinds, plain)| {
        let roles = [Role::Person, Role::Contact, Role::Device, Role::Session];
        for (place, kind) in kinds.iter_mut().enumerate() {
            (kind.kind, kind.role) = (script::KINDS[place].into(), roles[place]);
            // Three in four devices are what devices are by default.
            let is_plain = plain[place].index(4) > 0;
            if place < 2 || is_plain || kind.links == Some(Links::Anonymous) {
                kind.links = None;
            }
            if is_plain {
                (kind.max_per_profile, kind.max_claimants, kind.max_records) = (None, None, None);
                (kind.contested, kind.corroborate) = (Contested::Latest, Vec::new());
            }
        }
        kinds.sort_by_key(|kind| script::links(kind) == Links::Anonymous);
        // An order is a visit's, as a retailer has it.
        policy.event.order = policy.event.order.map(|_| script::KINDS[3].into());
        // Linkage is of the columns that there were.
        let linkage = policy.linkage.take();
        policy.identifier = kinds.to_vec();
        policy.linkage = linkage
            .map(|linkage| script::likeness(&policy, linkage.max_block, linkage.link_probability, linkage.veto_weight));
        policy
    })
}

fn call() -> impl Strategy<Value = Call> {
    let happened = |event| Call::Apply(Operation::Event(Box::new(event)));
    prop_oneof![
        16 => event().prop_map(happened),
        8 => (vec(event(), 1..10), 1..5_usize).prop_map(|(events, batch)| Call::AddEvents(events, batch)),
        4 => key().prop_map(|key| Call::Apply(Operation::RemoveEvent(key))),
        1 => key().prop_map(|key| Call::Apply(Operation::RemoveConsent(key_of_consent(key)))),
        1 => vec(key(), 0..4).prop_map(Call::RemoveEvents),
        6 => record().prop_map(|record| Call::Apply(Operation::Add(record))),
        2 => key().prop_map(|key| Call::Apply(Operation::Remove(key))),
        1 => vec(record(), 0..6).prop_map(Call::Load),
        2 => script::assertion().prop_map(|said| Call::Apply(Operation::Assert(said))),
        1 => script::pair().prop_map(|(a, b)| Call::Apply(Operation::Lift { a, b })),
        1 => policies().prop_map(Call::SetPolicy),
    ]
}

/// Consents have keys of their own, and in scripts also other ones.
pub(crate) fn key_of_consent(key: RecordKey) -> RecordKey {
    RecordKey::new(key.source, format!("c{}", key.key))
}

/// The keys of records and of events: one pool, in which some are those of [`script::key`].
pub(crate) fn key() -> impl Strategy<Value = RecordKey> {
    (select(&["a", "b"][..]), 1..9_u32).prop_map(|(source, key)| RecordKey::new(source, key.to_string()))
}

pub(crate) fn at() -> impl Strategy<Value = Timestamp> {
    let day = prop_oneof![3 => Just(5), 1 => Just(6), 1 => Just(7)];
    (day, 0..8).prop_map(|(day, minute): (i32, i32)| format!("2026-01-0{day}T10:0{minute}:00Z").parse().unwrap())
}

/// Mostly the one device; now and then who uses it, and for how long.
fn identifiers() -> impl Strategy<Value = Vec<(SmolStr, SmolStr)>> {
    let customer = option::weighted(0.4, select(&["a", "b", "c"][..]));
    let address = option::weighted(0.1, select(&["a", "b"][..]));
    let device = option::weighted(0.9, prop_oneof![6 => Just("a"), 1 => Just("b")]);
    let session = option::weighted(0.2, select(&["a", "b"][..]));
    (customer, address, device, session).prop_map(|(customer, address, device, session)| {
        let sent = script::KINDS.into_iter().zip([customer, address, device, session]);
        sent.filter_map(|(kind, value)| Some((kind.into(), value?.into()))).collect()
    })
}

fn record() -> impl Strategy<Value = Record> {
    let facts = option::weighted(0.3, script::facts());
    (key(), at(), identifiers(), facts).prop_map(|(key, at, identifiers, facts)| {
        let record = Record::new(key.source, key.key, at);
        let record = identifiers.into_iter().fold(record, |record, (kind, value)| record.identifier(kind, value));
        facts.into_iter().flatten().fold(record, |record, (name, value)| record.attribute(name, value))
    })
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    (happened(), option::weighted(0.15, consents::consent())).prop_map(|(event, consent)| match consent {
        Some(consent) => Event {
            key: key_of_consent(event.key.clone()),
            kind: EventKind::Consent,
            consent: Some(Box::new(consent)),
            lines: Vec::new(),
            ..event
        },
        None => event,
    })
}

/// An event that is no consent.
pub(crate) fn happened() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![
        6 => Just(EventKind::View), 3 => Just(EventKind::Purchase), 1 => Just(EventKind::Return),
        1 => Just(EventKind::MessageSent)
    ];
    let colour = option::of(select(&["grey", "black"][..]));
    let sent = (key(), at(), kind, identifiers(), script::order(), colour, script::said());
    sent.prop_map(|(key, at, kind, identifiers, order, colour, (preference, message))| {
        let mut event = Event::new(key.source, key.key, at, kind);
        (event.order, event.preference, event.message) = (order, preference.map(Box::new), message);
        event = identifiers.into_iter().fold(event, |event, (kind, value)| event.identifier(kind, value));
        colour.into_iter().fold(event, |event, colour| event.line(Line::new("sku-1").facet("colour", colour)))
    })
}

/// What scripts with events are for, and in how many of the pictures it is seen at least.
const WANTED: [(&str, u64); 8] = [
    ("an event that is not of the profile of its trail", 150),
    ("a trail whose events are of several profiles", 120),
    ("a trail of several events", 400),
    ("an event on a contested value that somebody holds", 400),
    ("a dormant trail", 300),
    ("a profile of events only", 600),
    ("a profile of records and events", 400),
    ("a record and an event of one key and time", 80),
];

#[test]
fn scripts_with_events_reach_what_they_are_for() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    let mut pictures = 0;
    for _ in 0..150 {
        let script = happenings(8..24).new_tree(&mut runner).unwrap().current();
        let mut world = World::new(script.policy.clone());
        for call in &script.calls {
            world.call(call);
            pictures += 1;
            for state in states(&world) {
                *seen.entry(state).or_default() += 1;
            }
        }
    }
    for (state, least) in WANTED {
        let times = seen.get(state).copied().unwrap_or_default();
        assert!(times >= least, "{state}: in {times} of {pictures} pictures, of {seen:#?}");
    }
}

/// Which of the wanted states there are.
fn states(world: &World) -> Vec<&'static str> {
    let picture = world.picture();
    let elsewhere = |(key, whose): (&Key, &Person)| home(&picture, key) != Some(whose);
    let trails: Vec<Vec<Key>> = world
        .trails()
        .into_values()
        .map(|events| events.iter().map(|event| world::key(&event.key)).collect())
        .collect();
    let owners =
        |events: &Vec<Key>| events.iter().map(|key| picture.attributed.get(key)).collect::<BTreeSet<_>>().len();
    let is_event = |evidence: &Evidence| matches!(evidence, Evidence::Event(_));
    let contested = |(standing, holder): &(Standing, Option<Person>)| {
        *standing == Standing::Contested && holder.as_ref().is_some_and(|holder| holder.iter().any(is_event))
    };
    let twins =
        world.events.iter().filter(|(key, event)| world.records.get(*key).is_some_and(|one| one.at == event.at));
    let there = [
        picture.attributed.iter().any(elsewhere),
        trails.iter().any(|events| owners(events) > 1),
        trails.iter().any(|events| events.len() > 1),
        picture.values.values().any(contested),
        picture.quarantined.iter().any(is_event),
        picture.people.iter().any(|person| person.iter().all(is_event)),
        picture.people.iter().any(|person| person.iter().any(is_event) && !person.iter().all(is_event)),
        twins.count() > 0,
    ];
    WANTED.iter().zip(there).filter(|(_, there)| *there).map(|((state, _), _)| *state).collect()
}

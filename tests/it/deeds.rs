//! What a profile did, by brute force over the model: its journey, and counts of what its events were about.
//!
//! Both are of the events that are *attributed* to a profile, wherever their trails are.

use crate::model::{Evidence, Key, Person};
use crate::properties::config;
use crate::script;
use crate::subject;
use crate::tablet;
use crate::world::{self, Picture, World};
use onefold::{Event, EventKind, Facet, JourneyQuery, Operation, Policy, Resolver, Rules, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const MICROSECONDS_A_DAY: i64 = 86_400_000_000;

/// What is asked of a journey; nothing asks for everything.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) kinds: Option<Vec<EventKind>>,
    /// The first microsecond.
    pub(crate) since: Option<i64>,
    /// The first microsecond that is not in it any more.
    pub(crate) until: Option<i64>,
    pub(crate) order: Option<&'static str>,
}

/// A facet, its value, the kind of event, and the UTC day counted from 1970.
pub(crate) type Counted = (String, String, EventKind, i64);

/// The events of a profile, the newest first by (time, source, key): the order in which pages come.
pub(crate) fn journey<'w>(world: &'w World, picture: &Picture, person: &Person, asked: &Asked) -> Vec<&'w Event> {
    let theirs = |key: &Key| picture.attributed.get(key) == Some(person);
    let mut events: Vec<&Event> =
        world.events.iter().filter(|(key, _)| theirs(key)).map(|(_, event)| event).filter(|e| asked.is(e)).collect();
    events.sort_by_key(|event| (event.at.microseconds(), world::key(&event.key)));
    events.reverse();
    events
}

impl Asked {
    fn is(&self, event: &Event) -> bool {
        let at = event.at.microseconds();
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind))
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
            && self.order.is_none_or(|order| event.order.as_deref() == Some(order))
    }
}

/// How often a profile's events were about a value: once for each line that has it, and once for an event that has it as
/// a whole. How many were bought, and whether a line is readable otherwise, changes nothing.
pub(crate) fn counts(world: &World, picture: &Picture, person: &Person) -> BTreeMap<Counted, u64> {
    let mut counts = BTreeMap::new();
    for event in journey(world, picture, person, &Asked::default()) {
        let day = event.at.microseconds().div_euclid(MICROSECONDS_A_DAY);
        for part in event.lines.iter().map(|line| &line.facets).chain([&event.facets]) {
            for (name, value) in facets(part) {
                *counts.entry((name, value, event.kind.clone(), day)).or_default() += 1;
            }
        }
    }
    counts
}

/// The facets that say something, each once. The naive reading knows nothing of their greatest length and number.
pub(crate) fn facets(sent: &[Facet]) -> BTreeSet<(String, String)> {
    let read = sent.iter().map(|facet| (facet.name.trim().to_owned(), facet.value.trim().to_owned()));
    read.filter(|(name, value)| !name.is_empty() && !value.is_empty()).collect()
}

/// Two who share a tablet, the morning's view between them, and who looked at what on which day.
const TABLET: &[&str] = &[
    r#"{"source":"crm","key":"A","at":"2026-01-05T10:00:00Z","identifiers":{"customer":"A","device":"d"}}"#,
    r#"{"source":"crm","key":"B","at":"2026-01-06T10:00:00Z","identifiers":{"customer":"B","device":"d"}}"#,
    r#"{"op":"event","source":"web","key":"1","at":"2026-01-05T11:00:00Z","kind":"view","identifiers":{"device":"d"},
        "lines":[{"product":"p","facets":{"colour":"grey","brand":"x"}},{"product":"q","facets":{"colour":"grey"}}]}"#,
    r#"{"op":"event","source":"web","key":"2","at":"2026-01-06T11:00:00Z","kind":"view","identifiers":{"device":"d"},
        "lines":[{"product":"p","facets":{"colour":["grey"," grey ",""]}}],"facets":{"colour":"grey"}}"#,
    r#"{"op":"event","source":"pos","key":"1","at":"2026-01-05T23:59:59.999999Z","kind":"purchase","order":"o1",
        "identifiers":{"customer":"A"},"lines":[{"product":"p","quantity":"2","facets":{"colour":"grey"}}]}"#,
    r#"{"op":"event","source":"pos","key":"2","at":"2026-01-06T00:30:00+01:00","kind":"return","order":"o1",
        "identifiers":{"customer":"A"},"lines":[{"product":"p","quantity":"-1","facets":{"colour":"grey"}}]}"#,
    r#"{"op":"event","source":"pos","key":"3","at":"1969-12-31T23:00:00Z","kind":"custom:fitting",
        "identifiers":{"customer":"A"},"facets":{"colour":"black"}}"#,
];

fn tablet() -> World {
    let policy = r#"{"identifier":[{"kind":"customer","role":"person"},{"kind":"device","role":"device"}]}"#;
    let mut world = World::new(serde_json::from_str::<Policy>(policy).unwrap());
    TABLET.iter().for_each(|line| world.apply(&Operation::from_json(line.as_bytes(), None).unwrap()));
    world
}

/// The profile that a record of the CRM is in.
fn of<'p>(picture: &'p Picture, key: &str) -> &'p Person {
    let record = Evidence::Record(Key("crm".into(), key.into()));
    picture.people.iter().find(|person| person.contains(&record)).unwrap()
}

#[test]
fn a_journey_is_what_a_profile_did_newest_first() {
    let world = tablet();
    let picture = world.picture();
    let told = |person: &str, asked: &Asked| -> Vec<String> {
        let events = journey(&world, &picture, of(&picture, person), asked).into_iter();
        events.map(|event| format!("{}/{}", event.key.source, event.key.key)).collect()
    };
    let all = Asked::default();
    assert_eq!(told("A", &all), ["pos/1", "pos/2", "web/1", "pos/3"]);
    assert_eq!(told("B", &all), ["web/2"], "the view of the day on which B had the tablet");
    let bought = vec![EventKind::Purchase, EventKind::Return];
    assert_eq!(told("A", &Asked { kinds: Some(bought), ..Asked::default() }), ["pos/1", "pos/2"]);
    assert_eq!(told("A", &Asked { order: Some("o1"), ..Asked::default() }), ["pos/1", "pos/2"]);
    let noon = |text: &str| text.parse::<onefold::Timestamp>().unwrap().microseconds();
    let (since, until) = (Some(noon("2026-01-05T11:00:00Z")), Some(noon("2026-01-05T23:30:00Z")));
    assert_eq!(told("A", &Asked { since, until, ..Asked::default() }), ["web/1"], "the first is in, the last is not");
}

#[test]
fn values_are_counted_by_kind_and_utc_day() {
    let world = tablet();
    let picture = world.picture();
    let counted = |person: &str| counts(&world, &picture, of(&picture, person));
    let row = |name: &str, value: &str, kind, day| (name.to_owned(), value.to_owned(), kind, day);
    // 20,458 days after 1970 comes the fifth of January 2026; what was returned on the sixth in Rome was on the fifth.
    let expected = BTreeMap::from([
        (row("brand", "x", EventKind::View, 20_458), 1),
        (row("colour", "grey", EventKind::View, 20_458), 2),
        (row("colour", "grey", EventKind::Purchase, 20_458), 1),
        (row("colour", "grey", EventKind::Return, 20_458), 1),
        (row("colour", "black", EventKind::Custom("fitting".into()), -1), 1),
    ]);
    assert_eq!(counted("A"), expected);
    let expected = BTreeMap::from([(row("colour", "grey", EventKind::View, 20_459), 2)]);
    assert_eq!(counted("B"), expected, "once for the line, once for the view");
}

/// What a script leaves behind.
fn played(script: &script::Script) -> World {
    let mut world = World::new(script.policy.clone());
    script.calls.iter().for_each(|call| world.call(call));
    world
}

// The laws, of the model itself: what it shows is a function of what stands.
proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_order_of_events_never_shows(policy in tablet::any_policy(), (sent, shuffled) in tablet::two_orders()) {
        let picture = |operations: &[Operation]| {
            let mut world = World::new(policy.clone());
            operations.iter().for_each(|operation| world.apply(operation));
            world.picture()
        };
        prop_assert_eq!(picture(&sent), picture(&shuffled));
    }

    /// With one moment there is nothing that a trail has and a record has not.
    #[test]
    fn a_trail_of_one_event_is_a_record_that_says_nothing_of_itself(policy in tablet::any_policy(), (sent, _) in tablet::two_orders()) {
        let mut world = World::new(Policy { linkage: None, ..policy });
        sent.iter().for_each(|operation| world.apply(operation));
        world.records.retain(|key, _| !world.events.contains_key(key));
        let firsts: BTreeMap<Key, Event> = world
            .trails()
            .into_iter()
            .filter(|(trail, events)| world::read_trail(&world.policy, trail, events).is_some())
            .map(|(_, events)| (world::key(&events[0].key), events[0].clone()))
            .collect();
        world.events = firsts;
        let mut other = World { events: BTreeMap::new(), ..world.clone() };
        for event in world.events.values() {
            let record = onefold::Record::new(event.key.source.clone(), event.key.key.clone(), event.at);
            let record = onefold::Record { identifiers: event.identifiers.clone(), ..record };
            other.apply(&Operation::Add(record));
        }
        let (one, other) = (world.picture(), other.picture());
        let keys = |person: &Person| person.iter().map(|evidence| evidence.key().clone()).collect::<BTreeSet<_>>();
        let people = |picture: &Picture| picture.people.iter().map(keys).collect::<BTreeSet<_>>();
        let values = |picture: &Picture| -> Vec<_> {
            let of = |(value, (standing, holder)): (&(String, String), &(_, Option<Person>))| (value.clone(), *standing, holder.as_ref().map(keys));
            picture.values.iter().map(of).collect::<Vec<(_, crate::model::Standing, _)>>()
        };
        prop_assert_eq!(people(&one), people(&other));
        prop_assert_eq!(values(&one), values(&other));
    }

    #[test]
    fn an_event_that_is_taken_away_was_never_there(script in tablet::happenings(0..14), event in script::event()) {
        let mut world = played(&script);
        let before = world.picture();
        let event = Event { key: onefold::RecordKey::new("new", event.key.key.clone()), ..event };
        world.apply(&Operation::Event(Box::new(event.clone())));
        world.apply(&Operation::RemoveEvent(event.key));
        prop_assert_eq!(world.picture(), before);
    }

    /// Every event that takes part is in one profile with its whole trail, and of one profile; all that profiles did is
    /// all that was done.
    #[test]
    fn every_event_is_somebodys(script in tablet::happenings(1..20)) {
        let world = played(&script);
        let picture = world.picture();
        let mut seen: Vec<Evidence> = picture.people.iter().flatten().chain(&picture.quarantined).cloned().collect();
        seen.sort();
        prop_assert_eq!(seen, world.evidence().collect::<Vec<_>>(), "records before events, each once");
        for events in world.trails().into_values() {
            let homes: BTreeSet<Option<&Person>> = events.iter().map(|event| home(&picture, &world::key(&event.key))).collect();
            prop_assert_eq!(homes.len(), 1, "a trail is in one place");
        }
        let mut told: Vec<Key> = Vec::new();
        for person in &picture.people {
            let theirs = journey(&world, &picture, person, &Asked::default());
            let facets_of = |event: &&Event| facets(&event.facets).len() + event.lines.iter().map(|line| facets(&line.facets).len()).sum::<usize>();
            let counted: u64 = counts(&world, &picture, person).values().sum();
            prop_assert_eq!(counted, theirs.iter().map(facets_of).sum::<usize>() as u64);
            told.extend(theirs.into_iter().map(|event| world::key(&event.key)));
        }
        told.sort();
        prop_assert_eq!(told, picture.attributed.keys().cloned().collect::<Vec<_>>());
    }
}

/// The profile that an event's trail is in.
pub(crate) fn home<'p>(picture: &'p Picture, key: &Key) -> Option<&'p Person> {
    picture.people.iter().find(|person| person.contains(&Evidence::Event(key.clone())))
}

proptest! {
    #![proptest_config(config(48))]

    /// Page by page, a resolver tells of each profile what brute force finds, whatever is asked.
    #[test]
    fn a_journey_is_the_naive_one(
        script in tablet::happenings(1..20),
        kind in proptest::option::of(proptest::sample::select(vec![EventKind::View, EventKind::Purchase])),
        (since, until) in (proptest::option::of(0..4_i64), proptest::option::of(0..4_i64)),
        limit in 1..4_usize,
    ) {
        let (resolver, mut world) = (Resolver::in_memory(script.policy.clone()).unwrap(), World::new(script.policy.clone()));
        for call in &script.calls {
            subject::call(&resolver, call);
            world.call(call);
        }
        let day = |day: i64| Timestamp::from_microseconds(1_767_571_200_000_000 + day * MICROSECONDS_A_DAY).unwrap();
        let (since, until) = (since.map(day), until.map(day));
        let asked = Asked {
            kinds: kind.clone().map(|kind| vec![kind]),
            since: since.map(|at| at.microseconds()),
            until: until.map(|at| at.microseconds()),
            order: None,
        };
        let picture = world.picture();
        for (id, person) in subject::people(&resolver) {
            let wanted: Vec<Key> =
                journey(&world, &picture, &person, &asked).into_iter().map(|event| world::key(&event.key)).collect();
            let mut query = JourneyQuery { since, until, limit, ..JourneyQuery::default() };
            query.kinds.extend(kind.clone());
            let mut told = Vec::new();
            loop {
                let page = resolver.journey(id, &query).unwrap().unwrap();
                prop_assert!(page.events.len() <= limit);
                told.extend(page.events.iter().map(|event| world::key(&event.event.key)));
                match page.next {
                    Some(next) => query.after = Some(next),
                    None => break,
                }
            }
            prop_assert_eq!(&told, &wanted);
            if kind.is_none() {
                let mut all: Vec<Key> =
                    resolver.events_of(id, since, until).unwrap().iter().map(|event| world::key(&event.key)).collect();
                all.reverse();
                prop_assert_eq!(all, wanted);
            }
        }
    }
}

proptest! {
    #![proptest_config(config(48))]

    /// What is kept counted is what counting all events anew comes to, after every call and until any time.
    #[test]
    fn kept_deeds_are_counted_anew(script in tablet::happenings(1..14), minutes in proptest::collection::vec(0..4320_i64, 2)) {
        let resolver = Resolver::in_memory(script.policy.clone()).unwrap();
        for call in &script.calls {
            subject::call(&resolver, call);
            for minute in &minutes {
                let now = Timestamp::from_microseconds(1_767_571_200_000_000 + minute * 60_000_000).unwrap();
                let later = Timestamp::from_microseconds(now.microseconds() + 1).unwrap();
                for id in subject::people(&resolver).into_keys() {
                    let events = resolver.events_of(id, None, Some(later)).unwrap();
                    let rules = Rules::new(resolver.policy()).unwrap();
                    let order = |event: &Event| onefold::order_id(&rules, event);
                    prop_assert_eq!(resolver.deeds(id, now).unwrap().unwrap(), onefold::tallies_by(&events, order));
                    prop_assert!(resolver.shopper(id, now).unwrap().unwrap() == onefold::Shopper::fold_by(&events, order, now));
                }
            }
        }
    }
}

//! What is over its time goes, and what is left is as if the rest had never been sent.

use crate::consents;
use crate::model::{Evidence, Key};
use crate::properties::{State, config};
use crate::scale::Failing;
use crate::script::{self, Call, Script};
use crate::subject;
use crate::tablet;
use crate::world::{self, World};
use onefold::{
    AttributePolicy, Compare, Consent, ConsentQuery, ConsentStatus, DataKind, DropReason, Dropped, Event, EventKind,
    Identifier, IdentifierPolicy, JourneyQuery, LegalBasis, Links, Memory, NotedBy, Operation, Options, Polarity,
    Policy, Preference, PreferenceQuery, ProfileId, PurposePolicy, Record, RecordKey, Resolver, Role, Rules,
    Sensitivity, SmolStr, Swept, SweptPlace, TimeToLive, Timestamp, fold,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const PURPOSES: [&str; 3] = ["ads", "care", "law"];
/// Kinds of events that scripts know.
const EVENTS: [&str; 6] = ["view", "purchase", "return", "message_sent", "contact", "consent"];

/// Durations of no calendar, in minutes.
const TIMES: [(&str, i64); 6] = [("PT1M", 1), ("PT3M", 3), ("PT6M", 6), ("P1D", 1440), ("P1DT2M", 1442), ("P2D", 2880)];

pub(crate) fn keep(text: &str) -> TimeToLive {
    text.parse().unwrap()
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn keeps() -> impl Strategy<Value = Option<TimeToLive>> {
    option::weighted(0.6, select(&TIMES[..]).prop_map(|(text, _)| keep(text)))
}

/// Some time while a script goes on, or after.
fn nows() -> impl Strategy<Value = Timestamp> {
    (5..9_i32, 0..9_i32).prop_map(|(day, minute)| time(&format!("2026-01-0{day}T10:0{minute}:00Z")))
}

/// Gives a policy times and purposes.
fn timed(policy: Policy) -> impl Strategy<Value = Policy> {
    let some = || prop_oneof![2 => Just(Vec::new()), 3 => subsequence(PURPOSES.map(SmolStr::from).to_vec(), 1..=2)];
    let parts = policy.identifier.len() + policy.attribute.len();
    let events = || btree_map(select(&EVENTS[..]).prop_map(SmolStr::from), (keeps(), some()), 2..10);
    let times = (vec((keeps(), some()), parts), events(), vec(keeps(), PURPOSES.len()), keeps());
    times.prop_map(move |(parts, events, purposes, undeclared)| {
        let mut policy = policy.clone();
        let kinds = policy.identifier.iter_mut().map(|kind| (&mut kind.keep, &mut kind.purposes));
        let attributes = policy.attribute.iter_mut().map(|rule| (&mut rule.keep, &mut rule.purposes));
        for ((own, named), (keep, purposes)) in kinds.chain(attributes).zip(parts) {
            (*own, *named) = (keep, purposes);
        }
        for (kind, (keep, purposes)) in events {
            policy.event.keep.extend(keep.map(|keep| (kind.clone(), keep)));
            policy.event.purposes.insert(kind, purposes);
        }
        policy.purpose = PURPOSES.map(PurposePolicy::new).to_vec();
        policy.purpose.iter_mut().zip(purposes).for_each(|(purpose, keep)| purpose.keep = keep);
        Policy { undeclared_keep: undeclared, ..policy.into_builder().build().unwrap() }
    })
}

/// Any script under a policy with times that stays in force.
pub(crate) fn scripts(calls: std::ops::Range<usize>) -> impl Strategy<Value = Script> {
    let script = prop_oneof![1 => script::of_any_kind(calls.clone()).boxed(), 2 => tablet::happenings(calls).boxed()];
    (script, told()).prop_flat_map(|(Script { policy, mut calls }, told)| {
        calls.retain(|call| !matches!(call, Call::SetPolicy(_)));
        calls.push(Call::AddEvents(told, 5));
        let wishes = vec(option::weighted(0.3, select(&["ads", "Care ", "other", " "][..])), calls.len());
        (timed(policy), wishes).prop_map(move |(policy, wishes)| {
            let mut calls = calls.clone();
            for (call, wish) in calls.iter_mut().zip(wishes) {
                if let (Call::Apply(Operation::Event(event)), Some(purpose)) = (call, wish) {
                    let wish = Preference::new("topping", "x", Polarity::Like, NotedBy::Customer).purpose(purpose);
                    event.preference.get_or_insert(Box::new(wish)).purpose = Some(purpose.into());
                }
            }
            Script { policy, calls }
        })
    })
}

/// Consents, some of them of one source under one address.
fn told() -> impl Strategy<Value = Vec<Event>> {
    let of_one = |mut event: Event| {
        event.key.source = "a".into();
        event.identifiers = vec![Identifier::new(script::KINDS[1], "a")];
        event
    };
    let one = consents::told_of_somebody().prop_map(of_one);
    prop_oneof![vec(consents::told_of_somebody(), 0..16), vec(one, 4..24)]
}

/// Whether what was told at a time is over, by minutes.
fn over(keep: Option<TimeToLive>, told: Timestamp, now: Timestamp) -> bool {
    keep.is_some_and(|keep| {
        let minutes = TIMES.iter().find(|(text, _)| *text == keep.to_string()).unwrap().1;
        now.microseconds() - told.microseconds() >= minutes * 60_000_000
    })
}

fn purpose_keep(policy: &Policy, name: &str) -> Option<TimeToLive> {
    policy.purpose.iter().find(|purpose| purpose.name == name.trim().to_lowercase()).and_then(|purpose| purpose.keep)
}

fn reason(
    policy: &Policy,
    own: Option<TimeToLive>,
    purposes: &[SmolStr],
    told: Timestamp,
    now: Timestamp,
) -> Option<DropReason> {
    if over(own, told, now) {
        return Some(DropReason::TimeToLive);
    }
    let all = !purposes.is_empty() && purposes.iter().all(|name| over(purpose_keep(policy, name), told, now));
    all.then_some(DropReason::NoPurpose)
}

type Row = (DataKind, Option<SmolStr>, DropReason);
type Rows = BTreeMap<Row, u64>;

/// What stands after a sweep, and what went, from the definition alone.
fn swept(world: &World, now: Timestamp) -> (World, Rows) {
    let (policy, mut rows, mut left) = (&world.policy, Rows::new(), world.clone());
    let mut gone = |what, name: Option<&SmolStr>, reason| {
        *rows.entry((what, name.cloned(), reason)).or_default() += 1;
    };
    for (key, record) in &world.records {
        let mut kept = record.clone();
        kept.identifiers.retain(|sent| {
            let rule = policy.identifier.iter().find(|rule| rule.kind == sent.kind);
            let reason = match rule {
                Some(rule) => reason(policy, rule.keep, &rule.purposes, record.at, now),
                None => reason(policy, policy.undeclared_keep, &[], record.at, now),
            };
            let reason = reason.filter(|_| !is_held(world, sent));
            reason.into_iter().for_each(|reason| gone(DataKind::Identifier, rule.map(|rule| &rule.kind), reason));
            reason.is_none()
        });
        kept.attributes.retain(|(name, _)| {
            let rule = policy.attribute.iter().find(|rule| rule.name == *name);
            let reason = match rule {
                Some(rule) => reason(policy, rule.keep, &rule.purposes, record.at, now),
                None => reason(policy, policy.undeclared_keep, &[], record.at, now),
            };
            reason.into_iter().for_each(|reason| gone(DataKind::Attribute, rule.map(|rule| &rule.name), reason));
            reason.is_none()
        });
        if kept == *record {
            continue;
        }
        if kept.identifiers.is_empty() && kept.attributes.is_empty() {
            left.records.remove(key);
        } else {
            left.records.insert(key.clone(), kept);
        }
    }
    for (key, event) in &world.events {
        let kind = SmolStr::from(event.kind.to_string());
        let own = policy.event.keep.get(&kind).copied();
        let mut purposes = policy.event.purposes.get(&kind).cloned().unwrap_or_default();
        purposes.extend(event.preference.iter().filter_map(|said| said.purpose.clone()).filter(|it| it.trim() != ""));
        let reason = match &event.consent {
            None => reason(policy, own, &purposes, event.at, now),
            Some(said) if over(own, event.at, now) && is_replaced(world, event, said, now) => {
                Some(DropReason::TimeToLive)
            }
            Some(_) => None,
        };
        if let Some(reason) = reason {
            let is_named = !matches!(event.kind, EventKind::Custom(_));
            gone(DataKind::Event, Some(&kind).filter(|_| is_named), reason);
            left.events.remove(key);
        }
    }
    (left, rows)
}

/// Whether a word that may hold somebody back was told under an identifier of a person or a contact.
fn is_held(world: &World, sent: &Identifier) -> bool {
    let values = |sent: &[Identifier]| world::values(&world.policy, sent);
    let known = |kind: usize| matches!(world.policy.identifier[kind].role, Role::Person | Role::Contact);
    let Some(value) = values(std::slice::from_ref(sent)).pop_first().filter(|(kind, _)| known(*kind)) else {
        return false;
    };
    world.events.values().any(|event| {
        let takes_part = world::read_trail(&world.policy, &world::trail(event), &[event]).is_some();
        let restricts = |said: &Consent| said.status != ConsentStatus::Granted || said.expires.is_some();
        takes_part && event.consent.as_deref().is_some_and(restricts) && values(&event.identifiers).contains(&value)
    })
}

/// Whether a later word of the same source, under the same identifiers, of people and contacts only, says as much.
fn is_replaced(world: &World, event: &Event, said: &Consent, now: Timestamp) -> bool {
    let trail = world::trail(event);
    let takes_part = world::read_trail(&world.policy, &trail, &[event]).is_some();
    let known =
        |(kind, _): &(usize, String)| matches!(world.policy.identifier[*kind].role, Role::Person | Role::Contact);
    if !takes_part || !world::values(&world.policy, &event.identifiers).iter().all(known) {
        return false;
    }
    let lasts = said.status == ConsentStatus::Granted && said.expires.is_none();
    let is_later = |at: Timestamp| (event.at.microseconds() + 1..=now.microseconds()).contains(&at.microseconds());
    world.events.values().filter(|later| world::trail(later) == trail && is_later(later.at)).any(|later| {
        later.consent.as_ref().is_some_and(|word| {
            let same = word.purpose == said.purpose && word.scope == said.scope;
            same && (word.status != ConsentStatus::Granted || lasts)
        })
    })
}

pub(crate) fn fresh(policy: &Policy) -> Resolver {
    Resolver::in_memory(policy.clone()).unwrap()
}

fn play(resolver: &Resolver, script: &Script) -> World {
    let mut world = World::new(script.policy.clone());
    for call in &script.calls {
        subject::call(resolver, call);
        world.call(call);
    }
    world
}

/// A resolver that was sent what a world holds, and nothing else.
fn sent(world: &World) -> Resolver {
    let resolver = fresh(&world.policy);
    drop(resolver.add_all(world.records.values().cloned().collect(), subject::ingest(3)).unwrap());
    drop(resolver.add_events(world.events.values().cloned().collect(), subject::ingest(4)).unwrap());
    for ((a, b), verdict) in &world.words {
        let key = |key: &Key| RecordKey::new(key.0.as_str(), key.1.as_str());
        drop(
            resolver.assert(onefold::Assertion::new(*verdict, key(a), key(b), "steward", "a reason").unwrap()).unwrap(),
        );
    }
    resolver
}

pub(crate) fn exported(resolver: &Resolver) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    resolver.export(&mut |operation| lines.extend([operation.to_json()])).unwrap();
    lines
}

fn rows(swept: &Swept) -> Rows {
    swept.dropped.iter().map(|row| ((row.what, row.name.clone(), row.reason), row.count)).collect()
}

fn revision(resolver: &Resolver) -> u64 {
    resolver.view().unwrap().revision().0
}

/// Sweeps in steps of so many, the place between them written down and read again.
pub(crate) fn in_steps(resolver: &Resolver, now: Timestamp, limit: usize) -> Swept {
    let (mut all, mut next): (Vec<Swept>, Option<SweptPlace>) = (Vec::new(), None);
    loop {
        let before = revision(resolver);
        let step = resolver.sweep_step(now, next, limit).unwrap();
        assert!(step.seen <= limit as u64, "a step looks at no more than it may");
        assert_eq!(revision(resolver) - before, u64::from(step.anything()), "a step is one commit");
        next = step.next.map(|place| serde_json::from_str(&serde_json::to_string(&place).unwrap()).unwrap());
        assert_eq!(next, step.next);
        all.push(step);
        if next.is_none() {
            break;
        }
    }
    let mut sum = Swept::default();
    let mut counts = Rows::new();
    for step in all {
        rows(&step).into_iter().for_each(|(row, count)| *counts.entry(row).or_default() += count);
        sum.seen += step.seen;
        sum.records_shortened += step.records_shortened;
        sum.records_removed += step.records_removed;
        sum.identifiers_kept += step.identifiers_kept;
        sum.consents_kept += step.consents_kept;
    }
    let row = |((what, name, reason), count)| Dropped { what, name, reason, count };
    Swept { dropped: counts.into_iter().map(row).collect(), ..sum }
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn what_is_swept_was_never_sent(script in scripts(1..18), now in nows()) {
        let resolver = fresh(&script.policy);
        let world = play(&resolver, &script);
        let (left, expected) = swept(&world, now);
        let done = resolver.sweep(now).unwrap();
        prop_assert_eq!(rows(&done), expected, "what went is told by name and reason");
        let removed = world.records.len() - left.records.len();
        let changed = left.records.iter().filter(|(key, record)| world.records[*key] != **record).count();
        prop_assert_eq!((done.records_removed, done.records_shortened), (removed as u64, changed as u64));
        prop_assert_eq!(done.next, None);
        subject::audit(&resolver, &left);
        let never = sent(&left);
        prop_assert_eq!(exported(&resolver), exported(&never));
        prop_assert_eq!(subject::withheld(&resolver), subject::withheld(&never));
        prop_assert_eq!(State::of(&resolver).nameless(), State::of(&never).nameless());

        let (state, stands) = (State::of(&resolver), revision(&resolver));
        let again = resolver.sweep(now).unwrap();
        prop_assert!(!again.anything() && again.records_shortened + again.records_removed == 0);
        prop_assert_eq!((State::of(&resolver), revision(&resolver)), (state, stands), "twice is once");
        prop_assert_eq!(again.consents_kept, done.consents_kept);
    }

    #[test]
    fn steps_of_any_size_come_to_the_same(script in scripts(1..18), now in nows(), limit in 1..5_usize) {
        let (stepped, whole) = (fresh(&script.policy), fresh(&script.policy));
        let world = play(&stepped, &script);
        play(&whole, &script);
        let (by_steps, at_once) = (in_steps(&stepped, now, limit), whole.sweep(now).unwrap());
        prop_assert_eq!(by_steps, at_once);
        prop_assert_eq!(State::of(&stepped).nameless(), State::of(&whole).nameless());
        subject::audit(&stepped, &swept(&world, now).0);
    }

    #[test]
    fn what_was_cut_short_goes_on_or_begins_again(
        script in scripts(1..14), now in nows(), fails in 1..6_u64, limit in 1..4_usize, anew in any::<bool>()
    ) {
        let store = Arc::new(Failing { store: Memory::new(), left: AtomicU64::new(u64::MAX) });
        let open = || Resolver::open(Arc::clone(&store) as _, script.policy.clone(), Options::default()).unwrap();
        let resolver = open();
        let world = play(&resolver, &script);
        store.left.store(fails, Ordering::SeqCst);
        let mut next = None;
        let failed = loop {
            let before = exported(&resolver);
            match resolver.sweep_step(now, next, limit) {
                Err(_) => {
                    assert_eq!(exported(&resolver), before, "a step that failed did nothing");
                    break true;
                }
                Ok(step) if step.next.is_none() => break false,
                Ok(step) => next = step.next,
            }
        };
        let again = open();
        if failed {
            let mut next = next.filter(|_| !anew);
            loop {
                next = again.sweep_step(now, next, limit).unwrap().next;
                if next.is_none() {
                    break;
                }
            }
        }
        let left = swept(&world, now).0;
        subject::audit(&again, &left);
        prop_assert_eq!(State::of(&again).nameless(), State::of(&sent(&left)).nameless());
    }

    #[test]
    fn a_consent_that_goes_changes_no_answer(
        policy in tablet::any_policy(), told in told(), records in script::records(0..3),
        now in nows(), later in nows()
    ) {
        let keep = keep("PT1M");
        let policy = policy.into_builder().event_keep(&EventKind::Consent, keep).build().unwrap();
        let resolver = fresh(&policy);
        drop(resolver.add_all(records, subject::ingest(4)).unwrap());
        drop(resolver.add_events(told, subject::ingest(8)).unwrap());
        let later = Timestamp::from_microseconds(later.microseconds().max(now.microseconds())).unwrap();
        let (answers, events) = (answers(&resolver, [now, later]), subject::events(&resolver));
        resolver.sweep(now).unwrap();
        let gone: BTreeSet<Key> =
            { let left = subject::events(&resolver); events.keys().filter(|key| !left.contains_key(*key)).cloned().collect() };
        let left: BTreeMap<_, _> = answers.into_iter().map(|(mut person, answer)| {
            person.retain(|evidence| !gone.contains(evidence.key()) || matches!(evidence, Evidence::Record(_)));
            (person, answer)
        }).collect();
        for (person, answer) in self::answers(&resolver, [now, later]) {
            // Whoever is the same person: when a trail began may decide who has an identifier.
            if let Some(before) = left.get(&person) {
                prop_assert_eq!(&answer, before, "of {:?}", person);
            }
        }
    }

    #[test]
    fn a_purpose_sees_no_more_before_than_after((resolver, policy, guests) in hotels(), now in nows()) {
        let before = seen(&resolver, now);
        for ((id, purpose), seen) in &before {
            let Some((identifiers, golden, events)) = seen else { continue };
            let records: Vec<Record> = resolver.members(*id).unwrap().iter()
                .map(|key| Record::clone(&resolver.record(key).unwrap().unwrap().record)).collect();
            let until = purpose_keep(&policy, purpose);
            let told = |keep, at| !over(keep, at, now) && !over(until, at, now);
            let reduced: Vec<Record> = records.iter().map(|record| {
                let mut left = record.clone();
                left.attributes.retain(|(name, _)| {
                    let rule = policy.attribute.iter().find(|rule| rule.name == *name).unwrap();
                    let serves = rule.purposes.iter().any(|it| it == purpose);
                    reason(&policy, rule.keep, &rule.purposes, record.at, now).is_none()
                        && (!serves || told(rule.keep, record.at))
                });
                left
            }).collect();
            let mut whole = fold(&Rules::new(policy.clone()).unwrap(), &reduced);
            whole.values.retain(|value| {
                policy.attribute.iter().any(|rule| rule.name == value.attribute && rule.purposes.iter().any(|it| it == purpose))
            });
            prop_assert_eq!(golden, &whole);
            for event in events {
                prop_assert!(told(policy.event.keep.get(event.kind.to_string().as_str()).copied(), event.at));
            }
            for identifier in identifiers {
                let rule = policy.identifier.iter().find(|rule| rule.kind == identifier.kind).unwrap();
                let on_record = records.iter().any(|record| {
                    record.identifiers.contains(identifier) && told(rule.keep, record.at)
                });
                let on_event = guests.values().any(|event| {
                    event.identifiers.contains(identifier) && told(rule.keep, event.at)
                });
                prop_assert!(on_record || on_event);
            }
        }
        resolver.sweep(now).unwrap();
        prop_assert_eq!(seen(&resolver, now), before);
    }
}

type Answers = BTreeMap<BTreeSet<Evidence>, Vec<onefold::Effective>>;

/// What holds for everybody, at some times.
fn answers(resolver: &Resolver, times: [Timestamp; 2]) -> Answers {
    let queries = consents::queries().into_iter().chain([ConsentQuery::new("care")]);
    let asked: Vec<_> = queries.flat_map(|query| times.map(|now| (query.clone(), now))).collect();
    let ask = |id: ProfileId| {
        asked.iter().map(|(query, now)| resolver.effective_consent(id, query, *now)).collect::<Vec<_>>()
    };
    let people = subject::people(resolver).into_iter();
    people.map(|(id, person)| (person, ask(id).into_iter().map(|found| found.unwrap().unwrap()).collect())).collect()
}

/// Guests who are known by a number that is never dropped, and what purposes see of them.
fn hotels() -> impl Strategy<Value = (Resolver, Policy, BTreeMap<Key, Event>)> {
    let contact = |name: &str, role| IdentifierPolicy::new(name, role).links(Links::None);
    let attribute = |name: &str| AttributePolicy::new(name, Compare::Text);
    let policy = Policy::builder()
        .identifier(contact("email", Role::Contact))
        .identifier(contact("device", Role::Device))
        .attribute(attribute("name").group("both"))
        .attribute(attribute("room").group("both"))
        .attribute(attribute("diet").survive([onefold::Survive::MostFrequent]))
        .build()
        .unwrap();
    let policy = timed(policy).prop_map(|mut policy| {
        // A number goes never, and links; the rest links nobody.
        policy.identifier.insert(0, IdentifierPolicy::new("guest", Role::Person).purposes(["law"]));
        let bases = [LegalBasis::LegitimateInterest, LegalBasis::LegitimateInterest, LegalBasis::LegalObligation];
        policy.purpose.iter_mut().zip(bases).for_each(|(purpose, basis)| purpose.basis = basis);
        policy.purpose.push(PurposePolicy::new("keys"));
        policy.identifier[0].purposes = vec!["keys".into()];
        policy
    });
    let word = || option::of(select(&["x", "y", "z"][..]));
    let record = (1..9_u32, tablet::at(), select(&["1", "2"][..]), word(), [word(), word(), word()]);
    let record = record.prop_map(|(key, at, guest, email, values)| {
        let record = Record::new("crm", key.to_string(), at).identifier("guest", guest);
        let record = email.into_iter().fold(record, |record, email| record.identifier("email", email));
        let values = ["name", "room", "diet"].into_iter().zip(values);
        values.fold(record, |record, (name, value)| match value {
            Some(value) => record.attribute(name, value),
            None => record,
        })
    });
    let wish = (select(&["a", "b"][..]), option::of(select(&PURPOSES[..])));
    let event = (1..20_u32, tablet::at(), select(&EVENTS[..5]), select(&["1", "2"][..]), word(), option::of(wish));
    let event = event.prop_map(|(key, at, kind, guest, device, wish)| {
        let event = Event::new("web", key.to_string(), at, kind.parse().unwrap()).identifier("guest", guest);
        let event = device.into_iter().fold(event, |event, device| event.identifier("device", device));
        wish.into_iter().fold(event, |event, (value, purpose)| {
            let wish = Preference::new("topping", value, Polarity::Like, NotedBy::Staff);
            event.preference(purpose.into_iter().fold(wish, Preference::purpose))
        })
    });
    (policy, vec(record, 0..10), vec(event, 0..16)).prop_map(|(policy, records, events)| {
        let resolver = fresh(&policy);
        // Whoever comes is on file, so that nobody goes with their events.
        for guest in ["1", "2"] {
            let file = Record::new("file", guest, time("2026-01-01T10:00:00Z")).identifier("guest", guest);
            drop(resolver.add(file).unwrap());
        }
        drop(resolver.add_all(records, subject::ingest(4)).unwrap());
        drop(resolver.add_events(events, subject::ingest(4)).unwrap());
        let events = subject::events(&resolver).into_iter().map(|(key, stored)| (key, Event::clone(&stored.event)));
        let events = events.collect();
        (resolver, policy, events)
    })
}

type Sight = Option<(Vec<Identifier>, onefold::Golden, Vec<Event>)>;

/// What each purpose sees of everybody.
fn seen(resolver: &Resolver, now: Timestamp) -> BTreeMap<(ProfileId, &'static str), Sight> {
    let view = resolver.view().unwrap();
    let mut seen = BTreeMap::new();
    for id in subject::people(resolver).into_keys() {
        for purpose in PURPOSES {
            let found = view.for_purpose(id, &ConsentQuery::new(purpose), now).unwrap().unwrap();
            let sight = found.profile().unwrap().map(|profile| {
                let identifiers =
                    profile.identifiers.iter().map(|held| Identifier::new(held.kind.clone(), held.value.clone()));
                let journey = found.journey(&JourneyQuery::new()).unwrap();
                let mut events: Vec<Event> = journey.events.iter().map(|told| Event::clone(&told.event)).collect();
                let wishes = found.preferences(&PreferenceQuery::new().sensitivity_max(Sensitivity::Special)).unwrap();
                let said = wishes.stated.iter().map(|stated| &stated.because);
                events.extend(said.map(|key| Event::clone(&view.event(key).unwrap().unwrap().event)));
                (identifiers.collect(), profile.golden, events)
            });
            seen.insert((id, purpose), sight);
        }
    }
    seen
}

/// What scripts are to reach, and in how many of them it is seen at least.
const WANTED: [(&str, u64); 9] = [
    ("a value of a record goes", 100),
    ("a record goes whole", 60),
    ("an event goes", 80),
    ("a consent goes", 8),
    ("a consent stays over its time", 30),
    ("for want of a purpose", 60),
    ("what is undeclared", 15),
    ("what took no part", 15),
    ("people fall apart", 30),
];

#[test]
fn scripts_with_times_reach_what_they_are_for() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for _ in 0..250 {
        let script = scripts(8..24).new_tree(&mut runner).unwrap().current();
        let now = nows().new_tree(&mut runner).unwrap().current();
        let mut world = World::new(script.policy.clone());
        script.calls.iter().for_each(|call| world.call(call));
        let (left, rows) = swept(&world, now);
        let any = |wanted: &dyn Fn(&Row) -> bool| rows.keys().any(wanted);
        let consent = |(what, name, _): &Row| *what == DataKind::Event && name.as_deref() == Some("consent");
        let keep = script.policy.event.keep.get("consent").copied();
        let (before, after) = (world.picture(), left.picture());
        let gone: Vec<_> = world.evidence().filter(|evidence| !left.evidence().any(|one| one == *evidence)).collect();
        let held = |person: &BTreeSet<Evidence>| after.people.iter().filter(|one| !one.is_disjoint(person)).count();
        let there = [
            any(&|(what, ..)| *what != DataKind::Event),
            left.records.len() < world.records.len(),
            any(&|row| row.0 == DataKind::Event && !consent(row)),
            any(&consent),
            left.events.values().any(|event| event.kind == EventKind::Consent && over(keep, event.at, now)),
            any(&|(_, _, reason)| *reason == DropReason::NoPurpose),
            any(&|(what, name, _)| *what != DataKind::Event && name.is_none()),
            gone.iter().any(|evidence| before.quarantined.contains(evidence)),
            before.people.iter().any(|person| held(person) > 1),
        ];
        WANTED
            .iter()
            .zip(there)
            .filter(|(_, there)| *there)
            .for_each(|((state, _), _)| *seen.entry(state).or_default() += 1);
    }
    for (state, least) in WANTED {
        let times = seen.get(state).copied().unwrap_or_default();
        assert!(times >= least, "{state}: in {times} of 250 scripts, of {seen:#?}");
    }
}

#[cfg(feature = "durable")]
proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn on_disk_as_in_memory(script in scripts(1..10), now in nows(), limit in 1..5_usize) {
        let folder = tempfile::tempdir().unwrap();
        let open = || {
            let store = onefold::Durable::options(folder.path()).durability(onefold::Durability::System).open().unwrap();
            Resolver::open(Arc::new(store), script.policy.clone(), Options::default()).unwrap()
        };
        let (memory, durable) = (fresh(&script.policy), open());
        play(&memory, &script);
        play(&durable, &script);
        let mut next = None;
        let mut durable = Some(durable);
        loop {
            // Opened anew between any two steps.
            drop(durable.take());
            let resolver = durable.insert(open());
            let (one, other) =
                (resolver.sweep_step(now, next, limit).unwrap(), memory.sweep_step(now, next, limit).unwrap());
            next = one.next;
            prop_assert_eq!(one, other);
            if next.is_none() {
                break;
            }
        }
        prop_assert_eq!(State::of(&durable.unwrap()), State::of(&memory));
    }
}

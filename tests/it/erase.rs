//! Erasure: all of one person goes and stays away, and nobody else is touched.

use crate::model::{Evidence, Key};
use crate::properties::{State, config};
use crate::scale::Failing;
use crate::script::{self, Call};
use crate::subject;
use crate::tablet;
use crate::world::{self, World};
use onefold::store::{ProfileEvent, ProfileStore};
use onefold::{
    Because, Erased, ErrorKind, Event, EventKind, Identifier, Memory, Operation, Options, Policy, ProfileId, Record,
    RecordKey, Resolver, Secret, SmolStr, Timestamp, What,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn fresh(policy: &Policy) -> Resolver {
    Resolver::in_memory(policy.clone()).unwrap().with_secrets([secret("kept by the host")])
}

/// An identifier that scripts use.
fn identifiers() -> impl Strategy<Value = Identifier> {
    let kind = prop_oneof![3 => Just("k0"), 1 => Just("k1"), 1 => select(&script::KINDS[..])];
    (kind, select(&["a", "b", "c", " a "][..])).prop_map(|(kind, value)| Identifier::new(kind, value))
}

/// Calls with an erasure between them here and there, now and then of somebody who is also on a record that was set
/// aside, with another's number.
fn with_erasures(calls: std::ops::Range<usize>) -> impl Strategy<Value = (Policy, Vec<Call>)> {
    let script = prop_oneof![script::of_any_kind(calls.clone()).boxed(), tablet::tablets(calls).boxed()];
    let aside = proptest::option::weighted(0.3, tablet::key());
    (script, vec((identifiers(), aside, any::<prop::sample::Index>()), 1..3)).prop_map(|(script, erasures)| {
        let mut calls = script.calls;
        for (number, (identifier, aside, place)) in erasures.into_iter().enumerate() {
            let request = SmolStr::from(format!("dsr-{number}"));
            // The later half: there is somebody.
            let place = calls.len() / 2 + place.index(calls.len() / 2 + 1);
            let two = aside.map(|key| {
                let two = Record::new(key.source, format!("two-{}", key.key), now());
                two.identifier(identifier.kind.clone(), identifier.value.clone()).identifier("k0", "d")
            });
            calls.insert(place, Call::Apply(Operation::Erase { identifier, request }));
            if let Some(two) = two {
                calls.insert(place, Call::Apply(Operation::Add(two)));
            }
        }
        (script.policy, calls)
    })
}

/// Erases; none where the identifier leads to nobody for certain.
fn erase(resolver: &Resolver, identifier: &Identifier, request: &str) -> Option<Erased> {
    match resolver.erase(identifier, request) {
        Ok(erased) => Some(erased),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Input, "{error}");
            None
        }
    }
}

/// What a consumer of the feed knows to be there.
fn borne(resolver: &Resolver) -> BTreeSet<ProfileId> {
    let mut borne = BTreeSet::new();
    for change in resolver.changes(0, usize::MAX).unwrap() {
        match change.event {
            ProfileEvent::Created { profile } | ProfileEvent::Restored { profile } => drop(borne.insert(profile)),
            ProfileEvent::Merged { from, .. } => borne.retain(|id| !from.contains(id)),
            ProfileEvent::Split { into, .. } => borne.extend(into),
            ProfileEvent::Erased { profile } => drop(borne.remove(&profile)),
            _ => {}
        }
    }
    borne
}

/// A resolver into which all that another holds was loaded: records at once, and the rest behind them.
fn loaded(resolver: &Resolver) -> Resolver {
    let (mut records, mut rest) = (Vec::new(), Vec::new());
    resolver
        .export(&mut |operation| match operation {
            Operation::Add(record) => records.push(record),
            operation => rest.push(operation),
        })
        .unwrap();
    let other = fresh(&resolver.policy());
    other.load(records, subject::ingest(3)).unwrap();
    rest.into_iter().for_each(|operation| drop(other.apply(operation).unwrap()));
    // Trails are read anew, too.
    other.load(Vec::new(), subject::ingest(3)).unwrap();
    other
}

/// How much evidence there is.
fn size(world: &World) -> u64 {
    (world.records.len() + world.events.len() + world.words.len()) as u64
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn who_is_erased_was_never_there_and_stays_away((policy, calls) in with_erasures(4..20)) {
        let (resolver, mut world) = (fresh(&policy), World::new(policy));
        for call in &calls {
            let Call::Apply(Operation::Erase { identifier, request }) = call else {
                subject::call(&resolver, call);
                world.call(call);
                prop_assert_eq!(subject::picture(&resolver), world.picture(), "after {:?}", call);
                subject::audit(&resolver, &world);
                continue;
            };
            let (before, had) = (resolver.view().unwrap().revision().0, size(&world));
            let loaded = (resolver.stats().unwrap().counts.tombstones == 0).then(|| loaded(&resolver));
            let Some(erased) = erase(&resolver, identifier, request) else { continue };
            world.call(call);
            prop_assert_eq!(subject::picture(&resolver), world.picture(), "after {:?}", call);
            subject::audit(&resolver, &world);
            let counted = erased.records + erased.events + erased.consents + erased.assertions + erased.ledger;
            prop_assert_eq!(counted, had - size(&world), "every part is counted");
            let commits = resolver.view().unwrap().revision().0 - before;
            prop_assert_eq!(commits, u64::from(erased.anything()), "one commit");
            if let Some(loaded) = loaded {
                let nameless = |erased: &Erased| Erased { profile: None, ..erased.clone() };
                let there = erase(&loaded, identifier, request).unwrap();
                prop_assert_eq!(nameless(&there), nameless(&erased), "all at once is one by one");
                prop_assert_eq!(subject::picture(&loaded), world.picture());
            }
            if let Some(profile) = erased.profile {
                prop_assert_eq!(resolver.resolve_id(profile).unwrap(), None, "its id leads nowhere");
            }
            let people: BTreeSet<ProfileId> = subject::people(&resolver).into_keys().collect();
            prop_assert_eq!(borne(&resolver), people);
            if erased.anything() {
                let state = State::of(&resolver);
                let again = resolver.erase(identifier, request).unwrap();
                prop_assert_eq!(again, Erased { request: request.clone(), ..Erased::default() });
                prop_assert_eq!(State::of(&resolver), state);
            }
        }
    }

    #[test]
    fn the_order_of_what_came_before_never_shows(
        policy in tablet::any_policy(), (sent, shuffled) in tablet::two_orders(), identifier in identifiers()
    ) {
        let (one, other) = (fresh(&policy), fresh(&policy));
        sent.iter().for_each(|operation| drop(one.apply(operation.clone()).unwrap()));
        shuffled.iter().for_each(|operation| drop(other.apply(operation.clone()).unwrap()));
        let (mut first, mut second) = (erase(&one, &identifier, "dsr-1"), erase(&other, &identifier, "dsr-1"));
        for erased in [&mut first, &mut second].into_iter().flatten() {
            erased.profile = None;
        }
        prop_assert_eq!(first, second);
        prop_assert_eq!(State::of(&one).nameless(), State::of(&other).nameless());
        // All of it again, as it came first.
        for resolver in [&one, &other] {
            sent.iter().for_each(|operation| drop(resolver.apply(operation.clone()).unwrap()));
        }
        prop_assert_eq!(State::of(&one).nameless(), State::of(&other).nameless());
    }
}

/// Everything that a world shows of how erasures change it, and in how many of the scripts it is seen at least.
const WANTED: [(&str, u64); 6] = [
    ("somebody is erased", 80),
    ("an event goes from a trail on which others have events", 12),
    ("what took no part goes", 5),
    ("an identifier stays with others", 40),
    ("a steward's word goes", 8),
    ("something is refused after", 40),
];

#[test]
fn scripts_with_erasures_reach_what_they_are_for() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for _ in 0..200 {
        let (policy, calls) = with_erasures(10..24).new_tree(&mut runner).unwrap().current();
        let (resolver, mut world) = (fresh(&policy), World::new(policy));
        let mut states = BTreeSet::new();
        for call in &calls {
            let old = world.clone();
            if let Call::Apply(Operation::Erase { identifier, request }) = call {
                if erase(&resolver, identifier, request).is_none() {
                    continue;
                }
                world.call(call);
                states.extend(reached(&old, &world));
            } else {
                world.call(call);
                subject::call(&resolver, call);
            }
        }
        let refused = resolver.stats().unwrap().counts.refused > 0;
        states.extend(Some(WANTED[5].0).filter(|_| refused));
        states.into_iter().for_each(|state| *seen.entry(state).or_default() += 1);
    }
    for (state, least) in WANTED {
        let times = seen.get(state).copied().unwrap_or_default();
        assert!(times >= least, "{state}: in {times} of 200 scripts, of {seen:#?}");
    }
}

/// Which of the wanted states an erasure shows.
fn reached(old: &World, new: &World) -> Vec<&'static str> {
    let left: BTreeSet<Evidence> = new.evidence().collect();
    let gone: BTreeSet<Evidence> = old.evidence().filter(|evidence| !left.contains(evidence)).collect();
    let (trails, is_gone) = (old.trails(), |key: &Key| gone.contains(&Evidence::Event(key.clone())));
    let parted = trails.values().any(|events| {
        let gone = events.iter().filter(|event| is_gone(&world::key(&event.key))).count();
        gone > 0 && gone < events.len()
    });
    let carried = |world: &World, evidence: &Evidence| match evidence {
        Evidence::Record(key) => world::values(&world.policy, &world.records[key].identifiers),
        Evidence::Event(key) => world::values(&world.policy, &world.events[key].identifiers),
    };
    let stay: BTreeSet<_> = left.iter().flat_map(|evidence| carried(new, evidence)).collect();
    let there = [
        !gone.is_empty(),
        parted,
        gone.iter().any(|evidence| old.picture().quarantined.contains(evidence)),
        gone.iter().flat_map(|evidence| carried(old, evidence)).any(|value| stay.contains(&value)),
        old.words.len() > new.words.len(),
    ];
    WANTED.iter().zip(there).filter(|(_, there)| *there).map(|((state, _), _)| *state).collect()
}

const POLICY: &str = r#"
undeclared_attributes = "keep"
default_region = "AT"
[[identifier]]
kind = "customer_id"
role = "person"
[[identifier]]
kind = "email"
role = "contact"
normalise = "email"
[[identifier]]
kind = "phone"
role = "contact"
normalise = "phone"
corroborate = ["given_name"]
[[identifier]]
kind = "device_id"
role = "device"
[[attribute]]
name = "given_name"
compare = "given_name"
[[attribute]]
name = "surname"
compare = "surname"
"#;

/// Ann, who is erased: two records, one that was set aside, what she did and said, and what stewards said of her.
const ANN: [&str; 10] = [
    r#"{"source":"crm","key":"crm-of-ann","at":"2026-01-05T10:00:00Z","identifiers":{"customer_id":"C-4242","email":" Ann.Lovelace@Example.org","phone":["0660 1234567","01 5550001"]},"attributes":{"given_name":"Ann","surname":"Lovelace","street":"Rose Lane 17"},"payload":"lake/of-ann.json"}"#,
    r#"{"source":"web","key":"web-of-ann","at":"2026-01-06T10:00:00Z","identifiers":{"email":"ann.lovelace@example.org","device_id":"tablet-9"},"attributes":{"note":"prefers the back door"}}"#,
    r#"{"source":"app","key":"app-of-ann","at":"2026-01-06T11:00:00Z","identifiers":{"customer_id":["C-4242","C-9999"]},"attributes":{"note":"which of the two?"}}"#,
    r#"{"op":"event","source":"pos","key":"till-of-ann","at":"2026-01-07T10:00:00Z","kind":"purchase","identifiers":{"customer_id":"C-4242"},"order":"order-of-ann","lines":[{"line":"1","product":"sku-of-ann","facets":{"colour":"ultramarine"},"quantity":1,"amount":"31.70","currency":"EUR"}],"text":"said she is moving house"}"#,
    r#"{"op":"event","source":"web","key":"login-of-ann","at":"2026-01-07T11:00:00Z","kind":"view","identifiers":{"email":"ann.lovelace@example.org","device_id":"tablet-9"}}"#,
    r#"{"op":"event","source":"web","key":"view-of-ann","at":"2026-01-07T11:05:00Z","kind":"view","identifiers":{"device_id":"tablet-9"},"text":"looked at prams"}"#,
    r#"{"op":"consent","source":"web","key":"consent-of-ann","at":"2026-01-07T12:00:00Z","identifiers":{"email":"ann.lovelace@example.org"},"purpose":"marketing","channel":"sms","status":"granted","evidence":"form-of-ann"}"#,
    r#"{"op":"separate","a":["crm","crm-of-ann"],"b":["crm","bob"],"by":"steward","why":"Ann is the sister"}"#,
    r#"{"op":"join","a":["crm","crm-of-ann"],"b":["web","web-of-ann"],"by":"steward","why":"she wrote in"}"#,
    r#"{"op":"event","source":"onefold","key":"offer:late:1","at":"2026-01-07T12:00:00Z","kind":"offer","identifiers":{"email":"ann.lovelace@example.org"}}"#,
];

/// Others: one with a phone and a tablet of hers, one who never met her.
const OTHERS: [&str; 6] = [
    r#"{"source":"crm","key":"bob","at":"2026-01-05T10:00:00Z","identifiers":{"customer_id":"C-7","email":"bob@example.org","phone":"01 5550001"},"attributes":{"given_name":"Bob","surname":"Hopper"}}"#,
    r#"{"op":"event","source":"web","key":"login-of-bob","at":"2026-01-08T11:00:00Z","kind":"view","identifiers":{"email":"bob@example.org","device_id":"tablet-9"}}"#,
    r#"{"op":"event","source":"web","key":"view-of-bob","at":"2026-01-08T11:05:00Z","kind":"view","identifiers":{"device_id":"tablet-9"},"text":"looked at drills"}"#,
    r#"{"source":"crm","key":"eve","at":"2026-01-05T10:00:00Z","identifiers":{"customer_id":"C-8","email":"eve@example.org"},"attributes":{"given_name":"Eve"}}"#,
    r#"{"op":"consent","source":"web","key":"consent-of-bob","at":"2026-01-07T12:00:00Z","identifiers":{"email":"bob@example.org"},"purpose":"marketing","channel":"sms","status":"denied"}"#,
    r#"{"op":"join","a":["crm","eve"],"b":["crm","eve-2"],"by":"steward","why":"moved"}"#,
];

/// What is Ann's alone, as sent, as read and as folded.
#[cfg(feature = "durable")]
const HERS: [&str; 25] = [
    "C-4242",
    "c-4242",
    "c4242",
    "C-9999",
    "Ann.Lovelace@Example.org",
    "ann.lovelace@example.org",
    "0660 1234567",
    "+436601234567",
    "436601234567",
    "Lovelace",
    "lovelace",
    "Rose Lane 17",
    "back door",
    "which of the two",
    "ultramarine",
    "moving house",
    "prams",
    "sku-of-ann",
    "order-of-ann",
    "crm-of-ann",
    "of-ann",
    "the sister",
    "she wrote in",
    "31.70",
    "welcome",
];

/// What is others', with the phone and the tablet that they share with her.
#[cfg(feature = "durable")]
const THEIRS: [&str; 9] = [
    "C-7",
    "bob@example.org",
    "01 5550001",
    "Hopper",
    "tablet-9",
    "looked at drills",
    "eve@example.org",
    "moved",
    "login-of-bob",
];

fn policy() -> Policy {
    Policy::from_toml(POLICY).unwrap()
}

fn operations(lines: &[&str]) -> Vec<Operation> {
    lines.iter().map(|line| Operation::from_json(line.as_bytes(), None).unwrap()).collect()
}

fn send(resolver: &Resolver, lines: &[&str]) {
    operations(lines).into_iter().for_each(|operation| drop(resolver.apply(operation).unwrap()));
}

fn email(value: &str) -> Identifier {
    Identifier::new("email", value)
}

fn now() -> Timestamp {
    "2026-01-09T10:00:00Z".parse().unwrap()
}

/// A resolver with everybody, and with a token that Ann was given.
fn everybody(resolver: Resolver) -> Resolver {
    send(&resolver, &ANN);
    send(&resolver, &OTHERS);
    let ann = resolver.find(&email("ann.lovelace@example.org")).unwrap().profile.unwrap();
    assert!(resolver.issue(ann, "welcome", now()).unwrap().first);
    resolver
}

fn opened(store: Arc<dyn ProfileStore>) -> Resolver {
    Resolver::open(store, policy(), Options::default()).unwrap().with_secrets([secret("kept by the host")])
}

/// Everything that came in, on every way in.
fn send_all_again(resolver: &Resolver) {
    let (mut records, mut events): (Vec<Record>, Vec<Event>) = Default::default();
    for operation in operations(&ANN).into_iter().chain(operations(&OTHERS)) {
        match &operation {
            Operation::Add(record) => records.push(record.clone()),
            Operation::Event(event) => events.push((**event).clone()),
            _ => {}
        }
        drop(resolver.apply(operation).unwrap());
    }
    for record in &records {
        drop(resolver.preview(record.clone()).unwrap());
        drop(resolver.add(record.clone()).unwrap());
    }
    drop(resolver.add_all(records.clone(), subject::ingest(2)).unwrap());
    for event in &events {
        drop(resolver.add_event(event.clone()).unwrap());
    }
    drop(resolver.add_events(events, subject::ingest(3)).unwrap());
    let report = resolver.load(records.clone(), subject::ingest(2)).unwrap();
    assert_eq!((report.added, report.refused), (0, 3));
    for source in ["crm", "web", "app"] {
        let theirs: Vec<Record> = records.iter().filter(|record| record.key.source == source).cloned().collect();
        let report = resolver.replace_source(source, theirs, subject::ingest(2)).unwrap();
        assert_eq!((report.changed, report.refused, report.removed), (0, 1, 0), "{source}");
    }
}

fn exported(resolver: &Resolver) -> String {
    let mut lines = Vec::new();
    resolver.export(&mut |operation| lines.push(operation.to_json())).unwrap();
    lines.sort();
    lines.join("\n")
}

fn erased() -> Erased {
    Erased {
        request: "dsr-17".into(),
        profile: None,
        records: 3,
        events: 3,
        consents: 1,
        assertions: 2,
        ledger: 4,
        tombstones: 16,
    }
}

#[test]
fn all_of_hers_goes_and_nothing_of_others() {
    let resolver = everybody(fresh(&policy()));
    let ann = resolver.find(&email("ann.lovelace@example.org")).unwrap().profile;
    let done = resolver.erase(&email("ANN.Lovelace@example.org"), "dsr-17").unwrap();
    assert_eq!(done, Erased { profile: ann, ..erased() });
    let without = fresh(&policy());
    send(&without, &OTHERS);
    assert_eq!(State::of(&resolver).nameless(), State::of(&without).nameless());
    assert_eq!(exported(&resolver), exported(&without));
    assert_eq!(
        resolver.find(&Identifier::new("phone", "01 5550001")).unwrap().profile,
        resolver.find(&email("bob@example.org")).unwrap().profile
    );
    let fed = resolver.changes(0, usize::MAX).unwrap();
    assert!(fed.iter().any(|change| change.event == ProfileEvent::Erased { profile: ann.unwrap() }));
}

#[test]
fn what_is_sent_again_on_any_way_in_is_refused() {
    let resolver = everybody(fresh(&policy()));
    drop(resolver.erase(&Identifier::new("customer_id", "C-4242"), "dsr-17").unwrap());
    let (state, export) = (State::of(&resolver), exported(&resolver));
    send_all_again(&resolver);
    assert_eq!((State::of(&resolver), exported(&resolver)), (state, export));
    assert!(resolver.stats().unwrap().counts.refused > 20);

    // By her identifiers, whatever they are written like, and whatever the policy.
    let at = now();
    let news = [
        Record::new("new", "1", at).identifier("email", "Ann.LOVELACE@example.org "),
        Record::new("new", "2", at).identifier("phone", "+43 660 12345-67").identifier("email", "fresh@example.org"),
        Record::new("new", "3", at).identifier("customer_id", "c 4242"),
    ];
    for policy in [policy(), Policy::from_toml("[[identifier]]\nkind = \"fax\"\nrole = \"contact\"\n").unwrap()] {
        drop(resolver.set_policy(policy).unwrap());
        for record in &news {
            assert_eq!(resolver.preview(record.clone()).unwrap().because, [Because::Erased]);
            assert_eq!(resolver.add(record.clone()).unwrap().because, [Because::Erased], "{}", record.key.key);
            let event = record
                .identifiers
                .iter()
                .fold(Event::new("new", record.key.key.clone(), at, EventKind::View), |event, sent| {
                    event.identifier(sent.kind.clone(), sent.value.clone())
                });
            assert_eq!(resolver.add_event(event).unwrap().because, [Because::Erased]);
        }
    }
    // What others carry, and what is like nothing of hers, comes in.
    drop(resolver.set_policy(policy()).unwrap());
    let like =
        Record::new("new", "4", at).identifier("email", "annlovelace@example.org").identifier("phone", "01 5550001");
    assert!(resolver.add(like).unwrap().profile.is_some());
}

/// Evidence that takes no part is found by what it carries now, however it came to take none, or to take part again.
#[test]
fn what_takes_no_part_is_found_by_what_it_carries() {
    let at = now();
    let two = |key: &str, mail: &str| {
        let record = Record::new("web", key, at).identifier("email", mail);
        record.identifier("customer_id", "C1").identifier("customer_id", "C2")
    };
    let event = |key: &str, mail: &str| {
        let event = Event::new("web", key, at, EventKind::View).identifier("email", mail);
        event.identifier("customer_id", "C1").identifier("customer_id", "C2")
    };
    let later = |record: Record| Record { at: "2026-03-01T10:00:00Z".parse().unwrap(), ..record };
    let fill = |resolver: &Resolver| {
        let ann = Record::new("crm", "1", at).identifier("email", "ann@example.org");
        resolver.add(ann).unwrap();
        // Set aside from the beginning, from its second version on, and under another address since.
        resolver.add(two("aside", "ann@example.org")).unwrap();
        resolver.add(Record::new("web", "since", at).identifier("customer_id", "C1")).unwrap();
        resolver.add(later(two("since", "ann@example.org"))).unwrap();
        resolver.add(two("another", "ann@example.org")).unwrap();
        resolver.add(later(two("another", "bob@example.org"))).unwrap();
        // Mended, and somebody else's.
        resolver.add(two("mended", "ann@example.org")).unwrap();
        let mended = Record::new("web", "mended", at).identifier("customer_id", "C3");
        resolver.add(later(mended)).unwrap();
        // Removed.
        resolver.add(two("removed", "ann@example.org")).unwrap();
        resolver.remove(&RecordKey::new("web", "removed")).unwrap();
        // So with events.
        resolver.add_event(event("aside", "ann@example.org")).unwrap();
        resolver.add_event(event("another", "bob@example.org")).unwrap();
        resolver.add_event(event("removed", " Ann@example.org")).unwrap();
        resolver.remove_event(&RecordKey::new("web", "removed")).unwrap();
    };
    let rebuilt = fresh(&policy());
    fill(&rebuilt);
    rebuilt.load(Vec::new(), subject::ingest(2)).unwrap();
    let by_policy = fresh(&policy());
    fill(&by_policy);
    drop(by_policy.set_policy(Policy { clock_skew_seconds: 7, ..policy() }).unwrap());
    let plain = fresh(&policy());
    fill(&plain);
    for resolver in [plain, rebuilt, by_policy] {
        let before = resolver.stats().unwrap().counts;
        assert_eq!((before.records, before.quarantined, before.dormant_trails), (5, 3, 2));
        let erased = resolver.erase(&email("ann@example.org"), "dsr-1").unwrap();
        assert_eq!((erased.records, erased.events), (3, 1));
        let mut left: Vec<SmolStr> = Vec::new();
        resolver.view().unwrap().evidence(&mut |record| left.push(record.key.key.clone())).unwrap();
        left.sort();
        assert_eq!(left, ["another", "mended"]);
        let after = resolver.stats().unwrap().counts;
        assert_eq!((after.quarantined, after.dormant_trails), (1, 1));
        assert!(resolver.event(&RecordKey::new("web", "another")).unwrap().is_some());
    }
}

#[test]
fn loading_an_empty_tenant_leaves_out_who_was_erased() {
    let resolver = fresh(&policy());
    send(&resolver, &ANN[..3]);
    drop(resolver.erase(&email("ann.lovelace@example.org"), "dsr-17").unwrap());
    assert_eq!(resolver.stats().unwrap().counts.records, 0);
    let all = operations(&[ANN[0], OTHERS[0], ANN[1], OTHERS[3]]);
    let records = all.into_iter().filter_map(|operation| match operation {
        Operation::Add(record) => Some(record),
        _ => None,
    });
    let report = resolver.load(records.collect(), subject::ingest(2)).unwrap();
    // Bob has a phone that was hers alone when she was erased: until it is lifted, it is hers.
    assert_eq!((report.added, report.refused, report.profiles), (1, 3, 1));
    let counts = resolver.stats().unwrap().counts;
    assert_eq!((counts.records, counts.refused), (1, 3));
    assert_eq!(resolver.lift_tombstones(&Identifier::new("phone", "01/555 0001")).unwrap(), 2);
    send(&resolver, &OTHERS[..1]);
    assert!(resolver.find(&email("bob@example.org")).unwrap().profile.is_some());
}

/// An export carries no tombstones: a copy takes in who is sent again, until the request is carried out there too.
#[test]
fn a_copy_keeps_away_whom_it_was_told_to_erase() {
    let hers = |key: &str| Record::new("crm", key, now()).identifier("email", "ann@example.org");
    let resolver = fresh(&policy());
    resolver.add(hers("1")).unwrap();
    resolver.erase(&email("ann@example.org"), "dsr-1").unwrap();
    let mut operations = Vec::new();
    resolver.export(&mut |operation| operations.push(operation)).unwrap();
    assert_eq!(operations, []);

    let copy = fresh(&policy());
    let request = || copy.erase(&email(" Ann@Example.org"), "dsr-1").unwrap();
    assert_eq!(request().tombstones, 0, "it finds nobody");
    assert!(copy.add(hers("1")).unwrap().profile.is_some());
    assert_eq!((request().records, request().records), (1, 0));
    for key in ["1", "2"] {
        assert_eq!(copy.add(hers(key)).unwrap().because, [Because::Erased]);
    }
}

#[test]
fn a_request_is_carried_out_once_though_a_relative_holds_the_address() {
    let resolver = fresh(&policy());
    let at = |day: u8| format!("2026-01-0{day}T10:00:00Z").parse().unwrap();
    let of = |key: &str, day| {
        Record::new("crm", key, at(day)).identifier("customer_id", key).identifier("email", "us@example.org")
    };
    let (ann, ben) = (resolver.add(of("ann", 2)).unwrap().profile, resolver.add(of("ben", 1)).unwrap().profile);
    assert_ne!(ann, ben);
    let done = resolver.erase(&email("us@example.org"), "dsr-17").unwrap();
    // Of her number, her record and the request; the address is his too.
    assert_eq!((done.profile, done.records, done.tombstones), (ann, 1, 3));
    let nobody = Erased { request: "dsr-17".into(), ..Erased::default() };
    assert_eq!(resolver.erase(&email(" US@example.org"), "dsr-17").unwrap(), nobody);
    assert_eq!(resolver.find(&email("us@example.org")).unwrap().profile, ben);
    assert_eq!(resolver.erase(&email("us@example.org"), "dsr-18").unwrap().profile, ben, "another request is another");
    assert_eq!(resolver.erase(&email("us@example.org"), "dsr-19").unwrap().profile, None, "nobody is there");
}

#[test]
fn what_cannot_be_erased_is_refused_with_its_reason() {
    let says = |resolver: &Resolver, identifier: &Identifier, request: &str| {
        let error = resolver.erase(identifier, request).unwrap_err();
        (error.kind(), error.to_string())
    };
    let bare = Resolver::in_memory(policy()).unwrap();
    let (kind, text) = says(&bare, &email("ann@example.org"), "dsr-17");
    assert_eq!(kind, ErrorKind::Config);
    assert!(text.starts_with("option `secret`: is missing"), "{text}");
    let resolver = everybody(fresh(&policy()));
    let before = exported(&resolver).lines().count();
    assert_eq!(says(&resolver, &email("bob@example.org"), " ").1, "request: is blank");
    for nobodys in [email("no address"), Identifier::new("fax", "1")] {
        assert_eq!(says(&resolver, &nobodys, "dsr-17").1, "identifier: is none that the policy takes");
    }
    assert!(Secret::new(" ").is_err_and(|error| error.kind() == ErrorKind::Config));
    let toml = POLICY.replace("normalise = \"email\"", "normalise = \"email\"\ncontested = \"nobody\"");
    drop(resolver.set_policy(Policy::from_toml(&toml).unwrap()).unwrap());
    let at = now();
    for key in ["1", "2"] {
        let record = Record::new("new", key, at).identifier("customer_id", key).identifier("email", "us@example.org");
        drop(resolver.add(record).unwrap());
    }
    let (kind, text) = says(&resolver, &email("us@example.org"), "dsr-17");
    assert_eq!(
        (kind, text.as_str()),
        (ErrorKind::Input, "identifier: is shared and nobody holds it; ask by another of the person's")
    );
    assert_eq!(exported(&resolver).lines().count(), before + 2, "nothing went");
}

#[test]
fn secrets_are_rotated_and_a_missing_one_is_found_out() {
    let store = Arc::new(Memory::new());
    let resolver = everybody(opened(Arc::<Memory>::clone(&store)));
    drop(resolver.erase(&email("ann.lovelace@example.org"), "dsr-17").unwrap());
    let with = |secrets: &[&str]| {
        let store: Arc<dyn ProfileStore> = Arc::<Memory>::clone(&store);
        let resolver = Resolver::open(store, policy(), Options::default()).unwrap();
        resolver.with_secrets(secrets.iter().map(|text| secret(text)))
    };
    let again = operations(&[ANN[1]]).pop().unwrap();
    for secrets in [&[][..], &["another"]] {
        let error = with(secrets).apply(again.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("under a secret that the resolver was not given"), "{error}");
    }
    let rotated = with(&["the next", "kept by the host"]);
    let refused = |resolver: &Resolver, line| {
        resolver.apply(operations(&[line]).pop().unwrap()).unwrap().unwrap().because == [Because::Erased]
    };
    assert!(refused(&rotated, ANN[1]));
    assert_eq!(rotated.erase(&email("ann.lovelace@example.org"), "dsr-17").unwrap().profile, None, "done already");
    assert!(rotated.erase(&email("eve@example.org"), "dsr-18").unwrap().anything());
    assert!(refused(&rotated, OTHERS[3]));
    let other_way = with(&["kept by the host", "the next"]);
    assert!(refused(&other_way, OTHERS[3]) && refused(&other_way, ANN[1]));
    assert!(with(&["the next"]).apply(again).is_err());
}

#[test]
fn a_tombstone_is_lifted_and_counted() {
    let resolver = everybody(fresh(&policy()));
    let put = resolver.erase(&email("ann.lovelace@example.org"), "dsr-17").unwrap().tombstones;
    assert_eq!(resolver.stats().unwrap().counts.tombstones, put);
    let at = now();
    let back = || Record::new("new", "1", at).identifier("email", "ann.lovelace@example.org");
    assert_eq!(resolver.lift_tombstones(&email("nobody@example.org")).unwrap(), 0);
    assert_eq!(resolver.lift_tombstones(&email("Ann.Lovelace@example.org ")).unwrap(), 1);
    assert_eq!(resolver.lift_tombstones(&email("ann.lovelace@example.org")).unwrap(), 0);
    assert_eq!(resolver.stats().unwrap().counts.tombstones, put - 1);
    assert!(resolver.add(back()).unwrap().profile.is_some());
    send(&resolver, &ANN);
    assert!(!exported(&resolver).contains("of-ann"), "her old records stay away, by their keys");
    let key = RecordKey::new("web", "web-of-ann");
    assert!(!resolver.lift_tombstone(What::Event, &key).unwrap());
    assert!(resolver.lift_tombstone(What::Record, &key).unwrap());
    assert!(!resolver.lift_tombstone(What::Record, &key).unwrap());
    send(&resolver, &ANN);
    assert_eq!(exported(&resolver).matches("of-ann").count(), 1);
}

/// Who had the device before was in an arm, and is erased; who has it now is put into one, which is kept.
#[test]
fn what_is_given_anew_under_a_device_of_the_erased_is_kept() {
    let resolver = fresh(&policy());
    let at = now();
    let of = |key: &str| Record::new("crm", key, at).identifier("customer_id", key).identifier("device_id", "phone-1");
    let ann = resolver.add(of("ann")).unwrap().profile.unwrap();
    drop(resolver.assign(ann, "checkout", &[("a", 1), ("b", 1)], at).unwrap());
    assert_eq!(resolver.erase(&Identifier::new("customer_id", "ann"), "dsr-17").unwrap().ledger, 2);
    assert!(!exported(&resolver).contains("checkout"));
    let ben = resolver.add(of("ben")).unwrap().profile.unwrap();
    assert_eq!(resolver.assigned(ben, "checkout").unwrap(), None);
    let arm = resolver.assign(ben, "checkout", &[("a", 1), ("b", 1)], at).unwrap().arm;
    assert_eq!(resolver.assigned(ben, "checkout").unwrap().unwrap().arm, arm);
    assert_eq!(exported(&resolver).matches("checkout").count(), 4, "under the number and the device, in key and grant");
}

#[test]
fn an_erasure_that_fails_changes_nothing_and_can_be_sent_again() {
    let failing = Arc::new(Failing { store: Memory::new(), left: AtomicU64::new(u64::MAX) });
    let resolver = everybody(opened(Arc::<Failing>::clone(&failing)));
    let before = (State::of(&resolver), exported(&resolver), resolver.stats().unwrap());
    failing.left.store(1, Ordering::SeqCst);
    let error = resolver.erase(&email("ann.lovelace@example.org"), "dsr-17").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert_eq!((State::of(&resolver), exported(&resolver), resolver.stats().unwrap()), before);
    let done = resolver.erase(&email("ann.lovelace@example.org"), "dsr-17").unwrap();
    assert_eq!(Erased { profile: None, ..done }, erased());
}

#[cfg(feature = "durable")]
mod on_disk {
    use super::*;
    use crate::durable::files;
    use onefold::Durable;
    use std::path::Path;

    /// What stands in the files of a folder. Files are laid out with zeros ahead, which are left out.
    fn bytes(folder: &Path) -> Vec<u8> {
        let mut all = Vec::new();
        for path in files(folder) {
            let file = std::fs::read(&path).unwrap();
            file.chunks(4096).filter(|chunk| **chunk != [0; 4096][..chunk.len()]).for_each(|chunk| all.extend(chunk));
        }
        all
    }

    fn contains(bytes: &[u8], text: &str) -> bool {
        bytes.windows(text.len()).any(|bytes| bytes == text.as_bytes())
    }

    fn durable(folder: &Path) -> Arc<Durable> {
        Arc::new(Durable::open(folder).unwrap())
    }

    #[test]
    fn no_byte_is_left_and_none_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let store = durable(folder);
        let resolver = everybody(opened(Arc::<Durable>::clone(&store)));
        drop((resolver, store));
        for text in ["ann.lovelace@example.org", "Lovelace", "of-ann", "ultramarine", "welcome", "the sister"] {
            assert!(contains(&bytes(folder), text), "{text} is found where it was not erased");
        }
        let store = durable(folder);
        let resolver = opened(Arc::<Durable>::clone(&store));
        let done = resolver.erase(&email("ann.lovelace@example.org"), "dsr-17").unwrap();
        assert_eq!(Erased { profile: None, ..done }, erased());
        let nothing_of_hers = |told: &str| {
            let bytes = bytes(folder);
            for text in HERS {
                assert!(!contains(&bytes, text), "{text} is found {told}");
            }
            for text in THEIRS {
                assert!(contains(&bytes, text), "{text} is not found {told}");
            }
            assert!(!contains(&bytes, "kept by the host"), "the secret is in no file");
        };
        let export = exported(&resolver);
        drop(resolver);
        store.scrub().unwrap();
        drop(store);
        nothing_of_hers("after she was erased");

        let store = durable(folder);
        let resolver = opened(Arc::<Durable>::clone(&store));
        send_all_again(&resolver);
        assert_eq!(exported(&resolver), export);
        drop(resolver);
        // What was refused was never written: no scrubbing is needed.
        drop(store);
        nothing_of_hers("after everything was sent again");
    }

    proptest! {
        #![proptest_config(config(8))]

        #[test]
        fn on_disk_is_as_in_memory((policy, calls) in with_erasures(2..10)) {
            let folder = tempfile::tempdir().unwrap();
            let memory = fresh(&policy);
            let mut policy = policy;
            for call in &calls {
                let store: Arc<dyn ProfileStore> = durable(folder.path());
                let durable = Resolver::open(store, policy.clone(), Options::default()).unwrap();
                let durable = durable.with_secrets([secret("kept by the host")]);
                if let Call::Apply(Operation::Erase { identifier, request }) = call {
                    prop_assert_eq!(erase(&memory, identifier, request), erase(&durable, identifier, request));
                } else {
                    subject::call(&memory, call);
                    subject::call(&durable, call);
                }
                policy = durable.policy();
                prop_assert_eq!(State::of(&durable), State::of(&memory), "after {:?}", call);
                prop_assert_eq!(durable.stats().unwrap(), memory.stats().unwrap());
                prop_assert_eq!(durable.changes(0, usize::MAX).unwrap(), memory.changes(0, usize::MAX).unwrap());
            }
        }
    }
}

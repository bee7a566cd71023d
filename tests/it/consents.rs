//! What somebody allowed: who is heard, what a merge does to it, and that nothing brings a refusal to silence.

use crate::model::{Evidence, Person};
use crate::script;
use crate::tablet;
use crate::world::{self, Picture, World};
use onefold::{
    Consent, ConsentQuery, ConsentStatus, Event, EventKind, Identifier, IdentifierPolicy, IssueReason, LegalBasis,
    Operation, PermissionReason, Policy, ProfileId, PurposePolicy, Record, RecordKey, Resolver, Role, Scope, Timestamp,
    Told, What, effective,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ConsentStatus::{Denied, Expired, Granted, Unknown, Withdrawn};

/// What is asked of random people.
pub(crate) fn queries() -> [ConsentQuery; 3] {
    let asked = |purpose: &str| ConsentQuery::new(purpose);
    [asked("marketing"), asked("Marketing ").channel("sms"), asked("marketing").channel("email")]
}

/// What holds, what it rests on, and what was overruled.
pub(crate) type Held = (ConsentStatus, Vec<RecordKey>, Vec<RecordKey>);

/// Consents of a few purposes and scopes, some of which end.
pub(crate) fn consent() -> impl Strategy<Value = Consent> {
    let status = select(vec![Granted, Granted, Granted, Denied, Withdrawn, Unknown, Expired]);
    let channel = option::of(select(vec!["sms", "email"]));
    let expires = option::weighted(0.2, select(vec!["2026-01-05T10:05:00Z", "2027-01-05T10:00:00Z"]));
    (status, channel, expires, prop::bool::weighted(0.9)).prop_map(|(status, channel, expires, asked)| {
        let consent = Consent::new(if asked { "marketing" } else { "care" }, status);
        let consent = channel.into_iter().fold(consent, Consent::channel);
        expires.into_iter().fold(consent, |consent, at| consent.expires(at.parse().unwrap()))
    })
}

/// A consent under a number of somebody, an address, or both.
pub(crate) fn told_of_somebody() -> impl Strategy<Value = Event> {
    let (number, address) = (option::of(select(vec!["a", "b"])), option::of(select(vec!["a", "b"])));
    (tablet::key(), tablet::at(), consent(), number, address).prop_map(|(key, at, consent, number, address)| {
        let key = tablet::key_of_consent(key);
        let event = Event::of_consent(key.source, key.key, at, consent);
        let event = number.into_iter().fold(event, |event, number| event.identifier(script::KINDS[0], number));
        address.into_iter().fold(event, |event, address| event.identifier(script::KINDS[1], address))
    })
}

/// What was told, its status as of now, whether by somebody recognised, and whether it is their own.
type Word<'a> = (&'a Event, ConsentStatus, bool, bool);

/// What holds for a person of a world, by brute force.
pub(crate) fn held(world: &World, picture: &Picture, person: &Person, query: &ConsentQuery, now: Timestamp) -> Held {
    let values = |event: &Event| world::values(&world.policy, &event.identifiers);
    let carried: BTreeSet<(usize, String)> = person
        .iter()
        .flat_map(|evidence| match evidence {
            Evidence::Record(key) => world::values(&world.policy, &world.records[key].identifiers),
            Evidence::Event(key) => values(&world.events[key]),
        })
        .collect();
    let role = |kind: usize| world.policy.identifier[kind].role;
    let mut words: BTreeMap<(usize, String), Vec<Word<'_>>> = BTreeMap::new();
    for (key, event) in &world.events {
        let (Some(whose), Some(said)) = (picture.attributed.get(key), &event.consent) else { continue };
        if !speaks(said, query) || event.at.microseconds() > now.microseconds() {
            continue;
        }
        let over = said.status == Granted && said.expires.is_some_and(|end| end.microseconds() <= now.microseconds());
        let known = values(event).iter().any(|(kind, _)| role(*kind) == Role::Person);
        for value in values(event) {
            let shared = carried.contains(&value) && matches!(role(value.0), Role::Person | Role::Contact);
            if whose == person || shared {
                let own = whose == person;
                words.entry(value).or_default().push((event, if over { Expired } else { said.status }, known, own));
            }
        }
    }
    let age = |(event, status, ..): &Word<'_>| (event.at.microseconds(), *status, event.key.clone());
    let scope = |event: &Event| event.consent.as_ref().unwrap().scope.clone();
    let mut standing: Vec<Word<'_>> = Vec::new();
    for words in words.values() {
        let replaced = |word: &Word<'_>| {
            words.iter().any(|later| {
                let lifts = word.1 == Granted || within(&scope(later.0), &scope(word.0));
                age(later) > age(word) && (later.1 != Granted || lifts && (later.3 || !word.3 && !later.2))
            })
        };
        standing.extend(words.iter().filter(|word| !replaced(word) && (word.3 || word.1 != Granted)));
    }
    let yes = standing.iter().copied().filter(|(_, status, known, _)| *known && *status == Granted).max_by_key(age);
    let hushed = |word: &Word<'_>| {
        yes.is_some_and(|(yes, ..)| {
            word.0.at.microseconds() < yes.at.microseconds() && within(&scope(yes), &scope(word.0))
        })
    };
    let keys = |words: Vec<Word<'_>>| -> Vec<RecordKey> {
        words.into_iter().map(|(event, ..)| event.key.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let (over, stays): (Vec<_>, Vec<_>) = standing.into_iter().partition(|word| hushed(word));
    let status = stays.iter().map(|(_, status, ..)| *status).max().unwrap_or(Unknown);
    let because = keys(stays.into_iter().filter(|word| word.1 == status).collect());
    (status, because, keys(over.into_iter().filter(|word| word.1 != Granted).collect()))
}

fn speaks(said: &Consent, query: &ConsentQuery) -> bool {
    said.purpose.trim().eq_ignore_ascii_case(query.purpose.trim()) && within(&query.scope, &said.scope)
}

/// Whether all of one scope lies in another. Scripts know channels only.
fn within(narrow: &Scope, wide: &Scope) -> bool {
    wide.channel.is_none() || wide.channel == narrow.channel
}

fn at(day: u32) -> Timestamp {
    format!("2026-01-{day:02}T10:00:00Z").parse().unwrap()
}

fn told(key: &str, day: u32, status: ConsentStatus) -> Event {
    Event::of_consent("web", key, at(day), Consent::new("marketing", status))
}

fn policy() -> Policy {
    Policy::builder()
        .identifier(IdentifierPolicy::new("customer_id", Role::Person))
        .identifier(IdentifierPolicy::new("email", Role::Contact))
        .identifier(IdentifierPolicy::new("phone", Role::Contact))
        .identifier(IdentifierPolicy::new("device", Role::Device))
        .purpose(PurposePolicy::new("marketing"))
        .purpose(PurposePolicy::new("service").basis(LegalBasis::Contract))
        .purpose(PurposePolicy::new("analytics").basis(LegalBasis::LegitimateInterest))
        .build()
        .unwrap()
}

fn status(resolver: &Resolver, id: ProfileId) -> ConsentStatus {
    resolver.effective_consent(id, &ConsentQuery::new("marketing"), at(28)).unwrap().unwrap().status
}

fn whose(resolver: &Resolver, kind: &str, value: &str) -> ProfileId {
    resolver.find(&Identifier::new(kind, value)).unwrap().profile.unwrap()
}

#[test]
fn a_merge_keeps_the_refusal_and_a_split_gives_each_their_own_back() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let mail = resolver.add_event(told("1", 2, Withdrawn).identifier("email", "a@x.org")).unwrap().profile.unwrap();
    let phone = resolver.add_event(told("2", 5, Granted).identifier("phone", "+1")).unwrap().profile.unwrap();
    assert_eq!((status(&resolver, mail), status(&resolver, phone)), (Withdrawn, Granted));
    let tie = Record::new("crm", "1", at(6)).identifier("email", "a@x.org").identifier("phone", "+1");
    let one = resolver.add(tie.clone()).unwrap().profile.unwrap();
    let found = resolver.effective_consent(one, &ConsentQuery::new("marketing"), at(28)).unwrap().unwrap();
    assert_eq!((found.status, found.since, found.because.len()), (Withdrawn, Some(at(2)), 1));
    // The word of a recognised person, newer than the refusal, is heard; and goes with its evidence.
    let yes = told("3", 7, Granted).identifier("customer_id", "C1").identifier("phone", "+1");
    resolver.add_event(yes.clone()).unwrap();
    let found = resolver.effective_consent(one, &ConsentQuery::new("marketing"), at(28)).unwrap().unwrap();
    assert_eq!((found.status, found.overruled), (Granted, vec![RecordKey::new("web", "1")]));
    resolver.remove_consent(&yes.key).unwrap().unwrap();
    assert_eq!(status(&resolver, one), Withdrawn);
    resolver.remove(&tie.key).unwrap().unwrap();
    let (mail, phone) = (whose(&resolver, "email", "a@x.org"), whose(&resolver, "phone", "+1"));
    assert_eq!((status(&resolver, mail), status(&resolver, phone)), (Withdrawn, Granted));
}

/// What was said, in the order of days, under which identifier, about which channel; and what holds for text messages.
#[test]
fn the_word_that_holds() {
    type Row = (&'static [(ConsentStatus, &'static str, Option<&'static str>)], ConsentStatus);
    let rows: [Row; 12] = [
        (&[], Unknown),
        (&[(Granted, "email", None)], Granted),
        (&[(Granted, "email", Some("email"))], Unknown),
        (&[(Denied, "email", None), (Granted, "email", None)], Granted),
        (&[(Granted, "email", None), (Withdrawn, "email", None)], Withdrawn),
        // Who refused text messages and agrees to marketing in general gets none.
        (&[(Denied, "email", Some("sms")), (Granted, "email", None)], Denied),
        (&[(Denied, "email", None), (Granted, "email", Some("sms"))], Granted),
        (&[(Denied, "email", Some("sms")), (Granted, "email", None), (Granted, "email", Some("sms"))], Granted),
        (&[(Denied, "email", None), (Granted, "phone", None)], Denied),
        (&[(Granted, "phone", None), (Unknown, "email", None)], Unknown),
        (&[(Denied, "email", None), (Granted, "customer_id", None)], Granted),
        (&[(Granted, "customer_id", None), (Denied, "email", None)], Denied),
    ];
    for (row, (words, expected)) in rows.into_iter().enumerate() {
        let resolver = Resolver::in_memory(policy()).unwrap();
        let kinds = [("customer_id", "C1"), ("email", "a@x.org"), ("phone", "+1")];
        let all = kinds.iter().fold(Record::new("crm", "1", at(1)), |all, (kind, value)| all.identifier(*kind, *value));
        let one = resolver.add(all).unwrap().profile.unwrap();
        let events = (2..).zip(words).map(|(day, (status, kind, channel))| {
            let consent =
                channel.iter().fold(Consent::new("Marketing", *status), |consent, channel| consent.channel(*channel));
            let value = kinds.iter().find(|(known, _)| known == kind).unwrap().1;
            Event::of_consent("web", day.to_string(), at(day), consent).identifier(*kind, value)
        });
        let mut events: Vec<Event> = events.collect();
        events.reverse();
        resolver.add_events(events, onefold::Ingest::default()).unwrap();
        let query = ConsentQuery::new("marketing").channel("sms");
        let found = resolver.effective_consent(one, &query, at(28)).unwrap().unwrap();
        assert_eq!(found.status, expected, "row {row}");
    }
}

#[test]
fn time_ends_a_yes_and_the_future_is_not_heard() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let yes = Consent::new("marketing", Granted).expires(at(10));
    let yes = Event::of_consent("web", "1", at(2), yes).identifier("email", "a@x.org");
    let one = resolver.add_event(yes).unwrap().profile.unwrap();
    resolver.add_event(told("2", 20, Denied).identifier("email", "a@x.org")).unwrap();
    let on = |day| {
        let found = resolver.effective_consent(one, &ConsentQuery::new("marketing"), at(day)).unwrap().unwrap();
        (found.status, found.expires)
    };
    assert_eq!(
        [on(1), on(9), on(10), on(20)],
        [(Unknown, None), (Granted, Some(at(10))), (Expired, None), (Denied, None)]
    );
}

#[test]
fn a_refusal_under_a_shared_address_counts_for_all_who_carry_it() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let carry = |customer: &str, day| {
        let record = Record::new("crm", customer, at(day)).identifier("customer_id", customer);
        resolver.add(record.identifier("email", "family@x.org")).unwrap().profile.unwrap()
    };
    let (ann, bob) = (carry("A", 1), carry("B", 2));
    assert_ne!(ann, bob);
    resolver.add_event(told("1", 3, Denied).identifier("email", "family@x.org")).unwrap();
    assert_eq!((status(&resolver, ann), status(&resolver, bob)), (Denied, Denied));
    // What Bob says of himself is his own, even under their address: he cannot agree for her.
    let yes = told("2", 4, Granted).identifier("customer_id", "B").identifier("email", "family@x.org");
    resolver.add_event(yes).unwrap();
    assert_eq!((status(&resolver, ann), status(&resolver, bob)), (Denied, Granted));
    // But he can refuse for both, and she takes it back for herself.
    let no = told("3", 5, Withdrawn).identifier("customer_id", "B").identifier("email", "family@x.org");
    resolver.add_event(no).unwrap();
    assert_eq!((status(&resolver, ann), status(&resolver, bob)), (Withdrawn, Withdrawn));
    resolver.add_event(told("4", 6, Granted).identifier("customer_id", "A")).unwrap();
    assert_eq!((status(&resolver, ann), status(&resolver, bob)), (Granted, Withdrawn));
    assert_eq!(resolver.consents(ann).unwrap().unwrap().told.iter().filter(|told| told.own).count(), 1);
}

#[test]
fn the_basis_says_whether_a_yes_is_needed() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let one = resolver.add(Record::new("crm", "1", at(1)).identifier("email", "a@x.org")).unwrap().profile.unwrap();
    let may = |purpose: &str| {
        let found = resolver.may(one, purpose, "email", at(28)).unwrap().unwrap();
        (found.allowed, found.reason)
    };
    assert_eq!(may("marketing"), (false, PermissionReason::Unknown));
    assert_eq!(may("Service"), (true, PermissionReason::NotAsked));
    assert_eq!(may("analytics"), (true, PermissionReason::Basis));
    assert_eq!(may("anything else"), (false, PermissionReason::Unknown));
    for purpose in ["marketing", "service", "analytics"] {
        let no = Event::of_consent("web", purpose, at(2), Consent::new(purpose, Denied)).identifier("email", "a@x.org");
        resolver.add_event(no).unwrap();
    }
    assert_eq!(may("marketing"), (false, PermissionReason::Refused));
    assert_eq!(may("service"), (true, PermissionReason::NotAsked));
    assert_eq!(may("analytics"), (false, PermissionReason::Refused));
}

#[test]
fn the_record_the_event_and_the_consent_of_one_key_are_three_things() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let key = RecordKey::new("web", "1");
    let one = resolver.add(Record::new("web", "1", at(1)).identifier("email", "a@x.org")).unwrap().profile.unwrap();
    resolver.add_event(Event::new("web", "1", at(1), EventKind::View).identifier("email", "a@x.org")).unwrap();
    resolver.add_event(told("1", 1, Granted).identifier("email", "a@x.org")).unwrap();
    assert_eq!(resolver.event(&key).unwrap().unwrap().event.kind, EventKind::View);
    assert_eq!(resolver.consent(&key).unwrap().unwrap().event.kind, EventKind::Consent);
    assert_eq!(resolver.touches(one, at(28)).unwrap().unwrap().first.unwrap().kind, EventKind::View);
    let mut lines = Vec::new();
    resolver.export(&mut |operation| lines.push(operation.to_json())).unwrap();
    let other = Resolver::in_memory(policy()).unwrap();
    for line in &lines {
        other.apply(Operation::from_json(line.as_bytes(), None).unwrap()).unwrap();
    }
    assert_eq!((lines.len(), other.stats().unwrap().counts), (3, resolver.stats().unwrap().counts));

    assert!(resolver.remove_event(&key).unwrap().is_some());
    assert!(resolver.event(&key).unwrap().is_none() && resolver.record(&key).unwrap().is_some());
    assert_eq!(status(&resolver, one), Granted);
    let gone = Operation::from_json(br#"{"op":"remove","what":"consent","source":"web","key":"1"}"#, None).unwrap();
    assert_eq!(gone.to_json(), r#"{"key":"1","op":"remove","source":"web","what":"consent"}"#);
    assert!(resolver.apply(gone).unwrap().is_some());
    assert_eq!((status(&resolver, one), resolver.record(&key).unwrap().is_some()), (Unknown, true));
    assert!(resolver.remove_consent(&key).unwrap().is_none());
}

#[test]
fn a_line_tells_all_of_a_consent() {
    let line = concat!(
        r#"{"at":"2026-01-06T09:31:00Z","basis":"legitimate_interest","brand":"north","channel":"sms","#,
        r#""evidence":"form-7","expires":"2027-01-06T00:00:00Z","identifiers":{"email":"a@x.org"},"#,
        r#""jurisdiction":"EU","key":"c-1","notice":"2026-01","offered":"10 % off","op":"consent","property":"rome","#,
        r#""purpose":"marketing","recorded_at":"2026-01-07T00:00:00Z","source":"web","status":"granted","#,
        r#""through":"app"}"#
    );
    let operation = Operation::from_json(line.as_bytes(), None).unwrap();
    assert_eq!(operation.to_json(), line);
    let Operation::Event(event) = operation else { panic!("it is an event") };
    assert_eq!((event.channel.as_deref(), event.kind), (Some("app"), EventKind::Consent));
    assert_eq!(event.consent.unwrap().scope.channel.as_deref(), Some("sms"));
}

#[test]
fn a_wrong_line_is_refused_with_the_field_named() {
    let wrong = |rest: &str| {
        let line = format!(r#"{{"op":"consent","source":"web","key":"c-1","at":1767691860000{rest}}}"#);
        Operation::from_json(line.as_bytes(), None).unwrap_err().to_string()
    };
    assert_eq!(wrong(""), "field `purpose`: is missing");
    assert_eq!(wrong(r#","purpose":"ads""#), "field `status`: is missing");
    let words = "granted, denied, withdrawn, expired, unknown";
    assert_eq!(wrong(r#","purpose":"ads","status":"yes""#), format!("field `status`: `yes` is none of {words}"));
    assert!(wrong(r#","purpose":"ads","status":"granted","basis":"x""#).starts_with("field `basis`: `x` is none of"));
    assert!(wrong(r#","purpose":"ads","status":"granted","colour":"red""#).contains("`colour` is not a field"));
}

#[test]
fn what_is_wrong_with_a_consent_is_an_issue() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let bare = Event::new("web", "1", at(1), EventKind::Consent).identifier("email", "a@x.org");
    let issues = resolver.add_event(bare).unwrap().issues;
    assert_eq!((issues[0].what, issues[0].field.as_str()), (What::Consent, "consent"));
    assert_eq!(issues[0].reason, IssueReason::NoConsent);
    let blank = Event::of_consent("web", "2", at(1), Consent::new(" ", Granted)).identifier("email", "a@x.org");
    let issues = resolver.add_event(blank).unwrap().issues;
    assert_eq!((issues[0].field.as_str(), &issues[0].reason), ("purpose", &IssueReason::Blank));
    let nobody = resolver.add_event(told("3", 1, Granted)).unwrap();
    assert_eq!((nobody.profile, nobody.issues[0].field.as_str()), (None, "identifiers"));
    assert_eq!(resolver.stats().unwrap().counts.events, 3);
}

#[test]
fn a_word_that_is_met_twice_is_their_own() {
    let no = Arc::new(told("c-1", 1, Denied).identifier("email", "a@x.org"));
    let yes = Arc::new(told("c-2", 2, Granted).identifier("email", "a@x.org"));
    let met = |event: &Arc<Event>, own| {
        let subject = Identifier::new("email", "a@x.org");
        Told { subject, recognised: false, own, event: Arc::clone(event) }
    };
    let ask = |told: &[Told]| effective(told, &ConsentQuery::new("marketing"), at(28)).status;
    // What others refused, others may take back; what they refused themselves, they alone.
    assert_eq!(ask(&[met(&no, false), met(&yes, false)]), Unknown);
    for words in [[met(&no, true), met(&no, false)], [met(&no, false), met(&no, true)]] {
        assert_eq!(ask(&[&words[..], &[met(&yes, false)]].concat()), Denied);
    }
}

#[test]
fn debug_shows_no_value() {
    let event = told("c-1", 1, Granted).identifier("email", "ann@example.org");
    let told = Told {
        subject: Identifier::new("email", "ann@example.org"),
        recognised: false,
        own: true,
        event: Arc::new(event),
    };
    let found = effective(std::slice::from_ref(&told), &ConsentQuery::new("marketing"), at(28));
    for shown in [format!("{told:?}"), format!("{found:?}")] {
        assert!(!shown.contains("ann") && !shown.contains("c-1"), "{shown}");
    }
}

#[test]
fn a_purpose_that_nobody_declared_is_refused_in_a_policy() {
    let wrong = |toml: &str| Policy::from_toml(toml).unwrap_err().to_string();
    let purpose = "[[purpose]]\nname = \"marketing\"\n";
    let attribute = "[[attribute]]\nname = \"city\"\npurposes = [\"marketting\"]\n";
    assert_eq!(
        wrong(&format!("{purpose}{attribute}")),
        "policy field `attribute[0].purposes[0]`: no purpose `marketting` is declared; did you mean `marketing`?"
    );
    let twice = "[[purpose]]\nname = \"Marketing\"\n";
    assert_eq!(wrong(&format!("{purpose}{twice}")), "policy field `purpose[1].name`: is the same word as `marketing`");
    let kind = "[event.purposes]\nfitting = [\"marketing\"]\n";
    assert_eq!(wrong(&format!("{purpose}{kind}")), "policy field `event.purposes.fitting`: is of no kind of event");
}

/// What was told under the identifiers of one side: those of two sides differ.
fn side(kinds: &'static [&'static str], source: &'static str) -> impl Strategy<Value = Vec<Told>> {
    let one = (select(kinds), 0..6_u8, consent(), 0..20_i64);
    vec(one, 0..6).prop_map(move |told| {
        let one = |(number, (kind, value, consent, day)): (usize, (&str, u8, Consent, i64))| {
            let at = Timestamp::from_microseconds(at(5).microseconds() + day * 20_000_000).unwrap();
            let event = Arc::new(Event::of_consent(source, number.to_string(), at, consent));
            let subject = Identifier::new(kind, (value / 3).to_string());
            Told { subject, recognised: kind == "customer_id", own: true, event }
        };
        told.into_iter().enumerate().map(one).collect()
    })
}

proptest! {
    #[test]
    fn a_merge_is_as_restrictive_as_the_most_restrictive_side(
        one in side(&["email", "device"], "a"), other in side(&["phone", "customer_id"], "b")
    ) {
        let both: Vec<Told> = one.iter().chain(&other).cloned().collect();
        for query in queries() {
            let ask = |told: &[Told]| effective(told, &query, at(6));
            let (sides, merged) = ([ask(&one), ask(&other)], ask(&both));
            let yes = |told: &&Told| {
                told.recognised && told.event.consent.as_ref().is_some_and(|consent| consent.status == Granted)
            };
            for side in sides.iter().filter(|side| !side.because.is_empty()) {
                let newer = both.iter().filter(yes).any(|yes| side.since.unwrap() < yes.event.at);
                prop_assert!(merged.status >= side.status || newer, "{:?} of {:?}", merged, side);
            }
        }
    }

    #[test]
    fn the_order_and_repetition_of_words_never_show(
        words in side(&["email", "customer_id"], "a"), seed in any::<prop::sample::Index>()
    ) {
        let mut turned = words.clone();
        if !turned.is_empty() {
            let by = seed.index(turned.len());
            turned.rotate_left(by);
            turned.push(turned[0].clone());
        }
        for query in queries() {
            prop_assert_eq!(effective(&words, &query, at(6)), effective(&turned, &query, at(6)));
        }
    }
}

//! One-time offers and experiments: given once, whatever is merged, split, removed or sent again.

use crate::model::{Evidence, Person};
use crate::properties::config;
use crate::script::{self, Call, Script};
use crate::subject;
use crate::world::{Picture, World};
use onefold::store::ProfileEvent;
use onefold::{
    Assigned, ErrorKind, Event, EventKind, Grant, Identifier, Issued, Links, Memory, Operation, Options, Policy,
    ProfileId, Record, RecordKey, Resolver, Role, Seed, Status, Timestamp,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_767_600_000_000 + minute * 60_000).unwrap()
}

fn retail() -> Resolver {
    Resolver::in_memory(Policy::retail()).unwrap()
}

/// Adds a record of one minute with identifiers, and answers with its profile.
fn add(resolver: &Resolver, key: i64, identifiers: &[(&str, &str)]) -> ProfileId {
    let record = identifiers
        .iter()
        .fold(Record::new("s", key.to_string(), at(key)), |record, (kind, value)| record.identifier(*kind, *value));
    resolver.add(record).unwrap().profile.unwrap()
}

fn of(key: i64) -> RecordKey {
    RecordKey::new("s", key.to_string())
}

fn home(resolver: &Resolver, key: i64) -> ProfileId {
    resolver.profile_of(&of(key)).unwrap().unwrap()
}

/// Issues the token of an offer, and checks that it can be read back.
fn issue(resolver: &Resolver, id: ProfileId, minute: i64) -> Issued {
    let issued = resolver.issue(id, "welcome", at(minute)).unwrap();
    let read = resolver.issued(id, "welcome").unwrap().unwrap();
    assert_eq!(read, Issued { first: false, ..issued.clone() });
    issued
}

#[test]
fn who_asks_again_has_the_same_token() {
    let resolver = retail();
    let ann = add(&resolver, 1, &[("customer_id", "A"), ("email", "ann@example.org")]);
    assert_eq!(resolver.issued(ann, "welcome").unwrap(), None);
    let first = issue(&resolver, ann, 10);
    assert!(first.first && first.also.is_empty() && first.since == at(10));
    assert_eq!(first.token.len(), 26);
    assert_eq!(issue(&resolver, ann, 20), Issued { first: false, ..first.clone() });
    assert_eq!(issue(&resolver, ann, 5), Issued { first: false, ..first.clone() }, "an earlier time changes nothing");
    let other = resolver.issue(ann, "birthday", at(30)).unwrap();
    assert!(other.first && other.token != first.token, "another offer is another token");
    assert_eq!(resolver.stats().unwrap().counts.events, 4, "an event for each identifier and offer");
    assert_eq!(format!("{first:?}"), "Issued(since 2026-01-05T08:10:00Z, first: true, also 0)");
}

#[test]
fn of_two_who_are_one_the_older_stands_and_parted_each_has_their_own() {
    let resolver = retail();
    let (ann, guest) = (add(&resolver, 1, &[("customer_id", "A")]), add(&resolver, 2, &[("email", "a@example.org")]));
    let late = issue(&resolver, ann, 20);
    let early = issue(&resolver, guest, 10);
    assert_ne!(late.token, early.token);
    let both = add(&resolver, 3, &[("customer_id", "A"), ("email", "a@example.org")]);
    for id in [ann, guest, both] {
        let one = issue(&resolver, id, 30);
        assert_eq!((&one.token, one.first, one.since), (&early.token, false, at(10)));
        assert_eq!(one.also, std::slice::from_ref(&late.token));
    }
    resolver.remove(&of(3)).unwrap();
    assert_eq!(issue(&resolver, home(&resolver, 1), 40), Issued { first: false, ..late });
    assert_eq!(issue(&resolver, home(&resolver, 2), 40), Issued { first: false, ..early });
}

#[test]
fn one_who_is_parted_has_one_token_in_both_parts() {
    let resolver = retail();
    add(&resolver, 1, &[("customer_id", "A")]);
    add(&resolver, 2, &[("email", "a@example.org")]);
    let one = add(&resolver, 3, &[("customer_id", "A"), ("email", "a@example.org")]);
    let issued = issue(&resolver, one, 10);
    // What comes later is bound by the next call.
    add(&resolver, 4, &[("loyalty_id", "L")]);
    add(&resolver, 5, &[("customer_id", "A"), ("loyalty_id", "L")]);
    let again = Issued { first: false, ..issued };
    assert_eq!(issue(&resolver, home(&resolver, 4), 15), again);
    resolver.remove_all(&[of(3), of(5)]).unwrap();
    let parts: BTreeSet<ProfileId> = [1, 2, 4].map(|key| home(&resolver, key)).into();
    assert_eq!(parts.len(), 3);
    for part in parts {
        assert_eq!(issue(&resolver, part, 20), again);
    }
}

#[test]
fn who_was_gone_and_comes_back_gets_no_second_token() {
    let resolver = retail();
    let ann = add(&resolver, 1, &[("customer_id", "A"), ("email", "a@example.org")]);
    let issued = issue(&resolver, ann, 10);
    resolver.remove(&of(1)).unwrap();
    assert_eq!(resolver.stats().unwrap().counts.profiles, 0, "what was given makes nobody");
    assert_eq!(resolver.issued(ann, "welcome").unwrap(), None);
    assert_eq!(resolver.issue(ann, "welcome", at(11)).unwrap_err().kind(), ErrorKind::Input);
    for (key, identifier) in [(2, ("email", "A@example.org")), (3, ("customer_id", "A"))] {
        let back = add(&resolver, key, &[identifier]);
        assert_eq!(issue(&resolver, back, 20), Issued { first: false, ..issued.clone() });
    }
}

#[test]
fn a_second_account_under_a_known_address_gets_no_second_token() {
    let resolver = retail();
    let one = add(&resolver, 1, &[("customer_id", "A"), ("email", "a@example.org")]);
    let issued = issue(&resolver, one, 10);
    let other = add(&resolver, 20, &[("customer_id", "B"), ("email", "a@example.org")]);
    assert_ne!(resolver.resolve_id(one).unwrap(), resolver.resolve_id(other).unwrap());
    assert_eq!(issue(&resolver, other, 30), Issued { first: false, ..issued });
}

#[test]
fn an_address_that_somebody_else_holds_hands_on_no_token() {
    let resolver = retail();
    // He came later under her address: he is its holder.
    let ann = add(&resolver, 1, &[("customer_id", "A"), ("email", "a@example.org")]);
    let bob = add(&resolver, 2, &[("customer_id", "B"), ("email", "a@example.org")]);
    let his = issue(&resolver, bob, 10);
    let hers = issue(&resolver, ann, 20);
    assert!(hers.first && hers.token != his.token);
}

#[test]
fn the_phone_of_a_family_hands_on_no_token() {
    let resolver = retail();
    let person = |key: i64, customer: &str, name: &str| {
        let record = Record::new("s", key.to_string(), at(key)).identifier("customer_id", customer);
        let record = record.identifier("phone", "+442079460958").attribute("given_name", name);
        resolver.add(record.attribute("surname", "Marlowe")).unwrap().profile.unwrap()
    };
    let ann = person(1, "A", "Ann");
    let hers = issue(&resolver, ann, 2);
    let bob = person(3, "B", "Robert");
    assert_eq!(resolver.find(&Identifier::new("phone", "+442079460958")).unwrap().profile, Some(bob));
    let his = issue(&resolver, bob, 4);
    assert!(his.first && his.token != hers.token);
    assert_eq!(issue(&resolver, ann, 5).token, hers.token);
}

#[test]
fn who_is_not_known_gets_nothing() {
    let resolver = retail();
    let visitor = add(&resolver, 1, &[("device_id", "tablet")]);
    let error = resolver.issue(visitor, "welcome", at(2)).unwrap_err();
    assert_eq!(error.to_string(), "profile: has no identifier that counts for it alone: nobody is known");
    assert_eq!(error.kind(), ErrorKind::Input);
    let stranger = Resolver::in_memory(Policy::retail()).unwrap();
    assert_eq!(stranger.issue(visitor, "welcome", at(2)).unwrap_err().to_string(), "profile: leads to nobody");
    assert_eq!(stranger.issued(visitor, "welcome").unwrap(), None);
    let known = add(&resolver, 2, &[("customer_id", "A")]);
    assert_eq!(resolver.issue(known, " ", at(3)).unwrap_err().to_string(), "offer: has no name");
    assert_eq!(resolver.issue(known, &"x".repeat(1025), at(3)).unwrap_err().kind(), ErrorKind::Limit);
    for (arms, message) in [
        (&[][..], "arms: have no share among them"),
        (&[("a", 0)], "arms: have no share among them"),
        (&[("a", 1), (" ", 1)], "arms[1]: has no name"),
        (&[("a", 1), ("a", 1)], "arms[1]: has the name of another arm"),
    ] {
        assert_eq!(resolver.assign(known, "x", arms, at(3)).unwrap_err().to_string(), message);
    }
    assert_eq!(resolver.stats().unwrap().counts.events, 0);
}

#[test]
fn too_many_identifiers_are_loud() {
    let policy = r#"{"identifier":[{"kind":"customer","role":"person"},
        {"kind":"email","role":"contact","max_per_profile":"none"},{"kind":"device","role":"device"}]}"#;
    let resolver = Resolver::in_memory(serde_json::from_str(policy).unwrap()).unwrap();
    let of_many = |key: i64, kind: &str, count: usize| {
        let record = Record::new("s", key.to_string(), at(key)).identifier("customer", key.to_string());
        let record = (0..count).fold(record, |record, place| record.identifier(kind, format!("{key}-{place}")));
        resolver.add(record).unwrap().profile.unwrap()
    };
    assert!(resolver.issue(of_many(1, "email", 63), "welcome", at(9)).is_ok());
    let error = resolver.issue(of_many(2, "email", 64), "welcome", at(9)).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Limit, "the identifiers of a profile is over its limit of 64")
    );
    let (some, many) = (of_many(3, "device", 1024), of_many(4, "device", 1025));
    assert!(resolver.issue(many, "welcome", at(9)).is_ok(), "devices are nothing to an offer");
    assert!(resolver.assign(some, "x", &[("a", 1)], at(9)).is_ok());
    assert_eq!(resolver.assign(many, "x", &[("a", 1)], at(9)).unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn what_is_given_is_no_carrier_of_a_value_and_no_claim() {
    let policy = r#"{"identifier":[{"kind":"customer","role":"person"},
        {"kind":"email","role":"contact","max_records":2}]}"#;
    let resolver = Resolver::in_memory(serde_json::from_str(policy).unwrap()).unwrap();
    add(&resolver, 1, &[("email", "e")]);
    let one = add(&resolver, 2, &[("email", "e"), ("customer", "A")]);
    let (before, feed) = (subject::picture(&resolver), resolver.changes(0, 99).unwrap());
    issue(&resolver, one, 10);
    assert_eq!(partition(&resolver), people_of(&before));
    let told: Vec<ProfileEvent> =
        resolver.changes(feed.len() as u64, 99).unwrap().into_iter().map(|change| change.event).collect();
    assert_eq!(told, [ProfileEvent::Extended { profile: one }], "the feed tells that something was given");
    assert_eq!(resolver.find(&Identifier::new("email", "e")).unwrap().status, Status::Held);
    assert!(resolver.journey(one, &onefold::JourneyQuery::new()).unwrap().unwrap().events.is_empty());
}

#[test]
fn a_merge_of_two_arms_is_told_and_switches_nobody() {
    let resolver = retail();
    let arms: Vec<String> = (0..1000).map(|arm| arm.to_string()).collect();
    let arms: Vec<(&str, u32)> = arms.iter().map(|arm| (arm.as_str(), 1)).collect();
    let assign = |id, minute| resolver.assign(id, "checkout", &arms, at(minute)).unwrap();
    let (phone, ann) = (add(&resolver, 1, &[("device_id", "phone")]), add(&resolver, 2, &[("customer_id", "A")]));
    let (visitor, known) = (assign(phone, 10), assign(ann, 20));
    assert!(visitor.first && known.first && visitor.arm != known.arm);
    add(&resolver, 3, &[("customer_id", "A"), ("device_id", "phone")]);
    for id in [phone, ann] {
        let one = assign(id, 30);
        assert_eq!((&one.arm, one.since, one.first), (&visitor.arm, at(10), false));
        assert_eq!(one.conflict, std::slice::from_ref(&known.arm));
        assert_eq!(resolver.assigned(id, "checkout").unwrap(), Some(one));
    }
    // Other arms than those that were drawn from change nothing.
    assert_eq!(resolver.assign(ann, "checkout", &[("new", 1)], at(40)).unwrap().arm, visitor.arm);
    resolver.remove(&of(3)).unwrap();
    assert_eq!(assign(home(&resolver, 2), 50), Assigned { first: false, ..known.clone() });
    assert_eq!(format!("{known:?}"), "Assigned(since 2026-01-05T08:20:00Z, first: true, conflicts 0)");
}

#[test]
fn a_tablet_that_several_use_hands_on_no_arm() {
    let resolver = retail();
    let arms: Vec<String> = (0..1000).map(|arm| arm.to_string()).collect();
    let arms: Vec<(&str, u32)> = arms.iter().map(|arm| (arm.as_str(), 1)).collect();
    let ann = add(&resolver, 1, &[("customer_id", "A"), ("device_id", "tablet")]);
    let hers = resolver.assign(ann, "checkout", &arms, at(2)).unwrap();
    let bob = add(&resolver, 3, &[("customer_id", "B"), ("device_id", "tablet")]);
    let his = resolver.assign(bob, "checkout", &arms, at(4)).unwrap();
    assert!(his.first && his.arm != hers.arm);
    assert_eq!(resolver.assign(ann, "checkout", &arms, at(5)).unwrap().arm, hers.arm);
}

#[test]
fn of_calls_at_one_time_one_issues() {
    let store = Arc::new(Memory::new());
    let open = || Resolver::open(Arc::clone(&store) as _, Policy::retail(), Options::default()).unwrap();
    let one = open();
    let ids: Vec<ProfileId> = (0..20).map(|key| add(&one, key, &[("customer_id", &format!("C{key}"))])).collect();
    let other = open();
    let tell = |resolver: &Resolver, minute| -> Vec<Issued> {
        ids.iter().map(|id| resolver.issue(*id, "welcome", at(minute)).unwrap()).collect()
    };
    let answers: Vec<Vec<Issued>> = std::thread::scope(|scope| {
        let calls: Vec<_> = [(&one, 100), (&one, 101), (&other, 102), (&other, 103)]
            .map(|(resolver, minute)| scope.spawn(move || tell(resolver, minute)))
            .into();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    for place in 0..ids.len() {
        let told: Vec<&Issued> = answers.iter().map(|answer| &answer[place]).collect();
        assert_eq!(told.iter().filter(|issued| issued.first).count(), 1, "one of them was the first");
        assert!(told.iter().all(|issued| issued.token == told[0].token && issued.since == told[0].since));
    }
}

#[test]
fn what_was_given_is_a_line_like_any_other() {
    let line = r#"{"at":"2026-01-05T10:00:00Z","identifiers":{"email":"a@example.org"},"key":"o","kind":"offer","#;
    let offer = format!(r#"{line}"offer":{{"offer":"welcome","token":"7H"}},"op":"event","source":"onefold"}}"#);
    let event = Event::new("onefold", "o", "2026-01-05T10:00:00Z".parse().unwrap(), EventKind::Offer)
        .identifier("email", "a@example.org")
        .grant(Grant::Token { offer: "welcome".into(), token: "7H".into() });
    let operation = Operation::from_json(offer.as_bytes(), None).unwrap();
    assert_eq!(operation, Operation::Event(Box::new(event)));
    assert_eq!(operation.to_json(), offer);
    let bucket = r#"{"at":"2026-01-05T10:00:00Z","bucket":{"arm":"red","experiment":"x"},"identifiers":{"device_id":"d"},"key":"b","kind":"bucket","op":"event","source":"onefold"}"#;
    assert_eq!(Operation::from_json(bucket.as_bytes(), None).unwrap().to_json(), bucket);
    for (fields, message) in [
        (r#""offer":{"offer":"x"}"#, "field `offer.token`: is missing"),
        (r#""bucket":{"experiment":"x","arm":"a","share":1}"#, "field `bucket`: `share` is not a field of it"),
        (
            r#""offer":{"offer":"x","token":"t"},"bucket":{"experiment":"x","arm":"a"}"#,
            "field `bucket`: stands beside an offer: an event gives one thing",
        ),
    ] {
        let line = format!(r#"{{"op":"event","source":"onefold","key":"1","at":1,"kind":"offer",{fields}}}"#);
        assert_eq!(Operation::from_json(line.as_bytes(), None).unwrap_err().to_string(), message);
    }
    // A token that another system made is as good as one of our own.
    let resolver = retail();
    resolver.apply(operation).unwrap();
    let ann = add(&resolver, 1, &[("email", "a@example.org"), ("customer_id", "A")]);
    let issued = issue(&resolver, ann, 600);
    assert_eq!((issued.token.as_str(), issued.first), ("7H", false));
}

/// The share of people by arm, against the shares that were asked for: chi-square, the 0.1 % point as the bound.
#[test]
fn arms_come_out_in_their_shares() {
    let resolver = retail();
    let people = 3_000;
    let records =
        (0..people).map(|key| Record::new("s", key.to_string(), at(0)).identifier("device_id", format!("d{key}")));
    resolver.load(records.collect(), subject::ingest(1_000)).unwrap();
    let mut ids = BTreeSet::new();
    resolver.live_records(&mut |_, id| ids.extend(id)).unwrap();
    assert_eq!(ids.len(), people);
    let arms = [("a", 1), ("none", 0), ("b", 2), ("c", 5)];
    let mut counts: BTreeMap<(String, String), f64> = BTreeMap::new();
    for id in ids {
        let arm = |experiment| resolver.assign(id, experiment, &arms, at(1)).unwrap().arm.to_string();
        *counts.entry((arm("one"), arm("other"))).or_default() += 1.0;
    }
    let share = |arm: &str| f64::from(arms.iter().find(|(known, _)| *known == arm).unwrap().1) / 8.0;
    let of = |arm: &str| -> f64 { counts.iter().filter(|((one, _), _)| one == arm).map(|(_, count)| count).sum() };
    let square = |seen: f64, expected: f64| (seen - expected).powi(2) / expected;
    let alone: f64 = ["a", "b", "c"].map(|arm| square(of(arm), share(arm) * people as f64)).iter().sum();
    assert!(alone < 13.8, "chi-square of 2 degrees of freedom: {alone}");
    assert_eq!(of("none"), 0.0);
    let pairs = ["a", "b", "c"].iter().flat_map(|one| ["a", "b", "c"].map(|other| (*one, other)));
    let both: f64 = pairs
        .map(|(one, other)| {
            let seen = counts.get(&(one.into(), other.into())).copied().unwrap_or_default();
            square(seen, share(one) * share(other) * people as f64)
        })
        .sum();
    assert!(both < 26.1, "of 8: the arm in one experiment says nothing of another: {both}");
}

/// What is given under which identifier, by a definition of its own.
#[derive(Default)]
struct Naive(BTreeMap<(bool, String, String), (Timestamp, String)>);

/// What happens after a call: whoever comes at this place among all profiles is given something.
#[derive(Debug, Clone)]
struct Give {
    whom: usize,
    offer: bool,
    minute: i64,
}

fn give() -> impl Strategy<Value = Give> {
    (any::<usize>(), prop::bool::weighted(0.7), 0..10_i64).prop_map(|(whom, offer, minute)| Give {
        whom,
        offer,
        minute,
    })
}

fn steps() -> impl Strategy<Value = (Script, Vec<Vec<Give>>)> {
    (script::of_any_kind(2..14), vec(vec(give(), 0..4), 14))
}

/// The identifiers that count for a profile, as the documentation has it.
fn counting(resolver: &Resolver, policy: &Policy, id: ProfileId, offer: bool) -> Vec<(String, String)> {
    let profile = resolver.profile(id).unwrap().unwrap();
    let counts = profile.identifiers.iter().filter(|row| {
        let rule = policy.identifier.iter().find(|rule| rule.kind == row.kind).unwrap();
        let personal = matches!(rule.role, Role::Person | Role::Contact);
        let of_role = personal || (!offer && rule.role == Role::Device);
        let holds = || {
            let holder = resolver.find(&Identifier::new(row.kind.clone(), row.value.clone())).unwrap().profile;
            personal && rule.corroborate.is_empty() && holder == Some(id)
        };
        of_role
            && script::links(rule) != Links::None
            && (row.status == Status::Held || (row.status == Status::Contested && holds()))
    });
    counts.map(|row| (row.kind.to_string(), row.value.to_string())).collect()
}

impl Naive {
    /// What stands for a profile, and what is void.
    fn standing(&self, counting: &[(String, String)], offer: bool) -> Option<(Timestamp, String, Vec<String>)> {
        let told = counting.iter().filter_map(|(kind, value)| self.0.get(&(offer, kind.clone(), value.clone())));
        let told: BTreeSet<&(Timestamp, String)> = told.collect();
        let (since, given) = told.first()?;
        let mut others: Vec<String> = Vec::new();
        for (_, other) in &told {
            if other != given && !others.contains(other) {
                others.push(other.clone());
            }
        }
        Some((*since, given.clone(), others))
    }
}

type Standing = Option<(Timestamp, String, Vec<String>)>;

/// What a resolver says that a profile has.
fn said(resolver: &Resolver, id: ProfileId, offer: bool) -> Standing {
    let text = |list: Vec<onefold::SmolStr>| list.iter().map(ToString::to_string).collect();
    if offer {
        let issued = resolver.issued(id, "o").unwrap()?;
        return Some((issued.since, issued.token.to_string(), text(issued.also)));
    }
    let assigned = resolver.assigned(id, "x").unwrap()?;
    Some((assigned.since, assigned.arm.to_string(), text(assigned.conflict)))
}

fn people_of(picture: &Picture) -> Picture {
    let mut picture = picture.clone();
    picture.quarantined.retain(|evidence| !matches!(evidence, Evidence::Event(key) if key.0 == Event::LEDGER));
    picture
}

/// Who is who, but for what was given.
fn partition(resolver: &Resolver) -> Picture {
    people_of(&subject::picture(resolver))
}

fn given_to_all(resolver: &Resolver) -> BTreeMap<Person, [Standing; 2]> {
    let said = |id| [true, false].map(|offer| said(resolver, id, offer));
    subject::people(resolver).into_iter().map(|(id, person)| (person, said(id))).collect()
}

proptest! {
    #![proptest_config(config(96))]

    /// After every call every profile has what the definition says; what is given is never given twice; and giving
    /// changes nobody.
    #[test]
    fn what_is_given_is_given_once((script, gives) in steps()) {
        let (resolver, mut world) = (Resolver::in_memory(script.policy.clone()).unwrap(), World::new(script.policy.clone()));
        let (mut naive, mut tokens, mut now) = (Naive::default(), BTreeSet::new(), 0);
        let mut policy = script.policy.clone();
        for (call, gives) in script.calls.iter().zip(&gives) {
            subject::call(&resolver, call);
            world.call(call);
            if let Call::SetPolicy(set) = call {
                policy = set.clone();
            }
            // Now and then everybody is given something, so that most values have been.
            let everybody = |many: usize| {
                let pairs = (0..many).flat_map(|whom| [true, false].map(|offer| Give { whom, offer, minute: 5 }));
                pairs.filter(|_| gives.len() == 3)
            };
            let everybody = everybody(subject::people(&resolver).len());
            for give in gives.iter().cloned().chain(everybody) {
                let ids: Vec<ProfileId> = subject::people(&resolver).into_keys().collect();
                if ids.is_empty() {
                    continue;
                }
                let id = ids[give.whom % ids.len()];
                now += 1;
                // Clocks go wrong, but no two calls are of one time.
                let at = Timestamp::from_microseconds(at(give.minute).microseconds() + now).unwrap();
                let counting = counting(&resolver, &policy, id, give.offer);
                let before = naive.standing(&counting, give.offer);
                let arms: Vec<String> = (0..50).map(|arm| arm.to_string()).collect();
                let arms: Vec<(&str, u32)> = arms.iter().map(|arm| (arm.as_str(), 1)).collect();
                let answer = if give.offer {
                    resolver.issue(id, "o", at).map(|issued| (issued.since, issued.token, issued.first, issued.also))
                } else {
                    let assigned = resolver.assign(id, "x", &arms, at);
                    assigned.map(|assigned| (assigned.since, assigned.arm, assigned.first, assigned.conflict))
                };
                let Ok((since, given, first, others)) = answer else {
                    prop_assert!(counting.is_empty(), "{:?}", answer);
                    continue;
                };
                prop_assert_eq!(first, before.is_none(), "it is the first where there was none");
                if first {
                    prop_assert_eq!(since, at);
                    prop_assert!(!give.offer || tokens.insert(given.to_string()), "no token is of two");
                }
                for (kind, value) in counting {
                    naive.0.entry((give.offer, kind, value)).or_insert((since, given.to_string()));
                }
                let others: Vec<String> = others.iter().map(ToString::to_string).collect();
                let told = Some((since, given.to_string(), others));
                prop_assert_eq!(&told, &before.or(Some((at, given.to_string(), Vec::new()))));
            }
            for id in subject::people(&resolver).into_keys() {
                for offer in [true, false] {
                    let counting = counting(&resolver, &policy, id, offer);
                    prop_assert_eq!(said(&resolver, id, offer), naive.standing(&counting, offer), "after {:?}", call);
                }
            }
            prop_assert_eq!(partition(&resolver), world.picture(), "who was given something is who they were");
        }
        // Another tenant that is told all of it says the same, whatever keys its hashes.
        for seed in [Seed::default(), Seed::new(7)] {
            let options = Options { seed, ..Options::default() };
            let copy = Resolver::open(Arc::new(Memory::new()), policy.clone(), options).unwrap();
            let mut lines = Vec::new();
            resolver.export(&mut |operation| lines.push(operation.to_json())).unwrap();
            for line in lines.iter().rev() {
                drop(copy.apply(Operation::from_json(line.as_bytes(), None).unwrap()).unwrap());
            }
            prop_assert_eq!(given_to_all(&copy), given_to_all(&resolver));
        }
    }
}

//! Households: who lives together now, by a layer that has no say in who is one person.

use crate::model::Person;
use crate::properties::{State, config};
use crate::script::{self, Call, Script};
use crate::subject;
use onefold::{
    AttributePolicy, Compare, HouseholdMember, HouseholdPolicy, HouseholdTie, IdentifierPolicy, JourneyQuery, Links,
    Operation, Policy, ProfileId, Record, RecordKey, Resolver, Role, Rules, Timestamp, Value, normalise_identifier,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_767_600_000_000 + minute * 60_000).unwrap()
}

fn policy(household: HouseholdPolicy) -> Policy {
    Policy::builder()
        .identifier(IdentifierPolicy::new("customer", Role::Person))
        .identifier(IdentifierPolicy::new("household_id", Role::Contact).links(Links::None))
        .attribute(AttributePolicy::new("surname", Compare::Surname))
        .attribute(AttributePolicy::new("street", Compare::Address).group("home"))
        .attribute(AttributePolicy::new("postcode", Compare::Postcode).group("home"))
        .household(household)
        .build()
        .unwrap()
}

fn at_home() -> HouseholdPolicy {
    HouseholdPolicy::new().identifier("household_id").attributes(["surname", "street", "postcode"])
}

/// Adds a record: its minute and key, a customer, a household, and a name and an address.
fn add(resolver: &Resolver, minute: i64, customer: &str, declared: &str, home: [&str; 3]) -> ProfileId {
    let mut record = Record::new("s", minute.to_string(), at(minute)).identifier("customer", customer);
    if !declared.is_empty() {
        record = record.identifier("household_id", declared);
    }
    for (name, value) in ["surname", "street", "postcode"].into_iter().zip(home) {
        record = record.attribute(name, value);
    }
    resolver.add(record).unwrap().profile.unwrap()
}

fn members(resolver: &Resolver, id: ProfileId) -> Vec<ProfileId> {
    let household = resolver.household(id).unwrap().unwrap();
    assert_eq!(household.too_many, None);
    household.members.into_iter().map(|member| member.profile).collect()
}

#[test]
fn who_lives_at_one_address_under_one_name_is_one_household() {
    let resolver = Resolver::in_memory(policy(at_home())).unwrap();
    let ann = add(&resolver, 1, "A", "", ["Marlowe", "Main St. 5", "ab1 2cd"]);
    let bob = add(&resolver, 2, "B", "", [" MARLOWE", "5, Main Street", "AB12CD"]);
    let eve = add(&resolver, 3, "E", "", ["Knight", "Main St. 5", "AB1 2CD"]);
    let far = add(&resolver, 4, "F", "", ["Marlowe", "Main St. 5", "ZZ9 9ZZ"]);
    let nobody = add(&resolver, 5, "N", "", ["Marlowe", "", "AB1 2CD"]);
    for id in [ann, bob] {
        assert_eq!(members(&resolver, id), [ann, bob]);
    }
    for id in [eve, far] {
        assert_eq!(members(&resolver, id), [id]);
    }
    assert_eq!(resolver.household(nobody).unwrap(), None, "nobody knows where they live");
    let expected = HouseholdMember { profile: bob, because: vec![HouseholdTie::Attributes] };
    assert_eq!(resolver.household(ann).unwrap().unwrap().members[1], expected);
}

#[test]
fn a_declared_household_is_one_wherever_they_live() {
    let resolver = Resolver::in_memory(policy(at_home())).unwrap();
    let ann = add(&resolver, 1, "A", "H", ["Marlowe", "Main St. 5", "1"]);
    let son = add(&resolver, 2, "S", "H", ["Marlowe", "College Rd 1", "2"]);
    let bob = add(&resolver, 3, "B", "", ["Marlowe", "Main St. 5", "1"]);
    assert_eq!(members(&resolver, ann), [ann, son, bob]);
    assert_eq!(members(&resolver, son), [ann, son], "who lives with those whom he is with is not with him");
    let ties = resolver.household(ann).unwrap().unwrap().members.into_iter().map(|member| member.because);
    let (declared, address) = (HouseholdTie::Identifier, HouseholdTie::Attributes);
    assert_eq!(ties.collect::<Vec<_>>(), [vec![declared, address], vec![declared], vec![address]]);
    // The newest declaration counts.
    add(&resolver, 4, "S", "G", ["Marlowe", "College Rd 1", "2"]);
    assert_eq!(members(&resolver, son), [son]);
    resolver.remove(&RecordKey::new("s", "4")).unwrap();
    assert_eq!(members(&resolver, son), [ann, son]);
}

#[test]
fn who_moves_leaves() {
    let resolver = Resolver::in_memory(policy(at_home())).unwrap();
    let ann = add(&resolver, 1, "A", "", ["Marlowe", "Main St. 5", "1"]);
    let bob = add(&resolver, 2, "B", "", ["Marlowe", "Main St. 5", "1"]);
    assert_eq!(members(&resolver, ann), [ann, bob]);
    // The old record stands beside the new one: the golden address decides.
    add(&resolver, 3, "B", "", ["Marlowe", "Elm Road 7", "2"]);
    assert_eq!((members(&resolver, ann), members(&resolver, bob)), (vec![ann], vec![bob]));
    resolver.remove(&RecordKey::new("s", "3")).unwrap();
    assert_eq!(members(&resolver, ann), [ann, bob]);
    // Or the record itself is told anew.
    let moved = Record::new("s", "2", at(9)).identifier("customer", "B").attribute("surname", "Marlowe");
    resolver.add(moved.attribute("street", "Elm Road 7").attribute("postcode", "2")).unwrap();
    assert_eq!((members(&resolver, ann), members(&resolver, bob)), (vec![ann], vec![bob]));
}

#[test]
fn a_golden_address_of_two_records_is_found() {
    let resolver = Resolver::in_memory(policy(at_home())).unwrap();
    let ann = add(&resolver, 1, "A", "", ["Marlowe", "Main St. 5", "1"]);
    // The name from one record, the address from another.
    let bob = add(&resolver, 2, "B", "", ["", "Main St. 5", "1"]);
    add(&resolver, 3, "B", "", ["Marlowe", "", ""]);
    assert_eq!(members(&resolver, ann), [ann, bob]);
    assert_eq!(members(&resolver, bob), [ann, bob]);
}

#[test]
fn too_many_are_no_household_and_loud() {
    let resolver = Resolver::in_memory(policy(at_home().max_profiles(3))).unwrap();
    let ids: Vec<ProfileId> =
        (0..4).map(|key| add(&resolver, key, &key.to_string(), "", ["Marlowe", "Main St. 5", "1"])).collect();
    let household = resolver.household(ids[0]).unwrap().unwrap();
    assert_eq!((household.members, household.too_many), (Vec::new(), Some(4)));
    resolver.remove(&RecordKey::new("s", "3")).unwrap();
    assert_eq!(members(&resolver, ids[0]), ids[..3]);
    // So many records that nobody looks at them.
    let people = (0..4_097).map(|key| {
        let record = Record::new("t", key.to_string(), at(0)).identifier("household_id", "office");
        record.identifier("customer", format!("t{key}"))
    });
    resolver.load(people.collect(), subject::ingest(5_000)).unwrap();
    let one = resolver.profile_of(&RecordKey::new("t", "7")).unwrap().unwrap();
    assert_eq!(resolver.household(one).unwrap().unwrap().too_many, Some(4_097));
    assert_eq!(members(&resolver, ids[0]), ids[..3], "loading keeps where people live");
}

#[test]
fn who_is_removed_is_looked_at_no_more() {
    let resolver = Resolver::in_memory(policy(at_home())).unwrap();
    let people = (0..4_097).map(|key| {
        let record = Record::new("s", key.to_string(), at(0)).identifier("customer", key.to_string());
        record.attribute("surname", "Marlowe").attribute("street", "Main St. 5").attribute("postcode", "1")
    });
    resolver.load(people.collect(), subject::ingest(5_000)).unwrap();
    let one = resolver.profile_of(&RecordKey::new("s", "0")).unwrap().unwrap();
    assert_eq!(resolver.household(one).unwrap().unwrap().too_many, Some(4_097));
    let gone: Vec<RecordKey> = (2..4_097).map(|key| RecordKey::new("s", key.to_string())).collect();
    resolver.remove_all(&gone).unwrap();
    let other = resolver.profile_of(&RecordKey::new("s", "1")).unwrap().unwrap();
    assert_eq!(members(&resolver, one), [one, other]);
}

#[test]
fn what_a_household_did_is_what_its_members_did() {
    let resolver = Resolver::in_memory(policy(at_home())).unwrap();
    let ann = add(&resolver, 1, "A", "H", ["Marlowe", "", ""]);
    let bob = add(&resolver, 2, "B", "H", ["Marlowe", "", ""]);
    let eve = add(&resolver, 3, "E", "", ["Knight", "", ""]);
    for (key, customer) in [(10, "B"), (11, "A"), (12, "E")] {
        let event = onefold::Event::new("web", key.to_string(), at(key), onefold::EventKind::View);
        resolver.add_event(event.identifier("customer", customer)).unwrap();
    }
    let did = |id, since| -> Vec<(ProfileId, String)> {
        let events = resolver.household_events(id, since, None).unwrap();
        events.into_iter().map(|(whose, event)| (whose, event.key.key.to_string())).collect()
    };
    assert_eq!(did(ann, None), [(bob, "10".to_owned()), (ann, "11".to_owned())]);
    assert_eq!(did(ann, Some(at(11))), [(ann, "11".to_owned())]);
    assert_eq!(did(eve, None), [(eve, "12".to_owned())], "who is in none is alone");
}

#[test]
fn a_wrong_household_is_refused_by_name() {
    let check = |household: HouseholdPolicy, message: &str| {
        let built = Policy { household: None, ..policy(at_home()) }.into_builder().household(household).build();
        assert_eq!(built.unwrap_err().to_string(), format!("policy field `household{message}"));
    };
    let new = HouseholdPolicy::new;
    check(new(), "`: names neither an identifier nor attributes");
    check(new().identifier("household"), ".identifier`: no kind `household` is declared; did you mean `household_id`?");
    check(
        new().identifier("customer"),
        ".identifier`: `customer` links people; what a household shares needs `links = \"none\"`",
    );
    check(new().attributes(["steet"]), ".attributes[0]`: no attribute `steet` is declared; did you mean `street`?");
    check(new().attributes(["street", "street"]), ".attributes[1]`: `street` stands here twice");
    check(at_home().max_profiles(0), ".max_profiles`: is 0, and must be at least 1");
    let file = Policy::from_toml(&policy(at_home()).to_toml().unwrap()).unwrap();
    assert_eq!(file.household, Some(at_home()));
}

/// The policy with a household of at most two: by two attributes, and a kind that links nobody where there is one.
fn with_household(policy: &Policy) -> Policy {
    let mut household = HouseholdPolicy::new().attributes(["given", "city"]).max_profiles(2);
    household.identifier =
        policy.identifier.iter().find(|kind| script::links(kind) == Links::None).map(|kind| kind.kind.clone());
    Policy { household: Some(household), ..policy.clone() }
}

fn with_households(script: &Script) -> Script {
    let call = |call: &Call| match call {
        Call::SetPolicy(policy) => Call::SetPolicy(with_household(policy)),
        other => other.clone(),
    };
    Script { policy: with_household(&script.policy), calls: script.calls.iter().map(call).collect() }
}

fn folded(value: &Value) -> BTreeSet<String> {
    match value {
        Value::List(values) => values.iter().flat_map(folded).collect(),
        value if value.is_empty() => BTreeSet::new(),
        value => BTreeSet::from([value.to_string().trim().to_lowercase()]),
    }
}

/// Where a profile is at home: what it declares, and its address.
type Home = (Option<String>, Option<Vec<BTreeSet<String>>>);

/// By brute force, over what the resolver says of the profile.
fn home(resolver: &Resolver, policy: &Policy, id: ProfileId) -> Home {
    let household = policy.household.clone().unwrap();
    let profile = resolver.profile(id).unwrap().unwrap();
    let of = |name: &onefold::SmolStr| Some(folded(&profile.golden.value(name)?.value)).filter(|said| !said.is_empty());
    let address = household.attributes.iter().map(of).collect();
    let rules = Rules::new(policy.clone()).unwrap();
    let declared = |sent: &[onefold::Identifier]| -> Option<String> {
        let kind = household.identifier.as_ref()?;
        let usable =
            sent.iter().filter(|one| one.kind == *kind).filter_map(|one| normalise_identifier(&rules, one).ok());
        usable.map(|(_, value)| value.to_string()).min()
    };
    let records = profile.records.iter().map(|key| resolver.record(key).unwrap().unwrap().record);
    let records =
        records.map(|record| ((record.at.microseconds(), record.key.clone(), false), declared(&record.identifiers)));
    let all = JourneyQuery::new().limit(usize::MAX);
    let events = resolver.journey(id, &all).unwrap().unwrap().events;
    let own = events.iter().filter(|event| event.followed.is_none()).map(|event| &event.event);
    let events = own.map(|event| ((event.at.microseconds(), event.key.clone(), true), declared(&event.identifiers)));
    let newest = records.chain(events).filter(|(_, declared)| declared.is_some()).max();
    (newest.and_then(|(_, declared)| declared), address)
}

/// The households as the resolver has them: none, the members, or that there are too many.
fn households(resolver: &Resolver) -> BTreeMap<ProfileId, Option<Result<BTreeSet<ProfileId>, u64>>> {
    let of = |id| {
        let household = resolver.household(id).unwrap()?;
        let members = household.members.into_iter().map(|member| member.profile).collect();
        Some(household.too_many.map_or(Ok(members), Err))
    };
    subject::people(resolver).into_keys().map(|id| (id, of(id))).collect()
}

fn naive_households(
    resolver: &Resolver,
    policy: &Policy,
) -> BTreeMap<ProfileId, Option<Result<BTreeSet<ProfileId>, u64>>> {
    let homes: BTreeMap<ProfileId, Home> =
        subject::people(resolver).into_keys().map(|id| (id, home(resolver, policy, id))).collect();
    let shares =
        |one: &Home, other: &Home| (one.0.is_some() && one.0 == other.0) || (one.1.is_some() && one.1 == other.1);
    let of = |(id, own): (&ProfileId, &Home)| {
        let members: BTreeSet<ProfileId> =
            homes.iter().filter(|(_, other)| shares(own, other)).map(|(id, _)| *id).collect();
        let many = members.len() as u64;
        let household = match own {
            (None, None) => None,
            _ if many > 2 => Some(Err(many)),
            _ => Some(Ok(members)),
        };
        (*id, household)
    };
    homes.iter().map(of).collect()
}

/// As [`households`], but for the names.
fn nameless(resolver: &Resolver) -> BTreeMap<Person, Option<Result<BTreeSet<Person>, u64>>> {
    let people = subject::people(resolver);
    let named = |members: BTreeSet<ProfileId>| members.iter().map(|id| people[id].clone()).collect();
    let of = |(id, household): (ProfileId, Option<Result<_, _>>)| {
        (people[&id].clone(), household.map(|household| household.map(named)))
    };
    households(resolver).into_iter().map(of).collect()
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn a_household_has_no_say_in_who_is_one_person(script in script::of_any_kind(1..14)) {
        let with = with_households(&script);
        let (one, other) =
            (Resolver::in_memory(script.policy.clone()).unwrap(), Resolver::in_memory(with.policy.clone()).unwrap());
        for (plain, call) in script.calls.iter().zip(&with.calls) {
            subject::call(&one, plain);
            subject::call(&other, call);
        }
        prop_assert_eq!(State::of(&one), State::of(&other));
        let feed = |resolver: &Resolver| resolver.changes(0, usize::MAX).unwrap().into_iter().map(|change| change.event);
        prop_assert!(feed(&one).eq(feed(&other)));
        prop_assert_eq!(one.stats().unwrap().counts, other.stats().unwrap().counts);
    }

    #[test]
    fn households_are_those_of_the_golden_records(script in script::of_any_kind(1..14)) {
        let script = with_households(&script);
        let resolver = Resolver::in_memory(script.policy.clone()).unwrap();
        let mut policy = script.policy.clone();
        for call in &script.calls {
            subject::call(&resolver, call);
            if let Call::SetPolicy(set) = call {
                policy = set.clone();
            }
            prop_assert_eq!(households(&resolver), naive_households(&resolver, &policy), "after {:?}", call);
        }
        // In another order, in which what was taken away never was.
        let copy = Resolver::in_memory(policy).unwrap();
        let mut lines = Vec::new();
        resolver.export(&mut |operation| lines.push(operation.to_json())).unwrap();
        for line in lines.iter().rev() {
            drop(copy.apply(Operation::from_json(line.as_bytes(), None).unwrap()).unwrap());
        }
        prop_assert_eq!(nameless(&copy), nameless(&resolver));
    }
}

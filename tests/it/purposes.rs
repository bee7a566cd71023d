//! What is seen for a purpose: what the policy lets be read for it, and nothing where it may not be followed.

use crate::subject;
use crate::tablet;
use onefold::{
    AttributePolicy, Compare, Consent, ConsentQuery, ConsentStatus, Event, EventKind, IdentifierPolicy, JourneyQuery,
    LegalBasis, NotedBy, PermissionReason, Polarity, Policy, Preference, PreferenceQuery, Profile, ProfileId,
    PurposePolicy, Record, Resolver, Role, Sensitivity, SmolStr, Timestamp,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use std::collections::BTreeSet;

const PURPOSES: [&str; 3] = ["ads", "care", "law"];

fn now() -> Timestamp {
    "2026-02-01T00:00:00Z".parse().unwrap()
}

fn at(day: u32) -> Timestamp {
    format!("2026-01-{day:02}T10:00:00Z").parse().unwrap()
}

fn purposes(builder: onefold::PolicyBuilder) -> onefold::PolicyBuilder {
    builder
        .purpose(PurposePolicy::new("ads"))
        .purpose(PurposePolicy::new("care").basis(LegalBasis::LegitimateInterest))
        .purpose(PurposePolicy::new("law").basis(LegalBasis::LegalObligation))
}

fn hotel() -> Resolver {
    let policy = purposes(Policy::builder())
        .identifier(IdentifierPolicy::new("guest", Role::Person).purposes(["care"]))
        .identifier(IdentifierPolicy::new("email", Role::Contact).purposes(["ads", "care"]))
        .attribute(AttributePolicy::new("name", Compare::FullName).purposes(["ads", "care"]))
        .attribute(AttributePolicy::new("room", Compare::Text).purposes(["care"]))
        .attribute(
            AttributePolicy::new("diet", Compare::Text).purposes(["ads", "care"]).sensitivity(Sensitivity::Special),
        )
        .attribute(AttributePolicy::new("born", Compare::Date))
        .event_purposes(&EventKind::View, ["ads"])
        .event_purposes(&EventKind::Purchase, ["ads", "care"])
        .event_purposes(&EventKind::Preference, ["care"])
        .build()
        .unwrap();
    Resolver::in_memory(policy).unwrap()
}

fn guest(resolver: &Resolver) -> ProfileId {
    let record = Record::new("crm", "1", at(1)).identifier("guest", "G1").identifier("email", "ann@example.org");
    let record = record.attribute("name", "Ann Lee").attribute("room", "7").attribute("diet", "halal");
    let id = resolver.add(record.attribute("born", "1980-02-03").attribute("shoe", "38")).unwrap().profile.unwrap();
    let event = |key: &str, kind| Event::new("web", key, at(2), kind).identifier("guest", "G1");
    let wish = |value: &str| Preference::new("topping", value, Polarity::Like, NotedBy::Staff);
    for event in [
        event("1", EventKind::View),
        event("2", EventKind::Purchase),
        event("3", EventKind::Search),
        event("4", EventKind::Preference).preference(wish("flakes")),
        event("5", EventKind::Contact).preference(wish("oil")),
        event("6", EventKind::Contact).preference(wish("salt").purpose("Ads")),
        event("7", EventKind::Preference).preference(wish("nuts").sensitivity(Sensitivity::Special)),
    ] {
        resolver.add_event(event).unwrap();
    }
    id
}

/// What is seen: identifiers, attributes, kinds of events, wishes.
fn seen(resolver: &Resolver, id: ProfileId, purpose: &str) -> (PermissionReason, [Vec<SmolStr>; 4]) {
    let view = resolver.view().unwrap();
    let found = view.for_purpose(id, &ConsentQuery::new(purpose), now()).unwrap().unwrap();
    let profile = found.profile().unwrap();
    assert_eq!(profile.is_some(), found.permission().allowed);
    let identifiers = profile.iter().flat_map(|profile| &profile.identifiers).map(|held| held.kind.clone()).collect();
    let golden =
        profile.iter().flat_map(|profile| &profile.golden.values).map(|value| value.attribute.clone()).collect();
    let journey = found.journey(&JourneyQuery::new()).unwrap();
    let mut kinds: Vec<SmolStr> =
        journey.events.iter().map(|told| SmolStr::from(told.event.kind.to_string())).collect();
    kinds.sort_unstable();
    let wishes = found.preferences(&PreferenceQuery::new().sensitivity_max(Sensitivity::Special)).unwrap();
    let mut wishes: Vec<SmolStr> = wishes.stated.iter().map(|stated| stated.value.clone()).collect();
    wishes.sort_unstable();
    (found.permission().reason, [identifiers, golden, kinds, wishes])
}

fn words<const N: usize>(words: [&str; N]) -> Vec<SmolStr> {
    words.into_iter().map(SmolStr::from).collect()
}

#[test]
fn a_purpose_sees_what_it_is_for_where_it_may_be_followed() {
    let resolver = hotel();
    let ann = guest(&resolver);
    let none = || [words([]), words([]), words([]), words([])];
    assert_eq!(seen(&resolver, ann, "ads"), (PermissionReason::Unknown, none()));
    assert_eq!(seen(&resolver, ann, "no such purpose"), (PermissionReason::Unknown, none()));
    // What needs no yes sees nothing of a special category without one.
    let care = [words(["guest", "email"]), words(["name", "room"]), words(["preference", "preference", "purchase"])];
    let [identifiers, golden, kinds] = care;
    let care = [identifiers, golden, kinds, words(["flakes"])];
    assert_eq!(seen(&resolver, ann, "care"), (PermissionReason::Basis, care));
    assert_eq!(seen(&resolver, ann, "law"), (PermissionReason::NotAsked, none()));

    let say = |key: &str, purpose: &str, status, day| {
        let consent = Consent::new(purpose, status);
        resolver.add_event(Event::of_consent("web", key, at(day), consent).identifier("guest", "G1")).unwrap();
    };
    say("c1", "ads", ConsentStatus::Granted, 3);
    say("c2", "care", ConsentStatus::Granted, 3);
    let ads = [words(["email"]), words(["name", "diet"]), words(["purchase", "view"]), words(["salt"])];
    assert_eq!(seen(&resolver, ann, "Ads "), (PermissionReason::Granted, ads));
    assert_eq!(seen(&resolver, ann, "care").1[3], words(["flakes", "nuts"]));
    say("c3", "ads", ConsentStatus::Withdrawn, 4);
    assert_eq!(seen(&resolver, ann, "ads"), (PermissionReason::Refused, none()));
}

#[test]
fn a_journey_that_asks_for_kinds_gets_those_of_them_that_may_be_read() {
    let resolver = hotel();
    let ann = guest(&resolver);
    let view = resolver.view().unwrap();
    let care = view.for_purpose(ann, &ConsentQuery::new("care"), now()).unwrap().unwrap();
    let count = |kind| care.journey(&JourneyQuery::new().kind(kind)).unwrap().events.len();
    assert_eq!([count(EventKind::Purchase), count(EventKind::View)], [1, 0]);
    assert_eq!(format!("{care:?}"), "ForPurpose(care, Basis)");
}

/// A policy of scripts whose parts serve some purposes each.
fn policies() -> impl Strategy<Value = (Policy, Vec<Vec<SmolStr>>)> {
    let some = || subsequence(PURPOSES.map(SmolStr::from).to_vec(), 0..=3);
    (tablet::any_policy(), vec(some(), 8)).prop_map(|(mut policy, named)| {
        let kinds = policy.identifier.iter_mut().map(|kind| &mut kind.purposes);
        let attributes = policy.attribute.iter_mut().map(|attribute| &mut attribute.purposes);
        kinds.chain(attributes).zip(&named).for_each(|(purposes, named)| purposes.clone_from(named));
        policy.event.purposes.insert("view".into(), named[7].clone());
        (purposes(policy.into_builder()).build().unwrap(), named)
    })
}

proptest! {
    #![proptest_config(crate::properties::config(48))]

    #[test]
    fn nothing_is_seen_without_its_purpose_and_all_with_it((policy, _) in policies(), script in tablet::happenings(1..10)) {
        let resolver = Resolver::in_memory(policy.clone()).unwrap();
        for call in script.calls.iter().filter(|call| !matches!(call, crate::script::Call::SetPolicy(_))) {
            subject::call(&resolver, call);
        }
        let view = resolver.view().unwrap();
        for id in subject::people(&resolver).into_keys() {
            let whole = view.profile(id).unwrap().unwrap();
            for purpose in PURPOSES {
                let found = view.for_purpose(id, &ConsentQuery::new(purpose), now()).unwrap().unwrap();
                let shown = found.profile().unwrap();
                let journey = found.journey(&JourneyQuery::new()).unwrap();
                if !found.permission().allowed {
                    prop_assert!(shown.is_none() && journey.events.is_empty());
                    continue;
                }
                let told = |profile: &Profile| {
                    let kinds = profile.identifiers.iter().map(|held| (held.kind.clone(), held.value.clone()));
                    let values = profile.golden.values.iter().map(|value| (value.attribute.clone(), SmolStr::default()));
                    kinds.chain(values).collect::<BTreeSet<_>>()
                };
                let serves = |name: &SmolStr| {
                    let kinds = policy.identifier.iter().map(|kind| (&kind.kind, &kind.purposes));
                    let attributes = policy.attribute.iter().map(|attribute| (&attribute.name, &attribute.purposes));
                    kinds.chain(attributes).any(|(known, named)| known == name && named.iter().any(|it| it == purpose))
                };
                let expected: BTreeSet<_> = told(&whole).into_iter().filter(|(name, _)| serves(name)).collect();
                prop_assert_eq!(told(&shown.unwrap()), expected);
                let views = policy.event.purposes["view"].iter().any(|it| it == purpose);
                let all = view.journey(id, &JourneyQuery::new().kind(EventKind::View)).unwrap().unwrap();
                prop_assert_eq!(journey.events.len(), if views { all.events.len() } else { 0 });
            }
        }
    }
}

//! Erasure: all of one person goes and stays away, and nobody else is touched.

use crate::properties::{State, config};
use crate::script::{self, Call};
use crate::subject;
use crate::tablet;
use crate::world::World;
use onefold::store::ProfileEvent;
use onefold::{Erased, ErrorKind, Identifier, Operation, Policy, ProfileId, Resolver, Secret, SmolStr};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn fresh(policy: &Policy) -> Resolver {
    Resolver::in_memory(policy.clone()).unwrap().with_secrets([secret("kept by the host")])
}

/// An identifier that scripts use.
fn identifiers() -> impl Strategy<Value = Identifier> {
    (select(&script::KINDS[..]), select(&["a", "b", "c", " A "][..]))
        .prop_map(|(kind, value)| Identifier::new(kind, value))
}

/// Calls with an erasure between them here and there.
fn with_erasures(calls: std::ops::Range<usize>) -> impl Strategy<Value = (Policy, Vec<Call>)> {
    (script::of_any_kind(calls), vec((identifiers(), any::<prop::sample::Index>()), 1..3)).prop_map(
        |(script, erasures)| {
            let mut calls = script.calls;
            for (number, (identifier, place)) in erasures.into_iter().enumerate() {
                let request = SmolStr::from(format!("dsr-{number}"));
                // The later half: there is somebody.
                let place = calls.len() / 2 + place.index(calls.len() / 2 + 1);
                calls.insert(place, Call::Apply(Operation::Erase { identifier, request }));
            }
            (script.policy, calls)
        },
    )
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

/// How much evidence there is.
fn size(world: &World) -> u64 {
    (world.records.len() + world.events.len() + world.words.len()) as u64
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn who_is_erased_was_never_there_and_stays_away((policy, calls) in with_erasures(2..14)) {
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
            let Some(erased) = erase(&resolver, identifier, request) else { continue };
            world.call(call);
            prop_assert_eq!(subject::picture(&resolver), world.picture(), "after {:?}", call);
            subject::audit(&resolver, &world);
            let counted = erased.records + erased.events + erased.consents + erased.assertions + erased.ledger;
            prop_assert_eq!(counted, had - size(&world), "every part is counted");
            let commits = resolver.view().unwrap().revision().0 - before;
            prop_assert_eq!(commits, u64::from(erased.anything()), "one commit");
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

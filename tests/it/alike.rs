//! Scripts in which likeness has the word: few identifiers, many columns that nearly agree.

use crate::likeness::compare;
use crate::names::follow;
use crate::properties::{State, config};
use crate::script::{self, Call, Script};
use crate::subject;
use crate::world::{self, World};
use onefold::{
    Assertion, AttributePolicy, EventPolicy, Operation, Policy, Record, RecordKey, Resolver, SourcePolicy, Timestamp,
    Verdict,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Columns of scripts; the others of a policy are its kinds of identifier.
const COLUMNS: [&str; 5] = ["given", "family", "born", "city", "street"];

pub(crate) fn alike(calls: std::ops::Range<usize>) -> impl Strategy<Value = Script> {
    (policies(), vec(call(), calls)).prop_map(|(policy, calls)| Script { policy, calls })
}

fn policies() -> impl Strategy<Value = Policy> {
    let linkage = (select(&[3, 6, 50_u64][..]), select(&[0.9, 0.99][..]), select(&[-2.0, -20.0][..]));
    let unique = option::weighted(0.3, Just(()));
    // The naive model knows how texts contradict, and nothing of names and dates.
    let exclusive = prop_oneof![2 => Just(None), 1 => select(&[1_usize, 3, 4][..]).prop_map(Some)];
    let without = option::weighted(0.1, Just(()));
    (script::policies(), linkage, unique, exclusive, without).prop_map(
        |(mut policy, (max_block, link, veto), unique, exclusive, without)| {
            policy.undeclared_attributes = onefold::Undeclared::Keep;
            policy.identifier.truncate(2);
            policy.event = EventPolicy::default();
            policy.identifier.iter_mut().for_each(|kind| kind.corroborate = Vec::new());
            policy.attribute = COLUMNS.iter().map(|name| AttributePolicy::new(*name, compare(name))).collect();
            if let Some(attribute) = exclusive.and_then(|place: usize| policy.attribute.get_mut(place)) {
                attribute.exclusive = true;
            }
            policy.source =
                unique.map(|()| vec![SourcePolicy::new("b"), SourcePolicy::new("a").unique()]).unwrap_or_default();
            let linkage = script::likeness(&policy, max_block, link, veto);
            policy.linkage = Some(linkage).filter(|_| without.is_none());
            policy
        },
    )
}

fn record() -> impl Strategy<Value = Record> {
    // Mostly of one of two people, with a slip or a gap here and there.
    let word = || prop_oneof![5 => Just(None), 2 => Just(Some("-")), 1 => Just(Some("odd")), 1 => Just(Some("x"))];
    let value = (select(&script::KINDS[..]), select(&["a", "b", "c", "d"][..]));
    (key(), 0..20_i64, select(&["x", "y", "z"][..]), vec(word(), COLUMNS.len()), option::weighted(0.4, value)).prop_map(
        |(key, minute, person, words, value)| {
            let at = Timestamp::from_milliseconds(1_767_607_200_000 + 60_000 * minute).unwrap();
            let mut record = Record::new(key.source, key.key, at);
            for (name, word) in COLUMNS.iter().zip(words) {
                match word.unwrap_or(person) {
                    "-" => {}
                    word => record = record.attribute(*name, said(name, word)),
                }
            }
            value.into_iter().fold(record, |record, (kind, value)| record.identifier(kind, value))
        },
    )
}

/// A name and a date for a word, elsewhere the word.
fn said<'a>(column: &str, word: &'a str) -> &'a str {
    match (column, word) {
        ("given", "x") => "ann",
        ("given", "y") => "bob",
        ("given", "z") => "dora",
        ("given", _) => "emil",
        ("born", "x") => "1980-02-03",
        ("born", "y") => "1955-10-30",
        ("born", "z") => "1971-12-24",
        ("born", _) => "1999-07-16",
        _ => word,
    }
}

fn key() -> impl Strategy<Value = RecordKey> {
    (0..16_u32).prop_map(|place| RecordKey::new(if place % 2 == 0 { "a" } else { "b" }, (place / 2 + 1).to_string()))
}

fn call() -> impl Strategy<Value = Call> {
    let apply = Call::Apply;
    let pair = || (key(), key()).prop_filter("a record is never asserted against itself", |(a, b)| a != b);
    let verdict = prop_oneof![1 => Just(Verdict::Join), 2 => Just(Verdict::Separate)];
    prop_oneof![
        12 => record().prop_map(move |record| apply(Operation::Add(record))),
        4 => (vec(record(), 1..8), 1..8_usize).prop_map(|(records, batch)| Call::AddAll(records, batch)),
        3 => key().prop_map(move |key| apply(Operation::Remove(key))),
        2 => (verdict, pair()).prop_map(move |(verdict, (a, b))| {
            apply(Operation::Assert(Assertion::new(verdict, a, b, "steward", "a reason").unwrap()))
        }),
        1 => pair().prop_map(move |(a, b)| apply(Operation::Lift { a, b })),
        1 => vec(record(), 0..8).prop_map(Call::Load),
        1 => vec(key(), 1..6).prop_map(Call::RemoveAll),
        1 => policies().prop_map(Call::SetPolicy),
    ]
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn the_resolver_is_the_model_where_likeness_links(script in alike(1..20)) {
        follow(&script.policy, &script.calls);
    }

    #[test]
    fn likeness_has_no_history(script in alike(1..20), early in vec(key(), 0..8)) {
        let (resolver, mut world) = (Resolver::in_memory(script.policy.clone()).unwrap(), World::new(script.policy.clone()));
        for call in &script.calls {
            subject::call(&resolver, call);
            world.call(call);
        }
        let scratch = Resolver::in_memory(world.policy.clone()).unwrap();
        let early: Vec<Record> = early.iter().filter_map(|key| world.records.get(&world::key(key))).cloned().collect();
        drop(scratch.add_all(early, subject::ingest(3)).unwrap());
        drop(scratch.load(world.records.values().cloned().collect(), subject::ingest(10)).unwrap());
        for ((a, b), verdict) in &world.words {
            let [a, b] = [a, b].map(|key| RecordKey::new(key.0.as_str(), key.1.as_str()));
            drop(scratch.assert(Assertion::new(*verdict, a, b, "steward", "").unwrap()).unwrap());
        }
        prop_assert_eq!(State::of(&resolver).nameless(), State::of(&scratch).nameless());
        prop_assert_eq!(subject::withheld(&resolver), subject::withheld(&scratch));
    }

    #[test]
    fn a_preview_is_what_adding_answers_where_likeness_links(script in alike(0..16), record in record()) {
        let resolver = Resolver::in_memory(script.policy.clone()).unwrap();
        script.calls.iter().for_each(|call| subject::call(&resolver, call));
        let told = resolver.preview(record.clone()).unwrap();
        prop_assert_eq!(resolver.add(record).unwrap(), told);
    }
}

#[cfg(feature = "durable")]
proptest! {
    #![proptest_config(config(6))]

    #[test]
    fn on_disk_is_as_in_memory_where_likeness_links(script in alike(1..12)) {
        let folder = tempfile::tempdir().unwrap();
        let memory = Resolver::in_memory(script.policy.clone()).unwrap();
        let mut policy = script.policy.clone();
        for call in &script.calls {
            let store = onefold::Durable::options(folder.path()).durability(onefold::Durability::System).open().unwrap();
            let durable = Resolver::open(std::sync::Arc::new(store), policy.clone(), onefold::Options::default()).unwrap();
            subject::call(&memory, call);
            subject::call(&durable, call);
            policy = durable.policy();
            prop_assert_eq!(State::of(&durable), State::of(&memory), "after {:?}", call);
            prop_assert_eq!(subject::withheld(&durable), subject::withheld(&memory));
        }
    }
}

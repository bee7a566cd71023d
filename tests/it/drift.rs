//! What is live beside the model that scores it: nothing has moved at first, a shift is seen and named, on any store.

use crate::subject;
use onefold::{
    AttributePolicy, BlockPolicy, Compare, ComparisonDrift, Drift, FrequencyDrift, Ingest, LinkagePolicy, Policy,
    Record, Resolver, TrainOptions, train,
};

/// What names are made of.
const SYLLABLES: [&str; 6] = ["bal", "dor", "fen", "kim", "lus", "tav"];

fn policy(linkage: LinkagePolicy) -> Policy {
    let attributes = [
        AttributePolicy::new("given", Compare::GivenName),
        AttributePolicy::new("family", Compare::Surname),
        AttributePolicy::new("born", Compare::Date),
    ];
    Policy { attribute: attributes.into(), linkage: Some(linkage), ..Policy::default() }
}

fn linkage() -> LinkagePolicy {
    LinkagePolicy::new().block(BlockPolicy::new(["born"])).block(BlockPolicy::new(["given", "family"]))
}

/// A number that looks like chance (SplitMix64).
fn mixed(number: u32) -> usize {
    let mixed = (u64::from(number) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((mixed ^ (mixed >> 27)) >> 20) as usize
}

fn name(place: usize) -> String {
    [SYLLABLES[place % 6], SYLLABLES[place / 6 % 6]].concat()
}

/// The records of somebody: so many, all alike.
fn person(number: u32, family: &str, records: u32) -> Vec<Record> {
    let chance = mixed(number);
    let born = format!("{}-{:02}-{:02}", 1940 + chance % 60, 1 + chance / 60 % 12, 1 + chance / 720 % 28);
    let at = "2026-01-05T10:00:00Z".parse().unwrap();
    let record = |copy: u32| {
        let record = Record::new("crm", format!("{number}/{copy}"), at).attribute("given", name(chance / 20_160));
        record.attribute("family", family).attribute("born", born.as_str())
    };
    (0..records).map(record).collect()
}

/// People of 18 families, some of them larger than others; every fourth has two records.
fn people(numbers: std::ops::Range<u32>) -> Vec<Record> {
    let family = |number: u32| name((mixed(number + 77) % 18).min(mixed(number + 99) % 18));
    numbers.flat_map(|number| person(number, &family(number), copies(number))).collect()
}

fn copies(number: u32) -> u32 {
    1 + u32::from(number.is_multiple_of(4))
}

/// The policy with a model of some records.
fn trained(records: &[Record]) -> Policy {
    let options = TrainOptions { random_pairs: 60_000, pairs_max: 40_000, ..TrainOptions::default() };
    let model = train(&policy(linkage()), records, &options).unwrap().model;
    policy(linkage().model(model))
}

fn loaded(policy: &Policy, records: &[Record]) -> Resolver {
    let resolver = Resolver::in_memory(policy.clone()).unwrap();
    drop(resolver.load(records.to_vec(), Ingest::default()).unwrap());
    resolver
}

fn drift(resolver: &Resolver) -> Drift {
    resolver.drift().unwrap().unwrap()
}

fn frequencies<'a>(drift: &'a Drift, column: &str) -> &'a FrequencyDrift {
    let of = |comparison: &&ComparisonDrift| comparison.columns == [column];
    drift.comparisons.iter().find(of).unwrap().frequencies.as_ref().unwrap()
}

#[test]
fn nothing_has_moved_from_what_was_trained_on() {
    let records = people(0..1400);
    let resolver = loaded(&trained(&records), &records);
    let found = drift(&resolver);
    assert_eq!((found.records, found.records_trained), (1750, Some(1750)));
    for column in ["given", "family"] {
        let frequencies = frequencies(&found, column);
        assert!(frequencies.stability_index < 0.001, "{column}: {frequencies:?}");
        assert!(frequencies.listed > 10, "{frequencies:?}");
        assert_eq!((frequencies.moved, frequencies.values.len()), (0, 0), "{frequencies:?}");
    }
    assert!(found.comparisons.iter().all(|comparison| comparison.present == 1750));
}

#[test]
fn a_shift_is_seen_and_its_values_are_named_those_that_count_for_most_first() {
    let records = people(0..1400);
    let resolver = loaded(&trained(&records), &records);
    let newcomer = |number| person(number, &name(if number % 3 == 0 { 15 } else { 14 }), copies(number));
    let newcomers: Vec<Record> = (2000..3920).flat_map(newcomer).collect();
    drop(resolver.load(newcomers, Ingest::default()).unwrap());
    let found = drift(&resolver);
    assert_eq!((found.records, found.records_trained), (4150, Some(1750)));
    let family = frequencies(&found, "family");
    assert!(family.stability_index > 0.25 && family.stability_index > 20.0 * family.by_chance, "{family:?}");
    let named: Vec<&str> = family.values.iter().map(|moved| moved.value.as_str()).collect();
    assert_eq!(&named[..2], [name(14), name(15)], "{named:?}");
    assert_eq!(family.moved, family.values.len() as u64);
    let first = &family.values[0];
    assert!(first.model < 0.05 && first.live > 0.35, "{first:?}");
    // Given names came as before.
    let given = frequencies(&found, "given");
    assert!(given.stability_index < 2.0 * given.by_chance && given.moved == 0, "{given:?}");
}

#[test]
fn a_value_that_is_there_no_more_has_moved() {
    let records = people(0..1400);
    let resolver = loaded(&trained(&records), &records);
    let gone: Vec<_> = records
        .iter()
        .filter(|record| record.attributes.iter().any(|(_, value)| *value == name(0).into()))
        .map(|record| record.key.clone())
        .collect();
    assert_eq!(resolver.remove_all(&gone).unwrap(), gone.len() as u64);
    let found = drift(&resolver);
    let family = frequencies(&found, "family");
    assert!(family.stability_index > 0.25, "{family:?}");
    assert!(family.values.iter().any(|moved| moved.value == name(0) && moved.live == 0.0), "{family:?}");
}

/// A name is as frequent as the strangers who bear it: records of one person do not count, in training or here.
#[test]
fn many_records_of_one_person_are_no_drift() {
    let mut records = people(0..1400);
    records.extend(person(5000, "quill", 150));
    let resolver = loaded(&trained(&records), &records);
    let found = drift(&resolver);
    let family = frequencies(&found, "family");
    assert!(family.stability_index < 0.01 && family.moved == 0, "{family:?}");
}

/// Of a handful of records nothing can be said, and nothing is.
#[test]
fn a_few_records_are_no_drift() {
    let resolver = loaded(&trained(&people(0..1400)), &people(0..8));
    let found = drift(&resolver);
    let family = frequencies(&found, "family");
    assert!(family.moved == 0 && family.stability_index <= 0.5, "{family:?}");
    let empty = drift(&loaded(&trained(&people(0..1400)), &[]));
    assert_eq!((empty.records, frequencies(&empty, "family").stability_index), (0, 0.0));
}

#[test]
fn the_built_in_model_knows_no_frequencies() {
    let mut records = people(0..40);
    let at = "2026-01-05T10:00:00Z".parse().unwrap();
    records.push(Record::new("crm", "nameless", at).attribute("born", "1980-02-03"));
    let found = drift(&loaded(&policy(linkage()), &records));
    assert_eq!((found.records, found.records_trained), (51, None));
    let said = |column: &str| found.comparisons.iter().find(|said| said.columns == [column]).unwrap();
    assert_eq!((said("born").present, said("given").present), (51, 50));
    assert!(found.comparisons.iter().all(|comparison| comparison.frequencies.is_none()));
    assert_eq!((found.generic.len(), found.records_unfound), (0, 0));
    assert_eq!(loaded(&Policy::default(), &[]).drift().unwrap(), None, "without linkage there is no model");
}

#[test]
fn a_rule_whose_blocks_became_generic_is_named() {
    let mut linkage = linkage();
    linkage.max_block = 30;
    let at = "2026-01-05T10:00:00Z".parse().unwrap();
    let resolver = loaded(&policy(linkage), &people(0..20));
    assert_eq!(drift(&resolver).generic, []);
    let nameless = |number: u32| Record::new("web", number.to_string(), at).attribute("born", "1999-09-09");
    drop(resolver.add_all((0..40).map(nameless).collect(), subject::ingest(40)).unwrap());
    let found = drift(&resolver);
    let told: Vec<_> = found.generic.iter().map(|rule| (rule.rule.as_str(), rule.blocks, rule.records)).collect();
    assert_eq!(told, [("born", 1, 40)]);
    assert_eq!(found.records_unfound, 40);
}

#[cfg(feature = "durable")]
#[test]
fn on_disk_as_in_memory() {
    use onefold::{Memory, Options};
    use std::sync::Arc;

    let (old, new) = (people(0..1400), people(1400..2600));
    let policy = trained(&old);
    let folder = tempfile::tempdir().unwrap();
    let disk = onefold::Durable::options(folder.path()).durability(onefold::Durability::System).open().unwrap();
    let disk = Resolver::open(Arc::new(disk), policy.clone(), Options::default()).unwrap();
    let memory = Resolver::open(Arc::new(Memory::new()), policy, Options::default()).unwrap();
    drop(disk.load([old.clone(), new.clone()].concat(), Ingest::default()).unwrap());
    drop(memory.load(old, Ingest::default()).unwrap());
    drop(memory.add_all(new, subject::ingest(300)).unwrap());
    assert_eq!(drift(&disk), drift(&memory));
    assert_eq!(drift(&disk).records, 3250);
}

#[test]
fn what_has_moved_is_shown_without_its_value() {
    let records = people(0..1400);
    let resolver = loaded(&trained(&records), &records[..40]);
    let all: Vec<Record> = (0..900).flat_map(|number| person(9000 + number, &name(14), 1)).collect();
    drop(resolver.load(all, Ingest::default()).unwrap());
    let found = drift(&resolver);
    assert!(frequencies(&found, "family").values.iter().any(|moved| moved.value == name(14)));
    let shown = format!("{found:?}").to_lowercase();
    assert!(SYLLABLES.iter().all(|part| !shown.contains(part)), "{shown}");
}

//! Training without labels on the data of others, with nothing configured but the kinds of attributes.

use crate::cases::shared;
use onefold::{Evaluation, Ingest, Policy, Record, RecordKey, Resolver, SmolStr, TrainOptions, evaluate, train};
use std::collections::HashMap;
use std::path::Path;

/// A table's records and who they are.
#[derive(Default)]
struct Known {
    records: Vec<Record>,
    truth: HashMap<RecordKey, SmolStr>,
}

impl Known {
    /// Reads a table as one source; every column but the key and the truth is an attribute.
    fn read(mut self, folder: &Path, file: &str, source: &str, key: &str) -> Self {
        let mut reader = csv::Reader::from_path(folder.join(file)).unwrap();
        let header = reader.headers().unwrap().clone();
        for row in reader.records() {
            let row = row.unwrap();
            let cell = |name: &str| row.get(header.iter().position(|column| column == name).unwrap()).unwrap();
            let record = Record::new(source, cell(key), "2026-01-05T10:00:00Z".parse().unwrap());
            self.truth.insert(record.key.clone(), cell("cluster").into());
            let said = header
                .iter()
                .zip(&row)
                .filter(|(name, value)| !["cluster", key].contains(name) && !value.trim().is_empty());
            self.records.push(said.fold(record, |record, (name, value)| record.attribute(name, value)));
        }
        self
    }

    /// Trains, and resolves at the default threshold.
    fn resolve(&self, mut policy: Policy, options: &TrainOptions) -> Evaluation {
        let model = train(&policy, &self.records, options).unwrap().model;
        policy.linkage.as_mut().unwrap().model = Some(model.into());
        let resolver = Resolver::in_memory(policy).unwrap();
        drop(resolver.load(self.records.clone(), Ingest::default()).unwrap());
        let mut labels = Vec::with_capacity(self.records.len());
        resolver.live_records(&mut |key, profile| labels.push((self.truth[key].clone(), profile.unwrap()))).unwrap();
        evaluate(labels)
    }
}

/// A policy of attributes and their kinds.
fn policy(sources: &str, attributes: &[(&str, &str)]) -> Policy {
    let attribute = |(name, kind): &(&str, &str)| format!("[[attribute]]\nname = \"{name}\"\ncompare = \"{kind}\"\n");
    let attributes: String = attributes.iter().map(attribute).collect();
    Policy::from_toml(&format!("{sources}{attributes}[linkage]\n")).unwrap()
}

const FEBRL: [(&str, &str); 10] = [
    ("given_name", "given_name"),
    ("surname", "surname"),
    ("street_number", "text"),
    ("address_1", "address"),
    ("address_2", "address"),
    ("suburb", "text"),
    ("postcode", "postcode"),
    ("state", "text"),
    ("date_of_birth", "date"),
    ("soc_sec_id", "number"),
];

/// Fewer pairs than by default: the tests are not optimised.
fn options(seed: u64) -> TrainOptions {
    TrainOptions { seed, random_pairs: 60_000, pairs_max: 40_000, ..TrainOptions::default() }
}

#[expect(clippy::print_stderr, reason = "a skipped check is said aloud")]
fn data(folder: &str) -> Option<std::path::PathBuf> {
    let found = shared().map(|shared| shared.join("data").join(folder)).filter(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("skipped: data/{folder} is not here");
    }
    found
}

#[track_caller]
fn check(found: &Evaluation, precision: f64, f1: f64) {
    let score = found.pairwise;
    assert!(score.precision >= precision && score.f1 >= f1, "{score:?}");
}

#[test]
fn febrl3_is_deduplicated() {
    let Some(folder) = data("febrl") else { return };
    let known = Known::default().read(&folder, "febrl3.csv", "febrl3", "rec_id");
    check(&known.resolve(policy("", &FEBRL), &options(1)), 0.999, 0.998);
}

#[test]
fn febrl4_is_linked_across_two_sources_without_duplicates() {
    let Some(folder) = data("febrl") else { return };
    let known =
        Known::default().read(&folder, "febrl4a.csv", "a", "rec_id").read(&folder, "febrl4b.csv", "b", "rec_id");
    let sources = "[[source]]\nname = \"a\"\nunique = true\n[[source]]\nname = \"b\"\nunique = true\n";
    check(&known.resolve(policy(sources, &FEBRL), &options(1)), 0.999, 0.998);
}

#[test]
fn fake_1000_is_deduplicated_whatever_the_seed() {
    let Some(folder) = data("fake_1000") else { return };
    let known = Known::default().read(&folder, "fake_1000.csv", "fake", "unique_id");
    let attributes =
        [("first_name", "given_name"), ("surname", "surname"), ("dob", "date"), ("city", "text"), ("email", "email")];
    for seed in 1..=2 {
        check(&known.resolve(policy("", &attributes), &options(seed)), 0.97, 0.90);
    }
}

//! Training without labels on the data of others, with nothing configured but the kinds of attributes.

use crate::cases::shared;
use onefold::{
    Evaluation, Ingest, Policy, Record, RecordKey, Resolver, SmolStr, TrainOptions, deduplicate, evaluate, train,
};
use std::collections::HashMap;
use std::path::Path;

/// A table's records and who they are.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) records: Vec<Record>,
    pub(crate) truth: HashMap<RecordKey, SmolStr>,
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
pub(crate) fn data(folder: &str) -> Option<std::path::PathBuf> {
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

pub(crate) const TRUTHSET: &str = r#"
default_region = "US"
identifier = [
    { kind = "PASSPORT_NUMBER", role = "person", normalise = "upper_alnum" },
    { kind = "SSN_NUMBER", role = "person", normalise = "digits" },
    { kind = "DRIVERS_LICENSE_NUMBER", role = "person", normalise = "upper_alnum" },
    { kind = "NATIONAL_ID_NUMBER", role = "person", normalise = "upper_alnum" },
    { kind = "EMAIL_ADDRESS", role = "contact", normalise = "email", corroborate = ["name"] },
    { kind = "PHONE_NUMBER", role = "contact", normalise = "phone", corroborate = ["name"] },
]
attribute = [
    { name = "name", compare = "full_name" },
    { name = "born", compare = "date" },
    { name = "address", compare = "address" },
    { name = "employer", compare = "full_name" },
]
[linkage]
"#;

/// The truth set's records: the names of each in one attribute, the parts of its address in one, and the employer.
pub(crate) fn truthset(folder: &Path, policy: &Policy) -> Known {
    let mut known = Known::default();
    let mut reader = csv::Reader::from_path(folder.join("combined.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    for row in reader.records() {
        let row = row.unwrap();
        let cell = |name: &str| row.get(header.iter().position(|column| column == name).unwrap()).unwrap().trim();
        let joined = |names: &[&str]| {
            let cells: Vec<&str> = names.iter().map(|name| cell(name)).filter(|cell| !cell.is_empty()).collect();
            cells.join(" ")
        };
        let at = "2026-01-05T10:00:00Z".parse().unwrap();
        let record = Record::new(cell("DATA_SOURCE"), cell("RECORD_ID"), at);
        known.truth.insert(record.key.clone(), cell("cluster").into());
        let numbers = policy.identifier.iter().map(|kind| kind.kind.as_str()).filter(|kind| !cell(kind).is_empty());
        let record = numbers.fold(record, |record, kind| record.identifier(kind, cell(kind)));
        let person = joined(&["PRIMARY_NAME_FIRST", "PRIMARY_NAME_MIDDLE", "PRIMARY_NAME_LAST"]);
        let address = joined(&["ADDR_FULL", "ADDR_LINE1", "ADDR_CITY", "ADDR_STATE", "ADDR_POSTAL_CODE"]);
        let names = ["PRIMARY_NAME_FULL", "PRIMARY_NAME_ORG", "NATIVE_NAME_FULL"].map(|name| cell(name).to_owned());
        let said = names.into_iter().chain([person]).map(|name| ("name", name));
        let said = said.chain([("born", cell("DATE_OF_BIRTH").to_owned()), ("address", address)]);
        let said = said.chain([("employer", cell("EMPLOYER").to_owned())]);
        let said = said.filter(|(_, value)| !value.is_empty());
        known.records.push(said.fold(record, |record, (name, value)| record.attribute(name, value)));
    }
    known
}

/// By the built-in model, with nothing trained on it; the same in any order, and with any record gone and back.
#[test]
fn the_truth_set_is_resolved_by_the_built_in_model() {
    let Some(folder) = data("truthset") else { return };
    let policy = Policy::from_toml(TRUTHSET).unwrap();
    let known = truthset(&folder, &policy);
    let picture = |resolver: &Resolver| {
        let mut people: HashMap<_, Vec<RecordKey>> = HashMap::new();
        resolver
            .live_records(&mut |key, profile| people.entry(profile.unwrap()).or_default().push(key.clone()))
            .unwrap();
        people.values_mut().for_each(|keys| keys.sort_unstable());
        let mut people: Vec<Vec<RecordKey>> = people.into_values().collect();
        people.sort_unstable();
        people
    };
    let at_once = Resolver::in_memory(policy.clone()).unwrap();
    drop(at_once.load(known.records.clone(), Ingest::default()).unwrap());
    let people = picture(&at_once);
    let labels = people.iter().enumerate().flat_map(|(place, keys)| keys.iter().map(move |key| (place, key)));
    check(&evaluate(labels.map(|(place, key)| (known.truth[key].clone(), place))), 0.98, 0.99);

    let one_by_one = Resolver::in_memory(policy).unwrap();
    known.records.iter().rev().for_each(|record| drop(one_by_one.add(record.clone()).unwrap()));
    assert_eq!(picture(&one_by_one), people);
    for record in known.records.iter().step_by(3) {
        drop(one_by_one.remove(&record.key).unwrap());
        drop(one_by_one.add(record.clone()).unwrap());
    }
    assert_eq!(picture(&one_by_one), people);
}

/// What each column of the truth set's table is, where each is an attribute of its own.
const COLUMNS: [(&str, &str); 12] = [
    ("PRIMARY_NAME_FULL", "full_name"),
    ("PRIMARY_NAME_ORG", "full_name"),
    ("NATIVE_NAME_FULL", "full_name"),
    ("PRIMARY_NAME_FIRST", "given_name"),
    ("PRIMARY_NAME_MIDDLE", "given_name"),
    ("PRIMARY_NAME_LAST", "surname"),
    ("DATE_OF_BIRTH", "date"),
    ("ADDR_FULL", "address"),
    ("ADDR_LINE1", "address"),
    ("ADDR_CITY", "text"),
    ("ADDR_STATE", "text"),
    ("ADDR_POSTAL_CODE", "postcode"),
];

/// Names and addresses of one are in other columns than those of the next.
#[test]
fn the_truth_set_is_resolved_column_by_column() {
    let Some(folder) = data("truthset") else { return };
    let names = r#"["PRIMARY_NAME_FIRST", "PRIMARY_NAME_FULL", "PRIMARY_NAME_ORG"]"#;
    let kinds = TRUTHSET.split("attribute =").next().unwrap().replace(r#"["name"]"#, names);
    let attributes = COLUMNS.map(|(name, compare)| format!("{{ name = \"{name}\", compare = \"{compare}\" }},\n"));
    let employer = r#"{ name = "EMPLOYER", compare = "full_name", group = "work" }"#;
    let text = format!("{kinds}attribute = [\n{}{employer}\n]\n[linkage]\n", attributes.concat());
    let policy = Policy::from_toml(&text).unwrap();
    let mut reader = csv::Reader::from_path(folder.join("combined.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let (mut records, mut truth) = (Vec::new(), Vec::new());
    for row in reader.records() {
        let row = row.unwrap();
        let cells: HashMap<&str, &str> = header.iter().zip(row.iter().map(str::trim)).collect();
        let at = "2026-01-05T10:00:00Z".parse().unwrap();
        let record = Record::new(cells["DATA_SOURCE"], cells["RECORD_ID"], at);
        let filled = |name: &&str| !cells[name].is_empty();
        let numbers = policy.identifier.iter().map(|kind| kind.kind.as_str()).filter(filled);
        let record = numbers.fold(record, |record, kind| record.identifier(kind, cells[kind]));
        let said = policy.attribute.iter().map(|attribute| attribute.name.as_str()).filter(filled);
        records.push(said.fold(record, |record, name| record.attribute(name, cells[name])));
        truth.push(SmolStr::from(cells["cluster"]));
    }
    let found = deduplicate(policy, records).unwrap();
    let labels = truth.into_iter().zip(found.person_of).map(|(truth, person)| (truth, person.unwrap()));
    check(&evaluate(labels), 0.98, 0.98);
}

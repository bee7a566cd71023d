//! Data and the bare work that the benches share.
//!
//! `ONEFOLD_CUSTOMERS` names a file of labelled customers (columns `unique_id, source, loyalty_id, email, phone,
//! device_id`, as the project's data tools write it); without it, customers of the same shape are invented here.
//! `ONEFOLD_ROWS` says how many rows are taken (100,000 if it does not).
#![allow(dead_code, unreachable_pub, reason = "each bench uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a bench may stop")]

use ahash::AHashMap;
use onefold::{
    AttributePolicy, BlockPolicy, Compare, Form, Identifier, IdentifierPolicy, LinkagePolicy, Policy, Record, Role,
    SmolStr, Timestamp,
};
use petgraph::unionfind::UnionFind;

/// The kinds of identifier, strongest first.
pub const KINDS: [&str; 4] = ["loyalty_id", "email", "phone", "device_id"];

/// The attributes, for the bench of linkage: their names, and what kinds they are.
pub const ATTRIBUTES: [(&str, Compare); 5] = [
    ("first_name", Compare::GivenName),
    ("last_name", Compare::Surname),
    ("dob", Compare::Date),
    ("street", Compare::Address),
    ("postcode", Compare::Postcode),
];

/// How many rows are asked for.
pub fn rows() -> usize {
    std::env::var("ONEFOLD_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(100_000)
}

/// The policy of the benches: values come normalised, so that reading them costs next to nothing.
pub fn policy() -> Policy {
    let plain = |kind: &str, role| IdentifierPolicy::new(kind, role).normalise(Form::None);
    let [loyalty, email, phone, device] = KINDS;
    Policy::builder()
        .identifier(plain(loyalty, Role::Person))
        .identifier(plain(email, Role::Contact))
        .identifier(plain(phone, Role::Contact))
        .identifier(plain(device, Role::Device))
        .build()
        .expect("the policy is right")
}

/// The policy of the bench of linkage: names, birth dates, places and identifiers, read as people send them, and rules
/// that find their pairs.
pub fn linkage_policy() -> Policy {
    linked_by(&[
        &["email"],
        &["phone"],
        &["loyalty_id"],
        &["device_id"],
        &["last_name", "dob"],
        &["first_name", "dob"],
        &["postcode", "last_name", "first_name[:1]"],
        &["postcode", "first_name", "last_name[:1]"],
        &["street", "postcode", "first_name[:1]"],
    ])
}

/// The same with rules so wide that they find 57 pairs a record among 100,000.
pub fn wide_policy() -> Policy {
    linked_by(&[
        &["email"],
        &["phone"],
        &["dob"],
        &["postcode"],
        &["last_name", "first_name[:1]"],
        &["last_name", "year(dob)"],
        &["first_name", "year(dob)"],
        &["first_name[:1]", "last_name[:2]"],
        &["year(dob)", "last_name[:1]"],
        &["year(dob)", "first_name[:1]"],
        &["month(dob)", "last_name[:3]"],
    ])
}

fn linked_by(rules: &[&[&str]]) -> Policy {
    let [loyalty, email, phone, device] = KINDS;
    let builder = Policy::builder()
        .identifier(IdentifierPolicy::new(loyalty, Role::Person))
        .identifier(IdentifierPolicy::new(email, Role::Contact).normalise(Form::Email))
        .identifier(IdentifierPolicy::new(phone, Role::Contact).normalise(Form::Phone))
        .identifier(IdentifierPolicy::new(device, Role::Device));
    let linkage =
        rules.iter().fold(LinkagePolicy::new(), |linkage, keys| linkage.block(BlockPolicy::new(keys.iter().copied())));
    ATTRIBUTES
        .iter()
        .fold(builder, |builder, (name, compare)| builder.attribute(AttributePolicy::new(*name, *compare)))
        .linkage(linkage)
        .build()
        .expect("the policy is right")
}

/// Customers, as many as asked for.
pub fn customers(rows: usize) -> Vec<Record> {
    match std::env::var("ONEFOLD_CUSTOMERS") {
        Ok(path) => read(&path, rows, &[]),
        Err(_) => invent(rows, |_, _, _| ()),
    }
}

/// The same customers with names, birth dates and addresses.
pub fn people(rows: usize) -> Vec<Record> {
    match std::env::var("ONEFOLD_CUSTOMERS") {
        Ok(path) => read(&path, rows, &ATTRIBUTES.map(|(name, _)| name)),
        Err(_) => invent(rows, describe),
    }
}

const GIVEN: [&str; 16] = [
    "Anna",
    "Robert",
    "Maria",
    "Thomas",
    "Linda",
    "James",
    "Katherine",
    "Peter",
    "Susan",
    "Andrew",
    "Elena",
    "George",
    "Julia",
    "Martin",
    "Nora",
    "Victor",
];
const SYLLABLES: [&str; 12] = ["bar", "ton", "mil", "ler", "son", "ka", "den", "ro", "win", "ster", "field", "ham"];

/// Tells of a person what belongs to her and to her household, now and then misspelt or left out.
fn describe(record: &mut Record, household: u64, person: u64) {
    let mut own = Dice(person.wrapping_mul(31).wrapping_add(7));
    let mut home = Dice(household.wrapping_mul(17).wrapping_add(3));
    let mut noise = Dice(record.key.key.bytes().fold(5, |sum, byte| sum * 31 + u64::from(byte)));
    let syllables = |dice: &mut Dice| -> String { (0..3).map(|_| SYLLABLES[dice.below(12) as usize]).collect() };
    let values = [
        format!("{}{}", GIVEN[own.below(16) as usize], ["", "e", "ine", "o"][own.below(4) as usize]),
        syllables(&mut home),
        format!("{}-{:02}-{:02}", 1940 + own.below(70), 1 + own.below(12), 1 + own.below(28)),
        format!("{} {} Road", 1 + home.below(200), syllables(&mut home)),
        format!("{:05}", home.below(20_000)),
    ];
    for ((name, _), mut value) in ATTRIBUTES.iter().zip(values) {
        if noise.one_in(8) {
            continue;
        }
        if noise.one_in(10) {
            let at = noise.below(value.len() as u64) as usize;
            value.remove(at);
        }
        record.attributes.push((SmolStr::new(name), value.into()));
    }
    for identifier in record.identifiers.iter_mut().filter(|identifier| identifier.kind == KINDS[2]) {
        // Not a number of any country.
        identifier.value = identifier.value.trim_start_matches('+').into();
    }
}

fn read(path: &str, rows: usize, attributes: &[&str]) -> Vec<Record> {
    let mut table = csv::Reader::from_path(path).expect("the file of customers opens");
    let headers = table.headers().expect("it has a header").clone();
    let column = |name: &str| headers.iter().position(|header| header == name).expect("the column is there");
    let (key, source) = (column("unique_id"), column("source"));
    let columns = KINDS.map(column);
    let attributes: Vec<(&str, usize)> = attributes.iter().map(|name| (*name, column(name))).collect();
    let at = Timestamp::from_milliseconds(1_700_000_000_000).unwrap();
    let row = |row: csv::StringRecord| {
        let mut record = Record::new(&row[source], &row[key], at);
        for (kind, &column) in KINDS.iter().zip(&columns) {
            if !row[column].is_empty() {
                record.identifiers.push(Identifier::new(*kind, &row[column]));
            }
        }
        for &(name, column) in &attributes {
            if !row[column].is_empty() {
                record.attributes.push((name.into(), row[column].into()));
            }
        }
        record
    };
    table.records().take(rows).map(|found| row(found.expect("the row reads"))).collect()
}

/// A linear congruential generator (Knuth's MMIX constants): enough to invent customers, the same everywhere.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    pub fn one_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }
}

/// Households of one to four, who share a phone and now and then a device or a mailbox; about two records a person.
fn invent(rows: usize, describe: impl Fn(&mut Record, u64, u64)) -> Vec<Record> {
    let mut dice = Dice(21);
    let mut records = Vec::with_capacity(rows);
    let mut person = 0_u64;
    while records.len() < rows {
        let household = person;
        for _ in 0..=dice.below(4) {
            person += 1;
            for _ in 0..=dice.below(4) {
                let at = Timestamp::from_milliseconds(1_700_000_000_000 + dice.below(1 << 36) as i64).unwrap();
                let mut record = Record::new(
                    ["crm", "web", "pos", "app"][dice.below(4) as usize],
                    format!("r{:07}", records.len()),
                    at,
                );
                if dice.one_in(2) {
                    record.identifiers.push(Identifier::new(KINDS[0], format!("L{person:08}")));
                }
                if !dice.one_in(4) {
                    let whose = if dice.one_in(40) { household } else { person };
                    record.identifiers.push(Identifier::new(KINDS[1], format!("person.{whose}@example.org")));
                }
                if !dice.one_in(3) {
                    let whose = if dice.one_in(8) { household } else { person };
                    record.identifiers.push(Identifier::new(KINDS[2], format!("+1555{whose:08}")));
                }
                if dice.one_in(3) {
                    let whose = if dice.one_in(12) { household } else { person };
                    record
                        .identifiers
                        .push(Identifier::new(KINDS[3], format!("{:016x}", whose.wrapping_mul(0x9e37_79b9_7f4a_7c15))));
                }
                describe(&mut record, household, person);
                records.push(record);
            }
        }
    }
    records.truncate(rows);
    // Records come as they come, not person by person.
    for place in (1..records.len()).rev() {
        records.swap(place, dice.below(place as u64 + 1) as usize);
    }
    records
}

/// The bare work: a hash map from identifier to the first record that carries it, and union-find. No store, no limits,
/// no ids, no reasons, nothing to undo.
pub fn bare(records: &[Record]) -> (AHashMap<(SmolStr, SmolStr), u32>, UnionFind<u32>) {
    let mut first: AHashMap<(SmolStr, SmolStr), u32> = AHashMap::new();
    let mut people: UnionFind<u32> = UnionFind::new(records.len());
    for (place, record) in records.iter().enumerate() {
        for identifier in &record.identifiers {
            let known = *first.entry((identifier.kind.clone(), identifier.value.clone())).or_insert(place as u32);
            people.union(known, place as u32);
        }
    }
    (first, people)
}

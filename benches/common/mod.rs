//! Data and the bare work that the benches share.
//!
//! `ONEFOLD_CUSTOMERS` names a file of labelled customers (columns `unique_id, source, loyalty_id, email, phone,
//! device_id`, as the project's data tools write it); without it, customers of the same shape are invented here.
//! `ONEFOLD_ROWS` says how many rows are taken (100,000 if it does not).
#![allow(dead_code, unreachable_pub, reason = "each bench uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a bench may stop")]

use ahash::AHashMap;
use onefold::{Form, Identifier, IdentifierPolicy, Policy, Record, Role, SmolStr, Timestamp};
use petgraph::unionfind::UnionFind;

/// The kinds of identifier, strongest first.
pub const KINDS: [&str; 4] = ["loyalty_id", "email", "phone", "device_id"];

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

/// Customers, as many as asked for.
pub fn customers(rows: usize) -> Vec<Record> {
    match std::env::var("ONEFOLD_CUSTOMERS") {
        Ok(path) => read(&path, rows),
        Err(_) => invent(rows),
    }
}

fn read(path: &str, rows: usize) -> Vec<Record> {
    let mut table = csv::Reader::from_path(path).expect("the file of customers opens");
    let headers = table.headers().expect("it has a header").clone();
    let column = |name: &str| headers.iter().position(|header| header == name).expect("the column is there");
    let (key, source) = (column("unique_id"), column("source"));
    let columns = KINDS.map(column);
    let at = Timestamp::from_milliseconds(1_700_000_000_000).unwrap();
    let row = |row: csv::StringRecord| {
        let mut record = Record::new(&row[source], &row[key], at);
        for (kind, &column) in KINDS.iter().zip(&columns) {
            if !row[column].is_empty() {
                record.identifiers.push(Identifier::new(*kind, &row[column]));
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
fn invent(rows: usize) -> Vec<Record> {
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

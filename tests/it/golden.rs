//! Survivorship, rule by rule.

use onefold::{Policy, Record, Rules, Timestamp, Value, fold};
use proptest::prelude::*;

const POLICY: &str = r#"
[[source]]
name = "crm"
[[source]]
name = "web"
[[attribute]]
name = "street"
group = "address"
survive = ["verified", "source", "most_recent"]
verified_by = "address_ok"
[[attribute]]
name = "city"
group = "address"
[[attribute]]
name = "first_channel"
group = "address"
survive = ["first"]
[[attribute]]
name = "given_name"
survive = ["most_frequent", "longest"]
[[attribute]]
name = "title"
survive = ["earliest"]
[[attribute]]
name = "size"
[[attribute]]
name = "address_ok"
"#;

fn rules(undeclared: &str) -> Rules {
    Rules::new(Policy::from_toml(&format!("undeclared_attributes = \"{undeclared}\"\n{POLICY}")).unwrap()).unwrap()
}

fn record(source: &str, key: &str, second: i64, attributes: &[(&str, &str)]) -> Record {
    let record = Record::new(source, key, Timestamp::from_milliseconds(second * 1000).unwrap());
    attributes.iter().fold(record, |record, &(name, value)| record.attribute(name, value))
}

/// Checks the golden record as lines of `attribute=value source/key rule`.
fn check(undeclared: &str, records: &[Record], expected: &[&str]) {
    let golden = fold(&rules(undeclared), records);
    let lines: Vec<String> = golden
        .values
        .iter()
        .filter(|found| found.attribute != "address_ok")
        .map(|found| {
            let (name, value, rule) = (&found.attribute, &found.value, found.rule.name());
            format!("{name}={value} {}/{} {rule}", found.record.source, found.record.key)
        })
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_group_is_taken_whole_from_one_record() {
    let old = record("crm", "1", 1, &[("street", "Elm 1"), ("city", "Ulm")]);
    let new = record("crm", "2", 2, &[("city", "Bonn")]);
    check("keep", &[old, new], &["city=Bonn crm/2 most_recent"]);
}

#[test]
fn the_more_trusted_source_wins_over_the_newer() {
    let records = [
        record("crm", "1", 1, &[("street", "Elm 1")]),
        record("web", "1", 2, &[("street", "Oak 2")]),
        record("shop", "1", 3, &[("street", "Ash 3")]),
    ];
    check("keep", &records, &["street=Elm 1 crm/1 source"]);
    check("keep", &records[1..], &["street=Oak 2 web/1 source"]);
    let unranked = [records[2].clone(), record("app", "1", 4, &[("street", "Fir 4")])];
    check("keep", &unranked, &["street=Fir 4 app/1 most_recent"]);
}

#[test]
fn a_verified_value_wins_where_there_is_one() {
    let verified = record("shop", "1", 1, &[("street", "Ash 3"), ("address_ok", "yes")]);
    let trusted = record("crm", "1", 2, &[("street", "Elm 1"), ("address_ok", "no")]);
    check("drop", &[verified, trusted], &["street=Ash 3 shop/1 verified"]);
}

#[test]
fn nothing_falls_through() {
    for nothing in ["", "  ", "null", "N/A", "--", "guest"] {
        let records = [
            record("crm", "1", 1, &[("street", nothing), ("city", "")]),
            record("web", "1", 2, &[("street", "Oak 2")]),
        ];
        check("keep", &records, &["street=Oak 2 web/1 only"]);
    }
    let mut null = record("crm", "1", 3, &[]);
    null.attributes.push(("title".into(), Value::List(vec![Value::Null, "none".into()])));
    check("keep", &[null], &[]);
}

#[test]
fn zero_is_a_value() {
    check("keep", &[record("crm", "1", 1, &[("size", "0")])], &["size=0 crm/1 only"]);
}

#[test]
fn frequency_counts_records_and_folds_case() {
    let records = [
        record("web", "1", 1, &[("given_name", "ANN")]),
        record("web", "2", 2, &[("given_name", "Ann ")]),
        record("crm", "3", 3, &[("given_name", "Annabel")]),
    ];
    check("keep", &records, &["given_name=Ann  web/2 most_frequent"]);
    check("keep", &records[1..], &["given_name=Annabel crm/3 longest"]);
}

#[test]
fn first_takes_the_earliest_of_all_whatever_the_group_does() {
    let records = [
        record("crm", "1", 5, &[("street", "Elm 1"), ("first_channel", "shop")]),
        record("app", "1", 2, &[("first_channel", "app")]),
        record("web", "1", 1, &[("first_channel", "null")]),
    ];
    check("keep", &records, &["street=Elm 1 crm/1 only", "first_channel=app app/1 first"]);
}

#[test]
fn ties_go_to_the_newest_then_to_the_larger_key() {
    let size = |source, key, second, value| record(source, key, second, &[("size", value)]);
    check("keep", &[size("b", "1", 2, "M"), size("a", "9", 1, "L")], &["size=M b/1 most_recent"]);
    check("keep", &[size("a", "9", 1, "M"), size("b", "1", 1, "L")], &["size=L b/1 tie"]);
    let title = |key, value| record("a", key, 1, &[("title", value)]);
    check("keep", &[title("2", "Dr"), title("1", "Ms")], &["title=Dr a/2 tie"]);
}

#[test]
fn an_offset_does_not_decide() {
    let at = |text: &str, key: &str, size: &str| Record::new("a", key, text.parse().unwrap()).attribute("size", size);
    let records = [at("2026-01-05T10:00:00Z", "2", "M"), at("2026-01-05T11:00:00+01:00", "1", "L")];
    check("keep", &records, &["size=M a/2 tie"]);
}

#[test]
fn undeclared_attributes_are_kept_or_dropped() {
    let records = [
        record("crm", "1", 1, &[("pet", "cat"), ("size", "M"), ("car", "no")]),
        record("web", "1", 2, &[("pet", "dog"), ("car", "null")]),
    ];
    check("keep", &records, &["size=M crm/1 only", "car=no crm/1 only", "pet=dog web/1 most_recent"]);
    check("drop", &records, &["size=M crm/1 only"]);
    check("refuse", &records, &["size=M crm/1 only"]);
}

fn any_record(number: usize) -> impl Strategy<Value = Record> {
    const NAMES: [&str; 8] = ["street", "city", "first_channel", "given_name", "title", "size", "pet", "address_ok"];
    const VALUES: [&str; 7] = ["", "null", "a", "A", "bb", "true", "c c"];
    let attribute = (prop::sample::select(&NAMES[..]), prop::sample::select(&VALUES[..]));
    (prop::sample::select(&["crm", "web", "shop"][..]), 0_i64..3, prop::collection::vec(attribute, 0..6))
        .prop_map(move |(source, second, attributes)| record(source, &number.to_string(), second, &attributes))
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    (0_usize..8).prop_flat_map(|count| (0..count).map(any_record).collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn order_changes_nothing((records, shuffled) in records().prop_flat_map(|r| (Just(r.clone()), Just(r).prop_shuffle()))) {
        let rules = rules("keep");
        prop_assert_eq!(fold(&rules, &records), fold(&rules, &shuffled));
    }

    #[test]
    fn every_value_stands_in_the_record_it_names(records in records()) {
        let rules = rules("keep");
        for found in fold(&rules, &records).values {
            let record = records.iter().find(|record| record.key == found.record).unwrap();
            prop_assert_eq!(record.value(&found.attribute), Some(&found.value));
            prop_assert_eq!(record.at, found.at);
        }
    }
}

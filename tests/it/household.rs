//! Who shares a phone, a mailbox, a name: corroboration and exclusive attributes under answers that are not only yes and no.
//! Names are in canonical form but for case: the model reads no more.

use crate::cases::permutations;
use crate::subject;
use crate::world::World;
use onefold::{Operation, Policy, Record, Resolver};
use std::collections::BTreeSet;

/// Checks who is one person, in every order of arrival, against what is expected and against the model. Of each record
/// its attributes are given; all carry one value of one contact kind.
fn check(kind: &str, attributes: &str, records: &[&str], expected: &[&[usize]]) {
    let policy =
        format!(r#"{{"identifier": [{{"kind": "contact", "role": "contact"{kind}}}], "attribute": {attributes}}}"#);
    let policy: Policy = serde_json::from_str(&policy).unwrap();
    let record = |(key, attributes): (usize, &&str)| -> Record {
        let line = format!(
            r#"{{"source":"s","key":"{key}","at":{key},"identifiers":{{"contact":"c"}},"attributes":{{{attributes}}}}}"#
        );
        let Operation::Add(record) = Operation::from_json(line.as_bytes(), None).unwrap() else { panic!("{line}") };
        record
    };
    let records: Vec<Record> = records.iter().enumerate().map(record).collect();
    let expected: BTreeSet<BTreeSet<String>> =
        expected.iter().map(|person| person.iter().map(usize::to_string).collect()).collect();
    for order in permutations(&records) {
        let (resolver, mut world) = (Resolver::in_memory(policy.clone()).unwrap(), World::new(policy.clone()));
        for record in order {
            world.apply(&Operation::Add(record.clone()));
            resolver.add(record).unwrap();
            assert_eq!(subject::picture(&resolver), world.picture());
        }
        let people = subject::picture(&resolver).people;
        let people: BTreeSet<BTreeSet<String>> =
            people.iter().map(|person| person.iter().map(|evidence| evidence.key().1.clone()).collect()).collect();
        assert_eq!(people, expected);
    }
}

#[test]
fn a_phone_joins_those_who_go_by_one_name() {
    check(
        r#", "corroborate": ["name"]"#,
        r#"[{"name": "name", "compare": "full_name"}]"#,
        &[
            r#""name":"Bob Smith""#,
            r#""name":"Smith Robert E""#,
            r#""name":"Jane Smith""#,
            r#""name":"J Smith""#,
            r#""name":"Robert Smith""#,
        ],
        &[&[0, 1, 4], &[2, 3]],
    );
}

#[test]
fn an_initial_of_two_is_left_out() {
    check(
        r#", "corroborate": ["name"]"#,
        r#"[{"name": "name", "compare": "full_name"}]"#,
        &[r#""name":"John Smith""#, r#""name":"Jane Smith""#, r#""name":"J Smith""#, r#""name":"Jon Smith""#],
        &[&[0, 3], &[1], &[2]],
    );
}

#[test]
fn a_phone_joins_no_twins_and_no_father_and_son() {
    check(
        r#", "corroborate": ["given", "born"]"#,
        r#"[{"name": "given", "compare": "given_name"}, {"name": "born", "compare": "date"}]"#,
        &[
            r#""given":"Maria","born":"2001-02-03""#,
            r#""given":"Mario","born":"2001-02-03""#,
            r#""given":"Mario","born":"1970-02-03""#,
            r#""given":"Mario","born":"2001-03-02""#,
        ],
        &[&[0], &[1, 3], &[2]],
    );
}

#[test]
fn a_mailbox_joins_no_junior_and_senior() {
    check(
        "",
        r#"[{"name": "name", "compare": "full_name", "exclusive": true}]"#,
        &[r#""name":"Robert Smith Jr""#, r#""name":"Robert Smith Sr""#, r#""name":"Bob Smith Sr""#],
        &[&[0], &[1, 2]],
    );
}

#[test]
fn one_who_contradicts_nobody_goes_with_the_latest_before() {
    check(
        "",
        r#"[{"name": "given", "compare": "given_name", "exclusive": true}]"#,
        &[r#""given":"John""#, r#""given":"Jane""#, r#""given":"J""#, r#""given":"Johnny""#],
        &[&[0, 3], &[1, 2]],
    );
}

#[test]
fn a_given_name_in_the_place_of_the_family_name_excludes_nobody() {
    let names = r#"[{"name": "given", "compare": "given_name", "exclusive": true},
        {"name": "family", "compare": "surname"}]"#;
    let records = [
        r#""given":"tiffany","family":"pizarro""#,
        r#""given":"pizarro","family":"tiffany""#,
        r#""given":"marco","family":"pizarro""#,
        r#""given":"marco","family":"tiffany""#,
    ];
    check("", names, &records[..2], &[&[0, 1]]);
    check("", names, &records[..3], &[&[0, 1], &[2]]);
    check("", names, &[records[0], records[3]], &[&[0], &[1]]);
}

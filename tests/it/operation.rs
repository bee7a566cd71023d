//! Operations as JSON Lines: every line is read or refused by name, and what is written reads back.

use crate::event::event;
use onefold::{Assertion, ErrorKind, Operation, Record, RecordKey, Timestamp, Value, Verdict};
use proptest::prelude::*;

fn read(line: &str) -> Operation {
    Operation::from_json(line.as_bytes(), None).unwrap()
}

/// Checks that a line is refused with exactly this message.
fn refused(line: impl AsRef<[u8]>, message: &str) {
    let error = Operation::from_json(line.as_ref(), None).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!(error.kind(), ErrorKind::Input);
}

#[test]
fn a_record_is_read_with_every_form_of_a_value() {
    let line = r#"{"source":"crm","key":42,"at":1767607200000,"payload":"lake/42.json",
        "identifiers":{"phone":["b","a","b",null],"customer_id":9007199254740993,"email":null},
        "attributes":{"tags":["x",2,true,null],"name":"Ann","age":-3,"score":1.5,"big":18446744073709551615}}"#;
    let expected = Record::new("crm", "42", "2026-01-05T10:00:00Z".parse().unwrap())
        .identifier("customer_id", "9007199254740993")
        .identifier("phone", "a")
        .identifier("phone", "b")
        .attribute("age", -3)
        .attribute("big", "18446744073709551615")
        .attribute("name", "Ann")
        .attribute("score", Value::Number(1.5))
        .attribute("tags", Value::List(vec!["x".into(), 2.into(), true.into(), Value::Null]))
        .payload("lake/42.json");
    assert_eq!(read(line), Operation::Add(expected));
}

#[test]
fn other_operations_are_read() {
    let (a, b) = (RecordKey::new("crm", "42"), RecordKey::new("web", "7"));
    let separate = Assertion::new(Verdict::Separate, b.clone(), a.clone(), "steward", "twins").unwrap();
    let line = r#"{"op":"separate","a":["web","7"],"b":["crm","42"],"by":"steward","why":"twins"}"#;
    assert_eq!(read(line), Operation::Assert(separate));
    let join = Assertion::new(Verdict::Join, a.clone(), b.clone(), "", "").unwrap();
    assert_eq!(read(r#"{"op":"join","a":["crm",42],"b":["web","7"]}"#), Operation::Assert(join));
    let erase =
        Operation::Erase { identifier: onefold::Identifier::new("email", "ann@x.org"), request: "dsr-17".into() };
    let line = r#"{"identifier":["email","ann@x.org"],"op":"erase","request":"dsr-17"}"#;
    assert_eq!((read(line), erase.to_json().as_str()), (erase, line));
    assert_eq!(read(r#"{"op":"lift","a":["crm","42"],"b":["web","7"],"by":"x"}"#), Operation::Lift { a: a.clone(), b });
    assert_eq!(read(r#"{"op":"remove","what":"record","source":"crm","key":"42"}"#), Operation::Remove(a));
}

#[test]
fn a_record_without_a_time_takes_the_default() {
    let at: Timestamp = "2026-01-05T11:00:00+01:00".parse().unwrap();
    let Operation::Add(record) = Operation::from_json(br#"{"source":"a","key":"b"}"#, Some(at)).unwrap() else {
        panic!("not an add");
    };
    assert_eq!(record.at, at);
}

#[test]
fn a_wrong_line_is_refused_and_the_culprit_named() {
    refused(b"\xff{}", "line: is not UTF-8 after byte 0");
    refused("", "line: is not JSON: EOF while parsing a value at column 0");
    refused("[1]", "line: is a list, not a JSON object");
    refused(r#"{"source":"a","source":"b"}"#, "line: the key `source` comes twice");
    refused(
        r#"{"source":"a","key":"b","at":0,"identifiers":{"email":"x","email":"y"}}"#,
        "line: the key `email` comes twice",
    );
    refused(r#"{"source":"a","key":NaN}"#, "line: is not JSON: expected value at column 21");
    refused(r#"{"op":"consent"}"#, "field `source`: is missing");
    refused(r#"{"op":"erase"}"#, "field `identifier`: is missing");
    refused(
        r#"{"op":"erase","identifier":["email"],"request":"r"}"#,
        "field `identifier`: is not a list of a kind and a value",
    );
    refused(r#"{"op":"erase","identifier":["email"," "],"request":"r"}"#, "field `identifier`: is blank");
    refused(r#"{"op":"erase","identifier":["email","a@x.org"]}"#, "field `request`: is missing");
    refused(r#"{"op":"merge"}"#, "op: `merge` is not an operation");
    refused(r#"{"op":"ann@example.org"}"#, "op: (a name that is no plain word) is not an operation");
    refused(r#"{"op":1}"#, "field `op`: is a whole number, not text");
    refused(r#"{"source":"a"}"#, "field `key`: is missing");
    refused(r#"{"source":" ","key":"b"}"#, "field `source`: is blank");
    refused(r#"{"source":"a","key":"b"}"#, "field `at`: is missing");
    refused(r#"{"source":"a","key":"b","at":"yesterday"}"#, "field `at`: is not RFC 3339 (as 2026-01-05T10:00:00Z)");
    refused(r#"{"source":"a","key":"b","at":9223372036854775807}"#, "field `at`: is outside the years -9999 to 9999");
    refused(
        r#"{"source":"a","key":"b","at":1.5}"#,
        "field `at`: is a number that is not whole or over 64 bits, not RFC 3339 or Unix milliseconds",
    );
    refused(r#"{"source":"a","key":"b","at":0,"emial":"x"}"#, "line: `emial` is not a field of this operation");
    refused(r#"{"source":"a","key":"b","at":0,"identifiers":[]}"#, "field `identifiers`: is a list, not an object");
    refused(
        r#"{"source":"a","key":"b","at":0,"identifiers":{"email":true}}"#,
        "field `identifiers.email`: is true or false, not text or a whole number",
    );
    refused(
        r#"{"source":"a","key":"b","at":0,"identifiers":{"email":[["x"]]}}"#,
        "field `identifiers.email`: is a list, not text or a whole number",
    );
    refused(
        r#"{"source":"a","key":"b","at":0,"identifiers":{"id":123456789012345678901234567890}}"#,
        "field `identifiers.id`: is a number that is not whole or over 64 bits, not text or a whole number",
    );
    refused(
        r#"{"source":"a","key":"b","at":0,"attributes":{"address":{"city":"x"}}}"#,
        "field `attributes.address`: is an object, not a scalar or a list of scalars",
    );
    refused(r#"{"op":"lift","a":["crm"],"b":["web","7"]}"#, "field `a`: is not a list of a source and a key");
    refused(r#"{"op":"join","a":["crm","1"],"b":["crm","1"]}"#, "assertion: a record is never asserted against itself");
    refused(r#"{"op":"remove","what":"consent","source":"a"}"#, "field `key`: is missing");
    refused("[".repeat(100_000), "line: is not JSON: recursion limit exceeded at column 128");
}

#[test]
fn a_line_over_the_limit_is_refused_with_its_number() {
    let line = vec![b' '; Operation::BYTES_MAX + 1];
    let error = Operation::from_json(&line, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert_eq!(error.to_string(), "the length of a line in bytes is over its limit of 1048576");
}

#[test]
fn the_canonical_form_does_not_depend_on_order() {
    let record = |kinds: [(&str, &str); 3]| {
        let mut record = Record::new("a", "b", Timestamp::from_milliseconds(0).unwrap());
        for (kind, value) in kinds {
            record = record.identifier(kind, value).attribute(value, kind);
        }
        record
    };
    let one = record([("e", "2"), ("p", "3"), ("e", "1")]);
    let other = record([("e", "1"), ("e", "2"), ("p", "3")]);
    assert_eq!(one.canonical_json(), other.canonical_json());
    let expected = r#"{"at":"1970-01-01T00:00:00Z","attributes":{"1":"e","2":"e","3":"p"},"identifiers":{"e":["1","2"],"p":"3"},"key":"b","source":"a"}"#;
    assert_eq!(String::from_utf8(one.canonical_json()).unwrap(), expected);
    assert_eq!(one.canonical(), other.canonical());
}

#[test]
fn debug_shows_no_value() {
    let line = r#"{"op":"join","a":["crm","ann@x"],"b":["web","secret"],"by":"ann","why":"secret"}"#;
    assert_eq!(format!("{:?}", read(line)), "Assert(Join crm/.. web/..)");
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Number),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Value::List))
}

pub(crate) fn key() -> impl Strategy<Value = RecordKey> {
    ("[^\\s]{1,4}", "[^\\s].{0,4}").prop_map(|(source, key)| RecordKey::new(source, key))
}

fn record() -> impl Strategy<Value = Record> {
    let identifiers = prop::collection::vec((".{0,3}", ".{0,6}"), 0..4);
    let attributes = prop::collection::vec((".{0,3}", value()), 0..4);
    (key(), any::<i32>(), identifiers, attributes, proptest::option::of(".{0,5}")).prop_map(
        |(key, seconds, identifiers, attributes, payload)| {
            let at = Timestamp::from_microseconds(i64::from(seconds) * 1_000_001).unwrap();
            let mut record = Record::new(key.source, key.key, at);
            for (kind, value) in identifiers {
                record = record.identifier(kind, value);
            }
            record.attributes = attributes.into_iter().map(|(name, value)| (name.into(), value)).collect();
            record.payload = payload.map(Into::into);
            record
        },
    )
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        record().prop_map(|record| Operation::Add(record.canonical())),
        key().prop_map(Operation::Remove),
        event().prop_map(|event| Operation::Event(Box::new(event.canonical()))),
        key().prop_map(Operation::RemoveEvent),
        (key(), key(), any::<bool>(), ".{0,5}").prop_filter_map("one record", |(a, b, join, by)| {
            let verdict = if join { Verdict::Join } else { Verdict::Separate };
            Assertion::new(verdict, a, b, by, "").ok().map(Operation::Assert)
        }),
        (key(), key()).prop_filter_map("one record", |(a, b)| (a < b).then_some(Operation::Lift { a, b })),
    ]
}

/// Bytes that get past the first checks more often than random ones.
fn almost_json() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"op\":",
        "\"add\"",
        "\"at\":",
        "0",
        "-1",
        "1e999",
        "\"identifiers\":{",
        "\"a\"",
        "\"source\":\"s\"",
        "\"key\":\"k\"",
        "\"attributes\":{",
        "\"\\ud800\"",
        "null",
        "true",
        " ",
        "\"b\":[",
        "\"event\"",
        "\"kind\":\"view\"",
        "\"lines\":[{",
        "\"facets\":{",
        "\"amount\":",
        "0.1",
        "\"preference\":{",
        "\"message\":{",
        "}]",
    ]);
    prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), almost_json()]) {
        if let Ok(operation) = Operation::from_json(&bytes, None) {
            prop_assert_eq!(read(&operation.to_json()), operation);
        }
    }

    #[test]
    fn what_is_written_reads_back(operation in operation()) {
        let json = operation.to_json();
        prop_assert_eq!(read(&json), operation);
        prop_assert_eq!(read(&json).to_json(), json);
    }

    #[test]
    fn the_canonical_form_decides_for_the_content(record in record()) {
        prop_assert_eq!(record.clone().canonical().canonical_json(), record.canonical_json());
    }
}

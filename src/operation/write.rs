//! Writing an operation as a line of JSON, the same bytes for the same content.

use super::Operation;
use super::write_event::event_line;
use crate::record::{Identifier, Record, RecordKey, Verdict};
use crate::value::Value;
use serde::Serialize;
use smol_str::SmolStr;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

impl Operation {
    /// Writes the operation as one line, without the line's end: keys sorted, no white space, one value of an
    /// identifier as text and several as a sorted list. [`Operation::from_json`] reads it back.
    pub fn to_json(&self) -> String {
        match self {
            Self::Add(record) => to_json(&RecordLine::of(record, Some("add"))),
            Self::Remove(key) => to_json(&RemoveLine::of(key, None)),
            Self::Event(event) => event_line(event),
            Self::RemoveEvent(key) => to_json(&RemoveLine::of(key, Some("event"))),
            Self::RemoveConsent(key) => to_json(&RemoveLine::of(key, Some("consent"))),
            Self::Assert(assertion) => {
                let op = match assertion.verdict {
                    Verdict::Join => "join",
                    Verdict::Separate => "separate",
                };
                let (by, why) = (Some(assertion.by.as_str()), Some(assertion.why.as_str()));
                to_json(&PairLine { a: pair(&assertion.a), b: pair(&assertion.b), by, op, why })
            }
            Self::Erase { identifier, request } => {
                let identifier = [&identifier.kind, &identifier.value];
                to_json(&EraseLine { identifier, op: "erase", request })
            }
            Self::Lift { a, b } => to_json(&PairLine { a: pair(a), b: pair(b), by: None, op: "lift", why: None }),
        }
    }
}

impl Record {
    /// Brings the record to the one order of its content: identifiers sorted, each once; attributes by name, the last
    /// value of a name; a number that is not finite is null. Two records of the same canonical form say the same.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        sort(&mut self.identifiers);
        sort_attributes(&mut self.attributes);
        self
    }

    /// Writes the canonical form as JSON bytes: what decides between two versions of one time (the larger stands).
    pub fn canonical_json(&self) -> Vec<u8> {
        to_json(&RecordLine::of(self, None)).into_bytes()
    }

    /// Says whether this version replaces another: it is later, or told of the same instant with the larger canonical
    /// bytes.
    pub fn supersedes(&self, old: &Self) -> bool {
        match self.at.microseconds().cmp(&old.at.microseconds()) {
            Ordering::Equal => self != old && self.canonical_json() > old.canonical_json(),
            later => later.is_gt(),
        }
    }
}

/// Brings a list whose order says nothing to one order, each once.
pub(super) fn sort<T: Ord>(list: &mut Vec<T>) {
    list.sort();
    list.dedup();
    // It is kept for long, a million times over.
    list.shrink_to_fit();
}

/// Sorts attributes by name, the last value of a name, each a value that JSON has.
pub(super) fn sort_attributes(attributes: &mut Vec<(SmolStr, Value)>) {
    attributes.reverse();
    attributes.sort_by(|(a, _), (b, _)| a.cmp(b));
    attributes.dedup_by(|(later, _), (kept, _)| later == kept);
    for (_, value) in attributes.iter_mut() {
        make_finite(value);
    }
    attributes.shrink_to_fit();
}

fn make_finite(value: &mut Value) {
    match value {
        Value::Number(number) if !number.is_finite() => *value = Value::Null,
        Value::List(values) => values.iter_mut().for_each(make_finite),
        _ => {}
    }
}

// The fields of the lines stand in the order of their names, which is the order that they are written in.

#[derive(Serialize)]
struct RecordLine<'a> {
    at: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'a SmolStr, &'a Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    identifiers: BTreeMap<&'a SmolStr, Values<'a>>,
    key: &'a SmolStr,
    #[serde(skip_serializing_if = "Option::is_none")]
    op: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a SmolStr>,
    source: &'a SmolStr,
}

impl<'a> RecordLine<'a> {
    fn of(record: &'a Record, op: Option<&'static str>) -> Self {
        Self {
            at: record.at.to_string(),
            attributes: record.attributes.iter().map(|(name, value)| (name, value)).collect(),
            identifiers: by_kind(&record.identifiers),
            key: &record.key.key,
            op,
            payload: record.payload.as_ref(),
            source: &record.key.source,
        }
    }
}

/// Identifiers as they are written: by kind, each value once.
pub(super) fn by_kind(identifiers: &[Identifier]) -> BTreeMap<&SmolStr, Values<'_>> {
    several(identifiers.iter().map(|identifier| (&identifier.kind, &identifier.value)))
}

/// What has names and values, by name, each value once.
pub(super) fn several<'a>(
    pairs: impl Iterator<Item = (&'a SmolStr, &'a SmolStr)>,
) -> BTreeMap<&'a SmolStr, Values<'a>> {
    let mut named: BTreeMap<_, Values<'a>> = BTreeMap::new();
    for (name, value) in pairs {
        named.entry(name).or_default().0.insert(value);
    }
    named
}

/// Values of one name: one by itself, several as a list.
#[derive(Default)]
pub(super) struct Values<'a>(BTreeSet<&'a SmolStr>);

impl Serialize for Values<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.first() {
            Some(only) if self.0.len() == 1 => only.serialize(serializer),
            _ => self.0.serialize(serializer),
        }
    }
}

#[derive(Serialize)]
struct RemoveLine<'a> {
    key: &'a SmolStr,
    op: &'static str,
    source: &'a SmolStr,
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<&'static str>,
}

impl<'a> RemoveLine<'a> {
    fn of(key: &'a RecordKey, what: Option<&'static str>) -> Self {
        Self { key: &key.key, op: "remove", source: &key.source, what }
    }
}

#[derive(Serialize)]
struct PairLine<'a> {
    a: [&'a SmolStr; 2],
    b: [&'a SmolStr; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

#[derive(Serialize)]
struct EraseLine<'a> {
    identifier: [&'a SmolStr; 2],
    op: &'static str,
    request: &'a str,
}

fn pair(key: &RecordKey) -> [&SmolStr; 2] {
    [&key.source, &key.key]
}

/// Writing to memory fails only for maps whose keys are not text, and there are none.
pub(super) fn to_json(line: &impl Serialize) -> String {
    serde_json::to_string(line).unwrap_or_default()
}

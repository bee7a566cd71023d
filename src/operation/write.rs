//! Writing an operation as a line of JSON, the same bytes for the same content.

use super::Operation;
use crate::record::{Record, RecordKey, Verdict};
use crate::value::Value;
use serde::Serialize;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

impl Operation {
    /// Writes the operation as one line, without the line's end: keys sorted, no white space, one value of an
    /// identifier as text and several as a sorted list. [`Operation::from_json`] reads it back.
    pub fn to_json(&self) -> String {
        match self {
            Self::Add(record) => to_json(&RecordLine::of(record, Some("add"))),
            Self::Remove(RecordKey { source, key }) => to_json(&RemoveLine { key, op: "remove", source }),
            Self::Assert(assertion) => {
                let op = match assertion.verdict {
                    Verdict::Join => "join",
                    Verdict::Separate => "separate",
                };
                let (by, why) = (Some(assertion.by.as_str()), Some(assertion.why.as_str()));
                to_json(&PairLine { a: pair(&assertion.a), b: pair(&assertion.b), by, op, why })
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
        self.identifiers.sort();
        self.identifiers.dedup();
        self.attributes.reverse();
        self.attributes.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.attributes.dedup_by(|(later, _), (kept, _)| later == kept);
        for (_, value) in &mut self.attributes {
            make_finite(value);
        }
        // It is kept for long, a million times over.
        self.identifiers.shrink_to_fit();
        self.attributes.shrink_to_fit();
        self
    }

    /// Writes the canonical form as JSON bytes: what decides between two versions of one time (the larger stands).
    pub fn canonical_json(&self) -> Vec<u8> {
        to_json(&RecordLine::of(self, None)).into_bytes()
    }

    /// Says whether this version replaces another: it is later, or told of the same instant with the larger canonical
    /// bytes.
    pub(crate) fn supersedes(&self, old: &Self) -> bool {
        match self.at.microseconds().cmp(&old.at.microseconds()) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => self != old && self.canonical_json() > old.canonical_json(),
        }
    }
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
        let mut identifiers: BTreeMap<_, Values<'a>> = BTreeMap::new();
        for identifier in &record.identifiers {
            identifiers.entry(&identifier.kind).or_default().0.insert(&identifier.value);
        }
        let attributes = record.attributes.iter().map(|(name, value)| (name, value)).collect();
        let (key, source) = (&record.key.key, &record.key.source);
        Self { at: record.at.to_string(), attributes, identifiers, key, op, payload: record.payload.as_ref(), source }
    }
}

#[derive(Default)]
struct Values<'a>(BTreeSet<&'a SmolStr>);

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

fn pair(key: &RecordKey) -> [&SmolStr; 2] {
    [&key.source, &key.key]
}

/// Writing to memory fails only for maps whose keys are not text, and there are none.
fn to_json(line: &impl Serialize) -> String {
    serde_json::to_string(line).unwrap_or_default()
}

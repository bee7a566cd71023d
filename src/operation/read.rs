//! Reading an operation from a line of JSON.

use super::Operation;
use super::fields::{Fields, scalar, wrong};
use super::json::{Json, shown};
use super::read_event::{consent, event};
use crate::error::{Error, Result};
use crate::record::{Assertion, Identifier, Record, RecordKey, Verdict};
use crate::time::Timestamp;
use smol_str::SmolStr;

impl Operation {
    /// The longest line that is read, in bytes.
    pub const BYTES_MAX: usize = 1 << 20;

    /// Reads one line. A record or an event without `at` takes `default_at`. Both come back in their canonical order.
    /// O(length of the line).
    ///
    /// # Errors
    /// `Input` where the line is not JSON, has a field that is unknown, missing or of the wrong type, or an operation
    /// that is not known; the message names the field and never shows a value. `Limit` where the line
    /// is longer than [`Operation::BYTES_MAX`].
    pub fn from_json(line: &[u8], default_at: Option<Timestamp>) -> Result<Self> {
        if line.len() > Self::BYTES_MAX {
            return Err(Error::limit("the length of a line in bytes", Self::BYTES_MAX as u64));
        }
        let mut fields = Fields::of_line(Json::read(line)?)?;
        let name = fields.text("op")?.unwrap_or(SmolStr::new_static("add"));
        let operation = match name.as_str() {
            "add" => Self::Add(record(&mut fields, default_at)?),
            "event" => Self::Event(Box::new(event(&mut fields, default_at)?)),
            "consent" => Self::Event(Box::new(consent(&mut fields, default_at)?)),
            "remove" => removal(&mut fields)?,
            "join" => Self::Assert(assertion(&mut fields, Verdict::Join)?),
            "separate" => Self::Assert(assertion(&mut fields, Verdict::Separate)?),
            "lift" => {
                let assertion = assertion(&mut fields, Verdict::Join)?;
                Self::Lift { a: assertion.a, b: assertion.b }
            }
            "erase" => erasure(&mut fields)?,
            other => return Err(Error::input("op", format!("{} is not an operation", shown(other)))),
        };
        fields.finish()?;
        Ok(operation)
    }
}

fn record(fields: &mut Fields, default_at: Option<Timestamp>) -> Result<Record> {
    let key = key(fields)?;
    let at = at(fields, default_at)?;
    let identifiers = fields.identifiers("identifiers")?;
    let attributes = fields.attributes("attributes")?;
    let payload = fields.text("payload")?;
    Ok(Record { key, at, identifiers, attributes, payload }.canonical())
}

fn removal(fields: &mut Fields) -> Result<Operation> {
    match fields.text("what")?.as_deref() {
        None | Some("record") => key(fields).map(Operation::Remove),
        Some("event") => key(fields).map(Operation::RemoveEvent),
        Some("consent") => key(fields).map(Operation::RemoveConsent),
        Some(other) => Err(wrong("what", format!("{} is nothing that can be removed", shown(other)))),
    }
}

fn assertion(fields: &mut Fields, verdict: Verdict) -> Result<Assertion> {
    let (a, b) = (pair(fields, "a")?, pair(fields, "b")?);
    let (by, why) = (fields.text("by")?.unwrap_or_default(), fields.text("why")?.unwrap_or_default());
    Assertion::new(verdict, a, b, by, why)
}

fn erasure(fields: &mut Fields) -> Result<Operation> {
    let [kind, value] = two(fields, "identifier", "is not a list of a kind and a value")?;
    let identifier = Identifier { kind: name("identifier", kind)?, value: name("identifier", value)? };
    Ok(Operation::Erase { identifier, request: name("request", fields.take("request"))? })
}

/// Reads under which key something is told.
pub(super) fn key(fields: &mut Fields) -> Result<RecordKey> {
    let source = fields.take("source");
    Ok(RecordKey { source: name("source", source)?, key: name("key", fields.take("key"))? })
}

/// Reads when it was so.
pub(super) fn at(fields: &mut Fields, default_at: Option<Timestamp>) -> Result<Timestamp> {
    fields.time("at")?.or(default_at).ok_or_else(|| wrong("at", "is missing"))
}

fn pair(fields: &mut Fields, field: &'static str) -> Result<RecordKey> {
    let [source, key] = two(fields, field, "is not a list of a source and a key")?;
    Ok(RecordKey { source: name(field, source)?, key: name(field, key)? })
}

fn two(fields: &mut Fields, field: &'static str, otherwise: &str) -> Result<[Json; 2]> {
    let parts = match fields.take(field) {
        Json::List(parts) => <[Json; 2]>::try_from(parts).ok(),
        Json::Null => return Err(wrong(field, "is missing")),
        _ => None,
    };
    parts.ok_or_else(|| wrong(field, otherwise))
}

/// Reads a part of a key: never empty.
fn name(field: &str, value: Json) -> Result<SmolStr> {
    let name = scalar(|| field.to_owned(), value)?.ok_or_else(|| wrong(field, "is missing"))?;
    if name.trim().is_empty() { Err(wrong(field, "is blank")) } else { Ok(name) }
}

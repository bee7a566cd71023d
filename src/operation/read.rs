//! Reading an operation from a line of JSON.

use super::Operation;
use super::json::{Json, shown};
use crate::error::{Error, Result};
use crate::record::{Assertion, Identifier, Record, RecordKey, Verdict};
use crate::time::Timestamp;
use crate::value::Value;
use smol_str::SmolStr;

impl Operation {
    /// The longest line that is read, in bytes.
    pub const BYTES_MAX: usize = 1 << 20;

    /// Reads one line. A record without `at` takes `default_at`. The record comes back in its canonical order.
    /// O(length of the line).
    ///
    /// # Errors
    /// `Input` where the line is not JSON, has a field that is unknown, missing or of the wrong type, or an operation
    /// that is not known or not supported; the message names the field and never shows a value. `Limit` where the line
    /// is longer than [`Operation::BYTES_MAX`].
    pub fn from_json(line: &[u8], default_at: Option<Timestamp>) -> Result<Self> {
        if line.len() > Self::BYTES_MAX {
            return Err(Error::limit("the length of a line in bytes", Self::BYTES_MAX as u64));
        }
        let mut fields = Fields::of(Json::read(line)?)?;
        let name = fields.text("op")?.unwrap_or(SmolStr::new_static("add"));
        let operation = match name.as_str() {
            "add" => Self::Add(record(&mut fields, default_at)?),
            "remove" => Self::Remove(removal(&mut fields)?),
            "join" => Self::Assert(assertion(&mut fields, Verdict::Join)?),
            "separate" => Self::Assert(assertion(&mut fields, Verdict::Separate)?),
            "lift" => {
                let assertion = assertion(&mut fields, Verdict::Join)?;
                Self::Lift { a: assertion.a, b: assertion.b }
            }
            "event" | "consent" | "erase" => {
                return Err(Error::input("op", format!("operation `{name}` is not supported yet")));
            }
            other => return Err(Error::input("op", format!("{} is not an operation", shown(other)))),
        };
        fields.finish()?;
        Ok(operation)
    }
}

fn record(fields: &mut Fields, default_at: Option<Timestamp>) -> Result<Record> {
    let key = record_key(fields)?;
    let at = match fields.take("at") {
        Json::Null => default_at.ok_or_else(|| wrong("at", "is missing"))?,
        Json::Text(text) => text.parse().map_err(|_| wrong("at", "is not RFC 3339 (as 2026-01-05T10:00:00Z)"))?,
        Json::Integer(digits) => digits
            .parse()
            .ok()
            .and_then(|milliseconds| Timestamp::from_milliseconds(milliseconds).ok())
            .ok_or_else(|| wrong("at", "is outside the years -9999 to 9999"))?,
        other => return Err(wrong("at", format!("is {}, not RFC 3339 or Unix milliseconds", other.type_name()))),
    };
    let mut identifiers = Vec::new();
    for (kind, value) in fields.map("identifiers")? {
        let values = match value {
            Json::List(values) => values,
            one => vec![one],
        };
        for value in values {
            if let Some(value) = scalar(&format!("identifiers.{}", plain(&kind)), value)? {
                identifiers.push(Identifier { kind: SmolStr::new(&kind), value });
            }
        }
    }
    let mut attributes = Vec::new();
    for (name, value) in fields.map("attributes")? {
        let value = attribute(value).ok_or_else(|| {
            wrong(&format!("attributes.{}", plain(&name)), "is an object, not a scalar or a list of scalars")
        })?;
        attributes.push((SmolStr::new(&name), value));
    }
    let payload = fields.text("payload")?;
    Ok(Record { key, at, identifiers, attributes, payload }.canonical())
}

fn removal(fields: &mut Fields) -> Result<RecordKey> {
    match fields.text("what")?.as_deref() {
        None | Some("record") => record_key(fields),
        Some(what @ ("event" | "consent")) => {
            Err(wrong("what", format!("operation `remove` of `{what}` is not supported yet")))
        }
        Some(other) => Err(wrong("what", format!("{} is nothing that can be removed", shown(other)))),
    }
}

fn assertion(fields: &mut Fields, verdict: Verdict) -> Result<Assertion> {
    let (a, b) = (pair(fields, "a")?, pair(fields, "b")?);
    let (by, why) = (fields.text("by")?.unwrap_or_default(), fields.text("why")?.unwrap_or_default());
    Assertion::new(verdict, a, b, by, why)
}

fn record_key(fields: &mut Fields) -> Result<RecordKey> {
    let source = fields.take("source");
    Ok(RecordKey { source: name("source", source)?, key: name("key", fields.take("key"))? })
}

fn pair(fields: &mut Fields, field: &'static str) -> Result<RecordKey> {
    let parts = match fields.take(field) {
        Json::List(parts) => <[Json; 2]>::try_from(parts).ok(),
        Json::Null => return Err(wrong(field, "is missing")),
        _ => None,
    };
    let [source, key] = parts.ok_or_else(|| wrong(field, "is not a list of a source and a key"))?;
    Ok(RecordKey { source: name(field, source)?, key: name(field, key)? })
}

/// Reads a part of a record's key: never empty.
fn name(field: &str, value: Json) -> Result<SmolStr> {
    let name = scalar(field, value)?.ok_or_else(|| wrong(field, "is missing"))?;
    if name.trim().is_empty() { Err(wrong(field, "is blank")) } else { Ok(name) }
}

/// Reads text, or a whole number as its digits; nothing for null.
fn scalar(field: &str, value: Json) -> Result<Option<SmolStr>> {
    match value {
        Json::Null => Ok(None),
        Json::Text(text) | Json::Integer(text) => Ok(Some(text.into())),
        other => Err(wrong(field, format!("is {}, not text or a whole number", other.type_name()))),
    }
}

/// Reads a scalar or a list; nothing for an object.
fn attribute(value: Json) -> Option<Value> {
    Some(match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        // A number too large for 64 bits with a sign keeps its digits as text: nothing significant is lost.
        Json::Integer(digits) => digits.parse().map_or_else(|_| Value::Text(digits.into()), Value::Integer),
        Json::Number(value) => Value::Number(value),
        Json::Text(text) => Value::Text(text.into()),
        Json::List(values) => Value::List(values.into_iter().map(attribute).collect::<Option<_>>()?),
        Json::Map(_) => return None,
    })
}

fn wrong(field: &str, reason: impl Into<String>) -> Error {
    Error::input(format!("field `{field}`"), reason)
}

/// A name for the second part of a field's path.
fn plain(name: &str) -> String {
    shown(name).trim_matches('`').to_owned()
}

/// The fields of a line that were not read yet.
struct Fields(Vec<(String, Json)>);

impl Fields {
    fn of(json: Json) -> Result<Self> {
        match json {
            Json::Map(entries) => Ok(Self(entries)),
            other => Err(Error::input("line", format!("is {}, not a JSON object", other.type_name()))),
        }
    }

    /// Takes a field out; one that is not there is null.
    fn take(&mut self, field: &str) -> Json {
        let place = self.0.iter().position(|(known, _)| known == field);
        place.map_or(Json::Null, |place| self.0.swap_remove(place).1)
    }

    fn text(&mut self, field: &'static str) -> Result<Option<SmolStr>> {
        match self.take(field) {
            Json::Null => Ok(None),
            Json::Text(text) => Ok(Some(text.into())),
            other => Err(wrong(field, format!("is {}, not text", other.type_name()))),
        }
    }

    fn map(&mut self, field: &'static str) -> Result<Vec<(String, Json)>> {
        match self.take(field) {
            Json::Null => Ok(Vec::new()),
            Json::Map(entries) => Ok(entries),
            other => Err(wrong(field, format!("is {}, not an object", other.type_name()))),
        }
    }

    /// Refuses fields that nothing read.
    fn finish(self) -> Result<()> {
        match self.0.iter().map(|(name, _)| name).min() {
            Some(name) => Err(Error::input("line", format!("{} is not a field of this operation", shown(name)))),
            None => Ok(()),
        }
    }
}

//! The fields of an object, taken out one by one; what nobody took is refused.

use super::json::{Json, shown};
use crate::error::{Error, Result};
use crate::event::Facet;
use crate::record::Identifier;
use crate::time::Timestamp;
use crate::value::Value;
use smol_str::SmolStr;

/// The most digits of which a computer's number keeps every one.
const NUMBER_DIGITS: usize = 15;

/// The fields of an object that were not read yet.
pub(super) struct Fields {
    /// Where the object is: empty for the line itself.
    path: String,
    entries: Vec<(String, Json)>,
}

impl Fields {
    /// Takes the object that a line is.
    pub(super) fn of_line(json: Json) -> Result<Self> {
        match json {
            Json::Map(entries) => Ok(Self { path: String::new(), entries }),
            other => Err(Error::input("line", format!("is {}, not a JSON object", other.type_name()))),
        }
    }

    fn within(path: String, json: Json) -> Result<Self> {
        match json {
            Json::Map(entries) => Ok(Self { path, entries }),
            other => Err(wrong(&path, format!("is {}, not an object", other.type_name()))),
        }
    }

    /// Takes a field out; one that is not there is null.
    pub(super) fn take(&mut self, field: &str) -> Json {
        let place = self.entries.iter().position(|(known, _)| known == field);
        place.map_or(Json::Null, |place| self.entries.swap_remove(place).1)
    }

    /// Makes the error of a field of this object.
    pub(super) fn wrong(&self, field: &str, reason: impl Into<String>) -> Error {
        wrong(&self.path_of(field), reason)
    }

    fn path_of(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// Takes text.
    pub(super) fn text(&mut self, field: &str) -> Result<Option<SmolStr>> {
        match self.take(field) {
            Json::Null => Ok(None),
            Json::Text(text) => Ok(Some(text.into())),
            other => Err(self.wrong(field, format!("is {}, not text", other.type_name()))),
        }
    }

    /// Takes text, or a whole number as its digits.
    pub(super) fn scalar(&mut self, field: &str) -> Result<Option<SmolStr>> {
        let value = self.take(field);
        scalar(|| self.path_of(field), value)
    }

    /// Takes text or a number, as it would be written.
    pub(super) fn number(&mut self, field: &str) -> Result<Option<SmolStr>> {
        let value = self.take(field);
        number(|| self.path_of(field), value)
    }

    /// Takes true or false; false where nothing is said.
    pub(super) fn flag(&mut self, field: &str) -> Result<bool> {
        match self.take(field) {
            Json::Null => Ok(false),
            Json::Bool(value) => Ok(value),
            other => Err(self.wrong(field, format!("is {}, not true or false", other.type_name()))),
        }
    }

    /// Takes a time: RFC 3339 or Unix milliseconds.
    pub(super) fn time(&mut self, field: &str) -> Result<Option<Timestamp>> {
        match self.take(field) {
            Json::Null => Ok(None),
            Json::Text(text) => match text.parse() {
                Ok(time) => Ok(Some(time)),
                Err(_) => Err(self.wrong(field, "is not RFC 3339 (as 2026-01-05T10:00:00Z)")),
            },
            Json::Integer(digits) => digits
                .parse()
                .ok()
                .and_then(|milliseconds| Timestamp::from_milliseconds(milliseconds).ok())
                .map(Some)
                .ok_or_else(|| self.wrong(field, "is outside the years -9999 to 9999")),
            other => Err(self.wrong(field, format!("is {}, not RFC 3339 or Unix milliseconds", other.type_name()))),
        }
    }

    /// Takes an object, to be read field by field.
    pub(super) fn object(&mut self, field: &str) -> Result<Option<Self>> {
        match self.take(field) {
            Json::Null => Ok(None),
            json => Self::within(self.path_of(field), json).map(Some),
        }
    }

    /// Takes a list of objects.
    pub(super) fn objects(&mut self, field: &str) -> Result<Vec<Self>> {
        let list = match self.take(field) {
            Json::Null => return Ok(Vec::new()),
            Json::List(list) => list,
            other => return Err(self.wrong(field, format!("is {}, not a list of objects", other.type_name()))),
        };
        let path = self.path_of(field);
        list.into_iter().enumerate().map(|(place, json)| Self::within(format!("{path}[{place}]"), json)).collect()
    }

    /// Takes an object of identifiers, each with a value or a list of them.
    pub(super) fn identifiers(&mut self, field: &str) -> Result<Vec<Identifier>> {
        let mut identifiers = Vec::new();
        for (kind, value) in self.map(field)? {
            for value in several(value) {
                if let Some(value) = scalar(|| format!("{}.{}", self.path_of(field), plain(&kind)), value)? {
                    identifiers.push(Identifier { kind: SmolStr::new(&kind), value });
                }
            }
        }
        Ok(identifiers)
    }

    /// Takes an object of facets, each with a value or a list of them.
    pub(super) fn facets(&mut self, field: &str) -> Result<Vec<Facet>> {
        let mut facets = Vec::new();
        for (name, value) in self.map(field)? {
            for value in several(value) {
                if let Some(value) = number(|| format!("{}.{}", self.path_of(field), plain(&name)), value)? {
                    facets.push(Facet { name: SmolStr::new(&name), value });
                }
            }
        }
        Ok(facets)
    }

    /// Takes an object of attributes.
    pub(super) fn attributes(&mut self, field: &str) -> Result<Vec<(SmolStr, Value)>> {
        let mut attributes = Vec::new();
        for (name, value) in self.map(field)? {
            let value = attribute(value).ok_or_else(|| {
                self.wrong(&format!("{field}.{}", plain(&name)), "is an object, not a scalar or a list of scalars")
            })?;
            attributes.push((SmolStr::new(&name), value));
        }
        Ok(attributes)
    }

    fn map(&mut self, field: &str) -> Result<Vec<(String, Json)>> {
        match self.take(field) {
            Json::Null => Ok(Vec::new()),
            Json::Map(entries) => Ok(entries),
            other => Err(self.wrong(field, format!("is {}, not an object", other.type_name()))),
        }
    }

    /// Refuses fields that nothing read.
    pub(super) fn finish(self) -> Result<()> {
        let Some(name) = self.entries.iter().map(|(name, _)| name).min() else { return Ok(()) };
        Err(match self.path.as_str() {
            "" => Error::input("line", format!("{} is not a field of this operation", shown(name))),
            path => wrong(path, format!("{} is not a field of it", shown(name))),
        })
    }
}

/// Makes the error of a field.
pub(super) fn wrong(field: &str, reason: impl Into<String>) -> Error {
    Error::input(format!("field `{field}`"), reason)
}

/// Reads text, or a whole number as its digits; nothing for null.
pub(super) fn scalar(field: impl Fn() -> String, value: Json) -> Result<Option<SmolStr>> {
    match value {
        Json::Null => Ok(None),
        Json::Text(text) | Json::Integer(text) => Ok(Some(text.into())),
        other => Err(wrong(&field(), format!("is {}, not text or a whole number", other.type_name()))),
    }
}

/// Reads text, or a number as it is written in full. One of more digits than a computer's number keeps is refused:
/// what was sent cannot be told from it.
fn number(field: impl Fn() -> String, value: Json) -> Result<Option<SmolStr>> {
    match value {
        Json::Null => Ok(None),
        Json::Text(text) | Json::Integer(text) => Ok(Some(text.into())),
        Json::Number(number) => {
            let written = number.to_string();
            let digits =
                written.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').collect::<Vec<_>>();
            let ending =
                if written.contains('.') { 0 } else { digits.iter().rev().take_while(|d| **d == b'0').count() };
            if digits.len() - ending > NUMBER_DIGITS {
                let reason =
                    format!("has more than {NUMBER_DIGITS} digits, of which a number of JSON may lose some: send text");
                return Err(wrong(&field(), reason));
            }
            Ok(Some(written.into()))
        }
        other => Err(wrong(&field(), format!("is {}, not text or a number", other.type_name()))),
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

fn several(value: Json) -> Vec<Json> {
    match value {
        Json::List(values) => values,
        one => vec![one],
    }
}

/// A name for the second part of a field's path.
fn plain(name: &str) -> String {
    shown(name).trim_matches('`').to_owned()
}

//! JSON as it stands in a line: numbers keep their digits, and a key that comes twice is an error.

use crate::error::{Error, Result};
use serde::{Deserialize, Deserializer, de};
use serde_json::error::Category;
use std::collections::BTreeSet;
use std::fmt;

/// A JSON value. It holds personal values, so it has no `Debug`.
pub(super) enum Json {
    Null,
    Bool(bool),
    /// A whole number within 64 bits, as its digits.
    Integer(String),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

impl Json {
    /// Reads one value and nothing after it.
    pub(super) fn read(line: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(line)
            .map_err(|error| Error::input("line", format!("is not UTF-8 after byte {}", error.valid_up_to())))?;
        serde_json::from_str(text).map_err(|error| {
            // What serde_json says of syntax holds no value, and what this module says of data names plain keys only.
            let message = error.to_string();
            let reason = message.split(" at line ").next().unwrap_or_default();
            let reason = match error.classify() {
                Category::Data => reason.to_owned(),
                _ => format!("is not JSON: {reason} at column {}", error.column()),
            };
            Error::input("line", reason)
        })
    }

    /// Names the type, for messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Integer(_) => "a whole number",
            Self::Number(_) => "a number that is not whole or over 64 bits",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
        }
    }
}

/// Quotes a name that came with the input, if it looks like a name: a value in a name's place must not be shown.
pub(super) fn shown(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let named =
        name.len() <= 64 && name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.bytes().all(plain);
    if named { format!("`{name}`") } else { "(a name that is no plain word)".to_owned() }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> de::Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> std::result::Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> std::result::Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> std::result::Result<Json, E> {
        Ok(Json::Integer(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> std::result::Result<Json, E> {
        Ok(Json::Integer(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> std::result::Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> std::result::Result<Json, A::Error> {
        let mut seen = BTreeSet::new();
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Json>()? {
            if !seen.insert(key.clone()) {
                return Err(de::Error::custom(format_args!("the key {} comes twice", shown(&key))));
            }
            entries.push((key, value));
        }
        Ok(Json::Map(entries))
    }
}

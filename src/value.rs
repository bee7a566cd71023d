//! The value of an attribute.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use smol_str::SmolStr;
use std::fmt;

/// The value of an attribute, as a source sent it. `Debug` shows its shape, never its content.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// Says that the source knows of no value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other finite number.
    Number(f64),
    /// Text.
    Text(SmolStr),
    /// Several values of one attribute, in the source's order.
    List(Vec<Value>),
}

/// Writes JSON values to formats for people, and JSON text to formats that do not describe themselves.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_str(&serde_json::to_string(self).map_err(ser::Error::custom)?);
        }
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(values) => serializer.collect_seq(values),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(Shape);
        }
        serde_json::from_str(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

struct Shape;

impl<'de> de::Visitor<'de> for Shape {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, true, false, null or a list of these")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        // A number too large for 64 bits with a sign keeps its digits as text: nothing significant is lost.
        Ok(i64::try_from(value).map_or_else(|_| Value::Text(value.to_string().into()), Value::Integer))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.into()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }
}

impl Value {
    /// Says whether there is nothing in it: null, blank text, or a list of nothing.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::List(values) => values.iter().all(Self::is_empty),
            Self::Bool(_) | Self::Integer(_) | Self::Number(_) => false,
        }
    }

    /// The number that it is; of text none, whatever it says.
    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// Writes the value as people read it: text bare, a list joined by `, `.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(value) => fmt::Display::fmt(value, f),
            Self::Integer(value) => fmt::Display::fmt(value, f),
            Self::Number(value) => fmt::Debug::fmt(value, f),
            Self::Text(text) => f.write_str(text),
            Self::List(values) => values.iter().enumerate().try_for_each(|(place, value)| {
                if place > 0 {
                    f.write_str(", ")?;
                }
                fmt::Display::fmt(value, f)
            }),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool(_) => "<bool>",
            Self::Integer(_) | Self::Number(_) => "<number>",
            Self::Text(_) => "<text>",
            Self::List(_) => "<list>",
        })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// The value of an attribute that resolution looks at: folded, and only for comparing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fact {
    /// The attribute's place in the policy.
    pub attribute: u16,
    /// The folded value.
    pub value: SmolStr,
}

/// The facts of one attribute or column of linkage; facts are sorted. O(log facts).
pub(crate) fn of_column(facts: &[Fact], column: u16) -> &[Fact] {
    let from = facts.partition_point(|fact| fact.attribute < column);
    let rest = facts.get(from..).unwrap_or_default();
    // Few facts are of one column.
    let length = rest.iter().take_while(|fact| fact.attribute == column).count();
    rest.get(..length).unwrap_or_default()
}

/// Shows the attribute's place only.
impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:..", self.attribute)
    }
}

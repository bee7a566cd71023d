//! What sources say: records, and the operations that bring and correct them.

use crate::error::{Error, Result};
use crate::time::Timestamp;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// The key of a record: the source that tells us, and the source's own key for it. Ordered by source, then key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordKey {
    /// The system that tells us.
    pub source: SmolStr,
    /// Its key for the record.
    pub key: SmolStr,
}

impl RecordKey {
    /// Takes a source and a key.
    pub fn new(source: impl Into<SmolStr>, key: impl Into<SmolStr>) -> Self {
        Self { source: source.into(), key: key.into() }
    }
}

/// What a key is the key of: records, events and consents have keys of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A record.
    Record,
    /// An event.
    Event,
    /// An event that tells of a consent.
    Consent,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Record => "record",
            Self::Event => "event",
            Self::Consent => "consent",
        })
    }
}

/// Shows the source only: a key may be an e-mail address.
impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/..", self.source)
    }
}

/// A time at which a source says something, and the key under which it does. Ordered by time, then key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    /// The source's key.
    pub key: SmolStr,
}

impl Moment {
    /// The whole key, of what the source says then.
    pub(crate) fn key_of(&self, source: &SmolStr) -> RecordKey {
        RecordKey { source: source.clone(), key: self.key.clone() }
    }
}

/// Shows the time only: a key may be an e-mail address.
impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/..", self.at)
    }
}

/// An identifier as sent: its kind as the policy names it, and a value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// The kind, as the policy names it.
    pub kind: SmolStr,
    /// The value, as sent or normalised.
    pub value: SmolStr,
}

impl Identifier {
    /// Takes a kind and a value.
    pub fn new(kind: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        Self { kind: kind.into(), value: value.into() }
    }
}

/// Shows the kind only.
impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:..", self.kind)
    }
}

/// A keyed statement about one person by a source. A later version replaces the earlier.
///
/// # Examples
/// ```
/// use onefold::Record;
/// let record = Record::new("crm", "42", "2026-01-05T10:00:00Z".parse()?)
///     .identifier("customer_id", "C42")
///     .identifier("email", "ann@example.org")
///     .attribute("given_name", "Ann");
/// assert_eq!(format!("{record:?}"), "Record(crm/.., 2 identifiers, 1 attributes)");
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Who says it.
    pub key: RecordKey,
    /// When it was so, by the source's clock.
    pub at: Timestamp,
    /// The identifiers, as sent.
    pub identifiers: Vec<Identifier>,
    /// The attributes, as sent, by name.
    pub attributes: Vec<(SmolStr, Value)>,
    /// A reference to the raw source, kept and returned.
    pub payload: Option<SmolStr>,
}

impl Record {
    /// Starts a record without identifiers and attributes.
    pub fn new(source: impl Into<SmolStr>, key: impl Into<SmolStr>, at: Timestamp) -> Self {
        let key = RecordKey::new(source, key);
        Self { key, at, identifiers: Vec::new(), attributes: Vec::new(), payload: None }
    }

    /// Adds an identifier; a kind may have several.
    #[must_use]
    pub fn identifier(mut self, kind: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        self.identifiers.push(Identifier::new(kind, value));
        self
    }

    /// Sets an attribute; the last value of a name stands.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<SmolStr>, value: impl Into<Value>) -> Self {
        let name = name.into();
        self.attributes.retain(|(known, _)| *known != name);
        self.attributes.push((name, value.into()));
        self
    }

    /// Sets the reference to the raw source.
    #[must_use]
    pub fn payload(mut self, reference: impl Into<SmolStr>) -> Self {
        self.payload = Some(reference.into());
        self
    }

    /// The value of an attribute as sent.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// Shows no personal value.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (identifiers, attributes) = (self.identifiers.len(), self.attributes.len());
        write!(f, "Record({:?}, {identifiers} identifiers, {attributes} attributes)", self.key)
    }
}

/// What a steward says of two records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// They are one person.
    Join,
    /// They are two people.
    Separate,
}

/// A steward's word on a pair of records, which it names by key, present or not. The last one on a pair stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// The smaller key.
    pub a: RecordKey,
    /// The larger key.
    pub b: RecordKey,
    /// What is said.
    pub verdict: Verdict,
    /// Who says it.
    pub by: SmolStr,
    /// Why.
    pub why: SmolStr,
}

impl Assertion {
    /// Takes a verdict on two records, in either order.
    ///
    /// # Errors
    /// `Input` where both are the same record.
    pub fn new(
        verdict: Verdict,
        a: RecordKey,
        b: RecordKey,
        by: impl Into<SmolStr>,
        why: impl Into<SmolStr>,
    ) -> Result<Self> {
        if a == b {
            return Err(Error::input("assertion", "a record is never asserted against itself"));
        }
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        Ok(Self { a, b, verdict, by: by.into(), why: why.into() })
    }
}

/// Shows neither who says it nor why: both are a steward's own words.
impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {:?}", self.verdict, self.a, self.b)
    }
}

//! What we answer: a profile, its golden record, and where each value came from. Plain data.

use crate::id::ProfileId;
use crate::policy::Survive;
use crate::record::RecordKey;
use crate::time::Timestamp;
use crate::value::Value;
use serde::{Serialize, Serializer};
use smol_str::SmolStr;
use std::fmt;

/// One person, as the evidence and the policy show it now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// The name that the profile bears.
    pub id: ProfileId,
    /// Its records, by source, then key.
    pub records: Vec<RecordKey>,
    /// How many events its trails hold. Those of a trail that follows whoever uses a device may be other people's.
    pub events: u64,
    /// What its records and trails carry, by the policy's order of kinds, then value.
    pub identifiers: Vec<ProfileIdentifier>,
    /// The attribute values that survive.
    pub golden: Golden,
    /// Other ids that lead here, oldest first.
    pub aliases: Vec<ProfileId>,
}

/// An identifier that records of a profile carry.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ProfileIdentifier {
    /// The kind, as the policy names it.
    pub kind: SmolStr,
    /// The normalised value.
    pub value: SmolStr,
    /// How many of the profile's records and trails carry it.
    pub records: u64,
    /// What it means.
    pub status: Status,
}

/// What an identifier means to the resolver now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No live record carries it.
    Unknown,
    /// One profile carries it.
    Held,
    /// Several profiles carry it; one of them may be its holder.
    Contested,
    /// Too many records carry it to mean anything.
    Generic,
    /// It is blocked, junk or malformed under the policy.
    Refused,
}

impl Status {
    /// Names the status as files do.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Held => "held",
            Self::Contested => "contested",
            Self::Generic => "generic",
            Self::Refused => "refused",
        }
    }
}

/// A golden record: the attribute values that survive, declared ones in the policy's order, then the others by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Golden {
    /// The values, at most one of each attribute.
    pub values: Vec<GoldenValue>,
}

impl Golden {
    /// The value of an attribute, with its lineage.
    pub fn value(&self, attribute: &str) -> Option<&GoldenValue> {
        self.values.iter().find(|value| value.attribute == attribute)
    }
}

/// A value that survives, and where it came from.
#[derive(Clone, PartialEq, Serialize)]
pub struct GoldenValue {
    /// The attribute.
    pub attribute: SmolStr,
    /// Its value, as sent.
    pub value: Value,
    /// The record that said it.
    pub record: RecordKey,
    /// When it was so, by that record.
    pub at: Timestamp,
    /// What chose it.
    pub rule: GoldenRule,
}

/// What chose a value of the golden record. It serialises as its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GoldenRule {
    /// There was no other value (or group of values).
    Only,
    /// This rule of the policy left no other.
    Survive(Survive),
    /// The rules left several: the newest record, at one instant the larger source and key.
    Tie,
}

impl GoldenRule {
    /// Names the rule as the policy does; `only` and `tie` are the two that are no rule of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Only => "only",
            Self::Tie => "tie",
            Self::Survive(Survive::Source) => "source",
            Self::Survive(Survive::MostRecent) => "most_recent",
            Self::Survive(Survive::MostFrequent) => "most_frequent",
            Self::Survive(Survive::Longest) => "longest",
            Self::Survive(Survive::Earliest) => "earliest",
            Self::Survive(Survive::Verified) => "verified",
            Self::Survive(Survive::First) => "first",
        }
    }
}

impl Serialize for GoldenRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Shows the kind only.
impl fmt::Debug for ProfileIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:.. ({} records, {})", self.kind, self.records, self.status.name())
    }
}

/// Shows the lineage only.
impl fmt::Debug for GoldenValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: .. from {:?} by {}", self.attribute, self.record, self.rule.name())
    }
}

//! What was wrong with a record or an event that is kept all the same.

use crate::record::{RecordKey, What};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// Something that was not as it should be. It names the record or event, the field and the reason, never the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Issue {
    /// What it was found in.
    pub what: What,
    /// Under which key that stands.
    pub key: RecordKey,
    /// The field: an identifier's kind or an attribute's name, or `identifiers`, `at`, `lines[0].amount`, ...
    pub field: SmolStr,
    /// What is wrong.
    pub reason: IssueReason,
}

/// Why a field was not taken as sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IssueReason {
    /// A placeholder such as `null` or `n/a`, the nil UUID, or a run of `0` or `-`. The value is dropped.
    Junk,
    /// Nothing but white space. The value is dropped.
    Blank,
    /// Longer than this many bytes. The value is dropped.
    TooLong(usize),
    /// Refused by the policy's `block`. The value is dropped.
    Blocked,
    /// Does not match the policy's `pattern`. The value is dropped.
    Pattern,
    /// Not what the kind's `normalise` reads: the word names the form. The value is dropped.
    Malformed(&'static str),
    /// A kind of identifier that the policy does not know. The value is kept as evidence and links nothing.
    UnknownKind,
    /// An attribute that the policy does not declare and that `undeclared_attributes` drops.
    Undeclared,
    /// An attribute that the policy does not declare and that `undeclared_attributes` refuses: the record is
    /// quarantined whole.
    Refused,
    /// More values of a person identifier than one profile may hold: the record or event is quarantined whole.
    Quarantined,
    /// The time is later than now by more than the clock skew. The record or event is kept.
    Future,
    /// There is no usable identifier, and nothing else by which the policy links: a record stands alone, and an event
    /// is nobody's.
    NoIdentifier,
    /// More than this many of them. The first ones, in their order, are read.
    TooMany(usize),
    /// Not a decimal number of at most 28 digits. The value is not read.
    NotANumber,
    /// A number below 0 where none can be: the kind of the event says which way things went. The value is not read.
    Negative,
    /// A sentiment that is not from -1 to 1. The value is not read.
    Range,
    /// Not a currency of ISO 4217. The amount is read without one, and is in no sum.
    Currency,
    /// An amount that comes without a currency. It is in no sum.
    NoCurrency,
    /// A purchase that says nothing of what was bought.
    NoLines,
    /// An event of the kind `preference` that states none.
    NoPreference,
    /// An event of the kind `offer` that gives no token, or one of the kind `bucket` that gives no arm.
    NoGrant,
    /// The event tells of a consent, and none is there.
    NoConsent,
    /// The person it is of said that it is wrong. It is not taken in.
    Rectified,
    /// Something given back, or more of it, that was not bought as far as is known. It takes nothing out.
    Unmatched,
}

impl IssueReason {
    /// Says whether the record or event takes no part while this stands.
    pub fn sets_aside(&self) -> bool {
        matches!(self, Self::Quarantined | Self::Refused)
    }
}

impl fmt::Display for IssueReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Junk => f.write_str("is a placeholder, not a value"),
            Self::Blank => f.write_str("is blank"),
            Self::TooLong(limit) => write!(f, "is longer than {limit} bytes"),
            Self::Blocked => f.write_str("is blocked by the policy"),
            Self::Pattern => f.write_str("does not match the policy's pattern"),
            Self::Malformed(form) => write!(f, "is not {form}"),
            Self::UnknownKind => f.write_str("is a kind of identifier that the policy does not know"),
            Self::Undeclared => f.write_str("is an attribute that the policy does not declare"),
            Self::Refused => f.write_str("is an attribute that the policy refuses: the record is quarantined"),
            Self::Quarantined => f.write_str("has more values than one person may hold: all of it is quarantined"),
            Self::Future => f.write_str("is in the future"),
            Self::NoIdentifier => f.write_str("holds nothing that could link it to anybody"),
            Self::TooMany(limit) => write!(f, "are more than {limit}"),
            Self::NotANumber => f.write_str("is not a decimal number of at most 28 digits"),
            Self::Negative => f.write_str("is below 0"),
            Self::Range => f.write_str("is not from -1 to 1"),
            Self::Currency => f.write_str("is not a currency of ISO 4217"),
            Self::NoCurrency => f.write_str("of an amount is missing"),
            Self::NoLines => f.write_str("of a purchase say nothing of what was bought"),
            Self::Rectified => f.write_str("is wrong, as the person said whom it is about"),
            Self::Unmatched => f.write_str("is more than was bought, as far as is known"),
            Self::NoGrant | Self::NoConsent => f.write_str("of an event of this kind is missing"),
            Self::NoPreference => f.write_str("of an event of this kind is missing"),
        }
    }
}

impl fmt::Debug for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}: {}", self.what, self.key, self.field, self.reason)
    }
}

/// Why a join is withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A steward separated two of the records.
    Separated,
    /// One profile would hold more values of the kind at this place of the policy than it may.
    Limit(u16),
    /// Two known people would be tied by a device or a session.
    TwoKnown,
    /// Two records contradict on the exclusive attribute at this place of the policy.
    Exclusive(u16),
    /// More claim the value than the policy allows.
    Claimants,
    /// Its carriers may not all be joined, and the policy gives a contested value of the kind to nobody.
    Nobody,
    /// The records do not agree on the attributes that must corroborate the value, or not with one group only.
    Uncorroborated,
    /// Both profiles hold a record of the source at this place of the policy, which has no duplicates.
    Unique(u16),
    /// Two records of the two profiles are too unlike to be one person.
    Veto,
    /// One of the records is about as much like others whom the second is not: which of them it is cannot be told.
    Ambiguous,
    /// The two profiles hold more records than are weighed against each other.
    Unweighed,
    /// The records are only possibly one person.
    Possible,
}

//! What the resolver answers.

use crate::event::Event;
use crate::id::ProfileId;
use crate::issue::{Issue, Reason};
use crate::linkage::Weight;
use crate::profile::Status;
use crate::record::{Identifier, Record, RecordKey};
use crate::store::{Counts, Vertex, WithheldKey};
use crate::time::Timestamp;
use serde::Serialize;
use smol_str::SmolStr;
use std::fmt;
use std::sync::Arc;

/// What a write did to one record, final when the call returns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolution {
    /// The profile that the record is in; none if it is quarantined or gone.
    pub profile: Option<ProfileId>,
    /// Ids that lead to this profile now and were profiles of their own before.
    pub joined: Vec<ProfileId>,
    /// Ids of the parts, where a profile fell apart over it.
    pub parted: Vec<ProfileId>,
    /// What was wrong with the record.
    pub issues: Vec<Issue>,
    /// Why it is where it is.
    pub because: Vec<Because>,
}

/// A reason for where a record is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Because {
    /// It shares a value of this kind with other records of the profile.
    Identifier {
        /// The kind.
        kind: SmolStr,
    },
    /// A steward said so.
    Assertion {
        /// Who.
        by: SmolStr,
    },
    /// It is like another record of the profile.
    Likeness {
        /// The match weight of the likeliest.
        weight: Weight,
    },
    /// Nothing ties it to another record.
    Alone,
    /// It is an event of nobody known on a value of this kind that several people have used: it is of whoever did last
    /// before it.
    Followed {
        /// The kind.
        kind: SmolStr,
    },
    /// It contradicts itself or the policy, or is an event of the ledger ([`Event::LEDGER`](crate::Event::LEDGER)), and
    /// takes no part.
    Quarantined,
    /// The same or a later version was known.
    Unchanged,
    /// It, or an identifier of it, was [erased](crate::Resolver::erase) and is to stay away: it is not taken in. Of an
    /// erasure: there was somebody.
    Erased,
    /// A value of it ties it to records of other profiles, and may not.
    Withheld {
        /// The value's kind; none for a steward's join and for a scored link.
        kind: Option<SmolStr>,
        /// Why not.
        reason: Reason,
    },
}

/// How records are taken in.
pub struct Ingest<'a> {
    /// Records per commit.
    pub batch: usize,
    /// What records' times are judged by; none judges no time.
    pub now: Option<Timestamp>,
    /// Called after each commit.
    pub progress: Option<&'a mut dyn FnMut(Progress)>,
}

impl Default for Ingest<'_> {
    fn default() -> Self {
        Self { batch: 1000, now: None, progress: None }
    }
}

impl fmt::Debug for Ingest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingest").field("batch", &self.batch).field("now", &self.now).finish_non_exhaustive()
    }
}

/// How far a long call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Records done in this phase.
    pub done: u64,
    /// Records to do in this phase.
    pub total: u64,
}

/// A stretch of a long call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading records the way the policy says.
    Reading,
    /// Finding who is one person.
    Resolving,
    /// Writing the result.
    Writing,
}

/// What `load` did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadReport {
    /// Records sent.
    pub records: u64,
    /// Of these, new.
    pub added: u64,
    /// Of these, refused: they, or identifiers of theirs, were erased.
    pub refused: u64,
    /// Profiles that there are now.
    pub profiles: u64,
    /// What was wrong with records.
    pub issues: Vec<Issue>,
}

/// What `replace_source` did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplaceReport {
    /// Records that said something new.
    pub changed: u64,
    /// Records that were known as sent, or later.
    pub unchanged: u64,
    /// Records that were refused: they, or identifiers of theirs, were erased.
    pub refused: u64,
    /// Records that were absent from what was sent, and are removed.
    pub removed: u64,
    /// What was wrong with records.
    pub issues: Vec<Issue>,
}

/// What a change of policy does to profiles.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyReport {
    /// Profiles before.
    pub profiles_before: u64,
    /// Profiles after.
    pub profiles_after: u64,
    /// Profiles whose records change, by the ids that they bear before. Ascending.
    pub affected: Vec<ProfileId>,
    /// Profiles after that hold records of several before.
    pub merged: u64,
    /// Profiles before whose records are in several after.
    pub split: u64,
    /// Records quarantined before, and after.
    pub quarantined: (u64, u64),
    /// Generic values before, and after.
    pub generic: (u64, u64),
    /// Withheld joins before, and after.
    pub withheld: (u64, u64),
    /// Possible links before, and after.
    pub possible: (u64, u64),
}

/// Who an identifier leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The holder, if there is one.
    pub profile: Option<ProfileId>,
    /// The other profiles that carry it, at most 100, oldest id first.
    pub claimants: Vec<ProfileId>,
    /// What the identifier means.
    pub status: Status,
}

/// A record with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRecord {
    /// The evidence, as sent.
    pub record: Arc<Record>,
    /// Its profile; none if it is quarantined.
    pub profile: Option<ProfileId>,
    /// What the policy finds wrong with it.
    pub issues: Vec<Issue>,
}

/// An event with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// The evidence, as sent.
    pub event: Arc<Event>,
    /// Whose it is; none if its trail takes no part.
    pub profile: Option<ProfileId>,
    /// The profile that its trail is in: another one, where nobody was known and the event is of whoever used the
    /// device last before it.
    pub trail: Option<ProfileId>,
    /// What the policy finds wrong with it.
    pub issues: Vec<Issue>,
}

/// One value that records and events carry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdentifierRow<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// The normalised value.
    pub value: &'a str,
    /// Its holder.
    pub profile: Option<ProfileId>,
    /// What it means.
    pub status: Status,
}

impl fmt::Debug for IdentifierRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:.. {} {:?}", self.kind, self.status.name(), self.profile)
    }
}

/// A join that was not made, for a steward to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Withheld {
    /// Its place in the queue.
    pub key: WithheldKey,
    /// The value; none for a steward's join and for a scored link.
    pub identifier: Option<Identifier>,
    /// Why it was not made.
    pub reason: Reason,
    /// The match weight of a scored link, and the probability that the two records are one person.
    pub likeness: Option<(Weight, f64)>,
    /// The reason in words.
    pub text: String,
    /// A member of each profile that stays apart, and its profile; at most 32.
    pub parts: Vec<(Member, Option<ProfileId>)>,
    /// How many live records carry the value.
    pub records: u64,
}

/// Figures of a tenant.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Stats {
    /// What there is.
    pub counts: Counts,
    /// Values that several profiles carry.
    pub contested: u64,
    /// The largest profiles, with their records; at most 10.
    pub largest: Vec<(ProfileId, u64)>,
    /// How many profiles have how many records, ascending.
    pub sizes: Vec<(u64, u64)>,
    /// Withheld joins and possible links by reason.
    pub withheld: Vec<(Reason, u64)>,
    /// Profiles of more records than the policy's `max_region`, with the kinds that hold them together.
    pub regions_over_limit: Vec<(ProfileId, u64, Vec<SmolStr>)>,
}

/// What a profile is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Member {
    /// A record.
    Record(RecordKey),
    /// The events of one source with the same identifiers, named by the oldest.
    Trail(RecordKey),
}

impl Member {
    pub(super) fn of(vertex: &Vertex) -> Self {
        match vertex {
            Vertex::Record { key, .. } => Self::Record(key.clone()),
            Vertex::Trail { first, .. } => Self::Trail(first.clone()),
        }
    }

    /// The key of the record, or of the oldest event.
    pub fn key(&self) -> &RecordKey {
        match self {
            Self::Record(key) | Self::Trail(key) => key,
        }
    }

    /// The key of the record; none for events.
    pub fn record(&self) -> Option<&RecordKey> {
        match self {
            Self::Record(key) => Some(key),
            Self::Trail(_) => None,
        }
    }
}

/// Why two records are, or are not, one profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Whether they are.
    pub together: bool,
    /// The shortest path of reasons from one to the other; empty if they are apart.
    pub path: Vec<Step>,
    /// The withheld joins between the two profiles, if they are apart.
    pub withheld: Vec<Withheld>,
}

/// One step of a path: why a member is with the next.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// From here.
    pub from: Member,
    /// To here. It may name a record that is gone, where a steward's words hold through it.
    pub to: Member,
    /// For this reason.
    pub why: Why,
}

/// Why two records are together.
#[derive(Debug, Clone, PartialEq)]
pub enum Why {
    /// They share an identifier.
    Identifier(Identifier),
    /// A steward said so.
    Assertion {
        /// Who.
        by: SmolStr,
        /// Why.
        why: SmolStr,
    },
    /// They are like each other.
    Likeness {
        /// The match weight.
        weight: Weight,
        /// The probability that they are one person.
        probability: f64,
    },
}

/// What holds a profile together.
#[derive(Debug, Clone, PartialEq)]
pub struct Structure {
    /// Every reason that joins members of the profile, with those that it joins.
    pub ties: Vec<(Why, Vec<Member>)>,
    /// Identifiers without which the profile would fall apart, with the sizes of the parts, most even first.
    pub bridges: Vec<(Identifier, Vec<u64>)>,
    /// Members without which it would.
    pub joints: Vec<Member>,
}

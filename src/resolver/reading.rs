//! Records, events and trails with their readings under the policy, ready to be planned.

use super::rebuild::Item;
use super::ruling::Ruling;
use super::tombstone::forms;
use crate::event::Event;
use crate::household::homes;
use crate::id::{KeyHash, Link, RecordNumber, Seed, ValueHash};
use crate::identifier::{hash_idle, hash_key, hash_of, hash_trail, links};
use crate::issue::{Issue, IssueReason};
use crate::normalise::{normalise, normalise_event, normalise_identifiers};
use crate::record::{Identifier, Moment, Record, RecordKey, What};
use crate::stitch::Entry;
use crate::store::{Trail, Vertex};
use crate::time::Timestamp;
use crate::value::Fact;
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A record as the policy reads it.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) record: Arc<Record>,
    pub(super) key: KeyHash,
    pub(super) links: SmallVec<[Link; 2]>,
    pub(super) facts: Vec<Fact>,
    /// The hashes of its block keys.
    pub(super) blocks: Box<[ValueHash]>,
    /// What its household is found by, or what it itself is where it takes no part.
    pub(super) homes: Box<[ValueHash]>,
    pub(super) quarantined: bool,
    pub(super) issues: Vec<Issue>,
}

impl Reading {
    /// The vertex that the record is.
    pub(super) fn vertex(&self) -> Vertex {
        Vertex::Record { key: self.record.key.clone(), at: self.record.at.microseconds() }
    }

    /// Reads a record as the policy says. `now` is what its time is judged by, where it is to be judged.
    pub(super) fn of(rules: &Ruling, seed: Seed, record: Arc<Record>, now: Option<Timestamp>) -> Self {
        let (mut normalised, mut issues) = normalise(rules, &record);
        // They are kept for as long as the record stands.
        normalised.facts.shrink_to_fit();
        issues.extend(ahead(rules, What::Record, &record.key, record.at, now));
        Self {
            key: hash_key(seed, &record.key),
            links: links(seed, rules, &normalised.identifiers),
            blocks: Box::from(rules.blocks(seed, &normalised.facts).as_slice()),
            facts: normalised.facts,
            homes: if normalised.quarantined {
                idle(rules, seed, &record.identifiers)
            } else {
                homes(rules, seed, &record)
            },
            quarantined: normalised.quarantined,
            issues,
            record,
        }
    }
}

/// What evidence that takes no part is found by: its identifiers, whether they can be used or not, each once.
fn idle(rules: &Ruling, seed: Seed, sent: &[Identifier]) -> Box<[ValueHash]> {
    let forms = sent.iter().flat_map(|identifier| forms(rules, identifier));
    let hashes: BTreeSet<ValueHash> = forms.filter_map(|form| hash_idle(seed, &form)).collect();
    hashes.into_iter().collect()
}

/// That something comes from the future, by more than clocks go wrong.
fn ahead(rules: &Ruling, what: What, key: &RecordKey, at: Timestamp, now: Option<Timestamp>) -> Option<Issue> {
    let skew = i64::try_from(rules.policy.clock_skew_seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    let late = now.is_some_and(|now| at.microseconds() > now.microseconds().saturating_add(skew));
    late.then(|| Issue { what, key: key.clone(), field: "at".into(), reason: IssueReason::Future })
}

/// An event as the policy reads it.
#[derive(Debug, Clone)]
pub(super) struct EventReading {
    pub(super) event: Arc<Event>,
    pub(super) key: KeyHash,
    /// The hash of its trail.
    pub(super) trail: KeyHash,
    pub(super) links: SmallVec<[Link; 2]>,
    /// Its trail takes no part.
    pub(super) dormant: bool,
    pub(super) issues: Vec<Issue>,
}

impl EventReading {
    /// Reads an event as the policy says. `now` is what its time is judged by, where it is to be judged.
    pub(super) fn of(rules: &Ruling, seed: Seed, event: Arc<Event>, now: Option<Timestamp>) -> Self {
        let (normalised, mut issues) = normalise_event(rules, &event);
        issues.extend(ahead(rules, event.what(), &event.key, event.at, now));
        let mut identifiers: SmallVec<[&Identifier; 4]> = event.identifiers.iter().collect();
        identifiers.sort_unstable();
        identifiers.dedup();
        Self {
            key: hash_of(seed, event.what(), &event.key),
            trail: hash_trail(seed, &event.key.source, identifiers),
            links: links(seed, rules, &normalised.identifiers),
            dormant: normalised.quarantined
                || normalised.identifiers.is_empty()
                || Event::is_told_of(&event.key.source),
            issues,
            event,
        }
    }

    /// When it happened, on its trail.
    pub(super) fn moment(&self) -> Moment {
        moment_of(&self.event)
    }
}

/// When an event happened, on its trail.
pub(super) fn moment_of(event: &Event) -> Moment {
    Moment { at: event.at.microseconds(), key: event.key.key.clone() }
}

/// The usable identifiers of a trail, and whether it takes no part: without any it does not tell how many people it is
/// of, and those of the ledger tell what was given, not who did something.
pub(super) fn read_trail(rules: &Ruling, trail: &Trail) -> (Vec<(u16, SmolStr)>, bool) {
    let (identifiers, quarantined) = normalise_identifiers(rules, &trail.identifiers);
    let dormant = quarantined || identifiers.is_empty() || Event::is_told_of(&trail.source);
    (identifiers, dormant)
}

/// A trail as the policy reads it.
pub(super) struct TrailReading {
    pub(super) trail: Arc<Trail>,
    /// The key of its oldest event.
    pub(super) first: RecordKey,
    pub(super) links: SmallVec<[Link; 2]>,
    /// What it is found by where it takes no part. What the ledger has of an identifier is found by that.
    pub(super) homes: Box<[ValueHash]>,
    pub(super) dormant: bool,
}

impl TrailReading {
    pub(super) fn of(rules: &Ruling, seed: Seed, trail: Arc<Trail>) -> Self {
        let (identifiers, dormant) = read_trail(rules, &trail);
        let is_found = dormant && trail.source != Event::LEDGER;
        Self {
            first: trail.first.key_of(&trail.source),
            links: links(seed, rules, &identifiers),
            homes: if is_found { idle(rules, seed, &trail.identifiers) } else { Box::default() },
            dormant,
            trail,
        }
    }
}

/// What a vertex of the graph is made of.
pub(super) enum Subject {
    Record(Box<Reading>),
    Trail(Box<TrailReading>),
}

impl Subject {
    pub(super) fn record(&self) -> Option<&Reading> {
        match self {
            Self::Record(reading) => Some(reading),
            Self::Trail(_) => None,
        }
    }

    /// Whether it takes no part.
    pub(super) fn is_dormant(&self) -> bool {
        match self {
            Self::Record(reading) => reading.quarantined,
            Self::Trail(reading) => reading.dormant,
        }
    }

    /// What it carries; nothing where it takes no part, as with facts and blocks.
    pub(super) fn links(&self) -> &[Link] {
        match self {
            _ if self.is_dormant() => &[],
            Self::Record(reading) => &reading.links,
            Self::Trail(reading) => &reading.links,
        }
    }

    pub(super) fn facts(&self) -> &[Fact] {
        match self {
            _ if self.is_dormant() => &[],
            Self::Record(reading) => &reading.facts,
            Self::Trail(_) => &[],
        }
    }

    pub(super) fn blocks(&self) -> &[ValueHash] {
        match self {
            Self::Record(reading) if !reading.quarantined => &reading.blocks,
            _ => &[],
        }
    }

    pub(super) fn homes(&self) -> &[ValueHash] {
        match self {
            Self::Record(reading) => &reading.homes,
            Self::Trail(reading) => &reading.homes,
        }
    }

    /// Its place among all, as [`Vertex::order`] has it.
    pub(super) fn order(&self) -> (i64, &RecordKey, bool) {
        match self {
            Self::Record(reading) => (reading.record.at.microseconds(), &reading.record.key, false),
            Self::Trail(reading) => (reading.trail.first.at, &reading.first, true),
        }
    }
}

/// What is resolved from scratch, by place.
pub(super) trait Subjects: Sync {
    /// How many there are.
    fn len(&self) -> usize;

    fn get(&self, place: u32) -> Option<Seen<'_>>;

    /// What resolution looks at, sorted; nothing of what takes no part.
    fn facts(&self, place: u32) -> Cow<'_, [Fact]>;
}

/// A record or trail as resolution from scratch sees it.
pub(super) struct Seen<'a> {
    pub(super) number: RecordNumber,
    /// Of a trail, that of its oldest event.
    pub(super) key: &'a RecordKey,
    /// The hash of the key of a record; none of a trail.
    pub(super) record: Option<KeyHash>,
    pub(super) at: i64,
    /// Of a trail, its newest event.
    pub(super) last: Option<&'a Moment>,
    /// What it carries; nothing where it takes no part.
    pub(super) links: &'a [Link],
    pub(super) is_dormant: bool,
}

impl<'a> Seen<'a> {
    /// As resolution takes it.
    pub(super) fn entry(&self, rules: &Ruling, facts: &'a [Fact]) -> Entry<'a> {
        let unique = self.record.and_then(|_| rules.unique(self.key));
        Entry { key: self.key, at: self.at, last: self.last, links: self.links, facts, unique, live: true }
    }
}

impl Subjects for Vec<Item> {
    fn len(&self) -> usize {
        self.len()
    }

    fn get(&self, place: u32) -> Option<Seen<'_>> {
        let Item { number, subject } = self.as_slice().get(place as usize)?;
        let (at, key, _) = subject.order();
        let (record, last) = match subject {
            Subject::Record(reading) => (Some(reading.key), None),
            Subject::Trail(reading) => (None, Some(&reading.trail.last)),
        };
        let (links, is_dormant) = (subject.links(), subject.is_dormant());
        Some(Seen { number: *number, key, record, at, last, links, is_dormant })
    }

    fn facts(&self, place: u32) -> Cow<'_, [Fact]> {
        Cow::Borrowed(self.as_slice().get(place as usize).map(|item| item.subject.facts()).unwrap_or_default())
    }
}

//! What a sweep dropped.

use super::Gone;
use crate::id::{KeyHash, RecordNumber};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// What a piece of data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DataKind {
    /// An identifier of a record.
    Identifier,
    /// An attribute of a record.
    Attribute,
    /// An event, whole.
    Event,
}

/// Why something was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// Its own time to live is over.
    TimeToLive,
    /// The time of every purpose that it may be read for is over.
    NoPurpose,
}

/// How much of one name was dropped for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// What it is.
    pub what: DataKind,
    /// The attribute, the kind of identifier or of event; none for all that the policy does not declare.
    pub name: Option<SmolStr>,
    /// Why.
    pub reason: DropReason,
    /// How many values, or events.
    pub count: u64,
}

/// What a sweep dropped. It counts, and tells nothing of whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Records and events that were looked at.
    pub seen: u64,
    /// What was dropped, by what it is, name and reason.
    pub dropped: Vec<Dropped>,
    /// Records that stand without what was dropped of them.
    pub records_shortened: u64,
    /// Records that are gone: nothing was left of them.
    pub records_removed: u64,
    /// Identifiers over their time that stay, since a consent was told under them that may hold somebody back.
    pub identifiers_kept: u64,
    /// Consents over their time that stay, since what holds may rest on them.
    pub consents_kept: u64,
    /// Where to go on; none at the end.
    pub next: Option<SweptPlace>,
}

/// Where a sweep goes on. It may be stored: it holds numbers and hashes, no personal value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweptPlace(pub(crate) Place);

/// What a sweep looks at next: the records first, then the events, trail by trail, of each the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// The records from this number on.
    Records(RecordNumber),
    /// The trails from this number on.
    Trails(RecordNumber),
    /// The events of a trail after one, by its time and the hash of its key.
    Events(RecordNumber, i64, KeyHash),
}

impl Swept {
    /// Whether anything was dropped.
    pub fn anything(&self) -> bool {
        !self.dropped.is_empty()
    }

    /// Counts what went.
    pub(crate) fn count(&mut self, gone: impl IntoIterator<Item = Gone>) {
        gone.into_iter().for_each(|gone| self.tally(gone, 1));
    }

    /// Adds a later step, and goes on where that does.
    pub(crate) fn add(&mut self, step: Self) {
        self.seen += step.seen;
        self.records_shortened += step.records_shortened;
        self.records_removed += step.records_removed;
        self.identifiers_kept += step.identifiers_kept;
        self.consents_kept += step.consents_kept;
        self.next = step.next;
        step.dropped.into_iter().for_each(|row| self.tally((row.what, row.name, row.reason), row.count));
    }

    /// Rows are in order, each once.
    fn tally(&mut self, (what, name, reason): Gone, count: u64) {
        let place = self.dropped.binary_search_by(|row| (row.what, &row.name, row.reason).cmp(&(what, &name, reason)));
        match place.map(|place| self.dropped.get_mut(place)) {
            Ok(Some(row)) => row.count += count,
            Ok(None) => {}
            Err(place) => self.dropped.insert(place, Dropped { what, name, reason, count }),
        }
    }
}

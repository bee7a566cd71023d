//! Who is one person: from a region of records to its clusters, with reasons. Pure: values in, values out.
//!
//! [`resolve`] answers from scratch, level by level; [`grow`] answers for one more record where its answer is certain
//! to be the same. Which of the two was asked never shows in the result.
//!
//! A record has one moment, a trail one for each event. Both stand where their oldest is. In a contest the known claim
//! the value with every event; those trails that nobody known is behind follow who has it, and so claim it with the
//! oldest of their events only, as every weaker value: a page view says that somebody sits at the
//! tablet, not who.

mod contest;
mod corroborate;
mod growth;
mod levels;
mod likeness;
mod shape;

pub(crate) use growth::{Touch, agree_as_one, corroborates, grow, is_sound};
pub(crate) use levels::resolve;

use crate::error::Result;
use crate::id::{Link, ValueHash};
use crate::identifier::Summary;
use crate::issue::Reason;
use crate::linkage::Weight;
use crate::record::{Moment, RecordKey};
use crate::value::Fact;
use ahash::AHashSet;
use smol_str::SmolStr;

/// A record or a trail of a region, or a key that only assertions name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// Of a trail, that of its oldest event.
    pub(crate) key: &'a RecordKey,
    /// Microseconds. Entries are ordered by this, then key; a record comes before a trail that has both.
    pub(crate) at: i64,
    /// Of a trail, its newest event; a record has one moment only.
    pub(crate) last: Option<&'a Moment>,
    /// By kind, then value bytes.
    pub(crate) links: &'a [Link],
    /// Sorted.
    pub(crate) facts: &'a [Fact],
    /// The place of its source, if the source has no duplicates.
    pub(crate) unique: Option<u16>,
    /// False for a key that stands for no live record or trail: it carries nothing, and holds joins together all the same.
    pub(crate) live: bool,
}

impl<'a> Entry<'a> {
    /// A key that only assertions name.
    pub(crate) fn phantom(key: &'a RecordKey) -> Self {
        Self { key, at: i64::MAX, last: None, links: &[], facts: &[], unique: None, live: false }
    }
}

/// When a value is claimed: the moment of a record, or of an event. In the order of resolution.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Claimed {
    /// Microseconds.
    pub(crate) at: i64,
    pub(crate) key: RecordKey,
    /// A record comes before an event of its time and key.
    pub(crate) event: bool,
}

impl Claimed {
    /// By an event of a source.
    pub(crate) fn by_event(source: &SmolStr, moment: &Moment) -> Self {
        Self { at: moment.at, key: moment.key_of(source), event: true }
    }
}

/// Finds the newest event of a trail, by the trail's place among the entries, that is not after a moment. Asked only
/// where a value is contested, and the moment lies between the trail's oldest event and its newest.
pub(crate) type EventBefore<'a> = &'a dyn Fn(usize, &Claimed) -> Result<Option<Claimed>>;

/// Everything that can bear on the clusters of its records. May hold several regions; they do not mix.
#[derive(Debug)]
pub(crate) struct Region<'a> {
    pub(crate) entries: Vec<Entry<'a>>,
    /// Pairs of entries that a steward joined.
    pub(crate) joins: Vec<(usize, usize)>,
    /// Pairs of entries that a steward separated.
    pub(crate) separations: Vec<(usize, usize)>,
    /// The scored links among the entries, each once.
    pub(crate) links: Vec<Likely>,
    /// Entries that assertions name, also those whose other record is in no region of these.
    pub(crate) named: Vec<usize>,
    /// Values that are generic: they link nothing, make nobody known and count for no limit.
    pub(crate) generic: &'a AHashSet<ValueHash>,
    /// Values known to link nobody, whose other carriers are not in the region.
    pub(crate) inert: &'a AHashSet<ValueHash>,
}

/// The answer for a region.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Clusters of live entries, by their oldest record.
    pub(crate) clusters: Vec<Group>,
    /// The values that do not simply join all their carriers. All others are clear.
    pub(crate) contests: Vec<Contest>,
    /// Joins of stewards that a separation refused, as pairs of entries.
    pub(crate) refused: Vec<(usize, usize)>,
    /// Scored links that were refused and whose ends are apart, by their places in the region's.
    pub(crate) refused_links: Vec<(usize, Reason)>,
    /// Trails of nobody known that carry a contested value, and the value: each event of such a trail is of whoever
    /// claimed the value last before it.
    pub(crate) followers: Vec<(usize, Link)>,
    /// The joins that were made, where asked for.
    pub(crate) made: Vec<Made>,
}

/// A cluster of a region.
#[derive(Debug)]
pub(crate) struct Group {
    /// Places in the region's entries, oldest record first.
    pub(crate) members: Vec<usize>,
    pub(crate) summary: Summary,
}

/// A value whose carriers were not all joined when its turn came.
#[derive(Debug)]
pub(crate) struct Contest {
    pub(crate) value: ValueHash,
    pub(crate) kind: u16,
    pub(crate) reason: Reason,
    /// The newest carrier, if who carries the value next goes to it.
    pub(crate) holder: Option<usize>,
    /// Carriers that exclude each other two by two, enough of them to keep the value from linking anybody for good.
    pub(crate) witnesses: Vec<usize>,
    /// A carrier of each cluster that carries it in the end, by oldest carrier; one only if it was joined otherwise.
    pub(crate) parts: Vec<usize>,
}

/// A join that was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) by: By,
    /// The entries that it joined.
    pub(crate) entries: Vec<usize>,
}

/// What made a join.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    /// A steward's word.
    Word,
    /// A value.
    Value(Link),
    /// A scored link.
    Link(Weight),
}

/// Two entries that are likely one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Likely {
    pub(crate) a: usize,
    pub(crate) b: usize,
    pub(crate) weight: Weight,
}

/// Whether [`resolve`] lists the joins that it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trace {
    Off,
    On,
}

//! The rows of a store: what is kept of each record, value, cluster, id and change.

use crate::id::{ClusterNumber, KeyHash, Link, ProfileId, ProfileNumber, RecordNumber, Seed, ValueHash};
use crate::identifier::{Summary, hash_key};
use crate::issue::Reason;
use crate::linkage::Weight;
use crate::record::{Assertion, Identifier, Moment, RecordKey};
use crate::value::Fact;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::cmp::{Ordering, Reverse};

/// Carriers and members up to this many stand in the row itself; more are rows of their own.
pub const INLINE_MAX: usize = 32;

/// The cluster of a node that takes no part.
pub const DORMANT: ClusterNumber = ClusterNumber(u64::MAX - 1);

/// The state of a tenant: one row, rewritten by every commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// What keys the tenant's hashes and names.
    pub seed: Seed,
    /// The fingerprint of the policy under which the current generation stands. The policy has a row of its own.
    pub fingerprint: u128,
    /// How many policies there have been before this one.
    pub policy_version: u64,
    /// The generation of derived rows that readers see.
    pub generation: Generation,
    /// Evidence was taken in that no generation covers yet: a load is under way, or was cut short.
    pub unresolved: bool,
    /// The next number of a record or trail.
    pub next_record: u64,
    /// The next cluster's number.
    pub next_cluster: u64,
    /// The next profile's number.
    pub next_profile: u64,
    /// The next change's sequence number.
    pub next_change: u64,
    /// Counts of what there is.
    pub counts: Counts,
    /// The secrets that there are tombstones under, by name: whoever takes evidence in needs all of them.
    pub secrets: Vec<SecretUse>,
}

/// How many tombstones stand under a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretUse {
    /// What the secret is told from others by: a hash of it.
    pub secret: u64,
    /// How many; never none.
    pub tombstones: u64,
}

/// Counts of what a tenant holds now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Records kept, quarantined ones included.
    pub records: u64,
    /// Of these, quarantined.
    pub quarantined: u64,
    /// Events kept, those of trails that are nobody's included.
    pub events: u64,
    /// Trails: sources' events with the same identifiers.
    pub trails: u64,
    /// Of these, nobody's: without a usable identifier, with more of one kind than a person may hold, or of the ledger
    /// ([`Event::LEDGER`](crate::Event::LEDGER)), which tells what was given for an identifier.
    pub dormant_trails: u64,
    /// Profiles.
    pub profiles: u64,
    /// Values that are generic now.
    pub generic: u64,
    /// Blocks that are generic now: on too many records to find pairs.
    pub generic_blocks: u64,
    /// Joins withheld now, possible links left out.
    pub withheld: u64,
    /// Possible links between profiles now.
    pub possible: u64,
    /// Standing assertions.
    pub assertions: u64,
    /// Tombstones: hashes of what was erased and is to stay away.
    pub tombstones: u64,
    /// Of these, values of records that are wrong.
    pub corrections: u64,
    /// How often something was refused since it, or an identifier of it, was erased.
    pub refused: u64,
}

/// A numbering of derived rows: `set_policy` and `load` build the next one beside the current.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Generation(pub u32);

/// The events of one source with the same identifiers, which are one vertex of the graph however many they are.
/// Evidence, as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// The source.
    pub source: SmolStr,
    /// The identifiers as sent, sorted, each once.
    pub identifiers: Box<[Identifier]>,
    /// How many events there are.
    pub events: u64,
    /// The oldest of them.
    pub first: Moment,
    /// The newest of them.
    pub last: Moment,
}

/// Where an event is kept. Ordered by trail, then from the newest to the oldest, then by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EventPlace {
    /// The trail that it is on.
    pub trail: RecordNumber,
    /// Its time in microseconds.
    pub at: i64,
    /// The hash of its key.
    pub key: KeyHash,
}

impl Ord for EventPlace {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = |place: &Self| (place.trail, Reverse(place.at), place.key);
        order(self).cmp(&order(other))
    }
}

impl PartialOrd for EventPlace {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What a node stands for. Records and trails stand in one order; only records are named by assertions and weighed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Vertex {
    /// A record.
    Record {
        /// Its key.
        key: RecordKey,
        /// Its time in microseconds.
        at: i64,
    },
    /// The events of one source with the same identifiers. It stands where the oldest of them does.
    Trail {
        /// The key of its oldest event.
        first: RecordKey,
        /// The time of its oldest event in microseconds.
        at: i64,
        /// The contested value for which nobody was known, if there is one: each event is of whoever claimed the value
        /// last before it.
        follows: Option<Box<Link>>,
    },
}

impl Vertex {
    /// The key of its record; none for a trail.
    pub fn record(&self) -> Option<&RecordKey> {
        match self {
            Self::Record { key, .. } => Some(key),
            Self::Trail { .. } => None,
        }
    }

    /// The hash by which assertions and links name its record; none for a trail, which nothing names.
    pub(crate) fn key_hash(&self, seed: Seed) -> Option<KeyHash> {
        self.record().map(|key| hash_key(seed, key))
    }

    /// The value whose claims say whose each of its events is.
    pub fn follows(&self) -> Option<Link> {
        match self {
            Self::Record { .. } => None,
            Self::Trail { follows, .. } => follows.as_deref().copied(),
        }
    }

    /// Lets a trail follow whoever claims a value, or nobody.
    pub(crate) fn follow(&mut self, value: Option<Link>) {
        if let Self::Trail { follows, .. } = self {
            *follows = value.map(Box::new);
        }
    }

    /// Its place among all: by time, source and key; a record comes before an event that has all three.
    pub fn order(&self) -> (i64, &RecordKey, bool) {
        match self {
            Self::Record { key, at } => (*at, key, false),
            Self::Trail { first, at, .. } => (*at, first, true),
        }
    }
}

/// What resolution needs of a live record or trail. Derived: every generation has its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// What it stands for.
    pub vertex: Vertex,
    /// The cluster it is in; [`DORMANT`] for one that takes no part, whose node keeps its anchors and nothing else.
    pub cluster: ClusterNumber,
    /// Its usable identifiers, by kind, then value.
    pub links: SmallVec<[Link; 2]>,
    /// The values of its exclusive and corroborating attributes, and of all that is compared.
    pub facts: Vec<Fact>,
    /// Its blocks and edges; none without linkage, or where it has neither.
    pub likeness: Option<Box<Likeness>>,
    /// What its household is found by, by the policy's attributes. It links nobody.
    pub homes: Box<[ValueHash]>,
    /// The profiles that came to be with it, oldest first.
    pub anchors: SmallVec<[ProfileNumber; 1]>,
}

impl Node {
    /// What is left of it while it takes no part.
    pub fn dormant(&self) -> Self {
        let (vertex, anchors) = (self.vertex.clone(), self.anchors.clone());
        let (links, facts, homes) = (SmallVec::new(), Vec::new(), Box::default());
        Self { vertex, cluster: DORMANT, links, facts, likeness: None, homes, anchors }
    }

    /// The hashes of its block keys.
    pub fn blocks(&self) -> &[ValueHash] {
        self.likeness.as_deref().map(|likeness| likeness.blocks.as_ref()).unwrap_or_default()
    }

    /// The links and possible links that it is an end of: the other record and the match weight, by number.
    pub fn edges(&self) -> &[(RecordNumber, Weight)] {
        self.likeness.as_deref().map(|likeness| likeness.edges.as_slice()).unwrap_or_default()
    }
}

/// What linkage keeps of a record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Likeness {
    /// The hashes of its block keys, each once.
    pub blocks: Box<[ValueHash]>,
    /// The links and possible links that it is an end of, by the number of the other end, which keeps it too.
    pub edges: Vec<(RecordNumber, Weight)>,
}

/// Record numbers, ascending: in the row while they are few, as rows of their own when they are many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Numbers {
    /// All of them, ascending.
    Inline(SmallVec<[RecordNumber; 2]>),
    /// So many; each is a row of its own.
    Spilled(u64),
}

impl Numbers {
    /// How many there are.
    pub fn len(&self) -> u64 {
        match self {
            Self::Inline(list) => list.len() as u64,
            Self::Spilled(count) => *count,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Who carries a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// The live records that carry it.
    pub carriers: Numbers,
    /// How it links them.
    pub state: ValueState,
}

impl Posting {
    /// Whether the value is on too many records to mean anything.
    pub fn is_generic(&self) -> bool {
        self.state == ValueState::Generic
    }
}

/// How a value links its carriers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueState {
    /// All of them are joined (or there is one only).
    Clear,
    /// They may not all be joined.
    Contested {
        /// The carrier whose profile holds the value, if one does.
        holder: Option<RecordNumber>,
    },
    /// So many claim it that it links nobody, whatever else comes: these carriers exclude each other two by two.
    Inert {
        /// The carriers that show it, ascending.
        witnesses: Vec<RecordNumber>,
    },
    /// It is on too many records to mean anything.
    Generic,
}

/// A cluster of records: a profile's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// The profile: the oldest one anchored in its records.
    pub profile: ProfileNumber,
    /// Its records.
    pub members: Numbers,
    /// What holds true of all its records together.
    pub summary: Summary,
}

/// Where a profile's id is anchored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Anchor {
    /// In this record.
    Record(RecordNumber),
    /// Nowhere any more: the last record that it could pass to was removed.
    Gone,
}

/// A steward's word, with the hashes of the two keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertionRow {
    /// The smaller of the hashes of the two keys.
    pub a: KeyHash,
    /// The larger.
    pub b: KeyHash,
    /// What was said.
    pub assertion: Assertion,
}

/// What a withheld join is about: the key of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WithheldKey {
    /// A value.
    Value(ValueHash),
    /// A steward's join of a pair.
    Join(KeyHash, KeyHash),
    /// A scored link of a pair, or a possible one.
    Link(KeyHash, KeyHash),
}

/// A join that was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithheldRow {
    /// The kind of the value, as a place in the policy; none for a steward's join and for a link.
    pub kind: Option<u16>,
    /// The match weight; none for what is no link.
    pub weight: Option<Weight>,
    /// Why it was not made.
    pub reason: Reason,
    /// A record of each profile that stays apart, at most [`INLINE_MAX`] of them; none for an inert value, whose
    /// carriers come and go without a word here.
    pub parts: Vec<RecordNumber>,
}

/// One entry of the change feed. It names profiles, never people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileChange {
    /// Its place in the feed, without gaps.
    pub sequence: u64,
    /// The policy's version when it happened.
    pub policy_version: u64,
    /// What happened.
    pub event: ProfileEvent,
}

/// What happened to profiles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProfileEvent {
    /// A profile came to be.
    Created {
        /// Which.
        profile: ProfileId,
    },
    /// A profile that was erased when its last record was quarantined is there again: the record was mended.
    Restored {
        /// Which.
        profile: ProfileId,
    },
    /// What a profile shows changed without its becoming another: it gained records, or a record of it a new version; an
    /// event or a consent of it came, went, got a new version or counts elsewhere now. Also told of those whose orders,
    /// consents or attributed events hang on what somebody else was told of: who shares the order, hears the consent
    /// under a shared identifier, or claims a contested value. At most once for a profile in a commit, and not where
    /// the commit tells otherwise that it came, went, lost records, or was merged, split or moved to or from.
    Extended {
        /// Which.
        profile: ProfileId,
    },
    /// Profiles became one.
    Merged {
        /// The ids that no profile bears any more; they go on resolving.
        from: Vec<ProfileId>,
        /// The id that stays.
        into: ProfileId,
    },
    /// A profile fell apart.
    Split {
        /// The id that it bore.
        from: ProfileId,
        /// The ids of the parts.
        into: Vec<ProfileId>,
    },
    /// Records went from one profile to another, and both go on.
    Moved {
        /// Where they were.
        from: ProfileId,
        /// Where they are.
        into: ProfileId,
        /// How many.
        records: u64,
    },
    /// A profile lost records that were removed.
    Shrunk {
        /// Which.
        profile: ProfileId,
    },
    /// A profile's last record was removed; its ids resolve to nothing.
    Erased {
        /// Which.
        profile: ProfileId,
    },
    /// A value became contested between profiles.
    Contested {
        /// The profiles that carry it, at most [`INLINE_MAX`].
        profiles: Vec<ProfileId>,
    },
    /// A join was withheld.
    Withheld {
        /// The profiles that stay apart, at most [`INLINE_MAX`].
        profiles: Vec<ProfileId>,
        /// Why.
        reason: Reason,
    },
    /// Two records became a possible link: alike, and for a steward to decide.
    Possible {
        /// Their profiles.
        profiles: Vec<ProfileId>,
    },
    /// A possible link is one no longer: its records are one profile, a steward spoke, or they are no more alike. Over
    /// the feed, as many became possible links and did not cease to be as there are now, however commits were cut.
    Settled {
        /// The profiles that its records are in now; those that are gone are in none.
        profiles: Vec<ProfileId>,
    },
}

impl ProfileEvent {
    /// The profiles that it names, which may bear other ids now: what a consumer of the feed has to read anew. O(profiles).
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, Policy, Resolver};
    /// use std::collections::BTreeSet;
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let seen = |key: &str, at: &str| -> onefold::Result<Event> {
    ///     Ok(Event::new("web", key, at.parse()?, EventKind::View).identifier("email", "ann@example.org"))
    /// };
    /// let ann = resolver.add_event(seen("1", "2026-01-05T10:00:00Z")?)?.profile;
    /// let cursor = resolver.changes(0, 100)?.last().map_or(0, |change| change.sequence);
    /// resolver.add_event(seen("2", "2026-01-06T10:00:00Z")?)?;
    /// let stale: BTreeSet<_> = resolver.changes(cursor, 100)?.iter().flat_map(|change| change.event.profiles()).collect();
    /// assert_eq!(stale, ann.into_iter().collect());
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn profiles(&self) -> impl Iterator<Item = ProfileId> {
        let (one, other, many): (Option<ProfileId>, Option<ProfileId>, &[ProfileId]) = match self {
            Self::Created { profile }
            | Self::Restored { profile }
            | Self::Extended { profile }
            | Self::Shrunk { profile }
            | Self::Erased { profile } => (Some(*profile), None, &[]),
            Self::Merged { from, into } => (Some(*into), None, from),
            Self::Split { from, into } => (Some(*from), None, into),
            Self::Moved { from, into, .. } => (Some(*from), Some(*into), &[]),
            Self::Contested { profiles }
            | Self::Withheld { profiles, .. }
            | Self::Possible { profiles }
            | Self::Settled { profiles } => (None, None, profiles),
        };
        one.into_iter().chain(other).chain(many.iter().copied())
    }

    /// Whether the evidence of the profiles that it names is another: not where it only says how they stand to others.
    pub(crate) fn tells_of_evidence(&self) -> bool {
        !matches!(self, Self::Contested { .. } | Self::Withheld { .. } | Self::Possible { .. } | Self::Settled { .. })
    }
}

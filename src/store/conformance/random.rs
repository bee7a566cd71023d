//! Random batches, the same for the same seed.

use super::model::Model;
use crate::event::{Event, EventKind, Line};
use crate::id::{ClusterNumber, KeyHash, Link, ProfileNumber, RecordNumber, Seed, TombstoneHash, TopicHash, ValueHash};
use crate::identifier::Summary;
use crate::issue::Reason;
use crate::linkage::Weight;
use crate::preference::DeedMonth;
use crate::record::{Assertion, Identifier, Moment, Record, RecordKey, Verdict};
use crate::store::contract::{Batch, Change, Revision};
use crate::store::rows::{
    Anchor, AssertionRow, Cluster, Counts, EventPlace, Generation, Likeness, Meta, Node, Numbers, Posting,
    ProfileChange, ProfileEvent, SecretUse, Trail, ValueState, Vertex, WithheldKey, WithheldRow,
};
use crate::time::Timestamp;
use crate::value::{Fact, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let place = self.below(list.len() as u64) as usize;
        list.get(place).expect("a list to pick from is not empty")
    }

    /// A batch that may be applied to the model: no key twice, and the generation is the current or the next one.
    pub(super) fn batch(&mut self, model: &Model) -> Batch {
        let current = model.current().0;
        let generation = Generation(current + u32::from(self.below(6) == 0));
        let switch = self.below(12) == 0;
        let mut changes = vec![self.meta(model, if switch { generation } else { model.current() })];
        let mut taken = BTreeSet::new();
        for _ in 0..self.below(40) {
            let (kind, key) = (self.below(28), self.below(14));
            // Putting a row and dropping it are of one kind of key.
            if taken.insert((kind / 2, key)) {
                let change = self.change(kind, key);
                changes.extend(moved(model, change));
            }
        }
        if model.meta.is_some() && self.below(3) == 0 {
            changes.remove(0);
        }
        if self.below(4) == 0 {
            changes.push(Change::PutPolicy(self.text().as_str().into()));
        }
        let feed = self.feed(model.feed.last().map_or(0, |last| last.sequence + 1));
        Batch { expected: Revision(model.revision), generation, changes, feed }
    }

    /// Changes of trails, events and tombstones only.
    #[cfg(test)]
    pub(super) fn events(&mut self, model: &Model) -> Vec<Change> {
        let batch = self.batch(model);
        let of_events = |change: &Change| {
            matches!(
                change,
                Change::PutTrail { .. }
                    | Change::DropTrail { .. }
                    | Change::PutEvent { .. }
                    | Change::DropEvent { .. }
                    | Change::AddTopic { .. }
                    | Change::DropTopic { .. }
                    | Change::PutDeeds { .. }
                    | Change::DropDeeds { .. }
                    | Change::AddTombstone { .. }
                    | Change::DropTombstone { .. }
            )
        };
        batch.changes.into_iter().filter(of_events).collect()
    }

    pub(super) fn meta(&mut self, model: &Model, generation: Generation) -> Change {
        Change::PutMeta(Box::new(Meta {
            unresolved: false,
            seed: Seed::new(u128::from(self.next()) << 64),
            fingerprint: u128::from(self.next()),
            policy_version: self.next(),
            generation,
            next_record: model.revision + 1,
            next_cluster: self.next(),
            next_profile: self.next(),
            next_change: self.next(),
            counts: Counts { records: self.next(), withheld: 3, ..Counts::default() },
            secrets: vec![SecretUse { secret: self.next(), tombstones: 7 }],
        }))
    }

    /// Marks a revision in three tables.
    pub(super) fn marks(&mut self, revision: u64) -> Vec<Change> {
        let model = Model { revision: revision - 1, ..Model::default() };
        vec![
            Change::PutAnchor { profile: ProfileNumber(0), anchor: anchor_at(revision) },
            Change::AddCarrier { value: ValueHash(5), number: RecordNumber(revision) },
            self.meta(&model, Generation(0)),
        ]
    }

    fn change(&mut self, kind: u64, key: u64) -> Change {
        let number = RecordNumber(spread(key));
        let value = ValueHash(hash(key / 3));
        let (a, b) = (KeyHash(hash(key)), KeyHash(hash(key / 2 + 20)));
        match kind {
            0 => Change::PutRecord { number, key: a, record: Arc::new(self.record()) },
            1 => Change::DropRecord { number, key: a },
            2 => Change::PutAssertion(Box::new(self.assertion(a, b))),
            3 => Change::DropAssertion { a, b },
            4 => Change::PutNode { number, node: Arc::new(self.node()) },
            5 => Change::DropNode { number },
            6 => Change::PutPosting { value: ValueHash(hash(key)), posting: Arc::new(self.posting()) },
            7 => Change::DropPosting { value: ValueHash(hash(key)) },
            8 => Change::AddCarrier { value, number },
            9 => Change::DropCarrier { value, number },
            10 => Change::PutCluster { number: ClusterNumber(number.0), cluster: Arc::new(self.cluster()) },
            11 => Change::DropCluster { number: ClusterNumber(number.0) },
            12 => Change::AddMember { cluster: ClusterNumber(key / 3), number },
            13 => Change::DropMember { cluster: ClusterNumber(key / 3), number },
            14 => Change::PutWithheld { key: withheld(key), row: Arc::new(self.withheld()) },
            15 => Change::DropWithheld { key: withheld(key) },
            16 => Change::PutTrail { number, key: KeyHash(hash(key + 40)), trail: Arc::new(self.trail()) },
            17 => Change::DropTrail { number, key: KeyHash(hash(key + 40)) },
            18 => Change::PutEvent { place: self.place(key), event: Arc::new(self.event()) },
            19 => Change::DropEvent { place: self.place(key) },
            20 => Change::AddTopic { topic: TopicHash(hash(key / 3)), place: self.place(key) },
            21 => Change::DropTopic { topic: TopicHash(hash(key / 3)), place: self.place(key) },
            22 => {
                let deeds = DeedMonth::of(std::iter::repeat_with(|| self.event()).take(3).collect::<Vec<_>>().iter());
                let deeds = Arc::new(deeds.into_values().next().unwrap_or_default());
                Change::PutDeeds { trail: RecordNumber(key / 3), month: key as i32 % 3 - 1, deeds }
            }
            23 => Change::DropDeeds { trail: RecordNumber(key / 3), month: key as i32 % 3 - 1 },
            24 => Change::AddTombstone { hash: TombstoneHash(hash(key)) },
            25 => Change::DropTombstone { hash: TombstoneHash(hash(key)) },
            _ => Change::PutAnchor { profile: ProfileNumber(number.0), anchor: self.anchor() },
        }
    }

    fn record(&mut self) -> Record {
        let mut record = Record::new(self.text(), self.text(), self.time());
        for _ in 0..self.below(4) {
            record = record.identifier(self.text(), self.text());
        }
        for name in 0..self.below(5) {
            record = record.attribute(format!("{name}"), self.value());
        }
        if self.below(2) == 0 { record } else { record.payload(self.text()) }
    }

    fn trail(&mut self) -> Trail {
        let identifiers = (0..self.below(4)).map(|_| Identifier::new(self.text(), self.text())).collect();
        let mut moment = || Moment { at: self.next() as i64, key: self.text() };
        let (first, last) = (moment(), moment());
        Trail { source: self.text(), identifiers, events: self.next(), first, last }
    }

    /// Few trails and few times, among them the first and the last that there are.
    fn place(&mut self, key: u64) -> EventPlace {
        let at = *self.pick(&[0, 1, -1, 1 << 50, i64::MAX, i64::MIN]);
        EventPlace { trail: RecordNumber(self.below(3)), at, key: KeyHash(hash(key)) }
    }

    fn event(&mut self) -> Event {
        let kind = if self.below(2) == 0 { EventKind::Purchase } else { EventKind::Custom(self.text()) };
        let mut event = Event::new(self.text(), self.text(), self.time(), kind);
        for _ in 0..self.below(3) {
            event = event.identifier(self.text(), self.text()).line(Line::new(self.text()).quantity(self.text()));
        }
        if self.below(2) == 0 { event } else { event.attribute(self.text(), self.value()).text(self.text()) }
    }

    fn value(&mut self) -> Value {
        match self.below(7) {
            0 => Value::Null,
            1 => Value::Bool(self.below(2) == 0),
            2 => Value::Integer(self.next() as i64),
            3 => Value::Number(*self.pick(&[0.1, -0.0, 1e300, f64::MIN_POSITIVE, 1.0])),
            4 => Value::List(vec![Value::Null, Value::Text(self.text()), Value::List(Vec::new())]),
            _ => Value::Text(self.text()),
        }
    }

    fn assertion(&mut self, a: KeyHash, b: KeyHash) -> AssertionRow {
        let verdict = *self.pick(&[Verdict::Join, Verdict::Separate]);
        let (by, why) = (self.text(), self.text());
        let keys = (RecordKey::new("crm", self.text()), RecordKey::new("web", self.text()));
        AssertionRow { a, b, assertion: Assertion { a: keys.0, b: keys.1, verdict, by, why } }
    }

    fn node(&mut self) -> Node {
        let (key, at) = (RecordKey::new(self.text(), self.text()), self.next() as i64);
        Node {
            vertex: match self.below(3) {
                0 => Vertex::Record { key, at },
                1 => Vertex::Trail { first: key, at, follows: None },
                _ => Vertex::Trail { first: key, at, follows: Some(Box::new(Link { kind: 1, value: ValueHash(9) })) },
            },
            cluster: ClusterNumber(self.next()),
            links: (0..self.below(5) as u16).map(|kind| Link { kind, value: ValueHash(hash(self.below(9))) }).collect(),
            facts: self.facts(),
            likeness: (self.below(2) == 0).then(|| Box::new(self.likeness())),
            homes: (0..self.below(3)).map(|_| ValueHash(hash(self.below(9)))).collect(),
            anchors: (0..self.below(3)).map(|_| ProfileNumber(self.next())).collect(),
        }
    }

    fn likeness(&mut self) -> Likeness {
        let blocks = (0..self.below(5)).map(|_| ValueHash(hash(self.below(9)))).collect();
        Likeness { blocks, edges: (0..self.below(4)).map(|n| (RecordNumber(n), Weight(self.next() as i32))).collect() }
    }

    fn posting(&mut self) -> Posting {
        let state = match self.below(8) {
            0 => ValueState::Contested { holder: None },
            1 => ValueState::Contested { holder: Some(RecordNumber(self.next())) },
            2 => ValueState::Inert { witnesses: vec![RecordNumber(1), RecordNumber(self.next())] },
            3 => ValueState::Generic,
            _ => ValueState::Clear,
        };
        Posting { carriers: self.numbers(), state }
    }

    fn cluster(&mut self) -> Cluster {
        let summary = Summary {
            clean: self.below(2) == 0,
            witness: self.below(2) == 0,
            asserted: self.below(2) == 0,
            possible: self.below(2) == 0,
            known: self.below(2) == 0,
            level: self.next() as u16,
            counts: (0..self.below(9)).map(|_| self.next() as u32).collect(),
            many_facts: false,
            facts: self.facts(),
        };
        Cluster { profile: ProfileNumber(self.next()), members: self.numbers(), summary }
    }

    fn numbers(&mut self) -> Numbers {
        match self.below(5) {
            0 => Numbers::Spilled(self.next()),
            1 => Numbers::Inline((0..self.below(40)).map(RecordNumber).collect()),
            _ => Numbers::Inline((0..self.below(3)).map(|_| RecordNumber(self.next())).collect()),
        }
    }

    fn withheld(&mut self) -> WithheldRow {
        let reasons = [
            Reason::Separated,
            Reason::Limit(3),
            Reason::TwoKnown,
            Reason::Exclusive(u16::MAX),
            Reason::Claimants,
            Reason::Uncorroborated,
            Reason::Unique(1),
            Reason::Possible,
        ];
        WithheldRow {
            kind: (self.below(2) == 0).then_some(self.next() as u16),
            weight: (self.below(2) == 0).then(|| Weight(self.next() as i32)),
            reason: *self.pick(&reasons),
            parts: (0..self.below(5)).map(|_| RecordNumber(self.next())).collect(),
        }
    }

    fn facts(&mut self) -> Vec<Fact> {
        (0..self.below(3) as u16).map(|attribute| Fact { attribute, value: self.text() }).collect()
    }

    fn feed(&mut self, first: u64) -> Vec<ProfileChange> {
        // Now and then more entries than a store may keep in one row.
        let entries = if self.below(40) == 0 { 2500 } else { self.below(4) };
        (first..first + entries)
            .map(|sequence| ProfileChange { sequence, policy_version: self.below(3), event: self.feed_event() })
            .collect()
    }

    fn feed_event(&mut self) -> ProfileEvent {
        let (profile, other) = (self.profile(), self.profile());
        match self.below(12) {
            0 => ProfileEvent::Created { profile },
            1 => ProfileEvent::Extended { profile },
            2 => ProfileEvent::Merged { from: vec![profile, other], into: other },
            3 => ProfileEvent::Split { from: profile, into: vec![other] },
            4 => ProfileEvent::Moved { from: profile, into: other, records: self.next() },
            5 => ProfileEvent::Shrunk { profile },
            6 => ProfileEvent::Erased { profile },
            8 => ProfileEvent::Restored { profile },
            7 => ProfileEvent::Contested { profiles: vec![profile] },
            9 => ProfileEvent::Possible { profiles: vec![profile, other] },
            10 => ProfileEvent::Settled { profiles: vec![profile] },
            _ => ProfileEvent::Withheld { profiles: Vec::new(), reason: Reason::Limit(1) },
        }
    }

    fn profile(&mut self) -> crate::id::ProfileId {
        crate::id::ProfileId::of(ProfileNumber(self.below(9)), Seed::default())
    }

    fn anchor(&mut self) -> Anchor {
        if self.below(3) == 0 { Anchor::Gone } else { Anchor::Record(RecordNumber(self.next())) }
    }

    fn text(&mut self) -> smol_str::SmolStr {
        match self.below(40) {
            0 => "x".repeat(70_000).into(),
            1 => "".into(),
            2 => "a\0\n\"ä€😀".into(),
            _ => format!("{:x}", self.next() >> self.below(60)).into(),
        }
    }

    fn time(&mut self) -> Timestamp {
        let text = *self.pick(&["2026-01-05T11:00:00+01:00", "1901-01-01T00:00:00Z", "2026-01-05T10:00:00.000001Z"]);
        text.parse().expect("a time as RFC 3339 has it")
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// An event has one place: one that is put elsewhere is dropped where it was, and is dropped nowhere else.
fn moved(model: &Model, change: Change) -> Vec<Change> {
    let stands = |place: EventPlace| model.places.get(&place.key).copied().filter(|old| *old != place);
    match change {
        Change::PutEvent { place, .. } => {
            stands(place).map(|place| Change::DropEvent { place }).into_iter().chain([change]).collect()
        }
        Change::DropEvent { place } => vec![Change::DropEvent { place: stands(place).unwrap_or(place) }],
        _ => vec![change],
    }
}

pub(super) fn anchor_at(revision: u64) -> Anchor {
    Anchor::Record(RecordNumber(revision))
}

/// Numbers close together, and some far away.
fn spread(key: u64) -> u64 {
    if key < 11 { key } else { key * 5000 }
}

/// Hashes that differ in their first bits, in their last bits, and the smallest and the largest there are.
fn hash(key: u64) -> u128 {
    match key {
        0 => 0,
        1 => u128::MAX,
        key if key.is_multiple_of(2) => u128::from(key),
        key => u128::from(key) << 120,
    }
}

fn withheld(key: u64) -> WithheldKey {
    match key {
        0..5 => WithheldKey::Value(ValueHash(hash(key))),
        5..10 => WithheldKey::Join(KeyHash(hash(key - 5)), KeyHash(hash(key / 2))),
        _ => WithheldKey::Link(KeyHash(hash(key - 9)), KeyHash(hash(key / 2))),
    }
}

//! The records that can bear on each other: a region, read from the store.

use super::liken::is_link;
use super::moments::event_before;
use super::ruling::Ruling;
use crate::error::Result;
use crate::id::{KeyHash, RecordNumber, Seed, ValueHash};
use crate::identifier::hash_key;
use crate::linkage::Weight;
use crate::policy::Links;
use crate::record::{Assertion, RecordKey, Verdict};
use crate::stitch::{Claimed, Entry, Likely, Outcome, Region, Trace, resolve};
use crate::store::{AssertionRow, DORMANT, Node, Overlay, Posting, Snapshot, Trail, ValueState};
use ahash::{AHashMap, AHashSet};
use std::sync::Arc;

/// What was read of the regions of some records.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Live records and trails, in the order in which they were found.
    pub(super) records: Vec<(RecordNumber, Arc<Node>)>,
    /// The trails among them.
    trails: AHashMap<RecordNumber, Arc<Trail>>,
    /// Keys that only assertions name.
    pub(super) phantoms: Vec<RecordKey>,
    /// Pairs of entries (records first, then phantoms), with the hashes of their keys.
    pub(super) joins: Vec<((usize, usize), (KeyHash, KeyHash))>,
    pub(super) separations: Vec<(usize, usize)>,
    /// Pairs that a steward separated, by the hashes of their keys, the other record wherever it is.
    pub(super) separated: AHashSet<(KeyHash, KeyHash)>,
    /// The scored links.
    pub(super) links: Vec<Likely>,
    /// The possible links, each from one end that is here.
    pub(super) possible: Vec<(usize, RecordNumber, Weight)>,
    /// Entries that assertions name: a separation from a record elsewhere counts once the two regions meet.
    pub(super) named: Vec<usize>,
    pub(super) generic: AHashSet<ValueHash>,
    /// Values that link nobody and whose other carriers were left where they are.
    pub(super) inert: AHashSet<ValueHash>,
    /// The postings of all values that were met, with the kind's place.
    pub(super) postings: AHashMap<ValueHash, (u16, Arc<Posting>)>,
}

/// Reads all that is connected to some records by values that link, and by joins. O(what is found).
///
/// A value that is inert connects nobody, unless one of its witnesses is met: then what it is has to be found anew.
pub(super) fn gather(
    overlay: &Overlay<'_>,
    rules: &Ruling,
    seed: Seed,
    seeds: &[RecordNumber],
    with_assertions: bool,
) -> Result<Gathered> {
    let mut found = Gathered::default();
    let mut seen: AHashSet<RecordNumber> = AHashSet::new();
    let mut wave: Vec<RecordNumber> = seeds.iter().copied().filter(|&number| seen.insert(number)).collect();
    let mut words = Words::default();
    while !wave.is_empty() {
        let mut nodes: Vec<(RecordNumber, Arc<Node>)> = Vec::with_capacity(wave.len());
        for (&number, node) in wave.iter().zip(overlay.nodes(&wave)?) {
            nodes.extend(node.filter(|node| node.cluster != DORMANT).map(|node| (number, node)));
        }
        wave.clear();
        let mut fresh: Vec<ValueHash> = Vec::new();
        let mut kinds: Vec<u16> = Vec::new();
        let mut linking: AHashSet<ValueHash> = AHashSet::new();
        for link in nodes.iter().flat_map(|(_, node)| &node.links) {
            if !found.postings.contains_key(&link.value) && linking.insert(link.value) {
                fresh.push(link.value);
                kinds.push(link.kind);
            }
        }
        for ((&value, kind), posting) in fresh.iter().zip(kinds).zip(overlay.postings(&fresh)?) {
            found.postings.extend(posting.map(|posting| (value, (kind, posting))));
        }
        let mut expand = |value: ValueHash, posting: &Posting| -> Result<()> {
            wave.extend(overlay.all_carriers(value, posting)?.into_iter().filter(|&number| seen.insert(number)));
            Ok(())
        };
        for (number, node) in &nodes {
            for link in &node.links {
                let Some((_, posting)) = found.postings.get(&link.value) else { continue };
                let links_none = rules.kinds.get(usize::from(link.kind)).is_none_or(|kind| kind.links == Links::None);
                match &posting.state {
                    ValueState::Generic => {
                        found.generic.insert(link.value);
                    }
                    _ if links_none => {}
                    ValueState::Inert { witnesses } => {
                        if witnesses.contains(number) && words.opened.insert(link.value) {
                            expand(link.value, posting)?;
                        }
                        found.inert.insert(link.value);
                    }
                    ValueState::Clear | ValueState::Contested { .. } => {
                        if linking.remove(&link.value) {
                            expand(link.value, posting)?;
                        }
                    }
                }
            }
        }
        if with_assertions {
            let keys: Vec<KeyHash> = nodes.iter().filter_map(|(_, node)| node.vertex.key_hash(seed)).collect();
            for other in words.follow(overlay, keys)? {
                if seen.insert(other) {
                    wave.push(other);
                }
            }
        }
        for (other, weight) in nodes.iter().flat_map(|(_, node)| node.edges()) {
            if is_link(rules.linker(), *weight) && seen.insert(*other) {
                wave.push(*other);
            }
        }
        found.records.extend(nodes);
    }
    found.inert.retain(|value| !words.opened.contains(value));
    words.settle(&mut found, seed);
    found.find_edges(rules);
    let is_trail = |(number, node): &(RecordNumber, Arc<Node>)| node.vertex.record().is_none().then_some(*number);
    let trails: Vec<RecordNumber> = found.records.iter().filter_map(is_trail).collect();
    if !trails.is_empty() {
        let rows = trails.iter().copied().zip(overlay.trails(&trails)?);
        found.trails = rows.filter_map(|(number, row)| row.map(|row| (number, row))).collect();
    }
    Ok(found)
}

/// Assertions met on the way.
#[derive(Debug, Default)]
struct Words {
    rows: AHashMap<(KeyHash, KeyHash), AssertionRow>,
    asked: AHashSet<KeyHash>,
    /// Inert values with a witness among the records.
    opened: AHashSet<ValueHash>,
}

impl Words {
    /// Follows joins from some keys through keys that stand for no record, and answers with the records reached.
    fn follow(&mut self, overlay: &Overlay<'_>, mut keys: Vec<KeyHash>) -> Result<Vec<RecordNumber>> {
        let mut reached = Vec::new();
        while !keys.is_empty() {
            self.asked.extend(keys.iter().copied());
            let mut next = Vec::new();
            for row in overlay.assertions(&keys)? {
                if row.assertion.verdict == Verdict::Join {
                    next.extend([row.a, row.b].into_iter().filter(|key| !self.asked.contains(key)));
                }
                self.rows.insert((row.a, row.b), row);
            }
            next.sort_unstable();
            next.dedup();
            reached.extend(overlay.numbers(&next)?.into_iter().flatten());
            keys = next;
        }
        Ok(reached)
    }

    /// Turns assertions into pairs of entries.
    fn settle(self, found: &mut Gathered, seed: Seed) {
        if self.rows.is_empty() {
            return;
        }
        let of_node =
            |(place, (_, node)): (usize, &(RecordNumber, Arc<Node>))| Some((node.vertex.key_hash(seed)?, place));
        let mut places: AHashMap<KeyHash, usize> = found.records.iter().enumerate().filter_map(of_node).collect();
        let mut rows: Vec<AssertionRow> = self.rows.into_values().collect();
        rows.sort_unstable_by_key(|row| (row.a, row.b));
        for row in rows.iter().filter(|row| row.assertion.verdict == Verdict::Join) {
            let mut place = |hash: KeyHash, key: &RecordKey| {
                *places.entry(hash).or_insert_with(|| {
                    found.phantoms.push(key.clone());
                    found.records.len() + found.phantoms.len() - 1
                })
            };
            let Assertion { a, b, .. } = &row.assertion;
            let pair = (place(hash_key(seed, a), a), place(hash_key(seed, b), b));
            found.joins.push((pair, (row.a, row.b)));
        }
        found.named = rows.iter().flat_map(|row| [row.a, row.b]).filter_map(|key| places.get(&key).copied()).collect();
        for row in rows.iter().filter(|row| row.assertion.verdict == Verdict::Separate) {
            found.separated.insert((row.a, row.b));
            if let (Some(&a), Some(&b)) = (places.get(&row.a), places.get(&row.b)) {
                found.separations.push((a, b));
            }
        }
    }
}

impl Gathered {
    /// Finds the edges among the records, and those that lead out.
    fn find_edges(&mut self, rules: &Ruling) {
        if self.records.iter().all(|(_, node)| node.edges().is_empty()) {
            return;
        }
        let places: AHashMap<RecordNumber, usize> =
            self.records.iter().enumerate().map(|(place, (number, _))| (*number, place)).collect();
        for (place, (_, node)) in self.records.iter().enumerate() {
            for &(other, weight) in node.edges() {
                let end = places.get(&other).copied();
                if end.is_some_and(|end| end < place) {
                    continue;
                }
                match end.filter(|_| is_link(rules.linker(), weight)) {
                    Some(b) => self.links.push(Likely { a: place, b, weight }),
                    None => self.possible.push((place, other, weight)),
                }
            }
        }
    }

    /// Resolves it from scratch.
    pub(super) fn resolve(&self, snapshot: &dyn Snapshot, rules: &Ruling, trace: Trace) -> Result<Outcome> {
        let event_before = |entry: usize, moment: &Claimed| match self.records.get(entry) {
            Some((number, node)) => event_before(snapshot, *number, &node.vertex.order().1.source, moment),
            None => Ok(None),
        };
        resolve(rules, rules.linker(), &self.region(rules), &event_before, trace)
    }

    /// The region as resolution takes it.
    fn region(&self, rules: &Ruling) -> Region<'_> {
        let live = self.records.iter().map(|(number, node)| {
            let (at, key, _) = node.vertex.order();
            let unique = node.vertex.record().and_then(|key| rules.unique(key));
            let last = self.trails.get(number).map(|trail| &trail.last);
            Entry { key, at, last, links: &node.links, facts: &node.facts, unique, live: true }
        });
        Region {
            entries: live.chain(self.phantoms.iter().map(Entry::phantom)).collect(),
            joins: self.joins.iter().map(|(pair, _)| *pair).collect(),
            separations: self.separations.clone(),
            links: self.links.clone(),
            named: self.named.clone(),
            generic: &self.generic,
            inert: &self.inert,
        }
    }
}

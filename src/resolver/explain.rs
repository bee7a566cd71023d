//! Why records are, or are not, one profile.

use super::Resolver;
use super::answer::{Explanation, Member, Step, Structure, Why, Withheld};
use super::gather::{Gathered, gather};
use super::liken::link_key;
use super::read::View;
use super::score::{PairScore, score};
use crate::error::Result;
use crate::id::{Link, ProfileId, RecordNumber, ValueHash};
use crate::identifier::{hash_key, links};
use crate::issue::Reason;
use crate::linkage::Weight;
use crate::record::{Identifier, RecordKey, Verdict};
use crate::stitch::{By, Made, Trace};
use crate::store::{DORMANT, INLINE_MAX, Node, Overlay, Posting, WithheldKey, WithheldRow, all};
use ahash::{AHashMap, AHashSet};
use petgraph::algo::articulation_points::articulation_points;
use petgraph::graph::{NodeIndex, UnGraph};
use petgraph::visit::{Bfs, EdgeRef};
use std::collections::VecDeque;
use std::sync::Arc;

impl View {
    /// Explains why two records are one profile (the shortest path of reasons), or why they are two (the joins that
    /// were withheld between the two profiles). O(their regions).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn explain(&self, a: &RecordKey, b: &RecordKey) -> Result<Explanation> {
        let nothing = Explanation { together: false, path: Vec::new(), withheld: Vec::new() };
        let (Some(from), Some(to)) = (self.number_of(a)?, self.number_of(b)?) else { return Ok(nothing) };
        let bearers = self.bearers(&[from, to])?;
        let [Some(one), Some(other)] = bearers.as_slice() else { return Ok(nothing) };
        if one != other {
            return Ok(Explanation { withheld: self.between(from, *one, to, *other)?, ..nothing });
        }
        let (found, made) = self.ties(&[from])?;
        let place = |number| found.records.iter().position(|(known, _)| *known == number);
        let (Some(start), Some(end)) = (place(from), place(to)) else { return Ok(nothing) };
        let path = self.shortest(&found, &made, start, end)?;
        Ok(Explanation { together: true, path, withheld: Vec::new() })
    }

    /// Shows what holds a profile together: its ties, and what it would fall apart without. O(its region).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn structure(&self, id: ProfileId) -> Result<Option<Structure>> {
        let Some((number, cluster)) = self.cluster_of(id)? else { return Ok(None) };
        let members: AHashSet<RecordNumber> = self.members_of(number, &cluster)?.into_iter().collect();
        let seeds: Vec<RecordNumber> = members.iter().copied().collect();
        let (found, made) = self.ties(&seeds)?;
        let inside = |entry: &usize| found.records.get(*entry).is_none_or(|(number, _)| members.contains(number));
        let made: Vec<Made> = made.into_iter().filter(|made| made.entries.iter().all(inside)).collect();
        // Records, then phantoms, then ties: a tie is a node, so that one value of many records is one thing.
        let mut graph: UnGraph<(), ()> = UnGraph::default();
        let entries = found.records.len() + found.phantoms.len();
        let nodes: Vec<NodeIndex> = (0..entries + made.len()).map(|_| graph.add_node(())).collect();
        for (tie, node) in made.iter().zip(nodes.iter().skip(entries)) {
            for entry in tie.entries.iter().filter_map(|&entry| nodes.get(entry)) {
                graph.add_edge(*node, *entry, ());
            }
        }
        let cuts: AHashSet<NodeIndex> = articulation_points(&graph).into_iter().collect();
        let (mut ties, mut bridges, mut joints) = (Vec::new(), Vec::new(), Vec::new());
        for (tie, node) in made.iter().zip(nodes.iter().skip(entries)) {
            let why = self.why(&found, tie)?;
            if let (true, Why::Identifier(identifier)) = (cuts.contains(node), &why) {
                bridges.push((identifier.clone(), parts_without(&graph, *node, found.records.len())));
            }
            ties.push((why, tie.entries.iter().filter_map(|&entry| member_of(&found, entry)).collect()));
        }
        for (entry, node) in nodes.iter().enumerate().take(found.records.len()) {
            if cuts.contains(node) {
                joints.extend(member_of(&found, entry));
            }
        }
        joints.sort_unstable();
        bridges.sort_unstable_by_key(|(identifier, parts): &(Identifier, Vec<u64>)| {
            (std::cmp::Reverse(parts.iter().rev().nth(1).copied()), identifier.clone())
        });
        Ok(Some(Structure { ties, bridges, joints }))
    }

    /// Weighs two records that are there as the policy's linkage does, comparison by comparison; none without linkage,
    /// or where one of the records is not there or quarantined.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn score(&self, a: &RecordKey, b: &RecordKey) -> Result<Option<PairScore>> {
        let (Some(one), Some(other)) = (self.number_of(a)?, self.number_of(b)?) else { return Ok(None) };
        let nodes = self.snapshot.nodes(&[one, other])?;
        let live = |node: &Option<Arc<Node>>| node.clone().filter(|node| node.cluster != DORMANT);
        let nodes: Vec<Arc<Node>> = nodes.iter().filter_map(live).collect();
        let ([one, other], Some(linker)) = (nodes.as_slice(), self.rules.linker()) else { return Ok(None) };
        Ok(Some(score(&self.rules, linker, &one.facts, &other.facts)))
    }

    /// The queue of withheld joins, by key, after the last one seen.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn withheld(&self, after: Option<WithheldKey>, limit: usize) -> Result<Vec<Withheld>> {
        let rows = self.snapshot.withheld_page(after, limit)?;
        rows.iter().map(|(key, row)| self.show(*key, row)).collect()
    }

    /// The probability that two records of a match weight are one person.
    fn probability(&self, weight: Weight) -> f64 {
        self.rules.linker().map_or(0.0, |linker| linker.probability(weight))
    }

    /// The withheld joins between two profiles.
    fn between(&self, from: RecordNumber, one: ProfileId, to: RecordNumber, other: ProfileId) -> Result<Vec<Withheld>> {
        let mut values: [AHashMap<ValueHash, Link>; 2] = [AHashMap::new(), AHashMap::new()];
        let mut ends: [AHashMap<RecordNumber, Arc<Node>>; 2] = [AHashMap::new(), AHashMap::new()];
        for (((number, id), values), ends) in [(from, one), (to, other)].into_iter().zip(&mut values).zip(&mut ends) {
            let members = match self.cluster_of(id)? {
                Some((number, cluster)) => self.members_of(number, &cluster)?,
                None => vec![number],
            };
            for (member, node) in members.iter().zip(self.snapshot.nodes(&members)?) {
                let Some(node) = node else { continue };
                values.extend(node.links.iter().map(|link| (link.value, *link)));
                if !node.edges().is_empty() {
                    ends.insert(*member, node);
                }
            }
        }
        let [mine, theirs] = values;
        let mut keys: Vec<WithheldKey> =
            mine.keys().filter(|value| theirs.contains_key(value)).map(|value| WithheldKey::Value(*value)).collect();
        let [own, others] = ends;
        for node in own.values() {
            let across = node.edges().iter().filter_map(|(other, _)| others.get(other));
            let hash = |node: &Node| node.vertex.key_hash(self.seed);
            keys.extend(across.filter_map(|other| Some(link_key(hash(node)?, hash(other)?))));
        }
        keys.sort_unstable();
        let mut shown = Vec::new();
        for (key, row) in keys.iter().zip(self.snapshot.withheld(&keys)?) {
            if let Some(row) = row {
                shown.push(self.show(*key, &row)?);
            }
        }
        Ok(shown)
    }

    fn show(&self, key: WithheldKey, row: &WithheldRow) -> Result<Withheld> {
        let mut apart = row.parts.clone();
        let (mut identifier, mut records) = (None, 0);
        if let WithheldKey::Value(value) = key
            && let Some(posting) = self.snapshot.postings(&[value])?.pop().flatten()
        {
            records = posting.carriers.len();
            if apart.is_empty() {
                apart = self.oldest_of_each(value, &posting)?;
            }
            identifier = apart.first().map(|&first| self.identifier_of(first, value)).transpose()?.flatten();
        }
        let nodes = self.snapshot.nodes(&apart)?;
        let bearers = self.bearers(&apart)?;
        let parts = nodes.iter().zip(bearers);
        let parts = parts.filter_map(|(node, id)| node.as_ref().map(|node| (Member::of(&node.vertex), id)));
        let text = self.in_words(row);
        let likeness = row.weight.map(|weight| (weight, self.probability(weight)));
        Ok(Withheld { key, identifier, reason: row.reason, likeness, text, parts: parts.collect(), records })
    }

    /// The oldest carrier of each profile that carries a value, oldest first, at most [`INLINE_MAX`].
    fn oldest_of_each(&self, value: ValueHash, posting: &Posting) -> Result<Vec<RecordNumber>> {
        let carriers = all(&posting.carriers, |from, limit| self.snapshot.carriers(value, from, limit))?;
        let nodes = carriers.iter().copied().zip(self.snapshot.nodes(&carriers)?);
        let mut nodes: Vec<(RecordNumber, Arc<Node>)> =
            nodes.filter_map(|(number, node)| node.map(|node| (number, node))).collect();
        nodes.sort_unstable_by(|(_, a), (_, b)| a.vertex.order().cmp(&b.vertex.order()));
        let mut seen = AHashSet::new();
        nodes.retain(|(_, node)| seen.insert(node.cluster));
        nodes.truncate(INLINE_MAX);
        Ok(nodes.into_iter().map(|(number, _)| number).collect())
    }

    fn in_words(&self, row: &WithheldRow) -> String {
        let kind = |place: u16| self.rules.kinds.get(usize::from(place)).map_or("?", |kind| kind.name.as_str());
        let attribute = |place: u16| self.rules.attributes.get(usize::from(place)).map_or("?", |a| a.name.as_str());
        match row.reason {
            Reason::Separated => "a steward separated two of the records".to_owned(),
            Reason::Limit(limited) => {
                let rule = self.rules.kinds.get(usize::from(limited));
                let max = rule.and_then(|rule| rule.max_per_profile).unwrap_or_default();
                format!("one profile may hold {max} of `{}` at the most", kind(limited))
            }
            Reason::TwoKnown => "a device or a session ties no two known people".to_owned(),
            Reason::Exclusive(place) => format!("the records contradict each other on `{}`", attribute(place)),
            Reason::Claimants => {
                let rule = row.kind.and_then(|place| self.rules.kinds.get(usize::from(place)));
                let max = rule.and_then(|rule| rule.max_claimants).unwrap_or_default();
                format!("more than {max} claim it")
            }
            Reason::Nobody => {
                let name = row.kind.map_or("?", kind);
                format!("it is contested, and a contested `{name}` goes to nobody")
            }
            Reason::Uncorroborated => {
                let rule = row.kind.and_then(|place| self.rules.kinds.get(usize::from(place)));
                let names: Vec<&str> =
                    rule.iter().flat_map(|rule| &rule.corroborate).map(|&place| attribute(place)).collect();
                format!("the records do not agree on {}", names.join(", "))
            }
            Reason::Unique(place) => {
                let source =
                    self.rules.policy().source.get(usize::from(place)).map_or("?", |source| source.name.as_str());
                format!("`{source}` has no duplicates: a profile holds one record of it by likeness")
            }
            Reason::Ambiguous => "one of the records is as much like somebody else, who is another".to_owned(),
            Reason::Veto => "two of the records are too unlike to be one person".to_owned(),
            Reason::Unweighed => "the profiles are too large to be weighed record by record".to_owned(),
            Reason::Possible => "the records are possibly, not probably, one person".to_owned(),
        }
    }

    /// The identifier of a record or trail that has a hash.
    fn identifier_of(&self, number: RecordNumber, value: ValueHash) -> Result<Option<Identifier>> {
        let identifiers = self.usable_identifiers(number)?;
        let hashed = links(self.seed, &self.rules, &identifiers);
        let place = hashed.iter().position(|link| link.value == value);
        let found = place.and_then(|place| identifiers.get(place));
        Ok(found.and_then(|(kind, value)| {
            let rule = self.rules.kinds.get(usize::from(*kind))?;
            Some(Identifier::new(rule.name.clone(), value.clone()))
        }))
    }

    fn ties(&self, seeds: &[RecordNumber]) -> Result<(Gathered, Vec<Made>)> {
        let overlay = Overlay::new(&*self.snapshot);
        let found = gather(&overlay, &self.rules, self.seed, seeds, self.meta.counts.assertions > 0)?;
        let made = found.resolve(&*self.snapshot, &self.rules, Trace::On)?.made;
        Ok((found, made))
    }

    /// The shortest path between two entries through ties. O(ties and their members).
    fn shortest(&self, found: &Gathered, made: &[Made], start: usize, end: usize) -> Result<Vec<Step>> {
        let mut of_entry: AHashMap<usize, Vec<usize>> = AHashMap::new();
        for (tie, made) in made.iter().enumerate() {
            for &entry in &made.entries {
                of_entry.entry(entry).or_default().push(tie);
            }
        }
        let mut came: AHashMap<usize, (usize, usize)> = AHashMap::new();
        let mut used: AHashSet<usize> = AHashSet::new();
        let mut queue = VecDeque::from([start]);
        while let Some(entry) = queue.pop_front() {
            if entry == end {
                break;
            }
            for &tie in of_entry.get(&entry).into_iter().flatten().filter(|&&tie| used.insert(tie)) {
                for &next in made.get(tie).into_iter().flat_map(|made| &made.entries) {
                    if next != start && !came.contains_key(&next) {
                        came.insert(next, (entry, tie));
                        queue.push_back(next);
                    }
                }
            }
        }
        let mut path = Vec::new();
        let mut place = end;
        while let Some(&(before, tie)) = came.get(&place) {
            let (Some(from), Some(to), Some(made)) = (member_of(found, before), member_of(found, place), made.get(tie))
            else {
                break;
            };
            path.push(Step { from, to, why: self.why(found, made)? });
            place = before;
        }
        path.reverse();
        Ok(path)
    }

    fn why(&self, found: &Gathered, made: &Made) -> Result<Why> {
        if let By::Link(weight) = made.by {
            return Ok(Why::Likeness { weight, probability: self.probability(weight) });
        }
        if let (By::Value(link), Some((number, _))) =
            (made.by, made.entries.first().and_then(|&e| found.records.get(e)))
        {
            let identifier = self.identifier_of(*number, link.value)?;
            return Ok(Why::Identifier(identifier.unwrap_or_else(|| Identifier::new("", ""))));
        }
        let members: Vec<Member> = made.entries.iter().filter_map(|&entry| member_of(found, entry)).collect();
        let keys: Vec<&RecordKey> = members.iter().filter_map(Member::record).collect();
        let hashes: Vec<_> = keys.iter().map(|key| hash_key(self.seed, key)).collect();
        let rows = self.snapshot.assertions(&hashes)?;
        let row = rows.into_iter().map(|row| row.assertion).find(|assertion| {
            assertion.verdict == Verdict::Join && keys.contains(&&assertion.a) && keys.contains(&&assertion.b)
        });
        Ok(row.map_or_else(
            || Why::Assertion { by: Default::default(), why: Default::default() },
            |assertion| Why::Assertion { by: assertion.by, why: assertion.why },
        ))
    }
}

fn member_of(found: &Gathered, entry: usize) -> Option<Member> {
    match found.records.get(entry) {
        Some((_, node)) => Some(Member::of(&node.vertex)),
        None => found.phantoms.get(entry.checked_sub(found.records.len())?).cloned().map(Member::Record),
    }
}

/// The sizes of the parts that a tie's neighbours fall into without it, in records, ascending.
fn parts_without(graph: &UnGraph<(), ()>, tie: NodeIndex, records: usize) -> Vec<u64> {
    let mut seen: AHashSet<NodeIndex> = AHashSet::from_iter([tie]);
    let mut parts = Vec::new();
    for start in graph.edges(tie).map(|edge| if edge.source() == tie { edge.target() } else { edge.source() }) {
        if seen.contains(&start) {
            continue;
        }
        let mut search = Bfs::new(graph, start);
        search.discovered.extend([tie.index()]);
        let mut size = 0;
        while let Some(node) = search.next(graph) {
            if seen.insert(node) && node.index() < records {
                size += 1;
            }
        }
        parts.push(size);
    }
    parts.sort_unstable();
    parts
}

impl Resolver {
    /// See [`View::explain`].
    ///
    /// # Errors
    /// As there.
    pub fn explain(&self, a: &RecordKey, b: &RecordKey) -> Result<Explanation> {
        self.view()?.explain(a, b)
    }

    /// See [`View::score`].
    ///
    /// # Errors
    /// As there.
    pub fn score(&self, a: &RecordKey, b: &RecordKey) -> Result<Option<PairScore>> {
        self.view()?.score(a, b)
    }

    /// See [`View::structure`].
    ///
    /// # Errors
    /// As there.
    pub fn structure(&self, id: ProfileId) -> Result<Option<Structure>> {
        self.view()?.structure(id)
    }

    /// See [`View::withheld`].
    ///
    /// # Errors
    /// As there.
    pub fn withheld(&self, after: Option<WithheldKey>, limit: usize) -> Result<Vec<Withheld>> {
        self.view()?.withheld(after, limit)
    }
}

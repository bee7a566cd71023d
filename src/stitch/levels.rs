//! From scratch, level by level: stewards' joins, then the kinds of identifier, strongest first, then scored links
//! (DESIGN 4.3, 4.5).

use super::contest::{Claims, Settled, settle};
use super::corroborate;
use super::shape::{Claim, End, Held, Saying, Shape, ValueSets, judge, separated};
use super::{By, Claimed, Contest, EventBefore, Group, Made, Outcome, Region, Trace};
use crate::error::Result;
use crate::id::Link;
use crate::identifier::Summary;
use crate::issue::Reason;
use crate::linkage::Linker;
use crate::policy::{Contested, Links, Rules};
use ahash::{AHashMap, AHashSet};
use petgraph::unionfind::UnionFind;
use std::cmp::Reverse;
use std::collections::hash_map::Entry;

/// Resolves a region: its clusters, and what keeps them apart.
///
/// O(n log n) for n identifiers, plus, for each contested value, its clusters times its parts, and for scored links what
/// their vetoes cost. A region has scored links only where there is a linker.
///
/// # Errors
/// Those of looking up events.
pub(crate) fn resolve(
    rules: &Rules,
    linker: Option<&Linker>,
    region: &Region<'_>,
    event_before: EventBefore<'_>,
    trace: Trace,
) -> Result<Outcome> {
    let mut levels = Levels::new(rules, region, event_before, trace);
    levels.join_by_word();
    for kind in 0..rules.kinds.len() {
        levels.take_kind(kind as u16)?;
    }
    levels.before.clear();
    if let Some(linker) = linker {
        levels.take_links(linker);
    }
    Ok(levels.finish())
}

/// A record carries a value, both by their place: the record in order of time, the value in order of its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Carry {
    link: Link,
    rank: u32,
    /// The link's place in the record, which orders values as their bytes do.
    place: u32,
}

/// A value, or what one group of its carriers makes of it.
#[derive(Debug)]
struct Turn {
    oldest: u32,
    place: u32,
    value: usize,
    /// Ranks of the carriers, ascending.
    carriers: Vec<u32>,
}

pub(super) struct Levels<'a> {
    pub(super) rules: &'a Rules,
    pub(super) region: &'a Region<'a>,
    event_before: EventBefore<'a>,
    /// Entries by time and key, those that are not live last.
    pub(super) order: Vec<usize>,
    /// The trails that follow whoever has a value, by rank.
    followers: AHashMap<u32, usize>,
    /// All that is carried and not generic, by link, then rank.
    carries: Vec<Carry>,
    /// Ranges of `carries`, one for each value: a value's local number is its place here.
    values: Vec<std::ops::Range<usize>>,
    /// Values that link nobody for good.
    pub(super) inert: Vec<bool>,
    pub(super) sets: ValueSets<'a>,
    sets_of_clusters: UnionFind<u32>,
    /// The shape of each cluster, at its root.
    pub(super) shapes: Vec<Shape>,
    /// The roots of all ranks before the kind whose turn it is, where a value of the kind may have witnesses.
    before: Vec<u32>,
    /// The shapes of these roots, of those that were united since.
    shapes_before: AHashMap<u32, Shape>,
    /// By local number of the value, what kept it from joining all its carriers.
    unsettled: AHashMap<usize, Unsettled>,
    refused: Vec<(usize, usize)>,
    /// Scored links that were refused when their turn came, by their places in the region's.
    pub(super) refused_links: Vec<(usize, Reason)>,
    pub(super) trace: Trace,
    pub(super) made: Vec<Made>,
}

#[derive(Debug)]
struct Unsettled {
    reason: Reason,
    /// More claimed it than the policy allows, in one group of its carriers at least.
    crowded: bool,
    witnesses: Vec<u32>,
}

impl<'a> Levels<'a> {
    fn new(rules: &'a Rules, region: &'a Region<'a>, event_before: EventBefore<'a>, trace: Trace) -> Self {
        let mut order: Vec<usize> = (0..region.entries.len()).collect();
        let in_order = |e: &super::Entry<'a>| (!e.live, e.at, e.key, e.last.is_some());
        order.sort_unstable_by_key(|&place| region.entries.get(place).map(in_order));
        let mut carries = Vec::new();
        for (rank, entry) in order.iter().filter_map(|&place| region.entries.get(place)).enumerate() {
            for (place, &link) in entry.links.iter().enumerate() {
                if !region.generic.contains(&link.value) {
                    carries.push(Carry { link, rank: rank as u32, place: place as u32 });
                }
            }
        }
        carries.sort_unstable();
        let mut values = Vec::new();
        let mut from = 0;
        for chunk in carries.chunk_by(|a, b| a.link == b.link) {
            values.push(from..from + chunk.len());
            from += chunk.len();
        }
        let inert = values.iter().map(|range| {
            let link = carries.get(range.start).map(|carry| carry.link);
            !region.inert.is_empty() && link.is_some_and(|link| region.inert.contains(&link.value))
        });
        let inert: Vec<bool> = inert.collect();
        let mut levels = Self {
            rules,
            region,
            event_before,
            sets_of_clusters: UnionFind::new(order.len()),
            order,
            followers: AHashMap::new(),
            inert,
            values,
            carries,
            sets: ValueSets::default(),
            shapes: Vec::new(),
            before: Vec::new(),
            shapes_before: AHashMap::new(),
            unsettled: AHashMap::new(),
            refused: Vec::new(),
            refused_links: Vec::new(),
            trace,
            made: Vec::new(),
        };
        levels.shape_records();
        levels
    }

    fn shape_records(&mut self) {
        let mut shapes: Vec<Shape> = vec![Shape::default(); self.order.len()];
        for (number, range) in self.values.iter().enumerate() {
            for carry in self.carries.get(range.clone()).unwrap_or_default() {
                let Some(shape) = shapes.get_mut(carry.rank as usize) else { continue };
                let Some(rule) = self.rules.kinds.get(usize::from(carry.link.kind)) else { continue };
                shape.known |= rule.role.makes_known();
                if rule.max_per_profile.is_some() {
                    // Values come in the order of their numbers, so the list stays sorted.
                    shape.held.push(Held { kind: carry.link.kind, value: number as u32 });
                }
            }
        }
        let exclusive = |attribute: u16| self.rules.attributes.get(usize::from(attribute)).is_some_and(|a| a.exclusive);
        if self.rules.attributes.iter().any(|attribute| attribute.exclusive) {
            for (shape, &place) in shapes.iter_mut().zip(&self.order) {
                let facts = self.region.entries.get(place).map(|entry| entry.facts).unwrap_or_default();
                for chunk in facts.chunk_by(|a, b| a.attribute == b.attribute) {
                    let Some(attribute) = chunk.first().map(|fact| fact.attribute).filter(|&a| exclusive(a)) else {
                        continue;
                    };
                    let of = |attribute: u16| -> Vec<&str> {
                        let facts = facts.iter().filter(|fact| fact.attribute == attribute);
                        facts.map(|fact| fact.value.as_str()).collect()
                    };
                    let swapped = match self.rules.names {
                        Some((given, family)) if given == attribute => of(family),
                        Some((given, family)) if family == attribute => of(given),
                        _ => Vec::new(),
                    };
                    let values = self.sets.intern(Saying { values: of(attribute), swapped });
                    shape.claims.push(Claim { attribute, values });
                }
            }
        }
        if !self.region.separations.is_empty() {
            let ranks = self.ranks();
            for (number, &(a, b)) in self.region.separations.iter().enumerate() {
                for (place, second) in [(a, false), (b, true)] {
                    let shape = ranks.get(place).and_then(|&rank| shapes.get_mut(rank as usize));
                    if let Some(shape) = shape {
                        shape.ends.push(End { separation: number as u32, second });
                    }
                }
            }
        }
        self.shapes = shapes;
    }

    /// The rank of each entry.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let mut ranks = vec![0; self.order.len()];
        for (rank, &place) in self.order.iter().enumerate() {
            if let Some(slot) = ranks.get_mut(place) {
                *slot = rank as u32;
            }
        }
        ranks
    }

    fn entry_at(&self, rank: u32) -> usize {
        self.order.get(rank as usize).copied().unwrap_or_default()
    }

    fn entry(&self, rank: u32) -> Option<&super::Entry<'a>> {
        self.region.entries.get(self.entry_at(rank))
    }

    /// The oldest moment of a record or trail.
    pub(super) fn oldest_of(&self, rank: u32) -> Option<Claimed> {
        self.entry(rank).map(|entry| Claimed { at: entry.at, key: entry.key.clone(), event: entry.last.is_some() })
    }

    fn newest_of(&self, rank: u32) -> Option<Claimed> {
        let entry = self.entry(rank)?;
        let newest = entry.last.map(|last| Claimed::by_event(&entry.key.source, last));
        newest.or_else(|| self.oldest_of(rank))
    }

    pub(super) fn is_trail(&self, rank: u32) -> bool {
        self.entry(rank).is_some_and(|entry| entry.last.is_some())
    }

    /// Whether it is a trail of several moments that follows nobody: it claims with each of them.
    pub(super) fn is_steady(&self, rank: u32) -> bool {
        let spread = |entry: &super::Entry<'_>| {
            entry.last.is_some_and(|last| (last.at, &last.key) != (entry.at, &entry.key.key))
        };
        !self.followers.contains_key(&rank) && self.entry(rank).is_some_and(spread)
    }

    /// The newest event of a trail before the oldest moment of a carrier that stands after it.
    pub(super) fn latest_of(&self, trail: u32, carrier: u32) -> Result<Option<Claimed>> {
        let (newest, moment) = (self.newest_of(trail), self.oldest_of(carrier));
        match (newest, moment) {
            (Some(newest), Some(moment)) if newest > moment => (self.event_before)(self.entry_at(trail), &moment),
            (newest, _) => Ok(newest),
        }
    }

    pub(super) fn root(&mut self, rank: u32) -> u32 {
        self.sets_of_clusters.find_mut(rank)
    }

    pub(super) fn shape(&self, root: u32) -> &Shape {
        static EMPTY: std::sync::LazyLock<Shape> = std::sync::LazyLock::new(Shape::default);
        self.shapes.get(root as usize).unwrap_or(&EMPTY)
    }

    /// The shape of a rank's cluster before the kind whose turn it is.
    pub(super) fn shape_before(&self, rank: u32) -> &Shape {
        let root = self.before.get(rank as usize).copied().unwrap_or(rank);
        self.shapes_before.get(&root).unwrap_or_else(|| self.shape(root))
    }

    /// Makes clusters one, by a kind whose successor is `level`, and answers with its root.
    pub(super) fn unite(&mut self, roots: &[u32], level: u16) {
        let Some((&first, rest)) = roots.split_first() else { return };
        for &root in roots.iter().filter(|&&root| self.before.get(root as usize) == Some(&root)) {
            if let (Some(shape), Entry::Vacant(slot)) = (self.shapes.get(root as usize), self.shapes_before.entry(root))
            {
                slot.insert(shape.clone());
            }
        }
        let mut shape = self.shapes.get_mut(first as usize).map(std::mem::take).unwrap_or_default();
        for &other in rest {
            if let Some(slot) = self.shapes.get_mut(other as usize) {
                shape.absorb(std::mem::take(slot));
            }
            self.sets_of_clusters.union(first, other);
        }
        if !rest.is_empty() {
            shape.level = shape.level.max(level);
        }
        let root = self.root(first);
        if let Some(slot) = self.shapes.get_mut(root as usize) {
            *slot = shape;
        }
    }

    fn join_by_word(&mut self) {
        if self.region.joins.is_empty() {
            return;
        }
        let ranks = self.ranks();
        let key = |place: usize| self.region.entries.get(place).map(|entry| entry.key);
        let mut joins = self.region.joins.clone();
        joins.sort_unstable_by_key(|&(a, b)| if key(a) < key(b) { (key(a), key(b)) } else { (key(b), key(a)) });
        for (a, b) in joins {
            let (Some(&one), Some(&other)) = (ranks.get(a), ranks.get(b)) else { continue };
            let (one, other) = (self.root(one), self.root(other));
            if one != other && separated(&[self.shape(one), self.shape(other)]) {
                self.refused.push((a, b));
                continue;
            }
            if one != other {
                self.unite(&[one, other], 0);
            }
            if self.trace == Trace::On {
                self.made.push(Made { by: By::Word, entries: vec![a, b] });
            }
        }
    }

    fn take_kind(&mut self, kind: u16) -> Result<()> {
        let Some(rule) = self.rules.kinds.get(usize::from(kind)) else { return Ok(()) };
        if rule.links == Links::None {
            return Ok(());
        }
        let turns = self.turns(kind);
        let crowds = rule.contested == Contested::Nobody || rule.max_claimants.is_some();
        let witnessed = crowds && rule.corroborate.is_empty() && !turns.is_empty();
        self.before =
            if witnessed { (0..self.order.len() as u32).map(|rank| self.root(rank)).collect() } else { Vec::new() };
        self.shapes_before.clear();
        for turn in turns {
            let clusters = Claims::of(self, &turn.carriers);
            if clusters.len() > 1 {
                let roots = clusters.roots();
                let shapes: Vec<&Shape> = roots.iter().map(|&root| self.shape(root)).collect();
                let Some(reason) = judge(self.rules, &self.sets, kind, &shapes) else {
                    self.unite(&roots, kind + 1);
                    self.trace_made(turn.value, &[turn.carriers]);
                    continue;
                };
                self.contest(kind, turn.value, reason, clusters)?;
            } else {
                self.trace_made(turn.value, &[turn.carriers]);
            }
        }
        Ok(())
    }

    fn contest(&mut self, kind: u16, value: usize, reason: Reason, clusters: Claims) -> Result<()> {
        let Some(rule) = self.rules.kinds.get(usize::from(kind)) else { return Ok(()) };
        let settled = match rule.contested {
            Contested::Nobody => Settled::nobody(self, kind, &clusters),
            Contested::Latest => settle(self, kind, &clusters)?,
        };
        let (reason, crowded, witnesses) = match settled {
            Settled::Parts { parts, unknown } => {
                for rank in unknown {
                    self.followers.entry(rank).or_insert(value);
                }
                for part in parts {
                    self.unite(&part.roots, kind + 1);
                    self.trace_made(value, &[part.carriers]);
                }
                (reason, false, Vec::new())
            }
            Settled::Crowd { witnesses } => (Reason::Claimants, true, witnesses),
            Settled::Nobody { witnesses } => (Reason::Nobody, false, witnesses),
        };
        // A corroborated value is settled group by group: that one group is stuck says nothing of the next.
        let witnesses = if rule.corroborate.is_empty() { witnesses } else { Vec::new() };
        if !witnesses.is_empty()
            && let Some(inert) = self.inert.get_mut(value)
        {
            *inert = true;
        }
        let entry = self.unsettled.entry(value).or_insert(Unsettled { reason, crowded, witnesses });
        entry.crowded |= crowded;
        Ok(())
    }

    /// The values of a kind that could link somebody, each group of carriers by itself, in the order in which they are
    /// taken: by oldest carrier, then value.
    fn turns(&mut self, kind: u16) -> Vec<Turn> {
        let corroborate = self.rules.kinds.get(usize::from(kind)).map(|rule| rule.corroborate.as_slice());
        let corroborate = corroborate.unwrap_or_default();
        let of = |range: &std::ops::Range<usize>| self.carries.get(range.clone()).unwrap_or_default();
        let from = self.values.partition_point(|range| of(range).first().is_some_and(|carry| carry.link.kind < kind));
        let mut turns = Vec::new();
        let mut left_out = Vec::new();
        for (value, range) in self.values.iter().enumerate().skip(from) {
            let carries = of(range);
            if carries.first().is_none_or(|carry| carry.link.kind != kind) {
                break;
            }
            if carries.len() < 2 || self.inert.get(value) == Some(&true) {
                continue;
            }
            let mut push = |carriers: Vec<u32>, place: u32| {
                if let (Some(&oldest), true) = (carriers.first(), carriers.len() > 1) {
                    turns.push(Turn { oldest, place, value, carriers });
                }
            };
            if corroborate.is_empty() {
                push(carries.iter().map(|carry| carry.rank).collect(), carries.first().map_or(0, |carry| carry.place));
                continue;
            }
            let facts = carries.iter().map(|carry| self.region.entries.get(self.entry_at(carry.rank)));
            let facts: Vec<_> = facts.map(|entry| entry.map(|entry| entry.facts).unwrap_or_default()).collect();
            let grouped = corroborate::group(self.rules, corroborate, &facts);
            if grouped.left_out || grouped.groups.len() > 1 {
                left_out.push(value);
            }
            for group in grouped.groups {
                let place = group.first().and_then(|&first| carries.get(first)).map_or(0, |carry| carry.place);
                push(group.iter().filter_map(|&member| carries.get(member)).map(|carry| carry.rank).collect(), place);
            }
        }
        for value in left_out {
            let reason = Reason::Uncorroborated;
            self.unsettled.insert(value, Unsettled { reason, crowded: false, witnesses: Vec::new() });
        }
        turns.sort_unstable_by_key(|turn| (turn.oldest, turn.place));
        turns
    }

    fn trace_made(&mut self, value: usize, groups: &[Vec<u32>]) {
        if self.trace == Trace::Off {
            return;
        }
        let first = self.values.get(value).and_then(|range| self.carries.get(range.start));
        let Some(by) = first.map(|carry| By::Value(carry.link)) else { return };
        for carriers in groups.iter().filter(|carriers| carriers.len() > 1) {
            let entries = carriers.iter().map(|&rank| self.entry_at(rank)).collect();
            self.made.push(Made { by, entries });
        }
    }

    fn finish(mut self) -> Outcome {
        let live = self.region.entries.iter().filter(|entry| entry.live).count();
        let labels: Vec<u32> = (0..self.order.len() as u32).map(|rank| self.root(rank)).collect();
        let mut place_of: AHashMap<u32, usize> = AHashMap::new();
        let mut clusters: Vec<Group> = Vec::new();
        self.drop_witnesses_that_met(&labels);
        let dirty = self.dirty_regions(&labels);
        let ranks_of_links = if self.refused_links.is_empty() { Vec::new() } else { self.ranks() };
        let mut witnesses: AHashSet<u32> = AHashSet::new();
        for unsettled in self.unsettled.values() {
            witnesses.extend(unsettled.witnesses.iter().copied());
        }
        for (rank, &root) in labels.iter().enumerate().take(live) {
            let place = *place_of.entry(root).or_insert(clusters.len());
            let entry = self.entry_at(rank as u32);
            if place == clusters.len() {
                clusters.push(Group { members: Vec::new(), summary: self.summary(root, !dirty.contains(&root)) });
            }
            let Some(group) = clusters.get_mut(place) else { continue };
            group.members.push(entry);
            group.summary.witness |= witnesses.contains(&(rank as u32));
            let facts = self.region.entries.get(entry).map(|entry| entry.facts).unwrap_or_default();
            group.summary.add_facts(self.rules, facts);
        }
        let ranks = if self.region.named.is_empty() { Vec::new() } else { self.ranks() };
        for &place in &self.region.named {
            let root = ranks.get(place).and_then(|&rank| labels.get(rank as usize));
            let group = root.and_then(|root| place_of.get(root)).and_then(|&place| clusters.get_mut(place));
            if let Some(group) = group {
                group.summary.asserted = true;
                group.summary.clean = false;
            }
        }
        let mut contests: Vec<Contest> = Vec::with_capacity(self.unsettled.len());
        for (&value, unsettled) in &self.unsettled {
            contests.extend(self.report(value, unsettled, &labels));
        }
        contests.sort_unstable_by_key(|contest| (contest.kind, contest.value));
        let label = |place: usize| ranks_of_links.get(place).and_then(|&rank| labels.get(rank as usize));
        let mut refused_links = std::mem::take(&mut self.refused_links);
        refused_links
            .retain(|&(place, _)| self.region.links.get(place).is_some_and(|link| label(link.a) != label(link.b)));
        let mut followers: Vec<(usize, Link)> = Vec::with_capacity(self.followers.len());
        for (&rank, &value) in &self.followers {
            let carry = self.values.get(value).and_then(|range| self.carries.get(range.start));
            followers.extend(carry.map(|carry| (self.entry_at(rank), carry.link)));
        }
        followers.sort_unstable();
        Outcome { clusters, contests, refused: self.refused, refused_links, followers, made: self.made }
    }

    /// Witnesses that came together all the same, through a weaker kind or a link, show nothing for good.
    fn drop_witnesses_that_met(&mut self, labels: &[u32]) {
        for (&value, unsettled) in &mut self.unsettled {
            let mut seen: AHashSet<u32> = AHashSet::new();
            let apart = |&rank: &u32| labels.get(rank as usize).is_some_and(|&label| seen.insert(label));
            if !unsettled.witnesses.iter().all(apart) {
                unsettled.witnesses.clear();
                self.inert.get_mut(value).into_iter().for_each(|inert| *inert = false);
            }
        }
    }

    /// What a cluster holds, without its facts.
    fn summary(&self, root: u32, clean: bool) -> Summary {
        let shape = self.shape(root);
        let mut summary = Summary::of(self.rules, std::iter::empty(), &[]);
        for held in &shape.held {
            if let Some(count) = summary.counts.get_mut(usize::from(held.kind)) {
                *count += 1;
            }
        }
        Summary { clean, known: shape.known, level: shape.level, ..summary }
    }

    /// The roots of clusters that are not a whole region by themselves, or hold a value that did not settle.
    fn dirty_regions(&self, labels: &[u32]) -> AHashSet<u32> {
        let mut dirty = AHashSet::new();
        if !self.refused_links.is_empty() {
            let ranks = self.ranks();
            let links = self.refused_links.iter().filter_map(|&(place, _)| self.region.links.get(place));
            let ends = links.flat_map(|link| [link.a, link.b]).filter_map(|end| ranks.get(end));
            dirty.extend(ends.filter_map(|&rank| labels.get(rank as usize)));
        }
        for &value in self.unsettled.keys() {
            if self.inert.get(value) == Some(&true) {
                continue;
            }
            let carries = self.values.get(value).and_then(|range| self.carries.get(range.clone())).unwrap_or_default();
            dirty.extend(carries.iter().filter_map(|carry| labels.get(carry.rank as usize)));
        }
        dirty
    }

    fn report(&self, value: usize, unsettled: &Unsettled, labels: &[u32]) -> Option<Contest> {
        let carries = self.values.get(value).and_then(|range| self.carries.get(range.clone()))?;
        let link = carries.first()?.link;
        let rule = self.rules.kinds.get(usize::from(link.kind))?;
        let newest = self.newest_claim(carries).map(|rank| self.entry_at(rank));
        let mut seen: AHashSet<u32> = AHashSet::new();
        let first_of = carries.iter().filter(|carry| labels.get(carry.rank as usize).is_some_and(|&l| seen.insert(l)));
        let parts: Vec<usize> = first_of.map(|carry| self.entry_at(carry.rank)).collect();
        // A value that linked nobody when its turn came draws no newcomer, whatever else made its carriers one.
        let held = rule.contested == Contested::Latest && !unsettled.crowded;
        let mut witnesses = unsettled.witnesses.clone();
        witnesses.sort_unstable_by_key(|&rank| Reverse(rank));
        Some(Contest {
            value: link.value,
            kind: link.kind,
            reason: unsettled.reason,
            holder: newest.filter(|_| held),
            witnesses: witnesses.into_iter().map(|rank| self.entry_at(rank)).collect(),
            parts,
        })
    }

    /// The carrier with the newest claim on a value.
    fn newest_claim(&self, carries: &[Carry]) -> Option<u32> {
        let last = carries.last()?.rank;
        let steady = |rank: &u32| self.is_steady(*rank);
        let trails = carries.iter().map(|carry| carry.rank).filter(steady);
        let newest = |rank: u32| if steady(&rank) { self.newest_of(rank) } else { self.oldest_of(rank) };
        trails.chain([last]).max_by(|&a, &b| newest(a).cmp(&newest(b)))
    }

    /// Whether a value is one of those that link nobody for good.
    pub(super) fn is_inert(&self, held: Held) -> bool {
        self.inert.get(held.value as usize) == Some(&true)
    }
}

//! After all kinds: scored links, the likeliest first (DESIGN 4.5).
//!
//! What identifiers hold together is one witness: its records speak together, as if one of them had said all of it. She
//! who is Kusha on one card and Knight on another is no stranger to either name.

use super::levels::Levels;
use super::shape::judge_link;
use super::{By, Likely, Made, Trace};
use crate::issue::Reason;
use crate::linkage::{Linker, Weight};
use crate::value::Fact;
use ahash::AHashMap;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Pairs of different facts that are compared before two clusters may be linked. Clusters that say so much that there
/// are more are kept apart, and it is said why.
const WEIGHED_MAX: usize = 1 << 20;

/// A link is ambiguous beside another that is lighter by no more than this: 3 bits, odds of eight to one.
const AMBIGUOUS: i32 = 3_000;

/// What the clusters hold, as far as only links ask for it, by their roots.
#[derive(Debug, Default)]
struct Bodies {
    /// The different witnesses, by number, ascending.
    witnesses: AHashMap<u32, Vec<u32>>,
    /// The sources without duplicates, ascending.
    unique: AHashMap<u32, Vec<u16>>,
    /// The places of the links that end in it, ascending.
    links: AHashMap<u32, Vec<usize>>,
}

/// What was found out on the way.
#[derive(Debug, Default)]
struct Known<'a> {
    /// What each witness says.
    witnesses: Vec<Cow<'a, [Fact]>>,
    /// Whether two witnesses may not be in one cluster.
    vetoes: AHashMap<(u32, u32), bool>,
    /// Why two clusters, as they are now, may not be linked, if they may not.
    refusals: AHashMap<(u32, u32), Option<Reason>>,
}

impl<'a> Levels<'a> {
    /// Takes the links in turn. O(links), and for each that would join two clusters the pairs across them, once.
    pub(super) fn take_links(&mut self, linker: &Linker) {
        if self.region.links.is_empty() {
            return;
        }
        let ranks = self.ranks();
        let (mut bodies, mut known) = self.bodies(&ranks);
        for place in self.by_weight() {
            let Some(&Likely { a, b, weight }) = self.region.links.get(place) else { continue };
            let (Some(&one), Some(&other)) = (ranks.get(a), ranks.get(b)) else { continue };
            let (one, other) = (self.root(one), self.root(other));
            if one != other {
                let pair = (one.min(other), one.max(other));
                let mut refused = self.refusal(linker, &bodies, &mut known, pair);
                if refused.is_none() {
                    refused = self.is_ambiguous(linker, &bodies, &mut known, &ranks, pair, weight);
                }
                if let Some(reason) = refused {
                    self.refuse_link(place, reason, pair);
                    continue;
                }
                self.link(&mut bodies, pair);
                known.refusals.clear();
            }
            if self.trace == Trace::On {
                self.made.push(Made { by: By::Link(weight), entries: vec![a, b] });
            }
        }
    }

    /// The places of the links, the heaviest first, ties by the smaller key, then the larger.
    fn by_weight(&self) -> Vec<usize> {
        let key = |place: usize| self.region.entries.get(place).map(|entry| entry.key);
        let mut places: Vec<usize> = (0..self.region.links.len()).collect();
        places.sort_unstable_by_key(|&place| {
            let link = self.region.links.get(place);
            link.map(|link| {
                let (a, b) = (key(link.a), key(link.b));
                (Reverse(link.weight), a.min(b), a.max(b))
            })
        });
        places
    }

    fn bodies(&mut self, ranks: &[u32]) -> (Bodies, Known<'a>) {
        let (mut bodies, mut known) = (Bodies::default(), Known::default());
        let mut said: BTreeMap<u32, Cow<'a, [Fact]>> = BTreeMap::new();
        let region = self.region;
        for (rank, place) in self.order.clone().into_iter().enumerate() {
            let Some(entry) = region.entries.get(place).filter(|entry| entry.live) else { continue };
            let root = self.root(rank as u32);
            said.entry(root)
                .and_modify(|said| said.to_mut().extend_from_slice(entry.facts))
                .or_insert(Cow::Borrowed(entry.facts));
            if let Some(source) = entry.unique {
                bodies.unique.entry(root).or_default().push(source);
            }
        }
        let mut numbers: AHashMap<Cow<'a, [Fact]>, u32> = AHashMap::new();
        for (root, mut said) in said {
            if let Cow::Owned(facts) = &mut said {
                settle(facts);
            }
            let number = *numbers.entry(said).or_insert_with_key(|said| {
                known.witnesses.push(said.clone());
                known.witnesses.len() as u32 - 1
            });
            bodies.witnesses.insert(root, vec![number]);
        }
        for (place, link) in region.links.iter().enumerate() {
            for end in [link.a, link.b] {
                let root = ranks.get(end).map(|&rank| self.root(rank));
                bodies.links.entry(root.unwrap_or_default()).or_default().push(place);
            }
        }
        bodies.links.values_mut().for_each(settle);
        bodies.unique.values_mut().for_each(settle);
        (bodies, known)
    }

    /// Whether one of two clusters is tied about as strongly to a third that the other may not be linked to.
    fn is_ambiguous(
        &mut self,
        linker: &Linker,
        bodies: &Bodies,
        known: &mut Known<'_>,
        ranks: &[u32],
        (one, other): (u32, u32),
        weight: Weight,
    ) -> Option<Reason> {
        for (tied, second) in [(one, other), (other, one)] {
            for &place in bodies.links.get(&tied).map(Vec::as_slice).unwrap_or_default() {
                let Some(&Likely { a, b, weight: rival }) = self.region.links.get(place) else { continue };
                let (Some(&a), Some(&b)) = (ranks.get(a), ranks.get(b)) else { continue };
                let (a, b) = (self.root(a), self.root(b));
                let third = if a == tied { b } else { a };
                if third == tied || third == second || rival.0 < weight.0.saturating_sub(AMBIGUOUS) {
                    continue;
                }
                let pair = (second.min(third), second.max(third));
                if self.refusal(linker, bodies, known, pair).is_some() {
                    return Some(Reason::Ambiguous);
                }
            }
        }
        None
    }

    /// Why two clusters may not be linked, if they may not.
    fn refusal(&self, linker: &Linker, bodies: &Bodies, known: &mut Known<'_>, pair: (u32, u32)) -> Option<Reason> {
        if let Some(refusal) = known.refusals.get(&pair) {
            return *refusal;
        }
        let refusal = self.refusal_anew(linker, bodies, known, pair);
        known.refusals.insert(pair, refusal);
        refusal
    }

    fn refusal_anew(
        &self,
        linker: &Linker,
        bodies: &Bodies,
        known: &mut Known<'_>,
        (one, other): (u32, u32),
    ) -> Option<Reason> {
        if let Some(reason) = judge_link(self.rules, &self.sets, &[self.shape(one), self.shape(other)]) {
            return Some(reason);
        }
        if let (Some(a), Some(b)) = (bodies.unique.get(&one), bodies.unique.get(&other))
            && let Some(source) = a.iter().find(|source| b.contains(source))
        {
            return Some(Reason::Unique(*source));
        }
        let (a, b) = (bodies.witnesses.get(&one)?, bodies.witnesses.get(&other)?);
        let facts = |witnesses: &[u32]| {
            witnesses.iter().filter_map(|&place| known.witnesses.get(place as usize)).map(|said| said.len()).sum()
        };
        let (mine, theirs): (usize, usize) = (facts(a), facts(b));
        if mine.saturating_mul(theirs) > WEIGHED_MAX {
            return Some(Reason::Unweighed);
        }
        let across = a.iter().flat_map(|&a| b.iter().map(move |&b| (a.min(b), a.max(b))));
        for (a, b) in across {
            let (Some(one), Some(other)) = (known.witnesses.get(a as usize), known.witnesses.get(b as usize)) else {
                continue;
            };
            if *known.vetoes.entry((a, b)).or_insert_with(|| linker.vetoes(one, other)) {
                return Some(Reason::Veto);
            }
        }
        None
    }

    fn link(&mut self, bodies: &mut Bodies, (one, other): (u32, u32)) {
        self.unite(&[one, other], self.rules.kinds.len() as u16 + 1);
        let root = self.root(one);
        let gone = if root == one { other } else { one };
        merge(&mut bodies.witnesses, root, gone);
        merge(&mut bodies.unique, root, gone);
        merge(&mut bodies.links, root, gone);
    }

    fn refuse_link(&mut self, place: usize, reason: Reason, (one, other): (u32, u32)) {
        self.refused_links.push((place, reason));
        let level = self.rules.kinds.len() as u16 + 1;
        for root in [one, other] {
            // What is tried again whenever evidence changes is not grown without asking.
            self.shapes.get_mut(root as usize).into_iter().for_each(|shape| shape.level = level);
        }
    }
}

fn settle<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
}

fn merge<T: Ord>(lists: &mut AHashMap<u32, Vec<T>>, into: u32, from: u32) {
    if let Some(more) = lists.remove(&from) {
        let list = lists.entry(into).or_default();
        list.extend(more);
        settle(list);
    }
}

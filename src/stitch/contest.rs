//! Contested values: who may hold together through one, in time order (DESIGN 4.3).

use super::levels::Levels;
use super::shape::{Held, Shape, judge};
use crate::issue::Reason;
use crate::policy::Links;
use std::cmp::Reverse;

/// The clusters that carry a value, with the ranks of their carriers, by oldest carrier.
#[derive(Debug)]
pub(super) struct Claims(Vec<Claimant>);

#[derive(Debug)]
struct Claimant {
    root: u32,
    /// Ascending.
    carriers: Vec<u32>,
}

impl Claimant {
    fn oldest(&self) -> u32 {
        self.carriers.first().copied().unwrap_or_default()
    }
}

/// A set of clusters that a value joins.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) roots: Vec<u32>,
    /// Ascending.
    pub(super) carriers: Vec<u32>,
    shape: Shape,
}

/// How a contest came out.
#[derive(Debug)]
pub(super) enum Settled {
    /// Each part is one cluster.
    Parts(Vec<Part>),
    /// More parts than the policy allows: the value links nobody.
    Crowd {
        /// A carrier of each of so many clusters that exclude each other, if it can be shown.
        witnesses: Vec<u32>,
    },
    /// The policy gives a contested value to nobody.
    Nobody {
        /// Two carriers whose clusters exclude each other, if it can be shown.
        witnesses: Vec<u32>,
    },
}

impl Claims {
    /// Gathers carriers, ascending, by the clusters that they are in now.
    pub(super) fn of(levels: &mut Levels<'_>, carriers: &[u32]) -> Self {
        let mut claimants: Vec<Claimant> = Vec::new();
        let mut rooted: Vec<(u32, u32)> = carriers.iter().map(|&rank| (levels.root(rank), rank)).collect();
        rooted.sort_unstable();
        for chunk in rooted.chunk_by(|a, b| a.0 == b.0) {
            let root = chunk.first().map_or(0, |first| first.0);
            claimants.push(Claimant { root, carriers: chunk.iter().map(|carrier| carrier.1).collect() });
        }
        claimants.sort_unstable_by_key(|claimant| claimant.carriers.first().copied());
        Self(claimants)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn roots(&self) -> Vec<u32> {
        self.0.iter().map(|claimant| claimant.root).collect()
    }
}

/// Takes the clusters in the order of their oldest carrier: each goes to the part with the latest carrier before it
/// that it may join, or opens one. O(clusters times parts).
pub(super) fn settle(levels: &Levels<'_>, kind: u16, claims: &Claims) -> Settled {
    let max = levels.rules.kinds.get(usize::from(kind)).and_then(|rule| rule.max_claimants);
    let mut parts: Vec<Part> = Vec::new();
    for claimant in &claims.0 {
        let own_oldest = claimant.oldest();
        let shape = levels.shape(claimant.root);
        let mut candidates: Vec<(u32, usize)> = Vec::with_capacity(parts.len());
        for (place, part) in parts.iter().enumerate() {
            let before = part.carriers.partition_point(|&rank| rank <= own_oldest);
            if let Some(&latest) = before.checked_sub(1).and_then(|last| part.carriers.get(last)) {
                candidates.push((latest, place));
            }
        }
        candidates.sort_unstable_by_key(|&candidate| Reverse(candidate));
        let may_join = |part: &Part| judge(levels.rules, &levels.sets, kind, &[&part.shape, shape]).is_none();
        let chosen = candidates.iter().map(|&(_, place)| place).find(|&place| parts.get(place).is_some_and(may_join));
        match chosen.and_then(|place| parts.get_mut(place)) {
            Some(part) => {
                part.roots.push(claimant.root);
                part.shape.absorb(shape.clone());
                part.carriers.extend(&claimant.carriers);
                part.carriers.sort_unstable();
            }
            None => {
                let (roots, carriers) = (vec![claimant.root], claimant.carriers.clone());
                parts.push(Part { roots, carriers, shape: shape.clone() });
                if max.is_some_and(|max| parts.len() as u64 > max) {
                    return Settled::Crowd { witnesses: openers_that_exclude(levels, kind, &parts) };
                }
            }
        }
    }
    Settled::Parts(parts)
}

impl Settled {
    /// The outcome under a policy that gives contested values to nobody.
    pub(super) fn nobody(levels: &Levels<'_>, kind: u16, claims: &Claims) -> Self {
        // One pair is enough: a value with two carriers that exclude each other is contested whatever comes.
        let first_conflict = claims.0.first().and_then(|first| {
            let other =
                claims.0.iter().skip(1).find(|other| exclude_for_good(levels, kind, first.oldest(), other.oldest()))?;
            Some(vec![first.oldest(), other.oldest()])
        });
        Self::Nobody { witnesses: first_conflict.unwrap_or_default() }
    }
}

fn openers_that_exclude(levels: &Levels<'_>, kind: u16, parts: &[Part]) -> Vec<u32> {
    // The oldest carrier of a part is of the cluster that opened it.
    let openers: Vec<u32> = parts.iter().filter_map(|part| part.carriers.first().copied()).collect();
    let all = openers
        .iter()
        .enumerate()
        .all(|(place, &a)| openers.iter().take(place).all(|&b| exclude_for_good(levels, kind, a, b)));
    if all { openers } else { Vec::new() }
}

/// Whether the clusters of two carriers may not be joined, and will not however either grows, as long as nothing ties
/// them together. What they came to hold through the same kind does not count: an older carrier changes the order in
/// which the values of a kind are taken.
///
/// A separation, two known people and a contradiction stay what they are. A limit stays exceeded if each side holds a
/// value that the other could only come to hold by being tied to it: one of a stronger kind that links whoever carries
/// it. (A value that is inert could come to both without tying them.)
fn exclude_for_good(levels: &Levels<'_>, kind: u16, a: u32, b: u32) -> bool {
    let (a, b) = (levels.shape_before(a), levels.shape_before(b));
    match judge(levels.rules, &levels.sets, kind, &[a, b]) {
        None => false,
        Some(Reason::Limit(limited)) => {
            let links_all = levels.rules.kinds.get(usize::from(limited)).is_some_and(|rule| rule.links == Links::All);
            let own = |one: &Shape, other: &Shape| {
                let of_kind = |held: &&Held| held.kind == limited && !levels.is_inert(**held);
                one.held.iter().filter(of_kind).any(|held| other.held.binary_search(held).is_err())
            };
            limited < kind && links_all && own(a, b) && own(b, a)
        }
        Some(_) => true,
    }
}

//! Contested values: who may hold together through one, in time order (DESIGN 4.3).

use super::Claimed;
use super::levels::Levels;
use super::shape::{Held, Shape, judge};
use crate::error::Result;
use crate::issue::Reason;
use crate::policy::Links;
use std::cmp::Ordering;

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
    /// Those of the carriers that are trails and claim with every event, not with the oldest only.
    steady: Vec<u32>,
    shape: Shape,
}

/// The latest claim of a part before some moment.
struct Latest {
    /// The last carrier that stands before it.
    rank: u32,
    /// An event that comes after that.
    event: Option<Claimed>,
}

impl Latest {
    fn cmp(&self, other: &Self, levels: &Levels<'_>) -> Ordering {
        if self.event.is_none() && other.event.is_none() {
            return self.rank.cmp(&other.rank);
        }
        let claimed = |latest: &Self| latest.event.clone().or_else(|| levels.oldest_of(latest.rank));
        claimed(self).cmp(&claimed(other))
    }
}

/// How a contest came out.
#[derive(Debug)]
pub(super) enum Settled {
    /// Each part is one cluster.
    Parts {
        parts: Vec<Part>,
        /// The carriers that are trails of claimants nobody is known to be.
        unknown: Vec<u32>,
    },
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
pub(super) fn settle(levels: &Levels<'_>, kind: u16, claims: &Claims) -> Result<Settled> {
    let max = levels.rules.kinds.get(usize::from(kind)).and_then(|rule| rule.max_claimants);
    let mut parts: Vec<Part> = Vec::new();
    let mut unknown = Vec::new();
    for claimant in &claims.0 {
        let own_oldest = claimant.oldest();
        let shape = levels.shape(claimant.root);
        let steady: Vec<u32> = if shape.known {
            claimant.carriers.iter().copied().filter(|&rank| levels.is_steady(rank)).collect()
        } else {
            unknown.extend(claimant.carriers.iter().filter(|&&rank| levels.is_trail(rank)));
            Vec::new()
        };
        let mut candidates: Vec<(Latest, usize)> = Vec::with_capacity(parts.len());
        for (place, part) in parts.iter().enumerate() {
            candidates.extend(part.latest_before(levels, own_oldest)?.map(|latest| (latest, place)));
        }
        candidates.sort_unstable_by(|(a, _), (b, _)| b.cmp(a, levels));
        let may_join = |part: &Part| judge(levels.rules, &levels.sets, kind, &[&part.shape, shape]).is_none();
        let chosen = candidates.iter().map(|(_, place)| *place).find(|&place| parts.get(place).is_some_and(may_join));
        match chosen.and_then(|place| parts.get_mut(place)) {
            Some(part) => {
                part.roots.push(claimant.root);
                part.shape.absorb(shape.clone());
                part.carriers.extend(&claimant.carriers);
                part.carriers.sort_unstable();
                part.steady.extend(steady);
            }
            None => {
                let (roots, carriers) = (vec![claimant.root], claimant.carriers.clone());
                parts.push(Part { roots, carriers, steady, shape: shape.clone() });
                if max.is_some_and(|max| parts.len() as u64 > max) {
                    return Ok(Settled::Crowd { witnesses: openers_that_exclude(levels, kind, &parts) });
                }
            }
        }
    }
    Ok(Settled::Parts { parts, unknown })
}

impl Part {
    /// Its latest claim before the oldest moment of a carrier of another cluster; none if it has none.
    fn latest_before(&self, levels: &Levels<'_>, carrier: u32) -> Result<Option<Latest>> {
        let before = self.carriers.partition_point(|&rank| rank <= carrier);
        let Some(&rank) = before.checked_sub(1).and_then(|last| self.carriers.get(last)) else { return Ok(None) };
        let mut latest = Latest { rank, event: None };
        for &steady in self.steady.iter().filter(|&&steady| steady <= carrier) {
            let event = levels.latest_of(steady, carrier)?;
            let claim = Latest { rank: steady, event };
            if claim.cmp(&latest, levels).is_gt() {
                latest = claim;
            }
        }
        Ok(Some(latest))
    }
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

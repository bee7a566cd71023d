//! Which carriers of a weak value agree with each other (DESIGN 4.4).

use crate::value::Fact;
use ahash::{AHashMap, AHashSet};

/// The carriers of a value, grouped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Groups {
    /// Each group is judged as if the value were its own. By place of the first carrier, members ascending.
    pub(super) groups: Vec<Vec<usize>>,
    /// Whether some carrier was left out, as ambiguous or for want of the attributes.
    pub(super) left_out: bool,
}

/// What a record says on the attributes, sorted.
type Signature<'a> = Vec<Saying<'a>>;
type Saying<'a> = (u16, &'a str);

/// Groups carriers by agreement on attributes. `carriers` gives each carrier's facts, sorted.
///
/// Two carriers contradict if both have values of one of the attributes and share none. One that contradicts neither of
/// two that contradict each other is left out; so are carriers with none of the attributes, unless there is at most one
/// group. O(n) where every carrier has one value of each attribute, else O(odd ones times distinct ones).
pub(super) fn group(attributes: &[u16], carriers: &[&[Fact]]) -> Groups {
    let mut numbers: AHashMap<Signature<'_>, usize> = AHashMap::new();
    let mut distinct: Vec<Signature<'_>> = Vec::new();
    let mut without: Vec<usize> = Vec::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (place, facts) in carriers.iter().enumerate() {
        let signature = signature(attributes, facts);
        if signature.is_empty() {
            without.push(place);
            continue;
        }
        let number = *numbers.entry(signature.clone()).or_insert_with(|| {
            distinct.push(signature);
            members.push(Vec::new());
            distinct.len() - 1
        });
        if let Some(list) = members.get_mut(number) {
            list.push(place);
        }
    }
    let (merged, ambiguous) = merge(attributes, &distinct);
    let mut by_leader: AHashMap<usize, Vec<usize>> = AHashMap::new();
    for (number, list) in members.into_iter().enumerate() {
        if !ambiguous.contains(&number) {
            let leader = merged.get(&number).copied().unwrap_or(number);
            by_leader.entry(leader).or_default().extend(list);
        }
    }
    let mut groups: Vec<Vec<usize>> = by_leader.into_values().collect();
    let mut left_out = !ambiguous.is_empty();
    if !without.is_empty() {
        match groups.as_mut_slice() {
            [] => groups.push(without),
            [only] => only.extend(without),
            _ => left_out = true,
        }
    }
    for group in &mut groups {
        group.sort_unstable();
    }
    groups.sort_unstable();
    Groups { groups, left_out }
}

/// Which signatures go together (by the least of them) and which are ambiguous.
///
/// Two different signatures with one value of each attribute always contradict, so only the others need looking at.
fn merge(attributes: &[u16], distinct: &[Signature<'_>]) -> (AHashMap<usize, usize>, AHashSet<usize>) {
    let is_plain = |signature: &Signature<'_>| {
        signature.len() == attributes.len()
            && signature.windows(2).all(|pair| pair.first().map(|f| f.0) != pair.last().map(|f| f.0))
    };
    let odd: Vec<usize> = (0..distinct.len()).filter(|&n| distinct.get(n).is_some_and(|s| !is_plain(s))).collect();
    let agree = |a: usize, b: usize| match (distinct.get(a), distinct.get(b)) {
        (Some(a), Some(b)) => !contradict(attributes, a, b),
        _ => false,
    };
    let neighbours: AHashMap<usize, Vec<usize>> = odd
        .iter()
        .map(|&number| (number, (0..distinct.len()).filter(|&other| other != number && agree(number, other)).collect()))
        .collect();
    let ambiguous: AHashSet<usize> = odd
        .iter()
        .copied()
        .filter(|number| {
            let near = neighbours.get(number).map(Vec::as_slice).unwrap_or_default();
            near.iter().enumerate().any(|(place, &a)| near.iter().take(place).any(|&b| !agree(a, b)))
        })
        .collect();
    // What is left is cliques: the least member of each leads it.
    let mut leader: AHashMap<usize, usize> = AHashMap::new();
    for (&number, near) in &neighbours {
        if ambiguous.contains(&number) {
            continue;
        }
        let clique = near.iter().copied().filter(|other| !ambiguous.contains(other)).chain([number]);
        let least = clique.clone().min().unwrap_or(number);
        for member in clique {
            leader.insert(member, least);
        }
    }
    (leader, ambiguous)
}

/// Says whether two records contradict on one of the attributes. Facts are sorted.
pub(super) fn facts_contradict(attributes: &[u16], a: &[Fact], b: &[Fact]) -> bool {
    contradict(attributes, &signature(attributes, a), &signature(attributes, b))
}

fn signature<'a>(attributes: &[u16], facts: &'a [Fact]) -> Signature<'a> {
    let listed = facts.iter().filter(|fact| attributes.contains(&fact.attribute));
    listed.map(|fact| (fact.attribute, fact.value.as_str())).collect()
}

fn contradict(attributes: &[u16], a: &[Saying<'_>], b: &[Saying<'_>]) -> bool {
    attributes.iter().any(|attribute| {
        let mut mine = a.iter().filter(|saying| saying.0 == *attribute).peekable();
        let theirs = || b.iter().filter(|saying| saying.0 == *attribute);
        mine.peek().is_some() && theirs().next().is_some() && !mine.any(|one| theirs().any(|other| one == other))
    })
}

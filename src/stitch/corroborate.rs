//! Which carriers of a weak value agree with each other (DESIGN 4.4).
//!
//! To agree with somebody is no equivalence: `J. Lee` may be John Lee and Jane Lee, who are two. So signatures are
//! compared two by two, those that share a key; whoever agrees with two who contradict each other is left out, and what
//! is left falls into groups of which all agree with all.

use crate::policy::Rules;
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
/// Two carriers contradict if both have values of one of the attributes and no two of these agree or are compatible.
/// One that contradicts neither of two that contradict each other is left out; so are carriers with none of the
/// attributes, unless there is at most one group.
///
/// O(n) for the carriers, and for the distinct things that they say: pairs that share a key of the first attribute,
/// plus those without it times all, plus the pairs that each of them agrees with.
pub(super) fn group(rules: &Rules, attributes: &[u16], carriers: &[&[Fact]]) -> Groups {
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
    let leaders = leaders(&neighbours(rules, attributes, &distinct));
    let mut by_leader: AHashMap<usize, Vec<usize>> = AHashMap::new();
    let mut left_out = false;
    for (leader, list) in leaders.into_iter().zip(members) {
        match leader {
            Some(leader) => by_leader.entry(leader).or_default().extend(list),
            None => left_out = true,
        }
    }
    let mut groups: Vec<Vec<usize>> = by_leader.into_values().collect();
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

/// Says whether two records contradict on one of the attributes. Facts are sorted.
pub(super) fn facts_contradict(rules: &Rules, attributes: &[u16], a: &[Fact], b: &[Fact]) -> bool {
    contradict(rules, attributes, &signature(attributes, a), &signature(attributes, b))
}

/// By signature, those that do not contradict it, itself included, sorted.
fn neighbours(rules: &Rules, attributes: &[u16], distinct: &[Signature<'_>]) -> Vec<Vec<u32>> {
    let mut near: Vec<Vec<u32>> = (0..distinct.len() as u32).map(|number| vec![number]).collect();
    let mut meet = |a: u32, b: u32| {
        let (Some(one), Some(other)) = (distinct.get(a as usize), distinct.get(b as usize)) else { return };
        if !contradict(rules, attributes, one, other) {
            near.get_mut(a as usize).into_iter().for_each(|list| list.push(b));
            near.get_mut(b as usize).into_iter().for_each(|list| list.push(a));
        }
    };
    for (a, b) in candidates(rules, attributes, distinct) {
        meet(a, b);
    }
    near.iter_mut().for_each(|list| list.sort_unstable());
    near
}

/// Pairs of signatures that may agree, each once: those that share a key of the first attribute, and all with those that
/// say nothing on it.
fn candidates(rules: &Rules, attributes: &[u16], distinct: &[Signature<'_>]) -> Vec<(u32, u32)> {
    let Some(&first) = attributes.first() else { return Vec::new() };
    let compare = rules.attributes.get(usize::from(first)).map(|rule| rule.compare).unwrap_or_default();
    let mut keyed: Vec<(u64, u32, bool)> = Vec::new();
    let mut silent: Vec<u32> = Vec::new();
    for (number, signature) in (0_u32..).zip(distinct) {
        let said = signature.iter().filter(|(attribute, _)| *attribute == first);
        let before = keyed.len();
        keyed.extend(said.flat_map(|(_, value)| compare.keys(value)).map(|key| (key.hash(), number, key.lone)));
        if keyed.len() == before {
            silent.push(number);
        }
    }
    keyed.sort_unstable();
    keyed.dedup();
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for bucket in keyed.chunk_by(|a, b| a.0 == b.0) {
        for (place, &(_, a, lone)) in bucket.iter().enumerate() {
            let others = bucket.iter().skip(place + 1).filter(|(_, b, other)| *b != a && (lone || *other));
            pairs.extend(others.map(|&(_, b, _)| (a.min(b), a.max(b))));
        }
    }
    for &a in &silent {
        pairs.extend((0..distinct.len() as u32).filter(|&b| b != a).map(|b| (a.min(b), a.max(b))));
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// By signature, the least of its group; none for those that agree with two who contradict each other.
fn leaders(near: &[Vec<u32>]) -> Vec<Option<usize>> {
    let of = |number: u32| near.get(number as usize).map(Vec::as_slice).unwrap_or_default();
    let agree = |a: u32, b: u32| of(a).binary_search(&b).is_ok();
    let ambiguous: AHashSet<u32> = (0..near.len() as u32)
        .filter(|&number| {
            let own = of(number);
            // Where all agree with the same ones, all of these agree with each other.
            own.iter().any(|&other| of(other) != own)
                && own.iter().enumerate().any(|(place, &a)| own.iter().take(place).any(|&b| !agree(a, b)))
        })
        .collect();
    let least = |number: u32| of(number).iter().copied().find(|other| !ambiguous.contains(other));
    let leader = |number: u32| if ambiguous.contains(&number) { None } else { least(number) };
    (0..near.len() as u32).map(|number| leader(number).map(|leader| leader as usize)).collect()
}

fn signature<'a>(attributes: &[u16], facts: &'a [Fact]) -> Signature<'a> {
    let listed = facts.iter().filter(|fact| attributes.contains(&fact.attribute));
    listed.map(|fact| (fact.attribute, fact.value.as_str())).collect()
}

fn contradict(rules: &Rules, attributes: &[u16], a: &[Saying<'_>], b: &[Saying<'_>]) -> bool {
    attributes.iter().any(|attribute| {
        let mut mine = a.iter().filter(|saying| saying.0 == *attribute).peekable();
        let theirs = || b.iter().filter(|saying| saying.0 == *attribute);
        let both = mine.peek().is_some() && theirs().next().is_some();
        both && !mine.any(|one| theirs().any(|other| rules.allows(*attribute, one.1, other.1)))
    })
}

#[cfg(test)]
mod tests {
    use super::{candidates, group};
    use crate::policy::{AttributePolicy, Compare, IdentifierPolicy, Policy, Role, Rules};
    use crate::value::Fact;

    fn rules(compare: Compare) -> Rules {
        let email = IdentifierPolicy::new("phone", Role::Contact).corroborate(["name"]);
        Policy::builder().identifier(email).attribute(AttributePolicy::new("name", compare)).rules().unwrap()
    }

    /// Distinct names that nobody would confuse: syllables of their number.
    fn names(many: usize) -> Vec<Vec<Fact>> {
        let word = |mut number: usize| {
            let mut word = String::new();
            for _ in 0..3 {
                word.extend(
                    ["bkdfglmnprstvzhj"[number % 16..].chars().next(), "aeio"[number / 16 % 4..].chars().next()]
                        .iter()
                        .flatten(),
                );
                number /= 16;
                number = number.wrapping_mul(7) + 3;
            }
            word
        };
        let name = |number: usize| format!("{} {}", word(number * 37), word(number * 101 + 13));
        (0..many).map(|number| vec![Fact { attribute: 0, value: name(number).into() }]).collect()
    }

    #[test]
    fn few_of_many_names_are_compared() {
        let facts = names(2_000);
        let rules = rules(Compare::FullName);
        let distinct: Vec<_> = facts.iter().map(|facts| super::signature(&[0], facts)).collect();
        let pairs = candidates(&rules, &[0], &distinct).len();
        assert!(pairs > 0 && pairs < 2_000 * 2_000 / 2 / 10, "{pairs}");
    }

    #[test]
    fn a_lone_name_meets_the_names_that_it_may_be_part_of() {
        let facts = ["ann lee", "ann", "bob ray"].map(|name| vec![Fact { attribute: 0, value: name.into() }]);
        let carriers: Vec<&[Fact]> = facts.iter().map(Vec::as_slice).collect();
        let grouped = group(&rules(Compare::FullName), &[0], &carriers);
        assert_eq!((grouped.groups, grouped.left_out), (vec![vec![0, 1], vec![2]], false));
    }
}

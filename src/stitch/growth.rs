//! One more record, where the answer is certain to be that of [`resolve`](super::resolve) without asking it.
//!
//! The union of regions that are each one profile is one profile again if it keeps every limit, contradicts itself
//! nowhere and ties no two known clusters through a device: then every join that resolution from scratch would try is a
//! join within the union, and allowed. Limits of kinds that are not needed to hold the union together do not count: by
//! the time their turn comes, it is one cluster.

use super::corroborate::{facts_contradict, group};
use crate::identifier::Summary;
use crate::policy::{Links, Role, Rules};
use crate::value::Fact;

/// A cluster that a new record shares clear values with.
#[derive(Debug)]
pub(crate) struct Touch<'a> {
    pub(crate) summary: &'a Summary,
    /// The strongest kind of a shared value.
    pub(crate) strongest: u16,
    /// A person or contact identifier is shared, of a kind that links all.
    pub(crate) by_known: bool,
}

/// Sums up the union of a new record with the clusters that it touches, or says that only resolution can tell.
///
/// `own` sums up the record: its counts are those of values that no touched cluster holds for certain.
/// O(kinds times clusters).
pub(crate) fn grow(rules: &Rules, own: Summary, touches: &[Touch<'_>]) -> Option<Summary> {
    if own.asserted || touches.iter().any(|touch| !touch.summary.clean || touch.summary.asserted) {
        return None;
    }
    // Two witnesses of one value might be tied here.
    if touches.iter().filter(|touch| touch.summary.witness).count() > 1 {
        return None;
    }
    let mut union = own;
    let own_known = union.known;
    for touch in touches {
        union.level = union.level.max(touch.summary.level).max(touch.strongest + 1);
        union.witness |= touch.summary.witness;
        union.known |= touch.summary.known;
        union.many_facts |= touch.summary.many_facts;
        union.add_facts(rules, &touch.summary.facts);
        for (count, more) in union.counts.iter_mut().zip(&touch.summary.counts) {
            *count += more;
        }
    }
    let sound = keeps_limits(rules, &union)
        && keeps_exclusive(rules, &union)
        && ties_no_two_known(rules, &union, own_known, touches);
    sound.then_some(union)
}

/// Whether a new carrier agrees with every carrier of a value that needs corroboration.
pub(crate) fn corroborates<'a>(
    rules: &Rules,
    kind: u16,
    own: &[Fact],
    mut carriers: impl Iterator<Item = &'a [Fact]>,
) -> bool {
    let attributes = rules.kinds.get(usize::from(kind)).map(|rule| rule.corroborate.as_slice()).unwrap_or_default();
    attributes.is_empty() || carriers.all(|facts| !facts_contradict(rules, attributes, own, facts))
}

/// Whether a whole region, summed up as if it were one profile, is one: every join that resolution would try is allowed.
/// `known_parts` counts its known clusters before the first kind that links `anonymous` is taken.
pub(crate) fn is_sound(rules: &Rules, whole: &Summary, known_parts: u8) -> bool {
    let first = rules.kinds.iter().position(|kind| kind.links == Links::Anonymous);
    let tied = known_parts < 2 || first.is_none_or(|first| usize::from(whole.level) <= first);
    tied && keeps_limits(rules, whole) && keeps_exclusive(rules, whole)
}

/// Whether all carriers of a value agree with each other, where the kind needs that.
pub(crate) fn agree_as_one(rules: &Rules, kind: u16, carriers: &[&[Fact]]) -> bool {
    let attributes = rules.kinds.get(usize::from(kind)).map(|rule| rule.corroborate.as_slice()).unwrap_or_default();
    let grouped = group(rules, attributes, carriers);
    grouped.groups.len() <= 1 && !grouped.left_out
}

fn keeps_limits(rules: &Rules, union: &Summary) -> bool {
    let needed = rules.kinds.iter().zip(&union.counts).take(usize::from(union.level));
    needed.into_iter().all(|(kind, &count)| kind.max_per_profile.is_none_or(|max| u64::from(count) <= max))
}

fn keeps_exclusive(rules: &Rules, union: &Summary) -> bool {
    let needed = rules.kinds.iter().take(usize::from(union.level));
    if needed.into_iter().all(|kind| kind.role == Role::Person) {
        return true;
    }
    if union.many_facts {
        return !rules.attributes.iter().any(|attribute| attribute.exclusive);
    }
    // Two records contradict only if two of their facts do; that all go together is more than is needed.
    union.facts.chunk_by(|a, b| a.attribute == b.attribute).all(|facts| {
        let mut pairs = facts.iter().enumerate().flat_map(|(place, a)| facts.iter().take(place).map(move |b| (a, b)));
        pairs.all(|(a, b)| rules.allows(a.attribute, &a.value, &b.value))
    })
}

/// Known clusters are those that stand before the first kind that links `anonymous` is taken; a clean cluster that
/// needed such a kind holds one of them at most.
fn ties_no_two_known(rules: &Rules, union: &Summary, own_known: bool, touches: &[Touch<'_>]) -> bool {
    let Some(first) = rules.kinds.iter().position(|kind| kind.links == Links::Anonymous) else { return true };
    if usize::from(union.level) <= first {
        return true;
    }
    let tied = |touch: &&Touch<'_>| {
        let before = usize::from(touch.strongest) < first;
        before && (touch.by_known || usize::from(touch.summary.level) <= first)
    };
    let with_own = own_known || touches.iter().filter(tied).any(|touch| touch.summary.known);
    let apart = touches.iter().filter(|touch| touch.summary.known && !tied(touch)).count();
    apart + usize::from(with_own) <= 1
}

//! The golden record: which attribute values survive. Pure: the same records give the same values, in any order.

mod choose;
#[cfg(test)]
mod tests;

use crate::policy::{AttributePolicy, Policy, Rules, Survive, Undeclared};
use crate::profile::{Golden, GoldenValue};
use crate::record::Record;
use crate::value::Value;
use choose::{Candidate, Chain};
use smol_str::SmolStr;
use std::borrow::Borrow;
use std::collections::BTreeMap;

/// Folds the records of one profile into its golden record.
///
/// Attributes of one group survive together, from one record: of the records that have any of them, each rule of the
/// group's chain keeps some, in turn; of those that are left the newest stands, at one instant the one with the larger
/// source and key. An attribute whose rules name `first` goes by itself. Nothing (null, blank, a placeholder) falls
/// through. Undeclared attributes are kept by that default, or not at all, as the policy says.
///
/// O(records × attributes), plus a sort of the attributes' names.
pub fn fold<R: Borrow<Record>>(rules: &Rules, records: &[R]) -> Golden {
    fold_under(&rules.policy, records)
}

fn fold_under<R: Borrow<Record>>(policy: &Policy, records: &[R]) -> Golden {
    let mut chosen = Vec::new();
    for group in groups(policy) {
        let candidates = records.iter().filter_map(|record| {
            let record = record.borrow();
            Candidate::of(record, group.iter().filter_map(|attribute| usable(record, &attribute.name)).collect())
        });
        chosen.extend(Chain::of(policy, &group).choose(candidates.collect()));
    }
    if policy.undeclared_attributes == Undeclared::Keep {
        chosen.extend(undeclared(policy, records).into_values().filter_map(|all| Chain::default().choose(all)));
    }
    let mut values: BTreeMap<(usize, &str), GoldenValue> = BTreeMap::new();
    for (Candidate { record, values: of_record, .. }, rule) in chosen {
        for (name, value) in of_record {
            let place = policy.attribute.iter().position(|known| known.name == *name).unwrap_or(usize::MAX);
            let (attribute, value) = (name.clone(), value.clone());
            let lineage = GoldenValue { attribute, value, record: record.key.clone(), at: record.at, rule };
            values.insert((place, name), lineage);
        }
    }
    Golden { values: values.into_values().collect() }
}

/// The attributes that survive together: those of one `group`; one without a group, or with `first`, is by itself.
fn groups(policy: &Policy) -> Vec<Vec<&AttributePolicy>> {
    let mut groups: Vec<(Option<&SmolStr>, Vec<&AttributePolicy>)> = Vec::new();
    for attribute in &policy.attribute {
        let name = attribute.group.as_ref().filter(|_| !attribute.survive.contains(&Survive::First));
        match groups.iter_mut().find(|(known, _)| name.is_some() && *known == name) {
            Some((_, members)) => members.push(attribute),
            None => groups.push((name, vec![attribute])),
        }
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

/// The usable values of attributes that the policy does not declare, by name.
fn undeclared<'a, R: Borrow<Record>>(policy: &Policy, records: &'a [R]) -> BTreeMap<&'a SmolStr, Vec<Candidate<'a>>> {
    let mut found: BTreeMap<&SmolStr, Vec<Candidate<'_>>> = BTreeMap::new();
    for record in records {
        let record = record.borrow();
        for (name, _) in &record.attributes {
            if policy.attribute.iter().any(|known| known.name == *name) {
                continue;
            }
            let value = usable(record, name).into_iter().collect();
            if let Some(candidate) = Candidate::of(record, value) {
                found.entry(name).or_default().push(candidate);
            }
        }
    }
    found
}

/// An attribute of a record, unless there is nothing in it.
fn usable<'a>(record: &'a Record, attribute: &str) -> Option<(&'a SmolStr, &'a Value)> {
    let (name, value) = record.attributes.iter().find(|(name, _)| name == attribute)?;
    is_something(value).then_some((name, value))
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Text(text) => !text.trim().is_empty() && !is_placeholder(text.trim()),
        Value::List(values) => values.iter().any(is_something),
        other => !other.is_empty(),
    }
}

/// The words of the built-in junk list. Unlike an identifier, an attribute may well be `0`.
fn is_placeholder(text: &str) -> bool {
    const WORDS: [&str; 8] = ["null", "none", "undefined", "nan", "anonymous", "guest", "n/a", "[object object]"];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text)) || text.bytes().all(|byte| byte == b'-')
}

//! The golden record: which attribute values survive. Pure: the same records give the same values, in any order.

mod choose;

use crate::normalise::is_junk;
use crate::policy::{AttributeRule, Rules, Survive};
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
/// through. An undeclared attribute is by itself and survives by the default rule, or not at all, as the policy says.
///
/// O(records × attributes), plus a sort of the attributes' names.
///
/// # Examples
/// ```
/// use onefold::{AttributePolicy, Compare, Policy, Record, Survive, fold};
/// let name = AttributePolicy::new("given_name", Compare::GivenName).survive([Survive::Source, Survive::MostRecent]);
/// let rules = Policy::builder().source("crm").source("web").attribute(name).rules()?;
/// let crm = Record::new("crm", "42", "2026-01-05T10:00:00Z".parse()?).attribute("given_name", "Ann");
/// let web = Record::new("web", "7", "2026-02-07T10:00:00Z".parse()?).attribute("given_name", "annie");
/// let golden = fold(&rules, &[web, crm]);
/// let name = golden.value("given_name").ok_or("no name")?;
/// assert_eq!((name.value.to_string(), name.rule.name()), ("Ann".to_owned(), "source"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn fold<R: Borrow<Record>>(rules: &Rules, records: &[R]) -> Golden {
    let mut chosen = Vec::new();
    for group in groups(rules) {
        let candidates = records.iter().filter_map(|record| {
            let record = record.borrow();
            Candidate::of(record, group.iter().filter_map(|attribute| usable(record, &attribute.name)).collect())
        });
        chosen.extend(Chain::of(rules, &group).choose(candidates.collect()));
    }
    for (name, candidates) in undeclared(rules, records) {
        if let Some(survive) = rules.survive(name) {
            chosen.extend(Chain::new(rules, survive).choose(candidates));
        }
    }
    let mut values: BTreeMap<(u16, &str), GoldenValue> = BTreeMap::new();
    for (Candidate { record, values: of_record, .. }, rule) in chosen {
        for (name, value) in of_record {
            let place = rules.attribute_place(name).unwrap_or(u16::MAX);
            let (attribute, value) = (name.clone(), value.clone());
            let lineage = GoldenValue { attribute, value, record: record.key.clone(), at: record.at, rule };
            values.insert((place, name), lineage);
        }
    }
    Golden { values: values.into_values().collect() }
}

/// The attributes that survive together: those of one `group`; one without a group, or with `first`, is by itself.
fn groups(rules: &Rules) -> Vec<Vec<&AttributeRule>> {
    let mut groups: Vec<(Option<&SmolStr>, Vec<&AttributeRule>)> = Vec::new();
    for attribute in rules.attributes() {
        let name = attribute.group.as_ref().filter(|_| !attribute.survive.contains(&Survive::First));
        match groups.iter_mut().find(|(known, _)| name.is_some() && *known == name) {
            Some((_, members)) => members.push(attribute),
            None => groups.push((name, vec![attribute])),
        }
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

/// The usable values of attributes that the policy does not declare, by name.
fn undeclared<'a, R: Borrow<Record>>(rules: &Rules, records: &'a [R]) -> BTreeMap<&'a SmolStr, Vec<Candidate<'a>>> {
    let mut found: BTreeMap<&SmolStr, Vec<Candidate<'_>>> = BTreeMap::new();
    for record in records {
        let record = record.borrow();
        for (name, _) in record.attributes.iter().filter(|(name, _)| rules.attribute_place(name).is_none()) {
            if let Some(candidate) = Candidate::of(record, usable(record, name).into_iter().collect()) {
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
        // Unlike an identifier, an attribute may well be `0`.
        Value::Text(text) => !text.trim().is_empty() && (text.trim() == "0" || !is_junk(text.trim())),
        Value::List(values) => values.iter().any(is_something),
        other => !other.is_empty(),
    }
}

//! A chain of rules: of the records that have a value, each rule keeps some, and one stands in the end.

use crate::policy::{AttributeRule, Rules, Survive};
use crate::profile::GoldenRule;
use crate::record::Record;
use crate::value::Value;
use smol_str::SmolStr;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What one record offers for a group of attributes.
pub(super) struct Candidate<'a> {
    pub(super) record: &'a Record,
    /// The usable values of the group that the record has: at least one.
    pub(super) values: Vec<(&'a SmolStr, &'a Value)>,
    /// The values as people read them, case and white space folded: what "the same value" means.
    folded: String,
}

impl<'a> Candidate<'a> {
    /// Nothing where the record has no usable value.
    pub(super) fn of(record: &'a Record, values: Vec<(&'a SmolStr, &'a Value)>) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let mut folded = String::new();
        for (name, value) in &values {
            let text = value.to_string().to_lowercase();
            // Writing to a string does not fail. The names keep "a" in one attribute from "a" in another.
            let _ = write!(folded, "{name}\u{1f}");
            for word in text.split_whitespace() {
                folded.push_str(word);
                folded.push(' ');
            }
        }
        Some(Self { record, values, folded })
    }

    fn length(&self) -> usize {
        self.values.iter().map(|(_, value)| value.to_string().chars().count()).sum()
    }

    /// The total order that breaks ties: time, source, key, and then content.
    fn order(&self, other: &Self) -> Ordering {
        let (a, b) = (self.record, other.record);
        let by_time = a.at.microseconds().cmp(&b.at.microseconds());
        by_time.then_with(|| a.key.cmp(&b.key)).then_with(|| a.canonical_json().cmp(&b.canonical_json()))
    }
}

/// The rules of a group, with what they need to know.
pub(super) struct Chain<'a> {
    rules: &'a Rules,
    survive: &'a [Survive],
    verified_by: Option<&'a SmolStr>,
}

impl<'a> Chain<'a> {
    /// A chain that verifies nothing.
    pub(super) fn new(rules: &'a Rules, survive: &'a [Survive]) -> Self {
        Self { rules, survive, verified_by: None }
    }

    /// The chain of a group: all its attributes have the same.
    pub(super) fn of(rules: &'a Rules, group: &[&'a AttributeRule]) -> Self {
        let survive = group.first().map(|attribute| attribute.survive.as_slice()).unwrap_or_default();
        let verified_by =
            group.iter().find_map(|attribute| rules.attributes().get(usize::from(attribute.verified_by?)));
        Self { rules, survive, verified_by: verified_by.map(|attribute| &attribute.name) }
    }

    /// Chooses one candidate, and says what chose it. Nothing where there is none.
    pub(super) fn choose<'r>(&self, candidates: Vec<Candidate<'r>>) -> Option<(Candidate<'r>, GoldenRule)> {
        let mut left = candidates;
        let mut decided = agree(&left).then_some(GoldenRule::Only);
        for &rule in self.survive {
            self.keep(rule, &mut left);
            if decided.is_none() && agree(&left) {
                decided = Some(GoldenRule::Survive(rule));
            }
        }
        let chosen = left.into_iter().max_by(Candidate::order)?;
        Some((chosen, decided.unwrap_or(GoldenRule::Tie)))
    }

    /// Keeps what a rule prefers; all where it prefers none.
    fn keep(&self, rule: Survive, left: &mut Vec<Candidate<'_>>) {
        let time = |candidate: &Candidate<'_>| candidate.record.at.microseconds();
        match rule {
            Survive::Source => keep_least(left, |candidate| self.rank(candidate)),
            Survive::MostRecent => keep_least(left, |candidate| std::cmp::Reverse(time(candidate))),
            Survive::Earliest | Survive::First => keep_least(left, time),
            Survive::Longest => keep_least(left, |candidate| std::cmp::Reverse(candidate.length())),
            Survive::Verified => keep_least(left, |candidate| !self.is_verified(candidate.record)),
            Survive::MostFrequent => {
                let mut counts: BTreeMap<String, u64> = BTreeMap::new();
                for candidate in left.iter() {
                    *counts.entry(candidate.folded.clone()).or_default() += 1;
                }
                keep_least(left, |candidate| std::cmp::Reverse(counts.get(&candidate.folded).copied()));
            }
        }
    }

    /// A source's place in the policy; the others come after, all alike.
    fn rank(&self, candidate: &Candidate<'_>) -> u16 {
        self.rules.source_place(&candidate.record.key.source).unwrap_or(u16::MAX)
    }

    fn is_verified(&self, record: &Record) -> bool {
        self.verified_by.and_then(|name| record.value(name)).is_some_and(is_true)
    }
}

fn keep_least<K: Ord>(left: &mut Vec<Candidate<'_>>, key: impl Fn(&Candidate<'_>) -> K) {
    if let Some(least) = left.iter().map(&key).min() {
        left.retain(|candidate| key(candidate) == least);
    }
}

fn agree(candidates: &[Candidate<'_>]) -> bool {
    candidates.windows(2).all(|pair| matches!(pair, [a, b] if a.folded == b.folded))
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::Integer(number) => *number != 0,
        Value::Text(text) => {
            ["true", "yes", "y", "1", "verified"].iter().any(|word| word.eq_ignore_ascii_case(text.trim()))
        }
        Value::Null | Value::Number(_) | Value::List(_) => false,
    }
}

//! Rules of eligibility, as data.

use crate::error::{Error, Result};
use crate::value::Value;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// No rule stands deeper inside others.
pub(super) const DEPTH_MAX: usize = 16;

/// What must hold for an action to be eligible, told of the facts of a [`DecisionRequest`](crate::DecisionRequest).
///
/// A rule that reads an attribute which is not there is neither true nor false, and so is what hangs on it (Kleene's
/// three values): nobody is eligible by what is not known. `Exists` and `Segment` are always known.
///
/// # Examples
/// ```
/// use onefold::Eligibility;
/// let rule: Eligibility = serde_json::from_str(
///     r#"{"all": [{"at_least": ["orders", 2]}, {"not": {"segment": "staff"}}, {"one_of": ["tier", ["gold", "silver"]]}]}"#,
/// )?;
/// assert!(matches!(rule, Eligibility::All(rules) if rules.len() == 3));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Eligibility {
    /// Everybody is.
    #[default]
    Always,
    /// The attribute has the value, or has it among several.
    Equals(SmolStr, Value),
    /// The attribute has one of the values.
    OneOf(SmolStr, Vec<Value>),
    /// The attribute has any value.
    Exists(SmolStr),
    /// The attribute is a number of at least this.
    AtLeast(SmolStr, f64),
    /// The attribute is a number of at most this.
    AtMost(SmolStr, f64),
    /// The person is in the segment.
    Segment(SmolStr),
    /// All of them hold; of none it does.
    All(Vec<Eligibility>),
    /// One of them holds; of none it does not.
    Any(Vec<Eligibility>),
    /// It does not hold.
    Not(Box<Eligibility>),
}

/// What is known of a person, for rules. `Debug` shows no value.
#[derive(Clone, PartialEq, Default)]
pub struct Facts {
    /// Attributes, as of the golden record, or counts.
    pub attributes: BTreeMap<SmolStr, Value>,
    /// The segments the person is in.
    pub segments: BTreeSet<SmolStr>,
}

impl Facts {
    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<SmolStr>, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// Adds a segment.
    #[must_use]
    pub fn segment(mut self, name: impl Into<SmolStr>) -> Self {
        self.segments.insert(name.into());
        self
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Facts({} attributes, {} segments)", self.attributes.len(), self.segments.len())
    }
}

/// Whether a rule holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Held<'a> {
    Yes,
    No,
    /// The attribute that it reads is not there, or is no number where it must be one.
    Unknown(&'a SmolStr),
}

impl Eligibility {
    /// The attributes that it reads. O(rules).
    pub fn reads(&self) -> BTreeSet<&SmolStr> {
        let mut names = BTreeSet::new();
        self.each_read(&mut |name| {
            names.insert(name);
        });
        names
    }

    /// Visits the attributes that it reads, each as often as it does.
    pub(crate) fn each_read<'a>(&'a self, visit: &mut dyn FnMut(&'a SmolStr)) {
        match self {
            Self::Always | Self::Segment(_) => {}
            Self::Equals(name, _) | Self::OneOf(name, _) | Self::Exists(name) => visit(name),
            Self::AtLeast(name, _) | Self::AtMost(name, _) => visit(name),
            Self::All(rules) | Self::Any(rules) => rules.iter().for_each(|rule| rule.each_read(visit)),
            Self::Not(rule) => rule.each_read(visit),
        }
    }

    /// Judges the facts. O(rules times attributes' logarithm).
    pub(super) fn judge(&self, facts: &Facts) -> Result<Held<'_>> {
        self.at(facts, 0)
    }

    fn at(&self, facts: &Facts, depth: usize) -> Result<Held<'_>> {
        if depth > DEPTH_MAX {
            return Err(Error::limit("the depth of a rule of eligibility", DEPTH_MAX as u64));
        }
        let told = |name: &SmolStr| facts.attributes.get(name).filter(|value| !value.is_empty());
        Ok(match self {
            Self::Always => Held::Yes,
            Self::Equals(name, value) => of(name, told(name), |found| Some(is(found, value))),
            Self::OneOf(name, values) => {
                of(name, told(name), |found| Some(values.iter().any(|value| is(found, value))))
            }
            Self::Exists(name) => yes_or_no(told(name).is_some()),
            Self::AtLeast(name, least) => {
                of(name, told(name), |found| found.as_number().map(|number| number >= *least))
            }
            Self::AtMost(name, most) => of(name, told(name), |found| found.as_number().map(|number| number <= *most)),
            Self::Segment(name) => yes_or_no(facts.segments.contains(name)),
            Self::All(rules) => fold(rules, facts, depth, Held::Yes, Held::No)?,
            Self::Any(rules) => fold(rules, facts, depth, Held::No, Held::Yes)?,
            Self::Not(rule) => match rule.at(facts, depth + 1)? {
                Held::Yes => Held::No,
                Held::No => Held::Yes,
                unknown => unknown,
            },
        })
    }
}

/// What several rules come to: `ends` where one does, else the first that is not known, else `empty`.
fn fold<'a>(
    rules: &'a [Eligibility],
    facts: &Facts,
    depth: usize,
    empty: Held<'a>,
    ends: Held<'a>,
) -> Result<Held<'a>> {
    let mut found = empty;
    for rule in rules {
        let held = rule.at(facts, depth + 1)?;
        if held == ends {
            return Ok(held);
        }
        if matches!((held, found), (Held::Unknown(_), Held::Yes | Held::No)) {
            found = held;
        }
    }
    Ok(found)
}

/// What a rule on one attribute comes to.
fn of<'a>(name: &'a SmolStr, told: Option<&Value>, holds: impl FnOnce(&Value) -> Option<bool>) -> Held<'a> {
    told.and_then(holds).map_or(Held::Unknown(name), yes_or_no)
}

fn yes_or_no<'a>(holds: bool) -> Held<'a> {
    if holds { Held::Yes } else { Held::No }
}

/// Whether a value is another, or holds it; a whole number is what is written with a point.
fn is(found: &Value, value: &Value) -> bool {
    match found {
        Value::List(values) => values.iter().any(|one| is(one, value)),
        _ => found == value || matches!((found.as_number(), value.as_number()), (Some(a), Some(b)) if a == b),
    }
}

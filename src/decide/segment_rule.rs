//! Segments: rules with names, and why somebody is in one.

use super::eligible::{DEPTH_MAX, Eligibility, Facts, Held};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// The most segments of a set.
pub const SEGMENTS_MAX: usize = 1_000;

/// The most rules within the rule of a segment, itself among them.
const RULES_MAX: usize = 1_000;

/// People who have something in common, as a rule says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Its name.
    pub name: SmolStr,
    /// Who is in it.
    pub rule: Eligibility,
}

impl Segment {
    /// Takes a name and a rule.
    pub fn new(name: impl Into<SmolStr>, rule: Eligibility) -> Self {
        Self { name: name.into(), rule }
    }
}

/// Segments that were checked. A rule may name segments that stand before its own.
///
/// # Examples
/// ```
/// use onefold::{Facts, SegmentSet, Standing};
/// let set: SegmentSet = serde_json::from_str(
///     r#"[{"name": "regular", "rule": {"at_least": ["orders", 3]}},
///         {"name": "write to", "rule": {"all": [{"segment": "regular"}, {"not": {"equals": ["city", "Graz"]}}]}}]"#,
/// )?;
/// let told = set.judge(&Facts::default().attribute("orders", 5).attribute("city", "Linz"));
/// assert!(told.iter().all(|membership| membership.standing == Standing::In));
///
/// let told = set.judge(&Facts::default().attribute("orders", 5));
/// assert_eq!((told[0].standing, told[1].standing), (Standing::In, Standing::Unknown));
/// assert_eq!(told[1].because[0].missing.as_deref(), Some("city"));
///
/// let wrong = r#"[{"name": "a", "rule": {"segment": "b"}}, {"name": "b", "rule": "always"}]"#;
/// assert!(serde_json::from_str::<SegmentSet>(wrong).unwrap_err().to_string().contains("segment[0].rule"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Segment>", into = "Vec<Segment>")]
pub struct SegmentSet {
    // Invariant: names are told and each once, numbers are finite, no rule is too deep, and names only segments before it.
    segments: Vec<Segment>,
}

/// How somebody stands to a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In it.
    In,
    /// Not in it.
    Out,
    /// What is known does not tell.
    Unknown,
}

/// Whether somebody is in a segment, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Membership {
    /// The segment.
    pub segment: SmolStr,
    /// How somebody stands to it.
    pub standing: Standing,
    /// The parts of the rule that decide: where it holds or does not, those without which it could be otherwise; where it is
    /// not known, those that are not.
    pub because: Vec<RuleReason>,
}

/// A part of a rule that has no parts of its own, and how it is with somebody.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleReason {
    /// The part, as the rule has it: it shows no value of anybody.
    pub rule: Eligibility,
    /// Whether it holds; none where that is not known.
    pub holds: Option<bool>,
    /// The attribute, or the segment, of which nothing is known.
    pub missing: Option<SmolStr>,
}

impl SegmentSet {
    /// Checks segments.
    ///
    /// # Errors
    /// `Config` that names the segment: one without a name or with that of another, a rule with a number that is none, one
    /// that is deeper than 16 or has more than 1,000 parts, or that names a segment which does not stand before it; `Limit`
    /// for more than [`SEGMENTS_MAX`] segments.
    pub fn new(segments: impl IntoIterator<Item = Segment>) -> Result<Self> {
        let segments: Vec<Segment> = segments.into_iter().collect();
        if segments.len() > SEGMENTS_MAX {
            return Err(Error::limit("the number of segments", SEGMENTS_MAX as u64));
        }
        let mut known: BTreeSet<&str> = BTreeSet::new();
        for (place, Segment { name, rule }) in segments.iter().enumerate() {
            let wrong = |part: &str, reason: String| Err(Error::policy(format!("segment[{place}].{part}"), reason));
            if name.trim().is_empty() {
                return wrong("name", "is missing".to_owned());
            }
            if let Err(reason) = check(rule, &known) {
                return wrong("rule", reason);
            }
            if !known.insert(name) {
                return wrong("name", format!("`{name}` is there twice"));
            }
        }
        Ok(Self { segments })
    }

    /// The segments, in their order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Says how somebody stands to every segment, in their order. A segment that is named in a rule is as it stands to
    /// somebody here, not known where that is not; segments that the facts bring along count for none. O(rules times
    /// attributes' logarithm).
    pub fn judge(&self, facts: &Facts) -> Vec<Membership> {
        let mut standings: BTreeMap<&str, Standing> = BTreeMap::new();
        let mut told = Vec::with_capacity(self.segments.len());
        for Segment { name, rule } in &self.segments {
            let (standing, because) = Judge { facts, standings: &standings }.of(rule);
            standings.insert(name, standing);
            told.push(Membership { segment: name.clone(), standing, because });
        }
        told
    }

    /// The attributes that the rules read, and what they are compared with where that is a number.
    pub(crate) fn reads(&self) -> BTreeMap<&str, Vec<Compared>> {
        let mut found: BTreeMap<&str, Vec<Compared>> = BTreeMap::new();
        let mut open: Vec<&Eligibility> = self.segments.iter().map(|segment| &segment.rule).collect();
        while let Some(rule) = open.pop() {
            let mut compare = |name, with: Vec<Compared>| found.entry(name).or_default().extend(with);
            match rule {
                Eligibility::Equals(name, value) => {
                    compare(name, value.as_number().map(Compared::Is).into_iter().collect())
                }
                Eligibility::OneOf(name, values) => {
                    compare(name, values.iter().filter_map(|value| value.as_number().map(Compared::Is)).collect());
                }
                Eligibility::AtLeast(name, least) => compare(name, vec![Compared::AtLeast(*least)]),
                Eligibility::AtMost(name, most) => compare(name, vec![Compared::AtMost(*most)]),
                Eligibility::Exists(name) => compare(name, Vec::new()),
                Eligibility::All(rules) | Eligibility::Any(rules) => open.extend(rules),
                Eligibility::Not(rule) => open.push(rule),
                Eligibility::Always | Eligibility::Segment(_) => {}
            }
        }
        found
    }
}

/// What a number is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Compared {
    Is(f64),
    AtLeast(f64),
    AtMost(f64),
}

impl Compared {
    /// After how many days a count of days that grows by one a day compares otherwise; none where it never will.
    pub(crate) fn turns_after(self, days: i64) -> Option<i64> {
        let at = |number: f64| (number.abs() < 1e15).then_some(number as i64);
        let turn = match self {
            Self::AtLeast(least) => at(least.ceil())?,
            Self::AtMost(most) => at(most.floor())?.saturating_add(1),
            Self::Is(number) if number.fract() != 0.0 => return None,
            Self::Is(number) => at(number)?.saturating_add(i64::from(at(number)? <= days)),
        };
        Some(turn.saturating_sub(days)).filter(|after| *after > 0)
    }
}

fn check(rule: &Eligibility, known: &BTreeSet<&str>) -> std::result::Result<(), String> {
    let (mut open, mut seen) = (vec![(rule, 0)], 0);
    while let Some((rule, depth)) = open.pop() {
        seen += 1;
        if depth > DEPTH_MAX {
            return Err(format!("stands deeper than {DEPTH_MAX}"));
        }
        if seen > RULES_MAX {
            return Err(format!("has more than {RULES_MAX} parts"));
        }
        match rule {
            Eligibility::AtLeast(name, number) | Eligibility::AtMost(name, number) if !number.is_finite() => {
                return Err(format!("compares `{name}` with what is no number"));
            }
            Eligibility::Segment(name) if !known.contains(name.as_str()) => {
                return Err(format!("names `{name}`, and no such segment stands before it"));
            }
            Eligibility::All(rules) | Eligibility::Any(rules) => {
                open.extend(rules.iter().map(|rule| (rule, depth + 1)))
            }
            Eligibility::Not(rule) => open.push((rule, depth + 1)),
            _ => {}
        }
    }
    Ok(())
}

struct Judge<'a> {
    facts: &'a Facts,
    standings: &'a BTreeMap<&'a str, Standing>,
}

impl Judge<'_> {
    /// Recursion ends: rules were checked to be shallow.
    fn of(&self, rule: &Eligibility) -> (Standing, Vec<RuleReason>) {
        match rule {
            Eligibility::All(rules) => self.several(rules, Standing::In, Standing::Out),
            Eligibility::Any(rules) => self.several(rules, Standing::Out, Standing::In),
            Eligibility::Not(rule) => {
                let (standing, because) = self.of(rule);
                let turned = match standing {
                    Standing::In => Standing::Out,
                    Standing::Out => Standing::In,
                    Standing::Unknown => Standing::Unknown,
                };
                (turned, because)
            }
            leaf => self.leaf(leaf),
        }
    }

    /// What several rules come to: `ends` where one does, by the first that does; not known where one is not, by all that
    /// are not; else `empty`, by all of them.
    fn several(&self, rules: &[Eligibility], empty: Standing, ends: Standing) -> (Standing, Vec<RuleReason>) {
        let (mut because, mut missing) = (Vec::new(), Vec::new());
        for rule in rules {
            let (standing, reasons) = self.of(rule);
            if standing == ends {
                return (ends, reasons);
            }
            if standing == Standing::Unknown { &mut missing } else { &mut because }.extend(reasons);
        }
        if missing.is_empty() { (empty, because) } else { (Standing::Unknown, missing) }
    }

    fn leaf(&self, rule: &Eligibility) -> (Standing, Vec<RuleReason>) {
        let (standing, missing) = match rule {
            Eligibility::Segment(name) => {
                let standing = self.standings.get(name.as_str()).copied().unwrap_or(Standing::Unknown);
                (standing, (standing == Standing::Unknown).then(|| name.clone()))
            }
            // It has no parts, so it is not too deep.
            other => match other.judge(self.facts) {
                Ok(Held::Yes) => (Standing::In, None),
                Ok(Held::No) => (Standing::Out, None),
                Ok(Held::Unknown(name)) => (Standing::Unknown, Some(name.clone())),
                Err(_) => (Standing::Unknown, None),
            },
        };
        let holds = (standing != Standing::Unknown).then_some(standing == Standing::In);
        (standing, vec![RuleReason { rule: rule.clone(), holds, missing }])
    }
}

impl TryFrom<Vec<Segment>> for SegmentSet {
    type Error = Error;

    fn try_from(segments: Vec<Segment>) -> Result<Self> {
        Self::new(segments)
    }
}

impl From<SegmentSet> for Vec<Segment> {
    fn from(set: SegmentSet) -> Self {
        set.segments
    }
}

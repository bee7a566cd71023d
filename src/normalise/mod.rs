//! Reading records and events the way the policy says. Total: each has a reading, and what was wrong is an issue.

mod currency;
mod email;
mod event;
mod facts;
pub(crate) mod glance;
mod junk;
mod latin;
mod once;
mod order;
mod phone;
mod place;
mod text;
mod uuid;

pub use event::{NormalisedEvent, NormalisedLine, normalise_event};
pub(crate) use event::{read_lines, read_sentiment};
pub(crate) use junk::is_junk;
pub(crate) use once::{each_once, standing};
pub use order::order_id;
pub(crate) use order::{order_form, order_key, order_name};

use crate::issue::{Issue, IssueReason};
use crate::policy::{Compare, Form, KindRule, Role, Rules, StandIns, Undeclared};
use crate::record::{Identifier, Record, What};
use crate::value::{Fact, Value, of_column};
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::borrow::Cow;

/// The longest value of an identifier or a fact, in bytes.
pub(crate) const VALUE_MAX_BYTES: usize = 1024;

/// A record as the policy reads it. The evidence itself stays as it was sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Normalised {
    /// The usable identifiers as (place of the kind in the policy, value), sorted, each once.
    pub identifiers: Vec<(u16, SmolStr)>,
    /// The values of attributes that are exclusive, corroborate or are compared, sorted.
    pub facts: Vec<Fact>,
    /// Whether the record is quarantined: kept, reported, and taking no part.
    pub quarantined: bool,
}

/// Reads a record: brings its identifiers to the forms of their kinds, drops what identifies nobody, and folds the
/// attributes that resolution looks at. O(length of the record).
///
/// # Examples
/// ```
/// use onefold::{Form, IdentifierPolicy, IssueReason, Policy, Record, Role, normalise};
/// let rules = Policy::builder()
///     .identifier(IdentifierPolicy::new("email", Role::Contact).normalise(Form::Email))
///     .rules()?;
/// let record = Record::new("web", "7", "2026-01-05T10:00:00Z".parse()?)
///     .identifier("email", " Ann@Example.ORG ")
///     .identifier("email", "n/a");
/// let (normalised, issues) = normalise(&rules, &record);
/// assert_eq!(normalised.identifiers, [(0, "ann@example.org".into())]);
/// assert_eq!(issues[0].reason, IssueReason::Junk);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn normalise(rules: &Rules, record: &Record) -> (Normalised, Vec<Issue>) {
    let mut issues = Vec::new();
    let mut issue = |field: &str, reason| {
        issues.push(Issue { what: What::Record, key: record.key.clone(), field: field.into(), reason });
    };
    let (identifiers, mut quarantined) = read_identifiers(rules, &record.identifiers, &mut issue);
    let likenable = rules.policy.linkage.is_some() && !record.attributes.is_empty();
    if identifiers.is_empty() && !likenable {
        issue("identifiers", IssueReason::NoIdentifier);
    }
    let mut facts = Vec::new();
    for (name, value) in &record.attributes {
        match rules.attribute_place(name) {
            Some(place) => facts::read(rules, place, value, &mut facts, |reason| issue(name, reason)),
            None if value.is_empty() => {}
            None => match rules.policy().undeclared_attributes {
                Undeclared::Keep => {}
                Undeclared::Drop => issue(name, IssueReason::Undeclared),
                Undeclared::Refuse => {
                    quarantined = true;
                    issue(name, IssueReason::Refused);
                }
            },
        }
    }
    if rules.policy().linkage.is_some() {
        facts.sort_unstable();
        let stand_ins: SmallVec<[Fact; 2]> =
            rules.stand_ins.iter().flat_map(|rules| standing_in(rules, &facts)).collect();
        facts.extend(stand_ins);
        // Kinds of identifier are columns of linkage after the attributes.
        let first = rules.attributes().len() as u16;
        facts.extend(identifiers.iter().map(|(kind, value)| Fact { attribute: first + kind, value: value.clone() }));
    }
    facts.sort_unstable();
    facts.dedup();
    (Normalised { identifiers, facts, quarantined }, issues)
}

/// The usable identifiers, sorted, each once, and whether there are more of one kind than one person may hold.
fn read_identifiers(
    rules: &Rules,
    sent: &[Identifier],
    issue: &mut impl FnMut(&str, IssueReason),
) -> (Vec<(u16, SmolStr)>, bool) {
    let mut identifiers = Vec::with_capacity(sent.len());
    for identifier in sent {
        match normalise_identifier(rules, identifier) {
            Ok(usable) => identifiers.push(usable),
            Err(reason) => issue(&identifier.kind, reason),
        }
    }
    identifiers.sort_unstable();
    identifiers.dedup();
    let mut quarantined = false;
    for several in identifiers.chunk_by(|(a, _), (b, _)| a == b).filter(|values| values.len() > 1) {
        let kind = several.first().and_then(|(place, _)| rules.kinds().get(usize::from(*place)));
        if let Some(kind) = kind.filter(|kind| kind.role == Role::Person && kind.max_per_profile == Some(1)) {
            quarantined = true;
            issue(&kind.name, IssueReason::Quarantined);
        }
    }
    (identifiers, quarantined)
}

/// The usable identifiers of a trail, as those of its events.
pub(crate) fn normalise_identifiers(rules: &Rules, sent: &[Identifier]) -> (Vec<(u16, SmolStr)>, bool) {
    read_identifiers(rules, sent, &mut |_, _| {})
}

/// What stands in for an attribute that a record does not give; facts are sorted.
fn standing_in(rules: &StandIns, facts: &[Fact]) -> Vec<Fact> {
    if !of_column(facts, rules.attribute).is_empty() {
        return Vec::new();
    }
    let value_of = |attribute: u16| of_column(facts, attribute).first().map(|fact| &fact.value);
    let parts = rules.parts.and_then(|(given, family)| value_of(given).zip(value_of(family)));
    let fact = |value: SmolStr| Fact { attribute: rules.attribute, value };
    if let Some((given, family)) = parts {
        return vec![fact(smol_str::format_smolstr!("{given} {family}"))];
    }
    let others = rules.others.iter().map(|&other| of_column(facts, other));
    let said = others.into_iter().find(|said| !said.is_empty()).unwrap_or_default();
    said.iter().map(|said| fact(said.value.clone())).collect()
}

/// What a record says on the attributes of some kinds, in their canonical forms, sorted. O(length of the values).
pub(crate) fn said_of(rules: &Rules, record: &Record, kinds: &[Compare]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (name, value) in &record.attributes {
        let Some(place) = rules.attribute_place(name) else { continue };
        if rules.attributes().get(usize::from(place)).is_some_and(|rule| kinds.contains(&rule.compare)) {
            facts::read_any(rules, place, value, &mut facts, |_| {});
        }
    }
    facts.sort_unstable();
    facts.dedup();
    facts
}

/// What two ways to write down one home share: the canonical forms of an attribute's values, the words of an address in
/// one order. None where nothing is said. O(length of the value).
pub(crate) fn home_form(rules: &Rules, attribute: u16, value: &Value) -> Option<String> {
    let mut facts = Vec::new();
    facts::read_any(rules, attribute, value, &mut facts, |_| {});
    let is_address =
        rules.attributes().get(usize::from(attribute)).is_some_and(|rule| rule.compare == Compare::Address);
    let form = |fact: Fact| {
        let mut words: Vec<&str> = fact.value.split(' ').collect();
        if is_address {
            words.sort_unstable();
        }
        words.join(" ")
    };
    let mut forms: Vec<String> = facts.into_iter().map(form).collect();
    forms.sort_unstable();
    forms.dedup();
    (!forms.is_empty()).then(|| forms.join("\n"))
}

/// What is left of a name without white space around it; none where that is nothing.
pub(crate) fn trimmed(sent: &SmolStr) -> Option<SmolStr> {
    let name = text::trim(sent);
    (!name.is_empty()).then(|| if name.len() == sent.len() { sent.clone() } else { name.into() })
}

/// What two spellings of one word share: without white space around it, NFKC, case folded. O(length).
pub(crate) fn folded(sent: &str) -> Cow<'_, str> {
    match text::fold(text::trim(sent)) {
        Cow::Borrowed(word) => Cow::Borrowed(text::trim(word)),
        Cow::Owned(word) => Cow::Owned(text::trim(&word).to_owned()),
    }
}

/// Whether two spellings are of one word, as [`folded`] has it.
pub(crate) fn is_same_word(a: &str, b: &str) -> bool {
    a == b || folded(a) == folded(b)
}

/// Reads one identifier: the place of its kind, and the value in the form of the kind.
///
/// A value that was normalised before comes back as it is. O(length of the value).
///
/// # Errors
/// Why the value identifies nobody.
///
/// # Examples
/// ```
/// use onefold::{Identifier, IssueReason, Policy, normalise_identifier};
/// let rules = onefold::Rules::new(Policy { default_region: Some("GB".into()), ..Policy::retail() })?;
/// let phone = rules.kind_place("phone").unwrap();
/// for spelling in ["020 7946 0958", "+44 (0)20 7946-0958", "0044 2079460958", "+442079460958"] {
///     let read = normalise_identifier(&rules, &Identifier::new("phone", spelling));
///     assert_eq!(read, Ok((phone, "+442079460958".into())));
/// }
/// assert_eq!(normalise_identifier(&rules, &Identifier::new("phone", "000-000")), Err(IssueReason::Junk));
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn normalise_identifier(rules: &Rules, identifier: &Identifier) -> Result<(u16, SmolStr), IssueReason> {
    let place = rules.kind_place(&identifier.kind).ok_or(IssueReason::UnknownKind)?;
    let kind = rules.kinds().get(usize::from(place)).ok_or(IssueReason::UnknownKind)?;
    Ok((place, read(rules, kind, &identifier.value)?))
}

fn read(rules: &Rules, kind: &KindRule, sent: &SmolStr) -> Result<SmolStr, IssueReason> {
    let trimmed = usable(sent, if kind.form == Form::None { sent } else { text::trim(sent) })?;
    let value = match kind.form {
        Form::None => Cow::Borrowed(sent.as_str()),
        Form::Trim => Cow::Borrowed(trimmed),
        Form::Lower => text::fold(trimmed),
        Form::UpperAlnum => text::upper_alnum(trimmed)?,
        Form::Digits => text::digits(trimmed)?,
        Form::Email => email::read(kind, trimmed)?,
        Form::Phone => phone::read(rules.region, trimmed)?,
        Form::Uuid => uuid::read(trimmed)?,
    };
    if value != trimmed {
        usable(&value, &value)?;
    }
    let blocked = |text: &str| kind.block.as_ref().is_some_and(|block| block.refuses(text));
    if blocked(text::trim(sent)) || (value != trimmed && blocked(&value)) {
        return Err(IssueReason::Blocked);
    }
    if kind.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(&value)) {
        return Err(IssueReason::Pattern);
    }
    // The value as sent is shared, not copied.
    Ok(if value.len() == sent.len() && value == sent.as_str() { sent.clone() } else { value.into() })
}

/// Gives `value` back if it may mean somebody; `whole` is what it was cut from.
fn usable<'a>(whole: &str, value: &'a str) -> Result<&'a str, IssueReason> {
    let trimmed = text::trim(whole);
    if trimmed.is_empty() {
        return Err(IssueReason::Blank);
    }
    if value.len() > VALUE_MAX_BYTES {
        return Err(IssueReason::TooLong(VALUE_MAX_BYTES));
    }
    if junk::is_junk(trimmed) {
        return Err(IssueReason::Junk);
    }
    Ok(value)
}

/// Shows no value.
impl std::fmt::Debug for Normalised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Normalised({} identifiers, quarantined: {})", self.identifiers.len(), self.quarantined)
    }
}

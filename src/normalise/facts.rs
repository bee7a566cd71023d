//! The attributes that resolution looks at, each in the canonical form of its kind.
//!
//! | kind | canonical form |
//! |---|---|
//! | text | NFKC, case folded, single spaces |
//! | names | Latin words of lower case; without titles, `Last, First` in order, `Junior` as `jr` |
//! | date | `YYYY-MM-DD`, `YYYY-MM` or `YYYY`; else as text |
//! | address | Latin words of lower case, `Street` as `st` |
//! | postcode | letters and digits, upper case; else as text |
//! | email, phone | as the identifiers; else as text |
//! | number | decimal, without what says nothing (`+`, zeros at the ends); else as text |
//! | exact | trimmed |
//!
//! What is canonical stays as it is.

use super::{VALUE_MAX_BYTES, email, junk, latin, phone, place, text};
use crate::issue::IssueReason;
use crate::policy::{Compare, Rules};
use crate::similarity::{Date, DateOrder};
use crate::value::{Fact, Value};
use smol_str::{SmolStr, ToSmolStr};
use std::borrow::Cow;

/// Canonical forms settle at the second round; more rounds than this never happen.
const ROUNDS_MAX: usize = 4;

/// Where the month is written before the day.
const MONTH_FIRST: [&str; 8] = ["US", "PH", "FM", "GU", "MH", "PW", "AS", "VI"];

/// Adds the facts of one attribute: one for each value that says something. O(length of the value).
pub(super) fn read(
    rules: &Rules,
    attribute: u16,
    value: &Value,
    facts: &mut Vec<Fact>,
    issue: impl FnMut(IssueReason),
) {
    if rules.attributes().get(usize::from(attribute)).is_some_and(|rule| rule.fact) {
        read_any(rules, attribute, value, facts, issue);
    }
}

/// As [`read`], of an attribute that resolution may not look at.
pub(super) fn read_any(
    rules: &Rules,
    attribute: u16,
    value: &Value,
    facts: &mut Vec<Fact>,
    mut issue: impl FnMut(IssueReason),
) {
    let Some(rule) = rules.attributes().get(usize::from(attribute)) else { return };
    // A stack of its own: lists may lie in lists as deep as a source likes.
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        let shown = match value {
            Value::Null => continue,
            Value::List(values) => {
                rest.extend(values);
                continue;
            }
            Value::Text(text) => Cow::Borrowed(text),
            Value::Bool(_) | Value::Integer(_) | Value::Number(_) => Cow::Owned(value.to_smolstr()),
        };
        let trimmed = text::trim(&shown);
        if trimmed.is_empty() {
            continue;
        }
        let canonical = canonical(rules, rule.compare, trimmed);
        // A number is never a placeholder: 0 is what it says.
        if matches!(value, Value::Text(_)) && (junk::is_junk(trimmed) || junk::is_junk(&canonical)) {
            issue(IssueReason::Junk);
            continue;
        }
        if canonical.len() > VALUE_MAX_BYTES {
            issue(IssueReason::TooLong(VALUE_MAX_BYTES));
            continue;
        }
        let value = if canonical == shown.as_str() { shown.into_owned() } else { SmolStr::new(canonical) };
        facts.push(Fact { attribute, value });
    }
}

fn canonical<'a>(rules: &Rules, compare: Compare, trimmed: &'a str) -> Cow<'a, str> {
    let once = form(rules, compare, trimmed);
    if once == trimmed || matches!(compare, Compare::Text | Compare::Exact) {
        return once;
    }
    let mut value = once.into_owned();
    for _ in 0..ROUNDS_MAX {
        match form(rules, compare, &value) {
            next if next == value => break,
            next => value = next.into_owned(),
        }
    }
    Cow::Owned(value)
}

/// The form of a kind; of what has none, the form of text. Never empty.
fn form<'a>(rules: &Rules, compare: Compare, trimmed: &'a str) -> Cow<'a, str> {
    let words = |words: Cow<'a, str>| (!words.is_empty()).then_some(words);
    let form = match compare {
        Compare::Text => None,
        Compare::Exact => return Cow::Borrowed(trimmed),
        Compare::GivenName => words(latin::given_name(trimmed)),
        Compare::Surname => words(latin::surname(trimmed)),
        Compare::FullName => words(latin::full_name(trimmed)),
        Compare::Address => words(place::address(trimmed)),
        Compare::Date => date(rules, trimmed),
        Compare::Postcode => text::upper_alnum(trimmed).ok(),
        Compare::Email => email::form(trimmed).ok(),
        Compare::Phone => phone::read(rules.region, trimmed).ok(),
        Compare::Number => number(trimmed),
    };
    form.unwrap_or_else(|| collapse(text::fold(trimmed)))
}

fn date<'a>(rules: &Rules, trimmed: &'a str) -> Option<Cow<'a, str>> {
    let region = rules.policy().default_region.as_deref().unwrap_or_default();
    let order = if MONTH_FIRST.contains(&region) { DateOrder::MonthFirst } else { DateOrder::DayFirst };
    let date = if trimmed.is_ascii() {
        Date::read(trimmed, order)
    } else {
        Date::read(&any_ascii::any_ascii(trimmed), order)
    }?;
    Some(Cow::Owned(date.to_string()))
}

/// Takes the signs and zeros off a decimal number that say nothing; any other becomes the nearest that a computer has.
fn number(trimmed: &str) -> Option<Cow<'_, str>> {
    let ungrouped = if is_grouped(trimmed) { Cow::Owned(trimmed.replace(',', "")) } else { Cow::Borrowed(trimmed) };
    let is_plain = |text: &str| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        [whole, part].iter().all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let plain = if is_plain(&ungrouped) {
        ungrouped.into_owned()
    } else {
        ungrouped.parse::<f64>().ok().filter(|number| number.is_finite())?.to_string()
    };
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(Cow::Owned(match (whole, part) {
        ("0", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        (whole, part) => format!("{sign}{whole}.{part}"),
    }))
}

/// Whether a number has a comma after every three digits, as `1,234,567.8`.
fn is_grouped(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = unsigned.split('.').next().unwrap_or_default();
    let mut groups = whole.split(',');
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next().unwrap_or_default();
    whole.contains(',') && (1..=3).contains(&first.len()) && digits(first) && groups.all(|g| g.len() == 3 && digits(g))
}

/// Turns every run of white space into one space.
fn collapse(text: Cow<'_, str>) -> Cow<'_, str> {
    let single = |text: &str| text.chars().all(|c| c == ' ' || !c.is_whitespace()) && !text.contains("  ");
    if single(&text) {
        return text;
    }
    let mut value = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(word);
    }
    Cow::Owned(value)
}

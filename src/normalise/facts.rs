//! The attributes that resolution looks at.

use super::{VALUE_MAX_BYTES, junk, text};
use crate::issue::IssueReason;
use crate::policy::{Compare, Rules};
use crate::value::{Fact, Value};
use smol_str::{SmolStr, ToSmolStr};
use std::borrow::Cow;

/// Adds the facts of one attribute: one for each value that says something. O(length of the value).
pub(super) fn read(
    rules: &Rules,
    attribute: u16,
    value: &Value,
    facts: &mut Vec<Fact>,
    mut issue: impl FnMut(IssueReason),
) {
    let Some(rule) = rules.attributes().get(usize::from(attribute)).filter(|rule| rule.fact) else { return };
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
        // A number is never a placeholder: 0 is what it says.
        if junk::is_junk(trimmed) && matches!(value, Value::Text(_)) {
            issue(IssueReason::Junk);
            continue;
        }
        let value = if rule.compare == Compare::Exact { Cow::Borrowed(trimmed) } else { collapse(text::fold(trimmed)) };
        if value.len() > VALUE_MAX_BYTES {
            issue(IssueReason::TooLong(VALUE_MAX_BYTES));
            continue;
        }
        let value = if value == shown.as_str() { shown.into_owned() } else { SmolStr::new(value) };
        facts.push(Fact { attribute, value });
    }
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

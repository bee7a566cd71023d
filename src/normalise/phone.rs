//! The form of phone numbers: E.164 where the number is a possible one, else its digits.
//!
//! Three things are kept that identity rests on. An extension stays (`;ext=12`, as RFC 3966 writes it): two desks of one
//! switchboard are two. What was normalised stays as it is. And a number that names a country which it does not fit
//! is refused where its bare digits would be somebody else's number at home.

use super::text;
use crate::issue::IssueReason;
use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};
use std::borrow::Cow;

/// Stripping trunk prefixes settles at once for real numbers; one that goes on for longer is none.
const ROUNDS_MAX: usize = 4;
/// The longest extension, in digits.
const EXTENSION_MAX: usize = 11;
/// The fewest digits that can have an extension.
const EXTENDED_MIN: usize = 3;

const MALFORMED: IssueReason = IssueReason::Malformed("a phone number");

/// Reads a phone number; `region` is where one without a country code is.
///
/// # Errors
/// `Malformed` where there is no digit in it, or where it is as good as two numbers.
pub(super) fn read(region: Option<Region>, trimmed: &str) -> Result<Cow<'_, str>, IssueReason> {
    let sent = text::compatible(trimmed);
    let bare = match sent.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => sent.get(4..).unwrap_or_default(),
        _ => sent.as_ref(),
    };
    let (number, extension) = split_extension(bare);
    let value = read_number(region, number)?;
    let value = match extension {
        Some(extension) if value.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0') => {
            format!("{value};ext={extension}")
        }
        _ => value,
    };
    Ok(if value == trimmed { Cow::Borrowed(trimmed) } else { Cow::Owned(value) })
}

fn read_number(region: Option<Region>, number: &str) -> Result<String, IssueReason> {
    let digits: String = number.chars().filter_map(text::ascii_digit).collect();
    if digits.is_empty() {
        return Err(MALFORMED);
    }
    // Words beside the number go; where the rest is no number, letters may be its keys (1-800-FLOWERS).
    let read = if number.contains(char::is_alphabetic) {
        let wordless: String = number.chars().filter(|c| !c.is_alphabetic()).collect();
        possible(region, &wordless).or_else(|| possible(region, number))
    } else {
        possible(region, number)
    };
    // Most of the world dials 00 before a country code, wherever the region is.
    let read = read.or_else(|| possible(None, &format!("+{}", digits.strip_prefix("00")?)));
    if let Some(value) = read {
        return Ok(value);
    }
    match region.and_then(|_| possible(region, &digits)) {
        Some(_) if number.contains('+') => Err(MALFORMED),
        Some(value) => Ok(value),
        None => Ok(digits),
    }
}

/// The number in E.164, if its length is one that its country has. It need not be assigned.
fn possible(region: Option<Region>, text: &str) -> Option<String> {
    let mut value = parse(region, text)?;
    if value == text {
        return Some(value);
    }
    for _ in 0..ROUNDS_MAX {
        let next = parse(None, &value)?;
        if next == value {
            return Some(value);
        }
        value = next;
    }
    None
}

fn parse(region: Option<Region>, text: &str) -> Option<String> {
    // No number of a country begins without a country code.
    if region.is_none() && !text.contains('+') {
        return None;
    }
    let number = PHONE_NUMBER_UTIL.parse(text, region).ok()?;
    let whole = matches!(PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number), Ok(NumberLengthType::IsPossible));
    (whole && number.extension.is_none())
        .then(|| PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned())
}

/// Parts the number from an extension after it: `x12`, `ext. 12`, `;ext=12`, `#12`.
fn split_extension(text: &str) -> (&str, Option<&str>) {
    let whole = (text, None);
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let Some(extension) = text.get(before.len()..).filter(|digits| (1..=EXTENSION_MAX).contains(&digits.len())) else {
        return whole;
    };
    let marked = before.trim_end_matches([' ', '.', ':', '=']);
    let number = marked.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let word = marked.get(number.len()..).unwrap_or_default();
    let number = match marked.strip_suffix('#') {
        Some(number) => number,
        None if ["x", "ext", "extn", "extension"].iter().any(|known| word.eq_ignore_ascii_case(known)) => number,
        None => return whole,
    };
    let digits = number.chars().filter(|&c| text::ascii_digit(c).is_some()).count();
    if digits >= EXTENDED_MIN { (number.trim_end_matches([' ', ',', ';', '.']), Some(extension)) } else { whole }
}

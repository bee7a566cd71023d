//! The forms of plain text: trimmed, folded, letters and digits, digits.
//!
//! ASCII that has its form already is not copied.

use crate::issue::IssueReason;
use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// Unicode's compatibility forms settle at the second round; more rounds than this never happen.
const ROUNDS_MAX: usize = 4;

/// Takes off white space, control characters and invisible marks (as byte order marks) at both ends.
pub(super) fn trim(text: &str) -> &str {
    let edge = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_graphic());
    let bytes = text.as_bytes();
    if edge(bytes.first()) && edge(bytes.last()) { text } else { text.trim_matches(is_blank) }
}

/// Brings text to NFKC and folds its case: `STRASSE` is `straße`, and the Turkish dotless `ı` is no `i`.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    settle(text, |text| {
        map(text, |c, out| match c {
            'ı' => out.push(c),
            _ => out.extend(c.to_uppercase().flat_map(char::to_lowercase)),
        })
    })
}

/// Brings text to NFKC and lower case, letter by letter: `ß` is not `ss` in an address.
pub(super) fn lower(text: &str) -> Cow<'_, str> {
    settle(text, |text| {
        map(text, |c, out| match c {
            'ς' => out.push('σ'),
            _ => out.extend(c.to_lowercase()),
        })
    })
}

/// Keeps letters and digits, in upper case.
///
/// # Errors
/// `Malformed` where nothing is left.
pub(super) fn upper_alnum(text: &str) -> Result<Cow<'_, str>, IssueReason> {
    if text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        return Ok(Cow::Borrowed(text));
    }
    let upper = |text: &str| map(text, |c, out| out.extend(c.to_uppercase().filter(|c| c.is_alphanumeric())));
    let mut value = upper(&compatible(text));
    if !value.is_ascii() {
        for _ in 0..ROUNDS_MAX {
            let next = upper(&compatible(&value));
            if next == value {
                break;
            }
            value = next;
        }
    }
    if value.is_empty() { Err(IssueReason::Malformed("letters and digits")) } else { Ok(Cow::Owned(value)) }
}

/// Keeps decimal digits of any script, as ASCII.
///
/// # Errors
/// `Malformed` where nothing is left.
pub(super) fn digits(text: &str) -> Result<Cow<'_, str>, IssueReason> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Cow::Borrowed(text));
    }
    let value: String = compatible(text).chars().filter_map(ascii_digit).collect();
    if value.is_empty() { Err(IssueReason::Malformed("digits")) } else { Ok(Cow::Owned(value)) }
}

/// Brings text to NFKC.
pub(super) fn compatible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfkc().collect())
    }
}

/// The ASCII digit of a decimal digit of the scripts in use; compatibility forms are ASCII by NFKC.
pub(super) fn ascii_digit(c: char) -> Option<char> {
    // Where the digits of a script begin: Arabic (two), N'Ko, the Indic scripts, Thai, Lao, Tibetan, Burmese, Khmer,
    // Mongolian.
    const ZEROS: [u32; 19] = [
        0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
        0x1040, 0x17E0, 0x1810,
    ];
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    let code = u32::from(c);
    let zero = ZEROS.iter().rev().find(|&&zero| zero <= code)?;
    char::from_digit(code - zero, 10)
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Applies `change` and NFKC in turn until both leave the text alone, so that what was normalised stays as it is.
fn settle(text: &str, change: impl Fn(&str) -> String) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let mut value = compatible(text).into_owned();
    for _ in 0..ROUNDS_MAX {
        let next = change(trim(&value)).nfkc().collect();
        if next == value {
            break;
        }
        value = next;
    }
    if value == text { Cow::Borrowed(text) } else { Cow::Owned(value) }
}

fn map(text: &str, change: impl Fn(char, &mut String)) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| change(c, &mut out));
    out
}

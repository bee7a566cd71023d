//! Values that stand for no value.

use super::text;

/// The words that systems write where they know nothing.
const WORDS: [&str; 8] = ["null", "none", "undefined", "nan", "anonymous", "guest", "n/a", "[object object]"];

/// A placeholder in compatibility characters (as full-width letters) is never longer than this, in bytes.
const WIDE_MAX_BYTES: usize = 256;

/// Says whether a trimmed value is a placeholder: one of the words, or nothing but zeros, dashes and blanks.
///
/// Mixed runs count: the nil UUID, `000-00-0000` and `000 000` say no more than `0` does.
pub(crate) fn is_junk(trimmed: &str) -> bool {
    if trimmed.is_ascii() {
        return is_placeholder(trimmed);
    }
    trimmed.len() <= WIDE_MAX_BYTES && is_placeholder(text::trim(&text::fold(trimmed)))
}

fn is_placeholder(text: &str) -> bool {
    // The first letter rules out nearly everything at once.
    match text.chars().next() {
        Some('0') => text.chars().all(is_nothing),
        Some('n' | 'N' | 'u' | 'U' | 'a' | 'A' | 'g' | 'G' | '[') => {
            WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        }
        Some(first) if is_dash(first) => text.chars().all(is_nothing),
        _ => false,
    }
}

fn is_nothing(c: char) -> bool {
    c == '0' || is_dash(c) || c.is_whitespace()
}

/// The dashes that NFKC leaves alone, and the hyphen.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

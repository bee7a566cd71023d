//! The form of UUIDs: hyphenated and lower case.

use crate::issue::IssueReason;
use std::borrow::Cow;

/// Where the hyphens stand in the hyphenated form.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// Reads the spellings of RFC 9562 and of common systems: hyphenated or not, in braces, with `urn:uuid:` before it.
///
/// # Errors
/// `Malformed` where it is none of these. (The nil UUID is junk, which is tested elsewhere.)
pub(super) fn read(text: &str) -> Result<Cow<'_, str>, IssueReason> {
    let wrong = IssueReason::Malformed("a UUID");
    let bare = match text.get(..9) {
        Some(prefix) if prefix.eq_ignore_ascii_case("urn:uuid:") => text.get(9..).unwrap_or_default(),
        _ => text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text),
    };
    match bare.len() {
        36 if is_hyphenated(bare) && !bare.bytes().any(|byte| byte.is_ascii_uppercase()) => Ok(Cow::Borrowed(bare)),
        36 if is_hyphenated(bare) => Ok(Cow::Owned(bare.to_ascii_lowercase())),
        32 if bare.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            let mut value = String::with_capacity(36);
            for digit in bare.chars() {
                if HYPHENS.contains(&value.len()) {
                    value.push('-');
                }
                value.push(digit.to_ascii_lowercase());
            }
            Ok(Cow::Owned(value))
        }
        _ => Err(wrong),
    }
}

fn is_hyphenated(text: &str) -> bool {
    text.bytes()
        .enumerate()
        .all(|(place, byte)| if HYPHENS.contains(&place) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

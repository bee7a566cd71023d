//! The currencies of ISO 4217.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The codes, and those that were withdrawn since 2000: evidence may be old.
static CODES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("currencies.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// Reads a code, in whatever case: three letters, upper case.
pub(super) fn read(trimmed: &str) -> Option<&'static str> {
    CODES.get(trimmed.to_ascii_uppercase().as_str()).copied()
}

//! Pairs that are known to be one person, or two.

use crate::failure::{Failure, Outcome};
use onefold::{Assertion, RecordKey, Verdict};
use std::path::Path;

/// A pair, and whether it is one person.
pub(crate) type Label = (RecordKey, RecordKey, bool);

/// The columns of a file of labels.
const HEADER: [&str; 5] = ["source_a", "key_a", "source_b", "key_b", "match"];

/// What stewards said.
pub(crate) fn of(assertions: &[Assertion]) -> impl Iterator<Item = Label> {
    assertions.iter().map(|word| (word.a.clone(), word.b.clone(), word.verdict == Verdict::Join))
}

/// Reads a file of labels.
pub(crate) fn from_path(path: &Path) -> Outcome<Vec<Label>> {
    let wrong = |reason: String| Failure::file("--labels", path, reason);
    let mut reader = csv::Reader::from_path(path).map_err(|error| wrong(error.to_string()))?;
    let header = reader.headers().map_err(|error| wrong(error.to_string()))?;
    if !header.iter().eq(HEADER) {
        return Err(wrong(format!("has not the columns {}", HEADER.join(", "))));
    }
    let mut labels = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| wrong(error.to_string()))?;
        let line = row.position().map_or(0, csv::Position::line);
        let mut cells = row.iter();
        let mut cell = || cells.next().unwrap_or_default().trim();
        let (a, b) = (RecordKey::new(cell(), cell()), RecordKey::new(cell(), cell()));
        let one = match cell().to_ascii_lowercase().as_str() {
            "1" | "1.0" | "true" | "yes" => true,
            "0" | "0.0" | "false" | "no" => false,
            _ => return Err(wrong(format!("line {line}: `match` is neither true nor false"))),
        };
        labels.push((a, b, one));
    }
    Ok(labels)
}

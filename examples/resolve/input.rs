//! The input files: what they are, and what stands in them.

use crate::args::Args;
use crate::failure::{Failure, Outcome};
use crate::lines::Lines;
use crate::table::{Columns, Table};
use onefold::{Operation, RecordKey, Result, SmolStr, Timestamp};
use std::fs::File;
use std::path::{Path, PathBuf};

/// One line of a file, or one row of a table.
pub(crate) struct Entry {
    /// Where it begins.
    pub(crate) line: u64,
    /// What it says, or why it cannot be read.
    pub(crate) operation: Result<Operation>,
    /// The true person of its record, where the table names one.
    pub(crate) truth: Option<(RecordKey, SmolStr)>,
    /// How long it is, for the progress bar.
    pub(crate) bytes: u64,
}

/// An input file that was opened, and its header checked.
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) entries: Box<dyn Iterator<Item = Entry>>,
}

/// Opens all input files. Whatever is wrong with one shows before anything is written.
pub(crate) fn open(args: &Args, now: Timestamp) -> Outcome<Vec<Input>> {
    let columns = args.columns.as_deref().map(Columns::from_path).transpose()?;
    args.input.iter().map(|path| open_one(path, columns.as_ref(), now)).collect()
}

fn open_one(path: &Path, columns: Option<&Columns>, now: Timestamp) -> Outcome<Input> {
    let wrong = |reason: &str| Failure::file("--input", path, reason);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
    let is_table = match extension.as_str() {
        "csv" => true,
        "jsonl" | "ndjson" => false,
        _ => return Err(wrong("is neither .jsonl nor .csv")),
    };
    let file = File::open(path).map_err(|error| Failure::file("--input", path, error))?;
    let metadata = file.metadata().map_err(|error| Failure::file("--input", path, error))?;
    if metadata.is_dir() {
        return Err(wrong("is a folder"));
    }
    let entries: Box<dyn Iterator<Item = Entry>> = if is_table {
        let columns = columns.ok_or_else(|| Failure::usage("--columns", "is missing: a table needs a column map"))?;
        match Table::new(file, columns, path, now)? {
            Some(table) => Box::new(table),
            None => Box::new(std::iter::empty()),
        }
    } else {
        Box::new(Lines::new(file, now))
    };
    Ok(Input { path: path.to_owned(), bytes: metadata.len(), entries })
}

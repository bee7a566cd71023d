//! The input files: what they are, and what stands in them.

use crate::args::Args;
use crate::failure::{Failure, Outcome};
use crate::lines::Lines;
use crate::table::{Columns, Table};
use onefold::{Operation, RecordKey, Result, SmolStr, Timestamp};
use std::fs::File;
use std::path::{Path, PathBuf};

/// One line of a file, or one row of a table.
pub struct Entry {
    /// Where it begins.
    pub line: u64,
    /// What it says, or why it cannot be read.
    pub operation: Result<Operation>,
    /// The true person of its record, where the table names one.
    pub truth: Option<(RecordKey, SmolStr)>,
    /// How long it is, for the progress bar.
    pub bytes: u64,
}

/// An input file that was opened, and its header checked.
pub struct Input {
    pub path: PathBuf,
    pub bytes: u64,
    pub is_table: bool,
    pub entries: Box<dyn Iterator<Item = Entry>>,
}

/// Opens all input files. Whatever is wrong with one shows before anything is written.
pub fn open(args: &Args, now: Timestamp) -> Outcome<(Vec<Input>, Option<Columns>)> {
    let columns = args.columns.as_deref().map(Columns::from_path).transpose()?;
    let inputs = args.input.iter().map(|path| open_one(path, columns.as_ref(), now)).collect::<Outcome<Vec<_>>>()?;
    Ok((inputs, columns))
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
    Ok(Input { path: path.to_owned(), bytes: metadata.len(), is_table, entries })
}

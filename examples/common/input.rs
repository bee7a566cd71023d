//! The input files: what they are, and what stands in them.

use crate::columns::Columns;
use crate::failure::{Failure, Outcome};
use crate::lines::Lines;
use crate::parquet::Parquet;
use crate::table::Table;
use onefold::{Operation, RecordKey, Result, SmolStr, Timestamp};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

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

/// What kind of file an extension promises.
enum Format {
    Lines,
    Csv,
    Parquet,
}

/// Opens all input files. Whatever is wrong with one shows before anything is written.
pub(crate) fn open(paths: &[PathBuf], columns: Option<&Path>, now: Timestamp) -> Outcome<Vec<Input>> {
    let columns = columns.map(Columns::from_path).transpose()?;
    paths.iter().map(|path| open_one(path, columns.as_ref(), now)).collect()
}

/// The time at which the run started.
pub(crate) fn start_of_run() -> Outcome<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Timestamp::from_milliseconds(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))?)
}

fn open_one(path: &Path, columns: Option<&Columns>, now: Timestamp) -> Outcome<Input> {
    let wrong = |reason: &str| Failure::file("--input", path, reason);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
    let format = match extension.as_str() {
        "csv" => Format::Csv,
        "parquet" => Format::Parquet,
        "jsonl" | "ndjson" => Format::Lines,
        _ => return Err(wrong("is neither .jsonl, .csv nor .parquet")),
    };
    let file = File::open(path).map_err(|error| Failure::file("--input", path, error))?;
    let metadata = file.metadata().map_err(|error| Failure::file("--input", path, error))?;
    if metadata.is_dir() {
        return Err(wrong("is a folder"));
    }
    let map = || columns.ok_or_else(|| Failure::usage("--columns", "is missing: a table needs a column map"));
    let entries: Box<dyn Iterator<Item = Entry>> = match format {
        Format::Lines => Box::new(Lines::new(file, now)),
        Format::Parquet => Box::new(Parquet::new(file, map()?, path, now)?),
        Format::Csv => match Table::new(file, map()?, path, now)? {
            Some(table) => Box::new(table),
            None => Box::new(std::iter::empty()),
        },
    };
    Ok(Input { path: path.to_owned(), bytes: metadata.len(), entries })
}

//! Tables: CSV, read through a column map.

use crate::failure::{Failure, Outcome};
use crate::input::Entry;
use csv::ByteRecord;
use onefold::{Error, Identifier, Operation, Record, RecordKey, Result, SmolStr, Timestamp, Value};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Which column of a table is what.
///
/// ```toml
/// source = { value = "crm" }              # or { column = "source" }
/// key = "unique_id"
/// at = { column = "updated" }             # optional
/// truth = "cluster"                       # optional: for evaluation, never seen by the resolver
/// [identifiers]
/// email = "email"
/// [attributes]
/// given_name = "first_name"
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Columns {
    source: Cell,
    key: String,
    at: Option<Cell>,
    truth: Option<String>,
    #[serde(default)]
    identifiers: BTreeMap<SmolStr, String>,
    #[serde(default)]
    attributes: BTreeMap<SmolStr, String>,
}

/// One value for the whole table, or a column.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Cell {
    Value(SmolStr),
    Column(String),
}

impl Columns {
    /// Reads a column map.
    pub(crate) fn from_path(path: &Path) -> Outcome<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file("--columns", path, error))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        toml::from_str(text).map_err(|error| Failure::file("--columns", path, error.to_string().trim_end()))
    }
}

/// A constant, or the place of a column in the table at hand.
enum Place {
    Value(SmolStr),
    Column(usize),
}

/// Reads the rows of a table. A row that cannot be read is an entry with an error, and the next one follows.
pub(crate) struct Table<R> {
    reader: csv::Reader<R>,
    row: ByteRecord,
    now: Timestamp,
    width: usize,
    source: Place,
    key: usize,
    at: Option<Place>,
    truth: Option<usize>,
    identifiers: Vec<(SmolStr, usize)>,
    attributes: Vec<(SmolStr, usize)>,
}

impl<R: Read> Table<R> {
    /// Reads the header and finds the map's columns in it. Nothing where the file is empty.
    pub(crate) fn new(source: R, columns: &Columns, path: &Path, now: Timestamp) -> Outcome<Option<Self>> {
        let wrong = |reason: String| Failure::file("--input", path, reason);
        let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(source);
        let mut header = ByteRecord::new();
        if !reader.read_byte_record(&mut header).map_err(|error| wrong(error.to_string()))? {
            return Ok(None);
        }
        let mut names: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        if let Some(first) = names.first_mut() {
            *first = first.strip_prefix('\u{feff}').unwrap_or(first).to_owned();
        }
        let find = |field: &str, column: &str| {
            let mut places = names.iter().enumerate().filter(|(_, name)| *name == column).map(|(place, _)| place);
            match (places.next(), places.next()) {
                (Some(place), None) => Ok(place),
                (Some(_), Some(_)) => Err(wrong(format!("has the column `{column}` of `{field}` twice"))),
                (None, _) => Err(wrong(format!("has no column `{column}`, which the column map names for `{field}`"))),
            }
        };
        let place = |field: &str, cell: &Cell| match cell {
            Cell::Value(value) => Ok(Place::Value(value.clone())),
            Cell::Column(column) => find(field, column).map(Place::Column),
        };
        let all = |fields: &BTreeMap<SmolStr, String>| {
            fields.iter().map(|(name, column)| Ok((name.clone(), find(name, column)?))).collect::<Outcome<Vec<_>>>()
        };
        Ok(Some(Self {
            row: ByteRecord::new(),
            now,
            width: names.len(),
            source: place("source", &columns.source)?,
            key: find("key", &columns.key)?,
            at: columns.at.as_ref().map(|at| place("at", at)).transpose()?,
            truth: columns.truth.as_ref().map(|truth| find("truth", truth)).transpose()?,
            identifiers: all(&columns.identifiers)?,
            attributes: all(&columns.attributes)?,
            reader,
        }))
    }

    fn operation(&self) -> Result<Operation> {
        if self.row.len() != self.width {
            let (found, expected) = (self.row.len(), self.width);
            return Err(Error::input("line", format!("has {found} columns where the header has {expected}")));
        }
        let source = self.filled("source", &self.source)?.ok_or_else(|| missing("source"))?;
        let key = self.cell("key", self.key)?.ok_or_else(|| missing("key"))?;
        let at = match &self.at {
            Some(place) => self.filled("at", place)?.map_or(Ok(self.now), time)?,
            None => self.now,
        };
        let mut record = Record::new(source, key, at);
        for (kind, column) in &self.identifiers {
            if let Some(value) = self.cell(kind, *column)? {
                record.identifiers.push(Identifier::new(kind.clone(), value));
            }
        }
        for (name, column) in &self.attributes {
            if let Some(value) = self.cell(name, *column)? {
                record.attributes.push((name.clone(), Value::from(value)));
            }
        }
        // It is kept for long, a million times over.
        record.identifiers.shrink_to_fit();
        record.attributes.shrink_to_fit();
        Ok(Operation::Add(record))
    }

    /// The content of a cell, or the table's constant; nothing where it is blank.
    fn filled<'a>(&'a self, field: &str, place: &'a Place) -> Result<Option<&'a str>> {
        match place {
            Place::Value(value) => Ok(Some(value.as_str())),
            Place::Column(column) => self.cell(field, *column),
        }
    }

    fn cell(&self, field: &str, column: usize) -> Result<Option<&str>> {
        let bytes = self.row.get(column).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| Error::input(format!("field `{field}`"), "is not UTF-8"))?;
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    fn truth_of(&self, operation: &Result<Operation>) -> Option<(RecordKey, SmolStr)> {
        let Ok(Operation::Add(record)) = operation else { return None };
        let person = self.cell("truth", self.truth?).ok()??;
        Some((record.key.clone(), person.into()))
    }
}

fn missing(field: &str) -> Error {
    Error::input(format!("field `{field}`"), "is missing")
}

/// RFC 3339, Unix milliseconds, or a date alone, which is its midnight in UTC.
fn time(text: &str) -> Result<Timestamp> {
    let text = text.trim();
    if let Ok(milliseconds) = text.parse() {
        return Timestamp::from_milliseconds(milliseconds);
    }
    text.parse()
        .or_else(|_| format!("{text}T00:00:00Z").parse())
        .map_err(|_| Error::input("field `at`", "is not RFC 3339 (as 2026-01-05T10:00:00Z), a date or milliseconds"))
}

impl<R: Read> Iterator for Table<R> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let mut row = std::mem::take(&mut self.row);
        let read = self.reader.read_byte_record(&mut row);
        let line = row.position().map_or(0, csv::Position::line);
        self.row = row;
        let operation = match read {
            Ok(false) => return None,
            Ok(true) => self.operation(),
            Err(error) => Err(Error::input("file", error.to_string())),
        };
        let truth = self.truth_of(&operation);
        Some(Entry { line, operation, truth, bytes: self.row.as_slice().len() as u64 + self.width as u64 })
    }
}

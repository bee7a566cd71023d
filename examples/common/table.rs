//! Tables as CSV, read through a column map.

use crate::columns::{Cells, Columns, Layout};
use crate::failure::{Failure, Outcome};
use crate::input::Entry;
use csv::ByteRecord;
use onefold::{Error, Result, Timestamp, Value};
use std::io::Read;
use std::path::Path;

/// Reads the rows of a table. A row that cannot be read is an entry with an error, and the next one follows.
pub(crate) struct Table<R> {
    reader: csv::Reader<R>,
    row: ByteRecord,
    width: usize,
    layout: Layout,
}

impl<R: Read> Table<R> {
    /// Reads the header and finds the map's columns in it. Nothing where the file is empty.
    pub(crate) fn new(source: R, columns: &Columns, path: &Path, now: Timestamp) -> Outcome<Option<Self>> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(source);
        let mut header = ByteRecord::new();
        if !reader.read_byte_record(&mut header).map_err(|error| Failure::file("--input", path, error))? {
            return Ok(None);
        }
        let mut names: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        if let Some(first) = names.first_mut() {
            *first = first.strip_prefix('\u{feff}').unwrap_or(first).to_owned();
        }
        let layout = Layout::find(columns, &names, path, now)?;
        Ok(Some(Self { reader, row: ByteRecord::new(), width: names.len(), layout }))
    }
}

impl Cells for ByteRecord {
    fn value(&self, field: &str, column: usize) -> Result<Option<Value>> {
        let bytes = self.get(column).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| Error::input(format!("field `{field}`"), "is not UTF-8"))?;
        Ok((!text.trim().is_empty()).then(|| Value::from(text)))
    }
}

impl<R: Read> Iterator for Table<R> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let read = self.reader.read_byte_record(&mut self.row);
        let line = self.row.position().map_or(0, csv::Position::line);
        let (found, expected) = (self.row.len(), self.width);
        let row: Result<&dyn Cells> = match read {
            Ok(false) => return None,
            Ok(true) if found == expected => Ok(&self.row),
            Ok(true) => Err(Error::input("line", format!("has {found} columns where the header has {expected}"))),
            Err(error) => Err(Error::input("file", error.to_string())),
        };
        Some(self.layout.entry(row, line, (self.row.as_slice().len() + expected) as u64))
    }
}

//! Operations, one JSON object a line.

use crate::input::Entry;
use onefold::{Error, Operation, Result, Timestamp};
use std::io::{BufRead, BufReader, Read};

/// Reads the lines of a file. A line that cannot be read is an entry with an error, and the next one follows.
pub(crate) struct Lines<R> {
    source: BufReader<R>,
    now: Timestamp,
    line: u64,
    buffer: Vec<u8>,
    failed: bool,
}

impl<R: Read> Lines<R> {
    /// Starts at the first line.
    pub(crate) fn new(source: R, now: Timestamp) -> Self {
        Self { source: BufReader::with_capacity(1 << 16, source), now, line: 0, buffer: Vec::new(), failed: false }
    }

    /// Reads on to the next line that is not blank.
    fn advance(&mut self) -> std::io::Result<Option<Result<Operation>>> {
        loop {
            self.buffer.clear();
            // One byte more than is allowed shows that a line is too long without holding all of it.
            let limit = Operation::BYTES_MAX as u64 + 2;
            if (&mut self.source).take(limit).read_until(b'\n', &mut self.buffer)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if self.buffer.len() as u64 == limit && self.buffer.last() != Some(&b'\n') {
                self.source.skip_until(b'\n')?;
            }
            let mut line = self.buffer.as_slice();
            if self.line == 1 {
                line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            }
            let line = line.trim_ascii();
            if !line.is_empty() {
                return Ok(Some(Operation::from_json(line, Some(self.now))));
            }
        }
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.failed {
            return None;
        }
        let operation = match self.advance() {
            Ok(read) => read?,
            Err(error) => {
                self.failed = true;
                Err(Error::input("file", error.to_string()))
            }
        };
        Some(Entry { line: self.line, operation, truth: None, bytes: self.buffer.len() as u64 })
    }
}

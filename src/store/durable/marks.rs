//! Finds out that a commit is missing from between others.
//!
//! The engine's journal carries no checksum over the order number of a batch: one flipped bit there, and a batch is left
//! out or comes before its time while the others stand. So every batch leaves a numbered mark and puts its number into
//! one row, the head. When the store is opened the marks must follow each other, up to the head.

use super::engine::Write;
use super::keys::{Table, Tail};
use super::view::Rows;
use crate::error::{Error, Result};
use crate::store::codec;
use std::ops::ControlFlow;

/// So many marks are kept; the engine's journals hold fewer batches unless these are tiny.
const MARKS: u64 = 1 << 17;

/// Adds the next mark to a batch.
pub(super) fn add(rows: &Rows, batch: &mut Vec<Write>) -> Result<()> {
    let number = head(rows)?.map_or(1, |head| head + 1);
    for key in [key(number), vec![Table::Mark as u8]] {
        let value = codec::encode(&key, &number).ok_or_else(|| Table::Mark.damaged())?;
        batch.push(Write::Put(key, value));
    }
    if let Some(old) = number.checked_sub(MARKS) {
        batch.push(Write::Remove(key(old)));
    }
    Ok(())
}

/// Checks that no batch is missing and none comes late.
pub(super) fn check(rows: &Rows) -> Result<()> {
    let missing = || Error::corrupt("a commit is missing from the engine's journal");
    let mut last: Option<u64> = None;
    let first = key(0);
    rows.each(first..Table::Mark.all().end, |key, value| {
        let number = Tail(key, Table::Mark).u64()?;
        if codec::decode(key, value) != Some(number) {
            return Err(Table::Mark.damaged());
        }
        if last.is_some_and(|last| last + 1 != number) {
            return Err(missing());
        }
        last = Some(number);
        Ok(ControlFlow::Continue(()))
    })?;
    if head(rows)? == last { Ok(()) } else { Err(missing()) }
}

fn head(rows: &Rows) -> Result<Option<u64>> {
    rows.get(Table::Mark, &[Table::Mark as u8])
}

fn key(number: u64) -> Vec<u8> {
    [&[Table::Mark as u8], &number.to_be_bytes()[..]].concat()
}

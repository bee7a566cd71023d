//! Copies everything that is live into other files.

use super::engine::{Engine, Reach, Write};
use super::keys::Table;
use super::view::Rows;
use crate::error::Result;
use crate::store::codec;
use std::ops::ControlFlow;

const BATCH_BYTES: usize = 4 << 20;

/// Copies all rows, each checked, and carries them to the disk.
pub(super) fn copy(from: &Rows, to: &dyn Engine) -> Result<()> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    for table in Table::ALL {
        from.each(table.all(), |key, value| {
            codec::verified(key, value).ok_or_else(|| table.damaged())?;
            bytes += key.len() + value.len();
            batch.push(Write::Put(key.to_vec(), value.to_vec()));
            if bytes >= BATCH_BYTES {
                bytes = 0;
                to.write(std::mem::take(&mut batch), Reach::System)?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    if !batch.is_empty() {
        to.write(batch, Reach::System)?;
    }
    to.sync()
}

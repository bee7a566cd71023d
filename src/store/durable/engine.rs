//! What the durable store stands on: an ordered map of bytes.

use crate::error::Result;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// One change of an engine.
#[derive(Clone, PartialEq, Eq)]
pub enum Write {
    /// Sets the value of a key.
    Put(Vec<u8>, Vec<u8>),
    /// Removes a key.
    Remove(Vec<u8>),
}

/// Shows the table only.
impl std::fmt::Debug for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (word, key) = match self {
            Self::Put(key, _) => ("put", key),
            Self::Remove(key) => ("remove", key),
        };
        write!(f, "{word} {:?}", key.first().map(|&table| char::from(table)))
    }
}

/// How far a write is carried before it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To the operating system: a crash of the process loses nothing, a crash of the machine may.
    System,
    /// To the disk.
    Disk,
}

/// An ordered map of bytes with atomic batches and snapshots: the seam under [`Durable`](super::Durable).
///
/// # Contract
///
/// - A batch is applied whole or not at all, also across a crash; batches survive in the order of writing: if one is
///   there, all before it are.
/// - `write` to the disk returns when it is there, and so is every write before it.
/// - A view shows the map between two batches for as long as it lives.
/// - Where a write fails, it may or may not be applied.
/// - A key's first byte names its table; a scan stays within one.
/// - What a view hands a row to may read the same view: within `get` and `scan`, an encrypted store reads the keys of the
///   rows that it is handed. So no view holds a lock meanwhile that its own reads take.
pub trait Engine: Send + Sync {
    /// Takes a view of the map as it is now.
    fn view(&self) -> Result<Arc<dyn EngineView>>;

    /// Applies a batch; no key comes twice in it.
    fn write(&self, batch: Vec<Write>, reach: Reach) -> Result<()>;

    /// Carries all that was written to the disk.
    fn sync(&self) -> Result<()>;
}

/// One state of an engine.
pub trait EngineView: Send + Sync {
    /// Hands the value of a key to `found`, if there is one.
    fn get(&self, key: &[u8], found: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>;

    /// Hands rows of a range to `each`, ascending, until it breaks.
    fn scan(&self, keys: Range<Vec<u8>>, each: &mut Each<'_>) -> Result<()>;
}

/// Takes a key and its value, and says whether to go on.
pub type Each<'a> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>> + 'a;

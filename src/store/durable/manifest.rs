//! Checks the engine's lists of files, which it reads without checking: a flipped bit in a length there would have it
//! ask for more memory than there is, and that ends the process.

use crate::error::{Error, Result};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use twox_hash::XxHash3_128;

/// Checks the list of each tree in the directory of an engine: the file `current` names it, with its checksum.
pub(super) fn check(path: &Path) -> Result<()> {
    let trees = match fs::read_dir(path.join("keyspaces")) {
        Ok(trees) => trees,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for tree in trees {
        let tree = tree.map_err(failed)?.path();
        let Some(current) = read(&tree.join("current"))? else { continue };
        let (version, rest) = current.split_first_chunk::<8>().ok_or_else(damaged)?;
        let (checksum, kind) = rest.split_first_chunk::<16>().ok_or_else(damaged)?;
        let list = read(&tree.join(format!("v{}", u64::from_le_bytes(*version))))?.ok_or_else(damaged)?;
        if kind != [0] || XxHash3_128::oneshot(&list) != u128::from_le_bytes(*checksum) {
            return Err(damaged());
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::store("read its lists of files", error)
}

fn damaged() -> Error {
    Error::corrupt("a list of the engine's files")
}

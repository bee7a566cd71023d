//! The directory of a store: which files are its own now, what format they have, and who has it open.

use super::fjall::locked;
use crate::error::{Error, Result};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The format of the files. It is the first; a newer one is refused. When there is a second, [`Home::read`] tells them
/// apart, and opening brings the older up by copying its rows into new files, as a scrub does.
const FORMAT: u32 = 1;
const SIGN: &str = "ONEFOLD";
const SIGN_NEXT: &str = "ONEFOLD.next";
const LOCK: &str = "LOCK";

/// How often a lock is tried for.
const PATIENCE: u32 = 50;

/// A locked directory. Its sign says which numbered directory inside holds the rows; replacing the sign, which is
/// atomic, replaces the rows. Other numbered directories are what a crash left, and go when the store is opened.
pub(super) struct Home {
    path: PathBuf,
    // Held for as long as the store is open.
    _lock: File,
}

/// What the sign says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// The rows are being put there for the first time: nothing was ever acknowledged.
    New(u64),
    /// The rows are there.
    Ready(u64),
}

/// Tries for a quarter of a second to lock. While a process starts another one, the other has a copy of every lock for a
/// moment, also of those that were let go since.
pub(super) fn patiently<T, E>(
    mut lock: impl FnMut() -> std::result::Result<T, E>,
    is_locked: impl Fn(&E) -> bool,
) -> std::result::Result<T, E> {
    for _ in 0..PATIENCE {
        match lock() {
            Err(error) if is_locked(&error) => std::thread::sleep(Duration::from_millis(5)),
            outcome => return outcome,
        }
    }
    lock()
}

impl Home {
    /// Opens a directory, or makes it.
    pub(super) fn open(path: &Path) -> Result<(Self, Sign)> {
        let failed = |error| Error::store("open its directory", error);
        fs::create_dir_all(path).map_err(failed)?;
        let has_sign = path.join(SIGN).try_exists().map_err(failed)?;
        if !has_sign && !is_bare(path).map_err(failed)? {
            return Err(Error::option("path", "the directory holds other files and no store"));
        }
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK)).map_err(failed)?;
        match patiently(|| lock.try_lock(), |error| matches!(error, TryLockError::WouldBlock)) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(locked()),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let home = Self { path: path.to_owned(), _lock: lock };
        let sign = home.read()?;
        if sign == Sign::New(1) {
            home.sign(sign)?;
            home.remove_data(1)?;
        }
        if let Sign::Ready(data) = sign {
            home.check_data(data)?;
        }
        home.remove_others(sign)?;
        Ok((home, sign))
    }

    /// Where the rows of a number are.
    pub(super) fn data(&self, number: u64) -> PathBuf {
        self.path.join(format!("data-{number}"))
    }

    /// Replaces the sign, on the disk when this returns.
    pub(super) fn sign(&self, sign: Sign) -> Result<()> {
        let (state, data) = match sign {
            Sign::New(data) => ("new", data),
            Sign::Ready(data) => ("ready", data),
        };
        let write = || {
            let next = self.path.join(SIGN_NEXT);
            let mut file = File::create(&next)?;
            file.write_all(format!("onefold store\nformat {FORMAT}\n{state} {data}\n").as_bytes())?;
            file.sync_all()?;
            fs::rename(next, self.path.join(SIGN))?;
            sync_directory(&self.path)
        };
        write().map_err(|error| Error::store("write the sign of its directory", error))
    }

    /// Removes the rows of a number, if there are any.
    pub(super) fn remove_data(&self, number: u64) -> Result<()> {
        let path = self.data(number);
        // The engine that had them open may still be closing.
        for patience in (0..50).rev() {
            match fs::remove_dir_all(&path) {
                Ok(()) => break,
                Err(error) if error.kind() == ErrorKind::NotFound => break,
                Err(error) if patience == 0 => return Err(Error::store("remove old files", error)),
                Err(_) => std::thread::sleep(std::time::Duration::from_millis(20)),
            }
        }
        sync_directory(&self.path).map_err(|error| Error::store("remove old files", error))
    }

    fn read(&self) -> Result<Sign> {
        let text = match fs::read_to_string(self.path.join(SIGN)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Sign::New(1)),
            Err(error) if error.kind() == ErrorKind::InvalidData => return Err(damaged()),
            Err(error) => return Err(Error::store("read the sign of its directory", error)),
        };
        let mut lines = text.lines();
        let format = match (lines.next(), lines.next().and_then(|line| line.strip_prefix("format "))) {
            (Some("onefold store"), Some(format)) => format.parse::<u32>().map_err(|_| damaged())?,
            _ => return Err(damaged()),
        };
        if format > FORMAT {
            let reason = format!("the store has format {format}; this version of onefold reads up to {FORMAT}");
            return Err(Error::option("path", reason));
        }
        let place = lines.next().and_then(|line| line.split_once(' ')).ok_or_else(damaged)?;
        let number = place.1.parse().map_err(|_| damaged())?;
        match (format, place.0, lines.next()) {
            (FORMAT, "ready", None) => Ok(Sign::Ready(number)),
            (FORMAT, "new", None) if number == 1 => Ok(Sign::New(number)),
            _ => Err(damaged()),
        }
    }

    // The engine would make anew what it misses, and so lose what was there.
    fn check_data(&self, number: u64) -> Result<()> {
        let data = self.data(number);
        let journals = fs::read_dir(&data).map(|list| {
            list.filter_map(|entry| entry.ok()).filter(|entry| entry.path().extension().is_some_and(|end| end == "jnl"))
        });
        let complete = data.join("version").exists() && journals.is_ok_and(|mut list| list.next().is_some());
        if complete { Ok(()) } else { Err(Error::corrupt(format!("files of data-{number} are missing"))) }
    }

    fn remove_others(&self, sign: Sign) -> Result<()> {
        let (Sign::New(keep) | Sign::Ready(keep)) = sign;
        let list = fs::read_dir(&self.path).map_err(|error| Error::store("read its directory", error))?;
        let numbers = list.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_prefix("data-")?.parse().ok());
        numbers.filter(|&number| number != keep).try_for_each(|number| self.remove_data(number))
    }
}

fn damaged() -> Error {
    Error::corrupt("the sign of the store's directory")
}

/// Says whether there is nothing in the directory but what opening it leaves there.
fn is_bare(path: &Path) -> std::io::Result<bool> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if name != LOCK && name != SIGN_NEXT {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

/// A directory cannot be opened for syncing here; the file system keeps its own journal of names.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> std::io::Result<()> {
    Ok(())
}

//! The engine: fjall, a log-structured merge tree in pure Rust.

use super::engine::{Each, Engine, EngineView, Reach, Write};
use super::home::patiently;
use super::keys::Table;
use super::manifest;
use crate::error::{Error, Result};
use fjall::config::{BloomConstructionPolicy, FilterPolicy, FilterPolicyEntry};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};
use std::ops::{ControlFlow, Range};
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::Arc;

const SPACES: [&str; 6] = ["rows", "records", "nodes", "keys", "postings", "clusters"];
// What is not flushed yet is replayed when the store is opened: small tables in memory and short journals keep that short.
const MEMTABLE_BYTES: u64 = 16 << 20;
const JOURNAL_BYTES: u64 = 128 << 20;

pub(super) struct FjallEngine {
    database: Database,
    spaces: Arc<[Keyspace; SPACES.len()]>,
}

impl FjallEngine {
    /// Opens a directory, or makes it.
    pub(super) fn open(path: &Path, cache_bytes: u64) -> Result<Self> {
        manifest::check(path)?;
        // The engine asserts what it reads from its files: damaged ones are an error here, as all others are.
        let opened = catch_unwind(|| Self::open_files(path, cache_bytes));
        opened.unwrap_or_else(|_| Err(Error::corrupt("the engine stopped while it read its files")))
    }

    fn open_files(path: &Path, cache_bytes: u64) -> Result<Self> {
        let open = || {
            let builder = Database::builder(path).cache_size(cache_bytes);
            builder.max_journaling_size(JOURNAL_BYTES).manual_journal_persist(true).open()
        };
        let database = patiently(open, |error| matches!(error, fjall::Error::Locked))
            .map_err(|error| failed("open its files", error))?;
        let filter = FilterPolicy::all(FilterPolicyEntry::Bloom(BloomConstructionPolicy::BitsPerKey(10.0)));
        let open = |name: &str| {
            let options = || {
                KeyspaceCreateOptions::default()
                    .max_memtable_size(MEMTABLE_BYTES)
                    .manual_journal_persist(true)
                    .filter_policy(filter.clone())
            };
            database.keyspace(name, options).map_err(|error| failed("open its files", error))
        };
        let [a, b, c, d, e, f] = SPACES;
        let spaces = [open(a)?, open(b)?, open(c)?, open(d)?, open(e)?, open(f)?];
        Ok(Self { database, spaces: Arc::new(spaces) })
    }
}

impl Engine for FjallEngine {
    fn view(&self) -> Result<Arc<dyn EngineView>> {
        Ok(Arc::new(View { snapshot: self.database.snapshot(), spaces: Arc::clone(&self.spaces) }))
    }

    fn write(&self, batch: Vec<Write>, reach: Reach) -> Result<()> {
        let mode = match reach {
            Reach::System => PersistMode::Buffer,
            Reach::Disk => PersistMode::SyncData,
        };
        let mut rows = fjall::OwnedWriteBatch::with_capacity(self.database.clone(), batch.len()).durability(Some(mode));
        for write in batch {
            match write {
                Write::Put(key, value) => rows.insert(space(&self.spaces, &key), key, value),
                Write::Remove(key) => rows.remove(space(&self.spaces, &key), key),
            }
        }
        rows.commit().map_err(|error| failed("write", error))
    }

    fn sync(&self) -> Result<()> {
        self.database.persist(PersistMode::SyncAll).map_err(|error| failed("sync", error))
    }
}

struct View {
    snapshot: fjall::Snapshot,
    spaces: Arc<[Keyspace; SPACES.len()]>,
}

impl EngineView for View {
    fn get(&self, key: &[u8], found: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self.snapshot.get(space(&self.spaces, key), key).map_err(|error| failed("read", error))? {
            Some(value) => found(&value),
            None => Ok(()),
        }
    }

    fn scan(&self, keys: Range<Vec<u8>>, each: &mut Each<'_>) -> Result<()> {
        for row in self.snapshot.range(space(&self.spaces, &keys.start), keys.clone()) {
            let (key, value) = row.into_inner().map_err(|error| failed("read", error))?;
            if let ControlFlow::Break(()) = each(&key, &value)? {
                break;
            }
        }
        Ok(())
    }
}

/// The tables that are large have files of their own: each is written in its own order.
fn space<'a>(spaces: &'a [Keyspace; SPACES.len()], key: &[u8]) -> &'a Keyspace {
    let [rows, records, nodes, keys, postings, clusters] = spaces;
    match key.first().copied() {
        Some(table) if table == Table::Record as u8 || table == Table::DataKey as u8 => records,
        Some(table) if table == Table::Node as u8 => nodes,
        Some(table) if table == Table::Number as u8 => keys,
        Some(table) if table == Table::Posting as u8 => postings,
        Some(table) if table == Table::Cluster as u8 => clusters,
        _ => rows,
    }
}

fn failed(operation: &'static str, error: fjall::Error) -> Error {
    match &error {
        fjall::Error::Locked => locked(),
        fjall::Error::Io(_) | fjall::Error::Poisoned | fjall::Error::Storage(fjall::LsmError::Io(_)) => {
            Error::store(operation, error)
        }
        _ => Error::corrupt(format!("the engine found: {error}")),
    }
}

pub(super) fn locked() -> Error {
    Error::option("path", "the store is open already, in this process or in another")
}

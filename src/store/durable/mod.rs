//! A store on disk.
//!
//! Measured with a million records in batches of 1,000 (each record: a record of 250 bytes, a node, 2.5 postings, a
//! cluster, 0.4 anchors, an entry of the feed; before it 8 point reads), every commit synced, on two cores that other
//! builds kept busy (load 5): 51 us a record to write, 69 us to read for it, 1.5 kB written and 0.6 kB kept a record,
//! 2 s to open. redb 4.5 under the same seam, 200,000 records: 150 us to write, 27 us to read, 13.7 kB written, 30 ms
//! to open; this engine then: 38 us, 44 us, 1.2 kB, 2.5 s. It is chosen for what it writes.

mod copy;
#[cfg(feature = "encryption")]
mod encryption;
mod engine;
mod fjall;
mod home;
mod keys;
mod manifest;
mod marks;
mod options;
mod syncer;
mod view;
mod writes;

#[cfg(feature = "encryption")]
pub use encryption::StoreKey;
pub use engine::{Each, Engine, EngineView, Reach, Write};
pub use options::{Durability, DurableOptions};

use crate::error::{Error, Result};
use crate::store::contract::{Batch, ProfileStore, Revision, Snapshot, Tenant};
use crate::store::rows::Generation;
use fjall::FjallEngine;
use home::{Home, Sign};
use keys::{Keys, Table};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use syncer::{Current, Syncer};
use view::{Rows, View};
use writes::Writes;

// So many rows are removed at once: a commit waits for that at most.
const RETIRE_ROWS: usize = 1000;

/// Keeps many tenants in a directory on disk.
///
/// A commit is one atomic batch of the engine (fjall, a log-structured merge tree); it fails or is there whole, and with
/// [`Durability::EveryCommit`], the default, it is on the disk before it returns. Every row carries a checksum over its
/// key and value, checked whenever it is read. One process may have the directory open.
///
/// It is not a server, and it does not merge what two processes write.
///
/// # Examples
/// ```
/// use onefold::Durable;
/// use onefold::store::{Batch, Generation, ProfileStore, Revision, Tenant};
/// # let place = tempfile::tempdir().unwrap();
/// # let path = place.path().join("profiles");
/// let store = Durable::open(&path)?;
/// let batch = Batch { expected: Revision(0), generation: Generation(0), changes: vec![], feed: vec![] };
/// store.commit(&Tenant::default(), batch)?;
/// drop(store);
/// assert_eq!(Durable::open(&path)?.snapshot(&Tenant::default())?.revision(), Revision(1));
/// # Ok::<(), onefold::Error>(())
/// ```
pub struct Durable {
    // In this order they are dropped: the directory is let go when all that wrote to it has ended.
    syncer: Option<Syncer>,
    engine: Current,
    // How often the files were replaced: views of those from before say `Conflict`.
    epoch: Arc<AtomicU64>,
    tenants: RwLock<HashMap<Tenant, u32>>,
    // The number of the files. Locked for as long as a commit, a step of retiring or a scrub lasts.
    writing: Mutex<u64>,
    options: DurableOptions,
    home: Home,
    // None where the rows are plain.
    #[cfg(feature = "encryption")]
    vault: Option<Arc<encryption::Vault>>,
}

impl Durable {
    /// Opens the store in a directory, or makes it, with the default options.
    ///
    /// # Errors
    /// As [`DurableOptions::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::options(path.as_ref()).open()
    }

    /// Begins to open the store in a directory with other options.
    pub fn options(path: impl Into<PathBuf>) -> DurableOptions {
        DurableOptions::new(path.into())
    }

    /// Copies the store as it is now into a directory that is not there yet or is empty. Commits go on meanwhile. The
    /// copy of an encrypted store is encrypted, and opens with the keys that the store opens with now.
    ///
    /// # Errors
    /// `Config` where the directory holds something; `Store` where it cannot be written; `Corrupt` where a row of this
    /// store is damaged.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<()> {
        let rows = self.raw()?;
        let (home, sign) = Home::open(to.as_ref())?;
        let Sign::New(number) = sign else {
            return Err(Error::option("to", "the directory holds a store already"));
        };
        let engine = FjallEngine::open(&home.data(number), self.options.cache_bytes)?;
        copy::copy(&rows, &engine)?;
        drop(engine);
        home.sign(Sign::Ready(number))
    }

    fn with(options: DurableOptions) -> Result<Self> {
        let (home, sign) = Home::open(&options.path)?;
        let (Sign::New(number) | Sign::Ready(number)) = sign;
        let engine = options.layered(Arc::new(FjallEngine::open(&home.data(number), options.cache_bytes)?));
        if sign == Sign::New(number) {
            engine.sync()?;
            home.sign(Sign::Ready(number))?;
        }
        let engine = Arc::new(RwLock::new(engine));
        let syncer = match options.durability {
            Durability::Every(interval) => Some(Syncer::start(Arc::clone(&engine), interval)?),
            Durability::EveryCommit | Durability::System => None,
        };
        let (epoch, tenants, writing) = (Arc::default(), RwLock::default(), Mutex::new(number));
        #[cfg(feature = "encryption")]
        let vault = options.vault()?;
        let store = Self {
            syncer,
            engine,
            epoch,
            tenants,
            writing,
            options,
            home,
            #[cfg(feature = "encryption")]
            vault,
        };
        marks::check(&store.raw()?)?;
        store.unlock()?;
        Ok(store)
    }

    /// Finds out whether the store is encrypted, and whether the keys that it was opened with fit.
    #[cfg(feature = "encryption")]
    fn unlock(&self) -> Result<()> {
        use encryption::Standing;
        let Some(vault) = &self.vault else { return self.check_plain("give its key with `encrypted`") };
        match vault.standing(&self.raw()?)? {
            Standing::Sealed | Standing::Empty => {
                let announced = vault.announce(&self.raw()?)?;
                announced.map_or(Ok(()), |write| {
                    self.write(&self.raw()?, vec![write])?;
                    self.engine().sync()
                })
            }
            Standing::Plain if self.options.encrypts_existing() => self.replace(|engine| {
                let rows = self.raw()?;
                if let Some(write) = vault.announce(&rows)? {
                    engine.write(vec![write], Reach::System)?;
                }
                copy::copy(&rows, &encryption::Sealed::new(Arc::clone(engine), Arc::clone(vault)))
            }),
            Standing::Plain => {
                let reason = "the store is not encrypted: open it without a key, or with `encrypt_existing`";
                Err(Error::option("encrypted", reason))
            }
        }
    }

    #[cfg(not(feature = "encryption"))]
    fn unlock(&self) -> Result<()> {
        self.check_plain("that takes the feature `encryption` and its key")
    }

    fn check_plain(&self, advice: &str) -> Result<()> {
        if self.raw()?.page(Table::StoreKey.all(), 1, |_, _| Ok(()))?.is_empty() {
            return Ok(());
        }
        Err(Error::option("encrypted", format!("the store is encrypted: {advice}")))
    }

    fn engine(&self) -> Arc<dyn Engine> {
        self.covered(Arc::clone(&self.engine.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// An engine whose rows are sealed, as it is to be used.
    #[cfg(feature = "encryption")]
    fn covered(&self, engine: Arc<dyn Engine>) -> Arc<dyn Engine> {
        match &self.vault {
            Some(vault) => Arc::new(encryption::Sealed::new(engine, Arc::clone(vault))),
            None => engine,
        }
    }

    #[cfg(not(feature = "encryption"))]
    fn covered(&self, engine: Arc<dyn Engine>) -> Arc<dyn Engine> {
        engine
    }

    fn writing(&self) -> MutexGuard<'_, u64> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows(&self) -> Result<Rows> {
        // The epoch is read under the lock under which a scrub changes it.
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        Ok(Rows::new(self.covered(Arc::clone(&engine)).view()?, &self.epoch))
    }

    /// The rows as they are in the files: those of an encrypted store sealed.
    fn raw(&self) -> Result<Rows> {
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        Ok(Rows::new(engine.view()?, &self.epoch))
    }

    /// Makes new files, puts them in place of the old ones at one stroke, and removes the old ones.
    fn replace(&self, fill: impl FnOnce(&Arc<dyn Engine>) -> Result<()>) -> Result<()> {
        let mut number = self.writing();
        let next = *number + 1;
        self.home.remove_data(next)?;
        let engine = FjallEngine::open(&self.home.data(next), self.options.cache_bytes)?;
        let engine = self.options.layered(Arc::new(engine));
        fill(&engine)?;
        self.home.sign(Sign::Ready(next))?;
        let old = {
            let mut current = self.engine.write().unwrap_or_else(PoisonError::into_inner);
            self.epoch.fetch_add(1, Ordering::AcqRel);
            std::mem::replace(&mut *current, engine)
        };
        drop(old);
        let before = std::mem::replace(&mut *number, next);
        self.home.remove_data(before)
    }

    fn number(&self, rows: &Rows, tenant: &Tenant) -> Result<Option<u32>> {
        if let Some(&number) = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(tenant) {
            return Ok(Some(number));
        }
        let number = rows.get(Table::Tenant, &Keys::tenant(&tenant.0))?;
        if let Some(number) = number {
            self.tenants.write().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), number);
        }
        Ok(number)
    }

    fn write(&self, rows: &Rows, mut writes: Vec<Write>) -> Result<()> {
        marks::add(rows, &mut writes)?;
        let reach = match self.options.durability {
            Durability::EveryCommit => Reach::Disk,
            Durability::Every(_) | Durability::System => Reach::System,
        };
        self.engine().write(writes, reach)?;
        self.syncer.as_ref().map_or(Ok(()), Syncer::mark)
    }

    /// Finds some rows of generations that may go, in each table from where the last ones were found: what was removed
    /// leaves marks in an engine's files, and to read over them at every step takes the square of the time.
    fn stale(rows: &Rows, tenant: u32, keep: &BTreeSet<Generation>, found: &mut Found) -> Result<Vec<Write>> {
        let mut writes = Vec::new();
        for (table, found) in Table::DERIVED.into_iter().zip(found) {
            let prefix = |generation| Keys { tenant, generation }.prefix(table);
            let end = keys::end(&Keys { tenant, generation: Generation(u32::MAX) }.prefix(table));
            let mut from = prefix(Generation(0));
            for &generation in keep {
                collect(rows, from..prefix(generation), found, &mut writes)?;
                from = keys::end(&prefix(generation));
            }
            collect(rows, from..end, found, &mut writes)?;
        }
        Ok(writes)
    }
}

/// The last key that was found in each table of [`Table::DERIVED`].
type Found = [Vec<u8>; Table::DERIVED.len()];

fn collect(rows: &Rows, range: Range<Vec<u8>>, found: &mut Vec<u8>, writes: &mut Vec<Write>) -> Result<()> {
    if writes.len() >= RETIRE_ROWS {
        return Ok(());
    }
    rows.each(range.start.max(found.clone())..range.end, |key, _| {
        if writes.len() >= RETIRE_ROWS {
            return Ok(ControlFlow::Break(()));
        }
        key.clone_into(found);
        writes.push(Write::Remove(key.to_vec()));
        Ok(ControlFlow::Continue(()))
    })
}

impl ProfileStore for Durable {
    fn snapshot(&self, tenant: &Tenant) -> Result<Arc<dyn Snapshot>> {
        let rows = self.rows()?;
        let number = self.number(&rows, tenant)?;
        Ok(Arc::new(View::new(rows, number)?))
    }

    fn commit(&self, tenant: &Tenant, batch: Batch) -> Result<Revision> {
        let _writing = self.writing();
        let rows = self.rows()?;
        let known = self.number(&rows, tenant)?;
        let before = match known {
            Some(number) => view::state(&rows, number)?,
            None => None,
        };
        let found = before.as_ref().map_or(Revision(0), |state| state.revision);
        if found != batch.expected {
            return Err(Error::conflict(batch.expected.0, found.0));
        }
        let number = match known {
            Some(number) => number,
            None => rows.page(Table::Tenant.all(), usize::MAX, |_, _| Ok(()))?.len() as u32,
        };
        let now = Revision(found.0 + 1);
        let keys = Keys { tenant: number, generation: batch.generation };
        let mut writes = Writes::new(keys, batch.changes.len());
        if known.is_none() {
            writes.put(Keys::tenant(&tenant.0), &number)?;
        }
        batch.changes.into_iter().try_for_each(|change| writes.change(change))?;
        writes.feed(&batch.feed)?;
        let writes = writes.finish(now, before.and_then(|state| state.meta))?;
        self.write(&rows, writes)?;
        Ok(now)
    }

    fn retire(&self, tenant: &Tenant, keep: Option<Generation>) -> Result<()> {
        let mut found = Found::default();
        loop {
            let _writing = self.writing();
            let rows = self.rows()?;
            let Some(number) = self.number(&rows, tenant)? else { return Ok(()) };
            let state = view::state(&rows, number)?;
            let current = state.and_then(|state| state.meta).map(|meta| meta.generation).unwrap_or_default();
            let kept = BTreeSet::from_iter(keep.into_iter().chain([current]));
            let writes = Self::stale(&self.raw()?, number, &kept, &mut found)?;
            if writes.is_empty() {
                return Ok(());
            }
            self.write(&rows, writes)?;
        }
    }

    /// Copies what is live into new files, puts these in place of the old ones at one stroke, and removes the old ones.
    /// Commits wait meanwhile; snapshots from before answer with `Conflict` from then on. After a crash the store opens
    /// with the old files or with the new ones, whole.
    fn scrub(&self) -> Result<()> {
        self.replace(|engine| copy::copy(&self.raw()?, &**engine))
    }
}

impl fmt::Debug for Durable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durable").field("options", &self.options).finish_non_exhaustive()
    }
}

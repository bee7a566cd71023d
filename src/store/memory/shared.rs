//! Tables that one writer changes while snapshots of older revisions read them.

use super::history::{Live, Stamp};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

// So many commits are pruned under one lock: the writer waits for that long at most.
const PRUNE_COMMITS: u64 = 8;

/// Tables under a lock, with the snapshots that are alive on them. Locks are taken in this order: tables, live.
#[derive(Debug)]
pub(super) struct Shared<T> {
    tables: RwLock<T>,
    live: Mutex<Live>,
    // The commit that began last. Set before the commit looks at `live`: a snapshot that goes and still finds its own
    // revision here has left nothing behind.
    begun: AtomicU64,
    prune: fn(&mut T, Range<u64>, &Live),
}

impl<T: Default> Shared<T> {
    pub(super) fn new(prune: fn(&mut T, Range<u64>, &Live)) -> Arc<Self> {
        Arc::new(Self { tables: RwLock::default(), live: Mutex::default(), begun: AtomicU64::new(0), prune })
    }
}

impl<T> Shared<T> {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the commit that makes revision `now`; the caller holds the lock for writing.
    pub(super) fn begin(&self, now: u64) -> Stamp {
        self.begun.store(now, Ordering::SeqCst);
        Stamp { now, newest: self.live().newest() }
    }

    /// Keeps the revision readable for as long as the pin lives; the caller holds the lock, so that no commit is under
    /// way.
    pub(super) fn pin(self: &Arc<Self>, revision: u64) -> Pin<T> {
        self.live().add(revision);
        Pin { shared: Arc::clone(self), revision }
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unpin(&self, revision: u64) {
        let mut live = self.live();
        live.remove(revision);
        let until = live.after(revision).unwrap_or(u64::MAX);
        drop(live);
        // The versions that this snapshot saw were replaced after it. Those replaced after the next snapshot are seen
        // by that one too.
        let mut commit = revision + 1;
        while commit <= until.min(self.begun.load(Ordering::SeqCst)) {
            let mut tables = self.write();
            let live = self.live();
            let next = commit.saturating_add(PRUNE_COMMITS);
            (self.prune)(&mut tables, commit..next, &live);
            commit = next;
        }
    }
}

/// A revision of shared tables that a snapshot reads.
#[derive(Debug)]
pub(super) struct Pin<T> {
    shared: Arc<Shared<T>>,
    revision: u64,
}

impl<T> Pin<T> {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.shared.read()
    }
}

impl<T> Drop for Pin<T> {
    fn drop(&mut self) {
        self.shared.unpin(self.revision);
    }
}

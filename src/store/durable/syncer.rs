//! Carries commits to the disk a while after they were made.

use super::engine::Engine;
use crate::error::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// The engine of a store, which a scrub replaces.
pub(super) type Current = Arc<RwLock<Arc<dyn Engine>>>;

pub(super) struct Syncer {
    dirty: Arc<AtomicBool>,
    failed: Arc<AtomicBool>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    pub(super) fn start(engine: Current, interval: Duration) -> Result<Self> {
        let (dirty, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (stop, stopped) = mpsc::channel();
        let (marked, broken) = (Arc::clone(&dirty), Arc::clone(&failed));
        let work = move || {
            loop {
                let end = stopped.recv_timeout(interval) != Err(RecvTimeoutError::Timeout);
                if marked.swap(false, Ordering::AcqRel) {
                    let engine = Arc::clone(&engine.read().unwrap_or_else(PoisonError::into_inner));
                    if engine.sync().is_err() {
                        broken.store(true, Ordering::Release);
                    }
                }
                if end {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("onefold sync".into()).spawn(work);
        let thread = thread.map_err(|error| Error::store("start its thread", error))?;
        Ok(Self { dirty, failed, stop: Some(stop), thread: Some(thread) })
    }

    /// Says that something was written.
    ///
    /// # Errors
    /// `Store` where what was written before could not be carried to the disk.
    pub(super) fn mark(&self) -> Result<()> {
        self.dirty.store(true, Ordering::Release);
        if self.failed.load(Ordering::Acquire) {
            return Err(Error::store("sync", "an earlier sync failed; open the store again"));
        }
        Ok(())
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to wait for.
            let _ended = thread.join();
        }
    }
}

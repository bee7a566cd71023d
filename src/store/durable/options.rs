//! How a durable store is opened.

use super::Durable;
use super::engine::Engine;
use crate::error::{Error, Result};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// When what a commit wrote is carried to the disk. Whatever the choice, a crash leaves whole commits, and of these all
/// up to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Before the commit returns: nothing that was acknowledged is ever lost.
    #[default]
    EveryCommit,
    /// By a thread of the store, this long after a commit at the latest: a crash of the machine loses what was
    /// acknowledged within that time.
    Every(Duration),
    /// When the operating system sees fit: a crash of the process loses nothing, a crash of the machine may.
    System,
}

type Layer = dyn Fn(Arc<dyn Engine>) -> Arc<dyn Engine> + Send + Sync;

/// The options of a [`Durable`] store.
#[derive(Clone)]
pub struct DurableOptions {
    pub(super) path: PathBuf,
    pub(super) durability: Durability,
    pub(super) cache_bytes: u64,
    layer: Option<Arc<Layer>>,
}

impl DurableOptions {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, durability: Durability::default(), cache_bytes: 256 << 20, layer: None }
    }

    /// Chooses when commits are carried to the disk; before they return, unless told otherwise.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets how much of the files is kept in memory; 256 MiB unless told otherwise. What was written last is in memory
    /// besides, about 16 MiB for each of six groups of tables.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Puts a layer over the engine, as for counting, or for failing in tests.
    #[must_use]
    pub fn layer(mut self, layer: impl Fn(Arc<dyn Engine>) -> Arc<dyn Engine> + Send + Sync + 'static) -> Self {
        self.layer = Some(Arc::new(layer));
        self
    }

    /// Opens the store, or makes it.
    ///
    /// # Errors
    /// `Config` where the store is open already, has a newer format, or the directory holds something else; `Corrupt`
    /// where its files are damaged; `Store` where they cannot be read or written.
    pub fn open(self) -> Result<Durable> {
        if self.durability == Durability::Every(Duration::ZERO) {
            return Err(Error::option("durability", "an interval of nothing; choose EveryCommit"));
        }
        Durable::with(self)
    }

    pub(super) fn layered(&self, engine: Arc<dyn Engine>) -> Arc<dyn Engine> {
        match &self.layer {
            Some(layer) => layer(engine),
            None => engine,
        }
    }
}

impl fmt::Debug for DurableOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DurableOptions")
            .field("path", &self.path)
            .field("durability", &self.durability)
            .field("cache_bytes", &self.cache_bytes)
            .finish_non_exhaustive()
    }
}

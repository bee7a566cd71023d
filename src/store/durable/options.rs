//! How a durable store is opened.

use super::Durable;
#[cfg(feature = "encryption")]
use super::encryption::{StoreKey, Vault};
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
    #[cfg(feature = "encryption")]
    keys: Option<Arc<[StoreKey]>>,
    #[cfg(feature = "encryption")]
    existing: Existing,
}

/// What becomes of a plain store that is opened with a key.
#[cfg(feature = "encryption")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Existing {
    Refused,
    Encrypted,
}

impl DurableOptions {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            durability: Durability::default(),
            cache_bytes: 256 << 20,
            layer: None,
            #[cfg(feature = "encryption")]
            keys: None,
            #[cfg(feature = "encryption")]
            existing: Existing::Refused,
        }
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

    /// Encrypts the values of the store: everything that was sent, and all that is derived of it, is sealed with
    /// AES-256-GCM ([NIST SP 800-38D](https://doi.org/10.6028/NIST.SP.800-38D),
    /// [RFC 5116](https://www.rfc-editor.org/rfc/rfc5116)). Each version of a record has a data key of its own, and so has
    /// each trail of events; one more is the tenant's. The host's keys seal these: rotate before one has sealed 2^32 of
    /// them, or a tenant's as many rows. The first in the list is written under. The others are those that something of
    /// the store may still be under, until [`rotate`](Durable::rotate) has come to its end.
    ///
    /// What stands plain: the names of tenants; numbers, counts and times by which rows are found; and hashes under the
    /// tenant's seed, which is sealed. Who writes to the files can put back an older state of them, whole.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Durable, StoreKey};
    /// # let place = tempfile::tempdir().unwrap();
    /// # let path = place.path().join("profiles");
    /// let key = || StoreKey::new(*b"32 bytes out of the host's vault");
    /// drop(Durable::options(&path).encrypted([key()?]).open()?);
    ///
    /// let error = Durable::open(&path).unwrap_err();
    /// assert_eq!(error.to_string(), "option `encrypted`: the store is encrypted: give its key with `encrypted`");
    /// assert!(Durable::options(&path).encrypted([key()?]).open().is_ok());
    /// # Ok::<(), onefold::Error>(())
    /// ```
    #[cfg(feature = "encryption")]
    #[must_use]
    pub fn encrypted(mut self, keys: impl IntoIterator<Item = StoreKey>) -> Self {
        self.keys = Some(keys.into_iter().collect());
        self
    }

    /// Lets [`open`](Self::open) encrypt a store that stands plain: it is copied into new files, which take the place of
    /// the old ones at one stroke. After a crash the store is plain still, or encrypted, whole. O(store).
    ///
    /// What was on the disk before is only removed, not overwritten: copies of it, and blocks that the file system let
    /// go, are the host's to wipe.
    #[cfg(feature = "encryption")]
    #[must_use]
    pub fn encrypt_existing(mut self) -> Self {
        self.existing = Existing::Encrypted;
        self
    }

    /// Puts a layer over the engine, as for counting, or for failing in tests. What goes through it is as it is in the
    /// files.
    #[must_use]
    pub fn layer(mut self, layer: impl Fn(Arc<dyn Engine>) -> Arc<dyn Engine> + Send + Sync + 'static) -> Self {
        self.layer = Some(Arc::new(layer));
        self
    }

    /// Opens the store, or makes it.
    ///
    /// # Errors
    /// `Config` where the store is open already, has a newer format, or the directory holds something else, and where a
    /// key is missing or there is one for a plain store; `Corrupt` where its files are damaged; `Store` where they cannot
    /// be read or written.
    pub fn open(self) -> Result<Durable> {
        if self.durability == Durability::Every(Duration::ZERO) {
            return Err(Error::option("durability", "an interval of nothing; choose EveryCommit"));
        }
        Durable::with(self)
    }

    #[cfg(feature = "encryption")]
    pub(super) fn vault(&self) -> Result<Option<Arc<Vault>>> {
        self.keys.clone().map(|keys| Vault::new(keys).map(Arc::new)).transpose()
    }

    #[cfg(feature = "encryption")]
    pub(super) fn encrypts_existing(&self) -> bool {
        self.existing == Existing::Encrypted
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
        let mut shown = f.debug_struct("DurableOptions");
        shown.field("path", &self.path).field("durability", &self.durability).field("cache_bytes", &self.cache_bytes);
        #[cfg(feature = "encryption")]
        shown.field("encrypted", &self.keys);
        shown.finish_non_exhaustive()
    }
}

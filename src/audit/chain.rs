//! Where entries go.

use super::entry::{AuditAction, AuditEntry, AuditHash};
use crate::error::Result;
use crate::id::ProfileId;
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the host keeps the log: a table, a file, a service. Entries come one after the other.
pub trait AuditSink: Send + Sync {
    /// Keeps an entry.
    ///
    /// # Errors
    /// Any; then what was to be recorded does not happen, and the entry is made anew when it is tried again.
    fn append(&self, entry: &AuditEntry) -> Result<()>;
}

/// In memory, for tests and small tools.
impl AuditSink for Mutex<Vec<AuditEntry>> {
    fn append(&self, entry: &AuditEntry) -> Result<()> {
        self.lock().unwrap_or_else(PoisonError::into_inner).push(entry.clone());
        Ok(())
    }
}

/// A log that is being written.
#[derive(Clone)]
pub struct Audit {
    sink: Arc<dyn AuditSink>,
    head: Arc<Mutex<(u64, AuditHash)>>,
}

impl Audit {
    /// Begins a log.
    pub fn new(sink: Arc<dyn AuditSink>) -> Self {
        Self { sink, head: Arc::new(Mutex::new((0, AuditHash::START))) }
    }

    /// Goes on with a log after its last entry, which [`verify_audit`](super::verify_audit) found good.
    pub fn after(sink: Arc<dyn AuditSink>, last: &AuditEntry) -> Self {
        Self { sink, head: Arc::new(Mutex::new((last.sequence, last.hash))) }
    }

    /// Records that somebody did something.
    ///
    /// # Errors
    /// As the sink; then nothing is recorded.
    pub fn record(
        &self,
        actor: &str,
        action: AuditAction,
        profile: Option<ProfileId>,
        purpose: Option<&str>,
        request: Option<&str>,
        at: Timestamp,
    ) -> Result<AuditEntry> {
        let mut head = self.lock();
        let (last, previous) = *head;
        let mut entry = AuditEntry {
            sequence: last.saturating_add(1),
            at,
            actor: actor.into(),
            action,
            profile,
            purpose: purpose.map(SmolStr::from),
            request: request.map(SmolStr::from),
            previous,
            hash: AuditHash::START,
        };
        entry.hash = entry.digest();
        self.sink.append(&entry)?;
        *head = (entry.sequence, entry.hash);
        Ok(entry)
    }

    /// The hash of the last entry: keep it where who could alter the log cannot reach it.
    pub fn head(&self) -> AuditHash {
        self.lock().1
    }

    fn lock(&self) -> MutexGuard<'_, (u64, AuditHash)> {
        // A sink that panicked has recorded nothing.
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows how many entries there are.
impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Audit({} entries)", self.lock().0)
    }
}

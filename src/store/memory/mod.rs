//! A store in memory.

mod history;
mod shared;
mod table;
mod tables;
mod view;

use crate::error::{Error, Result};
use crate::store::contract::{Batch, Change, ProfileStore, Revision, Snapshot, Tenant};
use crate::store::rows::Generation;
use shared::Shared;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use tables::Evidence;
use view::View;

// Rows under numbers lie in pages, found by the number: at this one the list of pages takes 400 MB.
const NUMBER_MAX: u64 = 1 << 34;

/// Keeps many tenants in memory, and nothing anywhere else.
///
/// A snapshot costs an entry in a list. Commits overwrite rows in place; only rows that a live snapshot sees are kept
/// in their older version, until the last snapshot that sees them is dropped. One commit a tenant is applied at a time;
/// readers wait for it (about a millisecond for a thousand records), and it for them.
///
/// # Examples
/// ```
/// use onefold::Memory;
/// use onefold::store::{Batch, Generation, ProfileStore, Revision, Tenant};
/// let store = Memory::new();
/// let batch = Batch { expected: Revision(0), generation: Generation(0), changes: vec![], feed: vec![] };
/// assert_eq!(store.commit(&Tenant::default(), batch)?, Revision(1));
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Default)]
pub struct Memory {
    tenants: RwLock<HashMap<Tenant, Arc<Shared<Evidence>>>>,
}

impl Memory {
    /// Makes an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn tenant(&self, tenant: &Tenant) -> Option<Arc<Shared<Evidence>>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(tenant).map(Arc::clone)
    }

    fn tenant_or_new(&self, tenant: &Tenant) -> Arc<Shared<Evidence>> {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tenants.entry(tenant.clone()).or_insert_with(|| Shared::new(Evidence::prune)))
    }
}

impl ProfileStore for Memory {
    fn snapshot(&self, tenant: &Tenant) -> Result<Arc<dyn Snapshot>> {
        let shared = self.tenant(tenant).unwrap_or_else(|| Shared::new(Evidence::prune));
        Ok(Arc::new(View::new(&shared)))
    }

    fn commit(&self, tenant: &Tenant, batch: Batch) -> Result<Revision> {
        if batch.changes.iter().filter_map(number).any(|number| number >= NUMBER_MAX) {
            return Err(Error::limit("the number of a row in memory", NUMBER_MAX));
        }
        let shared = match self.tenant(tenant) {
            Some(shared) => shared,
            None if batch.expected == Revision(0) => self.tenant_or_new(tenant),
            None => return Err(Error::conflict(batch.expected.0, 0)),
        };
        let mut evidence = shared.write();
        if evidence.revision != batch.expected {
            return Err(Error::conflict(batch.expected.0, evidence.revision.0));
        }
        let now = Revision(batch.expected.0 + 1);
        let generation = evidence.generation(batch.generation);
        let mut derived = generation.write();
        let stamps = (shared.begin(now.0), generation.begin(now.0));
        for change in batch.changes {
            tables::apply(&mut evidence, &mut derived, change, stamps);
        }
        if !batch.feed.is_empty() {
            evidence.feed.push(batch.feed.into_boxed_slice());
        }
        evidence.revision = now;
        Ok(now)
    }

    fn retire(&self, tenant: &Tenant, keep: Option<Generation>) -> Result<()> {
        let Some(shared) = self.tenant(tenant) else { return Ok(()) };
        let mut evidence = shared.write();
        let current = evidence.current();
        // Snapshots hold the generation that they read: it goes with the last of them.
        let generations = std::mem::take(&mut evidence.generations);
        let stays = |generation| generation == current || Some(generation) == keep;
        let (kept, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            generations.into_iter().partition(|&(generation, _)| stays(generation));
        evidence.generations = kept;
        drop(evidence);
        drop(gone);
        Ok(())
    }

    /// Does nothing: a row that no snapshot sees is not there any more.
    fn scrub(&self) -> Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

/// The number that a row is kept under, where it is found by its number.
fn number(change: &Change) -> Option<u64> {
    match change {
        Change::PutRecord { number, .. } | Change::PutNode { number, .. } => Some(number.0),
        Change::PutTrail { number, .. } => Some(number.0),
        Change::PutCluster { number, .. } => Some(number.0),
        Change::PutAnchor { profile, .. } => Some(profile.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ProfileNumber, RecordNumber, ValueHash};
    use crate::store::rows::Anchor;

    /// Snapshots that come and go in every order, with one that stays for long.
    #[test]
    fn a_dropped_snapshot_releases_its_versions() {
        let (store, tenant) = (Memory::new(), Tenant::default());
        let mut held = Vec::new();
        let lean = |store: &Memory| store.tenant(&tenant).is_none_or(|shared| shared.read().is_lean());
        for step in 0..400_u64 {
            let number = RecordNumber(step % 2);
            let carrier = Change::AddCarrier { value: ValueHash(7), number };
            let carrier = if step % 3 == 0 { Change::DropCarrier { value: ValueHash(7), number } } else { carrier };
            let profile = ProfileNumber(step % 5);
            let changes = vec![Change::PutAnchor { profile, anchor: Anchor::Record(RecordNumber(step)) }, carrier];
            let batch = Batch { expected: Revision(step), generation: Generation(0), changes, feed: Vec::new() };
            store.commit(&tenant, batch).unwrap();
            if step % 4 != 0 {
                held.push((step + 1, store.snapshot(&tenant).unwrap()));
            }
            if held.len() > 6 {
                held.remove((step * 7 % 6) as usize + usize::from(step < 300));
            }
            for (revision, snapshot) in &held {
                let newest = [snapshot.anchors(&[ProfileNumber((revision - 1) % 5)]).unwrap()];
                assert_eq!(newest, [[Some(Anchor::Record(RecordNumber(revision - 1)))]]);
            }
        }
        assert!(!lean(&store));
        held.clear();
        assert!(lean(&store));
    }
}

//! The data keys that were read last.

use super::cipher::DataKey;
use super::place::KeyPlace;
use ahash::RandomState;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// So many keys are kept at most, 80 bytes each.
const SLOTS: usize = 1 << 14;

/// How many commits had dropped keys when a view was taken, or some of them: what such a view shows of the key of a
/// trail stands for as long as no further commit drops keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Age(u64);

type Slot = Mutex<Option<(KeyPlace, Age, DataKey)>>;

/// A slot for each hash of a place: who comes later has it, and what was there is wiped.
///
/// A key may be that of an older view than the reader's: what it does not open is tried with the key that stands. A
/// writer has nothing to try, and takes none that is older than the last commit that dropped keys.
pub(super) struct Cache {
    slots: Box<[Slot]>,
    hasher: RandomState,
    dropped: AtomicU64,
}

impl Cache {
    pub(super) fn new() -> Self {
        let slots = (0..SLOTS).map(|_| Mutex::new(None)).collect();
        Self { slots, hasher: RandomState::new(), dropped: AtomicU64::new(0) }
    }

    /// The age of a view that is taken after this.
    pub(super) fn age(&self) -> Age {
        Age(self.dropped.load(Ordering::SeqCst))
    }

    /// Told after a commit that dropped keys of trails, or may have.
    pub(super) fn drop_trails(&self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn get(&self, place: &KeyPlace) -> Option<DataKey> {
        self.find(place, |_| true)
    }

    /// The key of a trail as it stands, for the one who writes.
    pub(super) fn get_current(&self, place: &KeyPlace) -> Option<DataKey> {
        let now = self.age();
        self.find(place, |age| age == now)
    }

    pub(super) fn put(&self, place: KeyPlace, age: Age, key: DataKey) {
        if let Some(slot) = self.slot(&place) {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some((place, age, key));
        }
    }

    fn find(&self, place: &KeyPlace, is_right: impl Fn(Age) -> bool) -> Option<DataKey> {
        let slot = self.slot(place)?.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().filter(|(found, age, _)| found == place && is_right(*age)).map(|(_, _, key)| key.clone())
    }

    fn slot(&self, place: &KeyPlace) -> Option<&Slot> {
        self.slots.get(self.hasher.hash_one(place) as usize % SLOTS)
    }
}

//! The data keys that were read last.

use super::cipher::DataKey;
use super::place::KeyPlace;
use ahash::RandomState;
use std::sync::{Mutex, PoisonError};

/// So many keys are kept at most, 64 bytes each.
const SLOTS: usize = 1 << 14;

type Slot = Mutex<Option<(KeyPlace, DataKey)>>;

/// A slot for each hash of a place: who comes later has it, and what was there is wiped.
///
/// A key may be that of an older view than the reader's: what it does not open is tried with the key that stands.
pub(super) struct Cache {
    slots: Box<[Slot]>,
    hasher: RandomState,
}

impl Cache {
    pub(super) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| Mutex::new(None)).collect(), hasher: RandomState::new() }
    }

    pub(super) fn get(&self, place: &KeyPlace) -> Option<DataKey> {
        let slot = self.slot(place)?.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().filter(|(found, _)| found == place).map(|(_, key)| key.clone())
    }

    pub(super) fn put(&self, place: KeyPlace, key: DataKey) {
        if let Some(slot) = self.slot(&place) {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some((place, key));
        }
    }

    fn slot(&self, place: &KeyPlace) -> Option<&Slot> {
        self.slots.get(self.hasher.hash_one(place) as usize % SLOTS)
    }
}

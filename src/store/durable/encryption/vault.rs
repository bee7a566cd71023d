//! The keys that a store is opened with, and the data keys that are wrapped under them.

use super::cache::Cache;
use super::cipher::{Cipher, DataKey, Random};
use super::key::{KeyId, StoreKey};
use super::place::KeyPlace;
use crate::error::{Error, Result};
use crate::store::codec;
use crate::store::durable::engine::Write;
use crate::store::durable::keys::{Table, Tail};
use crate::store::durable::view::Rows;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

/// What a wrapped data key begins with. It is part of the format, as the formats of rows are.
const WRAPPED: u8 = 3;

/// How many tenants' keys are kept in memory.
const TENANT_KEYS_MAX: usize = 4096;

/// The host's keys, and the data keys that are in use.
pub(in crate::store::durable) struct Vault {
    // Invariant: not empty. The first is written under.
    keys: Arc<[StoreKey]>,
    pub(super) cache: Cache,
    // A number is never used twice, so that none is ever stale.
    tenants: RwLock<HashMap<KeyPlace, Arc<Cipher>>>,
}

/// How a store that is opened with keys stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store::durable) enum Standing {
    /// Nothing was ever committed.
    Empty,
    /// Its rows are plain.
    Plain,
    /// It is sealed, and all keys are here.
    Sealed,
}

impl Vault {
    pub(in crate::store::durable) fn new(keys: Arc<[StoreKey]>) -> Result<Self> {
        if keys.is_empty() {
            return Err(Error::option("encrypted", "there is no key in the list"));
        }
        Ok(Self { keys, cache: Cache::new(), tenants: RwLock::default() })
    }

    /// Says how a store stands, whose rows are shown as they are in the files.
    ///
    /// # Errors
    /// `Config` where something of the store is under a key that is not here.
    pub(in crate::store::durable) fn standing(&self, raw: &Rows) -> Result<Standing> {
        let listed = listed(raw)?;
        if listed.is_empty() {
            let written = !raw.page(Table::Tenant.all(), 1, |_, _| Ok(()))?.is_empty();
            return Ok(if written { Standing::Plain } else { Standing::Empty });
        }
        let given = |id: &&KeyId| self.keys.iter().any(|key| key.key_id() == **id);
        let missing = listed.iter().filter(|id| !given(id)).map(KeyId::to_string).collect::<Vec<_>>();
        if missing.is_empty() {
            return Ok(Standing::Sealed);
        }
        let given = self.keys.iter().map(StoreKey::id).collect::<Vec<_>>().join(", ");
        let reason = if missing.len() == listed.len() {
            format!("the store is sealed under store key {}, not under {given}", missing.join(" and "))
        } else {
            format!(
                "part of the store is still under store key {}: give it after the first, and rotate to the end",
                missing.join(" and ")
            )
        };
        Err(Error::option("encrypted", reason))
    }

    /// The write by which the store says that it may hold something under the first key; none where it says so already.
    pub(in crate::store::durable) fn announce(&self, raw: &Rows) -> Result<Option<Write>> {
        let first = self.first()?.key_id();
        if listed(raw)?.contains(&first) {
            return Ok(None);
        }
        let key = listing(first);
        let value = codec::encode(&key, &()).ok_or_else(|| Table::StoreKey.damaged())?;
        Ok(Some(Write::Put(key, value)))
    }

    /// The writes by which the store forgets all keys but the first.
    pub(super) fn withdraw(&self, raw: &Rows) -> Result<Vec<Write>> {
        let first = self.first()?.key_id();
        let others = listed(raw)?.into_iter().filter(|&id| id != first);
        Ok(others.map(|id| Write::Remove(listing(id))).collect())
    }

    /// The row that holds a data key.
    pub(super) fn wrap(&self, place: KeyPlace, key: &DataKey, random: &mut Random) -> Result<Write> {
        let first = self.first()?;
        let mut row = Vec::with_capacity(96);
        row.push(WRAPPED);
        row.extend_from_slice(&first.key_id().0.to_be_bytes());
        first.cipher().seal(&place.0, &*key.0, &mut row, random)?;
        Ok(Write::Put(place.0.to_vec(), codec::checked(&place.0, row)))
    }

    /// The data key of a row.
    ///
    /// # Errors
    /// `Corrupt` where the row is damaged or of another place; `Config` where it is under a key that is not here.
    pub(super) fn unwrap(&self, place: &KeyPlace, row: &[u8]) -> Result<DataKey> {
        let damaged = || Table::DataKey.damaged();
        let (id, sealed) = wrapped(place, row)?;
        let key = self.keys.iter().find(|key| key.key_id() == id).ok_or_else(|| {
            Error::option("encrypted", format!("a row is sealed under store key {id}, which was not given"))
        })?;
        let text = key.cipher().open(&place.0, sealed).ok_or_else(damaged)?;
        Ok(DataKey(Zeroizing::new(text.as_slice().try_into().map_err(|_| damaged())?)))
    }

    /// Says whether the row of a data key is under the first key.
    pub(super) fn is_current(&self, place: &KeyPlace, row: &[u8]) -> Result<bool> {
        Ok(wrapped(place, row)?.0 == self.first()?.key_id())
    }

    /// The key of a tenant's at a place, if it was read before.
    pub(super) fn tenant_key(&self, place: &KeyPlace) -> Option<Arc<Cipher>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(place).cloned()
    }

    pub(super) fn keep_tenant_key(&self, place: KeyPlace, key: Arc<Cipher>) {
        let mut keys = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= TENANT_KEYS_MAX {
            keys.clear();
        }
        keys.insert(place, key);
    }

    fn first(&self) -> Result<&StoreKey> {
        self.keys.first().ok_or_else(|| Error::option("encrypted", "there is no key in the list"))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// The id of the key that a data key is wrapped under, and what is sealed.
fn wrapped<'a>(place: &KeyPlace, row: &'a [u8]) -> Result<(KeyId, &'a [u8])> {
    let damaged = || Table::DataKey.damaged();
    let row = codec::verified(&place.0, row).ok_or_else(damaged)?;
    let (id, sealed) = match row {
        [WRAPPED, row @ ..] => row.split_first_chunk().ok_or_else(damaged)?,
        _ => return Err(damaged()),
    };
    Ok((KeyId(u64::from_be_bytes(*id)), sealed))
}

/// The ids of the keys that something may be under.
fn listed(raw: &Rows) -> Result<Vec<KeyId>> {
    raw.page(Table::StoreKey.all(), usize::MAX, |key, value| {
        codec::decode::<()>(key, value).ok_or_else(|| Table::StoreKey.damaged())?;
        Tail(key, Table::StoreKey).u64().map(KeyId)
    })
}

fn listing(id: KeyId) -> Vec<u8> {
    [&[Table::StoreKey as u8], &id.0.to_be_bytes()[..]].concat()
}

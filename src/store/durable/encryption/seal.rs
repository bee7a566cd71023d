//! A batch, sealed.

use super::cache::Cache;
use super::cipher::{Cipher, DataKey, Random};
use super::engine::{SEALED, SealedView};
use super::place::{Cover, KeyPlace, cover};
use super::vault::Vault;
use crate::error::{Error, Result};
use crate::store::codec;
use crate::store::durable::engine::Write;
use crate::store::durable::keys::{Table, end};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;
use zeroize::Zeroize;

/// Seals a batch that is planned on a view, and adds what becomes of data keys: those that come to be with it, and those
/// that go with what they were for.
pub(super) fn seal(batch: Vec<Write>, vault: &Vault, view: SealedView) -> Result<(Vec<Write>, TrailKeys)> {
    let mut sealing = Sealing {
        vault,
        view,
        random: Random::new(),
        tenants: HashMap::new(),
        trails: HashMap::new(),
        removed: BTreeMap::new(),
        keys: TrailKeys::default(),
        list: Vec::with_capacity(batch.len() + batch.len() / 3 + 4),
    };
    batch.into_iter().try_for_each(|write| sealing.add(write))?;
    sealing.drop_trails()?;
    Ok((sealing.list, sealing.keys))
}

/// What a batch does to the keys of trails.
#[derive(Default)]
pub(super) struct TrailKeys {
    made: Vec<(KeyPlace, DataKey)>,
    drops: bool,
}

impl TrailKeys {
    /// Tells the cache, after the batch was written or was not. One that failed may have been applied nevertheless: the
    /// keys that it made are not known to stand, those that it dropped are not known to be left.
    pub(super) fn settle(self, cache: &Cache, is_written: bool) {
        if self.drops {
            cache.drop_trails();
        }
        if is_written {
            let age = cache.age();
            self.made.into_iter().for_each(|(place, key)| cache.put(place, age, key));
        }
    }
}

struct Sealing<'a> {
    vault: &'a Vault,
    view: SealedView,
    random: Random,
    /// The latest key of each tenant.
    tenants: HashMap<u32, (KeyPlace, Arc<Cipher>)>,
    /// The keys of the trails that something is put on.
    trails: HashMap<KeyPlace, Arc<Cipher>>,
    /// What is removed of each trail.
    removed: BTreeMap<KeyPlace, BTreeSet<Vec<u8>>>,
    keys: TrailKeys,
    list: Vec<Write>,
}

impl Sealing<'_> {
    fn add(&mut self, write: Write) -> Result<()> {
        match write {
            Write::Put(key, row) => match cover(&key)? {
                Cover::Plain => self.list.push(Write::Put(key, row)),
                Cover::Tenant(tenant) => {
                    let (place, cipher) = self.of_tenant(tenant)?;
                    self.put(key, row, &cipher, Some(place.number()))?;
                }
                Cover::Record(place) => {
                    // An older version's key goes with it.
                    let cipher = self.make(place)?.cipher();
                    self.put(key, row, &cipher, None)?;
                }
                Cover::Trail(place) => {
                    let cipher = self.of_trail(place)?;
                    self.put(key, row, &cipher, None)?;
                }
            },
            Write::Remove(key) => {
                match cover(&key)? {
                    Cover::Plain | Cover::Tenant(_) => {}
                    Cover::Record(place) => self.list.push(Write::Remove(place.0.to_vec())),
                    Cover::Trail(place) => {
                        self.removed.entry(place).or_default().insert(key.clone());
                    }
                }
                self.list.push(Write::Remove(key));
            }
        }
        Ok(())
    }

    fn put(&mut self, key: Vec<u8>, mut row: Vec<u8>, cipher: &Cipher, number: Option<u64>) -> Result<()> {
        // The checksum is over what is written.
        let text = codec::verified(&key, &row).ok_or_else(|| Error::store("seal a row", "it has no checksum"))?;
        let mut sealed = Vec::with_capacity(text.len() + 64);
        sealed.push(SEALED);
        sealed.extend(number.into_iter().flat_map(u64::to_be_bytes));
        cipher.seal(&key, text, &mut sealed, &mut self.random)?;
        row.zeroize();
        let sealed = codec::checked(&key, sealed);
        self.list.push(Write::Put(key, sealed));
        Ok(())
    }

    fn make(&mut self, place: KeyPlace) -> Result<DataKey> {
        let data = DataKey::new(&mut self.random)?;
        self.list.push(self.vault.wrap(place, &data, &mut self.random)?);
        Ok(data)
    }

    fn of_tenant(&mut self, tenant: u32) -> Result<(KeyPlace, Arc<Cipher>)> {
        if let Some((place, cipher)) = self.tenants.get(&tenant) {
            return Ok((*place, Arc::clone(cipher)));
        }
        let found = match self.view.latest_tenant_key(tenant)? {
            Some(found) => found,
            None => {
                let place = KeyPlace::of_tenant(tenant, 1);
                (place, Arc::new(self.make(place)?.cipher()))
            }
        };
        self.tenants.insert(tenant, found.clone());
        Ok(found)
    }

    fn of_trail(&mut self, place: KeyPlace) -> Result<Arc<Cipher>> {
        if let Some(cipher) = self.trails.get(&place) {
            return Ok(Arc::clone(cipher));
        }
        let known = match self.vault.cache.get_current(&place) {
            Some(key) => Some(key),
            None => self.view.data_key(place)?,
        };
        let key = match known {
            Some(key) => key,
            None => {
                let key = self.make(place)?;
                self.keys.made.push((place, key.clone()));
                key
            }
        };
        let cipher = Arc::new(key.cipher());
        self.trails.insert(place, Arc::clone(&cipher));
        Ok(cipher)
    }

    /// Drops the keys of trails of which nothing is left.
    fn drop_trails(&mut self) -> Result<()> {
        for (place, removed) in std::mem::take(&mut self.removed) {
            if !self.trails.contains_key(&place) && !self.is_left(place, &removed)? {
                self.list.push(Write::Remove(place.0.to_vec()));
                self.keys.drops = true;
            }
        }
        Ok(())
    }

    fn is_left(&self, place: KeyPlace, removed: &BTreeSet<Vec<u8>>) -> Result<bool> {
        let mut left = false;
        for table in [Table::Trail, Table::Event, Table::Deeds] {
            let first = place.in_table(table);
            let after = end(&first);
            self.view.under.scan(first..after, &mut |key, _| {
                left |= !removed.contains(key);
                Ok(if left { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
            if left {
                break;
            }
        }
        Ok(left)
    }
}

//! A batch, sealed.

use super::cipher::{self, DataKey, Random};
use super::engine::{SEALED, SealedView};
use super::place::{Cover, KeyPlace, cover};
use super::vault::Vault;
use crate::error::{Error, Result};
use crate::store::codec;
use crate::store::durable::engine::Write;
use crate::store::durable::keys::{Table, end};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use zeroize::Zeroize;

/// Seals a batch that is planned on a view, and adds what becomes of data keys: those that come to be with it, and those
/// that go with what they were for.
pub(super) fn seal(batch: Vec<Write>, vault: &Vault, view: SealedView) -> Result<Vec<Write>> {
    let list = Vec::with_capacity(batch.len() + batch.len() / 3 + 4);
    let (random, tenants, trails) = (Random::new(), HashMap::new(), BTreeMap::new());
    let mut sealing = Sealing { vault, view, random, tenants, trails, removed: BTreeMap::new(), list };
    batch.into_iter().try_for_each(|write| sealing.add(write))?;
    sealing.drop_trails()?;
    Ok(sealing.list)
}

struct Sealing<'a> {
    vault: &'a Vault,
    view: SealedView,
    random: Random,
    /// The latest key of each tenant.
    tenants: HashMap<u32, (KeyPlace, DataKey)>,
    /// The keys of the trails that something is put on.
    trails: BTreeMap<KeyPlace, DataKey>,
    /// What is removed of each trail.
    removed: BTreeMap<KeyPlace, BTreeSet<Vec<u8>>>,
    list: Vec<Write>,
}

impl Sealing<'_> {
    fn add(&mut self, write: Write) -> Result<()> {
        match write {
            Write::Put(key, row) => match cover(&key)? {
                Cover::Plain => self.list.push(Write::Put(key, row)),
                Cover::Tenant(tenant) => {
                    let (place, data) = self.of_tenant(tenant)?;
                    self.put(key, row, &data, Some(place.number()))?;
                }
                Cover::Record(place) => {
                    // An older version's key goes with it.
                    let data = self.make(place)?;
                    self.put(key, row, &data, None)?;
                }
                Cover::Trail(place) => {
                    let data = self.of_trail(place)?;
                    self.put(key, row, &data, None)?;
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

    fn put(&mut self, key: Vec<u8>, mut row: Vec<u8>, data: &DataKey, number: Option<u64>) -> Result<()> {
        // The checksum is over what is written.
        let text = codec::verified(&key, &row).ok_or_else(|| Error::store("seal a row", "it has no checksum"))?;
        let mut sealed = Vec::with_capacity(text.len() + 64);
        sealed.push(SEALED);
        sealed.extend(number.into_iter().flat_map(u64::to_be_bytes));
        cipher::seal(&data.0, &key, text, &mut sealed, &mut self.random)?;
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

    fn of_tenant(&mut self, tenant: u32) -> Result<(KeyPlace, DataKey)> {
        if let Some((place, key)) = self.tenants.get(&tenant) {
            return Ok((*place, key.clone()));
        }
        let found = match self.view.latest_tenant_key(tenant)? {
            Some(found) => found,
            None => {
                let place = KeyPlace::of_tenant(tenant, 1);
                (place, self.make(place)?)
            }
        };
        self.tenants.insert(tenant, found.clone());
        Ok(found)
    }

    fn of_trail(&mut self, place: KeyPlace) -> Result<DataKey> {
        if let Some(key) = self.trails.get(&place) {
            return Ok(key.clone());
        }
        // The writer may not go by the cache, which is as old as some reader's view.
        let key = match self.view.data_key(place)? {
            Some(key) => key,
            None => self.make(place)?,
        };
        self.trails.insert(place, key.clone());
        Ok(key)
    }

    /// Drops the keys of trails of which nothing is left.
    fn drop_trails(&mut self) -> Result<()> {
        for (place, removed) in std::mem::take(&mut self.removed) {
            if !self.trails.contains_key(&place) && !self.is_left(place, &removed)? {
                self.list.push(Write::Remove(place.0.to_vec()));
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

//! The layer over an engine, and what reads through it.

use super::cache::Age;
use super::cipher::{Cipher, DataKey};
use super::place::{Cover, KeyPlace, cover};
use super::seal;
use super::vault::Vault;
use crate::error::Result;
use crate::store::codec;
use crate::store::durable::engine::{Each, Engine, EngineView, Reach, Write};
use crate::store::durable::keys::{Table, end};
use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What a sealed row begins with: its format, beside those of `codec`.
pub(super) const SEALED: u8 = 2;

/// A scan that meets many data keys reads so many ahead at most.
const AHEAD_MAX: usize = 256;

/// Seals what is written to an engine, and opens what is read.
pub(in crate::store::durable) struct Sealed {
    under: Arc<dyn Engine>,
    vault: Arc<Vault>,
}

impl Sealed {
    pub(in crate::store::durable) fn new(under: Arc<dyn Engine>, vault: Arc<Vault>) -> Self {
        Self { under, vault }
    }
}

impl Engine for Sealed {
    fn view(&self) -> Result<Arc<dyn EngineView>> {
        Ok(Arc::new(SealedView::new(&*self.under, &self.vault)?))
    }

    fn write(&self, batch: Vec<Write>, reach: Reach) -> Result<()> {
        let (batch, keys) = seal::seal(batch, &self.vault, SealedView::new(&*self.under, &self.vault)?)?;
        let written = self.under.write(batch, reach);
        keys.settle(&self.vault.cache, written.is_ok());
        written
    }

    fn sync(&self) -> Result<()> {
        self.under.sync()
    }
}

pub(super) struct SealedView {
    pub(super) under: Arc<dyn EngineView>,
    vault: Arc<Vault>,
    age: Age,
}

impl SealedView {
    fn new(under: &dyn Engine, vault: &Arc<Vault>) -> Result<Self> {
        // Its age comes first: a view that is younger than it says misses a key, one that is older would have a wrong one.
        let age = vault.cache.age();
        Ok(Self { under: under.view()?, vault: Arc::clone(vault), age })
    }
}

impl EngineView for SealedView {
    fn get(&self, key: &[u8], found: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match cover(key)? {
            Cover::Plain => self.under.get(key, found),
            cover => self.under.get(key, &mut |row| found(&self.open(cover, key, row, None)?)),
        }
    }

    fn scan(&self, keys: Range<Vec<u8>>, each: &mut Each<'_>) -> Result<()> {
        if cover_of_range(&keys) == Cover::Plain {
            return self.under.scan(keys, each);
        }
        let mut ahead = Ahead::default();
        self.under.scan(keys, &mut |key, row| each(key, &self.open(cover(key)?, key, row, Some(&mut ahead))?))
    }
}

/// Whether a range is of a table whose rows are plain. A range stays within a table.
fn cover_of_range(keys: &Range<Vec<u8>>) -> Cover {
    let table = keys.start.first().copied().unwrap_or_default();
    // A whole key of any table: what is sealed in a table does not hang on the rest.
    cover(&[&[table], &[0; 12][..]].concat()).unwrap_or(Cover::Plain)
}

/// Data keys in the order of their places, from those that a scan asked for last.
#[derive(Default)]
struct Ahead {
    keys: VecDeque<(KeyPlace, DataKey)>,
    asked: usize,
}

impl SealedView {
    /// A row as it was before it was sealed.
    fn open(&self, cover: Cover, key: &[u8], row: &[u8], ahead: Option<&mut Ahead>) -> Result<Zeroizing<Vec<u8>>> {
        let damaged = || key.first().and_then(|&table| Table::of(table)).unwrap_or(Table::DataKey).damaged();
        let Some([SEALED, sealed @ ..]) = codec::verified(key, row) else { return Err(damaged()) };
        let text = match cover {
            Cover::Plain => return Err(damaged()),
            Cover::Tenant(tenant) => {
                let (number, sealed) = sealed.split_first_chunk().ok_or_else(damaged)?;
                let place = KeyPlace::of_tenant(tenant, u64::from_be_bytes(*number));
                let data = self.tenant_key(&place)?.ok_or_else(damaged)?;
                data.open(key, sealed)
            }
            Cover::Record(place) | Cover::Trail(place) => {
                let cached = self.vault.cache.get(&place);
                match cached.and_then(|data| data.cipher().open(key, sealed)) {
                    Some(text) => Some(text),
                    None => {
                        let data = match ahead {
                            Some(ahead) => self.key_ahead(place, ahead)?,
                            None => self.data_key(place)?,
                        };
                        data.ok_or_else(damaged)?.cipher().open(key, sealed)
                    }
                }
            }
        };
        let mut text = text.ok_or_else(damaged)?;
        // Within its room: nothing is moved.
        *text = codec::checked(key, std::mem::take(&mut *text));
        Ok(text)
    }

    /// The data key at a place, as it stands in this view.
    pub(super) fn data_key(&self, place: KeyPlace) -> Result<Option<DataKey>> {
        let key = self.stored(&place)?;
        if let Some(key) = &key {
            self.vault.cache.put(place, self.age, key.clone());
        }
        Ok(key)
    }

    fn stored(&self, place: &KeyPlace) -> Result<Option<DataKey>> {
        let mut key = None;
        self.under.get(&place.0, &mut |row| {
            key = Some(self.vault.unwrap(place, row)?);
            Ok(())
        })?;
        Ok(key)
    }

    fn tenant_key(&self, place: &KeyPlace) -> Result<Option<Arc<Cipher>>> {
        if let Some(key) = self.vault.tenant_key(place) {
            return Ok(Some(key));
        }
        let key = self.stored(place)?.map(|key| Arc::new(key.cipher()));
        if let Some(key) = &key {
            self.vault.keep_tenant_key(*place, Arc::clone(key));
        }
        Ok(key)
    }

    /// The latest key of a tenant's, by whose number all that is written for it is sealed.
    pub(super) fn latest_tenant_key(&self, tenant: u32) -> Result<Option<(KeyPlace, Arc<Cipher>)>> {
        let mut latest = None;
        let keys = KeyPlace::of_tenant(tenant, 0).0.to_vec()..end(&KeyPlace::of_tenant(tenant, u64::MAX).0);
        self.under.scan(keys, &mut |key, _| {
            latest = Some(KeyPlace::read(key)?);
            Ok(ControlFlow::Continue(()))
        })?;
        let Some(place) = latest else { return Ok(None) };
        Ok(self.tenant_key(&place)?.map(|key| (place, key)))
    }

    /// The data key at a place, of a scan that asks for places in their order: the first by itself, and then the more
    /// ahead, the more it asked for.
    fn key_ahead(&self, place: KeyPlace, ahead: &mut Ahead) -> Result<Option<DataKey>> {
        while ahead.keys.front().is_some_and(|(found, _)| *found < place) {
            ahead.keys.pop_front();
        }
        if let Some((found, key)) = ahead.keys.front() {
            return Ok((*found == place).then(|| key.clone()));
        }
        if ahead.asked == 0 {
            ahead.asked = 1;
            return self.data_key(place);
        }
        ahead.asked = (ahead.asked * 4).min(AHEAD_MAX);
        self.under.scan(place.0.to_vec()..Table::DataKey.all().end, &mut |key, row| {
            let found = KeyPlace::read(key)?;
            ahead.keys.push_back((found, self.vault.unwrap(&found, row)?));
            Ok(if ahead.keys.len() < ahead.asked { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(ahead.keys.front().filter(|(found, _)| *found == place).map(|(_, key)| key.clone()))
    }
}

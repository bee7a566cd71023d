//! Another key of the host's.

use super::cipher::{DataKey, Random};
use super::engine::SEALED;
use super::place::{KeyPlace, OF_TENANTS};
use super::vault::Vault;
use crate::error::{Error, Result};
use crate::store::durable::Durable;
use crate::store::durable::engine::Write;
use crate::store::durable::keys::{Table, end};
use crate::store::durable::view::Rows;
use std::ops::{ControlFlow, Range};

/// So many rows are looked at in a step, and written anew at most: a commit waits for that.
const STEP: usize = 1000;

impl Durable {
    /// Brings everything under the first of the keys that the store was opened with, and lets go of the others: the data
    /// keys of records and trails are wrapped anew, and what is sealed under a tenant's key (its state, its policy, words
    /// of stewards, all that is derived) is sealed under a new one. Records and events are not rewritten. Where all is
    /// under the first key, nothing is done.
    ///
    /// Reads and commits go on meanwhile; a commit waits for a step of 1,000 rows at most. What is cut short is resumed by
    /// the next call, and until one has come to its end the store opens only with all of the keys. When it has, the old
    /// key opens nothing that stands. Destroy it, and all that was dropped before is beyond reach in files that were not
    /// rewritten yet, and in copies of them: with the data keys that it wrapped, what they sealed. (So are whole backups
    /// from before: take another.)
    ///
    /// Time: O(records + trails + derived rows). Memory: O(1).
    ///
    /// # Errors
    /// `Config` where the store is not encrypted; `Store` where it cannot be read or written; `Corrupt` where a row is
    /// damaged.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Durable, StoreKey};
    /// # let place = tempfile::tempdir().unwrap();
    /// # let path = place.path().join("profiles");
    /// # let old = || StoreKey::new(*b"an old key, of 32 random bytes..");
    /// # let new = || StoreKey::new(*b"the new key, of 32 random bytes.");
    /// drop(Durable::options(&path).encrypted([old()?]).open()?);
    ///
    /// let store = Durable::options(&path).encrypted([new()?, old()?]).open()?;
    /// store.rotate()?;
    /// drop(store);
    /// assert!(Durable::options(&path).encrypted([old()?]).open().is_err());
    /// assert!(Durable::options(&path).encrypted([new()?]).open().is_ok());
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn rotate(&self) -> Result<()> {
        let vault = self.vault.as_deref();
        let vault = vault.ok_or_else(|| Error::option("encrypted", "the store is not encrypted"))?;
        let mut from = Table::DataKey.all();
        self.each_step(|raw| rewrap(vault, raw, &mut from))?;
        let tenants = self.raw()?.page(Table::Tenant.all(), usize::MAX, |_, _| Ok(()))?.len() as u32;
        for tenant in 0..tenants {
            self.step(|raw| renew(vault, raw, tenant))?;
            let Some(&latest) = keys_of(&self.raw()?, tenant)?.last() else { continue };
            for table in OF_TENANTS {
                let mut from = rows_of(tenant, table);
                self.each_step(|raw| reseal(&self.rows()?, raw, latest, &mut from))?;
            }
            self.step(|raw| {
                let others = keys_of(raw, tenant)?.into_iter().filter(|&place| place != latest);
                Ok(others.map(|place| Write::Remove(place.0.to_vec())).collect())
            })?;
        }
        self.step(|raw| vault.withdraw(raw))?;
        self.engine().sync()
    }

    /// Makes a step, with no commit beside it.
    fn step(&self, plan: impl FnOnce(&Rows) -> Result<Vec<Write>>) -> Result<()> {
        let _writing = self.writing();
        let writes = plan(&self.raw()?)?;
        if writes.is_empty() { Ok(()) } else { self.write(&self.rows()?, writes) }
    }

    /// Makes steps until one has reached the end of its rows.
    fn each_step(&self, mut plan: impl FnMut(&Rows) -> Result<(Vec<Write>, ControlFlow<()>)>) -> Result<()> {
        let mut flow = ControlFlow::Continue(());
        while flow.is_continue() {
            self.step(|raw| {
                let (writes, next) = plan(raw)?;
                flow = next;
                Ok(writes)
            })?;
        }
        Ok(())
    }
}

/// Wraps data keys under the first key. Those of tenants are made anew instead.
fn rewrap(vault: &Vault, raw: &Rows, from: &mut Range<Vec<u8>>) -> Result<(Vec<Write>, ControlFlow<()>)> {
    let (mut writes, mut random) = (Vec::new(), Random::new());
    let flow = some(raw, from, |key, row| {
        let place = KeyPlace::read(key)?;
        if !place.is_tenants() && !vault.is_current(&place, row)? {
            writes.push(vault.wrap(place, &vault.unwrap(&place, row)?, &mut random)?);
        }
        Ok(())
    })?;
    Ok((writes, flow))
}

/// Makes a tenant's key anew if the latest is not under the first key.
fn renew(vault: &Vault, raw: &Rows, tenant: u32) -> Result<Vec<Write>> {
    let Some(&latest) = keys_of(raw, tenant)?.last() else { return Ok(Vec::new()) };
    let mut is_current = true;
    raw.each(latest.0.to_vec()..end(&latest.0), |_, row| {
        is_current = vault.is_current(&latest, row)?;
        Ok(ControlFlow::Break(()))
    })?;
    if is_current {
        return Ok(Vec::new());
    }
    let mut random = Random::new();
    let next = KeyPlace::of_tenant(tenant, latest.number() + 1);
    Ok(vec![vault.wrap(next, &DataKey::new(&mut random)?, &mut random)?])
}

/// Puts what is under an older key of a tenant's as it is: the store seals it under the latest.
fn reseal(
    rows: &Rows,
    raw: &Rows,
    latest: KeyPlace,
    from: &mut Range<Vec<u8>>,
) -> Result<(Vec<Write>, ControlFlow<()>)> {
    let mut stale = Vec::new();
    let flow = some(raw, from, |key, row| {
        match row {
            [SEALED, row @ ..] if row.starts_with(&latest.number().to_be_bytes()) => {}
            _ => stale.push(key.to_vec()),
        }
        Ok(())
    })?;
    let mut writes = Vec::with_capacity(stale.len());
    for key in stale {
        rows.each(key.clone()..end(&key), |found, row| {
            writes.push(Write::Put(found.to_vec(), row.to_vec()));
            Ok(ControlFlow::Break(()))
        })?;
    }
    Ok((writes, flow))
}

/// Hands on some rows of a range, and leaves in it what comes after them.
fn some(
    raw: &Rows,
    range: &mut Range<Vec<u8>>,
    mut each: impl FnMut(&[u8], &[u8]) -> Result<()>,
) -> Result<ControlFlow<()>> {
    let (mut seen, mut last) = (0, None);
    raw.each(range.clone(), |key, row| {
        each(key, row)?;
        seen += 1;
        if seen < STEP {
            return Ok(ControlFlow::Continue(()));
        }
        last = Some([key, &[0]].concat());
        Ok(ControlFlow::Break(()))
    })?;
    let Some(last) = last else { return Ok(ControlFlow::Break(())) };
    range.start = last;
    Ok(ControlFlow::Continue(()))
}

/// The places of a tenant's keys, the latest last.
fn keys_of(raw: &Rows, tenant: u32) -> Result<Vec<KeyPlace>> {
    let keys = KeyPlace::of_tenant(tenant, 0).0.to_vec()..end(&KeyPlace::of_tenant(tenant, u64::MAX).0);
    raw.page(keys, usize::MAX, |key, _| KeyPlace::read(key))
}

/// All rows of a tenant in a table, of all generations.
fn rows_of(tenant: u32, table: Table) -> Range<Vec<u8>> {
    let first = [&[table as u8], &tenant.to_be_bytes()[..]].concat();
    let after = end(&first);
    first..after
}

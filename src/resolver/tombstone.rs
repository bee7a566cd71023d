//! Tombstones: what was erased stays away, on every way in, until it is lifted.

use super::Resolver;
use super::plan::Planner;
use crate::error::{Error, Result};
use crate::id::{Seed, TombstoneHash};
use crate::identifier::{Secret, hash_erased, hash_erased_identifier, hash_value};
use crate::normalise::normalise_identifier;
use crate::policy::Rules;
use crate::record::{Assertion, Identifier, RecordKey, What};
use crate::store::{Meta, Presence, SecretUse, Snapshot};
use smallvec::SmallVec;

/// The tombstones of a tenant.
pub(super) struct Tombstones<'a> {
    pub(super) snapshot: &'a dyn Snapshot,
    pub(super) seed: Seed,
    pub(super) secrets: &'a [Secret],
    pub(super) meta: &'a Meta,
}

impl Tombstones<'_> {
    /// Refuses to judge without one of the secrets that tombstones stand under.
    pub(super) fn check(&self) -> Result<()> {
        let known = |used: &SecretUse| self.secrets.iter().any(|secret| secret.name() == used.secret);
        if self.meta.secrets.iter().all(known) {
            return Ok(());
        }
        let reason = "people were erased under a secret that the resolver was not given; they would come back";
        Err(Error::option("secret", reason))
    }

    /// Whether evidence, or an identifier of it, was erased. Nothing is read where no tombstone stands. An identifier
    /// that somebody carries is theirs, whatever it is like.
    pub(super) fn cover(&self, rules: &Rules, what: What, key: &RecordKey, sent: &[Identifier]) -> Result<bool> {
        if self.meta.counts.tombstones == 0 {
            return Ok(false);
        }
        self.check()?;
        if self.any(self.secrets.iter().map(|secret| hash_erased(secret, what, key)).collect())? {
            return Ok(true);
        }
        for identifier in sent {
            let hashes = forms(rules, identifier).iter().flat_map(|form| self.hashes(form)).collect();
            if self.any(hashes)? && !self.is_carried(rules, identifier)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The hashes of one form of an identifier, under each secret.
    fn hashes(&self, form: &Identifier) -> SmallVec<[TombstoneHash; 4]> {
        self.secrets.iter().filter_map(|secret| hash_erased_identifier(secret, form)).collect()
    }

    pub(super) fn any(&self, hashes: SmallVec<[TombstoneHash; 4]>) -> Result<bool> {
        Ok(self.snapshot.tombstones(&hashes)?.contains(&true))
    }

    fn is_carried(&self, rules: &Rules, identifier: &Identifier) -> Result<bool> {
        let Ok((kind, value)) = normalise_identifier(rules, identifier) else { return Ok(false) };
        let value = hash_value(self.seed, rules, kind, &value);
        Ok(self.snapshot.postings(&[value])?.iter().any(Option::is_some))
    }
}

/// An identifier as it was sent, and as the policy reads it, where that is another text.
pub(super) fn forms(rules: &Rules, identifier: &Identifier) -> SmallVec<[Identifier; 2]> {
    let mut forms = SmallVec::from_iter([identifier.clone()]);
    if let Ok((_, value)) = normalise_identifier(rules, identifier)
        && value != identifier.value
    {
        forms.push(Identifier { kind: identifier.kind.clone(), value });
    }
    forms
}

impl Planner<'_> {
    pub(super) fn tombstones(&self) -> Tombstones<'_> {
        Tombstones { snapshot: &self.overlay, seed: self.seed, secrets: self.secrets, meta: &self.meta }
    }

    /// Whether evidence is refused since it, or an identifier of it, was erased. It is counted.
    pub(super) fn refuses(&mut self, what: What, key: &RecordKey, sent: &[Identifier]) -> Result<bool> {
        let refused = self.tombstones().cover(self.rules, what, key, sent)?;
        self.count_refused(refused)
    }

    /// Whether a steward's word names a record that was erased.
    pub(super) fn refuses_word(&mut self, said: &Assertion) -> Result<bool> {
        let named = |key| self.tombstones().cover(self.rules, What::Record, key, &[]);
        let refused = named(&said.a)? || named(&said.b)?;
        self.count_refused(refused)
    }

    fn count_refused(&mut self, refused: bool) -> Result<bool> {
        self.meta.counts.refused += u64::from(refused);
        self.changed |= refused;
        Ok(refused)
    }

    /// Puts a tombstone under the first secret; says whether it is new.
    pub(super) fn put_tombstone(&mut self, secret: &Secret, hash: TombstoneHash) -> Result<bool> {
        if self.tombstones().any(SmallVec::from_slice(&[hash]))? {
            return Ok(false);
        }
        self.overlay.set_tombstone(hash, Presence::Present);
        self.changed = true;
        self.meta.counts.tombstones += 1;
        let name = secret.name();
        match self.meta.secrets.iter_mut().find(|used| used.secret == name) {
            Some(used) => used.tombstones += 1,
            None => self.meta.secrets.push(SecretUse { secret: name, tombstones: 1 }),
        }
        Ok(true)
    }

    /// Lifts the tombstone of a key, under each secret; says how many there were.
    pub(super) fn lift_tombstone(&mut self, what: What, key: &RecordKey) -> Result<u64> {
        self.lift_tombstones(|secret| Some(hash_erased(secret, what, key)))
    }

    pub(super) fn lift_tombstones(&mut self, hash: impl Fn(&Secret) -> Option<TombstoneHash>) -> Result<u64> {
        if self.meta.counts.tombstones == 0 {
            return Ok(0);
        }
        self.tombstones().check()?;
        let mut lifted = 0;
        for secret in self.secrets {
            let Some(hash) = hash(secret) else { continue };
            if !self.tombstones().any(SmallVec::from_slice(&[hash]))? {
                continue;
            }
            self.overlay.set_tombstone(hash, Presence::Absent);
            self.changed = true;
            lifted += 1;
            self.meta.counts.tombstones -= 1;
            let name = secret.name();
            self.meta.secrets.iter_mut().filter(|used| used.secret == name).for_each(|used| used.tombstones -= 1);
            self.meta.secrets.retain(|used| used.tombstones > 0);
        }
        Ok(lifted)
    }
}

impl Resolver {
    /// Lifts the tombstones of an identifier, of whatever it is the same as when only letters and digits count: it is
    /// taken in again. The records and events that were erased stay away, by their keys
    /// ([`lift_tombstone`](Self::lift_tombstone)). Answers how many tombstones were lifted.
    ///
    /// # Errors
    /// `Config` where a secret is missing that tombstones stand under; `Store` where writing failed.
    pub fn lift_tombstones(&self, identifier: &Identifier) -> Result<u64> {
        self.write(|planner| {
            let mut lifted = 0;
            for form in forms(planner.rules, identifier) {
                lifted += planner.lift_tombstones(|secret| hash_erased_identifier(secret, &form))?;
            }
            Ok(lifted)
        })
    }

    /// Lifts the tombstone of a record, event or consent that was erased: one of its key is taken in again. Answers
    /// whether there was one.
    ///
    /// # Errors
    /// As for [`lift_tombstones`](Self::lift_tombstones).
    pub fn lift_tombstone(&self, what: What, key: &RecordKey) -> Result<bool> {
        self.write(|planner| Ok(planner.lift_tombstone(what, key)? > 0))
    }
}

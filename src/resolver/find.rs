//! Who an identifier leads to.

use super::answer::Found;
use super::moments::newest_claim;
use super::read::View;
use crate::error::Result;
use crate::id::{Link, ProfileId, RecordNumber, ValueHash};
use crate::identifier::hash_value;
use crate::normalise::normalise_identifier;
use crate::policy::{Contested, Links};
use crate::profile::Status;
use crate::record::Identifier;
use crate::store::{Numbers, Posting, ValueState};
use ahash::AHashSet;

/// The other claimants that an answer names at the most.
const CLAIMANTS_MAX: usize = 100;

impl View {
    /// Finds the profile that holds an identifier, as sent or normalised, and the others that claim it.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn find(&self, identifier: &Identifier) -> Result<Found> {
        let nobody = |status| Found { profile: None, claimants: Vec::new(), status };
        let Ok((kind, value)) = normalise_identifier(&self.rules, identifier) else {
            return Ok(nobody(Status::Refused));
        };
        let link = Link { kind, value: hash_value(self.seed, &self.rules, kind, &value) };
        match self.snapshot.postings(&[link.value])?.pop().flatten() {
            Some(posting) => self.holder(link, &posting),
            None => Ok(nobody(Status::Unknown)),
        }
    }

    /// Finds many at once, in the order asked.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn find_all(&self, identifiers: &[Identifier]) -> Result<Vec<Found>> {
        identifiers.iter().map(|identifier| self.find(identifier)).collect()
    }

    /// The holder of a value that live records carry (DESIGN 4.3).
    pub(super) fn holder(&self, link: Link, posting: &Posting) -> Result<Found> {
        let Some(rule) = self.rules.kinds.get(usize::from(link.kind)) else {
            return Ok(Found { profile: None, claimants: Vec::new(), status: Status::Unknown });
        };
        match &posting.state {
            ValueState::Generic => Ok(Found { profile: None, claimants: Vec::new(), status: Status::Generic }),
            ValueState::Clear if rule.links != Links::None => {
                let first = match &posting.carriers {
                    Numbers::Inline(list) => list.first().copied(),
                    Numbers::Spilled(_) => self.carriers(link, posting, 1)?.first().copied(),
                };
                let profile = first.map(|first| self.bearer(first)).transpose()?.flatten();
                Ok(Found { profile, claimants: Vec::new(), status: Status::Held })
            }
            ValueState::Contested { holder } => {
                let carriers = self.carriers(link, posting, usize::MAX)?;
                self.among(&carriers, *holder)
            }
            ValueState::Inert { .. } => self.among(&self.claiming(link, posting)?, None),
            ValueState::Clear => {
                let carriers = self.carriers(link, posting, usize::MAX)?;
                let newest = if rule.contested == Contested::Latest { self.newest(&carriers)? } else { None };
                self.among(&carriers, newest)
            }
        }
    }

    /// The carrier with the newest claim.
    fn newest(&self, carriers: &[RecordNumber]) -> Result<Option<RecordNumber>> {
        let nodes = self.snapshot.nodes(carriers)?;
        let records = nodes.iter().flatten().all(|node| node.vertex.record().is_some());
        let trails = if records { vec![None; carriers.len()] } else { self.snapshot.trails(carriers)? };
        let claims = carriers.iter().zip(nodes).zip(trails);
        let claims =
            claims.filter_map(|((number, node), trail)| Some((newest_claim(&*node?, trail.as_deref()), *number)));
        Ok(claims.max().map(|(_, number)| number))
    }

    /// The holder among the profiles of carriers: the only one, or that of the carrier given.
    fn among(&self, carriers: &[RecordNumber], holder: Option<RecordNumber>) -> Result<Found> {
        let bearers = self.bearers(carriers)?;
        let of_holder = carriers.iter().position(|carrier| Some(*carrier) == holder);
        let held_by = of_holder.and_then(|place| bearers.get(place)).copied().flatten();
        let mut claimants: Vec<ProfileId> = bearers.into_iter().flatten().collect();
        claimants.sort_unstable_by_key(|id| id.number(self.seed));
        claimants.dedup();
        if let [only] = claimants.as_slice() {
            return Ok(Found { profile: Some(*only), claimants: Vec::new(), status: Status::Held });
        }
        claimants.retain(|claimant| Some(*claimant) != held_by);
        claimants.truncate(CLAIMANTS_MAX);
        Ok(Found { profile: held_by, claimants, status: Status::Contested })
    }

    /// Carriers of a value, a carrier of each of more profiles than an answer names or else of all. O(carriers of the
    /// profiles that come first).
    fn claiming(&self, link: Link, posting: &Posting) -> Result<Vec<RecordNumber>> {
        if let Numbers::Inline(list) = &posting.carriers {
            return Ok(list.to_vec());
        }
        let (mut found, mut seen, mut from) = (Vec::new(), AHashSet::new(), RecordNumber(0));
        loop {
            let page = self.snapshot.carriers(link.value, from, CLAIMANTS_MAX)?;
            let Some(last) = page.last() else { return Ok(found) };
            from = RecordNumber(last.0 + 1);
            for (&carrier, bearer) in page.iter().zip(self.bearers(&page)?) {
                if seen.insert(bearer) {
                    found.push(carrier);
                }
            }
            if found.len() > CLAIMANTS_MAX {
                return Ok(found);
            }
        }
    }

    /// Some carriers of a value, by number.
    pub(super) fn some_carriers(&self, value: ValueHash, posting: &Posting, limit: usize) -> Result<Vec<RecordNumber>> {
        match &posting.carriers {
            Numbers::Inline(list) => Ok(list.iter().copied().take(limit).collect()),
            Numbers::Spilled(_) => self.snapshot.carriers(value, RecordNumber(0), limit),
        }
    }

    pub(super) fn carriers(&self, link: Link, posting: &Posting, limit: usize) -> Result<Vec<RecordNumber>> {
        if limit < usize::MAX {
            return self.some_carriers(link.value, posting, limit);
        }
        crate::store::all(&posting.carriers, |from, limit| self.snapshot.carriers(link.value, from, limit))
    }
}

//! What somebody allowed, over all their identifiers.
//!
//! A consent is evidence as any event: it was told under identifiers, and goes with whoever has these. One that was told
//! under an address speaks of the address: where several people carry it, it counts for each of them, whoever holds it.

use super::Resolver;
use super::about::Subject;
use super::read::View;
use crate::consent::{ConsentQuery, Effective, Permission, Told, basis_of, effective, permit};
use crate::error::Result;
use crate::event::Event;
use crate::id::{Link, ProfileId, RecordNumber};
use crate::identifier::{Topic, hash_topic};
use crate::normalise::normalise_identifiers;
use crate::policy::Role;
use crate::store::DORMANT;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What others told is read of identifiers that so many carry; of more, one is nobody's own.
const CARRIERS_MAX: usize = 1_024;

/// All that was told of consents under the identifiers of a profile.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Consents {
    /// What was told, under each identifier, in the order of time.
    pub told: Vec<Told>,
    /// Identifiers that so many others carry (more than 1,024) that only what the profile itself told under them is here.
    pub crowded: u64,
}

impl View {
    /// All that was told of consents under the identifiers of a profile: by itself, and by whoever else carries one of its
    /// person or contact identifiers, which is marked. None if the id leads nowhere.
    ///
    /// O(members, trails, carriers of values that others carry too, and consents).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Consent, ConsentQuery, ConsentStatus, Event, Policy, Record, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let told = |key: &str, at: &str, status| -> onefold::Result<Event> {
    ///     Ok(Event::of_consent("web", key, at.parse()?, Consent::new("marketing", status).channel("sms")))
    /// };
    /// let no = told("c-1", "2026-01-05T10:00:00Z", ConsentStatus::Denied)?.identifier("email", "ann@example.org");
    /// let yes = told("c-2", "2026-01-06T10:00:00Z", ConsentStatus::Granted)?.identifier("phone", "+4366012345678");
    /// resolver.add_event(no)?;
    /// let by_phone = resolver.add_event(yes)?.profile.unwrap();
    /// let now = "2026-02-01T00:00:00Z".parse()?;
    /// assert!(resolver.may(by_phone, "marketing", "sms", now)?.unwrap().allowed);
    ///
    /// // It turns out that they are one person: the refusal holds.
    /// let crm = Record::new("crm", "42", "2026-01-07T10:00:00Z".parse()?);
    /// let crm = crm.identifier("email", "Ann@Example.org").identifier("phone", "+43 660 12345678");
    /// let ann = resolver.add(crm.attribute("given_name", "Ann"))?.profile.unwrap();
    /// assert_eq!(resolver.consents(ann)?.unwrap().told.len(), 2);
    /// assert!(!resolver.may(ann, "marketing", "sms", now)?.unwrap().allowed);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn consents(&self, id: ProfileId) -> Result<Option<Consents>> {
        self.subject(id)?.map(|subject| self.consents_of(&subject)).transpose()
    }

    /// The consent that holds for a profile, as [`effective`] has it. None if the id leads nowhere.
    ///
    /// # Errors
    /// As for [`consents`](Self::consents).
    pub fn effective_consent(&self, id: ProfileId, query: &ConsentQuery, now: Timestamp) -> Result<Option<Effective>> {
        Ok(self.consents(id)?.map(|consents| effective(&consents.told, query, now)))
    }

    /// Says whether a profile may be addressed for a purpose through a channel, and why: by the legal basis that the
    /// policy gives to the purpose ([`permit`]) and the consent that holds. None if the id leads nowhere.
    ///
    /// # Errors
    /// As for [`consents`](Self::consents).
    pub fn may(&self, id: ProfileId, purpose: &str, channel: &str, now: Timestamp) -> Result<Option<Permission>> {
        self.permission(id, &ConsentQuery::new(purpose).channel(channel), now)
    }

    /// Says whether data of a profile may be used as asked, and why, as [`may`](Self::may) does. None if the id leads
    /// nowhere.
    ///
    /// # Errors
    /// As for [`consents`](Self::consents).
    pub fn permission(&self, id: ProfileId, query: &ConsentQuery, now: Timestamp) -> Result<Option<Permission>> {
        let basis = basis_of(&self.rules.policy, &query.purpose);
        Ok(self.effective_consent(id, query, now)?.map(|consent| permit(basis, consent)))
    }

    pub(super) fn consents_of(&self, subject: &Subject) -> Result<Consents> {
        let mut consents = Consents::default();
        for event in self.events_under(Topic::Consent, subject)? {
            self.tell(&event, None, &mut consents.told);
        }
        self.add_shared(subject, &mut consents)?;
        let order = |a: &Told, b: &Told| {
            a.event.by_time(&b.event).then_with(|| (&a.subject, !a.own).cmp(&(&b.subject, !b.own)))
        };
        consents.told.sort_by(order);
        // An event of the profile on a trail of somebody else's is met twice: it is the profile's.
        consents.told.dedup_by(|next, kept| next.subject == kept.subject && next.event == kept.event);
        Ok(consents)
    }

    /// What others told under identifiers that the profile carries too.
    fn add_shared(&self, subject: &Subject, consents: &mut Consents) -> Result<()> {
        let mut carried: BTreeMap<Link, u64> = BTreeMap::new();
        for (_, node) in &subject.nodes {
            for link in &node.links {
                let rule = self.rules.kinds.get(usize::from(link.kind));
                if rule.is_some_and(|rule| rule.role.makes_known()) {
                    *carried.entry(*link).or_default() += 1;
                }
            }
        }
        let values: Vec<_> = carried.keys().map(|link| link.value).collect();
        let topic = hash_topic(self.seed, Topic::Consent);
        let members: BTreeSet<RecordNumber> = subject.members.iter().copied().collect();
        for ((link, own), posting) in carried.into_iter().zip(self.snapshot.postings(&values)?) {
            let Some(posting) = posting.filter(|posting| posting.carriers.len() > own) else { continue };
            if posting.carriers.len() > CARRIERS_MAX as u64 {
                consents.crowded += 1;
                continue;
            }
            let mut others = self.some_carriers(link.value, &posting, CARRIERS_MAX)?;
            others.retain(|other| !members.contains(other));
            for (other, node) in others.iter().zip(self.snapshot.nodes(&others)?) {
                if node.is_some_and(|node| node.cluster != DORMANT && node.vertex.record().is_none()) {
                    for event in self.events_at(&self.places_on(topic, *other)?)? {
                        self.tell(&event, Some(link), &mut consents.told);
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds a consent under its identifiers, or under the one of them that is a link.
    fn tell(&self, event: &Arc<Event>, under: Option<Link>, told: &mut Vec<Told>) {
        let (identifiers, _) = normalise_identifiers(&self.rules, &event.identifiers);
        let rule = |kind: u16| self.rules.kinds.get(usize::from(kind));
        let own = under.is_none();
        let is_person = |kind: u16| rule(kind).is_some_and(|rule| rule.role == Role::Person);
        let recognised = identifiers.iter().any(|(kind, _)| is_person(*kind));
        for ((kind, value), link) in
            identifiers.iter().zip(crate::identifier::links(self.seed, &self.rules, &identifiers))
        {
            if under.is_none_or(|under| under == link)
                && let Some(subject) = self.rules.identifier(*kind, value.clone())
            {
                told.push(Told { subject, recognised, own, event: Arc::clone(event) });
            }
        }
    }
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::consents`].
    ///
    /// # Errors
    /// As there.
    pub fn consents(&self, id: ProfileId) -> Result<Option<Consents>> {
        self.view()?.consents(id)
    }

    /// See [`View::effective_consent`].
    ///
    /// # Errors
    /// As there.
    pub fn effective_consent(&self, id: ProfileId, query: &ConsentQuery, now: Timestamp) -> Result<Option<Effective>> {
        self.view()?.effective_consent(id, query, now)
    }

    /// See [`View::may`].
    ///
    /// # Errors
    /// As there.
    pub fn may(&self, id: ProfileId, purpose: &str, channel: &str, now: Timestamp) -> Result<Option<Permission>> {
        self.view()?.may(id, purpose, channel, now)
    }

    /// See [`View::permission`].
    ///
    /// # Errors
    /// As there.
    pub fn permission(&self, id: ProfileId, query: &ConsentQuery, now: Timestamp) -> Result<Option<Permission>> {
        self.view()?.permission(id, query, now)
    }
}

//! What somebody allowed, over all their identifiers.
//!
//! A consent is evidence as any event: it was told under identifiers, and goes with whoever has these. One that was told
//! under an address speaks of the address: where several people carry it, it counts for each of them, whoever holds it.

use super::Resolver;
use super::about::{Carried, Subject, places_on};
use super::attribute::Users;
use super::read::View;
use crate::consent::{ConsentQuery, Effective, Permission, PermissionReason, Said, Told, basis_of, holding, permit};
use crate::error::Result;
use crate::event::{Consent, ConsentStatus, Event, LegalBasis};
use crate::id::{Link, ProfileId};
use crate::identifier::{Topic, hash_topic, links};
use crate::normalise::{is_same_word, normalise_identifiers};
use crate::policy::Role;
use crate::store::{DORMANT, Node};
use crate::time::Timestamp;
use std::sync::Arc;

/// What others told is read of identifiers that so many carry; of more, one is nobody's own.
pub(super) const CARRIERS_MAX: usize = 1_024;

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

    /// The consent that holds for a profile, as [`effective`](crate::effective) has it. None if the id leads nowhere.
    ///
    /// # Errors
    /// As for [`consents`](Self::consents).
    pub fn effective_consent(&self, id: ProfileId, query: &ConsentQuery, now: Timestamp) -> Result<Option<Effective>> {
        let Some(subject) = self.subject(id)? else { return Ok(None) };
        Ok(Some(self.heard(&subject)?.effective(self, query, now)))
    }

    /// Says whether a profile may be addressed for a purpose through a channel, and why: by the legal basis that the
    /// policy gives to the purpose ([`permit`]) and the consent that holds. None if the id leads nowhere.
    ///
    /// # Errors
    /// As for [`consents`](Self::consents).
    pub fn may(&self, id: ProfileId, purpose: &str, channel: &str, now: Timestamp) -> Result<Option<Permission>> {
        self.permission(id, &ConsentQuery::new(purpose).channel(channel), now)
    }

    /// Says whether data of a profile may be used as asked, and why, as [`may`](Self::may) does: not where their use is
    /// restricted ([`Consent::PROCESSING`]). None if the id leads nowhere.
    ///
    /// # Errors
    /// As for [`consents`](Self::consents).
    pub fn permission(&self, id: ProfileId, query: &ConsentQuery, now: Timestamp) -> Result<Option<Permission>> {
        self.subject(id)?.map(|subject| self.permission_of(&subject, query, now)).transpose()
    }

    pub(super) fn permission_of(&self, subject: &Subject, query: &ConsentQuery, now: Timestamp) -> Result<Permission> {
        let basis = basis_of(&self.rules.policy, &query.purpose);
        Ok(self.heard(subject)?.permission(self, basis, query, now))
    }

    fn consents_of(&self, subject: &Subject) -> Result<Consents> {
        let Heard { said, crowded } = self.heard(subject)?;
        let mut told = Vec::new();
        for heard in &said {
            let (own, recognised) = (heard.under.is_none(), self.is_recognised(&heard.trail));
            let (identifiers, _) = normalise_identifiers(&self.rules, &heard.event.identifiers);
            let links = links(self.seed, &self.rules, &identifiers);
            for ((kind, value), link) in identifiers.into_iter().zip(links) {
                if heard.under.is_none_or(|under| under == link)
                    && let Some(subject) = self.rules.identifier(kind, value)
                {
                    told.push(Told { subject, recognised, own, event: Arc::clone(&heard.event) });
                }
            }
        }
        told.sort_by(|a, b| a.event.by_time(&b.event).then_with(|| (&a.subject, !a.own).cmp(&(&b.subject, !b.own))));
        // An event of the profile on a trail of somebody else's is met twice: it is the profile's.
        told.dedup_by(|next, kept| next.subject == kept.subject && next.event == kept.event);
        Ok(Consents { told, crowded })
    }

    /// The consents that bear on a profile: its own, and what others told under its person and contact identifiers.
    pub(super) fn heard(&self, subject: &Subject) -> Result<Heard> {
        let mut heard = Heard::default();
        let topic = hash_topic(self.seed, Topic::Consent);
        let (mut users, mut places, mut told) = (Users::default(), Vec::new(), Vec::new());
        for (number, trail) in &subject.trails {
            for place in places_on(&*self.snapshot, topic, *number)? {
                if users.of(&*self.snapshot, trail, place.at)? == subject.number {
                    places.push(place);
                    told.push((None, Arc::clone(trail)));
                }
            }
        }
        for Carried { link, members, posting } in &subject.carried {
            let is_known = self.rules.kinds.get(usize::from(link.kind)).is_some_and(|rule| rule.role.makes_known());
            let Some(posting) = posting.as_ref().filter(|posting| is_known && posting.carriers.len() > *members) else {
                continue;
            };
            if posting.carriers.len() > CARRIERS_MAX as u64 {
                heard.crowded += 1;
                continue;
            }
            let mut others = self.some_carriers(link.value, posting, CARRIERS_MAX)?;
            others.retain(|other| subject.members.binary_search(other).is_err());
            for (other, node) in others.iter().zip(self.snapshot.nodes(&others)?) {
                if let Some(node) = node.filter(|node| node.cluster != DORMANT && node.vertex.record().is_none()) {
                    for place in places_on(&*self.snapshot, topic, *other)? {
                        places.push(place);
                        told.push((Some(*link), Arc::clone(&node)));
                    }
                }
            }
        }
        let events = self.snapshot.events(&places)?.into_iter();
        let told =
            events.zip(told).filter_map(|(event, (under, trail))| Some(HeardConsent { event: event?, trail, under }));
        heard.said = told.collect();
        Ok(heard)
    }

    /// Whether the events of a trail are of somebody recognised: under an identifier of a person.
    fn is_recognised(&self, trail: &Node) -> bool {
        let role = |link: &Link| self.rules.kinds.get(usize::from(link.kind)).map(|rule| rule.role);
        trail.links.iter().any(|link| role(link) == Some(Role::Person))
    }
}

/// The consents that bear on a profile.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) said: Vec<HeardConsent>,
    /// Identifiers that too many others carry.
    pub(super) crowded: u64,
}

pub(super) struct HeardConsent {
    pub(super) event: Arc<Event>,
    trail: Arc<Node>,
    /// The identifier that the profile shares with who told it; none for its own.
    under: Option<Link>,
}

impl Heard {
    /// The consent that holds. The links of a trail stand for the identifiers of its events: nothing is normalised.
    pub(super) fn effective(&self, view: &View, query: &ConsentQuery, now: Timestamp) -> Effective {
        let said = self.said.iter().flat_map(|HeardConsent { event, trail, under }| {
            let (own, recognised) = (under.is_none(), view.is_recognised(trail));
            let links = trail.links.iter().filter(move |link| under.is_none_or(|under| under == **link));
            links.map(move |link| Said { subject: *link, recognised, own, event })
        });
        holding(said, query, now)
    }

    /// Whether a purpose of a legal basis may be followed: as [`permit`] says, unless the use of the data is restricted.
    pub(super) fn permission(
        &self,
        view: &View,
        basis: LegalBasis,
        query: &ConsentQuery,
        now: Timestamp,
    ) -> Permission {
        let permission = permit(basis, self.effective(view, query, now));
        let speaks = |said: &HeardConsent| {
            said.event.consent.as_deref().is_some_and(|said| is_same_word(&said.purpose, Consent::PROCESSING))
        };
        let demanded =
            matches!(basis, LegalBasis::LegalObligation | LegalBasis::VitalInterests | LegalBasis::PublicTask);
        if demanded || !self.said.iter().any(speaks) {
            return permission;
        }
        let processing = ConsentQuery { purpose: Consent::PROCESSING.into(), ..query.clone() };
        let consent = self.effective(view, &processing, now);
        if matches!(consent.status, ConsentStatus::Denied | ConsentStatus::Withdrawn) {
            return Permission { allowed: false, reason: PermissionReason::Restricted, basis, consent };
        }
        permission
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

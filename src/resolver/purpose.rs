//! What may be seen of somebody for a purpose.

use super::about::{PAGE, Subject};
use super::journey::{Journey, JourneyQuery};
use super::read::View;
use crate::audit::AuditAction;
use crate::consent::{ConsentQuery, Permission, PermissionReason, declared};
use crate::error::{Error, Result};
use crate::event::{Event, EventKind, Sensitivity};
use crate::golden::fold;
use crate::id::{ProfileId, RecordNumber};
use crate::identifier::Topic;
use crate::normalise::{is_same_word, normalise, normalise_identifiers};
use crate::preference::{PreferenceQuery, Preferences, recall};
use crate::profile::Profile;
use crate::retention::{Retention, tells_consent};
use crate::store::Trail;
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// A profile as one purpose sees it: what the policy lets be read for the purpose, where it may be followed at all.
///
/// An attribute, a kind of identifier or a kind of event is read for the purposes that the policy names with it, and for
/// no other; what is of a special category ([`Sensitivity::Special`]) only where consent was granted (General Data
/// Protection Regulation, Article 9 (2) (a)). What is over its own [time to live](crate::TimeToLive) at the time that is
/// asked at, or over that of the purpose, is not seen, whether or not it was [swept](crate::Resolver::sweep): golden values
/// are chosen of what is left. An identifier of events is as old as the newest of them.
///
/// The calls of [`View`] that bear the same names as those here ask nobody whether they may: they are for hosts that follow
/// no purpose, or that asked [`View::permission`] themselves. [`View::contact_plan`] asks by itself, channel by channel.
pub struct ForPurpose<'a> {
    pub(super) view: &'a View,
    pub(super) subject: Subject,
    pub(super) purpose: SmolStr,
    pub(super) permission: Permission,
    pub(super) now: Timestamp,
}

/// Shows whether and for what it may be read.
impl fmt::Debug for ForPurpose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForPurpose({}, {:?})", self.purpose, self.permission.reason)
    }
}

impl View {
    /// Looks at a profile for a purpose. None if the id leads nowhere.
    ///
    /// Where the policy wants reads for the purpose [recorded](crate::PurposePolicy::recorded), the audit log has an entry
    /// before anything is seen.
    ///
    /// # Errors
    /// `Config` where the read is to be recorded and the resolver has no [audit log](crate::Resolver::with_audit), `Input`
    /// where the query does not say who asks; as the log where it cannot keep the entry. Else as for
    /// [`consents`](Self::consents).
    ///
    /// # Examples
    /// ```
    /// use onefold::{AttributePolicy, Compare, Consent, ConsentQuery, ConsentStatus, Event, IdentifierPolicy, Policy};
    /// use onefold::{PurposePolicy, Record, Resolver, Role};
    /// let policy = Policy::builder()
    ///     .identifier(IdentifierPolicy::new("email", Role::Contact).purposes(["marketing"]))
    ///     .attribute(AttributePolicy::new("city", Compare::Text).purposes(["marketing"]))
    ///     .attribute(AttributePolicy::new("birth_date", Compare::Date))
    ///     .purpose(PurposePolicy::new("marketing"))
    ///     .build()?;
    /// let resolver = Resolver::in_memory(policy)?;
    /// let (at, now) = ("2026-01-05T10:00:00Z".parse()?, "2026-02-01T00:00:00Z".parse()?);
    /// let ann = Record::new("crm", "42", at).identifier("email", "ann@example.org");
    /// let ann = ann.attribute("city", "Graz").attribute("birth_date", "1980-02-03");
    /// let ann = resolver.add(ann)?.profile.unwrap();
    ///
    /// let query = ConsentQuery::new("marketing");
    /// assert!(resolver.view()?.for_purpose(ann, &query, now)?.unwrap().profile()?.is_none());
    /// let yes = Consent::new("marketing", ConsentStatus::Granted);
    /// resolver.add_event(Event::of_consent("web", "c-1", at, yes).identifier("email", "ann@example.org"))?;
    /// let seen = resolver.view()?.for_purpose(ann, &query, now)?.unwrap().profile()?.unwrap();
    /// assert!(seen.golden.value("city").is_some() && seen.golden.value("birth_date").is_none());
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn for_purpose(&self, id: ProfileId, query: &ConsentQuery, now: Timestamp) -> Result<Option<ForPurpose<'_>>> {
        let Some(subject) = self.subject(id)? else { return Ok(None) };
        let permission = self.permission_of(&subject, query, now)?;
        let is_recorded = declared(&self.rules.policy, &query.purpose).is_some_and(|declared| declared.recorded);
        if permission.allowed && is_recorded {
            let lacks = || Error::option("audit", "is missing: the policy wants reads for this purpose recorded");
            let audit = self.audit.as_ref().ok_or_else(lacks)?;
            let actor = query.by.as_deref().map(str::trim).filter(|actor| !actor.is_empty());
            let actor =
                actor.ok_or_else(|| Error::input("query", "does not say who reads, which is to be recorded"))?;
            audit.record(actor, AuditAction::Read, Some(id), Some(&query.purpose), None, now)?;
        }
        Ok(Some(ForPurpose { view: self, subject, purpose: query.purpose.clone(), permission, now }))
    }
}

impl ForPurpose<'_> {
    /// Whether the purpose may be followed, and why.
    pub fn permission(&self) -> &Permission {
        &self.permission
    }

    /// The profile, with the identifiers and the golden values that may be read. None where the purpose may not be
    /// followed.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn profile(&self) -> Result<Option<Profile>> {
        if !self.permission.allowed {
            return Ok(None);
        }
        let mut profile = self.in_time()?;
        let policy = &self.view.rules.policy;
        profile.identifiers.retain(|held| self.serves(policy.purposes_of_kind(&held.kind)));
        profile.golden.values.retain(|value| {
            let rule = policy.attribute_named(&value.attribute);
            rule.is_some_and(|rule| self.serves(&rule.purposes) && rule.sensitivity <= self.sensitivity_max())
        });
        Ok(Some(profile))
    }

    /// The journey, of events of the kinds that may be read; empty where there are none, or the purpose may not be
    /// followed. What it costs is what [`View::journey`] costs.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn journey(&self, query: &JourneyQuery) -> Result<Journey> {
        let mut query = query.clone();
        let named = self.view.rules.policy.event.purposes.iter();
        let kinds = named.filter(|(_, purposes)| self.serves(purposes)).filter_map(|(kind, _)| kind.parse().ok());
        let mut kinds: Vec<EventKind> = kinds.collect();
        kinds.retain(|kind| query.kinds.is_empty() || query.kinds.contains(kind));
        if kinds.is_empty() || !self.permission.allowed {
            return Ok(Journey::default());
        }
        query.kinds = kinds;
        let retention = self.retention();
        self.view.journey_where(&self.subject, &query, &|event| retention.sees_event(event, &self.purpose))
    }

    /// What was stated for the purpose, or for none in particular by events of a kind that may be read; nothing where the
    /// purpose may not be followed.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn preferences(&self, query: &PreferenceQuery) -> Result<Preferences> {
        if !self.permission.allowed {
            return Ok(Preferences::default());
        }
        let mut events: Vec<Arc<Event>> = self.view.events_under(Topic::Statement, &self.subject)?;
        let retention = self.retention();
        events.retain(|event| self.states(event) && retention.sees_event(event, &self.purpose));
        let sensitivity_max = query.sensitivity_max.min(self.sensitivity_max());
        let query = PreferenceQuery { purpose: Some(self.purpose.clone()), sensitivity_max, ..query.clone() };
        Ok(recall(&events, &query, self.now))
    }

    /// The profile, without what is over its time.
    fn in_time(&self) -> Result<Profile> {
        let (view, retention) = (self.view, self.retention());
        let Subject { cluster, members, .. } = &self.subject;
        let mut profile = view.profile_with(cluster, members)?;
        if retention.is_silent() {
            return Ok(profile);
        }
        let rules = &view.rules;
        let records: Vec<_> = view.snapshot.records(members)?.into_iter().flatten().collect();
        let seen: Vec<_> = records.iter().map(|record| retention.seen(record, &self.purpose)).collect();
        profile.golden = fold(rules, &seen);
        let mut told: BTreeSet<(u16, SmolStr)> = BTreeSet::new();
        seen.iter().for_each(|record| told.extend(normalise(rules, record).0.identifiers));
        for (number, trail) in members.iter().zip(view.snapshot.trails(members)?) {
            let Some(trail) = trail else { continue };
            let Some(newest) = self.newest_left(&retention, *number, &trail)? else { continue };
            let (identifiers, _) = normalise_identifiers(rules, &trail.identifiers);
            let seen = |(kind, _): &(u16, SmolStr)| retention.sees_identifier(*kind, &self.purpose, newest);
            told.extend(identifiers.into_iter().filter(seen));
        }
        profile
            .identifiers
            .retain(|held| rules.kind_place(&held.kind).is_some_and(|kind| told.contains(&(kind, held.value.clone()))));
        Ok(profile)
    }

    /// The time of the newest event of a trail that a sweep leaves. O(events before it).
    fn newest_left(&self, retention: &Retention<'_>, number: RecordNumber, trail: &Trail) -> Result<Option<Timestamp>> {
        // A consent goes only for a newer one: the newest stays.
        let stays = |event: &Event| tells_consent(event) || retention.drops(event).is_none();
        let (mut until, mut after, mut limit) = (trail.last.at, None, 1);
        loop {
            let page = self.view.snapshot.event_page(number, i64::MIN..=until, after, limit)?;
            if let Some((_, left)) = page.iter().find(|(_, event)| stays(event)) {
                return Ok(Some(left.at));
            }
            let Some((last, _)) = page.last().filter(|_| page.len() == limit) else { return Ok(None) };
            (until, after, limit) = (last.at, Some(last.key), PAGE);
        }
    }

    pub(super) fn retention(&self) -> Retention<'_> {
        self.view.rules.retention(self.now)
    }

    fn states(&self, event: &Event) -> bool {
        match event.preference.as_deref().and_then(|said| said.purpose.as_ref()) {
            Some(purpose) => is_same_word(purpose, &self.purpose),
            None => self.serves(self.view.rules.policy.purposes_of_events(&event.kind)),
        }
    }

    pub(super) fn serves(&self, purposes: &[SmolStr]) -> bool {
        purposes.iter().any(|purpose| is_same_word(purpose, &self.purpose))
    }

    fn sensitivity_max(&self) -> Sensitivity {
        let is_granted = self.permission.reason == PermissionReason::Granted;
        if is_granted { Sensitivity::Special } else { Sensitivity::Personal }
    }
}

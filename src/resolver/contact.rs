//! How to reach somebody, by all that the profile holds.

use super::Resolver;
use super::about::Subject;
use super::moments::newest_claim;
use super::read::View;
use crate::consent::{ConsentQuery, basis_of};
use crate::contact::{
    ChannelPermission, ChannelRule, ContactPlan, ContactRequest, ContactRules, is_clock_named, plan_once,
};
use crate::error::Result;
use crate::event::{Event, LegalBasis, Scope, Sensitivity};
use crate::id::{Link, ProfileId, RecordNumber};
use crate::identifier::{Topic, hash_value};
use crate::normalise::is_same_word;
use crate::preference::{PreferenceQuery, recall};
use crate::record::Identifier;
use crate::stitch::Claimed;
use crate::store::{EventPlace, Node};
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

impl View {
    /// Plans how to tell a profile something, as [`plan_contact`](crate::plan_contact) does: caps count the messages to
    /// the profile as it is now, whichever of its parts they were sent to; and channels are chosen by what it stated of
    /// the attribute `channel`, for the purpose, by the brand and the property and in the context of what is told. None if
    /// the id leads nowhere.
    ///
    /// A channel that may not be used for the purpose ([`permission`](Self::permission), by the brand and the property and
    /// at the time of the request) is left out; what the request says of channels counts too. A purpose that the policy does not declare needs consent,
    /// so that each channel wants a yes; but where the policy declares no purposes at all, nobody has said what needs
    /// one, and only a refusal (denied or withdrawn) closes a channel.
    ///
    /// Where the request brings no identifiers, they are those of the profile that it holds, of the kinds that channels
    /// declare, those that were seen last first: an address that somebody else holds now reaches somebody else. One of a
    /// kind that the policy lets be read for other purposes, and not for this one, is not used.
    ///
    /// O(trails + statements + messages + carriers of contested values), and what [`consents`](Self::consents) costs.
    ///
    /// # Errors
    /// `Config` where the rules do not pass [`ContactRules::check`]; `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{CapRule, ChannelLeftOutReason, ChannelRule, Consent, ConsentStatus, ContactRequest, ContactRules};
    /// use onefold::{Event, EventKind, Message, PermissionReason, Policy, Record, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let sent = |key, kind, value| -> onefold::Result<Event> {
    ///     let event = Event::new("mail", key, "2026-01-05T10:00:00Z".parse()?, EventKind::MessageSent);
    ///     Ok(event.identifier(kind, value).channel("email").message(Message::new(key).purpose("marketing")))
    /// };
    /// resolver.add_event(sent("m-1", "email", "ann@example.org")?)?;
    /// resolver.add_event(sent("m-2", "loyalty_id", "L7")?)?;
    /// let email = ChannelRule { name: "email".into(), kind: Some("email".into()), silent: true };
    /// let cap = CapRule { purpose: "marketing".into(), channel: None, count: 2, days: 7 };
    /// let rules = ContactRules { channel: vec![email], cap: vec![cap], ..ContactRules::default() };
    /// let request = ContactRequest::new("marketing", "2026-01-06T10:00:00Z".parse()?);
    ///
    /// // They are one person, and were told twice.
    /// let crm = Record::new("crm", "42", "2026-01-04T10:00:00Z".parse()?);
    /// let ann = resolver.add(crm.identifier("email", "ann@example.org").identifier("loyalty_id", "L7"))?.profile.unwrap();
    /// let plan = resolver.contact_plan(ann, &rules, &request)?.unwrap();
    /// assert_eq!(plan.choices[0].point.as_ref().unwrap().identifier.value, "ann@example.org");
    /// assert_eq!(plan.choices[0].capped[0].sent, 2);
    /// assert!(plan.best().is_none());
    ///
    /// // She wants no more of it, as she says under the card.
    /// let no = Consent::new("marketing", ConsentStatus::Withdrawn).channel("email");
    /// let no = Event::of_consent("web", "c-1", "2026-01-05T11:00:00Z".parse()?, no).identifier("loyalty_id", "L7");
    /// resolver.add_event(no)?;
    /// let plan = resolver.contact_plan(ann, &rules, &request)?.unwrap();
    /// let ChannelLeftOutReason::NotPermitted { reason, because } = &plan.left_out[0].reason else { panic!("it may be used") };
    /// assert_eq!((*reason, because[0].key.as_str()), (PermissionReason::Refused, "c-1"));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn contact_plan(
        &self,
        id: ProfileId,
        rules: &ContactRules,
        request: &ContactRequest,
    ) -> Result<Option<ContactPlan>> {
        let Some(subject) = self.subject(id)? else { return Ok(None) };
        let asked = PreferenceQuery {
            context: request.about.clone(),
            purpose: Some(request.purpose.clone()),
            // It is followed, not shown.
            sensitivity_max: Sensitivity::Special,
            attribute: Some(SmolStr::new_static("channel")),
            scope: scope_of(request),
        };
        let stated = recall(&self.events_under(Topic::Statement, &subject)?, &asked, request.now);
        let told = self.places_under(Topic::Message, &subject)?;
        let mut events = self.events_at(&told)?;
        if !is_clock_named(rules, request) {
            events.extend(self.last_deed(&subject, &told, request.now)?);
        }
        let mut request = request.clone();
        if request.identifiers.is_empty() {
            request.identifiers = self.points(&subject, rules, &request.purpose)?;
        }
        request.permissions.extend(self.channel_permissions(&subject, rules, &request)?);
        plan_once(&events.iter().collect::<Vec<_>>(), &stated, rules, &request).map(Some)
    }

    /// Whether each of the channels may be used for the purpose.
    fn channel_permissions(
        &self,
        subject: &Subject,
        rules: &ContactRules,
        request: &ContactRequest,
    ) -> Result<Vec<ChannelPermission>> {
        let policy = &self.rules.policy;
        // The basis of which only a refusal takes away, where nothing is declared.
        let declared = !policy.purpose.is_empty();
        let basis = if declared { basis_of(policy, &request.purpose) } else { LegalBasis::LegitimateInterest };
        let heard = self.heard(subject)?;
        let permission = |channel: &ChannelRule| {
            let scope = Scope { channel: Some(channel.name.clone()), ..scope_of(request) };
            let query = ConsentQuery { scope, ..ConsentQuery::new(request.purpose.clone()) };
            let permission = heard.permission(self, basis, &query, request.now);
            ChannelPermission { channel: channel.name.clone(), permission }
        };
        Ok(rules.channel.iter().map(permission).collect())
    }

    /// The newest event until now that tells of no message: by its offset the customer's clock is set.
    /// Trails that tell of the profile's messages and of nothing else are not read.
    fn last_deed(&self, subject: &Subject, told: &[EventPlace], now: Timestamp) -> Result<Option<Arc<Event>>> {
        let mut messages: BTreeMap<RecordNumber, u64> = BTreeMap::new();
        told.iter().for_each(|place| *messages.entry(place.trail).or_default() += 1);
        let numbers: Vec<RecordNumber> = messages.keys().copied().collect();
        let mut trails = subject.trails.clone();
        for (number, trail) in numbers.iter().zip(self.snapshot.trails(&numbers)?) {
            if trail.is_none_or(|trail| messages.get(number) != Some(&trail.events)) {
                messages.remove(number);
            }
        }
        trails.retain(|(number, _)| !messages.contains_key(number));
        self.last_event(subject.number, &trails, now.microseconds(), |event| !event.kind.is_of_message())
    }

    /// The identifiers that a profile holds, of the kinds that channels declare: those seen last first.
    fn points(&self, subject: &Subject, rules: &ContactRules, purpose: &str) -> Result<Vec<Identifier>> {
        let declares = |name: &str| {
            let mut kinds = rules.channel.iter().filter_map(|channel| channel.kind.as_ref());
            kinds.any(|kind| is_same_word(kind, name))
        };
        let serves = |name: &str| {
            let purposes = self.rules.policy.purposes_of_kind(name);
            purposes.is_empty() || purposes.iter().any(|named| is_same_word(named, purpose))
        };
        let wanted = self.rules.kinds.iter().map(|kind| declares(&kind.name) && serves(&kind.name));
        let wanted: Vec<bool> = wanted.collect();
        let is_wanted = |kind: u16| wanted.get(usize::from(kind)).copied().unwrap_or_default();
        let nodes = self.snapshot.nodes(&subject.members)?;
        let carries = |node: &Arc<Node>| node.links.iter().any(|link| is_wanted(link.kind));
        let trails = self.snapshot.trails(&subject.members)?;
        let mut seen: BTreeMap<(u16, SmolStr), Claimed> = BTreeMap::new();
        for ((number, node), trail) in subject.members.iter().zip(nodes).zip(trails) {
            let Some(node) = node.filter(carries) else { continue };
            let claim = newest_claim(&node, trail.as_deref());
            for (kind, value) in self.usable_identifiers(*number)?.into_iter().filter(|(kind, _)| is_wanted(*kind)) {
                let known = seen.entry((kind, value)).or_insert_with(|| claim.clone());
                if *known < claim {
                    *known = claim.clone();
                }
            }
        }
        let own = ProfileId::of(subject.cluster.profile, self.seed);
        let mut points = Vec::with_capacity(seen.len());
        for ((kind, value), claim) in seen {
            let link = Link { kind, value: hash_value(self.seed, &self.rules, kind, &value) };
            let Some(posting) = self.snapshot.postings(&[link.value])?.pop().flatten() else { continue };
            if self.holder(link, &posting)?.profile == Some(own) {
                points.push((Reverse(claim), kind, value));
            }
        }
        points.sort_unstable();
        Ok(points.into_iter().filter_map(|(_, kind, value)| self.rules.identifier(kind, value)).collect())
    }
}

/// Where it is told, through whatever channel.
fn scope_of(request: &ContactRequest) -> Scope {
    Scope { brand: request.brand.clone(), property: request.property.clone(), channel: None }
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::contact_plan`].
    ///
    /// # Errors
    /// As there.
    pub fn contact_plan(
        &self,
        id: ProfileId,
        rules: &ContactRules,
        request: &ContactRequest,
    ) -> Result<Option<ContactPlan>> {
        self.view()?.contact_plan(id, rules, request)
    }
}

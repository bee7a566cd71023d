//! What is over its time: which values of a record, which events, which consents. Pure: by the policy, and a time.

mod swept;
mod term;
mod words;

pub(crate) use swept::Place;
pub use swept::{DataKind, DropReason, Dropped, Swept, SweptPlace};
pub(crate) use words::{Words, may_restrict};

use crate::consent::declared;
use crate::event::{Event, EventKind};
use crate::policy::{Policy, Rules, TimeToLive};
use crate::record::{Identifier, Record};
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::borrow::Cow;
use std::collections::BTreeMap;
use term::Term;

/// What the policy says of the time of everything.
#[derive(Debug)]
pub(crate) struct Terms {
    /// Of each declared attribute, in the policy's order.
    attributes: Vec<Term>,
    /// Of each kind of identifier, strongest first.
    kinds: Vec<Term>,
    /// Of what is not declared.
    undeclared: Term,
    events: BTreeMap<EventKind, Term>,
}

/// The terms, and a time to judge by.
pub(crate) struct Retention<'a> {
    rules: &'a Rules,
    terms: &'a Terms,
    now: Timestamp,
}

/// A value that is to go: what it is, by the name that the policy has for it.
pub(crate) type Gone = (DataKind, Option<SmolStr>, DropReason);

/// What is left of a record, and what is not.
pub(crate) struct Shortened {
    /// None where nothing is left.
    pub(crate) record: Option<Record>,
    pub(crate) gone: Vec<Gone>,
}

impl Terms {
    /// O(size of the policy).
    pub(crate) fn new(policy: &Policy) -> Self {
        let term = |keep, purposes: &[SmolStr]| Term::new(policy, keep, purposes);
        let mut events: BTreeMap<EventKind, Term> = BTreeMap::new();
        for name in policy.event.keep.keys().chain(policy.event.purposes.keys()) {
            let keep = policy.event.keep.get(name).copied();
            let purposes = policy.event.purposes.get(name).map(Vec::as_slice).unwrap_or_default();
            events.extend(name.parse().map(|kind: EventKind| (kind, term(keep, purposes))));
        }
        Self {
            attributes: policy.attribute.iter().map(|rule| term(rule.keep, &rule.purposes)).collect(),
            kinds: policy.identifier.iter().map(|rule| term(rule.keep, &rule.purposes)).collect(),
            undeclared: term(policy.undeclared_keep, &[]),
            events,
        }
    }
}

impl<'a> Retention<'a> {
    pub(crate) fn new(rules: &'a Rules, terms: &'a Terms, now: Timestamp) -> Self {
        Self { rules, terms, now }
    }

    /// Whether the policy says nothing of times.
    pub(crate) fn is_silent(&self) -> bool {
        !self.ends_values() && !self.ends_events()
    }

    /// Whether time ends anything of a record.
    pub(crate) fn ends_values(&self) -> bool {
        self.terms.attributes.iter().chain(&self.terms.kinds).chain([&self.terms.undeclared]).any(Term::ends)
    }

    /// Whether time ends any event.
    pub(crate) fn ends_events(&self) -> bool {
        // A purpose may be that of a single event.
        self.terms.events.values().any(Term::ends)
            || self.rules.policy.purpose.iter().any(|purpose| purpose.keep.is_some())
    }

    /// The identifiers of a record that are over their time. O(identifiers).
    pub(crate) fn due_identifiers<'r>(&self, record: &'r Record) -> impl Iterator<Item = &'r Identifier> {
        record.identifiers.iter().filter(|sent| self.due(sent, record.at).is_some())
    }

    fn due(&self, sent: &Identifier, told: Timestamp) -> Option<Gone> {
        let place = self.rules.kind_place(&sent.kind);
        let reason = self.kind(place).dropped(told, self.now)?;
        Some((DataKind::Identifier, place.map(|_| sent.kind.clone()), reason))
    }

    /// Takes what is over its time from a record, but for identifiers that are to stay; none where nothing is. O(values).
    pub(crate) fn shorten(&self, record: &Record, held: &[Identifier]) -> Option<Shortened> {
        let of_identifier = |sent: &Identifier| if held.contains(sent) { None } else { self.due(sent, record.at) };
        let of_attribute = |name: &SmolStr| {
            let place = self.rules.attribute_place(name);
            let reason = self.attribute(place).dropped(record.at, self.now)?;
            Some((DataKind::Attribute, place.map(|_| name.clone()), reason))
        };
        let gone = record.identifiers.iter().filter_map(of_identifier);
        let gone: Vec<Gone> = gone.chain(record.attributes.iter().filter_map(|(name, _)| of_attribute(name))).collect();
        if gone.is_empty() {
            return None;
        }
        let mut left = record.clone();
        left.identifiers.retain(|sent| of_identifier(sent).is_none());
        left.attributes.retain(|(name, _)| of_attribute(name).is_none());
        let is_empty = left.identifiers.is_empty() && left.attributes.is_empty();
        Some(Shortened { record: (!is_empty).then_some(left), gone })
    }

    /// Says why an event that tells of no consent is to go; none where it stays. It is for the purposes of its kind, and
    /// for the one that a wish in it was stated for.
    pub(crate) fn drops(&self, event: &Event) -> Option<Gone> {
        let term = self.terms.events.get(&event.kind);
        let stated = event.preference.as_deref().and_then(|said| said.purpose.as_deref());
        let stated = stated.filter(|purpose| !purpose.trim().is_empty());
        let stated = stated.map(|purpose| keep_of(&self.rules.policy, purpose));
        let reason = match term {
            Some(term) => term.dropped_with(stated, event.at, self.now),
            None => Term::default().dropped_with(stated, event.at, self.now),
        }?;
        Some(self.named(event, reason))
    }

    /// Whether a consent, or an event that tells of one, is over its kind's own time.
    pub(crate) fn ends_word(&self, event: &Event) -> bool {
        self.terms.events.get(&event.kind).is_some_and(|term| term.is_over(event.at, self.now))
    }

    /// An event that goes. A kind of the host's own that the policy does not name is not named here either.
    pub(crate) fn named(&self, event: &Event, reason: DropReason) -> Gone {
        let is_known = !matches!(event.kind, EventKind::Custom(_)) || self.terms.events.contains_key(&event.kind);
        (DataKind::Event, is_known.then(|| event.kind.to_string().into()), reason)
    }

    /// What of a record may be seen for a purpose: what is over its time, or the purpose's, is not. O(values).
    pub(crate) fn seen<'r>(&self, record: &'r Record, purpose: &str) -> Cow<'r, Record> {
        let is_over = self.purpose_is_over(purpose, record.at);
        let is_seen = |term: &Term| term.dropped(record.at, self.now).is_none() && !(is_over && term.serves(purpose));
        let kept = |kind: &str| is_seen(self.kind(self.rules.kind_place(kind)));
        let stands = |name: &str| is_seen(self.attribute(self.rules.attribute_place(name)));
        if record.identifiers.iter().all(|identifier| kept(&identifier.kind))
            && record.attributes.iter().all(|(name, _)| stands(name))
        {
            return Cow::Borrowed(record);
        }
        let mut left = record.clone();
        left.identifiers.retain(|identifier| kept(&identifier.kind));
        left.attributes.retain(|(name, _)| stands(name));
        Cow::Owned(left)
    }

    /// Whether an identifier that was last told at a time may be seen for a purpose.
    pub(crate) fn sees_identifier(&self, kind: u16, purpose: &str, told: Timestamp) -> bool {
        let term = self.kind(Some(kind));
        !(term.is_over(told, self.now) || term.serves(purpose) && self.purpose_is_over(purpose, told))
    }

    /// Whether an event may be seen for one of its purposes.
    pub(crate) fn sees_event(&self, event: &Event, purpose: &str) -> bool {
        self.sees_kind(&event.kind, purpose, event.at)
    }

    /// As above, of an event of a kind that happened at a time.
    pub(crate) fn sees_kind(&self, kind: &EventKind, purpose: &str, at: Timestamp) -> bool {
        let is_over = self.terms.events.get(kind).is_some_and(|term| term.is_over(at, self.now));
        !(is_over || self.purpose_is_over(purpose, at))
    }

    fn purpose_is_over(&self, purpose: &str, told: Timestamp) -> bool {
        keep_of(&self.rules.policy, purpose).is_some_and(|keep| keep.is_over(told, self.now))
    }

    fn attribute(&self, place: Option<u16>) -> &Term {
        place.and_then(|place| self.terms.attributes.get(usize::from(place))).unwrap_or(&self.terms.undeclared)
    }

    fn kind(&self, place: Option<u16>) -> &Term {
        place.and_then(|place| self.terms.kinds.get(usize::from(place))).unwrap_or(&self.terms.undeclared)
    }
}

/// For how long a purpose may be followed; none for ever.
pub(crate) fn keep_of(policy: &Policy, purpose: &str) -> Option<TimeToLive> {
    declared(policy, purpose).and_then(|declared| declared.keep)
}

/// Whether an event tells what was allowed or refused: then it is evidence of a choice, whatever its kind.
pub(crate) fn tells_consent(event: &Event) -> bool {
    event.kind == EventKind::Consent || event.consent.is_some()
}

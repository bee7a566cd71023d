//! What happened: events, and what they were about.

mod consent;
mod grant;
mod kind;
mod line;
mod preference;

pub use consent::{Consent, ConsentStatus, LegalBasis};
pub use grant::Grant;
pub use kind::EventKind;
pub use line::{Facet, Line, Message};
pub use preference::{NotedBy, Polarity, Preference, Scope, Sensitivity};

use crate::record::{Identifier, RecordKey, What};
use crate::time::Timestamp;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::cmp::Ordering;
use std::fmt;

/// A keyed fact at a time: a view, a purchase, a call, a message that was opened. A later version replaces the earlier.
///
/// Events have keys of their own, and so have those that tell of a consent: the record, the event and the consent of one
/// source and key are three things. Numbers are kept as
/// they were sent, as text; [`normalise_event`](crate::normalise_event) reads them, and says what it cannot read.
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Line};
/// let event = Event::new("pos", "t-991", "2026-01-06T09:30:00Z".parse()?, EventKind::Purchase)
///     .identifier("customer_id", "C42")
///     .line(Line::new("sku-1").facet("brand", "Ferragamo").quantity("1").amount("310.00", "EUR"));
/// assert_eq!(format!("{event:?}"), "Event(pos/.., purchase, 1 identifiers, 1 lines)");
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Who says it, and under which key.
    pub key: RecordKey,
    /// When it happened, by the source's clock.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// The identifiers of who did it, as sent.
    pub identifiers: Vec<Identifier>,
    /// The channel that it came through, where it is not the source.
    pub channel: Option<SmolStr>,
    /// Where: a shop, a hotel.
    pub place: Option<SmolStr>,
    /// The order that it belongs to: events of one order tell of one purchase.
    pub order: Option<SmolStr>,
    /// What it was about, in the source's order.
    pub lines: Vec<Line>,
    /// What is said of the event as a whole, as the filters of a search.
    pub facets: Vec<Facet>,
    /// The words: what was searched for, or said.
    pub text: Option<SmolStr>,
    /// How it was said, from -1 (angry) to 1 (glad), as sent.
    pub sentiment: Option<SmolStr>,
    /// The message that it tells of.
    pub message: Option<Message>,
    /// What was said about a wish or a dislike.
    pub preference: Option<Box<Preference>>,
    /// What was given once and for all.
    pub grant: Option<Box<Grant>>,
    /// What was allowed or refused.
    pub consent: Option<Box<Consent>>,
    /// Where to reach whoever did it about this one thing, as the phone number of a delivery. It links nobody.
    pub contact: Vec<Identifier>,
    /// Anything else, as sent, by name.
    pub attributes: Vec<(SmolStr, Value)>,
    /// A reference to the raw source, kept and returned.
    pub payload: Option<SmolStr>,
}

impl Event {
    /// The source whose events tell what was given to whoever has an identifier. They say nothing of who is one person:
    /// they link nobody, claim no value, are in nobody's journey, and go with no profile.
    pub const LEDGER: &'static str = "onefold";

    /// The source whose events tell what was decided for whoever has an identifier, and what came of it. As those of the
    /// [`LEDGER`](Self::LEDGER), they say nothing of who is one person; but they go when their time is over, and when the
    /// person does.
    pub const DECISIONS: &'static str = "onefold:decisions";

    /// Whether events of a source tell what was done for somebody, not what they did: such events link nobody.
    pub(crate) fn is_told_of(source: &str) -> bool {
        [Self::LEDGER, Self::DECISIONS].contains(&source)
    }

    /// Starts an event of which nothing else is known.
    pub fn new(source: impl Into<SmolStr>, key: impl Into<SmolStr>, at: Timestamp, kind: EventKind) -> Self {
        Self {
            key: RecordKey::new(source, key),
            at,
            kind,
            identifiers: Vec::new(),
            channel: None,
            place: None,
            order: None,
            lines: Vec::new(),
            facets: Vec::new(),
            text: None,
            sentiment: None,
            message: None,
            preference: None,
            grant: None,
            consent: None,
            contact: Vec::new(),
            attributes: Vec::new(),
            payload: None,
        }
    }

    /// Starts an event that tells what was allowed or refused.
    pub fn of_consent(source: impl Into<SmolStr>, key: impl Into<SmolStr>, at: Timestamp, consent: Consent) -> Self {
        Self { consent: Some(Box::new(consent)), ..Self::new(source, key, at, EventKind::Consent) }
    }

    /// Adds an identifier of who did it; a kind may have several.
    #[must_use]
    pub fn identifier(mut self, kind: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        self.identifiers.push(Identifier::new(kind, value));
        self
    }

    /// Sets the channel.
    #[must_use]
    pub fn channel(mut self, channel: impl Into<SmolStr>) -> Self {
        self.channel = Some(channel.into());
        self
    }

    /// Sets where it happened.
    #[must_use]
    pub fn place(mut self, place: impl Into<SmolStr>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// Sets the order that it belongs to.
    #[must_use]
    pub fn order(mut self, order: impl Into<SmolStr>) -> Self {
        self.order = Some(order.into());
        self
    }

    /// Adds a line.
    #[must_use]
    pub fn line(mut self, line: Line) -> Self {
        self.lines.push(line);
        self
    }

    /// Adds a facet of the event as a whole; a name may have several values.
    #[must_use]
    pub fn facet(mut self, name: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        self.facets.push(Facet::new(name, value));
        self
    }

    /// Sets the words.
    #[must_use]
    pub fn text(mut self, text: impl Into<SmolStr>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Sets how it was said, a decimal number from -1 to 1.
    #[must_use]
    pub fn sentiment(mut self, sentiment: impl Into<SmolStr>) -> Self {
        self.sentiment = Some(sentiment.into());
        self
    }

    /// Sets the message that it tells of.
    #[must_use]
    pub fn message(mut self, message: Message) -> Self {
        self.message = Some(message);
        self
    }

    /// Sets what was said about a wish or a dislike.
    #[must_use]
    pub fn preference(mut self, preference: Preference) -> Self {
        self.preference = Some(Box::new(preference));
        self
    }

    /// Sets what was given once and for all.
    #[must_use]
    pub fn grant(mut self, grant: Grant) -> Self {
        self.grant = Some(Box::new(grant));
        self
    }

    /// Adds a way to reach whoever did it about this one thing.
    #[must_use]
    pub fn contact(mut self, kind: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        self.contact.push(Identifier::new(kind, value));
        self
    }

    /// Sets an attribute; the last value of a name stands.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<SmolStr>, value: impl Into<Value>) -> Self {
        let name = name.into();
        self.attributes.retain(|(known, _)| *known != name);
        self.attributes.push((name, value.into()));
        self
    }

    /// Sets the reference to the raw source.
    #[must_use]
    pub fn payload(mut self, reference: impl Into<SmolStr>) -> Self {
        self.payload = Some(reference.into());
        self
    }
}

impl Event {
    /// What its key is the key of.
    pub(crate) fn what(&self) -> What {
        if self.kind == EventKind::Consent { What::Consent } else { What::Event }
    }

    /// Compares by time, then source and key.
    pub(crate) fn by_time(&self, other: &Self) -> Ordering {
        let moment = |event: &Self| event.at.microseconds();
        moment(self).cmp(&moment(other)).then_with(|| self.key.cmp(&other.key))
    }
}

/// Shows the kind and counts, no personal value.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (identifiers, lines) = (self.identifiers.len(), self.lines.len());
        write!(f, "Event({:?}, {}, {identifiers} identifiers, {lines} lines)", self.key, self.kind)
    }
}

//! What is asked of a contact, and the answer.

use crate::consent::{Permission, PermissionReason};
use crate::record::{Identifier, RecordKey};
use crate::time::Timestamp;
use serde::Serialize;
use smol_str::SmolStr;
use std::fmt;

/// What a customer is to be told, and what is known of how to reach them.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactRequest {
    /// What it is told for, as `marketing`.
    pub purpose: SmolStr,
    /// The kind of thing that is told, as `order_ready`; none where answers to all messages count.
    pub about: Option<SmolStr>,
    /// The brand that tells it; none where no brand does. What was said of one brand speaks for no other.
    pub brand: Option<SmolStr>,
    /// The property that tells it, as one hotel or one shop; none where none does.
    pub property: Option<SmolStr>,
    /// The time at which it would be told.
    pub now: Timestamp,
    /// The ways to reach the customer that were given for the order that it is about
    /// ([`Order::contact`](crate::Order)): they come first.
    pub order_contact: Vec<Identifier>,
    /// The identifiers of the customer, the best of each kind first.
    pub identifiers: Vec<Identifier>,
    /// The IANA time zone of the customer, where it is known.
    pub time_zone: Option<SmolStr>,
    /// What others answered to such messages.
    pub prior: Vec<ResponsePrior>,
    /// Whether channels may be used for the purpose: one that is named here may where all that is said of it allows it,
    /// one that is not named may.
    pub permissions: Vec<ChannelPermission>,
}

/// Whether a channel may be used for a purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelPermission {
    /// The channel.
    pub channel: SmolStr,
    /// Whether it may, and why.
    pub permission: Permission,
}

/// How often others answered, as far as it is to weigh: two of ten weigh as much as ten messages of the customer's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponsePrior {
    /// The channel.
    pub channel: SmolStr,
    /// The hour of the day that the counts are of, 0 to 23; none for all hours together.
    pub hour: Option<u8>,
    /// How many were answered; more than were sent count as those.
    pub answered: u32,
    /// How many were sent.
    pub sent: u32,
}

impl ContactRequest {
    /// Asks how to tell something for a purpose.
    pub fn new(purpose: impl Into<SmolStr>, now: Timestamp) -> Self {
        Self {
            purpose: purpose.into(),
            about: None,
            brand: None,
            property: None,
            now,
            order_contact: Vec::new(),
            identifiers: Vec::new(),
            time_zone: None,
            prior: Vec::new(),
            permissions: Vec::new(),
        }
    }

    /// Sets the kind of thing that is told.
    #[must_use]
    pub fn about(mut self, about: impl Into<SmolStr>) -> Self {
        self.about = Some(about.into());
        self
    }

    /// Sets the brand that tells it.
    #[must_use]
    pub fn brand(mut self, brand: impl Into<SmolStr>) -> Self {
        self.brand = Some(brand.into());
        self
    }

    /// Sets the property that tells it.
    #[must_use]
    pub fn property(mut self, property: impl Into<SmolStr>) -> Self {
        self.property = Some(property.into());
        self
    }

    /// Adds a way to reach the customer that was given for the order.
    #[must_use]
    pub fn order_contact(mut self, kind: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        self.order_contact.push(Identifier::new(kind, value));
        self
    }

    /// Adds an identifier of the customer.
    #[must_use]
    pub fn identifier(mut self, kind: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        self.identifiers.push(Identifier::new(kind, value));
        self
    }

    /// Sets the customer's time zone, by its IANA name.
    #[must_use]
    pub fn time_zone(mut self, name: impl Into<SmolStr>) -> Self {
        self.time_zone = Some(name.into());
        self
    }

    /// Adds how often others answered on a channel, at all hours.
    #[must_use]
    pub fn prior(mut self, channel: impl Into<SmolStr>, answered: u32, sent: u32) -> Self {
        self.prior.push(ResponsePrior { channel: channel.into(), hour: None, answered, sent });
        self
    }

    /// Adds whether a channel may be used for the purpose.
    #[must_use]
    pub fn permission(mut self, channel: impl Into<SmolStr>, permission: Permission) -> Self {
        self.permissions.push(ChannelPermission { channel: channel.into(), permission });
        self
    }
}

/// Shows the purpose and counts.
impl fmt::Debug for ContactRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (given, identifiers) = (self.order_contact.len(), self.identifiers.len());
        write!(f, "ContactRequest({}, {given} of the order, {identifiers} identifiers)", self.purpose)
    }
}

/// How to reach a customer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContactPlan {
    /// The channels that may be used, the best first. One that is capped keeps its place.
    pub choices: Vec<ChannelChoice>,
    /// Those that may not.
    pub left_out: Vec<ChannelLeftOut>,
    /// The clock that hours were read by.
    pub zone: ContactZone,
}

impl ContactPlan {
    /// The best channel that is not capped. O(choices).
    pub fn best(&self) -> Option<&ChannelChoice> {
        self.choices.iter().find(|choice| choice.capped.is_empty())
    }
}

/// A channel that may be used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelChoice {
    /// Its name, as it is declared.
    pub channel: SmolStr,
    /// Where it reaches the customer; none for a channel that needs no identifier.
    pub point: Option<ContactPoint>,
    /// Why it stands where it stands.
    pub because: ChoiceReason,
    /// How often the customer answers on it.
    pub rate: ResponseRate,
    /// The same by hour of the day, ascending: hours of which nothing is known are left out.
    pub hours: Vec<HourRate>,
    /// The first instant at which it may be used, in the offset of the customer's zone; none where that is now.
    pub not_before: Option<Timestamp>,
    /// Whether quiet hours are a reason to wait.
    pub quiet: bool,
    /// The caps that are reached, in the order of the rules.
    pub capped: Vec<Capped>,
}

impl ChannelChoice {
    /// The hour at which the customer answers most often; the earliest of several. O(hours).
    pub fn best_hour(&self) -> Option<HourRate> {
        let better = |best: HourRate, next: &HourRate| if next.rate.mean > best.rate.mean { *next } else { best };
        let (first, rest) = self.hours.split_first()?;
        Some(rest.iter().fold(*first, better))
    }
}

/// Where a channel reaches a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactPoint {
    /// The identifier, as given.
    pub identifier: Identifier,
    /// Where it comes from.
    pub source: PointSource,
}

/// Where a contact point comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PointSource {
    /// It was given for the order.
    Order,
    /// It is the customer's.
    Profile,
}

/// Why a channel stands where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceReason {
    /// The customer wants it, as this event says: before all others.
    Stated(RecordKey),
    /// By how often messages on it are answered.
    Responses,
    /// By the order of the rules: nothing is known of it.
    Fallback,
    /// The customer does not like it, as this event says: after all others.
    Disliked(RecordKey),
}

/// How often messages are answered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ResponseRate {
    /// How many of the customer's own were opened or clicked.
    pub answered: u64,
    /// How many of those there were.
    pub sent: u64,
    /// The share that is expected to be answered, 0 to 1.
    pub mean: f64,
}

/// How often messages of one hour are answered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HourRate {
    /// The hour on the customer's clock, 0 to 23.
    pub hour: u8,
    /// How often.
    pub rate: ResponseRate,
}

/// A cap that is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Capped {
    /// The place of the cap in the rules.
    pub cap: usize,
    /// How many messages were sent in its days.
    pub sent: u64,
    /// When so many of them will be older that one may be sent.
    pub until: Timestamp,
}

/// A channel that may not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelLeftOut {
    /// Its name, as it is declared or as it was said.
    pub channel: SmolStr,
    /// Why.
    pub reason: ChannelLeftOutReason,
}

/// Why a channel may not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChannelLeftOutReason {
    /// The customer never wants it, as this event says.
    Never(RecordKey),
    /// It may not be used for the purpose.
    NotPermitted {
        /// Why not.
        reason: PermissionReason,
        /// The consents that this rests on, by key; none where nothing was said.
        because: Vec<RecordKey>,
    },
    /// There is no identifier of its kind.
    NoPoint,
    /// The customer wants it, as this event says, but it is not declared.
    Undeclared(RecordKey),
}

/// A customer's clock.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ContactZone {
    /// The IANA name; none for an offset.
    pub name: Option<SmolStr>,
    /// The UTC offset now, in seconds east of Greenwich.
    pub offset_seconds: i32,
    /// Where it comes from.
    pub source: ZoneSource,
    /// The zone that was given for the customer, where there is no such zone: it was passed over.
    pub unknown: Option<SmolStr>,
}

/// Where the zone of a customer comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneSource {
    /// It was given for the customer.
    Customer,
    /// It is that of the rules.
    Rules,
    /// It is the offset of this event, the newest that the customer did.
    LastEvent(RecordKey),
    /// Nothing is known: it is UTC.
    Nothing,
}

/// Shows where it comes from, not where somebody lives.
impl fmt::Debug for ContactZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContactZone({:?})", self.source)
    }
}

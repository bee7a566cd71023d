//! Writing an event as JSON, the same bytes for the same content.

use super::write::{Values, by_kind, several, sort, sort_attributes, to_json};
use crate::event::{
    Consent, ConsentStatus, Event, EventKind, Facet, Grant, LegalBasis, Line, Message, NotedBy, Polarity, Preference,
    Scope, Sensitivity,
};
use crate::value::Value;
use serde::Serialize;
use smol_str::SmolStr;
use std::cmp::Ordering;
use std::collections::BTreeMap;

impl Event {
    /// Brings the event to the one order of its content: identifiers, contacts and facets sorted, each once;
    /// attributes by name, the last value of a name; a number that is not finite is null. Lines keep their order. Two
    /// events of the same canonical form say the same.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        sort(&mut self.identifiers);
        sort(&mut self.contact);
        sort(&mut self.facets);
        self.lines.iter_mut().for_each(|line| sort(&mut line.facets));
        self.lines.shrink_to_fit();
        sort_attributes(&mut self.attributes);
        self
    }

    /// Writes the canonical form as JSON bytes: what decides between two versions of one time (the larger stands).
    pub fn canonical_json(&self) -> Vec<u8> {
        to_json(&EventLine::of(self, None)).into_bytes()
    }

    /// Says whether this version replaces another: it is later, or told of the same instant with the larger canonical
    /// bytes.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind};
    /// let told = Event::new("web", "v-1", "2026-01-06T09:30:00Z".parse()?, EventKind::View);
    /// let again = told.clone().text("a scarf");
    /// assert!(again.supersedes(&told) != told.supersedes(&again));
    /// assert!(!told.supersedes(&told));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn supersedes(&self, old: &Self) -> bool {
        match self.at.microseconds().cmp(&old.at.microseconds()) {
            Ordering::Equal => self != old && self.canonical_json() > old.canonical_json(),
            later => later.is_gt(),
        }
    }
}

/// Writes an event as an operation. What one says that is about a consent and nothing else stands in the line itself.
pub(super) fn event_line(event: &Event) -> String {
    let mut line = EventLine::of(event, Some("event"));
    if event.kind == EventKind::Consent
        && let Some(consent) = line.consent.take()
    {
        let through = line.channel.take();
        return to_json(&ConsentLine { line: EventLine { kind: None, op: Some("consent"), ..line }, consent, through });
    }
    to_json(&line)
}

// The fields of all these stand in the order of their names, which is the order that they are written in.

#[derive(Serialize)]
struct EventLine<'a> {
    at: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'a SmolStr, &'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<BucketObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<ConsentObject<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    contact: BTreeMap<&'a SmolStr, Values<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    facets: BTreeMap<&'a SmolStr, Values<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    identifiers: BTreeMap<&'a SmolStr, Values<'a>>,
    key: &'a SmolStr,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<LineObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<OfferObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    op: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preference: Option<PreferenceObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sentiment: Option<&'a SmolStr>,
    source: &'a SmolStr,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a SmolStr>,
}

impl<'a> EventLine<'a> {
    fn of(event: &'a Event, op: Option<&'static str>) -> Self {
        let (offer, bucket) = match event.grant.as_deref() {
            Some(Grant::Token { offer, token }) => (Some(OfferObject { offer, token }), None),
            Some(Grant::Arm { experiment, arm }) => (None, Some(BucketObject { arm, experiment })),
            None => (None, None),
        };
        Self {
            at: event.at.to_string(),
            attributes: event.attributes.iter().map(|(name, value)| (name, value)).collect(),
            bucket,
            channel: event.channel.as_ref(),
            consent: event.consent.as_deref().map(ConsentObject::of),
            contact: by_kind(&event.contact),
            facets: by_name(&event.facets),
            identifiers: by_kind(&event.identifiers),
            key: &event.key.key,
            kind: Some(event.kind.to_string()),
            lines: event.lines.iter().map(LineObject::of).collect(),
            message: event.message.as_ref().map(MessageObject::of),
            offer,
            op,
            order: event.order.as_ref(),
            payload: event.payload.as_ref(),
            place: event.place.as_ref(),
            preference: event.preference.as_deref().map(PreferenceObject::of),
            sentiment: event.sentiment.as_ref(),
            source: &event.key.source,
            text: event.text.as_ref(),
        }
    }
}

fn by_name(facets: &[Facet]) -> BTreeMap<&SmolStr, Values<'_>> {
    several(facets.iter().map(|facet| (&facet.name, &facet.value)))
}

#[derive(Serialize)]
struct LineObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    facets: BTreeMap<&'a SmolStr, Values<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gift: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a SmolStr>,
}

impl<'a> LineObject<'a> {
    fn of(line: &'a Line) -> Self {
        Self {
            amount: line.amount.as_ref(),
            currency: line.currency.as_ref(),
            facets: by_name(&line.facets),
            gift: line.gift.then_some(true),
            line: line.line.as_ref(),
            product: line.product.as_ref(),
            quantity: line.quantity.as_ref(),
            variant: line.variant.as_ref(),
        }
    }
}

#[derive(Serialize)]
struct MessageObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign: Option<&'a SmolStr>,
    message: &'a SmolStr,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a SmolStr>,
}

impl<'a> MessageObject<'a> {
    fn of(message: &'a Message) -> Self {
        Self {
            about: message.about.as_ref(),
            campaign: message.campaign.as_ref(),
            message: &message.message,
            purpose: message.purpose.as_ref(),
        }
    }
}

#[derive(Serialize)]
struct PreferenceObject<'a> {
    attribute: &'a SmolStr,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    noted_by: NotedBy,
    polarity: Polarity,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<ScopeObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sensitivity: Option<Sensitivity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a SmolStr>,
    value: &'a SmolStr,
}

impl<'a> PreferenceObject<'a> {
    fn of(preference: &'a Preference) -> Self {
        Self {
            attribute: &preference.attribute,
            context: preference.context.as_ref(),
            expires: preference.expires.map(|at| at.to_string()),
            noted_by: preference.noted_by,
            polarity: preference.polarity,
            purpose: preference.purpose.as_ref(),
            recorded_at: preference.recorded_at.map(|at| at.to_string()),
            scope: ScopeObject::of(&preference.scope),
            sensitivity: (preference.sensitivity != Sensitivity::None).then_some(preference.sensitivity),
            text: preference.text.as_ref(),
            value: &preference.value,
        }
    }
}

/// A consent whose parts stand beside those of its event. Both are flat, so the order is that of a map.
struct ConsentLine<'a> {
    line: EventLine<'a>,
    consent: ConsentObject<'a>,
    /// The channel that it came through: `channel` is that which it is about.
    through: Option<&'a SmolStr>,
}

impl Serialize for ConsentLine<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let object = |part: serde_json::Result<serde_json::Value>| match part {
            Ok(serde_json::Value::Object(fields)) => Ok(fields),
            Ok(_) => Err(S::Error::custom("is no object")),
            Err(error) => Err(S::Error::custom(error)),
        };
        let mut fields: BTreeMap<String, serde_json::Value> = BTreeMap::new();
        fields.extend(object(serde_json::to_value(&self.line))?);
        fields.extend(object(serde_json::to_value(&self.consent))?);
        fields.extend(self.through.map(|through| ("through".to_owned(), through.as_str().into())));
        fields.serialize(serializer)
    }
}

#[derive(Serialize)]
struct ConsentObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    basis: Option<LegalBasis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jurisdiction: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offered: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    property: Option<&'a SmolStr>,
    purpose: &'a SmolStr,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded_at: Option<String>,
    status: ConsentStatus,
}

impl<'a> ConsentObject<'a> {
    fn of(consent: &'a Consent) -> Self {
        Self {
            basis: consent.basis,
            brand: consent.scope.brand.as_ref(),
            channel: consent.scope.channel.as_ref(),
            evidence: consent.evidence.as_ref(),
            expires: consent.expires.map(|at| at.to_string()),
            jurisdiction: consent.jurisdiction.as_ref(),
            notice: consent.notice.as_ref(),
            offered: consent.offered.as_ref(),
            property: consent.scope.property.as_ref(),
            purpose: &consent.purpose,
            recorded_at: consent.recorded_at.map(|at| at.to_string()),
            status: consent.status,
        }
    }
}

#[derive(Serialize)]
struct OfferObject<'a> {
    offer: &'a SmolStr,
    token: &'a SmolStr,
}

#[derive(Serialize)]
struct BucketObject<'a> {
    arm: &'a SmolStr,
    experiment: &'a SmolStr,
}

#[derive(Serialize)]
struct ScopeObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    brand: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    property: Option<&'a SmolStr>,
}

impl<'a> ScopeObject<'a> {
    /// None where it is everywhere.
    fn of(scope: &'a Scope) -> Option<Self> {
        let (brand, channel, property) = (scope.brand.as_ref(), scope.channel.as_ref(), scope.property.as_ref());
        brand.or(channel).or(property)?;
        Some(Self { brand, channel, property })
    }
}

//! Reading an event from the fields of a line.

use super::fields::Fields;
use super::json::shown;
use super::read::{at, key};
use crate::error::Result;
use crate::event::{Consent, Event, EventKind, Grant, Line, Message, Preference, Scope};
use crate::record::RecordKey;
use crate::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::de::value::StrDeserializer;
use smol_str::SmolStr;

pub(super) fn event(fields: &mut Fields, default_at: Option<Timestamp>) -> Result<Event> {
    let (RecordKey { source, key }, at) = (key(fields)?, at(fields, default_at)?);
    let mut event = Event::new(source, key, at, kind(fields)?);
    event.channel = fields.text("channel")?;
    if let Some(mut object) = fields.object("consent")? {
        event.consent = Some(Box::new(consent_of(&mut object)?));
        object.finish()?;
    }
    with_rest(event, fields)
}

/// Reads an event whose consent stands in the line itself.
pub(super) fn consent(fields: &mut Fields, default_at: Option<Timestamp>) -> Result<Event> {
    let (RecordKey { source, key }, at) = (key(fields)?, at(fields, default_at)?);
    let mut event = Event::of_consent(source, key, at, consent_of(fields)?);
    event.channel = fields.text("through")?;
    with_rest(event, fields)
}

fn consent_of(fields: &mut Fields) -> Result<Consent> {
    Ok(Consent {
        purpose: required(fields, "purpose")?,
        status: word(fields, "status", "granted, denied, withdrawn, expired, unknown")?
            .ok_or_else(|| fields.wrong("status", "is missing"))?,
        scope: Scope {
            brand: fields.scalar("brand")?,
            property: fields.scalar("property")?,
            channel: fields.text("channel")?,
        },
        jurisdiction: fields.text("jurisdiction")?,
        basis: word(
            fields,
            "basis",
            "consent, contract, legal_obligation, vital_interests, public_task, legitimate_interest",
        )?,
        recorded_at: fields.time("recorded_at")?,
        expires: fields.time("expires")?,
        notice: fields.scalar("notice")?,
        offered: fields.text("offered")?,
        evidence: fields.scalar("evidence")?,
    })
}

/// Reads what all events may have.
fn with_rest(event: Event, fields: &mut Fields) -> Result<Event> {
    let event = Event {
        identifiers: fields.identifiers("identifiers")?,
        place: fields.text("place")?,
        order: fields.scalar("order")?,
        lines: fields.objects("lines")?.into_iter().map(line).collect::<Result<_>>()?,
        facets: fields.facets("facets")?,
        text: fields.text("text")?,
        sentiment: fields.number("sentiment")?,
        message: fields.object("message")?.map(message).transpose()?,
        preference: fields.object("preference")?.map(preference).transpose()?.map(Box::new),
        grant: grant(fields)?.map(Box::new),
        contact: fields.identifiers("contact")?,
        attributes: fields.attributes("attributes")?,
        payload: fields.text("payload")?,
        ..event
    };
    Ok(event.canonical())
}

fn kind(fields: &mut Fields) -> Result<EventKind> {
    let name = required(fields, "kind")?;
    name.parse().map_err(|_| {
        let reason = format!("{} is not a kind of event; one of your own is `custom:` and its name", shown(&name));
        fields.wrong("kind", reason)
    })
}

fn line(mut fields: Fields) -> Result<Line> {
    let line = Line {
        line: fields.scalar("line")?,
        product: fields.scalar("product")?,
        variant: fields.scalar("variant")?,
        facets: fields.facets("facets")?,
        quantity: fields.number("quantity")?,
        amount: fields.number("amount")?,
        currency: fields.text("currency")?,
        gift: fields.flag("gift")?,
    };
    fields.finish()?;
    Ok(line)
}

fn message(mut fields: Fields) -> Result<Message> {
    let message = Message {
        message: required(&mut fields, "message")?,
        campaign: fields.scalar("campaign")?,
        purpose: fields.text("purpose")?,
        about: fields.text("about")?,
    };
    fields.finish()?;
    Ok(message)
}

fn preference(mut fields: Fields) -> Result<Preference> {
    let preference = Preference {
        attribute: required(&mut fields, "attribute")?,
        value: required(&mut fields, "value")?,
        polarity: word(&mut fields, "polarity", "like, dislike, never")?
            .ok_or_else(|| fields.wrong("polarity", "is missing"))?,
        context: fields.text("context")?,
        scope: fields.object("scope")?.map(scope).transpose()?.unwrap_or_default(),
        noted_by: word(&mut fields, "noted_by", "customer, staff, system")?
            .ok_or_else(|| fields.wrong("noted_by", "is missing"))?,
        recorded_at: fields.time("recorded_at")?,
        sensitivity: word(&mut fields, "sensitivity", "none, personal, special")?.unwrap_or_default(),
        expires: fields.time("expires")?,
        purpose: fields.text("purpose")?,
        text: fields.text("text")?,
    };
    fields.finish()?;
    Ok(preference)
}

/// Reads the one thing that is given.
fn grant(fields: &mut Fields) -> Result<Option<Grant>> {
    let (offer, bucket) = (fields.object("offer")?, fields.object("bucket")?);
    match (offer, bucket) {
        (None, None) => Ok(None),
        (Some(mut offer), None) => {
            let grant = Grant::Token { offer: required(&mut offer, "offer")?, token: required(&mut offer, "token")? };
            offer.finish()?;
            Ok(Some(grant))
        }
        (None, Some(mut bucket)) => {
            let (experiment, arm) = (required(&mut bucket, "experiment")?, required(&mut bucket, "arm")?);
            bucket.finish()?;
            Ok(Some(Grant::Arm { experiment, arm }))
        }
        (Some(_), Some(_)) => Err(fields.wrong("bucket", "stands beside an offer: an event gives one thing")),
    }
}

fn scope(mut fields: Fields) -> Result<Scope> {
    let scope = Scope {
        brand: fields.scalar("brand")?,
        property: fields.scalar("property")?,
        channel: fields.text("channel")?,
    };
    fields.finish()?;
    Ok(scope)
}

fn required(fields: &mut Fields, field: &str) -> Result<SmolStr> {
    fields.scalar(field)?.ok_or_else(|| fields.wrong(field, "is missing"))
}

/// Reads one of a few words, which are those that serde knows.
fn word<T: DeserializeOwned>(fields: &mut Fields, field: &str, words: &str) -> Result<Option<T>> {
    let Some(sent) = fields.text(field)? else { return Ok(None) };
    let known = T::deserialize(StrDeserializer::<serde::de::value::Error>::new(&sent));
    known.map(Some).map_err(|_| fields.wrong(field, format!("{} is none of {words}", shown(&sent))))
}

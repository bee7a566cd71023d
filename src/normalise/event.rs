//! Reading an event the way the policy says. What cannot be read is an issue, and costs only itself.

use super::{VALUE_MAX_BYTES, currency, is_junk, normalise_identifier, read_identifiers, text};
use crate::decimal::Decimal;
use crate::event::{Event, EventKind, Facet, Grant, Line, Message};
use crate::issue::{Issue, IssueReason};
use crate::policy::Rules;
use smol_str::{SmolStr, format_smolstr};
use std::fmt;

/// The most facets of a line, and of an event as a whole, that are read.
pub(super) const FACETS_MAX: usize = 64;

/// An event as the policy reads it. The evidence itself stays as it was sent.
#[derive(Clone, PartialEq, Eq)]
pub struct NormalisedEvent {
    /// The usable identifiers as (place of the kind in the policy, value), sorted, each once.
    pub identifiers: Vec<(u16, SmolStr)>,
    /// Whether the event is quarantined: kept, reported, and taking no part.
    pub quarantined: bool,
    /// The channel.
    pub channel: Option<SmolStr>,
    /// The place.
    pub place: Option<SmolStr>,
    /// The order that it belongs to.
    pub order: Option<SmolStr>,
    /// The lines, as many as were sent.
    pub lines: Vec<NormalisedLine>,
    /// The usable facets of the event as a whole, sorted, each once.
    pub facets: Vec<Facet>,
    /// How it was said, from -1 to 1.
    pub sentiment: Option<Decimal>,
    /// The message that it tells of.
    pub message: Option<Message>,
    /// The usable contacts, as the identifiers.
    pub contact: Vec<(u16, SmolStr)>,
}

/// A line as it is read: what was not sent, or cannot be read, is none.
#[derive(Clone, PartialEq, Eq)]
pub struct NormalisedLine {
    /// The line's name within its order.
    pub line: Option<SmolStr>,
    /// The product.
    pub product: Option<SmolStr>,
    /// Which one of the product.
    pub variant: Option<SmolStr>,
    /// The usable facets, sorted, each once.
    pub facets: Vec<Facet>,
    /// How many, or how much; never below 0.
    pub quantity: Option<Decimal>,
    /// What the line cost.
    pub amount: Option<Decimal>,
    /// The currency of the amount, three letters.
    pub currency: Option<SmolStr>,
    /// Whether it was for somebody else.
    pub gift: bool,
}

/// Reads an event: brings its identifiers to the forms of their kinds, its numbers to decimals and its currencies to
/// their codes, and drops what says nothing. O(length of the event).
///
/// A line of which something cannot be read counts with the rest of it: with an unknown currency the product is still
/// bought. Attributes and words are not looked at.
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, IssueReason, Line, Policy, Rules, normalise_event};
/// let event = Event::new("pos", "t-991", "2026-01-06T09:30:00Z".parse()?, EventKind::Purchase)
///     .identifier("customer_id", "C42")
///     .line(Line::new("sku-1").quantity("2").amount("49.90", "eur"))
///     .line(Line::new("sku-2").quantity("-1").amount("12,50", "EUR"));
/// let (read, issues) = normalise_event(&Rules::new(Policy::retail())?, &event);
/// assert_eq!((read.lines[0].amount, read.lines[0].currency.as_deref()), (Some("49.9".parse()?), Some("EUR")));
/// assert_eq!((read.lines[1].product.as_deref(), read.lines[1].amount), (Some("sku-2"), None));
/// let told: Vec<_> = issues.iter().map(|issue| (issue.field.as_str(), &issue.reason)).collect();
/// assert_eq!(told, [
///     ("lines[1].quantity", &IssueReason::Negative),
///     ("lines[1].amount", &IssueReason::NotANumber),
/// ]);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn normalise_event(rules: &Rules, event: &Event) -> (NormalisedEvent, Vec<Issue>) {
    let mut issues = Vec::new();
    let mut issue = |field: &str, reason| {
        issues.push(Issue { what: event.what(), key: event.key.clone(), field: field.into(), reason });
    };
    if matches!(&event.kind, EventKind::Custom(name) if name.trim().is_empty()) {
        issue("kind", IssueReason::Blank);
    }
    let (identifiers, quarantined) = read_identifiers(rules, &event.identifiers, &mut issue);
    if identifiers.is_empty() {
        issue("identifiers", IssueReason::NoIdentifier);
    }
    if event.kind == EventKind::Purchase && event.lines.is_empty() {
        issue("lines", IssueReason::NoLines);
    }
    if event.kind == EventKind::Preference && event.preference.is_none() {
        issue("preference", IssueReason::NoPreference);
    }
    match (&event.kind, event.consent.as_deref()) {
        (EventKind::Consent, None) => issue("consent", IssueReason::NoConsent),
        (EventKind::Consent, Some(consent)) => {
            if let Err(reason) = said(&consent.purpose) {
                issue("purpose", reason);
            }
        }
        _ => {}
    }
    match (&event.kind, event.grant.as_deref()) {
        (EventKind::Offer, Some(Grant::Token { .. })) | (EventKind::Bucket, Some(Grant::Arm { .. })) => {}
        (EventKind::Offer, _) => issue("offer", IssueReason::NoGrant),
        (EventKind::Bucket, _) => issue("bucket", IssueReason::NoGrant),
        _ => {}
    }
    let mut reader = Reader { path: SmolStr::default(), issue: &mut issue };
    let channel = reader.name("channel", event.channel.as_ref());
    let place = reader.name("place", event.place.as_ref());
    let order = reader.key("order", event.order.as_ref());
    let facets = reader.facets(&event.facets);
    let sentiment = reader.number("sentiment", event.sentiment.as_ref());
    let sentiment = reader.keep("sentiment", sentiment, is_sentiment, IssueReason::Range);
    let mut lines = Vec::with_capacity(event.lines.len());
    for (place, line) in event.lines.iter().enumerate() {
        reader.path = format_smolstr!("lines[{place}].");
        lines.push(reader.line(&event.kind, line));
    }
    reader.path = SmolStr::new_static("message.");
    let message = event.message.as_ref().and_then(|message| reader.message(message));
    reader.path = SmolStr::new_static("contact.");
    let contact = reader.contact(rules, event);
    let read =
        NormalisedEvent { identifiers, quarantined, channel, place, order, lines, facets, sentiment, message, contact };
    (read, issues)
}

/// Reads the lines of an event alone; what is wrong with them is told when the event is read. O(length of the lines).
pub(crate) fn read_lines(event: &Event) -> Vec<NormalisedLine> {
    let mut reader = Reader { path: SmolStr::default(), issue: &mut |_: &str, _| {} };
    event.lines.iter().map(|line| reader.line(&event.kind, line)).collect()
}

/// Reads how an event says that something was said; what is wrong with it is told when the event is read.
pub(crate) fn read_sentiment(event: &Event) -> Option<f64> {
    let read: Decimal = event.sentiment.as_ref()?.parse().ok()?;
    // Between -1 and 1 the nearest number to a decimal is the one that its text reads as.
    Some(read).filter(|number| is_sentiment(*number)).and_then(|number| number.to_string().parse().ok())
}

fn is_sentiment(number: Decimal) -> bool {
    (-Decimal::ONE..=Decimal::ONE).contains(&number)
}

/// What stands between the blanks at both ends, if it is something, and no essay.
pub(super) fn said(sent: &str) -> Result<&str, IssueReason> {
    match text::trim(sent) {
        "" => Err(IssueReason::Blank),
        long if long.len() > VALUE_MAX_BYTES => Err(IssueReason::TooLong(VALUE_MAX_BYTES)),
        words => Ok(words),
    }
}

/// Reads the fields of one object, and tells what is wrong with them.
struct Reader<'a, F> {
    /// What stands before the names of the fields.
    path: SmolStr,
    issue: &'a mut F,
}

impl<F: FnMut(&str, IssueReason)> Reader<'_, F> {
    fn tell(&mut self, field: &str, reason: IssueReason) {
        (self.issue)(&format_smolstr!("{}{field}", self.path), reason);
    }

    /// Reads what tells one thing from all others: a placeholder would make all things one.
    fn key(&mut self, field: &str, sent: Option<&SmolStr>) -> Option<SmolStr> {
        let name = self.name(field, sent)?;
        if is_junk(&name) {
            self.tell(field, IssueReason::Junk);
            return None;
        }
        Some(name)
    }

    /// Reads a name. Any word may be one: `0` is a line or a size, and `None` a pattern.
    fn name(&mut self, field: &str, sent: Option<&SmolStr>) -> Option<SmolStr> {
        let sent = sent?;
        match said(sent) {
            Ok(name) if name.len() == sent.len() => Some(sent.clone()),
            Ok(name) => Some(name.into()),
            Err(reason) => {
                self.tell(field, reason);
                None
            }
        }
    }

    fn number(&mut self, field: &str, sent: Option<&SmolStr>) -> Option<Decimal> {
        let number = sent?.parse().ok();
        if number.is_none() {
            self.tell(field, IssueReason::NotANumber);
        }
        number
    }

    /// Lets go of a number that may not be.
    fn keep(
        &mut self,
        field: &str,
        number: Option<Decimal>,
        may_be: impl Fn(Decimal) -> bool,
        otherwise: IssueReason,
    ) -> Option<Decimal> {
        let kept = number.filter(|number| may_be(*number));
        if kept.is_none() && number.is_some() {
            self.tell(field, otherwise);
        }
        kept
    }

    fn line(&mut self, kind: &EventKind, line: &Line) -> NormalisedLine {
        let quantity = self.number("quantity", line.quantity.as_ref());
        let quantity = self.keep("quantity", quantity, |number| number >= Decimal::ZERO, IssueReason::Negative);
        let amount = self.number("amount", line.amount.as_ref());
        // What is given back may be told of as money that went the other way.
        let may_be = |number| *kind != EventKind::Purchase || number >= Decimal::ZERO;
        let amount = self.keep("amount", amount, may_be, IssueReason::Negative);
        let code = line.currency.as_ref().and_then(|sent| currency::read(text::trim(sent)));
        match &line.currency {
            Some(_) if code.is_none() => self.tell("currency", IssueReason::Currency),
            None if amount.is_some() => self.tell("currency", IssueReason::NoCurrency),
            _ => {}
        }
        NormalisedLine {
            line: self.name("line", line.line.as_ref()),
            product: self.key("product", line.product.as_ref()),
            variant: self.name("variant", line.variant.as_ref()),
            facets: self.facets(&line.facets),
            quantity,
            amount,
            currency: code.map(SmolStr::new_static),
            gift: line.gift,
        }
    }

    fn facets(&mut self, sent: &[Facet]) -> Vec<Facet> {
        let mut facets = Vec::with_capacity(sent.len());
        for facet in sent {
            match (said(&facet.name), said(&facet.value)) {
                (Ok(name), Ok(value)) if (name, value) == (&facet.name, &facet.value) => facets.push(facet.clone()),
                (Ok(name), Ok(value)) => facets.push(Facet::new(name, value)),
                (Ok(name), Err(reason)) => self.tell(&format_smolstr!("facets.{name}"), reason),
                (Err(reason), _) => self.tell("facets", reason),
            }
        }
        facets.sort_unstable();
        facets.dedup();
        if facets.len() > FACETS_MAX {
            self.tell("facets", IssueReason::TooMany(FACETS_MAX));
            facets.truncate(FACETS_MAX);
        }
        facets
    }

    /// Reads a message; none where nothing says which one it is.
    fn message(&mut self, sent: &Message) -> Option<Message> {
        let campaign = self.name("campaign", sent.campaign.as_ref());
        let purpose = self.name("purpose", sent.purpose.as_ref());
        let about = self.name("about", sent.about.as_ref());
        Some(Message { message: self.key("message", Some(&sent.message))?, campaign, purpose, about })
    }

    fn contact(&mut self, rules: &Rules, event: &Event) -> Vec<(u16, SmolStr)> {
        let mut contact = Vec::with_capacity(event.contact.len());
        for sent in &event.contact {
            match normalise_identifier(rules, sent) {
                Ok(usable) => contact.push(usable),
                Err(reason) => self.tell(&sent.kind, reason),
            }
        }
        contact.sort_unstable();
        contact.dedup();
        contact
    }
}

/// Shows no value.
impl fmt::Debug for NormalisedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (identifiers, lines) = (self.identifiers.len(), self.lines.len());
        write!(f, "NormalisedEvent({identifiers} identifiers, {lines} lines, quarantined: {})", self.quarantined)
    }
}

/// Shows a count: what was bought is personal.
impl fmt::Debug for NormalisedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NormalisedLine({} facets)", self.facets.len())
    }
}

//! The part of a policy that says for how long data is kept.

use super::{AttributePolicy, IdentifierPolicy, Policy, PolicyBuilder, PurposePolicy};
use crate::error::{Error, Result};
use crate::event::EventKind;
use crate::time::Timestamp;
use jiff::fmt::friendly::{Designator, Spacing, SpanPrinter};
use jiff::fmt::temporal::SpanParser;
use jiff::tz::Offset;
use jiff::{Span, SpanFieldwise};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use smol_str::SmolStr;
use std::fmt;

/// For how long something is kept, counted from its own time: a duration of ISO 8601, as `P2Y`, `P13M`, `P30D` or
/// `PT36H`.
///
/// Years, months and days are those of the calendar, in UTC: what is told on the 31st and kept for a month is over on the
/// last day of the next month, and what is told on the 29th of February and kept for a year on the 28th. It is kept up to
/// that instant, and is over at it.
///
/// # Examples
/// ```
/// use onefold::TimeToLive;
/// let month: TimeToLive = "P1M".parse()?;
/// let told = "2026-01-31T10:00:00Z".parse()?;
/// assert_eq!(month.end(told), Some("2026-02-28T10:00:00Z".parse()?));
/// assert!(!month.is_over(told, "2026-02-28T09:59:59.999999Z".parse()?));
/// assert!(month.is_over(told, "2026-02-28T10:00:00Z".parse()?));
/// assert!("P0D".parse::<TimeToLive>().is_err() && "-P1M".parse::<TimeToLive>().is_err());
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeToLive(
    // Invariant: above zero, in whole microseconds.
    SpanFieldwise,
);

impl TimeToLive {
    /// When what was told at a time is over; none if that is after the year 9999. In the offset that it was told in.
    pub fn end(self, told: Timestamp) -> Option<Timestamp> {
        let start = jiff::Timestamp::from_microsecond(told.microseconds()).ok()?;
        let end = Offset::UTC.to_datetime(start).checked_add(self.0.0).ok()?;
        let end = Offset::UTC.to_timestamp(end).ok()?.as_microsecond();
        Some(Timestamp::from_microseconds(end).ok()?.at_offset(told.offset_seconds()))
    }

    /// In words, as `2 years`.
    pub(crate) fn words(self) -> String {
        let printer = SpanPrinter::new().designator(Designator::Verbose).spacing(Spacing::BetweenUnitsAndDesignators);
        printer.span_to_string(&self.0.0)
    }

    /// Whether what was told at a time is over.
    pub fn is_over(self, told: Timestamp, now: Timestamp) -> bool {
        self.end(told).is_some_and(|end| end.microseconds() <= now.microseconds())
    }
}

impl std::str::FromStr for TimeToLive {
    type Err = Error;

    /// Reads a duration of ISO 8601.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = |reason: &str| Error::input("duration", reason);
        let span: Span = SpanParser::new()
            .parse_span(text)
            .map_err(|_| wrong("is not a duration of ISO 8601 (as `P2Y` or `P30D`)"))?;
        if !span.is_positive() {
            return Err(wrong("is not longer than nothing"));
        }
        if span.get_nanoseconds() != 0 {
            return Err(wrong("has parts of a microsecond"));
        }
        Ok(Self(span.fieldwise()))
    }
}

impl fmt::Display for TimeToLive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.0, f)
    }
}

impl fmt::Debug for TimeToLive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TimeToLive {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeToLive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SmolStr::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl AttributePolicy {
    /// Sets for how long its values are kept.
    #[must_use]
    pub fn keep(mut self, keep: TimeToLive) -> Self {
        self.keep = Some(keep);
        self
    }
}

impl IdentifierPolicy {
    /// Sets for how long records keep its values.
    #[must_use]
    pub fn keep(mut self, keep: TimeToLive) -> Self {
        self.keep = Some(keep);
        self
    }
}

impl PurposePolicy {
    /// Sets for how long data may be used for it.
    #[must_use]
    pub fn keep(mut self, keep: TimeToLive) -> Self {
        self.keep = Some(keep);
        self
    }
}

impl PolicyBuilder {
    /// Sets for how long what the policy does not declare is kept.
    pub fn undeclared_keep(mut self, keep: TimeToLive) -> Self {
        self.policy.undeclared_keep = Some(keep);
        self
    }

    /// Sets for how long events of a kind are kept.
    pub fn event_keep(mut self, kind: &EventKind, keep: TimeToLive) -> Self {
        self.policy.event.keep.insert(kind.to_string().into(), keep);
        self
    }
}

impl Policy {
    pub(super) fn check_keep(&self) -> Result<()> {
        self.event.keep.keys().try_for_each(|kind| self.check_event_kind(&format!("event.keep.{kind}"), kind))
    }

    pub(super) fn check_event_kind(&self, field: &str, kind: &str) -> Result<()> {
        kind.parse::<EventKind>().map(drop).map_err(|_| Error::policy(field, "is of no kind of event"))
    }
}

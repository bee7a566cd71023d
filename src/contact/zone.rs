//! Clocks of people: zones, times of day, quiet hours. Only the zones that come with the crate are known.

use super::rules::QuietHours;
use crate::time::Timestamp;
use jiff::civil::Time;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{Span, Zoned};
use std::sync::LazyLock;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Between two changes of an offset an interval ends once at most: more boundaries than this in a row never happen.
const BOUNDARIES_MAX: usize = 64;

/// A zone by its name.
pub(super) fn named(name: &str) -> Option<TimeZone> {
    ZONES.get(name.trim()).ok().filter(|zone| !zone.is_unknown())
}

/// The zone of one offset, in seconds east of Greenwich.
pub(super) fn fixed(offset_seconds: i32) -> TimeZone {
    Offset::from_seconds(offset_seconds).map_or(TimeZone::UTC, TimeZone::fixed)
}

/// Reads `21:00`.
pub(super) fn time_of_day(sent: &str) -> Option<Time> {
    let (hour, minute) = sent.trim().split_once(':')?;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    Time::new(number(hour)?, number(minute).filter(|_| minute.len() == 2)?, 0, 0).ok()
}

/// The hour of the day, 0 to 23.
pub(super) fn hour(at: Timestamp, zone: &TimeZone) -> u8 {
    let hour = instant(at).map_or(0, |at| zone.to_datetime(at).hour());
    u8::try_from(hour).unwrap_or(0)
}

/// The same instant, told in the offset that the zone has then.
pub(super) fn told_in(at: Timestamp, zone: &TimeZone) -> Timestamp {
    instant(at).map_or(at, |instant| at.at_offset(zone.to_offset(instant).seconds()))
}

/// An interval of the day.
pub(super) struct Quiet {
    from: Time,
    until: Time,
}

impl Quiet {
    /// None where one of the two is no time of day.
    pub(super) fn new(hours: &QuietHours) -> Option<Self> {
        Some(Self { from: time_of_day(&hours.from)?, until: time_of_day(&hours.until)? })
    }

    fn covers(&self, time: Time) -> bool {
        if self.from <= self.until {
            self.from <= time && time < self.until
        } else {
            time >= self.from || time < self.until
        }
    }

    /// The first instant at or after one at which the clock shows no quiet time. Where clocks are set forward over the
    /// end, that is when they are; where they are set back over it, that is the first end, and the hour that comes again
    /// is quiet again. O(1).
    pub(super) fn after(&self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        let Some(mut now) = instant(at) else { return at };
        for _ in 0..BOUNDARIES_MAX {
            if !self.covers(zone.to_datetime(now).time()) {
                break;
            }
            let Some(next) = self.boundary(now, zone) else { break };
            now = next;
        }
        Timestamp::from_microseconds(now.as_microsecond()).unwrap_or(at)
    }

    /// The first instant after one at which the interval may end: its end on the clock, or a change of the offset.
    fn boundary(&self, now: jiff::Timestamp, zone: &TimeZone) -> Option<jiff::Timestamp> {
        let today = Zoned::new(now, zone.clone()).date();
        let ends = (0..3).filter_map(|days| today.checked_add(Span::new().days(days)).ok()).flat_map(|day| {
            let end = |date: jiff::civil::Date| zone.to_ambiguous_timestamp(date.to_datetime(self.until));
            [end(day).earlier(), end(day).later()]
        });
        let change = zone.following(now).next().map(|change| change.timestamp());
        ends.flatten().chain(change).filter(|end| *end > now).min()
    }
}

fn instant(at: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_microsecond(at.microseconds()).ok()
}

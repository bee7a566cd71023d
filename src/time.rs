//! Points in time, as sources tell them.

use crate::error::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// A point in time with the UTC offset that it was told in. Microseconds, proleptic Gregorian years -9999 to 9999.
///
/// Two times of the same instant and another offset are different values, and tie wherever onefold orders by time.
///
/// # Examples
/// ```
/// use onefold::Timestamp;
/// let told: Timestamp = "2026-01-05T11:00:00+01:00".parse()?;
/// assert_eq!(told.microseconds(), Timestamp::from_milliseconds(1_767_607_200_000)?.microseconds());
/// assert_eq!(told.to_string(), "2026-01-05T11:00:00+01:00");
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    // Invariant: within jiff's range, so that it can always be printed.
    microseconds: i64,
    offset_seconds: i32,
}

impl Timestamp {
    /// Takes microseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// `Input` where the year would leave -9999..=9999.
    pub fn from_microseconds(microseconds: i64) -> Result<Self> {
        jiff::Timestamp::from_microsecond(microseconds).map_err(|_| out_of_range())?;
        Ok(Self { microseconds, offset_seconds: 0 })
    }

    /// Takes milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// `Input` where the year would leave -9999..=9999.
    pub fn from_milliseconds(milliseconds: i64) -> Result<Self> {
        Self::from_microseconds(milliseconds.checked_mul(1000).ok_or_else(out_of_range)?)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn microseconds(self) -> i64 {
        self.microseconds
    }

    /// The day that it is of in UTC, counted from 1970-01-01.
    pub(crate) fn day(self) -> i64 {
        self.microseconds.div_euclid(DAY)
    }

    /// The UTC offset that the time was told in, in seconds east of Greenwich.
    pub fn offset_seconds(self) -> i32 {
        self.offset_seconds
    }

    /// The same instant, told in another offset: seconds east of Greenwich.
    pub(crate) fn at_offset(self, offset_seconds: i32) -> Self {
        Self { offset_seconds, ..self }
    }
}

fn out_of_range() -> Error {
    Error::input("time", "outside the years -9999 to 9999")
}

impl std::str::FromStr for Timestamp {
    type Err = Error;

    /// Reads RFC 3339, with `Z` or a numeric offset.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::input("time", "is not RFC 3339 (as 2026-01-05T10:00:00Z)");
        let pieces = jiff::fmt::temporal::DateTimeParser::new().parse_pieces(text.trim()).map_err(|_| wrong())?;
        let offset = pieces.to_numeric_offset().ok_or_else(wrong)?;
        let datetime = pieces.date().to_datetime(pieces.time().ok_or_else(wrong)?);
        let instant = offset.to_timestamp(datetime).map_err(|_| out_of_range())?;
        Ok(Self { microseconds: instant.as_microsecond(), offset_seconds: offset.seconds() })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_microsecond(self.microseconds).unwrap_or_default();
        match jiff::tz::Offset::from_seconds(self.offset_seconds) {
            Ok(offset) if self.offset_seconds != 0 => fmt::Display::fmt(&instant.display_with_offset(offset), f),
            _ => fmt::Display::fmt(&instant, f),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.microseconds, self.offset_seconds).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let (microseconds, offset_seconds) = <(i64, i32)>::deserialize(deserializer)?;
            let time = Self::from_microseconds(microseconds).map_err(de::Error::custom)?;
            return Ok(Self { offset_seconds, ..time });
        }
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time or Unix milliseconds")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, milliseconds: i64) -> std::result::Result<Timestamp, E> {
                Timestamp::from_milliseconds(milliseconds).map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, milliseconds: u64) -> std::result::Result<Timestamp, E> {
                self.visit_i64(i64::try_from(milliseconds).map_err(|_| E::custom(out_of_range()))?)
            }
        }
        deserializer.deserialize_any(Text)
    }
}

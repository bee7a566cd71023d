//! Dates, whole or in part, and how two of them stand to each other.
//!
//! Whatever compares works on the canonical text of a date: `YYYY-MM-DD`, `YYYY-MM` or `YYYY`. Texts that are no dates
//! agree with themselves only.

mod read;

use crate::similarity::agreement::Agreement;
use std::fmt;

/// A date, of which the day, or month and day, may be unknown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    // Invariant: the month is known where the day is, and together they are a day of the calendar.
    year: i16,
    month: Option<u8>,
    day: Option<u8>,
}

/// Which of two numbers before a year is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateOrder {
    DayFirst,
    MonthFirst,
}

impl Date {
    /// Makes a date of what is known, if there is such a day. Years have four digits.
    pub(crate) fn new(year: i16, month: Option<u8>, day: Option<u8>) -> Option<Self> {
        let known = Self { year, month, day };
        let (first_month, first_day) = (month.unwrap_or(1) as i8, day.unwrap_or(1) as i8);
        let exists = jiff::civil::Date::new(year, first_month, first_day).is_ok();
        (exists && (1000..=9999).contains(&year) && (day.is_none() || month.is_some())).then_some(known)
    }

    /// Reads a date as people and systems write it: `1978-11-12`, `19781112`, `11/12/1978`, `12.11.78`, `Mar 1 1970`,
    /// `24-May-11`, `1 March 1970`, `11/1978`, `1978`. A time of day after it does not count.
    ///
    /// `order` says which of two numbers is the day where both could be. Years of two digits are from 1930 to 2029.
    pub(crate) fn read(text: &str, order: DateOrder) -> Option<Self> {
        read::read(text, order)
    }

    /// Reads the canonical text of a date.
    pub(crate) fn canonical(text: &str) -> Option<Self> {
        let digits = |from: usize, to: usize| -> Option<i16> {
            let part = text.get(from..to)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
        };
        let dash = |place: usize| text.as_bytes().get(place) == Some(&b'-');
        let year = digits(0, 4)?;
        match text.len() {
            4 => Self::new(year, None, None),
            7 if dash(4) => Self::new(year, Some(digits(5, 7)? as u8), None),
            10 if dash(4) && dash(7) => Self::new(year, Some(digits(5, 7)? as u8), Some(digits(8, 10)? as u8)),
            _ => None,
        }
    }

    /// The year.
    pub(crate) fn year(self) -> i16 {
        self.year
    }

    /// Month and day, where both are known.
    pub(crate) fn month_and_day(self) -> Option<(u8, u8)> {
        self.month.zip(self.day)
    }

    fn civil(self) -> Option<jiff::civil::Date> {
        let (month, day) = self.month_and_day()?;
        jiff::civil::Date::new(self.year, month as i8, day as i8).ok()
    }
}

/// Writes the canonical text.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        [self.month, self.day].into_iter().flatten().try_for_each(|part| write!(f, "-{part:02}"))
    }
}

/// Shows no value: a date of birth is a personal one.
impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Date(..)")
    }
}

/// Says whether day and month of one date stand in each other's place in the other.
pub(crate) fn day_month_swap(a: &str, b: &str) -> bool {
    let parts = |text| Date::canonical(text).and_then(|date| Some((date.year, date.month_and_day()?)));
    match (parts(a), parts(b)) {
        (Some((year, (month, day))), Some((other, swapped))) => {
            year == other && month != day && swapped == (day, month)
        }
        _ => false,
    }
}

/// Says whether two whole dates differ by one digit, or by two neighbouring digits in each other's place; also where day
/// and month of one are swapped besides.
pub(crate) fn date_typo(a: &str, b: &str) -> bool {
    let whole = |text: &str| text.len() == 10 && Date::canonical(text).is_some();
    if !whole(a) || !whole(b) || a == b || day_month_swap(a, b) {
        return false;
    }
    let swapped =
        a.bytes().take(5).chain(a.bytes().skip(8)).chain(a.bytes().skip(7).take(1)).chain(a.bytes().skip(5).take(2));
    one_slip(a.bytes(), b.bytes()) || one_slip(swapped, b.bytes())
}

/// Whether two texts of one length differ by one character, or by two neighbours in each other's place.
fn one_slip(a: impl Iterator<Item = u8>, b: impl Iterator<Item = u8>) -> bool {
    let mut apart = a.zip(b).enumerate().filter(|(_, (x, y))| x != y);
    match (apart.next(), apart.next(), apart.next()) {
        (Some(_), None, None) => true,
        (Some((first, (x, y))), Some((second, (z, w))), None) => second == first + 1 && x == w && y == z,
        _ => false,
    }
}

/// Counts the days between two whole dates.
pub(crate) fn days_between(a: &str, b: &str) -> Option<u32> {
    let (a, b) = (Date::canonical(a)?.civil()?, Date::canonical(b)?.civil()?);
    u32::try_from(a.duration_until(b).as_hours().unsigned_abs() / 24).ok()
}

/// Says how two dates stand to each other: the same agree; one that says less, a swap of day and month, and one slip
/// of a finger (with or without a swap) are compatible.
pub(crate) fn date_agreement(a: &str, b: &str) -> Agreement {
    if a == b {
        return Agreement::Agree;
    }
    let (Some(one), Some(other)) = (Date::canonical(a), Date::canonical(b)) else { return Agreement::Contradict };
    let says_less = one.year == other.year
        && [(one.month, other.month), (one.day, other.day)].iter().all(|(x, y)| x.is_none() || y.is_none() || x == y);
    if says_less || day_month_swap(a, b) || date_typo(a, b) { Agreement::Compatible } else { Agreement::Contradict }
}

#[cfg(test)]
mod tests {
    use super::{DateOrder, date_typo, day_month_swap, days_between};
    use crate::similarity::date::Date;

    fn read(text: &str, order: DateOrder) -> Option<String> {
        Date::read(text, order).map(|date| date.to_string())
    }

    #[test]
    fn dates_are_read_as_they_are_written() {
        for (text, expected) in [
            ("1978-11-12", "1978-11-12"),
            ("1978-11-12T10:00:00Z", "1978-11-12"),
            ("1978-11-12 00:00:00", "1978-11-12"),
            ("19781112", "1978-11-12"),
            ("1978/11/12", "1978-11-12"),
            ("1978", "1978"),
            ("1978-11", "1978-11"),
            ("11/1978", "1978-11"),
            ("Nov 1978", "1978-11"),
            ("Mar 1 1970", "1970-03-01"),
            ("March 1st, 1970", "1970-03-01"),
            ("1 March 1970", "1970-03-01"),
            ("24-May-11", "2011-05-24"),
            ("15-Mar-92", "1992-03-15"),
            ("6/15/98", "1998-06-15"),
            ("15/6/1998", "1998-06-15"),
            ("1 de marzo de 1970", "1970-03-01"),
            ("Thursday, 5 January 2012", "2012-01-05"),
        ] {
            for order in [DateOrder::DayFirst, DateOrder::MonthFirst] {
                assert_eq!(read(text, order).as_deref(), Some(expected), "{text}");
            }
        }
        for (text, day_first, month_first) in [
            ("11/12/1978", "1978-12-11", "1978-11-12"),
            ("12.11.78", "1978-11-12", "1978-12-11"),
            ("1/2/29", "2029-02-01", "2029-01-02"),
            ("1/2/30", "1930-02-01", "1930-01-02"),
            ("11121978", "1978-12-11", "1978-11-12"),
        ] {
            assert_eq!(read(text, DateOrder::DayFirst).as_deref(), Some(day_first), "{text}");
            assert_eq!(read(text, DateOrder::MonthFirst).as_deref(), Some(month_first), "{text}");
        }
        for text in
            ["", "soon", "31/31/1978", "1978-02-30", "12", "1-2", "1/2/3/4", "0012-01-01", "123456789", "4 Foo 1970"]
        {
            assert_eq!(read(text, DateOrder::DayFirst), None, "{text}");
        }
    }

    #[test]
    fn swaps_typos_and_days() {
        assert!(day_month_swap("1978-11-12", "1978-12-11") && !day_month_swap("1978-11-11", "1978-11-11"));
        assert!(!day_month_swap("1978-11-12", "1979-12-11") && !day_month_swap("1978-11", "1978-11"));
        assert!(date_typo("1978-11-12", "1979-11-12") && date_typo("1973-11-12", "1973-11-21"));
        assert!(!date_typo("1978-11-12", "1978-11-12") && !date_typo("1978-11-12", "1979-11-13"));
        assert!(date_typo("1978-12-11", "1979-11-12") && date_typo("1973-12-11", "1973-11-21"));
        assert!(!date_typo("1978-12-11", "1978-11-12") && !date_typo("1978-12-11", "1979-11-13"));
        assert!(!date_typo("1978-11", "1979-11") && !date_typo("1978-10-22", "1978-22-10"));
        assert_eq!(days_between("2024-02-28", "2024-03-01"), Some(2));
        assert_eq!(days_between("2025-01-01", "2024-01-01"), Some(366));
        assert_eq!(days_between("2024-02", "2024-03-01"), None);
    }
}

//! Reading dates as people write them.

use super::{Date, DateOrder};
use smallvec::SmallVec;

/// Two digits of a year from here on are of the last century.
const PIVOT: i16 = 30;

/// How the months begin, in English and its neighbours, without accents. The longer beginnings come first.
const MONTHS: [(&str, u8); 38] = [
    ("juil", 7),
    ("juin", 6),
    ("jan", 1),
    ("gen", 1),
    ("ene", 1),
    ("feb", 2),
    ("fev", 2),
    ("mar", 3),
    ("maer", 3),
    ("mrz", 3),
    ("maa", 3),
    ("mrt", 3),
    ("apr", 4),
    ("avr", 4),
    ("abr", 4),
    ("may", 5),
    ("mai", 5),
    ("mag", 5),
    ("mei", 5),
    ("maj", 5),
    ("jun", 6),
    ("giu", 6),
    ("jul", 7),
    ("lug", 7),
    ("aug", 8),
    ("ago", 8),
    ("aou", 8),
    ("sep", 9),
    ("set", 9),
    ("oct", 10),
    ("okt", 10),
    ("ott", 10),
    ("out", 10),
    ("nov", 11),
    ("dec", 12),
    ("dez", 12),
    ("dic", 12),
    ("des", 12),
];

/// What stands in a date and says nothing.
const FILLERS: [&str; 9] = ["st", "nd", "rd", "th", "of", "de", "del", "den", "the"];

/// How the days of the week begin, in English.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

#[derive(Clone, Copy)]
enum Part {
    Number { value: i16, digits: usize },
    Month(u8),
}

pub(super) fn read(text: &str, order: DateOrder) -> Option<Date> {
    let day = without_time(text);
    if day.len() > 40 || !day.is_ascii() {
        return None;
    }
    let parts = parts(day)?;
    match *parts.as_slice() {
        [Part::Number { value, digits: 4 }] => Date::new(value, None, None),
        [one, other] => month_of_year(one, other).or_else(|| month_of_year(other, one)),
        [first, second, third] => whole(first, second, third, order),
        _ => None,
    }
    .or_else(|| compact(day, order))
}

/// Cuts off a time of day: what follows a `T` or a blank after which a clock begins.
fn without_time(text: &str) -> &str {
    let clock = |rest: &str| {
        let hour = rest.bytes().take_while(u8::is_ascii_digit).count();
        (1..=2).contains(&hour) && rest.as_bytes().get(hour) == Some(&b':')
    };
    let starts = |(place, _): &(usize, &str)| text.get(place + 1..).is_some_and(clock);
    match text.match_indices(['T', 't', ' ']).find(starts) {
        Some((place, _)) => text.get(..place).unwrap_or_default().trim_end(),
        None => text,
    }
}

/// The numbers and months of a text; none if there is another word in it, or too much.
fn parts(text: &str) -> Option<SmallVec<[Part; 4]>> {
    let mut parts = SmallVec::new();
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        let run = |kind: fn(&u8) -> bool| rest.bytes().take_while(kind).count();
        let length = match first {
            byte if byte.is_ascii_digit() => run(u8::is_ascii_digit),
            byte if byte.is_ascii_alphabetic() => run(u8::is_ascii_alphabetic),
            b'-' | b'/' | b'.' | b',' | b' ' => {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            _ => return None,
        };
        let (word, after) = (rest.get(..length)?, rest.get(length..)?);
        rest = after;
        if first.is_ascii_digit() {
            // Numbers of eight digits are read as one; others of more than four are none.
            let value = if length > 4 { 0 } else { word.parse().ok()? };
            parts.push(Part::Number { value, digits: length });
        } else if let Some(month) = month(word) {
            parts.push(Part::Month(month));
        } else if !is_filler(word) {
            return None;
        }
        if parts.len() > 3 {
            return None;
        }
    }
    Some(parts)
}

fn month(word: &str) -> Option<u8> {
    let starts = |beginning: &str| word.get(..beginning.len()).is_some_and(|head| head.eq_ignore_ascii_case(beginning));
    MONTHS.iter().find(|(beginning, _)| starts(beginning)).map(|(_, month)| *month)
}

fn is_filler(word: &str) -> bool {
    let starts = |day: &str| word.get(..3).is_some_and(|head| head.eq_ignore_ascii_case(day));
    FILLERS.iter().any(|filler| word.eq_ignore_ascii_case(filler)) || WEEKDAYS.iter().any(|day| starts(day))
}

fn month_of_year(month: Part, year: Part) -> Option<Date> {
    match (month, year) {
        (Part::Month(month), Part::Number { value, digits: 4 }) => Date::new(value, Some(month), None),
        (Part::Number { value: month, digits: 1 | 2 }, Part::Number { value, digits: 4 }) => {
            Date::new(value, Some(u8::try_from(month).ok()?), None)
        }
        _ => None,
    }
}

fn whole(first: Part, second: Part, third: Part, order: DateOrder) -> Option<Date> {
    use Part::{Month, Number};
    match (first, second, third) {
        // A month in words leaves the year to be told from the day: it has four digits, or stands last.
        (Number { value: year, digits: 4 }, Month(month), Number { value: day, digits: 1 | 2 })
        | (Number { value: year, digits: 4 }, Number { value: day, digits: 1 | 2 }, Month(month)) => {
            of(year, month, day)
        }
        (Number { value: day, digits: 1 | 2 }, Month(month), year)
        | (Month(month), Number { value: day, digits: 1 | 2 }, year) => of(full_year(year)?, month, day),
        (
            Number { value: year, digits: 4 },
            Number { value: month, digits: 1 | 2 },
            Number { value: day, digits: 1 | 2 },
        ) => of(year, u8::try_from(month).ok()?, day),
        (Number { value: one, digits: 1 | 2 }, Number { value: other, digits: 1 | 2 }, year) => {
            ordered(full_year(year)?, one, other, order)
        }
        _ => None,
    }
}

/// Eight digits: year, month, day; or the year last.
fn compact(text: &str, order: DateOrder) -> Option<Date> {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<i16>().ok());
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    of(number(0, 4)?, number(4, 6)? as u8, number(6, 8)?)
        .filter(|date| (1800..2200).contains(&date.year()))
        .or_else(|| ordered(number(4, 8)?, number(0, 2)?, number(2, 4)?, order))
}

fn ordered(year: i16, one: i16, other: i16, order: DateOrder) -> Option<Date> {
    let (day, month) = match order {
        DateOrder::DayFirst => (one, other),
        DateOrder::MonthFirst => (other, one),
    };
    // Where only one of the two can be the month, it is.
    of(year, u8::try_from(month).ok()?, day).or_else(|| of(year, u8::try_from(day).ok()?, month))
}

fn of(year: i16, month: u8, day: i16) -> Option<Date> {
    Date::new(year, Some(month), Some(u8::try_from(day).ok()?))
}

fn full_year(part: Part) -> Option<i16> {
    match part {
        Part::Number { value, digits: 4 } => Some(value),
        Part::Number { value, digits: 2 } => Some(if value < PIVOT { 2000 + value } else { 1900 + value }),
        _ => None,
    }
}

//! What one side of a condition takes of a record: a column, or a part of it.

use super::sql::Sql;
use crate::policy::{Key, KeyPart};
use smol_str::SmolStr;

/// What is taken of a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub(super) column: SmolStr,
    pub(super) part: Part,
}

/// What is taken of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Key(KeyPart),
    /// The user of an e-mail address.
    EmailUser,
    PostcodeSector,
    PostcodeDistrict,
    PostcodeArea,
    /// Seconds since the epoch.
    Seconds,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Left,
    Right,
}

impl Term {
    /// What both sides take, if it is the same of the left record and of the right.
    pub(super) fn of_both(a: &Sql, b: &Sql) -> Option<Self> {
        let ((left, a), (right, b)) = (Self::read(a)?, Self::read(b)?);
        (left != right && a == b).then_some(a)
    }

    /// The columns of a condition that compares one column of the left with another of the right.
    pub(super) fn crossed(a: &Sql, b: &Sql) -> Option<(SmolStr, SmolStr)> {
        let ((left, a), (right, b)) = (Self::read(a)?, Self::read(b)?);
        let whole = a.part == Part::Key(KeyPart::Whole) && b.part == a.part && a.column != b.column;
        match (left, right) {
            (Side::Left, Side::Right) if whole => Some((a.column, b.column)),
            (Side::Right, Side::Left) if whole => Some((b.column, a.column)),
            _ => None,
        }
    }

    /// The key of a blocking rule, if it is one.
    pub(super) fn key(self) -> Option<Key> {
        match self.part {
            Part::Key(part) => Some(Key { column: self.column, part }),
            _ => None,
        }
    }

    fn read(sql: &Sql) -> Option<(Side, Self)> {
        match sql {
            Sql::Name(path) => {
                let (side, column) = column(path)?;
                Some((side, Self { column, part: Part::Key(KeyPart::Whole) }))
            }
            Sql::Call(function, parts) => {
                let (of, rest) = parts.split_first()?;
                let (side, term) = Self::read(of)?;
                let part = part(function, &term.part, rest)?;
                Some((side, Self { part, ..term }))
            }
            _ => None,
        }
    }
}

/// The side and the name of a column: `l.name`, or `name_l`.
fn column(path: &[SmolStr]) -> Option<(Side, SmolStr)> {
    match path {
        [table, name] if table == "l" => Some((Side::Left, name.clone())),
        [table, name] if table == "r" => Some((Side::Right, name.clone())),
        [name] => name
            .strip_suffix("_l")
            .map(|name| (Side::Left, name.into()))
            .or_else(|| name.strip_suffix("_r").map(|name| (Side::Right, name.into()))),
        _ => None,
    }
}

/// The column of a name, whatever its side.
pub(super) fn column_of(sql: &Sql) -> Option<SmolStr> {
    match sql {
        Sql::Name(path) => column(path).map(|(_, name)| name),
        _ => None,
    }
}

/// What a function takes of what was taken already.
fn part(function: &str, of: &Part, rest: &[Sql]) -> Option<Part> {
    let whole = *of == Part::Key(KeyPart::Whole);
    let key = |part| Some(Part::Key(part));
    match (function, rest) {
        // Values are folded, and dates read, before they are compared here.
        ("lower" | "upper" | "trim" | "cast" | "date" | "to_date", []) => Some(of.clone()),
        ("try_strptime" | "strptime" | "try_to_timestamp" | "to_timestamp" | "to_date", [Sql::Text(_)])
        | ("date_parse", [Sql::Text(_)]) => Some(of.clone()),
        ("nullif", [Sql::Text(text)]) if text.is_empty() => Some(of.clone()),
        ("substring" | "substr", [Sql::Number(1.0), length]) if whole => key(KeyPart::First(count(length)?)),
        ("left", [length]) if whole => key(KeyPart::First(count(length)?)),
        ("right", [length]) if whole => key(KeyPart::Last(count(length)?)),
        ("soundex", []) if whole => key(KeyPart::Soundex),
        ("year", []) if whole => key(KeyPart::Year),
        ("month", []) if whole => key(KeyPart::Month),
        ("epoch" | "unix_timestamp" | "to_unixtime" | "unix_seconds", []) if whole => Some(Part::Seconds),
        ("regexp_extract", [Sql::Text(pattern), ..]) if whole => match pattern.as_str() {
            "^[^@]+" => Some(Part::EmailUser),
            "^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? [0-9]" => Some(Part::PostcodeSector),
            "^[A-Za-z]{1,2}[0-9][A-Za-z0-9]?" => Some(Part::PostcodeDistrict),
            "^[A-Za-z]{1,2}" => Some(Part::PostcodeArea),
            _ => None,
        },
        _ => None,
    }
}

/// A whole number above 0.
pub(super) fn count(sql: &Sql) -> Option<u32> {
    match sql {
        Sql::Number(number) if *number >= 1.0 && *number <= f64::from(u32::MAX) && number.fract() == 0.0 => {
            Some(*number as u32)
        }
        _ => None,
    }
}

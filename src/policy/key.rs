//! The key expressions of blocking rules: `surname`, `given_name[:3]`, `year(birth_date)`, `soundex(surname)`.

use crate::error::{Error, Result};
use smol_str::SmolStr;
use std::fmt;

/// One key of a blocking rule: an attribute or a kind of identifier, and what of its value has to be equal.
///
/// ```text
/// key      = column | column "[:" n "]" | column "[-" n ":]" | function "(" column ")"
/// function = "year" | "month" | "soundex" | "words" | "sounds" | "numbers"
/// ```
///
/// A value of which the key takes nothing (no date where a year is asked for) has no block. A list has one block for
/// each of its values. Names that hold brackets cannot be keys.
///
/// # Examples
/// ```
/// use onefold::{Key, KeyPart};
/// let key: Key = "given_name[:3]".parse()?;
/// assert_eq!((key.column.as_str(), key.part), ("given_name", KeyPart::First(3)));
/// assert_eq!("year( birth_date )".parse::<Key>()?.to_string(), "year(birth_date)");
/// assert!("decade(birth_date)".parse::<Key>().is_err());
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The attribute, or kind of identifier.
    pub column: SmolStr,
    /// What of its value.
    pub part: KeyPart,
}

/// What of a value a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KeyPart {
    /// All of it.
    Whole,
    /// Its first so many characters; of a shorter value, all.
    First(u32),
    /// Its last so many characters; of a shorter value, all.
    Last(u32),
    /// The year of a date.
    Year,
    /// The month of a date, whatever the year.
    Month,
    /// Its Soundex code.
    Soundex,
    /// Each of its words of more than one character.
    Words,
    /// The Soundex code of each of its words of more than one character.
    Sounds,
    /// Each of its words that has a digit: a house, a postcode.
    Numbers,
}

const FUNCTIONS: [(&str, KeyPart); 6] = [
    ("year", KeyPart::Year),
    ("month", KeyPart::Month),
    ("soundex", KeyPart::Soundex),
    ("words", KeyPart::Words),
    ("sounds", KeyPart::Sounds),
    ("numbers", KeyPart::Numbers),
];

impl Key {
    /// Takes the whole value of a column.
    pub fn whole(column: impl Into<SmolStr>) -> Self {
        Self { column: column.into(), part: KeyPart::Whole }
    }

    /// Reads an expression, or says what is wrong with it. O(length).
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some((function, rest)) = text.split_once('(') {
            let known = FUNCTIONS.iter().find(|(name, _)| *name == function.trim());
            let part = known.ok_or_else(|| {
                let known = FUNCTIONS.map(|(name, _)| format!("`{name}`")).join(", ");
                format!("`{text}` has no function that is known ({known})")
            })?;
            let column = rest.strip_suffix(')').ok_or_else(|| format!("`{text}` does not end in `)`"))?;
            return Ok(Self { column: name(text, column)?, part: part.1 });
        }
        let Some((column, rest)) = text.split_once('[') else {
            return Ok(Self { column: name(text, text)?, part: KeyPart::Whole });
        };
        let wrong = || format!("`{text}` takes no part that is known (`[:3]` the first three, `[-4:]` the last four)");
        let slice = rest.strip_suffix(']').ok_or_else(wrong)?;
        let count = |digits: &str| digits.trim().parse().ok().filter(|&count: &u32| count > 0).ok_or_else(wrong);
        let part = match slice.trim().split_once(':').ok_or_else(wrong)? {
            ("", first) => KeyPart::First(count(first)?),
            (last, "") => KeyPart::Last(count(last.strip_prefix('-').ok_or_else(wrong)?)?),
            _ => return Err(wrong()),
        };
        Ok(Self { column: name(text, column)?, part })
    }
}

/// The name of a column, without what belongs to the grammar.
fn name(text: &str, column: &str) -> Result<SmolStr, String> {
    let column = column.trim();
    if column.is_empty() {
        return Err(format!("`{text}` names no attribute"));
    }
    if column.contains(['(', ')', '[', ']']) {
        return Err(format!("`{text}` has brackets that do not belong together"));
    }
    Ok(column.into())
}

impl std::str::FromStr for Key {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::read(text).map_err(|reason| Error::input("key", reason))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = &self.column;
        match self.part {
            KeyPart::Whole => f.write_str(column),
            KeyPart::First(count) => write!(f, "{column}[:{count}]"),
            KeyPart::Last(count) => write!(f, "{column}[-{count}:]"),
            KeyPart::Year => write!(f, "year({column})"),
            KeyPart::Month => write!(f, "month({column})"),
            KeyPart::Soundex => write!(f, "soundex({column})"),
            KeyPart::Words => write!(f, "words({column})"),
            KeyPart::Sounds => write!(f, "sounds({column})"),
            KeyPart::Numbers => write!(f, "numbers({column})"),
        }
    }
}

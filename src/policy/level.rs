//! The levels of a comparison, as a policy and a model write them: `exact`, `jaro_winkler:0.92`, `days:31`.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// A level of a comparison: what two values must have in common to be on it. The first level that holds is theirs.
///
/// # Examples
/// ```
/// use onefold::Level;
/// let level: Level = "jaro_winkler:0.92".parse()?;
/// assert_eq!(level, Level::JaroWinkler(0.92));
/// assert_eq!(level.to_string(), "jaro_winkler:0.92");
/// assert!("jaro_winkler:2".parse::<Level>().is_err());
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Level {
    /// The values are equal.
    Exact,
    /// They agree by the logic of the attribute's kind: nicknames, token order, transliteration, other spellings.
    Agree,
    /// They agree, or are compatible by more than an initial: a name that is left out, one in another language.
    Related,
    /// They agree, or are compatible: initials, a name that is left out.
    Compatible,
    /// The name of an organisation is a short form of the other, which has one word more.
    ShortForm,
    /// Whole names of people begin with one given name, or with two that are compatible; initials do not count. So do
    /// those of one who marries.
    FirstName,
    /// The two columns of a name stand in each other's place. The word names the other attribute; without one, the
    /// comparison has two attributes.
    Swapped(Option<SmolStr>),
    /// Only one of the comparison's attributes is looked at: `of:surname:exact`. Its name holds no colon.
    Of(SmolStr, Box<Level>),
    /// Jaro similarity of at least so much, in 0..=1.
    Jaro(f64),
    /// Jaro-Winkler similarity of at least so much, in 0..=1.
    JaroWinkler(f64),
    /// Levenshtein distance of at most so many edits.
    Levenshtein(u32),
    /// Damerau-Levenshtein distance (optimal string alignment) of at most so many edits.
    DamerauLevenshtein(u32),
    /// Jaccard similarity of the sets of words of at least so much, in 0..=1.
    TokenSet(f64),
    /// Jaccard similarity of the sets of characters of at least so much, in 0..=1.
    Jaccard(f64),
    /// The first so many characters are equal.
    Prefix(u32),
    /// The last so many characters are equal.
    Suffix(u32),
    /// Soundex codes are equal.
    Soundex,
    /// Numbers differ by at most so much.
    Number(f64),
    /// Numbers differ by at most so many per cent of the larger.
    Percent(f64),
    /// Dates differ by at most so many days.
    Days(u32),
    /// Day and month stand in each other's place.
    DayMonthSwap,
    /// Dates differ by one digit, or by two neighbouring digits in each other's place, and by a swap of day and month
    /// besides or not.
    DateTypo,
    /// Coordinates in degrees (`latitude,longitude`, or two attributes in this order) lie at most so many kilometres
    /// apart.
    Kilometres(f64),
    /// Lists have at least so many values in common.
    Overlap(u32),
    /// E-mail addresses have the same user before the `@`.
    EmailUser,
    /// The users before the `@` have a Jaro-Winkler similarity of at least so much, in 0..=1.
    EmailUserJaroWinkler(f64),
    /// British postcodes are of one sector (`SW1A 2`).
    PostcodeSector,
    /// British postcodes are of one district (`SW1A`).
    PostcodeDistrict,
    /// British postcodes are of one area (`SW`).
    PostcodeArea,
    /// A similarity of the host's own, by its name, of at least so much.
    Custom(SmolStr, f64),
    /// Whatever is on no other level. Implied, and always last.
    Else,
}

impl std::str::FromStr for Level {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (word, argument) = match text.split_once(':') {
            Some((word, argument)) => (word.trim(), Some(argument.trim())),
            None => (text.trim(), None),
        };
        let wrong = |reason: &str| Error::input("level", format!("`{text}` {reason}"));
        let number = || -> Result<f64> {
            let number = argument.and_then(|argument| argument.parse::<f64>().ok());
            number.filter(|number| number.is_finite() && *number >= 0.0).ok_or_else(|| wrong("needs a number"))
        };
        let share = || number().and_then(|share| if share <= 1.0 { Ok(share) } else { Err(wrong("is over 1")) });
        let count = || -> Result<u32> {
            argument.and_then(|argument| argument.parse().ok()).ok_or_else(|| wrong("needs a whole number"))
        };
        let bare = |level: Self| if argument.is_none() { Ok(level) } else { Err(wrong("takes no number")) };
        match word {
            "exact" => bare(Self::Exact),
            "agree" => bare(Self::Agree),
            "related" => bare(Self::Related),
            "compatible" => bare(Self::Compatible),
            "short_form" => bare(Self::ShortForm),
            "first_name" => bare(Self::FirstName),
            "swapped" if argument == Some("") => Err(wrong("names no attribute")),
            "swapped" => Ok(Self::Swapped(argument.map(SmolStr::new))),
            "of" => match argument.and_then(|argument| argument.split_once(':')) {
                Some((name, level)) if !name.trim().is_empty() => match level.trim_start().starts_with("of:") {
                    true => Err(wrong("stands within another `of`")),
                    false => Ok(Self::Of(name.trim().into(), Box::new(level.parse()?))),
                },
                _ => Err(wrong("needs an attribute and a level, as `of:surname:exact`")),
            },
            "jaro" => share().map(Self::Jaro),
            "jaro_winkler" => share().map(Self::JaroWinkler),
            "levenshtein" => count().map(Self::Levenshtein),
            "damerau_levenshtein" => count().map(Self::DamerauLevenshtein),
            "token_set" => share().map(Self::TokenSet),
            "jaccard" => share().map(Self::Jaccard),
            "prefix" => count().map(Self::Prefix),
            "suffix" => count().map(Self::Suffix),
            "soundex" => bare(Self::Soundex),
            "number" => number().map(Self::Number),
            "percent" => number().map(Self::Percent),
            "days" => count().map(Self::Days),
            "day_month_swap" => bare(Self::DayMonthSwap),
            "date_typo" => bare(Self::DateTypo),
            "km" => number().map(Self::Kilometres),
            "overlap" => count().map(Self::Overlap),
            "email_user" => bare(Self::EmailUser),
            "email_user_jaro_winkler" => share().map(Self::EmailUserJaroWinkler),
            "postcode_sector" => bare(Self::PostcodeSector),
            "postcode_district" => bare(Self::PostcodeDistrict),
            "postcode_area" => bare(Self::PostcodeArea),
            "custom" => {
                let (name, share) = argument.and_then(|argument| argument.split_once(':')).unwrap_or_default();
                let share = share.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
                match share.filter(|_| !name.is_empty()) {
                    Some(share) => Ok(Self::Custom(name.into(), share)),
                    None => Err(wrong("needs a name and a share, as `custom:mine:0.9`")),
                }
            }
            "else" => bare(Self::Else),
            _ => Err(wrong("is no level (as `exact`, `jaro_winkler:0.92`, `date_typo`)")),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => f.write_str("exact"),
            Self::Agree => f.write_str("agree"),
            Self::Related => f.write_str("related"),
            Self::Compatible => f.write_str("compatible"),
            Self::ShortForm => f.write_str("short_form"),
            Self::FirstName => f.write_str("first_name"),
            Self::Swapped(None) => f.write_str("swapped"),
            Self::Swapped(Some(other)) => write!(f, "swapped:{other}"),
            Self::Of(attribute, level) => write!(f, "of:{attribute}:{level}"),
            Self::Jaro(least) => write!(f, "jaro:{least}"),
            Self::JaroWinkler(least) => write!(f, "jaro_winkler:{least}"),
            Self::Levenshtein(most) => write!(f, "levenshtein:{most}"),
            Self::DamerauLevenshtein(most) => write!(f, "damerau_levenshtein:{most}"),
            Self::TokenSet(least) => write!(f, "token_set:{least}"),
            Self::Jaccard(least) => write!(f, "jaccard:{least}"),
            Self::Prefix(length) => write!(f, "prefix:{length}"),
            Self::Suffix(length) => write!(f, "suffix:{length}"),
            Self::Soundex => f.write_str("soundex"),
            Self::Number(most) => write!(f, "number:{most}"),
            Self::Percent(most) => write!(f, "percent:{most}"),
            Self::Days(most) => write!(f, "days:{most}"),
            Self::DayMonthSwap => f.write_str("day_month_swap"),
            Self::DateTypo => f.write_str("date_typo"),
            Self::Kilometres(most) => write!(f, "km:{most}"),
            Self::Overlap(least) => write!(f, "overlap:{least}"),
            Self::EmailUser => f.write_str("email_user"),
            Self::EmailUserJaroWinkler(least) => write!(f, "email_user_jaro_winkler:{least}"),
            Self::PostcodeSector => f.write_str("postcode_sector"),
            Self::PostcodeDistrict => f.write_str("postcode_district"),
            Self::PostcodeArea => f.write_str("postcode_area"),
            Self::Custom(name, least) => write!(f, "custom:{name}:{least}"),
            Self::Else => f.write_str("else"),
        }
    }
}

impl Serialize for Level {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        SmolStr::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

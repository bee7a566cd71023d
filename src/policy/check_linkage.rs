//! What makes a policy's linkage wrong. Every refusal names the field: `linkage.comparison[2].levels[1]`.

use super::check::hint;
use super::key::{Key, KeyPart};
use super::level::Level;
use super::linkage::{BlockPolicy, ComparisonPolicy, LinkagePolicy, ModelSource};
use super::{Compare, Form, Policy};
use crate::error::{Error, Result};
use smol_str::SmolStr;

/// The fewest records of a block that has a pair.
const BLOCK_MIN: u64 = 2;
/// The most columns: attributes and kinds of identifier together have places of 16 bits.
const COLUMNS_MAX: usize = u16::MAX as usize;

/// What is wrong, and with which field.
pub(super) struct Fault {
    pub(super) field: String,
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }

    /// The same, of a field that lies deeper.
    pub(super) fn within(self, place: &str) -> Self {
        Self { field: format!("{place}.{}", self.field), ..self }
    }

    pub(super) fn of_policy(self) -> Error {
        Error::policy(self.field, self.reason)
    }
}

impl Policy {
    /// Checks linkage against what the policy declares.
    pub(super) fn check_linkage(&self) -> Result<()> {
        let Some(linkage) = &self.linkage else { return Ok(()) };
        let checked = self.thresholds(linkage).and_then(|()| self.comparisons(linkage)).and_then(|()| {
            let mut rules = linkage.block.iter().enumerate();
            rules.try_for_each(|(place, rule)| self.block_rule(&format!("block[{place}]"), rule))
        });
        let checked = checked.and_then(|()| match &linkage.model {
            Some(ModelSource::Path(path)) => {
                let reason = format!(
                    "`{path}` is a file, which only `Policy::from_path` reads; put the model itself in its place"
                );
                Err(Fault::new("model", reason))
            }
            Some(ModelSource::Model(model)) => self.fits_model(linkage, model),
            None => Ok(()),
        });
        checked.map_err(|fault| fault.within("linkage").of_policy())
    }

    /// What kind of value a column of linkage holds; none if no attribute and no kind of identifier has that name.
    pub(crate) fn column_kind(&self, name: &str) -> Option<Compare> {
        let attribute = self.attribute.iter().find(|attribute| attribute.name == name);
        let identifier = || self.identifier.iter().find(|identifier| identifier.kind == name);
        attribute.map(|attribute| attribute.compare).or_else(|| {
            Some(match identifier()?.normalise {
                Form::Email => Compare::Email,
                Form::Phone => Compare::Phone,
                _ => Compare::Exact,
            })
        })
    }

    /// Says why two values of these columns cannot be on a level; none if they can.
    pub(crate) fn misfit(&self, columns: &[SmolStr], level: &Level) -> Option<String> {
        match level {
            Level::Swapped(None) if columns.len() != 2 => {
                Some("needs two attributes, or the name of the other, as `swapped:surname`".to_owned())
            }
            Level::Swapped(Some(other)) if columns.contains(other) => {
                Some(format!("names `{other}`, which is compared itself"))
            }
            Level::Swapped(Some(_)) if columns.len() != 1 => {
                Some("names the other attribute beside several; `swapped` alone is enough".to_owned())
            }
            Level::Swapped(Some(other)) if self.column_kind(other).is_none() => {
                Some(format!("names what is not there: {}", self.undeclared(other)))
            }
            Level::Swapped(_) => None,
            Level::Of(column, _) if !columns.contains(column) => {
                Some(format!("names `{column}`, which is not among the attributes of this comparison"))
            }
            Level::Of(_, level) if matches!(**level, Level::Else | Level::Swapped(_) | Level::Of(..)) => {
                Some("holds a level that is of no single attribute".to_owned())
            }
            Level::Of(column, level) => self.misfit(std::slice::from_ref(column), level),
            Level::Kilometres(_) if columns.len() > 2 => {
                Some("needs one attribute, or latitude and longitude".to_owned())
            }
            _ => columns.iter().find_map(|column| {
                let kind = self.column_kind(column)?;
                unfit(level, kind).map(|wanted| format!("is of {wanted}, and `{column}` is of kind `{}`", word(kind)))
            }),
        }
    }

    /// Says that nothing of a name is declared, and what may have been meant.
    pub(crate) fn undeclared(&self, name: &str) -> String {
        let attributes = self.attribute.iter().map(|attribute| &attribute.name);
        let hint = hint(name, attributes.chain(self.identifier.iter().map(|identifier| &identifier.kind)));
        format!("neither an attribute nor a kind of identifier `{name}` is declared{hint}")
    }

    /// Says why a blocking rule does not fit.
    pub(crate) fn check_block(&self, rule: &BlockPolicy) -> Result<(), String> {
        self.block_rule("", rule).map_err(|fault| fault.reason)
    }

    fn thresholds(&self, linkage: &LinkagePolicy) -> Result<(), Fault> {
        for (field, probability) in
            [("link_probability", linkage.link_probability), ("review_probability", linkage.review_probability)]
        {
            if !(probability > 0.0 && probability < 1.0) {
                return Err(Fault::new(field, format!("is {probability}, and must lie between 0 and 1")));
            }
        }
        if linkage.review_probability > linkage.link_probability {
            let (review, link) = (linkage.review_probability, linkage.link_probability);
            return Err(Fault::new(
                "review_probability",
                format!("is {review}, above the `link_probability` of {link}"),
            ));
        }
        if !linkage.veto_weight.is_finite() {
            return Err(Fault::new("veto_weight", "is not a finite number"));
        }
        if linkage.max_block < BLOCK_MIN {
            let reason = format!("is {}, and must be at least {BLOCK_MIN}: one record is no pair", linkage.max_block);
            return Err(Fault::new("max_block", reason));
        }
        if i64::try_from(linkage.max_block).is_err() {
            return Err(Fault::new("max_block", format!("is over {}", i64::MAX)));
        }
        let columns = self.attribute.len() + self.identifier.len();
        if columns > COLUMNS_MAX {
            let reason = format!("compares attributes and kinds of identifier: {columns} are more than {COLUMNS_MAX}");
            return Err(Fault::new("comparison", reason));
        }
        Ok(())
    }

    fn comparisons(&self, linkage: &LinkagePolicy) -> Result<(), Fault> {
        for (place, comparison) in linkage.comparison.iter().enumerate() {
            let at = format!("comparison[{place}]");
            let columns: Vec<SmolStr> = comparison.columns().cloned().collect();
            let field = named(comparison).map_err(|fault| fault.within(&at))?;
            self.columns(field, &columns).map_err(|fault| fault.within(&at))?;
            self.levels(&columns, &comparison.levels).map_err(|fault| fault.within(&at))?;
            let same = |earlier: &&ComparisonPolicy| earlier.columns().eq(comparison.columns());
            if linkage.comparison.iter().take(place).any(|earlier| same(&earlier)) {
                let names = columns.join("`, `");
                return Err(Fault::new(format!("{at}.{field}"), format!("`{names}` is already compared")));
            }
        }
        Ok(())
    }

    /// Checks that columns are declared, each once.
    pub(super) fn columns(&self, field: &str, columns: &[SmolStr]) -> Result<(), Fault> {
        for (place, name) in columns.iter().enumerate() {
            let at = || if field == "attribute" { field.to_owned() } else { format!("{field}[{place}]") };
            if self.column_kind(name).is_none() {
                return Err(Fault::new(at(), self.undeclared(name)));
            }
            if columns.iter().take(place).any(|earlier| earlier == name) {
                return Err(Fault::new(at(), format!("`{name}` stands here twice")));
            }
        }
        Ok(())
    }

    /// Checks that levels fit the columns, and that each can be reached.
    fn levels(&self, columns: &[SmolStr], levels: &[Level]) -> Result<(), Fault> {
        for (place, level) in levels.iter().enumerate() {
            let at = || format!("levels[{place}]");
            if let Some(reason) = self.misfit(columns, level) {
                return Err(Fault::new(at(), format!("`{level}` {reason}")));
            }
            reachable(levels, place).map_err(|reason| Fault::new(at(), format!("`{level}` {reason}")))?;
        }
        Ok(())
    }

    /// Checks a blocking rule: its expressions can be read, and their columns are declared and of a fitting kind.
    pub(super) fn block_rule(&self, at: &str, rule: &BlockPolicy) -> Result<(), Fault> {
        if rule.keys.is_empty() {
            return Err(Fault::new(format!("{at}.keys"), "is empty: every pair would be compared"));
        }
        let mut seen: Vec<Key> = Vec::new();
        for (place, text) in rule.keys.iter().enumerate() {
            let field = || format!("{at}.keys[{place}]");
            let key = Key::read(text).map_err(|reason| Fault::new(field(), reason))?;
            let Some(kind) = self.column_kind(&key.column) else {
                return Err(Fault::new(field(), self.undeclared(&key.column)));
            };
            let dated = matches!(key.part, KeyPart::Year | KeyPart::Month);
            if dated && kind != Compare::Date {
                let reason = format!("`{key}` needs a date, and `{}` is of kind `{}`", key.column, word(kind));
                return Err(Fault::new(field(), reason));
            }
            if seen.contains(&key) {
                return Err(Fault::new(field(), format!("`{key}` stands here twice")));
            }
            seen.push(key);
        }
        Ok(())
    }
}

impl Level {
    /// Says why the last of these levels never holds, or always does.
    pub(crate) fn check_reached(levels: &[Self]) -> Result<(), String> {
        reachable(levels, levels.len().saturating_sub(1))
    }
}

/// Says which field names what is compared.
fn named(comparison: &ComparisonPolicy) -> Result<&'static str, Fault> {
    match (&comparison.attribute, comparison.attributes.is_empty()) {
        (Some(_), true) => Ok("attribute"),
        (None, false) => Ok("attributes"),
        (Some(_), false) => Err(Fault::new("attribute", "stands beside `attributes`: one of the two is enough")),
        (None, true) => Err(Fault::new("attribute", "is missing: nothing is compared")),
    }
}

/// Says why the level at a place never holds, or always does.
pub(super) fn reachable(levels: &[Level], place: usize) -> Result<(), String> {
    let Some(level) = levels.get(place) else { return Ok(()) };
    if *level == Level::Else && place + 1 < levels.len() {
        return Err("must be the last: it holds for every pair".to_owned());
    }
    if trivial(level) {
        return Err("would hold for every pair".to_owned());
    }
    match levels.iter().take(place).find(|earlier| covers(earlier, level)) {
        Some(earlier) if earlier == level => Err("stands here twice".to_owned()),
        Some(earlier) => Err(format!("is never reached: `{earlier}` before it holds wherever it does")),
        None => Ok(()),
    }
}

fn trivial(level: &Level) -> bool {
    match level {
        Level::Jaro(least)
        | Level::JaroWinkler(least)
        | Level::TokenSet(least)
        | Level::Jaccard(least)
        | Level::EmailUserJaroWinkler(least)
        | Level::Custom(_, least) => *least <= 0.0,
        Level::Prefix(0) | Level::Suffix(0) | Level::Overlap(0) => true,
        Level::Of(_, level) => trivial(level),
        _ => false,
    }
}

/// Whether the earlier level holds wherever the later does.
fn covers(earlier: &Level, later: &Level) -> bool {
    match (earlier, later) {
        (Level::Jaro(a), Level::Jaro(b))
        | (Level::JaroWinkler(a), Level::JaroWinkler(b))
        | (Level::TokenSet(a), Level::TokenSet(b))
        | (Level::Jaccard(a), Level::Jaccard(b))
        | (Level::EmailUserJaroWinkler(a), Level::EmailUserJaroWinkler(b)) => a <= b,
        (Level::Custom(a, least), Level::Custom(b, more)) => a == b && least <= more,
        (Level::Number(a), Level::Number(b))
        | (Level::Percent(a), Level::Percent(b))
        | (Level::Kilometres(a), Level::Kilometres(b)) => a >= b,
        (Level::Levenshtein(a), Level::Levenshtein(b))
        | (Level::DamerauLevenshtein(a), Level::DamerauLevenshtein(b) | Level::Levenshtein(b))
        | (Level::Days(a), Level::Days(b)) => a >= b,
        (Level::Prefix(a), Level::Prefix(b))
        | (Level::Suffix(a), Level::Suffix(b))
        | (Level::Overlap(a), Level::Overlap(b)) => a <= b,
        (Level::Compatible, Level::Agree | Level::Related) => true,
        (Level::Of(a, earlier), Level::Of(b, later)) => a == b && covers(earlier, later),
        _ => earlier == later,
    }
}

/// What a level is of, where the kind is another.
fn unfit(level: &Level, kind: Compare) -> Option<&'static str> {
    use Compare::{Address, Date, Email, Exact, FullName, GivenName, Number, Phone, Postcode, Surname, Text};
    let (wanted, fits) = match level {
        Level::Days(_) | Level::DayMonthSwap | Level::DateTypo => ("dates", kind == Date),
        Level::Number(_) | Level::Percent(_) => ("numbers", kind == Number),
        Level::Kilometres(_) => ("coordinates", matches!(kind, Number | Text | Exact)),
        Level::EmailUser | Level::EmailUserJaroWinkler(_) => ("e-mail addresses", kind == Email),
        Level::PostcodeSector | Level::PostcodeDistrict | Level::PostcodeArea => ("postcodes", kind == Postcode),
        Level::Soundex => ("names and words", matches!(kind, Text | Exact | GivenName | Surname | FullName | Address)),
        Level::ShortForm | Level::FirstName => ("full names", kind == FullName),
        Level::TokenSet(_) => ("words", !matches!(kind, Date | Number | Phone)),
        _ => return None,
    };
    (!fits).then_some(wanted)
}

/// A kind of attribute as a policy file writes it.
pub(super) fn word(kind: Compare) -> &'static str {
    match kind {
        Compare::Text => "text",
        Compare::GivenName => "given_name",
        Compare::Surname => "surname",
        Compare::FullName => "full_name",
        Compare::Date => "date",
        Compare::Address => "address",
        Compare::Postcode => "postcode",
        Compare::Email => "email",
        Compare::Phone => "phone",
        Compare::Number => "number",
        Compare::Exact => "exact",
    }
}

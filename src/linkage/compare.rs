//! On which level of a comparison two records are.

use crate::error::{Error, Result};
use crate::policy::{Compare, Level, Role, Rules};
use crate::similarity::{self as like, Agreement, Similarities};
use smallvec::SmallVec;
use smol_str::SmolStr;

/// The values of one column of one record; none is null.
pub(crate) type Values<'a> = SmallVec<[&'a str; 2]>;

/// No level: one of the two has no value.
pub(crate) const NULL: u8 = u8::MAX;

/// The most levels of a comparison.
pub(crate) const LEVELS_MAX: usize = 15;

/// A comparison, compiled.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    /// The columns, by their places in the policy.
    pub(crate) columns: SmallVec<[u16; 2]>,
    /// What kinds of value they hold.
    compares: SmallVec<[Compare; 2]>,
    /// Best first; the last is `Else`.
    pub(crate) levels: Vec<Level>,
    /// Where a level is `swapped`: that level, and the column that stands in the other's place.
    pub(crate) swap: Option<(u8, u16)>,
    /// Columns whose values stand in for its own, and which are compared themselves.
    pub(crate) stand_ins: SmallVec<[u16; 2]>,
    /// Where a level is of one of several columns: which.
    ofs: Vec<Option<usize>>,
    similarities: Similarities,
}

impl Comparison {
    pub(crate) fn new(rules: &Rules, names: &[SmolStr], levels: &[Level]) -> Result<Self> {
        let mut columns = SmallVec::new();
        for name in names {
            let missing = || Error::policy("linkage.comparison", format!("no attribute `{name}` is declared"));
            columns.push(rules.column(name).ok_or_else(missing)?);
        }
        let compares = columns.iter().map(|&column| rules.column_compare(column)).collect();
        let mut levels: Vec<Level> = levels.iter().filter(|level| **level != Level::Else).cloned().collect();
        if levels.len() > LEVELS_MAX - 1 {
            return Err(Error::policy("linkage.comparison", format!("has more than {LEVELS_MAX} levels")));
        }
        levels.push(Level::Else);
        let mut swap = None;
        for (place, level) in (0_u8..).zip(&levels) {
            if let Level::Swapped(Some(other)) = level {
                let missing = || Error::policy("linkage.comparison", format!("no attribute `{other}` is declared"));
                swap = Some((place, rules.column(other).ok_or_else(missing)?));
            }
        }
        let of = |level: &Level| match level {
            Level::Of(name, _) => names.iter().position(|known| known == name),
            _ => None,
        };
        let ofs = levels.iter().map(of).collect();
        let similarities = rules.policy.similarities.clone();
        for level in &levels {
            if let Some(name) = custom(level).filter(|name| similarities.get(name).is_none()) {
                let reason = format!("no similarity `{name}` is there: give it to the policy in Rust");
                return Err(Error::policy("linkage.comparison.levels", reason));
            }
        }
        Ok(Self { columns, compares, levels, swap, stand_ins: SmallVec::new(), ofs, similarities })
    }

    /// Tells comparisons of one policy of each other: what may stand in for whose values.
    pub(crate) fn acquaint(rules: &Rules, comparisons: &mut [Self]) {
        let compared: Vec<u16> = comparisons.iter().flat_map(|comparison| comparison.columns.iter().copied()).collect();
        for comparison in comparisons {
            let [column] = comparison.columns.as_slice() else { continue };
            let stood_in_for = rules.stand_ins.iter().find(|rule| rule.attribute == *column);
            let others = stood_in_for.into_iter().flat_map(|rule| rule.others.iter().copied());
            comparison.stand_ins = others.filter(|other| compared.contains(other)).collect();
        }
    }

    /// Whether another comparison weighs what this one would weigh again: the two records share a column whose values
    /// stand in here for one of them. `values` and `others` give the values of its column, and then of its stand-ins.
    pub(crate) fn yields<'a>(
        &self,
        values: &dyn Fn(usize) -> Values<'a>,
        others: &dyn Fn(usize) -> Values<'a>,
    ) -> bool {
        let places = || 1..=self.stand_ins.len();
        let stands_in = |values: &dyn Fn(usize) -> Values<'a>| {
            let own = values(0);
            places().any(|place| values(place) == own)
        };
        places().any(|place| !values(place).is_empty() && !others(place).is_empty())
            && (stands_in(values) || stands_in(others))
    }

    /// The level of two records; `values` and `others` give the values of each column, and of the column that `swapped`
    /// names after them. O(levels times the length of the values), for each pair of values.
    pub(crate) fn level<'a>(&self, values: &dyn Fn(usize) -> Values<'a>, others: &dyn Fn(usize) -> Values<'a>) -> u8 {
        let mut worst = 0;
        let several = self.columns.len() > 1;
        if several {
            let (mine, theirs): (SmallVec<[Values<'a>; 2]>, SmallVec<[Values<'a>; 2]>) =
                (0..self.columns.len()).map(|place| (values(place), others(place))).unzip();
            if mine.iter().chain(&theirs).any(|values| values.is_empty()) {
                return NULL;
            }
            for (place, level) in (0_u8..).zip(&self.levels) {
                let holds = match level {
                    Level::Swapped(None) => match (mine.as_slice(), theirs.as_slice()) {
                        ([a, b, ..], [c, d, ..]) => crosses(a, b, c, d),
                        _ => false,
                    },
                    Level::Kilometres(most) => match (mine.as_slice(), theirs.as_slice()) {
                        ([a, b], [c, d]) => apart(a, b, c, d).is_some_and(|distance| distance <= *most),
                        _ => false,
                    },
                    Level::Of(_, level) => self.ofs.get(usize::from(place)).copied().flatten().is_some_and(|of| {
                        let pair = (mine.get(of), theirs.get(of), self.compares.get(of));
                        let (Some(mine), Some(theirs), Some(compare)) = pair else { return false };
                        any(mine, theirs, |a, b| Pair::new(*compare, a, b).holds(level, &self.similarities))
                    }),
                    level => mine.iter().zip(&theirs).zip(&self.compares).all(|((mine, theirs), compare)| {
                        any(mine, theirs, |a, b| Pair::new(*compare, a, b).holds(level, &self.similarities))
                    }),
                };
                if holds || *level == Level::Else {
                    return place;
                }
                worst = place;
            }
            return worst;
        }
        let (mine, theirs) = (values(0), others(0));
        let best = self.level_of_lists(&mine, &theirs);
        match self.crossed() {
            Some(swapped) if swapped < best && best != NULL => {
                if near(&mine, &others(1)) && near(&theirs, &values(1)) {
                    swapped
                } else {
                    best
                }
            }
            _ => best,
        }
    }

    /// Where a level is of the one column in the place of another: that level.
    pub(crate) fn crossed(&self) -> Option<u8> {
        self.swap?;
        (0_u8..).zip(&self.levels).find_map(|(place, level)| matches!(level, Level::Swapped(Some(_))).then_some(place))
    }

    /// The level of two lists of values of a comparison of one column, columns that may stand in its place left out.
    pub(crate) fn level_of_lists(&self, mine: &[&str], theirs: &[&str]) -> u8 {
        if mine.is_empty() || theirs.is_empty() {
            return NULL;
        }
        let compare = self.compares.first().copied().unwrap_or_default();
        let overlap = || mine.iter().filter(|value| theirs.contains(value)).count() as u32;
        let mut best = NULL;
        for a in mine {
            for b in theirs {
                best = best.min(self.level_of(compare, a, b));
            }
        }
        let overlaps = |(place, level): &(u8, &Level)| match level {
            Level::Overlap(least) => *place < best && overlap() >= *least,
            _ => false,
        };
        (0_u8..).zip(&self.levels).find(overlaps).map_or(best, |(place, _)| place)
    }

    /// The level of two values of a comparison of one column.
    fn level_of(&self, compare: Compare, a: &str, b: &str) -> u8 {
        let mut pair = Pair::new(compare, a, b);
        let held = (0_u8..).zip(&self.levels).find(|(_, level)| pair.holds(level, &self.similarities));
        held.map_or(NULL, |(place, _)| place)
    }

    /// Whether it looks at values of these kinds only.
    pub(crate) fn is_of(&self, kinds: &[Compare]) -> bool {
        self.compares.iter().all(|compare| kinds.contains(compare))
    }

    /// Whether it looks at what belongs to one person and not to those around: a given or whole name, a date, a number
    /// of a person.
    pub(crate) fn is_personal(&self, rules: &Rules) -> bool {
        let number = |column: &u16| {
            let kind = usize::from(*column).checked_sub(rules.attributes.len()).and_then(|kind| rules.kinds.get(kind));
            kind.is_some_and(|kind| kind.role == Role::Person)
        };
        self.is_of(&[Compare::GivenName, Compare::FullName, Compare::Date]) || self.columns.iter().all(number)
    }

    /// What the best level asks for is equality, and equality is on it.
    pub(crate) fn starts_exact(&self) -> bool {
        self.levels.first() == Some(&Level::Exact)
    }
}

fn any(a: &Values<'_>, b: &Values<'_>, holds: impl Fn(&str, &str) -> bool) -> bool {
    a.iter().any(|a| b.iter().any(|b| holds(a, b)))
}

/// How far apart two places are, each of a latitude and a longitude.
fn apart(a: &Values<'_>, b: &Values<'_>, c: &Values<'_>, d: &Values<'_>) -> Option<f64> {
    let point =
        |latitude: &Values<'_>, longitude: &Values<'_>| Some(format!("{},{}", latitude.first()?, longitude.first()?));
    like::kilometres(&point(a, b)?, &point(c, d)?)
}

/// Names whose two columns stand in each other's place: each is nearly the other's.
fn crosses(a: &Values<'_>, b: &Values<'_>, c: &Values<'_>, d: &Values<'_>) -> bool {
    near(a, d) && near(b, c)
}

/// Whether a value of the one list is nearly one of the other.
pub(crate) fn near(a: &Values<'_>, b: &Values<'_>) -> bool {
    any(a, b, |a, b| a == b || like::jaro_winkler_reaches(a, b, 0.92))
}

/// Two values, and what was found of them so far.
struct Pair<'a> {
    compare: Compare,
    a: &'a str,
    b: &'a str,
    agreement: Option<Agreement>,
}

impl<'a> Pair<'a> {
    fn new(compare: Compare, a: &'a str, b: &'a str) -> Self {
        Self { compare, a, b, agreement: None }
    }

    fn agreement(&mut self) -> Agreement {
        *self.agreement.get_or_insert_with(|| self.compare.agreement(self.a, self.b))
    }

    fn holds(&mut self, level: &Level, similarities: &Similarities) -> bool {
        let (a, b) = (self.a, self.b);
        match level {
            Level::Exact => a == b,
            Level::Agree => self.agreement() == Agreement::Agree,
            Level::Related => !has_initial(a) && !has_initial(b) && self.agreement() != Agreement::Contradict,
            Level::Compatible => self.agreement() != Agreement::Contradict,
            Level::ShortForm => like::short_form(a, b),
            Level::FirstName => like::first_names_allow(a, b),
            Level::JaroWinkler(least) => like::jaro_winkler_reaches(a, b, *least),
            Level::Levenshtein(most) => like::levenshtein_within(a, b, *most).is_some(),
            Level::DamerauLevenshtein(most) => like::damerau_within(a, b, *most).is_some(),
            Level::TokenSet(least) => like::token_set(a, b) >= *least,
            Level::Prefix(length) => like::prefix(a, b, *length as usize),
            Level::Suffix(length) => like::suffix(a, b, *length as usize),
            Level::Soundex => {
                let code = like::soundex(a);
                !code.is_empty() && code == like::soundex(b)
            }
            Level::Number(most) => numbers(a, b).is_some_and(|(a, b)| (a - b).abs() <= *most),
            Level::Percent(most) => {
                numbers(a, b).is_some_and(|(a, b)| (a - b).abs() <= a.abs().max(b.abs()) * most / 100.0)
            }
            Level::Days(most) => like::days_between(a, b).is_some_and(|days| days <= *most),
            Level::DayMonthSwap => like::day_month_swap(a, b),
            Level::DateTypo => like::date_typo(a, b),
            Level::Kilometres(most) => like::kilometres(a, b).is_some_and(|distance| distance <= *most),
            Level::Jaro(least) => strsim::jaro(a, b) >= *least,
            Level::Jaccard(least) => like::jaccard(a, b) >= *least,
            Level::EmailUserJaroWinkler(least) => match (a.split_once('@'), b.split_once('@')) {
                (Some((a, _)), Some((b, _))) => like::jaro_winkler_reaches(a, b, *least),
                _ => false,
            },
            Level::PostcodeSector => postcode(a, b, |inward| inward.saturating_sub(2)),
            Level::PostcodeDistrict => postcode(a, b, |inward| inward.saturating_sub(3)),
            Level::PostcodeArea => {
                let area = |code: &'_ str| code.bytes().take_while(u8::is_ascii_alphabetic).count();
                area(a) > 0 && area(a) == area(b) && a.get(..area(a)) == b.get(..area(b))
            }
            Level::EmailUser => like::email_user(a, b),
            Level::Custom(name, least) => similarities.get(name).is_some_and(|own| own.similarity(a, b) >= *least),
            // Asked of whole lists, or of two columns.
            Level::Overlap(_) | Level::Swapped(_) | Level::Of(..) => false,
            Level::Else => true,
        }
    }
}

/// Whether a word of a name is one letter.
fn has_initial(name: &str) -> bool {
    name.split(' ').any(|word| word.len() == 1)
}

fn numbers(a: &str, b: &str) -> Option<(f64, f64)> {
    Some((like::number(a)?, like::number(b)?))
}

/// Whether two British postcodes, without their space, agree on all but their end.
fn postcode(a: &str, b: &str, cut: impl Fn(usize) -> usize) -> bool {
    let head = |code: &'_ str| (code.len() >= 5).then(|| cut(code.len()));
    match (head(a), head(b)) {
        (Some(one), Some(other)) => one == other && a.get(..one) == b.get(..other),
        _ => false,
    }
}

/// The similarity of the host that a level asks.
fn custom(level: &Level) -> Option<&SmolStr> {
    match level {
        Level::Custom(name, _) => Some(name),
        Level::Of(_, level) => custom(level),
        _ => None,
    }
}

//! What is believed of attributes of each kind before any data was seen: levels, and how often they are met.

use crate::policy::{Compare, Level, Role, Rules};
use smol_str::SmolStr;

/// The levels of a kind of attribute, with what is believed of them.
#[derive(Debug, Clone)]
pub(crate) struct Belief {
    pub(crate) attributes: Vec<SmolStr>,
    pub(crate) levels: Vec<LevelBelief>,
    pub(crate) term_frequency: bool,
    /// The share of neighbours that agree wholly on what is personal: twins have one birth date, namesakes one name.
    pub(crate) twins: f64,
}

/// A level, with the shares of matches, strangers and neighbours that are on it.
#[derive(Debug, Clone)]
pub(crate) struct LevelBelief {
    pub(crate) level: Level,
    pub(crate) m: f64,
    pub(crate) u: f64,
    pub(crate) s: f64,
    /// Neighbours are on it as strangers are.
    pub(crate) personal: bool,
}

/// The share of matches among all pairs that is believed before any data was seen, and that of neighbours.
pub(crate) const MATCHES: f64 = 1e-4;
pub(crate) const NEIGHBOURS: f64 = 2e-4;

/// Fathers and sons, mothers and daughters of one given name: about one pair of neighbours in a hundred.
const NAMESAKES: f64 = 0.01;

/// Twins, triplets and typing one's own birth date for a child: about three per cent of births are multiple.
const TWINS: f64 = 0.03;

/// The comparisons of a policy that names none: each declared attribute by its kind, and each kind of identifier that
/// stands for people.
pub(crate) fn beliefs(rules: &Rules) -> Vec<Belief> {
    let first_of = |compare: Compare| rules.attributes.iter().find(|attribute| attribute.compare == compare);
    let swap = first_of(Compare::GivenName)
        .zip(first_of(Compare::Surname))
        .map(|(given, family)| (given.name.clone(), family.name.clone()));
    let mut beliefs = Vec::new();
    for attribute in &rules.attributes {
        let other = swap.as_ref().filter(|(given, _)| *given == attribute.name).map(|(_, family)| family.clone());
        beliefs.push(of_compare(attribute.compare, attribute.name.clone(), other));
    }
    for kind in &rules.kinds {
        match kind.role {
            Role::Person => beliefs.push(personal_number(kind.name.clone())),
            Role::Contact => {
                let column = rules.column(&kind.name).unwrap_or_default();
                beliefs.push(of_compare(rules.column_compare(column), kind.name.clone(), None));
            }
            Role::Device | Role::Session => {}
        }
    }
    beliefs
}

fn personal_number(name: SmolStr) -> Belief {
    let levels = [(Level::Exact, 0.9, 1e-6, 1e-6, true), (Level::Else, 0.1, 1.0, 1.0, true)];
    of(name, levels, false, 0.0)
}

/// What is believed of an attribute of a kind; a given name may stand in the place of `other`.
pub(crate) fn of_compare(compare: Compare, name: SmolStr, other: Option<SmolStr>) -> Belief {
    use Level::{
        Agree, Compatible, DamerauLevenshtein, DateTypo, DayMonthSwap, Days, Else, EmailUser, Exact, FirstName,
        JaroWinkler, Percent, Prefix, Related, ShortForm, Suffix, Swapped, TokenSet,
    };
    match compare {
        Compare::GivenName => {
            let mut levels = vec![
                (Exact, 0.72, 0.005, 0.005, true),
                (Agree, 0.12, 0.003, 0.003, true),
                (JaroWinkler(0.88), 0.04, 0.004, 0.004, true),
                (Related, 0.03, 0.006, 0.006, true),
                (Compatible, 0.02, 0.03, 0.03, true),
                (JaroWinkler(0.75), 0.02, 0.03, 0.03, true),
                (Else, 0.05, 0.922, 0.922, true),
            ];
            if other.is_some() {
                levels.insert(2, (Swapped(other), 0.01, 1e-6, 1e-6, true));
            }
            of(name, levels, true, NAMESAKES)
        }
        Compare::Surname => of(
            name,
            [
                (Exact, 0.80, 0.002, 0.75, false),
                (Agree, 0.07, 0.001, 0.05, false),
                (JaroWinkler(0.88), 0.03, 0.003, 0.03, false),
                (Compatible, 0.04, 0.002, 0.04, false),
                (JaroWinkler(0.75), 0.01, 0.02, 0.01, false),
                (Else, 0.05, 0.972, 0.12, false),
            ],
            true,
            0.0,
        ),
        Compare::FullName => of(
            name,
            [
                (Exact, 0.65, 1e-5, 1e-5, true),
                (Agree, 0.16, 2e-5, 2e-5, true),
                (Compatible, 0.08, 2e-4, 2e-3, true),
                (ShortForm, 0.02, 5e-5, 5e-5, true),
                (JaroWinkler(0.9), 0.03, 1e-3, 0.05, false),
                (FirstName, 0.03, 0.004, 0.01, false),
                (TokenSet(0.3), 0.02, 0.005, 0.7, false),
                (Else, 0.04, 0.99, 0.24, false),
            ],
            true,
            NAMESAKES,
        ),
        Compare::Date => of(
            name,
            [
                (Exact, 0.87, 5e-5, 5e-5, true),
                (DayMonthSwap, 0.015, 2e-5, 2e-5, true),
                (DateTypo, 0.05, 8e-4, 8e-4, true),
                (DamerauLevenshtein(2), 0.02, 0.015, 0.015, true),
                (Days(366), 0.005, 0.02, 0.02, true),
                (Else, 0.04, 0.964, 0.964, true),
            ],
            false,
            TWINS,
        ),
        Compare::Address => of(
            name,
            [
                (Exact, 0.50, 2e-5, 0.6, false),
                (Agree, 0.15, 2e-5, 0.1, false),
                (Compatible, 0.04, 1e-4, 0.04, false),
                (JaroWinkler(0.92), 0.03, 2e-4, 0.03, false),
                (TokenSet(0.4), 0.03, 5e-3, 0.03, false),
                (Else, 0.25, 0.994, 0.2, false),
            ],
            true,
            0.0,
        ),
        Compare::Postcode => of(
            name,
            [
                (Exact, 0.72, 0.001, 0.75, false),
                (DamerauLevenshtein(1), 0.05, 0.004, 0.03, false),
                (Prefix(3), 0.06, 0.02, 0.05, false),
                (Else, 0.17, 0.975, 0.17, false),
            ],
            true,
            0.0,
        ),
        Compare::Email => of(
            name,
            [
                (Exact, 0.60, 1e-6, 0.15, false),
                (DamerauLevenshtein(2), 0.08, 1e-5, 0.02, false),
                (EmailUser, 0.05, 0.005, 0.02, false),
                (Else, 0.27, 0.994, 0.81, false),
            ],
            false,
            0.0,
        ),
        Compare::Phone => of(
            name,
            [
                (Exact, 0.60, 1e-6, 0.3, false),
                (Suffix(7), 0.05, 2e-6, 0.02, false),
                (DamerauLevenshtein(1), 0.03, 1e-5, 0.01, false),
                (DamerauLevenshtein(2), 0.02, 2e-4, 0.01, false),
                (Else, 0.30, 0.999, 0.66, false),
            ],
            false,
            0.0,
        ),
        Compare::Number => of(
            name,
            [
                (Exact, 0.85, 0.01, 0.05, false),
                (DamerauLevenshtein(1), 0.05, 0.02, 0.03, false),
                (Percent(2.0), 0.02, 0.02, 0.02, false),
                (Else, 0.08, 0.95, 0.9, false),
            ],
            true,
            0.0,
        ),
        Compare::Exact => of(name, [(Exact, 0.85, 0.05, 0.3, false), (Else, 0.15, 0.95, 0.7, false)], true, 0.0),
        Compare::Text => of(
            name,
            [
                (Exact, 0.70, 0.1, 0.4, false),
                (JaroWinkler(0.92), 0.08, 0.02, 0.03, false),
                (JaroWinkler(0.80), 0.04, 0.04, 0.04, false),
                (TokenSet(0.5), 0.02, 0.02, 0.03, false),
                (Else, 0.16, 0.82, 0.5, false),
            ],
            true,
            0.0,
        ),
    }
}

/// Without data, names are alike by what is known of names or not at all: between `darla` and `darlene`, two people, and
/// `darlene` and `darleen`, one, a similarity of letters cannot tell.
pub(crate) fn without_guesswork(rules: &Rules, mut belief: Belief) -> Belief {
    let says_itself = rules.policy.linkage.as_ref().is_some_and(|linkage| !linkage.comparison.is_empty());
    let column = belief.attributes.first().and_then(|name| rules.column(name));
    let names = [Compare::GivenName, Compare::Surname, Compare::FullName];
    if says_itself || !column.is_some_and(|column| names.contains(&rules.column_compare(column))) {
        return belief;
    }
    let by_letters = |level: &LevelBelief| matches!(level.level, Level::JaroWinkler(_) | Level::TokenSet(_));
    let (dropped, mut kept): (Vec<_>, Vec<_>) = belief.levels.into_iter().partition(by_letters);
    if let Some(rest) = kept.last_mut() {
        for level in dropped {
            // Matches that are alike by their letters mostly agree by what is known of names, too.
            (rest.u, rest.s) = (rest.u + level.u, rest.s + level.s);
        }
    }
    belief.levels = kept;
    belief
}

fn of(
    name: SmolStr,
    levels: impl IntoIterator<Item = (Level, f64, f64, f64, bool)>,
    term_frequency: bool,
    twins: f64,
) -> Belief {
    let level = |(level, m, u, s, personal)| LevelBelief { level, m, u, s, personal };
    Belief { attributes: vec![name], levels: levels.into_iter().map(level).collect(), term_frequency, twins }
}

/// What is believed of a level that a policy names itself, by its place among `count` levels: most matches are on the
/// first, most strangers on the last.
pub(crate) fn guess(place: usize, count: usize) -> (f64, f64) {
    let last = count.saturating_sub(1);
    let m = if place == 0 { 0.8 } else { 0.2 / last.max(1) as f64 };
    let u = if place == last { 0.95 } else { 0.05 / last.max(1) as f64 * 0.2_f64.powi((last - place) as i32 - 1) };
    (m, u)
}

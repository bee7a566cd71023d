//! The conditions that Splink's comparison levels write, as levels.

use super::sql::Sql;
use super::term::{Part, Term, column_of, count};
use crate::policy::{KeyPart, Level};
use smol_str::SmolStr;

const SECONDS_PER_DAY: f64 = 86_400.0;

/// A level, and the columns that it holds for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Read {
    pub(super) columns: Vec<SmolStr>,
    pub(super) level: Level,
}

/// Reads the condition of a level; none where no function of Splink's own writes it.
pub(super) fn read(sql: &Sql) -> Option<Read> {
    let not_null = |part: &&Sql| matches!(part, Sql::Null { not: true, .. });
    let parts: Vec<&Sql> = sql.conjuncts().into_iter().filter(|part| !not_null(part)).collect();
    if let [one, other] = parts.as_slice()
        && let Some(columns) = swapped(one, other)
    {
        return Some(Read { columns, level: Level::Swapped(None) });
    }
    let mut parts = parts.into_iter();
    let mut read = condition(parts.next()?)?;
    for part in parts {
        let next = condition(part)?;
        if next.level != read.level || next.columns.iter().any(|column| read.columns.contains(column)) {
            return None;
        }
        read.columns.extend(next.columns);
    }
    Some(read)
}

/// `a_l = b_r and a_r = b_l`.
fn swapped(one: &Sql, other: &Sql) -> Option<Vec<SmolStr>> {
    let crossed = |sql: &Sql| match sql {
        Sql::Binary("=", left, right) => Term::crossed(left, right),
        _ => None,
    };
    let ((a, b), (c, d)) = (crossed(one)?, crossed(other)?);
    (a == d && b == c).then(|| vec![a, b])
}

fn condition(sql: &Sql) -> Option<Read> {
    let Sql::Binary(sign, left, right) = sql else { return None };
    match (*sign, &**right) {
        ("=", right) => equal(Term::of_both(left, right)?),
        (">=", Sql::Number(least)) => at_least(left, *least, right),
        ("<=", Sql::Number(most)) => at_most(left, *most, right),
        ("<", Sql::Number(most)) => share_of_larger(left, *most),
        _ => None,
    }
}

fn equal(term: Term) -> Option<Read> {
    let level = match term.part {
        Part::Key(KeyPart::Whole) => Level::Exact,
        Part::Key(KeyPart::First(length)) => Level::Prefix(length),
        Part::Key(KeyPart::Last(length)) => Level::Suffix(length),
        Part::Key(KeyPart::Soundex) => Level::Soundex,
        Part::EmailUser => Level::EmailUser,
        Part::PostcodeSector => Level::PostcodeSector,
        Part::PostcodeDistrict => Level::PostcodeDistrict,
        Part::PostcodeArea => Level::PostcodeArea,
        _ => return None,
    };
    Some(Read { columns: vec![term.column], level })
}

fn at_least(measure: &Sql, least: f64, limit: &Sql) -> Option<Read> {
    let Sql::Call(function, parts) = measure else { return None };
    if let ("array_length" | "size" | "cardinality" | "array_size" | "len", [Sql::Call(intersect, sides)]) =
        (function.as_str(), parts.as_slice())
    {
        let known = matches!(intersect.as_str(), "list_intersect" | "array_intersect");
        let column = whole(sides)?;
        return known.then_some(Read { columns: vec![column], level: Level::Overlap(count(limit)?) });
    }
    let term = pair(parts)?;
    let share = (0.0..=1.0).contains(&least).then_some(least)?;
    let level = match (function.as_str(), term.part) {
        ("jaro_winkler_similarity" | "jaro_winkler" | "jaro_winkler_sim", Part::Key(KeyPart::Whole)) => {
            Level::JaroWinkler(share)
        }
        ("jaro_winkler_similarity" | "jaro_winkler" | "jaro_winkler_sim", Part::EmailUser) => {
            Level::EmailUserJaroWinkler(share)
        }
        ("jaro_similarity" | "jaro_sim" | "jaro", Part::Key(KeyPart::Whole)) => Level::Jaro(share),
        ("jaccard" | "jaccard_sim", Part::Key(KeyPart::Whole)) => Level::Jaccard(share),
        _ => return None,
    };
    Some(Read { columns: vec![term.column], level })
}

fn at_most(measure: &Sql, most: f64, limit: &Sql) -> Option<Read> {
    if let Some(columns) = coordinates(measure) {
        return Some(Read { columns, level: Level::Kilometres(most) });
    }
    let Sql::Call(function, parts) = measure else { return None };
    let edits = || if most == 0.0 { Some(0) } else { count(limit) };
    let (column, level) = match (function.as_str(), parts.as_slice()) {
        ("levenshtein" | "levenshtein_distance", sides) => (whole(sides)?, Level::Levenshtein(edits()?)),
        ("damerau_levenshtein" | "damerau_levenshtein_distance", sides) => {
            (whole(sides)?, Level::DamerauLevenshtein(edits()?))
        }
        ("abs", [Sql::Binary("-", a, b)]) => {
            let term = Term::of_both(a, b)?;
            match term.part {
                // Dates differ by whole days: what is over them decides nothing.
                Part::Seconds => (term.column, Level::Days((most / SECONDS_PER_DAY) as u32)),
                Part::Key(KeyPart::Whole) => (term.column, Level::Number(most)),
                _ => return None,
            }
        }
        ("abs", [Sql::Call(difference, sides)]) if difference == "datediff" || difference == "date_diff" => {
            let sides = match sides.as_slice() {
                [Sql::Text(unit), sides @ ..] if unit == "day" => sides,
                sides => sides,
            };
            (whole(sides)?, Level::Days(edits()?))
        }
        _ => return None,
    };
    Some(Read { columns: vec![column], level })
}

/// `abs(a - b) / (the larger) < share`.
fn share_of_larger(measure: &Sql, share: f64) -> Option<Read> {
    let Sql::Binary("/", difference, larger) = measure else { return None };
    let (Sql::Call(abs, parts), Sql::Call(case, _)) = (&**difference, &**larger) else { return None };
    let ([Sql::Binary("-", a, b)], "abs", "case") = (parts.as_slice(), abs.as_str(), case.as_str()) else {
        return None;
    };
    let term = Term::of_both(a, b).filter(|term| term.part == Part::Key(KeyPart::Whole))?;
    // As the percentage that was meant: 0.07 of 100 is 7, not 7.000000000000001.
    let percent = (share * 100.0 * 1e9).round() / 1e9;
    Some(Read { columns: vec![term.column], level: Level::Percent(percent) })
}

/// The latitude and the longitude of the great circle's formula.
fn coordinates(measure: &Sql) -> Option<Vec<SmolStr>> {
    let (mut formula, mut columns) = (false, Vec::new());
    measure.visit(&mut |sql| match sql {
        Sql::Call(function, _) => formula |= function == "acos",
        sql => {
            if let Some(column) = column_of(sql).filter(|column| !columns.contains(column)) {
                columns.push(column);
            }
        }
    });
    (formula && columns.len() == 2).then_some(columns)
}

fn pair(sides: &[Sql]) -> Option<Term> {
    match sides {
        [a, b] => Term::of_both(a, b),
        _ => None,
    }
}

fn whole(sides: &[Sql]) -> Option<SmolStr> {
    pair(sides).filter(|term| term.part == Part::Key(KeyPart::Whole)).map(|term| term.column)
}

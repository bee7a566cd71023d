//! Temporary door to the similarities.
pub(crate) use strsim::jaro_winkler;
use smol_str::SmolStr;

pub(crate) fn levenshtein_within(a: &str, b: &str, max: u32) -> Option<u32> {
    Some(strsim::levenshtein(a, b) as u32).filter(|d| *d <= max)
}
pub(crate) fn damerau_within(a: &str, b: &str, max: u32) -> Option<u32> {
    if a.len().abs_diff(b.len()) > 4 * max as usize { return None; }
    Some(strsim::osa_distance(a, b) as u32).filter(|d| *d <= max)
}
pub(crate) fn token_set(a: &str, b: &str) -> f64 {
    let (x, y): (std::collections::BTreeSet<&str>, std::collections::BTreeSet<&str>) = (a.split_whitespace().collect(), b.split_whitespace().collect());
    x.intersection(&y).count() as f64 / x.union(&y).count().max(1) as f64
}
pub(crate) fn prefix(a: &str, b: &str, n: usize) -> bool { a.chars().take(n).eq(b.chars().take(n)) && a.chars().count() >= n }
pub(crate) fn suffix(a: &str, b: &str, n: usize) -> bool { a.chars().rev().take(n).eq(b.chars().rev().take(n)) && a.chars().count() >= n }
pub(crate) fn soundex(a: &str) -> SmolStr {
    let mut out = String::new(); let mut last = 0;
    let code = |c: char| match c { 'b'|'f'|'p'|'v' => 1, 'c'|'g'|'j'|'k'|'q'|'s'|'x'|'z' => 2, 'd'|'t' => 3, 'l' => 4, 'm'|'n' => 5, 'r' => 6, 'h'|'w' => 9, _ => 0u8 };
    for c in a.chars().filter(|c| c.is_ascii_alphabetic()).map(|c| c.to_ascii_lowercase()) {
        let k = code(c);
        if out.is_empty() { out.push(c); last = k; continue; }
        if k == 9 { continue; }
        if k != 0 && k != last { out.push((b'0' + k) as char); if out.len() == 4 { break; } }
        last = k;
    }
    while !out.is_empty() && out.len() < 4 { out.push('0'); }
    out.into()
}
pub(crate) fn number(a: &str) -> Option<f64> { a.parse().ok() }
pub(crate) fn days_between(a: &str, b: &str) -> Option<u32> {
    let day = |t: &str| { let (y, m, d) = (t.get(0..4)?.parse::<i64>().ok()?, t.get(5..7)?.parse::<i64>().ok()?, t.get(8..10)?.parse::<i64>().ok()?); Some(y * 365 + m * 30 + d) };
    Some((day(a)? - day(b)?).unsigned_abs() as u32)
}
pub(crate) fn day_month_swap(a: &str, b: &str) -> bool { a.get(0..4) == b.get(0..4) && a.get(5..7).is_some() && a.get(5..7) == b.get(8..10) && b.get(5..7) == a.get(8..10) }
pub(crate) fn date_typo(a: &str, b: &str) -> bool { damerau_within(a, b, 1).is_some() && a.len() == b.len() }
pub(crate) fn kilometres(_: &str, _: &str) -> Option<f64> { None }

pub(crate) fn jaccard(a: &str, b: &str) -> f64 {
    let (x, y): (std::collections::BTreeSet<char>, std::collections::BTreeSet<char>) = (a.chars().collect(), b.chars().collect());
    x.intersection(&y).count() as f64 / x.union(&y).count().max(1) as f64
}

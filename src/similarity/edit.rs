//! How alike two strings are, letter by letter.
//!
//! Short ASCII strings, which nearly all canonical values are, are compared without allocating; strsim takes the rest.

use smallvec::SmallVec;
use std::collections::BTreeSet;

/// The longest strings, in bytes, that are compared on the stack.
const SHORT_MAX: usize = 64;

/// Measures the Jaro-Winkler similarity, 0..=1: the same, to the last bit, as `strsim::jaro_winkler`.
///
/// O(length of `a` times length of `b`). Winkler, "String Comparator Metrics" (1990), with a prefix scale of 0.1.
pub(crate) fn jaro_winkler(a: &str, b: &str) -> f64 {
    match short(a, b) {
        Some((a, b)) => {
            let jaro = jaro(a, b);
            if jaro > 0.7 { jaro + 0.1 * same_start(a, b) * (1.0 - jaro) } else { jaro }
        }
        None => strsim::jaro_winkler(a, b),
    }
}

/// Says whether the Jaro-Winkler similarity is at least so much. Where the letters that only one of the two has rule it
/// out, it is not measured.
pub(crate) fn jaro_winkler_reaches(a: &str, b: &str, least: f64) -> bool {
    let possible = short(a, b).is_none_or(|(a, b)| {
        let (only_a, only_b) = only(a, b);
        // Nothing is matched but what both have; at best nothing is transposed.
        let matches = (a.len() as f64 - f64::from(only_a)).min(b.len() as f64 - f64::from(only_b));
        let jaro = (matches / a.len() as f64 + matches / b.len() as f64 + 1.0) / 3.0;
        a.is_empty() || b.is_empty() || jaro + 0.1 * same_start(a, b) * (1.0 - jaro) >= least - 1e-9
    });
    possible && jaro_winkler(a, b) >= least
}

/// How many letters, up to four, two strings begin with together.
fn same_start(a: &[u8], b: &[u8]) -> f64 {
    a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count() as f64
}

/// At least so many letters are in the first of two strings and nowhere in the second, and the other way round. (A few
/// letters share a bit: what they hide is not counted.)
fn only(a: &[u8], b: &[u8]) -> (u32, u32) {
    let letters = |text: &[u8]| text.iter().fold(0_u64, |letters, byte| letters | 1 << (byte & 63));
    let (one, other) = (letters(a), letters(b));
    ((one & !other).count_ones(), (other & !one).count_ones())
}

/// Counts the insertions, deletions and substitutions between two strings, if there are at most `max`.
pub(crate) fn levenshtein_within(a: &str, b: &str, max: u32) -> Option<u32> {
    match short(a, b) {
        Some((a, b)) => distance(a, b, max, Swaps::AreTwo),
        None => far(a, b, max, strsim::levenshtein),
    }
}

/// Counts the insertions, deletions, substitutions and swaps of neighbours (optimal string alignment) between two
/// strings, if there are at most `max`.
pub(crate) fn damerau_within(a: &str, b: &str, max: u32) -> Option<u32> {
    match short(a, b) {
        Some((a, b)) => distance(a, b, max, Swaps::AreOne),
        None => far(a, b, max, strsim::osa_distance),
    }
}

/// Measures what share of the words of either string is in both, 0..=1 (Jaccard). Two without a word are alike.
pub(crate) fn token_set(a: &str, b: &str) -> f64 {
    let (a, b) = (distinct_words(a), distinct_words(b));
    let common = a.iter().filter(|word| b.contains(word)).count();
    let all = a.len() + b.len() - common;
    if all == 0 { 1.0 } else { common as f64 / all as f64 }
}

/// Measures what share of the characters of either string is in both, 0..=1 (Jaccard). Two empty ones are alike.
pub(crate) fn jaccard(a: &str, b: &str) -> f64 {
    let (one, other): (BTreeSet<char>, BTreeSet<char>) = (a.chars().collect(), b.chars().collect());
    let union = one.union(&other).count();
    if union == 0 { 1.0 } else { one.intersection(&other).count() as f64 / union as f64 }
}

/// Says whether the first `n` characters are equal; a shorter string is equal to itself only.
pub(crate) fn prefix(a: &str, b: &str, n: usize) -> bool {
    a.chars().take(n).eq(b.chars().take(n))
}

/// Says whether the last `n` characters are equal; a shorter string is equal to itself only.
pub(crate) fn suffix(a: &str, b: &str, n: usize) -> bool {
    a.chars().rev().take(n).eq(b.chars().rev().take(n))
}

fn short<'a>(a: &'a str, b: &'a str) -> Option<(&'a [u8], &'a [u8])> {
    let short = a.len() <= SHORT_MAX && b.len() <= SHORT_MAX && a.is_ascii() && b.is_ascii();
    short.then_some((a.as_bytes(), b.as_bytes()))
}

fn far(a: &str, b: &str, max: u32, measure: impl Fn(&str, &str) -> usize) -> Option<u32> {
    let (long, other) = (a.chars().count(), b.chars().count());
    if long.abs_diff(other) > max as usize {
        return None;
    }
    u32::try_from(measure(a, b)).ok().filter(|&distance| distance <= max)
}

fn distinct_words(text: &str) -> SmallVec<[&str; 16]> {
    let mut words = SmallVec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Jaro similarity of at most 64 bytes each: the flags of what is matched are the bits of a word.
fn jaro(a: &[u8], b: &[u8]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return if a.len() == b.len() { 1.0 } else { 0.0 };
    }
    let range = (a.len().max(b.len()) / 2).saturating_sub(1);
    let (mut matched_a, mut matched_b) = (0_u64, 0_u64);
    for (i, x) in a.iter().enumerate() {
        let low = i.saturating_sub(range);
        let window = b.get(low..b.len().min(i + range + 1)).unwrap_or_default();
        let free = |(j, y): &(usize, &u8)| *y == x && matched_b & (1 << (low + j)) == 0;
        if let Some((j, _)) = window.iter().enumerate().find(free) {
            matched_a |= 1 << i;
            matched_b |= 1 << (low + j);
        }
    }
    let matches = matched_a.count_ones();
    if matches == 0 {
        return 0.0;
    }
    let of = |bytes: &[u8], mut flags: u64| -> SmallVec<[u8; SHORT_MAX]> {
        let mut taken = SmallVec::new();
        while flags != 0 {
            taken.extend(bytes.get(flags.trailing_zeros() as usize).copied());
            flags &= flags - 1;
        }
        taken
    };
    let apart = of(a, matched_a).iter().zip(&of(b, matched_b)).filter(|(x, y)| x != y).count();
    let (matches, transpositions) = (f64::from(matches), (apart / 2) as f64);
    (matches / a.len() as f64 + matches / b.len() as f64 + (matches - transpositions) / matches) / 3.0
}

/// Whether two neighbours in each other's place are one edit or two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Swaps {
    AreOne,
    AreTwo,
}

/// Edit distance of at most 64 bytes each, given up as soon as it is over `max`.
fn distance(a: &[u8], b: &[u8], max: u32, swaps: Swaps) -> Option<u32> {
    if a.len().abs_diff(b.len()) > max as usize {
        return None;
    }
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (a.get(same..).unwrap_or_default(), b.get(same..).unwrap_or_default());
    let same = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (a.get(..a.len() - same).unwrap_or_default(), b.get(..b.len() - same).unwrap_or_default());
    if a.is_empty() || b.is_empty() {
        return Some(a.len().max(b.len()) as u32).filter(|&distance| distance <= max);
    }
    // An edit takes away one letter that only the one has, and one that only the other has.
    let (only_a, only_b) = only(a, b);
    if max == 0 || only_a.max(only_b) > max {
        return None;
    }
    // Of the row above and the one before it: the cells after the first; the first of row `i` is `i`.
    let mut above: [u8; SHORT_MAX] = [0; SHORT_MAX];
    let mut before: [u8; SHORT_MAX] = [0; SHORT_MAX];
    for (j, cell) in above.iter_mut().enumerate().take(b.len()) {
        *cell = j as u8 + 1;
    }
    let mut x_before = None;
    for (row, &x) in (0_u8..).zip(a) {
        let (mut diagonal, mut left) = (row, row + 1);
        // Of the row before the one above: the cell for a swap here, and the one for a swap at the next place.
        let (mut two_back, mut next) = (0, row.wrapping_sub(1));
        let mut y_before = None;
        let mut least = left;
        for ((&y, up), back) in b.iter().zip(&mut above).zip(&mut before) {
            let mut best = (diagonal + u8::from(x != y)).min(*up + 1).min(left + 1);
            if swaps == Swaps::AreOne && y_before == Some(x) && x_before == Some(y) {
                best = best.min(two_back + 1);
            }
            two_back = std::mem::replace(&mut next, *back);
            *back = *up;
            diagonal = *up;
            *up = best;
            left = best;
            least = least.min(best);
            y_before = Some(y);
        }
        // A swap may still reach back over one row.
        if u32::from(least) > max + 1 {
            return None;
        }
        x_before = Some(x);
    }
    above.get(b.len() - 1).map(|&cell| u32::from(cell)).filter(|&distance| distance <= max)
}

#[cfg(test)]
mod tests {
    use super::{damerau_within, jaro_winkler, jaro_winkler_reaches, levenshtein_within, prefix, suffix, token_set};
    use proptest::prelude::*;

    #[test]
    fn sets_of_words_and_ends() {
        assert_eq!(token_set("a b b c", "c a"), 2.0 / 3.0);
        assert_eq!(token_set("", ""), 1.0);
        assert_eq!(token_set("a", ""), 0.0);
        assert!(prefix("abcd", "abce", 3) && !prefix("abcd", "abce", 4) && !prefix("ab", "abc", 3));
        assert!(suffix("éclair", "clair", 5) && !suffix("éclair", "clair", 6) && prefix("", "", 3));
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[abc]{0,9}", "[a-d ]{0,70}", "[aéb]{0,6}", any::<String>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_short_way_is_strsims(a in text(), b in text(), max in 0..6_u32, least in 0.0..=1.0_f64) {
            prop_assert_eq!(jaro_winkler(&a, &b).to_bits(), strsim::jaro_winkler(&a, &b).to_bits());
            for least in [least, strsim::jaro_winkler(&a, &b)] {
                prop_assert_eq!(jaro_winkler_reaches(&a, &b, least), strsim::jaro_winkler(&a, &b) >= least);
            }
            let within = |distance: usize| Some(distance as u32).filter(|&distance| distance <= max);
            prop_assert_eq!(levenshtein_within(&a, &b, max), within(strsim::levenshtein(&a, &b)));
            prop_assert_eq!(damerau_within(&a, &b, max), within(strsim::osa_distance(&a, &b)));
        }
    }
}

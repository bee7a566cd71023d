//! Two words of two names.

use super::agreement::Agreement;
use super::edit::damerau_within;
use super::lexicon::{Given, Kinship, given};
use super::phonetic::{first_sound, is_vowelless, skeleton, sound};
use smallvec::SmallVec;

/// A word of a name, looked up once.
#[derive(Clone, Copy)]
pub(super) struct Word<'a> {
    text: &'a str,
    given: Option<&'static Given>,
}

impl<'a> Word<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, given: given(text) }
    }
}

/// Compares words that are given names: by the table where it knows both, by initials, by sound, by slips of a finger.
pub(super) fn given_word(a: Word<'_>, b: Word<'_>) -> Agreement {
    if let Some(answer) = by_letters(a.text, b.text) {
        return if is_short_initial(a, b) { answer.max(Agreement::Compatible) } else { answer };
    }
    match (a.given, b.given) {
        (Some(one), Some(other)) => match one.kinship(other) {
            Kinship::Same => Agreement::Agree,
            Kinship::Related => Agreement::Compatible,
            // Two names are two, however alike they are spelt: so are twins, and a father and a daughter.
            Kinship::Strangers => Agreement::Contradict,
        },
        (one, other) => {
            let spellings = if one.is_some() || other.is_some() { Typos::KnownName } else { Typos::AnyName };
            by_spelling(a.text, b.text, spellings)
        }
    }
}

/// Compares words that are surnames. They vary in spelling more than given names do, and by the bearer's sex in some
/// languages; `Mc` is `Mac`.
pub(super) fn surname_word(a: Word<'_>, b: Word<'_>) -> Agreement {
    if let Some(answer) = by_letters(a.text, b.text) {
        return answer;
    }
    match (a.given, b.given) {
        // Fathers' names are surnames in much of the world: Husayn is Hussein there too.
        (Some(one), Some(other)) if one.kinship(other) == Kinship::Same => return Agreement::Agree,
        _ => {}
    }
    let (a, b) = (a.text, b.text);
    if a.bytes().next() == b.bytes().next() {
        match (without_mac(a), without_mac(b)) {
            (Some(a), Some(b)) if a == b => return Agreement::Agree,
            _ => {}
        }
        if masculine(a) == masculine(b) {
            return Agreement::Compatible;
        }
    }
    by_spelling(a, b, Typos::Surname)
}

/// Compares words of which one may be a given name and the other a surname: David is no slip for Davis there.
pub(super) fn either_word(a: Word<'_>, b: Word<'_>) -> Agreement {
    match (a.given, b.given) {
        (Some(_), Some(_)) => given_word(a, b),
        (None, None) => surname_word(a, b),
        _ => by_letters(a.text, b.text).unwrap_or_else(|| Agreement::agree_if(sound(a.text) == sound(b.text))),
    }
}

/// Equal words, and initials.
fn by_letters(a: &str, b: &str) -> Option<Agreement> {
    if a == b {
        return Some(Agreement::Agree);
    }
    if a.len() != 1 && b.len() != 1 {
        return None;
    }
    let same = a.bytes().next() == b.bytes().next();
    Some(if same { Agreement::Compatible } else { Agreement::Contradict })
}

/// Whether one is the initial of what the other is called for short: `B` of Robert, who is Bob.
fn is_short_initial(a: Word<'_>, b: Word<'_>) -> bool {
    let of = |initial: &str, name: Option<&Given>| match (initial.as_bytes(), name) {
        ([letter], Some(name)) => name.may_begin_with(*letter),
        _ => false,
    };
    of(a.text, b.given) || of(b.text, a.given)
}

/// What slips of a finger are believed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Typos {
    KnownName,
    AnyName,
    Surname,
}

fn by_spelling(a: &str, b: &str, typos: Typos) -> Agreement {
    let digits = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    if a.len().max(b.len()) < 3 || digits(a) || digits(b) {
        return Agreement::Contradict;
    }
    let (bare, other) = (is_vowelless(a), is_vowelless(b));
    if first_sound(a) != first_sound(b) && bare == other {
        // Twins' names rhyme; a slip in the first letter is rare.
        return Agreement::Contradict;
    }
    if sound(a) == sound(b) {
        return Agreement::Agree;
    }
    if bare != other {
        let (bones, other) = (skeleton(a), skeleton(b));
        if bones.len() >= 2 && bones == other {
            return Agreement::Compatible;
        }
    }
    if a.len().min(b.len()) < 3 {
        return Agreement::Contradict;
    }
    if first_sound(a) != first_sound(b) || ending_changes(a, b, typos) {
        return Agreement::Contradict;
    }
    Agreement::agree_if(is_typo(a, b, typos))
}

fn is_typo(a: &str, b: &str, typos: Typos) -> bool {
    let shorter = a.len().min(b.len());
    let max = match shorter {
        ..=3 => return false,
        // The same letters in disorder are one slip.
        6..=8 if is_disordered(a, b) => 2,
        4..=8 => 1,
        _ => 2,
    };
    if damerau_within(a, b, max).is_none() {
        return false;
    }
    // One letter for another makes another name of a short one.
    let swapped_for = a.len() == b.len() && a.bytes().zip(b.bytes()).filter(|(x, y)| x != y).count() == 1;
    let long_enough = match typos {
        Typos::AnyName => 6,
        Typos::KnownName | Typos::Surname => 5,
    };
    !swapped_for || shorter >= long_enough
}

/// Whether two words have the same letters.
fn is_disordered(a: &str, b: &str) -> bool {
    let sorted = |word: &str| {
        let mut letters: SmallVec<[u8; 16]> = word.bytes().collect();
        letters.sort_unstable();
        letters
    };
    a.len() == b.len() && sorted(a) == sorted(b)
}

/// Whether two words differ by their last vowels only: Shamil and Shamila, Rossi and Rossa. A surname may take an `e`.
fn ending_changes(a: &str, b: &str, typos: Typos) -> bool {
    let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let (x, y) = (a.get(common..).unwrap_or_default(), b.get(common..).unwrap_or_default());
    let vowels = |rest: &str| rest.len() <= 2 && rest.bytes().all(|byte| b"aeiouyh".contains(&byte));
    if typos == Typos::Surname && matches!((x, y), ("", "e") | ("e", "")) {
        return false;
    }
    vowels(x) && vowels(y)
}

/// What follows `mc` or `mac` in a surname.
fn without_mac(word: &str) -> Option<&str> {
    let rest = word.strip_prefix("mac").or_else(|| word.strip_prefix("mc"))?;
    (rest.len() >= 3).then_some(rest)
}

/// A Slavic surname in its masculine form: its stem, and what kind of ending it has; anything else as it is.
fn masculine(word: &str) -> (&str, u8) {
    for ending in ["skaya", "skaia", "skaja", "ska", "skyi", "skiy", "skii", "skij", "sky", "ski"] {
        if let Some(stem) = word.strip_suffix(ending).filter(|stem| stem.len() >= 2) {
            return (stem, 1);
        }
    }
    let bare = word.strip_suffix('a').unwrap_or(word);
    let slavic = bare.len() >= 5 && ["ov", "ev", "in", "yn"].iter().any(|ending| bare.ends_with(ending));
    if slavic { (bare, 2) } else { (word, 0) }
}

/// Says whether words of organisations are one: equal but for spelling, and for vowels left out (`Univrsl`). Numbers are
/// equal or not.
pub(super) fn organisation_word(a: &str, b: &str) -> bool {
    let consonants = || {
        let (one, other) = (skeleton(a), skeleton(b));
        a.bytes().next() == b.bytes().next() && one.len() >= 4 && one == other
    };
    let long = a.len() >= 4 && b.len() >= 4;
    a == b || (long && (by_spelling(a, b, Typos::Surname) == Agreement::Agree || consonants()))
}

//! Postal addresses.

use super::agreement::Agreement;
use super::word::organisation_word;
use smallvec::SmallVec;

type Words<'a> = SmallVec<[&'a str; 16]>;

/// An address of more words than this agrees with itself only.
const WORDS_MAX: usize = 48;
/// Shorter words anchor nothing: they stand in too many addresses.
const ANCHOR_MIN: usize = 4;

/// What stands before the number of a part of a house, in canonical form.
const UNITS: [&str; 6] = ["apt", "ste", "unit", "fl", "rm", "bldg"];

/// What a street is called beside its name, in canonical form.
const KINDS: [&str; 24] = [
    "st", "rd", "ave", "blvd", "dr", "ln", "ct", "pl", "sq", "ter", "pkwy", "hwy", "cir", "trl", "way", "n", "s", "e",
    "w", "ne", "nw", "se", "sw", "no",
];

/// Compares addresses, canonical. The house must be the same, and most words of the one that says less; one that is
/// wholly in the other agrees with it, and so does one with the same house number and postcode.
///
/// O(words of `a` times words of `b`).
pub(crate) fn address(a: &str, b: &str) -> Agreement {
    if a == b {
        return Agreement::Agree;
    }
    // Which words meet may hang on who asks: so that it does not, the smaller text always asks.
    let (a, b) = if a < b { (a, b) } else { (b, a) };
    let (Some(one), Some(other)) = (Address::of(a), Address::of(b)) else { return Agreement::Contradict };
    let anchored = anchors(a).any(|anchor| anchors(b).any(|theirs| anchor == theirs));
    let other_unit = matches!((one.unit, other.unit), (Some(a), Some(b)) if a != b);
    if !anchored || other_unit || !one.same_house(&other) {
        return Agreement::Contradict;
    }
    let (short, long) = if one.words.len() <= other.words.len() { (&one, &other) } else { (&other, &one) };
    let mut taken: SmallVec<[bool; 16]> = SmallVec::from_elem(false, long.words.len());
    let met = short.words.iter().filter(|word| {
        let mut free = long.words.iter().zip(&mut taken).filter(|(_, taken)| !**taken);
        free.find(|(theirs, _)| organisation_word(word, theirs)).map(|(_, taken)| *taken = true).is_some()
    });
    let met = met.count();
    let mostly = met * 2 > short.words.len();
    let numbers = |a: &Address<'_>, b: &Address<'_>| a.numbers.iter().all(|number| b.numbers.contains(number));
    let (within, around) = (numbers(&one, &other), numbers(&other, &one));
    // A house number and a postcode that are the same outweigh a city under another name.
    let same_numbers = within && around && one.numbers.len() > 1;
    if (met == short.words.len() && (within || around)) || (mostly && same_numbers) {
        Agreement::Agree
    } else if mostly {
        Agreement::Compatible
    } else {
        Agreement::Contradict
    }
}

/// The words of which two compatible addresses share one.
pub(super) fn anchors(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| word.len() >= ANCHOR_MIN || has_digit(word))
}

struct Address<'a> {
    /// Those that are not what a street is called, nor numbers.
    words: Words<'a>,
    numbers: Words<'a>,
    unit: Option<&'a str>,
}

impl<'a> Address<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut address = Self { words: SmallVec::new(), numbers: SmallVec::new(), unit: None };
        let (mut before, mut last_but_one) = ("", "");
        for (count, word) in text.split(' ').enumerate() {
            if count == WORDS_MAX {
                return None;
            }
            // What has a name is a house: after `Chrysler bldg` stands the number of the street.
            let named = before == "bldg" && address.words.last() == Some(&last_but_one);
            if UNITS.contains(&before) && address.unit.is_none() && !named {
                address.unit = Some(word);
            } else if has_digit(word) {
                address.numbers.push(word);
            } else if !KINDS.contains(&word) && !UNITS.contains(&word) {
                address.words.push(word);
            }
            (last_but_one, before) = (before, word);
        }
        Some(address)
    }

    /// Whether the first number of either is a number of the other; where one has none, nothing speaks against it.
    fn same_house(&self, other: &Self) -> bool {
        match (self.numbers.first(), other.numbers.first()) {
            (Some(mine), Some(theirs)) => self.numbers.contains(theirs) || other.numbers.contains(mine),
            _ => true,
        }
    }
}

fn has_digit(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
}

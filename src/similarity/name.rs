//! The words of a name: what carries weight, what only joins, and what is written after it.

use super::lexicon::{generation, given, is_particle, is_patronymic};
use smallvec::SmallVec;

/// A name of more words than this agrees with itself only.
const WORDS_MAX: usize = 24;

pub(super) type Words<'a> = SmallVec<[&'a str; 8]>;

/// A canonical name in its words.
pub(super) struct Name<'a> {
    /// As they stand.
    pub(super) whole: Words<'a>,
    /// Without the generation.
    pub(super) all: Words<'a>,
    /// Without particles, unless there is nothing else.
    pub(super) core: Words<'a>,
    /// `jr`, `sr`, `ii` ...
    pub(super) generation: Option<&'static str>,
    /// For each of these, whether a word before it says that it is the name of the father.
    pub(super) fathers: SmallVec<[bool; 8]>,
}

impl<'a> Name<'a> {
    /// Takes a part of a name apart; none if it has no word, or too many.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        Self::read(text, false)
    }

    /// Takes a full name apart. At its ends, what joins names elsewhere may be one: in `Ben Lee` no son is told of, nor in
    /// `Al Smith` an article.
    pub(super) fn of_full(text: &'a str) -> Option<Self> {
        Self::read(text, true)
    }

    fn read(text: &'a str, is_full: bool) -> Option<Self> {
        let mut all: Words<'a> = text.split(' ').filter(|word| !word.is_empty()).take(WORDS_MAX + 1).collect();
        if all.is_empty() || all.len() > WORDS_MAX {
            return None;
        }
        let whole = all.clone();
        // At the end, or after the given name.
        let place = (1..all.len()).rev().find(|&place| all.get(place).is_some_and(|word| generation(word).is_some()));
        let of_name = place.and_then(|place| generation(all.remove(place)));
        let (mut core, mut fathers) = (Words::new(), SmallVec::new());
        let mut child = false;
        for (place, word) in all.iter().copied().enumerate() {
            let at_end = is_full && all.len() > 1 && (place == 0 || place + 1 == all.len());
            if is_particle(word) && !(at_end && given(word).is_some()) {
                child |= is_patronymic(word);
            } else {
                core.push(word);
                fathers.push(std::mem::take(&mut child));
            }
        }
        if core.is_empty() {
            core = all.clone();
            fathers = SmallVec::from_elem(false, core.len());
        }
        Some(Self { whole, all, core, generation: of_name, fathers })
    }

    /// Whether both name a generation, and not the same. Beside a generation, a lone `I` is the first and no initial.
    pub(super) fn of_other_generation(&self, other: &Self) -> bool {
        let is_first = |name: &Self| name.core.iter().skip(1).any(|word| *word == "i");
        match (self.generation, other.generation) {
            (Some(one), Some(other)) => one != other,
            (Some(_), None) => is_first(other),
            (None, Some(_)) => is_first(self),
            (None, None) => false,
        }
    }
}

/// Says whether two runs of words are the same letters.
pub(super) fn same_letters(a: &[&str], b: &[&str]) -> bool {
    let length = |words: &[&str]| words.iter().map(|word| word.len()).sum::<usize>();
    length(a) == length(b) && a.iter().flat_map(|word| word.bytes()).eq(b.iter().flat_map(|word| word.bytes()))
}

//! What a text weighs by the rules of VADER (Hutto and Gilbert 2014).

use super::words::{CAPITALS, NEGATED, boost, emoji_name, is_negation, phrase};
use ahash::AHashMap;
use smol_str::SmolStr;

/// A word as it stands, and in lower case.
struct Word {
    sent: String,
    lower: String,
    /// What it weighs by itself.
    weight: Option<f64>,
}

/// What is said, in words.
struct Said {
    words: Vec<Word>,
    /// Whether some words are in capitals, and not all.
    has_capitals: bool,
}

/// The compound score of a text, from -1 to 1; none where no word of it weighs anything. O(words).
pub(super) fn compound(weights: &AHashMap<SmolStr, f64>, text: &str) -> Option<f64> {
    let text = spell_emoji(text);
    let words: Vec<Word> = text.split_whitespace().map(|token| Word::of(weights, token)).collect();
    let capitals = words.iter().filter(|word| is_upper(&word.sent)).count();
    let said = Said { has_capitals: capitals > 0 && capitals < words.len(), words };
    let mut valences: Vec<f64> = (0..said.words.len()).map(|place| said.valence(place)).collect();
    if let Some(turn) = said.words.iter().position(|word| word.lower == "but") {
        for (place, valence) in valences.iter_mut().enumerate() {
            *valence *= if place < turn { 0.5 } else { 1.0 + 0.5 * f64::from(u8::from(place > turn)) };
        }
    }
    if said.words.iter().all(|word| word.weight.is_none()) {
        return None;
    }
    let sum: f64 = valences.iter().sum();
    let sum = match sum {
        sum if sum > 0.0 => sum + emphasis(&text),
        sum if sum < 0.0 => sum - emphasis(&text),
        _ => 0.0,
    };
    Some((sum / (sum * sum + 15.0).sqrt()).clamp(-1.0, 1.0))
}

impl Word {
    fn of(weights: &AHashMap<SmolStr, f64>, token: &str) -> Self {
        let stripped = token.trim_matches(|c: char| c.is_ascii_punctuation());
        // What is left of an emoticon is nothing or a letter.
        let sent = if stripped.chars().count() <= 2 { token } else { stripped };
        let lower = sent.to_lowercase();
        Self { sent: sent.to_owned(), weight: weights.get(lower.as_str()).copied(), lower }
    }
}

impl Said {
    fn lower(&self, place: Option<usize>) -> &str {
        place.and_then(|place| self.words.get(place)).map_or("", |word| &word.lower)
    }

    fn weight(&self, place: Option<usize>) -> Option<f64> {
        place.and_then(|place| self.words.get(place)).and_then(|word| word.weight)
    }

    fn is_loud(&self, place: usize) -> bool {
        self.has_capitals && self.words.get(place).is_some_and(|word| is_upper(&word.sent))
    }

    /// What the word at a place weighs, by those around it.
    fn valence(&self, place: usize) -> f64 {
        let (word, next) = (self.lower(Some(place)), place.checked_add(1));
        let before = |steps: usize| place.checked_sub(steps);
        let Some(own) = self.weight(Some(place)) else { return 0.0 };
        if boost(word).is_some() || (word == "kind" && self.lower(next) == "of") {
            return 0.0;
        }
        let mut valence = own;
        if word == "no" && self.weight(next).is_some() {
            valence = 0.0;
        }
        let is_no = |steps| self.lower(before(steps)) == "no";
        if is_no(1) || is_no(2) || (is_no(3) && ["or", "nor"].contains(&self.lower(before(1)))) {
            valence = own * NEGATED;
        }
        if self.is_loud(place) {
            valence += if valence > 0.0 { CAPITALS } else { -CAPITALS };
        }
        for (steps, fade) in [(1, 1.0), (2, 0.95), (3, 0.9)] {
            let Some(earlier) = before(steps).filter(|earlier| self.weight(Some(*earlier)).is_none()) else { continue };
            valence += fade * self.boosted(earlier, valence);
            valence = self.negated(valence, place, steps);
            if steps == 3 {
                valence = self.idiom(valence, place);
            }
        }
        let is_least = self.lower(before(1)) == "least" && self.weight(before(1)).is_none();
        if is_least && !["at", "very"].contains(&self.lower(before(2))) { valence * NEGATED } else { valence }
    }

    /// By how much a word before makes a valence stronger.
    fn boosted(&self, place: usize, valence: f64) -> f64 {
        let Some(step) = boost(self.lower(Some(place))) else { return 0.0 };
        let step = if valence < 0.0 { -step } else { step };
        match self.is_loud(place) {
            true if valence > 0.0 => step + CAPITALS,
            true => step - CAPITALS,
            false => step,
        }
    }

    /// The valence where the word so many steps before turns it around. As in the authors' code, `so` and `this` right
    /// before, from the fourth word on, count as after `never`.
    fn negated(&self, valence: f64, place: usize, steps: usize) -> f64 {
        let word = |steps: usize| self.lower(place.checked_sub(steps));
        let stresses = |steps| ["so", "this"].contains(&word(steps));
        match (steps, word(steps)) {
            (2, "never") if stresses(1) => valence * 1.25,
            (3, "never") if stresses(2) => valence * 1.25,
            (3, _) if stresses(1) => valence * 1.25,
            (2, "without") if word(1) == "doubt" => valence,
            (3, "without") if word(2) == "doubt" || word(1) == "doubt" => valence,
            (_, earlier) if is_negation(earlier) => valence * NEGATED,
            _ => valence,
        }
    }

    /// The valence where the word is part of a phrase.
    fn idiom(&self, valence: f64, place: usize) -> f64 {
        let joined = |from: usize, to: usize| {
            let words = (from..=to).rev().filter_map(|steps| place.checked_sub(steps));
            words.map(|place| self.lower(Some(place))).collect::<Vec<_>>().join(" ")
        };
        // From so many words before to so many.
        let before = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)];
        let mut valence = before.iter().find_map(|&(to, from)| phrase(&joined(to, from))).unwrap_or(valence);
        let after = |steps: usize| self.lower(place.checked_add(steps));
        let ahead = [format!("{} {}", after(0), after(1)), format!("{} {} {}", after(0), after(1), after(2))];
        for words in &ahead {
            valence = phrase(words).unwrap_or(valence);
        }
        let pairs = [(1, 3), (2, 3), (1, 2)];
        valence + pairs.iter().filter_map(|&(to, from)| boost(&joined(to, from))).sum::<f64>()
    }
}

/// How much exclamation marks and question marks add.
fn emphasis(text: &str) -> f64 {
    let marks = |mark| text.chars().filter(|c| *c == mark).count();
    let exclaimed = f64::from(u8::try_from(marks('!').min(4)).unwrap_or(4)) * 0.292;
    let asked = match marks('?') {
        0 | 1 => 0.0,
        few @ 2..=3 => f64::from(u8::try_from(few).unwrap_or(3)) * 0.18,
        _ => 0.96,
    };
    exclaimed + asked
}

/// Emoji by their names, as words; and the apostrophe of typographers as that of typewriters.
fn spell_emoji(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    let mut was_emoji = false;
    for c in text.chars() {
        match emoji_name(c) {
            Some(name) => {
                if !spelled.is_empty() && !spelled.ends_with(' ') {
                    spelled.push(' ');
                }
                spelled.push_str(name);
            }
            // The selector of the coloured form.
            None if was_emoji && c == '\u{fe0f}' => continue,
            None if c == '’' => spelled.push('\''),
            None => spelled.push(c),
        }
        was_emoji = emoji_name(c).is_some();
    }
    spelled
}

/// Whether a word has letters, none of them small.
fn is_upper(word: &str) -> bool {
    word.chars().any(char::is_uppercase) && !word.chars().any(char::is_lowercase)
}

//! What words weigh, as the host supplies it.

use super::english::is_english;
use super::valence::compound;
use crate::error::{Error, Result};
use ahash::AHashMap;
use smol_str::SmolStr;
use std::fmt;

/// The most words of a lexicon.
const WORDS_MAX: usize = 1_000_000;

/// What English words weigh, from -4 (most negative) to 4, in the format of VADER's lexicon. onefold brings none.
///
/// A text is scored by the rules of VADER (Hutto and Gilbert: VADER, a parsimonious rule-based model for sentiment
/// analysis of social media text, ICWSM 2014), with its authors' code of version 3.3 as the reference: words that make
/// others stronger or weaker, negations, capitals, exclamation and question marks, `but`, phrases, and the commonest
/// emoji.
///
/// # Examples
/// ```
/// use onefold::Lexicon;
/// let lexicon = Lexicon::parse("great\t3.1\t0.7\nterrible\t-2.1\t0.9\n")?;
/// assert!(lexicon.sentiment("The service was great!") > lexicon.sentiment("The service was great"));
/// assert!(lexicon.sentiment("It was not great, and they were terrible") < Some(0.0));
/// // No word of it weighs anything; and this is not English. Neither is zero.
/// assert_eq!(lexicon.sentiment("When is it open?"), None);
/// assert_eq!(lexicon.sentiment("Der Service war great, aber sehr langsam"), None);
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone)]
pub struct Lexicon {
    // Invariant: every weight is a finite number.
    weights: AHashMap<SmolStr, f64>,
}

impl Lexicon {
    /// Reads a lexicon: on each line a word, a tab and what it weighs; what comes after another tab is passed over. Of a
    /// word that stands twice the later line counts. O(length).
    ///
    /// # Errors
    /// `Input` where a line has no number, `Limit` where there are more than a million lines.
    pub fn parse(text: &str) -> Result<Self> {
        let mut weights = AHashMap::new();
        for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let mut fields = line.trim().split('\t');
            let (word, weight) = (fields.next().unwrap_or_default(), fields.next());
            let weight = weight.and_then(|weight| weight.trim().parse().ok()).filter(|weight: &f64| weight.is_finite());
            let weight =
                weight.ok_or_else(|| Error::input(format!("line {} of the lexicon", place + 1), "has no number"))?;
            weights.insert(SmolStr::new(word), weight);
            if weights.len() > WORDS_MAX {
                return Err(Error::limit("the number of words of a lexicon", WORDS_MAX as u64));
            }
        }
        Ok(Self { weights })
    }

    /// How many words it has.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether it has no words.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// Scores a text, from -1 to 1, where it can be told: none where the text is not English, or no word of it is in the
    /// lexicon. O(words).
    ///
    /// A text is English where at least nine letters in ten are of the plain Latin alphabet, and of its words one in five
    /// is among the hundred commonest of English, two at the least (one where it has no more than five words), and more
    /// of them are than are among the commonest of twenty other languages. Two words without any of these tell nothing.
    pub fn sentiment(&self, text: &str) -> Option<f64> {
        compound(&self.weights, text).filter(|_| is_english(text))
    }

    /// Scores a text that is known to be English: VADER's compound, from -1 to 1. None where no word of it is in the
    /// lexicon, where VADER has zero. O(words).
    pub fn compound(&self, text: &str) -> Option<f64> {
        compound(&self.weights, text)
    }
}

/// Shows how many words it has.
impl fmt::Debug for Lexicon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lexicon({} words)", self.weights.len())
    }
}

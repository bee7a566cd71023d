//! The sentiment of one contact.

use super::lexicon::Lexicon;
use crate::event::{Event, EventKind};
use crate::normalise::read_sentiment;
use crate::record::RecordKey;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How something was said at one contact.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Sentiment {
    /// The event that tells it.
    pub key: RecordKey,
    /// When it was.
    pub at: Timestamp,
    /// From -1 (angry) to 1 (glad).
    pub score: f64,
    /// Who says so.
    pub source: SentimentSource,
}

/// Who says how something was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentimentSource {
    /// The host, with the event.
    Host,
    /// The words of it, by a lexicon.
    Lexicon,
}

/// Reads how something was said: as the host says, whatever the kind of the event; else, of a
/// [contact](EventKind::Contact) and of kinds of the host's own, by its words, where there is a lexicon and they are of its
/// language. None where neither tells: what is searched for is no word of anger, and what is unknown is not zero.
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Lexicon, sentiment_of};
/// let lexicon = Lexicon::parse("angry\t-2.3\n")?;
/// let call = Event::new("calls", "7", "2026-01-05T10:00:00Z".parse()?, EventKind::Contact);
/// assert_eq!(sentiment_of(&call.clone().sentiment("-0.4").text("I am angry"), Some(&lexicon)).unwrap().score, -0.4);
/// assert!(sentiment_of(&call.clone().text("I am angry"), Some(&lexicon)).unwrap().score < -0.5);
/// assert_eq!(sentiment_of(&call.text("Wo bleibt mein Paket?"), Some(&lexicon)), None);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn sentiment_of(event: &Event, lexicon: Option<&Lexicon>) -> Option<Sentiment> {
    let told = |score, source| Sentiment { key: event.key.clone(), at: event.at, score, source };
    if let Some(score) = read_sentiment(event) {
        return Some(told(score, SentimentSource::Host));
    }
    let text = event.text.as_deref().filter(|_| is_said(&event.kind))?;
    lexicon?.sentiment(text).map(|score| told(score, SentimentSource::Lexicon))
}

/// Whether the words of such events are said to somebody.
pub(crate) fn is_said(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Contact | EventKind::Custom(_))
}

/// Shows who says it and where, no score.
impl fmt::Debug for Sentiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sentiment({:?}, {:?})", self.key, self.source)
    }
}

//! How somebody feels: the sentiment of each contact, and whether it fell. Pure.
//!
//! A contact has the sentiment that the host supplies, or the one that its words have by a lexicon, where they are of the
//! lexicon's language; else none. What is unknown is never taken for zero. The contacts of a profile are replayed in the
//! order of time, so that what is merged feels as one who always was one.

mod calibrate;
mod cusum;
mod english;
mod feeling;
mod lexicon;
mod population;
mod rules;
mod sentiment;
mod valence;
mod words;

pub use calibrate::MoodCalibration;
pub use feeling::{BadExperience, BadKind, Feeling, MoodAlert, feel};
pub use lexicon::Lexicon;
pub use population::MoodPopulation;
pub use rules::MoodRules;
pub(crate) use sentiment::is_said;
pub use sentiment::{Sentiment, SentimentSource, sentiment_of};

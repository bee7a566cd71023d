//! What somebody likes: as it was stated, and as far as deeds show it, by counts beside what everybody does.

mod affinity;
mod learn;
mod place;
mod population;
mod recall;
mod stated;
mod tally;

pub use affinity::Affinity;
pub use population::{FacetPrior, LearnOptions, POPULATION_FORMAT, Population};
pub use recall::recall;
pub use stated::{Conflict, LeftOut, LeftOutReason, PreferenceQuery, Preferences, Stated};
pub use tally::Tally;

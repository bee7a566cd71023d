//! What somebody likes, as far as deeds show it: counts by facet, value and day, beside what everybody does.

mod affinity;
mod learn;
mod population;
mod tally;

pub use affinity::Affinity;
pub use population::{FacetPrior, LearnOptions, POPULATION_FORMAT, Population};
pub use tally::Tally;

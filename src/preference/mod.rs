//! What somebody likes, as far as deeds show it: counts by facet, value and day, beside what everybody does.

mod affinity;
mod deeds;
mod learn;
mod orders;
mod population;
mod price;
mod signal;
mod tally;

pub use affinity::Affinity;
pub use deeds::{Deeds, tallies};
pub use population::{EXPOSURE_DAYS, Exposure, FacetPrior, LearnOptions, POPULATION_FORMAT, Population};
pub use signal::{Sign, Signal, SignalWeights, signals};
pub use tally::Tally;

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
pub(crate) use affinity::Reading;
pub use deeds::{Deeds, tallies};
pub(crate) use deeds::{Weighed, standing};
pub use population::{EXPOSURE_DAYS, Exposure, FacetPrior, LearnOptions, POPULATION_FORMAT, Population};
pub(crate) use price::PriceBand;
pub(crate) use signal::PRICE;
pub use signal::{Sign, Signal, SignalWeights, signals};
pub use tally::Tally;
pub(crate) use tally::{Counted, day_of};

//! What somebody likes: as it was stated, and as far as deeds show it, by counts beside what everybody does.

mod affinity;
mod deeds;
mod disturbed;
mod fold;
mod learn;
mod month;
mod place;
mod population;
mod price;
mod recall;
mod signal;
mod stated;
mod tally;

pub use affinity::Affinity;
pub(crate) use affinity::Reading;
pub use deeds::Deeds;
pub(crate) use deeds::Weighed;
pub(crate) use disturbed::{TrailMonth, disturbed};
pub(crate) use fold::Folded;
pub use fold::{tallies, tallies_by};
pub use month::DeedMonth;
pub(crate) use month::{is_counted, month_of};
pub use population::{EXPOSURE_DAYS, Exposure, FacetPrior, LearnOptions, POPULATION_FORMAT, Population};
pub(crate) use price::PriceBand;
pub use recall::recall;
pub(crate) use signal::PRICE;
pub use signal::{Sign, Signal, SignalWeights, signals};
pub use stated::{Conflict, LeftOut, LeftOutReason, PreferenceQuery, Preferences, Stated};
pub use tally::Tally;
pub(crate) use tally::{Counted, day_of};

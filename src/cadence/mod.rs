//! When the next purchase or service comes: from the gaps of one customer and of all, from a rule, and from the season.

mod due;
mod gaps;
mod prior;
mod season;
mod service;

pub use due::{Due, DueRequest, learn_gaps, next_due};
pub use prior::{GAP_FORMAT, GapPrior, NoEvidence};
pub use season::Season;
pub use service::{Reading, ServiceCause, ServiceDue, ServiceRule};

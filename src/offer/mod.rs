//! What somebody is given once and for all: which of several grants stands, and what a new one is. Pure.
//!
//! A grant is evidence for an identifier, not for a profile: it is told once for each identifier that the profile has
//! when it is given. So it is where the identifiers are, whatever is merged, split or removed: what is merged has the
//! grants of both, of which the oldest stands, and what is split has the one grant in both parts.

mod draw;
mod standing;

pub(crate) use draw::{arm, check_arms, token};
pub use standing::{Assigned, Issued};
pub(crate) use standing::{Given, Granted};

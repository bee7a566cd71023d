//! What somebody was given once and for all.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// What somebody was given once and for all: the token of a one-time offer, or an arm of an experiment.
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Grant};
/// let welcome = Grant::Token { offer: "welcome".into(), token: "7H2K".into() };
/// assert_eq!(format!("{welcome:?}"), "Token(welcome)");
/// // One that another system issued is brought in under each identifier of whoever has it.
/// let event = Event::new(Event::LEDGER, "welcome/ann", "2026-01-05T10:00:00Z".parse()?, EventKind::Offer)
///     .identifier("email", "ann@example.org")
///     .grant(welcome);
/// assert_eq!(event.key.source, "onefold");
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grant {
    /// A token, by which an offer is redeemed. It goes with an event of the kind `offer`.
    Token {
        /// The offer.
        offer: SmolStr,
        /// The token.
        token: SmolStr,
    },
    /// An arm of an experiment. It goes with an event of the kind `bucket`.
    Arm {
        /// The experiment.
        experiment: SmolStr,
        /// The arm.
        arm: SmolStr,
    },
}

/// Shows the offer or the experiment. A token is worth money, and an arm says something of a person.
impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token { offer, .. } => write!(f, "Token({offer})"),
            Self::Arm { experiment, .. } => write!(f, "Arm({experiment})"),
        }
    }
}

//! The kinds of events.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// What happened.
///
/// Its text form is the name in lower case, with `custom:` before a name of your own.
///
/// # Examples
/// ```
/// use onefold::EventKind;
/// assert_eq!("message_sent".parse::<EventKind>()?, EventKind::MessageSent);
/// assert_eq!(EventKind::Custom("fitting".into()).to_string(), "custom:fitting");
/// assert!("fitting".parse::<EventKind>().is_err());
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// Something was looked at.
    View,
    /// Something was searched for.
    Search,
    /// Something was put into the cart.
    Cart,
    /// Something was bought.
    Purchase,
    /// Something was given back.
    Return,
    /// Somebody called, wrote, or came to the desk.
    Contact,
    /// A message was sent.
    MessageSent,
    /// A message arrived.
    MessageDelivered,
    /// A message was opened.
    MessageOpened,
    /// A link in a message was followed.
    MessageClicked,
    /// Something was shown, whether or not it was looked at.
    Exposure,
    /// Something that was offered was refused.
    Rejected,
    /// A wish or a dislike was stated, and nothing else happened.
    Preference,
    /// Something was allowed or refused. Such events have keys of their own.
    Consent,
    /// A token of a one-time offer was given to somebody.
    Offer,
    /// Somebody was put into an arm of an experiment.
    Bucket,
    /// It was decided what to do for somebody.
    Decision,
    /// Something came of a decision.
    Outcome,
    /// Anything else, under a name of your own.
    Custom(SmolStr),
}

/// What stands before a name of the user's own.
const CUSTOM: &str = "custom:";

/// Every kind that has a name.
const NAMED: [(&str, EventKind); 18] = [
    ("view", EventKind::View),
    ("search", EventKind::Search),
    ("cart", EventKind::Cart),
    ("purchase", EventKind::Purchase),
    ("return", EventKind::Return),
    ("contact", EventKind::Contact),
    ("message_sent", EventKind::MessageSent),
    ("message_delivered", EventKind::MessageDelivered),
    ("message_opened", EventKind::MessageOpened),
    ("message_clicked", EventKind::MessageClicked),
    ("exposure", EventKind::Exposure),
    ("rejected", EventKind::Rejected),
    ("preference", EventKind::Preference),
    ("consent", EventKind::Consent),
    ("offer", EventKind::Offer),
    ("bucket", EventKind::Bucket),
    ("decision", EventKind::Decision),
    ("outcome", EventKind::Outcome),
];

impl EventKind {
    /// Whether it tells of a message on its way: sent, delivered, opened, clicked.
    pub(crate) fn is_of_message(&self) -> bool {
        matches!(self, Self::MessageSent | Self::MessageDelivered | Self::MessageOpened | Self::MessageClicked)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Custom(name) => write!(f, "{CUSTOM}{name}"),
            named => f.write_str(NAMED.iter().find(|(_, kind)| kind == named).map_or("", |(name, _)| name)),
        }
    }
}

impl std::str::FromStr for EventKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(name) = text.strip_prefix(CUSTOM) {
            let blank = || Error::input("kind", "has no name after `custom:`");
            return if name.trim().is_empty() { Err(blank()) } else { Ok(Self::Custom(name.into())) };
        }
        let known = NAMED.iter().find(|(name, _)| *name == text).map(|(_, kind)| kind.clone());
        known.ok_or_else(|| Error::input("kind", "is not a kind of event; one of your own is `custom:` and its name"))
    }
}

//! Which of several grants stands: the oldest, told of one instant that with the smaller source and key.

use crate::event::{Event, EventKind, Grant};
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::borrow::Borrow;
use std::fmt;

/// The token of a one-time offer that somebody has.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// The token that stands: 26 characters of base 32, unless another system made it.
    pub token: SmolStr,
    /// Since when it stands.
    pub since: Timestamp,
    /// Whether it was issued by this very call.
    pub first: bool,
    /// Other tokens of the offer that they were given before it was known that they are one person, the oldest first.
    /// They are void while these are one profile.
    pub also: Vec<SmolStr>,
}

/// The arm of an experiment that somebody is in.
#[derive(Clone, PartialEq, Eq)]
pub struct Assigned {
    /// The arm that stands.
    pub arm: SmolStr,
    /// Since when it stands.
    pub since: Timestamp,
    /// Whether it was assigned by this very call.
    pub first: bool,
    /// Other arms that they saw before it was known that they are one person, the oldest first: they are no clean
    /// subject of the experiment.
    pub conflict: Vec<SmolStr>,
}

/// What may be granted.
#[derive(Clone, Copy)]
pub(crate) enum Granted<'a> {
    /// A token of this offer.
    Offer(&'a str),
    /// An arm of this experiment.
    Experiment(&'a str),
}

impl Granted<'_> {
    /// The kind of the events that tell of it.
    pub(crate) fn kind(self) -> EventKind {
        match self {
            Self::Offer(_) => EventKind::Offer,
            Self::Experiment(_) => EventKind::Bucket,
        }
    }

    /// The offer or the experiment.
    pub(crate) fn name(self) -> SmolStr {
        match self {
            Self::Offer(name) | Self::Experiment(name) => name.into(),
        }
    }

    /// What an event gives of it: the token or the arm.
    pub(crate) fn given(self, event: &Event) -> Option<&SmolStr> {
        match (self, event.grant.as_deref()?) {
            (Self::Offer(name), Grant::Token { offer, token }) => {
                (event.kind == self.kind() && offer == name).then_some(token)
            }
            (Self::Experiment(name), Grant::Arm { experiment, arm }) => {
                (event.kind == self.kind() && experiment == name).then_some(arm)
            }
            _ => None,
        }
    }

    /// The grant of a token or an arm.
    pub(crate) fn grant(self, given: SmolStr) -> Grant {
        match self {
            Self::Offer(_) => Grant::Token { offer: self.name(), token: given },
            Self::Experiment(_) => Grant::Arm { experiment: self.name(), arm: given },
        }
    }
}

/// A token or an arm that stands.
pub(crate) struct Given {
    pub(crate) value: SmolStr,
    pub(crate) since: Timestamp,
    /// Whether it was given just now.
    pub(crate) first: bool,
    /// The others, the oldest first.
    pub(crate) others: Vec<SmolStr>,
}

impl Given {
    /// Finds what stands among events, in any order; none where none of them gives any. O(events, sorted).
    pub(crate) fn standing<E: Borrow<Event>>(granted: Granted<'_>, events: &[E]) -> Option<Self> {
        let given = |event: &E| granted.given(event.borrow()).is_some();
        let mut told: Vec<&Event> = events.iter().filter(|event| given(event)).map(Borrow::borrow).collect();
        told.sort_by(|a, b| a.by_time(b));
        let oldest = told.first()?;
        let (value, since) = (granted.given(oldest)?.clone(), oldest.at);
        let mut others: Vec<SmolStr> = Vec::new();
        for other in told.iter().filter_map(|event| granted.given(event)) {
            if *other != value && !others.contains(other) {
                others.push(other.clone());
            }
        }
        Some(Self { value, since, first: false, others })
    }

    /// What is given now, to somebody who had nothing.
    pub(crate) fn new(value: SmolStr, since: Timestamp) -> Self {
        Self { value, since, first: true, others: Vec::new() }
    }
}

impl From<Given> for Issued {
    fn from(Given { value: token, since, first, others: also }: Given) -> Self {
        Self { token, since, first, also }
    }
}

impl From<Given> for Assigned {
    fn from(Given { value: arm, since, first, others: conflict }: Given) -> Self {
        Self { arm, since, first, conflict }
    }
}

/// Shows no token: it is worth money.
impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issued(since {}, first: {}, also {})", self.since, self.first, self.also.len())
    }
}

/// Shows no arm: it says something of a person.
impl fmt::Debug for Assigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assigned(since {}, first: {}, conflicts {})", self.since, self.first, self.conflict.len())
    }
}

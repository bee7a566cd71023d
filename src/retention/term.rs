//! For how long one thing is kept: for a time of its own, and for its purposes.

use super::{DropReason, keep_of};
use crate::normalise::is_same_word;
use crate::policy::{Policy, TimeToLive};
use crate::time::Timestamp;
use smol_str::SmolStr;

/// What the policy says of the time of one attribute, kind of identifier or kind of event.
#[derive(Debug, Default)]
pub(super) struct Term {
    own: Option<TimeToLive>,
    /// What it is for, and for how long that may be followed.
    purposes: Vec<(SmolStr, Option<TimeToLive>)>,
}

impl Term {
    pub(super) fn new(policy: &Policy, own: Option<TimeToLive>, purposes: &[SmolStr]) -> Self {
        let purposes = purposes.iter().map(|purpose| (purpose.clone(), keep_of(policy, purpose))).collect();
        Self { own, purposes }
    }

    /// Whether there is a time after which it is dropped.
    pub(super) fn ends(&self) -> bool {
        self.own.is_some() || (!self.purposes.is_empty() && self.purposes.iter().all(|(_, keep)| keep.is_some()))
    }

    /// Whether its own time is over.
    pub(super) fn is_over(&self, told: Timestamp, now: Timestamp) -> bool {
        self.own.is_some_and(|keep| keep.is_over(told, now))
    }

    /// Says why what was told then is to go; none where it stays.
    pub(super) fn dropped(&self, told: Timestamp, now: Timestamp) -> Option<DropReason> {
        self.dropped_with(None, told, now)
    }

    /// As above, of what is for one purpose more, that may be followed for so long.
    pub(super) fn dropped_with(
        &self,
        more: Option<Option<TimeToLive>>,
        told: Timestamp,
        now: Timestamp,
    ) -> Option<DropReason> {
        if self.is_over(told, now) {
            return Some(DropReason::TimeToLive);
        }
        let mut purposes = self.purposes.iter().map(|(_, keep)| *keep).chain(more).peekable();
        let is_for_something = purposes.peek().is_some();
        let is_over = |keep: Option<TimeToLive>| keep.is_some_and(|keep| keep.is_over(told, now));
        (is_for_something && purposes.all(is_over)).then_some(DropReason::NoPurpose)
    }

    /// Whether it may be read for a purpose.
    pub(super) fn serves(&self, purpose: &str) -> bool {
        self.purposes.iter().any(|(named, _)| is_same_word(named, purpose))
    }
}

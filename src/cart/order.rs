//! The order in which examples are learned.

use crate::record::RecordKey;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// What became of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CartLearned {
    /// It comes after all that were learned, and was learned.
    InOrder,
    /// It is the one that was learned last: delivered twice.
    Repeated,
    /// It comes before one that was learned, and was not: it counts when the model is refitted.
    Late,
}

/// Where learning stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Progress {
    /// The last example.
    last: Option<(i64, RecordKey)>,
    pub(super) learned: u64,
    pub(super) late: u64,
}

impl Progress {
    /// Whether an example is to be learned next; counts it.
    pub(super) fn take(&mut self, at: Timestamp, key: &RecordKey) -> CartLearned {
        let place = (at.microseconds(), key);
        let order = self.last.as_ref().map_or(Ordering::Greater, |(at, key)| place.cmp(&(*at, key)));
        match order {
            Ordering::Greater => {
                self.last = Some((at.microseconds(), key.clone()));
                self.learned += 1;
                CartLearned::InOrder
            }
            Ordering::Equal => CartLearned::Repeated,
            Ordering::Less => {
                self.late += 1;
                CartLearned::Late
            }
        }
    }
}

/// Examples in the order of time and key, each key once: of several the latest, at one time the one that comes last by
/// what it says.
pub(super) fn in_order<T>(
    examples: &[T],
    place: impl Fn(&T) -> (Timestamp, &RecordKey),
    says: impl Fn(&T, &T) -> Ordering,
) -> Vec<&T> {
    let at = |example: &T| place(example).0.microseconds();
    let mut sorted: Vec<&T> = examples.iter().collect();
    // The version that stands is the first of its key, whatever came first.
    sorted.sort_by(|a, b| place(a).1.cmp(place(b).1).then_with(|| at(b).cmp(&at(a))).then_with(|| says(b, a)));
    sorted.dedup_by(|next, kept| place(next).1 == place(kept).1);
    sorted.sort_by(|a, b| at(a).cmp(&at(b)).then_with(|| place(a).1.cmp(place(b).1)));
    sorted
}

//! The days between purchases of one thing by one customer, and the one that is still open.

use std::fmt;

/// Gaps between the days on which one customer bought one thing, or had it served: the finished ones, and since when the
/// last one is open.
#[derive(Clone, PartialEq)]
pub(super) struct Gaps {
    // Invariant: each over 0 and finite, the oldest first.
    finished: Vec<f64>,
    last_day: i64,
}

impl Gaps {
    /// Folds days in any order and each as often as it comes, with a measure of the time from one to another; those after
    /// `now` are not seen. None where there is no day. O(n log n).
    pub(super) fn fold(days: &[i64], now: i64, between: impl Fn(i64, i64) -> f64) -> Option<Self> {
        let mut days: Vec<i64> = days.iter().copied().filter(|day| *day <= now).collect();
        days.sort_unstable();
        days.dedup();
        let last_day = *days.last()?;
        let pairs = days.iter().zip(days.iter().skip(1));
        let finished = pairs.map(|(from, to)| between(*from, *to)).filter(|gap| *gap > 0.0).collect();
        Some(Self { finished, last_day })
    }

    /// How many are finished.
    pub(super) fn finished(&self) -> u64 {
        self.finished.len() as u64
    }

    /// The last day: from it on the next gap is open.
    pub(super) fn last_day(&self) -> i64 {
        self.last_day
    }

    /// Those that are finished, the oldest first.
    pub(super) fn lengths(&self) -> &[f64] {
        &self.finished
    }
}

/// Shows how many there are.
impl fmt::Debug for Gaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gaps({} finished)", self.finished.len())
    }
}

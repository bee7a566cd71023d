//! A window that grows while nothing changes, and is cut where something did.

use super::page_hinkley::finite;
use crate::error::{Error, Result};

/// How many buckets of one size there are before two become one.
const BUCKETS_MAX: usize = 5;

/// Cuts are looked for at every so many numbers.
const CLOCK: u64 = 32;

/// A window shorter than this is not cut, and no part is shorter than the second.
const WINDOW_MIN: f64 = 10.0;
const PART_MIN: f64 = 5.0;

/// A detector of change by adaptive windows: ADWIN2 (Bifet and Gavaldà 2007).
///
/// It keeps the numbers since the last change in buckets of 1, 2, 4, ... of them, O(log n) memory. Every 32 numbers it
/// compares the means of all ways to cut the window in two, old and new, against a bound that holds with probability 1
/// - `delta`; where they differ by more, something changed. After that it begins anew. O(log n) for a number.
///
/// # Examples
/// ```
/// let mut detector = onefold::Adwin::new(0.002)?;
/// let mut alarms = Vec::new();
/// for n in 0..400 {
///     let number = if n < 200 { f64::from(n % 2) } else { 3.0 };
///     if detector.push(number)? {
///         alarms.push(n);
///     }
/// }
/// assert_eq!(alarms, [223]);
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Adwin {
    delta: f64,
    /// By size, 1, 2, 4, ...; in each the oldest first.
    rows: Vec<Vec<Bucket>>,
    window: Bucket,
    ticks: u64,
}

/// Numbers that stand together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Bucket {
    count: f64,
    sum: f64,
    /// The sum of the squares of what each is off the mean.
    squares: f64,
}

impl Bucket {
    fn mean(self) -> f64 {
        self.sum / self.count
    }

    /// Both together (Chan, Golub and LeVeque 1983).
    fn with(self, other: Self) -> Self {
        if self.count == 0.0 || other.count == 0.0 {
            return if self.count == 0.0 { other } else { self };
        }
        let count = self.count + other.count;
        let off = self.mean() - other.mean();
        let between = off * off * self.count * other.count / count;
        Self { count, sum: self.sum + other.sum, squares: self.squares + other.squares + between }
    }
}

impl Adwin {
    /// Begins, with the probability of a false alarm that is accepted; 0.002 is usual.
    ///
    /// # Errors
    /// `Config` where it is not between 0 and 1.
    pub fn new(delta: f64) -> Result<Self> {
        if !(delta > 0.0 && delta < 1.0) {
            return Err(Error::option("delta", "must lie between 0 and 1, as 0.002"));
        }
        Ok(Self { delta, rows: Vec::new(), window: Bucket::default(), ticks: 0 })
    }

    /// How many numbers the window holds.
    pub fn len(&self) -> u64 {
        self.window.count as u64
    }

    /// Says whether the window holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The mean of the window, if it holds any.
    pub fn mean(&self) -> Option<f64> {
        (self.window.count > 0.0).then(|| self.window.mean())
    }

    /// Takes a number, and says whether something changed.
    ///
    /// # Errors
    /// `Input` where the number is none; it is not taken then.
    pub fn push(&mut self, number: f64) -> Result<bool> {
        let one = Bucket { count: 1.0, sum: finite(number)?, squares: 0.0 };
        self.window = self.window.with(one);
        self.insert(one);
        self.ticks += 1;
        let changed = self.ticks.is_multiple_of(CLOCK) && self.window.count > WINDOW_MIN && self.changed();
        if changed {
            (self.rows, self.window, self.ticks) = (Vec::new(), Bucket::default(), 0);
        }
        Ok(changed)
    }

    /// Puts a bucket in; two of a size of which there are too many become one of the next.
    fn insert(&mut self, bucket: Bucket) {
        let mut next = Some(bucket);
        for row in &mut self.rows {
            let Some(bucket) = next.take() else { return };
            row.push(bucket);
            if row.len() > BUCKETS_MAX {
                next = row.drain(..2).reduce(Bucket::with);
            }
        }
        self.rows.extend(next.map(|bucket| vec![bucket]));
    }

    /// Whether the means of an older and a newer part differ by more than chance.
    fn changed(&self) -> bool {
        let variance = self.window.squares / self.window.count;
        let confidence = libm::log(2.0 * libm::log(self.window.count) / self.delta);
        let mut old = Bucket::default();
        for bucket in self.rows.iter().rev().flatten() {
            old = old.with(*bucket);
            let new = (self.window.count - old.count, self.window.sum - old.sum);
            if old.count < PART_MIN || new.0 < PART_MIN {
                continue;
            }
            let harmonic = 1.0 / (old.count - PART_MIN + 1.0) + 1.0 / (new.0 - PART_MIN + 1.0);
            let bound = (2.0 * harmonic * variance * confidence).sqrt() + 2.0 / 3.0 * harmonic * confidence;
            if (old.mean() - new.1 / new.0).abs() > bound {
                return true;
            }
        }
        false
    }
}

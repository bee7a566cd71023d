//! Running sums of what is over and under the mean.

use crate::error::{Error, Result};

/// How the test of Page and Hinkley is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageHinkleyOptions {
    /// Nothing is said before so many numbers.
    pub count_min: u64,
    /// What is over the mean by no more than this is no change.
    pub delta: f64,
    /// The sum at which something changed.
    pub threshold: f64,
    /// What is kept of the sum from number to number, over 0 and at most 1.
    pub keep: f64,
}

impl Default for PageHinkleyOptions {
    fn default() -> Self {
        Self { count_min: 30, delta: 0.005, threshold: 50.0, keep: 0.9999 }
    }
}

/// A detector of a change of the mean, up or down (Page 1954, Hinkley 1971).
///
/// It adds up by how much the numbers are over their mean so far, less `delta`; where the sum comes to be over its
/// least by more than the threshold, the mean rose. For a fall, the same with the signs turned. After a change it
/// begins anew. O(1).
///
/// # Examples
/// ```
/// let mut detector = onefold::PageHinkley::new(onefold::PageHinkleyOptions::default())?;
/// let mut alarms = Vec::new();
/// for n in 0..400 {
///     if detector.push(if n < 200 { 0.0 } else { 1.0 })? {
///         alarms.push(n);
///     }
/// }
/// assert_eq!(alarms, [257]);
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PageHinkley {
    options: PageHinkleyOptions,
    count: u64,
    mean: f64,
    rise: Sum,
    fall: Sum,
}

/// A running sum, and the least that it was.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sum {
    now: f64,
    least: f64,
}

impl Sum {
    const NONE: Self = Self { now: 0.0, least: f64::INFINITY };

    /// How far it is over its least.
    fn add(&mut self, keep: f64, number: f64) -> f64 {
        self.now = keep * self.now + number;
        self.least = self.least.min(self.now);
        self.now - self.least
    }
}

impl PageHinkley {
    /// Begins.
    ///
    /// # Errors
    /// `Config` where a setting is out of bounds.
    pub fn new(options: PageHinkleyOptions) -> Result<Self> {
        let PageHinkleyOptions { delta, threshold, keep, .. } = options;
        if !(delta >= 0.0 && delta.is_finite()) {
            return Err(Error::option("delta", "must be a number of 0 or more"));
        }
        if !(threshold > 0.0 && threshold.is_finite()) {
            return Err(Error::option("threshold", "must be a number over 0"));
        }
        if !(keep > 0.0 && keep <= 1.0) {
            return Err(Error::option("keep", "must be over 0 and at most 1"));
        }
        Ok(Self::anew(options))
    }

    /// Takes a number, and says whether something changed.
    ///
    /// # Errors
    /// `Input` where the number is none; it is not taken then.
    pub fn push(&mut self, number: f64) -> Result<bool> {
        let number = finite(number)?;
        self.count += 1;
        self.mean += (number - self.mean) / self.count as f64;
        let PageHinkleyOptions { count_min, delta, threshold, keep } = self.options;
        let off = number - self.mean;
        let (rise, fall) = (self.rise.add(keep, off - delta), self.fall.add(keep, -off - delta));
        let changed = self.count >= count_min && rise.max(fall) > threshold;
        if changed {
            *self = Self::anew(self.options);
        }
        Ok(changed)
    }

    fn anew(options: PageHinkleyOptions) -> Self {
        Self { options, count: 0, mean: 0.0, rise: Sum::NONE, fall: Sum::NONE }
    }
}

/// A number that is one.
pub(super) fn finite(number: f64) -> Result<f64> {
    if number.is_finite() { Ok(number) } else { Err(Error::input("number", "must be finite")) }
}

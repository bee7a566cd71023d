//! Ridge regression of rewards on features, and the bounds and draws that are made of it.

use super::belief::Belief;
use super::exact::Exact;
use super::features::Features;
use super::matrix::{Factor, dot, packed_len};
use serde::{Deserialize, Serialize};

/// The sums of one regression: `x x'` by packed columns, and `reward x`.
///
/// They are exact sums, and all that is computed of them is computed from them anew, never carried on from what was
/// computed before (Sherman and Morrison's update would be cheaper, and would hang on the order). So a model is a
/// function of the set of outcomes that it learned, whatever their order, and unlearning one is exact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LinearSums {
    count: u64,
    squares: Vec<Exact>,
    rewards: Vec<Exact>,
}

impl LinearSums {
    pub(super) fn new(dimensions: usize) -> Self {
        let nothing = |len: usize| vec![Exact::default(); len];
        Self { count: 0, squares: nothing(packed_len(dimensions)), rewards: nothing(dimensions) }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Says whether the sums have the lengths that so many features ask for.
    pub(super) fn fits(&self, dimensions: usize) -> bool {
        self.squares.len() == packed_len(dimensions) && self.rewards.len() == dimensions
    }

    /// Takes an outcome in. O(features^2 / 2).
    pub(super) fn add(&mut self, features: &Features, reward: f64) {
        self.count += 1;
        self.each(features, reward, Exact::plus);
    }

    /// Takes an outcome out that was taken in. O(features^2 / 2).
    pub(super) fn take_out(&mut self, features: &Features, reward: f64) {
        self.count = self.count.saturating_sub(1);
        self.each(features, reward, Exact::minus);
    }

    fn each(&mut self, features: &Features, reward: f64, change: impl Fn(Exact, Exact) -> Exact) {
        let x = features.numbers();
        let mut squares = self.squares.iter_mut();
        for (place, &a) in x.iter().enumerate() {
            let below = x.iter().skip(place);
            // Nothing is added where a factor is zero, which hashed features often are.
            if a == 0.0 {
                squares.by_ref().take(below.len()).for_each(drop);
                continue;
            }
            for (sum, &b) in squares.by_ref().take(below.len()).zip(below) {
                *sum = change(*sum, Exact::of(a * b));
            }
        }
        for (sum, &a) in self.rewards.iter_mut().zip(x) {
            *sum = change(*sum, Exact::of(reward * a));
        }
    }
}

/// A regression that can be asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Regression {
    weights: Vec<f64>,
    factor: Factor,
}

impl Regression {
    /// Solves `(X'X + ridge) weights = X' rewards`. O(features^3 / 3).
    pub(super) fn of(sums: &LinearSums, ridge: f64) -> Self {
        let size = sums.rewards.len();
        let mut packed: Vec<f64> = sums.squares.iter().map(|sum| sum.number()).collect();
        let mut diagonal = 0;
        for rows in (1..=size).rev() {
            if let Some(entry) = packed.get_mut(diagonal) {
                *entry += ridge;
            }
            diagonal += rows;
        }
        let rewards: Vec<f64> = sums.rewards.iter().map(|sum| sum.number()).collect();
        let (factor, weights) = Factor::solving(size, packed, ridge, &rewards);
        Self { weights, factor }
    }

    /// The expected reward.
    pub(super) fn mean(&self, features: &Features) -> f64 {
        dot(&self.weights, features.numbers())
    }

    /// `sqrt(x' A^-1 x)`, with room to work in. O(features^2 / 2).
    fn deviation(&self, features: &Features, room: &mut Vec<f64>) -> f64 {
        self.factor.whiten(features.numbers(), room);
        dot(room, room).sqrt()
    }
}

/// The bound of LinUCB (Li, Chu, Langford and Schapire 2010): the mean and `width` deviations.
pub(super) fn bound(
    regression: Option<&Regression>,
    ridge: f64,
    width: f64,
    x: &Features,
    room: &mut Vec<f64>,
) -> Belief {
    let (mean, deviation) = spread(regression, ridge, x, room);
    Belief::Bound { mean, bonus: width * deviation }
}

/// The posterior of linear Thompson sampling (Agrawal and Goyal 2013): normal, its deviation scaled by `width`.
pub(super) fn posterior(
    regression: Option<&Regression>,
    ridge: f64,
    width: f64,
    x: &Features,
    room: &mut Vec<f64>,
) -> Belief {
    let (mean, deviation) = spread(regression, ridge, x, room);
    Belief::Normal { mean, deviation: width * deviation }
}

/// Mean and deviation; before anything was learned the mean is 0, and the deviation that of the ridge alone.
fn spread(regression: Option<&Regression>, ridge: f64, x: &Features, room: &mut Vec<f64>) -> (f64, f64) {
    match regression {
        Some(regression) => (regression.mean(x), regression.deviation(x, room)),
        None => (0.0, (dot(x.numbers(), x.numbers()) / ridge).sqrt()),
    }
}

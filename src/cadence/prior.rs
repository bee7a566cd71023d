//! How gaps go over all customers: what is known of one of whom little is known.

use super::gaps::Gaps;
use crate::error::{Error, Result};
use crate::maximum::{LOG_BOUND, maximise, measured};
use crate::statistics::PROFILES_MIN;
use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;
use statrs::function::gamma::ln_gamma;

/// The version of what a [`GapPrior`] is written as.
pub const GAP_FORMAT: u16 = 2;

/// How the gaps of a product or a category go over all customers: those of one customer are gamma with the shape
/// `regularity`, and the rates of all are gamma with shape `people` and inverse scale `scale`, in days. Plain data, of nobody.
///
/// A regularity of 1 is purchase at random; the larger, the more one gap is like the next. Nobody keeps to a rate for ever:
/// what a gap tells of the rate is halved by every `memory` gaps after it (the power steady model of Smith 1979, with the
/// population for what is forgotten).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GapPrior {
    /// [`GAP_FORMAT`].
    pub format: u16,
    /// Shape of the gaps of one customer.
    pub regularity: f64,
    /// Shape of the rates of all: the larger, the more alike the customers are.
    pub people: f64,
    /// Inverse scale of the rates of all, in days.
    pub scale: f64,
    /// So many gaps later, a gap tells half as much.
    pub memory: f64,
    /// Customers with a finished gap that it was learned from.
    pub customers: u64,
    /// Their finished gaps.
    pub gaps: u64,
}

/// Why nothing is said of the next purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoEvidence {
    /// The customer never bought it.
    NeverBought,
    /// Fewer customers than this bought it twice: what is usual is not known, and would tell of the few.
    TooFewCustomers(u64),
    /// The gaps of all are no distribution: one of its parameters ran away.
    Degenerate,
}

impl GapPrior {
    /// Learns from what is told of each: see [`learn_gaps`](super::learn_gaps).
    pub(super) fn learn(mut told: Vec<Told>) -> std::result::Result<Self, NoEvidence> {
        // Whoever came once tells, by having not come again; a first day that is today tells nothing.
        told.retain(|told| !told.gaps.is_empty() || told.open > 0.0);
        // Sums over customers run in one order, whatever the order in which they came.
        told.sort_by(|one, other| one.key().cmp(other.key()));
        let returned = told.iter().filter(|told| !told.gaps.is_empty());
        let customers = returned.clone().count() as u64;
        if customers < PROFILES_MIN {
            return Err(NoEvidence::TooFewCustomers(PROFILES_MIN));
        }
        let gaps = returned.map(|told| told.gaps.len() as u64).sum();
        let mean = told.iter().flat_map(|told| &told.gaps).sum::<f64>() / gaps as f64;
        for told in &mut told {
            told.open /= mean;
            told.gaps.iter_mut().for_each(|gap| *gap /= mean);
        }
        let found = maximise([1.5, 3.0, 4.0, 8.0], |at| measured(at, |at| log_likelihood(&told, at)));
        if !found.value.is_finite() || found.at.iter().any(|number| number.ln().abs() > LOG_BOUND * 0.75) {
            return Err(NoEvidence::Degenerate);
        }
        let [regularity, people, scale, memory] = found.at;
        Ok(Self { format: GAP_FORMAT, regularity, people, scale: scale * mean, memory, customers, gaps })
    }

    /// Says whether a prior that was read from somewhere can be used here.
    ///
    /// # Errors
    /// `Input` where the format is another, or a parameter is not a number over 0.
    pub fn check(&self) -> Result<()> {
        if self.format != GAP_FORMAT {
            return Err(Error::input("format", format!("of a prior of gaps must be {GAP_FORMAT}")));
        }
        let shapes = [("regularity", self.regularity), ("people", self.people)];
        let parameters = shapes.into_iter().chain([("scale", self.scale), ("memory", self.memory)]);
        let mut wrong = parameters.filter(|(_, value)| !(value.is_finite() && *value > 0.0));
        wrong.next().map_or(Ok(()), |(name, _)| Err(Error::input(name, "must be a number over 0")))
    }
}

/// What the likelihood takes of one customer.
#[derive(Debug, Clone)]
pub(super) struct Told {
    gaps: Vec<f64>,
    open: f64,
}

impl Told {
    pub(super) fn new(gaps: &Gaps, open: f64) -> Self {
        Self { gaps: gaps.lengths().to_vec(), open }
    }

    /// A total order.
    fn key(&self) -> impl Iterator<Item = u64> {
        self.gaps.iter().chain([&self.open]).map(|number| number.to_bits())
    }
}

/// What is known of the rate of a customer: a gamma.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// Gaps, and days in them, as far as they are remembered.
    count: f64,
    sum: f64,
    /// The share of a gap that is remembered after the next.
    kept: f64,
}

impl Known {
    fn nothing(memory: f64) -> Self {
        Self { count: 0.0, sum: 0.0, kept: (-std::f64::consts::LN_2 / memory).exp() }
    }

    fn and(self, gap: f64) -> Self {
        Self { count: self.count * self.kept + 1.0, sum: self.sum * self.kept + gap, ..self }
    }

    fn shape(self, people: f64, regularity: f64) -> f64 {
        people + regularity * self.count
    }
}

impl GapPrior {
    /// The shape and the inverse scale of the rate of somebody with some gaps.
    pub(super) fn of(&self, gaps: &Gaps) -> (f64, f64) {
        let known = gaps.lengths().iter().fold(Known::nothing(self.memory), |known, gap| known.and(*gap));
        (known.shape(self.people, self.regularity), self.scale + known.sum)
    }
}

/// Each gap is foretold by those before it, and counts with its density, a beta-prime; the open one with the probability of
/// lasting so long.
fn log_likelihood(told: &[Told], [regularity, people, scale, memory]: &[f64; 4]) -> f64 {
    let nothing = Known::nothing(*memory);
    let ln_gamma_regularity = ln_gamma(*regularity);
    let one = |told: &Told| {
        let (mut known, mut sum) = (nothing, 0.0);
        for gap in &told.gaps {
            let (shape, inverse_scale) = (known.shape(*people, *regularity), scale + known.sum);
            sum += (regularity - 1.0) * gap.ln() + shape * inverse_scale.ln()
                - (shape + regularity) * (inverse_scale + gap).ln()
                + ln_gamma(shape + regularity)
                - ln_gamma(shape)
                - ln_gamma_regularity;
            known = known.and(*gap);
        }
        let open = told.open / (scale + known.sum);
        sum + lasts(*regularity, known.shape(*people, *regularity), open).max(f64::MIN_POSITIVE).ln()
    };
    // Customers who are all alike, or keep to their rates, would let a number run away: its logarithm is held by a normal
    // of deviation 3.
    let held = (people.ln() / 3.0).powi(2) + (memory.ln() / 3.0).powi(2);
    told.iter().map(one).sum::<f64>() - 0.5 * held
}

/// The probability that a gap lasts longer than so many scales of the customer's rates.
pub(super) fn lasts(regularity: f64, shape: f64, scales: f64) -> f64 {
    if scales <= 0.0 { 1.0 } else { beta_reg(shape, regularity, 1.0 / (1.0 + scales)) }
}

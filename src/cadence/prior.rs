//! How gaps go over all customers: what is known of one of whom little is known.

use super::gaps::Gaps;
use crate::error::{Error, Result};
use crate::maximum::{LOG_BOUND, maximise, measured};
use crate::statistics::PROFILES_MIN;
use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;
use statrs::function::gamma::ln_gamma;

/// The version of what a [`GapPrior`] is written as.
pub const GAP_FORMAT: u16 = 1;

/// How the gaps of a product or a category go over all customers: those of one customer are gamma with the shape
/// `regularity`, and the rates of all are gamma with shape `people` and inverse scale `scale`, in days. Plain data, of nobody.
///
/// A regularity of 1 is purchase at random; the larger, the more one gap is like the next.
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
        told.retain(|told| told.count > 0.0 || told.open > 0.0);
        told.sort_by_key(Told::key);
        let returned = told.iter().filter(|told| told.count > 0.0);
        let customers = returned.clone().count() as u64;
        if customers < PROFILES_MIN {
            return Err(NoEvidence::TooFewCustomers(PROFILES_MIN));
        }
        let gaps: f64 = returned.map(|told| told.count).sum();
        let mean = told.iter().map(|told| told.sum).sum::<f64>() / gaps;
        for told in &mut told {
            (told.sum, told.open, told.logs) = (told.sum / mean, told.open / mean, told.logs - told.count * mean.ln());
        }
        let found = maximise([1.5, 3.0, 4.0], |at| measured(at, |at| log_likelihood(&told, at)));
        if !found.value.is_finite() || found.at.iter().any(|number| number.ln().abs() > LOG_BOUND * 0.75) {
            return Err(NoEvidence::Degenerate);
        }
        let [regularity, people, scale] = found.at;
        Ok(Self { format: GAP_FORMAT, regularity, people, scale: scale * mean, customers, gaps: gaps as u64 })
    }

    /// Says whether a prior that was read from somewhere can be used here.
    ///
    /// # Errors
    /// `Input` where the format is another, or a parameter is not a number over 0.
    pub fn check(&self) -> Result<()> {
        if self.format != GAP_FORMAT {
            return Err(Error::input("format", format!("of a prior of gaps must be {GAP_FORMAT}")));
        }
        let parameters = [("regularity", self.regularity), ("people", self.people), ("scale", self.scale)];
        let mut wrong = parameters.into_iter().filter(|(_, value)| !(value.is_finite() && *value > 0.0));
        wrong.next().map_or(Ok(()), |(name, _)| Err(Error::input(name, "must be a number over 0")))
    }
}

/// What the likelihood takes of one customer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    count: f64,
    sum: f64,
    logs: f64,
    open: f64,
}

impl Told {
    pub(super) fn new(gaps: &Gaps, open: f64) -> Self {
        let (count, sum, logs) = gaps.sums();
        Self { count, sum, logs, open }
    }

    /// A total order: sums over customers run in it, whatever the order in which they came.
    fn key(&self) -> [u64; 4] {
        [self.count, self.sum, self.open, self.logs + 1e9].map(f64::to_bits)
    }
}

fn log_likelihood(told: &[Told], [regularity, people, scale]: &[f64; 3]) -> f64 {
    let ln_gamma_regularity = ln_gamma(*regularity);
    let all = people * scale.ln() - ln_gamma(*people);
    let one = |told: &Told| {
        let (shape, inverse_scale) = (people + regularity * told.count, scale + told.sum);
        let finished = all + (regularity - 1.0) * told.logs - told.count * ln_gamma_regularity + ln_gamma(shape)
            - shape * inverse_scale.ln();
        finished + lasts(*regularity, shape, told.open / inverse_scale).max(f64::MIN_POSITIVE).ln()
    };
    // Customers who are all alike would let their number run away: its logarithm is held by a normal of deviation 3.
    told.iter().map(one).sum::<f64>() - 0.5 * (people.ln() / 3.0).powi(2)
}

/// The probability that a gap lasts longer than so many scales of the customer's rates.
pub(super) fn lasts(regularity: f64, shape: f64, scales: f64) -> f64 {
    if scales <= 0.0 { 1.0 } else { beta_reg(shape, regularity, 1.0 / (1.0 + scales)) }
}

//! What a customer spends on a day: Gamma-Gamma (Fader, Hardie 2013).

use super::beta_geometric::mirror;
use super::fit::Degeneracy;
use super::row::PurchaseRow;
use crate::error::{Error, Result};
use crate::maximum::{LOG_BOUND, Shape, maximise};
use crate::special::trigamma;
use serde::{Deserialize, Serialize};
use statrs::function::gamma::{digamma, ln_gamma};

/// The version of what a [`SpendingModel`] is written as.
pub const SPENDING_FORMAT: u16 = 1;

/// Customers with a known amount that it takes.
const CUSTOMERS_MIN: u64 = 30;

/// A correlation of frequency and money, of their logarithms, over which they are not independent.
const CORRELATION_MAX: f64 = 0.3;

/// A law of what is spent: amounts of one customer vary around their mean as a gamma with shape `p`; the scales of all are
/// gamma with shape `q` and inverse scale `v`, an amount of money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpendingModel {
    /// [`SPENDING_FORMAT`].
    pub format: u16,
    /// Customers that it was learned from: those who came back, with a known amount over 0.
    pub customers: u64,
    /// Shape of the amounts of one customer.
    pub p: f64,
    /// Shape of the scales of all.
    pub q: f64,
    /// Inverse scale of them, in the currency of the amounts.
    pub v: f64,
    /// The log-likelihood.
    pub log_likelihood: f64,
    /// The mean of all customers' means.
    pub mean: f64,
    /// Days whose amounts say as much of a customer as what is known of all: for the fallback (Buhlmann 1967).
    pub credible_days: f64,
    /// Why it should not be believed; with [`Degeneracy::Correlated`] alone it still answers by itself.
    pub degenerate: Vec<Degeneracy>,
}

impl SpendingModel {
    /// What is to be expected of the customer on a day with a purchase; of one whose amounts are not known, the mean of all.
    ///
    /// Where the law is degenerate, the customer's own mean is shrunk to the mean of all instead. O(1).
    ///
    /// # Errors
    /// `Input` where a parameter is not a number over 0.
    pub fn expected(&self, row: &PurchaseRow) -> Result<f64> {
        self.check()?;
        let (days, mean) = row.spending().map_or((0.0, 0.0), |mean| (f64::from(row.repeats()), mean));
        if !self.falls_back() {
            return Ok(self.p * (self.v + days * mean) / (self.p * days + self.q - 1.0));
        }
        Ok((days * mean + self.credible_days * self.mean) / (days + self.credible_days))
    }

    /// Says whether it answers by own means that are shrunk, and not by the law.
    pub fn falls_back(&self) -> bool {
        self.q <= 1.0 || self.degenerate.iter().any(|why| !matches!(why, Degeneracy::Correlated { .. }))
    }

    /// Says whether a model that was read from somewhere can be used here.
    ///
    /// # Errors
    /// `Input` where the format is another, or a parameter is not a number over 0.
    pub fn check(&self) -> Result<()> {
        if self.format != SPENDING_FORMAT {
            return Err(Error::input("format", format!("of a spending model must be {SPENDING_FORMAT}")));
        }
        let parameters = [("p", self.p), ("q", self.q), ("v", self.v), ("mean", self.mean)];
        let all = parameters.into_iter().chain([("credible_days", self.credible_days)]);
        let mut wrong = all.filter(|(_, value)| !(value.is_finite() && *value > 0.0));
        wrong.next().map_or(Ok(()), |(name, _)| Err(Error::input(name, "must be a number over 0")))
    }
}

/// Customers with as many repeats and as high a mean, in the mean of all means.
struct Spent {
    repeats: f64,
    mean: f64,
    customers: f64,
}

/// Customers with as many repeats: what the gamma functions take.
struct SameRepeats {
    repeats: f64,
    customers: f64,
    log_means: f64,
}

/// Learns what customers spend by maximum likelihood on distinct rows, as [`fit_lifetime`](crate::fit_lifetime) does. Rows
/// without a repeat or without a known amount over 0 tell nothing and are not counted. O(n log n).
///
/// # Errors
/// `Input` where no row tells of an amount.
///
/// # Examples
/// ```
/// use onefold::{PurchaseRow, fit_spending};
/// let row = |repeats, mean| PurchaseRow::new(repeats, 20.0, 39.0)?.with_spending(mean);
/// let mut rows = Vec::new();
/// for step in 1..100 {
///     rows.push(row(1 + step % 5, 10.0 + f64::from(step * step % 37))?);
/// }
/// let model = fit_spending(&rows)?;
/// assert!(model.degenerate.is_empty());
/// // One amount moves what is expected a little, ten that are alike move it most of the way.
/// let (once, often) = (model.expected(&row(1, 60.0)?)?, model.expected(&row(10, 60.0)?)?);
/// assert!(model.mean < once && once < often && often < 60.0);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn fit_spending(rows: &[PurchaseRow]) -> Result<SpendingModel> {
    let told = |row: &PurchaseRow| Some((row.repeats(), row.spending().filter(|mean| *mean > 0.0)?.to_bits()));
    let mut keys: Vec<(u32, u64)> = rows.iter().filter_map(told).collect();
    if keys.is_empty() {
        return Err(Error::input("rows", "hold nobody who came back and whose amounts are known"));
    }
    keys.sort_unstable();
    let customers = keys.len() as u64;
    let mean = keys.iter().map(|(_, mean)| f64::from_bits(*mean)).sum::<f64>() / customers as f64;
    let spent: Vec<Spent> = keys
        .chunk_by(|one, other| one == other)
        .filter_map(|equal| {
            let (repeats, own) = equal.first()?;
            let own = f64::from_bits(*own) / mean;
            Some(Spent { repeats: f64::from(*repeats), mean: own, customers: equal.len() as f64 })
        })
        .collect();
    let same: Vec<SameRepeats> = spent
        .chunk_by(|one, other| one.repeats.to_bits() == other.repeats.to_bits())
        .filter_map(|equal| {
            let customers = equal.iter().map(|spent| spent.customers).sum();
            let log_means = equal.iter().map(|spent| spent.customers * spent.mean.ln()).sum();
            Some(SameRepeats { repeats: equal.first()?.repeats, customers, log_means })
        })
        .collect();
    let starts = [[2.0, 3.0, 1.5], [8.0, 2.0, 0.2]];
    let mut found = starts.map(|start| maximise(start, |at| shape(&spent, &same, at)));
    found.sort_by(|one, other| other.value.total_cmp(&one.value));
    let [best, _] = found;
    let [p, q, v] = best.at;
    let correlation = correlation(&spent);
    let mut degenerate = Vec::new();
    if customers < CUSTOMERS_MIN {
        degenerate.push(Degeneracy::TooFew { customers, needed: CUSTOMERS_MIN });
    }
    let ran = ["p", "q", "v"].into_iter().zip(best.at);
    let ran: Vec<_> = ran.filter(|(_, parameter)| parameter.ln().abs() > LOG_BOUND * 0.75).collect();
    if ran.is_empty() && !best.is_reached {
        degenerate.push(Degeneracy::NotConverged);
    }
    degenerate.extend(ran.into_iter().map(|(name, _)| Degeneracy::AtBound { parameter: name.to_owned() }));
    degenerate.extend((q <= 1.0).then_some(Degeneracy::NoMean));
    degenerate.extend((correlation.abs() > CORRELATION_MAX).then_some(Degeneracy::Correlated { correlation }));
    // A density in money for each mean.
    let log_likelihood = best.value - customers as f64 * mean.ln();
    let credible_days = credible_days(&spent);
    Ok(SpendingModel {
        format: SPENDING_FORMAT,
        customers,
        p,
        q,
        v: v * mean,
        log_likelihood,
        mean,
        credible_days,
        degenerate,
    })
}

/// The log-likelihood at p, q and v, with derivatives: formula 1a of the paper, `x` being the days and `m` their mean.
fn shape(spent: &[Spent], same: &[SameRepeats], at: &[f64; 3]) -> Shape<3> {
    let [p, q, v] = *at;
    let mut sum = Shape::flat();
    let (ln_gamma_q, digamma_q, trigamma_q, ln_v) = (ln_gamma(q), digamma(q), trigamma(q), v.ln());
    for SameRepeats { repeats, customers, log_means } in same {
        let (own, all) = (p * repeats, p * repeats + q);
        let (first_own, first_all) = (digamma(own), digamma(all));
        let (second_own, second_all) = (trigamma(own), trigamma(all));
        sum.value += customers * (ln_gamma(all) - ln_gamma(own) - ln_gamma_q + q * ln_v + own * repeats.ln())
            + (own - 1.0) * log_means;
        sum.slope[0] += repeats * (customers * (first_all - first_own + repeats.ln()) + log_means);
        sum.slope[1] += customers * (first_all - digamma_q + ln_v);
        sum.slope[2] += customers * q / v;
        sum.curve[0][0] += customers * repeats * repeats * (second_all - second_own);
        sum.curve[0][1] += customers * repeats * second_all;
        sum.curve[1][1] += customers * (second_all - trigamma_q);
        sum.curve[1][2] += customers / v;
        sum.curve[2][2] -= customers * q / (v * v);
    }
    for Spent { repeats, mean, customers } in spent {
        let (own, total) = (p * repeats + q, v + mean * repeats);
        let log = total.ln();
        sum.value -= customers * own * log;
        sum.slope[0] -= customers * repeats * log;
        sum.slope[1] -= customers * log;
        sum.slope[2] -= customers * own / total;
        sum.curve[0][2] -= customers * repeats / total;
        sum.curve[1][2] -= customers / total;
        sum.curve[2][2] += customers * own / (total * total);
    }
    mirror(&mut sum.curve);
    sum
}

/// The correlation of Pearson between the logarithms of how often and how much.
fn correlation(spent: &[Spent]) -> f64 {
    let mean = |of: &dyn Fn(&Spent) -> f64| {
        let all: f64 = spent.iter().map(|spent| spent.customers).sum();
        spent.iter().map(|spent| spent.customers * of(spent)).sum::<f64>() / all
    };
    let (days, money) = (mean(&|spent| spent.repeats.ln()), mean(&|spent| spent.mean.ln()));
    let days_spread = mean(&|spent| (spent.repeats.ln() - days).powi(2));
    let money_spread = mean(&|spent| (spent.mean.ln() - money).powi(2));
    let together = mean(&|spent| (spent.repeats.ln() - days) * (spent.mean.ln() - money));
    let scale = (days_spread * money_spread).sqrt();
    if scale > 0.0 { together / scale } else { 0.0 }
}

/// The variance within customers over that between them, by least squares: squared distances of the logarithms of means from
/// their mean are `between + within / x`. Never under a tenth of a day, nor over a thousand.
fn credible_days(spent: &[Spent]) -> f64 {
    let customers: f64 = spent.iter().map(|spent| spent.customers).sum();
    let middle = spent.iter().map(|spent| spent.customers * spent.mean.ln()).sum::<f64>() / customers;
    let sums = spent.iter().fold([0.0; 5], |[n, x, xx, y, xy], spent| {
        let (inverse, square, count) = (1.0 / spent.repeats, (spent.mean.ln() - middle).powi(2), spent.customers);
        [
            n + count,
            x + count * inverse,
            xx + count * inverse * inverse,
            y + count * square,
            xy + count * inverse * square,
        ]
    });
    let [n, x, xx, y, xy] = sums;
    let determinant = n * xx - x * x;
    if determinant <= 1e-9 * n * n || y <= 0.0 {
        return 1.0;
    }
    let (within, between) = ((n * xy - x * y) / determinant, (y * xx - x * xy) / determinant);
    if within <= 0.0 {
        return 0.1;
    }
    if between <= 0.0 { 1_000.0 } else { (within / between).clamp(0.1, 1_000.0) }
}

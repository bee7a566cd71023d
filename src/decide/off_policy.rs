//! What another policy would have earned, judged by what was logged of this one.

use crate::error::{Error, Result};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A logged decision, and what the policy that is judged says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoggedChoice {
    /// The probability with which the logged action was chosen; over 0.
    pub propensity: f64,
    /// The probability with which the judged policy would have chosen the logged action.
    pub target: f64,
    /// What came of it.
    pub reward: f64,
    /// What a model of rewards, which did not learn from this row, expects of the logged action; 0 without one.
    pub predicted: f64,
    /// What it expects of the judged policy: over its actions, probability times expected reward; 0 without one.
    pub expected: f64,
}

/// How off-policy estimates are made, and when they are refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OffPolicyOptions {
    /// The level of the intervals.
    pub level: f64,
    /// The least effective sample size.
    pub effective_min: f64,
    /// The least number of rewards over 0 where the judged policy could have chosen the same.
    pub positives_min: u64,
}

impl Default for OffPolicyOptions {
    /// 95 %, from an effective sample size of 100 and 20 positives on.
    fn default() -> Self {
        Self { level: 0.95, effective_min: 100.0, positives_min: 20 }
    }
}

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OffPolicyEstimate {
    /// The mean reward of a decision.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
}

/// How much the log has to say of the judged policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OffPolicySupport {
    /// The rows.
    pub rows: u64,
    /// Of how many rows that were chosen by the judged policy itself the log is worth (Kish 1965): the square of the
    /// sum of the weights over the sum of their squares.
    pub effective: f64,
    /// The rewards over 0 where the judged policy could have chosen the same.
    pub positives: u64,
    /// The largest weight.
    pub weight_max: f64,
    /// The mean weight: 1 where propensities are right and every action of the judged policy could be logged.
    pub weight_mean: f64,
}

/// What is known of a policy from the log of another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OffPolicy {
    /// The log says enough.
    Estimated(OffPolicyEstimates),
    /// The log says too little of the policy: any number would be chance.
    NotEnough(OffPolicySupport),
}

/// The estimates of the mean reward of the judged policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OffPolicyEstimates {
    /// How much the log has to say.
    pub support: OffPolicySupport,
    /// Inverse propensity scoring (Horvitz and Thompson 1952): right if the propensities are.
    pub ips: OffPolicyEstimate,
    /// Self-normalised (Swaminathan and Joachims 2015): the weights are made to average 1.
    pub snips: OffPolicyEstimate,
    /// The direct method: what the model of rewards expects; the interval is that of the mean of what is expected, and
    /// does not know whether the model is right.
    pub direct: OffPolicyEstimate,
    /// Doubly robust (Dudik, Langford and Li 2011): right if the propensities are, or the model is.
    pub doubly_robust: OffPolicyEstimate,
}

/// Estimates what a policy would have earned on average, from what was logged of another.
///
/// The intervals are those of Student for the mean of the influence values of each estimator, with the effective sample
/// size less one as degrees of freedom: near the normal for a log that says much, wider where few rows carry the
/// weight.
///
/// O(rows).
///
/// # Errors
/// `Input` where a propensity is not over 0 and at most 1, a probability not 0 to 1, or a number is none; `Config`
/// where the level is not between 0 and 1.
///
/// # Examples
/// ```
/// use onefold::{LoggedChoice, OffPolicy, OffPolicyOptions, estimate};
/// // Of two actions, chosen evenly, the judged policy always takes the first, which pays every second time.
/// let row = |n: u32| {
///     let first = n % 2 == 0;
///     let (target, reward) = (f64::from(u8::from(first)), f64::from(u8::from(first && n % 4 == 0)));
///     LoggedChoice { propensity: 0.5, target, reward, predicted: 0.0, expected: 0.0 }
/// };
/// let rows: Vec<LoggedChoice> = (0..1_000).map(row).collect();
/// let OffPolicy::Estimated(found) = estimate(&rows, &OffPolicyOptions::default())? else { panic!("there is enough") };
/// assert!((found.snips.value - 0.5).abs() < 1e-12 && found.support.effective == 500.0);
/// assert!(matches!(estimate(&rows[..40], &OffPolicyOptions::default())?, OffPolicy::NotEnough(_)));
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn estimate(rows: &[LoggedChoice], options: &OffPolicyOptions) -> Result<OffPolicy> {
    if !(options.level > 0.0 && options.level < 1.0) {
        return Err(Error::option("level", "must lie between 0 and 1, as 0.95"));
    }
    rows.iter().enumerate().try_for_each(|(place, row)| check(place, row))?;
    let support = support(rows);
    if rows.len() < 2 || support.effective < options.effective_min.max(2.0) || support.positives < options.positives_min
    {
        return Ok(OffPolicy::NotEnough(support));
    }
    let freedom = support.effective - 1.0;
    let student = StudentsT::new(0.0, 1.0, freedom).map_err(|_| Error::option("effective_min", "is too small"))?;
    let reach = student.inverse_cdf(f64::midpoint(1.0, options.level));
    let count = rows.len() as f64;
    let about = |value: f64, influence: &dyn Fn(&LoggedChoice) -> f64| {
        let squares: f64 = rows.iter().map(|row| influence(row).powi(2)).sum();
        let error = (squares / (count * (count - 1.0))).sqrt();
        OffPolicyEstimate { value, error, lower: value - reach * error, upper: value + reach * error }
    };
    let mean = |of: &dyn Fn(&LoggedChoice) -> f64| rows.iter().map(of).sum::<f64>() / count;
    let mean_of = |of: &dyn Fn(&LoggedChoice) -> f64| {
        let value = mean(of);
        about(value, &|row| of(row) - value)
    };
    let ips = mean_of(&|row| weight(row) * row.reward);
    let normalised = ips.value / support.weight_mean;
    Ok(OffPolicy::Estimated(OffPolicyEstimates {
        support,
        ips,
        snips: about(normalised, &|row| weight(row) * (row.reward - normalised) / support.weight_mean),
        direct: mean_of(&|row| row.expected),
        doubly_robust: mean_of(&|row| row.expected + weight(row) * (row.reward - row.predicted)),
    }))
}

fn weight(row: &LoggedChoice) -> f64 {
    row.target / row.propensity
}

fn support(rows: &[LoggedChoice]) -> OffPolicySupport {
    let (sum, squares) =
        rows.iter().map(weight).fold((0.0, 0.0), |(sum, squares), weight| (sum + weight, squares + weight * weight));
    let matched = rows.iter().filter(|row| row.target > 0.0 && row.reward > 0.0);
    OffPolicySupport {
        rows: rows.len() as u64,
        effective: if squares > 0.0 { sum * sum / squares } else { 0.0 },
        positives: matched.count() as u64,
        weight_max: rows.iter().map(weight).fold(0.0, f64::max),
        weight_mean: if rows.is_empty() { 0.0 } else { sum / rows.len() as f64 },
    }
}

fn check(place: usize, row: &LoggedChoice) -> Result<()> {
    let wrong = |field: &str, reason: &str| Err(Error::input(format!("rows[{place}].{field}"), reason));
    if !(row.propensity > 0.0 && row.propensity <= 1.0) {
        return wrong("propensity", "must be over 0 and at most 1: what cannot be logged cannot be judged by the log");
    }
    if !(0.0..=1.0).contains(&row.target) {
        return wrong("target", "must be a probability from 0 to 1");
    }
    match [("reward", row.reward), ("predicted", row.predicted), ("expected", row.expected)]
        .into_iter()
        .find(|(_, number)| !number.is_finite())
    {
        Some((field, _)) => wrong(field, "must be a finite number"),
        None => Ok(()),
    }
}

//! What coupons did, by the control group.

use super::uplift::CouponGroup;
use crate::error::{Error, Result};
use crate::statistics::wilson;
use serde::Serialize;
use statrs::function::erf::erf_inv;

/// What came of somebody who was to be given a coupon: by chance they were given one, or none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CouponOutcome {
    /// Which of the two.
    pub group: CouponGroup,
    /// Whether they bought.
    pub bought: bool,
    /// What was earned, less what the coupon cost, in money.
    pub earned: f64,
}

/// What coupons did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct UpliftMeasured {
    /// How many were given one.
    pub treated: u64,
    /// How many were in the control group.
    pub control: u64,
    /// By how much the share of those who bought is larger.
    pub share: Difference,
    /// By how much more was earned a head.
    pub earned: Difference,
}

/// A difference, and where it lies at the level that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// The difference that was seen.
    pub value: f64,
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
}

/// Measures what coupons did: those who were given one beside those who would have been, of the control group. Shares by
/// the hybrid of two score intervals (Newcombe: Interval estimation for the difference between independent proportions,
/// Statistics in Medicine 17, 1998), earnings by the normal interval of two means. O(n log n); the order of the outcomes
/// does not show.
///
/// # Errors
/// `Input` where one of the groups has fewer than two, an amount is no number, or the level is not between 0 and 1.
///
/// # Examples
/// ```
/// use onefold::{CouponGroup, CouponOutcome, measure_uplift};
/// let of = |group, bought, earned| CouponOutcome { group, bought, earned };
/// let treated = (0..80).map(|n| of(CouponGroup::Treated, n < 56, if n < 56 { 15.0 } else { 0.0 }));
/// let control = (0..80).map(|n| of(CouponGroup::Control, n < 48, if n < 48 { 20.0 } else { 0.0 }));
/// let measured = measure_uplift(&treated.chain(control).collect::<Vec<_>>(), 0.95)?;
/// // One in ten more bought, which so few do not prove; and the coupons cost more than that earned.
/// assert!((measured.share.value - 0.1).abs() < 1e-12 && measured.share.lower < 0.0);
/// assert!((measured.earned.value + 1.5).abs() < 1e-12);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn measure_uplift(outcomes: &[CouponOutcome], level: f64) -> Result<UpliftMeasured> {
    if outcomes.iter().any(|outcome| !outcome.earned.is_finite()) {
        return Err(Error::input("earned", "is no number"));
    }
    let treated = Group::of(outcomes, CouponGroup::Treated)?;
    let control = Group::of(outcomes, CouponGroup::Control)?;
    let (one, other) = (wilson(treated.bought, treated.people, level)?, wilson(control.bought, control.people, level)?);
    let (p, q) = (treated.share(), control.share());
    let reach = |up: f64, down: f64| (up * up + down * down).sqrt();
    let share = Difference {
        value: p - q,
        lower: p - q - reach(p - one.lower, other.upper - q),
        upper: p - q + reach(one.upper - p, q - other.lower),
    };
    let value = treated.mean - control.mean;
    let half = std::f64::consts::SQRT_2 * erf_inv(level) * (treated.error + control.error).sqrt();
    let earned = Difference { value, lower: value - half, upper: value + half };
    Ok(UpliftMeasured { treated: treated.people, control: control.people, share, earned })
}

struct Group {
    people: u64,
    bought: u64,
    mean: f64,
    /// The variance of the mean.
    error: f64,
}

impl Group {
    fn of(outcomes: &[CouponOutcome], group: CouponGroup) -> Result<Self> {
        let own = || outcomes.iter().filter(|outcome| outcome.group == group);
        let mut earned: Vec<f64> = own().map(|outcome| outcome.earned).collect();
        if earned.len() < 2 {
            return Err(Error::input("outcomes", "have fewer than two of a group"));
        }
        earned.sort_unstable_by(f64::total_cmp);
        let count = earned.len() as f64;
        let mean = earned.iter().sum::<f64>() / count;
        let squares = earned.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>();
        let bought = own().filter(|outcome| outcome.bought).count() as u64;
        Ok(Self { people: earned.len() as u64, bought, mean, error: squares / (count - 1.0) / count })
    }

    fn share(&self) -> f64 {
        self.bought as f64 / self.people as f64
    }
}

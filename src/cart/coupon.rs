//! Whether a coupon is given.

use super::uplift::{CouponGroup, UpliftEstimate};
use crate::error::{Error, Result};
use crate::time::{DAY, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A campaign of coupons: what one costs, and how many may be given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CouponRules {
    /// What a coupon costs when it is redeemed, in money; over 0.
    pub cost: f64,
    /// What may be spent from the beginning to the end, in money.
    pub budget: f64,
    /// When it begins.
    pub since: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// So many coupons at the most for one person
    pub cap: u32,
    /// within so many days.
    pub cap_days: u32,
    /// How hard spending ahead of time is braked: the gain that a unit of cost must bring where all was spent at the
    /// beginning. 0 spends first come, first served.
    pub pressure: f64,
    /// The gain below which it is not worth it, in money.
    pub gain_min: f64,
}

impl CouponRules {
    /// A campaign from one time to another: one coupon a person in 30 days, and a pressure of 100: spending is ahead of time by a
    /// hundredth of the budget for each unit that a unit of cost gains.
    pub fn new(cost: f64, budget: f64, since: Timestamp, until: Timestamp) -> Self {
        Self { cost, budget, since, until, cap: 1, cap_days: 30, pressure: 100.0, gain_min: 0.0 }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// `Config` where one is out of its range.
    pub fn check(&self) -> Result<()> {
        let from_zero = |number: f64| (0.0..=1e12).contains(&number);
        let wrong = |option, reason: &str| Err(Error::option(option, reason));
        if !(from_zero(self.cost) && self.cost > 0.0) {
            return wrong("cost", "must be a number over 0");
        }
        if !from_zero(self.budget) {
            return wrong("budget", "must be a number, 0 or more");
        }
        if self.until.microseconds() <= self.since.microseconds() {
            return wrong("until", "must be after `since`");
        }
        if !from_zero(self.pressure) {
            return wrong("pressure", "must be a number, 0 or more");
        }
        if !from_zero(self.gain_min) {
            return wrong("gain_min", "must be a number, 0 or more");
        }
        Ok(())
    }

    /// Decides whether a coupon is given, and says why.
    ///
    /// What it gains is `uplift x margin x welcome - cost x P(redeemed)`. A budget makes it a knapsack: what is given is
    /// what gains most for its cost, which is what gains more than a price times its cost, the price being the Lagrange
    /// multiplier of the budget. Dual ascent raises it by what is spent and lowers it by what may be spent in the time
    /// (Balseiro and Gur: Learning in repeated auctions with budgets, Management Science 65, 2019); its steps add up to the
    /// pressure times the share of the budget by which spending is ahead of time, and that is the price here, so that it is
    /// a function of what was spent, and not of the path.
    ///
    /// The control group is asked last: who is in it would have been given one, and those who were are who they are
    /// compared with. O(earlier coupons).
    ///
    /// # Errors
    /// `Config` where the rules do not pass [`check`](Self::check), `Input` where a number of the request is out of its
    /// range or `now` is not within the campaign.
    ///
    /// # Examples
    /// ```
    /// use onefold::{CouponGroup, CouponReason, CouponRequest, CouponRules, Feeling, UpliftEstimate};
    /// let rules = CouponRules::new(5.0, 1_000.0, "2026-01-01T00:00:00Z".parse()?, "2026-02-01T00:00:00Z".parse()?);
    /// let persuadable = UpliftEstimate { treated: 0.5, control: 0.2, redeemed: 0.45 };
    /// let now = "2026-01-11T00:00:00Z".parse()?;
    /// let request = CouponRequest::new(persuadable, 40.0, CouponGroup::Treated, now);
    /// let decision = rules.decide(&request)?;
    /// assert_eq!(decision.reason, CouponReason::Granted);
    /// assert!((decision.gain - (0.3 * 40.0 - 0.45 * 5.0)).abs() < 1e-9);
    /// // She has one already; she would have bought anyway; she is angry; too much was spent.
    /// let why = |request: CouponRequest| rules.decide(&request).map(|decision| decision.reason);
    /// assert_eq!(why(CouponRequest { earlier: vec![now], ..request.clone() })?, CouponReason::CapReached);
    /// let sure = UpliftEstimate { treated: 0.9, control: 0.88, redeemed: 0.85 };
    /// assert_eq!(why(CouponRequest { estimate: sure, ..request.clone() })?, CouponReason::NotWorth);
    /// assert_eq!(why(CouponRequest { welcome: 0.1, ..request.clone() })?, CouponReason::NotWorth);
    /// assert_eq!(why(CouponRequest { spent: 999.0, ..request.clone() })?, CouponReason::BudgetSpent);
    /// assert_eq!(why(CouponRequest { group: CouponGroup::Control, ..request })?, CouponReason::Control);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn decide(&self, request: &CouponRequest) -> Result<CouponDecision> {
        self.check()?;
        request.check(self)?;
        let CouponRequest { estimate, margin, welcome, spent, group, now, .. } = *request;
        let cost = self.cost * estimate.redeemed;
        let gain = estimate.uplift() * margin * welcome - cost;
        let price = self.price(spent, now);
        let day = |at: Timestamp| at.microseconds() / DAY;
        let window = |at: &&Timestamp| {
            at.microseconds() <= now.microseconds() && day(now).saturating_sub(day(**at)) < i64::from(self.cap_days)
        };
        let earlier = request.earlier.iter().filter(window).count();
        let reason = if earlier >= self.cap as usize {
            CouponReason::CapReached
        } else if spent + self.cost > self.budget {
            CouponReason::BudgetSpent
        } else if gain - price * cost <= self.gain_min {
            CouponReason::NotWorth
        } else if group == CouponGroup::Control {
            CouponReason::Control
        } else {
            CouponReason::Granted
        };
        Ok(CouponDecision { reason, gain, cost, price, earlier })
    }

    /// The gain that a unit of cost must bring, by how far spending is ahead of time.
    fn price(&self, spent: f64, now: Timestamp) -> f64 {
        let length = |from: Timestamp, to: Timestamp| to.microseconds().saturating_sub(from.microseconds()) as f64;
        let elapsed = length(self.since, now) / length(self.since, self.until);
        if self.budget > 0.0 { self.pressure * (spent / self.budget - elapsed).max(0.0) } else { 0.0 }
    }
}

/// What is known when a coupon is decided on.
#[derive(Clone, PartialEq)]
pub struct CouponRequest {
    /// What it would do.
    pub estimate: UpliftEstimate,
    /// What the cart earns when it is bought without, in money.
    pub margin: f64,
    /// The group of the person.
    pub group: CouponGroup,
    /// When they were given coupons before.
    pub earlier: Vec<Timestamp>,
    /// What was spent of the budget: what was redeemed, and what is expected of the coupons that are out; their whole
    /// cost, where the budget may not be overspent whatever comes.
    pub spent: f64,
    /// How welcome a promotion is, 0 to 1: [`Feeling::promotion`](crate::Feeling::promotion).
    pub welcome: f64,
    /// Now, within the campaign.
    pub now: Timestamp,
}

impl CouponRequest {
    /// Asks for somebody who was given none, to whom it is welcome, with nothing spent.
    pub fn new(estimate: UpliftEstimate, margin: f64, group: CouponGroup, now: Timestamp) -> Self {
        Self { estimate, margin, group, earlier: Vec::new(), spent: 0.0, welcome: 1.0, now }
    }

    fn check(&self, rules: &CouponRules) -> Result<()> {
        let UpliftEstimate { treated, control, redeemed } = self.estimate;
        let wrong = |field: &str, reason: &str| Err(Error::input(field, reason));
        for (name, share) in
            [("treated", treated), ("control", control), ("redeemed", redeemed), ("welcome", self.welcome)]
        {
            if !(0.0..=1.0).contains(&share) {
                return wrong(name, "must be a number from 0 to 1");
            }
        }
        if !(0.0..=1e12).contains(&self.spent) {
            return wrong("spent", "must be a number, 0 or more");
        }
        if !(-1e12..=1e12).contains(&self.margin) {
            return wrong("margin", "must be a number");
        }
        if !(rules.since.microseconds()..rules.until.microseconds()).contains(&self.now.microseconds()) {
            return wrong("now", "is not within the campaign");
        }
        Ok(())
    }
}

/// Whether a coupon is given, and what that rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CouponDecision {
    /// Why it is given or not.
    pub reason: CouponReason,
    /// What it is expected to gain, in money.
    pub gain: f64,
    /// What it is expected to cost, in money.
    pub cost: f64,
    /// What a unit of cost had to gain.
    pub price: f64,
    /// How many coupons they were given within the window.
    pub earlier: usize,
}

impl CouponDecision {
    /// Whether it is given.
    pub fn is_granted(&self) -> bool {
        self.reason == CouponReason::Granted
    }
}

/// Why a coupon is given or not, the first that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouponReason {
    /// They were given as many as one may.
    CapReached,
    /// What is left of the budget is less than a coupon costs.
    BudgetSpent,
    /// It gains too little for what it costs.
    NotWorth,
    /// It would have been given, and they are in the control group.
    Control,
    /// It is given.
    Granted,
}

/// Shows what is asked, nothing of the person.
impl fmt::Debug for CouponRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CouponRequest({:?}, {} earlier)", self.group, self.earlier.len())
    }
}

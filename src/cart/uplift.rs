//! How much more likely a cart is bought with a coupon than without.

use super::features::CartFeatures;
use super::ftrl::{Ftrl, FtrlOptions};
use super::order::{CartLearned, Progress, in_order};
use crate::error::{Error, Result};
use crate::id::Seed;
use crate::record::RecordKey;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The domain of the hash that draws control groups.
const CONTROL: u8 = 48;

/// Whether somebody may be given a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouponGroup {
    /// They may.
    Treated,
    /// They are given none, so that what coupons do can be measured.
    Control,
}

impl CouponGroup {
    /// Draws the group of somebody in a campaign: a keyed hash of both under the seed, the same at any time. Of all people
    /// a share is in the control group, whatever they are in for other campaigns.
    ///
    /// `who` is what stands for the person for good. Where profiles may merge,
    /// [`Resolver::assign`](crate::Resolver::assign) keeps the arm with the identifiers.
    ///
    /// # Errors
    /// `Config` where the share is no number from 0 to 1.
    pub fn draw(seed: Seed, campaign: &str, who: &str, control_share: f64) -> Result<Self> {
        if !(0.0..=1.0).contains(&control_share) {
            return Err(Error::option("control_share", "must be a number from 0 to 1"));
        }
        let hash = seed.hash_parts(CONTROL, &[campaign.as_bytes(), who.as_bytes()]);
        let point = ((hash >> 75) as f64) / (1_u64 << 53) as f64;
        Ok(if point < control_share { Self::Control } else { Self::Treated })
    }
}

/// A cart in danger, whether a coupon was given, and what came of it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct CouponExample {
    /// The key of what was decided.
    pub key: RecordKey,
    /// When it was known what came of it.
    pub at: Timestamp,
    /// What was known when it was decided.
    pub features: CartFeatures,
    /// Whether a coupon was given.
    pub group: CouponGroup,
    /// Whether the cart was bought.
    pub bought: bool,
    /// Whether the coupon was redeemed.
    pub redeemed: bool,
}

/// What a coupon would do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UpliftEstimate {
    /// How likely the cart is bought with it.
    pub treated: f64,
    /// How likely it is bought without.
    pub control: f64,
    /// How likely it is redeemed.
    pub redeemed: f64,
}

impl UpliftEstimate {
    /// How much more likely the cart is bought with it, -1 to 1.
    pub fn uplift(&self) -> f64 {
        self.treated - self.control
    }
}

/// How much more likely a cart is bought with a coupon than without: two models, one of those who were given it and one of
/// those who were not (the T-learner: Künzel and others, Metalearners for estimating heterogeneous treatment effects, PNAS
/// 116, 2019); and how likely it is redeemed.
///
/// It says what a coupon does only where chance decided who got one: learn from a control group. What it learns is the fold
/// over the examples in the order of time and key, as of [`CartHazard`](crate::CartHazard).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CouponUplift {
    treated: Ftrl,
    control: Ftrl,
    redeemed: Ftrl,
    progress: Progress,
}

impl CouponUplift {
    /// Starts one that has learned nothing.
    ///
    /// # Errors
    /// `Config` where an option is out of its range.
    pub fn new(options: FtrlOptions) -> Result<Self> {
        let model = Ftrl::new(options)?;
        Ok(Self { treated: model.clone(), control: model.clone(), redeemed: model, progress: Progress::default() })
    }

    /// Learns from all examples, in any order. O(n log n).
    ///
    /// # Errors
    /// As [`new`](Self::new) and [`learn`](Self::learn).
    pub fn refit(options: FtrlOptions, examples: &[CouponExample]) -> Result<Self> {
        let facts = |example: &CouponExample| (example.group, example.bought, example.redeemed);
        let says = |a: &CouponExample, b: &CouponExample| {
            facts(a).cmp(&facts(b)).then_with(|| a.features.compare(&b.features))
        };
        let mut uplift = Self::new(options)?;
        for example in in_order(examples, |example| (example.at, &example.key), says) {
            uplift.learn(example)?;
        }
        Ok(uplift)
    }

    /// Estimates what a coupon would do. O(features x log names).
    ///
    /// # Errors
    /// As [`Ftrl::predict`].
    pub fn predict(&self, features: &CartFeatures) -> Result<UpliftEstimate> {
        let redeemed = self.redeemed.predict(features)?;
        Ok(UpliftEstimate {
            treated: self.treated.predict(features)?,
            control: self.control.predict(features)?,
            redeemed,
        })
    }

    /// Learns what came of one, if it comes after all that were learned. O(features x log names).
    ///
    /// # Errors
    /// As [`Ftrl::predict`], and `Input` where a coupon was redeemed that was not given; nothing is learned then.
    pub fn learn(&mut self, example: &CouponExample) -> Result<CartLearned> {
        example.features.check()?;
        if example.redeemed && (example.group == CouponGroup::Control || !example.bought) {
            return Err(Error::input(
                "redeemed",
                "is said of a coupon that was not given, or of a cart that was not bought",
            ));
        }
        let told = self.progress.take(example.at, &example.key);
        if told == CartLearned::InOrder {
            match example.group {
                CouponGroup::Treated => {
                    self.treated.learn(&example.features, example.bought)?;
                    self.redeemed.learn(&example.features, example.redeemed)?;
                }
                CouponGroup::Control => {
                    self.control.learn(&example.features, example.bought)?;
                }
            }
        }
        Ok(told)
    }

    /// How many examples were learned.
    pub fn learned(&self) -> u64 {
        self.progress.learned
    }

    /// How many came late: refit where they are many.
    pub fn late(&self) -> u64 {
        self.progress.late
    }
}

/// Shows which one it is by its key, no more.
impl fmt::Debug for CouponExample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CouponExample({:?})", self.key)
    }
}

/// Shows counts.
impl fmt::Debug for CouponUplift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CouponUplift({} learned, {} late)", self.progress.learned, self.progress.late)
    }
}

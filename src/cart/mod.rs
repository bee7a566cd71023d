//! The cart that is about to be lost, and the coupon that may save it. Pure.
//!
//! Carts are derived from events, with what was known at each step and what became of them. Two models learn online: how likely a cart is given up in the next step, and how much more likely it is bought with a
//! coupon than without. What they learn is a fold over examples in the order of time and key; state is plain data.

mod coupon;
mod derive;
mod features;
mod ftrl;
mod hazard;
mod measured;
mod order;
mod uplift;

pub use coupon::{CouponDecision, CouponReason, CouponRequest, CouponRules};
pub use derive::{Cart, CartOutcome, CartRules, CartStep, carts};
pub use features::CartFeatures;
pub use ftrl::{Ftrl, FtrlOptions};
pub use hazard::{CartExample, CartHazard};
pub use measured::{CouponOutcome, Difference, UpliftMeasured, measure_uplift};
pub use order::CartLearned;
pub use uplift::{CouponExample, CouponGroup, CouponUplift, UpliftEstimate};

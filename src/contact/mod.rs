//! How to reach somebody: through which channel, where, when, and why.

mod answer;
mod cap;
mod messages;
mod plan;
mod response;
mod rules;
mod zone;

pub use answer::{
    Capped, ChannelChoice, ChannelLeftOut, ChannelLeftOutReason, ChannelPermission, ChoiceReason, ContactPlan,
    ContactPoint, ContactRequest, ContactZone, HourRate, PointSource, ResponsePrior, ResponseRate, ZoneSource,
};
pub use plan::plan_contact;
pub(crate) use plan::{is_clock_named, plan_once};
pub use rules::{CapRule, ChannelRule, ContactDefaults, ContactRules, QuietHours};

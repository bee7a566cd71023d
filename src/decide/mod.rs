//! What to do next for a person: decided, learned, and judged afterwards. Pure: time and chance are arguments.

mod adwin;
mod attribute;
mod belief;
mod choose;
mod decision;
mod eligible;
mod exact;
mod features;
mod learn;
mod learner;
mod linear;
mod matrix;
mod model;
mod next;
mod off_policy;
mod outcome;
mod page_hinkley;
mod panel;
mod policy;
mod replay;
mod request;
mod segment;
mod segment_rule;

pub use adwin::Adwin;
pub use attribute::{Deed, attribute};
pub use belief::Belief;
pub use decision::{Decision, DecisionId, Outscored, RejectReason, Rejected};
pub use eligible::{Eligibility, Facts};
pub use features::{DIMENSIONS_MAX, FEATURE_MAX, Features};
pub use learn::{LearnedCounts, Learning, learn};
pub use learner::{Learner, LearnerPolicy, Sharing};
pub use model::{DecisionModel, ModelVersion};
pub use next::{chances, decide};
pub use off_policy::{
    LoggedChoice, OffPolicy, OffPolicyEstimate, OffPolicyEstimates, OffPolicyOptions, OffPolicySupport, estimate,
};
pub use outcome::{OUTCOME_MAX, Outcome, OutcomeStatus, Reckoned, reckon};
pub use page_hinkley::{PageHinkley, PageHinkleyOptions};
pub use policy::{CapScope, DecisionPolicy, DecisionRules, ExposureCap, MoodPolicy, RewardPolicy};
pub use replay::DecisionLog;
pub use request::{Allowed, Candidate, DecisionRequest, Done, Floor, Mood, Nature};
pub use segment_rule::{Membership, RuleReason, SEGMENTS_MAX, Segment, SegmentSet, Standing};

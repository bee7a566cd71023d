//! One profile per person.
#![forbid(unsafe_code)]

mod error;
mod id;
mod issue;
mod normalise;
mod policy;
mod record;
pub mod store;
mod time;
mod value;

pub use error::{Error, ErrorKind, Result};
pub use id::{ClusterNumber, KeyHash, ProfileId, ProfileNumber, RecordNumber, Seed, ValueHash};
pub use issue::{Issue, IssueReason};
pub use normalise::{Normalised, normalise};
pub use policy::*;
pub use record::{Assertion, Identifier, Record, RecordKey, Verdict};
pub use smol_str::SmolStr;
pub use store::Memory;
#[cfg(feature = "durable")]
pub use store::{Durability, Durable, DurableOptions};
pub use time::Timestamp;
pub use value::{Fact, Value};

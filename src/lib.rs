//! One profile per person.
#![forbid(unsafe_code)]

mod error;
mod golden;
mod id;
mod identifier;
mod issue;
mod measure;
mod normalise;
mod operation;
mod policy;
mod profile;
mod record;
mod resolver;
mod stitch;
pub mod store;
mod time;
mod value;

pub use error::{Error, ErrorKind, Result};
pub use golden::fold;
pub use id::{ClusterNumber, KeyHash, ProfileId, ProfileNumber, RecordNumber, Seed, ValueHash};
pub use issue::{Issue, IssueReason, Reason};
pub use measure::{Evaluation, Score, evaluate};
pub use normalise::{Normalised, normalise, normalise_identifier};
pub use operation::Operation;
pub use policy::*;
pub use profile::{Golden, GoldenRule, GoldenValue, Profile, ProfileIdentifier, Status};
pub use record::{Assertion, Identifier, Record, RecordKey, Verdict};
pub use resolver::{
    Because, Explanation, Found, IdentifierRow, Ingest, LoadReport, Options, Phase, PolicyReport, Progress,
    ReplaceReport, Resolution, Resolver, Stats, Step, StoredRecord, Structure, View, Why, Withheld,
};
pub use smol_str::SmolStr;
pub use store::Memory;
#[cfg(feature = "durable")]
pub use store::{Durability, Durable, DurableOptions};
pub use time::Timestamp;
pub use value::{Fact, Value};

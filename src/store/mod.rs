//! Where evidence and views are kept: the contract, and the stores that come with the crate.

#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
mod memory;
mod rows;

pub use contract::{Batch, Change, ProfileStore, Revision, Snapshot, Tenant};
pub use memory::Memory;
pub use rows::{
    Anchor, AssertionRow, Cluster, Counts, Generation, INLINE_MAX, Link, Meta, Node, Numbers, Posting, ProfileChange,
    ProfileEvent, Reason, Summary, ValueState, WithheldKey, WithheldRow,
};

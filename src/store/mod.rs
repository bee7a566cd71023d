//! Where evidence and views are kept: the contract, and the stores that come with the crate.

#[cfg(feature = "durable")]
mod codec;
#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
#[cfg(feature = "durable")]
mod durable;
mod memory;
mod rows;

pub use contract::{Batch, Change, ProfileStore, Revision, Snapshot, Tenant};
#[cfg(feature = "durable")]
pub use durable::{Durability, Durable, DurableOptions, Each, Engine, EngineView, Reach, Write};
pub use memory::Memory;
pub use rows::{
    Anchor, AssertionRow, Cluster, Counts, Generation, INLINE_MAX, Link, Meta, Node, Numbers, Posting, ProfileChange,
    ProfileEvent, Reason, Summary, ValueState, WithheldKey, WithheldRow,
};

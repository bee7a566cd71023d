//! Where evidence and views are kept: the contract, and the stores that come with the crate.

#[cfg(feature = "durable")]
mod codec;
#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
#[cfg(feature = "durable")]
mod durable;
mod memory;
mod overlay;
mod rows;

pub use crate::id::Link;
pub use crate::identifier::Summary;
pub use crate::issue::Reason;
pub use crate::linkage::Weight;
pub use crate::preference::DeedMonth;
pub use crate::record::Moment;
pub use contract::{Batch, Change, ProfileStore, Revision, Snapshot, Tenant};
#[cfg(feature = "encryption")]
pub use durable::StoreKey;
#[cfg(feature = "durable")]
pub use durable::{Durability, Durable, DurableOptions, Each, Engine, EngineView, Reach, Write};
pub use memory::Memory;
pub(crate) use overlay::all;
pub use overlay::{Overlay, Presence};
pub use rows::{
    Anchor, AssertionRow, Cluster, Counts, DORMANT, EventPlace, Generation, INLINE_MAX, Likeness, Meta, Node, Numbers,
    Posting, ProfileChange, ProfileEvent, SecretUse, Trail, ValueState, Vertex, WithheldKey, WithheldRow,
};

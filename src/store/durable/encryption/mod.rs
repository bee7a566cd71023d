//! Rows sealed at rest.
//!
//! A layer between the store and its engine: what goes down is sealed, what comes up is opened, and nothing above or
//! below knows. The host's key seals data keys only, each in a row of its own ([`Table::DataKey`](super::keys::Table)):
//! one for each version of a record, one for each trail with its events and deeds, and one for what is the tenant's or
//! derived from many records. Every row is bound to its place. What is left plain are numbers, times, counts, the names
//! of tenants, and hashes under the tenant's seed, which is sealed.
//!
//! An old data key is gone with its row, but the engine's files keep both until they are rewritten, and so do copies.
//! [`Durable::rotate`](super::Durable::rotate) ends that: it wraps the data keys that stand under another key of the
//! host's, and makes the tenants' keys anew. Who destroys the old key of the host's then has shredded all that was
//! dropped before, wherever it is.

mod cache;
mod cipher;
mod engine;
mod key;
mod place;
mod rotate;
mod seal;
mod vault;

pub(super) use engine::Sealed;
pub use key::StoreKey;
pub(super) use vault::{Standing, Vault};

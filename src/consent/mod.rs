//! What somebody allowed: folded from what was told under each of their identifiers.

mod effective;
mod permission;

pub use effective::{ConsentQuery, Effective, Told, effective};
pub use permission::{Permission, PermissionReason, basis_of, permit};

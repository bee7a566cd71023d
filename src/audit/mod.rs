//! Who read or changed what, and what for: a log that cannot be altered without notice, and holds no personal value.
//!
//! Each entry holds the hash of the one before it (the linear linking of Haber and Stornetta, 1991), so that a change to
//! one, a gap, or another order breaks every hash after it. That the end was cut off is seen by who kept the last hash.

mod chain;
mod entry;

pub use chain::{Audit, AuditSink};
pub use entry::{AuditAction, AuditEntry, AuditHash, verify_audit};

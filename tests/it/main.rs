//! The one test binary.

mod golden;
mod measure;
mod normalise;
mod operation;
mod policy;
#[cfg(feature = "conformance")]
mod store;

//! The one test binary.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod measure;
mod normalise;
mod operation;
mod policy;
#[cfg(feature = "conformance")]
mod store;

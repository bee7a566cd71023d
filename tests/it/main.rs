//! The one test binary.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod cases;
mod measure;
mod model;
mod normalise;
mod operation;
mod policy;
mod script;
#[cfg(feature = "conformance")]
mod store;
mod tidy;
mod world;

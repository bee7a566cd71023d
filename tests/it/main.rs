//! The one test binary.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod cases;
mod cli;
mod golden;
mod measure;
mod model;
mod names;
mod normalise;
mod operation;
mod policy;
mod properties;
mod scale;
mod script;
#[cfg(feature = "conformance")]
mod store;
mod subject;
mod tidy;
mod world;

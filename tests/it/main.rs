//! The one test binary.

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

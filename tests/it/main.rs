//! The one test binary.

mod cases;
mod measure;
mod model;
mod normalise;
mod operation;
mod policy;
#[cfg(feature = "conformance")]
mod store;
mod subject;
mod tidy;
mod world;

//! Integration tests: one binary, a file for each subject.

#[cfg(feature = "durable")]
mod durable;
#[cfg(feature = "conformance")]
mod store;

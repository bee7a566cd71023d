//! Integration tests: one binary, a file for each subject.

#[cfg(feature = "conformance")]
mod store;

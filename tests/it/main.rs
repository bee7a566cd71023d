//! The integration tests: one binary.

#[cfg(test)]
mod measure;
#[cfg(test)]
mod operation;

//! The one test binary.

mod normalise;
mod policy;

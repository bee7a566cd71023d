//! The integration tests: one binary.
#![cfg(test)]

mod cases;
mod model;
mod operation;
mod tidy;
mod world;

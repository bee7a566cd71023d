//! The integration tests: one binary.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod measure;
#[cfg(test)]
mod model;
#[cfg(test)]
mod operation;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod world;

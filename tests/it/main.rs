//! The one integration test of the crate.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod world;

//! The one test binary.
// With this, clippy takes the helpers for tests too.
#![cfg(test)]

mod access;
mod affinity;
mod alike;
mod audit;
mod cadence;
mod card;
mod cart;
mod cases;
mod catalogue;
mod cli;
mod consent_signals;
mod consents;
mod contact;
mod counted;
mod crowd;
mod decide;
mod deeds;
mod drift;
#[cfg(feature = "durable")]
mod durable;
#[cfg(feature = "encryption")]
mod encryption;
mod erase;
mod event;
mod found;
mod golden;
mod homes;
mod household;
mod journey;
mod learners;
mod lifetime;
mod likeness;
mod linkage;
mod linkage_data;
mod linkage_policy;
mod linkage_speed;
mod malformed;
mod measure;
mod measures;
mod model;
mod mood;
mod names;
mod normalise;
mod off_policy;
mod offer;
mod operation;
mod policy;
mod properties;
mod purchases;
mod purpose_shop;
mod purposes;
mod reads;
mod requests;
mod retention;
mod scale;
mod script;
mod shop;
mod signals;
mod similarity;
mod simulated;
mod splink;
mod stated;
#[cfg(feature = "conformance")]
mod store;
mod stream;
mod subject;
mod sweep;
mod tablet;
mod tidy;
mod trails;
mod train;
mod world;

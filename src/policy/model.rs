//! A model of linkage, as plain data: what training learns and a file holds.

use super::level::Level;
use super::linkage::BlockPolicy;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The version of the format that [`Model`] is.
pub const MODEL_FORMAT: u32 = 1;

/// A Fellegi-Sunter model: how often two records of one person, and of two people, are on each level of each comparison.
///
/// Beside matches and random pairs it knows a third class: different people who share their surroundings (a family, a
/// flat, an office). Their personal attributes differ as those of strangers do; everything else may agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// [`MODEL_FORMAT`].
    pub format: u32,
    /// The probability that two random records are one person, in 0..1.
    pub prior: f64,
    /// The probability that two random records are different people who share their surroundings, in 0..1.
    #[serde(default)]
    pub surroundings: f64,
    /// The comparisons.
    pub comparison: Vec<ComparisonModel>,
    /// The blocking rules that the model was trained with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub block: Vec<BlockPolicy>,
    /// How it was trained; none for one that was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
}

/// What a model knows of one comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonModel {
    /// The attributes, or kinds of identifier, that it looks at.
    pub attributes: Vec<SmolStr>,
    /// The levels, best first; the last is `else`.
    pub levels: Vec<LevelModel>,
    /// How frequent values are, where that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_frequencies: Option<TermFrequencies>,
}

/// What a model knows of one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelModel {
    /// The level.
    pub level: Level,
    /// The probability that two records of one person are on it.
    pub m: f64,
    /// The probability that records of two random people are on it.
    pub u: f64,
    /// The probability that records of two people who share their surroundings are on it; as for random people where it
    /// is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s: Option<f64>,
    /// Whether training saw enough pairs on it; else its probabilities are a guess.
    #[serde(default = "yes")]
    pub trained: bool,
}

/// How frequent the values of a comparison's first attribute are among records that have one.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermFrequencies {
    /// What a value that is not listed counts as.
    pub other: f64,
    /// The frequent values, in 0..1. Training lists none that fewer than [`PROFILES_MIN`](crate::PROFILES_MIN) people have.
    pub values: BTreeMap<SmolStr, f64>,
}

/// How a model was trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Records.
    pub records: u64,
    /// Pairs that the blocking rules found.
    pub pairs: u64,
    /// The seed of the sample of random pairs.
    pub seed: u64,
    /// Rounds of expectation maximisation.
    pub rounds: u64,
}

fn yes() -> bool {
    true
}

/// Shows no value.
impl std::fmt::Debug for TermFrequencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TermFrequencies({} values)", self.values.len())
    }
}

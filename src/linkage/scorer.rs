//! Scores by themselves, without a resolver.

use super::Weight;
use super::linker::Linker;
use super::train::Evidence;
use crate::error::{Error, Result};
use crate::policy::{Policy, Rules};
use crate::record::Record;

/// A pair of records that is worth keeping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredPair {
    /// The place of one record among those given.
    pub a: usize,
    /// The place of the other.
    pub b: usize,
    /// The match weight.
    pub weight: Weight,
    /// How probably they are one person.
    pub probability: f64,
}

/// Finds all pairs of records that are at least possible links, by the policy's linkage. Pure: no store, no clusters.
/// O(n log n + pairs) on all cores.
///
/// # Errors
/// `Config` where the policy is wrong, or has no linkage.
pub fn score_pairs(policy: &Policy, records: &[Record]) -> Result<Vec<ScoredPair>> {
    let rules = Rules::new(policy.clone())?;
    let linker = Linker::new(&rules)?.ok_or_else(|| Error::policy("linkage", "is not there"))?;
    let evidence = Evidence::of(&rules, records, linker.columns());
    let edges = linker.edges(&evidence.table);
    let place = |row: u32| evidence.origin(row);
    let scored = edges.into_iter().map(|edge| {
        let (one, other) = (place(edge.a), place(edge.b));
        let probability = linker.probability(edge.weight);
        ScoredPair { a: one.min(other), b: one.max(other), weight: edge.weight, probability }
    });
    let mut scored: Vec<ScoredPair> = scored.collect();
    scored.sort_unstable_by_key(|pair| (pair.a, pair.b));
    Ok(scored)
}

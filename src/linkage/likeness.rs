//! Similarities that only models of others ask for.

use std::collections::BTreeSet;

/// Jaccard similarity of the sets of characters.
pub(crate) fn jaccard(a: &str, b: &str) -> f64 {
    let (one, other): (BTreeSet<char>, BTreeSet<char>) = (a.chars().collect(), b.chars().collect());
    let union = one.union(&other).count();
    if union == 0 { 1.0 } else { one.intersection(&other).count() as f64 / union as f64 }
}

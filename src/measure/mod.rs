//! How well we do: one labelling of the records against another, scored pairs against what is true, and what customers do.

mod cadence;
mod curve;
mod customers;
mod experience;
mod kpi;
mod reliability;
mod value;

pub use cadence::{Bought, days_bought, days_by_facet, days_by_product, lapse_judge};
pub use curve::{ThresholdScore, best_threshold, threshold_scores};
pub use customers::{
    CustomerCounts, CustomerFigures, CustomerHistory, Distortion, Group, Period, Purchase, acquisition_figures,
    count_customer, distortions, measure_customers, purchases_of,
};
pub use experience::{Dimension, DimensionScore, ExperienceIndex, Rate, experience_index};
pub use kpi::{Good, Kpi, KpiReading, KpiRegistry, KpiResult, RollUp};
pub use reliability::{RELIABILITY_BOUNDS, Reliability, ReliabilityBin, reliability};
pub use value::{PredictedValue, ValueModel, measure_value};

use ahash::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// What a labelling is worth against the truth, in exact counts.
///
/// A *pair* is two records of one label. Over-merged and split are counted, not weighed: a profile that mixes three
/// people is one over-merged profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// The records that both labellings name.
    pub records: u64,
    /// The true people.
    pub people: u64,
    /// The predicted profiles.
    pub profiles: u64,
    /// The profiles that are exactly one person.
    pub exact: u64,
    /// The pairs of one person.
    pub pairs_true: u64,
    /// The pairs of one profile.
    pub pairs_predicted: u64,
    /// The pairs of both.
    pub pairs_common: u64,
    /// The profiles that hold more than one person.
    pub profiles_over_merged: u64,
    /// The people who are in more than one profile.
    pub people_split: u64,
    /// Over pairs.
    pub pairwise: Score,
    /// Over records: each one's own precision and recall, averaged (Bagga and Baldwin, 1998).
    pub b_cubed: Score,
}

/// Precision, recall, and their harmonic mean, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Of what was predicted, how much is true. 1 where nothing was predicted.
    pub precision: f64,
    /// Of what is true, how much was predicted. 1 where nothing is true.
    pub recall: f64,
    /// The harmonic mean of the two.
    pub f1: f64,
}

impl Score {
    fn of(precision: f64, recall: f64) -> Self {
        let sum = precision + recall;
        let f1 = if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 };
        Self { precision, recall, f1 }
    }
}

/// Compares labellings: for every record once, its true person and its predicted profile. O(records); the answer does
/// not depend on their order.
///
/// # Examples
/// ```
/// use onefold::evaluate;
/// // Ann's three records in two profiles; Bob's one record among them.
/// let found = evaluate([("ann", 1), ("ann", 1), ("ann", 2), ("bob", 2)]);
/// assert_eq!((found.pairs_true, found.pairs_predicted, found.pairs_common), (3, 2, 1));
/// assert_eq!((found.profiles_over_merged, found.people_split, found.exact), (1, 1, 0));
/// assert_eq!(found.pairwise.precision, 0.5);
/// ```
pub fn evaluate<T: Hash + Eq + Clone, P: Hash + Eq + Clone>(labels: impl IntoIterator<Item = (T, P)>) -> Evaluation {
    let mut cells: Counts<(T, P)> = counts();
    let mut people: Counts<T> = counts();
    let mut profiles: Counts<P> = counts();
    for (person, profile) in labels {
        *people.entry(person.clone()).or_default() += 1;
        *profiles.entry(profile.clone()).or_default() += 1;
        *cells.entry((person, profile)).or_default() += 1;
    }
    let mut people_parts: Counts<&T> = counts();
    let mut profile_parts: Counts<&P> = counts();
    let mut exact = 0;
    // Cells of one shape are counted before they are added as fractions, so that the sum has one order.
    let mut shapes: BTreeMap<(u64, u64, u64), u64> = BTreeMap::new();
    for ((person, profile), &common) in &cells {
        *people_parts.entry(person).or_default() += 1;
        *profile_parts.entry(profile).or_default() += 1;
        let of = (people.get(person).copied().unwrap_or_default(), profiles.get(profile).copied().unwrap_or_default());
        exact += u64::from(of == (common, common));
        *shapes.entry((common, of.0, of.1)).or_default() += 1;
    }
    let records: u64 = people.values().sum();
    let (pairs_true, pairs_predicted) = (pairs(people.values()), pairs(profiles.values()));
    let pairs_common = pairs(cells.values());
    let share = |whole: fn(&(u64, u64, u64)) -> u64| {
        let sum: f64 =
            shapes.iter().map(|(shape, &times)| (times * shape.0 * shape.0) as f64 / whole(shape) as f64).sum();
        if records == 0 { 1.0 } else { sum / records as f64 }
    };
    Evaluation {
        records,
        people: people.len() as u64,
        profiles: profiles.len() as u64,
        exact,
        pairs_true,
        pairs_predicted,
        pairs_common,
        profiles_over_merged: several(&profile_parts),
        people_split: several(&people_parts),
        pairwise: Score::of(ratio(pairs_common, pairs_predicted), ratio(pairs_common, pairs_true)),
        b_cubed: Score::of(share(|shape| shape.2), share(|shape| shape.1)),
    }
}

type Counts<K> = HashMap<K, u64, RandomState>;

/// Counts under a fixed state: chance has no place here, and the counts are only ever added.
fn counts<K>() -> Counts<K> {
    HashMap::with_hasher(RandomState::with_seeds(1, 2, 3, 4))
}

fn pairs<'a>(sizes: impl Iterator<Item = &'a u64>) -> u64 {
    sizes.map(|&size| size * size.saturating_sub(1) / 2).sum()
}

fn several<K>(parts: &Counts<K>) -> u64 {
    parts.values().filter(|&&parts| parts > 1).count() as u64
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

//! How well scored pairs do, threshold by threshold.

use super::{Score, ratio};

/// What pairs are worth where those at or above a threshold count as one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThresholdScore {
    /// The threshold.
    pub threshold: f64,
    /// The pairs at or above it.
    pub pairs_predicted: u64,
    /// Of these, the pairs of one person.
    pub pairs_common: u64,
    /// Over pairs.
    pub score: Score,
}

/// Measures scored pairs at thresholds, in the order given. Each pair has its probability (or any other score) and whether
/// it is one person; `pairs_true` counts all pairs of one person, scored or not, so that what blocking missed counts as
/// missed. A score that is not a number is below every threshold. O((pairs + thresholds) log pairs).
///
/// # Examples
/// ```
/// use onefold::threshold_scores;
/// let pairs = [(0.99, true), (0.97, true), (0.96, false), (0.6, true)];
/// let rows = threshold_scores(pairs, 4, &[0.5, 0.97]);
/// assert_eq!((rows[0].score.precision, rows[0].score.recall), (0.75, 0.75));
/// assert_eq!((rows[1].score.precision, rows[1].score.recall), (1.0, 0.5));
/// ```
pub fn threshold_scores(
    pairs: impl IntoIterator<Item = (f64, bool)>,
    pairs_true: u64,
    thresholds: &[f64],
) -> Vec<ThresholdScore> {
    let ranked = Ranked::of(pairs);
    thresholds.iter().map(|&threshold| ranked.at(threshold, pairs_true)).collect()
}

/// Finds the threshold with the best F1, the highest of several; none where there are no pairs. As for
/// [`threshold_scores`]. O(pairs log pairs).
///
/// # Examples
/// ```
/// use onefold::best_threshold;
/// let best = best_threshold([(0.9, true), (0.8, true), (0.3, false)], 2).unwrap();
/// assert_eq!((best.threshold, best.score.f1), (0.8, 1.0));
/// ```
pub fn best_threshold(pairs: impl IntoIterator<Item = (f64, bool)>, pairs_true: u64) -> Option<ThresholdScore> {
    let ranked = Ranked::of(pairs);
    let mut best: Option<ThresholdScore> = None;
    let mut last = None;
    for &(score, _) in &ranked.pairs {
        if last.replace(score) == Some(score) {
            continue;
        }
        let found = ranked.at(score, pairs_true);
        if best.is_none_or(|best| found.score.f1 > best.score.f1) {
            best = Some(found);
        }
    }
    best
}

/// Pairs, best first, each with how many of those up to it are one person.
struct Ranked {
    pairs: Vec<(f64, u64)>,
}

impl Ranked {
    fn of(pairs: impl IntoIterator<Item = (f64, bool)>) -> Self {
        let mut pairs: Vec<(f64, bool)> = pairs.into_iter().filter(|(score, _)| !score.is_nan()).collect();
        pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        let mut common = 0;
        let count = |(score, one): (f64, bool)| {
            common += u64::from(one);
            (score, common)
        };
        Self { pairs: pairs.into_iter().map(count).collect() }
    }

    fn at(&self, threshold: f64, pairs_true: u64) -> ThresholdScore {
        let predicted = self.pairs.partition_point(|(score, _)| *score >= threshold);
        let common = predicted.checked_sub(1).and_then(|last| self.pairs.get(last)).map_or(0, |(_, common)| *common);
        let predicted = predicted as u64;
        ThresholdScore {
            threshold,
            pairs_predicted: predicted,
            pairs_common: common,
            score: Score::of(ratio(common, predicted), ratio(common, pairs_true)),
        }
    }
}

//! Whether probabilities mean what they say.

/// Bounds of bins that are narrow where the probabilities of pairs gather: near 0 and near 1.
pub const RELIABILITY_BOUNDS: &[f64] =
    &[0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0];

/// Predicted probabilities against what came true: a reliability table.
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// The bins, lowest first; also those without pairs.
    pub bins: Vec<ReliabilityBin>,
    /// The pairs in all bins.
    pub pairs: u64,
    /// The mean distance between predicted and observed over the bins, weighed by their pairs, from 0 to 1 (expected
    /// calibration error; Naeini and others, 2015).
    pub expected_calibration_error: f64,
    /// The mean squared error of the probabilities, from 0 to 1 (Brier, 1950).
    pub brier: f64,
}

/// The pairs whose probability lies between two bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// The lower bound, in the bin.
    pub low: f64,
    /// The upper bound, in the next bin, but for the last.
    pub high: f64,
    /// The pairs.
    pub pairs: u64,
    /// Of these, the pairs of one person.
    pub matches: u64,
    /// The mean of their probabilities; the middle of the bin where there are none.
    pub predicted: f64,
}

impl ReliabilityBin {
    /// The share of its pairs that are one person; none where there are no pairs.
    pub fn observed(&self) -> Option<f64> {
        (self.pairs > 0).then(|| self.matches as f64 / self.pairs as f64)
    }
}

/// Compares predicted probabilities with what is true, in bins between ascending bounds (as [`RELIABILITY_BOUNDS`]). Pairs
/// outside the bounds, and those whose probability is not a number, are left out; [`Reliability::pairs`] says how many are
/// in. The order of the pairs changes nothing, not even the last bit. O(pairs log pairs).
///
/// # Examples
/// ```
/// use onefold::reliability;
/// // Two of four pairs said to be so with 0.75, and all that were said with 1.
/// let pairs = [(0.75, true), (0.75, true), (0.75, false), (0.75, false), (1.0, true), (1.0, true)];
/// let table = reliability(pairs, &[0.0, 0.5, 1.0]);
/// assert_eq!((table.bins[1].pairs, table.bins[1].matches), (6, 4));
/// let fine = reliability(pairs, &[0.5, 0.9, 1.0]);
/// assert_eq!(fine.bins[0].observed(), Some(0.5));
/// assert!((fine.expected_calibration_error - 4.0 / 6.0 * 0.25).abs() < 1e-12);
/// ```
pub fn reliability(pairs: impl IntoIterator<Item = (f64, bool)>, bounds: &[f64]) -> Reliability {
    let last = bounds.last().copied().unwrap_or_default();
    let first = bounds.first().copied().unwrap_or_default();
    let within = |probability: f64| probability >= first && probability <= last && bounds.len() > 1;
    let mut pairs: Vec<(f64, bool)> = pairs.into_iter().filter(|(probability, _)| within(*probability)).collect();
    // Sums of fractions have one order, so that they have one value.
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut rest = pairs.as_slice();
    let (mut error, mut bins) = (0.0, Vec::with_capacity(bounds.len()));
    for (low, high) in bounds.iter().copied().zip(bounds.iter().copied().skip(1)) {
        let end = rest.partition_point(|(probability, _)| *probability < high || high == last);
        let (inside, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        rest = after;
        let matches = inside.iter().filter(|(_, one)| *one).count() as u64;
        let sum: f64 = inside.iter().map(|(probability, _)| probability).sum();
        let predicted = if inside.is_empty() { f64::midpoint(low, high) } else { sum / inside.len() as f64 };
        error += (sum - matches as f64).abs();
        bins.push(ReliabilityBin { low, high, pairs: inside.len() as u64, matches, predicted });
    }
    let squares: f64 = pairs.iter().map(|(probability, one)| (probability - f64::from(u8::from(*one))).powi(2)).sum();
    let mean = |sum: f64| if pairs.is_empty() { 0.0 } else { sum / pairs.len() as f64 };
    Reliability { bins, pairs: pairs.len() as u64, expected_calibration_error: mean(error), brier: mean(squares) }
}

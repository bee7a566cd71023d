//! Measures: exact counts, checked by hand, against every pair, and against values that `evaluate.py` gave.

use onefold::{RELIABILITY_BOUNDS, best_threshold, evaluate, reliability, threshold_scores};
use proptest::prelude::*;

#[test]
fn perfect_and_empty_labellings_score_one() {
    for labels in [vec![], vec![("a", 1)], vec![("a", 1), ("a", 1), ("b", 2)]] {
        let found = evaluate(labels.clone());
        assert_eq!((found.pairwise.f1, found.b_cubed.f1), (1.0, 1.0), "{labels:?}");
        assert_eq!(found.exact, found.people);
    }
}

#[test]
fn everything_apart_and_everything_together() {
    let apart = evaluate([("a", 1), ("a", 2), ("a", 3)]);
    assert_eq!((apart.pairwise.precision, apart.pairwise.recall, apart.pairwise.f1), (1.0, 0.0, 0.0));
    assert_eq!((apart.people_split, apart.profiles_over_merged), (1, 0));
    let together = evaluate([("a", 1), ("b", 1), ("c", 1)]);
    assert_eq!((together.pairwise.precision, together.pairwise.recall), (0.0, 1.0));
    assert_eq!((together.people_split, together.profiles_over_merged), (0, 1));
}

/// The labelling `record i: person i % 7 * (i % 3), profile i % 5 + i / 20` of 40 records, as shared `evaluate.py`
/// scored it.
#[test]
fn the_reference_scores_alike() {
    let found = evaluate((0_u64..40).map(|i| (i % 7 * (i % 3), i % 5 + i / 20)));
    let six = |value: f64| (value * 1e6).round() / 1e6;
    let pairwise = found.pairwise;
    assert_eq!((found.people, found.profiles, found.exact), (10, 6, 0));
    assert_eq!((found.pairs_true, found.pairs_predicted, found.pairs_common), (175, 124, 22));
    assert_eq!((found.profiles_over_merged, found.people_split), (6, 8));
    assert_eq!([pairwise.precision, pairwise.recall, pairwise.f1].map(six), [0.177419, 0.125714, 0.147157]);
    let b_cubed = found.b_cubed;
    assert_eq!([b_cubed.precision, b_cubed.recall, b_cubed.f1].map(six), [0.3, 0.330556, 0.314537]);
}

#[test]
fn thresholds_count_what_is_at_or_above_them() {
    let pairs = [(0.2, true), (0.5, true), (0.5, false), (0.9, true), (f64::NAN, true), (1.0, true)];
    let rows: Vec<_> = threshold_scores(pairs, 5, &[0.0, 0.5, 0.51, 1.0, 1.5])
        .into_iter()
        .map(|row| (row.threshold, row.pairs_predicted, row.pairs_common, row.score.precision, row.score.recall))
        .collect();
    let expected = [
        (0.0, 5, 4, 0.8, 0.8),
        (0.5, 4, 3, 0.75, 0.6),
        (0.51, 2, 2, 1.0, 0.4),
        (1.0, 1, 1, 1.0, 0.2),
        (1.5, 0, 0, 1.0, 0.0),
    ];
    assert_eq!(rows, expected);
    assert_eq!(best_threshold(pairs, 5).unwrap().threshold, 0.2);
    assert_eq!(best_threshold([], 5), None);
    assert_eq!(
        best_threshold([(0.9, true), (0.8, false), (0.7, false), (0.6, true)], 2).unwrap().threshold,
        0.9,
        "the highest of several"
    );
}

#[test]
fn a_reliability_table_has_every_bin_and_every_pair_once() {
    let pairs = [(0.0, false), (0.1, false), (0.1, true), (0.3, true), (1.0, true), (1.1, true), (f64::NAN, true)];
    let table = reliability(pairs, &[0.0, 0.1, 0.5, 1.0]);
    let bins: Vec<_> = table.bins.iter().map(|bin| (bin.low, bin.high, bin.pairs, bin.matches)).collect();
    assert_eq!(bins, [(0.0, 0.1, 1, 0), (0.1, 0.5, 3, 2), (0.5, 1.0, 1, 1)]);
    assert_eq!(table.pairs, 5);
    // Of the middle bin .5 was expected and 2 came; the others are exact.
    assert!((table.expected_calibration_error - 1.5 / 5.0).abs() < 1e-12, "{table:?}");
    assert!((table.brier - (0.01 + 0.81 + 0.49) / 5.0).abs() < 1e-12, "{table:?}");
    assert_eq!(table.bins[2].observed(), Some(1.0));
    for bounds in [&[][..], &[0.5], RELIABILITY_BOUNDS] {
        let empty = reliability([], bounds);
        assert_eq!((empty.pairs, empty.expected_calibration_error, empty.brier), (0, 0.0, 0.0));
        assert_eq!(empty.bins.len(), bounds.len().saturating_sub(1));
        assert!(empty.bins.iter().all(|bin| bin.observed().is_none() && bin.low < bin.predicted));
    }
}

proptest! {
    #[test]
    fn thresholds_equal_a_count_of_every_pair(
        pairs in prop::collection::vec((0_u8..8, any::<bool>()), 0..40),
        thresholds in prop::collection::vec(0_u8..8, 0..8),
    ) {
        let pairs: Vec<(f64, bool)> = pairs.into_iter().map(|(score, one)| (f64::from(score), one)).collect();
        let thresholds: Vec<f64> = thresholds.into_iter().map(f64::from).collect();
        let rows = threshold_scores(pairs.iter().copied(), 40, &thresholds);
        for (row, threshold) in rows.iter().zip(&thresholds) {
            let above = || pairs.iter().filter(|(score, _)| score >= threshold);
            prop_assert_eq!(row.pairs_predicted, above().count() as u64);
            prop_assert_eq!(row.pairs_common, above().filter(|(_, one)| *one).count() as u64);
        }
        if let Some(best) = best_threshold(pairs.iter().copied(), 40) {
            prop_assert!(rows.iter().all(|row| row.score.f1 <= best.score.f1));
        }
    }

    #[test]
    fn reliability_knows_no_order((pairs, shuffled) in prop::collection::vec((0.0_f64..=1.0, any::<bool>()), 0..40)
        .prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle()))) {
        let table = reliability(pairs.iter().copied(), RELIABILITY_BOUNDS);
        prop_assert_eq!(table.pairs, pairs.len() as u64);
        prop_assert_eq!(table, reliability(shuffled, RELIABILITY_BOUNDS));
    }
    #[test]
    fn counts_equal_those_of_every_pair(labels in prop::collection::vec((0_u8..5, 0_u8..5), 0..30)) {
        let found = evaluate(labels.iter().copied());
        let every = (0..labels.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let (mut yes, mut predicted, mut common) = (0, 0, 0);
        for (a, b) in every {
            let (same_person, same_profile) = (labels[a].0 == labels[b].0, labels[a].1 == labels[b].1);
            yes += u64::from(same_person);
            predicted += u64::from(same_profile);
            common += u64::from(same_person && same_profile);
        }
        prop_assert_eq!((found.pairs_true, found.pairs_predicted, found.pairs_common), (yes, predicted, common));
        let own = |measure: fn(&(u8, u8), &(u8, u8)) -> bool| {
            let of = |record: &(u8, u8)| {
                let both = labels.iter().filter(|other| *other == record).count() as f64;
                both / labels.iter().filter(|other| measure(record, other)).count() as f64
            };
            if labels.is_empty() { 1.0 } else { labels.iter().map(of).sum::<f64>() / labels.len() as f64 }
        };
        prop_assert!((found.b_cubed.precision - own(|a, b| a.1 == b.1)).abs() < 1e-9);
        prop_assert!((found.b_cubed.recall - own(|a, b| a.0 == b.0)).abs() < 1e-9);
    }

    #[test]
    fn order_changes_nothing((labels, shuffled) in prop::collection::vec((0_u8..5, 0_u8..5), 0..30)
        .prop_flat_map(|labels| (Just(labels.clone()), Just(labels).prop_shuffle()))) {
        prop_assert_eq!(evaluate(labels), evaluate(shuffled));
    }
}

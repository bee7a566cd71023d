//! Measures: exact counts, checked by hand, against every pair, and against values that `evaluate.py` gave.

use onefold::evaluate;
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

proptest! {
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

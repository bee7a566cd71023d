//! Which of several candidates, and with what probability exactly.

use super::belief::{Belief, Spread};
use crate::id::Seed;
use crate::random::Random;

const EXPLORE: u8 = 41;
const DRAW: u8 = 42;

/// What is chosen from: what is believed of its reward, what a reward is worth, and what it costs.
#[derive(Debug)]
pub(super) struct Offer<'a> {
    pub(super) action: &'a str,
    pub(super) belief: Belief,
    pub(super) value: f64,
    pub(super) cost: f64,
}

impl Offer<'_> {
    /// What is earned at a reward.
    pub(super) fn at(&self, reward: f64) -> f64 {
        self.value * reward - self.cost
    }
}

/// What was chosen.
#[derive(Debug)]
pub(super) struct Choice {
    /// The place among the offers; none where nothing is done.
    pub(super) place: Option<usize>,
    /// How probable that was.
    pub(super) propensity: f64,
    /// Whether something else was expected to earn more.
    pub(super) explored: bool,
    /// What each was reckoned to earn.
    pub(super) scores: Vec<f64>,
}

/// Chooses: with the share `explore` anything, evenly; else what is reckoned to earn most, the first of equals, and
/// nothing where that is no more than `floor`.
///
/// What is drawn hangs on the seed, the decision and the action alone. The propensity is the probability of the choice
/// over all seeds: 1 or 0 where nothing is drawn, otherwise the integral of [`wins`], mixed with the even share.
/// O(offers), times 100 or so where numbers are drawn.
pub(super) fn choose(offers: &[Offer<'_>], explore: f64, floor: f64, seed: Seed, decision: &[u8]) -> Choice {
    let spreads: Vec<Spread> = offers.iter().map(|offer| Spread::of(&offer.belief, offer.value, offer.cost)).collect();
    let drawn = |(offer, spread): (&Offer<'_>, &Spread)| {
        let random = || Random::keyed(seed, DRAW, &[decision, offer.action.as_bytes()]);
        if spread.is_point() { spread.low } else { offer.at(offer.belief.draw(random)) }
    };
    let scores: Vec<f64> = offers.iter().zip(&spreads).map(drawn).collect();
    let share = if offers.is_empty() { 0.0 } else { explore };
    let mut random = Random::keyed(seed, EXPLORE, &[decision]);
    let place = if share > 0.0 && random.uniform() < share {
        Some(random.below(offers.len() as u64) as usize)
    } else {
        best(scores.iter().copied(), floor)
    };
    let likely = wins(&spreads, place, floor);
    let even = place.map_or(0.0, |_| share / offers.len() as f64);
    let expected = best(offers.iter().map(|offer| offer.at(offer.belief.mean())), floor);
    Choice { place, propensity: (1.0 - share) * likely + even, explored: place.is_some() && place != expected, scores }
}

/// The probability of each offer, as [`choose`] would log it. O(offers^2), times 100 where numbers are drawn.
pub(super) fn probabilities(offers: &[Offer<'_>], explore: f64, floor: f64) -> Vec<f64> {
    let spreads: Vec<Spread> = offers.iter().map(|offer| Spread::of(&offer.belief, offer.value, offer.cost)).collect();
    let even = explore / offers.len() as f64;
    (0..offers.len()).map(|place| (1.0 - explore) * wins(&spreads, Some(place), floor) + even).collect()
}

/// The place of the largest number over the floor, the first of equals.
fn best(scores: impl Iterator<Item = f64>, floor: f64) -> Option<usize> {
    let mut found: (Option<usize>, f64) = (None, floor);
    for (place, score) in scores.enumerate() {
        if score > found.1 {
            found = (Some(place), score);
        }
    }
    found.0
}

/// The nodes and weights of Gauss and Legendre on -1..=1, ten of them, the half above 0.
const NODES: [(f64, f64); 5] = [
    (0.148_874_338_981_631_2, 0.295_524_224_714_752_87),
    (0.433_395_394_129_247_2, 0.269_266_719_309_996_35),
    (0.679_409_568_299_024_4, 0.219_086_362_515_982_04),
    (0.865_063_366_688_984_5, 0.149_451_349_150_580_6),
    (0.973_906_528_517_171_7, 0.066_671_344_308_688_14),
];

/// Below this a probability is nothing.
const NEGLIGIBLE: f64 = 1e-14;

/// The probability that independent draws make this place the largest over the floor; or, for none, that none is over
/// it.
///
/// It is the integral of the density of the one times the distribution functions of all others, over all that it may
/// come to: ten nodes to a panel. The panels begin where the lowest of all upper parts begins and widen with the
/// distance from there: how steep a distribution function may still be is known, for whatever is narrow is over soon.
/// Within 1e-6.
pub(super) fn wins(spreads: &[Spread], place: Option<usize>, floor: f64) -> f64 {
    // Of what is no draw the largest counts, the first of equals; it is one more floor to the draws.
    let mut held = floor;
    let mut holder = None;
    for (number, spread) in spreads.iter().enumerate().filter(|(_, spread)| spread.is_point()) {
        if spread.low > held {
            (holder, held) = (Some(number), spread.low);
        }
    }
    let chosen = place.and_then(|place| spreads.get(place));
    let all_below =
        || spreads.iter().filter(|spread| !spread.is_point()).map(|spread| spread.at_most(held)).product::<f64>();
    let Some(one) = chosen.filter(|spread| !spread.is_point()) else {
        return if holder == place { all_below() } else { 0.0 };
    };
    let lows = spreads.iter().map(|spread| spread.low);
    let begin = lows.fold(held, f64::max);
    let others: Vec<&Spread> = spreads
        .iter()
        .enumerate()
        .filter(|(number, spread)| Some(*number) != place && spread.high > begin)
        .map(|(_, spread)| spread)
        .collect();
    let narrowest = others.iter().map(|spread| spread.deviation).fold(one.deviation, f64::min);
    let below = |money: f64| {
        let mut product = 1.0;
        for other in &others {
            product *= other.at_most(money);
            // Most of what is far below comes to nothing after a few.
            if product < NEGLIGIBLE {
                return 0.0;
            }
        }
        product
    };
    let (mut from, mut sum) = (begin, 0.0);
    while from < one.high {
        let reach = (from - begin) / (2.0 * 7.1);
        let width = (2.0 * reach.max(narrowest).min(one.deviation)).max((one.high - begin) * 1e-4);
        // Where the numbers are so large that the width is lost in rounding, the next number is taken.
        let to = (from + width).max(from.next_up()).min(one.high);
        if below(to) > 0.0 {
            let (middle, half) = (f64::midpoint(from, to), (to - from) / 2.0);
            let at = |money: f64| one.density(money) * below(money);
            sum += half
                * NODES
                    .iter()
                    .map(|(node, weight)| weight * (at(middle - half * node) + at(middle + half * node)))
                    .sum::<f64>();
        }
        from = to;
    }
    sum.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spreads(beliefs: &[Belief]) -> Vec<Spread> {
        beliefs.iter().map(|belief| Spread::of(belief, 1.0, 0.0)).collect()
    }

    #[test]
    fn two_normals_win_as_their_difference_says() {
        let cases = [(0.3, 0.1, 0.2, 0.4), (0.0, 1.0, 0.0, 1.0), (1.0, 0.001, 0.9, 0.5), (5.0, 2.0, 0.0, 0.01)];
        for (m, s, n, t) in cases {
            let two = [Belief::Normal { mean: m, deviation: s }, Belief::Normal { mean: n, deviation: t }];
            let z: f64 = (m - n) / f64::sqrt(s * s + t * t);
            let expected = 0.5 * statrs::function::erf::erfc(-z / std::f64::consts::SQRT_2);
            let found = wins(&spreads(&two), Some(0), f64::NEG_INFINITY);
            assert!((found - expected).abs() < 1e-8, "{m} {s} {n} {t}: {found}, not {expected}");
        }
    }

    #[test]
    fn two_betas_win_as_a_sum_says() {
        // P(X > Y) for whole parameters (Miller 2015): a sum over the first parameter of X.
        let ln_beta = statrs::function::beta::ln_beta;
        for (a, b, c, d) in [(3, 10, 2, 20), (1, 1, 1, 1), (1, 50, 2, 60), (30, 400, 300, 5_000)] {
            let [a, b, c, d] = [a, b, c, d].map(f64::from);
            let two = [Belief::Beta { a, b }, Belief::Beta { a: c, b: d }];
            let term = |i: f64| (ln_beta(c + i, d + b) - (b + i).ln() - ln_beta(1.0 + i, b) - ln_beta(c, d)).exp();
            let expected: f64 = (0..a as u32).map(|i| term(f64::from(i))).sum();
            let found = wins(&spreads(&two), Some(0), f64::NEG_INFINITY);
            assert!((found - expected).abs() < 1e-8, "{a} {b} {c} {d}: {found}, not {expected}");
        }
    }

    #[test]
    fn chances_of_all_and_of_none_are_one() {
        let normal = |mean, deviation| Belief::Normal { mean, deviation };
        let mixed = [
            vec![normal(0.1, 0.3), normal(0.2, 0.01), normal(-0.4, 1.0), Belief::Point(0.15), normal(0.19, 0.0)],
            (0..100_i32).map(|n| normal(0.01 * f64::from(n % 7), 0.1 + 0.01 * f64::from(n % 5))).collect(),
            vec![Belief::Beta { a: 1.0, b: 1.0 }, Belief::Beta { a: 2.0, b: 90.0 }, Belief::Beta { a: 50.0, b: 50.0 }],
            vec![normal(-1.0, 0.2), normal(-2.0, 0.5)],
        ];
        for beliefs in mixed {
            for floor in [0.0, 0.3, f64::NEG_INFINITY] {
                let spreads = spreads(&beliefs);
                let chances: f64 = (0..spreads.len()).map(|place| wins(&spreads, Some(place), floor)).sum();
                let none = if floor.is_finite() { wins(&spreads, None, floor) } else { 0.0 };
                assert!((chances + none - 1.0).abs() < 1e-6, "{floor}: {chances} and {none}");
            }
        }
    }
}

//! Which of several candidates, and with what probability exactly.

use super::belief::{Belief, Spread};
use super::panel::{Dense, Panel};
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
/// O(offers), times 50 or so where numbers are drawn.
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

/// The probability of each offer, as [`choose`] would log it. O(offers^2), times 50 where numbers are drawn.
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

/// Over this a probability is 1: also the product of ten thousand such is, within 1e-7.
const CERTAIN: f64 = 1.0 - 1e-11;

/// A share of an integral that may be left out.
const REST: f64 = 1e-9;

/// Below this a probability is nothing.
const NEGLIGIBLE: f64 = 1e-14;

/// The probability that independent draws make this place the largest over the floor; or, for none, that none is over
/// it.
///
/// It is the integral of the density of the one times the distribution functions of all others, over all that it may
/// come to, by [`Panels`]. Within 1e-6, and of what is over 1e-9 within a thousandth of itself: tested against a hundred
/// times as many nodes.
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
    let begin = spreads.iter().map(|spread| spread.low).fold(held, f64::max);
    let others = spreads.iter().enumerate().filter(|(number, _)| Some(*number) != place).map(|(_, spread)| spread);
    let mut others: Vec<&Spread> = others.filter(|spread| spread.high > begin).collect();
    // What is far below the largest comes to nothing after a few.
    others.sort_unstable_by(|one, other| other.low.total_cmp(&one.low));
    let panels = Panels::of(one, &others, begin);
    let mut panel = panels.after(begin);
    while panel.to < one.high && !reaches(&others, panel.to) {
        panel = panels.after(panel.to);
    }
    let mut others: Vec<(&Spread, f64)> = others.into_iter().map(|other| (other, other.at_most(panel.from))).collect();
    let mut sum = 0.0;
    while panel.from < one.high {
        others.retain(|(other, reached)| other.high > panel.from && *reached < CERTAIN);
        // Where so little is left of both, the others do not matter any more.
        let open: f64 = others.iter().map(|(_, reached)| 1.0 - reached).sum();
        if open * (1.0 - one.at_most(panel.from)) < REST * sum {
            others.clear();
        }
        let mut values = one.densities(&panel);
        // A density that falls goes on to fall: those of normals and of betas are concave in their logarithm.
        if values.last() < values.first() && panel.integral(&values) < NEGLIGIBLE {
            break;
        }
        others.iter_mut().for_each(|(other, reached)| other.times_at_most(&panel, reached, &mut values));
        sum += panel.integral(&values);
        panel = panels.after(panel.to);
    }
    sum.clamp(0.0, 1.0)
}

/// Whether it is not negligible that all of them are at most this.
fn reaches(others: &[&Spread], money: f64) -> bool {
    let product = others.iter().try_fold(1.0, |product, other| {
        let product = product * other.at_most(money);
        (product > NEGLIGIBLE).then_some(product)
    });
    product.is_some()
}

/// How the line is cut into panels for the integral of one.
///
/// They begin where the lowest of all upper parts begins and widen with the distance from there: how steep a
/// distribution function may still be is known, for whatever is narrow is over soon. Where something ends sharply a panel
/// ends too, a short one, its nodes dense there.
struct Panels {
    begin: f64,
    narrowest: f64,
    widest: f64,
    tops: Vec<f64>,
}

impl Panels {
    fn of(one: &Spread, others: &[&Spread], begin: f64) -> Self {
        let narrowest = others.iter().map(|spread| spread.deviation).fold(one.deviation, f64::min);
        let ends = others.iter().filter(|other| other.ends_sharply()).map(|other| other.high);
        let mut tops: Vec<f64> = ends.filter(|top| *top < one.high).collect();
        tops.sort_unstable_by(f64::total_cmp);
        // Of many close together one is enough: a panel so short loses nothing with an end within it.
        tops.dedup_by(|next, kept| *next - *kept < narrowest / 64.0);
        tops.push(one.high);
        Self { begin, narrowest, widest: one.deviation, tops }
    }

    fn after(&self, from: f64) -> Panel {
        // Two deviations, of which whatever is still open has at least this.
        let width = 2.0 * ((from - self.begin) / 7.1).max(self.narrowest).min(self.widest);
        let short = width / 3.0;
        let top = self.tops.iter().copied().find(|top| *top > from).unwrap_or(from);
        // Where the numbers are so large that the width is lost in rounding, the next number is taken.
        let to = |width: f64| (from + width).max(from.next_up()).min(top);
        let rest = top - from;
        if rest <= 1.5 * short {
            Panel::new(from, top, Dense::High)
        } else if from == self.begin {
            Panel::new(from, to(short), Dense::Low)
        } else {
            Panel::new(from, to(if rest <= width { rest - short } else { width }), Dense::Nowhere)
        }
    }
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

    /// What is believed, what it is worth, and what it costs.
    type Arm = (Belief, f64, f64);

    /// The mean and the deviation in money.
    fn moments((belief, value, cost): &Arm) -> (f64, f64) {
        let deviation = match *belief {
            Belief::Normal { deviation, .. } => deviation,
            Belief::Beta { a, b } => (a * b / (a + b + 1.0)).sqrt() / (a + b),
            _ => 0.0,
        };
        (value * belief.mean() - cost, value * deviation)
    }

    /// The distribution function and the density, by statrs.
    fn exactly((belief, value, cost): &Arm, money: f64) -> (f64, f64) {
        use statrs::distribution::{Beta, Continuous, ContinuousCDF, Normal};
        let reward = (money + cost) / value;
        match *belief {
            Belief::Normal { mean, deviation } => {
                let normal = Normal::new(mean, deviation).unwrap();
                (normal.cdf(reward), normal.pdf(reward) / value)
            }
            Belief::Beta { a, b } => {
                let beta = Beta::new(a, b).unwrap();
                (beta.cdf(reward.clamp(0.0, 1.0)), beta.pdf(reward) / value)
            }
            _ => (1.0, 0.0),
        }
    }

    /// The same integral with five nodes between every two of a great many cuts, dense at both.
    fn slow(arms: &[Arm], place: usize, floor: f64) -> f64 {
        let (mean, deviation) = moments(&arms[place]);
        let (mut low, mut high) = (mean - 9.0 * deviation, mean + 9.0 * deviation);
        if let (Belief::Beta { a, b }, value, cost) = arms[place] {
            let tail = 40.0 * value / (a + b);
            (low, high) = ((low - tail).max(-cost), (high + tail).min(value - cost));
        }
        let points = arms.iter().filter(|arm| moments(arm).1 == 0.0).map(|arm| moments(arm).0);
        low = points.fold(floor, f64::max).max(low);
        let mut cuts = vec![low, high];
        let each = if arms.len() > 20 { 1 } else { 8 };
        for arm in arms {
            let (mean, deviation) = moments(arm);
            cuts.extend((-9 * each..=40 * each).map(|step| mean + deviation * f64::from(step) / f64::from(each)));
            for part in (0..24).map(|step| deviation * 0.5_f64.powi(step)).chain([0.0]) {
                cuts.extend([part - arm.2, arm.1 - arm.2 - part]);
            }
        }
        cuts.retain(|cut| (low..=high).contains(cut));
        cuts.sort_unstable_by(f64::total_cmp);
        let nodes = [
            (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
            (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
            (0.0, 0.568_888_888_888_888_9),
            (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
            (0.906_179_845_938_664, 0.236_926_885_056_189_08),
        ];
        let mut sum = 0.0;
        for pair in cuts.windows(2) {
            for (node, weight) in nodes {
                let part = 0.5 * (1.0 + node);
                let money = pair[0] + (pair[1] - pair[0]) * part * part * (3.0 - 2.0 * part);
                let mut found =
                    exactly(&arms[place], money).1 * (pair[1] - pair[0]) * weight * 3.0 * part * (1.0 - part);
                for (_, other) in arms.iter().enumerate().filter(|(number, _)| *number != place) {
                    if found < 1e-30 {
                        break;
                    }
                    found *= exactly(other, money).0;
                }
                sum += found;
            }
        }
        sum
    }

    fn check(arms: &[Arm], place: usize, floor: f64) {
        let spreads: Vec<Spread> = arms.iter().map(|(belief, value, cost)| Spread::of(belief, *value, *cost)).collect();
        let (found, expected) = (wins(&spreads, Some(place), floor), slow(arms, place, floor));
        let most = if expected > 1e-9 { f64::min(1e-6, 1e-3 * expected) } else { 1e-12 };
        assert!((found - expected).abs() <= most, "{found:e}, not {expected:e}: {place} of {arms:?} over {floor}");
    }

    #[test]
    fn chances_are_those_of_many_small_steps() {
        let mut random = Random(9);
        for case in 0..60 {
            let count = if case % 20 == 0 { 200 } else { 2 + random.below(10) as usize };
            let scale = 10_f64.powf(12.0 * random.uniform() - 6.0);
            // Narrow beside wide, but not where the reference is to be fast.
            let wide = if count > 20 { 0.5 } else { [0.0, 2.0, 12.0][case % 3] };
            let arm = |random: &mut Random| -> Arm {
                let value = scale * (0.5 + random.uniform());
                let (cost, share) = (0.2 * scale * random.uniform(), random.uniform() * random.uniform());
                let belief = match random.below(if count > 20 { 20 } else { 11 }) {
                    0 => Belief::Point(0.5 * random.uniform()),
                    kind if kind <= 5 => {
                        let trials = 10_f64.powf(4.0 * random.uniform());
                        let rewards = trials * share;
                        // Rewards are whole, or shares of one.
                        let rewards = if kind % 2 == 0 { rewards.floor() } else { rewards };
                        Belief::Beta { a: 1.0 + rewards, b: 1.0 + trials - rewards }
                    }
                    _ => {
                        let deviation = 0.3 * 10_f64.powf(wide * (random.uniform() - 0.5));
                        Belief::Normal { mean: 2.0 * random.uniform() - 0.5, deviation }
                    }
                };
                (belief, value, cost)
            };
            let arms: Vec<Arm> = (0..count).map(|_| arm(&mut random)).collect();
            let floor = if case % 2 == 0 { 0.0 } else { f64::NEG_INFINITY };
            let place = random.below(count as u64) as usize;
            if moments(&arms[place]).1 > 0.0 {
                check(&arms, place, floor);
            }
        }
    }

    #[test]
    fn of_many_who_know_nothing_the_ends_lie_close() {
        for b in [1.0, 1.3] {
            let arm = |number: u32| (Belief::Beta { a: 1.0, b }, 10.0 + f64::from(number) / 50.0, 0.5);
            let arms: Vec<Arm> = (0..30).map(arm).collect();
            check(&arms, 20, 0.0);
        }
    }

    #[test]
    fn broken_powers_and_narrow_arms_are_not_stepped_over() {
        let normal = |mean, deviation| Belief::Normal { mean, deviation };
        // Each was wrong by 10^-6 to 10^-4 when panels knew neither where a beta ends nor how narrow an arm may be.
        check(&[(Belief::Beta { a: 1.48, b: 29.2 }, 1.0, 0.1), (normal(0.0, 1e-6), 1.0, 0.1)], 0, f64::NEG_INFINITY);
        check(&[(normal(0.4, 5.0), 1.0, 0.0), (Belief::Beta { a: 1.0, b: 1.2 }, 1.3, 0.1)], 0, 0.0);
        check(&[(normal(1.4, 1.0), 1.0, 0.0), (normal(1.4, 1e-5), 1.0, 0.0), (normal(1.3, 1e-6), 1.0, 0.0)], 0, 0.0);
    }
}

//! From levels to weights.

use super::Weight;
use super::compare::NULL;
use crate::policy::TermFrequencies;
use ahash::AHashMap;
use smol_str::SmolStr;

/// What a model says of one comparison, ready for scoring: logarithms to base 2.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    /// log2(m/u) by level.
    pub(crate) bits: Vec<f64>,
    /// log2(s/u) by level.
    pub(crate) near: Vec<f64>,
    /// For the best level: log2 of the frequency that `u` stands for, over that of each value; and of values not listed.
    pub(crate) frequent: Option<(AHashMap<SmolStr, f64>, f64)>,
    /// The largest that `bits` and frequency may come to.
    pub(crate) most: f64,
}

impl Weights {
    pub(crate) fn new(levels: &[(f64, f64, f64)], frequencies: Option<&TermFrequencies>) -> Self {
        let ratio = |a: f64, b: f64| (a.max(1e-12) / b.max(1e-12)).log2();
        let bits: Vec<f64> = levels.iter().map(|(m, u, _)| ratio(*m, *u)).collect();
        let near = levels.iter().map(|(_, u, s)| ratio(*s, *u)).collect();
        let u_best = levels.first().map_or(1.0, |(_, u, _)| *u);
        let frequent = frequencies.map(|frequencies| {
            let values = frequencies.values.iter().map(|(value, share)| (value.clone(), ratio(u_best, *share)));
            (values.collect::<AHashMap<_, _>>(), ratio(u_best, frequencies.other))
        });
        let rarest = frequent.as_ref().map_or(0.0, |(values, other)| values.values().copied().fold(*other, f64::max));
        let best = bits.iter().copied().fold(f64::MIN, f64::max);
        let most = best.max(bits.first().copied().unwrap_or(0.0) + rarest).max(0.0);
        Self { bits, near, frequent, most }
    }

    /// What a value on the best level adds for its rarity, in bits.
    pub(crate) fn rarity(&self, value: &str) -> f64 {
        self.frequent.as_ref().map_or(0.0, |(values, other)| values.get(value).copied().unwrap_or(*other))
    }
}

/// The sum over comparisons, as it grows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    /// log2 of the Bayes factor against strangers.
    pub(crate) bits: f64,
    /// log2 of how much likelier neighbours come to it than strangers.
    pub(crate) near: f64,
}

impl Sum {
    /// Takes in a comparison: its level, and what rarity adds.
    pub(crate) fn add(&mut self, weights: &Weights, level: u8, rarity: f64) {
        if level == NULL {
            return;
        }
        self.bits += weights.bits.get(usize::from(level)).copied().unwrap_or(0.0) + rarity;
        self.near += weights.near.get(usize::from(level)).copied().unwrap_or(0.0) + rarity;
    }

    /// What neighbours take off, in bits: log2 of strangers' share over that of strangers and neighbours. At most about 0.
    pub(crate) fn surroundings(&self, neighbours: f64) -> f64 {
        if neighbours <= 0.0 {
            return 0.0;
        }
        // (1 - n) + n 2^near, with care for large powers.
        let high = self.near.max(0.0);
        let mixed = (1.0 - neighbours) * (-high).exp2() + neighbours * (self.near - high).exp2();
        -(high + mixed.max(f64::MIN_POSITIVE).log2())
    }

    /// The weight of the pair.
    pub(crate) fn weight(&self, neighbours: f64) -> Weight {
        Weight(((self.bits + self.surroundings(neighbours)) * 1000.0).round().clamp(-1e9, 1e9) as i32)
    }
}

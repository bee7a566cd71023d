//! Expectation maximisation over counted patterns of levels.
//!
//! Three classes of pairs: matches; strangers, whose levels come with the `u` of random pairs; and neighbours, different
//! people who share their surroundings, so that what is personal differs as among strangers and the rest may agree. Levels
//! are independent within a class (Fellegi and Sunter 1969; Winkler 1988). The classes' shares are of *all* pairs, not of
//! the candidates only: pairs that no blocking rule finds are taken for strangers.

use super::compare::NULL;

/// What is known of one comparison, by level.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shares {
    /// Of matches.
    pub(crate) m: Vec<f64>,
    /// Of strangers.
    pub(crate) u: Vec<f64>,
    /// Of neighbours.
    pub(crate) s: Vec<f64>,
    /// How the levels of all pairs are shared out; matches and neighbours are taken off to give `u`.
    pub(crate) all: Vec<f64>,
    /// What the estimates are drawn to where little was seen.
    pub(crate) m_prior: Vec<f64>,
    /// Levels on which neighbours are as strangers are.
    pub(crate) personal: Vec<bool>,
    /// The share of neighbours that are on the best level all the same: twins, of a birth date.
    pub(crate) twins: f64,
    /// The share of all pairs for which both values are there.
    pub(crate) present: f64,
    /// Matches seen on each level: those expected, and those that labels name.
    pub(crate) seen: Vec<f64>,
    /// Labelled matches on each level.
    pub(crate) labelled: Vec<f64>,
}

/// A pattern: the level of each comparison, and how many pairs have it.
pub(crate) type Pattern = (Vec<u8>, f64);

/// The state of the estimation.
#[derive(Debug, Clone)]
pub(crate) struct Mixture {
    pub(crate) comparisons: Vec<Shares>,
    /// The share of matches among all pairs.
    pub(crate) matches: f64,
    /// The share of neighbours.
    pub(crate) neighbours: f64,
    /// Whether the share of matches is known, and not to be estimated.
    pub(crate) fixed: bool,
    pub(crate) rounds: u64,
}

/// Products of shares below this are brought back to about 1.
const VERY_SMALL: f64 = 1e-150;

/// The weight of what is believed beforehand, in pairs.
const BELIEF: f64 = 4.0;

/// A change of the log of any share below this ends the estimation.
const CHANGE_MIN: f64 = 1e-4;

impl Mixture {
    /// The probabilities that pairs with a pattern are matches, and neighbours.
    pub(crate) fn posterior(&self, pattern: &[u8]) -> (f64, f64) {
        let (mut m, mut u, mut s) = (self.matches, 1.0 - self.matches - self.neighbours, self.neighbours);
        for (shares, &level) in self.comparisons.iter().zip(pattern) {
            if level == NULL {
                continue;
            }
            let of = |list: &[f64]| list.get(usize::from(level)).copied().unwrap_or(0.0);
            m *= of(&shares.m);
            u *= of(&shares.u);
            s *= of(&shares.s);
            // Only the ratios count; products of many shares would come to nothing.
            let scale = m.max(u).max(s);
            if scale > 0.0 && scale < VERY_SMALL {
                (m, u, s) = (m / scale, u / scale, s / scale);
            }
        }
        let total = m + u + s;
        if total > 0.0 { (m / total, s / total) } else { (0.0, 0.0) }
    }

    /// Estimates all shares from patterns out of `pairs` pairs in all. O(rounds times patterns times comparisons).
    pub(crate) fn run(&mut self, patterns: &[Pattern], pairs: f64, rounds_max: u64) {
        for _ in 0..rounds_max {
            self.rounds += 1;
            if self.step(patterns, pairs) < CHANGE_MIN {
                break;
            }
        }
    }

    fn step(&mut self, patterns: &[Pattern], pairs: f64) -> f64 {
        let zeros = |shares: &Shares| vec![0.0; shares.m.len()];
        let mut matched: Vec<Vec<f64>> = self.comparisons.iter().map(zeros).collect();
        let mut near: Vec<Vec<f64>> = matched.clone();
        let (mut matches, mut neighbours) = (0.0, 0.0);
        for (pattern, count) in patterns {
            let (m, s) = self.posterior(pattern);
            let (m, s) = (m * count, s * count);
            matches += m;
            neighbours += s;
            for ((matched, near), &level) in matched.iter_mut().zip(&mut near).zip(pattern) {
                if level != NULL {
                    matched.get_mut(usize::from(level)).into_iter().for_each(|sum| *sum += m);
                    near.get_mut(usize::from(level)).into_iter().for_each(|sum| *sum += s);
                }
            }
        }
        let mut change: f64 = 0.0;
        let mut set = |slot: &mut f64, value: f64| {
            if *slot > 1e-9 || value > 1e-9 {
                change = change.max((value.max(1e-12) / slot.max(1e-12)).ln().abs());
            }
            *slot = value;
        };
        if !self.fixed {
            set(&mut self.matches, (matches / pairs).clamp(1e-12, 0.9));
        }
        let neighbours = if self.neighbours > 0.0 { (neighbours / pairs).clamp(1e-12, 0.9) } else { 0.0 };
        set(&mut self.neighbours, neighbours);
        for ((shares, matched), near) in self.comparisons.iter_mut().zip(matched).zip(near) {
            let total: f64 = matched.iter().sum();
            let total_near: f64 = near.iter().sum();
            let present = pairs * shares.present;
            let strangers = (present - total - total_near).max(1.0);
            let mut u: Vec<f64> = Vec::with_capacity(shares.u.len());
            for ((all, matched), near) in shares.all.iter().zip(&matched).zip(&near) {
                // At least half a pair: what was never seen may still happen.
                u.push(((all * present - matched - near).max(0.5) / strangers).min(1.0));
            }
            let sum: f64 = u.iter().sum();
            for (slot, value) in shares.u.iter_mut().zip(u) {
                *slot = value / sum;
            }
            let labelled: f64 = shares.labelled.iter().sum();
            let known = matched.iter().zip(&shares.labelled).map(|(sum, labelled)| sum + labelled);
            let seen: Vec<f64> = known.collect();
            for ((slot, sum), prior) in shares.m.iter_mut().zip(&seen).zip(&shares.m_prior) {
                set(slot, (sum + BELIEF * prior) / (total + labelled + BELIEF));
            }
            let own: f64 = near.iter().zip(&shares.personal).filter(|(_, personal)| !**personal).map(|(n, _)| n).sum();
            let held: f64 = shares.u.iter().zip(&shares.personal).filter(|(_, p)| **p).map(|(u, _)| u).sum();
            let free = shares.personal.iter().filter(|personal| !**personal).count() as f64;
            let rest = (1.0 - held).max(0.0) * (1.0 - shares.twins);
            for (place, slot) in shares.s.iter_mut().enumerate() {
                let personal = shares.personal.get(place) == Some(&true);
                let u = shares.u.get(place).copied().unwrap_or_default();
                let near = near.get(place).copied().unwrap_or_default();
                *slot = match personal {
                    true => u * (1.0 - shares.twins) + if place == 0 { shares.twins } else { 0.0 },
                    false => rest * (near + BELIEF / free.max(1.0)) / (own + BELIEF),
                };
            }
            shares.seen = seen;
        }
        change
    }
}

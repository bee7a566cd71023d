//! Drops of a series, one at a time: a one-sided CUSUM whose baseline is not known.

use super::population::MoodPopulation;
use super::rules::MoodRules;

/// The steps of the grid of deviations, in logarithms.
const STEP: f64 = 0.1;

/// The statistic above which a recovery is told: twenty to one.
const RECOVERED: f64 = 2.995_732_273_553_991;

/// A CUSUM (Page: Continuous inspection schemes, Biometrika 41, 1954) of one person's scores.
///
/// Page's statistic is the largest likelihood ratio of "the mean fell so many contacts ago" to "it did not". Where mean and
/// deviation are not known, both likelihoods are integrated over them under the population's prior (the mean in closed
/// form, the deviation on a grid), so that the first contacts of somebody say little; a baseline that is plugged in would
/// be taken for certain. The drop may have begun up to `window_contacts` ago (Lai: Information bounds and quick detection,
/// IEEE Transactions on Information Theory 44, 1998).
///
/// O(grid x window) a contact, the grid 8 to 40 points.
pub(super) struct Cusum<'a> {
    rules: &'a MoodRules,
    grid: Vec<Deviation>,
    /// The scores that are usual, beside the population's mean.
    usual: Vec<f64>,
    sum: f64,
    squares: f64,
    state: State,
    /// The last statistic while all was usual.
    pub(super) last: f64,
    scratch: Vec<f64>,
}

/// One deviation that a person may have.
struct Deviation {
    deviation: f64,
    /// The logarithm of the prior density.
    weight: f64,
    logarithm: f64,
}

/// Where a series is.
enum State {
    Usual,
    Fallen {
        /// The mean before, beside the population's, the deviation, and the level to which it fell.
        mean: f64,
        deviation: f64,
        level: f64,
        /// The CUSUM the other way, and the contacts since it left 0.
        statistic: f64,
        rising: Vec<f64>,
    },
}

/// What a contact tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Told {
    /// All is as usual.
    Usual,
    /// A drop is told that began with the last so many contacts, this one among them.
    Alarm { contacts: usize, statistic: f64 },
    /// The drop goes on; whether this contact is nearer to its level than to the mean before.
    Fallen { upholds: bool },
    /// The drop is over.
    Recovered,
}

impl<'a> Cusum<'a> {
    pub(super) fn new(rules: &'a MoodRules) -> Self {
        let grid = grid(&rules.population);
        let (usual, scratch, state) = (Vec::new(), Vec::new(), State::Usual);
        Self { rules, grid, usual, sum: 0.0, squares: 0.0, state, last: 0.0, scratch }
    }

    /// The mean and the deviation that the usual contacts until now suggest, shrunken towards the population's.
    pub(super) fn baseline(&self) -> (f64, f64) {
        if let State::Fallen { mean, deviation, .. } = self.state {
            return (mean + self.rules.population.mean, deviation);
        }
        let (mean, deviation) = self.own();
        (mean + self.rules.population.mean, deviation)
    }

    fn own(&self) -> (f64, f64) {
        let MoodPopulation { deviation, mean_contacts, deviation_contacts, .. } = self.rules.population;
        let count = self.usual.len() as f64;
        let mean = self.sum / (mean_contacts + count);
        let squares = (self.squares - self.sum * mean).max(0.0);
        let variance = (deviation_contacts * deviation * deviation + squares) / (deviation_contacts + count);
        (mean, variance.sqrt())
    }

    /// Hears the next contact.
    pub(super) fn hear(&mut self, score: f64) -> Told {
        let score = score - self.rules.population.mean;
        match &mut self.state {
            State::Usual => {
                self.add(score);
                let (statistic, contacts) = self.statistic();
                self.last = statistic;
                if statistic <= self.rules.threshold {
                    return Told::Usual;
                }
                self.fall(contacts);
                Told::Alarm { contacts, statistic }
            }
            State::Fallen { mean, deviation, level, statistic, rising } => {
                let (middle, gap) = (f64::midpoint(*mean, *level), *mean - *level);
                let upholds = score < middle;
                *statistic = (*statistic + gap / (*deviation * *deviation) * (score - middle)).max(0.0);
                if *statistic <= 0.0 {
                    rising.clear();
                    return Told::Fallen { upholds };
                }
                rising.push(score);
                if *statistic <= RECOVERED {
                    return Told::Fallen { upholds };
                }
                for score in std::mem::take(rising) {
                    self.add(score);
                }
                self.state = State::Usual;
                Told::Recovered
            }
        }
    }

    fn add(&mut self, score: f64) {
        self.usual.push(score);
        self.sum += score;
        self.squares += score * score;
    }

    /// Takes the last contacts out of what is usual.
    fn fall(&mut self, contacts: usize) {
        let fallen = self.usual.split_off(self.usual.len().saturating_sub(contacts));
        self.sum = self.usual.iter().sum();
        self.squares = self.usual.iter().map(|score| score * score).sum();
        let (mean, deviation) = self.own();
        let level = fallen.iter().sum::<f64>() / fallen.len().max(1) as f64;
        let level = level.min(mean - self.rules.drop_deviations * deviation);
        self.state = State::Fallen { mean, deviation, level, statistic: 0.0, rising: Vec::new() };
    }

    /// The largest logarithm of a likelihood ratio, and how many contacts ago it has the drop begin; of several the last.
    fn statistic(&mut self) -> (f64, usize) {
        let (count, kept) = (self.usual.len() as f64, self.rules.population.mean_contacts);
        let drop = self.rules.drop_deviations;
        // The likelihood of scores with a sum and squares, the mean integrated out.
        let likelihood = |at: &Deviation, sum: f64, squares: f64| {
            let rest = squares - sum * sum / (kept + count);
            at.weight - count * at.logarithm - rest / (2.0 * at.deviation * at.deviation)
        };
        let (sum, squares, mut scratch) = (self.sum, self.squares, std::mem::take(&mut self.scratch));
        scratch.clear();
        scratch.extend(self.grid.iter().map(|at| likelihood(at, sum, squares)));
        let without = log_sum(&scratch);
        let (mut best, mut began, mut tail) = (f64::NEG_INFINITY, 0, 0.0);
        for (place, score) in self.usual.iter().rev().take(self.rules.window_contacts).enumerate() {
            tail += score;
            let fallen = (place + 1) as f64;
            scratch.clear();
            scratch.extend(self.grid.iter().map(|at| {
                // As if the scores after the drop were lifted to where they came from.
                let lift = drop * at.deviation;
                likelihood(at, sum + lift * fallen, squares + 2.0 * lift * tail + lift * lift * fallen)
            }));
            let ratio = log_sum(&scratch) - without;
            if ratio > best {
                (best, began) = (ratio, place + 1);
            }
        }
        self.scratch = scratch;
        (best, began)
    }
}

/// Deviations around the population's, as far as its prior reaches.
fn grid(population: &MoodPopulation) -> Vec<Deviation> {
    let MoodPopulation { deviation, deviation_contacts, .. } = *population;
    let reach = (4.0 / (2.0 * deviation_contacts).sqrt()).clamp(0.4, 2.0);
    let steps = (reach / STEP).ceil();
    let point = |place: i32| {
        let ratio = libm::exp(f64::from(place) / steps * reach);
        // The density of the logarithm of the deviation under the inverse gamma prior of the variance.
        let weight = -deviation_contacts * (libm::log(ratio) + 0.5 / (ratio * ratio));
        let own = deviation * ratio;
        Deviation { deviation: own, weight, logarithm: libm::log(own) }
    };
    let steps = steps as i32;
    (-steps..=steps).map(point).collect()
}

/// The logarithm of the sum of the exponentials.
fn log_sum(logarithms: &[f64]) -> f64 {
    let most = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + libm::log(logarithms.iter().map(|logarithm| libm::exp(logarithm - most)).sum())
}

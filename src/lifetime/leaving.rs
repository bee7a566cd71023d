//! Means over the probability to leave, where no series is fit for them.

/// Half the width in which the nodes lie: beyond it a beta of any shape over 0.0001 has nothing left.
const WIDTH: f64 = 12.0;

/// How often the distance between nodes is halved, at most.
const HALVINGS_MAX: i32 = 12;

/// The mean of a function of a probability that is Beta(a, b), given the probability and its logarithm: by the trapezoid rule
/// after the double exponential change of variables (Takahasi, Mori 1974), whose nodes are halved until the mean stands.
/// Everything is positive and logarithms are taken first, so that nothing cancels or overflows.
///
/// Some 200 nodes for the shapes that customers have; for a thousand times as many, a hundred times as sharp.
pub(super) fn mean_over_leaving(a: f64, b: f64, of: impl Fn(f64, f64) -> f64) -> f64 {
    // ln(1 + e^x)
    let softplus = |x: f64| if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() };
    // The highest point of the density, so that its weight is 1 there.
    let (log_top, log_top_rest) = (-(b / a).ln_1p(), -(a / b).ln_1p());
    let mut before = f64::NAN;
    for halving in 0..=HALVINGS_MAX {
        let step = 0.125 / f64::from(halving).exp2();
        let (mut total, mut sum) = (0.0, 0.0);
        let mut place = -WIDTH;
        while place <= WIDTH {
            let odds = std::f64::consts::PI * place.sinh();
            let (log, log_rest) = (-softplus(-odds), -softplus(odds));
            let weight = (a * (log - log_top) + b * (log_rest - log_top_rest)).exp() * place.cosh();
            if weight > 0.0 {
                total += weight;
                sum += weight * of(log.exp(), log);
            }
            place += step;
        }
        let mean = sum / total;
        if total > 0.0 && (mean - before).abs() <= 1e-12 * mean.abs() {
            return mean;
        }
        before = mean;
    }
    before
}

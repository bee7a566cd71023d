//! The likelihood of BG/NBD (Fader, Hardie, Lee 2005) and of its modification MBG/NBD (Batislam, Denizel, Filiztekin 2007;
//! Hoppe, Wagner 2007): after each purchase a customer leaves with a probability that is beta over all. In the modification
//! also after the first.

use super::counted::{Rows, rising};
use crate::maximum::Shape;

/// From which purchase on a customer may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaving {
    /// The second: BG/NBD.
    AfterRepeat,
    /// The first: MBG/NBD.
    AfterAny,
}

impl Leaving {
    /// How often a customer with so many repeats could have left.
    pub(super) fn chances(self, repeats: f64) -> f64 {
        match self {
            Self::AfterRepeat => repeats,
            Self::AfterAny => repeats + 1.0,
        }
    }
}

/// The log-likelihood at r, alpha, a and b, with derivatives. Every logarithm is taken before anything is raised, so that
/// thousands of purchases neither overflow nor vanish. O(rows).
pub(super) fn shape(rows: &Rows, leaving: Leaving, at: &[f64; 4]) -> Shape<4> {
    let [r, alpha, a, b] = *at;
    let customers = rows.customers as f64;
    let mut sum = Shape::flat();
    let (value, first, second) = rows.rising(r);
    let ln_alpha = alpha.ln();
    sum.value = value + customers * r * ln_alpha;
    sum.slope = [first + customers * ln_alpha, customers * r / alpha, 0.0, 0.0];
    sum.curve[0][0] = second;
    sum.curve[0][1] = customers / alpha;
    sum.curve[1][1] = -customers * r / (alpha * alpha);
    stayed(&mut sum, rows, leaving, a, b);
    for row in &rows.rows {
        let power = r + row.repeats;
        let alive_time = alpha + row.age;
        let alive_log = alive_time.ln();
        let chances = leaving.chances(row.repeats);
        let weight = row.customers;
        if chances == 0.0 {
            sum.value -= weight * power * alive_log;
            sum.slope[0] -= weight * alive_log;
            sum.slope[1] -= weight * power / alive_time;
            sum.curve[0][1] -= weight / alive_time;
            sum.curve[1][1] += weight * power / (alive_time * alive_time);
            continue;
        }
        let gone_time = alpha + row.recency;
        let gone_log = gone_time.ln();
        let odds_below = b + chances - 1.0;
        // ln of the odds of having left: 0 and up, since the customer was last seen before now.
        let log_odds = power * (alive_log - gone_log) + (a / odds_below).ln();
        let (gone, log_total) = if log_odds > 0.0 {
            let inverse = (-log_odds).exp();
            (1.0 / (1.0 + inverse), log_odds + inverse.ln_1p())
        } else {
            let odds = log_odds.exp();
            (odds / (1.0 + odds), odds.ln_1p())
        };
        sum.value += weight * (log_total - power * alive_log);
        // The slopes of the two ways, and the difference between them.
        let alive = [-alive_log, -power / alive_time];
        let apart = [alive_log - gone_log, power / alive_time - power / gone_time, 1.0 / a, -1.0 / odds_below];
        for (slope, apart) in sum.slope.iter_mut().zip(apart) {
            *slope += weight * gone * apart;
        }
        sum.slope[0] += weight * alive[0];
        sum.slope[1] += weight * alive[1];
        let spread = weight * gone * (1.0 - gone);
        for (place, (curve, one)) in sum.curve.iter_mut().zip(apart).enumerate() {
            for (second, other) in curve.iter_mut().zip(apart).skip(place) {
                *second += spread * one * other;
            }
        }
        let stay = 1.0 - gone;
        sum.curve[0][1] -= weight * (stay / alive_time + gone / gone_time);
        sum.curve[1][1] += weight * power * (stay / (alive_time * alive_time) + gone / (gone_time * gone_time));
        sum.curve[2][2] -= weight * gone / (a * a);
        sum.curve[3][3] += weight * gone / (odds_below * odds_below);
    }
    mirror(&mut sum.curve);
    sum
}

/// Adds ln(B(a, b + k) / B(a, b)) over all, k being the chances to leave that were passed.
fn stayed(sum: &mut Shape<4>, rows: &Rows, leaving: Leaving, a: f64, b: f64) {
    let (of_b, of_both) = match leaving {
        Leaving::AfterRepeat => (rising(&rows.above, b), rising(&rows.above, a + b)),
        Leaving::AfterAny => {
            let first = [rows.customers as f64];
            let and_first = |at: f64| {
                let (one, rest) = (rising(&first, at), rising(&rows.above, at + 1.0));
                (one.0 + rest.0, one.1 + rest.1, one.2 + rest.2)
            };
            (and_first(b), and_first(a + b))
        }
    };
    sum.value += of_b.0 - of_both.0;
    sum.slope[2] -= of_both.1;
    sum.slope[3] += of_b.1 - of_both.1;
    sum.curve[2][2] -= of_both.2;
    sum.curve[2][3] -= of_both.2;
    sum.curve[3][3] += of_b.2 - of_both.2;
}

/// Writes what stands above the diagonal below it.
#[expect(clippy::indexing_slicing, clippy::needless_range_loop, reason = "places run below N")]
pub(super) fn mirror<const N: usize>(curve: &mut [[f64; N]; N]) {
    for row in 0..N {
        for column in 0..row {
            curve[row][column] = curve[column][row];
        }
    }
}

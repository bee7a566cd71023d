//! The likelihood of Pareto/NBD (Schmittlein, Morrison, Colombo 1987): a customer leaves at any time, at a rate that is gamma
//! over all.
//!
//! A customer with x purchases to t_x, seen until T, either stays to T or left at some time t between: the likelihood is
//! `Gamma(r+x)/Gamma(r) alpha^r beta^s [(alpha+T)^-(r+x) (beta+T)^-s + s * integral over t from t_x to T of
//! (alpha+t)^-(r+x) (beta+t)^-(s+1)]`. The integral is Euler's form of the difference of two hypergeometric functions in the
//! paper, but everything in it is positive: nothing cancels, at any parameters.

use super::beta_geometric::mirror;
use super::counted::Rows;
use crate::maximum::Shape;

/// Nodes and weights of Gauss and Legendre on 0..1, for short and for long pieces.
const SHORT: [(f64, f64); 6] = [
    (0.033_765_242_898_423_99, 0.085_662_246_189_585_17),
    (0.169_395_306_766_867_74, 0.180_380_786_524_069_3),
    (0.380_690_406_958_401_55, 0.233_956_967_286_345_52),
    (0.619_309_593_041_598_5, 0.233_956_967_286_345_52),
    (0.830_604_693_233_132_3, 0.180_380_786_524_069_3),
    (0.966_234_757_101_576, 0.085_662_246_189_585_17),
];
const LONG: [(f64, f64); 10] = [
    (0.013_046_735_741_414_14, 0.033_335_672_154_344_07),
    (0.067_468_316_655_507_74, 0.074_725_674_575_290_3),
    (0.160_295_215_850_487_8, 0.109_543_181_257_991_02),
    (0.283_302_302_935_376_4, 0.134_633_359_654_998_18),
    (0.425_562_830_509_184_4, 0.147_762_112_357_376_44),
    (0.574_437_169_490_815_6, 0.147_762_112_357_376_44),
    (0.716_697_697_064_623_6, 0.134_633_359_654_998_18),
    (0.839_704_784_149_512_2, 0.109_543_181_257_991_02),
    (0.932_531_683_344_492_3, 0.074_725_674_575_290_3),
    (0.986_953_264_258_585_9, 0.033_335_672_154_344_07),
];

/// The integrand falls below the last digit after so many e-foldings.
const FOLDS_MAX: f64 = 42.0;

/// Gives the times of leaving between `from` and `to` at which the integrand is taken, with their weights in time.
///
/// The nodes stand in the logarithm of the time since before the first purchase, in pieces over which the integrand falls at
/// most 8 e-foldings: 10 nodes are then good for 12 digits.
fn leaving_times(power: f64, s: f64, alpha: f64, beta: f64, from: f64, to: f64, mut take: impl FnMut(f64, f64)) {
    let offset = alpha.min(beta);
    let (start, folds) = (offset + from, power + s);
    let length = ((to - from) / start).ln_1p().min(FOLDS_MAX / folds.max(1e-3));
    if length.is_nan() || length <= 0.0 {
        return;
    }
    let is_short = length <= 0.7 && length * folds <= 2.0;
    let pieces = if is_short { 1.0 } else { (length * folds / 8.0).max(length / 2.0).ceil() };
    let width = length / pieces;
    let nodes: &[(f64, f64)] = if is_short { &SHORT } else { &LONG };
    let mut piece = 0.0;
    while piece < pieces {
        for (node, weight) in nodes {
            let grown = (width * (piece + node)).exp_m1() * start;
            take(from + grown, weight * width * (start + grown));
        }
        piece += 1.0;
    }
}

/// The odds of having left, to still being there.
pub(super) fn odds_gone(repeats: f64, recency: f64, age: f64, [r, alpha, s, beta]: [f64; 4]) -> f64 {
    let power = r + repeats;
    let (alive_alpha, alive_beta) = ((alpha + age).ln(), (beta + age).ln());
    let mut odds = 0.0;
    leaving_times(power, s, alpha, beta, recency, age, |time, weight| {
        let log = power * (alive_alpha - (alpha + time).ln()) + s * (alive_beta - (beta + time).ln());
        odds += weight * log.exp() / (beta + time);
    });
    odds * s
}

/// The log-likelihood at r, alpha, s and beta, with derivatives: those of the logarithm of a mixture of ways are means and
/// spreads over the ways. O(rows), some 10 logarithms each.
pub(super) fn shape(rows: &Rows, at: &[f64; 4]) -> Shape<4> {
    let [r, alpha, s, beta] = *at;
    let customers = rows.customers as f64;
    let mut sum = Shape::flat();
    let (value, first, second) = rows.rising(r);
    sum.value = value + customers * (r * alpha.ln() + s * beta.ln());
    sum.slope = [first + customers * alpha.ln(), customers * r / alpha, customers * beta.ln(), customers * s / beta];
    sum.curve[0][0] = second;
    sum.curve[0][1] = customers / alpha;
    sum.curve[1][1] = -customers * r / (alpha * alpha);
    sum.curve[2][3] = customers / beta;
    sum.curve[3][3] = -customers * s / (beta * beta);
    for row in &rows.rows {
        let power = r + row.repeats;
        let (stay_alpha, stay_beta) = (alpha + row.age, beta + row.age);
        let (stay_alpha_log, stay_beta_log) = (stay_alpha.ln(), stay_beta.ln());
        // Logarithms are kept as differences to those of staying. The likeliest way has a weight of about 1: none overflows.
        let most = power * (stay_alpha_log - (alpha + row.recency).ln());
        let shift = most + s * (stay_beta_log - (beta + row.recency).ln());
        let stay = (-shift).exp();
        let mut total = stay;
        let (ia, ib) = (1.0 / stay_alpha, 1.0 / stay_beta);
        // First and second moments of: ln(alpha + t), 1 / (alpha + t), ln(beta + t), 1 / (beta + t); and whether left.
        let mut first = [0.0, stay * ia, 0.0, stay * ib];
        let mut left = 0.0;
        let mut left_moment = [0.0; 4];
        let mut second = [[0.0; 4]; 4];
        second[1][1] = stay * ia * ia;
        second[1][3] = stay * ia * ib;
        second[3][3] = stay * ib * ib;
        leaving_times(power, s, alpha, beta, row.recency, row.age, |time, weight| {
            let (alpha_time, beta_time) = (alpha + time, beta + time);
            let log_alpha = alpha_time.ln() - stay_alpha_log;
            let log_beta = beta_time.ln() - stay_beta_log;
            let inverse_beta = 1.0 / beta_time;
            let way = weight * s * (-power * log_alpha - s * log_beta - shift).exp() * inverse_beta;
            let of = [log_alpha, 1.0 / alpha_time, log_beta, inverse_beta];
            total += way;
            left += way;
            for (place, one) in of.into_iter().enumerate() {
                let part = way * one;
                if let (Some(first), Some(moment), Some(second)) =
                    (first.get_mut(place), left_moment.get_mut(place), second.get_mut(place))
                {
                    *first += part;
                    *moment += part;
                    for (second, other) in second.iter_mut().zip(of).skip(place) {
                        *second += part * other;
                    }
                }
            }
        });
        let scale = 1.0 / total;
        let mean = first.map(|moment| moment * scale);
        let left = left * scale;
        let left_mean = left_moment.map(|moment| moment * scale);
        let second = second.map(|moments| moments.map(|moment| moment * scale));
        let weight = row.customers;
        sum.value += weight * (total.ln() + shift - power * stay_alpha_log - s * stay_beta_log);
        // Slopes of a way: -ln(alpha+t), -(r+x)/(alpha+t), left/s - ln(beta+t), -(s+left)/(beta+t).
        let slope = [-mean[0], -power * mean[1], left / s - mean[2], -s * mean[3] - left_mean[3]];
        sum.slope[0] += weight * (slope[0] - stay_alpha_log);
        sum.slope[1] += weight * slope[1];
        sum.slope[2] += weight * (slope[2] - stay_beta_log);
        sum.slope[3] += weight * slope[3];
        // Means of products of slopes. What is of those who left comes as moments of the left alone.
        let stay_share = stay * scale;
        let left_second = |one: usize, other: usize, of_stay: f64| -> f64 {
            let both = second.get(one.min(other)).and_then(|row| row.get(one.max(other)));
            both.copied().unwrap_or(0.0) - of_stay * stay_share
        };
        let product = |one: usize, other: usize| -> f64 {
            second.get(one.min(other)).and_then(|row| row.get(one.max(other))).copied().unwrap_or(0.0)
        };
        let left_bb = left_second(3, 3, ib * ib);
        let left_ab = left_second(1, 3, ia * ib);
        let l0b = left_second(0, 3, 0.0);
        let l2b = left_second(2, 3, 0.0);
        let expect = [
            [product(0, 0), power * product(0, 1), product(0, 2) - left_mean[0] / s, s * product(0, 3) + l0b],
            [
                0.0,
                power * power * product(1, 1),
                power * (product(1, 2) - left_mean[1] / s),
                power * (s * product(1, 3) + left_ab),
            ],
            [
                0.0,
                0.0,
                product(2, 2) - 2.0 * left_mean[2] / s + left / (s * s),
                s * product(2, 3) + l2b - left_mean[3] - left_mean[3] / s,
            ],
            [0.0, 0.0, 0.0, s * s * product(3, 3) + (2.0 * s + 1.0) * left_bb],
        ];
        // Means of the second derivatives of a way.
        let own = [
            [0.0, -mean[1], 0.0, 0.0],
            [0.0, power * product(1, 1), 0.0, 0.0],
            [0.0, 0.0, -left / (s * s), -mean[3]],
            [0.0, 0.0, 0.0, s * product(3, 3) + left_bb],
        ];
        for (place, ((curve, expect), own)) in sum.curve.iter_mut().zip(expect).zip(own).enumerate() {
            let one = slope.get(place).copied().unwrap_or(0.0);
            let parts = expect.into_iter().zip(own).zip(slope).skip(place);
            for (second, ((expect, own), other)) in curve.iter_mut().skip(place).zip(parts) {
                *second += weight * (expect - one * other + own);
            }
        }
    }
    mirror(&mut sum.curve);
    sum
}

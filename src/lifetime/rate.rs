//! Customers who never leave: everybody buys at random at a rate of their own, which is gamma over all (Ehrenberg 1959,
//! the negative binomial). What is left of every model here when nobody drops out, and their fallback.

use super::counted::Rows;
use crate::maximum::{Shape, Summit, maximise};

/// The log-likelihood at r and alpha, with derivatives.
pub(super) fn shape(rows: &Rows, at: &[f64; 2]) -> Shape<2> {
    let [r, alpha] = *at;
    let mut shape = Shape::flat();
    let (value, first, second) = rows.rising(r);
    let customers = rows.customers as f64;
    shape.value = value + customers * r * alpha.ln();
    shape.slope = [first + customers * alpha.ln(), customers * r / alpha];
    shape.curve = [[second, customers / alpha], [customers / alpha, -customers * r / (alpha * alpha)]];
    for row in &rows.rows {
        let (time, power) = (alpha + row.age, r + row.repeats);
        shape.value -= row.customers * power * time.ln();
        shape.slope[0] -= row.customers * time.ln();
        shape.slope[1] -= row.customers * power / time;
        shape.curve[0][1] -= row.customers / time;
        shape.curve[1][0] -= row.customers / time;
        shape.curve[1][1] += row.customers * power / (time * time);
    }
    shape
}

/// The parameters of the highest likelihood.
pub(super) fn fit(rows: &Rows) -> Summit<2> {
    maximise([1.0, 1.0], |at| shape(rows, at))
}

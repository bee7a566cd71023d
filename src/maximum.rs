//! The highest point of a smooth function of a few positive parameters.

/// Steps after which a search ends, found or not; from a fair start a dozen are enough.
const STEPS_MAX: usize = 200;

/// Natural logarithms of parameters stay between its negative and it.
pub(crate) const LOG_BOUND: f64 = 16.0;

/// What is left to gain, beside the height itself, below which a search has arrived.
const GAIN: f64 = 1e-15;

/// What rounding may take from a height, beside the height itself.
const NOISE: f64 = 1e-11;

/// Steps between two looks at whether the climb still leads up, and by how much it must: less is a ridge without an end.
const LOOK: usize = 12;
const RISE_MIN: f64 = 1e-4;

/// What is left to gain below which steps are taken whole.
const NEAR: f64 = 0.1;

/// A function at a point: its height, and its first and second derivatives by the parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape<const N: usize> {
    pub(crate) value: f64,
    pub(crate) slope: [f64; N],
    pub(crate) curve: [[f64; N]; N],
}

/// Where a search ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summit<const N: usize> {
    pub(crate) at: [f64; N],
    pub(crate) value: f64,
    /// Whether nothing is left to gain.
    pub(crate) is_reached: bool,
    // The second derivatives by the logarithms of the parameters.
    curve: [[f64; N]; N],
}

impl<const N: usize> Shape<N> {
    /// A function that is nothing everywhere, to be added to.
    pub(crate) fn flat() -> Self {
        Self { value: 0.0, slope: [0.0; N], curve: [[0.0; N]; N] }
    }

    /// The derivatives by the logarithms of the parameters.
    fn by_logarithm(mut self, at: &[f64; N]) -> Self {
        for ((row, slope), parameter) in self.curve.iter_mut().zip(&mut self.slope).zip(at) {
            *slope *= parameter;
            for (second, other) in row.iter_mut().zip(at) {
                *second *= parameter * other;
            }
        }
        for (place, (row, slope)) in self.curve.iter_mut().zip(self.slope).enumerate() {
            if let Some(second) = row.get_mut(place) {
                *second += slope;
            }
        }
        self
    }

    fn is_finite(&self) -> bool {
        let curve = self.curve.iter().flatten();
        self.value.is_finite() && self.slope.iter().chain(curve).all(|number| number.is_finite())
    }
}

impl<const N: usize> Summit<N> {
    /// The standard error of a sum of logarithms of parameters, each so many times, where the height is a log-likelihood;
    /// infinite where that is no hill.
    ///
    /// The likelihood may be flat in a direction across: each logarithm is held by a normal of deviation 10, and no more.
    pub(crate) fn error_along(&self, times: [f64; N]) -> f64 {
        let mut here = Shape { value: self.value, slope: times, curve: self.curve };
        for (place, row) in here.curve.iter_mut().enumerate() {
            row.iter_mut().skip(place).take(1).for_each(|second| *second -= 0.01);
        }
        let variance =
            step(&here, &[true; N], 0.0).map(|along| along.iter().zip(times).map(|(one, other)| one * other).sum());
        variance.map_or(f64::INFINITY, f64::sqrt)
    }

    fn new(logs: &[f64; N], here: &Shape<N>, is_reached: bool) -> Self {
        Self { at: logs.map(f64::exp), value: here.value, is_reached, curve: here.curve }
    }
}

/// Climbs from a start to a local maximum, by Newton's method on the logarithms of the parameters, damped as Levenberg
/// (1944) and Marquardt (1963) do: a step that leads downhill is taken shorter.
///
/// A parameter that would leave `exp(-LOG_BOUND)..=exp(LOG_BOUND)` stays at the bound. The same start gives the same bits.
pub(crate) fn maximise<const N: usize>(start: [f64; N], shape: impl Fn(&[f64; N]) -> Shape<N>) -> Summit<N> {
    let raised = |logs: &[f64; N]| logs.map(f64::exp);
    let mut logs = start.map(|parameter| parameter.ln().clamp(-LOG_BOUND, LOG_BOUND));
    let mut here = shape(&raised(&logs)).by_logarithm(&raised(&logs));
    let mut damping = 1e-3;
    if !here.is_finite() {
        let nowhere = Shape { value: f64::NEG_INFINITY, ..Shape::flat() };
        return Summit::new(&logs, &nowhere, false);
    }
    let mut seen = f64::NEG_INFINITY;
    for number in 0..STEPS_MAX {
        if number % LOOK == 0 {
            if here.value - seen < RISE_MIN {
                break;
            }
            seen = here.value;
        }
        let free = free(&logs, &here.slope);
        let Some(step) = step(&here, &free, damping) else {
            if damping > 1e12 {
                break;
            }
            damping = f64::max(damping * 8.0, 1e-6);
            continue;
        };
        let gain: f64 = step.iter().zip(here.slope).map(|(step, slope)| step * slope).sum();
        // A step of Newton gains half of slope times step; far from the top it is cut to where the parabola may hold.
        let longest = step.iter().fold(0.0_f64, |longest, step| longest.max(step.abs()));
        let cut = if longest > 2.0 { 2.0 / longest } else { 1.0 };
        let mut next = logs;
        for (log, step) in next.iter_mut().zip(step) {
            *log = (*log + cut * step).clamp(-LOG_BOUND, LOG_BOUND);
        }
        let there = shape(&raised(&next)).by_logarithm(&raised(&next));
        let is_last = gain <= GAIN * (1.0 + here.value.abs());
        // The last step is too short for the height to tell up from down: its last digits are noise.
        let slack = if is_last { NOISE * (1.0 + here.value.abs()) } else { 0.0 };
        if there.is_finite() && there.value >= here.value - slack {
            (logs, here) = (next, there);
            // So near the top the parabola holds, and damping would only slow the last steps.
            damping = if gain < NEAR { 0.0 } else { damping / 16.0 };
            if is_last {
                return Summit::new(&logs, &here, true);
            }
        } else {
            damping = f64::max(damping * 8.0, 1e-6);
        }
    }
    Summit::new(&logs, &here, false)
}

/// Whether a parameter may move: at a bound only back from it.
fn free<const N: usize>(logs: &[f64; N], slope: &[f64; N]) -> [bool; N] {
    let mut free = [true; N];
    for ((free, log), slope) in free.iter_mut().zip(logs).zip(slope) {
        *free = !(*log <= -LOG_BOUND && *slope < 0.0 || *log >= LOG_BOUND && *slope > 0.0);
    }
    free
}

/// The step to the top of the parabola; none where it has no top.
fn step<const N: usize>(here: &Shape<N>, free: &[bool; N], damping: f64) -> Option<[f64; N]> {
    let lower = decomposed(here, free, damping)?;
    let mut slope = here.slope;
    for (slope, free) in slope.iter_mut().zip(free) {
        *slope = if *free { *slope } else { 0.0 };
    }
    Some(solved(&lower, slope))
}

/// The lower factor of the curvature downward, by the decomposition of Cholesky; none where it is not downward everywhere.
#[expect(clippy::indexing_slicing, clippy::needless_range_loop, reason = "every place runs below N")]
fn decomposed<const N: usize>(here: &Shape<N>, free: &[bool; N], damping: f64) -> Option<[[f64; N]; N]> {
    let mut lower = [[0.0; N]; N];
    for row in 0..N {
        for column in 0..=row {
            let entry = if free[row] && free[column] { -here.curve[row][column] } else { 0.0 };
            let mut rest = entry;
            if row == column {
                rest = if free[row] { entry + damping * (entry.abs() + 1e-3 * here.value.abs().max(1.0)) } else { 1.0 };
            }
            for before in 0..column {
                rest -= lower[row][before] * lower[column][before];
            }
            if row == column {
                if rest <= 1e-14 * entry.abs() || !rest.is_finite() {
                    return None;
                }
                lower[row][row] = rest.sqrt();
            } else {
                lower[row][column] = rest / lower[column][column];
            }
        }
    }
    Some(lower)
}

/// Solves by the factor, there and back.
#[expect(clippy::indexing_slicing, reason = "every place runs below N")]
fn solved<const N: usize>(lower: &[[f64; N]; N], mut right: [f64; N]) -> [f64; N] {
    for row in 0..N {
        let known: f64 = (0..row).map(|before| lower[row][before] * right[before]).sum();
        right[row] = (right[row] - known) / lower[row][row];
    }
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|after| lower[after][row] * right[after]).sum();
        right[row] = (right[row] - known) / lower[row][row];
    }
    right
}

/// Measures the slopes and curvature of a function around a point, by differences of the fourth root of the machine's
/// precision: for what has no derivatives in closed form.
#[expect(clippy::indexing_slicing, clippy::needless_range_loop, reason = "every place runs below N")]
pub(crate) fn measured<const N: usize>(at: &[f64; N], height: impl Fn(&[f64; N]) -> f64) -> Shape<N> {
    const STEP: f64 = 2e-4;
    let mut shape = Shape::flat();
    shape.value = height(at);
    let moved = |one: usize, up: f64, other: usize, across: f64| {
        let mut there = *at;
        there[one] *= 1.0 + up * STEP;
        if other != one {
            there[other] *= 1.0 + across * STEP;
        }
        height(&there)
    };
    for one in 0..N {
        let (above, below) = (moved(one, 1.0, one, 0.0), moved(one, -1.0, one, 0.0));
        let width = STEP * at[one];
        shape.slope[one] = (above - below) / (2.0 * width);
        shape.curve[one][one] = (above - 2.0 * shape.value + below) / (width * width);
        for other in 0..one {
            let corners = moved(one, 1.0, other, 1.0) - moved(one, 1.0, other, -1.0) - moved(one, -1.0, other, 1.0)
                + moved(one, -1.0, other, -1.0);
            let second = corners / (4.0 * width * STEP * at[other]);
            shape.curve[one][other] = second;
            shape.curve[other][one] = second;
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn climbs_to_the_top() {
        // -(ln x - 1)^2 - 3 (ln y + 2)^2, highest at (e, e^-2).
        let height = |at: &[f64; 2]| -(at[0].ln() - 1.0).powi(2) - 3.0 * (at[1].ln() + 2.0).powi(2);
        let summit = maximise([30.0, 7.0], |at| measured(at, height));
        assert!((summit.at[0].ln() - 1.0).abs() < 1e-6 && (summit.at[1].ln() + 2.0).abs() < 1e-6, "{summit:?}");
        // Curvatures of 2 and 6: a variance of 1/2 + 1/6.
        assert!((summit.error_along([1.0, -1.0]) - (2.0_f64 / 3.0).sqrt()).abs() < 2e-3, "{summit:?}");
    }

    #[test]
    fn stays_at_a_bound() {
        // Grows in x for ever.
        let summit = maximise([1.0, 1.0], |at| Shape {
            value: -1.0 / at[0] - at[1].ln().powi(2),
            slope: [at[0].powi(-2), -2.0 * at[1].ln() / at[1]],
            curve: [[-2.0 * at[0].powi(-3), 0.0], [0.0, (2.0 * at[1].ln() - 2.0) / at[1].powi(2)]],
        });
        assert!(summit.at[0] > 1e6 && (summit.at[1] - 1.0).abs() < 1e-6, "{summit:?}");
    }
}

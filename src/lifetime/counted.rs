//! Rows as the likelihoods take them: each once, with how many customers bear it.

use super::row::PurchaseRow;

/// A row and how often it comes. Times are in the mean age of all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    pub(super) repeats: f64,
    pub(super) recency: f64,
    pub(super) age: f64,
    pub(super) customers: f64,
}

/// All rows, in an order that is theirs.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) rows: Vec<Counted>,
    /// At each place, how many customers have more repeats than it says.
    pub(super) above: Vec<f64>,
    pub(super) customers: u64,
    pub(super) repeaters: u64,
    /// The mean age, in the caller's unit: within, it is 1, so that the unit shows nowhere.
    pub(super) scale: f64,
    /// What the logarithm of the likelihood gains by it.
    pub(super) scale_gain: f64,
}

impl Rows {
    /// Counts rows: O(n log n).
    pub(super) fn count(rows: &[PurchaseRow]) -> Self {
        // Numbers that are not negative sort as their bits do.
        let key = |row: &PurchaseRow| (row.repeats(), row.age().to_bits(), row.recency().to_bits());
        let mut keys: Vec<(u32, u64, u64)> = rows.iter().map(key).collect();
        keys.sort_unstable();
        let customers = keys.len() as u64;
        let repeaters = keys.iter().filter(|(repeats, _, _)| *repeats > 0).count() as u64;
        let ages: f64 = keys.iter().map(|(_, age, _)| f64::from_bits(*age)).sum();
        let scale = if keys.is_empty() { 1.0 } else { ages / customers as f64 };
        let most = keys.last().map_or(0, |(repeats, _, _)| *repeats as usize);
        let mut above = vec![0.0; most];
        let mut counted = Vec::new();
        for equal in keys.chunk_by(|one, other| one == other) {
            let Some(&(repeats, age, recency)) = equal.first() else { continue };
            let customers = equal.len() as f64;
            if let Some(last) = (repeats as usize).checked_sub(1).and_then(|place| above.get_mut(place)) {
                *last += customers;
            }
            let (recency, age) = (f64::from_bits(recency) / scale, f64::from_bits(age) / scale);
            counted.push(Counted { repeats: f64::from(repeats), recency, age, customers });
        }
        let mut sum = 0.0;
        for place in above.iter_mut().rev() {
            sum += *place;
            *place = sum;
        }
        // Each purchase brings a density in time with it.
        let scale_gain = -above.iter().sum::<f64>() * scale.ln();
        Self { rows: counted, above, customers, repeaters, scale, scale_gain }
    }

    /// The same customers in fewer rows, each the mean of some that are alike: enough to find the slope of a mountain, not its
    /// top.
    pub(super) fn coarse(&self) -> Self {
        let cell = |row: &Counted| {
            let time = |time: f64| (time * 8.0).round() as u64;
            (coarse_repeats(row.repeats), time(row.age), time(row.recency))
        };
        let mut keyed: Vec<_> = self.rows.iter().map(|row| (cell(row), *row)).collect();
        // Stable: within a cell, rows stay in their order.
        keyed.sort_by_key(|(cell, _)| *cell);
        let mean = |alike: &[((u64, u64, u64), Counted)]| {
            let sum = |of: fn(&Counted) -> f64| alike.iter().map(|(_, row)| row.customers * of(row)).sum::<f64>();
            let customers = sum(|_| 1.0);
            let [repeats, recency, age] = [sum(|row| row.repeats), sum(|row| row.recency), sum(|row| row.age)];
            Counted { repeats: repeats / customers, recency: recency / customers, age: age / customers, customers }
        };
        let rows = keyed.chunk_by(|(one, _), (other, _)| one == other).map(mean).collect();
        Self { rows, above: self.above.clone(), ..*self }
    }

    /// The sum of ln(Gamma(r + x) / Gamma(r)) over all, with its two derivatives by r: whole numbers of factors, so no gamma
    /// function and nothing that overflows. O(the most repeats).
    pub(super) fn rising(&self, r: f64) -> (f64, f64, f64) {
        rising(&self.above, r)
    }
}

/// Numbers of repeats that are taken as one: 0, 1, 2, 3, 4 and 5, 6 and 7, 8 to 11, ...
fn coarse_repeats(repeats: f64) -> u64 {
    if repeats < 4.0 { repeats as u64 } else { 4 + ((repeats / 4.0).log2() * 2.0) as u64 }
}

/// The same of other counts.
pub(super) fn rising(above: &[f64], r: f64) -> (f64, f64, f64) {
    above.iter().enumerate().fold((0.0, 0.0, 0.0), |(value, first, second), (place, count)| {
        let factor = r + place as f64;
        (value + count * factor.ln(), first + count / factor, second - count / (factor * factor))
    })
}

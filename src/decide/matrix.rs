//! The inverse of the Cholesky factor of a small symmetric matrix, and what a ridge regression asks of it.
//!
//! It is our own, and short: a library of linear algebra looks at run time for wide instructions and fused
//! multiplication, and two machines then round two ways. Here every sum has one order, written down; neighbours
//! in the inner loops do not wait for each other, so that the compiler may do several at once and changes nothing.

/// The lower triangle of a symmetric matrix is packed by columns: column `k` holds the rows `k..size`.
pub(super) fn packed_len(size: usize) -> usize {
    size * (size + 1) / 2
}

/// Rows that are reckoned together, each in a sum of its own: as many as fit into the registers of any machine.
const ROWS: usize = 8;

/// The inverse `M` of the lower Cholesky factor of a matrix `A`: `A^-1 = M' M`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Factor {
    size: usize,
    // Invariant: ROWS rows after the other; of each the columns up to its last row, what is over the diagonal being 0.
    inverse: Vec<[f64; ROWS]>,
}

impl Factor {
    /// Factorises a packed matrix whose eigenvalues are all at least `least`, over 0; no pivot is smaller (it is the
    /// reciprocal of a diagonal entry of the inverse of a principal part), and rounding is not let to say otherwise.
    /// Gives `A^-1 b`, too. O(size^3 / 3).
    pub(super) fn solving(size: usize, mut packed: Vec<f64>, least: f64, b: &[f64]) -> (Self, Vec<f64>) {
        packed.resize(packed_len(size), 0.0);
        let mut rest = packed.as_mut_slice();
        for rows in (1..=size).rev() {
            let (column, mut tail) = rest.split_at_mut(rows);
            let Some((pivot, below)) = column.split_first_mut() else { break };
            *pivot = pivot.max(least).sqrt();
            below.iter_mut().for_each(|entry| *entry /= *pivot);
            let (mut below, mut next) = (&*below, &mut *tail);
            while let Some(first) = below.first() {
                let (target, after) = next.split_at_mut(below.len());
                add_scaled(target, -first, below);
                below = below.get(1..).unwrap_or_default();
                next = after;
            }
            rest = std::mem::take(&mut tail);
        }
        let inverse = invert(size, &packed);
        let factor = Self { size, inverse: by_rows(size, &inverse) };
        let mut whitened = Vec::new();
        factor.whiten(b, &mut whitened);
        let (mut rest, mut below) = (inverse.as_slice(), whitened.as_slice());
        let one = |rows: usize| {
            let (column, tail) = rest.split_at(rows);
            let found = dot(column, below);
            (rest, below) = (tail, below.get(1..).unwrap_or_default());
            found
        };
        let solution = (1..=size).rev().map(one).collect();
        (factor, solution)
    }

    /// `M x`: its squared length is `x' A^-1 x`. Each entry is summed from the first column on. O(size^2 / 2).
    pub(super) fn whiten(&self, x: &[f64], out: &mut Vec<f64>) {
        out.clear();
        let mut rest = self.inverse.as_slice();
        for begin in (0..self.size).step_by(ROWS) {
            let (block, tail) = rest.split_at((begin + ROWS).min(self.size));
            rest = tail;
            let mut sums = [0.0; ROWS];
            for (entries, factor) in block.iter().zip(x) {
                for (sum, entry) in sums.iter_mut().zip(entries) {
                    *sum += factor * entry;
                }
            }
            out.extend_from_slice(&sums);
        }
        out.truncate(self.size);
    }
}

/// What is packed by columns, by rows.
fn by_rows(size: usize, packed: &[f64]) -> Vec<[f64; ROWS]> {
    let mut blocks = Vec::with_capacity((size + ROWS) * (size + ROWS) / (2 * ROWS));
    for begin in (0..size).step_by(ROWS) {
        let (end, mut rest) = ((begin + ROWS).min(size), packed);
        for column in 0..end {
            let (entries, tail) = rest.split_at(size - column);
            rest = tail;
            let mut block = [0.0; ROWS];
            let skipped = column.saturating_sub(begin);
            let told = entries.iter().skip(begin.saturating_sub(column));
            block.iter_mut().skip(skipped).zip(told).for_each(|(to, from)| *to = *from);
            blocks.push(block);
        }
    }
    blocks
}

/// Inverts a packed lower triangle, column by column. O(size^3 / 6).
fn invert(size: usize, lower: &[f64]) -> Vec<f64> {
    let mut inverse = vec![0.0; lower.len()];
    let (mut from, mut into) = (lower, inverse.as_mut_slice());
    for rows in (1..=size).rev() {
        // Solves L m = e, from the row of the one on: what is above is zero.
        let (column, tail) = into.split_at_mut(rows);
        if let Some(first) = column.first_mut() {
            *first = 1.0;
        }
        let (mut rest, mut solved) = (from, column);
        while let Some((entry, below)) = solved.split_first_mut() {
            let (factor, tail) = rest.split_at(below.len() + 1);
            if let Some((pivot, under)) = factor.split_first() {
                *entry /= pivot;
                add_scaled(below, -*entry, under);
            }
            (rest, solved) = (tail, below);
        }
        (from, into) = (from.get(rows..).unwrap_or_default(), tail);
    }
    inverse
}

/// `target += factor * column`, entry by entry.
fn add_scaled(target: &mut [f64], factor: f64, column: &[f64]) {
    for (entry, with) in target.iter_mut().zip(column) {
        *entry += factor * with;
    }
}

/// The sum of products, in four sums that take turns; then their sum, two by two.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    let mut sums = [0.0_f64; 4];
    for (x, y) in a.0.iter().zip(b.0) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    let [one, two, three, four] = sums;
    let rest: f64 = a.1.iter().zip(b.1).map(|(x, y)| x * y).sum();
    ((one + two) + (three + four)) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_solves_what_its_matrix_multiplies() {
        // 3 by 3, by columns: [4 2 1; 2 5 3; 1 3 6].
        let (factor, found) = Factor::solving(3, vec![4.0, 2.0, 1.0, 5.0, 3.0, 6.0], 1.0, &[11.0, 21.0, 25.0]);
        for (found, expected) in found.iter().zip([1.0, 2.0, 3.0]) {
            assert!((found - expected).abs() < 1e-13, "{found}");
        }
        let mut whitened = Vec::new();
        factor.whiten(&[0.0, 1.0, 0.0], &mut whitened);
        // The middle of the inverse is (4 * 6 - 1) / determinant.
        assert!((dot(&whitened, &whitened) - 23.0 / 67.0).abs() < 1e-15);
    }

    #[test]
    fn blocks_of_rows_are_the_columns_to_the_bit() {
        for size in [1, 2, 7, 8, 9, 16, 19, 33] {
            let packed: Vec<f64> = (1..=packed_len(size)).map(|n| (n as f64).sqrt() - 3.0).collect();
            let x: Vec<f64> = (0..size).map(|n| if n % 3 == 1 { 0.0 } else { 0.1 * n as f64 - 0.7 }).collect();
            let (mut expected, mut rest) = (vec![0.0; size], packed.as_slice());
            for (place, factor) in x.iter().enumerate() {
                let (column, tail) = rest.split_at(size - place);
                add_scaled(&mut expected[place..], *factor, column);
                rest = tail;
            }
            let mut found = Vec::new();
            Factor { size, inverse: by_rows(size, &packed) }.whiten(&x, &mut found);
            assert_eq!(found, expected, "{size}");
        }
    }

    #[test]
    fn a_sum_has_one_order() {
        let numbers: Vec<f64> = (0..11).map(|n| 0.1 * f64::from(n)).collect();
        let direct: f64 = numbers.iter().map(|x| x * x).sum();
        assert!((dot(&numbers, &numbers) - direct).abs() < 1e-14);
    }
}

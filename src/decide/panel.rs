//! Integration by ten nodes of Gauss and Legendre to a panel: of all of it, and up to each node.

use std::array::from_fn;
use std::sync::LazyLock;

/// The nodes of a panel.
pub(super) const NODES: usize = 10;

/// The nodes and weights on -1..=1, the half above 0.
const HALF: [(f64, f64); NODES / 2] = [
    (0.148_874_338_981_631_2, 0.295_524_224_714_752_87),
    (0.433_395_394_129_247_2, 0.269_266_719_309_996_35),
    (0.679_409_568_299_024_4, 0.219_086_362_515_982_04),
    (0.865_063_366_688_984_5, 0.149_451_349_150_580_6),
    (0.973_906_528_517_171_7, 0.066_671_344_308_688_14),
];

/// What integrates on -1..=1.
struct Rule {
    nodes: [f64; NODES],
    weights: [f64; NODES],
    /// By node of a function, what it adds to the integrals up to all nodes.
    steps: [[f64; NODES]; NODES],
}

static RULE: LazyLock<Rule> = LazyLock::new(|| {
    let all = HALF.iter().rev().map(|(node, weight)| (-node, *weight)).chain(HALF);
    let (mut nodes, mut weights) = ([0.0; NODES], [0.0; NODES]);
    for ((node, weight), (x, w)) in nodes.iter_mut().zip(&mut weights).zip(all) {
        (*node, *weight) = (x, w);
    }
    // The polynomial through a function at the nodes is a sum of Legendre's, with weights * P_m(node) * (2m + 1) / 2; and
    // the integral of P_m from -1 on is (P_m+1 - P_m-1) / (2m + 1), of P_0 it is x + 1.
    let polynomials = nodes.map(legendre);
    let step = |from: &[f64; NODES + 1], to: &[f64; NODES + 1]| {
        let higher = from.iter().skip(1).zip(to.iter().skip(2).zip(to)).map(|(p, (next, last))| p * (next - last));
        let [_, x, ..] = to;
        0.5 * (x + 1.0 + higher.sum::<f64>())
    };
    let mut steps = [[0.0; NODES]; NODES];
    for ((row, from), weight) in steps.iter_mut().zip(&polynomials).zip(&weights) {
        row.iter_mut().zip(&polynomials).for_each(|(entry, to)| *entry = weight * step(from, to));
    }
    Rule { nodes, weights, steps }
});

/// Legendre's polynomials at a number, by Bonnet's recursion.
fn legendre(x: f64) -> [f64; NODES + 1] {
    let (mut last, mut here) = (0.0, 1.0);
    from_fn(|m| {
        let (found, m) = (here, m as f64);
        (last, here) = (here, ((2.0 * m + 1.0) * x * here - m * last) / (m + 1.0));
        found
    })
}

/// A part of the line. At an end where something begins or ends as a broken power the nodes lie as the cube of the
/// distance, which makes a smooth function of it.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) nodes: [f64; NODES],
    slopes: [f64; NODES],
}

/// The end at which the nodes of a panel are dense.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Dense {
    Nowhere,
    Low,
    High,
}

impl Panel {
    pub(super) fn new(from: f64, to: f64, dense: Dense) -> Self {
        let (width, mut nodes, mut slopes) = (to - from, RULE.nodes, [0.0; NODES]);
        for (node, slope) in nodes.iter_mut().zip(&mut slopes) {
            let part = 0.5 * (1.0 + *node);
            let rest = 1.0 - part;
            (*node, *slope) = match dense {
                Dense::Nowhere => (from + width * part, 0.5 * width),
                Dense::Low => (from + width * part * part * part, 1.5 * width * part * part),
                Dense::High => (to - width * rest * rest * rest, 1.5 * width * rest * rest),
            };
        }
        Self { from, to, nodes, slopes }
    }

    /// The integral of what has these values at the nodes.
    pub(super) fn integral(&self, values: &[f64; NODES]) -> f64 {
        let weights = RULE.weights.iter().zip(&self.slopes);
        weights.zip(values).map(|((weight, slope), value)| weight * slope * value).sum()
    }

    /// The integrals up to each node.
    pub(super) fn steps(&self, values: &[f64; NODES]) -> [f64; NODES] {
        let mut sums = [0.0; NODES];
        for ((row, slope), value) in RULE.steps.iter().zip(&self.slopes).zip(values) {
            let value = slope * value;
            sums.iter_mut().zip(row).for_each(|(sum, entry)| *sum += entry * value);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_integrated_up_to_each_node() {
        for power in 0..NODES as i32 {
            let panel = Panel::new(0.5, 2.5, Dense::Nowhere);
            let values = panel.nodes.map(|x| x.powi(power));
            let whole = |x: f64| (x.powi(power + 1) - 0.5_f64.powi(power + 1)) / f64::from(power + 1);
            assert!((panel.integral(&values) / whole(2.5) - 1.0).abs() < 1e-13, "{power}");
            for (found, node) in panel.steps(&values).into_iter().zip(panel.nodes) {
                assert!((found - whole(node)).abs() < 1e-12 * whole(2.5), "{power} to {node}");
            }
        }
    }

    #[test]
    fn broken_powers_are_integrated_from_where_they_begin() {
        for power in [0.3_f64, 0.5, 1.7] {
            let (low, high) = (Panel::new(0.0, 2.0, Dense::Low), Panel::new(0.0, 2.0, Dense::High));
            let whole = 2.0_f64.powf(power + 1.0) / (power + 1.0);
            assert!((low.integral(&low.nodes.map(|x| x.powf(power))) / whole - 1.0).abs() < 1e-6, "{power}");
            assert!((high.integral(&high.nodes.map(|x| (2.0 - x).powf(power))) / whole - 1.0).abs() < 1e-6, "{power}");
        }
    }
}

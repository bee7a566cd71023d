//! Chance that is an argument: the same seed gives the same draws, on every machine.
//!
//! Draws use the four operations, the square root and the logarithm of `libm`, which is plain Rust. The mathematics of
//! the system is not asked: it picks its instructions when it runs, and another processor rounds another way.

use crate::id::Seed;

/// SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The draws that belong to the parts: who draws before does not matter. SipHash under the seed.
    pub(crate) fn keyed(seed: Seed, domain: u8, parts: &[&[u8]]) -> Self {
        Self((seed.hash_parts(domain, parts) >> 64) as u64)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below a bound, nearly evenly.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from 0 to below 1, in steps of 2^-53.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number of the normal distribution of mean 0 and deviation 1 (the polar method, Marsaglia and Bray 1964).
    pub(crate) fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * libm::log(square) / square).sqrt();
            }
        }
    }

    /// A number of the gamma distribution of scale 1 and this shape, 1 or more (Marsaglia and Tsang 2000).
    pub(crate) fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape.max(1.0) - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let root = 1.0 + c * x;
            let v = root * root * root;
            // The logarithm of a uniform number over 0; 0 itself, once in 2^53, is passed over.
            let u = self.uniform();
            if v > 0.0 && u > 0.0 && libm::log(u) < 0.5 * x * x + d - d * v + d * libm::log(v) {
                return d * v;
            }
        }
    }

    /// A number of the beta distribution, its parameters 1 or more: of two gammas, the share of the first.
    pub(crate) fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        x / (x + y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean and the variance of many draws.
    fn moments(mut draw: impl FnMut(&mut Random) -> f64) -> (f64, f64) {
        let mut random = Random(5);
        let draws: Vec<f64> = (0..40_000).map(|_| draw(&mut random)).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        (mean, draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / draws.len() as f64)
    }

    #[test]
    fn draws_have_the_moments_of_their_distributions() {
        let check = |(mean, variance): (f64, f64), of_mean: f64, of_variance: f64| {
            // Four standard errors of the mean, and a tenth of the variance.
            assert!((mean - of_mean).abs() < 4.0 * (of_variance / 40_000.0).sqrt(), "mean {mean}, not {of_mean}");
            assert!((variance / of_variance - 1.0).abs() < 0.1, "variance {variance}, not {of_variance}");
        };
        check(moments(Random::uniform), 0.5, 1.0 / 12.0);
        check(moments(Random::normal), 0.0, 1.0);
        check(moments(|random| random.gamma(1.0)), 1.0, 1.0);
        check(moments(|random| random.gamma(7.5)), 7.5, 7.5);
        check(moments(|random| random.beta(2.0, 3.0)), 0.4, 0.04);
    }

    #[test]
    fn draws_are_the_same_bits_wherever_they_are_drawn() {
        // The first outputs of SplitMix64 for the seed 1234567, as the authors' code gives them.
        let mut random = Random(1_234_567);
        assert_eq!([random.next(), random.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        let mut random = Random::keyed(Seed::default(), 40, &[b"a", b"b"]);
        let bits = [random.normal().to_bits(), random.gamma(3.0).to_bits(), random.beta(2.0, 5.0).to_bits()];
        assert_eq!(bits, [4_612_488_672_790_655_503, 4_612_562_857_011_366_868, 4_600_456_840_331_979_687]);
    }
}

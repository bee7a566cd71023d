//! Customers that are invented: they buy at random, each at a rate of their own, and leave after a purchase now and then.

use crate::transactions::Transactions;

/// The day after which the sample is the hold-out: 39 weeks, as many as follow.
pub(crate) const CALIBRATION_END: i64 = FIRST + 273;
/// 2025-01-01.
const FIRST: i64 = 20_089;
const CUSTOMERS: u64 = 3_000;

/// Draws, always the same ones.
struct Dice(u64);

impl Dice {
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64 + 0.5) / f64::from(1_u32 << 31)
    }

    fn waiting(&mut self) -> f64 {
        -self.share().ln()
    }

    /// A gamma number of a whole shape: rates and scales here have shapes that are whole.
    fn gamma(&mut self, shape: u32) -> f64 {
        (0..shape).map(|_| self.waiting()).sum()
    }
}

pub(crate) fn transactions() -> Transactions {
    let mut dice = Dice(2_025);
    let mut transactions = Transactions::default();
    let end = CALIBRATION_END + 273;
    for customer in 0..CUSTOMERS {
        // Purchases a day, and the probability to leave after each, Beta(1, 3).
        let rate = dice.gamma(1) / 60.0;
        let (one, rest) = (dice.gamma(1), dice.gamma(3));
        let leaving = one / (one + rest);
        let price = 8.0 * 15.0 / dice.gamma(4);
        let mut time = FIRST as f64 + 84.0 * dice.share();
        while time < end as f64 {
            let amount = price * dice.gamma(6) / 6.0;
            let line = transactions.rows.len() as u64 + 1;
            let cents = (amount * 100.0).round() / 100.0;
            transactions.take(line, Ok((format!("c-{customer:04}"), time as i64, Some(cents))));
            if dice.share() < leaving {
                break;
            }
            time += dice.waiting() / rate;
        }
    }
    transactions
}

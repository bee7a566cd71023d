//! Bands of prices.

use crate::decimal::Decimal;
use smol_str::{SmolStr, format_smolstr};

/// Where the bands begin, in hundredths: 1, 2 and 5 of every power of ten from a hundredth to a billion.
const BOUNDS: [i128; 36] = bounds();

const fn bounds() -> [i128; 36] {
    let mut bounds = [0; 36];
    let (mut place, mut power) = (0, 1);
    while place < bounds.len() {
        #[expect(clippy::indexing_slicing, reason = "worked out when it is compiled")]
        {
            bounds[place] = power * [1, 2, 5][place % 3];
        }
        place += 1;
        if place % 3 == 0 {
            power *= 10;
        }
    }
    bounds
}

/// A band of prices: which of the series, from 0 for what is less than a hundredth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PriceBand(u8);

impl PriceBand {
    /// The band of a price; none where it is nothing or less. O(log bands).
    pub(crate) fn of(price: Decimal) -> Option<Self> {
        let hundredths = price.hundredths();
        if hundredths <= 0 && price <= Decimal::ZERO {
            return None;
        }
        u8::try_from(BOUNDS.partition_point(|bound| *bound <= hundredths)).ok().map(Self)
    }

    /// Its name in a currency, as `EUR 200-500`.
    pub(crate) fn name(self, currency: &str) -> SmolStr {
        let above = usize::from(self.0);
        let below = above.checked_sub(1).map_or_else(|| "0".into(), bound);
        format_smolstr!("{currency} {below}-{}", bound(above))
    }
}

/// A bound as people write it; nothing beyond the last.
fn bound(place: usize) -> SmolStr {
    match BOUNDS.get(place) {
        Some(bound) if bound % 100 == 0 => format_smolstr!("{}", bound / 100),
        Some(bound) if bound % 10 == 0 => format_smolstr!("0.{}", bound / 10),
        Some(bound) => format_smolstr!("0.0{bound}"),
        None => SmolStr::default(),
    }
}

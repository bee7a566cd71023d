//! Bands of prices.

use crate::decimal::Decimal;
use smol_str::{SmolStr, format_smolstr};
use std::sync::LazyLock;

/// Where the bands begin: 1, 2 and 5 of every power of ten from a hundredth to a billion.
static BOUNDS: LazyLock<Vec<(Decimal, String)>> = LazyLock::new(|| {
    let small = ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5"].map(str::to_owned);
    let large = (0..10).flat_map(|zeros| ["1", "2", "5"].map(|digit| format!("{digit}{}", "0".repeat(zeros))));
    let bounds = small.into_iter().chain(large);
    bounds.filter_map(|text| Some((text.parse().ok()?, text))).collect()
});

/// A band of prices: which of the series, from 0 for what is less than a hundredth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PriceBand(u8);

impl PriceBand {
    /// The band of a price; none where it is nothing or less. O(log bands).
    pub(crate) fn of(price: Decimal) -> Option<Self> {
        let place = BOUNDS.partition_point(|(bound, _)| *bound <= price);
        (price > Decimal::ZERO).then_some(Self(u8::try_from(place).unwrap_or(u8::MAX)))
    }

    /// Its name in a currency, as `EUR 200-500`.
    pub(crate) fn name(self, currency: &str) -> SmolStr {
        let bound = |place: usize| BOUNDS.get(place).map_or("", |(_, text)| text.as_str());
        let above = usize::from(self.0);
        let below = above.checked_sub(1).map_or("0", bound);
        format_smolstr!("{currency} {below}-{}", bound(above))
    }
}

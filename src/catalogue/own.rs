//! What somebody has, and when she will need another.

use super::item::{Consumable, Item};
use super::shopper::{Deed, Product, Shopper};
use crate::normalise::glance;
use crate::record::RecordKey;
use crate::time::{DAY, Timestamp};
use smol_str::SmolStr;
use std::fmt;

/// The most purchases that an answer names.
const BECAUSE_MAX: usize = 16;

/// From so many purchases of a product on, how often somebody buys it is her own habit.
const HABIT_MIN: usize = 3;

/// That somebody has a thing, and since when.
#[derive(Clone, PartialEq, Eq)]
pub struct Owned {
    /// When it was bought first.
    pub since: Timestamp,
    /// When it was bought last.
    pub bought_at: Timestamp,
    /// The order in which it was bought last, if it has a name.
    pub order: Option<SmolStr>,
    /// The variant that was bought last, if it was said.
    pub variant: Option<SmolStr>,
    /// How often it was bought.
    pub purchases: usize,
    /// The purchases, the newest first, 16 at most.
    pub because: Vec<RecordKey>,
}

impl Shopper {
    /// Says whether somebody has a thing: it was bought for herself, and not given back. Another variant of the product is
    /// another thing; a purchase that names no variant is of all, and an item that names none is any. O(purchases of the
    /// product).
    pub fn owned(&self, item: &Item) -> Option<Owned> {
        self.of(item)?.owned(variant(item))
    }
}

impl Product {
    pub(super) fn owned(&self, variant: Option<&str>) -> Option<Owned> {
        let mut kept = self.kept(variant);
        let newest = kept.next_back()?;
        let others = kept.clone().count();
        let oldest = kept.clone().next().unwrap_or(newest);
        let because = std::iter::once(newest).chain(kept.rev()).take(BECAUSE_MAX);
        Some(Owned {
            since: oldest.event.at,
            bought_at: newest.event.at,
            order: glance::key(newest.event.order.as_ref()).map(SmolStr::new),
            variant: newest.variant.clone(),
            purchases: others + 1,
            because: because.map(|deed| deed.event.key.clone()).collect(),
        })
    }

    /// The purchases by which a variant is owned, by time.
    pub(super) fn kept(&self, variant: Option<&str>) -> impl DoubleEndedIterator<Item = &Deed> + Clone {
        self.kept.iter().filter(move |deed| deed.is_of(variant))
    }

    /// When a variant was put into the cart last.
    pub(super) fn carted(&self, variant: Option<&str>) -> Option<&Deed> {
        self.carted.iter().rev().find(|deed| deed.is_of(variant))
    }

    /// When a variant was refused last, if it was not put into the cart or bought since. Who refuses one size has not refused
    /// the other, nor the product.
    pub(super) fn rejected(&self, variant: Option<&str>) -> Option<&Deed> {
        let is_meant = |deed: &&Deed| deed.variant.is_none() || deed.variant.as_deref() == variant;
        let refused = self.rejected.iter().rev().find(is_meant)?;
        let newest = [self.carted(variant), self.kept(variant).next_back()].into_iter().flatten().map(Deed::at).max();
        newest.is_none_or(|wanted| wanted <= refused.at()).then_some(refused)
    }

    /// When a thing that is used up will be needed again: the median of the gaps between the days on which its product was
    /// bought, if there are three or more of them, else what the item says, after it was bought last. None where it was
    /// never bought, or nobody knows. O(purchases of the product, and their logarithm).
    pub(super) fn next_due(&self, item: &Item) -> Option<Timestamp> {
        let last = self.kept(variant(item)).next_back()?.at();
        let declared = match item.consumable {
            Consumable::No => return None,
            Consumable::Yes => None,
            Consumable::GapDays(days) => Some(i64::from(days).saturating_mul(DAY)),
        };
        let mut days: Vec<i64> = self.kept.iter().map(|deed| deed.at().div_euclid(DAY)).collect();
        days.dedup();
        let gap = if days.len() < HABIT_MIN { declared? } else { median_gap(&days)? };
        // What is due after all times is due at their end.
        Timestamp::from_microseconds(last.saturating_add(gap).min(LAST)).ok()
    }
}

/// The last microsecond that a timestamp can tell: 9999-12-30T22:00:00.999999Z.
const LAST: i64 = 253_402_207_200_999_999;

/// The median of the gaps between days, in microseconds; between two, their mean.
fn median_gap(days: &[i64]) -> Option<i64> {
    let mut gaps: Vec<i64> = days.iter().zip(days.iter().skip(1)).map(|(a, b)| b - a).collect();
    gaps.sort_unstable();
    let middle = gaps.len() / 2;
    let upper = *gaps.get(middle)?;
    let lower = if gaps.len() % 2 == 1 { upper } else { *gaps.get(middle.checked_sub(1)?)? };
    Some((lower + upper) * (DAY / 2))
}

/// The variant of an item.
pub(super) fn variant(item: &Item) -> Option<&str> {
    glance::name(item.variant.as_ref())
}

/// Shows how often it was bought, not what.
impl fmt::Debug for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Owned({} purchases)", self.purchases)
    }
}

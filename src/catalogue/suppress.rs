//! What is not to be shown, and why.

use super::item::{Consumable, Item};
use super::own::{Owned, variant};
use super::request::RankRequest;
use super::search::Search;
use super::shopper::{DAY, Shopper};
use super::taste::{Pair, Tastes};
use crate::error::Result;
use crate::event::Facet;
use crate::record::RecordKey;
use crate::time::Timestamp;
use std::fmt;

/// So often a value must have been shown before it is believed not to interest.
pub const EXPOSURES_MIN: u64 = 30;

/// Why an item is not shown.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Suppressed {
    /// It was said that it must never come. Nothing lifts this.
    Never {
        /// The facet, or `product`, and the value that was named.
        wish: Facet,
        /// Where it was said.
        because: RecordKey,
    },
    /// The host does not allow it. Nothing lifts this.
    NotAllowed,
    /// She has it, and it is not used up.
    Owned(Owned),
    /// She has it, it is used up, but it is too early for another.
    NotDue {
        /// When it will be needed.
        next: Timestamp,
        /// When it was bought, and how often.
        owned: Owned,
    },
    /// It was refused, not long ago.
    Rejected {
        /// When.
        at: Timestamp,
        /// Where.
        because: RecordKey,
    },
    /// It is outside the range that was declared.
    OutOfRange {
        /// The facet.
        facet: smol_str::SmolStr,
    },
    /// It was shown often, and hardly ever taken up. It rests on all exposures to the value of the last
    /// [`EXPOSURE_DAYS`](crate::EXPOSURE_DAYS).
    Uninteresting {
        /// The value.
        facet: Facet,
        /// The share that is taken up is below this with 95 % probability.
        upper: f64,
        /// How often it was shown.
        seen: u64,
    },
}

/// Shows which it is, not of what.
impl fmt::Debug for Suppressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never { because, .. } => write!(f, "Never({because:?})"),
            Self::NotAllowed => f.write_str("NotAllowed"),
            Self::Owned(owned) => fmt::Debug::fmt(owned, f),
            Self::NotDue { next, owned } => write!(f, "NotDue({next}, {owned:?})"),
            Self::Rejected { at, because } => write!(f, "Rejected({at}, {because:?})"),
            Self::OutOfRange { .. } => f.write_str("OutOfRange(..)"),
            Self::Uninteresting { upper, seen, .. } => write!(f, "Uninteresting({upper:.4} of {seen})"),
        }
    }
}

/// Says why an item is not to be shown to a shopper, if it is not. The first of these that holds:
///
/// - it was said that it must `never` come, or the host does not allow it;
/// - she has it: not where it was a gift or was given back, and of what is used up only until she needs another;
/// - she refused it in the last `rejected_days`, and did not put it into the cart or buy it since;
/// - none of its values of a facet is in the declared range of that facet;
/// - one of its values was shown to her [`EXPOSURES_MIN`] times or more in the last year, and the share that was taken up is,
///   with 95 % probability, less than a quarter of everybody's. A value that she said to like, or a facet that counts
///   nothing, hides nothing.
///
/// What she has never done hides nothing. What matches a search of the last 30 days is shown, whatever the last four say;
/// but a search before a purchase was for that purchase, and one before a refusal is answered by it.
///
/// # Errors
/// `Input` where the request names a share or a weight that is none, or too many ranges.
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Item, LearnOptions, Line, Population, RankRequest, Shopper, Suppressed, suppress};
/// use std::sync::Arc;
/// let now = "2026-05-01T00:00:00Z".parse()?;
/// let bought = Event::new("web", "o-7", "2026-03-03T10:00:00Z".parse()?, EventKind::Purchase).line(Line::new("book-1"));
/// let shopper = Shopper::fold(&[Arc::new(bought)], now);
/// let population = Population::learn(&[], &LearnOptions::until(now))?;
/// let request = RankRequest::new(&population);
/// let why = suppress(&shopper, &Item::new("book-1"), &request)?;
/// assert!(matches!(why, Some(Suppressed::Owned(owned)) if owned.since.to_string() == "2026-03-03T10:00:00Z"));
/// assert_eq!(suppress(&shopper, &Item::new("book-2"), &request)?, None);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn suppress(shopper: &Shopper, item: &Item, request: &RankRequest<'_>) -> Result<Option<Suppressed>> {
    request.check()?;
    let mut tastes = Tastes::new(shopper, request);
    let mut pairs = Vec::new();
    tastes.read(item, &mut pairs);
    let search = tastes.search(item, &pairs);
    Ok(reason(&tastes, item, &pairs, search))
}

/// The first reason that holds, of an item whose values were read.
pub(super) fn reason(tastes: &Tastes<'_>, item: &Item, pairs: &[Pair], search: Option<&Search>) -> Option<Suppressed> {
    let (shopper, request) = (tastes.shopper, tastes.request);
    if let Some(wish) = tastes.never(item, pairs) {
        let named = Facet { name: wish.attribute.clone(), value: wish.value.clone() };
        return Some(Suppressed::Never { wish: named, because: wish.because.clone() });
    }
    if request.allowed.is_some_and(|allowed| !allowed(item)) {
        return Some(Suppressed::NotAllowed);
    }
    let searched = search.map(|search| search.event.at.microseconds());
    let is_searched_after = |at: i64| searched.is_some_and(|searched| searched > at);
    let bought = shopper.kept(item).next_back().filter(|last| !is_searched_after(last.at()));
    if bought.is_some() {
        if item.consumable == Consumable::No {
            return shopper.owned(item).map(Suppressed::Owned);
        }
        let is_early = |next: &Timestamp| shopper.now().microseconds() < next.microseconds();
        if let Some(next) = shopper.next_due(item).filter(is_early) {
            return shopper.owned(item).map(|owned| Suppressed::NotDue { next, owned });
        }
    }
    if let Some(refused) =
        rejected(shopper, item, request.rejected_days).filter(|(at, _)| !is_searched_after(at.microseconds()))
    {
        let (at, because) = refused;
        return Some(Suppressed::Rejected { at, because: because.clone() });
    }
    if searched.is_some() {
        return None;
    }
    if let Some(facet) = tastes.out_of_range(pairs) {
        return Some(Suppressed::OutOfRange { facet });
    }
    tastes.uninteresting(pairs)
}

/// When and where an item was refused, if that still holds.
fn rejected<'a>(shopper: &'a Shopper, item: &Item, days: u32) -> Option<(Timestamp, &'a RecordKey)> {
    let product = shopper.of(item)?;
    let variant = variant(item);
    let since = shopper.now().microseconds().saturating_sub(i64::from(days).saturating_mul(DAY));
    // Who refuses one size has not refused the other.
    let refused =
        product.rejected.iter().rev().find(|deed| deed.variant.is_none() || deed.variant.as_deref() == variant)?;
    let wanted = product.carted.iter().chain(&product.kept).any(|deed| deed.is_of(variant) && deed.at() > refused.at());
    (refused.at() > since && !wanted).then_some((refused.event.at, &refused.event.key))
}

//! What is not to be shown, and why.

use super::item::{Consumable, Item};
use super::own::{Owned, variant};
use super::request::{RankRequest, Wish};
use super::search::Search;
use super::shopper::{Product, Shopper};
use super::taste::{Pair, Sum, Tastes};
use crate::consent::PermissionReason;
use crate::error::Result;
use crate::event::Facet;
use crate::record::RecordKey;
use crate::time::{DAY, Timestamp};
use std::fmt;
use std::sync::Arc;

/// So often a value must have been shown before it is believed not to interest.
pub const EXPOSURES_MIN: u64 = 30;

/// Why an item is not shown.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Suppressed {
    /// It was said that it must never come. Nothing lifts this.
    Never(Arc<Wish>),
    /// The host does not allow it. Nothing lifts this.
    NotAllowed,
    /// The purpose that is asked for may not be followed, whatever the item: see
    /// [`ForPurpose::rank`](crate::ForPurpose::rank).
    NotPermitted(PermissionReason),
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
            Self::Never(wish) => write!(f, "Never({:?})", wish.because),
            Self::NotAllowed => f.write_str("NotAllowed"),
            Self::NotPermitted(reason) => write!(f, "NotPermitted({reason:?})"),
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
    let sum = tastes.read(item, &mut pairs);
    let search = tastes.search(item, &sum);
    Ok(reason(&tastes, Candidate { item, pairs: &pairs, sum: &sum, product: shopper.of(item), search }))
}

/// An item, and what was found of it.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) item: &'a Item,
    pub(super) pairs: &'a [Pair],
    pub(super) sum: &'a Sum,
    pub(super) product: Option<&'a Product>,
    pub(super) search: Option<&'a Search>,
}

/// The first reason that holds.
pub(super) fn reason(tastes: &Tastes<'_>, candidate: Candidate<'_>) -> Option<Suppressed> {
    let Candidate { item, pairs, sum, product, search } = candidate;
    let (now, request) = (tastes.shopper.now().microseconds(), tastes.request);
    if let Some(wish) = tastes.never(item, pairs, sum) {
        return Some(Suppressed::Never(wish.clone()));
    }
    if request.allowed.is_some_and(|allowed| !allowed(item)) {
        return Some(Suppressed::NotAllowed);
    }
    let searched = search.map(|search| search.event.at.microseconds());
    let is_answered = |at: i64| searched.is_none_or(|searched| searched <= at);
    if let Some(product) = product {
        let variant = variant(item);
        if let Some(owned) = product.owned(variant).filter(|owned| is_answered(owned.bought_at.microseconds())) {
            if item.consumable == Consumable::No {
                return Some(Suppressed::Owned(owned));
            }
            if let Some(next) = product.next_due(item).filter(|next| now < next.microseconds()) {
                return Some(Suppressed::NotDue { next, owned });
            }
        }
        let rejected = product.rejected(variant).filter(|deed| is_answered(deed.at()));
        let since = now.saturating_sub(i64::from(request.rejected_days).saturating_mul(DAY));
        if let Some(deed) = rejected.filter(|deed| deed.at() > since) {
            return Some(Suppressed::Rejected { at: deed.event.at, because: deed.event.key.clone() });
        }
    }
    if searched.is_some() {
        return None;
    }
    if let Some(facet) = tastes.out_of_range(sum) {
        return Some(Suppressed::OutOfRange { facet });
    }
    tastes.uninteresting(pairs, sum)
}

//! What is known of somebody who looks at a catalogue.

use super::item::Item;
use super::search::Searches;
use crate::event::{Event, EventKind};
use crate::normalise::{glance, order_name, standing};
use crate::preference::{Deeds, Folded};
use crate::time::{DAY, Timestamp};
use ahash::AHashMap;
use smol_str::SmolStr;
use std::fmt;
use std::sync::Arc;

/// So many days a search is remembered, and what was put into the cart is taken to be there: 30.
pub const ATTENTION_DAYS: i64 = 30;

/// What the events of a profile until a time say of what it likes, owns and looks for: folded once, asked often.
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Item, Line, Shopper};
/// use std::sync::Arc;
/// let bought = Event::new("web", "o-7", "2026-03-03T10:00:00Z".parse()?, EventKind::Purchase)
///     .order("O-77")
///     .line(Line::new("book-1"));
/// let shopper = Shopper::fold(&[Arc::new(bought)], "2026-05-01T00:00:00Z".parse()?);
/// assert_eq!(shopper.owned(&Item::new("book-1")).and_then(|owned| owned.order), Some("O-77".into()));
/// assert!(shopper.owned(&Item::new("book-2")).is_none());
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone)]
pub struct Shopper {
    now: Timestamp,
    folded: Folded,
    // Invariant: searches, carts and rejections, by time and key, each once.
    attention: Vec<Arc<Event>>,
    // Invariant: what follows is made of the above.
    products: AHashMap<SmolStr, Product>,
    searches: Searches,
}

/// What was done with a product; all by time.
#[derive(Clone, Default)]
pub(super) struct Product {
    pub(super) kept: Vec<Deed>,
    pub(super) carted: Vec<Deed>,
    pub(super) rejected: Vec<Deed>,
}

/// One line of an event about a product.
#[derive(Clone)]
pub(super) struct Deed {
    pub(super) event: Arc<Event>,
    pub(super) variant: Option<SmolStr>,
}

impl Deed {
    pub(super) fn at(&self) -> i64 {
        self.event.at.microseconds()
    }

    /// Says whether it speaks of a variant; where either names none, of all.
    pub(super) fn is_of(&self, variant: Option<&str>) -> bool {
        match (&self.variant, variant) {
            (Some(own), Some(variant)) => own == variant,
            _ => true,
        }
    }
}

impl Shopper {
    /// Folds the events of a profile, in any order; what happened after `now` does not count. Of several versions of one
    /// event the one that [stands](Event::supersedes) counts. O(events, their facets, and the logarithm of how many are
    /// purchases).
    pub fn fold(events: &[Arc<Event>], now: Timestamp) -> Self {
        Self::fold_by(events, order_name, now)
    }

    /// Folds as [`fold`](Self::fold) does, where `id_of` says of which order a purchase or a return is: under a policy,
    /// [`order_id`](crate::order_id).
    pub fn fold_by(events: &[Arc<Event>], id_of: impl Fn(&Event) -> Option<SmolStr>, now: Timestamp) -> Self {
        let until = now.microseconds();
        let past: Vec<&Arc<Event>> = standing(events).filter(|event| event.at.microseconds() <= until).collect();
        let folded = Folded::of(past.iter().copied(), id_of);
        let since = attention_since(now);
        let attention = past.into_iter().filter(|event| is_attention(event, since)).cloned().collect();
        Self::new(folded, attention, now)
    }

    /// Takes deeds until a time that are folded already, and searches, carts and refusals.
    pub(crate) fn from_folded(folded: Folded, mut attention: Vec<Arc<Event>>, now: Timestamp) -> Self {
        let since = attention_since(now);
        attention.retain(|event| event.at.microseconds() <= now.microseconds() && is_attention(event, since));
        Self::new(folded, attention, now)
    }

    /// Adds what other events say, folded for the same time. The same events must not be in both. O(size of both).
    pub fn merge(&mut self, other: &Self) {
        let mut folded = std::mem::take(&mut self.folded);
        folded.merge(&other.folded);
        let mut attention = std::mem::take(&mut self.attention);
        attention.extend(other.attention.iter().cloned());
        *self = Self::new(folded, attention, self.now);
    }

    /// The time for which it was folded.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What was done, counted.
    pub fn deeds(&self) -> &Deeds {
        self.folded.deeds()
    }

    /// What was done with the product of an item.
    pub(super) fn of(&self, item: &Item) -> Option<&Product> {
        // What is no key of a product is none here either.
        self.products.get(glance::name(Some(&item.product))?)
    }

    pub(super) fn searches(&self) -> &Searches {
        &self.searches
    }

    /// The beginning of the days in which searches and carts are remembered.
    pub(super) fn attention_since(&self) -> i64 {
        attention_since(self.now)
    }

    fn new(folded: Folded, mut attention: Vec<Arc<Event>>, now: Timestamp) -> Self {
        attention.sort_unstable_by(|a, b| a.by_time(b));
        attention.dedup_by(|a, b| a.key == b.key);
        let mut shopper = Self { now, folded, attention, products: AHashMap::new(), searches: Searches::default() };
        let mut products: AHashMap<SmolStr, Product> = AHashMap::new();
        for purchase in shopper.folded.purchases().iter().filter(|purchase| purchase.is_kept()) {
            let Some(line) = purchase.line().filter(|line| !line.gift) else { continue };
            let Some(product) = glance::key(line.product.as_ref()) else { continue };
            let variant = glance::name(line.variant.as_ref()).map(SmolStr::new);
            entry(&mut products, product).kept.push(Deed { event: purchase.event.clone(), variant });
        }
        for event in &shopper.attention {
            for line in &event.lines {
                let Some(product) = glance::key(line.product.as_ref()) else { continue };
                let variant = glance::name(line.variant.as_ref()).map(SmolStr::new);
                let deed = Deed { event: event.clone(), variant };
                match event.kind {
                    EventKind::Cart => entry(&mut products, product).carted.push(deed),
                    EventKind::Rejected => entry(&mut products, product).rejected.push(deed),
                    _ => {}
                }
            }
        }
        shopper.products = products;
        shopper.searches = Searches::new(shopper.attention.iter().filter(|event| event.kind == EventKind::Search));
        shopper
    }
}

fn entry<'a>(products: &'a mut AHashMap<SmolStr, Product>, product: &str) -> &'a mut Product {
    products.entry(product.into()).or_default()
}

fn attention_since(now: Timestamp) -> i64 {
    now.microseconds().saturating_sub(ATTENTION_DAYS * DAY)
}

/// Says whether an event is looked at by itself; a cart lifts a refusal, however old both are.
fn is_attention(event: &Event, since: i64) -> bool {
    match event.kind {
        EventKind::Search => event.at.microseconds() > since,
        EventKind::Cart | EventKind::Rejected => true,
        _ => false,
    }
}

/// Two are equal if they were folded from the same for the same time.
impl PartialEq for Shopper {
    fn eq(&self, other: &Self) -> bool {
        (&self.now, &self.folded, &self.attention) == (&other.now, &other.folded, &other.attention)
    }
}

/// Shows how much is known.
impl fmt::Debug for Shopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shopper({:?}, {} products)", self.deeds(), self.products.len())
    }
}

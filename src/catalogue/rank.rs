//! Which items to show, in which order, and why.

use super::grounds::Grounds;
use super::item::{Consumable, Item};
use super::own::{Owned, variant};
use super::request::{RankRequest, Wish};
use super::search::Search;
use super::shopper::Shopper;
use super::suppress::{Candidate, Suppressed, reason};
use super::taste::{Tastes, stated_points};
use crate::error::Result;
use crate::event::{Event, Facet};
use crate::preference::day_of;
use crate::record::RecordKey;
use crate::time::Timestamp;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// What keeps these hashes apart from all others under one seed.
const EXPLORE: u8 = 32;

/// What to show, and what not.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The items to show, in order.
    pub shown: Vec<Ranked>,
    /// The items not to show, by their places in the list, and why.
    pub hidden: Vec<(usize, Suppressed)>,
    /// What she has already and is about to buy again.
    pub warnings: Vec<Warning>,
    /// How many of the searches of the last 30 days were not looked at, since newer ones ask for too many different things
    /// (more than 128).
    pub searches_left_out: usize,
}

/// An item to show.
#[derive(Clone, PartialEq)]
pub struct Ranked {
    /// Its place in the list of items.
    pub item: usize,
    /// How well it fits: the sum of the points of what it rests on, 0 for what is known of nobody.
    pub score: f64,
    /// How it came to its place.
    pub slot: Slot,
    /// What it rests on.
    pub because: Grounds,
}

/// How an item came to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// It was the best of those left.
    Best,
    /// It may be the best: its upper bound was the highest of those left.
    Explored,
    /// It matches what was searched for in the last 30 days; it stands where its score puts it.
    Searched,
}

/// Something that a score rests on.
#[derive(Clone, PartialEq)]
pub enum Ground {
    /// What was done.
    Observed(Arc<Observed>),
    /// What was said.
    Stated(Arc<Wish>),
    /// It matches a search; that adds nothing to the score.
    Searched(Arc<Event>),
}

/// What was done with a value, beside what everybody does.
#[derive(Clone, PartialEq)]
pub struct Observed {
    /// The facet, and the item's value of it.
    pub facet: Facet,
    /// How many times as much it is liked as by everybody.
    pub lift: f64,
    /// How much was done with it; deeds are weighed, nothing is faded, and the sum is rounded up.
    pub count: u64,
    /// What it adds to the score, or takes: ln lift under the weight of the facet.
    pub points: f64,
}

impl Ground {
    /// What it adds to the score, or takes.
    pub fn points(&self) -> f64 {
        match self {
            Self::Observed(observed) => observed.points,
            Self::Stated(wish) => stated_points(wish.polarity),
            Self::Searched(_) => 0.0,
        }
    }
}

/// Something that she has already and is about to buy again: "you bought this in March".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The item's place in the list.
    pub item: usize,
    /// What she has.
    pub owned: Owned,
    /// What shows that she wants it again.
    pub asked: Asked,
    /// When that was.
    pub at: Timestamp,
    /// Where.
    pub because: RecordKey,
}

/// How somebody asks for a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked {
    /// It is in the cart.
    InCart,
    /// It matches a search.
    Searched,
}

/// Shows numbers, no value.
impl fmt::Debug for Ranked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ranked({}, {:.4}, {:?}, {:?})", self.item, self.score, self.slot, self.because)
    }
}

/// Shows which it is, not of what.
impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Observed(observed) => fmt::Debug::fmt(observed, f),
            Self::Stated(wish) => fmt::Debug::fmt(wish, f),
            Self::Searched(event) => write!(f, "Searched({})", event.at),
        }
    }
}

/// Shows the numbers, not the value.
impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observed({:.4}, lift {:.2}, {})", self.points, self.lift, self.count)
    }
}

/// An item that may be shown.
struct Place<'a> {
    item: usize,
    score: f64,
    upper: f64,
    is_wished: bool,
    search: Option<&'a Search>,
    /// Its values.
    pairs: Range<u32>,
}

/// Ranks items for a shopper, the best first; what [`suppress`](crate::suppress) speaks against is hidden.
///
/// The score is the sum over facets of weight times ln lift, where the lift is that of the [`Affinity`](crate::Affinity);
/// several values of one facet share its weight, and the band of the price is a facet. A value that nobody is known to have
/// chosen counts 0. What was stated adds or takes ln 4, and beats what was observed: of what she likes nothing is taken,
/// to what she dislikes nothing added. Ties go by product, variant and place in the list.
///
/// Of every `ceil(1 / explore_share)` slots the last takes the item whose upper bound is highest (that of Wilson, 95 %, in
/// place of each share), ties by a keyed hash of product and day. What was searched for is never explored.
///
/// O(n log n) for n items, and once for each value what its days cost.
///
/// # Errors
/// `Input` where the request names a share or a weight that is none, or too many ranges.
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Item, LearnOptions, Line, Population, RankRequest, Shopper, SignalWeights, rank, tallies};
/// use std::sync::Arc;
/// let at = "2026-03-03T10:00:00Z".parse()?;
/// let bought = |key: &str, colour: &str| {
///     Arc::new(Event::new("web", key, at, EventKind::Purchase).line(Line::new(key).facet("colour", colour)))
/// };
/// let people = [[bought("1", "grey"), bought("2", "grey")], [bought("3", "red"), bought("4", "red")]];
/// let deeds: Vec<_> = people.iter().map(|events| tallies(events)).collect();
/// // Twenty of each.
/// let population = Population::learn_deeds(&vec![deeds; 20].concat(), &SignalWeights::default(), &LearnOptions::until(at))?;
///
/// let shopper = Shopper::fold(&people[0], at);
/// let items = [Item::new("2"), Item::new("5").facet("colour", "red"), Item::new("6").facet("colour", "grey")];
/// let ranking = rank(&shopper, &items, &RankRequest::new(&population))?;
/// let places: Vec<usize> = ranking.shown.iter().map(|ranked| ranked.item).collect();
/// assert_eq!((places, ranking.hidden.len()), (vec![2, 1], 1));
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn rank(shopper: &Shopper, items: &[Item], request: &RankRequest<'_>) -> Result<Ranking> {
    request.check()?;
    let mut tastes = Tastes::new(shopper, request);
    let mut pairs = Vec::with_capacity(items.len().saturating_mul(6));
    let mut ranking = Ranking {
        shown: Vec::with_capacity(items.len()),
        hidden: Vec::new(),
        warnings: Vec::new(),
        searches_left_out: shopper.searches().left_out,
    };
    let mut places = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        let start = pairs.len();
        let sum = tastes.read(item, &mut pairs);
        let own = pairs.get(start..).unwrap_or_default();
        let search = tastes.search(item, &sum);
        let candidate = Candidate { item, pairs: own, sum: &sum, product: shopper.of(item), search };
        ranking.warnings.extend(warning(shopper, place, candidate));
        match reason(&tastes, candidate) {
            Some(why) => ranking.hidden.push((place, why)),
            None => places.push(Place {
                item: place,
                score: sum.observed + sum.stated,
                search,
                // Never so many that they would not fit.
                pairs: start as u32..pairs.len() as u32,
                upper: sum.upper,
                is_wished: sum.is_wished,
            }),
        }
    }
    let names = |a: &Place<'_>, b: &Place<'_>| match (items.get(a.item), items.get(b.item)) {
        (Some(one), Some(other)) => (&one.product, &one.variant, a.item).cmp(&(&other.product, &other.variant, b.item)),
        _ => Ordering::Equal,
    };
    // What is sorted is small: places are large.
    let mut order: Vec<(i64, &Place<'_>)> = places.iter().map(|place| (rising(place.score), place)).collect();
    order.sort_unstable_by(|(one, a), (other, b)| other.cmp(one).then_with(|| names(a, b)));
    let explores = request.explore_share > 0.0;
    let every = if explores { (1.0 / request.explore_share).ceil() as usize } else { usize::MAX };
    let unasked = order.iter().enumerate().filter(|(_, (_, place))| explores && place.search.is_none());
    let bounds = unasked.map(|(rank, (_, place))| (rising(place.upper), Reverse(rank))).collect();
    let hash = |rank: &usize| {
        let item = order.get(*rank).and_then(|(_, place)| items.get(place.item));
        let product = item.map(|item| item.product.as_bytes()).unwrap_or_default();
        request.seed.hash_parts(EXPLORE, &[product, &day_of(shopper.now()).to_le_bytes()])
    };
    let (mut best, mut bold) = (0..order.len(), Bold { bounds, tied: Vec::new(), hash });
    let told = Arc::new(tastes.told(pairs));
    let mut is_taken = vec![false; order.len()];
    for slot in 1..=order.len() {
        let is_free = |rank: &usize| is_taken.get(*rank) == Some(&false);
        let explored = if slot % every == 0 { bold.find(is_free) } else { None };
        let Some(rank) = explored.or_else(|| best.find(is_free)) else { break };
        let (Some((_, place)), Some(is_taken)) = (order.get(rank), is_taken.get_mut(rank)) else { break };
        *is_taken = true;
        let slot = match (explored, place.search) {
            (Some(_), _) => Slot::Explored,
            (None, Some(_)) => Slot::Searched,
            (None, None) => Slot::Best,
        };
        let mut more = Vec::new();
        if let Some(item) = items.get(place.item).filter(|_| place.is_wished) {
            more.extend(tastes.said(item, told.pairs_of(&place.pairs)));
        }
        more.extend(place.search.map(|search| Ground::Searched(search.event.clone())));
        let because = Grounds::new(&told, place.pairs.clone(), more);
        ranking.shown.push(Ranked { item: place.item, score: place.score, slot, because });
    }
    Ok(ranking)
}

/// The items that may be explored, by their ranks: the highest bound first, those of one bound by their hash and rank. Few of
/// many are asked for, so they are not sorted.
struct Bold<H> {
    bounds: BinaryHeap<(i64, Reverse<usize>)>,
    /// Those of one bound, the last first.
    tied: Vec<usize>,
    hash: H,
}

impl<H: Fn(&usize) -> u128> Iterator for Bold<H> {
    type Item = usize;

    /// O(log n), and of many that are tied once what they cost to sort.
    fn next(&mut self) -> Option<usize> {
        if let Some(next) = self.tied.pop() {
            return Some(next);
        }
        let (bound, Reverse(first)) = self.bounds.pop()?;
        while let Some((_, Reverse(rank))) = self.bounds.peek().copied().filter(|(other, _)| *other == bound) {
            self.bounds.pop();
            self.tied.push(rank);
        }
        if self.tied.is_empty() {
            return Some(first);
        }
        self.tied.push(first);
        self.tied.sort_by_cached_key(|rank| Reverse(((self.hash)(rank), *rank)));
        self.tied.pop()
    }
}

/// A number that orders as [`f64::total_cmp`] does.
fn rising(number: f64) -> i64 {
    let bits = number.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// Warns where somebody has a thing, and has put it into the cart or searched for it since. A thing that is used up is bought
/// again.
fn warning(shopper: &Shopper, place: usize, candidate: Candidate<'_>) -> Option<Warning> {
    let Candidate { item, product, search, .. } = candidate;
    let (product, variant) = (product.filter(|_| item.consumable == Consumable::No)?, variant(item));
    let bought = product.kept(variant).next_back()?.at();
    let carted = product.carted(variant).map(|deed| &deed.event);
    let carted = carted.filter(|event| event.at.microseconds() > shopper.attention_since().max(bought));
    let searched = search.map(|search| &search.event).filter(|event| event.at.microseconds() > bought);
    let (asked, event) = match carted {
        Some(event) => (Asked::InCart, event),
        None => (Asked::Searched, searched?),
    };
    Some(Warning { item: place, owned: product.owned(variant)?, asked, at: event.at, because: event.key.clone() })
}

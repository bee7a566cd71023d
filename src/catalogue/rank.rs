//! Which items to show, in which order, and why.

use super::item::{Consumable, Item};
use super::own::Owned;
use super::request::RankRequest;
use super::search::Search;
use super::shopper::Shopper;
use super::suppress::{Suppressed, reason};
use super::taste::{Pair, Tastes, stated_points};
use crate::error::Result;
use crate::event::{Facet, Polarity};
use crate::id::Seed;
use crate::preference::day_of;
use crate::record::RecordKey;
use crate::time::Timestamp;
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Range};

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
    pub because: Vec<Ground>,
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
    Observed {
        /// The facet, and the item's value of it.
        facet: Facet,
        /// How many times as much it is liked as by everybody.
        lift: f64,
        /// How much was done with it; deeds are weighed, nothing is faded, and the sum is rounded up.
        count: u64,
        /// What it adds to the score, or takes.
        points: f64,
    },
    /// What was said.
    Stated {
        /// The facet, or `product`, and the value that was named.
        wish: Facet,
        /// Whether it is wanted.
        polarity: Polarity,
        /// Where it was said.
        because: RecordKey,
        /// What it adds to the score, or takes.
        points: f64,
    },
    /// It matches a search; that adds nothing to the score.
    Searched {
        /// When.
        at: Timestamp,
        /// Where.
        because: RecordKey,
    },
}

impl Ground {
    /// What it adds to the score, or takes.
    pub fn points(&self) -> f64 {
        match self {
            Self::Observed { points, .. } | Self::Stated { points, .. } => *points,
            Self::Searched { .. } => 0.0,
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
            Self::Observed { points, count, .. } => write!(f, "Observed({points:.4}, {count})"),
            Self::Stated { points, polarity, .. } => write!(f, "Stated({points:.4}, {polarity:?})"),
            Self::Searched { at, .. } => write!(f, "Searched({at})"),
        }
    }
}

/// An item that may be shown.
struct Candidate<'a> {
    item: usize,
    score: f64,
    upper: f64,
    search: Option<&'a Search>,
    /// Its values.
    pairs: Range<usize>,
    is_placed: bool,
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
/// let options = LearnOptions { profiles_min: 1, ..LearnOptions::until(at) };
/// let population = Population::learn_deeds(&deeds, &SignalWeights::default(), &options)?;
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
    let ends: Vec<usize> = items
        .iter()
        .map(|item| {
            tastes.read(item, &mut pairs);
            pairs.len()
        })
        .collect();
    let explores = request.explore_share > 0.0;
    let mut candidates = Vec::with_capacity(items.len());
    let mut ranking = Ranking { shown: Vec::new(), hidden: Vec::new(), warnings: Vec::new(), searches_left_out: 0 };
    ranking.searches_left_out = shopper.searches().left_out;
    let mut start = 0;
    for ((place, item), end) in items.iter().enumerate().zip(ends) {
        let own = pairs.get(start..end).unwrap_or_default();
        let range = start..end;
        start = end;
        let search = tastes.search(item, own);
        ranking.warnings.extend(warning(shopper, place, item, search));
        if let Some(why) = reason(&tastes, item, own, search) {
            ranking.hidden.push((place, why));
            continue;
        }
        // From 0 on: the sum of nothing is -0, which sorts below 0.
        let observed = own.iter().map(|pair| tastes.points(*pair, own)).fold(0.0, f64::add);
        let stated = tastes.stated(item, own).map(|wish| stated_points(wish.polarity)).fold(0.0, f64::add);
        let upper = if explores && search.is_none() { tastes.upper(item, own) } else { 0.0 };
        let score = observed + stated;
        candidates.push(Candidate { item: place, score, upper, search, pairs: range, is_placed: false });
    }
    let names = |a: &Candidate<'_>, b: &Candidate<'_>| match (items.get(a.item), items.get(b.item)) {
        (Some(one), Some(other)) => (&one.product, &one.variant, a.item).cmp(&(&other.product, &other.variant, b.item)),
        _ => Ordering::Equal,
    };
    candidates.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then_with(|| names(a, b)));
    let bold = if explores { bold(&candidates, items, request.seed, day_of(shopper.now())) } else { Vec::new() };
    let every = if explores { (1.0 / request.explore_share).ceil() as usize } else { usize::MAX };
    let mut bold = bold.into_iter();
    let mut next = 0;
    ranking.shown.reserve(candidates.len());
    for slot in 1..=candidates.len() {
        let is_placed = |place: &usize| candidates.get(*place).is_none_or(|candidate| candidate.is_placed);
        let explored = if slot % every == 0 { bold.find(|place| !is_placed(place)) } else { None };
        let place = explored.unwrap_or_else(|| {
            while is_placed(&next) && next < candidates.len() {
                next += 1;
            }
            next
        });
        let Some(candidate) = candidates.get_mut(place) else { break };
        candidate.is_placed = true;
        let own = pairs.get(candidate.pairs.clone()).unwrap_or_default();
        let slot = match (explored, candidate.search) {
            (Some(_), _) => Slot::Explored,
            (None, Some(_)) => Slot::Searched,
            (None, None) => Slot::Best,
        };
        let because = because(&tastes, items.get(candidate.item), own, candidate.search);
        ranking.shown.push(Ranked { item: candidate.item, score: candidate.score, slot, because });
    }
    Ok(ranking)
}

/// The candidates that may be explored, by their places, the highest bound first.
fn bold(candidates: &[Candidate<'_>], items: &[Item], seed: Seed, day: i32) -> Vec<usize> {
    let unasked = candidates.iter().enumerate().filter(|(_, candidate)| candidate.search.is_none());
    let mut bold: Vec<(f64, usize)> = unasked.map(|(place, candidate)| (candidate.upper, place)).collect();
    // Candidates stand in an order that is total, so their places are.
    bold.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let hash = |(_, place): &(f64, usize)| {
        let item = candidates.get(*place).and_then(|candidate| items.get(candidate.item));
        let product = item.map(|item| item.product.as_bytes()).unwrap_or_default();
        seed.hash_parts(EXPLORE, &[product, &day.to_le_bytes()])
    };
    for tied in bold.chunk_by_mut(|a, b| a.0.total_cmp(&b.0).is_eq()).filter(|tied| tied.len() > 1) {
        tied.sort_by_cached_key(hash);
    }
    bold.into_iter().map(|(_, place)| place).collect()
}

fn because(tastes: &Tastes<'_>, item: Option<&Item>, pairs: &[Pair], search: Option<&Search>) -> Vec<Ground> {
    let observed = pairs.iter().filter_map(|pair| {
        let (points, value) = (tastes.points(*pair, pairs), tastes.value(*pair)?);
        let facet = || Facet { name: tastes.name(*pair), value: value.value.clone() };
        (points != 0.0).then(|| Ground::Observed { facet: facet(), lift: value.lift, count: value.count, points })
    });
    let stated = item.into_iter().flat_map(|item| tastes.stated(item, pairs)).map(|wish| Ground::Stated {
        wish: Facet { name: wish.attribute.clone(), value: wish.value.clone() },
        polarity: wish.polarity,
        because: wish.because.clone(),
        points: stated_points(wish.polarity),
    });
    let searched = search.map(|search| Ground::Searched { at: search.event.at, because: search.event.key.clone() });
    observed.chain(stated).chain(searched).collect()
}

/// Warns where somebody has a thing, and has put it into the cart or searched for it since. A thing that is used up is bought
/// again.
fn warning(shopper: &Shopper, place: usize, item: &Item, search: Option<&Search>) -> Option<Warning> {
    if item.consumable != Consumable::No {
        return None;
    }
    let bought = shopper.kept(item).next_back()?.at();
    let is_later = |at: i64| at > bought;
    let carted = shopper.carted(item).filter(|deed| is_later(deed.at()));
    let (asked, event) = match carted {
        Some(deed) => (Asked::InCart, &deed.event),
        None => (Asked::Searched, &search.filter(|search| is_later(search.event.at.microseconds()))?.event),
    };
    let owned = shopper.owned(item)?;
    Some(Warning { item: place, owned, asked, at: event.at, because: event.key.clone() })
}

//! What a shopper thinks of the values of facets: worked out once for each value that a list of items has.

use super::grounds::Told;
use super::item::Item;
use super::rank::{Ground, Observed};
use super::request::{RankRequest, Wish};
use super::search::Search;
use super::shopper::Shopper;
use super::suppress::{EXPOSURES_MIN, Suppressed};
use crate::decimal::Decimal;
use crate::event::{Facet, Polarity};
use crate::normalise::glance;
use crate::preference::{Counted, FacetPrior, PRICE, PriceBand, Reading, Weighed, day_of};
use crate::statistics::beta_quantile;
use ahash::AHashMap;
use smol_str::SmolStr;
use std::sync::Arc;

/// What a stated like adds to the score, and a dislike takes: ln 4, as much as what is liked four times as much as by
/// others.
const STATED: f64 = 2.0 * std::f64::consts::LN_2;

/// A value is uninteresting if less than this part of everybody's share is taken up.
const INTEREST_MIN: f64 = 0.25;

/// Mass of a posterior above a bound.
const TAIL: f64 = 0.05;

/// The 95 % quantile of the normal distribution.
const Z: f64 = 1.644_853_626_951_472_2;

/// Room for as many values of a facet as most have.
const VALUES: usize = 112;

/// The attribute under which a wish is about a product.
const PRODUCT: &str = "product";

/// A value of a facet: where what is thought of it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    facet: u32,
    pub(super) value: u32,
    /// How many values of the facet the item has: they share its weight.
    pub(super) alike: u32,
}

/// What is thought of all values of an item together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    /// What they add to its score by what was done.
    pub(super) observed: f64,
    /// What they may add at most, with 95 % probability.
    pub(super) upper: f64,
    /// What was said adds.
    pub(super) stated: f64,
    pub(super) is_wished: bool,
    is_uninteresting: bool,
    /// The conditions of searches that are met.
    met: u128,
    /// The ranges that a value is asked of, and those that one is in.
    ranged: u64,
    inside: u64,
}

pub(super) struct Tastes<'a> {
    pub(super) shopper: &'a Shopper,
    pub(super) request: &'a RankRequest<'a>,
    deeds: Weighed<'a>,
    wishes: AHashMap<SmolStr, AHashMap<SmolStr, Arc<Wish>>>,
    facets: Vec<FacetTaste<'a>>,
    /// By the place of the value, and beside it the details.
    tastes: Vec<Taste>,
    details: Vec<Detail>,
    /// None where it adds nothing.
    observed: Vec<Option<Observed>>,
    prices: Vec<(SmolStr, PriceBand, Pair)>,
    /// Whether there is a wish or a search that a value could meet.
    listens: bool,
}

struct FacetTaste<'a> {
    /// As items write it.
    name: SmolStr,
    /// As it is read; none where it says nothing.
    read: Option<SmolStr>,
    folded: SmolStr,
    weight: f64,
    reading: Option<Reading<'a>>,
    /// The values that were shown to her often enough to tell, ascending: how often, and how often that was taken up.
    shown: Vec<(&'a str, u64, u64)>,
    /// The bit of its range, or none.
    range: u64,
    values: AHashMap<SmolStr, usize>,
}

/// What is thought of a value: what every item that has it asks for.
#[derive(Clone, Default)]
struct Taste {
    /// What it adds by what was done, under the weight of its facet.
    points: f64,
    /// What it may add at most, with 95 % probability.
    upper: f64,
    /// The conditions of searches that it meets.
    searched: u128,
    in_range: bool,
    is_wished: bool,
    is_uninteresting: bool,
}

/// What is asked for where something is to be explained.
#[derive(Clone, Default)]
struct Detail {
    value: SmolStr,
    wish: Option<Arc<Wish>>,
    /// Where it does not interest: the bound, and how often it was shown.
    uninteresting: Option<(f64, u64)>,
}

impl<'a> Tastes<'a> {
    /// O(wishes).
    pub(super) fn new(shopper: &'a Shopper, request: &'a RankRequest<'a>) -> Self {
        let mut wishes: AHashMap<SmolStr, AHashMap<SmolStr, Arc<Wish>>> = AHashMap::new();
        let rank = |wish: &Wish| (wish.polarity == Polarity::Never, wish.said_at.microseconds(), wish.because.clone());
        for wish in &request.wishes {
            let (attribute, value) = (glance::fold(&wish.attribute), glance::fold(&wish.value));
            let of_attribute = wishes.entry(attribute.into()).or_default();
            let stands = of_attribute.entry(value.into()).or_insert_with(|| Arc::new(wish.clone()));
            if (rank(wish), wish.polarity) > (rank(stands), stands.polarity) {
                *stands = Arc::new(wish.clone());
            }
        }
        let deeds = Weighed::new(shopper.deeds(), &request.signals);
        let listens = !wishes.is_empty() || !shopper.searches().is_empty();
        Self {
            shopper,
            request,
            deeds,
            wishes,
            facets: Vec::new(),
            tastes: Vec::with_capacity(4 * VALUES),
            details: Vec::with_capacity(4 * VALUES),
            observed: Vec::with_capacity(4 * VALUES),
            prices: Vec::new(),
            listens,
        }
    }

    /// Reads the values of an item, each once, after what stands in `pairs`. A look-up for each facet; a value that is new costs
    /// a few more, and a facet that is new the days of all its values.
    pub(super) fn read(&mut self, item: &Item, pairs: &mut Vec<Pair>) -> Sum {
        let start = pairs.len();
        let mut has_price = false;
        for (place, facet) in item.facets.iter().enumerate() {
            has_price |= facet.name == PRICE;
            let pair = self.pair(place, &facet.name, &facet.value);
            add(pairs, start, pair);
        }
        if let Some((price, currency)) = item.price.as_ref().filter(|_| !has_price)
            && let Some(pair) = self.price(item.facets.len(), *price, currency)
        {
            add(pairs, start, pair);
        }
        let mut sum = Sum::default();
        for pair in pairs.get(start..).unwrap_or_default() {
            let Some(taste) = self.tastes.get(pair.value as usize) else { continue };
            // To divide by one takes as long as all the rest.
            let (points, upper) = if pair.alike == 1 {
                (taste.points, taste.upper)
            } else {
                (taste.points / f64::from(pair.alike), taste.upper / f64::from(pair.alike))
            };
            sum.observed += points;
            sum.upper += upper;
            sum.is_wished |= taste.is_wished;
            sum.is_uninteresting |= taste.is_uninteresting;
            sum.met |= taste.searched;
            if !self.request.ranges.is_empty() {
                let range = self.facets.get(pair.facet as usize).map_or(0, |facet| facet.range);
                sum.ranged |= range;
                sum.inside |= if taste.in_range { range } else { 0 };
            }
        }
        sum.met |= self.shopper.searches().met_by_product(&item.product);
        sum.is_wished |= self.of_product(item).is_some();
        if sum.is_wished {
            let own = pairs.get(start..).unwrap_or_default();
            sum.stated = self.stated(item, own).map(|wish| stated_points(wish.polarity)).sum();
            sum.upper += sum.stated;
        }
        sum
    }

    /// What was done with the values of items, to be told later.
    pub(super) fn told(&mut self, pairs: Vec<Pair>) -> Told {
        Told { pairs, observed: std::mem::take(&mut self.observed) }
    }

    /// What was said of an item, that its score rests on.
    pub(super) fn said(&self, item: &Item, pairs: &[Pair]) -> impl Iterator<Item = Ground> {
        self.stated(item, pairs).map(|wish| Ground::Stated(wish.clone()))
    }

    fn detail(&self, pair: Pair) -> Option<&Detail> {
        self.details.get(pair.value as usize)
    }

    /// The wishes that an item meets: of its values, and of the product.
    fn stated(&self, item: &Item, pairs: &[Pair]) -> impl Iterator<Item = &Arc<Wish>> {
        pairs.iter().filter_map(|pair| self.detail(*pair)?.wish.as_ref()).chain(self.of_product(item))
    }

    fn of_product(&self, item: &Item) -> Option<&Arc<Wish>> {
        // Products are folded only where somebody has spoken of one.
        self.wishes.get(PRODUCT)?.get(glance::fold(&item.product).as_ref())
    }

    /// The newest search that an item matches.
    pub(super) fn search(&self, item: &Item, sum: &Sum) -> Option<&'a Search> {
        self.shopper.searches().newest(sum.met, item.product.trim())
    }

    /// A wish that the item must never come; the newest.
    pub(super) fn never(&self, item: &Item, pairs: &[Pair], sum: &Sum) -> Option<&Arc<Wish>> {
        if !sum.is_wished {
            return None;
        }
        let never = self.stated(item, pairs).filter(|wish| wish.polarity == Polarity::Never);
        never.max_by(|a, b| (a.said_at.microseconds(), a).cmp(&(b.said_at.microseconds(), b)))
    }

    /// A facet of whose range the item has no value; the first of the request.
    pub(super) fn out_of_range(&self, sum: &Sum) -> Option<SmolStr> {
        let outside = sum.ranged & !sum.inside;
        let first = usize::try_from(outside.trailing_zeros()).ok()?;
        self.request.ranges.get(first).filter(|_| outside != 0).map(|(facet, _)| facet.clone())
    }

    /// The value of an item that interests least, if one does not.
    pub(super) fn uninteresting(&self, pairs: &[Pair], sum: &Sum) -> Option<Suppressed> {
        if !sum.is_uninteresting {
            return None;
        }
        let of_pair = |pair: &Pair| {
            let (upper, seen) = self.detail(*pair)?.uninteresting?;
            let name = self.facets.get(pair.facet as usize)?.read.clone()?;
            Some((upper, seen, Facet { name, value: self.detail(*pair)?.value.clone() }))
        };
        let found = pairs.iter().filter_map(of_pair);
        let least = found.min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| (a.1, &a.2).cmp(&(b.1, &b.2))))?;
        let (upper, seen, facet) = least;
        Some(Suppressed::Uninteresting { facet, upper, seen })
    }

    /// The band of a price.
    fn price(&mut self, place: usize, price: Decimal, currency: &SmolStr) -> Option<Pair> {
        let band = PriceBand::of(price)?;
        if let Some((.., pair)) = self.prices.iter().find(|(known, of, _)| *of == band && known == currency) {
            return Some(*pair);
        }
        let name = band.name(glance::currency(currency)?);
        let pair = self.pair(place, &SmolStr::new_static(PRICE), &name);
        self.prices.push((currency.clone(), band, pair));
        Some(pair)
    }

    fn pair(&mut self, place: usize, name: &SmolStr, value: &SmolStr) -> Pair {
        // Items of one kind have the same facets in the same order.
        let facet = match self.facets.get(place) {
            Some(known) if known.name == *name => place,
            _ => match self.facets.iter().position(|known| known.name == *name) {
                Some(place) => place,
                None => {
                    self.facets.push(self.facet(name));
                    self.facets.len() - 1
                }
            },
        };
        let known = self.facets.get(facet).and_then(|facet| facet.values.get(value)).copied();
        let value = known.unwrap_or_else(|| {
            let found = self.facets.get(facet).and_then(|facet| self.taste(facet, value));
            let (taste, detail, observed) = found.unwrap_or_default();
            let place = self.tastes.len();
            self.tastes.push(taste);
            self.details.push(detail);
            self.observed.push(observed);
            if let Some(facet) = self.facets.get_mut(facet) {
                facet.values.insert(value.clone(), place);
            }
            place
        });
        // Never so many that they would not fit.
        Pair { facet: facet as u32, value: value as u32, alike: 1 }
    }

    fn facet(&self, sent: &SmolStr) -> FacetTaste<'a> {
        let read = glance::word(sent).map(SmolStr::new);
        let name = read.as_deref().unwrap_or_default();
        let weight =
            self.request.weights.iter().rev().find(|(facet, _)| facet == name).map_or(1.0, |(_, weight)| *weight);
        let today = day_of(self.shopper.now());
        let reading = Reading::new(self.request.population, name, &self.deeds, today);
        let counts_exposure =
            weight > 0.0 && reading.as_ref().is_some_and(|reading| reading.prior().exposure.is_some());
        let deeds = self.shopper.deeds();
        let exposures = counts_exposure.then(|| deeds.exposures(name, today)).into_iter().flatten();
        let shown = exposures.filter(|(_, shown, _)| *shown >= EXPOSURES_MIN);
        let range = self.request.ranges.iter().position(|(facet, _)| facet == name).map_or(0, |place| 1 << place);
        FacetTaste {
            folded: SmolStr::new(glance::fold(name)),
            weight,
            shown: shown.map(|(value, shown, taken_up)| (value.as_str(), shown, taken_up)).collect(),
            reading,
            range,
            values: AHashMap::with_capacity(VALUES),
            read,
            name: sent.clone(),
        }
    }

    /// None where facet or value say nothing.
    fn taste(&self, facet: &FacetTaste<'a>, sent: &str) -> Option<(Taste, Detail, Option<Observed>)> {
        let (name, value) = (facet.read.as_ref()?, glance::word(sent)?);
        let (mut taste, mut detail) = (Taste::default(), Detail { value: value.into(), ..Detail::default() });
        if self.listens || facet.range != 0 {
            let folded = glance::fold(value);
            detail.wish = self.wishes.get(&facet.folded).and_then(|wishes| wishes.get(folded.as_ref())).cloned();
            taste.is_wished = detail.wish.is_some();
            taste.searched = self.shopper.searches().met_by(&facet.folded, &folded);
            taste.in_range = facet.range != 0 && self.is_in_range(name, &folded);
        }
        let Some(reading) = &facet.reading else { return Some((taste, detail, None)) };
        let mut observed = None;
        let chosen = reading.of(value);
        let expected = reading.expected(value, chosen);
        let polarity = detail.wish.as_ref().map(|wish| wish.polarity);
        let stated = |ln: f64| match polarity {
            Some(Polarity::Like) => ln.max(0.0),
            Some(Polarity::Dislike | Polarity::Never) => ln.min(0.0),
            None => ln,
        };
        // What neither she nor anybody is known to have chosen may be new: it is not held against it.
        if chosen.count > 0 || expected.is_named {
            let lift = expected.share / expected.of_all;
            let points = facet.weight * stated(finite(lift.ln()));
            if points != 0.0 {
                let of = Facet { name: name.clone(), value: detail.value.clone() };
                let count = chosen.deeds(self.deeds.parts());
                taste.points = points;
                observed = Some(Observed { facet: of, lift, count, points });
            }
        }
        if self.request.explore_share > 0.0 {
            let upper = wilson_upper(expected.share, reading.weight()) / expected.of_all;
            taste.upper = facet.weight * stated(finite(upper.ln()));
        }
        if polarity != Some(Polarity::Like) {
            detail.uninteresting = facet.uninteresting(reading.prior(), value);
            taste.is_uninteresting = detail.uninteresting.is_some();
        }
        Some((taste, detail, observed))
    }

    /// Says whether a folded value is in one of the ranges of a facet.
    fn is_in_range(&self, facet: &str, folded: &str) -> bool {
        let of_facet = self.request.ranges.iter().filter(|(name, _)| name == facet);
        of_facet.flat_map(|(_, values)| values).any(|value| glance::fold(value) == folded)
    }
}

impl FacetTaste<'_> {
    /// The bound of what is taken up, and how often it was shown, where that is known to be little.
    fn uninteresting(&self, prior: &FacetPrior, value: &str) -> Option<(f64, u64)> {
        let everybody = prior.exposure.as_ref()?;
        let place = self.shown.binary_search_by(|(known, ..)| (*known).cmp(value)).ok()?;
        let (_, shown, taken_up) = *self.shown.get(place)?;
        let left = shown.saturating_sub(taken_up);
        let upper = beta_quantile(1.0 - TAIL, taken_up as f64 + 0.5, left as f64 + 0.5);
        (upper < INTEREST_MIN * everybody.rate(value)).then_some((upper, shown))
    }
}

/// Adds a value that is not yet there to those that begin at `start`.
fn add(pairs: &mut Vec<Pair>, start: usize, mut pair: Pair) {
    let own = pairs.get_mut(start..).unwrap_or_default();
    // Items list each facet once as a rule, in one order.
    if own.iter().all(|known| known.facet < pair.facet) {
        return pairs.push(pair);
    }
    if own.iter().any(|known| known.value == pair.value) {
        return;
    }
    let alike = own.iter().filter(|known| known.facet == pair.facet).count();
    if alike > 0 {
        pair.alike += alike as u32;
        own.iter_mut().filter(|known| known.facet == pair.facet).for_each(|known| known.alike = pair.alike);
    }
    pairs.push(pair);
}

/// What was said adds to a score, or takes.
pub(super) fn stated_points(polarity: Polarity) -> f64 {
    match polarity {
        Polarity::Like => STATED,
        Polarity::Dislike | Polarity::Never => -STATED,
    }
}

/// A number, or nothing: shares of a population are data, and may be anything.
fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}

/// The score bound of a share that rests on so many deeds (Wilson, 1927): near the quantile of the posterior, at the cost of
/// a square root.
fn wilson_upper(share: f64, n: f64) -> f64 {
    let square = Z * Z;
    let middle = share + square / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + square / (4.0 * n * n)).max(0.0).sqrt();
    ((middle + half) / (1.0 + square / n)).min(1.0)
}

//! What a shopper thinks of the values of facets: worked out once for each value that a list of items has.

use super::item::Item;
use super::request::{RankRequest, Wish};
use super::search::Search;
use super::shopper::Shopper;
use super::suppress::{EXPOSURES_MIN, Suppressed};
use crate::event::{Facet, Polarity};
use crate::normalise::glance;
use crate::preference::{Counted, PRICE, PriceBand, Reading, Weighed, day_of};
use crate::statistics::beta_quantile;
use ahash::AHashMap;
use smol_str::SmolStr;
use std::ops::Add;

/// What a stated like adds to the score, and a dislike takes: ln 4, as much as what is liked four times as much as by
/// others.
const STATED: f64 = 2.0 * std::f64::consts::LN_2;

/// A value is uninteresting if less than this part of everybody's share is taken up.
const INTEREST_MIN: f64 = 0.25;

/// Mass of a posterior above a bound.
const TAIL: f64 = 0.05;

/// The 95 % quantile of the normal distribution.
const Z: f64 = 1.644_853_626_951_472_2;

/// The attribute under which a wish is about a product.
const PRODUCT: &str = "product";

/// A value of a facet: where what is thought of it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    facet: usize,
    value: usize,
}

pub(super) struct Tastes<'a> {
    pub(super) shopper: &'a Shopper,
    pub(super) request: &'a RankRequest<'a>,
    deeds: Weighed<'a>,
    wishes: AHashMap<SmolStr, AHashMap<SmolStr, &'a Wish>>,
    facets: Vec<FacetTaste<'a>>,
    values: Vec<ValueTaste<'a>>,
    prices: Vec<(SmolStr, PriceBand, Pair)>,
}

struct FacetTaste<'a> {
    /// As items write it.
    name: SmolStr,
    /// As it is read; none where it says nothing.
    read: Option<SmolStr>,
    folded: SmolStr,
    weight: f64,
    reading: Option<Reading<'a>>,
    /// The bit of its range, or none.
    range: u64,
    values: AHashMap<SmolStr, usize>,
}

/// What is thought of a value.
#[derive(Clone, Default)]
pub(super) struct ValueTaste<'a> {
    pub(super) value: SmolStr,
    /// What it adds to a score by what was done, under the weight of its facet.
    pub(super) points: f64,
    /// What it may add at most, with 95 % probability.
    upper: f64,
    pub(super) lift: f64,
    /// What was done with it weighs so much, nothing faded, rounded up.
    pub(super) count: u64,
    pub(super) wish: Option<&'a Wish>,
    searched: u128,
    in_range: bool,
    /// Where it does not interest: the bound, and how often it was shown.
    uninteresting: Option<(f64, u64)>,
}

impl<'a> Tastes<'a> {
    /// O(wishes).
    pub(super) fn new(shopper: &'a Shopper, request: &'a RankRequest<'a>) -> Self {
        let mut wishes: AHashMap<SmolStr, AHashMap<SmolStr, &Wish>> = AHashMap::new();
        let rank = |wish: &Wish| (wish.polarity == Polarity::Never, wish.said_at.microseconds(), wish.because.clone());
        for wish in &request.wishes {
            let (attribute, value) = (glance::fold(&wish.attribute), glance::fold(&wish.value));
            let stands = wishes.entry(attribute.into()).or_default().entry(value.into()).or_insert(wish);
            if (rank(wish), wish.polarity) > (rank(stands), stands.polarity) {
                *stands = wish;
            }
        }
        let deeds = Weighed::new(shopper.deeds(), &request.signals);
        Self { shopper, request, deeds, wishes, facets: Vec::new(), values: Vec::new(), prices: Vec::new() }
    }

    /// Reads the values of an item, each once, after what stands in `pairs`. A look-up for each facet; a value that is new costs
    /// its days, and a facet that is new the days of all its values.
    pub(super) fn read(&mut self, item: &Item, pairs: &mut Vec<Pair>) {
        let start = pairs.len();
        let mut add = |pair| {
            if !pairs.iter().skip(start).any(|known| *known == pair) {
                pairs.push(pair);
            }
        };
        let mut has_price = false;
        for (place, facet) in item.facets.iter().enumerate() {
            has_price |= facet.name == PRICE;
            add(self.pair(place, &facet.name, &facet.value));
        }
        if has_price {
            return;
        }
        if let Some((price, currency)) = &item.price
            && let Some(band) = PriceBand::of(*price)
        {
            let known =
                self.prices.iter().find(|(known, of, _)| known == currency && *of == band).map(|(.., pair)| *pair);
            let known = known.or_else(|| {
                let name = band.name(glance::currency(currency)?);
                let pair = self.pair(item.facets.len(), PRICE, &name);
                self.prices.push((currency.clone(), band, pair));
                Some(pair)
            });
            known.into_iter().for_each(add);
        }
    }

    /// What is thought of a value.
    pub(super) fn value(&self, pair: Pair) -> Option<&ValueTaste<'a>> {
        self.values.get(pair.value)
    }

    /// The name of a facet.
    pub(super) fn name(&self, pair: Pair) -> SmolStr {
        self.facets.get(pair.facet).and_then(|facet| facet.read.clone()).unwrap_or_default()
    }

    /// What an item's value adds to its score by what was done: several values of one facet share its weight.
    pub(super) fn points(&self, pair: Pair, pairs: &[Pair]) -> f64 {
        self.value(pair).map_or(0.0, |value| value.points / alike(pair, pairs))
    }

    /// What the values of an item may add at most, and what was stated.
    pub(super) fn upper(&self, item: &Item, pairs: &[Pair]) -> f64 {
        let of_pair = |pair: &Pair| self.value(*pair).map_or(0.0, |value| value.upper / alike(*pair, pairs));
        let stated = self.stated(item, pairs).map(|wish| stated_points(wish.polarity));
        pairs.iter().map(of_pair).chain(stated).fold(0.0, f64::add)
    }

    /// The wishes that an item meets: of its values, and of the product.
    pub(super) fn stated(&self, item: &Item, pairs: &[Pair]) -> impl Iterator<Item = &'a Wish> {
        let of_values = pairs.iter().filter_map(|pair| self.value(*pair)?.wish);
        of_values.chain(self.of_product(item))
    }

    fn of_product(&self, item: &Item) -> Option<&'a Wish> {
        // Products are folded only where somebody has spoken of one.
        self.wishes.get(PRODUCT)?.get(glance::fold(&item.product).as_ref()).copied()
    }

    /// The newest search that an item matches.
    pub(super) fn search(&self, item: &Item, pairs: &[Pair]) -> Option<&'a Search> {
        let searches = self.shopper.searches();
        let of_values = pairs.iter().filter_map(|pair| self.value(*pair)).fold(0, |met, value| met | value.searched);
        searches.newest(of_values | searches.met_by_product(&item.product), item.product.trim())
    }

    /// A wish that the item must never come; the newest.
    pub(super) fn never(&self, item: &Item, pairs: &[Pair]) -> Option<&'a Wish> {
        let never = self.stated(item, pairs).filter(|wish| wish.polarity == Polarity::Never);
        never.max_by(|a, b| (a.said_at.microseconds(), a).cmp(&(b.said_at.microseconds(), b)))
    }

    /// A facet of whose range the item has no value; the first of the request.
    pub(super) fn out_of_range(&self, pairs: &[Pair]) -> Option<SmolStr> {
        let (mut ranged, mut inside) = (0, 0);
        for pair in pairs {
            let bit = self.facets.get(pair.facet).map_or(0, |facet| facet.range);
            ranged |= bit;
            if self.value(*pair).is_some_and(|value| value.in_range) {
                inside |= bit;
            }
        }
        let outside: u64 = ranged & !inside;
        let first = usize::try_from(outside.trailing_zeros()).ok()?;
        self.request.ranges.get(first).filter(|_| outside != 0).map(|(facet, _)| facet.clone())
    }

    /// The value of an item that interests least, if one does not.
    pub(super) fn uninteresting(&self, pairs: &[Pair]) -> Option<Suppressed> {
        let of_pair = |pair: &Pair| {
            let value = self.value(*pair)?;
            let (upper, seen) = value.uninteresting?;
            let facet = Facet { name: self.name(*pair), value: value.value.clone() };
            Some((upper, seen, facet))
        };
        let found = pairs.iter().filter_map(of_pair);
        let least = found.min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| (a.1, &a.2).cmp(&(b.1, &b.2))))?;
        let (upper, seen, facet) = least;
        Some(Suppressed::Uninteresting { facet, upper, seen })
    }

    fn pair(&mut self, place: usize, name: &str, value: &str) -> Pair {
        // Items of one kind have the same facets in the same order.
        let facet = match self.facets.get(place) {
            Some(known) if known.name == name => place,
            _ => match self.facets.iter().position(|known| known.name == name) {
                Some(place) => place,
                None => {
                    self.facets.push(self.facet(name));
                    self.facets.len() - 1
                }
            },
        };
        let known = self.facets.get(facet).and_then(|facet| facet.values.get(value)).copied();
        let value = known.unwrap_or_else(|| {
            let taste = self.facets.get(facet).and_then(|facet| self.taste(facet, value)).unwrap_or_default();
            self.values.push(taste);
            let place = self.values.len() - 1;
            if let Some(facet) = self.facets.get_mut(facet) {
                facet.values.insert(value.into(), place);
            }
            place
        });
        Pair { facet, value }
    }

    fn facet(&self, sent: &str) -> FacetTaste<'a> {
        let named = SmolStr::new(sent);
        let read = glance::name(Some(&named)).map(SmolStr::new);
        let name = read.as_deref().unwrap_or_default();
        let weight =
            self.request.weights.iter().rev().find(|(facet, _)| facet == name).map_or(1.0, |(_, weight)| *weight);
        let today = day_of(self.shopper.now());
        let range = self.request.ranges.iter().position(|(facet, _)| facet == name).map_or(0, |place| 1 << place);
        FacetTaste {
            folded: SmolStr::new(glance::fold(name)),
            weight,
            reading: Reading::new(self.request.population, name, &self.deeds, today),
            range,
            values: AHashMap::new(),
            read,
            name: named,
        }
    }

    /// None where facet or value say nothing.
    fn taste(&self, facet: &FacetTaste<'a>, sent: &str) -> Option<ValueTaste<'a>> {
        let name = facet.read.as_deref()?;
        let sent = SmolStr::new(sent);
        let value = glance::name(Some(&sent))?;
        let folded = glance::fold(value);
        let wish = self.wishes.get(&facet.folded).and_then(|wishes| wishes.get(folded.as_ref())).copied();
        let mut taste = ValueTaste {
            value: value.into(),
            lift: 1.0,
            wish,
            searched: self.shopper.searches().met_by(&facet.folded, &folded),
            in_range: self.is_in_range(name, &folded),
            ..ValueTaste::default()
        };
        if let Some(reading) = &facet.reading {
            let chosen = reading.of(self.deeds.days_of(name, value));
            let (score, share) = reading.shares(value, chosen);
            taste.count = chosen.deeds(self.deeds.parts());
            // What neither she nor anybody is known to have chosen may be new: it is not held against it.
            if chosen.count > 0 || reading.is_named(value) {
                taste.lift = score / share;
            }
            let stated = |ln: f64| match wish.map(|wish| wish.polarity) {
                Some(Polarity::Like) => ln.max(0.0),
                Some(Polarity::Dislike | Polarity::Never) => ln.min(0.0),
                None => ln,
            };
            taste.points = facet.weight * stated(finite(taste.lift.ln()));
            taste.upper = facet.weight * stated(finite((wilson_upper(score, reading.weight()) / share).ln()));
        }
        let liked = wish.is_some_and(|wish| wish.polarity == Polarity::Like);
        if facet.weight > 0.0 && !liked {
            taste.uninteresting = self.is_uninteresting(name, value);
        }
        Some(taste)
    }

    /// Says whether a folded value is in one of the ranges of a facet.
    fn is_in_range(&self, facet: &str, folded: &str) -> bool {
        let of_facet = self.request.ranges.iter().filter(|(name, _)| name == facet);
        of_facet.flat_map(|(_, values)| values).any(|value| glance::fold(value) == folded)
    }

    fn is_uninteresting(&self, facet: &str, value: &str) -> Option<(f64, u64)> {
        let everybody = self.request.population.facet(facet)?.exposure.as_ref()?;
        let (shown, taken_up) = self.shopper.deeds().exposure(facet, value, self.shopper.now());
        if shown < EXPOSURES_MIN {
            return None;
        }
        let left = shown.saturating_sub(taken_up);
        let upper = beta_quantile(1.0 - TAIL, taken_up as f64 + 0.5, left as f64 + 0.5);
        (upper < INTEREST_MIN * everybody.rate(value)).then_some((upper, shown))
    }
}

/// What was said adds to a score, or takes.
pub(super) fn stated_points(polarity: Polarity) -> f64 {
    match polarity {
        Polarity::Like => STATED,
        Polarity::Dislike | Polarity::Never => -STATED,
    }
}

/// How many values of its facet an item has.
fn alike(pair: Pair, pairs: &[Pair]) -> f64 {
    pairs.iter().filter(|other| other.facet == pair.facet).count().max(1) as f64
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

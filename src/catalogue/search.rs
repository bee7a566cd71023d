//! Which items match what was searched for lately.

use crate::event::Event;
use crate::normalise::glance;
use ahash::{AHashMap, AHashSet};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many conditions of searches are told apart; those of the newest searches are.
const CONDITIONS_MAX: u32 = u128::BITS;

/// The searches of a shopper, made ready to be matched: every condition is a bit.
#[derive(Clone, Default)]
pub(super) struct Searches {
    /// The newest first.
    searches: Vec<Search>,
    /// The conditions that a value of a facet meets, both folded.
    facets: AHashMap<SmolStr, AHashMap<SmolStr, u128>>,
    /// The conditions that a word meets, wherever it stands.
    words: AHashMap<SmolStr, u128>,
    /// Searches that are no longer told apart.
    pub(super) left_out: usize,
}

#[derive(Clone)]
pub(super) struct Search {
    pub(super) event: Arc<Event>,
    /// All of these must be met; none where only products are searched for.
    conditions: u128,
    products: AHashSet<SmolStr>,
}

/// What a search asks for: of each facet one of the values, or all words; or one of the products.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    facets: BTreeMap<SmolStr, BTreeSet<SmolStr>>,
    words: BTreeSet<SmolStr>,
    products: BTreeSet<SmolStr>,
}

impl Asked {
    fn of(event: &Event) -> Self {
        let mut asked = Self { facets: BTreeMap::new(), words: BTreeSet::new(), products: BTreeSet::new() };
        let mut facet = |(name, value): (&str, &str)| {
            asked.facets.entry(fold(name)).or_default().insert(fold(value));
        };
        glance::facets(&event.facets).into_iter().for_each(&mut facet);
        for line in &event.lines {
            match glance::key(line.product.as_ref()) {
                Some(product) => drop(asked.products.insert(product.into())),
                None => glance::facets(&line.facets).into_iter().for_each(&mut facet),
            }
        }
        // Facets are what the shop made of the words.
        if asked.facets.is_empty()
            && let Some(text) = &event.text
        {
            asked.words = words(&glance::fold(text)).map(SmolStr::new).collect();
        }
        asked
    }

    fn conditions(&self) -> usize {
        self.facets.len() + self.words.len()
    }
}

impl Searches {
    /// Reads searches, the newest last. One that asks for what a newer one asks for is that one.
    pub(super) fn new<'a>(events: impl DoubleEndedIterator<Item = &'a Arc<Event>>) -> Self {
        let mut searches = Self::default();
        let mut known = BTreeSet::new();
        let mut bits = 0;
        for event in events.rev() {
            let asked = Asked::of(event);
            if asked.conditions() == 0 && asked.products.is_empty() || known.contains(&asked) {
                continue;
            }
            let more = u32::try_from(asked.conditions()).unwrap_or(u32::MAX);
            if more > CONDITIONS_MAX - bits {
                searches.left_out += 1;
                continue;
            }
            let first = bits;
            for (name, values) in &asked.facets {
                let of_name = searches.facets.entry(name.clone()).or_default();
                values.iter().for_each(|value| *of_name.entry(value.clone()).or_default() |= 1 << bits);
                bits += 1;
            }
            for word in &asked.words {
                *searches.words.entry(word.clone()).or_default() |= 1 << bits;
                bits += 1;
            }
            let conditions = (first..bits).fold(0, |conditions, bit| conditions | 1 << bit);
            let products = asked.products.iter().cloned().collect();
            searches.searches.push(Search { event: event.clone(), conditions, products });
            known.insert(asked);
        }
        searches
    }

    pub(super) fn is_empty(&self) -> bool {
        self.searches.is_empty()
    }

    /// The conditions that a value meets; name and value are folded. O(words).
    pub(super) fn met_by(&self, name: &str, value: &str) -> u128 {
        let of_name = self.facets.get(name).and_then(|values| values.get(value)).copied().unwrap_or_default();
        of_name | self.met_by_words(value)
    }

    /// The conditions that the words of a product's name meet. O(words).
    pub(super) fn met_by_product(&self, product: &str) -> u128 {
        if self.words.is_empty() { 0 } else { self.met_by_words(&glance::fold(product)) }
    }

    /// The newest search that an item matches. O(searches).
    pub(super) fn newest(&self, met: u128, product: &str) -> Option<&Search> {
        self.searches.iter().find(|search| {
            search.conditions != 0 && search.conditions & !met == 0
                || !search.products.is_empty() && search.products.contains(product)
        })
    }

    fn met_by_words(&self, folded: &str) -> u128 {
        if self.words.is_empty() {
            return 0;
        }
        words(folded).fold(0, |met, word| met | self.words.get(word).copied().unwrap_or_default())
    }
}

fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn fold(text: &str) -> SmolStr {
    SmolStr::new(glance::fold(text))
}

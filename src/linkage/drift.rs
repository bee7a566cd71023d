//! How far what is live has moved from what a model knows of it.

use super::linker::{Linker, column_names};
use super::train::{frequency, strangers};
use crate::id::{Seed, ValueHash};
use crate::policy::{Model, Rules, TermFrequencies};
use crate::value::{Fact, of_column};
use ahash::AHashMap;
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Values whose frequency has moved that one comparison names.
const MOVED_MAX: usize = 50;

/// Values of which fewer live records are to be expected are pooled with those that are not listed, as in a chi-square
/// test (Cochran 1954): of fewer, chance says more than drift.
const EXPECTED_MIN: f64 = 5.0;

/// All other values together count as so much at the least: where a model lists nearly all there are, what is left is the
/// error of telling matches from strangers, and its ratio means nothing.
const OTHERS_MIN: f64 = 0.01;

/// How far the live evidence has moved from the model in use.
///
/// Scoring goes by the frequencies that are frozen in the model, so this changes no answer: it says when to train anew.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drift {
    /// Live records.
    pub records: u64,
    /// Records that the model was trained on; none where it says nothing of it, as the built-in one.
    pub records_trained: Option<u64>,
    /// By comparison, in the order of the model.
    pub comparisons: Vec<ComparisonDrift>,
    /// The blocking rules that have generic blocks now, in the order of the rules. (A model does not keep how many it
    /// was trained with.)
    pub generic: Vec<GenericBlocks>,
    /// Live records that have blocks, all of them generic: nobody is found to be like them.
    pub records_unfound: u64,
}

/// What has moved in one comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonDrift {
    /// The attributes and kinds of identifier that are compared.
    pub columns: Vec<SmolStr>,
    /// Live records with a value of each of them; to the others the comparison says nothing.
    pub present: u64,
    /// How frequencies have moved; none where the model has none of this comparison.
    pub frequencies: Option<FrequencyDrift>,
}

/// How the frequencies of a comparison's values have moved.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FrequencyDrift {
    /// The population stability index (Lewis 1994, *An Introduction to Credit Scoring*; it is the divergence of Jeffreys)
    /// over the listed values and, as one more, all others together; values too rare among the live records to say
    /// anything are with the others. 0 is no drift; by custom, over 0.1 is worth a look and over 0.25 is a shift.
    pub stability_index: f64,
    /// What the index comes to by chance alone for so many values and records (Yurdakul and Naranjo 2020, *Statistical
    /// properties of the population stability index*): an index that is not well above this says nothing.
    pub by_chance: f64,
    /// Values that the model lists.
    pub listed: u64,
    /// Of these, such whose frequency is twice or half of the model's, or further from it, and not by chance.
    pub moved: u64,
    /// The first of these, those first that count for most in the index; at most 50.
    pub values: Vec<ValueDrift>,
}

/// A value whose frequency has moved. `Debug` does not show it.
#[derive(Clone, PartialEq)]
pub struct ValueDrift {
    /// The value, as it is compared.
    pub value: SmolStr,
    /// Its frequency in the model.
    pub model: f64,
    /// Its frequency among the live records, reckoned as training does: records of one profile are no pair of strangers.
    pub live: f64,
}

/// The generic blocks of one blocking rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenericBlocks {
    /// The rule's keys.
    pub rule: String,
    /// Blocks on more live records than `max_block`, which find no pairs.
    pub blocks: u64,
    /// Live records in them; one that is in several is counted in each.
    pub records: u64,
}

/// Shows the frequencies only.
impl std::fmt::Debug for ValueDrift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ValueDrift(.. {} -> {})", self.model, self.live)
    }
}

/// Takes in live records, profile by profile, and compares them with a model. Its size is that of the model.
pub(crate) struct Gauge<'a> {
    linker: &'a Linker,
    rules: &'a Rules,
    model: Option<&'a Model>,
    records: u64,
    records_unfound: u64,
    comparisons: Vec<Compared<'a>>,
    /// By the place of the rule: its generic blocks and the records in them.
    generic: BTreeMap<usize, (u64, u64)>,
}

/// What was seen of one comparison.
struct Compared<'a> {
    columns: &'a [u16],
    present: u64,
    /// Live records with a value of the first column.
    with: u64,
    terms: Option<Terms<'a>>,
}

/// What was seen of the values that a model lists.
struct Terms<'a> {
    frequencies: &'a TermFrequencies,
    seen: AHashMap<&'a str, Seen>,
    /// The values of the profile at hand.
    here: Vec<&'a str>,
}

/// What was seen of one value.
#[derive(Default)]
struct Seen {
    records: u64,
    /// Of these, of the profile at hand.
    here: u64,
    /// Pairs of records of one profile.
    within: u64,
}

impl<'a> Gauge<'a> {
    pub(crate) fn new(rules: &'a Rules, linker: &'a Linker) -> Self {
        let model = rules.policy.linkage.as_ref().and_then(|linkage| linkage.inline_model()).map(AsRef::as_ref);
        let comparisons = linker.comparisons.iter().enumerate().map(|(place, comparison)| {
            let known = model.and_then(|model| model.comparison.get(place));
            let frequencies = known.and_then(|known| known.term_frequencies.as_ref());
            let terms = frequencies.map(|frequencies| Terms {
                frequencies,
                seen: frequencies.values.keys().map(|value| (value.as_str(), Seen::default())).collect(),
                here: Vec::new(),
            });
            Compared { columns: &comparison.columns, present: 0, with: 0, terms }
        });
        let comparisons = comparisons.collect();
        Self { linker, rules, model, records: 0, records_unfound: 0, comparisons, generic: BTreeMap::new() }
    }

    /// Takes in a record of the profile at hand.
    pub(crate) fn take(&mut self, facts: &[Fact]) {
        self.records += 1;
        for compared in &mut self.comparisons {
            compared.take(facts);
        }
    }

    /// Takes in that the profile at hand has no more records.
    pub(crate) fn end_profile(&mut self) {
        self.comparisons.iter_mut().filter_map(|compared| compared.terms.as_mut()).for_each(Terms::end_profile);
    }

    /// Takes in a generic block, by a record that is in it.
    pub(crate) fn take_generic(&mut self, seed: Seed, facts: &[Fact], block: ValueHash, records: u64) {
        let finds = |place: &usize| {
            let mut found = false;
            let rule = self.linker.blocks.get(*place);
            rule.into_iter().for_each(|rule| rule.blocks(seed, facts, |other| found |= other == block));
            found
        };
        if let Some(rule) = (0..self.linker.blocks.len()).find(finds) {
            let (blocks, all) = self.generic.entry(rule).or_default();
            *blocks += 1;
            *all += records;
        }
    }

    /// Takes in that all blocks of a record are generic.
    pub(crate) fn take_unfound(&mut self) {
        self.records_unfound += 1;
    }

    /// Compares what was taken in with the model. O(listed values, times their logarithm).
    pub(crate) fn read(self) -> Drift {
        let trained = self.model.and_then(|model| model.training.as_ref()).map(|training| training.records);
        let comparisons = self.comparisons.iter().map(|compared| ComparisonDrift {
            columns: column_names(self.rules, compared.columns),
            present: compared.present,
            frequencies: compared.terms.as_ref().map(|terms| terms.read(compared.with, trained)),
        });
        let rule = |place: usize| self.linker.blocks.get(place).map_or("", |rule| rule.text.as_str()).to_owned();
        let generic = self.generic.iter();
        Drift {
            records: self.records,
            records_trained: trained,
            comparisons: comparisons.collect(),
            generic: generic.map(|(&p, &(blocks, records))| GenericBlocks { rule: rule(p), blocks, records }).collect(),
            records_unfound: self.records_unfound,
        }
    }
}

impl Compared<'_> {
    fn take(&mut self, facts: &[Fact]) {
        let values: SmallVec<[&[Fact]; 2]> = self.columns.iter().map(|column| of_column(facts, *column)).collect();
        self.present += u64::from(values.iter().all(|values| !values.is_empty()));
        let first = values.first().copied().unwrap_or_default();
        self.with += u64::from(!first.is_empty());
        // As in training, a record of several values is one of the others.
        if let (Some(terms), [fact]) = (&mut self.terms, first) {
            terms.take(&fact.value);
        }
    }
}

impl Terms<'_> {
    fn take(&mut self, value: &str) {
        let Some((listed, _)) = self.frequencies.values.get_key_value(value) else { return };
        let Some(seen) = self.seen.get_mut(value) else { return };
        if seen.here == 0 {
            self.here.push(listed);
        }
        seen.here += 1;
    }

    fn end_profile(&mut self) {
        for value in self.here.drain(..) {
            let Some(seen) = self.seen.get_mut(value) else { continue };
            seen.records += seen.here;
            seen.within += seen.here * (seen.here - 1) / 2;
            seen.here = 0;
        }
    }

    /// `with` counts the live records with a value, `trained` those that the model was trained on.
    fn read(&self, with: u64, trained: Option<u64>) -> FrequencyDrift {
        let with = with as f64;
        let trained = trained.filter(|records| *records > 0).map_or(0.0, |records| 1.0 / records as f64);
        // Of counts, the variance by chance: that of the live records, and that of those trained on.
        let chance = |expected: f64| expected * (1.0 + with * trained);
        let least = 0.5 / with.max(1.0);
        let term = |model: f64, live: f64| (live - model) * (live.max(least) / model.max(least)).ln();
        let (mut index, mut bins) = (0.0, 0.0);
        let (mut model_rest, mut live_rest) = (1.0, 1.0);
        let mut moved: Vec<(f64, ValueDrift)> = Vec::new();
        for (value, &model) in &self.frequencies.values {
            let Some(seen) = self.seen.get(value.as_str()) else { continue };
            let live = seen.frequency(with);
            let expected = model * with;
            if expected >= EXPECTED_MIN {
                index += term(model, live);
                bins += 1.0;
                model_rest -= model;
                live_rest -= live;
            }
            let far = live >= 2.0 * model || live <= 0.5 * model;
            if far && (live * with - expected).abs() > 3.0 * chance(expected).sqrt() {
                moved.push((term(model, live), ValueDrift { value: value.clone(), model, live }));
            }
        }
        index += term(f64::max(model_rest, OTHERS_MIN), f64::max(live_rest, OTHERS_MIN));
        moved.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.value.cmp(&other.value)));
        let (count, listed) = (moved.len() as u64, self.frequencies.values.len() as u64);
        let values = moved.into_iter().take(MOVED_MAX).map(|(_, value)| value).collect();
        let by_chance = if with > 0.0 { bins * (1.0 / with + trained) } else { 0.0 };
        FrequencyDrift { stability_index: index, by_chance, listed, moved: count, values }
    }
}

impl Seen {
    /// The value's frequency among strangers, as training reckons it: records of one profile are no strangers.
    fn frequency(&self, with: f64) -> f64 {
        if self.records == 0 {
            return 0.0;
        }
        let n = self.records as f64;
        frequency(strangers(n, self.within as f64), n, with)
    }
}

//! The policy's linkage, compiled: blocks, scores, vetoes.

use super::block::{self, Blocked, Rule};
use super::compare::{Comparison, NULL, Values};
use super::propose;
use super::score::{Sum, Weights};
use super::table::{self, Comparer, Table};
use super::{Blocks, Contribution, Edge, Weight, defaults};
use crate::error::{Error, Result};
use crate::id::Seed;
use crate::parallel::in_parallel;
use crate::policy::{Compare, ComparisonModel, LevelModel, LinkagePolicy, MODEL_FORMAT, Model, ModelSource, Rules};
use crate::similarity::generation_of;
use crate::value::{Fact, of_column};
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::sync::Arc;

/// Linkage, ready to be asked.
#[derive(Debug)]
pub(crate) struct Linker {
    pub(crate) comparisons: Vec<Comparison>,
    pub(crate) weights: Vec<Weights>,
    /// The comparisons in the order in which they are asked: those that may settle it first.
    order: Vec<usize>,
    /// By place in `order`: the most bits that it and all after it may add.
    rest: Vec<f64>,
    pub(crate) blocks: Vec<Rule>,
    neighbours: f64,
    prior: f64,
    link: Weight,
    review: Weight,
    veto: Weight,
    max_block: u64,
    /// Comparisons of whole names, and of the parts that speak for them where both records have these.
    wholes: Vec<bool>,
    parts: Vec<bool>,
    /// Columns of names, where generations of a family may be told apart.
    names: Vec<u16>,
    /// Comparisons of what is personal: names that one is called by, dates, numbers of people.
    personal: Vec<usize>,
}

impl Linker {
    /// Compiles the linkage of a policy; none if it has none.
    ///
    /// # Errors
    /// `Config` where the model does not fit the policy.
    pub(crate) fn new(rules: &Rules) -> Result<Option<Self>> {
        let Some(linkage) = &rules.policy.linkage else { return Ok(None) };
        let built_in;
        let model = match &linkage.model {
            Some(ModelSource::Model(model)) => model,
            Some(ModelSource::Path(path)) => {
                let reason = format!("`{path}` was not read: take the policy from its file, or put the model in");
                return Err(Error::policy("linkage.model", reason));
            }
            None => {
                built_in = Arc::new(built_in_model(rules));
                &built_in
            }
        };
        Self::with_model(rules, linkage, model).map(Some)
    }

    pub(crate) fn with_model(rules: &Rules, linkage: &LinkagePolicy, model: &Model) -> Result<Self> {
        let mut comparisons = Vec::with_capacity(model.comparison.len());
        let mut weights = Vec::with_capacity(model.comparison.len());
        for comparison in &model.comparison {
            let levels: Vec<_> = comparison.levels.iter().map(|level| level.level.clone()).collect();
            comparisons.push(Comparison::new(rules, &comparison.attributes, &levels)?);
            let shares: Vec<_> = comparison.levels.iter().map(|l| (l.m, l.u, l.s.unwrap_or(l.u))).collect();
            weights.push(Weights::new(&shares, comparison.term_frequencies.as_ref()));
        }
        Comparison::acquaint(rules, &mut comparisons);
        let block = match (linkage.block.is_empty(), model.block.is_empty()) {
            (false, _) => linkage.block.clone(),
            (true, false) => model.block.clone(),
            (true, true) => propose::by_kind(rules),
        };
        let blocks = block.iter().map(|rule| Rule::new(rules, rule)).collect::<Result<Vec<_>>>()?;
        let mut order: Vec<usize> = (0..comparisons.len()).collect();
        let spread = |place: usize| {
            let weights: Option<&Weights> = weights.get(place);
            let least = weights.and_then(|weights| weights.bits.iter().copied().reduce(f64::min)).unwrap_or(0.0);
            weights.map_or(0.0, |weights| weights.most) - least
        };
        let whole = |comparison: &Comparison| comparison.is_of(&[Compare::FullName]);
        let part = |comparison: &Comparison| comparison.is_of(&[Compare::GivenName, Compare::Surname]);
        let (wholes, parts): (Vec<bool>, Vec<bool>) = comparisons.iter().map(|c| (whole(c), part(c))).unzip();
        // A name that stands in another's place silences that one, and parts of a name silence the whole.
        let turn = |place: usize| match comparisons.get(place) {
            Some(comparison) if comparison.swap.is_some() => 0,
            Some(comparison) if whole(comparison) => 2,
            _ => 1,
        };
        order.sort_by(|&a, &b| turn(a).cmp(&turn(b)).then(spread(b).total_cmp(&spread(a))).then(a.cmp(&b)));
        let mut rest = vec![0.0; order.len() + 1];
        for (place, &comparison) in order.iter().enumerate().rev() {
            let most = weights.get(comparison).map_or(0.0, |weights| weights.most);
            let after = rest.get(place + 1).copied().unwrap_or(0.0);
            rest.get_mut(place).into_iter().for_each(|slot| *slot = after + most);
        }
        let personal = (0..comparisons.len()).filter(|&place| {
            comparisons.get(place).is_some_and(|comparison: &Comparison| comparison.is_personal(rules))
        });
        let personal = personal.collect();
        let odds = |p: f64| (p / (1.0 - p)).log2();
        let prior = odds(model.prior.clamp(1e-12, 1.0 - 1e-12));
        let at = |p: f64| Weight(((odds(p) - prior) * 1000.0).ceil() as i32);
        Ok(Self {
            comparisons,
            weights,
            order,
            rest,
            blocks,
            wholes,
            parts,
            neighbours: model.surroundings / (1.0 - model.prior).max(1e-12),
            prior,
            link: at(linkage.link_probability),
            review: at(linkage.review_probability),
            veto: Weight((linkage.veto_weight * 1000.0) as i32),
            max_block: linkage.max_block,
            personal,
            names: name_columns(rules),
        })
    }

    /// The most live records of a block before it is generic.
    pub(crate) fn max_block(&self) -> u64 {
        self.max_block
    }

    /// Whether a comparison looks at a column. O(comparisons).
    pub(crate) fn compares(&self, column: u16) -> bool {
        table::asked(&self.comparisons, &[]).contains(&column)
    }

    /// Whether a blocking rule looks at a column. O(rules).
    pub(crate) fn blocks_by(&self, column: u16) -> bool {
        table::asked(&[], &self.blocks).contains(&column)
    }

    /// The blocks of a record, from its facts.
    pub(crate) fn blocks(&self, seed: Seed, facts: &[Fact]) -> Blocks {
        block::blocks(&self.blocks, seed, facts)
    }

    /// The weight of a pair, if it is worth keeping: at least that of a possible link.
    pub(crate) fn weigh(&self, a: &[Fact], b: &[Fact]) -> Option<Weight> {
        self.sum(Some(self.review), &mut |place| self.compare(place, a, b))
    }

    /// The weight of a pair, whatever it is.
    pub(crate) fn weight(&self, a: &[Fact], b: &[Fact]) -> Weight {
        self.sum(None, &mut |place| self.compare(place, a, b)).unwrap_or(Weight(i32::MIN))
    }

    /// The level of a pair on a comparison, and what rarity adds.
    fn compare(&self, place: usize, a: &[Fact], b: &[Fact]) -> (u8, f64) {
        let Some(comparison) = self.comparisons.get(place) else { return (NULL, 0.0) };
        let of = |facts| comparison.columns.first().map(|&column| of_column(facts, column)).unwrap_or_default();
        let (mine, theirs): (&[Fact], &[Fact]) = (of(a), of(b));
        // Most comparisons are of one column, and most are settled here.
        if mine.is_empty() || theirs.is_empty() {
            return (NULL, 0.0);
        }
        let alone = comparison.columns.len() == 1 && comparison.stand_ins.is_empty();
        let level = match alone && comparison.starts_exact() && mine == theirs {
            true => 0,
            false => level_of(comparison, a, b),
        };
        let rarity = match (level, self.weights.get(place)) {
            (0, Some(weights)) if weights.frequent.is_some() => {
                let shared = mine.iter().filter(|fact| theirs.contains(fact));
                shared.map(|fact| weights.rarity(&fact.value)).reduce(f64::max).unwrap_or(0.0)
            }
            _ => 0.0,
        };
        (level, rarity)
    }

    /// Adds up comparisons in their order. With a least weight, none as soon as the pair cannot come to it.
    fn sum(&self, least: Option<Weight>, compare: &mut dyn FnMut(usize) -> (u8, f64)) -> Option<Weight> {
        let mut sum = Sum::default();
        let least_bits = least.map(|least| f64::from(least.0) / 1000.0 - 0.01);
        let (mut silenced, mut by_parts) = (None, false);
        for (step, &place) in self.order.iter().enumerate() {
            let rest = self.rest.get(step).copied().unwrap_or(0.0);
            if least_bits.is_some_and(|least| sum.bits + rest < least) {
                return None;
            }
            let (Some(comparison), Some(weights)) = (self.comparisons.get(place), self.weights.get(place)) else {
                continue;
            };
            let whole = self.wholes.get(place) == Some(&true);
            if (silenced.is_some() && comparison.columns.first().copied() == silenced) || (whole && by_parts) {
                continue;
            }
            let (level, rarity) = compare(place);
            sum.add(weights, level, rarity);
            by_parts |= level != NULL && self.parts.get(place) == Some(&true);
            if let Some((swapped, other)) = comparison.swap
                && level == swapped
            {
                silenced = Some(other);
            }
        }
        let weight = sum.weight(self.neighbours);
        least.is_none_or(|least| weight >= least).then_some(weight)
    }

    /// Whether a weight makes a link; else it makes a possible link.
    pub(crate) fn is_link(&self, weight: Weight) -> bool {
        weight >= self.link
    }

    /// The probability that a pair of a weight is one person.
    pub(crate) fn probability(&self, weight: Weight) -> f64 {
        let odds = (f64::from(weight.0) / 1000.0 + self.prior).exp2();
        if odds.is_finite() { odds / (1.0 + odds) } else { 1.0 }
    }

    /// Whether two records may not be in one cluster by likeness: they name different generations of a family, or
    /// something personal speaks against it and they are no link by themselves.
    pub(crate) fn vetoes(&self, a: &[Fact], b: &[Fact]) -> bool {
        let generations = |facts: &'_ [Fact]| -> SmallVec<[&'static str; 2]> {
            let named = self.names.iter().flat_map(|&name| of_column(facts, name));
            named.filter_map(|fact| generation_of(&fact.value)).collect()
        };
        let (one, other) = (generations(a), generations(b));
        if !one.is_empty() && !other.is_empty() && !one.iter().any(|generation| other.contains(generation)) {
            return true;
        }
        let level = |place: usize| self.compare(place, a, b).0;
        let is = |list: &[bool], place: usize| list.get(place) == Some(&true);
        // Parts of a name speak for the whole.
        let by_parts = || (0..self.comparisons.len()).any(|place| is(&self.parts, place) && level(place) != NULL);
        let speaks_against = |&place: &usize| {
            if is(&self.wholes, place) && by_parts() {
                return false;
            }
            let bits = self.weights.get(place).and_then(|weights| weights.bits.get(usize::from(level(place))));
            bits.is_some_and(|bits| bits * 1000.0 < f64::from(self.veto.0))
        };
        self.personal.iter().any(speaks_against) && !self.weigh(a, b).is_some_and(|weight| self.is_link(weight))
    }

    /// What each comparison says of a pair, in the order of the model, and last what shared surroundings take off.
    pub(crate) fn explain(&self, a: &[Fact], b: &[Fact]) -> Vec<Contribution> {
        let mut found: Vec<Option<(u8, f64)>> = vec![None; self.comparisons.len()];
        let _whole = self.sum(None, &mut |place| {
            let seen = self.compare(place, a, b);
            found.get_mut(place).into_iter().for_each(|slot| *slot = Some(seen));
            seen
        });
        let mut sum = Sum::default();
        let mut contributions = Vec::with_capacity(found.len() + 1);
        for ((comparison, weights), seen) in self.comparisons.iter().zip(&self.weights).zip(found) {
            let (level, rarity) = seen.unwrap_or((NULL, 0.0));
            let before = sum.bits;
            sum.add(weights, level, rarity);
            contributions.push(Contribution {
                columns: comparison.columns.to_vec(),
                level: comparison.levels.get(usize::from(level)).cloned(),
                bits: sum.bits - before,
            });
        }
        let surroundings = sum.surroundings(self.neighbours);
        if surroundings < -0.001 {
            contributions.push(Contribution { columns: Vec::new(), level: None, bits: surroundings });
        }
        contributions
    }

    /// What rarity adds, by comparison and set of values. O(values).
    pub(crate) fn rarities(&self, table: &Table) -> Rarities {
        let places: Vec<usize> = (0..self.comparisons.len()).collect();
        in_parallel(&places, 1, |&place| {
            let (comparison, weights) = (self.comparisons.get(place), self.weights.get(place));
            let column = comparison.and_then(|comparison| table.column(*comparison.columns.first()?));
            let (Some(column), Some(weights)) = (column, weights.filter(|weights| weights.frequent.is_some())) else {
                return Vec::new();
            };
            let rarest = |set: &[SmolStr]| set.iter().map(|value| weights.rarity(value)).reduce(f64::max);
            column.sets.iter().map(|set| rarest(set).unwrap_or(0.0)).collect()
        })
    }

    /// The columns that it looks at.
    pub(crate) fn columns(&self) -> Vec<u16> {
        table::asked(&self.comparisons, &self.blocks)
    }

    /// All pairs of rows that are worth keeping, by places, each once, ascending. Blocks of more rows than
    /// [`max_block`](Self::max_block) find no pairs; two rows of one unique source are no pair.
    pub(crate) fn edges(&self, table: &Table) -> Vec<Edge> {
        let blocked = in_parallel(&self.blocks, 1, |rule| Blocked::of(rule, table, self.max_block));
        let rarities = self.rarities(table);
        let pieces = block::pieces(&blocked, super::PIECES);
        let found = in_parallel(&pieces, 1, |(rule, range)| {
            let mut scorer = PairScorer::new(self, table, &rarities);
            let mut edges = Vec::new();
            block::pairs(table, &blocked, *rule, range.clone(), &mut |a, b| {
                edges.extend(scorer.weigh(a, b).map(|weight| Edge { a, b, weight }));
            });
            edges
        });
        let mut edges: Vec<Edge> = found.into_iter().flatten().collect();
        edges.sort_unstable_by_key(|edge| (edge.a, edge.b));
        edges
    }
}

/// By comparison: what each set of values of its column adds where two rows have just that set.
pub(crate) type Rarities = Vec<Vec<f64>>;

/// Scores pairs of rows of a table.
pub(crate) struct PairScorer<'a> {
    linker: &'a Linker,
    comparers: Vec<Comparer<'a>>,
    rarities: &'a [Vec<f64>],
}

impl<'a> PairScorer<'a> {
    pub(crate) fn new(linker: &'a Linker, table: &'a Table, rarities: &'a Rarities) -> Self {
        let comparers = linker.comparisons.iter().map(|comparison| Comparer::new(table, comparison)).collect();
        Self { linker, comparers, rarities }
    }

    /// The weight of a pair, if it is worth keeping.
    pub(crate) fn weigh(&mut self, a: u32, b: u32) -> Option<Weight> {
        self.linker.sum(Some(self.linker.review), &mut |place| {
            let Some(comparer) = self.comparers.get_mut(place) else { return (NULL, 0.0) };
            let level = comparer.level(a, b);
            let rarity = match (level, self.linker.weights.get(place)) {
                (0, Some(weights)) if weights.frequent.is_some() => {
                    let of_set = self.rarities.get(place).map(Vec::as_slice).unwrap_or_default();
                    comparer.rarity(weights, of_set, a, b)
                }
                _ => 0.0,
            };
            (level, rarity)
        })
    }
}

/// The level of two records by their facts.
fn level_of(comparison: &Comparison, a: &[Fact], b: &[Fact]) -> u8 {
    let first = comparison.columns.first().copied();
    let stand_in = |place: usize| place.checked_sub(1).map_or(first, |place| comparison.stand_ins.get(place).copied());
    if !comparison.stand_ins.is_empty() && comparison.yields(&values(a, &stand_in), &values(b, &stand_in)) {
        return NULL;
    }
    let column = |place: usize| comparison.columns.get(place).copied().or(comparison.swap.map(|(_, column)| column));
    comparison.level(&values(a, &column), &values(b, &column))
}

/// The values of a record by the places of some columns.
fn values<'a>(facts: &'a [Fact], column: &dyn Fn(usize) -> Option<u16>) -> impl Fn(usize) -> Values<'a> {
    move |place| {
        let of = column(place).map(|column| of_column(facts, column)).unwrap_or_default();
        of.iter().map(|fact| fact.value.as_str()).collect()
    }
}

/// The model that knows the kinds of attributes, and no data.
pub(crate) fn built_in_model(rules: &Rules) -> Model {
    let comparison = super::train::beliefs_of(rules).into_iter().map(|belief| {
        let belief = defaults::without_guesswork(rules, belief);
        let (m, u, s): (f64, f64, f64) =
            belief.levels.iter().fold((0.0, 0.0, 0.0), |sum, l| (sum.0 + l.m, sum.1 + l.u, sum.2 + l.s));
        let levels = belief.levels.iter().enumerate().map(|(place, level)| {
            let twins = if place == 0 { belief.twins } else { 0.0 };
            let near = level.s / s * (1.0 - belief.twins) + twins;
            let differs = level.s != level.u || belief.twins > 0.0;
            LevelModel {
                level: level.level.clone(),
                m: level.m / m,
                u: level.u / u,
                s: differs.then_some(near),
                trained: false,
            }
        });
        let levels = levels.collect();
        ComparisonModel { attributes: belief.attributes, levels, term_frequencies: None }
    });
    Model {
        format: MODEL_FORMAT,
        prior: defaults::MATCHES,
        surroundings: defaults::NEIGHBOURS,
        comparison: comparison.collect(),
        block: Vec::new(),
        training: None,
    }
}

fn name_columns(rules: &Rules) -> Vec<u16> {
    let names = [Compare::Surname, Compare::FullName, Compare::GivenName];
    let columns = (0_u16..).zip(&rules.attributes).filter(|(_, attribute)| names.contains(&attribute.compare));
    columns.map(|(column, _)| column).collect()
}

/// The names of the columns of a contribution, for people.
pub(crate) fn column_names(rules: &Rules, columns: &[u16]) -> Vec<SmolStr> {
    let name = |column: &u16| {
        let place = usize::from(*column);
        let kind = || rules.kinds.get(place.checked_sub(rules.attributes.len())?).map(|kind| kind.name.clone());
        rules.attributes.get(place).map(|attribute| attribute.name.clone()).or_else(kind)
    };
    columns.iter().filter_map(name).collect()
}

//! Training: from records to a model, without labels.

use super::block::{self, Blocked, Rule};
use super::compare::{Comparison, NULL};
use super::defaults::{self, Belief, LevelBelief};
use super::em::{Mixture, Pattern, Shares};
use super::table::{self, Comparer, Growing, Table};
use super::{Row, propose};
use crate::error::{Error, Result};
use crate::normalise::normalise;
use crate::parallel::in_parallel;
use crate::policy::{
    BlockPolicy, Compare, ComparisonModel, Level, LevelModel, LinkagePolicy, MODEL_FORMAT, Model, Policy, Rules,
    TermFrequencies, Training,
};
use crate::random::Random;
use crate::record::{Record, RecordKey};
use crate::statistics::PROFILES_MIN;
use ahash::AHashMap;
use std::collections::BTreeMap;

/// How a model is trained.
#[derive(Debug, Clone)]
pub struct TrainOptions {
    /// The seed of the sample of random pairs: the same seed gives the same model, to the byte.
    pub seed: u64,
    /// Pairs that are known to be one person, or two.
    pub labels: Vec<(RecordKey, RecordKey, bool)>,
    /// Rules that find matches and nothing else, with the share of all matches that they find: these fix the prior. None
    /// estimates it with everything else.
    pub prior: Option<(Vec<BlockPolicy>, f64)>,
    /// Random pairs to compare.
    pub random_pairs: u64,
    /// Candidate pairs to compare at most; of more, a sample.
    pub pairs_max: u64,
    /// Rounds of expectation maximisation at most.
    pub rounds_max: u64,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            labels: Vec::new(),
            prior: None,
            random_pairs: 1_000_000,
            pairs_max: 1_000_000,
            rounds_max: 200,
        }
    }
}

/// A model, and how training went.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The model.
    pub model: Model,
    /// What there is to say of it.
    pub report: TrainingReport,
}

/// How training went.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrainingReport {
    /// Records that took part.
    pub records: u64,
    /// Each blocking rule, and the pairs that it is the first to find.
    pub blocks: Vec<(String, u64)>,
    /// Candidate pairs.
    pub pairs: u64,
    /// Rounds of expectation maximisation.
    pub rounds: u64,
    /// How many pairs of one person there are, as far as the model can tell.
    pub matches: f64,
    /// What to mistrust.
    pub warnings: Vec<String>,
}

/// A level that fewer expected matches than this were seen on keeps what was believed of it.
const SEEN_MIN: f64 = 1.0;

/// Records that are read at a time: few enough for their facts to stay near the cores from column to column.
const PAGE: usize = 8192;

/// Pieces that the random pairs are cut into for each comparison: some cost many times what others do.
const SHARES_PIECES: usize = 8;

/// Pieces that records are sorted in, each on one core, before they are merged on one.
const SORTED_PIECES: usize = 4;

/// Learns a model from records: how often two records of one person, and of two, are on each level of each comparison.
///
/// `u` comes from random pairs (and, for equality, from counting values), `m` and the prior from expectation maximisation
/// over the pairs that the blocking rules find. O(records + pairs).
///
/// A model names a value only where it is on [`PROFILES_MIN`] records or more, of as many people as far as the model can tell
/// (so many records of one customer are one); of all others it knows how frequent they are together, and none by itself.
///
/// # Errors
/// `Config` where the policy is wrong; `Input` where there are fewer than two records to compare.
pub fn train(policy: &Policy, records: &[Record], options: &TrainOptions) -> Result<Trained> {
    let mut policy = policy.clone();
    let linkage = policy.linkage.get_or_insert_with(LinkagePolicy::default);
    linkage.model = None;
    let linkage = linkage.clone();
    let rules = Rules::new(policy)?;
    let beliefs = beliefs_of(&rules);
    let comparisons = compile(&rules, &beliefs)?;
    let certain = match &options.prior {
        Some((_, recall)) if !(*recall > 0.0 && *recall <= 1.0) => {
            return Err(Error::option("prior", "has a recall that is not over 0 and at most 1"));
        }
        Some((certain, recall)) => Some((block::compile(&rules, certain)?, recall)),
        None => None,
    };
    let blocking = match linkage.block.is_empty() {
        true => propose::asked(&rules),
        false => table::asked(&[], &block::compile(&rules, &linkage.block)?),
    };
    let certain_rules = certain.as_ref().map(|(rules, _)| rules.as_slice()).unwrap_or_default();
    let columns = [table::asked(&comparisons, certain_rules), blocking].concat();
    let evidence = Evidence::of(&rules, records, columns);
    let table = &evidence.table;
    if table.len() < 2 {
        return Err(Error::input("records", "are fewer than the two that there are to compare"));
    }
    let block = if linkage.block.is_empty() { propose::for_rows(&rules, table)? } else { linkage.block.clone() };
    let compiled = block::compile(&rules, &block)?;
    let mut trainer = Trainer::new(table, &beliefs, &comparisons, &compiled, linkage.max_block, options);
    if let Some((certain, recall)) = &certain {
        let found = propose::count(table, certain, u64::MAX);
        let pairs: u64 = found.iter().map(|count| count.pairs).sum();
        trainer.known = Some(pairs as f64 / *recall);
    }
    trainer.train(&evidence, &compiled, block)
}

/// What the policy's comparisons are believed to be before any data was seen.
pub(crate) fn beliefs_of(rules: &Rules) -> Vec<Belief> {
    let said = rules.policy.linkage.as_ref().map(|linkage| linkage.comparison.as_slice()).unwrap_or_default();
    if said.is_empty() {
        return defaults::beliefs(rules);
    }
    let belief = |comparison: &crate::policy::ComparisonPolicy| {
        let attributes: Vec<_> = comparison.columns().cloned().collect();
        let compare = attributes.first().and_then(|name| rules.column(name)).map(|c| rules.column_compare(c));
        let by_kind =
            defaults::of_compare(compare.unwrap_or_default(), attributes.first().cloned().unwrap_or_default(), None);
        let frequency = comparison.term_frequency;
        if comparison.levels.is_empty() && attributes.len() == 1 {
            return Belief { term_frequency: frequency.unwrap_or(by_kind.term_frequency), ..by_kind };
        }
        let mut levels: Vec<Level> = comparison.levels.iter().filter(|l| **l != Level::Else).cloned().collect();
        if levels.is_empty() {
            levels.push(Level::Exact);
        }
        levels.push(Level::Else);
        let count = levels.len();
        let personal = by_kind.levels.iter().all(|level| level.personal);
        let levels = levels.into_iter().enumerate().map(|(place, level)| {
            let (m, u) = defaults::guess(place, count);
            LevelBelief { level, m, u, s: if personal { u } else { 1.0 / count as f64 }, personal }
        });
        let term_frequency = frequency.unwrap_or(false);
        Belief { attributes, levels: levels.collect(), term_frequency, twins: by_kind.twins }
    };
    said.iter().map(belief).collect()
}

pub(crate) fn compile(rules: &Rules, beliefs: &[Belief]) -> Result<Vec<Comparison>> {
    let compile = |belief: &Belief| {
        let levels: Vec<Level> = belief.levels.iter().map(|level| level.level.clone()).collect();
        Comparison::new(rules, &belief.attributes, &levels)
    };
    let mut comparisons = beliefs.iter().map(compile).collect::<Result<Vec<_>>>()?;
    Comparison::acquaint(rules, &mut comparisons);
    Ok(comparisons)
}

/// Records as they are compared.
pub(crate) struct Evidence<'a> {
    pub(crate) table: Table,
    records: &'a [Record],
    /// The place of each row among the records. Rows ascend by key.
    origins: Vec<u32>,
}

impl<'a> Evidence<'a> {
    /// Reads some columns of records: of several versions of one, the one that stands; quarantined ones take no part.
    /// Only a page of them is there as facts at a time. O(n log n).
    pub(crate) fn of(rules: &Rules, records: &'a [Record], columns: Vec<u16>) -> Self {
        let standing = standing(records);
        let mut origins = Vec::with_capacity(standing.len());
        let mut table = Growing::new(columns, standing.len());
        for page in standing.chunks(PAGE) {
            let facts = in_parallel(page, 1024, |(_, record)| {
                let normalised = normalise(rules, record).0;
                (!normalised.quarantined).then_some(normalised.facts)
            });
            let mut rows = Vec::with_capacity(page.len());
            for ((place, record), facts) in page.iter().zip(&facts) {
                let Some(facts) = facts else { continue };
                rows.push(Row { facts, unique: rules.unique_source(&record.key.source) });
                origins.push(*place);
            }
            table.add(&rows);
        }
        Self { table: table.finish(), records, origins }
    }

    /// The place of a row among the records that were given.
    pub(crate) fn origin(&self, row: u32) -> usize {
        self.origins.get(row as usize).map(|&place| place as usize).unwrap_or_default()
    }

    /// The row of a record.
    fn row(&self, key: &RecordKey) -> Option<u32> {
        let known = |place: &u32| self.records.get(*place as usize).map(|record| &record.key);
        self.origins.binary_search_by(|place| known(place).cmp(&Some(key))).ok().map(|row| row as u32)
    }
}

/// The records that stand, with their places, by key. O(n log n).
pub(crate) fn standing(records: &[Record]) -> Vec<(u32, &Record)> {
    let placed: Vec<(u32, &Record)> = (0..).zip(records).collect();
    let pieces: Vec<&[(u32, &Record)]> = placed.chunks(placed.len().div_ceil(SORTED_PIECES).max(1)).collect();
    let by_key = |(_, a): &(u32, &Record), (_, b): &(u32, &Record)| a.key.cmp(&b.key);
    let sorted = in_parallel(&pieces, 1, |piece| {
        let mut piece = piece.to_vec();
        piece.sort_by(by_key);
        piece
    });
    let mut standing = sorted.concat();
    // Stable: finds the sorted pieces and merges them, and keeps versions of one record in the order in which they came.
    standing.sort_by(by_key);
    standing.dedup_by(|next, known| {
        let same = next.1.key == known.1.key;
        if same && next.1.supersedes(known.1) {
            *known = *next;
        }
        same
    });
    standing
}

struct Trainer<'a> {
    beliefs: &'a [Belief],
    comparisons: &'a [Comparison],
    table: &'a Table,
    blocked: Vec<Blocked>,
    options: &'a TrainOptions,
    /// All pairs that there may be.
    pairs: f64,
    /// How many of them are matches, if rules with a known recall say so.
    known: Option<f64>,
}

/// What was seen of the candidate pairs.
struct Seen {
    patterns: Vec<Pattern>,
    by_rule: Vec<u64>,
    /// One in so many pairs was looked at.
    stride: u64,
    pieces: Vec<Piece>,
}

/// What was seen of some candidate pairs.
#[derive(Default)]
struct Piece {
    /// The distinct patterns.
    patterns: Vec<Pattern>,
    /// Of each pair its first row, and the place of its pattern.
    pairs: Vec<(u32, u32)>,
}

impl<'a> Trainer<'a> {
    fn new(
        table: &'a Table,
        beliefs: &'a [Belief],
        comparisons: &'a [Comparison],
        rules: &[Rule],
        max_block: u64,
        options: &'a TrainOptions,
    ) -> Self {
        let blocked = in_parallel(rules, 1, |rule| Blocked::of(rule, table, max_block));
        let mut of_source: AHashMap<u16, f64> = AHashMap::new();
        table.unique.iter().flatten().for_each(|source| *of_source.entry(*source).or_default() += 1.0);
        let choose = |n: f64| n * (n - 1.0) / 2.0;
        let within: f64 = of_source.values().map(|n| choose(*n)).sum();
        let pairs = (choose(table.len() as f64) - within).max(1.0);
        Self { beliefs, comparisons, table, blocked, options, pairs, known: None }
    }

    fn train(self, evidence: &Evidence<'_>, rules: &[Rule], block: Vec<BlockPolicy>) -> Result<Trained> {
        let mut mixture = self.believed();
        self.share_out(&mut mixture);
        let seen = self.look();
        let total: f64 = seen.patterns.iter().map(|(_, count)| count).sum();
        let patterns = &seen.patterns;
        let mut warnings = Vec::new();
        if patterns.is_empty() {
            warnings.push("the blocking rules find no pairs: everything but u is a guess".to_owned());
        }
        self.take_labels(evidence, &mut mixture);
        if let Some(matches) = self.known {
            mixture.matches = (matches / self.pairs).clamp(1e-12, 0.5);
            mixture.fixed = true;
        }
        mixture.run(patterns, self.pairs, self.options.rounds_max);
        let matches = mixture.matches;
        let frequencies = self.frequencies(&mixture, &seen);
        let mut comparison = Vec::with_capacity(self.beliefs.len());
        for ((belief, shares), frequencies) in self.beliefs.iter().zip(&mixture.comparisons).zip(frequencies) {
            comparison.push(self.settle(belief, shares, frequencies, &mut warnings));
        }
        let report = TrainingReport {
            records: self.table.len() as u64,
            blocks: rules.iter().map(|rule| rule.text.clone()).zip(seen.by_rule.iter().copied()).collect(),
            pairs: total.round() as u64,
            rounds: mixture.rounds,
            matches: matches * self.pairs,
            warnings,
        };
        let training =
            Training { records: report.records, pairs: report.pairs, seed: self.options.seed, rounds: report.rounds };
        let model = Model {
            format: MODEL_FORMAT,
            prior: matches,
            // Of few records, all pairs may look like matches and neighbours: a model leaves some to strangers.
            surroundings: mixture.neighbours.min((1.0 - matches) * (1.0 - 1e-9)),
            comparison,
            block,
            training: Some(training),
        };
        Ok(Trained { model, report })
    }

    /// The mixture before any data was seen.
    fn believed(&self) -> Mixture {
        let personal_at_all = self.beliefs.iter().any(|belief| belief.levels.iter().any(|level| level.personal));
        let comparisons = self.beliefs.iter().map(|belief| {
            let of = |share: fn(&LevelBelief) -> f64| -> Vec<f64> {
                let sum: f64 = belief.levels.iter().map(share).sum();
                belief.levels.iter().map(|level| share(level) / sum).collect()
            };
            let m = of(|level| level.m);
            Shares {
                u: of(|level| level.u),
                s: of(|level| level.s),
                all: of(|level| level.u),
                m_prior: m.clone(),
                m,
                personal: belief.levels.iter().map(|level| level.personal).collect(),
                twins: belief.twins,
                present: 1.0,
                seen: Vec::new(),
                labelled: vec![0.0; belief.levels.len()],
            }
        });
        let guess = self.table.len() as f64 / 4.0 / self.pairs;
        Mixture {
            comparisons: comparisons.collect(),
            matches: guess.min(0.5),
            neighbours: if personal_at_all { guess.min(0.2) } else { 0.0 },
            fixed: false,
            rounds: 0,
        }
    }

    /// Finds how the levels of all pairs are shared out: by random pairs, and for equality by counting values.
    fn share_out(&self, mixture: &mut Mixture) {
        let places: Vec<usize> = (0..self.comparisons.len()).collect();
        let n = self.table.len() as u64;
        let all = n * (n - 1) / 2;
        let pairs = self.sample(n, self.options.random_pairs.min(all));
        let pieces: Vec<&[(u32, u32)]> = pairs.chunks(pairs.len().div_ceil(SHARES_PIECES).max(1)).collect();
        let work: Vec<(&Comparison, &[(u32, u32)])> = self
            .comparisons
            .iter()
            .flat_map(|comparison| pieces.iter().map(move |piece| (comparison, *piece)))
            .collect();
        let counted = in_parallel(&work, 1, |(comparison, piece)| {
            let mut comparer = Comparer::new(self.table, comparison);
            let mut counts = vec![0_u64; comparison.levels.len()];
            for &(a, b) in *piece {
                let level = comparer.level(a, b);
                counts.get_mut(usize::from(level)).into_iter().for_each(|count| *count += 1);
            }
            counts
        });
        let shares = in_parallel(&places, 1, |&place| {
            let Some(comparison) = self.comparisons.get(place) else { return (Vec::new(), 0.0) };
            let mut counts = vec![0.0; comparison.levels.len()];
            for piece in counted.iter().skip(place * pieces.len()).take(pieces.len()) {
                counts.iter_mut().zip(piece).for_each(|(sum, count)| *sum += *count as f64);
            }
            let present: f64 = counts.iter().sum();
            counts.iter_mut().for_each(|count| *count /= f64::max(present, 1.0));
            if let (true, Some(best)) = (comparison.starts_exact(), counts.first_mut()) {
                let (equal, possible) = self.equal(comparison);
                if comparison.columns.len() == 1 && possible > 0.0 {
                    *best = equal / possible;
                }
            }
            (counts, present / f64::max(pairs.len() as f64, 1.0))
        });
        for (mixed, (all, present)) in mixture.comparisons.iter_mut().zip(shares) {
            if present > 0.0 {
                mixed.all = all;
                mixed.present = present;
            }
        }
    }

    /// Random pairs, or all of them; ascending, so that neighbours in memory are looked at one after another.
    fn sample(&self, n: u64, count: u64) -> Vec<(u32, u32)> {
        let may_pair = |&(a, b): &(u32, u32)| a != b && self.table.may_pair(a, b);
        if count == n * (n - 1) / 2 {
            return (0..n as u32).flat_map(|b| (0..b).map(move |a| (a, b))).filter(may_pair).collect();
        }
        let mut random = Random(self.options.seed);
        let drawn = (0..count).map(|_| (random.below(n) as u32, random.below(n) as u32));
        let mut pairs: Vec<(u32, u32)> = drawn.filter(may_pair).collect();
        pairs.sort_unstable();
        pairs
    }

    /// How many of all pairs have equal values, and how many have values at all.
    fn equal(&self, comparison: &Comparison) -> (f64, f64) {
        let Some(column) = comparison.columns.first().and_then(|column| self.table.column(*column)) else {
            return (0.0, 0.0);
        };
        let choose = |n: f64| n * (n - 1.0) / 2.0;
        let counts = column.counts();
        let mut equal: f64 = counts.iter().skip(1).map(|count| choose(f64::from(*count))).sum();
        let with: f64 = counts.iter().skip(1).map(|count| f64::from(*count)).sum();
        let mut possible = choose(with);
        if self.table.unique.iter().any(Option::is_some) {
            let mut within: AHashMap<(u16, u32), f64> = AHashMap::new();
            let mut of_source: AHashMap<u16, f64> = AHashMap::new();
            for (id, unique) in column.ids.iter().zip(&self.table.unique) {
                if let (Some(unique), true) = (unique, *id > 0) {
                    *within.entry((*unique, *id)).or_default() += 1.0;
                    *of_source.entry(*unique).or_default() += 1.0;
                }
            }
            equal -= within.values().map(|count| choose(*count)).sum::<f64>();
            possible -= of_source.values().map(|count| choose(*count)).sum::<f64>();
        }
        (equal.max(0.0), possible.max(0.0))
    }

    /// Compares the candidate pairs, or a sample of them.
    fn look(&self) -> Seen {
        let pieces = block::pieces(&self.blocked, super::PIECES);
        let counted = in_parallel(&pieces, 1, |(rule, range)| {
            let mut count = 0_u64;
            block::pairs(self.table, &self.blocked, *rule, range.clone(), &mut |_, _| count += 1);
            count
        });
        let mut by_rule = vec![0; self.blocked.len()];
        for ((rule, _), count) in pieces.iter().zip(&counted) {
            by_rule.get_mut(*rule).into_iter().for_each(|sum| *sum += count);
        }
        let stride = (counted.iter().sum::<u64>() / self.options.pairs_max.max(1)) + 1;
        let pieces = in_parallel(&pieces, 1, |piece| {
            let mut found = Piece::default();
            let mut places: AHashMap<Vec<u8>, u32> = AHashMap::new();
            self.visit(piece, stride, &mut |a, pattern| {
                let place = match places.get(pattern) {
                    Some(place) => *place,
                    None => {
                        places.insert(pattern.to_vec(), found.patterns.len() as u32);
                        found.patterns.push((pattern.to_vec(), 0.0));
                        found.patterns.len() as u32 - 1
                    }
                };
                found.patterns.get_mut(place as usize).into_iter().for_each(|(_, count)| *count += stride as f64);
                found.pairs.push((a, place));
            });
            found.pairs.shrink_to_fit();
            found
        });
        let mut patterns: BTreeMap<&[u8], f64> = BTreeMap::new();
        for (pattern, count) in pieces.iter().flat_map(|piece| &piece.patterns) {
            *patterns.entry(pattern).or_default() += count;
        }
        let patterns = patterns.into_iter().map(|(pattern, count)| (pattern.to_vec(), count)).collect();
        Seen { patterns, by_rule, stride, pieces }
    }

    /// Visits the candidate pairs of a piece, one in `stride`: the first row, and the pattern.
    fn visit(&self, piece: &(usize, std::ops::Range<usize>), stride: u64, visit: &mut dyn FnMut(u32, &[u8])) {
        let mut comparers: Vec<Comparer<'_>> =
            self.comparisons.iter().map(|comparison| Comparer::new(self.table, comparison)).collect();
        let mut pattern = vec![NULL; self.comparisons.len()];
        block::pairs(self.table, &self.blocked, piece.0, piece.1.clone(), &mut |a, b| {
            if stride > 1 && !Random(self.options.seed ^ (u64::from(a) << 32 | u64::from(b))).below(stride).eq(&0) {
                return;
            }
            self.pattern(&mut comparers, &mut pattern, a, b);
            visit(a, &pattern);
        });
    }

    fn pattern(&self, comparers: &mut [Comparer<'_>], pattern: &mut [u8], a: u32, b: u32) {
        let mut silenced = None;
        for ((comparer, slot), comparison) in comparers.iter_mut().zip(pattern.iter_mut()).zip(self.comparisons) {
            *slot = comparer.level(a, b);
            if let Some((swapped, other)) = comparison.swap
                && *slot == swapped
            {
                silenced = Some(other);
            }
        }
        let part = |comparison: &Comparison| comparison.is_of(&[Compare::GivenName, Compare::Surname]);
        let by_parts = self.comparisons.iter().zip(pattern.iter()).any(|(c, &level)| level != NULL && part(c));
        if by_parts {
            // Parts of a name speak for the whole.
            let wholes = self.comparisons.iter().zip(pattern.iter_mut()).filter(|(c, _)| c.is_of(&[Compare::FullName]));
            wholes.for_each(|(_, slot)| *slot = NULL);
        }
        if let Some(other) = silenced {
            let silent = self.comparisons.iter().zip(pattern).filter(|(c, _)| c.columns.as_slice() == [other]);
            silent.for_each(|(_, slot)| *slot = NULL);
        }
    }

    /// Counts the levels of pairs that labels say are matches. (Labelled strangers teach nothing: whoever labels picks
    /// those that look alike.)
    fn take_labels(&self, evidence: &Evidence<'_>, mixture: &mut Mixture) {
        let mut comparers: Vec<Comparer<'_>> =
            self.comparisons.iter().map(|comparison| Comparer::new(self.table, comparison)).collect();
        let mut pattern = vec![NULL; self.comparisons.len()];
        for (one, other, _) in self.options.labels.iter().filter(|(.., matched)| *matched) {
            let (Some(a), Some(b)) = (evidence.row(one), evidence.row(other)) else { continue };
            if a == b {
                continue;
            }
            self.pattern(&mut comparers, &mut pattern, a, b);
            for (shares, &level) in mixture.comparisons.iter_mut().zip(&pattern) {
                shares.labelled.get_mut(usize::from(level)).into_iter().for_each(|count| *count += 1.0);
            }
        }
    }

    /// How frequent values are among strangers: of the frequent ones each, of all others together.
    ///
    /// A value's records may be one person's; only those pairs of them count that are no matches.
    fn frequencies(&self, mixture: &Mixture, seen: &Seen) -> Vec<Option<TermFrequencies>> {
        let wanted: Vec<bool> = self.beliefs.iter().map(|belief| belief.term_frequency).collect();
        let found = in_parallel(&seen.pieces, 1, |piece| {
            let mut matched: Vec<AHashMap<u32, f64>> = vec![AHashMap::new(); wanted.len()];
            let shares: Vec<f64> = piece.patterns.iter().map(|(pattern, _)| mixture.posterior(pattern).0).collect();
            for &(a, place) in &piece.pairs {
                let share = shares.get(place as usize).copied().unwrap_or_default();
                let Some((pattern, _)) = piece.patterns.get(place as usize).filter(|_| share >= 1e-6) else { continue };
                for ((place, &level), sums) in pattern.iter().enumerate().zip(&mut matched) {
                    if level == 0 && wanted.get(place) == Some(&true) {
                        let column = self.comparisons.get(place).and_then(|c| c.columns.first());
                        let id = column.and_then(|c| self.table.column(*c)).map_or(0, |column| column.id(a));
                        *sums.entry(id).or_default() += share * seen.stride as f64;
                    }
                }
            }
            matched
        });
        let mut matched: Vec<AHashMap<u32, f64>> = vec![AHashMap::new(); wanted.len()];
        for piece in found {
            for (sums, more) in matched.iter_mut().zip(piece) {
                more.into_iter().for_each(|(id, sum)| *sums.entry(id).or_default() += sum);
            }
        }
        let frequencies = self.comparisons.iter().zip(&wanted).zip(&matched).zip(&mixture.comparisons);
        frequencies
            .map(|(((comparison, &wanted), matched), shares)| {
                let column = comparison.columns.first().and_then(|column| self.table.column(*column))?;
                if !wanted || comparison.columns.len() > 1 || !comparison.starts_exact() {
                    return None;
                }
                let counts = column.counts();
                let with: f64 = counts.iter().skip(1).map(|count| f64::from(*count)).sum();
                let (mut rest_pairs, mut rest_records) = (0.0, 0.0);
                let mut values = BTreeMap::new();
                for (id, &count) in (0_u32..).zip(&counts).skip(1) {
                    let n = f64::from(count);
                    let within = matched.get(&id).copied().unwrap_or(0.0);
                    let strangers = strangers(n, within);
                    let set = column.sets.get(id as usize).map(|set| set.as_slice());
                    if let (true, Some([value])) = (people(n, within) >= PROFILES_MIN as f64, set) {
                        values.insert(value.clone(), frequency(strangers, n, with));
                    } else {
                        rest_pairs += strangers;
                        rest_records += n;
                    }
                }
                let u = shares.u.first().copied().unwrap_or(1e-6);
                let other = if rest_records > 0.0 { (2.0 * rest_pairs + 1.0) / (rest_records * with) } else { u };
                Some(TermFrequencies { other: other.min(1.0), values })
            })
            .collect()
    }

    /// What the model keeps of a comparison: weights fall from level to level, and what was not seen is a guess.
    fn settle(
        &self,
        belief: &Belief,
        shares: &Shares,
        term_frequencies: Option<TermFrequencies>,
        warnings: &mut Vec<String>,
    ) -> ComparisonModel {
        let seen = |place: usize| shares.seen.get(place).copied().unwrap_or(0.0);
        let ratios = falling(&shares.m, &shares.u);
        let mut levels = Vec::with_capacity(belief.levels.len());
        for (place, level) in belief.levels.iter().enumerate() {
            let u = shares.u.get(place).copied().unwrap_or(level.u);
            let m = (u * ratios.get(place).copied().unwrap_or(1.0)).min(1.0);
            let s = shares.s.get(place).copied().unwrap_or(u);
            let trained = seen(place) >= SEEN_MIN;
            if !trained {
                let name = belief.attributes.join(", ");
                warnings.push(format!("{name}: the level `{}` was met by no match: its m is a guess", level.level));
            }
            let personal = level.personal && belief.twins == 0.0;
            levels.push(LevelModel { level: level.level.clone(), m, u, s: (!personal).then_some(s), trained });
        }
        ComparisonModel { attributes: belief.attributes.clone(), levels, term_frequencies }
    }
}

/// The ratios m/u, made to fall from level to level by pooling neighbours that do not (Ayer et al. 1955).
fn falling(m: &[f64], u: &[f64]) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (&m, &u) in m.iter().zip(u) {
        pools.push((m, u, 1));
        while let [.., before, last] = pools.as_slice() {
            if before.0 / before.1.max(1e-300) >= last.0 / last.1.max(1e-300) {
                break;
            }
            let pooled = (before.0 + last.0, before.1 + last.1, before.2 + last.2);
            pools.truncate(pools.len() - 2);
            pools.push(pooled);
        }
    }
    pools.into_iter().flat_map(|(m, u, count)| std::iter::repeat_n(m / u.max(1e-300), count)).collect()
}

/// The pairs of strangers among records that have a value, so many of their pairs being of one person.
pub(super) fn strangers(records: f64, within: f64) -> f64 {
    (records * (records - 1.0) / 2.0 - within).max(0.0)
}

/// So many people records are of at the least, so many of their pairs being of one person: the sum of the squares of the
/// records that each has is no less than that of as many records of each (Cauchy and Schwarz). Never more than the records.
fn people(records: f64, within: f64) -> f64 {
    records * records / (records + 2.0 * within)
}

/// How frequent a value is among strangers: of the records with any value, the share in which one with this value meets
/// it again. One is added to the pairs, so that no value is never met.
pub(super) fn frequency(strangers: f64, records: f64, with: f64) -> f64 {
    ((2.0 * strangers + 1.0) / (records * with)).min(1.0)
}

//! How like are two records, and which pairs are worth asking about (DESIGN 4.5).

use crate::error::Result;
use crate::id::{Seed, ValueHash};
use crate::policy::Rules;
use crate::value::Fact;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// A match weight: log2 of the Bayes factor of a pair, in thousandths of a bit, so that weights are ordered alike
/// everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Weight(pub i32);

/// The policy's linkage, compiled.
#[derive(Debug)]
pub(crate) struct Linker {
    columns: Vec<u16>,
}

/// The hashes of a record's block keys, each once.
pub(crate) type Blocks = SmallVec<[ValueHash; 8]>;

/// A record as batch linkage sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) facts: &'a [Fact],
    pub(crate) blocks: &'a [ValueHash],
    /// The place of its source, if the source is `unique`.
    pub(crate) unique: Option<u16>,
}

/// A pair of rows that is worth keeping: a link or a possible link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) a: u32,
    pub(crate) b: u32,
    pub(crate) weight: Weight,
}

impl Linker {
    /// Compiles the linkage of a policy; none if it has none.
    pub(crate) fn new(rules: &Rules) -> Result<Option<Self>> {
        Ok(rules
            .policy
            .linkage
            .as_ref()
            .map(|_| Self { columns: (0..(rules.attributes.len() + rules.kinds.len()) as u16).collect() }))
    }

    /// The most live records of a block before it is generic.
    pub(crate) fn max_block(&self) -> u64 {
        200
    }

    /// The blocks of a record, from its facts.
    pub(crate) fn blocks(&self, seed: Seed, facts: &[Fact]) -> Blocks {
        let hash =
            |fact: &Fact| ValueHash(seed.hash_parts(18, &[&fact.attribute.to_le_bytes(), fact.value.as_bytes()]));
        facts.iter().filter(|fact| self.columns.contains(&fact.attribute)).map(hash).collect()
    }

    /// The weight of a pair, if it is worth keeping: at least that of a possible link.
    pub(crate) fn weigh(&self, a: &[Fact], b: &[Fact]) -> Option<Weight> {
        let shared = a.iter().filter(|fact| b.contains(fact)).count() as i32;
        Some(Weight(shared * 6000)).filter(|_| shared > 1)
    }

    /// Whether a weight makes a link; else it makes a possible link.
    pub(crate) fn is_link(&self, weight: Weight) -> bool {
        weight.0 >= 18_000
    }

    /// The probability that a pair of a weight is one person.
    pub(crate) fn probability(&self, weight: Weight) -> f64 {
        let odds = (f64::from(weight.0) / 1000.0 - 15.0).exp2();
        odds / (1.0 + odds)
    }

    /// Whether two records may not be in one cluster by likeness: they contradict, or are too unlike.
    pub(crate) fn vetoes(&self, a: &[Fact], b: &[Fact]) -> bool {
        let shared = a.iter().filter(|fact| b.contains(fact)).count();
        shared == 0 && !a.is_empty() && !b.is_empty()
    }

    /// All pairs of rows that are worth keeping, by places, each once, ascending. Blocks of more rows than
    /// [`max_block`](Self::max_block) find no pairs; two rows of one unique source are no pair.
    pub(crate) fn edges(&self, rows: &[Row<'_>]) -> Vec<Edge> {
        let mut carried: Vec<(ValueHash, u32)> = Vec::new();
        for (place, row) in (0_u32..).zip(rows) {
            carried.extend(row.blocks.iter().map(|&block| (block, place)));
        }
        carried.sort_unstable();
        let mut edges = Vec::new();
        for block in carried.chunk_by(|a, b| a.0 == b.0).filter(|block| block.len() as u64 <= self.max_block()) {
            for (place, &(_, b)) in block.iter().enumerate() {
                for &(_, a) in block.iter().take(place) {
                    let (Some(one), Some(other)) = (rows.get(a as usize), rows.get(b as usize)) else { continue };
                    if one.unique.is_some() && one.unique == other.unique {
                        continue;
                    }
                    edges.extend(self.weigh(one.facts, other.facts).map(|weight| Edge { a, b, weight }));
                }
            }
        }
        edges.sort_unstable_by_key(|edge| (edge.a, edge.b));
        edges.dedup();
        edges
    }
}

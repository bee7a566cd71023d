//! Pairs of records weighed as a policy's linkage does, with no store.

use super::ruling::Ruling;
use crate::error::{Error, Result};
use crate::id::{Seed, ValueHash};
use crate::linkage::{Linker, Weight, column_names};
use crate::normalise::{Normalised, normalise};
use crate::policy::{Level, Policy};
use crate::record::Record;
use crate::value::Fact;
use smol_str::SmolStr;

/// Weighs pairs of records by the linkage of a policy: what [`Resolver`](crate::Resolver) makes of them, without one.
#[derive(Debug)]
pub struct Scorer {
    ruling: Ruling,
}

/// A record as a [`Scorer`] compares it. `Debug` shows how many values, never which.
#[derive(Clone)]
pub struct ReadRecord {
    facts: Vec<Fact>,
}

impl ReadRecord {
    /// What two records that are known to be one person's say together. O(values).
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.facts.extend_from_slice(&other.facts);
        self.facts.sort_unstable();
        self.facts.dedup();
        self
    }
}

impl std::fmt::Debug for ReadRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReadRecord({} values)", self.facts.len())
    }
}

/// What linkage makes of two records, whatever else ties them or keeps them apart.
#[derive(Debug, Clone, PartialEq)]
pub struct PairScore {
    /// The match weight.
    pub weight: Weight,
    /// The probability that they are one person.
    pub probability: f64,
    /// What each comparison adds to the weight, in the order of the model.
    pub contributions: Vec<Contribution>,
    /// What comes of it.
    pub alike: Alike,
    /// Whether they may not be in one profile by likeness: they contradict each other, or are too unlike.
    pub vetoed: bool,
}

/// What one comparison adds to a match weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// The attributes and kinds of identifier that are compared; none for what shared surroundings take off.
    pub columns: Vec<SmolStr>,
    /// The level that the pair is on; none where a value is missing.
    pub level: Option<Level>,
    /// Bits that it adds.
    pub bits: f64,
}

/// What comes of the likeness of two records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alike {
    /// Nothing.
    No,
    /// A possible link: reported, and joining nobody.
    Possible,
    /// A link.
    Link,
}

impl Scorer {
    /// Checks and compiles a policy.
    ///
    /// # Errors
    /// `Config` where the policy is wrong, or has no linkage.
    pub fn new(policy: Policy) -> Result<Self> {
        let ruling = Ruling::new(policy)?;
        match ruling.linker() {
            Some(_) => Ok(Self { ruling }),
            None => Err(Error::policy("linkage", "is not there: the policy links by identifiers only")),
        }
    }

    /// Weighs two records; none where one of them is quarantined.
    pub fn score(&self, a: &Record, b: &Record) -> Option<PairScore> {
        let (one, other) = (self.normalise(a), self.normalise(b));
        let linker = self.ruling.linker().filter(|_| !one.quarantined && !other.quarantined)?;
        Some(score(&self.ruling, linker, &one.facts, &other.facts))
    }

    /// Reads a record once, to be weighed often; none where it is quarantined.
    pub fn read(&self, record: &Record) -> Option<ReadRecord> {
        let read = self.normalise(record);
        (!read.quarantined).then_some(ReadRecord { facts: read.facts })
    }

    /// The match weight of two records that were read by this scorer, if they are at least a possible link. Most pairs
    /// are settled by a few comparisons, so this is many times faster than [`score`](Self::score).
    ///
    /// # Examples
    /// ```
    /// use onefold::{AttributePolicy, Compare, LinkagePolicy, Policy, Record, Scorer};
    /// let name = AttributePolicy::new("name", Compare::FullName);
    /// let born = AttributePolicy::new("born", Compare::Date);
    /// let policy = Policy::builder().attribute(name).attribute(born).linkage(LinkagePolicy::new()).build()?;
    /// let scorer = Scorer::new(policy)?;
    /// let at = "2026-01-05T10:00:00Z".parse()?;
    /// let record = |key, name, born| Record::new("crm", key, at).attribute("name", name).attribute("born", born);
    /// let read = |record: Record| scorer.read(&record).expect("nothing quarantines it");
    /// let ann = read(record("1", "Ann Smith", "1980-02-03"));
    /// assert!(scorer.weigh(&ann, &read(record("2", "Smith, Ann", "1980-02-03"))).is_some());
    /// assert!(scorer.weigh(&ann, &read(record("3", "Bob Jones", "1955-10-30"))).is_none());
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn weigh(&self, a: &ReadRecord, b: &ReadRecord) -> Option<Weight> {
        self.ruling.linker()?.weigh(&a.facts, &b.facts)
    }

    /// Says whether two may not be in one profile by likeness, as [`PairScore::vetoed`] does. A resolver asks it of what
    /// identifiers hold together, which speaks as one record ([`ReadRecord::with`]).
    pub fn vetoes(&self, a: &ReadRecord, b: &ReadRecord) -> bool {
        self.ruling.linker().is_some_and(|linker| linker.vetoes(&a.facts, &b.facts))
    }

    /// The hashes of a record's block keys, under the default seed: records that share one are weighed, unless too many
    /// do. None where the record is quarantined.
    pub fn blocks(&self, record: &Record) -> Vec<ValueHash> {
        let read = self.normalise(record);
        let blocks =
            if read.quarantined { Default::default() } else { self.ruling.blocks(Seed::default(), &read.facts) };
        blocks.to_vec()
    }

    /// The most live records of a block before it is generic and finds no pairs.
    pub fn max_block(&self) -> u64 {
        self.ruling.linker().map_or(0, Linker::max_block)
    }

    fn normalise(&self, record: &Record) -> Normalised {
        normalise(&self.ruling, record).0
    }
}

/// Weighs two readings.
pub(super) fn score(rules: &Ruling, linker: &Linker, a: &[Fact], b: &[Fact]) -> PairScore {
    let contributions: Vec<Contribution> =
        linker.explain(a, b).into_iter().map(|contribution| named(rules, contribution)).collect();
    let kept = linker.weigh(a, b);
    let weight = kept.unwrap_or_else(|| linker.weight(a, b));
    let alike = match kept {
        Some(weight) if linker.is_link(weight) => Alike::Link,
        Some(_) => Alike::Possible,
        None => Alike::No,
    };
    PairScore { weight, probability: linker.probability(weight), alike, vetoed: linker.vetoes(a, b), contributions }
}

fn named(rules: &Ruling, contribution: crate::linkage::Contribution) -> Contribution {
    Contribution {
        columns: column_names(rules, &contribution.columns),
        level: contribution.level,
        bits: contribution.bits,
    }
}

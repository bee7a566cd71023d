//! Pairs of records weighed as a policy's linkage does, with no store.

use super::ruling::Ruling;
use crate::error::{Error, Result};
use crate::id::{Seed, ValueHash};
use crate::linkage::{Linker, Weight};
use crate::normalise::{Normalised, normalise};
use crate::policy::Policy;
use crate::record::Record;

/// Weighs pairs of records by the linkage of a policy: what [`Resolver`](crate::Resolver) makes of them, without one.
#[derive(Debug)]
pub struct Scorer {
    ruling: Ruling,
}

/// What linkage makes of two records, whatever else ties them or keeps them apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairScore {
    /// The match weight; none below that of a possible link.
    pub weight: Option<Weight>,
    /// The probability that they are one person; 0 where there is no weight.
    pub probability: f64,
    /// What comes of it.
    pub alike: Alike,
    /// Whether they may not be in one profile by likeness: they contradict each other, or are too unlike.
    pub vetoed: bool,
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

    /// Weighs two records.
    pub fn score(&self, a: &Record, b: &Record) -> PairScore {
        let (one, other) = (self.read(a), self.read(b));
        let nothing = PairScore { weight: None, probability: 0.0, alike: Alike::No, vetoed: false };
        let Some(linker) = self.ruling.linker().filter(|_| !one.quarantined && !other.quarantined) else {
            return nothing;
        };
        let vetoed = linker.vetoes(&one.facts, &other.facts);
        match linker.weigh(&one.facts, &other.facts) {
            None => PairScore { vetoed, ..nothing },
            Some(weight) => {
                let alike = if linker.is_link(weight) { Alike::Link } else { Alike::Possible };
                PairScore { weight: Some(weight), probability: linker.probability(weight), alike, vetoed }
            }
        }
    }

    /// The hashes of a record's block keys, under the default seed: records that share one are weighed, unless too many
    /// do. None where the record is quarantined.
    pub fn blocks(&self, record: &Record) -> Vec<ValueHash> {
        let read = self.read(record);
        let blocks =
            if read.quarantined { Default::default() } else { self.ruling.blocks(Seed::default(), &read.facts) };
        blocks.to_vec()
    }

    /// The most live records of a block before it is generic and finds no pairs.
    pub fn max_block(&self) -> u64 {
        self.ruling.linker().map_or(0, Linker::max_block)
    }

    fn read(&self, record: &Record) -> Normalised {
        normalise(&self.ruling, record).0
    }
}

//! What a resolver judges by: the rules of its policy, and its linkage.

use crate::error::Result;
use crate::id::Seed;
use crate::linkage::{Blocks, Linker};
use crate::policy::{Policy, Rules};
use crate::record::RecordKey;
use crate::retention::{Retention, Terms};
use crate::time::Timestamp;
use crate::value::Fact;
use std::ops::Deref;

/// The rules, the times of what is kept, and the linker that the policy's `[linkage]` compiles to.
#[derive(Debug)]
pub(super) struct Ruling {
    rules: Rules,
    linker: Option<Linker>,
    terms: Terms,
}

impl Ruling {
    pub(super) fn new(policy: Policy) -> Result<Self> {
        let rules = Rules::new(policy)?;
        let linker = Linker::new(&rules)?;
        let terms = Terms::new(rules.policy());
        Ok(Self { rules, linker, terms })
    }

    /// What is over its time at some time.
    pub(super) fn retention(&self, now: Timestamp) -> Retention<'_> {
        Retention::new(&self.rules, &self.terms, now)
    }

    /// The linkage, if there is any.
    pub(super) fn linker(&self) -> Option<&Linker> {
        self.linker.as_ref()
    }

    /// The blocks of a record with these facts.
    pub(super) fn blocks(&self, seed: Seed, facts: &[Fact]) -> Blocks {
        self.linker.as_ref().map(|linker| linker.blocks(seed, facts)).unwrap_or_default()
    }

    /// The most live records of a block before it is generic. A block of one finds no pair in any case.
    pub(super) fn max_block(&self) -> u64 {
        self.linker.as_ref().map_or(u64::MAX, |linker| linker.max_block().max(1))
    }

    /// The place of a record's source, if the source has no duplicates.
    pub(super) fn unique(&self, key: &RecordKey) -> Option<u16> {
        self.linker.as_ref()?;
        self.rules.unique_source(&key.source)
    }

    /// Whether likeness has anything to say of two records: they are not of one source without duplicates.
    pub(super) fn may_pair(&self, a: &RecordKey, b: &RecordKey) -> bool {
        a.source != b.source || self.unique(a).is_none()
    }
}

impl Deref for Ruling {
    type Target = Rules;

    fn deref(&self) -> &Rules {
        &self.rules
    }
}

//! What holds true of all records of a cluster together.

use crate::id::Link;
use crate::policy::Rules;
use crate::value::Fact;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// Distinct facts that a summary keeps.
const FACTS_MAX: usize = 8;

/// What growth without re-resolution needs to know of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The cluster is a region by itself, with nothing withheld but by inert and generic values.
    pub clean: bool,
    /// One of its records is a witness of an inert value.
    pub witness: bool,
    /// One of its records is named by an assertion.
    pub asserted: bool,
    /// One of its records is an end of a possible link. Of the two ends, one says so at the least.
    pub possible: bool,
    /// A usable person or contact identifier is among its own that is not generic.
    pub known: bool,
    /// Kinds from this place on were not needed to hold it together; beyond all kinds where a scored link decided.
    pub level: u16,
    /// Distinct values that are not generic, per kind of the policy that has a `max_per_profile`; never too low.
    pub counts: SmallVec<[u32; 6]>,
    /// Distinct facts of exclusive attributes, sorted; empty where there are too many to keep.
    pub facts: Vec<Fact>,
    /// There are more of these than are kept.
    pub many_facts: bool,
}

impl Summary {
    /// Sums up one record: its links that are not generic, and its facts.
    pub(crate) fn of(rules: &Rules, links: impl Iterator<Item = Link>, facts: &[Fact]) -> Self {
        let mut counts: SmallVec<[u32; 6]> = SmallVec::from_elem(0, rules.kinds.len());
        let mut known = false;
        for link in links {
            let Some(kind) = rules.kinds.get(usize::from(link.kind)) else { continue };
            known |= kind.role.makes_known();
            if let (Some(_), Some(count)) = (kind.max_per_profile, counts.get_mut(usize::from(link.kind))) {
                *count += 1;
            }
        }
        let mut summary = Self {
            clean: true,
            witness: false,
            asserted: false,
            possible: false,
            known,
            level: 0,
            counts,
            facts: Vec::new(),
            many_facts: false,
        };
        summary.add_facts(rules, facts);
        summary
    }

    /// Takes in facts of exclusive attributes, each once.
    pub(crate) fn add_facts(&mut self, rules: &Rules, facts: &[Fact]) {
        for fact in facts.iter().filter(|fact| rules.is_exclusive(fact.attribute)) {
            if let Err(place) = self.facts.binary_search(fact) {
                self.facts.insert(place, fact.clone());
            }
        }
        if self.facts.len() > FACTS_MAX {
            self.many_facts = true;
        }
        if self.many_facts {
            self.facts = Vec::new();
        }
    }
}

//! A record with its reading under the policy, ready to be planned.

use super::ruling::Ruling;
use crate::id::{KeyHash, Link, Seed, ValueHash};
use crate::identifier::{hash_key, links};
use crate::issue::{Issue, IssueReason, What};
use crate::normalise::normalise;
use crate::record::Record;
use crate::store::Vertex;
use crate::time::Timestamp;
use crate::value::Fact;
use smallvec::SmallVec;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) record: Arc<Record>,
    pub(super) key: KeyHash,
    pub(super) links: SmallVec<[Link; 2]>,
    pub(super) facts: Vec<Fact>,
    /// The hashes of its block keys.
    pub(super) blocks: Box<[ValueHash]>,
    pub(super) quarantined: bool,
    pub(super) issues: Vec<Issue>,
}

impl Reading {
    /// The vertex that the record is.
    pub(super) fn vertex(&self) -> Vertex {
        Vertex::Record { key: self.record.key.clone(), at: self.record.at.microseconds() }
    }

    /// Reads a record as the policy says. `now` is what its time is judged by, where it is to be judged.
    pub(super) fn of(rules: &Ruling, seed: Seed, record: Arc<Record>, now: Option<Timestamp>) -> Self {
        let (mut normalised, mut issues) = normalise(rules, &record);
        // They are kept for as long as the record stands.
        normalised.facts.shrink_to_fit();
        let skew = i64::try_from(rules.policy.clock_skew_seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        if now.is_some_and(|now| record.at.microseconds() > now.microseconds().saturating_add(skew)) {
            let (what, key) = (What::Record, record.key.clone());
            issues.push(Issue { what, key, field: "at".into(), reason: IssueReason::Future });
        }
        Self {
            key: hash_key(seed, &record.key),
            links: links(seed, rules, &normalised.identifiers),
            blocks: Box::from(rules.blocks(seed, &normalised.facts).as_slice()),
            facts: normalised.facts,
            quarantined: normalised.quarantined,
            issues,
            record,
        }
    }
}

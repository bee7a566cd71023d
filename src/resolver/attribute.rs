//! Whose an event is (DESIGN 4.3).
//!
//! The events of a trail are of the profile that the trail is in. Those of a trail that follows whoever claims a
//! contested value are, each, of the profile with the newest claim on it by the time of the event (its microsecond
//! included: keys tell no order); before the first claim, of the profile that the trail is in.

use super::moments::event_by;
use crate::error::Result;
use crate::id::{ClusterNumber, RecordNumber, ValueHash};
use crate::stitch::Claimed;
use crate::store::{DORMANT, Node, Snapshot, all};
use ahash::AHashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Who claims a value, those that follow others left out.
struct Claims(Vec<(RecordNumber, Arc<Node>)>);

impl Claims {
    /// O(carriers).
    fn on(snapshot: &dyn Snapshot, value: ValueHash) -> Result<Self> {
        let Some(posting) = snapshot.postings(&[value])?.pop().flatten() else { return Ok(Self(Vec::new())) };
        let carriers = all(&posting.carriers, |from, limit| snapshot.carriers(value, from, limit))?;
        let nodes = carriers.iter().copied().zip(snapshot.nodes(&carriers)?);
        let nodes = nodes.filter_map(|(number, node)| Some((number, node?)));
        Ok(Self(nodes.filter(|(_, node)| node.cluster != DORMANT && node.vertex.follows().is_none()).collect()))
    }

    /// The newest claim by some time, and whose it is. O(claimants times log of their events).
    fn last_by(&self, snapshot: &dyn Snapshot, by: i64) -> Result<Option<(Claimed, ClusterNumber)>> {
        let mut newest: Option<(Claimed, ClusterNumber)> = None;
        for (number, node) in &self.0 {
            let (at, key, event) = node.vertex.order();
            if at > by {
                continue;
            }
            let claim = if event { event_by(snapshot, *number, &key.source, by)? } else { None };
            let claim = claim.unwrap_or_else(|| Claimed { at, key: key.clone(), event });
            if newest.as_ref().is_none_or(|(known, _)| *known < claim) {
                newest = Some((claim, node.cluster));
            }
        }
        Ok(newest)
    }
}

/// Finds whose events are, one after the other, and remembers what it read.
#[derive(Default)]
pub(super) struct Users {
    by_value: AHashMap<ValueHash, Followed>,
}

struct Followed {
    claims: Claims,
    /// The stretch of the last answer: whose events are from its first microsecond to its last.
    stretch: Option<(i64, i64, Option<ClusterNumber>)>,
}

impl Users {
    /// The cluster of an event on a trail, by its time. From the newest event to the oldest, a stretch is looked up once.
    pub(super) fn of(&mut self, snapshot: &dyn Snapshot, node: &Node, at: i64) -> Result<ClusterNumber> {
        let Some(link) = node.vertex.follows() else { return Ok(node.cluster) };
        let followed = match self.by_value.entry(link.value) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(slot) => slot.insert(Followed { claims: Claims::on(snapshot, link.value)?, stretch: None }),
        };
        if let Some((_, _, user)) = followed.stretch.filter(|(since, until, _)| (*since..=*until).contains(&at)) {
            return Ok(user.unwrap_or(node.cluster));
        }
        let claim = followed.claims.last_by(snapshot, at)?;
        let (since, user) = claim.map_or((i64::MIN, None), |(claim, cluster)| (claim.at, Some(cluster)));
        followed.stretch = Some((since, at, user));
        Ok(user.unwrap_or(node.cluster))
    }
}

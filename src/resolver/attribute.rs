//! Whose an event is (DESIGN 4.3).
//!
//! The events of a trail are of the profile that the trail is in. Those of a trail that follows whoever claims a
//! contested value are, each, of the profile with the newest claim on it at or before the event; before the first
//! claim, of the profile that the trail is in.

use super::moments::event_before;
use super::reading::moment_of;
use crate::error::Result;
use crate::event::Event;
use crate::id::{ClusterNumber, RecordNumber, ValueHash};
use crate::stitch::Claimed;
use crate::store::{DORMANT, Node, Snapshot, all};
use std::sync::Arc;

/// The cluster of an event on a trail.
pub(super) fn user_of(snapshot: &dyn Snapshot, node: &Node, event: &Event) -> Result<ClusterNumber> {
    let Some(link) = node.vertex.follows() else { return Ok(node.cluster) };
    let claims = Claims::on(snapshot, link.value)?;
    let user = claims.last(snapshot, &claimed(event))?;
    Ok(user.map_or(node.cluster, |(_, cluster)| cluster))
}

/// When an event happened, as a claim.
pub(super) fn claimed(event: &Event) -> Claimed {
    Claimed { at: moment_of(event).at, key: event.key.clone(), event: true }
}

/// Who claims a value, those that follow others left out.
pub(super) struct Claims(Vec<(RecordNumber, Arc<Node>)>);

impl Claims {
    /// O(carriers).
    pub(super) fn on(snapshot: &dyn Snapshot, value: ValueHash) -> Result<Self> {
        let Some(posting) = snapshot.postings(&[value])?.pop().flatten() else { return Ok(Self(Vec::new())) };
        let carriers = all(&posting.carriers, |from, limit| snapshot.carriers(value, from, limit))?;
        let nodes = carriers.iter().copied().zip(snapshot.nodes(&carriers)?);
        let nodes = nodes.filter_map(|(number, node)| Some((number, node?)));
        Ok(Self(nodes.filter(|(_, node)| node.cluster != DORMANT && node.vertex.follows().is_none()).collect()))
    }

    /// The newest claim that is not after a moment, and whose it is. O(claimants times log of their events).
    pub(super) fn last(&self, snapshot: &dyn Snapshot, moment: &Claimed) -> Result<Option<(Claimed, ClusterNumber)>> {
        let mut newest: Option<(Claimed, ClusterNumber)> = None;
        for (number, node) in &self.0 {
            let (at, key, event) = node.vertex.order();
            let oldest = Claimed { at, key: key.clone(), event };
            if oldest > *moment {
                continue;
            }
            let claim =
                if event { event_before(snapshot, *number, &key.source, moment)?.unwrap_or(oldest) } else { oldest };
            if newest.as_ref().is_none_or(|(known, _)| *known < claim) {
                newest = Some((claim, node.cluster));
            }
        }
        Ok(newest)
    }
}

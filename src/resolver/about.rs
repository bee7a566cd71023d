//! The events of a profile under a topic: those that say something of one thing, among however many others.

use super::attribute::Users;
use super::read::View;
use crate::error::Result;
use crate::event::Event;
use crate::id::{ClusterNumber, ProfileId, RecordNumber, TopicHash};
use crate::identifier::{Topic, hash_topic};
use crate::store::{Cluster, EventPlace, Node};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Places that are read at a time.
pub(super) const PAGE: usize = 256;

/// A profile with the trails that may have events of it.
pub(super) struct Subject {
    pub(super) number: ClusterNumber,
    pub(super) members: Vec<RecordNumber>,
    /// Those of the members, in their order.
    pub(super) nodes: Vec<(RecordNumber, Arc<Node>)>,
    pub(super) trails: BTreeMap<RecordNumber, Arc<Node>>,
    pub(super) cluster: Arc<Cluster>,
}

impl View {
    /// The profile that an id leads to, if it leads to one. O(members, and carriers of contested values).
    pub(super) fn subject(&self, id: ProfileId) -> Result<Option<Subject>> {
        let Some((number, cluster)) = self.cluster_of(id)? else { return Ok(None) };
        let members = self.members_of(number, &cluster)?;
        let nodes = members.iter().copied().zip(self.snapshot.nodes(&members)?);
        let nodes: Vec<_> = nodes.filter_map(|(number, node)| Some((number, node?))).collect();
        let trails = self.trails_of(&nodes)?;
        Ok(Some(Subject { number, members, nodes, trails, cluster }))
    }

    /// The events of a profile under a topic, by trail, of each the newest first. O(trails + events under the topic on
    /// them).
    pub(super) fn events_under(&self, topic: Topic<'_>, subject: &Subject) -> Result<Vec<Arc<Event>>> {
        self.events_at(&self.places_under(topic, subject)?)
    }

    /// The places of those events.
    pub(super) fn places_under(&self, topic: Topic<'_>, subject: &Subject) -> Result<Vec<EventPlace>> {
        let topic = hash_topic(self.seed, topic);
        let (mut users, mut theirs) = (Users::default(), Vec::new());
        for (&trail, node) in &subject.trails {
            for place in self.places_on(topic, trail)? {
                if users.of(&*self.snapshot, node, place.at)? == subject.number {
                    theirs.push(place);
                }
            }
        }
        Ok(theirs)
    }

    /// The places of the events of a trail under a topic, the newest first.
    pub(super) fn places_on(&self, topic: TopicHash, trail: RecordNumber) -> Result<Vec<EventPlace>> {
        let mut places: Vec<EventPlace> = Vec::new();
        loop {
            let page = self.snapshot.events_about(topic, trail..=trail, places.last().copied(), PAGE)?;
            let is_last = page.len() < PAGE;
            places.extend(page);
            if is_last {
                return Ok(places);
            }
        }
    }

    pub(super) fn events_at(&self, places: &[EventPlace]) -> Result<Vec<Arc<Event>>> {
        Ok(self.snapshot.events(places)?.into_iter().flatten().collect())
    }
}

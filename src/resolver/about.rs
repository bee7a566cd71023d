//! The events of a profile under a topic: those that say something of one thing, among however many others.

use super::attribute::Users;
use super::read::View;
use crate::error::Result;
use crate::event::Event;
use crate::id::{ClusterNumber, Link, ProfileId, RecordNumber, TopicHash, ValueHash};
use crate::identifier::{Topic, hash_topic};
use crate::policy::{Contested, Links};
use crate::store::{Cluster, DORMANT, EventPlace, Node, Posting, Snapshot, ValueState, all};
use smallvec::SmallVec;
use std::sync::Arc;

/// Places that are read at a time.
pub(super) const PAGE: usize = 256;

/// Most members of a profile carry the same few identifiers: a repetition is looked for among so many.
const LINKS_NEAR: usize = 8;

/// A profile with the trails that may have events of it.
pub(super) struct Subject {
    pub(super) number: ClusterNumber,
    pub(super) members: Vec<RecordNumber>,
    /// What they carry, by kind, then value.
    pub(super) carried: Vec<Carried>,
    /// By number.
    pub(super) trails: Vec<(RecordNumber, Arc<Node>)>,
    pub(super) cluster: Arc<Cluster>,
}

/// An identifier of a profile.
pub(super) struct Carried {
    pub(super) link: Link,
    /// So many of its members carry it.
    pub(super) members: u64,
    pub(super) posting: Option<Arc<Posting>>,
}

impl View {
    /// The profile that an id leads to, if it leads to one. O(members, and carriers of contested values).
    pub(super) fn subject(&self, id: ProfileId) -> Result<Option<Subject>> {
        let Some((number, cluster)) = self.cluster_of(id)? else { return Ok(None) };
        let members = self.members_of(number, &cluster)?;
        let nodes = self.snapshot.nodes(&members)?;
        let carried = self.carried_by(&nodes)?;
        let trails = self.trails_of(members.iter().copied().zip(nodes), &carried)?;
        Ok(Some(Subject { number, members, carried, trails, cluster }))
    }

    fn carried_by(&self, nodes: &[Option<Arc<Node>>]) -> Result<Vec<Carried>> {
        let mut carried: Vec<Carried> = Vec::new();
        for link in nodes.iter().flatten().flat_map(|node| &node.links) {
            match carried.iter_mut().rev().take(LINKS_NEAR).find(|known| known.link == *link) {
                Some(known) => known.members += 1,
                None => carried.push(Carried { link: *link, members: 1, posting: None }),
            }
        }
        carried.sort_unstable_by_key(|carried| carried.link);
        carried.dedup_by(|next, kept| {
            let is_one = next.link == kept.link;
            kept.members += if is_one { next.members } else { 0 };
            is_one
        });
        let values: SmallVec<[ValueHash; LINKS_NEAR]> = carried.iter().map(|carried| carried.link.value).collect();
        for (carried, posting) in carried.iter_mut().zip(self.snapshot.postings(&values)?) {
            carried.posting = posting;
        }
        Ok(carried)
    }

    /// The trails that may have events of a profile: its own, and those of others that follow a value which it claims.
    fn trails_of(
        &self,
        members: impl Iterator<Item = (RecordNumber, Option<Arc<Node>>)>,
        carried: &[Carried],
    ) -> Result<Vec<(RecordNumber, Arc<Node>)>> {
        let is_trail = |node: &Arc<Node>| node.vertex.record().is_none();
        let own = members.filter_map(|(number, node)| Some((number, node.filter(is_trail)?)));
        let mut trails: Vec<(RecordNumber, Arc<Node>)> = own.collect();
        for Carried { link, posting, .. } in carried {
            let rule = self.rules.kinds.get(usize::from(link.kind));
            let contests = rule.is_some_and(|rule| rule.links != Links::None && rule.contested == Contested::Latest);
            let contested = |posting: &&Arc<Posting>| matches!(posting.state, ValueState::Contested { .. });
            let Some(posting) = posting.as_ref().filter(|_| contests).filter(contested) else { continue };
            let carriers = all(&posting.carriers, |from, limit| self.snapshot.carriers(link.value, from, limit))?;
            let nodes = carriers.iter().copied().zip(self.snapshot.nodes(&carriers)?);
            let follows = |node: &Arc<Node>| node.cluster != DORMANT && node.vertex.follows() == Some(*link);
            trails.extend(nodes.filter_map(|(number, node)| Some((number, node.filter(follows)?))));
        }
        trails.sort_unstable_by_key(|(number, _)| *number);
        trails.dedup_by_key(|(number, _)| *number);
        Ok(trails)
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
        for (trail, node) in &subject.trails {
            for place in places_on(&*self.snapshot, topic, *trail)? {
                if users.of(&*self.snapshot, node, place.at)? == subject.number {
                    theirs.push(place);
                }
            }
        }
        Ok(theirs)
    }

    pub(super) fn events_at(&self, places: &[EventPlace]) -> Result<Vec<Arc<Event>>> {
        Ok(self.snapshot.events(places)?.into_iter().flatten().collect())
    }
}

/// The places of the events of a trail under a topic, the newest first.
pub(super) fn places_on(snapshot: &dyn Snapshot, topic: TopicHash, trail: RecordNumber) -> Result<Vec<EventPlace>> {
    let mut places = snapshot.events_about(topic, trail..=trail, None, PAGE)?;
    let mut is_full = places.len() == PAGE;
    while is_full {
        let page = snapshot.events_about(topic, trail..=trail, places.last().copied(), PAGE)?;
        is_full = page.len() == PAGE;
        places.extend(page);
    }
    Ok(places)
}

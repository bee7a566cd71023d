//! Events: onto their trails, and what their times change.

use super::answer::{Because, Resolution};
use super::attribute::Users;
use super::moments::{newest, newest_claim, oldest};
use super::plan::{Added, Planner};
use super::reading::{EventReading, moment_of};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{KeyHash, Link, RecordNumber, ValueHash};
use crate::identifier::{hash_trail, topics};
use crate::policy::{Contested, Links};
use crate::record::Moment;
use crate::stitch::Claimed;
use crate::store::{DORMANT, EventPlace, Node, Presence, Snapshot, Trail, ValueState, Vertex};
use smallvec::SmallVec;
use std::sync::Arc;

/// Plans events in turn, settles what they stirred, and answers for each.
pub(super) fn plan_events(planner: &mut Planner<'_>, readings: &[EventReading]) -> Result<Vec<Resolution>> {
    if readings.len() > 1 {
        let trails: Vec<KeyHash> = readings.iter().map(|reading| reading.trail).collect();
        let events: Vec<KeyHash> = readings.iter().map(|reading| reading.key).collect();
        let mut values: Vec<ValueHash> = readings.iter().flat_map(|reading| &reading.links).map(|l| l.value).collect();
        values.sort_unstable();
        values.dedup();
        planner.overlay.warm_up(&trails, &values, &[])?;
        planner.overlay.warm_up_events(&events)?;
    }
    let added = readings.iter().map(|reading| planner.add_event(reading)).collect::<Result<Vec<Added>>>()?;
    planner.settle()?;
    readings.iter().zip(added).map(|(reading, added)| planner.answer_event(reading, added)).collect()
}

impl Planner<'_> {
    /// Plans a version of an event.
    fn add_event(&mut self, reading: &EventReading) -> Result<Added> {
        if self.refuses(reading.event.what(), &reading.event.key, &reading.event.identifiers)? {
            return Ok(Added::Refused);
        }
        let standing = match self.overlay.event_place(reading.key)? {
            Some(place) => Some((place, self.standing(place)?)),
            None => None,
        };
        if standing.as_ref().is_some_and(|(_, old)| !reading.event.supersedes(old)) {
            return Ok(Added::Unchanged);
        }
        self.changed = true;
        let known = self.overlay.number(reading.trail)?;
        let number = known.unwrap_or(RecordNumber(self.meta.next_record));
        self.meta.next_record += u64::from(known.is_none());
        let place = EventPlace { trail: number, at: reading.event.at.microseconds(), key: reading.key };
        if let Some((old, event)) = &standing {
            self.overlay.drop_event(*old);
            self.set_topics(*old, event, Presence::Absent);
            self.went(*old, event);
        } else {
            self.meta.counts.events += 1;
        }
        self.overlay.put_event(place, Arc::clone(&reading.event));
        self.set_topics(place, &reading.event, Presence::Present);
        self.came(place, &reading.event);
        if standing.as_ref().is_none_or(|(old, _)| *old != place) {
            self.lengthen(number, reading)?;
            if let Some((old, event)) = &standing {
                self.shorten(old.trail, &[moment_of(event)], None)?;
            }
        }
        Ok(if reading.dormant { Added::Quarantined } else { Added::Taken })
    }

    /// Plans the removal of an event; says where its trail was, if there was such an event.
    pub(super) fn remove_event(&mut self, key: KeyHash) -> Result<bool> {
        let Some(place) = self.overlay.event_place(key)? else { return Ok(false) };
        let event = self.standing(place)?;
        self.drop_event(place, &event);
        self.shorten(place.trail, &[moment_of(&event)], None)?;
        Ok(true)
    }

    /// Takes away an event, which its trail still counts.
    pub(super) fn drop_event(&mut self, place: EventPlace, event: &Event) {
        self.changed = true;
        self.meta.counts.events -= 1;
        self.overlay.drop_event(place);
        self.set_topics(place, event, Presence::Absent);
        self.went(place, event);
    }

    pub(super) fn set_topics(&mut self, place: EventPlace, event: &Event, presence: Presence) {
        for topic in topics(self.seed, event) {
            self.overlay.set_topic(topic, place, presence);
        }
    }

    fn standing(&self, place: EventPlace) -> Result<Arc<Event>> {
        self.overlay.events(&[place])?.pop().flatten().ok_or_else(|| Error::corrupt("an event without its evidence"))
    }

    /// Counts one more event on a trail, which may be new.
    fn lengthen(&mut self, number: RecordNumber, reading: &EventReading) -> Result<()> {
        let moment = reading.moment();
        let Some(trail) = self.overlay.trail(number)? else {
            let source = reading.event.key.source.clone();
            let mut identifiers = reading.event.identifiers.clone();
            identifiers.sort_unstable();
            identifiers.dedup();
            let (first, last) = (moment.clone(), moment);
            let trail = Trail { source, identifiers: identifiers.into(), events: 1, first, last };
            self.overlay.put_trail(number, reading.trail, Arc::new(trail));
            self.meta.counts.trails += 1;
            self.meta.counts.dormant_trails += u64::from(reading.dormant);
            let vertex =
                Vertex::Trail { first: reading.event.key.clone(), at: reading.event.at.microseconds(), follows: None };
            if reading.dormant {
                return self.rehome(number, &[], &self.found_by(number)?);
            }
            return self.place_trail(number, vertex, &reading.links);
        };
        let mut longer = Trail::clone(&trail);
        longer.events += 1;
        if moment < longer.first {
            longer.first = moment.clone();
        }
        if moment > longer.last {
            longer.last = moment.clone();
        }
        let longer = Arc::new(longer);
        self.overlay.put_trail(number, reading.trail, Arc::clone(&longer));
        self.retime(number, &trail, &longer, Some(&moment))
    }

    /// Counts events off a trail, which goes with its last. The oldest that is left is looked for, unless it is known.
    pub(super) fn shorten(&mut self, number: RecordNumber, gone: &[Moment], oldest_left: Option<Moment>) -> Result<()> {
        let trail = self.overlay.trail(number)?.ok_or_else(|| Error::corrupt("an event without its trail"))?;
        let key = hash_trail(self.seed, &trail.source, &*trail.identifiers);
        if trail.events <= gone.len() as u64 {
            return self.drop_trail(number, key);
        }
        let mut shorter = Trail::clone(&trail);
        shorter.events -= gone.len() as u64;
        let lost = || Error::corrupt("a trail without its events");
        if gone.contains(&trail.last) {
            shorter.last = newest(&self.overlay, number)?.ok_or_else(lost)?;
        }
        if gone.contains(&trail.first) {
            shorter.first = match oldest_left {
                Some(left) => left,
                None => oldest(&self.overlay, number, trail.first.at, shorter.last.at)?.ok_or_else(lost)?,
            };
        }
        let shorter = Arc::new(shorter);
        self.overlay.put_trail(number, key, Arc::clone(&shorter));
        self.retime(number, &trail, &shorter, None)
    }

    pub(super) fn drop_trail(&mut self, number: RecordNumber, key: KeyHash) -> Result<()> {
        self.meta.counts.trails -= 1;
        let dormant = self.take_out(number)?;
        self.meta.counts.dormant_trails -= u64::from(dormant);
        self.overlay.drop_trail(number, key);
        Ok(())
    }

    /// Follows up a change of the times at which a trail claims its values: its region has to be resolved, unless it is
    /// certain that nobody moves. `arrived` is the event that came, if the change is that one came.
    ///
    /// Only contests ask for time. A trail that follows others claims with its oldest event. An event that is newer
    /// than every claim on a contested value makes its trail the one that holds it, and comes after everything that
    /// was placed.
    pub(super) fn retime(
        &mut self,
        number: RecordNumber,
        before: &Trail,
        after: &Trail,
        arrived: Option<&Moment>,
    ) -> Result<()> {
        let Some(node) = self.overlay.node(number)?.filter(|node| node.cluster != DORMANT) else { return Ok(()) };
        let follows = node.vertex.follows();
        let older = before.first != after.first;
        if older {
            let first = after.first.key_of(&after.source);
            let vertex = Vertex::Trail { first, at: after.first.at, follows: follows.map(Box::new) };
            self.overlay.put_node(number, Some(Arc::new(Node { vertex, ..Node::clone(&node) })));
        }
        // One that is not placed is a seed already, and where nothing is withheld, time decides nothing.
        if self.overlay.cluster(node.cluster)?.is_none_or(|cluster| cluster.summary.clean) {
            return Ok(());
        }
        if older {
            self.seeds.push(number);
            return Ok(());
        }
        if follows.is_some() {
            return Ok(());
        }
        let mut takes: SmallVec<[ValueHash; 2]> = SmallVec::new();
        for link in &node.links {
            let Some(rule) = self.rules.kinds.get(usize::from(link.kind)) else { continue };
            if rule.links == Links::None || rule.contested == Contested::Nobody {
                continue;
            }
            let Some(posting) = self.overlay.posting(link.value)? else { continue };
            let ValueState::Contested { holder } = posting.state else { continue };
            let newer = match (arrived, holder) {
                (Some(moment), Some(holder)) if rule.corroborate.is_empty() => {
                    self.is_newer(moment, number, before, holder)?
                }
                _ => false,
            };
            if !newer {
                self.seeds.push(number);
                return Ok(());
            }
            if holder != Some(number) {
                // What is later on trails that follow the value was the holder's.
                self.affected.stirred.extend(holder);
                takes.push(link.value);
            }
        }
        for value in takes {
            self.overlay.set_state(value, ValueState::Contested { holder: Some(number) })?;
        }
        Ok(())
    }

    /// Whether an event that came to a trail is newer than the newest claim on a value, which its holder has.
    fn is_newer(&self, moment: &Moment, trail: RecordNumber, before: &Trail, holder: RecordNumber) -> Result<bool> {
        if holder == trail {
            return Ok(*moment > before.last);
        }
        let Some(node) = self.overlay.node(holder)? else { return Ok(false) };
        let claimed = Claimed::by_event(&before.source, moment);
        Ok(claimed > newest_claim(&node, self.overlay.trail(holder)?.as_deref()))
    }

    fn answer_event(&mut self, reading: &EventReading, added: Added) -> Result<Resolution> {
        let issues = reading.issues.clone();
        let mut answer = Resolution { issues, ..Resolution::default() };
        let place = self.overlay.event_place(reading.key)?;
        let node = place.map(|place| self.overlay.node(place.trail)).transpose()?.flatten();
        let Some((place, node)) = place.zip(node).filter(|(_, node)| node.cluster != DORMANT) else {
            answer.because.push(match added {
                Added::Unchanged => Because::Unchanged,
                Added::Refused => Because::Erased,
                Added::Quarantined | Added::Taken => Because::Quarantined,
            });
            return Ok(answer);
        };
        let cluster = Users::default().of(&self.overlay, &node, place.at)?;
        let profile = self.overlay.cluster(cluster)?.map(|cluster| cluster.profile);
        answer.profile = profile.map(|profile| self.id(profile));
        if matches!(added, Added::Unchanged | Added::Refused) {
            answer.because.push(if added == Added::Refused { Because::Erased } else { Because::Unchanged });
            return Ok(answer);
        }
        self.affected.profiles.extend(profile);
        self.reasons_of(&node.links, &mut answer.because)?;
        let followed = node.vertex.follows().and_then(|Link { kind, .. }| self.rules.kinds.get(usize::from(kind)));
        answer.because.extend(followed.map(|rule| Because::Followed { kind: rule.name.clone() }));
        answer.because.sort_unstable();
        answer.because.dedup();
        if answer.because.is_empty() {
            answer.because.push(Because::Alone);
        }
        if let Some(profile) = profile {
            self.tell_moves(profile, &mut answer);
        }
        Ok(answer)
    }
}

//! Whose view a plan changes: told to the feed once a commit, beside what the partition tells.
//!
//! Events and consents come and go on trails that stand, and records get new versions: nobody comes to be, and what a
//! profile shows is another. What is noted here while planning is turned into profiles when the plan is a batch.

use super::attribute::Users;
use super::consent::CARRIERS_MAX;
use super::orders::ORDER_EVENTS_MAX;
use super::plan::Planner;
use crate::error::Result;
use crate::event::Event;
use crate::id::{ProfileId, ProfileNumber, RecordNumber, TopicHash};
use crate::identifier::{Topic, hash_topic, hash_value};
use crate::normalise::{normalise_identifier, order_id};
use crate::policy::Links;
use crate::store::{DORMANT, EventPlace, Node, ProfileEvent, Snapshot, ValueState};
use ahash::AHashSet;
use smol_str::SmolStr;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a plan did of which the partition does not tell.
#[derive(Default)]
pub(super) struct Affected {
    /// Where consents are that came, and what we told ourselves; and where any events were that went.
    came: Vec<Spot>,
    went: Vec<Spot>,
    /// The orders that these name: receipts and returns of them may be others'.
    orders: BTreeSet<SmolStr>,
    /// Profiles that gained a record, an event or a version of one, as often as they did.
    pub(super) profiles: Vec<ProfileNumber>,
    /// Records and trails whose profiles are affected, wherever they are in the end.
    pub(super) stirred: Vec<RecordNumber>,
}

/// An event on a trail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    trail: RecordNumber,
    /// Nothing but whom it is told of hangs on it: a consent is heard by whoever carries an identifier of its trail.
    is_consent: bool,
    at: i64,
}

impl Spot {
    fn of(place: EventPlace, event: &Event) -> Self {
        Self { trail: place.trail, is_consent: event.consent.is_some(), at: place.at }
    }
}

impl Planner<'_> {
    /// Notes that an event came.
    pub(super) fn came(&mut self, place: EventPlace, event: &Arc<Event>) {
        self.tallied.came(place, event);
        // Whose it is, is found with the answer for it; who else is affected by what was told, is not.
        if event.consent.is_some() || Event::is_told_of(&event.key.source) {
            self.affected.came.push(Spot::of(place, event));
        }
        self.affected.orders.extend(order_id(self.rules, event));
    }

    /// Notes that an event went.
    pub(super) fn went(&mut self, place: EventPlace, event: &Event) {
        self.tallied.went(place, event);
        self.affected.went.push(Spot::of(place, event));
        self.affected.orders.extend(order_id(self.rules, event));
    }

    /// Tells the feed of each profile whose view this plan changes and of which it tells nothing else.
    ///
    /// O(trails that events came to or went from, events of the orders that these name, and who carries the identifiers
    /// under which a consent came or went).
    pub(super) fn tell_affected(&mut self) -> Result<()> {
        let Affected { mut came, went, orders, mut profiles, mut stirred } = std::mem::take(&mut self.affected);
        if profiles.is_empty() && stirred.is_empty() && came.is_empty() && went.is_empty() {
            return Ok(());
        }
        self.add_sharers(&orders, &mut came)?;
        self.find_affected(&self.overlay, came, &mut profiles, &mut stirred)?;
        self.find_affected(self.overlay.base(), went, &mut profiles, &mut stirred)?;
        stirred.sort_unstable();
        stirred.dedup();
        profiles.extend(self.overlay.profiles(&stirred)?.into_iter().flatten());
        profiles.sort_unstable();
        profiles.dedup();
        let mut told: AHashSet<ProfileId> = AHashSet::new();
        let feed = self.overlay.feed().iter().filter(|change| change.event.tells_of_evidence());
        feed.for_each(|change| told.extend(change.event.profiles()));
        for profile in profiles {
            let profile = self.id(profile);
            if !told.contains(&profile) {
                self.announce(ProfileEvent::Extended { profile });
            }
        }
        Ok(())
    }

    /// Finds whose some events are, where they stand or stood.
    fn find_affected(
        &self,
        snapshot: &dyn Snapshot,
        mut spots: Vec<Spot>,
        profiles: &mut Vec<ProfileNumber>,
        stirred: &mut Vec<RecordNumber>,
    ) -> Result<()> {
        spots.sort_unstable();
        spots.dedup();
        let mut trails: Vec<RecordNumber> = spots.iter().map(|spot| spot.trail).collect();
        trails.dedup();
        let nodes = snapshot.nodes(&trails)?;
        let mut users = Users::default();
        let mut clusters = Vec::with_capacity(trails.len());
        for (events, node) in spots.chunk_by(|a, b| a.trail == b.trail).zip(nodes) {
            let Some(first) = events.first() else { continue };
            let Some(node) = node.filter(|node| node.cluster != DORMANT) else {
                self.of_told(first.trail, stirred)?;
                continue;
            };
            let each = if node.vertex.follows().is_some() { usize::MAX } else { 1 };
            for spot in events.iter().take(each) {
                clusters.push(users.of(snapshot, &node, spot.at)?);
            }
            if events.iter().any(|spot| spot.is_consent) {
                self.hearers(&node, stirred)?;
            }
        }
        clusters.sort_unstable();
        clusters.dedup();
        profiles.extend(snapshot.clusters(&clusters)?.into_iter().flatten().map(|cluster| cluster.profile));
        Ok(())
    }

    /// Whoever what we told ourselves is of: it is kept under one identifier, and counts for who carries that.
    fn of_told(&self, trail: RecordNumber, stirred: &mut Vec<RecordNumber>) -> Result<()> {
        let told = match self.overlay.trail(trail)? {
            Some(trail) => Some(trail),
            None => self.overlay.base().trails(&[trail])?.pop().flatten(),
        };
        let Some(trail) = told.filter(|trail| Event::is_told_of(&trail.source)) else { return Ok(()) };
        for sent in &*trail.identifiers {
            let Ok((kind, value)) = normalise_identifier(self.rules, sent) else { continue };
            let value = hash_value(self.seed, self.rules, kind, &value);
            let Some(posting) = self.overlay.posting(value)? else { continue };
            stirred.extend(self.overlay.carriers_at_most(value, &posting, 1)?);
            if let ValueState::Contested { holder: Some(holder) } = posting.state {
                stirred.push(holder);
            }
        }
        Ok(())
    }

    /// A carrier of each profile that hears the consents on a trail.
    fn hearers(&self, trail: &Node, stirred: &mut Vec<RecordNumber>) -> Result<()> {
        for link in &trail.links {
            let Some(rule) = self.rules.kinds.get(usize::from(link.kind)).filter(|rule| rule.role.makes_known()) else {
                continue;
            };
            let Some(posting) = self.overlay.posting(link.value)? else { continue };
            let together = posting.state == ValueState::Clear && rule.links != Links::None;
            let limit = if together { 1 } else { CARRIERS_MAX };
            if together || posting.carriers.len() <= CARRIERS_MAX as u64 {
                stirred.extend(self.overlay.carriers_at_most(link.value, &posting, limit)?);
            }
        }
        Ok(())
    }

    /// Adds the events of some orders, unless too many are of one for it to be an order: receipts and returns count with
    /// the purchase, whoever they are of.
    fn add_sharers(&self, orders: &BTreeSet<SmolStr>, spots: &mut Vec<Spot>) -> Result<()> {
        if orders.is_empty() {
            return Ok(());
        }
        // One more or less makes an id one that too many events have, or one of an order.
        let limit = ORDER_EVENTS_MAX + 2;
        let topics: Vec<TopicHash> = orders.iter().map(|id| hash_topic(self.seed, Topic::Order(id))).collect();
        for places in self.overlay.events_about_each(&topics, limit)? {
            let spot = |place: &EventPlace| Spot { trail: place.trail, is_consent: false, at: place.at };
            spots.extend(places.iter().filter(|_| places.len() < limit).map(spot));
        }
        let Some(kind) = self.rules.policy.event.order.as_ref().and_then(|kind| self.rules.kind_place(kind)) else {
            return Ok(());
        };
        for order in orders {
            let value = hash_value(self.seed, self.rules, kind, order);
            let Some(posting) = self.overlay.posting(value)?.filter(|row| row.carriers.len() < limit as u64) else {
                continue;
            };
            for trail in self.overlay.all_carriers(value, &posting)? {
                let events = self.overlay.event_page(trail, i64::MIN..=i64::MAX, None, limit)?;
                spots.extend(events.iter().map(|(place, _)| Spot { trail, is_consent: false, at: place.at }));
            }
        }
        Ok(())
    }
}

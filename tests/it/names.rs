//! The names of profiles and the feed of changes, followed from outside over a resolver's whole life.

use crate::model::Evidence;
use crate::script::Call;
use crate::subject;
use crate::world::{self, World};
use onefold::store::{ProfileChange, ProfileEvent};
use onefold::{Policy, ProfileId, Resolver};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that was ever seen of names.
#[derive(Default)]
pub(crate) struct Names {
    step: usize,
    /// When each id was first seen.
    ages: BTreeMap<ProfileId, usize>,
    /// The records in which each id may be anchored, as far as can be told from outside.
    anchors: BTreeMap<ProfileId, BTreeSet<Evidence>>,
    /// Ids whose last record was removed.
    gone: BTreeSet<ProfileId>,
    /// Ids that may be gone or not: their last record was quarantined, or went in a call of several steps.
    unsure: BTreeSet<ProfileId>,
    /// The profiles as they stood.
    before: BTreeMap<ProfileId, BTreeSet<Evidence>>,
    feed: Feed,
}

/// What a consumer knows who reads the feed and nothing else.
#[derive(Default)]
struct Feed {
    cursor: u64,
    ever: BTreeSet<ProfileId>,
    borne: BTreeSet<ProfileId>,
    /// Pairs that became possible links and did not cease to be.
    possible: u64,
}

/// Plays calls against the model: after each the two are alike, and the names and the feed are followed.
pub(crate) fn follow(policy: &Policy, calls: &[Call]) -> Resolver {
    let (resolver, mut world) = (Resolver::in_memory(policy.clone()).unwrap(), World::new(policy.clone()));
    let mut names = Names::default();
    for call in calls {
        let old = world.clone();
        world.call(call);
        subject::call(&resolver, call);
        assert_eq!(subject::picture(&resolver), world.picture(), "after {call:?}");
        subject::audit(&resolver, &world);
        names.follow(&resolver, call, &old, &world);
    }
    resolver
}

impl Names {
    /// Looks at a resolver after a call.
    pub(crate) fn follow(&mut self, resolver: &Resolver, call: &Call, old: &World, new: &World) {
        self.step += 1;
        let now = subject::people(resolver);
        self.strangers_keep_theirs(&now, call, old, new);
        self.pass_anchors(call, old, new);
        self.feed.read(resolver, &now);
        // An id may come to be and end within one call of several steps: the feed tells of it.
        for id in &self.feed.ever {
            self.ages.entry(*id).or_insert(self.step);
        }
        for (id, person) in &now {
            assert!(!self.gone.contains(id), "{id} is given again");
            // An id may come to be and be merged away within one call: then it is seen as an alias first.
            for name in resolver.profile(*id).unwrap().unwrap().aliases.into_iter().chain([*id]) {
                self.ages.entry(name).or_insert(self.step);
                self.anchors.entry(name).or_insert_with(|| person.clone());
            }
        }
        let live: BTreeSet<&Evidence> = now.values().flatten().collect();
        for (&id, anchors) in &mut self.anchors {
            match resolver.resolve_id(id).unwrap() {
                Some(home) => {
                    assert!(!self.gone.contains(&id), "{id} was gone and leads somewhere");
                    let person = now.get(&home).unwrap_or_else(|| panic!("{id} leads to {home}, which nobody bears"));
                    assert!(self.ages[&home] <= self.ages[&id], "{home} is borne though the older {id} leads there");
                    anchors.retain(|key| person.contains(key));
                    assert!(!anchors.is_empty(), "{id} leads to {home}, where none of its records is");
                    assert_eq!(resolver.profile(id).unwrap().map(|profile| profile.id), Some(home));
                }
                None => {
                    let live = anchors.iter().any(|key| live.contains(key));
                    assert!(!live || self.unsure.contains(&id), "{id} leads nowhere, and its records live");
                    if anchors.is_empty() {
                        self.gone.insert(id);
                    }
                }
            }
        }
        self.before = now;
    }

    /// Nothing happens to people who have nothing to do with the call.
    fn strangers_keep_theirs(
        &self,
        now: &BTreeMap<ProfileId, BTreeSet<Evidence>>,
        call: &Call,
        old: &World,
        new: &World,
    ) {
        if matches!(call, Call::SetPolicy(_)) {
            return;
        }
        let touched = subject::touched(call, old);
        let region: BTreeSet<Evidence> = old.connected(&touched).union(&new.connected(&touched)).cloned().collect();
        for (id, person) in &self.before {
            if person.is_disjoint(&region) {
                assert_eq!(now.get(id), Some(person), "{id} changed, and nothing ties it to what was sent");
            }
        }
    }

    /// The anchors of a record that goes pass to the oldest record of its profile.
    fn pass_anchors(&mut self, call: &Call, old: &World, new: &World) {
        let (was, is) = (old.picture(), new.picture());
        // An id is anchored in a record or a trail. An event that comes to hang on another trail takes it along where the
        // two trails share a value, and leaves it behind where they do not.
        let moved = |evidence: &Evidence| match evidence {
            Evidence::Record(_) => false,
            Evidence::Event(key) => old.events.get(key).map(world::trail) != new.events.get(key).map(world::trail),
        };
        // What a call sends twice may be set aside, or hang on another trail, between its two versions.
        let sent: Vec<Evidence> = match call {
            Call::AddAll(sent, _) => sent.iter().map(|record| Evidence::Record(world::key(&record.key))).collect(),
            Call::AddEvents(sent, _) => sent.iter().map(|event| Evidence::Event(world::key(&event.key))).collect(),
            _ => Vec::new(),
        };
        let twice = |evidence: &Evidence| sent.iter().filter(|key| *key == evidence).count() > 1;
        let moved = |evidence: &Evidence| moved(evidence) || twice(evidence);
        let stands = |evidence: &Evidence| new.evidence().any(|there| there == *evidence);
        let dead = |key: &&Evidence| moved(key) || !is.people.iter().flatten().any(|live| live == *key);
        let gone: BTreeSet<&Evidence> = was.people.iter().flatten().filter(dead).collect();
        let in_steps = !matches!(call, Call::Apply(_) | Call::SetPolicy(_));
        for (id, anchors) in &mut self.anchors {
            let leaving: Vec<Evidence> = anchors.iter().filter(|key| gone.contains(key)).cloned().collect();
            for key in leaving {
                let mates = was.people.iter().find(|person| person.contains(&key)).unwrap();
                let left: Vec<Evidence> = mates.iter().filter(|mate| !gone.contains(mate)).cloned().collect();
                if moved(&key) || left.is_empty() && mates.iter().any(stands) {
                    self.unsure.insert(*id);
                }
                anchors.extend(left);
                if in_steps {
                    // What stood between the steps of one call is not seen from outside.
                    anchors.extend(is.people.iter().flatten().cloned());
                    self.unsure.insert(*id);
                }
            }
            anchors.retain(stands);
        }
    }
}

impl Feed {
    /// Reads on from the cursor, in pages, and comes to know exactly the profiles there are.
    fn read(&mut self, resolver: &Resolver, now: &BTreeMap<ProfileId, BTreeSet<Evidence>>) {
        loop {
            let page = resolver.changes(self.cursor, 3).unwrap();
            for change in &page {
                assert_eq!(change.sequence, self.cursor + 1, "the feed has a gap");
                self.cursor = change.sequence;
                self.take(change);
            }
            if page.len() < 3 {
                break;
            }
        }
        let there: BTreeSet<ProfileId> = now.keys().copied().collect();
        assert_eq!(self.borne, there, "the feed and the profiles disagree");
        let possible = resolver.stats().unwrap().counts.possible;
        assert_eq!(self.possible, possible, "the feed and the queue of possible links disagree");
    }

    fn take(&mut self, change: &ProfileChange) {
        match &change.event {
            ProfileEvent::Created { profile } => {
                assert!(self.ever.insert(*profile), "{profile} is created twice");
                self.borne.insert(*profile);
            }
            ProfileEvent::Restored { profile } => {
                assert!(self.ever.contains(profile), "{profile} is restored and was never there");
                assert!(self.borne.insert(*profile), "{profile} is restored though it is there");
            }
            ProfileEvent::Extended { profile } | ProfileEvent::Shrunk { profile } => self.bears(&[*profile], change),
            ProfileEvent::Merged { from, into } => {
                self.bears(from, change);
                self.bears(&[*into], change);
                assert!(!from.is_empty() && !from.contains(into), "{change:?}");
                self.borne.retain(|id| !from.contains(id));
            }
            ProfileEvent::Split { from, into } => {
                self.bears(&[*from], change);
                self.ever.extend(into);
                self.borne.extend(into);
            }
            ProfileEvent::Moved { from, into, records } => {
                self.bears(&[*from, *into], change);
                assert!(*records > 0, "{change:?}");
            }
            ProfileEvent::Erased { profile } => {
                self.bears(&[*profile], change);
                self.borne.remove(profile);
            }
            ProfileEvent::Contested { profiles } | ProfileEvent::Withheld { profiles, .. } => {
                self.bears(profiles, change)
            }
            ProfileEvent::Possible { profiles } => {
                self.bears(profiles, change);
                assert_eq!(profiles.len(), 2, "{change:?}");
                self.possible += 1;
            }
            ProfileEvent::Settled { profiles } => {
                self.bears(profiles, change);
                assert!(profiles.len() <= 2, "{change:?}");
                self.possible -= 1;
            }
            other => panic!("a change that this test does not know: {other:?}"),
        }
    }

    fn bears(&self, ids: &[ProfileId], change: &ProfileChange) {
        for id in ids {
            assert!(
                self.borne.contains(id),
                "change {} names {id}, which nobody bears then: {change:?}",
                change.sequence
            );
        }
    }
}

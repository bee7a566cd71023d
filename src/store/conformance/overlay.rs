//! What is pending shows as what it will be.

use super::model::{Model, compare};
use super::random::Random;
use crate::store::contract::{Batch, Change, ProfileStore, Revision, Tenant};
use crate::store::memory::Memory;
use crate::store::overlay::{Overlay, Presence};
use crate::store::rows::Generation;

/// Two random batches of events on top of each other, over a third that is committed: read before they are committed,
/// and after.
#[test]
fn events_show_before_and_after_they_are_committed() {
    for seed in 0..60 {
        let (store, tenant) = (Memory::new(), Tenant::default());
        let (mut random, mut model) = (Random::new(seed), Model::default());
        let standing = random.events(&model);
        model.apply(&batch(0, standing.clone()));
        store.commit(&tenant, batch(0, standing)).unwrap();
        let base = store.snapshot(&tenant).unwrap();
        let mut overlay = Overlay::new(&*base);
        for _ in 0..2 {
            let changes = random.events(&model);
            model.apply(&batch(0, changes.clone()));
            for change in changes {
                match change {
                    Change::PutTrail { number, key, trail } => overlay.put_trail(number, key, trail),
                    Change::DropTrail { number, key } => overlay.drop_trail(number, key),
                    Change::PutEvent { place, event } => overlay.put_event(place, event),
                    Change::DropEvent { place } => overlay.drop_event(place),
                    Change::AddTopic { topic, place } => overlay.set_topic(topic, place, Presence::Present),
                    Change::DropTopic { topic, place } => overlay.set_topic(topic, place, Presence::Absent),
                    Change::PutDeeds { trail, month, deeds } => overlay.set_deeds(trail, month, Some(deeds)),
                    Change::DropDeeds { trail, month } => overlay.set_deeds(trail, month, None),
                    Change::AddTombstone { hash } => overlay.set_tombstone(hash, Presence::Present),
                    Change::DropTombstone { hash } => overlay.set_tombstone(hash, Presence::Absent),
                    other => panic!("{other:?} is of no event"),
                }
            }
            model.revision = 1;
            compare(&overlay, &model, "an overlay");
        }
        let (changes, _) = overlay.into_changes();
        store.commit(&tenant, batch(1, changes)).unwrap();
        model.revision = 2;
        compare(&*store.snapshot(&tenant).unwrap(), &model, "what an overlay left");
    }
}

fn batch(expected: u64, changes: Vec<Change>) -> Batch {
    Batch { expected: Revision(expected), generation: Generation(0), changes, feed: Vec::new() }
}

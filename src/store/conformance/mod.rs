//! The suite that every store must pass.

#![expect(clippy::panic, clippy::expect_used, reason = "a suite says what is wrong by panicking")]

mod model;
#[cfg(test)]
mod overlay;
mod random;

use crate::error::ErrorKind;
use crate::id::{ClusterNumber, KeyHash, ProfileNumber, RecordNumber, TopicHash, ValueHash};
use crate::store::contract::{Batch, Change, ProfileStore, Revision, Snapshot, Tenant};
use crate::store::rows::{EventPlace, Generation, WithheldKey};
use model::{Model, compare};
use random::Random;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const SEEDS: u64 = 12;
const STEPS: u64 = 50;

/// Checks that a store keeps the contract of [`ProfileStore`]. `make` makes a new, empty store each time.
///
/// It compares the store with a naive model over random batches, snapshots held open and tenants, and checks what
/// needs to be arranged: refused batches, generations, pages, readers beside a writer. What a crash does to a store is
/// for its own tests.
///
/// # Panics
/// Where the store breaks the contract; the message says how.
///
/// # Examples
/// ```
/// use onefold::{Memory, store::conformance};
/// use std::sync::Arc;
/// conformance::check(&|| Arc::new(Memory::new()));
/// ```
pub fn check(make: &dyn Fn() -> Arc<dyn ProfileStore>) {
    knows_nothing_at_first(&*make());
    refuses_what_was_planned_on_another_revision(&*make());
    keeps_tenants_apart(&*make());
    switches_generations(&*make());
    drops_what_is_not_there(&*make());
    reads_beside_a_writer(&*make());
    for seed in 0..SEEDS {
        agrees_with_the_model(&*make(), seed);
    }
}

fn knows_nothing_at_first(store: &dyn ProfileStore) {
    let snapshot = take(store, &Tenant::default());
    assert_eq!(snapshot.revision(), Revision(0), "a tenant that was never written is at revision 0");
    compare(&*snapshot, &Model::default(), "a tenant that was never written");
    store.retire(&Tenant::default(), None).expect("retiring in a tenant that was never written does nothing");
    store.scrub().expect("an empty store can be scrubbed");
    let revision = commit(store, &Tenant::default(), Batch { ..empty(0) });
    assert_eq!(revision, Revision(1), "an empty batch is a commit");
    let snapshot = take(store, &Tenant::default());
    compare(&*snapshot, &Model { revision: 1, ..Model::default() }, "a tenant with one empty commit");
}

fn refuses_what_was_planned_on_another_revision(store: &dyn ProfileStore) {
    let tenant = Tenant::default();
    let (mut random, mut model) = (Random::new(1), Model::default());
    for expected in [1, u64::MAX] {
        refused(store, &tenant, Batch { expected: Revision(expected), ..random.batch(&model) });
    }
    for _ in 0..3 {
        let batch = random.batch(&model);
        model.apply(&batch);
        commit(store, &tenant, batch);
    }
    for expected in [0, 2, 4, u64::MAX] {
        refused(store, &tenant, Batch { expected: Revision(expected), ..random.batch(&model) });
        compare(&*take(store, &tenant), &model, "after a refused batch");
    }
}

fn keeps_tenants_apart(store: &dyn ProfileStore) {
    let tenants = ["default", "a", "ab", "b", "", "a\0", "ä"].map(|name| Tenant(name.into()));
    let mut models: BTreeMap<Tenant, Model> = BTreeMap::new();
    let mut random = Random::new(2);
    for round in 0..40 {
        let tenant = random.pick(&tenants).clone();
        let model = models.entry(tenant.clone()).or_default();
        let batch = random.batch(model);
        model.apply(&batch);
        commit(store, &tenant, batch);
        if round % 10 == 9 {
            model.retire(None);
            store.retire(&tenant, None).expect("retiring succeeds");
        }
    }
    for tenant in &tenants {
        let untouched = Model::default();
        compare(&*take(store, tenant), models.get(tenant).unwrap_or(&untouched), "a tenant beside others");
    }
}

fn switches_generations(store: &dyn ProfileStore) {
    let tenant = Tenant::default();
    let (mut random, mut model) = (Random::new(3), Model::default());
    let mut step = |model: &mut Model, generation: u32, switch: Switch| {
        let mut batch = random.batch(model);
        batch.generation = Generation(generation);
        batch.changes.retain(|change| !matches!(change, Change::PutMeta(_)));
        let current = match switch {
            Switch::To(generation) => generation,
            Switch::Stay => model.current().0,
        };
        batch.changes.push(random.meta(model, Generation(current)));
        model.apply(&batch);
        commit(store, &tenant, batch);
    };
    for _ in 0..6 {
        step(&mut model, 0, Switch::Stay);
    }
    let before = (take(store, &tenant), model.clone());
    for _ in 0..6 {
        step(&mut model, 1, Switch::Stay);
        compare(&*take(store, &tenant), &model, "while the next generation is built");
    }
    step(&mut model, 1, Switch::To(1));
    compare(&*take(store, &tenant), &model, "after the next generation became current");
    compare(&*before.0, &before.1, "a snapshot of the generation before");
    step(&mut model, 2, Switch::Stay);
    for keep in [Some(Generation(2)), Some(Generation(2)), None] {
        store.retire(&tenant, keep).expect("retiring succeeds");
        model.retire(keep);
        compare(&*take(store, &tenant), &model, "after retiring");
    }
    let gone = Model { retired: true, ..before.1 };
    compare(&*before.0, &gone, "a snapshot of a generation that was retired");
    step(&mut model, 2, Switch::To(2));
    compare(&*take(store, &tenant), &model, "a generation begun anew has no row from before it was retired");
    store.scrub().expect("scrubbing succeeds");
    compare(&*take(store, &tenant), &model, "after a scrub");
}

enum Switch {
    Stay,
    To(u32),
}

fn drops_what_is_not_there(store: &dyn ProfileStore) {
    let tenant = Tenant::default();
    let (mut random, mut model) = (Random::new(4), Model::default());
    let batch = random.batch(&model);
    model.apply(&batch);
    commit(store, &tenant, batch);
    let (number, value, cluster) = (RecordNumber(1 << 20), ValueHash(7), ClusterNumber(1 << 20));
    let changes = vec![
        Change::DropRecord { number, key: KeyHash(7) },
        Change::DropTrail { number, key: KeyHash(7) },
        Change::DropEvent { place: EventPlace { trail: number, at: 7, key: KeyHash(7) } },
        Change::DropTopic { topic: TopicHash(7), place: EventPlace { trail: number, at: 7, key: KeyHash(7) } },
        Change::DropDeeds { trail: number, month: 7 },
        Change::DropAssertion { a: KeyHash(7), b: KeyHash(8) },
        Change::DropNode { number },
        Change::DropPosting { value },
        Change::DropCarrier { value, number },
        Change::DropCluster { number: cluster },
        Change::DropMember { cluster, number },
        Change::DropWithheld { key: WithheldKey::Join(KeyHash(7), KeyHash(8)) },
    ];
    let batch = Batch { changes, ..empty(1) };
    model.apply(&batch);
    commit(store, &tenant, batch);
    compare(&*take(store, &tenant), &model, "after dropping what is not there");
}

/// Every commit writes its revision in three tables; a snapshot must never see two of them.
fn reads_beside_a_writer(store: &dyn ProfileStore) {
    let (tenant, done) = (Tenant::default(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut seen = 0;
                while !done.load(Ordering::Relaxed) {
                    let snapshot = take(store, &tenant);
                    let revision = snapshot.revision().0;
                    assert!(revision >= seen, "a later snapshot shows an earlier revision");
                    seen = revision;
                    for _ in 0..3 {
                        let meta = snapshot.meta().expect("reading succeeds").map_or(0, |meta| meta.next_record);
                        assert_eq!(meta, revision, "a snapshot shows the state of another revision");
                        let anchors = snapshot.anchors(&[ProfileNumber(0)]).expect("reading succeeds");
                        let expected = (revision > 0).then_some(random::anchor_at(revision));
                        assert_eq!(anchors, [expected], "a snapshot shows an anchor of another revision");
                        let carriers = snapshot.carriers(ValueHash(5), RecordNumber(0), usize::MAX);
                        let carriers = carriers.expect("reading succeeds").len() as u64;
                        assert_eq!(carriers, revision, "a snapshot shows carriers of another revision");
                    }
                }
            });
        }
        scope.spawn(|| {
            let mut random = Random::new(5);
            for revision in 0..200 {
                let changes = random.marks(revision + 1);
                commit(store, &tenant, Batch { changes, ..empty(revision) });
            }
            done.store(true, Ordering::Relaxed);
        });
    });
}

fn agrees_with_the_model(store: &dyn ProfileStore, seed: u64) {
    let tenants = ["one", "two"].map(|name| Tenant(name.into()));
    let mut random = Random::new(1000 + seed);
    let mut models: BTreeMap<Tenant, Model> = BTreeMap::new();
    let mut held: Vec<(Arc<dyn Snapshot>, Model)> = Vec::new();
    for _ in 0..STEPS {
        let tenant = random.pick(&tenants).clone();
        let model = models.entry(tenant.clone()).or_default();
        match random.below(8) {
            0 => held.push((take(store, &tenant), model.clone())),
            1 if !held.is_empty() => {
                let place = random.below(held.len() as u64) as usize;
                held.swap_remove(place);
            }
            2 if random.below(4) == 0 => {
                store.retire(&tenant, None).expect("retiring succeeds");
                model.retire(None);
                held.iter_mut().for_each(|(_, model)| model.retired = true);
            }
            _ => {
                let batch = random.batch(model);
                model.apply(&batch);
                let revision = commit(store, &tenant, batch);
                assert_eq!(revision.0, model.revision, "a commit counts on by one");
            }
        }
        if random.below(4) == 0 {
            compare(&*take(store, &tenant), model, "the newest snapshot");
        }
    }
    for (tenant, model) in &models {
        compare(&*take(store, tenant), model, "the last snapshot");
    }
    for (snapshot, model) in &held {
        compare(&**snapshot, model, "a snapshot held open");
    }
}

fn take(store: &dyn ProfileStore, tenant: &Tenant) -> Arc<dyn Snapshot> {
    store.snapshot(tenant).expect("taking a snapshot succeeds")
}

fn commit(store: &dyn ProfileStore, tenant: &Tenant, batch: Batch) -> Revision {
    let expected = batch.expected.0;
    let revision = store.commit(tenant, batch).expect("a commit on the tenant's revision succeeds");
    assert_eq!(revision.0, expected + 1, "a commit makes the next revision");
    revision
}

fn refused(store: &dyn ProfileStore, tenant: &Tenant, batch: Batch) {
    match store.commit(tenant, batch) {
        Ok(_) => panic!("a batch planned on another revision was applied"),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Conflict, "a batch planned on another revision is a conflict")
        }
    }
}

fn empty(expected: u64) -> Batch {
    Batch { expected: Revision(expected), generation: Generation(0), changes: Vec::new(), feed: Vec::new() }
}

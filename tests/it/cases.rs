//! Worked examples: those of the shared `cases/identity.json`, and those of `cases.json` beside this file for what they
//! leave out. First on the model, so that it can be trusted, then on the resolver.

use crate::model::{Evidence, Person};
use crate::subject;
use crate::world::{self, Picture, World};
use onefold::{AccessRequest, Identifier, Operation, Policy, Record, Resolver, Verification};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// One worked example.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    #[expect(dead_code, reason = "for people")]
    about: String,
    any_order: bool,
    policy: Policy,
    operations: Vec<serde_json::Value>,
    records: BTreeSet<BTreeSet<String>>,
    identifiers: BTreeSet<BTreeSet<String>>,
}

/// The shared folder: beside the repository, or where `ONEFOLD_SHARED` says.
pub(crate) fn shared() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let told = std::env::var_os("ONEFOLD_SHARED").map(PathBuf::from);
    [Some(beside), told].into_iter().flatten().find(|folder| folder.is_dir())
}

/// All cases; the shared ones are left out, with a note, where their folder is absent.
#[expect(clippy::print_stderr, reason = "a skipped check is said aloud")]
fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = serde_json::from_str(include_str!("cases.json")).unwrap();
    match shared() {
        None => eprintln!("skipped: cases/identity.json is not here"),
        Some(folder) => {
            let text = std::fs::read(folder.join("cases/identity.json")).unwrap();
            let shared: Vec<Case> = serde_json::from_slice(&text).unwrap();
            assert!(shared.len() >= 35, "cases went missing");
            cases.extend(shared);
        }
    }
    cases
}

impl Case {
    /// The orders to try: all of up to six operations, a sample of more; one if order counts.
    fn orders(&self) -> Vec<Vec<Operation>> {
        let sent: Vec<Operation> = self
            .operations
            .iter()
            .map(|line| Operation::from_json(line.to_string().as_bytes(), None).unwrap())
            .collect();
        if !self.any_order {
            return vec![sent];
        }
        if sent.len() <= 6 {
            return permutations(&sent);
        }
        let mut orders = vec![sent.clone(), sent.iter().rev().cloned().collect()];
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..200 {
            let mut order = sent.clone();
            for place in (1..order.len()).rev() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                order.swap(place, (seed >> 33) as usize % (place + 1));
            }
            orders.push(order);
        }
        orders
    }

    fn check(&self, picture: &Picture, told: &str) {
        let label = |evidence: &Evidence| format!("{evidence:?}");
        let people: BTreeSet<BTreeSet<String>> =
            picture.people.iter().map(|person| person.iter().map(label).collect()).collect();
        assert_eq!(people, self.records, "{}: records, {told}", self.id);

        let mut held: BTreeMap<&Person, BTreeSet<String>> = BTreeMap::new();
        for ((kind, value), (_, holder)) in &picture.values {
            if let Some(holder) = holder {
                held.entry(holder).or_default().insert(format!("{kind}:{value}"));
            }
        }
        let held: BTreeSet<BTreeSet<String>> = held.into_values().collect();
        assert_eq!(held, self.identifiers, "{}: identifiers, {told}", self.id);
    }
}

pub(crate) fn permutations<T: Clone>(list: &[T]) -> Vec<Vec<T>> {
    if list.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for place in 0..list.len() {
        let mut rest = list.to_vec();
        let first = rest.remove(place);
        for mut tail in permutations(&rest) {
            tail.insert(0, first.clone());
            all.push(tail);
        }
    }
    all
}

#[test]
fn the_model_agrees_with_every_case_in_every_order() {
    for case in cases() {
        for order in case.orders() {
            let mut world = World::new(case.policy.clone());
            for operation in &order {
                world.apply(operation);
            }
            case.check(&world.picture(), &format!("the model, {order:?}"));
        }
    }
}

#[test]
fn the_resolver_agrees_with_every_case_one_by_one() {
    for case in cases() {
        for order in case.orders() {
            let resolver = Resolver::in_memory(case.policy.clone()).unwrap();
            let mut world = World::new(case.policy.clone());
            for operation in &order {
                world.apply(operation);
                drop(resolver.apply(operation.clone()).unwrap());
            }
            case.check(&subject::picture(&resolver), &format!("one by one, {order:?}"));
            subject::audit(&resolver, &world);
        }
    }
}

/// Whatever one identifier proves, nobody is told of a record or an event of somebody else.
#[test]
fn in_no_case_is_anybody_told_of_another() {
    let mut told = 0;
    for case in cases() {
        let resolver = Resolver::in_memory(case.policy.clone()).unwrap();
        case.orders()[0].iter().for_each(|operation| drop(resolver.apply(operation.clone()).unwrap()));
        let mut identifiers: Vec<Identifier> = Vec::new();
        resolver.identifiers(&mut |row| identifiers.push(Identifier::new(row.kind, row.value))).unwrap();
        for identifier in identifiers {
            let request = AccessRequest::new("dsr-1", "2027-01-01T00:00:00Z".parse().unwrap());
            let request = request.needed(Verification::OneIdentifier).proved(identifier.clone());
            let report = resolver.view().unwrap().access(&request).unwrap();
            let records = report.records.iter().map(|record| Evidence::Record(world::key(&record.key)));
            let events = report.events.iter().map(|event| Evidence::Event(world::key(&event.key)));
            let theirs: BTreeSet<String> = records.chain(events).map(|evidence| format!("{evidence:?}")).collect();
            told += theirs.len();
            let of_one = theirs.is_empty() || case.records.iter().any(|person| theirs.is_subset(person));
            assert!(of_one, "{}: {} tells {theirs:?}", case.id, identifier.kind);
        }
    }
    assert!(told > 0, "nobody is told anything");
}

#[test]
fn the_resolver_agrees_with_every_case_in_batches_and_by_load() {
    for case in cases().iter().filter(|case| case.any_order) {
        for order in case.orders() {
            let records: Vec<Record> = order
                .iter()
                .map(|operation| match operation {
                    Operation::Add(record) => record.clone(),
                    other => panic!("{}: {other:?} in a case that takes any order", case.id),
                })
                .collect();
            for batch in [1, 2, records.len()] {
                let resolver = Resolver::in_memory(case.policy.clone()).unwrap();
                drop(resolver.add_all(records.clone(), subject::ingest(batch)).unwrap());
                case.check(&subject::picture(&resolver), &format!("{batch} at once, {order:?}"));
            }
            let resolver = Resolver::in_memory(case.policy.clone()).unwrap();
            drop(resolver.load(records, subject::ingest(2)).unwrap());
            case.check(&subject::picture(&resolver), &format!("by load, {order:?}"));
        }
    }
}

/// Every case once, as it is written, each in a tenant of its own of one store on disk, and read after it is opened again.
#[cfg(feature = "durable")]
#[test]
fn the_resolver_agrees_with_every_case_on_disk() {
    use onefold::store::Tenant;
    use onefold::{Durability, Durable, Options};
    use std::sync::Arc;
    let folder = tempfile::tempdir().unwrap();
    let open = || Arc::new(Durable::options(folder.path()).durability(Durability::System).open().unwrap());
    let options = |number: usize| Options::from(Tenant(format!("case{number}").into()));
    let cases = cases();
    let store = open();
    for (number, case) in cases.iter().enumerate() {
        let resolver = Resolver::open(store.clone(), case.policy.clone(), options(number)).unwrap();
        for operation in &case.orders()[0] {
            drop(resolver.apply(operation.clone()).unwrap());
        }
    }
    drop(store);
    let store = open();
    for (number, case) in cases.iter().enumerate() {
        let resolver = Resolver::open(store.clone(), case.policy.clone(), options(number)).unwrap();
        let mut world = World::new(case.policy.clone());
        case.orders()[0].iter().for_each(|operation| world.apply(operation));
        case.check(&subject::picture(&resolver), "on disk");
        subject::audit(&resolver, &world);
    }
}

//! What must not grow, and what must not tear: crowds on one value, long chains, readers beside a writer, two writers.
//!
//! Debug builds take smaller crowds under smaller limits: the shapes are the same.

use crate::model::Key;
use crate::subject;
use crate::world::World;
use onefold::store::{Batch, Generation, ProfileStore, Revision, Snapshot, Tenant};
use onefold::{
    Error, ErrorKind, Identifier, Memory, Operation, Options, Policy, Record, Resolver, Result, Status, Timestamp,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// (records of the crowd, `max_records`, records of one measured stretch)
const CROWD: (usize, u64, usize) = if cfg!(debug_assertions) { (6_000, 2_000, 500) } else { (80_000, 10_000, 1_000) };

fn policy(json: &str) -> Policy {
    serde_json::from_str(json).unwrap()
}

fn record(number: usize) -> Record {
    Record::new("s", format!("{number:06}"), minute(number))
}

fn minute(number: usize) -> Timestamp {
    Timestamp::from_milliseconds(1_700_000_000_000 + 60_000 * i64::try_from(number).unwrap()).unwrap()
}

/// A permutation that is the same every time (Fisher and Yates, by a linear congruential generator).
fn shuffled<T>(mut list: Vec<T>) -> Vec<T> {
    let mut seed = 42_u64;
    for place in (1..list.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        list.swap(place, (seed >> 33) as usize % (place + 1));
    }
    list
}

#[test]
fn a_thousand_members_on_one_till_address_are_a_thousand_people() {
    let policy = policy(
        r#"{"identifier": [{"kind": "loyalty", "role": "person"},
            {"kind": "email", "role": "contact", "normalise": "email"}]}"#,
    );
    let members = |number: usize| {
        record(number).identifier("loyalty", format!("L{number}")).identifier("email", "till@shop.example")
    };
    let one_by_one = Resolver::in_memory(policy.clone()).unwrap();
    for number in 0..1_000 {
        drop(one_by_one.add(members(number)).unwrap());
    }
    let at_once = Resolver::in_memory(policy).unwrap();
    drop(at_once.load(shuffled((0..1_000).map(members).collect()), subject::ingest(100)).unwrap());
    for resolver in [one_by_one, at_once] {
        assert_eq!(subject::profiles(&resolver).len(), 1_000);
        let found = resolver.find(&Identifier::new("email", "till@shop.example")).unwrap();
        assert_eq!((found.profile, found.status), (None, Status::Contested));
        let found = resolver.find(&Identifier::new("loyalty", "L7")).unwrap();
        assert_eq!(found.status, Status::Held);
    }
}

/// Adds the crowd one by one and checks what the adds cost: on the way up to the limit, and long after it.
fn crowd(policy: &Policy, member: impl Fn(usize) -> Record, people: usize) {
    let (total, limit, stretch) = CROWD;
    let resolver = Resolver::in_memory(policy.clone()).unwrap();
    let mut costs = Vec::new();
    for number in 0..total {
        let member = member(number);
        let start = Instant::now();
        drop(resolver.add(member).unwrap());
        costs.push(start.elapsed());
    }
    assert_eq!(subject::profiles(&resolver).len(), people);
    let found = resolver.find(&Identifier::new("email", "till@shop.example")).unwrap();
    assert_eq!((found.profile, found.status), (None, Status::Generic));

    let limit = usize::try_from(limit).unwrap();
    let (first, last) = (middle(&costs[..stretch]), middle(&costs[total - stretch..]));
    assert!(last <= 2 * first, "after the limit: {last:?} for one more, {first:?} at first");
    let up = middle(&costs[limit - stretch..limit]);
    assert!(up <= 4 * first, "before the limit: {up:?} for one more, {first:?} at first");
    let (half, whole) = (costs[..limit / 2].iter().sum::<Duration>(), costs[..limit].iter().sum::<Duration>());
    assert!(whole <= 4 * half, "the way up: {whole:?} for the whole, {half:?} for the half");
}

/// The median: what one add costs, whatever else the machine does meanwhile.
fn middle(costs: &[Duration]) -> Duration {
    let mut costs = costs.to_vec();
    costs.sort();
    costs[costs.len() / 2]
}

fn crowd_policy(rest: &str) -> Policy {
    let limit = CROWD.1;
    policy(&format!(
        r#"{{"identifier": [{{"kind": "crm", "role": "person"}},
            {{"kind": "email", "role": "contact", "normalise": "email", "max_records": {limit}}}{rest}]}}"#
    ))
}

#[test]
fn a_crowd_of_customers_on_one_address_costs_each_the_same() {
    let member =
        |number| record(number).identifier("crm", format!("C{number}")).identifier("email", "till@shop.example");
    crowd(&crowd_policy(""), member, CROWD.0);
}

#[test]
fn a_crowd_of_phones_on_one_address_costs_each_the_same() {
    let policy = crowd_policy(r#", {"kind": "phone", "role": "contact", "normalise": "digits"}"#);
    let member =
        |number| record(number).identifier("phone", format!("555{number:07}")).identifier("email", "till@shop.example");
    crowd(&policy, member, CROWD.0);
}

#[test]
fn a_crowd_of_bare_addresses_costs_each_the_same() {
    crowd(&crowd_policy(""), |number| record(number).identifier("email", "till@shop.example"), CROWD.0);
}

#[test]
fn a_chain_is_one_person_in_whatever_order_it_comes() {
    let length = 10_000;
    let policy = policy(
        r#"{"max_region": 20000, "identifier": [{"kind": "number", "role": "contact", "max_per_profile": "none"}]}"#,
    );
    let links: Vec<Record> = (0..length)
        .map(|place| {
            record(place).identifier("number", format!("n{place}")).identifier("number", format!("n{}", place + 1))
        })
        .collect();
    let reversed = links.iter().rev().cloned().collect();
    for order in [links.clone(), reversed, shuffled(links.clone())] {
        let resolver = Resolver::in_memory(policy.clone()).unwrap();
        drop(resolver.add_all(order, subject::ingest(500)).unwrap());
        assert_eq!(subject::profiles(&resolver).into_values().map(|person| person.len()).collect::<Vec<_>>(), [length]);
    }
    let loaded = Resolver::in_memory(policy).unwrap();
    drop(loaded.load(shuffled(links), subject::ingest(1_000)).unwrap());
    assert_eq!(subject::profiles(&loaded).len(), 1);
}

#[test]
fn a_kiosk_joins_nobody() {
    let policy = policy(r#"{"identifier": [{"kind": "crm", "role": "person"}, {"kind": "device", "role": "device"}]}"#);
    let resolver = Resolver::in_memory(policy).unwrap();
    for number in 0..300 {
        drop(
            resolver.add(record(number).identifier("crm", format!("C{number}")).identifier("device", "kiosk")).unwrap(),
        );
    }
    drop(resolver.add(record(300).identifier("device", "kiosk")).unwrap());
    assert_eq!(subject::profiles(&resolver).len(), 301);
    let found = resolver.find(&Identifier::new("device", "kiosk")).unwrap();
    assert_eq!((found.profile, found.status), (None, Status::Contested));
}

#[test]
fn readers_see_whole_commits_beside_a_writer() {
    let policy = policy(r#"{"identifier": [{"kind": "crm", "role": "person"}]}"#);
    let resolver = Arc::new(Resolver::in_memory(policy).unwrap());
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let (resolver, done) = (Arc::clone(&resolver), Arc::clone(&done));
            std::thread::spawn(move || {
                let mut seen = 0;
                loop {
                    let last = done.load(Ordering::Acquire);
                    let records = whole_pairs(&resolver);
                    assert!(records >= seen, "time goes forward");
                    seen = records;
                    if last {
                        return seen;
                    }
                }
            })
        })
        .collect();
    for couple in 0..200 {
        let pair = [2 * couple, 2 * couple + 1].map(|number| record(number).identifier("crm", format!("C{couple}")));
        drop(resolver.add_all(pair.to_vec(), subject::ingest(2)).unwrap());
    }
    done.store(true, Ordering::Release);
    for reader in readers {
        assert_eq!(reader.join().unwrap(), 400);
    }
}

/// Looks at one revision, in which every profile is a pair; answers how many records it has.
fn whole_pairs(resolver: &Resolver) -> u64 {
    let view = resolver.view().unwrap();
    let mut couples = std::collections::BTreeMap::new();
    view.live_records(&mut |_, profile| *couples.entry(profile.unwrap()).or_insert(0_u64) += 1).unwrap();
    assert!(couples.values().all(|records| *records == 2), "half a commit");
    let counts = view.stats().unwrap().counts;
    assert_eq!((counts.records, counts.profiles), (2 * couples.len() as u64, couples.len() as u64));
    if let Some((id, _)) = couples.last_key_value() {
        assert_eq!(view.members(*id).unwrap().len(), 2);
    }
    counts.records
}

#[test]
fn two_writers_on_one_store_give_the_answer_of_one() {
    let policy = policy(
        r#"{"identifier": [{"kind": "crm", "role": "person"}, {"kind": "email", "role": "contact"},
            {"kind": "device", "role": "device"}]}"#,
    );
    let mut world = World::new(policy.clone());
    let records: Vec<Record> = shuffled((0..60).collect())
        .into_iter()
        .map(|number| {
            let sent = record(number).identifier("email", format!("e{}", number % 11));
            let sent = if number % 3 == 0 { sent.identifier("crm", format!("C{}", number % 7)) } else { sent };
            sent.identifier("device", format!("d{}", number % 5))
        })
        .collect();
    records.iter().for_each(|record| world.apply(&Operation::Add(record.clone())));

    let store: Arc<dyn ProfileStore> = Arc::new(Memory::new());
    let open = || Resolver::open(Arc::clone(&store), policy.clone(), Options::default()).unwrap();
    drop(open());
    std::thread::scope(|scope| {
        for half in records.chunks(30) {
            let resolver = open();
            scope.spawn(move || {
                for record in half {
                    while let Err(error) = resolver.add(record.clone()) {
                        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                    }
                }
            });
        }
    });
    let resolver = open();
    assert_eq!(subject::picture(&resolver), world.picture());
    subject::audit(&resolver, &world);
    let people: BTreeSet<Key> = subject::homes(&resolver).into_keys().collect();
    assert_eq!(people.len(), 60);
}

/// A hotel's telephone under the retail policy: its guests have names, and share nothing else.
///
/// Every guest stirs the whole region until the value is generic, so this is quadratic: a small hotel unless
/// `ONEFOLD_CROWD` says how many guests; it tells what each thousand of them costs.
#[test]
#[expect(clippy::print_stderr, reason = "figures, where they were asked for")]
fn guests_on_one_telephone_are_as_many_people() {
    let told = std::env::var("ONEFOLD_CROWD").ok().and_then(|guests| guests.parse().ok());
    let guests: usize = told.unwrap_or(300);
    for shared in ["phone", "email"] {
        let resolver = Resolver::in_memory(Policy::retail()).unwrap();
        let mut start = Instant::now();
        for number in 0..guests {
            let own = if shared == "phone" { "email" } else { "customer_id" };
            let value = if shared == "phone" { "+442079460958" } else { "desk@hotel.example" };
            let own_value = if own == "email" { format!("guest{number}@mail.example") } else { format!("C{number}") };
            let guest = record(number).identifier(shared, value).identifier(own, own_value);
            let guest = guest.attribute("given_name", name(number)).attribute("surname", name(number / 26 + 7));
            drop(resolver.add(guest).unwrap());
            if told.is_some() && number % 1_000 == 999 {
                eprintln!("{shared}: guests {} to {number}: {:?}", number - 999, start.elapsed());
                start = Instant::now();
            }
        }
        assert_eq!(subject::profiles(&resolver).len(), guests);
    }
}

/// A name for every number, none like another.
fn name(mut number: usize) -> String {
    let mut name = String::from("N");
    for _ in 0..5 {
        name.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
    }
    name
}

/// Fails the n-th commit.
pub(crate) struct Failing {
    pub(crate) store: Memory,
    pub(crate) left: AtomicU64,
}

impl ProfileStore for Failing {
    fn snapshot(&self, tenant: &Tenant) -> Result<Arc<dyn Snapshot>> {
        self.store.snapshot(tenant)
    }

    fn commit(&self, tenant: &Tenant, batch: Batch) -> Result<Revision> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            1 => Err(Error::store("commit", "told to fail")),
            _ => self.store.commit(tenant, batch),
        }
    }

    fn retire(&self, tenant: &Tenant, keep: Option<Generation>) -> Result<()> {
        self.store.retire(tenant, keep)
    }

    fn scrub(&self) -> Result<()> {
        self.store.scrub()
    }
}

#[test]
fn a_load_of_several_commits_that_fails_at_any_of_them_can_be_sent_again() {
    let policy = policy(r#"{"identifier": [{"kind": "loyalty", "role": "person"}]}"#);
    // A node, a cluster, an anchor and half a posting each.
    let records: Vec<Record> =
        (0..40_000).map(|number| record(number).identifier("loyalty", format!("L{}", number / 2))).collect();
    let mut failed = 0;
    for place in 1.. {
        let store = Arc::new(Failing { store: Memory::new(), left: AtomicU64::new(place) });
        let resolver = Resolver::open(store, policy.clone(), Options::default()).unwrap();
        let first = resolver.load(records.clone(), subject::ingest(100));
        if let Err(error) = &first {
            assert_eq!(error.kind(), ErrorKind::Store);
            assert_eq!(resolver.load(records.clone(), subject::ingest(100)).unwrap().profiles, 20_000);
            failed += 1;
        }
        assert_eq!(resolver.stats().unwrap().counts.profiles, 20_000);
        let found = resolver.find(&Identifier::new("loyalty", "L19999")).unwrap();
        assert_eq!(found.status, Status::Held);
        if first.is_ok() {
            break;
        }
    }
    // The evidence, a step, and the last with the switch.
    assert!(failed >= 3, "{failed} commits");
}

//! What does it cost to encrypt a store on disk, beside the same store plain?
//!
//! The same batches go into both in turns, a round after the other, so that what else the machine does is in both.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a bench")]

mod common;

use onefold::store::ProfileStore;
use onefold::{
    Durability, Durable, Event, EventKind, Identifier, Ingest, JourneyQuery, Line, Options, Policy, Record, Resolver,
    StoreKey, Timestamp,
};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const BATCH: usize = 1000;

/// Events come from so many devices.
const DEVICES: usize = 4_000;

/// The plain store and the encrypted one.
struct Both([(Arc<Durable>, Resolver); 2]);

impl Both {
    fn open(place: &Path, policy: &Policy, durability: Durability) -> Self {
        let key = || StoreKey::new(std::array::from_fn::<u8, 32, _>(|byte| byte as u8)).unwrap();
        let open = |is_plain: bool| {
            let name = format!("{is_plain}-{durability:?}");
            let options = Durable::options(place.join(name)).durability(durability);
            let options = if is_plain { options } else { options.encrypted([key()]) };
            let store = Arc::new(options.open().unwrap());
            let resolver = Resolver::open(Arc::<Durable>::clone(&store), policy.clone(), Options::default()).unwrap();
            (store, resolver)
        };
        Self([open(true), open(false)])
    }

    /// Runs the rounds on both, in turns, and prints what a unit takes and the ratio.
    fn measure<T: Clone>(&self, name: &str, units: usize, rounds: &[T], run: impl Fn(&Resolver, T)) {
        let mut taken = [const { Vec::new() }; 2];
        for (number, round) in rounds.iter().enumerate() {
            // Who comes second finds the machine warm.
            for which in if number % 2 == 0 { [0, 1] } else { [1, 0] } {
                let round = round.clone();
                let begun = Instant::now();
                run(&self.0[which].1, round);
                taken[which].push(begun.elapsed());
            }
        }
        let each =
            |taken: &[Duration]| taken.iter().sum::<Duration>().as_secs_f64() * 1e6 / (units * rounds.len()) as f64;
        let mut ratios: Vec<f64> =
            taken[0].iter().zip(&taken[1]).map(|(plain, sealed)| sealed.as_secs_f64() / plain.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        let [plain, sealed] = [each(&taken[0]), each(&taken[1])];
        println!(
            "{name}: plain {plain:.2} us, encrypted {sealed:.2} us, ratio {:.3}, median of rounds {:.3}",
            sealed / plain,
            ratios[ratios.len() / 2]
        );
    }
}

/// Views, one in ten logged in, one in twenty a purchase.
fn events(count: usize) -> Vec<Event> {
    let one = |number: usize| {
        let device = number.wrapping_mul(2_654_435_761) % DEVICES;
        let kind = if number.is_multiple_of(20) { EventKind::Purchase } else { EventKind::View };
        let line = Line::new(format!("sku-{}", number % 5_000))
            .facet("department", ["men", "women", "home"][number % 3])
            .facet("brand", format!("brand-{}", number % 200));
        let at = Timestamp::from_microseconds(1_767_225_600_000_000 + number as i64 * 1_000_000).unwrap();
        let event = Event::new("web", format!("e-{number}"), at, kind).channel("web").line(line);
        let event = event.identifier("device_id", format!("device-{device}"));
        if device.is_multiple_of(10) { event.identifier("customer_id", format!("c-{device}")) } else { event }
    };
    (0..count).map(one).collect()
}

fn main() {
    let rows = common::rows();
    let records = common::customers(rows);
    let place = tempfile::tempdir().unwrap();
    for durability in [Durability::EveryCommit, Durability::System] {
        let both = Both::open(place.path(), &common::policy(), durability);
        let batches: Vec<Vec<Record>> = records.chunks(BATCH).map(<[Record]>::to_vec).collect();
        both.measure(&format!("a record added by 1,000, {durability:?}"), BATCH, &batches, |resolver, batch| {
            drop(resolver.add_all(batch, Ingest::default()).unwrap());
        });
        let singles: Vec<Record> =
            records.iter().take(1000).cloned().map(|record| record.attribute("again", 1)).collect();
        both.measure(&format!("a record changed by itself, {durability:?}"), 1, &singles, |resolver, record| {
            drop(resolver.add(record).unwrap());
        });
        let asked: Vec<&Record> = records.iter().step_by(7).collect();
        let asked: Vec<&[&Record]> = asked.chunks_exact(500).collect();
        both.measure("a profile read", 500, &asked, |resolver, records| {
            let view = resolver.view().unwrap();
            for record in records {
                let Some(identifier) = record.identifiers.first() else { continue };
                if let Some(id) = view.find(identifier).unwrap().profile {
                    view.profile(id).unwrap().unwrap();
                }
            }
        });
        let mut other = common::policy();
        other.max_region += 1;
        both.measure("a record under another policy", rows, &[other, common::policy()], |resolver, policy| {
            drop(resolver.set_policy(policy).unwrap());
        });
        let sealed = &both.0[1].0;
        let begun = Instant::now();
        sealed.scrub().unwrap();
        println!("scrub of the encrypted store: {:.2} us a record", begun.elapsed().as_secs_f64() * 1e6 / rows as f64);

        let both = Both::open(&place.path().join("events"), &Policy::retail(), durability);
        let batches: Vec<Vec<Event>> = events(rows / 2).chunks(BATCH).map(<[Event]>::to_vec).collect();
        both.measure(&format!("an event added by 1,000, {durability:?}"), BATCH, &batches, |resolver, batch| {
            drop(resolver.add_events(batch, Ingest::default()).unwrap());
        });
        let asked: Vec<usize> = (0..DEVICES).step_by(10).collect();
        both.measure("a page of a journey", 1, &asked, |resolver, device| {
            let id = resolver.find(&Identifier::new("customer_id", format!("c-{device}"))).unwrap().profile.unwrap();
            resolver.journey(id, &JourneyQuery::new().limit(20)).unwrap().unwrap();
        });
    }
}

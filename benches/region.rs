//! What does it cost to undo, and to live with a value that too many share?
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench")]

mod common;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use onefold::{Ingest, Policy, Record, RecordKey, Resolver};

/// A customer at a till that gives its own address for everybody.
fn at_the_till(n: usize) -> Record {
    let at = onefold::Timestamp::from_milliseconds(1_700_000_000_000 + n as i64).unwrap();
    Record::new("pos", n.to_string(), at)
        .identifier("loyalty_id", format!("L{n}"))
        .identifier("email", "till@example.org")
}

fn region(criterion: &mut Criterion) {
    let rows = common::rows();
    let records = common::customers(rows);
    let resolver = Resolver::in_memory(common::policy()).unwrap();
    resolver.load(records.clone(), Ingest::default()).unwrap();
    let mut dice = common::Dice(3);
    let mut group = criterion.benchmark_group("undo");
    group.bench_function("remove a record and send it again", |bencher| {
        bencher.iter_batched(
            || records[dice.below(rows as u64) as usize].clone(),
            |record| {
                resolver.remove(&record.key).unwrap();
                resolver.add(record).unwrap()
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("separate two records and lift it", |bencher| {
        let (a, b) = (records[0].key.clone(), records[1].key.clone());
        bencher.iter(|| {
            resolver.separate(a.clone(), b.clone(), "bench", "").unwrap();
            resolver.lift(&a, &b).unwrap()
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("super-connector");
    group.sample_size(10).throughput(Throughput::Elements(1000));
    // Below the limit of claimants, above it, and generic.
    for carriers in [10, 5_000, 20_000] {
        let resolver = Resolver::in_memory(common::policy()).unwrap();
        resolver.load((0..carriers).map(at_the_till).collect(), Ingest::default()).unwrap();
        let mut next = carriers;
        group.bench_function(format!("1,000 more after {carriers}"), |bencher| {
            bencher.iter_batched(
                || {
                    let first = next;
                    next += 1000;
                    (first..next).map(at_the_till).collect::<Vec<Record>>()
                },
                |records| {
                    let keys: Vec<RecordKey> = records.iter().map(|record| record.key.clone()).collect();
                    records.into_iter().for_each(|record| drop(resolver.add(record).unwrap()));
                    keys
                },
                BatchSize::PerIteration,
            );
        });
    }
    let chain = |n: usize| {
        let at = onefold::Timestamp::from_milliseconds(1_700_000_000_000 + n as i64).unwrap();
        Record::new("web", n.to_string(), at)
            .identifier("email", format!("c{n}@example.org"))
            .identifier("email", format!("c{}@example.org", n + 1))
    };
    group.bench_function("a chain of 1,000 links, one by one", |bencher| {
        bencher.iter_batched(
            || Resolver::in_memory(Policy::retail()).unwrap(),
            |resolver| {
                (0..1000).for_each(|n| drop(resolver.add(chain(n)).unwrap()));
                resolver
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, region);
criterion_main!(benches);

//! What does it cost to take records in, beside the bare work?
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod common;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use onefold::{Ingest, Resolver};
use std::hint::black_box;

fn ingest(criterion: &mut Criterion) {
    let rows = common::rows();
    let records = common::customers(rows);
    let mut group = criterion.benchmark_group(format!("ingest/{rows}"));
    group.sample_size(10).throughput(Throughput::Elements(rows as u64));
    group.bench_function("bare", |bencher| {
        bencher.iter_with_large_drop(|| common::bare(black_box(&records)));
    });
    let empty = || (Resolver::in_memory(common::policy()).unwrap(), records.clone());
    group.bench_function("load", |bencher| {
        bencher.iter_batched(
            empty,
            |(resolver, records)| {
                let report = resolver.load(records, Ingest::default()).unwrap();
                (resolver, report)
            },
            BatchSize::PerIteration,
        );
    });
    for batch in [1000, 100, 1] {
        group.bench_function(format!("add_all by {batch}"), |bencher| {
            bencher.iter_batched(
                empty,
                |(resolver, records)| {
                    let answers = resolver.add_all(records, Ingest { batch, ..Ingest::default() }).unwrap();
                    (resolver, answers)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.bench_function("set_policy", |bencher| {
        let resolver = Resolver::in_memory(common::policy()).unwrap();
        resolver.load(records.clone(), Ingest::default()).unwrap();
        let mut other = common::policy();
        other.max_region += 1;
        // In turns: a policy that is in force already would show nothing.
        let mut policies = [other, common::policy()].into_iter().cycle();
        bencher.iter(|| resolver.set_policy(policies.next().unwrap()).unwrap());
    });
    group.bench_function("reading only", |bencher| {
        let rules = onefold::Rules::new(common::policy()).unwrap();
        bencher.iter(|| {
            records.iter().map(|record| onefold::normalise(&rules, record).0.identifiers.len()).sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, ingest);
criterion_main!(benches);

//! What does it cost to find a profile and to read it, beside a look-up in a bare map?
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench")]

mod common;

use criterion::{Criterion, criterion_group, criterion_main};
use onefold::{Identifier, Ingest, Record, Resolver};
use std::hint::black_box;

fn read(criterion: &mut Criterion) {
    let rows = common::rows();
    let records = common::customers(rows);
    let (map, _) = common::bare(&records);
    let resolver = Resolver::in_memory(common::policy()).unwrap();
    resolver.load(records.clone(), Ingest::default()).unwrap();
    let mut dice = common::Dice(7);
    let any = |dice: &mut common::Dice| loop {
        let record = &records[dice.below(rows as u64) as usize];
        if let Some(identifier) = record.identifiers.first() {
            return identifier.clone();
        }
    };
    let asked: Vec<Identifier> = (0..200_000).map(|_| any(&mut dice)).collect();
    let mut turn = 0;
    let mut next = || {
        turn = (turn + 1) % asked.len();
        &asked[turn]
    };
    let mut group = criterion.benchmark_group(format!("find/{rows}"));
    group.bench_function("bare map", |bencher| {
        bencher.iter(|| {
            let identifier = next();
            black_box(map.get(&(identifier.kind.clone(), identifier.value.clone())))
        });
    });
    group.bench_function("one call", |bencher| bencher.iter(|| resolver.find(next()).unwrap()));
    let view = resolver.view().unwrap();
    group.bench_function("in a view", |bencher| bencher.iter(|| view.find(next()).unwrap()));
    group.bench_function("a hundred in one call", |bencher| {
        bencher.iter(|| resolver.find_all(&asked[..100]).unwrap());
    });
    group.finish();

    let mut group = criterion.benchmark_group("profile");
    for size in [1, 5, 50] {
        let at = "2026-01-05T10:00:00Z".parse().unwrap();
        let small = Resolver::in_memory(common::policy()).unwrap();
        let record = |n: usize| {
            Record::new("crm", n.to_string(), at)
                .identifier("loyalty_id", "L1")
                .identifier("email", "ann@example.org")
                .attribute("given_name", "Ann")
                .attribute("family_name", "Example")
                .attribute("city", "Springfield")
        };
        small.load((0..size).map(record).collect(), Ingest::default()).unwrap();
        let id = small.find(&Identifier::new("loyalty_id", "L1")).unwrap().profile.unwrap();
        group.bench_function(format!("of {size} records"), |bencher| bencher.iter(|| small.profile(id).unwrap()));
    }
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);

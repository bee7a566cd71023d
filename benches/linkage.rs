//! What does likeness cost: to weigh a pair, beside the bare string comparisons; to add a record; to train, score and
//! cluster all records at once?
//!
//! `ONEFOLD_ROWS` says among how many. Above [`REPEATED_MAX`] the batch runs once, and is not sampled.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, reason = "a bench")]

mod common;

use ahash::AHashMap;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use onefold::{
    Ingest, Policy, ReadRecord, Record, Resolver, Scorer, TrainOptions, ValueHash, deduplicate, score_pairs, train,
};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// More rows than this are taken in once.
const REPEATED_MAX: usize = 20_000;

/// Records added one by one.
const ADDED: usize = 4_000;

/// Pairs that are weighed.
const PAIRS: usize = 100_000;

/// Whether a part of this bench is asked for: criterion's filter skips no preparations.
fn asked(group: &str) -> bool {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    filter.is_none_or(|filter| filter.starts_with(group))
}

/// The policy with a model that was trained on some of the records.
fn trained(records: &[Record]) -> Policy {
    let mut policy = common::linkage_policy();
    let trained = train(&policy, &records[..records.len().min(100_000)], &TrainOptions::default()).unwrap();
    policy.linkage.as_mut().unwrap().model = Some(trained.model.into());
    policy
}

/// A record's values by comparison, as text.
type Texts = Vec<Option<String>>;

fn texts(record: &Record) -> Texts {
    let attribute = |name: &str| {
        let found = record.attributes.iter().find(|(known, _)| known == name);
        found.and_then(|(_, value)| match value {
            onefold::Value::Text(text) => Some(text.to_lowercase()),
            _ => None,
        })
    };
    let identifier = |kind: &&str| {
        record.identifiers.iter().find(|identifier| identifier.kind == *kind).map(|known| known.value.to_string())
    };
    let attributes = common::ATTRIBUTES.iter().map(|(name, _)| attribute(name));
    attributes.chain(common::KINDS[..3].iter().map(identifier)).collect()
}

/// The bare work: one similarity or distance for each comparison whose two values are there and differ.
fn bare(a: &[Option<String>], b: &[Option<String>]) -> f64 {
    let mut sum = 0.0;
    for (place, (one, other)) in a.iter().zip(b).enumerate() {
        let (Some(one), Some(other)) = (one, other) else { continue };
        sum += match place {
            _ if one == other => 1.0,
            0 | 1 | 3 => strsim::jaro_winkler(one, other),
            2 | 4 | 5 | 6 => strsim::osa_distance(one, other) as f64,
            _ => 0.0,
        };
    }
    sum
}

/// Pairs that share a block, by places.
fn candidates(scorer: &Scorer, records: &[Record]) -> Vec<(usize, usize)> {
    let mut blocks: AHashMap<ValueHash, Vec<usize>> = AHashMap::new();
    let mut pairs = Vec::new();
    for (place, record) in records.iter().enumerate() {
        for block in scorer.blocks(record) {
            let block = blocks.entry(block).or_default();
            pairs.extend(block.iter().map(|&other| (other, place)));
            block.push(place);
        }
        if pairs.len() >= PAIRS {
            break;
        }
    }
    pairs.truncate(PAIRS);
    pairs
}

fn pair(criterion: &mut Criterion) {
    if !asked("pairs") {
        return;
    }
    let records = common::people(common::rows().min(50_000));
    let scorer = Scorer::new(trained(&records)).unwrap();
    let read: Vec<ReadRecord> = records.iter().map(|record| scorer.read(record).unwrap()).collect();
    let words: Vec<Texts> = records.iter().map(texts).collect();
    let mut dice = common::Dice(9);
    let mut any = || dice.below(records.len() as u64) as usize;
    let random: Vec<(usize, usize)> = (0..PAIRS).map(|_| (any(), any())).collect();
    let candidates = candidates(&scorer, &records);
    let mut group = criterion.benchmark_group("pairs");
    group.sample_size(10);
    for (name, pairs) in [("candidates", &candidates), ("random", &random)] {
        group.throughput(Throughput::Elements(pairs.len() as u64));
        group.bench_function(format!("{name}: bare strings"), |bencher| {
            bencher.iter(|| pairs.iter().map(|&(a, b)| bare(&words[a], &words[b])).sum::<f64>());
        });
        group.bench_function(format!("{name}: weigh"), |bencher| {
            bencher.iter(|| pairs.iter().filter(|(a, b)| scorer.weigh(&read[*a], &read[*b]).is_some()).count());
        });
    }
    group.finish();
}

fn percentile(times: &[Duration], share: f64) -> Duration {
    times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default()
}

/// Adds records one by one to a resolver that holds many.
fn online(name: &str, resolver: &Resolver, records: Vec<Record>, loaded: usize) {
    let mut records = records.into_iter();
    drop(resolver.load(records.by_ref().take(loaded).collect(), Ingest::default()).unwrap());
    let mut times: Vec<Duration> = Vec::with_capacity(ADDED);
    for record in records {
        let start = Instant::now();
        drop(black_box(resolver.add(record).unwrap()));
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let (half, most, last) = (percentile(&times, 0.5), percentile(&times, 0.99), times.last().unwrap());
    eprintln!("add {name} at {loaded}: p50 {half:?}, p99 {most:?}, max {last:?}");
}

fn add(criterion: &mut Criterion) {
    if !asked("add") {
        return;
    }
    let rows = common::rows();
    let records = common::people(rows + ADDED);
    let policy = trained(&records);
    let loaded = records.len() - ADDED;
    let resolver = Resolver::in_memory(policy.clone()).unwrap();
    online("in memory", &resolver, records.clone(), loaded);
    let mut group = criterion.benchmark_group(format!("add/{rows}"));
    let mut dice = common::Dice(5);
    group.bench_function("remove and add with linkage", |bencher| {
        bencher.iter_batched(
            || {
                let record = records[dice.below(records.len() as u64) as usize].clone();
                drop(resolver.remove(&record.key).unwrap());
                record
            },
            |record| resolver.add(record).unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    drop(resolver);
    #[cfg(feature = "durable")]
    {
        let folder = tempfile::tempdir().unwrap();
        let store = std::sync::Arc::new(onefold::store::Durable::open(folder.path()).unwrap());
        let resolver = Resolver::open(store, policy, onefold::Options::default()).unwrap();
        online("on disk", &resolver, records, loaded);
    }
}

/// The most memory that the process ever had, in MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn batch(criterion: &mut Criterion) {
    if asked("batch") {
        all_at_once(criterion, "batch", &common::linkage_policy());
    }
    if asked("wide") {
        all_at_once(criterion, "wide", &common::wide_policy());
    }
}

/// Trains, scores and clusters all records.
fn all_at_once(criterion: &mut Criterion, name: &str, policy: &Policy) {
    let rows = common::rows();
    let records = common::people(rows);
    eprintln!("{name}, of {rows}: {} MB before", peak());
    let start = Instant::now();
    let trained = train(policy, &records, &TrainOptions::default()).unwrap();
    let training = start.elapsed();
    eprintln!("train: {training:?}, {} pairs, {} rounds, {} MB", trained.report.pairs, trained.report.rounds, peak());
    let mut fitted = policy.clone();
    fitted.linkage.as_mut().unwrap().model = Some(trained.model.into());
    let start = Instant::now();
    let pairs = score_pairs(&fitted, &records).unwrap();
    eprintln!("score_pairs: {:?}, {} kept, {} MB", start.elapsed(), pairs.len(), peak());
    drop(pairs);
    let kept = if rows > REPEATED_MAX { Vec::new() } else { records.clone() };
    let start = Instant::now();
    let found = deduplicate(fitted.clone(), records).unwrap();
    let finding = start.elapsed();
    eprintln!("deduplicate: {finding:?}, {} people, {} MB", found.people, peak());
    eprintln!("train and deduplicate: {:?}", training + finding);
    drop(found);
    let records = common::people(rows);
    let resolver = Resolver::in_memory(fitted.clone()).unwrap();
    let start = Instant::now();
    let report = resolver.load(records, Ingest::default()).unwrap();
    let loading = start.elapsed();
    eprintln!("load: {loading:?}, {} profiles, {} MB", report.profiles, peak());
    eprintln!("train and load: {:?}", training + loading);
    drop(resolver);
    if rows > REPEATED_MAX {
        return;
    }
    let mut group = criterion.benchmark_group(format!("{name}/{rows}"));
    group.sample_size(10).throughput(Throughput::Elements(rows as u64));
    group.bench_function("bare identifiers", |bencher| {
        bencher.iter_with_large_drop(|| common::bare(black_box(&kept)));
    });
    group.bench_function("train", |bencher| bencher.iter(|| train(policy, &kept, &TrainOptions::default()).unwrap()));
    group.bench_function("score_pairs", |bencher| bencher.iter(|| score_pairs(&fitted, &kept).unwrap()));
    group.bench_function("deduplicate", |bencher| {
        bencher.iter_batched(
            || kept.clone(),
            |records| deduplicate(fitted.clone(), records).unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("load", |bencher| {
        bencher.iter_batched(
            || (Resolver::in_memory(fitted.clone()).unwrap(), kept.clone()),
            |(resolver, records)| {
                let report = resolver.load(records, Ingest::default()).unwrap();
                (resolver, report)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, batch, pair, add);
criterion_main!(benches);

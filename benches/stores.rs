//! What does a store on disk cost, beside the bare engines that write the same bytes, and which engine serves it best?
//!
//! All but the last 50,000 rows are loaded first; then batches of 1,000 records come in, every commit synced.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench")]

mod common;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use onefold::store::{Durable, Each, Engine, EngineView, Reach, Write};
use onefold::{Ingest, Options, Record, Resolver, Result};
use redb::{Database, ReadableDatabase, TableDefinition};
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::{Arc, Mutex};

const BATCH: usize = 1000;
const ROWS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("rows");

/// Another engine under the same store.
struct Redb(Database);

impl Redb {
    fn open(path: &Path) -> Arc<Self> {
        let database = Database::create(path.join("redb")).unwrap();
        let write = database.begin_write().unwrap();
        write.open_table(ROWS).unwrap();
        write.commit().unwrap();
        Arc::new(Self(database))
    }
}

impl Engine for Redb {
    fn view(&self) -> Result<Arc<dyn EngineView>> {
        Ok(Arc::new(RedbView(self.0.begin_read().unwrap().open_table(ROWS).unwrap())))
    }

    fn write(&self, batch: Vec<Write>, reach: Reach) -> Result<()> {
        let mut write = self.0.begin_write().unwrap();
        if reach == Reach::System {
            write.set_durability(redb::Durability::None).unwrap();
        }
        {
            let mut rows = write.open_table(ROWS).unwrap();
            for change in batch {
                match change {
                    Write::Put(key, value) => drop(rows.insert(key.as_slice(), value.as_slice()).unwrap()),
                    Write::Remove(key) => drop(rows.remove(key.as_slice()).unwrap()),
                }
            }
        }
        write.commit().unwrap();
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }
}

struct RedbView(redb::ReadOnlyTable<&'static [u8], &'static [u8]>);

impl EngineView for RedbView {
    fn get(&self, key: &[u8], found: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self.0.get(key).unwrap() {
            Some(row) => found(row.value()),
            None => Ok(()),
        }
    }

    fn scan(&self, keys: Range<Vec<u8>>, each: &mut Each<'_>) -> Result<()> {
        for row in self.0.range(keys.start.as_slice()..keys.end.as_slice()).unwrap() {
            let (key, value) = row.unwrap();
            if let ControlFlow::Break(()) = each(key.value(), value.value())? {
                break;
            }
        }
        Ok(())
    }
}

/// Keeps what goes through it.
struct Tape {
    under: Arc<dyn Engine>,
    batches: Arc<Mutex<Vec<Vec<Write>>>>,
}

impl Engine for Tape {
    fn view(&self) -> Result<Arc<dyn EngineView>> {
        self.under.view()
    }

    fn write(&self, batch: Vec<Write>, reach: Reach) -> Result<()> {
        self.batches.lock().unwrap().push(batch.clone());
        self.under.write(batch, reach)
    }

    fn sync(&self) -> Result<()> {
        self.under.sync()
    }
}

/// What stands between the store and its engine.
type Layer = Box<dyn Fn(Arc<dyn Engine>) -> Arc<dyn Engine> + Send + Sync>;

#[expect(clippy::print_stderr, reason = "one figure that no timing shows")]
fn stores(criterion: &mut Criterion) {
    let rows = common::rows();
    let records = common::customers(rows);
    let (first, rest) = records.split_at(rows.saturating_sub(50_000).max(rows / 2));
    let later: Vec<Vec<Record>> = rest.chunks_exact(BATCH).map(<[Record]>::to_vec).collect();
    let mut group = criterion.benchmark_group(format!("durable/{rows}"));
    group.sample_size(10).throughput(Throughput::Elements(BATCH as u64));

    let place = tempfile::tempdir().unwrap();
    let tape = Arc::new(Mutex::new(Vec::new()));
    let mut open = |name: &str, layer: Layer| {
        let path = place.path().join(name.replace(' ', "-"));
        std::fs::create_dir_all(&path).unwrap();
        let store = Durable::options(path.join("store")).layer(layer).open().unwrap();
        let resolver = Resolver::open(Arc::new(store), common::policy(), Options::default()).unwrap();
        resolver.load(first.to_vec(), Ingest::default()).unwrap();
        let mut next = later.iter().cycle();
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || next.next().unwrap().clone(),
                |batch| resolver.add_all(batch, Ingest::default()).unwrap(),
                BatchSize::PerIteration,
            );
        });
    };
    let (kept, beside) = (Arc::clone(&tape), place.path().to_owned());
    open("onefold on fjall", Box::new(move |under| Arc::new(Tape { under, batches: Arc::clone(&kept) })));
    open("onefold on redb", Box::new(move |_| Redb::open(&beside)));

    let batches = std::mem::take(&mut *tape.lock().unwrap());
    let loaded = batches.len().saturating_sub(later.len());
    let (load, adds) = batches.split_at(loaded);
    let bytes = |batch: &Vec<Write>| -> usize {
        let size = |write: &Write| match write {
            Write::Put(key, value) => key.len() + value.len(),
            Write::Remove(key) => key.len(),
        };
        batch.iter().map(size).sum()
    };
    let (changes, total) = (adds.iter().map(Vec::len).sum::<usize>(), adds.iter().map(bytes).sum::<usize>());
    let per_record = |sum: usize| sum as f64 / (adds.len() * BATCH) as f64;
    eprintln!("a record added: {:.2} rows of {:.0} bytes in all", per_record(changes), per_record(total));
    let raw = Redb::open(&{
        let path = place.path().join("raw");
        std::fs::create_dir_all(&path).unwrap();
        path
    });
    load.iter().for_each(|batch| raw.write(batch.clone(), Reach::System).unwrap());
    let mut next = adds.iter().cycle();
    group.bench_function("bare redb, the same bytes", |bencher| {
        bencher.iter_batched(
            || next.next().unwrap().clone(),
            |batch| raw.write(batch, Reach::Disk).unwrap(),
            BatchSize::PerIteration,
        );
    });
    let database = fjall::Database::builder(place.path().join("raw-fjall")).open().unwrap();
    let space = database.keyspace("rows", fjall::KeyspaceCreateOptions::default).unwrap();
    let write = |batch: &[Write], mode| {
        let mut rows = database.batch().durability(Some(mode));
        for change in batch {
            match change {
                Write::Put(key, value) => rows.insert(&space, key.as_slice(), value.as_slice()),
                Write::Remove(key) => rows.remove(&space, key.as_slice()),
            }
        }
        rows.commit().unwrap();
    };
    load.iter().for_each(|batch| write(batch, fjall::PersistMode::Buffer));
    let mut next = adds.iter().cycle();
    group.bench_function("bare fjall, the same bytes", |bencher| {
        bencher.iter(|| write(next.next().unwrap(), fjall::PersistMode::SyncData));
    });
    group.finish();
}

criterion_group!(benches, stores);
criterion_main!(benches);

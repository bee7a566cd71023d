//! What stands in the files of an encrypted store, who opens it, and what a change of keys leaves.

use crate::durable::{EVENT_PLACE, batch, copy, files, filled, journal, read, write};
use onefold::store::{
    Batch, Change, Each, Engine, EngineView, EventPlace, Generation, Moment, ProfileStore, Reach, Revision, Tenant,
    Trail, Write,
};
use onefold::{
    Durability, Durable, DurableOptions, Error, ErrorKind, Event, EventKind, Identifier, Ingest, KeyHash, Operation,
    Options, Policy, Record, RecordKey, RecordNumber, Resolver, Result, Secret, StoreKey, Timestamp,
};
use std::collections::BTreeMap;
use std::fs;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use twox_hash::XxHash3_64;

fn key(name: &str) -> StoreKey {
    StoreKey::new(format!("{name:0<32}")).unwrap()
}

fn options(path: &Path, keys: &[&str]) -> DurableOptions {
    Durable::options(path).durability(Durability::System).encrypted(keys.iter().map(|name| key(name)))
}

/// Opens with keys, and says in a word what came of it.
fn opening(path: &Path, keys: &[&str]) -> String {
    match options(path, keys).open() {
        Ok(store) => read(&store).map_or_else(|error| error.to_string(), |revision| format!("revision {revision}")),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            error.to_string()
        }
    }
}

#[test]
#[cfg(feature = "conformance")]
fn an_encrypted_store_keeps_the_contract() {
    let place = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    onefold::store::conformance::check(&|| {
        count.set(count.get() + 1);
        Arc::new(options(&place.path().join(count.get().to_string()), &["first"]).open().unwrap())
    });
}

/// The word that is in everything that is sent, whatever it is: sources, keys, values, reasons.
const WORD: &str = "qzxvqzxv";
const POLICY: &str = r#"
[[identifier]]
kind = "customer_id"
role = "person"
[[identifier]]
kind = "email"
role = "contact"
normalise = "email"
block = ["noreply@qzxvqzxv.example"]
[[identifier]]
kind = "device_id"
role = "device"
[[attribute]]
name = "surname"
compare = "surname"
exclusive = true
"#;
const INPUT: [&str; 11] = [
    r#"{"source":"qzxvqzxv-crm","key":"k-qzxvqzxv","at":"2026-01-05T10:00:00Z","identifiers":{"customer_id":"C-qzxvqzxv","email":"Qzxvqzxv@Example.org"},"attributes":{"surname":"qzxvqzxv","qzxvqzxv":"Rose Lane 17"},"payload":"lake/qzxvqzxv.json"}"#,
    r#"{"source":"qzxvqzxv-web","key":"w-qzxvqzxv@example.org","at":"2026-01-06T10:00:00Z","identifiers":{"email":"qzxvqzxv@example.org"}}"#,
    r#"{"source":"qzxvqzxv-crm","key":"k-qzxvqzxv-ben","at":"2026-01-05T10:00:00Z","identifiers":{"customer_id":"C-7-qzxvqzxv","email":"ben@example.org"},"attributes":{"surname":"qzxvqzxvson"}}"#,
    r#"{"op":"event","source":"qzxvqzxv-web","key":"e-qzxvqzxv","at":"2026-01-07T10:00:00Z","kind":"view","identifiers":{"customer_id":"C-qzxvqzxv","device_id":"tablet-qzxvqzxv"},"lines":[{"product":"qzxvqzxv-1","facets":{"brand":"qzxvqzxv"}}]}"#,
    r#"{"op":"event","source":"qzxvqzxv-web","key":"e-2-qzxvqzxv","at":"2026-01-07T10:05:00Z","kind":"search","identifiers":{"device_id":"tablet-qzxvqzxv"},"text":"qzxvqzxv prams"}"#,
    r#"{"op":"event","source":"qzxvqzxv-pos","key":"e-3-qzxvqzxv","at":"2026-01-07T10:06:00Z","kind":"purchase","identifiers":{"customer_id":"C-qzxvqzxv"},"order":"o-qzxvqzxv","lines":[{"line":"1","product":"sku-qzxvqzxv","facets":{"brand":"qzxvqzxv"},"quantity":1,"amount":"3.00","currency":"EUR"}]}"#,
    r#"{"op":"consent","source":"qzxvqzxv-web","key":"c-qzxvqzxv","at":"2026-01-07T12:00:00Z","identifiers":{"email":"qzxvqzxv@example.org"},"purpose":"marketing","channel":"email","status":"granted"}"#,
    r#"{"op":"separate","a":["qzxvqzxv-crm","k-qzxvqzxv"],"b":["qzxvqzxv-crm","k-qzxvqzxv-ben"],"by":"qzxvqzxv the steward","why":"not qzxvqzxv"}"#,
    r#"{"source":"qzxvqzxv-web","key":"w-qzxvqzxv@example.org","at":"2026-02-06T10:00:00Z","identifiers":{"email":"qzxvqzxv-2@example.org"},"attributes":{"surname":"Qzxvqzxv"}}"#,
    r#"{"op":"event","source":"qzxvqzxv-web","key":"e-2-qzxvqzxv","at":"2026-01-07T10:05:00Z","kind":"search","identifiers":{"device_id":"tablet-qzxvqzxv"},"text":"qzxvqzxv drills"}"#,
    r#"{"op":"event","source":"qzxvqzxv-web","key":"e-4-qzxvqzxv","at":"2026-01-08T10:00:00Z","kind":"view","identifiers":{"customer_id":"C-7-qzxvqzxv"},"text":"qzxvqzxv saws"}"#,
];

/// The files in which the word is, in whatever case.
fn found(path: &Path) -> Vec<String> {
    let is_in = |bytes: &[u8]| bytes.windows(WORD.len()).any(|part| part.eq_ignore_ascii_case(WORD.as_bytes()));
    let named = |file: &Path| is_in(file.to_string_lossy().as_bytes());
    let hits = files(path).into_iter().filter(|file| named(file) || is_in(&fs::read(file).unwrap()));
    hits.map(|file| file.display().to_string()).collect()
}

/// Lets a store live, and calls `look` after every stage with its name.
fn live(path: &Path, open: &dyn Fn() -> Durable, mut look: impl FnMut(&str)) {
    let start = |policy: &str| {
        let store = Arc::new(open());
        let policy = Policy::from_toml(policy).unwrap();
        let resolver = Resolver::open(Arc::<Durable>::clone(&store), policy, Options::default()).unwrap();
        (store, resolver.with_secrets([Secret::new("kept by the host").unwrap()]))
    };
    let (store, resolver) = start(POLICY);
    for (number, line) in INPUT.iter().enumerate() {
        resolver.apply(Operation::from_json(line.as_bytes(), None).unwrap()).unwrap();
        look(&format!("operation {number}"));
    }
    let at = "2026-01-05T10:00:00Z".parse().unwrap();
    let bulk = (0..300).map(|row| Record::new("crm", format!("{WORD}-{row}"), at).attribute("surname", WORD));
    resolver.load(bulk.collect(), Ingest::default()).unwrap();
    look("load");
    let wider = format!("{POLICY}\n[[attribute]]\nname = \"{WORD}\"\ncompare = \"text\"\n");
    resolver.set_policy(Policy::from_toml(&wider).unwrap()).unwrap();
    look("another policy");
    let crash = path.with_extension("crash");
    copy(path, &crash);
    drop((store, resolver));
    look("closed");
    let (store, resolver) = start(&wider);
    look("opened");
    resolver.remove(&RecordKey::new("crm", format!("{WORD}-7"))).unwrap();
    look("remove");
    resolver.erase(&Identifier::new("email", format!("{WORD}@example.org")), "dsr-1").unwrap();
    look("erase");
    store.backup(path.with_extension("backup")).unwrap();
    look("backup");
    store.scrub().unwrap();
    look("scrub");
    let left = resolver.stats().unwrap().counts;
    assert!(left.records > 290 && left.events > 0, "{left:?}");
}

#[test]
fn no_value_and_no_key_of_a_record_is_in_any_file_at_any_time() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let mut stages = 0;
    live(&path, &|| Durable::options(&path).encrypted([key("first")]).open().unwrap(), |stage| {
        stages += 1;
        assert_eq!(found(place.path()), [""; 0], "after {stage}");
    });
    assert_eq!(stages, 19);
    for copy in ["crash", "backup"] {
        let store = options(&path.with_extension(copy), &["first"]).open().unwrap();
        let first = store.snapshot(&Tenant::default()).unwrap().record_page(RecordNumber(0), 5000).unwrap();
        assert!(first.len() > 290 && first.iter().all(|(_, record)| record.key.key.contains(WORD)), "{copy}");
    }
}

#[test]
fn the_search_of_files_sees_what_is_plain() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    live(&path, &|| Durable::open(&path).unwrap(), |stage| assert_ne!(found(&path), [""; 0], "after {stage}"));
}

/// Keeps the engine under a store, which sees rows as they are in the files; and fails a write.
#[derive(Clone, Default)]
struct Under {
    engine: Arc<Mutex<Option<Arc<dyn Engine>>>>,
    /// The number of the write that fails; none where it is 0.
    fails: Arc<AtomicU64>,
}

impl Under {
    fn open(&self, path: &Path, keys: &[&str]) -> Result<Durable> {
        self.open_with(options(path, keys))
    }

    fn open_with(&self, options: DurableOptions) -> Result<Durable> {
        *self.engine.lock().unwrap() = None;
        let under = self.clone();
        options
            .layer(move |engine| {
                *under.engine.lock().unwrap() = Some(Arc::clone(&engine));
                Arc::new(Failing { inner: engine, fails: Arc::clone(&under.fails) })
            })
            .open()
    }

    fn engine(&self) -> Arc<dyn Engine> {
        self.engine.lock().unwrap().clone().unwrap()
    }

    /// The rows of a table.
    fn rows(&self, table: u8) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let mut rows = BTreeMap::new();
        let view = self.engine().view().unwrap();
        let each: &mut Each<'_> = &mut |key, row| {
            rows.insert(key.to_vec(), row.to_vec());
            Ok(ControlFlow::Continue(()))
        };
        view.scan(vec![table]..vec![table + 1], each).unwrap();
        rows
    }

    fn put(&self, key: &[u8], row: &[u8]) {
        self.engine().write(vec![Write::Put(key.to_vec(), row.to_vec())], Reach::System).unwrap();
    }
}

struct Failing {
    inner: Arc<dyn Engine>,
    fails: Arc<AtomicU64>,
}

impl Engine for Failing {
    fn view(&self) -> Result<Arc<dyn EngineView>> {
        self.inner.view()
    }

    fn write(&self, batch: Vec<Write>, reach: Reach) -> Result<()> {
        let left = self.fails.load(Ordering::SeqCst);
        if left > 0 {
            self.fails.store(left - 1, Ordering::SeqCst);
            if left == 1 {
                // And every later one: as if the process had ended here.
                self.fails.store(1, Ordering::SeqCst);
                return Err(Error::store("write", "told to fail"));
            }
        }
        self.inner.write(batch, reach)
    }

    fn sync(&self) -> Result<()> {
        self.inner.sync()
    }
}

/// A row with the checksum that it would have if it had been written so.
fn checked(key: &[u8], row: &[u8]) -> Vec<u8> {
    let body = &row[..row.len() - 8];
    let checksum = XxHash3_64::oneshot_with_seed(XxHash3_64::oneshot(key), body);
    [body, &checksum.to_le_bytes()].concat()
}

/// The tables whose rows are sealed.
const SEALED: &[u8] = b"SPartednC";

fn commit(store: &Durable, changes: Vec<Change>) {
    try_commit(store, changes).unwrap();
}

fn try_commit(store: &Durable, changes: Vec<Change>) -> Result<Revision> {
    let expected = store.snapshot(&Tenant::default()).unwrap().revision();
    store.commit(&Tenant::default(), Batch { expected, generation: Generation(0), changes, feed: Vec::new() })
}

/// The one trail of the tests below, and an event on it.
fn trail() -> Change {
    let moment = Moment { at: 7, key: "e".into() };
    let (first, last) = (moment.clone(), moment);
    let trail = Trail { source: "web".into(), identifiers: Box::default(), events: 1, first, last };
    Change::PutTrail { number: EVENT_PLACE.trail, key: KeyHash(3), trail: Arc::new(trail) }
}

fn event(at: i64) -> Change {
    let event = Event::new("web", at.to_string(), Timestamp::from_microseconds(at).unwrap(), EventKind::View);
    Change::PutEvent { place: EventPlace { at, ..EVENT_PLACE }, event: Arc::new(event) }
}

/// Reads everything that a store holds; the number of rows.
fn read_all(store: &Durable) -> Result<usize> {
    let snapshot = store.snapshot(&Tenant::default())?;
    let all = usize::MAX;
    let mut rows = usize::from(snapshot.meta()?.is_some()) + usize::from(snapshot.policy()?.is_some());
    let zero = RecordNumber(0);
    let (records, trails) = (snapshot.record_page(zero, all)?, snapshot.trail_page(zero, all)?);
    let numbers: Vec<RecordNumber> = records.iter().map(|(number, _)| *number).collect();
    assert_eq!(snapshot.records(&numbers)?.into_iter().flatten().count(), records.len());
    rows += records.len() + trails.len() + snapshot.assertion_page(None, all)?.len();
    rows += snapshot.node_page(zero, all)?.len() + snapshot.cluster_page(onefold::ClusterNumber(0), all)?.len();
    for (trail, _) in trails {
        rows += snapshot.event_page(trail, i64::MIN..=i64::MAX, None, all)?.len();
        rows += snapshot.deeds(trail, i32::MIN..=i32::MAX)?.len();
    }
    Ok(rows)
}

/// Fills a store with something in every table, and more records than that.
fn fill(store: Durable, more: u64) -> Durable {
    let store = Arc::new(store);
    let policy = Policy::from_toml(POLICY).unwrap();
    let resolver = Resolver::open(Arc::<Durable>::clone(&store), policy, Options::default()).unwrap();
    for line in INPUT {
        resolver.apply(Operation::from_json(line.as_bytes(), None).unwrap()).unwrap();
    }
    let at = "2026-01-05T10:00:00Z".parse().unwrap();
    let record = |row: u64| Record::new("crm", row.to_string(), at).identifier("email", format!("{row}@example.org"));
    resolver.add_all((0..more).map(record).collect(), Ingest::default()).unwrap();
    drop(resolver);
    // Trails of so few events have none by themselves.
    let trails = store.snapshot(&Tenant::default()).unwrap().trail_page(RecordNumber(0), usize::MAX).unwrap();
    let deeds = trails
        .iter()
        .flat_map(|(trail, _)| (6..8).map(|month| Change::PutDeeds { trail: *trail, month, deeds: Arc::default() }));
    commit(&store, deeds.collect());
    Arc::into_inner(store).unwrap()
}

#[test]
fn only_its_key_opens_a_store_and_only_a_store_that_is_sealed() {
    let place = tempfile::tempdir().unwrap();
    let (path, plain) = (place.path().join("store"), place.path().join("plain"));
    write(&options(&path, &["first"]).open().unwrap(), 1..=2);
    write(&Durable::open(&plain).unwrap(), 1..=2);
    let told = |text: &str| format!("option `encrypted`: {text}");
    let (first, second) = (key("first").id(), key("second").id());
    assert_eq!(opening(&path, &["first"]), "revision 2");
    assert_eq!(
        opening(&path, &["second"]),
        told(&format!("the store is sealed under store key {first}, not under {second}"))
    );
    assert_eq!(opening(&path, &[]), told("there is no key in the list"));
    let error = Durable::open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(error.to_string(), told("the store is encrypted: give its key with `encrypted`"));
    let advice = "the store is not encrypted: open it without a key, or with `encrypt_existing`";
    assert_eq!(opening(&plain, &["first"]), told(advice));
    assert_eq!(read(&Durable::open(&plain).unwrap()).unwrap(), 2);
    // What was refused left nothing behind.
    assert_eq!(opening(&path, &["first"]), "revision 2");
}

#[test]
fn a_plain_store_is_encrypted_whole_or_not_at_all() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let under = Under::default();
    let rows = read_all(&fill(Durable::open(&path).unwrap(), 40)).unwrap();
    assert_ne!(found(&path), [""; 0]);
    let existing = || options(&path, &["first"]).encrypt_existing();
    let mut failed = 0;
    let store = loop {
        under.fails.store(failed + 1, Ordering::SeqCst);
        match under.open_with(existing()) {
            Ok(store) => break store,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Store, "{error}"),
        }
        *under.engine.lock().unwrap() = None;
        assert_eq!(read_all(&Durable::open(&path).unwrap()).unwrap(), rows, "it is as it was");
        failed += 1;
    };
    assert!(failed >= 2, "{failed}");
    assert_eq!(read_all(&store).unwrap(), rows);
    assert_eq!(found(&path), [""; 0]);
    drop(store);
    *under.engine.lock().unwrap() = None;
    assert_eq!(read_all(&existing().open().unwrap()).unwrap(), rows, "a second time it is encrypted already");
    assert!(Durable::open(&path).is_err());
}

#[test]
fn a_change_of_keys_that_is_cut_anywhere_goes_on_and_ends_with_the_new_key_alone() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let under = Under::default();
    let store = fill(options(&path, &["old"]).open().unwrap(), 1200);
    let rows = read_all(&store).unwrap();
    drop(store);
    let backup = path.with_extension("backup");
    copy(&path, &backup);
    let old = key("old").id();
    let half = format!(
        "option `encrypted`: part of the store is still under store key {old}: give it after the first, and rotate to the end"
    );
    let mut half_way = 0;
    let finished = 'done: {
        for step in 1..200 {
            // Each try gets one step further than the one before began.
            under.fails.store(0, Ordering::SeqCst);
            let store = under.open(&path, &["new", "old"]).unwrap();
            under.fails.store(2, Ordering::SeqCst);
            match store.rotate() {
                Ok(()) => break 'done step,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Store, "{error}"),
            }
            assert_eq!(read_all(&store).unwrap(), rows, "half-way, in the store that was cut off");
            drop(store);
            *under.engine.lock().unwrap() = None;
            assert_eq!(opening(&path, &["new"]), half);
            assert!(opening(&path, &["old"]).contains(&key("new").id()));
            half_way += 1;
        }
        panic!("it never ends")
    };
    // Data keys, a new key of the tenant's, its nodes and clusters and the rest, the old one, and the end.
    assert!(half_way >= 8 && finished == half_way + 1, "{half_way} steps");
    *under.engine.lock().unwrap() = None;
    let (told, old_alone) = (options(&path, &["new"]).open(), options(&path, &["old"]).open());
    let (new, error) = (told.unwrap(), old_alone.map(drop).unwrap_err());
    assert!(error.to_string().contains("open already"), "{error}");
    assert_eq!(read_all(&new).unwrap(), rows);
    new.rotate().unwrap();
    drop(new);
    let told = opening(&path, &["old"]);
    assert_eq!(
        told,
        format!("option `encrypted`: the store is sealed under store key {}, not under {old}", key("new").id())
    );
    // A copy from before is beyond reach without the old key.
    assert!(opening(&backup, &["new"]).contains(&old));
}

#[test]
fn nothing_is_under_the_old_key_or_an_old_key_of_the_tenant_after_a_change() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let under = Under::default();
    let store = fill(under.open(&path, &["old"]).unwrap(), 40);
    let before: BTreeMap<u8, BTreeMap<Vec<u8>, Vec<u8>>> =
        SEALED.iter().chain(b"K").map(|&table| (table, under.rows(table))).collect();
    assert!(before.values().all(|rows| !rows.is_empty()), "something is in every table");
    drop(store);
    let store = under.open(&path, &["new", "old"]).unwrap();
    store.rotate().unwrap();
    for (table, rows) in before {
        let now = under.rows(table);
        let kept = rows.iter().filter(|(key, row)| now.get(*key) == Some(row)).count();
        // Evidence stays as it is, under keys that are wrapped anew.
        let is_evidence = b"rted".contains(&table);
        assert_eq!(kept, if is_evidence { rows.len() } else { 0 }, "table {}", char::from(table));
        let keys = |rows: &BTreeMap<Vec<u8>, Vec<u8>>| rows.keys().cloned().collect::<Vec<_>>();
        assert!(table == b'K' || keys(&rows) == keys(&now));
    }
    let listed = under.rows(b'W').into_keys().collect::<Vec<_>>();
    let id = u64::from_str_radix(&key("new").id(), 16).unwrap().to_be_bytes();
    assert_eq!(listed, [[b"W", &id[..]].concat()]);
}

#[test]
fn readers_and_the_writer_go_on_while_keys_change() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = options(&path, &["old"]).open().unwrap();
    write(&store, 1..=3);
    let more = |rows: Range<u64>| {
        let at = "2026-01-05T10:00:00Z".parse().unwrap();
        let put = |row: u64| Change::PutRecord {
            number: RecordNumber(row),
            key: KeyHash(u128::from(row)),
            record: Arc::new(Record::new("crm", row.to_string(), at)),
        };
        rows.map(put).collect::<Vec<_>>()
    };
    commit(&store, more(1000..3000));
    drop(store);
    let store = options(&path, &["new", "old"]).open().unwrap();
    let held = store.snapshot(&Tenant::default()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| (0..40).for_each(|row| commit(&store, more(10_000 + row..10_001 + row))));
        scope.spawn(|| (0..6).for_each(|_| assert!(read_all(&store).unwrap() >= 2020)));
        store.rotate().unwrap();
    });
    let old: Vec<_> = held.record_page(RecordNumber(0), usize::MAX).unwrap();
    assert_eq!(old.len(), 2020, "a snapshot from before reads what it did");
    drop((held, store));
    let store = options(&path, &["new"]).open().unwrap();
    let found = store.snapshot(&Tenant::default()).unwrap().record_page(RecordNumber(0), usize::MAX).unwrap();
    assert_eq!(found.len(), 2060);
}

#[test]
fn a_row_in_the_place_of_another_and_a_flipped_bit_are_found_out() {
    let place = tempfile::tempdir().unwrap();
    let under = Under::default();
    let path = place.path().join("store");
    let store = fill(under.open(&path, &["first"]).unwrap(), 20);
    let rows = read_all(&store).unwrap();
    let expect_corrupt = |what: &str| {
        // Without what the other store has in memory.
        let snapshot = store.snapshot(&Tenant::default()).map(drop);
        let error = snapshot.and_then(|()| read_all(&store).map(drop)).expect_err(what);
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{what}: {error}");
        assert!(!format!("{error} {error:?}").to_lowercase().contains(WORD));
    };
    let mut swapped = 0;
    for &table in SEALED {
        let name = char::from(table);
        let all = under.rows(table);
        let (first, row) = all.first_key_value().unwrap();
        if let Some((other, bytes)) = all.iter().find(|(_, other)| *other != row) {
            under.put(first, bytes);
            expect_corrupt(&format!("{name}: a row of {} bytes as it is", other.len()));
            under.put(first, &checked(first, bytes));
            expect_corrupt(&format!("{name}: a row with the checksum of its new place"));
            under.put(first, row);
            swapped += 1;
        }
        for place in [0, 1, 5, 12, row.len() / 2, row.len() - 9] {
            let mut bytes = row.clone();
            bytes[place] ^= 4;
            under.put(first, &bytes);
            expect_corrupt(&format!("{name}: byte {place}"));
            under.put(first, &checked(first, &bytes));
            expect_corrupt(&format!("{name}: byte {place} with its checksum"));
        }
        under.put(first, &row[..row.len().min(9)]);
        expect_corrupt(&format!("{name}: a short row"));
        under.put(first, row);
        assert_eq!(read_all(&store).unwrap(), rows, "{name}: all is back");
    }
    assert_eq!(swapped, 6, "of the other three tables there is one row");
    // Plain rows are no rows of a sealed store.
    let plain = Under::default();
    let _plain = fill(plain.open_with(Durable::options(place.path().join("plain"))).unwrap(), 0);
    let (number, record) = plain.rows(b'r').pop_first().unwrap();
    under.put(&number, &record);
    expect_corrupt("a plain row");
}

#[test]
fn a_data_key_that_is_damaged_or_of_another_record_is_found_out() {
    let place = tempfile::tempdir().unwrap();
    let under = Under::default();
    let path = place.path().join("store");
    drop(fill(under.open(&path, &["first"]).unwrap(), 20));
    let all = {
        let _store = under.open(&path, &["first"]).unwrap();
        under.rows(b'K')
    };
    let check = |key: &[u8], row: &[u8], kinds: &[ErrorKind]| {
        let store = under.open(&path, &["first"]).unwrap();
        let before = under.rows(b'K').remove(key).unwrap();
        under.put(key, row);
        drop(store);
        // Nothing is in memory.
        let opened = under.open(&path, &["first"]).and_then(|store| read_all(&store));
        let error = opened.unwrap_err();
        assert!(kinds.contains(&error.kind()), "{error}");
        let _raw = under.open(&path, &["first"]).unwrap();
        under.put(key, &before);
    };
    let of = |kind: u8| all.iter().filter(|(key, _)| key[5] == kind).collect::<Vec<_>>();
    let (records, trails, tenants) = (of(b'r'), of(b't'), of(b'T'));
    assert_eq!((records.len() > 20, trails.len() > 1, tenants.len()), (true, true, 1));
    for keys in [&records, &trails, &tenants] {
        let (key, row) = keys[0];
        for place in [0, 9, 40, row.len() - 9] {
            let mut bytes = row.clone();
            bytes[place] ^= 1;
            check(key, &bytes, &[ErrorKind::Corrupt]);
            check(key, &checked(key, &bytes), &[ErrorKind::Corrupt]);
        }
        let mut other = row.clone();
        other[3] ^= 1;
        check(key, &checked(key, &other), &[ErrorKind::Config]);
    }
    check(records[0].0, &checked(records[0].0, records[1].1), &[ErrorKind::Corrupt]);
}

#[test]
fn a_data_key_goes_with_its_record_its_version_and_its_trail() {
    let place = tempfile::tempdir().unwrap();
    let under = Under::default();
    let store = Arc::new(fill(under.open(&place.path().join("store"), &["first"]).unwrap(), 20));
    let policy = Policy::from_toml(POLICY).unwrap();
    let resolver = Resolver::open(Arc::<Durable>::clone(&store), policy, Options::default()).unwrap();
    let resolver = resolver.with_secrets([Secret::new("kept by the host").unwrap()]);
    let check_keys = |what: &str| {
        let keys = under.rows(b'K');
        let numbers = |kind: u8| keys.keys().filter(move |key| key[5] == kind).map(|key| key[6..].to_vec());
        let rows = |table: u8| under.rows(table).into_keys().map(|key| key[5..13].to_vec()).collect::<Vec<_>>();
        assert_eq!(numbers(b'r').collect::<Vec<_>>(), rows(b'r'), "records after {what}");
        assert_eq!(numbers(b't').collect::<Vec<_>>(), rows(b't'), "trails after {what}");
        keys
    };
    // Those that the resolver did not count are none that it drops.
    let deeds = under.rows(b'd').into_keys().map(|key| Change::DropDeeds {
        trail: RecordNumber(u64::from_be_bytes(key[5..13].try_into().unwrap())),
        month: (u32::from_be_bytes(key[13..].try_into().unwrap()) ^ 1 << 31) as i32,
    });
    commit(&store, deeds.collect());
    let before = check_keys("all");
    resolver.remove(&RecordKey::new("crm", "7")).unwrap();
    let after = check_keys("remove");
    assert_eq!(before.len(), after.len() + 1);
    assert!(after.iter().all(|(key, row)| before.get(key) == Some(row)), "the others stay as they are");
    let at = "2026-03-05T10:00:00Z".parse().unwrap();
    resolver.add(Record::new("crm", "8", at).identifier("email", "8@example.org")).unwrap();
    let updated = check_keys("another version");
    let changed = after.iter().filter(|(key, row)| updated.get(*key) != Some(row)).count();
    assert_eq!((updated.len(), changed), (after.len(), 1), "the key of the older version is gone");
    let person = Identifier::new("customer_id", format!("C-{WORD}"));
    let erased = resolver.erase(&person, "dsr-1").unwrap();
    assert!(erased.events > 0 && erased.consents > 0, "{erased:?}");
    let kept = check_keys("erase");
    assert!(kept.keys().filter(|key| key[5] == b't').count() < updated.keys().filter(|key| key[5] == b't').count());
}

#[test]
fn a_trail_that_comes_back_is_under_its_new_key_whatever_older_readers_read_meanwhile() {
    let place = tempfile::tempdir().unwrap();
    let under = Under::default();
    let path = place.path().join("store");
    let store = under.open(&path, &["first"]).unwrap();
    let trails = |under: &Under| under.rows(b'K').into_iter().filter(|(key, _)| key[5] == b't').collect::<Vec<_>>();
    commit(&store, vec![trail(), event(1)]);
    let before = trails(&under);
    let held = store.snapshot(&Tenant::default()).unwrap();
    let gone = Change::DropEvent { place: EventPlace { at: 1, ..EVENT_PLACE } };
    commit(&store, vec![gone, Change::DropTrail { number: EVENT_PLACE.trail, key: KeyHash(3) }]);
    assert_eq!(trails(&under), []);
    let read_held = || assert!(held.trails(&[EVENT_PLACE.trail]).unwrap()[0].is_some());
    read_held();
    commit(&store, vec![trail(), event(2)]);
    let after = trails(&under);
    assert!(after.len() == 1 && after != before, "it has a key of its own");
    read_held();
    commit(&store, vec![event(3)]);
    assert_eq!(read_all(&store).unwrap(), 3);
    assert_eq!(trails(&under), after, "an event more takes no other key");
    read_held();
    drop((store, held));
    // Nothing is in memory.
    assert_eq!(read_all(&under.open(&path, &["first"]).unwrap()).unwrap(), 3);
}

#[test]
fn a_commit_that_fails_leaves_no_key_that_a_later_one_would_write_under() {
    let place = tempfile::tempdir().unwrap();
    let under = Under::default();
    let path = place.path().join("store");
    let store = under.open(&path, &["first"]).unwrap();
    write(&store, 1..=1);
    let rows = read_all(&store).unwrap();
    let gone = Change::DropEvent { place: EVENT_PLACE };
    commit(&store, vec![gone]);
    under.fails.store(1, Ordering::SeqCst);
    let error = try_commit(&store, vec![trail(), event(1)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    under.fails.store(0, Ordering::SeqCst);
    commit(&store, vec![trail(), event(1)]);
    commit(&store, vec![event(2)]);
    assert_eq!(read_all(&store).unwrap(), rows + 3);
    drop(store);
    assert_eq!(read_all(&under.open(&path, &["first"]).unwrap()).unwrap(), rows + 3);
}

#[test]
fn an_older_version_of_a_record_does_not_open_under_the_key_of_the_newer() {
    let place = tempfile::tempdir().unwrap();
    let under = Under::default();
    let path = place.path().join("store");
    let store = under.open(&path, &["first"]).unwrap();
    write(&store, 1..=1);
    let (number, older) = under.rows(b'r').pop_first().unwrap();
    write(&store, 2..=2);
    drop(store);
    let store = under.open(&path, &["first"]).unwrap();
    under.put(&number, &older);
    let first = store.snapshot(&Tenant::default()).unwrap().records(&[RecordNumber(0)]);
    assert_eq!(first.unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn a_data_key_of_another_record_is_not_wrapped_anew() {
    let place = tempfile::tempdir().unwrap();
    let under = Under::default();
    let path = place.path().join("store");
    drop(fill(under.open(&path, &["old"]).unwrap(), 2));
    let store = under.open(&path, &["new", "old"]).unwrap();
    let keys: Vec<_> = under.rows(b'K').into_iter().filter(|(key, _)| key[5] == b'r').collect();
    under.put(&keys[0].0, &checked(&keys[0].0, &keys[1].1));
    assert_eq!(store.rotate().unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn no_two_rows_are_sealed_under_the_same_nonce() {
    let place = tempfile::tempdir().unwrap();
    let under = Under::default();
    let store = fill(under.open(&place.path().join("store"), &["first"]).unwrap(), 40);
    let mut nonces = std::collections::BTreeSet::new();
    let mut count = 0;
    for &table in SEALED.iter().chain(b"K") {
        // After the format, and the number of the tenant's key or the id of the host's.
        let begin = if b"rted".contains(&table) { 1 } else { 9 };
        for row in under.rows(table).into_values() {
            nonces.insert(row[begin..begin + 12].to_vec());
            count += 1;
        }
    }
    assert!(count > 100);
    assert_eq!(nonces.len(), count);
    drop(store);
}

#[test]
fn what_was_erased_is_shredded_in_a_copy_from_before_by_a_change_of_keys() {
    let place = tempfile::tempdir().unwrap();
    let (path, later) = (place.path().join("store"), place.path().join("later"));
    let under = Under::default();
    let store = options(&path, &["old"]).open().unwrap();
    write(&store, 1..=3);
    drop(store);
    let store = under.open(&path, &["old"]).unwrap();
    let (number, sealed) = under.rows(b'r').into_iter().nth(7).unwrap();
    let kept = under.rows(b'r').into_iter().nth(8).unwrap();
    commit(&store, vec![Change::DropRecord { number: RecordNumber(7), key: KeyHash(7_u128 << 90) }]);
    drop(store);
    let store = under.open(&path, &["new", "old"]).unwrap();
    store.rotate().unwrap();
    drop(store);
    // The old rows are found again, in a copy or in blocks of the disk: what was kept opens, what was dropped does not.
    copy(&path, &later);
    let store = under.open(&later, &["new"]).unwrap();
    under.put(&number, &sealed);
    under.put(&kept.0, &kept.1);
    let snapshot = store.snapshot(&Tenant::default()).unwrap();
    assert!(snapshot.records(&[RecordNumber(8)]).unwrap()[0].is_some());
    assert_eq!(snapshot.records(&[RecordNumber(7)]).unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn a_flipped_byte_in_a_file_is_found_out_or_does_no_harm() {
    let place = tempfile::tempdir().unwrap();
    let (path, broken) = (place.path().join("store"), place.path().join("broken"));
    let store = options(&path, &["first"]).open().unwrap();
    write(&store, 1..=3);
    store.scrub().unwrap();
    write(&store, 4..=6);
    drop(store);
    let (mut found_out, mut seed) = (0, 11_u64);
    for file in files(&path).iter().filter(|file| !file.ends_with("LOCK") && !file.ends_with("lock")) {
        let length = filled(file);
        for _ in 0..length.min(4) {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (offset, bit) = ((seed >> 16) % length, (seed >> 8) % 8);
            copy(&path, &broken);
            let target = broken.join(file.strip_prefix(&path).unwrap());
            let mut bytes = fs::read(&target).unwrap();
            bytes[offset as usize] ^= 1 << bit;
            fs::write(&target, bytes).unwrap();
            if let Err(error) = options(&broken, &["first"]).open().and_then(|store| read(&store)) {
                let kinds = [ErrorKind::Corrupt, ErrorKind::Config, ErrorKind::Store];
                assert!(kinds.contains(&error.kind()), "{error:?}");
                found_out += 1;
            }
            fs::remove_dir_all(&broken).unwrap();
        }
    }
    assert!(found_out > 5, "{found_out} found out");
}

#[test]
fn a_commit_cut_anywhere_is_not_there_and_those_before_it_are() {
    let place = tempfile::tempdir().unwrap();
    let (path, cut) = (place.path().join("store"), place.path().join("cut"));
    let store = options(&path, &["first"]).open().unwrap();
    write(&store, 1..=3);
    let before = filled(&journal(&path));
    write(&store, 4..=4);
    copy(&path, &cut);
    drop(store);
    let after = filled(&journal(&cut));
    let bytes = fs::read(journal(&cut)).unwrap();
    for length in (before..after).step_by(211).chain([after - 1, after]) {
        let broken = place.path().join("broken");
        copy(&cut, &broken);
        fs::write(journal(&broken), &bytes[..length as usize]).unwrap();
        let store = options(&broken, &["first"]).open().unwrap();
        let revision = read(&store).unwrap();
        assert_eq!(revision, if length >= after { 4 } else { 3 }, "cut at {length} of {before}..{after}");
        assert_eq!(store.commit(&Tenant::default(), batch(revision + 1)).unwrap(), Revision(revision + 1));
        drop(store);
        fs::remove_dir_all(&broken).unwrap();
    }
}

#[test]
fn debug_shows_ids_of_keys_and_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let name = "a secret that nobody may see....";
    let store = options(&place.path().join("store"), &[name]).open().unwrap();
    write(&store, 1..=1);
    let (key, id) = (key(name), key(name).id());
    assert_eq!(format!("{key:?} {key:#?}"), format!("StoreKey({id}) StoreKey({id})"));
    let shown = format!("{store:?} {:?} {:?}", options(place.path(), &[name]), StoreKey::new(name.as_bytes()));
    assert!(shown.contains(&id), "{shown}");
    let hex: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    for hidden in [name, "nobody may see", &hex, &hex[..16], "97, 32, 115"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    assert_eq!(StoreKey::from_hex(&hex.to_uppercase()).unwrap().id(), id);
    for wrong in ["", "7f", &hex[2..], &format!("{}+1", &hex[2..]), &"00".repeat(32), &format!("{hex}00")] {
        let error = StoreKey::from_hex(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(wrong.is_empty() || !error.to_string().contains(wrong), "{error}");
    }
}

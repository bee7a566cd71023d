//! What crashes, damage and failures do to a store on disk.

use onefold::store::{
    Anchor, Batch, Change, Counts, Each, Engine, EngineView, EventPlace, Generation, Meta, ProfileChange, ProfileEvent,
    ProfileStore, Reach, Revision, Snapshot, Tenant, Write,
};
use onefold::{
    ClusterNumber, Durability, Durable, Error, ErrorKind, Event, EventKind, KeyHash, ProfileNumber, Record,
    RecordNumber, Result, Seed, Timestamp, TopicHash, ValueHash,
};
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ROWS: u64 = 20;
pub(crate) const EVENT_PLACE: EventPlace = EventPlace { trail: RecordNumber(3), at: 7, key: KeyHash(9) };

/// The batch that makes a revision: what it writes follows from the revision, and it writes all of its rows anew.
pub(crate) fn batch(revision: u64) -> Batch {
    let mut changes = vec![Change::PutMeta(Box::new(meta(revision)))];
    for row in 0..ROWS {
        let number = RecordNumber(row);
        let record = Arc::new(record(row, revision));
        changes.push(Change::PutRecord { number, key: KeyHash(u128::from(row) << 90), record });
        changes.push(Change::PutAnchor { profile: ProfileNumber(row), anchor: Anchor::Record(RecordNumber(revision)) });
    }
    changes.push(Change::AddCarrier { value: ValueHash(5), number: RecordNumber(revision) });
    changes.push(Change::PutEvent { place: EVENT_PLACE, event: Arc::new(event(revision)) });
    changes.push(Change::AddTopic { topic: TopicHash(5), place: EVENT_PLACE });
    let profile = "p00000000000000000000000042".parse().unwrap();
    let feed = vec![ProfileChange { sequence: revision, policy_version: 0, event: ProfileEvent::Extended { profile } }];
    Batch { expected: Revision(revision - 1), generation: Generation(0), changes, feed }
}

fn meta(revision: u64) -> Meta {
    Meta {
        seed: Seed::default(),
        fingerprint: 1,
        policy_version: 0,
        generation: Generation(0),
        unresolved: false,
        next_record: revision,
        next_cluster: 0,
        next_profile: 0,
        next_change: 0,
        counts: Counts::default(),
        secrets: Vec::new(),
    }
}

fn record(row: u64, revision: u64) -> Record {
    let at = Timestamp::from_milliseconds(revision as i64).unwrap();
    Record::new("crm", format!("{row}"), at).attribute("name", format!("secret-{revision}-{row}"))
}

fn event(revision: u64) -> Event {
    let at = Timestamp::from_milliseconds(revision as i64).unwrap();
    Event::new("web", "9", at, EventKind::Search).text(format!("secret-{revision}-event"))
}

/// Checks that a snapshot is one revision, whole, and says which.
fn whole(snapshot: &dyn Snapshot) -> Result<u64> {
    let revision = snapshot.revision().0;
    let expected = (revision > 0).then_some(revision);
    assert_eq!(snapshot.meta()?.map(|meta| meta.next_record), expected, "the state is of another revision");
    let numbers: Vec<RecordNumber> = (0..ROWS).map(RecordNumber).collect();
    for (row, found) in (0..).zip(snapshot.records(&numbers)?) {
        assert_eq!(found.as_deref(), expected.map(|revision| record(row, revision)).as_ref(), "a record of another");
    }
    let profiles: Vec<ProfileNumber> = (0..ROWS).map(ProfileNumber).collect();
    for found in snapshot.anchors(&profiles)? {
        assert_eq!(found, expected.map(|revision| Anchor::Record(RecordNumber(revision))), "an anchor of another");
    }
    let carriers = snapshot.carriers(ValueHash(5), RecordNumber(0), usize::MAX)?;
    assert_eq!(carriers, (1..=revision).map(RecordNumber).collect::<Vec<_>>(), "carriers of another");
    assert_eq!(
        snapshot.event_places(&[KeyHash(9)])?,
        [expected.map(|_| EVENT_PLACE)],
        "the place of an event of another"
    );
    let events = snapshot.event_page(EVENT_PLACE.trail, i64::MIN..=i64::MAX, None, usize::MAX)?;
    let here: Vec<_> = expected.map(|revision| (EVENT_PLACE, Arc::new(event(revision)))).into_iter().collect();
    assert_eq!(events, here, "an event of another");
    let feed: Vec<u64> = snapshot.changes(0, usize::MAX)?.iter().map(|change| change.sequence).collect();
    assert_eq!(feed, (1..=revision).collect::<Vec<_>>(), "a feed of another");
    Ok(revision)
}

pub(crate) fn write(store: &Durable, revisions: std::ops::RangeInclusive<u64>) {
    for revision in revisions {
        assert_eq!(store.commit(&Tenant::default(), batch(revision)).unwrap(), Revision(revision));
    }
}

pub(crate) fn read(store: &Durable) -> Result<u64> {
    whole(&*store.snapshot(&Tenant::default())?)
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(crate) fn files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

pub(crate) fn journal(path: &Path) -> PathBuf {
    files(path).into_iter().find(|file| file.extension().is_some_and(|end| end == "jnl")).unwrap()
}

/// The length of a file up to its last byte that is not 0: the engine may make its journal longer than what is in it.
pub(crate) fn filled(file: &Path) -> u64 {
    fs::read(file).unwrap().iter().rposition(|&byte| byte != 0).map_or(0, |last| last as u64 + 1)
}

#[test]
fn a_commit_cut_anywhere_is_not_there_and_those_before_it_are() {
    let place = tempfile::tempdir().unwrap();
    let (path, cut) = (place.path().join("store"), place.path().join("cut"));
    let store = Durable::open(&path).unwrap();
    write(&store, 1..=3);
    let before = filled(&journal(&path));
    write(&store, 4..=4);
    // As a crash leaves it: copied while it is open.
    copy(&path, &cut);
    drop(store);
    let after = filled(&journal(&cut));
    assert!(after > before + 1000, "the last commit is in the journal");
    let bytes = fs::read(journal(&cut)).unwrap();
    let mut offsets: Vec<u64> = (before..after).step_by(61).collect();
    offsets.extend(before..before + 24);
    offsets.extend(after - 24..=after);
    for length in offsets {
        let broken = place.path().join("broken");
        copy(&cut, &broken);
        fs::write(journal(&broken), &bytes[..length as usize]).unwrap();
        let store = Durable::open(&broken).unwrap();
        assert_eq!(read(&store).unwrap(), if length >= after { 4 } else { 3 }, "cut at {length} of {before}..{after}");
        write(&store, read(&store).unwrap() + 1..=6);
        drop(store);
        assert_eq!(read(&Durable::open(&broken).unwrap()).unwrap(), 6, "written on after a cut at {length}");
        fs::remove_dir_all(&broken).unwrap();
    }
}

#[test]
fn a_flipped_byte_is_found_out_or_does_no_harm() {
    let place = tempfile::tempdir().unwrap();
    let (path, broken) = (place.path().join("store"), place.path().join("broken"));
    let store = Durable::open(&path).unwrap();
    write(&store, 1..=3);
    // A scrub leaves the rows in the files of a store that was just written; more commits go on top.
    store.scrub().unwrap();
    write(&store, 4..=6);
    drop(store);
    let (mut found_out, mut earlier, mut harmless) = (0, 0, 0);
    let mut seed = 7_u64;
    for file in files(&path).iter().filter(|file| !file.ends_with("LOCK") && !file.ends_with("lock")) {
        let length = filled(file);
        for _ in 0..length.min(6) {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (offset, bit) = ((seed >> 16) % length, (seed >> 8) % 8);
            copy(&path, &broken);
            let target = broken.join(file.strip_prefix(&path).unwrap());
            let mut bytes = fs::read(&target).unwrap();
            bytes[offset as usize] ^= 1 << bit;
            fs::write(&target, bytes).unwrap();
            let told = format!("{}, bit {bit} of byte {offset}", target.display());
            match Durable::open(&broken).and_then(|store| read(&store)) {
                Ok(6) => harmless += 1,
                Ok(_) => earlier += 1,
                Err(error) => {
                    let kinds = [ErrorKind::Corrupt, ErrorKind::Config, ErrorKind::Store];
                    assert!(kinds.contains(&error.kind()), "{error:?} at {told}");
                    assert!(!format!("{error:?} {error}").contains("secret"), "an error shows a value");
                    found_out += 1;
                }
            }
            fs::remove_dir_all(&broken).unwrap();
        }
    }
    assert!(found_out > 10, "{found_out} found out, {earlier} earlier, {harmless} harmless");
}

#[test]
fn a_commit_that_is_lost_from_between_others_is_found_out() {
    let place = tempfile::tempdir().unwrap();
    let (path, broken) = (place.path().join("store"), place.path().join("broken"));
    let store = Durable::open(&path).unwrap();
    write(&store, 1..=2);
    let start = filled(&journal(&path));
    write(&store, 3..=4);
    drop(store);
    let journal = journal(&path);
    let bytes = fs::read(&journal).unwrap();
    let mut found_out = 0;
    // The head of the third commit: how many rows, and its number in the engine's order.
    for offset in start - 2..start + 13 {
        for bit in [0, 1, 5, 7] {
            copy(&path, &broken);
            let mut bytes = bytes.clone();
            bytes[offset as usize] ^= 1 << bit;
            fs::write(broken.join(journal.strip_prefix(&path).unwrap()), bytes).unwrap();
            match Durable::open(&broken).and_then(|store| read(&store)) {
                // Whole, or as it was before.
                Ok(found) => assert!((1..=4).contains(&found), "{found}"),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}: {}", error);
                    found_out += 1;
                }
            }
            fs::remove_dir_all(&broken).unwrap();
        }
    }
    assert!(found_out > 8, "{found_out} found out");
}

#[test]
fn a_killed_process_leaves_what_it_acknowledged() {
    const PLACE: &str = "ONEFOLD_TEST_WRITE_UNTIL_KILLED";
    if let Some(path) = std::env::var_os(PLACE) {
        let store = Durable::open(path).unwrap();
        let first = read(&store).unwrap() + 1;
        for revision in first.. {
            write(&store, revision..=revision);
            let mut out = std::io::stdout().lock();
            writeln!(out, "acknowledged {revision}").unwrap();
            out.flush().unwrap();
        }
    }
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let mut last = 0;
    for round in 0..6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["durable::a_killed_process_leaves_what_it_acknowledged", "--exact", "--nocapture"])
            .env(PLACE, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(std::io::Result::ok);
        let mut acknowledged = last;
        let goal = last + 5 + round * 17;
        while acknowledged < goal {
            let line = lines.next().expect("the child writes until it is killed");
            acknowledged =
                line.rsplit("acknowledged ").next().and_then(|told| told.parse().ok()).unwrap_or(acknowledged);
        }
        child.kill().unwrap();
        let rest = lines.filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok()).max();
        child.wait().unwrap();
        acknowledged = acknowledged.max(rest.unwrap_or(0));
        let found = read(&Durable::open(&path).unwrap()).unwrap();
        assert!(found == acknowledged || found == acknowledged + 1, "{found} is there, {acknowledged} acknowledged");
        last = found;
    }
}

/// Fails the n-th write: before it, after it, or with the engine dead from then on.
struct Failing {
    inner: Arc<dyn Engine>,
    left: Arc<AtomicU64>,
    after: bool,
}

impl Engine for Failing {
    fn view(&self) -> Result<Arc<dyn EngineView>> {
        self.inner.view()
    }

    fn write(&self, batch: Vec<Write>, reach: Reach) -> Result<()> {
        let fails = self.left.fetch_sub(1, Ordering::SeqCst) == 1;
        if fails && !self.after {
            return Err(Error::store("write", "told to fail"));
        }
        self.inner.write(batch, reach)?;
        if fails { Err(Error::store("write", "told to fail")) } else { Ok(()) }
    }

    fn sync(&self) -> Result<()> {
        self.inner.sync()
    }
}

#[test]
fn a_failed_write_is_there_whole_or_not_at_all_and_can_be_sent_again() {
    for after in [false, true] {
        for place in 1..=5 {
            let directory = tempfile::tempdir().unwrap();
            let left = Arc::new(AtomicU64::new(place));
            let store = Durable::options(directory.path().join("store"))
                .layer(move |inner| Arc::new(Failing { inner, left: Arc::clone(&left), after }))
                .open()
                .unwrap();
            for revision in 1..=5 {
                match store.commit(&Tenant::default(), batch(revision)) {
                    Ok(made) => assert_eq!(made, Revision(revision)),
                    Err(error) => {
                        assert_eq!((error.kind(), revision), (ErrorKind::Store, place));
                        let again = store.commit(&Tenant::default(), batch(revision));
                        // It had been applied: what was planned on the revision before is refused.
                        let kind = again.map_err(|error| error.kind());
                        assert_eq!(kind, if after { Err(ErrorKind::Conflict) } else { Ok(Revision(revision)) });
                    }
                }
                assert_eq!(read(&store).unwrap(), revision);
            }
        }
    }
}

#[test]
fn a_second_open_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let store = Durable::open(place.path()).unwrap();
    let error = Durable::open(place.path()).unwrap_err();
    assert_eq!(error.to_string(), "option `path`: the store is open already, in this process or in another");
    assert_eq!(error.kind(), ErrorKind::Config);
    drop(store);
    Durable::open(place.path()).unwrap();
}

#[test]
fn a_directory_that_is_no_store_or_a_newer_one_is_refused_and_left_alone() {
    let check = |sign: &str, kind: ErrorKind, told: &str| {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("store");
        drop(Durable::open(&path).unwrap());
        fs::write(path.join("ONEFOLD"), sign).unwrap();
        let before = files(&path);
        let error = Durable::open(&path).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(files(&path), before);
    };
    check("onefold store\nformat 2\nready 1\n", ErrorKind::Config, "format 2; this version of onefold reads up to 1");
    check("onefold store\nformat 2\nin some other way\n", ErrorKind::Config, "format 2");
    check("onefold store\nformat x\nready 1\n", ErrorKind::Corrupt, "sign");
    check("onefold store\nformat 1\nready 7\n", ErrorKind::Corrupt, "data-7");
    check("", ErrorKind::Corrupt, "sign");
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("letter.txt"), "dear").unwrap();
    assert_eq!(Durable::open(place.path()).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(files(place.path()), [place.path().join("letter.txt")]);
}

#[test]
fn readers_see_one_revision_while_a_writer_goes_on_and_a_backup_is_taken() {
    let place = tempfile::tempdir().unwrap();
    let store = Durable::options(place.path().join("store")).durability(Durability::System).open().unwrap();
    write(&store, 1..=3);
    let held = store.snapshot(&Tenant::default()).unwrap();
    let (done, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let found = read(&store).unwrap();
                    assert!(found >= last, "a later snapshot is of an earlier revision");
                    last = found;
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            write(&store, 4..=150);
            done.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| store.backup(place.path().join("backup")).unwrap());
    });
    assert!(reads.load(Ordering::Relaxed) > 8);
    assert_eq!(whole(&*held).unwrap(), 3);
    assert_eq!(read(&store).unwrap(), 150);
    let backup = Durable::open(place.path().join("backup")).unwrap();
    let revision = read(&backup).unwrap();
    assert!((3..=150).contains(&revision));
    write(&backup, revision + 1..=revision + 1);
    assert_eq!(store.backup(place.path().join("backup")).unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn a_scrub_leaves_no_byte_of_what_was_removed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = Durable::open(&path).unwrap();
    write(&store, 1..=3);
    let contains = |needle: &str| {
        files(&path)
            .iter()
            .any(|file| fs::read(file).unwrap().windows(needle.len()).any(|part| part == needle.as_bytes()))
    };
    assert!(contains("secret-2-7") && contains("secret-3-7") && contains("secret-2-event"));
    let number = RecordNumber(7);
    let drop_it = vec![Change::DropRecord { number, key: KeyHash(7_u128 << 90) }];
    let removal = Batch { expected: Revision(3), generation: Generation(0), changes: drop_it, feed: Vec::new() };
    store.commit(&Tenant::default(), removal).unwrap();
    let held = store.snapshot(&Tenant::default()).unwrap();
    store.scrub().unwrap();
    for gone in ["secret-1-1", "secret-2-7", "secret-3-7", "secret-2-event"] {
        assert!(!contains(gone), "{gone} is still there");
    }
    assert!(contains("secret-3-6") && contains("secret-3-event"));
    assert_eq!(held.records(&[number]).unwrap_err().kind(), ErrorKind::Conflict);
    let check = |store: &Durable| {
        let snapshot = store.snapshot(&Tenant::default()).unwrap();
        assert_eq!(snapshot.revision(), Revision(4));
        let found = snapshot.records(&[RecordNumber(6), number]).unwrap();
        assert_eq!(found.iter().map(|row| row.as_deref().cloned()).collect::<Vec<_>>(), [Some(record(6, 3)), None]);
    };
    check(&store);
    drop(store);
    check(&Durable::open(&path).unwrap());
}

#[test]
fn a_scrub_that_was_cut_short_leaves_the_old_files_or_the_new_ones() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = Durable::open(&path).unwrap();
    write(&store, 1..=3);
    drop(store);
    // Before the sign is replaced: new files, half written.
    copy(&path.join("data-1"), &path.join("data-2"));
    fs::remove_file(journal(&path.join("data-2"))).unwrap();
    fs::write(path.join("ONEFOLD.next"), "onefold st").unwrap();
    let store = Durable::open(&path).unwrap();
    assert_eq!(read(&store).unwrap(), 3);
    assert!(!path.join("data-2").exists());
    // After it: old files, half removed.
    store.scrub().unwrap();
    drop(store);
    fs::create_dir_all(path.join("data-1/keyspaces/1")).unwrap();
    assert_eq!(read(&Durable::open(&path).unwrap()).unwrap(), 3);
    assert!(!path.join("data-1").exists());
}

#[test]
fn a_store_that_syncs_now_and_then_does_so_without_further_commits() {
    struct Counting(Arc<dyn Engine>, Arc<AtomicU64>);
    impl Engine for Counting {
        fn view(&self) -> Result<Arc<dyn EngineView>> {
            self.0.view()
        }
        fn write(&self, batch: Vec<Write>, reach: Reach) -> Result<()> {
            assert_eq!(reach, Reach::System);
            self.0.write(batch, reach)
        }
        fn sync(&self) -> Result<()> {
            self.1.fetch_add(1, Ordering::SeqCst);
            self.0.sync()
        }
    }
    let place = tempfile::tempdir().unwrap();
    let syncs = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&syncs);
    let store = Durable::options(place.path())
        .durability(Durability::Every(Duration::from_millis(20)))
        .layer(move |inner| Arc::new(Counting(inner, Arc::clone(&counter))))
        .open()
        .unwrap();
    let before = syncs.load(Ordering::SeqCst);
    write(&store, 1..=1);
    for _ in 0..500 {
        if syncs.load(Ordering::SeqCst) > before {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(syncs.load(Ordering::SeqCst), before + 1);
    write(&store, 2..=2);
    drop(store);
    assert_eq!(syncs.load(Ordering::SeqCst), before + 2);
}

#[test]
fn every_commit_reaches_as_far_as_was_promised() {
    struct Reached(Arc<dyn Engine>, Reach);
    impl Engine for Reached {
        fn view(&self) -> Result<Arc<dyn EngineView>> {
            self.0.view()
        }
        fn write(&self, batch: Vec<Write>, reach: Reach) -> Result<()> {
            assert_eq!(reach, self.1);
            self.0.write(batch, reach)
        }
        fn sync(&self) -> Result<()> {
            self.0.sync()
        }
    }
    for (durability, reach) in [(Durability::EveryCommit, Reach::Disk), (Durability::System, Reach::System)] {
        let place = tempfile::tempdir().unwrap();
        let options = Durable::options(place.path()).durability(durability);
        let store = options.layer(move |inner| Arc::new(Reached(inner, reach))).open().unwrap();
        write(&store, 1..=3);
        store.retire(&Tenant::default(), None).unwrap();
        assert_eq!(read(&store).unwrap(), 3);
    }
}

#[test]
fn retiring_reads_over_nothing_that_it_removed() {
    /// The keys that were removed; a scan may begin at the last of them, and go over no other.
    type Removed = Arc<Mutex<BTreeSet<Vec<u8>>>>;
    struct Seen(Arc<dyn Engine>, Removed);
    struct SeenView(Arc<dyn EngineView>, Removed);
    impl Engine for Seen {
        fn view(&self) -> Result<Arc<dyn EngineView>> {
            Ok(Arc::new(SeenView(self.0.view()?, Arc::clone(&self.1))))
        }
        fn write(&self, batch: Vec<Write>, reach: Reach) -> Result<()> {
            let removed = batch.iter().filter_map(|write| match write {
                Write::Remove(key) => Some(key.clone()),
                Write::Put(..) => None,
            });
            self.1.lock().unwrap().extend(removed);
            self.0.write(batch, reach)
        }
        fn sync(&self) -> Result<()> {
            self.0.sync()
        }
    }
    impl EngineView for SeenView {
        fn get(&self, key: &[u8], found: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
            self.0.get(key, found)
        }
        fn scan(&self, keys: Range<Vec<u8>>, each: &mut Each<'_>) -> Result<()> {
            assert!(self.1.lock().unwrap().range(keys.clone()).count() <= 1, "what was removed is read over");
            self.0.scan(keys, each)
        }
    }
    let place = tempfile::tempdir().unwrap();
    let removed = Removed::default();
    let seen = Arc::clone(&removed);
    let store = Durable::options(place.path()).layer(move |inner| Arc::new(Seen(inner, seen.clone()))).open().unwrap();
    let changes = (0..5000).flat_map(|row| {
        let (cluster, number) = (ClusterNumber(row % 2), RecordNumber(row));
        [Change::AddMember { cluster, number }, Change::AddCarrier { value: ValueHash(7), number }]
    });
    let changes = changes.chain([Change::PutMeta(Box::new(meta(1)))]).collect();
    let tenant = Tenant::default();
    store
        .commit(&tenant, Batch { expected: Revision(0), generation: Generation(0), changes, feed: Vec::new() })
        .unwrap();
    let next = Meta { generation: Generation(1), ..meta(2) };
    let changes = vec![Change::PutMeta(Box::new(next))];
    store
        .commit(&tenant, Batch { expected: Revision(1), generation: Generation(1), changes, feed: Vec::new() })
        .unwrap();
    store.retire(&tenant, None).unwrap();
    assert_eq!(removed.lock().unwrap().len(), 10_000);
}

//! A person is erased, everything is sent again, and no byte of theirs is found.
//!
//! `cargo run --example erase` prints:
//!
//! ```text
//! before: 3 people; of Ann 7 of 7 values are in the files
//! erased for dsr-17: 2 records, 2 events, 1 consent, 1 word of stewards; 8 tombstones
//! after: 2 people; of Ann 0 of 7 values are in the files, of the others 4 of 4
//! sent again, 11 operations: 6 refused, 2 people
//! after: of Ann 0 of 7 values are in the files, of the others 4 of 4
//! lifted: Ann may come back, and did, as 1 record; what was erased stays away
//! ```

use onefold::store::ProfileStore;
use onefold::{Because, Durable, Identifier, Operation, Options, Policy, Record, Resolver, Secret};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

const POLICY: &str = r#"
[[identifier]]
kind = "customer_id"
role = "person"
[[identifier]]
kind = "email"
role = "contact"
normalise = "email"
[[identifier]]
kind = "device_id"
role = "device"
"#;

/// Ann and Ben share a tablet; Cleo lives elsewhere.
const INPUT: [&str; 11] = [
    r#"{"source":"crm","key":"k-ann","at":"2026-01-05T10:00:00Z","identifiers":{"customer_id":"C-4242","email":"Ann@Example.org"},"attributes":{"surname":"Lovelace","street":"Rose Lane 17"}}"#,
    r#"{"source":"web","key":"w-ann","at":"2026-01-06T10:00:00Z","identifiers":{"email":"ann@example.org"}}"#,
    r#"{"source":"crm","key":"k-ben","at":"2026-01-05T10:00:00Z","identifiers":{"customer_id":"C-7","email":"ben@example.org"},"attributes":{"surname":"Hopper"}}"#,
    r#"{"source":"crm","key":"k-cleo","at":"2026-01-05T10:00:00Z","identifiers":{"email":"cleo@example.org"}}"#,
    r#"{"op":"event","source":"web","key":"e-1","at":"2026-01-07T10:00:00Z","kind":"view","identifiers":{"customer_id":"C-4242","device_id":"tablet-9"}}"#,
    r#"{"op":"event","source":"web","key":"e-2","at":"2026-01-07T10:05:00Z","kind":"view","identifiers":{"device_id":"tablet-9"},"text":"looked at prams"}"#,
    r#"{"op":"event","source":"web","key":"e-3","at":"2026-01-08T10:00:00Z","kind":"view","identifiers":{"customer_id":"C-7","device_id":"tablet-9"}}"#,
    r#"{"op":"event","source":"web","key":"e-4","at":"2026-01-08T10:05:00Z","kind":"view","identifiers":{"device_id":"tablet-9"},"text":"looked at drills"}"#,
    r#"{"op":"consent","source":"web","key":"c-1","at":"2026-01-07T12:00:00Z","identifiers":{"email":"ann@example.org"},"purpose":"marketing","channel":"email","status":"granted"}"#,
    r#"{"op":"consent","source":"web","key":"c-2","at":"2026-01-07T12:00:00Z","identifiers":{"email":"ben@example.org"},"purpose":"marketing","channel":"email","status":"denied"}"#,
    r#"{"op":"separate","a":["crm","k-ann"],"b":["crm","k-ben"],"by":"steward","why":"brother and sister"}"#,
];

const ANN: [&str; 7] = [
    "C-4242",
    "Ann@Example.org",
    "ann@example.org",
    "Lovelace",
    "Rose Lane 17",
    "looked at prams",
    "brother and sister",
];

/// Ben is still on the tablet.
const OTHERS: [&str; 4] = ["ben@example.org", "cleo@example.org", "tablet-9", "looked at drills"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    let folder = tempfile::tempdir()?;
    let folder = folder.path();

    // The host keeps the secret apart from the store: who has only the store cannot tell who was erased.
    let open = || -> Result<(Arc<Durable>, Resolver), Box<dyn std::error::Error>> {
        let store = Arc::new(Durable::open(folder)?);
        let resolver = Resolver::open(Arc::<Durable>::clone(&store), Policy::from_toml(POLICY)?, Options::default())?;
        Ok((store, resolver.with_secrets([Secret::new("from the host's key store")?])))
    };
    let (store, resolver) = open()?;
    send(&resolver)?;
    let people = resolver.stats()?.counts.profiles;
    drop((store, resolver));
    let there = found(folder, &ANN)?;
    assert_eq!((people, there), (3, ANN.len()), "what is there is found");
    writeln!(out, "before: {people} people; of Ann {there} of {} values are in the files", ANN.len())?;

    let (store, resolver) = open()?;
    let ann = Identifier::new("email", "ann@example.org");
    let erased = resolver.erase(&ann, "dsr-17")?;
    writeln!(
        out,
        "erased for {}: {} records, {} events, {} consent, {} word of stewards; {} tombstones",
        erased.request, erased.records, erased.events, erased.consents, erased.assertions, erased.tombstones
    )?;
    let again = resolver.erase(&ann, "dsr-17")?;
    assert!(!again.anything(), "a request is carried out once");
    let people = resolver.stats()?.counts.profiles;
    drop(resolver);
    // What was removed stands in old files until they are rewritten.
    store.scrub()?;
    drop(store);
    writeln!(out, "after: {people} people; {}", told(folder)?)?;

    let (store, resolver) = open()?;
    let before = resolver.stats()?.counts.refused;
    send(&resolver)?;
    let counts = resolver.stats()?.counts;
    let refused = counts.refused - before;
    writeln!(out, "sent again, {} operations: {refused} refused, {} people", INPUT.len(), counts.profiles)?;
    drop((store, resolver));
    writeln!(out, "after: {}", told(folder)?)?;

    // She signs up again: her address is lifted, the keys of what was erased are not.
    let (_store, resolver) = open()?;
    let news = Record::new("web", "w-2", "2026-03-01T10:00:00Z".parse()?).identifier("email", "ann@example.org");
    assert_eq!(resolver.add(news.clone())?.because, [Because::Erased]);
    assert_eq!(resolver.lift_tombstones(&ann)?, 1);
    let back = resolver.add(news)?.profile.ok_or("she is not back")?;
    send(&resolver)?;
    let records = resolver.members(back)?.len();
    assert_eq!(records, 1);
    writeln!(out, "lifted: Ann may come back, and did, as {records} record; what was erased stays away")?;
    Ok(())
}

fn send(resolver: &Resolver) -> onefold::Result<()> {
    INPUT.iter().try_for_each(|line| resolver.apply(Operation::from_json(line.as_bytes(), None)?).map(drop))
}

/// How many values of Ann and of the others are in the files. None of hers, all of theirs.
fn told(folder: &Path) -> std::io::Result<String> {
    let (hers, theirs) = (found(folder, &ANN)?, found(folder, &OTHERS)?);
    assert_eq!((hers, theirs), (0, OTHERS.len()));
    let (ann, others) = (ANN.len(), OTHERS.len());
    Ok(format!("of Ann {hers} of {ann} values are in the files, of the others {theirs} of {others}"))
}

/// How many of some texts are in any file of a folder.
fn found(folder: &Path, texts: &[&str]) -> std::io::Result<usize> {
    let bytes = bytes(folder)?;
    let is_there = |text: &&&str| bytes.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    Ok(texts.iter().filter(is_there).count())
}

/// What stands in the files of a folder. They are laid out with zeros ahead, which are left out.
fn bytes(folder: &Path) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(bytes(&path)?);
        } else {
            let file = std::fs::read(&path)?;
            file.chunks(4096).filter(|chunk| chunk.iter().any(|byte| *byte != 0)).for_each(|chunk| all.extend(chunk));
        }
    }
    Ok(all)
}

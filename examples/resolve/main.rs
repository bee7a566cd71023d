//! Replays operations and tables through a resolver, and says what came of it.
//!
//! Without arguments it runs a bundled sample: `cargo run --release --example resolve`. `--help` lists the options.

mod args;
#[path = "../common/columns.rs"]
mod columns;
#[path = "../common/console.rs"]
mod console;
#[path = "../common/failure.rs"]
mod failure;
#[path = "../common/input.rs"]
mod input;
#[path = "../common/lines.rs"]
mod lines;
#[path = "../common/number.rs"]
mod number;
mod outputs;
#[path = "../common/parquet.rs"]
mod parquet;
mod replay;
mod report;
mod sample;
mod sample_names;
mod showcase;
mod summary;
#[path = "../common/table.rs"]
mod table;

use args::{Args, USAGE};
use failure::{Failure, Outcome};
use input::{Entry, Input, start_of_run};
use onefold::{Policy, Resolver, Secret, Timestamp};
use outputs::IssueList;
use replay::Replay;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use summary::Summary;

/// The environment variable with the secret that erased people are kept away under.
const SECRET: &str = "ONEFOLD_SECRET";

/// The environment variable with the keys that the store is encrypted under.
#[cfg(feature = "durable")]
const STORE_KEY: &str = "ONEFOLD_STORE_KEY";

fn main() -> ExitCode {
    console::finish("resolve", Args::read(std::env::args_os().skip(1)).and_then(|args| run(&args)))
}

fn run(args: &Args) -> Outcome<String> {
    if args.help {
        return Ok(format!("{USAGE}\n"));
    }
    let started = Instant::now();
    let text = if args.is_sample() { run_sample(args)? } else { run_files(args)? };
    let _ = writeln!(std::io::stderr(), "done in {:.2} s", started.elapsed().as_secs_f64());
    Ok(text)
}

fn run_files(args: &Args) -> Outcome<String> {
    let now = args.now.map_or_else(start_of_run, Ok)?;
    let path = args.policy.as_deref().ok_or_else(|| Failure::usage("--policy", "is missing"))?;
    let policy = Policy::from_path(path).map_err(|error| Failure::file("--policy", path, error))?;
    let inputs = input::open(&args.input, args.columns.as_deref(), now)?;
    outputs::check(args)?;
    let resolver = open_store(args, policy)?;
    let summary = replay(args, &resolver, inputs, now)?;
    write_outputs(args, &resolver, &summary, None)?;
    Ok(format!("{summary}{}", card(args, &resolver, now)?))
}

fn run_sample(args: &Args) -> Outcome<String> {
    outputs::check(args)?;
    let sample = sample::sample()?;
    let resolver = open_store(args, sample.policy.clone())?;
    let entries: Vec<Entry> = sample
        .operations
        .iter()
        .zip(1..)
        .map(|(operation, line)| {
            let truth = match operation {
                onefold::Operation::Add(record) => sample.truth.get_key_value(&record.key),
                _ => None,
            };
            let truth = truth.map(|(key, person)| (key.clone(), person.clone()));
            Entry { line, operation: Ok(operation.clone()), truth, bytes: 0 }
        })
        .collect();
    let input = Input { path: "sample".into(), bytes: 0, entries: Box::new(entries.into_iter()) };
    let now = args.now.unwrap_or(sample.now);
    let summary = replay(args, &resolver, vec![input], now)?;
    write_outputs(args, &resolver, &summary, Some(&sample.ada))?;
    let story = showcase::tell(&resolver, &sample)?;
    let card = card(args, &resolver, now)?;
    Ok(format!(
        "AN INVENTED RETAILER'S TWO YEARS: SHOP TILL, WEB, APP, MAIL AND CALL CENTRE\n\n{summary}\n{story}{card}"
    ))
}

/// The profile that is asked for, under an empty line; nothing where none is.
fn card(args: &Args, resolver: &Resolver, now: Timestamp) -> Outcome<String> {
    let text = args.profile.as_ref().map(|identifier| outputs::profile(resolver, identifier, now)).transpose()?;
    Ok(text.map(|text| format!("\n{text}")).unwrap_or_default())
}

fn replay(args: &Args, resolver: &Resolver, inputs: Vec<Input>, now: Timestamp) -> Outcome<Summary> {
    let mut issues = IssueList::create(args.issues.as_deref())?;
    let mut tally = Replay::new(resolver, &mut issues, args.batch, now).run(inputs)?;
    issues.finish()?;
    if args.sweep {
        tally.swept = resolver.sweep(now)?;
    }
    if tally.erased > 0 || tally.swept.anything() {
        resolver.scrub()?;
    }
    Summary::of(resolver, &tally, &issues, args)
}

fn write_outputs(
    args: &Args,
    resolver: &Resolver,
    summary: &Summary,
    shown: Option<&onefold::RecordKey>,
) -> Outcome<()> {
    if let Some(path) = &args.events {
        outputs::events(resolver, path)?;
    }
    if let Some(path) = &args.export {
        outputs::export(resolver, path)?;
    }
    if let Some(path) = &args.report {
        let page = report::page(resolver, summary, shown)?;
        std::fs::write(path, page).map_err(|error| Failure::writing(path, error))?;
    }
    Ok(())
}

fn open_store(args: &Args, policy: Policy) -> Outcome<Resolver> {
    let resolver = match &args.store {
        None => Resolver::in_memory(policy)?,
        Some(folder) => open_folder(folder, policy)?,
    };
    Ok(match std::env::var(SECRET) {
        Ok(secret) => {
            let secret = Secret::new(secret).map_err(|_| Failure::usage(SECRET, "is blank"))?;
            resolver.with_secrets([secret])
        }
        Err(_) => resolver,
    })
}

#[cfg(feature = "durable")]
fn open_folder(folder: &Path, policy: Policy) -> Outcome<Resolver> {
    use onefold::{Durable, Options};
    let options = encrypted(Durable::options(folder))?;
    let store = options.open().map_err(|error| Failure::file("--store", folder, error))?;
    rotate(&store)?;
    Resolver::open(std::sync::Arc::new(store), policy, Options::default()).map_err(|error| match error.kind() {
        onefold::ErrorKind::Config => {
            let reason = "was filled under another policy: run with that one, or into another folder";
            Failure::file("--store", folder, reason)
        }
        _ => error.into(),
    })
}

/// The keys of the environment: the one that is written under, then older ones.
#[cfg(feature = "encryption")]
fn encrypted(options: onefold::DurableOptions) -> Outcome<onefold::DurableOptions> {
    let Ok(keys) = std::env::var(STORE_KEY) else { return Ok(options) };
    let keys: onefold::Result<Vec<_>> = keys.split(',').map(onefold::StoreKey::from_hex).collect();
    Ok(options.encrypted(keys.map_err(|error| Failure::usage(STORE_KEY, error))?))
}

#[cfg(all(feature = "durable", not(feature = "encryption")))]
fn encrypted(options: onefold::DurableOptions) -> Outcome<onefold::DurableOptions> {
    match std::env::var_os(STORE_KEY) {
        None => Ok(options),
        Some(_) => Err(Failure::usage(STORE_KEY, "needs the feature `encryption`")),
    }
}

/// Brings the store under the first of several keys.
#[cfg(feature = "encryption")]
fn rotate(store: &onefold::Durable) -> Outcome<()> {
    let several = std::env::var(STORE_KEY).is_ok_and(|keys| keys.contains(','));
    if several { Ok(store.rotate()?) } else { Ok(()) }
}

#[cfg(all(feature = "durable", not(feature = "encryption")))]
fn rotate(_: &onefold::Durable) -> Outcome<()> {
    Ok(())
}

#[cfg(not(feature = "durable"))]
fn open_folder(folder: &Path, _: Policy) -> Outcome<Resolver> {
    Err(Failure::file("--store", folder, "needs the feature `durable`"))
}

//! Measures linkage against the truth: precision, recall and F1 at a list of thresholds, and whether probabilities mean
//! what they say.
//!
//! `cargo run --release --example evaluate -- --policy P.toml --input FILE... --columns C.toml --curve OUT.svg`

#[path = "../common/columns.rs"]
mod columns;
#[path = "../common/console.rs"]
mod console;
mod curve;
#[path = "../common/failure.rs"]
mod failure;
#[path = "../common/input.rs"]
mod input;
#[path = "../common/lines.rs"]
mod lines;
#[path = "../common/number.rs"]
mod number;
#[path = "../common/options.rs"]
mod options;
#[path = "../common/parquet.rs"]
mod parquet;
#[path = "../common/people.rs"]
mod people;
mod summary;
#[path = "../common/table.rs"]
mod table;

use failure::{Failure, Outcome};
use onefold::{
    Evaluation, Ingest, Operation, Policy, ProfileId, RELIABILITY_BOUNDS, RecordKey, Reliability, Resolver, SmolStr,
    ThresholdScore, Timestamp, evaluate, reliability, threshold_scores,
};
use options::{Options, Takes};
use people::People;
use std::path::Path;
use std::process::ExitCode;

/// What `--help` prints.
const USAGE: &str = "\
usage: evaluate --policy P.{toml,json} --input FILE... --columns C.toml [options]

  --policy FILE       the policy, TOML or JSON, with a [linkage]
  --input FILE...     operations (.jsonl) or tables (.csv, .parquet)
  --columns FILE      the column map of the tables (TOML), which names the `truth`
  --thresholds LIST   link probabilities to resolve at (0.5,0.6,0.7,0.8,0.9,0.95,0.97,0.98,0.99,0.995,0.999)
  --table FILE        writes what is printed of the thresholds (CSV)
  --reliability FILE  writes the reliability table (CSV)
  --curve FILE        draws both (SVG)
  --now TIME          RFC 3339; records without a time take it (default: the start of the run)
  --help              prints this
";

const OPTIONS: [(&str, Takes); 9] = [
    ("--policy", Takes::One),
    ("--input", Takes::Some),
    ("--columns", Takes::One),
    ("--thresholds", Takes::One),
    ("--table", Takes::One),
    ("--reliability", Takes::One),
    ("--curve", Takes::One),
    ("--now", Takes::One),
    ("--help", Takes::Nothing),
];

const THRESHOLDS: &str = "0.5,0.6,0.7,0.8,0.9,0.95,0.97,0.98,0.99,0.995,0.999";
/// Pairs at least so probable are looked at for the reliability table.
const REVIEW: f64 = 0.001;

/// What resolving at one threshold comes to.
pub(crate) struct Row {
    pub(crate) threshold: f64,
    /// Of the resolved profiles.
    pub(crate) profiles: Evaluation,
    /// Of the scored pairs by themselves.
    pub(crate) pairs: ThresholdScore,
}

/// All that is measured.
pub(crate) struct Measured {
    pub(crate) rows: Vec<Row>,
    pub(crate) reliability: Reliability,
    pub(crate) unreadable: u64,
}

fn main() -> ExitCode {
    console::finish("evaluate", run())
}

fn run() -> Outcome<String> {
    let options = Options::read(&OPTIONS)?;
    if options.has("--help") {
        return Ok(USAGE.to_owned());
    }
    let path = options.needed("--policy")?;
    let policy = Policy::from_path(path).map_err(|error| Failure::file("--policy", path, error))?;
    if policy.linkage.is_none() {
        return Err(Failure::file("--policy", path, "has no [linkage]: there is no threshold to vary"));
    }
    let thresholds = thresholds(&options)?;
    options.needed("--input")?;
    let now = options.value("--now", "RFC 3339 (as 2026-01-05T10:00:00Z)")?.map_or_else(input::start_of_run, Ok)?;
    let people = People::read(input::open(&options.paths("--input"), options.path("--columns"), now)?)?;
    if people.truth.is_empty() {
        return Err(Failure::usage(
            "--columns",
            "names no column as `truth`, or one that is empty: nothing to measure by",
        ));
    }
    let measured = measure(policy, &people, &thresholds, now)?;
    let write = |option: &str, content: &dyn Fn() -> Outcome<String>| match options.path(option) {
        Some(path) => std::fs::write(path, content()?).map_err(|error| Failure::writing(path, error)),
        None => Ok(()),
    };
    write("--table", &|| Ok(summary::table(&measured)))?;
    write("--reliability", &|| Ok(summary::reliability(&measured.reliability)))?;
    let title = options.path("--input").and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    write("--curve", &|| curve::draw(&measured, &title))?;
    Ok(summary::text(&measured))
}

fn thresholds(options: &Options) -> Outcome<Vec<f64>> {
    let list: String = options.value("--thresholds", "a list")?.unwrap_or_else(|| THRESHOLDS.to_owned());
    let wrong = || Failure::usage("--thresholds", "is not a list of probabilities between 0 and 1, as 0.5,0.9,0.99");
    let read = |text: &str| text.trim().parse().ok().filter(|threshold: &f64| *threshold > 0.0 && *threshold < 1.0);
    let mut thresholds: Vec<f64> = list.split(',').map(read).collect::<Option<_>>().ok_or_else(wrong)?;
    thresholds.sort_by(f64::total_cmp);
    thresholds.dedup();
    Ok(thresholds)
}

fn measure(policy: Policy, people: &People, thresholds: &[f64], now: Timestamp) -> Outcome<Measured> {
    let scored = onefold::score_pairs(&at(&policy, 0.5, REVIEW), &people.records)?;
    let pairs: Vec<(f64, bool)> =
        scored.iter().filter_map(|pair| Some((pair.probability, people.is_one(pair)?))).collect();
    let by_threshold = threshold_scores(pairs.iter().copied(), people.pairs_true(), thresholds);
    let resolve = |pairs: ThresholdScore| {
        let review = policy.linkage.as_ref().map_or(0.5, |linkage| linkage.review_probability);
        let profiles = resolve(at(&policy, pairs.threshold, review), people, now)?;
        Ok(Row { threshold: pairs.threshold, profiles, pairs })
    };
    let rows = by_threshold.into_iter().map(resolve).collect::<Outcome<_>>()?;
    Ok(Measured { rows, reliability: reliability(pairs, RELIABILITY_BOUNDS), unreadable: people.unreadable })
}

/// The policy with other thresholds.
fn at(policy: &Policy, link: f64, review: f64) -> Policy {
    let mut policy = policy.clone();
    if let Some(linkage) = &mut policy.linkage {
        linkage.link_probability = link;
        linkage.review_probability = review.min(link);
    }
    policy
}

/// Takes everything in anew, in memory, and compares the profiles with the truth.
fn resolve(policy: Policy, people: &People, now: Timestamp) -> Outcome<Evaluation> {
    /// A record without a profile is alone.
    #[derive(Clone, PartialEq, Eq, Hash)]
    enum Label {
        Profile(ProfileId),
        Alone(RecordKey),
    }
    let resolver = Resolver::in_memory(policy)?;
    for word in &people.assertions {
        resolver.apply(Operation::Assert(word.clone()))?;
    }
    resolver.load(people.records.clone(), Ingest { now: Some(now), ..Ingest::default() })?;
    let mut labels: Vec<(SmolStr, Label)> = Vec::with_capacity(people.truth.len());
    resolver.live_records(&mut |key, profile| {
        if let Some(person) = people.truth.get(key) {
            labels.push((person.clone(), profile.map_or_else(|| Label::Alone(key.clone()), Label::Profile)));
        }
    })?;
    Ok(evaluate(labels))
}

//! Trains a model of linkage on the records of some files, without labels or with, and says what came of it.
//!
//! `cargo run --release --example train -- --policy P.toml --input FILE... --columns C.toml --model OUT.json`

#[path = "../common/columns.rs"]
mod columns;
#[path = "../common/console.rs"]
mod console;
#[path = "../common/failure.rs"]
mod failure;
#[path = "../common/input.rs"]
mod input;
mod labels;
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
use onefold::{BlockPolicy, LinkagePolicy, Model, Policy, TrainOptions};
use options::{Options, Takes};
use people::People;
use std::path::Path;
use std::process::ExitCode;

/// What `--help` prints.
const USAGE: &str = "\
usage: train --policy P.{toml,json} --input FILE... [--columns C.toml] --model OUT.json [options]

  --policy FILE      the policy, TOML or JSON; a model that it names is left out
  --input FILE...    operations (.jsonl) or tables (.csv, .parquet); joins and separations in them are labels
  --columns FILE     the column map of the tables (TOML); a `truth` in it is never trained on, only measured against
  --model FILE       where the model is written (JSON): name it as `model` under `[linkage]`
  --labels FILE      pairs that are known (CSV: source_a, key_a, source_b, key_b, match)
  --certain RULE...  blocking rules that find matches and nothing else, as `email` or `surname, birth_date`
  --recall SHARE     the share of all matches that these find, as 0.7: together they fix the prior
  --seed N           the seed of the sample of random pairs (1): the same seed, the same bytes
  --now TIME         RFC 3339; records without a time take it (default: the start of the run)
  --count-blocks     only counts the pairs of each blocking rule, before anything is compared
  --splink FILE      only reads a model that Splink 4 or 5 saved, and writes it as --model; needs no --input
  --propose-blocks   only proposes blocking rules for these records, as lines of a policy
  --help             prints this
";

const OPTIONS: [(&str, Takes); 13] = [
    ("--policy", Takes::One),
    ("--input", Takes::Some),
    ("--columns", Takes::One),
    ("--model", Takes::One),
    ("--labels", Takes::One),
    ("--certain", Takes::Some),
    ("--recall", Takes::One),
    ("--seed", Takes::One),
    ("--splink", Takes::One),
    ("--now", Takes::One),
    ("--count-blocks", Takes::Nothing),
    ("--propose-blocks", Takes::Nothing),
    ("--help", Takes::Nothing),
];

fn main() -> ExitCode {
    console::finish("train", run())
}

fn run() -> Outcome<String> {
    let options = Options::read(&OPTIONS)?;
    if options.has("--help") {
        return Ok(USAGE.to_owned());
    }
    let counts_only = options.has("--count-blocks") || options.has("--propose-blocks");
    let target = options.path("--model");
    if target.is_none() && !counts_only {
        return Err(Failure::usage("--model", "is missing: where the model is to be written"));
    }
    let path = options.needed("--policy")?;
    let policy = Policy::from_path_untrained(path).map_err(|error| Failure::file("--policy", path, error))?;
    if let (Some(saved), Some(target)) = (options.path("--splink"), target) {
        return import(&policy, saved, target);
    }
    let asked = asked(&options)?;
    options.needed("--input")?;
    let now = options.value("--now", "RFC 3339 (as 2026-01-05T10:00:00Z)")?.map_or_else(input::start_of_run, Ok)?;
    let inputs = input::open(&options.paths("--input"), options.path("--columns"), now)?;
    let people = People::read(inputs)?;
    if options.has("--propose-blocks") {
        return propose(&policy, &people);
    }
    if options.has("--count-blocks") {
        return Ok(summary::counts(&onefold::count_blocks(&policy, &people.records)?));
    }
    let labels = labels::of(&people.assertions).chain(asked.labels.iter().cloned()).collect();
    let trained = onefold::train(&policy, &people.records, &TrainOptions { labels, ..asked })?;
    let mut text = summary::trained(&trained, people.unreadable);
    if !people.truth.is_empty() {
        text.push_str(&measured(policy, &people, &trained.model)?);
    }
    if let Some(target) = target {
        text.push_str(&write(&trained.model, target)?);
    }
    Ok(text)
}

/// Reads what Splink saved, and says what could not be read.
fn import(policy: &Policy, saved: &Path, target: &Path) -> Outcome<String> {
    let json = std::fs::read_to_string(saved).map_err(|error| Failure::file("--splink", saved, error))?;
    let import = Model::from_splink(&json, policy).map_err(|error| Failure::file("--splink", saved, error))?;
    Ok(summary::imported(&import) + &write(&import.model, target)?)
}

fn write(model: &Model, target: &Path) -> Outcome<String> {
    let json = model.to_json()?;
    std::fs::write(target, &json).map_err(|error| Failure::writing(target, error))?;
    let size = number::grouped(json.len() as u64);
    Ok(format!("\nthe model is in {} ({size} bytes)\n", target.display()))
}

/// What the command line asks of training.
fn asked(options: &Options) -> Outcome<TrainOptions> {
    let mut asked = TrainOptions::default();
    if let Some(seed) = options.value("--seed", "a whole number")? {
        asked.seed = seed;
    }
    if let Some(path) = options.path("--labels") {
        asked.labels = labels::from_path(path)?;
    }
    let rules: Vec<BlockPolicy> = options
        .paths("--certain")
        .iter()
        .map(|rule| {
            let rule = rule.to_string_lossy();
            BlockPolicy::new(rule.split([',', '&']).map(str::trim))
        })
        .collect();
    asked.prior = match (rules.is_empty(), options.value("--recall", "a share above 0 and at most 1")?) {
        (true, None) => None,
        (false, Some(recall)) => Some((rules, recall)),
        (true, Some(_)) => return Err(Failure::usage("--recall", "needs --certain: the recall of which rules?")),
        (false, None) => return Err(Failure::usage("--certain", "needs --recall: how many of all matches these find")),
    };
    Ok(asked)
}

/// Rules as a policy holds them, and what each of them finds.
fn propose(policy: &Policy, people: &People) -> Outcome<String> {
    let rules = onefold::propose_blocks(policy, &people.records)?;
    let mut policy = policy.clone();
    policy.linkage.get_or_insert_with(LinkagePolicy::new).block.clone_from(&rules);
    let counts = onefold::count_blocks(&policy, &people.records)?;
    Ok(format!("{}\n{}", summary::rules(&rules), summary::counts(&counts)))
}

/// How the model does against the truth of the records that it was trained on, which training did not see.
fn measured(mut policy: Policy, people: &People, model: &Model) -> Outcome<String> {
    let linkage = policy.linkage.get_or_insert_with(LinkagePolicy::new);
    linkage.model = Some(model.clone().into());
    let threshold = linkage.link_probability;
    linkage.review_probability = linkage.review_probability.min(0.01);
    let pairs = onefold::score_pairs(&policy, &people.records)?;
    let told: Vec<(f64, bool)> =
        pairs.iter().filter_map(|pair| Some((pair.probability, people.is_one(pair)?))).collect();
    Ok(summary::measured(&told, people.pairs_true(), threshold))
}

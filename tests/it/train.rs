//! The examples `train` and `evaluate` from the outside: what they read, refuse, write, and that the one serves the other.

use crate::cli::example;
use onefold::{Model, Policy};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

const POLICY: &str = r#"
[[attribute]]
name = "given_name"
compare = "given_name"
[[attribute]]
name = "surname"
compare = "surname"
[[attribute]]
name = "birth_date"
compare = "date"
[[attribute]]
name = "city"
[linkage]
model = "model.json"
[[linkage.block]]
keys = ["surname", "given_name"]
[[linkage.block]]
keys = ["birth_date"]
"#;

const COLUMNS: &str = r#"
source = { value = "crm" }
key = "id"
truth = "person"
[attributes]
given_name = "given"
surname = "family"
birth_date = "born"
city = "city"
"#;

struct Desk(TempDir);

impl Desk {
    /// A folder with a policy, a column map and 160 people, each of whom has two records; one in four of the second ones
    /// has a slip in the surname.
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let mut table = String::from("id,given,family,born,city,person\n");
        let syllables = ["an", "bo", "ca", "dmi", "eve", "fa", "gor", "hil", "io", "jun", "ka", "lo"];
        let mut state = 7_u64;
        let mut below = |count: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % count
        };
        for person in 0..160 {
            let mut name = |parts: u64| (0..parts).map(|_| syllables[below(12) as usize]).collect::<String>();
            let (given, family) = (name(2), name(3));
            let born = format!("{}-{:02}-{:02}", 1940 + below(60), 1 + below(12), 1 + below(28));
            let city = ["leeds", "york", "bath"][below(3) as usize];
            let slip = if person % 4 == 0 { format!("{family}n") } else { family.clone() };
            writeln!(table, "a{person},{given},{family},{born},{city},{person}").unwrap();
            writeln!(table, "b{person},{given},{slip},{born},{city},{person}").unwrap();
        }
        desk.write("people.csv", &table);
        desk.write("policy.toml", POLICY);
        desk.write("columns.toml", COLUMNS);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn run(&self, program: &str, arguments: &str) -> Output {
        let arguments = arguments.split_whitespace();
        Command::new(example(program)).args(arguments).current_dir(self.0.path()).output().unwrap()
    }

    /// Runs over the people, and expects success.
    fn says(&self, program: &str, arguments: &str) -> String {
        let run = "--policy policy.toml --columns columns.toml --input people.csv --now 2026-01-05T10:00:00Z";
        let output = self.run(program, &format!("{run} {arguments}"));
        assert_eq!(output.status.code(), Some(0), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, program: &str, arguments: &str, message: &str) {
        let output = self.run(program, arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {error}");
        assert!(error.contains(message), "{arguments}: {error}");
    }
}

#[test]
fn a_model_is_trained_and_evaluated() {
    let desk = Desk::new();
    let said = desk.says("train", "--model model.json --seed 7");
    for part in ["trained on 320 records", "birth_date", "prior: one in ", "seed 7", "weight", "given_name", "F1"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let model = Model::from_path(desk.path("model.json")).unwrap();
    assert_eq!(model.training.as_ref().unwrap().seed, 7);
    assert!(Policy::from_path(desk.path("policy.toml")).unwrap().linkage.unwrap().inline_model().is_some());
    // The same seed gives the same bytes; a model that stands there already changes nothing.
    let first = desk.read("model.json");
    desk.says("train", "--model model.json --seed 7");
    assert_eq!(desk.read("model.json"), first);

    let said = desk.says("evaluate", "--thresholds 0.9,0.5 --table t.csv --reliability r.csv --curve c.svg");
    assert!(said.contains("320 records of 160 people, 160 pairs of one person"), "{said}");
    let table = desk.read("t.csv");
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), ["link_probability", "0.5", "0.9"]);
    let f1: f64 = rows[1][3].parse().unwrap();
    assert!(f1 > 0.95, "{said}");
    let pairs: u64 =
        desk.read("r.csv").lines().skip(1).map(|line| line.split(',').nth(2).unwrap().parse::<u64>().unwrap()).sum();
    assert!(pairs >= 150, "{said}");
    let curve = desk.read("c.svg");
    assert!(curve.starts_with("<svg") && curve.trim_end().ends_with("</svg>"), "{curve}");
    for word in ["precision", "recall", "F1", "link_probability", "320 records, 160 people"] {
        assert!(curve.contains(word), "{word}");
    }

    let said = desk.says("resolve", "");
    for part in ["drift from the model of 320 records", "city: 0 of 3 values are twice or half as frequent"] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[test]
fn blocks_are_counted_and_proposed_before_anything_runs() {
    let desk = Desk::new();
    let said = desk.says("train", "--count-blocks");
    assert!(said.contains("surname & given_name") && said.contains("in all, each pair"), "{said}");
    let proposed = desk.says("train", "--propose-blocks");
    assert!(proposed.starts_with("[[linkage.block]]\nkeys = [\""), "{proposed}");
    let lines: String = proposed.lines().take_while(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect();
    let policy = POLICY.split("[[linkage.block]]").next().unwrap().replace("model = \"model.json\"", "");
    Policy::from_toml(&format!("{policy}{lines}")).unwrap();
    assert!(!desk.path("model.json").exists());
}

#[test]
fn a_model_of_splink_is_taken_over() {
    let desk = Desk::new();
    let level =
        |sql: &str, m: f64, u: f64| serde_json::json!({"sql_condition": sql, "m_probability": m, "u_probability": u});
    let saved = serde_json::json!({
        "probability_two_random_records_match": 0.003,
        "blocking_rules_to_generate_predictions": [{"blocking_rule": "l.birth_date = r.birth_date"}],
        "comparisons": [
            {"output_column_name": "surname", "comparison_levels": [
                level("surname_l = surname_r", 0.7, 0.001), level("metaphone(surname_l) = metaphone(surname_r)", 0.1, 0.1),
                level("ELSE", 0.2, 0.899)]},
            {"output_column_name": "birth_date", "comparison_levels": [
                level("birth_date_l = birth_date_r", 0.9, 0.0001), level("ELSE", 0.1, 0.9999)]},
        ],
    });
    desk.write("saved.json", &saved.to_string());
    let output = desk.run("train", "--policy policy.toml --splink saved.json --model model.json");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("comparison `surname`, level 2: is not a level that is known"), "{said}");
    let said = desk.says("evaluate", "--thresholds 0.5");
    assert!(said.contains("160 pairs of one person"), "{said}");
    desk.write("saved.json", "{}");
    let message = "saved.json: splink field `.`: missing field";
    desk.refused("train", "--policy policy.toml --splink saved.json --model model.json", message);
}

#[test]
fn labels_are_read() {
    let desk = Desk::new();
    let mut labels = String::from("source_a,key_a,source_b,key_b,match\n");
    for person in 0..100 {
        writeln!(labels, "crm,a{person},crm,b{person},1\ncrm,a{person},crm,b{},false", person + 1).unwrap();
    }
    desk.write("labels.csv", &labels);
    desk.says("train", "--model model.json --labels labels.csv");
    desk.says("train", "--model certain.json --certain birth_date,given_name --recall 0.9");
    let run = "--policy policy.toml --columns columns.toml --input people.csv --model m.json";
    desk.write("labels.csv", "a,b\n");
    desk.refused("train", &format!("{run} --labels labels.csv"), "labels.csv: has not the columns source_a, key_a");
    desk.write("labels.csv", "source_a,key_a,source_b,key_b,match\ncrm,1,crm,2,perhaps\n");
    desk.refused("train", &format!("{run} --labels labels.csv"), "line 2: `match` is neither true nor false");
    assert!(!desk.path("m.json").exists());
}

#[test]
fn wrong_arguments_are_named() {
    let desk = Desk::new();
    let run = "--policy policy.toml --columns columns.toml --input people.csv";
    desk.refused("train", run, "option `--model`: is missing");
    desk.refused("train", &format!("{run} --model m.json --seed x"), "option `--seed`: is not a whole number");
    desk.refused("train", &format!("{run} --model m.json --recall 0.5"), "option `--recall`: needs --certain");
    desk.refused("train", &format!("{run} --model"), "option `--model`: needs a value");
    desk.refused("train", "--polcy policy.toml", "option `--polcy`: is not an option");
    desk.refused("evaluate", run, "policy field `linkage.model`: model.json: ");
    desk.says("train", "--model model.json");
    desk.refused("evaluate", &format!("{run} --thresholds 0.5,2"), "option `--thresholds`: is not a list");
    desk.write("columns.toml", &COLUMNS.replace("truth = \"person\"", ""));
    desk.refused("evaluate", run, "option `--columns`: names no column as `truth`");
    desk.write("policy.toml", POLICY.split("[linkage]").next().unwrap());
    desk.refused("evaluate", run, "policy.toml: has no [linkage]");
    let help = desk.run("train", "--help");
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).starts_with("usage: train --policy"));
}

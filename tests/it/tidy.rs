//! The floors of the architecture, and the rules of the house that a reader of files can check.

use std::path::{Path, PathBuf};

/// Every module at the root of the crate, with its floor and the step on it. A module names only what lies lower: a
/// lower floor, or a lower step of its own (all know the error; what speaks of records knows the record).
const FLOORS: &[(&str, (u8, u8))] = &[
    ("error", (0, 0)),
    ("id", (0, 1)),
    ("time", (0, 1)),
    ("value", (0, 1)),
    ("decimal", (0, 1)),
    ("parallel", (0, 1)),
    ("similarity", (0, 1)),
    ("statistics", (0, 1)),
    ("random", (0, 2)),
    ("special", (0, 1)),
    ("maximum", (0, 1)),
    ("record", (1, 0)),
    ("event", (1, 1)),
    ("issue", (1, 1)),
    ("operation", (1, 2)),
    ("policy", (1, 2)),
    ("profile", (1, 3)),
    ("normalise", (2, 0)),
    ("graph", (2, 0)),
    ("trade", (2, 1)),
    ("identifier", (3, 0)),
    ("golden", (3, 0)),
    ("preference", (3, 0)),
    ("offer", (3, 0)),
    ("mood", (3, 0)),
    ("cart", (3, 1)),
    ("cadence", (3, 0)),
    ("household", (3, 1)),
    ("consent", (3, 0)),
    ("audit", (3, 0)),
    ("journey", (3, 0)),
    ("retention", (3, 1)),
    ("contact", (3, 1)),
    ("catalogue", (3, 1)),
    ("lifetime", (3, 1)),
    ("linkage", (4, 0)),
    ("stitch", (5, 0)),
    ("decide", (5, 0)),
    ("measure", (5, 0)),
    ("store", (5, 0)),
    ("resolver", (6, 0)),
];

/// What nothing below the resolver does: input and output, clocks, logs, chance.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "Zoned::now",
    "println!",
    "eprintln!",
    "print!(",
    "eprint!(",
    "dbg!",
    "log::",
    "tracing::",
    "rand::",
    "getrandom",
    "thread::spawn",
];

/// What stands nowhere in the repository.
const NEVER: &[&str] = &["todo!", "unimplemented!", "#[ignore", "#[allow(", "#![allow(", "no_run", "```ignore"];

/// What may all the same: the store that is on disk, the keys and nonces that it is sealed with, and the policy and its
/// model that are read from files.
const EXCEPTED: &[(&str, &str)] = &[
    ("src/store/durable", "std::fs"),
    ("src/store/durable/encryption/cipher.rs", "getrandom"),
    ("src/policy/file.rs", "std::fs"),
    ("src/policy/model_file.rs", "std::fs"),
];

const LINES_MAX: usize = 800;

#[test]
fn modules_name_only_lower_floors() {
    clean(sources("src"), floor_faults);
}

#[test]
fn nothing_below_the_resolver_touches_the_world() {
    clean(sources("src"), impure_faults);
}

#[test]
fn files_are_short_and_finished() {
    let files = ["src", "tests", "examples", "benches"].into_iter().flat_map(sources);
    clean(files.filter(|(path, _)| path != "tests/it/tidy.rs").collect(), |path, text| {
        // A bench uses its part of what benches share, and stops where it cannot go on.
        let may = |word: &str| path.starts_with("benches/") && word.contains("allow(");
        let words =
            NEVER.iter().filter(|word| text.contains(**word) && !may(word)).map(|word| format!("{path}: {word}"));
        let long = (text.lines().count() > LINES_MAX).then(|| format!("{path}: more than {LINES_MAX} lines"));
        words.chain(long).collect()
    });
}

#[test]
fn every_file_is_a_module() {
    clean(sources("src"), |path, _| orphan_faults(path, Path::new("src/lib.rs")));
    clean(sources("tests/it"), |path, _| orphan_faults(path, Path::new("tests/it/main.rs")));
    let binary = |path: &PathBuf| path.join("main.rs").is_file() || path.extension().is_some_and(|rust| rust == "rs");
    let tests = std::fs::read_dir(root().join("tests")).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(tests.filter(binary).count(), 1, "tests/ holds one test binary, tests/it");
}

#[test]
fn no_path_of_a_machine_is_written_down() {
    let parent = root().parent().unwrap().to_string_lossy().into_owned();
    let mut machine = vec!["/home/".to_owned(), "/Users/".to_owned(), "/root/".to_owned(), "/work/".to_owned()];
    machine.extend((parent.len() > 1).then_some(parent));
    let mut files = Vec::new();
    walk(&root(), &mut files);
    for file in files.iter().filter(|file| !file.ends_with("tests/it/tidy.rs")) {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        for path in &machine {
            assert!(!text.contains(path), "{} names {path}", file.display());
        }
    }
}

#[test]
fn the_checks_see_what_they_look_for() {
    let faults = |path: &str, text: &str| floor_faults(path, text).len();
    assert_eq!(faults("src/stitch/mod.rs", "use crate::store::Snapshot;"), 1, "a sibling");
    assert_eq!(faults("src/graph/mod.rs", "fn f() { crate::stitch::go() }"), 1, "a higher floor");
    assert_eq!(faults("src/graph/mod.rs", "use crate::{error::Result, stitch::{Plan, Part}};"), 1, "in braces");
    assert_eq!(
        faults("src/graph/mod.rs", "use crate::{\n    error::Result,\n    record::Record,\n};"),
        0,
        "lower ones"
    );
    assert_eq!(faults("src/graph/walk.rs", "use super::super::stitch::Plan;"), 1, "around the corner");
    assert_eq!(faults("src/graph/walk.rs", "use super::Edge;"), 0, "its own folder");
    assert_eq!(faults("src/error.rs", "mod tests {\n    use super::*;\n}"), 0, "its own tests");
    assert_eq!(faults("src/id.rs", "use crate::error::Error;"), 0, "a lower step");
    assert_eq!(faults("src/record.rs", "use crate::issue::Issue;"), 1, "a higher step");
    assert_eq!(faults("src/error.rs", "use super::*;"), 1, "the root");
    assert_eq!(faults("src/graph/mod.rs", "use crate::Record;"), 1, "what the root re-exports");
    assert_eq!(faults("src/graph/mod.rs", "pub(in crate::graph) struct Edge;\n// crate::stitch"), 0, "comments");
    assert_eq!(faults("src/marketing.rs", ""), 1, "no floor");
    assert_eq!(impure_faults("src/golden/mod.rs", "let now = std::time::Instant::now();").len(), 1);
    assert_eq!(impure_faults("src/store/memory.rs", "use std::fs;").len(), 1);
    assert_eq!(impure_faults("src/store/durable/mod.rs", "use std::fs;").len(), 0);
    assert_eq!(impure_faults("src/resolver/mod.rs", "use std::fs;").len(), 0);
    assert!(!orphan_faults("src/nobody.rs", Path::new("src/lib.rs")).is_empty());
}

/// The names at the root of the crate that a file names and may not.
fn floor_faults(path: &str, text: &str) -> Vec<String> {
    let own = module(path);
    if own == "lib" {
        return Vec::new();
    }
    let floor = |name: &str| FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor);
    let Some(height) = floor(own) else { return vec![format!("{path}: `{own}` has no floor in tests/it/tidy.rs")] };
    let may = |name: &String| name == own || floor(name).is_some_and(|floor| floor < height);
    let faults = root_names(path, text).into_iter().filter(|name| !may(name));
    faults.map(|name| format!("{path}: on floor {}, names crate::{name}", height.0)).collect()
}

/// Every name that follows `crate::`, or as many `super::` as lead there.
fn root_names(path: &str, text: &str) -> Vec<String> {
    let depth = path.trim_start_matches("src/").trim_end_matches("/mod.rs").split('/').count();
    let mut names = Vec::new();
    let mut inline = 0;
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    for (number, line) in code.iter().enumerate() {
        if line.starts_with("mod ") && line.trim_end().ends_with('{') {
            inline = 1;
        } else if *line == "}" {
            inline = 0;
        }
        let rest = code[number..].join("\n");
        for word in ["crate::".to_owned(), "super::".repeat(depth + inline)] {
            let starts = line.match_indices(&word).map(|(place, _)| place + word.len());
            names.extend(starts.flat_map(|start| first_names(&rest[start..])));
        }
    }
    names
}

/// The first segment of a path, or of every path in a group.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '*').collect();
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut nested, mut starts) = (0, vec![0]);
    for (place, c) in group.char_indices() {
        match c {
            '{' => nested += 1,
            '}' if nested == 0 => break,
            '}' => nested -= 1,
            ',' if nested == 0 => starts.push(place + 1),
            _ => {}
        }
    }
    starts.into_iter().map(|start| name(&group[start..])).filter(|name: &String| !name.is_empty()).collect()
}

fn impure_faults(path: &str, text: &str) -> Vec<String> {
    let own = module(path);
    if own == "resolver" {
        return Vec::new();
    }
    let excepted = |word: &str| EXCEPTED.iter().any(|(place, known)| path.starts_with(place) && *known == word);
    let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").filter(|line| !comment(line));
    let code: Vec<&str> = code.collect();
    let found = IMPURE.iter().filter(|word| code.iter().any(|line| names(line, word)));
    found.filter(|word| !excepted(word)).map(|word| format!("{path}: {word}")).collect()
}

/// Whether the line holds the word, not as the tail of a longer one.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(place, _)| !line[..place].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

fn comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// A file that no parent declares is compiled and tested by nobody.
fn orphan_faults(path: &str, top: &Path) -> Vec<String> {
    let file = Path::new(path);
    if file == top {
        return Vec::new();
    }
    let is_folder = file.file_name().is_some_and(|name| name == "mod.rs");
    let module = if is_folder { file.parent().unwrap() } else { file };
    let folder = module.parent().unwrap();
    let parents = [folder.join("mod.rs"), folder.with_extension("rs"), top.to_path_buf()];
    let at_top = folder == top.parent().unwrap();
    let parents = if at_top { &parents[2..] } else { &parents[..2] };
    let name = module.file_stem().unwrap().to_string_lossy();
    let declared = parents
        .iter()
        .filter_map(|parent| std::fs::read_to_string(root().join(parent)).ok())
        .any(|text| text.lines().any(|line| line.trim_end().ends_with(&format!("mod {name};"))));
    if declared { Vec::new() } else { vec![format!("{path}: no parent has `mod {name};`")] }
}

/// The module at the root of the crate that a file belongs to.
fn module(path: &str) -> &str {
    path.trim_start_matches("src/").split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

fn clean(files: Vec<(String, String)>, faults: impl Fn(&str, &str) -> Vec<String>) {
    let faults: Vec<String> = files.iter().flat_map(|(path, text)| faults(path, text)).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The Rust files under a folder of the repository, with slashes whatever the system.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    let rust = files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|file| {
        let name = file.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        (name, std::fs::read_to_string(&file).unwrap())
    })
    .collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == ".git" || name == "target" {
            continue;
        }
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

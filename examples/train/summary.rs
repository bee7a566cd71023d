//! What training came to, in words and figures.

use crate::number::grouped;
use onefold::{
    BlockCount, BlockPolicy, ComparisonModel, LevelModel, Model, RELIABILITY_BOUNDS, SplinkImport, Trained,
    best_threshold, reliability, threshold_scores,
};
use std::fmt::Write;

/// A name that is longer than its column has a line of its own.
const NAME_WIDTH: usize = 20;

/// Surroundings that fewer random pairs share are none.
const NEGLIGIBLE: f64 = 1e-9;

/// The blocking rules as a policy holds them.
pub(crate) fn rules(rules: &[BlockPolicy]) -> String {
    let line = |rule: &BlockPolicy| format!("[[linkage.block]]\nkeys = {:?}\n", rule.keys);
    rules.iter().map(line).collect()
}

/// What each blocking rule finds.
pub(crate) fn counts(counts: &[BlockCount]) -> String {
    let mut text = String::from("         pairs     largest block  generic blocks  blocking rule\n");
    for count in counts {
        let (pairs, largest, generic) = (grouped(count.pairs), grouped(count.largest), grouped(count.generic));
        let _ = writeln!(text, "{pairs:>14}  {largest:>16}  {generic:>14}  {}", count.rule);
    }
    let total = grouped(counts.iter().map(|count| count.pairs).sum());
    let _ = writeln!(text, "{total:>14}  {:>16}  {:>14}  in all, each pair with the first rule that finds it", "", "");
    text
}

/// How training went, and what the model holds.
pub(crate) fn trained(trained: &Trained, unreadable: u64) -> String {
    let (model, report) = (&trained.model, &trained.report);
    let mut text = format!("trained on {} records", grouped(report.records));
    if unreadable > 0 {
        let _ = write!(text, "; {} lines could not be read", grouped(unreadable));
    }
    text.push_str("\n\n         pairs  blocking rule\n");
    for (rule, pairs) in &report.blocks {
        let _ = writeln!(text, "{:>14}  {rule}", grouped(*pairs));
    }
    let _ = writeln!(text, "{:>14}  in all, each pair with the first rule that finds it", grouped(report.pairs));
    let matches = grouped(report.matches.round() as u64);
    let _ = writeln!(
        text,
        "\nprior: one in {} random pairs is one person, about {matches} pairs among these records",
        one_in(model.prior)
    );
    if model.surroundings > NEGLIGIBLE {
        let one_in = one_in(model.surroundings);
        let _ =
            writeln!(text, "surroundings: one in {one_in} random pairs is two people of one family, flat or office");
    }
    let seed = model.training.as_ref().map_or(0, |training| training.seed);
    let _ = writeln!(text, "expectation maximisation took {} rounds; seed {seed}", grouped(report.rounds));
    comparisons(&mut text, model);
    if !report.warnings.is_empty() {
        text.push_str("\nnot to be trusted\n");
    }
    for warning in &report.warnings {
        let _ = writeln!(text, "  {warning}");
    }
    text
}

/// What a model of Splink's holds, and what of it could not be read.
pub(crate) fn imported(import: &SplinkImport) -> String {
    let model = &import.model;
    let mut text = String::from("blocking rules\n");
    model.block.iter().for_each(|rule| text.push_str(&format!("  {rule}\n")));
    let _ = writeln!(text, "\nprior: one in {} random pairs is one person", one_in(model.prior));
    comparisons(&mut text, model);
    if !import.remarks.is_empty() {
        text.push_str("\nnot as it was\n");
    }
    import.remarks.iter().for_each(|remark| text.push_str(&format!("  {remark}\n")));
    text
}

fn comparisons(text: &mut String, model: &Model) {
    let _ = writeln!(text, "\n{:<NAME_WIDTH$}  {:<28} {:>11} {:>11} {:>8}", "comparison", "level", "m", "u", "weight");
    model.comparison.iter().for_each(|comparison| levels(text, comparison));
}

fn levels(text: &mut String, comparison: &ComparisonModel) {
    let mut name = comparison.attributes.join(" + ");
    if name.chars().count() > NAME_WIDTH {
        let _ = writeln!(text, "{name}");
        name.clear();
    }
    for level in &comparison.levels {
        let note = if level.trained { "" } else { "  guessed" };
        let (m, u, weight) = (share(level.m), share(level.u), weight(level));
        let _ =
            writeln!(text, "{name:<NAME_WIDTH$}  {:<28} {m:>11} {u:>11} {weight:>8}{note}", level.level.to_string());
        name.clear();
    }
    if let Some(terms) = &comparison.term_frequencies {
        let listed = grouped(terms.values.len() as u64);
        let _ = writeln!(
            text,
            "{:<NAME_WIDTH$}  frequent values listed: {listed}; any other counts as one in {}",
            "",
            one_in(terms.other)
        );
    }
}

/// What agreement on the level adds to the match weight, in bits.
fn weight(level: &LevelModel) -> String {
    let bits = (level.m / level.u).log2();
    if bits.is_finite() { format!("{bits:+.2}") } else { "none".to_owned() }
}

fn share(share: f64) -> String {
    if share > 0.0 && share < 1e-4 { format!("{share:.2e}") } else { format!("{share:.5}") }
}

fn one_in(share: f64) -> String {
    if share > 0.0 { grouped((1.0 / share).round() as u64) } else { "never".to_owned() }
}

/// Scored pairs against the truth that training did not see.
pub(crate) fn measured(pairs: &[(f64, bool)], pairs_true: u64, threshold: f64) -> String {
    let mut text = format!(
        "\nagainst the truth, which training did not see ({} pairs of one person; pairs by themselves, before clusters)\n",
        grouped(pairs_true)
    );
    let mut row = |name: &str, found: onefold::ThresholdScore| {
        let score = found.score;
        let _ = writeln!(
            text,
            "  {name} {:.6}  precision {:.5}  recall {:.5}  F1 {:.5}",
            found.threshold, score.precision, score.recall, score.f1
        );
    };
    threshold_scores(pairs.iter().copied(), pairs_true, &[threshold])
        .into_iter()
        .for_each(|found| row("at link_probability", found));
    best_threshold(pairs.iter().copied(), pairs_true).into_iter().for_each(|found| row("at best, probability", found));
    let table = reliability(pairs.iter().copied(), RELIABILITY_BOUNDS);
    let _ = writeln!(
        text,
        "  expected calibration error {:.4}, Brier {:.4}, over {} pairs",
        table.expected_calibration_error,
        table.brier,
        grouped(table.pairs)
    );
    text
}

//! What was measured, as text and as tables.

use crate::Measured;
use crate::number::grouped;
use onefold::Reliability;
use std::fmt::Write;

/// The thresholds and the reliability table, for a terminal.
pub(crate) fn text(measured: &Measured) -> String {
    let mut text = String::new();
    let first = measured.rows.first().map(|row| &row.profiles);
    if let Some(found) = first {
        let (records, people, pairs) = (grouped(found.records), grouped(found.people), grouped(found.pairs_true));
        let _ = writeln!(text, "{records} records of {people} people, {pairs} pairs of one person");
    }
    if measured.unreadable > 0 {
        let _ = writeln!(text, "{} lines could not be read", grouped(measured.unreadable));
    }
    text.push_str(
        "\nlink_probability   precision      recall          F1    exact   merged    split   F1 of bare pairs\n",
    );
    let best = measured.rows.iter().map(|row| row.profiles.pairwise.f1).fold(0.0, f64::max);
    for row in &measured.rows {
        let (found, score) = (&row.profiles, row.profiles.pairwise);
        let mark = if score.f1 >= best { "  best" } else { "" };
        let _ = writeln!(
            text,
            "{:>16}  {:>10.6}  {:>10.6}  {:>10.6}  {:>7}  {:>7}  {:>7}  {:>17.6}{mark}",
            row.threshold,
            score.precision,
            score.recall,
            score.f1,
            grouped(found.exact),
            grouped(found.profiles_over_merged),
            grouped(found.people_split),
            row.pairs.score.f1,
        );
    }
    text.push_str(
        "\nexact: people in one profile of their own; merged: profiles of several people; split: people in parts\n",
    );
    text.push_str("\npredicted probability        pairs    predicted     observed\n");
    for bin in &measured.reliability.bins {
        let observed = bin.observed().map_or_else(|| "-".to_owned(), |share| format!("{share:.4}"));
        let range = format!("{} to {}", bin.low, bin.high);
        let _ = writeln!(text, "{range:<21} {:>12} {:>12.4} {observed:>12}", grouped(bin.pairs), bin.predicted);
    }
    let table = &measured.reliability;
    let _ = writeln!(
        text,
        "\nexpected calibration error {:.4}, Brier {:.4}, over {} scored pairs of known truth",
        table.expected_calibration_error,
        table.brier,
        grouped(table.pairs)
    );
    text
}

/// The thresholds as CSV.
pub(crate) fn table(measured: &Measured) -> String {
    let mut text = String::from(
        "link_probability,precision,recall,f1,exact,over_merged,split,pairs_precision,pairs_recall,pairs_f1\n",
    );
    for row in &measured.rows {
        let (found, score, pairs) = (&row.profiles, row.profiles.pairwise, row.pairs.score);
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{},{}",
            row.threshold,
            score.precision,
            score.recall,
            score.f1,
            found.exact,
            found.profiles_over_merged,
            found.people_split,
            pairs.precision,
            pairs.recall,
            pairs.f1
        );
    }
    text
}

/// The reliability table as CSV.
pub(crate) fn reliability(table: &Reliability) -> String {
    let mut text = String::from("low,high,pairs,matches,predicted,observed\n");
    for bin in &table.bins {
        let observed = bin.observed().map(|share| share.to_string()).unwrap_or_default();
        let _ = writeln!(text, "{},{},{},{},{},{observed}", bin.low, bin.high, bin.pairs, bin.matches, bin.predicted);
    }
    text
}

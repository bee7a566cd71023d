//! One HTML page, with everything in it.

use crate::failure::Outcome;
use crate::number::grouped;
use crate::showcase;
use crate::summary::{Summary, brief};
use onefold::{ProfileId, RecordKey, Resolver};
use std::fmt::Write;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}\
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}table{border-collapse:collapse}\
td,th{padding:.2em .9em .2em 0;text-align:left;border-bottom:1px solid #ddd}td.n,th.n{text-align:right}\
.bar{background:#4a7;display:inline-block;height:.8em}pre{background:#f6f6f4;padding:1em;overflow:auto}\
.cards{display:flex;flex-wrap:wrap;gap:1em}.card{background:#f6f6f4;padding:.7em 1.2em;border-radius:.4em}\
.card b{display:block;font-size:1.6em}";

/// Makes the page. `shown` is a record of the profile to explain; without it, the largest profile is explained.
pub(crate) fn page(resolver: &Resolver, summary: &Summary, shown: Option<&RecordKey>) -> Outcome<String> {
    let mut page = String::new();
    let _ = write!(page, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>onefold: who is who</title>");
    let _ = write!(
        page,
        "<meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style><h1>Who is who</h1>"
    );
    cards(&mut page, summary);
    sizes(&mut page, summary);
    values(&mut page, summary);
    counts(&mut page, "Joins withheld to keep people apart", &summary.withheld);
    possible(&mut page, summary);
    counts(&mut page, "Remarks on records", &summary.remarks);
    let explained = match shown {
        Some(key) => resolver.profile_of(key)?,
        None => summary.stats.largest.first().map(|(id, _)| *id),
    };
    if let Some(id) = explained {
        explain(&mut page, resolver, id)?;
    }
    page.push_str("</html>\n");
    Ok(page)
}

fn cards(page: &mut String, summary: &Summary) {
    let counts = &summary.stats.counts;
    let mut card = |number: String, name: &str| {
        let _ = write!(page, "<div class=card><b>{number}</b>{name}</div>");
    };
    card(grouped(summary.sent), "records sent");
    card(grouped(counts.records), "records kept");
    card(grouped(counts.profiles), "people");
    card(format!("{:.2}", summary.records_per_profile()), "records a person");
    if counts.possible > 0 {
        card(grouped(counts.possible), "possible links");
    }
    card(grouped(summary.unreadable), "lines not readable");
    card(grouped(counts.quarantined), "records set aside");
    if let Some(found) = &summary.evaluation {
        card(format!("{:.4}", found.pairwise.precision), "precision of pairs");
        card(format!("{:.4}", found.pairwise.recall), "recall of pairs");
        card(format!("{:.4}", found.pairwise.f1), "F1 of pairs");
    }
    *page = page.replacen("<div class=card>", "<div class=cards><div class=card>", 1);
    page.push_str("</div>");
}

fn sizes(page: &mut String, summary: &Summary) {
    let sizes = brief(&summary.stats.sizes);
    let most = sizes.iter().map(|(_, profiles)| *profiles).max().unwrap_or(1).max(1);
    page.push_str("<h2>How many records people have</h2><table><tr><th>records<th class=n>people<th>");
    for (size, profiles) in sizes {
        let width = 24.0 * profiles as f64 / most as f64;
        let count = grouped(profiles);
        let _ =
            write!(page, "<tr><td>{size}<td class=n>{count}<td><span class=bar style=\"width:{width:.2}em\"></span>");
    }
    page.push_str("</table>");
}

fn values(page: &mut String, summary: &Summary) {
    if summary.values.is_empty() {
        return;
    }
    page.push_str("<h2>Values</h2><table><tr><th>kind<th class=n>one person's<th class=n>contested<th class=n>generic");
    for values in &summary.values {
        let (held, contested, generic) = (grouped(values.held), grouped(values.contested), grouped(values.generic));
        let kind = escaped(&values.kind);
        let _ = write!(page, "<tr><td>{kind}<td class=n>{held}<td class=n>{contested}<td class=n>{generic}");
    }
    page.push_str("</table>");
}

fn counts(page: &mut String, title: &str, lines: &[(String, u64)]) {
    if lines.is_empty() {
        return;
    }
    let _ = write!(page, "<h2>{title}</h2><table>");
    for (line, count) in lines {
        let _ = write!(page, "<tr><td class=n>{}<td>{}", grouped(*count), escaped(line));
    }
    page.push_str("</table>");
}

/// The likeliest of the links that a steward is to decide.
fn possible(page: &mut String, summary: &Summary) {
    let (listed, all) = (summary.possible.len() as u64, summary.stats.counts.possible);
    if listed == 0 {
        return;
    }
    let title = if listed < all { format!(", {} of {}", grouped(listed), grouped(all)) } else { String::new() };
    let _ = write!(page, "<h2>Possible links, for a steward to decide{title}</h2><table>");
    page.push_str("<tr><th>record<th>record<th class=n>bits<th class=n>probability");
    for link in &summary.possible {
        let mut ends = link
            .parts
            .iter()
            .map(|(member, _)| member.key())
            .map(|key| escaped(&format!("{}/{}", key.source, key.key)));
        let (one, other) = (ends.next().unwrap_or_default(), ends.next().unwrap_or_default());
        let (bits, probability) =
            link.likeness.map_or((0.0, 0.0), |(weight, probability)| (f64::from(weight.0) / 1000.0, probability));
        let _ = write!(page, "<tr><td>{one}<td>{other}<td class=n>{bits:.1}<td class=n>{probability:.3}");
    }
    page.push_str("</table>");
}

/// A profile, and what holds its first record and its last together.
fn explain(page: &mut String, resolver: &Resolver, id: ProfileId) -> Outcome<()> {
    let Some(profile) = resolver.profile(id)? else { return Ok(()) };
    let _ = write!(page, "<h2>One profile, explained</h2><pre>{}</pre>", escaped(&showcase::profile(&profile)));
    if let (Some(first), Some(last)) = (profile.records.first(), profile.records.last()) {
        let path = showcase::explanation(&resolver.explain(first, last)?);
        let _ = write!(page, "<p>What holds its first record and its last together:<pre>{}</pre>", escaped(&path));
    }
    Ok(())
}

/// Text that stays text whatever stands in it.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Would turn what stands after it around, or end the page early in some readers.
            '\u{0}'..='\u{8}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

//! A report of access as a page to read.

use super::access::{AccessReport, observed};
use crate::retention::DataKind;
use crate::value::Value;
use serde_json::json;
use std::fmt::{self, Write as _};

impl AccessReport {
    /// Writes the report as a page that a person can read, with no script in it.
    pub fn to_html(&self) -> String {
        let mut page = String::from("<!doctype html>\n<meta charset=\"utf-8\">\n<title>What is kept of you</title>\n");
        page.push_str("<style>body{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}");
        page.push_str("td,th{text-align:left;padding:.2em 1em .2em 0;vertical-align:top}</style>\n");
        page.push_str("<h1>What is kept of you</h1>\n");
        let status = self.status.name().replace('_', " ");
        write_to(&mut page, format_args!("<p>Request {}, {}: {status}.</p>\n", Text(&self.request), self.at));
        let rows =
            self.identifiers.iter().map(|held| [held.kind.to_string(), held.value.to_string(), self.used(&held.kind)]);
        table(&mut page, "How you are recognised", ["Kind", "Value", "Used for"], rows);
        let rows = self.records.iter().flat_map(|record| {
            record.attributes.iter().map(|(name, value)| {
                [name.to_string(), shown(value), format!("{}, {}; {}", record.key.source, record.at, self.used(name))]
            })
        });
        table(&mut page, "What we were told", ["What", "Value", "By whom, when; used for"], rows);
        let rows = self.events.iter().map(|event| {
            let kind = event.kind.to_string();
            let used = self.used(&kind);
            let told = observed(event).to_json();
            [format!("{kind}, {}", event.at), told, used]
        });
        table(&mut page, "What you did", ["What and when", "In full", "Used for"], rows);
        let rows = self.golden.values.iter().map(|value| {
            [value.attribute.to_string(), shown(&value.value), format!("{}, {}", value.record.source, value.at)]
        });
        table(&mut page, "What we infer from it", ["What", "Value", "From"], rows);
        let rows = self.kept.iter().map(|kept| {
            let what = match kept.what {
                DataKind::Identifier => "How you are recognised",
                DataKind::Attribute => "What we were told",
                DataKind::Event => "What you did",
            };
            [kept.name.to_string(), what.to_owned(), kept.words()]
        });
        table(&mut page, "For how long it is kept", ["What", "Part of", "Kept"], rows);
        let rows = self.log.iter().map(|entry| {
            let words = [entry.purpose.as_deref(), entry.request.as_deref()];
            let what_for = words.into_iter().flatten().collect::<Vec<_>>().join(", ");
            [entry.at.to_string(), format!("{}: {}", entry.actor, entry.action.name()), what_for]
        });
        table(&mut page, "Who read or changed it", ["When", "Who, and what", "What for"], rows);
        let (records, events, log) = (self.records_left_out, self.events_left_out, self.log_left_out);
        if records + events + log > 0 {
            let text = format_args!(
                "<p>{records} records, {events} events and {log} reads that may be somebody else's are not shown here.</p>\n"
            );
            write_to(&mut page, text);
        }
        page
    }

    fn used(&self, name: &str) -> String {
        self.purposes.get(name).map(|purposes| purposes.join(", ")).unwrap_or_default()
    }
}

fn shown(value: &Value) -> String {
    match json!(value) {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

fn table(page: &mut String, title: &str, head: [&str; 3], rows: impl Iterator<Item = [String; 3]>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let [a, b, c] = head;
    write_to(page, format_args!("<h2>{title}</h2>\n<table>\n<tr><th>{a}<th>{b}<th>{c}\n"));
    for [a, b, c] in rows {
        write_to(page, format_args!("<tr><td>{}<td>{}<td>{}\n", Text(&a), Text(&b), Text(&c)));
    }
    page.push_str("</table>\n");
}

fn write_to(page: &mut String, text: fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = page.write_fmt(text);
}

/// Text with what HTML would read as its own written out.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

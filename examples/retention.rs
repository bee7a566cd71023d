//! A hotel keeps what it needs for as long as it needs it: what of a guest goes when, why, and what nobody reads at all.
//!
//! `cargo run --example retention` prints:
//!
//! ```text
//! What the hotel knows of its guests, and what reads it
//!   email       kept for ever, read by link, purpose marketing
//!   device_id   kept for P13M, read by link
//!   surname     kept for ever, read by purpose booking
//!   city        kept for ever, read by purpose booking, purpose marketing
//!   diet        kept for P90D, read by purpose booking
//!   religion    kept for ever, read by nothing
//!   shoe_size   kept for P1Y, read by nothing
//! For marketing, in summer 2026: city
//! For marketing, in summer 2027: nothing
//! Swept on 2026-02-27: nothing
//! Swept on 2026-07-01: attribute diet (over its time) 1, event view (over its time) 1
//! Swept on 2027-07-01: identifier device_id (over its time) 1, attribute (undeclared) (over its time) 1, event contact (no purpose left) 1
//! Swept on 2031-01-31: attribute city (no purpose left) 1, attribute surname (no purpose left) 1, event purchase (no purpose left) 1
//! Swept on 2031-01-31 again: nothing
//! What is left: email, religion, and the refusal of 2026
//! ```

use onefold::{
    AttributePolicy, Compare, Consent, ConsentQuery, ConsentStatus, DataKind, DropReason, Event, EventKind, Form,
    IdentifierPolicy, LegalBasis, Policy, PurposePolicy, ReadBy, Record, RecordKey, Resolver, Role, Swept, Timestamp,
};
use std::io::Write;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    // What is it for, and for how long? Invoices are kept for five years, interests for one.
    let policy = Policy::builder()
        .identifier(IdentifierPolicy::new("email", Role::Contact).normalise(Form::Email).purposes(["marketing"]))
        .identifier(IdentifierPolicy::new("device_id", Role::Device).keep("P13M".parse()?))
        .attribute(AttributePolicy::new("surname", Compare::Surname).purposes(["booking"]))
        .attribute(AttributePolicy::new("city", Compare::Text).purposes(["booking", "marketing"]))
        .attribute(AttributePolicy::new("diet", Compare::Text).purposes(["booking"]).keep("P90D".parse()?))
        .attribute(AttributePolicy::new("religion", Compare::Text))
        .undeclared_keep("P1Y".parse()?)
        .purpose(PurposePolicy::new("booking").basis(LegalBasis::Contract).keep("P5Y".parse()?))
        .purpose(PurposePolicy::new("marketing").basis(LegalBasis::LegitimateInterest).keep("P1Y".parse()?))
        .event_purposes(&EventKind::Purchase, ["booking", "marketing"])
        .event_purposes(&EventKind::Contact, ["marketing"])
        .event_keep(&EventKind::View, "P30D".parse()?)
        .event_keep(&EventKind::Consent, "P3Y".parse()?)
        .build()?;
    let resolver = Resolver::in_memory(policy)?;

    // Ann stays on the last day of January.
    let stay: Timestamp = "2026-01-31T10:00:00Z".parse()?;
    let ann =
        Record::new("hotel", "g-1", stay).identifier("email", "ann@example.org").identifier("device_id", "tablet");
    let ann = ann.attribute("surname", "Lee").attribute("city", "Graz").attribute("diet", "vegan");
    let ann = resolver.add(ann.attribute("religion", "none").attribute("shoe_size", "38"))?.profile.ok_or("nobody")?;
    for (key, kind) in [("1", EventKind::View), ("2", EventKind::Purchase), ("3", EventKind::Contact)] {
        resolver.add_event(Event::new("hotel", key, stay, kind).identifier("email", "ann@example.org"))?;
    }
    // She wants no newsletter.
    let no = Consent::new("newsletter", ConsentStatus::Denied);
    let no = Event::of_consent("hotel", "c-1", "2026-01-31T12:00:00Z".parse()?, no);
    resolver.add_event(no.identifier("email", "ann@example.org"))?;

    writeln!(out, "What the hotel knows of its guests, and what reads it")?;
    let found = resolver.minimisation()?;
    for row in &found.rows {
        let keep = row.keep.map_or("ever".to_owned(), |keep| keep.to_string());
        let readers: Vec<String> = row.read_by.iter().map(name).collect();
        let readers = if readers.is_empty() { "nothing".to_owned() } else { readers.join(", ") };
        writeln!(out, "  {:<11} kept for {keep}, read by {readers}", row.name)?;
    }
    let unread: Vec<&str> = found.unread().map(|row| row.name.as_str()).collect();
    assert_eq!(unread, ["religion", "shoe_size"]);

    // A purpose sees nothing that is over its time, even before it is swept.
    let cities = |now: &str| -> Outcome<usize> {
        let view = resolver.view()?;
        let seen = view.for_purpose(ann, &ConsentQuery::new("marketing"), now.parse()?)?.ok_or("nobody")?;
        Ok(seen.profile()?.ok_or("not allowed")?.golden.values.len())
    };
    for (year, expected) in [("2026", 1), ("2027", 0)] {
        let seen = cities(&format!("{year}-07-01T00:00:00Z"))?;
        assert_eq!(seen, expected);
        writeln!(out, "For marketing, in summer {year}: {}", if seen == 1 { "city" } else { "nothing" })?;
    }

    // Once a night.
    for day in ["2026-02-27", "2026-07-01", "2027-07-01", "2031-01-31"] {
        writeln!(out, "Swept on {day}: {}", went(&resolver.sweep(noon(day)?)?))?;
    }
    let again = resolver.sweep(noon("2031-01-31")?)?;
    assert!(!again.anything() && again.consents_kept == 1 && again.identifiers_kept == 1);
    writeln!(out, "Swept on 2031-01-31 again: {}", went(&again))?;

    // The newest word stays, however old, and with it the address that it was told under: it is what the next letter has
    // to be judged by.
    let left = resolver.record(&RecordKey::new("hotel", "g-1"))?.ok_or("no record")?.record;
    let left: Vec<&str> = left.attributes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(left, ["religion"]);
    let newsletter = resolver.may(ann, "newsletter", "email", noon("2031-02-01")?)?.ok_or("nobody")?;
    assert_eq!(newsletter.consent.status, ConsentStatus::Denied);
    writeln!(out, "What is left: email, religion, and the refusal of 2026")?;
    Ok(())
}

fn noon(day: &str) -> Outcome<Timestamp> {
    Ok(format!("{day}T12:00:00Z").parse()?)
}

/// What a sweep dropped, and why.
fn went(swept: &Swept) -> String {
    let mut rows = Vec::new();
    for row in &swept.dropped {
        let what = match row.what {
            DataKind::Identifier => "identifier",
            DataKind::Attribute => "attribute",
            DataKind::Event => "event",
        };
        let why = match row.reason {
            DropReason::TimeToLive => "over its time",
            DropReason::NoPurpose => "no purpose left",
        };
        rows.push(format!("{what} {} ({why}) {}", row.name.as_deref().unwrap_or("(undeclared)"), row.count));
    }
    if rows.is_empty() { "nothing".to_owned() } else { rows.join(", ") }
}

fn name(reader: &ReadBy) -> String {
    match reader {
        ReadBy::Link => "link".to_owned(),
        ReadBy::Purpose(purpose) => format!("purpose {purpose}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

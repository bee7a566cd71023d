//! Who is this, and what do we know? The shortest way from records to a golden record.
//!
//! `cargo run --example quickstart` prints:
//!
//! ```text
//! 3 records, 1 person
//! given_name    Ann              from crm, by source
//! surname       Lee              from crm, by source
//! city          Leeds            from web, by only
//! ```

use onefold::{Identifier, Policy, Record, Resolver};
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let resolver = Resolver::in_memory(Policy::retail())?;

    // The shop knows her card, the web shop her mail address, and the customer file knows both.
    let pos = Record::new("pos", "receipt-1", "2026-01-05T10:00:00Z".parse()?).identifier("loyalty_id", "LC-7");
    let web = Record::new("web", "order-9", "2026-01-06T11:00:00Z".parse()?)
        .identifier("email", "Ann.Lee@post.example.org")
        .attribute("given_name", "ANN")
        .attribute("city", "Leeds");
    let crm = Record::new("crm", "42", "2026-01-04T09:00:00Z".parse()?)
        .identifier("loyalty_id", "lc 7")
        .identifier("email", "ann.lee@post.example.org")
        .attribute("given_name", "Ann")
        .attribute("surname", "Lee");
    let guest = resolver.add(pos)?.profile;
    resolver.add(web)?;
    resolver.add(crm)?;

    let found = resolver.find(&Identifier::new("email", "ann.lee@post.example.org"))?;
    assert_eq!(found.profile, guest, "the first id stays");
    let id = found.profile.ok_or("nobody")?;
    let profile = resolver.profile(id)?.ok_or("nobody")?;
    assert_eq!(profile.records.len(), 3);

    let mut out = std::io::stdout().lock();
    writeln!(out, "{} records, {} person", profile.records.len(), resolver.stats()?.counts.profiles)?;
    for value in &profile.golden.values {
        let (text, source, rule) = (value.value.to_string(), &value.record.source, value.rule.name());
        writeln!(out, "{:<13} {text:<16} from {source}, by {rule}", value.attribute)?;
    }
    Ok(())
}

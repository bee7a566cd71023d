//! A merge, why it was made, and how it is undone without loss.
//!
//! `cargo run --example undo` prints:
//!
//! ```text
//! together by: phone
//! after separate: 1 + 2 records
//! after lift: 3 records, the same profile as before
//! ```

use onefold::{Identifier, IdentifierPolicy, Policy, Record, RecordKey, Resolver, Role, Why};
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = Policy::builder()
        .source("crm")
        .identifier(IdentifierPolicy::new("customer_id", Role::Person))
        .identifier(IdentifierPolicy::new("phone", Role::Contact))
        .build()?;
    let resolver = Resolver::in_memory(policy)?;

    let [crm, app, call] =
        [("crm", "42"), ("app", "7"), ("call", "3")].map(|(source, key)| RecordKey::new(source, key));
    let at = |text: &str| text.parse();
    let record = |key: &RecordKey, time| Record::new(key.source.clone(), key.key.clone(), time);
    resolver
        .add(record(&crm, at("2026-01-01T10:00:00Z")?).identifier("customer_id", "C42").attribute("city", "Leeds"))?;
    let crm_again =
        record(&crm, at("2026-01-02T10:00:00Z")?).identifier("customer_id", "C42").identifier("phone", "1234");
    resolver.add(crm_again.attribute("city", "York"))?;
    resolver.add(record(&app, at("2026-01-03T10:00:00Z")?).identifier("customer_id", "C42"))?;
    resolver.add(record(&call, at("2026-01-04T10:00:00Z")?).identifier("phone", "1234").attribute("city", "Hull"))?;
    let id = resolver.profile_of(&crm)?.ok_or("no profile")?;
    let before = resolver.profile(id)?.ok_or("no profile")?;
    assert_eq!(before.records.len(), 3);

    // Every answer says why.
    let mut out = std::io::stdout().lock();
    let explanation = resolver.explain(&crm, &call)?;
    assert!(explanation.together);
    for step in &explanation.path {
        assert_eq!(step.why, Why::Identifier(Identifier::new("phone", "1234")));
        writeln!(out, "together by: phone")?;
    }

    // The number was passed on to somebody else: the merge was wrong.
    resolver.separate(crm.clone(), call.clone(), "steward", "the number has a new owner")?;
    let caller = resolver.profile_of(&call)?.ok_or("no profile")?;
    assert_ne!(caller, id);
    assert_eq!(resolver.profile_of(&crm)?, Some(id), "the older part keeps its id");
    let golden = resolver.profile(id)?.ok_or("no profile")?.golden;
    assert_eq!(golden.value("city").map(|city| city.value.to_string()).as_deref(), Some("York"), "hers again");
    writeln!(out, "after separate: {} + {} records", resolver.members(caller)?.len(), resolver.members(id)?.len())?;

    // It was not: lifting the word brings the profile back as it was, to the last value.
    resolver.lift(&crm, &call)?;
    let after = resolver.profile(id)?.ok_or("no profile")?;
    assert_eq!(after.records, before.records);
    assert_eq!((&after.golden, &after.identifiers), (&before.golden, &before.identifiers));
    assert_eq!(resolver.resolve_id(caller)?, Some(id), "the caller's id leads here, as every id ever given");
    writeln!(out, "after lift: {} records, the same profile as before", after.records.len())?;
    Ok(())
}

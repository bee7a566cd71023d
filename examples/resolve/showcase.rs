//! One profile in full: who it is, why, who it is not, and how a merge is undone.

use crate::failure::Outcome;
use crate::sample::{Sample, TILL_EMAIL};
use onefold::{
    Explanation, Found, Identifier, Member, Profile, ProfileId, RecordKey, Resolver, Status, Weight, Why, Withheld,
};
use std::fmt::Write;

/// Tells the story of Ada, who shares a mailbox with her husband, on a sample that was resolved.
pub(crate) fn tell(resolver: &Resolver, sample: &Sample) -> Outcome<String> {
    let mut text = String::new();
    let Some(ada) = resolver.profile_of(&sample.ada)? else { return Ok(text) };
    let Some(before) = resolver.profile(ada)? else { return Ok(text) };
    let _ = writeln!(text, "WHO IS CUSTOMER C900042?\n\n{}", profile(&before));

    let _ = writeln!(text, "WHY IS THE GUEST ORDER {} HERS?\n", name(&sample.guest_order));
    let _ = writeln!(text, "{}", explanation(&resolver.explain(&sample.guest_order, &sample.ada)?));
    let _ = writeln!(text, "WHY IS SHE NOT BENJAMIN, WITH WHOM SHE SHARES A MAILBOX AND A LANDLINE?\n");
    let _ = writeln!(text, "{}", explanation(&resolver.explain(&sample.ada, &sample.ben)?));

    let _ = writeln!(text, "WHY IS HIS SECOND CARD HIS, WITH NO NUMBER IN COMMON?\n");
    let _ = writeln!(text, "{}", explanation(&resolver.explain(&sample.second_card, &sample.ben)?));
    let _ = writeln!(text, "WHAT IS SHARED BY TOO MANY?\n");
    for (kind, value) in
        [("email", TILL_EMAIL), ("email", "marlows@family.example.net"), ("device_id", "kiosk-tablet-7")]
    {
        let found = resolver.find(&Identifier::new(kind, value))?;
        let _ = writeln!(text, "  {kind} {value}: {}", meaning(&found));
    }
    let _ = writeln!(text, "\nAND IF A MERGE WAS WRONG?\n");
    undo(resolver, sample, &before, &mut text)?;
    Ok(text)
}

/// Separates the guest order, lifts that again, and compares.
fn undo(resolver: &Resolver, sample: &Sample, before: &Profile, text: &mut String) -> Outcome<()> {
    let (guest, ada) = (sample.guest_order.clone(), sample.ada.clone());
    let size = |id: Option<ProfileId>| -> Outcome<usize> {
        Ok(id.map(|id| resolver.members(id)).transpose()?.map_or(0, |members| members.len()))
    };
    resolver.separate(guest.clone(), ada.clone(), "steward", "the order was not hers")?;
    let (kept, parted) = (size(resolver.profile_of(&ada)?)?, size(resolver.profile_of(&guest)?)?);
    let total = before.records.len();
    let _ =
        writeln!(text, "  separate {} from {}: {total} records become {kept} and {parted}", name(&guest), name(&ada));
    resolver.lift(&guest, &ada)?;
    let after = resolver.profile_of(&ada)?.map(|id| resolver.profile(id)).transpose()?.flatten();
    let Some(after) = after else { return Ok(()) };
    // Only one thing is new: the id that the guest order bore meanwhile leads here, as every id ever given leads on.
    let same = Profile { aliases: before.aliases.clone(), ..after.clone() } == *before;
    let verdict = if same { "the same profile, to the last value" } else { "NOT the same profile" };
    let _ = writeln!(text, "  lift that again: {} records, {verdict}", after.records.len());
    Ok(())
}

/// Shows a profile: records, golden record with lineage, identifiers.
pub(crate) fn profile(profile: &Profile) -> String {
    let mut text = String::new();
    let mut sources: Vec<&str> = profile.records.iter().map(|record| record.source.as_str()).collect();
    sources.dedup();
    let (records, count) = (profile.records.len(), sources.len());
    let _ = writeln!(text, "  {}: {records} records from {count} sources ({})", profile.id, sources.join(", "));
    let _ = writeln!(text, "\n  golden record                          from               as of       chosen by");
    for value in &profile.golden.values {
        let day: String = value.at.to_string().chars().take(10).collect();
        let (shown, from) = (value.value.to_string(), name(&value.record));
        let _ = writeln!(text, "    {:<13} {shown:<22} {from:<18} {day}  {}", value.attribute, value.rule.name());
    }
    let _ = writeln!(text, "\n  identifiers                                         records");
    for identifier in &profile.identifiers {
        let (kind, records) = (&identifier.kind, identifier.records);
        let note = if identifier.status == Status::Held { "" } else { identifier.status.name() };
        let line = format!("    {kind:<15} {:<30} {records:>9}  {note}", identifier.value);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Shows what holds two records together, and what keeps them apart.
pub(crate) fn explanation(explanation: &Explanation) -> String {
    let mut text = String::new();
    for step in &explanation.path {
        let why = match &step.why {
            Why::Identifier(identifier) => format!("{} {}", identifier.kind, identifier.value),
            Why::Assertion { by, why } => format!("{by} says so: {why}"),
            Why::Likeness { weight, probability } => alike((*weight, *probability)),
        };
        let _ = writeln!(text, "  {:<18} = {:<18} by {why}", member(&step.from), member(&step.to));
    }
    for withheld in &explanation.withheld {
        let what = cause(withheld);
        let _ = writeln!(text, "  {what} does not join them: {}", withheld.text);
    }
    if text.is_empty() {
        text.push_str(if explanation.together { "  one record\n" } else { "  nothing connects them\n" });
    }
    text
}

/// Names a record, or events by the oldest of them.
fn member(member: &Member) -> String {
    match member {
        Member::Record(key) => name(key),
        Member::Trail(first) => format!("events {}", name(first)),
    }
}

/// Names what would have joined.
fn cause(withheld: &Withheld) -> String {
    match (&withheld.identifier, withheld.likeness) {
        (Some(value), _) => format!("{} {}", value.kind, value.value),
        (None, Some(likeness)) => format!("{},", alike(likeness)),
        (None, None) => "a steward's join".to_owned(),
    }
}

/// Shows how like two records are: weights are thousandths of a bit.
pub(crate) fn alike((weight, probability): (Weight, f64)) -> String {
    format!("likeness, {:.1} bits, probability {probability:.4}", f64::from(weight.0) / 1000.0)
}

fn meaning(found: &Found) -> String {
    match found.status {
        Status::Unknown => "nobody carries it".to_owned(),
        Status::Refused => "refused by the policy".to_owned(),
        Status::Generic => "generic: on too many records to mean anybody, so it joins nobody".to_owned(),
        Status::Held => "one profile's own".to_owned(),
        Status::Contested => match found.profile {
            Some(holder) => format!("contested: {holder} holds it, {} more carry it", found.claimants.len()),
            None => format!("contested: {} profiles carry it and nobody holds it", found.claimants.len()),
        },
    }
}

fn name(key: &RecordKey) -> String {
    if key.key.starts_with(key.source.as_str()) { key.key.to_string() } else { format!("{}/{}", key.source, key.key) }
}

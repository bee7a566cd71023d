//! What somebody is told who asks what is kept of them: theirs, and nobody else's.

use crate::linkage_data::{TRUTHSET, data, truthset};
use crate::script::Call;
use crate::subject;
use crate::tablet;
use onefold::{
    AccessReport, AccessRequest, AccessStatus, AttributePolicy, Audit, AuditAction, AuditEntry, Compare, Consent,
    ConsentStatus, DataKind, Event, EventKind, Identifier, IdentifierPolicy, Ingest, LinkagePolicy, Policy, ProfileId,
    PurposePolicy, Record, RecordKey, Resolver, Role, Timestamp, Verification,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

fn at(day: u32) -> Timestamp {
    format!("2026-01-{day:02}T10:00:00Z").parse().unwrap()
}

fn ask(resolver: &Resolver, proved: &[(&str, &str)]) -> AccessReport {
    let request = AccessRequest::new("dsr-1", at(28)).needed(Verification::OneIdentifier);
    let request = proved.iter().fold(request, |request, (kind, value)| request.proved(Identifier::new(*kind, *value)));
    resolver.view().unwrap().access(&request).unwrap()
}

fn keys(report: &AccessReport) -> Vec<&str> {
    let records = report.records.iter().map(|record| record.key.key.as_str());
    records.chain(report.events.iter().map(|event| event.key.key.as_str())).collect()
}

fn policy() -> Policy {
    Policy::builder()
        .identifier(IdentifierPolicy::new("customer_id", Role::Person).purposes(["care"]))
        .identifier(IdentifierPolicy::new("email", Role::Contact))
        .identifier(IdentifierPolicy::new("device", Role::Device))
        .attribute(AttributePolicy::new("name", Compare::FullName))
        .attribute(AttributePolicy::new("born", Compare::Date))
        .attribute(AttributePolicy::new("city", Compare::Text).purposes(["care"]))
        .purpose(onefold::PurposePolicy::new("care"))
        .linkage(LinkagePolicy::new())
        .build()
        .unwrap()
}

#[test]
fn all_that_is_theirs_is_told() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let crm = Record::new("crm", "1", at(1)).identifier("customer_id", "C1").identifier("email", "ann@x.org");
    let ann = resolver.add(crm.attribute("name", "Ann Lee").attribute("city", "Graz")).unwrap().profile.unwrap();
    let web = Record::new("web", "2", at(2)).identifier("email", "ann@x.org").attribute("name", "Lee, Ann");
    resolver.add(web.attribute("hobby", "<b>chess</b>")).unwrap();
    resolver.add_event(Event::new("web", "3", at(3), EventKind::View).identifier("customer_id", "C1")).unwrap();
    let yes = Consent::new("marketing", ConsentStatus::Granted);
    resolver.add_event(Event::of_consent("web", "4", at(4), yes).identifier("email", "ann@x.org")).unwrap();
    let token = resolver.issue(ann, "welcome", at(5)).unwrap().token;

    let report = ask(&resolver, &[("email", " ann@x.org")]);
    assert_eq!(
        (report.status, report.proof, report.profile),
        (AccessStatus::Completed, Verification::OneIdentifier, Some(ann))
    );
    assert_eq!(keys(&report)[..2], ["1", "2"]);
    assert_eq!(report.events.iter().map(|event| event.kind.to_string()).collect::<Vec<_>>()[2..], ["consent", "view"]);
    assert!(report.events.iter().filter(|event| event.kind == EventKind::Offer).count() == 2);
    assert_eq!(report.identifiers, [Identifier::new("customer_id", "C1"), Identifier::new("email", "ann@x.org")]);
    assert_eq!(report.golden.value("city").unwrap().value, "Graz".into());
    assert_eq!(report.purposes["city"], ["care"]);

    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!((&json["status"], &json["provided"][1]["key"]), (&"completed".into(), &"2".into()));
    assert_eq!(json["inferred"]["golden"][0]["attribute"], "name");
    assert_eq!(json["observed"].as_array().unwrap().len(), 4);
    let page = report.to_html();
    assert!(page.contains("&lt;b&gt;chess") && !page.contains("<b>chess") && page.contains(token.as_str()));
    assert_eq!(format!("{report:?}"), "AccessReport(dsr-1, Completed, 2 records, 4 events)");

    // What was provided and observed makes the same person elsewhere.
    let other = Resolver::in_memory(policy()).unwrap();
    report.operations().for_each(|operation| drop(other.apply(operation).unwrap()));
    assert_eq!(other.stats().unwrap().counts.records, 2);
    assert_eq!(ask(&other, &[("email", "ann@x.org")]).events.len(), 4);
}

#[test]
fn who_proves_too_little_is_told_nothing() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let crm = Record::new("crm", "1", at(1)).identifier("customer_id", "C1").identifier("email", "ann@x.org");
    resolver.add(crm.attribute("name", "Ann Lee")).unwrap();
    resolver.add(Record::new("crm", "2", at(1)).identifier("customer_id", "C2")).unwrap();
    let view = resolver.view().unwrap();
    let (number, mail) = (Identifier::new("customer_id", "C1"), Identifier::new("email", "ann@x.org"));
    let request = AccessRequest::new("dsr-1", at(28));
    let of = |request: &AccessRequest| {
        let report = view.access(request).unwrap();
        let is_empty = report.records.is_empty() && report.identifiers.is_empty() && report.profile.is_none();
        assert_eq!(is_empty, report.status != AccessStatus::Completed);
        report.status
    };
    assert_eq!(of(&request), AccessStatus::NotProved);
    let one = request.clone().proved(mail.clone());
    assert_eq!(of(&one), AccessStatus::NotProved);
    assert_eq!(of(&one.clone().proved(mail)), AccessStatus::NotProved, "one identifier twice is one");
    assert_eq!(of(&one.clone().proved(number)), AccessStatus::Completed);
    assert_eq!(of(&one.clone().signed_in()), AccessStatus::Completed);
    assert_eq!(of(&one.clone().proved(Identifier::new("customer_id", "C2"))), AccessStatus::NotFound);
    assert_eq!(of(&one.proved(Identifier::new("customer_id", "C9"))), AccessStatus::NotFound);
}

#[test]
fn what_may_be_a_relatives_is_left_out_and_counted() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let family = |key: &str, customer: &str, name: &str| {
        Record::new("crm", key, at(1)).identifier("customer_id", customer).attribute("name", name)
    };
    // Two who share a mailbox, of whom one has no number: the resolver takes them for one.
    resolver.add(family("1", "C1", "Ann Lee").identifier("email", "family@x.org")).unwrap();
    let ben = Record::new("web", "2", at(2)).identifier("email", "family@x.org").attribute("name", "Ben Lee");
    let one = resolver.add(ben.attribute("city", "Linz")).unwrap().profile.unwrap();
    assert_eq!(resolver.members(one).unwrap().len(), 2);
    let report = ask(&resolver, &[("customer_id", "C1")]);
    assert_eq!((keys(&report), report.records_left_out), (vec!["1"], 1));
    assert_eq!(ask(&resolver, &[("email", "family@x.org")]).status, AccessStatus::NotFound);

    // A tablet that only she is known to use, and on which somebody looks around unnamed.
    let login = Event::new("web", "3", at(3), EventKind::View).identifier("device", "t");
    resolver.add_event(login.clone().identifier("customer_id", "C1")).unwrap();
    resolver.add_event(Event { key: RecordKey::new("web", "4"), ..login }).unwrap();
    let report = ask(&resolver, &[("customer_id", "C1")]);
    assert_eq!((keys(&report), report.events_left_out), (vec!["1", "3"], 1));

    // A record that is in the profile by likeness alone.
    let alike =
        |key: &str| Record::new("shop", key, at(4)).attribute("name", "Zoe Quist").attribute("born", "1980-02-03");
    let zoe = resolver.add(alike("5").identifier("customer_id", "C5").attribute("city", "Rust")).unwrap();
    let other = resolver.add(alike("6").attribute("city", "Rust")).unwrap();
    assert_eq!(zoe.profile, other.profile);
    let report = ask(&resolver, &[("customer_id", "C5")]);
    assert_eq!((keys(&report), report.records_left_out), (vec!["5"], 1));
    // A steward vouches for it.
    let key = |key: &str| RecordKey::new("shop", key);
    resolver.join(key("5"), key("6"), "steward", "she called").unwrap();
    assert_eq!(keys(&ask(&resolver, &[("customer_id", "C5")])), ["5", "6"]);
}

#[test]
fn a_contested_address_proves_nothing() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    for customer in ["C1", "C2"] {
        let record = Record::new("crm", customer, at(1)).identifier("customer_id", customer);
        resolver.add(record.identifier("email", "family@x.org")).unwrap();
    }
    assert_eq!(ask(&resolver, &[("email", "family@x.org")]).status, AccessStatus::NotFound);
    assert_eq!(keys(&ask(&resolver, &[("customer_id", "C2")])), ["C2"]);
}

/// A log with an entry for each of some ids, and one for none.
fn log_of(ids: impl IntoIterator<Item = ProfileId>) -> Vec<AuditEntry> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let audit = Audit::new(kept.clone());
    for (place, id) in ids.into_iter().map(Some).chain([None]).enumerate() {
        audit.record(&format!("desk-{place}"), AuditAction::Read, id, Some("care"), None, at(6)).unwrap();
    }
    let entries = kept.lock().unwrap();
    entries.clone()
}

#[test]
fn who_read_it_is_told_under_every_id_that_leads_to_it() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let crm = |key: &str| Record::new("crm", key, at(1));
    let by_number = resolver.add(crm("1").identifier("customer_id", "C1")).unwrap().profile.unwrap();
    let by_mail = resolver.add(crm("2").identifier("email", "ann@x.org")).unwrap().profile.unwrap();
    let other = resolver.add(crm("3").identifier("customer_id", "C3")).unwrap().profile.unwrap();
    let log = log_of([by_number, by_mail, other]);
    let told = |resolver: &Resolver| {
        let request = AccessRequest::new("dsr-1", at(28)).needed(Verification::OneIdentifier).log(log.clone());
        let request = request.proved(Identifier::new("customer_id", "C1"));
        let report = resolver.view().unwrap().access(&request).unwrap();
        let actors: Vec<String> = report.log.iter().map(|entry| entry.actor.to_string()).collect();
        (report, actors)
    };
    assert_eq!(told(&resolver).1, ["desk-0"]);
    resolver.add(crm("4").identifier("customer_id", "C1").identifier("email", "ann@x.org")).unwrap();
    let (report, actors) = told(&resolver);
    assert_eq!((actors, report.log_left_out), (vec!["desk-0".to_owned(), "desk-1".to_owned()], 0));

    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    let first = serde_json::json!({
        "at": "2026-01-06T10:00:00Z", "actor": "desk-0", "action": "read", "purpose": "care", "request": null,
    });
    assert_eq!((&json["log"][0], &json["left_out"]["log"]), (&first, &0.into()));
    let page = report.to_html();
    assert!(page.contains("<tr><td>2026-01-06T10:00:00Z<td>desk-1: read<td>care"), "{page}");
    // Twice in a request is once.
    let request = AccessRequest::new("dsr-1", at(28)).needed(Verification::SignedIn).signed_in();
    let request = request.log(report.log.clone()).log(report.log.clone());
    let twice = resolver.view().unwrap().access(&request.proved(Identifier::new("customer_id", "C1"))).unwrap();
    assert_eq!(twice.log, report.log);
}

/// Somebody who is in her profile by likeness alone was read of before.
#[test]
fn what_was_read_of_a_relative_is_counted() {
    let resolver = Resolver::in_memory(policy()).unwrap();
    let alike =
        |key: &str| Record::new("shop", key, at(4)).attribute("name", "Zoe Quist").attribute("born", "1980-02-03");
    let one = resolver.add(alike("6").attribute("city", "Rust")).unwrap().profile.unwrap();
    let log = log_of([one]);
    let zoe = resolver.add(alike("5").identifier("customer_id", "C5").attribute("city", "Rust")).unwrap();
    assert_eq!(zoe.profile, Some(one), "she bears the older id");
    let request = AccessRequest::new("dsr-1", at(28)).needed(Verification::OneIdentifier).log(log);
    let report = resolver.view().unwrap().access(&request.proved(Identifier::new("customer_id", "C5"))).unwrap();
    assert_eq!((report.log.len(), report.log_left_out), (0, 1));
    assert!(report.to_html().contains("1 records, 0 events and 1 reads"));
}

#[test]
fn for_how_long_it_is_kept_is_told() {
    let keep = |text: &str| text.parse().unwrap();
    let policy = Policy::builder()
        .identifier(IdentifierPolicy::new("customer_id", Role::Person).purposes(["care"]))
        .identifier(IdentifierPolicy::new("email", Role::Contact).keep(keep("P13M")))
        .attribute(AttributePolicy::new("email", Compare::Email).purposes(["ads", "news"]))
        .attribute(AttributePolicy::new("city", Compare::Text).purposes(["ads", "care"]))
        .purpose(PurposePolicy::new("care"))
        .purpose(PurposePolicy::new("ads").keep(keep("P1Y")))
        .purpose(PurposePolicy::new("news").keep(keep("P2Y6M")))
        .undeclared_keep(keep("P30D"))
        .event_keep(&EventKind::View, keep("PT36H"))
        .build()
        .unwrap();
    let resolver = Resolver::in_memory(policy).unwrap();
    let ann = Record::new("crm", "1", at(1)).identifier("customer_id", "C1").identifier("email", "ann@x.org");
    let ann = ann.attribute("email", "ann@x.org").attribute("city", "Graz").attribute("hobby", "chess");
    resolver.add(ann).unwrap();
    for (key, kind) in [("1", EventKind::View), ("2", EventKind::Search)] {
        resolver.add_event(Event::new("web", key, at(3), kind).identifier("customer_id", "C1")).unwrap();
    }
    let report = ask(&resolver, &[("customer_id", "C1")]);
    let told: Vec<_> = report.kept.iter().map(|kept| (kept.what, kept.name.as_str(), kept.purposes.len())).collect();
    assert_eq!(
        told,
        [
            (DataKind::Identifier, "customer_id", 1),
            (DataKind::Identifier, "email", 0),
            (DataKind::Attribute, "city", 2),
            (DataKind::Attribute, "email", 2),
            (DataKind::Attribute, "hobby", 0),
            (DataKind::Event, "search", 0),
            (DataKind::Event, "view", 0),
        ]
    );
    let page = report.to_html();
    for row in [
        "customer_id<td>How you are recognised<td>no end is set",
        "email<td>How you are recognised<td>13 months",
        "city<td>What we were told<td>no end is set",
        "email<td>What we were told<td>as long as for ads: 1 year, news: 2 years 6 months",
        "hobby<td>What we were told<td>30 days",
        "search<td>What you did<td>no end is set",
        "view<td>What you did<td>36 hours",
    ] {
        assert!(page.contains(&format!("<tr><td>{row}\n")), "{row}\n{page}");
    }
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    let email = serde_json::json!({
        "what": "attribute", "name": "email", "keep": null, "purposes": { "ads": "P1Y", "news": "P2Y6M" },
    });
    assert_eq!(json["kept"][3], email);
}

/// Whatever identifiers somebody of the truth set proves, no value of another entity is told; also where the policy
/// asks nothing of those who share an address.
#[test]
fn on_the_truth_set_nobody_is_told_of_another() {
    let Some(folder) = data("truthset") else { return };
    for text in [TRUTHSET.to_owned(), TRUTHSET.replace(", corroborate = [\"name\"]", "")] {
        let policy = Policy::from_toml(&text).unwrap();
        let known = truthset(&folder, &policy);
        let resolver = Resolver::in_memory(policy).unwrap();
        drop(resolver.load(known.records.clone(), Ingest::default()).unwrap());
        let view = resolver.view().unwrap();
        let (mut answered, mut told) = (0, 0);
        for record in &known.records {
            for identifier in &record.identifiers {
                let request =
                    AccessRequest::new("1", at(28)).proved(identifier.clone()).needed(Verification::OneIdentifier);
                let report = view.access(&request).unwrap();
                answered += u64::from(report.status == AccessStatus::Completed);
                told += report.records.len();
                for other in &report.records {
                    assert_eq!(known.truth[&other.key], known.truth[&record.key], "{identifier:?}");
                }
            }
        }
        assert!(answered >= 50 && told >= 100, "{answered} answers tell {told} records");
    }
}

proptest! {
    #![proptest_config(crate::properties::config(48))]

    #[test]
    fn what_is_told_hangs_together_by_identifiers_of_ones_own(script in tablet::happenings(1..12)) {
        let resolver = Resolver::in_memory(script.policy.clone()).unwrap();
        let mut ids = BTreeSet::new();
        for call in script.calls.iter().filter(|call| !matches!(call, Call::SetPolicy(_))) {
            subject::call(&resolver, call);
            ids.extend(subject::people(&resolver).into_keys());
        }
        let log = log_of(ids);
        let mut held = Vec::new();
        let view = resolver.view().unwrap();
        view.identifiers(&mut |row| held.push((Identifier::new(row.kind, row.value), row.profile))).unwrap();
        for (identifier, profile) in held {
            let request = AccessRequest::new("1", at(28)).proved(identifier).needed(Verification::OneIdentifier);
            let report = view.access(&request.log(log.clone())).unwrap();
            if report.status != AccessStatus::Completed {
                prop_assert!(report.records.is_empty() && report.events.is_empty() && report.log.is_empty());
                continue;
            }
            prop_assert_eq!(report.profile, profile);
            let whole = view.profile(profile.unwrap()).unwrap().unwrap();
            prop_assert_eq!(report.records.len() as u64 + report.records_left_out, whole.records.len() as u64);
            prop_assert!(report.records.iter().all(|record| whole.records.contains(&record.key)));
            let leads = |entry: &&AuditEntry| entry.profile.is_some_and(|id| view.resolve_id(id).unwrap() == profile);
            let about = log.iter().filter(leads).count() as u64;
            prop_assert_eq!(report.log.len() as u64 + report.log_left_out, about);
            prop_assert!(report.log.iter().all(|entry| leads(&entry)));
            if report.records_left_out + report.events_left_out == 0 {
                prop_assert_eq!(report.log_left_out, 0, "all of it is theirs");
            }
            for event in &report.events {
                let stored = if event.kind == EventKind::Consent { view.consent(&event.key) } else { view.event(&event.key) };
                prop_assert_eq!(stored.unwrap().unwrap().profile, profile);
            }
            serde_json::from_str::<serde_json::Value>(&report.to_json()).unwrap();
        }
    }
}

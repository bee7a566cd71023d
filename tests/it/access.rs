//! What somebody is told who asks what is kept of them: theirs, and nobody else's.

use crate::linkage_data::{TRUTHSET, data, truthset};
use crate::script::Call;
use crate::subject;
use crate::tablet;
use onefold::{
    AccessReport, AccessRequest, AccessStatus, AttributePolicy, Compare, Consent, ConsentStatus, Event, EventKind,
    Identifier, IdentifierPolicy, Ingest, LinkagePolicy, Policy, Record, RecordKey, Resolver, Role, Timestamp,
    Verification,
};
use proptest::prelude::*;

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
        let calls = script.calls.iter().filter(|call| !matches!(call, Call::SetPolicy(_)));
        calls.for_each(|call| subject::call(&resolver, call));
        let mut held = Vec::new();
        let view = resolver.view().unwrap();
        view.identifiers(&mut |row| held.push((Identifier::new(row.kind, row.value), row.profile))).unwrap();
        for (identifier, profile) in held {
            let request = AccessRequest::new("1", at(28)).proved(identifier).needed(Verification::OneIdentifier);
            let report = view.access(&request).unwrap();
            if report.status != AccessStatus::Completed {
                prop_assert!(report.records.is_empty() && report.events.is_empty());
                continue;
            }
            prop_assert_eq!(report.profile, profile);
            let whole = view.profile(profile.unwrap()).unwrap().unwrap();
            prop_assert_eq!(report.records.len() as u64 + report.records_left_out, whole.records.len() as u64);
            prop_assert!(report.records.iter().all(|record| whole.records.contains(&record.key)));
            for event in &report.events {
                let stored = if event.kind == EventKind::Consent { view.consent(&event.key) } else { view.event(&event.key) };
                prop_assert_eq!(stored.unwrap().unwrap().profile, profile);
            }
            serde_json::from_str::<serde_json::Value>(&report.to_json()).unwrap();
        }
    }
}

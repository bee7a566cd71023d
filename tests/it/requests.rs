//! What data subjects ask for: proof, receipts, and that what was said to be wrong stays away.

use crate::properties::{State, config};
use crate::subject;
use onefold::{
    AccessRequest, Asks, AttributePolicy, Audit, AuditAction, AuditEntry, Because, ChannelLeftOutReason, ChannelRule,
    Compare, Consent, ConsentQuery, ConsentStatus, ContactRequest, ContactRules, Correction, ErrorKind, Event,
    EventKind, Form, Fulfilled, Identifier, IdentifierPolicy, Ingest, IssueReason, LegalBasis, Memory, Operation,
    Options, PermissionReason, Policy, PurposePolicy, Record, RecordKey, RequestStatus, Resolver, Role, Secret,
    Timestamp, verify_audit,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::{Arc, Mutex};

fn at(day: u32) -> Timestamp {
    format!("2026-01-{day:02}T10:00:00Z").parse().unwrap()
}

fn policy() -> Policy {
    Policy::builder()
        .identifier(IdentifierPolicy::new("customer_id", Role::Person).purposes(["marketing", "tax"]))
        .identifier(IdentifierPolicy::new("email", Role::Contact).normalise(Form::Email))
        .attribute(AttributePolicy::new("name", Compare::FullName).purposes(["marketing"]))
        .attribute(AttributePolicy::new("city", Compare::Text).purposes(["marketing"]))
        .purpose(PurposePolicy::new("marketing"))
        .purpose(PurposePolicy::new("delivery").basis(LegalBasis::Contract))
        .purpose(PurposePolicy::new("analytics").basis(LegalBasis::LegitimateInterest))
        .purpose(PurposePolicy::new("tax").basis(LegalBasis::LegalObligation))
        .build()
        .unwrap()
}

fn secret() -> Secret {
    Secret::new("kept by the host").unwrap()
}

fn resolver() -> Resolver {
    Resolver::in_memory(policy()).unwrap().with_secrets([secret()])
}

fn customer(value: &str) -> Identifier {
    Identifier::new("customer_id", value)
}

fn asked(id: &str) -> AccessRequest {
    AccessRequest::new(id, at(28)).proved(customer("C1")).signed_in()
}

fn ann() -> Vec<Record> {
    let crm = Record::new("crm", "1", at(1)).identifier("customer_id", "C1").identifier("email", "ann@x.org");
    let web = Record::new("web", "2", at(2)).identifier("customer_id", "C1").identifier("email", "ann.old@x.org");
    vec![
        crm.attribute("name", "Anna Lea").attribute("city", "Graz").payload("lake/1.json"),
        web.attribute("name", "Anna Lea").attribute("city", "Wien"),
    ]
}

fn golden(resolver: &Resolver, name: &str) -> Option<String> {
    let id = resolver.find(&customer("C1")).unwrap().profile.unwrap();
    let profile = resolver.profile(id).unwrap().unwrap();
    profile.golden.value(name).map(|value| serde_json::to_string(&value.value).unwrap())
}

fn may(resolver: &Resolver, purpose: &str) -> (bool, PermissionReason) {
    let id = resolver.find(&customer("C1")).unwrap().profile.unwrap();
    let permission = resolver.permission(id, &ConsentQuery::new(purpose), at(30)).unwrap().unwrap();
    (permission.allowed, permission.reason)
}

fn name_and_address() -> Asks {
    let old = Identifier::new("email", "Ann.Old@x.org ");
    Asks::Rectification(vec![Correction::attribute("name", "Ann Lee"), Correction::not_mine(old)])
}

/// Sends everything again, on each way in.
fn send_again(resolver: &Resolver, records: &[Record]) {
    records.iter().for_each(|record| drop(resolver.add(record.clone()).unwrap()));
    resolver.add_all(records.to_vec(), Ingest::default()).unwrap();
    resolver.load(records.to_vec(), Ingest::default()).unwrap();
    for record in records {
        let line = Operation::Add(record.clone()).to_json();
        resolver.apply(Operation::from_json(line.as_bytes(), None).unwrap()).unwrap();
    }
}

#[test]
fn what_is_wrong_goes_and_stays_away_on_every_way_in() {
    let store = Arc::new(Memory::new());
    let open = || Resolver::open(store.clone(), policy(), Options::default()).unwrap().with_secrets([secret()]);
    let resolver = open();
    resolver.add_all(ann(), Ingest::default()).unwrap();
    // Somebody else's record of the same name stays as it is.
    let other = Record::new("crm", "9", at(1)).identifier("customer_id", "C9").attribute("name", "Anna Lea");
    resolver.add(other.clone()).unwrap();

    let Fulfilled { receipt, report } = resolver.fulfil(&name_and_address(), &asked("dsr-1")).unwrap();
    assert_eq!((receipt.status, receipt.records, report), (RequestStatus::Completed, 2, None));
    assert_eq!(receipt.sources.iter().map(|source| source.as_str()).collect::<Vec<_>>(), ["crm", "web"]);
    assert_eq!(golden(&resolver, "name").as_deref(), Some("\"Ann Lee\""));
    assert_eq!(resolver.find(&Identifier::new("email", "ann.old@x.org")).unwrap().profile, None);
    let state = State::of(&resolver);
    for resolver in [&resolver, &open()] {
        send_again(resolver, &ann());
        send_again(resolver, std::slice::from_ref(&other));
        assert_eq!(State::of(resolver), state);
    }
    let stored = resolver.record(&RecordKey::new("crm", "1")).unwrap().unwrap().record;
    assert_eq!((stored.at, stored.payload.as_deref(), stored.value("name")), (at(1), Some("lake/1.json"), None));
    assert_eq!(stored.value("city"), Some(&"Graz".into()));
    assert_eq!(resolver.record(&RecordKey::new("crm", "9")).unwrap().unwrap().record.as_ref(), &other);

    // A version of a later time is read the same way: of what it tells, the wrong is left out, and said so.
    let later = Record { at: at(5), ..ann().remove(0) }.attribute("city", "Linz");
    let answer = resolver.add(later.clone()).unwrap();
    assert_eq!(
        answer.issues.iter().map(|issue| (issue.field.as_str(), issue.reason.clone())).collect::<Vec<_>>(),
        [("name", IssueReason::Rectified)]
    );
    assert!(!format!("{:?}", answer.issues[0]).contains("Anna"));
    let stored = resolver.record(&RecordKey::new("crm", "1")).unwrap().unwrap().record;
    assert_eq!((stored.value("name"), stored.value("city")), (None, Some(&"Linz".into())));
    // So is an identifier, and so is what is loaded.
    let web = Record { at: at(5), ..ann().remove(1) };
    resolver.add(web.clone()).unwrap();
    let loaded = resolver.load(vec![Record { at: at(6), ..web }], Ingest::default()).unwrap();
    assert_eq!(loaded.issues.iter().map(|issue| issue.field.as_str()).collect::<Vec<_>>(), ["email", "name"]);
    let stored = resolver.record(&RecordKey::new("web", "2")).unwrap().unwrap().record;
    assert_eq!((stored.at, stored.value("name"), stored.identifiers.as_slice()), (at(6), None, &[customer("C1")][..]));
    // What is right may be sent, and so may anything else.
    resolver.add(Record { at: at(6), ..later }.attribute("name", "Ann Lee-Moor")).unwrap();
    let stored = resolver.record(&RecordKey::new("crm", "1")).unwrap().unwrap().record;
    assert_eq!(stored.value("name"), Some(&"Ann Lee-Moor".into()));

    // Lifted, it is taken in again.
    let key = RecordKey::new("web", "2");
    assert!(resolver.lift_correction(&key, "name", &"Anna Lea".into()).unwrap());
    assert!(!resolver.lift_correction(&key, "name", &"Anna Lea".into()).unwrap());
    assert!(resolver.lift_corrected_identifier(&key, &Identifier::new("email", "ann.old@x.org")).unwrap());
    let anew = Record { at: at(7), ..ann().remove(1) };
    resolver.add(anew.clone()).unwrap();
    assert_eq!(resolver.record(&key).unwrap().unwrap().record.as_ref(), &anew);
    assert_eq!(resolver.stats().unwrap().counts.corrections, 1);
}

#[test]
fn what_a_correction_does_not_know_is_refused_before_anything_changes() {
    let resolver = resolver();
    resolver.add_all(ann(), Ingest::default()).unwrap();
    let state = State::of(&resolver);
    for wrong in [Correction::attribute("shoe_size", 38), Correction::not_mine(Identifier::new("fax", "1"))] {
        let error = resolver.fulfil(&Asks::Rectification(vec![wrong]), &asked("dsr-1")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    }
    let without = Resolver::in_memory(policy()).unwrap();
    without.add_all(ann(), Ingest::default()).unwrap();
    assert_eq!(without.fulfil(&name_and_address(), &asked("dsr-1")).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(resolver.fulfil(&name_and_address(), &asked(" ")).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(State::of(&resolver), state);
    assert_eq!(
        format!("{:?}", name_and_address()),
        "Rectification([Correction(name, right: true), Correction(email, not mine)])"
    );
}

#[test]
fn too_little_proof_waits_and_what_is_shared_is_cancelled() {
    let resolver = resolver();
    resolver.add_all(ann(), Ingest::default()).unwrap();
    let state = State::of(&resolver);
    let all = [
        Asks::Access,
        Asks::Portability,
        Asks::Erasure,
        name_and_address(),
        Asks::Restriction,
        Asks::Objection { purpose: "marketing".into(), channel: None },
    ];
    let one = AccessRequest::new("dsr-1", at(28)).proved(customer("C1"));
    let nobody = AccessRequest::new("dsr-2", at(28)).proved(customer("C8")).signed_in();
    for asks in &all {
        let Fulfilled { receipt, report } = resolver.fulfil(asks, &one).unwrap();
        assert_eq!((receipt.status, report, receipt.audit), (RequestStatus::Pending, None, None), "{asks:?}");
        let status = resolver.fulfil(asks, &nobody).unwrap().receipt.status;
        let known = if *asks == Asks::Erasure { RequestStatus::Completed } else { RequestStatus::Cancelled };
        assert_eq!(status, known, "{asks:?}: of whom nobody knows there is nothing to erase");
        assert_eq!(State::of(&resolver), state);
    }
}

#[test]
fn the_use_of_somebodys_data_is_restricted_until_they_agree() {
    let resolver = resolver();
    resolver.add_all(ann(), Ingest::default()).unwrap();
    let yes = Consent::new("marketing", ConsentStatus::Granted);
    let agreed = Event::of_consent("web", "c-1", at(3), yes).identifier("customer_id", "C1");
    resolver.add_event(agreed).unwrap();
    let purposes = ["marketing", "delivery", "analytics", "tax", "whatever"];
    let before = purposes.map(|purpose| may(&resolver, purpose));
    assert_eq!(before.map(|(allowed, _)| allowed), [true, true, true, true, false]);

    let receipt = resolver.fulfil(&Asks::Restriction, &asked("dsr-3")).unwrap().receipt;
    assert_eq!((receipt.status, receipt.events), (RequestStatus::Completed, 1));
    let restricted = (false, PermissionReason::Restricted);
    let tax = (true, PermissionReason::NotAsked);
    assert_eq!(purposes.map(|purpose| may(&resolver, purpose)), [restricted, restricted, restricted, tax, restricted]);
    let id = resolver.find(&customer("C1")).unwrap().profile.unwrap();
    let view = resolver.view().unwrap();
    let seen = view.for_purpose(id, &ConsentQuery::new("marketing"), at(30)).unwrap().unwrap();
    assert!(seen.profile().unwrap().is_none());
    let rules = ContactRules {
        channel: vec![ChannelRule { name: "email".into(), kind: Some("email".into()), silent: false }],
        ..ContactRules::default()
    };
    let plan = resolver.contact_plan(id, &rules, &ContactRequest::new("marketing", at(30))).unwrap().unwrap();
    assert!(plan.choices.is_empty());
    assert!(matches!(
        plan.left_out[0].reason,
        ChannelLeftOutReason::NotPermitted { reason: PermissionReason::Restricted, .. }
    ));

    // It was told under her number: a merge does not lift it, and a split gives it back to her.
    let other = Record::new("crm", "9", at(1)).identifier("customer_id", "C9");
    resolver.add(other).unwrap();
    let [crm, nine] = ["1", "9"].map(|key| RecordKey::new("crm", key));
    resolver.join(crm.clone(), nine.clone(), "steward", "she says so").unwrap();
    assert_eq!(may(&resolver, "marketing"), restricted);
    resolver.lift(&crm, &nine).unwrap();
    assert_eq!(may(&resolver, "marketing"), restricted);
    let lifted = Consent::new(Consent::PROCESSING, ConsentStatus::Granted);
    resolver.add_event(Event::of_consent("web", "c-2", at(29), lifted).identifier("customer_id", "C1")).unwrap();
    assert_eq!(purposes.map(|purpose| may(&resolver, purpose)), before);
}

#[test]
fn an_objection_speaks_of_its_purpose() {
    let resolver = resolver();
    resolver.add_all(ann(), Ingest::default()).unwrap();
    let objection = Asks::Objection { purpose: "Analytics".into(), channel: None };
    let request = asked("dsr-4").proved(Identifier::new("email", "ann@x.org"));
    let receipt = resolver.fulfil(&objection, &request).unwrap().receipt;
    assert_eq!((receipt.status, receipt.events), (RequestStatus::Completed, 2));
    assert_eq!(may(&resolver, "analytics"), (false, PermissionReason::Refused));
    assert_eq!(may(&resolver, "delivery"), (true, PermissionReason::NotAsked));
    let told = resolver.consent(&RecordKey::new(AccessRequest::SOURCE, "dsr-4/0")).unwrap().unwrap().event;
    assert_eq!(told.consent.as_ref().unwrap().evidence.as_deref(), Some("dsr-4"));
    // Sent again it is the same words.
    let events = resolver.stats().unwrap().counts.events;
    resolver.fulfil(&objection, &request).unwrap();
    assert_eq!(resolver.stats().unwrap().counts.events, events);
}

#[test]
fn what_is_done_has_a_receipt_and_an_entry_and_neither_tells_who() {
    let kept: Arc<Mutex<Vec<AuditEntry>>> = Arc::default();
    let resolver = resolver().with_audit(Audit::new(kept.clone()));
    resolver.add_all(ann(), Ingest::default()).unwrap();
    resolver.add_event(Event::new("web", "v-1", at(3), EventKind::View).identifier("email", "ann@x.org")).unwrap();
    let id = resolver.find(&customer("C1")).unwrap().profile;
    let objection = Asks::Objection { purpose: "marketing".into(), channel: Some("sms".into()) };
    let all = [Asks::Access, Asks::Portability, name_and_address(), Asks::Restriction, objection, Asks::Erasure];
    let actions = [
        AuditAction::Access,
        AuditAction::Access,
        AuditAction::Rectify,
        AuditAction::Restrict,
        AuditAction::Object,
        AuditAction::Erase,
    ];
    for (asks, action) in all.iter().zip(actions) {
        let Fulfilled { receipt, report } = resolver.fulfil(asks, &asked("dsr-5")).unwrap();
        let entry = kept.lock().unwrap().last().unwrap().clone();
        assert_eq!((entry.action, entry.profile, entry.request.as_deref()), (action, id, Some("dsr-5")), "{asks:?}");
        assert_eq!((receipt.audit, receipt.profile), (Some(entry.hash), id), "{asks:?}");
        assert_eq!(report.is_some(), matches!(asks, Asks::Access | Asks::Portability));
        let json = serde_json::to_value(&receipt).unwrap();
        let named = ["subject_request_id", "subject_request_type", "request_status"].map(|name| json[name].clone());
        let kind = serde_json::to_value(receipt.kind).unwrap();
        assert_eq!(named, ["dsr-5".into(), kind, "completed".into()]);
        let text = format!("{json} {receipt:?} {}", entry.to_json());
        assert!(!["ann", "Anna", "C1", "Graz"].iter().any(|value| text.contains(value)), "{text}");
    }
    let entries = kept.lock().unwrap().clone();
    assert_eq!(verify_audit(&entries).unwrap(), entries.last().unwrap().hash);
    assert_eq!(resolver.stats().unwrap().counts.profiles, 0);
    assert_eq!(resolver.add(ann().remove(0)).unwrap().because, [Because::Erased]);
    // What her own requests told is gone with her.
    assert!(resolver.record(&RecordKey::new(AccessRequest::SOURCE, "dsr-5")).unwrap().is_none());
    assert_eq!(resolver.stats().unwrap().counts.events, 0);
}

#[test]
fn what_the_log_cannot_keep_does_not_happen() {
    struct Full;
    impl onefold::AuditSink for Full {
        fn append(&self, _: &AuditEntry) -> onefold::Result<()> {
            Err(onefold::Error::store("write the audit log", "the disk is full"))
        }
    }
    let resolver = resolver().with_audit(Audit::new(Arc::new(Full)));
    resolver.add_all(ann(), Ingest::default()).unwrap();
    let state = State::of(&resolver);
    let objection = Asks::Objection { purpose: "marketing".into(), channel: None };
    for asks in [Asks::Access, name_and_address(), Asks::Restriction, objection, Asks::Erasure] {
        assert_eq!(resolver.fulfil(&asks, &asked("dsr-6")).unwrap_err().kind(), ErrorKind::Store, "{asks:?}");
        assert_eq!(State::of(&resolver), state, "{asks:?}");
    }
}

/// Records of three people, who share addresses here and there.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let (name, city) = (option::of(select(vec!["Ann", "Anna", "Bob"])), option::of(select(vec!["Graz", "Wien"])));
    let (number, mail) =
        (option::weighted(0.8, select(vec!["C1", "C2"])), option::of(select(vec!["a@x.org", "b@x.org"])));
    let record = (0..6_u8, 1..5_u32, name, city, number, mail).prop_map(|(key, day, name, city, number, mail)| {
        let record = Record::new("crm", key.to_string(), at(day));
        let record = name.into_iter().fold(record, |record, name| record.attribute("name", name));
        let record = city.into_iter().fold(record, |record, city| record.attribute("city", city));
        let record = number.into_iter().fold(record, |record, number| record.identifier("customer_id", number));
        mail.into_iter().fold(record, |record, mail| record.identifier("email", mail))
    });
    vec(record, 1..12)
}

fn corrections() -> impl Strategy<Value = Vec<Correction>> {
    let attribute = (select(vec!["name", "city"]), option::of(select(vec!["Ann", "Wien"])));
    let attribute =
        attribute.prop_map(|(name, right)| Correction::Attribute { name: name.into(), right: right.map(Into::into) });
    let mail = select(vec!["a@x.org", "b@x.org"]).prop_map(|mail| Correction::not_mine(Identifier::new("email", mail)));
    vec(prop_oneof![attribute.boxed(), mail.boxed()], 1..3)
}

proptest! {
    #![proptest_config(config(128))]

    /// The people are those of whom what is wrong was never told, and remain so when everything is sent again.
    #[test]
    fn what_was_rectified_was_never_told((sent, corrections, shuffled) in (records(), corrections()).prop_flat_map(
        |(sent, corrections)| (Just(sent.clone()), Just(corrections), Just(sent).prop_shuffle())
    )) {
        let resolver = resolver();
        resolver.add_all(sent.clone(), Ingest::default()).unwrap();
        let theirs = resolver.view().unwrap().access(&asked("dsr-7")).unwrap();
        let request = Asks::Rectification(corrections.clone());
        let receipt = resolver.fulfil(&request, &asked("dsr-7")).unwrap().receipt;
        if receipt.status != RequestStatus::Completed {
            return Ok(());
        }
        let is_theirs = |key: &RecordKey| theirs.records.iter().any(|record| record.key == *key);
        let is_wrong = |name: &str, value: &onefold::Value| corrections.iter().any(|correction| {
            matches!(correction, Correction::Attribute { name: of, right } if of == name && right.as_ref() != Some(value))
        });
        let not_mine = |identifier: &Identifier| corrections.contains(&Correction::not_mine(identifier.clone()));
        let naive = Resolver::in_memory(policy()).unwrap();
        let mut changed = 0;
        for record in latest(&sent) {
            let mut left = record.clone();
            if is_theirs(&record.key) {
                left.attributes.retain(|(name, value)| !is_wrong(name, value));
                left.identifiers.retain(|identifier| !not_mine(identifier));
            }
            changed += u64::from(left != record);
            naive.add(left).unwrap();
        }
        let right = corrections.iter().fold(Record::new(AccessRequest::SOURCE, "dsr-7", at(28)), |record, correction| {
            match correction {
                Correction::Attribute { name, right: Some(right) } => record.attribute(name.clone(), right.clone()),
                _ => record,
            }
        });
        if !right.attributes.is_empty() {
            naive.add(right.identifier("customer_id", "C1")).unwrap();
        }
        prop_assert_eq!(receipt.records, changed);
        prop_assert_eq!(subject::picture(&resolver), subject::picture(&naive));
        let state = State::of(&resolver);
        send_again(&resolver, &shuffled);
        let told = |resolver: &Resolver| {
            let mut told = Vec::new();
            resolver.view().unwrap().evidence(&mut |record| told.push(record.clone())).unwrap();
            told
        };
        let evidence = told(&resolver);
        prop_assert_eq!(subject::picture(&resolver), subject::picture(&naive), "{:?}", evidence.len());
        prop_assert_eq!(State::of(&resolver), state);
    }
}

/// The versions that stand.
fn latest(sent: &[Record]) -> Vec<Record> {
    let probe = Resolver::in_memory(policy()).unwrap();
    probe.add_all(sent.to_vec(), Ingest::default()).unwrap();
    let mut records = Vec::new();
    probe.view().unwrap().evidence(&mut |record| records.push(record.clone())).unwrap();
    records
}

#[test]
fn what_is_wrong_in_one_key_is_not_wrong_in_another() {
    let resolver = resolver();
    resolver.add_all(ann(), Ingest::default()).unwrap();
    resolver.fulfil(&name_and_address(), &asked("dsr-8")).unwrap();
    let anew = Record::new("crm", "3", at(3)).identifier("customer_id", "C1").attribute("name", "Anna Lea");
    assert!(resolver.add(anew).unwrap().issues.is_empty());
    assert!(resolver.remove(&RecordKey::new("crm", "1")).unwrap().is_some());
    resolver.add(ann().remove(0)).unwrap();
    assert_eq!(resolver.record(&RecordKey::new("crm", "1")).unwrap().unwrap().record.value("name"), None);
}

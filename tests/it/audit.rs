//! The log of who read or changed what: whatever is done to it is seen.

use onefold::{
    AccessRequest, Audit, AuditAction, AuditEntry, AuditHash, AuditSink, ConsentQuery, Error, ErrorKind, Identifier,
    IdentifierPolicy, LegalBasis, Policy, PurposePolicy, Record, Resolver, Result, Role, Timestamp, verify_audit,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

type Kept = Arc<Mutex<Vec<AuditEntry>>>;

fn at() -> Timestamp {
    "2026-01-05T11:00:00+01:00".parse().unwrap()
}

fn written(notes: &[(AuditAction, Option<&str>)]) -> (Vec<AuditEntry>, AuditHash) {
    let kept = Kept::default();
    let audit = Audit::new(kept.clone());
    for (action, purpose) in notes {
        audit.record("desk", *action, None, *purpose, None, at()).unwrap();
    }
    let entries = kept.lock().unwrap().clone();
    (entries, audit.head())
}

fn wrong(entries: &[AuditEntry]) -> String {
    let error = verify_audit(entries).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    error.to_string()
}

#[test]
fn an_empty_log_is_good_and_a_log_goes_on_after_its_last_entry() {
    assert_eq!(verify_audit(&[]).unwrap(), AuditHash::START);
    let kept = Kept::default();
    Audit::new(kept.clone()).record("a", AuditAction::Read, None, None, None, at()).unwrap();
    let last = kept.lock().unwrap()[0].clone();
    let audit = Audit::after(kept.clone(), &last);
    let entry = audit.record("b", AuditAction::Erase, None, None, Some("dsr-1"), at()).unwrap();
    assert_eq!((entry.sequence, entry.previous), (2, last.hash));
    assert_eq!(verify_audit(&*kept.lock().unwrap()).unwrap(), audit.head());
    assert_eq!(format!("{audit:?}"), "Audit(2 entries)");
}

#[test]
fn each_way_to_alter_a_log_is_named() {
    let (entries, head) = written(&[(AuditAction::Read, Some("care")); 4]);
    let missing = "stored data is damaged: the audit log from entry 2 on: one is missing, or stands elsewhere";
    let mut gone = entries.clone();
    gone.remove(1);
    assert_eq!(wrong(&gone), missing);
    let mut turned = entries.clone();
    turned.swap(1, 2);
    assert_eq!(wrong(&turned), missing);
    // Somebody who knows how entries are hashed, and hashes one anew.
    let (others, _) = written(&[(AuditAction::Read, Some("ads")); 4]);
    let mut forged = entries.clone();
    forged[1] = others[1].clone();
    assert_eq!(
        wrong(&forged),
        "stored data is damaged: the audit log from entry 2 on: it does not follow the one before it"
    );
    // That the end is gone shows in the last hash alone.
    assert_ne!(verify_audit(&entries[..3]).unwrap(), head);
}

/// Fails while it is told to.
#[derive(Default)]
struct Full(AtomicBool, Kept);

impl AuditSink for Full {
    fn append(&self, entry: &AuditEntry) -> Result<()> {
        if self.0.load(Ordering::SeqCst) {
            Err(Error::store("append", "the table is full"))
        } else {
            self.1.append(entry)
        }
    }
}

#[test]
fn what_is_not_kept_was_not_recorded() {
    let sink = Arc::new(Full::default());
    let audit = Audit::new(sink.clone());
    let record = || audit.record("a", AuditAction::Read, None, None, None, at());
    record().unwrap();
    sink.0.store(true, Ordering::SeqCst);
    assert_eq!(record().unwrap_err().kind(), ErrorKind::Store);
    sink.0.store(false, Ordering::SeqCst);
    assert_eq!(record().unwrap().sequence, 2);
    verify_audit(&*sink.1.lock().unwrap()).unwrap();
}

#[test]
fn lines_come_back_and_wrong_ones_are_refused_without_their_values() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let profile = resolver.add(Record::new("crm", "1", at()).identifier("customer_id", "C1")).unwrap().profile;
    let kept = Kept::default();
    let audit = Audit::new(kept.clone());
    let entry = audit.record("desk", AuditAction::Access, profile, Some("care"), Some("dsr-1"), at()).unwrap();
    assert_eq!(AuditEntry::from_json(&entry.to_json()).unwrap(), entry);
    for line in
        ["", "{}", "s3cr3t", r#"{"sequence":"s3cr3t"}"#, &entry.to_json().replace(&entry.hash.to_string(), "s3cr3t")]
    {
        let error = AuditEntry::from_json(line).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(!error.to_string().contains("s3cr3t"), "{error}");
    }
    assert!("xyz".parse::<AuditHash>().is_err() && "é".repeat(32).parse::<AuditHash>().is_err());
}

#[test]
fn reads_that_the_policy_wants_recorded_are_or_do_not_happen() {
    let care = PurposePolicy::new("care").basis(LegalBasis::Contract).recorded();
    let policy = Policy::builder()
        .identifier(IdentifierPolicy::new("customer_id", Role::Person).purposes(["care"]))
        .purpose(care)
        .purpose(PurposePolicy::new("ads"))
        .build()
        .unwrap();
    let kept = Kept::default();
    let plain = Resolver::in_memory(policy.clone()).unwrap();
    let recorded = Resolver::in_memory(policy).unwrap().with_audit(Audit::new(kept.clone()));
    let add = |resolver: &Resolver| {
        resolver.add(Record::new("crm", "1", at()).identifier("customer_id", "C1")).unwrap().profile.unwrap()
    };
    let query = ConsentQuery::new("Care");
    let read = |resolver: &Resolver, query: &ConsentQuery| {
        let id = add(resolver);
        let view = resolver.view().unwrap();
        view.for_purpose(id, query, at()).map(|found| found.unwrap().profile().unwrap().is_some())
    };
    let error = read(&plain, &query).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().contains("wants reads for this purpose recorded")),
        (ErrorKind::Config, true)
    );
    assert_eq!(read(&recorded, &query).unwrap_err().kind(), ErrorKind::Input);
    assert!(read(&recorded, &query.clone().by("desk-7")).unwrap());
    // What is not seen is not read, and what need not be recorded is not.
    assert!(!read(&plain, &ConsentQuery::new("ads")).unwrap());
    let request = AccessRequest::new("dsr-1", at()).proved(Identifier::new("customer_id", "C1")).signed_in();
    let report = recorded.view().unwrap().access(&request).unwrap();
    let entries = kept.lock().unwrap().clone();
    let told: Vec<_> = entries.iter().map(|entry| (entry.actor.as_str(), entry.action, entry.profile)).collect();
    let profile = report.profile;
    assert_eq!(told, [("desk-7", AuditAction::Read, profile), ("data subject", AuditAction::Access, profile)]);
    assert_eq!((entries[0].purpose.as_deref(), entries[1].request.as_deref()), (Some("Care"), Some("dsr-1")));
    verify_audit(&entries).unwrap();
}

proptest! {
    #[test]
    fn a_bit_that_is_altered_is_seen(
        notes in vec((select(vec![AuditAction::Read, AuditAction::Change]), option::of(select(vec!["", "care", "ads"]))), 1..8),
        place in any::<prop::sample::Index>(), what in 0..7_u8,
    ) {
        let (entries, head) = written(&notes);
        prop_assert_eq!(verify_audit(&entries).unwrap(), head);
        let mut altered = entries.clone();
        let entry = place.get(&altered).sequence as usize - 1;
        let entry = &mut altered[entry];
        match what {
            0 => entry.sequence += 1,
            1 => entry.at = "2026-01-05T10:00:00Z".parse().unwrap(),
            2 => entry.actor = "desl".into(),
            3 => entry.action = AuditAction::Lift,
            4 => entry.purpose = if entry.purpose.is_some() { None } else { Some("".into()) },
            5 => entry.request = Some("".into()),
            _ => entry.previous = entry.hash,
        }
        prop_assert!(verify_audit(&altered).is_err());
    }
}

//! Times to live one by one: the calendar, the boundary, what goes and what stays, and what nothing reads.

use crate::script;
use crate::subject;
use crate::sweep::{exported, fresh, in_steps, keep, time};
use onefold::store::ProfileEvent;
use onefold::{
    AttributePolicy, Compare, Consent, ConsentStatus, DataKind, DropReason, Dropped, Event, EventKind, Identifier,
    IdentifierPolicy, LegalBasis, Links, PermissionReason, Policy, PurposePolicy, Record, RecordKey, Resolver, Role,
    Timestamp,
};

#[test]
fn a_time_is_the_calendars_and_ends_at_an_instant() {
    for (told, text, end) in [
        ("2026-01-31T10:00:00Z", "P1M", "2026-02-28T10:00:00Z"),
        ("2028-01-31T10:00:00Z", "P1M", "2028-02-29T10:00:00Z"),
        ("2026-01-30T23:59:59.999999Z", "P1M", "2026-02-28T23:59:59.999999Z"),
        ("2024-02-29T10:00:00Z", "P1Y", "2025-02-28T10:00:00Z"),
        ("2024-02-29T10:00:00Z", "P4Y", "2028-02-29T10:00:00Z"),
        ("2024-02-28T10:00:00Z", "P2Y", "2026-02-28T10:00:00Z"),
        ("2025-01-31T10:00:00Z", "P13M", "2026-02-28T10:00:00Z"),
        ("2026-01-31T10:00:00Z", "P30D", "2026-03-02T10:00:00Z"),
        ("2026-01-31T10:00:00Z", "P2W", "2026-02-14T10:00:00Z"),
        ("2026-01-31T10:00:00Z", "PT36H", "2026-02-01T22:00:00Z"),
        ("2025-12-31T10:00:00Z", "P1M1DT1S", "2026-02-01T10:00:01Z"),
        ("1969-12-31T23:59:59Z", "PT2S", "1970-01-01T00:00:01Z"),
        // The last of the month where it was told, which in UTC is the first.
        ("2026-01-31T23:30:00-01:00", "P1M", "2026-02-28T23:30:00-01:00"),
    ] {
        let (told, end, keep) = (time(told), time(end), keep(text));
        assert_eq!(keep.end(told), Some(end), "{text} from {told}");
        let by = |microseconds: i64| Timestamp::from_microseconds(end.microseconds() + microseconds).unwrap();
        assert_eq!(
            [by(-1), by(0), by(1)].map(|now| keep.is_over(told, now)),
            [false, true, true],
            "{text} from {told}"
        );
        // As a sweep has it.
        let attribute = AttributePolicy::new("city", Compare::Text).keep(keep);
        let resolver = fresh(&Policy::builder().attribute(attribute).build().unwrap());
        resolver.add(Record::new("crm", "1", told).attribute("city", "Graz").identifier("no", "kind")).unwrap();
        assert!(!resolver.sweep(by(-1)).unwrap().anything());
        assert!(resolver.sweep(by(0)).unwrap().anything(), "{text} from {told}");
    }
    assert_eq!(keep("P9000Y").end(time("2026-01-31T10:00:00Z")), None);
    assert!(!keep("P9000Y").is_over(time("2026-01-31T10:00:00Z"), time("9999-12-30T00:00:00Z")));
}

#[test]
fn a_wrong_time_is_refused_with_its_field() {
    let reasons = [
        ("P0D", "is not longer than nothing"),
        ("-P1M", "is not longer than nothing"),
        ("2 years", "is not a duration of ISO 8601 (as `P2Y` or `P30D`)"),
        ("P", "is not a duration of ISO 8601 (as `P2Y` or `P30D`)"),
        ("P2H", "is not a duration of ISO 8601 (as `P2Y` or `P30D`)"),
        ("", "is not a duration of ISO 8601 (as `P2Y` or `P30D`)"),
        ("PT0.0000001S", "has parts of a microsecond"),
    ];
    let places = [
        ("undeclared_keep = {}", "undeclared_keep"),
        ("[[identifier]]\nkind = \"email\"\nrole = \"contact\"\nkeep = {}", "identifier[0].keep"),
        ("[[attribute]]\nname = \"city\"\nkeep = {}", "attribute[0].keep"),
        ("[[purpose]]\nname = \"ads\"\nkeep = {}", "purpose[0].keep"),
        ("[event.keep]\nview = {}", "event.keep.view"),
    ];
    for (text, reason) in reasons {
        for (toml, field) in places {
            let toml = toml.replace("{}", &format!("\"{text}\""));
            let error = Policy::from_toml(&toml).unwrap_err();
            let line = toml.lines().count();
            assert_eq!(error.to_string(), format!("policy field `{field}`: line {line}: duration: {reason}"), "{toml}");
        }
    }
    let wrong = |toml: &str| Policy::from_toml(toml).unwrap_err().to_string();
    assert_eq!(wrong("[event.keep]\nfitting = \"P1D\""), "policy field `event.keep.fitting`: is of no kind of event");
    let kinds = "[event.keep]\n\"custom:fitting\" = \"P1D\"\nview = \"P1Y2M3W4DT5H6M7.5S\"";
    let policy = Policy::from_toml(kinds).unwrap();
    assert_eq!(Policy::from_toml(&policy.to_toml().unwrap()).unwrap(), policy);
    assert_eq!(Policy::from_json(&policy.to_json().unwrap()).unwrap(), policy);
    let schema: serde_json::Value = serde_json::from_str(Policy::json_schema()).unwrap();
    let pattern = regex::Regex::new(schema["$defs"]["time_to_live"]["pattern"].as_str().unwrap()).unwrap();
    for text in ["P2Y", "P13M", "P30D", "PT36H", "P1Y2M3W4DT5H6M7.5S"] {
        assert!(pattern.is_match(text) && keep(text).to_string() == text, "{text}");
    }
    assert!(!pattern.is_match("2 years") && !pattern.is_match("-P1M"));
}

fn shop() -> Policy {
    Policy::builder()
        .identifier(IdentifierPolicy::new("customer_id", Role::Person))
        .identifier(IdentifierPolicy::new("email", Role::Contact))
        .identifier(IdentifierPolicy::new("device_id", Role::Device).keep(keep("P13M")))
        .attribute(AttributePolicy::new("city", Compare::Text).keep(keep("P2Y")).purposes(["delivery"]))
        .attribute(AttributePolicy::new("shoe_size", Compare::Exact).purposes(["ads"]))
        .purpose(PurposePolicy::new("delivery"))
        .purpose(PurposePolicy::new("ads").keep(keep("P1Y")))
        .event_keep(&EventKind::View, keep("P30D"))
        .event_keep(&EventKind::Offer, keep("P30D"))
        .event_keep(&EventKind::Consent, keep("P1Y"))
        .build()
        .unwrap()
}

fn at(day: u32) -> Timestamp {
    time(&format!("2024-01-{day:02}T10:00:00Z"))
}

#[test]
fn a_record_that_goes_leaves_its_ids_to_the_rest() {
    let resolver = fresh(&shop());
    let old = Record::new("web", "1", at(1)).identifier("device_id", "tablet").attribute("shoe_size", "38");
    let web = resolver.add(old.clone()).unwrap().profile.unwrap();
    let crm = Record::new("crm", "42", time("2026-01-01T10:00:00Z")).identifier("device_id", "tablet");
    let crm = resolver.add(crm.identifier("email", "ann@example.org")).unwrap().profile.unwrap();
    assert_eq!(web, crm, "one person, by the device");
    let done = resolver.sweep(time("2026-02-01T10:00:00Z")).unwrap();
    assert_eq!((done.seen, done.records_removed, done.records_shortened), (2, 1, 0));
    let row = |what, name: &str, reason| Dropped { what, name: Some(name.into()), reason, count: 1 };
    let expected = [
        row(DataKind::Identifier, "device_id", DropReason::TimeToLive),
        row(DataKind::Attribute, "shoe_size", DropReason::NoPurpose),
    ];
    assert_eq!(done.dropped, expected);
    assert_eq!(resolver.profile_of(&RecordKey::new("crm", "42")).unwrap(), Some(web), "the id that was given first");
    let feed = resolver.changes(0, usize::MAX).unwrap();
    assert_eq!(feed.last().unwrap().event, ProfileEvent::Shrunk { profile: web });
    // What is sent again stands again, until it is swept again.
    resolver.add(old.clone()).unwrap();
    assert!(resolver.record(&old.key).unwrap().is_some());
    assert_eq!(resolver.sweep(time("2026-02-01T10:00:00Z")).unwrap().records_removed, 1);
    // One that is newer has a time of its own.
    resolver.add(Record { at: time("2026-01-31T10:00:00Z"), ..old }).unwrap();
    assert!(!resolver.sweep(time("2026-02-01T10:00:00Z")).unwrap().anything());
}

#[test]
fn an_identifier_that_goes_parts_whom_it_held_together() {
    let resolver = fresh(&shop());
    let web = Record::new("web", "1", at(1)).identifier("device_id", "tablet").identifier("email", "ann@example.org");
    let (now, later) = (time("2024-12-01T10:00:00Z"), time("2025-02-01T10:00:00Z"));
    resolver.add(web).unwrap();
    let anonymous = Record::new("app", "2", time("2024-11-01T10:00:00Z")).identifier("device_id", "tablet");
    resolver.add(anonymous).unwrap();
    let together = || {
        let of = |source, key| resolver.profile_of(&RecordKey::new(source, key)).unwrap().unwrap();
        of("web", "1") == of("app", "2")
    };
    assert!(!resolver.sweep(now).unwrap().anything() && together());
    assert_eq!(resolver.sweep(later).unwrap().records_shortened, 1);
    assert!(!together());
    assert_eq!(resolver.record(&RecordKey::new("web", "1")).unwrap().unwrap().record.identifiers.len(), 1);
}

#[test]
fn what_took_no_part_goes_and_the_ledger_stays() {
    let resolver = fresh(&shop());
    let aside = Record::new("crm", "two", at(1)).identifier("customer_id", "1").identifier("customer_id", "2");
    assert!(resolver.add(aside.attribute("city", "Graz")).unwrap().profile.is_none());
    let view = |key: &str, source: &str| Event::new(source, key, at(2), EventKind::View);
    assert!(resolver.add_event(view("1", "web")).unwrap().profile.is_none());
    let offer = Event::new(Event::LEDGER, "offer:x", at(2), EventKind::Offer).identifier("email", "ann@example.org");
    resolver.add_event(offer).unwrap();
    let now = time("2026-02-01T10:00:00Z");
    for limit in [1, 100] {
        let done = in_steps(&resolver, now, limit);
        assert_eq!(done.anything(), limit == 1);
    }
    let counts = resolver.stats().unwrap().counts;
    assert_eq!((counts.records, counts.quarantined, counts.events, counts.dormant_trails), (1, 1, 1, 1));
    assert!(resolver.record(&RecordKey::new("crm", "two")).unwrap().unwrap().record.attributes.is_empty());
}

/// What is said on two days, under which identifiers, and whether the first goes.
#[test]
fn a_consent_goes_only_where_a_later_one_says_all_of_it() {
    use ConsentStatus::{Denied, Expired, Granted, Unknown, Withdrawn};
    let consent = |status| Consent::new("ads", status);
    let yes = || consent(Granted);
    let until = |text: &str| yes().expires(time(text));
    let email: &[(&str, &str)] = &[("email", "a@x.org")];
    let both: &[(&str, &str)] = &[("email", "a@x.org"), ("customer_id", "C1")];
    let phone: &[(&str, &str)] = &[("email", "b@x.org")];
    let with_device: &[(&str, &str)] = &[("email", "a@x.org"), ("device_id", "tablet")];
    type Identifiers<'a> = &'a [(&'a str, &'a str)];
    let rows: [(Consent, Identifiers<'_>, Consent, Identifiers<'_>, bool); 17] = [
        (yes(), email, consent(Denied), email, true),
        (consent(Denied), email, consent(Withdrawn), email, true),
        (consent(Denied), both, consent(Unknown), both, true),
        (until("2030-01-01T00:00:00Z"), email, consent(Expired), email, true),
        (yes(), email, yes(), email, true),
        (yes(), both, until("2030-01-01T00:00:00Z"), both, true),
        // What ends may speak otherwise than what does not, when it is over.
        (until("2030-01-01T00:00:00Z"), email, yes(), email, false),
        // A yes may take back less than the refusal that it follows.
        (consent(Denied), email, yes(), email, false),
        (consent(Withdrawn), both, yes(), both, false),
        (consent(Unknown), email, yes(), email, false),
        // Of something else, or somebody else.
        (yes(), email, consent(Denied).channel("sms"), email, false),
        (yes().channel("sms"), email, consent(Denied), email, false),
        (yes(), email, Consent::new("other", Denied), email, false),
        (yes(), email, consent(Denied), phone, false),
        (yes(), email, consent(Denied), both, false),
        (yes(), with_device, consent(Denied), with_device, false),
        (Consent::new("Ads ", Granted).channel("SMS"), email, consent(Denied).channel("sms"), email, true),
    ];
    for (row, (first, by, second, later_by, goes)) in rows.into_iter().enumerate() {
        let resolver = fresh(&shop());
        let event = |key: &str, day, consent, by: &[(&str, &str)]| {
            let event = Event::of_consent("web", key, at(day), consent);
            by.iter().fold(event, |event, (kind, value)| event.identifier(*kind, *value))
        };
        resolver.add_event(event("1", 1, first, by)).unwrap();
        resolver.add_event(event("2", 2, second, later_by)).unwrap();
        let stays = |key| resolver.consent(&RecordKey::new("web", key)).unwrap().is_some();
        assert!(!resolver.sweep(time("2024-12-31T10:00:00Z")).unwrap().anything(), "row {row}: within its time");
        for limit in [1, 10] {
            let done = in_steps(&resolver, time("2026-01-01T10:00:00Z"), limit);
            assert_eq!(done.consents_kept, if goes { 1 } else { 2 }, "row {row}");
            assert_eq!((stays("1"), stays("2")), (!goes, true), "row {row}");
        }
    }
    // What is said of the future, and at the same time, replaces nothing yet; nor does what another source says.
    for (source, second) in [("web", at(1)), ("web", time("2027-01-01T00:00:00Z")), ("app", at(2))] {
        let resolver = fresh(&shop());
        let say = |source, key, at, status| {
            let event = Event::of_consent(source, key, at, consent(status)).identifier("email", "a@x.org");
            resolver.add_event(event).unwrap();
        };
        say("web", "1", at(1), Granted);
        say(source, "2", second, Denied);
        assert!(!resolver.sweep(time("2026-01-01T10:00:00Z")).unwrap().anything(), "{source} {second}");
    }
}

/// What was told under an address, whether it holds back, and what is asked for.
#[test]
fn a_refusal_is_heard_when_the_address_is_over_its_time() {
    let policy = Policy::builder()
        .identifier(IdentifierPolicy::new("email", Role::Contact).keep(keep("P1Y")))
        .identifier(IdentifierPolicy::new("phone", Role::Contact))
        .purpose(PurposePolicy::new("ads").basis(LegalBasis::LegitimateInterest))
        .build()
        .unwrap();
    let now = time("2026-01-01T10:00:00Z");
    let until = Consent::new("ads", ConsentStatus::Granted).expires(time("2027-01-01T10:00:00Z"));
    for (said, is_kept) in [
        (Consent::new("ads", ConsentStatus::Denied), true),
        (Consent::new("ads", ConsentStatus::Unknown), true),
        (until, true),
        (Consent::new("ads", ConsentStatus::Granted), false),
    ] {
        let resolver = fresh(&policy);
        let ann = Record::new("crm", "1", at(1)).identifier("email", "ann@x.org").identifier("phone", "+43 1");
        let ann = resolver.add(ann).unwrap().profile.unwrap();
        let told = Event::of_consent("web", "1", at(2), said).identifier("email", " ann@x.org");
        resolver.add_event(told).unwrap();
        let may = || resolver.may(ann, "ads", "phone", now).unwrap().unwrap();
        let before = may();
        for _ in 0..2 {
            let done = in_steps(&resolver, now, 1);
            assert_eq!((done.identifiers_kept, done.records_shortened), (u64::from(is_kept), u64::from(!is_kept)));
            if is_kept {
                assert_eq!(may(), before);
            } else {
                // A yes without an end holds nobody back, and does not speak for who is nobody's.
                assert_eq!((before.reason, may().reason), (PermissionReason::Granted, PermissionReason::Basis));
                break;
            }
        }
    }
}

#[test]
fn what_is_sent_again_as_it_was_does_not_undo_a_sweep() {
    let resolver = fresh(&shop());
    let now = time("2026-02-01T10:00:00Z");
    let ann = Record::new("crm", "1", at(1)).identifier("customer_id", "1").identifier("device_id", "tablet");
    let ann = ann.attribute("city", "Graz").attribute("other", "x");
    resolver.add(ann.clone()).unwrap();
    assert_eq!(resolver.sweep(now).unwrap().records_shortened, 1);
    let left = exported(&resolver);
    assert_eq!(resolver.add(ann).unwrap().because, [onefold::Because::Unchanged]);
    assert_eq!(exported(&resolver), left);
}

#[test]
fn a_shorter_version_stands_whichever_is_the_larger() {
    let email = IdentifierPolicy::new("email", Role::Contact).keep(keep("P1Y"));
    let resolver = fresh(&Policy::builder().identifier(email).build().unwrap());
    let two = Record::new("crm", "1", at(1)).identifier("email", "a@x.org").identifier("email", "b@x.org");
    resolver.add(two.clone()).unwrap();
    let no = Event::of_consent("web", "1", at(1), Consent::new("ads", ConsentStatus::Denied));
    resolver.add_event(no.identifier("email", "b@x.org")).unwrap();
    let one = Record { identifiers: vec![Identifier::new("email", "b@x.org")], ..two.clone() };
    assert!(!one.supersedes(&two), "a value alone is written shorter than a list");
    assert_eq!(resolver.sweep(time("2026-02-01T10:00:00Z")).unwrap().records_shortened, 1);
    assert_eq!(*resolver.record(&one.key).unwrap().unwrap().record, one);
}

#[test]
fn a_trail_ends_with_the_newest_event_that_is_left() {
    // Whose the tablet is turns on when each of them used it last.
    let policy = Policy::builder()
        .identifier(IdentifierPolicy::new("customer_id", Role::Person))
        .identifier(IdentifierPolicy::new("device_id", Role::Device))
        .event_keep(&EventKind::View, keep("P30D"))
        .build()
        .unwrap();
    let resolver = fresh(&policy);
    let used = |who: &str, day, kind| {
        let event = Event::new("web", format!("{who}{day}"), at(day), kind).identifier("device_id", "tablet");
        resolver.add_event(event.identifier("customer_id", who)).unwrap().profile.unwrap()
    };
    let ann = used("ann", 1, EventKind::Purchase);
    let ben = used("ben", 2, EventKind::Purchase);
    used("ann", 3, EventKind::View);
    let holder = || resolver.find(&Identifier::new("device_id", "tablet")).unwrap().profile.unwrap();
    assert_eq!(holder(), ann);
    assert!(resolver.sweep(time("2024-06-01T10:00:00Z")).unwrap().anything());
    assert_eq!(holder(), ben);
}

#[test]
fn a_kind_without_a_time_of_its_own_keeps_its_consents() {
    let mut policy = shop();
    policy.event.keep.remove("consent");
    policy.event.purposes.insert("consent".into(), vec!["ads".into()]);
    let resolver = fresh(&policy.into_builder().build().unwrap());
    for day in 1..5 {
        let no = Consent::new("ads", ConsentStatus::Denied);
        let event = Event::of_consent("web", day.to_string(), at(day), no).identifier("email", "a@x.org");
        resolver.add_event(event).unwrap();
    }
    assert!(!resolver.sweep(time("2036-01-01T10:00:00Z")).unwrap().anything());
}

#[test]
fn a_long_trail_is_counted_as_if_the_rest_had_never_been() {
    let kinds = [EventKind::View, EventKind::Purchase, EventKind::View];
    let event = |number: u32| {
        let at = Timestamp::from_microseconds(at(1).microseconds() + i64::from(number) * 1_800_000_000).unwrap();
        let event = Event::new("web", number.to_string(), at, kinds[number as usize % 3].clone());
        let line =
            onefold::Line::new(format!("sku-{}", number % 5)).facet("colour", ["grey", "black"][number as usize % 2]);
        event.identifier("customer_id", "C1").line(line)
    };
    let events: Vec<Event> = (0..4_000).map(event).collect();
    let now = time("2024-04-10T10:00:00Z");
    let (resolver, never) = (fresh(&shop()), fresh(&shop()));
    resolver.add_events(events.clone(), subject::ingest(1000)).unwrap();
    let is_left = |event: &Event| event.kind != EventKind::View || !keep("P30D").is_over(event.at, now);
    never.add_events(events.into_iter().filter(is_left).collect(), subject::ingest(1000)).unwrap();
    let done = in_steps(&resolver, now, 700);
    assert_eq!((done.seen, done.dropped.len()), (4_000, 1));
    let whose = |resolver: &Resolver| resolver.find(&Identifier::new("customer_id", "C1")).unwrap().profile.unwrap();
    let deeds = |resolver: &Resolver| resolver.deeds(whose(resolver), now).unwrap().unwrap();
    assert_ne!(deeds(&never), onefold::Deeds::default());
    assert_eq!(deeds(&resolver), deeds(&never));
    assert_eq!(resolver.stats().unwrap().counts, never.stats().unwrap().counts);
    assert_eq!(exported(&resolver), exported(&never));
}

#[test]
fn a_report_and_a_place_hold_no_value() {
    let resolver = fresh(&shop());
    let secret = "ann-secret";
    for key in ["1", "2", "3"] {
        let record = Record::new(secret, format!("{secret}{key}"), at(1)).identifier("device_id", secret);
        resolver.add(record.attribute("city", secret).attribute(secret, secret)).unwrap();
        let event = Event::new(secret, format!("{secret}{key}"), at(1), EventKind::View);
        resolver.add_event(event.identifier("email", secret)).unwrap();
    }
    let mut next = None;
    loop {
        let step = resolver.sweep_step(time("2026-01-01T10:00:00Z"), next, 1).unwrap();
        for shown in [serde_json::to_string(&step).unwrap(), format!("{step:?}")] {
            assert!(!shown.contains(secret), "{shown}");
        }
        next = step.next;
        if next.is_none() {
            break;
        }
    }
}

#[test]
fn what_nothing_reads_is_listed() {
    use onefold::{DataUse, ReadBy, Survive};
    let text = |name: &str| AttributePolicy::new(name, Compare::Text);
    let policy = Policy::builder()
        .identifier(IdentifierPolicy::new("email", Role::Contact).corroborate(["city"]))
        .identifier(IdentifierPolicy::new("fax", Role::Contact).links(Links::None))
        .identifier(IdentifierPolicy::new("order_id", Role::Session).links(Links::None))
        .order("order_id")
        .attribute(text("city"))
        .attribute(text("street").group("home").survive([Survive::Verified]).purposes(["delivery"]))
        .attribute(text("flat").group("home").verified_by("checked"))
        .attribute(text("checked"))
        .attribute(text("first_channel").group("home").survive([Survive::First]))
        .attribute(AttributePolicy::new("given", Compare::GivenName))
        .attribute(AttributePolicy::new("family", Compare::Surname).exclusive())
        .attribute(text("religion").keep(keep("P1Y")))
        .attribute(text("nobody_has_it"))
        .household(onefold::HouseholdPolicy::new().attributes(["flat"]))
        .purpose(PurposePolicy::new("delivery"))
        .build()
        .unwrap();
    let resolver = fresh(&policy);
    let record = |key: &str| Record::new("crm", key, at(1)).identifier("email", key).identifier("email", "b");
    let of = |record: Record| {
        let names = ["city", "street", "flat", "checked", "first_channel", "given", "family", "religion"];
        names.iter().fold(record, |record, name| record.attribute(*name, "x"))
    };
    resolver.add(of(record("1")).identifier("fax", "1").attribute("shoe_size", "38")).unwrap();
    resolver.add(of(record("2")).attribute("religion", "  ").attribute("shoe_size", "39")).unwrap();
    resolver
        .add_event(Event::new("web", "1", at(1), EventKind::View).identifier("email", "1").identifier("fax", "2"))
        .unwrap();
    resolver.add_event(Event::new("web", "2", at(1), EventKind::View).identifier("unknown", "1")).unwrap();
    let found = resolver.minimisation().unwrap();
    let rows: Vec<(&str, u64, u64, &[ReadBy])> =
        found.rows.iter().map(|row| (row.name.as_str(), row.records, row.trails, row.read_by.as_slice())).collect();
    let delivery = || ReadBy::Purpose("delivery".into());
    let expected: [(&str, u64, u64, &[ReadBy]); 13] = [
        ("email", 2, 1, &[ReadBy::Link]),
        ("fax", 1, 1, &[]),
        ("order_id", 0, 0, &[ReadBy::Order]),
        ("city", 2, 0, &[ReadBy::Corroborate("email".into())]),
        ("street", 2, 0, &[delivery(), ReadBy::Group("flat".into())]),
        ("flat", 2, 0, &[ReadBy::Household, ReadBy::Group("street".into())]),
        ("checked", 2, 0, &[ReadBy::Verified("flat".into())]),
        ("first_channel", 2, 0, &[]),
        ("given", 2, 0, &[ReadBy::Exclusive, ReadBy::Access]),
        ("family", 2, 0, &[ReadBy::Exclusive]),
        ("religion", 1, 0, &[]),
        ("nobody_has_it", 0, 0, &[]),
        ("shoe_size", 2, 0, &[]),
    ];
    assert_eq!(rows, expected);
    assert_eq!((found.records, found.left_out), (2, 0));
    let unread: Vec<&str> = found.unread().map(|row| row.name.as_str()).collect();
    assert_eq!(unread, ["fax", "first_channel", "religion", "shoe_size"]);
    let religion: &DataUse = &found.rows[10];
    assert_eq!((religion.keep, religion.declared, found.rows[12].declared), (Some(keep("P1Y")), true, false));
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["rows"][4]["read_by"][0], serde_json::json!({ "purpose": "delivery" }));
    assert_eq!(json["rows"][10]["keep"], serde_json::json!("P1Y"));

    let linked = policy.clone().into_builder().linkage(script::likeness(&policy, 9, 0.9, -2.0)).build().unwrap();
    resolver.set_policy(linked).unwrap();
    let found = resolver.minimisation().unwrap();
    assert!(found.rows[..12].iter().all(|row| row.read_by.contains(&ReadBy::Comparison)));
    assert!(found.rows[..12].iter().all(|row| row.read_by.contains(&ReadBy::Block)));
}

#[test]
fn words_and_sentiments_are_listed() {
    use onefold::{NotedBy, Polarity, Preference, ReadBy};
    let policy = Policy::builder()
        .identifier(IdentifierPolicy::new("email", Role::Contact))
        .purpose(PurposePolicy::new("care"))
        .event_keep(&EventKind::Contact, keep("P1Y"))
        .event_purposes(&EventKind::Contact, ["care"])
        .build()
        .unwrap();
    let resolver = fresh(&policy);
    let event = |key: &str, kind: EventKind| Event::new("web", key, at(1), kind).identifier("email", &key[..1]);
    let wish = Preference::new("topping", "x", Polarity::Like, NotedBy::Customer);
    for event in [
        event("a1", EventKind::Contact).text("no").sentiment("-0.2"),
        event("a2", EventKind::Contact).text("yes"),
        event("b1", EventKind::Contact).text("").sentiment(""),
        event("b2", EventKind::View).text("odd").sentiment("0.1"),
        event("b3", EventKind::Search).text("coat"),
        event("b4", EventKind::Custom("chat".into())).text("hello"),
        event("b5", EventKind::Purchase).text("no onions").preference(wish),
        // Of nobody.
        Event::new("web", "c1", at(1), EventKind::Contact).text("hello").identifier("unknown", "1"),
    ] {
        resolver.add_event(event).unwrap();
    }
    let found = resolver.minimisation().unwrap();
    let rows = found.rows.iter().filter(|row| row.what == DataKind::Event);
    let rows: Vec<(&str, u64, u64, &[ReadBy])> =
        rows.map(|row| (row.name.as_str(), row.trails, row.events, row.read_by.as_slice())).collect();
    let care = || ReadBy::Purpose("care".into());
    let expected: [(&str, u64, u64, &[ReadBy]); 7] = [
        ("view.sentiment", 1, 1, &[ReadBy::Feeling]),
        ("view.text", 1, 1, &[]),
        ("search.text", 1, 1, &[ReadBy::Search]),
        ("purchase.text", 1, 1, &[ReadBy::Preference]),
        ("contact.sentiment", 1, 1, &[ReadBy::Feeling, care()]),
        ("contact.text", 1, 2, &[ReadBy::Feeling, care()]),
        ("custom:chat.text", 1, 1, &[ReadBy::Feeling]),
    ];
    assert_eq!(rows, expected);
    assert_eq!(found.unread().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["view.text"]);
    let of = |name: &str| found.rows.iter().find(|row| row.name == name).unwrap();
    assert_eq!((of("contact.text").keep, of("contact.text").declared), (Some(keep("P1Y")), true));
    assert_eq!((of("view.text").keep, of("view.text").declared), (None, false));
}

#[test]
fn undeclared_names_are_bounded_whatever_their_order() {
    let names: Vec<String> = (0..1_500).map(|number| format!("n{number:04}")).collect();
    let found = |names: &[&String]| {
        let resolver = fresh(&Policy::builder().build().unwrap());
        for (key, names) in names.chunks(100).enumerate() {
            let record = Record::new("crm", key.to_string(), at(1));
            resolver.add(names.iter().fold(record, |record, name| record.attribute(name.as_str(), "x"))).unwrap();
        }
        resolver.minimisation().unwrap()
    };
    let (one, other) = (found(&names.iter().collect::<Vec<_>>()), found(&names.iter().rev().collect::<Vec<_>>()));
    assert_eq!(one, other);
    assert_eq!((one.rows.len(), one.left_out, one.rows[1023].name.as_str()), (1024, 476, "n1023"));
}

//! Segments: what rules say of facts and why, what facts say of profiles, and an index that is always as from scratch.

use crate::properties::config;
use crate::script;
use crate::subject;
use onefold::{
    AttributePolicy, Compare, Consent, ConsentQuery, ConsentStatus, Eligibility, Event, EventKind, Facts,
    IdentifierPolicy, Ingest, Line, Policy, PurposePolicy, Record, Resolver, Role, Segment, SegmentIndex, SegmentSet,
    Standing, Timestamp, Value,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn set(json: &str) -> SegmentSet {
    serde_json::from_str(json).unwrap()
}

/// The standing, and the deciding parts as `holds missing`.
fn check(rule: &str, expected: Standing, because: &[(&str, Option<bool>)]) {
    let earlier = r#"{"name":"young","rule":{"at_most":["age",30]}},{"name":"odd","rule":{"exists":"hat"}},{"name":"rich","rule":{"at_least":["income",9]}}"#;
    let set = set(&format!(r#"[{earlier},{{"name":"asked","rule":{rule}}}]"#));
    let facts = Facts::default().attribute("age", 20).attribute("city", "Graz").attribute("empty", "").segment("rich");
    let told = set.judge(&facts).pop().unwrap();
    assert_eq!((told.segment.as_str(), told.standing), ("asked", expected), "{rule}");
    let name = |rule: &Eligibility| match rule {
        Eligibility::Always => "always".to_owned(),
        Eligibility::Equals(name, _) | Eligibility::OneOf(name, _) | Eligibility::Exists(name) => name.to_string(),
        Eligibility::AtLeast(name, _) | Eligibility::AtMost(name, _) | Eligibility::Segment(name) => name.to_string(),
        Eligibility::All(_) | Eligibility::Any(_) | Eligibility::Not(_) => "parts".to_owned(),
    };
    let reasons: Vec<(String, Option<bool>)> =
        told.because.iter().map(|reason| (name(&reason.rule), reason.holds)).collect();
    let because: Vec<(String, Option<bool>)> =
        because.iter().map(|(name, holds)| ((*name).to_owned(), *holds)).collect();
    assert_eq!(reasons, because, "{rule}");
    for reason in &told.because {
        assert_eq!(reason.missing.as_deref().map(str::to_owned), reason.holds.is_none().then(|| name(&reason.rule)));
    }
}

#[test]
fn a_rule_says_what_decides_it() {
    use Standing::{In, Out, Unknown};
    let (yes, no) = (Some(true), Some(false));
    check(r#""always""#, In, &[("always", yes)]);
    check(r#"{"at_least":["age",18]}"#, In, &[("age", yes)]);
    check(r#"{"not":{"at_least":["age",18]}}"#, Out, &[("age", yes)]);
    check(r#"{"exists":"empty"}"#, Out, &[("empty", no)]);
    check(r#"{"equals":["gone",1]}"#, Unknown, &[("gone", None)]);
    check(r#"{"not":{"equals":["gone",1]}}"#, Unknown, &[("gone", None)]);
    check(r#"{"at_least":["city",1]}"#, Unknown, &[("city", None)]);
    // The first that ends it; all that make it whole; all that are missing.
    check(
        r#"{"all":[{"exists":"city"},{"equals":["gone",1]},{"equals":["city","Linz"]},{"exists":"hat"}]}"#,
        Out,
        &[("city", no)],
    );
    check(r#"{"all":[{"exists":"city"},{"exists":"age"}]}"#, In, &[("city", yes), ("age", yes)]);
    check(
        r#"{"all":[{"exists":"city"},{"equals":["gone",1]},{"equals":["lost",1]}]}"#,
        Unknown,
        &[("gone", None), ("lost", None)],
    );
    check(r#"{"any":[{"equals":["gone",1]},{"exists":"city"},{"exists":"age"}]}"#, In, &[("city", yes)]);
    check(r#"{"any":[{"exists":"hat"},{"exists":"coat"}]}"#, Out, &[("hat", no), ("coat", no)]);
    check(r#"{"any":[{"exists":"hat"},{"equals":["gone",1]}]}"#, Unknown, &[("gone", None)]);
    check(r#"{"all":[]}"#, In, &[]);
    check(r#"{"any":[]}"#, Out, &[]);
    // Other segments are as they stand here: what facts bring along is not asked.
    check(r#"{"all":[{"segment":"young"},{"not":{"segment":"odd"}}]}"#, In, &[("young", yes), ("odd", no)]);
    check(r#"{"segment":"rich"}"#, Unknown, &[("rich", None)]);
}

#[test]
fn a_set_that_cannot_be_judged_is_refused() {
    let refused = |segments: Vec<Segment>, field: &str, reason: &str| {
        let error = SegmentSet::new(segments).unwrap_err().to_string();
        assert!(error.contains(field) && error.contains(reason), "{error}");
    };
    let plain = |name: &str| Segment::new(name, Eligibility::Always);
    refused(vec![plain(" ")], "segment[0].name", "missing");
    refused(vec![plain("a"), plain("a")], "segment[1].name", "twice");
    refused(vec![Segment::new("a", Eligibility::Segment("a".into()))], "segment[0].rule", "before");
    refused(vec![Segment::new("a", Eligibility::AtLeast("x".into(), f64::NAN))], "segment[0].rule", "no number");
    let deep = (0..17).fold(Eligibility::Always, |rule, _| Eligibility::Not(Box::new(rule)));
    assert!(SegmentSet::new([Segment::new("a", Eligibility::Not(Box::new(Eligibility::Always)))]).is_ok());
    refused(vec![Segment::new("a", deep)], "segment[0].rule", "deeper");
    let wide = Eligibility::Any(vec![Eligibility::Always; 1_000]);
    refused(vec![Segment::new("a", wide)], "segment[0].rule", "1000 parts");
    let many = (0..=onefold::SEGMENTS_MAX).map(|place| plain(&place.to_string()));
    assert_eq!(SegmentSet::new(many).unwrap_err().kind(), onefold::ErrorKind::Limit);
    let kept = set(r#"[{"name":"a","rule":{"exists":"x"}}]"#);
    assert_eq!(serde_json::from_str::<SegmentSet>(&serde_json::to_string(&kept).unwrap()).unwrap(), kept);
}

fn bought(source: &str, key: &str, on: &str, kind: EventKind, line: Line) -> Event {
    Event::new(source, key, at(&format!("2026-01-{on}T12:00:00Z")), kind)
        .identifier("email", "ann@example.org")
        .line(line)
}

fn anns() -> Vec<Event> {
    let coat = || Line::new("coat").quantity("1").amount("310.00", "EUR");
    vec![
        bought("web", "1", "05", EventKind::Purchase, coat()).order("o-1"),
        bought("pos", "2", "05", EventKind::Purchase, Line::new("hat").amount("20.10", "EUR")),
        bought("pos", "3", "07", EventKind::Purchase, Line::new("tea").amount("5.00", "USD")).channel("till"),
        bought("web", "4", "09", EventKind::Purchase, coat()).order("o-2"),
        bought("web", "5", "11", EventKind::Return, coat()).order("o-2"),
        bought("web", "6", "30", EventKind::Purchase, coat()).order("o-3"),
        bought("web", "7", "14", EventKind::View, coat()),
    ]
}

#[test]
fn facts_are_counted_of_what_was_kept() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let card = Record::new("crm", "1", at("2026-01-01T00:00:00Z")).identifier("email", "ann@example.org");
    let id = resolver.add(card.attribute("city", "Graz").attribute("orders", "many")).unwrap().profile.unwrap();
    drop(resolver.add_events(anns(), Ingest::default()).unwrap());
    let facts = resolver.facts(id, at("2026-01-20T01:00:00Z")).unwrap().unwrap();
    let told: BTreeMap<&str, String> =
        facts.attributes.iter().map(|(name, value)| (name.as_str(), value.to_string())).collect();
    let expected = [
        ("city", "Graz"),
        ("days_since_event", "6"),
        ("days_since_first_purchase", "15"),
        ("days_since_purchase", "13"),
        ("orders", "3"),
        ("purchase_channels", "pos, till, web"),
        ("purchase_days", "2"),
        ("records", "1"),
        ("spent_eur", "330.1"),
        ("spent_usd", "5.0"),
    ];
    assert_eq!(told, expected.map(|(name, value)| (name, value.to_owned())).into());
    assert!(matches!(facts.attributes["spent_eur"], Value::Number(_)));
    assert!(!format!("{facts:?}").contains("Graz"));
    assert_eq!(
        resolver.view().unwrap().segment_names(id, &SegmentSet::default(), at("2026-01-20T01:00:00Z")).unwrap().len(),
        0
    );
}

#[test]
fn a_purpose_sees_segments_of_what_it_may_read() {
    let policy = |events: &[&str]| {
        let mut policy = Policy::builder()
            .identifier(IdentifierPolicy::new("email", Role::Contact))
            .attribute(AttributePolicy::new("city", Compare::Text).purposes(["marketing"]))
            .attribute(AttributePolicy::new("born", Compare::Text))
            .purpose(PurposePolicy::new("marketing"))
            .build()
            .unwrap();
        policy.event.purposes.extend(events.iter().map(|kind| ((*kind).into(), vec!["marketing".into()])));
        policy
    };
    let asked = set(r#"[{"name":"local","rule":{"equals":["city","Graz"]}},{"name":"old","rule":{"exists":"born"}},
            {"name":"buyer","rule":{"at_least":["orders",3]}},{"name":"awake","rule":{"at_most":["days_since_event",60]}}]"#);
    let (query, now) = (ConsentQuery::new("marketing"), at("2026-01-20T00:00:00Z"));
    let told = |events: &[&str], allows: bool| {
        let resolver = Resolver::in_memory(policy(events)).unwrap();
        let card = Record::new("crm", "1", at("2026-01-01T00:00:00Z")).identifier("email", "ann@example.org");
        let id = resolver.add(card.attribute("city", "Graz").attribute("born", "1980")).unwrap().profile.unwrap();
        drop(resolver.add_events(anns(), Ingest::default()).unwrap());
        if allows {
            let yes = Consent::new("marketing", ConsentStatus::Granted);
            let yes = Event::of_consent("web", "c", at("2026-01-02T00:00:00Z"), yes);
            drop(resolver.add_event(yes.identifier("email", "ann@example.org")).unwrap());
        }
        let view = resolver.view().unwrap();
        let seen = view.for_purpose(id, &query, now).unwrap().unwrap().segments(&asked).unwrap();
        seen.map(|told| told.into_iter().map(|one| one.standing).collect::<Vec<Standing>>())
    };
    use Standing::{In, Out, Unknown};
    assert_eq!(told(&["purchase", "return", "view"], false), None);
    assert_eq!(told(&["purchase", "return", "view"], true), Some(vec![In, Out, In, In]));
    assert_eq!(told(&["purchase"], true), Some(vec![In, Out, Unknown, In]), "returns may not be read");
    assert_eq!(told(&[], true), Some(vec![In, Out, Unknown, Unknown]));
}

/// Rules over what scripts make: whether somebody is in a segment hangs on records, orders and time.
fn rules() -> SegmentSet {
    set(r#"[{"name":"x","rule":{"equals":["given","x"]}},
            {"name":"buys","rule":{"at_least":["orders",1]}},
            {"name":"often","rule":{"at_least":["orders",2]}},
            {"name":"two days","rule":{"at_least":["purchase_days",2]}},
            {"name":"a","rule":{"equals":["purchase_channels","a"]}},
            {"name":"silent","rule":{"at_least":["days_since_event",2]}},
            {"name":"lately","rule":{"at_most":["days_since_purchase",1]}},
            {"name":"just so","rule":{"one_of":["days_since_first_purchase",[1,3]]}},
            {"name":"all","rule":{"all":[{"segment":"buys"},{"not":{"segment":"x"}}]}},
            {"name":"several","rule":{"at_least":["records",2]}}]"#)
}

proptest! {
    #![proptest_config(config(40))]

    /// Whatever happens and however time goes by, who stands how is as if everybody were judged anew.
    #[test]
    fn an_index_is_as_from_scratch(
        script in script::scripts_with_events(1..14),
        hours in prop::collection::vec(0..30_i64, 14),
    ) {
        let resolver = Resolver::in_memory(script.policy.clone()).unwrap();
        let mut index = SegmentIndex::new(rules());
        let mut now = at("2026-01-05T09:00:00Z").microseconds();
        for (call, hours) in script.calls.iter().zip(hours) {
            subject::call(&resolver, call);
            now += hours * 3_600_000_000;
            let (view, time) = (resolver.view().unwrap(), Timestamp::from_microseconds(now).unwrap());
            let before: BTreeMap<_, _> = index.set().segments().iter().map(|segment| (segment.name.clone(), index.members(&segment.name).collect::<std::collections::BTreeSet<_>>())).collect();
            let told = index.refresh(&view, time).unwrap();
            let mut scratch = SegmentIndex::new(rules());
            let all = scratch.refresh(&view, time).unwrap();
            prop_assert_eq!(all.judged, resolver.stats().unwrap().counts.profiles);
            prop_assert_eq!(index.profiles(), scratch.profiles());
            prop_assert_eq!(index.next_due(), scratch.next_due());
            for segment in rules().segments() {
                let (kept, anew): (Vec<_>, Vec<_>) = (index.members(&segment.name).collect(), scratch.members(&segment.name).collect());
                prop_assert_eq!(&kept, &anew, "{}", segment.name);
                for id in &anew {
                    prop_assert_eq!(index.standings(*id), scratch.standings(*id));
                    prop_assert_eq!(before[&segment.name].contains(id), !told.entered.contains(&(*id, segment.name.clone())));
                }
                let left = told.left.iter().filter(|(_, name)| *name == segment.name).count();
                prop_assert_eq!(left, before[&segment.name].iter().filter(|id| !anew.contains(id)).count());
            }
            prop_assert_eq!(index.refresh(&view, time).unwrap().judged, 0, "nothing happened");
        }
    }
}

#[test]
fn what_one_did_may_be_anothers_now() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let order = |source: &str, day: &str, kind: &str, value: &str| {
        let event =
            Event::new(source, format!("{day}{value}"), at(&format!("2026-01-{day}T12:00:00Z")), EventKind::Purchase);
        event.identifier(kind, value).line(Line::new("coat").amount("310.00", "EUR"))
    };
    let till = resolver.add_event(order("pos", "06", "loyalty_id", "L7").order("o-7")).unwrap().profile.unwrap();
    let web = resolver.add_event(order("web", "01", "email", "ann@example.org")).unwrap().profile.unwrap();
    let mut index = SegmentIndex::new(set(
        r#"[{"name":"one","rule":{"at_least":["orders",1]}},{"name":"two","rule":{"at_least":["orders",2]}}]"#,
    ));
    let now = at("2026-01-10T00:00:00Z");
    index.refresh(&resolver.view().unwrap(), now).unwrap();
    // The order was made on the web: the till's is its receipt.
    let made = order("web", "05", "email", "ann@example.org").order("o-7");
    drop(resolver.add_event(made.clone()).unwrap());
    let told = index.refresh(&resolver.view().unwrap(), now).unwrap();
    assert_eq!((told.judged, told.entered, told.left), (2, vec![(web, "two".into())], vec![(till, "one".into())]));
    // And back.
    assert_eq!(resolver.remove_events(&[made.key]).unwrap(), 1);
    let told = index.refresh(&resolver.view().unwrap(), now).unwrap();
    assert_eq!((told.judged, told.entered, told.left), (2, vec![(till, "one".into())], vec![(web, "two".into())]));
}

#[test]
fn few_are_judged_again() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let card = |key: u32| {
        Record::new("crm", key.to_string(), at("2026-01-01T00:00:00Z")).identifier("customer_id", format!("C{key}"))
    };
    drop(resolver.add_all((0..50).map(card).collect(), Ingest::default()).unwrap());
    let mut index = SegmentIndex::new(rules());
    let now = at("2026-01-05T00:00:00Z");
    assert_eq!(index.refresh(&resolver.view().unwrap(), now).unwrap().judged, 50);
    let newer = Record { at: at("2026-01-02T00:00:00Z"), ..card(7) };
    drop(resolver.add(newer.attribute("given", "x")).unwrap());
    let told = index.refresh(&resolver.view().unwrap(), now).unwrap();
    assert_eq!((told.judged, told.entered.len(), index.members("x").count()), (1, 1, 1));
    index.start_over();
    assert_eq!(index.refresh(&resolver.view().unwrap(), now).unwrap().judged, 50);
    assert!(index.next_due().is_none());
    let shown = format!("{index:?}");
    assert_eq!(shown, "SegmentIndex(10 segments, 50 profiles)");
}

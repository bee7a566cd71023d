//! Bugs that the properties found, each as the smallest test that shows it.

use crate::cases::permutations;
use crate::names::Names;
use crate::script::Call;
use crate::subject;
use crate::world::World;
use onefold::{Operation, Policy, RecordKey, Resolver};

const TWO_KINDS: &str = r#"{"identifier": [{"kind": "crm", "role": "person"}, {"kind": "loyalty", "role": "person"}]}"#;

fn policy(json: &str) -> Policy {
    serde_json::from_str(json).unwrap()
}

fn add(line: &str) -> Call {
    Call::Apply(Operation::from_json(line.as_bytes(), None).unwrap())
}

/// Plays calls and follows the names and the feed after each.
fn follow(policy: Policy, calls: &[Call]) -> Resolver {
    let (resolver, mut world) = (Resolver::in_memory(policy.clone()).unwrap(), World::new(policy));
    let mut names = Names::default();
    for call in calls {
        let old = world.clone();
        world.call(call);
        subject::call(&resolver, call);
        assert_eq!(subject::picture(&resolver), world.picture());
        names.follow(&resolver, call, &old, &world);
    }
    subject::audit(&resolver, &world);
    resolver
}

#[test]
fn the_feed_splits_before_it_merges() {
    let calls = [
        add(r#"{"source":"s","key":"1","at":0,"identifiers":{"crm":"1"}}"#),
        add(r#"{"source":"s","key":"2","at":0,"identifiers":{"crm":"2"}}"#),
        add(r#"{"source":"s","key":"3","at":0,"identifiers":{"crm":"2"}}"#),
        // The second profile's id goes to the first with its anchor, and what is left of the second has a new one.
        add(r#"{"source":"s","key":"2","at":1,"identifiers":{"crm":"1"}}"#),
    ];
    follow(policy(TWO_KINDS), &calls);
}

#[test]
fn a_mended_record_bears_the_same_name_after_a_rebuild() {
    let mut refusing = policy(TWO_KINDS);
    refusing.undeclared_attributes = onefold::Undeclared::Refuse;
    let calls = [
        add(r#"{"source":"s","key":"1","at":0,"attributes":{"note":"x"}}"#),
        Call::SetPolicy(refusing),
        add(r#"{"source":"s","key":"1","at":1}"#),
    ];
    let resolver = follow(policy(TWO_KINDS), &calls);
    let before = subject::homes(&resolver);
    drop(resolver.load(Vec::new(), subject::ingest(1)).unwrap());
    let key = RecordKey::new("s", "1");
    let again = resolver.record(&key).unwrap().unwrap().record;
    drop(resolver.load(vec![(*again).clone()], subject::ingest(1)).unwrap());
    assert_eq!(subject::homes(&resolver), before);
}

#[test]
fn a_value_that_links_nothing_is_counted_where_several_profiles_carry_it() {
    let policy = policy(r#"{"identifier": [{"kind": "crm", "role": "contact", "links": "none"}]}"#);
    let calls = [
        add(r#"{"source":"s","key":"1","at":0,"identifiers":{"crm":"1"}}"#),
        add(r#"{"source":"s","key":"2","at":0,"identifiers":{"crm":"1"}}"#),
    ];
    let resolver = follow(policy, &calls);
    assert_eq!(resolver.stats().unwrap().contested, 1);
}

#[test]
fn a_withheld_join_names_each_profile_once() {
    let policy = policy(
        r#"{"identifier": [{"kind": "crm", "role": "person"}, {"kind": "email", "role": "contact", "contested": "nobody"},
            {"kind": "phone", "role": "contact"}]}"#,
    );
    let lines = [
        r#"{"source":"s","key":"1","at":0,"identifiers":{"crm":"1","email":"e"}}"#,
        r#"{"source":"s","key":"2","at":0,"identifiers":{"crm":"2","email":"e"}}"#,
        r#"{"source":"s","key":"3","at":0,"identifiers":{"email":"e"}}"#,
        r#"{"source":"s","key":"4","at":0,"identifiers":{"email":"e","phone":"5"}}"#,
        r#"{"source":"s","key":"5","at":0,"identifiers":{"crm":"1","phone":"5"}}"#,
    ];
    for order in permutations(&lines) {
        let calls: Vec<Call> = order.iter().map(|line| add(line)).collect();
        let resolver = follow(policy.clone(), &calls);
        let withheld = resolver.withheld(None, 10).unwrap();
        assert_eq!(withheld.iter().map(|join| join.parts.len()).collect::<Vec<_>>(), [3], "{order:?}");
    }
}

#[test]
fn a_separation_holds_though_its_records_came_after_it_and_apart() {
    let policy = policy(r#"{"identifier": [{"kind": "email", "role": "contact"}]}"#);
    let calls = [
        add(r#"{"op":"separate","a":["s","1"],"b":["s","2"],"by":"steward","why":""}"#),
        add(r#"{"source":"s","key":"1","at":0,"identifiers":{"email":"1"}}"#),
        add(r#"{"source":"s","key":"2","at":0,"identifiers":{"email":"2"}}"#),
        add(r#"{"source":"s","key":"3","at":0,"identifiers":{"email":["1","2"]}}"#),
    ];
    follow(policy, &calls);
}

#[test]
fn a_value_that_links_nobody_has_no_holder_however_many_of_its_first_carriers_are_one_person() {
    let policy = policy(
        r#"{"identifier": [{"kind": "crm", "role": "person"}, {"kind": "email", "role": "contact", "max_claimants": 1}]}"#,
    );
    let record = |key: usize, crm: &str| {
        add(&format!(r#"{{"source":"s","key":"{key}","at":{key},"identifiers":{{"crm":"{crm}","email":"e"}}}}"#))
    };
    let mut calls: Vec<Call> = (0..120).map(|key| record(key, "1")).collect();
    calls.push(record(120, "2"));
    let (resolver, mut world) = (Resolver::in_memory(policy.clone()).unwrap(), World::new(policy));
    for call in &calls {
        world.call(call);
        subject::call(&resolver, call);
    }
    assert_eq!(subject::picture(&resolver), world.picture());
    subject::audit(&resolver, &world);
}

#[test]
fn a_record_mended_and_quarantined_again_in_one_batch_keeps_its_names() {
    let line = |at: i32, crm: &str| format!(r#"{{"source":"s","key":"1","at":{at},"identifiers":{{"crm":{crm}}}}}"#);
    let record = |line: String| match Operation::from_json(line.as_bytes(), None).unwrap() {
        Operation::Add(record) => record,
        other => panic!("{other:?}"),
    };
    let calls = [
        add(&line(0, r#""1""#)),
        add(&line(1, r#"["1","2"]"#)),
        Call::AddAll(vec![record(line(2, r#""1""#)), record(line(3, r#"["1","2"]"#))], 2),
        add(&line(4, r#""1""#)),
    ];
    let resolver = follow(policy(TWO_KINDS), &calls);
    let profile = resolver.profile_of(&RecordKey::new("s", "1")).unwrap().unwrap();
    assert_eq!(resolver.profile(profile).unwrap().unwrap().aliases, []);
}

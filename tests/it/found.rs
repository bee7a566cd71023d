//! Bugs that the properties found, each as the smallest test that shows it.

use crate::cases::permutations;
use crate::names::follow;
use crate::script::Call;
use crate::subject;
use crate::world::World;
use onefold::{Operation, Policy, Record, RecordKey, Resolver};

const TWO_KINDS: &str = r#"{"identifier": [{"kind": "crm", "role": "person"}, {"kind": "loyalty", "role": "person"}]}"#;

fn policy(json: &str) -> Policy {
    serde_json::from_str(json).unwrap()
}

fn add(line: &str) -> Call {
    Call::Apply(Operation::from_json(line.as_bytes(), None).unwrap())
}

fn record(line: &str) -> Record {
    match Operation::from_json(line.as_bytes(), None).unwrap() {
        Operation::Add(record) => record,
        other => panic!("{other:?}"),
    }
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
    follow(&policy(TWO_KINDS), &calls);
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
    let resolver = follow(&policy(TWO_KINDS), &calls);
    let before = subject::homes(&resolver);
    drop(resolver.load(Vec::new(), subject::ingest(1)).unwrap());
    let key = RecordKey::new("s", "1");
    let again = resolver.record(&key).unwrap().unwrap().record;
    drop(resolver.load(vec![(*again).clone()], subject::ingest(1)).unwrap());
    assert_eq!(subject::homes(&resolver), before);
}

/// What the same kind brought together shows nothing for good: with an older carrier the kind's values take other turns.
#[test]
fn a_crowd_of_two_parts_when_an_older_carrier_comes() {
    let policy = policy(
        r#"{"identifier": [{"kind": "phone", "role": "contact", "max_claimants": 1}],
            "attribute": [{"name": "given", "exclusive": true}]}"#,
    );
    let calls = [
        add(r#"{"source":"s","key":"1","at":1,"identifiers":{"phone":["1","2"]}}"#),
        add(r#"{"source":"s","key":"2","at":1,"identifiers":{"phone":"1"},"attributes":{"given":"x"}}"#),
        add(r#"{"source":"s","key":"3","at":1,"identifiers":{"phone":"2"},"attributes":{"given":"y"}}"#),
        add(r#"{"source":"s","key":"4","at":0,"identifiers":{"phone":"2"}}"#),
    ];
    follow(&policy, &calls);
}

#[test]
fn a_value_that_linked_nobody_draws_no_newcomer_though_a_weaker_kind_made_its_carriers_one() {
    let policy = policy(
        r#"{"identifier": [{"kind": "e", "role": "contact", "max_claimants": 1}, {"kind": "p", "role": "person"}],
            "attribute": [{"name": "given", "exclusive": true}]}"#,
    );
    let calls = [
        add(r#"{"source":"s","key":"1","at":0,"identifiers":{"e":"v","p":"1"},"attributes":{"given":"x"}}"#),
        add(r#"{"source":"s","key":"2","at":1,"identifiers":{"e":"v","p":"1"},"attributes":{"given":"y"}}"#),
        add(r#"{"source":"s","key":"3","at":2,"identifiers":{"e":"v"}}"#),
    ];
    assert_eq!(follow(&policy, &calls).stats().unwrap().counts.profiles, 2);
}

#[test]
fn a_join_withheld_between_records_that_are_gone_is_nobodys() {
    let word = |line: &str| Call::Apply(Operation::from_json(line.as_bytes(), None).unwrap());
    let calls = [
        word(r#"{"op":"join","a":["s","1"],"b":["s","2"],"by":"steward"}"#),
        word(r#"{"op":"join","a":["s","1"],"b":["s","3"],"by":"steward"}"#),
        word(r#"{"op":"separate","a":["s","2"],"b":["s","3"],"by":"steward"}"#),
        add(r#"{"source":"s","key":"3","at":0}"#),
    ];
    let resolver = follow(&policy(TWO_KINDS), &calls);
    assert_eq!(resolver.withheld(None, 9).unwrap().len(), 1);
    drop(resolver.remove(&RecordKey::new("s", "3")).unwrap());
    assert_eq!(resolver.withheld(None, 9).unwrap(), []);
    drop(resolver.load(Vec::new(), subject::ingest(1)).unwrap());
    assert_eq!(resolver.withheld(None, 9).unwrap(), []);
}

#[test]
fn a_value_that_links_nothing_is_counted_where_several_profiles_carry_it() {
    let policy = policy(r#"{"identifier": [{"kind": "crm", "role": "contact", "links": "none"}]}"#);
    let calls = [
        add(r#"{"source":"s","key":"1","at":0,"identifiers":{"crm":"1"}}"#),
        add(r#"{"source":"s","key":"2","at":0,"identifiers":{"crm":"1"}}"#),
    ];
    let resolver = follow(&policy, &calls);
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
        let resolver = follow(&policy, &calls);
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
    follow(&policy, &calls);
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
    let calls = [
        add(&line(0, r#""1""#)),
        add(&line(1, r#"["1","2"]"#)),
        Call::AddAll(vec![record(&line(2, r#""1""#)), record(&line(3, r#"["1","2"]"#))], 2),
        add(&line(4, r#""1""#)),
    ];
    let resolver = follow(&policy(TWO_KINDS), &calls);
    let profile = resolver.profile_of(&RecordKey::new("s", "1")).unwrap().unwrap();
    assert_eq!(resolver.profile(profile).unwrap().unwrap().aliases, []);
}

/// Seeded faults that went unseen until these were written: what a value that links nobody rests on.
mod inert {
    use super::{add, policy};
    use crate::names::follow;

    #[test]
    fn two_witnesses_that_come_together_free_their_value() {
        let policy = policy(
            r#"{"identifier": [{"kind": "s", "role": "contact"}, {"kind": "n", "role": "contact", "max_per_profile": 1},
                {"kind": "e", "role": "contact", "max_claimants": 1}]}"#,
        );
        let calls = [
            add(r#"{"source":"s","key":"1","at":0,"identifiers":{"s":"1","n":"1","e":"v"}}"#),
            add(r#"{"source":"s","key":"2","at":1,"identifiers":{"s":"2","n":"2","e":"v"}}"#),
            add(r#"{"source":"s","key":"3","at":2,"identifiers":{"e":"v"}}"#),
            add(r#"{"source":"s","key":"4","at":3,"identifiers":{"s":["1","2"]}}"#),
        ];
        let resolver = follow(&policy, &calls);
        assert_eq!(resolver.stats().unwrap().counts.profiles, 1);
    }

    #[test]
    fn nobody_is_a_witness_by_a_value_that_the_other_may_come_to_hold_unseen() {
        let policy = policy(
            r#"{"identifier": [{"kind": "s", "role": "contact"},
                {"kind": "n", "role": "contact", "links": "none", "max_per_profile": 1},
                {"kind": "e", "role": "contact", "max_claimants": 1}]}"#,
        );
        let calls = [
            add(r#"{"source":"s","key":"1","at":0,"identifiers":{"s":"1","n":"1","e":"v"}}"#),
            add(r#"{"source":"s","key":"2","at":1,"identifiers":{"n":"2","e":"v"}}"#),
            add(r#"{"source":"s","key":"3","at":2,"identifiers":{"s":"1","n":"2"}}"#),
        ];
        let resolver = follow(&policy, &calls);
        assert_eq!(resolver.stats().unwrap().counts.profiles, 1);
    }

    #[test]
    fn nobody_is_a_witness_by_a_value_that_links_nobody_itself() {
        let policy = policy(
            r#"{"identifier": [{"kind": "p", "role": "person"},
                {"kind": "n", "role": "contact", "max_per_profile": 1, "max_claimants": 1},
                {"kind": "e", "role": "contact", "max_claimants": 1}]}"#,
        );
        let calls = [
            add(r#"{"source":"x","key":"1","at":0,"identifiers":{"p":"6","n":"1"}}"#),
            add(r#"{"source":"x","key":"2","at":0,"identifiers":{"p":"7","n":"1"}}"#),
            add(r#"{"source":"x","key":"3","at":0,"identifiers":{"p":"8","n":"2"}}"#),
            add(r#"{"source":"x","key":"4","at":0,"identifiers":{"p":"9","n":"2"}}"#),
            add(r#"{"source":"s","key":"1","at":1,"identifiers":{"p":"1","n":"1","e":"v"}}"#),
            add(r#"{"source":"s","key":"2","at":2,"identifiers":{"n":"2","e":"v"}}"#),
            add(r#"{"source":"s","key":"3","at":3,"identifiers":{"p":"1","n":"2"}}"#),
        ];
        follow(&policy, &calls);
    }
}

#[test]
fn a_contradiction_is_seen_though_there_are_more_facts_than_a_profile_sums_up() {
    let policy = policy(
        r#"{"identifier": [{"kind": "email", "role": "contact"},
            {"kind": "phone", "role": "contact", "corroborate": ["given"]}],
            "attribute": [{"name": "given"}, {"name": "born", "exclusive": true}]}"#,
    );
    let mut calls =
        vec![add(r#"{"source":"s","key":"a","at":0,"identifiers":{"email":"e"},"attributes":{"born":"1"}}"#)];
    for name in 0..12 {
        calls.push(add(&format!(
            r#"{{"source":"s","key":"{name}","at":1,"identifiers":{{"email":"e"}},"attributes":{{"given":"n{name}"}}}}"#
        )));
    }
    calls.push(add(r#"{"source":"s","key":"z","at":2,"identifiers":{"email":"e"},"attributes":{"born":"2"}}"#));
    let resolver = follow(&policy, &calls);
    assert_eq!(resolver.stats().unwrap().counts.profiles, 2);
}

/// More seeded faults that went unseen.
mod seeded {
    use super::{add, policy, record};
    use crate::names::follow;
    use crate::script::Call;
    use crate::subject;
    use onefold::store::{ProfileStore, Tenant};
    use onefold::{ClusterNumber, Memory, RecordKey, RecordNumber, Resolver};
    use std::sync::Arc;

    #[test]
    fn a_device_ties_no_two_known_parts_of_what_grew_on_the_unknown_one() {
        let policy = policy(
            r#"{"identifier": [{"kind": "hardware", "role": "device", "links": "all"}, {"kind": "email", "role": "contact"},
                {"kind": "cookie", "role": "device"}]}"#,
        );
        let calls = [
            add(r#"{"source":"s","key":"1","at":0,"identifiers":{"hardware":"1","cookie":"c"}}"#),
            add(r#"{"source":"s","key":"2","at":1,"identifiers":{"email":"2","cookie":"c"}}"#),
            add(r#"{"source":"s","key":"3","at":2,"identifiers":{"hardware":"1","email":"3"}}"#),
        ];
        assert_eq!(follow(&policy, &calls).stats().unwrap().counts.profiles, 2);
    }

    #[test]
    fn a_group_of_carriers_that_is_stuck_does_not_keep_the_next_from_joining() {
        let policy = policy(
            r#"{"identifier": [{"kind": "crm", "role": "person"},
                {"kind": "phone", "role": "contact", "corroborate": ["given"], "max_claimants": 1}],
                "attribute": [{"name": "given"}]}"#,
        );
        let line = |key: u32, crm: &str, given: &str| {
            add(&format!(
                r#"{{"source":"s","key":"{key}","at":{key},"identifiers":{{"phone":"p"{crm}}},"attributes":{{"given":"{given}"}}}}"#
            ))
        };
        let calls = [
            line(1, r#","crm":"1""#, "x"),
            line(2, r#","crm":"2""#, "x"),
            line(3, "", "y"),
            line(4, "", "y"),
            line(5, "", "x"),
        ];
        follow(&policy, &calls);
    }

    #[test]
    fn values_are_taken_by_their_oldest_carrier_before_their_bytes() {
        let policy = policy(r#"{"identifier": [{"kind": "email", "role": "contact", "max_per_profile": 3}]}"#);
        let calls = [
            add(r#"{"source":"s","key":"1","at":0,"identifiers":{"email":["a","z"]}}"#),
            add(r#"{"source":"s","key":"2","at":1,"identifiers":{"email":["c","z"]}}"#),
            add(r#"{"source":"s","key":"3","at":2,"identifiers":{"email":["c","d"]}}"#),
        ];
        follow(&policy, &calls);
    }

    #[test]
    fn a_contested_value_is_tried_again_when_a_stronger_one_ties_its_claimants() {
        let policy = policy(
            r#"{"identifier": [{"kind": "s", "role": "contact"}, {"kind": "n", "role": "contact", "max_per_profile": 1},
                {"kind": "e", "role": "contact"}]}"#,
        );
        let calls = [
            add(r#"{"source":"s","key":"1","at":0,"identifiers":{"s":"1","n":"1","e":"v"}}"#),
            add(r#"{"source":"s","key":"2","at":1,"identifiers":{"s":"2","n":"2","e":"v"}}"#),
            add(r#"{"source":"s","key":"4","at":3,"identifiers":{"s":["1","2"]}}"#),
        ];
        let resolver = follow(&policy, &calls);
        assert_eq!(resolver.withheld(None, 10).unwrap(), []);
    }

    #[test]
    fn what_was_resolved_from_scratch_knows_the_kind_that_holds_it_together() {
        let policy = policy(
            r#"{"identifier": [{"kind": "crm", "role": "person"}, {"kind": "email", "role": "contact", "max_per_profile": 2},
                {"kind": "phone", "role": "contact"}]}"#,
        );
        let calls = [
            add(r#"{"source":"s","key":"1","at":0,"identifiers":{"crm":"1","email":"1","phone":"p"}}"#),
            add(r#"{"source":"s","key":"2","at":1,"identifiers":{"email":"2","phone":"p"}}"#),
            add(r#"{"op":"separate","a":["s","1"],"b":["s","2"]}"#),
            add(r#"{"op":"lift","a":["s","1"],"b":["s","2"]}"#),
            add(r#"{"source":"s","key":"3","at":2,"identifiers":{"crm":"1","email":"3"}}"#),
        ];
        assert_eq!(follow(&policy, &calls).stats().unwrap().counts.profiles, 2);
    }

    #[test]
    fn two_who_agree_with_each_other_and_with_two_who_do_not_are_left_out() {
        let policy = policy(
            r#"{"identifier": [{"kind": "phone", "role": "contact", "corroborate": ["given", "born"]}],
                "attribute": [{"name": "given"}, {"name": "born"}]}"#,
        );
        let line = |key: u32, facts: &str| {
            add(&format!(
                r#"{{"source":"s","key":"{key}","at":{key},"identifiers":{{"phone":"p"}},"attributes":{{{facts}}}}}"#
            ))
        };
        let calls = [
            line(1, r#""given":"x","born":"1""#),
            line(2, r#""given":"x","born":"2""#),
            line(3, r#""given":"x""#),
            line(4, r#""given":"x""#),
        ];
        assert_eq!(follow(&policy, &calls).stats().unwrap().counts.profiles, 4);
    }

    #[test]
    fn the_newest_carrier_goes_where_it_does_not_contradict() {
        let policy = policy(
            r#"{"identifier": [{"kind": "crm", "role": "person"}, {"kind": "email", "role": "contact"}],
                "attribute": [{"name": "given", "exclusive": true}]}"#,
        );
        let calls = [
            add(r#"{"source":"s","key":"1","at":0,"identifiers":{"crm":"1","email":"e"},"attributes":{"given":"x"}}"#),
            add(r#"{"source":"s","key":"2","at":1,"identifiers":{"crm":"2","email":"e"},"attributes":{"given":"y"}}"#),
            add(r#"{"source":"s","key":"3","at":2,"identifiers":{"email":"e"},"attributes":{"given":"x"}}"#),
        ];
        follow(&policy, &calls);
    }

    #[test]
    fn the_newest_carrier_without_the_attribute_joins_neither_of_two_groups() {
        let policy = policy(
            r#"{"identifier": [{"kind": "phone", "role": "contact", "corroborate": ["given"]}],
                "attribute": [{"name": "given"}]}"#,
        );
        let calls = [
            add(r#"{"source":"s","key":"1","at":0,"identifiers":{"phone":"p"},"attributes":{"given":"x"}}"#),
            add(r#"{"source":"s","key":"2","at":1,"identifiers":{"phone":"p"},"attributes":{"given":"y"}}"#),
            add(r#"{"source":"s","key":"3","at":2,"identifiers":{"phone":"p"}}"#),
        ];
        assert_eq!(follow(&policy, &calls).stats().unwrap().counts.profiles, 3);
    }

    #[test]
    fn a_claimant_that_is_said_again_later_takes_who_came_after() {
        let calls = [
            add(r#"{"source":"s","key":"1","at":1,"identifiers":{"crm":"1","loyalty":"e"}}"#),
            add(r#"{"source":"s","key":"2","at":2,"identifiers":{"crm":"2","loyalty":"e"}}"#),
            add(r#"{"source":"s","key":"3","at":4,"identifiers":{"loyalty":"e"}}"#),
            add(r#"{"source":"s","key":"1","at":3,"identifiers":{"crm":"1","loyalty":"e"}}"#),
        ];
        follow(&policy(super::TWO_KINDS), &calls);
    }

    #[test]
    fn a_separation_holds_though_its_records_were_loaded_apart() {
        let policy = policy(r#"{"identifier": [{"kind": "email", "role": "contact"}]}"#);
        let calls = [
            add(r#"{"op":"separate","a":["s","1"],"b":["s","2"],"by":"steward","why":""}"#),
            Call::Load(vec![
                record(r#"{"source":"s","key":"1","at":0,"identifiers":{"email":"1"}}"#),
                record(r#"{"source":"s","key":"2","at":0,"identifiers":{"email":"2"}}"#),
            ]),
            add(r#"{"source":"s","key":"3","at":0,"identifiers":{"email":["1","2"]}}"#),
        ];
        assert_eq!(follow(&policy, &calls).stats().unwrap().counts.profiles, 2);
    }

    #[test]
    fn a_policy_that_quarantines_the_first_record_leaves_the_name_with_the_next() {
        let mut refusing = policy(super::TWO_KINDS);
        refusing.undeclared_attributes = onefold::Undeclared::Refuse;
        let calls = [
            add(r#"{"source":"s","key":"1","at":0,"identifiers":{"crm":"1"},"attributes":{"note":"x"}}"#),
            add(r#"{"source":"s","key":"2","at":1,"identifiers":{"crm":"1"}}"#),
        ];
        let resolver = follow(&policy(super::TWO_KINDS), &calls);
        let key = RecordKey::new("s", "2");
        let before = resolver.profile_of(&key).unwrap();
        drop(resolver.set_policy(refusing).unwrap());
        assert_eq!(resolver.profile_of(&key).unwrap(), before);
    }

    #[test]
    fn profiles_too_large_for_a_row_leave_no_rows_behind_when_they_become_one() {
        let policy = policy(r#"{"identifier": [{"kind": "email", "role": "contact"}]}"#);
        let store = Arc::new(Memory::new());
        let resolver = Resolver::open(store.clone(), policy, onefold::Options::default()).unwrap();
        let member = |number: usize| {
            record(&format!(
                r#"{{"source":"s","key":"{number}","at":{number},"identifiers":{{"email":"e{}"}}}}"#,
                number % 2
            ))
        };
        drop(resolver.add_all((0..100).map(member).collect(), subject::ingest(10)).unwrap());
        drop(resolver.add(record(r#"{"source":"t","key":"1","at":0,"identifiers":{"email":["e0","e1"]}}"#)).unwrap());
        let snapshot = store.snapshot(&Tenant::default()).unwrap();
        let mut sizes = Vec::new();
        for number in (0..snapshot.meta().unwrap().unwrap().next_cluster).map(ClusterNumber) {
            let there = snapshot.clusters(&[number]).unwrap().pop().flatten().is_some();
            let rows = snapshot.members(number, RecordNumber(0), 1_000).unwrap().len();
            assert!(there || rows == 0, "{rows} rows of a profile that is gone");
            sizes.extend(there.then_some(rows));
        }
        assert_eq!(sizes, [101]);
    }
}

//! Events and who is one person: worked by hand from the rules that head `model.rs`, one idea a row.
//!
//! The rows are held against the model; `answers` is where a resolver joins in.

use crate::cases::permutations;
use crate::model::{Evidence, Key, Person, Standing};
use crate::subject;
use crate::world::{Picture, World};
use onefold::{Operation, Policy, Resolver};
use std::collections::{BTreeMap, BTreeSet};

/// A row. Records are named as `s/1`, events as `event s/1`, values as `device d`; a profile is named by any of its evidence.
struct Case {
    name: &'static str,
    policy: &'static str,
    /// Where none of them takes something away, they come in every order.
    lines: &'static [&'static str],
    /// A policy that is set when all lines have come.
    then: Option<&'static str>,
    people: &'static [&'static [&'static str]],
    /// What takes no part.
    aside: &'static [&'static str],
    /// Every value that more than one profile carries, and who holds it; nobody where the name is empty.
    holders: &'static [(&'static str, &'static str)],
    /// The events that are not of the profile that their trail is in, and whose they are.
    elsewhere: &'static [(&'static str, &'static str)],
}

const PLAIN: Case =
    Case { name: "", policy: TABLET, lines: &[], then: None, people: &[], aside: &[], holders: &[], elsewhere: &[] };

const TABLET: &str = r#"{"identifier":[{"kind":"customer","role":"person"},{"kind":"email","role":"contact"},
    {"kind":"device","role":"device"},{"kind":"session","role":"session"}]}"#;
const BLOCKED: &str = r#"{"identifier":[{"kind":"customer","role":"person"},
    {"kind":"device","role":"device","block":["d*"]}]}"#;
const TWO_CARRIERS: &str = r#"{"identifier":[{"kind":"customer","role":"person"},
    {"kind":"device","role":"device","max_records":2}]}"#;
const THREE_CARRIERS: &str = r#"{"identifier":[{"kind":"customer","role":"person"},
    {"kind":"device","role":"device","max_records":3}]}"#;
const ONE_CLAIMANT: &str = r#"{"identifier":[{"kind":"customer","role":"person"},
    {"kind":"device","role":"device","max_claimants":1}]}"#;
const NOBODYS: &str = r#"{"identifier":[{"kind":"customer","role":"person"},
    {"kind":"device","role":"device","contested":"nobody"}]}"#;
const BROWSERS: &str = r#"{"identifier":[{"kind":"customer","role":"person"},
    {"kind":"browser","role":"device","max_per_profile":1},{"kind":"device","role":"device"},
    {"kind":"session","role":"session"}]}"#;
const LINKS_NONE: &str = r#"{"identifier":[{"kind":"customer","role":"person"},
    {"kind":"device","role":"device","links":"none"}]}"#;
const EXCLUSIVE: &str = r#"{"identifier":[{"kind":"email","role":"contact"}],
    "attribute":[{"name":"given_name","exclusive":true}]}"#;
const CORROBORATED: &str = r#"{"identifier":[{"kind":"phone","role":"contact","corroborate":["given_name"]}],
    "attribute":[{"name":"given_name"}]}"#;

const CASES: &[Case] = &[
    Case {
        name: "of a record and an event with one source, key and time, the record is the older, and they are two",
        lines: &[
            r#"{"source":"s","key":"1","at":5,"identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"s","key":"1","at":5,"kind":"view","identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"s","key":"2","at":6,"kind":"view","identifiers":{"device":"d"}}"#,
        ],
        people: &[&["s/1"], &["event s/1", "event s/2"]],
        holders: &[("device d", "event s/1")],
        ..PLAIN
    },
    Case {
        name: "who removes a record leaves the event of its key, and the other way round",
        lines: &[
            r#"{"source":"s","key":"1","at":5,"identifiers":{"customer":"A"}}"#,
            r#"{"source":"s","key":"2","at":5,"identifiers":{"customer":"A"}}"#,
            r#"{"op":"event","source":"s","key":"1","at":5,"kind":"view","identifiers":{"customer":"A"}}"#,
            r#"{"op":"event","source":"s","key":"2","at":5,"kind":"view","identifiers":{"customer":"A"}}"#,
            r#"{"op":"remove","source":"s","key":"1"}"#,
            r#"{"op":"remove","what":"event","source":"s","key":"2"}"#,
        ],
        people: &[&["event s/1", "s/2"]],
        ..PLAIN
    },
    Case {
        name: "a steward's word names records, not the event of the same key",
        lines: &[
            r#"{"source":"s","key":"1","at":5,"identifiers":{"customer":"A"}}"#,
            r#"{"op":"event","source":"s","key":"2","at":5,"kind":"view","identifiers":{"customer":"B"}}"#,
            r#"{"op":"join","a":["s","1"],"b":["s","2"],"by":"steward"}"#,
        ],
        people: &[&["s/1"], &["event s/2"]],
        ..PLAIN
    },
    Case {
        name: "a later version moves an event to another trail, and the trail that it was on stays where it is",
        lines: &[
            r#"{"source":"s","key":"1","at":0,"identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":1,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":1,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":2,"kind":"view","identifiers":{"device":"x"}}"#,
        ],
        people: &[&["s/1", "event w/2"], &["event w/1"]],
        ..PLAIN
    },
    Case {
        name: "the only event of a profile is removed, and nobody is left",
        lines: &[
            r#"{"op":"event","source":"w","key":"1","at":1,"kind":"view","identifiers":{"customer":"A"}}"#,
            r#"{"op":"remove","what":"event","source":"w","key":"1"}"#,
        ],
        ..PLAIN
    },
    Case {
        name: "who came back to the tablet is who the next view follows",
        lines: &[
            r#"{"op":"event","source":"w","key":"1","at":1,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":5,"kind":"view","identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"3","at":9,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"4","at":10,"kind":"view","identifiers":{"device":"d"}}"#,
        ],
        people: &[&["event w/1", "event w/3", "event w/4"], &["event w/2"]],
        holders: &[("device d", "event w/1")],
        ..PLAIN
    },
    Case {
        name: "each view of nobody known follows who used the tablet last, and its trail goes where the first one does",
        lines: &[
            r#"{"op":"event","source":"w","key":"1","at":1,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"4","at":2,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":5,"kind":"view","identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"5","at":6,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"3","at":9,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"6","at":10,"kind":"view","identifiers":{"device":"d"}}"#,
        ],
        people: &[&["event w/1", "event w/3", "event w/4", "event w/5", "event w/6"], &["event w/2"]],
        holders: &[("device d", "event w/1")],
        elsewhere: &[("event w/5", "event w/2")],
        ..PLAIN
    },
    Case {
        name: "a view that follows claims nothing: the record after it goes to who logged in last",
        lines: &[
            r#"{"source":"s","key":"A","at":1,"identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":2,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"source":"s","key":"B","at":5,"identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":6,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"source":"s","key":"N","at":7,"identifiers":{"device":"d"}}"#,
        ],
        people: &[&["s/A", "event w/1", "event w/2"], &["s/B", "s/N"]],
        holders: &[("device d", "s/B")],
        elsewhere: &[("event w/2", "s/B")],
        ..PLAIN
    },
    Case {
        name: "what happened before anybody claimed the tablet is of the profile that the trail is in",
        lines: &[
            r#"{"op":"event","source":"w","key":"1","at":0,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"source":"s","key":"A","at":1,"identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"source":"s","key":"B","at":2,"identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":3,"kind":"view","identifiers":{"device":"d"}}"#,
        ],
        people: &[&["s/A", "event w/1", "event w/2"], &["s/B"]],
        holders: &[("device d", "s/B")],
        elsewhere: &[("event w/2", "s/B")],
        ..PLAIN
    },
    Case {
        name: "a policy that blocks the value makes the trail dormant, and one with another value lives by that",
        lines: &[
            r#"{"source":"s","key":"1","at":1,"identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":2,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":2,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
        ],
        then: Some(BLOCKED),
        people: &[&["s/1", "event w/2"]],
        aside: &["event w/1"],
        ..PLAIN
    },
    Case {
        name: "a policy that blocks the value no longer wakes the trail",
        policy: BLOCKED,
        lines: &[
            r#"{"source":"s","key":"1","at":1,"identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":2,"kind":"view","identifiers":{"device":"d"}}"#,
        ],
        then: Some(TABLET),
        people: &[&["s/1", "event w/1"]],
        ..PLAIN
    },
    Case {
        name: "events without a usable identifier are in no profile, and not all in one",
        lines: &[
            r#"{"source":"s","key":"1","at":1}"#,
            r#"{"op":"event","source":"w","key":"1","at":2,"kind":"view"}"#,
            r#"{"op":"event","source":"w","key":"2","at":2,"kind":"view","identifiers":{"customer":"n/a"}}"#,
            r#"{"op":"event","source":"w","key":"3","at":2,"kind":"view","identifiers":{"shoe_size":"42"}}"#,
        ],
        people: &[&["s/1"]],
        aside: &["event w/1", "event w/2", "event w/3"],
        ..PLAIN
    },
    Case {
        name: "a trail is the third carrier of a value that two may carry, and all three are alone",
        policy: TWO_CARRIERS,
        lines: &[
            r#"{"source":"s","key":"1","at":1,"identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"source":"s","key":"2","at":2,"identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":3,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":4,"kind":"view","identifiers":{"device":"d"}}"#,
        ],
        people: &[&["s/1"], &["s/2"], &["event w/1", "event w/2"]],
        holders: &[("device d", "")],
        ..PLAIN
    },
    Case {
        name: "many events of one trail are one carrier, and claim at the oldest",
        policy: THREE_CARRIERS,
        lines: &[
            r#"{"source":"s","key":"1","at":1,"identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"source":"s","key":"2","at":2,"identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":3,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":4,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"3","at":5,"kind":"view","identifiers":{"device":"d"}}"#,
        ],
        people: &[&["s/1"], &["s/2", "event w/1", "event w/2", "event w/3"]],
        holders: &[("device d", "s/2")],
        ..PLAIN
    },
    Case {
        name: "at one microsecond source and key decide, not the first of the trail",
        lines: &[
            r#"{"op":"event","source":"w","key":"1","at":5,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":5,"kind":"view","identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"3","at":9,"kind":"view","identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"4","at":9,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"5","at":9,"kind":"view","identifiers":{"device":"d"}}"#,
        ],
        people: &[&["event w/1", "event w/4", "event w/5"], &["event w/2", "event w/3"]],
        holders: &[("device d", "event w/1")],
        ..PLAIN
    },
    Case {
        name: "a trail stands by source and key, and an event follows a claim at its own microsecond whatever the keys",
        lines: &[
            r#"{"op":"event","source":"w","key":"1","at":5,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":5,"kind":"view","identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"3","at":9,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"v","key":"1","at":9,"kind":"view","identifiers":{"device":"d"}}"#,
        ],
        people: &[&["event w/1", "event w/3"], &["event w/2", "event v/1"]],
        holders: &[("device d", "event w/1")],
        elsewhere: &[("event v/1", "event w/1")],
        ..PLAIN
    },
    Case {
        name: "an event that comes late changes who had the tablet",
        lines: &[
            r#"{"op":"event","source":"w","key":"1","at":1,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":5,"kind":"view","identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"3","at":7,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"4","at":6,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
        ],
        people: &[&["event w/1", "event w/3", "event w/4"], &["event w/2"]],
        holders: &[("device d", "event w/1")],
        ..PLAIN
    },
    Case {
        name: "with a middle event gone, the tablet was somebody else's",
        lines: &[
            r#"{"op":"event","source":"w","key":"1","at":1,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":5,"kind":"view","identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"4","at":6,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"3","at":7,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"5","at":8,"kind":"view","identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"remove","what":"event","source":"w","key":"4"}"#,
        ],
        people: &[&["event w/1", "event w/5"], &["event w/2", "event w/3"]],
        holders: &[("device d", "event w/1")],
        ..PLAIN
    },
    Case {
        name: "two tabs on one tablet are two trails, each where its own first event is",
        lines: &[
            r#"{"source":"s","key":"A","at":1,"identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"web","key":"1","at":2,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"source":"s","key":"B","at":5,"identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"web","key":"2","at":6,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"op":"event","source":"app","key":"1","at":6,"kind":"view","identifiers":{"device":"d"}}"#,
        ],
        people: &[&["s/A", "event web/1", "event web/2"], &["s/B", "event app/1"]],
        holders: &[("device d", "s/B")],
        elsewhere: &[("event web/2", "s/B")],
        ..PLAIN
    },
    Case {
        name: "an event with two people's identifiers makes them one",
        lines: &[
            r#"{"source":"s","key":"1","at":1,"identifiers":{"email":"e"}}"#,
            r#"{"source":"s","key":"2","at":2,"identifiers":{"customer":"A"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":3,"kind":"purchase","identifiers":{"customer":"A","email":"e"}}"#,
        ],
        people: &[&["s/1", "s/2", "event w/1"]],
        ..PLAIN
    },
    Case {
        name: "they are two again without it",
        lines: &[
            r#"{"source":"s","key":"1","at":1,"identifiers":{"email":"e"}}"#,
            r#"{"source":"s","key":"2","at":2,"identifiers":{"customer":"A"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":3,"kind":"purchase","identifiers":{"customer":"A","email":"e"}}"#,
            r#"{"op":"remove","what":"event","source":"w","key":"1"}"#,
        ],
        people: &[&["s/1"], &["s/2"]],
        ..PLAIN
    },
    Case {
        name: "an event of two customers takes no part, with all of its trail",
        lines: &[
            r#"{"source":"s","key":"1","at":1,"identifiers":{"customer":"A"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":3,"kind":"purchase","identifiers":{"customer":["A","B"]}}"#,
            r#"{"op":"event","source":"w","key":"2","at":4,"kind":"purchase","identifiers":{"customer":["B","A"]}}"#,
        ],
        people: &[&["s/1"]],
        aside: &["event w/1", "event w/2"],
        ..PLAIN
    },
    Case {
        name: "where to reach somebody about one thing says nothing of who it is",
        lines: &[
            r#"{"source":"s","key":"1","at":1,"identifiers":{"email":"e"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":2,"kind":"purchase","identifiers":{"customer":"A"},"contact":{"email":"e"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":3,"kind":"purchase","contact":{"email":"e"}}"#,
        ],
        people: &[&["s/1"], &["event w/1"]],
        aside: &["event w/2"],
        ..PLAIN
    },
    Case {
        name: "two spellings are two trails of one profile",
        lines: &[
            r#"{"op":"event","source":"w","key":"1","at":1,"kind":"view","identifiers":{"customer":"A"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":2,"kind":"view","identifiers":{"customer":" A "}}"#,
        ],
        people: &[&["event w/1", "event w/2"]],
        ..PLAIN
    },
    Case {
        name: "a trail that floats claims a weaker value at its oldest event",
        lines: &[
            r#"{"source":"s","key":"A","at":1,"identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"source":"s","key":"C","at":2,"identifiers":{"customer":"C","session":"x"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":3,"kind":"view","identifiers":{"device":"d","session":"x"}}"#,
            r#"{"source":"s","key":"B","at":5,"identifiers":{"customer":"B","device":"d","session":"x"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":6,"kind":"view","identifiers":{"device":"d","session":"x"}}"#,
        ],
        people: &[&["s/A", "event w/1", "event w/2"], &["s/B"], &["s/C"]],
        holders: &[("device d", "s/B"), ("session x", "s/B")],
        elsewhere: &[("event w/2", "s/B")],
        ..PLAIN
    },
    Case {
        name: "only a trail that carries the contested value floats on it, not one that hangs together with it",
        lines: &[
            r#"{"op":"event","source":"w","key":"1","at":1,"kind":"view","identifiers":{"device":"d1"}}"#,
            r#"{"source":"s","key":"A","at":2,"identifiers":{"customer":"A","device":"d2"}}"#,
            r#"{"op":"event","source":"w","key":"3","at":4,"kind":"view","identifiers":{"device":["d1","d2"]}}"#,
            r#"{"source":"s","key":"B","at":5,"identifiers":{"customer":"B","device":"d2"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":9,"kind":"view","identifiers":{"device":"d1"}}"#,
            r#"{"op":"event","source":"w","key":"4","at":9,"kind":"view","identifiers":{"device":["d1","d2"]}}"#,
        ],
        people: &[&["event w/1", "event w/2", "event w/3", "event w/4", "s/A"], &["s/B"]],
        holders: &[("device d2", "s/B")],
        elsewhere: &[("event w/4", "s/B")],
        ..PLAIN
    },
    Case {
        name: "a trail follows on the first value that it floats on, be it one that it may not join, and claims nothing there",
        policy: BROWSERS,
        lines: &[
            r#"{"source":"s","key":"A","at":1,"identifiers":{"customer":"A","browser":"1","device":"d"}}"#,
            r#"{"source":"s","key":"B","at":2,"identifiers":{"customer":"B","browser":"2","session":"x"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":3,"kind":"view","identifiers":{"browser":"3","device":"d","session":"x"}}"#,
        ],
        people: &[&["s/A"], &["s/B"], &["event w/1"]],
        holders: &[("device d", "event w/1"), ("session x", "event w/1")],
        elsewhere: &[("event w/1", "s/A")],
        ..PLAIN
    },
    Case {
        name: "nothing floats on a value that too many claim",
        policy: ONE_CLAIMANT,
        lines: &[
            r#"{"source":"s","key":"A","at":1,"identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"source":"s","key":"B","at":2,"identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":3,"kind":"view","identifiers":{"device":"d"}}"#,
        ],
        people: &[&["s/A"], &["s/B"], &["event w/1"]],
        holders: &[("device d", "")],
        ..PLAIN
    },
    Case {
        name: "nor on one that is nobody's when it is contested",
        policy: NOBODYS,
        lines: &[
            r#"{"source":"s","key":"A","at":1,"identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"source":"s","key":"B","at":2,"identifiers":{"customer":"B","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":3,"kind":"view","identifiers":{"device":"d"}}"#,
        ],
        people: &[&["s/A"], &["s/B"], &["event w/1"]],
        holders: &[("device d", "")],
        ..PLAIN
    },
    Case {
        name: "nor on one that links nobody, and a trail claims it at every event",
        policy: LINKS_NONE,
        lines: &[
            r#"{"op":"event","source":"w","key":"1","at":1,"kind":"view","identifiers":{"device":"d"}}"#,
            r#"{"source":"s","key":"A","at":2,"identifiers":{"customer":"A","device":"d"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":3,"kind":"view","identifiers":{"device":"d"}}"#,
        ],
        people: &[&["s/A"], &["event w/1", "event w/2"]],
        holders: &[("device d", "event w/1")],
        ..PLAIN
    },
    Case {
        name: "a trail has no attributes, so it contradicts nobody",
        policy: EXCLUSIVE,
        lines: &[
            r#"{"source":"s","key":"1","at":1,"identifiers":{"email":"e"},"attributes":{"given_name":"ann"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":2,"kind":"view","identifiers":{"email":"e"},"attributes":{"given_name":"bob"}}"#,
        ],
        people: &[&["s/1", "event w/1"]],
        ..PLAIN
    },
    Case {
        name: "nor does it corroborate: it joins where there is one group, and stays out where there are two",
        policy: CORROBORATED,
        lines: &[
            r#"{"source":"s","key":"1","at":1,"identifiers":{"phone":"1"},"attributes":{"given_name":"ann"}}"#,
            r#"{"op":"event","source":"w","key":"1","at":2,"kind":"view","identifiers":{"phone":"1"}}"#,
            r#"{"source":"s","key":"2","at":1,"identifiers":{"phone":"2"},"attributes":{"given_name":"ann"}}"#,
            r#"{"source":"s","key":"3","at":3,"identifiers":{"phone":"2"},"attributes":{"given_name":"bob"}}"#,
            r#"{"op":"event","source":"w","key":"2","at":2,"kind":"view","identifiers":{"phone":"2"},"attributes":{"given_name":"bob"}}"#,
        ],
        people: &[&["s/1", "event w/1"], &["s/2"], &["s/3"], &["event w/2"]],
        holders: &[("phone 2", "s/3")],
        ..PLAIN
    },
];

/// Everything that answers to the rows, with what it shows.
fn answers(case: &Case, operations: &[Operation]) -> Vec<(&'static str, Picture)> {
    vec![("the model", modelled(case, operations)), ("a resolver", resolved(case, operations))]
}

fn resolved(case: &Case, operations: &[Operation]) -> Picture {
    let resolver = Resolver::in_memory(policy(case.policy)).unwrap();
    operations.iter().for_each(|operation| drop(resolver.apply(operation.clone()).unwrap()));
    if let Some(then) = case.then {
        drop(resolver.set_policy(policy(then)).unwrap());
    }
    subject::picture(&resolver)
}

fn modelled(case: &Case, operations: &[Operation]) -> Picture {
    let mut world = World::new(policy(case.policy));
    operations.iter().for_each(|operation| world.apply(operation));
    if let Some(then) = case.then {
        world.policy = policy(then);
    }
    world.picture()
}

fn policy(json: &str) -> Policy {
    let policy: Policy = serde_json::from_str(json).unwrap();
    policy.check().unwrap();
    policy
}

impl Case {
    fn orders(&self) -> Vec<Vec<Operation>> {
        let read = |line: &&str| Operation::from_json(line.as_bytes(), None).unwrap();
        let sent: Vec<Operation> = self.lines.iter().map(read).collect();
        let commands = |one: &Operation| matches!(one, Operation::Remove(_) | Operation::RemoveEvent(_));
        if sent.iter().any(commands) { vec![sent] } else { permutations(&sent) }
    }

    fn check(&self, shown: &Picture, told: &str) {
        let people: BTreeSet<Person> = self.people.iter().map(|person| evidence(person)).collect();
        assert_eq!(shown.people, people, "{}: who is one, {told}", self.name);
        assert_eq!(shown.quarantined, evidence(self.aside), "{}: who takes no part, {told}", self.name);

        let person = |name: &str| people.iter().find(|person| person.contains(&named(name))).cloned();
        let shared = shown.values.iter().filter(|(_, (standing, _))| *standing != Standing::Held);
        let holders: BTreeMap<String, Option<Person>> =
            shared.map(|((kind, value), (_, holder))| (format!("{kind} {value}"), holder.clone())).collect();
        let expected = self.holders.iter().map(|(value, holder)| ((*value).to_owned(), person(holder)));
        assert_eq!(holders, expected.collect(), "{}: who holds what, {told}", self.name);

        let elsewhere: BTreeMap<&str, &str> = self.elsewhere.iter().copied().collect();
        let events = people.iter().flatten().filter(|one| matches!(one, Evidence::Event(_)));
        let expected = events.map(|event| {
            let name = format!("{event:?}");
            (event.key().clone(), person(elsewhere.get(name.as_str()).unwrap_or(&name.as_str())).unwrap())
        });
        assert_eq!(shown.attributed, expected.collect(), "{}: whose the events are, {told}", self.name);
    }
}

fn evidence(names: &[&str]) -> Person {
    names.iter().map(|name| named(name)).collect()
}

fn named(name: &str) -> Evidence {
    let key =
        |name: &str| name.split_once('/').map_or_else(|| Key("".into(), "".into()), |(a, b)| Key(a.into(), b.into()));
    name.strip_prefix("event ").map_or_else(|| Evidence::Record(key(name)), |name| Evidence::Event(key(name)))
}

#[test]
fn events_tie_people_as_worked_by_hand_in_every_order() {
    for case in CASES {
        for order in case.orders() {
            for (who, shown) in answers(case, &order) {
                case.check(&shown, &format!("{who}, {order:?}"));
            }
        }
    }
}

#[test]
fn every_row_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = CASES.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), CASES.len());
    assert!(!names.contains(""));
}

//! How values are read: one form for every spelling, and never one form for two values.

use onefold::{
    AttributePolicy, Compare, Form, Identifier, IdentifierPolicy, IssueReason, LinkagePolicy, Policy, Record, Role,
    Rules, Timestamp, Undeclared, Value, normalise, normalise_identifier,
};
use proptest::prelude::*;

const FORMS: [(Form, &str); 8] = [
    (Form::None, "none"),
    (Form::Trim, "trim"),
    (Form::Lower, "lower"),
    (Form::UpperAlnum, "upper_alnum"),
    (Form::Digits, "digits"),
    (Form::Email, "email"),
    (Form::Phone, "phone"),
    (Form::Uuid, "uuid"),
];

/// A kind for each form, named as the form.
fn rules(region: Option<&str>) -> Rules {
    let policy = Policy { default_region: region.map(Into::into), ..Policy::default() };
    let kinds = FORMS.map(|(form, name)| IdentifierPolicy::new(name, Role::Contact).normalise(form));
    kinds.into_iter().fold(policy.into_builder(), |builder, kind| builder.identifier(kind)).rules().unwrap()
}

fn read(rules: &Rules, kind: &str, value: &str) -> Result<String, IssueReason> {
    normalise_identifier(rules, &Identifier::new(kind, value)).map(|(_, value)| value.to_string())
}

fn check(region: Option<&str>, kind: &str, cases: &[(&str, Result<&str, IssueReason>)]) {
    let rules = rules(region);
    for (value, expected) in cases {
        assert_eq!(read(&rules, kind, value), expected.clone().map(str::to_owned), "{kind} {value:?}");
    }
}

fn malformed(form: &'static str) -> Result<&'static str, IssueReason> {
    Err(IssueReason::Malformed(form))
}

fn record() -> Record {
    Record::new("crm", "1", Timestamp::from_milliseconds(0).unwrap())
}

#[test]
fn text_keeps_what_is_significant() {
    check(None, "none", &[(" a ", Ok(" a ")), ("A", Ok("A"))]);
    check(
        None,
        "trim",
        &[
            ("123000.0", Ok("123000.0")),
            ("007", Ok("007")),
            ("\u{feff} Tom\t\0", Ok("Tom")),
            ("T\u{a0}om", Ok("T\u{a0}om")),
            ("-", Err(IssueReason::Junk)),
        ],
    );
    check(
        None,
        "lower",
        &[
            ("STRASSE", Ok("strasse")),
            ("Straße", Ok("strasse")),
            ("ΑΣ", Ok("ας".replace('ς', "σ").as_str())),
            ("Ａnn", Ok("ann")),
            ("e\u{301}", Ok("é")),
            ("ısı", Ok("ısı")),
        ],
    );
    check(
        None,
        "upper_alnum",
        &[("ab-12 3", Ok("AB123")), ("é!", Ok("É")), ("--a", Ok("A")), ("#!", malformed("letters and digits"))],
    );
    check(
        None,
        "digits",
        &[
            ("5551", Ok("5551")),
            ("+1 (650)", Ok("1650")),
            ("٦٥", Ok("65")),
            ("６5", Ok("65")),
            ("abc", malformed("digits")),
            ("a0", Err(IssueReason::Junk)),
        ],
    );
}

#[test]
fn junk_identifies_nobody_in_any_form() {
    let rules = rules(Some("US"));
    for (_, kind) in FORMS {
        for junk in [
            "null",
            "NULL",
            " None ",
            "undefined",
            "NaN",
            "anonymous",
            "Guest",
            "N/A",
            "[object Object]",
            "00000000-0000-0000-0000-000000000000",
            "0",
            "0000000000",
            "-",
            "---",
            "0-0-0",
            "0000-00-00",
            "000 000",
            "- 0",
            "ｎｕｌｌ",
            "—",
        ] {
            assert_eq!(read(&rules, kind, junk), Err(IssueReason::Junk), "{kind} {junk}");
        }
        for blank in ["", " ", "\t\u{a0}\u{200b}"] {
            assert_eq!(read(&rules, kind, blank), Err(IssueReason::Blank), "{kind} {blank:?}");
        }
        let long = "1".repeat(1_025);
        assert_eq!(read(&rules, kind, &long), Err(IssueReason::TooLong(1_024)), "{kind}");
    }
    for (kind, value) in [("trim", "0.0"), ("trim", "nullius"), ("trim", "guest1"), ("none", "100"), ("lower", "na")] {
        assert!(read(&rules, kind, value).is_ok(), "{kind} {value}");
    }
    assert_eq!(read(&rules, "trim", &format!(" {}  ", "1".repeat(1_024))), Ok("1".repeat(1_024)));
    assert_eq!(read(&rules, "lower", &"\u{fdfa}".repeat(341)), Err(IssueReason::TooLong(1_024)));
    assert_eq!(read(&rules, "fax", "1"), Err(IssueReason::UnknownKind));
}

#[test]
fn emails_have_one_form() {
    let wrong = || malformed("an e-mail address");
    check(
        None,
        "email",
        &[
            ("Ann@Example.ORG", Ok("ann@example.org")),
            ("ann@example.org.", Ok("ann@example.org")),
            ("mailto:Ann@example.org?subject=Hi", Ok("ann@example.org")),
            ("Ann Lee <ann@example.org>", Ok("ann@example.org")),
            ("<ann@example.org>", Ok("ann@example.org")),
            ("ann＠example.org", Ok("ann@example.org")),
            ("ann.lee+shop@gmail.com", Ok("ann.lee+shop@gmail.com")),
            ("ann@straße.example", Ok("ann@straße.example")),
            ("JOSÉ@x.org", Ok("josé@x.org")),
            ("ann@x.org <bob@x.org>", wrong()),
            ("ann@x.org, bob@x.org", wrong()),
            ("ann", wrong()),
            ("@x.org", wrong()),
            ("ann lee@x.org", wrong()),
        ],
    );
}

#[test]
fn tags_go_only_where_the_policy_says() {
    let rules = Policy::builder()
        .identifier(IdentifierPolicy::new("email", Role::Contact).normalise(Form::Email).ignore_tags(["GMail.com"]))
        .rules()
        .unwrap();
    for (value, expected) in [
        ("Ann.Lee+Shop@Gmail.com", "annlee@gmail.com"),
        ("ann.lee+shop@x.org", "ann.lee+shop@x.org"),
        ("+x@gmail.com", "+x@gmail.com"),
    ] {
        assert_eq!(read(&rules, "email", value).as_deref(), Ok(expected));
    }
}

#[test]
fn phones_have_one_form() {
    check(
        Some("US"),
        "phone",
        &[
            ("(650) 253-0000", Ok("+16502530000")),
            ("+1 650-253-0000", Ok("+16502530000")),
            ("1 650 253 0000", Ok("+16502530000")),
            ("tel:+1-650-253-0000", Ok("+16502530000")),
            ("001 650 253 0000", Ok("+16502530000")),
            ("011 44 20 7946 0958", Ok("+442079460958")),
            ("0044 20 7946 0958", Ok("+442079460958")),
            ("+44 (0)20 7946 0958", Ok("+442079460958")),
            ("＋44 20 7946 0958", Ok("+442079460958")),
            ("٦٥٠٢٥٣٠٠٠٠", Ok("+16502530000")),
            ("650-253-0000 (home)", Ok("+16502530000")),
            ("1-800-FLOWERS", Ok("+18003569377")),
            ("650-253-0000 ext. 12", Ok("+16502530000;ext=12")),
            ("650-253-0000x13", Ok("+16502530000;ext=13")),
            ("5551", Ok("5551")),
            ("555-1234", Ok("5551234")),
            ("100001", Ok("100001")),
            ("+777", Ok("777")),
            ("call me", malformed("a phone number")),
            ("000-0000 x5", Err(IssueReason::Junk)),
        ],
    );
    check(
        None,
        "phone",
        &[
            ("5551", Ok("5551")),
            ("100001", Ok("100001")),
            ("777", Ok("777")),
            ("(650) 253-0000", Ok("6502530000")),
            ("+1 (650) 253-0000", Ok("+16502530000")),
            ("0044 20 7946 0958", Ok("+442079460958")),
            // Numbers that begin as their trunk prefix or their country code does keep every digit.
            ("+78005553535", Ok("+78005553535")),
            ("+375800111111", Ok("+375800111111")),
        ],
    );
    check(Some("RU"), "phone", &[("8 800 555 35 35", Ok("+78005553535")), ("+7 800 555-35-35", Ok("+78005553535"))]);
    check(Some("IT"), "phone", &[("391 231 2312", Ok("+393912312312")), ("06 1234567", Ok("+39061234567"))]);
    check(Some("AR"), "phone", &[("011 15 2312-3456", Ok("+5491123123456"))]);
    check(Some("SE"), "phone", &[("070 123 45 67 (Axel)", Ok("+46701234567"))]);
    // Not a number of +1; as bare digits it would be somebody's in Germany.
    check(Some("DE"), "phone", &[("+1 555 12", malformed("a phone number")), ("155 512", Ok("+49155512"))]);
}

#[test]
fn uuids_have_one_form() {
    let form = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    check(
        None,
        "uuid",
        &[
            (form, Ok(form)),
            ("6BA7B810-9DAD-11D1-80B4-00C04FD430C8", Ok(form)),
            ("6ba7b8109dad11d180b400c04fd430c8", Ok(form)),
            ("{6BA7B810-9DAD-11D1-80B4-00C04FD430C8}", Ok(form)),
            ("urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8", Ok(form)),
            ("{00000000-0000-0000-0000-000000000000}", Err(IssueReason::Junk)),
            ("6ba7b810-9dad-11d1-80b4-00c04fd430c", malformed("a UUID")),
            ("6ba7b81-09dad-11d1-80b4-00c04fd430c8", malformed("a UUID")),
            ("éééééééééééééééééé", malformed("a UUID")),
        ],
    );
}

#[test]
fn blocked_values_and_patterns_are_refused() {
    let block = ["NoReply@*", "*@example.com", "info@shop.org", "a.c@*"];
    let rules = Policy::builder()
        .identifier(IdentifierPolicy::new("email", Role::Contact).normalise(Form::Email).block(block))
        .identifier(IdentifierPolicy::new("card", Role::Person).normalise(Form::UpperAlnum).pattern("A[0-9]+|B"))
        .identifier(IdentifierPolicy::new("verbose", Role::Person).pattern("(?x) a b # one person"))
        .rules()
        .unwrap();
    for (kind, value, expected) in [
        ("email", "noreply@x.org", Err(IssueReason::Blocked)),
        ("email", "ANN@EXAMPLE.COM", Err(IssueReason::Blocked)),
        ("email", "Info <info@shop.org>", Err(IssueReason::Blocked)),
        ("email", "ann@example.com.org", Ok("ann@example.com.org".into())),
        ("email", "abc@x.org", Ok("abc@x.org".into())),
        ("card", "a-12", Ok("A12".into())),
        ("card", "b", Ok("B".into())),
        ("card", "b1", Err(IssueReason::Pattern)),
        ("card", "xa1", Err(IssueReason::Pattern)),
        ("verbose", "ab", Ok("ab".into())),
        ("verbose", "ab\nc", Err(IssueReason::Pattern)),
    ] {
        assert_eq!(read(&rules, kind, value), expected, "{kind} {value}");
    }
}

#[test]
fn a_record_is_read_whole() {
    let rules = Policy::builder()
        .identifier(IdentifierPolicy::new("customer", Role::Person))
        .identifier(IdentifierPolicy::new("market", Role::Person).max_per_profile(2))
        .identifier(IdentifierPolicy::new("email", Role::Contact).normalise(Form::Email).corroborate(["name"]))
        .attribute(AttributePolicy::new("name", Compare::GivenName))
        .attribute(AttributePolicy::new("tax", Compare::Exact).exclusive())
        .attribute(AttributePolicy::new("city", Compare::Text))
        .undeclared_attributes(Undeclared::Drop)
        .rules()
        .unwrap();
    let sent = record()
        .identifier("email", "B@x.org")
        .identifier("fax", "1")
        .identifier("email", "a@x.org")
        .identifier("email", "A@X.ORG")
        .identifier("customer", "null")
        .identifier("customer", "C1")
        .identifier("market", "m1")
        .identifier("market", "m2")
        .attribute("name", Value::List(vec![" ANN \u{a0} Lee".into(), "ann lee".into(), "guest".into(), Value::Null]))
        .attribute("tax", " AB 1 ")
        .attribute("city", "Rome")
        .attribute("shoe", 42)
        .attribute("hat", "  ");
    let (read, issues) = normalise(&rules, &sent);
    let identifiers: Vec<_> = read.identifiers.iter().map(|(place, value)| (*place, value.as_str())).collect();
    assert_eq!(identifiers, [(0, "C1"), (1, "m1"), (1, "m2"), (2, "a@x.org"), (2, "b@x.org")]);
    let facts: Vec<_> = read.facts.iter().map(|fact| (fact.attribute, fact.value.as_str())).collect();
    assert_eq!(facts, [(0, "ann lee"), (1, "AB 1")]);
    assert!(!read.quarantined);
    let issues: Vec<_> = issues.iter().map(|issue| (issue.field.as_str(), issue.reason.clone())).collect();
    assert_eq!(
        issues,
        [
            ("fax", IssueReason::UnknownKind),
            ("customer", IssueReason::Junk),
            ("name", IssueReason::Junk),
            ("shoe", IssueReason::Undeclared),
        ]
    );
}

#[test]
fn two_values_of_one_person_quarantine_the_record() {
    let rules = Policy::builder()
        .identifier(IdentifierPolicy::new("customer", Role::Person))
        .identifier(IdentifierPolicy::new("card", Role::Contact).max_per_profile(1))
        .undeclared_attributes(Undeclared::Refuse)
        .rules()
        .unwrap();
    for (sent, expected) in [
        (record().identifier("customer", "1").identifier("customer", "2"), Some(IssueReason::Quarantined)),
        (record().identifier("customer", "1").identifier("customer", " 1 ").identifier("customer", "null"), None),
        (record().identifier("card", "1").identifier("card", "2"), None),
        (record().identifier("card", "1").attribute("shoe", 42), Some(IssueReason::Refused)),
        (record().identifier("card", "1").attribute("shoe", ""), None),
    ] {
        let (read, issues) = normalise(&rules, &sent);
        assert_eq!(read.quarantined, expected.is_some());
        assert_eq!(issues.into_iter().map(|issue| issue.reason).find(IssueReason::sets_aside), expected);
    }
    let (_, issues) = normalise(&rules, &record());
    assert_eq!(issues[0].reason, IssueReason::NoIdentifier);
    let alike = Policy::builder().attribute(AttributePolicy::new("a", Compare::Text)).linkage(LinkagePolicy::new());
    assert!(normalise(&alike.rules().unwrap(), &record().attribute("a", "x")).1.is_empty(), "likeness may link it");
}

#[test]
fn deep_lists_are_read() {
    let rules = Policy::builder().attribute(AttributePolicy::new("a", Compare::Text).exclusive()).rules().unwrap();
    let deep = (0..1_000).fold(Value::from("x"), |value, _| Value::List(vec![value]));
    let (read, _) = normalise(&rules, &record().attribute("a", deep));
    assert_eq!(read.facts.len(), 1);
}

/// Strings that come near the forms: arbitrary ones seldom do.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ +0-9()./x;#=-]{0,20}",
        "(\\+|00|0|8|1)?[0-9 -]{3,16}( ?(x|ext\\.?|#|;ext=) ?[0-9]{1,4})?",
        "(mailto:|[A-Za-z ]{0,4}<)?[A-Za-zéßΣ+.]{1,8}@[A-Za-zß-]{1,6}(\\.[a-zA-Z]{2,3}){0,2}[.>]?",
        "[0-]{0,12}",
        "[\\PC]{0,12}",
        "(NULL|none|Guest|n/a| |ｎａｎ)+",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn normalised_values_stay_as_they_are(value in value(), region in 0_usize..7) {
        let rules = rules([None, Some("US"), Some("DE"), Some("IT"), Some("RU"), Some("BR"), Some("AR")][region]);
        for (_, kind) in FORMS {
            if let Ok(once) = read(&rules, kind, &value) {
                prop_assert_eq!(read(&rules, kind, &once), Ok(once.clone()), "{} {:?}", kind, value);
                prop_assert!(!once.trim_matches(['0', '-', ' ']).is_empty(), "{} {:?}", kind, value);
                prop_assert!(!once.eq_ignore_ascii_case("null") && once.len() <= 1_024);
            }
        }
    }

    #[test]
    fn facts_are_folded_once(value in any::<String>()) {
        let rules = Policy::builder().attribute(AttributePolicy::new("a", Compare::Text).exclusive()).rules().unwrap();
        let (once, _) = normalise(&rules, &record().attribute("a", value));
        for fact in &once.facts {
            let (again, issues) = normalise(&rules, &record().attribute("a", fact.value.as_str()));
            prop_assert_eq!(&again.facts, &once.facts);
            prop_assert_eq!(issues.len(), 1);
        }
    }

    #[test]
    fn numbers_of_a_country_stay_apart(a in 2_000_000_000_u64..10_000_000_000, b in 2_000_000_000_u64..10_000_000_000) {
        let rules = rules(Some("US"));
        let spelled = |n: u64| [n.to_string(), format!("+1{n}"), format!("({}) {}", n / 10_000_000, n % 10_000_000)];
        let of = |text: &str| read(&rules, "phone", text).unwrap();
        let (x, y) = (of(&a.to_string()), of(&b.to_string()));
        prop_assert_eq!(x == y, a == b);
        prop_assert_eq!(of(&format!("+1{a}")), of(&format!("1 {a}")));
        prop_assert_eq!(of(&spelled(a)[1]), x);
    }
}

//! What a policy file may say, and what is refused with which field named.

use onefold::{
    AttributePolicy, Compare, ErrorKind, Form, IdentifierPolicy, Limit, Links, Policy, Role, Rules, SURVIVE_DEFAULT,
    SourceClass, SourcePolicy, Survive, Undeclared,
};
use proptest::prelude::*;

fn check(toml: &str, expected: &str) {
    let error = Policy::from_toml(toml).expect_err(toml);
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(error.to_string(), expected, "{toml}");
}

#[test]
fn wrong_policies_are_refused_with_the_field_named() {
    let email = "[[identifier]]\nkind = \"email\"\nrole = \"contact\"\n";
    let name = "[[attribute]]\nname = \"given_name\"\n";
    let device = "[[identifier]]\nkind = \"device\"\nrole = \"device\"\n";
    for (toml, expected) in [
        ("max_region = 0".into(), "policy field `max_region`: is 0, and must be at least 1"),
        (
            "default_region = \"ZZ\"".into(),
            "policy field `default_region`: `ZZ` is not a region (ISO 3166-1 alpha-2, as `US`)",
        ),
        (
            "default_region = \"001\"".into(),
            "policy field `default_region`: `001` is not a region (ISO 3166-1 alpha-2, as `US`)",
        ),
        ("[[source]]\nname = \"\"".into(), "policy field `source[0].name`: is empty"),
        (
            "[[source]]\nname = \" crm\"".into(),
            "policy field `source[0].name`: has white space around it or control characters in it",
        ),
        (
            "[[source]]\nname = \"crm\"\n[[source]]\nname = \"crm\"".into(),
            "policy field `source[1].name`: `crm` is already declared by source[0]",
        ),
        (format!("{email}{email}"), "policy field `identifier[1].kind`: `email` is already declared by identifier[0]"),
        (format!("{name}{name}"), "policy field `attribute[1].name`: `given_name` is already declared by attribute[0]"),
        (
            format!("{email}links = \"anonymous\""),
            "policy field `identifier[0].links`: only devices and sessions link anonymous records; a person or contact \
             links all or none",
        ),
        (
            format!("{device}{email}"),
            "policy field `identifier[1].links`: `email` links all, and must come before `device`, which links anonymous",
        ),
        (
            format!("{email}pattern = \"(\""),
            "policy field `identifier[0].pattern`: is not a regular expression: unclosed group",
        ),
        (
            format!("{email}pattern = \"a)|(b\""),
            "policy field `identifier[0].pattern`: is not a regular expression: unopened group",
        ),
        (
            format!("{email}[event]\norder = \"e-mail\""),
            "policy field `event.order`: no identifier `e-mail` is declared; did you mean `email`?",
        ),
        (
            format!("{email}normalise = \"email\"\n[event]\norder = \"email\""),
            "policy field `event.order`: `email` has a form that takes ids of several orders for one",
        ),
        (
            format!("{email}max_per_profile = 0"),
            "policy field `identifier[0].max_per_profile`: is 0, and must be at least 1",
        ),
        (format!("{email}max_records = 0"), "policy field `identifier[0].max_records`: is 0, and must be at least 1"),
        (
            format!("{email}max_claimants = 0"),
            "policy field `identifier[0].max_claimants`: is 0, and must be at least 1",
        ),
        (
            format!("{email}ignore_tags = [\"gmail.com\"]"),
            "policy field `identifier[0].ignore_tags`: needs `normalise = \"email\"`: nothing else has tags",
        ),
        (
            format!("{email}normalise = \"email\"\nignore_tags = [\"@gmail.com\"]"),
            "policy field `identifier[0].ignore_tags[0]`: is not a provider's domain (as `gmail.com`)",
        ),
        (format!("{email}block = [\"a\", \"**\"]"), "policy field `identifier[0].block[1]`: would refuse every value"),
        (
            format!("{email}block = [\" \"]"),
            "policy field `identifier[0].block[0]`: is empty (blank values are refused anyway)",
        ),
        (
            format!("{email}corroborate = [\"givenname\"]\n{name}"),
            "policy field `identifier[0].corroborate[0]`: no attribute `givenname` is declared; did you mean `given_name`?",
        ),
        (
            format!("{email}corroborate = [\"given_name\", \"given_name\"]\n{name}"),
            "policy field `identifier[0].corroborate[1]`: `given_name` stands here twice",
        ),
        (
            format!("{name}verified_by = \"checked\""),
            "policy field `attribute[0].verified_by`: no attribute `checked` is declared",
        ),
        (
            format!("{name}verified_by = \"given_name\""),
            "policy field `attribute[0].verified_by`: cannot say it of itself",
        ),
        (
            format!("{name}survive = [\"verified\"]"),
            "policy field `attribute[0].verified_by`: is needed by the rule `verified`",
        ),
        (
            format!("{name}survive = [\"longest\", \"longest\"]"),
            "policy field `attribute[0].survive[1]`: stands here twice",
        ),
        (
            format!("{name}survive = [\"longest\", \"first\"]"),
            "policy field `attribute[0].survive[1]`: `first` decides by itself: no other rule may stand beside it",
        ),
        (
            format!(
                "{name}group = \"name\"\nsurvive = [\"longest\"]\n[[attribute]]\nname = \"surname\"\ngroup = \"name\"\n\
                 survive = [\"earliest\"]"
            ),
            "policy field `attribute[1].survive`: differs from that of an earlier attribute of the group `name`",
        ),
        (
            format!("{name}group = \"name\"\nsurvive = [\"verified\"]"),
            "policy field `attribute[0].verified_by`: is needed by the rule `verified` of the group `name`",
        ),
    ] {
        check(&toml, expected);
    }
}

#[test]
fn a_file_that_does_not_parse_names_field_and_line() {
    for (toml, begins) in [
        ("max_region = ", "policy field `policy`: line 1: "),
        ("\n\nbogus = 1", "policy field `bogus`: line 3: unknown field `bogus`, expected one of"),
        (
            "[[identifier]]\nkind = \"a\"\nrole = \"persn\"",
            "policy field `identifier[0].role`: line 3: unknown variant `persn`",
        ),
        ("[[identifier]]\nkind = \"a\"", "policy field `identifier[0]`: line 1: missing field `role`"),
        (
            "[[identifier]]\nkind = \"a\"\nrole = \"person\"\nmax_records = \"lots\"",
            "policy field `identifier[0].max_records`: line 4: a limit is a number or \"none\"",
        ),
    ] {
        let error = Policy::from_toml(toml).expect_err(toml).to_string();
        assert!(error.starts_with(begins), "{error}");
    }
    for (json, begins) in [
        ("", "policy field `policy`: line 1: EOF while parsing a value"),
        ("{\n\"bogus\": 1}", "policy field `bogus`: line 2: unknown field `bogus`, expected one of"),
        ("{} {}", "policy field `policy`: line 1: trailing characters"),
        ("{\"identifier\":[{\"kind\":\"a\",\n\"role\":7}]}", "policy field `identifier[0].role`: line 2: "),
        ("{\"max_region\": -1}", "policy field `max_region`: line 1: invalid value: integer `-1`, expected u64"),
        ("{\"max_region\": 0}", "policy field `max_region`: is 0"),
    ] {
        let error = Policy::from_json(json).expect_err(json).to_string();
        assert!(error.starts_with(begins), "{error}");
    }
}

#[test]
fn too_many_kinds_are_refused() {
    let identifier = (0..65_536).map(|n| IdentifierPolicy::new(n.to_string(), Role::Person)).collect();
    let mut policy = Policy { identifier, ..Policy::default() };
    let error = policy.check().unwrap_err().to_string();
    assert_eq!(error, "policy field `identifier`: has 65536 entries, over the limit of 65535");
    policy.identifier.pop();
    let rules = Rules::new(policy).unwrap();
    assert_eq!(rules.kind_place("65534"), Some(65_534));
}

#[test]
fn the_builder_checks() {
    let twice = Policy::builder().source("crm").source("crm").build().unwrap_err();
    assert_eq!(twice.to_string(), "policy field `source[1].name`: `crm` is already declared by source[0]");
}

#[test]
fn toml_json_and_builder_say_the_same() {
    let toml = r#"
        undeclared_attributes = "refuse"
        default_region = "US"
        [[source]]
        name = "crm"
        class = "third_party"
        unique = true
        [[identifier]]
        kind = "email"
        role = "contact"
        normalise = "email"
        max_per_profile = 5
        max_records = "none"
        block = ["noreply@*"]
        corroborate = ["given_name"]
        [[attribute]]
        name = "given_name"
        compare = "given_name"
        exclusive = true
        group = "name"
        survive = ["source", "most_recent"]
    "#;
    let email = IdentifierPolicy::new("email", Role::Contact)
        .normalise(Form::Email)
        .max_per_profile(5)
        .max_records(Limit::None)
        .block(["noreply@*"])
        .corroborate(["given_name"]);
    let name = AttributePolicy::new("given_name", Compare::GivenName)
        .exclusive()
        .group("name")
        .survive([Survive::Source, Survive::MostRecent]);
    let built = Policy::builder()
        .undeclared_attributes(Undeclared::Refuse)
        .default_region("US")
        .source(SourcePolicy::new("crm").class(SourceClass::ThirdParty).unique())
        .identifier(email)
        .attribute(name)
        .build()
        .unwrap();
    let read = Policy::from_toml(toml).unwrap();
    assert_eq!(read, built);
    assert_eq!(Policy::from_json(&built.to_json().unwrap()).unwrap(), built);
    assert_eq!(Policy::from_toml(&built.to_toml().unwrap()).unwrap(), built);
    let fingerprint = Rules::new(read).unwrap().fingerprint();
    assert_eq!(fingerprint, Rules::new(built.clone()).unwrap().fingerprint());
    let other = Policy { max_region: 9_999, ..built };
    assert_ne!(fingerprint, Rules::new(other).unwrap().fingerprint());
}

#[test]
fn the_fingerprint_is_the_same_on_every_machine() {
    let fingerprint = Rules::new(Policy::default()).unwrap().fingerprint();
    assert_eq!(fingerprint, FINGERPRINT_OF_NOTHING);
}

/// It may change with the fields of the policy, never by itself: stores remember it.
const FINGERPRINT_OF_NOTHING: u128 = 304_486_899_503_310_540_270_676_043_363_802_738_865;

#[test]
fn files_are_read_by_extension() {
    let folder = tempfile::tempdir().unwrap();
    let policy = Policy::retail();
    let toml = folder.path().join("policy.toml");
    let json = folder.path().join("POLICY.JSON");
    std::fs::write(&toml, format!("\u{feff}{}", policy.to_toml().unwrap())).unwrap();
    std::fs::write(&json, policy.to_json().unwrap()).unwrap();
    assert_eq!(Policy::from_path(&toml).unwrap(), policy);
    assert_eq!(Policy::from_path(&json).unwrap(), policy);
    for (name, begins) in [
        ("policy.yaml", "option `path`: a policy is a `.toml` or a `.json` file"),
        ("absent.toml", "option `path`: the policy cannot be read: "),
    ] {
        let error = Policy::from_path(folder.path().join(name)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().starts_with(begins), "{error}");
    }
}

#[test]
fn what_is_left_out_takes_the_default_of_the_role() {
    let policy = Policy::builder()
        .identifier(IdentifierPolicy::new("p", Role::Person))
        .identifier(IdentifierPolicy::new("c", Role::Contact))
        .identifier(IdentifierPolicy::new("free", Role::Contact).max_per_profile(Limit::None).links(Links::None))
        .identifier(IdentifierPolicy::new("d", Role::Device))
        .identifier(IdentifierPolicy::new("s", Role::Session).max_records(7));
    let rules = policy.rules().unwrap();
    let table: Vec<_> = rules
        .kinds()
        .iter()
        .map(|kind| (kind.name.as_str(), kind.links, kind.max_per_profile, kind.max_claimants, kind.max_records))
        .collect();
    let expected = [
        ("p", Links::All, Some(1), None, None),
        ("c", Links::All, Some(20), Some(20), Some(10_000)),
        ("free", Links::None, None, Some(20), Some(10_000)),
        ("d", Links::Anonymous, None, Some(20), Some(10_000)),
        ("s", Links::Anonymous, None, Some(20), Some(7)),
    ];
    assert_eq!(table, expected);
    assert_eq!(rules.kind_place("d"), Some(3));
    assert_eq!(rules.kind_place("D"), None);
}

#[test]
fn attributes_survive_by_their_own_rules_or_their_groups_or_by_default() {
    let policy = Policy::builder()
        .attribute(AttributePolicy::new("street", Compare::Address).group("address"))
        .attribute(AttributePolicy::new("city", Compare::Text).group("address").survive([Survive::Longest]))
        .attribute(AttributePolicy::new("since", Compare::Date).group("address").survive([Survive::First]))
        .attribute(AttributePolicy::new("gender", Compare::Text))
        .build()
        .unwrap();
    let rules = Rules::new(policy.clone()).unwrap();
    for (name, expected) in [
        ("street", &[Survive::Longest][..]),
        ("city", &[Survive::Longest]),
        ("since", &[Survive::First]),
        ("gender", SURVIVE_DEFAULT),
        ("shoe_size", SURVIVE_DEFAULT),
    ] {
        assert_eq!(rules.survive(name), Some(expected), "{name}");
    }
    let strict = Rules::new(Policy { undeclared_attributes: Undeclared::Drop, ..policy }).unwrap();
    assert_eq!(strict.survive("shoe_size"), None);
    assert_eq!(strict.survive("gender"), Some(SURVIVE_DEFAULT));
}

#[test]
fn retail_stands() {
    let rules = Rules::new(Policy::retail()).unwrap();
    let phone = &rules.kinds()[usize::from(rules.kind_place("phone").unwrap())];
    let names: Vec<_> =
        phone.corroborate.iter().map(|&place| rules.attributes()[usize::from(place)].name.as_str()).collect();
    assert_eq!(names, ["given_name", "surname"]);
    let order = &rules.kinds()[usize::from(rules.kind_place("order_id").unwrap())];
    assert_eq!(order.links, Links::Anonymous);
    assert_eq!((rules.source_place("crm"), rules.source_place("fax")), (Some(0), None));
}

#[test]
fn debug_shows_no_blocked_value() {
    let rules = Policy::builder()
        .identifier(IdentifierPolicy::new("email", Role::Contact).block(["ann@x.org", "b*"]))
        .rules()
        .unwrap();
    assert!(format!("{:?}", rules.kinds()).contains("Block(1 exact, 1 globs)"));
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = Policy::from_toml(&text);
        let _ = Policy::from_json(&text);
    }

    #[test]
    fn reading_a_damaged_policy_never_panics(place in 0_usize..4_000, byte in any::<u8>()) {
        for text in [Policy::retail().to_toml().unwrap(), Policy::retail().to_json().unwrap()] {
            let mut bytes = text.into_bytes();
            let place = place % bytes.len();
            bytes[place] = byte;
            let text = String::from_utf8_lossy(&bytes);
            for policy in [Policy::from_toml(&text), Policy::from_json(&text)].into_iter().flatten() {
                prop_assert!(Rules::new(policy).is_ok());
            }
        }
    }
}

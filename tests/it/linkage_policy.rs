//! What `[linkage]` and a model may say, and what is refused with which field named.

use onefold::{
    AttributePolicy, BlockPolicy, Compare, ComparisonModel, ComparisonPolicy, ErrorKind, Form, IdentifierPolicy, Key,
    KeyPart, Level, LevelModel, LinkagePolicy, MODEL_FORMAT, Model, ModelSource, Policy, Role, Rules, TermFrequencies,
};
use proptest::prelude::*;

const DECLARED: &str = r#"
[[identifier]]
kind = "email"
role = "contact"
normalise = "email"
[[attribute]]
name = "given_name"
compare = "given_name"
[[attribute]]
name = "surname"
compare = "surname"
[[attribute]]
name = "birth_date"
compare = "date"
[[attribute]]
name = "note"
[linkage]
"#;

#[track_caller]
fn refused(linkage: &str, expected: &str) {
    let toml = format!("{DECLARED}{linkage}");
    let error = Policy::from_toml(&toml).expect_err(linkage);
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(error.to_string(), expected, "{linkage}");
}

#[test]
fn wrong_thresholds_are_refused() {
    refused("link_probability = 1", "policy field `linkage.link_probability`: is 1, and must lie between 0 and 1");
    refused("link_probability = nan", "policy field `linkage.link_probability`: is NaN, and must lie between 0 and 1");
    refused("review_probability = 0", "policy field `linkage.review_probability`: is 0, and must lie between 0 and 1");
    refused(
        "review_probability = 0.96",
        "policy field `linkage.review_probability`: is 0.96, above the `link_probability` of 0.95",
    );
    refused("veto_weight = -inf", "policy field `linkage.veto_weight`: is not a finite number");
    refused("max_block = 1", "policy field `linkage.max_block`: is 1, and must be at least 2: one record is no pair");
}

#[test]
fn wrong_comparisons_are_refused() {
    let compared = |said: &str, expected: &str| {
        refused(&format!("[[linkage.comparison]]\n{said}"), &format!("policy field `linkage.comparison[0].{expected}"));
    };
    compared("levels = [\"exact\"]", "attribute`: is missing: nothing is compared");
    compared(
        "attribute = \"note\"\nattributes = [\"note\"]",
        "attribute`: stands beside `attributes`: one of the two is enough",
    );
    compared(
        "attribute = \"sirname\"",
        "attribute`: neither an attribute nor a kind of identifier `sirname` is declared; did you mean `surname`?",
    );
    compared("attributes = [\"note\", \"note\"]", "attributes[1]`: `note` stands here twice");
    compared(
        "attribute = \"note\"\nlevels = [\"exact\", \"days:31\"]",
        "levels[1]`: `days:31` is of dates, and `note` is of kind `text`",
    );
    compared(
        "attribute = \"birth_date\"\nlevels = [\"number:3\"]",
        "levels[0]`: `number:3` is of numbers, and `birth_date` is of kind `date`",
    );
    compared(
        "attribute = \"email\"\nlevels = [\"postcode_area\"]",
        "levels[0]`: `postcode_area` is of postcodes, and `email` is of kind `email`",
    );
    compared(
        "attribute = \"note\"\nlevels = [\"first_name\"]",
        "levels[0]`: `first_name` is of full names, and `note` is of kind `text`",
    );
    compared("attribute = \"note\"\nlevels = [\"exact\", \"exact\"]", "levels[1]`: `exact` stands here twice");
    compared(
        "attribute = \"note\"\nlevels = [\"jaro_winkler:0.8\", \"jaro_winkler:0.9\"]",
        "levels[1]`: `jaro_winkler:0.9` is never reached: `jaro_winkler:0.8` before it holds wherever it does",
    );
    compared(
        "attribute = \"note\"\nlevels = [\"levenshtein:2\", \"levenshtein:1\"]",
        "levels[1]`: `levenshtein:1` is never reached: `levenshtein:2` before it holds wherever it does",
    );
    compared(
        "attribute = \"note\"\nlevels = [\"else\", \"exact\"]",
        "levels[0]`: `else` must be the last: it holds for every pair",
    );
    compared("attribute = \"note\"\nlevels = [\"prefix:0\"]", "levels[0]`: `prefix:0` would hold for every pair");
    compared(
        "attribute = \"note\"\nlevels = [\"swapped\"]",
        "levels[0]`: `swapped` needs two attributes, or the name of the other, as `swapped:surname`",
    );
    compared(
        "attribute = \"note\"\nlevels = [\"of:surname:exact\"]",
        "levels[0]`: `of:surname:exact` names `surname`, which is not among the attributes of this comparison",
    );
    compared(
        "attribute = \"given_name\"\nlevels = [\"swapped:sirname\"]",
        "levels[0]`: `swapped:sirname` names what is not there: neither an attribute nor a kind of identifier \
         `sirname` is declared; did you mean `surname`?",
    );
    refused(
        "[[linkage.comparison]]\nattribute = \"note\"\n[[linkage.comparison]]\nattributes = [\"note\"]",
        "policy field `linkage.comparison[1].attributes`: `note` is already compared",
    );
    let unread =
        Policy::from_toml(&format!("{DECLARED}[[linkage.comparison]]\nattribute = \"note\"\nlevels = [\"jaro\"]"));
    let unread = unread.unwrap_err().to_string();
    assert!(
        unread.contains("`linkage.comparison[0].levels[0]`") && unread.contains("`jaro` needs a number"),
        "{unread}"
    );
}

#[test]
fn a_level_that_an_earlier_one_covers_is_refused_and_not_the_other_way_round() {
    for (kind, loose, strict) in [
        ("text", "jaro:0.8", "jaro:0.9"),
        ("text", "jaro_winkler:0.8", "jaro_winkler:0.9"),
        ("text", "token_set:0.4", "token_set:0.5"),
        ("text", "jaccard:0.4", "jaccard:0.5"),
        ("text", "levenshtein:2", "levenshtein:1"),
        ("text", "damerau_levenshtein:2", "damerau_levenshtein:1"),
        ("text", "damerau_levenshtein:1", "levenshtein:1"),
        ("text", "prefix:2", "prefix:3"),
        ("text", "suffix:2", "suffix:3"),
        ("text", "overlap:1", "overlap:2"),
        ("text", "custom:mine:0.4", "custom:mine:0.5"),
        ("text", "km:2", "km:1"),
        ("text", "compatible", "agree"),
        ("given_name", "compatible", "related"),
        ("text", "of:x:levenshtein:2", "of:x:levenshtein:1"),
        ("date", "days:31", "days:30"),
        ("number", "number:2", "number:1.5"),
        ("number", "percent:10", "percent:5"),
        ("email", "email_user_jaro_winkler:0.8", "email_user_jaro_winkler:0.9"),
    ] {
        let policy = |first: &str, then: &str| {
            Policy::from_toml(&format!(
                "[[attribute]]\nname = \"x\"\ncompare = \"{kind}\"\n[[linkage.comparison]]\nattribute = \"x\"\n\
                 levels = [\"{first}\", \"{then}\"]"
            ))
        };
        let refused = policy(loose, strict).unwrap_err().to_string();
        let expected = format!("`{strict}` is never reached: `{loose}` before it holds wherever it does");
        assert!(refused.ends_with(&expected), "{refused}");
        assert!(policy(strict, loose).is_ok(), "{strict} before {loose}");
        assert!(policy(loose, loose).unwrap_err().to_string().ends_with("stands here twice"));
    }
    for (kind, trivial) in
        [("text", "jaro:0"), ("text", "suffix:0"), ("text", "of:x:overlap:0"), ("text", "custom:m:0")]
    {
        let toml = format!(
            "[[attribute]]\nname = \"x\"\ncompare = \"{kind}\"\n[[linkage.comparison]]\nattribute = \"x\"\n\
             levels = [\"{trivial}\"]"
        );
        let refused = Policy::from_toml(&toml).unwrap_err().to_string();
        assert!(refused.ends_with("would hold for every pair"), "{refused}");
    }
}

#[test]
fn wrong_blocking_rules_are_refused() {
    let blocked = |keys: &str, expected: &str| {
        let expected = format!("policy field `linkage.block[0].keys{expected}");
        refused(&format!("[[linkage.block]]\nkeys = [{keys}]"), &expected);
    };
    blocked("", "`: is empty: every pair would be compared");
    blocked(
        "\"surname\", \"year(birthdate)\"",
        "[1]`: neither an attribute nor a kind of identifier `birthdate` is declared; did you mean `birth_date`?",
    );
    blocked("\"year(surname)\"", "[0]`: `year(surname)` needs a date, and `surname` is of kind `surname`");
    blocked("\"surname\", \" surname\"", "[1]`: `surname` stands here twice");
    blocked(
        "\"decade(birth_date)\"",
        "[0]`: `decade(birth_date)` has no function that is known (`year`, `month`, `soundex`, `words`, `sounds`, `numbers`)",
    );
    blocked(
        "\"surname[0]\"",
        "[0]`: `surname[0]` takes no part that is known (`[:3]` the first three, `[-4:]` the last four)",
    );
    blocked(
        "\"surname[:0]\"",
        "[0]`: `surname[:0]` takes no part that is known (`[:3]` the first three, `[-4:]` the last four)",
    );
    blocked("\"year()\"", "[0]`: `year()` names no attribute");
}

#[test]
fn a_good_linkage_is_read_and_written() {
    let toml = format!(
        "{DECLARED}link_probability = 0.9\n[[linkage.comparison]]\nattributes = [\"given_name\", \"surname\"]\n\
         levels = [\"exact\", \"swapped\", \"jaro_winkler:0.92\", \"of:surname:exact\"]\nterm_frequency = true\n\
         [[linkage.comparison]]\nattribute = \"birth_date\"\nlevels = [\"exact\", \"date_typo\", \"days:31\", \"else\"]\n\
         [[linkage.comparison]]\nattribute = \"email\"\n[[linkage.block]]\nkeys = [\"surname\", \"year(birth_date)\"]"
    );
    let read = Policy::from_toml(&toml).unwrap();
    let names = ComparisonPolicy::of(["given_name", "surname"])
        .levels([
            Level::Exact,
            Level::Swapped(None),
            Level::JaroWinkler(0.92),
            Level::Of("surname".into(), Box::new(Level::Exact)),
        ])
        .term_frequency();
    let dates =
        ComparisonPolicy::new("birth_date").levels([Level::Exact, Level::DateTypo, Level::Days(31), Level::Else]);
    let linkage = LinkagePolicy::new()
        .link_probability(0.9)
        .comparison(names)
        .comparison(dates)
        .comparison("email")
        .block(BlockPolicy::new(["surname", "year(birth_date)"]));
    let built = declared().linkage(linkage).build().unwrap();
    assert_eq!(read, built);
    assert_eq!(Policy::from_toml(&built.to_toml().unwrap()).unwrap(), built);
    assert_eq!(Policy::from_json(&built.to_json().unwrap()).unwrap(), built);
    let keys = built.linkage.unwrap().block[0].parse().unwrap();
    assert_eq!(keys, [Key::whole("surname"), Key { column: "birth_date".into(), part: KeyPart::Year }]);
}

fn declared() -> onefold::PolicyBuilder {
    Policy::builder()
        .identifier(IdentifierPolicy::new("email", Role::Contact).normalise(Form::Email))
        .attribute(AttributePolicy::new("given_name", Compare::GivenName))
        .attribute(AttributePolicy::new("surname", Compare::Surname))
        .attribute(AttributePolicy::new("birth_date", Compare::Date))
        .attribute(AttributePolicy::new("note", Compare::Text))
}

fn level(level: Level, m: f64, u: f64) -> LevelModel {
    LevelModel { level, m, u, s: None, trained: true }
}

fn model() -> Model {
    let surname = ComparisonModel {
        attributes: vec!["surname".into()],
        levels: vec![
            level(Level::Exact, 0.9, 0.01),
            level(Level::JaroWinkler(0.9), 0.07, 0.1 / 3.0),
            level(Level::Else, 0.03, 0.99 - 0.1 / 3.0),
        ],
        term_frequencies: Some(TermFrequencies {
            other: 1e-5,
            values: [("smith".into(), 0.011), ("jones".into(), 0.1 + 0.2)].into(),
        }),
    };
    Model {
        format: MODEL_FORMAT,
        prior: 1e-4,
        surroundings: 0.0,
        comparison: vec![surname],
        block: vec![BlockPolicy::new(["surname"])],
        training: None,
    }
}

#[test]
fn wrong_models_are_refused_with_the_field_named() {
    let refused = |expected: &str, spoil: fn(&mut Model)| {
        let mut wrong = model();
        spoil(&mut wrong);
        let error = wrong.check().unwrap_err();
        assert_eq!(error.to_string(), format!("model field {expected}"));
        let policy = declared().linkage(LinkagePolicy::new().model(wrong)).build().unwrap_err();
        assert_eq!(policy.kind(), ErrorKind::Config);
        assert_eq!(policy.to_string(), format!("policy field {}", expected.replacen('`', "`linkage.model.", 1)));
    };
    refused("`format`: is 2, and this version reads 1", |model| model.format = 2);
    refused("`prior`: is 0, and must lie between 0 and 1", |model| model.prior = 0.0);
    refused("`prior`: is NaN, and must lie between 0 and 1", |model| model.prior = f64::NAN);
    refused("`surroundings`: is -1, which is no probability", |model| model.surroundings = -1.0);
    refused("`surroundings`: leaves no pairs of strangers beside the `prior`", |model| {
        (model.prior, model.surroundings) = (0.5, 0.5);
    });
    refused("`comparison`: is empty: nothing is compared", |model| model.comparison.clear());
    refused("`comparison[1].attributes`: `surname` is already compared", |model| {
        model.comparison.push(model.comparison[0].clone());
    });
    refused("`comparison[0].levels`: must end in `else`: a pair has to be on some level", |model| {
        model.comparison[0].levels.pop();
    });
    refused("`comparison[0].levels[1].level`: `exact` stands here twice", |model| {
        model.comparison[0].levels[1].level = Level::Exact;
    });
    refused("`comparison[0].levels[0].m`: is 1.5, which is no probability", |model| {
        model.comparison[0].levels[0].m = 1.5;
    });
    refused("`comparison[0].levels[2].s`: is inf, which is no probability", |model| {
        model.comparison[0].levels[2].s = Some(f64::INFINITY);
    });
    refused("`comparison[0].levels`: the `u` of all levels sum to 1.4900, and must to 1", |model| {
        model.comparison[0].levels[0].u = 0.5;
    });
    refused("`comparison[0].term_frequencies.other`: is 0, and must be above 0 and at most 1", |model| {
        model.comparison[0].term_frequencies.as_mut().unwrap().other = 0.0;
    });
    refused(
        "`comparison[0].term_frequencies.values`: hold a frequency that is not above 0 and at most 1, in place 1",
        |model| {
            model.comparison[0].term_frequencies.as_mut().unwrap().values.insert("jones".into(), 0.0);
        },
    );
    refused(
        "`block[0].keys[0]`: `x(surname)` has no function that is known (`year`, `month`, `soundex`, `words`, `sounds`, `numbers`)",
        |model| {
            model.block[0].keys[0] = "x(surname)".into();
        },
    );
}

#[test]
fn a_model_must_fit_the_policy() {
    let refused = |expected: &str, linkage: LinkagePolicy| {
        let error = declared().linkage(linkage).build().unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Config, format!("policy field `linkage.{expected}")));
    };
    let spoilt = |spoil: fn(&mut Model)| {
        let mut model = model();
        spoil(&mut model);
        LinkagePolicy::new().model(model)
    };
    refused(
        "model.comparison[0].attributes[0]`: neither an attribute nor a kind of identifier `sur_name` is declared; did \
         you mean `surname`?",
        spoilt(|model| model.comparison[0].attributes = vec!["sur_name".into()]),
    );
    refused(
        "model.comparison[0].levels[1].level`: `days:3` is of dates, and `surname` is of kind `surname`",
        spoilt(|model| model.comparison[0].levels[1].level = Level::Days(3)),
    );
    refused(
        "model.block[0].keys[0]`: neither an attribute nor a kind of identifier `postcode` is declared",
        spoilt(|model| model.block = vec![BlockPolicy::new(["postcode"])]),
    );
    let with = |comparison: ComparisonPolicy| LinkagePolicy::new().model(model()).comparison(comparison);
    refused(
        "comparison[0].attribute`: the model does not compare `note`; train it anew",
        with(ComparisonPolicy::new("note")),
    );
    refused(
        "comparison[0].levels`: the model has `exact`, `jaro_winkler:0.9` for `surname`; train it anew, or leave the \
         levels out",
        with(ComparisonPolicy::new("surname").levels([Level::Exact])),
    );
    let mut bare = model();
    bare.comparison[0].term_frequencies = None;
    refused(
        "comparison[0].term_frequency`: the model has no term frequencies of `surname`; train it anew",
        LinkagePolicy::new().model(bare).comparison(ComparisonPolicy::new("surname").term_frequency()),
    );
    let mut more = model();
    more.comparison.push(ComparisonModel { attributes: vec!["note".into()], ..more.comparison[0].clone() });
    refused(
        "comparison`: leaves out `note`, which the model compares",
        LinkagePolicy::new().model(more).comparison("surname"),
    );
    let good = with(ComparisonPolicy::new("surname").levels([Level::Exact, Level::JaroWinkler(0.9)]).term_frequency());
    let policy = declared().linkage(good).build().unwrap();
    assert_eq!(Policy::from_toml(&policy.to_toml().unwrap()).unwrap(), policy, "an inline model, in TOML too");
    assert_eq!(Policy::from_json(&policy.to_json().unwrap()).unwrap(), policy);
}

#[test]
fn a_model_is_read_beside_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let toml = format!("{DECLARED}model = \"model.json\"");
    std::fs::write(path("policy.toml"), &toml).unwrap();
    let expected = "policy field `linkage.model`: `model.json` is a file, which only `Policy::from_path` reads; put the \
                    model itself in its place";
    assert_eq!(Policy::from_toml(&toml).unwrap_err().to_string(), expected);
    let built = declared().linkage(LinkagePolicy::new().model(ModelSource::Path("model.json".into()))).build();
    assert_eq!(built.unwrap_err().to_string(), expected);

    let error = Policy::from_path(path("policy.toml")).unwrap_err();
    assert!(error.to_string().starts_with("policy field `linkage.model`: model.json: "), "{error}");
    assert_eq!(Policy::from_path_untrained(path("policy.toml")).unwrap().linkage, Some(LinkagePolicy::new()));

    let text = model().to_json().unwrap();
    std::fs::write(path("model.json"), &text).unwrap();
    let policy = Policy::from_path(path("policy.toml")).unwrap();
    assert_eq!(**policy.linkage.as_ref().unwrap().inline_model().unwrap(), model());
    assert_eq!(Model::from_path(path("model.json")).unwrap(), model());

    for (from, to, said) in [
        ("\"prior\": 0.0001", "\"prior\": \"x\"", "model field `prior`: line 3: invalid type"),
        ("\"m\": 0.9,", "\"m\": 7,", "model field `comparison[0].levels[0].m`: is 7, which is no probability"),
        ("\"u\": 0.01", "\"v\": 0.01", "model field `comparison[0].levels[0].v`: line 14: unknown field `v`"),
        ("\"smith\": 0.011", "\"smith\": \"wesson\"", "model field `comparison[0].term_frequencies.values`: line "),
        ("\"surname\"\n", "\"town\"\n", "model.comparison[0].attributes[0]`: neither an attribute"),
    ] {
        assert!(text.contains(from), "{from}");
        std::fs::write(path("model.json"), text.replace(from, to)).unwrap();
        let error = Policy::from_path(path("policy.toml")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let message = error.to_string();
        assert!(message.contains(said) && message.starts_with("policy field `linkage.model"), "{message}");
        assert!(!message.contains("smith") && !message.contains("wesson"), "{message}");
    }
    let inline =
        serde_json::to_string(&declared().linkage(LinkagePolicy::new().model(model())).build().unwrap()).unwrap();
    let error = Policy::from_json(&inline.replace("0.011", "\"wesson\"")).unwrap_err().to_string();
    assert!(error.starts_with("policy field `linkage.model.comparison[0].term_frequencies.values`: "), "{error}");
    assert!(!error.contains("smith") && !error.contains("wesson"), "{error}");
}

#[test]
fn the_model_is_part_of_the_fingerprint_and_its_bytes_are_its_own() {
    let fingerprint = |model: Model| {
        let policy = declared().linkage(LinkagePolicy::new().model(model)).build().unwrap();
        Rules::new(policy).unwrap().fingerprint()
    };
    let text = model().to_json().unwrap();
    let again = Model::from_json(&text).unwrap();
    assert_eq!(again.to_json().unwrap(), text);
    assert_eq!(fingerprint(again), fingerprint(model()));
    let mut other = model();
    other.comparison[0].levels[0].m = f64::from_bits(0.9_f64.to_bits() + 1);
    assert_ne!(fingerprint(other), fingerprint(model()), "the last bit counts");
    assert_eq!(format!("{:?}", model().comparison[0].term_frequencies), "Some(TermFrequencies(2 values))");
}

fn column() -> impl Strategy<Value = String> {
    "[a-zäß_][a-z0-9 :.-]{0,8}[a-z0-9]"
}

fn some_level() -> impl Strategy<Value = Level> {
    let share = || (0_u32..=1000).prop_map(|share| f64::from(share) / 1000.0);
    let number = || any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(f64::abs);
    let count = any::<u32>;
    let bare = prop_oneof![
        Just(Level::Exact),
        Just(Level::Agree),
        Just(Level::Compatible),
        Just(Level::Soundex),
        Just(Level::DayMonthSwap),
        Just(Level::DateTypo),
        Just(Level::EmailUser),
        Just(Level::PostcodeSector),
        Just(Level::PostcodeDistrict),
        Just(Level::PostcodeArea),
        Just(Level::Else),
    ];
    let shares = prop_oneof![
        share().prop_map(Level::Jaro),
        share().prop_map(Level::JaroWinkler),
        share().prop_map(Level::TokenSet),
        share().prop_map(Level::Jaccard),
        share().prop_map(Level::EmailUserJaroWinkler),
        ("[a-z]{1,5}", share()).prop_map(|(name, share)| Level::Custom(name.into(), share)),
    ];
    let counts = prop_oneof![
        count().prop_map(Level::Levenshtein),
        count().prop_map(Level::DamerauLevenshtein),
        count().prop_map(Level::Prefix),
        count().prop_map(Level::Suffix),
        count().prop_map(Level::Days),
        count().prop_map(Level::Overlap),
    ];
    let numbers = prop_oneof![
        number().prop_map(Level::Number),
        number().prop_map(Level::Percent),
        number().prop_map(Level::Kilometres),
    ];
    let swapped =
        prop_oneof![Just(None), "[a-z]{1,5}".prop_map(Some)].prop_map(|other| Level::Swapped(other.map(Into::into)));
    let single = prop_oneof![bare, shares, counts, numbers, swapped];
    (proptest::option::of("[a-z]{1,5}"), single).prop_map(|(column, level)| match column {
        Some(column) => Level::Of(column.into(), Box::new(level)),
        None => level,
    })
}

proptest! {
    #[test]
    fn keys_are_read_as_they_are_written(
        column in column(),
        part in prop_oneof![
            Just(KeyPart::Whole), Just(KeyPart::Year), Just(KeyPart::Month), Just(KeyPart::Soundex), Just(KeyPart::Words),
            Just(KeyPart::Words),
            (1_u32..).prop_map(KeyPart::First), (1_u32..).prop_map(KeyPart::Last),
        ],
    ) {
        let key = Key { column: column.into(), part };
        prop_assert_eq!(key.to_string().parse::<Key>().unwrap(), key);
    }

    #[test]
    fn reading_a_key_never_panics(text in "\\PC{0,20}|[a(\\[:\\-0-9\\])]{0,12}") {
        if let Ok(key) = text.parse::<Key>() {
            prop_assert_eq!(key.to_string().parse::<Key>().unwrap(), key);
        }
    }

    #[test]
    fn levels_are_read_as_they_are_written(level in some_level()) {
        prop_assert_eq!(level.to_string().parse::<Level>().unwrap(), level);
    }

    #[test]
    fn reading_a_level_never_panics(text in "(of:|custom:|swapped|days|exact|:|[0-9.e-]|\\PC){0,8}") {
        if let Ok(level) = text.parse::<Level>() {
            prop_assert_eq!(level.to_string().parse::<Level>().unwrap(), level);
        }
    }

    #[test]
    fn reading_a_damaged_model_never_panics(place in 0_usize..2_000, byte in any::<u8>()) {
        let mut bytes = model().to_json().unwrap().into_bytes();
        let place = place % bytes.len();
        bytes[place] = byte;
        if let Ok(model) = Model::from_json(&String::from_utf8_lossy(&bytes)) {
            prop_assert!(model.check().is_ok());
        }
    }
}

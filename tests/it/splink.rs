//! Models that Splink saved, read as ours: every function of its comparison library, and what cannot be read, by name.

use onefold::{
    AttributePolicy, Compare, ErrorKind, Level, LinkagePolicy, Model, Policy, Record, SplinkImport, score_pairs,
};

fn policy(attributes: &[(&str, Compare)]) -> Policy {
    let builder = Policy::builder();
    let attributes = attributes.iter().map(|&(name, compare)| AttributePolicy::new(name, compare));
    attributes.fold(builder, onefold::PolicyBuilder::attribute).build().unwrap()
}

/// A saved model of one comparison: its levels share m and u evenly, and what is left is for `else`.
fn saved(levels: &[&str], rules: &[&str]) -> String {
    let share = 0.5 / levels.len() as f64;
    let mut all =
        vec![serde_json::json!({"sql_condition": "\"x_l\" IS NULL OR \"x_r\" IS NULL", "is_null_level": true})];
    all.extend(
        levels
            .iter()
            .map(|sql| serde_json::json!({"sql_condition": sql, "m_probability": share, "u_probability": share})),
    );
    all.push(serde_json::json!({"sql_condition": "ELSE", "m_probability": 0.5, "u_probability": 0.5}));
    let rules: Vec<_> =
        rules.iter().map(|rule| serde_json::json!({"blocking_rule": rule, "sql_dialect": "duckdb"})).collect();
    serde_json::json!({
        "link_type": "dedupe_only",
        "probability_two_random_records_match": 0.001,
        "blocking_rules_to_generate_predictions": rules,
        "comparisons": [{"output_column_name": "x", "comparison_levels": all}],
    })
    .to_string()
}

fn levels(import: &SplinkImport) -> Vec<String> {
    import.model.comparison[0].levels.iter().map(|level| level.level.to_string()).collect()
}

fn remarks(import: &SplinkImport) -> Vec<String> {
    import.remarks.iter().map(ToString::to_string).collect()
}

/// Reads levels of one column `x` of a kind, none of which may be left out.
#[track_caller]
fn read(kind: Compare, sql: &[&str], expected: &[&str]) {
    let import = Model::from_splink(&saved(sql, &[]), &policy(&[("x", kind)])).unwrap();
    assert_eq!(remarks(&import), [""; 0]);
    assert_eq!(levels(&import), [expected, &["else"]].concat());
    assert_eq!(import.model.comparison[0].attributes, ["x"]);
}

#[test]
fn the_functions_of_the_comparison_library_are_read() {
    read(
        Compare::Surname,
        &[
            "\"x_l\" = \"x_r\"",
            "jaro_winkler_similarity(\"x_l\", \"x_r\") >= 0.92",
            "jaro_similarity(\"x_l\", \"x_r\") >= 0.9",
            "levenshtein(\"x_l\", \"x_r\") <= 1",
            "damerau_levenshtein(\"x_l\", \"x_r\") <= 2",
            "jaccard(\"x_l\", \"x_r\") >= 0.9",
            "SUBSTRING(\"x_l\", 1, 3) = SUBSTRING(\"x_r\", 1, 3)",
            "right(x_l, 4) = right(x_r, 4)",
            "soundex(x_l) = soundex(x_r)",
        ],
        &[
            "exact",
            "jaro_winkler:0.92",
            "jaro:0.9",
            "levenshtein:1",
            "damerau_levenshtein:2",
            "jaccard:0.9",
            "prefix:3",
            "suffix:4",
            "soundex",
        ],
    );
    // Spark's names, a transformed column, and one that needs quotes.
    read(
        Compare::Text,
        &["lower(`x_l`) = lower(`x_r`)", "jaro_winkler(x_l, x_r) >= 0.9", "jaro_sim(`x_l`, `x_r`) >= 0.7"],
        &["exact", "jaro_winkler:0.9", "jaro:0.7"],
    );
}

#[test]
fn dates_numbers_and_lists_are_read() {
    read(
        Compare::Date,
        &[
            "\"x_l\" = \"x_r\"",
            "damerau_levenshtein(CAST(\"x_l\" AS TEXT), CAST(\"x_r\" AS TEXT)) <= 1",
            "ABS(EPOCH(try_strptime(\"x_l\", '%Y-%m-%d')) - EPOCH(try_strptime(\"x_r\", '%Y-%m-%d'))) <= 2629800.0",
            "ABS(UNIX_TIMESTAMP(\"x_l\") - UNIX_TIMESTAMP(\"x_r\"))<= 31557600.0",
            "abs(datediff('day', \"x_l\", \"x_r\")) <= 400",
            "ABS(EXTRACT(EPOCH FROM \"x_l\") - EXTRACT(EPOCH FROM \"x_r\")) <= 86400000",
        ],
        &["exact", "damerau_levenshtein:1", "days:30", "days:365", "days:400", "days:1000"],
    );
    read(
        Compare::Number,
        &[
            "ABS(\"x_l\" - \"x_r\") <= 2.5",
            "(ABS(\"x_l\" - \"x_r\") / (CASE WHEN \"x_r\" > \"x_l\" THEN \"x_r\" ELSE \"x_l\" END)) < 0.07",
        ],
        &["number:2.5", "percent:7"],
    );
    read(
        Compare::Exact,
        &[
            "array_length(list_intersect(\"x_l\", \"x_r\")) >= 3",
            "SIZE(ARRAY_INTERSECT(`x_l`, `x_r`)) >= 2",
            "CARDINALITY(ARRAY_INTERSECT(\"x_l\", \"x_r\")) >= 1",
        ],
        &["overlap:3", "overlap:2", "overlap:1"],
    );
}

#[test]
fn parts_of_postcodes_and_addresses_are_read() {
    let part = |pattern: &str| {
        let side = |side: &str| format!("NULLIF(regexp_extract(\"x_{side}\", '{pattern}', 0), '')");
        (side("l"), side("r"))
    };
    let equal = |pattern: &str| {
        let (left, right) = part(pattern);
        format!("{left} = {right}")
    };
    let area = "^[A-Za-z]{1,2}";
    let sql = [
        "\"x_l\" = \"x_r\"".to_owned(),
        equal("^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? [0-9]"),
        equal("^[A-Za-z]{1,2}[0-9][A-Za-z0-9]?"),
        equal(area),
    ];
    let sql: Vec<&str> = sql.iter().map(String::as_str).collect();
    read(Compare::Postcode, &sql, &["exact", "postcode_sector", "postcode_district", "postcode_area"]);
    let (left, right) = part("^[^@]+");
    let sql = [
        "\"x_l\" = \"x_r\"".to_owned(),
        equal("^[^@]+"),
        "jaro_winkler_similarity(\"x_l\", \"x_r\") >= 0.88".to_owned(),
        format!("jaro_winkler_similarity({left}, {right}) >= 0.88"),
    ];
    let sql: Vec<&str> = sql.iter().map(String::as_str).collect();
    read(Compare::Email, &sql, &["exact", "email_user", "jaro_winkler:0.88", "email_user_jaro_winkler:0.88"]);
}

#[test]
fn several_columns_are_read_as_one_comparison() {
    let names = policy(&[("a", Compare::GivenName), ("b", Compare::Surname)]);
    let jaro_winkler =
        "(jaro_winkler_similarity(\"a_l\", \"a_r\") >= 0.92) AND (jaro_winkler_similarity(\"b_l\", \"b_r\") >= 0.92)";
    for whole in ["(\"a_l\" = \"a_r\") AND (\"b_l\" = \"b_r\")", "\"a_b_concat_l\" = \"a_b_concat_r\"", "b_a_l = b_a_r"]
    {
        let sql = [whole, "\"a_l\" = \"b_r\" AND \"a_r\" = \"b_l\"", jaro_winkler, "\"b_l\" = \"b_r\"", "a_l = a_r"];
        let import = Model::from_splink(&saved(&sql, &[]), &names).unwrap();
        assert_eq!(remarks(&import), [""; 0], "{whole}");
        assert_eq!(levels(&import), ["exact", "swapped", "jaro_winkler:0.92", "of:b:exact", "of:a:exact", "else"]);
        assert_eq!(import.model.comparison[0].attributes, ["a", "b"]);
    }
    // One direction alone, or a third column, is no swap; nor do two conditions make one level.
    let three = policy(&[("a", Compare::GivenName), ("b", Compare::Surname), ("c", Compare::Surname)]);
    for other in ["b_l = b_l", "a_l = b_r", "a_l = b_r AND a_r = c_l", "a_l = a_r AND jaro_similarity(b_l, b_r) >= 0.9"]
    {
        let import = Model::from_splink(&saved(&["a_l = a_r", other], &[]), &three).unwrap();
        assert_eq!(levels(&import), ["exact", "else"], "{other}");
        assert!(remarks(&import)[0].ends_with(&format!("its pairs fall to the levels below: {other}")));
    }
    let place = policy(&[("lat", Compare::Number), ("long", Compare::Number)]);
    let inner = "sin( radians(\"lat_l\") ) * sin( radians(\"lat_r\") ) + cos( radians(\"lat_l\") ) * cos( radians(\"lat_r\") ) \
                 * cos( radians(\"long_r\" - \"long_l\") )";
    let km = |most: &str| {
        format!(
            "cast( acos( case when ({inner}) > 1 then 1 when ({inner}) < -1 then -1 else ({inner}) end ) * 6371 as float ) \
             <= {most}"
        )
    };
    let not_null = format!("(\"lat_r\" is not null AND \"long_l\" is not null) AND {}", km("10"));
    let import = Model::from_splink(&saved(&[&km("0.1"), &not_null], &[]), &place).unwrap();
    assert_eq!((remarks(&import), levels(&import)), (vec![], vec!["km:0.1".into(), "km:10".into(), "else".into()]));
    assert_eq!(import.model.comparison[0].attributes, ["lat", "long"]);
}

#[test]
fn blocking_rules_are_read() {
    let people = policy(&[("a", Compare::GivenName), ("b", Compare::Surname), ("dob", Compare::Date)]);
    let rules = [
        "l.\"b\" = r.\"b\"",
        "(SUBSTRING(l.a, 1, 3) = SUBSTRING(r.a, 1, 3)) AND (l.b = r.b)",
        "substr(l.dob, 1, 4) = substr(r.dob, 1, 4) and soundex(l.b) = soundex(r.b)",
        "year(l.dob) = year(r.dob) AND right(l.a, 2) = right(r.a, 2)",
        "l.b = r.b",
        "l.a = r.a OR l.b = r.b",
        "l.b = r.b AND levenshtein(l.a, r.a) <= 2",
        "l.town = r.town",
        "year(l.b) = year(r.b)",
        "l.a = r.b",
        "l.a[1:3] = r.a[1:3]",
    ];
    let import = Model::from_splink(&saved(&["a_l = a_r"], &rules), &people).unwrap();
    let read: Vec<String> = import.model.block.iter().map(ToString::to_string).collect();
    assert_eq!(read, ["b", "a[:3], b", "year(dob), soundex(b)", "year(dob), a[-2:]"]);
    assert_eq!(
        remarks(&import),
        [
            "blocking rule 6: is not a conjunction of equalities that are known; left out: l.a = r.a OR l.b = r.b",
            "blocking rule 7: is not a conjunction of equalities that are known; left out: l.b = r.b AND levenshtein(l.a, \
             r.a) <= 2",
            "blocking rule 8: neither an attribute nor a kind of identifier `town` is declared; left out: l.town = r.town",
            "blocking rule 9: `year(b)` needs a date, and `b` is of kind `surname`; left out: year(l.b) = year(r.b)",
            "blocking rule 10: is not a conjunction of equalities that are known; left out: l.a = r.b",
            "blocking rule 11: is not SQL that is known; left out: l.a[1:3] = r.a[1:3]",
        ]
    );
}

#[test]
fn what_cannot_be_read_is_named_and_its_pairs_fall_to_the_rest() {
    let sql = [
        "x_l = x_r",
        "metaphone(x_l) = metaphone(x_r)",
        "x_l = x_r",
        "jaro_winkler_similarity(x_l, x_r) > 0.9",
        "ABS(EPOCH(x_l) - EPOCH(x_r)) <= 86400",
    ];
    let import = Model::from_splink(&saved(&sql, &[]), &policy(&[("x", Compare::Text)])).unwrap();
    let fall = "its pairs fall to the levels below";
    assert_eq!(
        remarks(&import),
        [
            format!("comparison `x`, level 3: is not a level that is known; {fall}: metaphone(x_l) = metaphone(x_r)"),
            format!("comparison `x`, level 4: `exact` stands here twice; {fall}: x_l = x_r"),
            format!(
                "comparison `x`, level 5: is not a level that is known; {fall}: jaro_winkler_similarity(x_l, x_r) > 0.9"
            ),
            format!(
                "comparison `x`, level 6: `days:1` is of dates, and `x` is of kind `text`; {fall}: ABS(EPOCH(x_l) - \
                 EPOCH(x_r)) <= 86400"
            ),
        ]
    );
    assert_eq!(levels(&import), ["exact", "else"]);
    let rest = &import.model.comparison[0].levels[1];
    assert!((rest.m - 0.9).abs() < 1e-12 && (rest.u - 0.9).abs() < 1e-12, "{rest:?}");

    let error = Model::from_splink(&saved(&["x_l = x_r"], &[]), &policy(&[("xx", Compare::Text)])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert_eq!(
        error.to_string(),
        "splink model: has no comparison that can be read: comparison `x`: is left out: neither an attribute nor a kind of \
         identifier `x` is declared; did you mean `xx`?"
    );
    for (json, begins) in [
        ("[]", "splink field `.`: "),
        ("{\"comparisons\": []}", "splink field `.`: missing field `probability_two_random_records_match`"),
        (
            "{\"probability_two_random_records_match\": 0.1, \"comparisons\": [{\"comparison_levels\": [{}]}]}",
            "splink field `comparisons[0].comparison_levels[0]`: missing field `sql_condition`",
        ),
    ] {
        let error = Model::from_splink(json, &Policy::default()).unwrap_err().to_string();
        assert!(error.starts_with(begins), "{error}");
    }
}

#[test]
fn what_was_not_trained_is_named() {
    let json = r#"{"probability_two_random_records_match": 0.01, "link_type": "link_only", "comparisons": [
        {"output_column_name": "x", "comparison_levels": [
            {"sql_condition": "x_l = x_r", "m_probability": 0.5, "u_probability": 0.25,
             "tf_adjustment_column": "x", "tf_adjustment_weight": 0.5, "tf_minimum_u_value": 0.001},
            {"sql_condition": "jaro_similarity(x_l, x_r) >= 0.9",
             "m_probability": "level not observed in training dataset", "u_probability": 0.25}]}]}"#;
    let import = Model::from_splink(json, &policy(&[("x", Compare::Text)])).unwrap();
    assert_eq!(
        remarks(&import),
        [
            "link_type: links only across sources; here, say of each source that it is `unique`",
            "comparison `x`, level 2: `jaro:0.9`: its m was not trained, and count as 0.000001",
            "comparison `x`, level `else`: has no probabilities; it takes what the other levels leave",
            "comparison `x`: a file of Splink holds no term frequencies: all values of `x` count alike until the model is \
             refreshed",
            "comparison `x`: term frequencies weigh 1 here, and not 0.5",
            "comparison `x`: the least term frequency of 0.001 is left out",
        ]
    );
    let comparison = &import.model.comparison[0];
    assert_eq!(comparison.levels.iter().map(|level| level.trained).collect::<Vec<_>>(), [true, false, false]);
    let terms = comparison.term_frequencies.as_ref().unwrap();
    assert_eq!((terms.other, terms.values.len()), (0.25, 0), "the average of all values");
}

/// The imported model weighs a pair as Splink does: log2 of m over u, summed over the comparisons.
#[test]
fn an_imported_model_weighs_as_splink_does() {
    let saved = saved(&["x_l = x_r", "levenshtein(x_l, x_r) <= 1"], &["substr(l.x, 1, 1) = substr(r.x, 1, 1)"])
        .replacen("0.25", "0.45", 1)
        .replacen("\"u_probability\":0.25", "\"u_probability\":0.0001", 1);
    let people = policy(&[("x", Compare::Text)]);
    let import = Model::from_splink(&saved, &people).unwrap();
    let levels = import.model.comparison[0].levels.clone();
    let linkage = LinkagePolicy::new().model(import.model).review_probability(1e-9);
    let people = people.into_builder().linkage(linkage).build().unwrap();
    let record =
        |key: &str, x: &str| Record::new("crm", key, "2026-01-05T10:00:00Z".parse().unwrap()).attribute("x", x);
    let records = [record("1", "karlsson"), record("2", "karlsson"), record("3", "karlson"), record("4", "k")];
    let pairs = score_pairs(&people, &records).unwrap();
    let weight = |a: usize, b: usize| pairs.iter().find(|pair| (pair.a, pair.b) == (a, b)).unwrap().weight;
    for (pair, level) in [((0, 1), 0), ((0, 2), 1), ((0, 3), 2)] {
        let bits = (levels[level].m / levels[level].u).log2();
        let found = f64::from(weight(pair.0, pair.1).0) / 1000.0;
        assert!((found - bits).abs() < 0.002, "{pair:?}: {found} and {bits}");
    }
}

/// What Splink 4 and 5 saved of the historical persons.
#[test]
#[expect(clippy::print_stderr, reason = "a skipped check is said aloud")]
fn the_models_that_splink_saved_are_read() {
    let Some(folder) = crate::cases::shared().map(|shared| shared.join("data/splink_models")) else {
        eprintln!("skipped: data/splink_models is not here");
        return;
    };
    let people = policy(&[
        ("first_name", Compare::GivenName),
        ("surname", Compare::Surname),
        ("dob", Compare::Date),
        ("postcode_fake", Compare::Postcode),
        ("birth_place", Compare::Text),
        ("occupation", Compare::Text),
    ]);
    for (file, edits) in
        [("historical_50k.v4.json", "damerau_levenshtein:1"), ("historical_50k.v5.json", "levenshtein:1")]
    {
        let import = Model::from_splink(&std::fs::read_to_string(folder.join(file)).unwrap(), &people).unwrap();
        let expected: [(&[&str], &[&str]); 5] = [
            (
                &["first_name", "surname"],
                &[
                    "exact",
                    "swapped",
                    "jaro_winkler:0.92",
                    "jaro_winkler:0.88",
                    "of:surname:exact",
                    "of:first_name:exact",
                    "else",
                ],
            ),
            (&["dob"], &["exact", edits, "days:30", "days:365", "days:3652", "else"]),
            (&["postcode_fake"], &["exact", "postcode_sector", "postcode_district", "postcode_area", "else"]),
            (&["birth_place"], &["exact", "else"]),
            (&["occupation"], &["exact", "else"]),
        ];
        assert_eq!(import.model.comparison.len(), expected.len());
        for (comparison, (attributes, levels)) in import.model.comparison.iter().zip(expected) {
            assert_eq!(comparison.attributes, attributes);
            let read: Vec<String> = comparison.levels.iter().map(|level| level.level.to_string()).collect();
            assert_eq!(read, levels);
        }
        let rules: Vec<String> = import.model.block.iter().map(ToString::to_string).collect();
        assert_eq!(rules[0], "first_name[:3], surname[:4]");
        assert_eq!(rules[6], "postcode_fake[:3], dob");
        assert_eq!(rules[9], "first_name[:2], surname[:2], year(dob)");
        assert_eq!(rules.len(), 10);
        assert_eq!(import.model.prior, 0.00013582694460587586);
        assert!(import.remarks.iter().all(|remark| !remark.reason.contains("fall")), "no level is lost");
        // What Splink saw is as it was, but for the scale: the swapped names were never seen in random pairs.
        let names = &import.model.comparison[0].levels;
        assert_eq!((names[1].trained, &names[1].level), (false, &Level::Swapped(None)));
        assert!((names[1].u - 1e-6).abs() < 1e-9);
        let dates = &import.model.comparison[1].levels[0];
        let m = if file.contains("v4") { 0.6746472895560015 } else { 0.6855231937933025 };
        assert!((dates.m - m).abs() < 1e-9, "{dates:?}");
        // The import stands as a policy's model.
        let linkage = LinkagePolicy::new().model(import.model.clone());
        let policy = people.clone().into_builder().linkage(linkage).build().unwrap();
        assert_eq!(Policy::from_json(&policy.to_json().unwrap()).unwrap(), policy);
        assert_eq!(Model::from_json(&import.model.to_json().unwrap()).unwrap(), import.model);
    }
}

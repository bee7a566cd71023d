//! Training and linking from outside, on people who are invented: what was put in comes out again, and families stay apart.

use onefold::{
    Ingest, Model, PROFILES_MIN, Policy, Reason, Record, RecordKey, Resolver, Scorer, TrainOptions, evaluate, train,
};
use std::collections::{BTreeMap, BTreeSet};

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }
}

fn record(key: impl ToString, attributes: &[(&str, &str)]) -> Record {
    let record = Record::new("crm", key.to_string(), "2026-01-05T10:00:00Z".parse().unwrap());
    let filled = attributes.iter().filter(|(_, value)| !value.is_empty());
    filled.fold(record, |record, (name, value)| record.attribute(*name, *value))
}

/// Few random pairs: the tests are not optimised.
fn options(seed: u64) -> TrainOptions {
    TrainOptions { seed, random_pairs: 60_000, ..TrainOptions::default() }
}

/// How many values each attribute of the generated pairs has, and how many of a hundred are typed anew the second time.
const KNOWN: [(u64, u64); 6] = [(400, 4), (250, 8), (120, 10), (60, 15), (365, 5), (30, 12)];
const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn generated_policy() -> Policy {
    let attributes: String =
        NAMES.iter().map(|name| format!("[[attribute]]\nname = \"{name}\"\ncompare = \"exact\"\n")).collect();
    let rule = |keys: &str| format!("[[linkage.block]]\nkeys = [{keys}]\n");
    let rules = [r#""a", "b""#, r#""c", "e""#, r#""a", "d""#, r#""b", "e""#].map(rule).concat();
    Policy::from_toml(&format!("{attributes}[linkage]\n{rules}")).unwrap()
}

#[test]
fn expectation_maximisation_finds_what_was_put_in() {
    const PEOPLE: u64 = 4_000;
    const TWICE: u64 = 1_500;
    let mut chance = Chance(11);
    let (mut records, mut agree) = (Vec::new(), [0.0; KNOWN.len()]);
    for person in 0..PEOPLE {
        let values: Vec<u64> = KNOWN.iter().map(|(values, _)| chance.below(*values)).collect();
        let say = |key: String, values: &[u64]| {
            let said: Vec<String> = values.iter().map(|value| format!("v{value}")).collect();
            let cells: Vec<(&str, &str)> = NAMES.iter().copied().zip(said.iter().map(String::as_str)).collect();
            record(key, &cells)
        };
        records.push(say(format!("{person}-first"), &values));
        if person < TWICE {
            let mut again = values.clone();
            for ((value, (many, slips)), agree) in again.iter_mut().zip(KNOWN).zip(&mut agree) {
                let before = *value;
                if chance.below(100) < slips {
                    *value = chance.below(many);
                }
                *agree += f64::from(u8::from(before == *value)) / TWICE as f64;
            }
            records.push(say(format!("{person}-again"), &again));
        }
    }
    let trained = train(&generated_policy(), &records, &options(1)).unwrap();
    let count = records.len() as f64;
    let prior = TWICE as f64 / (count * (count - 1.0) / 2.0);
    assert!((trained.model.prior / prior - 1.0).abs() < 0.05, "prior {} for {prior}", trained.model.prior);
    assert!((trained.report.matches / TWICE as f64 - 1.0).abs() < 0.05, "{} matches", trained.report.matches);
    for ((comparison, (many, _)), agree) in trained.model.comparison.iter().zip(KNOWN).zip(agree) {
        let (level, name) = (&comparison.levels[0], &comparison.attributes[0]);
        assert!((level.m - agree).abs() < 0.02, "{name}: m {} for {agree}", level.m);
        assert!((level.u * many as f64 - 1.0).abs() < 0.05, "{name}: u {} for one in {many}", level.u);
        assert!(level.trained && comparison.levels[1].trained);
    }
}

const TOWN: &str = r#"
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
name = "street"
compare = "address"
[[attribute]]
name = "phone"
compare = "phone"
[linkage]
"#;

/// No two of them are one name.
const GIVEN: [&str; 20] = [
    "Alice", "Benjamin", "Clara", "Dominic", "Edith", "Frank", "Grace", "Hugo", "Irene", "Julian", "Karen", "Leonard",
    "Miriam", "Norman", "Olivia", "Patrick", "Rosa", "Simon", "Teresa", "Victor",
];
const PARTS: [&str; 16] =
    ["bar", "kel", "mor", "tan", "vis", "dor", "lun", "fer", "gos", "hal", "jen", "pol", "ruk", "sey", "wim", "zab"];

/// A town of families: one surname, street and phone; a given name and a birth date of one's own. Each record with the
/// household and the person in its key.
fn town(seed: u64, households: u64) -> Vec<Record> {
    let mut chance = Chance(seed);
    let mut records = Vec::new();
    for household in 0..households {
        // One family in five is called Smith.
        let surname = match chance.below(5) {
            0 => "Smith".to_owned(),
            _ => format!("{}{}{}", chance.pick(&PARTS), chance.pick(&PARTS), chance.pick(&PARTS)),
        };
        let street = format!("{} {}{} Road", 1 + chance.below(90), chance.pick(&PARTS), chance.pick(&PARTS));
        let phone = format!("+4420{:08}", 10_000_000 + chance.below(89_999_999));
        let first = chance.below(20);
        for person in 0..1 + chance.below(4) {
            let given = GIVEN[((first + 3 * person) % 20) as usize];
            let born = format!("{}-{:02}-{:02}", 1935 + chance.below(75), 1 + chance.below(12), 1 + chance.below(28));
            for copy in 0..1 + chance.below(3) {
                let typed = if chance.below(12) == 0 { format!("{surname}n") } else { surname.clone() };
                let born = if chance.below(10) == 0 { "" } else { &born };
                let phone = if chance.below(3) == 0 { "" } else { &phone };
                let street = if chance.below(4) == 0 { "" } else { &street };
                let cells = [
                    ("given_name", given),
                    ("surname", typed.as_str()),
                    ("birth_date", born),
                    ("street", street),
                    ("phone", phone),
                ];
                records.push(record(format!("{household}/{person}/{copy}"), &cells));
            }
        }
    }
    records
}

fn trained_town(seed: u64) -> (Vec<Record>, Model) {
    let records = town(seed, 160);
    let model = train(&Policy::from_toml(TOWN).unwrap(), &records, &options(1)).unwrap().model;
    (records, model)
}

fn with_model(model: Model) -> Policy {
    let mut policy = Policy::from_toml(TOWN).unwrap();
    policy.linkage.as_mut().unwrap().model = Some(model.into());
    policy
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_order_of_the_records() {
    let (mut records, model) = trained_town(5);
    let bytes = model.to_json().unwrap();
    let again = |records: &[Record], seed| {
        let policy = Policy::from_toml(TOWN).unwrap();
        train(&policy, records, &options(seed)).unwrap().model.to_json().unwrap()
    };
    records.sort_by_key(|record| std::cmp::Reverse(record.canonical_json().len()));
    assert_eq!(again(&records, 1), bytes);
    assert_ne!(again(&records, 2), bytes, "another seed draws other pairs");
}

#[test]
fn weights_fall_from_level_to_level_and_what_is_rare_weighs_more() {
    let (_, model) = trained_town(5);
    for comparison in &model.comparison {
        let weights: Vec<f64> = comparison.levels.iter().map(|level| (level.m / level.u).log2()).collect();
        assert!(weights.is_sorted_by(|a, b| *a >= *b - 1e-9), "{:?}: {weights:?}", comparison.attributes);
        assert!(weights[0] > 1.0 && weights[weights.len() - 1] < 0.0, "{:?}: {weights:?}", comparison.attributes);
    }
    let scorer = Scorer::new(with_model(model)).unwrap();
    let weight = |surname: &str| {
        let cells = [("given_name", "Alice"), ("surname", surname)];
        scorer.score(&record("a", &cells), &record("b", &cells)).unwrap().weight.0
    };
    // One family in five against about one in 3,000: over nine bits.
    assert!(weight("Barkelmor") > weight("Smith") + 3_000, "{} and {}", weight("Barkelmor"), weight("Smith"));
}

/// Who wrote often is one all the same: forty records of one customer, whose surname and telephone nobody else has.
#[test]
fn a_model_names_no_value_of_fewer_than_twenty() {
    let mut records = town(5, 160);
    let once = |copy: u32| {
        let cells = [("given_name", "Alice"), ("surname", "Quennell"), ("birth_date", "1971-03-09")];
        let record = record(format!("q/0/{copy}"), &cells).attribute("phone", "+442099999999");
        record.attribute("street", "9 Quennell Road")
    };
    records.extend((0..40).map(once));
    let model = train(&Policy::from_toml(TOWN).unwrap(), &records, &options(1)).unwrap().model;
    let (mut on, mut of) = (BTreeMap::<String, u64>::new(), BTreeMap::<String, BTreeSet<(&str, &str)>>::new());
    for record in &records {
        for (_, value) in &record.attributes {
            let value = value.to_string().to_lowercase();
            *on.entry(value.clone()).or_default() += 1;
            of.entry(value).or_default().insert(person(&record.key));
        }
    }
    let listed: Vec<_> = model.comparison.iter().filter_map(|known| known.term_frequencies.as_ref()).collect();
    let listed: BTreeSet<&str> =
        listed.iter().flat_map(|terms| terms.values.keys().map(|value| value.as_str())).collect();
    assert!(listed.contains("smith") && listed.contains("victor"), "{listed:?}");
    for value in &listed {
        assert!(of[*value].len() as u64 >= PROFILES_MIN, "{value}: {} people", of[*value].len());
    }
    let text = model.to_json().unwrap().to_lowercase();
    for (value, _) in on.iter().filter(|(_, records)| **records < PROFILES_MIN) {
        assert!(!text.contains(&format!("\"{value}\"")), "{value}");
    }
    assert!(on["quennell"] == 40 && !text.contains("quennell") && !text.contains("2099999999"));
}

/// The household and the person of a record.
fn person(key: &RecordKey) -> (&str, &str) {
    let mut parts = key.key.split('/');
    (parts.next().unwrap(), parts.next().unwrap())
}

#[test]
fn a_trained_model_welds_no_household() {
    let (records, model) = trained_town(5);
    // Other families than those that it was trained on.
    for (records, model) in [(town(6, 160), model.clone()), (records, model)] {
        let resolver = Resolver::in_memory(with_model(model)).unwrap();
        drop(resolver.load(records, Ingest::default()).unwrap());
        let mut labels = Vec::new();
        resolver
            .live_records(&mut |key, profile| {
                let (household, number) = person(key);
                labels.push((format!("{household}/{number}"), profile.unwrap()));
            })
            .unwrap();
        let mut housed = BTreeSet::new();
        for (person, profile) in &labels {
            let household = person.split('/').next().unwrap();
            housed.insert((household, *profile, person));
        }
        let welded = housed.iter().zip(housed.iter().skip(1)).find(|(a, b)| (a.0, a.1) == (b.0, b.1));
        assert_eq!(welded, None);
        let score = evaluate(labels).pairwise;
        assert!(score.recall > 0.75, "a linker that links nobody would pass otherwise: {score:?}");
    }
}

/// Counts people with the built-in model, on which nothing was trained.
#[track_caller]
fn built_in(policy: &str, records: &[&[(&str, &str)]], expected: u64) -> Resolver {
    let resolver = Resolver::in_memory(Policy::from_toml(policy).unwrap()).unwrap();
    for (place, cells) in records.iter().enumerate() {
        drop(resolver.add(record(place, cells)).unwrap());
    }
    assert_eq!(resolver.stats().unwrap().counts.profiles, expected, "{records:?}");
    resolver
}

#[test]
fn twins_are_two_and_so_are_father_and_son() {
    let home = [("street", "12 Mill Lane"), ("phone", "+442079460958")];
    let at_home = |own: &[(&'static str, &'static str)]| [own, &home].concat();
    let laura = at_home(&[("given_name", "Laura"), ("surname", "Keller"), ("birth_date", "1990-05-17")]);
    let emma = at_home(&[("given_name", "Emma"), ("surname", "Keller"), ("birth_date", "1990-05-17")]);
    drop(built_in(TOWN, &[&laura, &emma], 2));
    // Alike but for a letter.
    let marla = at_home(&[("given_name", "Marla"), ("surname", "Keller"), ("birth_date", "1990-05-17")]);
    let carla = at_home(&[("given_name", "Carla"), ("surname", "Keller"), ("birth_date", "1990-05-17")]);
    drop(built_in(TOWN, &[&marla, &carla], 2));
    let junior = at_home(&[("given_name", "Robert"), ("surname", "Keller Jr")]);
    let senior = at_home(&[("given_name", "Robert"), ("surname", "Keller Sr")]);
    drop(built_in(TOWN, &[&junior, &senior], 2));
    let father = at_home(&[("given_name", "Robert"), ("surname", "Keller"), ("birth_date", "1951-03-02")]);
    let son = at_home(&[("given_name", "Robert"), ("surname", "Keller"), ("birth_date", "1982-11-24")]);
    drop(built_in(TOWN, &[&father, &son], 2));
    // And one who is one is one.
    let bob = at_home(&[("given_name", "Bob"), ("surname", "Keller"), ("birth_date", "1951-03-02")]);
    drop(built_in(TOWN, &[&father, &bob], 1));
}

#[test]
fn who_is_as_much_like_two_who_contradict_joins_neither() {
    let named = [("given_name", "Robert"), ("surname", "Barkelmor"), ("street", "12 Mill Lane")];
    let father = [&named[..], &[("birth_date", "1951-03-02")]].concat();
    let son = [&named[..], &[("birth_date", "1982-11-24")]].concat();
    let policy = TOWN.replace("compare = \"date\"", "compare = \"date\"\nexclusive = true");
    drop(built_in(&policy, &[&father, &named], 1));
    for order in [[&father[..], &son, &named], [&named, &son, &father], [&son, &named, &father]] {
        let resolver = built_in(&policy, &order, 3);
        let reasons: BTreeSet<Reason> =
            resolver.withheld(None, 10).unwrap().iter().map(|withheld| withheld.reason).collect();
        assert!(reasons.contains(&Reason::Ambiguous), "{reasons:?}");
    }
}

/// Sources that name one thing otherwise. Who somebody works for is another matter, and has a group of its own.
const OTHERWISE: &str = r#"
attribute = [
    { name = "full_name", compare = "full_name" },
    { name = "native_name", compare = "full_name" },
    { name = "employer", compare = "full_name", group = "work" },
    { name = "given_name", compare = "given_name" },
    { name = "surname", compare = "surname" },
    { name = "address", compare = "address" },
    { name = "delivery_address", compare = "address" },
    { name = "birth_date", compare = "date" },
]
[linkage]
"#;

fn weight(policy: &str, a: &[(&str, &str)], b: &[(&str, &str)]) -> f64 {
    let scorer = Scorer::new(Policy::from_toml(policy).unwrap()).unwrap();
    let there = f64::from(scorer.score(&record("a", a), &record("b", b)).unwrap().weight.0);
    let back = f64::from(scorer.score(&record("b", b), &record("a", a)).unwrap().weight.0);
    assert_eq!(there, back, "{a:?} and {b:?}");
    there
}

#[test]
fn who_names_it_otherwise_is_compared_and_a_statement_is_weighed_once() {
    let (faisal, there) = (("full_name", "Faisal Siddiqui"), ("address", "12 Mill Lane, Leeds"));
    let born = ("birth_date", "1951-03-02");
    let arabic = [("native_name", "فيصل صديقي"), ("delivery_address", "12 Mill Lane, Leeds"), born];
    drop(built_in(OTHERWISE, &[&[faisal, there, born], &arabic], 1));
    drop(built_in(OTHERWISE, &[&[("given_name", "Faisal"), ("surname", "Siddiqui"), there, born], &arabic], 1));
    drop(built_in(OTHERWISE, &[&[("full_name", "Norman Barkelmor"), there, born], &arabic], 2));
    // What both say in one attribute says nothing more in another, where it only stands in for what is missing.
    let alone = OTHERWISE.replace(r#"{ name = "full_name", compare = "full_name" },"#, "");
    assert_ne!(alone, OTHERWISE);
    for one in [faisal.1, "Faisal Siddiki", "Norman Barkelmor"] {
        let both = [&[("native_name", faisal.1), born][..], &[("native_name", one), born]];
        assert_eq!(weight(OTHERWISE, both[0], both[1]), weight(&alone, both[0], both[1]), "{one}");
    }
    // Where both records give both, both are weighed.
    let both = [faisal, ("native_name", "Fahim Sahel"), born];
    assert!(weight(OTHERWISE, &both, &both) > weight(OTHERWISE, &[faisal, born], &[faisal, born]) + 1000.0);
    // An employer stands in for nobody's name.
    let (firm, employed) = ([("native_name", "Acme Exports"), born], [("employer", "Acme Exports"), born]);
    assert_eq!(weight(OTHERWISE, &firm, &employed), weight(OTHERWISE, &[born], &[born]));
}

#[test]
fn pairs_are_scored_alike_alone_and_in_bulk_however_they_name_it() {
    let mut chance = Chance(11);
    let names = ["Ann Lee", "Anne Lee", "Ann Marlowe", "Bo Lee"];
    let homes = ["12 Mill Lane, Leeds", "12 Mill Lane", "7 High Street, York"];
    let fields: [(&str, &[&str]); 6] = [
        ("full_name", &names),
        ("native_name", &names),
        ("employer", &names),
        ("address", &homes),
        ("delivery_address", &homes),
        ("birth_date", &["1951-03-02"]),
    ];
    let mut somebody = |key: u64| {
        let cells = fields.map(|(name, values)| (name, if chance.below(2) == 0 { "" } else { chance.pick(values) }));
        record(key, &cells)
    };
    let records: Vec<Record> = (0..120).map(&mut somebody).collect();
    let mut policy = Policy::from_toml(OTHERWISE).unwrap();
    policy.linkage.as_mut().unwrap().review_probability = 0.01;
    let scorer = Scorer::new(policy.clone()).unwrap();
    let pairs = onefold::score_pairs(&policy, &records).unwrap();
    assert!(pairs.len() > 300, "{}", pairs.len());
    for pair in pairs {
        assert_eq!(scorer.score(&records[pair.a], &records[pair.b]).unwrap().weight, pair.weight, "{pair:?}");
    }
}

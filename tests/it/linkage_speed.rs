//! What batch linkage does at once, pair by pair: the same pairs, the same weights.

use onefold::{
    AttributePolicy, BlockPolicy, Compare, Form, IdentifierPolicy, LinkagePolicy, Policy, Record, Role, Scorer,
    SourcePolicy, TrainOptions, Value, ValueHash, Weight, score_pairs, train,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const ATTRIBUTES: [(&str, Compare); 6] = [
    ("given", Compare::GivenName),
    ("family", Compare::Surname),
    ("whole", Compare::FullName),
    ("born", Compare::Date),
    ("street", Compare::Address),
    ("code", Compare::Postcode),
];

/// Few values, so that pairs share blocks and are on every level.
const POOLS: [&[&str]; 6] = [
    &["Robert", "Bob", "Roberta", "Anna", "Ana", "R", "Smith", "Élodie"],
    &["Smith", "Smyth", "Jones", "Robert", "de la Cruz", "Cruz"],
    &["Robert Smith", "Smith, Robert", "Bob Smith jr", "Anna Jones", "A Jones"],
    &["1980-02-03", "1980-03-02", "1980-02-13", "1981-02-03", "1955-10-30"],
    &["12 High Street", "12 High St", "13 High Street", "Flat 2, 12 High Street", "1 Low Road"],
    &["94107", "94108", "94107-1234", "10001"],
];

const RULES: [&[&str]; 7] = [
    &["mail"],
    &["phone[-4:]"],
    &["family", "year(born)"],
    &["given[:1]", "code"],
    &["words(whole)"],
    &["soundex(family)", "given"],
    &["month(born)", "street[:5]"],
];

fn policy(max_block: u64) -> Policy {
    let linkage = RULES.iter().fold(LinkagePolicy::new().max_block(max_block), |linkage, keys| {
        linkage.block(BlockPolicy::new(keys.iter().copied()))
    });
    let builder = Policy::builder()
        .source(SourcePolicy::new("crm").unique())
        .source(SourcePolicy::new("web"))
        .identifier(IdentifierPolicy::new("number", Role::Person))
        .identifier(IdentifierPolicy::new("mail", Role::Contact).normalise(Form::Email))
        .identifier(IdentifierPolicy::new("phone", Role::Contact).normalise(Form::Phone));
    let builder = ATTRIBUTES
        .iter()
        .fold(builder, |builder, (name, compare)| builder.attribute(AttributePolicy::new(*name, *compare)));
    builder.linkage(linkage).build().unwrap()
}

/// For each attribute one value, two, or none; identifiers; whether the source is unique.
type Shape = ([Option<(usize, Option<usize>)>; 6], [Option<u8>; 3], bool);

fn shape() -> impl Strategy<Value = Shape> {
    let value = || proptest::option::weighted(0.7, (0..8_usize, proptest::option::weighted(0.15, 0..8_usize)));
    let identifier = || proptest::option::weighted(0.4, 0..12_u8);
    ([value(), value(), value(), value(), value(), value()], [identifier(), identifier(), identifier()], any::<bool>())
}

fn record(place: usize, (attributes, identifiers, unique): &Shape) -> Record {
    let source = if *unique { "crm" } else { "web" };
    let mut record = Record::new(source, place.to_string(), "2026-01-05T10:00:00Z".parse().unwrap());
    for (((name, _), pool), value) in ATTRIBUTES.iter().zip(POOLS).zip(attributes) {
        let text = |place: usize| Value::from(pool[place % pool.len()]);
        match value {
            Some((one, Some(other))) => {
                record.attributes.push(((*name).into(), Value::List(vec![text(*one), text(*other)])));
            }
            Some((one, None)) => record.attributes.push(((*name).into(), text(*one))),
            None => {}
        }
    }
    let [number, mail, phone] = identifiers;
    record = number.iter().fold(record, |record, n| record.identifier("number", format!("N{n}")));
    record = mail.iter().fold(record, |record, n| record.identifier("mail", format!("ann.{n}@example.org")));
    phone.iter().fold(record, |record, n| record.identifier("phone", format!("20712345{n:02}")))
}

/// All pairs that share a block which is not generic, each weighed by itself.
fn one_by_one(policy: &Policy, records: &[Record]) -> BTreeMap<(usize, usize), Weight> {
    let scorer = Scorer::new(policy.clone()).unwrap();
    let mut blocks: BTreeMap<ValueHash, BTreeSet<usize>> = BTreeMap::new();
    for (place, record) in records.iter().enumerate() {
        for block in scorer.blocks(record) {
            blocks.entry(block).or_default().insert(place);
        }
    }
    let read: Vec<_> = records.iter().map(|record| scorer.read(record).unwrap()).collect();
    let mut pairs = BTreeMap::new();
    for block in blocks.values().filter(|block| block.len() as u64 <= scorer.max_block()) {
        for (&a, &b) in block.iter().flat_map(|b| block.range(..b).map(move |a| (a, b))) {
            let (one, other) = (&records[a].key.source, &records[b].key.source);
            let weight = scorer.weigh(&read[a], &read[b]).filter(|_| one != "crm" || other != "crm");
            assert_eq!(scorer.weigh(&read[b], &read[a]).filter(|_| one != "crm" || other != "crm"), weight);
            pairs.extend(weight.map(|weight| ((a, b), weight)));
        }
    }
    pairs
}

fn check(policy: &Policy, records: &[Record]) -> usize {
    let pairs = score_pairs(policy, records).unwrap();
    let found: BTreeMap<(usize, usize), Weight> = pairs.iter().map(|pair| ((pair.a, pair.b), pair.weight)).collect();
    assert_eq!(found.len(), pairs.len(), "each pair once");
    assert_eq!(found, one_by_one(policy, records));
    found.len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scoring_at_once_is_scoring_pair_by_pair(
        shapes in prop::collection::vec(shape(), 2..60),
        max_block in 2..30_u64,
        seed in any::<u64>(),
    ) {
        let records: Vec<Record> = shapes.iter().enumerate().map(|(place, shape)| record(place, shape)).collect();
        let mut policy = policy(max_block);
        check(&policy, &records);
        let trained = train(&policy, &records, &TrainOptions { seed, ..TrainOptions::default() }).unwrap();
        policy.linkage.as_mut().unwrap().model = Some(trained.model.into());
        check(&policy, &records);
    }
}

/// Enough pairs that something is kept and something is not.
#[test]
fn some_pairs_are_kept_and_some_blocks_are_generic() {
    let all = |n: usize| (0..6).map(|place| Some(((n / (place + 1)) % 8, None))).collect::<Vec<_>>();
    let shape =
        |n: usize| -> Shape { (all(n).try_into().unwrap(), [None, Some((n % 9) as u8), None], n.is_multiple_of(3)) };
    let records: Vec<Record> = (0..80).map(|n| record(n, &shape(n))).collect();
    let wide = check(&policy(80), &records);
    let narrow = check(&policy(4), &records);
    assert!(narrow > 0 && narrow < wide, "{narrow} of {wide}");
}

/// All of whose pairs look like matches or neighbours: the model leaves some to strangers, and can be used.
#[test]
fn a_model_of_four_records_can_be_used() {
    let is = |place: usize| Some((place, None));
    let shapes: [Shape; 4] = [
        ([is(3), is(4), is(0), is(7), is(4), is(2)], [None, None, Some(0)], true),
        ([is(0), is(0), None, is(2), is(5), is(0)], [Some(0), None, None], false),
        ([is(1), None, is(0), None, is(2), is(3)], [Some(1), None, None], true),
        ([is(1), is(2), is(5), None, None, is(3)], [None, None, Some(1)], false),
    ];
    let records: Vec<Record> = (0..).zip(&shapes).map(|(place, shape)| record(place, shape)).collect();
    let mut policy = policy(4);
    let trained = train(&policy, &records, &TrainOptions { seed: 0, ..TrainOptions::default() }).unwrap();
    policy.linkage.as_mut().unwrap().model = Some(trained.model.into());
    check(&policy, &records);
}

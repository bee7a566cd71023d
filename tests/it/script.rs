//! What may happen to a resolver, drawn at random: records over small pools, so that they conflict, under any policy.

use crate::{deeds, tablet, world};
use onefold::{
    Assertion, AttributePolicy, BlockPolicy, Compare, ComparisonModel, Contested, Event, EventKind, EventPolicy, Form,
    IdentifierPolicy, Level, LevelModel, Limit, Line, LinkagePolicy, Links, MODEL_FORMAT, Message, Model, ModelSource,
    NotedBy, Operation, Polarity, Policy, Preference, Record, RecordKey, Role, Rules, SmolStr, SourcePolicy, Survive,
    Timestamp, Undeclared, Value, Verdict, normalise, normalise_event,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::fmt;
use std::sync::Arc;

/// One call of a resolver.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "scripts are short")]
pub(crate) enum Call {
    Apply(Operation),
    /// The records, and how many at once.
    AddAll(Vec<Record>, usize),
    /// The events, and how many at once.
    AddEvents(Vec<Event>, usize),
    RemoveEvents(Vec<RecordKey>),
    Load(Vec<Record>),
    ReplaceSource(SmolStr, Vec<Record>),
    RemoveAll(Vec<RecordKey>),
    SetPolicy(Policy),
}

/// A policy, and what happens under it.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) policy: Policy,
    pub(crate) calls: Vec<Call>,
}

pub(crate) const KINDS: [&str; 4] = ["k0", "k1", "k2", "k3"];
const SOURCES: [&str; 2] = ["a", "b"];

/// Any script.
pub(crate) fn scripts(calls: std::ops::Range<usize>) -> impl Strategy<Value = Script> {
    (policies(), vec(call(), calls)).prop_map(|(policy, calls)| Script { policy, calls })
}

/// Any script: of records only, with events, or of people who share devices.
pub(crate) fn of_any_kind(calls: std::ops::Range<usize>) -> impl Strategy<Value = Script> {
    prop_oneof![scripts(calls.clone()).boxed(), tablet::happenings(calls).boxed()]
}

/// Any script in which things happen too.
pub(crate) fn scripts_with_events(calls: std::ops::Range<usize>) -> impl Strategy<Value = Script> {
    let call = prop_oneof![1 => call().boxed(), 1 => event_call().boxed()];
    (policies(), vec(call, calls)).prop_map(|(policy, calls)| Script { policy, calls })
}

fn event_call() -> impl Strategy<Value = Call> {
    prop_oneof![
        12 => event().prop_map(|event| Call::Apply(Operation::Event(Box::new(event)))),
        3 => key().prop_map(|key| Call::Apply(Operation::RemoveEvent(key))),
        6 => (vec(event(), 0..8), 1..5_usize).prop_map(|(events, batch)| Call::AddEvents(events, batch)),
        1 => vec(key(), 0..4).prop_map(Call::RemoveEvents),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    let apply = Call::Apply;
    prop_oneof![
        12 => record().prop_map(move |record| apply(Operation::Add(record))),
        3 => key().prop_map(move |key| apply(Operation::Remove(key))),
        4 => assertion().prop_map(move |assertion| apply(Operation::Assert(assertion))),
        2 => pair().prop_map(move |(a, b)| apply(Operation::Lift { a, b })),
        3 => (vec(record(), 0..6), 1..4_usize).prop_map(|(records, batch)| Call::AddAll(records, batch)),
        1 => vec(record(), 0..8).prop_map(Call::Load),
        1 => vec(key(), 0..4).prop_map(Call::RemoveAll),
        1 => (select(&SOURCES[..]), vec(record(), 0..5)).prop_map(|(source, mut records)| {
            records.iter_mut().for_each(|record| record.key.source = source.into());
            Call::ReplaceSource(source.into(), records)
        }),
        1 => policies().prop_map(Call::SetPolicy),
    ]
}

/// Records that come in any order: their keys collide, so that some are versions of others.
pub(crate) fn records(many: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Record>> {
    vec(record(), many)
}

pub(crate) fn record() -> impl Strategy<Value = Record> {
    (key(), minute(), vec(identifier(), 0..5), facts()).prop_map(|(key, at, identifiers, facts)| {
        let mut record = Record::new(key.source, key.key, at);
        for (kind, value) in identifiers {
            record = record.identifier(kind, value);
        }
        for (name, value) in facts {
            record = record.attribute(name, value);
        }
        record
    })
}

/// An event under a key that a record may bear too: the two know nothing of each other.
pub(crate) fn event() -> impl Strategy<Value = Event> {
    let day = prop_oneof![3 => Just("05"), 1 => Just("06"), 1 => Just("07")];
    let at = (day, minute()).prop_map(|(day, at)| at.to_string().replace("-05T", &format!("-{day}T")).parse().unwrap());
    // Few sets of identifiers, so that many events hang on one trail.
    let identifiers =
        prop_oneof![1 => vec(identifier(), 0..1), 8 => vec(identifier(), 1..2), 4 => vec(identifier(), 2..4)];
    let facets =
        || vec(select(&[("brand", "x"), ("brand", "y"), ("colour", "x"), ("colour", " y"), ("colour", "")][..]), 0..3);
    let line = (select(&["sku-1", "sku-2"][..]), facets(), option::weighted(0.5, select(&["1", "2", "-1"][..])));
    let kind = select(vec![
        EventKind::View,
        EventKind::Search,
        EventKind::Cart,
        EventKind::Purchase,
        EventKind::Return,
        EventKind::Contact,
        EventKind::MessageSent,
        EventKind::MessageOpened,
        EventKind::Rejected,
        EventKind::Custom("fitting".into()),
    ]);
    (key(), at, kind, identifiers, order(), vec(line, 0..3), facets(), said()).prop_map(
        |(key, at, kind, identifiers, order, lines, facets, (preference, message))| {
            let mut event = Event::new(key.source, key.key, at, kind);
            (event.order, event.preference, event.message) = (order, preference.map(Box::new), message);
            event = identifiers.into_iter().fold(event, |event, (kind, value)| event.identifier(kind, value));
            event = facets.into_iter().fold(event, |event, (name, value)| event.facet(name, value));
            lines.into_iter().fold(event, |event, (product, facets, quantity)| {
                let line = facets.into_iter().fold(Line::new(product), |line, (name, value)| line.facet(name, value));
                event.line(Line { quantity: quantity.map(SmolStr::from), ..line })
            })
        },
    )
}

/// Few orders, one under the name of an identifier, one that names none.
pub(crate) fn order() -> impl Strategy<Value = Option<SmolStr>> {
    let name = prop_oneof![4 => Just("o1"), 3 => Just("o2"), 2 => Just("a"), 1 => Just(" o1 "), 1 => Just("null")];
    option::weighted(0.4, name.prop_map(SmolStr::from))
}

/// Now and then a wish, of a channel or of a thing, and the message that an event tells of.
pub(crate) fn said() -> impl Strategy<Value = (Option<Preference>, Option<Message>)> {
    let word = select(&[("topping", "x"), ("topping", "y"), ("channel", "email"), ("channel", "sms")][..]);
    let polarity = select(&[Polarity::Like, Polarity::Dislike, Polarity::Never][..]);
    let context = option::of(select(&["order_ready", "order_ready / pizza", "spa"][..]));
    let said = (word, polarity, context, option::weighted(0.2, select(&["rome", "vienna"][..])), any::<bool>());
    let preference = said.prop_map(|((attribute, value), polarity, context, property, expires)| {
        let mut said = Preference::new(attribute, value, polarity, NotedBy::Customer);
        (said.context, said.scope.property) = (context.map(SmolStr::from), property.map(SmolStr::from));
        said.expires = expires.then(|| "2026-01-06T00:00:00Z".parse().unwrap());
        said
    });
    let message = (select(&["m1", "m2", "m3"][..]), select(&["marketing", "service"][..]))
        .prop_map(|(message, purpose)| Message::new(message).purpose(purpose).about("order_ready"));
    (option::weighted(0.25, preference), option::weighted(0.5, message))
}

pub(crate) fn key() -> impl Strategy<Value = RecordKey> {
    (select(&SOURCES[..]), select(&["1", "2", "3", "4", "5"][..])).prop_map(|(source, key)| RecordKey::new(source, key))
}

pub(crate) fn pair() -> impl Strategy<Value = (RecordKey, RecordKey)> {
    (key(), key()).prop_filter("a record is never asserted against itself", |(a, b)| a != b)
}

pub(crate) fn assertion() -> impl Strategy<Value = Assertion> {
    (select(&[Verdict::Join, Verdict::Separate][..]), pair())
        .prop_map(|(verdict, (a, b))| Assertion::new(verdict, a, b, "steward", "a reason").unwrap())
}

/// Few instants, so that ties are frequent; sometimes the same instant in another zone.
fn minute() -> impl Strategy<Value = Timestamp> {
    let zone = prop_oneof![9 => Just("10:0M:00Z"), 1 => Just("11:0M:00+01:00")];
    (0..5, zone).prop_map(|(minute, zone): (i32, &str)| {
        format!("2026-01-05T{}", zone.replace('M', &minute.to_string())).parse().unwrap()
    })
}

fn identifier() -> impl Strategy<Value = (SmolStr, SmolStr)> {
    let value = prop_oneof![
        8 => Just("a"), 8 => Just("b"), 6 => Just("c"), 3 => Just("d"), 1 => Just(" a "), 1 => Just("null"),
        1 => Just("xblocked"), 1 => Just("")
    ];
    (select(&KINDS[..]), value).prop_map(|(kind, value)| (kind.into(), value.into()))
}

pub(crate) fn facts() -> impl Strategy<Value = Vec<(SmolStr, Value)>> {
    // As names: an initial, what it may stand for, a nickname, a second name. To be compatible is not to be the same.
    let name = prop_oneof![
        4 => Just("x"), 3 => Just("xavier"), 3 => Just("javi"), 1 => Just("xavier yuri"), 3 => Just("y"), 1 => Just("yuri"),
        1 => Just("z"), 1 => Just("X"), 1 => Just(" ")
    ];
    // As dates: a swap, a slip, a part.
    let date = prop_oneof![
        4 => Just("1978-11-12"), 2 => Just("1978-12-11"), 2 => Just("1979-11-12"), 2 => Just("1978"), 3 => Just("1991-01-02"),
        1 => Just("1979"), 1 => Just("X"), 1 => Just(" ")
    ];
    let value = |text: BoxedStrategy<&'static str>| {
        prop_oneof![
            6 => text.clone().prop_map(Value::from),
            1 => vec(text.prop_map(Value::from), 0..3).prop_map(Value::List),
            1 => Just(Value::Null),
        ]
    };
    let (name, date) = (name.boxed(), date.boxed());
    let note = option::weighted(0.1, value(name.clone()));
    let city = option::weighted(0.5, value(name.clone()));
    (option::weighted(0.6, value(name)), option::weighted(0.6, value(date)), city, note).prop_map(
        |(given, born, city, note)| {
            let named = [("given", given), ("born", born), ("city", city), ("note", note)];
            named.into_iter().filter_map(|(name, value)| Some((name.into(), value?))).collect()
        },
    )
}

/// Any policy that `build` takes: kinds that link the anonymous come after those that link all.
pub(crate) fn policies() -> impl Strategy<Value = Policy> {
    let kinds = Just(KINDS.to_vec()).prop_shuffle();
    let undeclared = prop_oneof![
        8 => Just(Undeclared::Keep), 1 => Just(Undeclared::Drop), 1 => Just(Undeclared::Refuse)
    ];
    let linkage = option::weighted(0.4, (2..9_u64, select(&[0.9, 0.99][..]), select(&[-2.0, -20.0][..])));
    let sources = prop_oneof![
        3 => Just(Vec::new()), 1 => Just(vec![SourcePolicy::new("b"), SourcePolicy::new("a").unique()])
    ];
    let orders = option::weighted(0.4, any::<prop::sample::Index>());
    (kinds, vec(kind(), 1..=4), attributes(), undeclared, linkage, sources, orders).prop_map(
        |(names, mut identifier, attribute, undeclared, linkage, source, orders)| {
            identifier.sort_by_key(|kind| links(kind) == Links::Anonymous);
            for (kind, name) in identifier.iter_mut().zip(names) {
                kind.kind = name.into();
            }
            let order = orders.map(|place| identifier[place.index(identifier.len())].kind.clone());
            let event = EventPolicy { order, ..EventPolicy::default() };
            let policy =
                Policy { source, identifier, attribute, event, undeclared_attributes: undeclared, ..Policy::default() };
            let linkage = linkage.map(|(max_block, link, veto)| likeness(&policy, max_block, link, veto));
            Policy { linkage, ..policy }
        },
    )
}

/// Linkage that weighs every column alike, three bits for and three against, so that links, possible links and vetoes
/// are frequent among small pools; each column is a block.
pub(crate) fn likeness(policy: &Policy, max_block: u64, link_probability: f64, veto_weight: f64) -> LinkagePolicy {
    let attributes = policy.attribute.iter().map(|attribute| &attribute.name);
    let columns: Vec<&SmolStr> = attributes.chain(policy.identifier.iter().map(|kind| &kind.kind)).collect();
    let level = |level, m, u| LevelModel { level, m, u, s: None, trained: true };
    let comparison = |column: &&SmolStr| ComparisonModel {
        attributes: vec![(*column).clone()],
        levels: vec![level(Level::Exact, 0.9, 0.1), level(Level::Else, 0.1, 0.9)],
        term_frequencies: None,
    };
    let model = Model {
        format: MODEL_FORMAT,
        prior: 0.2,
        surroundings: 0.0,
        comparison: columns.iter().map(comparison).collect(),
        block: Vec::new(),
        training: None,
    };
    LinkagePolicy {
        model: Some(ModelSource::Model(Arc::new(model))),
        link_probability,
        review_probability: 0.5,
        veto_weight,
        max_block,
        comparison: Vec::new(),
        block: columns.iter().map(|column| BlockPolicy { keys: vec![(*column).clone()] }).collect(),
    }
}

pub(crate) fn links(kind: &IdentifierPolicy) -> Links {
    kind.links.unwrap_or(match kind.role {
        Role::Person | Role::Contact => Links::All,
        Role::Device | Role::Session => Links::Anonymous,
    })
}

pub(crate) fn kind() -> impl Strategy<Value = IdentifierPolicy> {
    let role = prop_oneof![
        4 => Just(Role::Person), 5 => Just(Role::Contact), 3 => Just(Role::Device), 1 => Just(Role::Session)
    ];
    let links = option::weighted(0.3, select(&[Links::All, Links::Anonymous, Links::None][..]));
    let limit = |low: u64, high: u64| {
        option::weighted(0.6, prop_oneof![1 => Just(Limit::None), 6 => (low..=high).prop_map(Limit::AtMost)])
    };
    let contested = prop_oneof![4 => Just(Contested::Latest), 1 => Just(Contested::Nobody)];
    let corroborate = prop_oneof![
        5 => Just(Vec::new()), 2 => Just(vec!["given".into()]), 1 => Just(vec!["given".into(), "born".into()])
    ];
    let block = prop_oneof![4 => Just(Vec::new()), 1 => Just(vec!["X*".into()])];
    (role, links, limit(1, 3), limit(1, 3), limit(2, 5), contested, corroborate, block).prop_map(
        |(role, links, max_per_profile, max_claimants, max_records, contested, corroborate, block)| IdentifierPolicy {
            kind: SmolStr::default(),
            role,
            // Only a device or a session attaches the anonymous.
            links: links.filter(|links| *links != Links::Anonymous || matches!(role, Role::Device | Role::Session)),
            normalise: Form::Trim,
            ignore_tags: Vec::new(),
            max_per_profile,
            max_claimants,
            max_records,
            contested,
            corroborate,
            block,
            pattern: None,
            purposes: Vec::new(),
            keep: None,
        },
    )
}

fn attributes() -> impl Strategy<Value = Vec<AttributePolicy>> {
    let chain = || {
        let rules = [Survive::MostRecent, Survive::MostFrequent, Survive::Longest, Survive::Earliest];
        prop_oneof![5 => subsequence(rules.to_vec(), 0..3).prop_shuffle(), 1 => Just(vec![Survive::First])]
    };
    let given = select(&[Compare::Text, Compare::GivenName, Compare::Surname, Compare::FullName][..]);
    let city = select(&[Compare::Text, Compare::Surname][..]);
    let compare = (given, select(&[Compare::Text, Compare::Date][..]), city);
    (any::<[bool; 2]>(), chain(), option::of(chain()), compare).prop_map(|(exclusive, given, born, compare)| {
        // One group and one chain, or each its own.
        let group = born.is_none().then(|| SmolStr::from("both"));
        let attribute = |name: &str, compare, exclusive, survive| AttributePolicy {
            name: name.into(),
            compare,
            exclusive,
            group: group.clone(),
            survive,
            verified_by: None,
            purposes: Vec::new(),
            keep: None,
            sensitivity: onefold::Sensitivity::None,
        };
        let born = born.unwrap_or_else(|| given.clone());
        let city = attribute("city", compare.2, false, born.clone());
        vec![attribute("given", compare.0, exclusive[0], given), attribute("born", compare.1, exclusive[1], born), city]
    })
}

/// Shows a call as the operations it stands for: test data holds nobody's secrets, and a failure must be readable.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = |f: &mut fmt::Formatter<'_>, records: &[Record]| {
            records.iter().try_for_each(|record| write!(f, "\n    {}", Operation::Add(record.clone()).to_json()))
        };
        let keys = |f: &mut fmt::Formatter<'_>, keys: &[RecordKey], remove: fn(RecordKey) -> Operation| {
            keys.iter().try_for_each(|key| write!(f, "\n    {}", remove(key.clone()).to_json()))
        };
        match self {
            Self::Apply(operation) => f.write_str(&operation.to_json()),
            Self::AddEvents(events, batch) => {
                write!(f, "add_events, {batch} at once")?;
                let line = |event: &Event| Operation::Event(Box::new(event.clone())).to_json();
                events.iter().try_for_each(|event| write!(f, "\n    {}", line(event)))
            }
            Self::RemoveEvents(gone) => {
                f.write_str("remove_events").and_then(|()| keys(f, gone, Operation::RemoveEvent))
            }
            Self::AddAll(records, batch) => write!(f, "add_all, {batch} at once").and_then(|()| lines(f, records)),
            Self::Load(records) => f.write_str("load").and_then(|()| lines(f, records)),
            Self::ReplaceSource(source, records) => {
                write!(f, "replace_source {source}").and_then(|()| lines(f, records))
            }
            Self::RemoveAll(gone) => f.write_str("remove_all").and_then(|()| keys(f, gone, Operation::Remove)),
            Self::SetPolicy(policy) => write!(f, "set_policy {}", serde_json::to_string(policy).unwrap()),
        }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\npolicy {}", serde_json::to_string(&self.policy).unwrap())?;
        self.calls.iter().try_for_each(|call| write!(f, "\n{call:?}"))
    }
}

proptest! {
    #[test]
    fn every_policy_of_a_script_is_a_policy(policy in policies()) {
        prop_assert!(policy.check().is_ok(), "{:?}", policy.check());
    }

    /// Two readings of one text: the model's naive one, and the library's.
    #[test]
    fn the_naive_reading_is_the_librarys(policy in policies(), record in record()) {
        let rules = Rules::new(policy.clone()).unwrap();
        let (normalised, _) = normalise(&rules, &record);
        let naive = world::read(&policy, &record);
        prop_assert_eq!(naive.is_none(), normalised.quarantined);
        if let Some(naive) = naive {
            let usable = normalised.identifiers.iter().map(|(kind, value)| (usize::from(*kind), value.to_string()));
            prop_assert_eq!(naive.identifiers, usable.collect());
        }
    }

    /// As above, of an event: it takes part where its trail does.
    #[test]
    fn the_naive_reading_of_an_event_is_the_librarys(policy in policies(), event in event()) {
        let rules = Rules::new(policy.clone()).unwrap();
        let (normalised, _) = normalise_event(&rules, &event);
        let naive = world::read_trail(&policy, &world::trail(&event), &[&event]);
        prop_assert_eq!(naive.is_none(), normalised.quarantined || normalised.identifiers.is_empty());
        if let Some(naive) = naive {
            let usable = normalised.identifiers.iter().map(|(kind, value)| (usize::from(*kind), value.to_string()));
            prop_assert_eq!(naive.identifiers, usable.collect());
        }
        let facets = |facets: &[onefold::Facet]| facets.iter().map(|facet| (facet.name.to_string(), facet.value.to_string())).collect();
        prop_assert_eq!(deeds::facets(&event.facets), facets(&normalised.facets));
        for (sent, read) in event.lines.iter().zip(&normalised.lines) {
            prop_assert_eq!(deeds::facets(&sent.facets), facets(&read.facets));
        }
    }
}

//! Deeds on trails of so many events that they are kept counted: the same as those of all events, folded anew.

use crate::properties::config;
use onefold::{
    Event, EventKind, Identifier, Ingest, Line, Operation, Policy, ProfileId, Record, RecordKey, Resolver, Rules,
    Shopper, Signal, SmolStr, Timestamp, order_id, tallies_by,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// From so many events on a trail is kept counted.
const COUNTED_FROM: usize = 256;

/// Who bought: on the web, at the till under the same number, at the till under another, and under the number of an order.
const TRAILS: [(&str, &[(&str, &str)]); 4] = [
    ("web", &[("customer_id", "c1")]),
    ("pos", &[("customer_id", "c1")]),
    ("pos", &[("loyalty_id", "l1")]),
    ("erp", &[("customer_id", "c1"), ("order_id", "o3")]),
];

/// Days of three months, some next to each other.
const DAYS: [i64; 7] = [0, 1, 2, 30, 40, 41, 70];

fn at(day: i64, minute: i64) -> Timestamp {
    Timestamp::from_microseconds(1_767_571_200_000_000 + (day * 1_440 + minute) * 60_000_000).unwrap()
}

fn told(trail: usize, key: &str, at: Timestamp, kind: EventKind) -> Event {
    let (source, identifiers) = TRAILS[trail];
    let event = Event::new(source, key, at, kind);
    identifiers.iter().fold(event, |event, (kind, value)| event.identifier(*kind, *value))
}

/// Views that make a trail long.
fn views(trail: usize, count: usize) -> Vec<Event> {
    let view = |number: usize| {
        let event = told(trail, &format!("v{trail}-{number}"), at(number as i64 % 80, 5), EventKind::View);
        event.line(Line::new("coat").facet("colour", ["grey", "black"][number % 2]))
    };
    (0..count).map(view).collect()
}

/// A coat, under a number of its own on the receipt.
fn coat(colour: &str) -> Line {
    Line::new("coat").line("1").facet("colour", colour).quantity("1").amount("310.00", "EUR")
}

/// One record says that both numbers are one person's.
fn card() -> Record {
    Record::new("crm", "1", at(0, 0)).identifier("customer_id", "c1").identifier("loyalty_id", "l1")
}

fn add(resolver: &Resolver, events: Vec<Event>, batch: usize) {
    drop(resolver.add_events(events, Ingest { batch, ..Ingest::default() }).unwrap());
}

fn profile(resolver: &Resolver, kind: &str, value: &str) -> Option<ProfileId> {
    resolver.find(&Identifier::new(kind, value)).unwrap().profile
}

/// Checks what is read of both people, until the ends of some days and a moment on the last.
fn check(resolver: &Resolver) -> Result<(), TestCaseError> {
    let rules = Rules::new(resolver.policy()).unwrap();
    let order = |event: &Event| order_id(&rules, event);
    for id in [profile(resolver, "customer_id", "c1"), profile(resolver, "loyalty_id", "l1")].into_iter().flatten() {
        for now in [at(1, 3), at(41, 3), at(200, 0)] {
            let later = Timestamp::from_microseconds(now.microseconds() + 1).unwrap();
            let events = resolver.events_of(id, None, Some(later)).unwrap();
            prop_assert_eq!(resolver.deeds(id, now).unwrap().unwrap(), tallies_by(&events, order));
            prop_assert!(resolver.shopper(id, now).unwrap().unwrap() == Shopper::fold_by(&events, order, now));
        }
    }
    Ok(())
}

#[derive(Debug, Clone)]
enum Op {
    Tell(Vec<Event>, usize),
    Remove(Vec<RecordKey>),
    /// The two are one person.
    Merge,
    /// They are two again.
    Split,
    /// Whether an order may be carried as an identifier.
    Orders(Option<SmolStr>),
    /// Views at the edge of what is kept counted come and go.
    Lengthen(usize),
    Shorten(usize),
}

fn line() -> impl Strategy<Value = Line> {
    let product = option::weighted(0.9, select(&["coat", "scarf", "hat", "belt", "bag"][..]));
    let quantity = option::of(select(&["1", "2", "0", "-1"][..]));
    let (name, variant) = (option::of(select(&["1", "2"][..])), option::of(select(&["S", "M"][..])));
    let colour = option::of(select(&["grey", "black"][..]));
    (product, quantity, name, variant, colour, prop::bool::weighted(0.1)).prop_map(
        |(product, quantity, name, variant, colour, gift)| {
            let line = Line { gift, ..product.map_or_else(Line::default, Line::new) };
            let line = colour.into_iter().fold(line, |line, colour| line.facet("colour", colour));
            let told = |text: Option<&str>| text.map(SmolStr::from);
            Line { quantity: told(quantity), line: told(name), variant: told(variant), ..line }
        },
    )
}

/// Mostly purchases, mostly of orders of their own, so that most stand alone.
fn trade() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![6 => Just(EventKind::Purchase), 1 => Just(EventKind::Return), 1 => Just(EventKind::View)];
    let order = prop_oneof![
        3 => (0..40_u8).prop_map(|order| Some(format!("x{order}"))),
        2 => select(&["o1", "O-1", "o2", "o3", "null"][..]).prop_map(|order| Some(order.to_owned())),
        2 => Just(None),
    ];
    let minute = select(&[0_i64, 3, 700][..]);
    (0..TRAILS.len(), 0..40_u8, select(&DAYS[..]), minute, kind, order, vec(line(), 0..3)).prop_map(
        |(trail, key, day, minute, kind, order, lines)| {
            let event = told(trail, &format!("t{key}"), at(day, minute), kind);
            let event = Event { order: order.map(SmolStr::from), ..event };
            lines.into_iter().fold(event, Event::line)
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    let key = (select(&["web", "pos", "erp"][..]), 0..30_u8)
        .prop_map(|(source, key)| RecordKey::new(source, format!("t{key}")));
    prop_oneof![
        10 => (vec(trade(), 4..32), select(&[1_usize, 5, 100][..])).prop_map(|(events, batch)| Op::Tell(events, batch)),
        6 => vec(key, 1..6).prop_map(Op::Remove),
        2 => Just(Op::Merge),
        1 => Just(Op::Split),
        1 => select(&[Some("order_id"), None][..]).prop_map(|kind| Op::Orders(kind.map(SmolStr::from))),
        1 => (0..TRAILS.len()).prop_map(Op::Lengthen),
        1 => (0..TRAILS.len()).prop_map(Op::Shorten),
    ]
}

fn apply(resolver: &Resolver, op: Op) {
    match op {
        Op::Tell(events, batch) => add(resolver, events, batch),
        Op::Remove(keys) => {
            resolver.remove_events(&keys).unwrap();
        }
        Op::Merge => drop(resolver.add(card()).unwrap()),
        Op::Split => drop(resolver.apply(Operation::Remove(card().key)).unwrap()),
        Op::Orders(kind) => {
            let mut policy = resolver.policy();
            policy.event.order = kind;
            drop(resolver.set_policy(policy).unwrap());
        }
        Op::Lengthen(trail) => add(resolver, views(trail, COUNTED_FROM), 1_000),
        Op::Shorten(trail) => {
            let keys = views(trail, COUNTED_FROM).into_iter().map(|event| event.key);
            resolver.remove_events(&keys.skip(60).collect::<Vec<_>>()).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(config(40))]

    /// Whatever comes and goes on long trails, and whoever is one person.
    #[test]
    fn deeds_of_long_trails_are_counted_anew(long in vec(0..TRAILS.len(), 1..4), ops in vec(op(), 1..16)) {
        let resolver = Resolver::in_memory(Policy::retail()).unwrap();
        for trail in long {
            add(&resolver, views(trail, COUNTED_FROM), 1_000);
        }
        check(&resolver)?;
        for op in ops {
            apply(&resolver, op);
            check(&resolver)?;
        }
    }
}

/// How many coats each is said to have bought, grey and black, where a long trail has one of each on two days, and
/// something else is told.
fn bought(more: Vec<Event>, undone: bool) -> (u64, u64) {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    add(&resolver, views(0, COUNTED_FROM), 1_000);
    let purchase = |key: &str, day: i64| told(0, key, at(day, 0), EventKind::Purchase).order(format!("o-{key}"));
    add(&resolver, vec![purchase("1", 1).line(coat("grey")), purchase("2", 40).line(coat("black"))], 1);
    drop(resolver.add(card()).unwrap());
    let keys: Vec<RecordKey> = more.iter().map(|event| event.key.clone()).collect();
    add(&resolver, more, 1);
    if undone {
        resolver.remove_events(&keys).unwrap();
    }
    check(&resolver).unwrap();
    let deeds = resolver.deeds(profile(&resolver, "customer_id", "c1").unwrap(), at(100, 0)).unwrap().unwrap();
    let count = |colour| deeds.count(Signal::Bought, "colour", colour);
    (count("grey"), count("black"))
}

#[test]
fn what_disturbs_a_counted_purchase_is_settled() {
    let event = |trail, key: &str, day, kind| told(trail, key, at(day, 9), kind);
    let back = Line::new("coat").quantity("1");
    let cases: [(&str, Vec<Event>, (u64, u64)); 9] = [
        ("nothing", vec![], (1, 1)),
        ("a return on the trail", vec![event(0, "r", 50, EventKind::Return).order("O 1").line(back.clone())], (0, 1)),
        ("one on a short trail", vec![event(1, "r", 50, EventKind::Return).order("o-2").line(back.clone())], (1, 0)),
        ("one that names no order", vec![event(2, "r", 30, EventKind::Return).line(back.clone())], (0, 1)),
        ("one that names none, later", vec![event(2, "r", 50, EventKind::Return).line(back.clone())], (1, 0)),
        ("one of everything", vec![event(0, "r", 50, EventKind::Return).order("o-1")], (0, 1)),
        ("a receipt the same day", vec![event(1, "p", 1, EventKind::Purchase).order("o1").line(coat("grey"))], (1, 1)),
        ("a receipt on the trail", vec![event(0, "p", 45, EventKind::Purchase).order("o1").line(coat("grey"))], (1, 1)),
        ("an older order", vec![event(2, "p", 0, EventKind::Purchase).order("o-2").line(coat("grey"))], (2, 0)),
    ];
    for (name, more, expected) in cases {
        assert_eq!(bought(more.clone(), false), expected, "{name}");
        assert_eq!(bought(more, true), (1, 1), "{name}, and undone");
    }
}

#[test]
fn a_purchase_that_goes_leaves_the_others_as_they_were() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    add(&resolver, views(0, COUNTED_FROM), 1_000);
    let bought = |key: &str, day| told(0, key, at(day, 0), EventKind::Purchase).order(key).line(coat("grey"));
    let back = |trail, key: &str, day| told(trail, key, at(day, 0), EventKind::Return).order("o-1");
    add(&resolver, vec![bought("o-1", 1), bought("o-2", 3), back(1, "r", 50)], 1);
    resolver.remove_events(&[RecordKey::new("web", "o-2")]).unwrap();
    check(&resolver).unwrap();
    add(&resolver, vec![back(0, "r", 2), bought("o-3", 3)], 1);
    resolver.remove_events(&[RecordKey::new("web", "o-3"), RecordKey::new("pos", "r")]).unwrap();
    check(&resolver).unwrap();
    let deeds = resolver.deeds(profile(&resolver, "customer_id", "c1").unwrap(), at(100, 0)).unwrap().unwrap();
    assert_eq!(deeds.count(Signal::Bought, "colour", "grey"), 0);
}

/// Of one month a part is past: what comes later that day, or that month, is not counted yet.
#[test]
fn what_is_bought_later_is_not_counted() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    add(&resolver, views(0, COUNTED_FROM), 1_000);
    let bought =
        |key: &str, day, minute| told(0, key, at(day, minute), EventKind::Purchase).order("o-1").line(coat("grey"));
    add(&resolver, vec![bought("1", 1, 0), bought("2", 2, 0), bought("3", 2, 700), bought("4", 3, 0)], 1);
    let id = profile(&resolver, "customer_id", "c1").unwrap();
    for (day, minute) in [(0, 0), (1, 0), (2, 0), (2, 30), (2, 700), (3, 0), (70, 0)] {
        let deeds = resolver.deeds(id, at(day, minute)).unwrap().unwrap();
        assert_eq!(deeds.count(Signal::Bought, "colour", "grey"), u64::from(day > 0), "day {day}, minute {minute}");
        assert_eq!(deeds.count(Signal::Bought, "hour", "0"), u64::from(day > 0), "day {day}, minute {minute}");
    }
    check(&resolver).unwrap();
}

#[test]
fn a_receipt_on_another_long_trail_counts_once() {
    let mut more = views(1, COUNTED_FROM);
    more.push(told(1, "p", at(41, 0), EventKind::Purchase).order("o-2").line(coat("black")));
    assert_eq!(bought(more, false), (1, 1));
}

#[test]
fn a_purchase_of_nothing_or_for_another_is_counted_as_none() {
    let line = |line: Line| told(0, "p", at(5, 0), EventKind::Purchase).line(line);
    assert_eq!(bought(vec![line(coat("grey").quantity("0"))], false), (1, 1));
    assert_eq!(bought(vec![line(Line { gift: true, ..coat("grey") })], false), (1, 1));
    assert_eq!(bought(vec![line(coat("grey").quantity("3"))], false), (2, 1));
}

#[test]
fn an_order_that_the_trail_carries_is_one() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let bought = |key: &str, day| told(3, key, at(day, 0), EventKind::Purchase).line(coat("grey"));
    add(&resolver, views(3, COUNTED_FROM), 1_000);
    add(&resolver, vec![bought("1", 1), bought("2", 40)], 1);
    check(&resolver).unwrap();
    let id = profile(&resolver, "customer_id", "c1").unwrap();
    let count =
        |resolver: &Resolver| resolver.deeds(id, at(100, 0)).unwrap().unwrap().count(Signal::Bought, "colour", "grey");
    assert_eq!(count(&resolver), 1);
    apply(&resolver, Op::Orders(None));
    assert_eq!(count(&resolver), 2);
}

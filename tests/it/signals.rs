//! What events say of facets: by kind and line, once for each order, less what was given back; the same in any order.

use onefold::{
    Deeds, Event, EventKind, LearnOptions, Line, Population, Shopper, Signal, SignalWeights, Tally, Timestamp, signals,
    tallies,
};
use proptest::prelude::*;
use std::sync::Arc;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Noon of a day of 2026, counted from its first.
pub(crate) fn noon(day: i64) -> Timestamp {
    Timestamp::from_milliseconds((20_454 + day) * 86_400_000 + 43_200_000).unwrap()
}

pub(crate) fn event(key: &str, day: i64, kind: EventKind) -> Event {
    Event::new("web", key, noon(day), kind)
}

pub(crate) fn shared(events: impl IntoIterator<Item = Event>) -> Vec<Arc<Event>> {
    events.into_iter().map(Arc::new).collect()
}

/// `facet=value` in the order of the event, with the signal.
fn told(event: &Event) -> Vec<String> {
    signals(event).map(|sign| format!("{}={} {:?} {}", sign.facet, sign.value, sign.signal, sign.count)).collect()
}

#[test]
fn kinds_of_events_are_signals() {
    let cases = [
        (EventKind::Purchase, Some(Signal::Bought)),
        (EventKind::Cart, Some(Signal::Carted)),
        (EventKind::View, Some(Signal::Viewed)),
        (EventKind::MessageClicked, Some(Signal::Viewed)),
        (EventKind::Search, Some(Signal::Searched)),
        (EventKind::Exposure, Some(Signal::Shown)),
        (EventKind::Rejected, Some(Signal::Rejected)),
        (EventKind::Return, None),
        (EventKind::MessageSent, None),
        (EventKind::Custom("fitting".into()), None),
    ];
    for (kind, expected) in cases {
        let one = event("1", 0, kind.clone()).facet("colour", "grey");
        let found: Vec<Signal> = signals(&one).map(|sign| sign.signal).collect();
        assert_eq!(found, expected.map_or(vec![], |signal| vec![signal; 3]), "{kind}");
    }
}

#[test]
fn lines_speak_once_and_gifts_not_at_all() {
    let line = |value: &str| Line::new("p").facet("colour", value).facet("colour", value).quantity("7");
    let one = event("1", 0, EventKind::Purchase).channel("app").line(line("grey")).line(line("black").gift());
    assert_eq!(told(&one), ["colour=grey Bought 1", "channel=app Bought 1", "hour=12 Bought 1"]);
    let gift = event("1", 0, EventKind::Purchase).line(line("black").gift());
    assert!(told(&gift).is_empty());
    let shown = event("1", 0, EventKind::Exposure).line(line("black").gift());
    assert_eq!(told(&shown).len(), 3);
    let wrong = event("1", 0, EventKind::View).facet(" ", "x").facet("size", " ").facet(" fit ", "slim\u{feff}");
    assert_eq!(told(&wrong), ["fit=slim Viewed 1", "channel=web Viewed 1", "hour=12 Viewed 1"]);
}

#[test]
fn hours_are_those_of_the_clock_that_was_told() {
    let cases = [
        ("2026-01-06T09:30:00Z", "9"),
        ("2026-01-06T00:30:00+01:00", "0"),
        ("2026-01-06T23:59:59.999999-05:00", "23"),
        ("1969-12-31T23:30:00Z", "23"),
    ];
    for (time, hour) in cases {
        let one = Event::new("web", "1", at(time), EventKind::View);
        assert_eq!(told(&one), ["channel=web Viewed 1".to_owned(), format!("hour={hour} Viewed 1")], "{time}");
    }
    let own = event("1", 0, EventKind::View).facet("hour", "late").facet("channel", "kiosk");
    assert_eq!(told(&own), ["channel=kiosk Viewed 1", "hour=late Viewed 1"]);
}

#[test]
fn prices_fall_into_bands() {
    let cases = [
        (("310.00", "EUR", "1"), Some("EUR 200-500")),
        (("310.00", "eur", "2"), Some("EUR 100-200")),
        (("200", "EUR", "1"), Some("EUR 200-500")),
        (("199.99", "EUR", "1"), Some("EUR 100-200")),
        (("0.03", "JPY", "1"), Some("JPY 0.02-0.05")),
        (("0.004", "EUR", "1"), Some("EUR 0-0.01")),
        (("1", "EUR", "3"), Some("EUR 0.2-0.5")),
        (("7900000000", "EUR", "1"), Some("EUR 5000000000-")),
        (("0", "EUR", "1"), None),
        (("-5", "EUR", "1"), None),
        (("5", "EUR", "0"), None),
        (("5", "XQX", "1"), None),
        (("12,50", "EUR", "1"), None),
        (("5", "EUR", "many"), Some("EUR 5-10")),
    ];
    for ((amount, currency, quantity), expected) in cases {
        let one = event("1", 0, EventKind::View).line(Line::new("p").amount(amount, currency).quantity(quantity));
        let found = signals(&one).find(|sign| sign.facet == "price").map(|sign| sign.value.to_string());
        assert_eq!(found.as_deref(), expected, "{amount} {currency} for {quantity}");
    }
    let own = event("1", 0, EventKind::View).line(Line::new("p").facet("price", "dear").amount("5", "EUR"));
    assert_eq!(told(&own)[0], "price=dear Viewed 1");
}

fn grey(product: &str) -> Line {
    Line::new(product).facet("colour", "grey")
}

/// How often grey was bought, and how many returns are of nothing.
#[test]
fn what_was_given_back_was_not_bought() {
    use EventKind::{Purchase, Return};
    let bought = |key: &str, day: i64| event(key, day, Purchase);
    let back = |key: &str, day: i64| event(key, day, Return);
    let two = || bought("1", 1).order("O").line(grey("a").line("1")).line(grey("b").line("2").quantity("3"));
    let cases: Vec<(&str, Vec<Event>, u64, usize)> = vec![
        ("nothing given back", vec![two()], 2, 0),
        ("by order and line", vec![two(), back("r", 5).order("O").line(Line::default().line("1"))], 1, 0),
        ("some of a line", vec![two(), back("r", 5).order("O").line(Line::default().line("2").quantity("2"))], 2, 0),
        (
            "some, and the rest",
            vec![
                two(),
                back("r", 5).order("O").line(Line::default().line("2").quantity("2")),
                back("s", 6).order("O").line(Line::default().line("2").quantity("1")),
            ],
            1,
            0,
        ),
        (
            "told twice",
            vec![
                two(),
                bought("2", 1).line(grey("a")),
                back("r", 5).order("O").line(Line::new("a").line("1")),
                back("s", 5).order("O").line(Line::new("a").line("1")),
            ],
            2,
            1,
        ),
        ("by product in the order", vec![two(), back("r", 5).order("O").line(Line::new("b"))], 1, 0),
        ("the whole order", vec![two(), back("r", 5).order("O")], 0, 0),
        ("before it was bought, by its clock", vec![two(), back("r", 0).order("O").line(Line::new("a"))], 1, 0),
        ("without an order", vec![two(), back("r", 5).line(Line::new("a"))], 1, 0),
        ("of another order", vec![two(), back("r", 5).order("P").line(Line::new("a"))], 2, 1),
        ("of nothing", vec![two(), back("r", 5).line(Line::new("c")), back("s", 5).order("P")], 2, 2),
        ("before, without an order", vec![two(), back("r", 0).line(Line::new("a"))], 2, 1),
        (
            "the newest before it",
            vec![
                bought("1", 1).line(grey("a")),
                bought("2", 3).line(Line::new("a").facet("colour", "black")),
                bought("3", 9).line(Line::new("a").facet("colour", "black")),
                back("r", 5).line(Line::new("a")),
            ],
            1,
            0,
        ),
        (
            "more than were bought at once",
            vec![
                bought("1", 1).line(grey("a")),
                bought("2", 3).line(grey("a").quantity("2")),
                back("r", 5).line(Line::new("a").quantity("3")),
            ],
            0,
            0,
        ),
        (
            "the variant that is named",
            vec![
                bought("1", 1).line(grey("a").variant("m")),
                bought("2", 3).line(grey("a").variant("l")),
                back("r", 5).line(Line::new("a").variant("s")),
                back("s", 6).line(Line::new("a").variant("m")),
            ],
            1,
            1,
        ),
        ("a receipt", vec![two(), bought("2", 2).order("O").line(grey("a")).line(grey("c"))], 2, 0),
        ("a receipt before", vec![two(), bought("2", 0).order("O").line(grey("c"))], 1, 0),
        ("a bare notice before", vec![two(), bought("2", 0).order("O")], 2, 0),
        (
            "orders without a name",
            vec![bought("1", 1).order("n/a").line(grey("a")), bought("2", 1).order("0").line(grey("a"))],
            2,
            0,
        ),
        ("a gift", vec![bought("1", 1).line(grey("a").gift())], 0, 0),
        ("none of it", vec![bought("1", 1).line(grey("a").quantity("0"))], 0, 0),
        ("less than none", vec![bought("1", 1).line(grey("a").quantity("-2"))], 1, 0),
    ];
    for (name, events, expected, unmatched) in cases {
        let mut events = shared(events);
        for _ in 0..events.len() {
            events.rotate_left(1);
            let deeds = tallies(&events);
            assert_eq!(deeds.count(Signal::Bought, "colour", "grey"), expected, "{name}");
            assert_eq!(deeds.unmatched_returns().len(), unmatched, "{name}");
        }
    }
}

#[test]
fn the_channel_counts_once_a_purchase() {
    let order = event("1", 1, EventKind::Purchase).order("O").line(grey("a")).line(grey("b"));
    let bare = event("2", 1, EventKind::Purchase).order("P");
    let back = |order: &str| event("3", 2, EventKind::Return).order(order);
    let web = |events: &[&Event]| {
        tallies(&shared(events.iter().map(|event| (*event).clone()))).count(Signal::Bought, "channel", "web")
    };
    assert_eq!(web(&[&order, &bare]), 2);
    assert_eq!(web(&[&order, &bare, &back("P")]), 1);
    assert_eq!(web(&[&order, &back("O").line(Line::new("a"))]), 1);
    assert_eq!(web(&[&order, &back("O")]), 0);
}

#[test]
fn of_two_versions_the_later_counts() {
    let old = event("1", 1, EventKind::View).facet("colour", "grey");
    let new = event("1", 2, EventKind::View).facet("colour", "black");
    for events in [[old.clone(), new.clone()], [new, old]] {
        let deeds = tallies(&shared(events));
        assert_eq!(deeds.count(Signal::Viewed, "colour", "grey"), 0);
        assert_eq!(deeds.count(Signal::Viewed, "colour", "black"), 1);
    }
}

/// Events of few keys, products, orders and days, so that they meet.
pub(crate) fn any_event() -> impl Strategy<Value = Event> {
    let kind = prop::sample::select(vec![
        EventKind::Purchase,
        EventKind::Purchase,
        EventKind::Return,
        EventKind::View,
        EventKind::Cart,
        EventKind::Search,
        EventKind::Exposure,
        EventKind::Rejected,
    ]);
    let name = |names: &'static [&'static str]| prop::option::of(prop::sample::select(names));
    let line = (
        (name(&["1", "2"]), name(&["a", "b"]), name(&["m", "l"]), name(&["grey", "black"])),
        (name(&["0", "1", "2", "x"]), name(&["5", "70"]), prop::bool::weighted(0.1)),
    );
    let line = line.prop_map(|((name, product, variant, colour), (quantity, amount, gift))| {
        let mut line = Line { gift, ..Line::default() };
        line.line = name.map(Into::into);
        line.product = product.map(Into::into);
        line.variant = variant.map(Into::into);
        line.quantity = quantity.map(Into::into);
        line = amount.into_iter().fold(line, |line, amount| line.amount(amount, "EUR"));
        colour.into_iter().fold(line, |line, colour| line.facet("colour", colour))
    });
    let lines = prop::collection::vec(line, 0..3);
    (0..400_u32, 0..40_i64, kind, name(&["O", "P"]), lines, name(&["grey", "red"])).prop_map(
        |(key, day, kind, order, lines, colour)| {
            let mut one = event(&key.to_string(), day * 7, kind);
            one.order = order.map(Into::into);
            one.lines = lines;
            colour.into_iter().fold(one, |one, colour| one.facet("colour", colour)).canonical()
        },
    )
}

fn seen(deeds: &Deeds) -> (u64, u64) {
    let of = |signal| ["grey", "black", "red"].iter().map(|value| deeds.count(signal, "colour", value)).sum();
    (of(Signal::Bought), of(Signal::Shown))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn deeds_are_those_of_the_union_in_any_order(
        events in prop::collection::vec(any_event(), 0..24),
        cut in 0..24_usize,
        turn in 0..24_usize,
    ) {
        let mut events = shared(events);
        let all = tallies(&events);
        // Twice is once.
        events.extend(events.clone());
        prop_assert_eq!(&tallies(&events), &all);
        events.reverse();
        let turn = turn % events.len().max(1);
        events.rotate_left(turn);
        prop_assert_eq!(&tallies(&events), &all);
        // Parts that share no key.
        let (left, right): (Vec<_>, Vec<_>) = events.iter().cloned().partition(|event| {
            event.key.key.parse::<usize>().unwrap() % 24 < cut
        });
        let fold = |events: &[Arc<Event>]| Shopper::fold(events, noon(400));
        let mut merged = fold(&left);
        merged.merge(&fold(&right));
        prop_assert_eq!(merged.deeds(), &all);
        let mut other = fold(&right);
        other.merge(&fold(&left));
        prop_assert_eq!(other.deeds(), &all);
        prop_assert_eq!(seen(merged.deeds()), seen(&all));
        prop_assert_eq!(merged.deeds().tally(&SignalWeights::default()), all.tally(&SignalWeights::default()));
    }

    /// Where only what is bought counts, weighing changes nothing.
    #[test]
    fn weighed_deeds_are_deeds(
        people in prop::collection::vec(prop::collection::vec((0..4_u8, 0..300_i64), 1..12), 1..8),
        viewed in 0..3_u64,
    ) {
        let colour = |value: u8| format!("c{value}");
        let plain: Vec<Tally> = people.iter().map(|deeds| {
            let mut tally = Tally::new();
            deeds.iter().for_each(|(value, day)| tally.add("colour", colour(*value), noon(*day), 1));
            tally
        }).collect();
        let deeds: Vec<Deeds> = people.iter().map(|deeds| {
            tallies(&shared(deeds.iter().enumerate().map(|(key, (value, day))| {
                event(&key.to_string(), *day, EventKind::Purchase)
                    .line(Line::default().facet("colour", colour(*value)))
            })))
        }).collect();
        let options = LearnOptions::until(noon(400));
        let of_tallies = Population::learn(&vec![plain.clone(); 10].concat(), &options).unwrap();
        let of_deeds = Population::learn_deeds(&vec![deeds.clone(); 10].concat(), &SignalWeights::default(), &options).unwrap();
        let (one, other) = (of_tallies.facet("colour").unwrap(), of_deeds.facet("colour").unwrap());
        // At the flat bottom of a curve a strength is told less well than what it costs.
        prop_assert!((one.log_loss - other.log_loss).abs() < 1e-9);
        prop_assert!((one.share("c1") - other.share("c1")).abs() < 1e-12);
        for (tally, deeds) in plain.iter().zip(&deeds) {
            let weighed = deeds.tally(&SignalWeights::default());
            let one = of_tallies.affinities("colour", tally, noon(350));
            let other = of_tallies.affinities("colour", &weighed, noon(350));
            prop_assert_eq!(one.len(), other.len());
            for (one, other) in one.iter().zip(&other) {
                prop_assert_eq!((&one.value, one.count), (&other.value, other.count));
                prop_assert!((one.score - other.score).abs() < 1e-12 && (one.upper - other.upper).abs() < 1e-9);
            }
            // Plain counts and weighed ones add up.
            let mut both = tally.clone();
            both.merge(&weighed);
            let mut turned = weighed.clone();
            turned.merge(tally);
            prop_assert_eq!(&both, &turned);
            prop_assert_eq!(both.count("colour", "c1"), 2 * tally.count("colour", "c1"));
        }
        // Ten views weigh as much as one purchase.
        let views = (0..viewed * 10).map(|key| event(&key.to_string(), 1, EventKind::View).facet("colour", "c0"));
        let tally = tallies(&shared(views)).tally(&SignalWeights::default());
        prop_assert_eq!(tally.count("colour", "c0"), viewed);
    }
}

#[test]
fn what_everybody_takes_up_is_learned() {
    let profile = |shown: u32, viewed: u32, colour: &str| {
        let event = |key: String, kind| event(&key, 1, kind).line(Line::new("p").facet("colour", colour));
        let shown = (0..shown).map(|key| event(format!("s{key}"), EventKind::Exposure));
        let viewed = (0..viewed).map(|key| event(format!("v{key}"), EventKind::View));
        tallies(&shared(shown.chain(viewed)))
    };
    let profiles = [profile(10, 1, "grey"), profile(10, 0, "grey"), profile(2, 5, "black"), profile(0, 5, "black")];
    let (options, everybody) = (LearnOptions::until(noon(10)), vec![profiles.clone(); 10].concat());
    let learn = |options| Population::learn_deeds(&everybody, &SignalWeights::default(), options).unwrap();
    let population = learn(&options);
    let exposure = population.facet("colour").unwrap().exposure.clone().unwrap();
    assert_eq!((exposure.shown, exposure.taken_up), (220, 30));
    assert_eq!(exposure.values, [("grey".into(), 200, 10)]);
    assert_eq!(profiles[2].exposure("colour", "black", noon(10)), (2, 2));
    assert_eq!(exposure.rate("grey"), 10.5 / 201.0);
    assert_eq!(exposure.rate("black"), 30.5 / 221.0);
    let text = serde_json::to_string(&population).unwrap();
    assert_eq!(serde_json::from_str::<Population>(&text).unwrap(), population);
    // A year later it is forgotten.
    let later = learn(&LearnOptions { until: noon(366), ..options.clone() });
    assert_eq!(later.facet("colour").unwrap().exposure, None);
}

#[test]
fn debug_shows_no_value() {
    let one = event("secret", 1, EventKind::Purchase).line(Line::new("secret").facet("secret", "secret"));
    let signs: Vec<_> = signals(&one).collect();
    let deeds = tallies(&shared([one]));
    let shown = format!("{signs:?} {deeds:?} {:?}", SignalWeights::default());
    assert!(!shown.contains("secret") && shown.contains("3 values"), "{shown}");
}

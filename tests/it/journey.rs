//! Orders and what came back of them, who may see them, the ends of a time line, and recognition by channel.

use onefold::{
    Decimal, Event, EventKind, IssueReason, Line, Order, OrderStatus, Recognition, ShownOrder, SmolStr, Timestamp,
    Verification, What, orders, touches,
};
use proptest::prelude::*;
use std::sync::Arc;

fn day(day: i64) -> Timestamp {
    Timestamp::from_milliseconds(day * 86_400_000).unwrap()
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn event(key: &str, on: i64, kind: EventKind) -> Event {
    Event::new("web", key, day(on), kind)
}

fn bought(key: &str, on: i64) -> Event {
    event(key, on, EventKind::Purchase)
}

fn back(key: &str, on: i64) -> Event {
    event(key, on, EventKind::Return)
}

fn line(product: &str, quantity: &str) -> Line {
    Line::new(product).quantity(quantity)
}

/// The orders, as `primary: kept kept ..`, and the fields of the issues, whatever the order of the events.
fn check(events: impl IntoIterator<Item = Event>, expected: &[&str], unmatched: &[&str]) -> Vec<Order> {
    let mut events: Vec<Arc<Event>> = events.into_iter().map(Arc::new).collect();
    let id_of = |event: &Event| event.order.clone();
    let (found, issues) = orders(&events, id_of);
    events.reverse();
    events.extend(events.clone());
    assert_eq!(orders(&events, id_of), (found.clone(), issues.clone()), "another order, and twice");
    let shown = |order: &Order| {
        let kept: Vec<_> = order.lines.iter().map(|line| line.kept().to_string()).collect();
        format!("{}: {}", order.because.key, kept.join(" "))
    };
    assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), expected);
    let told = issues.iter().map(|issue| {
        assert_eq!((issue.what, &issue.reason), (What::Event, &IssueReason::Unmatched));
        format!("{} {}", issue.key.key, issue.field)
    });
    assert_eq!(told.collect::<Vec<_>>(), unmatched);
    found
}

#[test]
fn an_order_and_its_receipt_are_one_purchase() {
    let online = bought("o", 1).order("7").line(line("coat", "1").amount("310.00", "eur")).contact("phone", "1");
    let till = Event::new("till", "r", day(2), EventKind::Purchase).order(" 7 ").place("rome").line(line("coat", "1"));
    let found = check([online.clone(), till.clone()], &["o: 1"], &[]);
    let order = &found[0];
    assert_eq!((order.id.as_deref(), order.channel.as_str(), order.place.as_deref()), (Some("7"), "web", None));
    assert_eq!((order.also[0].key.as_str(), order.status), ("r", OrderStatus::Bought));
    assert_eq!(order.total, Some((number("310"), "EUR".into())));
    assert_eq!(order.contact[0].value, "1");

    // An announcement without lines does not count where another event has them; alone, it is an order all the same.
    let announced = bought("a", 0).order("7").channel("app");
    assert_eq!(check([announced.clone(), online.clone()], &["o: 1"], &[])[0].also[0].key, "a");
    let alone = check([announced], &["a: "], &[]);
    assert_eq!((alone[0].channel.as_str(), &alone[0].total, alone[0].status), ("app", &None, OrderStatus::Bought));

    // Without an id each is an order of its own; at one instant the smaller key counts.
    let two = [Event { order: None, ..online.clone() }, Event { order: None, ..till }];
    assert!(check(two, &["r: 1", "o: 1"], &[]).iter().all(|order| order.id.is_none()));
    let twin = Event { key: onefold::RecordKey::new("web", "n"), ..online.clone() };
    check([online.clone(), twin], &["n: 1"], &[]);
    // What tells how to reach the customer about the order last stands, whatever kind it is.
    let call = event("c", 3, EventKind::Contact).order("7").contact("phone", "2");
    assert_eq!(check([online, call], &["o: 1"], &[])[0].contact[0].value, "2");
}

#[test]
fn a_return_takes_out_by_line_then_by_product_and_variant() {
    let order = || {
        let coat = line("coat", "1").line("1").variant("m");
        let socks = line("socks", "3").line("2").facet("colour", "grey");
        bought("o", 1).order("7").line(coat).line(socks).line(line("coat", "1").line("3").variant("l").gift())
    };
    let by_line = back("b", 5).order("7").line(Line { product: None, ..line("", "2") }.line("2"));
    let found = check([order(), by_line.clone()], &["o: 1 1 1"], &[]);
    assert_eq!((found[0].status, found[0].returns[0].key.as_str()), (OrderStatus::PartlyReturned, "b"));
    assert_eq!((found[0].lines[1].returned, found[0].lines[1].quantity), (number("2"), number("3")));
    assert!(found[0].lines[2].gift && found[0].lines[1].facets[0].value == "grey");

    // In a shop, by product and variant; a till that does not tell the variant takes what there is.
    check([order(), back("b", 5).order("7").line(line("coat", "1").variant("l"))], &["o: 1 3 0"], &[]);
    check([order(), back("b", 5).order("7").line(Line::new("coat"))], &["o: 0 3 1"], &[]);
    check([order(), back("b", 5).order("7").line(line("coat", "1").variant("xl"))], &["o: 1 3 1"], &["b lines[0]"]);
    check([order(), back("b", 5).order("7").line(line("hat", "1"))], &["o: 1 3 1"], &["b lines[0]"]);
    // The name of a line of another receipt is no name of this product's line.
    check([order(), back("b", 5).order("7").line(line("coat", "1").variant("l").line("2"))], &["o: 1 3 0"], &[]);
    // Everything.
    let all = back("b", 5).order("7").line(line("coat", "2")).line(line("socks", "3"));
    assert_eq!(check([order(), all], &["o: 0 0 0"], &[])[0].status, OrderStatus::Returned);

    // The same line twice: not below nothing, and not out of another line.
    let again = back("c", 6).order("7").line(line("socks", "2").line("2"));
    let found = check([order(), by_line, again], &["o: 1 0 1"], &["c lines[0]"]);
    assert_eq!(found[0].returns.len(), 2);
    let twice = ["b", "c"].map(|key| back(key, 5).order("7").line(Line::new("coat").line("1")));
    check([order()].into_iter().chain(twice), &["o: 0 3 1"], &["c lines[0]"]);
    // What names no line is of the whole order, once; also where nobody said what was bought.
    let found = check([order(), back("b", 5).order("7"), back("c", 6).order("7")], &["o: 0 0 0"], &["c lines"]);
    assert_eq!(found[0].status, OrderStatus::Returned);
    let bare = check([bought("o", 1).order("7"), back("b", 5).order("7")], &["o: "], &[]);
    assert_eq!(bare[0].status, OrderStatus::Returned);
    check([order(), back("b", 5).order("8")], &["o: 1 3 1"], &["b lines"]);
    // What says no quantity is of the whole line, or of all of a product that is left.
    check([order(), back("b", 5).order("7").line(Line::default().line("2"))], &["o: 1 0 1"], &[]);
    check([order(), back("b", 5).line(Line::new("socks"))], &["o: 1 0 1"], &[]);
    check([order(), back("b", 5).order("8").line(line("coat", "1"))], &["o: 1 3 1"], &["b lines[0]"]);
}

#[test]
fn a_return_without_an_order_takes_from_the_newest_purchase_before_it() {
    let three = || [1, 3, 7].map(|on| bought(&format!("o{on}"), on).line(line("socks", "1")));
    let with = |returns: Vec<Event>| three().into_iter().chain(returns);
    let none = |key: &str, on: i64, quantity: &str| back(key, on).line(line("socks", quantity));
    check(with(vec![none("b", 5, "1")]), &["o7: 1", "o3: 0", "o1: 1"], &[]);
    let found = check(with(vec![none("b", 5, "2")]), &["o7: 1", "o3: 0", "o1: 0"], &[]);
    assert_eq!((&found[1].returns, found[0].returns.len()), (&found[2].returns, 0));
    check(with(vec![none("b", 5, "3")]), &["o7: 1", "o3: 0", "o1: 0"], &["b lines[0]"]);
    check(with(vec![none("b", 0, "1")]), &["o7: 1", "o3: 1", "o1: 1"], &["b lines[0]"]);
    check(with(vec![none("c", 8, "1"), none("b", 5, "1")]), &["o7: 0", "o3: 0", "o1: 1"], &[]);
    // Who names the order comes first, however late.
    let named = bought("n", 4).order("9").line(line("socks", "1"));
    let late = back("late", 9).order("9").line(line("socks", "1"));
    check(with(vec![named, none("b", 5, "1"), late]), &["o7: 1", "n: 0", "o3: 0", "o1: 1"], &[]);
    // The same variant before one that is not told.
    let variants = [bought("m", 1).line(line("hat", "1").variant("m")), bought("x", 2).line(line("hat", "1"))];
    let hat = back("b", 3).line(line("hat", "1").variant("m"));
    check(variants.into_iter().chain([hat]), &["x: 1", "m: 0"], &[]);
    check([back("b", 5).line(Line::default())], &[], &["b lines[0]"]);
}

#[test]
fn what_cannot_be_read_is_in_no_total_and_was_bought_all_the_same() {
    let total = |lines: Vec<Line>| {
        let event = Event { lines, ..bought("o", 1) };
        orders(&[Arc::new(event)], |_| None).0.remove(0).total
    };
    let priced = |amount: &str, currency: &str| line("x", "2").amount(amount, currency);
    assert_eq!(total(vec![priced("1.10", "EUR"), priced("2.20", "EUR")]), Some((number("3.3"), "EUR".into())));
    assert_eq!(total(vec![priced("1", "EUR"), priced("2", "USD")]), None);
    assert_eq!(total(vec![priced("1", "EUR"), priced("12,50", "EUR")]), None);
    assert_eq!(total(vec![priced("1", "EUR"), line("x", "1")]), None);
    assert_eq!(total(vec![priced("1", "XXQ")]), None);
    assert_eq!(total(vec![priced("-1", "EUR")]), None);
    assert_eq!(total(vec![priced(&"9".repeat(28), "EUR"), priced("0.01", "EUR")]), None, "more digits than there are");
    assert_eq!(total(vec![]), None);
    let odd = bought("o", 1).line(line("a", "many")).line(line("b", "-2")).line(Line::new("c")).line(line("d", "0.5"));
    check([odd], &["o: 1 1 1 0.5"], &[]);
}

#[test]
fn an_order_is_masked_below_the_level() {
    let levels =
        [Verification::None, Verification::OneIdentifier, Verification::TwoIdentifiers, Verification::SignedIn];
    let order = check([bought("o", 1).channel("app").place("rome").line(line("coat", "1"))], &["o: 1"], &[]).remove(0);
    for needed in levels {
        for proof in levels {
            match order.shown_at(proof, needed) {
                ShownOrder::Whole(whole) => assert!(proof >= needed && *whole == order),
                masked => {
                    assert!(proof < needed);
                    let (date, channel) = (SmolStr::from("1970-01-02"), "app".into());
                    let status = OrderStatus::Bought;
                    let lines = (proof > Verification::None).then_some(1);
                    assert_eq!(masked, ShownOrder::Masked { date, channel, status, lines, needs: needed });
                    let json = serde_json::to_string(&masked).unwrap();
                    assert!(!json.contains("coat") && !json.contains("rome"), "{json}");
                }
            }
        }
    }
    let whole = serde_json::to_value(order.shown_at(Verification::SignedIn, Verification::None)).unwrap();
    assert_eq!(whole["whole"]["lines"][0]["quantity"], "1");
    assert_eq!(serde_json::to_string(&Verification::TwoIdentifiers).unwrap(), "\"two_identifiers\"");
}

#[test]
fn the_ends_of_a_time_line_do_not_depend_on_order() {
    let mut events: Vec<_> =
        [("b", 2), ("d", 5), ("a", 2), ("c", 5)].map(|(key, on)| Arc::new(event(key, on, EventKind::View))).into();
    for _ in 0..4 {
        events.rotate_left(1);
        let touches = touches(&events);
        assert_eq!((touches.first.unwrap().key.key.as_str(), touches.last.unwrap().key.key.as_str()), ("a", "d"));
    }
    assert_eq!(touches(&[]), onefold::Touches::default());
}

#[test]
fn recognition_is_counted_by_channel_in_any_order() {
    let events = [event("1", 1, EventKind::View).channel("web"), event("2", 1, EventKind::View).channel(" web ")];
    let till = Event::new("till", "3", day(1), EventKind::Purchase);
    let (mut one, mut other) = (Recognition::new(), Recognition::new());
    one.recognised(&events[0]);
    one.recognised(&till);
    other.unrecognised(&events[1]);
    let mut turned = other.clone();
    turned.merge(&one);
    one.merge(&other);
    assert_eq!(one, turned);
    let rates: Vec<_> = one.channels().map(|channel| (channel.channel.to_string(), channel.rate())).collect();
    assert_eq!(rates, [("till".into(), 1.0), ("web".into(), 0.5)]);
}

#[test]
fn debug_shows_nothing_bought() {
    let found = check([bought("secret", 1).order("o-77").place("rome").line(line("coat", "1"))], &["secret: 1"], &[]);
    let shown =
        format!("{found:?} {:?} {:?}", found[0].lines, found[0].shown_at(Verification::None, Verification::None));
    assert!(!["secret", "o-77", "coat", "rome"].iter().any(|word| shown.contains(word)), "{shown}");
}

/// Kind, time, order, and lines: line, product, variant, quantity.
type Row = (bool, i64, Option<u8>, Vec<(Option<u8>, Option<u8>, Option<u8>, u8)>);

fn row() -> impl Strategy<Value = Row> {
    let some = || prop::option::of(0..2_u8);
    (
        any::<bool>(),
        0..5_i64,
        some(),
        prop::collection::vec((some(), prop::option::weighted(0.9, 0..2_u8), some(), 1..3_u8), 0..3),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_made_up_and_no_order_shows(rows in prop::collection::vec(row(), 0..10), turn in 0..10_usize) {
        let name = |name: &Option<u8>| name.map(|name| SmolStr::from(name.to_string()));
        let mut wanted = 0;
        let mut events = Vec::new();
        for (place, (buys, on, order, lines)) in rows.iter().enumerate() {
            let kind = if *buys { EventKind::Purchase } else { EventKind::Return };
            // A return of a whole order is of as much as is left of it.
            let order = name(order).filter(|_| *buys || !lines.is_empty());
            let mut event = Event { order, ..event(&place.to_string(), *on, kind) };
            for (line, product, variant, quantity) in lines {
                // What comes back comes back one by one, so that an issue is one thing.
                let quantity = if *buys { *quantity } else { 1 };
                let sent = Line { line: name(line), product: name(product), variant: name(variant), ..Line::default() };
                event = event.line(sent.quantity(quantity.to_string()));
            }
            wanted += if *buys { 0 } else { lines.len().max(1) };
            events.push(Arc::new(event));
        }
        let id_of = |event: &Event| event.order.clone();
        let (found, issues) = orders(&events, id_of);
        let mut turned = events.clone();
        turned.extend(events.iter().rev().cloned());
        turned.rotate_left(turn.min(events.len()));
        prop_assert_eq!(&orders(&turned, id_of), &(found.clone(), issues.clone()));

        let told = found.iter().map(|order| 1 + order.also.len()).sum::<usize>();
        prop_assert_eq!(told, rows.iter().filter(|row| row.0).count());
        let lines = || found.iter().flat_map(|order| &order.lines);
        prop_assert!(lines().all(|line| line.returned <= line.quantity && line.returned >= Decimal::ZERO));
        let returned: usize = lines().map(|line| line.returned.to_string().parse::<usize>().unwrap()).sum();
        prop_assert_eq!(returned + issues.len(), wanted);
        prop_assert!(found.is_sorted_by(|a, b| (a.at.microseconds(), &a.because) > (b.at.microseconds(), &b.because)));
    }
}

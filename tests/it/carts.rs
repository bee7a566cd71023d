//! Carts from events: what a step knows, how a cart ends, and what is not known yet.

use crate::properties::config;
use onefold::{
    Cart, CartFeatures, CartHazard, CartOutcome, CartRules, Consent, ConsentQuery, ConsentStatus, Decimal, Event,
    EventKind, FtrlOptions, IdentifierPolicy, Ingest, Line, Policy, PurposePolicy, Record, Resolver, Role, Timestamp,
    carts,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::collections::BTreeMap;
use std::sync::Arc;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_microseconds((20_454 * 1_440 + minute) * 60_000_000).unwrap()
}

fn removal() -> EventKind {
    EventKind::Custom("remove_from_cart".into())
}

fn event(minute: i64, kind: EventKind, lines: &[Line]) -> Event {
    let event = Event::new("web", format!("{minute:04}"), at(minute), kind).channel("app");
    lines.iter().cloned().fold(event, Event::line)
}

fn told(events: &[Event], now: i64) -> Vec<Cart> {
    let events: Vec<Arc<Event>> = events.iter().cloned().map(Arc::new).collect();
    carts(&events, &CartRules::default(), at(now), |event| event.place.is_some()).unwrap()
}

fn coat() -> Line {
    Line::new("coat").quantity("2").amount("620.00", "EUR")
}

fn hat() -> Line {
    Line::new("hat").amount("20.10", "EUR")
}

/// What was known, each number as it was before its logarithm.
fn known(features: &CartFeatures) -> BTreeMap<String, f64> {
    features.iter().map(|(name, value)| (name.to_owned(), (value.exp_m1() * 1e6).round() / 1e6)).collect()
}

#[test]
fn a_step_knows_what_was_known() {
    let events = [
        event(0, EventKind::View, &[coat()]),
        event(1, EventKind::Cart, &[coat()]),
        event(2, EventKind::View, &[hat()]),
        event(3, EventKind::Search, &[]),
        event(13, EventKind::Cart, &[hat()]).place("shop"),
        event(14, removal(), &[Line::new("coat").quantity("1")]),
        event(15, EventKind::View, &[hat()]),
        // What is not in the cart is not taken out, and what is of another kind is no step.
        event(16, removal(), &[Line::new("tea")]),
        event(17, EventKind::Exposure, &[hat()]),
    ];
    let cart = told(&events, 60).remove(0);
    let found: Vec<BTreeMap<String, f64>> = cart.steps.iter().map(|step| known(&step.features)).collect();
    let expected = |pairs: &[(&str, f64)]| -> BTreeMap<String, f64> {
        let channel = [("channel=app".to_owned(), 1_f64.exp_m1())].map(|(name, one)| (name, (one * 1e6).round() / 1e6));
        pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).chain(channel).collect()
    };
    let flag = (1_f64.exp_m1() * 1e6).round() / 1e6;
    assert_eq!(
        found[0],
        expected(&[("items", 2.0), ("removals", 0.0), ("steps", 0.0), ("value", 620.0), ("views", 0.0)])
    );
    let hours = |minutes: f64| (minutes / 60.0 * 1e6).round() / 1e6;
    let second = [
        ("hours_since_step", hours(12.0)),
        ("items", 3.0),
        ("known", flag),
        ("removals", 0.0),
        ("steps", 1.0),
        ("value", 640.1),
        ("views", 2.0),
    ];
    assert_eq!(found[1], expected(&second));
    let third = [
        ("hours_since_step", hours(1.0)),
        ("items", 2.0),
        ("removals", 1.0),
        ("steps", 2.0),
        ("value", 330.1),
        ("views", 0.0),
    ];
    assert_eq!(found[2], expected(&third));
    assert_eq!((found[3]["removals"], found[3]["views"], found[3]["items"], found.len()), (2.0, 1.0, 2.0, 4));
    assert_eq!(
        (cart.items, cart.value),
        ("2".parse().unwrap(), Some(("330.1".parse::<Decimal>().unwrap(), "EUR".into())))
    );
}

#[test]
fn a_cart_has_one_currency_or_no_value() {
    let value = |lines: &[Line]| told(&[event(0, EventKind::Cart, lines)], 1).remove(0).value.map(|(value, _)| value);
    assert_eq!(value(&[coat(), hat()]), Some("640.1".parse::<Decimal>().unwrap()));
    assert_eq!(value(&[coat(), Line::new("tea").amount("5.00", "USD")]), None);
    assert_eq!(value(&[coat(), Line::new("tea")]), None);
    assert_eq!(value(&[coat(), Line::new("tea").amount("-5.00", "EUR")]), None);
    assert_eq!(value(&[]), None);
    // A price per piece is what is left of the line.
    let taken = [
        event(0, EventKind::Cart, &[Line::new("socks").quantity("3").amount("20.00", "EUR")]),
        event(1, removal(), &[Line::new("socks").quantity("1")]),
    ];
    assert_eq!(told(&taken, 2)[0].value.as_ref().unwrap().0.to_string(), "13.3333");
}

#[test]
fn a_cart_is_bought_lost_or_open() {
    use CartOutcome::{Bought, Lost, Open};
    let put = || event(0, EventKind::Cart, &[coat()]);
    let check = |events: &[Event], now: i64, expected: &[CartOutcome]| {
        let found: Vec<CartOutcome> = told(events, now).iter().map(|cart| cart.outcome).collect();
        assert_eq!(found, expected, "at {now}");
    };
    check(&[put()], 59, &[Open]);
    check(&[put()], 60, &[Lost(at(60))]);
    // Looking keeps it.
    let looked = [put(), event(50, EventKind::View, &[hat()])];
    check(&looked, 109, &[Open]);
    check(&looked, 110, &[Lost(at(110))]);
    // What is bought is something that is in it; a minute too late, and it was lost.
    let buys = |minute, line: &[Line]| [put(), event(minute, EventKind::Purchase, line)];
    check(&buys(59, &[hat(), coat()]), 99, &[Bought(at(59))]);
    check(&buys(60, &[coat()]), 99, &[Lost(at(60))]);
    check(&buys(10, &[hat()]), 59, &[Open]);
    check(&buys(10, &[]), 59, &[Bought(at(10))]);
    check(&[event(0, EventKind::Cart, &[]), event(10, EventKind::Purchase, &[hat()])], 59, &[Bought(at(10))]);
    // Nothing is bought of an empty one, and nothing taken out of none.
    let emptied = [put(), event(1, removal(), &[Line::new("coat")]), event(2, EventKind::Purchase, &[])];
    check(&emptied, 59, &[Open]);
    check(&[event(0, removal(), &[coat()]), event(2, EventKind::View, &[])], 99, &[]);
    // The next is another.
    let two = [
        put(),
        event(10, EventKind::Purchase, &[coat()]),
        event(11, EventKind::Cart, &[hat()]),
        event(80, EventKind::Cart, &[hat()]),
    ];
    check(&two, 90, &[Bought(at(10)), Lost(at(71)), Open]);
    let found = told(&two, 90);
    let labels: Vec<(Timestamp, bool)> =
        found.iter().flat_map(Cart::examples).map(|step| (step.at, step.abandoned)).collect();
    assert_eq!(labels, [(at(10), false), (at(71), true)]);
    assert_eq!(found[2].open_step().map(|step| step.key.key.as_str()), Some("0080"));
    assert_eq!(found[0].open_step(), None);
    let wrong = |rules: CartRules| carts(&[], &rules, at(0), |_| true).unwrap_err().to_string();
    assert!(wrong(CartRules { removal: EventKind::View, ..CartRules::default() }).contains("removal"));
    assert!(wrong(CartRules { idle_minutes: 0, ..CartRules::default() }).contains("idle_minutes"));
}

/// Events of an afternoon, a few keys for many, so that some are versions of others.
fn happenings() -> impl Strategy<Value = Vec<Event>> {
    let kind = select(vec![
        EventKind::Cart,
        EventKind::Cart,
        EventKind::Cart,
        removal(),
        EventKind::View,
        EventKind::Purchase,
        EventKind::Search,
    ]);
    let line = (
        option::weighted(0.9, select(&["coat", "hat", "tea"][..])),
        option::of(select(&["1", "2", "0.5", "x"][..])),
        option::weighted(0.8, select(&["5.00", "20.10", "-1"][..])),
        select(&["EUR", "EUR", "EUR", "USD"][..]),
    );
    let line = line.prop_map(|(product, quantity, amount, currency)| {
        let line = Line { product: product.map(Into::into), quantity: quantity.map(Into::into), ..Line::default() };
        amount.into_iter().fold(line, |line, amount| line.amount(amount, currency))
    });
    let one = (0..24_u32, 0..400_i64, kind, vec(line, 0..3), any::<bool>());
    let one = one.prop_map(|(key, minute, kind, lines, known)| {
        let event = event(minute, kind, &lines);
        let key = onefold::RecordKey::new("web", key.to_string());
        Event { key, place: known.then(|| "shop".into()), ..event }
    });
    vec(one, 0..24)
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn the_order_of_events_does_not_show(events in happenings(), order in vec(any::<Index>(), 30), now in 0..600_i64) {
        let expected = told(&events, now);
        let mut shuffled: Vec<Event> = events.clone();
        // Swapped, and some delivered twice.
        for pair in order.chunks(2).filter(|_| !events.is_empty()) {
            let (a, b) = (pair[0].index(events.len()), pair[1].index(events.len()));
            shuffled.swap(a, b);
            shuffled.push(events[a].clone());
        }
        prop_assert_eq!(told(&shuffled, now), expected);
    }

    /// What was known at a step, and what became of a cart, is the same however much later it is asked; what is not over is
    /// open, and told to nobody as an end.
    #[test]
    fn nothing_is_told_before_it_is_known(events in happenings(), now in 0..600_i64, later in 0..600_i64) {
        // One version of each: another may move an event.
        let events: BTreeMap<_, _> = events.into_iter().map(|event| (event.key.clone(), event)).collect();
        let events: Vec<Event> = events.into_values().collect();
        let (then, finally) = (told(&events, now), told(&events, now + later));
        prop_assert!(then.len() <= finally.len());
        for (place, (cart, known)) in then.iter().zip(&finally).enumerate() {
            let is_last = place + 1 == then.len();
            prop_assert_eq!(&cart.steps[..], &known.steps[..cart.steps.len()]);
            let last = cart.steps.len() - 1;
            let examples: Vec<_> = cart.examples().collect();
            match cart.outcome {
                CartOutcome::Open => {
                    prop_assert!(is_last && examples.len() == last && cart.open_step().is_some());
                    prop_assert!(examples.iter().all(|step| !step.abandoned));
                }
                CartOutcome::Bought(end) | CartOutcome::Lost(end) => {
                    prop_assert_eq!(cart, known);
                    prop_assert!(end.microseconds() <= at(now).microseconds() && examples.len() == last + 1);
                    let lost = matches!(cart.outcome, CartOutcome::Lost(_));
                    prop_assert_eq!((examples[last].at, examples[last].abandoned), (end, lost));
                    prop_assert!(examples[..last].iter().all(|step| !step.abandoned));
                }
            }
            prop_assert!(examples.iter().zip(&cart.steps).all(|(told, step)| told.key == step.key && told.at.microseconds() >= step.at.microseconds()));
        }
        // Each thing put in is a step of one cart.
        let steps = finally.iter().flat_map(|cart| &cart.steps).map(|step| &step.key);
        let mut steps: Vec<_> = steps.collect();
        let all = steps.len();
        steps.sort();
        steps.dedup();
        prop_assert_eq!(steps.len(), all);
        let until = at(now + later).microseconds();
        let put = events.iter().filter(|event| event.kind == EventKind::Cart && event.at.microseconds() <= until);
        prop_assert!(put.into_iter().all(|event| steps.binary_search(&&event.key).is_ok()));
    }
}

#[test]
fn the_carts_of_one_person_are_those_of_all_their_identifiers() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let phone = event(0, EventKind::Cart, &[coat()]).identifier("device_id", "phone");
    let desk = event(20, EventKind::Purchase, &[coat()]).identifier("email", "ann@example.org");
    let one = resolver.add_event(phone).unwrap().profile.unwrap();
    drop(resolver.add_event(desk).unwrap());
    let rules = CartRules::default();
    let outcome =
        |id| resolver.carts(id, &rules, at(100)).unwrap().unwrap().iter().map(|cart| cart.outcome).collect::<Vec<_>>();
    assert_eq!(outcome(one), [CartOutcome::Lost(at(60))], "nobody knows that she bought it");
    let before = resolver.carts(one, &rules, at(100)).unwrap().unwrap();
    let card = Record::new("crm", "1", at(30)).identifier("email", "ann@example.org").identifier("device_id", "phone");
    let ann = resolver.add(card).unwrap().profile.unwrap();
    assert_eq!(outcome(ann), [CartOutcome::Bought(at(20))]);
    // The example of the same key says otherwise now: whoever fits anew learns that.
    let after = resolver.carts(ann, &rules, at(100)).unwrap().unwrap();
    let [lost, bought] = [&before, &after].map(|carts| carts[0].examples().next().unwrap());
    assert_eq!((lost.key, lost.abandoned, bought.abandoned), (bought.key.clone(), true, false));
    assert!(!known(&bought.features).contains_key("known"));
    assert_eq!(CartHazard::refit(FtrlOptions::default(), &[bought]).unwrap().learned(), 1);
    drop(resolver.add_event(event(40, EventKind::Cart, &[hat()]).identifier("email", "ann@example.org")).unwrap());
    let last = resolver.carts(ann, &rules, at(41)).unwrap().unwrap().pop().unwrap();
    assert!(known(&last.open_step().unwrap().features).contains_key("known"));
}

#[test]
fn a_purpose_sees_carts_of_which_it_sees_the_end() {
    let told = |kinds: &[EventKind], allowed: bool, keep: Option<(EventKind, &str)>, now: i64| {
        let mut policy = Policy::builder()
            .identifier(IdentifierPolicy::new("email", Role::Contact))
            .purpose(PurposePolicy::new("marketing"));
        for kind in kinds {
            policy = policy.event_purposes(kind, ["marketing"]);
        }
        if let Some((kind, keep)) = keep {
            policy = policy.event_keep(&kind, keep.parse().unwrap());
        }
        let resolver = Resolver::in_memory(policy.build().unwrap()).unwrap();
        let mut events = vec![
            event(0, EventKind::Cart, &[coat()]),
            event(40, EventKind::View, &[coat()]),
            event(80, EventKind::Purchase, &[coat()]),
        ];
        if allowed {
            let yes = Consent::new("marketing", ConsentStatus::Granted);
            events.push(Event::of_consent("web", "c", at(-10), yes));
        }
        let events = events.into_iter().map(|event| event.identifier("email", "ann@example.org"));
        let answers = resolver.add_events(events.collect(), Ingest::default()).unwrap();
        let ann = answers[0].profile.unwrap();
        let (view, rules) = (resolver.view().unwrap(), CartRules::default());
        let seen =
            view.for_purpose(ann, &ConsentQuery::new("marketing"), at(now)).unwrap().unwrap().carts(&rules).unwrap();
        let raw = view.carts(ann, &rules, at(now)).unwrap().unwrap();
        [seen, raw].map(|carts| carts.iter().map(|cart| cart.outcome).collect::<Vec<_>>())
    };
    let (cart, buy, view) = (EventKind::Cart, EventKind::Purchase, EventKind::View);
    let all = [cart.clone(), buy.clone(), view, removal()];
    let bought = vec![CartOutcome::Bought(at(80))];
    assert_eq!(told(&all, true, None, 100), [bought.clone(), bought.clone()]);
    assert_eq!(told(&all, false, None, 100), [vec![], bought.clone()]);
    assert_eq!(told(&[cart.clone(), removal()], true, None, 100)[0], [], "it would seem that it was lost");
    assert_eq!(told(&[cart.clone(), buy.clone()], true, None, 100)[0], []);
    // Without the view the cart was idle for more than an hour.
    assert_eq!(told(&[cart, buy.clone(), removal()], true, None, 100)[0], [CartOutcome::Lost(at(60))]);
    // Where purchases of that time are gone, nobody knows.
    let keep = Some((buy, "P1D"));
    assert_eq!(told(&all, true, keep.clone(), 1_439), [bought.clone(), bought]);
    assert_eq!(told(&all, true, keep, 1_440), [vec![], vec![]]);
}

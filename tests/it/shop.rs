//! A catalogue for a profile: what the façade answers is what the pure functions answer over its events.

use crate::properties::config;
use crate::script::Call;
use crate::signals::{any_event, event, noon, shared};
use crate::{subject, tablet};
use onefold::{
    Event, EventKind, Item, LearnOptions, Line, NotedBy, Operation, Polarity, Population, Preference, PreferenceQuery,
    RankRequest, Resolver, Rules, Shopper, Signal, SignalWeights, Timestamp, Wish, order_id, orders, rank, recall,
    suppress, tallies, tallies_by,
};
use proptest::prelude::*;

fn said(value: &str, polarity: Polarity) -> Preference {
    Preference::new("colour", value, polarity, NotedBy::Customer)
}

#[test]
fn what_holds_elsewhere_is_heard_only_where_it_is_never() {
    let noted = |key: &str, preference| event(key, 1, EventKind::Preference).preference(preference);
    let events = shared([
        noted("1", said("grey", Polarity::Like)),
        noted("2", said("black", Polarity::Like).context("evening")),
        noted("3", said("red", Polarity::Dislike).property("rome")),
        noted("4", said("pink", Polarity::Never).property("rome").context("evening")),
        noted("5", said("mauve", Polarity::Never).property("vienna")),
    ]);
    let population = Population::learn(&[], &LearnOptions::until(noon(9))).unwrap();
    let any = PreferenceQuery::new;
    let cases = [
        (any(), vec!["grey", "mauve", "pink"]),
        (any().context("evening"), vec!["black", "grey", "mauve", "pink"]),
        (any().property("rome"), vec!["grey", "pink", "red"]),
        (any().property("rome").context("evening / opera"), vec!["black", "grey", "pink", "red"]),
        (any().property("vienna"), vec!["grey", "mauve"]),
        (any().property("rome").context("morning"), vec!["grey", "red"]),
        (any().attribute("brand"), vec![]),
    ];
    for (query, expected) in cases {
        let recalled = recall(&events, &query, noon(9));
        let request = RankRequest::new(&population).wishes(&recalled);
        let mut heard: Vec<&str> = request.wishes.iter().map(|wish| wish.value.as_str()).collect();
        heard.sort_unstable();
        assert_eq!(heard, expected, "{query:?}");
        for wish in &request.wishes {
            let stated = recalled.stated.iter().find(|stated| stated.because == wish.because).unwrap();
            let expected = Wish::new("colour", stated.value.clone(), stated.polarity, wish.because.clone(), noon(1));
            assert_eq!(*wish, expected);
        }
    }
}

/// The wish of a customer file, the one of the shop, and an id that leads nowhere.
#[test]
fn the_wishes_of_the_request_are_heard_beside_those_that_were_stated() {
    let resolver = Resolver::in_memory(onefold::Policy::retail()).unwrap();
    let noted = event("1", 1, EventKind::Preference).identifier("loyalty_id", "L7");
    let id = resolver.add_event(noted.preference(said("red", Polarity::Never))).unwrap().profile.unwrap();
    let population = Population::learn(&[], &LearnOptions::until(noon(9))).unwrap();
    let grey = Wish::new("colour", "grey", Polarity::Like, onefold::RecordKey::new("shop", "w"), noon(1));
    let request = RankRequest::new(&population).wish(grey);
    let items = ["red", "blue", "grey"].map(|colour| Item::new(colour).facet("colour", colour));
    let ask = |id, now| resolver.rank(id, &items, &request, &PreferenceQuery::new(), now).unwrap();
    let ranking = ask(id, noon(9)).unwrap();
    assert_eq!(ranking.shown.iter().map(|ranked| ranked.item).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(ask(id, noon(0)).unwrap().hidden, [], "nobody knew");
    // The second id of another is nobody's here.
    let other = Resolver::in_memory(onefold::Policy::retail()).unwrap();
    let visit = |key: &str| event(key, 1, EventKind::View).identifier("loyalty_id", key);
    let nobody = ["a1", "a2"].map(|key| other.add_event(visit(key)).unwrap().profile.unwrap())[1];
    assert!(ask(nobody, noon(9)).is_none());
    assert!(resolver.suppress(nobody, &items[0], &request, &PreferenceQuery::new(), noon(9)).unwrap().is_none());
    let wrong = request.clone().explore_share(2.0);
    assert!(resolver.rank(id, &items, &wrong, &PreferenceQuery::new(), noon(9)).is_err());
}

/// Two spellings of one order, and the number that a till sends as an identifier.
#[test]
fn an_order_is_one_by_the_policy() {
    let resolver = Resolver::in_memory(onefold::Policy::retail()).unwrap();
    let told = |key: &str, on: i64, kind| event(key, on, kind).identifier("loyalty_id", "L7");
    let line = || Line::new("scarf").facet("colour", "grey");
    let told = [
        told("1", 1, EventKind::Purchase).order("o-77").line(line()),
        told("2", 2, EventKind::Purchase).order("O 77").line(line()),
        told("3", 3, EventKind::Purchase).identifier("order_id", "O77").line(line()),
        told("4", 4, EventKind::Return).identifier("order_id", "o-77").line(Line::new("scarf")),
    ];
    let mut id = None;
    for (event, grey) in told.into_iter().zip([1, 1, 1, 0]) {
        id = resolver.add_event(event).unwrap().profile.or(id);
        let deeds = resolver.deeds(id.unwrap(), noon(9)).unwrap().unwrap();
        assert_eq!(deeds.count(Signal::Bought, "colour", "grey"), grey);
        let events = resolver.events_of(id.unwrap(), None, None).unwrap();
        let rules = Rules::new(resolver.policy()).unwrap();
        let id_of = |event: &Event| order_id(&rules, event);
        assert_eq!(deeds, tallies_by(&events, id_of));
        let shopper = Shopper::fold_by(&events, id_of, noon(9));
        assert_eq!(shopper.owned(&Item::new("scarf")).is_some(), grey > 0);
        assert_eq!(shopper, resolver.shopper(id.unwrap(), noon(9)).unwrap().unwrap());
    }
}

proptest! {
    #![proptest_config(config(256))]

    /// What is owned is what is kept of orders, and what returns find nothing is the same to both.
    #[test]
    fn orders_and_deeds_are_settled_alike(events in prop::collection::vec(any_event(), 0..24)) {
        let events = shared(events);
        let (orders, issues) = orders(&events, |event| event.order.clone());
        let mut unmatched: Vec<_> = issues.into_iter().map(|issue| issue.key).collect();
        unmatched.dedup();
        let deeds = tallies(&events);
        prop_assert_eq!(deeds.unmatched_returns(), unmatched);
        let shopper = Shopper::fold(&events, noon(400));
        for (product, variant) in [("a", None), ("a", Some("m")), ("b", Some("l")), ("b", None)] {
            let is_meant = |line: &&onefold::OrderLine| {
                line.product.as_deref() == Some(product)
                    && !line.gift
                    && line.kept() > onefold::Decimal::ZERO
                    && (variant.is_none() || line.variant.is_none() || line.variant.as_deref() == variant)
            };
            let kept = orders.iter().flat_map(|order| order.lines.iter().filter(is_meant)).count();
            let item = Item { variant: variant.map(Into::into), ..Item::new(product) };
            prop_assert_eq!(shopper.owned(&item).map_or(0, |owned| owned.purchases), kept);
        }
    }
}

/// What the events of some keys state beside what else they tell.
pub(crate) fn opinionated(mut event: Event) -> Event {
    let facet = |value, polarity| Preference { attribute: "brand".into(), ..said(value, polarity) };
    event.preference = match event.key.key.as_str() {
        "1" => Some(facet("x", Polarity::Like)),
        "2" => Some(facet("X", Polarity::Never).property("rome")),
        "3" => Some(said("grey", Polarity::Dislike).context("evening")),
        "4" => Some(Preference { attribute: "product".into(), ..said("sku-2", Polarity::Like) }),
        _ => None,
    }
    .map(Box::new);
    event
}

fn opinionated_call(call: Call) -> Call {
    match call {
        Call::Apply(Operation::Event(event)) => Call::Apply(Operation::Event(Box::new(opinionated(*event)))),
        Call::AddEvents(events, batch) => Call::AddEvents(events.into_iter().map(opinionated).collect(), batch),
        other => other,
    }
}

/// Some who like x and grey, some who do not.
pub(crate) fn population() -> Population {
    let bought = |key: usize, brand: &str, colour: &str| {
        let line = Line::new("sku-9").facet("brand", brand).facet("colour", colour);
        tallies(&shared([event(&key.to_string(), 1, EventKind::Purchase).line(line)]))
    };
    let people: Vec<_> = (0..120).map(|n| bought(n, ["x", "y"][n % 2], ["grey", "black", "x"][n % 3])).collect();
    let options = LearnOptions::until(noon(9));
    Population::learn_deeds(&people, &SignalWeights::default(), &options).unwrap()
}

proptest! {
    #![proptest_config(config(24))]

    /// After every call, for every profile, whatever is asked and when.
    #[test]
    fn a_ranking_is_that_of_the_events(
        script in tablet::happenings(1..14),
        minute in 0..4320_i64,
        place in proptest::sample::select(vec![None, Some("rome"), Some("vienna")]),
        explore in proptest::sample::select(vec![0.0, 0.4]),
    ) {
        let population = population();
        let request = RankRequest::new(&population).explore_share(explore).rejected_days(1);
        let mut query = PreferenceQuery::new().context("evening");
        query.scope.property = place.map(Into::into);
        let items = [
            Item::new("sku-1").facet("brand", "x").facet("colour", "grey"),
            Item::new("sku-2").facet("brand", "y"),
            Item::new("sku-3").facet("brand", "x"),
            Item::new("sku-1").facet("colour", "x").gap_days(1),
            Item::new("sku-4").facet("colour", "black"),
        ];
        let now = Timestamp::from_microseconds(1_767_571_200_000_000 + minute * 60_000_000).unwrap();
        let resolver = Resolver::in_memory(script.policy.clone()).unwrap();
        for call in script.calls {
            subject::call(&resolver, &opinionated_call(call));
            for id in subject::people(&resolver).into_keys() {
                let events = resolver.events_of(id, None, None).unwrap();
                let rules = onefold::Rules::new(resolver.policy()).unwrap();
                let shopper = Shopper::fold_by(&events, |event| onefold::order_id(&rules, event), now);
                let stated = recall(&events, &query, now);
                let asked = request.clone().wishes(&stated);
                let ranking = resolver.rank(id, &items, &request, &query, now).unwrap();
                prop_assert_eq!(ranking, Some(rank(&shopper, &items, &asked).unwrap()));
                for item in &items {
                    let why = resolver.suppress(id, item, &request, &query, now).unwrap();
                    prop_assert_eq!(why, Some(suppress(&shopper, item, &asked).unwrap()));
                }
            }
        }
    }
}

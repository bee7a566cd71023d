//! Figures of customers, of experience, and key figures: worked out anew by hand, and the same however customers are told
//! of.

use crate::properties::config;
use onefold::{
    Bought, CustomerCounts, CustomerHistory, DueRequest, Event, EventKind, Good, Group, Ingest, Kpi, KpiReading,
    KpiRegistry, LifetimeKind, Line, NoEvidence, Period, Policy, PredictedValue, Purchase, Rate, Record, Resolver,
    RollUp, TimeUnit, Timestamp, ValueModel, ValueRequest, days_bought, days_by_facet, days_by_product, distortions,
    experience_index, lapse_judge, learn_gaps, measure_customers, measure_value, next_due,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const DAY: i64 = 86_400_000_000;

fn never(_: &[i64]) -> Option<bool> {
    None
}

/// A customer lapses after twice the longest time between two days.
fn lapsed_at(until: i64) -> impl Fn(&[i64]) -> Option<bool> {
    move |days| {
        let longest = days.windows(2).map(|pair| pair[1] - pair[0]).max()?;
        Some(until - days[days.len() - 1] > 2 * longest)
    }
}

fn histories() -> impl Strategy<Value = Vec<CustomerHistory>> {
    let purchase = (0..80_i64, prop::option::of(0..5000_u32)).prop_map(|(day, cents)| {
        let amount = cents.map(|cents| format!("{}.{:02}", cents / 100, cents % 100).parse().unwrap());
        Purchase { day, amount }
    });
    let segments = prop::collection::vec(prop::sample::select(vec!["vip", "new", "gold"]), 0..3);
    let channel = prop::option::of(prop::sample::select(vec!["web", "shop"]));
    let history = (prop::collection::vec(purchase, 0..8), segments, channel);
    let history = history.prop_map(|(purchases, segments, channel)| CustomerHistory {
        purchases,
        segments: segments.into_iter().map(Into::into).collect(),
        first_channel: channel.map(Into::into),
    });
    prop::collection::vec(history, 0..12)
}

proptest! {
    #![proptest_config(config(64))]

    /// By hand, from the days as they stand.
    #[test]
    fn counts_are_those_that_one_would_count(customers in histories(), from in 1..60_i64, length in 1..30_i64) {
        let until = from + length;
        let counts = measure_customers(&customers, Period::new(from, until).unwrap(), &lapsed_at(until)).unwrap();
        let all = counts[&Group::All];
        let days: Vec<BTreeSet<i64>> = customers
            .iter()
            .map(|customer| customer.purchases.iter().map(|one| one.day).filter(|day| *day < until).collect())
            .collect();
        let count = |test: &dyn Fn(&BTreeSet<i64>) -> bool| days.iter().filter(|days| test(days)).count() as u64;
        let bought = |days: &BTreeSet<i64>, from: i64, until: i64| days.range(from..until).next().is_some();
        prop_assert_eq!(all.customers, count(&|days| !days.is_empty()));
        prop_assert_eq!(all.active, count(&|days| bought(days, from, until)));
        prop_assert_eq!(all.new, count(&|days| days.first().is_some_and(|first| *first >= from)));
        prop_assert_eq!(all.active_before, count(&|days| bought(days, from - length, from)));
        prop_assert_eq!(all.retained, count(&|days| bought(days, from - length, from) && bought(days, from, until)));
        prop_assert_eq!(all.repeated, count(&|days| days.len() > 1));
        let in_period = |one: &&Purchase| (from..until).contains(&one.day);
        let purchases = || customers.iter().flat_map(|customer| &customer.purchases);
        prop_assert_eq!(all.orders, purchases().filter(in_period).count() as u64);
        let cents = |purchases: &mut dyn Iterator<Item = &Purchase>| -> u64 {
            let text = purchases.filter_map(|one| one.amount).map(|amount| amount.to_string().replace('.', ""));
            text.map(|cents| cents.parse::<u64>().unwrap()).sum()
        };
        let revenue = |amount: onefold::Decimal| amount.to_string().replace('.', "").parse::<u64>().unwrap();
        let whole = |cents: u64| if cents == 0 { 0 } else { cents };
        prop_assert_eq!(revenue(all.revenue), whole(cents(&mut purchases().filter(in_period))));
        prop_assert_eq!(revenue(all.revenue_ever), whole(cents(&mut purchases().filter(|one| one.day < until))));
        let gaps: Vec<i64> = days
            .iter()
            .flat_map(|days| days.iter().zip(days.iter().skip(1)).filter(|(_, next)| **next >= from).map(|(a, b)| b - a))
            .collect();
        prop_assert_eq!((all.intervals, all.interval_days), (gaps.len() as u64, gaps.iter().sum::<i64>() as u64));
        let lengths: i64 = days.iter().filter_map(|days| Some(days.last()? - days.first()?)).sum();
        prop_assert_eq!(all.relationship_days, lengths as u64);
        prop_assert_eq!(all.judged, all.repeated);
    }

    /// Cohorts make the whole, each segment is what its customers are, and the order of customers does not show.
    #[test]
    fn groups_add_up(customers in histories(), from in 1..60_i64, length in 1..30_i64) {
        let period = Period::new(from, from + length).unwrap();
        let counts = measure_customers(&customers, period, &never).unwrap();
        let back = measure_customers(customers.iter().rev(), period, &never).unwrap();
        prop_assert_eq!(&counts, &back);
        let cohorts = counts.iter().filter(|(group, _)| matches!(group, Group::Cohort(_)));
        let sum = cohorts.fold(CustomerCounts::default(), |sum, (_, counts)| sum.plus(*counts).unwrap());
        prop_assert_eq!(sum, counts[&Group::All]);
        for segment in ["vip", "new", "gold"] {
            let its: Vec<&CustomerHistory> =
                customers.iter().filter(|customer| customer.segments.iter().any(|one| one == segment)).collect();
            let alone = measure_customers(its, period, &never).unwrap()[&Group::All];
            prop_assert_eq!(counts.get(&Group::Segment(segment.into())).copied().unwrap_or_default(), alone);
        }
        for channel in ["web", "shop"] {
            let its = customers.iter().filter(|customer| customer.first_channel.as_deref() == Some(channel));
            let alone = measure_customers(its, period, &never).unwrap()[&Group::All];
            prop_assert_eq!(counts.get(&Group::Channel(channel.into())).copied().unwrap_or_default(), alone);
        }
    }
}

#[test]
fn figures_of_nothing_are_none_and_cohorts_are_months() {
    let counts = measure_customers([], Period::new(0, 1).unwrap(), &never).unwrap();
    let figures = counts[&Group::All].figures(Some("100".parse().unwrap()));
    assert!(figures.named().iter().all(|(_, figure)| figure.is_none()), "{figures:?}");
    let one = CustomerHistory { purchases: vec![Purchase { day: 20_454, amount: None }], ..CustomerHistory::default() };
    let counts = measure_customers([&one], Period::new(20_000, 21_000).unwrap(), &never).unwrap();
    assert!(counts.contains_key(&Group::Cohort("2026-01".into())), "{counts:?}");
    let figures = counts[&Group::All].figures(None);
    assert_eq!((figures.average_order_value, figures.orders_per_customer), (None, Some(1.0)));
    assert!(Period::new(5, 5).is_err());
}

/// A year of purchases of some people, each under an address of their own; some of them use two.
fn year(people: u64, in_two: &BTreeSet<u64>) -> Vec<Event> {
    let mut state = 7_u64;
    let mut draw = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let start = "2025-01-01T12:00:00Z".parse::<Timestamp>().unwrap().microseconds();
    let mut events = Vec::new();
    for person in 0..people {
        for order in 0..1 + draw(9) {
            let at = Timestamp::from_microseconds(start + draw(365) as i64 * DAY).unwrap();
            // Drawn for everybody, so that the rest does not hang on who uses two.
            let second = draw(2) == 1 && in_two.contains(&person);
            let address = format!("p{person}{}@example.org", if second { "-b" } else { "" });
            let amount = format!("{}.{:02}", 5 + draw(90), draw(100));
            let event = Event::new("web", format!("{person}-{order}"), at, EventKind::Purchase);
            events.push(event.identifier("email", address).line(Line::new("sku").amount(amount, "EUR")));
        }
    }
    events
}

fn counts_of(resolver: &Resolver) -> (BTreeMap<Group, CustomerCounts>, BTreeMap<Group, CustomerCounts>) {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let period = Period::between("2025-07-01T00:00:00Z".parse().unwrap(), now).unwrap();
    let big_spender = |view: &onefold::View, id| {
        let orders = view.orders(id, now)?.map_or(0, |orders| orders.orders.len());
        Ok(if orders > 5 { vec!["often".into()] } else { Vec::new() })
    };
    let found = resolver.view().unwrap().customers("EUR", now, &big_spender).unwrap();
    let lapsed = lapsed_at(period.until());
    let resolved = measure_customers(found.resolved.values(), period, &lapsed).unwrap();
    (resolved, measure_customers(&found.unresolved, period, &lapsed).unwrap())
}

/// What is expected of everybody's customers, with identities resolved.
fn values_of(resolver: &Resolver) -> (ValueModel, BTreeMap<Group, PredictedValue>) {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let found = resolver.view().unwrap().customers("EUR", now, &|_, _| Ok(Vec::new())).unwrap();
    let (end, kind) = (now.microseconds() / DAY, LifetimeKind::ModifiedBetaGeometric);
    let model = ValueModel::learn(found.resolved.values(), end, kind, TimeUnit::Weeks).unwrap();
    let values = measure_value(found.resolved.values(), &model, &ValueRequest::new(13.0, 4).discount(0.02)).unwrap();
    (model, values)
}

#[test]
fn customers_who_are_split_and_resolved_again_have_the_figures_that_they_had() {
    let people = 80;
    let in_two: BTreeSet<u64> = (0..people).filter(|person| person % 5 == 2).collect();
    let whole = Resolver::in_memory(Policy::retail()).unwrap();
    drop(whole.add_events(year(people, &BTreeSet::new()), Ingest::default()).unwrap());
    let parted = Resolver::in_memory(Policy::retail()).unwrap();
    drop(parted.add_events(year(people, &in_two), Ingest::default()).unwrap());
    let (right, _) = counts_of(&whole);
    let (wrong, _) = counts_of(&parted);
    assert_ne!(right, wrong, "two halves of a person are no person");
    for person in &in_two {
        let card = Record::new("crm", person.to_string(), "2025-01-01T00:00:00Z".parse().unwrap());
        let card = card.identifier("email", format!("p{person}@example.org"));
        drop(parted.add(card.identifier("email", format!("p{person}-b@example.org"))).unwrap());
    }
    let (again, unresolved) = counts_of(&parted);
    assert_eq!(again, right, "every figure of every group, exactly");
    assert_eq!(values_of(&parted), values_of(&whole), "and what they are expected to be worth, to the millionth");
    // What each source knows by itself is what it was before anybody resolved it, but for the segments of people.
    assert_eq!(unresolved[&Group::All], wrong[&Group::All]);
    let figures = |counts: &BTreeMap<Group, CustomerCounts>| counts[&Group::All].figures(Some("1000".parse().unwrap()));
    let off = distortions(&figures(&again), &figures(&unresolved));
    let of = |name: &str| off.iter().find(|row| row.figure == name).unwrap().off.unwrap();
    assert!(of("acquisition_cost") < 0.0 && of("value_to_date") < 0.0 && of("repurchase_rate") < 0.0, "{off:?}");
    assert_eq!(of("average_order_value"), 0.0, "an order is an order, whoever made it");
}

#[test]
fn what_is_expected_adds_up_in_any_order_and_parts() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    drop(resolver.add_events(year(60, &BTreeSet::new()), Ingest::default()).unwrap());
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let found = resolver.view().unwrap().customers("EUR", now, &|_, _| Ok(vec!["some".into()])).unwrap();
    let mut customers: Vec<CustomerHistory> = found.resolved.into_values().collect();
    customers.iter_mut().step_by(3).for_each(|customer| customer.segments.clear());
    let request = ValueRequest::new(13.0, 4).discount(0.02);
    let end = now.microseconds() / DAY;
    let kind = LifetimeKind::ModifiedBetaGeometric;
    let model = ValueModel::learn(&customers, end, kind, TimeUnit::Weeks).unwrap();
    assert_eq!(ValueModel::learn(customers.iter().rev(), end, kind, TimeUnit::Weeks).unwrap(), model);
    let whole = measure_value(&customers, &model, &request).unwrap();
    let (front, back) = customers.split_at(23);
    let mut parts = measure_value(front, &model, &request).unwrap();
    for (group, more) in measure_value(back, &model, &request).unwrap() {
        let sum: &mut PredictedValue = parts.entry(group).or_default();
        *sum = sum.plus(more);
    }
    assert_eq!(parts, whole);
    let all = whole[&Group::All];
    let one_by_one: f64 = customers
        .iter()
        .map(|customer| model.value(customer, &request).unwrap().map_or(0.0, |worth| worth.value))
        .sum();
    assert!((all.value() - one_by_one).abs() < 1e-4 && all.value() > 0.0, "{} {one_by_one}", all.value());
    let some = whole[&Group::Segment("some".into())];
    assert_eq!((all.customers, some.customers), (60, 40));
    assert_eq!(whole[&Group::Channel("web".into())], all);
    assert!(some.value_each().is_some() && PredictedValue::default().value_each().is_none());
    // Who first buys on the last day was not seen to go on.
    let new = CustomerHistory { purchases: vec![Purchase { day: end, amount: None }], ..CustomerHistory::default() };
    assert!(model.value(&new, &request).unwrap().is_none());
}

proptest! {
    #![proptest_config(config(64))]

    /// Lapsed is who is past the upper bound of the interval, as it was told on the last day of purchase.
    #[test]
    fn lapsed_is_who_is_past_the_interval(
        days in prop::collection::vec(0..400_i64, 1..6),
        silent in 0..900_i64,
        level in prop::sample::select(vec![0.5, 0.8, 0.95]),
    ) {
        let days_of = |gap: i64| (0..).map(move |n| n * gap + n % 2 * 3).take_while(|day| *day <= 200).collect();
        let people: Vec<Vec<i64>> = (20..60).map(days_of).collect();
        let prior = learn_gaps(&people, 200, None);
        let last = days.iter().copied().max().unwrap();
        let now = last + silent;
        let due = next_due(&days, prior.as_ref(), &DueRequest::new(last).level(level)).unwrap().unwrap();
        let lapsed = lapse_judge(prior.as_ref(), DueRequest::new(now).level(level)).unwrap();
        prop_assume!((due.latest - now as f64).abs() > 1e-6);
        prop_assert_eq!(lapsed(&days), Some(now as f64 > due.latest));
        let today = next_due(&days, prior.as_ref(), &DueRequest::new(now)).unwrap().unwrap();
        let by_now = prior.unwrap().probability_by(&days, now, None).unwrap();
        prop_assert_eq!(by_now, Some(today.probability_by_now));
    }
}

/// The search for a quantile left its range for some of these, and panicked.
#[test]
fn a_due_date_is_told_however_long_the_silence() {
    let days_of = |gap: i64| (0..).map(move |n| n * gap + n % 2 * 3).take_while(|day| *day <= 200).collect();
    let people: Vec<Vec<i64>> = (20..60).map(days_of).collect();
    let prior = learn_gaps(&people, 200, None);
    for days in [&[0][..], &[0, 1], &[0, 1, 2, 3, 4], &[0, 399], &[5, 300, 305, 399]] {
        for silent in [0, 1, 7, 30, 100, 400, 899, 5_000] {
            for level in [0.01, 0.5, 0.8, 0.95, 0.999] {
                let last = days[days.len() - 1];
                let due =
                    next_due(days, prior.as_ref(), &DueRequest::new(last + silent).level(level)).unwrap().unwrap();
                assert!(
                    due.earliest >= (last + silent) as f64 && due.latest >= due.earliest,
                    "{days:?} {silent} {level}"
                );
                assert!(
                    due.day > last as f64 && (due.latest.is_finite() || due.probability_by_now == 1.0),
                    "{days:?} {silent} {level} {}",
                    due.day
                );
            }
        }
    }
}

#[test]
fn a_cadence_is_learned_of_what_was_kept() {
    let event = |key: &str, on: i64, kind, line: Line| {
        let at = Timestamp::from_microseconds(on * DAY + DAY / 2).unwrap();
        Arc::new(Event::new("web", key, at, kind).order(key.trim_end_matches('b')).line(line))
    };
    let line = |product: &str, category: &str| Line::new(product).quantity("1").facet("category", category);
    let events = [
        event("1", 3, EventKind::Purchase, line("tea", "drinks")),
        event("2", 3, EventKind::Purchase, line("tea", "drinks")),
        event("3", 9, EventKind::Purchase, line("coffee", "drinks")),
        event("4", 11, EventKind::Purchase, line("coat", "clothes")),
        event("4b", 12, EventKind::Return, line("coat", "clothes")),
        event("5", 20, EventKind::Purchase, line("tea", "drinks")),
    ];
    let (orders, _) = onefold::orders(&events, |event| event.order.clone());
    assert_eq!(days_bought(&orders, Bought::Anything), [3, 9, 20]);
    assert!(days_bought(&orders, Bought::Product("coat")).is_empty());
    assert_eq!(days_bought(&orders, Bought::Facet("category", "drinks")), [3, 9, 20]);
    let by_product = days_by_product(&orders);
    assert_eq!(by_product, BTreeMap::from([("tea".into(), vec![3, 20]), ("coffee".into(), vec![9])]));
    assert_eq!(days_by_facet(&orders, "category"), BTreeMap::from([("drinks".into(), vec![3, 9, 20])]));
    assert!(days_by_facet(&orders, "colour").is_empty());
    assert!(lapse_judge(Err(&NoEvidence::Degenerate), DueRequest::new(9).level(1.0)).is_err());
}

fn kpi(name: &str, parent: Option<&str>) -> Kpi {
    Kpi {
        name: name.into(),
        definition: "of customers, who came back".to_owned(),
        unit: "share".into(),
        owner: "head of retail".into(),
        action: "write to who did not".to_owned(),
        target: 0.5,
        good: Good::High,
        parent: parent.map(Into::into),
        roll_up: RollUp::Mean,
    }
}

#[test]
fn a_figure_without_target_action_or_owner_is_none() {
    let refused = |kpi: Kpi, field: &str| {
        let error = KpiRegistry::new([kpi]).unwrap_err();
        assert!(error.to_string().contains(field), "{error}");
    };
    refused(Kpi { name: " ".into(), ..kpi("a", None) }, "kpi[0].name");
    refused(Kpi { definition: String::new(), ..kpi("a", None) }, "kpi[0].definition");
    refused(Kpi { unit: "".into(), ..kpi("a", None) }, "kpi[0].unit");
    refused(Kpi { owner: "".into(), ..kpi("a", None) }, "kpi[0].owner");
    refused(Kpi { action: "\t".to_owned(), ..kpi("a", None) }, "kpi[0].action");
    refused(Kpi { target: f64::NAN, ..kpi("a", None) }, "kpi[0].target");
    refused(kpi("a", Some("gone")), "kpi[0].parent");
    refused(kpi("a", Some("a")), "leads back");
    let circle = [kpi("root", None), kpi("a", Some("b")), kpi("b", Some("a"))];
    assert!(KpiRegistry::new(circle).unwrap_err().to_string().contains("kpi[1].parent"));
    assert!(KpiRegistry::new([kpi("a", None), kpi("a", None)]).unwrap_err().to_string().contains("twice"));
    let read: Result<Kpi, _> =
        serde_json::from_str(r#"{"name":"a","definition":"d","unit":"u","owner":"o","action":"x"}"#);
    assert!(read.unwrap_err().to_string().contains("target"));
}

#[test]
fn figures_are_worked_out_of_their_parts() {
    let of = |roll_up, name: &str, parent| Kpi { roll_up, ..kpi(name, parent) };
    let low = Kpi { good: Good::Low, target: 10.0, ..of(RollUp::Sum, "complaints", None) };
    let registry = KpiRegistry::new([
        of(RollUp::Mean, "return", None),
        low.clone(),
        of(RollUp::Highest, "south", Some("return")),
        of(RollUp::Mean, "north", Some("return")),
        of(RollUp::Lowest, "leeds", Some("north")),
        kpi("york", Some("north")),
        kpi("hull", Some("north")),
    ])
    .unwrap();
    let at = |value, weight| KpiReading { value, weight };
    let readings = [
        ("leeds", at(0.8, 10.0)),
        ("leeds", at(0.2, 30.0)),
        ("york", at(0.4, 60.0)),
        ("south", at(0.9, 50.0)),
        ("south", at(0.1, 50.0)),
        ("complaints", at(4.0, 1.0)),
        ("complaints", at(7.0, 1.0)),
    ];
    let results = registry.evaluate(readings).unwrap();
    let names: Vec<(&str, usize)> = results.iter().map(|one| (one.name.as_str(), one.depth)).collect();
    let tree = [("return", 0), ("south", 1), ("north", 1), ("leeds", 2), ("york", 2), ("hull", 2), ("complaints", 0)];
    assert_eq!(names, tree);
    let result = |name: &str| results.iter().find(|one| one.name == name).unwrap();
    assert_eq!(result("leeds").reading, Some(at(0.2, 40.0)));
    let north: f64 = (0.2 * 40.0 + 0.4 * 60.0) / 100.0;
    assert_eq!(result("north").reading.map(|reading| (reading.value * 1e9).round()), Some((north * 1e9).round()));
    assert_eq!(result("north").missing, ["hull"]);
    assert_eq!((result("hull").reading, result("hull").action.is_none()), (None, true));
    assert!(result("north").action.is_some() && result("south").action.is_none());
    assert_eq!(
        result("return").reading.map(|reading| (reading.value * 1e9).round()),
        Some(((north + 0.9) / 2.0 * 1e9).round())
    );
    assert_eq!((result("complaints").ahead, result("complaints").action.is_some()), (Some(-1.0), true));
    let back: Vec<_> = readings.into_iter().rev().collect();
    assert_eq!(registry.evaluate(back).unwrap(), results, "the order of readings");
    for (name, reading, wrong) in [
        ("gone", at(1.0, 1.0), "no figure"),
        ("north", at(1.0, 1.0), "parts"),
        ("york", at(f64::INFINITY, 1.0), "no number"),
        ("york", at(1.0, 0.0), "weight"),
    ] {
        assert!(registry.evaluate([(name, reading)]).unwrap_err().to_string().contains(wrong));
    }
    let version = |low: Kpi| KpiRegistry::new([low]).unwrap().version().clone();
    assert_eq!(version(low.clone()), version(low.clone()));
    assert_ne!(version(low.clone()), version(Kpi { target: 11.0, ..low }));
}

#[test]
fn an_index_of_three_dimensions_is_none() {
    let rate = |good, of| Rate { good, of };
    let rates = [rate(3, 4), rate(1, 4), rate(2, 4), Rate::default()];
    let index = experience_index(rates, [2.0, 1.0, 1.0, 0.0], [Some(1.0); 4]).unwrap();
    assert_eq!((index.measured, index.assessed, index.gap), (Some(0.5625), Some(1.0), Some(0.4375)));
    assert_eq!(experience_index(rates, [1.0; 4], [None; 4]).unwrap().measured, None);
    let interval = index.dimensions[0].interval.unwrap();
    assert!(interval.lower < 0.75 && interval.upper > 0.75);
    let wrong = |rates, weights, assessed, reason: &str| {
        let error = experience_index(rates, weights, assessed).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    };
    wrong([rate(5, 4), rates[1], rates[2], rates[3]], [1.0; 4], [None; 4], "understanding");
    wrong(rates, [0.0; 4], [None; 4], "weights");
    wrong(rates, [2.0, -1.0, 1.0, 1.0], [None; 4], "personalisation");
    wrong(rates, [1.0; 4], [None, None, Some(1.5), None], "omnichannel");
}

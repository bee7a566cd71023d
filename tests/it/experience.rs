//! The four rates of the experience: each counted as one would by hand, and alike in any order.

use crate::properties::config;
use onefold::{
    Consent, ConsentStatus, Event, EventKind, ExperienceQuery, ExperienceRates, Facet, LearnOptions, LegalBasis, Line,
    Message, NotedBy, PermissionReason, Polarity, Policy, Population, Preference, PurposePolicy, Record, Resolver,
    SignalWeights, Timestamp, tallies,
};
use proptest::prelude::*;
use std::sync::Arc;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn on(day: u32, key: &str, kind: EventKind, who: &str) -> Event {
    let event = Event::new("web", key, at(&format!("2026-01-{day:02}T12:00:00Z")), kind);
    event.identifier(if who.starts_with('c') { "cookie_id" } else { "email" }, format!("{who}@example.org"))
}

fn policy() -> Policy {
    let mut policy = Policy::retail();
    policy.purpose.push(PurposePolicy::new("service").basis(LegalBasis::Contract));
    policy
}

fn january<'a>() -> ExperienceQuery<'a> {
    ExperienceQuery::new(at("2026-01-10T00:00:00Z"), at("2026-01-20T00:00:00Z"))
}

fn told(events: &[Event], records: &[Record], query: &ExperienceQuery<'_>) -> ExperienceRates {
    let resolver = Resolver::in_memory(policy()).unwrap();
    records.iter().for_each(|record| drop(resolver.add(record.clone()).unwrap()));
    events.iter().for_each(|event| drop(resolver.add_event(event.clone()).unwrap()));
    resolver.experience_rates(query).unwrap()
}

fn rate(found: &ExperienceRates, place: usize) -> (u64, u64) {
    (found.rates[place].good, found.rates[place].of)
}

fn card(who: &str) -> Record {
    Record::new("crm", who, at("2026-01-01T00:00:00Z")).identifier("email", format!("{who}@example.org"))
}

#[test]
fn understood_is_of_whom_enough_is_known() {
    let view = |key: &str, who: &str| on(12, key, EventKind::View, who);
    let likes = Preference::new("topping", "olives", Polarity::Like, NotedBy::Customer);
    let events = [
        view("1", "ann"),
        view("2", "ann"),
        view("3", "bob"),
        view("4", "cookie"),
        view("5", "eve"),
        on(9, "6", EventKind::Preference, "eve").preference(likes.clone()),
        // Acted before the period, after it, or not at all: a message is done to somebody.
        on(9, "7", EventKind::View, "dan"),
        on(20, "8", EventKind::View, "dan"),
        on(12, "9", EventKind::MessageSent, "fay"),
        on(12, "10", EventKind::Exposure, "fay"),
        view("11", "gus"),
        // Stated when the period was over.
        on(20, "12", EventKind::Preference, "gus").preference(likes),
    ];
    let records = [
        card("ann").attribute("given_name", "Ann").attribute("city", "Graz"),
        card("bob").attribute("given_name", "Bob"),
    ];
    let found = told(&events, &records, &january().needed(["given_name", "city"]));
    assert_eq!((rate(&found, 0), found.by_attributes, found.by_statements, found.by_deeds), ((2, 5), 1, 1, 0));
    assert_eq!(rate(&told(&events, &records, &january()), 0), (1, 5), "without attributes nobody is known by them");
    let found = told(&events, &records, &january().needed(["given_name"]));
    assert_eq!((rate(&found, 0), found.by_attributes), ((3, 5), 2));
}

#[test]
fn deeds_tell_where_they_are_unlike_everybodys() {
    let bought = |who: &str, colours: &[&str]| -> Vec<Event> {
        let one = |(place, colour): (usize, &&str)| {
            let line = Line::new(format!("scarf {place}")).facet("colour", *colour);
            on(12, &format!("{who}{place}"), EventKind::Purchase, who).line(line)
        };
        colours.iter().enumerate().map(one).collect()
    };
    let crowd: Vec<_> = (0..40)
        .map(|place| {
            let colour = ["grey", "red", "blue", "black"][place % 4];
            tallies(
                &bought("x", &[colour, "grey", "red", "blue", "black"]).into_iter().map(Arc::new).collect::<Vec<_>>(),
            )
        })
        .collect();
    let options = LearnOptions::until(at("2026-01-20T00:00:00Z"));
    let population = Population::learn_deeds(&crowd, &SignalWeights::default(), &options).unwrap();
    let grey = bought("ann", &["grey"; 60]);
    let all = bought("bob", &["grey", "red", "blue", "black"]);
    let events: Vec<Event> = grey.into_iter().chain(all).collect();
    assert_eq!(rate(&told(&events, &[], &january()), 0), (0, 2));
    let found = told(&events, &[], &january().population(&population));
    assert_eq!((rate(&found, 0), found.by_deeds), ((1, 2), 1));
}

#[test]
fn personal_is_what_was_chosen_for_somebody() {
    let shown = |key: &str, day: u32| on(day, key, EventKind::Exposure, "cookie");
    let events = [
        shown("1", 12).facet("decision", "d-1"),
        shown("2", 12).attribute("decision", "d-2"),
        shown("3", 12).facet("decision", " "),
        shown("4", 12).facet("campaign", "spring"),
        on(12, "5", EventKind::MessageSent, "ann").facet("decision", "d-3"),
        shown("6", 9).facet("decision", "d-4"),
        on(12, "7", EventKind::View, "ann").facet("decision", "d-5"),
    ];
    assert_eq!(rate(&told(&events, &[], &january()), 1), (3, 5));
    assert_eq!(rate(&told(&events, &[], &january().chosen_by("campaign")), 1), (1, 5));
    // What happened on all channels, and is of somebody known: the cookie is not.
    assert_eq!(rate(&told(&events, &[], &january()), 2), (2, 6));
}

#[test]
fn private_is_what_was_allowed_when_it_was_done() {
    let sent = |key: &str, day: u32, purpose: &str| {
        on(day, key, EventKind::MessageSent, "ann").message(Message::new(key).purpose(purpose)).channel("mail")
    };
    let consent = |key: &str, day: u32, status| {
        let event = Event::of_consent(
            "web",
            key,
            at(&format!("2026-01-{day:02}T12:00:00Z")),
            Consent::new("marketing", status),
        );
        event.identifier("email", "ann@example.org")
    };
    let events = [
        consent("c-1", 13, ConsentStatus::Granted),
        consent("c-2", 15, ConsentStatus::Withdrawn),
        sent("1", 12, "marketing"),
        sent("2", 14, "marketing"),
        sent("3", 16, "marketing"),
        sent("4", 16, "service"),
        on(16, "5", EventKind::MessageSent, "ann"),
        on(14, "6", EventKind::Exposure, "ann").facet("purpose", "marketing"),
        on(16, "7", EventKind::Exposure, "ann").attribute("purpose", "marketing"),
        on(16, "8", EventKind::Exposure, "ann"),
        sent("9", 21, "marketing"),
    ];
    let found = told(&events, &[], &january());
    assert_eq!((rate(&found, 3), found.without_purpose), ((3, 7), 1));
    let reasons: Vec<_> = found.refused.iter().map(|(reason, count)| (*reason, *count)).collect();
    assert_eq!(reasons, [(PermissionReason::Refused, 2), (PermissionReason::Unknown, 1)]);
    assert!(
        ExperienceQuery::new(at("2026-01-20T00:00:00Z"), at("2026-01-20T00:00:00Z")).since == january().until,
        "the end is no part of it"
    );
    let resolver = Resolver::in_memory(policy()).unwrap();
    let empty = ExperienceQuery::new(at("2026-01-20T00:00:00Z"), at("2026-01-20T00:00:00Z"));
    assert_eq!(resolver.experience_rates(&empty).unwrap_err().kind(), onefold::ErrorKind::Input);
    assert_eq!(resolver.experience_rates(&january()).unwrap(), ExperienceRates::default());
}

fn any_event() -> impl Strategy<Value = Event> {
    let kind =
        prop::sample::select(vec![EventKind::View, EventKind::Exposure, EventKind::MessageSent, EventKind::Consent]);
    let who = prop::sample::select(vec!["ann", "bob", "cookie"]);
    (0..6_u32, 8..22_u32, kind, who, any::<[bool; 3]>()).prop_map(|(key, day, kind, who, [chosen, purpose, yes])| {
        let mut event = on(day, &format!("{kind}-{key}"), kind.clone(), who);
        if kind == EventKind::Consent {
            let status = if yes { ConsentStatus::Granted } else { ConsentStatus::Denied };
            return Event { consent: Some(Box::new(Consent::new("marketing", status))), ..event };
        }
        event.message = purpose.then(|| Message::new("m").purpose("marketing"));
        event.facets.extend(chosen.then(|| Facet::new("decision", "d")));
        event
    })
}

proptest! {
    #![proptest_config(config(32))]

    /// The order of events does not show, nor whether a card that ties two addresses came first; parts of time add up to
    /// the whole where nobody is counted once for several.
    #[test]
    fn no_order_shows(events in prop::collection::vec(any_event(), 0..14), turn in 0..14_usize, tied in any::<bool>()) {
        let card = card("ann").identifier("email", "bob@example.org");
        let records = if tied { vec![card] } else { Vec::new() };
        let query = january();
        let whole = told(&events, &records, &query);
        let mut turned: Vec<Event> = events.iter().rev().cloned().collect();
        turned.rotate_left(turn.min(events.len()));
        let resolver = Resolver::in_memory(policy()).unwrap();
        turned.iter().for_each(|event| drop(resolver.add_event(event.clone()).unwrap()));
        records.iter().for_each(|record| drop(resolver.add(record.clone()).unwrap()));
        prop_assert_eq!(&resolver.experience_rates(&query).unwrap(), &whole);
        let half = at("2026-01-15T00:00:00Z");
        let (first, second) = (ExperienceQuery { until: half, ..query.clone() }, ExperienceQuery { since: half, ..query });
        let parts = [first, second].map(|query| resolver.experience_rates(&query).unwrap());
        for place in 1..4 {
            let mut sum = parts[0].rates[place];
            sum.merge(parts[1].rates[place]);
            prop_assert_eq!(sum, whole.rates[place], "rate {}", place);
        }
    }
}

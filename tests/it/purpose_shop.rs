//! A catalogue, orders and contacts for a purpose: by what the purpose sees, and by nothing where it may not be followed.

use crate::properties::config;
use crate::script::Call;
use crate::shop::{opinionated, population};
use crate::signals::{event, noon};
use crate::{subject, tablet};
use onefold::{
    ChannelLeftOutReason, ChannelRule, Consent, ConsentQuery, ConsentStatus, ContactRequest, ContactRules, Event,
    EventKind, IdentifierPolicy, Item, LegalBasis, Line, NotedBy, Operation, PermissionReason, Polarity, Policy,
    Preference, PreferenceQuery, ProfileId, PurposePolicy, RankRequest, Record, Resolver, Role, Rules, Sensitivity,
    Shopper, Signal, SmolStr, Suppressed, Timestamp, order_id, rank, recall, suppress, tallies_by,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const PURPOSES: [&str; 2] = ["shop", "marketing"];

const KINDS: [EventKind; 8] = [
    EventKind::View,
    EventKind::Purchase,
    EventKind::Return,
    EventKind::Cart,
    EventKind::Search,
    EventKind::Exposure,
    EventKind::Rejected,
    EventKind::MessageClicked,
];

fn shop() -> Resolver {
    let policy = Policy::builder()
        .identifier(IdentifierPolicy::new("loyalty_id", Role::Person))
        .identifier(IdentifierPolicy::new("email", Role::Contact).purposes(["service"]))
        .identifier(IdentifierPolicy::new("phone", Role::Contact))
        .purpose(PurposePolicy::new("ads"))
        .purpose(PurposePolicy::new("service").basis(LegalBasis::Contract).keep("P10D".parse().unwrap()))
        .event_purposes(&EventKind::Purchase, ["ads", "service"])
        .event_purposes(&EventKind::Return, ["service"])
        .event_purposes(&EventKind::Rejected, ["service"])
        .event_purposes(&EventKind::Preference, ["service"])
        .build()
        .unwrap();
    Resolver::in_memory(policy).unwrap()
}

fn hers(key: &str, day: i64, kind: EventKind) -> Event {
    event(key, day, kind).identifier("loyalty_id", "L7")
}

fn say(resolver: &Resolver, key: &str, consent: Consent) {
    resolver.add_event(Event::of_consent("web", key, noon(2), consent).identifier("loyalty_id", "L7")).unwrap();
}

/// The places that are shown and hidden, and what hides each.
fn ranked(resolver: &Resolver, id: ProfileId, purpose: &str, day: i64) -> (Vec<usize>, Vec<String>) {
    let population = population();
    let (request, query) = (RankRequest::new(&population), PreferenceQuery::new());
    let items = ["coat", "scarf", "hat", "shoe"].map(|name| Item::new(name).facet("material", name));
    let view = resolver.view().unwrap();
    let seen = view.for_purpose(id, &ConsentQuery::new(purpose), noon(day)).unwrap().unwrap();
    let ranking = seen.rank(&items, &request, &query).unwrap();
    for (place, why) in &ranking.hidden {
        assert_eq!(seen.suppress(&items[*place], &request, &query).unwrap().as_ref(), Some(why));
    }
    for shown in &ranking.shown {
        assert_eq!(seen.suppress(&items[shown.item], &request, &query).unwrap(), None);
    }
    let hidden = |(place, why): &(usize, Suppressed)| {
        format!("{place} {}", format!("{why:?}").split_inclusive(')').next().unwrap_or_default())
    };
    (ranking.shown.iter().map(|ranked| ranked.item).collect(), ranking.hidden.iter().map(hidden).collect())
}

#[test]
fn a_purpose_is_shown_what_it_may_know() {
    let resolver = shop();
    let wish = |value: &str, polarity| Preference::new("material", value, polarity, NotedBy::Customer);
    let mut id = None;
    for event in [
        hers("1", 1, EventKind::Purchase).line(Line::new("coat")),
        hers("2", 1, EventKind::Rejected).line(Line::new("scarf")),
        hers("3", 1, EventKind::Preference).preference(wish("hat", Polarity::Never)),
        hers("4", 1, EventKind::Contact).preference(wish("shoe", Polarity::Never).purpose("ads")),
    ] {
        id = resolver.add_event(event).unwrap().profile;
    }
    let id = id.unwrap();
    let all = |why: &str| (vec![], (0..4).map(|place| format!("{place} NotPermitted({why})")).collect::<Vec<_>>());
    assert_eq!(ranked(&resolver, id, "ads", 9), all("Unknown"));
    assert_eq!(ranked(&resolver, id, "no such purpose", 9), all("Unknown"));
    let service = |day| {
        let (shown, hidden) = ranked(&resolver, id, "service", day);
        let hidden: Vec<_> = hidden.iter().map(|why| why.split('(').next().unwrap_or_default().to_owned()).collect();
        (shown, hidden)
    };
    let kept = ["0 Owned", "1 Rejected", "2 Never"].map(str::to_owned).to_vec();
    assert_eq!(service(9), (vec![3], kept));
    // The service forgets after ten days.
    assert_eq!(service(11), (vec![0, 2, 1, 3], vec![]));
    say(&resolver, "c1", Consent::new("ads", ConsentStatus::Granted));
    let (shown, hidden) = ranked(&resolver, id, "ads", 9);
    assert_eq!((shown, hidden.len()), (vec![2, 1], 2), "the coat is hers, and shoes must never come");
    say(&resolver, "c2", Consent::new(Consent::PROCESSING, ConsentStatus::Denied));
    assert_eq!(ranked(&resolver, id, "service", 9), all("Restricted"));
    assert_eq!(ranked(&resolver, id, "ads", 9), all("Restricted"));
}

#[test]
fn a_wrong_request_is_refused_whether_or_not_it_may_be_asked() {
    let resolver = shop();
    let id = resolver.add_event(hers("1", 1, EventKind::Purchase)).unwrap().profile.unwrap();
    let (view, population) = (resolver.view().unwrap(), population());
    let wrong = RankRequest::new(&population).explore_share(2.0);
    for purpose in ["ads", "service"] {
        let seen = view.for_purpose(id, &ConsentQuery::new(purpose), noon(9)).unwrap().unwrap();
        assert!(seen.rank(&[], &wrong, &PreferenceQuery::new()).is_err(), "{purpose}");
        assert!(seen.suppress(&Item::new("coat"), &wrong, &PreferenceQuery::new()).is_err(), "{purpose}");
    }
}

#[test]
fn orders_are_seen_where_all_that_tells_them_may_be() {
    let resolver = shop();
    let bought = |key: &str, day| hers(key, day, EventKind::Purchase).order(key).line(Line::new("coat"));
    resolver.add_event(bought("o1", 1)).unwrap();
    let id = resolver.add_event(bought("o2", 5)).unwrap().profile.unwrap();
    say(&resolver, "c1", Consent::new("ads", ConsentStatus::Granted));
    let view = resolver.view().unwrap();
    let orders = |purpose: &str, day| {
        let seen = view.for_purpose(id, &ConsentQuery::new(purpose), noon(day)).unwrap().unwrap();
        seen.orders().unwrap().orders.len()
    };
    assert_eq!([orders("service", 9), orders("service", 12), orders("service", 20)], [2, 1, 0]);
    assert_eq!([orders("ads", 9), orders("ops", 9)], [0, 0]);
}

#[test]
fn a_contact_is_asked_for_by_brand_and_property() {
    let resolver = shop();
    let ann = Record::new("crm", "1", noon(1)).identifier("loyalty_id", "L7").identifier("phone", "+390612345678");
    let id = resolver.add(ann.identifier("email", "ann@x.org")).unwrap().profile.unwrap();
    let yes = || Consent::new("ads", ConsentStatus::Granted).channel("sms");
    let mut north = yes();
    north.scope.brand = Some("north".into());
    say(&resolver, "c1", north.clone());
    let channel = |name: &str, kind: &str| ChannelRule { name: name.into(), kind: Some(kind.into()), silent: true };
    let rules =
        ContactRules { channel: vec![channel("sms", "phone"), channel("email", "email")], ..Default::default() };
    let plan = |request: &ContactRequest| {
        let plan = resolver.contact_plan(id, &rules, request).unwrap().unwrap();
        plan.choices.iter().map(|choice| choice.channel.to_string()).collect::<Vec<_>>()
    };
    let request = ContactRequest::new("ads", noon(9));
    assert_eq!(plan(&request), Vec::<String>::new(), "she allowed it one brand");
    assert_eq!(plan(&request.clone().brand("north")), ["sms"]);
    assert_eq!(plan(&request.clone().brand("North ").property("rome")), ["sms"]);
    assert_eq!(plan(&request.clone().brand("south")), Vec::<String>::new());
    let mut no = north;
    (no.scope.property, no.status) = (Some("rome".into()), ConsentStatus::Denied);
    say(&resolver, "c2", no);
    assert_eq!(plan(&request.clone().brand("north")), ["sms"]);
    assert_eq!(plan(&request.clone().brand("north").property("rome")), Vec::<String>::new());

    // The address is kept for the service alone.
    say(&resolver, "c3", Consent::new("ads", ConsentStatus::Granted).channel("email"));
    let left_out = resolver.contact_plan(id, &rules, &request).unwrap().unwrap().left_out;
    let email = left_out.iter().find(|left_out| left_out.channel == "email").unwrap();
    assert_eq!(email.reason, ChannelLeftOutReason::NoPoint);
    assert_eq!(plan(&ContactRequest::new("Service", noon(9))), ["sms", "email"]);
    // What she likes of a brand is heard where it writes.
    let wish = Preference::new("channel", "email", Polarity::Like, NotedBy::Customer).brand("north");
    resolver.add_event(hers("4", 3, EventKind::Preference).preference(wish)).unwrap();
    let service = ContactRequest::new("service", noon(9));
    assert_eq!(plan(&service.clone().brand("north")), ["email", "sms"]);
    assert_eq!(plan(&service.brand("south")), ["sms", "email"]);
}

/// A policy of scripts, in which kinds of events are for some purposes and end after some days.
fn policies() -> impl Strategy<Value = Policy> {
    let some = prop_oneof![2 => Just(PURPOSES.to_vec()), 3 => subsequence(PURPOSES.to_vec(), 0..=2)];
    let keep = prop_oneof![3 => Just(None), 1 => select(vec![Some("P1D"), Some("PT30H")])];
    let all = prop::bool::weighted(0.3);
    let drawn = (tablet::any_policy(), vec((some, keep.clone()), KINDS.len()), keep, all);
    drawn.prop_map(|(mut policy, kinds, keep, all)| {
        let shop = PurposePolicy::new("shop").basis(LegalBasis::Contract);
        policy.purpose = vec![PurposePolicy::new("marketing"), shop];
        policy.purpose[1].keep = keep.map(|keep| keep.parse().unwrap());
        for (kind, (purposes, keep)) in KINDS.iter().zip(kinds) {
            let kind = SmolStr::from(kind.to_string());
            let purposes = if all { PURPOSES.to_vec() } else { purposes };
            let purposes = purposes.into_iter().map(SmolStr::from).collect();
            policy.event.purposes.insert(kind.clone(), purposes);
            policy.event.keep.extend(keep.map(|keep| (kind, keep.parse().unwrap())));
        }
        policy.into_builder().build().unwrap()
    })
}

/// Whether a purpose sees an event, as the policy has it.
fn sees(policy: &Policy, purpose: &str, event: &Event, now: Timestamp) -> bool {
    let kind = event.kind.to_string();
    let serves = policy.event.purposes.get(kind.as_str()).is_some_and(|named| named.iter().any(|it| it == purpose));
    serves && !is_over(policy, purpose, event, now)
}

fn is_over(policy: &Policy, purpose: &str, event: &Event, now: Timestamp) -> bool {
    let of_kind = policy.event.keep.get(event.kind.to_string().as_str());
    let of_purpose = policy.purpose.iter().find(|declared| declared.name == purpose).and_then(|it| it.keep.as_ref());
    of_kind.into_iter().chain(of_purpose).any(|keep| keep.is_over(event.at, now))
}

/// Events of all kinds that are looked at.
fn varied(mut event: Event) -> Event {
    if event.kind == EventKind::MessageSent {
        event.kind = KINDS[3 + event.key.key.parse::<usize>().unwrap_or_default() % 5].clone();
    }
    opinionated(event)
}

fn varied_call(call: Call) -> Call {
    match call {
        Call::Apply(Operation::Event(event)) => Call::Apply(Operation::Event(Box::new(varied(*event)))),
        Call::AddEvents(events, batch) => Call::AddEvents(events.into_iter().map(varied).collect(), batch),
        other => other,
    }
}

proptest! {
    #![proptest_config(config(48))]

    /// What a purpose ranks by is what it sees: as the raw calls rank by that evidence alone.
    #[test]
    fn a_ranking_for_a_purpose_is_that_of_what_it_sees(
        policy in policies(),
        script in tablet::happenings(1..14),
        minute in 0..4320_i64,
        explore in select(vec![0.0, 0.4]),
    ) {
        let population = population();
        let request = RankRequest::new(&population).explore_share(explore).rejected_days(1);
        let query = PreferenceQuery::new().context("evening").sensitivity_max(Sensitivity::Special);
        let items = [
            Item::new("sku-1").facet("brand", "x").facet("colour", "grey"),
            Item::new("sku-2").facet("brand", "y"),
            Item::new("sku-1").facet("colour", "x").gap_days(1),
            Item::new("sku-4").facet("colour", "black"),
        ];
        let now = Timestamp::from_microseconds(1_767_571_200_000_000 + minute * 60_000_000).unwrap();
        let rules = Rules::new(policy.clone()).unwrap();
        let id_of = |event: &Event| order_id(&rules, event);
        let resolver = Resolver::in_memory(policy.clone()).unwrap();
        for call in script.calls.into_iter().filter(|call| !matches!(call, Call::SetPolicy(_))) {
            subject::call(&resolver, &varied_call(call));
        }
        let view = resolver.view().unwrap();
        for id in subject::people(&resolver).into_keys() {
            let all = view.events_of(id, None, None).unwrap();
            for purpose in PURPOSES {
                let found = view.for_purpose(id, &ConsentQuery::new(purpose), now).unwrap().unwrap();
                let ranking = found.rank(&items, &request, &query).unwrap();
                if !found.permission().allowed {
                    prop_assert_eq!(found.shopper().unwrap(), Shopper::fold(&[], now));
                    prop_assert_eq!(found.deeds().unwrap(), onefold::Deeds::default());
                    prop_assert!(found.orders().unwrap().orders.is_empty() && ranking.shown.is_empty());
                    prop_assert_eq!(ranking.hidden.len(), items.len());
                    for (_, why) in ranking.hidden {
                        prop_assert_eq!(why, Suppressed::NotPermitted(found.permission().reason));
                    }
                    continue;
                }
                let seen: Vec<_> = all.iter().filter(|event| sees(&policy, purpose, event, now)).cloned().collect();
                let shopper = Shopper::fold_by(&seen, id_of, now);
                prop_assert_eq!(&found.shopper().unwrap(), &shopper);
                let past: Vec<_> = seen.iter().filter(|event| event.at.microseconds() <= now.microseconds()).cloned().collect();
                prop_assert_eq!(found.deeds().unwrap(), tallies_by(&past, id_of));

                let stating = |event: &&std::sync::Arc<Event>| match event.preference.as_ref().and_then(|said| said.purpose.as_ref()) {
                    Some(named) => named == purpose && !is_over(&policy, purpose, event, now),
                    None => sees(&policy, purpose, event, now),
                };
                let stating: Vec<_> = all.iter().filter(stating).cloned().collect();
                let granted = found.permission().reason == PermissionReason::Granted;
                let sensitivity_max = if granted { Sensitivity::Special } else { Sensitivity::Personal };
                let query_seen = PreferenceQuery { purpose: Some(purpose.into()), sensitivity_max, ..query.clone() };
                let asked = request.clone().wishes(&recall(&stating, &query_seen, now));
                prop_assert_eq!(ranking, rank(&shopper, &items, &asked).unwrap());
                for item in &items {
                    let why = found.suppress(item, &request, &query).unwrap();
                    prop_assert_eq!(why, suppress(&shopper, item, &asked).unwrap());
                }
                let serves = |kind: &str| policy.event.purposes[kind].iter().any(|it| it == purpose);
                let mut orders = view.orders(id, now).unwrap().unwrap().orders;
                let bought = |at| Event::new("a", "1", at, EventKind::Purchase);
                orders.retain(|order| serves("return") && sees(&policy, purpose, &bought(order.at), now));
                prop_assert_eq!(found.orders().unwrap().orders, orders);
            }
        }
    }
}

/// A long trail is kept counted by month; what of it is not for the purpose is not counted.
#[test]
fn what_is_counted_by_month_is_counted_for_a_purpose() {
    let resolver = shop();
    let line = || Line::new("coat").facet("colour", "grey");
    let many = |kind: &EventKind, day: i64| {
        let told = (0..300).map(|n| hers(&format!("{kind}-{day}-{n}"), day, kind.clone()).line(line()));
        told.collect::<Vec<_>>()
    };
    let kinds = [EventKind::Purchase, EventKind::View];
    let events: Vec<Event> = kinds.iter().flat_map(|kind| [many(kind, 1), many(kind, 5)].concat()).collect();
    drop(resolver.add_events(events, onefold::Ingest::default()).unwrap());
    let id = resolver.find(&onefold::Identifier::new("loyalty_id", "L7")).unwrap().profile.unwrap();
    say(&resolver, "c1", Consent::new("ads", ConsentStatus::Granted));
    let view = resolver.view().unwrap();
    let counts = |purpose: &str, day| {
        let seen = view.for_purpose(id, &ConsentQuery::new(purpose), noon(day)).unwrap().unwrap();
        let deeds = seen.deeds().unwrap();
        [Signal::Bought, Signal::Viewed].map(|signal| deeds.count(signal, "colour", "grey"))
    };
    assert_eq!(counts("ads", 9), [600, 0]);
    assert_eq!([counts("service", 9), counts("service", 12)], [[600, 0], [300, 0]]);
}

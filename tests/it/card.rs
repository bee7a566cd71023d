//! The card: everything of a profile in bounds, and nothing of an order below the proof.

use onefold::{
    CardConsent, CardLimits, CardQuery, Consent, ConsentStatus, Event, EventKind, HouseholdPolicy, IdentifierPolicy,
    Ingest, LearnOptions, LeftOutReason, Line, Links, Message, NotedBy, Polarity, Policy, Population, Preference,
    PreferenceQuery, ProfileId, Record, RecordKey, Resolver, Role, Sensitivity, ShownConsent, ShownEvent, ShownOrder,
    SignalWeights, Timestamp, Verification,
};

fn at(day: u32) -> Timestamp {
    format!("2026-01-{day:02}T10:00:00Z").parse().unwrap()
}

fn told(key: &str, day: u32, kind: EventKind) -> Event {
    Event::new("web", key, at(day), kind).identifier("email", "ann@post.example.org")
}

fn bought(key: &str, day: u32) -> Event {
    told(key, day, EventKind::Purchase).line(Line::new("coat").facet("colour", "grey").amount("310.00", "EUR"))
}

/// Ann, with an order under a number, what led to it, a call, a letter, and wishes.
fn ann(resolver: &Resolver) -> ProfileId {
    let file =
        Record::new("crm", "42", at(1)).identifier("email", "ann@post.example.org").identifier("loyalty_id", "L7");
    let ann = resolver.add(file.attribute("given_name", "Ann").attribute("city", "Leeds")).unwrap().profile.unwrap();
    let wish = |value: &str, sensitivity| {
        Preference::new("fabric", value, Polarity::Like, NotedBy::Staff).sensitivity(sensitivity)
    };
    for event in [
        told("cart", 4, EventKind::Cart).line(Line::new("coat")),
        bought("buy", 5).order("NUMBER-7").identifier("order_id", "NUMBER-7").contact("phone", "07700900123"),
        told("receipt", 6, EventKind::Purchase).order("NUMBER-7").line(Line::new("coat")),
        told("back", 7, EventKind::Return).order("NUMBER-7").line(Line::new("coat")),
        told("sent", 8, EventKind::MessageSent).message(Message::new("m-1")).order("NUMBER-7"),
        told("call", 9, EventKind::Contact).text("she asks for wool").preference(wish("wool", Sensitivity::None)),
        told("note", 10, EventKind::Contact).text("an allergy").preference(wish("linen", Sensitivity::Special)),
        told("later", 25, EventKind::Contact).text("in the future"),
    ] {
        resolver.add_event(event).unwrap();
    }
    ann
}

#[test]
fn below_the_proof_nothing_tells_of_an_order() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let ann = ann(&resolver);
    let query = CardQuery::new(at(20));
    for proof in [Verification::None, Verification::OneIdentifier] {
        let card = resolver.card(ann, &query.clone().proof(proof)).unwrap().unwrap();
        let json = serde_json::to_string(&card).unwrap();
        for secret in [
            "coat",
            "NUMBER",
            "NUMBER7",
            "310",
            "EUR",
            "grey",
            "0123",
            "\"buy\"",
            "\"back\"",
            "T10:00:00Z\",\"kind\":\"purchase",
        ] {
            assert!(!json.contains(secret), "{secret} in {json}");
        }
        assert_eq!((card.proof, card.needs), (proof, Some(Verification::TwoIdentifiers)));
        assert_eq!(card.identifiers.left_out, 1, "the number of the order");
        let [order] = &card.orders.shown[..] else { panic!("one order: {card:?}") };
        let ShownOrder::Masked { lines, .. } = order.order else { panic!("masked: {card:?}") };
        assert_eq!(lines, (proof == Verification::OneIdentifier).then_some(1));
        assert!(matches!(&card.first, Some(ShownEvent::Masked { kind: EventKind::Cart, .. })), "{card:?}");
    }
    let card = resolver.card(ann, &query.proof(Verification::TwoIdentifiers)).unwrap().unwrap();
    let [order] = &card.orders.shown[..] else { panic!("one order: {card:?}") };
    let ShownOrder::Whole(order) = &order.order else { panic!("whole: {card:?}") };
    assert_eq!((order.also.len(), order.returns.len(), order.contact.len()), (1, 1, 1));
    assert_eq!((card.needs, card.identifiers.left_out), (None, 0));
    assert!(card.events.shown.iter().all(|event| matches!(event, ShownEvent::Whole(_))));
}

#[test]
fn what_may_not_be_seen_is_counted_and_its_words_are_not_told() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let ann = ann(&resolver);
    let card = resolver.card(ann, &CardQuery::new(at(20))).unwrap().unwrap();
    let stated: Vec<&str> = card.preferences.shown.iter().map(|said| said.stated.value.as_str()).collect();
    assert_eq!(stated, ["wool"]);
    assert_eq!(card.preferences_withheld.get(&LeftOutReason::Sensitivity), Some(&1));
    let json = serde_json::to_string(&card).unwrap();
    assert!(json.contains("she asks for wool") && !json.contains("allergy") && !json.contains("linen"), "{json}");
    assert!(!json.contains("in the future"), "{json}");
    let Some(ShownEvent::Whole(last)) = &card.last_contact else { panic!("{card:?}") };
    assert_eq!((&last.key, &last.text), (&RecordKey::new("web", "note"), &None));
    assert_eq!(card.last, card.last_contact);

    let all = CardQuery::new(at(20)).preferences(PreferenceQuery::new().sensitivity_max(Sensitivity::Special));
    let json = serde_json::to_string(&resolver.card(ann, &all).unwrap().unwrap()).unwrap();
    assert!(json.contains("an allergy") && json.contains("linen"), "{json}");
    assert!(!format!("{card:?}").contains("wool") && !format!("{card:?}").contains("Leeds"), "{card:?}");
}

#[test]
fn consents_are_told_by_purpose_and_channel_and_masked_below_the_proof() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let ann = ann(&resolver);
    let before = resolver.card(ann, &CardQuery::new(at(20))).unwrap().unwrap();
    assert!(before.consents.shown.is_empty() && before.consents_crowded == 0);
    let (yes, no) = (ConsentStatus::Granted, ConsentStatus::Withdrawn);
    let says = |key: &str, day, kind: &str, value: &str, consent: Consent| {
        resolver.add_event(Event::of_consent("web", key, at(day), consent).identifier(kind, value)).unwrap();
    };
    let (email, mail) = ("email", "ann@post.example.org");
    says("1", 3, email, mail, Consent::new("Marketing ", yes).channel("SMS").expires(at(30)));
    says("2", 4, email, mail, Consent::new("marketing", no));
    says("3", 5, "loyalty_id", "L7", Consent::new("marketing", no).channel("sms"));
    says("4", 6, email, mail, Consent::new("analytics", yes).brand("North"));
    says("5", 25, email, mail, Consent::new("later", yes));

    let card = resolver.card(ann, &CardQuery::new(at(20)).proof(Verification::TwoIdentifiers)).unwrap().unwrap();
    let whole = |shown: &ShownConsent| match shown {
        ShownConsent::Whole(one) => CardConsent::clone(one),
        ShownConsent::Masked { .. } => panic!("it was proved"),
    };
    let [analytics, wide, sms] = &card.consents.shown.iter().map(whole).collect::<Vec<_>>()[..] else {
        panic!("{card:?}")
    };
    assert_eq!(
        (analytics.purpose.as_str(), analytics.scope.brand.as_deref(), analytics.status),
        ("analytics", Some("north"), yes)
    );
    assert_eq!((wide.purpose.as_str(), wide.scope.channel.as_deref(), wide.status), ("marketing", None, no));
    assert_eq!(
        (sms.scope.channel.as_deref(), sms.status, sms.since, sms.expires),
        (Some("sms"), no, Some(at(4)), None)
    );
    assert_eq!(sms.because.shown, [RecordKey::new("web", "2"), RecordKey::new("web", "3")]);
    // As it was before she withdrew.
    let earlier = resolver.card(ann, &CardQuery::new(at(3)).proof(Verification::SignedIn)).unwrap().unwrap();
    let [first] = &earlier.consents.shown.iter().map(whole).collect::<Vec<_>>()[..] else { panic!("{earlier:?}") };
    assert_eq!((first.status, first.since, first.expires), (yes, Some(at(3)), Some(at(30))));
    let json = serde_json::to_value(&card.consents.shown[2]).unwrap();
    assert_eq!((&json["whole"]["channel"], &json["whole"]["status"]), (&"sms".into(), &"withdrawn".into()));

    let card = resolver.card(ann, &CardQuery::new(at(20)).proof(Verification::OneIdentifier)).unwrap().unwrap();
    let masked = |purpose: &str, channel: Option<&str>| {
        let (purpose, channel, needs) = (purpose.into(), channel.map(Into::into), Verification::TwoIdentifiers);
        ShownConsent::Masked { purpose, channel, needs }
    };
    assert_eq!(
        card.consents.shown,
        [masked("analytics", None), masked("marketing", None), masked("marketing", Some("sms"))]
    );
    let json = serde_json::to_string(&card).unwrap();
    assert!(!["withdrawn", "granted", "North", "north"].iter().any(|word| json.contains(word)), "{json}");

    let limits = CardLimits { consents: 2, repeats: 1, ..CardLimits::default() };
    let query = CardQuery::new(at(20)).proof(Verification::SignedIn).limits(limits);
    let card = resolver.card(ann, &query).unwrap().unwrap();
    assert_eq!((card.consents.shown.len(), card.consents.left_out), (2, 1));
    let all = CardQuery::new(at(20)).proof(Verification::SignedIn).limits(CardLimits { consents: 3, ..limits });
    let card = resolver.card(ann, &all).unwrap().unwrap();
    assert_eq!(whole(&card.consents.shown[2]).because.left_out, 1);
}

#[test]
fn every_list_is_bounded_and_says_what_it_leaves_out() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let ann = ann(&resolver);
    for record in ["43", "44"] {
        resolver.add(Record::new("crm", record, at(2)).identifier("loyalty_id", "L7")).unwrap();
    }
    for again in 11..15 {
        let wool = Preference::new("fabric", "wool", Polarity::Like, NotedBy::Customer);
        resolver.add_event(told(&format!("again-{again}"), again, EventKind::Contact).preference(wool)).unwrap();
        let order = bought(&format!("o-{again}"), again).order(format!("other-{again}"));
        resolver.add_event(order.line(Line::new("hat").facet("colour", "red"))).unwrap();
    }
    let one = CardLimits {
        records: 1,
        golden: 1,
        identifiers: 1,
        preferences: 1,
        consents: 1,
        repeats: 1,
        facets: 1,
        favourites: 1,
        events: 1,
        orders: 1,
        lines: 1,
        members: 1,
    };
    let deeds = resolver.deeds(ann, at(20)).unwrap().unwrap();
    let options = LearnOptions::until(at(20));
    let all = Population::learn_deeds(&vec![deeds; 20], &SignalWeights::default(), &options).unwrap();
    let query = CardQuery::new(at(20)).proof(Verification::SignedIn).population(&all);
    let card = resolver.card(ann, &query.clone().limits(one)).unwrap().unwrap();
    assert_eq!((card.records.shown.len(), card.records.left_out), (1, 2));
    assert_eq!((card.golden.shown.len(), card.golden.left_out), (1, 1));
    assert_eq!((card.identifiers.shown.len(), card.identifiers.left_out), (1, 2));
    assert_eq!((card.preferences.shown.len(), card.preferences.left_out), (1, 0));
    assert_eq!((card.preferences.shown[0].stated.agrees.len(), card.preferences.shown[0].left_out), (1, 3));
    assert_eq!((card.events.shown.len(), card.events.left_out), (1, 15), "of 8 and 8");
    assert_eq!((card.orders.shown.len(), card.orders.left_out), (1, 4));
    assert_eq!(card.orders.shown[0].left_out, 1, "the hat");
    let favourites = card.favourites.unwrap();
    assert_eq!((favourites.shown.len(), favourites.left_out as usize), (1, all.facets.len() - 1));
    let colour = CardQuery { facets: vec!["colour".into()], ..query.limits(one) };
    let favourites = resolver.card(ann, &colour).unwrap().unwrap().favourites.unwrap();
    assert_eq!((favourites.shown[0].values.shown[0].value.as_str(), favourites.shown[0].values.left_out), ("grey", 1));

    let none = CardLimits { records: 0, events: 0, orders: 0, ..one };
    let card = resolver.card(ann, &CardQuery::new(at(20)).limits(none)).unwrap().unwrap();
    assert_eq!((card.records.left_out, card.events.left_out, card.orders.left_out), (3, 16, 5));
    assert_eq!((card.favourites, resolver.card(ann, &CardQuery::new(at(1))).unwrap().unwrap().last), (None, None));
}

#[test]
fn a_card_parts_and_joins_with_the_people_and_names_the_household() {
    let policy = Policy::builder()
        .identifier(IdentifierPolicy::new("customer_id", Role::Person))
        .identifier(IdentifierPolicy::new("email", Role::Contact))
        .identifier(IdentifierPolicy::new("household_id", Role::Contact).links(Links::None))
        .household(HouseholdPolicy::new().identifier("household_id"));
    let resolver = Resolver::in_memory(policy.build().unwrap()).unwrap();
    let file =
        |key: &str| Record::new("crm", key, at(1)).identifier("household_id", "H1").identifier("customer_id", key);
    let [ann, bob] = ["1", "2"].map(|key| resolver.add(file(key)).unwrap().profile.unwrap());
    let mail = Record::new("mail", "9", at(2)).identifier("email", "ann@post.example.org");
    let mail = resolver.add(mail).unwrap().profile.unwrap();
    resolver.add_event(bought("buy", 5).order("NUMBER-7")).unwrap();
    let query = CardQuery::new(at(20)).proof(Verification::SignedIn);
    let card = |id| resolver.card(id, &query).unwrap().unwrap();
    let before = (card(ann), card(mail));
    let household = before.0.household.as_ref().unwrap();
    assert_eq!(household.others.shown.iter().map(|one| one.profile).collect::<Vec<_>>(), [bob]);
    assert!(before.0.orders.shown.is_empty() && before.1.orders.shown.len() == 1);

    let [a, b] = [RecordKey::new("crm", "1"), RecordKey::new("mail", "9")];
    resolver.join(a.clone(), b.clone(), "steward", "she says so").unwrap();
    assert_eq!(card(ann), card(mail));
    assert_eq!((card(ann).orders.shown.len(), card(ann).records.shown.len()), (1, 2));
    resolver.lift(&a, &b).unwrap();
    assert_eq!((card(ann), card(mail)), before);
    assert!(resolver.card("p00000000000000000000000042".parse().unwrap(), &query).unwrap().is_none());
}

#[test]
fn what_nobody_known_did_is_theirs_by_the_device_and_says_so() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let seen = |key: &str, day, known: Option<&str>| {
        let event = Event::new("web", key, at(day), EventKind::View).identifier("cookie_id", "c-1");
        let event = known.into_iter().fold(event, |event, known| event.identifier("loyalty_id", known));
        resolver.add_event(event).unwrap().profile
    };
    let ann = seen("1", 1, Some("L7")).unwrap();
    seen("2", 3, Some("L8"));
    seen("3", 2, None);
    let card = resolver.card(ann, &CardQuery::new(at(20))).unwrap().unwrap();
    let followed = |event: &ShownEvent| match event {
        ShownEvent::Whole(event) => (event.key.key.to_string(), event.followed.as_ref().map(ToString::to_string)),
        ShownEvent::Masked { .. } => panic!("nothing was bought"),
    };
    let (first, by_device) = (("1".to_owned(), None), ("3".to_owned(), Some("cookie_id".to_owned())));
    assert_eq!(card.first.as_ref().map(followed), Some(first.clone()));
    assert_eq!(card.last.as_ref().map(followed), Some(by_device.clone()));
    assert_eq!(card.events.shown.iter().map(followed).collect::<Vec<_>>(), [by_device, first]);
}

#[test]
fn a_contact_that_was_not_looked_for_far_enough_is_no_silence() {
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    let start = at(5).microseconds();
    let view = |number: i64| {
        let time = Timestamp::from_microseconds(start + number).unwrap();
        Event::new("web", number.to_string(), time, EventKind::View).identifier("email", "ann@post.example.org")
    };
    let ann = resolver.add_event(told("call", 1, EventKind::Contact)).unwrap().profile.unwrap();
    resolver.add_events((1..1_000).map(view).collect(), Ingest::default()).unwrap();
    let card = resolver.card(ann, &CardQuery::new(at(20))).unwrap().unwrap();
    assert!(card.last_contact.is_some() && card.last_contact_before.is_none());
    resolver.add_events((1_000..=65_536).map(view).collect(), Ingest::default()).unwrap();
    let card = resolver.card(ann, &CardQuery::new(at(20))).unwrap().unwrap();
    let before = card.last_contact_before.map(Timestamp::microseconds);
    assert_eq!((card.last_contact, before, card.events.left_out), (None, Some(start + 1), 65_527));
}

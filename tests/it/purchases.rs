//! Orders, wishes and ways to reach somebody over several profiles: worked by hand, before and after what ties them.

use onefold::{
    ChannelLeftOutReason, ChannelRule, ContactRequest, ContactRules, Event, EventKind, Form, Identifier,
    IdentifierPolicy, IssueReason, Line, NotedBy, OrderSearch, OrderStatus, Polarity, Policy, Preference,
    PreferenceQuery, ProfileId, Record, RecordKey, Resolver, Role, ShownOrder, Status, Timestamp, Verification,
};

fn day(day: u32) -> Timestamp {
    format!("2026-01-{day:02}T10:00:00Z").parse().unwrap()
}

fn now() -> Timestamp {
    "2026-02-01T00:00:00Z".parse().unwrap()
}

fn purchase(source: &str, key: &str, on: u32) -> Event {
    Event::new(source, key, day(on), EventKind::Purchase)
}

fn retail() -> Resolver {
    Resolver::in_memory(Policy::retail()).unwrap()
}

fn add(resolver: &Resolver, event: Event) -> ProfileId {
    resolver.add_event(event).unwrap().profile.unwrap()
}

/// The orders of a profile as `id: event that counts + repeats - returns`.
fn told(resolver: &Resolver, id: ProfileId) -> Vec<String> {
    let name = |key: &RecordKey| format!("{}/{}", key.source, key.key);
    let names = |keys: &[RecordKey], sign: &str| keys.iter().map(|key| format!(" {sign} {}", name(key))).collect();
    let orders = resolver.orders(id, now()).unwrap().unwrap().orders;
    let told = orders.iter().map(|order| {
        let [also, back]: [String; 2] = [names(&order.also, "+"), names(&order.returns, "-")];
        format!("{}: {}{also}{back}", order.id.as_deref().unwrap_or("?"), name(&order.because))
    });
    told.collect()
}

/// Her order online, and the till's receipt of it under her card: two profiles, until the card is known to be hers.
#[test]
fn an_order_and_its_receipt_on_two_profiles_are_one_purchase() {
    let resolver = retail();
    let bought = purchase("web", "1", 5).identifier("email", "ann@example.org").order("o-7");
    let bought = bought.line(Line::new("coat").line("1").amount("310", "EUR"));
    let receipt = purchase("pos", "1", 6).identifier("loyalty_id", "L7").order("O 7").line(Line::new("coat"));
    let back = Event::new("pos", "2", day(8), EventKind::Return).identifier("loyalty_id", "L7").order("O7");
    let other = purchase("pos", "3", 7).identifier("loyalty_id", "L7").line(Line::new("hat"));
    let card = add(&resolver, receipt);
    let online = add(&resolver, bought);
    for event in [back.line(Line::new("coat")), other] {
        add(&resolver, event);
    }
    let apart = |resolver: &Resolver| {
        assert_eq!(told(resolver, online), ["O7: web/1 + pos/1 - pos/2"]);
        assert_eq!(told(resolver, card), ["?: pos/3"], "the receipt and the return are of an order of somebody else");
    };
    apart(&resolver);
    let order = resolver.orders(online, now()).unwrap().unwrap().orders.remove(0);
    assert_eq!((order.status, order.total), (OrderStatus::Returned, Some(("310".parse().unwrap(), "EUR".into()))));

    let crm = Record::new("crm", "42", day(9)).identifier("email", "ann@example.org").identifier("loyalty_id", "L7");
    let ann = resolver.add(crm).unwrap().profile.unwrap();
    assert_eq!(told(&resolver, ann), ["?: pos/3", "O7: web/1 + pos/1 - pos/2"]);
    assert_eq!(told(&resolver, online), told(&resolver, card), "both ids lead to her");

    resolver.remove(&RecordKey::new("crm", "42")).unwrap();
    apart(&resolver);

    // Without the order itself the receipt is what is known of it; a day later it is not.
    resolver.remove_event(&RecordKey::new("web", "1")).unwrap();
    assert_eq!(told(&resolver, card), ["?: pos/3", "O7: pos/1 - pos/2"]);
    let before: Timestamp = "2026-01-05T23:00:00Z".parse().unwrap();
    assert!(resolver.orders(card, before).unwrap().unwrap().orders.is_empty());
}

/// What carries the number as an identifier belongs to the order too, and so does its delivery's contact.
#[test]
fn an_order_is_found_by_a_name_and_by_an_identifier() {
    let resolver = retail();
    let bought = purchase("web", "1", 5).identifier("email", "ann@example.org").identifier("order_id", "A-1");
    let ann = add(&resolver, bought.line(Line::new("coat")));
    let delivery = Event::new("dhl", "9", day(6), EventKind::Custom("delivery".into())).identifier("phone", "1234567");
    let courier = add(&resolver, delivery.order(" a1 ").contact("phone", "7654321"));
    assert_ne!(ann, courier);
    let orders = resolver.orders(ann, now()).unwrap().unwrap().orders;
    assert_eq!((orders.len(), orders[0].contact[0].value.as_str()), (1, "7654321"));
    for search in [OrderSearch::Order("a 1".into()), OrderSearch::Identifier(Identifier::new("order_id", "a-1"))] {
        let found = resolver.find_orders(&search, Verification::SignedIn, now()).unwrap();
        assert_eq!((found.profile, found.status), (Some(ann), Status::Held));
        assert!(matches!(&found.orders[..], [ShownOrder::Whole(order)] if **order == orders[0]));
    }
    let nothing = resolver.find_orders(&OrderSearch::Order("n/a".into()), Verification::SignedIn, now()).unwrap();
    assert_eq!((nothing.profile, nothing.status, nothing.orders.len()), (None, Status::Unknown, 0));
}

#[test]
fn a_guests_order_is_found_by_e_mail_and_claimed_by_a_card_later() {
    let resolver = retail();
    let guest = purchase("web", "1", 5).identifier("email", "Ann@Example.org").identifier("cookie_id", "c-1");
    let guest = add(&resolver, guest.order("G1").line(Line::new("book")));
    let card = add(&resolver, purchase("pos", "1", 7).identifier("loyalty_id", "L7").line(Line::new("pen")));

    let email = OrderSearch::Identifier(Identifier::new("email", "ann@example.org"));
    let found = resolver.find_orders(&email, Verification::OneIdentifier, now()).unwrap();
    assert_eq!(found.profile, Some(guest));
    let ShownOrder::Masked { date, channel, needs, .. } = &found.orders[0] else { panic!("one is not two") };
    assert_eq!((date.as_str(), channel.as_str(), *needs), ("2026-01-05", "web", Verification::TwoIdentifiers));
    let cookie = OrderSearch::Identifier(Identifier::new("cookie_id", "c-1"));
    let found = resolver.find_orders(&cookie, Verification::TwoIdentifiers, now()).unwrap();
    assert!(matches!(&found.orders[..], [ShownOrder::Whole(order)] if order.id.as_deref() == Some("G1")));
    assert_eq!(told(&resolver, card), ["?: pos/1"]);

    // She signs up with the card, and gives the address of the guest.
    let joined = Record::new("crm", "42", day(9)).identifier("loyalty_id", "L7").identifier("email", "ann@example.org");
    resolver.add(joined).unwrap();
    assert_eq!(told(&resolver, card), ["?: pos/1", "G1: web/1"]);
    let found = resolver.find_orders(&email, Verification::SignedIn, now()).unwrap();
    assert_eq!((found.profile, found.orders.len()), (resolver.resolve_id(card).unwrap(), 2));
    resolver.remove(&RecordKey::new("crm", "42")).unwrap();
    assert_eq!(told(&resolver, card), ["?: pos/1"]);
}

/// Of an address that two claim, only the holder's orders are shown; of one that nobody may hold, none.
#[test]
fn nobody_sees_the_orders_of_another_who_claims_the_identifier() {
    let policy = r#"{"identifier":[{"kind":"customer","role":"person"},{"kind":"email","role":"contact"},
        {"kind":"phone","role":"contact","contested":"nobody"}]}"#;
    let resolver = Resolver::in_memory(serde_json::from_str(policy).unwrap()).unwrap();
    let of = |customer: &str, on| {
        let event = purchase("web", customer, on).identifier("customer", customer).order(customer);
        add(&resolver, event.identifier("email", "family@example.org").identifier("phone", "1"))
    };
    let (ann, bob) = (of("A", 5), of("B", 6));
    let email = OrderSearch::Identifier(Identifier::new("email", "family@example.org"));
    let found = resolver.find_orders(&email, Verification::SignedIn, now()).unwrap();
    assert_eq!((found.profile, found.claimants, found.status), (Some(bob), vec![ann], Status::Contested));
    assert!(matches!(&found.orders[..], [ShownOrder::Whole(order)] if order.id.as_deref() == Some("B")));
    let phone = OrderSearch::Identifier(Identifier::new("phone", "1"));
    let found = resolver.find_orders(&phone, Verification::SignedIn, now()).unwrap();
    assert_eq!((found.profile, found.claimants, found.orders.len()), (None, vec![ann, bob], 0));
}

/// An id that a thousand purchases have is a till's placeholder: each counts by itself, and it is told.
#[test]
fn an_id_on_too_many_events_is_no_orders() {
    let resolver = retail();
    let sent = |number: u32, card: &str| {
        purchase("pos", &format!("{number:04}"), 5).identifier("loyalty_id", card).order("TEST").line(Line::new("pen"))
    };
    resolver.add_events((0..1024).map(|number| sent(number, "L1")).collect(), Default::default()).unwrap();
    let first = resolver.find(&Identifier::new("loyalty_id", "L1")).unwrap().profile.unwrap();
    assert_eq!(resolver.orders(first, now()).unwrap().unwrap().orders.len(), 1);
    let second = add(&resolver, sent(1024, "L2"));
    let bought = resolver.orders(first, now()).unwrap().unwrap();
    assert_eq!((bought.orders.len(), bought.orders[0].id.as_deref()), (1024, None));
    assert_eq!(bought.issues[0].reason, IssueReason::TooMany(1024));
    assert_eq!(told(&resolver, second), ["?: pos/1024"]);
    let found = resolver.find_orders(&OrderSearch::Order("TEST".into()), Verification::SignedIn, now()).unwrap();
    assert_eq!((found.profile, found.status), (None, Status::Generic));
    let orders = || resolver.orders(first, now()).unwrap().unwrap().orders.len();
    resolver.remove_event(&RecordKey::new("pos", "1024")).unwrap();
    assert_eq!(orders(), 1, "undone");
    add(&resolver, sent(1024, "L2"));
    assert_eq!(orders(), 1024);
    // Later versions, on the same trail at the same time, and at another: what was said before is not kept.
    add(&resolver, sent(1024, "L2").order("TURN"));
    assert_eq!(orders(), 1, "another order");
    add(&resolver, Event { at: day(6), ..sent(1024, "L2") });
    add(&resolver, Event { at: day(7), order: None, ..sent(1024, "L3") });
    assert_eq!(orders(), 1, "another trail");
}

/// An order that is asked for alone is what it is among all: returns that name no order, or an id that too many events
/// have, take from what was bought last.
#[test]
fn an_order_by_itself_is_what_it_is_among_all() {
    for (named, status) in
        [(None, OrderStatus::Returned), (Some("TEST"), OrderStatus::Returned), (Some("B"), OrderStatus::Bought)]
    {
        let resolver = retail();
        let pen = || Line::new("pen");
        let worn = |number: u32| purchase("till", &number.to_string(), 4).identifier("loyalty_id", "L2").order("TEST");
        resolver.add_events((0..1025).map(worn).collect(), Default::default()).unwrap();
        let bought =
            |order: &str, on| purchase("web", order, on).identifier("loyalty_id", "L1").order(order).line(pen());
        add(&resolver, bought("B", 5));
        let ann = add(&resolver, bought("A", 6));
        let back = Event::new("shop", "1", day(8), EventKind::Return).identifier("loyalty_id", "L1").line(pen());
        add(&resolver, Event { order: named.map(Into::into), ..back });
        let all = resolver.orders_shown(ann, Verification::SignedIn, now()).unwrap().unwrap();
        let found = resolver.find_orders(&OrderSearch::Order("A".into()), Verification::SignedIn, now()).unwrap();
        assert_eq!(found.orders, all[..1], "{named:?}");
        assert!(matches!(&found.orders[0], ShownOrder::Whole(order) if order.status == status), "{named:?}");
    }
}

/// More orders than are read together, told by other people too.
#[test]
fn many_orders_are_what_their_events_tell() {
    let sent = |number: u32| {
        let line = |name: &str| Line::new("pen").line(name).amount("2", "EUR");
        let web = purchase("web", &format!("{number:03}"), 1 + number % 20).identifier("loyalty_id", "L1");
        let till = purchase("pos", &format!("{number:03}"), 25).identifier("loyalty_id", format!("L{}", number % 4));
        let back = Event { kind: EventKind::Return, ..till.clone() };
        let told = [
            Some(web.line(line("1")).line(line("2"))),
            (number % 3 == 1).then(|| till.line(line("1"))),
            (number % 3 == 2).then(|| back.line(line("2"))),
        ];
        told.into_iter().flatten().map(move |event| event.order(format!("O{number}")))
    };
    let events: Vec<Event> = (0..600).flat_map(sent).collect();
    let shared: Vec<_> = events.iter().cloned().map(Into::into).collect();
    let (expected, unmatched) = onefold::orders(&shared, |event| event.order.clone());
    assert_eq!((expected.len(), unmatched.len()), (600, 0));
    let check = |resolver: &Resolver| {
        resolver.add_events(events.clone(), Default::default()).unwrap();
        let id = resolver.find(&Identifier::new("loyalty_id", "L1")).unwrap().profile.unwrap();
        let found = resolver.orders(id, now()).unwrap().unwrap();
        assert!(found.orders == expected && found.issues.is_empty());
    };
    check(&retail());
    #[cfg(feature = "durable")]
    {
        let folder = tempfile::tempdir().unwrap();
        let store = onefold::Durable::options(folder.path()).durability(onefold::Durability::System).open().unwrap();
        check(&Resolver::open(std::sync::Arc::new(store), Policy::retail(), onefold::Options::default()).unwrap());
    }
}

/// An event that names another order, or states nothing any more, is not found by what it said before.
#[test]
fn a_later_version_is_found_by_what_it_says() {
    let resolver = retail();
    let like = |value: &str| Preference::new("topping", value, Polarity::Like, NotedBy::Staff);
    let said = |order: &str| purchase("pos", "1", 5).identifier("loyalty_id", "L7").order(order);
    let id = add(&resolver, said("o1").preference(like("flakes")).text("a"));
    let found = |name: &str| {
        resolver.find_orders(&OrderSearch::Order(name.into()), Verification::SignedIn, now()).unwrap().orders.len()
    };
    let likes = || resolver.preferences(id, &PreferenceQuery::new(), now()).unwrap().unwrap().stated.len();
    assert_eq!((found("o1"), found("o2"), likes()), (1, 0, 1));
    // At the same instant the larger version stands.
    let later = said("o2").text("b");
    assert!(later.supersedes(&said("o1").preference(like("flakes")).text("a")));
    add(&resolver, later);
    assert_eq!((found("o1"), found("o2"), likes()), (0, 1, 0));
    resolver.remove_event(&RecordKey::new("pos", "1")).unwrap();
    assert_eq!((found("o1"), found("o2")), (0, 0));
}

/// Who is to be reached is reached by what they hold, seen last first; not by what somebody else holds by now.
#[test]
fn contact_points_are_those_that_the_profile_holds() {
    let resolver = retail();
    let crm = |key: &str, on, email: &str| {
        Record::new("crm", key, day(on)).identifier("customer_id", key).identifier("email", email)
    };
    let ann = resolver.add(crm("A", 3, "old@example.org")).unwrap().profile.unwrap();
    resolver
        .add(Record::new("web", "1", day(4)).identifier("customer_id", "A").identifier("email", "new@example.org"))
        .unwrap();
    let rule = |name: &str, kind: &str| ChannelRule { name: name.into(), kind: Some(kind.into()), silent: true };
    let rules = ContactRules { channel: vec![rule("mail", "email"), rule("sms", "Phone")], ..Default::default() };
    let ask = |request: ContactRequest| resolver.contact_plan(ann, &rules, &request).unwrap().unwrap();
    let point = |request: ContactRequest| {
        let plan = ask(request);
        plan.choices.into_iter().next().map(|choice| choice.point.unwrap().identifier.value.to_string())
    };
    let request = || ContactRequest::new("service", now());
    assert_eq!(point(request()).as_deref(), Some("new@example.org"));
    assert_eq!(ask(request()).left_out[0].reason, ChannelLeftOutReason::NoPoint, "no phone is known");
    assert_eq!(point(request().order_contact("email", "gift@example.org")).as_deref(), Some("gift@example.org"));
    assert_eq!(point(request().identifier("email", "told@example.org")).as_deref(), Some("told@example.org"));

    // An event with the old address brings it to the front.
    let called = Event::new("web", "v", day(8), EventKind::View).identifier("email", "old@example.org");
    assert_eq!(add(&resolver, called), ann);
    assert_eq!(point(request()).as_deref(), Some("old@example.org"));
    // Somebody else has both addresses now.
    let bob = crm("B", 9, "old@example.org").identifier("email", "new@example.org");
    resolver.add(bob).unwrap();
    assert_eq!(resolver.find(&Identifier::new("email", "old@example.org")).unwrap().status, Status::Contested);
    assert_eq!(point(request()), None);
}

/// However the policy writes the ids of orders, all spellings of one lead to it, and no others.
#[test]
fn an_order_is_found_under_every_spelling_of_its_id() {
    for (form, sent, asked, same) in [
        (None, "o-7", " o-7 ", true),
        (None, "o-7", "O-7", false),
        (Some(Form::None), "o-7 ", "o-7", true),
        (Some(Form::Trim), "o-7", "o7", false),
        (Some(Form::Lower), "\u{c4}-7", "\u{e4}-7", true),
        (Some(Form::Lower), "a\u{308}-7", "\u{c4}-7", true),
        (Some(Form::Lower), "o-7", "o7", false),
        (Some(Form::UpperAlnum), "o-7", "O 7", true),
        (Some(Form::UpperAlnum), "\u{ff2f}7", "o/7", true),
        (Some(Form::UpperAlnum), "##", "##", true),
        (Some(Form::Uuid), "6F9619FF8B86D011B42D00C04FC964FF", "6f9619ff-8b86-d011-b42d-00c04fc964ff", true),
        (Some(Form::Uuid), "no uuid", "no uuid", true),
    ] {
        let policy = Policy::builder().identifier(IdentifierPolicy::new("customer", Role::Person));
        let kind = |form| IdentifierPolicy::new("order", Role::Session).normalise(form);
        let policy = form.into_iter().fold(policy, |policy, form| policy.identifier(kind(form)).order("order"));
        let resolver = Resolver::in_memory(policy.build().unwrap()).unwrap();
        let id = add(&resolver, purchase("web", "1", 5).identifier("customer", "A").order(sent));
        add(&resolver, purchase("pos", "1", 6).identifier("customer", "B").order(asked));
        let found = resolver.find_orders(&OrderSearch::Order(asked.into()), Verification::SignedIn, now()).unwrap();
        assert_eq!(found.profile == Some(id), same, "{form:?} {sent} {asked}");
        assert_eq!(
            resolver.orders(id, now()).unwrap().unwrap().orders[0].also.len() == 1,
            same,
            "{form:?} {sent} {asked}"
        );
    }
}

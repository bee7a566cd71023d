//! A caller asks for her order and has no number: the agent finds it, tells as much as she proves, and sees one card.
//!
//! `cargo run --example call_centre` prints:
//!
//! ```text
//! By the number that she calls from, proving nothing:
//!   an order of 2026-03-02 by web; the rest takes two identifiers
//!   an order of 2025-11-02 by pos; the rest takes two identifiers
//!
//! By the e-mail address that she names:
//!   an order of 2026-03-02 by web with 2 on it; the rest takes two identifiers
//!   an order of 2025-11-02 by pos with 1 on it; the rest takes two identifiers
//!
//! By her loyalty card too, on one card:
//!   given_name: Ann (crm/42, only)
//!   surname: Marlowe (crm/42, only)
//!   city: York (web/guest-9, most_recent)
//!   order W77 of 2026-03-02 by web: coat and socks, 331.00 GBP
//!   a purchase of 2025-11-02 by pos: scarf, 45.00 GBP
//!   Never: leave with the neighbour (2026-01-15: "not with the neighbour again")
//!   last contact 2026-01-15 by phone: "the parcel was left next door" (-0.6)
//!
//! By an address that nobody holds: nothing
//! ```

use onefold::{
    Card, CardQuery, Event, EventKind, Identifier, Line, NotedBy, OrderSearch, Polarity, Policy, Preference, Record,
    Resolver, ShownEvent, ShownOrder, Status, Timestamp, Verification,
};
use std::io::Write;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    let resolver = Resolver::in_memory(Policy { default_region: Some("GB".into()), ..Policy::retail() })?;
    let now: Timestamp = "2026-03-09T10:00:00Z".parse()?;
    fill(&resolver)?;

    // "Where is my order? I have no number." The line shows one.
    let phone = OrderSearch::Identifier(Identifier::new("phone", "020 7946 0018"));
    let found = resolver.find_orders(&phone, Verification::None, now)?;
    let caller = found.profile.ok_or("nobody has this number")?;
    assert_eq!((found.status, found.claimants.len()), (Status::Held, 0));
    writeln!(out, "By the number that she calls from, proving nothing:")?;
    tell_orders(&mut out, &found.orders)?;
    assert!(matches!(found.orders[..], [ShownOrder::Masked { lines: None, .. }, ShownOrder::Masked { .. }]));

    // A number can be borrowed. She names her e-mail address: it leads to the same profile.
    let email = OrderSearch::Identifier(Identifier::new("email", "Ann.Marlowe@post.example.org"));
    let found = resolver.find_orders(&email, Verification::OneIdentifier, now)?;
    assert_eq!(found.profile, Some(caller), "guest orders are found by either");
    writeln!(out, "\nBy the e-mail address that she names:")?;
    tell_orders(&mut out, &found.orders)?;
    assert!(matches!(found.orders[..], [ShownOrder::Masked { lines: Some(2), .. }, ShownOrder::Masked { .. }]));

    // Until she proves more, the card hides what the orders hide.
    let query = CardQuery::new(now).proof(Verification::OneIdentifier);
    let card = resolver.card(caller, &query)?.ok_or("nobody")?;
    assert_eq!(card.needs, Some(Verification::TwoIdentifiers));
    let json = serde_json::to_string(&card)?;
    assert!(!json.contains("coat") && !json.contains("W-77") && !json.contains("331"), "nothing slips through");

    // And the number of her card: these are two.
    let loyalty = resolver.find(&Identifier::new("loyalty_id", "GOLD-7"))?;
    assert_eq!(loyalty.profile, Some(caller));
    let card = resolver.card(caller, &query.proof(Verification::TwoIdentifiers))?.ok_or("nobody")?;
    writeln!(out, "\nBy her loyalty card too, on one card:")?;
    tell_card(&mut out, &card)?;
    check(&card)?;

    // Somebody else who names an address that nobody holds learns nothing.
    let wrong = OrderSearch::Identifier(Identifier::new("email", "ann@elsewhere.example.org"));
    let found = resolver.find_orders(&wrong, Verification::OneIdentifier, now)?;
    assert!(found.profile.is_none() && found.orders.is_empty());
    writeln!(out, "\nBy an address that nobody holds: nothing")?;
    Ok(())
}

/// What the channels know: a file in the shop, a guest's checkout, a talk.
fn fill(resolver: &Resolver) -> Outcome<()> {
    let file = Record::new("crm", "42", "2025-11-02T09:00:00Z".parse()?)
        .identifier("loyalty_id", "GOLD-7")
        .identifier("email", "ann.marlowe@post.example.org")
        .attribute("given_name", "Ann")
        .attribute("surname", "Marlowe")
        .attribute("city", "Leeds");
    let checkout = Record::new("web", "guest-9", "2026-03-02T18:05:00Z".parse()?)
        .identifier("email", "ann.marlowe@post.example.org")
        .identifier("phone", "+44 20 7946 0018")
        .attribute("given_name", "Ann")
        .attribute("surname", "Marlowe")
        .attribute("city", "York");
    resolver.add(file)?;
    resolver.add(checkout)?;

    let event =
        |source: &str, key: &str, at: &str, kind| -> Outcome<Event> { Ok(Event::new(source, key, at.parse()?, kind)) };
    let till = event("pos", "t-5", "2025-11-02T09:10:00Z", EventKind::Purchase)?
        .identifier("loyalty_id", "GOLD-7")
        .place("Leeds")
        .line(Line::new("scarf").amount("45.00", "GBP"));
    let guest = event("web", "checkout-9", "2026-03-02T18:05:00Z", EventKind::Purchase)?
        .identifier("email", "Ann.Marlowe@post.example.org")
        .identifier("phone", "020 7946 0018")
        .order("W-77")
        .line(Line::new("coat").amount("310.00", "GBP"))
        .line(Line::new("socks").quantity("3").amount("21.00", "GBP"));
    let wish = Preference::new("delivery", "leave with the neighbour", Polarity::Never, NotedBy::Staff)
        .text("not with the neighbour again");
    let call = event("call_centre", "call-3", "2026-01-15T14:20:00Z", EventKind::Contact)?
        .identifier("phone", "020 7946 0018")
        .channel("phone")
        .text("the parcel was left next door")
        .sentiment("-0.6")
        .preference(wish);
    for event in [till, guest, call] {
        resolver.add_event(event)?;
    }
    Ok(())
}

fn tell_orders<'a>(out: &mut impl Write, orders: impl IntoIterator<Item = &'a ShownOrder>) -> Outcome<()> {
    for order in orders {
        match order {
            ShownOrder::Masked { date, channel, lines, .. } => {
                let lines = lines.map(|lines| format!(" with {lines} on it")).unwrap_or_default();
                writeln!(out, "  an order of {date} by {channel}{lines}; the rest takes two identifiers")?;
            }
            ShownOrder::Whole(order) => {
                let named = order.id.as_deref().map_or("a purchase".into(), |id| format!("order {id}"));
                let products: Vec<&str> = order.lines.iter().filter_map(|line| line.product.as_deref()).collect();
                let total = order.total.as_ref().map(|(total, currency)| format!("{total} {currency}"));
                let (channel, total) = (&order.channel, total.unwrap_or_default());
                writeln!(out, "  {named} of {} by {channel}: {}, {total}", day(order.at), products.join(" and "))?;
            }
        }
    }
    Ok(())
}

fn tell_card(out: &mut impl Write, card: &Card) -> Outcome<()> {
    for value in &card.golden.shown {
        let (from, rule) = (&value.record, value.rule.name());
        writeln!(out, "  {}: {} ({}/{}, {rule})", value.attribute, value.value, from.source, from.key)?;
    }
    tell_orders(out, card.orders.shown.iter().map(|order| &order.order))?;
    for said in &card.preferences.shown {
        let (stated, words) = (&said.stated, said.stated.text.as_deref().unwrap_or_default());
        writeln!(out, "  {:?}: {} ({}: \"{words}\")", stated.polarity, stated.value, day(stated.said_at))?;
    }
    if let Some(ShownEvent::Whole(contact)) = &card.last_contact {
        let (words, sentiment) = (contact.text.as_deref().unwrap_or("?"), contact.sentiment.as_deref().unwrap_or("?"));
        writeln!(out, "  last contact {} by {}: \"{words}\" ({sentiment})", day(contact.at), contact.channel)?;
    }
    Ok(())
}

fn check(card: &Card) -> Outcome<()> {
    let city = card.golden.shown.iter().find(|value| value.attribute == "city").ok_or("no city")?;
    assert_eq!((city.value.to_string().as_str(), city.record.source.as_str()), ("York", "web"));
    let numbers: Vec<Option<&str>> = card
        .orders
        .shown
        .iter()
        .map(|order| match &order.order {
            ShownOrder::Whole(order) => order.id.as_deref(),
            ShownOrder::Masked { .. } => Some("masked"),
        })
        .collect();
    assert_eq!(numbers, [Some("W77"), None]);
    assert_eq!(card.preferences.shown.len(), 1);
    let Some(ShownEvent::Whole(contact)) = &card.last_contact else { return Err("no contact".into()) };
    assert_eq!(contact.text.as_deref(), Some("the parcel was left next door"));
    let Some(ShownEvent::Whole(first)) = &card.first else { return Err("no first touch".into()) };
    assert_eq!((first.place.as_deref(), card.last.is_some()), (Some("Leeds"), true));
    assert_eq!((card.events.shown.len(), card.events.left_out, card.needs), (3, 0, None));
    Ok(())
}

fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

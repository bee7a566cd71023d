//! Events as data: what is written reads back, what is wrong is refused by name or told of, and nothing is lost.

use crate::operation::{key, value};
use onefold::{
    Consent, ConsentStatus, Decimal, ErrorKind, Event, EventKind, Facet, Form, Grant, Identifier, IdentifierPolicy,
    IssueReason, LegalBasis, Line, Message, NotedBy, Operation, Polarity, Policy, Preference, RecordKey, Role, Rules,
    Scope, Sensitivity, SmolStr, Timestamp, What, normalise_event,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

const START: &str = r#"{"op":"event","source":"pos","key":"1","at":"2026-01-06T09:30:00Z","kind":"purchase""#;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn purchase() -> Event {
    Event::new("pos", "1", at("2026-01-06T09:30:00Z"), EventKind::Purchase)
}

fn read(line: &str) -> Event {
    match Operation::from_json(line.as_bytes(), None) {
        Ok(Operation::Event(event)) => *event,
        other => panic!("{line}: {other:?}"),
    }
}

/// Reads a purchase with these fields too.
fn with(fields: &str) -> Event {
    read(&format!("{START},{fields}}}"))
}

/// Checks that a purchase with these fields is refused with exactly this message.
fn refused(fields: &str, message: &str) {
    let error = Operation::from_json(format!("{START},{fields}}}").as_bytes(), None).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.kind()), (message, ErrorKind::Input), "{fields}");
}

#[test]
fn a_purchase_is_read_with_everything_in_it() {
    let line = r#"{"op":"event","source":"web","key":"o-7","at":1767691800000,"kind":"purchase","channel":"web",
        "place":"rome","order":77,"identifiers":{"email":["b@x.org","a@x.org","b@x.org",null]},
        "contact":{"phone":"+44"},"facets":{"season":"winter"},"text":"thanks","sentiment":-0.4,"payload":"lake/7",
        "attributes":{"tip":1.5},
        "lines":[{"line":1,"product":"sku-9","variant":"m-black","facets":{"size":7.5,"colour":["grey","black","grey"]},
            "quantity":2,"amount":49.90,"currency":"EUR","gift":true},{}]}"#;
    let expected = Event::new("web", "o-7", at("2026-01-06T09:30:00Z"), EventKind::Purchase)
        .identifier("email", "a@x.org")
        .identifier("email", "b@x.org")
        .channel("web")
        .place("rome")
        .order("77")
        .contact("phone", "+44")
        .facet("season", "winter")
        .text("thanks")
        .sentiment("-0.4")
        .payload("lake/7")
        .attribute("tip", onefold::Value::Number(1.5))
        .line(
            Line::new("sku-9")
                .line("1")
                .variant("m-black")
                .facet("colour", "black")
                .facet("colour", "grey")
                .facet("size", "7.5")
                .quantity("2")
                .amount("49.9", "EUR")
                .gift(),
        )
        .line(Line::default());
    assert_eq!(read(line), expected);
}

#[test]
fn messages_and_preferences_are_read() {
    let message = with(r#""message":{"message":"m-1","campaign":9,"purpose":"marketing","about":"order_ready"}"#);
    let expected = Message::new("m-1").campaign("9").purpose("marketing").about("order_ready");
    assert_eq!(message, purchase().message(expected));

    let preference = with(
        r#""preference":{"attribute":"topping","value":"red pepper flakes","polarity":"like","noted_by":"staff",
            "context":"room service / pizza","scope":{"brand":"b","property":"rome","channel":"desk"},
            "recorded_at":"2026-01-07T08:00:00+01:00","sensitivity":"personal","expires":1767691800000,
            "purpose":"service","text":"please"}"#,
    );
    let expected = Preference::new("topping", "red pepper flakes", Polarity::Like, NotedBy::Staff)
        .context("room service / pizza")
        .brand("b")
        .property("rome")
        .channel("desk")
        .recorded_at(at("2026-01-07T08:00:00+01:00"))
        .sensitivity(Sensitivity::Personal)
        .expires(at("2026-01-06T09:30:00Z"))
        .purpose("service")
        .text("please");
    assert_eq!(preference, purchase().preference(expected));
    let least = with(r#""preference":{"attribute":"nuts","value":"any","polarity":"never","noted_by":"customer"}"#);
    assert_eq!(least, purchase().preference(Preference::new("nuts", "any", Polarity::Never, NotedBy::Customer)));
}

#[test]
fn an_event_is_taken_away_by_its_own_key() {
    let line = r#"{"key":"v-1","op":"remove","source":"web","what":"event"}"#;
    let operation = Operation::from_json(line.as_bytes(), None).unwrap();
    assert_eq!(operation, Operation::RemoveEvent(RecordKey::new("web", "v-1")));
    assert_eq!(operation.to_json(), line);
    assert_ne!(operation, Operation::Remove(RecordKey::new("web", "v-1")));
}

#[test]
fn every_kind_has_a_name() {
    for (name, kind) in [
        ("view", EventKind::View),
        ("search", EventKind::Search),
        ("cart", EventKind::Cart),
        ("purchase", EventKind::Purchase),
        ("return", EventKind::Return),
        ("contact", EventKind::Contact),
        ("message_sent", EventKind::MessageSent),
        ("message_delivered", EventKind::MessageDelivered),
        ("message_opened", EventKind::MessageOpened),
        ("message_clicked", EventKind::MessageClicked),
        ("exposure", EventKind::Exposure),
        ("rejected", EventKind::Rejected),
        ("preference", EventKind::Preference),
        ("offer", EventKind::Offer),
        ("bucket", EventKind::Bucket),
        ("custom:fitting room", EventKind::Custom("fitting room".into())),
    ] {
        assert_eq!(kind.to_string(), name);
        assert_eq!(name.parse::<EventKind>().unwrap(), kind);
        let line = format!(r#"{{"at":"1970-01-01T00:00:00Z","key":"k","kind":"{name}","op":"event","source":"s"}}"#);
        assert_eq!(Operation::Event(Box::new(read(&line))).to_json(), line);
    }
    for wrong in ["", "View", "views", "custom", "custom:", "custom: "] {
        assert_eq!(wrong.parse::<EventKind>().unwrap_err().kind(), ErrorKind::Input, "{wrong}");
    }
}

#[test]
fn a_wrong_event_is_refused_and_the_culprit_named() {
    let message = |line: &str| Operation::from_json(line.as_bytes(), None).unwrap_err().to_string();
    assert_eq!(message(r#"{"op":"event","source":"s"}"#), "field `key`: is missing");
    assert_eq!(message(r#"{"op":"event","source":"s","key":"k"}"#), "field `at`: is missing");
    assert_eq!(message(r#"{"op":"event","source":"s","key":"k","at":0}"#), "field `kind`: is missing");
    let kind = |kind: &str| message(&format!(r#"{{"op":"event","source":"s","key":"k","at":0,"kind":{kind}}}"#));
    let other = "is not a kind of event; one of your own is `custom:` and its name";
    assert_eq!(kind(r#""fitting""#), format!("field `kind`: `fitting` {other}"));
    assert_eq!(kind(r#""ann@x.org""#), format!("field `kind`: (a name that is no plain word) {other}"));
    assert_eq!(kind("[]"), "field `kind`: is a list, not text or a whole number");

    refused(r#""line":[]"#, "line: `line` is not a field of this operation");
    refused(r#""channel":1"#, "field `channel`: is a whole number, not text");
    refused(
        r#""order":1.5"#,
        "field `order`: is a number that is not whole or over 64 bits, not text or a whole number",
    );
    refused(r#""sentiment":"-","sentiment":1"#, "line: the key `sentiment` comes twice");
    refused(r#""sentiment":true"#, "field `sentiment`: is true or false, not text or a number");
    refused(r#""lines":{}"#, "field `lines`: is an object, not a list of objects");
    refused(r#""lines":[{},null]"#, "field `lines[1]`: is null, not an object");
    refused(r#""lines":[{},{"sku":"1"}]"#, "field `lines[1]`: `sku` is not a field of it");
    refused(r#""lines":[{"gift":"yes"}]"#, "field `lines[0].gift`: is text, not true or false");
    refused(r#""lines":[{"amount":[1]}]"#, "field `lines[0].amount`: is a list, not text or a number");
    refused(
        r#""lines":[{"amount":12345678901234.56}]"#,
        "field `lines[0].amount`: has more than 15 digits, of which a number of JSON may lose some: send text",
    );
    refused(r#""lines":[{"facets":[]}]"#, "field `lines[0].facets`: is a list, not an object");
    refused(
        r#""lines":[{"facets":{"size":{"eu":41}}}]"#,
        "field `lines[0].facets.size`: is an object, not text or a number",
    );
    refused(
        r#""lines":[{"facets":{"a b@c":[[1]]}}]"#,
        "field `lines[0].facets.(a name that is no plain word)`: is a list, not text or a number",
    );
    refused(r#""contact":{"phone":{}}"#, "field `contact.phone`: is an object, not text or a whole number");
    refused(r#""message":"m-1""#, "field `message`: is text, not an object");
    refused(r#""message":{}"#, "field `message.message`: is missing");
    refused(r#""message":{"message":"m-1","subject":"x"}"#, "field `message`: `subject` is not a field of it");
    let preference = |fields: &str, message: &str| {
        refused(&format!(r#""preference":{{"attribute":"a","value":"v"{fields}}}"#), message);
    };
    preference("", "field `preference.polarity`: is missing");
    preference(r#","polarity":"like""#, "field `preference.noted_by`: is missing");
    preference(r#","polarity":"love""#, "field `preference.polarity`: `love` is none of like, dislike, never");
    let said = r#","polarity":"like","noted_by":"staff""#;
    preference(
        &format!(r#"{said},"expires":"soon""#),
        "field `preference.expires`: is not RFC 3339 (as 2026-01-05T10:00:00Z)",
    );
    preference(&format!(r#"{said},"scope":{{"shop":"x"}}"#), "field `preference.scope`: `shop` is not a field of it");
    preference(
        &format!(r#"{said},"sensitivity":"very""#),
        "field `preference.sensitivity`: `very` is none of none, personal, special",
    );
}

#[test]
fn a_number_keeps_its_digits() {
    for (sent, kept) in [
        ("310.00", "310"),
        ("\"310.00\"", "310.00"),
        ("\"12,50\"", "12,50"),
        ("0.1", "0.1"),
        ("-0.000125", "-0.000125"),
        ("18446744073709551615", "18446744073709551615"),
        ("1e3", "1000"),
        ("1e20", "100000000000000000000"),
        ("123456789012345.0", "123456789012345"),
        ("0.123456789012345", "0.123456789012345"),
    ] {
        let event = with(&format!(r#""lines":[{{"amount":{sent},"currency":"EUR"}}]"#));
        assert_eq!(event.lines[0].amount.as_deref(), Some(kept), "{sent}");
    }
    for sent in ["0.1234567890123456", "12345678901234.56", "123456789012345678901"] {
        let line = format!(r#"{START},"lines":[{{"amount":{sent}}}]}}"#);
        assert!(Operation::from_json(line.as_bytes(), None).is_err(), "{sent}");
    }
}

#[test]
fn decimals_are_read_exactly_or_not_at_all() {
    let exact = "1234567890123456789.123456789";
    for (text, shown) in [(exact, exact), (" +1.50 ", "1.50"), ("-0.4", "-0.4"), ("007", "7"), (".5", "0.5")] {
        assert_eq!(text.parse::<Decimal>().unwrap().to_string(), shown, "{text}");
    }
    let too_long = "9".repeat(40);
    for text in
        ["", " ", "-", ".", "1_000", "1,000", "1e3", "NaN", "inf", "0x1", "1.2.3", "--1", "٣", too_long.as_str()]
    {
        assert!(text.parse::<Decimal>().is_err(), "{text}");
    }
    assert!("1.50".parse::<Decimal>().unwrap() == "1.5".parse().unwrap());
    assert_eq!(format!("{:?}", "1.5".parse::<Decimal>().unwrap()), "<number>");
}

fn rules() -> Rules {
    let person = IdentifierPolicy::new("customer_id", Role::Person);
    let email = IdentifierPolicy::new("email", Role::Contact).normalise(Form::Email);
    Policy::builder().identifier(person.max_per_profile(1)).identifier(email).rules().unwrap()
}

/// Checks what is told of an event, and that it is told of that event.
fn told(event: &Event, expected: &[(&str, IssueReason)]) {
    let (_, issues) = normalise_event(&rules(), event);
    let found: Vec<(&str, IssueReason)> =
        issues.iter().map(|issue| (issue.field.as_str(), issue.reason.clone())).collect();
    assert_eq!(found, expected);
    for issue in &issues {
        assert_eq!((issue.what, &issue.key), (What::Event, &event.key));
        assert!(format!("{issue:?}").starts_with("event pos/.. "), "{issue:?}");
        assert!(issue.reason.to_string().chars().next().is_some_and(char::is_lowercase));
    }
}

#[test]
fn what_cannot_be_read_is_told_and_costs_only_itself() {
    use IssueReason::*;
    let bought = |line: Line| purchase().identifier("customer_id", "C42").line(line);
    let line = |line: Line, expected: &[(&str, IssueReason)]| told(&bought(line), expected);
    let coat = || Line::new("sku-1").quantity("1").amount("310.00", "EUR");
    line(coat(), &[]);
    // Facets.
    line(coat().facet("brand", " "), &[("lines[0].facets.brand", Blank)]);
    line(coat().facet(" ", "x"), &[("lines[0].facets", Blank)]);
    line(coat().facet("brand", "x".repeat(1025)), &[("lines[0].facets.brand", TooLong(1024))]);
    line(coat().facet("x".repeat(1025), "x"), &[("lines[0].facets", TooLong(1024))]);
    line(coat().facet("size", "0").facet("pattern", "None").facet("kind of bread", "Nan"), &[]);
    let many = (0..65).fold(coat(), |line, number| line.facet("tag", number.to_string()));
    line(many, &[("lines[0].facets", TooMany(64))]);
    // Money.
    line(coat().amount("1", "EURO"), &[("lines[0].currency", Currency)]);
    line(coat().amount("1", "XXX"), &[("lines[0].currency", Currency)]);
    line(coat().amount("1", ""), &[("lines[0].currency", Currency)]);
    for currency in ["usd", " JPY ", "KWD", "HRK", "ZWG", "XCG", "DEM"] {
        line(coat().amount("1", currency), &[]);
    }
    line(Line { currency: None, ..coat() }, &[("lines[0].currency", NoCurrency)]);
    line(coat().amount("12,50", "EUR"), &[("lines[0].amount", NotANumber)]);
    line(coat().amount("-12.50", "EUR"), &[("lines[0].amount", Negative)]);
    line(coat().quantity("two"), &[("lines[0].quantity", NotANumber)]);
    line(coat().quantity("-1"), &[("lines[0].quantity", Negative)]);
    line(coat().quantity("0.250").amount("0", "EUR"), &[]);
    // Keys.
    line(Line::new("n/a"), &[("lines[0].product", Junk)]);
    line(coat().line("0").variant("0"), &[]);
    line(coat().line("").variant(" "), &[("lines[0].line", Blank), ("lines[0].variant", Blank)]);
    told(&bought(coat()).order("null"), &[("order", Junk)]);
    told(&bought(coat()).order("x".repeat(2000)), &[("order", TooLong(1024))]);
    told(&bought(coat()).channel(" ").place(""), &[("channel", Blank), ("place", Blank)]);
    // Purchases and returns.
    let nothing = purchase().identifier("customer_id", "C42");
    told(&nothing, &[("lines", NoLines)]);
    let back = Event { kind: EventKind::Return, ..bought(coat().amount("-310.00", "EUR")) };
    told(&back, &[]);
    let back = Event { kind: EventKind::Return, ..bought(coat().quantity("-1")) };
    told(&back, &[("lines[0].quantity", Negative)]);
    told(&Event { kind: EventKind::Return, ..nothing.clone() }, &[]);
    // Other kinds.
    let call = |kind| Event { kind, ..nothing.clone() };
    told(&call(EventKind::Contact).sentiment("-1"), &[]);
    told(&call(EventKind::Contact).sentiment("1.01"), &[("sentiment", Range)]);
    told(&call(EventKind::Contact).sentiment("angry"), &[("sentiment", NotANumber)]);
    told(&call(EventKind::Search).facet("colour", ""), &[("facets.colour", Blank)]);
    told(&call(EventKind::Preference), &[("preference", NoPreference)]);
    let (token, arm) =
        (Grant::Token { offer: "o".into(), token: "t".into() }, Grant::Arm { experiment: "x".into(), arm: "a".into() });
    told(&call(EventKind::Offer), &[("offer", NoGrant)]);
    told(&call(EventKind::Offer).grant(arm.clone()), &[("offer", NoGrant)]);
    told(&call(EventKind::Offer).grant(token.clone()), &[]);
    told(&call(EventKind::Bucket).grant(token), &[("bucket", NoGrant)]);
    told(&call(EventKind::Bucket).grant(arm), &[]);
    told(&call(EventKind::Custom(" ".into())), &[("kind", Blank)]);
    told(
        &call(EventKind::MessageSent).message(Message::new("0").campaign("")),
        &[("message.campaign", Blank), ("message.message", Junk)],
    );
    // Identifiers and contacts.
    let view = Event { kind: EventKind::View, ..purchase() };
    told(&view, &[("identifiers", NoIdentifier)]);
    told(&view.clone().identifier("email", "n/a"), &[("email", Junk), ("identifiers", NoIdentifier)]);
    told(&view.clone().identifier("customer_id", "1").identifier("customer_id", "2"), &[("customer_id", Quarantined)]);
    told(
        &nothing.line(coat()).contact("telex", "7").contact("email", "ann@@x"),
        &[("contact.telex", UnknownKind), ("contact.email", Malformed("an e-mail address"))],
    );
}

#[test]
fn an_event_is_read_as_the_policy_says() {
    let event = purchase()
        .identifier("email", "Ann@X.org ")
        .identifier("customer_id", "C42")
        .order(" O-77 ")
        .sentiment("0.50")
        .contact("email", "BEN@x.org")
        .facet(" season", "winter ")
        .message(Message::new(" m-1 ").campaign("spring"))
        .line(
            Line::new("sku-1").facet("colour", "grey").facet("brand", "").amount("49.90", "eur").quantity("x").gift(),
        );
    let (read, issues) = normalise_event(&rules(), &event);
    assert_eq!(read.identifiers, [(0, SmolStr::new("C42")), (1, SmolStr::new("ann@x.org"))]);
    assert!(!read.quarantined);
    assert_eq!(read.contact, [(1, SmolStr::new("ben@x.org"))]);
    assert_eq!(read.order.as_deref(), Some("O-77"));
    assert_eq!(read.facets, [Facet::new("season", "winter")]);
    assert_eq!(read.message, Some(Message::new("m-1").campaign("spring")));
    assert_eq!(read.sentiment, Some("0.5".parse().unwrap()));
    let [line] = read.lines.as_slice() else { panic!("one line") };
    assert_eq!((line.product.as_deref(), line.currency.as_deref(), line.gift), (Some("sku-1"), Some("EUR"), true));
    assert_eq!((line.amount, line.quantity), (Some("49.90".parse().unwrap()), None));
    assert_eq!(line.facets, [Facet::new("colour", "grey")]);
    assert_eq!(issues.len(), 2, "{issues:?}");
}

#[test]
fn debug_shows_kinds_and_counts() {
    let secret = "s3cr3t";
    let event = Event::new("pos", secret, at("2026-01-06T09:30:00Z"), EventKind::Contact)
        .identifier("email", secret)
        .text(secret)
        .facet("colour", secret)
        .message(Message::new(secret).campaign(secret))
        .preference(Preference::new("topping", secret, Polarity::Never, NotedBy::Staff).property(secret).text(secret))
        .line(Line::new(secret).facet("brand", secret).amount(secret, secret));
    let shown = format!("{event:?} {:?} {:?} {:?} {:?}", event.lines, event.facets, event.message, event.preference);
    assert_eq!(
        shown,
        "Event(pos/.., contact, 1 identifiers, 1 lines) [Line(1 facets)] [colour:..] Some(Message(..)) \
         Some(Preference(Never))"
    );
    let preference = event.preference.as_ref().unwrap();
    assert_eq!(format!("{:?}", preference.scope), "Scope(1 parts)");
    let operation = format!("{:?}", Operation::Event(Box::new(event.clone())));
    assert_eq!(operation, "Event(Event(pos/.., contact, 1 identifiers, 1 lines))");
    let (read, _) = normalise_event(&rules(), &event);
    assert!(!format!("{read:?} {:?} {:?}", read.lines, read.facets).contains(secret));
}

#[test]
fn the_later_version_stands_and_at_one_instant_the_larger() {
    let (early, late) = (purchase().text("z"), Event { at: at("2026-01-06T10:30:01+01:00"), ..purchase() });
    assert!(late.supersedes(&early) && !early.supersedes(&late));
    let other = Event { at: at("2026-01-06T10:30:00+01:00"), ..purchase() };
    assert!(other.supersedes(&purchase()) != purchase().supersedes(&other), "offsets tie, and bytes decide");
    assert!(!early.supersedes(&early));
}

fn word() -> impl Strategy<Value = SmolStr> {
    ".{0,5}".prop_map(SmolStr::from)
}

fn facets() -> impl Strategy<Value = Vec<Facet>> {
    vec((".{0,3}", word()).prop_map(|(name, value)| Facet::new(name, value)), 0..4)
}

fn identifiers() -> impl Strategy<Value = Vec<Identifier>> {
    vec((".{0,3}", word()).prop_map(|(kind, value)| Identifier::new(kind, value)), 0..4)
}

fn time() -> impl Strategy<Value = Timestamp> {
    any::<i32>().prop_map(|seconds| Timestamp::from_microseconds(i64::from(seconds) * 1_000_001).unwrap())
}

fn kind() -> impl Strategy<Value = EventKind> {
    use EventKind::*;
    prop_oneof![
        prop::sample::select(vec![
            View,
            Search,
            Cart,
            Purchase,
            Return,
            Contact,
            Exposure,
            Rejected,
            Preference,
            Offer,
            Bucket,
            EventKind::Consent
        ]),
        prop::sample::select(vec![MessageSent, MessageDelivered, MessageOpened, MessageClicked]),
        "[^\\s].{0,4}".prop_map(|name| Custom(name.into())),
    ]
}

fn number() -> impl Strategy<Value = SmolStr> {
    prop_oneof![word(), "-?[0-9]{1,4}(\\.[0-9]{1,3})?".prop_map(SmolStr::from)]
}

fn line() -> impl Strategy<Value = Line> {
    let names = (of(word()), of(word()), of(word()));
    let money = (of(number()), of(number()), of(prop_oneof![word(), Just("EUR".into())]));
    (names, facets(), money, any::<bool>()).prop_map(
        |((line, product, variant), facets, (quantity, amount, currency), gift)| Line {
            line,
            product,
            variant,
            facets,
            quantity,
            amount,
            currency,
            gift,
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    (word(), of(word()), of(word()), of(word())).prop_map(|(message, campaign, purpose, about)| Message {
        message,
        campaign,
        purpose,
        about,
    })
}

fn preference() -> impl Strategy<Value = Preference> {
    let polarity = prop::sample::select(vec![Polarity::Like, Polarity::Dislike, Polarity::Never]);
    let noted_by = prop::sample::select(vec![NotedBy::Customer, NotedBy::Staff, NotedBy::System]);
    let sensitivity = prop::sample::select(vec![Sensitivity::None, Sensitivity::Personal, Sensitivity::Special]);
    let scope =
        (of(word()), of(word()), of(word())).prop_map(|(brand, property, channel)| Scope { brand, property, channel });
    let words = (word(), word(), of(word()), of(word()), of(word()));
    (words, polarity, noted_by, sensitivity, scope, of(time()), of(time())).prop_map(
        |((attribute, value, context, purpose, text), polarity, noted_by, sensitivity, scope, recorded_at, expires)| {
            Preference {
                attribute,
                value,
                polarity,
                context,
                scope,
                noted_by,
                recorded_at,
                sensitivity,
                expires,
                purpose,
                text,
            }
        },
    )
}

fn grant() -> impl Strategy<Value = Grant> {
    (word(), word(), any::<bool>()).prop_map(|(one, other, is_token)| match is_token {
        true => Grant::Token { offer: one, token: other },
        false => Grant::Arm { experiment: one, arm: other },
    })
}

fn consent() -> impl Strategy<Value = Consent> {
    let status = prop::sample::select(vec![ConsentStatus::Granted, ConsentStatus::Withdrawn, ConsentStatus::Unknown]);
    let words = (of(word()), of(word()), of(word()), of(word()), of(word()), of(word()), of(word()));
    let basis = of(prop::sample::select(vec![LegalBasis::Consent, LegalBasis::PublicTask]));
    (word(), status, words, basis, of(time()), of(time())).prop_map(|(purpose, status, words, basis, told, ends)| {
        let (brand, property, channel, jurisdiction, notice, offered, evidence) = words;
        let scope = Scope { brand, property, channel };
        let (recorded_at, expires) = (told, ends);
        Consent {
            scope,
            jurisdiction,
            basis,
            recorded_at,
            expires,
            notice,
            offered,
            evidence,
            ..Consent::new(purpose, status)
        }
    })
}

/// Any event, as a source might send it.
pub(crate) fn event() -> impl Strategy<Value = Event> {
    let attributes = vec((word(), value()), 0..3);
    let lists = (identifiers(), identifiers(), facets(), vec(line(), 0..3), attributes);
    let words = (of(word()), of(word()), of(word()), of(word()), of(number()), of(word()));
    (key(), time(), kind(), lists, words, of(message()), of(preference()), of(grant()), of(consent())).prop_map(
        |(key, at, kind, lists, words, message, preference, grant, consent)| {
            let (identifiers, contact, facets, lines, attributes) = lists;
            let (channel, place, order, text, sentiment, payload) = words;
            Event {
                key,
                at,
                kind,
                identifiers,
                channel,
                place,
                order,
                lines,
                facets,
                text,
                sentiment,
                message,
                preference: preference.map(Box::new),
                grant: grant.map(Box::new),
                consent: consent.map(Box::new),
                contact,
                attributes,
                payload,
            }
        },
    )
}

proptest! {
    #[test]
    fn the_order_of_what_has_none_does_not_show(event in event(), turned in any::<bool>()) {
        let mut other = event.clone();
        // Of two attributes of one name the last stands: their order says something.
        other.attributes = event.clone().canonical().attributes;
        if turned {
            [&mut other.identifiers, &mut other.contact].into_iter().for_each(|list| list.reverse());
            other.facets.reverse();
            other.lines.iter_mut().for_each(|line| line.facets.extend(line.facets.clone()));
        }
        prop_assert_eq!(other.canonical_json(), event.canonical_json());
        prop_assert_eq!(other.clone().canonical(), event.clone().canonical());
        prop_assert_eq!(event.clone().canonical().canonical_json(), event.canonical_json());
        prop_assert!(!other.supersedes(&event) && !event.supersedes(&other));
    }

    #[test]
    fn one_of_two_versions_stands(one in event(), other in event()) {
        let other = Event { key: one.key.clone(), ..other };
        let same = one.canonical_json() == other.canonical_json();
        prop_assert_eq!(one.supersedes(&other) || other.supersedes(&one), !same);
        prop_assert!(!(one.supersedes(&other) && other.supersedes(&one)));
    }

    #[test]
    fn reading_an_event_changes_nothing_and_loses_nothing_without_a_word(event in event()) {
        let (read, issues) = normalise_event(&rules(), &event);
        prop_assert_eq!(read.lines.len(), event.lines.len());
        let told = |field: &str| issues.iter().any(|issue| issue.field == field);
        for (place, (line, sent)) in read.lines.iter().zip(&event.lines).enumerate() {
            prop_assert_eq!(line.amount.is_none(), sent.amount.is_none() || told(&format!("lines[{place}].amount")));
            prop_assert_eq!(
                line.quantity.is_none(),
                sent.quantity.is_none() || told(&format!("lines[{place}].quantity"))
            );
            prop_assert_eq!(
                line.currency.is_none(),
                sent.currency.is_none() || told(&format!("lines[{place}].currency"))
            );
        }
        // What is read once is read the same again.
        let again = Event {
            facets: read.facets.clone(),
            order: read.order.clone(),
            message: read.message.clone(),
            ..event
        };
        let (twice, _) = normalise_event(&rules(), &again);
        prop_assert_eq!((twice.facets, twice.order, twice.message), (read.facets, read.order, read.message));
    }

    #[test]
    fn a_decimal_comes_back_as_it_went_in(text in "-?(0|[1-9][0-9]{0,11})(\\.[0-9]{1,12})?") {
        let number: Decimal = text.parse().unwrap();
        let shown = number.to_string();
        prop_assert!(shown == text || text.trim_start_matches('-').bytes().all(|byte| matches!(byte, b'0' | b'.')));
        prop_assert_eq!(shown.parse::<Decimal>().unwrap(), number);
    }

    #[test]
    fn no_text_is_too_odd_for_a_decimal(text in ".{0,40}") {
        if let Ok(number) = text.parse::<Decimal>() {
            prop_assert_eq!(number.to_string().parse::<Decimal>().unwrap(), number);
        }
    }
}

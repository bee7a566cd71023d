//! How somebody is reached: by which channel, where, when, and why.

use onefold::{
    CapRule, ChannelChoice, ChannelLeftOutReason, ChannelRule, ChoiceReason, Consent, ConsentStatus, ContactPlan,
    ContactRequest, ContactRules, Effective, ErrorKind, Event, EventKind, IdentifierPolicy, LegalBasis, Message,
    NotedBy, Permission, PermissionReason, PointSource, Polarity, Policy, Preference, PreferenceQuery, PurposePolicy,
    QuietHours, Record, RecordKey, Resolver, ResponsePrior, Role, Timestamp, ZoneSource, plan_contact, recall,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

const NOW: &str = "2026-06-15T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// So many hours before now.
fn ago(hours: i64) -> Timestamp {
    Timestamp::from_microseconds(at(NOW).microseconds() - hours * 3_600_000_000).unwrap()
}

fn channel(name: &str, kind: &str) -> ChannelRule {
    ChannelRule { name: name.into(), kind: Some(kind.into()), silent: false }
}

/// E-mail before SMS; the app needs no identifier.
fn rules() -> ContactRules {
    let app = ChannelRule { kind: None, ..channel("app", "") };
    let mut rules =
        ContactRules { channel: vec![app, channel("sms", "phone"), channel("email", "email")], ..Default::default() };
    rules.contact.channels = vec!["email".into(), "SMS".into()];
    rules
}

fn request() -> ContactRequest {
    let request = ContactRequest::new("marketing", at(NOW)).about("news");
    request.identifier("email", "ann@example.org").identifier("phone", "+391")
}

fn told(key: &str, kind: EventKind, when: Timestamp, channel: &str, message: &str) -> Event {
    let message = Message::new(message).purpose("marketing").about("news");
    Event::new("mailer", key, when, kind).channel(channel).message(message)
}

/// So many messages of which the first were opened, an hour apart, the last so many hours ago.
fn sent(channel: &str, answered: usize, sent: usize, hours: i64) -> Vec<Event> {
    (0..sent)
        .flat_map(|place| {
            let message = format!("{channel}-{place}");
            let when = ago(hours + place as i64);
            let opened = told(&format!("o-{message}"), EventKind::MessageOpened, when, channel, &message);
            let sent = told(&format!("s-{message}"), EventKind::MessageSent, when, channel, &message);
            [Some(sent), (place < answered).then_some(opened)]
        })
        .flatten()
        .collect()
}

fn said(key: &str, channel: &str, polarity: Polarity, context: &str) -> Event {
    let preference = Preference::new("Channel", channel, polarity, NotedBy::Customer).context(context);
    Event::new("app", key, ago(99), EventKind::Preference).preference(preference)
}

fn plan(events: &[Event], rules: &ContactRules, request: &ContactRequest) -> ContactPlan {
    let mut events: Vec<Arc<Event>> = events.iter().cloned().map(Arc::new).collect();
    let query = PreferenceQuery { context: request.about.clone(), ..PreferenceQuery::new().attribute("channel") };
    let stated = recall(&events, &query, request.now);
    let found = plan_contact(&events, &stated, rules, request).unwrap();
    events.reverse();
    events.extend(events.clone());
    assert_eq!(plan_contact(&events, &stated, rules, request).unwrap(), found, "another order, and twice");
    found
}

fn names(plan: &ContactPlan) -> Vec<&str> {
    plan.choices.iter().map(|choice| choice.channel.as_str()).collect()
}

fn choice<'a>(plan: &'a ContactPlan, channel: &str) -> &'a ChannelChoice {
    plan.choices.iter().find(|choice| choice.channel == channel).unwrap()
}

#[test]
fn channels_come_as_stated_then_by_answers_then_by_the_rules() {
    let nothing = plan(&[], &rules(), &request());
    assert_eq!(names(&nothing), ["email", "sms", "app"]);
    assert!(nothing.choices.iter().all(|choice| choice.because == ChoiceReason::Fallback && choice.rate.mean == 0.5));
    assert!(nothing.choices.iter().all(|choice| choice.not_before.is_none() && choice.hours.is_empty()));

    let liked = plan(&[said("1", " SMS ", Polarity::Like, "news")], &rules(), &request());
    assert_eq!(names(&liked), ["sms", "email", "app"]);
    assert!(matches!(&liked.choices[0].because, ChoiceReason::Stated(key) if key.key == "1"));
    let disliked = plan(&[said("1", "email", Polarity::Dislike, "")], &rules(), &request());
    assert_eq!(names(&disliked), ["sms", "app", "email"]);
    assert!(matches!(disliked.choices[2].because, ChoiceReason::Disliked(_)));
    let never = plan(&[said("1", "Email", Polarity::Never, "news")], &rules(), &request());
    assert_eq!(names(&never), ["sms", "app"]);
    assert!(matches!(&never.left_out[0].reason, ChannelLeftOutReason::Never(key) if key.key == "1"));
    // In a context below: nothing to put first, and still never.
    let below = [said("1", "sms", Polarity::Like, "news / sale"), said("2", "app", Polarity::Never, "news / sale")];
    assert_eq!(names(&plan(&below, &rules(), &request())), ["email", "sms"]);
    // In another: not recalled.
    assert_eq!(names(&plan(&[said("1", "sms", Polarity::Like, "order_ready")], &rules(), &request()))[0], "email");
    let pigeon = plan(&[said("1", "pigeon", Polarity::Like, "")], &rules(), &request());
    assert_eq!(pigeon.left_out[0].channel, "pigeon");
    assert!(matches!(pigeon.left_out[0].reason, ChannelLeftOutReason::Undeclared(_)));

    // By answers; what was never tried is expected to do as all together.
    let mut events = sent("sms", 1, 4, 1);
    let one = plan(&events, &rules(), &request());
    assert_eq!(names(&one), ["email", "sms", "app"], "a quarter each");
    assert!(one.choices.iter().all(|choice| (choice.rate.mean - 0.25).abs() < 1e-12));
    events.extend(sent("email", 0, 4, 1));
    let two = plan(&events, &rules(), &request());
    assert_eq!(names(&two), ["sms", "app", "email"]);
    assert_eq!((two.choices[0].rate.answered, two.choices[0].rate.sent), (1, 4));
    assert!((two.choices[0].rate.mean - (1.0 + 0.125) / 5.0).abs() < 1e-12);
    assert_eq!((&two.choices[0].because, &two.choices[1].because), (&ChoiceReason::Responses, &ChoiceReason::Fallback));
    // What others do counts as if it were one's own.
    let prior = plan(&events, &rules(), &request().prior("EMAIL", 6, 10));
    assert_eq!(names(&prior)[0], "email");
    let mean = (6.0 + 7.0 / 18.0) / 15.0;
    assert!((prior.choices[0].rate.mean - mean).abs() < 1e-12 && prior.choices[0].rate.sent == 4);
    // And what is stated precedes it all.
    events.push(said("1", "app", Polarity::Like, "news"));
    assert_eq!(names(&plan(&events, &rules(), &request()))[0], "app");
}

#[test]
fn a_message_is_one_whoever_tells_of_it() {
    let opened = |key: &str, kind| Event { channel: None, ..told(key, kind, ago(1), "", "m") };
    let events = [
        told("1", EventKind::MessageSent, ago(3), "sms", "m"),
        Event {
            key: onefold::RecordKey::new("gateway", "9"),
            ..told("1", EventKind::MessageSent, ago(2), "SMS", " m ")
        },
        told("2", EventKind::MessageDelivered, ago(2), "sms", "m"),
        opened("3", EventKind::MessageOpened),
        opened("4", EventKind::MessageClicked),
        told("5", EventKind::MessageSent, ago(-1), "sms", "later"),
        Event { message: None, ..told("6", EventKind::MessageSent, ago(1), "sms", "") },
        told("7", EventKind::View, ago(1), "sms", "no message on its way"),
    ];
    let plan_of = plan(&events, &rules(), &request());
    assert_eq!((choice(&plan_of, "sms").rate.answered, choice(&plan_of, "sms").rate.sent), (1, 1));
    // About something else: not counted, unless all messages are.
    let other = request().about("order_ready");
    assert_eq!(choice(&plan(&events, &rules(), &other), "sms").rate.sent, 0);
    let all = ContactRequest { about: None, ..request() };
    assert_eq!(choice(&plan(&events, &rules(), &all), "sms").rate.sent, 1);
    // Where no event names a channel, it is the source.
    let unnamed = [Event { channel: None, key: onefold::RecordKey::new("sms", "1"), ..events[0].clone() }];
    assert_eq!(choice(&plan(&unnamed, &rules(), &request()), "sms").rate.sent, 1);
}

#[test]
fn hours_are_those_of_the_customers_clock_and_shrunk_to_the_channel() {
    // 10:00Z and 09:00Z: noon and eleven in Rome.
    let events = sent("sms", 1, 2, 2);
    let rome = request().time_zone("Europe/Rome");
    let found = plan(&events, &rules(), &rome);
    let hours = &choice(&found, "sms").hours;
    let shown: Vec<_> = hours.iter().map(|hour| (hour.hour, hour.rate.answered, hour.rate.sent)).collect();
    assert_eq!(shown, [(11, 0, 1), (12, 1, 1)]);
    assert!((hours[1].rate.mean - (1.0 + 10.0 * 0.5) / 11.0).abs() < 1e-12);
    assert_eq!(choice(&found, "sms").best_hour().unwrap().hour, 12);
    let evening = ResponsePrior { channel: "sms".into(), hour: Some(19), answered: 90, sent: 100 };
    let found = plan(&events, &rules(), &ContactRequest { prior: vec![evening], ..rome });
    let best = choice(&found, "sms").best_hour().unwrap();
    assert_eq!((best.hour, best.rate.sent), (19, 0));
    assert!((choice(&found, "sms").rate.mean - 0.5).abs() < 1e-12, "an hour's prior is that hour's");
    assert!(choice(&found, "email").best_hour().is_none());
}

#[test]
fn the_contact_point_is_that_of_the_order_first() {
    let found = plan(&[], &rules(), &request().order_contact("phone", "+392").identifier("phone", "+393"));
    let sms = choice(&found, "sms").point.as_ref().unwrap();
    assert_eq!((sms.identifier.value.as_str(), sms.source), ("+392", PointSource::Order));
    let email = choice(&found, "email").point.as_ref().unwrap();
    assert_eq!((email.identifier.value.as_str(), email.source), ("ann@example.org", PointSource::Profile));
    assert!(choice(&found, "app").point.is_none());
    let found = plan(&[], &rules(), &ContactRequest::new("service", at(NOW)));
    assert_eq!(names(&found), ["app"]);
    assert!(found.left_out.iter().all(|out| out.reason == ChannelLeftOutReason::NoPoint) && found.left_out.len() == 2);
}

#[test]
fn a_channel_that_may_not_be_used_is_left_out_before_all_else() {
    let permission = |allowed, reason, because: &[&str]| {
        let because = because.iter().map(|key| RecordKey::new("web", *key)).collect();
        let consent =
            Effective { status: ConsentStatus::Unknown, since: None, expires: None, because, overruled: vec![] };
        Permission { allowed, reason, basis: LegalBasis::Consent, consent }
    };
    let no = permission(false, PermissionReason::Refused, &["c-1"]);
    let yes = permission(true, PermissionReason::Granted, &["c-2"]);
    let unsaid = permission(false, PermissionReason::Unknown, &[]);
    let asked = request().permission("SMS ", no.clone()).permission("email", yes.clone()).permission("fax", no.clone());
    // Not even where it is liked best, or has no identifier.
    let liked = [said("1", "sms", Polarity::Like, "news")];
    let found = plan(&liked, &rules(), &asked);
    assert_eq!((names(&found), found.left_out.len()), (vec!["email", "app"], 1));
    let out = |found: &ContactPlan| {
        let reasons: Vec<_> = found.left_out.iter().map(|out| &out.reason).collect();
        let found = reasons.iter().find_map(|reason| match reason {
            ChannelLeftOutReason::NotPermitted { reason, because } => Some((*reason, because.len())),
            _ => None,
        });
        found.unwrap()
    };
    assert_eq!(out(&found), (PermissionReason::Refused, 1));
    assert_eq!(out(&plan(&[], &rules(), &ContactRequest { identifiers: vec![], ..asked.clone() })).1, 1);
    let json = serde_json::to_value(&found.left_out).unwrap();
    assert_eq!(json[0]["reason"]["not_permitted"]["reason"], "refused");
    // All that is said of a channel must allow it; what is not named may be used.
    let both = request().permission("email", yes.clone()).permission("email", unsaid);
    assert_eq!(out(&plan(&[], &rules(), &both)), (PermissionReason::Unknown, 0));
    assert_eq!(plan(&[], &rules(), &request().permission("sms", yes)), plan(&[], &rules(), &request()));
}

#[test]
fn the_profile_says_which_channels_may_be_used_as_far_as_purposes_are_declared() {
    let builder = || {
        let policy = Policy::builder().identifier(IdentifierPolicy::new("customer_id", Role::Person));
        policy
            .identifier(IdentifierPolicy::new("email", Role::Contact))
            .identifier(IdentifierPolicy::new("phone", Role::Contact))
    };
    let declared = builder()
        .purpose(PurposePolicy::new("Marketing"))
        .purpose(PurposePolicy::new("service").basis(LegalBasis::Contract))
        .purpose(PurposePolicy::new("survey").basis(LegalBasis::LegitimateInterest));
    let [nothing, declared] = [builder(), declared].map(|policy| Resolver::in_memory(policy.build().unwrap()).unwrap());
    let people = [&nothing, &declared].map(|resolver| {
        let ann = Record::new("crm", "1", ago(200)).identifier("customer_id", "C1");
        let ann = resolver.add(ann.identifier("email", "a@x.org").identifier("phone", "+1")).unwrap().profile.unwrap();
        let told = |key: &str, hours, consent: Consent, kind: &str, value: &str| {
            resolver.add_event(Event::of_consent("web", key, ago(hours), consent).identifier(kind, value)).unwrap();
        };
        let (yes, no) = (ConsentStatus::Granted, ConsentStatus::Withdrawn);
        told("1", 9, Consent::new("marketing", yes).channel("email").expires(ago(-5)), "email", "a@x.org");
        told("2", 8, Consent::new("marketing", no).channel("SMS"), "phone", "+1");
        told("3", 7, Consent::new("service", no), "customer_id", "C1");
        told("4", 6, Consent::new("survey", no).channel("app"), "customer_id", "C1");
        ann
    });
    let open = |resolver: &Resolver, id, purpose: &str, hours: i64| {
        let request = ContactRequest::new(purpose, ago(hours));
        let found = resolver.contact_plan(id, &rules(), &request).unwrap().unwrap();
        let shut = found.left_out.iter().map(|out| match &out.reason {
            ChannelLeftOutReason::NotPermitted { reason, .. } => (out.channel.to_string(), *reason),
            other => panic!("{other:?}"),
        });
        (found.choices.iter().map(|choice| choice.channel.to_string()).collect::<Vec<_>>(), shut.collect::<Vec<_>>())
    };
    use PermissionReason::{Expired, Refused, Unknown};
    let row = |resolver: &Resolver, id, purpose: &str, hours, choices: &[&str], shut: &[(&str, PermissionReason)]| {
        let shut: Vec<_> = shut.iter().map(|(channel, reason)| ((*channel).to_owned(), *reason)).collect();
        let choices: Vec<_> = choices.iter().map(|channel| (*channel).to_owned()).collect();
        assert_eq!(open(resolver, id, purpose, hours), (choices, shut), "{purpose}, {hours} hours ago");
    };
    let [one, other] = people;
    // Where nothing is declared, only a refusal closes a channel.
    row(&nothing, one, "marketing", 0, &["email", "app"], &[("sms", Refused)]);
    row(&nothing, one, "marketing", -6, &["email", "app"], &[("sms", Refused)]);
    row(&nothing, one, "marketing", 8, &["email", "app"], &[("sms", Refused)]);
    row(&nothing, one, "marketing", 9, &["email", "sms", "app"], &[]);
    row(&nothing, one, "service", 0, &[], &[("email", Refused), ("sms", Refused), ("app", Refused)]);
    row(&nothing, one, "anything", 0, &["email", "sms", "app"], &[]);
    // Where something is, what is not needs consent.
    row(&declared, other, "marketing", 0, &["email"], &[("sms", Refused), ("app", Unknown)]);
    row(&declared, other, "marketing", -6, &[], &[("email", Expired), ("sms", Refused), ("app", Unknown)]);
    row(&declared, other, "service", 0, &["email", "sms", "app"], &[]);
    row(&declared, other, "survey", 0, &["email", "sms"], &[("app", Refused)]);
    row(&declared, other, "anything", 0, &[], &[("email", Unknown), ("sms", Unknown), ("app", Unknown)]);
}

fn cap(channel: Option<&str>, count: u32, days: u32) -> CapRule {
    CapRule { purpose: "Marketing".into(), channel: channel.map(Into::into), count, days }
}

#[test]
fn caps_count_messages_once_over_all_sources() {
    let row = |caps: &[CapRule], events: &[Event], expected: Option<(u64, &str)>| {
        let found = plan(events, &ContactRules { cap: caps.to_vec(), ..rules() }, &request());
        let sms = choice(&found, "sms");
        let capped = sms.capped.iter().max_by_key(|capped| capped.until.microseconds());
        assert_eq!(capped.map(|capped| (capped.sent, capped.until)), expected.map(|(sent, until)| (sent, at(until))));
        assert_eq!(sms.not_before, expected.map(|(_, until)| at(until)));
        assert!(found.best().is_none_or(|best| best.channel != "sms"), "e-mail is first");
    };
    let week = [cap(Some("sms"), 2, 7)];
    row(&week, &sent("sms", 0, 1, 1), None);
    // 11:00 and 10:00 today: the older leaves in a week.
    row(&week, &sent("sms", 0, 2, 1), Some((2, "2026-06-22T10:00:00Z")));
    // More than may be: until fewer are left than may be sent.
    row(&week, &sent("sms", 0, 4, 1), Some((4, "2026-06-22T10:00:00Z")));
    row(&[cap(Some("SMS"), 1, 7)], &sent("sms", 0, 4, 1), Some((4, "2026-06-22T11:00:00Z")));
    row(&week, &sent("email", 0, 4, 1), None);
    row(
        &[cap(None, 2, 7)],
        &[sent("email", 0, 1, 5), sent("sms", 0, 1, 1)].concat(),
        Some((2, "2026-06-22T07:00:00Z")),
    );
    // At the edge it has left.
    row(&[cap(Some("sms"), 1, 1)], &sent("sms", 0, 1, 24), None);
    row(&[cap(Some("sms"), 1, 1)], &sent("sms", 0, 1, 23), Some((1, "2026-06-15T13:00:00Z")));
    // Two sources, one message: at the older word. For something else, or on its way only: none.
    let two =
        [told("1", EventKind::MessageSent, ago(20), "sms", "m"), told("2", EventKind::MessageSent, ago(1), "sms", "m")];
    row(&[cap(Some("sms"), 1, 1)], &two, Some((1, "2026-06-15T16:00:00Z")));
    row(&week, &two, None);
    let service = Event { message: Some(Message::new("m").purpose("service")), ..two[0].clone() };
    row(&[cap(Some("sms"), 1, 1)], &[service], None);
    row(&[cap(Some("sms"), 1, 1)], &[Event { kind: EventKind::MessageDelivered, ..two[0].clone() }], None);
    row(&[cap(Some("sms"), 1, 1)], &[Event { at: ago(-1), ..two[0].clone() }], None);
    // Of two caps the later.
    let both = [cap(Some("sms"), 1, 1), cap(Some("sms"), 1, 7), cap(Some("sms"), 9, 7)];
    row(&both, &sent("sms", 0, 1, 1), Some((1, "2026-06-22T11:00:00Z")));
    let other = ContactRequest { purpose: "service".into(), ..request() };
    let capped = ContactRules { cap: both.to_vec(), ..rules() };
    assert!(choice(&plan(&sent("sms", 0, 1, 1), &capped, &other), "sms").capped.is_empty());
}

fn quiet(from: &str, until: &str) -> ContactRules {
    let mut rules = rules();
    rules.contact.quiet = Some(QuietHours { from: from.into(), until: until.into() });
    rules
}

/// When one may send at the earliest, if one asks then; none for at once.
fn earliest(rules: &ContactRules, zone: &str, now: Timestamp) -> Option<Timestamp> {
    let found = plan(&[], rules, &ContactRequest { now, ..request() }.time_zone(zone));
    assert_eq!(found.zone.source, ZoneSource::Customer);
    let email = choice(&found, "email");
    assert_eq!(email.quiet, email.not_before.is_some());
    email.not_before
}

#[test]
fn nobody_is_woken() {
    let row = |from: &str, until: &str, zone: &str, now: &str, expected: &str| {
        let expected = Some(expected).filter(|expected| !expected.is_empty()).map(at);
        assert_eq!(earliest(&quiet(from, until), zone, at(now)), expected, "{from} to {until}, {zone}, {now}");
    };
    let rome = "Europe/Rome";
    row("21:00", "08:00", rome, "2026-06-15T20:59:59+02:00", "");
    row("21:00", "08:00", rome, "2026-06-15T21:00:00+02:00", "2026-06-16T08:00:00+02:00");
    row("21:00", "08:00", rome, "2026-06-16T07:59:59+02:00", "2026-06-16T08:00:00+02:00");
    row("21:00", "08:00", rome, "2026-06-16T08:00:00+02:00", "");
    row("13:00", "15:00", rome, "2026-06-15T14:00:00+02:00", "2026-06-15T15:00:00+02:00");
    // Her clock, not ours.
    row("21:00", "08:00", "America/New_York", "2026-06-15T08:00:00+02:00", "2026-06-15T08:00:00-04:00");
    row("21:00", "08:00", "Asia/Kolkata", "2026-06-15T20:00:00+02:00", "2026-06-16T08:00:00+05:30");
    // Clocks are set forward over the end, from 2 to 3: it is when they are.
    row("22:00", "02:30", rome, "2026-03-29T00:00:00+01:00", "2026-03-29T03:00:00+02:00");
    row("02:15", "02:45", rome, "2026-03-29T01:59:59+01:00", "");
    // Clocks are set back over the end, from 3 to 2: it is the first, and quiet comes again.
    row("22:00", "02:30", rome, "2026-10-25T00:00:00+02:00", "2026-10-25T02:30:00+02:00");
    row("22:00", "02:30", rome, "2026-10-25T02:40:00+02:00", "");
    row("22:00", "02:30", rome, "2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00");
    row("02:30", "03:30", rome, "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00");
    // A day that never was: Samoa went over the date line.
    row("20:00", "09:00", "Pacific/Apia", "2011-12-29T23:00:00-10:00", "2011-12-31T09:00:00+14:00");

    let mut silent = quiet("21:00", "08:00");
    silent.channel.iter_mut().for_each(|channel| channel.silent = channel.name == "email");
    assert_eq!(earliest(&silent, rome, at("2026-06-15T23:00:00+02:00")), None);
    // After a cap it may be quiet again.
    let capped = ContactRules { cap: vec![cap(Some("sms"), 1, 1)], ..quiet("10:00", "11:30") };
    let found = plan(&sent("sms", 0, 1, 2), &capped, &request().time_zone("UTC"));
    let sms = choice(&found, "sms");
    assert_eq!((sms.not_before, sms.capped.len(), sms.quiet), (Some(at("2026-06-16T11:30:00Z")), 1, true));
}

#[test]
fn the_clock_is_the_customers_else_the_rules_else_the_last_deeds() {
    let mut of_rules = rules();
    of_rules.contact.time_zone = Some("Asia/Tokyo".into());
    let visit = Event::new("web", "v", at("2026-06-15T11:00:00+05:30"), EventKind::View);
    let mail = told("m", EventKind::MessageSent, at("2026-06-15T08:30:00-03:00"), "sms", "m");
    let later = Event::new("web", "l", at("2026-06-16T11:00:00+09:00"), EventKind::View);
    let events = [visit, mail, later];
    let row = |rules: &ContactRules, zone: Option<&str>, events: &[Event], offset: i32, source: &str| {
        let found = plan(events, rules, &ContactRequest { time_zone: zone.map(Into::into), ..request() }).zone;
        assert_eq!((found.offset_seconds, format!("{:?}", found.source).split('(').next().unwrap()), (offset, source));
        found.unknown
    };
    assert_eq!(row(&of_rules, Some("europe/rome"), &events, 7_200, "Customer"), None);
    assert_eq!(row(&of_rules, Some("Rome"), &events, 32_400, "Rules"), Some("Rome".into()));
    assert_eq!(row(&of_rules, None, &events, 32_400, "Rules"), None);
    row(&rules(), None, &events, 19_800, "LastEvent");
    assert_eq!(row(&rules(), Some("Etc/Unknown"), &[], 0, "Nothing"), Some("Etc/Unknown".into()));
}

#[test]
fn wrong_rules_are_refused_and_the_field_named() {
    let row = |change: &dyn Fn(&mut ContactRules), message: &str| {
        let mut wrong = quiet("21:00", "08:00");
        wrong.cap.push(cap(Some("sms"), 1, 1));
        assert!(wrong.check().is_ok());
        change(&mut wrong);
        let error = wrong.check().unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Config, message));
        let nothing = onefold::Preferences::default();
        assert_eq!(plan_contact(&[], &nothing, &wrong, &request()).unwrap_err().to_string(), message);
    };
    let quiet = |rules: &mut ContactRules, from: &str, until: &str| {
        rules.contact.quiet = Some(QuietHours { from: from.into(), until: until.into() });
    };
    row(&|rules| rules.channel[1].name = " ".into(), "policy field `channel[1].name`: is blank");
    row(&|rules| rules.channel[2].name = "Sms".into(), "policy field `channel[2].name`: `Sms` stands here twice");
    row(&|rules| rules.channel[1].kind = Some("".into()), "policy field `channel[1].kind`: is blank");
    let undeclared = "`fax` is not declared as a `[[channel]]`";
    row(
        &|rules| rules.contact.channels[1] = "fax".into(),
        &format!("policy field `contact.channels[1]`: {undeclared}"),
    );
    row(
        &|rules| rules.contact.channels[1] = "EMAIL".into(),
        "policy field `contact.channels[1]`: `EMAIL` stands here twice",
    );
    let zone = "policy field `contact.time_zone`: `CEST` is no time zone of the IANA (as `Europe/Rome`)";
    row(&|rules| rules.contact.time_zone = Some("CEST".into()), zone);
    for wrong in ["9pm", "24:00", "21:60", "21", "", "+1:00", "21:0"] {
        let message = format!("policy field `contact.quiet.from`: `{wrong}` is no time of day (as `21:00`)");
        row(&|rules| quiet(rules, wrong, "08:00"), &message);
    }
    row(
        &|rules| quiet(rules, "8:00", "08:00"),
        "policy field `contact.quiet.until`: is `from`: it would always be quiet",
    );
    row(&|rules| rules.cap[0].purpose = "".into(), "policy field `cap[0].purpose`: is blank");
    row(&|rules| rules.cap[0].channel = Some("fax".into()), &format!("policy field `cap[0].channel`: {undeclared}"));
    row(
        &|rules| rules.cap[0].count = 0,
        "policy field `cap[0].count`: must be 1 or more; where nothing may be sent, there is no channel",
    );
    for days in [0, 3661] {
        row(&|rules| rules.cap[0].days = days, "policy field `cap[0].days`: must be from 1 to 3660");
    }
    let read = |text: &str| toml::from_str::<ContactRules>(text).is_err();
    assert!(read("[contact]\nquiet_hours = 1") && read("[[cap]]\npurpose = \"x\"") && !read(""));
    let written = toml::to_string(&rules()).unwrap();
    assert_eq!(toml::from_str::<ContactRules>(&written).unwrap(), rules());
}

#[test]
fn debug_shows_nobody() {
    let request = request().time_zone("Europe/Rome");
    let found = plan(&sent("sms", 1, 2, 1), &rules(), &request);
    let shown = format!("{request:?} {found:?}");
    assert!(!["ann@", "+391", "Rome", "sms-"].iter().any(|word| shown.contains(word)), "{shown}");
    assert!(serde_json::to_string(&found).unwrap().contains("ann@example.org"));
}

const ZONES: [&str; 5] =
    ["Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata"];

/// Message, minutes before now, what is told, source, channel.
type Word = (u8, i64, usize, u8, usize);

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Minute by minute, around the times at which clocks are set.
    #[test]
    fn quiet_ends_where_the_clock_says_so(
        zone in 0..ZONES.len(),
        change in 0..4_usize,
        minutes in -2_000..600_i64,
        from in 0..1_440_i64,
        length in 1..1_440_i64,
    ) {
        let known = jiff::tz::TimeZoneDatabase::bundled().get(ZONES[zone]).unwrap();
        let start = "2025-12-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
        let change = known.following(start).nth(change).map_or(start, |change| change.timestamp());
        let mut now = change.as_second() / 60 + minutes;
        let until = (from + length) % 1_440;
        let is_quiet = |minute: i64| {
            let clock = known.to_datetime(jiff::Timestamp::from_second(minute * 60).unwrap());
            let past = (i64::from(clock.hour()) * 60 + i64::from(clock.minute()) - from).rem_euclid(1_440);
            past < length
        };
        let asked = Timestamp::from_milliseconds(now * 60_000).unwrap();
        let clock = |minutes: i64| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let found = earliest(&quiet(&clock(from), &clock(until)), ZONES[zone], asked);
        let waits = is_quiet(now);
        while is_quiet(now) {
            now += 1;
        }
        prop_assert_eq!(found.map(|found| found.microseconds()), waits.then_some(now * 60_000_000));
    }

    /// By the definition, and whatever the order.
    #[test]
    fn messages_are_counted_once_in_any_order(
        words in prop::collection::vec((0..4_u8, 0..6_000_i64, 0..4_usize, 0..2_u8, 0..2_usize), 0..12),
        count in 1..4_u32,
    ) {
        let kinds = [EventKind::MessageSent, EventKind::MessageDelivered, EventKind::MessageOpened, EventKind::MessageClicked];
        let channels = ["sms", "email"];
        let minute = |ago: i64| Timestamp::from_microseconds(at(NOW).microseconds() - ago * 60_000_000).unwrap();
        let event = |(place, (message, ago, kind, source, channel)): (usize, &Word)| {
            let event = told(&place.to_string(), kinds[*kind].clone(), minute(*ago), channels[*channel], &message.to_string());
            Event { key: onefold::RecordKey::new(source.to_string(), place.to_string()), ..event }
        };
        let events: Vec<Event> = words.iter().enumerate().map(event).collect();
        let found = plan(&events, &ContactRules { cap: vec![cap(Some("sms"), count, 2)], ..rules() }, &request());
        let sms = choice(&found, "sms");

        let through: BTreeSet<u8> = words.iter().filter(|word| word.4 == 0).map(|word| word.0).collect();
        let answered = through.iter().filter(|message| words.iter().any(|word| word.0 == **message && word.2 > 1)).count();
        prop_assert_eq!((sms.rate.answered, sms.rate.sent), (answered as u64, through.len() as u64));
        let oldest = |message: &u8| words.iter().filter(|word| word.0 == *message && word.2 == 0).map(|word| word.1).max();
        let mut within: Vec<i64> = through.iter().filter_map(oldest).filter(|ago| *ago < 2 * 1_440).collect();
        within.sort_unstable();
        // The one that must leave: of the newest so many the oldest.
        let leaves = within.get(count as usize - 1).map(|ago| minute(*ago - 2 * 1_440).microseconds());
        prop_assert_eq!(sms.capped.first().map(|capped| capped.until.microseconds()), leaves);
    }
}

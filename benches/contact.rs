//! What does it cost to plan a contact, caps over the whole profile included, where many messages were sent, beside
//! counting their times in a list?
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use criterion::{Criterion, criterion_group, criterion_main};
use onefold::{
    CapRule, ChannelRule, ContactRequest, ContactRules, Event, EventKind, Identifier, Ingest, Message, Policy, Record,
    Resolver, Timestamp, plan_contact, recall,
};
use std::hint::black_box;

const MESSAGES: i64 = 2_000;
const DAY: i64 = 86_400_000_000;

/// Two thirds of a day after each other.
fn at(message: i64) -> Timestamp {
    Timestamp::from_microseconds(20_454 * DAY + message * DAY * 2 / 3).unwrap()
}

/// Messages to an address, a number and an app, one in four opened.
fn messages() -> Vec<Event> {
    let told = |number: i64, name: &str, kind| {
        let (channel, holder) = match number % 3 {
            0 => ("email", Identifier::new("email", "ann@post.example.org")),
            1 => ("sms", Identifier::new("phone", "+390612345678")),
            _ => ("app", Identifier::new("customer_id", "A")),
        };
        let purpose = if number % 5 == 0 { "service" } else { "marketing" };
        Event::new("crm", format!("{name}-{number}"), at(number), kind)
            .identifier(holder.kind, holder.value)
            .channel(channel)
            .message(Message::new(format!("m-{number}")).purpose(purpose).about("news"))
    };
    let sent = (0..MESSAGES).map(|number| told(number, "sent", EventKind::MessageSent));
    let opened = (0..MESSAGES).step_by(4).map(|number| told(number, "opened", EventKind::MessageOpened));
    sent.chain(opened).collect()
}

fn rules() -> ContactRules {
    let channel =
        |name: &str, kind: &str| ChannelRule { name: name.into(), kind: Some(kind.into()), silent: name == "email" };
    let cap = |channel: Option<&str>, count, days| CapRule {
        purpose: "marketing".into(),
        channel: channel.map(Into::into),
        count,
        days,
    };
    ContactRules {
        channel: vec![channel("email", "email"), channel("sms", "phone"), channel("app", "customer_id")],
        cap: vec![cap(None, 3, 7), cap(Some("sms"), 1, 2), cap(Some("email"), 60, 365)],
        ..ContactRules::default()
    }
}

/// The bare work: times in three windows.
fn counted(times: &[(i64, bool, &str)], now: i64) -> [usize; 3] {
    [(7, None), (2, Some("sms")), (365, Some("email"))].map(|(days, channel)| {
        let within = |(at, is_marketing, through): &&(i64, bool, &str)| {
            *is_marketing && *at > now - days * DAY && channel.is_none_or(|channel| channel == *through)
        };
        times.iter().filter(within).count()
    })
}

fn bench(criterion: &mut Criterion) {
    let events = messages();
    let now = at(MESSAGES).microseconds();
    let mut group = criterion.benchmark_group(format!("caps/{MESSAGES} messages"));
    let times: Vec<(i64, bool, &str)> = events
        .iter()
        .filter(|event| event.kind == EventKind::MessageSent)
        .map(|event| {
            let is_marketing = event.message.as_ref().unwrap().purpose.as_deref() == Some("marketing");
            (event.at.microseconds(), is_marketing, event.channel.as_deref().unwrap())
        })
        .collect();
    group.bench_function("bare", |bencher| bencher.iter(|| counted(black_box(&times), now)));
    let shared: Vec<_> = events.iter().cloned().map(Into::into).collect();
    group.bench_function("plan_contact alone", |bencher| {
        let (rules, request) = (rules(), ContactRequest::new("marketing", at(MESSAGES)));
        let stated = recall(&[], &Default::default(), at(MESSAGES));
        bencher.iter(|| plan_contact(&shared, &stated, &rules, &request).unwrap());
    });
    group.finish();
    of_store(criterion, "memory", &Resolver::in_memory(Policy::retail()).unwrap());
    #[cfg(feature = "durable")]
    {
        let folder = tempfile::tempdir().unwrap();
        let store = std::sync::Arc::new(onefold::Durable::open(folder.path().join("store")).unwrap());
        let options = onefold::Options::default();
        of_store(criterion, "durable", &Resolver::open(store, Policy::retail(), options).unwrap());
    }
}

fn of_store(criterion: &mut Criterion, name: &str, resolver: &Resolver) {
    let (rules, request) = (rules(), ContactRequest::new("marketing", at(MESSAGES)));
    let ann = Record::new("crm", "A", at(-1)).identifier("customer_id", "A").attribute("given_name", "Ann");
    let ann = ann.identifier("email", "ann@post.example.org").identifier("phone", "+390612345678");
    let id = resolver.add(ann).unwrap().profile.unwrap();
    let bought = Event::new("pos", "1", at(-1), EventKind::Purchase).identifier("customer_id", "A");
    resolver.add_event(bought).unwrap();
    resolver.add_events(messages(), Ingest::default()).unwrap();
    let plan = |request| resolver.contact_plan(id, &rules, request).unwrap().unwrap();
    assert!(plan(&request).choices.iter().any(|choice| choice.capped.len() > 1), "caps are reached");

    let mut group = criterion.benchmark_group(format!("caps/{MESSAGES} messages in {name}"));
    group.bench_function("contact plan", |bencher| bencher.iter(|| plan(&request)));
    let zoned = request.clone().time_zone("Europe/Rome");
    group.bench_function("contact plan, the time zone told", |bencher| bencher.iter(|| plan(&zoned)));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);

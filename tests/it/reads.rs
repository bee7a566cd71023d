//! What a resolver recalls, what was bought, who may be reached and who was recognised: as the pure functions find it of
//! the events that brute force attributes to each profile.

use crate::consents;
use crate::deeds::home;
use crate::model::{Evidence, Key, Person, Standing};
use crate::properties::config;
use crate::script::{self, Call, Script};
use crate::subject;
use crate::tablet;
use crate::world::{self, Picture, World};
use onefold::{
    CapRule, ChannelLeftOutReason, ChannelRule, ConsentQuery, ConsentStatus, ContactPlan, ContactRequest, ContactRules,
    Effective, Event, EventKind, LegalBasis, Line, Operation, Order, OrderSearch, OrderStatus, Permission,
    PermissionReason, PreferenceQuery, Preferences, PurposePolicy, Recognition, RecordKey, Resolver, Role, SmolStr,
    Timestamp, Touches, Verification, orders, plan_contact, recall, touches,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All that is folded of events.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reads {
    people: BTreeMap<Person, Folded>,
    /// At all times, and until now.
    recognition: [Recognition; 2],
    /// Whose each order is.
    owners: BTreeMap<&'static str, Option<Person>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Folded {
    preferences: Preferences,
    orders: Vec<Order>,
    issues: Vec<String>,
    /// The first and the last, as a file has them.
    touches: [Option<String>; 2],
    plan: ContactPlan,
    consents: Vec<consents::Held>,
}

const ORDERS: [&str; 4] = ["o1", "o2", "a", "b"];

/// Some events are later than this.
fn now() -> Timestamp {
    "2026-01-06T10:03:00Z".parse().unwrap()
}

fn wish() -> PreferenceQuery {
    PreferenceQuery::new().context("order_ready")
}

fn rules() -> ContactRules {
    let channel = |name: &str| ChannelRule { name: name.into(), kind: None, silent: false };
    let cap = |count| CapRule { purpose: "marketing".into(), channel: None, count, days: 2 };
    ContactRules { channel: vec![channel("email"), channel("sms")], cap: vec![cap(1), cap(2)], ..Default::default() }
}

fn request() -> ContactRequest {
    ContactRequest::new("marketing", now()).about("order_ready")
}

/// What a resolver reads.
pub(crate) fn of(resolver: &Resolver) -> Reads {
    let view = resolver.view().unwrap();
    let people = subject::people(resolver);
    let read = |(id, person): (&_, &Person)| {
        let bought = view.orders(*id, now()).unwrap().unwrap();
        let folded = Folded {
            preferences: view.preferences(*id, &wish(), now()).unwrap().unwrap(),
            orders: bought.orders,
            issues: bought.issues.iter().map(|issue| format!("{issue:?}")).collect(),
            touches: told(view.touches(*id, now()).unwrap().unwrap()),
            plan: view.contact_plan(*id, &rules(), &request()).unwrap().unwrap(),
            consents: consents::queries()
                .iter()
                .map(|query| view.effective_consent(*id, query, now()).unwrap().unwrap())
                .map(|found| (found.status, found.because, found.overruled))
                .collect(),
        };
        (person.clone(), folded)
    };
    let owner = |name: &'static str| {
        let found = view.find_orders(&OrderSearch::Order(name.into()), Verification::SignedIn, now()).unwrap();
        assert_eq!(found.profile.is_some(), found.orders.len() == 1, "an order has one owner");
        if let Some(id) = found.profile {
            let all = view.orders_shown(id, Verification::SignedIn, now()).unwrap().unwrap();
            assert!(all.contains(&found.orders[0]), "by itself an order is what it is among all");
        }
        (name, found.profile.map(|id| people[&id].clone()))
    };
    Reads {
        people: people.iter().map(read).collect(),
        recognition: [None, Some(now())].map(|until| view.recognition(None, until).unwrap()),
        owners: ORDERS.into_iter().map(owner).collect(),
    }
}

fn told(touches: Touches) -> [Option<String>; 2] {
    [touches.first, touches.last].map(|event| Some(Operation::Event(Box::new(Event::clone(&*event?))).to_json()))
}

/// What is to be read, by brute force.
fn naive(world: &World) -> Reads {
    let picture = world.picture();
    let owners = owners(world, &picture);
    let read = |person: &Person| {
        let theirs = events(world, |key| picture.attributed.get(key) == Some(person));
        let past: Vec<Arc<Event>> = theirs.iter().filter(|event| is_past(event)).cloned().collect();
        let owner = |event: &Event| order_of(world, event).and_then(|id| owners.get(&id));
        let others = events(world, |key| picture.attributed.contains_key(key));
        let bought = |event: &&Arc<Event>| match owner(event) {
            Some(owner) => owner == person,
            None => picture.attributed.get(&world::key(&event.key)) == Some(person),
        };
        let bought: Vec<Arc<Event>> = others.iter().filter(|event| is_past(event)).filter(bought).cloned().collect();
        let (orders, issues) = orders(&bought, |event| order_of(world, event));
        let channels = recall(&theirs, &wish().attribute("channel").purpose("marketing"), now());
        let folded = Folded {
            preferences: recall(&theirs, &wish(), now()),
            orders,
            issues: issues.iter().map(|issue| format!("{issue:?}")).collect(),
            touches: told(touches(&past)),
            plan: plan_contact(&theirs, &channels, &rules(), &permitted(world, &picture, person)).unwrap(),
            consents: consents::queries()
                .iter()
                .map(|query| consents::held(world, &picture, person, query, now()))
                .collect(),
        };
        (person.clone(), folded)
    };
    let recognised = |until: Option<Timestamp>| {
        let mut recognition = Recognition::new();
        for (key, event) in &world.events {
            if until.is_some_and(|until| event.at.microseconds() >= until.microseconds()) {
                continue;
            }
            match picture.attributed.get(key).is_some_and(|person| is_known(world, &picture, person)) {
                true => recognition.recognised(event),
                false => recognition.unrecognised(event),
            }
        }
        recognition
    };
    Reads {
        people: picture.people.iter().map(read).collect(),
        recognition: [None, Some(now())].map(recognised),
        owners: ORDERS.into_iter().map(|name| (name, owners.get(name).cloned())).collect(),
    }
}

/// The request, with what a person allows of each channel: where the policy declares the purpose, it needs a yes, and
/// where it declares none, nobody may have said no.
fn permitted(world: &World, picture: &Picture, person: &Person) -> ContactRequest {
    rules().channel.iter().fold(request(), |request, channel| {
        let query = ConsentQuery::new("marketing").channel(channel.name.clone());
        let (status, because, overruled) = consents::held(world, picture, person, &query, now());
        let (refused, unsaid) = (PermissionReason::Refused, PermissionReason::Unknown);
        let (needs, reason) = match status {
            ConsentStatus::Granted => (false, PermissionReason::Granted),
            ConsentStatus::Denied | ConsentStatus::Withdrawn => (true, refused),
            ConsentStatus::Expired => (!world.policy.purpose.is_empty(), PermissionReason::Expired),
            ConsentStatus::Unknown => (!world.policy.purpose.is_empty(), unsaid),
        };
        let consent = Effective { status, since: None, expires: None, because, overruled };
        let permission = Permission { allowed: !needs, reason, basis: LegalBasis::Consent, consent };
        request.permission(channel.name.clone(), permission)
    })
}

fn events(world: &World, which: impl Fn(&Key) -> bool) -> Vec<Arc<Event>> {
    world.events.iter().filter(|(key, _)| which(key)).map(|(_, event)| Arc::new(event.clone())).collect()
}

fn is_past(event: &Event) -> bool {
    event.at.microseconds() <= now().microseconds()
}

/// The order that an event belongs to. The kinds of scripts trim, and nothing else.
fn order_of(world: &World, event: &Event) -> Option<SmolStr> {
    let named = event.order.as_deref().map(str::trim).filter(|name| *name != "null");
    let carried = || {
        let kind = world.policy.event.order.as_ref()?;
        let place = world.policy.identifier.iter().position(|rule| rule.kind == *kind)?;
        let values = world::values(&world.policy, &event.identifiers);
        values.into_iter().find(|(known, _)| *known == place).map(|(_, value)| SmolStr::from(value))
    };
    named.map(SmolStr::from).or_else(carried)
}

/// Whose each order is: whose the oldest purchase is that says what was bought.
fn owners(world: &World, picture: &Picture) -> BTreeMap<SmolStr, Person> {
    let age = |event: &Event| (event.at.microseconds(), world::key(&event.key));
    let mut purchases: Vec<&Event> = world.events.values().filter(|event| event.kind == EventKind::Purchase).collect();
    purchases.retain(|event| is_past(event) && picture.attributed.contains_key(&world::key(&event.key)));
    purchases.sort_by_key(|event| (event.lines.is_empty(), age(event)));
    let mut owners = BTreeMap::new();
    for purchase in purchases {
        let Some(id) = order_of(world, purchase) else { continue };
        owners.entry(id).or_insert_with(|| picture.attributed[&world::key(&purchase.key)].clone());
    }
    owners
}

/// Whether a number of theirs or a way to reach them is known that means something.
fn is_known(world: &World, picture: &Picture, person: &Person) -> bool {
    let identifiers = |evidence: &Evidence| match evidence {
        Evidence::Record(key) => world::values(&world.policy, &world.records[key].identifiers),
        Evidence::Event(key) => world::values(&world.policy, &world.events[key].identifiers),
    };
    person.iter().flat_map(identifiers).any(|(kind, value)| {
        let rule = &world.policy.identifier[kind];
        let (standing, _) = &picture.values[&(rule.kind.to_string(), value)];
        matches!(rule.role, Role::Person | Role::Contact) && *standing != Standing::Generic
    })
}

/// Scripts that begin with much that is bought, given back, wished for, sent and allowed.
fn scripts() -> impl Strategy<Value = Script> {
    let told = vec(consents::told_of_somebody(), 0..6);
    (tablet::happenings(0..12), vec(busy(), 4..16), told).prop_map(|(mut script, events, told)| {
        // Some declare what they use data for.
        if events.len() % 6 == 0 {
            script.policy.purpose = vec![PurposePolicy::new("Marketing")];
        }
        script.calls.insert(0, Call::AddEvents(events.into_iter().chain(told).collect(), 5));
        script
    })
}

fn busy() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![
        4 => Just(EventKind::Purchase), 2 => Just(EventKind::Return), 2 => Just(EventKind::MessageSent),
        1 => Just(EventKind::MessageOpened)
    ];
    let order = option::weighted(0.5, select(&["o1", "a"][..]));
    let said = (script::said(), any::<bool>());
    (tablet::happened(), kind, order, said).prop_map(|(event, kind, order, ((preference, message), bare))| {
        let lines = if bare { Vec::new() } else { vec![Line::new("sku-1")] };
        let (order, preference) = (order.map(SmolStr::from), preference.map(Box::new));
        Event { kind, order, preference, message, lines, ..event }
    })
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn what_is_read_is_the_fold_of_what_was_done_after_every_call(script in scripts()) {
        let (resolver, mut world) = (Resolver::in_memory(script.policy.clone()).unwrap(), World::new(script.policy.clone()));
        for call in &script.calls {
            subject::call(&resolver, call);
            world.call(call);
            prop_assert_eq!(of(&resolver), naive(&world), "after {:?}", call);
        }
    }
}

/// What the property is for, and in how many of the pictures it is seen at least.
const WANTED: [(&str, u64); 11] = [
    ("a statement that is not of the profile of its trail", 40),
    ("an order of which another profile has an event", 80),
    ("an order by the value of an identifier", 20),
    ("a return that takes something out", 35),
    ("a cap that is reached", 80),
    ("a purchase of the future", 300),
    ("a refusal that holds", 60),
    ("a refusal that was overruled", 15),
    ("a channel that a refusal closes", 60),
    ("a channel that wants a yes", 60),
    ("a channel that a yes opens", 15),
];

#[test]
fn scripts_reach_what_is_read() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for _ in 0..120 {
        let script = scripts().new_tree(&mut runner).unwrap().current();
        let mut world = World::new(script.policy.clone());
        for call in &script.calls {
            world.call(call);
            let there = states(&world);
            for ((state, _), _) in WANTED.iter().zip(there).filter(|(_, there)| *there) {
                *seen.entry(state).or_default() += 1;
            }
        }
    }
    for (state, least) in WANTED {
        let times = seen.get(state).copied().unwrap_or_default();
        assert!(times >= least, "{state}: {times} of {least}, of {seen:#?}");
    }
}

/// Which of the wanted states there are.
fn states(world: &World) -> [bool; 11] {
    let (picture, reads) = (world.picture(), naive(world));
    let whose = |key: &RecordKey| picture.attributed.get(&world::key(key));
    let elsewhere = |(key, event): (&Key, &Event)| {
        let moved = picture.attributed.get(key).is_some_and(|whose| home(&picture, key) != Some(whose));
        moved && event.preference.is_some()
    };
    let orders =
        || reads.people.iter().flat_map(|(person, folded)| folded.orders.iter().map(move |order| (person, order)));
    let shared = |(person, order): (&Person, &Order)| {
        order.also.iter().chain(&order.returns).any(|key| whose(key).is_some_and(|other| other != person))
    };
    let carried =
        |(_, order): (&Person, &Order)| order.id.is_some() && world.events[&world::key(&order.because)].order.is_none();
    let back = |(_, order): (&Person, &Order)| order.status != OrderStatus::Bought;
    let closed = |reason: PermissionReason| {
        let closes = |reached: &ChannelLeftOutReason| matches!(reached, ChannelLeftOutReason::NotPermitted { reason: found, .. } if *found == reason);
        reads.people.values().flat_map(|folded| &folded.plan.left_out).any(|out| closes(&out.reason))
    };
    let opened = |folded: &Folded| !folded.plan.choices.is_empty() && !world.policy.purpose.is_empty();
    let capped = |folded: &Folded| folded.plan.choices.iter().any(|choice| !choice.capped.is_empty());
    [
        world.events.iter().any(elsewhere),
        orders().any(shared),
        orders().any(carried),
        orders().any(back),
        reads.people.values().any(capped),
        world.events.values().any(|event| event.kind == EventKind::Purchase && !is_past(event)),
        reads.people.values().flat_map(|folded| &folded.consents).any(|held| held.0 == ConsentStatus::Denied),
        reads.people.values().flat_map(|folded| &folded.consents).any(|held| !held.2.is_empty()),
        closed(PermissionReason::Refused),
        closed(PermissionReason::Unknown),
        reads.people.values().any(opened),
    ]
}

//! What events are looked up by.

use crate::event::{Event, EventKind};
use crate::id::{Seed, TopicHash};
use crate::normalise::{order_key, order_name};
use smallvec::SmallVec;

const TOPIC: u8 = 20;

/// What an event is looked up by. It is evidence: no policy has a say in it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Topic<'a> {
    /// It states a preference.
    Statement,
    /// It is a purchase or a return.
    Trade,
    /// It is a search, a cart or a refusal.
    Attention,
    /// It tells of a message on its way.
    Message,
    /// It tells what was allowed or refused.
    Consent,
    /// It names an order: all spellings that a policy may take for one id.
    Order(&'a str),
}

/// Hashes a topic.
pub(crate) fn hash_topic(seed: Seed, topic: Topic<'_>) -> TopicHash {
    let hash = |parts: &[&[u8]]| TopicHash(seed.hash_parts(TOPIC, parts));
    match topic {
        Topic::Statement => hash(&[b"statement"]),
        Topic::Trade => hash(&[b"trade"]),
        Topic::Attention => hash(&[b"attention"]),
        Topic::Message => hash(&[b"message"]),
        Topic::Consent => hash(&[b"consent"]),
        Topic::Order(id) => hash(&[b"order", order_key(id).as_bytes()]),
    }
}

/// The topics of an event. O(length of its order id).
pub(crate) fn topics(seed: Seed, event: &Event) -> SmallVec<[TopicHash; 2]> {
    let order = order_name(event);
    let mut topics: SmallVec<[Topic<'_>; 4]> = SmallVec::new();
    if event.preference.is_some() {
        topics.push(Topic::Statement);
    }
    if event.consent.is_some() {
        topics.push(Topic::Consent);
    }
    match event.kind {
        EventKind::Purchase | EventKind::Return => topics.push(Topic::Trade),
        EventKind::Search | EventKind::Cart | EventKind::Rejected => topics.push(Topic::Attention),
        _ if event.kind.is_of_message() => topics.push(Topic::Message),
        _ => {}
    }
    topics.extend(order.as_deref().map(Topic::Order));
    topics.into_iter().map(|topic| hash_topic(seed, topic)).collect()
}

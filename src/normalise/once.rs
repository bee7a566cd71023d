//! Events in one order, each once.

use crate::event::Event;
use crate::record::RecordKey;
use ahash::AHashMap;
use std::sync::Arc;

/// The events ordered by time, source and key, each key once: of several versions the one that replaces the others.
/// O(n log n).
pub(crate) fn each_once(events: &[Arc<Event>]) -> Vec<&Arc<Event>> {
    let mut sorted: Vec<&Arc<Event>> = standing(events).collect();
    sorted.sort_by(|a, b| a.by_time(b));
    sorted
}

/// The events, of several versions of one key the one that stands.
pub(crate) fn standing(events: &[Arc<Event>]) -> impl Iterator<Item = &Arc<Event>> {
    let mut newest: AHashMap<&RecordKey, &Arc<Event>> = AHashMap::with_capacity(events.len());
    for event in events {
        newest
            .entry(&event.key)
            .and_modify(|known| {
                if event.supersedes(known) {
                    *known = event;
                }
            })
            .or_insert(event);
    }
    // In the order in which they came, which is the order of time as a rule: days are counted faster so.
    events.iter().filter(move |event| match newest.get(&event.key) {
        Some(stands) if Arc::ptr_eq(stands, event) => newest.remove(&event.key).is_some(),
        _ => false,
    })
}

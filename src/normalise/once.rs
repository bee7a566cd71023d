//! Events in one order, each once.

use crate::event::Event;
use std::sync::Arc;

/// The events ordered by time, source and key, each key once: of several versions the one that replaces the others.
/// O(n log n).
pub(crate) fn each_once(events: &[Arc<Event>]) -> Vec<&Arc<Event>> {
    let mut sorted: Vec<&Arc<Event>> = events.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    sorted.dedup_by(|next, kept| {
        let same = next.key == kept.key;
        if same && !Arc::ptr_eq(next, kept) && next.supersedes(kept) {
            *kept = next;
        }
        same
    });
    sorted.sort_by(|a, b| (a.at.microseconds(), &a.key).cmp(&(b.at.microseconds(), &b.key)));
    sorted
}

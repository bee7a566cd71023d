//! The first and the last touch.

use crate::event::Event;
use std::sync::Arc;

/// The ends of a time line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Touches {
    /// The oldest event.
    pub first: Option<Arc<Event>>,
    /// The newest event.
    pub last: Option<Arc<Event>>,
}

/// Finds the oldest and the newest of events in any order: by time, then source and key. O(n).
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, touches};
/// use std::sync::Arc;
/// let event = |at: &str, kind| Ok::<_, onefold::Error>(Arc::new(Event::new("web", at, at.parse()?, kind)));
/// let events = [event("2026-01-06T10:00:00Z", EventKind::Cart)?, event("2026-01-05T10:00:00Z", EventKind::Search)?];
/// let touches = touches(&events);
/// assert_eq!(touches.first.unwrap().kind, EventKind::Search);
/// assert_eq!(touches.last.unwrap().kind, EventKind::Cart);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn touches(events: &[Arc<Event>]) -> Touches {
    let by_time = |a: &&Arc<Event>, b: &&Arc<Event>| a.by_time(b);
    Touches { first: events.iter().min_by(by_time).cloned(), last: events.iter().max_by(by_time).cloned() }
}

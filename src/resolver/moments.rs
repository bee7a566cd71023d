//! When things happened: the events of a trail, read in order and looked up by time.

use crate::error::Result;
use crate::event::Event;
use crate::id::RecordNumber;
use crate::record::Moment;
use crate::stitch::Claimed;
use crate::store::{EventPlace, Node, Snapshot, Trail, Vertex};
use smol_str::SmolStr;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Events of a trail that are read at a time.
pub(super) const PAGE: usize = 256;

/// Visits the events of a trail of some time, the newest first. O(events).
pub(super) fn each_event(
    snapshot: &dyn Snapshot,
    trail: RecordNumber,
    times: RangeInclusive<i64>,
    visit: &mut dyn FnMut(EventPlace, Arc<Event>) -> Result<()>,
) -> Result<()> {
    let (since, mut until) = times.into_inner();
    let mut after = None;
    loop {
        let page = snapshot.event_page(trail, since..=until, after, PAGE)?;
        let last = page.last().map(|(place, _)| *place).filter(|_| page.len() == PAGE);
        page.into_iter().try_for_each(|(place, event)| visit(place, event))?;
        match last {
            Some(place) => (until, after) = (place.at, Some(place.key)),
            None => return Ok(()),
        }
    }
}

/// The newest event of a trail that is not after a moment. O(log of its events), and the events of that microsecond.
pub(super) fn event_before(
    snapshot: &dyn Snapshot,
    trail: RecordNumber,
    source: &SmolStr,
    moment: &Claimed,
) -> Result<Option<Claimed>> {
    let not_after = |event: &Moment| Claimed::by_event(source, event) <= *moment;
    if let Some(event) = among(snapshot, trail, moment.at, |best, event| not_after(event) && best < Some(event))? {
        return Ok(Some(Claimed::by_event(source, &event)));
    }
    let Some(before) = moment.at.checked_sub(1) else { return Ok(None) };
    event_by(snapshot, trail, source, before)
}

/// The newest event of a trail that happened by some time, its microsecond included.
pub(super) fn event_by(
    snapshot: &dyn Snapshot,
    trail: RecordNumber,
    source: &SmolStr,
    at: i64,
) -> Result<Option<Claimed>> {
    Ok(newest_by(snapshot, trail, at)?.map(|event| Claimed::by_event(source, &event)))
}

/// The newest event of a trail.
pub(super) fn newest(snapshot: &dyn Snapshot, trail: RecordNumber) -> Result<Option<Moment>> {
    newest_by(snapshot, trail, i64::MAX)
}

fn newest_by(snapshot: &dyn Snapshot, trail: RecordNumber, at: i64) -> Result<Option<Moment>> {
    match snapshot.event_page(trail, i64::MIN..=at, None, 1)?.first() {
        Some((place, _)) => among(snapshot, trail, place.at, |best, event| best < Some(event)),
        None => Ok(None),
    }
}

/// The oldest event of a trail that has none before a time, and some not after another. O(log of the time between them)
/// look-ups: pages go from the newest to the oldest.
pub(super) fn oldest(snapshot: &dyn Snapshot, trail: RecordNumber, since: i64, until: i64) -> Result<Option<Moment>> {
    let (mut low, mut high) = (since, until);
    while low < high {
        let middle = low.midpoint(high);
        if snapshot.event_page(trail, since..=middle, None, 1)?.is_empty() {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    among(snapshot, trail, low, |best, event| best.is_none_or(|best| event < best))
}

/// The best of the events of one microsecond.
fn among(
    snapshot: &dyn Snapshot,
    trail: RecordNumber,
    at: i64,
    is_better: impl Fn(Option<&Moment>, &Moment) -> bool,
) -> Result<Option<Moment>> {
    let mut best = None;
    each_event(snapshot, trail, at..=at, &mut |_, event| {
        let event = Moment { at, key: event.key.key.clone() };
        if is_better(best.as_ref(), &event) {
            best = Some(event);
        }
        Ok(())
    })?;
    Ok(best)
}

/// The newest moment at which a record or a trail claims its values.
pub(super) fn newest_claim(node: &Node, trail: Option<&Trail>) -> Claimed {
    let (at, key, event) = node.vertex.order();
    match (&node.vertex, trail) {
        (Vertex::Trail { follows: None, .. }, Some(Trail { source, last, .. })) => Claimed::by_event(source, last),
        _ => Claimed { at, key: key.clone(), event },
    }
}

//! The time line of a profile: its events over all its identifiers, the newest first.

use super::Resolver;
use super::about::Subject;
use super::attribute::Users;
use super::moments::{PAGE, each_event};
use super::read::View;
use crate::error::Result;
use crate::event::{Event, EventKind};
use crate::id::{ClusterNumber, ProfileId, RecordNumber};
use crate::record::RecordKey;
use crate::store::{DORMANT, Node};
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::sync::Arc;

/// Events that are looked at for one page, where most are not what is asked for.
const SCANNED_MAX: usize = 65_536;

/// Events of a trail that are read first: the newest are asked for most often, and a profile may have many trails.
const FIRST_PAGE: usize = 16;

/// What is asked of a journey. Nothing set asks for all of it.
///
/// # Examples
/// ```
/// use onefold::{EventKind, JourneyQuery};
/// let query = JourneyQuery::new().kind(EventKind::Purchase).channel("web").limit(20);
/// assert_eq!(format!("{query:?}"), "JourneyQuery { kinds: [Purchase], channels: 1, since: None, until: None, limit: 20 }");
/// ```
#[derive(Clone, PartialEq)]
pub struct JourneyQuery {
    /// Events of these kinds; of any where there are none.
    pub kinds: Vec<EventKind>,
    /// Events that came through these channels; through any where there are none. An event that names no channel came
    /// through its source.
    pub channels: Vec<SmolStr>,
    /// Events from this time on.
    pub since: Option<Timestamp>,
    /// Events before this time: now, where nothing of the future is to be shown.
    pub until: Option<Timestamp>,
    /// Only what comes after this in the order of the journey: the `next` of the page before.
    pub after: Option<Touch>,
    /// How many at the most.
    pub limit: usize,
}

impl Default for JourneyQuery {
    fn default() -> Self {
        Self { kinds: Vec::new(), channels: Vec::new(), since: None, until: None, after: None, limit: 100 }
    }
}

impl JourneyQuery {
    /// Asks for the newest 100 events.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for events of a kind; several calls ask for several kinds.
    #[must_use]
    pub fn kind(mut self, kind: EventKind) -> Self {
        self.kinds.push(kind);
        self
    }

    /// Asks for events of a channel; several calls ask for several channels.
    #[must_use]
    pub fn channel(mut self, channel: impl Into<SmolStr>) -> Self {
        self.channels.push(channel.into());
        self
    }

    /// Asks for events from a time on.
    #[must_use]
    pub fn since(mut self, since: Timestamp) -> Self {
        self.since = Some(since);
        self
    }

    /// Asks for events before a time.
    #[must_use]
    pub fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// Goes on after the end of a page.
    #[must_use]
    pub fn after(mut self, next: Touch) -> Self {
        self.after = Some(next);
        self
    }

    /// Asks for so many events at the most.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    fn asks_for(&self, event: &Event) -> bool {
        let channel = event.channel.as_ref().unwrap_or(&event.key.source);
        (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && (self.channels.is_empty() || self.channels.contains(channel))
    }
}

/// Shows counts: a place in a journey is personal.
impl std::fmt::Debug for JourneyQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("JourneyQuery");
        shown.field("kinds", &self.kinds).field("channels", &self.channels.len());
        shown.field("since", &self.since).field("until", &self.until).field("limit", &self.limit).finish()
    }
}

/// A place in a journey.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touch {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    /// The key of the event there.
    pub key: RecordKey,
}

impl Touch {
    /// The place of an event.
    pub fn of(event: &Event) -> Self {
        Self { at: event.at.microseconds(), key: event.key.clone() }
    }
}

/// A page of a journey, the newest event first; of one time, by source and key, the larger first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Journey {
    /// The events.
    pub events: Vec<JourneyEvent>,
    /// Where the next page goes on; none at the end. It is set too where a page is short because too many events were
    /// looked at that are not asked for.
    pub next: Option<Touch>,
}

/// An event of a journey.
#[derive(Debug, Clone, PartialEq)]
pub struct JourneyEvent {
    /// The event, as sent.
    pub event: Arc<Event>,
    /// The kind of identifier by which it is theirs, where nobody known did it: they used it last before the event.
    pub followed: Option<SmolStr>,
}

/// A trail some of whose events are of the profile.
struct Source {
    number: RecordNumber,
    node: Arc<Node>,
    /// Events that were read and not taken, the newest last.
    waiting: Vec<(i64, Arc<Event>)>,
    /// How many are read next.
    page: usize,
    /// Where the next page begins; none at the end.
    from: Option<(i64, Option<crate::id::KeyHash>)>,
}

impl View {
    /// A page of what a profile did, over all its identifiers. Events of nobody known on a device that several people
    /// used are theirs where they used it last before. None if the id leads nowhere.
    ///
    /// O(trails of the profile, and events looked at).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn journey(&self, id: ProfileId, query: &JourneyQuery) -> Result<Option<Journey>> {
        self.subject(id)?.map(|subject| self.journey_of(&subject, query)).transpose()
    }

    pub(super) fn journey_of(&self, subject: &Subject, query: &JourneyQuery) -> Result<Journey> {
        self.journey_where(subject, query, &|_| true)
    }

    /// As above, of the events that may be seen.
    pub(super) fn journey_where(
        &self,
        subject: &Subject,
        query: &JourneyQuery,
        is_seen: &dyn Fn(&Event) -> bool,
    ) -> Result<Journey> {
        let since = query.since.map_or(i64::MIN, |since| since.microseconds());
        let until = query.until.map_or(Some(i64::MAX), |until| until.microseconds().checked_sub(1));
        let until = until.map(|until| query.after.as_ref().map_or(until, |after| until.min(after.at)));
        let Some(until) = until.filter(|until| *until >= since && query.limit > 0) else {
            return Ok(Journey::default());
        };
        let mut merged = Merged::of(self, &subject.trails, since, until);
        let (mut journey, mut users, mut scanned) = (Journey::default(), Users::default(), 0);
        while let Some((at, moment)) = merged.next_moment()? {
            scanned += moment.len();
            let mut theirs: Vec<(Touch, JourneyEvent)> = Vec::new();
            for (node, event) in moment {
                let place = Touch::of(&event);
                if !query.asks_for(&event)
                    || !is_seen(&event)
                    || query.after.as_ref().is_some_and(|after| place >= *after)
                {
                    continue;
                }
                let user = users.of(&*self.snapshot, &node, at)?;
                if user == subject.number {
                    let kind = node.vertex.follows().and_then(|link| self.rules.kinds.get(usize::from(link.kind)));
                    theirs.push((place, JourneyEvent { event, followed: kind.map(|kind| kind.name.clone()) }));
                }
            }
            theirs.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
            for (place, event) in theirs {
                journey.events.push(event);
                journey.next = Some(place);
                if journey.events.len() == query.limit {
                    return Ok(journey);
                }
            }
            if scanned >= SCANNED_MAX {
                // All of this microsecond was looked at: the smallest key there is comes before none of it.
                journey.next = Some(Touch { at, key: RecordKey::new("", "") });
                return Ok(journey);
            }
        }
        journey.next = None;
        Ok(journey)
    }

    /// The newest event of a cluster on some trails, by some time, that is asked for; of one microsecond that of the
    /// largest key. O(trails + events that are newer).
    pub(super) fn last_event(
        &self,
        number: ClusterNumber,
        trails: &[(RecordNumber, Arc<Node>)],
        until: i64,
        is_asked_for: impl Fn(&Event) -> bool,
    ) -> Result<Option<Arc<Event>>> {
        let mut merged = Merged::of(self, trails, i64::MIN, until);
        let mut users = Users::default();
        while let Some((at, moment)) = merged.next_moment()? {
            let mut last: Option<Arc<Event>> = None;
            for (node, event) in moment.into_iter().filter(|(_, event)| is_asked_for(event)) {
                let theirs = users.of(&*self.snapshot, &node, at)? == number;
                if theirs && last.as_ref().is_none_or(|known| known.key < event.key) {
                    last = Some(event);
                }
            }
            if last.is_some() {
                return Ok(last);
            }
        }
        Ok(None)
    }

    /// All that a profile did from one time on and before another, the oldest first; nothing if the id leads nowhere.
    /// O(events).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn events_of(
        &self,
        id: ProfileId,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<Arc<Event>>> {
        let mut query = JourneyQuery { since, until, limit: usize::MAX, ..JourneyQuery::default() };
        let mut events = Vec::new();
        while let Some(page) = self.journey(id, &query)? {
            events.extend(page.events.into_iter().map(|event| event.event));
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        events.reverse();
        Ok(events)
    }
}

/// The events of one microsecond, each with the trail that it is on.
type Moment = Vec<(Arc<Node>, Arc<Event>)>;

/// Trails read together, from the newest event to the oldest.
struct Merged<'a> {
    view: &'a View,
    since: i64,
    sources: Vec<Source>,
}

impl<'a> Merged<'a> {
    fn of(view: &'a View, trails: &[(RecordNumber, Arc<Node>)], since: i64, until: i64) -> Self {
        let source = |&(number, ref node): &(RecordNumber, Arc<Node>)| {
            let node = Arc::clone(node);
            Source { number, node, waiting: Vec::new(), page: FIRST_PAGE, from: Some((until, None)) }
        };
        Self { view, since, sources: trails.iter().map(source).collect() }
    }

    /// The newest time that is left, with all events of it.
    fn next_moment(&mut self) -> Result<Option<(i64, Moment)>> {
        let mut newest: Option<i64> = None;
        for source in &mut self.sources {
            source.fill(self.view, self.since)?;
            newest = newest.max(source.waiting.last().map(|(at, _)| *at));
        }
        let Some(at) = newest else { return Ok(None) };
        let mut moment = Vec::new();
        for source in &mut self.sources {
            while source.waiting.last().is_some_and(|(known, _)| *known == at) {
                moment.extend(source.waiting.pop().map(|(_, event)| (Arc::clone(&source.node), event)));
                source.fill(self.view, self.since)?;
            }
        }
        self.sources.retain(|source| !source.waiting.is_empty() || source.from.is_some());
        Ok(Some((at, moment)))
    }
}

impl Source {
    /// Reads the next page where nothing waits.
    fn fill(&mut self, view: &View, since: i64) -> Result<()> {
        let Some((until, after)) = self.from.filter(|_| self.waiting.is_empty()) else { return Ok(()) };
        let page = view.snapshot.event_page(self.number, since..=until, after, self.page)?;
        self.from = page.last().filter(|_| page.len() == self.page).map(|(place, _)| (place.at, Some(place.key)));
        self.page = (self.page * 4).min(PAGE);
        self.waiting = page.into_iter().rev().map(|(place, event)| (place.at, event)).collect();
        Ok(())
    }
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::journey`].
    ///
    /// # Errors
    /// As there.
    pub fn journey(&self, id: ProfileId, query: &JourneyQuery) -> Result<Option<Journey>> {
        self.view()?.journey(id, query)
    }

    /// See [`View::events_of`].
    ///
    /// # Errors
    /// As there.
    pub fn events_of(
        &self,
        id: ProfileId,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<Arc<Event>>> {
        self.view()?.events_of(id, since, until)
    }
}

impl View {
    /// Visits every event that is somebody's, and whose it is, trail by trail.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn live_events(&self, visit: &mut dyn FnMut(&Event, ProfileId)) -> Result<()> {
        self.live_events_by_trail(&mut |_, event, id| visit(&event, id))
    }

    /// As [`live_events`](Self::live_events), each with its trail; those of a trail one after the other, the newest first.
    pub(super) fn live_events_by_trail(
        &self,
        visit: &mut dyn FnMut(RecordNumber, Arc<Event>, ProfileId),
    ) -> Result<()> {
        let mut users = Users::default();
        self.trail_pages(&mut |page| {
            let numbers: Vec<RecordNumber> = page.iter().map(|(number, _)| *number).collect();
            let live = |node: &Arc<Node>| node.cluster != DORMANT;
            let nodes = self.snapshot.nodes(&numbers)?;
            for (number, node) in numbers.into_iter().zip(nodes).filter_map(|(n, node)| Some((n, node.filter(live)?))) {
                let mut last: Option<(ClusterNumber, ProfileId)> = None;
                each_event(&*self.snapshot, number, i64::MIN..=i64::MAX, &mut |place, event| {
                    let cluster = users.of(&*self.snapshot, &node, place.at)?;
                    if last.is_none_or(|(known, _)| known != cluster) {
                        let row = self.snapshot.clusters(&[cluster])?.pop().flatten();
                        last = row.map(|row| (cluster, ProfileId::of(row.profile, self.seed)));
                    }
                    if let Some((_, id)) = last {
                        visit(number, event, id);
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })
    }
}

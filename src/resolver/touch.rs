//! The first and the last touch of a profile, and how often anybody is recognised.

use super::Resolver;
use super::about::Subject;
use super::attribute::Users;
use super::moments::each_event;
use super::read::View;
use crate::error::Result;
use crate::id::{ClusterNumber, ProfileId, RecordNumber};
use crate::identifier::hash_of;
use crate::journey::{Recognition, Touches};
use crate::record::{RecordKey, What};
use crate::store::{DORMANT, EventPlace};
use crate::time::Timestamp;
use ahash::AHashMap;

impl View {
    /// The first and the last that a profile did until now, over all its identifiers, as [`touches`](crate::touches)
    /// finds them. None if the id leads nowhere.
    ///
    /// O(trails + events of nobody known on devices that several people used, and events of the future).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, Policy, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let event = |source, at: &str, kind| Ok::<_, onefold::Error>(Event::new(source, at, at.parse()?, kind));
    /// resolver.add_event(event("pos", "2026-01-06T10:00:00Z", EventKind::Purchase)?.identifier("loyalty_id", "L7"))?;
    /// let ann = event("web", "2026-01-05T10:00:00Z", EventKind::Search)?.identifier("loyalty_id", "L7");
    /// let ann = resolver.add_event(ann)?.profile.unwrap();
    ///
    /// let touches = resolver.touches(ann, "2026-02-01T00:00:00Z".parse()?)?.unwrap();
    /// assert_eq!(touches.first.unwrap().kind, EventKind::Search);
    /// assert_eq!(touches.last.unwrap().kind, EventKind::Purchase);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn touches(&self, id: ProfileId, now: Timestamp) -> Result<Option<Touches>> {
        self.subject(id)?.map(|subject| self.touches_of(&subject, now)).transpose()
    }

    pub(super) fn touches_of(&self, subject: &Subject, now: Timestamp) -> Result<Touches> {
        let until = now.microseconds();
        let mut first: Option<(i64, RecordKey, RecordNumber)> = None;
        let mut older = |at: i64, key: &RecordKey, trail: RecordNumber| {
            if at <= until && first.as_ref().is_none_or(|(known_at, known, _)| (at, key) < (*known_at, known)) {
                first = Some((at, key.clone(), trail));
            }
        };
        let mut users = Users::default();
        for &(number, ref node) in &subject.trails {
            if node.vertex.follows().is_none() {
                let (at, key, _) = node.vertex.order();
                older(at, key, number);
                continue;
            }
            each_event(&*self.snapshot, number, i64::MIN..=until, &mut |place, event| {
                if users.of(&*self.snapshot, node, place.at)? == subject.number {
                    older(place.at, &event.key, number);
                }
                Ok(())
            })?;
        }
        // Of an event and a consent of one key and time, the event.
        let places = first.map(|(at, key, trail)| {
            [What::Event, What::Consent].map(|what| EventPlace { trail, at, key: hash_of(self.seed, what, &key) })
        });
        let first = self.events_at(places.as_ref().map(|places| &places[..]).unwrap_or_default())?.into_iter().next();
        Ok(Touches { first, last: self.last_event(subject.number, &subject.trails, until, |_| true)? })
    }

    /// How many events from one time on and before another are somebody's who is known, by a person or a contact
    /// identifier that is not generic, and how many there are, by channel. Events that are nobody's count as such.
    ///
    /// O(trails + events of that time).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, Policy, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let view = |key, kind, value| -> onefold::Result<Event> {
    ///     Ok(Event::new("web", key, "2026-01-05T10:00:00Z".parse()?, EventKind::View).identifier(kind, value))
    /// };
    /// resolver.add_event(view("1", "cookie_id", "c-1")?)?;
    /// resolver.add_event(view("2", "loyalty_id", "L7")?)?;
    /// let recognition = resolver.recognition(None, None)?;
    /// assert_eq!(recognition.channels().next().unwrap().rate(), 0.5);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn recognition(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<Recognition> {
        let mut recognition = Recognition::new();
        let since = since.map_or(i64::MIN, |since| since.microseconds());
        let Some(until) = until.map_or(Some(i64::MAX), |until| until.microseconds().checked_sub(1)) else {
            return Ok(recognition);
        };
        let (mut users, mut known) = (Users::default(), AHashMap::<ClusterNumber, bool>::new());
        self.trail_pages(&mut |page| {
            let happened = |trail: &crate::store::Trail| trail.last.at >= since && trail.first.at <= until;
            let numbers: Vec<RecordNumber> =
                page.iter().filter(|(_, trail)| happened(trail)).map(|(number, _)| *number).collect();
            for (number, node) in numbers.iter().zip(self.snapshot.nodes(&numbers)?) {
                let node = node.filter(|node| node.cluster != DORMANT);
                each_event(&*self.snapshot, *number, since..=until, &mut |place, event| {
                    let cluster = node.as_ref().map(|node| users.of(&*self.snapshot, node, place.at)).transpose()?;
                    let is_known = match cluster {
                        Some(cluster) => self.is_known(cluster, &mut known)?,
                        None => false,
                    };
                    if is_known {
                        recognition.recognised(&event)
                    } else {
                        recognition.unrecognised(&event)
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        Ok(recognition)
    }

    fn is_known(&self, cluster: ClusterNumber, known: &mut AHashMap<ClusterNumber, bool>) -> Result<bool> {
        if let Some(known) = known.get(&cluster) {
            return Ok(*known);
        }
        let row = self.snapshot.clusters(&[cluster])?.pop().flatten();
        let is_known = row.is_some_and(|row| row.summary.known);
        known.insert(cluster, is_known);
        Ok(is_known)
    }
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::touches`].
    ///
    /// # Errors
    /// As there.
    pub fn touches(&self, id: ProfileId, now: Timestamp) -> Result<Option<Touches>> {
        self.view()?.touches(id, now)
    }

    /// See [`View::recognition`].
    ///
    /// # Errors
    /// As there.
    pub fn recognition(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<Recognition> {
        self.view()?.recognition(since, until)
    }
}

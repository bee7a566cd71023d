//! What a profile stated, wherever it was said.

use super::Resolver;
use super::read::View;
use crate::error::Result;
use crate::id::ProfileId;
use crate::identifier::Topic;
use crate::preference::{PreferenceQuery, Preferences, recall};
use crate::time::Timestamp;

impl View {
    /// Recalls what a profile stated, over all its identifiers, as [`recall`] does. None if the id leads nowhere.
    ///
    /// O(trails + statements), however many other events there are.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, NotedBy, Polarity, Policy, Preference, PreferenceQuery, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let flakes = Preference::new("topping", "red pepper flakes", Polarity::Like, NotedBy::Staff);
    /// let noted = Event::new("rome", "n-1", "2026-01-05T20:10:00+01:00".parse()?, EventKind::Contact)
    ///     .identifier("loyalty_id", "L7")
    ///     .place("rome")
    ///     .preference(flakes.context("room service / pizza"));
    /// let guest = resolver.add_event(noted)?.profile.unwrap();
    ///
    /// let query = PreferenceQuery::new().context("room service / pizza").property("vienna");
    /// let recalled = resolver.preferences(guest, &query, "2026-06-20T19:00:00+02:00".parse()?)?.unwrap();
    /// assert_eq!(recalled.like("topping", "red pepper flakes").unwrap().place.as_deref(), Some("rome"));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn preferences(&self, id: ProfileId, query: &PreferenceQuery, now: Timestamp) -> Result<Option<Preferences>> {
        let Some(subject) = self.subject(id)? else { return Ok(None) };
        Ok(Some(recall(&self.events_under(Topic::Statement, &subject)?, query, now)))
    }
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::preferences`].
    ///
    /// # Errors
    /// As there.
    pub fn preferences(&self, id: ProfileId, query: &PreferenceQuery, now: Timestamp) -> Result<Option<Preferences>> {
        self.view()?.preferences(id, query, now)
    }
}

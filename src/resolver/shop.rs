//! A catalogue for a profile: what it did and what it stated, over all its identifiers, beside what is on offer.

use super::Resolver;
use super::read::View;
use crate::catalogue::{Item, RankRequest, Ranking, Shopper, Suppressed, rank, suppress};
use crate::error::Result;
use crate::id::ProfileId;
use crate::identifier::Topic;
use crate::preference::{PreferenceQuery, recall};
use crate::time::Timestamp;

impl View {
    /// Ranks items for a profile, as [`rank`] does for its [shopper](Self::shopper). What it stated is heard as far as the
    /// query asks for it (see [`RankRequest::wishes`]), beside the wishes of the request. None if the id leads nowhere.
    ///
    /// This asks nobody whether it may: for a purpose, and by what that may see, [`ForPurpose::rank`](crate::ForPurpose::rank)
    /// does.
    ///
    /// What [`shopper`](Self::shopper) and [`preferences`](Self::preferences) cost, and the ranking.
    ///
    /// # Errors
    /// `Input` as [`rank`]; `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, Item, LearnOptions, Line, NotedBy, Polarity, Policy, Population, Preference};
    /// use onefold::{PreferenceQuery, RankRequest, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let told = |key: &str, kind| -> onefold::Result<Event> {
    ///     Ok(Event::new("web", key, "2026-03-03T10:00:00Z".parse()?, kind).identifier("email", "ann@post.example.org"))
    /// };
    /// let likes = Preference::new("colour", "grey", Polarity::Like, NotedBy::Customer);
    /// resolver.add_event(told("1", EventKind::Preference)?.preference(likes))?;
    /// let id = resolver.add_event(told("2", EventKind::Purchase)?.line(Line::new("book")))?.profile.unwrap();
    ///
    /// let now = "2026-05-01T00:00:00Z".parse()?;
    /// let population = Population::learn(&[], &LearnOptions::until(now))?;
    /// let items = [Item::new("book"), Item::new("coat").facet("colour", "red"), Item::new("scarf").facet("colour", "Grey")];
    /// let (request, query) = (RankRequest::new(&population), PreferenceQuery::new());
    /// let ranking = resolver.rank(id, &items, &request, &query, now)?.unwrap();
    /// let places: Vec<usize> = ranking.shown.iter().map(|ranked| ranked.item).collect();
    /// assert_eq!((places, ranking.hidden[0].0), (vec![2, 1], 0));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn rank(
        &self,
        id: ProfileId,
        items: &[Item],
        request: &RankRequest<'_>,
        query: &PreferenceQuery,
        now: Timestamp,
    ) -> Result<Option<Ranking>> {
        self.of_shopper(id, request, query, now, |shopper, request| rank(shopper, items, request))
    }

    /// Says why an item is not to be shown to a profile, if it is not, as [`suppress`] does for its
    /// [shopper](Self::shopper); what it stated is heard as in [`rank`](Self::rank). The outer none is of an id that leads
    /// nowhere, the inner one of an item that may be shown. For a purpose: [`ForPurpose::suppress`](crate::ForPurpose::suppress).
    ///
    /// # Errors
    /// As there.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, Item, LearnOptions, Line, Policy, Population, PreferenceQuery, RankRequest, Resolver};
    /// use onefold::Suppressed;
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let bought = Event::new("web", "o-7", "2026-03-03T10:00:00Z".parse()?, EventKind::Purchase)
    ///     .identifier("email", "ann@post.example.org")
    ///     .line(Line::new("book"));
    /// let id = resolver.add_event(bought)?.profile.unwrap();
    /// let now = "2026-05-01T00:00:00Z".parse()?;
    /// let population = Population::learn(&[], &LearnOptions::until(now))?;
    /// let (request, query) = (RankRequest::new(&population), PreferenceQuery::new());
    /// let why = |product: &str| resolver.suppress(id, &Item::new(product), &request, &query, now);
    /// assert!(matches!(why("book")?, Some(Some(Suppressed::Owned(owned))) if owned.purchases == 1));
    /// assert_eq!(why("pen")?, Some(None));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn suppress(
        &self,
        id: ProfileId,
        item: &Item,
        request: &RankRequest<'_>,
        query: &PreferenceQuery,
        now: Timestamp,
    ) -> Result<Option<Option<Suppressed>>> {
        self.of_shopper(id, request, query, now, |shopper, request| suppress(shopper, item, request))
    }

    fn of_shopper<T>(
        &self,
        id: ProfileId,
        request: &RankRequest<'_>,
        query: &PreferenceQuery,
        now: Timestamp,
        ask: impl FnOnce(&Shopper, &RankRequest<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let Some(subject) = self.subject(id)? else { return Ok(None) };
        let stated = recall(&self.events_under(Topic::Statement, &subject)?, query, now);
        let shopper = self.shopper_of(&subject, now)?;
        ask(&shopper, &request.clone().wishes(&stated)).map(Some)
    }
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::rank`].
    ///
    /// # Errors
    /// As there.
    pub fn rank(
        &self,
        id: ProfileId,
        items: &[Item],
        request: &RankRequest<'_>,
        query: &PreferenceQuery,
        now: Timestamp,
    ) -> Result<Option<Ranking>> {
        self.view()?.rank(id, items, request, query, now)
    }

    /// See [`View::suppress`].
    ///
    /// # Errors
    /// As there.
    pub fn suppress(
        &self,
        id: ProfileId,
        item: &Item,
        request: &RankRequest<'_>,
        query: &PreferenceQuery,
        now: Timestamp,
    ) -> Result<Option<Option<Suppressed>>> {
        self.view()?.suppress(id, item, request, query, now)
    }
}

//! A catalogue and orders for a purpose: judged by what the purpose sees of somebody, and by nothing else.

use super::attribute::Users;
use super::moments::each_event;
use super::orders::Orders;
use super::purpose::ForPurpose;
use crate::catalogue::{Item, RankRequest, Ranking, Shopper, Suppressed, rank, suppress};
use crate::error::Result;
use crate::event::{Event, EventKind};
use crate::normalise::order_id;
use crate::preference::{Deeds, PreferenceQuery, tallies_by};
use std::sync::Arc;

/// The kinds of event that tell what is liked, owned and looked for.
const TELLING: [EventKind; 8] = [
    EventKind::Purchase,
    EventKind::Return,
    EventKind::Cart,
    EventKind::View,
    EventKind::MessageClicked,
    EventKind::Search,
    EventKind::Exposure,
    EventKind::Rejected,
];

/// What there is to judge by.
enum Seen {
    /// The purpose may not be followed.
    Nothing,
    /// All that the profile did.
    All,
    /// What of it the purpose sees.
    Some(Vec<Arc<Event>>),
}

impl ForPurpose<'_> {
    /// What was done until now, counted, as [`View::deeds`](crate::View::deeds) counts it: the events of the kinds that may
    /// be read, and no others. Nothing where the purpose may not be followed.
    ///
    /// What that costs where all is seen; else O(events), and what [`tallies`](crate::tallies) costs.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn deeds(&self) -> Result<Deeds> {
        Ok(match self.seen()? {
            Seen::Nothing => Deeds::default(),
            Seen::All => self.view.deeds_of(&self.subject, self.now)?,
            Seen::Some(events) => tallies_by(&events, |event| order_id(&self.view.rules, event)),
        })
    }

    /// What the events until now that may be read say of what is liked, owned and looked for, as
    /// [`View::shopper`](crate::View::shopper) folds them. Of nobody known where the purpose may not be followed.
    ///
    /// As [`deeds`](Self::deeds).
    ///
    /// # Errors
    /// As there.
    pub fn shopper(&self) -> Result<Shopper> {
        Ok(match self.seen()? {
            Seen::Nothing => Shopper::fold(&[], self.now),
            Seen::All => self.view.shopper_of(&self.subject, self.now)?,
            Seen::Some(events) => Shopper::fold_by(&events, |event| order_id(&self.view.rules, event), self.now),
        })
    }

    /// Ranks items for the profile as [`View::rank`](crate::View::rank) does, by its [`shopper`](Self::shopper) and its
    /// [`preferences`](Self::preferences) as the purpose sees them. Where the purpose may not be followed nothing is shown,
    /// and every item is hidden as [`NotPermitted`](Suppressed::NotPermitted); what is to be shown to anybody can be ranked
    /// by [`rank`](crate::rank) for the shopper of nobody known.
    ///
    /// What these cost, and the ranking.
    ///
    /// # Errors
    /// `Input` as [`rank`](crate::rank); `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Consent, ConsentQuery, ConsentStatus, Event, EventKind, IdentifierPolicy, Item, LearnOptions, Line};
    /// use onefold::{PermissionReason, Policy, Population, PreferenceQuery, PurposePolicy, RankRequest, Resolver, Role};
    /// use onefold::Suppressed;
    /// let policy = Policy::builder()
    ///     .identifier(IdentifierPolicy::new("email", Role::Contact))
    ///     .purpose(PurposePolicy::new("recommendations"))
    ///     .event_purposes(&EventKind::Purchase, ["recommendations"])
    ///     .build()?;
    /// let resolver = Resolver::in_memory(policy)?;
    /// let told = |key: &str, kind| -> onefold::Result<Event> {
    ///     Ok(Event::new("web", key, "2026-03-03T10:00:00Z".parse()?, kind).identifier("email", "ann@example.org"))
    /// };
    /// resolver.add_event(told("1", EventKind::Rejected)?.line(Line::new("coat")))?;
    /// let ann = resolver.add_event(told("2", EventKind::Purchase)?.line(Line::new("book")))?.profile.unwrap();
    ///
    /// let now = "2026-05-01T00:00:00Z".parse()?;
    /// let population = Population::learn(&[], &LearnOptions::until(now))?;
    /// let (items, request) = ([Item::new("book"), Item::new("coat")], RankRequest::new(&population));
    /// let ask = || {
    ///     let view = resolver.view()?;
    ///     let seen = view.for_purpose(ann, &ConsentQuery::new("recommendations"), now)?.unwrap();
    ///     seen.rank(&items, &request, &PreferenceQuery::new())
    /// };
    /// let refused = Suppressed::NotPermitted(PermissionReason::Unknown);
    /// assert_eq!(ask()?.hidden, [(0, refused.clone()), (1, refused)]);
    ///
    /// let yes = Consent::new("recommendations", ConsentStatus::Granted);
    /// let yes = Event::of_consent("web", "c-1", "2026-03-03T10:00:00Z".parse()?, yes);
    /// resolver.add_event(yes.identifier("email", "ann@example.org"))?;
    /// // She has the book. That she refused the coat was told for something else.
    /// let ranking = ask()?;
    /// assert_eq!((ranking.shown[0].item, ranking.hidden[0].0), (1, 0));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn rank(&self, items: &[Item], request: &RankRequest<'_>, query: &PreferenceQuery) -> Result<Ranking> {
        request.check()?;
        if !self.permission.allowed {
            let why = || Suppressed::NotPermitted(self.permission.reason);
            let hidden = (0..items.len()).map(|place| (place, why())).collect();
            return Ok(Ranking { shown: Vec::new(), hidden, warnings: Vec::new(), searches_left_out: 0 });
        }
        rank(&self.shopper()?, items, &request.clone().wishes(&self.preferences(query)?))
    }

    /// Says why an item is not to be shown to the profile, if it is not, as [`View::suppress`](crate::View::suppress) does,
    /// by what the purpose sees. Where the purpose may not be followed that is the reason, whatever the item.
    ///
    /// # Errors
    /// As [`rank`](Self::rank).
    pub fn suppress(
        &self,
        item: &Item,
        request: &RankRequest<'_>,
        query: &PreferenceQuery,
    ) -> Result<Option<Suppressed>> {
        request.check()?;
        if !self.permission.allowed {
            return Ok(Some(Suppressed::NotPermitted(self.permission.reason)));
        }
        suppress(&self.shopper()?, item, &request.clone().wishes(&self.preferences(query)?))
    }

    /// The orders until now, as [`View::orders`](crate::View::orders) finds them, that are not over their time. An order
    /// is told by purchases and returns: where not both may be read there are none, nor where the purpose may not be
    /// followed.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn orders(&self) -> Result<Orders> {
        let is_read = |kind: &EventKind| self.reads(kind);
        if !self.permission.allowed || ![EventKind::Purchase, EventKind::Return].iter().all(is_read) {
            return Ok(Orders::default());
        }
        let mut found = self.view.orders_of(&self.subject, self.now)?;
        let retention = self.retention();
        found.orders.retain(|order| retention.sees_kind(&EventKind::Purchase, &self.purpose, order.at));
        Ok(found)
    }

    /// Whether events of a kind may be read.
    fn reads(&self, kind: &EventKind) -> bool {
        self.serves(self.view.rules.policy.purposes_of_events(kind))
    }

    fn seen(&self) -> Result<Seen> {
        let kinds: Vec<EventKind> = TELLING.into_iter().filter(|kind| self.reads(kind)).collect();
        if !self.permission.allowed || kinds.is_empty() {
            return Ok(Seen::Nothing);
        }
        let retention = self.retention();
        if kinds.len() == TELLING.len() && !retention.ends_events() {
            return Ok(Seen::All);
        }
        let is_seen = |event: &Event| kinds.contains(&event.kind) && retention.sees_event(event, &self.purpose);
        let (snapshot, mut users, mut seen) = (&*self.view.snapshot, Users::default(), Vec::new());
        for (trail, node) in &self.subject.trails {
            each_event(snapshot, *trail, i64::MIN..=self.now.microseconds(), &mut |place, event| {
                if is_seen(&event) && users.of(snapshot, node, place.at)? == self.subject.number {
                    seen.push(event);
                }
                Ok(())
            })?;
        }
        Ok(Seen::Some(seen))
    }
}

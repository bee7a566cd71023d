//! The carts of a profile, from its events.

use super::Resolver;
use super::about::Subject;
use super::attribute::Users;
use super::moments::each_event;
use super::purpose::ForPurpose;
use super::read::View;
use crate::cart::{Cart, CartRules, carts};
use crate::error::Result;
use crate::event::{Event, EventKind};
use crate::id::ProfileId;
use crate::normalise::normalise_identifiers;
use crate::time::Timestamp;

impl View {
    /// The carts of a profile until now, over all its identifiers, as [`carts`] derives them: what was put in on the phone
    /// and bought at the desk is one cart. The feature `known` tells that the event carries an identifier of a person or a
    /// contact. None if the id leads nowhere.
    ///
    /// A cart is left out where a view, a purchase or another event of that time would be over its time to live: what became
    /// of it is not known any more. This asks nobody whether it may: for a purpose, [`ForPurpose::carts`] does.
    ///
    /// O(events until now), and what [`carts`] costs.
    ///
    /// # Errors
    /// `Config` where the rules do not pass [`CartRules::check`]; `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{CartHazard, CartOutcome, CartRules, Event, EventKind, FtrlOptions, Line, Policy, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let put = |key: &str, at: &str| -> onefold::Result<Event> {
    ///     let event = Event::new("web", key, at.parse()?, EventKind::Cart).line(Line::new("coat"));
    ///     Ok(event.identifier("email", "ann@example.org"))
    /// };
    /// resolver.add_event(put("1", "2026-01-05T10:00:00Z")?)?;
    /// let ann = resolver.add_event(put("2", "2026-01-09T10:00:00Z")?)?.profile.unwrap();
    ///
    /// let carts = resolver.carts(ann, &CartRules::default(), "2026-01-09T10:20:00Z".parse()?)?.unwrap();
    /// assert!(matches!(carts[0].outcome, CartOutcome::Lost(_)) && carts[1].open_step().is_some());
    /// let examples: Vec<_> = carts.iter().flat_map(|cart| cart.examples()).collect();
    /// let hazard = CartHazard::refit(FtrlOptions::default(), &examples)?;
    /// assert_eq!(hazard.learned(), 1);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn carts(&self, id: ProfileId, rules: &CartRules, now: Timestamp) -> Result<Option<Vec<Cart>>> {
        rules.check()?;
        let Some(subject) = self.subject(id)? else { return Ok(None) };
        let retention = self.rules.retention(now);
        let stands = |kind: &EventKind, at| retention.drops(&Event::new("", "", at, kind.clone())).is_none();
        self.carts_of(&subject, rules, now, &|_| true, &stands).map(Some)
    }

    /// The carts of events of some kinds, of which all from the beginning on are there.
    fn carts_of(
        &self,
        subject: &Subject,
        rules: &CartRules,
        now: Timestamp,
        reads: &dyn Fn(&EventKind) -> bool,
        stands: &dyn Fn(&EventKind, Timestamp) -> bool,
    ) -> Result<Vec<Cart>> {
        let (snapshot, mut users, mut events) = (&*self.snapshot, Users::default(), Vec::new());
        let kinds: Vec<&EventKind> = rules.kinds().into_iter().filter(|kind| reads(kind)).collect();
        for (trail, node) in &subject.trails {
            each_event(snapshot, *trail, i64::MIN..=now.microseconds(), &mut |place, event| {
                if kinds.contains(&&event.kind) && users.of(snapshot, node, place.at)? == subject.number {
                    events.push(event);
                }
                Ok(())
            })?;
        }
        let known = |kind: &u16| self.rules.kinds.get(usize::from(*kind)).is_some_and(|rule| rule.role.makes_known());
        let is_known = |event: &Event| {
            let (identifiers, _) = normalise_identifiers(&self.rules, &event.identifiers);
            identifiers.iter().any(|(kind, _)| known(kind))
        };
        let mut carts = carts(&events, rules, now, is_known)?;
        carts.retain(|cart| cart.steps.first().is_some_and(|first| kinds.iter().all(|kind| stands(kind, first.at))));
        Ok(carts)
    }
}

impl ForPurpose<'_> {
    /// The carts until now, as [`View::carts`], by the events that may be read for the purpose; a cart of which something
    /// would be over its time is not told of. What was put in, taken out and bought must all be readable, or it would seem
    /// that somebody lost what they bought: where they are not there are no carts, nor where the purpose may not be followed.
    /// Views and searches count where they may be read; where they may not, a cart is lost the sooner.
    ///
    /// # Errors
    /// As there.
    pub fn carts(&self, rules: &CartRules) -> Result<Vec<Cart>> {
        rules.check()?;
        let reads = |kind: &EventKind| self.serves(self.view.rules.policy.purposes_of_events(kind));
        if !self.permission.allowed || ![&EventKind::Cart, &rules.removal, &EventKind::Purchase].into_iter().all(reads)
        {
            return Ok(Vec::new());
        }
        let retention = self.retention();
        let stands = |kind: &EventKind, at| retention.sees_kind(kind, &self.purpose, at);
        self.view.carts_of(&self.subject, rules, self.now, &reads, &stands)
    }
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::carts`].
    ///
    /// # Errors
    /// As there.
    pub fn carts(&self, id: ProfileId, rules: &CartRules, now: Timestamp) -> Result<Option<Vec<Cart>>> {
        self.view()?.carts(id, rules, now)
    }
}

//! How a profile feels, by its contacts over all its identifiers.

use super::Resolver;
use super::about::Subject;
use super::attribute::Users;
use super::moments::each_event;
use super::purpose::ForPurpose;
use super::read::View;
use crate::error::Result;
use crate::event::Event;
use crate::id::ProfileId;
use crate::mood::{Feeling, Lexicon, MoodRules, feel, is_said, sentiment_of};
use crate::time::Timestamp;

impl View {
    /// How a profile feels by its contacts until now, as [`feel`] tells: sentiments that the host sent with events, and
    /// those of the words of contacts, where there is a lexicon. What is merged is replayed as one, in the order of time.
    /// None if the id leads nowhere.
    ///
    /// This asks nobody whether it may: for a purpose, and by what that may see, [`ForPurpose::feeling`] does.
    ///
    /// O(events until now), and what [`feel`] costs.
    ///
    /// # Errors
    /// `Config` where the rules do not pass [`MoodRules::check`]; `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, MoodRules, Policy, Record, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let call = |day: u32, kind: &str, value: &str, score: &str| -> onefold::Result<_> {
    ///     let at = format!("2026-01-{day:02}T10:00:00Z").parse()?;
    ///     let event = Event::new("calls", day.to_string(), at, EventKind::Contact).identifier(kind, value);
    ///     resolver.add_event(event.sentiment(score))
    /// };
    /// for day in 1..=6 {
    ///     call(day, "email", "ann@example.org", if day % 2 == 0 { "0.4" } else { "0.3" })?;
    /// }
    /// for day in 7..=10 {
    ///     call(day, "loyalty_id", "L7", "-0.3")?;
    /// }
    /// // The mailbox is content; and whoever has the card says little, for want of anything before.
    /// let crm = |at: &str| onefold::Result::Ok(Record::new("crm", "42", at.parse()?).identifier("email", "ann@example.org"));
    /// let ann = resolver.add(crm("2026-01-04T10:00:00Z")?)?.profile.unwrap();
    /// let (rules, now) = (MoodRules::default(), "2026-01-12T12:00:00Z".parse()?);
    /// assert!(!resolver.feeling(ann, None, &rules, now)?.unwrap().is_bad());
    ///
    /// // They are one person, who was content.
    /// resolver.add(crm("2026-01-11T11:00:00Z")?.identifier("loyalty_id", "L7"))?;
    /// let feeling = resolver.feeling(ann, None, &rules, now)?.unwrap();
    /// assert_eq!(feeling.bad_since(), Some("2026-01-07T10:00:00Z".parse()?));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn feeling(
        &self,
        id: ProfileId,
        lexicon: Option<&Lexicon>,
        rules: &MoodRules,
        now: Timestamp,
    ) -> Result<Option<Feeling>> {
        rules.check()?;
        let Some(subject) = self.subject(id)? else { return Ok(None) };
        self.feeling_of(&subject, lexicon, rules, now, &|_| true).map(Some)
    }

    fn feeling_of(
        &self,
        subject: &Subject,
        lexicon: Option<&Lexicon>,
        rules: &MoodRules,
        now: Timestamp,
        is_seen: &dyn Fn(&Event) -> bool,
    ) -> Result<Feeling> {
        let (snapshot, mut users) = (&*self.snapshot, Users::default());
        let (mut contacts, mut unknown) = (Vec::new(), 0);
        for (trail, node) in &subject.trails {
            each_event(snapshot, *trail, i64::MIN..=now.microseconds(), &mut |place, event| {
                let tells = event.sentiment.is_some() || is_said(&event.kind);
                if tells && is_seen(&event) && users.of(snapshot, node, place.at)? == subject.number {
                    match sentiment_of(&event, lexicon) {
                        Some(sentiment) => contacts.push(sentiment),
                        None => unknown += 1,
                    }
                }
                Ok(())
            })?;
        }
        Ok(Feeling { unknown, ..feel(&contacts, rules, now)? })
    }
}

impl ForPurpose<'_> {
    /// How the profile feels, as [`View::feeling`], by the events that may be read for the purpose and are not over their
    /// time. None where the purpose may not be followed.
    ///
    /// # Errors
    /// As there.
    pub fn feeling(&self, lexicon: Option<&Lexicon>, rules: &MoodRules) -> Result<Option<Feeling>> {
        rules.check()?;
        if !self.permission.allowed {
            return Ok(None);
        }
        let retention = self.retention();
        let is_seen = |event: &Event| {
            self.serves(self.view.rules.policy.purposes_of_events(&event.kind))
                && retention.sees_event(event, &self.purpose)
        };
        self.view.feeling_of(&self.subject, lexicon, rules, self.now, &is_seen).map(Some)
    }
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::feeling`].
    ///
    /// # Errors
    /// As there.
    pub fn feeling(
        &self,
        id: ProfileId,
        lexicon: Option<&Lexicon>,
        rules: &MoodRules,
        now: Timestamp,
    ) -> Result<Option<Feeling>> {
        self.view()?.feeling(id, lexicon, rules, now)
    }
}

//! What everybody bought, as measures see it: by people, and by what each source takes for a customer.

use super::read::View;
use crate::error::Result;
use crate::event::Event;
use crate::id::{ProfileId, RecordNumber};
use crate::journey::orders;
use crate::measure::CustomerHistory;
use crate::normalise::order_id;
use crate::time::Timestamp;
use crate::trade::is_trade;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What everybody bought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Customers {
    /// By profile: those of which some purchase was kept.
    pub resolved: BTreeMap<ProfileId, CustomerHistory>,
    /// As if nobody had resolved anything: what each source bought under one set of identifiers is a customer.
    pub unresolved: Vec<CustomerHistory>,
}

/// The segments of a profile, as whoever measures sees them.
pub type SegmentsOf<'a> = dyn Fn(&View, ProfileId) -> Result<Vec<SmolStr>> + 'a;

impl View {
    /// Gathers what everybody bought and kept, in a currency: by profile, as [`orders`](Self::orders) has it, and by what each
    /// source takes for a customer, so that measures can say by how much the latter is off. `segments` names the segments of
    /// a profile; a customer of the latter sort is in those of the profile that has the newest event of it.
    ///
    /// Both are over the same events: those that are somebody's. O(events, and the purchases of every profile).
    ///
    /// # Errors
    /// Those of `segments`; `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, Group, Line, Period, Policy, Record, Resolver, measure_customers};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let bought = |source: &str, kind: &str, value: &str, at: &str| -> onefold::Result<Event> {
    ///     let event = Event::new(source, "1", at.parse()?, EventKind::Purchase).identifier(kind, value);
    ///     Ok(event.line(Line::new("socks").amount("20.00", "EUR")))
    /// };
    /// resolver.add_event(bought("web", "email", "ann@example.org", "2026-01-05T10:00:00Z")?)?;
    /// resolver.add_event(bought("pos", "loyalty_id", "L7", "2026-02-05T10:00:00Z")?)?;
    /// let card = Record::new("crm", "42", "2026-01-01T00:00:00Z".parse()?);
    /// resolver.add(card.identifier("email", "ann@example.org").identifier("loyalty_id", "L7"))?;
    ///
    /// let now = "2026-03-01T00:00:00Z".parse()?;
    /// let found = resolver.view()?.customers("EUR", now, &|_, _| Ok(Vec::new()))?;
    /// let february = Period::between("2026-02-01T00:00:00Z".parse()?, now)?;
    /// let counts = |customers: Vec<_>| measure_customers(customers, february, &|_| None).map(|counts| counts[&Group::All]);
    /// let (people, apart) = (counts(found.resolved.values().collect())?, counts(found.unresolved.iter().collect())?);
    /// assert_eq!((people.customers, people.new, people.repeated), (1, 0, 1));
    /// assert_eq!((apart.customers, apart.new, apart.repeated), (2, 1, 0));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn customers(&self, currency: &str, now: Timestamp, segments: &SegmentsOf<'_>) -> Result<Customers> {
        let mut found = Customers::default();
        let mut profiles: BTreeSet<ProfileId> = BTreeSet::new();
        // Of each trail the profile of its newest event, and its trades.
        let mut by_trail: Vec<(RecordNumber, ProfileId, Vec<Arc<Event>>)> = Vec::new();
        self.live_events_by_trail(&mut |trail, event, id| {
            if !is_trade(&event) || event.at > now {
                return;
            }
            profiles.insert(id);
            match by_trail.last_mut().filter(|(known, ..)| *known == trail) {
                Some((_, _, trades)) => trades.push(event),
                None => by_trail.push((trail, id, vec![event])),
            }
        })?;
        let mut segments_of: BTreeMap<ProfileId, Vec<SmolStr>> = BTreeMap::new();
        for &id in &profiles {
            segments_of.insert(id, segments(self, id)?);
            let orders = self.orders(id, now)?.unwrap_or_default().orders;
            let history = CustomerHistory::of_orders(&orders, currency);
            if !history.purchases.is_empty() {
                let segments = segments_of.get(&id).cloned().unwrap_or_default();
                found.resolved.insert(id, CustomerHistory { segments, ..history });
            }
        }
        for (_, newest, trades) in by_trail {
            let (orders, _) = orders(&trades, |event| order_id(&self.rules, event));
            let history = CustomerHistory::of_orders(&orders, currency);
            if !history.purchases.is_empty() {
                let segments = segments_of.get(&newest).cloned().unwrap_or_default();
                found.unresolved.push(CustomerHistory { segments, ..history });
            }
        }
        Ok(found)
    }
}

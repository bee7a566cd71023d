//! What is known of a profile, for rules, and the segments that it is in.

use super::Resolver;
use super::about::Subject;
use super::journey::JourneyQuery;
use super::purpose::ForPurpose;
use super::read::View;
use crate::decide::{Facts, Membership, SegmentSet, Standing};
use crate::decimal::Decimal;
use crate::error::Result;
use crate::event::EventKind;
use crate::id::ProfileId;
use crate::journey::{Order, OrderStatus};
use crate::profile::Golden;
use crate::time::Timestamp;
use crate::value::Value;
use smol_str::{SmolStr, format_smolstr};
use std::collections::{BTreeMap, BTreeSet};

/// Facts that count days up to now, so that they are others tomorrow.
pub(super) const AGEING: [&str; 3] = ["days_since_event", "days_since_first_purchase", "days_since_purchase"];

impl View {
    /// What is known of a profile until a time, for rules. None if the id leads nowhere.
    ///
    /// The values of its golden record under the names of the attributes; and counted, under names that stand before an
    /// attribute of the same name (days are days of UTC; orders are those of which something was kept):
    ///
    /// | fact | what it is | not there |
    /// |---|---|---|
    /// | `records` | its records | |
    /// | `days_since_event` | since its newest event | where there is none |
    /// | `orders`, `purchase_days` | its orders, and the days on which they were made | |
    /// | `days_since_purchase`, `days_since_first_purchase` | since the last of these days, and the first | where there is none |
    /// | `purchase_channels` | the channels of its orders, a list | where there is none |
    /// | `spent_eur` (or another currency in small letters) | what was paid for what was kept of orders in that currency | where there is no order in it whose amount is known |
    ///
    /// O(records, trails, and its purchases and returns).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, Line, Policy, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let bought = Event::new("web", "1", "2026-01-05T10:00:00Z".parse()?, EventKind::Purchase)
    ///     .identifier("email", "ann@example.org")
    ///     .line(Line::new("coat").amount("310.00", "EUR"));
    /// let ann = resolver.add_event(bought)?.profile.unwrap();
    /// let facts = resolver.facts(ann, "2026-01-15T00:00:00Z".parse()?)?.unwrap();
    /// assert_eq!((&facts.attributes["orders"], &facts.attributes["days_since_purchase"]), (&1.into(), &10.into()));
    /// assert_eq!(facts.attributes["spent_eur"].to_string(), "310.0");
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn facts(&self, id: ProfileId, now: Timestamp) -> Result<Option<Facts>> {
        self.subject(id)?.map(|subject| self.facts_of(&subject, now)).transpose()
    }

    pub(super) fn facts_of(&self, subject: &Subject, now: Timestamp) -> Result<Facts> {
        let profile = self.profile_with(&subject.cluster, &subject.members)?;
        let last = self.last_event(subject.number, &subject.trails, now.microseconds(), |_| true)?;
        let orders = self.orders_of(subject, now)?.orders;
        let known = Known {
            golden: &profile.golden,
            records: profile.records.len(),
            last: last.map(|event| event.at),
            orders: Some(&orders),
        };
        Ok(known.facts(now))
    }

    /// Says how a profile stands to the segments of a set, in their order, by its [`facts`](Self::facts), and why. None if the
    /// id leads nowhere. What a purpose sees of it: [`ForPurpose::segments`].
    ///
    /// As [`facts`](Self::facts), and what [`SegmentSet::judge`] costs.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Policy, Record, Resolver, SegmentSet, Standing};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let ann = Record::new("crm", "42", "2026-01-05T10:00:00Z".parse()?).attribute("city", "Graz");
    /// let ann = resolver.add(ann.identifier("customer_id", "C42"))?.profile.unwrap();
    /// let set: SegmentSet = serde_json::from_str(
    ///     r#"[{"name": "local", "rule": {"equals": ["city", "Graz"]}},
    ///         {"name": "lapsing", "rule": {"at_least": ["days_since_purchase", 90]}}]"#,
    /// ).expect("it is one");
    /// let told = resolver.segments(ann, &set, "2026-02-01T00:00:00Z".parse()?)?.unwrap();
    /// assert_eq!((told[0].standing, told[1].standing), (Standing::In, Standing::Unknown));
    /// assert_eq!(told[1].because[0].missing.as_deref(), Some("days_since_purchase"));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn segments(&self, id: ProfileId, set: &SegmentSet, now: Timestamp) -> Result<Option<Vec<Membership>>> {
        Ok(self.facts(id, now)?.map(|facts| set.judge(&facts)))
    }

    /// The names of the segments that a profile is in: what [`customers`](Self::customers) asks for. None of an id that leads
    /// nowhere.
    ///
    /// # Errors
    /// As for [`segments`](Self::segments).
    pub fn segment_names(&self, id: ProfileId, set: &SegmentSet, now: Timestamp) -> Result<Vec<SmolStr>> {
        let told = self.segments(id, set, now)?.unwrap_or_default();
        Ok(told.into_iter().filter(|told| told.standing == Standing::In).map(|told| told.segment).collect())
    }
}

impl ForPurpose<'_> {
    /// What the purpose sees of what [`View::facts`](crate::View::facts) knows: the golden values that may be read, and counts
    /// of what may be read; a count of what may not is not there. None where the purpose may not be followed.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn facts(&self) -> Result<Option<Facts>> {
        let Some(profile) = self.profile()? else { return Ok(None) };
        let reads = |kind: &EventKind| self.serves(self.view.rules.policy.purposes_of_events(kind));
        let is_read = [EventKind::Purchase, EventKind::Return].iter().all(reads);
        let orders = if is_read { Some(self.orders()?.orders) } else { None };
        let until = Timestamp::from_microseconds(self.now.microseconds().saturating_add(1)).unwrap_or(self.now);
        let last = self.journey(&JourneyQuery::new().until(until).limit(1))?.events.into_iter().next();
        let known = Known {
            golden: &profile.golden,
            records: profile.records.len(),
            last: last.map(|last| last.event.at),
            orders: orders.as_deref(),
        };
        Ok(Some(known.facts(self.now)))
    }

    /// Says how the profile stands to segments, by the [`facts`](Self::facts) that the purpose sees; what it does not see is not
    /// known. None where the purpose may not be followed: then nobody is in any segment, nor out of it.
    ///
    /// # Errors
    /// As there.
    pub fn segments(&self, set: &SegmentSet) -> Result<Option<Vec<Membership>>> {
        Ok(self.facts()?.map(|facts| set.judge(&facts)))
    }
}

/// What facts are read from.
struct Known<'a> {
    golden: &'a Golden,
    records: usize,
    last: Option<Timestamp>,
    /// None where they may not be read.
    orders: Option<&'a [Order]>,
}

impl Known<'_> {
    fn facts(&self, now: Timestamp) -> Facts {
        let mut facts = Facts::default();
        facts.attributes.extend(self.golden.values.iter().map(|value| (value.attribute.clone(), value.value.clone())));
        let mut tell = |name: &str, value: Value| drop(facts.attributes.insert(name.into(), value));
        let since = |day: i64| Value::Integer(now.day().saturating_sub(day));
        tell("records", count(self.records));
        if let Some(last) = self.last {
            tell("days_since_event", since(last.day()));
        }
        let Some(orders) = self.orders else { return facts };
        let kept = || orders.iter().filter(|order| order.status != OrderStatus::Returned);
        let days: BTreeSet<i64> = kept().map(|order| order.at.day()).collect();
        tell("orders", count(kept().count()));
        tell("purchase_days", count(days.len()));
        if let (Some(first), Some(last)) = (days.first(), days.last()) {
            tell("days_since_first_purchase", since(*first));
            tell("days_since_purchase", since(*last));
            let channels: BTreeSet<&SmolStr> = kept().map(|order| &order.channel).collect();
            tell("purchase_channels", Value::List(channels.into_iter().cloned().map(Value::Text).collect()));
        }
        // Exact sums, so that the order of orders does not show.
        let mut spent: BTreeMap<&SmolStr, Option<Decimal>> = BTreeMap::new();
        for order in kept() {
            let mut lines = order.lines.iter().filter(|line| line.kept() > Decimal::ZERO);
            let Some(currency) = lines.find_map(|line| line.currency.as_ref()) else { continue };
            let Some(amount) = order.kept_amount(currency) else { continue };
            let sum = spent.entry(currency).or_insert(Some(Decimal::ZERO));
            *sum = sum.and_then(|sum| sum.checked_add(amount));
        }
        for (currency, sum) in spent {
            if let Some(sum) = sum {
                tell(&format_smolstr!("spent_{}", currency.to_lowercase()), Value::Number(sum.nearest()));
            }
        }
        facts
    }
}

fn count(number: usize) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::facts`].
    ///
    /// # Errors
    /// As there.
    pub fn facts(&self, id: ProfileId, now: Timestamp) -> Result<Option<Facts>> {
        self.view()?.facts(id, now)
    }

    /// See [`View::segments`].
    ///
    /// # Errors
    /// As there.
    pub fn segments(&self, id: ProfileId, set: &SegmentSet, now: Timestamp) -> Result<Option<Vec<Membership>>> {
        self.view()?.segments(id, set, now)
    }
}

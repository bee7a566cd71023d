//! One card with everything that staff need of a profile: bounded, and what is left out is counted.

use super::Resolver;
use super::about::Subject;
use super::card_consent::ShownConsent;
use super::journey::{JourneyEvent, JourneyQuery};
use super::orders::Orders;
use super::read::View;
use crate::error::Result;
use crate::event::{Event, EventKind, Line, Message, Preference};
use crate::household::{HouseholdMember, HouseholdTie};
use crate::id::ProfileId;
use crate::identifier::{Topic, hash_of};
use crate::journey::{Order, ShownOrder, Touches, Verification, channel, day};
use crate::normalise::{folded, order_id, trimmed};
use crate::preference::{
    Affinity, LeftOutReason, Population, PreferenceQuery, Reading, SignalWeights, Stated, Weighed, day_of, recall,
};
use crate::profile::{GoldenValue, Profile, ProfileIdentifier};
use crate::record::RecordKey;
use crate::time::Timestamp;
use serde::Serialize;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What is asked of a card.
///
/// # Examples
/// ```
/// use onefold::{CardQuery, Verification};
/// let query = CardQuery::new("2026-02-01T00:00:00Z".parse()?).proof(Verification::OneIdentifier);
/// assert_eq!((query.needed, query.limits.events), (Verification::TwoIdentifiers, 10));
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CardQuery<'a> {
    /// What is later is not on the card.
    pub now: Timestamp,
    /// What who asks has proved of who they are.
    pub proof: Verification,
    /// What must be proved to see what was bought: two identifiers, where nothing else is said.
    pub needed: Verification,
    /// What everybody does: without it there are no favourites.
    pub population: Option<&'a Population>,
    /// How deeds are weighed for the favourites.
    pub weights: SignalWeights,
    /// The facets whose favourites are told, in this order; where there are none, those of the population.
    pub facets: Vec<SmolStr>,
    /// Which of what was stated may be seen: where the host stands, what for, how delicate.
    pub preferences: PreferenceQuery,
    /// How much of everything.
    pub limits: CardLimits,
}

impl<'a> CardQuery<'a> {
    /// Asks for what may be seen by somebody who has proved nothing, without favourites.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            proof: Verification::None,
            needed: Verification::TwoIdentifiers,
            population: None,
            weights: SignalWeights::default(),
            facets: Vec::new(),
            preferences: PreferenceQuery::new(),
            limits: CardLimits::default(),
        }
    }

    /// Sets what was proved.
    #[must_use]
    pub fn proof(mut self, proof: Verification) -> Self {
        self.proof = proof;
        self
    }

    /// Sets what everybody does.
    #[must_use]
    pub fn population(mut self, population: &'a Population) -> Self {
        self.population = Some(population);
        self
    }

    /// Sets which of what was stated may be seen.
    #[must_use]
    pub fn preferences(mut self, preferences: PreferenceQuery) -> Self {
        self.preferences = preferences;
        self
    }

    /// Sets how much of everything.
    #[must_use]
    pub fn limits(mut self, limits: CardLimits) -> Self {
        self.limits = limits;
        self
    }

    pub(super) fn shows_all(&self) -> bool {
        self.proof >= self.needed
    }
}

/// How much of everything is on a card, at the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardLimits {
    /// Keys of records: 20.
    pub records: usize,
    /// Values of the golden record: 50.
    pub golden: usize,
    /// Identifiers: 20.
    pub identifiers: usize,
    /// Stated preferences: 20.
    pub preferences: usize,
    /// Consents: 20.
    pub consents: usize,
    /// Statements that agree with one, and that conflict with it; what a consent rests on: 5 each.
    pub repeats: usize,
    /// Facets: 10.
    pub facets: usize,
    /// Favourites of a facet: 3.
    pub favourites: usize,
    /// Events: 10.
    pub events: usize,
    /// Orders: 10.
    pub orders: usize,
    /// Lines of an order or an event; contacts, receipts and returns of an order: 10 each.
    pub lines: usize,
    /// Other profiles of the household: 10.
    pub members: usize,
}

impl Default for CardLimits {
    fn default() -> Self {
        Self {
            records: 20,
            golden: 50,
            identifiers: 20,
            preferences: 20,
            consents: 20,
            repeats: 5,
            facets: 10,
            favourites: 3,
            events: 10,
            orders: 10,
            lines: 10,
            members: 10,
        }
    }
}

/// The first of a list, and how many more there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed<T> {
    /// Those that are on the card.
    pub shown: Vec<T>,
    /// How many are not.
    pub left_out: u64,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { shown: Vec::new(), left_out: 0 }
    }
}

impl<T> Listed<T> {
    pub(super) fn first(mut all: Vec<T>, limit: usize) -> Self {
        let left_out = cut(&mut all, limit);
        Self { shown: all, left_out }
    }

    fn map<U>(self, one: impl FnMut(T) -> U) -> Listed<U> {
        Listed { shown: self.shown.into_iter().map(one).collect(), left_out: self.left_out }
    }
}

/// A profile on one card, as JSON for whoever serves the customer: the same content in the same order.
///
/// Every list is bounded by the [`CardLimits`], and says how many it leaves out; what a source said in one line is as it
/// was sent. Below the needed proof orders and consents are masked, and so is every event that tells of an order or of
/// goods; the identifiers that name orders are left out. The keys of records and statements are told: they are what staff look up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Card {
    /// The name that the profile bears.
    pub id: ProfileId,
    /// The time that the card is of.
    pub now: Timestamp,
    /// What was proved.
    pub proof: Verification,
    /// What must be proved to see what is masked; none where nothing is.
    pub needs: Option<Verification>,
    /// Its golden record, each value with its lineage.
    pub golden: Listed<GoldenValue>,
    /// What its records and trails carry.
    pub identifiers: Listed<ProfileIdentifier>,
    /// Its records, by source, then key.
    pub records: Listed<RecordKey>,
    /// What was stated, as [`recall`] orders it.
    pub preferences: Listed<CardStated>,
    /// How many statements are not recalled, by the reason.
    pub preferences_withheld: BTreeMap<LeftOutReason, u64>,
    /// What is allowed and what is not, by purpose and channel; folded over all identifiers, as
    /// [`effective`](crate::effective) has it.
    pub consents: Listed<ShownConsent>,
    /// How many identifiers are so crowded that what others told of them does not count (see
    /// [`Consents`](super::Consents)).
    pub consents_crowded: u64,
    /// What the deeds show to be liked, by facet; none without a population.
    pub favourites: Option<Listed<FacetFavourites>>,
    /// The oldest event.
    pub first: Option<ShownEvent>,
    /// The newest event.
    pub last: Option<ShownEvent>,
    /// The newest event that is a contact: a call, a mail, a talk at the desk.
    pub last_contact: Option<ShownEvent>,
    /// If there was a contact, it was before this time: too many events since were looked at.
    pub last_contact_before: Option<Timestamp>,
    /// The newest events, the newest first. Left out are those that its trails hold beside: at least one where there are
    /// more, and some that are later than now, or other people's on trails that follow whoever uses a device.
    pub events: Listed<ShownEvent>,
    /// The newest orders, the newest first.
    pub orders: Listed<CardOrder>,
    /// How many remarks there are on its orders (see [`Orders`]).
    pub order_issues: u64,
    /// With whom they live; none where that is not known.
    pub household: Option<CardHousehold>,
}

/// What was stated, with some of what agrees and conflicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardStated {
    /// The statement.
    #[serde(flatten)]
    pub stated: Stated,
    /// How many that agree with it, or conflict, are left out.
    pub left_out: u64,
}

/// What the deeds on a facet show to be liked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FacetFavourites {
    /// The facet.
    pub facet: SmolStr,
    /// The values that are liked best.
    #[serde(flatten)]
    pub values: Listed<Affinity>,
}

/// An order as far as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardOrder {
    /// The order.
    #[serde(flatten)]
    pub order: ShownOrder,
    /// How many of its lines, contacts, receipts and returns are left out.
    pub left_out: u64,
}

/// An event as far as it may be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownEvent {
    /// What happened.
    Whole(Box<CardEvent>),
    /// That something happened.
    Masked {
        /// The day, where it happened: `2026-01-05`.
        date: SmolStr,
        /// What happened.
        kind: EventKind,
        /// The channel.
        channel: SmolStr,
        /// What must be proved to see the rest.
        needs: Verification,
    },
}

/// An event, without what is elsewhere on the card or in the evidence.
#[derive(Clone, PartialEq, Serialize)]
pub struct CardEvent {
    /// Its key.
    pub key: RecordKey,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// The channel; the source, where it names none.
    pub channel: SmolStr,
    /// Where: a shop, a hotel.
    pub place: Option<SmolStr>,
    /// The order that it belongs to, as sent.
    pub order: Option<SmolStr>,
    /// What it was about, as sent.
    pub lines: Listed<Line>,
    /// The words: what was searched for, or said. None where they note a wish that may not be seen.
    pub text: Option<SmolStr>,
    /// How it was said, from -1 (angry) to 1 (glad), as sent.
    pub sentiment: Option<SmolStr>,
    /// The message that it tells of.
    pub message: Option<Message>,
    /// The kind of identifier by which it is theirs, where nobody known did it.
    pub followed: Option<SmolStr>,
}

/// With whom somebody lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardHousehold {
    /// The other profiles, the oldest first. None where too many share it.
    pub others: Listed<HouseholdMember>,
    /// By what the profile itself is in it.
    pub because: Vec<HouseholdTie>,
    /// How many share it, where they are too many to be a household.
    pub too_many: Option<u64>,
}

impl View {
    /// One card with everything that whoever serves a customer needs: who it is, what was said, allowed and liked, what
    /// happened first and last, what was bought, and with whom they live. None if the id leads nowhere.
    ///
    /// What [`profile`](Self::profile), [`preferences`](Self::preferences), [`consents`](Self::consents),
    /// [`touches`](Self::touches), [`orders`](Self::orders) and [`household`](Self::household) cost, and [`deeds`](Self::deeds) where a population is
    /// given; the events are read back to the last contact, though not many more than 65,536 of them.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{CardQuery, Event, EventKind, Line, Policy, Record, Resolver, ShownOrder, Verification};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let file = Record::new("crm", "42", "2026-01-04T09:00:00Z".parse()?).identifier("email", "ann@post.example.org");
    /// let ann = resolver.add(file.attribute("given_name", "Ann"))?.profile.unwrap();
    /// let bought = Event::new("web", "1", "2026-01-05T10:00:00Z".parse()?, EventKind::Purchase);
    /// let bought = bought.identifier("email", "Ann@post.example.org").order("o-7");
    /// resolver.add_event(bought.line(Line::new("coat").amount("310.00", "EUR")))?;
    ///
    /// let query = CardQuery::new("2026-02-01T00:00:00Z".parse()?);
    /// let card = resolver.card(ann, &query)?.unwrap();
    /// assert_eq!(card.golden.shown[0].value, "Ann".into());
    /// assert!(matches!(card.orders.shown[0].order, ShownOrder::Masked { needs: Verification::TwoIdentifiers, .. }));
    /// assert!(!serde_json::to_string(&card).unwrap().contains("coat"), "nor do the events tell");
    ///
    /// let card = resolver.card(ann, &query.proof(Verification::TwoIdentifiers))?.unwrap();
    /// let ShownOrder::Whole(order) = &card.orders.shown[0].order else { panic!("two were named") };
    /// assert_eq!((order.id.as_deref(), card.needs), (Some("O7"), None));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn card(&self, id: ProfileId, query: &CardQuery<'_>) -> Result<Option<Card>> {
        let Some(subject) = self.subject(id)? else { return Ok(None) };
        let profile = self.profile_with(&subject.cluster, &subject.members)?;
        let limits = &query.limits;
        let preferences = recall(&self.events_under(Topic::Statement, &subject)?, &query.preferences, query.now);
        let mut preferences_withheld = BTreeMap::new();
        for left_out in &preferences.left_out {
            *preferences_withheld.entry(left_out.reason).or_default() += 1;
        }
        let Touches { first, last } = self.touches_of(&subject, query.now)?;
        let shown = |event| Ok(self.shown_event(&self.told(event)?, query));
        let (first, last) = (first.map(shown).transpose()?, last.map(shown).transpose()?);
        let Orders { orders, issues } = self.orders_of(&subject, query.now)?;
        let (last_contact, last_contact_before) = self.last_contact(&subject, query)?;
        let events = self.newest_events(&subject, profile.events, query)?;
        let (consents, consents_crowded) = self.consents_shown(&subject, query)?;
        Ok(Some(Card {
            id: profile.id,
            now: query.now,
            proof: query.proof,
            needs: (!query.shows_all()).then_some(query.needed),
            identifiers: self.identifiers_shown(&profile, query),
            golden: Listed::first(profile.golden.values, limits.golden),
            records: Listed::first(profile.records, limits.records),
            preferences: Listed::first(preferences.stated, limits.preferences).map(|stated| cut_stated(stated, limits)),
            preferences_withheld,
            consents,
            consents_crowded,
            favourites: query.population.map(|all| self.favourites(&subject, all, query)).transpose()?,
            first,
            last,
            last_contact,
            last_contact_before,
            events,
            orders: Listed::first(orders, limits.orders).map(|order| shown_order(order, query)),
            order_issues: issues.len() as u64,
            household: self.household_shown(&subject, limits)?,
        }))
    }

    /// The identifiers of a profile; those that name orders are as secret as the orders.
    fn identifiers_shown(&self, profile: &Profile, query: &CardQuery<'_>) -> Listed<ProfileIdentifier> {
        let order = self.rules.policy.event.order.as_ref();
        let may = |one: &&ProfileIdentifier| query.shows_all() || Some(&one.kind) != order;
        let mut shown: Vec<ProfileIdentifier> = profile.identifiers.iter().filter(may).cloned().collect();
        shown.truncate(query.limits.identifiers);
        let left_out = profile.identifiers.len().saturating_sub(shown.len()) as u64;
        Listed { shown, left_out }
    }

    fn favourites(
        &self,
        subject: &Subject,
        population: &Population,
        query: &CardQuery<'_>,
    ) -> Result<Listed<FacetFavourites>> {
        let deeds = self.deeds_of(subject, query.now)?;
        let weighed = Weighed::new(&deeds, &query.weights);
        let asked = !query.facets.is_empty();
        let known = population.facets.iter().map(|prior| &prior.facet).filter(|_| !asked);
        let mut found = Listed::default();
        for facet in query.facets.iter().chain(known) {
            let reading = Reading::new(population, facet, &weighed, day_of(query.now));
            let Some(reading) = reading.filter(|reading| reading.values() > 0) else { continue };
            if found.shown.len() == query.limits.facets {
                found.left_out += 1;
                continue;
            }
            let shown = reading.best(query.limits.favourites);
            let left_out = reading.values().saturating_sub(shown.len() as u64);
            found.shown.push(FacetFavourites { facet: facet.clone(), values: Listed { shown, left_out } });
        }
        Ok(found)
    }

    fn newest_events(&self, subject: &Subject, held: u64, query: &CardQuery<'_>) -> Result<Listed<ShownEvent>> {
        let limit = query.limits.events;
        let asked = JourneyQuery { until: after(query.now), ..JourneyQuery::new().limit(limit.saturating_add(1)) };
        let journey = self.journey_of(subject, &asked)?;
        let more = journey.next.is_some() || journey.events.len() > limit;
        let shown: Vec<ShownEvent> =
            journey.events.iter().take(limit).map(|event| self.shown_event(event, query)).collect();
        let left_out = held.saturating_sub(shown.len() as u64).max(u64::from(more));
        Ok(Listed { shown, left_out })
    }

    /// The newest contact; where too many events were looked at, the time before which it was if there was one.
    fn last_contact(
        &self,
        subject: &Subject,
        query: &CardQuery<'_>,
    ) -> Result<(Option<ShownEvent>, Option<Timestamp>)> {
        let asked = JourneyQuery { until: after(query.now), ..JourneyQuery::new().kind(EventKind::Contact).limit(1) };
        let journey = self.journey_of(subject, &asked)?;
        let last = journey.events.first().map(|event| self.shown_event(event, query));
        let stopped = journey.next.filter(|_| last.is_none());
        Ok((last, stopped.map(|next| Timestamp::from_microseconds(next.at)).transpose()?))
    }

    /// An event of a profile, with the kind of identifier by which it is theirs.
    fn told(&self, event: Arc<Event>) -> Result<JourneyEvent> {
        let place = self.snapshot.event_places(&[hash_of(self.seed, event.what(), &event.key)])?.pop().flatten();
        let node = place.map(|place| self.snapshot.nodes(&[place.trail])).transpose()?;
        let link = node.and_then(|mut nodes| nodes.pop().flatten()).and_then(|node| node.vertex.follows());
        let kind = link.and_then(|link| self.rules.kinds.get(usize::from(link.kind)));
        Ok(JourneyEvent { event, followed: kind.map(|kind| kind.name.clone()) })
    }

    fn shown_event(&self, told: &JourneyEvent, query: &CardQuery<'_>) -> ShownEvent {
        let event = &*told.event;
        if !query.shows_all() && self.is_of_goods(event) {
            let (kind, channel) = (event.kind.clone(), channel(event));
            return ShownEvent::Masked { date: day(event.at), kind, channel, needs: query.needed };
        }
        let may_see = |preference: &Preference| {
            let purpose =
                |sent: &Option<SmolStr>| sent.as_ref().and_then(trimmed).map(|sent| folded(&sent).into_owned());
            let of = purpose(&preference.purpose);
            preference.sensitivity <= query.preferences.sensitivity_max
                && (of.is_none() || of == purpose(&query.preferences.purpose))
        };
        ShownEvent::Whole(Box::new(CardEvent {
            key: event.key.clone(),
            at: event.at,
            kind: event.kind.clone(),
            channel: channel(event),
            place: event.place.clone(),
            order: event.order.clone(),
            lines: Listed::first(event.lines.clone(), query.limits.lines),
            text: event.text.clone().filter(|_| event.preference.as_deref().is_none_or(may_see)),
            sentiment: event.sentiment.clone(),
            message: event.message.clone(),
            followed: told.followed.clone(),
        }))
    }

    fn is_of_goods(&self, event: &Event) -> bool {
        matches!(event.kind, EventKind::Purchase | EventKind::Return)
            || !event.lines.is_empty()
            || event.order.is_some()
            || order_id(&self.rules, event).is_some()
    }

    fn household_shown(&self, subject: &Subject, limits: &CardLimits) -> Result<Option<CardHousehold>> {
        let Some(household) = self.household_of(subject.number, &subject.cluster)? else { return Ok(None) };
        let id = ProfileId::of(subject.cluster.profile, self.seed);
        let (own, others): (Vec<_>, Vec<_>) = household.members.into_iter().partition(|member| member.profile == id);
        let because = own.into_iter().flat_map(|member| member.because).collect();
        let others = Listed::first(others, limits.members);
        Ok(Some(CardHousehold { others, because, too_many: household.too_many }))
    }
}

/// The end of what is until now; none at the end of time.
fn after(now: Timestamp) -> Option<Timestamp> {
    Timestamp::from_microseconds(now.microseconds().saturating_add(1)).ok()
}

/// Cuts a list, and says by how many.
fn cut<T>(all: &mut Vec<T>, limit: usize) -> u64 {
    let left_out = all.len().saturating_sub(limit);
    all.truncate(limit);
    left_out as u64
}

fn cut_stated(mut stated: Stated, limits: &CardLimits) -> CardStated {
    let left_out = cut(&mut stated.agrees, limits.repeats) + cut(&mut stated.conflicts, limits.repeats);
    CardStated { stated, left_out }
}

fn shown_order(order: Order, query: &CardQuery<'_>) -> CardOrder {
    let (mut order, limit) = (order.shown_at(query.proof, query.needed), query.limits.lines);
    let left_out = match &mut order {
        ShownOrder::Whole(whole) => {
            let events = cut(&mut whole.also, limit) + cut(&mut whole.returns, limit);
            events + cut(&mut whole.lines, limit) + cut(&mut whole.contact, limit)
        }
        ShownOrder::Masked { .. } => 0,
    };
    CardOrder { order, left_out }
}

/// Shows the kind and counts, no personal value.
impl fmt::Debug for CardEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardEvent({:?}, {}, {} lines)", self.key, self.kind, self.lines.shown.len())
    }
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::card`].
    ///
    /// # Errors
    /// As there.
    pub fn card(&self, id: ProfileId, query: &CardQuery<'_>) -> Result<Option<Card>> {
        self.view()?.card(id, query)
    }
}

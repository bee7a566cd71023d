//! What a profile bought: its orders, whole or as far as they may be shown, and found without their number.

use super::Resolver;
use super::about::Subject;
use super::attribute::Users;
use super::read::View;
use crate::error::Result;
use crate::event::{Event, EventKind};
use crate::id::{ClusterNumber, ProfileId, RecordNumber, TopicHash, ValueHash};
use crate::identifier::{Topic, hash_topic, hash_value};
use crate::issue::{Issue, IssueReason};
use crate::journey::{Order, OrderAccess, ShownOrder, orders, primary};
use crate::normalise::{order_form, order_id};
use crate::profile::Status;
use crate::record::{Identifier, What};
use crate::store::{DORMANT, EventPlace, Node, Posting};
use crate::time::Timestamp;
use ahash::AHashMap;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// An order id that more events may have than this is no order's: a test's, or a placeholder.
pub(super) const ORDER_EVENTS_MAX: usize = 1024;

/// Ids of orders whose events are read together.
const IDS_PAGE: usize = 512;

/// The orders of a profile.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Orders {
    /// The newest first; at one instant the larger key.
    pub orders: Vec<Order>,
    /// Returns that take nothing out ([`Unmatched`](IssueReason::Unmatched)), and ids that too many events may have to
    /// be an order's ([`TooMany`](IssueReason::TooMany)): each purchase under such an id is by itself.
    pub issues: Vec<Issue>,
}

/// What orders are looked for by.
///
/// # Examples
/// ```
/// use onefold::{Identifier, OrderSearch};
/// let search = OrderSearch::Identifier(Identifier::new("email", "ann@example.org"));
/// assert_eq!(format!("{search:?}"), "Identifier(email:..)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum OrderSearch {
    /// Its id.
    Order(SmolStr),
    /// An identifier of who bought, or the id of the order as an identifier of the kind that the policy declares.
    Identifier(Identifier),
}

/// Orders that were found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundOrders {
    /// Whose they are: the holder of the identifier, or who bought.
    pub profile: Option<ProfileId>,
    /// The other profiles that carry the identifier, at most 100: their orders are not shown.
    pub claimants: Vec<ProfileId>,
    /// What the identifier means; of an order id, whether there is such an order.
    pub status: Status,
    /// The orders as far as they may be shown, the newest first.
    pub orders: Vec<ShownOrder>,
}

/// The events of an order, in the order of time, with the cluster that each is of.
type Told = Vec<(ClusterNumber, Arc<Event>)>;

/// Purchases and returns of a profile.
#[derive(Default)]
struct Traded {
    /// By the order that they name, and those that name none.
    of_id: BTreeMap<SmolStr, Vec<Arc<Event>>>,
    nameless: Vec<Arc<Event>>,
    events: AHashMap<EventPlace, Arc<Event>>,
}

impl View {
    /// What a profile bought until now, over all its identifiers, as [`orders`](crate::orders) finds it. None if the id
    /// leads nowhere. What a purpose sees of it: [`ForPurpose::orders`](crate::ForPurpose::orders).
    ///
    /// The id of an order is what [`order_id`](crate::order_id) reads. Events with one id tell of one purchase, whoever
    /// they are of: the order is of the profile of its oldest purchase event that has lines, and receipts and returns
    /// that hang on others count there and nowhere else. So no purchase is in the orders of two profiles.
    ///
    /// O(trails + purchases and returns, and for each order its events and who carries its id).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, Line, Policy, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let web = Event::new("web", "1", "2026-01-05T10:00:00Z".parse()?, EventKind::Purchase)
    ///     .identifier("email", "ann@example.org")
    ///     .order("o-7")
    ///     .line(Line::new("coat").amount("310.00", "EUR"));
    /// let till = Event::new("pos", "1", "2026-01-06T10:00:00Z".parse()?, EventKind::Purchase)
    ///     .identifier("loyalty_id", "L7")
    ///     .order("o-7")
    ///     .line(Line::new("coat"));
    /// let [online, card] = [web, till].map(|event| resolver.add_event(event).map(|answer| answer.profile.unwrap()));
    /// let (online, card) = (online?, card?);
    /// assert_ne!(online, card);
    ///
    /// let now = "2026-02-01T00:00:00Z".parse()?;
    /// let bought = resolver.orders(online, now)?.unwrap().orders;
    /// assert_eq!((bought.len(), bought[0].also.len()), (1, 1), "the receipt is a repeat, though on another profile");
    /// assert!(resolver.orders(card, now)?.unwrap().orders.is_empty());
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn orders(&self, id: ProfileId, now: Timestamp) -> Result<Option<Orders>> {
        self.subject(id)?.map(|subject| self.orders_of(&subject, now)).transpose()
    }

    /// The orders of a profile, as far as they may be shown. See [`orders`](Self::orders).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn orders_shown(
        &self,
        id: ProfileId,
        access: impl Into<OrderAccess>,
        now: Timestamp,
    ) -> Result<Option<Vec<ShownOrder>>> {
        let access = access.into();
        Ok(self.orders(id, now)?.map(|found| found.orders.iter().map(|order| shown(order, access)).collect()))
    }

    /// Finds orders without asking who somebody is: by an identifier, those of the profile that holds it, guests'
    /// included; by its id, the one. An identifier that nobody holds finds none: of several people it does not tell
    /// whose orders are asked for.
    ///
    /// As [`orders`](Self::orders) of that profile; of one order O(purchases and returns of the profile, and those of
    /// the order) where every return names its order. Nothing is scanned.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, Identifier, OrderSearch, Policy, Resolver, ShownOrder, Verification};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let guest = Event::new("web", "1", "2026-01-05T10:00:00Z".parse()?, EventKind::Purchase)
    ///     .identifier("email", "ann@example.org")
    ///     .order("O-7");
    /// resolver.add_event(guest)?;
    ///
    /// let now = "2026-02-01T00:00:00Z".parse()?;
    /// let by_email = OrderSearch::Identifier(Identifier::new("email", "Ann@Example.org"));
    /// let found = resolver.find_orders(&by_email, Verification::OneIdentifier, now)?;
    /// assert!(matches!(&found.orders[..], [ShownOrder::Masked { needs: Verification::TwoIdentifiers, .. }]));
    /// let found = resolver.find_orders(&OrderSearch::Order("o 7".into()), Verification::SignedIn, now)?;
    /// assert!(matches!(&found.orders[..], [ShownOrder::Whole(order)] if order.id.as_deref() == Some("O7")));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn find_orders(
        &self,
        search: &OrderSearch,
        access: impl Into<OrderAccess>,
        now: Timestamp,
    ) -> Result<FoundOrders> {
        let access = access.into();
        let declared = self.rules.policy.event.order.as_ref();
        match search {
            OrderSearch::Order(name) => self.find_order(name, access, now),
            OrderSearch::Identifier(sent) if Some(&sent.kind) == declared => self.find_order(&sent.value, access, now),
            OrderSearch::Identifier(identifier) => {
                let found = self.find(identifier)?;
                let shown = found.profile.map(|id| self.orders_shown(id, access, now)).transpose()?.flatten();
                let orders = shown.unwrap_or_default();
                Ok(FoundOrders { profile: found.profile, claimants: found.claimants, status: found.status, orders })
            }
        }
    }

    fn find_order(&self, name: &str, access: OrderAccess, now: Timestamp) -> Result<FoundOrders> {
        let id = order_form(&self.rules, name);
        let nothing = FoundOrders { profile: None, claimants: Vec::new(), status: Status::Unknown, orders: Vec::new() };
        let told = self.events_of_orders(&[&id], &mut AHashMap::new(), now)?.pop().flatten();
        let Some(told) = told else { return Ok(FoundOrders { status: Status::Generic, ..nothing }) };
        let Some(owner) = owner(&told) else { return Ok(nothing) };
        let Some(cluster) = self.snapshot.clusters(&[owner])?.pop().flatten() else { return Ok(nothing) };
        let profile = ProfileId::of(cluster.profile, self.seed);
        let theirs = self.orders_beside(profile, &id, told, now)?;
        let orders =
            theirs.iter().filter(|order| order.id.as_ref() == Some(&id)).map(|order| shown(order, access)).collect();
        Ok(FoundOrders { profile: Some(profile), status: Status::Held, orders, ..nothing })
    }

    /// Orders of a profile, among them the one of which some events tell. Only returns that name no order, or an id that
    /// is none, make one depend on the others.
    fn orders_beside(&self, profile: ProfileId, id: &SmolStr, told: Told, now: Timestamp) -> Result<Vec<Order>> {
        let Some(subject) = self.subject(profile)? else { return Ok(Vec::new()) };
        let traded = self.traded(&subject, now)?;
        let any_back = |events: &[Arc<Event>]| events.iter().any(|event| event.kind == EventKind::Return);
        let back = traded.of_id.iter().filter(|(other, events)| *other != id && any_back(events));
        let back: Vec<&SmolStr> = back.map(|(other, _)| other).collect();
        if any_back(&traded.nameless) || self.places_of_orders(&back)?.iter().any(Option::is_none) {
            return Ok(self.settled(&subject, traded, now)?.orders);
        }
        let events: Vec<Arc<Event>> = told.into_iter().map(|(_, event)| event).collect();
        Ok(orders(&events, |event| order_id(&self.rules, event)).0)
    }

    pub(super) fn orders_of(&self, subject: &Subject, now: Timestamp) -> Result<Orders> {
        self.settled(subject, self.traded(subject, now)?, now)
    }

    /// What a profile bought and gave back until now.
    fn traded(&self, subject: &Subject, now: Timestamp) -> Result<Traded> {
        let mut traded = Traded::default();
        let places = self.places_under(Topic::Trade, subject)?;
        for (place, event) in places.iter().zip(self.snapshot.events(&places)?) {
            let Some(event) = event.filter(|event| event.at.microseconds() <= now.microseconds()) else { continue };
            match order_id(&self.rules, &event) {
                Some(id) => traded.of_id.entry(id).or_default().push(Arc::clone(&event)),
                None => traded.nameless.push(Arc::clone(&event)),
            }
            traded.events.insert(*place, event);
        }
        Ok(traded)
    }

    fn settled(&self, subject: &Subject, traded: Traded, now: Timestamp) -> Result<Orders> {
        let Traded { of_id, nameless: mut events, events: mut known } = traded;
        let (mut worn, mut issues) = (BTreeSet::new(), Vec::new());
        let of_id: Vec<(SmolStr, Vec<Arc<Event>>)> = of_id.into_iter().collect();
        for page in of_id.chunks(IDS_PAGE) {
            let ids: Vec<&SmolStr> = page.iter().map(|(id, _)| id).collect();
            for ((id, own), told) in page.iter().zip(self.events_of_orders(&ids, &mut known, now)?) {
                match told {
                    None => {
                        let reason = IssueReason::TooMany(ORDER_EVENTS_MAX);
                        let key = own.iter().map(|event| &event.key).min().cloned();
                        issues.extend(key.map(|key| Issue { what: What::Event, key, field: "order".into(), reason }));
                        worn.insert(id.clone());
                        events.extend(own.iter().cloned());
                    }
                    Some(told) => match owner(&told) {
                        Some(owner) if owner == subject.number => {
                            events.extend(told.into_iter().map(|(_, event)| event));
                        }
                        Some(_) => {}
                        None => events.extend(own.iter().cloned()),
                    },
                }
            }
        }
        let id_of = |event: &Event| order_id(&self.rules, event).filter(|id| !worn.contains(id));
        let (orders, unmatched) = orders(&events, id_of);
        issues.extend(unmatched);
        Ok(Orders { orders, issues })
    }

    /// For each of some orders its events until now that are somebody's, in the order of time; none where too many may
    /// be of it. Events that are known are not read; those that are read are known then.
    fn events_of_orders(
        &self,
        ids: &[&SmolStr],
        known: &mut AHashMap<EventPlace, Arc<Event>>,
        now: Timestamp,
    ) -> Result<Vec<Option<Told>>> {
        let places = self.places_of_orders(ids)?;
        let all = || places.iter().flatten().flatten();
        let trails: BTreeSet<RecordNumber> = all().map(|place| place.trail).collect();
        let trails: Vec<RecordNumber> = trails.into_iter().collect();
        let nodes: AHashMap<RecordNumber, Arc<Node>> = trails
            .iter()
            .zip(self.snapshot.nodes(&trails)?)
            .filter_map(|(number, node)| Some((*number, node.filter(|node| node.cluster != DORMANT)?)))
            .collect();
        let unknown: Vec<EventPlace> = all().filter(|place| !known.contains_key(place)).copied().collect();
        let read = self.snapshot.events(&unknown)?;
        known.extend(unknown.into_iter().zip(read).filter_map(|(place, event)| Some((place, event?))));
        let mut users = Users::default();
        let mut tell = |id: &SmolStr, places: Vec<EventPlace>| {
            let mut told = Told::new();
            for place in places {
                let (Some(node), Some(event)) = (nodes.get(&place.trail), known.get(&place)) else { continue };
                if event.at.microseconds() <= now.microseconds() && order_id(&self.rules, event).as_ref() == Some(id) {
                    told.push((users.of(&*self.snapshot, node, place.at)?, Arc::clone(event)));
                }
            }
            told.sort_by(|(_, a), (_, b)| a.by_time(b));
            Ok(told)
        };
        ids.iter().zip(places).map(|(id, places)| places.map(|places| tell(id, places)).transpose()).collect()
    }

    /// For each of some orders the places of the events that may be of it, each once; none where they are too many.
    fn places_of_orders(&self, ids: &[&SmolStr]) -> Result<Vec<Option<Vec<EventPlace>>>> {
        let topics: Vec<TopicHash> = ids.iter().map(|id| hash_topic(self.seed, Topic::Order(id))).collect();
        let named = self.snapshot.events_about_each(&topics, ORDER_EVENTS_MAX + 1)?;
        let kind = self.rules.policy.event.order.as_ref().and_then(|kind| self.rules.kind_place(kind));
        let value = |id: &&SmolStr| kind.map(|kind| hash_value(self.seed, &self.rules, kind, id));
        let values: Vec<ValueHash> = ids.iter().filter_map(value).collect();
        let mut postings = self.snapshot.postings(&values)?.into_iter();
        let mut values = values.into_iter();
        let mut all = Vec::with_capacity(ids.len());
        for mut places in named {
            let carried = values.next().zip(postings.next().flatten());
            let mut few = places.len() <= ORDER_EVENTS_MAX;
            if let Some((value, posting)) = carried.filter(|_| few) {
                few = self.add_carried(value, &posting, &mut places)?;
            }
            places.sort_unstable();
            places.dedup();
            all.push(few.then_some(places));
        }
        Ok(all)
    }

    /// Adds the events of trails that carry an order's id as an identifier; says whether they are not too many.
    fn add_carried(&self, value: ValueHash, posting: &Posting, places: &mut Vec<EventPlace>) -> Result<bool> {
        if posting.carriers.len() > ORDER_EVENTS_MAX as u64 {
            return Ok(false);
        }
        let carriers = self.some_carriers(value, posting, ORDER_EVENTS_MAX)?;
        for (number, node) in carriers.iter().zip(self.snapshot.nodes(&carriers)?) {
            if node.is_none_or(|node| node.vertex.record().is_some()) {
                continue;
            }
            let limit = (ORDER_EVENTS_MAX + 1).saturating_sub(places.len());
            let page = self.snapshot.event_page(*number, i64::MIN..=i64::MAX, None, limit)?;
            places.extend(page.into_iter().map(|(place, _)| place));
            if places.len() > ORDER_EVENTS_MAX {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whose an order is: the cluster of the purchase that counts.
fn owner(told: &Told) -> Option<ClusterNumber> {
    let counts = primary(told.iter().map(|(_, event)| event.as_ref()))?;
    told.iter().find(|(_, event)| event.key == counts.key).map(|(cluster, _)| *cluster)
}

fn shown(order: &Order, access: OrderAccess) -> ShownOrder {
    order.shown_at(access.proof, access.needed)
}

/// Shows the kind only.
impl fmt::Debug for OrderSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(_) => f.write_str("Order(..)"),
            Self::Identifier(identifier) => write!(f, "Identifier({}:..)", identifier.kind),
        }
    }
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::orders`].
    ///
    /// # Errors
    /// As there.
    pub fn orders(&self, id: ProfileId, now: Timestamp) -> Result<Option<Orders>> {
        self.view()?.orders(id, now)
    }

    /// See [`View::orders_shown`].
    ///
    /// # Errors
    /// As there.
    pub fn orders_shown(
        &self,
        id: ProfileId,
        access: impl Into<OrderAccess>,
        now: Timestamp,
    ) -> Result<Option<Vec<ShownOrder>>> {
        self.view()?.orders_shown(id, access, now)
    }

    /// See [`View::find_orders`].
    ///
    /// # Errors
    /// As there.
    pub fn find_orders(
        &self,
        search: &OrderSearch,
        access: impl Into<OrderAccess>,
        now: Timestamp,
    ) -> Result<FoundOrders> {
        self.view()?.find_orders(search, access, now)
    }
}

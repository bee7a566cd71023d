//! Orders: what was bought, told by however many events.

use super::returns;
use crate::decimal::Decimal;
use crate::event::{Event, EventKind, Facet};
use crate::issue::Issue;
use crate::normalise::{NormalisedLine, each_once, read_lines, trimmed};
use crate::record::{Identifier, RecordKey};
use crate::time::Timestamp;
use serde::Serialize;
use smol_str::SmolStr;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// One purchase.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// Its id; none where it has none, and the event that tells of it is its name.
    pub id: Option<SmolStr>,
    /// When it was bought.
    pub at: Timestamp,
    /// Where.
    pub place: Option<SmolStr>,
    /// Through which channel; by which source, where no channel is named.
    pub channel: SmolStr,
    /// What was bought, in the source's order.
    pub lines: Vec<OrderLine>,
    /// What all lines cost when they were bought, and the currency; none where a line does not tell, or they differ.
    pub total: Option<(Decimal, SmolStr)>,
    /// Where to reach the customer about it, as the newest event of the order that says so.
    pub contact: Vec<Identifier>,
    /// The event that tells what was bought, and alone counts.
    pub because: RecordKey,
    /// Other purchase events of it, as receipts, in the order of time.
    pub also: Vec<RecordKey>,
    /// The return events of it, or that took something out, in the order of time.
    pub returns: Vec<RecordKey>,
    /// What is left of it.
    pub status: OrderStatus,
}

/// One thing that was bought.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct OrderLine {
    /// The line's name within the order.
    pub line: Option<SmolStr>,
    /// The product.
    pub product: Option<SmolStr>,
    /// Which one of the product.
    pub variant: Option<SmolStr>,
    /// What the product is like: sorted, each once.
    pub facets: Vec<Facet>,
    /// How many, or how much; one, where nothing that can be read is said.
    pub quantity: Decimal,
    /// How many of them were given back; never more.
    pub returned: Decimal,
    /// What the line cost.
    pub amount: Option<Decimal>,
    /// The currency of the amount, three letters.
    pub currency: Option<SmolStr>,
    /// Whether it was for somebody else.
    pub gift: bool,
}

impl OrderLine {
    /// How many of them were not given back.
    pub fn kept(&self) -> Decimal {
        self.quantity.checked_sub(self.returned).unwrap_or(Decimal::ZERO)
    }
}

/// What is left of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// All of it.
    Bought,
    /// A part of it.
    PartlyReturned,
    /// Nothing.
    Returned,
}

/// Finds the orders that events tell of, in any order of the events: the newest order first, ties to the larger key.
///
/// Purchases with the same order id are one order; a purchase without one is an order of its own. `id_of` says which id
/// an event has. Of the purchases of an order the oldest that has lines counts, at one instant the one with the smallest
/// key; others are repeats.
///
/// A return line takes out its quantity (one, where it says none) of the line of that name in its order, else of the
/// lines with its product and variant. One without an order id takes from what was bought last before it and is not yet
/// returned; those that name their order come first. A variant that one side does not tell is no contradiction. What
/// takes nothing out is an issue [`Unmatched`](crate::IssueReason::Unmatched).
///
/// O(n log n) for n lines, and each return without an order id looks at all lines with its product.
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Line, OrderStatus, orders};
/// use std::sync::Arc;
///
/// let event = |source, at: &str, kind| Ok::<_, onefold::Error>(Event::new(source, "1", at.parse()?, kind));
/// let online = event("web", "2026-01-05T10:00:00Z", EventKind::Purchase)?
///     .order("o-7")
///     .line(Line::new("coat").line("1").amount("310.00", "EUR"))
///     .line(Line::new("socks").line("2").quantity("3").amount("21.00", "EUR"));
/// let receipt = event("till", "2026-01-06T17:30:00Z", EventKind::Purchase)?.order("o-7").line(Line::new("coat"));
/// let back = event("shop", "2026-01-09T12:00:00Z", EventKind::Return)?.line(Line::new("socks").quantity("2"));
///
/// let events = [receipt, back, online].map(Arc::new);
/// let (orders, issues) = orders(&events, |event| event.order.clone());
/// assert_eq!((orders.len(), issues.len()), (1, 0));
/// assert_eq!(orders[0].total, Some(("331".parse()?, "EUR".into())));
/// assert_eq!((orders[0].also.len(), orders[0].status), (1, OrderStatus::PartlyReturned));
/// assert_eq!(orders[0].lines[1].kept(), "1".parse()?);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn orders(events: &[Arc<Event>], id_of: impl Fn(&Event) -> Option<SmolStr>) -> (Vec<Order>, Vec<Issue>) {
    let mut of_id: BTreeMap<SmolStr, Vec<&Event>> = BTreeMap::new();
    let mut found = Vec::new();
    let mut returns = Vec::new();
    for event in each_once(events) {
        let id = id_of(event).and_then(|id| trimmed(&id));
        if event.kind == EventKind::Return {
            returns.push((id.clone(), event.as_ref()));
        }
        match id {
            Some(id) => of_id.entry(id).or_default().push(event),
            None if event.kind == EventKind::Purchase => found.extend(order(None, &[event])),
            None => {}
        }
    }
    found.extend(of_id.into_iter().filter_map(|(id, events)| order(Some(id), &events)));
    found.sort_by(|a, b| (a.at.microseconds(), &a.because).cmp(&(b.at.microseconds(), &b.because)));
    let issues = returns::take_out(&mut found, &returns);
    for order in &mut found {
        order.status = status(&order.lines);
    }
    found.sort_by_key(|order| Reverse((order.at.microseconds(), order.because.clone())));
    (found, issues)
}

/// The order that events of one id tell of, if one of them is a purchase. They are in the order of time.
fn order(id: Option<SmolStr>, events: &[&Event]) -> Option<Order> {
    let purchases = || events.iter().filter(|event| event.kind == EventKind::Purchase);
    let primary = primary(events.iter().copied())?;
    let lines: Vec<OrderLine> = read_lines(primary).into_iter().map(bought).collect();
    let others = purchases().filter(|event| event.key != primary.key);
    let contact = events.iter().rev().map(|event| &event.contact).find(|contact| !contact.is_empty());
    Some(Order {
        id,
        at: primary.at,
        place: primary.place.as_ref().and_then(trimmed),
        channel: super::channel(primary),
        total: total(&lines),
        status: status(&lines),
        lines,
        contact: contact.cloned().unwrap_or_default(),
        because: primary.key.clone(),
        also: others.map(|event| event.key.clone()).collect(),
        returns: Vec::new(),
    })
}

/// The purchase that tells what was bought: of events of one order in the order of time, the oldest that has lines.
pub(crate) fn primary<'a>(events: impl Iterator<Item = &'a Event> + Clone) -> Option<&'a Event> {
    let mut purchases = events.filter(|event| event.kind == EventKind::Purchase);
    purchases.clone().find(|event| !event.lines.is_empty()).or_else(|| purchases.next())
}

fn bought(line: NormalisedLine) -> OrderLine {
    OrderLine {
        line: line.line,
        product: line.product,
        variant: line.variant,
        facets: line.facets,
        quantity: line.quantity.unwrap_or(Decimal::ONE),
        returned: Decimal::ZERO,
        amount: line.amount,
        currency: line.currency,
        gift: line.gift,
    }
}

fn total(lines: &[OrderLine]) -> Option<(Decimal, SmolStr)> {
    let currency = lines.first()?.currency.clone()?;
    let sum = lines.iter().try_fold(Decimal::ZERO, |sum, line| {
        let amount = line.amount.filter(|_| line.currency.as_ref() == Some(&currency))?;
        sum.checked_add(amount)
    });
    Some((sum?, currency))
}

fn status(lines: &[OrderLine]) -> OrderStatus {
    let any_returned = lines.iter().any(|line| line.returned > Decimal::ZERO);
    let any_kept = lines.iter().any(|line| line.kept() > Decimal::ZERO);
    match (any_returned, any_kept) {
        (false, _) => OrderStatus::Bought,
        (true, true) => OrderStatus::PartlyReturned,
        (true, false) => OrderStatus::Returned,
    }
}

/// Shows how much it holds, not what.
impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Order({:?}, {} lines, {:?})", self.because, self.lines.len(), self.status)
    }
}

/// Shows a count: what was bought is personal.
impl fmt::Debug for OrderLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderLine({} facets)", self.facets.len())
    }
}

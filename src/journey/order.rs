//! Orders: what was bought, told by however many events.

use crate::decimal::Decimal;
use crate::event::{Event, EventKind, Facet};
use crate::issue::{Issue, IssueReason};
use crate::normalise::{NormalisedLine, each_once, read_lines, trimmed};
use crate::record::{Identifier, RecordKey, What};
use crate::time::Timestamp;
use crate::trade::{Bought, Settled, SettledOrder, Trade, is_trade, settle};
use serde::Serialize;
use smol_str::{SmolStr, format_smolstr};
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

impl Order {
    /// What was paid for what was kept, in a currency: of a line that was given back in part, so much of its amount as of
    /// its quantity, to the hundredth of a hundredth. None where a line that was kept in whole or part does not tell, or is
    /// in another currency, or nothing was kept. O(lines).
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, Line, orders};
    /// use std::sync::Arc;
    /// let event = |key: &str, kind| Ok::<_, onefold::Error>(Event::new("web", key, "2026-01-05T10:00:00Z".parse()?, kind));
    /// let socks = Line::new("socks").quantity("3").amount("20.00", "EUR");
    /// let bought = event("1", EventKind::Purchase)?.order("o-1").line(socks);
    /// let back = event("2", EventKind::Return)?.order("o-1").line(Line::new("socks").quantity("1"));
    /// let (orders, _) = orders(&[bought, back].map(Arc::new), |event| event.order.clone());
    /// assert_eq!(orders[0].kept_amount("EUR"), Some("13.3333".parse()?));
    /// assert_eq!(orders[0].kept_amount("USD"), None);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn kept_amount(&self, currency: &str) -> Option<Decimal> {
        let kept = self.lines.iter().filter(|line| line.kept() > Decimal::ZERO);
        let amounts = kept.map(|line| {
            let paid = line.amount.filter(|_| line.currency.as_deref() == Some(currency))?;
            if line.returned == Decimal::ZERO { Some(paid) } else { paid.portion(line.kept(), line.quantity) }
        });
        amounts.reduce(|sum, amount| sum?.checked_add(amount?)).flatten()
    }
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
/// A return that names its order takes out of that order alone: without lines, all that is left of it; by a line's name,
/// what bears it; else what has its product and variant. One that names none takes from what was bought last by its own
/// time and is not yet given back; those that name their order come first. A line takes its quantity out, or the whole
/// where it says none. A variant that one side does not tell is no contradiction. What takes nothing out, or less than it
/// asks for, is an issue [`Unmatched`](crate::IssueReason::Unmatched).
///
/// O(n log n) for n lines, and each return without an order id looks at all lines with its product. The same settlement is
/// behind [`tallies`](crate::tallies) and [`Shopper`](crate::Shopper).
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
    let mut trades = Vec::new();
    let mut contacts: BTreeMap<SmolStr, &[Identifier]> = BTreeMap::new();
    for event in each_once(events) {
        let order = id_of(event).and_then(|id| trimmed(&id));
        if let Some(id) = order.as_ref().filter(|_| !event.contact.is_empty()) {
            contacts.insert(id.clone(), &event.contact);
        }
        if is_trade(event) {
            trades.push(Trade { event: Arc::clone(event), order });
        }
    }
    let settled = settle(&trades);
    let told = settled.orders.iter().rev().filter_map(|order| told(order, &settled, &trades, &contacts));
    let unmatched = settled.unmatched.iter().filter_map(|(place, line)| {
        let (key, reason) = (trades.get(*place)?.event.key.clone(), IssueReason::Unmatched);
        let field = line.map_or(SmolStr::new_static("lines"), |line| format_smolstr!("lines[{line}]"));
        Some(Issue { what: What::Event, key, field, reason })
    });
    (told.collect(), unmatched.collect())
}

/// Tells what an order came to.
fn told(
    order: &SettledOrder,
    settled: &Settled,
    trades: &[Trade],
    contacts: &BTreeMap<SmolStr, &[Identifier]>,
) -> Option<Order> {
    let Trade { event, order: id } = trades.get(order.trade)?;
    let keys = |places: &[usize]| {
        let events = places.iter().filter_map(|place| trades.get(*place));
        events.map(|trade| trade.event.key.clone()).collect()
    };
    let contact = id.as_ref().map_or(Some(event.contact.as_slice()), |id| contacts.get(id).copied());
    let left = settled.lines_of(order);
    let lines: Vec<OrderLine> =
        read_lines(event).into_iter().zip(left).map(|(line, left)| bought(line, left)).collect();
    Some(Order {
        id: id.clone(),
        at: event.at,
        place: event.place.as_ref().and_then(trimmed),
        channel: super::channel(event),
        total: total(&lines),
        status: status(left),
        lines,
        contact: contact.unwrap_or_default().to_vec(),
        because: event.key.clone(),
        also: keys(&order.also),
        returns: keys(&order.returns),
    })
}

/// The purchase that tells what was bought: of events of one order in the order of time, the oldest that has lines.
pub(crate) fn primary<'a>(events: impl Iterator<Item = &'a Event> + Clone) -> Option<&'a Event> {
    let mut purchases = events.filter(|event| event.kind == EventKind::Purchase);
    purchases.clone().find(|event| !event.lines.is_empty()).or_else(|| purchases.next())
}

fn bought(line: NormalisedLine, left: &Bought) -> OrderLine {
    OrderLine {
        line: line.line,
        product: line.product,
        variant: line.variant,
        facets: line.facets,
        quantity: left.quantity,
        returned: left.returned,
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

fn status(lines: &[Bought]) -> OrderStatus {
    let any_returned = lines.iter().any(|line| line.returned > Decimal::ZERO);
    let any_kept = lines.iter().any(Bought::is_kept);
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

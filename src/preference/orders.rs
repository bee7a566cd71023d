//! What was bought and kept: each order once, less what was given back.

use crate::decimal::Decimal;
use crate::event::{Event, EventKind, Line};
use crate::normalise::glance;
use crate::record::RecordKey;
use ahash::AHashMap;
use smol_str::SmolStr;
use std::ops::Range;
use std::sync::Arc;

/// A line of a purchase, once for each order.
#[derive(Clone, PartialEq)]
pub(crate) struct Purchase {
    pub(crate) event: Arc<Event>,
    /// The place of the line in the event; none where the event has no lines.
    place: Option<usize>,
    /// How much of it is left after what was given back.
    left: Decimal,
}

impl Purchase {
    /// The line; none where nobody said what was bought.
    pub(crate) fn line(&self) -> Option<&Line> {
        self.event.lines.get(self.place?)
    }

    /// Says whether something of it was kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.left > Decimal::ZERO
    }

    fn product(&self) -> Option<&str> {
        glance::key(self.line()?.product.as_ref())
    }

    /// Says whether a line of a return may mean this one; 2 where it names the variant, 1 where one of the two names none.
    fn likeness(&self, product: &str, variant: Option<&str>) -> u8 {
        let own = self.line().and_then(|line| glance::name(line.variant.as_ref()));
        match (self.product() == Some(product), own == variant, own.is_none() || variant.is_none()) {
            (true, true, _) => 2,
            (true, _, true) => 1,
            _ => 0,
        }
    }

    /// Takes as much out as there is, and says how much is still to be taken.
    fn take(&mut self, asked: Decimal) -> Decimal {
        let rest = asked.checked_sub(self.left).filter(|rest| *rest > Decimal::ZERO).unwrap_or(Decimal::ZERO);
        self.left = self.left.checked_sub(asked).filter(|left| *left > Decimal::ZERO).unwrap_or(Decimal::ZERO);
        rest
    }
}

/// Says whether an event is one of those that [`settle`] looks at.
pub(super) fn is_trade(event: &Event) -> bool {
    matches!(event.kind, EventKind::Purchase | EventKind::Return)
}

/// Sorts by time, then key, so that the oldest comes first in whatever order they came.
pub(super) fn sort(events: &mut [Arc<Event>]) {
    let before =
        |a: &Arc<Event>, b: &Arc<Event>| a.at.microseconds().cmp(&b.at.microseconds()).then_with(|| a.key.cmp(&b.key));
    events.sort_unstable_by(before);
}

/// Finds what was bought, the oldest first, and the returns of which some line was of nothing that was bought.
///
/// Purchases of one order id are one purchase: the oldest that has lines tells what was bought. A return speaks of a line
/// of its order by name, else of the newest purchase of the product and variant in the order, else of the newest before it
/// anywhere; without lines, of the whole order. Where it says no quantity it is the whole line. The oldest return goes first.
/// `events` are sorted. O(events), and for a return without an order the purchases of its product.
pub(super) fn settle(events: &[Arc<Event>]) -> (Vec<Purchase>, Vec<RecordKey>) {
    let mut book = Book::new(events);
    let mut unmatched = Vec::new();
    for event in events.iter().filter(|event| event.kind == EventKind::Return) {
        if !book.give_back(event) {
            unmatched.push(event.key.clone());
        }
    }
    (book.purchases, unmatched)
}

/// All purchases, and where to find them.
struct Book<'a> {
    purchases: Vec<Purchase>,
    by_order: AHashMap<&'a str, Range<usize>>,
    // Filled when the first return asks for it.
    by_product: Option<AHashMap<SmolStr, Vec<usize>>>,
}

impl<'a> Book<'a> {
    fn new(events: &'a [Arc<Event>]) -> Self {
        let mut primaries: Vec<usize> = Vec::new();
        let mut orders: AHashMap<&str, usize> = AHashMap::new();
        let bought = |event: &Event| event.kind == EventKind::Purchase;
        for (place, event) in events.iter().enumerate().filter(|(_, event)| bought(event)) {
            let Some(order) = glance::key(event.order.as_ref()) else {
                primaries.push(place);
                continue;
            };
            let slot = *orders.entry(order).or_insert(primaries.len());
            match primaries.get_mut(slot) {
                Some(primary) => {
                    let is_bare = events.get(*primary).is_some_and(|event| event.lines.is_empty());
                    if is_bare && !event.lines.is_empty() {
                        *primary = place;
                    }
                }
                None => primaries.push(place),
            }
        }
        primaries.sort_unstable();
        let mut book = Self {
            purchases: Vec::with_capacity(primaries.len()),
            by_order: AHashMap::with_capacity(orders.len()),
            by_product: None,
        };
        for event in primaries.into_iter().filter_map(|place| events.get(place)) {
            let start = book.purchases.len();
            if event.lines.is_empty() {
                book.purchases.push(Purchase { event: event.clone(), place: None, left: Decimal::ONE });
            }
            for (place, line) in event.lines.iter().enumerate() {
                let left = glance::quantity(line);
                book.purchases.push(Purchase { event: event.clone(), place: Some(place), left });
            }
            if let Some(order) = glance::key(event.order.as_ref()) {
                book.by_order.insert(order, start..book.purchases.len());
            }
        }
        book
    }

    /// Takes out what a return gives back; says whether all of it was known.
    fn give_back(&mut self, event: &Event) -> bool {
        let order = glance::key(event.order.as_ref()).and_then(|order| self.by_order.get(order).cloned());
        if event.lines.is_empty() {
            let whole: Vec<usize> = order.unwrap_or(0..0).collect();
            self.take(&whole, None, Taken::All);
            return !whole.is_empty();
        }
        let mut known = true;
        for line in &event.lines {
            let asked = glance::stated_quantity(line);
            let named = self.named(order.clone(), line);
            let mut found = named.clone();
            if found.is_empty() {
                found = self.of_product(order.clone(), line, event);
            }
            if found.is_empty() {
                found = self.of_product(None, line, event);
            }
            let taken = if named.is_empty() { Taken::First } else { Taken::All };
            self.take(&found, asked, taken);
            known &= !found.is_empty();
        }
        known
    }

    /// The lines of an order that have a line's name.
    fn named(&self, order: Option<Range<usize>>, line: &Line) -> Vec<usize> {
        let Some(name) = glance::name(line.line.as_ref()) else { return Vec::new() };
        let bears = |place: &usize| {
            let own = self.purchases.get(*place).and_then(Purchase::line);
            own.and_then(|own| glance::name(own.line.as_ref())) == Some(name)
        };
        order.unwrap_or(0..0).filter(bears).collect()
    }

    /// The purchases of a line's product: those that name its variant first, of these the newest. In an order those that were
    /// given back already are of it too: a return that is told twice gives back once.
    fn of_product(&mut self, order: Option<Range<usize>>, line: &Line, event: &Event) -> Vec<usize> {
        let Some(product) = glance::key(line.product.as_ref()) else { return Vec::new() };
        let variant = glance::name(line.variant.as_ref());
        let within = order.is_some();
        let places: Vec<usize> = match order {
            Some(order) => order.collect(),
            None => self.by_product().get(product).cloned().unwrap_or_default(),
        };
        let may_be = |purchase: &Purchase| {
            within || purchase.is_kept() && purchase.event.at.microseconds() <= event.at.microseconds()
        };
        let mut found: Vec<(u8, usize)> = places
            .into_iter()
            .filter_map(|place| self.purchases.get(place).filter(|one| may_be(one)).map(|one| (place, one)))
            .map(|(place, purchase)| (purchase.likeness(product, variant), place))
            .filter(|(likeness, _)| *likeness > 0)
            .collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.into_iter().map(|(_, place)| place).collect()
    }

    fn by_product(&mut self) -> &AHashMap<SmolStr, Vec<usize>> {
        self.by_product.get_or_insert_with(|| {
            let mut products: AHashMap<SmolStr, Vec<usize>> = AHashMap::new();
            for (place, purchase) in self.purchases.iter().enumerate() {
                if let Some(product) = purchase.product() {
                    products.entry(product.into()).or_default().push(place);
                }
            }
            products
        })
    }

    /// Takes so much out of these, in turn; where nothing is said, the whole of the first that is left, or of all.
    fn take(&mut self, places: &[usize], asked: Option<Decimal>, otherwise: Taken) {
        let mut rest = asked;
        for place in places {
            let Some(purchase) = self.purchases.get_mut(*place).filter(|purchase| purchase.is_kept()) else { continue };
            match rest {
                Some(more) if more == Decimal::ZERO => return,
                Some(more) => rest = Some(purchase.take(more)),
                None => {
                    purchase.take(purchase.left);
                    if otherwise == Taken::First {
                        return;
                    }
                }
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    First,
    All,
}

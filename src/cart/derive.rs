//! Carts as events tell of them.

use super::features::CartFeatures;
use super::hazard::CartExample;
use crate::decimal::Decimal;
use crate::error::{Error, Result};
use crate::event::{Event, EventKind, Line};
use crate::normalise::{NormalisedLine, read_lines};
use crate::record::RecordKey;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

const MINUTE: i64 = 60_000_000;

/// Ten years: nobody waits longer.
const IDLE_MINUTES_MAX: u32 = 5_256_000;

/// When a cart is lost, and what takes something out of one.
///
/// # Examples
/// ```
/// use onefold::CartRules;
/// assert_eq!(CartRules::default().idle_minutes, 60);
/// assert!(CartRules { idle_minutes: 0, ..CartRules::default() }.check().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CartRules {
    /// A cart is lost when for so many minutes nothing was put into it or taken out, and nothing was looked at or searched
    /// for; at least 1.
    pub idle_minutes: u32,
    /// The kind of event that takes something out of the cart.
    pub removal: EventKind,
}

impl Default for CartRules {
    /// After an hour; `custom:remove_from_cart`, which is what web analytics call it.
    fn default() -> Self {
        Self { idle_minutes: 60, removal: EventKind::Custom("remove_from_cart".into()) }
    }
}

impl CartRules {
    /// Checks the settings.
    ///
    /// # Errors
    /// `Config` where one is out of its range, or events of the kind `removal` are something else here.
    pub fn check(&self) -> Result<()> {
        if !(1..=IDLE_MINUTES_MAX).contains(&self.idle_minutes) {
            return Err(Error::option("idle_minutes", "must be from 1 to 5256000"));
        }
        let taken = [EventKind::Cart, EventKind::Purchase, EventKind::View, EventKind::Search];
        if taken.contains(&self.removal) {
            return Err(Error::option("removal", "is a kind that means something else for a cart"));
        }
        Ok(())
    }

    /// The kinds of events that tell of carts.
    pub(crate) fn kinds(&self) -> [&EventKind; 5] {
        [&EventKind::Cart, &self.removal, &EventKind::Purchase, &EventKind::View, &EventKind::Search]
    }

    fn idle(&self) -> i64 {
        i64::from(self.idle_minutes) * MINUTE
    }
}

/// What became of a cart by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CartOutcome {
    /// It was bought at a time.
    Bought(Timestamp),
    /// At a time nothing had happened for too long.
    Lost(Timestamp),
    /// It may still be bought or lost: nothing is known of how its last step ends.
    Open,
}

/// A cart, from what was first put into it.
#[derive(Clone, PartialEq, Serialize)]
pub struct Cart {
    /// What happened with it, in the order of time; one step at least.
    pub steps: Vec<CartStep>,
    /// What became of it.
    pub outcome: CartOutcome,
    /// How many are in it.
    pub items: Decimal,
    /// What it is worth, with the currency; none where something in it has no price, or one in another currency.
    pub value: Option<(Decimal, SmolStr)>,
}

/// What was put into a cart or taken out of it, and all that followed until the next such event.
#[derive(Clone, PartialEq, Serialize)]
pub struct CartStep {
    /// The key of the event.
    pub key: RecordKey,
    /// When it was.
    pub at: Timestamp,
    /// What was known then: see [`carts`].
    pub features: CartFeatures,
}

impl Cart {
    /// What a hazard can learn of it: each step whose end is known, with when it was; the last of a lost cart is the one in
    /// which it was given up. The last step of an open cart is not among them: it is censored. O(steps).
    ///
    /// The keys stay when a purchase becomes known late, and the last label changes: [`refit`](crate::CartHazard::refit) then.
    pub fn examples(&self) -> impl Iterator<Item = CartExample> {
        let nexts = self.steps.iter().skip(1).map(|step| Some((step.at, false)));
        let last = match self.outcome {
            CartOutcome::Bought(at) => Some((at, false)),
            CartOutcome::Lost(at) => Some((at, true)),
            CartOutcome::Open => None,
        };
        self.steps.iter().zip(nexts.chain([last])).filter_map(|(step, end)| {
            let (at, abandoned) = end?;
            Some(CartExample { key: step.key.clone(), at, features: step.features.clone(), abandoned })
        })
    }

    /// What is known of the step that an open cart is in: what a hazard is asked. None where it is not open. O(1).
    pub fn open_step(&self) -> Option<&CartStep> {
        self.steps.last().filter(|_| self.outcome == CartOutcome::Open)
    }
}

/// Derives carts from the events of one person until now, in the order of time.
///
/// A cart begins with the first thing that is put into it ([`EventKind::Cart`]). It is bought by a purchase of something
/// that is in it (or of which nobody says what it is of, as nobody may of the cart), and lost when for so long as the
/// [rules](CartRules) say nothing happened with it, and nothing was looked at or searched for. What is neither by now is
/// open. What is put in afterwards begins another. A purchase after the cart was lost does not buy it; one that becomes known
/// late, and was made in time, does.
///
/// Each event that puts something in or takes something out is a step. What was known when it began are its features, those
/// of counts, money and time as `ln(1 + number)`:
///
/// | feature | what it is | not there |
/// |---|---|---|
/// | `hours_since_step` | hours since the step before | in the first step |
/// | `steps` | steps before it | |
/// | `items` | how many are in the cart, this step done | |
/// | `value` | what they are worth, in the currency of the cart | where a price is missing, or there are two currencies |
/// | `removals` | how often something was taken out so far | |
/// | `views` | how often something was looked at or searched for since the step before | |
/// | `known` | 1 where `is_known` says that the event is of somebody known | where not |
/// | `channel=` | 1 for the channel, or the source of an event that names none | |
///
/// The quantity of a line that states none is one; taken out, all that is in it of the product. A line without a product, or an
/// event without lines, is of a product without a name. From a cart that was emptied nothing is bought. Each event counts
/// once, of several versions the one that stands; events after `now` do not count; the order in which they come does not
/// show. O(n log n).
///
/// # Errors
/// `Config` where the rules do not pass [`CartRules::check`].
///
/// # Examples
/// ```
/// use onefold::{CartHazard, CartOutcome, CartRules, Event, EventKind, FtrlOptions, Line, carts};
/// use std::sync::Arc;
/// let event = |minute: u32, kind| -> onefold::Result<Event> {
///     Ok(Event::new("web", minute.to_string(), format!("2026-01-05T10:{minute:02}:00Z").parse()?, kind))
/// };
/// let coat = || Line::new("coat").amount("310.00", "EUR");
/// let mut events = vec![
///     Arc::new(event(0, EventKind::Cart)?.line(coat())),
///     Arc::new(event(5, EventKind::View)?.line(Line::new("hat"))),
///     Arc::new(event(9, EventKind::Cart)?.line(Line::new("hat").amount("20.10", "EUR"))),
/// ];
/// let told = |events: &[Arc<Event>], now: &str| carts(events, &CartRules::default(), now.parse()?, |_| true);
///
/// let open = told(&events, "2026-01-05T10:30:00Z")?.remove(0);
/// assert_eq!((open.outcome, open.steps.len(), open.examples().count()), (CartOutcome::Open, 2, 1));
/// assert_eq!(open.value, Some(("330.10".parse()?, "EUR".into())));
/// assert!(CartHazard::new(FtrlOptions::default())?.predict(&open.open_step().unwrap().features)? > 0.0);
///
/// let lost = told(&events, "2026-01-06T00:00:00Z")?.remove(0);
/// assert_eq!(lost.outcome, CartOutcome::Lost("2026-01-05T11:09:00Z".parse()?));
/// assert_eq!(lost.examples().map(|step| step.abandoned).collect::<Vec<_>>(), [false, true]);
///
/// // The till tells the next morning that it was bought.
/// events.push(Arc::new(event(40, EventKind::Purchase)?.line(coat())));
/// let bought = told(&events, "2026-01-06T00:00:00Z")?.remove(0);
/// assert_eq!(bought.outcome, CartOutcome::Bought("2026-01-05T10:40:00Z".parse()?));
/// assert!(bought.examples().all(|step| !step.abandoned));
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn carts(
    events: &[Arc<Event>],
    rules: &CartRules,
    now: Timestamp,
    is_known: impl Fn(&Event) -> bool,
) -> Result<Vec<Cart>> {
    rules.check()?;
    let kinds = rules.kinds();
    let mut standing: BTreeMap<&RecordKey, &Arc<Event>> = BTreeMap::new();
    for event in events.iter().filter(|event| kinds.contains(&&event.kind)) {
        standing
            .entry(&event.key)
            .and_modify(|known| {
                if event.supersedes(known) {
                    *known = event;
                }
            })
            .or_insert(event);
    }
    let until = now.microseconds();
    let mut events: Vec<&Arc<Event>> =
        standing.into_values().filter(|event| event.at.microseconds() <= until).collect();
    events.sort_unstable_by(|a, b| a.by_time(b));
    let (mut carts, mut open): (Vec<Cart>, Option<Filling>) = (Vec::new(), None);
    for event in events {
        if let Some(lost) = open.take_if(|cart| cart.lost_at(rules) <= event.at.microseconds()) {
            let end = Timestamp::from_microseconds(lost.lost_at(rules))?;
            carts.push(lost.into_cart(CartOutcome::Lost(end)));
        }
        match &event.kind {
            EventKind::Purchase => {
                if let Some(bought) = open.take_if(|cart| cart.is_bought_by(event)) {
                    carts.push(bought.into_cart(CartOutcome::Bought(event.at)));
                }
            }
            EventKind::Cart => open.get_or_insert_default().step(event, is_known(event), Goes::In),
            kind if *kind == rules.removal => {
                if let Some(cart) = &mut open {
                    cart.step(event, is_known(event), Goes::Out);
                }
            }
            _ => {
                if let Some(cart) = &mut open {
                    cart.looked(event);
                }
            }
        }
    }
    if let Some(last) = open {
        let end = last.lost_at(rules);
        let is_lost = end <= until;
        let outcome = if is_lost { CartOutcome::Lost(Timestamp::from_microseconds(end)?) } else { CartOutcome::Open };
        carts.push(last.into_cart(outcome));
    }
    Ok(carts)
}

/// Where the lines of an event go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goes {
    In,
    Out,
}

/// A cart that is being filled.
#[derive(Default)]
struct Filling {
    steps: Vec<CartStep>,
    /// What is in it, by product.
    content: BTreeMap<Option<SmolStr>, Content>,
    /// The currency of the first price, and whether there was another.
    currency: Option<SmolStr>,
    is_mixed: bool,
    removals: u32,
    /// Since the last step.
    views: u32,
    /// When something happened last.
    last: i64,
}

#[derive(Clone, Copy)]
struct Content {
    quantity: Decimal,
    /// What that costs; none where somebody did not say.
    amount: Option<Decimal>,
}

impl Filling {
    fn lost_at(&self, rules: &CartRules) -> i64 {
        self.last.saturating_add(rules.idle())
    }

    fn looked(&mut self, event: &Event) {
        self.views = self.views.saturating_add(1);
        self.last = event.at.microseconds();
    }

    fn step(&mut self, event: &Event, is_known: bool, goes: Goes) {
        let mut lines = read_lines(event);
        if lines.is_empty() && goes == Goes::In {
            // Something was put in, and nobody says what.
            lines.extend(read_lines(&Event { lines: vec![Line::default()], ..event.clone() }));
        }
        match goes {
            Goes::In => lines.into_iter().for_each(|line| self.put(line)),
            Goes::Out => {
                self.removals = self.removals.saturating_add(1);
                lines.into_iter().for_each(|line| self.take(line));
            }
        }
        let at = event.at;
        let grown = |number: f64| libm::log1p(number.max(0.0));
        let mut features = CartFeatures::new()
            .number("steps", grown(self.steps.len() as f64))
            .number("items", grown(self.items().nearest()))
            .number("removals", grown(f64::from(self.removals)))
            .number("views", grown(f64::from(self.views)))
            .class("channel", event.channel.as_ref().unwrap_or(&event.key.source));
        if let Some(before) = self.steps.last() {
            let since = at.microseconds().saturating_sub(before.at.microseconds());
            features = features.number("hours_since_step", grown(since as f64 / (60 * MINUTE) as f64));
        }
        if let Some((value, _)) = self.value() {
            features = features.number("value", grown(value.nearest()));
        }
        if is_known {
            features = features.flag("known");
        }
        self.steps.push(CartStep { key: event.key.clone(), at, features });
        (self.views, self.last) = (0, at.microseconds());
    }

    fn put(&mut self, line: NormalisedLine) {
        let quantity = line.quantity.unwrap_or(Decimal::ONE);
        let amount = line.amount.zip(line.currency).filter(|(amount, _)| *amount >= Decimal::ZERO);
        let amount = amount.map(|(amount, currency)| {
            self.is_mixed |= self.currency.get_or_insert_with(|| currency.clone()) != &currency;
            amount
        });
        let nothing = Content { quantity: Decimal::ZERO, amount: Some(Decimal::ZERO) };
        let content = self.content.entry(line.product).or_insert(nothing);
        // Beyond what a decimal holds nothing is counted.
        content.quantity = content.quantity.checked_add(quantity).unwrap_or(content.quantity);
        content.amount = content.amount.zip(amount).and_then(|(sum, more)| sum.checked_add(more));
    }

    fn take(&mut self, line: NormalisedLine) {
        let Some(content) = self.content.get_mut(&line.product) else { return };
        let left = line.quantity.and_then(|gone| content.quantity.checked_sub(gone));
        match left.filter(|left| *left > Decimal::ZERO) {
            Some(left) => {
                content.amount = content.amount.and_then(|amount| amount.portion(left, content.quantity));
                content.quantity = left;
            }
            None => drop(self.content.remove(&line.product)),
        }
    }

    fn items(&self) -> Decimal {
        let quantities = self.content.values().map(|content| content.quantity);
        quantities.fold(Decimal::ZERO, |sum, more| sum.checked_add(more).unwrap_or(sum))
    }

    fn value(&self) -> Option<(Decimal, SmolStr)> {
        let currency = self.currency.clone().filter(|_| !self.is_mixed)?;
        let mut amounts = self.content.values().map(|content| content.amount);
        Some((amounts.try_fold(Decimal::ZERO, |sum, amount| sum.checked_add(amount?))?, currency))
    }

    /// Whether a purchase is of something that is in it; where one of the two does not say of what it is, it is.
    fn is_bought_by(&self, event: &Event) -> bool {
        let bought: Vec<Option<SmolStr>> = read_lines(event).into_iter().map(|line| line.product).collect();
        let is_vague = bought.iter().all(Option::is_none) || self.content.keys().all(Option::is_none);
        !self.content.is_empty() && is_vague
            || bought.iter().flatten().any(|product| self.content.contains_key(&Some(product.clone())))
    }

    fn into_cart(self, outcome: CartOutcome) -> Cart {
        let (items, value) = (self.items(), self.value());
        Cart { steps: self.steps, outcome, items, value }
    }
}

/// Shows counts: what is in it is personal.
impl fmt::Debug for Cart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cart({:?}, {} steps)", self.outcome, self.steps.len())
    }
}

/// Shows which one it is by its key, no more.
impl fmt::Debug for CartStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CartStep({:?})", self.key)
    }
}

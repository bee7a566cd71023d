//! How an event speaks of what somebody likes.

use super::price::PriceBand;
use crate::decimal::Decimal;
use crate::event::{Event, EventKind, Line};
use crate::normalise::glance;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// The facet of the channel: the event's, or else its source.
pub(crate) const CHANNEL: &str = "channel";

/// The facet of the hour of the day, `0` to `23`.
pub(crate) const HOUR: &str = "hour";

/// The facet of the price of one, in bands.
pub(crate) const PRICE: &str = "price";

const HOURS: [&str; 24] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20",
    "21", "22", "23",
];

/// Microseconds of an hour.
const HOUR_MICROSECONDS: i64 = 3_600_000_000;

/// What was done with something, as far as it shows whether it is liked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Signal {
    /// It was bought, for oneself, and kept.
    Bought,
    /// It was put into the cart.
    Carted,
    /// It was looked at.
    Viewed,
    /// It was searched for.
    Searched,
    /// It was shown, whether or not it was looked at.
    Shown,
    /// It was refused.
    Rejected,
}

impl Signal {
    /// All of them, in order.
    pub(super) const ALL: [Self; 6] =
        [Self::Bought, Self::Carted, Self::Viewed, Self::Searched, Self::Shown, Self::Rejected];

    /// The signal of a kind of event, if it is one. What is given back is none of its own: it takes a purchase out.
    pub fn of(kind: &EventKind) -> Option<Self> {
        match kind {
            EventKind::Purchase => Some(Self::Bought),
            EventKind::Cart => Some(Self::Carted),
            EventKind::View | EventKind::MessageClicked => Some(Self::Viewed),
            EventKind::Search => Some(Self::Searched),
            EventKind::Exposure => Some(Self::Shown),
            EventKind::Rejected => Some(Self::Rejected),
            _ => None,
        }
    }
}

/// How much a deed counts, beside a purchase. Numbers are taken to the thousandth, from 0 to 1,000.
///
/// # Examples
/// ```
/// use onefold::SignalWeights;
/// let weights = SignalWeights { viewed: 0.0, ..SignalWeights::default() };
/// assert_eq!((weights.bought, weights.carted, weights.viewed, weights.searched), (1.0, 0.3, 0.0, 0.3));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignalWeights {
    /// Bought: 1.
    pub bought: f64,
    /// Put into the cart: 0.3.
    pub carted: f64,
    /// Looked at: 0.1.
    pub viewed: f64,
    /// Searched for: 0.3.
    pub searched: f64,
}

impl Default for SignalWeights {
    fn default() -> Self {
        Self { bought: 1.0, carted: 0.3, viewed: 0.1, searched: 0.3 }
    }
}

/// Into so many parts a deed is divided where deeds are weighed.
pub(crate) const PARTS: u32 = 1_000;

impl SignalWeights {
    /// What a signal counts, in parts. What was shown or refused is counted for other ends.
    pub(crate) fn parts(&self, signal: Signal) -> u64 {
        let weight = match signal {
            Signal::Bought => self.bought,
            Signal::Carted => self.carted,
            Signal::Viewed => self.viewed,
            Signal::Searched => self.searched,
            Signal::Shown | Signal::Rejected => 0.0,
        };
        // What is no number casts to 0.
        (weight.clamp(0.0, 1_000.0) * f64::from(PARTS)).round() as u64
    }
}

/// A value of a facet, what was done with it, and how often.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sign {
    /// The facet.
    pub facet: SmolStr,
    /// The value.
    pub value: SmolStr,
    /// What was done with it.
    pub signal: Signal,
    /// How often; nothing is weighed yet.
    pub count: u64,
}

/// Shows what was done, not with what.
impl std::fmt::Debug for Sign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sign({:?} {})", self.signal, self.count)
    }
}

/// Reads what an event by itself says of facets: those of its lines, a line counting one whatever its quantity; those of
/// the event as a whole; and of every event the `channel` (its source where it names none), the `hour` (`0` to `23`, by the
/// clock that the event was told in), and of every line the `price` (of one, in bands: `EUR 200-500`; 1, 2 and 5 of the
/// powers of ten, the lower bound included). A facet of such a name that was sent stands instead.
///
/// Gifts say nothing but that they were shown. What was given back, or told twice, only [`tallies`](crate::tallies) of
/// all events can tell. O(facets).
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Line, Signal, signals};
/// let event = Event::new("pos", "t-991", "2026-01-06T09:30:00+01:00".parse()?, EventKind::Purchase)
///     .line(Line::new("sku-1").facet("brand", "Ferragamo").quantity("2").amount("620.00", "EUR"));
/// let told: Vec<_> = signals(&event).map(|sign| (sign.facet, sign.value, sign.signal, sign.count)).collect();
/// assert_eq!(told, [
///     ("brand".into(), "Ferragamo".into(), Signal::Bought, 1),
///     ("price".into(), "EUR 200-500".into(), Signal::Bought, 1),
///     ("channel".into(), "pos".into(), Signal::Bought, 1),
///     ("hour".into(), "9".into(), Signal::Bought, 1),
/// ]);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn signals(event: &Event) -> impl Iterator<Item = Sign> + use<> {
    let mut found = Vec::new();
    if let Some(signal) = Signal::of(&event.kind) {
        let mut sign = |facet: &str, value: &str| {
            found.push(Sign { facet: facet.into(), value: value.into(), signal, count: 1 });
        };
        visit(event, signal, &mut sign);
    }
    found.into_iter()
}

/// Visits every facet and value that an event by itself speaks of with its signal.
pub(super) fn visit(event: &Event, signal: Signal, sign: &mut impl FnMut(&str, &str)) {
    visit_told(event, event.lines.iter().filter(|line| !line.gift || signal == Signal::Shown), sign);
}

/// Visits what a purchase speaks of that stands alone: nothing of a line of which nothing was bought.
pub(super) fn visit_bought(event: &Event, sign: &mut impl FnMut(&str, &str)) {
    let bought = |line: &&Line| !line.gift && glance::quantity(line) > Decimal::ZERO;
    visit_told(event, event.lines.iter().filter(bought), sign);
}

/// Visits what some lines of an event speak of, and the event as a whole, unless it has lines and none of them speaks.
pub(super) fn visit_told<'a>(event: &Event, lines: impl Iterator<Item = &'a Line>, sign: &mut impl FnMut(&str, &str)) {
    let mut told = event.lines.is_empty();
    for line in lines {
        visit_line(line, sign);
        told = true;
    }
    if told {
        visit_whole(event, sign);
    }
}

/// Visits what a line speaks of.
fn visit_line(line: &Line, sign: &mut impl FnMut(&str, &str)) {
    let facets = glance::facets(&line.facets);
    let mut has_price = false;
    for (name, value) in facets {
        has_price |= name == PRICE;
        sign(name, value);
    }
    if !has_price
        && let Some((price, currency)) = glance::unit_price(line)
        && let Some(band) = PriceBand::of(price)
    {
        sign(PRICE, &band.name(currency));
    }
}

/// Visits what an event as a whole speaks of.
fn visit_whole(event: &Event, sign: &mut impl FnMut(&str, &str)) {
    let facets = glance::facets(&event.facets);
    let (mut has_channel, mut has_hour) = (false, false);
    for (name, value) in facets {
        has_channel |= name == CHANNEL;
        has_hour |= name == HOUR;
        sign(name, value);
    }
    if !has_channel && let Some(channel) = glance::name(event.channel.as_ref().or(Some(&event.key.source))) {
        sign(CHANNEL, channel);
    }
    if !has_hour && let Some(hour) = HOURS.get(hour_of(event.at)) {
        sign(HOUR, hour);
    }
}

/// The hour on the clock that a time was told in.
fn hour_of(at: Timestamp) -> usize {
    let local = at.microseconds().saturating_add(i64::from(at.offset_seconds()) * 1_000_000);
    local.div_euclid(HOUR_MICROSECONDS).rem_euclid(24) as usize
}

//! Who is silent for longer than by their own cadence would be usual; and the days from which a cadence is learned.

use crate::cadence::{DueRequest, GapPrior, NoEvidence};
use crate::decimal::Decimal;
use crate::error::{Error, Result};
use crate::journey::{Order, OrderLine, OrderStatus};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// What was bought, of all that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bought<'a> {
    /// Anything.
    Anything,
    /// A product.
    Product(&'a str),
    /// Anything that has a value of a facet, as `category` and `coffee`.
    Facet(&'a str, &'a str),
}

/// The days on which somebody bought something and kept some of it, in UTC, ascending and each once: what
/// [`learn_gaps`](crate::learn_gaps) and [`next_due`](crate::next_due) take. O(lines log lines).
///
/// # Examples
/// ```
/// use onefold::{Bought, Event, EventKind, Line, days_bought, orders};
/// use std::sync::Arc;
/// let event = |key: &str, at: &str, product: &str| -> onefold::Result<_> {
///     let line = Line::new(product).facet("category", if product == "tea" { "drinks" } else { "clothes" });
///     Ok(Arc::new(Event::new("web", key, at.parse()?, EventKind::Purchase).line(line)))
/// };
/// let events = [event("1", "1970-01-03T10:00:00Z", "tea")?, event("2", "1970-01-09T10:00:00Z", "coat")?];
/// let (orders, _) = orders(&events, |_| None);
/// assert_eq!(days_bought(&orders, Bought::Anything), [2, 8]);
/// assert_eq!(days_bought(&orders, Bought::Product("coat")), [8]);
/// assert_eq!(days_bought(&orders, Bought::Facet("category", "drinks")), [2]);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn days_bought(orders: &[Order], what: Bought<'_>) -> Vec<i64> {
    let is_asked = |line: &OrderLine| match what {
        Bought::Anything => true,
        Bought::Product(product) => line.product.as_deref() == Some(product),
        Bought::Facet(name, value) => line.facets.iter().any(|facet| facet.name == name && facet.value == value),
    };
    let counts = |order: &&Order| match what {
        Bought::Anything => order.status != OrderStatus::Returned,
        _ => kept(order).any(is_asked),
    };
    let days: BTreeSet<i64> = orders.iter().filter(counts).map(|order| order.at.day()).collect();
    days.into_iter().collect()
}

/// The days of each product that somebody bought and kept some of, as [`days_bought`]. O(lines log lines).
pub fn days_by_product(orders: &[Order]) -> BTreeMap<SmolStr, Vec<i64>> {
    days_by(orders, |line| line.product.clone().into_iter().collect())
}

/// The days of each value of a facet, likewise: of each category, where the facet is one. O(lines log lines).
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Line, days_by_facet, days_by_product, orders};
/// let event = Event::new("web", "1", "1970-01-03T10:00:00Z".parse()?, EventKind::Purchase);
/// let tea = Line::new("tea").facet("category", "drinks").facet("category", "food");
/// let (orders, _) = orders(&[event.line(tea).into()], |_| None);
/// assert_eq!(days_by_facet(&orders, "category")["food"], [2]);
/// assert_eq!(days_by_product(&orders)["tea"], [2]);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn days_by_facet(orders: &[Order], facet: &str) -> BTreeMap<SmolStr, Vec<i64>> {
    days_by(orders, |line| line.facets.iter().filter(|one| one.name == facet).map(|one| one.value.clone()).collect())
}

fn days_by(orders: &[Order], names: impl Fn(&OrderLine) -> Vec<SmolStr>) -> BTreeMap<SmolStr, Vec<i64>> {
    let mut found: BTreeMap<SmolStr, BTreeSet<i64>> = BTreeMap::new();
    for order in orders {
        for name in kept(order).flat_map(&names) {
            found.entry(name).or_default().insert(order.at.day());
        }
    }
    found.into_iter().map(|(name, days)| (name, days.into_iter().collect())).collect()
}

fn kept(order: &Order) -> impl Iterator<Item = &OrderLine> {
    order.lines.iter().filter(|line| line.kept() > Decimal::ZERO)
}

/// Makes a judge for [`measure_customers`](crate::measure_customers) of what is usual for all and for each customer: somebody
/// has *lapsed* who has been silent at `now` for longer than the upper bound of the interval in which the next purchase comes
/// with the request's level (of 80 %: for longer than nine gaps in ten would last, told from the last day on). None where the
/// prior has no evidence, or nothing was bought by `now`. One incomplete beta function a customer.
///
/// # Errors
/// `Config` where the level is not between 0 and 1; `Input` where the prior cannot be used.
///
/// # Examples
/// ```
/// use onefold::{DueRequest, lapse_judge, learn_gaps};
/// let days = |gap: i64| (0..).map(move |n| n * gap + n % 2 * 3).take_while(|day| *day <= 200).collect();
/// let people: Vec<Vec<i64>> = (20..60).map(days).collect();
/// let prior = learn_gaps(&people, 200, None);
/// let lapsed = lapse_judge(prior.as_ref(), DueRequest::new(200))?;
/// // Forty days are long for who came every tenth, and not for who came every fiftieth.
/// assert_eq!(lapsed(&[120, 130, 140, 150, 160]), Some(true));
/// assert_eq!(lapsed(&[10, 60, 110, 160]), Some(false));
/// assert_eq!(lapsed(&[]), None);
/// let nobody = learn_gaps(&[], 200, None);
/// assert_eq!(lapse_judge(nobody.as_ref(), DueRequest::new(200))?(&[160]), None);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn lapse_judge<'a>(
    prior: std::result::Result<&'a GapPrior, &NoEvidence>,
    request: DueRequest<'a>,
) -> Result<impl Fn(&[i64]) -> Option<bool> + 'a> {
    if !(request.level > 0.0 && request.level < 1.0) {
        return Err(Error::option("level", "must lie between 0 and 1, as 0.8"));
    }
    let prior = prior.ok();
    prior.map(GapPrior::check).transpose()?;
    let bound = f64::midpoint(1.0, request.level);
    Ok(move |days: &[i64]| {
        let by_now = prior?.probability_by(days, request.now, request.season).ok()??;
        Some(by_now > bound)
    })
}

//! When somebody will buy something again.

use super::gaps::Gaps;
use super::prior::{GapPrior, NoEvidence, lasts};
use super::season::Season;
use crate::error::{Error, Result};
use crate::statistics::beta_quantile;
use serde::Serialize;
use std::fmt;

/// When the next purchase is due.
#[derive(Clone, Copy, PartialEq, Serialize)]
pub struct Due {
    /// The day by which the next purchase comes in half of all cases, told from the last one on: the due date.
    pub day: f64,
    /// The day before which it comes with probability `(1 - level) / 2`, knowing that it has not come by now.
    pub earliest: f64,
    /// The day after which it comes with probability `(1 - level) / 2`, likewise.
    pub latest: f64,
    /// The probability that it would have come by now: half at the due date, near 1 for who is long overdue.
    pub probability_by_now: f64,
    /// Finished gaps of the customer's own that this rests on; with none it is what is usual for all.
    pub own_gaps: u64,
    /// Customers that the prior rests on.
    pub customers: u64,
}

/// Shows no day: when somebody buys is personal.
impl fmt::Debug for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Due({} own gaps, {} customers)", self.own_gaps, self.customers)
    }
}

/// How to ask for a due date.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DueRequest<'a> {
    /// Today, in days from 1970-01-01 in UTC.
    pub now: i64,
    /// How often the interval shall hold the next purchase, as 0.8.
    pub level: f64,
    /// The season of the thing, if it has one: the prior must have been learned with it.
    pub season: Option<&'a Season>,
}

impl<'a> DueRequest<'a> {
    /// Asks for a due date with an interval of 80 %.
    pub fn new(now: i64) -> Self {
        Self { now, level: 0.8, season: None }
    }

    /// Asks for another interval.
    #[must_use]
    pub fn level(self, level: f64) -> Self {
        Self { level, ..self }
    }

    /// Takes a season into account.
    #[must_use]
    pub fn season(self, season: &'a Season) -> Self {
        Self { season: Some(season), ..self }
    }
}

/// Learns how gaps go from the days on which each customer bought it, in any order, by maximum likelihood: a finished gap
/// counts with its density, the open one with the probability of lasting so long (it is *censored*; leaving it out would make
/// whoever stopped look quick). Days after `now` are not seen. With a season, gaps are told in its days.
///
/// Rates are integrated out: the next gap is beta-prime, its probability a regularised incomplete beta function, so that
/// nothing is approximated. Some 200 passes over the customers, each one such function.
///
/// # Errors
/// [`NoEvidence`], where too few bought it twice, or their gaps are no distribution.
///
/// # Examples
/// ```
/// use onefold::{NoEvidence, learn_gaps};
/// let days = |gap: i64| (0..).map(move |n| n * gap + n % 2 * 3).take_while(|day| *day <= 200).collect();
/// let people: Vec<Vec<i64>> = (20..60).map(days).collect();
/// let prior = learn_gaps(&people, 200, None).unwrap();
/// assert!(prior.regularity > 4.0 && prior.customers == 40);
/// assert_eq!(learn_gaps(&people[..9], 200, None), Err(NoEvidence::TooFewCustomers(20)));
/// ```
pub fn learn_gaps(people: &[Vec<i64>], now: i64, season: Option<&Season>) -> std::result::Result<GapPrior, NoEvidence> {
    let between = |from, to| between(season, from, to);
    let told = people.iter().filter_map(|days| {
        let gaps = Gaps::fold(days, now, between)?;
        Some(super::prior::Told::new(&gaps, between(gaps.last_day(), now)))
    });
    GapPrior::learn(told.collect())
}

/// Works out when somebody buys again, from the days on which it was bought and from what is usual: the prior is updated by
/// the customer's own gaps (hierarchical gamma), the older ones for less, and the open one shows in the interval. O(n log n) for n days, and three
/// quantiles of a beta distribution.
///
/// `Err` of the inner result says why there is nothing to say: that is no evidence, not "never".
///
/// # Errors
/// `Input` where the prior cannot be used; `Config` where the level is not between 0 and 1.
///
/// # Examples
/// ```
/// use onefold::{DueRequest, NoEvidence, learn_gaps, next_due};
/// let days = |gap: i64| (0..).map(move |n| n * gap + n % 2 * 3).take_while(|day| *day <= 200).collect();
/// let people: Vec<Vec<i64>> = (20..60).map(days).collect();
/// let prior = learn_gaps(&people, 200, None);
///
/// // She buys about every ten days, and has not for nine.
/// let due = next_due(&[100, 110, 119, 130, 139], prior.as_ref(), &DueRequest::new(148))?.unwrap();
/// assert!((148.0..156.0).contains(&due.day) && due.earliest > 148.0 && due.latest > due.day);
/// assert!(due.probability_by_now < 0.5);
///
/// assert_eq!(next_due(&[], prior.as_ref(), &DueRequest::new(148))?, Err(NoEvidence::NeverBought));
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn next_due(
    days: &[i64],
    prior: std::result::Result<&GapPrior, &NoEvidence>,
    request: &DueRequest<'_>,
) -> Result<std::result::Result<Due, NoEvidence>> {
    if !(request.level > 0.0 && request.level < 1.0) {
        return Err(Error::option("level", "must lie between 0 and 1, as 0.8"));
    }
    let between = |from, to| between(request.season, from, to);
    let Some(gaps) = Gaps::fold(days, request.now, between) else { return Ok(Err(NoEvidence::NeverBought)) };
    let prior = match prior {
        Ok(prior) => prior,
        Err(why) => return Ok(Err(*why)),
    };
    prior.check()?;
    let (shape, scale) = prior.of(&gaps);
    let open = between(gaps.last_day(), request.now);
    let lasting = lasts(prior.regularity, shape, open / scale);
    // The gap that is exceeded with a probability: of a beta-prime gap g, scale / (scale + g) is Beta(shape, regularity).
    let exceeded = |probability: f64| {
        let share = beta_quantile(probability, shape, prior.regularity);
        scale * (1.0 / share.max(f64::MIN_POSITIVE) - 1.0)
    };
    let day = |gap: f64| match request.season {
        Some(season) => season.day_after(gaps.last_day(), gap),
        None => gaps.last_day() as f64 + gap,
    };
    let tail = (1.0 - request.level) / 2.0;
    Ok(Ok(Due {
        day: day(exceeded(0.5)),
        earliest: day(exceeded(lasting * (1.0 - tail)).max(open)),
        latest: day(exceeded(lasting * tail).max(open)),
        probability_by_now: 1.0 - lasting,
        own_gaps: gaps.finished(),
        customers: prior.customers,
    }))
}

impl GapPrior {
    /// The probability that the next purchase would have come by now, as [`Due::probability_by_now`] has it, without the
    /// dates: over 0.9, the customer has been silent for longer than the upper bound of the interval of 80 %. None of who never
    /// bought. O(n log n) for n days, and one incomplete beta function.
    ///
    /// # Errors
    /// `Input` where the prior cannot be used.
    ///
    /// # Examples
    /// ```
    /// use onefold::learn_gaps;
    /// let days = |gap: i64| (0..).map(move |n| n * gap + n % 2 * 3).take_while(|day| *day <= 200).collect();
    /// let people: Vec<Vec<i64>> = (20..60).map(days).collect();
    /// let prior = learn_gaps(&people, 200, None).unwrap();
    /// let days = [100, 110, 119, 130, 139];
    /// assert!(prior.probability_by(&days, 141, None)?.unwrap() < 0.1);
    /// assert!(prior.probability_by(&days, 180, None)?.unwrap() > 0.9);
    /// assert_eq!(prior.probability_by(&[], 180, None)?, None);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn probability_by(&self, days: &[i64], now: i64, season: Option<&Season>) -> Result<Option<f64>> {
        self.check()?;
        let between = |from, to| between(season, from, to);
        let Some(gaps) = Gaps::fold(days, now, between) else { return Ok(None) };
        let (shape, scale) = self.of(&gaps);
        Ok(Some(1.0 - lasts(self.regularity, shape, between(gaps.last_day(), now) / scale)))
    }
}

fn between(season: Option<&Season>, from: i64, to: i64) -> f64 {
    season.map_or((i128::from(to) - i128::from(from)) as f64, |season| season.elapsed(from, to))
}

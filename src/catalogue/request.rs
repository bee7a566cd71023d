//! How a ranking is asked for.

use super::item::Item;
use crate::error::{Error, Result};
use crate::event::Polarity;
use crate::id::Seed;
use crate::preference::{Population, Preferences, SignalWeights, Stated};
use crate::record::RecordKey;
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::fmt;

/// The most facets that a declared range may name.
const RANGES_MAX: usize = 64;

/// What somebody said to want or not to want, as it stands now.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wish {
    /// The facet that it is about; `product` for one product.
    pub attribute: SmolStr,
    /// The value, or the product.
    pub value: SmolStr,
    /// Whether it is wanted.
    pub polarity: Polarity,
    /// The event in which it was said.
    pub because: RecordKey,
    /// When it was said.
    pub said_at: Timestamp,
}

impl Wish {
    /// Takes what is wanted or not, and where and when that was said.
    pub fn new(
        attribute: impl Into<SmolStr>,
        value: impl Into<SmolStr>,
        polarity: Polarity,
        because: RecordKey,
        said_at: Timestamp,
    ) -> Self {
        Self { attribute: attribute.into(), value: value.into(), polarity, because, said_at }
    }
}

/// What stands of what was said.
impl From<&Stated> for Wish {
    fn from(stated: &Stated) -> Self {
        let Stated { attribute, value, polarity, because, said_at, .. } = stated;
        Self::new(attribute.clone(), value.clone(), *polarity, because.clone(), *said_at)
    }
}

/// Shows whether something is wanted, not what.
impl fmt::Debug for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wish({:?})", self.polarity)
    }
}

/// How items are ranked and suppressed. The time is the shopper's.
///
/// # Examples
/// ```
/// use onefold::{LearnOptions, Population, RankRequest};
/// let population = Population::learn(&[], &LearnOptions::until("2026-01-05T10:00:00Z".parse()?))?;
/// let request = RankRequest::new(&population).weight("brand", 2.0).range("size", ["40", "41"]).explore_share(0.1);
/// assert_eq!(format!("{request:?}"), "RankRequest(0 wishes, 1 ranges)");
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone)]
pub struct RankRequest<'a> {
    /// What everybody does.
    pub population: &'a Population,
    /// How much deeds count.
    pub signals: SignalWeights,
    /// How much facets count here and now, as `season` in December; 1 where nothing is said, and 0 for not at all.
    pub weights: Vec<(SmolStr, f64)>,
    /// What was said to be wanted or not. Of two about one thing the newest stands, but `never` before all.
    pub wishes: Vec<Wish>,
    /// The values outside which nothing is to be shown, by facet. An item without the facet is not outside.
    pub ranges: Vec<(SmolStr, Vec<SmolStr>)>,
    /// The share of slots that are given to what might be liked, 0 to 1: none unless asked for.
    pub explore_share: f64,
    /// So many days what was refused is not shown again: 90.
    pub rejected_days: u32,
    /// What breaks ties between items to explore, with the day.
    pub seed: Seed,
    /// Whether an item may be shown at all, as by consent.
    pub allowed: Option<&'a dyn Fn(&Item) -> bool>,
}

impl<'a> RankRequest<'a> {
    /// Asks for the best first, by what the population does.
    pub fn new(population: &'a Population) -> Self {
        Self {
            population,
            signals: SignalWeights::default(),
            weights: Vec::new(),
            wishes: Vec::new(),
            ranges: Vec::new(),
            explore_share: 0.0,
            rejected_days: 90,
            seed: Seed::default(),
            allowed: None,
        }
    }

    /// Sets how much a facet counts.
    #[must_use]
    pub fn weight(mut self, facet: impl Into<SmolStr>, weight: f64) -> Self {
        self.weights.push((facet.into(), weight));
        self
    }

    /// Adds what was said.
    #[must_use]
    pub fn wish(mut self, wish: Wish) -> Self {
        self.wishes.push(wish);
        self
    }

    /// Adds what stands of what was said. What holds for a part only of what was asked for is left out, since nobody asks for
    /// that part; but what must `never` come somewhere is not shown. O(answers).
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, LearnOptions, NotedBy, Polarity, Population, Preference, PreferenceQuery, RankRequest};
    /// use onefold::recall;
    /// use std::sync::Arc;
    /// let at = "2026-01-05T10:00:00Z".parse()?;
    /// let said = |value: &str, polarity| Preference::new("colour", value, polarity, NotedBy::Customer);
    /// let noted = |key: &str, said| Arc::new(Event::new("desk", key, at, EventKind::Preference).preference(said));
    /// let events = [
    ///     noted("1", said("grey", Polarity::Like)),
    ///     noted("2", said("black", Polarity::Like).context("evening")),
    ///     noted("3", said("pink", Polarity::Never).context("evening")),
    /// ];
    /// let population = Population::learn(&[], &LearnOptions::until(at))?;
    /// let heard = |query: &PreferenceQuery| {
    ///     let request = RankRequest::new(&population).wishes(&recall(&events, query, at));
    ///     request.wishes.iter().map(|wish| wish.value.to_string()).collect::<Vec<_>>()
    /// };
    /// assert_eq!(heard(&PreferenceQuery::new()), ["grey", "pink"]);
    /// assert_eq!(heard(&PreferenceQuery::new().context("evening")), ["pink", "black", "grey"]);
    /// assert_eq!(heard(&PreferenceQuery::new().context("morning")), ["grey"]);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    #[must_use]
    pub fn wishes(mut self, preferences: &Preferences) -> Self {
        let counts = |stated: &&Stated| !stated.narrower || stated.polarity == Polarity::Never;
        self.wishes.extend(preferences.stated.iter().filter(counts).map(Wish::from));
        self
    }

    /// Adds the values of a facet outside which nothing is to be shown.
    #[must_use]
    pub fn range<V: Into<SmolStr>>(mut self, facet: impl Into<SmolStr>, values: impl IntoIterator<Item = V>) -> Self {
        self.ranges.push((facet.into(), values.into_iter().map(Into::into).collect()));
        self
    }

    /// Sets the share of slots that explore.
    #[must_use]
    pub fn explore_share(mut self, share: f64) -> Self {
        self.explore_share = share;
        self
    }

    /// Sets how long what was refused is not shown.
    #[must_use]
    pub fn rejected_days(mut self, days: u32) -> Self {
        self.rejected_days = days;
        self
    }

    /// Sets what breaks ties.
    #[must_use]
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seed = seed;
        self
    }

    /// Sets whether an item may be shown at all.
    #[must_use]
    pub fn allowed(mut self, allowed: &'a dyn Fn(&Item) -> bool) -> Self {
        self.allowed = Some(allowed);
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        if !(0.0..=1.0).contains(&self.explore_share) {
            return Err(Error::input("explore_share", "must lie between 0 and 1"));
        }
        if self.weights.iter().any(|(_, weight)| !weight.is_finite() || *weight < 0.0) {
            return Err(Error::input("weights", "must be numbers from 0 on"));
        }
        if self.ranges.len() > RANGES_MAX {
            return Err(Error::input("ranges", format!("name more than {RANGES_MAX} facets")));
        }
        Ok(())
    }
}

/// Shows how much is asked for, not what somebody said.
impl fmt::Debug for RankRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RankRequest({} wishes, {} ranges)", self.wishes.len(), self.ranges.len())
    }
}

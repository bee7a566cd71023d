//! How well customers are served, in four dimensions: four rates that are published, one index, and what one thought of
//! oneself beside it.

use crate::error::{Error, Result};
use crate::statistics::{Interval, wilson};
use serde::{Deserialize, Serialize};

/// A dimension of the customer experience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Of the people who are dealt with, those of whom enough is known to serve them.
    Understanding,
    /// Of what was shown or sent to people, what was chosen for them.
    Personalisation,
    /// Of what people did, what was recognised as theirs whatever the channel.
    Omnichannel,
    /// Of the uses of people's data, those that they allowed or that need no leave.
    Privacy,
}

impl Dimension {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::Understanding, Self::Personalisation, Self::Omnichannel, Self::Privacy];
}

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rate {
    /// How many are as they should be.
    pub good: u64,
    /// Of how many.
    pub of: u64,
}

impl Rate {
    /// The share, 0 to 1; none of nothing.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(onefold::Rate { good: 1, of: 4 }.share(), Some(0.25));
    /// assert_eq!(onefold::Rate::default().share(), None);
    /// ```
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| self.good as f64 / self.of as f64)
    }

    /// Counts one more.
    pub fn count(&mut self, is_good: bool) {
        self.of = self.of.saturating_add(1);
        self.good = self.good.saturating_add(u64::from(is_good));
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: Self) {
        (self.good, self.of) = (self.good.saturating_add(other.good), self.of.saturating_add(other.of));
    }
}

/// What is published of one dimension.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DimensionScore {
    /// Which.
    pub dimension: Dimension,
    /// The rate that is measured.
    pub rate: Rate,
    /// In which its share lies, at 95 %; none where nothing was measured.
    #[serde(skip)]
    pub interval: Option<Interval>,
    /// Its part in the index, all being 1.
    pub weight: f64,
    /// What one thought, 0 to 1.
    pub assessed: Option<f64>,
    /// By how much one thought better of oneself than is measured; negative for worse.
    pub gap: Option<f64>,
}

/// The index of the customer experience, with what it is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExperienceIndex {
    /// In the order of [`Dimension::ALL`].
    pub dimensions: [DimensionScore; 4],
    /// The weighted mean of the measured shares, 0 to 1; none where a dimension that has weight was not measured: an index
    /// of three dimensions is another index.
    pub measured: Option<f64>,
    /// The weighted mean of what one thought, likewise.
    pub assessed: Option<f64>,
    /// By how much one thought better of oneself than is measured.
    pub gap: Option<f64>,
}

/// Works out the index from four rates and their weights, in the order of [`Dimension::ALL`]; what one thought of oneself may
/// be left out, dimension by dimension. O(1).
///
/// # Errors
/// `Input` that names the dimension: a rate with more that is good than there is, a weight below 0 or that is no number,
/// weights that are all 0, or a self-assessment that is not from 0 to 1.
///
/// # Examples
/// ```
/// use onefold::{Rate, experience_index};
/// let rate = |good, of| Rate { good, of };
/// let rates = [rate(50, 100), rate(10, 100), rate(80, 100), rate(100, 100)];
/// let index = experience_index(rates, [1.0; 4], [Some(0.9), Some(0.5), None, Some(1.0)])?;
/// assert_eq!(index.measured, Some(0.6));
/// assert_eq!(index.dimensions[0].gap, Some(0.4));
/// assert_eq!(index.assessed, None);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn experience_index(rates: [Rate; 4], weights: [f64; 4], assessed: [Option<f64>; 4]) -> Result<ExperienceIndex> {
    let sum: f64 = weights.iter().sum();
    if !(sum.is_finite() && sum > 0.0) {
        return Err(Error::input("weights", "are not numbers of 0 or more with one over 0"));
    }
    let mut dimensions = Vec::with_capacity(4);
    for (((dimension, rate), weight), assessed) in Dimension::ALL.into_iter().zip(rates).zip(weights).zip(assessed) {
        let wrong = |reason: &str| Err(Error::input(format!("dimension {dimension:?}").to_lowercase(), reason));
        if rate.good > rate.of {
            return wrong("has more that is good than there is");
        }
        if weight < 0.0 {
            return wrong("has a weight below 0");
        }
        if assessed.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return wrong("has a self-assessment that is not from 0 to 1");
        }
        let interval = (rate.of > 0).then(|| wilson(rate.good, rate.of, 0.95)).transpose()?;
        let gap = assessed.zip(rate.share()).map(|(thought, found)| thought - found);
        dimensions.push(DimensionScore { dimension, rate, interval, weight: weight / sum, assessed, gap });
    }
    let mean = |share: &dyn Fn(&DimensionScore) -> Option<f64>| {
        let weighed = dimensions.iter().filter(|score| score.weight > 0.0);
        weighed.map(|score| share(score).map(|share| share * score.weight)).sum::<Option<f64>>()
    };
    let (measured, assessed) = (mean(&|score| score.rate.share()), mean(&|score| score.assessed));
    let gap = assessed.zip(measured).map(|(thought, found)| thought - found);
    let dimensions = dimensions.try_into().map_err(|_| Error::input("rates", "are not four"))?;
    Ok(ExperienceIndex { dimensions, measured, assessed, gap })
}

//! What a model is told of a moment.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};
use std::cmp::Ordering;
use std::fmt;

/// The most features of one moment.
const FEATURES_MAX: usize = 256;

/// What a model is told of a moment: numbers by name. Names are kept as they are, not hashed, so that a model can say what
/// it goes by.
///
/// Numbers are best of the size of 1: a step is as large as what it is of. Minutes and money say more as logarithms or in
/// classes.
///
/// # Examples
/// ```
/// use onefold::CartFeatures;
/// let moment = CartFeatures::new().number("items", 3.0).flag("returning").class("device", "phone");
/// let names: Vec<&str> = moment.iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["device=phone", "items", "returning"]);
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(SmolStr, f64)>", into = "Vec<(SmolStr, f64)>")]
pub struct CartFeatures {
    // Invariant: by name, each once.
    named: Vec<(SmolStr, f64)>,
}

impl CartFeatures {
    /// Tells nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells a number; the last of a name stands.
    #[must_use]
    pub fn number(mut self, name: impl Into<SmolStr>, value: f64) -> Self {
        self.set(name.into(), value);
        self
    }

    /// Tells that something is so.
    #[must_use]
    pub fn flag(self, name: impl Into<SmolStr>) -> Self {
        self.number(name, 1.0)
    }

    /// Tells which of several something is.
    #[must_use]
    pub fn class(self, name: &str, value: &str) -> Self {
        self.flag(format_smolstr!("{name}={value}"))
    }

    /// What is told, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.named.iter().map(|(name, value)| (name.as_str(), *value))
    }

    pub(super) fn named(&self) -> &[(SmolStr, f64)] {
        &self.named
    }

    fn set(&mut self, name: SmolStr, value: f64) {
        match self.named.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(place) => self.named.iter_mut().skip(place).take(1).for_each(|known| known.1 = value),
            Err(place) => self.named.insert(place, (name, value)),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.named.len() > FEATURES_MAX {
            return Err(Error::limit("the number of features of a moment", FEATURES_MAX as u64));
        }
        match self.named.iter().find(|(_, value)| !(-1e6..=1e6).contains(value)) {
            Some((name, _)) => Err(Error::input(format!("feature `{name}`"), "is no number from -1e6 to 1e6")),
            None => Ok(()),
        }
    }

    /// A total order on data, for ties.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let each = self.named.iter().zip(&other.named);
        let first = each.map(|(a, b)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))).find(|order| order.is_ne());
        first.unwrap_or_else(|| self.named.len().cmp(&other.named.len()))
    }
}

impl From<Vec<(SmolStr, f64)>> for CartFeatures {
    fn from(told: Vec<(SmolStr, f64)>) -> Self {
        told.into_iter().fold(Self::new(), |features, (name, value)| features.number(name, value))
    }
}

impl From<CartFeatures> for Vec<(SmolStr, f64)> {
    fn from(features: CartFeatures) -> Self {
        features.named
    }
}

/// Shows how many there are.
impl fmt::Debug for CartFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CartFeatures({})", self.named.len())
    }
}

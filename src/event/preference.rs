//! A wish or a dislike, as somebody stated it.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// What somebody wants, or does not want, in their own words or in a colleague's. It was said when its event happened.
///
/// # Examples
/// ```
/// use onefold::{NotedBy, Polarity, Preference};
/// let flakes = Preference::new("topping", "red pepper flakes", Polarity::Like, NotedBy::Staff)
///     .context("room service / pizza")
///     .property("rome");
/// assert_eq!(format!("{flakes:?}"), "Preference(Like)");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    /// What it is about, as `topping`.
    pub attribute: SmolStr,
    /// Which one, as `red pepper flakes`.
    pub value: SmolStr,
    /// Whether it is wanted.
    pub polarity: Polarity,
    /// When it matters: a path whose parts stand between slashes, as `room service / pizza`.
    pub context: Option<SmolStr>,
    /// Where it holds.
    pub scope: Scope,
    /// Who noted it.
    pub noted_by: NotedBy,
    /// When it was noted, where that is not when it was said.
    pub recorded_at: Option<Timestamp>,
    /// How carefully it is to be handled.
    pub sensitivity: Sensitivity,
    /// From when on it holds no longer.
    pub expires: Option<Timestamp>,
    /// What it may be used for; anything where nothing is said.
    pub purpose: Option<SmolStr>,
    /// The words that were used.
    pub text: Option<SmolStr>,
}

/// Whether something is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// It is.
    Like,
    /// It is not.
    Dislike,
    /// It must never come, as what somebody is allergic to.
    Never,
}

/// Who noted a preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotedBy {
    /// The customer.
    Customer,
    /// Somebody who works here.
    Staff,
    /// A program.
    System,
}

/// How carefully something is to be handled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Anybody who serves the customer may know.
    #[default]
    None,
    /// It is the customer's own business.
    Personal,
    /// It is of a special category by law: health, belief and the like.
    Special,
}

/// Where something holds: everywhere, but for what is set.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Only with this brand.
    pub brand: Option<SmolStr>,
    /// Only at this property, as one hotel or one shop.
    pub property: Option<SmolStr>,
    /// Only through this channel.
    pub channel: Option<SmolStr>,
}

impl Preference {
    /// Takes what is wanted or not, and who noted it. It holds everywhere, for anything, for good.
    pub fn new(
        attribute: impl Into<SmolStr>,
        value: impl Into<SmolStr>,
        polarity: Polarity,
        noted_by: NotedBy,
    ) -> Self {
        Self {
            attribute: attribute.into(),
            value: value.into(),
            polarity,
            context: None,
            scope: Scope::default(),
            noted_by,
            recorded_at: None,
            sensitivity: Sensitivity::default(),
            expires: None,
            purpose: None,
            text: None,
        }
    }

    /// Sets when it matters.
    #[must_use]
    pub fn context(mut self, context: impl Into<SmolStr>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Lets it hold with this brand only.
    #[must_use]
    pub fn brand(mut self, brand: impl Into<SmolStr>) -> Self {
        self.scope.brand = Some(brand.into());
        self
    }

    /// Lets it hold at this property only.
    #[must_use]
    pub fn property(mut self, property: impl Into<SmolStr>) -> Self {
        self.scope.property = Some(property.into());
        self
    }

    /// Lets it hold through this channel only.
    #[must_use]
    pub fn channel(mut self, channel: impl Into<SmolStr>) -> Self {
        self.scope.channel = Some(channel.into());
        self
    }

    /// Sets when it was noted.
    #[must_use]
    pub fn recorded_at(mut self, at: Timestamp) -> Self {
        self.recorded_at = Some(at);
        self
    }

    /// Sets how carefully it is to be handled.
    #[must_use]
    pub fn sensitivity(mut self, sensitivity: Sensitivity) -> Self {
        self.sensitivity = sensitivity;
        self
    }

    /// Sets from when on it holds no longer.
    #[must_use]
    pub fn expires(mut self, at: Timestamp) -> Self {
        self.expires = Some(at);
        self
    }

    /// Sets what it may be used for.
    #[must_use]
    pub fn purpose(mut self, purpose: impl Into<SmolStr>) -> Self {
        self.purpose = Some(purpose.into());
        self
    }

    /// Sets the words that were used.
    #[must_use]
    pub fn text(mut self, text: impl Into<SmolStr>) -> Self {
        self.text = Some(text.into());
        self
    }
}

/// Shows whether something is wanted, not what: to be allergic is personal.
impl fmt::Debug for Preference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Preference({:?})", self.polarity)
    }
}

/// Shows how many parts are set.
impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.brand, &self.property, &self.channel].into_iter().flatten().count();
        write!(f, "Scope({parts} parts)")
    }
}

//! What an event was about: lines with facets, and messages.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// A property of a product or a search, as `colour` and `grey`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Facet {
    /// The name.
    pub name: SmolStr,
    /// The value, as sent or as read.
    pub value: SmolStr,
}

impl Facet {
    /// Takes a name and a value.
    pub fn new(name: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// Shows the name only.
impl fmt::Debug for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:..", self.name)
    }
}

/// One thing that an event was about. All of it is kept as it was sent, numbers as text.
///
/// # Examples
/// ```
/// use onefold::Line;
/// let line = Line::new("sku-9").variant("m-black").facet("colour", "black").amount("49.90", "EUR").gift();
/// assert_eq!(line.amount.as_deref(), Some("49.90"));
/// assert_eq!(format!("{line:?}"), "Line(1 facets)");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The line's name within its order, by which a return speaks of it.
    pub line: Option<SmolStr>,
    /// The product.
    pub product: Option<SmolStr>,
    /// Which one of the product: a size, a colour.
    pub variant: Option<SmolStr>,
    /// What the product is like.
    pub facets: Vec<Facet>,
    /// How many, or how much.
    pub quantity: Option<SmolStr>,
    /// What the whole line cost.
    pub amount: Option<SmolStr>,
    /// The currency of the amount, by ISO 4217.
    pub currency: Option<SmolStr>,
    /// Whether it was for somebody else.
    pub gift: bool,
}

impl Line {
    /// Starts a line about a product; `Line::default()` is about nothing yet.
    pub fn new(product: impl Into<SmolStr>) -> Self {
        Self { product: Some(product.into()), ..Self::default() }
    }

    /// Sets the line's name within its order.
    #[must_use]
    pub fn line(mut self, line: impl Into<SmolStr>) -> Self {
        self.line = Some(line.into());
        self
    }

    /// Sets which one of the product it is.
    #[must_use]
    pub fn variant(mut self, variant: impl Into<SmolStr>) -> Self {
        self.variant = Some(variant.into());
        self
    }

    /// Adds a facet; a name may have several values.
    #[must_use]
    pub fn facet(mut self, name: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        self.facets.push(Facet::new(name, value));
        self
    }

    /// Sets the quantity, a decimal number.
    #[must_use]
    pub fn quantity(mut self, quantity: impl Into<SmolStr>) -> Self {
        self.quantity = Some(quantity.into());
        self
    }

    /// Sets what the whole line cost, a decimal number, and in which currency.
    #[must_use]
    pub fn amount(mut self, amount: impl Into<SmolStr>, currency: impl Into<SmolStr>) -> Self {
        (self.amount, self.currency) = (Some(amount.into()), Some(currency.into()));
        self
    }

    /// Says that it was for somebody else.
    #[must_use]
    pub fn gift(mut self) -> Self {
        self.gift = true;
        self
    }
}

/// Shows a count: what was bought is personal.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({} facets)", self.facets.len())
    }
}

/// The message that an event tells of.
///
/// # Examples
/// ```
/// use onefold::Message;
/// let message = Message::new("m-1").campaign("spring").purpose("marketing").about("order_ready");
/// assert_eq!(format!("{message:?}"), "Message(..)");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The sender's key for it: the same when it is sent, delivered, opened and clicked.
    pub message: SmolStr,
    /// The campaign that it is part of.
    pub campaign: Option<SmolStr>,
    /// What it was sent for, as `marketing`.
    pub purpose: Option<SmolStr>,
    /// The kind of thing that it tells, as `order_ready`.
    pub about: Option<SmolStr>,
}

impl Message {
    /// Takes the sender's key.
    pub fn new(message: impl Into<SmolStr>) -> Self {
        Self { message: message.into(), campaign: None, purpose: None, about: None }
    }

    /// Sets the campaign.
    #[must_use]
    pub fn campaign(mut self, campaign: impl Into<SmolStr>) -> Self {
        self.campaign = Some(campaign.into());
        self
    }

    /// Sets what it was sent for.
    #[must_use]
    pub fn purpose(mut self, purpose: impl Into<SmolStr>) -> Self {
        self.purpose = Some(purpose.into());
        self
    }

    /// Sets the kind of thing that it tells.
    #[must_use]
    pub fn about(mut self, about: impl Into<SmolStr>) -> Self {
        self.about = Some(about.into());
        self
    }
}

/// Shows nothing of it: a key may hold an address.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(..)")
    }
}

//! What is on offer.

use crate::decimal::Decimal;
use crate::event::Facet;
use smol_str::SmolStr;
use std::fmt;

/// One thing on offer: a product, or one variant of it.
///
/// # Examples
/// ```
/// use onefold::{Consumable, Item};
/// let coffee = Item::new("coffee").variant("500g").facet("brand", "Illy").price("9.90".parse()?, "EUR").gap_days(21);
/// assert_eq!((coffee.facets.len(), coffee.consumable), (1, Consumable::GapDays(21)));
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// The product, as events name it.
    pub product: SmolStr,
    /// Which one of the product; none where the product as a whole is meant.
    pub variant: Option<SmolStr>,
    /// What it is like; a name may have several values.
    pub facets: Vec<Facet>,
    /// What one costs, and the currency by ISO 4217.
    pub price: Option<(Decimal, SmolStr)>,
    /// Whether it is used up.
    pub consumable: Consumable,
}

/// Whether a thing is used up, and bought again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consumable {
    /// It is not: who has it needs no other.
    #[default]
    No,
    /// It is; how soon is known only of who bought it often.
    Yes,
    /// It is, in about so many days.
    GapDays(u32),
}

impl Item {
    /// Starts an item of which nothing else is known, and which is not used up.
    pub fn new(product: impl Into<SmolStr>) -> Self {
        let product = product.into();
        Self { product, variant: None, facets: Vec::new(), price: None, consumable: Consumable::No }
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

    /// Sets what one costs.
    #[must_use]
    pub fn price(mut self, price: Decimal, currency: impl Into<SmolStr>) -> Self {
        self.price = Some((price, currency.into()));
        self
    }

    /// Says that it is used up, nobody knows how soon.
    #[must_use]
    pub fn consumable(mut self) -> Self {
        self.consumable = Consumable::Yes;
        self
    }

    /// Says that it is used up in about so many days.
    #[must_use]
    pub fn gap_days(mut self, days: u32) -> Self {
        self.consumable = Consumable::GapDays(days);
        self
    }
}

/// Shows how many facets it has.
impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Item({} facets, {:?})", self.facets.len(), self.consumable)
    }
}

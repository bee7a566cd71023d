//! How much of an order is shown to whom.

use super::order::{Order, OrderStatus};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// What somebody who asks has proved of who they are: the less first.
///
/// # Examples
/// ```
/// use onefold::Verification;
/// assert!(Verification::SignedIn > Verification::TwoIdentifiers && Verification::OneIdentifier > Verification::None);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Nothing.
    #[default]
    None,
    /// They named one identifier of the profile.
    OneIdentifier,
    /// They named two.
    TwoIdentifiers,
    /// They are signed in.
    SignedIn,
}

/// What somebody who asks for orders has proved, and what must be proved to see them whole.
///
/// # Examples
/// ```
/// use onefold::{OrderAccess, Verification};
/// let access = OrderAccess::from(Verification::OneIdentifier);
/// assert_eq!(access.needed, Verification::TwoIdentifiers);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderAccess {
    /// What was proved.
    pub proof: Verification,
    /// What is needed: two identifiers, where nothing else is said.
    pub needed: Verification,
}

impl From<Verification> for OrderAccess {
    fn from(proof: Verification) -> Self {
        Self { proof, needed: Verification::TwoIdentifiers }
    }
}

/// An order as far as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownOrder {
    /// All of it.
    Whole(Box<Order>),
    /// That there is one; who named an identifier also learns of how many lines it is.
    Masked {
        /// The day on which it was bought, where it was bought: `2026-01-05`.
        date: SmolStr,
        /// The channel.
        channel: SmolStr,
        /// What is left of it.
        status: OrderStatus,
        /// Of how many lines it is, for who named an identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        lines: Option<u64>,
        /// What must be proved to see the rest.
        needs: Verification,
    },
}

impl Order {
    /// Shows the order to who has proved as much as is needed, and to others that there is one; how many lines it
    /// has, if they named an identifier. O(lines).
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, ShownOrder, Verification, orders};
    /// let bought = Event::new("web", "1", "2026-01-05T23:30:00+01:00".parse()?, EventKind::Purchase).order("o-7");
    /// let (orders, _) = orders(&[bought.into()], |event| event.order.clone());
    /// let shown = orders[0].shown_at(Verification::OneIdentifier, Verification::TwoIdentifiers);
    /// let ShownOrder::Masked { date, channel, lines, needs, .. } = shown else { panic!("one is not two") };
    /// assert_eq!((date.as_str(), channel.as_str(), lines), ("2026-01-05", "web", Some(0)));
    /// assert_eq!(needs, Verification::TwoIdentifiers);
    /// let ShownOrder::Whole(order) = orders[0].shown_at(Verification::SignedIn, needs) else { panic!("signed in") };
    /// assert_eq!(*order, orders[0]);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn shown_at(&self, proof: Verification, needed: Verification) -> ShownOrder {
        if proof >= needed {
            return ShownOrder::Whole(Box::new(self.clone()));
        }
        let (named, lines) = (proof >= Verification::OneIdentifier, self.lines.len() as u64);
        ShownOrder::Masked {
            date: day(self.at),
            channel: self.channel.clone(),
            status: self.status,
            lines: named.then_some(lines),
            needs: needed,
        }
    }
}

/// The day of a time, by the clock that it was told in: `2026-01-05`.
pub(crate) fn day(at: Timestamp) -> SmolStr {
    let told = at.to_string();
    told.split_once('T').map_or(told.as_str(), |(day, _)| day).into()
}

//! What somebody did: orders, the first and the last touch, and where they were recognised.

mod order;
mod recognition;
mod shown;
mod touch;

pub(crate) use order::primary;
pub use order::{Order, OrderLine, OrderStatus, orders};
pub use recognition::{ChannelRecognition, Recognition};
pub(crate) use shown::day;
pub use shown::{OrderAccess, ShownOrder, Verification};
pub use touch::{Touches, touches};

use crate::event::Event;
use smol_str::SmolStr;

/// The channel of an event; its source, where it names none.
pub(crate) fn channel(event: &Event) -> SmolStr {
    event.channel.as_ref().and_then(crate::normalise::trimmed).unwrap_or_else(|| event.key.source.clone())
}

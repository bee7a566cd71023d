//! What was bought and kept: each order once, less what was given back. Whoever tells of orders or of deeds asks here.

mod back;
mod settle;

pub(crate) use settle::{Bought, Settled, SettledOrder, settle};

use crate::event::{Event, EventKind};
use smol_str::SmolStr;
use std::sync::Arc;

/// A purchase or a return, and the order that it names.
#[derive(Clone, PartialEq)]
pub(crate) struct Trade {
    pub(crate) event: Arc<Event>,
    pub(crate) order: Option<SmolStr>,
}

/// Says whether an event is a purchase or a return.
pub(crate) fn is_trade(event: &Event) -> bool {
    matches!(event.kind, EventKind::Purchase | EventKind::Return)
}

/// Sorts by time, then key, so that the oldest comes first in whatever order they came.
pub(crate) fn sort(trades: &mut [Trade]) {
    trades.sort_unstable_by(|a, b| a.event.by_time(&b.event));
}

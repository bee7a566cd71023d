//! What of a catalogue somebody is to see, and in which order: what is owned, what is unwanted, what fits best.
//!
//! Pure: of the events of a profile a [`Shopper`] is folded, and beside a population, stated wishes and a list of items it
//! answers.

mod grounds;
mod item;
mod own;
mod rank;
mod request;
mod search;
mod shopper;
mod suppress;
mod taste;

pub use grounds::Grounds;
pub use item::{Consumable, Item};
pub use own::Owned;
pub use rank::{Asked, Ground, Observed, Ranked, Ranking, Slot, Warning, rank};
pub use request::{RankRequest, Wish};
pub use shopper::{ATTENTION_DAYS, Shopper};
pub use suppress::{EXPOSURES_MIN, Suppressed, suppress};

//! What scores rest on, told when somebody asks.

use super::rank::{Ground, Observed};
use super::taste::Pair;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// What a score rests on. Grounds are made when they are asked for, of what was worked out once for all items of a ranking:
/// of a thousand items only the few that are shown first are explained as a rule. Who keeps one keeps all of that.
#[derive(Clone)]
pub struct Grounds {
    told: Arc<Told>,
    /// The places of the item's values.
    pairs: Range<u32>,
    /// What is no observation.
    more: Vec<Ground>,
}

/// The values of all items of a ranking, and what was done with them.
pub(super) struct Told {
    pub(super) pairs: Vec<Pair>,
    /// By the place of the value; none where it adds nothing.
    pub(super) observed: Vec<Option<Observed>>,
}

impl Told {
    /// The values of an item.
    pub(super) fn pairs_of(&self, places: &Range<u32>) -> &[Pair] {
        self.pairs.get(places.start as usize..places.end as usize).unwrap_or_default()
    }
}

impl Grounds {
    pub(super) fn new(told: &Arc<Told>, pairs: Range<u32>, more: Vec<Ground>) -> Self {
        Self { told: Arc::clone(told), pairs, more }
    }

    /// What was done, by the item's values, then what was said, then a search.
    pub fn iter(&self) -> impl Iterator<Item = Ground> {
        let pairs = self.told.pairs_of(&self.pairs).iter();
        let observed = pairs.filter_map(|pair| {
            let observed = self.told.observed.get(pair.value as usize)?.as_ref()?;
            if pair.alike == 1 {
                return Some(Ground::Observed(Arc::new(observed.clone())));
            }
            let points = observed.points / f64::from(pair.alike);
            Some(Ground::Observed(Arc::new(Observed { points, ..observed.clone() })))
        });
        observed.chain(self.more.iter().cloned())
    }

    /// Says whether it rests on nothing. O(values of the item).
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

/// Two are equal if they tell the same.
impl PartialEq for Grounds {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// Shows what the grounds show.
impl fmt::Debug for Grounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

//! Possible links as the feed tells them: once a commit, by what stood before it and what stands after.

use super::plan::Planner;
use super::rebuild::Rebuilt;
use crate::error::Result;
use crate::id::{ProfileId, ProfileNumber, RecordNumber, Seed};
use crate::issue::Reason;
use crate::store::{ProfileEvent, Snapshot, WithheldKey, WithheldRow};
use ahash::AHashMap;
use std::collections::BTreeMap;

/// Withheld rows that are read at a time.
const PAGE: usize = 16_384;

/// A pair that became a possible link, or is one no longer, and its two records.
struct Turn {
    became: bool,
    ends: Vec<RecordNumber>,
}

impl Turn {
    /// What a pair's row says, if it came to be a possible link or ceased to be one.
    fn of(before: Option<&WithheldRow>, after: Option<&WithheldRow>) -> Option<Self> {
        let possible = |row: Option<&WithheldRow>| row.is_some_and(|row| row.reason == Reason::Possible);
        let became = possible(after);
        let row = if became { after } else { before };
        (possible(before) != became)
            .then(|| Self { became, ends: row.map(|row| row.parts.clone()).unwrap_or_default() })
    }

    /// The feed's entry, by the profiles that the records are in now.
    fn event(&self, profiles: impl Iterator<Item = Option<ProfileNumber>>, seed: Seed) -> ProfileEvent {
        let mut numbers: Vec<ProfileNumber> = profiles.flatten().collect();
        numbers.sort_unstable();
        numbers.dedup();
        let profiles = numbers.into_iter().map(|number| ProfileId::of(number, seed)).collect();
        if self.became { ProfileEvent::Possible { profiles } } else { ProfileEvent::Settled { profiles } }
    }
}

impl Planner<'_> {
    /// Tells the feed which pairs this plan makes possible links, and which it leaves none. O(withheld joins written).
    pub(super) fn tell_possible(&mut self) -> Result<()> {
        let changes = self.overlay.withheld_changes()?;
        let turns = changes.iter().filter_map(|[before, after]| Turn::of(before.as_deref(), after.as_deref()));
        let turns: Vec<Turn> = turns.collect();
        if turns.is_empty() {
            return Ok(());
        }
        let ends: Vec<RecordNumber> = turns.iter().flat_map(|turn| turn.ends.iter().copied()).collect();
        let mut profiles = self.overlay.profiles(&ends)?.into_iter();
        for turn in turns {
            let event = turn.event(profiles.by_ref().take(turn.ends.len()), self.seed);
            self.announce(event);
        }
        Ok(())
    }
}

impl Rebuilt {
    /// The same of a new generation beside the one that stands. O(withheld joins), and where there is something to
    /// tell, O(records).
    pub(super) fn possible(&self, standing: &dyn Snapshot, seed: Seed) -> Result<Vec<ProfileEvent>> {
        let possible = |row: &&WithheldRow| row.reason == Reason::Possible;
        let mut rows: BTreeMap<WithheldKey, [Option<WithheldRow>; 2]> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = standing.withheld_page(after, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (key, row) in page.iter().filter(|(_, row)| possible(&row.as_ref())) {
                rows.insert(*key, [Some(WithheldRow::clone(row)), None]);
            }
        }
        for (key, row) in self.partition.withheld.iter().filter(|(_, row)| possible(&row)) {
            let [_, after] = rows.entry(*key).or_default();
            *after = Some(row.clone());
        }
        let turns = rows.values().filter_map(|[before, after]| Turn::of(before.as_ref(), after.as_ref()));
        let turns: Vec<Turn> = turns.collect();
        let ends = turns.iter().flat_map(|turn| turn.ends.iter().copied());
        let mut home: AHashMap<RecordNumber, Option<ProfileNumber>> = ends.map(|end| (end, None)).collect();
        if !turns.is_empty() {
            for (cluster, bearing) in self.partition.clusters.iter().zip(&self.bearings) {
                for item in cluster.members.iter().filter_map(|&item| self.items.get(item as usize)) {
                    home.entry(item.number).and_modify(|home| *home = Some(bearing.profile));
                }
            }
        }
        let event = |turn: &Turn| turn.event(turn.ends.iter().map(|end| home.get(end).copied().flatten()), seed);
        Ok(turns.iter().map(event).collect())
    }
}

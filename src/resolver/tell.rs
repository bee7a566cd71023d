//! What a new partition does to profiles, as the feed tells it.

use crate::id::{ProfileId, ProfileNumber, Seed};
use crate::store::ProfileEvent;
use ahash::AHashSet;
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A profile of the new partition.
pub(super) struct Bearing {
    /// The id that it bears.
    pub(super) profile: ProfileNumber,
    /// All ids anchored in its records, ascending.
    pub(super) anchors: SmallVec<[ProfileNumber; 1]>,
}

/// What happened, with numbers for names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shifted {
    Created(ProfileNumber),
    Restored(ProfileNumber),
    Extended(ProfileNumber),
    Merged { from: Vec<ProfileNumber>, into: ProfileNumber },
    Moved { from: ProfileNumber, into: ProfileNumber, records: u64 },
    Split { from: ProfileNumber, into: Vec<ProfileNumber> },
}

/// Compares partitions, told so that every id is opened before it is spoken of and ended last. `groups` gives each profile of the new one with the profiles that its records come from (none
/// for a record that was in none); `before` are the ids borne before, and ids from
/// `first_new` on are given for the first time.
pub(super) fn compare<'a, O>(
    groups: impl Iterator<Item = (&'a Bearing, O)> + Clone,
    before: &AHashSet<ProfileNumber>,
    first_new: ProfileNumber,
) -> Vec<Shifted>
where
    O: Iterator<Item = Option<ProfileNumber>>,
{
    if before.is_empty() {
        let new = |profile| if profile < first_new { Shifted::Restored(profile) } else { Shifted::Created(profile) };
        return groups.map(|(bearing, _)| new(bearing.profile)).collect();
    }
    let after: AHashSet<ProfileNumber> = groups.clone().map(|(bearing, _)| bearing.profile).collect();
    let (mut opened, mut moved, mut merged) = (Vec::new(), Vec::new(), Vec::new());
    let mut splits: BTreeMap<ProfileNumber, Vec<ProfileNumber>> = BTreeMap::new();
    for (Bearing { profile, anchors }, origins) in groups {
        let mut came: BTreeMap<ProfileNumber, u64> = BTreeMap::new();
        let mut has_new = false;
        for origin in origins {
            match origin {
                Some(old) => *came.entry(old).or_default() += 1,
                None => has_new = true,
            }
        }
        let stood = before.contains(profile);
        let most = came.iter().max_by_key(|(old, records)| (**records, Reverse(**old))).map(|(old, _)| *old);
        match most {
            _ if stood && has_new => moved.push(Shifted::Extended(*profile)),
            _ if stood => {}
            Some(from) => splits.entry(from).or_default().push(*profile),
            None if *profile < first_new => opened.push(Shifted::Restored(*profile)),
            None => opened.push(Shifted::Created(*profile)),
        }
        let ended = anchors.iter().copied().filter(|old| before.contains(old) && !after.contains(old));
        let ended: Vec<ProfileNumber> = ended.collect();
        if stood {
            for (&from, &records) in came.iter().filter(|(old, _)| *old != profile && !ended.contains(old)) {
                moved.push(Shifted::Moved { from, into: *profile, records });
            }
        }
        if !ended.is_empty() {
            merged.push(Shifted::Merged { from: ended, into: *profile });
        }
    }
    for (from, mut into) in splits {
        if after.contains(&from) {
            into.push(from);
        }
        into.sort_unstable();
        opened.push(Shifted::Split { from, into });
    }
    opened.append(&mut moved);
    opened.append(&mut merged);
    opened
}

impl Shifted {
    /// The feed's entry.
    pub(super) fn event(&self, seed: Seed) -> ProfileEvent {
        let id = |profile: &ProfileNumber| ProfileId::of(*profile, seed);
        match self {
            Self::Created(profile) => ProfileEvent::Created { profile: id(profile) },
            Self::Restored(profile) => ProfileEvent::Restored { profile: id(profile) },
            Self::Extended(profile) => ProfileEvent::Extended { profile: id(profile) },
            Self::Merged { from, into } => ProfileEvent::Merged { from: from.iter().map(id).collect(), into: id(into) },
            Self::Moved { from, into, records } => {
                ProfileEvent::Moved { from: id(from), into: id(into), records: *records }
            }
            Self::Split { from, into } => ProfileEvent::Split { from: id(from), into: into.iter().map(id).collect() },
        }
    }
}

//! Settling: the regions of all seeds, resolved from scratch and written where they differ from what stands.

use super::gather::{Gathered, gather};
use super::liken::{is_link, link_key};
use super::plan::{Planner, UNPLACED};
use super::tell::{Bearing, Shifted, compare};
use crate::error::Result;
use crate::id::{ClusterNumber, Link, ProfileNumber, RecordNumber, ValueHash};
use crate::identifier::hash_key;
use crate::issue::Reason;
use crate::linkage::Weight;
use crate::stitch::{Group, Likely, Outcome, Trace};
use crate::store::{
    Cluster, INLINE_MAX, Node, Numbers, Presence, ProfileEvent, Snapshot, ValueState, WithheldKey, WithheldRow,
};
use ahash::{AHashMap, AHashSet};
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a region's records were and are.
struct Shift {
    /// The cluster that each record was in.
    before: Vec<Option<ClusterNumber>>,
    old: AHashMap<ClusterNumber, Arc<Cluster>>,
    /// The number that each group is stored under.
    numbers: Vec<ClusterNumber>,
    bearings: Vec<Bearing>,
    /// For each group whose id is new, the record that it is anchored in.
    newly_in: Vec<Option<RecordNumber>>,
    /// Ids from here on are new.
    first_new: ProfileNumber,
    /// The group of each record.
    group_of: Vec<usize>,
}

impl Planner<'_> {
    /// Resolves the regions of all seeds.
    pub(super) fn settle(&mut self) -> Result<()> {
        if self.seeds.is_empty() {
            return Ok(());
        }
        let seeds = std::mem::take(&mut self.seeds);
        let with_assertions = self.meta.counts.assertions > 0;
        let found = gather(&self.overlay, self.rules, self.seed, &seeds, with_assertions)?;
        let outcome = found.resolve(&self.overlay, self.rules, Trace::Off)?;
        let shift = self.shift(&found, &outcome)?;
        self.tell(&outcome, &shift);
        self.stir_claimants(&found, &outcome);
        self.write_clusters(&found, &outcome, &shift)?;
        self.write_values(&found, &outcome, &shift)?;
        self.write_links(&found, &outcome, &shift)?;
        Ok(())
    }

    /// Finds which stored cluster each group goes on as, and which id it bears.
    fn shift(&mut self, found: &Gathered, outcome: &Outcome) -> Result<Shift> {
        let before: Vec<Option<ClusterNumber>> =
            found.records.iter().map(|(_, node)| (node.cluster != UNPLACED).then_some(node.cluster)).collect();
        let mut stood: Vec<ClusterNumber> = before.iter().flatten().copied().collect();
        stood.sort_unstable();
        stood.dedup();
        let rows = stood.iter().copied().map(|number| Ok((number, self.overlay.cluster(number)?)));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let old = rows.into_iter().filter_map(|(number, row)| row.map(|row| (number, row))).collect();
        let numbers = self.number_groups(&before, &outcome.clusters);
        let first_new = ProfileNumber(self.meta.next_profile);
        let mut bearings = Vec::with_capacity(outcome.clusters.len());
        let mut newly_in = Vec::with_capacity(outcome.clusters.len());
        let mut group_of = vec![0; found.records.len()];
        for (place, group) in outcome.clusters.iter().enumerate() {
            let nodes = group.members.iter().filter_map(|&member| found.records.get(member));
            let mut anchors: SmallVec<[ProfileNumber; 1]> =
                nodes.flat_map(|(_, node)| node.anchors.iter().copied()).collect();
            anchors.sort_unstable();
            let records = group.members.iter().filter_map(|&member| found.records.get(member));
            let first = records.map(|(number, _)| *number).min();
            let new = first.filter(|_| anchors.is_empty());
            anchors.extend(new.map(|first| self.new_profile(first)));
            let profile = anchors.first().copied().unwrap_or(ProfileNumber(0));
            bearings.push(Bearing { profile, anchors });
            newly_in.push(new);
            for &member in &group.members {
                if let Some(slot) = group_of.get_mut(member) {
                    *slot = place;
                }
            }
        }
        Ok(Shift { before, old, numbers, bearings, newly_in, first_new, group_of })
    }

    /// Gives each group the stored cluster that most of its records were in, so that few rows change.
    fn number_groups(&mut self, before: &[Option<ClusterNumber>], groups: &[Group]) -> Vec<ClusterNumber> {
        let mut overlaps: Vec<(Reverse<usize>, ClusterNumber, usize)> = Vec::new();
        for (place, group) in groups.iter().enumerate() {
            let mut shares: BTreeMap<ClusterNumber, usize> = BTreeMap::new();
            for cluster in group.members.iter().filter_map(|&member| before.get(member).copied().flatten()) {
                *shares.entry(cluster).or_default() += 1;
            }
            overlaps.extend(shares.into_iter().map(|(cluster, share)| (Reverse(share), cluster, place)));
        }
        overlaps.sort_unstable();
        let mut numbers: Vec<Option<ClusterNumber>> = vec![None; groups.len()];
        let mut taken: AHashSet<ClusterNumber> = AHashSet::new();
        for (_, cluster, place) in overlaps {
            if let Some(slot @ None) = numbers.get_mut(place)
                && taken.insert(cluster)
            {
                *slot = Some(cluster);
            }
        }
        numbers.into_iter().map(|number| number.unwrap_or_else(|| self.new_cluster())).collect()
    }

    fn write_clusters(&mut self, found: &Gathered, outcome: &Outcome, shift: &Shift) -> Result<()> {
        let groups = outcome.clusters.as_slice();
        let follows: AHashMap<usize, Link> = outcome.followers.iter().copied().collect();
        let mut was_in: AHashMap<ClusterNumber, Vec<RecordNumber>> = AHashMap::new();
        for ((number, _), cluster) in found.records.iter().zip(&shift.before) {
            if let Some(cluster) = cluster {
                was_in.entry(*cluster).or_default().push(*number);
            }
        }
        for (((group, &cluster), bearing), new) in
            groups.iter().zip(&shift.numbers).zip(&shift.bearings).zip(&shift.newly_in)
        {
            let mut members = Vec::with_capacity(group.members.len());
            let mut summary = group.summary.clone();
            for (member, (number, node)) in group.members.iter().filter_map(|&m| Some((m, found.records.get(m)?))) {
                members.push(*number);
                let follows = follows.get(&member).copied();
                summary.possible |= node.edges().iter().any(|(_, weight)| !is_link(self.rules.linker(), *weight));
                let newly_anchored = *new == Some(*number);
                if node.cluster != cluster || newly_anchored || node.vertex.follows() != follows {
                    let mut node = Node { cluster, ..Node::clone(node) };
                    node.vertex.follow(follows);
                    if newly_anchored {
                        node.anchors.push(bearing.profile);
                    }
                    self.overlay.put_node(*number, Some(Arc::new(node)));
                }
            }
            members.sort_unstable();
            let stood = shift.old.get(&cluster);
            let old_rows = stood.filter(|row| matches!(row.members, Numbers::Spilled(_)));
            let old_rows = old_rows.and_then(|_| was_in.get(&cluster)).map(Vec::as_slice).unwrap_or_default();
            let spilled = members.len() > INLINE_MAX;
            for &gone in old_rows.iter().filter(|number| !spilled || members.binary_search(number).is_err()) {
                self.overlay.set_member_row(cluster, gone, Presence::Absent);
            }
            let members = if spilled {
                let known: AHashSet<RecordNumber> = old_rows.iter().copied().collect();
                for &added in members.iter().filter(|number| !known.contains(number)) {
                    self.overlay.set_member_row(cluster, added, Presence::Present);
                }
                Numbers::Spilled(members.len() as u64)
            } else {
                Numbers::Inline(members.into())
            };
            let row = Cluster { profile: bearing.profile, members, summary };
            if stood.is_none_or(|stood| **stood != row) {
                self.overlay.put_cluster(cluster, Some(Arc::new(row)));
            }
        }
        let goes_on: AHashSet<ClusterNumber> = shift.numbers.iter().copied().collect();
        for (&cluster, row) in shift.old.iter().filter(|(cluster, _)| !goes_on.contains(cluster)) {
            if matches!(row.members, Numbers::Spilled(_)) {
                for &number in was_in.get(&cluster).into_iter().flatten() {
                    self.overlay.set_member_row(cluster, number, Presence::Absent);
                }
            }
            self.overlay.put_cluster(cluster, None);
        }
        self.meta.counts.profiles += groups.len() as u64;
        self.meta.counts.profiles -= shift.old.len() as u64;
        Ok(())
    }

    /// Writes how each value of the region links its carriers now, and which joins are withheld.
    fn write_values(&mut self, found: &Gathered, outcome: &Outcome, shift: &Shift) -> Result<()> {
        let number = |entry: usize| found.records.get(entry).map(|(number, _)| *number);
        let mut tangled: AHashSet<ValueHash> = AHashSet::new();
        for contest in &outcome.contests {
            tangled.insert(contest.value);
            let Some((_, posting)) = found.postings.get(&contest.value) else { continue };
            let mut witnesses: Vec<RecordNumber> = contest.witnesses.iter().copied().filter_map(number).collect();
            witnesses.sort_unstable();
            let state = if witnesses.is_empty() {
                ValueState::Contested { holder: contest.holder.and_then(number) }
            } else {
                ValueState::Inert { witnesses }
            };
            if posting.state != state {
                // Which profile a value counts for is another.
                if let ValueState::Contested { holder } = posting.state {
                    self.affected.stirred.extend(holder);
                }
                self.affected.stirred.extend(contest.parts.iter().take(INLINE_MAX).copied().filter_map(number));
                self.affected.stirred.extend(contest.holder.and_then(number));
                self.overlay.set_state(contest.value, state)?;
            }
            let key = WithheldKey::Value(contest.value);
            if contest.parts.len() > 1 {
                let shown = if contest.witnesses.is_empty() { INLINE_MAX } else { 0 };
                let parts = contest.parts.iter().take(shown).copied().filter_map(number).collect();
                let row = WithheldRow { kind: Some(contest.kind), weight: None, reason: contest.reason, parts };
                self.withhold(key, row, &contest.parts, shift)?;
            } else {
                self.drop_withheld(key)?;
            }
        }
        for (&value, (_, posting)) in &found.postings {
            let was_tangled = matches!(posting.state, ValueState::Contested { .. } | ValueState::Inert { .. });
            if was_tangled && !tangled.contains(&value) && !found.inert.contains(&value) {
                self.affected.stirred.extend(self.overlay.carriers_at_most(value, posting, 1)?);
                self.overlay.set_state(value, ValueState::Clear)?;
                self.drop_withheld(WithheldKey::Value(value))?;
            }
        }
        let mut refused: AHashSet<(usize, usize)> = AHashSet::new();
        for &(a, b) in &outcome.refused {
            refused.insert((a, b));
            let key_of = |entry: usize| match found.records.get(entry) {
                Some((_, node)) => node.vertex.record(),
                None => found.phantoms.get(entry - found.records.len()),
            };
            let (Some(one), Some(other)) = (key_of(a), key_of(b)) else { continue };
            let (one, other) = (hash_key(self.seed, one), hash_key(self.seed, other));
            let parts: Vec<RecordNumber> = [a, b].into_iter().filter_map(number).collect();
            let row = WithheldRow { kind: None, weight: None, reason: Reason::Separated, parts };
            self.withhold(WithheldKey::Join(one.min(other), one.max(other)), row, &[a, b], shift)?;
        }
        for (pair, (a, b)) in &found.joins {
            if !refused.contains(pair) {
                self.drop_withheld(WithheldKey::Join(*a, *b))?;
            }
        }
        Ok(())
    }

    /// Writes which links are withheld, and which are only possible.
    fn write_links(&mut self, found: &Gathered, outcome: &Outcome, shift: &Shift) -> Result<()> {
        let record = |place: usize| {
            let (number, node) = found.records.get(place)?;
            Some((*number, node.vertex.key_hash(self.seed)?))
        };
        let refused: AHashMap<usize, Reason> = outcome.refused_links.iter().copied().collect();
        // The key, the row that there is to be, and the ends that are here.
        let mut rows: Vec<(WithheldKey, Option<WithheldRow>, [usize; 2])> = Vec::new();
        for (place, &Likely { a, b, weight }) in found.links.iter().enumerate() {
            let (Some((one, key)), Some((other, end))) = (record(a), record(b)) else { continue };
            let row = refused.get(&place).map(|&reason| link_row(reason, weight, one, other));
            rows.push((link_key(key, end), row, [a, b]));
        }
        let others: Vec<RecordNumber> = found.possible.iter().map(|(_, other, _)| *other).collect();
        let places: AHashMap<RecordNumber, usize> = if others.is_empty() {
            AHashMap::new()
        } else {
            found.records.iter().enumerate().map(|(place, (number, _))| (*number, place)).collect()
        };
        for (&(a, other, weight), node) in found.possible.iter().zip(self.overlay.nodes(&others)?) {
            let end = node.and_then(|node| node.vertex.key_hash(self.seed));
            let (Some((one, key)), Some(end)) = (record(a), end) else { continue };
            let b = places.get(&other).copied();
            let together = b.is_some_and(|b| shift.group_of.get(a) == shift.group_of.get(b));
            let apart = !together && !found.separated.contains(&(key.min(end), key.max(end)));
            rows.push((
                link_key(key, end),
                apart.then(|| link_row(Reason::Possible, weight, one, other)),
                [a, b.unwrap_or(a)],
            ));
        }
        let keys: Vec<WithheldKey> = rows.iter().map(|(key, _, _)| *key).collect();
        for ((key, row, ends), standing) in rows.into_iter().zip(self.overlay.withheld(&keys)?) {
            match row {
                Some(row) => self.withhold(key, row, &ends, shift)?,
                None if standing.is_some() => self.drop_withheld(key)?,
                None => {}
            }
        }
        Ok(())
    }

    fn withhold(&mut self, key: WithheldKey, row: WithheldRow, parts: &[usize], shift: &Shift) -> Result<()> {
        let standing = self.overlay.withheld_row(key)?;
        if standing.as_deref() == Some(&row) {
            return Ok(());
        }
        if let Some(standing) = &standing {
            *self.count_of(standing.reason) -= 1;
        }
        *self.count_of(row.reason) += 1;
        if row.reason != Reason::Possible && standing.is_none_or(|standing| standing.reason != row.reason) {
            let groups = parts.iter().take(INLINE_MAX).filter_map(|&entry| shift.group_of.get(entry));
            let bearings = groups.filter_map(|&group| shift.bearings.get(group));
            let mut profiles: Vec<ProfileNumber> = bearings.map(|bearing| bearing.profile).collect();
            profiles.sort_unstable();
            profiles.dedup();
            let profiles = profiles.into_iter().map(|profile| self.id(profile)).collect();
            self.announce(match key {
                WithheldKey::Value(_) if row.reason != Reason::Uncorroborated => ProfileEvent::Contested { profiles },
                _ => ProfileEvent::Withheld { profiles, reason: row.reason },
            });
        }
        self.overlay.put_withheld(key, Some(Arc::new(row)));
        Ok(())
    }

    /// Notes who carries a value that trails follow, or followed: whose their events are may be another now.
    fn stir_claimants(&mut self, found: &Gathered, outcome: &Outcome) {
        let before = found.records.iter().filter_map(|(_, node)| node.vertex.follows());
        let followed: AHashSet<Link> = before.chain(outcome.followers.iter().map(|(_, link)| *link)).collect();
        if !followed.is_empty() {
            let claims = |node: &Node| node.links.iter().any(|link| followed.contains(link));
            let claimants = found.records.iter().filter(|(_, node)| claims(node));
            self.affected.stirred.extend(claimants.map(|(number, _)| *number));
        }
    }

    /// Tells the feed what became of the profiles of the region.
    fn tell(&mut self, outcome: &Outcome, shift: &Shift) {
        let bearer = |record: &usize| {
            let cluster = shift.before.get(*record).copied().flatten()?;
            shift.old.get(&cluster).map(|row| row.profile)
        };
        let before: AHashSet<ProfileNumber> = shift.old.values().map(|row| row.profile).collect();
        let origins = outcome.clusters.iter().map(|group| group.members.iter().map(bearer));
        for shifted in compare(shift.bearings.iter().zip(origins), &before, shift.first_new) {
            self.announce(shifted.event(self.seed));
            match shifted {
                Shifted::Merged { from, into } => self.merged.extend(from.into_iter().map(|old| (old, into))),
                Shifted::Split { from, into } => self.parted.push((from, into)),
                Shifted::Created(_) | Shifted::Restored(_) | Shifted::Extended(_) | Shifted::Moved { .. } => {}
            }
        }
    }
}

/// The row of a link that was not made, the same from both ends.
pub(super) fn link_row(reason: Reason, weight: Weight, a: RecordNumber, b: RecordNumber) -> WithheldRow {
    WithheldRow { kind: None, weight: Some(weight), reason, parts: vec![a.min(b), a.max(b)] }
}

//! Planning: what a record, a removal or a steward's word changes, on an overlay that nobody else sees yet.
//!
//! What grows a clean region is placed at once. Everything else is left unplaced with a seed, and the regions of all
//! seeds are resolved together by [`Planner::settle`](super::settle): the answer is the same, and a batch that stirs one
//! region a thousand times resolves it once.

use super::affected::Affected;
use super::deeds::Tallied;
use super::liken::{is_link, likeness_of};
use super::moments::newest_claim;
use super::reading::{Reading, TrailReading};
use super::ruling::Ruling;
use crate::error::{Error, Result};
use crate::id::{ClusterNumber, KeyHash, Link, ProfileNumber, RecordNumber, Seed, ValueHash};
use crate::identifier::{Secret, Summary};
use crate::issue::Reason;
use crate::linkage::Weight;
use crate::policy::{Contested, Links};
use crate::record::{Assertion, Verdict, What};
use crate::stitch::{Claimed, Touch, corroborates, grow};
use crate::store::{
    Anchor, AssertionRow, Cluster, DORMANT, Meta, Node, Numbers, Overlay, Posting, ProfileChange, ProfileEvent,
    Snapshot, ValueState, Vertex, WithheldKey,
};
use crate::value::Fact;
use ahash::AHashSet;
use smallvec::SmallVec;
use std::sync::Arc;

/// The cluster of a record that is not resolved yet.
pub(super) const UNPLACED: ClusterNumber = ClusterNumber(u64::MAX);

/// Carriers of a corroborated value that are compared one by one; with more, the region is resolved.
const COMPARED_MAX: usize = 32;

pub(super) struct Planner<'a> {
    pub(super) overlay: Overlay<'a>,
    pub(super) rules: &'a Ruling,
    pub(super) seed: Seed,
    pub(super) secrets: &'a [Secret],
    pub(super) meta: Meta,
    /// Records whose regions have to be resolved.
    pub(super) seeds: Vec<RecordNumber>,
    /// Ids that came to lead elsewhere, with where.
    pub(super) merged: Vec<(ProfileNumber, ProfileNumber)>,
    /// Ids of profiles that fell apart, with the parts.
    pub(super) parted: Vec<(ProfileNumber, Vec<ProfileNumber>)>,
    /// What was done, to be counted when the plan is a batch.
    pub(super) tallied: Tallied,
    /// Whose view changes, to be told when the plan is a batch.
    pub(super) affected: Affected,
    pub(super) changed: bool,
}

/// What became of a record or event that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    /// It says nothing new.
    Unchanged,
    Quarantined,
    /// It was erased and is to stay away.
    Refused,
    Taken,
}

type Anchors = SmallVec<[ProfileNumber; 1]>;

/// How a record leaves resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaves {
    /// Removed.
    Gone,
    /// Quarantined.
    Dormant,
}

/// How a value stands to a new carrier.
enum Carried {
    /// It ties the carrier to nobody.
    Free,
    /// Free, and known to no live record before (or to none that it would link).
    Fresh,
    /// Every carrier is in the cluster of this one.
    Clear(RecordNumber, Arc<Posting>),
    /// Only resolution can tell.
    Tangled,
    /// As above, and this carrier holds the value.
    HeldBy(RecordNumber),
}

impl<'a> Planner<'a> {
    pub(super) fn new(
        base: &'a dyn Snapshot,
        rules: &'a Ruling,
        (seed, secrets): (Seed, &'a [Secret]),
        meta: Meta,
    ) -> Self {
        let overlay = Overlay::new(base);
        let (seeds, merged, parted) = (Vec::new(), Vec::new(), Vec::new());
        let (tallied, affected) = (Tallied::default(), Affected::default());
        Self { overlay, rules, seed, secrets, meta, seeds, merged, parted, tallied, affected, changed: false }
    }

    /// Plans a version of a record.
    pub(super) fn add(&mut self, reading: &Reading) -> Result<Added> {
        if self.refuses(What::Record, &reading.record.key, &reading.record.identifiers)? {
            return Ok(Added::Refused);
        }
        if let Some(number) = self.overlay.number(reading.key)? {
            return self.replace(number, reading);
        }
        let number = RecordNumber(self.meta.next_record);
        self.meta.next_record += 1;
        self.meta.counts.records += 1;
        self.changed = true;
        self.overlay.put_record(number, reading.key, Arc::clone(&reading.record));
        if reading.quarantined {
            self.meta.counts.quarantined += 1;
            self.rehome(number, &[], &reading.homes)?;
            return Ok(Added::Quarantined);
        }
        self.place(number, reading, SmallVec::new())?;
        Ok(Added::Taken)
    }

    /// Takes the evidence of a record only, for a resolution from scratch; says whether the record is new, and nothing of
    /// what is there already.
    pub(super) fn add_evidence(&mut self, reading: &Reading) -> Result<Option<bool>> {
        let standing = self.overlay.number(reading.key)?;
        let number = standing.unwrap_or(RecordNumber(self.meta.next_record));
        if let Some(known) = standing {
            let old = self.overlay.record(known)?.ok_or_else(|| Error::corrupt("a record without its evidence"))?;
            if !reading.record.supersedes(&old) {
                return Ok(None);
            }
            self.affected.stirred.push(known);
        } else {
            self.meta.next_record += 1;
            self.meta.counts.records += 1;
        }
        self.changed = true;
        self.overlay.put_record(number, reading.key, Arc::clone(&reading.record));
        Ok(Some(standing.is_none()))
    }

    fn replace(&mut self, number: RecordNumber, reading: &Reading) -> Result<Added> {
        let old = self.overlay.record(number)?.ok_or_else(|| Error::corrupt("a record without its evidence"))?;
        if !reading.record.supersedes(&old) {
            return Ok(Added::Unchanged);
        }
        self.put_version(number, reading)
    }

    /// Plans a version of a record that stands, whatever the one before it.
    pub(super) fn put_version(&mut self, number: RecordNumber, reading: &Reading) -> Result<Added> {
        self.changed = true;
        let node = self.overlay.node(number)?;
        let live = node.as_deref().filter(|node| node.cluster != DORMANT);
        let found_by = if live.is_none() { self.found_by(number)? } else { Box::default() };
        self.overlay.put_record(number, reading.key, Arc::clone(&reading.record));
        match (live, reading.quarantined) {
            (None, true) => self.rehome(number, &found_by, &reading.homes)?,
            (None, false) => {
                self.meta.counts.quarantined -= 1;
                self.rehome(number, &found_by, &[])?;
                self.place(number, reading, node.map(|node| node.anchors.clone()).unwrap_or_default())?;
            }
            (Some(node), true) => {
                self.meta.counts.quarantined += 1;
                self.unplace(number, node, Leaves::Dormant)?;
                self.rehome(number, &[], &reading.homes)?;
            }
            (Some(node), false) => self.reread(number, node, reading)?,
        }
        Ok(if reading.quarantined { Added::Quarantined } else { Added::Taken })
    }

    /// Takes the place of an earlier version of a live record.
    fn reread(&mut self, number: RecordNumber, old: &Node, reading: &Reading) -> Result<()> {
        let vertex = reading.vertex();
        let (links, facts, homes) = (reading.links.clone(), reading.facts.clone(), reading.homes.clone());
        let mut node = Node { vertex, links, facts, homes, ..old.clone() };
        let cluster = self.overlay.cluster(old.cluster)?;
        self.rehome(number, &old.homes, &node.homes)?;
        let same = old.links == node.links && old.facts == node.facts;
        if let Some(cluster) = &cluster {
            self.affected.profiles.push(cluster.profile);
        }
        if same && (old.vertex == node.vertex || cluster.is_some_and(|cluster| cluster.summary.clean)) {
            // Where nothing is withheld, time decides nothing.
            if *old != node {
                self.overlay.put_node(number, Some(Arc::new(node)));
            }
            return Ok(());
        }
        for link in old.links.iter().filter(|link| !node.links.contains(link)) {
            self.uncarry(number, *link)?;
        }
        for link in node.links.iter().filter(|link| !old.links.contains(link)) {
            self.carry(number, *link)?;
        }
        if old.facts != node.facts {
            self.cut(number, old)?;
            node.likeness = likeness_of(&reading.blocks, Vec::new());
            self.overlay.put_node(number, Some(Arc::new(node.clone())));
            for &block in old.blocks().iter().filter(|block| !reading.blocks.contains(block)) {
                self.leave_block(number, block)?;
            }
            let fresh: Vec<ValueHash> =
                reading.blocks.iter().copied().filter(|block| !old.blocks().contains(block)).collect();
            let edges = self.liken(number, &reading.record.key, &node.facts, &reading.blocks, &fresh)?;
            node.likeness = likeness_of(&reading.blocks, edges);
        }
        self.overlay.put_node(number, Some(Arc::new(node)));
        self.seeds.push(number);
        Ok(())
    }

    /// Places a record that is not in resolution yet. One that was before, and was quarantined, may have anchors.
    fn place(&mut self, number: RecordNumber, reading: &Reading, anchors: Anchors) -> Result<()> {
        let mut node = Node {
            vertex: reading.vertex(),
            cluster: UNPLACED,
            links: reading.links.clone(),
            facts: reading.facts.clone(),
            likeness: None,
            homes: reading.homes.clone(),
            anchors,
        };
        self.rehome(number, &[], &node.homes)?;
        let mut carried: SmallVec<[(Link, Carried); 4]> = SmallVec::new();
        for &link in &reading.links {
            carried.push((link, self.carry(number, link)?));
        }
        let asserted = self.meta.counts.assertions > 0 && !self.overlay.assertions(&[reading.key])?.is_empty();
        let edges = self.liken(number, &reading.record.key, &node.facts, &reading.blocks, &reading.blocks)?;
        let by_itself = !asserted && node.anchors.is_empty();
        node.likeness = likeness_of(&reading.blocks, edges);
        match self.enter(number, node, &carried, by_itself)? {
            Some(node) => self.queue_possible(number, reading.key, &node),
            None => Ok(()),
        }
    }

    /// Places a new trail.
    pub(super) fn place_trail(&mut self, number: RecordNumber, vertex: Vertex, links: &[Link]) -> Result<()> {
        let mut carried: SmallVec<[(Link, Carried); 4]> = SmallVec::new();
        for &link in links {
            carried.push((link, self.carry(number, link)?));
        }
        let (links, facts, anchors) = (SmallVec::from_slice(links), Vec::new(), SmallVec::new());
        let homes = Box::default();
        let node = Node { vertex, cluster: UNPLACED, links, facts, likeness: None, homes, anchors };
        self.enter(number, node, &carried, true)?;
        Ok(())
    }

    /// Places a node where that is certain to be right, and answers with it; makes a seed of it elsewhere.
    fn enter(
        &mut self,
        number: RecordNumber,
        mut node: Node,
        carried: &[(Link, Carried)],
        by_itself: bool,
    ) -> Result<Option<Arc<Node>>> {
        let placed =
            by_itself && (self.grow(number, &mut node, carried)? || self.append(number, &mut node, carried)?);
        let node = Arc::new(node);
        self.overlay.put_node(number, Some(Arc::clone(&node)));
        if !placed {
            self.seeds.push(number);
        }
        Ok(placed.then_some(node))
    }

    /// Makes a record a carrier of a value, which may make the value generic.
    fn carry(&mut self, number: RecordNumber, link: Link) -> Result<Carried> {
        let posting = self.overlay.posting(link.value)?;
        let Some(posting) = posting else {
            self.overlay.add_carrier(link.value, None, number);
            return Ok(Carried::Fresh);
        };
        let Some(kind) = self.rules.kinds.get(usize::from(link.kind)) else { return Ok(Carried::Free) };
        let too_many = kind.max_records.is_some_and(|max| posting.carriers.len() >= max);
        let carried = match &posting.state {
            ValueState::Generic => Carried::Free,
            _ if too_many => {
                let carriers = self.overlay.all_carriers(link.value, &posting)?;
                self.affected.stirred.extend(&carriers);
                self.seeds.extend(carriers);
                self.meta.counts.generic += 1;
                self.drop_withheld(WithheldKey::Value(link.value))?;
                self.overlay.set_state(link.value, ValueState::Generic)?;
                Carried::Tangled
            }
            _ if kind.links == Links::None => Carried::Fresh,
            ValueState::Inert { .. } => Carried::Fresh,
            ValueState::Contested { holder: Some(holder) } => Carried::HeldBy(*holder),
            ValueState::Contested { holder: None } => Carried::Tangled,
            ValueState::Clear => match self.first_carrier(link.value, &posting)? {
                Some(first) => Carried::Clear(first, Arc::clone(&posting)),
                None => Carried::Fresh,
            },
        };
        self.overlay.add_carrier(link.value, Some(posting), number);
        Ok(carried)
    }

    /// Lets a record be found by where somebody lives, and no more by where nobody does; what takes no part, by its
    /// identifiers. It stirs nobody.
    pub(super) fn rehome(&mut self, number: RecordNumber, old: &[ValueHash], new: &[ValueHash]) -> Result<()> {
        for &home in old.iter().filter(|home| !new.contains(home)) {
            self.overlay.drop_carrier(home, number)?;
        }
        for &home in new.iter().filter(|home| !old.contains(home)) {
            let posting = self.overlay.posting(home)?;
            self.overlay.add_carrier(home, posting, number);
        }
        Ok(())
    }

    /// What a record or trail that takes no part is found by.
    pub(super) fn found_by(&self, number: RecordNumber) -> Result<Box<[ValueHash]>> {
        if let Some(record) = self.overlay.record(number)? {
            return Ok(Reading::of(self.rules, self.seed, record, None).homes);
        }
        let trail = self.overlay.trail(number)?;
        Ok(trail.map(|trail| TrailReading::of(self.rules, self.seed, trail).homes).unwrap_or_default())
    }

    fn first_carrier(&self, value: ValueHash, posting: &Posting) -> Result<Option<RecordNumber>> {
        match &posting.carriers {
            Numbers::Inline(list) => Ok(list.first().copied()),
            Numbers::Spilled(_) => Ok(self.overlay.carriers(value, RecordNumber(0), 1)?.first().copied()),
        }
    }

    /// Takes a value from a record, which may make the value mean something again. Whoever it may have tied is a seed.
    fn uncarry(&mut self, number: RecordNumber, link: Link) -> Result<()> {
        let Some(posting) = self.overlay.posting(link.value)? else { return Ok(()) };
        let Some(kind) = self.rules.kinds.get(usize::from(link.kind)) else { return Ok(()) };
        let left = posting.carriers.len().saturating_sub(1);
        self.overlay.drop_carrier(link.value, number)?;
        let stirs = match &posting.state {
            ValueState::Generic => {
                let restored = kind.max_records.is_none_or(|max| left <= max);
                self.meta.counts.generic -= u64::from(restored);
                restored
            }
            ValueState::Inert { witnesses } => witnesses.contains(&number),
            ValueState::Clear | ValueState::Contested { .. } => kind.links != Links::None,
        };
        if left == 0 {
            self.drop_withheld(WithheldKey::Value(link.value))?;
        } else if stirs {
            if posting.state != ValueState::Clear {
                self.overlay.set_state(link.value, ValueState::Contested { holder: None })?;
            }
            let posting = self.overlay.posting(link.value)?;
            let rest = posting.map(|posting| self.overlay.all_carriers(link.value, &posting)).transpose()?;
            self.seeds.extend(rest.unwrap_or_default());
        }
        Ok(())
    }

    /// Grows the clean regions that the record touches, if that is certain to be right.
    fn grow(&mut self, number: RecordNumber, node: &mut Node, carried: &[(Link, Carried)]) -> Result<bool> {
        let mut touched: SmallVec<[Touched; 2]> = SmallVec::new();
        let mut fresh: SmallVec<[Link; 4]> = SmallVec::new();
        let mut known = false;
        for (link, how) in carried {
            let person_or_contact = self.kind(*link).is_some_and(|kind| kind.role.makes_known());
            match how {
                Carried::Tangled | Carried::HeldBy(_) => return Ok(false),
                Carried::Free => {}
                Carried::Fresh => {
                    known |= person_or_contact;
                    fresh.push(*link);
                }
                Carried::Clear(first, posting) => {
                    known |= person_or_contact;
                    let by_known = person_or_contact && self.kind(*link).is_some_and(|kind| kind.links == Links::All);
                    if !self.touch(&mut touched, *link, *first, posting, &node.facts, by_known)? {
                        return Ok(false);
                    }
                }
            }
        }
        // A link may be refused for what the record brings, and a possible one may end in one profile with its other end.
        let by_link = touched.iter().any(|touched| self.decided_by_link(&touched.cluster));
        let possible = touched.iter().any(|touched| touched.cluster.summary.possible);
        if by_link || (possible && touched.len() > 1) || !self.links_within(node, &touched)? {
            return Ok(false);
        }
        let mut own = Summary::of(self.rules, fresh.into_iter(), &node.facts);
        own.known = known;
        let summary = {
            let touches: SmallVec<[Touch<'_>; 2]> = touched.iter().map(Touched::as_touch).collect();
            grow(self.rules, own, &touches)
        };
        let Some(summary) = summary.map(|summary| Summary { possible, ..summary }) else { return Ok(false) };
        self.unite(number, node, touched, summary)?;
        Ok(true)
    }

    /// Whether the record is linked to none but those that values join it to: then links have nothing to decide.
    fn links_within(&self, node: &Node, touched: &[Touched]) -> Result<bool> {
        let link = |(_, weight): &&(RecordNumber, Weight)| is_link(self.rules.linker(), *weight);
        let others: SmallVec<[RecordNumber; 8]> = node.edges().iter().filter(link).map(|(other, _)| *other).collect();
        let nodes = if others.is_empty() { Vec::new() } else { self.overlay.nodes(&others)? };
        Ok(nodes.iter().flatten().all(|other| touched.iter().any(|touched| touched.number == other.cluster)))
    }

    fn touch(
        &self,
        touched: &mut SmallVec<[Touched; 2]>,
        link: Link,
        first: RecordNumber,
        posting: &Posting,
        facts: &[Fact],
        by_known: bool,
    ) -> Result<bool> {
        let Some(carrier) = self.overlay.node(first)? else { return Ok(false) };
        if carrier.cluster == UNPLACED || !self.corroborated(link, posting, facts)? {
            return Ok(false);
        }
        if let Some(known) = touched.iter_mut().find(|known| known.number == carrier.cluster) {
            known.strongest = known.strongest.min(link.kind);
            known.by_known |= by_known;
            return Ok(true);
        }
        let Some(cluster) = self.overlay.cluster(carrier.cluster)? else { return Ok(false) };
        touched.push(Touched { number: carrier.cluster, cluster, strongest: link.kind, by_known });
        Ok(true)
    }

    /// Whether a new carrier agrees with all the others, where the value needs that.
    fn corroborated(&self, link: Link, posting: &Posting, facts: &[Fact]) -> Result<bool> {
        if self.kind(link).is_none_or(|kind| kind.corroborate.is_empty()) {
            return Ok(true);
        }
        if posting.carriers.len() > COMPARED_MAX as u64 {
            return Ok(false);
        }
        let carriers = self.overlay.nodes(&self.overlay.all_carriers(link.value, posting)?)?;
        let others = carriers.iter().flatten().map(|node| node.facts.as_slice());
        Ok(corroborates(self.rules, link.kind, facts, others))
    }

    fn kind(&self, link: Link) -> Option<&'a crate::policy::KindRule> {
        self.rules.kinds.get(usize::from(link.kind))
    }

    /// Makes a new record and the clusters that it touches one.
    fn unite(
        &mut self,
        number: RecordNumber,
        node: &mut Node,
        mut touched: SmallVec<[Touched; 2]>,
        summary: Summary,
    ) -> Result<()> {
        touched.sort_unstable_by_key(|touched| (std::cmp::Reverse(touched.cluster.members.len()), touched.number));
        let mut rest = touched.into_iter();
        let Some(Touched { number: into, cluster, .. }) = rest.next() else {
            node.cluster = self.new_cluster();
            node.anchors.push(self.new_profile(number));
            let members = Numbers::Inline(SmallVec::from_slice(&[number]));
            let profile = node.anchors.first().copied().unwrap_or(ProfileNumber(0));
            self.overlay.put_cluster(node.cluster, Some(Arc::new(Cluster { profile, members, summary })));
            self.meta.counts.profiles += 1;
            self.announce(ProfileEvent::Created { profile: self.id(profile) });
            return Ok(());
        };
        self.overlay.put_cluster(into, None);
        let mut grown = Arc::unwrap_or_clone(cluster);
        grown.summary = summary;
        let mut profiles = vec![grown.profile];
        for other in rest {
            for member in self.overlay.all_members(other.number, &other.cluster)? {
                let Some(mut moved) = self.overlay.node(member)? else { continue };
                Arc::make_mut(&mut moved).cluster = into;
                self.overlay.put_node(member, Some(moved));
                self.overlay.add_member(into, &mut grown, member);
                if matches!(other.cluster.members, Numbers::Spilled(_)) {
                    self.overlay.set_member_row(other.number, member, crate::store::Presence::Absent);
                }
            }
            profiles.push(other.cluster.profile);
            self.overlay.put_cluster(other.number, None);
            self.meta.counts.profiles -= 1;
        }
        self.overlay.add_member(into, &mut grown, number);
        node.cluster = into;
        profiles.sort_unstable();
        let stays = profiles.remove(0);
        grown.profile = stays;
        self.overlay.put_cluster(into, Some(Arc::new(grown)));
        self.affected.profiles.push(stays);
        if !profiles.is_empty() {
            let from = profiles.iter().map(|&profile| self.id(profile)).collect();
            self.announce(ProfileEvent::Merged { from, into: self.id(stays) });
            self.merged.extend(profiles.into_iter().map(|profile| (profile, stays)));
        }
        Ok(())
    }

    /// Puts a bare new carrier of one contested value with its holder, if it is the newest of all.
    ///
    /// Its turn comes last, it may join every part, and the one with the latest carrier before it is the holder's. It
    /// brings nothing else, so nothing else changes. A trail that makes nobody known follows the value from then on.
    fn append(&mut self, number: RecordNumber, node: &mut Node, carried: &[(Link, Carried)]) -> Result<bool> {
        let [(link, Carried::HeldBy(holder))] = carried else { return Ok(false) };
        let Some(kind) = self.kind(*link) else { return Ok(false) };
        let plain = kind.contested == Contested::Latest && kind.corroborate.is_empty() && !self.claims(&node.facts);
        let plain = plain && self.links_within(node, &[])?;
        let Some(newest) = self.overlay.node(*holder)?.filter(|_| plain) else { return Ok(false) };
        let trail = if newest.vertex.record().is_some() { None } else { self.overlay.trail(*holder)? };
        let (at, key, event) = node.vertex.order();
        let own = Claimed { at, key: key.clone(), event };
        if newest.cluster == UNPLACED || own <= newest_claim(&newest, trail.as_deref()) {
            return Ok(false);
        }
        let standing = self.overlay.cluster(newest.cluster)?.filter(|cluster| !self.decided_by_link(cluster));
        let Some(mut cluster) = standing else { return Ok(false) };
        node.cluster = newest.cluster;
        node.vertex.follow(Some(*link).filter(|_| !kind.role.makes_known()));
        self.overlay.add_member(node.cluster, Arc::make_mut(&mut cluster), number);
        self.affected.profiles.push(cluster.profile);
        self.overlay.put_cluster(node.cluster, Some(cluster));
        self.overlay.set_state(link.value, ValueState::Contested { holder: Some(number) })?;
        Ok(true)
    }

    /// Whether a scored link was decided by, or against, what the cluster holds.
    fn decided_by_link(&self, cluster: &Cluster) -> bool {
        usize::from(cluster.summary.level) > self.rules.kinds.len()
    }

    /// Whether facts speak of an exclusive attribute.
    fn claims(&self, facts: &[Fact]) -> bool {
        let rule = |fact: &Fact| self.rules.attributes.get(usize::from(fact.attribute));
        facts.iter().any(|fact| rule(fact).is_some_and(|rule| rule.exclusive))
    }

    /// Plans the removal of a record; says whether there was one.
    pub(super) fn remove(&mut self, key: KeyHash) -> Result<bool> {
        let Some(number) = self.overlay.number(key)? else { return Ok(false) };
        self.changed = true;
        self.meta.counts.records -= 1;
        let dormant = self.take_out(number)?;
        self.meta.counts.quarantined -= u64::from(dormant);
        self.overlay.drop_record(number, key);
        Ok(true)
    }

    /// Takes out a record or trail whose evidence goes; says whether it took no part.
    pub(super) fn take_out(&mut self, number: RecordNumber) -> Result<bool> {
        let node = self.overlay.node(number)?;
        if let Some(node) = node.as_deref().filter(|node| node.cluster != DORMANT) {
            self.unplace(number, node, Leaves::Gone)?;
            return Ok(false);
        }
        for &profile in node.iter().flat_map(|node| &node.anchors) {
            self.overlay.put_anchor(profile, Anchor::Gone);
        }
        self.overlay.put_node(number, None);
        self.rehome(number, &self.found_by(number)?, &[])?;
        Ok(true)
    }

    /// Takes a live record out of resolution. Its anchors pass to the oldest record that is left of its profile; where
    /// none is, they are gone with it, or wait for a quarantined record to be mended.
    fn unplace(&mut self, number: RecordNumber, node: &Node, leaves: Leaves) -> Result<()> {
        for &link in &node.links {
            self.uncarry(number, link)?;
        }
        self.cut(number, node)?;
        self.rehome(number, &node.homes, &[])?;
        for &block in node.blocks() {
            self.leave_block(number, block)?;
        }
        self.overlay.put_node(number, None);
        if let Some(key) = node.vertex.key_hash(self.seed).filter(|_| self.meta.counts.assertions > 0) {
            self.stir_named(&[key])?;
            self.forget_words(key)?;
        }
        let Some(mut cluster) = self.overlay.cluster(node.cluster)? else {
            // Mended by this very plan and not resolved since: its anchors are still its own.
            self.leave(number, node, leaves);
            return Ok(());
        };
        let id = self.id(cluster.profile);
        self.overlay.drop_member(node.cluster, Arc::make_mut(&mut cluster), number);
        if cluster.members.is_empty() {
            self.overlay.put_cluster(node.cluster, None);
            self.meta.counts.profiles -= 1;
            self.leave(number, node, leaves);
            self.announce(ProfileEvent::Erased { profile: id });
            return Ok(());
        }
        if !node.anchors.is_empty() {
            self.pass_on(&node.anchors, node.cluster, &cluster)?;
        }
        self.overlay.put_cluster(node.cluster, Some(cluster));
        self.announce(ProfileEvent::Shrunk { profile: id });
        Ok(())
    }

    /// Keeps the anchors of a record that leaves no profile behind for when it is mended, or ends them.
    fn leave(&mut self, number: RecordNumber, node: &Node, leaves: Leaves) {
        match leaves {
            Leaves::Gone => node.anchors.iter().for_each(|&profile| self.overlay.put_anchor(profile, Anchor::Gone)),
            Leaves::Dormant if node.anchors.is_empty() => {}
            Leaves::Dormant => self.overlay.put_node(number, Some(Arc::new(node.dormant()))),
        }
    }

    fn pass_on(&mut self, anchors: &[ProfileNumber], number: ClusterNumber, cluster: &Cluster) -> Result<()> {
        let members = self.overlay.all_members(number, cluster)?;
        let nodes = members.iter().copied().zip(self.overlay.nodes(&members)?);
        let oldest = nodes
            .filter_map(|(member, node)| node.map(|node| (member, node)))
            .min_by(|(_, a), (_, b)| a.vertex.order().cmp(&b.vertex.order()));
        let Some((heir, mut node)) = oldest else { return Ok(()) };
        let inherited = Arc::make_mut(&mut node);
        inherited.anchors.extend_from_slice(anchors);
        inherited.anchors.sort_unstable();
        for &profile in anchors {
            self.overlay.put_anchor(profile, Anchor::Record(heir));
        }
        self.overlay.put_node(heir, Some(node));
        Ok(())
    }

    /// Plans a steward's word, or the lifting of one; says whether it changes anything.
    pub(super) fn say(&mut self, a: KeyHash, b: KeyHash, word: Option<Assertion>) -> Result<bool> {
        // The hashes order the row's pair: its place does not depend on who names whom first.
        let (a, b) = (a.min(b), a.max(b));
        let standing = self.overlay.assertions(&[a])?.into_iter().find(|row| (row.a, row.b) == (a, b));
        if standing.as_ref().map(|row| &row.assertion) == word.as_ref() {
            return Ok(false);
        }
        self.changed = true;
        self.meta.counts.assertions += u64::from(standing.is_none());
        self.meta.counts.assertions -= u64::from(word.is_none());
        // What is tied before and what is tied after are both stirred.
        self.stir_named(&[a, b])?;
        self.overlay.put_assertion(a, b, word.map(|assertion| AssertionRow { a, b, assertion }));
        self.stir_named(&[a, b])?;
        self.drop_withheld(WithheldKey::Join(a, b))?;
        self.forget_words(a)?;
        self.forget_words(b)?;
        Ok(true)
    }

    /// Makes seeds of some keys' records, and of all that is joined to them through keys that stand for none.
    fn stir_named(&mut self, keys: &[KeyHash]) -> Result<()> {
        let mut asked: AHashSet<KeyHash> = keys.iter().copied().collect();
        let mut wave = keys.to_vec();
        while !wave.is_empty() {
            self.seeds.extend(self.overlay.numbers(&wave)?.into_iter().flatten());
            let rows = self.overlay.assertions(&wave)?;
            wave = rows.iter().flat_map(|row| [row.a, row.b]).filter(|key| asked.insert(*key)).collect();
        }
        Ok(())
    }

    /// Joins that are withheld between keys that stand for no live record are nobody's: there is no region that they
    /// are in.
    fn forget_words(&mut self, key: KeyHash) -> Result<()> {
        let mut asked: AHashSet<KeyHash> = AHashSet::from_iter([key]);
        let (mut wave, mut joins) = (vec![key], Vec::new());
        while !wave.is_empty() {
            let numbers: Vec<RecordNumber> = self.overlay.numbers(&wave)?.into_iter().flatten().collect();
            if self.overlay.nodes(&numbers)?.iter().flatten().any(|node| node.cluster != DORMANT) {
                return Ok(());
            }
            let mut rows = self.overlay.assertions(&wave)?;
            rows.retain(|row| row.assertion.verdict == Verdict::Join);
            wave = rows.iter().flat_map(|row| [row.a, row.b]).filter(|key| asked.insert(*key)).collect();
            joins.extend(rows.iter().map(|row| WithheldKey::Join(row.a, row.b)));
        }
        joins.into_iter().try_for_each(|join| self.drop_withheld(join))
    }

    pub(super) fn drop_withheld(&mut self, key: WithheldKey) -> Result<()> {
        if let Some(row) = self.overlay.withheld_row(key)? {
            self.overlay.put_withheld(key, None);
            *self.count_of(row.reason) -= 1;
        }
        Ok(())
    }

    /// The count of what is withheld for a reason.
    pub(super) fn count_of(&mut self, reason: Reason) -> &mut u64 {
        let counts = &mut self.meta.counts;
        if reason == Reason::Possible { &mut counts.possible } else { &mut counts.withheld }
    }

    pub(super) fn new_cluster(&mut self) -> ClusterNumber {
        self.meta.next_cluster += 1;
        ClusterNumber(self.meta.next_cluster - 1)
    }

    pub(super) fn new_profile(&mut self, anchor: RecordNumber) -> ProfileNumber {
        self.meta.next_profile += 1;
        let profile = ProfileNumber(self.meta.next_profile - 1);
        self.overlay.put_anchor(profile, Anchor::Record(anchor));
        profile
    }

    pub(super) fn id(&self, profile: ProfileNumber) -> crate::id::ProfileId {
        crate::id::ProfileId::of(profile, self.seed)
    }

    pub(super) fn announce(&mut self, event: ProfileEvent) {
        let (sequence, policy_version) = (self.meta.next_change, self.meta.policy_version);
        self.meta.next_change += 1;
        self.overlay.append(ProfileChange { sequence, policy_version, event });
    }

    /// Whether anything is to be committed.
    pub(super) fn changed(&self) -> bool {
        self.changed
    }
}

/// A clean cluster that a new record shares clear values with.
struct Touched {
    number: ClusterNumber,
    cluster: Arc<Cluster>,
    strongest: u16,
    by_known: bool,
}

impl Touched {
    fn as_touch(&self) -> Touch<'_> {
        Touch { summary: &self.cluster.summary, strongest: self.strongest, by_known: self.by_known }
    }
}

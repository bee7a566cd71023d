//! All regions at once: a new generation of derived rows beside the one that readers see, and a switch.
//!
//! `load` and `set_policy` are the two ways in. Memory: a node and its postings for each record, O(records).

use super::Resolver;
use super::answer::{Ingest, LoadReport, Phase, PolicyReport, Progress};
use super::liken::likeness_of;
use super::pairs::Pairs;
use super::partition::{Carriers, Partition, partition};
use super::plan::Planner;
use super::read::View;
use super::reading::{Reading, Subject, TrailReading};
use super::ruling::Ruling;
use super::tell::{Bearing, Shifted, compare};
use super::tombstone::Tombstones;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ClusterNumber, KeyHash, ProfileId, ProfileNumber, RecordNumber, Seed, ValueHash};
use crate::parallel::in_parallel;
use crate::policy::Policy;
use crate::record::{Record, What};
use crate::store::{
    Anchor, AssertionRow, Batch, Change, Cluster, Counts, DORMANT, Generation, INLINE_MAX, Meta, Node, Numbers,
    Posting, ProfileChange, ProfileEvent, Revision, Snapshot, Trail, ValueState, Vertex, WithheldKey, WithheldRow,
};
use ahash::{AHashMap, AHashSet};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Changes per commit of a new generation.
const STEP: usize = 65_536;

/// Records read at a time.
const PAGE: usize = 16_384;

/// A race that is lost this often is not bad luck.
const TRIES_MAX: u32 = 16;

/// A record or trail with its number and its reading.
pub(super) struct Item {
    pub(super) number: RecordNumber,
    pub(super) subject: Subject,
}

/// The ids anchored in each record.
type Anchors = AHashMap<RecordNumber, SmallVec<[ProfileNumber; 1]>>;

/// What a generation is built upon.
struct Stands {
    revision: Revision,
    meta: Meta,
    /// The profile that each item is in.
    origins: Vec<Option<ProfileNumber>>,
    anchors: Anchors,
    assertions: Vec<AssertionRow>,
}

/// Everything that a generation is made of.
pub(super) struct Rebuilt {
    rules: Arc<Ruling>,
    revision: Revision,
    meta: Meta,
    /// The policy, as JSON, where the tenant does not have it yet.
    policy: Option<Arc<str>>,
    pub(super) items: Vec<Item>,
    pub(super) partition: Partition,
    pub(super) bearings: Vec<Bearing>,
    /// For each profile whose id is new, the item that it is anchored in.
    newly_in: Vec<Option<u32>>,
    /// The ids anchored in records so far.
    anchors: Anchors,
    /// Anchors that pass on from records that this policy quarantines.
    passed: Vec<(ProfileNumber, RecordNumber)>,
    shifts: Vec<Shifted>,
    erased: Vec<ProfileNumber>,
    /// Those of whom the shifts may not tell, and whose view may be another.
    affected: Vec<ProfileNumber>,
}

impl Resolver {
    /// Takes in records in bulk: the evidence first, then all profiles from scratch, seen at once when they are done.
    /// The answer is that of [`add_all`](Self::add_all). Faster than it where the records are many beside those that
    /// are there; slower where they are few. A load that is cut short is finished by the next write.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    pub fn load(&self, records: Vec<Record>, mut ingest: Ingest<'_>) -> Result<LoadReport> {
        let _one_writer = self.lock();
        let total = records.len() as u64;
        let mut progress = |phase, done| {
            if let Some(progress) = &mut ingest.progress {
                progress(Progress { phase, done, total });
            }
        };
        let mut report = LoadReport { records: total, ..LoadReport::default() };
        let view = self.view()?;
        let was_empty = view.meta.counts.records == 0 && view.meta.counts.trails == 0;
        let mut items: Vec<Item> = Vec::new();
        let mut meta = view.meta.clone();
        let mut revision = view.revision();
        let mut known: AHashMap<KeyHash, usize> = AHashMap::with_capacity(if was_empty { records.len() } else { 0 });
        let now = ingest.now;
        let rules = Arc::clone(&view.rules);
        drop(view);
        let mut records = records.into_iter().map(|record| Arc::new(packed(record))).peekable();
        let mut done = 0;
        while records.peek().is_some() {
            let page: Vec<Arc<Record>> = records.by_ref().take(PAGE).collect();
            done += page.len() as u64;
            let mut readings = read_all(&rules, self.seed, &page, now);
            self.correct(&rules, &meta, &mut readings)?;
            for reading in &mut readings {
                report.issues.append(&mut reading.issues);
            }
            if was_empty {
                let refused = self.refuse(&rules, &meta, &mut readings)?;
                report.refused += refused;
                meta.counts.refused += refused;
                take_new(&mut items, &mut known, &mut meta, readings);
            } else {
                revision = self.take_evidence(&rules, readings, &mut report)?;
            }
            progress(Phase::Reading, done);
        }
        // Its buffer is as large as all records were.
        drop(records);
        drop(known);
        if was_empty {
            report.added = items.len() as u64;
            revision = self.write_evidence(&rules, &items, &mut meta, revision)?;
        } else {
            let stands = self.view()?.meta;
            if !stands.unresolved {
                // Nothing came that had not been there.
                report.profiles = stands.counts.profiles;
                progress(Phase::Resolving, total);
                progress(Phase::Writing, total);
                return Ok(report);
            }
        }
        let built = if was_empty {
            let assertions = self.all_assertions()?;
            let snapshot = self.store.snapshot(&self.tenant)?;
            let stands = Stands { revision, meta, origins: Vec::new(), anchors: AHashMap::new(), assertions };
            let built = self.build(Arc::clone(&rules), items, stands, &*snapshot)?;
            Rebuilt { policy: self.policy_to_write(&*snapshot, &rules)?, ..built }
        } else {
            self.rebuild_from_store(Arc::clone(&rules))?.0
        };
        progress(Phase::Resolving, total);
        report.profiles = built.partition.clusters.len() as u64;
        self.publish(built)?;
        progress(Phase::Writing, total);
        Ok(report)
    }

    /// Puts another policy in force. Everything is resolved anew beside what stands, and seen at once when it is done:
    /// the state equals the one in which the policy had always been so. Cut short, it leaves what stood.
    ///
    /// # Errors
    /// `Config` where the policy is wrong; `Conflict` where other writers never paused; `Store` where writing failed.
    pub fn set_policy(&self, policy: Policy) -> Result<PolicyReport> {
        let _one_writer = self.lock();
        let mut tries = 0;
        loop {
            tries += 1;
            let (built, report) = self.rebuilt(policy.clone())?;
            let rules = Arc::clone(&built.rules);
            match self.publish(built) {
                Err(error) if error.kind() == ErrorKind::Conflict && tries < TRIES_MAX => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    *self.rules.write().unwrap_or_else(std::sync::PoisonError::into_inner) = rules;
                    return Ok(report);
                }
            }
        }
    }

    /// Resolves everything under a policy, in memory.
    pub(super) fn rebuilt(&self, policy: Policy) -> Result<(Rebuilt, PolicyReport)> {
        self.rebuild_from_store(Arc::new(Ruling::new(policy)?))
    }

    /// Finishes a load that was cut short.
    pub(super) fn finish_load(&self) -> Result<()> {
        let built = self.rebuild_from_store(self.rules())?.0;
        self.publish(built)
    }

    fn rebuild_from_store(&self, rules: Arc<Ruling>) -> Result<(Rebuilt, PolicyReport)> {
        let snapshot = self.store.snapshot(&self.tenant)?;
        let view = self.view_of(Arc::clone(&snapshot))?;
        let items = self.all_items(&rules, &*snapshot, &view.meta.counts)?;
        let origins = view.origins(&items)?;
        let anchors = view.all_anchors()?;
        let assertions = self.all_assertions()?;
        let before = view.meta.counts;
        let mut meta = view.meta.clone();
        if meta.fingerprint != rules.fingerprint {
            meta.fingerprint = rules.fingerprint;
            meta.policy_version += 1;
        }
        let policy = self.policy_to_write(&*snapshot, &rules)?;
        let is_same_policy = meta.policy_version == view.meta.policy_version;
        let stands = Stands { revision: snapshot.revision(), meta, origins: origins.clone(), anchors, assertions };
        let mut built = Rebuilt { policy, ..self.build(rules, items, stands, &*snapshot)? };
        if is_same_policy {
            built.affected = built.claimants(&*snapshot)?;
        }
        let report = built.report(before, &origins, self.seed);
        Ok((built, report))
    }

    /// All records and trails, by number.
    fn all_items(&self, rules: &Ruling, snapshot: &dyn Snapshot, counts: &Counts) -> Result<Vec<Item>> {
        let mut items: Vec<Item> = Vec::with_capacity((counts.records + counts.trails) as usize);
        let mut from = RecordNumber(0);
        loop {
            let page = snapshot.record_page(from, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            from = RecordNumber(last.0 + 1);
            let records: Vec<Arc<Record>> = page.iter().map(|(_, record)| Arc::clone(record)).collect();
            let readings = read_all(rules, self.seed, &records, None)
                .into_iter()
                .map(|reading| Subject::Record(Box::new(reading)));
            items.extend(page.iter().zip(readings).map(|((number, _), subject)| Item { number: *number, subject }));
        }
        from = RecordNumber(0);
        loop {
            let page = snapshot.trail_page(from, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            from = RecordNumber(last.0 + 1);
            let read = |(number, trail): &(RecordNumber, Arc<Trail>)| Item {
                number: *number,
                subject: Subject::Trail(Box::new(TrailReading::of(rules, self.seed, Arc::clone(trail)))),
            };
            items.extend(in_parallel(&page, 2048, read));
        }
        // Places ascend as numbers do: whose number is smaller arrived first.
        items.sort_unstable_by_key(|item| item.number);
        Ok(items)
    }

    /// The policy as JSON, if the tenant does not stand under it.
    fn policy_to_write(&self, snapshot: &dyn Snapshot, rules: &Ruling) -> Result<Option<Arc<str>>> {
        if snapshot.meta()?.is_some_and(|meta| meta.fingerprint == rules.fingerprint) {
            return Ok(None);
        }
        Ok(Some(rules.policy().to_json()?.into()))
    }

    fn all_assertions(&self) -> Result<Vec<AssertionRow>> {
        let snapshot = self.store.snapshot(&self.tenant)?;
        let (mut rows, mut after): (Vec<AssertionRow>, _) = (Vec::new(), None);
        loop {
            let page = snapshot.assertion_page(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(rows) };
            after = Some((last.a, last.b));
            rows.extend(page);
        }
    }

    fn build(&self, rules: Arc<Ruling>, items: Vec<Item>, stands: Stands, snapshot: &dyn Snapshot) -> Result<Rebuilt> {
        let Stands { revision, mut meta, origins, mut anchors, assertions } = stands;
        // What looks for pairs takes the most room, and gives it back: it comes first.
        let pairs = Pairs::of(&rules, &items);
        let partition = partition(&rules, &items, pairs, &assertions, snapshot)?;
        let passed = pass_on(&items, &origins, &mut anchors);
        let first_new = ProfileNumber(meta.next_profile);
        let mut bearings = Vec::with_capacity(partition.clusters.len());
        let mut newly_in = Vec::with_capacity(partition.clusters.len());
        for cluster in &partition.clusters {
            let mut held: SmallVec<[ProfileNumber; 1]> = SmallVec::new();
            if !anchors.is_empty() {
                let numbers =
                    cluster.members.iter().filter_map(|&item| items.get(item as usize)).map(|item| item.number);
                held.extend(numbers.filter_map(|number| anchors.get(&number)).flatten().copied());
                held.sort_unstable();
            }
            // Members ascend, and so do the numbers of items: the first member arrived first.
            let new = cluster.members.first().copied().filter(|_| held.is_empty());
            if new.is_some() {
                held.push(ProfileNumber(meta.next_profile));
                meta.next_profile += 1;
            }
            bearings.push(Bearing { profile: held.first().copied().unwrap_or(ProfileNumber(0)), anchors: held });
            newly_in.push(new);
        }
        let before: AHashSet<ProfileNumber> = origins.iter().flatten().copied().collect();
        let came = |item: &u32| origins.get(*item as usize).copied().flatten();
        let groups = partition.clusters.iter().map(|cluster| cluster.members.iter().map(came));
        let shifts = compare(bearings.iter().zip(groups), &before, first_new);
        let anchored: AHashSet<ProfileNumber> = bearings.iter().flat_map(|b| b.anchors.iter().copied()).collect();
        let mut erased: Vec<ProfileNumber> = before.iter().copied().filter(|old| !anchored.contains(old)).collect();
        erased.sort_unstable();
        let policy = None;
        Ok(Rebuilt {
            rules,
            revision,
            meta,
            policy,
            items,
            partition,
            bearings,
            newly_in,
            anchors,
            passed,
            shifts,
            erased,
            affected: Vec::new(),
        })
    }

    /// Writes a generation in steps, switches to it with the last, and drops what was.
    fn publish(&self, mut built: Rebuilt) -> Result<()> {
        let generation = Generation(built.meta.generation.0 + 1);
        // A generation of this number may have been begun and cut short.
        self.store.retire(&self.tenant, Some(built.meta.generation))?;
        let possible = built.possible(&*self.store.snapshot(&self.tenant)?, self.seed)?;
        let policy = built.policy.take();
        let mut revision = built.revision;
        let mut commit = |changes, feed| -> Result<()> {
            revision = self.store.commit(&self.tenant, Batch { expected: revision, generation, changes, feed })?;
            Ok(())
        };
        let (full, steps) = sync_channel(1);
        let (meta, mut changes, feed) = std::thread::scope(|scope| {
            let committer = scope.spawn(|| steps.into_iter().try_for_each(|changes| commit(changes, Vec::new())));
            let mut step = Step { full, generation, changes: Vec::new() };
            let (meta, feed) = built.write(self.seed, possible, &mut step);
            let Step { full, changes, .. } = step;
            drop(full);
            committer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok::<_, Error>((meta, changes, feed))
        })?;
        changes.extend(policy.map(Change::PutPolicy));
        changes.push(Change::PutMeta(Box::new(meta)));
        commit(changes, feed)?;
        self.store.retire(&self.tenant, Some(generation))
    }

    /// Takes evidence into a tenant that holds some, superseded versions left out.
    fn take_evidence(&self, rules: &Ruling, readings: Vec<Reading>, report: &mut LoadReport) -> Result<Revision> {
        let snapshot = self.store.snapshot(&self.tenant)?;
        let (_, meta) = self.meta_of(&*snapshot)?;
        let mut planner = Planner::new(&*snapshot, rules, (self.seed, &self.secrets), meta);
        for reading in &readings {
            if planner.refuses(What::Record, &reading.record.key, &reading.record.identifiers)? {
                report.refused += 1;
            } else {
                let taken = planner.add_evidence(reading)?;
                report.added += u64::from(taken == Some(true));
                planner.meta.unresolved |= taken.is_some();
            }
        }
        if !planner.changed {
            return Ok(snapshot.revision());
        }
        let batch = planner.into_batch()?;
        drop(snapshot);
        self.store.commit(&self.tenant, batch)
    }

    /// Leaves out of readings what was found to be wrong.
    fn correct(&self, rules: &Ruling, meta: &Meta, readings: &mut Vec<Reading>) -> Result<()> {
        if meta.counts.corrections == 0 {
            return Ok(());
        }
        let snapshot = self.store.snapshot(&self.tenant)?;
        let tombstones = Tombstones { snapshot: &*snapshot, seed: self.seed, secrets: &self.secrets, meta };
        if let Cow::Owned(corrected) = tombstones.correct(rules, readings)? {
            *readings = corrected;
        }
        Ok(())
    }

    /// Leaves out readings of what was erased; answers how many.
    fn refuse(&self, rules: &Ruling, meta: &Meta, readings: &mut Vec<Reading>) -> Result<u64> {
        if meta.counts.tombstones == 0 {
            return Ok(0);
        }
        let snapshot = self.store.snapshot(&self.tenant)?;
        let tombstones = Tombstones { snapshot: &*snapshot, seed: self.seed, secrets: &self.secrets, meta };
        let sent = readings.len();
        let mut kept = Vec::with_capacity(sent);
        for reading in readings.drain(..) {
            if !tombstones.cover(rules, What::Record, &reading.record.key, &reading.record.identifiers)? {
                kept.push(reading);
            }
        }
        *readings = kept;
        Ok((sent - readings.len()) as u64)
    }

    fn write_evidence(
        &self,
        rules: &Ruling,
        items: &[Item],
        meta: &mut Meta,
        mut revision: Revision,
    ) -> Result<Revision> {
        meta.unresolved = true;
        let total = meta.counts;
        for (step, page) in items.chunks(STEP).enumerate() {
            let put = |item: &Item| {
                let Reading { record, key, .. } = item.subject.record()?;
                Some(Change::PutRecord { number: item.number, key: *key, record: Arc::clone(record) })
            };
            let mut changes: Vec<Change> = Vec::with_capacity(page.len() + 1);
            changes.extend(page.iter().filter_map(put));
            let written = (step * STEP + page.len()) as u64;
            meta.next_record = page.last().map_or(meta.next_record, |item| item.number.0 + 1);
            meta.counts.records = written;
            meta.counts.quarantined = 0;
            if step == 0 {
                let policy = self.policy_to_write(&*self.store.snapshot(&self.tenant)?, rules)?;
                changes.extend(policy.map(Change::PutPolicy));
            }
            changes.push(Change::PutMeta(Box::new(meta.clone())));
            let batch = Batch { expected: revision, generation: meta.generation, changes, feed: Vec::new() };
            revision = self.store.commit(&self.tenant, batch)?;
        }
        meta.counts = total;
        Ok(revision)
    }
}

/// Takes from a record the room that it was built with and does not need: it is kept for long.
fn packed(mut record: Record) -> Record {
    record.identifiers.shrink_to_fit();
    record.attributes.shrink_to_fit();
    record
}

/// Reads records on all cores.
fn read_all(rules: &Ruling, seed: Seed, records: &[Arc<Record>], now: Option<crate::time::Timestamp>) -> Vec<Reading> {
    in_parallel(records, 2048, |record| Reading::of(rules, seed, Arc::clone(record), now))
}

/// Numbers records of an empty tenant; of several versions of one, the one that stands.
fn take_new(items: &mut Vec<Item>, known: &mut AHashMap<KeyHash, usize>, meta: &mut Meta, readings: Vec<Reading>) {
    for reading in readings {
        match known.entry(reading.key) {
            std::collections::hash_map::Entry::Vacant(slot) => {
                slot.insert(items.len());
                items
                    .push(Item { number: RecordNumber(meta.next_record), subject: Subject::Record(Box::new(reading)) });
                meta.next_record += 1;
                meta.counts.records += 1;
            }
            std::collections::hash_map::Entry::Occupied(slot) => {
                if let Some(Item { subject: Subject::Record(known), .. }) = items.get_mut(*slot.get())
                    && reading.record.supersedes(&known.record)
                {
                    **known = reading;
                }
            }
        }
    }
}

/// Passes the anchors of records that are quarantined now to the oldest live record of the profile that they were in,
/// as their leaving one by one would. Where none is live, they wait for the record to be mended.
fn pass_on<'a>(
    items: &'a [Item],
    origins: &[Option<ProfileNumber>],
    anchors: &mut Anchors,
) -> Vec<(ProfileNumber, RecordNumber)> {
    let leaving =
        items.iter().zip(origins).filter(|(item, _)| item.subject.is_dormant() && anchors.contains_key(&item.number));
    let leaving: Vec<(RecordNumber, ProfileNumber)> =
        leaving.filter_map(|(item, origin)| origin.map(|origin| (item.number, origin))).collect();
    if leaving.is_empty() {
        return Vec::new();
    }
    let mut heirs: AHashMap<ProfileNumber, &'a Item> = AHashMap::new();
    for (item, origin) in items.iter().zip(origins).filter(|(item, _)| !item.subject.is_dormant()) {
        let Some(origin) = origin else { continue };
        let older = |heir: &mut &'a Item| {
            if item.subject.order() < heir.subject.order() {
                *heir = item;
            }
        };
        heirs.entry(*origin).and_modify(older).or_insert(item);
    }
    let mut passed = Vec::new();
    for (record, origin) in leaving {
        let Some(heir) = heirs.get(&origin).map(|heir| heir.number) else { continue };
        let inherited = anchors.remove(&record).unwrap_or_default();
        passed.extend(inherited.iter().map(|&profile| (profile, heir)));
        let held = anchors.entry(heir).or_default();
        held.extend(inherited);
        held.sort_unstable();
    }
    passed
}

fn count_items(items: &[Item], counts: &mut Counts) {
    counts.records = items.iter().filter(|item| item.subject.record().is_some()).count() as u64;
    counts.trails = items.len() as u64 - counts.records;
    let dormant = || items.iter().filter(|item| item.subject.is_dormant());
    counts.quarantined = dormant().filter(|item| item.subject.record().is_some()).count() as u64;
    counts.dormant_trails = dormant().count() as u64 - counts.quarantined;
}

/// Changes on their way into a generation: steps are committed while the next is made.
struct Step {
    full: SyncSender<Vec<Change>>,
    generation: Generation,
    changes: Vec<Change>,
}

impl Step {
    fn put(&mut self, change: Change) {
        self.changes.push(change);
        if self.changes.len() >= STEP {
            // Nobody takes it where a commit failed; the committer says why.
            let _taken = self.full.send(std::mem::take(&mut self.changes));
        }
    }

    fn put_posting(&mut self, value: ValueHash, carriers: impl Iterator<Item = RecordNumber>, state: ValueState) {
        let carriers: SmallVec<[RecordNumber; 2]> = carriers.collect();
        let carriers = if carriers.len() > INLINE_MAX {
            carriers.iter().for_each(|&number| self.put(Change::AddCarrier { value, number }));
            Numbers::Spilled(carriers.len() as u64)
        } else {
            Numbers::Inline(carriers)
        };
        self.put(Change::PutPosting { value, posting: Arc::new(Posting { carriers, state }) });
    }
}

impl Rebuilt {
    /// Writes all rows; what is left is the state and the feed, for the switch.
    fn write(self, seed: Seed, possible: Vec<ProfileEvent>, step: &mut Step) -> (Meta, Vec<ProfileChange>) {
        let Self { rules, mut meta, items, partition, bearings, newly_in, shifts, erased, .. } = self;
        let (mut anchors, passed, affected) = (self.anchors, self.passed, self.affected);
        let mut cluster_of: Vec<Option<ClusterNumber>> = vec![None; items.len()];
        let numbers: Vec<RecordNumber> = items.iter().map(|item| item.number).collect();
        let number = |item: &u32| numbers.get(*item as usize).copied();
        let mut new_in: Vec<Option<ProfileNumber>> = vec![None; items.len()];
        meta.counts.profiles = partition.clusters.len() as u64;
        meta.counts.generic = partition.generic;
        meta.counts.withheld = partition.withheld.len() as u64 - partition.possible;
        meta.counts.possible = partition.possible;
        meta.counts.generic_blocks = 0;
        count_items(&items, &mut meta.counts);
        let homes_of = |place: u32| items.get(place as usize).map(|item| item.subject.homes()).unwrap_or_default();
        let homes = Carriers::of(items.len(), homes_of);
        meta.generation = step.generation;
        meta.unresolved = false;
        for ((cluster, bearing), new) in partition.clusters.into_iter().zip(&bearings).zip(newly_in) {
            let place = ClusterNumber(meta.next_cluster);
            meta.next_cluster += 1;
            for &item in &cluster.members {
                cluster_of.get_mut(item as usize).into_iter().for_each(|slot| *slot = Some(place));
            }
            if let Some((record, slot)) = new.and_then(|item| Some((number(&item)?, new_in.get_mut(item as usize)?))) {
                *slot = Some(bearing.profile);
                step.put(Change::PutAnchor { profile: bearing.profile, anchor: Anchor::Record(record) });
            }
            let members = if cluster.members.len() > INLINE_MAX {
                for number in cluster.members.iter().filter_map(number) {
                    step.put(Change::AddMember { cluster: place, number });
                }
                Numbers::Spilled(cluster.members.len() as u64)
            } else {
                Numbers::Inline(cluster.members.iter().filter_map(number).collect())
            };
            let mut summary = cluster.summary;
            summary.facts.shrink_to_fit();
            let row = Cluster { profile: bearing.profile, members, summary };
            step.put(Change::PutCluster { number: place, cluster: Arc::new(row) });
        }
        for (profile, record) in passed {
            step.put(Change::PutAnchor { profile, anchor: Anchor::Record(record) });
        }
        for (place, ((item, cluster), new)) in (0..).zip(items.into_iter().zip(cluster_of).zip(new_in)) {
            let (vertex, links, facts, blocks, homes) = match item.subject {
                Subject::Record(reading) => {
                    let vertex = reading.vertex();
                    (vertex, reading.links, reading.facts, reading.blocks, reading.homes)
                }
                Subject::Trail(reading) => {
                    let TrailReading { trail, first, links, homes, .. } = *reading;
                    let follows = partition.followers.get(&place).copied().map(Box::new);
                    (Vertex::Trail { first, at: trail.first.at, follows }, links, Vec::new(), Box::default(), homes)
                }
            };
            let anchors = match new {
                Some(profile) => SmallVec::from_buf([profile]),
                None if anchors.is_empty() => SmallVec::new(),
                None => anchors.remove(&item.number).unwrap_or_default(),
            };
            let node = Node {
                vertex,
                cluster: cluster.unwrap_or(DORMANT),
                links,
                facts,
                likeness: likeness_of(&blocks, partition.pairs.row_of(place, &numbers)),
                homes,
                anchors,
            };
            let node = match cluster {
                Some(_) => node,
                None if node.anchors.is_empty() => continue,
                None => node.dormant(),
            };
            step.put(Change::PutNode { number: item.number, node: Arc::new(node) });
        }
        let blocks = partition.pairs.into_blocks();
        let mut states = partition.states.into_iter().peekable();
        for (place, link) in partition.carriers.links.iter().enumerate() {
            let state =
                states.next_if(|(value, _)| *value == place as u32).map_or(ValueState::Clear, |(_, state)| state);
            let carried = partition.carriers.of_value(place);
            step.put_posting(link.value, carried.iter().filter_map(number), state);
        }
        drop(partition.carriers);
        for (place, &block) in blocks.links.iter().enumerate() {
            let carried = blocks.of_value(place);
            let generic = carried.len() as u64 > rules.max_block();
            meta.counts.generic_blocks += u64::from(generic);
            let state = if generic { ValueState::Generic } else { ValueState::Clear };
            step.put_posting(block, carried.iter().filter_map(number), state);
        }
        for (place, &home) in homes.links.iter().enumerate() {
            step.put_posting(home, homes.of_value(place).iter().filter_map(number), ValueState::Clear);
        }
        for (key, row) in partition.withheld {
            step.put(Change::PutWithheld { key, row: Arc::new(row) });
        }
        let events = shifts.iter().map(|shifted| shifted.event(seed));
        let erased = erased.iter().map(|profile| ProfileEvent::Erased { profile: ProfileId::of(*profile, seed) });
        let mut events: Vec<ProfileEvent> = events.chain(erased).collect();
        if !affected.is_empty() {
            let told: AHashSet<ProfileId> = events.iter().flat_map(ProfileEvent::profiles).collect();
            let rest = affected.iter().map(|profile| ProfileId::of(*profile, seed));
            let rest = rest.filter(|profile| !told.contains(profile));
            events.extend(rest.map(|profile| ProfileEvent::Extended { profile }));
        }
        let mut feed = Vec::with_capacity(events.len() + possible.len());
        for event in events.into_iter().chain(possible) {
            feed.push(ProfileChange { sequence: meta.next_change, policy_version: meta.policy_version, event });
            meta.next_change += 1;
        }
        (meta, feed)
    }

    /// Who carries a value that was contested or is: what counts for them may be another. O(withheld joins + records).
    fn claimants(&self, standing: &dyn Snapshot) -> Result<Vec<ProfileNumber>> {
        let contested = |(key, row): (&WithheldKey, &WithheldRow)| match key {
            WithheldKey::Value(value) if !row.parts.is_empty() => Some(*value),
            _ => None,
        };
        let mut values: AHashSet<ValueHash> =
            self.partition.withheld.iter().filter_map(|(key, row)| contested((key, row))).collect();
        let mut after = None;
        loop {
            let page = standing.withheld_page(after, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            values.extend(page.iter().filter_map(|(key, row)| contested((key, row))));
        }
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let carries = |item: &Item| item.subject.links().iter().any(|link| values.contains(&link.value));
        let any = |members: &[u32]| members.iter().filter_map(|&item| self.items.get(item as usize)).any(carries);
        let both = self.partition.clusters.iter().zip(&self.bearings);
        Ok(both.filter(|(cluster, _)| any(&cluster.members)).map(|(_, bearing)| bearing.profile).collect())
    }

    fn report(&self, before: Counts, origins: &[Option<ProfileNumber>], seed: Seed) -> PolicyReport {
        let mut report = PolicyReport {
            profiles_before: before.profiles,
            profiles_after: self.partition.clusters.len() as u64,
            quarantined: (before.quarantined, 0),
            generic: (before.generic, self.partition.generic),
            withheld: (before.withheld, self.partition.withheld.len() as u64 - self.partition.possible),
            possible: (before.possible, self.partition.possible),
            ..PolicyReport::default()
        };
        let records = self.items.iter().filter_map(|item| item.subject.record());
        report.quarantined.1 = records.filter(|reading| reading.quarantined).count() as u64;
        let mut sizes: AHashMap<ProfileNumber, u64> = AHashMap::new();
        origins.iter().flatten().for_each(|profile| *sizes.entry(*profile).or_default() += 1);
        let mut parts: AHashMap<ProfileNumber, u64> = AHashMap::new();
        let mut affected: AHashSet<ProfileNumber> = AHashSet::new();
        for cluster in &self.partition.clusters {
            let came = cluster.members.iter().map(|&item| origins.get(item as usize).copied().flatten());
            let mut from: Vec<Option<ProfileNumber>> = came.collect();
            from.sort_unstable();
            from.dedup();
            report.merged += u64::from(from.iter().flatten().count() > 1);
            let whole = match from.as_slice() {
                [Some(only)] => sizes.get(only) == Some(&(cluster.members.len() as u64)),
                _ => false,
            };
            for profile in from.into_iter().flatten() {
                *parts.entry(profile).or_default() += 1;
                if !whole {
                    affected.insert(profile);
                }
            }
        }
        affected.extend(sizes.keys().filter(|profile| !parts.contains_key(profile)));
        report.split = parts.values().filter(|parts| **parts > 1).count() as u64;
        let mut affected: Vec<ProfileNumber> = affected.into_iter().collect();
        affected.sort_unstable();
        report.affected = affected.into_iter().map(|profile| ProfileId::of(profile, seed)).collect();
        report
    }
}

impl View {
    /// The profile that each item is in now.
    fn origins(&self, items: &[Item]) -> Result<Vec<Option<ProfileNumber>>> {
        let mut of_cluster: AHashMap<ClusterNumber, ProfileNumber> = AHashMap::new();
        let mut from = ClusterNumber(0);
        loop {
            let page = self.snapshot.cluster_page(from, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            from = ClusterNumber(last.0 + 1);
            of_cluster.extend(page.iter().map(|(number, cluster)| (*number, cluster.profile)));
        }
        let mut origins = Vec::with_capacity(items.len());
        for page in items.chunks(PAGE) {
            let numbers: Vec<RecordNumber> = page.iter().map(|item| item.number).collect();
            for node in self.snapshot.nodes(&numbers)? {
                origins.push(node.and_then(|node| of_cluster.get(&node.cluster).copied()));
            }
        }
        Ok(origins)
    }

    /// The ids anchored in each record.
    fn all_anchors(&self) -> Result<Anchors> {
        let mut anchors: Anchors = AHashMap::new();
        let given: Vec<ProfileNumber> = (0..self.meta.next_profile).map(ProfileNumber).collect();
        for page in given.chunks(PAGE) {
            for (profile, anchor) in page.iter().zip(self.snapshot.anchors(page)?) {
                if let Some(Anchor::Record(record)) = anchor {
                    anchors.entry(record).or_default().push(*profile);
                }
            }
        }
        Ok(anchors)
    }
}

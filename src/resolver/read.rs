//! Reading: profiles, records, the feed. Views are folded here, on read; nothing is ever written onto a profile.

use super::Resolver;
use super::answer::{Found, IdentifierRow, StoredEvent, StoredRecord};
use super::attribute::Users;
use super::moments::each_event;
use super::reading::read_trail;
use super::ruling::Ruling;
use crate::audit::Audit;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::golden::fold;
use crate::id::{ClusterNumber, ProfileId, ProfileNumber, RecordNumber, Seed};
use crate::identifier::{hash_key, hash_of, links};
use crate::normalise::{normalise, normalise_event, normalise_identifiers};
use crate::operation::Operation;
use crate::policy::Links;
use crate::profile::{Profile, ProfileIdentifier, Status};
use crate::record::{Identifier, Record, RecordKey, What};
use crate::store::{
    Anchor, Cluster, DORMANT, Meta, Node, Numbers, ProfileChange, Revision, Snapshot, Trail, ValueState,
};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows read at a time where all of them are read.
pub(super) const PAGE: usize = 1024;

/// What is done with a page of the evidence.
type VisitPage<'a> = dyn FnMut(&[(RecordNumber, Arc<Record>)]) -> Result<()> + 'a;

/// What is done with a page of the trails.
type VisitTrails<'a> = dyn FnMut(&[(RecordNumber, Arc<Trail>)]) -> Result<()> + 'a;

/// One revision of a tenant, for reads that belong together.
pub struct View {
    pub(super) snapshot: Arc<dyn Snapshot>,
    pub(super) rules: Arc<Ruling>,
    pub(super) seed: Seed,
    pub(super) meta: Meta,
    pub(super) audit: Option<Audit>,
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("revision", &self.revision()).finish_non_exhaustive()
    }
}

impl View {
    /// The revision that this shows.
    pub fn revision(&self) -> Revision {
        self.snapshot.revision()
    }

    /// The profile that an id leads to: any id ever given, under whatever name the profile goes now. None if the last
    /// record of it was removed, or if the id was never given here.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn profile(&self, id: ProfileId) -> Result<Option<Profile>> {
        let Some((number, cluster)) = self.cluster_of(id)? else { return Ok(None) };
        let members = self.members_of(number, &cluster)?;
        self.profile_with(&cluster, &members).map(Some)
    }

    pub(super) fn profile_with(&self, cluster: &Cluster, members: &[RecordNumber]) -> Result<Profile> {
        let nodes: Vec<Arc<Node>> = self.snapshot.nodes(members)?.into_iter().flatten().collect();
        let records: Vec<Arc<Record>> = self.snapshot.records(members)?.into_iter().flatten().collect();
        let trails: Vec<Arc<Trail>> = if records.len() == nodes.len() {
            Vec::new()
        } else {
            self.snapshot.trails(members)?.into_iter().flatten().collect()
        };
        let mut aliases: Vec<ProfileNumber> = nodes.iter().flat_map(|node| node.anchors.iter().copied()).collect();
        aliases.sort_unstable();
        aliases.retain(|alias| *alias != cluster.profile);
        let identifiers = self.identifiers_of(&records, &trails)?;
        let events = trails.iter().map(|trail| trail.events).sum();
        let golden = fold(&self.rules, &records);
        let mut keys: Vec<RecordKey> = nodes.iter().filter_map(|node| node.vertex.record().cloned()).collect();
        keys.sort_unstable();
        let aliases = aliases.into_iter().map(|alias| ProfileId::of(alias, self.seed)).collect();
        let id = ProfileId::of(cluster.profile, self.seed);
        Ok(Profile { id, records: keys, events, identifiers, golden, aliases })
    }

    fn identifiers_of(&self, records: &[Arc<Record>], trails: &[Arc<Trail>]) -> Result<Vec<ProfileIdentifier>> {
        let mut carried: BTreeMap<(u16, SmolStr), u64> = BTreeMap::new();
        let of_records = records.iter().flat_map(|record| normalise(&self.rules, record).0.identifiers);
        let of_trails = trails.iter().flat_map(|trail| normalise_identifiers(&self.rules, &trail.identifiers).0);
        for identifier in of_records.chain(of_trails) {
            *carried.entry(identifier).or_default() += 1;
        }
        let (values, counts): (Vec<_>, Vec<_>) = carried.into_iter().unzip();
        let hashes: Vec<_> = links(self.seed, &self.rules, &values).iter().map(|link| link.value).collect();
        let postings = self.snapshot.postings(&hashes)?;
        let mut identifiers = Vec::with_capacity(values.len());
        for (((kind, value), records), posting) in values.into_iter().zip(counts).zip(postings) {
            let Some(rule) = self.rules.kinds.get(usize::from(kind)) else { continue };
            let status = match posting {
                Some(posting) if posting.is_generic() => Status::Generic,
                Some(posting) if posting.carriers.len() > records => Status::Contested,
                _ => Status::Held,
            };
            identifiers.push(ProfileIdentifier { kind: rule.name.clone(), value, records, status });
        }
        Ok(identifiers)
    }

    /// The id that the profile bears to which an id leads now.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn resolve_id(&self, id: ProfileId) -> Result<Option<ProfileId>> {
        Ok(self.cluster_of(id)?.map(|(_, cluster)| ProfileId::of(cluster.profile, self.seed)))
    }

    /// The profile of a record; none if there is no such record or it is quarantined.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn profile_of(&self, key: &RecordKey) -> Result<Option<ProfileId>> {
        let Some(number) = self.number_of(key)? else { return Ok(None) };
        self.bearer(number)
    }

    /// A record as it was sent, its profile, and what the policy finds wrong with it.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn record(&self, key: &RecordKey) -> Result<Option<StoredRecord>> {
        let Some(number) = self.number_of(key)? else { return Ok(None) };
        let Some(record) = self.snapshot.records(&[number])?.pop().flatten() else { return Ok(None) };
        let (_, issues) = normalise(&self.rules, &record);
        Ok(Some(StoredRecord { profile: self.bearer(number)?, record, issues }))
    }

    /// An event as it was sent, whose it is, and what the policy finds wrong with it.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn event(&self, key: &RecordKey) -> Result<Option<StoredEvent>> {
        self.stored(What::Event, key)
    }

    /// A consent as it was told, whose it is, and what the policy finds wrong with it.
    ///
    /// # Errors
    /// As for [`event`](Self::event).
    pub fn consent(&self, key: &RecordKey) -> Result<Option<StoredEvent>> {
        self.stored(What::Consent, key)
    }

    fn stored(&self, what: What, key: &RecordKey) -> Result<Option<StoredEvent>> {
        let place = self.snapshot.event_places(&[hash_of(self.seed, what, key)])?.pop().flatten();
        let Some(place) = place else { return Ok(None) };
        let Some(event) = self.snapshot.events(&[place])?.pop().flatten() else { return Ok(None) };
        let (_, issues) = normalise_event(&self.rules, &event);
        let node = self.snapshot.nodes(&[place.trail])?.pop().flatten().filter(|node| node.cluster != DORMANT);
        let Some(node) = node else { return Ok(Some(StoredEvent { event, profile: None, trail: None, issues })) };
        let user = Users::default().of(&*self.snapshot, &node, place.at)?;
        let clusters = self.snapshot.clusters(&[user, node.cluster])?;
        let mut ids = clusters.into_iter().map(|row| Some(ProfileId::of(row?.profile, self.seed)));
        let (profile, trail) = (ids.next().flatten(), ids.next().flatten());
        Ok(Some(StoredEvent { event, profile, trail, issues }))
    }

    /// The keys of a profile's records, by source, then key; empty if the id leads nowhere.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn members(&self, id: ProfileId) -> Result<Vec<RecordKey>> {
        let Some((number, cluster)) = self.cluster_of(id)? else { return Ok(Vec::new()) };
        let nodes = self.snapshot.nodes(&self.members_of(number, &cluster)?)?;
        let mut keys: Vec<RecordKey> =
            nodes.iter().flatten().filter_map(|node| node.vertex.record().cloned()).collect();
        keys.sort_unstable();
        Ok(keys)
    }

    /// The change feed after a sequence number: `0` and on first, then the last sequence number seen.
    ///
    /// Sequence numbers start at 1 and have no gaps, so a consumer that stores its cursor misses nothing.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn changes(&self, after: u64, limit: usize) -> Result<Vec<ProfileChange>> {
        self.snapshot.changes(after.saturating_add(1), limit)
    }

    /// Visits every record with its profile, none where it is quarantined, in the order of first arrival.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn live_records(&self, visit: &mut dyn FnMut(&RecordKey, Option<ProfileId>)) -> Result<()> {
        self.pages(&mut |page| {
            let numbers: Vec<RecordNumber> = page.iter().map(|(number, _)| *number).collect();
            for ((_, record), profile) in page.iter().zip(self.bearers(&numbers)?) {
                visit(&record.key, profile);
            }
            Ok(())
        })
    }

    /// Visits the evidence, in the order of first arrival.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn evidence(&self, visit: &mut dyn FnMut(&Record)) -> Result<()> {
        self.pages(&mut |page| {
            page.iter().for_each(|(_, record)| visit(record));
            Ok(())
        })
    }

    /// Visits the events, trail by trail in the order of their first arrival, of each trail the newest first.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn events(&self, visit: &mut dyn FnMut(&Event)) -> Result<()> {
        self.trail_pages(&mut |page| {
            page.iter().try_for_each(|(number, _)| {
                each_event(&*self.snapshot, *number, i64::MIN..=i64::MAX, &mut |_, event| {
                    visit(&event);
                    Ok(())
                })
            })
        })
    }

    /// Visits all that was sent and stands, as the operations that bring it: records and events in the order of first
    /// arrival, then the stewards' words. Carried out on an empty tenant under the same policy, in any order, they give
    /// the same people; the ids of profiles, and the feed, are not among them.
    ///
    /// Nor are tombstones: they are hashes that do not tell under which secret they stand, so that no operation could bring
    /// them to a tenant under other secrets, and one that could would let whoever writes a file keep anybody away. Nothing
    /// of an erased person is exported, but a source that sends them again brings them back to the copy: the request to
    /// [erase](Resolver::erase) them, which finds nobody before, has to be carried out there once more. Where a source may do
    /// that, copy the store as a whole (`Durable::backup`), which takes the tombstones along.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Policy, Record, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// resolver.add(Record::new("crm", "42", "2026-01-05T10:00:00Z".parse()?).identifier("email", "ann@example.org"))?;
    ///
    /// let copy = Resolver::in_memory(resolver.policy())?;
    /// let mut operations = Vec::new();
    /// resolver.export(&mut |operation| operations.push(operation))?;
    /// for operation in operations {
    ///     copy.apply(operation)?;
    /// }
    /// assert_eq!(copy.stats()?.counts, resolver.stats()?.counts);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn export(&self, visit: &mut dyn FnMut(Operation)) -> Result<()> {
        self.evidence(&mut |record| visit(Operation::Add(record.clone())))?;
        self.events(&mut |event| visit(Operation::Event(Box::new(event.clone()))))?;
        let mut after = None;
        loop {
            let page = self.snapshot.assertion_page(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some((last.a, last.b));
            page.into_iter().for_each(|row| visit(Operation::Assert(row.assertion)));
        }
    }

    /// Visits every usable value that a live record or event carries, once, with its holder.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn identifiers(&self, visit: &mut dyn FnMut(IdentifierRow<'_>)) -> Result<()> {
        self.pages(&mut |page| {
            let read = |(number, record): &(RecordNumber, Arc<Record>)| {
                let (normalised, _) = normalise(&self.rules, record);
                (*number, if normalised.quarantined { Vec::new() } else { normalised.identifiers })
            };
            self.carried_first(page.iter().map(read).collect(), visit)
        })?;
        self.trail_pages(&mut |page| {
            let read = |(number, trail): &(RecordNumber, Arc<Trail>)| {
                let (identifiers, dormant) = read_trail(&self.rules, trail);
                (*number, if dormant { Vec::new() } else { identifiers })
            };
            self.carried_first(page.iter().map(read).collect(), visit)
        })
    }

    /// Visits the values of some records and trails that none before them carries.
    fn carried_first(
        &self,
        carriers: Vec<(RecordNumber, Vec<(u16, SmolStr)>)>,
        visit: &mut dyn FnMut(IdentifierRow<'_>),
    ) -> Result<()> {
        let numbers: Vec<RecordNumber> = carriers.iter().map(|(number, _)| *number).collect();
        let bearers = self.bearers(&numbers)?;
        let hashed = carriers.into_iter().map(|(_, usable)| (links(self.seed, &self.rules, &usable), usable));
        let carried: Vec<_> = hashed.collect();
        // One question a page: what each carries is then taken off the answer.
        let hashes: Vec<_> = carried.iter().flat_map(|(links, _)| links).map(|link| link.value).collect();
        let mut postings = self.snapshot.postings(&hashes)?.into_iter();
        for ((number, bearer), (links, usable)) in numbers.iter().zip(bearers).zip(carried) {
            for ((link, (_, value)), posting) in links.iter().zip(usable).zip(postings.by_ref()) {
                let (Some(posting), Some(rule)) = (posting, self.rules.kinds.get(usize::from(link.kind))) else {
                    return Err(Error::corrupt("an identifier without its carriers"));
                };
                let first = match &posting.carriers {
                    Numbers::Inline(list) => list.first().copied(),
                    Numbers::Spilled(_) => self.snapshot.carriers(link.value, RecordNumber(0), 1)?.first().copied(),
                };
                if first != Some(*number) {
                    continue;
                }
                let (profile, status) = match &posting.state {
                    // One profile has all carriers, so that of the first.
                    ValueState::Clear if rule.links != Links::None => (bearer, Status::Held),
                    _ => {
                        let Found { profile, status, .. } = self.holder(*link, &posting)?;
                        (profile, status)
                    }
                };
                visit(IdentifierRow { kind: &rule.name, value: &value, profile, status });
            }
        }
        Ok(())
    }

    pub(super) fn trail_pages(&self, visit: &mut VisitTrails<'_>) -> Result<()> {
        let mut from = RecordNumber(0);
        loop {
            let page = self.snapshot.trail_page(from, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            from = RecordNumber(last.0 + 1);
            visit(&page)?;
        }
    }

    /// The usable identifiers of a record or trail.
    pub(super) fn usable_identifiers(&self, number: RecordNumber) -> Result<Vec<(u16, SmolStr)>> {
        if let Some(record) = self.snapshot.records(&[number])?.pop().flatten() {
            return Ok(normalise(&self.rules, &record).0.identifiers);
        }
        let trail = self.snapshot.trails(&[number])?.pop().flatten();
        Ok(trail.map(|trail| normalise_identifiers(&self.rules, &trail.identifiers).0).unwrap_or_default())
    }

    pub(super) fn pages(&self, visit: &mut VisitPage<'_>) -> Result<()> {
        let mut from = RecordNumber(0);
        loop {
            let page = self.snapshot.record_page(from, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            from = RecordNumber(last.0 + 1);
            visit(&page)?;
        }
    }

    pub(super) fn number_of(&self, key: &RecordKey) -> Result<Option<RecordNumber>> {
        Ok(self.snapshot.numbers(&[hash_key(self.seed, key)])?.pop().flatten())
    }

    /// The id that the profile of a record bears.
    pub(super) fn bearer(&self, number: RecordNumber) -> Result<Option<ProfileId>> {
        Ok(self.bearers(&[number])?.pop().flatten())
    }

    /// The ids that the profiles of records bear.
    pub(super) fn bearers(&self, numbers: &[RecordNumber]) -> Result<Vec<Option<ProfileId>>> {
        let profiles = self.snapshot.profiles(numbers)?;
        Ok(profiles.into_iter().map(|profile| Some(ProfileId::of(profile?, self.seed))).collect())
    }

    pub(super) fn cluster_of(&self, id: ProfileId) -> Result<Option<(ClusterNumber, Arc<Cluster>)>> {
        let Some(profile) = id.number(self.seed).filter(|profile| profile.0 < self.meta.next_profile) else {
            return Ok(None);
        };
        let Some(Anchor::Record(record)) = self.snapshot.anchors(&[profile])?.pop().flatten() else { return Ok(None) };
        let Some(node) = self.snapshot.nodes(&[record])?.pop().flatten() else { return Ok(None) };
        let cluster = self.snapshot.clusters(&[node.cluster])?.pop().flatten();
        Ok(cluster.map(|cluster| (node.cluster, cluster)))
    }

    pub(super) fn members_of(&self, number: ClusterNumber, cluster: &Cluster) -> Result<Vec<RecordNumber>> {
        crate::store::all(&cluster.members, |from, limit| self.snapshot.members(number, from, limit))
    }
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::profile`].
    ///
    /// # Errors
    /// As there.
    pub fn profile(&self, id: ProfileId) -> Result<Option<Profile>> {
        self.view()?.profile(id)
    }

    /// See [`View::resolve_id`].
    ///
    /// # Errors
    /// As there.
    pub fn resolve_id(&self, id: ProfileId) -> Result<Option<ProfileId>> {
        self.view()?.resolve_id(id)
    }

    /// See [`View::profile_of`].
    ///
    /// # Errors
    /// As there.
    pub fn profile_of(&self, key: &RecordKey) -> Result<Option<ProfileId>> {
        self.view()?.profile_of(key)
    }

    /// See [`View::record`].
    ///
    /// # Errors
    /// As there.
    pub fn record(&self, key: &RecordKey) -> Result<Option<StoredRecord>> {
        self.view()?.record(key)
    }

    /// See [`View::event`].
    ///
    /// # Errors
    /// As there.
    pub fn event(&self, key: &RecordKey) -> Result<Option<StoredEvent>> {
        self.view()?.event(key)
    }

    /// See [`View::consent`].
    ///
    /// # Errors
    /// As there.
    pub fn consent(&self, key: &RecordKey) -> Result<Option<StoredEvent>> {
        self.view()?.consent(key)
    }

    /// See [`View::members`].
    ///
    /// # Errors
    /// As there.
    pub fn members(&self, id: ProfileId) -> Result<Vec<RecordKey>> {
        self.view()?.members(id)
    }

    /// See [`View::changes`].
    ///
    /// # Errors
    /// As there.
    pub fn changes(&self, after: u64, limit: usize) -> Result<Vec<ProfileChange>> {
        self.view()?.changes(after, limit)
    }

    /// See [`View::live_records`].
    ///
    /// # Errors
    /// As there.
    pub fn live_records(&self, visit: &mut dyn FnMut(&RecordKey, Option<ProfileId>)) -> Result<()> {
        self.view()?.live_records(visit)
    }

    /// See [`View::export`].
    ///
    /// # Errors
    /// As there.
    pub fn export(&self, visit: &mut dyn FnMut(Operation)) -> Result<()> {
        self.view()?.export(visit)
    }

    /// See [`View::identifiers`].
    ///
    /// # Errors
    /// As there.
    pub fn identifiers(&self, visit: &mut dyn FnMut(IdentifierRow<'_>)) -> Result<()> {
        self.view()?.identifiers(visit)
    }

    /// See [`View::find`].
    ///
    /// # Errors
    /// As there.
    pub fn find(&self, identifier: &Identifier) -> Result<Found> {
        self.view()?.find(identifier)
    }

    /// See [`View::find_all`].
    ///
    /// # Errors
    /// As there.
    pub fn find_all(&self, identifiers: &[Identifier]) -> Result<Vec<Found>> {
        self.view()?.find_all(identifiers)
    }
}

//! Erasure: all evidence of one person goes, in one commit, and tombstones see that it stays away.

use super::Resolver;
use super::about::Subject;
use super::attribute::Users;
use super::moments::each_event;
use super::plan::Planner;
use super::read::View;
use super::reading::{TrailReading, moment_of};
use super::tombstone::forms;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{ClusterNumber, ProfileId, RecordNumber, TombstoneHash};
use crate::identifier::{
    Secret, hash_erased, hash_erased_identifier, hash_idle, hash_key, hash_request, hash_trail, hash_value,
};
use crate::normalise::normalise_identifier;
use crate::policy::Role;
use crate::profile::Status;
use crate::record::{Identifier, Moment, Record, RecordKey, What};
use crate::store::{EventPlace, Node, Snapshot, Trail, Vertex, all};
use serde::Serialize;
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What an erasure removed. It counts, and tells nothing of who it was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Erased {
    /// The id of the request.
    pub request: SmolStr,
    /// The id that the profile bore, which leads nowhere now; none if nobody is there.
    pub profile: Option<ProfileId>,
    /// Records.
    pub records: u64,
    /// Events, consents and what the ledger had left out.
    pub events: u64,
    /// Consents.
    pub consents: u64,
    /// Stewards' words that named the records.
    pub assertions: u64,
    /// What was kept of offers and experiments ([`Event::LEDGER`]).
    pub ledger: u64,
    /// The tombstones that were put.
    pub tombstones: u64,
}

impl Erased {
    /// Whether there was anything to erase.
    pub fn anything(&self) -> bool {
        self.profile.is_some() || self.records + self.events + self.consents + self.ledger > 0
    }
}

/// Events of one trail that go, and what stays on it.
struct TakenOff {
    trail: RecordNumber,
    node: Arc<Node>,
    gone: Vec<(EventPlace, Arc<Event>)>,
    left: Option<Left>,
}

/// The events of others on a trail.
struct Left {
    events: u64,
    first: Moment,
    last: Moment,
}

/// What is known of the person while the plan is made.
#[derive(Default)]
struct Known {
    identifiers: BTreeSet<Identifier>,
    keys: Vec<(What, RecordKey)>,
}

impl Known {
    fn record(&mut self, record: &Record) {
        self.keys.push((What::Record, record.key.clone()));
        self.identifiers.extend(record.identifiers.iter().cloned());
    }

    fn event(&mut self, event: &Event) {
        self.keys.push((event.what(), event.key.clone()));
        self.identifiers.extend(event.identifiers.iter().cloned());
    }
}

impl Resolver {
    /// Erases whoever holds an identifier, in one commit: their records and events, consents, what the ledger has under
    /// their identifiers, the stewards' words that name their records. It leaves tombstones: hashes under a
    /// [secret](Self::with_secrets) of the host's, of the keys of all that went, and of each identifier of a person or
    /// contact that nobody else carries. What they cover is refused on every way in ([`Because::Erased`]), by this
    /// resolver and any other on the store, under any policy, until it is lifted
    /// ([`lift_tombstones`](Self::lift_tombstones)).
    ///
    /// The evidence of others stays, and with it identifiers that they share, and what the ledger has under those. On a
    /// device that several have used, the events that are theirs go, whoever has the trail. A record that was set aside,
    /// and a trail that takes no part, go if they carry an identifier that was theirs alone. The profile's ids lead
    /// nowhere from then on, and the feed says so.
    ///
    /// A request is carried out once for an identifier: sent again, it finds nobody and changes nothing, even where a
    /// relative holds the identifier by then. What was removed is gone from the files after [`scrub`](Self::scrub).
    ///
    /// O(what the person has, log of what is stored for each of it, and the events on trails of devices that they
    /// shared).
    ///
    /// # Errors
    /// `Config` where the resolver has no secret, or lacks one that tombstones stand under. `Input` where the request is
    /// blank, or the identifier is none that the policy takes or several have and nobody holds. `Store` where writing
    /// failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Because, Identifier, Policy, Record, Resolver, Secret};
    /// let resolver = Resolver::in_memory(Policy::retail())?.with_secrets([Secret::new("kept by the host")?]);
    /// let ann = Record::new("crm", "42", "2026-01-05T10:00:00Z".parse()?).identifier("email", "ann@example.org");
    /// resolver.add(ann.clone())?;
    ///
    /// let erased = resolver.erase(&Identifier::new("email", "Ann@example.org"), "dsr-17")?;
    /// assert_eq!((erased.records, erased.tombstones), (1, 3));
    /// assert_eq!(resolver.add(ann)?.because, [Because::Erased]);
    /// assert_eq!(resolver.stats()?.counts.records, 0);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    ///
    /// [`Because::Erased`]: crate::Because::Erased
    pub fn erase(&self, identifier: &Identifier, request: &str) -> Result<Erased> {
        let Some(secret) = self.secrets.first() else {
            return Err(Error::option("secret", "is missing: what is erased would come back; give the resolver one"));
        };
        if request.trim().is_empty() {
            return Err(Error::input("request", "is blank"));
        }
        self.write_seeing(|view, planner| {
            let mut erased = Erased { request: request.into(), ..Erased::default() };
            planner.tombstones().check()?;
            let asked: SmallVec<_> =
                self.secrets.iter().map(|secret| hash_request(secret, request, identifier)).collect();
            if planner.tombstones().any(asked)? {
                return Ok(erased);
            }
            erased.profile = view.to_erase(identifier)?;
            let mut known = Known { identifiers: BTreeSet::from([identifier.clone()]), ..Known::default() };
            planner.erase(view, secret, &mut known, &mut erased)?;
            if erased.anything() {
                known.keys.sort_unstable();
                known.keys.dedup();
                let keys = known.keys.iter().map(|(what, key)| hash_erased(secret, *what, key));
                for hash in keys.chain([hash_request(secret, request, identifier)]) {
                    erased.tombstones += u64::from(planner.put_tombstone(secret, hash)?);
                }
            }
            Ok(erased)
        })
    }
}

impl Resolver {
    /// Rewrites the files of the store until what was removed is gone from them, byte for byte: after an
    /// [erasure](Self::erase), or once a night after many. It is the whole store's, whichever tenants it has.
    ///
    /// O(size of the store) where it is on disk.
    ///
    /// # Errors
    /// `Store` where writing failed; then what was removed may still stand in a file.
    pub fn scrub(&self) -> Result<()> {
        self.store.scrub()
    }
}

impl View {
    /// The profile that an identifier leads to for certain.
    fn to_erase(&self, identifier: &Identifier) -> Result<Option<ProfileId>> {
        let found = self.find(identifier)?;
        match (found.profile, found.status) {
            (None, Status::Refused) => Err(Error::input("identifier", "is none that the policy takes")),
            (None, Status::Contested | Status::Generic) => {
                Err(Error::input("identifier", "is shared and nobody holds it; ask by another of the person's"))
            }
            (profile, _) => Ok(profile),
        }
    }

    /// The events on the trails of a profile, and on those of others that follow a value which it claims: which are its
    /// own, and what stays.
    fn events_to_erase(&self, subject: &Subject) -> Result<Vec<TakenOff>> {
        let (mut users, mut trails) = (Users::default(), Vec::new());
        for &(trail, ref node) in &subject.trails {
            let mut taken = TakenOff { trail, node: Arc::clone(node), gone: Vec::new(), left: None };
            each_event(&*self.snapshot, trail, i64::MIN..=i64::MAX, &mut |place, event| {
                if users.of(&*self.snapshot, node, place.at)? == subject.number {
                    taken.gone.push((place, event));
                    return Ok(());
                }
                let moment = moment_of(&event);
                match &mut taken.left {
                    None => taken.left = Some(Left { events: 1, first: moment.clone(), last: moment }),
                    Some(left) => {
                        left.events += 1;
                        left.first = moment.clone().min(left.first.clone());
                        left.last = moment.max(left.last.clone());
                    }
                }
                Ok(())
            })?;
            if !taken.gone.is_empty() || node.cluster == subject.number {
                trails.push(taken);
            }
        }
        Ok(trails)
    }
}

impl Planner<'_> {
    fn erase(&mut self, view: &View, secret: &Secret, known: &mut Known, erased: &mut Erased) -> Result<()> {
        if let Some(subject) = erased.profile.map(|id| view.subject(id)).transpose()?.flatten() {
            let mut records: Vec<Arc<Record>> =
                view.snapshot.records(&subject.members)?.into_iter().flatten().collect();
            let trails = view.events_to_erase(&subject)?;
            // Ids pass to the oldest that is left: it goes last.
            let order = |record: &Record| (record.at.microseconds(), record.key.clone());
            records.sort_by_cached_key(|record| Reverse(order(record)));
            for record in &records {
                self.erase_record(record, known, erased)?;
            }
            self.erase_trails(trails, subject.number, known, erased)?;
        }
        let alone = self.carried_by_nobody(&known.identifiers)?;
        let personal: Vec<&Identifier> =
            alone.iter().filter(|(_, role)| role.makes_known()).map(|(identifier, _)| identifier).collect();
        self.erase_idle(&personal, known, erased)?;
        for identifier in alone.keys() {
            self.erase_ledger(identifier, known, erased)?;
        }
        self.settle()?;
        if erased.anything() {
            let hashes = personal.iter().filter_map(|identifier| hash_erased_identifier(secret, identifier));
            for hash in hashes.collect::<BTreeSet<TombstoneHash>>() {
                erased.tombstones += u64::from(self.put_tombstone(secret, hash)?);
            }
        }
        Ok(())
    }

    fn erase_record(&mut self, record: &Record, known: &mut Known, erased: &mut Erased) -> Result<()> {
        let key = hash_key(self.seed, &record.key);
        if self.meta.counts.assertions > 0 {
            for row in self.overlay.assertions(&[key])? {
                erased.assertions += u64::from(self.say(row.a, row.b, None)?);
            }
        }
        known.record(record);
        erased.records += u64::from(self.remove(key)?);
        Ok(())
    }

    /// Takes the person's events off trails. A trail of the profile on which others have events leaves it, with all ids
    /// behind, and is placed anew.
    fn erase_trails(
        &mut self,
        trails: Vec<TakenOff>,
        profile: ClusterNumber,
        known: &mut Known,
        erased: &mut Erased,
    ) -> Result<()> {
        let mut anew = Vec::new();
        for TakenOff { trail: number, node, gone, left } in trails {
            self.drop_events(&gone, known, erased);
            let trail = self.overlay.trail(number)?.ok_or_else(|| Error::corrupt("an event without its trail"))?;
            let key = hash_trail(self.seed, &trail.source, &*trail.identifiers);
            let Some(Left { events, first, last }) = left else {
                self.drop_trail(number, key)?;
                continue;
            };
            let shorter = Arc::new(Trail { events, first, last, ..Trail::clone(&trail) });
            self.overlay.put_trail(number, key, Arc::clone(&shorter));
            if node.cluster == profile {
                self.take_out(number)?;
                anew.push((number, shorter));
            } else if !gone.is_empty() {
                self.retime(number, &trail, &shorter, None)?;
            }
        }
        for (number, trail) in anew {
            let reading = TrailReading::of(self.rules, self.seed, Arc::clone(&trail));
            let vertex = Vertex::Trail { first: reading.first, at: trail.first.at, follows: None };
            self.place_trail(number, vertex, &reading.links)?;
        }
        Ok(())
    }

    fn drop_events(&mut self, gone: &[(EventPlace, Arc<Event>)], known: &mut Known, erased: &mut Erased) {
        for (place, event) in gone {
            self.drop_event(*place, event);
            known.event(event);
            match event.what() {
                _ if event.key.source == Event::LEDGER => erased.ledger += 1,
                What::Consent => erased.consents += 1,
                What::Record | What::Event => erased.events += 1,
            }
        }
    }

    /// The identifiers, in all forms, that no live record or trail carries any more, with the roles of their kinds.
    fn carried_by_nobody(&self, identifiers: &BTreeSet<Identifier>) -> Result<BTreeMap<Identifier, Role>> {
        let mut alone = BTreeMap::new();
        for identifier in identifiers {
            let Ok((kind, value)) = normalise_identifier(self.rules, identifier) else { continue };
            let carried = self.overlay.posting(hash_value(self.seed, self.rules, kind, &value))?;
            let Some(rule) = self.rules.kinds.get(usize::from(kind)).filter(|_| carried.is_none()) else { continue };
            alone.extend(forms(self.rules, identifier).into_iter().map(|form| (form, rule.role)));
        }
        Ok(alone)
    }

    /// Erases what takes no part and carries one of the person's own identifiers.
    fn erase_idle(&mut self, theirs: &[&Identifier], known: &mut Known, erased: &mut Erased) -> Result<()> {
        let mut idle: BTreeSet<RecordNumber> = BTreeSet::new();
        for value in theirs.iter().filter_map(|identifier| hash_idle(self.seed, identifier)) {
            if let Some(posting) = self.overlay.posting(value)? {
                idle.extend(all(&posting.carriers, |from, limit| self.overlay.carriers(value, from, limit))?);
            }
        }
        for number in idle {
            match self.overlay.record(number)? {
                Some(record) => self.erase_record(&record, known, erased)?,
                None => self.erase_idle_trail(number, known, erased)?,
            }
        }
        Ok(())
    }

    fn erase_ledger(&mut self, identifier: &Identifier, known: &mut Known, erased: &mut Erased) -> Result<()> {
        match self.overlay.number(hash_trail(self.seed, Event::LEDGER, [identifier]))? {
            Some(trail) => self.erase_idle_trail(trail, known, erased),
            None => Ok(()),
        }
    }

    fn erase_idle_trail(&mut self, number: RecordNumber, known: &mut Known, erased: &mut Erased) -> Result<()> {
        let mut gone = Vec::new();
        each_event(&self.overlay, number, i64::MIN..=i64::MAX, &mut |place, event| {
            gone.push((place, event));
            Ok(())
        })?;
        self.drop_events(&gone, known, erased);
        let Some(trail) = self.overlay.trail(number)? else { return Ok(()) };
        self.drop_trail(number, hash_trail(self.seed, &trail.source, &*trail.identifiers))
    }
}

//! Taking in records, removals and stewards' words.

use super::Resolver;
use super::answer::{Because, Ingest, Phase, Progress, ReplaceReport, Resolution};
use super::event::plan_events;
use super::liken::{is_link, link_key};
use super::plan::{Added, Planner};
use super::read::View;
use super::reading::{EventReading, Reading};
use super::ruling::Ruling;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::id::{KeyHash, Link, ProfileNumber, RecordNumber, ValueHash};
use crate::identifier::{hash_key, hash_of};
use crate::operation::Operation;
use crate::policy::Links;
use crate::record::{Assertion, Record, RecordKey, Verdict, What};
use crate::store::{Batch, Snapshot, ValueState, WithheldKey};
use crate::time::Timestamp;
use ahash::AHashSet;
use smol_str::SmolStr;
use std::sync::Arc;

/// A plan that loses the race this often in a row gives up: something other than bad luck is at work.
const TRIES_MAX: u32 = 1000;

impl Resolver {
    /// Takes in one record. The answer is final when it returns.
    ///
    /// # Errors
    /// `Config` where people were [erased](Self::erase) under a secret that the resolver was not given. `Store` where
    /// writing failed; then sending it again is safe.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Policy, Record, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let at = "2026-01-05T10:00:00Z".parse()?;
    /// let shop = resolver.add(Record::new("pos", "1", at).identifier("email", "Ann@Example.org"))?;
    /// let web = resolver.add(Record::new("web", "7", at).identifier("email", "ann@example.org"))?;
    /// assert_eq!(shop.profile, web.profile);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn add(&self, record: Record) -> Result<Resolution> {
        let answers = self.add_all(vec![record], Ingest { batch: 1, ..Ingest::default() })?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }

    /// Takes in records, a batch a commit, and answers for each in the order sent. An answer is what stood when its
    /// batch was committed.
    ///
    /// # Errors
    /// As for [`add`](Self::add); batches committed before the failure stay.
    pub fn add_all(&self, records: Vec<Record>, mut ingest: Ingest<'_>) -> Result<Vec<Resolution>> {
        let total = records.len() as u64;
        let mut answers = Vec::with_capacity(records.len());
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let batch: Vec<Record> = records.by_ref().take(ingest.batch.max(1)).collect();
            answers.extend(self.add_batch(batch, ingest.now)?);
            if let Some(progress) = &mut ingest.progress {
                progress(Progress { phase: Phase::Writing, done: answers.len() as u64, total });
            }
        }
        Ok(answers)
    }

    fn add_batch(&self, records: Vec<Record>, now: Option<Timestamp>) -> Result<Vec<Resolution>> {
        let rules = self.rules();
        let read = |rules: &Ruling, record: &Arc<Record>| Reading::of(rules, self.seed, Arc::clone(record), now);
        let records: Vec<Arc<Record>> = records.into_iter().map(Arc::new).collect();
        let readings: Vec<Reading> = records.iter().map(|record| read(&rules, record)).collect();
        self.write(|planner| {
            if planner.rules.fingerprint == rules.fingerprint {
                return plan_all(planner, &readings);
            }
            // The policy was set between reading the records and having one's turn.
            let readings: Vec<Reading> = records.iter().map(|record| read(planner.rules, record)).collect();
            plan_all(planner, &readings)
        })
    }

    /// Takes in one event: its identifiers link it to people as those of a record do. The answer is final when it
    /// returns; the profile in it is whose the event is. A known event of the same or a later version changes nothing.
    ///
    /// The events of one source with the same identifiers are one vertex of the graph, a trail: a million page views
    /// of a device cost resolution as much as one. O(1) for a further event of a trail, but where a value that others
    /// claim too is claimed anew for a time in the past; then its region is resolved.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, Policy, Record, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let at = "2026-01-05T10:00:00Z".parse()?;
    /// let ann = resolver.add(Record::new("crm", "1", at).identifier("email", "ann@example.org"))?;
    /// let login = Event::new("web", "v-1", "2026-01-06T10:00:00Z".parse()?, EventKind::View)
    ///     .identifier("email", "ann@example.org")
    ///     .identifier("device_id", "tablet");
    /// let view = Event::new("web", "v-2", "2026-01-06T10:01:00Z".parse()?, EventKind::View)
    ///     .identifier("device_id", "tablet");
    /// assert_eq!(resolver.add_event(login)?.profile, ann.profile);
    /// assert_eq!(resolver.add_event(view)?.profile, ann.profile);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn add_event(&self, event: Event) -> Result<Resolution> {
        let answers = self.add_events(vec![event], Ingest { batch: 1, ..Ingest::default() })?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }

    /// Takes in events, a batch a commit, and answers for each in the order sent. An answer is what stood when its batch
    /// was committed.
    ///
    /// # Errors
    /// As for [`add_event`](Self::add_event); batches committed before the failure stay.
    pub fn add_events(&self, events: Vec<Event>, mut ingest: Ingest<'_>) -> Result<Vec<Resolution>> {
        let total = events.len() as u64;
        let mut answers = Vec::with_capacity(events.len());
        let mut events = events.into_iter().peekable();
        while events.peek().is_some() {
            let batch: Vec<Arc<Event>> = events.by_ref().take(ingest.batch.max(1)).map(Arc::new).collect();
            answers.extend(self.add_event_batch(&batch, ingest.now)?);
            if let Some(progress) = &mut ingest.progress {
                progress(Progress { phase: Phase::Writing, done: answers.len() as u64, total });
            }
        }
        Ok(answers)
    }

    fn add_event_batch(&self, events: &[Arc<Event>], now: Option<Timestamp>) -> Result<Vec<Resolution>> {
        let rules = self.rules();
        let read = |rules: &Ruling| -> Vec<EventReading> {
            events.iter().map(|event| EventReading::of(rules, self.seed, Arc::clone(event), now)).collect()
        };
        let readings = read(&rules);
        self.write(|planner| {
            if planner.rules.fingerprint == rules.fingerprint {
                return plan_events(planner, &readings);
            }
            // The policy was set between reading the events and having one's turn.
            plan_events(planner, &read(planner.rules))
        })
    }

    /// Removes an event: what is left is as if it had never been sent. None if there was no such event.
    ///
    /// # Errors
    /// `Store` where writing failed.
    pub fn remove_event(&self, key: &RecordKey) -> Result<Option<Resolution>> {
        self.remove_told(What::Event, key)
    }

    /// Removes a consent: what is left is as if it had never been told. Who changes their mind withdraws it, by another;
    /// this is for what was told by mistake. None if there was no such consent.
    ///
    /// # Errors
    /// `Store` where writing failed.
    pub fn remove_consent(&self, key: &RecordKey) -> Result<Option<Resolution>> {
        self.remove_told(What::Consent, key)
    }

    fn remove_told(&self, what: What, key: &RecordKey) -> Result<Option<Resolution>> {
        self.write(|planner| {
            if !planner.remove_event(hash_of(planner.seed, what, key))? {
                return Ok(None);
            }
            planner.settle()?;
            Ok(Some(planner.sum_up()))
        })
    }

    /// Removes events in one commit; answers how many there were.
    ///
    /// # Errors
    /// `Store` where writing failed.
    pub fn remove_events(&self, keys: &[RecordKey]) -> Result<u64> {
        self.write(|planner| {
            let mut removed = 0;
            for key in keys {
                removed += u64::from(planner.remove_event(hash_of(planner.seed, What::Event, key))?);
            }
            planner.settle()?;
            Ok(removed)
        })
    }

    /// Takes a full refresh of a source: what is sent is taken in, and what the source no longer has is removed.
    ///
    /// # Errors
    /// `Input` where a record names another source (nothing is done); else as for [`add`](Self::add).
    pub fn replace_source(&self, source: &str, records: Vec<Record>, ingest: Ingest<'_>) -> Result<ReplaceReport> {
        if let Some(stray) = records.iter().find(|record| record.key.source != source) {
            return Err(Error::input("record", format!("is of source `{}`, not `{source}`", stray.key.source)));
        }
        let sent: AHashSet<SmolStr> = records.iter().map(|record| record.key.key.clone()).collect();
        let batch = ingest.batch.max(1);
        let mut report = ReplaceReport::default();
        for answer in self.add_all(records, ingest)? {
            if answer.because.contains(&Because::Erased) {
                report.refused += 1;
            } else if answer.because.contains(&Because::Unchanged) {
                report.unchanged += 1;
            } else {
                report.changed += 1;
            }
            report.issues.extend(answer.issues);
        }
        let mut absent = Vec::new();
        self.view()?.evidence(&mut |record| {
            if record.key.source == source && !sent.contains(&record.key.key) {
                absent.push(record.key.clone());
            }
        })?;
        for keys in absent.chunks(batch) {
            report.removed += self.remove_all(keys)?;
        }
        Ok(report)
    }

    /// Removes a record: what is left is as if it had never been sent. Answers for the profile that it was in: the ids
    /// of its parts if it fell apart. None if there was no such record.
    ///
    /// # Errors
    /// `Store` where writing failed.
    pub fn remove(&self, key: &RecordKey) -> Result<Option<Resolution>> {
        self.write(|planner| {
            if !planner.remove(hash_key(planner.seed, key))? {
                return Ok(None);
            }
            planner.settle()?;
            Ok(Some(planner.sum_up()))
        })
    }

    /// Removes records in one commit; answers how many there were.
    ///
    /// # Errors
    /// `Store` where writing failed.
    pub fn remove_all(&self, keys: &[RecordKey]) -> Result<u64> {
        self.write(|planner| {
            let mut removed = 0;
            for key in keys {
                removed += u64::from(planner.remove(hash_key(planner.seed, key))?);
            }
            planner.settle()?;
            Ok(removed)
        })
    }

    /// Takes a steward's word on two records, present or not. The last word on a pair stands. One on a record that was
    /// [erased](Self::erase) is not taken.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    pub fn assert(&self, assertion: Assertion) -> Result<Resolution> {
        self.write(|planner| {
            if planner.refuses_word(&assertion)? {
                return Ok(Resolution { because: vec![Because::Erased], ..Resolution::default() });
            }
            let (a, b) = hash_pair(planner, &assertion.a, &assertion.b);
            planner.say(a, b, Some(assertion.clone()))?;
            planner.settle()?;
            let by = assertion.by.clone();
            let mut because = vec![Because::Assertion { by }];
            let refused = planner.overlay.withheld_row(WithheldKey::Join(a.min(b), a.max(b)))?;
            because.extend(refused.map(|row| Because::Withheld { kind: None, reason: row.reason }));
            let profile = planner.profile_of(a)?.or(planner.profile_of(b)?);
            Ok(Resolution { profile, because, ..planner.sum_up() })
        })
    }

    /// Says that two records are one person.
    ///
    /// # Errors
    /// `Input` where both are the same record; else as for [`assert`](Self::assert).
    pub fn join(&self, a: RecordKey, b: RecordKey, by: &str, why: &str) -> Result<Resolution> {
        self.assert(Assertion::new(Verdict::Join, a, b, by, why)?)
    }

    /// Says that two records are two people.
    ///
    /// # Errors
    /// As for [`join`](Self::join).
    pub fn separate(&self, a: RecordKey, b: RecordKey, by: &str, why: &str) -> Result<Resolution> {
        self.assert(Assertion::new(Verdict::Separate, a, b, by, why)?)
    }

    /// Takes back what was said of two records. None if nothing was.
    ///
    /// # Errors
    /// `Store` where writing failed.
    pub fn lift(&self, a: &RecordKey, b: &RecordKey) -> Result<Option<Resolution>> {
        self.write(|planner| {
            let (one, other) = hash_pair(planner, a, b);
            if !planner.say(one, other, None)? {
                return Ok(None);
            }
            planner.settle()?;
            let profile = planner.profile_of(one)?.or(planner.profile_of(other)?);
            Ok(Some(Resolution { profile, ..planner.sum_up() }))
        })
    }

    /// Carries out an operation as it comes from a file. None if there was nothing to undo.
    ///
    /// # Errors
    /// As for the call that it stands for.
    pub fn apply(&self, operation: Operation) -> Result<Option<Resolution>> {
        match operation {
            Operation::Add(record) => self.add(record).map(Some),
            Operation::Remove(key) => self.remove(&key),
            Operation::Event(event) => self.add_event(*event).map(Some),
            Operation::RemoveEvent(key) => self.remove_event(&key),
            Operation::RemoveConsent(key) => self.remove_consent(&key),
            Operation::Assert(assertion) => self.assert(assertion).map(Some),
            Operation::Lift { a, b } => self.lift(&a, &b),
            Operation::Erase { identifier, request } => {
                let because = vec![Because::Erased];
                let erased = self.erase(&identifier, &request)?;
                Ok(erased.anything().then(|| Resolution { because, ..Resolution::default() }))
            }
        }
    }

    /// Plans on the present revision and commits; where another writer came first, plans again.
    pub(super) fn write<T>(&self, plan: impl Fn(&mut Planner<'_>) -> Result<T>) -> Result<T> {
        self.write_seeing(|_, planner| plan(planner))
    }

    /// As [`write`](Self::write), for a plan that also asks what stands at the revision that it is made on.
    pub(super) fn write_seeing<T>(&self, plan: impl Fn(&View, &mut Planner<'_>) -> Result<T>) -> Result<T> {
        let _one_writer = self.lock();
        let mut tries = 0;
        loop {
            tries += 1;
            let outcome = self.try_write(&plan);
            match outcome {
                Err(error) if error.kind() == ErrorKind::Conflict && tries < TRIES_MAX => {}
                outcome => return outcome,
            }
        }
    }

    fn try_write<T>(&self, plan: &dyn Fn(&View, &mut Planner<'_>) -> Result<T>) -> Result<T> {
        let snapshot = self.store.snapshot(&self.tenant)?;
        let (rules, meta) = self.meta_of(&*snapshot)?;
        if meta.unresolved {
            drop(snapshot);
            self.finish_load()?;
            return self.try_write(plan);
        }
        let view = View {
            snapshot: Arc::clone(&snapshot),
            rules: Arc::clone(&rules),
            seed: self.seed,
            meta: meta.clone(),
            audit: None,
        };
        let mut planner = Planner::new(&*snapshot, &rules, (self.seed, &self.secrets), meta);
        let answer = plan(&view, &mut planner)?;
        drop(view);
        if !planner.changed() {
            return Ok(answer);
        }
        let batch = planner.into_batch()?;
        // A store may write in place once nobody looks at what was.
        drop(snapshot);
        self.store.commit(&self.tenant, batch)?;
        Ok(answer)
    }
}

fn hash_pair(planner: &Planner<'_>, a: &RecordKey, b: &RecordKey) -> (KeyHash, KeyHash) {
    (hash_key(planner.seed, a), hash_key(planner.seed, b))
}

/// Plans records in turn, settles what they stirred, and answers for each.
pub(super) fn plan_all(planner: &mut Planner<'_>, readings: &[Reading]) -> Result<Vec<Resolution>> {
    if readings.len() > 1 {
        let keys: Vec<KeyHash> = readings.iter().map(|reading| reading.key).collect();
        let mut values: Vec<ValueHash> = readings.iter().flat_map(|reading| &reading.links).map(|l| l.value).collect();
        values.sort_unstable();
        values.dedup();
        let mut blocks: Vec<ValueHash> = readings.iter().flat_map(|reading| &reading.blocks).copied().collect();
        blocks.sort_unstable();
        blocks.dedup();
        planner.overlay.warm_up(&keys, &values, &blocks)?;
    }
    let readings = planner.tombstones().correct(planner.rules, readings)?;
    let added = readings.iter().map(|reading| planner.add(reading)).collect::<Result<Vec<Added>>>()?;
    planner.settle()?;
    readings.iter().zip(added).map(|(reading, added)| planner.answer(reading, added)).collect()
}

impl Planner<'_> {
    pub(super) fn into_batch(mut self) -> Result<Batch> {
        if self.overlay.meta()?.is_none() {
            self.overlay.put_policy(self.rules.policy().to_json()?.into());
        }
        self.tell_affected()?;
        self.tell_possible()?;
        self.count_deeds()?;
        let (expected, generation) = (self.overlay.revision(), self.meta.generation);
        self.overlay.put_meta(self.meta);
        let (changes, feed) = self.overlay.into_changes();
        Ok(Batch { expected, generation, changes, feed })
    }

    fn profile_of(&self, key: KeyHash) -> Result<Option<crate::id::ProfileId>> {
        let Some(number) = self.overlay.number(key)? else { return Ok(None) };
        let Some(node) = self.overlay.node(number)? else { return Ok(None) };
        Ok(self.overlay.cluster(node.cluster)?.map(|cluster| self.id(cluster.profile)))
    }

    /// What the plan did to profiles as a whole.
    fn sum_up(&self) -> Resolution {
        let mut joined: Vec<ProfileNumber> = self.merged.iter().map(|(from, _)| *from).collect();
        let mut parted: Vec<ProfileNumber> = self.parted.iter().flat_map(|(_, into)| into.iter().copied()).collect();
        joined.sort_unstable();
        parted.sort_unstable();
        parted.dedup();
        let id = |profile: &ProfileNumber| self.id(*profile);
        let (joined, parted) = (joined.iter().map(id).collect(), parted.iter().map(id).collect());
        Resolution { joined, parted, ..Resolution::default() }
    }

    fn answer(&self, reading: &Reading, added: Added) -> Result<Resolution> {
        let profile = match self.overlay.number(reading.key)?.map(|number| self.overlay.node(number)).transpose()? {
            Some(Some(node)) => self.overlay.cluster(node.cluster)?.map(|cluster| cluster.profile),
            _ => None,
        };
        let issues = reading.issues.clone();
        let mut answer =
            Resolution { profile: profile.map(|profile| self.id(profile)), issues, ..Resolution::default() };
        answer.because = match added {
            Added::Unchanged => vec![Because::Unchanged],
            Added::Quarantined => vec![Because::Quarantined],
            Added::Refused => vec![Because::Erased],
            Added::Taken => self.reasons(reading)?,
        };
        let Some(profile) = profile.filter(|_| added == Added::Taken) else { return Ok(answer) };
        self.tell_moves(profile, &mut answer);
        Ok(answer)
    }

    /// Tells which ids came to lead to a profile, and which parts fell off it.
    pub(super) fn tell_moves(&self, profile: ProfileNumber, answer: &mut Resolution) {
        let joined = self.merged.iter().filter(|(_, into)| *into == profile);
        answer.joined = joined.map(|(from, _)| self.id(*from)).collect();
        let parted = self.parted.iter().filter(|(from, into)| *from == profile || into.contains(&profile));
        answer.parted = parted.flat_map(|(_, into)| into).map(|part| self.id(*part)).collect();
        answer.parted.retain(|part| Some(*part) != answer.profile);
    }

    /// The likeliest link that holds the record where it is, and why others do not.
    fn likeness(&self, reading: &Reading) -> Result<Vec<Because>> {
        let number = self.overlay.number(reading.key)?;
        let Some(node) = number.map(|number| self.overlay.node(number)).transpose()?.flatten() else {
            return Ok(Vec::new());
        };
        let (mut because, mut best) = (Vec::new(), None);
        let others: Vec<RecordNumber> = node.edges().iter().map(|(other, _)| *other).collect();
        for ((_, weight), other) in node.edges().iter().zip(self.overlay.nodes(&others)?) {
            let Some(other) = other else { continue };
            if other.cluster == node.cluster {
                best = best.max(Some(*weight).filter(|weight| is_link(self.rules.linker(), *weight)));
            } else if let Some(end) = other.vertex.key_hash(self.seed)
                && let Some(row) = self.overlay.withheld_row(link_key(reading.key, end))?
            {
                because.push(Because::Withheld { kind: None, reason: row.reason });
            }
        }
        because.extend(best.map(|weight| Because::Likeness { weight }));
        Ok(because)
    }

    /// How values hold a record or trail where it is.
    pub(super) fn reasons_of(&self, links: &[Link], because: &mut Vec<Because>) -> Result<()> {
        for link in links {
            let Some(kind) = self.rules.kinds.get(usize::from(link.kind)) else { continue };
            let Some(posting) = self.overlay.posting(link.value)? else { continue };
            match posting.state {
                ValueState::Clear if posting.carriers.len() > 1 && kind.links != Links::None => {
                    because.push(Because::Identifier { kind: kind.name.clone() });
                }
                ValueState::Contested { .. } | ValueState::Inert { .. } => {
                    if let Some(row) = self.overlay.withheld_row(WithheldKey::Value(link.value))? {
                        because.push(Because::Withheld { kind: Some(kind.name.clone()), reason: row.reason });
                    } else {
                        because.push(Because::Identifier { kind: kind.name.clone() });
                    }
                }
                ValueState::Clear | ValueState::Generic => {}
            }
        }
        Ok(())
    }

    fn reasons(&self, reading: &Reading) -> Result<Vec<Because>> {
        let mut because = Vec::new();
        self.reasons_of(&reading.links, &mut because)?;
        because.extend(self.likeness(reading)?);
        if self.meta.counts.assertions > 0 {
            let rows = self.overlay.assertions(&[reading.key])?;
            because.extend(rows.into_iter().map(|row| Because::Assertion { by: row.assertion.by }));
        }
        because.sort_unstable();
        because.dedup();
        if because.is_empty() {
            because.push(Because::Alone);
        }
        Ok(because)
    }
}

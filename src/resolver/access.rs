//! What somebody is told who asks what is kept of them: all that is certainly theirs, and nothing of anybody else.

use super::access_told::KeptFor;
use super::moments::each_event;
use super::read::View;
use crate::audit::{AuditAction, AuditEntry};
use crate::error::Result;
use crate::event::Event;
use crate::golden::fold;
use crate::id::{KeyHash, Link, ProfileId, RecordNumber};
use crate::identifier::{hash_key, hash_trail, links};
use crate::journey::Verification;
use crate::normalise::{normalise, normalise_identifiers, said_of};
use crate::operation::Operation;
use crate::policy::{Compare, Links, Role};
use crate::profile::{Golden, Status};
use crate::record::{Identifier, Record, Verdict};
use crate::store::{Node, ValueState};
use crate::time::Timestamp;
use crate::value::Fact;
use ahash::AHashMap;
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// What two people who share an address differ in.
pub(super) const PERSONAL: [Compare; 3] = [Compare::GivenName, Compare::FullName, Compare::Date];

/// A request for access, as a data subject makes it (General Data Protection Regulation, Article 15).
///
/// # Examples
/// ```
/// use onefold::{AccessRequest, Identifier, Verification};
/// let request = AccessRequest::new("dsr-17", "2026-02-01T00:00:00Z".parse()?).proved(Identifier::new("email", "a@x.org"));
/// assert_eq!(request.needed, Verification::TwoIdentifiers);
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct AccessRequest {
    /// The name of the request.
    pub id: SmolStr,
    /// When it is answered.
    pub now: Timestamp,
    /// The identifiers that the subject proved to be theirs: by a code that was sent to an address, by a signature.
    pub proved: Vec<Identifier>,
    /// Whether the subject is signed in, under the first of these.
    pub signed_in: bool,
    /// What must be proved: two identifiers, where nothing else is said.
    pub needed: Verification,
    /// The audit log, or those of its entries that may be about the subject.
    pub log: Vec<AuditEntry>,
}

impl AccessRequest {
    /// Who a data subject is in the audit log.
    pub const ACTOR: &'static str = "data subject";

    /// The source of what a data subject says who [asks](crate::Asks) for something.
    pub const SOURCE: &'static str = "data_subject";

    /// Names a request of somebody who has proved nothing.
    pub fn new(id: impl Into<SmolStr>, now: Timestamp) -> Self {
        Self {
            id: id.into(),
            now,
            proved: Vec::new(),
            signed_in: false,
            needed: Verification::TwoIdentifiers,
            log: Vec::new(),
        }
    }

    /// Adds an identifier that was proved.
    #[must_use]
    pub fn proved(mut self, identifier: Identifier) -> Self {
        self.proved.push(identifier);
        self
    }

    /// Says that the subject is signed in.
    #[must_use]
    pub fn signed_in(mut self) -> Self {
        self.signed_in = true;
        self
    }

    /// Sets what must be proved.
    #[must_use]
    pub fn needed(mut self, needed: Verification) -> Self {
        self.needed = needed;
        self
    }

    /// Adds entries of the audit log: the subject is told those that are about them. Of a long log, bring those under ids
    /// that lead to one profile ([`View::resolve_id`]).
    #[must_use]
    pub fn log(mut self, entries: impl IntoIterator<Item = AuditEntry>) -> Self {
        self.log.extend(entries);
        self
    }
}

/// Shows the name of the request and the kinds that were proved.
impl fmt::Debug for AccessRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<&SmolStr> = self.proved.iter().map(|identifier| &identifier.kind).collect();
        write!(f, "AccessRequest({}, {kinds:?}, needed {:?})", self.id, self.needed)
    }
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AccessStatus {
    /// It was answered.
    Completed,
    /// Too little was proved.
    NotProved,
    /// What was proved leads to nobody, or is not one person's own.
    NotFound,
}

impl AccessStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::NotProved => "not_proved",
            Self::NotFound => "not_found",
        }
    }
}

/// What was proved by who asks for something.
pub(super) struct Proof {
    pub(super) status: AccessStatus,
    pub(super) level: Verification,
    pub(super) profile: Option<ProfileId>,
}

/// The answer to a request for access.
#[derive(Clone, PartialEq)]
pub struct AccessReport {
    /// The name of the request.
    pub request: SmolStr,
    /// When it was answered.
    pub at: Timestamp,
    /// What became of it; where it was not answered, the rest is empty.
    pub status: AccessStatus,
    /// What was proved.
    pub proof: Verification,
    /// The profile.
    pub profile: Option<ProfileId>,
    /// The identifiers that are certainly theirs, in the form of their kinds.
    pub identifiers: Vec<Identifier>,
    /// What sources told of them, as it was sent.
    pub records: Vec<Arc<Record>>,
    /// What they did and allowed, as it was sent, and what they were given once and for all; the newest first.
    pub events: Vec<Arc<Event>>,
    /// What is inferred: the values that survive of those that the records tell.
    pub golden: Golden,
    /// The purposes for which attributes, kinds of identifier and kinds of event may be read.
    pub purposes: BTreeMap<SmolStr, Vec<SmolStr>>,
    /// For how long each of these is kept.
    pub kept: Vec<KeptFor>,
    /// Who read or changed them, when and what for: the entries of the log that the request brought, under any id that leads
    /// to what is certainly theirs, in the order of the log.
    pub log: Vec<AuditEntry>,
    /// Records of the profile that may be somebody else's: they are in it by likeness or by an identifier that is not one
    /// person's own.
    pub records_left_out: u64,
    /// Events of the profile that may be somebody else's: on devices, and under such identifiers.
    pub events_left_out: u64,
    /// Entries of the log under ids of the profile that may have been somebody else's before a merge.
    pub log_left_out: u64,
}

impl View {
    /// Tells a data subject what is kept of them: what is tied to an identifier that they proved by identifiers of their
    /// own, or by a steward's word. An identifier of a person or a contact is somebody's own where no other profile carries
    /// it, and all records that carry a contact and tell a given or whole name, or a date, tell the same: `Anna` and
    /// `Annabelle` under one phone may be twins. Nothing that is in the profile by likeness, by a contested value or by a
    /// device alone is told: it may be a relative's. What is left out is counted.
    ///
    /// They are told for how long what is theirs is kept, and, where the request brings the audit log, who read or changed it:
    /// by name, as the log has it. Where the names of people at work are not to be told, let the log have those of programs
    /// and desks.
    ///
    /// Where the resolver has an [audit log](crate::Resolver::with_audit), that they were told is recorded.
    ///
    /// O(members and events of the profile, and entries of the log).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{AccessRequest, AccessStatus, Identifier, Policy, Record, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let at = "2026-01-05T10:00:00Z".parse()?;
    /// let ann = Record::new("crm", "42", at).identifier("customer_id", "C42").identifier("email", "ann@example.org");
    /// resolver.add(ann.attribute("given_name", "Ann"))?;
    /// resolver.add(Record::new("web", "7", at).identifier("email", "ann@example.org").attribute("city", "Graz"))?;
    /// let request = AccessRequest::new("dsr-17", "2026-02-01T00:00:00Z".parse()?);
    /// let request = request.proved(Identifier::new("email", "Ann@example.org"));
    /// let view = resolver.view()?;
    /// assert_eq!(view.access(&request)?.status, AccessStatus::NotProved);
    /// let report = view.access(&request.proved(Identifier::new("customer_id", "C42")))?;
    /// assert_eq!((report.records.len(), report.golden.values.len()), (2, 2));
    /// assert!(report.to_json().contains("Graz") && report.to_html().contains("Graz"));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn access(&self, request: &AccessRequest) -> Result<AccessReport> {
        let report = self.report(request)?;
        if let (AccessStatus::Completed, Some(audit)) = (report.status, &self.audit) {
            let (profile, request) = (report.profile, Some(request.id.as_str()));
            audit.record(AccessRequest::ACTOR, AuditAction::Access, profile, None, request, report.at)?;
        }
        Ok(report)
    }

    /// What is told to who asks.
    pub(super) fn report(&self, request: &AccessRequest) -> Result<AccessReport> {
        let Proof { status, level, profile } = self.prove(request)?;
        let mut report = AccessReport {
            request: request.id.clone(),
            at: request.now,
            status: if status == AccessStatus::Completed { AccessStatus::NotFound } else { status },
            proof: level,
            profile: None,
            identifiers: Vec::new(),
            records: Vec::new(),
            events: Vec::new(),
            golden: Golden::default(),
            purposes: BTreeMap::new(),
            kept: Vec::new(),
            log: Vec::new(),
            records_left_out: 0,
            events_left_out: 0,
            log_left_out: 0,
        };
        if let Some(id) = profile {
            self.answer(id, request, &mut report)?;
        }
        Ok(report)
    }

    /// Whose what was proved is, if it is one person's and enough.
    pub(super) fn prove(&self, request: &AccessRequest) -> Result<Proof> {
        let (mut profiles, mut proved) = (BTreeSet::new(), BTreeSet::new());
        let mut is_held = true;
        for identifier in &request.proved {
            let found = self.find(identifier)?;
            is_held &= found.status == Status::Held;
            profiles.extend(found.profile);
            proved.insert(identifier);
        }
        let level = match (request.signed_in, proved.len()) {
            (_, 0) => Verification::None,
            (true, _) => Verification::SignedIn,
            (false, 1) => Verification::OneIdentifier,
            (false, _) => Verification::TwoIdentifiers,
        };
        let (status, profile) = match (profiles.first(), profiles.len()) {
            _ if level < request.needed => (AccessStatus::NotProved, None),
            (Some(id), 1) if is_held => (AccessStatus::Completed, Some(*id)),
            _ => (AccessStatus::NotFound, None),
        };
        Ok(Proof { status, level, profile })
    }

    fn answer(&self, id: ProfileId, request: &AccessRequest, report: &mut AccessReport) -> Result<()> {
        let Some((number, cluster)) = self.cluster_of(id)? else { return Ok(()) };
        let members = self.members_of(number, &cluster)?;
        let records = self.snapshot.records(&members)?;
        let trails = self.snapshot.trails(&members)?;
        let nodes = self.snapshot.nodes(&members)?;
        let certain = self.certain(&nodes, &records, request)?;
        if certain.is_empty() {
            return Ok(());
        }
        (report.status, report.profile) = (AccessStatus::Completed, Some(id));
        let mut carried: BTreeSet<(u16, SmolStr)> = BTreeSet::new();
        for (place, member) in members.iter().enumerate() {
            let is_certain = certain.contains(&place);
            if let Some(record) = records.get(place).and_then(Option::as_ref) {
                if is_certain {
                    carried.extend(normalise(&self.rules, record).0.identifiers);
                    report.records.push(Arc::clone(record));
                } else {
                    report.records_left_out += 1;
                }
            }
            let Some(trail) = trails.get(place).and_then(Option::as_ref) else { continue };
            if is_certain {
                carried.extend(normalise_identifiers(&self.rules, &trail.identifiers).0);
                all_events(self, *member, &mut report.events)?;
            } else {
                report.events_left_out += trail.events;
            }
        }
        report.identifiers =
            carried.into_iter().filter_map(|(kind, value)| self.rules.identifier(kind, value)).collect();
        for identifier in &report.identifiers {
            let told_of = [Event::LEDGER, Event::DECISIONS].map(|source| hash_trail(self.seed, source, [identifier]));
            for trail in self.snapshot.numbers(&told_of)?.into_iter().flatten() {
                all_events(self, trail, &mut report.events)?;
            }
        }
        report.records.sort_by(|a, b| a.key.cmp(&b.key));
        report.events.sort_by(|a, b| b.by_time(a));
        report.golden = fold(&self.rules, &report.records);
        report.purposes = self.purposes_told(report);
        report.kept = self.kept_for(report);
        let certain = certain.iter().filter_map(|place| members.get(*place)).copied().collect();
        (report.log, report.log_left_out) = self.entries_about(number, &certain, request)?;
        Ok(())
    }

    /// The members, by their places, that are certainly of who proved some identifiers.
    fn certain(
        &self,
        nodes: &[Option<Arc<Node>>],
        records: &[Option<Arc<Record>>],
        request: &AccessRequest,
    ) -> Result<BTreeSet<usize>> {
        let mut carriers: BTreeMap<Link, Vec<usize>> = BTreeMap::new();
        for (place, node) in nodes.iter().enumerate() {
            for link in node.iter().flat_map(|node| &node.links) {
                carriers.entry(*link).or_default().push(place);
            }
        }
        carriers.retain(|link, _| {
            let rule = self.rules.kinds.get(usize::from(link.kind));
            rule.is_some_and(|rule| rule.role.makes_known() && rule.links == Links::All)
        });
        let values: Vec<_> = carriers.keys().map(|link| link.value).collect();
        let postings = self.snapshot.postings(&values)?;
        let sayings: Vec<Vec<Fact>> = records
            .iter()
            .map(|record| record.as_ref().map(|record| said_of(&self.rules, record, &PERSONAL)).unwrap_or_default())
            .collect();
        let mut own: AHashMap<Link, Vec<usize>> = AHashMap::new();
        for ((link, places), posting) in carriers.into_iter().zip(postings) {
            let is_clear = posting.is_some_and(|posting| {
                posting.state == ValueState::Clear && posting.carriers.len() == places.len() as u64
            });
            let is_person = self.rules.kinds.get(usize::from(link.kind)).is_some_and(|rule| rule.role == Role::Person);
            if is_clear && (is_person || is_of_one(&places, &sayings)) {
                own.insert(link, places);
            }
        }
        let joined = self.joined(nodes)?;
        let proved = request.proved.iter().filter_map(|identifier| {
            let (identifiers, _) = normalise_identifiers(&self.rules, std::slice::from_ref(identifier));
            links(self.seed, &self.rules, &identifiers).first().copied()
        });
        let mut rest: Vec<usize> = proved.filter_map(|link| own.get(&link)).flatten().copied().collect();
        let mut certain = BTreeSet::new();
        while let Some(place) = rest.pop() {
            if !certain.insert(place) {
                continue;
            }
            let links = nodes.get(place).and_then(Option::as_ref).map(|node| node.links.as_slice()).unwrap_or_default();
            rest.extend(links.iter().filter_map(|link| own.get(link)).flatten());
            rest.extend(joined.get(&place).into_iter().flatten());
        }
        Ok(certain)
    }

    /// What stewards joined, by places.
    fn joined(&self, nodes: &[Option<Arc<Node>>]) -> Result<AHashMap<usize, Vec<usize>>> {
        let key = |node: &Option<Arc<Node>>| node.as_ref()?.vertex.key_hash(self.seed);
        let places: AHashMap<KeyHash, usize> =
            nodes.iter().enumerate().filter_map(|(place, node)| Some((key(node)?, place))).collect();
        let keys: Vec<KeyHash> = places.keys().copied().collect();
        let mut joined: AHashMap<usize, Vec<usize>> = AHashMap::new();
        for row in self.snapshot.assertions(&keys)? {
            let (a, b) = (hash_key(self.seed, &row.assertion.a), hash_key(self.seed, &row.assertion.b));
            let (Some(&a), Some(&b), Verdict::Join) = (places.get(&a), places.get(&b), row.assertion.verdict) else {
                continue;
            };
            joined.entry(a).or_default().push(b);
            joined.entry(b).or_default().push(a);
        }
        Ok(joined)
    }

    /// What the policy lets be read for what, of the names that a report tells.
    fn purposes_told(&self, report: &AccessReport) -> BTreeMap<SmolStr, Vec<SmolStr>> {
        let policy = &self.rules.policy;
        let mut told: BTreeMap<SmolStr, Vec<SmolStr>> = BTreeMap::new();
        for Identifier { kind, .. } in &report.identifiers {
            told.insert(kind.clone(), policy.purposes_of_kind(kind).to_vec());
        }
        for (name, _) in report.records.iter().flat_map(|record| &record.attributes) {
            let rule = policy.attribute_named(name);
            told.insert(name.clone(), rule.map(|rule| rule.purposes.clone()).unwrap_or_default());
        }
        for event in &report.events {
            told.insert(event.kind.to_string().into(), policy.purposes_of_events(&event.kind).to_vec());
        }
        told
    }
}

impl AccessReport {
    /// What was provided and observed, as operations that another system can read: for a request to take one's data along
    /// (Article 20). What is inferred is not among them.
    pub fn operations(&self) -> impl Iterator<Item = Operation> {
        self.records.iter().map(provided).chain(self.events.iter().map(observed))
    }

    /// Writes the report as JSON, the same bytes for the same report.
    pub fn to_json(&self) -> String {
        let mut object = Map::new();
        object.insert("request".into(), json!(self.request));
        object.insert("at".into(), json!(self.at.to_string()));
        object.insert("status".into(), json!(self.status.name()));
        object.insert("proof".into(), json!(self.proof));
        object.insert("profile".into(), json!(self.profile.map(|id| id.to_string())));
        object.insert("identifiers".into(), json!(self.identifiers));
        let line = |operation: Operation| -> Value { serde_json::from_str(&operation.to_json()).unwrap_or_default() };
        object.insert("provided".into(), self.records.iter().map(provided).map(line).collect());
        object.insert("observed".into(), self.events.iter().map(observed).map(line).collect());
        object.insert("inferred".into(), json!({ "golden": self.golden }));
        object.insert("purposes".into(), json!(self.purposes));
        object.insert("kept".into(), json!(self.kept));
        object.insert("log".into(), self.log.iter().map(entry_told).collect());
        let (records, events, log) = (self.records_left_out, self.events_left_out, self.log_left_out);
        let left_out = json!({ "records": records, "events": events, "log": log });
        object.insert("left_out".into(), left_out);
        Value::Object(object).to_string()
    }
}

/// Whether all that some records tell of an attribute is the same.
fn is_of_one(places: &[usize], sayings: &[Vec<Fact>]) -> bool {
    let mut told: BTreeMap<u16, &[Fact]> = BTreeMap::new();
    let said = places.iter().filter_map(|place| sayings.get(*place));
    said.flat_map(|said| said.chunk_by(|one, other| one.attribute == other.attribute)).all(|said| {
        let attribute = said.first().map_or(0, |fact| fact.attribute);
        *told.entry(attribute).or_insert(said) == said
    })
}

/// Adds the events of a trail.
fn all_events(view: &View, trail: RecordNumber, events: &mut Vec<Arc<Event>>) -> Result<()> {
    each_event(&*view.snapshot, trail, i64::MIN..=i64::MAX, &mut |_, event| {
        events.push(event);
        Ok(())
    })
}

/// Shows how much it tells.
impl fmt::Debug for AccessReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (records, events) = (self.records.len(), self.events.len());
        write!(f, "AccessReport({}, {:?}, {records} records, {events} events)", self.request, self.status)
    }
}

/// An entry of the log, without what chains it.
fn entry_told(entry: &AuditEntry) -> Value {
    let AuditEntry { at, actor, action, purpose, request, .. } = entry;
    json!({ "at": at.to_string(), "actor": actor, "action": action, "purpose": purpose, "request": request })
}

fn provided(record: &Arc<Record>) -> Operation {
    Operation::Add(Record::clone(record))
}

/// What was done, as the operation that tells it.
pub(super) fn observed(event: &Arc<Event>) -> Operation {
    Operation::Event(Box::new(Event::clone(event)))
}

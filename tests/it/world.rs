//! What the model stands on: the evidence as a plain map, and a naive reading of it.
//!
//! The reading covers what the suite sends (trim, lower, digits, email; junk; block; attributes in canonical form but for
//! case and blanks), no more.

use crate::model::{self, Evidence, Key, Kind, Likeness, Live, Moment, Outcome, Person, ScoredLinks, Setup, Standing};
use onefold::{
    Event, Form, Identifier, IdentifierPolicy, Limit, Links, Operation, Policy, Record, RecordKey, Role, Scorer,
    Undeclared, Value, ValueHash, Verdict,
};
use std::collections::{BTreeMap, BTreeSet};

/// All evidence, as it stands.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) policy: Policy,
    pub(crate) records: BTreeMap<Key, Record>,
    pub(crate) events: BTreeMap<Key, Event>,
    pub(crate) words: BTreeMap<(Key, Key), Verdict>,
    pub(crate) erased: Erased,
}

/// What was erased and is to stay away: keys, and identifiers by kind and letters and digits.
#[derive(Clone, Default)]
pub(crate) struct Erased {
    keys: BTreeSet<Evidence>,
    identifiers: BTreeSet<(String, String)>,
}

/// What ties an event to others: its source, and its identifiers as sent.
pub(crate) type Trail = (String, BTreeSet<(String, String)>);

/// What a resolver shows to the outside: its people, and every usable value by (kind, value) with its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) people: BTreeSet<Person>,
    /// Whose each event is that takes part, by its own time.
    pub(crate) attributed: BTreeMap<Key, Person>,
    /// What takes no part: records set aside, and the events of dormant trails.
    pub(crate) quarantined: BTreeSet<Evidence>,
    pub(crate) values: BTreeMap<(String, String), (Standing, Option<Person>)>,
    pub(crate) links: ScoredLinks,
}

pub(crate) fn key(key: &RecordKey) -> Key {
    Key(key.source.to_string(), key.key.to_string())
}

pub(crate) fn pair(a: &RecordKey, b: &RecordKey) -> (Key, Key) {
    let (a, b) = (key(a), key(b));
    if a < b { (a, b) } else { (b, a) }
}

impl World {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            records: BTreeMap::new(),
            events: BTreeMap::new(),
            words: BTreeMap::new(),
            erased: Erased::default(),
        }
    }

    /// Applies an operation.
    pub(crate) fn apply(&mut self, operation: &Operation) {
        if self.refuses(operation) {
            return;
        }
        match operation {
            Operation::Erase { identifier, .. } => self.erase(identifier),
            Operation::Add(record) => {
                let age = |record: &Record| (record.at.microseconds(), record.canonical_json());
                let key = key(&record.key);
                if self.records.get(&key).is_none_or(|old| age(old) < age(record)) {
                    self.records.insert(key, record.clone());
                }
            }
            Operation::Remove(gone) => drop(self.records.remove(&key(gone))),
            Operation::Assert(said) => drop(self.words.insert(pair(&said.a, &said.b), said.verdict)),
            Operation::Lift { a, b } => drop(self.words.remove(&pair(a, b))),
            Operation::Event(event) => {
                let age = |event: &Event| (event.at.microseconds(), event.canonical_json());
                let key = key(&event.key);
                if self.events.get(&key).is_none_or(|old| age(old) < age(event)) {
                    self.events.insert(key, (**event).clone());
                }
            }
            // Consents of scripts have keys of their own.
            Operation::RemoveEvent(gone) | Operation::RemoveConsent(gone) => drop(self.events.remove(&key(gone))),
        }
    }

    fn refuses(&self, operation: &Operation) -> bool {
        let record = |name: &RecordKey| self.erased.keys.contains(&Evidence::Record(key(name)));
        match operation {
            Operation::Add(sent) => record(&sent.key) || self.erased.names(&sent.identifiers),
            Operation::Event(sent) => {
                self.erased.keys.contains(&Evidence::Event(key(&sent.key))) || self.erased.names(&sent.identifiers)
            }
            Operation::Assert(said) => record(&said.a) || record(&said.b),
            _ => false,
        }
    }

    /// Erases whoever holds an identifier.
    fn erase(&mut self, identifier: &Identifier) {
        let picture = self.picture();
        let Some((kind, value)) = values(&self.policy, std::slice::from_ref(identifier)).pop_first() else { return };
        let name = self.policy.identifier[kind].kind.to_string();
        let (mut gone, mut sent) = (BTreeSet::new(), vec![identifier.clone()]);
        if let Some((_, Some(person))) = picture.values.get(&(name, value)) {
            let records = person.iter().filter(|evidence| matches!(evidence, Evidence::Record(_))).cloned();
            let events = picture.attributed.iter().filter(|(_, whose)| *whose == person);
            let events = events.map(|(key, _)| Evidence::Event(key.clone()));
            for evidence in records.chain(events) {
                sent.extend(self.take_away(&evidence));
                gone.insert(evidence);
            }
        }
        let live = self.live();
        let alone = |sent: &&Identifier| {
            let usable = values(&self.policy, std::slice::from_ref(*sent)).pop_first();
            usable.is_some_and(|value| {
                let role = self.policy.identifier[value.0].role;
                matches!(role, Role::Person | Role::Contact) && !live.iter().any(|one| one.identifiers.contains(&value))
            })
        };
        let theirs = Erased { identifiers: sent.iter().filter(alone).map(form).collect(), ..Erased::default() };
        for evidence in self.picture().quarantined {
            let carried = match &evidence {
                Evidence::Record(key) => &self.records[key].identifiers,
                Evidence::Event(key) => &self.events[key].identifiers,
            };
            if theirs.names(carried) {
                self.take_away(&evidence);
                gone.insert(evidence);
            }
        }
        if !gone.is_empty() {
            self.erased.identifiers.extend(theirs.identifiers);
            self.erased.keys.extend(gone);
        }
    }

    fn take_away(&mut self, evidence: &Evidence) -> Vec<Identifier> {
        match evidence {
            Evidence::Record(key) => {
                self.words.retain(|(a, b), _| a != key && b != key);
                self.records.remove(key).map(|record| record.identifiers).unwrap_or_default()
            }
            Evidence::Event(key) => self.events.remove(key).map(|event| event.identifiers).unwrap_or_default(),
        }
    }

    /// Reads all evidence and resolves it from scratch.
    pub(crate) fn picture(&self) -> Picture {
        let setup = setup(&self.policy);
        let live = self.live();
        let likeness = self.scorer().map(|scorer| Likeness {
            scorer,
            records: &self.records,
            sources: self.policy.source.iter().map(|source| (source.name.to_string(), source.unique)).collect(),
        });
        let Outcome { people, attributed, values, links } =
            model::resolve(&setup, likeness.as_ref(), &live, &self.words);
        let name = |kind: usize| self.policy.identifier[kind].kind.to_string();
        let alive: BTreeSet<&Evidence> = people.iter().flatten().collect();
        let quarantined = self.evidence().filter(|evidence| !alive.contains(evidence)).collect();
        Picture {
            quarantined,
            people,
            attributed,
            links,
            values: values.into_iter().map(|((kind, value), standing)| ((name(kind), value), standing)).collect(),
        }
    }

    /// The vertices that take part.
    fn live(&self) -> Vec<Live> {
        let records = self.records.values().filter_map(|record| read(&self.policy, record));
        let trails = self.trails().into_iter();
        records.chain(trails.filter_map(|(trail, events)| read_trail(&self.policy, &trail, &events))).collect()
    }

    /// The events, by what ties them.
    pub(crate) fn trails(&self) -> BTreeMap<Trail, Vec<&Event>> {
        let mut trails: BTreeMap<Trail, Vec<&Event>> = BTreeMap::new();
        for event in self.events.values() {
            trails.entry(trail(event)).or_default().push(event);
        }
        trails
    }

    /// The keys of all evidence.
    pub(crate) fn evidence(&self) -> impl Iterator<Item = Evidence> {
        let events = self.events.keys().cloned().map(Evidence::Event);
        self.records.keys().cloned().map(Evidence::Record).chain(events)
    }

    /// What weighs pairs, if the policy has linkage.
    pub(crate) fn scorer(&self) -> Option<Scorer> {
        self.policy.linkage.is_some().then(|| Scorer::new(self.policy.clone()).unwrap())
    }

    /// The regions: what hangs together by values of every kind, by blocks, by assertions, or by being the same evidence.
    pub(crate) fn connected(&self, from: &BTreeSet<Evidence>) -> BTreeSet<Evidence> {
        let of_record =
            |(key, record): (&Key, &Record)| (Evidence::Record(key.clone()), values(&self.policy, &record.identifiers));
        let of_event =
            |(key, event): (&Key, &Event)| (Evidence::Event(key.clone()), values(&self.policy, &event.identifiers));
        let carried: BTreeMap<Evidence, BTreeSet<model::Value>> =
            self.records.iter().map(of_record).chain(self.events.iter().map(of_event)).collect();
        let blocks: BTreeMap<Evidence, Vec<ValueHash>> = match self.scorer() {
            Some(scorer) => {
                let of = |(key, record): (&Key, &Record)| (Evidence::Record(key.clone()), scorer.blocks(record));
                self.records.iter().map(of).collect()
            }
            None => BTreeMap::new(),
        };
        let mut reached = from.clone();
        loop {
            let before = reached.len();
            let seen: BTreeSet<&model::Value> =
                carried.iter().filter(|(one, _)| reached.contains(one)).flat_map(|(_, values)| values).collect();
            let near: BTreeSet<&ValueHash> =
                blocks.iter().filter(|(one, _)| reached.contains(one)).flat_map(|(_, list)| list).collect();
            let tied = carried.iter().filter(|(_, values)| values.iter().any(|value| seen.contains(value)));
            reached.extend(tied.map(|(one, _)| one.clone()));
            let alike = blocks.iter().filter(|(_, list)| list.iter().any(|block| near.contains(block)));
            reached.extend(alike.map(|(one, _)| one.clone()));
            for (a, b) in self.words.keys() {
                let pair = [a, b].map(|key| Evidence::Record(key.clone()));
                if pair.iter().any(|end| reached.contains(end)) {
                    reached.extend(pair);
                }
            }
            if reached.len() == before {
                return reached;
            }
        }
    }
}

impl Erased {
    fn names(&self, sent: &[Identifier]) -> bool {
        sent.iter().any(|identifier| self.identifiers.contains(&form(identifier)))
    }
}

/// An identifier of the suite, whatever the policy.
fn form(sent: &Identifier) -> (String, String) {
    (sent.kind.to_string(), sent.value.trim().to_lowercase())
}

/// What ties an event to others.
pub(crate) fn trail(event: &Event) -> Trail {
    let sent = event.identifiers.iter().map(|sent| (sent.kind.to_string(), sent.value.to_string()));
    (event.key.source.to_string(), sent.collect())
}

/// The policy with the defaults of section 4.2.
pub(crate) fn setup(policy: &Policy) -> Setup {
    Setup {
        kinds: policy.identifier.iter().map(kind).collect(),
        declared: policy.attribute.iter().map(|rule| rule.name.to_string()).collect(),
        exclusive: policy.attribute.iter().filter(|rule| rule.exclusive).map(|rule| rule.name.to_string()).collect(),
        compare: policy.attribute.iter().map(|rule| (rule.name.to_string(), rule.compare)).collect(),
    }
}

fn kind(policy: &IdentifierPolicy) -> Kind {
    let (links, per_profile, claimants, records) = match policy.role {
        Role::Person => (Links::All, Some(1), None, None),
        Role::Contact => (Links::All, Some(20), Some(20), Some(10_000)),
        Role::Device | Role::Session => (Links::Anonymous, None, Some(20), Some(10_000)),
    };
    let limit = |set: Option<Limit>, default: Option<u64>| match set {
        Some(Limit::AtMost(limit)) => Some(limit),
        Some(Limit::None) => None,
        None => default,
    };
    Kind {
        role: policy.role,
        links: policy.links.unwrap_or(links),
        max_per_profile: limit(policy.max_per_profile, per_profile),
        max_claimants: limit(policy.max_claimants, claimants),
        max_records: limit(policy.max_records, records),
        contested: policy.contested,
        corroborate: policy.corroborate.iter().map(ToString::to_string).collect(),
    }
}

/// Reads a record; none if it is quarantined.
pub(crate) fn read(policy: &Policy, record: &Record) -> Option<Live> {
    let identifiers = values(policy, &record.identifiers);
    if of_two(policy, &identifiers) {
        return None;
    }
    let declared = |name: &str| policy.attribute.iter().any(|rule| rule.name == name);
    if policy.undeclared_attributes == Undeclared::Refuse
        && record.attributes.iter().any(|(name, value)| !declared(name) && !value.is_empty())
    {
        return None;
    }
    let facts = record
        .attributes
        .iter()
        .flat_map(|(name, value)| folded(value).into_iter().map(|value| (name.to_string(), value)).collect::<Vec<_>>());
    let moment = Moment { at: record.at.microseconds(), key: key(&record.key), event: false };
    Some(Live { moments: BTreeSet::from([moment]), identifiers, facts: facts.collect() })
}

/// Reads a trail; none if it is dormant. One without usable identifiers is: it does not tell how many people it is of,
/// where a record is of one.
pub(crate) fn read_trail(policy: &Policy, (_, sent): &Trail, events: &[&Event]) -> Option<Live> {
    let sent: Vec<Identifier> =
        sent.iter().map(|(kind, value)| Identifier::new(kind.as_str(), value.as_str())).collect();
    let identifiers = values(policy, &sent);
    let moment = |event: &&Event| Moment { at: event.at.microseconds(), key: key(&event.key), event: true };
    let moments = events.iter().map(moment).collect();
    let live = Live { moments, identifiers, facts: BTreeSet::new() };
    (!live.identifiers.is_empty() && !of_two(policy, &live.identifiers)).then_some(live)
}

/// Whether the values are of two people: two of a kind of which a person has one.
fn of_two(policy: &Policy, identifiers: &BTreeSet<model::Value>) -> bool {
    setup(policy).kinds.iter().enumerate().any(|(place, kind)| {
        let values = identifiers.iter().filter(|(known, _)| *known == place).count();
        kind.role == Role::Person && kind.max_per_profile == Some(1) && values > 1
    })
}

fn folded(value: &Value) -> Vec<String> {
    match value {
        Value::List(values) => values.iter().flat_map(folded).collect(),
        value if value.is_empty() => Vec::new(),
        value => vec![value.to_string().trim().to_lowercase()],
    }
}

/// The usable identifiers.
pub(crate) fn values(policy: &Policy, sent: &[Identifier]) -> BTreeSet<model::Value> {
    let place = |kind: &str| policy.identifier.iter().position(|rule| rule.kind == kind);
    let usable = sent.iter().filter_map(|sent| {
        let place = place(&sent.kind)?;
        Some((place, usable(&policy.identifier[place], &sent.value)?))
    });
    usable.collect()
}

fn usable(rule: &IdentifierPolicy, sent: &str) -> Option<String> {
    let value = match rule.normalise {
        Form::Trim => sent.trim().to_owned(),
        Form::Lower => sent.trim().to_lowercase(),
        Form::Digits => sent.chars().filter(char::is_ascii_digit).collect(),
        Form::Email => Some(sent.trim().to_lowercase()).filter(|email| email.split('@').count() == 2)?,
        other => unimplemented_form(other),
    };
    let blocked = rule.block.iter().any(|pattern| glob(&pattern.to_lowercase(), &value.to_lowercase()));
    (!junk(sent) && !junk(&value) && !blocked).then_some(value)
}

fn unimplemented_form(form: Form) -> ! {
    panic!("the naive reading does not know the form {form:?}")
}

fn junk(value: &str) -> bool {
    const WORDS: [&str; 8] = ["null", "none", "undefined", "nan", "anonymous", "guest", "n/a", "[object object]"];
    let value = value.trim();
    WORDS.contains(&value.to_lowercase().as_str()) || value.chars().all(|c| c == '0' || c == '-') || value.len() > 1024
}

/// Whether a value matches a pattern in which `*` stands for any run of characters.
fn glob(pattern: &str, value: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == value,
        Some((head, tail)) => value
            .strip_prefix(head)
            .is_some_and(|rest| (0..=rest.len()).any(|cut| rest.is_char_boundary(cut) && glob(tail, &rest[cut..]))),
    }
}

//! What the model stands on: the evidence as a plain map, and a naive reading of it.
//!
//! The reading covers what the suite sends (trim, lower, digits, email; junk; block; attributes in canonical form but for
//! case and blanks), no more.

use crate::model::{self, Key, Kind, Likeness, Live, Outcome, Person, ScoredLinks, Setup, Standing};
use onefold::{
    Form, IdentifierPolicy, Limit, Links, Operation, Policy, Record, RecordKey, Role, Scorer, Undeclared, Value,
    ValueHash, Verdict,
};
use std::collections::{BTreeMap, BTreeSet};

/// All evidence, as it stands.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) policy: Policy,
    pub(crate) records: BTreeMap<Key, Record>,
    pub(crate) words: BTreeMap<(Key, Key), Verdict>,
}

/// What a resolver shows to the outside: its people, and every usable value by (kind, value) with its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) people: BTreeSet<Person>,
    pub(crate) quarantined: BTreeSet<Key>,
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
        Self { policy, records: BTreeMap::new(), words: BTreeMap::new() }
    }

    /// Applies an operation.
    pub(crate) fn apply(&mut self, operation: &Operation) {
        match operation {
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
            event @ (Operation::Event(_) | Operation::RemoveEvent(_)) => {
                panic!("{event:?} is no evidence of the model")
            }
        }
    }

    /// Reads all evidence and resolves it from scratch.
    pub(crate) fn picture(&self) -> Picture {
        let setup = setup(&self.policy);
        let live: Vec<Live> = self.records.values().filter_map(|record| read(&self.policy, record)).collect();
        let likeness = self.scorer().map(|scorer| Likeness {
            scorer,
            records: &self.records,
            sources: self.policy.source.iter().map(|source| (source.name.to_string(), source.unique)).collect(),
        });
        let Outcome { people, values, links } = model::resolve(&setup, likeness.as_ref(), &live, &self.words);
        let name = |kind: usize| self.policy.identifier[kind].kind.to_string();
        let alive: BTreeSet<&Key> = live.iter().map(|record| &record.key).collect();
        Picture {
            people,
            quarantined: self.records.keys().filter(|key| !alive.contains(key)).cloned().collect(),
            links,
            values: values.into_iter().map(|((kind, value), standing)| ((name(kind), value), standing)).collect(),
        }
    }

    /// What weighs pairs, if the policy has linkage.
    pub(crate) fn scorer(&self) -> Option<Scorer> {
        self.policy.linkage.is_some().then(|| Scorer::new(self.policy.clone()).unwrap())
    }

    /// The regions: what hangs together by values of every kind, by blocks, by assertions, or by being the same record.
    pub(crate) fn connected(&self, from: &BTreeSet<Key>) -> BTreeSet<Key> {
        let values = |record: &Record| read_values(&self.policy, record);
        let blocks: BTreeMap<&Key, Vec<ValueHash>> = match self.scorer() {
            Some(scorer) => self.records.iter().map(|(key, record)| (key, scorer.blocks(record))).collect(),
            None => BTreeMap::new(),
        };
        let mut reached = from.clone();
        loop {
            let before = reached.len();
            let seen: BTreeSet<_> = self
                .records
                .iter()
                .filter(|(key, _)| reached.contains(key))
                .collect::<Vec<_>>()
                .into_iter()
                .flat_map(|(_, record)| values(record))
                .collect();
            let near: BTreeSet<ValueHash> =
                blocks.iter().filter(|(key, _)| reached.contains(*key)).flat_map(|(_, list)| list).copied().collect();
            for (key, _) in blocks.iter().filter(|(_, list)| list.iter().any(|block| near.contains(block))) {
                reached.insert((*key).clone());
            }
            for (key, record) in &self.records {
                if values(record).iter().any(|value| seen.contains(value)) {
                    reached.insert(key.clone());
                }
            }
            for (a, b) in self.words.keys() {
                if reached.contains(a) || reached.contains(b) {
                    reached.extend([a.clone(), b.clone()]);
                }
            }
            if reached.len() == before {
                return reached;
            }
        }
    }
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
    let identifiers = read_values(policy, record);
    for (place, kind) in setup(policy).kinds.iter().enumerate() {
        let values = identifiers.iter().filter(|(known, _)| *known == place).count();
        if kind.role == Role::Person && kind.max_per_profile == Some(1) && values > 1 {
            return None;
        }
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
    Some(Live { key: key(&record.key), at: record.at.microseconds(), identifiers, facts: facts.collect() })
}

fn folded(value: &Value) -> Vec<String> {
    match value {
        Value::List(values) => values.iter().flat_map(folded).collect(),
        value if value.is_empty() => Vec::new(),
        value => vec![value.to_string().trim().to_lowercase()],
    }
}

fn read_values(policy: &Policy, record: &Record) -> BTreeSet<(usize, String)> {
    let place = |kind: &str| policy.identifier.iter().position(|rule| rule.kind == kind);
    let usable = record.identifiers.iter().filter_map(|sent| {
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

//! A resolver seen from outside: called as a script says, and pictured as the model pictures itself.

use crate::model::{Evidence, Key, Person, ScoredLinks, Standing};
use crate::script::Call;
use crate::world::{self, Picture, World};
use onefold::store::WithheldKey;
use onefold::{
    Alike, Event, EventKind, Golden, Identifier, Ingest, Member, Operation, ProfileId, Reason, Record, RecordKey,
    Resolver, Rules, Status, StoredEvent, Verdict, Why, fold,
};
use std::collections::{BTreeMap, BTreeSet};

/// Calls a resolver.
pub(crate) fn call(resolver: &Resolver, call: &Call) {
    match call.clone() {
        Call::Apply(operation) => drop(resolver.apply(operation).unwrap()),
        Call::AddAll(records, batch) => {
            let sent = records.len();
            let answers = resolver.add_all(records, ingest(batch)).unwrap();
            assert_eq!(answers.len(), sent, "one answer for each record");
        }
        Call::AddEvents(events, batch) => {
            let sent = events.len();
            let answers = resolver.add_events(events, ingest(batch)).unwrap();
            assert_eq!(answers.len(), sent, "one answer for each event");
        }
        Call::RemoveEvents(keys) => drop(resolver.remove_events(&keys).unwrap()),
        Call::Load(records) => drop(resolver.load(records, Ingest::default()).unwrap()),
        Call::ReplaceSource(source, records) => {
            drop(resolver.replace_source(&source, records, Ingest::default()).unwrap());
        }
        Call::RemoveAll(keys) => drop(resolver.remove_all(&keys).unwrap()),
        Call::SetPolicy(policy) => drop(resolver.set_policy(policy).unwrap()),
    }
}

pub(crate) fn ingest(batch: usize) -> Ingest<'static> {
    Ingest { batch, ..Ingest::default() }
}

impl World {
    /// Does to the model what [`call`] does to a resolver.
    pub(crate) fn call(&mut self, call: &Call) {
        match call {
            Call::Apply(operation) => self.apply(operation),
            Call::AddAll(records, _) | Call::Load(records) => self.add_all(records),
            Call::ReplaceSource(source, records) => {
                let sent: BTreeSet<Key> = records.iter().map(|record| world::key(&record.key)).collect();
                self.records.retain(|key, _| key.0 != *source || sent.contains(key));
                self.add_all(records);
            }
            Call::RemoveAll(keys) => keys.iter().for_each(|key| self.apply(&Operation::Remove(key.clone()))),
            Call::AddEvents(events, _) => {
                events.iter().for_each(|event| self.apply(&Operation::Event(Box::new(event.clone()))));
            }
            Call::RemoveEvents(keys) => keys.iter().for_each(|key| self.apply(&Operation::RemoveEvent(key.clone()))),
            Call::SetPolicy(policy) => self.policy = policy.clone(),
        }
    }

    fn add_all(&mut self, records: &[Record]) {
        records.iter().for_each(|record| self.apply(&Operation::Add(record.clone())));
    }
}

/// The evidence that a call names: what it may change hangs together with some of it.
pub(crate) fn touched(call: &Call, world: &World) -> BTreeSet<Evidence> {
    let record = |key: &RecordKey| Evidence::Record(world::key(key));
    let event = |key: &RecordKey| Evidence::Event(world::key(key));
    let of = |records: &[Record]| records.iter().map(|sent| record(&sent.key)).collect::<BTreeSet<_>>();
    match call {
        Call::Apply(Operation::Add(record)) => of(std::slice::from_ref(record)),
        Call::Apply(Operation::Remove(key)) => BTreeSet::from([record(key)]),
        Call::Apply(Operation::Assert(said)) => BTreeSet::from([record(&said.a), record(&said.b)]),
        Call::Apply(Operation::Lift { a, b }) => BTreeSet::from([record(a), record(b)]),
        Call::Apply(Operation::Event(sent)) => BTreeSet::from([event(&sent.key)]),
        // Whoever it is of may be anybody.
        Call::Apply(Operation::Erase { .. }) => world.evidence().collect(),
        Call::Apply(Operation::RemoveEvent(key) | Operation::RemoveConsent(key)) => BTreeSet::from([event(key)]),
        Call::AddEvents(events, _) => events.iter().map(|sent| event(&sent.key)).collect(),
        Call::RemoveEvents(keys) => keys.iter().map(event).collect(),
        Call::AddAll(records, _) | Call::Load(records) => of(records),
        Call::RemoveAll(keys) => keys.iter().map(record).collect(),
        Call::ReplaceSource(source, records) => {
            let theirs = world.records.keys().filter(|key| key.0 == *source).cloned();
            theirs.map(Evidence::Record).chain(of(records)).collect()
        }
        Call::SetPolicy(_) => world.evidence().collect(),
    }
}

/// Who is in which profile; none for the quarantined.
pub(crate) fn homes(resolver: &Resolver) -> BTreeMap<Key, Option<ProfileId>> {
    let mut homes = BTreeMap::new();
    let mut visit = |key: &RecordKey, profile: Option<ProfileId>| {
        assert!(homes.insert(world::key(key), profile).is_none(), "a record is visited twice");
    };
    resolver.live_records(&mut visit).unwrap();
    homes
}

/// The profiles and their records.
pub(crate) fn profiles(resolver: &Resolver) -> BTreeMap<ProfileId, BTreeSet<Key>> {
    let mut profiles: BTreeMap<ProfileId, BTreeSet<Key>> = BTreeMap::new();
    for (key, profile) in homes(resolver) {
        if let Some(profile) = profile {
            profiles.entry(profile).or_default().insert(key);
        }
    }
    profiles
}

/// The events, with what became of them.
pub(crate) fn events(resolver: &Resolver) -> BTreeMap<Key, StoredEvent> {
    let view = resolver.view().unwrap();
    let mut events = BTreeMap::new();
    let mut visit = |event: &Event| {
        let stored = match event.kind {
            EventKind::Consent => view.consent(&event.key),
            _ => view.event(&event.key),
        };
        let stored = stored.unwrap().unwrap();
        assert_eq!(*stored.event, *event);
        assert!(events.insert(world::key(&event.key), stored).is_none(), "an event is visited twice");
    };
    view.events(&mut visit).unwrap();
    events
}

/// The profiles and all that is theirs: their records, and the events of their trails.
pub(crate) fn people(resolver: &Resolver) -> BTreeMap<ProfileId, Person> {
    people_with(resolver, &events(resolver))
}

fn people_with(resolver: &Resolver, events: &BTreeMap<Key, StoredEvent>) -> BTreeMap<ProfileId, Person> {
    let person = |keys: BTreeSet<Key>| keys.into_iter().map(Evidence::Record).collect();
    let mut people: BTreeMap<ProfileId, Person> =
        profiles(resolver).into_iter().map(|(id, keys)| (id, person(keys))).collect();
    for (key, stored) in events {
        if let Some(trail) = stored.trail {
            people.entry(trail).or_default().insert(Evidence::Event(key.clone()));
        }
    }
    people
}

pub(crate) fn picture(resolver: &Resolver) -> Picture {
    let homes = homes(resolver);
    let events = events(resolver);
    let profiles = people_with(resolver, &events);
    let aside = homes.into_iter().filter(|(_, profile)| profile.is_none()).map(|(key, _)| Evidence::Record(key));
    let dormant = events.iter().filter(|(_, stored)| stored.profile.is_none());
    let dormant: Vec<Evidence> = dormant.map(|(key, _)| Evidence::Event(key.clone())).collect();
    let whose = |(key, stored): (&Key, &StoredEvent)| Some((key.clone(), profiles[&stored.profile?].clone()));
    let attributed = events.iter().filter_map(whose).collect();
    let mut values = BTreeMap::new();
    resolver
        .identifiers(&mut |row| {
            let name = (row.kind.to_owned(), row.value.to_owned());
            let holder = row.profile.map(|profile| profiles[&profile].clone());
            assert!(values.insert(name, (standing(row.status), holder)).is_none(), "a value is visited twice");
        })
        .unwrap();
    Picture {
        people: profiles.into_values().collect(),
        attributed,
        links: links(resolver),
        quarantined: aside.chain(dormant).collect(),
        values,
    }
}

/// What came of scored links, other than joins.
fn links(resolver: &Resolver) -> ScoredLinks {
    let mut links = ScoredLinks {
        generic_blocks: resolver.stats().unwrap().counts.generic_blocks as usize,
        ..ScoredLinks::default()
    };
    for row in resolver.withheld(None, usize::MAX).unwrap() {
        if let (WithheldKey::Link(..), [(Member::Record(a), _), (Member::Record(b), _)]) =
            (row.key, row.parts.as_slice())
        {
            let fresh = match row.reason {
                Reason::Possible => links.possible.insert(world::pair(a, b)),
                reason => links.refused.insert(world::pair(a, b), reason).is_none(),
            };
            assert!(fresh && row.likeness.is_some());
        }
    }
    links
}

fn standing(status: Status) -> Standing {
    match status {
        Status::Held => Standing::Held,
        Status::Contested => Standing::Contested,
        Status::Generic => Standing::Generic,
        other => panic!("a usable value is {other:?}"),
    }
}

/// A withheld join: the value (none for a steward's join), the reason, and the people that stay apart.
pub(crate) type WithheldJoin = (Option<(String, String)>, Reason, BTreeSet<Person>);

/// The withheld joins.
pub(crate) fn withheld(resolver: &Resolver) -> BTreeSet<WithheldJoin> {
    let profiles = people(resolver);
    let rows = resolver.withheld(None, usize::MAX).unwrap().into_iter();
    rows.map(|row| {
        let value = row.identifier.map(|value| (value.kind.to_string(), value.value.to_string()));
        let people = row.parts.iter().filter_map(|(_, profile)| profiles.get(&(*profile)?).cloned()).collect();
        (value, row.reason, people)
    })
    .collect()
}

/// The golden records, by the records they are folded from.
pub(crate) fn golden(resolver: &Resolver) -> BTreeMap<BTreeSet<Key>, Golden> {
    let profiles = profiles(resolver).into_iter();
    profiles.map(|(id, person)| (person, resolver.profile(id).unwrap().unwrap().golden)).collect()
}

/// Checks that every way of asking gives the one answer, and that the answers are founded in the evidence.
pub(crate) fn audit(resolver: &Resolver, world: &World) {
    let rules = Rules::new(world.policy.clone()).unwrap();
    let homes = homes(resolver);
    for (Key(source, key), home) in &homes {
        let key = RecordKey::new(source.as_str(), key.as_str());
        assert_eq!(resolver.profile_of(&key).unwrap(), *home);
        let stored = resolver.record(&key).unwrap().unwrap();
        assert_eq!(stored.profile, *home);
        assert_eq!(stored.record.canonical_json(), world.records[&world::key(&key)].canonical_json(), "the evidence");
    }
    let events = events(resolver);
    for (key, stored) in &events {
        assert_eq!(stored.event.canonical_json(), world.events[key].canonical_json(), "the evidence");
    }
    let profiles = people_with(resolver, &events);
    let mut carried: BTreeMap<(String, String), BTreeSet<ProfileId>> = BTreeMap::new();
    for (&id, person) in &profiles {
        assert_eq!(resolver.resolve_id(id).unwrap(), Some(id), "a borne id leads to itself");
        let profile = resolver.profile(id).unwrap().unwrap();
        assert_eq!(profile.id, id);
        assert_eq!(profile.records, resolver.members(id).unwrap());
        assert!(profile.records.is_sorted());
        let happened = person.iter().filter(|evidence| matches!(evidence, Evidence::Event(_))).count();
        assert_eq!(profile.events, happened as u64);
        let records: Vec<&Key> = person.iter().filter_map(|evidence| record_key(evidence)).collect();
        assert_eq!(profile.records.iter().map(world::key).collect::<Vec<_>>().iter().collect::<Vec<_>>(), records);
        let evidence: Vec<&Record> = records.into_iter().map(|key| &world.records[key]).collect();
        assert_eq!(profile.golden, fold(&rules, &evidence), "the golden record is folded from the evidence");
        for alias in &profile.aliases {
            assert_eq!(resolver.resolve_id(*alias).unwrap(), Some(id));
        }
        for row in &profile.identifiers {
            let carriers = person.iter().filter(|evidence| carries(world, evidence, &row.kind, &row.value));
            let carriers: BTreeSet<Vertex> = carriers.map(|evidence| vertex(world, evidence)).collect();
            assert_eq!(row.records, carriers.len() as u64);
            carried.entry((row.kind.to_string(), row.value.to_string())).or_default().insert(id);
        }
        for pair in profile.records.windows(2) {
            let explained = resolver.explain(&pair[0], &pair[1]).unwrap();
            assert!(explained.together);
            let mut place = Member::Record(pair[0].clone());
            for step in &explained.path {
                assert_eq!(step.from, place, "the path is one path");
                let (from, to) = (member(&step.from), member(&step.to));
                match &step.why {
                    Why::Identifier(Identifier { kind, value }) => {
                        assert!(carries(world, &from, kind, value) && carries(world, &to, kind, value));
                    }
                    Why::Likeness { weight, .. } => {
                        let (from, to) = (&world.records[from.key()], &world.records[to.key()]);
                        let score = world.scorer().unwrap().score(from, to).unwrap();
                        assert_eq!((score.weight, score.alike), (*weight, Alike::Link));
                    }
                    Why::Assertion { .. } => {
                        let pair = world::pair(step.from.key(), step.to.key());
                        assert_eq!(world.words.get(&pair), Some(&Verdict::Join));
                        assert!(record_key(&from).is_some() && record_key(&to).is_some(), "words name records");
                    }
                }
                place = step.to.clone();
            }
            assert_eq!(place, Member::Record(pair[1].clone()), "the path arrives");
        }
    }
    resolver
        .identifiers(&mut |row| {
            let found = resolver.find(&Identifier::new(row.kind, row.value)).unwrap();
            assert_eq!((found.profile, found.status), (row.profile, row.status));
            let all = carried.remove(&(row.kind.to_owned(), row.value.to_owned())).unwrap_or_default();
            if row.status == Status::Contested {
                let others: BTreeSet<ProfileId> = found.claimants.iter().copied().chain(found.profile).collect();
                assert_eq!(others, all, "the holder and the other claimants");
            }
        })
        .unwrap();
    assert!(carried.is_empty(), "a profile shows a value that the resolver does not");
    let stats = resolver.stats().unwrap();
    let counts = stats.counts;
    assert_eq!(counts.records, homes.len() as u64);
    assert_eq!(counts.quarantined, homes.values().filter(|home| home.is_none()).count() as u64);
    assert_eq!(counts.profiles, profiles.len() as u64);
    assert_eq!(counts.assertions, world.words.len() as u64);
    assert_eq!(counts.events, world.events.len() as u64);
    let dormant = events.iter().filter(|(_, stored)| stored.profile.is_none());
    let dormant: BTreeSet<Vertex> = dormant.map(|(key, _)| vertex(world, &Evidence::Event(key.clone()))).collect();
    assert_eq!((counts.trails, counts.dormant_trails), (world.trails().len() as u64, dormant.len() as u64));
    let mut standings = BTreeMap::new();
    resolver.identifiers(&mut |row| *standings.entry(row.status).or_insert(0_u64) += 1).unwrap();
    let values = |status| standings.get(&status).copied().unwrap_or(0);
    assert_eq!((counts.generic, stats.contested), (values(Status::Generic), values(Status::Contested)));
    let mut sizes: BTreeMap<u64, u64> = BTreeMap::new();
    let size = |person: &Person| person.iter().map(|one| vertex(world, one)).collect::<BTreeSet<_>>().len() as u64;
    profiles.values().for_each(|person| *sizes.entry(size(person)).or_default() += 1);
    assert_eq!(stats.sizes, sizes.into_iter().collect::<Vec<_>>());
    let withheld = resolver.withheld(None, usize::MAX).unwrap();
    let possible = withheld.iter().filter(|row| row.reason == Reason::Possible).count() as u64;
    assert_eq!((counts.withheld + counts.possible, counts.possible), (withheld.len() as u64, possible));
    assert_eq!(counts.withheld + counts.possible, stats.withheld.iter().map(|(_, joins)| joins).sum::<u64>());
    for join in &withheld {
        let parts: BTreeSet<Option<ProfileId>> = join.parts.iter().map(|(_, profile)| *profile).collect();
        assert_eq!(
            parts.len(),
            join.parts.len(),
            "each part is a profile of its own: {:?} {:?}",
            join.identifier,
            join.parts
        );
        for (part, profile) in &join.parts {
            let home = match member(part) {
                Evidence::Record(key) => homes.get(&key).copied().flatten(),
                Evidence::Event(key) => events.get(&key).and_then(|stored| stored.trail),
            };
            assert_eq!(home, *profile);
        }
        assert!(!join.text.is_empty());
    }
}

fn record_key(evidence: &Evidence) -> Option<&Key> {
    match evidence {
        Evidence::Record(key) => Some(key),
        Evidence::Event(_) => None,
    }
}

fn member(member: &Member) -> Evidence {
    match member {
        Member::Record(key) => Evidence::Record(world::key(key)),
        Member::Trail(first) => Evidence::Event(world::key(first)),
    }
}

/// A record, or the trail of an event.
type Vertex = (Option<Key>, Option<world::Trail>);

fn vertex(world: &World, evidence: &Evidence) -> Vertex {
    match evidence {
        Evidence::Record(key) => (Some(key.clone()), None),
        Evidence::Event(key) => (None, Some(world::trail(&world.events[key]))),
    }
}

fn carries(world: &World, evidence: &Evidence, kind: &str, value: &str) -> bool {
    let place = world.policy.identifier.iter().position(|rule| rule.kind == kind).unwrap();
    let read = match evidence {
        Evidence::Record(key) => world.records.get(key).and_then(|record| world::read(&world.policy, record)),
        Evidence::Event(key) => {
            let event = &world.events[key];
            world::read_trail(&world.policy, &world::trail(event), &[event])
        }
    };
    read.is_some_and(|live| live.identifiers.contains(&(place, value.to_owned())))
}

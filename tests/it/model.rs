//! Resolution a second time, from the text of the design alone: from scratch, quadratic, meant to be read beside it.
//!
//! It knows nothing of the library's algorithms. The nodes are the live vertices, oldest first by (instant, source,
//! key), so that "older" is "smaller" throughout, and after them the records that only assertions know of.
//!
//! A vertex is a record, or a *trail*: all live events of one source with the same identifiers as sent. A trail carries
//! values and belongs to a profile as a record does, and is one carrier however many its events. It has no attributes, no
//! links and no words of stewards. A record has one moment, a trail one for each event; it stands at its oldest.
//!
//! What a trail's other moments do:
//! - In a contest under `latest`, a claimant that is known when the value's turn comes claims at every moment of those
//!   of its trails that carry the value and do not float yet; of all other trails the oldest moment claims. What nobody
//!   known did says nothing of who uses a device: it follows whoever did.
//! - The trails of an unknown claimant that carry the value *float* on it, the first such value that is taken. They stay
//!   in the cluster that the contest gives them. A value that too many claim, that is nobody's, or that links nobody
//!   settles nothing, so nothing floats on it.
//! - An event of a trail that floats is of the profile with the newest claim on that value that is not after the event's
//!   time, by a carrier that does not float; before the first claim, of the cluster's.

use onefold::{Alike, Compare, Contested, Links, ReadRecord, Reason, Record, Role, Scorer, ValueHash, Verdict};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The key of a record: source and key. Ordered like the library's, but `Debug` shows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(pub(crate) String, pub(crate) String);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, self.1)
    }
}

/// The key of a piece of evidence. Records and events have keys of their own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Evidence {
    Record(Key),
    Event(Key),
}

impl Evidence {
    pub(crate) fn key(&self) -> &Key {
        let (Self::Record(key) | Self::Event(key)) = self;
        key
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(key) => write!(f, "{key:?}"),
            Self::Event(key) => write!(f, "event {key:?}"),
        }
    }
}

/// When something was said, and by what. Of a record and an event at one time under one key the record is the older.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) at: i64,
    pub(crate) key: Key,
    pub(crate) event: bool,
}

impl Moment {
    fn evidence(&self) -> Evidence {
        if self.event { Evidence::Event(self.key.clone()) } else { Evidence::Record(self.key.clone()) }
    }
}

/// A kind of identifier with every default filled in.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    pub(crate) role: Role,
    pub(crate) links: Links,
    pub(crate) max_per_profile: Option<u64>,
    pub(crate) max_claimants: Option<u64>,
    pub(crate) max_records: Option<u64>,
    pub(crate) contested: Contested,
    pub(crate) corroborate: Vec<String>,
}

/// What resolution needs of a policy.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// Strongest first.
    pub(crate) kinds: Vec<Kind>,
    /// The names of the declared attributes, in the policy's order.
    pub(crate) declared: Vec<String>,
    /// The names of the exclusive attributes.
    pub(crate) exclusive: Vec<String>,
    /// The kind of each declared attribute.
    pub(crate) compare: BTreeMap<String, Compare>,
}

/// Linkage: what weighs pairs, the evidence that it weighs, and the sources without duplicates in the policy's order.
pub(crate) struct Likeness<'a> {
    pub(crate) scorer: Scorer,
    pub(crate) records: &'a BTreeMap<Key, Record>,
    /// Every source of the policy, and whether it is unique.
    pub(crate) sources: Vec<(String, bool)>,
}

/// A value: the place of its kind, and its normalised form.
pub(crate) type Value = (usize, String);

/// What resolution needs of a live vertex: a record or a trail.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    /// The record's, or those of the trail's events: at least one.
    pub(crate) moments: BTreeSet<Moment>,
    pub(crate) identifiers: BTreeSet<Value>,
    /// Folded values by the name of their attribute; none of a trail.
    pub(crate) facts: BTreeSet<(String, String)>,
}

impl Live {
    fn oldest(&self) -> &Moment {
        self.moments.first().unwrap()
    }

    fn is_trail(&self) -> bool {
        self.oldest().event
    }

    /// The key, if it is a record.
    fn record(&self) -> Option<&Key> {
        (!self.is_trail()).then(|| &self.oldest().key)
    }
}

/// The evidence of one profile.
pub(crate) type Person = BTreeSet<Evidence>;

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    Held,
    Contested,
    Generic,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Every live record is in one of them, and every event with its trail.
    pub(crate) people: BTreeSet<Person>,
    /// Whose each live event is, by its own time.
    pub(crate) attributed: BTreeMap<Key, Person>,
    /// Every usable value, how it stands, and who holds it.
    pub(crate) values: BTreeMap<Value, (Standing, Option<Person>)>,
    pub(crate) links: ScoredLinks,
}

/// What came of scored links, other than joins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ScoredLinks {
    /// Links that were refused, between people who are two in the end.
    pub(crate) refused: BTreeMap<(Key, Key), Reason>,
    /// Possible links between two people.
    pub(crate) possible: BTreeSet<(Key, Key)>,
    pub(crate) generic_blocks: usize,
}

/// Places of nodes.
type Part = BTreeSet<usize>;

struct Table<'a> {
    setup: &'a Setup,
    /// Oldest first.
    live: Vec<&'a Live>,
    /// The live carriers of each value, oldest first.
    carriers: BTreeMap<Value, Vec<usize>>,
    generic: BTreeSet<Value>,
    /// Pairs of nodes.
    separated: Vec<(usize, usize)>,
    /// The clusters so far.
    parts: Vec<Part>,
    /// The trails that float so far, each on its value.
    floats: BTreeMap<usize, Value>,
}

/// Resolves. `words` are the standing assertions, by their pairs (smaller key, larger key).
pub(crate) fn resolve(
    setup: &Setup,
    likeness: Option<&Likeness<'_>>,
    live: &[Live],
    words: &BTreeMap<(Key, Key), Verdict>,
) -> Outcome {
    let mut live: Vec<&Live> = live.iter().collect();
    live.sort_by_key(|vertex| vertex.oldest());

    // A word names a record, never an event of the same key.
    let mut nodes: Vec<Option<&Key>> = live.iter().map(|vertex| vertex.record()).collect();
    for (a, b) in words.keys() {
        for key in [a, b] {
            if !nodes.contains(&Some(key)) {
                nodes.push(Some(key));
            }
        }
    }
    let node = |key: &Key| nodes.iter().position(|known| *known == Some(key)).unwrap();

    let mut carriers: BTreeMap<Value, Vec<usize>> = BTreeMap::new();
    for (place, vertex) in live.iter().enumerate() {
        for value in &vertex.identifiers {
            carriers.entry(value.clone()).or_default().push(place);
        }
    }
    let too_many = |value: &Value, many: usize| setup.kinds[value.0].max_records.is_some_and(|max| many as u64 > max);
    let generic = carriers.iter().filter(|(value, list)| too_many(value, list.len())).map(|(value, _)| value.clone());
    let pairs = |wanted: Verdict| {
        let pairs = words.iter().filter(move |(_, verdict)| **verdict == wanted);
        pairs.map(|((a, b), _)| (node(a), node(b))).collect::<Vec<_>>()
    };

    let mut table = Table {
        setup,
        generic: generic.collect(),
        separated: pairs(Verdict::Separate),
        parts: (0..nodes.len()).map(|place| Part::from([place])).collect(),
        floats: BTreeMap::new(),
        live,
        carriers,
    };
    for (a, b) in pairs(Verdict::Join) {
        let both = table.parts_of(&[a, b]);
        if !table.separates(&both) {
            table.join(&both);
        }
    }
    let crowded: BTreeSet<Value> = (0..setup.kinds.len()).flat_map(|kind| table.take_kind(kind)).collect();
    let links = likeness.map(|likeness| table.take_links(likeness)).unwrap_or_default();
    Outcome { links, ..table.outcome(&crowded) }
}

impl Table<'_> {
    /// Takes the values of a kind; answers with those that too many claim.
    fn take_kind(&mut self, kind: usize) -> Vec<Value> {
        if self.setup.kinds[kind].links == Links::None {
            return Vec::new();
        }
        // (the oldest carrying record, the value's bytes): the order in which values, and groups of them, are taken.
        let mut groups: BTreeMap<(usize, Vec<u8>), (Value, Vec<usize>)> = BTreeMap::new();
        for (value, carriers) in &self.carriers {
            if value.0 != kind || self.generic.contains(value) {
                continue;
            }
            for group in self.groups(kind, carriers) {
                let oldest = *group.iter().min().unwrap();
                groups.insert((oldest, value.1.as_bytes().to_vec()), (value.clone(), group));
            }
        }
        let mut crowded = Vec::new();
        for (value, group) in groups.into_values() {
            if self.take_value(kind, &value, &group) == Claim::TooMany {
                crowded.push(value);
            }
        }
        crowded
    }

    /// Section 4.3, for one value (or for one group of its carriers, where the kind asks for corroboration).
    fn take_value(&mut self, kind: usize, value: &Value, carriers: &[usize]) -> Claim {
        let clusters = self.parts_of(carriers);
        if self.allowed(kind, &clusters) {
            self.join(&clusters);
            return Claim::Settled;
        }
        if self.setup.kinds[kind].contested == Contested::Nobody {
            return Claim::Settled;
        }
        let unknown = |place: &usize| clusters.iter().any(|part| part.contains(place) && !self.known(part));
        let follows =
            |place: &usize| self.live[*place].is_trail() && !self.floats.contains_key(place) && unknown(place);
        let following: Vec<usize> = carriers.iter().copied().filter(follows).collect();
        self.floats.extend(following.iter().map(|&place| (place, value.clone())));

        let oldest = |part: &Part| *carriers.iter().filter(|place| part.contains(place)).min().unwrap();
        let mut clusters = clusters;
        clusters.sort_by_key(oldest);

        let mut opened: Vec<Vec<Part>> = Vec::new();
        for cluster in clusters {
            let before = self.live[oldest(&cluster)].oldest();
            // The latest claim of the part that is not after the cluster's own oldest.
            let latest = |part: &Part| {
                let inside = carriers.iter().filter(|place| part.contains(place));
                inside.flat_map(|&place| self.claims(place)).filter(|claim| *claim < before).max()
            };
            let mut best: Option<(Option<&Moment>, usize)> = None;
            for (place, part) in opened.iter().enumerate() {
                let whole: Part = part.iter().flatten().copied().collect();
                if self.allowed(kind, &[whole.clone(), cluster.clone()]) {
                    best = best.max(Some((latest(&whole), place)));
                }
            }
            match best {
                Some((_, place)) => opened[place].push(cluster),
                None => opened.push(vec![cluster]),
            }
        }
        if self.setup.kinds[kind].max_claimants.is_some_and(|max| opened.len() as u64 > max) {
            self.floats.retain(|place, _| !following.contains(place));
            return Claim::TooMany;
        }
        for part in opened {
            self.join(&part);
        }
        Claim::Settled
    }

    /// When a carrier of a value claims it.
    ///
    /// A value that comes to no contest (its kind links nobody, or nobody corroborates the carrier) is read likewise in
    /// the end: a trail that floats claims at its oldest moment, any other at all of them.
    fn claims(&self, place: usize) -> impl Iterator<Item = &Moment> {
        self.live[place].moments.iter().take(if self.floats.contains_key(&place) { 1 } else { usize::MAX })
    }

    /// The carrier with the newest claim among those that do not float and are not after a time.
    fn claimed_by(&self, value: &Value, at: i64) -> Option<usize> {
        let steady = self.carriers[value].iter().filter(|place| !self.floats.contains_key(place));
        let claims = steady.flat_map(|&place| self.claims(place).map(move |claim| (claim, place)));
        // To the microsecond: a claim at the event's own time counts whatever the keys, since the keys tell no order.
        claims.filter(|(claim, _)| claim.at <= at).max().map(|(_, place)| place)
    }

    /// Whether a value of the kind may bring these clusters together.
    fn allowed(&self, kind: usize, parts: &[Part]) -> bool {
        if self.separates(parts) {
            return false;
        }
        for stronger in 0..=kind {
            let Some(max) = self.setup.kinds[stronger].max_per_profile else { continue };
            let held = parts.iter().map(|part| self.held(stronger, [part])).max().unwrap_or(0);
            if self.held(stronger, parts) > usize::max(max as usize, held) {
                return false;
            }
        }
        let Kind { links, role, .. } = self.setup.kinds[kind];
        if links == Links::Anonymous && parts.iter().filter(|part| self.known(part)).count() > 1 {
            return false;
        }
        role == Role::Person || !self.contradicts(parts)
    }

    /// Section 4.5: scored links, in descending weight, ties by the pair.
    fn take_links(&mut self, likeness: &Likeness<'_>) -> ScoredLinks {
        let mut blocks: BTreeMap<ValueHash, BTreeSet<usize>> = BTreeMap::new();
        for (place, key) in self.live.iter().enumerate().filter_map(|(place, vertex)| Some((place, vertex.record()?))) {
            for block in likeness.scorer.blocks(&likeness.records[key]) {
                blocks.entry(block).or_default().insert(place);
            }
        }
        let before = blocks.len();
        blocks.retain(|_, carriers| carriers.len() as u64 <= likeness.scorer.max_block());
        let mut candidates: BTreeSet<(usize, usize)> = BTreeSet::new();
        for carriers in blocks.values() {
            for (&a, &b) in carriers.iter().flat_map(|a| carriers.iter().map(move |b| (a, b))).filter(|(a, b)| a < b) {
                let source = |place: usize| &self.live[place].record().unwrap().0;
                let same = source(a) == source(b);
                let unique = likeness.sources.iter().any(|(name, unique)| *unique && name == source(a));
                if !(same && unique) {
                    candidates.insert((a, b));
                }
            }
        }
        let key = |place: usize| self.live[place].record().unwrap().clone();
        let pair = |a: usize, b: usize| if key(a) < key(b) { (key(a), key(b)) } else { (key(b), key(a)) };
        let (mut links, mut possible) = (BTreeMap::new(), BTreeMap::new());
        for (a, b) in candidates {
            let score = likeness.scorer.score(&likeness.records[&key(a)], &likeness.records[&key(b)]).unwrap();
            match score.alike {
                Alike::No => {}
                Alike::Possible => drop(possible.insert(pair(a, b), (a, b))),
                Alike::Link => drop(links.insert((Reverse(score.weight), pair(a, b)), (a, b))),
            }
        }
        // What identifiers hold together speaks as one record.
        let said: Vec<Option<ReadRecord>> = (0..self.live.len())
            .map(|place| {
                let [part] = self.parts_of(&[place]).try_into().unwrap();
                let read = |&place: &usize| likeness.scorer.read(&likeness.records[self.live.get(place)?.record()?]);
                part.iter().filter_map(read).reduce(|one, other| one.with(&other))
            })
            .collect();
        let mut refused: BTreeMap<(Key, Key), (Reason, (usize, usize))> = BTreeMap::new();
        for (&(Reverse(weight), ref pair), &(a, b)) in &links {
            let parts = self.parts_of(&[a, b]);
            if let [one, other] = parts.as_slice() {
                // A rival is a link about as heavy, from one of the two to a third that the other may not be with.
                let rivals = links.iter().filter(|((Reverse(rival), _), _)| rival.0 >= weight.0 - 3_000);
                let ambiguous = || {
                    rivals.clone().any(|(_, &(x, y))| {
                        let ends = self.parts_of(&[x, y]);
                        let [from, to] = ends.as_slice() else { return false };
                        let apart = |tied: &Part, third: &Part, second: &Part| {
                            tied != second && third != second && self.refuses(likeness, &said, second, third).is_some()
                        };
                        [(from, to), (to, from)].into_iter().any(|(tied, third)| {
                            (tied == one && apart(tied, third, other)) || (tied == other && apart(tied, third, one))
                        })
                    })
                };
                match self.refuses(likeness, &said, one, other).or_else(|| ambiguous().then_some(Reason::Ambiguous)) {
                    None => self.join(&parts),
                    Some(reason) => drop(refused.insert(pair.clone(), (reason, (a, b)))),
                }
            }
        }
        let apart = |(a, b): (usize, usize)| self.parts_of(&[a, b]).len() == 2;
        ScoredLinks {
            refused: refused
                .into_iter()
                .filter(|(_, (_, ends))| apart(*ends))
                .map(|(pair, (why, _))| (pair, why))
                .collect(),
            possible: possible
                .into_iter()
                .filter(|(_, (a, b))| {
                    apart((*a, *b)) && !self.separated.iter().any(|&(x, y)| (x, y) == (*a, *b) || (y, x) == (*a, *b))
                })
                .map(|(pair, _)| pair)
                .collect(),
            generic_blocks: before - blocks.len(),
        }
    }

    /// Why a link may not join two clusters, if it may not.
    fn refuses(
        &self,
        likeness: &Likeness<'_>,
        said: &[Option<ReadRecord>],
        one: &Part,
        other: &Part,
    ) -> Option<Reason> {
        let both = [one.clone(), other.clone()];
        if self.separates(&both) {
            return Some(Reason::Separated);
        }
        for (kind, rule) in self.setup.kinds.iter().enumerate() {
            let held = usize::max(self.held(kind, [one]), self.held(kind, [other]));
            if rule.max_per_profile.is_some_and(|max| self.held(kind, &both) > usize::max(max as usize, held)) {
                return Some(Reason::Limit(kind as u16));
            }
        }
        let across = || one.iter().flat_map(|a| other.iter().map(move |b| (*a, *b)));
        let records = || across().filter_map(|(a, b)| Some((*self.live.get(a)?, *self.live.get(b)?)));
        for (place, name) in self.setup.declared.iter().enumerate() {
            let exclusive = self.setup.exclusive.contains(name);
            if exclusive && records().any(|(a, b)| self.setup.excludes(a, b, name)) {
                return Some(Reason::Exclusive(place as u16));
            }
        }
        for (place, (source, _)) in likeness.sources.iter().enumerate().filter(|(_, (_, unique))| *unique) {
            let holds =
                |part: &Part| part.iter().filter_map(|&a| self.live.get(a)?.record()).any(|key| key.0 == *source);
            if holds(one) && holds(other) {
                return Some(Reason::Unique(place as u16));
            }
        }
        let says = |place: usize| said.get(place)?.as_ref();
        let vetoed = |(a, b): (usize, usize)| says(a).zip(says(b)).is_some_and(|(a, b)| likeness.scorer.vetoes(a, b));
        across().any(vetoed).then_some(Reason::Veto)
    }

    /// Whether a separated pair would come together.
    fn separates(&self, parts: &[Part]) -> bool {
        let inside = |node: usize| parts.iter().any(|part| part.contains(&node));
        self.separated.iter().any(|&(a, b)| inside(a) && inside(b))
    }

    /// How many distinct values of a kind the parts hold together.
    fn held<'p>(&self, kind: usize, parts: impl IntoIterator<Item = &'p Part>) -> usize {
        parts
            .into_iter()
            .flat_map(|part| self.meaning(part))
            .filter(|value| value.0 == kind)
            .collect::<BTreeSet<_>>()
            .len()
    }

    fn known(&self, part: &Part) -> bool {
        self.meaning(part).iter().any(|value| matches!(self.setup.kinds[value.0].role, Role::Person | Role::Contact))
    }

    /// The values of a part that are not generic.
    fn meaning(&self, part: &Part) -> BTreeSet<&Value> {
        let records = part.iter().filter_map(|&place| self.live.get(place));
        records.flat_map(|record| &record.identifiers).filter(|value| !self.generic.contains(value)).collect()
    }

    /// Whether two records of different parts contradict on an exclusive attribute.
    fn contradicts(&self, parts: &[Part]) -> bool {
        let apart = |a: &Part, b: &Part| {
            a.iter().any(|&x| {
                b.iter().any(|&y| match (self.live.get(x), self.live.get(y)) {
                    (Some(x), Some(y)) => self.setup.exclusive.iter().any(|name| self.setup.excludes(x, y, name)),
                    _ => false,
                })
            })
        };
        parts.iter().enumerate().any(|(place, a)| parts[place + 1..].iter().any(|b| apart(a, b)))
    }

    /// Section 4.4: the carriers of a value, grouped by agreement. One group where nothing must corroborate.
    fn groups(&self, kind: usize, carriers: &[usize]) -> Vec<Vec<usize>> {
        let listed = &self.setup.kinds[kind].corroborate;
        if listed.is_empty() {
            return vec![carriers.to_vec()];
        }
        let says = |place: &usize| self.live[*place].facts.iter().any(|(name, _)| listed.contains(name));
        let agree = |a: usize, b: usize| !self.setup.contradict(self.live[a], self.live[b], listed);
        let (with, without): (Vec<usize>, Vec<usize>) = carriers.iter().partition(|place| says(place));

        let mut groups: Vec<Vec<usize>> = Vec::new();
        for &place in &with {
            let near: Vec<usize> =
                with.iter().copied().filter(|&other| other != place && agree(place, other)).collect();
            let ambiguous = near.iter().any(|&a| near.iter().any(|&b| !agree(a, b)));
            if ambiguous {
                continue;
            }
            let (touched, mut rest): (Vec<_>, Vec<_>) =
                groups.into_iter().partition(|group| group.iter().any(|&other| agree(place, other)));
            rest.push(touched.into_iter().flatten().chain([place]).collect());
            groups = rest;
        }
        match groups.as_mut_slice() {
            [] if !without.is_empty() => groups.push(without),
            [only] => only.extend(without),
            _ => {}
        }
        groups
    }

    /// The clusters of nodes, each once.
    fn parts_of(&self, nodes: &[usize]) -> Vec<Part> {
        self.parts.iter().filter(|part| nodes.iter().any(|node| part.contains(node))).cloned().collect()
    }

    fn join(&mut self, joined: &[Part]) {
        self.parts.retain(|part| !joined.contains(part));
        self.parts.push(joined.iter().flatten().copied().collect());
    }

    fn outcome(&self, crowded: &BTreeSet<Value>) -> Outcome {
        let person = |part: &Part| -> Person {
            let moments = part.iter().filter_map(|&place| self.live.get(place)).flat_map(|vertex| &vertex.moments);
            moments.map(Moment::evidence).collect()
        };
        let people: BTreeSet<Person> = self.parts.iter().map(person).filter(|person| !person.is_empty()).collect();
        let whose = |place: usize| {
            let evidence = self.live[place].oldest().evidence();
            people.iter().find(|person| person.contains(&evidence)).cloned()
        };
        let standing = |(value, carriers): (&Value, &Vec<usize>)| {
            let newest = whose(*carriers.iter().max_by_key(|&&place| self.claims(place).max()).unwrap());
            let standing = if self.generic.contains(value) {
                (Standing::Generic, None)
            } else if carriers.iter().all(|&place| whose(place) == newest) {
                (Standing::Held, newest)
            } else if self.setup.kinds[value.0].contested == Contested::Nobody || crowded.contains(value) {
                (Standing::Contested, None)
            } else {
                (Standing::Contested, newest)
            };
            (value.clone(), standing)
        };
        let trails = self.live.iter().enumerate().filter(|(_, vertex)| vertex.is_trail());
        let events = trails.flat_map(|(place, trail)| trail.moments.iter().map(move |moment| (place, moment)));
        let attributed = events.map(|(place, moment)| {
            let claimed = self.floats.get(&place).and_then(|value| self.claimed_by(value, moment.at));
            (moment.key.clone(), whose(claimed.unwrap_or(place)).unwrap())
        });
        Outcome {
            attributed: attributed.collect(),
            values: self.carriers.iter().map(standing).collect(),
            people,
            links: ScoredLinks::default(),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Claim {
    Settled,
    TooMany,
}

impl Setup {
    /// Whether on one of the attributes both have values, and every value of the one contradicts every one of the other.
    fn contradict(&self, a: &Live, b: &Live, attributes: &[String]) -> bool {
        let values = |record: &Live, name: &String| -> BTreeSet<String> {
            record.facts.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
        };
        attributes.iter().any(|name| {
            let (a, b, compare) = (values(a, name), values(b, name), self.compare[name]);
            let apart = |x: &String| b.iter().all(|y| !compare.agreement(x, y).allows());
            !a.is_empty() && !b.is_empty() && a.iter().all(apart)
        })
    }

    /// As [`contradict`](Self::contradict), on one exclusive attribute; but not if the first given name and the first
    /// family name of the policy stand in each other's place.
    fn excludes(&self, a: &Live, b: &Live, name: &String) -> bool {
        let first = |wanted| self.declared.iter().find(|name| self.compare[*name] == wanted);
        let other = match (first(Compare::GivenName), first(Compare::Surname)) {
            (Some(given), Some(family)) if given == name => Some(family),
            (Some(given), Some(family)) if family == name => Some(given),
            _ => None,
        };
        let meet = |x: &Live, of: &String, y: &Live, with: &String| {
            let values = |record: &Live, name: &String| -> Vec<String> {
                record.facts.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
            };
            let theirs = values(y, with);
            values(x, of).iter().any(|x| theirs.iter().any(|y| self.compare[name].agreement(x, y).allows()))
        };
        let crossed = other.is_some_and(|other| meet(a, name, b, other) && meet(a, other, b, name));
        self.contradict(a, b, std::slice::from_ref(name)) && !crossed
    }
}

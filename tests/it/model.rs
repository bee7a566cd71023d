//! Resolution a second time, from the text of the design alone: from scratch, quadratic, meant to be read beside it.
//!
//! It knows nothing of the library's algorithms. The nodes are the live records, oldest first by (instant, source,
//! key), so that "older" is "smaller" throughout, and after them the records that only assertions know of.

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

/// What resolution needs of a live record.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(crate) key: Key,
    pub(crate) at: i64,
    pub(crate) identifiers: BTreeSet<Value>,
    /// Folded values by the name of their attribute.
    pub(crate) facts: BTreeSet<(String, String)>,
}

/// The records of one profile.
pub(crate) type Person = BTreeSet<Key>;

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
    /// Every live record is in one of them.
    pub(crate) people: BTreeSet<Person>,
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
}

/// Resolves. `words` are the standing assertions, by their pairs (smaller key, larger key).
pub(crate) fn resolve(
    setup: &Setup,
    likeness: Option<&Likeness<'_>>,
    live: &[Live],
    words: &BTreeMap<(Key, Key), Verdict>,
) -> Outcome {
    let mut live: Vec<&Live> = live.iter().collect();
    live.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));

    let mut nodes: Vec<&Key> = live.iter().map(|record| &record.key).collect();
    for (a, b) in words.keys() {
        for key in [a, b] {
            if !nodes.contains(&key) {
                nodes.push(key);
            }
        }
    }
    let node = |key: &Key| nodes.iter().position(|known| *known == key).unwrap();

    let mut carriers: BTreeMap<Value, Vec<usize>> = BTreeMap::new();
    for (place, record) in live.iter().enumerate() {
        for value in &record.identifiers {
            carriers.entry(value.clone()).or_default().push(place);
        }
    }
    let too_many =
        |value: &Value, records: usize| setup.kinds[value.0].max_records.is_some_and(|max| records as u64 > max);
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
            if self.take_value(kind, &group) == Claim::TooMany {
                crowded.push(value);
            }
        }
        crowded
    }

    /// Section 4.3, for one value (or for one group of its carriers, where the kind asks for corroboration).
    fn take_value(&mut self, kind: usize, carriers: &[usize]) -> Claim {
        let clusters = self.parts_of(carriers);
        if self.allowed(kind, &clusters) {
            self.join(&clusters);
            return Claim::Settled;
        }
        if self.setup.kinds[kind].contested == Contested::Nobody {
            return Claim::Settled;
        }
        let oldest = |part: &Part| *carriers.iter().filter(|place| part.contains(place)).min().unwrap();
        let mut clusters = clusters;
        clusters.sort_by_key(oldest);

        let mut opened: Vec<Vec<Part>> = Vec::new();
        for cluster in clusters {
            let before = oldest(&cluster);
            // The latest carrying record of the part that is not after the cluster's own oldest.
            let latest =
                |part: &Part| carriers.iter().filter(|place| part.contains(place) && **place < before).max().copied();
            let mut best: Option<(Option<usize>, usize)> = None;
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
            return Claim::TooMany;
        }
        for part in opened {
            self.join(&part);
        }
        Claim::Settled
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
        for (place, record) in self.live.iter().enumerate() {
            for block in likeness.scorer.blocks(&likeness.records[&record.key]) {
                blocks.entry(block).or_default().insert(place);
            }
        }
        let before = blocks.len();
        blocks.retain(|_, carriers| carriers.len() as u64 <= likeness.scorer.max_block());
        let mut candidates: BTreeSet<(usize, usize)> = BTreeSet::new();
        for carriers in blocks.values() {
            for (&a, &b) in carriers.iter().flat_map(|a| carriers.iter().map(move |b| (a, b))).filter(|(a, b)| a < b) {
                let same = self.live[a].key.0 == self.live[b].key.0;
                let unique = likeness.sources.iter().any(|(name, unique)| *unique && *name == self.live[a].key.0);
                if !(same && unique) {
                    candidates.insert((a, b));
                }
            }
        }
        let key = |place: usize| self.live[place].key.clone();
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
        let said: Vec<ReadRecord> = (0..self.live.len())
            .map(|place| {
                let [part] = self.parts_of(&[place]).try_into().unwrap();
                let read = |&place: &usize| likeness.scorer.read(&likeness.records[&self.live.get(place)?.key]);
                part.iter().filter_map(read).reduce(|one, other| one.with(&other)).unwrap()
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
    fn refuses(&self, likeness: &Likeness<'_>, said: &[ReadRecord], one: &Part, other: &Part) -> Option<Reason> {
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
                |part: &Part| part.iter().filter_map(|&a| self.live.get(a)).any(|record| record.key.0 == *source);
            if holds(one) && holds(other) {
                return Some(Reason::Unique(place as u16));
            }
        }
        let vetoed =
            |(a, b): (usize, usize)| said.get(a).zip(said.get(b)).is_some_and(|(a, b)| likeness.scorer.vetoes(a, b));
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
            part.iter().filter_map(|&place| self.live.get(place)).map(|record| record.key.clone()).collect()
        };
        let people: BTreeSet<Person> = self.parts.iter().map(person).filter(|person| !person.is_empty()).collect();
        let whose = |place: usize| people.iter().find(|person| person.contains(&self.live[place].key)).cloned();
        let standing = |(value, carriers): (&Value, &Vec<usize>)| {
            let newest = whose(*carriers.iter().max().unwrap());
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
        Outcome { values: self.carriers.iter().map(standing).collect(), people, links: ScoredLinks::default() }
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

//! The partition of all records at once.
//!
//! Values tie records into regions, and most regions are one profile beyond doubt: those that keep every limit over
//! their whole union, by the same argument as growth. The others are resolved one by one, on all cores.

use super::liken::{is_link, link_key};
use super::moments::event_before;
use super::pairs::Pairs;
use super::reading::Subjects;
use super::ruling::Ruling;
use super::settle::link_row;
use crate::error::Result;
use crate::id::{KeyHash, Link, RecordNumber, ValueHash};
use crate::identifier::Summary;
use crate::issue::Reason;
use crate::linkage::Edge;
use crate::parallel::in_parallel;
use crate::policy::Links;
use crate::record::{RecordKey, Verdict};
use crate::stitch::{Claimed, Entry, Likely, Outcome, Region, Trace, agree_as_one, is_sound, resolve};
use crate::store::{AssertionRow, INLINE_MAX, Snapshot, ValueState, WithheldKey, WithheldRow};
use ahash::{AHashMap, AHashSet};
use petgraph::unionfind::UnionFind;
use smallvec::SmallVec;

/// A profile's records and what holds of them.
pub(super) struct ClusterOf {
    /// Places of its items, ascending.
    pub(super) members: SmallVec<[u32; 4]>,
    pub(super) summary: Summary,
}

pub(super) struct Partition {
    pub(super) clusters: Vec<ClusterOf>,
    pub(super) carriers: Carriers<Link>,
    pub(super) pairs: Pairs,
    /// The values that are not clear, by their place, ascending.
    pub(super) states: Vec<(u32, ValueState)>,
    /// The items that follow whoever claims a value.
    pub(super) followers: AHashMap<u32, Link>,
    pub(super) withheld: Vec<(WithheldKey, WithheldRow)>,
    pub(super) generic: u64,
    /// Of what is withheld, possible links.
    pub(super) possible: u64,
}

/// Who carries what: values by place, each with its items, ascending.
pub(super) struct Carriers<V> {
    pub(super) links: Vec<V>,
    starts: Vec<u32>,
    items: Vec<u32>,
}

/// Values are grouped by shares of all hashes, each on one core. Every share looks at all items: few are best.
const SHARES: u128 = 4;

fn share_of(hash: ValueHash) -> u128 {
    hash.0 / (u128::MAX / SHARES + 1)
}

/// What is carried, by its hash.
pub(super) trait Hashed: Copy + Send + Sync {
    fn hash(self) -> ValueHash;
}

impl Hashed for Link {
    fn hash(self) -> ValueHash {
        self.value
    }
}

impl Hashed for ValueHash {
    fn hash(self) -> ValueHash {
        self
    }
}

impl<V: Hashed> Carriers<V> {
    /// Groups items by what they carry, on all cores; values come in the order of their hashes. O(n log n).
    pub(super) fn of<'a>(items: usize, carried_by: impl Fn(u32) -> &'a [V] + Sync) -> Self
    where
        V: 'a,
    {
        let shares: Vec<u128> = (0..SHARES).collect();
        let found = in_parallel(&shares, 1, |&share| {
            let mut carried: Vec<(V, u32)> = Vec::new();
            for place in 0..items as u32 {
                let values = carried_by(place).iter().filter(|value| share_of(value.hash()) == share);
                carried.extend(values.map(|value| (*value, place)));
            }
            carried.sort_unstable_by_key(|&(value, item)| (value.hash(), item));
            let (mut links, mut counts) = (Vec::new(), Vec::new());
            for carriers in carried.chunk_by(|(one, _), (other, _)| one.hash() == other.hash()) {
                links.extend(carriers.first().map(|(value, _)| *value));
                counts.push(carriers.len() as u32);
            }
            let items: Vec<u32> = carried.iter().map(|(_, item)| *item).collect();
            (links, counts, items)
        });
        let values = found.iter().map(|(links, ..)| links.len()).sum();
        let mut all =
            Self { links: Vec::with_capacity(values), starts: Vec::with_capacity(values + 1), items: Vec::new() };
        let mut sum = 0;
        for (links, counts, items) in found {
            all.links.extend(links);
            all.items.extend(items);
            for count in counts {
                all.starts.push(sum);
                sum += count;
            }
        }
        all.starts.push(sum);
        all
    }

    pub(super) fn of_value(&self, value: usize) -> &[u32] {
        let (Some(&start), Some(&end)) = (self.starts.get(value), self.starts.get(value + 1)) else { return &[] };
        self.items.get(start as usize..end as usize).unwrap_or_default()
    }
}

/// Finds who is one person among all records. O(identifiers), and for regions in doubt what resolving them costs.
///
/// # Errors
/// Those of looking up events in the snapshot.
pub(super) fn partition(
    rules: &Ruling,
    items: &dyn Subjects,
    pairs: Pairs,
    assertions: &[AssertionRow],
    snapshot: &dyn Snapshot,
) -> Result<Partition> {
    let carriers = Carriers::of(items.len(), |place| items.get(place).map(|item| item.links).unwrap_or_default());
    let limit = |link: &Link| rules.kinds.get(usize::from(link.kind)).and_then(|kind| kind.max_records);
    let over =
        |(value, link): (usize, &Link)| limit(link).is_some_and(|max| carriers.of_value(value).len() as u64 > max);
    let generic: Vec<bool> = carriers.links.iter().enumerate().map(over).collect();
    let words = Words::of(items, assertions);
    let ties = tie(rules, items, (&carriers, &pairs), &generic, &words);
    let (summaries, doubtful) = sum_up(rules, items, &carriers, &generic, &ties, &words);

    let mut clusters: Vec<ClusterOf> = Vec::with_capacity(summaries.len());
    let mut place_of: Vec<Option<u32>> = vec![None; summaries.len()];
    let mut in_doubt: Vec<Vec<u32>> = Vec::new();
    for (region, (summary, doubt)) in summaries.into_iter().zip(&doubtful).enumerate() {
        let place = if *doubt { in_doubt.len() } else { clusters.len() };
        if *doubt {
            in_doubt.push(Vec::new());
        } else {
            clusters.push(ClusterOf { members: SmallVec::new(), summary });
        }
        if let Some(slot) = place_of.get_mut(region) {
            *slot = Some(place as u32);
        }
    }
    for (place, &region) in ties.region_of.iter().enumerate() {
        let Some(Some(slot)) = place_of.get(region as usize) else { continue };
        if items.get(place as u32).is_some_and(|item| item.is_dormant) {
            continue;
        }
        if doubtful.get(region as usize) == Some(&true) {
            in_doubt.get_mut(*slot as usize).into_iter().for_each(|list| list.push(place as u32));
        } else {
            clusters.get_mut(*slot as usize).into_iter().for_each(|cluster| cluster.members.push(place as u32));
        }
    }
    clusters.retain(|cluster| !cluster.members.is_empty());
    let values: AHashSet<ValueHash> =
        carriers.links.iter().zip(&generic).filter(|(_, generic)| **generic).map(|(link, _)| link.value).collect();
    // Words on keys that stand for no live record are nobody's.
    in_doubt.retain(|places| places.iter().any(|&place| (place as usize) < items.len()));
    let outcomes = in_parallel(&in_doubt, 64, |places| words.resolve(rules, items, &pairs, places, &values, snapshot));
    let outcomes = outcomes.into_iter().collect::<Result<Vec<_>>>()?;
    let mut followers: AHashMap<u32, Link> = AHashMap::new();
    let mut tangled: AHashMap<ValueHash, ValueState> = AHashMap::new();
    let mut withheld = Vec::new();
    for (places, (outcome, keys, links)) in in_doubt.iter().zip(outcomes) {
        for &(link, reason) in &outcome.refused_links {
            withheld.extend(links.get(link).and_then(|link| withheld_link(items, places, link, reason)));
        }
        let follow = |&(entry, link): &(usize, Link)| Some((*places.get(entry)?, link));
        followers.extend(outcome.followers.iter().filter_map(follow));
        take_in(items, places, outcome, &keys, &mut clusters, &mut tangled, &mut withheld);
    }
    let possible = possible_links(rules, items, &pairs, assertions, &mut clusters);
    let possible_count = possible.len() as u64;
    withheld.extend(possible);
    let states = carriers.links.iter().zip(&generic).enumerate().filter_map(|(place, (link, generic))| {
        let first = carriers.of_value(place).first().and_then(|&item| ties.region_of.get(item as usize));
        let in_doubt = first.is_some_and(|&region| doubtful.get(region as usize) == Some(&true));
        match generic {
            true => Some((place as u32, ValueState::Generic)),
            false if in_doubt => tangled.remove(&link.value).map(|state| (place as u32, state)),
            false => None,
        }
    });
    let states = states.collect();
    let generic = values.len() as u64;
    Ok(Partition { clusters, carriers, pairs, states, followers, withheld, generic, possible: possible_count })
}

fn withheld_link(
    items: &dyn Subjects,
    places: &[u32],
    link: &Likely,
    reason: Reason,
) -> Option<(WithheldKey, WithheldRow)> {
    let item = |entry: usize| places.get(entry).and_then(|&place| items.get(place));
    let (one, other) = (item(link.a)?, item(link.b)?);
    let row = link_row(reason, link.weight, one.number, other.number);
    Some((link_key(one.record?, other.record?), row))
}

/// The possible links between clusters that no steward separated; the clusters at their ends are told of them.
fn possible_links(
    rules: &Ruling,
    items: &dyn Subjects,
    pairs: &Pairs,
    assertions: &[AssertionRow],
    clusters: &mut [ClusterOf],
) -> Vec<(WithheldKey, WithheldRow)> {
    let possible = || pairs.edges.iter().filter(|edge| !is_link(rules.linker(), edge.weight));
    if possible().next().is_none() {
        return Vec::new();
    }
    let mut cluster_of: Vec<u32> = vec![u32::MAX; items.len()];
    for (number, cluster) in clusters.iter().enumerate() {
        for &item in &cluster.members {
            cluster_of.get_mut(item as usize).into_iter().for_each(|slot| *slot = number as u32);
        }
    }
    let separated: AHashSet<(KeyHash, KeyHash)> = assertions
        .iter()
        .filter(|row| row.assertion.verdict == Verdict::Separate)
        .map(|row| (row.a.min(row.b), row.a.max(row.b)))
        .collect();
    let mut rows = Vec::new();
    for edge in possible() {
        let ends = [edge.a, edge.b].map(|end| cluster_of.get(end as usize).copied().unwrap_or(u32::MAX));
        for end in ends {
            clusters.get_mut(end as usize).into_iter().for_each(|cluster| cluster.summary.possible = true);
        }
        let (Some(one), Some(other)) = (items.get(edge.a), items.get(edge.b)) else { continue };
        let (Some(a), Some(b)) = (one.record, other.record) else { continue };
        let (a, b) = (a.min(b), a.max(b));
        if ends.first() != ends.last() && !separated.contains(&(a, b)) {
            rows.push((link_key(a, b), link_row(Reason::Possible, edge.weight, one.number, other.number)));
        }
    }
    rows
}

/// What ties records: regions, and the last kind that was needed for each.
struct Ties {
    /// The region of each item, then of each phantom.
    region_of: Vec<u32>,
    /// By region.
    levels: Vec<u16>,
    /// By region: how many known clusters stood before the first kind that links `anonymous`, two standing for more.
    known_parts: Vec<u8>,
    /// Items whose region only resolution can tell.
    doubts: Vec<u32>,
}

fn tie(
    rules: &Ruling,
    items: &dyn Subjects,
    (carriers, pairs): (&Carriers<Link>, &Pairs),
    generic: &[bool],
    words: &Words<'_>,
) -> Ties {
    let total = items.len() + words.phantoms.len();
    let mut sets: UnionFind<u32> = UnionFind::new(total);
    let mut levels = vec![0_u16; total];
    let mut doubts = Vec::new();
    for &(a, b, verdict) in &words.pairs {
        if verdict == Verdict::Join {
            sets.union(a, b);
        }
        doubts.extend([a, b]);
    }
    let mut by_kind: Vec<Vec<u32>> = vec![Vec::new(); rules.kinds.len()];
    let mut known = vec![false; total];
    for (value, (link, _)) in carriers.links.iter().zip(generic).enumerate().filter(|(_, (_, generic))| !**generic) {
        if let Some(list) = by_kind.get_mut(usize::from(link.kind)) {
            list.push(value as u32);
        }
    }
    for (rule, values) in rules.kinds.iter().zip(&by_kind) {
        if rule.role.makes_known() {
            for &item in values.iter().flat_map(|&value| carriers.of_value(value as usize)) {
                known.get_mut(item as usize).into_iter().for_each(|known| *known = true);
            }
        }
    }
    let mut before_anonymous: Option<Vec<u32>> = None;
    for (kind, (rule, values)) in rules.kinds.iter().zip(&by_kind).enumerate() {
        if rule.links == Links::None {
            continue;
        }
        if rule.links == Links::Anonymous && before_anonymous.is_none() {
            before_anonymous = Some((0..total as u32).map(|place| sets.find_mut(place)).collect());
        }
        for &value in values {
            let Some((&first, rest)) = carriers.of_value(value as usize).split_first() else { continue };
            if rest.is_empty() {
                continue;
            }
            if !rule.corroborate.is_empty() {
                let all: Vec<_> = carriers.of_value(value as usize).iter().map(|&place| items.facts(place)).collect();
                let facts: Vec<_> = all.iter().map(AsRef::as_ref).collect();
                if !agree_as_one(rules, kind as u16, &facts) {
                    doubts.push(first);
                }
            }
            for &other in rest {
                if sets.union(first, other) {
                    let root = sets.find_mut(first) as usize;
                    levels.get_mut(root).into_iter().for_each(|level| *level = kind as u16 + 1);
                }
            }
        }
    }
    for edge in pairs.edges.iter().filter(|edge| is_link(rules.linker(), edge.weight)) {
        if sets.union(edge.a, edge.b) {
            doubts.push(edge.a);
        }
    }
    let mut ties = Ties { region_of: Vec::with_capacity(total), levels: Vec::new(), known_parts: Vec::new(), doubts };
    let mut of_root: Vec<Option<u32>> = vec![None; total];
    for place in 0..total as u32 {
        let root = sets.find_mut(place) as usize;
        let Some(slot) = of_root.get_mut(root) else { continue };
        let region = *slot.get_or_insert_with(|| {
            ties.levels.push(levels.get(root).copied().unwrap_or_default());
            ties.levels.len() as u32 - 1
        });
        ties.region_of.push(region);
    }
    ties.known_parts = vec![0; ties.levels.len()];
    let parts = before_anonymous.unwrap_or_default();
    let mut counted = vec![false; total];
    for (place, part) in parts.into_iter().enumerate().filter(|(place, _)| known.get(*place) == Some(&true)) {
        let fresh = counted.get_mut(part as usize).is_some_and(|counted| !std::mem::replace(counted, true));
        let region = ties.region_of.get(place).map_or(0, |region| *region as usize);
        if let (true, Some(parts)) = (fresh, ties.known_parts.get_mut(region)) {
            *parts = (*parts + 1).min(2);
        }
    }
    ties
}

/// Sums up each region as if it were one profile, and says where that is in doubt.
fn sum_up(
    rules: &Ruling,
    items: &dyn Subjects,
    carriers: &Carriers<Link>,
    generic: &[bool],
    ties: &Ties,
    words: &Words<'_>,
) -> (Vec<Summary>, Vec<bool>) {
    let blank = Summary::of(rules, std::iter::empty(), &[]);
    let mut summaries: Vec<Summary> = ties.levels.iter().map(|&level| Summary { level, ..blank.clone() }).collect();
    for (value, (link, _)) in carriers.links.iter().zip(generic).enumerate().filter(|(_, (_, generic))| !**generic) {
        let Some(rule) = rules.kinds.get(usize::from(link.kind)) else { continue };
        let known = rule.role.makes_known();
        if rule.max_per_profile.is_none() && !known {
            continue;
        }
        let region = |item: &u32| ties.region_of.get(*item as usize).copied();
        let mut regions: SmallVec<[u32; 4]> = match rule.links {
            Links::None => carriers.of_value(value).iter().filter_map(region).collect(),
            Links::All | Links::Anonymous => carriers.of_value(value).first().and_then(region).into_iter().collect(),
        };
        regions.sort_unstable();
        regions.dedup();
        for region in regions {
            let Some(summary) = summaries.get_mut(region as usize) else { continue };
            summary.known |= known;
            if let (Some(_), Some(count)) = (rule.max_per_profile, summary.counts.get_mut(usize::from(link.kind))) {
                *count += 1;
            }
        }
    }
    if rules.attributes.iter().any(|attribute| attribute.exclusive) {
        for (place, &region) in (0..items.len() as u32).zip(&ties.region_of) {
            let facts = items.facts(place);
            if let Some(summary) = summaries.get_mut(region as usize).filter(|_| !facts.is_empty()) {
                summary.add_facts(rules, &facts);
            }
        }
    }
    let sound = summaries.iter().zip(&ties.known_parts).map(|(summary, &parts)| !is_sound(rules, summary, parts));
    let mut doubtful: Vec<bool> = sound.collect();
    let named = words.pairs.iter().flat_map(|&(a, b, _)| [a, b]);
    for place in ties.doubts.iter().copied().chain(named) {
        let region = ties.region_of.get(place as usize).map_or(0, |region| *region as usize);
        doubtful.get_mut(region).into_iter().for_each(|doubt| *doubt = true);
    }
    (summaries, doubtful)
}

/// Stewards' words, between items and keys that stand for no live record. Places of phantoms come after the items'.
struct Words<'a> {
    pairs: Vec<(u32, u32, Verdict)>,
    keys: Vec<(KeyHash, KeyHash)>,
    of_place: AHashMap<u32, SmallVec<[u32; 2]>>,
    phantoms: Vec<&'a RecordKey>,
}

impl<'a> Words<'a> {
    fn of(items: &'a dyn Subjects, assertions: &'a [AssertionRow]) -> Self {
        let mut words = Self { pairs: Vec::new(), keys: Vec::new(), of_place: AHashMap::new(), phantoms: Vec::new() };
        if assertions.is_empty() {
            return words;
        }
        let named: AHashSet<KeyHash> = assertions.iter().flat_map(|row| [row.a, row.b]).collect();
        let live = (0..items.len() as u32).filter_map(|place| Some((place, items.get(place)?)));
        let mut places: AHashMap<&RecordKey, u32> = live
            .filter(|(_, item)| !item.is_dormant && item.record.is_some_and(|hash| named.contains(&hash)))
            .map(|(place, item)| (item.key, place))
            .collect();
        for row in assertions {
            let mut place = |key: &'a RecordKey| match places.get(key) {
                Some(place) => *place,
                None => {
                    words.phantoms.push(key);
                    (items.len() + words.phantoms.len() - 1) as u32
                }
            };
            let (a, b) = (place(&row.assertion.a), place(&row.assertion.b));
            for (key, place) in [(&row.assertion.a, a), (&row.assertion.b, b)] {
                places.entry(key).or_insert(place);
                words.of_place.entry(place).or_default().push(words.pairs.len() as u32);
            }
            words.pairs.push((a, b, row.assertion.verdict));
            words.keys.push((row.a, row.b));
        }
        words
    }

    /// Resolves the regions of some places; also gives the hashes of the keys of each place that a join names, and the
    /// links among them.
    fn resolve(
        &self,
        rules: &Ruling,
        items: &dyn Subjects,
        pairs: &Pairs,
        places: &[u32],
        generic: &AHashSet<ValueHash>,
        snapshot: &dyn Snapshot,
    ) -> Result<(Outcome, Joins, Vec<Likely>)> {
        let none = AHashSet::new();
        let facts: Vec<_> = places.iter().map(|&place| items.facts(place)).collect();
        let mut entries = Vec::with_capacity(places.len());
        for (&place, facts) in places.iter().zip(&facts) {
            entries.extend(match items.get(place) {
                Some(item) => Some(item.entry(rules, facts)),
                None => self.phantoms.get(place as usize - items.len()).map(|key| Entry::phantom(key)),
            });
        }
        let (mut joins, mut separations, mut keys) = (Vec::new(), Vec::new(), AHashMap::new());
        let mut named = Vec::new();
        let likely = |edge: &&Edge| is_link(rules.linker(), edge.weight);
        let own = |place: u32| pairs.of_item(place).filter(likely).filter(move |edge| edge.a == place);
        let mut edges = places.iter().flat_map(|&place| own(place)).peekable();
        let mut links: Vec<Likely> = Vec::new();
        if !self.pairs.is_empty() || edges.peek().is_some() {
            let local: AHashMap<u32, usize> = places.iter().enumerate().map(|(local, place)| (*place, local)).collect();
            links.extend(edges.filter_map(|edge| {
                Some(Likely { a: *local.get(&edge.a)?, b: *local.get(&edge.b)?, weight: edge.weight })
            }));
            let mut rows: Vec<u32> =
                places.iter().filter_map(|place| self.of_place.get(place)).flatten().copied().collect();
            rows.sort_unstable();
            rows.dedup();
            for row in rows {
                let (Some(&(a, b, verdict)), Some(&hashes)) =
                    (self.pairs.get(row as usize), self.keys.get(row as usize))
                else {
                    continue;
                };
                named.extend([a, b].iter().filter_map(|place| local.get(place)).copied());
                let (Some(&a), Some(&b)) = (local.get(&a), local.get(&b)) else { continue };
                match verdict {
                    Verdict::Join => {
                        joins.push((a, b));
                        keys.insert((a, b), hashes);
                    }
                    Verdict::Separate => separations.push((a, b)),
                }
            }
        }
        let region = Region { entries, joins, separations, links, named, generic, inert: &none };
        let event_before = |entry: usize, moment: &Claimed| {
            let item = places.get(entry).and_then(|&place| items.get(place));
            item.map_or(Ok(None), |item| event_before(snapshot, item.number, &item.key.source, moment))
        };
        let outcome = resolve(rules, rules.linker(), &region, &event_before, Trace::Off)?;
        Ok((outcome, keys, region.links))
    }
}

/// The hashes of the two keys of a join, by the pair's places in its region.
type Joins = AHashMap<(usize, usize), (KeyHash, KeyHash)>;

/// Takes in what became of a region in doubt.
fn take_in(
    items: &dyn Subjects,
    places: &[u32],
    outcome: Outcome,
    keys: &Joins,
    clusters: &mut Vec<ClusterOf>,
    states: &mut AHashMap<ValueHash, ValueState>,
    withheld: &mut Vec<(WithheldKey, WithheldRow)>,
) {
    let number = |entry: usize| -> Option<RecordNumber> {
        places.get(entry).and_then(|&place| items.get(place)).map(|item| item.number)
    };
    for group in outcome.clusters {
        let mut members: SmallVec<[u32; 4]> =
            group.members.iter().filter_map(|&entry| places.get(entry)).copied().collect();
        members.sort_unstable();
        clusters.push(ClusterOf { members, summary: group.summary });
    }
    for contest in outcome.contests {
        let mut witnesses: Vec<RecordNumber> = contest.witnesses.iter().copied().filter_map(number).collect();
        witnesses.sort_unstable();
        let state = match witnesses.is_empty() {
            true => ValueState::Contested { holder: contest.holder.and_then(number) },
            false => ValueState::Inert { witnesses },
        };
        states.insert(contest.value, state);
        if contest.parts.len() > 1 {
            let shown = if contest.witnesses.is_empty() { INLINE_MAX } else { 0 };
            let parts = contest.parts.iter().take(shown).copied().filter_map(number).collect();
            let row = WithheldRow { kind: Some(contest.kind), weight: None, reason: contest.reason, parts };
            withheld.push((WithheldKey::Value(contest.value), row));
        }
    }
    for pair in outcome.refused {
        let Some((a, b)) = keys.get(&pair) else { continue };
        let parts = [pair.0, pair.1].into_iter().filter_map(number).collect();
        let row = WithheldRow { kind: None, weight: None, reason: Reason::Separated, parts };
        withheld.push((WithheldKey::Join(*a, *b), row));
    }
}

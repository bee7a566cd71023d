//! Who is one person among some records, once, without a store.

use super::pairs::Pairs;
use super::partition::{ClusterOf, partition};
use super::reading::{Seen, Subjects};
use super::ruling::Ruling;
use crate::error::Result;
use crate::id::{KeyHash, Link, RecordNumber, Seed};
use crate::identifier::{hash_key, links};
use crate::issue::{Issue, Reason};
use crate::linkage::{Growing, Row, Table, standing};
use crate::normalise::normalise;
use crate::parallel::in_parallel;
use crate::policy::Policy;
use crate::record::{Record, RecordKey};
use crate::store::{Memory, ProfileStore, Tenant};
use crate::value::Fact;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Records read at a time: the whole of no more is held beside what resolution asks of them.
const PAGE: usize = 16_384;

/// Who is one person among some records.
#[derive(Clone, PartialEq)]
pub struct Deduplicated {
    /// By the place of each record among those given: its person, a number from 0 in the order of their first records.
    /// None for an older version of another record, and for one that is quarantined.
    pub person_of: Vec<Option<u32>>,
    /// How many people there are.
    pub people: u32,
    /// How many joins were withheld, by reason; possible links are among them.
    pub withheld: BTreeMap<Reason, u64>,
    /// What was not as it should be.
    pub issues: Vec<Issue>,
}

impl fmt::Debug for Deduplicated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deduplicated({} people of {} records)", self.people, self.person_of.len())
    }
}

/// Finds who is one person among some records, as [`Resolver::load`](crate::Resolver::load) does, and keeps nothing: for
/// work in batches that asks for no more. On all cores. The records are let go as they are read.
///
/// O(n log n + pairs that share a block), and for regions in doubt what resolving them costs. Memory: each value that the
/// policy reads once, and of each record its key, its identifiers' hashes and the numbers of its values; that is less than
/// the records themselves take.
///
/// # Errors
/// `Config` where the policy is wrong.
///
/// # Examples
/// ```
/// use onefold::{Policy, Record, deduplicate};
/// let at = "2026-01-05T10:00:00Z".parse()?;
/// let record = |key: &str, mail: &str| Record::new("crm", key, at).identifier("email", mail);
/// let records = vec![record("1", "Ann@example.org"), record("2", "bob@example.org"), record("3", "ann@example.org")];
/// let found = deduplicate(Policy::retail(), records)?;
/// assert_eq!((found.people, found.person_of), (2, vec![Some(0), Some(1), Some(0)]));
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn deduplicate(policy: Policy, records: Vec<Record>) -> Result<Deduplicated> {
    let rules = Ruling::new(policy)?;
    let given = records.len();
    let (bares, issues) = Bares::read(&rules, records);
    let pairs = rules.linker().map_or_else(Pairs::none, |linker| Pairs::among(linker, &bares.table));
    let nothing = Memory::new().snapshot(&Tenant::default())?;
    let found = partition(&rules, &bares, pairs, &[], &*nothing)?;
    let mut withheld = BTreeMap::new();
    for (_, row) in &found.withheld {
        *withheld.entry(row.reason).or_default() += 1;
    }
    // By their first records, whatever order they were found in.
    let place = |item: &u32| bares.rows.get(*item as usize).map(|bare| bare.place);
    let places = |cluster: &ClusterOf| {
        let mut places: Vec<u64> = cluster.members.iter().filter_map(place).collect();
        places.sort_unstable();
        places
    };
    let mut people: Vec<Vec<u64>> = found.clusters.iter().map(places).collect();
    people.sort_unstable();
    let mut person_of = vec![None; given];
    for (person, places) in (0_u32..).zip(&people) {
        for &place in places {
            person_of.get_mut(place as usize).into_iter().for_each(|slot| *slot = Some(person));
        }
    }
    Ok(Deduplicated { person_of, people: people.len() as u32, withheld, issues })
}

/// What resolution asks of a record, and no more; what it says is a row of a table.
struct Bare {
    place: u64,
    hash: KeyHash,
    key: RecordKey,
    at: i64,
    links: Box<[Link]>,
    quarantined: bool,
}

/// Records, each value that they say once.
struct Bares {
    rows: Vec<Bare>,
    table: Table,
}

impl Bares {
    /// Reads the records that stand, with what is not as it should be. O(n log n).
    fn read(rules: &Ruling, mut records: Vec<Record>) -> (Self, Vec<Issue>) {
        let mut stands = vec![false; records.len()];
        for (place, _) in standing(&records) {
            stands.get_mut(place as usize).into_iter().for_each(|slot| *slot = true);
        }
        let mut rows: Vec<Bare> = Vec::with_capacity(records.len());
        let mut table = Growing::new(rules.columns(), records.len());
        let mut issues = Vec::new();
        // From the last page to the first, so that the room of what was read is given back.
        while !records.is_empty() {
            let first = records.len().saturating_sub(PAGE);
            let standing = (first as u64..).zip(records.split_off(first)).zip(stands.split_off(first));
            let page: Vec<(u64, Record)> = standing.filter_map(|(one, stands)| stands.then_some(one)).collect();
            records.shrink_to_fit();
            let read = in_parallel(&page, 2048, |(_, record)| normalise(rules, record));
            let said = page.iter().zip(&read).map(|((_, record), (normalised, _))| {
                let live = Some(normalised).filter(|normalised| !normalised.quarantined);
                let facts = live.map(|normalised| normalised.facts.as_slice()).unwrap_or_default();
                Row { facts, unique: live.and_then(|_| rules.unique(&record.key)) }
            });
            table.add(&said.collect::<Vec<_>>());
            for ((place, record), (normalised, found)) in page.into_iter().zip(read) {
                issues.extend(found.into_iter().map(|issue| (place, issue)));
                let hash = hash_key(Seed::default(), &record.key);
                let links = links(Seed::default(), rules, &normalised.identifiers);
                let (at, quarantined) = (record.at.microseconds(), normalised.quarantined);
                rows.push(Bare { place, hash, key: record.key, at, links: Box::from(links.as_slice()), quarantined });
            }
        }
        issues.sort_by_key(|(place, _)| *place);
        (Self { rows, table: table.finish() }, issues.into_iter().map(|(_, issue)| issue).collect())
    }
}

impl Subjects for Bares {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn get(&self, place: u32) -> Option<Seen<'_>> {
        let bare = self.rows.get(place as usize)?;
        Some(Seen {
            number: RecordNumber(bare.place),
            key: &bare.key,
            record: Some(bare.hash),
            at: bare.at,
            last: None,
            links: if bare.quarantined { &[] } else { &bare.links },
            is_dormant: bare.quarantined,
        })
    }

    fn facts(&self, place: u32) -> Cow<'_, [Fact]> {
        Cow::Owned(self.table.facts(place))
    }
}

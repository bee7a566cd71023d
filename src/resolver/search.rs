//! For staff: whom do these words describe?

use super::Resolver;
use super::answer::Member;
use super::read::View;
use super::score::{PairScore, score};
use crate::error::Result;
use crate::id::{ProfileId, RecordNumber, ValueHash};
use crate::identifier::links;
use crate::linkage::Weight;
use crate::normalise::normalise;
use crate::record::{Identifier, Record};
use crate::store::Node;
use crate::time::Timestamp;
use crate::value::Value;
use ahash::{AHashMap, AHashSet};
use smol_str::SmolStr;
use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

/// Records that one search looks at, at the most.
const LOOKED_AT_MAX: usize = 10_000;

/// What is known of somebody: any identifiers and attributes. `Debug` shows how many, never what.
#[derive(Clone, Default, PartialEq)]
pub struct Query {
    /// Identifiers, as sent or normalised.
    pub identifiers: Vec<Identifier>,
    /// Attributes, as sources send them. They find nobody without linkage.
    pub attributes: Vec<(SmolStr, Value)>,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sought {
    /// The profiles, the likeliest first.
    pub hits: Vec<Hit>,
    /// Identifiers and blocks of the query that are on too many records to find anybody.
    pub generic: u64,
    /// Records that might be meant and were not looked at, for there are too many.
    pub left_out: u64,
}

/// A profile that a query may mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The profile.
    pub profile: ProfileId,
    /// The member of it that is most like the query.
    pub member: Member,
    /// What linkage makes of the query and that record; none without linkage.
    pub score: Option<PairScore>,
    /// The kinds of identifier that they share, strongest first.
    pub shared: Vec<SmolStr>,
}

impl Query {
    /// Asks for nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an identifier.
    #[must_use]
    pub fn identifier(mut self, kind: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        self.identifiers.push(Identifier::new(kind, value));
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<SmolStr>, value: impl Into<Value>) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Query({} identifiers, {} attributes)", self.identifiers.len(), self.attributes.len())
    }
}

/// How like a member is; ordered by what counts first.
type Rank = (Option<Weight>, Reverse<Vec<u16>>, Reverse<Member>);

impl View {
    /// Finds the profiles that a query may mean: those with a record that shares an identifier or a block with it, the
    /// likeliest first, at most `limit`.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Policy, Query, Record, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let at = "2026-01-05T10:00:00Z".parse()?;
    /// let ann = resolver.add(Record::new("pos", "1", at).identifier("email", "ann@example.org"))?;
    /// let found = resolver.search(&Query::new().identifier("email", "Ann@Example.org"), 10)?;
    /// assert_eq!(Some(found.hits[0].profile), ann.profile);
    /// assert_eq!(found.hits[0].shared, ["email"]);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn search(&self, query: &Query, limit: usize) -> Result<Sought> {
        let record = Record {
            identifiers: query.identifiers.clone(),
            attributes: query.attributes.clone(),
            ..Record::new("", "", Timestamp::from_milliseconds(0)?)
        };
        let (read, _) = normalise(&self.rules, &record);
        let own = links(self.seed, &self.rules, &read.identifiers);
        let blocks = self.rules.blocks(self.seed, &read.facts);
        let asked: Vec<ValueHash> = own.iter().map(|link| link.value).chain(blocks.iter().copied()).collect();
        let mut found = Sought::default();
        let mut candidates: Vec<RecordNumber> = Vec::new();
        let mut seen: AHashSet<RecordNumber> = AHashSet::new();
        for (value, posting) in asked.iter().zip(self.snapshot.postings(&asked)?) {
            let Some(posting) = posting else { continue };
            if posting.is_generic() {
                found.generic += 1;
                continue;
            }
            let room = LOOKED_AT_MAX - candidates.len();
            let carriers = self.some_carriers(*value, &posting, room)?;
            found.left_out += posting.carriers.len() - carriers.len() as u64;
            candidates.extend(carriers.into_iter().filter(|number| seen.insert(*number)));
        }
        let nodes = self.snapshot.nodes(&candidates)?;
        let bearers = self.bearers(&candidates)?;
        let mut best: AHashMap<ProfileId, (Rank, Arc<Node>)> = AHashMap::new();
        for (node, profile) in nodes.into_iter().zip(bearers) {
            let (Some(node), Some(profile)) = (node, profile) else { continue };
            let shared = own.iter().filter(|link| node.links.contains(link)).map(|link| link.kind).collect();
            let weight = self.rules.linker().map(|linker| linker.weight(&read.facts, &node.facts));
            let rank = (weight, Reverse(more_is_less(shared)), Reverse(Member::of(&node.vertex)));
            if best.get(&profile).is_none_or(|(standing, _)| *standing < rank) {
                best.insert(profile, (rank, node));
            }
        }
        let mut ranked: Vec<(Rank, ProfileId, Arc<Node>)> =
            best.into_iter().map(|(profile, (rank, node))| (rank, profile, node)).collect();
        ranked.sort_by(|(a, ..), (b, ..)| b.cmp(a));
        ranked.truncate(limit);
        let hit = |(rank, profile, node): (Rank, ProfileId, Arc<Node>)| {
            let (_, Reverse(shared), Reverse(member)) = rank;
            let name = |kind: u16| self.rules.kinds.get(usize::from(kind)).map(|rule| rule.name.clone());
            let score = self.rules.linker().map(|linker| score(&self.rules, linker, &read.facts, &node.facts));
            Hit { profile, member, score, shared: shared.into_iter().filter_map(name).collect() }
        };
        found.hits = ranked.into_iter().map(hit).collect();
        Ok(found)
    }
}

/// The kinds that are shared, each once, so that the list which is less says more: the stronger kind, then the more.
fn more_is_less(mut kinds: Vec<u16>) -> Vec<u16> {
    kinds.sort_unstable();
    kinds.dedup();
    kinds.push(u16::MAX);
    kinds
}

impl Resolver {
    /// See [`View::search`].
    ///
    /// # Errors
    /// As there.
    pub fn search(&self, query: &Query, limit: usize) -> Result<Sought> {
        self.view()?.search(query, limit)
    }
}

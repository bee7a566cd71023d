//! Figures of a tenant.

use super::Resolver;
use super::answer::Stats;
use super::read::{PAGE, View};
use crate::error::Result;
use crate::id::{ClusterNumber, Link, ProfileId, RecordNumber};
use crate::issue::Reason;
use crate::policy::Links;
use crate::profile::Status;
use crate::store::{Cluster, WithheldKey};
use ahash::AHashMap;
use smol_str::SmolStr;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many of the largest profiles are named.
const LARGEST: usize = 10;

impl View {
    /// Counts what there is. O(profiles and withheld joins).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn stats(&self) -> Result<Stats> {
        let mut stats = Stats { counts: self.meta.counts, ..Stats::default() };
        let mut sizes: BTreeMap<u64, u64> = BTreeMap::new();
        let mut from = ClusterNumber(0);
        loop {
            let page = self.snapshot.cluster_page(from, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            from = ClusterNumber(last.0 + 1);
            for (number, cluster) in &page {
                let records = cluster.members.len();
                let id = ProfileId::of(cluster.profile, self.seed);
                *sizes.entry(records).or_default() += 1;
                stats.largest.push((id, records));
                if records > self.rules.policy().max_region {
                    stats.regions_over_limit.push((id, records, self.holding(*number, cluster)?));
                }
            }
            stats.largest.sort_unstable_by_key(|(id, records)| (Reverse(*records), id.number(self.seed)));
            stats.largest.truncate(LARGEST);
        }
        stats.sizes = sizes.into_iter().collect();
        let mut reasons: BTreeMap<Reason, u64> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.snapshot.withheld_page(after, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (key, row) in &page {
                *reasons.entry(row.reason).or_default() += 1;
                stats.contested += u64::from(matches!(key, WithheldKey::Value(_)));
            }
        }
        stats.withheld = reasons.into_iter().collect();
        stats.contested += self.contested_of_idle_kinds()?;
        Ok(stats)
    }

    /// Values of kinds that link nobody that several profiles carry: no join of theirs is withheld, so they are counted
    /// one by one, O(records), where the policy has such kinds.
    fn contested_of_idle_kinds(&self) -> Result<u64> {
        let idle = |link: &Link| self.rules.kinds.get(usize::from(link.kind)).is_some_and(|k| k.links == Links::None);
        let (mut contested, mut from) = (0, RecordNumber(0));
        if !self.rules.kinds.iter().any(|kind| kind.links == Links::None) {
            return Ok(0);
        }
        loop {
            let page = self.snapshot.node_page(from, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(contested) };
            from = RecordNumber(last.0 + 1);
            for (number, link) in page.iter().flat_map(|(number, node)| node.links.iter().map(|link| (*number, *link)))
            {
                let posting = if idle(&link) { self.snapshot.postings(&[link.value])?.pop().flatten() } else { None };
                let Some(posting) = posting else { continue };
                if self.carriers(link, &posting, 1)?.first() == Some(&number) {
                    contested += u64::from(self.holder(link, &posting)?.status == Status::Contested);
                }
            }
        }
    }

    /// The kinds whose values tie most records of a cluster, most first.
    fn holding(&self, number: ClusterNumber, cluster: &Cluster) -> Result<Vec<SmolStr>> {
        let members: Vec<RecordNumber> = self.members_of(number, cluster)?;
        let mut carried: AHashMap<Link, u64> = AHashMap::new();
        for page in members.chunks(PAGE) {
            for node in self.snapshot.nodes(page)?.into_iter().flatten() {
                node.links.iter().for_each(|link| *carried.entry(*link).or_default() += 1);
            }
        }
        let mut most: Vec<(Reverse<u64>, u16)> = carried.into_iter().map(|(link, n)| (Reverse(n), link.kind)).collect();
        most.sort_unstable();
        let mut kinds: Vec<u16> = Vec::new();
        for (_, kind) in most {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let name = |kind: u16| self.rules.kinds.get(usize::from(kind)).map(|rule| rule.name.clone());
        Ok(kinds.into_iter().filter_map(name).collect())
    }
}

impl Resolver {
    /// See [`View::stats`].
    ///
    /// # Errors
    /// As there.
    pub fn stats(&self) -> Result<Stats> {
        self.view()?.stats()
    }
}

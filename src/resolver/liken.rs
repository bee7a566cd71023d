//! Likeness on the plan: the blocks of records, and the edges that they find.
//!
//! Two live records that share a block that is not generic, and are not of one source without duplicates, are weighed;
//! what is worth keeping is an edge, kept by both. Whoever a link was cut from, or found for, is a seed.

use super::plan::Planner;
use super::settle::link_row;
use crate::error::Result;
use crate::id::{KeyHash, RecordNumber, ValueHash};
use crate::issue::Reason;
use crate::linkage::{Linker, Weight};
use crate::record::RecordKey;
use crate::store::{Likeness, Node, Posting, Snapshot, ValueState, WithheldKey};
use crate::value::Fact;
use ahash::{AHashMap, AHashSet};
use std::sync::Arc;

/// The key of what is withheld between two records.
pub(super) fn link_key(a: KeyHash, b: KeyHash) -> WithheldKey {
    WithheldKey::Link(a.min(b), a.max(b))
}

impl Planner<'_> {
    /// Makes a record a carrier of those of its blocks that are `fresh`, and finds whom it is like: its edges, by
    /// number, which the other ends keep from now on.
    pub(super) fn liken(
        &mut self,
        number: RecordNumber,
        key: &RecordKey,
        facts: &[Fact],
        blocks: &[ValueHash],
        fresh: &[ValueHash],
    ) -> Result<Vec<(RecordNumber, Weight)>> {
        let Some(linker) = self.rules.linker().filter(|_| !blocks.is_empty()) else { return Ok(Vec::new()) };
        let mut candidates: Vec<RecordNumber> = Vec::new();
        for (&block, posting) in blocks.iter().zip(self.overlay.postings(blocks)?) {
            let carried = !fresh.contains(&block);
            let generic = match &posting {
                None => true,
                Some(posting) if posting.is_generic() => true,
                Some(posting) if !carried && posting.carriers.len() >= self.rules.max_block() => {
                    self.make_generic(block, posting)?;
                    true
                }
                Some(posting) => {
                    candidates.extend(self.overlay.all_carriers(block, posting)?);
                    false
                }
            };
            if !carried {
                let posting = if generic { self.overlay.posting(block)? } else { posting };
                self.overlay.add_carrier(block, posting, number);
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates.retain(|other| *other != number);
        let mut edges = Vec::new();
        for (&other, node) in candidates.iter().zip(self.overlay.nodes(&candidates)?) {
            let Some(node) = node.filter(|node| self.may_pair(Some(key), node.vertex.record())) else { continue };
            let Some(weight) = linker.weigh(facts, &node.facts) else { continue };
            self.put_edge(other, node, number, weight);
            edges.push((other, weight));
        }
        Ok(edges)
    }

    /// Queues the possible links of a record that was placed without resolving its region, and that no steward knows.
    pub(super) fn queue_possible(&mut self, number: RecordNumber, key: KeyHash, node: &Node) -> Result<()> {
        let edges = node.edges().iter().filter(|(_, weight)| !is_link(self.rules.linker(), *weight));
        let edges: Vec<(RecordNumber, Weight)> = edges.copied().collect();
        if edges.is_empty() {
            return Ok(());
        }
        if let Some(mut cluster) = self.overlay.cluster(node.cluster)?.filter(|cluster| !cluster.summary.possible) {
            Arc::make_mut(&mut cluster).summary.possible = true;
            self.overlay.put_cluster(node.cluster, Some(cluster));
        }
        let others: Vec<RecordNumber> = edges.iter().map(|(other, _)| *other).collect();
        for ((other, weight), end) in edges.into_iter().zip(self.overlay.nodes(&others)?) {
            let end = end.filter(|end| end.cluster != node.cluster);
            let Some(end) = end.and_then(|end| end.vertex.key_hash(self.seed)) else { continue };
            let row = Arc::new(link_row(Reason::Possible, weight, number, other));
            self.overlay.put_withheld(link_key(key, end), Some(row));
            self.meta.counts.possible += 1;
        }
        Ok(())
    }

    /// Cuts all edges of a record at their other ends.
    pub(super) fn cut(&mut self, number: RecordNumber, node: &Node) -> Result<()> {
        let Some(linker) = self.rules.linker().filter(|_| !node.edges().is_empty()) else { return Ok(()) };
        let own = node.vertex.key_hash(self.seed);
        let others: Vec<RecordNumber> = node.edges().iter().map(|(other, _)| *other).collect();
        let nodes = self.overlay.nodes(&others)?;
        for (&(other, weight), node) in node.edges().iter().zip(nodes) {
            let Some(node) = node else { continue };
            self.drop_link(own, node.vertex.key_hash(self.seed))?;
            self.drop_edge(other, node, number);
            if linker.is_link(weight) {
                self.seeds.push(other);
            }
        }
        Ok(())
    }

    /// Takes a record from a block, which may make the block find its pairs again.
    pub(super) fn leave_block(&mut self, number: RecordNumber, block: ValueHash) -> Result<()> {
        let (Some(linker), Some(posting)) = (self.rules.linker(), self.overlay.posting(block)?) else { return Ok(()) };
        self.overlay.drop_carrier(block, number)?;
        let left = posting.carriers.len().saturating_sub(1);
        if !posting.is_generic() || left > self.rules.max_block() {
            return Ok(());
        }
        self.meta.counts.generic_blocks -= 1;
        self.overlay.set_state(block, ValueState::Clear)?;
        let Some(posting) = self.overlay.posting(block)? else { return Ok(()) };
        let carriers = self.overlay.all_carriers(block, &posting)?;
        let nodes = self.overlay.nodes(&carriers)?;
        for (place, (&b, of_b)) in carriers.iter().zip(&nodes).enumerate() {
            for (&a, of_a) in carriers.iter().zip(&nodes).take(place) {
                let (Some(one), Some(other)) = (of_a, of_b) else { continue };
                if !self.may_pair(one.vertex.record(), other.vertex.record()) || has_edge(one, b) {
                    continue;
                }
                if let Some(weight) = linker.weigh(&one.facts, &other.facts) {
                    self.tie(a, b, weight)?;
                }
            }
        }
        Ok(())
    }

    /// Makes a block generic: edges that no other block of both supports are cut.
    fn make_generic(&mut self, block: ValueHash, posting: &Posting) -> Result<()> {
        self.meta.counts.generic_blocks += 1;
        self.overlay.set_state(block, ValueState::Generic)?;
        let carriers = self.overlay.all_carriers(block, posting)?;
        let nodes = self.overlay.nodes(&carriers)?;
        let nodes: AHashMap<RecordNumber, Arc<Node>> =
            carriers.iter().zip(nodes).filter_map(|(number, node)| node.map(|node| (*number, node))).collect();
        let mut shared: Vec<(RecordNumber, RecordNumber, Vec<ValueHash>)> = Vec::new();
        for &number in &carriers {
            let Some(node) = nodes.get(&number) else { continue };
            for &(other, _) in node.edges().iter().filter(|(other, _)| number < *other) {
                let Some(end) = nodes.get(&other) else { continue };
                let both = node.blocks().iter().filter(|block| end.blocks().contains(block)).copied();
                shared.push((number, other, both.collect()));
            }
        }
        let mut asked: Vec<ValueHash> = shared.iter().flat_map(|(_, _, blocks)| blocks.iter().copied()).collect();
        asked.sort_unstable();
        asked.dedup();
        let postings = self.overlay.postings(&asked)?;
        let finds = |(block, posting): (&ValueHash, Option<Arc<Posting>>)| {
            posting.is_some_and(|posting| !posting.is_generic()).then_some(*block)
        };
        let finding: AHashSet<ValueHash> = asked.iter().zip(postings).filter_map(finds).collect();
        for (a, b, blocks) in shared {
            if !blocks.iter().any(|block| finding.contains(block)) {
                self.untie(a, b)?;
            }
        }
        Ok(())
    }

    /// Keeps an edge between two records that stand.
    fn tie(&mut self, a: RecordNumber, b: RecordNumber, weight: Weight) -> Result<()> {
        for (one, other) in [(a, b), (b, a)] {
            if let Some(node) = self.overlay.node(one)? {
                self.put_edge(one, node, other, weight);
            }
            self.seeds.push(one);
        }
        Ok(())
    }

    fn untie(&mut self, a: RecordNumber, b: RecordNumber) -> Result<()> {
        let (Some(one), Some(other)) = (self.overlay.node(a)?, self.overlay.node(b)?) else { return Ok(()) };
        self.drop_link(one.vertex.key_hash(self.seed), other.vertex.key_hash(self.seed))?;
        for (number, node, end) in [(a, one, b), (b, other, a)] {
            self.drop_edge(number, node, end);
            self.seeds.push(number);
        }
        Ok(())
    }

    /// Whether likeness has anything to say of two vertices: of two records, where the rules let it.
    fn may_pair(&self, a: Option<&RecordKey>, b: Option<&RecordKey>) -> bool {
        a.zip(b).is_some_and(|(a, b)| self.rules.may_pair(a, b))
    }

    /// Drops what is withheld between two records.
    fn drop_link(&mut self, a: Option<KeyHash>, b: Option<KeyHash>) -> Result<()> {
        a.zip(b).map_or(Ok(()), |(a, b)| self.drop_withheld(link_key(a, b)))
    }

    fn drop_edge(&mut self, number: RecordNumber, mut node: Arc<Node>, other: RecordNumber) {
        if let Some(likeness) = &mut Arc::make_mut(&mut node).likeness {
            likeness.edges.retain(|(end, _)| *end != other);
        }
        self.overlay.put_node(number, Some(node));
    }

    fn put_edge(&mut self, number: RecordNumber, mut node: Arc<Node>, other: RecordNumber, weight: Weight) {
        let edges = &mut Arc::make_mut(&mut node).likeness.get_or_insert_default().edges;
        match edges.binary_search_by_key(&other, |(end, _)| *end) {
            Ok(place) => edges.get_mut(place).into_iter().for_each(|edge| edge.1 = weight),
            Err(place) => edges.insert(place, (other, weight)),
        }
        self.overlay.put_node(number, Some(node));
    }
}

fn has_edge(node: &Node, other: RecordNumber) -> bool {
    node.edges().binary_search_by_key(&other, |(end, _)| *end).is_ok()
}

/// What a node keeps of likeness; nothing where there is no block.
pub(super) fn likeness_of(blocks: &[ValueHash], edges: Vec<(RecordNumber, Weight)>) -> Option<Box<Likeness>> {
    (!blocks.is_empty()).then(|| Box::new(Likeness { blocks: blocks.into(), edges }))
}

/// Whether an edge is a link.
pub(super) fn is_link(linker: Option<&Linker>, weight: Weight) -> bool {
    linker.is_some_and(|linker| linker.is_link(weight))
}

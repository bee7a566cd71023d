//! What is live, beside the model that scores it.

use super::Resolver;
use super::read::{PAGE, View};
use crate::error::Result;
use crate::id::{ClusterNumber, RecordNumber, ValueHash};
use crate::linkage::{Drift, Gauge};
use crate::store::Node;
use ahash::AHashSet;
use std::sync::Arc;

impl View {
    /// Compares the live evidence with the model in use: which frequencies have moved, and which blocking rules find
    /// pairs no more. None where the policy has no linkage. The built-in model knows no frequencies: of it this says how
    /// many records have something to compare.
    ///
    /// O(live records and, where blocks are generic, their blocks), read in pages. Memory: the values of the model, the
    /// generic blocks, and the numbers of the records of the largest profile.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{AttributePolicy, BlockPolicy, Compare, LinkagePolicy, Model, Policy, Record, Resolver};
    /// let model = Model::from_json(r#"{"format": 1, "prior": 0.001, "comparison": [{"attributes": ["city"],
    ///     "levels": [{"level": "exact", "m": 0.9, "u": 0.6}, {"level": "else", "m": 0.1, "u": 0.4}],
    ///     "term_frequencies": {"other": 0.001, "values": {"leeds": 0.75, "york": 0.25}}}]}"#)?;
    /// let linkage = LinkagePolicy::new().model(model).block(BlockPolicy::new(["city"]));
    /// let policy = Policy::builder().attribute(AttributePolicy::new("city", Compare::Text)).linkage(linkage).build()?;
    /// let resolver = Resolver::in_memory(policy)?;
    /// let at = "2026-01-05T10:00:00Z".parse()?;
    /// let person = |key: u32, city: &str| Record::new("crm", key.to_string(), at).attribute("city", city);
    /// let index = || -> onefold::Result<f64> {
    ///     let drift = resolver.drift()?.expect("there is a model");
    ///     Ok(drift.comparisons[0].frequencies.as_ref().expect("it knows how frequent cities are").stability_index)
    /// };
    ///
    /// let cities = ["Leeds", "Leeds", "Leeds", "York"].iter().cycle();
    /// resolver.load((0..400).zip(cities).map(|(key, city)| person(key, city)).collect(), Default::default())?;
    /// assert!(index()? < 0.01);
    /// // Everybody else lives in York.
    /// resolver.load((400..1200).map(|key| person(key, "York")).collect(), Default::default())?;
    /// assert!(index()? > 0.25);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn drift(&self) -> Result<Option<Drift>> {
        let Some(linker) = self.rules.linker() else { return Ok(None) };
        let mut gauge = Gauge::new(&self.rules, linker);
        let mut generic = AHashSet::new();
        let mut from = ClusterNumber(0);
        loop {
            let page = self.snapshot.cluster_page(from, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(Some(gauge.read())) };
            from = ClusterNumber(last.0 + 1);
            let mut members: Vec<(ClusterNumber, RecordNumber)> = Vec::new();
            for (number, cluster) in &page {
                members.extend(self.members_of(*number, cluster)?.into_iter().map(|member| (*number, member)));
            }
            let mut at_hand = None;
            for members in members.chunks(PAGE) {
                let numbers: Vec<RecordNumber> = members.iter().map(|(_, number)| *number).collect();
                let nodes = self.snapshot.nodes(&numbers)?;
                for ((profile, _), node) in members.iter().zip(&nodes) {
                    if at_hand.replace(profile).is_some_and(|before| before != profile) {
                        gauge.end_profile();
                    }
                    node.iter().for_each(|node| gauge.take(&node.facts));
                }
                if self.meta.counts.generic_blocks > 0 {
                    self.look_at_blocks(&mut gauge, &mut generic, nodes.iter().flatten())?;
                }
            }
            gauge.end_profile();
        }
    }

    /// Finds which blocks of some records are generic; `generic` holds those that are known to be.
    fn look_at_blocks<'a>(
        &self,
        gauge: &mut Gauge<'_>,
        generic: &mut AHashSet<ValueHash>,
        nodes: impl Iterator<Item = &'a Arc<Node>> + Clone,
    ) -> Result<()> {
        let blocks = nodes.clone().flat_map(|node| node.blocks().iter().map(move |block| (*block, node)));
        let mut asked: Vec<(ValueHash, &Arc<Node>)> = blocks.filter(|(block, _)| !generic.contains(block)).collect();
        asked.sort_unstable_by_key(|(block, _)| *block);
        asked.dedup_by_key(|(block, _)| *block);
        let hashes: Vec<ValueHash> = asked.iter().map(|(block, _)| *block).collect();
        for ((block, node), posting) in asked.into_iter().zip(self.snapshot.postings(&hashes)?) {
            if let Some(posting) = posting.filter(|posting| posting.is_generic()) {
                generic.insert(block);
                gauge.take_generic(self.seed, &node.facts, block, posting.carriers.len());
            }
        }
        for node in nodes.filter(|node| !node.blocks().is_empty()) {
            if node.blocks().iter().all(|block| generic.contains(block)) {
                gauge.take_unfound();
            }
        }
        Ok(())
    }
}

impl Resolver {
    /// See [`View::drift`].
    ///
    /// # Errors
    /// As there.
    pub fn drift(&self) -> Result<Option<Drift>> {
        self.view()?.drift()
    }
}

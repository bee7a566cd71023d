//! Likeness of all records at once: who carries which block, and all edges.

use super::partition::Carriers;
use super::rebuild::Item;
use super::ruling::Ruling;
use crate::id::{RecordNumber, ValueHash};
use crate::linkage::{Edge, Growing, Linker, Row, Table, Weight};

/// Items whose facts are read at a time: few enough to stay near the cores from column to column.
const PAGE: usize = 8192;

/// The blocks and the edges of all items. Empty without linkage.
pub(super) struct Pairs {
    pub(super) blocks: Carriers<ValueHash>,
    /// All edges, each once.
    pub(super) edges: Vec<Edge>,
    /// Places of edges by item: those of an item begin at its start and end at the next one's.
    starts: Vec<u32>,
    of_items: Vec<u32>,
}

impl Pairs {
    /// Finds all edges, and who carries which block. O(pairs that share a block that is not generic).
    pub(super) fn of(rules: &Ruling, items: &[Item]) -> Self {
        let Some(linker) = rules.linker() else { return Self::none() };
        let mut table = Growing::new(linker.columns(), items.len());
        for page in items.chunks(PAGE) {
            let rows: Vec<Row<'_>> = page.iter().map(|item| row(rules, item)).collect();
            table.add(&rows);
        }
        let blocks_of = |place: u32| items.get(place as usize).map(|item| item.subject.blocks()).unwrap_or_default();
        let edges = Self::among(linker, &table.finish());
        Self { blocks: Carriers::of(items.len(), blocks_of), ..edges }
    }

    /// No edges.
    pub(super) fn none() -> Self {
        Self { blocks: Carriers::of(0, |_| &[]), edges: Vec::new(), starts: Vec::new(), of_items: Vec::new() }
    }

    /// Finds all edges among the rows of a table; who carries which block is not asked. O(pairs, as [`of`](Self::of)).
    pub(super) fn among(linker: &Linker, table: &Table) -> Self {
        let edges = linker.edges(table);
        let mut starts = vec![0_u32; table.len() + 1];
        for end in edges.iter().flat_map(|edge| [edge.a, edge.b]) {
            starts.get_mut(end as usize + 1).into_iter().for_each(|count| *count += 1);
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut filled = starts.clone();
        let mut of_items = vec![0_u32; sum as usize];
        for (place, edge) in edges.iter().enumerate() {
            for end in [edge.a, edge.b] {
                let Some(next) = filled.get_mut(end as usize) else { continue };
                of_items.get_mut(*next as usize).into_iter().for_each(|slot| *slot = place as u32);
                *next += 1;
            }
        }
        Self { edges, starts, of_items, ..Self::none() }
    }

    /// The blocks; the edges are let go.
    pub(super) fn into_blocks(self) -> Carriers<ValueHash> {
        self.blocks
    }

    /// The edges that an item is an end of.
    pub(super) fn of_item(&self, item: u32) -> impl Iterator<Item = &Edge> {
        let start = self.starts.get(item as usize).copied().unwrap_or_default();
        let end = self.starts.get(item as usize + 1).copied().unwrap_or_default();
        let places = self.of_items.get(start as usize..end as usize).unwrap_or_default();
        places.iter().filter_map(|&place| self.edges.get(place as usize))
    }

    /// The edges of an item as its node keeps them.
    pub(super) fn row_of(&self, item: u32, numbers: &[RecordNumber]) -> Vec<(RecordNumber, Weight)> {
        let other = |edge: &Edge| if edge.a == item { edge.b } else { edge.a };
        let row = self.of_item(item).filter_map(|edge| Some((*numbers.get(other(edge) as usize)?, edge.weight)));
        let mut edges = Vec::with_capacity(self.of_item(item).count());
        edges.extend(row);
        edges.sort_unstable();
        edges
    }
}

fn row<'a>(rules: &Ruling, item: &'a Item) -> Row<'a> {
    let record = item.subject.record().filter(|reading| !reading.quarantined);
    Row { facts: item.subject.facts(), unique: record.and_then(|reading| rules.unique(&reading.record.key)) }
}

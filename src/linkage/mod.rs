//! How like are two records, and which pairs are worth asking about (DESIGN 4.5).
//!
//! The method is Fellegi and Sunter's (1969), trained without labels by expectation maximisation (Winkler 1988), with
//! term frequencies, and with a class of its own for people who share their surroundings.

mod block;
mod compare;
mod defaults;
mod drift;
mod em;
mod linker;
mod propose;
mod score;
mod scorer;
mod splink;
mod table;
mod train;

pub(crate) use drift::Gauge;
pub use drift::{ComparisonDrift, Drift, FrequencyDrift, GenericBlocks, ValueDrift};
pub(crate) use linker::{Linker, column_names};
pub use propose::{BlockCount, count_blocks, propose_blocks};
pub use scorer::{ScoredPair, score_pairs};
pub use splink::{SplinkImport, SplinkRemark};
pub(crate) use table::{Growing, Table};
pub(crate) use train::standing;
pub use train::{TrainOptions, Trained, TrainingReport, train};

use crate::id::ValueHash;
use crate::policy::Level;
use crate::value::Fact;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// A match weight: log2 of the Bayes factor of a pair, in thousandths of a bit, so that weights are ordered alike
/// everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Weight(pub i32);

/// The hashes of a record's block keys, each once.
pub(crate) type Blocks = SmallVec<[ValueHash; 8]>;

/// A record as batch linkage sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) facts: &'a [Fact],
    /// The place of its source, if the source is `unique`.
    pub(crate) unique: Option<u16>,
}

/// A pair of rows that is worth keeping: a link or a possible link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) a: u32,
    pub(crate) b: u32,
    pub(crate) weight: Weight,
}

/// What one comparison says of a pair.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Contribution {
    /// What is compared; nothing for what shared surroundings take off.
    pub(crate) columns: Vec<u16>,
    /// The level; none where a value is missing.
    pub(crate) level: Option<Level>,
    /// What it adds to the match weight.
    pub(crate) bits: f64,
}

/// Pieces that work over pairs is cut into.
const PIECES: usize = 64;

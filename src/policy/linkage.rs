//! How records are linked by likeness: comparisons, blocking rules, thresholds, and the model (DESIGN 4.5).

use super::level::Level;
use super::model::Model;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::sync::Arc;

/// Linking by likeness. A policy without it links by identifiers only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkagePolicy {
    /// The model; none takes the built-in one, which knows the kinds of attributes and not your data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelSource>,
    /// A pair at least so probably one person is a link.
    pub link_probability: f64,
    /// A pair at least so probably one person, and no link, is a possible link: reported, and joining nobody.
    pub review_probability: f64,
    /// Two clusters are not linked if a pair across them has a match weight below this, in bits.
    pub veto_weight: f64,
    /// A block of more records than this is generic: it finds no pairs.
    pub max_block: u64,
    /// What is compared, and on which levels; none compares every declared attribute by its kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comparison: Vec<ComparisonPolicy>,
    /// Which pairs are looked at; none takes the model's rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub block: Vec<BlockPolicy>,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ModelSource {
    /// A file, beside the policy's; `Policy::from_path` reads it.
    Path(SmolStr),
    /// The model itself.
    Model(Arc<Model>),
}

/// A comparison: the attributes (or kinds of identifier) that it looks at, and its levels, best first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonPolicy {
    /// The attribute, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<SmolStr>,
    /// The attributes, if they are several: a level must hold for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<SmolStr>,
    /// The levels, best first; `else` and null are implied. None takes those of the attribute's kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<Level>,
    /// Whether agreement on a rare value says more than on a common one; left out, as the attribute's kind has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_frequency: Option<bool>,
}

/// A blocking rule: pairs of records that agree on all its keys are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockPolicy {
    /// Key expressions: `surname`, `given_name[:3]`, `year(birth_date)`, `soundex(surname)`.
    pub keys: Vec<SmolStr>,
}

impl Default for LinkagePolicy {
    fn default() -> Self {
        Self {
            model: None,
            link_probability: 0.95,
            review_probability: 0.5,
            veto_weight: -10.0,
            max_block: 200,
            comparison: Vec::new(),
            block: Vec::new(),
        }
    }
}

impl ComparisonPolicy {
    /// The attributes that are compared, one or several.
    pub fn columns(&self) -> impl Iterator<Item = &SmolStr> {
        self.attribute.iter().chain(&self.attributes)
    }
}

//! How records are linked by likeness: comparisons, blocking rules, thresholds, and the model (DESIGN 4.5).

use super::key::Key;
use super::level::Level;
use super::model::Model;
use crate::error::Result;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize, de};
use smol_str::SmolStr;
use std::fmt;
use std::sync::Arc;

/// Linking by likeness. A policy without it links by identifiers only; one with nothing said in it compares every
/// declared attribute by its kind, with the built-in model.
///
/// # Examples
/// ```
/// use onefold::{AttributePolicy, BlockPolicy, Compare, ComparisonPolicy, Level, LinkagePolicy, Policy};
/// let linkage = LinkagePolicy::new()
///     .link_probability(0.99)
///     .comparison(ComparisonPolicy::new("surname").levels([Level::Exact, Level::JaroWinkler(0.9)]).term_frequency())
///     .block(BlockPolicy::new(["surname", "year(birth_date)"]));
/// let policy = Policy::builder()
///     .attribute(AttributePolicy::new("surname", Compare::Surname))
///     .attribute(AttributePolicy::new("birth_date", Compare::Date))
///     .linkage(linkage)
///     .build()?;
/// let wrong = policy.into_builder().linkage(LinkagePolicy::new().block(BlockPolicy::new(["sirname"]))).build();
/// assert_eq!(
///     wrong.unwrap_err().to_string(),
///     "policy field `linkage.block[0].keys[0]`: neither an attribute nor a kind of identifier `sirname` is declared; \
///      did you mean `surname`?"
/// );
/// # Ok::<(), onefold::Error>(())
/// ```
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
    /// What is compared, and on which levels; none takes the model's comparisons, and where there is no model, every
    /// declared attribute by its kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comparison: Vec<ComparisonPolicy>,
    /// Which pairs are looked at: those of any of the rules. None takes the model's rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub block: Vec<BlockPolicy>,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ModelSource {
    /// A file, beside the policy's. [`Policy::from_path`](crate::policy::Policy::from_path) reads it and puts the model
    /// itself in its place; a policy that still names a file is refused.
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

/// A blocking rule: pairs of records that agree on all its keys are compared. A pair belongs to the first rule that
/// finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockPolicy {
    /// Key expressions ([`Key`]): `surname`, `given_name[:3]`, `year(birth_date)`, `soundex(surname)`.
    pub keys: Vec<SmolStr>,
}

impl Default for LinkagePolicy {
    fn default() -> Self {
        Self {
            model: None,
            link_probability: 0.95,
            review_probability: 0.5,
            veto_weight: -7.2,
            max_block: 200,
            comparison: Vec::new(),
            block: Vec::new(),
        }
    }
}

impl LinkagePolicy {
    /// Takes the built-in model, the default thresholds, and every declared attribute.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the model.
    #[must_use]
    pub fn model(mut self, model: impl Into<ModelSource>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Sets how probable a pair must be to be a link, above 0 and below 1.
    #[must_use]
    pub fn link_probability(mut self, probability: f64) -> Self {
        self.link_probability = probability;
        self
    }

    /// Sets how probable a pair must be to be a possible link, above 0 and at most that of a link.
    #[must_use]
    pub fn review_probability(mut self, probability: f64) -> Self {
        self.review_probability = probability;
        self
    }

    /// Sets the match weight, in bits, below which one pair keeps two clusters apart.
    #[must_use]
    pub fn veto_weight(mut self, bits: f64) -> Self {
        self.veto_weight = bits;
        self
    }

    /// Sets the number of records beyond which a block is generic.
    #[must_use]
    pub fn max_block(mut self, records: u64) -> Self {
        self.max_block = records;
        self
    }

    /// Adds a comparison.
    #[must_use]
    pub fn comparison(mut self, comparison: impl Into<ComparisonPolicy>) -> Self {
        self.comparison.push(comparison.into());
        self
    }

    /// Adds a blocking rule.
    #[must_use]
    pub fn block(mut self, rule: impl Into<BlockPolicy>) -> Self {
        self.block.push(rule.into());
        self
    }

    /// The model, if it is here and not in a file.
    pub fn inline_model(&self) -> Option<&Arc<Model>> {
        match &self.model {
            Some(ModelSource::Model(model)) => Some(model),
            Some(ModelSource::Path(_)) | None => None,
        }
    }
}

impl ComparisonPolicy {
    /// Compares one attribute, on the levels of its kind.
    pub fn new(attribute: impl Into<SmolStr>) -> Self {
        Self { attribute: Some(attribute.into()), ..Self::default() }
    }

    /// Compares several attributes as one.
    pub fn of<T: Into<SmolStr>>(attributes: impl IntoIterator<Item = T>) -> Self {
        Self { attributes: attributes.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Sets the levels, best first.
    #[must_use]
    pub fn levels(mut self, levels: impl IntoIterator<Item = Level>) -> Self {
        self.levels = levels.into_iter().collect();
        self
    }

    /// Lets agreement on a rare value say more than on a common one.
    #[must_use]
    pub fn term_frequency(mut self) -> Self {
        self.term_frequency = Some(true);
        self
    }

    /// Lets agreement on all values say the same.
    #[must_use]
    pub fn without_term_frequency(mut self) -> Self {
        self.term_frequency = Some(false);
        self
    }

    /// The attributes that are compared, one or several.
    pub fn columns(&self) -> impl Iterator<Item = &SmolStr> {
        self.attribute.iter().chain(&self.attributes)
    }
}

impl BlockPolicy {
    /// Takes key expressions, all of which must agree.
    pub fn new<T: Into<SmolStr>>(keys: impl IntoIterator<Item = T>) -> Self {
        Self { keys: keys.into_iter().map(Into::into).collect() }
    }

    /// Reads the key expressions.
    ///
    /// # Errors
    /// `Input`, with the expression that cannot be read.
    pub fn parse(&self) -> Result<Vec<Key>> {
        self.keys.iter().map(|key| key.parse()).collect()
    }
}

/// Writes the keys as people say them: `surname, year(birth_date)`.
impl fmt::Display for BlockPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, key) in self.keys.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            f.write_str(key)?;
        }
        Ok(())
    }
}

impl From<&str> for ComparisonPolicy {
    fn from(attribute: &str) -> Self {
        Self::new(attribute)
    }
}

impl From<Vec<Key>> for BlockPolicy {
    fn from(keys: Vec<Key>) -> Self {
        Self { keys: keys.iter().map(|key| SmolStr::from(key.to_string())).collect() }
    }
}

impl From<Model> for ModelSource {
    fn from(model: Model) -> Self {
        Self::Model(Arc::new(model))
    }
}

impl From<Arc<Model>> for ModelSource {
    fn from(model: Arc<Model>) -> Self {
        Self::Model(model)
    }
}

/// By hand, so that what is wrong within a model is named by its field.
impl<'de> Deserialize<'de> for ModelSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(Source)
    }
}

struct Source;

impl<'de> de::Visitor<'de> for Source {
    type Value = ModelSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path of a model or a model")
    }

    fn visit_str<E: de::Error>(self, path: &str) -> std::result::Result<ModelSource, E> {
        Ok(ModelSource::Path(path.into()))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> std::result::Result<ModelSource, A::Error> {
        Model::deserialize(MapAccessDeserializer::new(map)).map(ModelSource::from)
    }
}

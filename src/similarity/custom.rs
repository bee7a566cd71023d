//! Similarities of the host's own.

use smol_str::SmolStr;
use std::fmt;
use std::sync::Arc;

/// A similarity that the host brings for the levels `custom:NAME:LEAST`.
///
/// # Contract
/// Pure, total and symmetric: the same two values give the same answer in either order, always; else what is one person
/// would depend on the order of arrival. Another function needs another name: a store remembers names.
pub trait Similarity: Send + Sync {
    /// How alike two canonical values are, in 0..=1.
    fn similarity(&self, a: &str, b: &str) -> f64;
}

impl<F: Fn(&str, &str) -> f64 + Send + Sync> Similarity for F {
    fn similarity(&self, a: &str, b: &str) -> f64 {
        self(a, b)
    }
}

/// The host's similarities by name. Equal where the names are.
#[derive(Clone, Default)]
pub struct Similarities(Vec<(SmolStr, Arc<dyn Similarity>)>);

impl Similarities {
    /// Adds one; one of the same name is replaced.
    pub fn insert(&mut self, name: impl Into<SmolStr>, similarity: Arc<dyn Similarity>) {
        let name = name.into();
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, similarity));
    }

    /// The one of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Similarity>> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, similarity)| similarity)
    }
}

impl PartialEq for Similarities {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().all(|(name, _)| other.get(name).is_some())
    }
}

impl fmt::Debug for Similarities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

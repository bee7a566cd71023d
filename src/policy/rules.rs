//! The policy, checked and compiled.

use super::{Compare, Contested, Form, Links, Policy, Role, Survive};
use smol_str::SmolStr;

/// A policy that was checked: defaults filled in, expressions compiled, names turned into places.
///
/// The defaults by role (person, contact, device, session) are those of the table in the crate docs.
#[derive(Debug, Clone)]
pub struct Rules {
    pub(crate) policy: Policy,
    /// The kinds of identifier, strongest first.
    pub(crate) kinds: Vec<KindRule>,
    /// The declared attributes, in the policy's order.
    pub(crate) attributes: Vec<AttributeRule>,
    /// A hash of all that the policy says, the same on every machine: what a store remembers it by.
    pub(crate) fingerprint: u128,
}

/// One kind of identifier, with every default filled in.
#[derive(Debug, Clone)]
pub struct KindRule {
    /// Its name.
    pub name: SmolStr,
    /// What it stands for.
    pub role: Role,
    /// Whom its values link.
    pub links: Links,
    /// How its values are brought to one form.
    pub form: Form,
    /// The most distinct values per profile.
    pub max_per_profile: Option<u64>,
    /// The most parts of a contested value.
    pub max_claimants: Option<u64>,
    /// The most records of a value before it is generic.
    pub max_records: Option<u64>,
    /// What becomes of a contested value.
    pub contested: Contested,
    /// Places in [`Rules::attributes`] that must agree.
    pub corroborate: Vec<u16>,
}

/// One declared attribute.
#[derive(Debug, Clone)]
pub struct AttributeRule {
    /// Its name.
    pub name: SmolStr,
    /// What kind of value it is.
    pub compare: Compare,
    /// Whether a contradiction keeps records apart.
    pub exclusive: bool,
    /// The rules of survivorship.
    pub survive: Vec<Survive>,
}

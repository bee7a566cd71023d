//! The part of a policy that says who is one household.

use super::check::{hint, number};
use super::rules::links;
use super::{Links, Policy};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Which profiles are one household: those of one declared identifier, or of one address and name. Households are a
/// layer over profiles: nothing in it has a say in who is one person.
///
/// # Examples
/// ```
/// use onefold::{AttributePolicy, Compare, HouseholdPolicy, Policy};
/// let policy = Policy::builder()
///     .attribute(AttributePolicy::new("surname", Compare::Surname))
///     .attribute(AttributePolicy::new("street", Compare::Address))
///     .attribute(AttributePolicy::new("postcode", Compare::Postcode))
///     .household(HouseholdPolicy::new().attributes(["surname", "street", "postcode"]))
///     .build()?;
/// let error = policy.into_builder().household(HouseholdPolicy::new().identifier("household_id")).build();
/// let message = "policy field `household.identifier`: no kind `household_id` is declared";
/// assert_eq!(error.unwrap_err().to_string(), message);
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HouseholdPolicy {
    /// The kind of identifier by which sources declare a household. It has `links = "none"`: it links nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<SmolStr>,
    /// The attributes that all have to be the same: where people live, and as a rule a surname.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<SmolStr>,
    /// What more profiles than this share is an office, a hostel or a placeholder, and no household.
    pub max_profiles: u64,
}

impl Default for HouseholdPolicy {
    fn default() -> Self {
        Self { identifier: None, attributes: Vec::new(), max_profiles: 20 }
    }
}

impl HouseholdPolicy {
    /// Starts one that names neither an identifier nor attributes yet, of 20 profiles at the most.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the kind of identifier by which sources declare a household.
    #[must_use]
    pub fn identifier(mut self, kind: impl Into<SmolStr>) -> Self {
        self.identifier = Some(kind.into());
        self
    }

    /// Adds attributes that have to be the same.
    #[must_use]
    pub fn attributes<T: Into<SmolStr>>(mut self, attributes: impl IntoIterator<Item = T>) -> Self {
        self.attributes.extend(attributes.into_iter().map(Into::into));
        self
    }

    /// Sets how many profiles a household has at the most.
    #[must_use]
    pub fn max_profiles(mut self, profiles: u64) -> Self {
        self.max_profiles = profiles;
        self
    }
}

impl Policy {
    pub(super) fn check_household(&self) -> Result<()> {
        let Some(household) = &self.household else { return Ok(()) };
        if let Some(name) = &household.identifier {
            let field = "household.identifier";
            let kinds = || self.identifier.iter().map(|identifier| &identifier.kind);
            let Some(kind) = self.identifier.iter().find(|identifier| identifier.kind == *name) else {
                return Err(Error::policy(field, format!("no kind `{name}` is declared{}", hint(name, kinds()))));
            };
            if links(kind) != Links::None {
                let reason = format!("`{name}` links people; what a household shares needs `links = \"none\"`");
                return Err(Error::policy(field, reason));
            }
        }
        for (place, name) in household.attributes.iter().enumerate() {
            let field = format!("household.attributes[{place}]");
            self.declared(&field, name)?;
            if household.attributes.iter().take(place).any(|earlier| earlier == name) {
                return Err(Error::policy(field, format!("`{name}` stands here twice")));
            }
        }
        if household.identifier.is_none() && household.attributes.is_empty() {
            return Err(Error::policy("household", "names neither an identifier nor attributes"));
        }
        number("household.max_profiles", household.max_profiles)
    }
}

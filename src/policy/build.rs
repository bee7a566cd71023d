//! Writing a policy in Rust.

use super::{
    AttributePolicy, Compare, Contested, Form, HouseholdPolicy, IdentifierPolicy, Limit, LinkagePolicy, Links, Policy,
    PurposePolicy, Role, Rules, SourceClass, SourcePolicy, Survive, Undeclared,
};
use crate::error::Result;
use crate::event::{EventKind, Sensitivity};
use crate::similarity::Similarity;
use smol_str::SmolStr;
use std::sync::Arc;

/// Puts a [`Policy`] together; [`build`](Self::build) checks it as a whole.
///
/// # Examples
/// ```
/// use onefold::{AttributePolicy, Compare, Form, IdentifierPolicy, Policy, Role};
/// let policy = Policy::builder()
///     .source("crm")
///     .identifier(IdentifierPolicy::new("customer_id", Role::Person))
///     .identifier(IdentifierPolicy::new("email", Role::Contact).normalise(Form::Email).max_per_profile(5))
///     .attribute(AttributePolicy::new("given_name", Compare::GivenName))
///     .build()?;
/// assert_eq!(policy.identifier.len(), 2);
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct PolicyBuilder {
    pub(super) policy: Policy,
}

impl Policy {
    /// Starts a policy without sources, kinds of identifier and attributes.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    /// Starts from this policy: what is added comes after what it has.
    pub fn into_builder(self) -> PolicyBuilder {
        PolicyBuilder { policy: self }
    }
}

impl PolicyBuilder {
    /// Says what becomes of attributes that the policy does not declare.
    pub fn undeclared_attributes(mut self, undeclared: Undeclared) -> Self {
        self.policy.undeclared_attributes = undeclared;
        self
    }

    /// Sets the region of phone numbers without a country code: ISO 3166-1 alpha-2, as `US`.
    pub fn default_region(mut self, region: impl Into<SmolStr>) -> Self {
        self.policy.default_region = Some(region.into());
        self
    }

    /// Sets how much later than now a record may be.
    pub fn clock_skew_seconds(mut self, seconds: u64) -> Self {
        self.policy.clock_skew_seconds = seconds;
        self
    }

    /// Sets the number of records beyond which a region is reported.
    pub fn max_region(mut self, records: u64) -> Self {
        self.policy.max_region = records;
        self
    }

    /// Adds a source, less trusted than those before it. A name alone is a first-party source.
    pub fn source(mut self, source: impl Into<SourcePolicy>) -> Self {
        self.policy.source.push(source.into());
        self
    }

    /// Adds a kind of identifier, weaker than those before it.
    pub fn identifier(mut self, identifier: IdentifierPolicy) -> Self {
        self.policy.identifier.push(identifier);
        self
    }

    /// Declares an attribute.
    pub fn attribute(mut self, attribute: AttributePolicy) -> Self {
        self.policy.attribute.push(attribute);
        self
    }

    /// Says which kind of identifier has the ids of orders.
    pub fn order(mut self, kind: impl Into<SmolStr>) -> Self {
        self.policy.event.order = Some(kind.into());
        self
    }

    /// Links by likeness too.
    pub fn linkage(mut self, linkage: LinkagePolicy) -> Self {
        self.policy.linkage = Some(linkage);
        self
    }

    /// Knows households too.
    pub fn household(mut self, household: HouseholdPolicy) -> Self {
        self.policy.household = Some(household);
        self
    }

    /// Declares what data is used for.
    pub fn purpose(mut self, purpose: PurposePolicy) -> Self {
        self.policy.purpose.push(purpose);
        self
    }

    /// Says for which purposes events of a kind may be read.
    pub fn event_purposes<T: Into<SmolStr>>(mut self, kind: &EventKind, purposes: impl IntoIterator<Item = T>) -> Self {
        let named = self.policy.event.purposes.entry(kind.to_string().into()).or_default();
        named.extend(purposes.into_iter().map(Into::into));
        self
    }

    /// Brings a similarity of the host's own, for the levels `custom:NAME:LEAST`.
    pub fn similarity(mut self, name: impl Into<SmolStr>, similarity: impl Similarity + 'static) -> Self {
        self.policy.similarities.insert(name, Arc::new(similarity));
        self
    }

    /// Checks the whole.
    ///
    /// # Errors
    /// `Config`, with the field named, where something does not fit.
    pub fn build(self) -> Result<Policy> {
        self.policy.check()?;
        Ok(self.policy)
    }

    /// Takes the whole as it is. For policies that a test checks.
    pub(super) fn into_unchecked(self) -> Policy {
        self.policy
    }

    /// Checks the whole and compiles it.
    ///
    /// # Errors
    /// `Config`, with the field named, where something does not fit.
    pub fn rules(self) -> Result<Rules> {
        Rules::new(self.policy)
    }
}

impl SourcePolicy {
    /// Takes a name: a first-party source that may hold duplicates.
    pub fn new(name: impl Into<SmolStr>) -> Self {
        Self { name: name.into(), class: SourceClass::default(), unique: false }
    }

    /// Says whose data it is.
    #[must_use]
    pub fn class(mut self, class: SourceClass) -> Self {
        self.class = class;
        self
    }

    /// Says that it holds no duplicates.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }
}

impl From<&str> for SourcePolicy {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl IdentifierPolicy {
    /// Takes a name and a role; everything else is the default of the role.
    pub fn new(kind: impl Into<SmolStr>, role: Role) -> Self {
        Self {
            kind: kind.into(),
            role,
            links: None,
            normalise: Form::default(),
            ignore_tags: Vec::new(),
            max_per_profile: None,
            max_claimants: None,
            max_records: None,
            contested: Contested::default(),
            corroborate: Vec::new(),
            block: Vec::new(),
            pattern: None,
            purposes: Vec::new(),
            keep: None,
        }
    }

    /// Lets its values be read for these purposes.
    #[must_use]
    pub fn purposes<T: Into<SmolStr>>(mut self, purposes: impl IntoIterator<Item = T>) -> Self {
        self.purposes.extend(purposes.into_iter().map(Into::into));
        self
    }

    /// Says whom its values link.
    #[must_use]
    pub fn links(mut self, links: Links) -> Self {
        self.links = Some(links);
        self
    }

    /// Says how its values are brought to one form.
    #[must_use]
    pub fn normalise(mut self, form: Form) -> Self {
        self.normalise = form;
        self
    }

    /// Names e-mail providers whose dots and plus tags do not count.
    #[must_use]
    pub fn ignore_tags<T: Into<SmolStr>>(mut self, domains: impl IntoIterator<Item = T>) -> Self {
        self.ignore_tags.extend(domains.into_iter().map(Into::into));
        self
    }

    /// Sets the most distinct values per profile.
    #[must_use]
    pub fn max_per_profile(mut self, limit: impl Into<Limit>) -> Self {
        self.max_per_profile = Some(limit.into());
        self
    }

    /// Sets the most parts of a contested value.
    #[must_use]
    pub fn max_claimants(mut self, limit: impl Into<Limit>) -> Self {
        self.max_claimants = Some(limit.into());
        self
    }

    /// Sets the most records of a value before it is generic.
    #[must_use]
    pub fn max_records(mut self, limit: impl Into<Limit>) -> Self {
        self.max_records = Some(limit.into());
        self
    }

    /// Says what becomes of a contested value.
    #[must_use]
    pub fn contested(mut self, contested: Contested) -> Self {
        self.contested = contested;
        self
    }

    /// Names attributes that must agree for a shared value to link.
    #[must_use]
    pub fn corroborate<T: Into<SmolStr>>(mut self, attributes: impl IntoIterator<Item = T>) -> Self {
        self.corroborate.extend(attributes.into_iter().map(Into::into));
        self
    }

    /// Refuses values: exact, or with `*` for any run of characters.
    #[must_use]
    pub fn block<T: Into<SmolStr>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        self.block.extend(values.into_iter().map(Into::into));
        self
    }

    /// Sets the regular expression that the whole normalised value must match.
    #[must_use]
    pub fn pattern(mut self, pattern: impl Into<SmolStr>) -> Self {
        self.pattern = Some(pattern.into());
        self
    }
}

impl AttributePolicy {
    /// Takes a name and the kind of value.
    pub fn new(name: impl Into<SmolStr>, compare: Compare) -> Self {
        Self {
            name: name.into(),
            compare,
            exclusive: false,
            group: None,
            survive: Vec::new(),
            verified_by: None,
            purposes: Vec::new(),
            keep: None,
            sensitivity: Sensitivity::None,
        }
    }

    /// Lets its values be read for these purposes.
    #[must_use]
    pub fn purposes<T: Into<SmolStr>>(mut self, purposes: impl IntoIterator<Item = T>) -> Self {
        self.purposes.extend(purposes.into_iter().map(Into::into));
        self
    }

    /// Says how carefully its values are to be handled.
    #[must_use]
    pub fn sensitivity(mut self, sensitivity: Sensitivity) -> Self {
        self.sensitivity = sensitivity;
        self
    }

    /// Lets a contradiction keep records apart.
    #[must_use]
    pub fn exclusive(mut self) -> Self {
        self.exclusive = true;
        self
    }

    /// Puts it into a group that survives together.
    #[must_use]
    pub fn group(mut self, group: impl Into<SmolStr>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Sets the rules of survivorship, in turn.
    #[must_use]
    pub fn survive(mut self, rules: impl IntoIterator<Item = Survive>) -> Self {
        self.survive = rules.into_iter().collect();
        self
    }

    /// Names the attribute that says whether this one was verified.
    #[must_use]
    pub fn verified_by(mut self, attribute: impl Into<SmolStr>) -> Self {
        self.verified_by = Some(attribute.into());
        self
    }
}

impl From<u64> for Limit {
    fn from(limit: u64) -> Self {
        Self::AtMost(limit)
    }
}

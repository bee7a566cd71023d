//! The policy, checked and compiled.

use super::filter::{Block, whole};
use super::{
    AttributePolicy, Compare, Contested, Form, IdentifierPolicy, Limit, Links, Policy, Role, Survive, Undeclared,
};
use crate::error::{Error, Result};
use crate::id::Seed;
use crate::record::Identifier;
use ahash::{AHashMap, AHashSet, RandomState};
use regex::Regex;
use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};
use smallvec::SmallVec;
use smol_str::SmolStr;

/// A policy that was checked: defaults filled in, expressions compiled, names turned into places.
///
/// The defaults by role:
///
/// | | person | contact | device | session |
/// |---|---|---|---|---|
/// | `links` | all | all | anonymous | anonymous |
/// | `max_per_profile` | 1 | 20 | none | none |
/// | `max_claimants` | none | 20 | 20 | 20 |
/// | `max_records` | none | 10,000 | 10,000 | 10,000 |
/// | `contested` | latest | latest | latest | latest |
///
/// # Examples
/// ```
/// use onefold::{IdentifierPolicy, Policy, Role, Rules};
/// let policy = Policy::builder().identifier(IdentifierPolicy::new("device_id", Role::Device)).build()?;
/// let rules = Rules::new(policy)?;
/// assert_eq!(rules.kind_place("device_id"), Some(0));
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rules {
    pub(crate) policy: Policy,
    /// The kinds of identifier, strongest first.
    pub(crate) kinds: Vec<KindRule>,
    /// The declared attributes, in the policy's order.
    pub(crate) attributes: Vec<AttributeRule>,
    /// A hash of all that the policy says, the same on every machine: what a store remembers it by.
    pub(crate) fingerprint: u128,
    /// The region of phone numbers without a country code.
    pub(crate) region: Option<Region>,
    /// The attributes of given and of family names, if there are both: people write the one where the other belongs.
    pub(crate) names: Option<(u16, u16)>,
    /// What else says it, where a record does not give its whole name or its address as the policy first names it.
    pub(crate) stand_ins: Vec<StandIns>,
    /// Who is one household.
    pub(crate) household: Option<HouseholdRule>,
    kind_places: Places,
    attribute_places: Places,
    source_places: Places,
}

/// An attribute, and what stands in for it in a record that does not give it, so that sources that name it otherwise can
/// be compared: the parts of a name, or other attributes of its kind and group.
#[derive(Debug, Clone)]
pub(crate) struct StandIns {
    pub(crate) attribute: u16,
    /// Given and family name.
    pub(crate) parts: Option<(u16, u16)>,
    /// In the policy's order.
    pub(crate) others: SmallVec<[u16; 2]>,
}

/// Who is one household, names turned into places.
#[derive(Debug, Clone)]
pub(crate) struct HouseholdRule {
    /// The kind of identifier that declares it.
    pub(crate) kind: Option<u16>,
    /// The attributes that all have to be the same.
    pub(crate) attributes: Vec<u16>,
    /// The most profiles of one.
    pub(crate) max_profiles: u64,
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
    /// Lower-case domains whose dots and plus tags do not count.
    pub(crate) ignore_tags: AHashSet<SmolStr>,
    /// The refused values.
    pub(crate) block: Option<Block>,
    /// What the whole normalised value must match.
    pub(crate) pattern: Option<Regex>,
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
    /// The rules of survivorship: its own, its group's, or the default.
    pub survive: Vec<Survive>,
    /// The group that survives together.
    pub group: Option<SmolStr>,
    /// The place of the attribute that says whether this one was verified.
    pub verified_by: Option<u16>,
    /// Whether resolution looks at it: it is exclusive, corroborates some kind, or is compared.
    pub fact: bool,
}

/// How an attribute survives of which the policy says nothing.
pub const SURVIVE_DEFAULT: &[Survive] = &[Survive::MostRecent];

type Places = AHashMap<SmolStr, u16>;

impl Rules {
    /// Checks and compiles a policy. O(size of the policy), but for its expressions.
    ///
    /// # Errors
    /// `Config`, with the field named, where something does not fit.
    pub fn new(policy: Policy) -> Result<Self> {
        policy.check()?;
        let attribute_places = places(policy.attribute.iter().map(|attribute| &attribute.name));
        let kinds = (0_usize..)
            .zip(&policy.identifier)
            .map(|(place, identifier)| compile_kind(place, identifier, &attribute_places))
            .collect::<Result<Vec<_>>>()?;
        let names = name_places(&policy);
        let kind_places = places(policy.identifier.iter().map(|identifier| &identifier.kind));
        let place = |places: &Places, name: &SmolStr| places.get(name).copied();
        let household = policy.household.as_ref().map(|household| HouseholdRule {
            kind: household.identifier.as_ref().and_then(|name| place(&kind_places, name)),
            attributes: household.attributes.iter().filter_map(|name| place(&attribute_places, name)).collect(),
            max_profiles: household.max_profiles,
        });
        let attributes =
            policy.attribute.iter().map(|attribute| compile_attribute(attribute, &policy, &attribute_places)).collect();
        let canonical = serde_json::to_vec(&policy)
            .map_err(|error| Error::policy("policy", format!("cannot be written as JSON: {error}")))?;
        Ok(Self {
            kinds,
            attributes,
            fingerprint: Seed::default().hash_parts(0, &[&canonical]),
            region: policy.default_region.as_deref().and_then(region),
            names,
            stand_ins: [Compare::FullName, Compare::Address]
                .into_iter()
                .filter_map(|kind| stand_ins(&policy, kind))
                .collect(),
            household,
            kind_places,
            source_places: places(policy.source.iter().map(|source| &source.name)),
            attribute_places,
            policy,
        })
    }

    /// The policy, as it was given.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The kinds of identifier, strongest first.
    pub fn kinds(&self) -> &[KindRule] {
        &self.kinds
    }

    /// The declared attributes, in the policy's order.
    pub fn attributes(&self) -> &[AttributeRule] {
        &self.attributes
    }

    /// A hash of all that the policy says, the same on every machine.
    pub fn fingerprint(&self) -> u128 {
        self.fingerprint
    }

    /// The place of a kind of identifier, or none if the policy does not know it.
    pub fn kind_place(&self, name: &str) -> Option<u16> {
        self.kind_places.get(name).copied()
    }

    /// The place of an attribute, or none if the policy does not declare it.
    pub fn attribute_place(&self, name: &str) -> Option<u16> {
        self.attribute_places.get(name).copied()
    }

    /// The place of a column of linkage: an attribute, or, after all of them, a kind of identifier.
    pub(crate) fn column(&self, name: &str) -> Option<u16> {
        let kind = || self.kind_place(name).map(|kind| kind + self.attributes.len() as u16);
        self.attribute_place(name).or_else(kind)
    }

    /// The columns that facts are of, ascending: attributes that resolution looks at, and for linkage all kinds of
    /// identifier.
    pub(crate) fn columns(&self) -> Vec<u16> {
        let attributes = (0_u16..).zip(&self.attributes).filter(|(_, rule)| rule.fact).map(|(place, _)| place);
        let kinds = if self.policy.linkage.is_some() { self.kinds.len() as u16 } else { 0 };
        let first = self.attributes.len() as u16;
        attributes.chain(first..first + kinds).collect()
    }

    /// What kind of value a column of linkage holds.
    pub(crate) fn column_compare(&self, column: u16) -> Compare {
        if let Some(attribute) = self.attributes.get(usize::from(column)) {
            return attribute.compare;
        }
        match self.kinds.get(usize::from(column) - self.attributes.len()).map(|kind| kind.form) {
            Some(Form::Email) => Compare::Email,
            Some(Form::Phone) => Compare::Phone,
            _ => Compare::Exact,
        }
    }

    /// An identifier in the form of its kind, with the name of the kind; none where there is no such kind. O(1).
    pub(crate) fn identifier(&self, kind: u16, value: SmolStr) -> Option<Identifier> {
        let rule = self.kinds.get(usize::from(kind))?;
        Some(Identifier::new(rule.name.clone(), value))
    }

    /// Says whether two values of an attribute can both be true of one person, by its kind.
    pub(crate) fn allows(&self, attribute: u16, a: &str, b: &str) -> bool {
        let compare = self.attributes.get(usize::from(attribute)).map(|rule| rule.compare).unwrap_or_default();
        a == b || compare.agreement(a, b).allows()
    }

    /// Says whether an attribute is exclusive. Kinds of identifier, which come after the attributes, are not.
    pub(crate) fn is_exclusive(&self, attribute: u16) -> bool {
        self.attributes.get(usize::from(attribute)).is_some_and(|rule| rule.exclusive)
    }

    /// The place of a source in the order of trust, the most trusted first; none for a source that is not declared,
    /// which comes after all that are.
    pub fn source_place(&self, name: &str) -> Option<u16> {
        self.source_places.get(name).copied()
    }

    /// The place of a source that holds no duplicates; none for any other.
    pub(crate) fn unique_source(&self, name: &str) -> Option<u16> {
        let place = self.source_place(name)?;
        self.policy.source.get(usize::from(place)).filter(|source| source.unique).map(|_| place)
    }

    /// How an attribute survives: as declared, or by the default. None where the policy shows it nowhere.
    pub fn survive(&self, attribute: &str) -> Option<&[Survive]> {
        match self.attribute_place(attribute).and_then(|place| self.attributes.get(usize::from(place))) {
            Some(rule) => Some(&rule.survive),
            None if self.policy.undeclared_attributes == Undeclared::Keep => Some(SURVIVE_DEFAULT),
            None => None,
        }
    }
}

/// Whom the values of a kind link, by its role where it does not say.
pub(crate) fn links(identifier: &IdentifierPolicy) -> Links {
    identifier.links.unwrap_or(match identifier.role {
        Role::Person | Role::Contact => Links::All,
        Role::Device | Role::Session => Links::Anonymous,
    })
}

/// The region of a code that phone numbers are known for.
pub(crate) fn region(code: &str) -> Option<Region> {
    let region = Region::from_code(code).ok().filter(|_| code.len() == 2)?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| region)
}

fn compile_kind(place: usize, identifier: &IdentifierPolicy, attributes: &Places) -> Result<KindRule> {
    let (max_per_profile, max_claimants, max_records) = match identifier.role {
        Role::Person => (Some(1), None, None),
        Role::Contact => (Some(20), Some(20), Some(10_000)),
        Role::Device | Role::Session => (None, Some(20), Some(10_000)),
    };
    let refused = |field: &str| Error::policy(format!("identifier[{place}].{field}"), "does not compile");
    Ok(KindRule {
        name: identifier.kind.clone(),
        role: identifier.role,
        links: links(identifier),
        form: identifier.normalise,
        max_per_profile: or_default(identifier.max_per_profile, max_per_profile),
        max_claimants: or_default(identifier.max_claimants, max_claimants),
        max_records: or_default(identifier.max_records, max_records),
        contested: identifier.contested,
        corroborate: identifier.corroborate.iter().filter_map(|name| attributes.get(name).copied()).collect(),
        ignore_tags: identifier.ignore_tags.iter().map(|domain| domain.to_lowercase().into()).collect(),
        block: Block::compile(&identifier.block).map_err(|_| refused("block"))?,
        pattern: identifier.pattern.as_deref().map(whole).transpose().map_err(|_| refused("pattern"))?,
    })
}

fn or_default(said: Option<Limit>, default: Option<u64>) -> Option<u64> {
    match said {
        Some(Limit::AtMost(limit)) => Some(limit),
        Some(Limit::None) => None,
        None => default,
    }
}

fn compile_attribute(attribute: &AttributePolicy, policy: &Policy, places: &Places) -> AttributeRule {
    // A group takes the rules of its first attribute that has any; `first` stands by itself even in a group.
    let of_group = || {
        let mut members =
            policy.attribute.iter().filter(|other| other.group.is_some() && other.group == attribute.group);
        members.find(|other| !other.survive.is_empty() && other.survive != [Survive::First])
    };
    let survive = if attribute.survive.is_empty() {
        of_group().map_or_else(|| SURVIVE_DEFAULT.to_vec(), |first| first.survive.clone())
    } else {
        attribute.survive.clone()
    };
    let corroborates = || policy.identifier.iter().any(|identifier| identifier.corroborate.contains(&attribute.name));
    // An exclusive given name may stand where the family name belongs.
    let is_swapped = || {
        let of = |place: u16| policy.attribute.get(usize::from(place));
        let names = name_places(policy).and_then(|(given, family)| Some((of(given)?, of(family)?)));
        names.is_some_and(|(given, family)| {
            (given.exclusive && family.name == attribute.name) || (family.exclusive && given.name == attribute.name)
        })
    };
    AttributeRule {
        name: attribute.name.clone(),
        compare: attribute.compare,
        exclusive: attribute.exclusive,
        survive,
        group: attribute.group.clone(),
        verified_by: attribute.verified_by.as_ref().and_then(|name| places.get(name).copied()),
        fact: attribute.exclusive || corroborates() || is_swapped() || policy.linkage.is_some(),
    }
}

/// The first attribute of given names, and the first of family names.
fn name_places(policy: &Policy) -> Option<(u16, u16)> {
    let first = |compare| policy.attribute.iter().position(|attribute| attribute.compare == compare);
    Some((first(Compare::GivenName)? as u16, first(Compare::Surname)? as u16))
}

/// What stands in for the first attribute of a kind; none where nothing can. What is of another group is another matter:
/// an employer's name is no name of the one employed.
fn stand_ins(policy: &Policy, kind: Compare) -> Option<StandIns> {
    let mut alike = (0_u16..).zip(&policy.attribute).filter(|(_, attribute)| attribute.compare == kind);
    let (attribute, first) = alike.next()?;
    let others: SmallVec<_> = alike.filter(|(_, other)| other.group == first.group).map(|(place, _)| place).collect();
    let parts = name_places(policy).filter(|_| kind == Compare::FullName);
    (parts.is_some() || !others.is_empty()).then_some(StandIns { attribute, parts, others })
}

fn places<'a>(names: impl Iterator<Item = &'a SmolStr>) -> Places {
    // The seeds are fixed: a library draws no random number, and the names are the host's own.
    let mut places = Places::with_hasher(RandomState::with_seeds(1, 2, 3, 4));
    places.extend(names.cloned().zip(0_u16..));
    places
}

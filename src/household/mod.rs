//! Who lives together: a layer over profiles, derived when it is asked for. Pure.
//!
//! Nothing that links people can see it: what a record is found by here is kept beside what it is linked by, under
//! hashes of a domain of its own, and no floor that resolves knows this one.

use crate::id::{ProfileId, Seed, ValueHash};
use crate::identifier::hash_home;
use crate::normalise::home_form;
use crate::policy::Rules;
use crate::profile::Golden;
use crate::record::Record;
use serde::Serialize;

/// The profiles that are one household with the one that is asked about.
///
/// It is seen from there: whoever shares the declared identifier or the address with it is in, and nobody who only
/// shares one with those.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Household {
    /// Who is in it, the oldest profile first, the one that is asked about among them. Nobody where too many are.
    pub members: Vec<HouseholdMember>,
    /// How many profiles share it, where they are more than the policy allows; or how many records, where these are too
    /// many to look at. It is no household then.
    pub too_many: Option<u64>,
}

/// A profile of a household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HouseholdMember {
    /// Which.
    pub profile: ProfileId,
    /// What it shares with the one that is asked about.
    pub because: Vec<HouseholdTie>,
}

/// What makes profiles a household.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HouseholdTie {
    /// The identifier by which sources declare it.
    Identifier,
    /// All attributes that the policy names, as the golden records have them.
    Attributes,
}

/// Where a profile is at home.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Home {
    /// The hash of the declared identifier.
    pub(crate) declared: Option<ValueHash>,
    /// The hashes of the attributes, in the policy's order; none unless there are all of them.
    pub(crate) address: Option<Vec<ValueHash>>,
}

impl Home {
    /// What it shares with another.
    pub(crate) fn ties(&self, other: &Self) -> Vec<HouseholdTie> {
        let declared = self.declared.is_some() && self.declared == other.declared;
        let address = self.address.is_some() && self.address == other.address;
        let ties = [(declared, HouseholdTie::Identifier), (address, HouseholdTie::Attributes)];
        ties.into_iter().filter(|(shared, _)| *shared).map(|(_, tie)| tie).collect()
    }
}

/// What a record can be found by: the hash of each attribute that says where somebody lives. Its profile's golden
/// record may take one of them from it, and the others from elsewhere. O(length of the values).
pub(crate) fn homes(rules: &Rules, seed: Seed, record: &Record) -> Box<[ValueHash]> {
    let Some(household) = &rules.household else { return Box::default() };
    let home = |place: &u16| {
        let name = &rules.attributes().get(usize::from(*place))?.name;
        Some(hash_home(seed, name, &home_form(rules, *place, record.value(name)?)?))
    };
    household.attributes.iter().filter_map(home).collect()
}

/// Where a golden record is at home; nowhere unless it has all the attributes.
pub(crate) fn address(rules: &Rules, seed: Seed, golden: &Golden) -> Option<Vec<ValueHash>> {
    let household = rules.household.as_ref().filter(|household| !household.attributes.is_empty())?;
    let home = |place: &u16| {
        let name = &rules.attributes().get(usize::from(*place))?.name;
        Some(hash_home(seed, name, &home_form(rules, *place, &golden.value(name)?.value)?))
    };
    household.attributes.iter().map(home).collect()
}

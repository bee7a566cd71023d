//! Households: which profiles live together now.

use super::Resolver;
use super::moments::newest_claim;
use super::read::View;
use crate::error::Result;
use crate::event::Event;
use crate::golden::fold;
use crate::household::{Home, Household, HouseholdMember, address};
use crate::id::{ClusterNumber, ProfileId, RecordNumber, ValueHash};
use crate::identifier::hash_value;
use crate::record::Record;
use crate::store::{Cluster, DORMANT, Posting};
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Records that share a declared identifier, or the rarest part of an address, that are looked at.
const CARRIERS_MAX: u64 = 4_096;

impl View {
    /// The household of a profile, by the policy's `[household]`. None where the policy has none, nothing is known of
    /// where they live, or the id leads nowhere.
    ///
    /// A profile is at home where its golden record says, all attributes together, and by the newest record or event
    /// that declares its household. So who moves leaves, and nobody is moved by what an old record says. The attributes
    /// are brought to one form by their kind (`compare`) first; the words of an address may come in any order.
    ///
    /// O(records that share the rarest of the attributes or the identifier, and the records of their profiles).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{AttributePolicy, Compare, HouseholdPolicy, Policy, Record, Resolver};
    /// let policy = Policy::builder()
    ///     .attribute(AttributePolicy::new("surname", Compare::Surname))
    ///     .attribute(AttributePolicy::new("street", Compare::Address))
    ///     .household(HouseholdPolicy::new().attributes(["surname", "street"]));
    /// let resolver = Resolver::in_memory(policy.build()?)?;
    /// let person = |key: &str, street: &str| -> onefold::Result<_> {
    ///     let record = Record::new("crm", key, "2026-01-05T10:00:00Z".parse()?);
    ///     let answer = resolver.add(record.attribute("surname", "Marlowe").attribute("street", street))?;
    ///     Ok(answer.profile.unwrap())
    /// };
    /// let (ann, bob) = (person("1", "Main St. 5")?, person("2", "5 Main Street")?);
    /// person("3", "7 Main Street")?;
    /// let household = resolver.household(ann)?.unwrap();
    /// let members: Vec<_> = household.members.iter().map(|member| member.profile).collect();
    /// assert_eq!(members, [ann, bob]);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn household(&self, id: ProfileId) -> Result<Option<Household>> {
        let Some((number, cluster)) = self.cluster_of(id)? else { return Ok(None) };
        self.household_of(number, &cluster)
    }

    pub(super) fn household_of(&self, number: ClusterNumber, cluster: &Cluster) -> Result<Option<Household>> {
        let Some(rule) = &self.rules.household else { return Ok(None) };
        let own = self.home_of(number, cluster)?;
        if own == Home::default() {
            return Ok(None);
        }
        let too_many = |count| Ok(Some(Household { members: Vec::new(), too_many: Some(count) }));
        let rarest = own.address.as_deref().map(|values| self.rarest(values)).transpose()?.flatten();
        let declared = own.declared.map(|value| self.rarest(&[value])).transpose()?.flatten();
        let mut carriers: Vec<RecordNumber> = Vec::new();
        for (value, posting) in rarest.into_iter().chain(declared) {
            if posting.carriers.len() > CARRIERS_MAX {
                return too_many(posting.carriers.len());
            }
            carriers.extend(self.some_carriers(value, &posting, CARRIERS_MAX as usize)?);
        }
        carriers.sort_unstable();
        carriers.dedup();
        let nodes = self.snapshot.nodes(&carriers)?;
        let clusters: BTreeSet<ClusterNumber> = nodes.iter().flatten().map(|node| node.cluster).collect();
        let clusters: Vec<ClusterNumber> = clusters.into_iter().filter(|number| *number != DORMANT).collect();
        let mut members = Vec::new();
        for (number, cluster) in clusters.iter().zip(self.snapshot.clusters(&clusters)?) {
            let Some(cluster) = cluster else { continue };
            let because = own.ties(&self.home_of(*number, &cluster)?);
            if !because.is_empty() {
                members.push((cluster.profile, because));
            }
        }
        if members.len() as u64 > rule.max_profiles {
            return too_many(members.len() as u64);
        }
        members.sort_unstable_by_key(|(profile, _)| *profile);
        let member = |(profile, because)| HouseholdMember { profile: ProfileId::of(profile, self.seed), because };
        Ok(Some(Household { members: members.into_iter().map(member).collect(), too_many: None }))
    }

    /// All that a household did from one time on and before another, the oldest first, each event with whose it is; of
    /// a profile that is in none, or in what too many share, what it did alone. Nothing if the id leads nowhere.
    ///
    /// What is folded from it is the view that a household shares, as what is folded from
    /// [`events_of`](Self::events_of) is personal: the one for a sofa, the other for shoes. Both are views of the same
    /// evidence, and what one is folded with does for the other.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{
    ///     Event, EventKind, HouseholdPolicy, IdentifierPolicy, Links, NotedBy, Policy, Polarity, Preference,
    ///     PreferenceQuery, Resolver, Role, recall,
    /// };
    /// let policy = Policy::builder()
    ///     .identifier(IdentifierPolicy::new("customer_id", Role::Person))
    ///     .identifier(IdentifierPolicy::new("household_id", Role::Contact).links(Links::None))
    ///     .household(HouseholdPolicy::new().identifier("household_id"));
    /// let resolver = Resolver::in_memory(policy.build()?)?;
    /// let says = |key: &str, value: &str, polarity| -> onefold::Result<_> {
    ///     let event = Event::new("web", key, "2026-01-05T10:00:00Z".parse()?, EventKind::Preference)
    ///         .identifier("customer_id", key)
    ///         .identifier("household_id", "H")
    ///         .preference(Preference::new("topping", value, polarity, NotedBy::Customer));
    ///     Ok(resolver.add_event(event)?.profile.unwrap())
    /// };
    /// let ann = says("ann", "olives", Polarity::Like)?;
    /// says("bob", "peanuts", Polarity::Never)?;
    ///
    /// let now = "2026-02-01T10:00:00Z".parse()?;
    /// let personal = recall(&resolver.events_of(ann, None, None)?, &PreferenceQuery::new(), now);
    /// let events: Vec<_> = resolver.household_events(ann, None, None)?.into_iter().map(|(_, event)| event).collect();
    /// let shared = recall(&events, &PreferenceQuery::new(), now);
    /// assert_eq!((personal.stated.len(), shared.stated.len()), (1, 2));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn household_events(
        &self,
        id: ProfileId,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<(ProfileId, Arc<Event>)>> {
        let household = self.household(id)?.filter(|household| household.too_many.is_none());
        let profiles = match household {
            Some(household) => household.members.into_iter().map(|member| member.profile).collect(),
            None => self.resolve_id(id)?.into_iter().collect::<Vec<_>>(),
        };
        let mut events = Vec::new();
        for profile in profiles {
            events.extend(self.events_of(profile, since, until)?.into_iter().map(|event| (profile, event)));
        }
        events.sort_by(|(_, a), (_, b)| a.by_time(b));
        Ok(events)
    }

    /// Of some values, the one that the fewest carry; none where one of them is carried by nobody.
    fn rarest(&self, values: &[ValueHash]) -> Result<Option<(ValueHash, Arc<Posting>)>> {
        let postings = self.snapshot.postings(values)?.into_iter().collect::<Option<Vec<_>>>();
        let carried = postings.map(|postings| values.iter().copied().zip(postings));
        Ok(carried.and_then(|carried| carried.min_by_key(|(_, posting)| posting.carriers.len())))
    }

    /// Where a profile is at home now.
    fn home_of(&self, number: ClusterNumber, cluster: &Cluster) -> Result<Home> {
        let members = self.members_of(number, cluster)?;
        let kind = self.rules.household.as_ref().and_then(|rule| rule.kind);
        let declared = match kind {
            Some(kind) => self.declared_by(kind, &members)?,
            None => None,
        };
        let records: Vec<Arc<Record>> = self.snapshot.records(&members)?.into_iter().flatten().collect();
        Ok(Home { declared, address: address(&self.rules, self.seed, &fold(&self.rules, &records)) })
    }

    /// The household that the newest of some members declares; of several of one member, the first by its text. What
    /// follows whoever uses a device does not tell whose household it names.
    fn declared_by(&self, kind: u16, members: &[RecordNumber]) -> Result<Option<ValueHash>> {
        let nodes = members.iter().copied().zip(self.snapshot.nodes(members)?);
        let declares = |(number, node): (RecordNumber, Option<_>)| {
            let node: Arc<crate::store::Node> = node?;
            let declares = node.vertex.follows().is_none() && node.links.iter().any(|link| link.kind == kind);
            declares.then_some((number, node))
        };
        let declaring: Vec<_> = nodes.filter_map(declares).collect();
        let numbers: Vec<RecordNumber> = declaring.iter().map(|(number, _)| *number).collect();
        let trails = self.snapshot.trails(&numbers)?;
        let claims = declaring.iter().zip(trails);
        let claims = claims.map(|((number, node), trail)| (newest_claim(node, trail.as_deref()), *number));
        let Some((_, newest)) = claims.max() else { return Ok(None) };
        let values = self.usable_identifiers(newest)?.into_iter().filter(|(known, _)| *known == kind);
        let first: Option<SmolStr> = values.map(|(_, value)| value).min();
        Ok(first.map(|value| hash_value(self.seed, &self.rules, kind, &value)))
    }
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::household`].
    ///
    /// # Errors
    /// As there.
    pub fn household(&self, id: ProfileId) -> Result<Option<Household>> {
        self.view()?.household(id)
    }

    /// See [`View::household_events`].
    ///
    /// # Errors
    /// As there.
    pub fn household_events(
        &self,
        id: ProfileId,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<(ProfileId, Arc<Event>)>> {
        self.view()?.household_events(id, since, until)
    }
}

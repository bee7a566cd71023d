//! What is kept of people, and what reads it.

use super::Resolver;
use super::access::PERSONAL;
use super::moments::each_event;
use super::read::View;
use super::reading::read_trail;
use super::ruling::Ruling;
use crate::error::Result;
use crate::event::EventKind;
use crate::id::RecordNumber;
use crate::mood::is_said;
use crate::policy::{AttributeRule, Links, Policy, Survive, TimeToLive};
use crate::record::Record;
use crate::retention::DataKind;
use serde::Serialize;
use smol_str::{SmolStr, format_smolstr};
use std::collections::{BTreeMap, BTreeSet};

/// Names that the policy does not declare which are told one by one.
const UNDECLARED_MAX: usize = 1_024;

/// What records hold, and what reads it. It counts, and holds no value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Minimisation {
    /// Live records.
    pub records: u64,
    /// The kinds of identifier and the attributes that the policy declares, in its order; then what records have besides,
    /// by name; then the words and the sentiments that events carry, by kind of event.
    pub rows: Vec<DataUse>,
    /// Values of names that come after the first 1,024 undeclared ones, which are not told one by one, and words and
    /// sentiments of kinds that come after as many.
    pub left_out: u64,
}

impl Minimisation {
    /// What is kept and nothing reads: what need not be collected, or may go.
    pub fn unread(&self) -> impl Iterator<Item = &DataUse> {
        self.rows.iter().filter(|row| row.records + row.trails > 0 && row.read_by.is_empty())
    }
}

/// One attribute, kind of identifier, or field of a kind of event: how much there is of it, and what for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataUse {
    /// What it is: an attribute, an identifier, or what events carry.
    pub what: DataKind,
    /// Its name; of what events carry, the kind and the field: `contact.text`, `contact.sentiment`.
    pub name: SmolStr,
    /// Whether the policy declares it; of what events carry, whether it says how long events of the kind are kept or what
    /// for.
    pub declared: bool,
    /// Live records that have it, empty values left out.
    pub records: u64,
    /// For identifiers, trails that have it, and for what events carry, trails with such an event: the events of one source
    /// with the same identifiers.
    pub trails: u64,
    /// For what events carry, events that have it.
    pub events: u64,
    /// For how long it is kept.
    pub keep: Option<TimeToLive>,
    /// What reads it; nothing where it is only shown to whoever asks for the profile as a whole.
    pub read_by: Vec<ReadBy>,
}

/// What reads an attribute or an identifier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReadBy {
    /// Who carries the same value may be one person.
    Link,
    /// A comparison of linkage.
    Comparison,
    /// A blocking rule of linkage.
    Block,
    /// Who contradicts on it is kept apart: on it, or on the other half of a name.
    Exclusive,
    /// Values of this kind of identifier link only who agrees on it.
    Corroborate(SmolStr),
    /// It says who lives together.
    Household,
    /// Its values are ids of orders.
    Order,
    /// It says whether this attribute was verified.
    Verified(SmolStr),
    /// It survives with this attribute, which something reads, from one record.
    Group(SmolStr),
    /// It tells whether what a data subject proved is theirs alone ([`View::access`]).
    Access,
    /// It says how somebody feels ([`View::feeling`]); words, where there is a lexicon.
    Feeling,
    /// It says what somebody looks for ([`View::shopper`]).
    Search,
    /// It is shown with what was said about a wish or a dislike ([`View::preferences`]).
    Preference,
    /// It may be read for this purpose.
    Purpose(SmolStr),
}

/// What events of a kind carry of words, or of sentiments.
#[derive(Default)]
struct Said {
    trails: u64,
    events: u64,
    /// Whether some of it was said about a wish or a dislike.
    stated: bool,
}

impl View {
    /// Tells how many live records have each attribute and identifier, and how many events words and a sentiment, and what
    /// in the policy and in onefold reads it: for a review of what need not be kept (General Data Protection Regulation, Article 5 (1) (c)). What a host reads of
    /// profiles as a whole it cannot know: declare purposes, and read [for them](Self::for_purpose).
    ///
    /// O(records, trails and events), read in pages. Memory: a count by name.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{AttributePolicy, Compare, IdentifierPolicy, Policy, PurposePolicy, ReadBy, Record, Resolver, Role};
    /// let policy = Policy::builder()
    ///     .identifier(IdentifierPolicy::new("customer_id", Role::Person))
    ///     .attribute(AttributePolicy::new("city", Compare::Text).purposes(["delivery"]))
    ///     .attribute(AttributePolicy::new("religion", Compare::Text))
    ///     .purpose(PurposePolicy::new("delivery"))
    ///     .build()?;
    /// let resolver = Resolver::in_memory(policy)?;
    /// let ann = Record::new("crm", "42", "2026-01-05T10:00:00Z".parse()?).identifier("customer_id", "C42");
    /// resolver.add(ann.attribute("city", "Graz").attribute("religion", "none").attribute("shoe_size", "38"))?;
    /// let found = resolver.view()?.minimisation()?;
    /// let unread: Vec<&str> = found.unread().map(|row| row.name.as_str()).collect();
    /// assert_eq!(unread, ["religion", "shoe_size"]);
    /// assert_eq!(found.rows[1].read_by, [ReadBy::Purpose("delivery".into())]);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn minimisation(&self) -> Result<Minimisation> {
        let rules = &self.rules;
        let mut found = Minimisation::default();
        let mut counts: BTreeMap<(DataKind, SmolStr), [u64; 2]> = BTreeMap::new();
        let mut undeclared: BTreeMap<(DataKind, SmolStr), [u64; 2]> = BTreeMap::new();
        let is_declared = |(what, name): &(DataKind, SmolStr)| match what {
            DataKind::Attribute => rules.attribute_place(name).is_some(),
            DataKind::Identifier | DataKind::Event => rules.kind_place(name).is_some(),
        };
        let mut left_out = 0;
        let (mut said, mut said_left_out): (BTreeMap<(EventKind, &'static str), Said>, u64) = (BTreeMap::new(), 0);
        let mut count = |names: BTreeSet<(DataKind, SmolStr)>, place: usize| {
            for name in names {
                let of = if is_declared(&name) { &mut counts } else { &mut undeclared };
                if let Some(count) = of.entry(name).or_default().get_mut(place) {
                    *count += 1;
                }
            }
            // The last by name go, whenever they come: which are told does not depend on the order of the records.
            while undeclared.len() > UNDECLARED_MAX {
                left_out += undeclared.pop_last().map_or(0, |(_, counts)| counts.iter().sum());
            }
        };
        self.pages(&mut |page| {
            let numbers: Vec<RecordNumber> = page.iter().map(|(number, _)| *number).collect();
            for ((_, record), profile) in page.iter().zip(self.bearers(&numbers)?) {
                if profile.is_some() {
                    found.records += 1;
                    count(names_of(record), 0);
                }
            }
            Ok(())
        })?;
        self.trail_pages(&mut |page| {
            for (number, trail) in page.iter().filter(|(_, trail)| !read_trail(rules, trail).1) {
                count(trail.identifiers.iter().map(|sent| (DataKind::Identifier, sent.kind.clone())).collect(), 1);
                said_left_out += self.count_said(*number, &mut said)?;
            }
            Ok(())
        })?;
        let policy = &rules.policy;
        let mut row = |what, name: &SmolStr, keep, read_by| {
            let [records, trails] = counts.remove(&(what, name.clone())).unwrap_or_default();
            DataUse { what, name: name.clone(), declared: true, records, trails, events: 0, keep, read_by }
        };
        for (place, rule) in (0..).zip(&policy.identifier) {
            found.rows.push(row(DataKind::Identifier, &rule.kind, rule.keep, readers_of_kind(rules, place)));
        }
        for (rule, read_by) in policy.attribute.iter().zip(readers_of_attributes(rules)) {
            found.rows.push(row(DataKind::Attribute, &rule.name, rule.keep, read_by));
        }
        found.rows.extend(undeclared.into_iter().map(|((what, name), [records, trails])| {
            let (keep, read_by) = (policy.undeclared_keep, Vec::new());
            DataUse { what, name, declared: false, records, trails, events: 0, keep, read_by }
        }));
        found.rows.extend(said.iter().map(|((kind, field), said)| use_of_said(policy, kind, field, said)));
        found.left_out = left_out + said_left_out;
        Ok(found)
    }

    /// Counts the words and the sentiments on a trail; answers how many were left out: the last by kind, whenever they come.
    fn count_said(&self, trail: RecordNumber, said: &mut BTreeMap<(EventKind, &'static str), Said>) -> Result<u64> {
        let mut here: BTreeMap<(EventKind, &'static str), Said> = BTreeMap::new();
        each_event(&*self.snapshot, trail, i64::MIN..=i64::MAX, &mut |_, event| {
            let has = |field: &Option<SmolStr>| field.as_ref().is_some_and(|told| !told.is_empty());
            for (name, is_there) in [("text", has(&event.text)), ("sentiment", has(&event.sentiment))] {
                if is_there {
                    let said = here.entry((event.kind.clone(), name)).or_default();
                    said.events += 1;
                    said.stated |= name == "text" && event.preference.is_some();
                }
            }
            Ok(())
        })?;
        for (what, found) in here {
            let sum = said.entry(what).or_default();
            sum.trails += 1;
            sum.events += found.events;
            sum.stated |= found.stated;
        }
        let mut left_out = 0;
        while said.len() > UNDECLARED_MAX {
            left_out += said.pop_last().map_or(0, |(_, said)| said.events);
        }
        Ok(left_out)
    }
}

fn use_of_said(policy: &Policy, kind: &EventKind, field: &str, said: &Said) -> DataUse {
    let name = kind.to_string();
    let mut read_by = Vec::new();
    read_by.extend((field == "sentiment" || is_said(kind)).then_some(ReadBy::Feeling));
    read_by.extend((field == "text" && *kind == EventKind::Search).then_some(ReadBy::Search));
    read_by.extend(said.stated.then_some(ReadBy::Preference));
    read_by.extend(policy.purposes_of_events(kind).iter().cloned().map(ReadBy::Purpose));
    let keep = policy.event.keep.get(name.as_str()).copied();
    let declared = keep.is_some() || policy.event.purposes.contains_key(name.as_str());
    let (trails, events, name) = (said.trails, said.events, format_smolstr!("{name}.{field}"));
    DataUse { what: DataKind::Event, name, declared, records: 0, trails, events, keep, read_by }
}

/// What a record has, each name once.
fn names_of(record: &Record) -> BTreeSet<(DataKind, SmolStr)> {
    let identifiers = record.identifiers.iter().map(|sent| (DataKind::Identifier, sent.kind.clone()));
    let attributes = record.attributes.iter().filter(|(_, value)| !value.is_empty());
    identifiers.chain(attributes.map(|(name, _)| (DataKind::Attribute, name.clone()))).collect()
}

fn readers_of_kind(rules: &Ruling, place: u16) -> Vec<ReadBy> {
    let Some(rule) = rules.kinds().get(usize::from(place)) else { return Vec::new() };
    let mut readers = Vec::new();
    readers.extend((rule.links != Links::None).then_some(ReadBy::Link));
    readers.extend(linkage_reads(rules, rules.column(&rule.name)));
    let declares = rules.household.as_ref().is_some_and(|household| household.kind == Some(place));
    readers.extend(declares.then_some(ReadBy::Household));
    readers.extend((rules.policy.event.order.as_ref() == Some(&rule.name)).then_some(ReadBy::Order));
    readers.extend(rules.policy.purposes_of_kind(&rule.name).iter().cloned().map(ReadBy::Purpose));
    readers
}

/// The readers of each declared attribute, in the policy's order.
fn readers_of_attributes(rules: &Ruling) -> Vec<Vec<ReadBy>> {
    let attributes = rules.attributes();
    let mut readers: Vec<Vec<ReadBy>> =
        (0..).zip(attributes).map(|(place, rule)| readers_of_attribute(rules, place, rule)).collect();
    // What is read by way of another has to be known of the other first.
    for way in [with_group, verifies] {
        let is_read = |(rule, readers): (_, &Vec<ReadBy>)| (!readers.is_empty()).then_some(rule);
        let read: Vec<&AttributeRule> = attributes.iter().zip(&readers).filter_map(is_read).collect();
        for (rule, readers) in attributes.iter().zip(&mut readers) {
            readers.extend(read.iter().filter_map(|other| way(rules, rule, other)));
        }
    }
    readers
}

/// Of one group, all are taken from one record: what another has says from which.
fn with_group(_: &Ruling, rule: &AttributeRule, other: &AttributeRule) -> Option<ReadBy> {
    let is_alone = |rule: &AttributeRule| rule.survive.contains(&Survive::First);
    let together = other.group.is_some() && other.group == rule.group && !is_alone(other) && !is_alone(rule);
    (together && other.name != rule.name).then(|| ReadBy::Group(other.name.clone()))
}

fn verifies(rules: &Ruling, rule: &AttributeRule, other: &AttributeRule) -> Option<ReadBy> {
    let verified_by = rules.attributes().get(usize::from(other.verified_by?))?;
    let is_asked = other.survive.contains(&Survive::Verified) && verified_by.name == rule.name;
    is_asked.then(|| ReadBy::Verified(other.name.clone()))
}

fn readers_of_attribute(rules: &Ruling, place: u16, rule: &AttributeRule) -> Vec<ReadBy> {
    let mut readers: Vec<ReadBy> = linkage_reads(rules, Some(place)).collect();
    let other = rules.names.and_then(|(given, family)| match place {
        _ if place == given => Some(family),
        _ if place == family => Some(given),
        _ => None,
    });
    let is_exclusive = rule.exclusive || other.is_some_and(|other| rules.is_exclusive(other));
    readers.extend(is_exclusive.then_some(ReadBy::Exclusive));
    let corroborated = rules.kinds().iter().filter(|kind| kind.corroborate.contains(&place));
    readers.extend(corroborated.map(|kind| ReadBy::Corroborate(kind.name.clone())));
    let is_home = rules.household.as_ref().is_some_and(|household| household.attributes.contains(&place));
    readers.extend(is_home.then_some(ReadBy::Household));
    readers.extend(PERSONAL.contains(&rule.compare).then_some(ReadBy::Access));
    let purposes = rules.policy.attribute_named(&rule.name).map(|declared| declared.purposes.as_slice());
    readers.extend(purposes.unwrap_or_default().iter().cloned().map(ReadBy::Purpose));
    readers
}

/// What of linkage looks at a column.
fn linkage_reads(rules: &Ruling, column: Option<u16>) -> impl Iterator<Item = ReadBy> {
    let (compared, blocked) = rules
        .linker()
        .zip(column)
        .map_or((false, false), |(linker, column)| (linker.compares(column), linker.blocks_by(column)));
    compared.then_some(ReadBy::Comparison).into_iter().chain(blocked.then_some(ReadBy::Block))
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::minimisation`].
    ///
    /// # Errors
    /// As there.
    pub fn minimisation(&self) -> Result<Minimisation> {
        self.view()?.minimisation()
    }
}

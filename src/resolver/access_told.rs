//! What a data subject is told beside the data: who read them, and for how long they are kept.

use super::access::{AccessReport, AccessRequest};
use super::read::View;
use crate::audit::AuditEntry;
use crate::error::Result;
use crate::event::EventKind;
use crate::id::{ClusterNumber, ProfileId, RecordNumber};
use crate::policy::TimeToLive;
use crate::record::Identifier;
use crate::retention::{DataKind, keep_of};
use crate::store::Anchor;
use serde::Serialize;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// For how long something is kept (General Data Protection Regulation, Article 15 (1) (d)).
///
/// What has a time of its own goes when that is over, and what is for some purposes when all of theirs are, whichever comes
/// first; without either there is no end. Consents stay until a later word says all that they do, and what was given once
/// and for all stays, so that it is not given twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptFor {
    /// What it is.
    pub what: DataKind,
    /// The attribute, the kind of identifier or of event.
    pub name: SmolStr,
    /// Its own time, from when it was told on.
    pub keep: Option<TimeToLive>,
    /// The purposes that it may be read for, with the time for which each may be followed.
    pub purposes: BTreeMap<SmolStr, Option<TimeToLive>>,
}

impl KeptFor {
    /// In words, as `2 years` or `as long as for ads: 1 year`.
    pub(super) fn words(&self) -> String {
        let of_purpose = |(name, keep): (&SmolStr, &Option<TimeToLive>)| Some(format!("{name}: {}", (*keep)?.words()));
        let of_purposes: Option<Vec<String>> = self.purposes.iter().map(of_purpose).collect();
        let of_purposes = of_purposes.filter(|told| !told.is_empty());
        let of_purposes = of_purposes.map(|told| format!("as long as for {}", told.join(", ")));
        let told: Vec<String> = self.keep.map(TimeToLive::words).into_iter().chain(of_purposes).collect();
        if told.is_empty() { "no end is set".to_owned() } else { told.join("; ") }
    }
}

impl View {
    /// For how long what a report tells of is kept.
    pub(super) fn kept_for(&self, report: &AccessReport) -> Vec<KeptFor> {
        let policy = &self.rules.policy;
        let of = |what, name: &SmolStr, keep, purposes: &[SmolStr]| {
            let purposes = purposes.iter().map(|purpose| (purpose.clone(), keep_of(policy, purpose))).collect();
            ((what, name.clone()), KeptFor { what, name: name.clone(), keep, purposes })
        };
        let mut told: BTreeMap<(DataKind, SmolStr), KeptFor> = BTreeMap::new();
        told.extend(report.identifiers.iter().map(|Identifier { kind, .. }| {
            let rule = policy.identifier.iter().find(|rule| rule.kind == *kind);
            let keep = rule.map_or(policy.undeclared_keep, |rule| rule.keep);
            of(DataKind::Identifier, kind, keep, policy.purposes_of_kind(kind))
        }));
        told.extend(report.records.iter().flat_map(|record| &record.attributes).map(|(name, _)| {
            let rule = policy.attribute_named(name);
            let keep = rule.map_or(policy.undeclared_keep, |rule| rule.keep);
            of(DataKind::Attribute, name, keep, rule.map(|rule| rule.purposes.as_slice()).unwrap_or_default())
        }));
        let kinds: BTreeSet<&EventKind> = report.events.iter().map(|event| &event.kind).collect();
        told.extend(kinds.into_iter().map(|kind| {
            let name = SmolStr::from(kind.to_string());
            let keep = policy.event.keep.get(&name).copied();
            of(DataKind::Event, &name, keep, policy.purposes_of_events(kind))
        }));
        told.into_values().collect()
    }

    /// Finds the entries of the audit log that concern a profile, under any id that leads to it now: those under ids that
    /// come of some of its members, and how many others there are.
    pub(super) fn entries_about(
        &self,
        number: ClusterNumber,
        members: &BTreeSet<RecordNumber>,
        request: &AccessRequest,
    ) -> Result<(Vec<AuditEntry>, u64)> {
        let named: BTreeSet<ProfileId> = request.log.iter().filter_map(|entry| entry.profile).collect();
        let given = |id: &ProfileId| id.number(self.seed).filter(|profile| profile.0 < self.meta.next_profile);
        let (ids, numbers): (Vec<ProfileId>, Vec<_>) = named.iter().filter_map(|id| Some((*id, given(id)?))).unzip();
        let anchors = self.snapshot.anchors(&numbers)?.into_iter().zip(ids);
        let anchors = anchors.filter_map(|(anchor, id)| match anchor {
            Some(Anchor::Record(record)) => Some((record, id)),
            _ => None,
        });
        let (records, ids): (Vec<RecordNumber>, Vec<ProfileId>) = anchors.unzip();
        let mut leads: BTreeMap<ProfileId, bool> = BTreeMap::new();
        for ((record, id), node) in records.iter().zip(ids).zip(self.snapshot.nodes(&records)?) {
            if node.is_some_and(|node| node.cluster == number) {
                leads.insert(id, members.contains(record));
            }
        }
        let (mut told, mut left_out) = (Vec::new(), 0);
        for entry in &request.log {
            match entry.profile.and_then(|id| leads.get(&id)) {
                Some(true) => told.push(entry.clone()),
                Some(false) => left_out += 1,
                None => {}
            }
        }
        told.sort_by_key(|entry| entry.sequence);
        told.dedup_by_key(|entry| entry.sequence);
        Ok((told, left_out))
    }
}

//! Rectification: what somebody says is wrong goes from their records and stays away, and what is right stands beside
//! them.

use super::Resolver;
use super::access::{AccessReport, AccessRequest, AccessStatus};
use super::plan::Planner;
use super::reading::Reading;
use super::ruling::Ruling;
use super::tombstone::Tombstones;
use crate::error::{Error, Result};
use crate::id::TombstoneHash;
use crate::identifier::{Secret, hash_key, hash_wrong_identifier, hash_wrong_value};
use crate::issue::{Issue, IssueReason};
use crate::normalise::normalise_identifier;
use crate::record::{Identifier, Record, RecordKey, What};
use crate::value::Value;
use smol_str::SmolStr;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// What a data subject says is wrong.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Correction {
    /// Every value of an attribute but the right one; every value at all, where there is no right one.
    Attribute {
        /// The attribute.
        name: SmolStr,
        /// What is right.
        right: Option<Value>,
    },
    /// An identifier: it is not theirs.
    NotMine(Identifier),
}

impl Correction {
    /// Says what is right of an attribute.
    pub fn attribute(name: impl Into<SmolStr>, right: impl Into<Value>) -> Self {
        Self::Attribute { name: name.into(), right: Some(right.into()) }
    }

    /// Says that whatever is told of an attribute is wrong.
    pub fn no_attribute(name: impl Into<SmolStr>) -> Self {
        Self::Attribute { name: name.into(), right: None }
    }

    /// Says that an identifier is not theirs.
    pub fn not_mine(identifier: Identifier) -> Self {
        Self::NotMine(identifier)
    }
}

/// Shows what it is about, and no value.
impl fmt::Debug for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute { name, right } => write!(f, "Correction({name}, right: {})", right.is_some()),
            Self::NotMine(identifier) => write!(f, "Correction({}, not mine)", identifier.kind),
        }
    }
}

/// What a rectification changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rectified {
    /// Records that told something wrong.
    pub(super) records: u64,
    /// Values that went.
    pub(super) values: u64,
    /// The sources that told them, and will again: they are to be told (Article 19).
    pub(super) sources: BTreeSet<SmolStr>,
}

impl Resolver {
    /// Takes what is wrong out of the records that are certainly of who asks, and puts what is right beside them as a record
    /// of theirs. Answers with what was looked at.
    pub(super) fn rectify(
        &self,
        request: &AccessRequest,
        corrections: &[Correction],
    ) -> Result<(AccessReport, Rectified)> {
        let secret = self.secret()?;
        self.write_seeing(|view, planner| {
            let (report, mut rectified) = (view.report(request)?, Rectified::default());
            if report.status != AccessStatus::Completed {
                return Ok((report, rectified));
            }
            let wrong = Wrong::new(planner.rules, corrections)?;
            planner.tombstones().check()?;
            for record in &report.records {
                planner.correct(secret, record, &wrong, &mut rectified)?;
            }
            if let Some(right) = wrong.right(request) {
                planner.add(&Reading::of(planner.rules, planner.seed, Arc::new(right), None))?;
            }
            planner.settle()?;
            Ok((report, rectified))
        })
    }

    /// Refuses corrections that cannot be carried out.
    pub(super) fn check(&self, corrections: &[Correction]) -> Result<()> {
        self.secret()?;
        Wrong::new(&self.rules(), corrections).map(drop)
    }

    fn secret(&self) -> Result<&Secret> {
        let lacks = || Error::option("secret", "is missing: what is wrong would come back; give the resolver one");
        self.secrets.first().ok_or_else(lacks)
    }

    /// Lifts a correction: what a record tells of an attribute is no more taken for wrong, and stands again when a newer
    /// version tells it. Answers whether there was one.
    ///
    /// # Errors
    /// `Config` where a secret is missing that tombstones stand under; `Store` where writing failed.
    pub fn lift_correction(&self, key: &RecordKey, attribute: &str, value: &Value) -> Result<bool> {
        self.lift_corrected(|secret| hash_wrong_value(secret, key, attribute, value))
    }

    /// Lifts a correction of an identifier of a record, as [`lift_correction`](Self::lift_correction) does of an attribute.
    ///
    /// # Errors
    /// As there.
    pub fn lift_corrected_identifier(&self, key: &RecordKey, identifier: &Identifier) -> Result<bool> {
        self.lift_corrected(|secret| hash_wrong_identifier(secret, key, identifier))
    }

    fn lift_corrected(&self, hash: impl Fn(&Secret) -> TombstoneHash) -> Result<bool> {
        self.write(|planner| {
            let lifted = planner.lift_tombstones(|secret| Some(hash(secret)))?;
            planner.meta.counts.corrections -= lifted;
            Ok(lifted > 0)
        })
    }
}

/// Corrections as the policy reads them.
struct Wrong<'a> {
    rules: &'a Ruling,
    corrections: &'a [Correction],
    not_mine: Vec<(u16, SmolStr)>,
}

impl<'a> Wrong<'a> {
    fn new(rules: &'a Ruling, corrections: &'a [Correction]) -> Result<Self> {
        let mut not_mine = Vec::new();
        for correction in corrections {
            match correction {
                Correction::Attribute { name, .. } if rules.attribute_place(name).is_none() => {
                    return Err(Error::input("correction", "is of an attribute that the policy does not declare"));
                }
                Correction::Attribute { .. } => {}
                Correction::NotMine(identifier) => {
                    let wrong = |_| Error::input("correction", "is of an identifier that the policy does not take");
                    not_mine.push(normalise_identifier(rules, identifier).map_err(wrong)?);
                }
            }
        }
        Ok(Self { rules, corrections, not_mine })
    }

    fn identifier(&self, sent: &Identifier) -> bool {
        normalise_identifier(self.rules, sent).is_ok_and(|read| self.not_mine.contains(&read))
    }

    fn value(&self, told: &str, value: &Value) -> bool {
        self.corrections.iter().any(|correction| match correction {
            Correction::Attribute { name, right } => name == told && right.as_ref() != Some(value),
            Correction::NotMine(_) => false,
        })
    }

    /// What is right, as a record of who asks.
    fn right(&self, request: &AccessRequest) -> Option<Record> {
        let mut record = Record::new(AccessRequest::SOURCE, request.id.clone(), request.now);
        for correction in self.corrections {
            if let Correction::Attribute { name, right: Some(right) } = correction {
                record = record.attribute(name.clone(), right.clone());
            }
        }
        let is_told = !record.attributes.is_empty();
        record.identifiers.extend(request.proved.iter().filter(|proved| !self.identifier(proved)).cloned());
        is_told.then_some(record)
    }
}

impl Planner<'_> {
    /// Takes what is wrong out of a record, for good.
    fn correct(
        &mut self,
        secret: &Secret,
        record: &Record,
        wrong: &Wrong<'_>,
        rectified: &mut Rectified,
    ) -> Result<()> {
        let mut hashes = Vec::new();
        let mut left = record.clone();
        left.identifiers.retain(|identifier| {
            let goes = wrong.identifier(identifier);
            hashes.extend(goes.then(|| hash_wrong_identifier(secret, &record.key, identifier)));
            !goes
        });
        left.attributes.retain(|(name, value)| {
            let goes = wrong.value(name, value);
            hashes.extend(goes.then(|| hash_wrong_value(secret, &record.key, name, value)));
            !goes
        });
        let Some(number) = self.overlay.number(hash_key(self.seed, &record.key))?.filter(|_| !hashes.is_empty()) else {
            return Ok(());
        };
        rectified.records += 1;
        rectified.values += hashes.len() as u64;
        rectified.sources.insert(record.key.source.clone());
        for hash in hashes {
            self.meta.counts.corrections += u64::from(self.put_tombstone(secret, hash)?);
        }
        self.put_version(number, &Reading::of(self.rules, self.seed, Arc::new(left), None))?;
        Ok(())
    }
}

impl Tombstones<'_> {
    /// Leaves out of records what was found to be wrong in them. Nothing is read where nothing ever was.
    pub(super) fn correct<'r>(&self, rules: &Ruling, readings: &'r [Reading]) -> Result<Cow<'r, [Reading]>> {
        if self.meta.counts.corrections == 0 {
            return Ok(Cow::Borrowed(readings));
        }
        self.check()?;
        let mut corrected = Cow::Borrowed(readings);
        for (place, reading) in readings.iter().enumerate() {
            if let Some(anew) = self.corrected(rules, reading)?
                && let Some(slot) = corrected.to_mut().get_mut(place)
            {
                *slot = anew;
            }
        }
        Ok(corrected)
    }

    fn corrected(&self, rules: &Ruling, reading: &Reading) -> Result<Option<Reading>> {
        let record = &reading.record;
        let key = &record.key;
        let mut hashes = Vec::new();
        for identifier in &record.identifiers {
            hashes.extend(self.secrets.iter().map(|secret| hash_wrong_identifier(secret, key, identifier)));
        }
        for (name, value) in &record.attributes {
            hashes.extend(self.secrets.iter().map(|secret| hash_wrong_value(secret, key, name, value)));
        }
        let found = self.snapshot.tombstones(&hashes)?;
        if !found.contains(&true) {
            return Ok(None);
        }
        let mut wrong = found.chunks(self.secrets.len()).map(|found| found.contains(&true));
        let mut left = Record::clone(record);
        let mut gone: BTreeSet<SmolStr> = BTreeSet::new();
        let mut goes = |field: &SmolStr| {
            let goes = wrong.next().unwrap_or_default();
            gone.extend(goes.then(|| field.clone()));
            goes
        };
        left.identifiers.retain(|identifier| !goes(&identifier.kind));
        left.attributes.retain(|(name, _)| !goes(name));
        let mut anew = Reading::of(rules, self.seed, Arc::new(left), None);
        let issue = |field| Issue { what: What::Record, key: key.clone(), field, reason: IssueReason::Rectified };
        anew.issues.extend(gone.into_iter().map(issue));
        anew.issues.extend(reading.issues.iter().filter(|issue| issue.reason == IssueReason::Future).cloned());
        Ok(Some(anew))
    }
}

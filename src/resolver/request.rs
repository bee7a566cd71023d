//! What a data subject asks for, carried out: by one door, with proof, a receipt, and an entry in the audit log.

use super::Resolver;
use super::access::{AccessReport, AccessRequest, AccessStatus};
use super::answer::Ingest;
use super::rectify::{Correction, Rectified};
use crate::audit::{AuditAction, AuditHash};
use crate::error::{Error, Result};
use crate::event::{Consent, ConsentStatus, Event};
use crate::id::ProfileId;
use crate::profile::Status;
use crate::record::Identifier;
use crate::time::Timestamp;
use serde::Serialize;
use smol_str::{SmolStr, format_smolstr};
use std::collections::BTreeSet;

/// What is asked for: the rights of a data subject, by the articles of the General Data Protection Regulation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Asks {
    /// To be told what is kept (Article 15).
    Access,
    /// To take along what was provided and observed (Article 20): [`AccessReport::operations`].
    Portability,
    /// To be forgotten (Article 17): [`Resolver::erase`], by each identifier that was proved.
    Erasure,
    /// That what is wrong goes (Article 16). It goes from the records that are certainly theirs and stays away, whoever sends
    /// it again, under the tombstones' [secret](Resolver::with_secrets); what is right stands beside them, as a record of
    /// the source [`AccessRequest::SOURCE`].
    Rectification(Vec<Correction>),
    /// That their data are kept and not used, but for what a law, a life or a public office demands (Article 18). It holds
    /// until they agree again: [`Consent::PROCESSING`].
    Restriction,
    /// That their data are not used for a purpose (Article 21).
    Objection {
        /// The purpose.
        purpose: SmolStr,
        /// The channel, where only one is meant.
        channel: Option<SmolStr>,
    },
}

impl Asks {
    fn kind(&self) -> RequestKind {
        match self {
            Self::Access => RequestKind::Access,
            Self::Portability => RequestKind::Portability,
            Self::Erasure => RequestKind::Erasure,
            Self::Rectification(_) => RequestKind::Rectification,
            Self::Restriction => RequestKind::Restriction,
            Self::Objection { .. } => RequestKind::Objection,
        }
    }
}

/// The kind of a request, by the names of OpenDSR (version 3), which knows the first four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "as in `Asks`")]
pub enum RequestKind {
    Access,
    Portability,
    Erasure,
    Rectification,
    Restriction,
    Objection,
}

/// How far a request is, by the names of OpenDSR. What is asked of a [`Resolver`] is done when it answers, or waits for
/// proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RequestStatus {
    /// It was carried out.
    Completed,
    /// It waits until more is proved.
    Pending,
    /// It cannot be carried out: what was proved leads to nobody, or is not one person's own.
    Cancelled,
}

/// A receipt for a request, to be kept and shown. It holds no personal value; its names in JSON are those of OpenDSR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The name of the request.
    #[serde(rename = "subject_request_id")]
    pub request: SmolStr,
    /// What was asked for.
    #[serde(rename = "subject_request_type")]
    pub kind: RequestKind,
    /// How far it is.
    #[serde(rename = "request_status")]
    pub status: RequestStatus,
    /// When it was carried out, by the request.
    #[serde(rename = "completed_time")]
    pub at: Timestamp,
    /// The profile, whose id may lead nowhere by now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileId>,
    /// Records that were told, erased or corrected.
    pub records: u64,
    /// Events that were told or erased, consents and the ledger included; those that tell of a restriction or an objection.
    pub events: u64,
    /// Records and events of the profile that may be somebody else's, and were left out.
    pub left_out: u64,
    /// The sources that told what was wrong: they are to be told so (Article 19).
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub sources: BTreeSet<SmolStr>,
    /// The head of the audit log, which has an entry of it; none where there is no log or nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditHash>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Fulfilled {
    /// The receipt.
    pub receipt: Receipt,
    /// What was asked to be told, for the data subject alone.
    pub report: Option<AccessReport>,
}

impl Resolver {
    /// Carries out what a data subject asks for, once as much is proved as the request says is needed, and answers with a
    /// receipt. Where there is an [audit log](Self::with_audit), it has an entry before anything is told or changed.
    ///
    /// A request that was carried out may be sent again: access tells what is kept by then, and the rest changes nothing
    /// more.
    ///
    /// As for [`View::access`](crate::View::access) and [`erase`](Self::erase).
    ///
    /// # Errors
    /// `Config` where the resolver has no secret and something is to stay away; `Input` where the name of the request is
    /// blank, or a correction is of nothing that the policy takes; as the log where it cannot keep the entry; `Store` or
    /// `Corrupt` where reading or writing failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{AccessRequest, Asks, Correction, Identifier, Policy, Record, RequestStatus, Resolver, Secret};
    /// let resolver = Resolver::in_memory(Policy::retail())?.with_secrets([Secret::new("kept by the host")?]);
    /// let ann = Record::new("crm", "42", "2026-01-05T10:00:00Z".parse()?).identifier("customer_id", "C42");
    /// let ann = ann.identifier("email", "ann@example.org").attribute("given_name", "Anna");
    /// let id = resolver.add(ann.clone())?.profile.unwrap();
    ///
    /// let asked = AccessRequest::new("dsr-17", "2026-02-01T00:00:00Z".parse()?);
    /// let right = Asks::Rectification(vec![Correction::attribute("given_name", "Ann")]);
    /// assert_eq!(resolver.fulfil(&right, &asked)?.receipt.status, RequestStatus::Pending);
    /// let asked = asked.proved(Identifier::new("customer_id", "C42")).signed_in();
    /// assert_eq!(resolver.fulfil(&right, &asked)?.receipt.records, 1);
    ///
    /// // The source sends it again: it stays away.
    /// resolver.add(ann)?;
    /// assert_eq!(resolver.profile(id)?.unwrap().golden.value("given_name").unwrap().value, "Ann".into());
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn fulfil(&self, asks: &Asks, request: &AccessRequest) -> Result<Fulfilled> {
        if request.id.trim().is_empty() {
            return Err(Error::input("request", "is blank"));
        }
        let mut receipt = Receipt {
            request: request.id.clone(),
            kind: asks.kind(),
            status: RequestStatus::Cancelled,
            at: request.now,
            profile: None,
            records: 0,
            events: 0,
            left_out: 0,
            sources: BTreeSet::new(),
            audit: None,
        };
        let mut told = None;
        match asks {
            Asks::Access | Asks::Portability => {
                let report = self.view()?.access(request)?;
                receipt.tell(&report);
                told = Some(report).filter(|_| receipt.status == RequestStatus::Completed);
            }
            Asks::Erasure => self.fulfil_erasure(request, &mut receipt)?,
            Asks::Rectification(corrections) => self.fulfil_rectification(request, corrections, &mut receipt)?,
            Asks::Restriction => {
                let no = Consent::new(Consent::PROCESSING, ConsentStatus::Denied);
                self.fulfil_refusal(request, AuditAction::Restrict, no, &mut receipt)?;
            }
            Asks::Objection { purpose, channel } => {
                let no = Consent::new(purpose.clone(), ConsentStatus::Denied);
                let no = channel.iter().fold(no, |no, channel| no.channel(channel.clone()));
                self.fulfil_refusal(request, AuditAction::Object, no, &mut receipt)?;
            }
        }
        if receipt.status == RequestStatus::Completed {
            receipt.audit = self.audit.as_ref().map(|audit| audit.head());
        }
        Ok(Fulfilled { receipt, report: told })
    }

    fn fulfil_erasure(&self, request: &AccessRequest, receipt: &mut Receipt) -> Result<()> {
        let view = self.view()?;
        let proof = view.prove(request)?;
        receipt.profile = proof.profile;
        receipt.status = proof.status.into();
        if proof.status == AccessStatus::NotFound {
            // Nobody carries it any more, or nobody did: what takes no part may still hold it.
            let is_free = |identifier| Ok(view.find(identifier)?.status == Status::Unknown);
            let are_free = request.proved.iter().map(is_free).collect::<Result<Vec<bool>>>()?;
            if are_free.contains(&false) || proof.level < request.needed {
                return Ok(());
            }
            receipt.status = RequestStatus::Completed;
        }
        if receipt.status != RequestStatus::Completed {
            return Ok(());
        }
        self.log(AuditAction::Erase, proof.profile, None, request)?;
        for identifier in &request.proved {
            let erased = self.erase(identifier, &request.id)?;
            receipt.records += erased.records;
            receipt.events += erased.events + erased.consents + erased.ledger;
        }
        Ok(())
    }

    fn fulfil_rectification(
        &self,
        request: &AccessRequest,
        corrections: &[Correction],
        receipt: &mut Receipt,
    ) -> Result<()> {
        let report = self.view()?.report(request)?;
        receipt.tell(&report);
        if receipt.status != RequestStatus::Completed {
            return Ok(());
        }
        self.check(corrections)?;
        self.log(AuditAction::Rectify, receipt.profile, None, request)?;
        let (report, Rectified { records, sources, .. }) = self.rectify(request, corrections)?;
        receipt.tell(&report);
        (receipt.records, receipt.events, receipt.sources) = (records, 0, sources);
        Ok(())
    }

    /// Tells a refusal under each identifier that was proved: apart, so that it ties nobody.
    fn fulfil_refusal(
        &self,
        request: &AccessRequest,
        action: AuditAction,
        no: Consent,
        receipt: &mut Receipt,
    ) -> Result<()> {
        let proof = self.view()?.prove(request)?;
        (receipt.status, receipt.profile) = (proof.status.into(), proof.profile);
        if proof.status != AccessStatus::Completed {
            return Ok(());
        }
        self.log(action, proof.profile, Some(&no.purpose), request)?;
        let no = no.evidence(request.id.clone());
        let told = |(place, identifier): (usize, &Identifier)| {
            let key = format_smolstr!("{}/{place}", request.id);
            let event = Event::of_consent(AccessRequest::SOURCE, key, request.now, no.clone());
            event.identifier(identifier.kind.clone(), identifier.value.clone())
        };
        let events: Vec<Event> = request.proved.iter().enumerate().map(told).collect();
        receipt.events = events.len() as u64;
        self.add_events(events, Ingest::default())?;
        Ok(())
    }

    fn log(
        &self,
        action: AuditAction,
        profile: Option<ProfileId>,
        purpose: Option<&str>,
        request: &AccessRequest,
    ) -> Result<()> {
        if let Some(audit) = &self.audit {
            audit.record(AccessRequest::ACTOR, action, profile, purpose, Some(&request.id), request.now)?;
        }
        Ok(())
    }
}

impl Receipt {
    fn tell(&mut self, report: &AccessReport) {
        self.status = report.status.into();
        self.profile = report.profile;
        (self.records, self.events) = (report.records.len() as u64, report.events.len() as u64);
        self.left_out = report.records_left_out + report.events_left_out;
    }
}

impl From<AccessStatus> for RequestStatus {
    fn from(status: AccessStatus) -> Self {
        match status {
            AccessStatus::Completed => Self::Completed,
            AccessStatus::NotProved => Self::Pending,
            AccessStatus::NotFound => Self::Cancelled,
        }
    }
}

//! What somebody allowed, or did not.

use super::Scope;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// What somebody allowed or refused, under the identifiers of its event, when that happened.
///
/// # Examples
/// ```
/// use onefold::{Consent, ConsentStatus, Event};
/// let sms = Consent::new("marketing", ConsentStatus::Granted).channel("sms").notice("privacy 2026-01");
/// let event = Event::of_consent("web", "c-1", "2026-01-06T09:31:00Z".parse()?, sms).identifier("email", "ann@example.org");
/// assert_eq!(format!("{:?}", event.consent), "Some(Consent(marketing, granted))");
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// What the data may be used for, as `marketing`.
    pub purpose: SmolStr,
    /// What was said.
    pub status: ConsentStatus,
    /// Where it holds: with one brand, at one property, through one channel; else everywhere.
    pub scope: Scope,
    /// The law that it was given under, as `EU` or `US-CA`.
    pub jurisdiction: Option<SmolStr>,
    /// The legal basis that was told.
    pub basis: Option<LegalBasis>,
    /// When it was recorded, where that is not when it was said.
    pub recorded_at: Option<Timestamp>,
    /// From when on it holds no longer.
    pub expires: Option<Timestamp>,
    /// The version of the notice that was shown.
    pub notice: Option<SmolStr>,
    /// What was offered in return.
    pub offered: Option<SmolStr>,
    /// A reference to what proves it: a form, a recording.
    pub evidence: Option<SmolStr>,
}

/// What was said to a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentStatus {
    /// Yes.
    Granted,
    /// Nobody knows.
    Unknown,
    /// Yes, for a time that is over.
    Expired,
    /// No, after a yes.
    Withdrawn,
    /// No.
    Denied,
}

/// Why data may be processed: Article 6 (1) of the General Data Protection Regulation, (a) to (f).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegalBasis {
    /// Only where the person agreed.
    #[default]
    Consent,
    /// A contract with the person needs it.
    Contract,
    /// A law demands it.
    LegalObligation,
    /// Somebody's life depends on it.
    VitalInterests,
    /// A public office needs it.
    PublicTask,
    /// The host has a good reason, and the person did not object.
    LegitimateInterest,
}

impl Consent {
    /// The purpose under which the use of somebody's data is refused for all others (General Data Protection Regulation,
    /// Article 18), whatever their legal basis, but for a law's, a life's or a public office's. A yes to it lifts that.
    pub const PROCESSING: &'static str = "processing";

    /// Takes the purpose and what was said to it. It holds everywhere, for good.
    pub fn new(purpose: impl Into<SmolStr>, status: ConsentStatus) -> Self {
        Self {
            purpose: purpose.into(),
            status,
            scope: Scope::default(),
            jurisdiction: None,
            basis: None,
            recorded_at: None,
            expires: None,
            notice: None,
            offered: None,
            evidence: None,
        }
    }

    /// Lets it hold through this channel only.
    #[must_use]
    pub fn channel(mut self, channel: impl Into<SmolStr>) -> Self {
        self.scope.channel = Some(channel.into());
        self
    }

    /// Lets it hold with this brand only.
    #[must_use]
    pub fn brand(mut self, brand: impl Into<SmolStr>) -> Self {
        self.scope.brand = Some(brand.into());
        self
    }

    /// Lets it hold at this property only.
    #[must_use]
    pub fn property(mut self, property: impl Into<SmolStr>) -> Self {
        self.scope.property = Some(property.into());
        self
    }

    /// Sets the law that it was given under.
    #[must_use]
    pub fn jurisdiction(mut self, jurisdiction: impl Into<SmolStr>) -> Self {
        self.jurisdiction = Some(jurisdiction.into());
        self
    }

    /// Sets the legal basis that was told.
    #[must_use]
    pub fn basis(mut self, basis: LegalBasis) -> Self {
        self.basis = Some(basis);
        self
    }

    /// Sets when it was recorded.
    #[must_use]
    pub fn recorded_at(mut self, at: Timestamp) -> Self {
        self.recorded_at = Some(at);
        self
    }

    /// Sets from when on it holds no longer.
    #[must_use]
    pub fn expires(mut self, at: Timestamp) -> Self {
        self.expires = Some(at);
        self
    }

    /// Sets the version of the notice that was shown.
    #[must_use]
    pub fn notice(mut self, version: impl Into<SmolStr>) -> Self {
        self.notice = Some(version.into());
        self
    }

    /// Sets what was offered in return.
    #[must_use]
    pub fn offered(mut self, what: impl Into<SmolStr>) -> Self {
        self.offered = Some(what.into());
        self
    }

    /// Sets the reference to what proves it.
    #[must_use]
    pub fn evidence(mut self, reference: impl Into<SmolStr>) -> Self {
        self.evidence = Some(reference.into());
        self
    }
}

impl fmt::Display for ConsentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Granted => "granted",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Denied => "denied",
        })
    }
}

/// Shows the purpose and the status, not under which circumstances.
impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Consent({}, {})", self.purpose, self.status)
    }
}

//! Whether something may be done.

use super::effective::Effective;
use crate::event::{ConsentStatus, LegalBasis};
use crate::normalise::is_same_word;
use crate::policy::{Policy, PurposePolicy};
use serde::Serialize;

/// Whether data of somebody may be used for a purpose, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Whether it may.
    pub allowed: bool,
    /// Why, or why not.
    pub reason: PermissionReason,
    /// The legal basis of the purpose, by the policy.
    pub basis: LegalBasis,
    /// The consent that holds.
    pub consent: Effective,
}

/// Why something may be done, or may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PermissionReason {
    /// It was granted.
    Granted,
    /// It was denied, withdrawn, or objected to.
    Refused,
    /// The use of the data is restricted, for this purpose as for others.
    Restricted,
    /// It was granted for a time that is over.
    Expired,
    /// Nothing was said, and the purpose needs a yes.
    Unknown,
    /// The basis of the purpose needs no yes, and nobody said no.
    Basis,
    /// The basis of the purpose is no question of consent.
    NotAsked,
}

/// The legal basis that a policy gives to a purpose: consent where it declares no such purpose.
///
/// # Examples
/// ```
/// use onefold::{LegalBasis, Policy, PurposePolicy, basis_of};
/// let policy = Policy::builder().purpose(PurposePolicy::new("service").basis(LegalBasis::Contract)).build()?;
/// assert_eq!(basis_of(&policy, "Service"), LegalBasis::Contract);
/// assert_eq!(basis_of(&policy, "marketing"), LegalBasis::Consent);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn basis_of(policy: &Policy, purpose: &str) -> LegalBasis {
    declared(policy, purpose).map_or(LegalBasis::Consent, |declared| declared.basis)
}

/// What a policy declares of a purpose.
pub(crate) fn declared<'a>(policy: &'a Policy, purpose: &str) -> Option<&'a PurposePolicy> {
    policy.purpose.iter().find(|declared| is_same_word(&declared.name, purpose))
}

/// Says whether a purpose of a legal basis may be followed where a consent holds. Only consent needs a yes; legitimate
/// interest gives way to an objection (General Data Protection Regulation, Article 21), and what a contract, a law, a life
/// or a public office demands does not ask.
///
/// # Examples
/// ```
/// use onefold::{ConsentQuery, LegalBasis, PermissionReason, effective, permit};
/// let nothing = effective(&[], &ConsentQuery::new("marketing"), "2026-01-06T09:31:00Z".parse()?);
/// let asked = permit(LegalBasis::Consent, nothing.clone());
/// assert_eq!((asked.allowed, asked.reason), (false, PermissionReason::Unknown));
/// assert!(permit(LegalBasis::LegitimateInterest, nothing).allowed);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn permit(basis: LegalBasis, consent: Effective) -> Permission {
    use ConsentStatus::{Denied, Expired, Granted, Unknown, Withdrawn};
    let (allowed, reason) = match (basis, consent.status) {
        (
            LegalBasis::Contract | LegalBasis::LegalObligation | LegalBasis::VitalInterests | LegalBasis::PublicTask,
            _,
        ) => (true, PermissionReason::NotAsked),
        (_, Granted) => (true, PermissionReason::Granted),
        (_, Denied | Withdrawn) => (false, PermissionReason::Refused),
        (LegalBasis::LegitimateInterest, Expired | Unknown) => (true, PermissionReason::Basis),
        (LegalBasis::Consent, Expired) => (false, PermissionReason::Expired),
        (LegalBasis::Consent, Unknown) => (false, PermissionReason::Unknown),
    };
    Permission { allowed, reason, basis, consent }
}

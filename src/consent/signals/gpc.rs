//! The Global Privacy Control of browsers.

use super::{PURPOSE_SALE, PURPOSE_SHARING};
use crate::event::{Consent, ConsentStatus};

/// The header `Sec-GPC` of a request (*Global Privacy Control*, W3C) as consents: `1` opts out of [sale](PURPOSE_SALE) and
/// of [sharing](PURPOSE_SHARING), and of nothing else; any other value, or none, says nothing, and takes nothing back.
/// O(1).
///
/// # Examples
/// ```
/// use onefold::{ConsentStatus, gpc_consents};
/// let consents = gpc_consents(Some("1"));
/// assert_eq!(consents.iter().map(|consent| consent.purpose.as_str()).collect::<Vec<_>>(), ["sale", "sharing"]);
/// assert!(consents.iter().all(|consent| consent.status == ConsentStatus::Denied));
/// assert!(gpc_consents(Some("0")).is_empty() && gpc_consents(None).is_empty());
/// ```
pub fn gpc_consents(header: Option<&str>) -> Vec<Consent> {
    // Blanks around a value are no part of it (RFC 9110, section 5.5).
    match header.map(|value| value.trim_matches([' ', '\t'])) {
        Some("1") => [PURPOSE_SALE, PURPOSE_SHARING].map(|of| Consent::new(of, ConsentStatus::Denied)).into(),
        _ => Vec::new(),
    }
}

//! The signals of Google's Consent Mode.

use crate::error::{Error, Result};
use crate::event::{Consent, ConsentStatus, LegalBasis};

/// The signals of Consent Mode, version 2, which are the purposes of the consents: storage for advertising and for
/// analytics, data of people sent to Google for advertising, advertising by what is known of people, storage for what a
/// site does, for what it shows people by what is known of them, and for its security.
pub const GOOGLE_SIGNALS: [&str; 7] = [
    "ad_storage",
    "analytics_storage",
    "ad_user_data",
    "ad_personalization",
    "functionality_storage",
    "personalization_storage",
    "security_storage",
];

/// The signals of a call of Consent Mode, version 2 (*Consent mode*, Google tag platform), as consents: `granted` or
/// `denied`, each on the basis of consent. Other parameters of the call (`region`, `wait_for_update`) are for the host to
/// take out. O(signals).
///
/// # Errors
/// `Input` where a name is none of the [`GOOGLE_SIGNALS`], or its value neither of the two.
///
/// # Examples
/// ```
/// use onefold::{ConsentStatus, google_consents};
/// let consents = google_consents([("ad_storage", "denied"), ("analytics_storage", "granted")])?;
/// assert_eq!((consents[1].purpose.as_str(), consents[1].status), ("analytics_storage", ConsentStatus::Granted));
/// assert_eq!(google_consents([("ads", "denied")]).unwrap_err().to_string(), "consent mode signal 1: is not known");
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn google_consents<'a>(signals: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Vec<Consent>> {
    let read = |(place, (name, value)): (usize, (&str, &str))| {
        let Some(signal) = GOOGLE_SIGNALS.into_iter().find(|signal| *signal == name) else {
            // What was sent may be anything, and is not told.
            return Err(Error::input(format!("consent mode signal {}", place + 1), "is not known"));
        };
        let status = match value {
            "granted" => ConsentStatus::Granted,
            "denied" => ConsentStatus::Denied,
            _ => return Err(Error::input(format!("consent mode signal `{signal}`"), "is neither granted nor denied")),
        };
        Ok(consent(signal, status))
    };
    signals.into_iter().enumerate().map(read).collect()
}

/// The parameter `gcs` of requests to Google (`G1`, then a digit each for `ad_storage` and `analytics_storage`: 1 is
/// granted, 0 is denied) as consents. A `-` in the place of a digit says nothing. O(1).
///
/// # Errors
/// `Input` where it is of another form.
///
/// # Examples
/// ```
/// use onefold::{ConsentStatus, gcs_consents};
/// let consents = gcs_consents("G101")?;
/// assert_eq!(consents[0].status, ConsentStatus::Denied);
/// assert_eq!((consents[1].purpose.as_str(), consents[1].status), ("analytics_storage", ConsentStatus::Granted));
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn gcs_consents(gcs: &str) -> Result<Vec<Consent>> {
    let wrong = || Error::input("parameter `gcs`", "is not `G1` with two of `0`, `1` and `-` after it");
    let digits = gcs.strip_prefix("G1").filter(|digits| digits.len() == 2).ok_or_else(wrong)?;
    let mut consents = Vec::new();
    for (signal, digit) in GOOGLE_SIGNALS.into_iter().zip(digits.bytes()) {
        match digit {
            b'1' => consents.push(consent(signal, ConsentStatus::Granted)),
            b'0' => consents.push(consent(signal, ConsentStatus::Denied)),
            b'-' => {}
            _ => return Err(wrong()),
        }
    }
    Ok(consents)
}

fn consent(signal: &'static str, status: ConsentStatus) -> Consent {
    Consent::new(signal, status).basis(LegalBasis::Consent)
}

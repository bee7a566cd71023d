//! The entries of the log, and their chain.

use crate::error::{Error, Result};
use crate::id::ProfileId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use smol_str::SmolStr;
use std::fmt;

/// What keeps these hashes apart from all others.
const DOMAIN: &[u8] = b"onefold audit 1";

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditAction {
    /// A profile was read.
    Read,
    /// A data subject was told what is kept of them, or asked for it.
    Access,
    /// The evidence of a person was erased.
    Erase,
    /// What was wrong of a person was corrected.
    Rectify,
    /// The use of a person's data was restricted.
    Restrict,
    /// A person objected to a purpose.
    Object,
    /// What keeps an erased person away was lifted.
    Lift,
    /// Something was changed by hand: two records were joined or separated, a policy was set.
    Change,
}

impl AuditAction {
    /// What goes into the hash: the same for all time.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Access => "access",
            Self::Erase => "erase",
            Self::Rectify => "rectify",
            Self::Restrict => "restrict",
            Self::Object => "object",
            Self::Lift => "lift",
            Self::Change => "change",
        }
    }
}

/// The hash of an entry: SHA-256 (FIPS 180-4), written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AuditHash([u8; 32]);

impl AuditHash {
    /// What stands before the first entry.
    pub const START: Self = Self([0; 32]);
}

impl fmt::Display for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditHash({self})")
    }
}

impl From<AuditHash> for String {
    fn from(hash: AuditHash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for AuditHash {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl std::str::FromStr for AuditHash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::input("hash", "is not 64 hexadecimal digits");
        let digit = |digit: &u8| char::from(*digit).to_digit(16).ok_or_else(wrong);
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() {
            return Err(wrong());
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = digits.iter().map(digit).collect::<Result<Vec<u32>>>()?;
            *byte = digits.iter().fold(0, |byte, digit| byte << 4 | *digit as u8);
        }
        Ok(Self(bytes))
    }
}

/// One entry of the log. It names people by the ids of profiles, which say nothing of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its place in the log; the first is 1.
    pub sequence: u64,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it: a name of the host's, for a person at work or a program.
    pub actor: SmolStr,
    /// What was done.
    pub action: AuditAction,
    /// Whose data it was, if one profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileId>,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<SmolStr>,
    /// On which request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<SmolStr>,
    /// The hash of the entry before it.
    pub previous: AuditHash,
    /// Its own hash, of all of the above.
    pub hash: AuditHash,
}

impl AuditEntry {
    /// The hash that its content has.
    pub(super) fn digest(&self) -> AuditHash {
        let mut hasher = Sha256::new();
        let mut part = |bytes: &[u8]| {
            // Lengths go in too, so that no two lists of parts run together.
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(DOMAIN);
        part(&self.sequence.to_le_bytes());
        part(&self.at.microseconds().to_le_bytes());
        part(&self.at.offset_seconds().to_le_bytes());
        part(self.actor.as_bytes());
        part(self.action.name().as_bytes());
        let profile = self.profile.map(|id| id.to_string());
        for word in [profile.as_deref(), self.purpose.as_deref(), self.request.as_deref()] {
            part(&[u8::from(word.is_some())]);
            part(word.unwrap_or_default().as_bytes());
        }
        part(&self.previous.0);
        AuditHash(hasher.finalize().into())
    }

    /// Writes it as a line of JSON, without the line's end.
    pub fn to_json(&self) -> String {
        // It has no part that JSON cannot write.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a line that [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// `Input` where it is none; the message shows no value.
    pub fn from_json(line: &str) -> Result<Self> {
        let place = |error: serde_json::Error| format!("is no entry: wrong at column {}", error.column());
        serde_json::from_str(line).map_err(|error| Error::input("audit log", place(error)))
    }
}

/// Checks a log from its first entry, and answers with the hash of its last: compare it with one that was kept elsewhere,
/// for that the end is missing cannot be seen from the rest. O(entries).
///
/// # Errors
/// `Corrupt` where an entry was altered, left out or put elsewhere; the message names the first that does not fit.
///
/// # Examples
/// ```
/// use onefold::{Audit, AuditAction, verify_audit};
/// use std::sync::{Arc, Mutex};
/// let kept = Arc::new(Mutex::new(Vec::new()));
/// let audit = Audit::new(kept.clone());
/// let at = "2026-01-05T10:00:00Z".parse()?;
/// for _ in 0..3 {
///     audit.record("desk-7", AuditAction::Read, None, Some("service"), None, at)?;
/// }
/// let mut entries = kept.lock().unwrap().clone();
/// assert_eq!(verify_audit(&entries)?, audit.head());
/// entries[1].actor = "nobody".into();
/// let error = verify_audit(&entries).unwrap_err();
/// assert_eq!(error.to_string(), "stored data is damaged: the audit log from entry 2 on: it was altered");
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn verify_audit<'a>(entries: impl IntoIterator<Item = &'a AuditEntry>) -> Result<AuditHash> {
    let mut head = AuditHash::START;
    for (expected, entry) in (1_u64..).zip(entries) {
        let wrong = if entry.sequence != expected {
            Some("one is missing, or stands elsewhere")
        } else if entry.hash != entry.digest() {
            Some("it was altered")
        } else if entry.previous != head {
            Some("it does not follow the one before it")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            return Err(Error::corrupt(format!("the audit log from entry {expected} on: {wrong}")));
        }
        head = entry.hash;
    }
    Ok(head)
}

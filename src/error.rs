//! The one error of the crate.

use std::fmt;

/// What went wrong, told by what the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input is wrong; mend it and send it again.
    Input,
    /// The policy or the options are wrong; mend them.
    Config,
    /// Somebody else wrote first; read again and retry.
    Conflict,
    /// A declared limit was hit; raise it or send less.
    Limit,
    /// The store failed; what was sent may or may not be applied, and sending it again is safe.
    Store,
    /// Stored data is not what was written; restore a backup.
    Corrupt,
}

/// An error of onefold. Branch on [`Error::kind`]; the message is for people and holds no personal value.
pub struct Error(Box<Reason>);

/// Shorthand for a result with the crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("{what}: {reason}")]
    Input { what: String, reason: String },
    #[error("policy field `{field}`: {reason}")]
    Policy { field: String, reason: String },
    #[error("option `{option}`: {reason}")]
    Option { option: &'static str, reason: String },
    #[error("the store is at revision {found}, the batch was planned on {expected}")]
    Conflict { expected: u64, found: u64 },
    #[error("{what} is over its limit of {limit}")]
    Limit { what: &'static str, limit: u64 },
    #[error("the store failed to {operation}")]
    Store { operation: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("stored data is damaged: {what}")]
    Corrupt { what: String },
}

impl Error {
    /// Says what the caller can do.
    pub fn kind(&self) -> ErrorKind {
        match *self.0 {
            Reason::Input { .. } => ErrorKind::Input,
            Reason::Policy { .. } | Reason::Option { .. } => ErrorKind::Config,
            Reason::Conflict { .. } => ErrorKind::Conflict,
            Reason::Limit { .. } => ErrorKind::Limit,
            Reason::Store { .. } => ErrorKind::Store,
            Reason::Corrupt { .. } => ErrorKind::Corrupt,
        }
    }

    /// Makes an input error: `what` names the culprit (never its value), `reason` what is wrong with it.
    pub fn input(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::of(Reason::Input { what: what.into(), reason: reason.into() })
    }

    /// Makes a configuration error about a field of the policy.
    pub fn policy(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::of(Reason::Policy { field: field.into(), reason: reason.into() })
    }

    /// Makes a configuration error about an option of a call or a store.
    pub fn option(option: &'static str, reason: impl Into<String>) -> Self {
        Self::of(Reason::Option { option, reason: reason.into() })
    }

    /// Makes the error of a store that refuses a batch planned on another revision.
    pub fn conflict(expected: u64, found: u64) -> Self {
        Self::of(Reason::Conflict { expected, found })
    }

    /// Makes the error of a limit that was hit.
    pub fn limit(what: &'static str, limit: u64) -> Self {
        Self::of(Reason::Limit { what, limit })
    }

    /// Makes the error of a store operation that failed; `operation` is a verb with its object.
    pub fn store(operation: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::of(Reason::Store { operation, source: source.into() })
    }

    /// Makes the error of stored data that is not what was written.
    pub fn corrupt(what: impl Into<String>) -> Self {
        Self::of(Reason::Corrupt { what: what.into() })
    }

    fn of(reason: Reason) -> Self {
        Self(Box::new(reason))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.kind()).field("reason", &self.0.to_string()).finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

//! What ends a run early.

use onefold::ErrorKind;
use std::fmt;
use std::path::Path;
use std::process::ExitCode;

/// Shorthand for what may end the run.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why the run ended early, and whether other arguments would mend it.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    wrong_arguments: bool,
}

impl Failure {
    /// An option of the command line that is wrong.
    pub(crate) fn usage(option: &str, reason: impl fmt::Display) -> Self {
        Self { message: format!("option `{option}`: {reason}"), wrong_arguments: true }
    }

    /// A file that an option names and that is wrong.
    pub(crate) fn file(option: &str, path: &Path, reason: impl fmt::Display) -> Self {
        Self::usage(option, format_args!("{}: {reason}", path.display()))
    }

    /// A file that could not be written.
    pub(crate) fn writing(path: &Path, error: impl fmt::Display) -> Self {
        Self { message: format!("{} cannot be written: {error}", path.display()), wrong_arguments: false }
    }

    /// The status that the process ends with: 2 for wrong arguments, 1 for what else failed.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(if self.wrong_arguments { 2 } else { 1 })
    }
}

impl From<onefold::Error> for Failure {
    fn from(error: onefold::Error) -> Self {
        Self { wrong_arguments: error.kind() == ErrorKind::Config, message: error.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

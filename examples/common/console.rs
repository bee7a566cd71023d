//! How a run ends: its text on standard output, or its failure on standard error.

use crate::failure::Outcome;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// Writes what a run says, and ends the process with the status that fits.
pub(crate) fn finish(program: &str, done: Outcome<String>) -> ExitCode {
    match done {
        Ok(text) => {
            let mut stdout = std::io::stdout().lock();
            match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
                // A reader that went away (`| head`) is no failure of ours.
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    let _ = writeln!(std::io::stderr(), "{program}: the summary cannot be written: {error}");
                    ExitCode::FAILURE
                }
                _ => ExitCode::SUCCESS,
            }
        }
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "{program}: {failure}");
            failure.exit_code()
        }
    }
}

//! A command line of options with values.

use crate::failure::{Failure, Outcome};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// How many values an option takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Takes {
    Nothing,
    One,
    /// One or more; the option may come again.
    Some,
}

/// What a command line gives.
#[derive(Debug, Default)]
pub(crate) struct Options {
    given: BTreeMap<&'static str, Vec<OsString>>,
}

impl Options {
    /// Reads the arguments that follow the program's name.
    pub(crate) fn read(known: &[(&'static str, Takes)]) -> Outcome<Self> {
        let mut options = Self::default();
        let mut rest = std::env::args_os().skip(1).peekable();
        while let Some(argument) = rest.next() {
            let option = argument.to_string_lossy().into_owned();
            let found = known.iter().find(|(name, _)| *name == option);
            let (name, takes) = *found.ok_or_else(|| Failure::usage(&option, "is not an option; --help lists them"))?;
            let again = options.given.contains_key(name);
            if again && takes != Takes::Some {
                return Err(Failure::usage(name, "comes twice"));
            }
            let values = options.given.entry(name).or_default();
            let before = values.len();
            let most = match takes {
                Takes::Nothing => 0,
                Takes::One => 1,
                Takes::Some => usize::MAX,
            };
            while values.len() - before < most
                && let Some(value) = rest.next_if(|next| !next.to_string_lossy().starts_with("--"))
            {
                values.push(value);
            }
            if most > 0 && values.len() == before {
                return Err(Failure::usage(name, "needs a value"));
            }
        }
        Ok(options)
    }

    /// Says whether an option was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// The path that an option gives.
    pub(crate) fn path(&self, name: &str) -> Option<&Path> {
        self.given.get(name)?.first().map(Path::new)
    }

    /// The path that an option must give.
    pub(crate) fn needed(&self, name: &str) -> Outcome<&Path> {
        self.path(name).ok_or_else(|| Failure::usage(name, "is missing"))
    }

    /// All paths that an option gives.
    pub(crate) fn paths(&self, name: &str) -> Vec<PathBuf> {
        self.given.get(name).into_iter().flatten().map(PathBuf::from).collect()
    }

    /// The value that an option gives.
    pub(crate) fn value<T: FromStr>(&self, name: &str, what: &str) -> Outcome<Option<T>> {
        let Some(text) = self.given.get(name).and_then(|values| values.first()) else { return Ok(None) };
        let value = text.to_str().and_then(|text| text.parse().ok());
        value.map(Some).ok_or_else(|| Failure::usage(name, format_args!("is not {what}")))
    }
}

//! The command line.

use crate::failure::{Failure, Outcome};
use onefold::{Identifier, Timestamp};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
usage: resolve --policy P.{toml,json} --input FILE... [options]
       resolve                      runs a bundled sample: an invented retailer's year

  --policy FILE       the policy, TOML or JSON
  --input FILE...     operations (.jsonl) or tables (.csv, .parquet)
  --columns FILE      the column map of the tables (TOML)
  --store WHERE       `memory` (the default) or a folder, which is made or opened; with one, --input may be left out
  --batch N           sends N records or events a commit; without it, they are held until something else comes, and
                      records go in at once where they are more than the store holds, else 1000 a commit
  --now TIME          RFC 3339; records without a time take it (default: the start of the run)
  --sweep             drops what is over its time at --now, by the policy, once all came in, and says what went
  --records FILE      writes source,key,profile of every live record
  --events FILE       writes source,key,profile of every event that is somebody's
  --identifiers FILE  writes kind,value,profile,status of every usable value
  --issues FILE       writes file,line,record,field,reason of everything that was not as it should be
  --export FILE       writes everything that stands as operations, which --input reads back
  --report FILE       writes one HTML page
  --profile KIND=VALUE
                      prints the card of the profile that holds this identifier as JSON, after the summary
  --help              prints this

The environment variable ONEFOLD_SECRET is the secret under which `erase` operations keep people away; without it they
are not carried out. ONEFOLD_STORE_KEY is the key under which --store is encrypted, 64 hexadecimal digits (feature
`encryption`); after it, behind commas, come older keys that the store is brought away from.";

/// What the command line asks for.
#[derive(Debug, Default)]
pub(crate) struct Args {
    pub(crate) help: bool,
    pub(crate) policy: Option<PathBuf>,
    pub(crate) input: Vec<PathBuf>,
    pub(crate) columns: Option<PathBuf>,
    /// A folder; none for memory.
    pub(crate) store: Option<PathBuf>,
    pub(crate) batch: Option<usize>,
    pub(crate) now: Option<Timestamp>,
    /// Whether what is over its time is dropped.
    pub(crate) sweep: bool,
    pub(crate) records: Option<PathBuf>,
    pub(crate) events: Option<PathBuf>,
    pub(crate) identifiers: Option<PathBuf>,
    pub(crate) issues: Option<PathBuf>,
    pub(crate) export: Option<PathBuf>,
    pub(crate) report: Option<PathBuf>,
    /// Whose card is printed.
    pub(crate) profile: Option<Identifier>,
}

impl Args {
    /// Reads the arguments that follow the program's name.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Outcome<Self> {
        let mut args = Self::default();
        let mut rest = arguments.into_iter().peekable();
        while let Some(argument) = rest.next() {
            let option = argument.to_string_lossy().into_owned();
            let mut value = || match rest.next() {
                Some(value) if !is_option(&value) => Ok(value),
                _ => Err(Failure::usage(&option, "needs a value")),
            };
            match option.as_str() {
                "--help" | "-h" => args.help = true,
                "--sweep" => args.sweep = true,
                "--policy" => once(&mut args.policy, &option, value()?.into())?,
                "--columns" => once(&mut args.columns, &option, value()?.into())?,
                "--records" => once(&mut args.records, &option, value()?.into())?,
                "--events" => once(&mut args.events, &option, value()?.into())?,
                "--identifiers" => once(&mut args.identifiers, &option, value()?.into())?,
                "--issues" => once(&mut args.issues, &option, value()?.into())?,
                "--export" => once(&mut args.export, &option, value()?.into())?,
                "--report" => once(&mut args.report, &option, value()?.into())?,
                "--store" => {
                    let place = value()?;
                    if place != "memory" {
                        once(&mut args.store, &option, place.into())?;
                    }
                }
                "--batch" => {
                    let number = value()?.to_str().and_then(|text| text.parse().ok()).filter(|&batch| batch > 0);
                    let number = number.ok_or_else(|| Failure::usage(&option, "is not a whole number above 0"))?;
                    once(&mut args.batch, &option, number)?;
                }
                "--now" => {
                    let time = value()?.to_str().and_then(|text| text.parse().ok());
                    let time =
                        time.ok_or_else(|| Failure::usage(&option, "is not RFC 3339 (as 2026-01-05T10:00:00Z)"))?;
                    once(&mut args.now, &option, time)?;
                }
                "--profile" => {
                    let sent = value()?;
                    let pair = sent.to_str().and_then(|text| text.split_once('='));
                    let (kind, value) = pair
                        .filter(|(kind, value)| !kind.trim().is_empty() && !value.trim().is_empty())
                        .ok_or_else(|| Failure::usage(&option, "is not KIND=VALUE (as email=ann@example.org)"))?;
                    once(&mut args.profile, &option, Identifier::new(kind.trim(), value))?;
                }
                "--input" => {
                    args.input.push(value()?.into());
                    while let Some(next) = rest.next_if(|next| !is_option(next)) {
                        args.input.push(next.into());
                    }
                }
                _ => return Err(Failure::usage(&option, "is not an option; --help lists them")),
            }
        }
        args.check()?;
        Ok(args)
    }

    /// Says whether the bundled sample is to be run.
    pub(crate) fn is_sample(&self) -> bool {
        self.policy.is_none() && self.input.is_empty()
    }

    /// The files that are written, by option.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let all = [
            ("--records", &self.records),
            ("--identifiers", &self.identifiers),
            ("--issues", &self.issues),
            ("--events", &self.events),
            ("--export", &self.export),
            ("--report", &self.report),
        ];
        all.into_iter().filter_map(|(option, path)| Some((option, path.as_deref()?)))
    }

    /// The files that are read.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &Path> {
        self.input.iter().chain(&self.policy).chain(&self.columns).map(PathBuf::as_path)
    }

    fn check(&self) -> Outcome<()> {
        if self.is_sample() {
            return match self.columns {
                Some(_) => Err(Failure::usage("--columns", "needs --policy and --input")),
                None => Ok(()),
            };
        }
        if self.policy.is_none() {
            return Err(Failure::usage("--policy", "is missing"));
        }
        if self.input.is_empty() && self.store.is_none() {
            return Err(Failure::usage("--input", "is missing"));
        }
        Ok(())
    }
}

fn is_option(argument: &OsString) -> bool {
    argument.to_string_lossy().starts_with("--")
}

fn once<T>(place: &mut Option<T>, option: &str, value: T) -> Outcome<()> {
    match place.replace(value) {
        Some(_) => Err(Failure::usage(option, "comes twice")),
        None => Ok(()),
    }
}

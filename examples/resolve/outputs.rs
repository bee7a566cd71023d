//! The files that a run writes: records, identifiers, issues, the export.

use crate::args::Args;
use crate::failure::{Failure, Outcome};
use onefold::{
    CardQuery, Identifier, IdentifierRow, IssueReason, ProfileId, RecordKey, Resolver, Status, Timestamp, Verification,
};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Finds out, before the work is done, which output cannot be written. What stands in a file stays until then.
pub(crate) fn check(args: &Args) -> Outcome<()> {
    let real = |path: &Path| path.canonicalize().ok().filter(|path| path.is_file());
    let mut taken: Vec<PathBuf> = args.sources().filter_map(real).collect();
    for (option, path) in args.outputs() {
        let opened = File::options().write(true).create(true).truncate(false).open(path);
        opened.map_err(|error| Failure::file(option, path, format_args!("cannot be written: {error}")))?;
        let Some(file) = real(path) else { continue };
        if taken.contains(&file) {
            return Err(Failure::file(option, path, "is an input or another output of this run"));
        }
        taken.push(file);
    }
    Ok(())
}

/// Everything that was not as it should be: counted, and written down where a file is asked for.
pub(crate) struct IssueList {
    file: Option<Table>,
    /// Lines that could not be read.
    pub(crate) unreadable: u64,
    /// Records that were kept with a remark, by the remark.
    pub(crate) remarks: BTreeMap<String, u64>,
}

impl IssueList {
    /// Makes the file, if there is to be one.
    pub(crate) fn create(path: Option<&Path>) -> Outcome<Self> {
        let file = path.map(|path| Table::create(path, &["file", "line", "record", "field", "reason"])).transpose()?;
        Ok(Self { file, unreadable: 0, remarks: BTreeMap::new() })
    }

    /// Says whether the places of remarks are of use.
    pub(crate) fn is_written(&self) -> bool {
        self.file.is_some()
    }

    /// Notes a line that could not be read.
    pub(crate) fn unreadable(&mut self, file: &Path, line: u64, error: &onefold::Error) -> Outcome<()> {
        self.unreadable += 1;
        let message = error.to_string();
        // `field `at`: is missing` names the field; other messages are about the line.
        let (field, reason) = message.split_once(": ").unwrap_or(("line", &message));
        let field = field.trim_start_matches("field ").trim_start_matches("option ").trim_matches('`').to_owned();
        self.write(file, line, "", &field, reason)
    }

    /// Notes a remark on a record.
    pub(crate) fn remark(
        &mut self,
        file: &Path,
        line: u64,
        record: &RecordKey,
        field: &str,
        reason: &IssueReason,
    ) -> Outcome<()> {
        let reason = reason.to_string();
        *self.remarks.entry(format!("{field} {reason}")).or_default() += 1;
        self.write(file, line, &format!("{}/{}", record.source, record.key), field, &reason)
    }

    fn write(&mut self, file: &Path, line: u64, record: &str, field: &str, reason: &str) -> Outcome<()> {
        match &mut self.file {
            Some(table) => table.row(&[&file.to_string_lossy(), &line.to_string(), record, field, reason]),
            None => Ok(()),
        }
    }

    /// Ends the file.
    pub(crate) fn finish(&mut self) -> Outcome<()> {
        self.file.as_mut().map_or(Ok(()), Table::finish)
    }
}

/// The card of the profile that holds an identifier, as JSON; or why nobody does. The value is not told.
pub(crate) fn profile(resolver: &Resolver, identifier: &Identifier, now: Timestamp) -> Outcome<String> {
    let view = resolver.view()?;
    let found = view.find(identifier)?;
    // Who runs this has all the evidence before him.
    let query = CardQuery::new(now).proof(Verification::SignedIn);
    if let Some(card) = found.profile.map(|id| view.card(id, &query)).transpose()?.flatten() {
        let json = serde_json::to_string_pretty(&card).map_err(|error| Failure::usage("--profile", error))?;
        return Ok(format!("{json}\n"));
    }
    let why = match found.status {
        Status::Contested => "several profiles carry it, and none is its holder",
        Status::Generic => "too many records carry it to mean anything",
        Status::Refused => "the policy does not know the kind, or refuses the value",
        Status::Unknown | Status::Held => "no record or event carries it",
    };
    Ok(format!("no profile holds this `{}`: {why}\n", identifier.kind))
}

/// Visits every record once, and writes it as `source,key,profile` where it has a profile and a file is asked for.
pub(crate) fn records(
    resolver: &Resolver,
    path: Option<&Path>,
    visit: &mut dyn FnMut(&RecordKey, Option<ProfileId>),
) -> Outcome<()> {
    let mut table = path.map(|path| Table::create(path, &["source", "key", "profile"])).transpose()?;
    let mut written = Ok(());
    resolver.live_records(&mut |key, profile| {
        visit(key, profile);
        if let (Some(table), Some(profile), true) = (&mut table, profile, written.is_ok()) {
            written = table.row(&[&key.source, &key.key, &profile.to_string()]);
        }
    })?;
    written?;
    table.map_or(Ok(()), |mut table| table.finish())
}

/// Writes every event that is somebody's as `source,key,profile`.
pub(crate) fn events(resolver: &Resolver, path: &Path) -> Outcome<()> {
    let mut table = Table::create(path, &["source", "key", "profile"])?;
    let mut written = Ok(());
    resolver.view()?.live_events(&mut |event, profile| {
        if written.is_ok() {
            written = table.row(&[&event.key.source, &event.key.key, &profile.to_string()]);
        }
    })?;
    written?;
    table.finish()
}

/// Visits every usable value once, and writes it as `kind,value,profile,status` where a file is asked for.
pub(crate) fn identifiers(
    resolver: &Resolver,
    path: Option<&Path>,
    visit: &mut dyn FnMut(&IdentifierRow<'_>),
) -> Outcome<()> {
    let mut table = path.map(|path| Table::create(path, &["kind", "value", "profile", "status"])).transpose()?;
    let mut written = Ok(());
    resolver.identifiers(&mut |row| {
        visit(&row);
        if let (Some(table), true) = (&mut table, written.is_ok()) {
            let profile = row.profile.map(|profile| profile.to_string()).unwrap_or_default();
            written = table.row(&[row.kind, row.value, &profile, row.status.name()]);
        }
    })?;
    written?;
    table.map_or(Ok(()), |mut table| table.finish())
}

/// Writes everything that stands, one operation a line.
pub(crate) fn export(resolver: &Resolver, path: &Path) -> Outcome<()> {
    let failed = |error| Failure::writing(path, error);
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    let mut written = Ok(());
    resolver.export(&mut |operation| {
        if written.is_ok() {
            written = writeln!(file, "{}", operation.to_json());
        }
    })?;
    written.and_then(|()| file.flush()).map_err(failed)
}

/// A CSV file in the making.
struct Table {
    path: PathBuf,
    writer: csv::Writer<File>,
}

impl Table {
    fn create(path: &Path, header: &[&str]) -> Outcome<Self> {
        let file = File::create(path).map_err(|error| Failure::writing(path, error))?;
        let mut table = Self { path: path.to_owned(), writer: csv::Writer::from_writer(file) };
        table.row(header)?;
        Ok(table)
    }

    fn row(&mut self, cells: &[&str]) -> Outcome<()> {
        self.writer.write_record(cells).map_err(|error| Failure::writing(&self.path, error))
    }

    fn finish(&mut self) -> Outcome<()> {
        self.writer.flush().map_err(|error| Failure::writing(&self.path, error))
    }
}

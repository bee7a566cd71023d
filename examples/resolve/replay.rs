//! Sends operations to a resolver: records together, events together, everything else in its turn.

use crate::failure::Outcome;
use crate::input::Input;
use crate::outputs::IssueList;
use indicatif::{ProgressBar, ProgressStyle};
use onefold::{
    Because, ErrorKind, Event, Identifier, Ingest, Issue, Operation, Progress, Record, RecordKey, Resolver, SmolStr,
    Swept, Timestamp,
};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Records a commit, where they are not loaded and nobody asked for another number.
const BATCH: usize = 1000;

/// Events that wait at the most: they come in the same way however many they are.
const WAITING_MAX: usize = 100_000;

/// What was sent.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Records, versions of one counted each.
    pub(crate) records: u64,
    /// Events, versions of one counted each.
    pub(crate) events: u64,
    /// Removals.
    pub(crate) removals: u64,
    /// Records that were taken away, or never taken in.
    pub(crate) gone: u64,
    /// Joins, separations and their lifting.
    pub(crate) assertions: u64,
    /// People erased.
    pub(crate) erased: u64,
    /// What was over its time.
    pub(crate) swept: Swept,
    /// The true person of records, where the input tells it.
    pub(crate) truth: HashMap<RecordKey, SmolStr>,
}

/// Where a record came from.
type Place = (usize, u64);

/// Sends operations in their order.
pub(crate) struct Replay<'a> {
    resolver: &'a Resolver,
    issues: &'a mut IssueList,
    batch: Option<usize>,
    now: Timestamp,
    files: Vec<PathBuf>,
    tally: Tally,
    pending: Vec<Record>,
    places: Vec<Place>,
    events: Vec<Event>,
    places_of_events: Vec<Place>,
    bar: ProgressBar,
}

impl<'a> Replay<'a> {
    /// Starts with nothing sent.
    pub(crate) fn new(resolver: &'a Resolver, issues: &'a mut IssueList, batch: Option<usize>, now: Timestamp) -> Self {
        let (files, pending, places) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            resolver,
            issues,
            batch,
            now,
            files,
            tally: Tally::default(),
            pending,
            places,
            events: Vec::new(),
            places_of_events: Vec::new(),
            bar: ProgressBar::hidden(),
        }
    }

    /// Sends everything that stands in the inputs.
    pub(crate) fn run(mut self, inputs: Vec<Input>) -> Outcome<Tally> {
        self.files = inputs.iter().map(|input| input.path.clone()).collect();
        let total = inputs.iter().map(|input| input.bytes).sum();
        // Draws nothing where standard error is no terminal.
        self.bar = ProgressBar::new(total).with_style(style("{bytes}/{total_bytes}"));
        for (file, input) in inputs.into_iter().enumerate() {
            for entry in input.entries {
                self.bar.inc(entry.bytes);
                self.tally.truth.extend(entry.truth);
                match entry.operation {
                    Ok(operation) => self.take(operation, (file, entry.line))?,
                    Err(error) => self.issues.unreadable(&input.path, entry.line, &error)?,
                }
            }
        }
        self.bar.finish_and_clear();
        self.flush()?;
        Ok(self.tally)
    }

    fn take(&mut self, operation: Operation, place: Place) -> Outcome<()> {
        match operation {
            Operation::Add(record) => {
                self.tally.records += 1;
                self.pending.push(record);
                self.places.push(place);
                return if self.batch.is_some_and(|batch| self.pending.len() >= batch) { self.flush() } else { Ok(()) };
            }
            Operation::Remove(_) | Operation::RemoveEvent(_) | Operation::RemoveConsent(_) => self.tally.removals += 1,
            Operation::Assert(_) | Operation::Lift { .. } => self.tally.assertions += 1,
            Operation::Erase { .. } => {}
            Operation::Event(event) => {
                self.tally.events += 1;
                self.events.push(*event);
                self.places_of_events.push(place);
                return if self.events.len() >= self.batch.unwrap_or(WAITING_MAX) { self.flush() } else { Ok(()) };
            }
        }
        self.flush()?;
        let applied = match operation {
            Operation::Erase { identifier, request } => self.erase(&identifier, &request),
            Operation::Remove(key) => {
                self.resolver.remove(&key).map(|removed| self.tally.gone += u64::from(removed.is_some()))
            }
            other => self.resolver.apply(other).map(drop),
        };
        match applied {
            // What the resolver does not take is the line's fault, and stops no other.
            Err(error) if matches!(error.kind(), ErrorKind::Input | ErrorKind::Config) => {
                let (file, line) = place;
                self.issues.unreadable(name(&self.files, file), line, &error)
            }
            applied => Ok(applied?),
        }
    }

    fn erase(&mut self, identifier: &Identifier, request: &str) -> onefold::Result<()> {
        let erased = self.resolver.erase(identifier, request)?;
        self.tally.erased += u64::from(erased.anything());
        self.tally.gone += erased.records;
        Ok(())
    }

    /// Sends what waits. Records and events may come in any order between two commands.
    fn flush(&mut self) -> Outcome<()> {
        self.flush_records()?;
        let (events, places) = (std::mem::take(&mut self.events), std::mem::take(&mut self.places_of_events));
        let ingest = Ingest { batch: self.batch.unwrap_or(BATCH), now: Some(self.now), ..Ingest::default() };
        let resolutions = self.resolver.add_events(events, ingest)?;
        let issues = resolutions.iter().zip(places).filter(|(resolution, _)| !resolution.issues.is_empty());
        for (resolution, place) in issues {
            self.remark(&resolution.issues, place)?;
        }
        Ok(())
    }

    fn remark(&mut self, issues: &[Issue], (file, line): Place) -> Outcome<()> {
        let file = name(&self.files, file);
        issues.iter().try_for_each(|issue| self.issues.remark(file, line, &issue.key, &issue.field, &issue.reason))
    }

    /// All at once where they are many beside what is stored, which is faster and gives the same answer.
    fn flush_records(&mut self) -> Outcome<()> {
        let (records, places) = (std::mem::take(&mut self.pending), std::mem::take(&mut self.places));
        if self.batch.is_none() && records.len() > BATCH {
            let stored = self.resolver.stats()?.counts;
            if records.len() as u64 > stored.records + stored.trails {
                return self.load(records, places);
            }
        }
        let ingest = Ingest { batch: self.batch.unwrap_or(BATCH), now: Some(self.now), ..Ingest::default() };
        let resolutions = self.resolver.add_all(records, ingest)?;
        for (resolution, place) in resolutions.iter().zip(places) {
            self.tally.gone += u64::from(resolution.because.contains(&Because::Erased));
            self.remark(&resolution.issues, place)?;
        }
        Ok(())
    }

    fn load(&mut self, records: Vec<Record>, places: Vec<Place>) -> Outcome<()> {
        let mut placed: HashMap<RecordKey, Place> = HashMap::new();
        if self.issues.is_written() {
            placed.extend(records.iter().map(|record| record.key.clone()).zip(places));
        }
        let bar = ProgressBar::new(records.len() as u64).with_style(style("{pos}/{len}"));
        let mut show = |progress: Progress| {
            bar.set_length(progress.total);
            bar.set_position(progress.done);
            bar.set_message(format!("{:?}", progress.phase).to_lowercase());
        };
        let ingest = Ingest { now: Some(self.now), progress: Some(&mut show), ..Ingest::default() };
        let report = self.resolver.load(records, ingest)?;
        bar.finish_and_clear();
        self.tally.gone += report.refused;
        for issue in &report.issues {
            let (file, line) = placed.get(&issue.key).copied().unwrap_or_default();
            self.issues.remark(name(&self.files, file), line, &issue.key, &issue.field, &issue.reason)?;
        }
        Ok(())
    }
}

/// What a file is called on the command line.
fn name(files: &[PathBuf], file: usize) -> &Path {
    files.get(file).map(PathBuf::as_path).unwrap_or(Path::new(""))
}

fn style(counts: &str) -> ProgressStyle {
    let template = format!("{{elapsed_precise}} [{{wide_bar}}] {counts} {{msg}} {{eta}}");
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

//! What a run comes to, in figures.

use crate::args::Args;
use crate::failure::Outcome;
use crate::number::grouped;
use crate::outputs::{self, IssueList};
use crate::replay::Tally;
use onefold::{
    DataKind, Drift, DropReason, Dropped, Evaluation, Policy, ProfileId, Reason, RecordKey, Resolver, SmolStr, Stats,
    Status, Swept, Withheld, evaluate,
};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// How many withheld joins are read at a time.
const PAGE: usize = 1000;

/// How many possible links a report lists.
const POSSIBLE_MAX: usize = 50;

/// Lines and how often each was met, most frequent first.
type Counts = Vec<(String, u64)>;

/// The figures of a run.
pub(crate) struct Summary {
    pub(crate) stats: Stats,
    /// Lines that could not be read.
    pub(crate) unreadable: u64,
    /// Remarks on records, by remark, most frequent first.
    pub(crate) remarks: Vec<(String, u64)>,
    /// Records sent, versions of one counted each.
    pub(crate) sent: u64,
    /// Of these, taken away again or never taken in.
    gone: u64,
    /// Events sent, versions of one counted each.
    pub(crate) events: u64,
    /// People erased.
    pub(crate) erased: u64,
    /// What was over its time.
    pub(crate) swept: Swept,
    /// By kind, in the policy's order.
    pub(crate) values: Vec<Values>,
    /// Withheld joins by what is withheld and why, most frequent first.
    pub(crate) withheld: Vec<(String, u64)>,
    /// The likeliest possible links, at most [`POSSIBLE_MAX`].
    pub(crate) possible: Vec<Withheld>,
    /// How far the records have moved from the policy's model, where it has one.
    pub(crate) drift: Option<Drift>,
    /// Against the truth, where the input tells it.
    pub(crate) evaluation: Option<Evaluation>,
}

/// The values of one kind of identifier.
#[derive(Default)]
pub(crate) struct Values {
    pub(crate) kind: SmolStr,
    pub(crate) held: u64,
    pub(crate) contested: u64,
    pub(crate) generic: u64,
}

impl Summary {
    /// Reads the figures from a resolver, and on the way writes the records and the identifiers, where files are asked
    /// for: everything is read once.
    pub(crate) fn of(resolver: &Resolver, tally: &Tally, issues: &IssueList, args: &Args) -> Outcome<Self> {
        let policy = resolver.policy();
        let mut remarks: Vec<(String, u64)> = issues.remarks.clone().into_iter().collect();
        remarks.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let (withheld, possible) = withheld(resolver)?;
        let has_model = policy.linkage.as_ref().is_some_and(|linkage| linkage.model.is_some());
        Ok(Self {
            stats: resolver.stats()?,
            unreadable: issues.unreadable,
            remarks,
            sent: tally.records,
            gone: tally.gone + tally.swept.records_removed,
            events: tally.events,
            erased: tally.erased,
            swept: tally.swept.clone(),
            values: values(resolver, &policy, args.identifiers.as_deref())?,
            withheld,
            possible,
            drift: if has_model { resolver.drift()? } else { None },
            evaluation: evaluation(resolver, tally, args.records.as_deref())?,
        })
    }

    /// Records that take part, for each profile that they make.
    pub(crate) fn records_per_profile(&self) -> f64 {
        let counts = &self.stats.counts;
        let live = counts.records.saturating_sub(counts.quarantined);
        if counts.profiles == 0 { 0.0 } else { live as f64 / counts.profiles as f64 }
    }
}

fn values(resolver: &Resolver, policy: &Policy, path: Option<&Path>) -> Outcome<Vec<Values>> {
    let mut counts: BTreeMap<SmolStr, Values> = BTreeMap::new();
    outputs::identifiers(resolver, path, &mut |row| {
        let values = counts.entry(row.kind.into()).or_default();
        match row.status {
            Status::Contested => values.contested += 1,
            Status::Generic => values.generic += 1,
            Status::Held | Status::Unknown | Status::Refused => values.held += 1,
        }
    })?;
    let in_order = policy.identifier.iter().filter_map(|kind| {
        let values = counts.remove(&kind.kind)?;
        Some(Values { kind: kind.kind.clone(), ..values })
    });
    Ok(in_order.collect())
}

/// Counts what is withheld by what would have joined and why, and picks the likeliest possible links.
fn withheld(resolver: &Resolver) -> Outcome<(Counts, Vec<Withheld>)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut possible: Vec<Withheld> = Vec::new();
    let mut after = None;
    loop {
        let page = resolver.withheld(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.key);
        for withheld in page {
            if withheld.reason == Reason::Possible {
                possible.push(withheld);
                continue;
            }
            let cause = match (&withheld.identifier, withheld.likeness) {
                (Some(identifier), _) => &identifier.kind,
                (None, Some(_)) => "likeness",
                (None, None) => "a steward's join",
            };
            *counts.entry(format!("{cause}: {}", withheld.text)).or_default() += 1;
        }
        possible.sort_by_key(|link| (std::cmp::Reverse(link.likeness.map(|(weight, _)| weight)), link.key));
        possible.truncate(POSSIBLE_MAX);
    }
    let mut counts: Counts = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Ok((counts, possible))
}

/// What was dropped, by name and reason, most frequent first.
fn dropped(swept: &Swept) -> Counts {
    let row = |row: &Dropped| {
        let what = match row.what {
            DataKind::Identifier => "identifier",
            DataKind::Attribute => "attribute",
            DataKind::Event => "event",
        };
        let why = match row.reason {
            DropReason::TimeToLive => "its time to live is over",
            DropReason::NoPurpose => "no purpose is left",
        };
        (format!("{what} {}: {why}", row.name.as_deref().unwrap_or("(undeclared)")), row.count)
    };
    let mut counts: Counts = swept.dropped.iter().map(row).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

fn evaluation(resolver: &Resolver, tally: &Tally, path: Option<&Path>) -> Outcome<Option<Evaluation>> {
    /// A record without a profile is alone.
    #[derive(Clone, PartialEq, Eq, Hash)]
    enum Label {
        Profile(ProfileId),
        Alone(RecordKey),
    }
    if tally.truth.is_empty() && path.is_none() {
        return Ok(None);
    }
    let mut labels = Vec::with_capacity(tally.truth.len());
    outputs::records(resolver, path, &mut |key, profile| {
        if let Some(person) = tally.truth.get(key) {
            let label = profile.map_or_else(|| Label::Alone(key.clone()), Label::Profile);
            labels.push((person.as_str(), label));
        }
    })?;
    Ok(if tally.truth.is_empty() { None } else { Some(evaluate(labels)) })
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.stats.counts;
        let later = self.sent.saturating_sub(counts.records + self.gone);
        writeln!(f, "{:>9}  records came in, {} of them later versions", grouped(self.sent), grouped(later))?;
        if counts.events > 0 {
            let (events, trails) = (grouped(self.events), grouped(counts.trails));
            writeln!(f, "{events:>9}  events came in, {} are kept, on {trails} trails", grouped(counts.events))?;
        }
        if self.unreadable > 0 {
            writeln!(f, "{:>9}  lines could not be read", grouped(self.unreadable))?;
        }
        if counts.quarantined > 0 {
            writeln!(f, "{:>9}  set aside until mended", grouped(counts.quarantined))?;
        }
        if counts.dormant_trails > 0 {
            let trails = grouped(counts.dormant_trails);
            writeln!(
                f,
                "{trails:>9}  trails of events are nobody's: no usable identifier, two people's, or the ledger's"
            )?;
        }
        if self.erased > 0 {
            writeln!(f, "{:>9}  people were erased", grouped(self.erased))?;
        }
        if counts.refused > 0 {
            writeln!(f, "{:>9}  refused since they, or identifiers of theirs, were erased", grouped(counts.refused))?;
        }
        let swept: u64 = self.swept.dropped.iter().map(|row| row.count).sum();
        if swept > 0 {
            writeln!(f, "{:>9}  values and events were over their time and dropped", grouped(swept))?;
        }
        if self.swept.consents_kept > 0 {
            let kept = grouped(self.swept.consents_kept);
            writeln!(f, "{kept:>9}  consents over their time stay, since what holds may rest on them")?;
        }
        writeln!(f, "{:>9}  people, {:.2} records each", grouped(counts.profiles), self.records_per_profile())?;
        writeln!(f, "{:>9}  joins withheld to keep people apart", grouped(counts.withheld))?;
        if counts.possible > 0 {
            writeln!(f, "{:>9}  possible links: alike, and for a steward to decide", grouped(counts.possible))?;
        }

        writeln!(f, "\nrecords of a profile      profiles")?;
        for (size, profiles) in brief(&self.stats.sizes) {
            writeln!(f, "{size:>20} {:>13}", grouped(profiles))?;
        }
        if !self.values.is_empty() {
            writeln!(f, "\nvalues              held  contested    generic")?;
        }
        for values in &self.values {
            let (held, contested) = (grouped(values.held), grouped(values.contested));
            writeln!(f, "{:<14} {held:>9} {contested:>10} {:>10}", values.kind, grouped(values.generic))?;
        }
        self.drift.iter().try_for_each(|drift| moved(f, drift))?;
        list(f, "over their time", &dropped(&self.swept))?;
        list(f, "withheld joins", &self.withheld)?;
        list(f, "remarks", &self.remarks)?;
        if let Some(found) = &self.evaluation {
            let Evaluation { pairwise, b_cubed, .. } = found;
            writeln!(
                f,
                "\nagainst the truth of {} records and {} people",
                grouped(found.records),
                grouped(found.people)
            )?;
            writeln!(
                f,
                "  pairs     precision {:.4}  recall {:.4}  F1 {:.4}",
                pairwise.precision, pairwise.recall, pairwise.f1
            )?;
            writeln!(
                f,
                "  B-cubed   precision {:.4}  recall {:.4}  F1 {:.4}",
                b_cubed.precision, b_cubed.recall, b_cubed.f1
            )?;
            let (exact, merged) = (grouped(found.exact), grouped(found.profiles_over_merged));
            let split = grouped(found.people_split);
            writeln!(
                f,
                "  {exact} people exactly right, {merged} profiles with more than one person, {split} people in parts"
            )?;
        }
        Ok(())
    }
}

/// How far the values have moved from the model.
fn moved(f: &mut fmt::Formatter<'_>, drift: &Drift) -> fmt::Result {
    if drift.generic.is_empty() && drift.comparisons.iter().all(|comparison| comparison.frequencies.is_none()) {
        return Ok(());
    }
    let trained = drift.records_trained.map(|records| format!(" of {} records", grouped(records))).unwrap_or_default();
    writeln!(f, "\ndrift from the model{trained} (population stability index: over 0.25 is a shift)")?;
    for comparison in &drift.comparisons {
        let Some(found) = comparison.frequencies.as_ref().filter(|found| found.listed > 0) else { continue };
        let (name, moved, listed) = (comparison.columns.join(", "), grouped(found.moved), grouped(found.listed));
        writeln!(
            f,
            "{:>9.3}  {name}: {moved} of {listed} values are twice or half as frequent",
            found.stability_index
        )?;
    }
    for rule in &drift.generic {
        let records = grouped(rule.records);
        writeln!(f, "{records:>9}  records are in blocks of `{}` that are too large to find pairs", rule.rule)?;
    }
    Ok(())
}

/// At most this many lines of a list.
const LIST_MAX: usize = 12;

fn list(f: &mut fmt::Formatter<'_>, title: &str, lines: &[(String, u64)]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    for (line, count) in lines.iter().take(LIST_MAX) {
        writeln!(f, "{:>9}  {line}", grouped(*count))?;
    }
    match lines.len().saturating_sub(LIST_MAX) {
        0 => Ok(()),
        more => writeln!(f, "           and {more} more sorts"),
    }
}

/// Sizes of profiles in steps that double, from five on.
pub(crate) fn brief(sizes: &[(u64, u64)]) -> Vec<(String, u64)> {
    let mut steps: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    for &(size, profiles) in sizes {
        let step = if size < 5 { (size, size) } else { doubling(size) };
        *steps.entry(step).or_default() += profiles;
    }
    let name = |(low, high): (u64, u64)| if low == high { low.to_string() } else { format!("{low} to {high}") };
    steps.into_iter().map(|(step, profiles)| (name(step), profiles)).collect()
}

fn doubling(size: u64) -> (u64, u64) {
    let mut low = 5;
    while size >= low * 2 {
        low *= 2;
    }
    (low, low * 2 - 1)
}

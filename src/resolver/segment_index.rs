//! Who is in which segment, kept up to date: only those are judged again for whom something may have changed.

use super::about::Subject;
use super::moments::each_event;
use super::read::{PAGE, View};
use super::segments::AGEING;
use crate::decide::{Facts, SegmentSet, Standing};
use crate::error::Result;
use crate::id::{ClusterNumber, ProfileId, RecordNumber, TopicHash, ValueHash};
use crate::identifier::{Topic, hash_topic};
use crate::normalise::order_id;
use crate::store::{ProfileEvent, ValueState};
use crate::time::{DAY, Timestamp};
use crate::value::Value;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How every profile stands to every segment of a set, kept by the host beside the resolver and brought up to date by
/// [`refresh`](Self::refresh): the same as from scratch.
///
/// Whom it judges again:
/// - those of whom the [change feed](View::changes) tells since the last time;
/// - those who share an order with one of these, or an identifier that several claim: what one did may be another's now;
/// - those for whom a count of days reaches what a rule compares it with, or an event of the future has happened: when that
///   is, [`next_due`](Self::next_due) says.
///
/// Everybody is judged again after a change of policy, where `now` is before that of the last time, and after
/// [`start_over`](Self::start_over).
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Policy, Resolver, SegmentIndex, SegmentSet};
/// let resolver = Resolver::in_memory(Policy::retail())?;
/// let set: SegmentSet = serde_json::from_str(
///     r#"[{"name": "lapsing", "rule": {"at_least": ["days_since_purchase", 30]}}]"#,
/// ).expect("it is one");
/// let mut index = SegmentIndex::new(set);
/// let bought = |key: &str, at: &str| -> onefold::Result<Event> {
///     Ok(Event::new("web", key, at.parse()?, EventKind::Purchase).identifier("email", "ann@example.org"))
/// };
/// let ann = resolver.add_event(bought("1", "2026-01-05T10:00:00Z")?)?.profile.unwrap();
/// index.refresh(&resolver.view()?, "2026-01-10T00:00:00Z".parse()?)?;
/// assert_eq!(index.next_due(), Some("2026-02-04T00:00:00Z".parse()?));
///
/// // Nobody is judged before that day; then she is.
/// assert_eq!(index.refresh(&resolver.view()?, "2026-02-03T23:00:00Z".parse()?)?.judged, 0);
/// let told = index.refresh(&resolver.view()?, "2026-02-04T00:00:00Z".parse()?)?;
/// assert_eq!((told.judged, told.entered), (1, vec![(ann, "lapsing".into())]));
///
/// resolver.add_event(bought("2", "2026-02-04T10:00:00Z")?)?;
/// let told = index.refresh(&resolver.view()?, "2026-02-05T00:00:00Z".parse()?)?;
/// assert_eq!((told.left, index.members("lapsing").count()), (vec![(ann, "lapsing".into())], 0));
/// # Ok::<(), onefold::Error>(())
/// ```
pub struct SegmentIndex {
    set: SegmentSet,
    /// What it was brought up to date with; none before the first time.
    state: Option<State>,
    rows: BTreeMap<ProfileId, Row>,
    /// Who is tied by what.
    tied: BTreeMap<Tie, BTreeSet<ProfileId>>,
    /// When who is to be judged again.
    due: BTreeSet<(i64, ProfileId)>,
}

/// What was done to bring an index up to date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SegmentRefresh {
    /// How many profiles were judged.
    pub judged: u64,
    /// Who is in which segment and was not before, by id.
    pub entered: Vec<(ProfileId, SmolStr)>,
    /// Who was in which segment and is not any more; ids that a merge ended among them.
    pub left: Vec<(ProfileId, SmolStr)>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// The last entry of the feed that was read.
    cursor: u64,
    policy_version: u64,
    now: i64,
}

struct Row {
    standings: Vec<Standing>,
    /// What ties it to others, and whether what one does under it may be another's.
    ties: BTreeMap<Tie, bool>,
    due: Option<i64>,
}

/// What several profiles may have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    Value(ValueHash),
    Order(TopicHash),
}

impl SegmentIndex {
    /// Starts with nobody judged.
    pub fn new(set: SegmentSet) -> Self {
        Self { set, state: None, rows: BTreeMap::new(), tied: BTreeMap::new(), due: BTreeSet::new() }
    }

    /// The segments.
    pub fn set(&self) -> &SegmentSet {
        &self.set
    }

    /// Forgets what was judged: the next refresh judges everybody.
    pub fn start_over(&mut self) {
        self.state = None;
    }

    /// Brings it up to date. O(entries of the feed since the last time, and the facts of who is judged).
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed: then the next time judges everybody.
    pub fn refresh(&mut self, view: &View, now: Timestamp) -> Result<SegmentRefresh> {
        let until = now.microseconds();
        let usable = self.state.take().filter(|state| {
            state.policy_version == view.meta.policy_version
                && state.now <= until
                && state.cursor < view.meta.next_change
        });
        let mut told = SegmentRefresh::default();
        let mut open: BTreeSet<ProfileId> = BTreeSet::new();
        match usable {
            Some(state) => {
                self.changed_since(state.cursor, view, &mut open)?;
                open.extend(self.due.iter().take_while(|(at, _)| *at <= until).map(|(_, id)| *id));
                self.judge_all(open, view, now, &mut told)?;
            }
            None => {
                open.extend(self.rows.keys());
                everybody(view, &mut open)?;
                for id in open {
                    self.judge(id, view, now, &mut told)?;
                }
            }
        }
        let cursor = view.meta.next_change.saturating_sub(1);
        self.state = Some(State { cursor, policy_version: view.meta.policy_version, now: until });
        told.entered.sort_unstable();
        told.left.sort_unstable();
        Ok(told)
    }

    /// Who is in a segment, by id. O(profiles judged).
    pub fn members(&self, segment: &str) -> impl Iterator<Item = ProfileId> {
        let place = self.set.segments().iter().position(|one| one.name == segment);
        let is_in = move |row: &Row| place.and_then(|place| row.standings.get(place)) == Some(&Standing::In);
        self.rows.iter().filter(move |(_, row)| is_in(row)).map(|(id, _)| *id)
    }

    /// How a profile stood to each segment, in the order of the set; none of who was not judged under this id. O(log n).
    pub fn standings(&self, id: ProfileId) -> Option<&[Standing]> {
        self.rows.get(&id).map(|row| row.standings.as_slice())
    }

    /// How many profiles were judged so far and are there.
    pub fn profiles(&self) -> usize {
        self.rows.len()
    }

    /// When somebody is to be judged again though nothing happens; none where nobody is. O(1).
    pub fn next_due(&self) -> Option<Timestamp> {
        let (at, _) = self.due.first()?;
        Timestamp::from_microseconds(*at).ok()
    }

    /// The profiles of which the feed tells.
    fn changed_since(&self, mut cursor: u64, view: &View, into: &mut BTreeSet<ProfileId>) -> Result<()> {
        loop {
            let page = view.changes(cursor, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            cursor = last.sequence;
            // Who is alike is no fact.
            let telling = page
                .iter()
                .map(|change| &change.event)
                .filter(|event| !matches!(event, ProfileEvent::Possible { .. } | ProfileEvent::Settled { .. }));
            into.extend(telling.flat_map(ProfileEvent::profiles));
        }
    }

    /// Judges some, and those who are tied to them, before or after.
    fn judge_all(
        &mut self,
        open: BTreeSet<ProfileId>,
        view: &View,
        now: Timestamp,
        told: &mut SegmentRefresh,
    ) -> Result<()> {
        let mut own: BTreeSet<ProfileId> = BTreeSet::new();
        for id in &open {
            own.extend(view.resolve_id(*id)?);
        }
        let mut near = BTreeSet::new();
        for id in open.union(&own) {
            self.add_near(*id, &mut near);
        }
        for id in open.union(&own) {
            self.judge(*id, view, now, told)?;
            self.add_near(*id, &mut near);
        }
        for id in near.difference(&open).filter(|id| !own.contains(id)) {
            self.judge(*id, view, now, told)?;
        }
        Ok(())
    }

    fn add_near(&self, id: ProfileId, near: &mut BTreeSet<ProfileId>) {
        let ties = self.rows.get(&id).into_iter().flat_map(|row| &row.ties);
        let spreads = ties.filter(|(_, spreads)| **spreads);
        near.extend(spreads.filter_map(|(tie, _)| self.tied.get(tie)).flatten());
    }

    /// Judges a profile anew, or forgets an id that none bears.
    fn judge(&mut self, id: ProfileId, view: &View, now: Timestamp, told: &mut SegmentRefresh) -> Result<()> {
        let is_borne = view.resolve_id(id)? == Some(id);
        let subject = if is_borne { view.subject(id)? } else { None };
        let row = match subject {
            Some(subject) => {
                told.judged += 1;
                let facts = view.facts_of(&subject, now)?;
                let standings = self.set.judge(&facts).into_iter().map(|membership| membership.standing).collect();
                let due = [self.turns_at(&facts, now), view.next_event(&subject, now)?].into_iter().flatten().min();
                Some(Row { standings, ties: view.ties_of(&subject)?, due })
            }
            None => None,
        };
        let before = self.rows.remove(&id);
        if let Some(old) = &before {
            if let Some(at) = old.due {
                self.due.remove(&(at, id));
            }
            for tie in old.ties.keys() {
                if let Some(tied) = self.tied.get_mut(tie) {
                    tied.remove(&id);
                    if tied.is_empty() {
                        self.tied.remove(tie);
                    }
                }
            }
        }
        for (place, segment) in self.set.segments().iter().enumerate() {
            let is_in =
                |row: &Option<Row>| row.as_ref().and_then(|row| row.standings.get(place)) == Some(&Standing::In);
            match (is_in(&before), is_in(&row)) {
                (false, true) => told.entered.push((id, segment.name.clone())),
                (true, false) => told.left.push((id, segment.name.clone())),
                _ => {}
            }
        }
        if let Some(row) = row {
            self.due.extend(row.due.map(|at| (at, id)));
            for tie in row.ties.keys() {
                self.tied.entry(*tie).or_default().insert(id);
            }
            self.rows.insert(id, row);
        }
        Ok(())
    }

    /// When a count of days reaches what a rule compares it with.
    fn turns_at(&self, facts: &Facts, now: Timestamp) -> Option<i64> {
        let reads = self.set.reads();
        let turns = AGEING.iter().filter_map(|name| {
            let Some(Value::Integer(days)) = facts.attributes.get(*name) else { return None };
            reads.get(name)?.iter().filter_map(|compared| compared.turns_after(*days)).min()
        });
        now.day().saturating_add(turns.min()?).checked_mul(DAY)
    }
}

impl View {
    /// When the first event of the future happens on the trails of a profile.
    fn next_event(&self, subject: &Subject, now: Timestamp) -> Result<Option<i64>> {
        let Some(since) = now.microseconds().checked_add(1) else { return Ok(None) };
        let numbers: Vec<RecordNumber> = subject.trails.iter().map(|(number, _)| *number).collect();
        let mut next: Option<i64> = None;
        for (number, trail) in numbers.iter().zip(self.snapshot.trails(&numbers)?) {
            if trail.is_some_and(|trail| trail.last.at >= since) {
                each_event(&*self.snapshot, *number, since..=i64::MAX, &mut |place, _| {
                    next = Some(next.map_or(place.at, |known| known.min(place.at)));
                    Ok(())
                })?;
            }
        }
        Ok(next)
    }

    /// What ties a profile to others: its identifiers, and the orders that its purchases and returns name.
    fn ties_of(&self, subject: &Subject) -> Result<BTreeMap<Tie, bool>> {
        let mut ties = BTreeMap::new();
        for carried in &subject.carried {
            let contested = carried
                .posting
                .as_ref()
                .is_some_and(|posting| !posting.is_generic() && matches!(posting.state, ValueState::Contested { .. }));
            ties.insert(Tie::Value(carried.link.value), contested);
        }
        for event in self.events_under(Topic::Trade, subject)? {
            if let Some(order) = order_id(&self.rules, &event) {
                ties.insert(Tie::Order(hash_topic(self.seed, Topic::Order(&order))), true);
            }
        }
        Ok(ties)
    }
}

/// All profiles.
fn everybody(view: &View, into: &mut BTreeSet<ProfileId>) -> Result<()> {
    let mut from = ClusterNumber(0);
    loop {
        let page = view.snapshot.cluster_page(from, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        from = ClusterNumber(last.0 + 1);
        into.extend(page.iter().map(|(_, cluster)| ProfileId::of(cluster.profile, view.seed)));
    }
}

/// Shows counts.
impl fmt::Debug for SegmentIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SegmentIndex({} segments, {} profiles)", self.set.segments().len(), self.rows.len())
    }
}

//! What the contacts of somebody say of how they feel now.

use super::cusum::{Cusum, Told};
use super::population::check_score;
use super::rules::MoodRules;
use super::sentiment::Sentiment;
use crate::error::Result;
use crate::record::RecordKey;
use crate::time::{DAY, Timestamp};
use ahash::AHashMap;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// How somebody feels.
#[derive(Clone, PartialEq, Serialize)]
pub struct Feeling {
    /// How many contacts until now tell a sentiment.
    pub contacts: usize,
    /// How many contacts were looked at that tell none; they count for nothing.
    pub unknown: usize,
    /// The mean of what is usual for them, shrunken towards the population's.
    pub mean: f64,
    /// The deviation of it.
    pub deviation: f64,
    /// The drops, the oldest first: one alert for each.
    pub alerts: Vec<MoodAlert>,
    /// The bad experience that weighs most now; none where they feel as usual.
    pub bad: Option<BadExperience>,
}

/// A drop of sentiment.
#[derive(Clone, PartialEq, Serialize)]
pub struct MoodAlert {
    /// Its id: the contact that raised it. The same contacts raise the same alerts.
    pub id: RecordKey,
    /// When that was.
    pub at: Timestamp,
    /// When the drop began, as far as can be told.
    pub since: Timestamp,
    /// The contacts from which on it is told, the last of them being the one that raised it.
    pub because: Vec<RecordKey>,
    /// All contacts of it, up to the one with which it ended.
    pub contacts: Vec<RecordKey>,
    /// How sure it is: the natural logarithm of the odds by which these contacts speak for a drop.
    pub strength: f64,
    /// When they were back to what is usual.
    pub recovered: Option<Timestamp>,
}

/// A bad experience that is not over.
#[derive(Clone, PartialEq, Serialize)]
pub struct BadExperience {
    /// A drop, or one contact.
    pub kind: BadKind,
    /// When it began.
    pub since: Timestamp,
    /// The last contact that upholds it.
    pub last: Timestamp,
    /// The contacts because of which.
    pub because: Vec<RecordKey>,
    /// How much it weighs now, over 0 to 1: half after each half-life since the last contact that upholds it.
    pub weight: f64,
}

/// What a bad experience is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BadKind {
    /// One contact that was very bad.
    Contact,
    /// A drop that did not recover.
    Drop,
}

impl Feeling {
    /// Whether they feel bad.
    pub fn is_bad(&self) -> bool {
        self.bad.is_some()
    }

    /// Since when they feel bad.
    pub fn bad_since(&self) -> Option<Timestamp> {
        self.bad.as_ref().map(|bad| bad.since)
    }

    /// How much the bad experience weighs, 0 where there is none, to 1.
    pub fn weight(&self) -> f64 {
        self.bad.as_ref().map_or(0.0, |bad| bad.weight)
    }

    /// What the worth of a promotion is multiplied by: 1, and less the more they feel bad.
    pub fn promotion(&self) -> f64 {
        1.0 - self.weight()
    }

    /// What the worth of a service is multiplied by: 1, and up to 2 the more they feel bad.
    pub fn service(&self) -> f64 {
        1.0 + self.weight()
    }

    /// The alerts that nobody was told of: those with no contact among the ids of the alerts that were told. So a drop is
    /// told once, though contacts that came late, or a merge, may have moved the contact that raises it.
    pub fn untold<'a>(&'a self, told: &'a BTreeSet<RecordKey>) -> impl Iterator<Item = &'a MoodAlert> {
        self.alerts.iter().filter(|alert| !alert.contacts.iter().any(|contact| told.contains(contact)))
    }
}

/// Replays the contacts of somebody until now and tells how they feel: whether their sentiment fell, since when, because
/// of which contacts, and whether one of them was very bad.
///
/// A pure function of the set of contacts: they are taken in the order of time and key, each key once (of several with one
/// key the latest, then the larger). A drop is found by a one-sided CUSUM whose baseline is shrunken towards the
/// [population's](MoodRules::population) (see [`MoodRules::calibrate`]); it is told once, by the contact that raised it, and
/// until it is over no other is. It is over when a CUSUM the other way tells so at twenty to one, and its contacts never
/// count as usual. A drop weighs from the last contact that upholds it, a single bad contact from itself, unless a drop
/// that it was part of is over.
///
/// O(n log n) for n contacts, and what a step of the CUSUM costs for each.
///
/// # Errors
/// `Input` where a score is no number from -1 to 1, `Config` where the rules do not pass [`MoodRules::check`].
///
/// # Examples
/// ```
/// use onefold::{MoodRules, RecordKey, Sentiment, SentimentSource, feel};
/// let contact = |day: usize, score| -> onefold::Result<Sentiment> {
///     let at = format!("2026-01-{day:02}T10:00:00Z").parse()?;
///     Ok(Sentiment { key: RecordKey::new("calls", day.to_string()), at, score, source: SentimentSource::Host })
/// };
/// let scores = [0.4, 0.3, 0.5, 0.4, 0.3, 0.4, -0.3, -0.2, -0.4, -0.2];
/// let contacts = (1..).zip(scores).map(|(day, score)| contact(day, score)).collect::<onefold::Result<Vec<_>>>()?;
/// let rules = MoodRules::default();
/// assert!(!feel(&contacts[..6], &rules, "2026-01-06T12:00:00Z".parse()?)?.is_bad());
/// let feeling = feel(&contacts, &rules, "2026-01-10T12:00:00Z".parse()?)?;
/// assert_eq!(feeling.bad_since(), Some("2026-01-07T10:00:00Z".parse()?));
/// assert_eq!(feeling.alerts.len(), 1);
/// assert!(feeling.promotion() < 0.1 && feeling.service() > 1.9);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn feel(contacts: &[Sentiment], rules: &MoodRules, now: Timestamp) -> Result<Feeling> {
    rules.check()?;
    contacts.iter().try_for_each(|contact| check_score(contact.score))?;
    let mut cusum = Cusum::new(rules);
    let (mut alerts, mut single): (Vec<MoodAlert>, Option<&Sentiment>) = (Vec::new(), None);
    // When the last drop was upheld last; none while there is none.
    let mut upheld: Option<Timestamp> = None;
    let replayed = replay(contacts, now);
    for (place, contact) in replayed.iter().enumerate() {
        let (mean, deviation) = cusum.baseline();
        if contact.score <= rules.bad_score && contact.score <= mean - rules.bad_deviations * deviation {
            single = Some(contact);
        }
        let told = cusum.hear(contact.score);
        match told {
            Told::Usual => {}
            Told::Alarm { contacts, statistic } => {
                let from = (place + 1).saturating_sub(contacts);
                let fallen = replayed.get(from..=place).unwrap_or_default();
                let because: Vec<RecordKey> = fallen.iter().map(|contact| contact.key.clone()).collect();
                alerts.push(MoodAlert {
                    id: contact.key.clone(),
                    at: contact.at,
                    since: fallen.first().map_or(contact.at, |first| first.at),
                    contacts: because.clone(),
                    because,
                    strength: statistic,
                    recovered: None,
                });
                upheld = Some(contact.at);
            }
            Told::Fallen { .. } | Told::Recovered => {
                let Some(alert) = alerts.last_mut() else { continue };
                alert.contacts.push(contact.key.clone());
                if told == Told::Recovered {
                    alert.recovered = Some(contact.at);
                    (upheld, single) = (None, None);
                } else if told == (Told::Fallen { upholds: true }) {
                    upheld = Some(contact.at);
                }
            }
        }
    }
    let drop = alerts.last().zip(upheld).and_then(|(alert, last)| {
        let (since, because) = (alert.since, alert.because.clone());
        weigh(rules, last, now).map(|weight| BadExperience { kind: BadKind::Drop, since, last, because, weight })
    });
    let single = single.and_then(|contact| {
        let (at, because) = (contact.at, vec![contact.key.clone()]);
        let weight = weigh(rules, at, now)?;
        Some(BadExperience { kind: BadKind::Contact, since: at, last: at, because, weight })
    });
    let bad = match (drop, single) {
        (Some(drop), Some(single)) if drop.weight < single.weight => Some(single),
        (drop, single) => drop.or(single),
    };
    let (mean, deviation) = cusum.baseline();
    Ok(Feeling { contacts: replayed.len(), unknown: 0, mean, deviation, alerts, bad })
}

/// The contacts until now in the order of time and key, each key once.
fn replay(contacts: &[Sentiment], now: Timestamp) -> Vec<&Sentiment> {
    let until = now.microseconds();
    let rank = |contact: &Sentiment| (contact.at.microseconds(), contact.score);
    let mut each: AHashMap<&RecordKey, &Sentiment> = AHashMap::with_capacity(contacts.len());
    for contact in contacts {
        let known = each.entry(&contact.key).or_insert(contact);
        let ((at, score), (known_at, known_score)) = (rank(contact), rank(known));
        if at.cmp(&known_at).then(score.total_cmp(&known_score)).is_gt() {
            *known = contact;
        }
    }
    let mut replayed: Vec<&Sentiment> = each.into_values().filter(|one| one.at.microseconds() <= until).collect();
    replayed.sort_unstable_by(|a, b| (a.at.microseconds(), &a.key).cmp(&(b.at.microseconds(), &b.key)));
    replayed
}

/// What something weighs now that happened then; none where it weighs nothing.
fn weigh(rules: &MoodRules, then: Timestamp, now: Timestamp) -> Option<f64> {
    let days = now.microseconds().saturating_sub(then.microseconds()).max(0) as f64 / DAY as f64;
    (days <= rules.recent_days).then(|| libm::exp2(-days / rules.half_life_days))
}

/// Shows counts: how somebody feels is personal.
impl fmt::Debug for Feeling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Feeling({} contacts, {} unknown, {} alerts)", self.contacts, self.unknown, self.alerts.len())
    }
}

/// Shows which contact raised it, and how many it has.
impl fmt::Debug for MoodAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MoodAlert({:?}, {} contacts)", self.id, self.contacts.len())
    }
}

/// Shows what it is, and how many contacts it has.
impl fmt::Debug for BadExperience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BadExperience({:?}, {} contacts)", self.kind, self.because.len())
    }
}

//! The four published rates of the customer experience, measured of a period.

use super::Resolver;
use super::about::Subject;
use super::attribute::Users;
use super::moments::each_event;
use super::read::View;
use crate::consent::{ConsentQuery, PermissionReason, basis_of};
use crate::error::{Error, Result};
use crate::event::{Event, EventKind};
use crate::id::{ClusterNumber, ProfileId};
use crate::identifier::Topic;
use crate::journey::{Recognition, channel};
use crate::measure::Rate;
use crate::preference::{Affinity, Population, PreferenceQuery, SignalWeights, recall};
use crate::store::DORMANT;
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Somebody chooses a value more often than everybody from this many times on.
const LIFT_MIN: f64 = 1.1;

/// What is done to somebody, and nothing that they did.
const DONE_TO: [EventKind; 7] = [
    EventKind::MessageSent,
    EventKind::MessageDelivered,
    EventKind::Exposure,
    EventKind::Offer,
    EventKind::Bucket,
    EventKind::Decision,
    EventKind::Outcome,
];

/// How the experience of a period is to be measured.
#[derive(Debug, Clone)]
pub struct ExperienceQuery<'a> {
    /// From when on.
    pub since: Timestamp,
    /// Before when.
    pub until: Timestamp,
    /// Attributes that are enough to know of somebody, if the golden record has them all; with none they never are.
    pub needed: Vec<SmolStr>,
    /// What everybody does, to learn from deeds what somebody likes; without it, nothing is learned.
    pub population: Option<&'a Population>,
    /// What deeds weigh for that.
    pub weights: SignalWeights,
    /// The facet or attribute of an exposure or a message by which it was chosen for whoever saw it: it has a value, as the
    /// id of a decision.
    pub chosen_by: SmolStr,
    /// The facet or attribute of an exposure that tells for what purpose it was, where it tells of no message.
    pub purpose: SmolStr,
}

impl<'a> ExperienceQuery<'a> {
    /// Asks for a period; `chosen_by` is `decision`, and `purpose` is `purpose`.
    pub fn new(since: Timestamp, until: Timestamp) -> Self {
        Self {
            since,
            until,
            needed: Vec::new(),
            population: None,
            weights: SignalWeights::default(),
            chosen_by: SmolStr::new_static("decision"),
            purpose: SmolStr::new_static("purpose"),
        }
    }

    /// Sets the attributes that are enough to know.
    #[must_use]
    pub fn needed(self, attributes: impl IntoIterator<Item = impl Into<SmolStr>>) -> Self {
        Self { needed: attributes.into_iter().map(Into::into).collect(), ..self }
    }

    /// Learns from deeds what somebody likes.
    #[must_use]
    pub fn population(self, population: &'a Population) -> Self {
        Self { population: Some(population), ..self }
    }

    /// Sets by what exposures and messages were chosen.
    #[must_use]
    pub fn chosen_by(self, name: impl Into<SmolStr>) -> Self {
        Self { chosen_by: name.into(), ..self }
    }
}

/// What was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExperienceRates {
    /// In the order of [`Dimension::ALL`](crate::Dimension::ALL): what [`experience_index`](crate::experience_index) takes.
    pub rates: [Rate; 4],
    /// Profiles of whom the attributes are enough.
    pub by_attributes: u64,
    /// Of the others, those who stated a wish or a dislike.
    pub by_statements: u64,
    /// Of the others, those whose deeds show what they like.
    pub by_deeds: u64,
    /// What was recognised, by channel.
    pub recognition: Recognition,
    /// Uses that were not permitted, by reason.
    pub refused: BTreeMap<PermissionReason, u64>,
    /// Messages that tell no purpose, for which nobody can have given leave: they count as not permitted.
    pub without_purpose: u64,
}

/// A use of somebody's data.
struct Use {
    at: Timestamp,
    query: ConsentQuery,
}

/// What happened to whom in the period.
#[derive(Default)]
struct Found {
    acted: bool,
    uses: Vec<Use>,
}

impl View {
    /// Measures the four rates of the customer experience over a period:
    ///
    /// - *understanding*: of the profiles that did something in it, visitors without a name among them, those of whom enough is
    ///   known: the golden record has all
    ///   attributes that are [`needed`](ExperienceQuery::needed); or a wish or a dislike that they stated stands; or their deeds
    ///   show with 95 % probability that they choose a value more often than everybody does, and by a tenth at least. Golden records are those of
    ///   now, statements and deeds those before the end of the period.
    /// - *personalisation*: of the exposures and the messages sent in it, whoever's, those that were
    ///   [chosen](ExperienceQuery::chosen_by) for the person.
    /// - *omnichannel*: of what happened in it on all channels, what is somebody's who is known, as
    ///   [`recognition`](Self::recognition) counts it.
    /// - *privacy*: of the messages sent to somebody in it, and of the exposures to somebody for a purpose, those that were
    ///   permitted by what had been told at their time, as [`may`](Self::may) says; a message that tells no purpose was not.
    ///
    /// Counts are whole numbers; no order of evidence shows. O(trails, events of the period, and for each profile that was
    /// active its records, statements, deeds and consents).
    ///
    /// # Errors
    /// `Input` where the period has no time in it; `Store` or `Corrupt` where reading failed.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, EventKind, ExperienceQuery, Message, Policy, Record, Resolver, experience_index};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let event = |key: &str, kind| -> onefold::Result<Event> {
    ///     Ok(Event::new("web", key, "2026-01-05T10:00:00Z".parse()?, kind).identifier("email", "ann@example.org"))
    /// };
    /// resolver.add_event(event("1", EventKind::View)?)?;
    /// resolver.add_event(event("2", EventKind::MessageSent)?.message(Message::new("m-1").purpose("marketing")))?;
    /// resolver.add_event(event("3", EventKind::Exposure)?.facet("decision", "d-7"))?;
    /// let card = Record::new("crm", "42", "2026-01-01T00:00:00Z".parse()?).identifier("email", "ann@example.org");
    /// resolver.add(card.attribute("given_name", "Ann"))?;
    ///
    /// let query = ExperienceQuery::new("2026-01-01T00:00:00Z".parse()?, "2026-02-01T00:00:00Z".parse()?);
    /// let found = resolver.view()?.experience_rates(&query.needed(["given_name"]))?;
    /// assert_eq!(found.rates.map(|rate| (rate.good, rate.of)), [(1, 1), (1, 2), (3, 3), (0, 1)]);
    /// let index = experience_index(found.rates, [1.0; 4], [Some(0.9); 4])?;
    /// assert_eq!(index.measured, Some(0.625));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn experience_rates(&self, query: &ExperienceQuery<'_>) -> Result<ExperienceRates> {
        let (since, end) = (query.since.microseconds(), query.until.microseconds());
        let Some(until) = end.checked_sub(1).filter(|until| *until >= since) else {
            return Err(Error::input("period", "has no time in it"));
        };
        let mut told = ExperienceRates {
            recognition: self.recognition(Some(query.since), Some(query.until))?,
            ..ExperienceRates::default()
        };
        let [_, personalisation, omnichannel, _] = &mut told.rates;
        for counted in told.recognition.channels() {
            omnichannel.merge(Rate { good: counted.recognised, of: counted.events });
        }
        let mut by_cluster: BTreeMap<ClusterNumber, Found> = BTreeMap::new();
        let mut users = Users::default();
        self.trail_pages(&mut |page| {
            let happened = page.iter().filter(|(_, trail)| trail.last.at >= since && trail.first.at <= until);
            let (numbers, sources): (Vec<_>, Vec<_>) = happened.map(|(number, trail)| (*number, &trail.source)).unzip();
            for ((number, source), node) in numbers.iter().zip(sources).zip(self.snapshot.nodes(&numbers)?) {
                if Event::is_told_of(source) {
                    continue;
                }
                let node = node.filter(|node| node.cluster != DORMANT);
                each_event(&*self.snapshot, *number, since..=until, &mut |place, event| {
                    if matches!(event.kind, EventKind::Exposure | EventKind::MessageSent) {
                        personalisation.count(named(&event, &query.chosen_by).is_some());
                    }
                    let Some(node) = &node else { return Ok(()) };
                    let found = by_cluster.entry(users.of(&*self.snapshot, node, place.at)?).or_default();
                    found.acted |= !DONE_TO.contains(&event.kind);
                    found.uses.extend(use_of(&event, &query.purpose));
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        let last = Timestamp::from_microseconds(until)?;
        for (number, found) in by_cluster {
            let Some(cluster) = self.snapshot.clusters(&[number])?.pop().flatten() else { continue };
            let Some(subject) = self.subject(ProfileId::of(cluster.profile, self.seed))? else { continue };
            if found.acted {
                self.understands(&subject, query, last, &mut told)?;
            }
            self.permits(&subject, &found.uses, &mut told)?;
        }
        Ok(told)
    }

    /// Counts whether enough is known of a profile.
    fn understands(
        &self,
        subject: &Subject,
        query: &ExperienceQuery<'_>,
        last: Timestamp,
        told: &mut ExperienceRates,
    ) -> Result<()> {
        let profile = self.profile_with(&subject.cluster, &subject.members)?;
        let has = |name: &SmolStr| profile.golden.value(name).is_some_and(|value| !value.value.is_empty());
        let states = || -> Result<bool> {
            let statements = self.events_under(Topic::Statement, subject)?;
            Ok(!recall(&statements, &PreferenceQuery::new(), last).stated.is_empty())
        };
        let how = if !query.needed.is_empty() && query.needed.iter().all(has) {
            Some(&mut told.by_attributes)
        } else if states()? {
            Some(&mut told.by_statements)
        } else if self.likes(subject, query, last)? {
            Some(&mut told.by_deeds)
        } else {
            None
        };
        let is_known = how.map(|count| *count += 1).is_some();
        let [understanding, ..] = &mut told.rates;
        understanding.count(is_known);
        Ok(())
    }

    /// Whether the deeds of a profile show that it chooses something more often than everybody does.
    fn likes(&self, subject: &Subject, query: &ExperienceQuery<'_>, last: Timestamp) -> Result<bool> {
        let Some(population) = query.population else { return Ok(false) };
        let deeds = self.deeds_of(subject, last)?;
        let mut facets = population.facets.iter().map(|prior| &prior.facet);
        Ok(facets.any(|facet| {
            let liked = population.favourites(facet, &deeds, &query.weights, last, usize::MAX);
            // The score over the lift is the share of everybody. A lower bound alone would be fooled by what all do alike.
            let is_more = |found: &Affinity| found.lift >= LIFT_MIN && found.lower * found.lift > found.score;
            liked.iter().any(|found| found.count > 0 && is_more(found))
        }))
    }

    /// Counts which uses were permitted at their time.
    fn permits(&self, subject: &Subject, uses: &[Use], told: &mut ExperienceRates) -> Result<()> {
        let [.., privacy] = &mut told.rates;
        if uses.is_empty() {
            return Ok(());
        }
        let heard = self.heard(subject)?;
        for Use { at, query } in uses {
            if query.purpose.is_empty() {
                told.without_purpose += 1;
                privacy.count(false);
                continue;
            }
            let basis = basis_of(&self.rules.policy, &query.purpose);
            let permission = heard.permission(self, basis, query, *at);
            privacy.count(permission.allowed);
            if !permission.allowed {
                *told.refused.entry(permission.reason).or_default() += 1;
            }
        }
        Ok(())
    }
}

/// The use of somebody's data that an event is, if it is one; without a purpose where it does not tell.
fn use_of(event: &Event, purpose_name: &str) -> Option<Use> {
    let of_message = event.message.as_ref().and_then(|message| message.purpose.clone());
    let purpose = of_message.or_else(|| named(event, purpose_name)).map(|purpose| purpose.trim().into());
    let purpose: SmolStr = match event.kind {
        EventKind::MessageSent => purpose.unwrap_or_default(),
        EventKind::Exposure => purpose?,
        _ => return None,
    };
    Some(Use { at: event.at, query: ConsentQuery::new(purpose).channel(channel(event)) })
}

/// The value of a facet or an attribute of an event.
fn named(event: &Event, name: &str) -> Option<SmolStr> {
    let facet = event.facets.iter().find(|facet| facet.name == name).map(|facet| facet.value.clone());
    let attribute = || {
        let found = event.attributes.iter().find(|(known, _)| known == name);
        found.filter(|(_, value)| !value.is_empty()).map(|(_, value)| SmolStr::from(value.to_string()))
    };
    facet.filter(|value| !value.trim().is_empty()).or_else(attribute)
}

/// Each call reads one revision; take a [`View`] for reads that belong together.
impl Resolver {
    /// See [`View::experience_rates`].
    ///
    /// # Errors
    /// As there.
    pub fn experience_rates(&self, query: &ExperienceQuery<'_>) -> Result<ExperienceRates> {
        self.view()?.experience_rates(query)
    }
}

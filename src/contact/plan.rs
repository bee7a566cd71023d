//! Choosing how to reach somebody.

use super::answer::{
    ChannelChoice, ChannelLeftOut, ChannelLeftOutReason, ChoiceReason, ContactPlan, ContactPoint, ContactRequest,
    ContactZone, PointSource, ZoneSource,
};
use super::cap;
use super::messages::Messages;
use super::response::Responses;
use super::rules::{ChannelRule, ContactRules};
use super::zone::{self, Quiet};
use crate::consent::Permission;
use crate::error::Result;
use crate::event::{Event, Polarity};
use crate::normalise::is_same_word;
use crate::normalise::standing;
use crate::preference::{Preferences, Stated};
use crate::record::Identifier;
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use smol_str::SmolStr;
use std::cmp::Ordering;
use std::sync::Arc;

/// The attribute of preferences that names channels.
const CHANNEL: &str = "channel";

/// Plans how to tell a customer something, from the events of their profile in any order.
///
/// **Which channel.** Those first that the customer stated to like as the value of the attribute `channel`, in the order
/// of `stated`; it is recalled in the context of what is told. What they dislike comes last, and what they never want
/// is left out, even if that was said of a part only of what was asked. Between them, the more often messages are
/// answered (opened or clicked, of all that were sent, delivered or answered) the earlier: by the mean of the posterior
/// Beta distribution over the customer's own counts, the counts of the prior, and one message's worth of the rate on all
/// channels together. Channels that tie come in the order of the rules. The rate of an hour is shrunk to that of its
/// channel, which weighs ten messages.
///
/// **Whether.** A channel that the request says may not be used for the purpose ([`ContactRequest::permissions`]) is left
/// out, whatever else is said of it.
///
/// **Where.** What was given for the order, then the customer's identifiers, of the kind that the channel declares.
///
/// **When.** Not in quiet hours, on the clock of the zone given for the customer, else that of the rules, else the
/// offset of the newest event that they did; and not before caps allow it. Of messages for the purpose, those sent after
/// `now` minus the days of the cap count, each once however many sources report it, at the oldest report.
///
/// O(events), and O(messages) for each channel and cap.
///
/// # Errors
/// `Config` where the rules do not pass [`ContactRules::check`].
///
/// # Examples
/// ```
/// use onefold::{ChannelRule, ChoiceReason, ContactRequest, ContactRules, Event, EventKind, NotedBy, Polarity};
/// use onefold::{Preference, PreferenceQuery, QuietHours, plan_contact, recall};
///
/// let channel = |name: &str, kind: &str| ChannelRule { name: name.into(), kind: Some(kind.into()), silent: false };
/// let mut rules = ContactRules { channel: vec![channel("email", "email"), channel("sms", "phone")], ..Default::default() };
/// rules.contact.quiet = Some(QuietHours { from: "21:00".into(), until: "08:00".into() });
///
/// let sms = Preference::new("channel", "SMS", Polarity::Like, NotedBy::Customer).context("order_ready");
/// let said = Event::new("app", "1", "2026-01-05T10:00:00Z".parse()?, EventKind::Preference).preference(sms);
/// let events = [said.into()];
///
/// let now = "2026-03-28T22:15:00+01:00".parse()?;
/// let request = ContactRequest::new("service", now)
///     .about("order_ready")
///     .identifier("email", "ann@example.org")
///     .order_contact("phone", "+390612345678")
///     .time_zone("Europe/Rome");
/// let stated = recall(&events, &PreferenceQuery::new().attribute("channel").context("order_ready"), now);
/// let plan = plan_contact(&events, &stated, &rules, &request)?;
///
/// let best = plan.best().expect("she can be reached");
/// assert_eq!(best.channel, "sms");
/// assert_eq!(best.because, ChoiceReason::Stated(events[0].key.clone()));
/// assert_eq!(best.point.as_ref().unwrap().identifier.value, "+390612345678");
/// // Clocks are set forward in the night.
/// assert_eq!(best.not_before, Some("2026-03-29T08:00:00+02:00".parse()?));
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn plan_contact(
    events: &[Arc<Event>],
    stated: &Preferences,
    rules: &ContactRules,
    request: &ContactRequest,
) -> Result<ContactPlan> {
    plan_once(&standing(events).collect::<Vec<_>>(), stated, rules, request)
}

/// Plans as [`plan_contact`] does, from events of which each key comes once.
pub(crate) fn plan_once(
    events: &[&Arc<Event>],
    stated: &Preferences,
    rules: &ContactRules,
    request: &ContactRequest,
) -> Result<ContactPlan> {
    rules.check()?;
    let (clock, zone) = clock(events, rules, request);
    let messages = Messages::of(events, request.now.microseconds());
    let channels = in_order(rules);
    let names = channels.iter().map(|channel| channel.name.as_str());
    let responses = Responses::new(request, &messages, &clock, names);
    let said = Said { stated: stated.stated.iter().filter(|one| is_same_word(&one.attribute, CHANNEL)).collect() };
    let quiet = rules.contact.quiet.as_ref().and_then(Quiet::new);

    let mut ranked = Vec::new();
    let mut left_out = said.undeclared(&channels);
    for channel in channels {
        let name = &channel.name;
        if let Some(refused) = refused(request, name) {
            let because = refused.consent.because.clone();
            let reason = ChannelLeftOutReason::NotPermitted { reason: refused.reason, because };
            left_out.push(ChannelLeftOut { channel: name.clone(), reason });
            continue;
        }
        if let Some(never) = said.never(name) {
            let reason = ChannelLeftOutReason::Never(never.because.clone());
            left_out.push(ChannelLeftOut { channel: name.clone(), reason });
            continue;
        }
        let point = channel.kind.as_ref().map(|kind| point(kind, request));
        if point == Some(None) {
            left_out.push(ChannelLeftOut { channel: name.clone(), reason: ChannelLeftOutReason::NoPoint });
            continue;
        }
        let on = responses.on(name);
        let (rank, because) = said.rank(name).unwrap_or_else(|| {
            (Rank::Rated, if on.is_known() { ChoiceReason::Responses } else { ChoiceReason::Fallback })
        });
        let mut capped = cap::reached(rules, request, name, &messages);
        capped.iter_mut().for_each(|cap| cap.until = zone::told_in(cap.until, &clock));
        let start = capped.iter().map(|cap| cap.until).chain([request.now]).max_by_key(|at| at.microseconds());
        let start = start.unwrap_or(request.now);
        let free = quiet.as_ref().filter(|_| !channel.silent).map_or(start, |quiet| quiet.after(start, &clock));
        let choice = ChannelChoice {
            channel: name.clone(),
            point: point.flatten(),
            because,
            rate: on.rate(),
            hours: responses.hours(name),
            not_before: is_after(free, request.now).then(|| zone::told_in(free, &clock)),
            quiet: is_after(free, start),
            capped,
        };
        ranked.push((rank, on, choice));
    }
    // The sort is stable: what ties stays in the order of the rules.
    ranked.sort_by(|(rank, on, _), (other_rank, other_on, _)| match rank.cmp(other_rank) {
        Ordering::Equal if *rank == Rank::Rated => other_on.by_rate(on),
        by_rank => by_rank,
    });
    let choices = ranked.into_iter().map(|(_, _, choice)| choice).collect();
    Ok(ContactPlan { choices, left_out, zone })
}

fn is_after(at: Timestamp, other: Timestamp) -> bool {
    at.microseconds() > other.microseconds()
}

/// The channels: those that the rules put in order, and then the others.
fn in_order(rules: &ContactRules) -> Vec<&ChannelRule> {
    let named = |name: &SmolStr| rules.channel.iter().find(|channel| is_same_word(&channel.name, name));
    let first: Vec<&ChannelRule> = rules.contact.channels.iter().filter_map(named).collect();
    let others = rules.channel.iter().filter(|channel| !first.iter().any(|known| known.name == channel.name));
    first.iter().copied().chain(others).collect()
}

/// The first permission of a channel that is none.
fn refused<'a>(request: &'a ContactRequest, channel: &str) -> Option<&'a Permission> {
    let of_channel = request.permissions.iter().filter(|told| is_same_word(&told.channel, channel));
    of_channel.map(|told| &told.permission).find(|permission| !permission.allowed)
}

/// The first identifier of a kind, those of the order before the customer's.
fn point(kind: &str, request: &ContactRequest) -> Option<ContactPoint> {
    let of = |identifiers: &[Identifier], source| {
        let identifier = identifiers.iter().find(|identifier| is_same_word(&identifier.kind, kind))?.clone();
        Some(ContactPoint { identifier, source })
    };
    of(&request.order_contact, PointSource::Order).or_else(|| of(&request.identifiers, PointSource::Profile))
}

/// Whether the customer's clock is told by a name, so that no event tells it.
pub(crate) fn is_clock_named(rules: &ContactRules, request: &ContactRequest) -> bool {
    named_clock(rules, request).is_some()
}

/// The zone given for the customer, else that of the rules.
fn named_clock<'a>(
    rules: &'a ContactRules,
    request: &'a ContactRequest,
) -> Option<(&'a SmolStr, TimeZone, ZoneSource)> {
    let given = request.time_zone.as_ref().map(|name| (name, ZoneSource::Customer));
    let of_rules = rules.contact.time_zone.as_ref().map(|name| (name, ZoneSource::Rules));
    given.into_iter().chain(of_rules).find_map(|(name, source)| Some((name, zone::named(name)?, source)))
}

/// The customer's clock.
fn clock(events: &[&Arc<Event>], rules: &ContactRules, request: &ContactRequest) -> (TimeZone, ContactZone) {
    let unknown = request.time_zone.as_ref().filter(|name| zone::named(name).is_none()).cloned();
    let (clock, name, source) = match named_clock(rules, request) {
        Some((name, clock, source)) => (clock, Some(name.clone()), source),
        None => {
            let past = |event: &&&Arc<Event>| !is_after(event.at, request.now) && !event.kind.is_of_message();
            match events.iter().filter(past).max_by(|a, b| a.by_time(b)) {
                Some(last) => (zone::fixed(last.at.offset_seconds()), None, ZoneSource::LastEvent(last.key.clone())),
                None => (TimeZone::UTC, None, ZoneSource::Nothing),
            }
        }
    };
    let offset_seconds = zone::told_in(request.now, &clock).offset_seconds();
    (clock, ContactZone { name, offset_seconds, source, unknown })
}

/// Where a channel stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Wanted, by its place among those.
    Liked(usize),
    Rated,
    /// Not wanted, likewise.
    Disliked(usize),
}

/// What the customer said of channels.
struct Said<'a> {
    stated: Vec<&'a Stated>,
}

impl Said<'_> {
    fn never(&self, channel: &str) -> Option<&Stated> {
        self.stated.iter().copied().find(|one| one.polarity == Polarity::Never && is_same_word(&one.value, channel))
    }

    /// What holds for a part only of what was asked puts no channel first or last.
    fn rank(&self, channel: &str) -> Option<(Rank, ChoiceReason)> {
        let of_channel = |(_, one): &(usize, &&Stated)| !one.narrower && is_same_word(&one.value, channel);
        let (place, one) = self.stated.iter().enumerate().find(of_channel)?;
        Some(match one.polarity {
            Polarity::Like => (Rank::Liked(place), ChoiceReason::Stated(one.because.clone())),
            _ => (Rank::Disliked(place), ChoiceReason::Disliked(one.because.clone())),
        })
    }

    /// What is wanted, and cannot be had.
    fn undeclared(&self, channels: &[&ChannelRule]) -> Vec<ChannelLeftOut> {
        let liked = self.stated.iter().filter(|one| one.polarity == Polarity::Like && !one.narrower);
        let missing = liked.filter(|one| !channels.iter().any(|channel| is_same_word(&channel.name, &one.value)));
        let out = |one: &&Stated| {
            let reason = ChannelLeftOutReason::Undeclared(one.because.clone());
            ChannelLeftOut { channel: one.value.clone(), reason }
        };
        missing.map(out).collect()
    }
}

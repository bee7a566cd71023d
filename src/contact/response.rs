//! How often somebody answers.

use super::answer::{ContactRequest, HourRate, ResponsePrior, ResponseRate};
use super::messages::{Messages, Sent};
use super::zone;
use crate::normalise::is_same_word;
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use std::cmp::Ordering;

/// So many messages does the rate of a channel weigh against those of one hour: an hour in which one message was
/// answered is no good hour yet.
const HOUR_WEIGHT: f64 = 10.0;

/// Answered, and sent.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    answered: u64,
    sent: u64,
}

impl Counts {
    fn of<'a>(messages: impl Iterator<Item = &'a Sent>) -> Self {
        messages.fold(Self::default(), |sum, message| sum.plus(u64::from(message.answered), 1))
    }

    fn plus(self, answered: u64, sent: u64) -> Self {
        Self { answered: self.answered.saturating_add(answered.min(sent)), sent: self.sent.saturating_add(sent) }
    }

    fn with(self, prior: &ResponsePrior) -> Self {
        self.plus(prior.answered.into(), prior.sent.into())
    }
}

/// What is known of the answers on each channel, and on all together.
pub(super) struct Responses<'a> {
    request: &'a ContactRequest,
    told: &'a Messages,
    /// Those that are about what is asked.
    messages: Vec<&'a Sent>,
    zone: &'a TimeZone,
    all: Counts,
}

/// The answers on one channel.
#[derive(Clone, Copy)]
pub(super) struct OnChannel {
    own: Counts,
    /// Own and prior.
    known: Counts,
    /// On all channels.
    all: Counts,
}

impl<'a> Responses<'a> {
    pub(super) fn new<'b>(
        request: &'a ContactRequest,
        told: &'a Messages,
        zone: &'a TimeZone,
        channels: impl Iterator<Item = &'b str>,
    ) -> Self {
        let about = request.about.as_ref().map(|about| told.name(about));
        let asked = |message: &&Sent| about.is_none_or(|about| about.is_some_and(|about| message.is_about(about)));
        let messages = told.iter().filter(asked).collect();
        let mut responses = Self { request, told, messages, zone, all: Counts::default() };
        responses.all = channels.fold(Counts::default(), |sum, channel| {
            let known = responses.on(channel).known;
            sum.plus(known.answered, known.sent)
        });
        responses
    }

    pub(super) fn on(&self, channel: &str) -> OnChannel {
        let own = Counts::of(self.through(channel));
        let known = self.priors(channel).filter(|prior| prior.hour.is_none()).fold(own, Counts::with);
        OnChannel { own, known, all: self.all }
    }

    /// By hour of the day: hours of which something is known.
    pub(super) fn hours(&self, channel: &str) -> Vec<HourRate> {
        let mean = self.on(channel).rate().mean;
        let mut own = [Counts::default(); 24];
        for message in self.through(channel) {
            let at = Timestamp::from_microseconds(message.sent_at.unwrap_or(message.at)).unwrap_or(self.request.now);
            if let Some(counts) = own.get_mut(usize::from(zone::hour(at, self.zone))) {
                *counts = counts.plus(u64::from(message.answered), 1);
            }
        }
        let rated = (0_u8..).zip(own).map(|(hour, own)| {
            let known = self.priors(channel).filter(|prior| prior.hour == Some(hour)).fold(own, Counts::with);
            let expected = (known.answered as f64 + HOUR_WEIGHT * mean) / (known.sent as f64 + HOUR_WEIGHT);
            let rate = ResponseRate { answered: own.answered, sent: own.sent, mean: expected };
            (known.sent, HourRate { hour, rate })
        });
        rated.filter(|(known, _)| *known > 0).map(|(_, rate)| rate).collect()
    }

    fn through(&self, channel: &str) -> impl Iterator<Item = &'a Sent> {
        let channel = self.told.name(channel);
        self.messages.iter().copied().filter(move |message| channel.is_some_and(|channel| message.through(channel)))
    }

    fn priors(&self, channel: &str) -> impl Iterator<Item = &'a ResponsePrior> {
        self.request.prior.iter().filter(move |prior| is_same_word(&prior.channel, channel))
    }
}

impl OnChannel {
    pub(super) fn is_known(&self) -> bool {
        self.known.sent > 0
    }

    pub(super) fn rate(&self) -> ResponseRate {
        let (above, below, all) = self.fraction();
        let mean = above as f64 / all as f64 / below as f64;
        ResponseRate { answered: self.own.answered, sent: self.own.sent, mean }
    }

    /// Compares exactly what is expected: channels of one rate tie whatever their counts.
    pub(super) fn by_rate(&self, other: &Self) -> Ordering {
        let ((above, below, _), (other_above, other_below, _)) = (self.fraction(), other.fraction());
        above.saturating_mul(other_below).cmp(&other_above.saturating_mul(below))
    }

    /// The mean as above / (below all): (answered + rate of all) / (sent + 1), so that one message's worth is known of a
    /// channel before it is tried. Half, where nothing is known at all.
    fn fraction(&self) -> (u128, u128, u128) {
        let (answered, all) = match self.all.sent {
            0 => (1, 2),
            sent => (self.all.answered, sent),
        };
        let above = u128::from(self.known.answered) * u128::from(all) + u128::from(answered);
        (above, u128::from(self.known.sent) + 1, u128::from(all))
    }
}

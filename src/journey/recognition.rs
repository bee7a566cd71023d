//! How often somebody is recognised, by channel.

use crate::event::Event;
use serde::Serialize;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Counts events by channel, and those of them that are somebody's who is known: which these are, the host says.
///
/// Counts are whole numbers, so parts may be counted apart and added up in any order.
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, Recognition};
/// let view = Event::new("shop", "1", "2026-01-05T10:00:00Z".parse()?, EventKind::View).channel("web");
/// let (mut recognition, mut other) = (Recognition::new(), Recognition::new());
/// recognition.recognised(&view);
/// other.unrecognised(&view);
/// recognition.merge(&other);
/// let web = recognition.channels().next().expect("one was counted");
/// assert_eq!((web.channel.as_str(), web.events, web.recognised, web.rate()), ("web", 2, 1, 0.5));
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recognition {
    /// By channel: events, and those recognised.
    counts: BTreeMap<SmolStr, (u64, u64)>,
}

/// How often somebody was recognised on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelRecognition {
    /// The channel; the source, where events name none.
    pub channel: SmolStr,
    /// How many events there were: one at least.
    pub events: u64,
    /// How many of them are somebody's who is known.
    pub recognised: u64,
}

impl ChannelRecognition {
    /// The share that was recognised, 0 to 1.
    pub fn rate(&self) -> f64 {
        self.recognised as f64 / self.events.max(1) as f64
    }
}

impl Recognition {
    /// Starts with nothing counted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts an event of somebody who is known. O(log channels).
    pub fn recognised(&mut self, event: &Event) {
        self.count(super::channel(event), (1, 1));
    }

    /// Counts an event of nobody who is known. O(log channels).
    pub fn unrecognised(&mut self, event: &Event) {
        self.count(super::channel(event), (1, 0));
    }

    /// Adds what another has counted. O(channels of the other).
    pub fn merge(&mut self, other: &Self) {
        other.counts.iter().for_each(|(channel, more)| self.count(channel.clone(), *more));
    }

    /// What was counted, by channel.
    pub fn channels(&self) -> impl Iterator<Item = ChannelRecognition> {
        self.counts.iter().map(|(channel, &(events, recognised))| {
            let channel = channel.clone();
            ChannelRecognition { channel, events, recognised }
        })
    }

    fn count(&mut self, channel: SmolStr, more: (u64, u64)) {
        let (events, recognised) = self.counts.entry(channel).or_default();
        (*events, *recognised) = (events.saturating_add(more.0), recognised.saturating_add(more.1));
    }
}

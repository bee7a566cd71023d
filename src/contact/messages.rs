//! The messages that events tell of, each once.

use crate::event::{Event, EventKind};
use crate::normalise::{folded, trimmed};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A message, as all sources together tell of it. Names are folded.
#[derive(Default)]
pub(super) struct Sent {
    channels: BTreeSet<SmolStr>,
    purposes: BTreeSet<SmolStr>,
    abouts: BTreeSet<SmolStr>,
    /// The oldest word that it was sent, in microseconds.
    pub(super) sent_at: Option<i64>,
    /// The oldest word of it.
    pub(super) at: i64,
    /// Whether it was opened or clicked.
    pub(super) answered: bool,
}

impl Sent {
    pub(super) fn through(&self, channel: &str) -> bool {
        self.channels.contains(folded(channel).as_ref())
    }

    pub(super) fn is_for(&self, purpose: &str) -> bool {
        self.purposes.contains(folded(purpose).as_ref())
    }

    pub(super) fn is_about(&self, about: &str) -> bool {
        self.abouts.contains(folded(about).as_ref())
    }
}

/// The messages until now, from events in the order of time. A message that no event names a channel for went through
/// its sources. O(n log n).
pub(super) fn messages(events: &[&Arc<Event>], now: i64) -> Vec<Sent> {
    let mut of_key: BTreeMap<SmolStr, (Sent, BTreeSet<SmolStr>)> = BTreeMap::new();
    let told = events.iter().filter(|event| event.kind.is_of_message() && event.at.microseconds() <= now);
    for event in told {
        let Some(message) = &event.message else { continue };
        let Some(key) = trimmed(&message.message) else { continue };
        let at = event.at.microseconds();
        let (sent, sources) = of_key.entry(key).or_insert_with(|| (Sent { at, ..Sent::default() }, BTreeSet::new()));
        let name = |word: &Option<SmolStr>| {
            word.as_ref().map(|word| SmolStr::from(folded(word))).filter(|word| !word.is_empty())
        };
        sent.channels.extend(name(&event.channel));
        sent.purposes.extend(name(&message.purpose));
        sent.abouts.extend(name(&message.about));
        sources.insert(folded(&event.key.source).into());
        match event.kind {
            EventKind::MessageSent => sent.sent_at = sent.sent_at.or(Some(at)),
            EventKind::MessageOpened | EventKind::MessageClicked => sent.answered = true,
            _ => {}
        }
    }
    let whole = |(mut sent, sources): (Sent, BTreeSet<SmolStr>)| {
        if sent.channels.is_empty() {
            sent.channels = sources;
        }
        sent
    };
    of_key.into_values().map(whole).collect()
}

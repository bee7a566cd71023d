//! The messages that events tell of, each once.

use crate::event::{Event, EventKind};
use crate::normalise::{folded, trimmed};
use ahash::AHashMap;
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::sync::Arc;

/// The messages until some time, and the names that they were told with.
#[derive(Default)]
pub(super) struct Messages {
    all: Vec<Sent>,
    /// Folded.
    names: AHashMap<SmolStr, Name>,
}

/// A channel, a purpose, or a kind of thing, by its number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Name(usize);

/// A message, as all sources together tell of it.
#[derive(Default)]
pub(super) struct Sent {
    channels: SmallVec<[Name; 2]>,
    sources: SmallVec<[Name; 2]>,
    purposes: SmallVec<[Name; 2]>,
    abouts: SmallVec<[Name; 2]>,
    /// The oldest word that it was sent, in microseconds.
    pub(super) sent_at: Option<i64>,
    /// The oldest word of it.
    pub(super) at: i64,
    /// Whether it was opened or clicked.
    pub(super) answered: bool,
}

impl Sent {
    /// Whether it went through a channel: where no event names one, its sources are its channels.
    pub(super) fn through(&self, channel: Name) -> bool {
        let channels = if self.channels.is_empty() { &self.sources } else { &self.channels };
        channels.contains(&channel)
    }

    pub(super) fn is_for(&self, purpose: Name) -> bool {
        self.purposes.contains(&purpose)
    }

    pub(super) fn is_about(&self, about: Name) -> bool {
        self.abouts.contains(&about)
    }
}

impl Messages {
    /// The messages until now, of events in any order, each event once. O(events).
    pub(super) fn of(events: &[&Arc<Event>], now: i64) -> Self {
        let mut messages = Self::default();
        let mut places: AHashMap<SmolStr, usize> = AHashMap::new();
        for event in events.iter().filter(|event| event.kind.is_of_message() && event.at.microseconds() <= now) {
            let Some(key) = event.message.as_ref().and_then(|message| trimmed(&message.message)) else { continue };
            let place = *places.entry(key).or_insert(messages.all.len());
            messages.add(place, event);
        }
        messages
    }

    /// The number of a name, if a message was told with it.
    pub(super) fn name(&self, name: &str) -> Option<Name> {
        self.names.get(folded(name).as_ref()).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Sent> {
        self.all.iter()
    }

    fn add(&mut self, place: usize, event: &Event) {
        let at = event.at.microseconds();
        if place == self.all.len() {
            self.all.push(Sent { at, ..Sent::default() });
        }
        let names = [
            event.channel.as_ref(),
            Some(&event.key.source),
            event.message.as_ref().and_then(|message| message.purpose.as_ref()),
            event.message.as_ref().and_then(|message| message.about.as_ref()),
        ];
        let names = names.map(|name| self.number(name?));
        let Some(sent) = self.all.get_mut(place) else { return };
        let lists = [&mut sent.channels, &mut sent.sources, &mut sent.purposes, &mut sent.abouts];
        for (list, name) in lists.into_iter().zip(names) {
            list.extend(name.filter(|name| !list.contains(name)));
        }
        sent.at = sent.at.min(at);
        match event.kind {
            EventKind::MessageSent => sent.sent_at = Some(sent.sent_at.map_or(at, |known| known.min(at))),
            EventKind::MessageOpened | EventKind::MessageClicked => sent.answered = true,
            _ => {}
        }
    }

    fn number(&mut self, name: &str) -> Option<Name> {
        let name = folded(name);
        if name.is_empty() {
            return None;
        }
        if let Some(known) = self.names.get(name.as_ref()) {
            return Some(*known);
        }
        let next = Name(self.names.len());
        self.names.insert(name.into(), next);
        Some(next)
    }
}

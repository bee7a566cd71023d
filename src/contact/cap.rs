//! How often is too often.

use super::answer::{Capped, ContactRequest};
use super::messages::Messages;
use super::rules::{CapRule, ContactRules};
use crate::normalise::is_same_word;
use crate::time::{DAY, Timestamp};

/// The caps that are reached on a channel, in the order of the rules. O(caps times messages).
pub(super) fn reached(
    rules: &ContactRules,
    request: &ContactRequest,
    channel: &str,
    messages: &Messages,
) -> Vec<Capped> {
    let holds = |cap: &CapRule| {
        is_same_word(&cap.purpose, &request.purpose)
            && cap.channel.as_ref().is_none_or(|name| is_same_word(name, channel))
    };
    let caps = rules.cap.iter().enumerate().filter(|(_, cap)| holds(cap));
    caps.filter_map(|(place, cap)| capped(place, cap, request.now, messages)).collect()
}

fn capped(place: usize, cap: &CapRule, now: Timestamp, messages: &Messages) -> Option<Capped> {
    let window = i64::from(cap.days) * DAY;
    let since = now.microseconds().saturating_sub(window);
    let purpose = messages.name(&cap.purpose)?;
    let channel = cap.channel.as_ref().map(|channel| messages.name(channel));
    let within = messages.iter().filter_map(|message| {
        let at = message.sent_at.filter(|at| *at > since)?;
        let counts =
            message.is_for(purpose) && channel.is_none_or(|name| name.is_some_and(|name| message.through(name)));
        counts.then_some(at)
    });
    let mut within: Vec<i64> = within.collect();
    within.sort_unstable();
    // When this one leaves the window, one fewer than may be sent are left.
    let leaves = within.len().checked_sub(cap.count as usize).and_then(|over| within.get(over))?;
    let until = Timestamp::from_microseconds(leaves.saturating_add(window)).unwrap_or(now);
    Some(Capped { cap: place, sent: within.len() as u64, until })
}

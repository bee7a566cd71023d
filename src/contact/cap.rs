//! How often is too often.

use super::answer::{Capped, ContactRequest};
use super::messages::Sent;
use super::rules::{CapRule, ContactRules, same};
use crate::time::{DAY, Timestamp};

/// The caps that are reached on a channel, in the order of the rules. O(caps times messages).
pub(super) fn reached(rules: &ContactRules, request: &ContactRequest, channel: &str, messages: &[Sent]) -> Vec<Capped> {
    let holds = |cap: &CapRule| {
        same(&cap.purpose, &request.purpose) && cap.channel.as_ref().is_none_or(|name| same(name, channel))
    };
    let caps = rules.cap.iter().enumerate().filter(|(_, cap)| holds(cap));
    caps.filter_map(|(place, cap)| capped(place, cap, request.now, messages)).collect()
}

fn capped(place: usize, cap: &CapRule, now: Timestamp, messages: &[Sent]) -> Option<Capped> {
    let window = i64::from(cap.days) * DAY;
    let counts = |message: &&Sent| {
        message.is_for(&cap.purpose) && cap.channel.as_ref().is_none_or(|channel| message.through(channel))
    };
    let mut within: Vec<i64> = messages.iter().filter(counts).filter_map(|message| message.sent_at).collect();
    within.retain(|at| *at > now.microseconds().saturating_sub(window));
    within.sort_unstable();
    // When this one leaves the window, one fewer than may be sent are left.
    let leaves = within.len().checked_sub(cap.count as usize).and_then(|over| within.get(over))?;
    let until = Timestamp::from_microseconds(leaves.saturating_add(window)).unwrap_or(now);
    Some(Capped { cap: place, sent: within.len() as u64, until })
}

//! Which of the consents that were told on one trail say nothing any more.

use crate::event::{Consent, ConsentStatus, Event};
use crate::normalise::folded;
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The newest words of one source under one set of identifiers, by purpose and scope.
///
/// A word says nothing any more if whatever is asked, by whomever, from now on, is answered as without it. What holds is
/// folded over all sources and all who share an identifier ([`effective`](crate::effective)), so only this is certain:
///
/// - A later word that is no yes replaces all that is older under its identifiers, whoever said it.
/// - A later yes does as much as an earlier one that has no end.
///
/// A refusal before a yes stays: it may be that of a recognised person, which no yes of theirs takes back for others, or
/// have replaced a narrower one, which the yes does not.
#[derive(Default)]
pub(crate) struct Words {
    newest: BTreeMap<(SmolStr, [Option<SmolStr>; 3]), Newest>,
}

/// When a yes, and what is none, were said last.
#[derive(Default)]
struct Newest {
    yes: Option<i64>,
    other: Option<i64>,
}

impl Words {
    /// Hears a word, unless it is of the future.
    pub(crate) fn hear(&mut self, event: &Event, now: Timestamp) {
        let Some(consent) = event.consent.as_deref().filter(|_| event.at.microseconds() <= now.microseconds()) else {
            return;
        };
        let newest = self.newest.entry(subject(consent)).or_default();
        let place = if consent.status == ConsentStatus::Granted { &mut newest.yes } else { &mut newest.other };
        *place = (*place).max(Some(event.at.microseconds()));
    }

    /// Whether a later one of the words that were heard says all that a word does.
    pub(crate) fn replace(&self, event: &Event) -> bool {
        let Some(consent) = event.consent.as_deref() else { return false };
        let Some(newest) = self.newest.get(&subject(consent)) else { return false };
        let is_later = |at: Option<i64>| at > Some(event.at.microseconds());
        is_later(newest.other) || is_lasting_yes(consent) && is_later(newest.yes)
    }
}

/// Whether a consent may hold somebody back, now or later: all but a yes without an end.
pub(crate) fn may_restrict(event: &Event) -> bool {
    event.consent.as_deref().is_some_and(|consent| !is_lasting_yes(consent))
}

fn is_lasting_yes(consent: &Consent) -> bool {
    consent.status == ConsentStatus::Granted && consent.expires.is_none()
}

/// What a consent is about: the purpose, and the brand, property and channel that it holds for.
fn subject(consent: &Consent) -> (SmolStr, [Option<SmolStr>; 3]) {
    let name = |name: &SmolStr| SmolStr::from(folded(name));
    let scope = &consent.scope;
    (name(&consent.purpose), [&scope.brand, &scope.property, &scope.channel].map(|part| part.as_ref().map(name)))
}

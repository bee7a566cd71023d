//! What a card tells of consents.

use super::about::Subject;
use super::card::{CardQuery, Listed};
use super::read::View;
use crate::consent::{ConsentQuery, Effective};
use crate::error::Result;
use crate::event::{Consent, ConsentStatus, Scope};
use crate::journey::Verification;
use crate::normalise::folded;
use crate::record::RecordKey;
use crate::time::Timestamp;
use serde::Serialize;
use smol_str::SmolStr;
use std::collections::BTreeSet;

/// What somebody allows, as far as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownConsent {
    /// What holds.
    Whole(Box<CardConsent>),
    /// That something was said.
    Masked {
        /// The purpose, folded.
        purpose: SmolStr,
        /// The channel that it was said of, folded; none where it was said of all.
        channel: Option<SmolStr>,
        /// What must be proved to see the rest.
        needs: Verification,
    },
}

/// The consent that holds for a purpose, in a scope that something was said of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardConsent {
    /// The purpose, folded.
    pub purpose: SmolStr,
    /// Where, folded.
    #[serde(flatten)]
    pub scope: Scope,
    /// What holds.
    pub status: ConsentStatus,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Until when it is granted, where that is told.
    pub expires: Option<Timestamp>,
    /// What it rests on.
    pub because: Listed<RecordKey>,
}

/// A purpose and a scope, folded: one of each spelling.
type Asked = (SmolStr, [Option<SmolStr>; 3]);

impl View {
    /// What holds for each purpose and scope that something was told of by now, by purpose, then scope, and how many
    /// identifiers too many others carry. O(told log told) for each that is shown.
    pub(super) fn consents_shown(
        &self,
        subject: &Subject,
        query: &CardQuery<'_>,
    ) -> Result<(Listed<ShownConsent>, u64)> {
        let heard = self.heard(subject)?;
        let past = heard.said.iter().filter(|said| said.event.at.microseconds() <= query.now.microseconds());
        let asked: BTreeSet<Asked> = past.filter_map(|said| said.event.consent.as_deref()).map(asked).collect();
        let limit = query.limits.consents;
        let left_out = asked.len().saturating_sub(limit) as u64;
        let shown = |(purpose, [brand, property, channel]): Asked| {
            if !query.shows_all() {
                return ShownConsent::Masked { purpose, channel, needs: query.needed };
            }
            let scope = Scope { brand, property, channel };
            let asked = ConsentQuery { scope, ..ConsentQuery::new(purpose) };
            let Effective { status, since, expires, because, .. } = heard.effective(self, &asked, query.now);
            let because = Listed::first(because, query.limits.repeats);
            let ConsentQuery { purpose, scope, .. } = asked;
            ShownConsent::Whole(Box::new(CardConsent { purpose, scope, status, since, expires, because }))
        };
        let shown = asked.into_iter().take(limit).map(shown).collect();
        Ok((Listed { shown, left_out }, heard.crowded))
    }
}

fn asked(consent: &Consent) -> Asked {
    let fold = |name: &SmolStr| SmolStr::new(folded(name));
    let Scope { brand, property, channel } = &consent.scope;
    (fold(&consent.purpose), [brand, property, channel].map(|name| name.as_ref().map(fold)))
}

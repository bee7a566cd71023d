//! Which consent holds for a person of several identifiers.

use crate::event::{Consent, ConsentStatus, Event, Scope};
use crate::normalise::is_same_word;
use crate::record::{Identifier, RecordKey};
use crate::time::Timestamp;
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::fmt;
use std::sync::Arc;

/// What is asked: a purpose, and where.
///
/// # Examples
/// ```
/// use onefold::ConsentQuery;
/// let query = ConsentQuery::new("marketing").channel("sms").brand("north");
/// assert_eq!(query.scope.channel.as_deref(), Some("sms"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentQuery {
    /// What the data is to be used for.
    pub purpose: SmolStr,
    /// Who asks: a name of the host's, for the audit log.
    pub by: Option<SmolStr>,
    /// Where. What was said of one brand, property or channel speaks for no other, nor for the question that names none.
    pub scope: Scope,
}

impl ConsentQuery {
    /// Asks about a purpose, by no channel in particular.
    pub fn new(purpose: impl Into<SmolStr>) -> Self {
        Self { purpose: purpose.into(), by: None, scope: Scope::default() }
    }

    /// Says who asks.
    #[must_use]
    pub fn by(mut self, actor: impl Into<SmolStr>) -> Self {
        self.by = Some(actor.into());
        self
    }

    /// Asks for a channel.
    #[must_use]
    pub fn channel(mut self, channel: impl Into<SmolStr>) -> Self {
        self.scope.channel = Some(channel.into());
        self
    }

    /// Asks for a brand.
    #[must_use]
    pub fn brand(mut self, brand: impl Into<SmolStr>) -> Self {
        self.scope.brand = Some(brand.into());
        self
    }

    /// Asks for a property.
    #[must_use]
    pub fn property(mut self, property: impl Into<SmolStr>) -> Self {
        self.scope.property = Some(property.into());
        self
    }
}

/// A consent under one of the identifiers that it was told under.
#[derive(Clone, PartialEq)]
pub struct Told {
    /// The identifier, in the form of its kind.
    pub subject: Identifier,
    /// Whether it was told by somebody who was recognised: under an identifier of a person.
    pub recognised: bool,
    /// Whether it is their own: others who share the identifier can refuse for them, but not agree.
    pub own: bool,
    /// What was told.
    pub event: Arc<Event>,
}

/// Shows the kind and the status, not whose it is.
impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Told({}, {:?}, {})", self.subject.kind, self.event.consent, self.event.at)
    }
}

/// The consent that holds, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// What holds; unknown where nothing was told.
    pub status: ConsentStatus,
    /// Since when: the oldest time at which something that it rests on was told.
    pub since: Option<Timestamp>,
    /// Until when it is granted, where that is told.
    pub expires: Option<Timestamp>,
    /// What it rests on, by key.
    pub because: Vec<RecordKey>,
    /// Refusals under other identifiers, of an earlier time, that a recognised person's yes overruled, by key.
    pub overruled: Vec<RecordKey>,
}

/// Says which consent holds for somebody, of all that was told under their identifiers, in any order; what was told after
/// `now` does not count, and a yes whose time is over is expired.
///
/// Under one identifier the newest word stands, but a yes takes back no refusal that is narrower than it: who refused
/// text messages and later agrees to marketing gets none. Over several identifiers the most restrictive stands (denied,
/// withdrawn, expired, unknown, granted), but for what is older than a yes of a recognised person that speaks of the same
/// or less. Words of one instant: the more restrictive is the newer. Of what others told under an identifier that they
/// share, a refusal counts as their own would, until it is taken back; a yes that was told by nobody recognised takes back
/// such a refusal, and no yes of others takes back more or agrees for them.
///
/// O(n log n) for n words, times those that stand under one identifier.
///
/// # Examples
/// ```
/// use onefold::{Consent, ConsentQuery, ConsentStatus, Event, Identifier, Told, effective};
/// use std::sync::Arc;
/// let told = |key: &str, at: &str, kind: &str, status| -> onefold::Result<Told> {
///     let event = Event::of_consent("web", key, at.parse()?, Consent::new("marketing", status));
///     Ok(Told { subject: Identifier::new(kind, "x"), recognised: kind == "customer_id", own: true, event: Arc::new(event) })
/// };
/// let (no, yes) = (ConsentStatus::Denied, ConsentStatus::Granted);
/// let now = "2026-02-01T00:00:00Z".parse()?;
/// let query = ConsentQuery::new("marketing");
/// let mail = told("1", "2026-01-01T00:00:00Z", "email", no)?;
/// let phone = told("2", "2026-01-02T00:00:00Z", "phone", yes)?;
/// assert_eq!(effective(&[mail.clone(), phone], &query, now).status, no);
/// // Who logs in and agrees is heard.
/// let login = told("3", "2026-01-03T00:00:00Z", "customer_id", yes)?;
/// let found = effective(&[mail, login], &query, now);
/// assert_eq!((found.status, found.because[0].key.as_str(), found.overruled.len()), (yes, "3", 1));
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn effective(told: &[Told], query: &ConsentQuery, now: Timestamp) -> Effective {
    let said = told.iter().map(|Told { subject, recognised, own, event }| Said {
        subject,
        recognised: *recognised,
        own: *own,
        event,
    });
    holding(said, query, now)
}

/// A consent under one of its identifiers, however that is written.
#[derive(Clone, Copy)]
pub(crate) struct Said<'a, S> {
    pub(crate) subject: S,
    pub(crate) recognised: bool,
    pub(crate) own: bool,
    pub(crate) event: &'a Event,
}

/// What [`effective`] says, whatever identifiers are written as. A consent that is met twice under one, as their own and
/// as that of others, is their own.
pub(crate) fn holding<'a, S: Ord + Copy>(
    said: impl Iterator<Item = Said<'a, S>>,
    query: &ConsentQuery,
    now: Timestamp,
) -> Effective {
    let mut words: Words<'a, S> = said.filter_map(|said| Word::of(said, query, now)).collect();
    words.sort_unstable_by(|a, b| {
        let order = |word: &Word<'a, S>| (word.said.subject, word.order(), !word.said.own);
        order(a).cmp(&order(b))
    });
    words.dedup_by(|next, kept| next.said.subject == kept.said.subject && next.said.event == kept.said.event);
    let (mut standing, mut latest) = (Words::new(), Words::new());
    for words in words.chunk_by(|a, b| a.said.subject == b.said.subject) {
        words.iter().for_each(|word| hear(&mut latest, *word));
        standing.extend(latest.drain(..));
    }
    standing.retain(|word| word.said.own || word.status != ConsentStatus::Granted);
    let yes = standing.iter().filter(|word| word.said.recognised && word.status == ConsentStatus::Granted);
    let yes = yes.copied().max_by(|a, b| a.order().cmp(&b.order()));
    let mut overruled = Vec::new();
    if let Some(yes) = yes {
        standing.retain(|word| {
            let stays = word.at() >= yes.at() || !covers(&word.consent.scope, &yes.consent.scope);
            if !stays && word.status != ConsentStatus::Granted {
                overruled.push(word.said.event.key.clone());
            }
            stays
        });
    }
    let status = standing.iter().map(|word| word.status).max().unwrap_or(ConsentStatus::Unknown);
    let holds = || standing.iter().filter(|word| word.status == status);
    let mut because: Vec<RecordKey> = holds().map(|word| word.said.event.key.clone()).collect();
    for keys in [&mut because, &mut overruled] {
        keys.sort_unstable();
        keys.dedup();
    }
    let expires = holds().filter_map(|word| word.consent.expires).min_by_key(|at| at.microseconds());
    Effective {
        status,
        since: holds().map(|word| word.said.event.at).min_by_key(|at| (at.microseconds(), *at)),
        expires: expires.filter(|_| status == ConsentStatus::Granted),
        because,
        overruled,
    }
}

type Words<'a, S> = SmallVec<[Word<'a, S>; 4]>;

/// Something said that speaks of what is asked.
#[derive(Clone, Copy)]
struct Word<'a, S> {
    said: Said<'a, S>,
    consent: &'a Consent,
    /// As of the time of the question.
    status: ConsentStatus,
}

impl<'a, S> Word<'a, S> {
    fn of(said: Said<'a, S>, query: &ConsentQuery, now: Timestamp) -> Option<Self> {
        let consent = said.event.consent.as_deref()?;
        let speaks = is_same_word(&consent.purpose, &query.purpose) && covers(&consent.scope, &query.scope);
        if !speaks || said.event.at.microseconds() > now.microseconds() {
            return None;
        }
        let is_over = consent.expires.is_some_and(|expires| expires.microseconds() <= now.microseconds());
        let is_over = is_over && consent.status == ConsentStatus::Granted;
        Some(Self { said, consent, status: if is_over { ConsentStatus::Expired } else { consent.status } })
    }

    fn at(&self) -> i64 {
        self.said.event.at.microseconds()
    }

    fn order(&self) -> (i64, ConsentStatus, &'a RecordKey) {
        (self.at(), self.status, &self.said.event.key)
    }
}

/// Adds the next word that was said under an identifier to what stands of those before it.
fn hear<'a, S: Copy>(standing: &mut Words<'a, S>, word: Word<'a, S>) {
    let is_yes = word.status == ConsentStatus::Granted;
    standing.retain(|older| {
        let is_wider = covers(&older.consent.scope, &word.consent.scope);
        let may_lift = older.status == ConsentStatus::Granted || is_wider;
        is_yes && !(may_lift && (word.said.own || !older.said.own && !word.said.recognised))
    });
    standing.push(word);
}

/// Whether what holds in one scope holds in all of another.
fn covers(wide: &Scope, narrow: &Scope) -> bool {
    let holds = |wide: &Option<SmolStr>, narrow: &Option<SmolStr>| match (wide, narrow) {
        (None, _) => true,
        (Some(wide), Some(narrow)) => is_same_word(wide, narrow),
        (Some(_), None) => false,
    };
    holds(&wide.brand, &narrow.brand)
        && holds(&wide.property, &narrow.property)
        && holds(&wide.channel, &narrow.channel)
}

//! What somebody said they want: what is asked, and the answer.

use crate::event::{NotedBy, Polarity, Scope, Sensitivity};
use crate::normalise::folded;
use crate::record::RecordKey;
use crate::time::Timestamp;
use serde::Serialize;
use smol_str::SmolStr;
use std::fmt;

/// What a host wants to know, where it stands, and what for. Names are compared without regard to case.
///
/// # Examples
/// ```
/// use onefold::{PreferenceQuery, Sensitivity};
/// let query = PreferenceQuery::new().context("room service / pizza").property("vienna").purpose("service");
/// assert_eq!(query.sensitivity_max, Sensitivity::None);
/// assert_eq!(format!("{query:?}"), "PreferenceQuery(Scope(1 parts), None)");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PreferenceQuery {
    /// What is going on: a path whose parts stand between slashes, as `room service / pizza`; none for anything.
    pub context: Option<SmolStr>,
    /// Where the host stands. A part that is not set asks for what holds anywhere.
    pub scope: Scope,
    /// What the answer is used for. Who names none sees only what may be used for anything.
    pub purpose: Option<SmolStr>,
    /// The most delicate that the host may see.
    pub sensitivity_max: Sensitivity,
    /// The one attribute that is asked for; none for all.
    pub attribute: Option<SmolStr>,
}

impl PreferenceQuery {
    /// Asks for everything that anybody may see and that may be used for anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what is going on.
    #[must_use]
    pub fn context(mut self, context: impl Into<SmolStr>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Sets the brand under which the host stands.
    #[must_use]
    pub fn brand(mut self, brand: impl Into<SmolStr>) -> Self {
        self.scope.brand = Some(brand.into());
        self
    }

    /// Sets the property at which the host stands.
    #[must_use]
    pub fn property(mut self, property: impl Into<SmolStr>) -> Self {
        self.scope.property = Some(property.into());
        self
    }

    /// Sets the channel through which the host speaks.
    #[must_use]
    pub fn channel(mut self, channel: impl Into<SmolStr>) -> Self {
        self.scope.channel = Some(channel.into());
        self
    }

    /// Sets what the answer is used for.
    #[must_use]
    pub fn purpose(mut self, purpose: impl Into<SmolStr>) -> Self {
        self.purpose = Some(purpose.into());
        self
    }

    /// Sets the most delicate that the host may see.
    #[must_use]
    pub fn sensitivity_max(mut self, sensitivity: Sensitivity) -> Self {
        self.sensitivity_max = sensitivity;
        self
    }

    /// Asks for one attribute only.
    #[must_use]
    pub fn attribute(mut self, attribute: impl Into<SmolStr>) -> Self {
        self.attribute = Some(attribute.into());
        self
    }
}

/// Shows neither the context nor the attribute: both say something of the person.
impl fmt::Debug for PreferenceQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreferenceQuery({:?}, {:?})", self.scope, self.sensitivity_max)
    }
}

/// What was recalled. Every statement is the reason of an answer, beside one, or left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Preferences {
    /// What stands: what holds for all that was asked before what holds for a part of it, then as statements precede
    /// each other (see [`recall`](crate::recall)).
    pub stated: Vec<Stated>,
    /// What was not recalled, by key.
    pub left_out: Vec<LeftOut>,
}

impl Preferences {
    /// What must never come. It is answered for a part of what was asked too: a host that does not say where it stands
    /// learns of what must never come anywhere. O(answers).
    pub fn never(&self, attribute: &str, value: &str) -> Option<&Stated> {
        self.find(attribute, value, Polarity::Never)
    }

    /// What is wanted. O(answers).
    pub fn like(&self, attribute: &str, value: &str) -> Option<&Stated> {
        self.find(attribute, value, Polarity::Like)
    }

    /// What is not wanted, though it may come. O(answers).
    pub fn dislike(&self, attribute: &str, value: &str) -> Option<&Stated> {
        self.find(attribute, value, Polarity::Dislike)
    }

    /// The first answer of this kind.
    fn find(&self, attribute: &str, value: &str, polarity: Polarity) -> Option<&Stated> {
        let (attribute, value) = (folded(attribute), folded(value));
        self.stated.iter().find(|stated| {
            stated.polarity == polarity && stated.word.0 == attribute.as_ref() && stated.word.1 == value.as_ref()
        })
    }
}

/// What stands of one attribute and value, and why.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Stated {
    /// What it is about, as sent.
    pub attribute: SmolStr,
    /// Which one, as sent.
    pub value: SmolStr,
    /// Whether it is wanted.
    pub polarity: Polarity,
    /// Where it holds, as sent.
    pub scope: Scope,
    /// When it matters, as sent.
    pub context: Option<SmolStr>,
    /// Whether it holds for a part only of what was asked: in a context below it, or somewhere that was left open.
    pub narrower: bool,
    /// When it was said.
    pub said_at: Timestamp,
    /// When it was noted.
    pub recorded_at: Timestamp,
    /// Who noted it.
    pub noted_by: NotedBy,
    /// How carefully it is to be handled.
    pub sensitivity: Sensitivity,
    /// Where it was said: a shop, a hotel.
    pub place: Option<SmolStr>,
    /// The words that were used.
    pub text: Option<SmolStr>,
    /// The event that says so.
    pub because: RecordKey,
    /// The events that say the same of the same somewhere where this holds, as they precede each other. To dislike
    /// agrees with never.
    pub agrees: Vec<RecordKey>,
    /// Those that say the contrary, likewise.
    pub conflicts: Vec<Conflict>,
    /// The attribute and the value in the form in which they are compared.
    #[serde(skip)]
    pub(super) word: (SmolStr, SmolStr),
}

/// A statement that does not stand.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The event that says so.
    pub because: RecordKey,
    /// Whether it was wanted.
    pub polarity: Polarity,
    /// Where, as sent.
    pub scope: Scope,
    /// When it matters, as sent.
    pub context: Option<SmolStr>,
    /// When it was said.
    pub said_at: Timestamp,
    /// Who noted it.
    pub noted_by: NotedBy,
}

/// A statement that was not recalled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its event.
    pub key: RecordKey,
    /// The first reason that holds, in the order of the reasons.
    pub reason: LeftOutReason,
}

/// Why a statement is not recalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeftOutReason {
    /// It does not say what it is about, or which one.
    Blank,
    /// It is about another attribute.
    Attribute,
    /// It was said later than now.
    NotYet,
    /// It holds no longer.
    Expired,
    /// It may be used for another purpose only.
    Purpose,
    /// It is more delicate than the host may see.
    Sensitivity,
    /// It holds only with another brand, at another property, or through another channel.
    Elsewhere,
    /// It matters when something else is going on.
    Context,
}

/// Shows whether it is wanted and how much was said of it, not what.
impl fmt::Debug for Stated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (agrees, conflicts) = (self.agrees.len(), self.conflicts.len());
        write!(f, "Stated({:?}, {:?}, {agrees} agree, {conflicts} conflict)", self.because, self.polarity)
    }
}

/// Shows whether it was wanted.
impl fmt::Debug for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Conflict({:?}, {:?})", self.because, self.polarity)
    }
}

//! How we are told to read what sources say: the whole configuration, as plain data.
//!
//! [`Policy`] is what a file holds; [`Rules`] is the same, checked and compiled, with the defaults filled in.

mod build;
mod check;
mod check_linkage;
mod check_model;
mod file;
mod filter;
mod household;
mod keep;
mod key;
mod level;
mod linkage;
mod model;
mod model_file;
mod purpose;
mod retail;
mod rules;

pub use build::PolicyBuilder;
pub use household::HouseholdPolicy;
pub use keep::TimeToLive;
pub use key::{Key, KeyPart};
pub use level::Level;
pub use linkage::{BlockPolicy, ComparisonPolicy, LinkagePolicy, ModelSource};
pub use model::{ComparisonModel, LevelModel, MODEL_FORMAT, Model, TermFrequencies, Training};
pub(crate) use rules::StandIns;
pub use rules::{AttributeRule, KindRule, Rules, SURVIVE_DEFAULT};

use crate::event::{LegalBasis, Sensitivity};
use crate::similarity::{self, Agreement, keys};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The whole configuration of a resolver. TOML and JSON files hold the same fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// What becomes of attributes that the policy does not declare.
    pub undeclared_attributes: Undeclared,
    /// For how long records keep attributes and identifiers that the policy does not declare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undeclared_keep: Option<TimeToLive>,
    /// The region of phone numbers without a country code: ISO 3166-1 alpha-2, as `US`.
    pub default_region: Option<SmolStr>,
    /// A record later than now by more than this many seconds is an issue.
    pub clock_skew_seconds: u64,
    /// Regions of more records than this are reported (they are resolved exactly all the same).
    pub max_region: u64,
    /// The sources, most trusted first. Others may tell us things too; they come after these.
    pub source: Vec<SourcePolicy>,
    /// The kinds of identifier, strongest first.
    pub identifier: Vec<IdentifierPolicy>,
    /// The declared attributes.
    pub attribute: Vec<AttributePolicy>,
    /// How events are read.
    #[serde(skip_serializing_if = "EventPolicy::is_silent")]
    pub event: EventPolicy,
    /// Linking by likeness; none links by identifiers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linkage: Option<LinkagePolicy>,
    /// Who is one household; none knows no households.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub household: Option<HouseholdPolicy>,
    /// What data is used for. A purpose that is not declared needs consent, and sees nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub purpose: Vec<PurposePolicy>,
    /// The host's own similarities, which levels name as `custom:NAME:LEAST`. Code is in no file: a policy that is read
    /// has none until they are given to it.
    #[serde(skip)]
    pub similarities: crate::similarity::Similarities,
}

/// What becomes of undeclared attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undeclared {
    /// They are shown in the golden record, by the default rules.
    #[default]
    Keep,
    /// They are kept as evidence and shown nowhere.
    Drop,
    /// A record that has one is quarantined.
    Refuse,
}

/// A system that tells us things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourcePolicy {
    /// Its name, as records give it.
    pub name: SmolStr,
    /// Whose data it is.
    #[serde(default)]
    pub class: SourceClass,
    /// Whether it holds no duplicates: at most one of its records per profile by scored links.
    #[serde(default)]
    pub unique: bool,
}

/// Whose data a source holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceClass {
    /// Collected by ourselves.
    #[default]
    FirstParty,
    /// A partner's own.
    SecondParty,
    /// Bought or gathered.
    ThirdParty,
}

/// What a kind of identifier stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// One person: a customer or loyalty number.
    Person,
    /// A way to reach people: an e-mail address, a phone.
    Contact,
    /// A thing that people use: a browser, a phone, a kiosk.
    Device,
    /// One visit.
    Session,
}

impl Role {
    /// Whether who carries it is known: it is of a person, or a way to reach one.
    pub(crate) fn makes_known(self) -> bool {
        matches!(self, Self::Person | Self::Contact)
    }
}

/// Whom a value links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Links {
    /// All records that carry it.
    All,
    /// Records of nobody known, to each other and to at most one known cluster.
    Anonymous,
    /// Nobody.
    None,
}

/// What becomes of a value whose carriers may not all be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contested {
    /// It is taken in time order, and held by the profile with the newest record carrying it.
    #[default]
    Latest,
    /// It links nothing and nobody holds it.
    Nobody,
}

/// How the values of a kind are brought to one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// As sent.
    None,
    /// Without white space around it.
    #[default]
    Trim,
    /// NFKC, case folded.
    Lower,
    /// Letters and digits only, upper case.
    UpperAlnum,
    /// Decimal digits only.
    Digits,
    /// An e-mail address, case folded.
    Email,
    /// A phone number in E.164, or its digits.
    Phone,
    /// A UUID, hyphenated and lower case.
    Uuid,
}

/// A limit: a number, or `"none"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// No limit.
    None,
    /// At most this many.
    AtMost(u64),
}

/// A kind of identifier. What is left out takes the default of its role (see [`Rules`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentifierPolicy {
    /// Its name, as records give it.
    pub kind: SmolStr,
    /// What it stands for.
    pub role: Role,
    /// Whom its values link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
    /// How its values are brought to one form.
    #[serde(default)]
    pub normalise: Form,
    /// For e-mails: providers whose dots and plus tags do not count, as `["gmail.com"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore_tags: Vec<SmolStr>,
    /// The most distinct values that one profile may come to hold through this kind or a weaker one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_profile: Option<Limit>,
    /// A contested value with more parts than this links nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_claimants: Option<Limit>,
    /// A value on more live records than this is generic and links nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_records: Option<Limit>,
    /// What becomes of a contested value.
    #[serde(default)]
    pub contested: Contested,
    /// Attributes that must agree for a shared value to link two records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corroborate: Vec<SmolStr>,
    /// Refused values: exact, or with `*` for any run of characters; case does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub block: Vec<SmolStr>,
    /// A regular expression that the whole normalised value must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<SmolStr>,
    /// The purposes for which its values may be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<SmolStr>,
    /// For how long records keep its values. Those of an event stand for as long as the event does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<TimeToLive>,
}

/// A declared attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributePolicy {
    /// Its name, as records give it.
    pub name: SmolStr,
    /// What kind of value it is, which says how two are compared.
    #[serde(default)]
    pub compare: Compare,
    /// Whether two records that contradict on it are never joined by a contact kind or a weaker one.
    #[serde(default)]
    pub exclusive: bool,
    /// Attributes of one group survive together, from one record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<SmolStr>,
    /// The rules of survivorship, in turn. A group takes those of its first attribute that has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survive: Vec<Survive>,
    /// For the rule `verified`: the attribute of the same record that says whether this one was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_by: Option<SmolStr>,
    /// The purposes for which its values may be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<SmolStr>,
    /// For how long its values are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<TimeToLive>,
    /// How carefully its values are to be handled.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub sensitivity: Sensitivity,
}

fn is_plain(sensitivity: &Sensitivity) -> bool {
    *sensitivity == Sensitivity::None
}

/// What data is used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurposePolicy {
    /// Its name, as consents give it.
    pub name: SmolStr,
    /// Why data may be processed for it.
    #[serde(default)]
    pub basis: LegalBasis,
    /// Whether every read of a profile for it is recorded in the audit log.
    #[serde(default)]
    pub recorded: bool,
    /// For how long data may be used for it; none for ever. What is declared for purposes is dropped when the time of all
    /// of them is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<TimeToLive>,
}

/// How events are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventPolicy {
    /// The kind of identifier whose values are ids of orders. Events that name the same order tell of one purchase; so
    /// do those that carry its id as an identifier of this kind, and names of orders have the kind's form too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<SmolStr>,
    /// By kind of event, the purposes for which events of the kind may be read.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub purposes: BTreeMap<SmolStr, Vec<SmolStr>>,
    /// By kind of event, for how long events of the kind are kept.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keep: BTreeMap<SmolStr, TimeToLive>,
}

impl EventPolicy {
    /// Whether it says nothing.
    fn is_silent(&self) -> bool {
        *self == Self::default()
    }
}

/// What kind of value an attribute holds.
///
/// For scored links, a record that does not give the first attribute of `FullName` in the policy is compared by its given
/// name and surname, or by another attribute of `FullName` and of the same group; so is one without the first of
/// `Address`. What is somebody else's name, such as an employer's, belongs in a group of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Compare {
    #[default]
    Text,
    GivenName,
    Surname,
    FullName,
    Date,
    Address,
    Postcode,
    Email,
    Phone,
    Number,
    Exact,
}

impl Compare {
    /// Says how two values of this kind stand to each other: they agree, are compatible, or contradict.
    ///
    /// Both are in the form that `normalise` gives to facts. Symmetric; a value agrees with itself.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Agreement, Compare};
    /// assert_eq!(Compare::GivenName.agreement("bob", "robert"), Agreement::Agree);
    /// assert_eq!(Compare::GivenName.agreement("r", "robert"), Agreement::Compatible);
    /// assert_eq!(Compare::GivenName.agreement("maria", "mario"), Agreement::Contradict);
    /// assert_eq!(Compare::FullName.agreement("robert smith jr", "bob smith sr"), Agreement::Contradict);
    /// assert_eq!(Compare::Date.agreement("1978-11-12", "1978-12-11"), Agreement::Compatible);
    /// ```
    pub fn agreement(self, a: &str, b: &str) -> Agreement {
        match self {
            Self::Text => similarity::text(a, b),
            Self::GivenName => similarity::given_name(a, b),
            Self::Surname => similarity::surname(a, b),
            Self::FullName => similarity::full_name(a, b),
            Self::Date => similarity::date_agreement(a, b),
            Self::Address => similarity::address(a, b),
            Self::Postcode => similarity::postcode(a, b),
            Self::Email => similarity::email(a, b),
            Self::Phone => similarity::phone(a, b),
            Self::Number => similarity::number_agreement(a, b),
            Self::Exact => Agreement::agree_if(a == b),
        }
    }

    /// Gives the keys of a value: two values that agree or are compatible share one.
    pub(crate) fn keys(self, value: &str) -> keys::Keys {
        match self {
            Self::Text => keys::of_text(value),
            Self::GivenName => keys::of_given_name(value),
            Self::Surname => keys::of_surname(value),
            Self::FullName => keys::of_full_name(value),
            Self::Date => keys::of_date(value),
            Self::Address => keys::of_address(value),
            Self::Postcode => keys::of_postcode(value),
            Self::Email => keys::of_email(value),
            Self::Phone => keys::of_phone(value),
            Self::Number | Self::Exact => keys::of_whole(value),
        }
    }
}

/// A rule of survivorship: of the values that are left, which stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Survive {
    /// Those of the most trusted source.
    Source,
    /// Those of the newest record.
    MostRecent,
    /// Those that most records have.
    MostFrequent,
    /// The longest.
    Longest,
    /// Those of the oldest record.
    Earliest,
    /// Those that their record says were verified.
    Verified,
    /// The earliest over all evidence, by itself even in a group (first seen, first channel).
    First,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            undeclared_attributes: Undeclared::default(),
            undeclared_keep: None,
            default_region: None,
            clock_skew_seconds: 300,
            max_region: 10_000,
            source: Vec::new(),
            identifier: Vec::new(),
            attribute: Vec::new(),
            event: EventPolicy::default(),
            linkage: None,
            household: None,
            purpose: Vec::new(),
            similarities: crate::similarity::Similarities::default(),
        }
    }
}

impl Serialize for Limit {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str("none"),
            Self::AtMost(limit) => serializer.serialize_u64(*limit),
        }
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Number(u64),
            Word(SmolStr),
        }
        match Wire::deserialize(deserializer)? {
            Wire::Number(limit) => Ok(Self::AtMost(limit)),
            Wire::Word(word) if word == "none" => Ok(Self::None),
            Wire::Word(_) => Err(serde::de::Error::custom("a limit is a number or \"none\"")),
        }
    }
}

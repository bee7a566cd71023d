//! One profile per person.
//!
//! A retailer meets one customer in shop, web, app, mail and call centre, and every channel keeps its own record under
//! its own key. onefold links those records into people, in real time and in bulk, keeps a golden record with the
//! lineage of every value, and takes back whatever turns out wrong: a view is never stored, it is folded from evidence.
//!
//! It is a library that a backend embeds. It is not a server, a warehouse, a message broker or a campaign tool; it reads
//! no clock, draws no random number and keeps no thread of its own (a storage engine may).
//!
//! # Example
//!
//! ```
//! use onefold::{Identifier, Policy, Record, RecordKey, Resolver};
//!
//! let resolver = Resolver::in_memory(Policy::retail())?;
//! let at = |time: &str| time.parse::<onefold::Timestamp>();
//!
//! // The till knows an e-mail address, the shop a customer number: nothing ties them yet.
//! let till = Record::new("pos", "t-1", at("2026-01-05T10:00:00Z")?).identifier("email", "Ann@Example.org");
//! let shop = Record::new("crm", "42", at("2026-01-04T09:00:00Z")?)
//!     .identifier("customer_id", "C42")
//!     .attribute("given_name", "Ann");
//! assert_ne!(resolver.add(till)?.profile, resolver.add(shop)?.profile);
//!
//! // A web order carries both: three records, one person, and the answer says so at once.
//! let web = Record::new("web", "o-7", at("2026-01-06T12:00:00Z")?)
//!     .identifier("customer_id", "C42")
//!     .identifier("email", "ann@example.org");
//! let answer = resolver.add(web)?;
//! assert_eq!(answer.joined.len(), 1);
//!
//! let found = resolver.find(&Identifier::new("email", "ANN@example.org"))?;
//! let profile = resolver.profile(found.profile.unwrap())?.unwrap();
//! assert_eq!(profile.records.len(), 3);
//! assert_eq!(profile.golden.value("given_name").unwrap().value, "Ann".into());
//!
//! // Taking the order back parts them again, each with the name that it had.
//! resolver.remove(&RecordKey::new("web", "o-7"))?;
//! assert_eq!(resolver.stats()?.counts.profiles, 2);
//! # Ok::<(), onefold::Error>(())
//! ```
//!
//! Nothing ties the next two but that they are alike. A policy with a `[linkage]` weighs them:
//!
//! ```
//! use onefold::{AttributePolicy, Compare, LinkagePolicy, Policy, Record, Resolver};
//!
//! let policy = Policy::builder()
//!     .attribute(AttributePolicy::new("given_name", Compare::GivenName).exclusive())
//!     .attribute(AttributePolicy::new("surname", Compare::Surname))
//!     .attribute(AttributePolicy::new("birth_date", Compare::Date).exclusive())
//!     .linkage(LinkagePolicy::new())
//!     .build()?;
//! let resolver = Resolver::in_memory(policy)?;
//! let person = |key: &str, given: &str, born: &str| -> onefold::Result<Record> {
//!     let record = Record::new("crm", key, "2026-01-05T10:00:00Z".parse()?).attribute("surname", "Marlowe");
//!     Ok(record.attribute("given_name", given).attribute("birth_date", born))
//! };
//! let robert = resolver.add(person("1", "Robert", "1951-03-02")?)?;
//! assert_eq!(resolver.add(person("2", "Bob", "1951-03-02")?)?.profile, robert.profile);
//! // His son bears his name, and his twin sister was born on the same day.
//! assert_ne!(resolver.add(person("3", "Robert", "1982-11-24")?)?.profile, robert.profile);
//! assert_ne!(resolver.add(person("4", "Laura", "1951-03-02")?)?.profile, robert.profile);
//! # Ok::<(), onefold::Error>(())
//! ```
//!
//! # The types, in reading order
//!
//! - What sources say: [`Record`], [`Identifier`], [`Value`], [`Timestamp`]; [`Operation`] and [`Assertion`] bring and
//!   correct it.
//! - What happened: [`Event`] of an [`EventKind`], with [`Line`]s, [`Facet`]s, a [`Message`], a stated [`Preference`] or a [`Grant`].
//! - How it is read: [`Policy`], checked and compiled into [`Rules`]; [`normalise`] and [`normalise_event`] give a reading
//!   and its [`Issue`]s, amounts as [`Decimal`]; [`Compare`] says what kind of value an attribute is, and whether two of them are in [`Agreement`].
//! - Who is like whom: [`LinkagePolicy`] with [`ComparisonPolicy`], [`Level`] and [`BlockPolicy`]; [`train`] learns a
//!   [`Model`] from records, [`propose_blocks`] and [`count_blocks`] prepare it, [`Model::from_splink`] takes one over;
//!   [`Scorer`] and [`score_pairs`] weigh pairs ([`Weight`], [`Contribution`]), and [`deduplicate`] finds people, without a
//!   store.
//! - What somebody likes: [`signals`] reads an event, [`tallies`] folds [`Deeds`], which a [`Tally`] weighs; a [`Population`]
//!   is what everybody does, and an [`Affinity`] the one beside the other.
//! - What to show her: [`Shopper`] is folded from events; [`suppress`] and [`rank`] judge [`Item`]s under a [`RankRequest`],
//!   and say why ([`Suppressed`], [`Ground`], [`Warning`]).
//! - What to do next: [`decide`] answers a [`DecisionRequest`] with a [`Decision`], under a [`DecisionPolicy`] and a
//!   [`DecisionModel`] of a [`Learner`]; an [`Outcome`] is what came of it, [`reckon`] and [`learn`] say what is learned,
//!   [`Learning`] does it one by one; [`estimate`] judges another policy by [`LoggedChoice`]s, [`Adwin`] and
//!   [`PageHinkley`] find drift.
//! - The façade: [`Resolver`] writes, [`View`] reads one revision, [`Query`] searches it. [`Resolution`], [`Found`],
//!   [`Profile`], [`Golden`], [`Explanation`], [`Structure`], [`Withheld`], [`Stats`] and [`Drift`] are its answers;
//!   a [`JourneyQuery`] asks for the [`Journey`] of one.
//! - What somebody did and wants, over all identifiers: [`Journey`], [`Orders`] and [`FoundOrders`], [`Touches`],
//!   [`Preferences`], [`ContactPlan`]; [`Recognition`] counts over everybody. Each is a pure fold that can be had by itself:
//!   [`orders`], [`touches`], [`recall`], [`plan_contact`].
//! - What somebody allows: a [`Consent`] with its [`ConsentStatus`], [`effective`] over all that was [`Told`], and a
//!   [`Permission`] with its reason, [`ForPurpose`] what a purpose sees; [`TcString`], [`GppString`], [`google_consents`] and [`gpc_consents`] read the signals
//!   of the industry.
//! - For how long it is kept: a [`TimeToLive`] in the policy, [`Resolver::sweep`], and what was [`Swept`] and why; a
//!   [`Minimisation`] lists what is kept and nothing reads.
//! - When somebody comes again: [`next_due`] by the gaps of all ([`learn_gaps`], [`GapPrior`]) and one's own, a [`Season`],
//!   a [`ServiceRule`] by date or use; [`NoEvidence`] where there is none.
//! - What somebody will buy and is worth: [`PurchaseRow`] from [`purchase_days`] or [`days_of_orders`], a
//!   [`LifetimeModel`] from [`fit_lifetime`] and a [`SpendingModel`] from [`fit_spending`], with a [`Degeneracy`] where the
//!   rows do not tell; a [`CustomerValue`] from [`customer_value`].
//! - One card with all of it, bounded, for staff: [`Card`], asked for by a [`CardQuery`].
//! - How somebody feels: [`sentiment_of`] reads a [`Sentiment`] with the host or by a [`Lexicon`]; [`feel`] replays them
//!   under [`MoodRules`] and tells a [`Feeling`], with a [`MoodAlert`] for each drop.
//! - The cart that is about to be lost: [`carts`] derives each [`Cart`] from events, [`CartHazard`] learns from its
//!   [`CartExample`]s how likely it is given up, [`CouponUplift`] what a coupon would do; [`CouponRules`] decide under a budget and a cap, and [`measure_uplift`] tells what it did.
//! - What is given once: [`Resolver::issue`] and [`Resolver::assign`] answer with [`Issued`] and [`Assigned`], and keep a
//!   [`Grant`] as evidence.
//! - Who lives together: [`HouseholdPolicy`] and [`Household`], a layer over profiles.
//! - What to do next: [`Resolver::decide`] asks a [`DecisionModel`] under [`DecisionRules`] about [`Candidate`]s, and keeps the
//!   [`Decision`]; [`Resolver::outcome`] keeps what came of it, [`View::learned`] and [`Learning`] learn, [`estimate`] judges
//!   another way by the log. [`decide`] is the pure part.
//! - What they will do, and when: [`fit_lifetime`], [`fit_spending`] and [`customer_value`] over [`PurchaseRow`]s, [`next_due`]
//!   by a [`GapPrior`], a [`ServiceRule`]; [`CartHazard`] and [`CouponRules`]; a [`Feeling`], by [`MoodRules`].
//! - Who is in which segment, and why: a [`SegmentSet`] of [`Eligibility`] over [`Facts`], each a [`Membership`], kept up to
//!   date by a [`SegmentIndex`].
//! - Where it is kept: [`store`], with [`Memory`] and, by the feature `durable`, `Durable`.
//! - How well it does: [`evaluate`], [`threshold_scores`], [`reliability`]; and how well you do: [`View::customers`],
//!   [`measure_customers`], [`measure_value`], [`distortions`], a [`KpiRegistry`], [`View::experience_rates`] and
//!   [`experience_index`].
//!
//! # What always holds
//!
//! The same evidence under the same policy gives the same people, whatever the order, the batches, the repetitions or
//! the store. Removing a record, lifting a word or changing the policy gives the state in which it had always been so.
//! Every limit is loud, every answer says why, and no personal value is in a `Debug` output, an error or a log.
//!
//! # From async code
//!
//! Calls are synchronous and short; a durable commit waits for the disk. Share the resolver as an `Arc` and call it in
//! your runtime's `spawn_blocking`.
//!
//! # Features
//!
//! - `durable` (default): a store on disk, opened by a path.
//! - `encryption`: the durable store sealed at rest, under a key of yours (`StoreKey`) that can be rotated.
//! - `conformance`: the suite that every store must pass, for users who bring their own.
#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod audit;
mod cadence;
mod cart;
mod catalogue;
mod consent;
mod contact;
mod decide;
mod decimal;
mod error;
mod event;
mod golden;
mod household;
mod id;
mod identifier;
mod issue;
mod journey;
mod lifetime;
mod linkage;
mod maximum;
mod measure;
mod mood;
mod normalise;
mod offer;
mod operation;
mod parallel;
mod policy;
mod preference;
mod profile;
mod random;
mod record;
mod resolver;
mod retention;
mod similarity;
mod special;
mod statistics;
mod stitch;
pub mod store;
mod time;
mod trade;
mod value;

pub use audit::{Audit, AuditAction, AuditEntry, AuditHash, AuditSink, verify_audit};
pub use cadence::{
    Due, DueRequest, GAP_FORMAT, GapPrior, NoEvidence, Reading, Season, ServiceCause, ServiceDue, ServiceRule,
    learn_gaps, next_due,
};
pub use cart::{
    Cart, CartExample, CartFeatures, CartHazard, CartLearned, CartOutcome, CartRules, CartStep, CouponDecision,
    CouponExample, CouponGroup, CouponOutcome, CouponReason, CouponRequest, CouponRules, CouponUplift, Difference,
    Ftrl, FtrlOptions, UpliftEstimate, UpliftMeasured, carts, measure_uplift,
};
pub use catalogue::{
    ATTENTION_DAYS, Asked, Consumable, EXPOSURES_MIN, Ground, Grounds, Item, Observed, Owned, RankRequest, Ranked,
    Ranking, Shopper, Slot, Suppressed, Warning, Wish, rank, suppress,
};
pub use consent::{
    ConsentQuery, Effective, GOOGLE_SIGNALS, GppString, GppUnread, PURPOSE_SALE, PURPOSE_SHARING,
    PURPOSE_TARGETED_ADVERTISING, Permission, PermissionReason, TCF_PURPOSES, TCF_SPECIAL_FEATURES, TcString,
    TcfPurpose, TcfRestriction, TcfRestrictionKind, TcfVendors, Told, UsChoice, UsNotice, UsOptOut, UsSection,
    basis_of, effective, gcs_consents, google_consents, gpc_consents, permit,
};
pub use contact::{
    CapRule, Capped, ChannelChoice, ChannelLeftOut, ChannelLeftOutReason, ChannelPermission, ChannelRule, ChoiceReason,
    ContactDefaults, ContactPlan, ContactPoint, ContactRequest, ContactRules, ContactZone, HourRate, PointSource,
    QuietHours, ResponsePrior, ResponseRate, ZoneSource, plan_contact,
};
pub use decide::{
    Adwin, Allowed, Belief, Candidate, CapScope, DIMENSIONS_MAX, Decision, DecisionId, DecisionLog, DecisionModel,
    DecisionPolicy, DecisionRequest, DecisionRules, Deed, Done, Eligibility, ExposureCap, FEATURE_MAX, Facts, Features,
    Floor, LearnedCounts, Learner, LearnerPolicy, Learning, LoggedChoice, Membership, ModelVersion, Mood, MoodPolicy,
    Nature, OUTCOME_MAX, OffPolicy, OffPolicyEstimate, OffPolicyEstimates, OffPolicyOptions, OffPolicySupport, Outcome,
    OutcomeStatus, Outscored, PageHinkley, PageHinkleyOptions, Reckoned, RejectReason, Rejected, RewardPolicy,
    RuleReason, SEGMENTS_MAX, Segment, SegmentSet, Sharing, Standing, attribute, chances, decide, estimate, learn,
    reckon,
};
pub use decimal::Decimal;
pub use error::{Error, ErrorKind, Result};
pub use event::{
    Consent, ConsentStatus, Event, EventKind, Facet, Grant, LegalBasis, Line, Message, NotedBy, Polarity, Preference,
    Scope, Sensitivity,
};
pub use golden::fold;
pub use household::{Household, HouseholdMember, HouseholdTie};
pub use id::{
    ClusterNumber, KeyHash, ProfileId, ProfileNumber, RecordNumber, Seed, TombstoneHash, TopicHash, ValueHash,
};
pub use identifier::Secret;
pub use issue::{Issue, IssueReason, Reason};
pub use journey::{
    ChannelRecognition, Order, OrderAccess, OrderLine, OrderStatus, Recognition, ShownOrder, Touches, Verification,
    orders, touches,
};
pub use lifetime::{
    CustomerValue, DaysByCustomer, Degeneracy, LIFETIME_FORMAT, LifetimeKind, LifetimeLaw, LifetimeModel, PERIODS_MAX,
    PurchaseDay, PurchaseRow, REPEATS_MAX, SPENDING_FORMAT, SpendingModel, TimeUnit, ValueRequest, customer_value,
    days_of_orders, fit_lifetime, fit_spending, purchase_days,
};
pub use linkage::{
    BlockCount, ComparisonDrift, Drift, FrequencyDrift, GenericBlocks, ScoredPair, SplinkImport, SplinkRemark,
    TrainOptions, Trained, TrainingReport, ValueDrift, Weight, count_blocks, propose_blocks, score_pairs, train,
};
pub use measure::{
    Bought, CustomerCounts, CustomerFigures, CustomerHistory, Dimension, DimensionScore, Distortion, Evaluation,
    ExperienceIndex, Good, Group, Kpi, KpiReading, KpiRegistry, KpiResult, Period, PredictedValue, Purchase,
    RELIABILITY_BOUNDS, Rate, Reliability, ReliabilityBin, RollUp, Score, ThresholdScore, ValueModel,
    acquisition_figures, best_threshold, count_customer, days_bought, days_by_facet, days_by_product, distortions,
    evaluate, experience_index, lapse_judge, measure_customers, measure_value, purchases_of, reliability,
    threshold_scores,
};
pub use mood::{
    BadExperience, BadKind, Feeling, Lexicon, MoodAlert, MoodCalibration, MoodPopulation, MoodRules, Sentiment,
    SentimentSource, feel, sentiment_of,
};
pub use normalise::{
    Normalised, NormalisedEvent, NormalisedLine, normalise, normalise_event, normalise_identifier, order_id,
};
pub use offer::{Assigned, Issued};
pub use operation::Operation;
pub use policy::*;
pub use preference::{
    Affinity, Conflict, Deeds, EXPOSURE_DAYS, Exposure, FacetPrior, LearnOptions, LeftOut, LeftOutReason,
    POPULATION_FORMAT, Population, PreferenceQuery, Preferences, Sign, Signal, SignalWeights, Stated, Tally, recall,
    signals, tallies, tallies_by,
};
pub use profile::{Golden, GoldenRule, GoldenValue, Profile, ProfileIdentifier, Status};
pub use record::{Assertion, Identifier, Record, RecordKey, Verdict, What};
pub use resolver::{
    AccessReport, AccessRequest, AccessStatus, Alike, Asks, Because, Card, CardConsent, CardEvent, CardHousehold,
    CardLimits, CardOrder, CardQuery, CardStated, Consents, Contribution, Correction, Customers, DataUse, Decided,
    Deduplicated, Erased, ExperienceQuery, ExperienceRates, Explanation, FacetFavourites, ForPurpose, Found,
    FoundOrders, Fulfilled, Hit, IdentifierRow, Ingest, Journey, JourneyEvent, JourneyQuery, KeptFor, Listed,
    LoadReport, Member, Minimisation, Options, OrderSearch, Orders, PairScore, Phase, PolicyReport, Progress, Query,
    ReadBy, ReadRecord, Receipt, ReplaceReport, RequestKind, RequestStatus, Resolution, Resolver, Scorer, SegmentIndex,
    SegmentRefresh, SegmentsOf, ShownConsent, ShownEvent, Sought, Stats, Step, StoredEvent, StoredRecord, Structure,
    Touch, View, Why, Withheld, deduplicate,
};
pub use retention::{DataKind, DropReason, Dropped, Swept, SweptPlace};
pub use similarity::{Agreement, Similarities, Similarity};
pub use smol_str::SmolStr;
pub use special::hypergeometric;
pub use statistics::{Interval, PROFILES_MIN, jeffreys, wilson};
pub use store::Memory;
#[cfg(feature = "encryption")]
pub use store::StoreKey;
#[cfg(feature = "durable")]
pub use store::{Durability, Durable, DurableOptions};
pub use time::Timestamp;
pub use value::{Fact, Value};

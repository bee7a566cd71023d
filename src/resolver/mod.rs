//! The façade: the only code that reads stores or commits to them.

mod about;
mod access;
mod access_page;
mod access_told;
mod affected;
mod answer;
mod attribute;
mod card;
mod card_consent;
mod carts;
mod consent;
mod contact;
mod customers;
mod decide;
mod deduplicate;
mod deeds;
mod drift;
mod erase;
mod event;
mod experience;
mod explain;
mod find;
mod gather;
mod household;
mod journey;
mod liken;
mod minimisation;
mod moments;
mod mood;
mod offer;
mod orders;
mod pairs;
mod partition;
mod plan;
mod possible;
mod preview;
mod purpose;
mod purpose_shop;
mod read;
mod reading;
mod rebuild;
mod rectify;
mod request;
mod ruling;
mod score;
mod search;
mod segment_index;
mod segments;
mod settle;
mod shop;
mod stats;
mod sweep;
mod tell;
mod tombstone;
mod touch;
mod wishes;
mod write;

pub use access::{AccessReport, AccessRequest, AccessStatus};
pub use access_told::KeptFor;
pub use answer::{
    Because, Explanation, Found, IdentifierRow, Ingest, LoadReport, Member, Phase, PolicyReport, Progress,
    ReplaceReport, Resolution, Stats, Step, StoredEvent, StoredRecord, Structure, Why, Withheld,
};
pub use card::{
    Card, CardEvent, CardHousehold, CardLimits, CardOrder, CardQuery, CardStated, FacetFavourites, Listed, ShownEvent,
};
pub use card_consent::{CardConsent, ShownConsent};
pub use consent::Consents;
pub use customers::{Customers, SegmentsOf};
pub use decide::Decided;
pub use deduplicate::{Deduplicated, deduplicate};
pub use erase::Erased;
pub use experience::{ExperienceQuery, ExperienceRates};
pub use journey::{Journey, JourneyEvent, JourneyQuery, Touch};
pub use minimisation::{DataUse, Minimisation, ReadBy};
pub use orders::{FoundOrders, OrderSearch, Orders};
pub use purpose::ForPurpose;
pub use read::View;
pub use rectify::Correction;
pub use request::{Asks, Fulfilled, Receipt, RequestKind, RequestStatus};
pub use score::{Alike, Contribution, PairScore, ReadRecord, Scorer};
pub use search::{Hit, Query, Sought};
pub use segment_index::{SegmentIndex, SegmentRefresh};

use crate::audit::Audit;
use crate::error::{Error, Result};
use crate::id::Seed;
use crate::identifier::Secret;
use crate::policy::Policy;
use crate::store::{Counts, Generation, Memory, Meta, ProfileStore, Snapshot, Tenant};
use ruling::Ruling;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Keeps one profile per person over a store.
///
/// One writer at a time, any number of readers; share it as an `Arc`. Several resolvers on one store are fenced: who
/// comes second plans again. It keeps no thread and reads no clock. From async code, call it in `spawn_blocking`.
pub struct Resolver {
    store: Arc<dyn ProfileStore>,
    tenant: Tenant,
    seed: Seed,
    rules: RwLock<Arc<Ruling>>,
    secrets: Vec<Secret>,
    audit: Option<Audit>,
    writer: Mutex<()>,
}

/// How a resolver is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The tenant that it sees.
    pub tenant: Tenant,
    /// What keys a new tenant's hashes and names. One that was written before keeps its own.
    pub seed: Seed,
}

impl From<Tenant> for Options {
    fn from(tenant: Tenant) -> Self {
        Self { tenant, seed: Seed::default() }
    }
}

impl Resolver {
    /// Opens a resolver over a store in memory.
    ///
    /// # Errors
    /// `Config` where the policy is wrong.
    pub fn in_memory(policy: Policy) -> Result<Self> {
        Self::open(Arc::new(Memory::new()), policy, Options::default())
    }

    /// Opens a resolver over a store.
    ///
    /// # Errors
    /// `Config` where the policy is wrong, or where the tenant remembers another: open it
    /// [as stored](Self::open_as_stored) and [set the policy](Self::set_policy).
    pub fn open(store: Arc<dyn ProfileStore>, policy: Policy, options: impl Into<Options>) -> Result<Self> {
        let options = options.into();
        let rules = Ruling::new(policy)?;
        let meta = store.snapshot(&options.tenant)?.meta()?;
        if meta.as_ref().is_some_and(|meta| meta.fingerprint != rules.fingerprint) {
            let reason = "the tenant remembers another policy; open it as stored and set the new one";
            return Err(Error::option("policy", reason));
        }
        Self::assemble(store, options, rules, meta)
    }

    /// Opens a resolver under the policy that the tenant remembers; none if the tenant was never written.
    ///
    /// # Errors
    /// `Corrupt` where that policy cannot be read.
    pub fn open_as_stored(store: Arc<dyn ProfileStore>, options: impl Into<Options>) -> Result<Option<Self>> {
        let options = options.into();
        let snapshot = store.snapshot(&options.tenant)?;
        let Some(meta) = snapshot.meta()? else { return Ok(None) };
        let policy = snapshot.policy()?.and_then(|policy| Policy::from_json(&policy).ok());
        let policy = policy.ok_or_else(|| Error::corrupt("the policy of the tenant"))?;
        drop(snapshot);
        let rules = Ruling::new(policy)?;
        Self::assemble(store, options, rules, Some(meta)).map(Some)
    }

    fn assemble(store: Arc<dyn ProfileStore>, options: Options, rules: Ruling, meta: Option<Meta>) -> Result<Self> {
        let seed = meta.as_ref().map_or(options.seed, |meta| meta.seed);
        if let Some(meta) = &meta {
            // What a change of policy left behind when it was cut short.
            store.retire(&options.tenant, Some(meta.generation))?;
        }
        let rules = RwLock::new(Arc::new(rules));
        Ok(Self {
            store,
            tenant: options.tenant,
            seed,
            rules,
            secrets: Vec::new(),
            audit: None,
            writer: Mutex::new(()),
        })
    }

    /// Gives the resolver the secrets of the host's under which [`erase`](Self::erase) leaves tombstones: the first is
    /// written with, all are read with. To rotate them, put a new one first, and keep the others for as long as
    /// tombstones stand under them: without, taking in evidence is an error.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Policy, Resolver, Secret};
    /// let secret = Secret::new("held by the host, nowhere else")?;
    /// let resolver = Resolver::in_memory(Policy::retail())?.with_secrets([secret]);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    #[must_use]
    pub fn with_secrets(mut self, secrets: impl IntoIterator<Item = Secret>) -> Self {
        self.secrets = secrets.into_iter().collect();
        self
    }

    /// Records what the policy wants recorded: reads for a purpose that is `recorded`
    /// ([`View::for_purpose`]), and what data subjects are told and ask for ([`View::access`], [`Resolver::fulfil`]). Without
    /// one, such a read is an error. What people at work change by themselves, as a steward's word or another policy, the
    /// host records ([`Audit::record`]): it knows who and when.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Audit, Policy, Resolver};
    /// use std::sync::{Arc, Mutex};
    /// let kept = Arc::new(Mutex::new(Vec::new()));
    /// let resolver = Resolver::in_memory(Policy::retail())?.with_audit(Audit::new(kept));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    #[must_use]
    pub fn with_audit(mut self, audit: Audit) -> Self {
        self.audit = Some(audit);
        self
    }

    /// The policy in force.
    pub fn policy(&self) -> Policy {
        self.rules().policy().clone()
    }

    /// Pins the present revision for several reads.
    ///
    /// # Errors
    /// `Config` where another resolver changed the policy of the tenant since this one was opened.
    pub fn view(&self) -> Result<View> {
        self.view_of(self.store.snapshot(&self.tenant)?)
    }

    fn view_of(&self, snapshot: Arc<dyn Snapshot>) -> Result<View> {
        let (rules, meta) = self.meta_of(&*snapshot)?;
        Ok(View { snapshot, rules, seed: self.seed, meta, audit: self.audit.clone() })
    }

    fn rules(&self) -> Arc<Ruling> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tenant's state and the rules that it stands under.
    fn meta_of(&self, snapshot: &dyn Snapshot) -> Result<(Arc<Ruling>, Meta)> {
        let mut rules = self.rules();
        let Some(meta) = snapshot.meta()? else { return Ok((Arc::clone(&rules), self.first_meta(&rules))) };
        if meta.fingerprint != rules.fingerprint {
            // A policy set through this resolver between the two reads above is as good as one set before.
            rules = self.rules();
        }
        if meta.fingerprint != rules.fingerprint {
            return Err(Error::option("policy", "another resolver changed the policy of the tenant; open it again"));
        }
        Ok((rules, meta))
    }

    fn first_meta(&self, rules: &Ruling) -> Meta {
        Meta {
            seed: self.seed,
            fingerprint: rules.fingerprint,
            policy_version: 0,
            generation: Generation(0),
            unresolved: false,
            next_record: 0,
            next_cluster: 0,
            next_profile: 0,
            next_change: 1,
            counts: Counts::default(),
            secrets: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

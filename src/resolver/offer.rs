//! One-time offers and experiments: what somebody was given once stays given, whoever turns out to be one person.
//!
//! What was given is kept in the ledger: events of the source [`Event::LEDGER`], one for each identifier that the
//! profile had, each on a trail of that identifier alone. These trails take no part in resolution, so nothing that is
//! given can join, part or move anybody; they are found by the identifier.
//!
//! An identifier counts for the profile that has it to itself. One that several profiles carry counts for its holder,
//! if it is of a person or a contact: who opens a second account under a known address gets no second token. It counts
//! for nobody if it is of a device, or needs to be corroborated: a tablet on the counter and the phone of a family are
//! known to be of several people, and hand on nobody's token. Nor does a value of a kind that links nobody, a generic
//! one, or one that too many claim.

use super::Resolver;
use super::answer::Because;
use super::event::plan_events;
use super::moments::each_event;
use super::read::View;
use super::reading::EventReading;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{ClusterNumber, KeyHash, Link, ProfileId, RecordNumber, ValueHash};
use crate::identifier::{hash_trail, links};
use crate::offer::{Assigned, Given, Granted, Issued, arm, check_arms, token};
use crate::policy::{KindRule, Links, Role};
use crate::record::Identifier;
use crate::store::{Cluster, Posting, ValueState};
use crate::time::Timestamp;
use smol_str::{SmolStr, format_smolstr};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Identifiers of a person or contact that a profile is given something under.
const IDENTIFIERS_MAX: usize = 64;

/// Devices that a profile is given something under.
const DEVICES_MAX: usize = 1_024;

/// The longest name of an offer or an experiment, in bytes.
const NAME_MAX_BYTES: usize = 1_024;

impl Resolver {
    /// Issues the token of a one-time offer to whoever a profile is, or answers with the one that they have.
    ///
    /// It is issued once, for good: it is kept under every identifier of a person or contact that counts for the
    /// profile, so it stays with them through merges, splits and removals. Where two who have one each turn out to be
    /// one person, the older stands and the other is void; if they are parted again, each has their own. Where one is
    /// parted into two, both have the one token: one coupon, to be redeemed once. An identifier that comes later is
    /// bound to the token by the next call. Of several who carry one address, its holder has what was issued under it;
    /// a phone that the policy corroborates, as a family's, counts for nobody while several carry it.
    ///
    /// The token is a keyed hash under the tenant's seed: it cannot be made up by who does not know that. What was issued
    /// is kept as events of the kind `offer` and the source [`Event::LEDGER`], to be exported and replayed as any other.
    /// A policy that brings values to another form than before makes other identifiers of them, that nothing was issued
    /// under yet.
    ///
    /// What is given is a right of theirs, and is kept whatever they allow; whoever gives it for a purpose asks
    /// [`View::permission`] before.
    ///
    /// O(members of the profile, and what the ledger has under its identifiers).
    ///
    /// # Errors
    /// `Input` where the id leads nowhere, the offer has no name, or no identifier of a person or contact counts for the
    /// profile: nobody is known. `Limit` where more than 64 do. `Store` where writing failed; then call again.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Policy, Record, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let at = |time: &str| time.parse::<onefold::Timestamp>();
    /// let shop = Record::new("crm", "42", at("2026-01-05T10:00:00Z")?).identifier("customer_id", "C42");
    /// let web = Record::new("web", "7", at("2026-01-05T11:00:00Z")?).identifier("email", "ann@example.org");
    /// let (shop, web) = (resolver.add(shop)?.profile.unwrap(), resolver.add(web)?.profile.unwrap());
    ///
    /// let issued = resolver.issue(shop, "welcome", at("2026-01-06T10:00:00Z")?)?;
    /// assert!(issued.first);
    /// let second = resolver.issue(web, "welcome", at("2026-01-07T10:00:00Z")?)?;
    /// assert_ne!(issued.token, second.token);
    ///
    /// // It turns out that they are one person: one token stands.
    /// resolver.add(
    ///     Record::new("crm", "43", at("2026-01-08T10:00:00Z")?)
    ///         .identifier("customer_id", "C42")
    ///         .identifier("email", "ann@example.org"),
    /// )?;
    /// let again = resolver.issue(web, "welcome", at("2026-01-09T10:00:00Z")?)?;
    /// assert_eq!((&again.token, again.first), (&issued.token, false));
    /// assert_eq!(again.also, [second.token]);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn issue(&self, id: ProfileId, offer: &str, now: Timestamp) -> Result<Issued> {
        let draw = |view: &View, first| token(view.seed, offer, first);
        Ok(self.give(id, Granted::Offer(offer), now, &draw)?.into())
    }

    /// Puts whoever a profile is into an arm of an experiment, or answers with the one that they are in.
    ///
    /// Everything is as for [`issue`](Self::issue), but that devices count too, so that somebody can be in an experiment
    /// before anybody knows who they are. The arm is drawn by a keyed hash of the experiment and an identifier: of many
    /// people each arm gets its share, and who is in an arm here says nothing of other experiments. A merge of two who
    /// are in different arms switches nobody without a word: the older arm stands, and the other is reported as a
    /// conflict. What was assigned stands even if the arms or the shares are changed later.
    ///
    /// # Errors
    /// `Input` also where an arm has no name or that of another, or no arm has a share; `Limit` also where there are
    /// more than 1,000 arms, or more than 1,024 devices. Else as for [`issue`](Self::issue).
    ///
    /// # Examples
    /// ```
    /// use onefold::{Policy, Record, Resolver};
    /// let resolver = Resolver::in_memory(Policy::retail())?;
    /// let record = Record::new("web", "7", "2026-01-05T11:00:00Z".parse()?).identifier("device_id", "tablet");
    /// let somebody = resolver.add(record)?.profile.unwrap();
    /// let arms = [("one column", 1), ("two columns", 3)];
    /// let now = "2026-01-06T10:00:00Z".parse()?;
    /// let assigned = resolver.assign(somebody, "checkout", &arms, now)?;
    /// assert!(arms.iter().any(|(arm, _)| assigned.arm == *arm));
    /// assert_eq!(resolver.assigned(somebody, "checkout")?.unwrap().arm, assigned.arm);
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn assign(&self, id: ProfileId, experiment: &str, arms: &[(&str, u32)], now: Timestamp) -> Result<Assigned> {
        check_arms(arms)?;
        let draw = |view: &View, first| arm(view.seed, experiment, first, arms).unwrap_or_default().into();
        Ok(self.give(id, Granted::Experiment(experiment), now, &draw)?.into())
    }

    /// Gives what stands, or something new, and keeps it under every identifier that has nothing yet. What is read and
    /// what is written are of one revision, so of two calls at a time the later sees what the earlier gave.
    fn give(
        &self,
        id: ProfileId,
        granted: Granted<'_>,
        now: Timestamp,
        draw: &dyn Fn(&View, ValueHash) -> SmolStr,
    ) -> Result<Given> {
        check_name(granted)?;
        self.write_seeing(|view, planner| {
            let ledger = view.ledger(id, granted)?.ok_or_else(|| Error::input("profile", "leads to nobody"))?;
            let Some(first) = ledger.counting.iter().map(|(link, _)| link.value).min() else {
                return Err(Error::input("profile", "has no identifier that counts for it alone: nobody is known"));
            };
            let given = Given::standing(granted, &ledger.events);
            let given = given.unwrap_or_else(|| Given::new(draw(view, first), now));
            let bare = ledger.counting.iter().filter(|(link, _)| !ledger.granted.contains(&link.value));
            let mut readings = Vec::new();
            for event in bare.map(|(link, identifier)| told(granted, &given, *link, identifier)) {
                // What is given now was not erased; whoever had the device before was.
                planner.lift_tombstone(event.what(), &event.key)?;
                readings.push(EventReading::of(planner.rules, planner.seed, Arc::new(event), None));
            }
            let told = plan_events(planner, &readings)?;
            if ledger.granted.is_empty() && told.iter().all(|told| told.because.contains(&Because::Erased)) {
                return Err(Error::input("profile", "has no identifier that was not erased: nothing can be kept"));
            }
            Ok(given)
        })
    }

    /// See [`View::issued`].
    ///
    /// # Errors
    /// As there.
    pub fn issued(&self, id: ProfileId, offer: &str) -> Result<Option<Issued>> {
        self.view()?.issued(id, offer)
    }

    /// See [`View::assigned`].
    ///
    /// # Errors
    /// As there.
    pub fn assigned(&self, id: ProfileId, experiment: &str) -> Result<Option<Assigned>> {
        self.view()?.assigned(id, experiment)
    }
}

/// The event that tells of a grant under an identifier.
fn told(granted: Granted<'_>, given: &Given, link: Link, identifier: &Identifier) -> Event {
    let (kind, name) = (granted.kind(), granted.name());
    let key = format_smolstr!("{kind}:{name}:{:032x}", link.value.0);
    Event::new(Event::LEDGER, key, given.since, kind)
        .identifier(identifier.kind.clone(), identifier.value.clone())
        .grant(granted.grant(given.value.clone()))
}

fn check_name(granted: Granted<'_>) -> Result<()> {
    let (what, name) = match granted {
        Granted::Offer(name) => ("offer", name),
        Granted::Experiment(name) => ("experiment", name),
    };
    if name.trim().is_empty() {
        return Err(Error::input(what, "has no name"));
    }
    if name.len() > NAME_MAX_BYTES {
        return Err(Error::limit("the length of a name in bytes", NAME_MAX_BYTES as u64));
    }
    Ok(())
}

/// What the ledger has for a profile.
struct Ledger {
    /// The identifiers that count for it, by kind, then hash.
    counting: Vec<(Link, Identifier)>,
    /// Those under which something is told already.
    granted: BTreeSet<ValueHash>,
    /// What is told under them.
    events: Vec<Arc<Event>>,
}

impl View {
    /// The token of an offer that was issued to whoever a profile is. None if none was, or the id leads nowhere.
    ///
    /// # Errors
    /// `Limit` where more than 64 identifiers count for the profile; `Store` or `Corrupt` where reading failed.
    pub fn issued(&self, id: ProfileId, offer: &str) -> Result<Option<Issued>> {
        let granted = Granted::Offer(offer);
        let ledger = self.ledger(id, granted)?;
        Ok(ledger.and_then(|ledger| Given::standing(granted, &ledger.events)).map(Issued::from))
    }

    /// The arm of an experiment that whoever a profile is was put into. None if nobody was, or the id leads nowhere.
    ///
    /// # Errors
    /// `Limit` where more than 64 identifiers of a person or contact, or 1,024 devices, count for the profile; `Store` or
    /// `Corrupt` where reading failed.
    pub fn assigned(&self, id: ProfileId, experiment: &str) -> Result<Option<Assigned>> {
        let granted = Granted::Experiment(experiment);
        let ledger = self.ledger(id, granted)?;
        Ok(ledger.and_then(|ledger| Given::standing(granted, &ledger.events)).map(Assigned::from))
    }

    fn ledger(&self, id: ProfileId, granted: Granted<'_>) -> Result<Option<Ledger>> {
        let Some((number, cluster)) = self.cluster_of(id)? else { return Ok(None) };
        let counting = self.counting(number, &cluster, granted)?;
        let trail = |(_, identifier): &(Link, Identifier)| hash_trail(self.seed, Event::LEDGER, [identifier]);
        let trails: Vec<KeyHash> = counting.iter().map(trail).collect();
        let (mut told, mut events) = (BTreeSet::new(), Vec::new());
        for ((link, _), trail) in counting.iter().zip(self.snapshot.numbers(&trails)?) {
            let known = events.len();
            if let Some(trail) = trail {
                self.ledger_of(trail, granted, &mut events)?;
            }
            if events.len() > known {
                told.insert(link.value);
            }
        }
        Ok(Some(Ledger { counting, granted: told, events }))
    }

    /// What one trail of the ledger tells of it.
    fn ledger_of(&self, trail: RecordNumber, granted: Granted<'_>, events: &mut Vec<Arc<Event>>) -> Result<()> {
        each_event(&*self.snapshot, trail, i64::MIN..=i64::MAX, &mut |_, event| {
            events.extend(Some(event).filter(|event| granted.given(event).is_some()));
            Ok(())
        })
    }

    /// The identifiers that count for a cluster.
    pub(super) fn counting(
        &self,
        number: ClusterNumber,
        cluster: &Cluster,
        granted: Granted<'_>,
    ) -> Result<Vec<(Link, Identifier)>> {
        let members = self.members_of(number, cluster)?;
        let mut carried: BTreeMap<Link, (RecordNumber, u64)> = BTreeMap::new();
        for (member, node) in members.iter().zip(self.snapshot.nodes(&members)?) {
            for link in node.iter().flat_map(|node| &node.links) {
                if self.rules.kinds.get(usize::from(link.kind)).is_some_and(|rule| may_count(rule, granted)) {
                    carried.entry(*link).or_insert((*member, 0)).1 += 1;
                }
            }
        }
        let values: Vec<ValueHash> = carried.keys().map(|link| link.value).collect();
        let mut counting = Vec::new();
        for ((link, (carrier, carriers)), posting) in carried.into_iter().zip(self.snapshot.postings(&values)?) {
            let posting = posting.ok_or_else(|| Error::corrupt("an identifier without its carriers"))?;
            if (posting.carriers.len() == carriers && !posting.is_generic()) || self.holds(number, link, &posting)? {
                counting.push((link, carrier));
            }
        }
        let is_device =
            |link: &Link| self.rules.kinds.get(usize::from(link.kind)).is_some_and(|rule| rule.role == Role::Device);
        let devices = counting.iter().filter(|(link, _)| is_device(link)).count();
        if counting.len() - devices > IDENTIFIERS_MAX {
            return Err(Error::limit("the identifiers of a profile", IDENTIFIERS_MAX as u64));
        }
        if devices > DEVICES_MAX {
            return Err(Error::limit("the devices of a profile", DEVICES_MAX as u64));
        }
        counting.into_iter().map(|(link, carrier)| Ok((link, self.text_of(link, carrier)?))).collect()
    }

    /// Whether a value that several carry counts for a cluster that does.
    fn holds(&self, number: ClusterNumber, link: Link, posting: &Posting) -> Result<bool> {
        let ValueState::Contested { holder: Some(holder) } = posting.state else { return Ok(false) };
        let personal = |rule: &KindRule| rule.role != Role::Device && rule.corroborate.is_empty();
        if !self.rules.kinds.get(usize::from(link.kind)).is_some_and(personal) {
            return Ok(false);
        }
        let holder = self.snapshot.nodes(&[holder])?.pop().flatten();
        Ok(holder.is_some_and(|holder| holder.cluster == number))
    }

    /// A value as one of its carriers has it.
    fn text_of(&self, link: Link, carrier: RecordNumber) -> Result<Identifier> {
        let usable = self.usable_identifiers(carrier)?;
        let place = links(self.seed, &self.rules, &usable).iter().position(|known| *known == link);
        let text = place.and_then(|place| usable.into_iter().nth(place)).map(|(_, value)| value);
        let kind = self.rules.kinds.get(usize::from(link.kind)).map(|rule| rule.name.clone());
        let (kind, value) = kind.zip(text).ok_or_else(|| Error::corrupt("an identifier without its carrier"))?;
        Ok(Identifier { kind, value })
    }
}

/// Whether values of a kind may count at all.
fn may_count(rule: &KindRule, granted: Granted<'_>) -> bool {
    let role = match granted {
        Granted::Offer(_) => rule.role.makes_known(),
        Granted::Experiment(_) => rule.role.makes_known() || rule.role == Role::Device,
    };
    role && rule.links != Links::None
}

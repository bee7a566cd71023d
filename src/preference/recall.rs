//! Recalling what somebody said.

use super::place::{Place, word};
use super::stated::{Conflict, LeftOut, LeftOutReason, PreferenceQuery, Preferences, Stated};
use crate::event::{Event, Polarity, Preference};
use crate::normalise::each_once;
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Recalls what one person stated, from the events of their profile in any order; those that state nothing do not count.
///
/// A statement holds everywhere and always but for what it says itself: that it was noted at one property restricts
/// nothing. Of several on one attribute and value the narrower precedes: more parts of the scope set, property before
/// brand before channel, then the deeper context; then the newer one, one noted by the customer, by staff, by a system,
/// and the larger key. What must `never` come stands against everything that is older or wider, and is lifted only by
/// a newer like whose scope has all its parts and whose context is its own or below it. What does not stand is told
/// beside what does.
///
/// A part of the scope that is not asked for, or a context below the one that is asked for, does not keep a statement
/// out: it is recalled as holding there, and marked as narrower, if what is said of everything does not settle it.
///
/// O(n log n + d²) for n statements of d scopes and contexts on one attribute and value.
///
/// # Examples
/// ```
/// use onefold::{Event, EventKind, NotedBy, Polarity, Preference, PreferenceQuery, recall};
/// use std::sync::Arc;
///
/// let flakes = Preference::new("topping", "red pepper flakes", Polarity::Like, NotedBy::Staff);
/// let noted = Event::new("rome", "p-1", "2026-01-05T20:10:00+01:00".parse()?, EventKind::Preference)
///     .place("rome")
///     .preference(flakes.context("room service / pizza"));
/// let events = [Arc::new(noted)];
///
/// // Months later, in another house of the group.
/// let now = "2026-06-20T19:00:00+02:00".parse()?;
/// let query = PreferenceQuery::new().context("Room Service/Pizza/Margherita").property("vienna");
/// let recalled = recall(&events, &query, now);
/// let flakes = recalled.like("topping", "Red Pepper Flakes").expect("they were asked for in Rome");
/// assert_eq!((flakes.place.as_deref(), flakes.noted_by, flakes.narrower), (Some("rome"), NotedBy::Staff, false));
///
/// assert!(recall(&events, &PreferenceQuery::new().context("spa"), now).stated.is_empty());
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn recall(events: &[Arc<Event>], query: &PreferenceQuery, now: Timestamp) -> Preferences {
    let asked = Asked {
        place: Place::new(&query.scope, query.context.as_ref()),
        attribute: query.attribute.as_deref().map(|sent| word(sent).unwrap_or_default()),
        purpose: query.purpose.as_deref().and_then(word),
        query,
        now,
    };
    let mut of_value: BTreeMap<(SmolStr, SmolStr), Vec<Statement<'_>>> = BTreeMap::new();
    let mut left_out = Vec::new();
    for event in each_once(events) {
        let Some(preference) = event.preference.as_deref() else { continue };
        match asked.hears(event, preference) {
            Ok((word, statement)) => of_value.entry(word).or_default().push(statement),
            Err(reason) => left_out.push(LeftOut { key: event.key.clone(), reason }),
        }
    }
    of_value.values_mut().for_each(|statements| statements.sort_by(Statement::precedence));
    let found = of_value.iter().flat_map(|(word, statements)| answers(word, statements, &asked.place));
    let mut standing: Vec<(&Statement<'_>, Stated)> = found.collect();
    standing.sort_by(|(a, of_a), (b, of_b)| {
        let narrower = of_a.narrower.cmp(&of_b.narrower);
        narrower.then_with(|| a.precedence(b)).then_with(|| of_a.word.cmp(&of_b.word))
    });
    left_out.sort_by(|a, b| a.key.cmp(&b.key));
    Preferences { stated: standing.into_iter().map(|(_, stated)| stated).collect(), left_out }
}

/// The query, read.
struct Asked<'a> {
    query: &'a PreferenceQuery,
    now: Timestamp,
    place: Place,
    attribute: Option<SmolStr>,
    purpose: Option<SmolStr>,
}

impl Asked<'_> {
    /// Takes a statement, under its attribute and value.
    fn hears<'a>(
        &self,
        event: &'a Event,
        said: &'a Preference,
    ) -> Result<((SmolStr, SmolStr), Statement<'a>), LeftOutReason> {
        let (Some(attribute), Some(value)) = (word(&said.attribute), word(&said.value)) else {
            return Err(LeftOutReason::Blank);
        };
        let now = self.now.microseconds();
        let purpose = said.purpose.as_deref().and_then(word);
        if self.attribute.as_ref().is_some_and(|asked| *asked != attribute) {
            return Err(LeftOutReason::Attribute);
        }
        if event.at.microseconds() > now {
            return Err(LeftOutReason::NotYet);
        }
        if said.expires.is_some_and(|expires| expires.microseconds() <= now) {
            return Err(LeftOutReason::Expired);
        }
        if purpose.is_some() && purpose != self.purpose {
            return Err(LeftOutReason::Purpose);
        }
        if said.sensitivity > self.query.sensitivity_max {
            return Err(LeftOutReason::Sensitivity);
        }
        let place = Place::new(&said.scope, said.context.as_ref());
        let spot = self.place.meet(&place)?;
        Ok(((attribute, value), Statement { event, said, place, spot }))
    }
}

/// One that is recalled.
struct Statement<'a> {
    event: &'a Event,
    said: &'a Preference,
    /// Where and when it holds.
    place: Place,
    /// What of that was asked for.
    spot: Place,
}

impl Statement<'_> {
    fn precedence(&self, other: &Self) -> Ordering {
        let at = |statement: &Self| Reverse((statement.place.narrowness(), statement.event.at.microseconds()));
        let by = |statement: &Self| (at(statement), statement.said.noted_by);
        by(self).cmp(&by(other)).then_with(|| other.event.key.cmp(&self.event.key))
    }

    fn lifts(&self, never: &Self) -> bool {
        let newer = self.event.at.microseconds() > never.event.at.microseconds();
        self.said.polarity == Polarity::Like && newer && never.place.holds_at(&self.place)
    }
}

/// What stands wherever something is said of an attribute and value, as if it were asked for there; each standing
/// statement once, where it holds. The statements are in the order of precedence.
fn answers<'a, 'b>(
    word: &(SmolStr, SmolStr),
    statements: &'b [Statement<'a>],
    asked: &Place,
) -> Vec<(&'b Statement<'a>, Stated)> {
    // Of those with one place and polarity only the first can stand or lift.
    let mut seen = BTreeSet::new();
    let leading: Vec<_> = statements.iter().filter(|one| seen.insert((&one.place, one.said.polarity))).collect();
    let spots: BTreeSet<&Place> = leading.iter().map(|one| &one.spot).collect();
    let mut found = Vec::new();
    for spot in spots {
        let there: Vec<_> = leading.iter().copied().filter(|one| one.place.holds_at(spot)).collect();
        // What stands there by what is said of more is answered there.
        let Some(standing) = standing(&there).filter(|standing| standing.spot == *spot) else { continue };
        found.push((standing, stated(word, standing, statements, asked)));
    }
    found
}

/// The one that stands among those that hold at one spot, in the order of precedence.
fn standing<'a, 'b>(there: &[&'b Statement<'a>]) -> Option<&'b Statement<'a>> {
    let is_never = |one: &Statement<'_>| one.said.polarity == Polarity::Never;
    let lifted = |never: &Statement<'_>| there.iter().any(|one| one.lifts(never));
    let hard = there.iter().find(|one| is_never(one) && !lifted(one));
    hard.or_else(|| there.iter().find(|one| !is_never(one))).copied()
}

fn stated(word: &(SmolStr, SmolStr), standing: &Statement<'_>, all: &[Statement<'_>], asked: &Place) -> Stated {
    let (event, said) = (standing.event, standing.said);
    let likes = |said: &Preference| said.polarity == Polarity::Like;
    let others = || all.iter().filter(|one| one.event.key != event.key && one.spot.meet(&standing.spot).is_ok());
    let conflict = |one: &Statement<'_>| Conflict {
        because: one.event.key.clone(),
        polarity: one.said.polarity,
        scope: one.said.scope.clone(),
        context: one.said.context.clone(),
        said_at: one.event.at,
        noted_by: one.said.noted_by,
    };
    Stated {
        attribute: said.attribute.clone(),
        value: said.value.clone(),
        polarity: said.polarity,
        scope: said.scope.clone(),
        context: said.context.clone(),
        narrower: standing.spot != *asked,
        said_at: event.at,
        recorded_at: said.recorded_at.unwrap_or(event.at),
        noted_by: said.noted_by,
        sensitivity: said.sensitivity,
        place: event.place.clone(),
        text: said.text.clone().or_else(|| event.text.clone()),
        because: event.key.clone(),
        agrees: others().filter(|one| likes(one.said) == likes(said)).map(|one| one.event.key.clone()).collect(),
        conflicts: others().filter(|one| likes(one.said) != likes(said)).map(conflict).collect(),
        word: word.clone(),
    }
}

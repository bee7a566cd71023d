//! Learning what everybody does.

use super::affinity::remains;
use super::deeds::Deeds;
use super::population::{Exposure, FacetPrior, LearnOptions};
use super::tally::Tally;
use crate::error::{Error, Result};
use crate::statistics::PROFILES_MIN;
use ahash::{AHashMap, RandomState};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Between these a strength is sought: a tenth of a deed, which is next to nothing, and what nobody does in a life.
const STRENGTHS: (f64, f64) = (0.1, 1e5);

/// Steps of the golden section: each leaves 0.618 of the interval, 40 of them a part in 10^8, which is as near as the
/// bottom of a curve can be told.
const STEPS: usize = 40;

pub(super) fn check(options: &LearnOptions) -> Result<()> {
    if options.half_lives.is_empty() || options.half_lives.contains(&Some(0)) {
        return Err(Error::input("half_lives", "must offer one at least, and none of 0 days"));
    }
    if options.profiles_min < PROFILES_MIN {
        let reason = format!("is below {PROFILES_MIN}: what so few people chose could tell who they are");
        return Err(Error::input("profiles_min", reason));
    }
    Ok(())
}

/// What was done on one day, and what was known of it before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Deed {
    // As bits: they are sorted by them, and summed in that order whatever the order of the profiles.
    /// The share of the value among everybody's.
    share: u64,
    /// The faded deeds on the value, and all.
    own: u64,
    all: u64,
    /// In parts of a deed.
    count: u64,
}

/// Learns a facet from tallies whose deeds are of so many parts; none where nothing was done on it until then.
pub(super) fn facet(
    facet: &SmolStr,
    tallies: &[Tally],
    parts: f64,
    until: i32,
    options: &LearnOptions,
) -> Option<FacetPrior> {
    let mut prior = shares(facet, tallies, parts, until, options.profiles_min)?;
    for &half_life in &options.half_lives {
        let deeds = deeds(&prior, tallies, parts, until, half_life);
        let (strength, log_loss) = strongest(&deeds);
        if prior.strength == 0.0 || log_loss < prior.log_loss {
            (prior.strength, prior.log_loss, prior.half_life_days) = (strength, log_loss, half_life);
        }
        prior.popularity_log_loss = mean(&deeds, |share, _, _| share);
    }
    Some(prior)
}

/// The shares of the values that enough profiles chose.
fn shares(facet: &SmolStr, tallies: &[Tally], parts: f64, until: i32, profiles_min: u64) -> Option<FacetPrior> {
    let mut values: BTreeMap<&SmolStr, (u64, u64)> = BTreeMap::new();
    for (value, days) in tallies.iter().flat_map(|tally| tally.values(facet)) {
        let count = days.iter().take_while(|(day, _)| *day <= until).map(|(_, count)| count).sum::<u64>();
        if count > 0 {
            let (profiles, all) = values.entry(value).or_default();
            (*profiles, *all) = (*profiles + 1, *all + count);
        }
    }
    if values.is_empty() {
        return None;
    }
    // One deed more, on a value that nobody chose yet: what is rare is not impossible.
    let all = values.values().map(|(_, count)| count).sum::<u64>() as f64 / parts + 1.0;
    let (named, others): (Vec<_>, Vec<_>) =
        values.into_iter().partition(|(_, (profiles, _))| *profiles >= profiles_min);
    let other = others.iter().map(|(_, (_, count))| count).sum::<u64>() as f64 / parts + 1.0;
    Some(FacetPrior {
        facet: facet.clone(),
        half_life_days: None,
        strength: 0.0,
        log_loss: 0.0,
        popularity_log_loss: 0.0,
        shares: named.into_iter().map(|(value, (_, count))| (value.clone(), count as f64 / parts / all)).collect(),
        other: other / all,
        other_values: others.len() as u64,
        exposure: None,
    })
}

/// How often the values of a facet were shown and taken up; none where nothing was shown.
pub(super) fn exposure(facet: &SmolStr, deeds: &[Deeds], until: i32, profiles_min: u64) -> Option<Exposure> {
    let mut values: BTreeMap<&SmolStr, (u64, u64, u64)> = BTreeMap::new();
    for (value, shown, taken_up) in deeds.iter().flat_map(|deeds| deeds.exposures(facet, until)) {
        let (profiles, all, taken) = values.entry(value).or_default();
        (*profiles, *all, *taken) = (*profiles + 1, all.saturating_add(shown), taken.saturating_add(taken_up));
    }
    let sum = |of: fn(&(u64, u64, u64)) -> u64| values.values().map(of).fold(0, u64::saturating_add);
    let (shown, taken_up) = (sum(|counts| counts.1), sum(|counts| counts.2));
    let named = values.iter().filter(|(_, (profiles, ..))| *profiles >= profiles_min);
    let values = named.map(|(value, (_, shown, taken_up))| ((*value).clone(), *shown, *taken_up)).collect();
    (shown > 0).then_some(Exposure { shown, taken_up, values })
}

/// All deeds, each with what the days before it told.
fn deeds(prior: &FacetPrior, tallies: &[Tally], parts: f64, until: i32, half_life: Option<u32>) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for tally in tallies {
        let mut days: Vec<(i32, &SmolStr, u64)> = tally
            .values(&prior.facet)
            .flat_map(|(value, days)| days.iter().map(move |&(day, count)| (day, value, count)))
            .filter(|(day, _, _)| *day <= until)
            .collect();
        days.sort_unstable();
        // What is left of the deeds until a day, and that day.
        let mut own: AHashMap<&SmolStr, (f64, i32)> = AHashMap::with_hasher(RandomState::with_seeds(1, 2, 3, 4));
        let (mut all, mut last) = (0.0, i32::MIN);
        for of_day in days.chunk_by(|a, b| a.0 == b.0) {
            let Some(&(today, _, _)) = of_day.first() else { continue };
            if all > 0.0 {
                all *= remains(today - last, half_life);
            }
            last = today;
            for (_, value, count) in of_day {
                let known = own.get(value).map_or(0.0, |(faded, day)| faded * remains(today - day, half_life));
                let share = prior.share(value).to_bits();
                deeds.push(Deed { share, own: known.to_bits(), all: f64::to_bits(all), count: *count });
            }
            for (_, value, count) in of_day {
                let (faded, day) = own.entry(value).or_insert((0.0, today));
                *faded = *faded * remains(today - *day, half_life) + *count as f64 / parts;
                *day = today;
                all += *count as f64 / parts;
            }
        }
    }
    deeds.sort_unstable();
    deeds
}

/// The mean of what deeds cost, in nats, if they are predicted so from share, own and all.
fn mean(deeds: &[Deed], predict: impl Fn(f64, f64, f64) -> f64) -> f64 {
    let cost = |deed: &Deed| {
        let probability = predict(f64::from_bits(deed.share), f64::from_bits(deed.own), f64::from_bits(deed.all));
        -probability.ln() * deed.count as f64
    };
    let count: u64 = deeds.iter().map(|deed| deed.count).sum();
    deeds.iter().map(cost).sum::<f64>() / count.max(1) as f64
}

/// The strength of the prior under which deeds cost least, and what they cost: by golden section over its logarithm.
fn strongest(deeds: &[Deed]) -> (f64, f64) {
    let cost = |ln: f64| {
        let strength = ln.exp();
        mean(deeds, |share, own, all| (own + strength * share) / (all + strength))
    };
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (STRENGTHS.0.ln(), STRENGTHS.1.ln());
    let (mut left, mut right) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_left, mut at_right) = (cost(left), cost(right));
    for _ in 0..STEPS {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - golden * (high - low);
            at_left = cost(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + golden * (high - low);
            at_right = cost(right);
        }
    }
    let best = f64::midpoint(low, high);
    (best.exp(), cost(best))
}

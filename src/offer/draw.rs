//! What is given where nothing was: functions of a name and an identifier under the tenant's seed. No chance is drawn.

use crate::error::{Error, Result};
use crate::id::{Seed, ValueHash, base_32};
use smol_str::SmolStr;

const TOKEN: u8 = 22;
const ARM: u8 = 23;

/// The most arms of an experiment.
const ARMS_MAX: usize = 1_000;

/// The token of an offer for whoever has an identifier. Who does not know the seed cannot make one up.
pub(crate) fn token(seed: Seed, offer: &str, first: ValueHash) -> SmolStr {
    base_32(seed.hash_parts(TOKEN, &[offer.as_bytes(), &first.0.to_be_bytes()])).into()
}

/// Checks arms and their shares.
pub(crate) fn check_arms(arms: &[(&str, u32)]) -> Result<()> {
    if arms.len() > ARMS_MAX {
        return Err(Error::limit("the number of arms of an experiment", ARMS_MAX as u64));
    }
    for (place, (name, _)) in arms.iter().enumerate() {
        if name.trim().is_empty() {
            return Err(Error::input(format!("arms[{place}]"), "has no name"));
        }
        if arms.iter().take(place).any(|(known, _)| known == name) {
            return Err(Error::input(format!("arms[{place}]"), "has the name of another arm"));
        }
    }
    if arms.iter().all(|(_, share)| *share == 0) {
        return Err(Error::input("arms", "have no share among them"));
    }
    Ok(())
}

/// The arm for whoever has an identifier: of all of them, each arm gets its share, whatever they get in other
/// experiments. O(arms).
pub(crate) fn arm<'a>(seed: Seed, experiment: &str, first: ValueHash, arms: &[(&'a str, u32)]) -> Option<&'a str> {
    let total: u64 = arms.iter().map(|(_, share)| u64::from(*share)).sum();
    let hash = seed.hash_parts(ARM, &[experiment.as_bytes(), &first.0.to_be_bytes()]);
    // The upper half of the hash, scaled to the whole numbers below the total.
    let mut point = ((hash >> 64) * u128::from(total)) >> 64;
    for (name, share) in arms {
        match point.checked_sub(u128::from(*share)) {
            Some(rest) => point = rest,
            None => return Some(name),
        }
    }
    None
}

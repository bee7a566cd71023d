//! Reading parts of an event as [`normalise_event`](super::normalise_event) does, where nobody asks what was wrong:
//! what cannot be read is none, and text that has its form already is not copied.

use super::event::{FACETS_MAX, said};
use super::{currency, is_junk, text};
use crate::decimal::Decimal;
use crate::event::{Facet, Line};
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::borrow::Cow;

/// Reads a name, trimmed.
pub(crate) fn name(sent: Option<&SmolStr>) -> Option<&str> {
    sent.and_then(|sent| word(sent))
}

/// Reads a name that is there, trimmed.
pub(crate) fn word(sent: &str) -> Option<&str> {
    said(sent).ok()
}

/// Reads what tells one thing from all others: a placeholder tells nothing.
pub(crate) fn key(sent: Option<&SmolStr>) -> Option<&str> {
    name(sent).filter(|name| !is_junk(name))
}

/// Reads facets: sorted, each once, no more than are read of one line.
pub(crate) fn facets(sent: &[Facet]) -> SmallVec<[(&str, &str); 8]> {
    let read = sent.iter().map(|facet| Some((said(&facet.name).ok()?, said(&facet.value).ok()?)));
    let mut facets: SmallVec<[(&str, &str); 8]> = read.flatten().collect();
    // Evidence that comes from a store is sorted.
    if !facets.is_sorted_by(|a, b| a < b) {
        facets.sort_unstable();
        facets.dedup();
    }
    facets.truncate(FACETS_MAX);
    facets
}

/// Reads a quantity: one where nothing can be read.
pub(crate) fn quantity(line: &Line) -> Decimal {
    stated_quantity(line).unwrap_or(Decimal::ONE)
}

/// Reads a quantity, if it is said; never below 0.
pub(crate) fn stated_quantity(line: &Line) -> Option<Decimal> {
    line.quantity.as_ref()?.parse().ok().filter(|number| *number >= Decimal::ZERO)
}

/// Reads what one of a line cost, and in which currency.
pub(crate) fn unit_price(line: &Line) -> Option<(Decimal, &'static str)> {
    let code = currency::read(text::trim(line.currency.as_ref()?))?;
    let amount: Decimal = line.amount.as_ref()?.parse().ok()?;
    Some((amount.checked_div(quantity(line))?, code))
}

/// Reads the code of a currency.
pub(crate) fn currency(sent: &str) -> Option<&'static str> {
    currency::read(text::trim(sent))
}

/// Brings text to the form in which it is compared with other text: trimmed, NFKC, case folded.
pub(crate) fn fold(sent: &str) -> Cow<'_, str> {
    text::fold(text::trim(sent))
}

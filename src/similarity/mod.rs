//! How alike two values are: similarities between 0 and 1, distances, and the three-valued [`Agreement`].
//!
//! Knows neither records nor policies. Every function is total, symmetric and reflexive; what asks for *canonical* values
//! takes what `normalise` makes of them, and is correct on anything else but blunter.

mod address;
mod agreement;
mod custom;
mod date;
mod edit;
pub(crate) mod keys;
mod lexicon;
mod name;
mod number;
mod organisation;
mod person;
mod phonetic;
mod values;
mod word;

pub(crate) use address::address;
pub use agreement::Agreement;
pub use custom::{Similarities, Similarity};
pub(crate) use date::{Date, DateOrder, date_agreement, date_typo, day_month_swap, days_between};
pub(crate) use edit::{damerau_within, jaccard, jaro_winkler_reaches, levenshtein_within, prefix, suffix, token_set};
pub(crate) use lexicon::{generation, is_title, legal_form};
pub(crate) use number::{kilometres, number};
pub(crate) use organisation::short_form;
pub(crate) use person::{first_names_allow, full_name, generation_of, given_name, surname};
pub(crate) use phonetic::soundex;
pub(crate) use values::{email, email_user, number_agreement, phone, postcode, text};

//! The consent signals of the industry, read into consents.

mod bits;
mod google;
mod gpc;
mod gpp;
mod tcf;
mod us;

pub use google::{GOOGLE_SIGNALS, gcs_consents, google_consents};
pub use gpc::gpc_consents;
pub use gpp::{GppString, GppUnread};
pub use tcf::{
    TCF_PURPOSES, TCF_SPECIAL_FEATURES, TcString, TcfPurpose, TcfRestriction, TcfRestrictionKind, TcfVendors,
};
pub use us::{UsChoice, UsNotice, UsOptOut, UsSection};

/// The purpose of selling personal data, as the laws of US states have it.
pub const PURPOSE_SALE: &str = "sale";

/// The purpose of sharing personal data for advertising across contexts, as the law of California has it.
pub const PURPOSE_SHARING: &str = "sharing";

/// The purpose of advertising by what was done elsewhere, as the laws of US states have it.
pub const PURPOSE_TARGETED_ADVERTISING: &str = "targeted_advertising";

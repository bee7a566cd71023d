//! What somebody allowed: folded from what was told under each of their identifiers, or read from signals.

mod effective;
mod permission;
mod signals;

pub use effective::{ConsentQuery, Effective, Told, effective};
pub(crate) use effective::{Said, holding};
pub(crate) use permission::declared;
pub use permission::{Permission, PermissionReason, basis_of, permit};
pub use signals::{
    GOOGLE_SIGNALS, GppString, GppUnread, PURPOSE_SALE, PURPOSE_SHARING, PURPOSE_TARGETED_ADVERTISING, TCF_PURPOSES,
    TCF_SPECIAL_FEATURES, TcString, TcfPurpose, TcfRestriction, TcfRestrictionKind, TcfVendors, UsChoice, UsNotice,
    UsOptOut, UsSection, gcs_consents, google_consents, gpc_consents,
};

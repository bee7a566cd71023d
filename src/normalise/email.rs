//! The form of e-mail addresses.

use super::text;
use crate::issue::IssueReason;
use crate::policy::KindRule;
use email_address::{EmailAddress, Options};
use std::borrow::Cow;

/// Brings an address to NFKC and lower case, and out of a `mailto:` or a `Name <..>` around it. Dots and plus tags
/// stay, except at the providers that the policy names.
///
/// # Errors
/// `Malformed` where it is not an address by RFC 5321 and 6531.
pub(super) fn read<'a>(kind: &KindRule, trimmed: &'a str) -> Result<Cow<'a, str>, IssueReason> {
    let value = form(trimmed)?;
    Ok(without_tags(kind, &value).map_or(value, Cow::Owned))
}

/// Brings an address to the form that it has whatever the policy says of providers.
///
/// # Errors
/// `Malformed` where it is not an address by RFC 5321 and 6531.
pub(super) fn form(trimmed: &str) -> Result<Cow<'_, str>, IssueReason> {
    let value = match text::lower(trimmed) {
        Cow::Borrowed(value) => Cow::Borrowed(unwrapped(value)),
        Cow::Owned(value) => match unwrapped(&value) {
            bare if bare.len() == value.len() => Cow::Owned(value),
            bare => Cow::Owned(bare.to_owned()),
        },
    };
    let options = Options::default().without_display_text();
    EmailAddress::parse_with_options(&value, options).map_err(|_| IssueReason::Malformed("an e-mail address"))?;
    Ok(value)
}

fn unwrapped(address: &str) -> &str {
    let bare = match address.strip_prefix("mailto:") {
        Some(rest) => rest.split_once('?').map_or(rest, |(bare, _)| bare),
        None => match address.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            // The name may not hold brackets or a further address: then it is not clear which one is meant.
            Some((name, bare)) if !name.contains(['<', '>', '@']) => bare,
            _ => address,
        },
    };
    // The root of the domain names is the same domain.
    let bare = text::trim(bare);
    bare.strip_suffix('.').filter(|bare| !bare.ends_with('.')).unwrap_or(bare)
}

/// The address without dots and plus tag, where its provider takes no notice of them and something is left.
fn without_tags(kind: &KindRule, address: &str) -> Option<String> {
    if kind.ignore_tags.is_empty() {
        return None;
    }
    let (local, domain) = address.rsplit_once('@')?;
    if !kind.ignore_tags.contains(domain) || local.starts_with('"') {
        return None;
    }
    let person: String = local.split('+').next().unwrap_or(local).chars().filter(|&c| c != '.').collect();
    (!person.is_empty()).then(|| format!("{person}@{domain}"))
}

//! What makes a policy wrong. Every refusal names the field, as in the file: `identifier[2].pattern`.

use super::filter::Block;
use super::{AttributePolicy, Form, IdentifierPolicy, Limit, Links, Policy, Survive};
use crate::error::{Error, Result};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The most kinds of identifier, attributes and sources: places are 16 bits wide.
const PLACES_MAX: usize = u16::MAX as usize;
/// The longest name, in bytes.
const NAME_MAX: usize = 255;
/// The longest value that `block` may name, in bytes: longer ones are refused anyway.
const BLOCK_MAX: usize = 1024;
/// A name at least so similar (Jaro-Winkler) is suggested.
const SIMILAR: f64 = 0.8;

impl Policy {
    /// Checks that the whole fits together. O(size of the policy), but for compiling the expressions.
    ///
    /// # Errors
    /// `Config`, with the first wrong field named.
    pub fn check(&self) -> Result<()> {
        places("source", self.source.len())?;
        places("identifier", self.identifier.len())?;
        places("attribute", self.attribute.len())?;
        if let Some(region) = &self.default_region {
            super::rules::region(region).ok_or_else(|| {
                Error::policy("default_region", format!("`{region}` is not a region (ISO 3166-1 alpha-2, as `US`)"))
            })?;
        }
        number("max_region", self.max_region)?;
        if i64::try_from(self.clock_skew_seconds).is_err() {
            return Err(Error::policy("clock_skew_seconds", "is more seconds than there are"));
        }
        names("source", "name", self.source.iter().map(|source| &source.name))?;
        names("identifier", "kind", self.identifier.iter().map(|identifier| &identifier.kind))?;
        names("attribute", "name", self.attribute.iter().map(|attribute| &attribute.name))?;
        for (place, identifier) in self.identifier.iter().enumerate() {
            self.check_identifier(&format!("identifier[{place}]"), identifier)?;
        }
        self.check_strength()?;
        for (place, attribute) in self.attribute.iter().enumerate() {
            self.check_attribute(&format!("attribute[{place}]"), attribute)?;
        }
        self.check_groups()?;
        self.check_order()?;
        self.check_household()?;
        self.check_purposes()?;
        self.check_keep()?;
        self.check_linkage()
    }

    /// An event is found by its order under any policy, as far as the form keeps letters and digits apart.
    fn check_order(&self) -> Result<()> {
        let Some(order) = &self.event.order else { return Ok(()) };
        let Some(kind) = self.identifier.iter().find(|identifier| identifier.kind == *order) else {
            let hint = hint(order, self.identifier.iter().map(|identifier| &identifier.kind));
            return Err(Error::policy("event.order", format!("no identifier `{order}` is declared{hint}")));
        };
        match kind.normalise {
            Form::None | Form::Trim | Form::Lower | Form::UpperAlnum | Form::Uuid => Ok(()),
            Form::Digits | Form::Email | Form::Phone => {
                let reason = format!("`{order}` has a form that takes ids of several orders for one");
                Err(Error::policy("event.order", reason))
            }
        }
    }

    fn check_identifier(&self, at: &str, identifier: &IdentifierPolicy) -> Result<()> {
        if identifier.links == Some(Links::Anonymous) && identifier.role.makes_known() {
            let reason = "only devices and sessions link anonymous records; a person or contact links all or none";
            return Err(Error::policy(format!("{at}.links"), reason));
        }
        limit(&format!("{at}.max_per_profile"), identifier.max_per_profile)?;
        limit(&format!("{at}.max_claimants"), identifier.max_claimants)?;
        limit(&format!("{at}.max_records"), identifier.max_records)?;
        for (place, name) in identifier.corroborate.iter().enumerate() {
            let field = format!("{at}.corroborate[{place}]");
            self.declared(&field, name)?;
            if identifier.corroborate.iter().take(place).any(|earlier| earlier == name) {
                return Err(Error::policy(field, format!("`{name}` stands here twice")));
            }
        }
        if !identifier.ignore_tags.is_empty() && identifier.normalise != Form::Email {
            let reason = "needs `normalise = \"email\"`: nothing else has tags";
            return Err(Error::policy(format!("{at}.ignore_tags"), reason));
        }
        for (place, domain) in identifier.ignore_tags.iter().enumerate() {
            if domain.is_empty() || domain.contains(|c: char| c == '@' || c.is_whitespace()) {
                let field = format!("{at}.ignore_tags[{place}]");
                return Err(Error::policy(field, "is not a provider's domain (as `gmail.com`)"));
            }
        }
        for (place, value) in identifier.block.iter().enumerate() {
            let field = || format!("{at}.block[{place}]");
            if value.trim().is_empty() {
                return Err(Error::policy(field(), "is empty (blank values are refused anyway)"));
            }
            if value.len() > BLOCK_MAX {
                return Err(Error::policy(field(), format!("is longer than {BLOCK_MAX} bytes")));
            }
            if value.chars().all(|c| c == '*') {
                return Err(Error::policy(field(), "would refuse every value"));
            }
        }
        Block::compile(&identifier.block)
            .map_err(|_| Error::policy(format!("{at}.block"), "is too long to compile"))?;
        if let Some(pattern) = &identifier.pattern {
            super::filter::whole(pattern).map_err(|error| {
                Error::policy(format!("{at}.pattern"), format!("is not a regular expression: {}", last_line(&error)))
            })?;
        }
        Ok(())
    }

    /// Refuses a kind that links anonymous records before one that links all: by then it must be clear who is known.
    fn check_strength(&self) -> Result<()> {
        let mut anonymous: Option<&IdentifierPolicy> = None;
        for (place, identifier) in self.identifier.iter().enumerate() {
            match (super::rules::links(identifier), anonymous) {
                (Links::Anonymous, None) => anonymous = Some(identifier),
                (Links::All, Some(earlier)) => {
                    let (later, earlier) = (&identifier.kind, &earlier.kind);
                    let reason =
                        format!("`{later}` links all, and must come before `{earlier}`, which links anonymous");
                    return Err(Error::policy(format!("identifier[{place}].links"), reason));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_attribute(&self, at: &str, attribute: &AttributePolicy) -> Result<()> {
        if let Some(group) = &attribute.group {
            name(&format!("{at}.group"), group)?;
        }
        for (place, rule) in attribute.survive.iter().enumerate() {
            if attribute.survive.iter().take(place).any(|earlier| earlier == rule) {
                return Err(Error::policy(format!("{at}.survive[{place}]"), "stands here twice"));
            }
            if *rule == Survive::First && attribute.survive.len() > 1 {
                let reason = "`first` decides by itself: no other rule may stand beside it";
                return Err(Error::policy(format!("{at}.survive[{place}]"), reason));
            }
        }
        let field = format!("{at}.verified_by");
        match &attribute.verified_by {
            Some(name) if *name == attribute.name => Err(Error::policy(field, "cannot say it of itself")),
            Some(name) => self.declared(&field, name),
            None if attribute.group.is_none() && attribute.survive.contains(&Survive::Verified) => {
                Err(Error::policy(field, "is needed by the rule `verified`"))
            }
            None => Ok(()),
        }
    }

    /// Refuses groups whose attributes do not survive by one chain: they are taken from one record.
    fn check_groups(&self) -> Result<()> {
        let mut chains: BTreeMap<&str, &[Survive]> = BTreeMap::new();
        for (place, attribute) in self.attribute.iter().enumerate() {
            let Some(group) = attribute.group.as_deref() else { continue };
            let chain = attribute.survive.as_slice();
            if chain.is_empty() || chain == [Survive::First] {
                continue;
            }
            if chains.entry(group).or_insert(chain) != &chain {
                let reason = format!("differs from that of an earlier attribute of the group `{group}`");
                return Err(Error::policy(format!("attribute[{place}].survive"), reason));
            }
            let verified =
                self.attribute.iter().any(|other| other.group == attribute.group && other.verified_by.is_some());
            if chain.contains(&Survive::Verified) && !verified {
                let reason = format!("is needed by the rule `verified` of the group `{group}`");
                return Err(Error::policy(format!("attribute[{place}].verified_by"), reason));
            }
        }
        Ok(())
    }

    pub(super) fn declared(&self, field: &str, name: &str) -> Result<()> {
        if self.attribute.iter().any(|attribute| attribute.name == name) {
            return Ok(());
        }
        let hint = hint(name, self.attribute.iter().map(|attribute| &attribute.name));
        Err(Error::policy(field, format!("no attribute `{name}` is declared{hint}")))
    }
}

/// The name that is most like one that is not known, as the end of a message.
pub(super) fn hint<'a>(name: &str, known: impl Iterator<Item = &'a SmolStr>) -> String {
    let nearest = known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(similar, _)| *similar >= SIMILAR)
        .max_by(|(a, x), (b, y)| a.total_cmp(b).then_with(|| y.cmp(x)));
    nearest.map(|(_, known)| format!("; did you mean `{known}`?")).unwrap_or_default()
}

fn places(field: &'static str, count: usize) -> Result<()> {
    if count > PLACES_MAX {
        return Err(Error::policy(field, format!("has {count} entries, over the limit of {PLACES_MAX}")));
    }
    Ok(())
}

pub(super) fn names<'a>(list: &str, field: &str, all: impl Iterator<Item = &'a SmolStr>) -> Result<()> {
    let mut seen = BTreeMap::new();
    for (place, text) in all.enumerate() {
        let at = format!("{list}[{place}].{field}");
        name(&at, text)?;
        if let Some(earlier) = seen.insert(text, place) {
            return Err(Error::policy(at, format!("`{text}` is already declared by {list}[{earlier}]")));
        }
    }
    Ok(())
}

fn name(field: &str, text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::policy(field, "is empty"));
    }
    if text.trim().len() != text.len() || text.contains(char::is_control) {
        return Err(Error::policy(field, "has white space around it or control characters in it"));
    }
    if text.len() > NAME_MAX {
        return Err(Error::policy(field, format!("is longer than {NAME_MAX} bytes")));
    }
    Ok(())
}

fn limit(field: &str, limit: Option<Limit>) -> Result<()> {
    match limit {
        Some(Limit::AtMost(count)) => number(field, count),
        Some(Limit::None) | None => Ok(()),
    }
}

pub(super) fn number(field: &str, count: u64) -> Result<()> {
    if count == 0 {
        return Err(Error::policy(field, "is 0, and must be at least 1"));
    }
    // TOML has no larger numbers.
    if i64::try_from(count).is_err() {
        return Err(Error::policy(field, format!("is over {}", i64::MAX)));
    }
    Ok(())
}

/// The last line of the engine's message: those before it draw the expression.
fn last_line(error: &regex::Error) -> String {
    error.to_string().lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned()
}

//! The part of a policy that says what data is used for.

use super::check::{hint, names};
use super::{AttributePolicy, Policy, PurposePolicy};
use crate::error::{Error, Result};
use crate::event::{EventKind, LegalBasis};
use smol_str::SmolStr;

impl PurposePolicy {
    /// Names a purpose that needs consent.
    pub fn new(name: impl Into<SmolStr>) -> Self {
        Self { name: name.into(), basis: LegalBasis::Consent, recorded: false, keep: None }
    }

    /// Sets its legal basis.
    #[must_use]
    pub fn basis(mut self, basis: LegalBasis) -> Self {
        self.basis = basis;
        self
    }

    /// Has every read of a profile for it recorded in the audit log.
    #[must_use]
    pub fn recorded(mut self) -> Self {
        self.recorded = true;
        self
    }
}

impl Policy {
    /// The purposes for which values of a kind of identifier may be read.
    pub(crate) fn purposes_of_kind(&self, kind: &str) -> &[SmolStr] {
        let rule = self.identifier.iter().find(|rule| rule.kind == kind);
        rule.map(|rule| rule.purposes.as_slice()).unwrap_or_default()
    }

    /// The purposes for which events of a kind may be read.
    pub(crate) fn purposes_of_events(&self, kind: &EventKind) -> &[SmolStr] {
        self.event.purposes.get(kind.to_string().as_str()).map(Vec::as_slice).unwrap_or_default()
    }

    /// What is declared of an attribute.
    pub(crate) fn attribute_named(&self, name: &str) -> Option<&AttributePolicy> {
        self.attribute.iter().find(|rule| rule.name == name)
    }

    pub(super) fn check_purposes(&self) -> Result<()> {
        names("purpose", "name", self.purpose.iter().map(|purpose| &purpose.name))?;
        for (place, purpose) in self.purpose.iter().enumerate() {
            let alike = self
                .purpose
                .iter()
                .take(place)
                .find(|earlier| earlier.name.to_lowercase() == purpose.name.to_lowercase());
            if let Some(earlier) = alike {
                let reason = format!("is the same word as `{}`", earlier.name);
                return Err(Error::policy(format!("purpose[{place}].name"), reason));
            }
        }
        for (place, kind) in self.identifier.iter().enumerate() {
            self.check_named(&format!("identifier[{place}].purposes"), &kind.purposes)?;
        }
        for (place, attribute) in self.attribute.iter().enumerate() {
            self.check_named(&format!("attribute[{place}].purposes"), &attribute.purposes)?;
        }
        for (kind, purposes) in &self.event.purposes {
            let field = format!("event.purposes.{kind}");
            self.check_event_kind(&field, kind)?;
            self.check_named(&field, purposes)?;
        }
        Ok(())
    }

    fn check_named(&self, field: &str, purposes: &[SmolStr]) -> Result<()> {
        let declared = || self.purpose.iter().map(|purpose| &purpose.name);
        for (place, name) in purposes.iter().enumerate() {
            if !declared().any(|known| known == name) {
                let reason = format!("no purpose `{name}` is declared{}", hint(name, declared()));
                return Err(Error::policy(format!("{field}[{place}]"), reason));
            }
        }
        Ok(())
    }
}

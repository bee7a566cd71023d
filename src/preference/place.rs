//! Where and when something holds: scopes and contexts, compared.

use super::stated::LeftOutReason;
use crate::event::Scope;
use crate::normalise::folded;
use smol_str::SmolStr;

/// A scope and a context in the form in which they are compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The property, the brand and the channel: the narrowest first.
    scope: [Option<SmolStr>; 3],
    /// The parts of the context, the widest first.
    context: Vec<SmolStr>,
}

/// How narrow a place is: the parts of its scope that are set, which ones, and the depth of its context. The narrower
/// is the greater.
pub(super) type Narrowness = (usize, [bool; 3], usize);

impl Place {
    pub(super) fn new(scope: &Scope, context: Option<&SmolStr>) -> Self {
        let part = |sent: &Option<SmolStr>| sent.as_deref().and_then(word);
        let scope = [part(&scope.property), part(&scope.brand), part(&scope.channel)];
        let context = context.map_or("", SmolStr::as_str).split('/').filter_map(word).collect();
        Self { scope, context }
    }

    /// Says whether what holds here holds there too: there lies within.
    pub(super) fn holds_at(&self, there: &Self) -> bool {
        let within = |(own, other): (&Option<SmolStr>, &Option<SmolStr>)| own.is_none() || own == other;
        self.scope.iter().zip(&there.scope).all(within) && there.context.starts_with(&self.context)
    }

    /// Where both hold.
    ///
    /// # Errors
    /// What keeps them apart.
    pub(super) fn meet(&self, other: &Self) -> Result<Self, LeftOutReason> {
        let apart =
            |(own, other): (&Option<SmolStr>, &Option<SmolStr>)| own.is_some() && other.is_some() && own != other;
        if self.scope.iter().zip(&other.scope).any(apart) {
            return Err(LeftOutReason::Elsewhere);
        }
        let (long, short) = if self.context.len() < other.context.len() { (other, self) } else { (self, other) };
        if !long.context.starts_with(&short.context) {
            return Err(LeftOutReason::Context);
        }
        let mut met = long.clone();
        for (part, other) in met.scope.iter_mut().zip(&short.scope) {
            *part = part.take().or_else(|| other.clone());
        }
        Ok(met)
    }

    pub(super) fn narrowness(&self) -> Narrowness {
        let set = self.scope.each_ref().map(Option::is_some);
        (set.iter().filter(|set| **set).count(), set, self.context.len())
    }
}

/// A word in the form in which it is compared; none where it is blank.
pub(super) fn word(sent: &str) -> Option<SmolStr> {
    let word = folded(sent);
    (!word.is_empty()).then(|| word.into())
}

//! The three answers to whether two values can be one.

/// Says how two values of an attribute stand to each other. A missing value never contradicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Agreement {
    /// They cannot both be true of one person.
    Contradict,
    /// They can both be true of one person; one says less than the other, or is likely misspelt.
    Compatible,
    /// They say the same.
    Agree,
}

impl Agreement {
    /// Says whether both can be true of one person.
    pub fn allows(self) -> bool {
        self != Self::Contradict
    }

    /// `Agree` where it holds, else `Contradict`.
    pub(crate) fn agree_if(holds: impl Into<bool>) -> Self {
        if holds.into() { Self::Agree } else { Self::Contradict }
    }
}

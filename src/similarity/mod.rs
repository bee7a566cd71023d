//! Temporary.
/// How two values stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agreement {
    /// They say the same.
    Agree,
    /// They may say the same.
    Compatible,
    /// They cannot both be true of one person.
    Contradict,
}

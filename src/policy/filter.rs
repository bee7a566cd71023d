//! Which values of a kind a policy refuses: its `block` and its `pattern`, compiled.

use ahash::AHashSet;
use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use smol_str::SmolStr;
use std::borrow::Cow;

/// The most memory that one policy's expressions may take when compiled, per kind.
const COMPILED_MAX_BYTES: usize = 4 << 20;

/// The refused values of a kind: exact ones hashed, globs in one automaton.
#[derive(Clone)]
pub(crate) struct Block {
    exact: AHashSet<SmolStr>,
    globs: Option<RegexSet>,
}

impl Block {
    /// Compiles the entries of `block`; `*` stands for any run of characters, and nothing else is special.
    pub(crate) fn compile(entries: &[SmolStr]) -> Result<Option<Self>, regex::Error> {
        if entries.is_empty() {
            return Ok(None);
        }
        let (globs, exact): (Vec<_>, Vec<_>) = entries.iter().map(|entry| entry.trim()).partition(|e| e.contains('*'));
        let exact = exact.into_iter().map(|entry| SmolStr::new(lower(entry))).collect();
        let globs = globs.into_iter().map(|glob| {
            let parts: Vec<_> = glob.split('*').map(|part| regex::escape(&lower(part))).collect();
            format!(r"(?s)\A{}\z", parts.join(".*"))
        });
        let globs: Vec<_> = globs.collect();
        let set = (!globs.is_empty())
            .then(|| RegexSetBuilder::new(&globs).size_limit(COMPILED_MAX_BYTES).build())
            .transpose()?;
        Ok(Some(Self { exact, globs: set }))
    }

    /// Says whether the value is refused; case does not count. O(length of the value).
    pub(crate) fn refuses(&self, value: &str) -> bool {
        let value = lower(value);
        self.exact.contains(value.as_ref()) || self.globs.as_ref().is_some_and(|globs| globs.is_match(&value))
    }
}

/// Shows no entry: a blocked value may be somebody's.
impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Block({} exact, {} globs)", self.exact.len(), self.globs.as_ref().map_or(0, RegexSet::len))
    }
}

/// Compiles an expression that must match the whole value.
pub(crate) fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    // Compiled by itself first: `a)|(b` must not slip through the brackets that follow.
    RegexBuilder::new(pattern).size_limit(COMPILED_MAX_BYTES).build()?;
    let build = |expression: &str| RegexBuilder::new(expression).size_limit(COMPILED_MAX_BYTES).build();
    // The line break ends the comment that a verbose expression may end in, and swallow the bracket with.
    build(&format!(r"\A(?:{pattern})\z")).or_else(|_| build(&format!("\\A(?:{pattern}\n)\\z")))
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
        Cow::Owned(text.to_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

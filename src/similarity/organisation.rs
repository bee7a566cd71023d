//! Names of organisations: what is left when their legal forms are off.

use super::agreement::Agreement;
use super::lexicon::{LegalForm, is_generic, is_of_organisations, legal_form, legal_form_at_end};
use super::name::{Words, same_letters};
use super::word::organisation_word;
use smallvec::SmallVec;

/// What a full name is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Person,
    /// It ends in a word that is a legal form, or a surname.
    Perhaps,
    /// It ends in letters that are a legal form, or initials.
    Likely,
    Organisation,
}

/// A name of an organisation without its legal forms, articles and conjunctions.
struct Organisation<'a> {
    core: Words<'a>,
    forms: SmallVec<[LegalForm; 2]>,
}

/// Says whether words name an organisation, by the legal forms at their ends, and by words that only these have.
pub(super) fn kind(words: &[&str]) -> Kind {
    let (_, forms) = without_forms(words);
    let says_so = || words.len() > 1 && words.iter().any(|word| is_of_organisations(word));
    if forms.iter().any(|form| form.certain) || says_so() {
        Kind::Organisation
    } else if forms.iter().any(|form| form.words > 1) {
        Kind::Likely
    } else if forms.is_empty() {
        Kind::Person
    } else {
        Kind::Perhaps
    }
}

/// The words of a name without legal forms, articles and conjunctions.
pub(super) fn core<'a>(words: &[&'a str]) -> Words<'a> {
    Organisation::of(words).core
}

/// Compares the names of organisations, taken apart: the words must be the same but for spelling and order, and the
/// legal forms must not be two. Words that tell it from no other (`Group`, `Holdings`) may be left out.
pub(super) fn agreement(a: &[&str], b: &[&str]) -> Agreement {
    let (one, other) = (Organisation::of(a), Organisation::of(b));
    let (certain, others) = (one.particular(), other.particular());
    if !certain.is_empty() && !others.is_empty() && !certain.iter().any(|a| others.iter().any(|b| a.allows(*b))) {
        return Agreement::Contradict;
    }
    let most = if one.forms.is_empty() == other.forms.is_empty() { Agreement::Agree } else { Agreement::Compatible };
    if same_letters(&one.core, &other.core) {
        return most;
    }
    let letters = |words: &[&str]| {
        words.iter().filter(|word| word.len() == 1).flat_map(|word| word.bytes()).collect::<SmallVec<[u8; 8]>>()
    };
    if letters(&one.core) != letters(&other.core) {
        return Agreement::Contradict;
    }
    let (more, theirs) = left_over(&one, &other);
    match (more.as_slice(), theirs.as_slice()) {
        ([], []) => most,
        ([], more) | (more, []) if more.iter().all(|word| is_generic(word)) && !is_bare(&one, &other) => {
            Agreement::Compatible
        }
        _ => Agreement::Contradict,
    }
}

/// Says whether one name is a short form of the other: all of its words, two at least, are in the other, which has one
/// more.
pub(crate) fn short_form(a: &str, b: &str) -> bool {
    // Which words meet may hang on who asks: so that it does not, the smaller text always asks.
    let (a, b) = if a < b { (a, b) } else { (b, a) };
    let (a, b): (Words<'_>, Words<'_>) = (a.split(' ').collect(), b.split(' ').collect());
    if [&a, &b].into_iter().all(|words| kind(words) == Kind::Person) {
        return false;
    }
    let (one, other) = (Organisation::of(&a), Organisation::of(&b));
    match left_over(&one, &other) {
        (more, theirs) if more.is_empty() && theirs.len() == 1 => one.core.len() > 1,
        (more, theirs) if theirs.is_empty() && more.len() == 1 => other.core.len() > 1,
        _ => false,
    }
}

/// The words of either that are not in the other.
fn left_over<'a>(one: &Organisation<'a>, other: &Organisation<'a>) -> (Words<'a>, Words<'a>) {
    let mut taken: SmallVec<[bool; 8]> = SmallVec::from_elem(false, other.core.len());
    let mut meet = |words: &[&'a str], same: fn(&str, &str) -> bool| -> Words<'a> {
        let mut meets = |word: &str| {
            let mut free = other.core.iter().zip(&mut taken).filter(|(_, taken)| !**taken);
            free.find(|(theirs, _)| same(word, theirs)).map(|(_, taken)| *taken = true).is_some()
        };
        words.iter().copied().filter(|word| !meets(word)).collect()
    };
    let unequal = meet(&one.core, |a, b| a == b);
    let more = meet(&unequal, organisation_word);
    let theirs = other.core.iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(word, _)| *word);
    (more, theirs.collect())
}

/// Whether one of them has no word that tells it from others.
fn is_bare(one: &Organisation<'_>, other: &Organisation<'_>) -> bool {
    let bare = |words: &[&str]| words.iter().all(|word| is_generic(word));
    bare(&one.core) || bare(&other.core)
}

impl<'a> Organisation<'a> {
    fn of(words: &[&'a str]) -> Self {
        let (rest, forms) = without_forms(words);
        let tells = |word: &&str| !matches!(*word, "the" | "and" | "und" | "et" | "of" | "for");
        let core: Words<'a> = rest.iter().copied().filter(tells).collect();
        let core = if core.is_empty() { rest.iter().copied().collect() } else { core };
        Self { core, forms }
    }

    /// The forms that say more than "company".
    fn particular(&self) -> SmallVec<[LegalForm; 2]> {
        self.forms.iter().copied().filter(|form| !form.any).collect()
    }
}

/// Takes the legal forms off at both ends, as long as a word is left.
fn without_forms<'w, 'a>(words: &'w [&'a str]) -> (&'w [&'a str], SmallVec<[LegalForm; 2]>) {
    let mut rest = words;
    let mut forms = SmallVec::new();
    while let Some(form) = legal_form_at_end(rest).filter(|form| form.words < rest.len()) {
        forms.push(form);
        rest = rest.get(..rest.len() - form.words).unwrap_or_default();
    }
    while let Some(form) = legal_form(rest).filter(|form| form.certain && !form.any && form.words < rest.len()) {
        forms.push(form);
        rest = rest.get(form.words..).unwrap_or_default();
    }
    (rest, forms)
}

//! Names of people: given names, surnames, and both in one.

use super::agreement::Agreement;
use super::lexicon::given;
use super::name::{Name, same_letters};
use super::organisation::{self, Kind};
use super::word::{Word, either_word, given_word, surname_word};
use smallvec::SmallVec;

/// Compares given names, canonical. Nicknames and spellings agree; initials, and a name that is left out at the end,
/// are compatible; a generation on one side only is compatible, and two different ones contradict.
///
/// O(words of `a` times words of `b`).
pub(crate) fn given_name(a: &str, b: &str) -> Agreement {
    if a == b {
        return Agreement::Agree;
    }
    let (Some(one), Some(other)) = (Name::of(a), Name::of(b)) else { return Agreement::Contradict };
    if one.of_other_generation(&other) {
        return Agreement::Contradict;
    }
    let most = if one.generation == other.generation { Agreement::Agree } else { Agreement::Compatible };
    if same_letters(&one.all, &other.all) {
        return most;
    }
    if are_initials(&one.core, &other.core) || are_initials(&other.core, &one.core) {
        return Agreement::Compatible;
    }
    let in_place = one.core.iter().zip(&other.core).map(|(a, b)| given_word(Word::of(a), Word::of(b)));
    let most = if one.core.len() == other.core.len() { most } else { Agreement::Compatible };
    in_place.fold(most, Agreement::min)
}

/// Compares surnames, canonical. Spellings agree; parts of a double name, initials and the forms of man and woman are
/// compatible.
///
/// O(words of `a` times words of `b`).
pub(crate) fn surname(a: &str, b: &str) -> Agreement {
    if a == b {
        return Agreement::Agree;
    }
    let (Some(one), Some(other)) = (Name::of(a), Name::of(b)) else { return Agreement::Contradict };
    if one.of_other_generation(&other) {
        return Agreement::Contradict;
    }
    let most = if one.generation == other.generation { Agreement::Agree } else { Agreement::Compatible };
    if same_letters(&one.all, &other.all) {
        return most;
    }
    if one.core.len() == other.core.len() {
        let answer = one.core.iter().zip(&other.core).map(|(a, b)| surname_words(a, b)).fold(most, Agreement::min);
        if answer.allows() || one.core.len() == 1 {
            return answer;
        }
    }
    // One part of a double name is enough, but an initial is no part.
    let shared = |a: &&str| a.len() > 1 && other.core.iter().any(|b| b.len() > 1 && surname_words(a, b).allows());
    let joined = |words: &[&str]| matches!(words, ["mc" | "mac", _]);
    let clans =
        joined(&one.core) != joined(&other.core) && surname_words(&glued(&one.core), &glued(&other.core)).allows();
    if one.core.iter().any(shared) || clans { Agreement::Compatible } else { Agreement::Contradict }
}

/// Compares full names of people or organisations, canonical, in any order of their words.
///
/// What one name has and the other lacks is compatible, as long as only one of them has more: a middle name may be left
/// out, but two different ones contradict. O(words of `a` times words of `b`).
pub(crate) fn full_name(a: &str, b: &str) -> Agreement {
    if a == b {
        return Agreement::Agree;
    }
    // Which words meet may hang on who asks: so that it does not, the smaller text always asks.
    let (a, b) = if a < b { (a, b) } else { (b, a) };
    let (Some(one), Some(other)) = (Name::of_full(a), Name::of_full(b)) else { return Agreement::Contradict };
    let kinds = (organisation::kind(&one.whole), organisation::kind(&other.whole));
    if matches!(kinds, (Kind::Organisation, _) | (_, Kind::Organisation) | (Kind::Likely, Kind::Likely)) {
        return organisation::agreement(&one.whole, &other.whole);
    }
    let answer = people(&one, &other);
    if answer.allows() || kinds == (Kind::Person, Kind::Person) {
        return answer;
    }
    organisation::agreement(&one.whole, &other.whole)
}

/// Says whether two full names of people, canonical, may begin with one given name, whatever follows. Initials do not
/// count.
pub(crate) fn first_names_allow<'a>(a: &'a str, b: &'a str) -> bool {
    let (Some(one), Some(other)) = (Name::of_full(a), Name::of_full(b)) else { return false };
    let first = |name: &Name<'a>| -> Option<&'a str> {
        let person = name.core.len() > 1 && organisation::kind(&name.whole) == Kind::Person;
        name.core.first().copied().filter(|word| person && word.len() > 1)
    };
    match (first(&one), first(&other)) {
        (Some(a), Some(b)) => !one.of_other_generation(&other) && given_word(Word::of(a), Word::of(b)).allows(),
        _ => false,
    }
}

fn people<'a>(one: &Name<'a>, other: &Name<'a>) -> Agreement {
    if one.of_other_generation(other) {
        return Agreement::Contradict;
    }
    let most = if one.generation == other.generation { Agreement::Agree } else { Agreement::Compatible };
    if same_letters(&one.all, &other.all) {
        return most;
    }
    let (short, long) = if one.core.len() <= other.core.len() { (one, other) } else { (other, one) };
    let met = Meeting::of(&short.core, &long.core);
    if met.child_is_father(&short.fathers, &long.fathers) {
        return Agreement::Contradict;
    }
    if met.pairs() < short.core.len().min(2) {
        return Agreement::Contradict;
    }
    let most = most.min(met.worst);
    match (met.left_of_short(), met.left_of_long()) {
        (0, 0) => most,
        (0, _) => most.min(met.where_more_is_said(&short.core, &long.core)),
        (_, 0) => most.min(Agreement::Compatible),
        _ => Agreement::Contradict,
    }
}

/// Which words of two names are the same words.
struct Meeting {
    /// For each word of the shorter name, the place of its word in the longer.
    of_short: SmallVec<[Option<usize>; 8]>,
    taken: SmallVec<[bool; 8]>,
    worst: Agreement,
}

impl Meeting {
    fn of(short: &[&str], long: &[&str]) -> Self {
        let mut met = Self {
            of_short: SmallVec::from_elem(None, short.len()),
            taken: SmallVec::from_elem(false, long.len()),
            worst: Agreement::Agree,
        };
        met.equal(short, long);
        if met.left_of_short() > 0 && met.left_of_long() > 0 {
            met.compare(short, long);
        }
        if met.left_of_short() > 0 && met.left_of_long() > 0 {
            met.glue(short, long);
        }
        met
    }

    /// Pairs equal words.
    fn equal(&mut self, short: &[&str], long: &[&str]) {
        for (a, slot) in short.iter().zip(&mut self.of_short) {
            let mut free = long.iter().zip(&mut self.taken).enumerate().filter(|(_, (_, taken))| !**taken);
            if let Some((j, (_, taken))) = free.find(|(_, (b, _))| *b == a) {
                *taken = true;
                *slot = Some(j);
            }
        }
    }

    /// Pairs words that are left: those that agree, then those that are compatible.
    fn compare(&mut self, short: &[&str], long: &[&str]) {
        let long: SmallVec<[Word<'_>; 8]> = long.iter().map(|word| Word::of(word)).collect();
        let mut compatible: SmallVec<[(usize, usize); 8]> = SmallVec::new();
        for (i, (a, slot)) in short.iter().zip(&mut self.of_short).enumerate().filter(|(_, (_, slot))| slot.is_none()) {
            let (a, a_last) = (Word::of(a), i + 1 == short.len());
            for (j, (b, taken)) in long.iter().zip(&mut self.taken).enumerate().filter(|(_, (_, taken))| !**taken) {
                match words((a, a_last), (*b, j + 1 == long.len())) {
                    Agreement::Contradict => {}
                    Agreement::Compatible => compatible.push((i, j)),
                    Agreement::Agree => {
                        *taken = true;
                        *slot = Some(j);
                        break;
                    }
                }
            }
        }
        for (i, j) in compatible {
            if let (Some(slot @ None), Some(taken @ false)) = (self.of_short.get_mut(i), self.taken.get_mut(j)) {
                *slot = Some(j);
                *taken = true;
                self.worst = Agreement::Compatible;
            }
        }
    }

    /// Pairs words with two neighbours that are the same letters, or the same initials.
    fn glue(&mut self, short: &[&str], long: &[&str]) {
        for (a, slot) in short.iter().zip(&mut self.of_short).filter(|(_, slot)| slot.is_none()) {
            for j in 0..long.len().saturating_sub(1) {
                let free = self.taken.get(j..j + 2) == Some(&[false, false]);
                let pair = long.get(j..j + 2).unwrap_or_default();
                if free && (same_letters(&[a], pair) || are_initials(&[a], pair)) {
                    self.taken.iter_mut().skip(j).take(2).for_each(|taken| *taken = true);
                    *slot = Some(j);
                    self.worst = if a.len() > 2 { self.worst } else { Agreement::Compatible };
                    break;
                }
            }
        }
        for i in 0..short.len().saturating_sub(1) {
            let free = self.of_short.get(i..i + 2) == Some(&[None, None]);
            let pair = short.get(i..i + 2).unwrap_or_default();
            let same = |b: &str| same_letters(&[b], pair) || are_initials(&[b], pair);
            let mut left = long.iter().zip(&mut self.taken).enumerate().filter(|(_, (_, taken))| !**taken);
            if let Some((j, (b, taken))) = left.find(|(_, (b, _))| free && same(b)) {
                *taken = true;
                self.of_short.iter_mut().skip(i).take(2).for_each(|slot| *slot = Some(j));
                self.worst = if b.len() > 2 { self.worst } else { Agreement::Compatible };
            }
        }
    }

    /// How many words of the longer name are met, two that are glued counting once.
    fn pairs(&self) -> usize {
        let mut places: SmallVec<[usize; 8]> = self.of_short.iter().flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        places.len()
    }

    fn left_of_short(&self) -> usize {
        self.of_short.iter().filter(|slot| slot.is_none()).count()
    }

    fn left_of_long(&self) -> usize {
        self.taken.iter().filter(|taken| !**taken).count()
    }

    /// Whether one person's own name is the father's of the other, where both name fathers: Salman bin Muhammad is the
    /// child, or the father, of Muhammad bin Salman.
    fn child_is_father(&self, short: &[bool], long: &[bool]) -> bool {
        let crossed = |(mine, slot): (&bool, &Option<usize>)| slot.is_some_and(|place| long.get(place) != Some(mine));
        short.contains(&true) && long.contains(&true) && short.iter().zip(&self.of_short).any(crossed)
    }

    /// All words of the shorter name are in the longer. A single word is a first or a last name; of two, one is what
    /// the longer begins with: a father and his son may share the second name, and the third.
    fn where_more_is_said(&self, short: &[&str], long: &[&str]) -> Agreement {
        let first = self.taken.first() == Some(&true);
        let last = self.taken.last() == Some(&true);
        let enough = match short {
            [only] => (first || last) && (only.len() > 1 || long.len() > 1 && first),
            [_, _] => first,
            _ => true,
        };
        if enough { Agreement::Compatible } else { Agreement::Contradict }
    }
}

/// Compares a word of each of two full names; the last is a surname more often than not.
fn words((a, a_last): (Word<'_>, bool), (b, b_last): (Word<'_>, bool)) -> Agreement {
    match (a_last, b_last) {
        (false, false) => given_word(a, b),
        (true, true) => surname_word(a, b),
        _ => either_word(a, b),
    }
}

fn surname_words(a: &str, b: &str) -> Agreement {
    surname_word(Word::of(a), Word::of(b))
}

/// Whether a single word is the initials of all the others: `jc` of `jean claude`. `jo` is a name.
fn are_initials(short: &[&str], long: &[&str]) -> bool {
    let [word] = short else { return false };
    let initials = word.len() == long.len() && word.bytes().eq(long.iter().filter_map(|other| other.bytes().next()));
    (2..=3).contains(&word.len()) && initials && given(word).is_none()
}

fn glued(words: &[&str]) -> String {
    words.concat()
}

/// The generation that a canonical name says, in its one form: `jr` of `john smith jr`.
pub(crate) fn generation_of(name: &str) -> Option<&'static str> {
    let name = Name::of(name)?;
    name.generation.or_else(|| (name.all.len() > 1 && name.all.last() == Some(&"i")).then_some("i"))
}

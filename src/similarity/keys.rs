//! Keys of values: two that agree or are compatible always share one, so that only those need be compared.
//!
//! A short name that may be part of many (a given name by itself) would need a key that says next to nothing. It has
//! keys as a *lone* one, which meet the keys that every longer name has for its words; two longer names need not be
//! compared for sharing these.

use super::date::Date;
use super::lexicon::{given, is_generic, is_particle};
use super::name::Name;
use super::phonetic::{skeleton, sound};
use super::values::{alphanumeric, area, extension, local, plain_user};
use super::{address, organisation};
use smallvec::SmallVec;

/// A key of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    hash: u64,
    /// Values need not be compared for sharing keys of which neither is lone.
    pub(crate) lone: bool,
}

pub(crate) type Keys = SmallVec<[Key; 8]>;

impl Key {
    /// What two keys must have in common.
    pub(crate) fn hash(self) -> u64 {
        self.hash
    }
}

/// The keys of a value that only equal ones agree with.
pub(crate) fn of_whole(value: &str) -> Keys {
    Keys::from_slice(&[key(b'=', value.bytes())])
}

pub(crate) fn of_text(text: &str) -> Keys {
    let mut buffer = [0; 4];
    let mut hash = Hash::new(b't');
    let mut any = false;
    for c in alphanumeric(text) {
        any = true;
        hash.add(c.encode_utf8(&mut buffer).bytes());
    }
    if any { Keys::from_slice(&[hash.key()]) } else { of_whole(text) }
}

pub(crate) fn of_email(email: &str) -> Keys {
    let Some((user, domain)) = email.rsplit_once('@') else { return of_whole(email) };
    let mut hash = Hash::new(b'm');
    let mut buffer = [0; 4];
    plain_user(user).for_each(|c| hash.add(c.encode_utf8(&mut buffer).bytes()));
    hash.add("@".bytes().chain(domain.bytes()));
    Keys::from_slice(&[hash.key()])
}

pub(crate) fn of_phone(phone: &str) -> Keys {
    let tail = local(extension(phone).0);
    Keys::from_slice(&[key(b'p', tail.bytes())])
}

pub(crate) fn of_postcode(postcode: &str) -> Keys {
    Keys::from_slice(&[key(b'z', area(postcode).bytes())])
}

pub(crate) fn of_date(date: &str) -> Keys {
    let Some(known) = Date::canonical(date) else { return of_whole(date) };
    // One slip leaves the year, or month and day, as they are; a swap leaves the year, and the two numbers.
    let mut keys = Keys::from_slice(&[key(b'y', known.year().to_be_bytes())]);
    keys.extend(known.month_and_day().map(|(month, day)| key(b'd', [month.min(day), month.max(day)])));
    keys
}

pub(crate) fn of_address(text: &str) -> Keys {
    let mut keys: Keys = address::anchors(text).map(|anchor| key(b'a', anchor.bytes())).collect();
    keys.push(key(b'=', text.bytes()));
    unique(keys)
}

pub(crate) fn of_given_name(name: &str) -> Keys {
    let Some(known) = Name::of(name) else { return of_whole(name) };
    // The first words meet, or the first letters of all run into one.
    let mut keys = Keys::new();
    for word in [known.core.first(), known.all.first()].into_iter().flatten() {
        // Two words of the table meet on one of its lines, or not at all.
        let lone = given(word).is_none();
        keys.extend(marks(word).into_iter().map(|mark| Key { lone: lone || mark >= LINES, ..mark_key(mark) }));
    }
    keys.push(joined(&known.all));
    unique(keys)
}

pub(crate) fn of_surname(name: &str) -> Keys {
    let Some(known) = Name::of(name) else { return of_whole(name) };
    unique(known.all.iter().flat_map(|word| marks(word)).map(mark_key).collect())
}

pub(crate) fn of_full_name(name: &str) -> Keys {
    let Some(known) = Name::of_full(name) else { return of_whole(name) };
    let core = organisation::core(&known.whole);
    let weight = |words: &[&str]| words.iter().filter(|word| !is_generic(word) && !is_particle(word)).count();
    let weight = weight(&core).min(weight(&known.core));
    let person = organisation::kind(&known.whole) == organisation::Kind::Person;
    let words = match (person, weight) {
        (false, _) => &known.whole,
        (true, 0) => &known.all,
        (true, _) => &known.core,
    };
    let marks: SmallVec<[Marks; 8]> = words.iter().map(|word| marks(word)).collect();
    let mut keys = Keys::new();
    keys.extend(marks.iter().flatten().map(|&mark| Key { lone: weight < 2, ..mark_key(mark) }));
    // Two names of people meet in all words of one of them, so in its last word and another; or in the one before the
    // last, where the two are one word in the other.
    for (place, one) in marks.iter().enumerate() {
        for (other_place, other) in marks.iter().enumerate().skip(place + 1) {
            let lone = !person || weight < 2 || other_place + 2 >= marks.len();
            for &a in one {
                keys.extend(other.iter().map(|&b| Key { lone, ..pair_key(a.min(b), a.max(b)) }));
            }
        }
    }
    keys.extend([joined(&known.all), joined(&known.whole), joined(&core)]);
    unique(keys)
}

/// What a word may be met by: a letter that it may begin with in another spelling, or a line of the table of names.
/// Two words that do not contradict share one.
type Marks = SmallVec<[u32; 6]>;

/// From here on, marks are lines.
const LINES: u32 = 256;

fn marks(word: &str) -> Marks {
    let mut marks: Marks = word.bytes().next().map(u32::from).into_iter().collect();
    marks.extend(sound(word).first().map(|&byte| u32::from(byte)));
    if word.len() >= 2 {
        marks.extend(skeleton(word).first().map(|&byte| u32::from(byte)));
    }
    if let Some(known) = given(word) {
        marks.extend(known.lines().map(|line| LINES + u32::from(line)));
        marks.extend(known.short_letters().map(u32::from));
    }
    marks.sort_unstable();
    marks.dedup();
    marks
}

fn mark_key(mark: u32) -> Key {
    key(b'1', mark.to_be_bytes())
}

fn pair_key(a: u32, b: u32) -> Key {
    key(b'2', a.to_be_bytes().into_iter().chain(b.to_be_bytes()))
}

fn joined(words: &[&str]) -> Key {
    key(b'j', words.iter().flat_map(|word| word.bytes()))
}

fn unique(mut keys: Keys) -> Keys {
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn key(kind: u8, bytes: impl IntoIterator<Item = u8>) -> Key {
    let mut hash = Hash::new(kind);
    hash.add(bytes.into_iter());
    hash.key()
}

/// FNV-1a: the same on every machine. Keys that collide cost a comparison, nothing else.
struct Hash(u64);

impl Hash {
    fn new(kind: u8) -> Self {
        let mut hash = Self(0xcbf2_9ce4_8422_2325);
        hash.add([kind].into_iter());
        hash
    }

    fn add(&mut self, bytes: impl Iterator<Item = u8>) {
        self.0 = bytes.fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    }

    fn key(self) -> Key {
        Key { hash: self.0, lone: true }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Keys, of_address, of_date, of_email, of_full_name, of_given_name, of_phone, of_postcode, of_surname, of_text,
    };
    use crate::similarity::{
        Agreement, address, date_agreement, email, full_name, given_name, phone, postcode, surname, text,
    };
    use proptest::prelude::*;

    type Kind = (&'static str, fn(&str) -> Keys, fn(&str, &str) -> Agreement);

    const KINDS: [Kind; 9] = [
        ("given name", of_given_name, given_name),
        ("surname", of_surname, surname),
        ("full name", of_full_name, full_name),
        ("text", of_text, text),
        ("address", of_address, address),
        ("date", of_date, date_agreement),
        ("email", of_email, email),
        ("phone", of_phone, phone),
        ("postcode", of_postcode, postcode),
    ];

    fn meet(a: &Keys, b: &Keys) -> bool {
        a.iter().any(|one| b.iter().any(|other| one.hash() == other.hash() && (one.lone || other.lone)))
    }

    /// A name out of few words, and another made of it: words moved, dropped, misspelt, glued, shortened.
    fn names() -> impl Strategy<Value = (String, String)> {
        let word = prop_oneof![
            3 => prop::sample::select(&[
                "bob", "robert", "rob", "pat", "patricia", "kate", "catherine", "candace", "kandace", "philip", "filip",
                "jean", "claude", "jc", "smith", "smyth", "macdonald", "mcdonald", "mc", "obama", "wbm", "fysl", "faisal",
                "sdyqy", "siddiqui", "ivanov", "ivanova", "van", "de", "la", "bin", "al", "jr", "ii", "group", "holdings",
                "co", "ltd", "inc", "sa", "s", "a", "j", "c", "apple", "the", "and", "ooo", "gmbh", "12", "main", "st",
                "apt", "oak", "89111", "hhh", "ees", "oona", "una", "x", "yuri", "juri", "jorge", "george",
            ][..]).prop_map(str::to_owned),
            1 => "[a-k]{1,9}",
        ];
        (prop::collection::vec(word.clone(), 1..6), prop::collection::vec((0..7_u8, 0..6_usize, word), 0..4)).prop_map(
            |(words, changes)| {
                let mut other = words.clone();
                for (how, place, word) in changes {
                    let place = place % other.len().max(1);
                    match how {
                        0 => other.rotate_left(place),
                        1 if other.len() > 1 => drop(other.remove(place)),
                        2 => other.insert(place, word),
                        3 if place + 1 < other.len() => {
                            let second = other.remove(place + 1);
                            if let Some(first) = other.get_mut(place) {
                                first.push_str(&second);
                            }
                        }
                        4 => {
                            if let Some(word) = other.get_mut(place) {
                                word.truncate(1);
                            }
                        }
                        5 => {
                            if let Some(word) = other.get_mut(place) {
                                let mut letters: Vec<char> = word.chars().collect();
                                letters.reverse();
                                letters.truncate(letters.len().max(3) - 1);
                                letters.reverse();
                                *word = letters.into_iter().collect();
                            }
                        }
                        _ => {
                            if let Some(changed) = other.get_mut(place) {
                                *changed = word;
                            }
                        }
                    }
                }
                (words.join(" "), other.join(" "))
            },
        )
    }

    fn others() -> impl Strategy<Value = String> {
        prop_oneof![
            "19(77|78|87)(-(11|12|01)(-(11|12|21|02))?)?",
            "\\+?[17]{0,2}[1-3]{5,9}(;ext=[12])?",
            "[ab.+]{1,4}@[xy]",
            "[A-C1-2]{1,6}",
            any::<String>(),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn names_that_do_not_contradict_share_a_key((a, b) in names()) {
            for (kind, keys, agreement) in &KINDS[..5] {
                if agreement(&a, &b).allows() {
                    prop_assert!(meet(&keys(&a), &keys(&b)), "{kind}: {a} | {b}");
                }
            }
        }

        #[test]
        fn values_that_do_not_contradict_share_a_key(a in others(), b in others()) {
            for (kind, keys, agreement) in KINDS {
                if agreement(&a, &b).allows() {
                    prop_assert!(meet(&keys(&a), &keys(&b)), "{kind}: {a} | {b}");
                }
                prop_assert!(meet(&keys(&a), &keys(&a)), "{kind}: {a}");
            }
        }
    }
}

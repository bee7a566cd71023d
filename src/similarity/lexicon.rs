//! The tables of facts about names, read once.

use ahash::{AHashMap, AHashSet, RandomState};
use smallvec::SmallVec;
use std::sync::LazyLock;

/// What a name is on a line of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Spelling,
    Short,
    Cognate,
}

/// Where a name stands in the table of given names.
pub(crate) struct Given {
    /// By line.
    places: SmallVec<[(u16, Place); 3]>,
    /// Whether it is short for one name only, and no name by itself.
    one_meaning: bool,
    /// Whether it is a name by itself on some line.
    a_name: bool,
    /// The letters that the short forms of its lines begin with, from `a` at the lowest bit.
    short_letters: u32,
}

/// How two known given names stand to each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kinship {
    Same,
    Related,
    Strangers,
}

static GIVEN: LazyLock<AHashMap<&'static str, Given>> = LazyLock::new(|| read_given(include_str!("given_names.txt")));

/// Looks a canonical word up among the given names.
pub(crate) fn given(word: &str) -> Option<&'static Given> {
    GIVEN.get(word)
}

impl Given {
    /// Says how two names stand to each other: one name, names that one person may go by, or two names.
    pub(crate) fn kinship(&self, other: &Self) -> Kinship {
        let mut best = Kinship::Strangers;
        let (mut mine, mut theirs) = (self.places.iter().peekable(), other.places.iter().peekable());
        while let (Some(&&(line, place)), Some(&&(other_line, other_place))) = (mine.peek(), theirs.peek()) {
            if line < other_line {
                mine.next();
            } else if other_line < line {
                theirs.next();
            } else {
                match (place, other_place) {
                    (Place::Spelling, Place::Spelling) => return Kinship::Same,
                    (Place::Spelling, Place::Short) if other.one_meaning => return Kinship::Same,
                    (Place::Short, Place::Spelling) if self.one_meaning => return Kinship::Same,
                    // Lisa and Beth are both short for Elizabeth, and two people all the same; Bob and Rob may be one.
                    (Place::Short, Place::Short) if self.a_name || other.a_name => {}
                    (Place::Cognate, Place::Cognate | Place::Short) | (Place::Short, Place::Cognate) => {}
                    _ => best = Kinship::Related,
                }
                mine.next();
                theirs.next();
            }
        }
        best
    }

    /// Says whether a short form of it begins with a letter.
    pub(crate) fn may_begin_with(&self, letter: u8) -> bool {
        self.short_letters & bit(letter) != 0
    }

    /// The letters that short forms of it begin with.
    pub(crate) fn short_letters(&self) -> impl Iterator<Item = u8> + '_ {
        (b'a'..=b'z').filter(|letter| self.may_begin_with(*letter))
    }

    /// The lines that it stands on: two names that are not strangers share one.
    pub(crate) fn lines(&self) -> impl Iterator<Item = u16> + '_ {
        self.places.iter().map(|(line, _)| *line)
    }
}

/// The lines of the table, each in its sections; a name without variants is a line by itself.
fn given_lines(table: &'static str) -> impl Iterator<Item = SmallVec<[&'static str; 3]>> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).flat_map(|line| {
        let lines: Vec<SmallVec<[&'static str; 3]>> = match line.strip_prefix('-') {
            Some(names) => names.split_whitespace().map(|name| SmallVec::from_slice(&[name])).collect(),
            None => vec![line.split(':').map(str::trim).collect()],
        };
        lines
    })
}

fn read_given(table: &'static str) -> AHashMap<&'static str, Given> {
    let mut names: AHashMap<&'static str, Given> = hash_map();
    for (line, sections) in (0_u16..).zip(given_lines(table)) {
        let shorts = sections.get(1).into_iter().flat_map(|names| names.split_whitespace());
        let short_letters =
            shorts.filter_map(|name| name.bytes().next()).fold(0, |letters, first| letters | bit(first));
        for (names_of, place) in sections.iter().zip([Place::Spelling, Place::Short, Place::Cognate]) {
            for name in names_of.split_whitespace() {
                let given = names.entry(name).or_insert_with(|| Given {
                    places: SmallVec::new(),
                    one_meaning: true,
                    a_name: false,
                    short_letters: 0,
                });
                if place == Place::Spelling {
                    given.short_letters |= short_letters;
                }
                if given.places.last().is_none_or(|(known, _)| *known != line) {
                    given.places.push((line, place));
                }
            }
        }
    }
    for given in names.values_mut() {
        let lines = |wanted: Place| given.places.iter().filter(|(_, place)| *place == wanted).count();
        given.a_name = lines(Place::Spelling) > 0;
        given.one_meaning = lines(Place::Short) == 1 && !given.a_name;
    }
    names
}

/// A lower-case letter as one bit; none of anything else.
fn bit(letter: u8) -> u32 {
    if letter.is_ascii_lowercase() { 1 << (letter - b'a') } else { 0 }
}

/// The seeds are fixed: a library draws no random number, and the table is its own.
fn hash_map<V>() -> AHashMap<&'static str, V> {
    AHashMap::with_hasher(RandomState::with_seeds(5, 6, 7, 8))
}

/// A legal form, as a place in the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct LegalForm {
    line: u16,
    /// It says "company" and no more.
    pub(crate) any: bool,
    /// Its words mean nothing else.
    pub(crate) certain: bool,
    /// How many words it has.
    pub(crate) words: usize,
}

impl LegalForm {
    /// Says whether two forms can be of one organisation.
    pub(crate) fn allows(self, other: Self) -> bool {
        self.any || other.any || self.line == other.line
    }
}

/// The words of a form, and the form.
type Phrase = (Vec<&'static str>, LegalForm);

/// The forms by their first words and by their last, the longest first.
static LEGAL: LazyLock<[AHashMap<&'static str, Vec<Phrase>>; 2]> = LazyLock::new(|| {
    let forms = read_legal(include_str!("legal_forms.txt"));
    let index = |word: fn(&[&'static str]) -> Option<&'static str>| {
        let mut index: AHashMap<&'static str, Vec<Phrase>> = hash_map();
        for (words, form) in &forms {
            index.entry(word(words).unwrap_or_default()).or_default().push((words.clone(), *form));
        }
        index.values_mut().for_each(|forms| forms.sort_by_key(|(words, _)| std::cmp::Reverse(words.len())));
        index
    };
    [index(|words| words.first().copied()), index(|words| words.last().copied())]
});

/// Finds the longest legal form that the words begin with.
pub(crate) fn legal_form(words: &[&str]) -> Option<LegalForm> {
    let [by_first, _] = &*LEGAL;
    let forms = by_first.get(words.first()?)?;
    forms.iter().find(|(form, _)| words.starts_with(form)).map(|(_, form)| *form)
}

/// Finds the longest legal form that the words end in.
pub(crate) fn legal_form_at_end(words: &[&str]) -> Option<LegalForm> {
    let [_, by_last] = &*LEGAL;
    let forms = by_last.get(words.last()?)?;
    forms.iter().find(|(form, _)| words.ends_with(form)).map(|(_, form)| *form)
}

/// Words that are no legal forms and that only organisations have in their names.
static ORGANISATIONS: LazyLock<AHashSet<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("legal_forms.txt").lines().filter_map(|line| line.strip_prefix('+'));
    let mut words = AHashSet::with_hasher(RandomState::with_seeds(5, 6, 7, 8));
    words.extend(lines.flat_map(str::split_whitespace));
    words
});

/// Says whether only organisations have a word in their names.
pub(crate) fn is_of_organisations(word: &str) -> bool {
    ORGANISATIONS.contains(word)
}

fn read_legal(table: &'static str) -> Vec<Phrase> {
    let mut forms = Vec::new();
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '+']));
    for (line, text) in (0_u16..).zip(lines) {
        let (any, text) = text.strip_prefix('*').map_or((false, text), |rest| (true, rest));
        let (all, doubtful) = text.split_once('?').unwrap_or((text, ""));
        let doubtful = phrases(doubtful);
        for phrase in phrases(all) {
            let words: Vec<&str> = phrase.split(' ').collect();
            let form = LegalForm { line, any, certain: !doubtful.contains(&phrase), words: words.len() };
            forms.push((words, form));
        }
    }
    forms
}

/// Words, and quoted runs of words.
fn phrases(text: &'static str) -> Vec<&'static str> {
    let parts = text.split('"').enumerate();
    parts
        .flat_map(|(place, part)| if place % 2 == 1 { vec![part] } else { part.split_whitespace().collect() })
        .collect()
}

/// Generations of one name: what is written after it.
const GENERATIONS: [(&str, &str); 12] = [
    ("jr", "jr"),
    ("jnr", "jr"),
    ("junior", "jr"),
    ("sr", "sr"),
    ("snr", "sr"),
    ("senior", "sr"),
    ("ii", "ii"),
    ("2nd", "ii"),
    ("iii", "iii"),
    ("3rd", "iii"),
    ("iv", "iv"),
    ("4th", "iv"),
];

/// The one form of a generation suffix, if the word is one.
pub(crate) fn generation(word: &str) -> Option<&'static str> {
    GENERATIONS.iter().find(|(known, _)| *known == word).map(|(_, form)| *form)
}

/// Says whether a word before a name is a title.
pub(crate) fn is_title(word: &str) -> bool {
    matches!(
        word,
        "mr" | "mrs"
            | "ms"
            | "miss"
            | "mx"
            | "dr"
            | "prof"
            | "professor"
            | "sir"
            | "madam"
            | "mme"
            | "mlle"
            | "monsieur"
            | "madame"
            | "herr"
            | "frau"
            | "dipl"
            | "ing"
            | "sig"
            | "signor"
            | "signora"
            | "sr"
            | "sra"
            | "srta"
            | "senor"
            | "senora"
            | "dna"
            | "rev"
            | "reverend"
            | "hon"
            | "lord"
            | "lady"
            | "dame"
            | "president"
            | "prasident"
            | "messrs"
            | "shri"
            | "smt"
            | "sheikh"
            | "shaikh"
            | "shaykh"
            | "haji"
            | "hajji"
            | "hajah"
            | "mullah"
            | "qari"
    )
}

/// Says whether a word joins the parts of a name and carries no weight itself.
pub(crate) fn is_particle(word: &str) -> bool {
    // Most words are longer, and need not be looked at.
    word.len() <= 5
        && matches!(
            word,
            "van"
                | "von"
                | "vom"
                | "zu"
                | "zum"
                | "zur"
                | "der"
                | "den"
                | "dem"
                | "de"
                | "del"
                | "della"
                | "delle"
                | "dei"
                | "di"
                | "da"
                | "das"
                | "do"
                | "dos"
                | "du"
                | "des"
                | "la"
                | "las"
                | "le"
                | "les"
                | "lo"
                | "los"
                | "el"
                | "al"
                | "ul"
                | "ur"
                | "ad"
                | "as"
                | "ar"
                | "bin"
                | "ibn"
                | "ben"
                | "bn"
                | "bint"
                | "binti"
                | "af"
                | "av"
                | "ter"
                | "ten"
                | "te"
                | "y"
                | "e"
                | "und"
                | "and"
                | "of"
                | "the"
        )
}

/// Says whether a word says that the one before it is the child of the one after it.
pub(crate) fn is_patronymic(word: &str) -> bool {
    matches!(word, "bin" | "ibn" | "ben" | "bn" | "bint" | "binti")
}

/// Says whether a word in the name of an organisation tells it from no other.
pub(crate) fn is_generic(word: &str) -> bool {
    matches!(
        word,
        "the"
            | "and"
            | "of"
            | "und"
            | "et"
            | "y"
            | "e"
            | "for"
            | "group"
            | "holding"
            | "holdings"
            | "worldwide"
            | "global"
            | "gruppe"
            | "groupe"
            | "usa"
            | "us"
            | "uk"
            | "europe"
            | "deutschland"
            | "france"
    )
}

#[cfg(test)]
mod tests {
    use super::{GIVEN, Kinship, given, legal_form};

    #[test]
    fn the_table_is_canonical() {
        assert!(GIVEN.len() > 2_500, "{}", GIVEN.len());
        for name in GIVEN.keys() {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase()), "{name}");
        }
    }

    #[test]
    fn names_are_kin_by_their_lines() {
        for (a, b, kinship) in [
            ("bob", "robert", Kinship::Same),
            ("bob", "robbie", Kinship::Related),
            ("jon", "john", Kinship::Same),
            ("juan", "john", Kinship::Related),
            ("pat", "patricia", Kinship::Related),
            ("maria", "mario", Kinship::Strangers),
            ("patricia", "patrick", Kinship::Strangers),
            ("mary", "mark", Kinship::Strangers),
            ("darla", "darlene", Kinship::Strangers),
        ] {
            assert!(given(a).unwrap().kinship(given(b).unwrap()) == kinship, "{a} {b}");
            assert!(given(b).unwrap().kinship(given(a).unwrap()) == kinship, "{b} {a}");
        }
    }

    #[test]
    fn legal_forms_are_found_at_their_longest() {
        let form = |text: &str| legal_form(&text.split(' ').collect::<Vec<_>>());
        assert_eq!(form("limited liability company stripe").map(|form| form.words), Some(3));
        assert!(form("ltd").unwrap().allows(form("limited").unwrap()));
        assert!(
            !form("ltd").unwrap().allows(form("gmbh").unwrap()) && form("co").unwrap().allows(form("inc").unwrap())
        );
        assert!(!form("sa").unwrap().certain && form("inc").unwrap().certain && form("smith").is_none());
    }
}

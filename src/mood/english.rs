//! Whether a text is English, as far as can be told.

/// The commonest words of English.
const ENGLISH: &[&str] = &[
    "the", "and", "of", "to", "it", "it's", "its", "is", "was", "i", "i'm", "i've", "i'll", "i'd", "this", "that",
    "these", "those", "with", "for", "my", "your", "our", "you", "they", "them", "their", "she", "he's", "his", "her",
    "him", "we", "we're", "you're", "they're", "were", "are", "been", "being", "have", "has", "but", "not", "very",
    "really", "would", "could", "should", "which", "what", "when", "where", "who", "why", "how", "there", "here",
    "from", "about", "after", "before", "because", "than", "then", "just", "only", "never", "always", "again", "ever",
    "don't", "didn't", "doesn't", "isn't", "wasn't", "aren't", "weren't", "can't", "won't", "couldn't", "wouldn't",
    "haven't", "hasn't", "cannot", "too", "if", "by", "at", "or", "be", "does", "did", "any", "some", "much", "more",
    "most", "nothing",
];

/// The commonest words of languages in Latin letters, English words among them where those are rarer.
const FOREIGN: &[&str] = &[
    // German
    "der", "die", "das", "und", "ist", "nicht", "ich", "wir", "ein", "eine", "mit", "für", "auf", "den", "dem", "zu",
    "sehr", "war", "auch", "aber", "von", "es", "wie", "bei", "nur", "noch", "habe", "hat", "mein", "meine", "im",
    "bin", // French
    "le", "la", "les", "des", "est", "et", "je", "pas", "une", "un", "que", "qui", "pour", "dans", "avec", "très",
    "tres", "mais", "sur", "vous", "nous", "ce", "c'est", "ma", "mon", "du", "de", "elle", "sont", "j'ai", "n'est",
    // Spanish, Portuguese, Italian, Romanian
    "el", "los", "las", "y", "muy", "con", "para", "por", "una", "mi", "pero", "lo", "se", "está", "gracias", "del",
    "su", "os", "não", "é", "com", "uma", "um", "muito", "mas", "meu", "minha", "foi", "il", "che", "di", "è", "non",
    "per", "molto", "sono", "questo", "è", "gli", "ho", "și", "nu", "este", "foarte",
    // Dutch, Swedish, Danish, Norwegian
    "het", "een", "en", "niet", "ik", "je", "van", "zijn", "maar", "dit", "dat", "voor", "heel", "erg", "och", "det",
    "är", "inte", "jag", "ett", "som", "på", "mycket", "med", "för", "att", "og", "ikke", "jeg", "er", "meget", "var",
    // Polish, Czech, Turkish, Finnish, Hungarian, Indonesian
    "nie", "jest", "się", "na", "bardzo", "ale", "że", "je", "velmi", "bir", "çok", "ve", "değil", "bu", "için", "ja",
    "ei", "oli", "että", "ez", "egy", "nem", "az", "és", "yang", "dan", "tidak", "ini", "sangat", "saya",
];

/// Tells whether a text is English: at least nine letters in ten are of the plain Latin alphabet, and of its words one in
/// five is among the commonest of English, two at the least, or one where it has no more than five; and more of them are
/// than are among the commonest of other languages. O(words, and the words known).
pub(super) fn is_english(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let plain = text.chars().filter(char::is_ascii_alphabetic).count();
    if plain * 10 < letters * 9 {
        return false;
    }
    let (mut words, mut english, mut foreign) = (0_usize, 0_usize, 0_usize);
    let text = text.replace('’', "'").to_lowercase();
    for word in text.split(|c: char| !c.is_alphabetic() && c != '\'') {
        let word = word.trim_matches('\'');
        if !word.is_empty() {
            words += 1;
            english += usize::from(ENGLISH.contains(&word));
            foreign += usize::from(FOREIGN.contains(&word));
        }
    }
    let least = if words <= 5 { 1 } else { 2 };
    english >= least && english * 5 >= words && english > foreign
}

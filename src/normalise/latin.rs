//! Names as words of lower-case Latin letters.

use crate::similarity::{generation, is_title, legal_form};
use std::borrow::Cow;

/// Brings text to ASCII words of lower case, one space between two: other scripts letter by letter, apostrophes gone,
/// any other mark a space. Characters that are words by themselves (Han, Hangul) are.
///
/// Empty where no letter or digit is left.
pub(super) fn words(text: &str) -> Cow<'_, str> {
    if is_words(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            push(&mut out, c as u8);
            continue;
        }
        let word = is_word(c);
        let bare = is_abugida(c);
        let mut latin = any_ascii::any_ascii_char(c).bytes().filter(|byte| !bare || !b"aeiou".contains(byte));
        if word {
            push(&mut out, b' ');
        }
        latin.by_ref().for_each(|byte| push(&mut out, byte));
        if word {
            push(&mut out, b' ');
        }
    }
    if out.ends_with(' ') {
        out.pop();
    }
    Cow::Owned(out)
}

/// The canonical form of a given name: its words without titles before it, a generation after it in one form.
pub(super) fn given_name(text: &str) -> Cow<'_, str> {
    with_generation(without_titles(words(text)))
}

/// The canonical form of a surname: its words, a generation after it in one form.
pub(super) fn surname(text: &str) -> Cow<'_, str> {
    with_generation(words(text))
}

/// The canonical form of a full name: `Smith Jr, Dr. John` is `john smith jr`, and `&` is `and`.
pub(super) fn full_name(text: &str) -> Cow<'_, str> {
    if is_words(text) {
        return with_generation(without_titles(Cow::Borrowed(text)));
    }
    let text = if text.contains('&') { Cow::Owned(text.replace('&', " and ")) } else { Cow::Borrowed(text) };
    let ordered = match text.split_once([',', '，', '、', '،']) {
        Some((before, after)) => reordered(before, after),
        None => words(&text).into_owned(),
    };
    with_generation(without_titles(Cow::Owned(ordered)))
}

/// Puts what stands after commas first, unless it is a generation or a legal form.
fn reordered(before: &str, after: &str) -> String {
    let first = without_titles(words(before));
    let (mut names, mut tail) = (Vec::new(), Vec::new());
    for part in after.split([',', '，', '、', '،']) {
        let part = words(part);
        let list: Vec<&str> = part.split(' ').filter(|word| !word.is_empty()).collect();
        if list.is_empty() {
            continue;
        }
        let only_form = legal_form(&list).is_some_and(|form| form.words == list.len());
        if only_form || (list.len() == 1 && list.first().copied().and_then(generation).is_some()) {
            tail.push(part.into_owned());
        } else {
            let part = without_titles(part);
            let (name, suffix) = split_generation(&part);
            names.push(name.to_owned());
            tail.extend(suffix.map(str::to_owned));
        }
    }
    let (first, suffix) = if names.is_empty() { (first.as_ref(), None) } else { split_generation(&first) };
    let parts = names.iter().map(String::as_str).chain([first]);
    let parts = parts.chain(tail.iter().map(String::as_str)).chain(suffix).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

/// Parts a name from the generation at its end.
fn split_generation(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(' ') {
        Some((rest, last)) if generation(last).is_some() => (rest, Some(last)),
        _ => (name, None),
    }
}

fn without_titles(name: Cow<'_, str>) -> Cow<'_, str> {
    let mut rest = name.as_ref();
    while let Some((_, after)) = rest.split_once(' ').filter(|(first, _)| is_title(first)) {
        rest = after;
    }
    let cut = name.len() - rest.len();
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.get(cut..).unwrap_or(name)),
        Cow::Owned(mut name) => {
            name.drain(..cut);
            Cow::Owned(name)
        }
    }
}

fn with_generation(name: Cow<'_, str>) -> Cow<'_, str> {
    match name.rsplit_once(' ').and_then(|(rest, last)| Some((rest, last, generation(last)?))) {
        Some((rest, last, form)) if last != form => Cow::Owned(format!("{rest} {form}")),
        _ => name,
    }
}

/// Adds a character of a word, or ends the word.
fn push(out: &mut String, byte: u8) {
    match byte {
        b'\'' | b'`' => {}
        byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte.to_ascii_lowercase())),
        _ if out.is_empty() || out.ends_with(' ') => {}
        _ => out.push(' '),
    }
}

/// Whether text is words already.
fn is_words(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b' ';
    text.bytes().all(plain) && !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  ")
}

/// Whether a character is of a script whose vowels are romanised in too many ways to be compared: Thai, Lao, Burmese,
/// Khmer. Of these, consonants are kept, as those of Arabic and Hebrew are.
fn is_abugida(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

/// Whether a character is a word, or a syllable that is written as one: Han and Hangul.
fn is_word(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' | '\u{ac00}'..='\u{d7a3}')
}

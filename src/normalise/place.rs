//! Postal addresses in one form.

use super::latin;
use std::borrow::Cow;

/// What is written in many ways, and how it is written here: kinds of streets and parts of houses as the USPS
/// (Publication 28) abbreviates them, directions, ordinals.
const SHORT: [(&str, &str); 104] = [
    ("alley", "aly"),
    ("apartment", "apt"),
    ("appartement", "apt"),
    ("appt", "apt"),
    ("av", "ave"),
    ("aven", "ave"),
    ("avenida", "ave"),
    ("avenue", "ave"),
    ("avn", "ave"),
    ("beach", "bch"),
    ("bldng", "bldg"),
    ("boul", "blvd"),
    ("boulevard", "blvd"),
    ("boulv", "blvd"),
    ("bridge", "brg"),
    ("building", "bldg"),
    ("center", "ctr"),
    ("centre", "ctr"),
    ("circ", "cir"),
    ("circle", "cir"),
    ("close", "cl"),
    ("corner", "cor"),
    ("court", "ct"),
    ("cove", "cv"),
    ("creek", "crk"),
    ("cres", "crescent"),
    ("crossing", "xing"),
    ("crt", "ct"),
    ("department", "dept"),
    ("driv", "dr"),
    ("drive", "dr"),
    ("drv", "dr"),
    ("east", "e"),
    ("eighth", "8th"),
    ("estate", "est"),
    ("estates", "ests"),
    ("expressway", "expy"),
    ("fifth", "5th"),
    ("first", "1st"),
    ("flat", "apt"),
    ("floor", "fl"),
    ("flr", "fl"),
    ("fort", "ft"),
    ("fourth", "4th"),
    ("freeway", "fwy"),
    ("garden", "gdn"),
    ("gardens", "gdns"),
    ("grove", "grv"),
    ("harbor", "hbr"),
    ("harbour", "hbr"),
    ("heights", "hts"),
    ("highway", "hwy"),
    ("hill", "hl"),
    ("hills", "hls"),
    ("hiway", "hwy"),
    ("island", "is"),
    ("junction", "jct"),
    ("lane", "ln"),
    ("meadow", "mdw"),
    ("meadows", "mdws"),
    ("mount", "mt"),
    ("mountain", "mtn"),
    ("ninth", "9th"),
    ("north", "n"),
    ("northeast", "ne"),
    ("northwest", "nw"),
    ("nr", "no"),
    ("num", "no"),
    ("number", "no"),
    ("numero", "no"),
    ("park", "pk"),
    ("parkway", "pkwy"),
    ("pkway", "pkwy"),
    ("pky", "pkwy"),
    ("place", "pl"),
    ("plaza", "plz"),
    ("plza", "plz"),
    ("point", "pt"),
    ("ridge", "rdg"),
    ("road", "rd"),
    ("room", "rm"),
    ("route", "rte"),
    ("second", "2nd"),
    ("seventh", "7th"),
    ("sixth", "6th"),
    ("south", "s"),
    ("southeast", "se"),
    ("southwest", "sw"),
    ("springs", "spgs"),
    ("sqr", "sq"),
    ("square", "sq"),
    ("station", "sta"),
    ("str", "st"),
    ("strasse", "st"),
    ("street", "st"),
    ("strt", "st"),
    ("suite", "ste"),
    ("tenth", "10th"),
    ("terr", "ter"),
    ("terrace", "ter"),
    ("third", "3rd"),
    ("trail", "trl"),
    ("valley", "vly"),
    ("west", "w"),
];

/// The canonical form of an address: its words, each in its short form.
pub(super) fn address(text: &str) -> Cow<'_, str> {
    let words = latin::words(text);
    let known = |word: &str| SHORT.binary_search_by(|(long, _)| (*long).cmp(word)).is_ok();
    let boxed = words.contains("p o box") || words.contains("post office box");
    if !boxed && !words.split(' ').any(|word| known(word) || compound(word).is_some()) {
        return words;
    }
    let boxless =
        if boxed { words.replace("post office box", "po box").replace("p o box", "po box") } else { words.into() };
    let mut out = String::with_capacity(boxless.len());
    for word in boxless.split(' ') {
        if !out.is_empty() {
            out.push(' ');
        }
        match (SHORT.binary_search_by(|(long, _)| (*long).cmp(word)), compound(word)) {
            (Ok(place), _) => out.push_str(SHORT.get(place).map_or(word, |(_, short)| *short)),
            (_, Some(stem)) => {
                out.push_str(stem);
                out.push_str("str");
            }
            _ => out.push_str(word),
        }
    }
    Cow::Owned(out)
}

/// The name of a street that is written in one word with `strasse`.
fn compound(word: &str) -> Option<&str> {
    ["strasse", "strase"].iter().find_map(|kind| word.strip_suffix(kind)).filter(|stem| stem.len() >= 3)
}

#[cfg(test)]
mod tests {
    use super::{SHORT, address};

    #[test]
    fn the_table_can_be_searched_and_settles_at_once() {
        assert!(SHORT.is_sorted_by(|a, b| a.0 < b.0));
        for (long, short) in SHORT {
            assert_eq!(address(short), short, "{long}");
        }
    }
}

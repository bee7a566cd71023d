//! The words that are not in a lexicon and change what those that are in it weigh (Hutto and Gilbert 2014).

/// Words that make the next one stronger.
const STRONGER: &[&str] = &[
    "absolutely",
    "amazingly",
    "awfully",
    "completely",
    "considerable",
    "considerably",
    "decidedly",
    "deeply",
    "effing",
    "enormous",
    "enormously",
    "entirely",
    "especially",
    "exceptional",
    "exceptionally",
    "extreme",
    "extremely",
    "fabulously",
    "flipping",
    "flippin",
    "frackin",
    "fracking",
    "fricking",
    "frickin",
    "frigging",
    "friggin",
    "fully",
    "fuckin",
    "fucking",
    "fuggin",
    "fugging",
    "greatly",
    "hella",
    "highly",
    "hugely",
    "incredible",
    "incredibly",
    "intensely",
    "major",
    "majorly",
    "more",
    "most",
    "particularly",
    "purely",
    "quite",
    "really",
    "remarkably",
    "so",
    "substantially",
    "thoroughly",
    "total",
    "totally",
    "tremendous",
    "tremendously",
    "uber",
    "unbelievably",
    "unusually",
    "utter",
    "utterly",
    "very",
];

/// Words that make the next one weaker.
const WEAKER: &[&str] = &[
    "almost",
    "barely",
    "hardly",
    "just enough",
    "kind of",
    "kinda",
    "kindof",
    "kind-of",
    "less",
    "little",
    "marginal",
    "marginally",
    "occasional",
    "occasionally",
    "partly",
    "scarce",
    "scarcely",
    "slight",
    "slightly",
    "somewhat",
    "sort of",
    "sorta",
    "sortof",
    "sort-of",
];

/// Words that turn the next ones around.
const NEGATIONS: &[&str] = &[
    "aint", "arent", "cannot", "cant", "couldnt", "darent", "didnt", "doesnt", "dont", "hadnt", "hasnt", "havent",
    "isnt", "mightnt", "mustnt", "neither", "neednt", "never", "none", "nope", "nor", "not", "nothing", "nowhere",
    "oughtnt", "shant", "shouldnt", "uhuh", "uh-uh", "wasnt", "werent", "without", "wont", "wouldnt", "rarely",
    "seldom", "despite",
];

/// Phrases that weigh what their words do not.
const PHRASES: &[(&str, f64)] = &[
    ("the shit", 3.0),
    ("the bomb", 3.0),
    ("bad ass", 1.5),
    ("badass", 1.5),
    ("bus stop", 0.0),
    ("yeah right", -2.0),
    ("kiss of death", -1.5),
    ("to die for", 3.0),
    ("beating heart", 3.1),
    ("broken heart", -2.9),
];

/// Emoji that are used most, with their names in Unicode's data.
const EMOJI: &[(char, &str)] = &[
    ('😀', "grinning face"),
    ('😁', "beaming face with smiling eyes"),
    ('😂', "face with tears of joy"),
    ('😃', "grinning face with big eyes"),
    ('😄', "grinning face with smiling eyes"),
    ('😅', "grinning face with sweat"),
    ('😆', "grinning squinting face"),
    ('😉', "winking face"),
    ('😊', "smiling face with smiling eyes"),
    ('😋', "face savoring food"),
    ('😍', "smiling face with heart-eyes"),
    ('😎', "smiling face with sunglasses"),
    ('😐', "neutral face"),
    ('😒', "unamused face"),
    ('😔', "pensive face"),
    ('😕', "confused face"),
    ('😖', "confounded face"),
    ('😘', "face blowing a kiss"),
    ('😞', "disappointed face"),
    ('😟', "worried face"),
    ('😠', "angry face"),
    ('😡', "pouting face"),
    ('😢', "crying face"),
    ('😤', "face with steam from nose"),
    ('😥', "sad but relieved face"),
    ('😩', "weary face"),
    ('😫', "tired face"),
    ('😭', "loudly crying face"),
    ('😱', "face screaming in fear"),
    ('😳', "flushed face"),
    ('🙁', "slightly frowning face"),
    ('☹', "frowning face"),
    ('☺', "smiling face"),
    ('🙂', "slightly smiling face"),
    ('🙄', "face with rolling eyes"),
    ('🤔', "thinking face"),
    ('🤗', "hugging face"),
    ('🤢', "nauseated face"),
    ('🤣', "rolling on the floor laughing"),
    ('🤬', "face with symbols on mouth"),
    ('🤮', "face vomiting"),
    ('🥰', "smiling face with hearts"),
    ('❤', "red heart"),
    ('💔', "broken heart"),
    ('💋', "kiss mark"),
    ('💕', "two hearts"),
    ('💖', "sparkling heart"),
    ('💘', "heart with arrow"),
    ('👍', "thumbs up"),
    ('👎', "thumbs down"),
    ('👏', "clapping hands"),
    ('🙏', "folded hands"),
    ('🎉', "party popper"),
    ('💩', "pile of poo"),
];

/// By how much a word in capitals among others weighs more.
pub(super) const CAPITALS: f64 = 0.733;

/// What a negation multiplies by.
pub(super) const NEGATED: f64 = -0.74;

/// By how much a word, or two, make another stronger; below 0 where they make it weaker.
pub(super) fn boost(words: &str) -> Option<f64> {
    const STEP: f64 = 0.293;
    let step = |list: &[&str], step: f64| list.contains(&words).then_some(step);
    step(STRONGER, STEP).or_else(|| step(WEAKER, -STEP))
}

pub(super) fn is_negation(word: &str) -> bool {
    word.contains("n't") || NEGATIONS.contains(&word)
}

pub(super) fn phrase(words: &str) -> Option<f64> {
    PHRASES.iter().find(|(known, _)| *known == words).map(|(_, valence)| *valence)
}

pub(super) fn emoji_name(emoji: char) -> Option<&'static str> {
    // Below are letters, which are most of a text.
    (emoji >= '\u{2000}').then(|| EMOJI.iter().find(|(known, _)| *known == emoji)).flatten().map(|(_, name)| *name)
}

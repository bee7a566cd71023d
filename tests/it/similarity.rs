//! Names and dates: what agrees, what is compatible, what contradicts.

use Agreement::{Agree, Compatible, Contradict};
use onefold::{Agreement, AttributePolicy, Compare, Policy, Record, normalise};
use proptest::prelude::*;
use std::path::PathBuf;

const KINDS: [Compare; 11] = [
    Compare::Text,
    Compare::GivenName,
    Compare::Surname,
    Compare::FullName,
    Compare::Date,
    Compare::Address,
    Compare::Postcode,
    Compare::Email,
    Compare::Phone,
    Compare::Number,
    Compare::Exact,
];

/// Reads values of a kind as the policy of a region does.
struct Reader(onefold::Rules, Compare);

impl Reader {
    fn new(region: &str, compare: Compare) -> Self {
        let rules = Policy::builder().attribute(AttributePolicy::new("a", compare).exclusive()).default_region(region);
        Self(rules.rules().unwrap(), compare)
    }

    fn canonical(&self, value: &str) -> Option<String> {
        let record = Record::new("s", "1", "2026-01-05T10:00:00Z".parse().unwrap()).attribute("a", value);
        normalise(&self.0, &record).0.facts.first().map(|fact| fact.value.to_string())
    }

    fn agreement(&self, a: &str, b: &str) -> Agreement {
        self.1.agreement(&self.canonical(a).unwrap(), &self.canonical(b).unwrap())
    }
}

fn check(compare: Compare, table: &[(&str, &str, Agreement)]) {
    let reader = Reader::new("US", compare);
    let both = table.iter().flat_map(|(a, b, expected)| [(a, b, *expected), (b, a, *expected)]);
    let wrong = both.filter(|(a, b, expected)| reader.agreement(a, b) != *expected);
    let wrong: Vec<_> = wrong.map(|(a, b, expected)| format!("{a} | {b}: not {expected:?}")).collect();
    assert!(wrong.is_empty(), "{compare:?}\n{}", wrong.join("\n"));
}

#[test]
fn names_given() {
    check(
        Compare::GivenName,
        &[
            ("Bob", "Robert", Agree),
            ("Robbie", "Bob", Compatible),
            ("B.", "Bob", Compatible),
            ("R", "Bob", Contradict),
            ("B", "Robert", Compatible),
            ("Morris I", "Morris II", Contradict),
            ("តារា", "Dara", Compatible),
            ("Аляксандр", "Alexander", Agree),
            ("Zara", "Sarah", Compatible),
            ("Jon", "John", Agree),
            ("Jonh", "John", Agree),
            ("Sahra", "Sarah", Agree),
            ("Candace", "Kandace", Agree),
            ("Геннадий", "Gennady", Agree),
            ("Александр", "Alexander", Agree),
            ("Muhammad", "Mohamed", Agree),
            ("Mhd", "Mohammed", Agree),
            ("فيصل", "Faisal", Compatible),
            ("Μαρία", "Maria", Agree),
            ("Juan", "John", Compatible),
            ("Marie", "Mary", Compatible),
            ("Lisa", "Elizabeth", Compatible),
            ("Lisa", "Beth", Contradict),
            ("Jack", "John", Compatible),
            ("Anna", "Hanna", Contradict),
            ("Julia", "Julie", Contradict),
            ("Hasan", "Hussein", Contradict),
            ("Susan", "Susanne", Compatible),
            ("Pat", "Patricia", Compatible),
            ("Pat", "Patrick", Compatible),
            ("Chris", "Christopher", Compatible),
            ("Mary Ann", "Maryann", Agree),
            ("Mary Ann", "Mary", Compatible),
            ("Jean-Claude", "JC", Compatible),
            ("Jean-Claude", "J.-C.", Compatible),
            ("Robert Allen", "Robert James", Contradict),
            ("Robert A", "Robert Allen", Compatible),
            ("Robert Jr.", "Robert", Compatible),
            ("Robert Jr.", "Robert Sr", Contradict),
            ("Robert Junior", "Bob Jr", Agree),
            ("Dr. Robert", "Robert", Agree),
            // Twins, and children of another sex.
            ("Darla", "Darlene", Contradict),
            ("Mary", "Mark", Contradict),
            ("Patricia", "Patrick", Contradict),
            ("Maria", "Mario", Contradict),
            ("Daniel", "Daniela", Contradict),
            ("Shamil", "Shamila", Contradict),
            ("Tim", "Tom", Contradict),
            ("Jayden", "Hayden", Contradict),
            ("Ella", "Emma", Contradict),
            ("Eric", "Erica", Contradict),
            ("Martin", "Martina", Contradict),
            ("Jan", "Jon", Compatible),
            ("Ayaan", "Aryan", Contradict),
            ("Frank", "Frederik", Contradict),
        ],
    );
}

#[test]
fn names_of_families() {
    check(
        Compare::Surname,
        &[
            ("O'Brien", "Obrien", Agree),
            ("O Brien", "OBrien", Agree),
            ("McDonald", "MacDonald", Agree),
            ("Mc Donald", "Macdonald", Compatible),
            ("de la Cruz", "Delacruz", Agree),
            ("van der Berg", "Vanderberg", Agree),
            ("van der Berg", "Berg", Agree),
            ("Müller", "Mueller", Agree),
            ("Mullenkrants", "Müllenkranz", Agree),
            ("Васильев", "Vasilyev", Agree),
            ("Васильев", "Vasiliev", Agree),
            ("ВАСІЛЬЕЎ", "Vasiliev", Agree),
            ("Mooney", "Moonie", Agree),
            ("Mooney", "Moony", Agree),
            ("D'esquire", "Desqueir", Agree),
            ("គឹម", "Kim", Compatible),
            ("Orban", "Orbach", Contradict),
            ("Ivanov", "Ivanova", Compatible),
            ("Kowalski", "Kowalska", Compatible),
            ("Thompson", "Tompson", Agree),
            ("Wiest", "Weest", Agree),
            ("Clark", "Clarke", Agree),
            ("Smith-Jones", "Smith", Compatible),
            ("Smith-Jones", "Jones", Compatible),
            ("Smith", "Jones", Contradict),
            ("Garcia Lopez", "Garcia Perez", Compatible),
            ("صديقي", "Siddiqui", Compatible),
            ("Smith Jr", "Smith Sr", Contradict),
            ("Smith Jr", "Smith", Compatible),
            ("Rossi", "Rossa", Contradict),
            ("Lind", "Lindemann", Contradict),
        ],
    );
}

#[test]
fn names_in_full() {
    check(
        Compare::FullName,
        &[
            ("Smith, John", "John Smith", Agree),
            ("Smith Jr., John", "John Smith, Jr", Agree),
            ("John Smith Jr", "John Smith Sr", Contradict),
            ("Geoffrey Brown Jr", "Jeffrey Brown", Compatible),
            ("Robbie Smith", "Robert E Smith Sr", Compatible),
            ("Shaw Daniella", "Daniella Shaw", Agree),
            ("Kristen Salinger", "Salenger Kristin", Agree),
            ("ВАСИЛЬЕВ Александр", "Aleksandr Vasilyev", Agree),
            ("ВАСИЛЬЕВ Александр", "Alexander Vasiliev", Agree),
            ("فيصل صديقي", "Faisal Siddiqui", Compatible),
            ("王杰", "Jie Wang", Agree),
            ("张秀英", "Xiu Ying Zhang", Agree),
            ("Bob J Smith", "Bob Smith", Compatible),
            ("B Smith", "Robert Smith", Compatible),
            ("Morris I Klein", "Morris II Klein", Contradict),
            ("Morris Jr Klein", "Morris Klein Jr", Agree),
            ("Morris I Klein", "Morris Klein", Compatible),
            ("B Smith", "Bob Smith", Compatible),
            ("Frost, William W.", "William W Frost", Agree),
            ("Frost, William G.", "William W Frost", Contradict),
            ("Susan Meyer", "Susan Meyer Thomas", Compatible),
            ("Mr. Rami Makhlouf", "Rami Makhlouf", Agree),
            ("RamiMakhlouf", "Rami Makhlouf", Agree),
            ("JC Juncker", "Jean-Claude Juncker", Compatible),
            ("Beau", "Beau Smith", Compatible),
            ("Jane Doe", "John Doe", Contradict),
            ("Amanda Jones", "Amanda Anderson", Contradict),
            ("Maria Smith", "Mario Smith", Contradict),
            ("David Thomas", "Thomas Davis", Contradict),
            ("Smith Mary", "Smith Mark", Contradict),
            ("Anna Smith", "Hanna Smith", Contradict),
            ("Darla Anderson", "Darlene Anderson", Contradict),
            ("Salman bin Muhammad", "Muhammad bin Salman", Contradict),
            ("Ben Lee", "Ann Lee", Contradict),
            ("Ben Lee", "Lee, Benjamin", Compatible),
            ("Al Smith", "Ann Smith", Contradict),
            ("Smith Al", "Albert Smith", Compatible),
            ("David ben Gurion", "David Gurion", Agree),
            ("Omar al Rashid", "Omar Rashid", Agree),
            ("Juan Carlos Garcia", "Carlos Garcia", Contradict),
            ("Apple Inc.", "Apple Incorporated", Agree),
            ("Apple, Inc", "Apple", Compatible),
            ("Deutsche Bank AG", "Deutsche Bank GmbH", Contradict),
            ("Siemens Aktiengesellschaft", "Siemens AG", Agree),
            ("OOO Oboronnye Initsiativy", "Oboronnye Initsiativy o.O.O.", Agree),
            ("The Procter & Gamble Company", "Procter and Gamble Co.", Agree),
            ("J.P. Morgan & Co.", "JP Morgan & Co", Agree),
            ("BAE Systems, Inc.", "BAE Industries, Inc.", Contradict),
            ("Volkswagen AG", "Siemens AG", Contradict),
            ("Universal Exports", "Universal Exports Worldwide", Compatible),
            ("Maria Sá", "Maria Silva", Contradict),
            ("Universal Exports, USA", "Univrsl Export Inc", Compatible),
            ("Universal Exports India", "Universal Exports Singapore", Contradict),
            ("Banco Santander", "Banco Santander Chile", Contradict),
            ("Capital Partners VII", "Capital Partners VIII", Contradict),
        ],
    );
}

#[test]
fn dates_and_other_values() {
    check(
        Compare::Date,
        &[
            ("3/1/1970", "Mar 1 1970", Agree),
            ("1993-09-14", "9/14/93", Agree),
            ("11/12/1978", "12/11/1978", Compatible),
            ("11/12/1978", "11/12/1979", Compatible),
            ("11/12/73", "11/21/73", Compatible),
            ("12/11/73", "11/21/73", Compatible),
            ("11/12/1978", "12/11/1979", Compatible),
            ("11/12/1978", "12/13/1979", Contradict),
            ("1978", "11/12/1978", Compatible),
            ("1978-11", "1978-12-11", Contradict),
            ("1978", "1979", Contradict),
            ("02/27/2022", "04/18/2022", Contradict),
            ("soon", "Soon ", Agree),
            ("soon", "1978", Contradict),
        ],
    );
    check(
        Compare::Address,
        &[
            ("123 Main Street, Las Vegas NV 89132", "123 Main St, Las Vegas", Agree),
            ("1515 Adela Lane Las Vegas NV 89111", "1515 Adela Ln Las Vegas NV 89132", Compatible),
            ("6781 Metaxa Forest Athens GA 30009", "6781 Metaxa Forest, Suite 296 Athens GA 30009", Agree),
            ("6781 Metaxa Forest, Suite 295", "6781 Metaxa Forest, Suite 296", Contradict),
            ("P.O. Box 12987 Andersonville", "PO BOX 12987 Andersonville", Agree),
            ("Hardenbergstraße 87 66879 Germany", "Hardenbergstr. 87 66879 Germany", Agree),
            ("#01-11, HillV2, 4 Hillview Rise, 667979", "4 Hillview Rise SINGAPORE 667979", Agree),
            (
                "405 Lexington Ave, Manhattan NY 10174",
                "Chrysler Building, 405 Lexington Avenue, New York, NY 10174",
                Agree,
            ),
            ("12 Main St Bldg 4", "12 Main St Bldg 5", Contradict),
            ("12 Oak St, Boston", "12 Elm St, Boston", Contradict),
            ("12 Oak St, Boston", "14 Oak St, Boston", Contradict),
        ],
    );
    check(
        Compare::Phone,
        &[
            ("(702) 919-1300", "+1 702 919 1300", Agree),
            ("919-1300", "702-919-1300", Compatible),
            ("702-919-1300 x5", "702-919-1300", Compatible),
            ("702-919-1300 x5", "702-919-1300 x6", Contradict),
            ("702-919-1300", "702-919-1301", Contradict),
        ],
    );
    check(
        Compare::Postcode,
        &[("89132", "89132-0001", Compatible), ("sw1a 1aa", "SW1A1AA", Agree), ("1", "12", Contradict)],
    );
    check(
        Compare::Email,
        &[
            ("Maria Sentosa<msentosa@fmail.com>", "msentosa@fmail.com", Agree),
            ("m.sentosa+shop@fmail.com", "msentosa@fmail.com", Compatible),
            ("msentosa@fmail.com", "msentosa@other.com", Contradict),
        ],
    );
    check(
        Compare::Number,
        &[("1,234.50", "+1234.5", Agree), ("-0.10", "-.1", Agree), ("1e3", "1000", Agree), ("1", "2", Contradict)],
    );
    check(Compare::Text, &[("Foo  BAR", "foo-bar", Agree), ("male", "female", Contradict), ("!", "?", Contradict)]);
    check(Compare::Exact, &[("Foo", "Foo ", Agree), ("Foo", "foo", Contradict)]);
}

#[test]
fn values_have_one_form() {
    for (compare, value, expected) in [
        (Compare::FullName, "Dr. SMITH Jr., John-Paul", "john paul smith jr"),
        (Compare::FullName, "Müller & Söhne GmbH", "muller and sohne gmbh"),
        (Compare::FullName, "Dr", "dr"),
        (Compare::GivenName, "D’Angelo", "dangelo"),
        (Compare::GivenName, "???", "???"),
        (Compare::Surname, "van  der  BERG-Smith 3rd", "van der berg smith iii"),
        (Compare::Date, "12/11/78", "1978-12-11"),
        (Compare::Date, "Never ", "never"),
        (Compare::Address, "12 North Oak Street, Apartment #3", "12 n oak st apt 3"),
        (Compare::Postcode, "sw1a 1aa", "SW1A1AA"),
        (Compare::Phone, "call me", "call me"),
        (Compare::Number, "007.50", "7.5"),
        (Compare::Text, " Foo  BAR ", "foo bar"),
    ] {
        assert_eq!(Reader::new("US", compare).canonical(value).as_deref(), Some(expected), "{compare:?} {value}");
    }
    assert_eq!(Reader::new("GB", Compare::Date).canonical("12/11/78").as_deref(), Some("1978-11-12"));
    assert_eq!(Reader::new("GB", Compare::FullName).canonical("'null'"), None, "junk behind marks");
}

/// Values that come near names, dates and addresses: arbitrary ones seldom do.
fn value() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "(bob|rob|robert|pat|patrick|maria|mario|mary|ann|anna|hanna|jean|claude|jc|j|c|smith|smyth|mc|mac|donald)",
        "(jr|sr|ii|2nd|junior|van|de|la|bin|al|o|dr|mr|the|and|co|ltd|inc|sa|ag|group|holdings|gmbh|kg|s|a|fysl|faisal)",
        "[a-e]{1,6}",
        "[a-z]{1,10}",
        "[0-9]{1,4}",
        "(12|13|main|oak|street|st|apt|suite|89111|po|box|strasse)",
        "(王杰|Александр|Сергей|فيصل|Μαρία|José|Øyvind|김)",
    ];
    let words = proptest::collection::vec((word, "[ ,.'-]{1,2}"), 1..6);
    prop_oneof![
        6 => words.prop_map(|words| words.into_iter().flat_map(|(word, gap)| [word, gap]).collect::<String>()),
        1 => any::<String>(),
        2 => "(19|20)[0-9]{2}-?[01][0-9]-?[0-3][0-9]",
        1 => "[0-9]{1,2}[/. -][0-9]{1,2}[/. -]([0-9]{2}){1,2}",
        1 => "[0-9+., e-]{1,12}",
        1 => "[a-c.+]{1,4}@[a-c]{1,2}\\.org",
    ]
}

proptest! {
    #![proptest_config(crate::properties::config(4_000))]

    #[test]
    fn agreement_is_total_symmetric_and_reflexive(a in value(), b in value()) {
        for compare in KINDS {
            prop_assert_eq!(compare.agreement(&a, &b), compare.agreement(&b, &a), "{:?}", compare);
            prop_assert_eq!(compare.agreement(&a, &a), Agree);
            let reader = Reader::new("US", compare);
            if let (Some(a), Some(b)) = (reader.canonical(&a), reader.canonical(&b)) {
                prop_assert_eq!(compare.agreement(&a, &b), compare.agreement(&b, &a), "{:?} {} {}", compare, a, b);
            }
        }
    }

    #[test]
    fn what_is_canonical_stays_as_it_is(value in value(), region in prop_oneof![Just("US"), Just("DE")]) {
        for compare in KINDS {
            let reader = Reader::new(region, compare);
            if let Some(once) = reader.canonical(&value) {
                prop_assert_eq!(reader.canonical(&once), Some(once.clone()), "{:?} {:?}", compare, value);
                prop_assert!(!once.is_empty() && once.len() <= 1_024);
            }
        }
    }
}

/// A labelled pair: the schema, the names, and whether they are one.
struct Pair {
    company: bool,
    names: [String; 2],
    same: bool,
}

/// The labelled pairs of the shared folder, where it is.
fn pairs() -> Option<Vec<Pair>> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = std::env::var_os("ONEFOLD_SHARED").map_or(beside, PathBuf::from);
    let mut reader = csv::Reader::from_path(shared.join("data/names/pairs.csv")).ok()?;
    let rows = reader.records().map(Result::unwrap).filter(|row| matches!(&row[1], "Person" | "Company"));
    Some(
        rows.map(|row| Pair {
            company: &row[1] == "Company",
            names: [row[2].to_owned(), row[3].to_owned()],
            same: &row[4] == "true",
        })
        .collect(),
    )
}

/// Precision, recall and F1 of a guess.
fn score<'a>(pairs: impl Iterator<Item = &'a Pair>, guess: impl Fn(&Pair) -> bool) -> [f64; 3] {
    let (mut right, mut guessed, mut all) = (0.0, 0.0, 0.0);
    for pair in pairs {
        let said = guess(pair);
        guessed += f64::from(u8::from(said));
        all += f64::from(u8::from(pair.same));
        right += f64::from(u8::from(said && pair.same));
    }
    let (precision, recall) = (right / f64::max(guessed, 1.0), right / f64::max(all, 1.0));
    [precision, recall, 2.0 * precision * recall / f64::max(precision + recall, f64::MIN_POSITIVE)]
}

#[test]
#[expect(clippy::print_stdout, reason = "a test that has nothing to run on says so, and the scores are to be read")]
fn labelled_pairs_are_told_apart_better_than_by_letters() {
    let Some(pairs) = pairs() else {
        println!("skipped: no data/names/pairs.csv in the shared folder");
        return;
    };
    let reader = Reader::new("US", Compare::FullName);
    let canonical = |pair: &Pair| pair.names.each_ref().map(|name| reader.canonical(name).unwrap());
    for company in [false, true] {
        let of = || pairs.iter().filter(|pair| pair.company == company);
        let ours = score(of(), |pair| {
            let [a, b] = canonical(pair);
            Compare::FullName.agreement(&a, &b).allows()
        });
        let at = |threshold: u32| {
            let least = f64::from(threshold) / 100.0;
            score(of(), |pair| {
                let [a, b] = pair.names.each_ref().map(|name| name.to_lowercase());
                strsim::jaro_winkler(&a, &b) >= least
            })
        };
        let letters = (50..100).map(at).max_by(|a, b| a[2].total_cmp(&b[2])).unwrap();
        println!(
            "companies: {company}; precision, recall, F1: ours {ours:.3?}, Jaro-Winkler at its best {letters:.3?}"
        );
        assert!(ours[2] > letters[2] + 0.05, "companies: {company}; ours {ours:.3?}, Jaro-Winkler {letters:.3?}");
        if std::env::var_os("ONEFOLD_SHOW").is_some() {
            for pair in of() {
                let [a, b] = canonical(pair);
                let said = Compare::FullName.agreement(&a, &b);
                if said.allows() != pair.same {
                    println!("{} but {said:?}: {} | {} ({a} | {b})", pair.same, pair.names[0], pair.names[1]);
                }
            }
        }
    }
}

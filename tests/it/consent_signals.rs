//! The consent signals of the industry: published strings, strings of an encoder of our own, and what is no signal.

use onefold::{
    Consent, ConsentStatus, ErrorKind, GOOGLE_SIGNALS, GppString, LegalBasis, PURPOSE_SALE, PURPOSE_SHARING,
    PURPOSE_TARGETED_ADVERTISING, TCF_PURPOSES, TcString, TcfRestrictionKind, TcfVendors, Timestamp, UsChoice,
    UsNotice, UsSection, gcs_consents, google_consents, gpc_consents,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use ConsentStatus::{Denied, Granted, Unknown};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The example of *Consent string and vendor list formats* v2.
const PUBLISHED: &str = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA.IFoEUQQgAIQwgIwQABAEAAAAOIAACAIAAAAQAIAgEAACEAAAAAgAQBAAAAAAAGBAAgAAAAAAAFAAECAAAgAAQARAEQAAAAAJAAIAAgAAAYQEAAAQmAgBC3ZAYzUw";

/// Bits, as they are written.
#[derive(Default)]
struct Writer(String);

impl Writer {
    fn number(mut self, number: u64, bits: usize) -> Self {
        self.0 += &format!("{number:0bits$b}");
        self
    }

    fn set(self, numbers: &[u8], count: u8) -> Self {
        (1..=count).fold(self, |writer, number| writer.number(u64::from(numbers.contains(&number)), 1))
    }

    /// By the greedy sum of Fibonacci numbers.
    fn fibonacci(mut self, mut number: u64) -> Self {
        let mut terms = vec![1, 2];
        while terms[terms.len() - 1] <= number {
            terms.push(terms[terms.len() - 1] + terms[terms.len() - 2]);
        }
        let mut code = String::new();
        terms.retain(|term| *term <= number);
        for term in terms.into_iter().rev() {
            code.insert(0, if term <= number { '1' } else { '0' });
            number -= if term <= number { term } else { 0 };
        }
        self.0 += &(code + "1");
        self
    }

    fn text(&self) -> String {
        let six = |bits: &[u8]| {
            let padded = format!("{:0<6}", std::str::from_utf8(bits).unwrap());
            char::from(ALPHABET[usize::from_str_radix(&padded, 2).unwrap()])
        };
        self.0.as_bytes().chunks(6).map(six).collect()
    }
}

/// What a core says, as far as it is told apart here.
#[derive(Debug, Clone)]
struct Core {
    tenths: u64,
    policy: u8,
    features: Vec<u8>,
    consents: Vec<u8>,
    interests: Vec<u8>,
    is_unasked: bool,
    vendors: Vec<u16>,
    by_ranges: bool,
    restrictions: Vec<(u8, u8, u16)>,
}

impl Core {
    fn new(consents: &[u8], interests: &[u8], vendors: &[u16]) -> Self {
        Self {
            tenths: 17_000_000_000,
            policy: 4,
            features: vec![2],
            consents: consents.to_vec(),
            interests: interests.to_vec(),
            is_unasked: false,
            vendors: vendors.to_vec(),
            by_ranges: true,
            restrictions: Vec::new(),
        }
    }

    fn encode(&self) -> String {
        let writer = Writer::default().number(2, 6).number(self.tenths, 36).number(self.tenths + 1, 36);
        let writer = writer.number(31, 12).number(7, 12).number(1, 6).number(3, 6).number(4, 6).number(126, 12);
        let writer = writer.number(u64::from(self.policy), 6).number(1, 1).number(0, 1).set(&self.features, 12);
        let writer = writer.set(&self.consents, 24).set(&self.interests, 24).number(u64::from(self.is_unasked), 1);
        let writer = writer.number(0, 6).number(19, 6);
        let writer = (0..2).fold(writer, |writer, _| {
            let highest = self.vendors.iter().max().copied().unwrap_or_default();
            let writer = writer.number(u64::from(highest), 16).number(u64::from(self.by_ranges), 1);
            if !self.by_ranges {
                let held = |vendor: u16| u64::from(self.vendors.contains(&vendor));
                return (1..=highest).fold(writer, |writer, vendor| writer.number(held(vendor), 1));
            }
            let writer = writer.number(self.vendors.len() as u64, 12);
            self.vendors.iter().enumerate().fold(writer, |writer, (place, vendor)| match place % 2 {
                0 => writer.number(0, 1).number(u64::from(*vendor), 16),
                _ => writer.number(1, 1).number(u64::from(*vendor), 16).number(u64::from(*vendor), 16),
            })
        });
        let writer = writer.number(self.restrictions.len() as u64, 12);
        let restriction = |writer: Writer, (purpose, kind, vendor): &(u8, u8, u16)| {
            let writer = writer.number(u64::from(*purpose), 6).number(u64::from(*kind), 2);
            writer.number(1, 12).number(0, 1).number(u64::from(*vendor), 16)
        };
        self.restrictions.iter().fold(writer, restriction).text()
    }

    fn read(&self) -> TcString {
        self.encode().parse().unwrap()
    }
}

fn vendors(found: &TcfVendors) -> Vec<u16> {
    found.ranges().iter().cloned().flatten().collect()
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn statuses(consents: &[Consent]) -> Vec<ConsentStatus> {
    consents.iter().map(|consent| consent.status).collect()
}

#[test]
fn published_tc_strings_say_what_is_published() {
    let told: TcString = PUBLISHED.parse().unwrap();
    assert_eq!((told.created, told.last_updated), (at("2020-02-20T23:57:39.3Z"), at("2020-02-20T23:57:39.3Z")));
    assert_eq!((told.cmp, told.cmp_version, told.consent_screen, told.language.as_str()), (27, 0, 0, "EN"));
    assert_eq!((told.vendor_list_version, told.policy_version, told.publisher_country.as_str()), (15, 2, "AA"));
    assert_eq!((told.is_service_specific, told.is_non_standard, told.is_purpose_one_unasked), (false, false, false));
    assert_eq!(
        (told.purpose_consents, told.purpose_interests.len(), told.special_features.len()),
        (vec![1, 2, 3], 0, 0)
    );
    assert_eq!((vendors(&told.vendor_consents), vendors(&told.vendor_interests)), (vec![2, 6, 8], vec![2, 6, 8]));
    assert!(told.restrictions.is_empty());

    // The tests of the reference decoder in Java.
    let told: TcString = "COtybn4PA_zT4KjACBENAPCIAEBAAECAAIAAAAAAAAAA".parse().unwrap();
    assert_eq!((told.created, told.last_updated), (at("2020-01-26T17:01:00Z"), at("2021-02-02T17:01:00Z")));
    assert_eq!((told.cmp, told.cmp_version, told.consent_screen, told.vendor_list_version), (675, 2, 1, 15));
    assert_eq!((told.is_purpose_one_unasked, told.special_features.clone()), (true, vec![1]));
    assert_eq!((told.purpose_consents.clone(), told.purpose_interests.clone()), (vec![2, 10], vec![2, 9]));
    let bits = "COrEAV4OrXx94ACABBENAHCIAD-AAAAAAACAAxAAAAgAIAwgAgAAAAEAgQAAAAAEAYQAQAAAACAAAABAAA";
    let told: TcString = bits.parse().unwrap();
    assert_eq!(told.purpose_consents, [3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(vendors(&told.vendor_consents), [23, 37, 47, 48, 53, 65, 98]);
    assert_eq!(vendors(&told.vendor_interests), [37, 47, 48, 53, 65, 98, 129]);
    let all: TcString = format!("{bits}.IBAgAAAgAIAwgAgAAAAEAAAACA.QAagAQAgAIAwgA.cAAAAAAAITg=").parse().unwrap();
    assert_eq!(all, told, "other segments say nothing of this");
    let ranges: TcString = "COv__-wOv__-wC2AAAENAPCgAAAAAAAAAAAAA_wAQA_gEBABAEAAAA".parse().unwrap();
    assert_eq!(vendors(&ranges.vendor_interests), [128]);
    for (text, expected) in [
        ("COwBOpCOwBOpCLqAAAENAPCAAAAAAAAAAAAAFfwAYFfAV-BVkAGBVYFWAAA", vec![702, 703]),
        ("COwBOpCOwBOpCLqAAAENAPCAAAAAAAAAAAAAFfwAQFfgUbABAUaAAA", vec![703]),
    ] {
        assert_eq!(vendors(&text.parse::<TcString>().unwrap().vendor_consents), expected);
    }
    // Of 19 bits a line there, and then three restrictions of no vendors.
    let core = concat!(
        "0000100011101011100",
        "1000000000000001010",
        "0000001110101110010",
        "0000000000000101000",
        "0000110011111000000",
        "0000000000000000100",
        "0011010000000011110",
        "0001000000000000000"
    );
    let restrictions =
        ["000000000011", "00000101000000000000", "00001000000000000000", "00001110000000000000"].concat();
    let restricted = format!("{core:0<247}{restrictions}");
    let told: TcString = Writer(restricted).text().parse().unwrap();
    let found: Vec<_> = told.restrictions.iter().map(|one| (one.purpose, one.kind, vendors(&one.vendors))).collect();
    use TcfRestrictionKind::{NotAllowed, RequiresConsent, RequiresInterest};
    assert_eq!(found, [(1, RequiresConsent, vec![]), (2, NotAllowed, vec![]), (3, RequiresInterest, vec![])]);
}

#[test]
fn a_tc_string_is_one_consent_a_purpose_on_the_basis_that_is_asked_for() {
    let core = Core::new(&[1, 2, 7], &[2, 3, 9], &[8, 300]);
    let told = core.read();
    let by_consent = told.consents(None, |_| LegalBasis::Consent);
    assert_eq!(by_consent.iter().map(|one| one.purpose.as_str()).collect::<Vec<_>>(), TCF_PURPOSES.map(|one| one.name));
    let granted = |consents: &[Consent]| -> Vec<usize> {
        (1..).zip(consents).filter(|(_, one)| one.status == Granted).map(|(number, _)| number).collect()
    };
    assert_eq!(granted(&by_consent), [1, 2, 7]);
    let one = &by_consent[1];
    assert_eq!((one.basis, one.notice.as_deref()), (Some(LegalBasis::Consent), Some("tcf 4/126")));
    assert_eq!(one.recorded_at, Some(told.last_updated));
    assert_eq!(told.last_updated.microseconds(), 1_700_000_000_100_000);

    // By interest: 1 and 3 to 6 may not be.
    let by_interest = told.consents(None, |_| LegalBasis::LegitimateInterest);
    assert_eq!(granted(&by_interest), [1, 2, 9]);
    let bases: Vec<bool> = by_interest.iter().map(|one| one.basis == Some(LegalBasis::LegitimateInterest)).collect();
    assert_eq!(bases, [false, true, false, false, false, false, true, true, true, true, true]);
    let mixed = told.consents(None, |purpose| match purpose {
        "tcf:9" => LegalBasis::LegitimateInterest,
        _ => LegalBasis::Consent,
    });
    assert_eq!(granted(&mixed), [1, 2, 7, 9]);
    // Before framework 2.2, purpose 3 might, and there was no purpose 11.
    let older = Core { policy: 2, ..core.clone() }.read().consents(None, |_| LegalBasis::LegitimateInterest);
    assert_eq!((granted(&older), older.len()), (vec![1, 2, 3, 9], 10));

    assert_eq!(statuses(&told.feature_consents(None)), [Denied, Granted]);
    assert_eq!(statuses(&told.feature_consents(Some(9))), [Denied, Denied]);
    let unasked = Core { is_unasked: true, ..Core::new(&[2], &[], &[]) }.read();
    assert_eq!(statuses(&unasked.consents(None, |_| LegalBasis::Consent))[..3], [Unknown, Granted, Denied]);
}

#[test]
fn a_vendor_may_what_it_and_the_purpose_were_granted_and_the_publisher_allows() {
    let core = Core::new(&[1, 2, 7], &[2, 9], &[8, 300]);
    let granted = |core: &Core, vendor, basis| -> Vec<usize> {
        let consents = core.read().consents(Some(vendor), |_| basis);
        (1..).zip(&consents).filter(|(_, one)| one.status == Granted).map(|(number, _)| number).collect()
    };
    let (consent, interest) = (LegalBasis::Consent, LegalBasis::LegitimateInterest);
    for by_ranges in [true, false] {
        let core = Core { by_ranges, ..core.clone() };
        assert_eq!(granted(&core, 8, consent), [1, 2, 7]);
        assert_eq!(granted(&core, 300, interest), [1, 2, 9]);
        assert!(granted(&core, 9, consent).is_empty() && granted(&core, 0, consent).is_empty());
    }
    let restricted = Core { restrictions: vec![(2, 0, 8), (7, 2, 8), (9, 1, 8), (1, 3, 8)], ..core };
    assert_eq!(granted(&restricted, 8, consent), [1], "2 is not allowed, 7 asks for an interest");
    assert_eq!(granted(&restricted, 8, interest), [1], "and 9 for consent");
    assert_eq!(granted(&restricted, 300, consent), [1, 2, 7]);
    assert_eq!(statuses(&restricted.read().consents(None, |_| consent))[1], Granted, "no vendor is asked about");
}

/// Published strings of sections, by number; what each says of sale, sharing, and targeted advertising, and of the
/// Global Privacy Control.
#[test]
fn published_gpp_sections_say_what_is_published() {
    use UsChoice::{DidNotOptOut, NotApplicable, OptedOut};
    let (sale, sharing, targeted) = (PURPOSE_SALE, PURPOSE_SHARING, PURPOSE_TARGETED_ADVERTISING);
    type Row = (u16, &'static str, &'static str, Vec<(&'static str, UsChoice)>, Option<bool>);
    let of = |choice, purposes: &[&'static str]| purposes.iter().map(|purpose| (*purpose, choice)).collect::<Vec<_>>();
    let (nation, state) = ([sale, sharing, targeted], [sale, targeted]);
    let rows: [Row; 27] = [
        (7, "US", "BVVVkkkkkpFY.YA", of(OptedOut, &nation), Some(true)),
        (7, "US", "CVVVkkkkkpFY.YA", of(OptedOut, &nation), Some(true)),
        (7, "US", "BVVVkkkkkpFY", of(OptedOut, &nation), None),
        (7, "US", "BVQqAAAACg", of(DidNotOptOut, &nation), None),
        (7, "US", "BAAAAAAAAABA.QA", of(NotApplicable, &nation), Some(false)),
        (8, "US-CA", "BVWSSSVY.YA", of(OptedOut, &[sale, sharing]), Some(true)),
        (8, "US-CA", "BAAAAABA.QA", of(NotApplicable, &[sale, sharing]), Some(false)),
        (9, "US-VA", "BVWSSVY", of(OptedOut, &state), None),
        (10, "US-CO", "BVWSSVg.Y", of(OptedOut, &state), Some(true)),
        (10, "US-CO", "BAAAAEA.Q", of(NotApplicable, &state), Some(false)),
        (11, "US-UT", "BVVkklW", of(OptedOut, &state), None),
        (12, "US-CT", "BVWSSZFg.YA", of(OptedOut, &state), Some(true)),
        (12, "US-CT", "BAAAAAEA.QA", of(NotApplicable, &state), Some(false)),
        (13, "US-FL", "BVWSSZlY", of(OptedOut, &state), None),
        (13, "US-FL", "BAAAAABA", of(NotApplicable, &state), None),
        (14, "US-MT", "BVWSSZFY.YA", of(OptedOut, &state), Some(true)),
        (15, "US-OR", "BVWSSRpFYA.YA", of(OptedOut, &state), Some(true)),
        (16, "US-TX", "BVWSSVWA.YA", of(OptedOut, &state), Some(true)),
        (17, "US-DE", "BVWSSSSVYA.YA", of(OptedOut, &state), Some(true)),
        (17, "US-DE", "BAAAAAABAA.QA", of(NotApplicable, &state), Some(false)),
        (18, "US-IA", "BVVkklWA.YA", of(OptedOut, &state), Some(true)),
        (18, "US-IA", "BAAAAAQA.QA", of(NotApplicable, &state), Some(false)),
        (19, "US-NE", "BVWSSVWA.YA", of(OptedOut, &state), Some(true)),
        (20, "US-NH", "BVWSSZFY.YA", of(OptedOut, &state), Some(true)),
        (21, "US-NJ", "BVWSSRklWA.YA", of(OptedOut, &state), Some(true)),
        (21, "US-NJ", "BAAAAAAAQA.QA", of(NotApplicable, &state), Some(false)),
        (22, "US-TN", "BVWSSVWA.YA", of(OptedOut, &state), Some(true)),
    ];
    for (id, jurisdiction, text, expected, gpc) in rows {
        let told: GppString = format!("{}~{text}", header(&[id])).parse().unwrap();
        let [section] = &told.us[..] else { panic!("one section of {text}") };
        let found: Vec<_> = section.opt_outs.iter().map(|one| (one.purpose, one.choice)).collect();
        assert_eq!((section.id, section.jurisdiction, found, section.gpc), (id, jurisdiction, expected, gpc), "{text}");
        let noted = section.opt_outs.iter().all(|one| (one.notice == UsNotice::Given) == text.contains('V'));
        assert!(noted && told.unread.is_empty() && told.tcf.is_none(), "{text}");
    }
    let told: GppString = format!("{}~BVQqAAAACg", header(&[7])).parse().unwrap();
    let consents = told.consents();
    assert_eq!(statuses(&consents), [Granted; 3]);
    assert_eq!((consents[0].notice.as_deref(), consents[0].jurisdiction.as_deref()), (Some("usnat 1"), Some("US")));
}

#[test]
fn published_headers_name_their_sections() {
    // The examples of the specification, and those of the reference implementation.
    let tc = "CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA";
    for (text, has_tcf, unread) in [
        (format!("DBABMA~{tc}"), true, vec![]),
        (format!("DBABM~{tc}"), true, vec![]),
        (format!("DBACNYA~{tc}~1YNN"), true, vec![]),
        (format!("DBACNY~{tc}~1YNN"), true, vec![]),
        (format!("DBABjw~{tc}~1YNN"), false, vec!["tcfcav1"]),
        ("DBABTA~1YNN".to_owned(), false, vec![]),
        ("DBAA".to_owned(), false, vec![]),
    ] {
        let told: GppString = text.parse().unwrap();
        let found: Vec<&str> = told.unread.iter().map(|unread| unread.name.as_str()).collect();
        assert_eq!((told.tcf.is_some(), found), (has_tcf, unread), "{text}");
        // Nobody opted out of the sale.
        let sold = usize::from(text.ends_with("~1YNN"));
        assert_eq!(statuses(&told.consents()), vec![Granted; sold]);
    }
    let told: GppString = format!("DBABMA~{tc}").parse().unwrap();
    let tcf = told.tcf.unwrap();
    assert_eq!((tcf.cmp, tcf.vendor_list_version, tcf.publisher_country.as_str()), (31, 126, "DE"));
    // All sections with nothing said, as the reference implementation writes them, before the last ones were cut.
    let all = concat!(
        "DBACOaw~CPSG_8APSG_8AAAAAAENAACAAAAAAAAAAAAAAAAAAAAA.QAAA.IAAA~CPSG_8APSG_8AAAAAAENAACAAAAAAAAAAAAAAAAA",
        ".YAAAAAAAAAA~1---~BAAAAAAAAAA.QA~BAAAAAAA.QA~BAAAAAA~BAAAAAA.QA~BAAAAAAA~BAAAAAAA.QA"
    );
    let told: GppString = all.parse().unwrap();
    assert_eq!(told.us.iter().map(|section| section.id).collect::<Vec<_>>(), [6, 7, 8, 9, 10, 11, 12]);
    assert_eq!(statuses(&told.consents()), [Unknown; 14]);
    // What is not known is named.
    let told: GppString = format!("{}~D~BAAAAAA.w~x", header(&[7, 10, 99])).parse().unwrap();
    let unread: Vec<_> = told.unread.iter().map(|unread| (unread.id, unread.name.as_str())).collect();
    assert_eq!(unread, [(7, "usnat version 3"), (10, "usco sub-section 3"), (99, "section 99")]);
}

#[test]
fn a_us_privacy_string_tells_of_the_sale() {
    use UsChoice::{DidNotOptOut, NotApplicable, OptedOut};
    for (text, notice, choice) in [
        ("1YNN", UsNotice::Given, DidNotOptOut),
        ("1YYN", UsNotice::Given, OptedOut),
        ("1NYY", UsNotice::NotGiven, OptedOut),
        ("1---", UsNotice::NotApplicable, NotApplicable),
    ] {
        let told = UsSection::from_us_privacy(text).unwrap();
        let one = told.opt_outs[0];
        assert_eq!((one.purpose, one.notice, one.choice), (PURPOSE_SALE, notice, choice), "{text}");
        assert_eq!((told.jurisdiction, told.consents()[0].notice.is_some()), ("US-CA", notice == UsNotice::Given));
    }
    for wrong in ["", "1YN", "1YNNN", "2YNN", "1ynn", "1XNN", "1YXN", "1YNX", "1Y\u{e9}"] {
        let error = UsSection::from_us_privacy(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{wrong}");
        assert!(format!("{}~{wrong}", header(&[6])).parse::<GppString>().is_err(), "{wrong}");
    }
}

/// One choice at a time, so that no field stands in another's place: Minnesota's and all others'.
#[test]
fn each_field_of_a_state_is_read_where_it_stands() {
    let (sale, targeted) = (PURPOSE_SALE, PURPOSE_TARGETED_ADVERTISING);
    for id in [9, 10, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23] {
        for (fields, purpose, notice, choice) in [
            ([0, 1, 0, 0, 0], sale, UsNotice::Given, UsChoice::NotApplicable),
            ([0, 0, 2, 0, 0], targeted, UsNotice::NotGiven, UsChoice::NotApplicable),
            ([0, 0, 0, 2, 0], sale, UsNotice::NotApplicable, UsChoice::DidNotOptOut),
            ([0, 0, 0, 0, 1], targeted, UsNotice::NotApplicable, UsChoice::OptedOut),
        ] {
            let core = fields.iter().fold(Writer::default().number(1, 6), |writer, field| writer.number(*field, 2));
            let told: GppString = format!("{}~{}", header(&[id]), core.text()).parse().unwrap();
            for one in &told.us[0].opt_outs {
                let expected = if one.purpose == purpose {
                    (notice, choice)
                } else {
                    (UsNotice::NotApplicable, UsChoice::NotApplicable)
                };
                assert_eq!((one.notice, one.choice), expected, "{id} {fields:?}");
            }
        }
    }
}

fn header(ids: &[u16]) -> String {
    let writer = Writer::default().number(3, 6).number(1, 6).number(ids.len() as u64, 12);
    let mut last = 0;
    let one = |writer: Writer, id: &u16| {
        let offset = id - std::mem::replace(&mut last, *id);
        writer.number(0, 1).fibonacci(u64::from(offset))
    };
    ids.iter().fold(writer, one).text()
}

#[test]
fn the_privacy_control_denies_sale_and_sharing_and_nothing_else() {
    // Nobody opted out in California, where the browser asks; nor in Colorado, whose section knows no sharing.
    let asked = |id: u16, choices: &[u64]| {
        let core = choices.iter().fold(Writer::default().number(1, 6), |writer, choice| writer.number(*choice, 2));
        let gpc = Writer::default().number(1, 2).number(1, 1);
        let told: GppString = format!("{}~{}.{}", header(&[id]), core.text(), gpc.text()).parse().unwrap();
        told.consents()
            .iter()
            .map(|one| (one.purpose.to_string(), one.status, one.notice.is_some()))
            .collect::<Vec<_>>()
    };
    let (sale, sharing) = (PURPOSE_SALE.to_owned(), PURPOSE_SHARING.to_owned());
    let targeted = PURPOSE_TARGETED_ADVERTISING.to_owned();
    let california = asked(8, &[1, 2, 0, 2, 2]);
    assert_eq!(california, [(sale.clone(), Denied, true), (sharing.clone(), Denied, false)]);
    let colorado = asked(10, &[1, 1, 1, 2, 2]);
    assert_eq!(colorado, [(sale, Denied, true), (targeted, Granted, true), (sharing, Denied, false)]);

    let denied =
        |header| gpc_consents(header).iter().map(|one| (one.purpose.to_string(), one.status)).collect::<Vec<_>>();
    let both = [PURPOSE_SALE, PURPOSE_SHARING].map(|purpose| (purpose.to_owned(), Denied));
    assert_eq!((denied(Some("1")), denied(Some(" 1\t"))), (both.to_vec(), both.to_vec()));
    for nothing in [None, Some(""), Some("0"), Some("true"), Some("11"), Some("1, 1"), Some("\u{a0}1")] {
        assert!(denied(nothing).is_empty(), "{nothing:?}");
    }
}

#[test]
fn consent_mode_is_granted_or_denied() {
    let all = GOOGLE_SIGNALS.map(|signal| (signal, if signal.starts_with("ad_") { "denied" } else { "granted" }));
    let consents = google_consents(all).unwrap();
    assert_eq!(consents.iter().map(|one| one.purpose.as_str()).collect::<Vec<_>>(), GOOGLE_SIGNALS);
    assert_eq!(statuses(&consents), [Denied, Granted, Denied, Denied, Granted, Granted, Granted]);
    assert!(google_consents([]).unwrap().is_empty());
    let wrong = |signals: &[(&'static str, &'static str)]| google_consents(signals.iter().copied()).unwrap_err();
    assert_eq!(
        wrong(&[("ad_storage", "granted"), ("ann@x.org", "denied")]).to_string(),
        "consent mode signal 2: is not known"
    );
    let text = "consent mode signal `ad_storage`: is neither granted nor denied";
    assert_eq!(
        (wrong(&[("ad_storage", "Granted")]).to_string(), wrong(&[("ad_storage", "")]).kind()),
        (text.into(), ErrorKind::Input)
    );

    let rows: [(&str, &[ConsentStatus]); 6] = [
        ("G100", &[Denied, Denied]),
        ("G101", &[Denied, Granted]),
        ("G110", &[Granted, Denied]),
        ("G111", &[Granted, Granted]),
        ("G1--", &[]),
        ("G1-0", &[Denied]),
    ];
    for (gcs, expected) in rows {
        assert_eq!(statuses(&gcs_consents(gcs).unwrap()), expected, "{gcs}");
    }
    assert_eq!(gcs_consents("G1-0").unwrap()[0].purpose, "analytics_storage");
    for wrong in ["", "G1", "G11", "G1111", "g111", "G112", "G011", "G1é"] {
        assert_eq!(gcs_consents(wrong).unwrap_err().kind(), ErrorKind::Input, "{wrong}");
    }
}

#[test]
fn what_is_no_signal_is_refused_with_the_field_and_the_reason() {
    let tcf = |text: &str| text.parse::<TcString>().unwrap_err().to_string();
    assert_eq!(tcf(""), "TC string: is empty");
    assert_eq!(tcf("CO vFy"), "TC string: letter 3 is none of base64 for web addresses");
    assert_eq!(tcf("BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA"), "TC string field `version`: is 1, and only 2 can be read");
    assert_eq!(tcf("C"), "TC string field `created`: is missing: the string ends before it");
    assert_eq!(tcf(&"A".repeat(65_537)), "TC string: is of more than 65536 letters");
    let language = PUBLISHED.replacen("CO", "C_", 1).replace("EN", "__");
    assert_eq!(tcf(&language), "TC string field `language`: is not of letters");
    let gpp = |text: &str| text.parse::<GppString>().unwrap_err().to_string();
    assert_eq!(gpp(""), "GPP header: is empty");
    assert_eq!(gpp(PUBLISHED.split('.').next().unwrap()), "GPP header field `type`: is 2, and only 3 can be read");
    assert_eq!(gpp("DCABBg~BVWSSSVY"), "GPP header field `version`: is 2, and only 1 can be read");
    assert_eq!(gpp("DBABBg"), "GPP header field `sections`: names more than the string has");
    assert_eq!(gpp("DBABBg~BVWSSSVY~BVWSSSVY"), "GPP header field `sections`: names fewer than the string has");
    assert_eq!(gpp("DBABBg~BV"), "usca field `sale_opt_out`: is missing: the string ends before it");
    assert_eq!(gpp("DBABBg~Bw"), "usca field `sale_opt_out_notice`: is 3, which means nothing");
    assert_eq!(gpp("DBABBg~"), "usca: is empty");
    assert_eq!(gpp("DBABBg~BVWSSSVY."), "usca: is empty");
    let many = Writer::default().number(3, 6).number(1, 6).number(1, 12).number(1, 1).fibonacci(1).fibonacci(3_000_000);
    assert_eq!(gpp(&format!("{}~x", many.text())), "GPP header field `sections`: names more than the string has");
    let endless = Writer("000011000001000000000001".to_owned() + &"0".repeat(60));
    assert_eq!(gpp(&endless.text()), "GPP header field `sections`: is too large");
}

/// What is read either is the same, or is refused as input.
fn read(text: &str) -> Option<TcString> {
    let whole = text.parse::<GppString>();
    assert!(whole.is_ok() || whole.is_err_and(|wrong| wrong.kind() == ErrorKind::Input));
    let told = text.parse::<TcString>();
    assert!(told.as_ref().is_ok() || told.as_ref().is_err_and(|wrong| wrong.kind() == ErrorKind::Input));
    told.ok()
}

#[test]
fn no_beginning_of_a_string_says_something_else() {
    let core = Core { restrictions: vec![(2, 0, 8)], ..Core::new(&[1, 2], &[2], &[8, 300]) };
    for text in [PUBLISHED.to_owned(), core.encode()] {
        let whole = read(&text).unwrap();
        for end in 0..text.len() {
            assert!(read(&text[..end]).is_none_or(|told| told == whole), "the first {end} letters");
        }
        for place in 0..text.len() {
            for letter in [b'A', b'_', b'.', b'~', b'=', b' '] {
                let mut altered = text.clone().into_bytes();
                altered[place] = letter;
                read(std::str::from_utf8(&altered).unwrap());
            }
        }
    }
}

fn core() -> impl Strategy<Value = Core> {
    let purposes = || btree_set(1..=24_u8, 0..8);
    let vendors = btree_set(1..2_000_u16, 0..6);
    let restrictions = vec((0..64_u8, 0..4_u8, any::<u16>()), 0..3);
    let more = (0..1_u64 << 35, 0..64_u8, any::<bool>(), any::<bool>());
    (purposes(), purposes(), vendors, restrictions, more).prop_map(
        |(consents, interests, vendors, restrictions, more)| {
            let (tenths, policy, is_unasked, by_ranges) = more;
            let (consents, interests): (Vec<u8>, Vec<u8>) =
                (consents.into_iter().collect(), interests.into_iter().collect());
            let vendors: Vec<u16> = vendors.into_iter().collect();
            Core { tenths, policy, is_unasked, by_ranges, restrictions, ..Core::new(&consents, &interests, &vendors) }
        },
    )
}

proptest! {
    #[test]
    fn what_was_encoded_is_read(core in core()) {
        let told = core.read();
        prop_assert_eq!(told.created.microseconds(), core.tenths as i64 * 100_000);
        prop_assert_eq!((told.policy_version, told.is_purpose_one_unasked), (core.policy, core.is_unasked));
        prop_assert_eq!((&told.language[..], &told.publisher_country[..]), ("DE", "AT"));
        prop_assert_eq!((&told.purpose_consents, &told.purpose_interests), (&core.consents, &core.interests));
        prop_assert_eq!(vendors(&told.vendor_consents), &core.vendors[..]);
        prop_assert_eq!(vendors(&told.vendor_interests), &core.vendors[..]);
        let found: Vec<_> = told.restrictions.iter().map(|one| (one.purpose, one.kind as u8, vendors(&one.vendors)[0])).collect();
        prop_assert_eq!(found, &core.restrictions[..]);
    }

    #[test]
    fn headers_name_any_sections(ids in btree_set(13..5_000_u16, 0..12)) {
        let ids: Vec<u16> = ids.into_iter().collect();
        let text = header(&ids) + &"~x".repeat(ids.len());
        let found: Vec<u16> = text.parse::<GppString>().unwrap().unread.iter().map(|unread| unread.id).collect();
        prop_assert_eq!(found, ids);
    }

    #[test]
    fn no_text_makes_it_stumble(text in any::<String>(), letters in "[A-Za-z0-9_.~-]{0,200}", tail in "[A-Za-z0-9_.~-]{0,80}") {
        for text in [&text, &letters, &format!("C{letters}"), &format!("DBAC{letters}"), &format!("DBACNYA~{letters}~{tail}")] {
            read(text);
            prop_assert!(gcs_consents(text).is_err() || text.starts_with("G1"));
            prop_assert!(google_consents([(&text[..], "granted"), ("ad_storage", text)]).is_err());
            prop_assert!(gpc_consents(Some(text)).is_empty());
        }
    }
}

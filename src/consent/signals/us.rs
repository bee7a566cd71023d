//! The sections of GPP strings for the United States: the nation's, and those of states.

use super::bits::Bits;
use super::gpp::GppUnread;
use super::{PURPOSE_SALE, PURPOSE_SHARING, PURPOSE_TARGETED_ADVERTISING};
use crate::error::{Error, Result};
use crate::event::{Consent, ConsentStatus};
use smol_str::format_smolstr;
use std::ops::RangeInclusive;

/// What a section of a GPP string for the United States says of sale, sharing and targeted advertising; what it says of
/// sensitive data, of children and of contracts between companies is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsSection {
    /// Its number: 7 for the nation, 8 and more for states, by the order in which they were registered; 6 for the string of
    /// before.
    pub id: u16,
    /// Its name, as `usnat` or `usca`.
    pub name: &'static str,
    /// The version of its format.
    pub version: u8,
    /// The law that it is under, as `US` or `US-CA`.
    pub jurisdiction: &'static str,
    /// What was said of each purpose that the section knows.
    pub opt_outs: Vec<UsOptOut>,
    /// Whether the browser asked not to be sold or shared (Global Privacy Control); none where that is not told.
    pub gpc: Option<bool>,
}

/// What was said of a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsOptOut {
    /// The purpose, as [`PURPOSE_SALE`].
    pub purpose: &'static str,
    /// Whether it was told that one may opt out.
    pub notice: UsNotice,
    /// What was chosen.
    pub choice: UsChoice,
}

/// Whether it was told that one may opt out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsNotice {
    /// The business does no such thing.
    NotApplicable,
    /// It was told.
    Given,
    /// It was not told.
    NotGiven,
}

/// Whether somebody opted out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsChoice {
    /// It does not apply, or nobody was told.
    NotApplicable,
    /// They opted out.
    OptedOut,
    /// They did not.
    DidNotOptOut,
}

impl UsSection {
    /// Reads a US Privacy string, as `1YNN`: *U.S. Privacy String*, version 1, by IAB Tech Lab, which the sections of the
    /// platform replace. It is under the law of California of 2018, and knows the sale alone. O(1).
    ///
    /// # Errors
    /// `Input` where it is none.
    ///
    /// # Examples
    /// ```
    /// use onefold::{ConsentStatus, PURPOSE_SALE, UsSection};
    /// let told = UsSection::from_us_privacy("1YYN")?.consents();
    /// assert_eq!((told[0].purpose.as_str(), told[0].status), (PURPOSE_SALE, ConsentStatus::Denied));
    /// assert!(UsSection::from_us_privacy("1Y?N").is_err() && UsSection::from_us_privacy("2YNN").is_err());
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn from_us_privacy(text: &str) -> Result<Self> {
        let wrong = || Error::input("uspv1", "is no US Privacy string of version 1");
        let [b'1', notice, sale, contract] = text.as_bytes() else { return Err(wrong()) };
        let notice = match notice {
            b'Y' => UsNotice::Given,
            b'N' => UsNotice::NotGiven,
            b'-' => UsNotice::NotApplicable,
            _ => return Err(wrong()),
        };
        let choice = match sale {
            b'Y' => UsChoice::OptedOut,
            b'N' => UsChoice::DidNotOptOut,
            b'-' => UsChoice::NotApplicable,
            _ => return Err(wrong()),
        };
        // Of a contract between companies, which is not told here.
        if !matches!(contract, b'Y' | b'N' | b'-') {
            return Err(wrong());
        }
        let opt_outs = vec![UsOptOut { purpose: PURPOSE_SALE, notice, choice }];
        Ok(Self { id: LEGACY, name: "uspv1", version: 1, jurisdiction: "US-CA", opt_outs, gpc: None })
    }

    /// What was said as consents: who opted out denied it, who did not granted it, and where it does not apply nothing
    /// is known. The notice is the section and its version where one was given, the jurisdiction that of the section.
    /// The Global Privacy Control denies sale and sharing, whatever else is said. O(1).
    pub fn consents(&self) -> Vec<Consent> {
        let asked = |purpose: &str| self.gpc == Some(true) && [PURPOSE_SALE, PURPOSE_SHARING].contains(&purpose);
        let told = |opt_out: &UsOptOut| {
            let status = match opt_out.choice {
                _ if asked(opt_out.purpose) => ConsentStatus::Denied,
                UsChoice::OptedOut => ConsentStatus::Denied,
                UsChoice::DidNotOptOut => ConsentStatus::Granted,
                UsChoice::NotApplicable => ConsentStatus::Unknown,
            };
            let consent = Consent::new(opt_out.purpose, status).jurisdiction(self.jurisdiction);
            match opt_out.notice {
                UsNotice::Given => consent.notice(format_smolstr!("{} {}", self.name, self.version)),
                _ => consent,
            }
        };
        let known = |purpose: &str| self.opt_outs.iter().any(|opt_out| opt_out.purpose == purpose);
        let others = [PURPOSE_SALE, PURPOSE_SHARING].into_iter().filter(|purpose| asked(purpose) && !known(purpose));
        let denied = |purpose| Consent::new(purpose, ConsentStatus::Denied).jurisdiction(self.jurisdiction);
        self.opt_outs.iter().map(told).chain(others.map(denied)).collect()
    }
}

/// How a section begins: its version in six bits, and then two bits a field.
struct Layout {
    id: u16,
    name: &'static str,
    jurisdiction: &'static str,
    /// The versions that begin so.
    versions: RangeInclusive<u8>,
    fields: &'static [Field],
}

#[derive(Clone, Copy)]
enum Field {
    Notice(&'static str),
    Choice(&'static str),
    /// Something else.
    Other,
}

use Field::{Choice, Notice, Other};

const NATION: &[Field] = &[
    Other,
    Notice(PURPOSE_SALE),
    Notice(PURPOSE_SHARING),
    Notice(PURPOSE_TARGETED_ADVERTISING),
    Other,
    Other,
    Choice(PURPOSE_SALE),
    Choice(PURPOSE_SHARING),
    Choice(PURPOSE_TARGETED_ADVERTISING),
];

const CALIFORNIA: &[Field] =
    &[Notice(PURPOSE_SALE), Notice(PURPOSE_SHARING), Other, Choice(PURPOSE_SALE), Choice(PURPOSE_SHARING)];

/// Most others.
const STATES: &[Field] = &[
    Other,
    Notice(PURPOSE_SALE),
    Notice(PURPOSE_TARGETED_ADVERTISING),
    Choice(PURPOSE_SALE),
    Choice(PURPOSE_TARGETED_ADVERTISING),
];

/// Utah and Iowa, where one may opt out of the use of sensitive data too.
const SENSITIVE: &[Field] = &[
    Other,
    Notice(PURPOSE_SALE),
    Notice(PURPOSE_TARGETED_ADVERTISING),
    Other,
    Choice(PURPOSE_SALE),
    Choice(PURPOSE_TARGETED_ADVERTISING),
];

const LAYOUTS: [Layout; 17] = [
    Layout { id: 7, name: "usnat", jurisdiction: "US", versions: 1..=2, fields: NATION },
    Layout { id: 8, name: "usca", jurisdiction: "US-CA", versions: 1..=1, fields: CALIFORNIA },
    Layout { id: 9, name: "usva", jurisdiction: "US-VA", versions: 1..=1, fields: STATES },
    Layout { id: 10, name: "usco", jurisdiction: "US-CO", versions: 1..=1, fields: STATES },
    Layout { id: 11, name: "usut", jurisdiction: "US-UT", versions: 1..=1, fields: SENSITIVE },
    Layout { id: 12, name: "usct", jurisdiction: "US-CT", versions: 1..=1, fields: STATES },
    Layout { id: 13, name: "usfl", jurisdiction: "US-FL", versions: 1..=1, fields: STATES },
    Layout { id: 14, name: "usmt", jurisdiction: "US-MT", versions: 1..=1, fields: STATES },
    Layout { id: 15, name: "usor", jurisdiction: "US-OR", versions: 1..=1, fields: STATES },
    Layout { id: 16, name: "ustx", jurisdiction: "US-TX", versions: 1..=1, fields: STATES },
    Layout { id: 17, name: "usde", jurisdiction: "US-DE", versions: 1..=1, fields: STATES },
    Layout { id: 18, name: "usia", jurisdiction: "US-IA", versions: 1..=1, fields: SENSITIVE },
    Layout { id: 19, name: "usne", jurisdiction: "US-NE", versions: 1..=1, fields: STATES },
    Layout { id: 20, name: "usnh", jurisdiction: "US-NH", versions: 1..=1, fields: STATES },
    Layout { id: 21, name: "usnj", jurisdiction: "US-NJ", versions: 1..=1, fields: STATES },
    Layout { id: 22, name: "ustn", jurisdiction: "US-TN", versions: 1..=1, fields: STATES },
    Layout { id: 23, name: "usmn", jurisdiction: "US-MN", versions: 1..=1, fields: STATES },
];

/// The type of the sub-section of the Global Privacy Control.
const GPC: u8 = 1;

/// The section that is a string of before the platform.
const LEGACY: u16 = 6;

/// A section that is one of these; what of it cannot be read is named.
pub(super) fn read(id: u16, text: &str, unread: &mut Vec<GppUnread>) -> Result<Option<UsSection>> {
    if id == LEGACY {
        return UsSection::from_us_privacy(text).map(Some);
    }
    let Some(layout) = LAYOUTS.iter().find(|layout| layout.id == id) else { return Ok(None) };
    let Layout { name, jurisdiction, .. } = *layout;
    let mut parts = text.split('.');
    let mut bits = Bits::new(name, parts.next().unwrap_or_default())?;
    let version = bits.small("version", 6)?;
    if !layout.versions.contains(&version) {
        unread.push(GppUnread { id, name: format_smolstr!("{name} version {version}") });
        return Ok(None);
    }
    let opt_outs = opt_outs(&mut bits, layout.fields)?;
    let mut gpc = None;
    for part in parts {
        let mut bits = Bits::new(name, part)?;
        match bits.small("subsection_type", 2)? {
            // Two that differ: the person was heard once.
            GPC => gpc = Some(bits.bit("gpc")? || gpc == Some(true)),
            other => unread.push(GppUnread { id, name: format_smolstr!("{name} sub-section {other}") }),
        }
    }
    Ok(Some(UsSection { id, name, version, jurisdiction, opt_outs, gpc }))
}

/// The fields that are known. The notice of a purpose comes before the choice.
fn opt_outs(bits: &mut Bits<'_>, fields: &[Field]) -> Result<Vec<UsOptOut>> {
    let mut opt_outs: Vec<UsOptOut> = Vec::new();
    for field in fields {
        match *field {
            Other => {
                bits.number("another", 2)?;
            }
            Notice(purpose) => {
                let field = format_smolstr!("{purpose}_opt_out_notice");
                let notice = match bits.number(&field, 2)? {
                    0 => UsNotice::NotApplicable,
                    1 => UsNotice::Given,
                    2 => UsNotice::NotGiven,
                    _ => return Err(bits.wrong(&field, "is 3, which means nothing")),
                };
                opt_outs.push(UsOptOut { purpose, notice, choice: UsChoice::NotApplicable });
            }
            Choice(purpose) => {
                let field = format_smolstr!("{purpose}_opt_out");
                let choice = match bits.number(&field, 2)? {
                    0 => UsChoice::NotApplicable,
                    1 => UsChoice::OptedOut,
                    2 => UsChoice::DidNotOptOut,
                    _ => return Err(bits.wrong(&field, "is 3, which means nothing")),
                };
                let known = opt_outs.iter_mut().filter(|known| known.purpose == purpose);
                known.for_each(|known| known.choice = choice);
            }
        }
    }
    Ok(opt_outs)
}

//! TC strings of the Transparency and Consent Framework of IAB Europe.

use super::bits::Bits;
use crate::error::{Error, Result};
use crate::event::{Consent, ConsentStatus, LegalBasis};
use crate::time::Timestamp;
use smol_str::SmolStr;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

const WHAT: &str = "TC string";

/// From this version of the policies on (framework 2.2), there is purpose 11, and purposes 3 to 6 need consent.
const POLICY_2_2: u8 = 4;

/// A purpose of the framework, or a special feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcfPurpose {
    /// Its name as the purpose of a [`Consent`]: it never changes.
    pub name: &'static str,
    /// What it means, in short. The words that people are to be shown are in the policies of the framework.
    pub meaning: &'static str,
}

/// The purposes of the framework, version 2.2, from 1 to 11.
pub const TCF_PURPOSES: [TcfPurpose; 11] = [
    TcfPurpose { name: "tcf:1", meaning: "keep something on a device, or read it there" },
    TcfPurpose { name: "tcf:2", meaning: "choose advertising by little data" },
    TcfPurpose { name: "tcf:3", meaning: "make profiles for personal advertising" },
    TcfPurpose { name: "tcf:4", meaning: "choose personal advertising by profiles" },
    TcfPurpose { name: "tcf:5", meaning: "make profiles for personal content" },
    TcfPurpose { name: "tcf:6", meaning: "choose personal content by profiles" },
    TcfPurpose { name: "tcf:7", meaning: "measure how advertising does" },
    TcfPurpose { name: "tcf:8", meaning: "measure how content does" },
    TcfPurpose { name: "tcf:9", meaning: "learn of audiences by statistics, or from several sources together" },
    TcfPurpose { name: "tcf:10", meaning: "develop and better services" },
    TcfPurpose { name: "tcf:11", meaning: "choose content by little data" },
];

/// The special features of the framework: 1 and 2.
pub const TCF_SPECIAL_FEATURES: [TcfPurpose; 2] = [
    TcfPurpose { name: "tcf:feature:1", meaning: "use the exact place of a device" },
    TcfPurpose { name: "tcf:feature:2", meaning: "tell a device by what it is asked about itself" },
];

/// What a TC string says in its core; other segments (vendors disclosed and allowed, the publisher's own purposes) are
/// not read.
///
/// Read by [`str::parse`], which needs O(length): *Consent string and vendor list formats*, version 2 of the format, by
/// IAB Tech Lab, as framework 2.2 has it; strings of 2.0 and 2.1 are read too.
///
/// # Examples
/// ```
/// use onefold::{ConsentStatus, LegalBasis, TcString};
/// let told: TcString = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA".parse()?;
/// assert_eq!((told.language.as_str(), told.vendor_list_version), ("EN", 15));
/// let consents = told.consents(None, |_| LegalBasis::Consent);
/// let granted = consents.iter().filter(|consent| consent.status == ConsentStatus::Granted);
/// assert_eq!(granted.map(|consent| consent.purpose.as_str()).collect::<Vec<_>>(), ["tcf:1", "tcf:2", "tcf:3"]);
///
/// let wrong = "COvFyGBOvFyGBAb".parse::<TcString>().unwrap_err();
/// assert_eq!(wrong.to_string(), "TC string field `cmp_version`: is missing: the string ends before it");
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcString {
    /// When it was made first; by framework 2.2 the day alone.
    pub created: Timestamp,
    /// When it was changed last; by framework 2.2 the day alone.
    pub last_updated: Timestamp,
    /// The consent management platform that wrote it, by its number.
    pub cmp: u16,
    /// The version of that.
    pub cmp_version: u16,
    /// On which screen the choice was made.
    pub consent_screen: u8,
    /// The language of it, in two letters.
    pub language: SmolStr,
    /// The version of the list of vendors.
    pub vendor_list_version: u16,
    /// The version of the policies: 4 or more for framework 2.2.
    pub policy_version: u8,
    /// Whether it was made for one site or app.
    pub is_service_specific: bool,
    /// Whether the publisher put the choices in other words than those of the framework.
    pub is_non_standard: bool,
    /// The special features that were allowed, by number.
    pub special_features: Vec<u8>,
    /// The purposes that were consented to, by number.
    pub purpose_consents: Vec<u8>,
    /// The purposes that rest on a legitimate interest that was told of and not objected to, by number.
    pub purpose_interests: Vec<u8>,
    /// Whether nobody was asked about purpose 1, as the publisher's country wants no consent for it.
    pub is_purpose_one_unasked: bool,
    /// The publisher's country, in two letters.
    pub publisher_country: SmolStr,
    /// The vendors that were consented to.
    pub vendor_consents: TcfVendors,
    /// The vendors whose legitimate interest was told of and not objected to.
    pub vendor_interests: TcfVendors,
    /// What the publisher forbids vendors.
    pub restrictions: Vec<TcfRestriction>,
}

/// Vendors, by number.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TcfVendors(Vec<RangeInclusive<u16>>);

/// What a publisher forbids some vendors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcfRestriction {
    /// The purpose, by number.
    pub purpose: u8,
    /// What is forbidden.
    pub kind: TcfRestrictionKind,
    /// To whom.
    pub vendors: TcfVendors,
}

/// What a publisher forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TcfRestrictionKind {
    /// The purpose.
    NotAllowed,
    /// The purpose without consent.
    RequiresConsent,
    /// The purpose by consent: it is to rest on a legitimate interest.
    RequiresInterest,
    /// Nothing that the framework defines.
    Undefined,
}

impl TcString {
    /// The purposes as consents, one each: what the string says on the basis on which the purpose is followed, which is
    /// asked by the purpose's name ([`basis_of`](crate::basis_of) answers it of a policy). By consent it is granted or
    /// denied; by legitimate interest granted where that was told of and not objected to, else denied. Where the
    /// framework permits no legitimate interest, and on every other basis, consent is read. With a vendor, by its number,
    /// a purpose is granted only if the vendor is too, on the same basis, and the publisher does not forbid it. Purpose 1
    /// is unknown where nobody was asked about it; purpose 11 is left out of strings of policies before it.
    ///
    /// Each is recorded when the string was changed last, and its notice is the version of the policies and of the list
    /// of vendors, as `tcf 4/15`. Since framework 2.2 tells days only, an event should be `at` the time at which the host
    /// saw the string: words of one instant count as the more restrictive.
    ///
    /// O(restrictions + vendors).
    ///
    /// # Examples
    /// ```
    /// use onefold::{Event, LegalBasis, Policy, PurposePolicy, TcString, basis_of};
    /// let measuring = PurposePolicy::new("tcf:7").basis(LegalBasis::LegitimateInterest);
    /// let policy = Policy::builder().purpose(measuring).build()?;
    /// let told: TcString = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA".parse()?;
    /// let seen = "2026-01-06T09:31:00Z".parse()?;
    /// let events: Vec<Event> = told
    ///     .consents(Some(8), |purpose| basis_of(&policy, purpose))
    ///     .into_iter()
    ///     .map(|consent| Event::of_consent("web", format!("c-1/{}", consent.purpose), seen, consent))
    ///     .collect();
    /// assert_eq!(events[6].consent.as_ref().unwrap().basis, Some(LegalBasis::LegitimateInterest));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn consents(&self, vendor: Option<u16>, basis: impl Fn(&str) -> LegalBasis) -> Vec<Consent> {
        let asked = if self.policy_version < POLICY_2_2 { 10 } else { 11 };
        let purposes = TCF_PURPOSES.iter().zip(1..=asked);
        let told = |(purpose, number): (&TcfPurpose, u8)| {
            let by_interest = self.permits_interest(number) && basis(purpose.name) == LegalBasis::LegitimateInterest;
            let basis = if by_interest { LegalBasis::LegitimateInterest } else { LegalBasis::Consent };
            let status = match self.allows(number, basis, vendor) {
                true => ConsentStatus::Granted,
                false if number == 1 && self.is_purpose_one_unasked => ConsentStatus::Unknown,
                false => ConsentStatus::Denied,
            };
            self.consent(purpose, status).basis(basis)
        };
        purposes.map(told).collect()
    }

    /// The special features as consents, granted or denied, as [`consents`](Self::consents) tells the purposes. They
    /// need consent always. O(vendors).
    pub fn feature_consents(&self, vendor: Option<u16>) -> Vec<Consent> {
        let of_vendor = vendor.is_none_or(|vendor| self.vendor_consents.contains(vendor));
        let told = |(feature, number): (&TcfPurpose, u8)| {
            let granted = of_vendor && self.special_features.contains(&number);
            let status = if granted { ConsentStatus::Granted } else { ConsentStatus::Denied };
            self.consent(feature, status).basis(LegalBasis::Consent)
        };
        TCF_SPECIAL_FEATURES.iter().zip(1..).map(told).collect()
    }

    fn permits_interest(&self, purpose: u8) -> bool {
        purpose != 1 && (self.policy_version < POLICY_2_2 || !(3..=6).contains(&purpose))
    }

    fn allows(&self, purpose: u8, basis: LegalBasis, vendor: Option<u16>) -> bool {
        let (purposes, vendors, other) = match basis {
            LegalBasis::LegitimateInterest => {
                (&self.purpose_interests, &self.vendor_interests, TcfRestrictionKind::RequiresConsent)
            }
            _ => (&self.purpose_consents, &self.vendor_consents, TcfRestrictionKind::RequiresInterest),
        };
        let may = |vendor: u16| {
            let forbids = |restriction: &TcfRestriction| {
                restriction.purpose == purpose
                    && (restriction.kind == TcfRestrictionKind::NotAllowed || restriction.kind == other)
                    && restriction.vendors.contains(vendor)
            };
            vendors.contains(vendor) && !self.restrictions.iter().any(forbids)
        };
        purposes.contains(&purpose) && vendor.is_none_or(may)
    }

    fn consent(&self, purpose: &TcfPurpose, status: ConsentStatus) -> Consent {
        let notice = format!("tcf {}/{}", self.policy_version, self.vendor_list_version);
        Consent::new(purpose.name, status).recorded_at(self.last_updated).notice(notice)
    }
}

impl TcfVendors {
    /// Whether a vendor is among them. O(ranges).
    pub fn contains(&self, vendor: u16) -> bool {
        self.0.iter().any(|range| range.contains(&vendor))
    }

    /// The vendors as ranges, in the order of the string. O(1).
    pub fn ranges(&self) -> &[RangeInclusive<u16>] {
        &self.0
    }

    /// Vendors up to a highest one: as a list of ranges, or a bit each.
    fn read(bits: &mut Bits<'_>, field: &str) -> Result<Self> {
        let highest = bits.medium(field, 16)?;
        if bits.bit(field)? {
            return Self::read_ranges(bits, field);
        }
        let mut ranges: Vec<RangeInclusive<u16>> = Vec::new();
        for vendor in 1..=highest {
            if !bits.bit(field)? {
                continue;
            }
            match ranges.last_mut() {
                Some(last) if *last.end() == vendor - 1 => *last = *last.start()..=vendor,
                _ => ranges.push(vendor..=vendor),
            }
        }
        Ok(Self(ranges))
    }

    fn read_ranges(bits: &mut Bits<'_>, field: &str) -> Result<Self> {
        let mut ranges = Vec::new();
        for _ in 0..bits.number(field, 12)? {
            let is_range = bits.bit(field)?;
            let first = bits.medium(field, 16)?;
            let last = if is_range { bits.medium(field, 16)? } else { first };
            if last < first {
                return Err(bits.wrong(field, "has a range that ends before it starts"));
            }
            ranges.push(first..=last);
        }
        Ok(Self(ranges))
    }
}

/// Shows how many ranges there are.
impl fmt::Debug for TcfVendors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TcfVendors({} ranges)", self.0.len())
    }
}

impl FromStr for TcString {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // The core comes first; the other segments say nothing that is read here.
        let mut bits = Bits::new(WHAT, text.split('.').next().unwrap_or_default())?;
        let bits = &mut bits;
        let version = bits.small("version", 6)?;
        if version != 2 {
            return Err(bits.wrong("version", format!("is {version}, and only 2 can be read")));
        }
        Ok(Self {
            created: moment(bits, "created")?,
            last_updated: moment(bits, "last_updated")?,
            cmp: bits.medium("cmp", 12)?,
            cmp_version: bits.medium("cmp_version", 12)?,
            consent_screen: bits.small("consent_screen", 6)?,
            language: two_letters(bits, "language")?,
            vendor_list_version: bits.medium("vendor_list_version", 12)?,
            policy_version: bits.small("policy_version", 6)?,
            is_service_specific: bits.bit("is_service_specific")?,
            is_non_standard: bits.bit("is_non_standard")?,
            special_features: numbers(bits, "special_features", 12)?,
            purpose_consents: numbers(bits, "purpose_consents", 24)?,
            purpose_interests: numbers(bits, "purpose_interests", 24)?,
            is_purpose_one_unasked: bits.bit("is_purpose_one_unasked")?,
            publisher_country: two_letters(bits, "publisher_country")?,
            vendor_consents: TcfVendors::read(bits, "vendor_consents")?,
            vendor_interests: TcfVendors::read(bits, "vendor_interests")?,
            restrictions: restrictions(bits)?,
        })
    }
}

/// A time in tenths of a second.
fn moment(bits: &mut Bits<'_>, field: &str) -> Result<Timestamp> {
    let tenths = bits.number(field, 36)?;
    let time = i64::try_from(tenths).ok().and_then(|tenths| Timestamp::from_milliseconds(tenths * 100).ok());
    time.ok_or_else(|| bits.wrong(field, "is no time"))
}

fn two_letters(bits: &mut Bits<'_>, field: &str) -> Result<SmolStr> {
    let letters = [bits.small(field, 6)?, bits.small(field, 6)?];
    if letters.iter().any(|letter| *letter > 25) {
        return Err(bits.wrong(field, "is not of letters"));
    }
    Ok(letters.iter().map(|letter| char::from(b'A' + letter)).collect())
}

/// The places of the bits that are set, from 1.
fn numbers(bits: &mut Bits<'_>, field: &str, count: u8) -> Result<Vec<u8>> {
    let mut set = Vec::new();
    for number in 1..=count {
        if bits.bit(field)? {
            set.push(number);
        }
    }
    Ok(set)
}

fn restrictions(bits: &mut Bits<'_>) -> Result<Vec<TcfRestriction>> {
    let field = "restrictions";
    let mut restrictions = Vec::new();
    for _ in 0..bits.number(field, 12)? {
        let purpose = bits.small(field, 6)?;
        let kind = match bits.number(field, 2)? {
            0 => TcfRestrictionKind::NotAllowed,
            1 => TcfRestrictionKind::RequiresConsent,
            2 => TcfRestrictionKind::RequiresInterest,
            _ => TcfRestrictionKind::Undefined,
        };
        let vendors = TcfVendors::read_ranges(bits, field)?;
        restrictions.push(TcfRestriction { purpose, kind, vendors });
    }
    Ok(restrictions)
}

//! Strings of the Global Privacy Platform of IAB Tech Lab.

use super::bits::Bits;
use super::tcf::TcString;
use super::us::{self, UsSection};
use crate::error::{Error, Result};
use crate::event::Consent;
use smol_str::{SmolStr, format_smolstr};
use std::str::FromStr;

const HEADER: &str = "GPP header";

/// The section that is a TC string.
const TCF_EU: u16 = 2;

/// Sections that are registered and not read, by number: *Section Information* of the platform.
const UNREAD: [(u16, &str); 6] =
    [(1, "tcfeuv1"), (5, "tcfcav1"), (24, "usmd"), (25, "usin"), (26, "usky"), (27, "usri")];

/// What a GPP string says.
///
/// Read by [`str::parse`], which needs O(length): *Global Privacy Platform String*, version 1.0, by IAB Tech Lab, its
/// sections `tcfeuv2` (2), `uspv1` (6), `usnat` (7, versions 1 and 2), and those of states from `usca` to `usmn` (8 to 23,
/// version 1). Other sections are named in [`unread`](Self::unread).
///
/// # Examples
/// ```
/// use onefold::{ConsentStatus, GppString};
/// let told: GppString = "DBABBg~BVWSSSVY.YA".parse()?;
/// let consents = told.consents();
/// assert_eq!((consents[0].purpose.as_str(), consents[0].status), ("sale", ConsentStatus::Denied));
/// assert_eq!((consents[0].jurisdiction.as_deref(), consents[0].notice.as_deref()), (Some("US-CA"), Some("usca 1")));
///
/// let legacy: GppString = "DBABTA~1YNN".parse()?;
/// assert_eq!((legacy.us[0].name, legacy.consents()[0].status), ("uspv1", ConsentStatus::Granted));
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GppString {
    /// What was said under the framework for Europe.
    pub tcf: Option<TcString>,
    /// What was said under the laws of the United States, by the order of the sections.
    pub us: Vec<UsSection>,
    /// What could not be read: sections, versions and sub-sections that are not known here.
    pub unread: Vec<GppUnread>,
}

/// A part of a GPP string that is not known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GppUnread {
    /// The number of the section.
    pub id: u16,
    /// What it is: `usmd`, or `section 99`.
    pub name: SmolStr,
}

impl GppString {
    /// What was said under the laws of the United States as consents, as [`UsSection::consents`] tells it, section by
    /// section. What was said under the framework for Europe is had of [`TcString::consents`]. O(sections).
    pub fn consents(&self) -> Vec<Consent> {
        self.us.iter().flat_map(UsSection::consents).collect()
    }
}

impl FromStr for GppString {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('~');
        let header = parts.next().unwrap_or_default();
        let sections: Vec<&str> = parts.collect();
        let ids = ids(header, sections.len())?;
        let mut found = Self { tcf: None, us: Vec::new(), unread: Vec::new() };
        for (id, section) in ids.into_iter().zip(sections) {
            if id == TCF_EU {
                found.tcf = Some(section.parse()?);
            } else if let Some(section) = us::read(id, section, &mut found.unread)? {
                found.us.push(section);
            } else if !found.unread.iter().any(|unread| unread.id == id) {
                found.unread.push(GppUnread { id, name: name(id) });
            }
        }
        Ok(found)
    }
}

/// The numbers of the sections, as the header lists them, ascending.
fn ids(header: &str, sections: usize) -> Result<Vec<u16>> {
    let mut bits = Bits::new(HEADER, header)?;
    for (field, expected) in [("type", 3), ("version", 1)] {
        let found = bits.number(field, 6)?;
        if found != expected {
            return Err(bits.wrong(field, format!("is {found}, and only {expected} can be read")));
        }
    }
    let field = "sections";
    let (mut ids, mut last) = (Vec::new(), 0_u64);
    for _ in 0..bits.number(field, 12)? {
        let is_range = bits.bit(field)?;
        let first = last + bits.fibonacci(field)?;
        last = if is_range { first + bits.fibonacci(field)? } else { first };
        for id in first..=last {
            // So that no header of a few letters makes a list of millions.
            let id = u16::try_from(id).ok().filter(|_| ids.len() < sections);
            ids.push(id.ok_or_else(|| bits.wrong(field, "names more than the string has"))?);
        }
    }
    if ids.len() < sections {
        return Err(bits.wrong(field, "names fewer than the string has"));
    }
    Ok(ids)
}

fn name(id: u16) -> SmolStr {
    let known = UNREAD.iter().find(|(known, _)| *known == id);
    known.map_or_else(|| format_smolstr!("section {id}"), |(_, name)| SmolStr::new_static(name))
}

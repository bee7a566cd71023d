//! How customers may be reached, as data: channels, quiet hours, caps.

use super::zone;
use crate::error::{Error, Result};
use crate::normalise::is_same_word;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// The longest window of a cap, in days: ten years.
const DAYS_MAX: u32 = 3660;

/// How customers may be reached. Names are compared without regard to case.
///
/// # Examples
/// ```
/// use onefold::ContactRules;
/// let rules: ContactRules = toml::from_str(
///     r#"
///     [contact]
///     channels = ["email", "sms"]
///     time_zone = "Europe/Rome"
///     quiet = { from = "21:00", until = "08:00" }
///
///     [[channel]]
///     name = "email"
///     kind = "email"
///     silent = true
///
///     [[channel]]
///     name = "sms"
///     kind = "phone"
///
///     [[cap]]
///     purpose = "marketing"
///     channel = "sms"
///     count = 2
///     days = 7
///     "#,
/// )?;
/// rules.check()?;
/// let wrong = ContactRules { cap: vec![onefold::CapRule { days: 0, ..rules.cap[0].clone() }], ..rules };
/// assert_eq!(wrong.check().unwrap_err().to_string(), "policy field `cap[0].days`: must be from 1 to 3660");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContactRules {
    /// What holds for all channels.
    pub contact: ContactDefaults,
    /// The channels.
    pub channel: Vec<ChannelRule>,
    /// How often is too often.
    pub cap: Vec<CapRule>,
}

/// What holds for all channels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContactDefaults {
    /// The channels in the order in which they are taken where nothing else tells; others come after them, in the order
    /// in which they are declared.
    pub channels: Vec<SmolStr>,
    /// The IANA time zone of customers who are known to be in no other, as `Europe/Rome`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<SmolStr>,
    /// When nobody is to be woken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet: Option<QuietHours>,
}

/// When nobody is to be woken: from one time of day until before another, on the customer's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// From when on, as `21:00`.
    pub from: SmolStr,
    /// Until when, as `08:00`; on the next day where that is earlier.
    pub until: SmolStr,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelRule {
    /// Its name, as events give it.
    pub name: SmolStr,
    /// The kind of identifier by which it reaches people; none for a channel that needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<SmolStr>,
    /// Whether it wakes nobody, so that quiet hours do not hold for it.
    #[serde(default)]
    pub silent: bool,
}

/// How often is too often: of the messages for a purpose through a channel, so many in so many days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapRule {
    /// What the messages are sent for.
    pub purpose: SmolStr,
    /// The channel; none for all channels together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<SmolStr>,
    /// How many may be sent.
    pub count: u32,
    /// In how many days of 24 hours.
    pub days: u32,
}

impl ContactRules {
    /// Checks that the whole fits together. O(size of the rules, squared).
    ///
    /// # Errors
    /// `Config`, with the first wrong field named.
    pub fn check(&self) -> Result<()> {
        let declared = |name: &SmolStr| self.channel.iter().any(|channel| is_same_word(&channel.name, name));
        for (place, channel) in self.channel.iter().enumerate() {
            let earlier = self.channel.iter().take(place).map(|channel| &channel.name);
            new_name(&format!("channel[{place}].name"), &channel.name, earlier)?;
            if let Some(kind) = &channel.kind {
                named(&format!("channel[{place}].kind"), kind)?;
            }
        }
        for (place, name) in self.contact.channels.iter().enumerate() {
            let field = format!("contact.channels[{place}]");
            new_name(&field, name, self.contact.channels.iter().take(place))?;
            if !declared(name) {
                return Err(Error::policy(field, format!("`{name}` is not declared as a `[[channel]]`")));
            }
        }
        if let Some(name) = &self.contact.time_zone {
            let unknown = || format!("`{name}` is no time zone of the IANA (as `Europe/Rome`)");
            zone::named(name).ok_or_else(|| Error::policy("contact.time_zone", unknown()))?;
        }
        if let Some(quiet) = &self.contact.quiet {
            let read = |field: &str, sent: &str| {
                let reason = || format!("`{sent}` is no time of day (as `21:00`)");
                zone::time_of_day(sent).ok_or_else(|| Error::policy(format!("contact.quiet.{field}"), reason()))
            };
            if read("from", &quiet.from)? == read("until", &quiet.until)? {
                return Err(Error::policy("contact.quiet.until", "is `from`: it would always be quiet"));
            }
        }
        for (place, cap) in self.cap.iter().enumerate() {
            named(&format!("cap[{place}].purpose"), &cap.purpose)?;
            if let Some(name) = cap.channel.as_ref().filter(|name| !declared(name)) {
                let reason = format!("`{name}` is not declared as a `[[channel]]`");
                return Err(Error::policy(format!("cap[{place}].channel"), reason));
            }
            if cap.count == 0 {
                let reason = "must be 1 or more; where nothing may be sent, there is no channel";
                return Err(Error::policy(format!("cap[{place}].count"), reason));
            }
            if !(1..=DAYS_MAX).contains(&cap.days) {
                return Err(Error::policy(format!("cap[{place}].days"), format!("must be from 1 to {DAYS_MAX}")));
            }
        }
        Ok(())
    }
}

fn named(field: &str, name: &str) -> Result<()> {
    if name.trim().is_empty() { Err(Error::policy(field, "is blank")) } else { Ok(()) }
}

fn new_name<'a>(field: &str, name: &str, mut earlier: impl Iterator<Item = &'a SmolStr>) -> Result<()> {
    named(field, name)?;
    if earlier.any(|known| is_same_word(known, name)) {
        return Err(Error::policy(field, format!("`{name}` stands here twice")));
    }
    Ok(())
}

//! Key figures that mean something: what each is, how it is worked out of others, and what is done where it is missed.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};
use std::collections::{BTreeMap, BTreeSet};

/// No tree of figures is deeper.
const DEPTH_MAX: usize = 32;

/// A key figure. One without a target and an action is a number that nobody has to do anything about: it is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kpi {
    /// Its name.
    pub name: SmolStr,
    /// What is counted or measured, and over whom.
    pub definition: String,
    /// In what.
    pub unit: SmolStr,
    /// Who answers for it.
    pub owner: SmolStr,
    /// What is done where it misses its target.
    pub action: String,
    /// What it is to come to.
    pub target: f64,
    /// On which side of the target is good.
    #[serde(default)]
    pub good: Good,
    /// The figure that it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<SmolStr>,
    /// How it comes of its parts; of a figure without parts, how readings of several places or periods come together.
    #[serde(default)]
    pub roll_up: RollUp,
}

/// On which side of a target is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Good {
    /// At it or above.
    #[default]
    High,
    /// At it or below.
    Low,
}

/// How figures come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RollUp {
    /// They are added.
    Sum,
    /// Their mean, each by its weight: for rates, the cases that each is a rate of.
    #[default]
    Mean,
    /// The lowest.
    Lowest,
    /// The highest.
    Highest,
}

/// A figure as it was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KpiReading {
    /// The value, in the unit of its figure.
    pub value: f64,
    /// What it rests on: how many cases. More than 0.
    pub weight: f64,
}

/// What a figure came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KpiResult {
    /// Its name.
    pub name: SmolStr,
    /// How deep it stands in the tree: 0 for a root.
    pub depth: usize,
    /// The reading; none where nothing was measured of it or of any of its parts.
    pub reading: Option<KpiReading>,
    /// How far it is on the good side of its target, in its unit; negative where it misses it.
    pub ahead: Option<f64>,
    /// What is to be done, where it misses its target.
    pub action: Option<String>,
    /// Parts of which nothing was measured, by name: what is above rests on the others.
    pub missing: Vec<SmolStr>,
}

/// Key figures, checked. What was measured under one version is not compared with another without saying so.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiRegistry {
    // Invariant: names are unique, parents are there, no figure is its own ancestor; parents before their parts, and parts
    // of one in the order in which they were given.
    kpis: Vec<(usize, Kpi)>,
    version: SmolStr,
}

impl KpiRegistry {
    /// Checks figures. O(n log n).
    ///
    /// # Errors
    /// `Config` that names the figure and the field: an empty name, definition, unit, owner or action, a target that is no
    /// number, a name that is there twice, a parent that is not there or that leads back, or a tree deeper than 32.
    ///
    /// # Examples
    /// ```
    /// use onefold::{Good, Kpi, KpiRegistry, KpiReading, RollUp};
    /// let kpi = |name: &str, parent: Option<&str>| Kpi {
    ///     name: name.into(),
    ///     definition: "events of known people out of all events of the channel".to_owned(),
    ///     unit: "share".into(),
    ///     owner: "head of service".into(),
    ///     action: "ask for the loyalty card at the till".to_owned(),
    ///     target: 0.6,
    ///     good: Good::High,
    ///     parent: parent.map(Into::into),
    ///     roll_up: RollUp::Mean,
    /// };
    /// let registry = KpiRegistry::new([kpi("recognition", None), kpi("till", Some("recognition")), kpi("web", Some("recognition"))])?;
    /// let results = registry.evaluate([
    ///     ("till", KpiReading { value: 0.3, weight: 100.0 }),
    ///     ("web", KpiReading { value: 0.9, weight: 300.0 }),
    /// ])?;
    /// assert_eq!(results[0].reading.unwrap().value, 0.75);
    /// assert_eq!((results[0].action.is_none(), results[1].action.is_some()), (true, true));
    ///
    /// let without = Kpi { action: String::new(), ..kpi("nice to know", None) };
    /// assert!(KpiRegistry::new([without]).unwrap_err().to_string().contains("action"));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn new(kpis: impl IntoIterator<Item = Kpi>) -> Result<Self> {
        let given: Vec<Kpi> = kpis.into_iter().collect();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, kpi) in given.iter().enumerate() {
            check(place, kpi)?;
            if places.insert(&kpi.name, place).is_some() {
                return Err(Error::policy(field(place, "name"), format!("`{}` is there twice", kpi.name)));
            }
        }
        let mut parts: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for (place, kpi) in given.iter().enumerate() {
            let parent = kpi.parent.as_deref().map(|parent| {
                let missing = || Error::policy(field(place, "parent"), format!("there is no figure `{parent}`"));
                places.get(parent).copied().ok_or_else(missing)
            });
            parts.entry(parent.transpose()?).or_default().push(place);
        }
        let version = serde_json::to_vec(&given).map_err(|error| Error::policy("kpi", error.to_string()))?;
        let version = format_smolstr!("{:032x}", crate::id::Seed::default().hash_parts(KPIS, &[&version]));
        // From the roots down, so that what leads back to itself is never reached.
        let mut ordered: Vec<(usize, usize)> = Vec::with_capacity(given.len());
        let below = |parent: Option<usize>, depth: usize| {
            parts.get(&parent).into_iter().flatten().rev().map(move |&place| (depth, place))
        };
        let mut open: Vec<(usize, usize)> = below(None, 0).collect();
        while let Some((depth, place)) = open.pop() {
            if depth > DEPTH_MAX {
                return Err(Error::policy(field(place, "parent"), format!("stands deeper than {DEPTH_MAX}")));
            }
            ordered.push((depth, place));
            open.extend(below(Some(place), depth + 1));
        }
        let reached: BTreeSet<usize> = ordered.iter().map(|(_, place)| *place).collect();
        if let Some(place) = (0..given.len()).find(|place| !reached.contains(place)) {
            return Err(Error::policy(field(place, "parent"), "leads back to the figure itself"));
        }
        let mut given: Vec<Option<Kpi>> = given.into_iter().map(Some).collect();
        let take = |(depth, place): (usize, usize)| Some((depth, given.get_mut(place)?.take()?));
        Ok(Self { kpis: ordered.into_iter().filter_map(take).collect(), version })
    }

    /// The version: a hash of all that the figures say, the same on every machine.
    pub fn version(&self) -> &SmolStr {
        &self.version
    }

    /// The figures, each before its parts.
    pub fn kpis(&self) -> impl Iterator<Item = &Kpi> {
        self.kpis.iter().map(|(_, kpi)| kpi)
    }

    /// Works out every figure, from readings of those without parts; several readings of one come together by its roll-up.
    /// A figure with parts is worked out of them alone. Each before its parts. O(figures log figures + readings).
    ///
    /// # Errors
    /// `Input` that names the figure: a reading of one that is not there or that has parts, a value that is no number, or a
    /// weight that is not over 0.
    pub fn evaluate<'a>(&self, readings: impl IntoIterator<Item = (&'a str, KpiReading)>) -> Result<Vec<KpiResult>> {
        let mut told: BTreeMap<&str, Vec<KpiReading>> = BTreeMap::new();
        let parents: BTreeSet<&str> = self.kpis().filter_map(|kpi| kpi.parent.as_deref()).collect();
        let names: BTreeSet<&str> = self.kpis().map(|kpi| kpi.name.as_str()).collect();
        for (name, reading) in readings {
            let wrong = |reason: &str| Err(Error::input(format!("reading of `{name}`"), reason));
            if !names.contains(name) {
                return wrong("is of no figure of the registry");
            }
            if parents.contains(name) {
                return wrong("is of a figure that is worked out of its parts");
            }
            if !reading.value.is_finite() {
                return wrong("has a value that is no number");
            }
            if !(reading.weight.is_finite() && reading.weight > 0.0) {
                return wrong("has a weight that is not over 0");
            }
            told.entry(name).or_default().push(reading);
        }
        // Parts come after what they are parts of: backwards, every part is known before.
        let mut found: Vec<KpiResult> = Vec::with_capacity(self.kpis.len());
        let mut missing: BTreeMap<&str, Vec<SmolStr>> = BTreeMap::new();
        for (depth, kpi) in self.kpis.iter().rev() {
            let reading = kpi.roll_up.of(told.remove(kpi.name.as_str()).unwrap_or_default());
            let mut without = missing.remove(kpi.name.as_str()).unwrap_or_default();
            without.sort_unstable();
            if let Some(parent) = kpi.parent.as_deref() {
                match reading {
                    Some(reading) => told.entry(parent).or_default().push(reading),
                    None => missing.entry(parent).or_default().push(kpi.name.clone()),
                }
            }
            let ahead = reading.map(|reading| kpi.good.ahead(reading.value, kpi.target));
            let action = ahead.filter(|ahead| *ahead < 0.0).map(|_| kpi.action.clone());
            found.push(KpiResult { name: kpi.name.clone(), depth: *depth, reading, ahead, action, missing: without });
        }
        found.reverse();
        Ok(found)
    }
}

const KPIS: u8 = 49;

impl Good {
    fn ahead(self, value: f64, target: f64) -> f64 {
        match self {
            Self::High => value - target,
            Self::Low => target - value,
        }
    }
}

impl RollUp {
    /// What several readings come to, in whatever order they are.
    fn of(self, mut readings: Vec<KpiReading>) -> Option<KpiReading> {
        // Sums of the same numbers in one order are the same to the last bit.
        readings.sort_unstable_by(|a, b| a.value.total_cmp(&b.value).then(a.weight.total_cmp(&b.weight)));
        let (lowest, highest) = (readings.first()?.value, readings.last()?.value);
        let weight: f64 = readings.iter().map(|reading| reading.weight).sum();
        let value = match self {
            Self::Sum => readings.iter().map(|reading| reading.value).sum(),
            Self::Mean => readings.iter().map(|reading| reading.value * reading.weight).sum::<f64>() / weight,
            Self::Lowest => lowest,
            Self::Highest => highest,
        };
        Some(KpiReading { value, weight })
    }
}

fn field(place: usize, name: &str) -> String {
    format!("kpi[{place}].{name}")
}

fn check(place: usize, kpi: &Kpi) -> Result<()> {
    let said = [
        ("name", kpi.name.as_str()),
        ("definition", &kpi.definition),
        ("unit", &kpi.unit),
        ("owner", &kpi.owner),
        ("action", &kpi.action),
    ];
    if let Some((name, _)) = said.iter().find(|(_, text)| text.trim().is_empty()) {
        return Err(Error::policy(field(place, name), "is empty: a figure without it is none"));
    }
    if !kpi.target.is_finite() {
        return Err(Error::policy(field(place, "target"), "is no number"));
    }
    Ok(())
}

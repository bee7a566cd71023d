//! One comparison of Splink's: its levels over the columns that they look at.

use super::level::{self, Read};
use super::sql::Sql;
use super::{SplinkRemark, listed, remark};
use crate::policy::{ComparisonModel, Level, LevelModel, Policy, TermFrequencies};
use serde::Deserialize;
use serde_json::Value;
use smol_str::SmolStr;

/// What Splink takes for the probability of a level that training never saw.
const UNSEEN: f64 = 1e-6;
/// How far from 1 the probabilities may sum before they are scaled.
const SUM_TOLERANCE: f64 = 1e-6;

/// A comparison, as Splink saves it.
#[derive(Debug, Deserialize)]
pub(super) struct Settings {
    #[serde(default)]
    output_column_name: SmolStr,
    comparison_levels: Vec<LevelSettings>,
}

/// A level, as Splink saves it.
#[derive(Debug, Deserialize)]
struct LevelSettings {
    sql_condition: String,
    #[serde(default)]
    is_null_level: bool,
    /// A number; or words, where training never saw the level.
    #[serde(default)]
    m_probability: Value,
    #[serde(default)]
    u_probability: Value,
    #[serde(default)]
    tf_adjustment_column: Option<SmolStr>,
    #[serde(default)]
    tf_adjustment_weight: Option<f64>,
    #[serde(default)]
    tf_minimum_u_value: Option<f64>,
}

impl LevelSettings {
    fn is_else(&self) -> bool {
        self.sql_condition.trim().eq_ignore_ascii_case("else")
    }
}

/// A level on its way from Splink's to ours.
struct Draft<'a> {
    settings: &'a LevelSettings,
    /// What a message calls it.
    part: String,
    read: Result<Read, String>,
}

impl Settings {
    /// Reads the comparison under a policy; none where nothing of it can be read.
    pub(super) fn read(&self, policy: &Policy, remarks: &mut Vec<SplinkRemark>) -> Option<ComparisonModel> {
        let part = format!("comparison `{}`", self.output_column_name);
        let mut drafts = self.drafts(&part);
        let columns = columns(&mut drafts, policy);
        let undeclared: Vec<SmolStr> =
            columns.iter().filter(|column| policy.column_kind(column).is_none()).cloned().collect();
        if let Some(first) = undeclared.first() {
            remarks.push(remark(&part, "", &format!("is left out: {}", policy.undeclared(first))));
            return None;
        }
        let (mut levels, mut lost) = (Vec::new(), (0.0, 0.0));
        for draft in &drafts {
            match draft.level(&columns, policy, &levels) {
                Ok(level) => levels.push(draft.trained(level, remarks)),
                Err(reason) => {
                    lost.0 += draft.settings.m_probability.as_f64().unwrap_or_default();
                    lost.1 += draft.settings.u_probability.as_f64().unwrap_or_default();
                    let reason = format!("{reason}; its pairs fall to the levels below");
                    remarks.push(remark(&draft.part, &draft.settings.sql_condition, &reason));
                }
            }
        }
        if levels.is_empty() {
            remarks.push(remark(&part, "", "is left out: none of its levels can be read"));
            return None;
        }
        levels.push(self.rest(&part, &levels, lost, remarks));
        scale(&part, &mut levels, remarks);
        let term_frequencies = self.term_frequencies(&part, &columns, &levels, remarks);
        Some(ComparisonModel { attributes: columns, levels, term_frequencies })
    }

    /// The levels that are neither null nor `else`.
    fn drafts(&self, part: &str) -> Vec<Draft<'_>> {
        let levels = self.comparison_levels.iter().zip(1_u64..);
        let told = levels.filter(|(settings, _)| !settings.is_null_level && !settings.is_else());
        told.map(|(settings, number)| {
            let read = Sql::read(&settings.sql_condition).and_then(|sql| level::read(&sql));
            let read = read.ok_or_else(|| "is not a level that is known".to_owned());
            Draft { settings, part: format!("{part}, level {number}"), read }
        })
        .collect()
    }

    /// The level `else`, with what the levels that could not be read leave to it.
    fn rest(&self, part: &str, levels: &[LevelModel], lost: (f64, f64), remarks: &mut Vec<SplinkRemark>) -> LevelModel {
        let settings = self.comparison_levels.iter().find(|settings| settings.is_else());
        let told = |of: fn(&LevelSettings) -> &Value| settings.and_then(|settings| of(settings).as_f64());
        let left = |of: fn(&LevelModel) -> f64| (1.0 - levels.iter().map(of).sum::<f64>()).max(UNSEEN);
        let (m, u) = (told(|settings| &settings.m_probability), told(|settings| &settings.u_probability));
        if m.is_none() || u.is_none() {
            let reason = "has no probabilities; it takes what the other levels leave";
            remarks.push(remark(&format!("{part}, level `else`"), "", reason));
        }
        LevelModel {
            level: Level::Else,
            m: m.map_or_else(|| left(|level| level.m), |m| m + lost.0),
            u: u.map_or_else(|| left(|level| level.u), |u| u + lost.1),
            s: None,
            trained: m.is_some() && u.is_some(),
        }
    }

    /// Term frequencies without values, where Splink adjusts for those of the first column.
    fn term_frequencies(
        &self,
        part: &str,
        columns: &[SmolStr],
        levels: &[LevelModel],
        remarks: &mut Vec<SplinkRemark>,
    ) -> Option<TermFrequencies> {
        let mut adjusted = false;
        for settings in &self.comparison_levels {
            let Some(column) = &settings.tf_adjustment_column else { continue };
            let ours = columns.len() == 1 && columns.first() == Some(column);
            adjusted |= ours;
            let reason = if ours {
                format!(
                    "a file of Splink holds no term frequencies: all values of `{column}` count alike until the model \
                         is refreshed"
                )
            } else {
                format!("its term frequencies of `{column}` are left out: the comparison is of {}", listed(columns))
            };
            remarks.push(remark(part, "", &reason));
            if let Some(weight) = settings.tf_adjustment_weight.filter(|weight| *weight != 1.0) {
                remarks.push(remark(part, "", &format!("term frequencies weigh 1 here, and not {weight}")));
            }
            if let Some(least) = settings.tf_minimum_u_value.filter(|least| *least > 0.0) {
                remarks.push(remark(part, "", &format!("the least term frequency of {least} is left out")));
            }
        }
        let exact = levels.iter().find(|level| level.level == Level::Exact);
        // An agreement counts as on average while no value is listed.
        adjusted.then(|| TermFrequencies {
            other: exact.map_or(UNSEEN, |exact| exact.u.clamp(UNSEEN, 1.0)),
            values: std::collections::BTreeMap::new(),
        })
    }
}

impl Draft<'_> {
    /// The level that it is over the columns of the comparison.
    fn level(&self, columns: &[SmolStr], policy: &Policy, before: &[LevelModel]) -> Result<Level, String> {
        let read = self.read.clone()?;
        let all = read.columns.len() == columns.len() && columns.iter().all(|column| read.columns.contains(column));
        let level = match read.columns.as_slice() {
            _ if all => read.level,
            [column] => Level::Of(column.clone(), Box::new(read.level)),
            some => return Err(format!("looks at {} of {}", listed(some), listed(columns))),
        };
        if let Some(reason) = policy.misfit(columns, &level) {
            return Err(format!("`{level}` {reason}"));
        }
        let levels: Vec<Level> = before.iter().map(|level| level.level.clone()).chain([level.clone()]).collect();
        Level::check_reached(&levels).map_err(|reason| format!("`{level}` {reason}"))?;
        Ok(level)
    }

    /// The level with its probabilities; those that Splink never saw are named.
    fn trained(&self, level: Level, remarks: &mut Vec<SplinkRemark>) -> LevelModel {
        let (m, u) = (self.settings.m_probability.as_f64(), self.settings.u_probability.as_f64());
        let missing = match (m, u) {
            (None, None) => Some("m and u were"),
            (None, Some(_)) => Some("m was"),
            (Some(_), None) => Some("u was"),
            (Some(_), Some(_)) => None,
        };
        if let Some(missing) = missing {
            let reason = format!("`{level}`: its {missing} not trained, and count as {UNSEEN}");
            remarks.push(remark(&self.part, "", &reason));
        }
        LevelModel { level, m: m.unwrap_or(UNSEEN), u: u.unwrap_or(UNSEEN), s: None, trained: missing.is_none() }
    }
}

/// The columns of the levels that can be read, in the order in which they come. A column that Splink was given of others
/// put together (`first_name_surname`, with or without `_concat`) stands for these, unless the policy declares it.
fn columns(drafts: &mut [Draft<'_>], policy: &Policy) -> Vec<SmolStr> {
    let mut columns: Vec<SmolStr> = Vec::new();
    for column in drafts.iter().filter_map(|draft| draft.read.as_ref().ok()).flat_map(|read| &read.columns) {
        if !columns.contains(column) {
            columns.push(column.clone());
        }
    }
    let whole = columns.iter().find(|whole| {
        let parts: Vec<&str> = columns.iter().filter(|column| column != whole).map(SmolStr::as_str).collect();
        let name = whole.strip_suffix("_concat").unwrap_or(whole);
        parts.len() > 1 && policy.column_kind(whole).is_none() && together(name, &parts)
    });
    let Some(whole) = whole.cloned() else { return columns };
    let parts: Vec<SmolStr> = columns.into_iter().filter(|column| *column != whole).collect();
    for read in drafts.iter_mut().filter_map(|draft| draft.read.as_mut().ok()) {
        if read.columns == [whole.clone()] {
            read.columns.clone_from(&parts);
        }
    }
    parts
}

/// Whether a name is made of all of these, in any order, with `_` between them.
fn together(name: &str, parts: &[&str]) -> bool {
    let length: usize = parts.iter().map(|part| part.len() + 1).sum();
    name.len() + 1 == length && parts.iter().all(|part| format!("_{name}_").contains(&format!("_{part}_")))
}

/// Brings the probabilities to a sum of 1.
fn scale(part: &str, levels: &mut [LevelModel], remarks: &mut Vec<SplinkRemark>) {
    let sums: (f64, f64) = levels.iter().fold((0.0, 0.0), |sum, level| (sum.0 + level.m, sum.1 + level.u));
    for (name, sum) in [("m", sums.0), ("u", sums.1)] {
        // What unseen levels add is no news.
        if (sum - 1.0).abs() > UNSEEN * levels.len() as f64 + SUM_TOLERANCE {
            let reason = format!("the {name} of its levels sum to {sum:.6}, and are scaled to 1");
            remarks.push(remark(part, "", &reason));
        }
    }
    for level in levels {
        level.m /= sums.0;
        level.u /= sums.1;
    }
}

//! Models that Splink trained (4 and 5), read as ours.
//!
//! A saved model of Splink holds SQL. What the functions of its comparison library write is recognised; what cannot be
//! read is named.

mod comparison;
mod level;
mod sql;
mod term;

use crate::error::{Error, Result};
use crate::policy::{BlockPolicy, Compare, Key, KeyPart, MODEL_FORMAT, Model, Policy};
use serde::Deserialize;
use smol_str::SmolStr;
use sql::Sql;
use std::fmt;
use term::Term;

/// A model that Splink trained, as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct SplinkImport {
    /// The model. It fits the policy that it was read under.
    pub model: Model,
    /// Everything that is not in it, or not as it was, in the file's order.
    pub remarks: Vec<SplinkRemark>,
}

/// Something in a model of Splink that could not be read, or not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplinkRemark {
    /// Where it stands: a comparison and, where it is about one, a level; a blocking rule; or a setting.
    pub part: String,
    /// The SQL that it is about; empty where it is about none.
    pub sql: String,
    /// What became of it.
    pub reason: String,
}

impl fmt::Display for SplinkRemark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.reason)?;
        if self.sql.is_empty() { Ok(()) } else { write!(f, ": {}", self.sql) }
    }
}

/// The settings that Splink saves, as far as they bear on scoring.
#[derive(Debug, Deserialize)]
struct Settings {
    probability_two_random_records_match: f64,
    #[serde(default)]
    link_type: String,
    comparisons: Vec<comparison::Settings>,
    #[serde(default)]
    blocking_rules_to_generate_predictions: Vec<Rule>,
}

/// A blocking rule: a string in older files.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Rule {
    Bare(String),
    Whole { blocking_rule: String },
}

impl Model {
    /// Reads the JSON that Splink 4 or 5 saves a model as (`linker.misc.save_model_to_json`).
    ///
    /// Columns are attributes, or kinds of identifier, of the same name, which the policy must declare; their kinds must
    /// fit the levels. Recognised are the levels of Splink's comparison library in the dialects of DuckDB and Spark:
    /// exact, Jaro, Jaro-Winkler, Levenshtein, Damerau-Levenshtein, Jaccard, columns reversed, differences of dates and
    /// numbers, kilometres, intersections of arrays, parts of postcodes and e-mail addresses; conjunctions of one level
    /// over several columns; and blocking rules that are conjunctions of equalities of columns, their beginnings, ends,
    /// years, months and Soundex codes.
    ///
    /// What cannot be read is named in the remarks: a level whose pairs fall to the levels below it (its probabilities
    /// are added to those of `else`), a comparison that is left out, a rule. A file of Splink holds no term frequencies:
    /// where it asks for them, they are there without values, so that all values count alike until the model is
    /// refreshed. Values are folded before they are compared here: that Splink asks for `lower(..)` changes nothing, and
    /// that it does not neither.
    ///
    /// # Errors
    /// `Input` where it is no such JSON, or nothing in it can be read.
    ///
    /// # Examples
    /// ```
    /// use onefold::{AttributePolicy, Compare, Level, Model, Policy};
    /// let policy = Policy::builder().attribute(AttributePolicy::new("surname", Compare::Surname)).build()?;
    /// let saved = r#"{
    ///     "probability_two_random_records_match": 0.001,
    ///     "blocking_rules_to_generate_predictions": [{"blocking_rule": "l.surname = r.surname"}],
    ///     "comparisons": [{"output_column_name": "surname", "comparison_levels": [
    ///         {"sql_condition": "\"surname_l\" IS NULL OR \"surname_r\" IS NULL", "is_null_level": true},
    ///         {"sql_condition": "\"surname_l\" = \"surname_r\"", "m_probability": 0.9, "u_probability": 0.01},
    ///         {"sql_condition": "metaphone(surname_l) = metaphone(surname_r)",
    ///          "m_probability": 0.05, "u_probability": 0.02},
    ///         {"sql_condition": "ELSE", "m_probability": 0.05, "u_probability": 0.97}]}]}"#;
    /// let import = Model::from_splink(saved, &policy)?;
    /// assert_eq!(import.model.comparison[0].levels[0].level, Level::Exact);
    /// assert_eq!(import.model.block[0].keys, ["surname"]);
    /// assert_eq!(
    ///     import.remarks[0].to_string(),
    ///     "comparison `surname`, level 3: is not a level that is known; its pairs fall to the levels below: \
    ///      metaphone(surname_l) = metaphone(surname_r)"
    /// );
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn from_splink(json: &str, policy: &Policy) -> Result<SplinkImport> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let mut document = serde_json::Deserializer::from_str(json);
        let settings: Settings = serde_path_to_error::deserialize(&mut document)
            .map_err(|error| Error::input(format!("splink field `{}`", error.path()), error.inner().to_string()))?;
        let mut remarks = Vec::new();
        if settings.link_type.starts_with("link_only") {
            let reason = "links only across sources; here, say of each source that it is `unique`";
            remarks.push(remark("link_type", "", reason));
        }
        let comparison =
            settings.comparisons.iter().filter_map(|settings| settings.read(policy, &mut remarks)).collect();
        let block = blocks(&settings.blocking_rules_to_generate_predictions, policy, &mut remarks);
        let model = Model {
            format: MODEL_FORMAT,
            prior: settings.probability_two_random_records_match,
            surroundings: 0.0,
            comparison,
            block,
            training: None,
        };
        if model.comparison.is_empty() {
            let first = remarks.iter().map(|remark| format!(": {remark}")).next().unwrap_or_default();
            return Err(Error::input("splink model", format!("has no comparison that can be read{first}")));
        }
        model.check()?;
        Ok(SplinkImport { model, remarks })
    }
}

fn blocks(rules: &[Rule], policy: &Policy, remarks: &mut Vec<SplinkRemark>) -> Vec<BlockPolicy> {
    let mut blocks = Vec::new();
    for (rule, number) in rules.iter().zip(1_u64..) {
        let (Rule::Bare(sql) | Rule::Whole { blocking_rule: sql }) = rule;
        match block(sql, policy) {
            Ok(rule) if blocks.contains(&rule) => {}
            Ok(rule) => blocks.push(rule),
            Err(reason) => {
                remarks.push(remark(&format!("blocking rule {number}"), sql, &format!("{reason}; left out")))
            }
        }
    }
    blocks
}

fn block(sql: &str, policy: &Policy) -> Result<BlockPolicy, String> {
    let parsed = Sql::read(sql).ok_or("is not SQL that is known")?;
    let mut keys: Vec<Key> = Vec::new();
    for part in parsed.conjuncts() {
        let key = match part {
            Sql::Binary("=", left, right) => Term::of_both(left, right).and_then(Term::key),
            _ => None,
        };
        let mut key = key.ok_or("is not a conjunction of equalities that are known")?;
        // Dates are kept as year, month, day: their first four characters are the year.
        if key.part == KeyPart::First(4) && policy.column_kind(&key.column) == Some(Compare::Date) {
            key.part = KeyPart::Year;
        }
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let rule = BlockPolicy::from(keys);
    policy.check_block(&rule)?;
    Ok(rule)
}

fn remark(part: &str, sql: &str, reason: &str) -> SplinkRemark {
    let sql: Vec<&str> = sql.split_whitespace().collect();
    SplinkRemark { part: part.to_owned(), sql: sql.join(" "), reason: reason.to_owned() }
}

/// Names, as a message lists them.
fn listed(names: &[SmolStr]) -> String {
    format!("`{}`", names.join("`, `"))
}

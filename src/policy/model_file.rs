//! Reading and writing a model as JSON.

use super::model::Model;
use crate::error::{Error, Result};
use std::io::Read;
use std::path::Path;

/// The largest model file, in bytes.
const FILE_MAX_BYTES: u64 = 1 << 30;
/// The field below which names are values of people: it is named, and what is below it is not.
pub(super) const TERMS: &str = "term_frequencies.values";
/// What is wrong below it.
pub(super) const NO_NUMBER: &str = "holds what is no number, or is cut short";

impl Model {
    /// Reads and checks a model in JSON.
    ///
    /// # Errors
    /// `Input`, with the field and the line, where it is not JSON, has an unknown field, or cannot hold. No message
    /// holds a value of a person.
    ///
    /// # Examples
    /// ```
    /// use onefold::Model;
    /// let text = r#"{"format": 1, "prior": 0.001, "comparison": [{"attributes": ["surname"], "levels": [
    ///     {"level": "exact", "m": 0.9, "u": 0.01}, {"level": "else", "m": 0.1, "u": 0.99}]}]}"#;
    /// let model = Model::from_json(text)?;
    /// assert_eq!(Model::from_json(&model.to_json()?)?, model);
    /// let error = Model::from_json(&text.replace("0.9,", "1.9,")).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "model field `comparison[0].levels[0].m`: is 1.9, which is no probability"
    /// );
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let refuse = |field: &str, error: &serde_json::Error| {
            let (field, message) = said(field, error);
            Error::input(format!("model field `{field}`"), format!("line {}: {message}", error.line()))
        };
        let mut document = serde_json::Deserializer::from_str(text);
        let model: Self = serde_path_to_error::deserialize(&mut document)
            .map_err(|error| refuse(&error.path().to_string(), error.inner()))?;
        document.end().map_err(|error| refuse(".", &error))?;
        model.check()?;
        Ok(model)
    }

    /// Reads and checks a model file.
    ///
    /// # Errors
    /// `Input` where it holds a wrong model, with the field named; `Config` where it cannot be read; `Limit` where it is
    /// larger than 1 GiB.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let unreadable = |error: std::io::Error| Error::option("path", format!("the model cannot be read: {error}"));
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(FILE_MAX_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > FILE_MAX_BYTES {
            return Err(Error::limit("the model file in bytes", FILE_MAX_BYTES));
        }
        Self::from_json(&text)
    }

    /// Writes the model as JSON, indented, in the order of the fields. The same model gives the same bytes, and reads
    /// back to the last bit.
    ///
    /// # Errors
    /// `Input` where a number is not finite; a checked model has none.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|error| Error::input("model", format!("cannot be written: {error}")))
    }
}

/// The field and the message of an error of JSON, without a value of a person.
fn said(field: &str, error: &serde_json::Error) -> (String, String) {
    if let Some((before, _)) = field.split_once(TERMS) {
        return (format!("{before}{TERMS}"), NO_NUMBER.to_owned());
    }
    let field = if field == "." { "model" } else { field };
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    (field.to_owned(), message.strip_suffix(&place).unwrap_or(&message).to_owned())
}

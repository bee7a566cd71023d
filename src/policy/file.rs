//! Reading and writing a policy as TOML or JSON.

use super::Policy;
use crate::error::{Error, Result};
use std::io::Read;
use std::path::Path;

/// The largest policy file, in bytes.
const FILE_MAX_BYTES: u64 = 16 << 20;

impl Policy {
    /// Reads and checks a policy in TOML.
    ///
    /// # Errors
    /// `Config`, with the field and the line, where it is not TOML, has an unknown field, or does not fit together.
    ///
    /// # Examples
    /// ```
    /// use onefold::Policy;
    /// let policy = Policy::from_toml("[[identifier]]\nkind = \"email\"\nrole = \"contact\"\nnormalise = \"email\"")?;
    /// assert_eq!(policy.identifier[0].kind, "email");
    /// let error = Policy::from_toml("[[identifier]]\nkind = \"email\"\nroll = \"contact\"").unwrap_err();
    /// assert!(error.to_string().starts_with("policy field `identifier[0].roll`: line 3: unknown field"));
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn from_toml(text: &str) -> Result<Self> {
        let text = without_mark(text);
        let refuse = |field: &str, error: &toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| 1 + before.matches('\n').count());
            refuse(field, line, error.message())
        };
        let document = toml::Deserializer::parse(text).map_err(|error| refuse(".", &error))?;
        let policy: Self = serde_path_to_error::deserialize(document)
            .map_err(|error| refuse(&error.path().to_string(), error.inner()))?;
        policy.check()?;
        Ok(policy)
    }

    /// Reads and checks a policy in JSON.
    ///
    /// # Errors
    /// `Config`, with the field and the line, where it is not JSON, has an unknown field, or does not fit together.
    pub fn from_json(text: &str) -> Result<Self> {
        let text = without_mark(text);
        let refuse = |field: &str, error: &serde_json::Error| {
            let message = error.to_string();
            let place = format!(" at line {} column {}", error.line(), error.column());
            refuse(field, (error.line() > 0).then(|| error.line()), message.strip_suffix(&place).unwrap_or(&message))
        };
        let mut document = serde_json::Deserializer::from_str(text);
        let policy: Self = serde_path_to_error::deserialize(&mut document)
            .map_err(|error| refuse(&error.path().to_string(), error.inner()))?;
        document.end().map_err(|error| refuse(".", &error))?;
        policy.check()?;
        Ok(policy)
    }

    /// Reads and checks a policy file: `.toml` or `.json`.
    ///
    /// # Errors
    /// `Config` where the file cannot be read, has another extension, or holds a wrong policy; `Limit` where it is
    /// larger than 16 MiB.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        let parse = match extension.as_deref() {
            Some("toml") => Self::from_toml,
            Some("json") => Self::from_json,
            _ => return Err(Error::option("path", "a policy is a `.toml` or a `.json` file")),
        };
        let unreadable = |error: std::io::Error| Error::option("path", format!("the policy cannot be read: {error}"));
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(FILE_MAX_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > FILE_MAX_BYTES {
            return Err(Error::limit("the policy file in bytes", FILE_MAX_BYTES));
        }
        parse(&text)
    }

    /// Writes the policy as JSON, indented, in the order of the fields.
    ///
    /// # Errors
    /// `Config` where a field cannot be written; a checked policy always can.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|error| unwritable(&error))
    }

    /// Writes the policy as TOML.
    ///
    /// # Errors
    /// `Config` where a field cannot be written (a number over 2^63 - 1); a checked policy always can.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string_pretty(self).map_err(|error| unwritable(&error))
    }

    /// The JSON Schema of a policy file, for editors.
    pub fn json_schema() -> &'static str {
        include_str!("schema.json")
    }
}

fn refuse(field: &str, line: Option<usize>, message: &str) -> Error {
    let field = if field == "." { "policy" } else { field };
    let message = message.trim().replace('\n', ", ");
    Error::policy(field, line.map_or_else(|| message.clone(), |line| format!("line {line}: {message}")))
}

fn unwritable(error: &dyn std::fmt::Display) -> Error {
    Error::policy("policy", format!("cannot be written: {error}"))
}

/// Some editors begin a file with a byte order mark.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use crate::policy::{
        AttributePolicy, Compare, Contested, Form, IdentifierPolicy, Limit, Links, Policy, Role, SourcePolicy, Survive,
    };
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    fn fields(value: &Value) -> BTreeSet<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    /// A policy that leaves no field out: serde skips what is empty.
    fn full() -> Policy {
        let email = IdentifierPolicy::new("email", Role::Contact)
            .links(Links::All)
            .normalise(Form::Email)
            .ignore_tags(["gmail.com"])
            .max_per_profile(1)
            .max_claimants(Limit::None)
            .max_records(1)
            .corroborate(["a"])
            .block(["x"])
            .pattern(".*");
        let attribute = AttributePolicy::new("a", Compare::Text).group("g").survive([Survive::Source]).verified_by("b");
        Policy::builder()
            .default_region("US")
            .source("crm")
            .identifier(email)
            .attribute(attribute)
            .attribute(AttributePolicy::new("b", Compare::Exact))
            .build()
            .unwrap()
    }

    #[test]
    fn the_schema_has_the_fields_of_the_policy() {
        let schema: Value = serde_json::from_str(Policy::json_schema()).unwrap();
        let policy = serde_json::to_value(full()).unwrap();
        assert_eq!(fields(&schema["properties"]), fields(&policy));
        for part in ["source", "identifier", "attribute"] {
            assert_eq!(fields(&schema["$defs"][part]["properties"]), fields(&policy[part][0]), "{part}");
            assert_eq!(schema["$defs"][part]["additionalProperties"], json!(false));
        }
    }

    #[test]
    fn the_schema_has_the_words_and_defaults_of_the_policy() {
        let schema: Value = serde_json::from_str(Policy::json_schema()).unwrap();
        let read = |part: &str, field: &str, word: &Value| {
            let mut object = match part {
                "source" => serde_json::to_value(SourcePolicy::new("a")),
                "identifier" => serde_json::to_value(IdentifierPolicy::new("a", Role::Device)),
                _ => serde_json::to_value(AttributePolicy::new("a", Compare::Text)),
            }
            .unwrap();
            object[field] = word.clone();
            match part {
                "source" => serde_json::from_value::<SourcePolicy>(object).is_ok(),
                "identifier" => serde_json::from_value::<IdentifierPolicy>(object).is_ok(),
                _ => serde_json::from_value::<AttributePolicy>(object).is_ok(),
            }
        };
        let mut words = 0;
        for part in ["source", "identifier", "attribute"] {
            for (field, said) in schema["$defs"][part]["properties"].as_object().unwrap() {
                for word in said["enum"].as_array().into_iter().flatten() {
                    assert!(read(part, field, word), "{part}.{field} {word}");
                    words += 1;
                }
            }
        }
        assert_eq!(words, 3 + 4 + 3 + 8 + 2 + 11);
        for rule in schema["$defs"]["attribute"]["properties"]["survive"]["items"]["enum"].as_array().unwrap() {
            assert!(read("attribute", "survive", &json!([rule])), "{rule}");
        }
        assert_eq!(schema["properties"]["max_region"]["default"], json!(Policy::default().max_region));
        assert_eq!(schema["properties"]["clock_skew_seconds"]["default"], json!(Policy::default().clock_skew_seconds));
        let contested = &schema["$defs"]["identifier"]["properties"]["contested"]["default"];
        assert_eq!(*contested, serde_json::to_value(Contested::default()).unwrap());
    }
}

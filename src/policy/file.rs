//! Reading and writing a policy as TOML or JSON.

use super::Policy;
use super::linkage::ModelSource;
use super::model::Model;
use super::model_file::{NO_NUMBER, TERMS};
use crate::error::{Error, ErrorKind, Result};
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
        let policy = Self::parse_toml(text)?;
        policy.check()?;
        Ok(policy)
    }

    fn parse_toml(text: &str) -> Result<Self> {
        let text = without_mark(text);
        let refuse = |field: &str, error: &toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| 1 + before.matches('\n').count());
            refuse(field, line, error.message())
        };
        let document = toml::Deserializer::parse(text).map_err(|error| refuse(".", &error))?;
        serde_path_to_error::deserialize(document).map_err(|error| refuse(&error.path().to_string(), error.inner()))
    }

    /// Reads and checks a policy in JSON.
    ///
    /// # Errors
    /// `Config`, with the field and the line, where it is not JSON, has an unknown field, or does not fit together.
    pub fn from_json(text: &str) -> Result<Self> {
        let policy = Self::parse_json(text)?;
        policy.check()?;
        Ok(policy)
    }

    fn parse_json(text: &str) -> Result<Self> {
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
        Ok(policy)
    }

    /// Reads and checks a policy file: `.toml` or `.json`. Where its linkage names a model file, that file, beside the
    /// policy's, is read too, and the policy holds the model itself.
    ///
    /// # Errors
    /// `Config` where a file cannot be read, has another extension, or holds a wrong policy or model; `Limit` where it
    /// is larger than 16 MiB, or the model's larger than 1 GiB.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut policy = Self::read(path)?;
        if let Some(linkage) = &mut policy.linkage
            && let Some(ModelSource::Path(name)) = &linkage.model
        {
            let beside = path.parent().unwrap_or(Path::new("")).join(name.as_str());
            let model = Model::from_path(beside).map_err(|error| match error.kind() {
                ErrorKind::Limit => error,
                _ => Error::policy("linkage.model", format!("{name}: {error}")),
            })?;
            linkage.model = Some(model.into());
        }
        policy.check()?;
        Ok(policy)
    }

    /// Reads and checks a policy file as training needs it: the model that it names or holds is left out, whether the
    /// file is there or not.
    ///
    /// # Errors
    /// `Config` where the file cannot be read, has another extension, or holds a wrong policy; `Limit` where it is
    /// larger than 16 MiB.
    pub fn from_path_untrained(path: impl AsRef<Path>) -> Result<Self> {
        let mut policy = Self::read(path.as_ref())?;
        if let Some(linkage) = &mut policy.linkage {
            linkage.model = None;
        }
        policy.check()?;
        Ok(policy)
    }

    fn read(path: &Path) -> Result<Self> {
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        let parse = match extension.as_deref() {
            Some("toml") => Self::parse_toml,
            Some("json") => Self::parse_json,
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
    // A model within the policy lists values of people.
    let (field, message) = match field.split_once(TERMS) {
        Some((before, _)) => (&*format!("{before}{TERMS}"), NO_NUMBER),
        None => (field, message),
    };
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
    use crate::event::{EventKind, LegalBasis, Sensitivity};
    use crate::policy::{
        AttributePolicy, BlockPolicy, Compare, ComparisonModel, ComparisonPolicy, Contested, Form, HouseholdPolicy,
        IdentifierPolicy, Level, LevelModel, Limit, LinkagePolicy, Links, MODEL_FORMAT, Model, Policy, PurposePolicy,
        Role, SourcePolicy, Survive, TermFrequencies, Training,
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
            .pattern(".*")
            .purposes(["care"])
            .keep("P2Y".parse().unwrap());
        let attribute = AttributePolicy::new("a", Compare::Text)
            .group("g")
            .survive([Survive::Source])
            .verified_by("b")
            .purposes(["care"])
            .keep("P2Y".parse().unwrap())
            .sensitivity(Sensitivity::Special);
        Policy::builder()
            .default_region("US")
            .undeclared_keep("P1M".parse().unwrap())
            .source("crm")
            .identifier(email)
            .identifier(IdentifierPolicy::new("home", Role::Contact).links(Links::None))
            .attribute(attribute)
            .attribute(AttributePolicy::new("b", Compare::Exact))
            .identifier(IdentifierPolicy::new("order_id", Role::Session))
            .order("order_id")
            .linkage(linkage())
            .household(HouseholdPolicy::new().identifier("home").attributes(["a"]))
            .purpose(PurposePolicy::new("care").basis(LegalBasis::Contract).keep("P13M".parse().unwrap()))
            .event_purposes(&EventKind::View, ["care"])
            .event_keep(&EventKind::View, "P30D".parse().unwrap())
            .build()
            .unwrap()
    }

    fn linkage() -> LinkagePolicy {
        let level = |level: Level, p: f64| LevelModel { level, m: p, u: 1.0 - p, s: Some(1.0 - p), trained: true };
        let terms = TermFrequencies { other: 0.1, values: [("x".into(), 0.5)].into() };
        let comparison = ComparisonModel {
            attributes: vec!["a".into()],
            levels: vec![level(Level::Exact, 0.75), level(Level::Else, 0.25)],
            term_frequencies: Some(terms),
        };
        let block = BlockPolicy::new(["a[:3]"]);
        let model = Model {
            format: MODEL_FORMAT,
            prior: 0.001,
            surroundings: 0.01,
            comparison: vec![comparison],
            block: vec![block.clone()],
            training: Some(Training { records: 1, pairs: 2, seed: 3, rounds: 4 }),
        };
        let compared = ComparisonPolicy::new("a").levels([Level::Exact]).term_frequency();
        LinkagePolicy::new().model(model).comparison(compared).block(block)
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
        let (linkage, model) = (&policy["linkage"], &policy["linkage"]["model"]);
        for (part, written) in [
            ("event", &policy["event"]),
            ("linkage", linkage),
            ("household", &policy["household"]),
            ("purpose", &policy["purpose"][0]),
            ("block", &linkage["block"][0]),
            ("model", model),
            ("comparison_model", &model["comparison"][0]),
            ("level_model", &model["comparison"][0]["levels"][0]),
            ("term_frequencies", &model["comparison"][0]["term_frequencies"]),
            ("training", &model["training"]),
        ] {
            assert_eq!(fields(&schema["$defs"][part]["properties"]), fields(written), "{part}");
            assert_eq!(schema["$defs"][part]["additionalProperties"], json!(false));
        }
        // One attribute or several: never both.
        let mut comparison = serde_json::to_value(ComparisonPolicy::of(["a"])).unwrap();
        comparison.as_object_mut().unwrap().extend(linkage["comparison"][0].as_object().unwrap().clone());
        assert_eq!(fields(&schema["$defs"]["comparison"]["properties"]), fields(&comparison));
    }

    #[test]
    fn the_schema_knows_every_level_and_the_defaults_of_linkage() {
        let schema: Value = serde_json::from_str(Policy::json_schema()).unwrap();
        let pattern = regex::Regex::new(schema["$defs"]["level"]["pattern"].as_str().unwrap()).unwrap();
        for level in [
            "exact",
            "agree",
            "compatible",
            "swapped",
            "swapped:b",
            "of:a:exact",
            "jaro:0.9",
            "jaro_winkler:0.92",
            "levenshtein:1",
            "damerau_levenshtein:2",
            "token_set:0.5",
            "jaccard:1",
            "prefix:3",
            "suffix:4",
            "soundex",
            "number:1.5",
            "percent:10",
            "days:31",
            "related",
            "short_form",
            "first_name",
            "day_month_swap",
            "date_typo",
            "km:2.5",
            "overlap:1",
            "email_user",
            "email_user_jaro_winkler:0.88",
            "postcode_sector",
            "postcode_district",
            "postcode_area",
            "custom:mine:0.5",
            "else",
        ] {
            assert!(pattern.is_match(level), "{level}");
            assert_eq!(level.parse::<Level>().unwrap().to_string(), level);
        }
        let defaults = serde_json::to_value(LinkagePolicy::new()).unwrap();
        for (field, default) in defaults.as_object().unwrap() {
            assert_eq!(schema["$defs"]["linkage"]["properties"][field]["default"], *default, "{field}");
        }
        let key = &schema["$defs"]["block"]["properties"]["keys"]["items"]["pattern"];
        let pattern = regex::Regex::new(key.as_str().unwrap()).unwrap();
        for (key, good) in [
            ("a", true),
            ("a b", true),
            ("a[:3]", true),
            ("a[-2:]", true),
            ("year(a)", true),
            ("soundex(a)", true),
            ("words(a)", true),
            ("a[3]", false),
            ("decade(a)", false),
            ("a)", false),
        ] {
            assert_eq!((pattern.is_match(key), key.parse::<crate::policy::Key>().is_ok()), (good, good), "{key}");
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
        assert_eq!(words, 3 + 4 + 3 + 8 + 2 + 11 + 3);
        for rule in schema["$defs"]["attribute"]["properties"]["survive"]["items"]["enum"].as_array().unwrap() {
            assert!(read("attribute", "survive", &json!([rule])), "{rule}");
        }
        assert_eq!(schema["properties"]["max_region"]["default"], json!(Policy::default().max_region));
        assert_eq!(schema["properties"]["clock_skew_seconds"]["default"], json!(Policy::default().clock_skew_seconds));
        let contested = &schema["$defs"]["identifier"]["properties"]["contested"]["default"];
        assert_eq!(*contested, serde_json::to_value(Contested::default()).unwrap());
    }
}

//! The column map: which column of a table is what.

use crate::failure::{Failure, Outcome};
use crate::input::Entry;
use onefold::{Error, Identifier, Operation, Record, Result, SmolStr, Timestamp, Value};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Which column of a table is what.
///
/// ```toml
/// source = { value = "crm" }              # or { column = "source" }
/// key = "unique_id"
/// at = { column = "updated" }             # optional
/// truth = "cluster"                       # optional: for evaluation, never seen by the resolver
/// [identifiers]
/// email = "email"
/// phone = ["home_phone", "mobile"]        # several columns: several values
/// [attributes]
/// given_name = "first_name"
/// address = { join = ["street", "city", "postcode"] }
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Columns {
    source: Cell,
    key: String,
    at: Option<Cell>,
    truth: Option<String>,
    #[serde(default)]
    identifiers: BTreeMap<SmolStr, Field>,
    #[serde(default)]
    attributes: BTreeMap<SmolStr, Field>,
}

/// Where the values of an identifier or attribute stand.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a column, `{ join = [columns] }`, or a list of these")]
enum Field {
    One(Part),
    Several(Vec<Part>),
}

/// Where one value stands: in a column, or in pieces, which a space parts.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a column or `{ join = [columns] }`")]
enum Part {
    Column(String),
    Joined(Join),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Join {
    join: Vec<String>,
}

impl Field {
    fn parts(&self) -> &[Part] {
        match self {
            Self::One(part) => std::slice::from_ref(part),
            Self::Several(parts) => parts,
        }
    }
}

impl Part {
    fn columns(&self) -> &[String] {
        match self {
            Self::Column(column) => std::slice::from_ref(column),
            Self::Joined(join) => &join.join,
        }
    }
}

/// One value for the whole table, or a column.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Cell {
    Value(SmolStr),
    Column(String),
}

impl Columns {
    /// Reads a column map.
    pub(crate) fn from_path(path: &Path) -> Outcome<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file("--columns", path, error))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        toml::from_str(text).map_err(|error| Failure::file("--columns", path, error.to_string().trim_end()))
    }

    fn fields(&self) -> impl Iterator<Item = &Field> {
        self.identifiers.values().chain(self.attributes.values())
    }

    /// Says whether a column of a table is of use.
    pub(crate) fn name(&self, column: &str) -> bool {
        let cells = [Some(&self.source), self.at.as_ref()].into_iter().flatten();
        let mut of_cells = cells.filter_map(|cell| match cell {
            Cell::Column(name) => Some(name),
            Cell::Value(_) => None,
        });
        of_cells.any(|name| name == column)
            || self.key == column
            || self.truth.as_deref() == Some(column)
            || self.fields().flat_map(Field::parts).flat_map(Part::columns).any(|name| name == column)
    }
}

/// One row of a table.
pub(crate) trait Cells {
    /// The content of a cell; nothing where it is blank.
    fn value(&self, field: &str, column: usize) -> Result<Option<Value>>;
}

/// A constant, or the place of a column in the table at hand.
enum Place {
    Value(SmolStr),
    Column(usize),
}

/// Where the columns of the map stand in a table.
pub(crate) struct Layout {
    now: Timestamp,
    source: Place,
    key: usize,
    at: Option<Place>,
    truth: Option<usize>,
    identifiers: Vec<(SmolStr, Parts)>,
    attributes: Vec<(SmolStr, Parts)>,
}

/// For each value of a field the places of its pieces.
type Parts = Vec<Vec<usize>>;

impl Layout {
    /// Finds the map's columns among those of a table.
    pub(crate) fn find(columns: &Columns, names: &[String], path: &Path, now: Timestamp) -> Outcome<Self> {
        let wrong = |reason: String| Failure::file("--input", path, reason);
        let find = |field: &str, column: &str| {
            let mut places = names.iter().enumerate().filter(|(_, name)| *name == column).map(|(place, _)| place);
            match (places.next(), places.next()) {
                (Some(place), None) => Ok(place),
                (Some(_), Some(_)) => Err(wrong(format!("has the column `{column}` of `{field}` twice"))),
                (None, _) => Err(wrong(format!("has no column `{column}`, which the column map names for `{field}`"))),
            }
        };
        let place = |field: &str, cell: &Cell| match cell {
            Cell::Value(value) => Ok(Place::Value(value.clone())),
            Cell::Column(column) => find(field, column).map(Place::Column),
        };
        let part = |name: &str, part: &Part| part.columns().iter().map(|column| find(name, column)).collect();
        let parts = |name: &SmolStr, field: &Field| {
            let parts = field.parts().iter().map(|one| part(name, one)).collect::<Outcome<Parts>>()?;
            Ok((name.clone(), parts))
        };
        let all = |fields: &BTreeMap<SmolStr, Field>| {
            fields.iter().map(|(name, field)| parts(name, field)).collect::<Outcome<Vec<_>>>()
        };
        Ok(Self {
            now,
            source: place("source", &columns.source)?,
            key: find("key", &columns.key)?,
            at: columns.at.as_ref().map(|at| place("at", at)).transpose()?,
            truth: columns.truth.as_ref().map(|truth| find("truth", truth)).transpose()?,
            identifiers: all(&columns.identifiers)?,
            attributes: all(&columns.attributes)?,
        })
    }

    /// What a row says, as an entry.
    pub(crate) fn entry(&self, row: Result<&dyn Cells>, line: u64, bytes: u64) -> Entry {
        let read = row.and_then(|row| {
            let record = self.record(row)?;
            let truth = self.truth.and_then(|column| row.value("truth", column).ok().flatten());
            let truth = truth.map(|person| (record.key.clone(), text(person)));
            Ok((Operation::Add(record), truth))
        });
        match read {
            Ok((operation, truth)) => Entry { line, operation: Ok(operation), truth, bytes },
            Err(error) => Entry { line, operation: Err(error), truth: None, bytes },
        }
    }

    fn record(&self, row: &dyn Cells) -> Result<Record> {
        let source = self.filled("source", &self.source, row)?.ok_or_else(|| missing("source"))?;
        let key = row.value("key", self.key)?.ok_or_else(|| missing("key"))?;
        let at = match &self.at {
            Some(place) => self.filled("at", place, row)?.map_or(Ok(self.now), time)?,
            None => self.now,
        };
        let mut record = Record::new(text(source), text(key), at);
        for (kind, parts) in &self.identifiers {
            match values(kind, parts, row)? {
                Some(Value::List(values)) => {
                    let values = values.into_iter().filter(|value| !value.is_empty());
                    record.identifiers.extend(values.map(|value| Identifier::new(kind.clone(), text(value))));
                }
                Some(value) => record.identifiers.push(Identifier::new(kind.clone(), text(value))),
                None => {}
            }
        }
        for (name, parts) in &self.attributes {
            record.attributes.extend(values(name, parts, row)?.map(|value| (name.clone(), value)));
        }
        // It is kept for long, a million times over.
        record.identifiers.shrink_to_fit();
        record.attributes.shrink_to_fit();
        Ok(record)
    }

    /// The content of a cell, or the table's constant; nothing where it is blank.
    fn filled(&self, field: &str, place: &Place, row: &dyn Cells) -> Result<Option<Value>> {
        match place {
            Place::Value(value) => Ok(Some(Value::Text(value.clone()))),
            Place::Column(column) => row.value(field, *column),
        }
    }
}

/// What a row says of a field; nothing where all its cells are blank, a list where there are several values.
fn values(field: &str, parts: &[Vec<usize>], row: &dyn Cells) -> Result<Option<Value>> {
    if let [columns] = parts
        && let [column] = columns.as_slice()
    {
        return row.value(field, *column);
    }
    let mut found: Vec<Value> = Vec::with_capacity(parts.len());
    for columns in parts {
        let cells = columns.iter().map(|&column| row.value(field, column));
        let mut cells = cells.filter_map(Result::transpose).collect::<Result<Vec<Value>>>()?;
        match (cells.pop(), cells.is_empty()) {
            (Some(Value::List(values)), true) => found.extend(values),
            (Some(value), true) => found.push(value),
            (Some(last), false) => {
                cells.push(last);
                let pieces: Vec<SmolStr> = cells.into_iter().map(text).collect();
                found.push(Value::Text(pieces.join(" ").into()));
            }
            (None, _) => {}
        }
    }
    Ok(match found.len() {
        0 | 1 => found.pop(),
        _ => Some(Value::List(found)),
    })
}

fn text(value: Value) -> SmolStr {
    match value {
        Value::Text(text) => text,
        other => other.to_string().into(),
    }
}

fn missing(field: &str) -> Error {
    Error::input(format!("field `{field}`"), "is missing")
}

/// RFC 3339, Unix milliseconds, or a date alone, which is its midnight in UTC.
fn time(value: Value) -> Result<Timestamp> {
    let text = text(value);
    let text = text.trim();
    if let Ok(milliseconds) = text.parse() {
        return Timestamp::from_milliseconds(milliseconds);
    }
    text.parse()
        .or_else(|_| format!("{text}T00:00:00Z").parse())
        .map_err(|_| Error::input("field `at`", "is not RFC 3339 (as 2026-01-05T10:00:00Z), a date or milliseconds"))
}

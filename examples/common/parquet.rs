//! Tables as Parquet, read through a column map. Columns that the map does not name are not read.

use crate::columns::{Cells, Columns, Layout};
use crate::failure::{Failure, Outcome};
use crate::input::Entry;
use onefold::{Error, Result, Timestamp, Value};
use parquet::basic::{Compression, LogicalType, TimeUnit};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Reads the rows of a table. A row that cannot be read is an entry with an error, and the next one follows; where the
/// file itself is damaged, the entry with the error is the last.
pub(crate) struct Parquet {
    rows: RowIter<'static>,
    layout: Layout,
    /// How many rows came, and whether more can.
    line: u64,
    failed: bool,
    bytes_per_row: u64,
}

impl Parquet {
    /// Reads the schema and finds the map's columns in it.
    pub(crate) fn new(file: File, columns: &Columns, path: &Path, now: Timestamp) -> Outcome<Self> {
        let wrong = |error: parquet::errors::ParquetError| Failure::file("--input", path, error);
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let reader = SerializedFileReader::new(file).map_err(wrong)?;
        let metadata = reader.metadata().file_metadata();
        let rows = u64::try_from(metadata.num_rows()).unwrap_or_default();
        let schema = metadata.schema();
        let used: Vec<Arc<Type>> =
            schema.get_fields().iter().filter(|field| columns.name(field.name())).cloned().collect();
        let names: Vec<String> = used.iter().map(|field| field.name().to_owned()).collect();
        let layout = Layout::find(columns, &names, path, now)?;
        if let Some(field) = used.iter().find(|field| in_nanoseconds(field)) {
            let reason = format!("has the column `{}` in nanoseconds; write it in microseconds", field.name());
            return Err(Failure::file("--input", path, reason));
        }
        let chunks = reader.metadata().row_groups().iter().flat_map(|rows| rows.columns());
        let compressed = chunks.map(|chunk| chunk.compression());
        if let Some(other) =
            compressed.into_iter().find(|by| !matches!(by, Compression::UNCOMPRESSED | Compression::SNAPPY))
        {
            let other = other.to_string();
            let name = other.split('(').next().unwrap_or_default();
            return Err(Failure::file("--input", path, format!("is compressed by {name}; write it with snappy")));
        }
        let projection = Type::group_type_builder(schema.name()).with_fields(used).build().map_err(wrong)?;
        let rows_of_file = RowIter::from_file_into(Box::new(reader)).project(Some(projection)).map_err(wrong)?;
        Ok(Self { rows: rows_of_file, layout, line: 0, failed: false, bytes_per_row: length / rows.max(1) })
    }
}

/// Times in nanoseconds come as bare numbers, which would be taken for milliseconds.
fn in_nanoseconds(field: &Type) -> bool {
    matches!(
        field.get_basic_info().logical_type_ref(),
        Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS
    )
}

impl Cells for Row {
    fn value(&self, field: &str, column: usize) -> Result<Option<Value>> {
        let Some((_, cell)) = self.get_column_iter().nth(column) else { return Ok(None) };
        Ok(Some(value(field, cell)?).filter(|value| !value.is_empty()))
    }
}

/// A cell as a value. What has a written form of its own (decimals, dates, times) comes as text.
fn value(field: &str, cell: &Field) -> Result<Value> {
    let whole = |number: u64| Value::from(number.to_string());
    let wrong = |reason: &str| Error::input(format!("field `{field}`"), reason);
    Ok(match cell {
        Field::Null => Value::Null,
        Field::Bool(value) => Value::Bool(*value),
        Field::Byte(number) => Value::Integer((*number).into()),
        Field::Short(number) => Value::Integer((*number).into()),
        Field::Int(number) => Value::Integer((*number).into()),
        Field::Long(number) => Value::Integer(*number),
        Field::UByte(number) => Value::Integer((*number).into()),
        Field::UShort(number) => Value::Integer((*number).into()),
        Field::UInt(number) => Value::Integer((*number).into()),
        Field::ULong(number) => i64::try_from(*number).map_or_else(|_| whole(*number), Value::Integer),
        Field::Float16(number) => real(f64::from(f32::from(*number))),
        // As it was written: 0.1, and not the nearest of the wider type.
        Field::Float(number) => real(number.to_string().parse().unwrap_or(f64::from(*number))),
        Field::Double(number) => real(*number),
        Field::Str(text) => Value::from(text.as_str()),
        Field::Bytes(bytes) => Value::from(std::str::from_utf8(bytes.data()).map_err(|_| wrong("is not UTF-8"))?),
        Field::ListInternal(list) => {
            Value::List(list.elements().iter().map(|cell| value(field, cell)).collect::<Result<_>>()?)
        }
        Field::Decimal(_) | Field::Date(_) => Value::from(cell.to_string().trim_matches('"')),
        Field::TimestampMillis(milliseconds) => Value::from(Timestamp::from_milliseconds(*milliseconds)?.to_string()),
        Field::TimestampMicros(microseconds) => Value::from(Timestamp::from_microseconds(*microseconds)?.to_string()),
        _ => return Err(wrong("is of a nested type")),
    })
}

fn real(number: f64) -> Value {
    if number.is_finite() { Value::Number(number) } else { Value::Null }
}

impl Iterator for Parquet {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.failed {
            return None;
        }
        let row = self.rows.next()?;
        self.line += 1;
        self.failed = row.is_err();
        let row = row.map_err(|error| Error::input("file", error.to_string()));
        let cells: Result<&dyn Cells> = match &row {
            Ok(row) => Ok(row),
            Err(error) => Err(Error::input("file", error.to_string())),
        };
        Some(self.layout.entry(cells, self.line, self.bytes_per_row))
    }
}

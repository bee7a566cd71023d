//! Purchases from a file: CSV with a header, or lines of CDNOW.

use crate::failure::{Failure, Outcome};
use std::path::{Path, PathBuf};

/// Unreadable lines that are named; the others are counted.
const NAMED_MAX: usize = 5;

/// A customer, a day counted from 1970-01-01, and an amount.
pub(crate) type Purchase = (String, i64, Option<f64>);

/// What was read.
#[derive(Default)]
pub(crate) struct Transactions {
    pub(crate) rows: Vec<Purchase>,
    /// The line that each row stands on.
    pub(crate) lines: Vec<u64>,
    /// Some of the lines that cannot be read, and why.
    pub(crate) unreadable: Vec<(u64, String)>,
    pub(crate) unreadable_count: u64,
}

impl Transactions {
    pub(crate) fn take(&mut self, line: u64, read: Result<Purchase, &str>) {
        match read {
            Ok(purchase) => {
                self.rows.push(purchase);
                self.lines.push(line);
            }
            Err(why) => {
                self.unreadable_count += 1;
                note(&mut self.unreadable, line, why.to_owned());
            }
        }
    }
}

/// Keeps the first few lines that cannot be read.
pub(crate) fn note(unreadable: &mut Vec<(u64, String)>, line: u64, why: String) {
    if unreadable.len() < NAMED_MAX {
        unreadable.push((line, why));
    }
}

/// Reads files. Without columns, one whose first line has no comma is taken for CDNOW.
pub(crate) fn read(paths: &[PathBuf], columns: Option<&str>) -> Outcome<Transactions> {
    let mut all = Transactions::default();
    for path in paths {
        let read = one(path, columns)?;
        all.rows.extend(read.rows);
        all.lines.extend(read.lines);
        all.unreadable_count += read.unreadable_count;
        read.unreadable.into_iter().for_each(|(line, why)| note(&mut all.unreadable, line, why));
    }
    Ok(all)
}

fn one(path: &Path, columns: Option<&str>) -> Outcome<Transactions> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file("--transactions", path, error))?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if columns.is_none() && !first.contains(',') {
        return Ok(spaced(text));
    }
    let names: Vec<&str> = columns.unwrap_or("customer,date,amount").split(',').map(str::trim).collect();
    let [customer, date, amount] = names.as_slice() else {
        return Err(Failure::usage("--columns", "must name three columns: of customer, date and amount"));
    };
    table(text, [*customer, *date, *amount])
}

/// The layouts of CDNOW: ids (one, or two in the sample), date, pieces, dollars.
fn spaced(text: &str) -> Transactions {
    let mut transactions = Transactions::default();
    for (line, fields) in (1..).zip(text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>())) {
        let is_header = line == 1 && fields.iter().all(|field| field.parse::<f64>().is_err());
        if fields.is_empty() || is_header {
            continue;
        }
        let read = match fields.as_slice() {
            [customer, date, _, amount] | [customer, _, date, _, amount] => purchase(customer, date, amount),
            _ => Err("has neither 4 nor 5 fields"),
        };
        transactions.take(line, read);
    }
    transactions
}

fn table(text: &str, names: [&str; 3]) -> Outcome<Transactions> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| Failure::usage("--transactions", error))?.clone();
    let place = |name: &str| {
        let found = header.iter().position(|column| column == name);
        found.ok_or_else(|| Failure::usage("--columns", format_args!("`{name}` is no column of the file")))
    };
    let [customer, date, amount] = [place(names[0])?, place(names[1])?, place(names[2])?];
    let mut transactions = Transactions::default();
    for record in reader.records() {
        let (line, read) = match &record {
            Ok(record) => {
                let field = |place: usize| record.get(place).unwrap_or_default();
                let line = record.position().map_or(0, csv::Position::line);
                (line, purchase(field(customer), field(date), field(amount)))
            }
            Err(error) => (error.position().map_or(0, csv::Position::line), Err("is not CSV")),
        };
        transactions.take(line, read);
    }
    Ok(transactions)
}

fn purchase(customer: &str, date: &str, amount: &str) -> Result<Purchase, &'static str> {
    if customer.is_empty() {
        return Err("names no customer");
    }
    let day = day(date).ok_or("has no date, as 1997-01-31, 19970131 or 1997-01-31T10:00:00Z")?;
    let amount = if amount.is_empty() { None } else { Some(amount.parse().map_err(|_| "has no amount")?) };
    Ok((customer.to_owned(), day, amount))
}

/// The day of a date or a time: the UTC day, where an offset is told.
pub(crate) fn day(text: &str) -> Option<i64> {
    let date = text.get(..10).filter(|_| text.len() == 19).unwrap_or(text);
    let is_plain = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    let date = if is_plain { format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]) } else { date.to_owned() };
    let time = if date.len() == 10 { format!("{date}T00:00:00Z") } else { date };
    Some(time.parse::<onefold::Timestamp>().ok()?.microseconds().div_euclid(86_400_000_000))
}

//! What customers will still buy and are worth: learns four laws on the time up to a day, and scores them on what came after.
//!
//! `cargo run --release --example lifetime_value -- --transactions FILE.csv --columns customer,date,amount
//! --calibration-end DATE --plot OUT.svg --top 10`; without arguments it runs on customers that it invents.
//!
//! On the sample it prints:
//!
//! ```text
//! 11,630 purchases read, 3,000 customers before the end of calibration, 1,748 of them came back
//!
//! hold-out of 38.9 weeks: 3,328 purchase days
//!
//!             log-likelihood  predicted    RMSE  parameters
//! BG/NBD          -18711.458      3,380   1.756  r=0.4645 alpha=5.6993 a=1.4468 b=7.1372
//! MBG/NBD         -18703.097      3,323   1.750  r=0.8964 alpha=8.3220 a=1.1192 b=3.6187
//! Pareto/NBD      -18714.928      2,811   1.760  r=0.9571 alpha=12.4528 s=5.7445 beta=233.0500
//! NBD             -19010.262      6,124   2.238  r=0.6751 alpha=12.8516
//! own rate                        6,132   2.678
//!
//! Gamma-Gamma on 1,748 customers: p=5.0781 q=4.1065 v=24.6314, log-likelihood -7733.9354
//!
//! by MBG/NBD, value over 52 weeks, discounted 0.002 a unit
//!
//! customer             value  expected  spending   alive
//! c-0732             1267.51      9.64    137.67   0.920
//! c-2989              904.96      5.45    173.79   0.782
//! c-2355              872.34      5.23    174.89   0.841
//! c-1979              857.25      4.20    213.99   0.737
//! c-2394              729.24      6.06    126.16   0.600
//! ```

#[path = "../common/console.rs"]
mod console;
#[path = "../common/failure.rs"]
mod failure;
#[path = "../common/number.rs"]
mod number;
#[path = "../common/options.rs"]
mod options;
mod plot;
mod report;
mod sample;
mod transactions;

use failure::{Failure, Outcome};
use onefold::{
    LifetimeKind, LifetimeModel, PurchaseRow, SpendingModel, TimeUnit, ValueRequest, fit_lifetime, fit_spending,
    purchase_days,
};
use options::{Options, Takes};
use std::process::ExitCode;
use transactions::Transactions;

/// What `--help` prints.
const USAGE: &str = "\
usage: lifetime_value [--transactions FILE... --calibration-end DATE [options]]

  --transactions FILE...  purchases: CSV with a header, or the two layouts of CDNOW (separated by spaces)
  --columns A,B,C         the columns of customer, date and amount (customer,date,amount)
  --calibration-end DATE  the last day to learn from, as 1997-09-30; what comes after is the hold-out
  --unit UNIT             weeks or days (weeks)
  --horizon N             how many units ahead a value looks (52)
  --discount RATE         what money is worth less, a unit (0.002)
  --top N                 prints the N customers of the highest value (0)
  --table FILE            writes the value of every customer (CSV)
  --plot FILE             draws purchases in the hold-out by those before it (SVG)
  --help                  prints this

Without --transactions, customers are invented from a seed.
";

const OPTIONS: [(&str, Takes); 10] = [
    ("--transactions", Takes::Some),
    ("--columns", Takes::One),
    ("--calibration-end", Takes::One),
    ("--unit", Takes::One),
    ("--horizon", Takes::One),
    ("--discount", Takes::One),
    ("--top", Takes::One),
    ("--table", Takes::One),
    ("--plot", Takes::One),
    ("--help", Takes::Nothing),
];

/// A customer in the time learned from, and what came after it.
pub(crate) struct Customer {
    pub(crate) name: String,
    pub(crate) row: PurchaseRow,
    pub(crate) later: f64,
}

/// All that is learned and counted.
pub(crate) struct Measured {
    pub(crate) transactions: u64,
    pub(crate) unreadable: Vec<(u64, String)>,
    pub(crate) unreadable_count: u64,
    pub(crate) unit: TimeUnit,
    /// How long the hold-out is, in units.
    pub(crate) period: f64,
    pub(crate) customers: Vec<Customer>,
    pub(crate) models: Vec<LifetimeModel>,
    pub(crate) spending: Option<SpendingModel>,
    pub(crate) request: ValueRequest,
}

fn main() -> ExitCode {
    console::finish("lifetime_value", run())
}

fn run() -> Outcome<String> {
    let options = Options::read(&OPTIONS)?;
    if options.has("--help") {
        return Ok(USAGE.to_owned());
    }
    let is_sample = !options.has("--transactions");
    let unit = match options.value::<String>("--unit", "a word")?.as_deref() {
        None | Some("weeks") => TimeUnit::Weeks,
        Some("days") => TimeUnit::Days,
        Some(_) => return Err(Failure::usage("--unit", "is neither `weeks` nor `days`")),
    };
    let horizon = options.value("--horizon", "a whole number")?.unwrap_or(52);
    let discount = options.value("--discount", "a number")?.unwrap_or(0.002);
    if !(0.0..=1.0).contains(&discount) {
        return Err(Failure::usage("--discount", "is not a rate from 0 to 1"));
    }
    let top = options.value("--top", "a whole number")?.unwrap_or(if is_sample { 5 } else { 0 });
    let end: Option<String> = options.value("--calibration-end", "a date")?;
    let end = end.map(|text| {
        transactions::day(&text).ok_or_else(|| Failure::usage("--calibration-end", "is not a date, as 1997-09-30"))
    });
    let (read, end) = if is_sample {
        for option in ["--columns", "--calibration-end"] {
            if options.has(option) {
                return Err(Failure::usage(option, "is of no use without --transactions"));
            }
        }
        (sample::transactions(), sample::CALIBRATION_END)
    } else {
        options.needed("--transactions")?;
        let columns = options.value::<String>("--columns", "a list of three names")?;
        let end = end.transpose()?.ok_or_else(|| Failure::usage("--calibration-end", "is missing"))?;
        (transactions::read(&options.paths("--transactions"), columns.as_deref())?, end)
    };
    let measured = measure(read, end, unit, ValueRequest::new(1.0, horizon).discount(discount))?;
    let write = |option: &str, content: &dyn Fn() -> Outcome<String>| match options.path(option) {
        Some(path) => std::fs::write(path, content()?).map_err(|error| Failure::writing(path, error)),
        None => Ok(()),
    };
    write("--table", &|| report::table(&measured))?;
    write("--plot", &|| plot::draw(&measured))?;
    report::text(&measured, top)
}

fn measure(read: Transactions, end: i64, unit: TimeUnit, request: ValueRequest) -> Outcome<Measured> {
    let last = read.rows.iter().map(|(_, day, _)| *day).max();
    let last = last.ok_or_else(|| Failure::usage("--transactions", "has no line that can be read"))?;
    if last <= end {
        return Err(Failure::usage("--calibration-end", "leaves nothing to compare with: no purchase is after it"));
    }
    let (transactions, lines) = (read.rows.len(), read.lines);
    let (days, refused) = purchase_days(read.rows);
    let transactions = (transactions - refused.len()) as u64;
    let (mut unreadable, mut unreadable_count) = (read.unreadable, read.unreadable_count);
    for (place, why) in refused {
        unreadable_count += 1;
        transactions::note(&mut unreadable, lines.get(place).copied().unwrap_or_default(), why.to_string());
    }
    let mut customers = Vec::with_capacity(days.len());
    for (name, days) in days {
        if let Some(row) = PurchaseRow::fold(&days, end, unit)? {
            customers.push(Customer { name, row, later: days.iter().filter(|day| day.day > end).count() as f64 });
        }
    }
    let rows: Vec<PurchaseRow> = customers.iter().map(|customer| customer.row).collect();
    let models = LifetimeKind::ALL.iter().map(|kind| fit_lifetime(*kind, &rows, unit)).collect::<Result<_, _>>()?;
    let spending = fit_spending(&rows).ok();
    let period = (last - end) as f64 / unit.days();
    Ok(Measured { transactions, unreadable, unreadable_count, unit, period, customers, models, spending, request })
}

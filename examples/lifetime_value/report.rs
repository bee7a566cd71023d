//! What was learned, as text and as a table.

use crate::failure::{Failure, Outcome};
use crate::number::grouped;
use crate::{Customer, Measured};
use onefold::{CustomerValue, Degeneracy, LifetimeModel, PurchaseRow, TimeUnit, customer_value};
use std::fmt::Write;

/// What is printed.
pub(crate) fn text(measured: &Measured, top: usize) -> Outcome<String> {
    let mut text = String::new();
    let unit = if measured.unit == TimeUnit::Weeks { "weeks" } else { "days" };
    let actual: f64 = measured.customers.iter().map(|customer| customer.later).sum();
    let repeaters = measured.customers.iter().filter(|customer| customer.row.repeats() > 0).count();
    let _ = writeln!(
        text,
        "{} purchases read, {} customers before the end of calibration, {} of them came back",
        grouped(measured.transactions),
        grouped(measured.customers.len() as u64),
        grouped(repeaters as u64),
    );
    if measured.unreadable_count > 0 {
        let _ = writeln!(text, "{} lines could not be read:", grouped(measured.unreadable_count));
        for (line, why) in &measured.unreadable {
            let _ = writeln!(text, "  line {line}: {why}");
        }
    }
    let _ = writeln!(text, "\nhold-out of {:.1} {unit}: {} purchase days\n", measured.period, grouped(actual as u64));
    let _ = writeln!(text, "{:<12}{:>14}{:>11}{:>8}  parameters", "", "log-likelihood", "predicted", "RMSE");
    for model in &measured.models {
        let (total, error) = score(measured, |row| Ok(model.fitted.expected(row, measured.period)?))?;
        let parameters = model.fitted.parameters();
        let parameters: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value:.4}")).collect();
        let name = model.fitted.name();
        let _ = writeln!(
            text,
            "{name:<12}{:>14.3}{:>11}{error:>8.3}  {}",
            model.log_likelihood,
            grouped(total.round() as u64),
            parameters.join(" ")
        );
        for why in &model.degenerate {
            let _ = writeln!(text, "{:<12}degenerate: {}", "", told(why));
        }
        if model.falls_back() {
            let (total, error) = score(measured, |row| Ok(model.expected(row, measured.period)?))?;
            let _ =
                writeln!(text, "{:<12}{:<14}{:>11}{error:>8.3}", "", "falls back to", grouped(total.round() as u64));
        }
    }
    let (total, error) = score(measured, |row| Ok(row.own_rate() * measured.period))?;
    let _ = writeln!(text, "{:<12}{:>14}{:>11}{error:>8.3}", "own rate", "", grouped(total.round() as u64));
    let Some(spending) = &measured.spending else {
        let _ = writeln!(text, "\nno amount is known: nobody can be valued");
        return Ok(text);
    };
    let _ = writeln!(
        text,
        "\nGamma-Gamma on {} customers: p={:.4} q={:.4} v={:.4}, log-likelihood {:.4}",
        grouped(spending.customers),
        spending.p,
        spending.q,
        spending.v,
        spending.log_likelihood
    );
    for why in &spending.degenerate {
        let _ = writeln!(text, "  degenerate: {}", told(why));
    }
    if top > 0 {
        let _ = writeln!(
            text,
            "\nby {}, value over {} {unit}, discounted {} a unit\n\n{:<16}{:>10}{:>10}{:>10}{:>8}",
            answering(measured).map_or("nothing", |model| model.law().name()),
            measured.request.periods,
            measured.request.discount,
            "customer",
            "value",
            "expected",
            "spending",
            "alive"
        );
        for (customer, value) in valued(measured)?.iter().take(top) {
            let _ = writeln!(
                text,
                "{:<16}{:>10.2}{:>10.2}{:>10.2}{:>8.3}",
                customer.name, value.value, value.expected, value.spending, value.alive
            );
        }
    }
    Ok(text)
}

/// Every customer with a value, the highest first.
pub(crate) fn table(measured: &Measured) -> Outcome<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Failure::usage("--table", error);
    writer.write_record(["customer", "value", "expected", "spending", "alive"]).map_err(failed)?;
    for (customer, value) in valued(measured)? {
        let numbers = [value.value, value.expected, value.spending, value.alive].map(|number| format!("{number:.6}"));
        writer.write_record(std::iter::once(&customer.name).chain(&numbers)).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::usage("--table", error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The model of the highest likelihood that does not fall back; else the law without leaving, which comes last.
fn answering(measured: &Measured) -> Option<&LifetimeModel> {
    let sound = measured.models.iter().filter(|model| !model.falls_back());
    sound.max_by(|one, other| one.log_likelihood.total_cmp(&other.log_likelihood)).or(measured.models.last())
}

fn valued(measured: &Measured) -> Outcome<Vec<(&Customer, CustomerValue)>> {
    let Some((spending, model)) = measured.spending.as_ref().zip(answering(measured)) else { return Ok(Vec::new()) };
    let mut valued = Vec::with_capacity(measured.customers.len());
    for customer in &measured.customers {
        valued.push((customer, customer_value(model, spending, &customer.row, &measured.request)?));
    }
    valued.sort_by(|(one, worth), (other, less)| less.value.total_cmp(&worth.value).then(one.name.cmp(&other.name)));
    Ok(valued)
}

/// What is predicted of all, and the root of the mean squared error.
fn score(measured: &Measured, predict: impl Fn(&PurchaseRow) -> Outcome<f64>) -> Outcome<(f64, f64)> {
    let (mut total, mut squares) = (0.0, 0.0);
    for customer in &measured.customers {
        let predicted = predict(&customer.row)?;
        total += predicted;
        squares += (predicted - customer.later).powi(2);
    }
    Ok((total, (squares / measured.customers.len() as f64).sqrt()))
}

fn told(why: &Degeneracy) -> String {
    match why {
        Degeneracy::TooFew { customers, needed } => format!("{customers} customers came back, it takes {needed}"),
        Degeneracy::DropoutNotIdentified { gain, needed, error } => format!(
            "leaving is not identified: it gains {gain:.1} in likelihood where chance gains {needed:.1}, and \
             how readily is known to {} of its logarithm",
            error.map_or("nothing".to_owned(), |error| format!("{error:.2}"))
        ),
        Degeneracy::FewLeft { share, needed } => {
            format!("{:.1} % seem to have left, it takes {:.0} %", share * 100.0, needed * 100.0)
        }
        Degeneracy::AtBound { parameter } => format!("`{parameter}` ran away"),
        Degeneracy::NotConverged => "the likelihood has no summit".to_owned(),
        Degeneracy::NoMean => "the mean of all is not finite (q is 1 or less)".to_owned(),
        Degeneracy::Correlated { correlation } => {
            format!("frequency and money go together (correlation {correlation:.2})")
        }
        other => format!("{other:?}"),
    }
}

//! What does it cost to learn what customers will buy, from 2,357 and 23,570 of them, beside one pass of logarithms over
//! their rows; and to answer for one?
//!
//! Reads `../shared/data/cdnow` where it is there; else customers of that size are invented.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench")]

mod common;

use criterion::{Criterion, criterion_group, criterion_main};
use onefold::{
    LifetimeKind, PurchaseRow, TimeUnit, ValueRequest, customer_value, fit_lifetime, fit_spending, learn_gaps,
    next_due, purchase_days,
};
use std::hint::black_box;
use std::path::Path;

type Purchase = (u64, i64, Option<f64>);

/// Days since 1970 of 1997-01-01, and of the ends of calibration and of the data.
const FIRST: i64 = 9_862;
const CUT: i64 = FIRST + 272;

fn read(file: &str) -> Option<Vec<Purchase>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cdnow").join(file);
    let text = std::fs::read_to_string(path).ok()?;
    let day = |date: &str| {
        let time = format!("{}-{}-{}T00:00:00Z", &date[..4], &date[4..6], &date[6..]);
        time.parse::<onefold::Timestamp>().unwrap().microseconds().div_euclid(86_400_000_000)
    };
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [id, .., date, _, amount] = fields.as_slice() else { return None };
        Some((id.parse().ok()?, day(date), amount.parse().ok()))
    };
    Some(text.lines().filter_map(line).collect())
}

/// Customers who buy at random at a rate of their own, and leave after one purchase in five.
fn invent(customers: u64) -> Vec<Purchase> {
    let mut dice = common::Dice(5);
    let mut purchases = Vec::new();
    for customer in 0..customers {
        let mean_days = 20 + dice.below(20) * dice.below(40);
        let mut day = FIRST + dice.below(84) as i64;
        while day < FIRST + 546 {
            purchases.push((customer, day, Some(5.0 + dice.below(6_000) as f64 / 100.0)));
            if dice.one_in(5) {
                break;
            }
            day += 1 + dice.below(2 * mean_days) as i64;
        }
    }
    purchases
}

fn bench(criterion: &mut Criterion) {
    for (customers, file) in [(2_357, "CDNOW_sample.txt"), (23_570, "CDNOW_master.txt")] {
        let found = read(file);
        let of = if found.is_some() { "CDNOW" } else { "invented" };
        let purchases = found.unwrap_or_else(|| invent(customers));
        let mut group = criterion.benchmark_group(format!("lifetime of {customers} customers, {of}"));
        group.sample_size(10);
        group.bench_function("purchases into days", |bencher| {
            bencher.iter_with_large_drop(|| purchase_days(purchases.iter().copied()));
        });
        let (days, _) = purchase_days(purchases.iter().copied());
        let fold = || days.values().filter_map(|days| PurchaseRow::fold(days, CUT, TimeUnit::Weeks).unwrap());
        group.bench_function("days into rows", |bencher| bencher.iter(|| fold().collect::<Vec<_>>()));
        let rows: Vec<PurchaseRow> = fold().collect();
        group.bench_function("bare: two logarithms a row", |bencher| {
            bencher.iter(|| rows.iter().map(|row| (4.4 + row.age()).ln() + (4.4 + row.recency()).ln()).sum::<f64>());
        });
        for kind in LifetimeKind::ALL {
            group.bench_function(format!("learn {kind:?}"), |bencher| {
                bencher.iter(|| fit_lifetime(kind, &rows, TimeUnit::Weeks).unwrap());
            });
        }
        group.bench_function("learn Gamma-Gamma", |bencher| bencher.iter(|| fit_spending(&rows).unwrap()));
        group.finish();
    }

    let purchases = read("CDNOW_sample.txt").unwrap_or_else(|| invent(2_357));
    let (days, _) = purchase_days(purchases);
    let rows: Vec<PurchaseRow> =
        days.values().filter_map(|days| PurchaseRow::fold(days, CUT, TimeUnit::Weeks).unwrap()).collect();
    let spending = fit_spending(&rows).unwrap();
    let row = rows.iter().find(|row| row.repeats() == 4).unwrap();
    let mut group = criterion.benchmark_group("one customer");
    for kind in LifetimeKind::ALL {
        let model = fit_lifetime(kind, &rows, TimeUnit::Weeks).unwrap();
        group.bench_function(format!("expected purchases, {kind:?}"), |bencher| {
            bencher.iter(|| model.expected(black_box(row), 39.0).unwrap());
        });
        let year = ValueRequest::new(1.0, 52).discount(0.002);
        group.bench_function(format!("value over 52 weeks, {kind:?}"), |bencher| {
            bencher.iter(|| customer_value(&model, &spending, black_box(row), &year).unwrap());
        });
    }
    group.finish();

    let people: Vec<Vec<i64>> = days.values().map(|days| days.iter().map(|day| day.day).collect()).collect();
    let mut group = criterion.benchmark_group("cadence");
    group.sample_size(10);
    group.bench_function("learn gaps of 2,357 customers", |bencher| {
        bencher.iter(|| learn_gaps(&people, CUT, None).unwrap());
    });
    let prior = learn_gaps(&people, CUT, None);
    let request = onefold::DueRequest::new(CUT);
    let person = people.iter().find(|days| days[0] < CUT && days.len() == 4).unwrap();
    group.bench_function("due date of one", |bencher| {
        bencher.iter(|| next_due(black_box(person), prior.as_ref(), &request).unwrap().unwrap());
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);

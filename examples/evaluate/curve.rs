//! The threshold curve and the reliability diagram, as one picture.

use crate::Measured;
use crate::failure::{Failure, Outcome};
use crate::number::grouped;
use onefold::ReliabilityBin;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

const SIZE: (u32, u32) = (1150, 500);
const FONT: &str = "Helvetica, Arial, sans-serif";
const INK: RGBColor = RGBColor(38, 38, 38);
const FAINT: RGBColor = RGBColor(226, 226, 226);
const PRECISION: RGBColor = RGBColor(0, 114, 178);
const RECALL: RGBColor = RGBColor(213, 94, 0);
const PAIRS: RGBColor = RGBColor(150, 150, 150);
const F1: RGBColor = RGBColor(0, 120, 90);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Draws the picture.
pub(crate) fn draw(measured: &Measured, title: &str) -> Outcome<String> {
    let mut picture = String::new();
    {
        let area = SVGBackend::with_string(&mut picture, SIZE).into_drawing_area();
        whole(&area, measured, title).map_err(|error| Failure::writing(Path::new("the curve"), error))?;
    }
    Ok(picture)
}

fn whole(area: &Area<'_>, measured: &Measured, title: &str) -> Drawn {
    area.fill(&WHITE)?;
    let counts = measured.rows.first().map(|row| &row.profiles);
    let counts =
        counts.map(|found| format!("{title}: {} records, {} people", grouped(found.records), grouped(found.people)));
    area.draw_text(&counts.unwrap_or_default(), &text(15, INK), (24, 18))?;
    let (_, below) = area.split_vertically(44);
    let (left, right) = below.split_horizontally(670);
    thresholds(&left, measured)?;
    reliability(&right, measured)?;
    area.present()?;
    Ok(())
}

/// Precision, recall and F1 of the profiles over the link probability, on the scale of its log odds.
fn thresholds(area: &Area<'_>, measured: &Measured) -> Drawn {
    let logit = |p: f64| (p / (1.0 - p)).log2();
    let places: Vec<f64> = measured.rows.iter().map(|row| logit(row.threshold)).collect();
    let (first, last) = (places.first().copied().unwrap_or(0.0), places.last().copied().unwrap_or(1.0));
    let scores = || measured.rows.iter().map(|row| row.profiles.pairwise);
    let bare = measured.rows.iter().map(|row| row.pairs.score.f1);
    let lowest = scores().flat_map(|score| [score.precision, score.recall, score.f1]).chain(bare).fold(1.0, f64::min);
    // The axis begins at a round step below what is shown, and says so by its labels.
    let step = [0.002, 0.01, 0.02, 0.1, 0.2].into_iter().find(|step| 1.0 - lowest <= step * 5.0).unwrap_or(0.2);
    let floor = ((lowest / step).floor() * step).min(1.0 - step);
    let span = (last - first).max(1.0);
    let decimals = if step < 0.01 { 3 } else { 2 };
    let mut chart = ChartBuilder::on(area)
        .caption("Profiles by link probability", text(17, INK))
        .margin(16)
        .margin_right(116)
        .x_label_area_size(46)
        .y_label_area_size(58)
        .build_cartesian_2d(first - span * 0.02..first + span * 1.02, floor..1.0 + step * 0.1)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(FAINT)
        .axis_style(INK)
        .label_style(text(12, INK))
        .x_labels(0)
        .y_labels(6)
        .y_label_formatter(&|share| format!("{share:.decimals$}"))
        .x_desc("link_probability, by its log odds")
        .axis_desc_style(text(13, INK))
        .draw()?;
    // The ticks are the thresholds themselves.
    let (left, top) = area.get_base_pixel();
    for place in apart(&places, span / 14.0) {
        let (x, y) = chart.plotting_area().map_coordinate(&(place, floor));
        let share = format!("{:.4}", 1.0 / (1.0 + (-place).exp2()));
        let style = text(12, INK).pos(Pos::new(HPos::Center, VPos::Top));
        area.draw_text(share.trim_end_matches('0'), &style, (x - left, y - top + 8))?;
    }
    let series: [(&str, RGBColor, Vec<f64>); 4] = [
        ("F1 of bare pairs", PAIRS, measured.rows.iter().map(|row| row.pairs.score.f1).collect()),
        ("precision", PRECISION, scores().map(|score| score.precision).collect()),
        ("recall", RECALL, scores().map(|score| score.recall).collect()),
        ("F1", F1, scores().map(|score| score.f1).collect()),
    ];
    let ends: Vec<f64> = series.iter().map(|(_, _, values)| values.last().copied().unwrap_or(1.0)).collect();
    let height = f64::from(chart.plotting_area().dim_in_pixel().1).max(1.0);
    let labels = spread(&ends, (1.0 + step * 0.1 - floor) * 16.0 / height);
    for ((name, colour, values), label) in series.iter().zip(labels) {
        let points: Vec<(f64, f64)> = places.iter().copied().zip(values.iter().copied()).collect();
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
        let (right, _) = chart.plotting_area().map_coordinate(&(last, 1.0));
        let (_, height) = chart.plotting_area().map_coordinate(&(last, label));
        let style = text(13, *colour).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw_text(name, &style, (right - left + 12, height - top))?;
    }
    Ok(())
}

/// Observed match rate over predicted probability; the size of a mark is the number of its pairs.
fn reliability(area: &Area<'_>, measured: &Measured) -> Drawn {
    let table = &measured.reliability;
    let mut chart = ChartBuilder::on(area)
        .caption("Do probabilities mean what they say?", text(17, INK))
        .margin(16)
        .x_label_area_size(46)
        .y_label_area_size(52)
        .build_cartesian_2d(-0.03..1.03, -0.03..1.03)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(FAINT)
        .axis_style(INK)
        .label_style(text(12, INK))
        .x_labels(6)
        .y_labels(6)
        .x_label_formatter(&|share| format!("{share:.1}"))
        .y_label_formatter(&|share| format!("{share:.1}"))
        .x_desc("predicted probability of a pair")
        .y_desc("observed match rate")
        .axis_desc_style(text(13, INK))
        .draw()?;
    chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], INK.mix(0.35).stroke_width(1)))?;
    let told: Vec<(&ReliabilityBin, f64)> = table.bins.iter().filter_map(|bin| Some((bin, bin.observed()?))).collect();
    let points = told.iter().map(|(bin, observed)| (bin.predicted, *observed));
    chart.draw_series(LineSeries::new(points, PRECISION.mix(0.5).stroke_width(1)))?;
    let size = |pairs: u64| (3.0 + 2.2 * (pairs as f64).log10()) as i32;
    chart.draw_series(told.iter().map(|(bin, observed)| {
        Circle::new((bin.predicted, *observed), size(bin.pairs), PRECISION.mix(0.75).filled())
    }))?;
    let error = format!("expected calibration error {:.4}", table.expected_calibration_error);
    let style = text(12, INK).pos(Pos::new(HPos::Right, VPos::Bottom));
    chart.plotting_area().draw(&Text::new(error, (1.0, 0.06), style.clone()))?;
    let pairs = format!("{} pairs; larger marks, more pairs", grouped(table.pairs));
    chart.plotting_area().draw(&Text::new(pairs, (1.0, 0.0), style))?;
    Ok(())
}

/// Places at least so far apart, the first and the last kept.
fn apart(places: &[f64], least: f64) -> Vec<f64> {
    let last = places.last().copied().unwrap_or_default();
    let mut kept: Vec<f64> = Vec::new();
    for &place in places {
        let fits = kept.last().is_none_or(|before| place - before >= least);
        if fits && (last - place >= least || place == last) {
            kept.push(place);
        }
    }
    kept
}

/// Heights for labels that keep so far from each other, each near its own.
fn spread(heights: &[f64], least: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    let height = |place: &usize| heights.get(*place).copied().unwrap_or_default();
    order.sort_by(|a, b| height(b).total_cmp(&height(a)));
    let mut spread = heights.to_vec();
    let mut above = f64::INFINITY;
    for place in order {
        if let Some(label) = spread.get_mut(place) {
            *label = label.min(above - least);
            above = *label;
        }
    }
    spread
}

fn text(size: i32, colour: RGBColor) -> TextStyle<'static> {
    (FONT, size).into_font().color(&colour)
}

//! Purchases in the hold-out by purchases before it: what came, beside what each law expects.

use crate::Measured;
use crate::failure::{Failure, Outcome};
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (760, 480);
const FONT: &str = "Helvetica, Arial, sans-serif";
const INK: RGBColor = RGBColor(38, 38, 38);
const FAINT: RGBColor = RGBColor(226, 226, 226);
const COLOURS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(0, 120, 90), RGBColor(213, 94, 0), RGBColor(150, 150, 150)];
/// So many repeats and more are one place.
const REPEATS: usize = 7;

type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Draws the picture.
pub(crate) fn draw(measured: &Measured) -> Outcome<String> {
    let mut actual = Line::default();
    let mut laws = vec![Line::default(); measured.models.len()];
    for customer in &measured.customers {
        let place = (customer.row.repeats() as usize).min(REPEATS);
        actual.add(place, customer.later);
        for (law, model) in laws.iter_mut().zip(&measured.models) {
            law.add(place, model.fitted.expected(&customer.row, measured.period)?);
        }
    }
    let mut picture = String::new();
    whole(&mut picture, measured, &actual, &laws).map_err(|error| Failure::writing(Path::new("the plot"), error))?;
    Ok(picture)
}

/// Sums and counts by repeats.
#[derive(Clone, Default)]
struct Line([(f64, f64); REPEATS + 1]);

impl Line {
    fn add(&mut self, place: usize, value: f64) {
        if let Some((sum, count)) = self.0.get_mut(place) {
            (*sum, *count) = (*sum + value, *count + 1.0);
        }
    }

    fn points(&self) -> Vec<(f64, f64)> {
        let means = self.0.iter().enumerate().filter(|(_, (_, count))| *count > 0.0);
        means.map(|(place, (sum, count))| (place as f64, sum / count)).collect()
    }
}

fn whole(picture: &mut String, measured: &Measured, actual: &Line, laws: &[Line]) -> Drawn {
    let area = SVGBackend::with_string(picture, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let points = || laws.iter().chain([actual]).flat_map(Line::points);
    let highest = points().map(|(_, mean)| mean).fold(0.1, f64::max);
    let mut chart = ChartBuilder::on(&area)
        .caption("Purchase days in the hold-out, a customer", (FONT, 17).into_font().color(&INK))
        .margin(16)
        .margin_right(110)
        .x_label_area_size(46)
        .y_label_area_size(52)
        .build_cartesian_2d(-0.2..REPEATS as f64 + 0.2, 0.0..highest * 1.06)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(FAINT)
        .axis_style(INK)
        .x_labels(REPEATS + 1)
        .x_label_formatter(&|place| {
            if *place as usize == REPEATS { format!("{REPEATS}+") } else { format!("{place:.0}") }
        })
        .y_labels(6)
        .x_desc("days with a purchase after the first, before the end of calibration")
        .draw()?;
    let names = measured.models.iter().map(|model| model.fitted.name()).chain(["actual"]);
    let colours = COLOURS.into_iter().chain([INK]);
    let mut labels: Vec<(f64, &str, RGBColor)> = Vec::new();
    for ((line, name), colour) in laws.iter().chain([actual]).zip(names).zip(colours) {
        let width = if name == "actual" { 3 } else { 2 };
        chart.draw_series(LineSeries::new(line.points(), colour.stroke_width(width)))?;
        labels.push((line.points().last().map_or(0.0, |(_, mean)| *mean), name, colour));
    }
    // Names stand at the ends of their lines, apart from each other.
    labels.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut lowest = i32::MIN;
    for (mean, name, colour) in labels {
        let (x, y) = chart.plotting_area().map_coordinate(&(REPEATS as f64 + 0.2, mean));
        let y = (y - 7).max(lowest);
        lowest = y + 16;
        area.draw_text(name, &(FONT, 13).into_font().color(&colour), (x + 6, y))?;
    }
    area.present()?;
    Ok(())
}

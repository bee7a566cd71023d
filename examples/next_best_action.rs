//! What to show to whom? A simulated shop decides, sees what comes of it, and learns; then its log judges another policy.
//!
//! `cargo run --release --example next_best_action -- --customers 4000 --plot regret.svg` draws what each learner misses of
//! what the best offer to each customer would have earned, over the customers so far. Without arguments,
//! `cargo run --example next_best_action` prints:
//!
//! ```text
//! 20 shops with 400 customers each, money per customer:
//!   learner            earned             missed
//!   linear Thompson    5.384 ± 0.568      0.977 ± 0.085
//!   LinUCB             5.786 ± 0.599      0.576 ± 0.132
//!   epsilon-greedy     4.622 ± 0.654      1.647 ± 0.311
//!   Beta by segment    4.671 ± 0.496      1.671 ± 0.292
//!   best for all       4.838 ± 0.494      1.538 ± 0.369
//!
//! a log of offers at random earned 5.021; by it, what was learned would earn
//!   IPS           8.084, 7.402 to 8.766
//!   SNIPS         8.231, 7.841 to 8.622
//!   doubly robust 8.265, 7.887 to 8.642
//!   in truth      8.145; the 2000 rows are worth 595
//! ```

use onefold::{
    Candidate, DecisionModel, DecisionPolicy, DecisionRequest, DecisionRules, Features, Learner, LearnerPolicy,
    Learning, LoggedChoice, Nature, OffPolicy, OffPolicyOptions, PermissionReason, Seed, Timestamp, chances, decide,
    estimate,
};
use plotters::prelude::*;
use std::fmt::Write as _;
use std::io::Write as _;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The learner of a shop, by its seed.
type Policy = fn(u64) -> LearnerPolicy;

const SEEDS: u64 = 20;

/// What may be offered at the basket: what a sale earns, and what the offer costs whether she buys or not.
const OFFERS: [(&str, f64, f64, Nature); 4] = [
    ("advice", 12.0, 0.5, Nature::Service),
    ("coupon", 9.0, 0.0, Nature::Promotion),
    ("free shipping", 10.0, 0.2, Nature::Promotion),
    ("reviews", 12.0, 0.0, Nature::Other),
];

fn main() -> Outcome<()> {
    let (mut customers, mut plot) = (400, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("`{option}` needs a value"))?;
        match option.as_str() {
            "--customers" => customers = value.parse::<usize>()?.max(1),
            "--plot" => plot = Some(value),
            _ => return Err(format!("usage: next_best_action [--customers N] [--plot OUT.svg], not `{option}`").into()),
        }
    }
    let text = compare(customers, plot.as_deref())?;
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

/// Lets each learner run the same shops.
fn compare(customers: usize, plot: Option<&str>) -> Outcome<String> {
    fn linear(learner: Learner) -> LearnerPolicy {
        LearnerPolicy::new(learner).dimensions(5)
    }
    // A purchase is 0 or 1, its deviation a half at most: that is the width.
    let learners: [(&str, Policy); 5] = [
        ("linear Thompson", |_| linear(Learner::LinearThompson { width: 0.5, ridge: 1.0 })),
        ("LinUCB", |_| linear(Learner::LinUcb { width: 0.5, ridge: 1.0 })),
        ("epsilon-greedy", |_| linear(Learner::LinearMean { ridge: 1.0 }).explore_share(0.1)),
        ("Beta by segment", |_| LearnerPolicy::new(Learner::SegmentThompson { prior: (1.0, 1.0) })),
        ("best for all", |seed| LearnerPolicy::new(Shop::new(seed).best_for_all())),
    ];
    let mut text = format!("{SEEDS} shops with {customers} customers each, money per customer:\n");
    let _ = writeln!(text, "  learner            earned             missed");
    let mut curves = Vec::new();
    for (name, policy) in &learners {
        let days: Vec<Day> =
            (0..SEEDS).map(|seed| Shop::new(seed).day(policy(seed), customers)).collect::<Outcome<_>>()?;
        let per = |of: &dyn Fn(&Day) -> f64| mean(days.iter().map(|day| of(day) / customers as f64));
        let missed = |day: &Day| day.missed.last().copied().unwrap_or_default();
        let (earned, lost) = (per(&|day| day.earned), per(&missed));
        let _ = writeln!(text, "  {name:<17}{:>7.3} ± {:.3}    {:>7.3} ± {:.3}", earned.0, earned.1, lost.0, lost.1);
        let at = |customer: usize| mean(days.iter().map(|day| day.missed.get(customer).copied().unwrap_or_default())).0;
        curves.push((*name, lost.0, (0..customers).map(at).collect::<Vec<f64>>()));
    }
    let lost = |place: usize| curves.get(place).map_or(f64::NAN, |(_, lost, _)| *lost);
    assert!((2..5).all(|other| lost(0) < lost(other) && lost(1) < lost(other)), "who looks at features misses least");
    judge(&mut text)?;
    if let Some(path) = plot {
        std::fs::write(path, draw(&curves)?)?;
        let _ = writeln!(text, "\nthe curves are in {path}");
    }
    Ok(text)
}

/// The shop: what an offer does hangs on who she is, in a way that nobody knows.
struct Shop {
    seed: u64,
    weights: Vec<[f64; 5]>,
    dice: Dice,
}

/// What a day in the shop came to.
struct Day {
    earned: f64,
    /// What was missed until each customer.
    missed: Vec<f64>,
    learning: Learning,
}

impl Shop {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let weights =
            OFFERS.iter().map(|_| [0.3, 0.0, 0.0, 0.0, 0.0].map(|mean| mean + 0.12 * dice.normal())).collect();
        Self { seed, weights, dice }
    }

    /// Always 1; her basket, on the scale of its deviation; whether she came back, is on a phone, and it is evening.
    fn customer(&mut self) -> [f64; 5] {
        let dice = &mut self.dice;
        let basket = dice.normal();
        let mut coin = || if dice.uniform() < 0.5 { 1.0 } else { -1.0 };
        [1.0, basket, coin(), coin(), coin()]
    }

    /// How probably she buys.
    fn buys(&self, offer: usize, customer: &[f64; 5]) -> f64 {
        let weights = self.weights.get(offer).into_iter().flatten();
        weights.zip(customer).map(|(weight, x)| weight * x).sum::<f64>().clamp(0.0, 1.0)
    }

    fn earns(&self, offer: usize, customer: &[f64; 5]) -> f64 {
        OFFERS.get(offer).map_or(0.0, |(_, value, cost, _)| value * self.buys(offer, customer) - cost)
    }

    /// The learner that knows how probably people buy on average, and shows everybody the same.
    fn best_for_all(&mut self) -> Learner {
        let crowd: Vec<[f64; 5]> = (0..2_000).map(|_| self.customer()).collect();
        let rate = |offer: usize| crowd.iter().map(|customer| self.buys(offer, customer)).sum::<f64>() / 2_000.0;
        let rates = OFFERS.iter().enumerate().map(|(offer, (name, ..))| ((*name).into(), rate(offer)));
        Learner::Fixed { rewards: rates.collect(), otherwise: 0.0 }
    }

    /// Serves customers, one by one, with what was learned from those before.
    fn day(mut self, policy: LearnerPolicy, customers: usize) -> Outcome<Day> {
        let mut learning = Learning::new(rules()?, policy, at(0)?)?;
        let (mut earned, mut missed, mut sum) = (0.0, Vec::with_capacity(customers), 0.0);
        for number in 0..customers {
            let (customer, now) = (self.customer(), number as i64 * 60);
            let offers = candidates();
            let request = ask(&offers, &customer, learning.model(), number, now, self.seed)?;
            let decision = decide(&rules()?, learning.model(), &request)?;
            let offer = OFFERS.iter().position(|(name, ..)| decision.action.as_deref() == Some(name));
            let best = (0..OFFERS.len()).map(|offer| self.earns(offer, &customer)).fold(0.0, f64::max);
            sum += best - offer.map_or(0.0, |offer| self.earns(offer, &customer));
            missed.push(sum);
            let id = decision.id;
            learning.decided(decision)?;
            if let Some(offer) = offer {
                let bought = if self.dice.uniform() < self.buys(offer, &customer) { 1.0 } else { 0.0 };
                learning.outcome(onefold::Outcome::new(id, "basket", "purchase", bought, at(now + 30)?))?;
                earned += OFFERS.get(offer).map_or(0.0, |(_, value, cost, _)| value * bought - cost);
            }
        }
        Ok(Day { earned, missed, learning })
    }
}

/// Judges the model that Thompson sampling learned by the log of a shop that offered anything, evenly, to everybody.
fn judge(text: &mut String) -> Outcome<()> {
    let learned = Shop::new(7)
        .day(LearnerPolicy::new(Learner::LinearThompson { width: 0.5, ridge: 1.0 }).dimensions(5), 1_000)?;
    let any =
        DecisionModel::new(LearnerPolicy::new(Learner::LinearMean { ridge: 1.0 }).dimensions(5).explore_share(1.0))?;
    let mut shop = Shop::new(7);
    shop.dice = Dice(1_007);
    let (mut rows, mut truth, mut logged) = (Vec::new(), 0.0, 0.0);
    let offers = candidates();
    for number in 0..2_000 {
        let customer = shop.customer();
        let decision = decide(&rules()?, &any, &ask(&offers, &customer, &any, number, 0, 1)?)?;
        let target = chances(
            &rules()?,
            learned.learning.model(),
            &ask(&offers, &customer, learned.learning.model(), number, 0, 2)?,
        )?;
        // A model of rewards for the doubly robust estimate: the one that was learned, elsewhere.
        let expects = |offer: usize| -> Outcome<f64> {
            let Some((name, value, cost, _)) = OFFERS.get(offer) else { return Ok(0.0) };
            Ok(value * learned.learning.model().belief(name, "", &Features::new(customer))?.mean() - cost)
        };
        let (mut expected, mut reward, mut predicted, mut chance) = (0.0, 0.0, 0.0, 0.0);
        for (offer, (name, value, cost, _)) in OFFERS.iter().enumerate() {
            let of = target.get(*name).copied().unwrap_or_default();
            expected += of * expects(offer)?;
            truth += of * shop.earns(offer, &customer);
            if decision.action.as_deref() == Some(name) {
                let bought = if shop.dice.uniform() < shop.buys(offer, &customer) { 1.0 } else { 0.0 };
                (reward, predicted, chance) = (value * bought - cost, expects(offer)?, of);
            }
        }
        logged += reward;
        rows.push(LoggedChoice { propensity: decision.propensity, target: chance, reward, predicted, expected });
    }
    let count = rows.len() as f64;
    let OffPolicy::Estimated(found) = estimate(&rows, &OffPolicyOptions::default())? else {
        return Err("the log says too little".into());
    };
    let _ =
        writeln!(text, "\na log of offers at random earned {:.3}; by it, what was learned would earn", logged / count);
    for (name, one) in [("IPS", found.ips), ("SNIPS", found.snips), ("doubly robust", found.doubly_robust)] {
        let _ = writeln!(text, "  {name:<14}{:.3}, {:.3} to {:.3}", one.value, one.lower, one.upper);
    }
    let truth = truth / count;
    let _ = writeln!(text, "  in truth      {truth:.3}; the {count} rows are worth {:.0}", found.support.effective);
    assert!(found.doubly_robust.lower < truth && truth < found.doubly_robust.upper, "the interval covers the truth");
    Ok(())
}

fn rules() -> Outcome<DecisionRules> {
    Ok(DecisionPolicy::default().reward("purchase", 3_600, 1.0).build()?)
}

fn candidates() -> Vec<Candidate> {
    OFFERS.map(|(name, value, cost, nature)| Candidate::new(name, value).cost(cost).nature(nature)).to_vec()
}

fn ask<'a>(
    offers: &'a [Candidate],
    customer: &[f64; 5],
    model: &DecisionModel,
    number: usize,
    now: i64,
    seed: u64,
) -> Outcome<DecisionRequest<'a>> {
    let request = DecisionRequest::new(number.to_string(), "basket", "service", offers, at(now)?);
    let request = request.allow(PermissionReason::NotAsked).seed(Seed::new(u128::from(seed) + 1));
    let request = request.segment(if customer.get(2) == Some(&1.0) { "returning" } else { "new" });
    let features = if model.policy().dimensions > 0 { Features::new(*customer) } else { Features::default() };
    Ok(request.context(features))
}

fn at(seconds: i64) -> Outcome<Timestamp> {
    Ok(Timestamp::from_milliseconds(1_767_607_200_000 + seconds * 1_000)?)
}

/// The mean over the seeds, and half of its interval at 95 %: Student with 19 degrees of freedom.
fn mean(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    let numbers: Vec<f64> = numbers.collect();
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    (mean, 2.093 * (squares / (count * (count - 1.0))).sqrt())
}

/// Draws what is missed over the customers.
fn draw(curves: &[(&str, f64, Vec<f64>)]) -> Outcome<String> {
    const COLOURS: [RGBColor; 5] = [
        RGBColor(0, 120, 90),
        RGBColor(0, 114, 178),
        RGBColor(213, 94, 0),
        RGBColor(204, 121, 167),
        RGBColor(120, 120, 120),
    ];
    const FONT: &str = "Helvetica, Arial, sans-serif";
    let mut picture = String::new();
    {
        let area = SVGBackend::with_string(&mut picture, (860, 480)).into_drawing_area();
        area.fill(&WHITE)?;
        let customers = curves.iter().map(|(_, _, curve)| curve.len()).max().unwrap_or(1);
        let most = curves.iter().filter_map(|(_, _, curve)| curve.last()).copied().fold(1.0, f64::max);
        let mut chart = ChartBuilder::on(&area)
            .caption("Missed, of what the best offer to each would earn", (FONT, 17))
            .margin(18)
            .margin_right(150)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..customers as f64, 0.0..most * 1.05)?;
        let mesh = &mut chart.configure_mesh();
        mesh.disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .x_desc("customers")
            .y_desc("money, mean of 20 shops")
            .draw()?;
        for ((name, _, curve), colour) in curves.iter().zip(COLOURS) {
            let points = curve.iter().enumerate().map(|(customer, missed)| (customer as f64, *missed));
            chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?;
            let end = curve.last().copied().unwrap_or_default();
            let (x, y) = chart.plotting_area().map_coordinate(&(customers as f64, end));
            area.draw_text(name, &(FONT, 13).into_font().color(&colour), (x + 10, y - 8))?;
        }
        area.present()?;
    }
    Ok(picture)
}

/// SplitMix64: the customers.
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

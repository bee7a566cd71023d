//! Learning a law from rows, and telling where the rows do not say what the law asks.

use super::beta_geometric::{self, Leaving};
use super::counted::{Counted, Rows};
use super::law::LifetimeLaw;
use super::row::{PurchaseRow, TimeUnit};
use super::{pareto, rate};
use crate::error::{Error, Result};
use crate::maximum::{LOG_BOUND, Shape, Summit, maximise};
use serde::{Deserialize, Serialize};

/// The version of what a [`LifetimeModel`] is written as.
pub const LIFETIME_FORMAT: u16 = 1;

/// Twice the gain in log-likelihood by two parameters of leaving that chance exceeds in 5 of 100 cases (chi-square of 2
/// degrees of freedom). The null stands on the edge of the parameters, where chance gains less: the test errs to the flag.
const GAIN_MIN: f64 = 5.991_464_547_107_98;

/// A standard error of the logarithm of how readily customers leave over which nothing is known of it.
const ERROR_MAX: f64 = 1.0;

/// A share of those who left under which there is nothing to learn of leaving.
const LEFT_MIN: f64 = 0.05;

/// Customers who came back, of whom there must be so many: ten for each parameter.
const REPEATERS_MIN: u64 = 40;

/// A law to be learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LifetimeKind {
    /// [`LifetimeLaw::BetaGeometric`].
    BetaGeometric,
    /// [`LifetimeLaw::ModifiedBetaGeometric`].
    ModifiedBetaGeometric,
    /// [`LifetimeLaw::Pareto`].
    Pareto,
    /// [`LifetimeLaw::Rate`].
    Rate,
}

impl LifetimeKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::BetaGeometric, Self::ModifiedBetaGeometric, Self::Pareto, Self::Rate];
}

/// Why a law that was learned should not be believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Degeneracy {
    /// Too few customers came back, or too few were told of.
    TooFew {
        /// So many there are.
        customers: u64,
        /// So many it takes.
        needed: u64,
    },
    /// Customers who never leave explain the rows as well, or how readily they leave is anybody's guess.
    DropoutNotIdentified {
        /// Twice what the log-likelihood gains by letting them leave.
        gain: f64,
        /// What chance gains in 5 of 100 cases.
        needed: f64,
        /// The standard error of the logarithm of how readily customers leave, `a / b` or `s / beta`: over 1, it is not
        /// known to a factor of 2.7. None where the likelihood is flat.
        error: Option<f64>,
    },
    /// Hardly anybody seems to have left: the law tells of a few people, and says nothing of the others that the fallback
    /// does not say.
    FewLeft {
        /// The share of customers who are thought to have left.
        share: f64,
        /// The least share that it takes.
        needed: f64,
    },
    /// A parameter ran away: customers do not differ in it, or the likelihood is flat. The law still answers, unless there is
    /// another reason too: what is expected is hardly moved by how far it ran.
    AtBound {
        /// Its name.
        parameter: String,
    },
    /// The search did not end at a maximum, but on a ridge without one. The law still answers, as above.
    NotConverged,
    /// The mean of all is not finite: q is 1 or less.
    NoMean,
    /// What customers spend goes with how often they come, which the law excludes; the answers are still given by it.
    Correlated {
        /// The correlation of Pearson, of the logarithms.
        correlation: f64,
    },
}

/// A law learned from rows, what it was learned from, and what it falls back on. Plain data, of nobody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LifetimeModel {
    /// [`LIFETIME_FORMAT`].
    pub format: u16,
    /// In what time is told.
    pub unit: TimeUnit,
    /// Customers that it was learned from.
    pub customers: u64,
    /// Of them, those who came back.
    pub repeaters: u64,
    /// The law of the highest likelihood.
    pub fitted: LifetimeLaw,
    /// Its log-likelihood.
    pub log_likelihood: f64,
    /// The law without leaving, [`LifetimeLaw::Rate`], learned from the same rows.
    pub fallback: LifetimeLaw,
    /// Its log-likelihood.
    pub fallback_log_likelihood: f64,
    /// What speaks against `fitted`; empty where nothing does.
    pub degenerate: Vec<Degeneracy>,
}

impl LifetimeModel {
    /// The law that answers: the fitted one, or the fallback where the rows say nothing of leaving.
    pub fn law(&self) -> &LifetimeLaw {
        if self.falls_back() { &self.fallback } else { &self.fitted }
    }

    /// Says whether the rows say so little of leaving that the fallback answers.
    pub fn falls_back(&self) -> bool {
        let speaks = |why: &Degeneracy| !matches!(why, Degeneracy::AtBound { .. } | Degeneracy::NotConverged);
        self.degenerate.iter().any(speaks)
    }

    /// Purchase days to be expected of a customer within a period, by the [`law`](Self::law) that answers.
    ///
    /// # Errors
    /// As of [`LifetimeLaw::expected`].
    pub fn expected(&self, row: &PurchaseRow, period: f64) -> Result<f64> {
        self.law().expected(row, period)
    }

    /// The probability that a customer is still one, by the law that answers.
    ///
    /// # Errors
    /// As of [`LifetimeLaw::alive`].
    pub fn alive(&self, row: &PurchaseRow) -> Result<f64> {
        self.law().alive(row)
    }

    /// Says whether a model that was read from somewhere can be used here.
    ///
    /// # Errors
    /// `Input` where the format is another, or a parameter is not a number over 0.
    pub fn check(&self) -> Result<()> {
        if self.format != LIFETIME_FORMAT {
            return Err(Error::input("format", format!("of a lifetime model must be {LIFETIME_FORMAT}")));
        }
        self.fitted.check()?;
        self.fallback.check()
    }
}

/// Learns a law by maximum likelihood on the distinct rows, by Newton's method on the logarithms of the parameters with exact
/// derivatives, from starts that are always the same ones. The order of the rows and the unit do not show in the answers.
///
/// Where it should not be believed the model says why, and answers by the law without leaving: NBD, each customer's own rate
/// shrunk to that of all. O(n log n) for the rows, and some 10 to 30 passes over the distinct ones.
///
/// # Errors
/// `Input` where there is no row, or none with a repeat.
///
/// # Examples
/// ```
/// use onefold::{LifetimeKind, PurchaseRow, TimeUnit, fit_lifetime};
/// // Everybody bought every ten weeks, to the end: whether anybody ever leaves cannot be told.
/// let rows = vec![PurchaseRow::new(3, 30.0, 39.0)?; 200];
/// let model = fit_lifetime(LifetimeKind::BetaGeometric, &rows, TimeUnit::Weeks)?;
/// assert!(!model.degenerate.is_empty());
/// assert!((model.expected(&rows[0], 39.0)? - 3.0).abs() < 1e-3);
/// # Ok::<(), onefold::Error>(())
/// ```
pub fn fit_lifetime(kind: LifetimeKind, rows: &[PurchaseRow], unit: TimeUnit) -> Result<LifetimeModel> {
    let rows = Rows::count(rows);
    if rows.repeaters == 0 {
        return Err(Error::input("rows", "hold nobody who came back: there is nothing to learn from"));
    }
    let own = rate::fit(&rows);
    let mut degenerate = Vec::new();
    if rows.repeaters < REPEATERS_MIN {
        degenerate.push(Degeneracy::TooFew { customers: rows.repeaters, needed: REPEATERS_MIN });
    }
    let [r, alpha] = own.at;
    let fallback = LifetimeLaw::Rate { r, alpha: alpha * rows.scale };
    let (fitted, log_likelihood) = match kind {
        LifetimeKind::Rate => {
            // Equal rates are the limit of this law, not a fault of it.
            degenerate.extend((!own.is_reached && !is_at_bound(&own.at)).then_some(Degeneracy::NotConverged));
            (fallback, own.value)
        }
        LifetimeKind::BetaGeometric => beta_geometric(&rows, Leaving::AfterRepeat, &own, &mut degenerate),
        LifetimeKind::ModifiedBetaGeometric => beta_geometric(&rows, Leaving::AfterAny, &own, &mut degenerate),
        LifetimeKind::Pareto => {
            let found = best(&rows, &own, pareto::shape);
            judge(&found, &own, ["r", "alpha", "s", "beta"], &mut degenerate);
            let [r, alpha, s, beta] = found.at;
            (LifetimeLaw::Pareto { r, alpha: alpha * rows.scale, s, beta: beta * rows.scale }, found.value)
        }
    };
    if kind != LifetimeKind::Rate {
        let share = share_left(&fitted, &rows);
        degenerate.extend((share < LEFT_MIN).then_some(Degeneracy::FewLeft { share, needed: LEFT_MIN }));
    }
    Ok(LifetimeModel {
        format: LIFETIME_FORMAT,
        unit,
        customers: rows.customers,
        repeaters: rows.repeaters,
        fitted,
        log_likelihood: log_likelihood + rows.scale_gain,
        fallback,
        fallback_log_likelihood: own.value + rows.scale_gain,
        degenerate,
    })
}

fn beta_geometric(
    rows: &Rows,
    leaving: Leaving,
    own: &Summit<2>,
    degenerate: &mut Vec<Degeneracy>,
) -> (LifetimeLaw, f64) {
    let found = best(rows, own, |rows, at| beta_geometric::shape(rows, leaving, at));
    judge(&found, own, ["r", "alpha", "a", "b"], degenerate);
    let [r, alpha, a, b] = found.at;
    let alpha = alpha * rows.scale;
    let law = match leaving {
        Leaving::AfterRepeat => LifetimeLaw::BetaGeometric { r, alpha, a, b },
        Leaving::AfterAny => LifetimeLaw::ModifiedBetaGeometric { r, alpha, a, b },
    };
    (law, found.value)
}

/// Climbs from where many leave and from where few do, beside the rates that explain the rows without leaving; the higher
/// summit of coarse rows is where the climb over all of them begins.
fn best(rows: &Rows, own: &Summit<2>, shape: impl Fn(&Rows, &[f64; 4]) -> Shape<4>) -> Summit<4> {
    let [r, alpha] = own.at.map(|parameter| parameter.clamp(0.02, 50.0));
    let starts = [[r, alpha, 0.8, 2.5], [r, alpha, 0.1, 5.0]];
    let coarse = rows.coarse();
    let mut found = starts.map(|start| maximise(start, |at| shape(&coarse, at)));
    found.sort_by(|one, other| other.value.total_cmp(&one.value));
    let [best, other] = found;
    let best = maximise(best.at, |at| shape(rows, at));
    if best.is_reached || !other.is_reached {
        return best;
    }
    let other = maximise(other.at, |at| shape(rows, at));
    if other.value > best.value { other } else { best }
}

/// Looks for what speaks against a summit.
fn judge(found: &Summit<4>, own: &Summit<2>, names: [&str; 4], degenerate: &mut Vec<Degeneracy>) {
    let gain = 2.0 * (found.value - own.value);
    let error = found.error_along([0.0, 0.0, 1.0, -1.0]);
    if gain < GAIN_MIN || error > ERROR_MAX {
        let (needed, error) = (GAIN_MIN, Some(error).filter(|error| error.is_finite()));
        degenerate.push(Degeneracy::DropoutNotIdentified { gain, needed, error });
    }
    let at_bound = names.into_iter().zip(found.at).filter(|(_, parameter)| is_at_bound(&[*parameter]));
    let at_bound: Vec<_> = at_bound.map(|(name, _)| Degeneracy::AtBound { parameter: name.to_owned() }).collect();
    if at_bound.is_empty() && !found.is_reached {
        degenerate.push(Degeneracy::NotConverged);
    }
    degenerate.extend(at_bound);
}

/// The share of customers who have left, by a law.
fn share_left(law: &LifetimeLaw, rows: &Rows) -> f64 {
    let odds = |row: &Counted| law.odds_gone(row.repeats, row.recency * rows.scale, row.age * rows.scale);
    let alive: f64 = rows.rows.iter().map(|row| row.customers / (1.0 + odds(row))).sum();
    1.0 - alive / rows.customers as f64
}

/// Whether one ran away, beyond a thousand or under a thousandth times what is usual.
fn is_at_bound<const N: usize>(parameters: &[f64; N]) -> bool {
    parameters.iter().any(|parameter| parameter.ln().abs() > LOG_BOUND * 0.75)
}

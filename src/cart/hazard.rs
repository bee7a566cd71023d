//! How likely a cart is given up in the next step.

use super::features::CartFeatures;
use super::ftrl::{Ftrl, FtrlOptions};
use super::order::{CartLearned, Progress, in_order};
use crate::error::Result;
use crate::record::RecordKey;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A step of a session with a cart, and whether the cart was given up in it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct CartExample {
    /// The key of the step: of its event, or the session and how many steps it had.
    pub key: RecordKey,
    /// When it was known.
    pub at: Timestamp,
    /// What was known when the step began.
    pub features: CartFeatures,
    /// Whether the cart was given up in the step. A step that ends with the purchase, or goes on, is none.
    pub abandoned: bool,
}

/// How likely a cart is given up in the next step: the hazard of a session in discrete time (Allison: Discrete-time methods
/// for the analysis of event histories, Sociological Methodology 13, 1982), by a logistic regression that learns online.
///
/// What it learns is defined as the fold over the examples in the order of time and key, each key once. Where they come so,
/// [`learn`](Self::learn) is that; one that comes late is told and counted, and not learned until the model is
/// [refitted](Self::refit) from all of them.
///
/// # Examples
/// ```
/// use onefold::{CartExample, CartFeatures, CartHazard, CartLearned, FtrlOptions, RecordKey};
/// let step = |second: u32, idle: &str, abandoned| -> onefold::Result<CartExample> {
///     let at = format!("2026-01-05T10:{:02}:{:02}Z", second / 60, second % 60).parse()?;
///     let features = CartFeatures::new().class("idle", idle);
///     Ok(CartExample { key: RecordKey::new("web", second.to_string()), at, features, abandoned })
/// };
/// let examples = (0..600).map(|n| step(n, if n % 2 == 0 { "long" } else { "short" }, n % 4 == 0));
/// let examples = examples.collect::<onefold::Result<Vec<_>>>()?;
/// let mut hazard = CartHazard::new(FtrlOptions::default())?;
/// for example in &examples {
///     assert_eq!(hazard.learn(example)?, CartLearned::InOrder);
/// }
/// let (long, short) = (CartFeatures::new().class("idle", "long"), CartFeatures::new().class("idle", "short"));
/// assert!(hazard.predict(&long)? > 3.0 * hazard.predict(&short)?);
/// assert!(hazard.lost_within(&[long.clone(), long.clone()])? > hazard.predict(&long)?);
/// assert_eq!(CartHazard::refit(FtrlOptions::default(), &examples)?, hazard);
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CartHazard {
    model: Ftrl,
    progress: Progress,
}

impl CartHazard {
    /// Starts one that has learned nothing.
    ///
    /// # Errors
    /// `Config` where an option is out of its range.
    pub fn new(options: FtrlOptions) -> Result<Self> {
        Ok(Self { model: Ftrl::new(options)?, progress: Progress::default() })
    }

    /// Learns from all examples, in any order. O(n log n).
    ///
    /// # Errors
    /// As [`new`](Self::new) and [`learn`](Self::learn).
    pub fn refit(options: FtrlOptions, examples: &[CartExample]) -> Result<Self> {
        let says = |a: &CartExample, b: &CartExample| {
            a.abandoned.cmp(&b.abandoned).then_with(|| a.features.compare(&b.features))
        };
        let mut hazard = Self::new(options)?;
        for example in in_order(examples, |example| (example.at, &example.key), says) {
            hazard.learn(example)?;
        }
        Ok(hazard)
    }

    /// How likely the cart is given up in the step that begins so, 0 to 1. O(features x log names).
    ///
    /// # Errors
    /// As [`Ftrl::predict`].
    pub fn predict(&self, features: &CartFeatures) -> Result<f64> {
        self.model.predict(features)
    }

    /// How likely it is given up within the steps that begin so, one after the other.
    ///
    /// # Errors
    /// As [`Ftrl::predict`].
    pub fn lost_within(&self, steps: &[CartFeatures]) -> Result<f64> {
        let kept = steps.iter().try_fold(1.0, |kept, step| self.predict(step).map(|hazard| kept * (1.0 - hazard)))?;
        Ok(1.0 - kept)
    }

    /// Learns a step, if it comes after all that were learned. O(features x log names).
    ///
    /// # Errors
    /// As [`Ftrl::predict`]; nothing is learned then.
    pub fn learn(&mut self, example: &CartExample) -> Result<CartLearned> {
        example.features.check()?;
        let told = self.progress.take(example.at, &example.key);
        if told == CartLearned::InOrder {
            self.model.learn(&example.features, example.abandoned)?;
        }
        Ok(told)
    }

    /// The model, which says what it goes by.
    pub fn model(&self) -> &Ftrl {
        &self.model
    }

    /// How many examples were learned.
    pub fn learned(&self) -> u64 {
        self.progress.learned
    }

    /// How many came late: refit where they are many.
    pub fn late(&self) -> u64 {
        self.progress.late
    }
}

/// Shows whose step it is by its key, no more.
impl fmt::Debug for CartExample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CartExample({:?})", self.key)
    }
}

/// Shows counts.
impl fmt::Debug for CartHazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CartHazard({} learned, {} late)", self.progress.learned, self.progress.late)
    }
}

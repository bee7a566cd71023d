//! What makes a model wrong, by itself and under a policy. Every refusal names the field, and no value of a person.

use super::Policy;
use super::check_linkage::{Fault, reachable};
use super::key::Key;
use super::level::Level;
use super::linkage::{ComparisonPolicy, LinkagePolicy};
use super::model::{ComparisonModel, LevelModel, MODEL_FORMAT, Model, TermFrequencies};
use crate::error::{Error, Result};

/// How far from 1 the probabilities of one comparison may sum.
const SUM_TOLERANCE: f64 = 0.01;
/// How far over 1 the shares of the values that are listed may sum: they are rounded one by one.
const SHARE_TOLERANCE: f64 = 1e-6;

impl Model {
    /// Checks that the model can hold by itself: its format, that every probability is one, that those of a comparison
    /// sum to 1 but for 0.01, that every level can be reached and the last is `else`, and that its blocking rules can
    /// be read. O(size of the model).
    ///
    /// # Errors
    /// `Input`, with the first wrong field named, as `comparison[2].levels[1].m`.
    pub fn check(&self) -> Result<()> {
        self.fault().map_err(|fault| Error::input(format!("model field `{}`", fault.field), fault.reason))
    }

    pub(super) fn fault(&self) -> Result<(), Fault> {
        if self.format != MODEL_FORMAT {
            let reason = format!("is {}, and this version reads {MODEL_FORMAT}", self.format);
            return Err(Fault::new("format", reason));
        }
        if !(self.prior > 0.0 && self.prior < 1.0) {
            return Err(Fault::new("prior", format!("is {}, and must lie between 0 and 1", self.prior)));
        }
        if !(0.0..1.0).contains(&self.surroundings) {
            return Err(Fault::new("surroundings", format!("is {}, which is no probability", self.surroundings)));
        }
        if self.prior + self.surroundings >= 1.0 {
            return Err(Fault::new("surroundings", "leaves no pairs of strangers beside the `prior`"));
        }
        if self.comparison.is_empty() {
            return Err(Fault::new("comparison", "is empty: nothing is compared"));
        }
        for (place, comparison) in self.comparison.iter().enumerate() {
            comparison_fault(comparison).map_err(|fault| fault.within(&format!("comparison[{place}]")))?;
            if self.comparison.iter().take(place).any(|earlier| earlier.attributes == comparison.attributes) {
                let field = format!("comparison[{place}].attributes");
                return Err(Fault::new(field, format!("`{}` is already compared", comparison.attributes.join("`, `"))));
            }
        }
        for (rule, block) in self.block.iter().enumerate() {
            for (place, key) in block.keys.iter().enumerate() {
                let field = || format!("block[{rule}].keys[{place}]");
                Key::read(key).map_err(|reason| Fault::new(field(), reason))?;
            }
        }
        Ok(())
    }
}

impl Policy {
    /// Checks a model by itself, and against what the policy declares and compares.
    pub(super) fn fits_model(&self, linkage: &LinkagePolicy, model: &Model) -> Result<(), Fault> {
        model.fault().and_then(|()| self.declares_model(model)).map_err(|fault| fault.within("model"))?;
        if linkage.comparison.is_empty() {
            return Ok(());
        }
        for (place, comparison) in linkage.comparison.iter().enumerate() {
            let known = model.comparison.iter().find(|known| known.attributes.iter().eq(comparison.columns()));
            same_comparison(comparison, known).map_err(|fault| fault.within(&format!("comparison[{place}]")))?;
        }
        let compared =
            |known: &ComparisonModel| linkage.comparison.iter().any(|said| said.columns().eq(&known.attributes));
        match model.comparison.iter().find(|known| !compared(known)) {
            Some(known) => {
                let names = known.attributes.join("`, `");
                Err(Fault::new("comparison", format!("leaves out `{names}`, which the model compares")))
            }
            None => Ok(()),
        }
    }

    /// Checks that what a model looks at is declared, and of a kind that fits.
    fn declares_model(&self, model: &Model) -> Result<(), Fault> {
        for (place, comparison) in model.comparison.iter().enumerate() {
            let within = |fault: Fault| fault.within(&format!("comparison[{place}]"));
            self.columns("attributes", &comparison.attributes).map_err(within)?;
            for (level_place, level) in comparison.levels.iter().enumerate() {
                if let Some(reason) = self.misfit(&comparison.attributes, &level.level) {
                    let field = format!("levels[{level_place}].level");
                    return Err(within(Fault::new(field, format!("`{}` {reason}", level.level))));
                }
            }
        }
        let mut rules = model.block.iter().enumerate();
        rules.try_for_each(|(place, rule)| self.block_rule(&format!("block[{place}]"), rule))
    }
}

/// Checks that the policy says of a comparison what the model knows of it.
fn same_comparison(said: &ComparisonPolicy, known: Option<&ComparisonModel>) -> Result<(), Fault> {
    let field = if said.attribute.is_some() { "attribute" } else { "attributes" };
    let names = || said.columns().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let Some(known) = known else {
        return Err(Fault::new(field, format!("the model does not compare {}; train it anew", names())));
    };
    let bare = |level: &&Level| **level != Level::Else;
    let trained = || known.levels.iter().map(|level| &level.level).filter(bare);
    if !said.levels.is_empty() && !said.levels.iter().filter(bare).eq(trained()) {
        let levels = trained().map(ToString::to_string).collect::<Vec<_>>().join("`, `");
        let reason = format!("the model has `{levels}` for {}; train it anew, or leave the levels out", names());
        return Err(Fault::new("levels", reason));
    }
    if said.term_frequency == Some(true) && known.term_frequencies.is_none() {
        let reason = format!("the model has no term frequencies of {}; train it anew", names());
        return Err(Fault::new("term_frequency", reason));
    }
    Ok(())
}

fn comparison_fault(comparison: &ComparisonModel) -> Result<(), Fault> {
    if comparison.attributes.is_empty() {
        return Err(Fault::new("attributes", "is empty: nothing is compared"));
    }
    if comparison.levels.last().is_none_or(|last| last.level != Level::Else) {
        return Err(Fault::new("levels", "must end in `else`: a pair has to be on some level"));
    }
    let levels: Vec<Level> = comparison.levels.iter().map(|level| level.level.clone()).collect();
    for (place, level) in comparison.levels.iter().enumerate() {
        let at = |field: &str| format!("levels[{place}].{field}");
        reachable(&levels, place).map_err(|reason| Fault::new(at("level"), format!("`{}` {reason}", level.level)))?;
        for (field, probability) in [("m", Some(level.m)), ("u", Some(level.u)), ("s", level.s)] {
            if let Some(wrong) = probability.filter(|probability| !(0.0..=1.0).contains(probability)) {
                return Err(Fault::new(at(field), format!("is {wrong}, which is no probability")));
            }
        }
    }
    let sum = |of: fn(&LevelModel) -> f64| comparison.levels.iter().map(of).sum::<f64>();
    let sums =
        [("m", sum(|level| level.m)), ("u", sum(|level| level.u)), ("s", sum(|level| level.s.unwrap_or(level.u)))];
    if let Some((field, sum)) = sums.into_iter().find(|(_, sum)| (sum - 1.0).abs() > SUM_TOLERANCE) {
        return Err(Fault::new("levels", format!("the `{field}` of all levels sum to {sum:.4}, and must to 1")));
    }
    comparison
        .term_frequencies
        .as_ref()
        .map_or(Ok(()), |terms| terms_fault(terms).map_err(|fault| fault.within("term_frequencies")))
}

fn terms_fault(terms: &TermFrequencies) -> Result<(), Fault> {
    let share = |share: f64| share > 0.0 && share <= 1.0;
    if !share(terms.other) {
        return Err(Fault::new("other", format!("is {}, and must be above 0 and at most 1", terms.other)));
    }
    // Which value it is stays unsaid: it is somebody's name.
    if let Some(place) = terms.values.values().position(|&frequency| !share(frequency)) {
        let reason = format!("hold a frequency that is not above 0 and at most 1, in place {}", place + 1);
        return Err(Fault::new("values", reason));
    }
    let sum: f64 = terms.values.values().sum();
    if sum > 1.0 + SHARE_TOLERANCE {
        return Err(Fault::new("values", format!("sum to {sum:.6}, more than 1")));
    }
    Ok(())
}

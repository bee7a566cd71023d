//! A log of decisions and outcomes, from which a model can be made again.

use super::decision::{Decision, DecisionId};
use super::learn::Learning;
use super::learner::LearnerPolicy;
use super::outcome::Outcome;
use super::policy::DecisionRules;
use crate::error::{Error, Result};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A line of the log: JSON, one object a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionLog {
    /// Something was decided.
    Decision(Box<Decision>),
    /// Something came of it.
    Outcome(Outcome),
    /// A decision is taken out.
    ForgetDecision(DecisionId),
    /// An outcome is taken out.
    ForgetOutcome(DecisionId, SmolStr),
    /// Windows are closed until then.
    Close(Timestamp),
}

impl DecisionLog {
    /// Writes the line, without its end.
    ///
    /// # Errors
    /// `Input` where it cannot be written, which does not happen.
    pub fn to_line(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::input("line", error.to_string()))
    }

    /// Reads a line.
    ///
    /// # Errors
    /// `Input`, with what is wrong.
    pub fn from_line(line: &str) -> Result<Self> {
        // The place, not the message: it may quote what stands there.
        let wrong = |error: serde_json::Error| format!("is not one of the log, at column {}", error.column());
        serde_json::from_str(line).map_err(|error| Error::input("line", wrong(error)))
    }
}

impl Learning {
    /// Does what a line of the log says.
    ///
    /// # Errors
    /// `Limit` over 2^32 outcomes.
    pub fn replay(&mut self, line: DecisionLog) -> Result<()> {
        match line {
            DecisionLog::Decision(decision) => self.decided(*decision),
            DecisionLog::Outcome(outcome) => self.outcome(outcome).map(drop),
            DecisionLog::ForgetDecision(id) => self.forget_decision(id),
            DecisionLog::ForgetOutcome(id, key) => self.forget_outcome(id, &key),
            DecisionLog::Close(now) => self.close(now),
        }
    }

    /// Makes a model again from the lines of a log: the same bytes.
    ///
    /// # Errors
    /// `Input` with the number of the line that is wrong; `Config` where the learner's settings are; `Limit` over 2^32
    /// outcomes.
    pub fn from_log<'a>(
        rules: DecisionRules,
        learner: LearnerPolicy,
        now: Timestamp,
        lines: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self> {
        let mut learning = Self::new(rules, learner, now)?;
        for (number, line) in (1_u64..).zip(lines).filter(|(_, line)| !line.trim().is_empty()) {
            let read = DecisionLog::from_line(line);
            learning.replay(read.map_err(|error| Error::input(format!("line {number}"), error.to_string()))?)?;
        }
        Ok(learning)
    }
}

//! Dry runs.

use super::answer::Resolution;
use super::plan::Planner;
use super::reading::Reading;
use super::write::plan_all;
use super::{PolicyReport, Resolver};
use crate::error::Result;
use crate::policy::Policy;
use crate::record::Record;
use std::sync::Arc;

impl Resolver {
    /// Says what [`add`](Self::add) would answer, and writes nothing. A new profile's id is the one that it would get.
    ///
    /// # Errors
    /// `Store` or `Corrupt` where reading failed.
    pub fn preview(&self, record: Record) -> Result<Resolution> {
        let view = self.view()?;
        let reading = Reading::of(&view.rules, self.seed, Arc::new(record), None);
        let mut planner = Planner::new(&*view.snapshot, &view.rules, (self.seed, &self.secrets), view.meta.clone());
        Ok(plan_all(&mut planner, std::slice::from_ref(&reading))?.pop().unwrap_or_default())
    }

    /// Says what [`set_policy`](Self::set_policy) would do, and writes nothing.
    ///
    /// # Errors
    /// `Config` where the policy is wrong; `Store` or `Corrupt` where reading failed.
    pub fn preview_policy(&self, policy: Policy) -> Result<PolicyReport> {
        let (_, report) = self.rebuilt(policy)?;
        Ok(report)
    }
}

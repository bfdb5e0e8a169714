//! The stage: a selection as an artifact.

use std::path::Path;

use goldpan_artifact::{Producer, Progress, SelectionWriter};
use serde::{Deserialize, Serialize};

use crate::{Budget, Error, Inputs, Rule, choose};

/// The version of this stage: it changes when the same inputs would give other picks.
pub const VERSION: u32 = 1;

/// What [`select`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many texts there were to select from, labelled ones included.
    pub pool: u64,
    /// How many of these were labelled already.
    pub labelled: u64,
    /// How many were picked.
    pub selected: u64,
    /// How many are left to pick from.
    pub left: u64,
}

/// Picks rows as [`choose`] does and writes them to `out` as a selection: one row for each
/// pick, best first, with its score and the value of each objective.
///
/// # Errors
///
/// Those of [`choose`], and when `out` cannot be written.
pub fn select(
    rule: &Rule,
    inputs: &Inputs<'_>,
    budget: Budget,
    seed: u64,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Summary, Error> {
    let picks = choose(rule, inputs, budget, seed, progress)?;
    let mut writer =
        SelectionWriter::create(out, &picks.objectives, Producer::new("select", VERSION))?;
    for pick in &picks.picks {
        writer.push(pick.id, pick.score, &pick.objectives)?;
    }
    writer.finish()?;
    Ok(Summary {
        pool: picks.pool as u64,
        labelled: picks.labelled as u64,
        selected: picks.picks.len() as u64,
        left: (picks.pool - picks.labelled - picks.picks.len()) as u64,
    })
}

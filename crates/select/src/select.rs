//! The stage: a selection as an artifact.

use std::path::Path;

use goldpan_artifact::{Nearest, OfTexts, Origin, Producer, Progress, SelectionWriter, Texts};
use serde::{Deserialize, Serialize};

use crate::budget::Budget;
use crate::error::Error;
use crate::near::Near;
use crate::pick::choose;
use crate::pool::Inputs;
use crate::rule::Rule;

/// The version of this stage: it changes when the same inputs would give another
/// selection.
pub const VERSION: u32 = 4;

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
    /// How many picks have the very text of a labelled text or of an earlier pick; `None` where the texts
    /// were not given.
    #[serde(default)]
    pub copies: Option<u64>,
}

/// Picks rows as [`choose`] does and writes them to `out` as a selection: one row for each
/// pick, best first, with its score and the value of each objective, and where [`Picks::located`] is
/// true its nearest labelled text and nearest earlier pick.
///
/// [`Picks::located`]: crate::Picks::located
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
    let producer = Producer::new("select", VERSION);
    let writer = match picks.located {
        true => SelectionWriter::with_nearest(out, &picks.objectives, producer)?,
        false => SelectionWriter::create(out, &picks.objectives, producer)?,
    };
    let origin = of_texts(inputs).map(Origin::of);
    let mut writer = writer.made_from(origin.unwrap_or_default());
    let pair = |near: Near| (near.id, near.distance);
    for pick in &picks.picks {
        let nearest = Nearest {
            labelled: pick.nearest_labelled.map(pair),
            earlier: pick.nearest_earlier.map(pair),
        };
        writer.push_near(pick.id, pick.score, &pick.objectives, nearest)?;
    }
    writer.finish()?;
    Ok(Summary {
        pool: picks.pool as u64,
        labelled: picks.labelled as u64,
        selected: picks.picks.len() as u64,
        left: (picks.pool - picks.labelled - picks.picks.len()) as u64,
        copies: picks.copies.map(|copies| copies as u64),
    })
}

/// Which texts are picked from, where one of the inputs says so.
fn of_texts(inputs: &Inputs<'_>) -> Option<OfTexts> {
    let vectors = || {
        inputs
            .embeddings
            .and_then(|table| table.origin().texts.clone())
    };
    let beliefs = || {
        inputs
            .predictions
            .and_then(|table| table.origin().texts.clone())
    };
    let texts = inputs.texts.map(Texts::of_texts);
    texts.or_else(vectors).or_else(beliefs)
}

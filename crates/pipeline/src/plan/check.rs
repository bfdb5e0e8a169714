//! Where the loop asks whether an arm is done.

use goldpan_select::Budget;

use crate::plan::NodeId;
use crate::spec::Name;

/// A check's place in [`Graph::checks`](crate::plan::Graph::checks).
pub type CheckId = usize;

/// Where stopping rules are asked: after the start, once for all arms, and after each round of an arm
/// but the last. What comes after is done only where no rule holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The arm; `None` after the start.
    pub arm: Option<Name>,
    /// The seed.
    pub seed: u64,
    /// The round that is done, 0 for the start.
    pub round: u32,
    /// The check of the round before; where that stopped, so does this.
    pub before: Option<CheckId>,
    /// The `ingest` node picked from.
    pub pool: NodeId,
    /// The `select` node of the round.
    pub selection: NodeId,
    /// Its `train` node.
    pub model: NodeId,
    /// The `predict` node of the validation texts by that model, where a rule compares models.
    pub validated: Option<NodeId>,
    /// What the next round would pick.
    pub next: Budget,
}

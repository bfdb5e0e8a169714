//! What a run would do, and why.

use std::fmt;

use goldpan_select::Estimate;
use goldpan_store::Why;

use crate::cost::Source;
use crate::exec::room::Room;
use crate::kind::StageKind;

/// What would happen to every piece of work.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// In the order of the run.
    pub steps: Vec<Step>,
    /// How much goes on at once.
    pub(crate) room: Room,
    /// Bytes of states that trainings and predictions keep together.
    pub(crate) kept: u64,
    /// Where the speeds come from by which the encoder's work was predicted.
    pub sources: Vec<Source>,
    /// Whether rules may stop arms before their last round.
    pub may_stop: bool,
}

/// A piece of work in a preview.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: StageKind,
    /// What would happen.
    pub status: Status,
    /// What a selection, training, prediction or embedding that is not cached is expected to take here,
    /// once the tables that decide it are there.
    pub estimate: Option<Estimate>,
}

/// What would happen to a piece of work.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// Its result is there.
    Cached,
    /// It would run.
    Run(Why),
    /// It would run again, as asked.
    Forced,
    /// It would run, or its result would turn out to be there, once these have run.
    After(Vec<String>),
    /// It would run once the model or dataset was fetched.
    Fetch,
    /// It must be done already and is not.
    Missing,
    /// A rule stopped its arm before, for this reason.
    Stopped(String),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cached => f.write_str("cached"),
            Self::Run(why) => write!(f, "run ({why})"),
            Self::Forced => f.write_str("run (forced)"),
            Self::After(names) => write!(f, "after {}", names.join(", ")),
            Self::Fetch => f.write_str("run (to be fetched first)"),
            Self::Missing => f.write_str("missing: run it first"),
            Self::Stopped(why) => write!(f, "stopped {why}"),
        }
    }
}

//! How a pipeline is run.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use goldpan_model::DeviceChoice;

use crate::plan::Scope;

/// How a pipeline is run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The store's folder.
    pub store: PathBuf,
    /// Which part is done.
    pub scope: Scope,
    /// A stage that is done again though its result is there.
    pub force: Option<String>,
    /// Where models run.
    pub device: DeviceChoice,
    /// The most memory, in bytes and beyond the mapped tables, that a selection may need.
    pub memory_limit: Option<u64>,
    /// How many trainings may go on at once on the CPU; as many as cores and free memory allow where
    /// `None`. No result depends on it.
    pub trainings: Option<NonZeroUsize>,
}

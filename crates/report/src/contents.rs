//! What a run's folder holds, for whoever looks into it later: `run.json`.

use std::path::{Path, PathBuf};

use goldpan_artifact::atomic;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;

/// The name of the file in the run's folder.
pub const CONTENTS: &str = "run.json";

/// Where a run with a loop keeps what it picked, and from what. Paths are relative to its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// The texts picked from.
    pub pool: PathBuf,
    /// Their vectors.
    pub embeddings: Option<PathBuf>,
    /// Tables of texts that are left out of the pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<PathBuf>,
    /// Every round: by seed, the start first, then arm by arm.
    pub rounds: Vec<Round>,
}

/// A round of an arm, or a start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// The arm; `None` for the start.
    pub arm: Option<String>,
    /// The seed.
    pub seed: u64,
    /// The round, 0 for the start.
    pub round: u32,
    /// Why the round was not done, where a rule stopped its arm before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// How texts are picked, as it is written in a pipeline.
    pub rule: Value,
    /// What was picked: a selection table.
    pub selection: PathBuf,
    /// What was thought of the pool before: a predictions table, where an arm asked for it.
    pub predictions: Option<PathBuf>,
}

impl Contents {
    /// Reads the file of a run's folder.
    ///
    /// # Errors
    ///
    /// When there is none, or it is not what a run writes.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(CONTENTS);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(source) => return Err(Error::NoContents { path, source }),
        };
        serde_json::from_slice(&bytes).map_err(|source| Error::Contents { path, source })
    }

    /// Writes the file into a run's folder, whole or not at all.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(CONTENTS);
        match serde_json::to_vec_pretty(self) {
            Ok(bytes) => Ok(atomic::write_bytes(path, &bytes)?),
            Err(source) => Err(Error::Contents { path, source }),
        }
    }
}

impl Round {
    /// Whether what `self` picked is labelled when `later` picks.
    pub(crate) fn is_before(&self, later: &Self) -> bool {
        self.seed == later.seed
            && self.round < later.round
            && (self.arm.is_none() || self.arm == later.arm)
    }
}

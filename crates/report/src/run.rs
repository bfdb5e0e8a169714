//! What is known of a run, and where its tables lie.

use std::path::{Path, PathBuf};

use goldpan_artifact::atomic;
use goldpan_evidence::{Question, Trained};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The name of the file in the run's folder, from which its report can be made anew.
pub const REPORT: &str = "report.json";

/// The name of the file in a run's folder that says why its run is not finished. There is none where it is.
pub const UNFINISHED: &str = "unfinished.txt";

/// A run with a loop. Paths are relative to its folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The pipeline's name.
    pub name: String,
    /// What is asked of the experiment; the measure is every one in turn.
    pub question: Question,
    /// What epochs were chosen by: `accuracy`, `macro-f1` or `loss`.
    #[serde(default = "accuracy")]
    pub epochs_by: String,
    /// What has to be known of the models, beside what the evidence tells: a sentence each.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What a label costs, if that was said.
    pub price: Option<Price>,
    /// The arms that rules stopped before their last round.
    pub stops: Vec<Stopped>,
    /// Why the run ended before all was done, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<String>,
    /// What is to be known of the texts: which are shared, and which are there twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of_texts: Vec<String>,
    /// The metric of the model that was not trained, in [0, 1].
    pub zero_shot: Option<f64>,
    /// The trained models, in the order of `results.csv`.
    pub models: Vec<Model>,
    /// The texts picked from.
    pub pool: PathBuf,
    /// Their vectors.
    pub embeddings: Option<PathBuf>,
    /// The texts tested on.
    pub test: Option<PathBuf>,
    /// How long the kinds of stage took, in the order of the pipeline.
    pub stages: Vec<StageTime>,
    /// Facts for whoever repeats the run: names and values.
    pub facts: Vec<(String, String)>,
    /// Every result of the run.
    pub made: Vec<Made>,
    /// The pipeline file.
    pub pipeline: String,
    /// What the command line put in place of the file's values: `KEY=VALUE`.
    pub overrides: Vec<String>,
}

/// What runs chose epochs by before they said so.
fn accuracy() -> String {
    "accuracy".to_owned()
}

/// An arm that a rule stopped before its last round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stopped {
    /// The arm; `None` where the start was enough for all.
    pub arm: Option<String>,
    /// The seed.
    pub seed: u64,
    /// After which round, and why.
    pub why: String,
}

/// The price of a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of one label.
    pub of_label: f64,
    /// The currency, as it stands behind a number.
    pub currency: String,
}

/// A trained model and what led to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What it is and how well it does.
    pub trained: Trained,
    /// How its training went: a history table.
    pub history: PathBuf,
    /// What was picked before the training: a selection table.
    pub selection: PathBuf,
    /// The pool's predictions by the model of the round before, where some arm asked for them.
    pub predictions: Option<PathBuf>,
    /// This model's predictions of the test texts.
    pub tested: Option<PathBuf>,
}

/// How long the stages of one kind took, when they ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageTime {
    /// The kind.
    pub kind: String,
    /// How many pieces of work there are.
    pub count: usize,
    /// Seconds, all together.
    pub seconds: f64,
}

/// A result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// The piece of work.
    pub name: String,
    /// The digest that names its result in the store.
    pub object: String,
}

impl Run {
    /// Reads the file of a run's folder.
    ///
    /// # Errors
    ///
    /// When there is none, or it is not what a run writes.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(REPORT);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(source) => return Err(Error::NoContents { path, source }),
        };
        serde_json::from_slice(&bytes).map_err(|source| Error::Contents { path, source })
    }

    /// Writes the file into a run's folder, whole or not at all.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(REPORT);
        match serde_json::to_vec_pretty(self) {
            Ok(bytes) => Ok(atomic::write_bytes(path, &bytes)?),
            Err(source) => Err(Error::Contents { path, source }),
        }
    }

    /// The same run as its paths are seen from outside its folder.
    pub(crate) fn within(&self, folder: &Path) -> Self {
        let mut run = self.clone();
        let models = run.models.iter_mut().flat_map(|model| {
            let always = [&mut model.history, &mut model.selection];
            let sometimes = [&mut model.predictions, &mut model.tested];
            always.into_iter().chain(sometimes.into_iter().flatten())
        });
        let tables = [&mut run.embeddings, &mut run.test].into_iter().flatten();
        for path in models.chain(tables).chain([&mut run.pool]) {
            *path = folder.join(&*path);
        }
        run
    }
}

//! What can go wrong in a command, beyond the errors of the stages.

use std::io;
use std::path::PathBuf;

use goldpan_artifact::Digest;

/// An error of a command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A table or a file beside it.
    #[error(transparent)]
    Artifact(#[from] goldpan_artifact::Error),
    /// A name of a model or dataset.
    #[error(transparent)]
    Sources(#[from] goldpan_sources::Error),
    /// A model or device.
    #[error(transparent)]
    Model(#[from] goldpan_model::Error),
    /// The ingest stage, or a file of labels.
    #[error(transparent)]
    Ingest(#[from] goldpan_ingest::Error),
    /// The embed stage.
    #[error(transparent)]
    Embed(#[from] goldpan_embed::Error),
    /// The train stage.
    #[error(transparent)]
    Train(#[from] goldpan_train::Error),
    /// The predict stage.
    #[error(transparent)]
    Predict(#[from] goldpan_predict::Error),
    /// The select stage.
    #[error(transparent)]
    Select(#[from] goldpan_select::Error),
    /// The evaluate stage.
    #[error(transparent)]
    Evaluate(#[from] goldpan_evaluate::Error),
    /// A table that another program wrote.
    #[error(transparent)]
    Foreign(#[from] goldpan_foreign::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] goldpan_store::Error),
    /// A pipeline.
    #[error(transparent)]
    Pipeline(#[from] goldpan_pipeline::Error),
    /// A run that is looked into.
    #[error(transparent)]
    Report(#[from] goldpan_report::Error),
    /// A store that is not there.
    #[error("there is no store in {path}: give the folder that a pipeline wrote to with --store")]
    NoStore {
        /// The folder.
        path: PathBuf,
    },
    /// A run that is not in the store.
    #[error("there is no run `{run}` in {path}: {}", known(.runs))]
    NoRun {
        /// The run's name.
        run: String,
        /// The folder of the runs.
        path: PathBuf,
        /// The runs that are there.
        runs: Vec<String>,
    },
    /// A run that did not come to its report.
    #[error(
        "run `{run}` has no report, as it is not finished: {why}; run its pipeline again, which takes \
         what is done from the store"
    )]
    Unfinished {
        /// The run's name.
        run: String,
        /// Why it ended before.
        why: String,
    },
    /// An arm or a seed that is not in the run.
    #[error(
        "run `{run}` has no such arm and seed: its arms are {}; its seeds are {}",
        .arms.join(", "), .seeds.join(", ")
    )]
    NoRound {
        /// The run's name.
        run: String,
        /// Its arms.
        arms: Vec<String>,
        /// Its seeds.
        seeds: Vec<String>,
    },
    /// A strategy file says something that cannot be done.
    #[error("{0}")]
    Strategy(goldpan_pipeline::spec::Invalid),
    /// A file of settings cannot be read.
    #[error("cannot read {path}: check that the path is right and may be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The output would replace an input.
    #[error("{path} is an input as well as the output: write to another file")]
    OutputIsInput {
        /// The path given twice.
        path: PathBuf,
    },
    /// Training on all labelled texts, of which there are none.
    #[error("no text in {path} has a label: name the labelled ones with --labelled")]
    NothingLabelled {
        /// The table of texts, or the file that should name them.
        path: PathBuf,
    },
    /// Labels are to be imported from a file without any.
    #[error("{path} has no column `label`: import it as a selection, or add the labels")]
    NoLabelColumn {
        /// The file.
        path: PathBuf,
    },
    /// Vectors that the model does not make.
    #[error(
        "{path} has other vectors than {model} makes as it comes: give the model that made them, or leave the \
         embeddings out"
    )]
    OtherVectors {
        /// The embeddings.
        path: PathBuf,
        /// The model.
        model: String,
    },
    /// A folder for what is made on the way cannot be made.
    #[error("cannot make a temporary folder: check TMPDIR and the room there")]
    Temporary {
        /// The system's reason.
        source: io::Error,
    },
    /// Options that a probe does not look at, or that only a probe does.
    #[error("{} no effect with --tune {tune}: leave {} out", Have(.options), match .options.len() { 1 => "it", _ => "them" })]
    NoEffect {
        /// The options.
        options: Vec<&'static str>,
        /// What is trained.
        tune: goldpan_model::TuningKind,
    },
    /// An adapter on top of a trained model.
    #[error(
        "{path} is a trained model already: leave --adapter out, or give the base model with --model"
    )]
    AdapterOnTrained {
        /// The trained model's folder.
        path: PathBuf,
    },
    /// The base model of a trained one cannot be had by its name.
    #[error(
        "the base model of {path} is needed: make `{base}` available, or give its folder with \
         `--model BASE --adapter {path}`"
    )]
    NoBase {
        /// The trained model's folder.
        path: PathBuf,
        /// The base model's name.
        base: String,
        /// Why it cannot be had.
        #[source]
        source: Box<goldpan_sources::Error>,
    },
    /// The base model is not the one that was trained on.
    #[error(transparent)]
    OtherBase(Box<OtherBase>),
    /// A model without an adapter, which needs no export.
    #[error(
        "{path} is a whole model already: use its folder as it is, or give the adapter with --adapter"
    )]
    WholeAlready {
        /// The model's folder.
        path: PathBuf,
    },
    /// A folder in which nothing can be shown.
    #[error(
        "{path} holds no table and no trained model: give a file that ends in .arrow, or a folder \
         that `goldpan train` made"
    )]
    NothingToShow {
        /// The folder.
        path: PathBuf,
    },
    /// An object's manifest is none.
    #[error("{path} is damaged: delete its folder and make it again")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Stdout is gone.
    #[error("cannot write to stdout")]
    Stdout {
        /// The system's reason.
        source: io::Error,
    },
}

/// What there is instead of a run.
fn known(runs: &[String]) -> String {
    match runs {
        [] => "there are none; name another store with --store, or run a pipeline first".to_owned(),
        runs => format!("there are {}", runs.join(", ")),
    }
}

/// A base model that is not the one that a model was trained on.
#[derive(Debug, thiserror::Error)]
#[error(
    "{folder} is not the model that {path} was trained on (`{base}`): its files have the digest \
     {found} instead of {expected}; find the same files, or train again"
)]
pub struct OtherBase {
    /// The trained model's folder.
    pub path: PathBuf,
    /// The base model's name.
    pub base: String,
    /// The folder found.
    pub folder: PathBuf,
    /// Its digest.
    pub found: Digest,
    /// The digest that the trained model names.
    pub expected: Digest,
}

/// `--epochs has`, `--epochs and --learning-rate have`.
struct Have<'a>(&'a [&'static str]);

impl std::fmt::Display for Have<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            [one] => write!(f, "{one} has"),
            more => write!(f, "{} have", more.join(" and ")),
        }
    }
}

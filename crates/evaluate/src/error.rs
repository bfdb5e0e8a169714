//! What can go wrong when predictions are evaluated.

use std::path::PathBuf;

/// Why predictions could not be evaluated, or the result not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No text has a label.
    #[error("no text in {path} has a label: evaluate on texts with known labels")]
    NoLabels {
        /// The table of texts.
        path: PathBuf,
    },
    /// A class of the texts is none of the model's.
    #[error(
        "{texts} has a class `{class}` and {predictions} does not (its classes are {}): \
         evaluate a model that was trained on these classes",
        known.join(", ")
    )]
    UnknownClass {
        /// The class's name.
        class: String,
        /// The table of texts.
        texts: PathBuf,
        /// The table of predictions.
        predictions: PathBuf,
        /// The model's classes.
        known: Vec<String>,
    },
    /// A labelled text has no prediction.
    #[error(
        "labelled text {id} of {texts} has no prediction in {predictions}: predict these texts"
    )]
    NoPrediction {
        /// The first such text's id.
        id: u64,
        /// The table of texts.
        texts: PathBuf,
        /// The table of predictions.
        predictions: PathBuf,
    },
    /// A prediction belongs to no text.
    #[error(
        "prediction for text {id} in {predictions}, which is not in {texts}: give the texts it was made from"
    )]
    NoText {
        /// The first such prediction's id.
        id: u64,
        /// The table of texts.
        texts: PathBuf,
        /// The table of predictions.
        predictions: PathBuf,
    },
    /// A prediction cannot be measured.
    #[error("the prediction for text {id} in {predictions} cannot be measured")]
    Row {
        /// The text's id.
        id: u64,
        /// The table of predictions.
        predictions: PathBuf,
        /// What is wrong with it.
        #[source]
        source: goldpan_metrics::Error,
    },
    /// The predictions as a whole cannot be measured.
    #[error("the predictions in {predictions} cannot be measured")]
    Measure {
        /// The table of predictions.
        predictions: PathBuf,
        /// What is wrong with them.
        #[source]
        source: goldpan_metrics::Error,
    },
    /// The result cannot be turned into JSON.
    #[error("cannot turn the evaluation for {path} into JSON")]
    Json {
        /// The file that was to be written.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The result cannot be written.
    #[error(transparent)]
    Artifact(#[from] goldpan_artifact::Error),
}

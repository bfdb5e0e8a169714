//! What can go wrong in the train stage.

use crate::config::ConfigError;
use std::path::PathBuf;

/// An error of the train stage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A probe where texts are trained on.
    #[error("a probe is solved on vectors, by `probe`, and not trained through the encoder")]
    NoVectors,
    /// A text has no vector.
    #[error("{path} has no vector of the text with id {id}: embed the texts again")]
    NoVector {
        /// The embeddings.
        path: PathBuf,
        /// The text.
        id: u64,
    },
    /// A vector has a value that is NaN or infinite.
    #[error(
        "{path}: the vector of the text with id {id} has the value {value}: embed the texts again"
    )]
    NotFinite {
        /// The embeddings.
        path: PathBuf,
        /// The text.
        id: u64,
        /// The value.
        value: f32,
    },
    /// Vectors of two lengths.
    #[error(
        "{texts} has vectors of {dimension} components, and {validation} of {other}: embed both with the \
         same model"
    )]
    Dimensions {
        /// The embeddings of the texts to learn from.
        texts: PathBuf,
        /// Their components.
        dimension: usize,
        /// Those of the validation texts.
        validation: PathBuf,
        /// Their components.
        other: usize,
    },
    /// The user stopped the work; finished epochs are in the checkpoint.
    #[error("stopped")]
    Cancelled,
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A labelled id is in no text.
    #[error("{path} has no text with id {id}, which the labels name: give the texts they are of")]
    UnknownId {
        /// The texts.
        path: PathBuf,
        /// The id.
        id: u64,
    },
    /// An id is labelled twice.
    #[error("id {id} is labelled twice: keep one of the labels")]
    RepeatedId {
        /// The id.
        id: u64,
    },
    /// A text has no label.
    #[error(
        "{path}: the text with id {id} has no label: label it, or name the labelled texts with \
         --labelled"
    )]
    NoLabel {
        /// The texts.
        path: PathBuf,
        /// The id.
        id: u64,
    },
    /// A label is outside the classes.
    #[error("the text with id {id} has label {label}, and there are {classes} classes")]
    Label {
        /// The id.
        id: u64,
        /// The label.
        label: i32,
        /// How many classes there are.
        classes: usize,
    },
    /// The two tables number their classes differently.
    #[error(
        "{texts} has the classes {texts_classes:?}, and {validation} has {validation_classes:?}: \
         ingest both with the same --classes"
    )]
    Classes {
        /// The texts to learn from.
        texts: PathBuf,
        /// Their classes.
        texts_classes: Vec<String>,
        /// The validation texts.
        validation: PathBuf,
        /// Their classes.
        validation_classes: Vec<String>,
    },
    /// There are fewer than two classes.
    #[error("{path} has {count} classes, and a classifier needs two or more")]
    TooFewClasses {
        /// The validation texts.
        path: PathBuf,
        /// How many there are.
        count: usize,
    },
    /// There is nothing to learn from.
    #[error("no text is labelled: label some, or check --labelled")]
    NothingLabelled,
    /// There is nothing to validate with.
    #[error("{path} has no texts to validate with")]
    NothingToValidate {
        /// The validation texts.
        path: PathBuf,
    },
    /// There are not as many class weights as classes.
    #[error("{given} class weights are given, and there are {classes} classes: give one for each")]
    ClassWeights {
        /// How many weights.
        given: usize,
        /// How many classes.
        classes: usize,
    },
    /// The model to start from was trained on another base model.
    #[error(
        "{path} was trained on {found}, and this training is on {expected}: start from a model of \
         the same base, or from the base itself"
    )]
    PreviousBase {
        /// The model's folder.
        path: PathBuf,
        /// Its base model.
        found: String,
        /// The base model of this training.
        expected: String,
    },
    /// The model to start from tells other classes apart.
    #[error(
        "{path} was trained for the classes {}, and this training is for {}: start from a model of the same \
         classes, or from the base itself", .found.join(", "), .expected.join(", ")
    )]
    PreviousClasses {
        /// The model's folder.
        path: PathBuf,
        /// Its classes.
        found: Vec<String>,
        /// The classes of this training.
        expected: Vec<String>,
    },
    /// The model to start from has other tensors than this training trains.
    #[error(
        "{path} does not fit this training: {tensor} is not in both with the same shape; use the \
         same classes, targets, layers and rank as it was trained with"
    )]
    PreviousTensor {
        /// The model's folder.
        path: PathBuf,
        /// A tensor that differs.
        tensor: String,
    },
    /// The loss is NaN or infinite, or stays far above that of guessing.
    #[error(
        "the training diverges: the loss is {loss} at step {step} (epoch {epoch}, batch {batch}); {}",
        match *step {
            1 => "no step was done before, so look at the base model's weights and the class weights"
                .to_owned(),
            _ => format!(
                "try a learning rate below {learning_rate}, a longer warm-up or clipped gradients"
            ),
        }
    )]
    Diverged {
        /// The loss.
        loss: f32,
        /// The step, from 1, over all epochs.
        step: usize,
        /// The epoch, from 1.
        epoch: usize,
        /// The batch in the epoch, from 1.
        batch: usize,
        /// The highest learning rate.
        learning_rate: f64,
    },
    /// The validation loss is NaN or infinite, or far above that of guessing.
    #[error(
        "the training diverges: the validation loss is {loss} after epoch {epoch}, and guessing has \
         {guessing:.4}; try a learning rate below {learning_rate}, a longer warm-up or clipped gradients"
    )]
    DivergedValidation {
        /// The loss.
        loss: f64,
        /// The epoch, from 1.
        epoch: usize,
        /// The loss of guessing every class alike.
        guessing: f64,
        /// The highest learning rate.
        learning_rate: f64,
    },
    /// A trained tensor has a value that is NaN or infinite.
    #[error(
        "the training diverges: {tensor} has values that are no numbers after epoch {epoch}; try a \
         learning rate below {learning_rate}, a longer warm-up or clipped gradients"
    )]
    DivergedTensor {
        /// The tensor.
        tensor: String,
        /// The epoch, from 1.
        epoch: usize,
        /// The highest learning rate.
        learning_rate: f64,
    },
    /// The output folder holds something.
    #[error("{path} exists and is not empty: remove it or choose another --out")]
    OutputExists {
        /// The folder.
        path: PathBuf,
    },
    /// A folder or file of the output cannot be made, moved or removed.
    #[error("cannot write {path}: check that its folder exists, may be written and has space left")]
    Write {
        /// The path.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A checkpoint is damaged.
    #[error("{path} is not a checkpoint that can be gone on from: remove it to start again")]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The model cannot be loaded or saved.
    #[error("the model cannot be trained")]
    Model(#[source] goldpan_model::Error),
    /// The validation cannot be measured.
    #[error("the validation cannot be measured")]
    Metrics(#[from] goldpan_metrics::Error),
    /// A table cannot be written.
    #[error("the history cannot be written")]
    Artifact(#[from] goldpan_artifact::Error),
}

impl From<goldpan_model::Error> for Error {
    fn from(error: goldpan_model::Error) -> Self {
        match error {
            goldpan_model::Error::Cancelled => Self::Cancelled,
            goldpan_model::Error::OutputExists { path } => Self::OutputExists { path },
            other => Self::Model(other),
        }
    }
}

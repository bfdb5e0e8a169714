//! What can go wrong in the predict stage.

use std::path::PathBuf;

/// An error of the predict stage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The user stopped the work; nothing was written.
    #[error("stopped")]
    Cancelled,
    /// The model cannot be loaded or run.
    #[error("the model cannot classify these texts")]
    Model(#[source] goldpan_model::Error),
    /// Vectors for a model that does not look at them.
    #[error(
        "{path} was trained with --tune {kind}, which reads texts, not vectors: leave the embeddings out"
    )]
    NoProbe {
        /// The model's folder.
        path: PathBuf,
        /// What it is.
        kind: goldpan_model::TuningKind,
    },
    /// A text has no vector.
    #[error("{path} has no vector of the text with id {id}: embed the texts again")]
    NoVector {
        /// The embeddings.
        path: PathBuf,
        /// The text.
        id: u64,
    },
    /// There is nothing to tell apart.
    #[error("{found} classes are too few: give two or more, each with its words or descriptions")]
    FewClasses {
        /// How many there are.
        found: usize,
    },
    /// A class's name is there twice.
    #[error("the class `{class}` is there twice: put all its texts together")]
    RepeatedClass {
        /// The name.
        class: String,
    },
    /// A class has nothing that stands for it.
    #[error("the class `{class}` has no text, or an empty one: say what stands for it")]
    BlankClass {
        /// The name.
        class: String,
    },
    /// The temperature is out of range.
    #[error("the temperature {found} is not a number from 1e-6 to 1e6")]
    Temperature {
        /// The temperature.
        found: f64,
    },
    /// A class of the texts is not among those given.
    #[error(
        "{texts} has a class `{class}`, which is not given (given are {}): name the classes as the \
         texts do",
        given.join(", ")
    )]
    UnknownClass {
        /// The class's name.
        class: String,
        /// The table of texts.
        texts: PathBuf,
        /// The classes given.
        given: Vec<String>,
    },
    /// The predictions cannot be written.
    #[error("the predictions cannot be written")]
    Artifact(#[from] goldpan_artifact::Error),
}

impl From<goldpan_model::Error> for Error {
    fn from(error: goldpan_model::Error) -> Self {
        match error {
            goldpan_model::Error::Cancelled => Self::Cancelled,
            other => Self::Model(other),
        }
    }
}

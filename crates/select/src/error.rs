//! What can go wrong when a selection is made.

use std::path::PathBuf;

/// Why no selection was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no strategy of that name.
    #[error(
        "there is no strategy `{name}`{}: the strategies are {}",
        nearest.map(|nearest| format!(", did you mean `{nearest}`?")).unwrap_or_default(),
        crate::Strategy::names().collect::<Vec<_>>().join(", ")
    )]
    UnknownStrategy {
        /// The name given.
        name: String,
        /// The name that resembles it most, if one does.
        nearest: Option<&'static str>,
    },
    /// A product without objectives.
    #[error("a product needs at least one objective: give `diversity`, `uncertainty` or both")]
    EmptyProduct,
    /// A product holds something that is no objective.
    #[error(
        "`{term}` cannot be part of a product: only `diversity` and `uncertainty` can, \
         use `{term}` as a strategy of its own"
    )]
    NotAnObjective {
        /// What the product holds.
        term: &'static str,
    },
    /// A product holds the same objective twice.
    #[error("a product holds `{objective}` twice: leave one out")]
    RepeatedObjective {
        /// The objective's name.
        objective: &'static str,
    },
    /// A strategy's setting is out of its range.
    #[error("strategy `{strategy}`: {key} = {value} is not {expected}")]
    Setting {
        /// The strategy's name.
        strategy: &'static str,
        /// The setting.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The strategy needs more memory than it may have.
    #[error(
        "strategy `{strategy}` needs {} MiB of memory, more than the limit of {} MiB: {}raise the limit",
        needed.div_ceil(1 << 20),
        limit >> 20,
        alternative.map(|name| format!("use `{name}`, which fits, or ")).unwrap_or_default()
    )]
    OverMemory {
        /// The strategy's name.
        strategy: String,
        /// Bytes that it needs beyond the mapped tables.
        needed: u64,
        /// Bytes that it may have.
        limit: u64,
        /// A strategy that fits and looks at no other tables, if there is one.
        alternative: Option<&'static str>,
    },
    /// The strategy looks at embeddings and none were given.
    #[error("strategy `{strategy}` needs embeddings of the texts: make them with `goldpan embed`")]
    NoEmbeddings {
        /// The strategy's name.
        strategy: String,
    },
    /// The strategy looks at predictions and none were given.
    #[error(
        "strategy `{strategy}` needs a model's predictions of the texts: \
         make them with `goldpan predict`"
    )]
    NoPredictions {
        /// The strategy's name.
        strategy: String,
    },
    /// Nothing says which texts there are.
    #[error("nothing says which texts there are to select from: give embeddings or predictions")]
    NoPool,
    /// More rows than a selection can number.
    #[error("{rows} texts are more than the {} that can be selected from", u32::MAX - 1)]
    TooManyRows {
        /// How many there are.
        rows: usize,
    },
    /// The ids of the pool, which are to be unique, are not.
    #[error("id {id} occurs twice among the texts to select from: ids must be unique")]
    RepeatedId {
        /// The id.
        id: u64,
    },
    /// A text has no embedding.
    #[error("text {id} has no embedding in {path}: embed the same texts that are selected from")]
    NoEmbedding {
        /// The first such text's id.
        id: u64,
        /// The table of embeddings.
        path: PathBuf,
    },
    /// A text has no prediction.
    #[error("text {id} has no prediction in {path}: predict the same texts that are selected from")]
    NoPrediction {
        /// The first such text's id.
        id: u64,
        /// The table of predictions.
        path: PathBuf,
    },
    /// A labelled text is not among those to select from.
    #[error(
        "labelled text {id} is not among the texts to select from: \
         give the labels that belong to these texts"
    )]
    UnknownLabelled {
        /// The first such text's id.
        id: u64,
    },
    /// More rows are asked for than are left.
    #[error(
        "{asked} texts are asked for, but {left} of {pool} are left to label: ask for at most {left}"
    )]
    TooFew {
        /// How many are asked for.
        asked: usize,
        /// How many are not labelled.
        left: usize,
        /// How many there are in all.
        pool: usize,
    },
    /// An embedding has a value that is NaN or infinite.
    #[error(
        "row {row} (text {id}) of {path} has the value {value} at position {position}: \
         embed the texts again"
    )]
    Embedding {
        /// The table of embeddings.
        path: PathBuf,
        /// The row in the table.
        row: usize,
        /// The text's id.
        id: u64,
        /// Where in the vector.
        position: usize,
        /// The value.
        value: f32,
    },
    /// An embedding is so long that distances to it overflow.
    #[error(
        "row {row} (text {id}) of {path} is too long to measure distances in single precision: \
         scale the embeddings down"
    )]
    TooLong {
        /// The table of embeddings.
        path: PathBuf,
        /// The row in the table.
        row: usize,
        /// The text's id.
        id: u64,
    },
    /// A probability is NaN, infinite, negative or above 1.
    #[error(
        "row {row} (text {id}) of {path} has the probability {value} for class {class}: \
         it must be from 0 to 1, predict the texts again"
    )]
    Probability {
        /// The table of predictions.
        path: PathBuf,
        /// The row in the table.
        row: usize,
        /// The text's id.
        id: u64,
        /// The class, counted from 0.
        class: usize,
        /// The value.
        value: f32,
    },
    /// The user wanted to stop.
    #[error("the selection was cancelled")]
    Cancelled,
    /// The selection cannot be written.
    #[error(transparent)]
    Artifact(#[from] goldpan_artifact::Error),
}

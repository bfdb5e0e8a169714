//! What can go wrong when a selection is made.

use std::fmt;
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
    #[error(
        "a product needs at least one objective: give `diversity`, `uncertainty`, `metadata` or \
         `random`"
    )]
    EmptyProduct,
    /// A product holds the same objective twice.
    #[error("a product holds `{objective}` twice: leave one out")]
    RepeatedObjective {
        /// The objective's name.
        objective: String,
    },
    /// A condition cannot be read.
    #[error("`{text}`, character {place}: {problem}")]
    Filter {
        /// The condition.
        text: String,
        /// The character, from 1.
        place: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Nothing is left to pick after what a rule passes over.
    #[error(
        "{} asked for, but {left} of the {free} that are not labelled are left after \
         {passed}: {}pass over fewer",
        Texts(asked),
        match *left {
            0 => String::new(),
            left => format!("ask for at most {left}, or "),
        }
    )]
    TooFewLeft {
        /// How many are asked for.
        asked: usize,
        /// How many may be picked.
        left: usize,
        /// How many are not labelled.
        free: usize,
        /// What passed over the others.
        passed: String,
    },
    /// A number of a rule or a budget is out of its range.
    #[error("{key} = {value} is not {expected}")]
    Budget {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A strategy that measures no distance is to stop at one.
    #[error(
        "strategy `{strategy}` measures no distance to stop at: use `diversity` or a product with it, \
         or say how many to pick"
    )]
    NoDistance {
        /// The strategy's name.
        strategy: String,
    },
    /// A class in a balance that the model does not know.
    #[error(
        "balance names the class `{class}`, and {path} has {}: use these names",
        classes.join(", ")
    )]
    UnknownClass {
        /// The class.
        class: String,
        /// The table of predictions.
        path: PathBuf,
        /// Its classes.
        classes: Vec<String>,
    },
    /// A class in a condition that the model does not know.
    #[error(
        "no text can be predicted to be `{class}`: {path} has the classes {}",
        classes.join(", ")
    )]
    UnknownPredicted {
        /// The class.
        class: String,
        /// The table of predictions.
        path: PathBuf,
        /// Its classes.
        classes: Vec<String>,
    },
    /// A name that is neither built in nor a metadata column.
    #[error(
        "{path} has no metadata column `{column}`{}: it has {}; columns are kept by \
         `goldpan ingest --metadata-columns {column}`",
        nearest.as_ref().map(|nearest| format!(" (is {nearest} meant?)")).unwrap_or_default(),
        if columns.is_empty() { "none".to_owned() } else { columns.join(", ") }
    )]
    NoColumn {
        /// The texts.
        path: PathBuf,
        /// The name.
        column: String,
        /// What resembles it most, if anything does.
        nearest: Option<String>,
        /// The columns that there are.
        columns: Vec<String>,
    },
    /// A value of a metadata column that is compared with a number, or used as one, is none.
    #[error(
        "row {row} (text {id}) of {path} has the {column} {value:?}, which is no number{}",
        match *factor {
            true => " of at least 0, as an objective has to be".to_owned(),
            false => format!(
                ": leave such texts out first (`not {column} in ['...'] and ...`), or compare with a \
                 word in quotes"
            ),
        }
    )]
    NotANumber {
        /// The texts.
        path: PathBuf,
        /// The row in the table.
        row: usize,
        /// The text's id.
        id: u64,
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// Whether it is to be an objective.
        factor: bool,
    },
    /// A value of a metadata column that is compared with a date is none, or only one of the two has a
    /// time zone.
    #[error(
        "row {row} (text {id}) of {path} has the {column} {value:?}, {}",
        match zones {
            Some(limit) => format!(
                "which cannot be compared with `{limit}`: one has a time zone, the other has none"
            ),
            None => format!(
                "which is no date such as 2024-01-31 or 2024-01-31T08:30Z: leave such texts out first \
                 (`not {column} in ['...'] and ...`)"
            ),
        }
    )]
    NotADate {
        /// The texts.
        path: PathBuf,
        /// The row in the table.
        row: usize,
        /// The text's id.
        id: u64,
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// What it is compared with, if time zones are what does not fit.
        zones: Option<String>,
    },
    /// A text has no value of a metadata column that is an objective.
    #[error(
        "row {row} (text {id}) of {path} has no {column}: pass over such texts with \
         `where: {column} is not missing`"
    )]
    NoValue {
        /// The texts.
        path: PathBuf,
        /// The row in the table.
        row: usize,
        /// The text's id.
        id: u64,
        /// The column.
        column: String,
    },
    /// The rule looks at the texts and none were given.
    #[error("`{rule}` looks at the texts: give them with --texts")]
    NoTexts {
        /// The rule.
        rule: String,
    },
    /// A text to select from is not in the table of texts.
    #[error("text {id} is not in {path}: give the texts that are selected from")]
    NoText {
        /// The first such text's id.
        id: u64,
        /// The table of texts.
        path: PathBuf,
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
        "{} asked for, but {}",
        Texts(asked),
        match *left {
            0 => format!("all {pool} are labelled"),
            left => format!("{left} of {pool} are left to label: ask for at most {left}"),
        }
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
    /// Embeddings whose squared lengths are lost in single precision.
    #[error(
        "the vectors of {path} are too short to measure distances in single precision (the longest is \
         {longest:e} long): scale the embeddings up"
    )]
    TooShort {
        /// The table of embeddings.
        path: PathBuf,
        /// The length of the longest vector.
        longest: f64,
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
    /// The strategy compares with labelled texts and there are none.
    #[error("strategy `{strategy}` needs labelled texts, there are none: start with `{instead}`")]
    NothingLabelled {
        /// The strategy's name.
        strategy: &'static str,
        /// A strategy to start with.
        instead: &'static str,
    },
    /// More picks than the strategy can make at a time.
    #[error(
        "strategy `{strategy}` picks at most {most} texts at a time, {asked} are asked for: \
         ask for fewer or use `{instead}`"
    )]
    TooManyPicks {
        /// The strategy's name.
        strategy: &'static str,
        /// How many are asked for.
        asked: usize,
        /// How many are possible.
        most: usize,
        /// A strategy for more.
        instead: &'static str,
    },
    /// The user wanted to stop.
    #[error("the selection was cancelled")]
    Cancelled,
    /// The selection cannot be written.
    #[error(transparent)]
    Artifact(#[from] goldpan_artifact::Error),
}

/// `1 text is`, `2 texts are`.
struct Texts<'a>(&'a usize);

impl fmt::Display for Texts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 text is"),
            more => write!(f, "{more} texts are"),
        }
    }
}

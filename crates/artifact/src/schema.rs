//! The columns and the metadata of each kind of table: one description for writers and readers.

use std::collections::BTreeMap;
use std::fmt;

use arrow2::datatypes::{DataType, Field, Schema};

use crate::columns::FileColumns;
use crate::digest::Digest;
use crate::key;
use crate::kind::{Kind, Producer};
use crate::origin::Origin;

/// The version of the file format that this crate writes, and the latest that it reads.
pub const FORMAT_VERSION: u32 = 2;

/// How a vector's values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE 754 single precision, 4 bytes.
    F32,
    /// IEEE 754 half precision, 2 bytes.
    F16,
}

impl Precision {
    /// Bytes of one value.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        })
    }
}

/// The types that columns of artifacts have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// Unsigned, 8 bytes.
    U64,
    /// Unsigned, 4 bytes.
    U32,
    /// Signed, 4 bytes.
    I32,
    /// Single precision.
    F32,
    /// UTF-8 text with 8-byte offsets.
    Text,
    /// A fixed-size list of values that are never null.
    Vector {
        /// How each value is stored.
        precision: Precision,
        /// Values in each row.
        width: usize,
    },
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::U64 => f.write_str("u64"),
            Self::U32 => f.write_str("u32"),
            Self::I32 => f.write_str("i32"),
            Self::F32 => f.write_str("f32"),
            Self::Text => f.write_str("large_utf8"),
            Self::Vector { precision, width } => {
                write!(f, "fixed_size_list<{precision}>[{width}]")
            }
        }
    }
}

/// A column: its name, its type, and whether a row may lack a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// The type of its values.
    pub kind: ColumnType,
    /// True where rows may have no value.
    pub nullable: bool,
}

impl Column {
    fn required(name: &str, kind: ColumnType) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            nullable: false,
        }
    }

    fn optional(name: &str, kind: ColumnType) -> Self {
        Self {
            nullable: true,
            ..Self::required(name, kind)
        }
    }

    fn field(&self) -> Field {
        Field::new(&self.name, data_type(self.kind), self.nullable)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.nullable { "?" } else { "" };
        write!(f, "{}: {}{mark}", self.name, self.kind)
    }
}

/// "`id: u64`, `text: large_utf8`".
pub(crate) fn columns_text(columns: &[Column]) -> String {
    let texts: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
    texts.join(", ")
}

/// Arrow's name for a column's type.
pub(crate) fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::U64 => DataType::UInt64,
        ColumnType::U32 => DataType::UInt32,
        ColumnType::I32 => DataType::Int32,
        ColumnType::F32 => DataType::Float32,
        ColumnType::Text => DataType::LargeUtf8,
        ColumnType::Vector { precision, width } => {
            let value = match precision {
                Precision::F32 => DataType::Float32,
                Precision::F16 => DataType::Float16,
            };
            DataType::FixedSizeList(Box::new(Field::new("item", value, false)), width)
        }
    }
}

/// Columns of texts, `metadata` after those that all texts have.
pub(crate) fn texts(metadata: &[String]) -> Vec<Column> {
    let mut columns = vec![
        Column::required("id", ColumnType::U64),
        Column::required("text", ColumnType::Text),
        Column::optional("label", ColumnType::I32),
        Column::optional("key", ColumnType::Text),
    ];
    for name in metadata {
        columns.push(Column::optional(name, ColumnType::Text));
    }
    columns
}

/// Columns of embeddings.
pub(crate) fn embeddings(precision: Precision, width: usize) -> Vec<Column> {
    vec![
        Column::required("id", ColumnType::U64),
        Column::required("embedding", ColumnType::Vector { precision, width }),
    ]
}

/// Columns of predictions of `width` classes.
pub(crate) fn predictions(width: usize) -> Vec<Column> {
    let precision = Precision::F32;
    vec![
        Column::required("id", ColumnType::U64),
        Column::required("logits", ColumnType::Vector { precision, width }),
        Column::required("probabilities", ColumnType::Vector { precision, width }),
    ]
}

/// The first of the columns that say where a pick lies.
pub(crate) const NEAREST: &str = "nearest_labelled";

/// Columns of a selection by `objectives`, and of where each pick lies if `nearest`.
pub(crate) fn selection(objectives: &[String], nearest: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::required("rank", ColumnType::U32),
        Column::required("id", ColumnType::U64),
        Column::required("score", ColumnType::F32),
    ];
    for name in objectives {
        columns.push(Column::required(name, ColumnType::F32));
    }
    if nearest {
        columns.extend([
            Column::optional(NEAREST, ColumnType::U64),
            Column::optional("nearest_labelled_distance", ColumnType::F32),
            Column::optional("nearest_earlier", ColumnType::U64),
            Column::optional("nearest_earlier_distance", ColumnType::F32),
        ]);
    }
    columns
}

/// Columns of labels.
pub(crate) fn labels() -> Vec<Column> {
    vec![
        Column::required("id", ColumnType::U64),
        Column::required("label", ColumnType::I32),
        Column::required("source", ColumnType::Text),
        Column::required("round", ColumnType::U32),
    ]
}

/// Columns of a history.
pub(crate) fn history() -> Vec<Column> {
    vec![
        Column::required("epoch", ColumnType::U32),
        Column::required("step", ColumnType::U64),
        Column::optional("loss", ColumnType::F32),
        Column::optional("learning_rate", ColumnType::F32),
        Column::optional("validation_loss", ColumnType::F32),
        Column::optional("validation_accuracy", ColumnType::F32),
        Column::optional("validation_macro_f1", ColumnType::F32),
    ]
}

/// Columns of results.
pub(crate) fn results() -> Vec<Column> {
    vec![
        Column::required("arm", ColumnType::Text),
        Column::optional("seed", ColumnType::U64),
        Column::required("round", ColumnType::U32),
        Column::required("labelled", ColumnType::U64),
        Column::optional("epoch", ColumnType::U64),
        Column::required("accuracy", ColumnType::F32),
        Column::required("loss", ColumnType::F32),
        Column::required("macro_f1", ColumnType::F32),
        Column::required("seconds", ColumnType::F32),
        Column::optional("last_accuracy", ColumnType::F32),
        Column::optional("test_accuracy", ColumnType::F32),
        Column::required("object", ColumnType::Text),
    ]
}

/// What a table says of itself in its schema's metadata, and its columns.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub(crate) kind: Kind,
    pub(crate) version: u32,
    pub(crate) producer: Producer,
    /// Of kinds that have classes; empty otherwise.
    pub(crate) classes: Vec<String>,
    /// Of a selection; empty otherwise.
    pub(crate) objectives: Vec<String>,
    /// Metadata columns of texts; empty otherwise.
    pub(crate) metadata: Vec<String>,
    pub(crate) columns: Vec<Column>,
    /// The digest of the texts in a table of texts, where it has one.
    pub(crate) texts: Option<Digest>,
    /// What another table was made from.
    pub(crate) origin: Origin,
    /// What the columns of the texts' file were called; empty otherwise.
    pub(crate) file_columns: FileColumns,
}

impl Description {
    /// A new table of `kind`, without classes, objectives or metadata columns.
    pub(crate) fn new(kind: Kind, producer: Producer, columns: Vec<Column>) -> Self {
        Self {
            kind,
            version: FORMAT_VERSION,
            producer,
            classes: Vec::new(),
            objectives: Vec::new(),
            metadata: Vec::new(),
            columns,
            texts: None,
            origin: Origin::default(),
            file_columns: FileColumns::default(),
        }
    }

    /// The Arrow schema to write.
    pub(crate) fn schema(&self) -> Schema {
        let mut metadata = BTreeMap::from([
            (key::KIND.to_owned(), self.kind.to_string()),
            (key::VERSION.to_owned(), self.version.to_string()),
            (key::PRODUCER.to_owned(), self.producer.stage.clone()),
            (
                key::PRODUCER_VERSION.to_owned(),
                self.producer.version.to_string(),
            ),
        ]);
        if has_classes(self.kind) {
            metadata.insert(key::CLASSES.to_owned(), names_json(&self.classes));
        }
        if self.kind == Kind::Selection {
            metadata.insert(key::OBJECTIVES.to_owned(), names_json(&self.objectives));
        }
        if !self.metadata.is_empty() {
            metadata.insert(key::METADATA.to_owned(), names_json(&self.metadata));
        }
        if !self.file_columns.is_empty() {
            metadata.insert(key::COLUMNS.to_owned(), json_of(&self.file_columns));
        }
        Schema {
            fields: self.columns.iter().map(Column::field).collect(),
            metadata,
        }
    }

    /// True for a selection that says where each pick lies.
    pub(crate) fn has_nearest(&self) -> bool {
        let is_nearest = |name: &str| name == NEAREST;
        self.kind == Kind::Selection
            && self.columns.iter().any(|column| is_nearest(&column.name))
            && !self.objectives.iter().any(|name| is_nearest(name))
    }

    /// The columns that a table like this has to have.
    pub(crate) fn expected_columns(&self) -> Vec<Column> {
        match self.kind {
            Kind::Texts => texts(&self.metadata),
            Kind::Embeddings => match self.columns.get(1).map(|column| column.kind) {
                Some(ColumnType::Vector { precision, width }) => embeddings(precision, width),
                _ => embeddings(Precision::F32, 1),
            },
            Kind::Predictions => predictions(self.classes.len()),
            Kind::Selection => selection(&self.objectives, self.has_nearest()),
            Kind::Labels => labels(),
            Kind::History => history(),
            Kind::Results => results(),
        }
    }
}

/// What a table says of its origin, as pairs of the schema's metadata.
pub(crate) fn origin_pairs(texts: Option<Digest>, origin: &Origin) -> Vec<(&'static str, String)> {
    let mut pairs = Vec::new();
    if let Some(digest) = texts {
        pairs.push((key::TEXTS, digest.to_string()));
    } else if let Some(texts) = &origin.texts {
        pairs.push((key::TEXTS, texts.digest.to_string()));
        pairs.push((key::TEXTS_FILE, texts.file.clone()));
        pairs.push((key::TEXTS_ROWS, texts.rows.to_string()));
    }
    if let Some(model) = &origin.model {
        pairs.push((key::MODEL, model.clone()));
    }
    pairs
}

/// The names of `columns`, in order.
pub(crate) fn column_names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

/// True for the kinds whose metadata names the classes.
pub(crate) fn has_classes(kind: Kind) -> bool {
    matches!(kind, Kind::Texts | Kind::Predictions | Kind::Labels)
}

/// The first name that occurs twice.
pub(crate) fn repeated(names: &[String]) -> Option<&str> {
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted
        .windows(2)
        .find(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
}

/// The columns' names as JSON. Values of texts alone can always be written so.
fn json_of(columns: &FileColumns) -> String {
    serde_json::to_string(columns).unwrap_or_default()
}

fn names_json(names: &[String]) -> String {
    serde_json::Value::from(names).to_string()
}

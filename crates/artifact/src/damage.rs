//! What can be wrong with the bytes of a table.

use arrow_format::ipc::planus;

use crate::digest::Digest;
use crate::kind::ParseKindError;

/// Why a file's bytes are not those of a whole table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The file starts like an Arrow file and ends otherwise.
    #[error("it ends after {bytes} bytes, without the footer that every Arrow file has")]
    Truncated {
        /// The file's length.
        bytes: u64,
    },
    /// The footer does not fit into the file.
    #[error("its footer of {length} bytes does not fit into its {bytes} bytes")]
    FooterLength {
        /// The footer's length as the file states it.
        length: i64,
        /// The file's length.
        bytes: u64,
    },
    /// The footer or a batch's description is not readable.
    #[error("its description of itself cannot be read")]
    Flatbuffer(#[source] planus::Error),
    /// The footer or a batch lacks something.
    #[error("{what} is missing")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// The file uses a part of Arrow that Goldpan does not.
    #[error("it has {what}, which no artifact has")]
    Unsupported {
        /// The feature.
        what: &'static str,
    },
    /// A column's type is none that Goldpan writes.
    #[error("column `{column}` has a type that no artifact has")]
    UnknownType {
        /// The column's name.
        column: String,
    },
    /// The schema's metadata names an unknown kind.
    #[error(transparent)]
    Kind(ParseKindError),
    /// A value in the schema's metadata is not as it should be.
    #[error("its metadata `{key}` cannot be read: `{value}`")]
    Metadata {
        /// The metadata's key.
        key: &'static str,
        /// The value found.
        value: String,
    },
    /// A name among the classes, objectives or columns occurs twice.
    #[error("its metadata `{key}` has the name `{name}` twice")]
    RepeatedName {
        /// The metadata's key.
        key: &'static str,
        /// The name.
        name: String,
    },
    /// A record batch does not lie where it may.
    #[error("batch {batch} lies outside the file, over another batch, or is not aligned")]
    Block {
        /// The batch's number.
        batch: usize,
    },
    /// A record batch has more or fewer buffers or nodes than its columns need.
    #[error("batch {batch} does not have the parts that its columns need")]
    Parts {
        /// The batch's number.
        batch: usize,
    },
    /// A column's length is not its batch's.
    #[error("column `{column}` of batch {batch} has {found} rows instead of {expected}")]
    ColumnRows {
        /// The batch's number.
        batch: usize,
        /// The column's name.
        column: String,
        /// The batch's rows (times the vector's width, for a vector's values).
        expected: i64,
        /// The column's rows.
        found: i64,
    },
    /// A buffer lies outside its batch, is too short for its rows or is not aligned.
    #[error(
        "a buffer of column `{column}` of batch {batch} lies outside the batch, is too short, or \
         is not aligned"
    )]
    Buffer {
        /// The batch's number.
        batch: usize,
        /// The column's name.
        column: String,
    },
    /// A column's null count is not that of its validity bits.
    #[error("column `{column}` of batch {batch} states {stated} nulls and has {found}")]
    NullCount {
        /// The batch's number.
        batch: usize,
        /// The column's name.
        column: String,
        /// Nulls as stated.
        stated: i64,
        /// Nulls as counted.
        found: i64,
    },
    /// A column that is never null has nulls.
    #[error("column `{column}` of batch {batch} has nulls, where none may be")]
    Nulls {
        /// The batch's number.
        batch: usize,
        /// The column's name.
        column: String,
    },
    /// A text's offsets descend or leave the buffer.
    #[error("the texts of column `{column}` of batch {batch} are not one after another")]
    Offsets {
        /// The batch's number.
        batch: usize,
        /// The column's name.
        column: String,
    },
    /// A text is not UTF-8.
    #[error("a text of column `{column}` of batch {batch} is not UTF-8")]
    Utf8 {
        /// The batch's number.
        batch: usize,
        /// The column's name.
        column: String,
    },
    /// Two rows have the same id.
    #[error("the id {id} occurs twice")]
    RepeatedId {
        /// The id.
        id: u64,
    },
    /// A label is not the number of a class.
    #[error("row {row} has the label {label}, and there are {classes} classes")]
    Label {
        /// The row, from 0.
        row: u64,
        /// The label.
        label: i32,
        /// How many classes there are.
        classes: usize,
    },
    /// A selection's rank is not its row's number.
    #[error("row {row} has the rank {rank}")]
    Rank {
        /// The row, from 0.
        row: u64,
        /// The rank found.
        rank: u32,
    },
    /// The bytes do not have the checksum that the footer states.
    #[error("its bytes do not have the checksum that they had when it was written")]
    Checksum {
        /// The checksum in the footer.
        stated: Digest,
        /// The checksum of the bytes.
        found: Digest,
    },
}

impl Damage {
    /// What a table lacks that Goldpan did not write itself.
    pub(crate) const NO_CHECKSUM: &str = "the checksum in its footer";
}

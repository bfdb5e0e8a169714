//! Goldpan's tables: typed Arrow files, written atomically and read by memory mapping.
//!
//! Every stage of Goldpan reads and writes one of seven kinds of table ([`Kind`]). A table is one
//! Arrow IPC *file*, uncompressed and without dictionaries, so pyarrow and polars open it too (CI
//! checks that, with `python/check_artifacts.py`). Each kind has a writer and a reader:
//!
//! | kind | writer | reader |
//! |---|---|---|
//! | texts | [`TextsWriter`] | [`Texts`] |
//! | embeddings | [`EmbeddingsWriter`] | [`Embeddings`] |
//! | predictions | [`PredictionsWriter`] | [`Predictions`] |
//! | selection | [`SelectionWriter`] | [`Selection`] |
//! | labels | [`LabelsWriter`] | [`Labels`] |
//! | history | [`HistoryWriter`] | [`History`] |
//! | results | [`ResultsWriter`] | [`Results`] |
//!
//! # Writing
//!
//! A writer takes one row at a time and keeps at most one record batch in memory (65,536 rows or
//! 4 MiB, whichever is reached first). It writes a temporary file beside the target; `finish`
//! syncs it, renames it into place and syncs the folder. A writer dropped earlier removes the
//! temporary file. The same rows, classes and producer give the same bytes.
//!
//! # Reading
//!
//! A reader maps the file and hands out slices of the mapping: vectors are never copied. `open`
//! checks everything that a later access relies on, and returns an error that names the path and
//! the remedy where something is wrong:
//!
//! - Arrow's magic at both ends, the footer's length and its flatbuffer;
//! - kind, format version, column names and types, names of classes, objectives and metadata;
//! - every record batch lies inside the file, aligned, in order and apart from the others, and
//!   every buffer inside its batch and long enough for its rows;
//! - text offsets ascend and stay in range, texts are UTF-8, null counts are right, columns that
//!   must not be null are not;
//! - ids are unique, labels are inside the classes, ranks count from 0.
//!
//! Vector values are not looked at (NaN is a value like any other), so opening costs one pass
//! over ids, labels and texts, and no heap but a few words for each batch.
//!
//! # Origin
//!
//! A table of texts carries the digest of its ids and texts ([`Texts::texts_digest`]), and every table
//! made from it carries that digest too, with the name of the texts' file and the model's
//! ([`Origin`]). Before tables are joined by id, [`check_same_texts`] compares them. In the file these
//! are `goldpan.texts`, `goldpan.texts_file`, `goldpan.texts_rows` and `goldpan.model` of the schema's
//! metadata in the footer.
//!
//! # Checksums
//!
//! The footer's own metadata carries a BLAKE3 checksum of the file. `open` compares it for files
//! of at most [`CHECKED_AT_OPEN`] bytes, and compares length (always) and digest (up to the same
//! size) with `manifest.json` where one beside the file lists it. For a larger file ask
//! [`verify_checksum`] or [`verify_file`], which read all of it.
//!
//! A file must not change while it is mapped. Goldpan never writes into a finished file: it
//! replaces it by a rename, which leaves existing mappings alone.
//!
//! # Example
//!
//! ```
//! use goldpan_artifact::{Producer, Texts, TextsWriter};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("texts.arrow");
//! let classes = ["negative".to_owned(), "positive".to_owned()];
//! let mut writer = TextsWriter::create(&path, &classes, Producer::new("example", 1))?;
//! writer.push(0, "a gripping film", Some(1), None)?;
//! writer.push(1, "not yet labelled", None, Some("my-key"))?;
//! writer.finish()?;
//!
//! let texts = Texts::open(&path)?;
//! assert_eq!(texts.text(0), "a gripping film");
//! assert_eq!((texts.label(0), texts.label(1)), (Some(1), None));
//! # Ok(())
//! # }
//! ```

pub mod atomic;
mod builder;
mod caught;
mod checksum;
mod columns;
mod damage;
mod digest;
mod digest_file;
mod embeddings;
mod error;
mod footer;
mod frame;
mod history;
#[cfg(test)]
mod hostile;
mod key;
mod kind;
mod labelled;
mod labels;
mod layout;
mod mapping;
mod origin;
mod pages;
mod predictions;
mod progress;
mod refused;
mod results;
mod reuse;
mod same_texts;
mod schema;
mod seed;
mod selection;
mod sink;
mod sound;
mod table;
mod texts;
mod validate;
mod visible;
mod writer;

pub use caught::{Caught, caught};
pub use checksum::{CHECKED_AT_OPEN, verify_checksum, verify_file};
pub use columns::FileColumns;
pub use damage::Damage;
pub use digest::{Digest, ParseDigestError};
pub use digest_file::digest_file;
pub use embeddings::{Chunk, Embeddings, EmbeddingsWriter, Values};
pub use error::Error;
pub use history::{History, HistoryRow, HistoryWriter};
pub use kind::{Kind, ParseKindError, Producer};
pub use labelled::Labelled;
pub use labels::{Labels, LabelsWriter};
pub use mapping::{Access, Mapping, bytes_are_lost, check_mapped, survive_lost_bytes};
pub use origin::{OfTexts, Origin, OtherTexts};
pub use pages::{ColumnPages, Packing, sound_pages};
pub use predictions::{Predictions, PredictionsWriter};
pub use progress::{Progress, Silent};
pub use results::{ResultRow, Results, ResultsWriter};
pub use reuse::{Reuse, RowOf};
pub use same_texts::check_same_texts;
pub use schema::{Column, ColumnType, FORMAT_VERSION, Precision};
pub use seed::rng;
pub use selection::{Nearest, Selection, SelectionWriter};
pub use sound::sound_arrow;
pub use table::{Header, Table, peek};
pub use texts::{Texts, TextsWriter};
pub use visible::visible;
pub use writer::Written;

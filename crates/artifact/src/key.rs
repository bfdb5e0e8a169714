//! Keys of the schema's metadata.

pub(crate) const KIND: &str = "goldpan.kind";
pub(crate) const VERSION: &str = "goldpan.version";
pub(crate) const PRODUCER: &str = "goldpan.producer";
pub(crate) const PRODUCER_VERSION: &str = "goldpan.producer_version";
pub(crate) const CLASSES: &str = "goldpan.classes";
pub(crate) const OBJECTIVES: &str = "goldpan.objectives";
/// Only where there is such a column.
pub(crate) const METADATA: &str = "goldpan.metadata";
/// The digest of the texts that a table is of; in the footer's schema alone, for it is known
/// when the last row is. Tables of format 1 have none.
pub(crate) const TEXTS: &str = "goldpan.texts";
/// The name of the texts' file. A table of texts has none.
pub(crate) const TEXTS_FILE: &str = "goldpan.texts_file";
/// How many texts there were. A table of texts has none.
pub(crate) const TEXTS_ROWS: &str = "goldpan.texts_rows";
/// The name of the model that made the table.
pub(crate) const MODEL: &str = "goldpan.model";
/// What the columns of the texts' file were called, in JSON; only where that is known.
pub(crate) const COLUMNS: &str = "goldpan.columns";
/// In the footer's own metadata, not the schema's.
pub(crate) const CHECKSUM: &str = "goldpan.checksum";

//! Reads texts from files of six formats into one table, and labels from files that people write.
//!
//! [`ingest`] reads TSV, CSV, JSONL, JSON, Parquet and Arrow IPC; the first four may be compressed
//! with gzip or zstd, and in any encoding. Text columns may have any name or, without a header,
//! place. Labels may be numbers or names, and may be missing. Further columns may be kept with the
//! texts as metadata.
//!
//! Nothing is lost on the way:
//!
//! - a malformed row is an error that names file, line and column, and no table is written;
//! - blank and repeated texts are kept, counted and named in the [`Summary`], so that a row's id
//!   is its number among the rows of the input, from 0;
//! - rows that a named dataset's rule leaves out are counted and named;
//! - lines without any character are no rows; they are counted.
//!
//! What stands between fields and what quotes mean is found in the file where nobody says it, and
//! said in a warning where it is not what the file's name lets expect. In CSV, quotes follow
//! RFC 4180, and a quote that would make two rows one is an error.
//!
//! A label is the name of a class, in every format. Labels that are equal as numbers are one class
//! where all labels are numbers; a number is the place of a class only where the file or the user
//! says so.
//!
//! [`read_labelled`] reads which texts of a table are labelled, and how.

mod alike;
mod broken;
mod carried;
mod cell;
mod class_names;
mod classes;
mod columnar;
mod columns;
mod config;
mod decode;
mod delimited;
mod dialect;
mod encoding;
mod error;
mod header;
mod ingest;
mod input;
mod json;
mod labelled;
mod labels;
mod missing;
mod note;
mod numeral;
mod records;
mod remarks;
mod rename;
mod row;
mod seen;
mod several;
mod sheet;
mod summary;
mod textfile;
mod tool;
mod unpack;
mod value;

pub use class_names::{ClassNames, parse_list, parse_rename, read_class_names};
pub use config::{IngestConfig, IngestOptions};
pub use error::{At, Error, Place};
pub use goldpan_sources::{Column, Delimiter, Format, InvalidText, Quoting};
pub use ingest::{VERSION, ingest};
pub use labelled::{Join, LabelOptions, ReadLabelled, read_labelled};
pub use sheet::write_sheet;
pub use summary::{ClassCount, Noted, Renamed, Repeat, Repeats, Summary};

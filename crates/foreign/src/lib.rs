//! Tables that other programs wrote, checked and read as Goldpan's own.
//!
//! pyarrow, polars, DuckDB, pandas, Spark and NumPy write vectors and predictions in many shapes.
//! [`embeddings`] and [`predictions`] open a table of Goldpan's as it is, and any other one after it
//! was checked and written anew into a temporary table. [`import_embeddings`] and
//! [`import_predictions`] keep that table.
//!
//! | what | shapes |
//! |---|---|
//! | files | Arrow file or stream, Feather version 2, Parquet, `.npy`, `.npz` |
//! | vectors | a column of lists (of fixed size or not) of f16, f32 or f64; Spark's vectors; a column for each dimension; a matrix |
//! | predictions | a list of probabilities or logits; a column for each class; a list of `label` and `score`; a matrix |
//! | ids | `id`, the number of a text; `key`, the user's own; pandas' index; else the order of the rows |
//!
//! # Checks
//!
//! Ids are whole numbers, do not repeat and, where the texts are given, are theirs. Every row has a
//! vector, all are equally long, and no value is null or not finite. Probabilities lie in [0, 1] and
//! sum to one. Whole numbers are refused as vectors: they are codes that mean nothing without a scale.
//! What could mean two things is refused, or taken as a warning says.

mod beliefs;
mod cell;
mod error;
mod ids;
mod import;
mod npy;
mod npy_header;
mod numbers;
mod predictions;
mod source;
mod vectors;

pub use error::{Error, Flaw};
pub use import::{Imported, embeddings, import_embeddings, import_predictions, predictions};

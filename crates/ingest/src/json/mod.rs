//! JSON: objects one after the other or in a list, read as a stream.

mod rows;
mod scan;
mod shape;

pub(crate) use rows::Json;

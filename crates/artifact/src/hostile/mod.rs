//! Tests that no file, however altered, makes a reader panic or read outside its buffers.

mod batches;
mod edits;
mod footers;
mod mutations;
mod samples;
mod values;

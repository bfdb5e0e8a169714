//! What each subcommand does: settings, inputs, the stage's function, one line for the user.

mod dispatch;
mod embed;
mod evaluate;
mod explain;
mod export;
mod gc;
mod import;
mod ingest;
mod models;
mod predict;
mod report;
mod run;
mod runs;
mod same_texts;
mod select;
mod show;
mod strategies;
mod train;
mod vectors;

pub use dispatch::run;

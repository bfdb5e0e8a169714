//! From a subcommand to the function that does it.

use super::{
    embed, evaluate, explain, export, gc, import, ingest, predict, report, run as pipeline, select,
    show, train,
};
use crate::app::App;
use crate::args::Command;
use crate::error::Error;

/// Does what the command line asks for.
pub fn run(command: &Command, app: &App) -> Result<(), Error> {
    match command {
        Command::Ingest(args) => ingest::run(args, app),
        Command::Import(args) => import::run(args, app),
        Command::Embed(args) => embed::run(args, app),
        Command::Train(args) => train::run(args, app),
        Command::Predict(args) => predict::run(args, app),
        Command::Select(args) => select::run(args, app),
        Command::Evaluate(args) => evaluate::run(args, app),
        Command::Export(args) => export::run(args, app),
        Command::Run(args) => pipeline::run(args, app),
        Command::Report(args) => report::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Gc(args) => gc::run(args, app),
        Command::Show(args) => show::run(args),
    }
}

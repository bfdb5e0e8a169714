//! `goldpan`, the command line: active learning for text models, one stage or a whole pipeline.

mod app;
mod args;
mod classify;
mod commands;
mod error;
mod exit;
mod interrupt;
mod logging;
mod memory;
mod output;
mod progress;
mod report;
mod wrap;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// The encoder asks for large blocks again and again; mimalloc keeps them mapped.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let app = app::App::start(cli.verbosity);
    let exit = match commands::run(&cli.command, &app) {
        Ok(()) => exit::Exit::Done,
        Err(error) => report::failure(&error, &app),
    };
    exit.into()
}

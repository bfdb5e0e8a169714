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

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};
use std::process::ExitCode;

use clap::Parser;
use goldpan_artifact::{check_mapped, survive_lost_bytes};
use mimalloc::MiMalloc;

/// The encoder asks for large blocks again and again; mimalloc keeps them mapped.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    survive_lost_bytes();
    let app = app::App::start(cli.verbosity);
    let exit = match run(&cli.command, &app) {
        Ok(()) => exit::Exit::Done,
        Err(error) => report::failure(&error, &app),
    };
    exit.into()
}

/// Runs a command. Where a mapped file became shorter meanwhile, that is the error, whatever came of it.
fn run(command: &args::Command, app: &app::App) -> Result<(), error::Error> {
    let tell = take_hook();
    set_hook(Box::new(move |panic| {
        if check_mapped().is_ok() {
            tell(panic);
        }
    }));
    let ran = catch_unwind(AssertUnwindSafe(|| commands::run(command, app)));
    check_mapped()?;
    ran.unwrap_or_else(|panic| resume_unwind(panic))
}

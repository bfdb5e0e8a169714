//! `cargo xtask fuzz READER`: damaged files for the readers of Goldpan.
//!
//! Real small files are damaged in ways that a seed and a number decide, and read. No input may make a
//! reader panic, take longer than a limit, allocate more than ten times its size and 64 MiB, or end the
//! process by a signal. Inputs are read in a process of its own, which a second one watches.

mod input;
mod limits;
mod mutate;
mod readers;
mod supervisor;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use readers::{READERS, Reader};

/// Reads damaged files, and says which of them a reader cannot stand
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo xtask fuzz")]
struct Arguments {
    /// The reader, or `all`
    #[arg(value_parser = names())]
    reader: String,
    /// How long, for each reader: such as 60s or 10m
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,
    /// How many inputs, for each reader [default: 20000, unless --for is given]
    #[arg(long, value_name = "N")]
    inputs: Option<u64>,
    /// Decides the inputs
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The number of the first input
    #[arg(long, value_name = "N", default_value_t = 0)]
    from: u64,
    /// Read this file alone, which an earlier run kept
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Where files that a reader cannot stand are kept
    #[arg(long, value_name = "DIR", default_value = "target/fuzz")]
    out: PathBuf,
    /// The worker's file for the number of its input
    #[arg(long, hide = true)]
    worker: Option<PathBuf>,
}

impl Arguments {
    /// The number after that of the last input.
    fn end(&self) -> u64 {
        match (self.inputs, self.time) {
            (Some(inputs), _) => self.from.saturating_add(inputs),
            (None, Some(_)) => u64::MAX,
            (None, None) => self.from + 20_000,
        }
    }
}

fn names() -> clap::builder::PossibleValuesParser {
    let all = READERS.iter().map(|reader| reader.name).chain(["all"]);
    all.collect::<Vec<_>>().into()
}

fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(number) => (number, 60.0),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let seconds = number.parse().map(|number: f64| number * unit);
    seconds
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("`{text}` is no time such as 60s or 10m"))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let chosen: Vec<&Reader> = READERS
        .iter()
        .filter(|reader| arguments.reader == "all" || reader.name == arguments.reader)
        .collect();
    let outcome = match (&arguments.worker, &arguments.replay) {
        (Some(progress), _) => chosen
            .iter()
            .try_for_each(|reader| worker::work(reader, &arguments, progress)),
        (None, Some(file)) => chosen
            .iter()
            .try_for_each(|reader| worker::replay(reader, file)),
        (None, None) => supervisor::supervise(&chosen, &arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

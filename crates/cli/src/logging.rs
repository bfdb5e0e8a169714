//! What is logged, and where: to stderr, above the progress bars.

use std::io::{self, IsTerminal, Write};

use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::args::Verbosity;
use crate::progress::Bars;

/// The variable with filters such as `goldpan_sources=debug`; it wins over `-v` and `-q`.
const VARIABLE: &str = "GOLDPAN_LOG";

/// Installs the subscriber of this process.
pub fn start(verbosity: Verbosity, bars: &Bars) {
    let given = EnvFilter::try_from_env(VARIABLE);
    let filter = given.unwrap_or_else(|_| EnvFilter::new(filter(verbosity)));
    let color = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(AboveBars(bars.multi()))
        .with_ansi(color)
        .with_target(verbosity.verbose > 1);
    if verbosity.verbose > 1 {
        subscriber.init();
    } else {
        subscriber.without_time().init();
    }
}

/// Stages of a pipeline are announced unless the user wants quiet.
fn filter(verbosity: Verbosity) -> &'static str {
    match (verbosity.quiet, verbosity.verbose) {
        (true, _) => "error",
        (false, 0) => "warn,goldpan_pipeline=info",
        (false, 1) => "warn,goldpan=info",
        (false, 2) => "warn,goldpan=debug",
        (false, _) => "debug,goldpan=trace",
    }
}

/// Writes each event while the bars are out of the way.
struct AboveBars(MultiProgress);

impl<'a> MakeWriter<'a> for AboveBars {
    type Writer = Event<'a>;

    fn make_writer(&'a self) -> Event<'a> {
        Event {
            bars: &self.0,
            text: Vec::new(),
        }
    }
}

struct Event<'a> {
    bars: &'a MultiProgress,
    text: Vec<u8>,
}

impl Write for Event<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let text = std::mem::take(&mut self.text);
        self.bars.suspend(|| io::stderr().write_all(&text))
    }
}

impl Drop for Event<'_> {
    fn drop(&mut self) {
        // There is nowhere left to tell that stderr is gone.
        let _ = self.flush();
    }
}

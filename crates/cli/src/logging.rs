//! What is logged, and where: to stderr, above the progress bars.

use std::fmt;
use std::io::{self, Write};

use goldpan_artifact::visible;
use indicatif::MultiProgress;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::args::Verbosity;
use crate::progress::Bars;

/// The variable with filters such as `goldpan_sources=debug`; it wins over `-v` and `-q`.
const VARIABLE: &str = "GOLDPAN_LOG";

/// Installs the subscriber of this process.
pub fn start(verbosity: Verbosity, bars: &Bars) {
    let given = EnvFilter::try_from_env(VARIABLE);
    let filter = given.unwrap_or_else(|_| EnvFilter::new(filter(verbosity)));
    // Without colors every control character is one of the data's, and is written as an escape.
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(AboveBars(bars.multi()))
        .with_ansi(false);
    match verbosity.verbose {
        0 | 1 => subscriber.event_format(Plain).init(),
        _ => subscriber.init(),
    }
}

/// An event as a line for people: no time, no place in the code.
struct Plain;

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match *event.metadata().level() {
            Level::ERROR => writer.write_str("error: ")?,
            Level::WARN => writer.write_str("warning: ")?,
            _ => {}
        }
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
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
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line {
            bars: &self.0,
            text: Vec::new(),
        }
    }
}

struct Line<'a> {
    bars: &'a MultiProgress,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let text = std::mem::take(&mut self.text);
        let text = String::from_utf8_lossy(&text);
        self.bars
            .suspend(|| io::stderr().write_all(visible(&text).as_bytes()))
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        // There is nowhere left to tell that stderr is gone.
        let _ = self.flush();
    }
}

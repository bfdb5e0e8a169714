//! What all commands share: verbosity, progress bars, and the lines for people on stderr.

use crate::args::Verbosity;
use crate::progress::{Bars, Style};
use crate::{interrupt, logging};

/// The running program.
pub struct App {
    bars: Bars,
    quiet: bool,
}

impl App {
    /// Sets up logging, progress and the handling of Ctrl-C.
    pub fn start(verbosity: Verbosity) -> Self {
        let style = match verbosity.quiet {
            true => Style::None,
            false => Style::of_stderr(),
        };
        let bars = Bars::new(style);
        logging::start(verbosity, &bars);
        interrupt::listen();
        Self {
            bars,
            quiet: verbosity.quiet,
        }
    }

    /// Where stages report how far they are.
    pub fn progress(&self) -> &Bars {
        &self.bars
    }

    /// Says in one line what a command did; not with `--quiet`.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            self.bars.print(line);
        }
    }
}

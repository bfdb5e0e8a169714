//! Progress on stderr: bars on a terminal, a plain line now and then elsewhere.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use goldpan_artifact::{Progress, bytes_are_lost, visible};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::interrupt;
use crate::output::grouped;

/// How long a piece of work may go on without a line, off a terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How often a bar moves while nothing is reported.
const TICK: Duration = Duration::from_millis(120);

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Bars that vanish when the work is done.
    Bars,
    /// A line every ten seconds.
    Lines,
    /// Not at all.
    None,
}

impl Style {
    /// What suits the place that stderr leads to.
    pub fn of_stderr() -> Self {
        match io::stderr().is_terminal() {
            true => Self::Bars,
            false => Self::Lines,
        }
    }
}

/// Shows the pieces of work under way, inner ones below outer ones, and those beside each other.
pub struct Bars {
    multi: MultiProgress,
    style: Style,
    pieces: Mutex<Vec<Piece>>,
}

/// A piece of work between `begin` and `end`.
struct Piece {
    what: String,
    unit: String,
    total: Option<u64>,
    done: u64,
    note: String,
    started: Instant,
    told: Instant,
    bar: ProgressBar,
}

impl Bars {
    /// Shows nothing yet.
    pub fn new(style: Style) -> Self {
        let target = match style {
            Style::Bars => ProgressDrawTarget::stderr(),
            Style::Lines | Style::None => ProgressDrawTarget::hidden(),
        };
        Self {
            multi: MultiProgress::with_draw_target(target),
            style,
            pieces: Mutex::default(),
        }
    }

    /// The bars as indicatif knows them, to write around.
    pub fn multi(&self) -> MultiProgress {
        self.multi.clone()
    }

    /// Prints a line to stderr, above the bars, with control characters as escapes.
    pub fn print(&self, line: &str) {
        self.print_styled(&visible(line));
    }

    /// Prints a line of which all control characters are the program's own.
    pub fn print_styled(&self, line: &str) {
        self.multi.suspend(|| eprintln!("{line}"));
    }

    fn pieces(&self) -> MutexGuard<'_, Vec<Piece>> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bar(&self, what: &str, unit: &str, total: Option<u64>) -> ProgressBar {
        if self.style != Style::Bars {
            return ProgressBar::hidden();
        }
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::new_spinner(),
        };
        if let Ok(style) = ProgressStyle::with_template(&template(unit, total.is_some())) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        let bar = self.multi.add(bar);
        bar.set_prefix(what.to_owned());
        bar.enable_steady_tick(TICK);
        bar
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        for piece in self.pieces().drain(..) {
            piece.bar.finish_and_clear();
        }
    }
}

impl Progress for Bars {
    fn begin(&self, what: &str, unit: &str, total: Option<u64>) {
        let now = Instant::now();
        self.pieces().push(Piece {
            what: visible(what).into_owned(),
            unit: visible(unit).into_owned(),
            total,
            done: 0,
            note: String::new(),
            started: now,
            told: now,
            bar: self.bar(&visible(what), &visible(unit), total),
        });
    }

    fn advance(&self, units: u64) {
        let mut pieces = self.pieces();
        let Some(piece) = pieces.last_mut() else {
            return;
        };
        piece.done += units;
        piece.bar.inc(units);
        let now = Instant::now();
        if self.style == Style::Lines && now - piece.told >= LINE_EVERY {
            piece.told = now;
            eprintln!("{}", piece.line(now - piece.started));
        }
    }

    fn note(&self, text: &str) {
        if let Some(piece) = self.pieces().last_mut() {
            piece.note = visible(text).into_owned();
            piece.bar.set_message(piece.note.clone());
        }
    }

    fn end(&self) {
        let Some(piece) = self.pieces().pop() else {
            return;
        };
        piece.bar.finish_and_clear();
        self.multi.remove(&piece.bar);
        if piece.told > piece.started {
            eprintln!("{}", piece.line(piece.started.elapsed()));
        }
    }

    fn cancelled(&self) -> bool {
        interrupt::requested() || bytes_are_lost()
    }

    fn beside(&self) -> Box<dyn Progress + '_> {
        Box::new(Self {
            multi: self.multi.clone(),
            style: self.style,
            pieces: Mutex::default(),
        })
    }
}

impl Piece {
    /// `embedding: 12,800 of 67,349 texts, 19%, 640 a second, 85 s left, loss 0.31`
    fn line(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64().max(1e-3);
        let rate = self.done as f64 / seconds;
        let mut line = format!("{}: {}", self.what, grouped(self.done));
        if let Some(total) = self.total {
            line += &format!(" of {}", grouped(total));
        }
        line += &format!(" {}", self.unit);
        if let Some(total) = self.total.filter(|total| *total > 0) {
            line += &format!(", {:.0}%", 100.0 * self.done as f64 / total as f64);
        }
        line += &format!(", {} a second", grouped(rate as u64));
        match self.total.map(|total| total.saturating_sub(self.done)) {
            Some(left) if left > 0 && rate > 0.0 => {
                line += &format!(", {:.0} s left", left as f64 / rate);
            }
            _ => {}
        }
        if !self.note.is_empty() {
            line += &format!(", {}", self.note);
        }
        line
    }
}

/// indicatif's template: what is done, the bar, how much, how fast, how long still, the note.
fn template(unit: &str, known: bool) -> String {
    let (done, total, rate) = match unit {
        "bytes" => ("{bytes}", "{total_bytes}", "{bytes_per_sec}"),
        _ => ("{human_pos}", "{human_len}", "{per_sec:0}"),
    };
    let unit = match unit {
        "bytes" => String::new(),
        unit => format!(" {}", unit.replace(['{', '}'], "")),
    };
    match known {
        true => {
            format!("{{prefix}} {{bar:30}} {done} of {total}{unit}, {rate}, {{eta}} left {{msg}}")
        }
        false => format!("{{prefix}} {{spinner}} {done}{unit}, {rate} {{msg}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(total: Option<u64>, done: u64, note: &str) -> Piece {
        let now = Instant::now();
        Piece {
            what: "embedding".to_owned(),
            unit: "texts".to_owned(),
            total,
            done,
            note: note.to_owned(),
            started: now,
            told: now,
            bar: ProgressBar::hidden(),
        }
    }

    #[test]
    fn lines_say_how_far_how_fast_and_how_long() {
        let elapsed = Duration::from_secs(20);
        assert_eq!(
            piece(Some(67_349), 12_800, "loss 0.31").line(elapsed),
            "embedding: 12,800 of 67,349 texts, 19%, 640 a second, 85 s left, loss 0.31"
        );
        assert_eq!(
            piece(None, 50, "").line(elapsed),
            "embedding: 50 texts, 2 a second"
        );
        assert_eq!(
            piece(Some(0), 0, "").line(Duration::ZERO),
            "embedding: 0 of 0 texts, 0 a second"
        );
    }

    #[test]
    fn every_template_is_one() {
        for unit in ["texts", "bytes", "{strange}"] {
            for known in [true, false] {
                ProgressStyle::with_template(&template(unit, known)).unwrap();
            }
        }
    }

    #[test]
    fn pieces_nest() {
        let bars = Bars::new(Style::Lines);
        bars.begin("training", "steps", Some(10));
        bars.advance(3);
        bars.begin("validating", "texts", None);
        bars.advance(100);
        bars.end();
        bars.advance(1);
        bars.note("loss 0.5");
        assert_eq!(bars.pieces()[0].done, 4);
        bars.end();
        bars.end();
        bars.advance(1);
        assert!(bars.pieces().is_empty());
    }

    #[test]
    fn work_at_the_same_time_does_not_nest() {
        let bars = Bars::new(Style::Lines);
        bars.begin("training", "steps", Some(10));
        {
            let beside = bars.beside();
            beside.begin("training another", "steps", Some(10));
            bars.advance(3);
            bars.begin("validating", "texts", None);
            beside.advance(2);
            beside.end();
            bars.end();
        }
        let left: Vec<u64> = bars.pieces().iter().map(|piece| piece.done).collect();
        assert_eq!(left, [3]);
    }
}

//! Errors for people: what failed, why, and where in the file.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt::Write;
use std::io::{self, IsTerminal};

use goldpan_artifact::visible;
use goldpan_pipeline::spec::Invalid;
use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::app::App;
use crate::classify::exit_of;
use crate::error::Error;
use crate::exit::Exit;

/// Tells what went wrong on stderr, and with which code to end.
pub fn failure(error: &Error, app: &App) -> Exit {
    let exit = exit_of(error);
    let text = match (exit, invalid(error)) {
        (Exit::Stopped, _) => "stopped; run the same command again to go on".to_owned(),
        (_, Some(invalid)) => {
            let plain = problems(invalid, GraphicalTheme::unicode_nocolor());
            // Colors are for what holds no control characters of its own.
            if color() && matches!(visible(&plain), Cow::Borrowed(_)) {
                let colored = problems(invalid, GraphicalTheme::unicode());
                app.progress().print_styled(&colored);
                return exit;
            }
            plain
        }
        (_, None) => chain(error),
    };
    app.progress().print(&text);
    exit
}

fn color() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// The message and those of its causes, a line each.
fn chain(error: &dyn StdError) -> String {
    let mut text = format!("error: {error}");
    let mut last = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        // Some errors repeat what they wrap.
        if !last.contains(&message) {
            text += &format!("\n  because: {}", message.replace('\n', "\n    "));
        }
        last = message;
        cause = error.source();
    }
    text
}

fn invalid(error: &Error) -> Option<&Invalid> {
    match error {
        Error::Strategy(invalid) => Some(invalid),
        Error::Pipeline(
            goldpan_pipeline::Error::Spec(invalid) | goldpan_pipeline::Error::Unfit(invalid),
        ) => Some(invalid),
        _ => None,
    }
}

/// Each problem of a file with the lines concerned.
fn problems(invalid: &Invalid, theme: GraphicalTheme) -> String {
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
    let mut text = String::new();
    for problem in invalid.told() {
        let mut report = String::new();
        match handler.render_report(&mut report, problem) {
            // The handler's own mark says no more than the word.
            Ok(()) => text += &format!("error: {}", report.trim_start_matches([' ', '×', '\n'])),
            Err(_) => {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "error: {problem}");
            }
        }
    }
    text.truncate(text.trim_end().len());
    if invalid.more() > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, "\nand {} more like these", invalid.more());
    }
    text
}

//! Ctrl-C and the signals that ask a program to end: the first stops gently, the second at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Exit;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Starts to listen for SIGINT, SIGTERM and SIGHUP.
pub fn listen() {
    let handler = || {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Stopped.code().into());
        }
        eprintln!("stopping; Ctrl-C again stops at once");
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        tracing::warn!(%error, "Ctrl-C will end the program at once");
    }
}

/// True once the user wants to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

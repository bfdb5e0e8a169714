//! Progress of one piece of work among many.

use std::sync::atomic::{AtomicBool, Ordering};

use goldpan_artifact::Progress;

/// Puts the work's name before what it reports, and stops it where other work of the run failed.
pub(crate) struct Watched<'a> {
    pub inner: Box<dyn Progress + 'a>,
    pub name: String,
    pub failed: &'a AtomicBool,
}

impl Progress for Watched<'_> {
    fn begin(&self, what: &str, unit: &str, total: Option<u64>) {
        self.inner
            .begin(&format!("{}: {what}", self.name), unit, total);
    }

    fn advance(&self, units: u64) {
        self.inner.advance(units);
    }

    fn note(&self, text: &str) {
        self.inner.note(text);
    }

    fn end(&self) {
        self.inner.end();
    }

    fn cancelled(&self) -> bool {
        self.failed.load(Ordering::Relaxed) || self.inner.cancelled()
    }

    fn beside(&self) -> Box<dyn Progress + '_> {
        Box::new(Watched {
            inner: self.inner.beside(),
            name: self.name.clone(),
            failed: self.failed,
        })
    }
}

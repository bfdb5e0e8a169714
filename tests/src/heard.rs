//! The warnings of a piece of work.

use std::cell::RefCell;
use std::fmt;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// A warning, or an error, that was logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Warning {
    /// What it says.
    pub message: String,
    /// Its further fields.
    pub fields: Vec<(String, String)>,
}

/// Runs `work` on this thread and returns what it gives, with the warnings that it logged here.
///
/// One subscriber serves all threads: those of single threads are forgotten by the places that
/// warn when another thread's comes or goes at the same time.
pub fn warned<T>(work: impl FnOnce() -> T) -> (T, Vec<Warning>) {
    static HEARD: Once = Once::new();
    HEARD.call_once(|| tracing::subscriber::set_global_default(Heard).unwrap());
    TOLD.take();
    let result = work();
    (result, TOLD.take())
}

thread_local! {
    static TOLD: RefCell<Vec<Warning>> = const { RefCell::new(Vec::new()) };
}

/// Keeps warnings, each thread's apart.
struct Heard;

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut warning = Warning::default();
        event.record(&mut warning);
        TOLD.with_borrow_mut(|told| told.push(warning));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for Warning {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = format!("{value:?}");
        match field.name() {
            "message" => self.message = value,
            name => self.fields.push((name.to_owned(), value)),
        }
    }
}

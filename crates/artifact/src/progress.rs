//! How a stage reports its progress and learns that it should stop.

/// Where a stage reports how far it is, and learns that the user wants to stop.
///
/// Work is reported one piece at a time: `begin`, any number of `advance` and `note`, `end`.
pub trait Progress: Sync {
    /// Starts a piece of work: `what` is being done (`"embedding"`), counted in `unit`
    /// (`"texts"`), `total` of them where that is known.
    fn begin(&self, what: &str, unit: &str, total: Option<u64>);

    /// Reports that `units` more are done.
    fn advance(&self, units: u64);

    /// Shows a short text beside the count, such as `"loss 0.31"`.
    fn note(&self, text: &str);

    /// Ends the piece of work that the last `begin` started.
    fn end(&self);

    /// True once the user wants to stop: the stage returns soon, with its error for that.
    fn cancelled(&self) -> bool;

    /// Progress for work that goes on at the same time, whose pieces are no inner ones of this. What
    /// needs no telling apart returns itself, `Box::new(self)`.
    fn beside(&self) -> Box<dyn Progress + '_>;
}

impl<P: Progress + ?Sized> Progress for &P {
    fn begin(&self, what: &str, unit: &str, total: Option<u64>) {
        (**self).begin(what, unit, total);
    }

    fn advance(&self, units: u64) {
        (**self).advance(units);
    }

    fn note(&self, text: &str) {
        (**self).note(text);
    }

    fn end(&self) {
        (**self).end();
    }

    fn cancelled(&self) -> bool {
        (**self).cancelled()
    }

    fn beside(&self) -> Box<dyn Progress + '_> {
        (**self).beside()
    }
}

/// Reports nothing and is never cancelled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &str, _unit: &str, _total: Option<u64>) {}

    fn advance(&self, _units: u64) {}

    fn note(&self, _text: &str) {}

    fn end(&self) {}

    fn cancelled(&self) -> bool {
        false
    }

    fn beside(&self) -> Box<dyn Progress + '_> {
        Box::new(self)
    }
}
